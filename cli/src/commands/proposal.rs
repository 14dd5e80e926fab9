//! Proposals of the council: made, read, voted on, executed.

use std::path::PathBuf;
use std::time::Duration;

use ballast_primitives::Hash;
use ballast_proto::v1;
use ballast_runtime::council_op::ops_digest;
use ballast_runtime::object::{Proposal, ProposalStatus};
use ballast_runtime::ops::execute::Execute;
use ballast_runtime::ops::vote::{Choice, Vote};
use ballast_runtime::{CouncilOp, Op};
use clap::{Args, Subcommand};
use serde_json::{Value, json};

use crate::commands::council::{self, CouncilArgs, Needs, operations_text, propose};
use crate::commands::pages;
use crate::context::{Context, Signer};
use crate::exit::{Exit, Failure};
use crate::message;
use crate::offline::{malformed, read_value};
use crate::output::{fields, table};
use crate::send::{self, Request, SendArgs, now_ms, send, sign};
use crate::view::{self, moment, span};

#[derive(Subcommand, Debug)]
#[command(after_help = "\
Examples:
  ballast proposal create ops.json --from alice
  ballast proposal show 3
  ballast proposal approve 3 --from bob --wait
  ballast proposal execute 3 --from alice --wait
  ballast proposal list --open

ops.json holds 1 to 8 operations, by their names and fields; `ballast proposal names` lists them:
  [ { \"name\": \"GrantRole\", \"role\": \"MINTER\", \"holder\": \"dbal1…\", \"valid_until\": \"+90d\" },
    { \"name\": \"SetMinterLimits\", \"minter\": \"dbal1…\", \"per_tx\": \"1000000\", \"window_cap\": \"5000000\" } ]")]
pub enum Command {
    /// Propose several operations from a file (JSON or TOML)
    Create(CreateArgs),
    /// Say yes, after reading the operations
    Approve(VoteArgs),
    /// Say no
    Reject(VoteArgs),
    /// Take back a yes or a no
    Withdraw(VoteArgs),
    /// Carry out an approved proposal
    Execute(ExecuteArgs),
    /// A proposal with its operations, votes and times
    Show {
        #[arg(value_name = "N")]
        number: u64,
    },
    /// Proposals, newest first
    List(ListArgs),
    /// The names of all operations of the council
    Names,
}

#[derive(Args, Debug)]
pub struct CreateArgs {
    /// A list of operations, or an object with the list under "ops"
    file: PathBuf,
    #[command(flatten)]
    council: CouncilArgs,
}

#[derive(Args, Debug)]
pub struct VoteArgs {
    #[arg(value_name = "N")]
    number: u64,
    #[command(flatten)]
    send: SendArgs,
}

#[derive(Args, Debug)]
pub struct ExecuteArgs {
    #[arg(value_name = "N")]
    number: u64,
    #[command(flatten)]
    send: SendArgs,
}

#[derive(Args, Debug)]
pub struct ListArgs {
    /// Only those that are open or approved
    #[arg(long)]
    open: bool,
    /// At most this many, the newest
    #[arg(long, value_name = "N", default_value_t = 50)]
    limit: usize,
}

pub async fn run(ctx: &Context, command: Command) -> Result<(), Failure> {
    match command {
        Command::Create(args) => create(ctx, args).await,
        Command::Approve(args) => vote(ctx, args, Choice::Yes).await,
        Command::Reject(args) => vote(ctx, args, Choice::No).await,
        Command::Withdraw(args) => vote(ctx, args, Choice::Withdraw).await,
        Command::Execute(args) => execute(ctx, args).await,
        Command::Show { number } => show(ctx, number).await,
        Command::List(args) => list(ctx, args).await,
        Command::Names => {
            let names = message::choices("CouncilOperation");
            ctx.out.answer(json!({ "names": names }), &names.join("\n"));
            Ok(())
        }
    }
}

async fn create(ctx: &Context, args: CreateArgs) -> Result<(), Failure> {
    let mut value = read_value(&args.file)?;
    let list = value.get_mut("ops").map(Value::take).unwrap_or(value);
    let Value::Array(items) = list else {
        return Err(malformed(&args.file, "it holds no list of operations"));
    };
    let wire = ctx.client().await?.wire().await?;
    let mut ops: Vec<CouncilOp> = Vec::new();
    for mut item in items {
        resolve(ctx, &mut item).await?;
        let shown: v1::CouncilOperation = message::read("CouncilOperation", &item)
            .map_err(|problem| malformed(&args.file, &problem))?;
        let op = wire.read_council_op(&shown);
        ops.push(op.map_err(|problem| malformed(&args.file, &problem.to_string()))?);
    }
    council::act(ctx, ops, &args.council).await
}

/// Addresses by their names on a dev network.
async fn resolve(ctx: &Context, value: &mut Value) -> Result<(), Failure> {
    match value {
        Value::String(text) if text.starts_with("dev:") => {
            *text = ctx.shown(&ctx.address(text).await?).await?;
        }
        Value::Array(items) => {
            for item in items {
                Box::pin(resolve(ctx, item)).await?;
            }
        }
        Value::Object(fields) => {
            for (_, field) in fields.iter_mut() {
                Box::pin(resolve(ctx, field)).await?;
            }
        }
        _ => {}
    }
    Ok(())
}

/// A proposal as the chain has it, its operations read.
struct Known {
    record: v1::ProposalRecord,
    proposal: Proposal,
    members: Vec<String>,
}

async fn fetch(ctx: &Context, number: u64) -> Result<Known, Failure> {
    let client = ctx.client().await?;
    let answer = client.get_proposal(v1::GetProposalRequest { number }).await.map_err(|error| {
        let failure = Failure::from(error);
        match failure.exit {
            Exit::NotFound => {
                Failure { message: format!("there is no proposal {number}"), ..failure }
                    .next("ballast proposal list")
            }
            _ => failure,
        }
    })?;
    let bad = |error| Failure::new(Exit::Internal, "BAD_ANSWER", error);
    let record = answer.proposal.unwrap_or_default();
    let wire = client.wire().await?;
    let proposal: Proposal = wire.read("proposal", &record.proposal).map_err(bad)?;
    let council = client.get_council(v1::GetCouncilRequest {}).await?.council.unwrap_or_default();
    let members = council.members.into_iter().map(|member| member.account).collect();
    Ok(Known { record, proposal, members })
}

impl Known {
    fn status(&self) -> String {
        message::name_of("ProposalStatus", self.record.status_now)
    }

    fn is_open(&self) -> bool {
        matches!(self.status().as_str(), "OPEN" | "APPROVED")
    }

    fn ops(&self) -> Vec<Value> {
        let shown = self.record.proposal.as_ref();
        shown.map(|p| p.ops.iter().map(view::council_op).collect()).unwrap_or_default()
    }

    /// The digest of the operations as they were shown: what is voted for is what was read.
    fn digest(&self) -> Result<Hash, Failure> {
        let digest = ops_digest(&self.proposal.ops);
        if digest != self.proposal.digest {
            let message = "the digest is not that of the operations that this validator shows";
            return Err(Failure::safety("DIGEST_MISMATCH", message).next("ask another validator"));
        }
        Ok(digest)
    }

    fn votes(&self) -> (&[String], &[String]) {
        let shown = self.record.proposal.as_ref();
        shown.map_or((&[], &[]), |proposal| (&proposal.yes, &proposal.no))
    }

    fn rows(&self) -> Vec<(&'static str, String)> {
        let (yes, no) = self.votes();
        let shown = self.record.proposal.clone().unwrap_or_default();
        let mut rows = vec![
            ("proposal", format!("{}, class {}", self.record.number, self.proposal.class.name())),
            ("status", self.status()),
            ("proposed by", shown.proposer.clone()),
            ("proposed at", moment(shown.created_ms)),
            ("digest", shown.digest.clone()),
            ("yes", format!("{} of {} needed", yes.len(), self.record.threshold)),
        ];
        rows.extend(yes.iter().map(|member| ("", member.clone())));
        if !no.is_empty() {
            rows.push(("no", no.join(", ")));
        }
        match shown.eta_ms {
            Some(eta) => rows.push(("executable from", moment(eta))),
            None if self.is_open() => rows.push((
                "executable",
                match self.record.delay_ms {
                    0 => "at once when approved".to_owned(),
                    ms => format!("{} after approval", span(ms)),
                },
            )),
            None => {}
        }
        if self.is_open() {
            rows.push(("expires", moment(self.record.expires_ms)));
        }
        rows
    }

    /// What is to be done next, as commands.
    fn next(&self, names: &[(String, String)]) -> Vec<String> {
        let number = self.record.number;
        let name = |account: &String| {
            let known = names.iter().find(|(_, address)| address == account);
            known.map_or_else(|| "MEMBER".to_owned(), |(name, _)| name.clone())
        };
        match self.status().as_str() {
            "OPEN" => {
                let (yes, no) = self.votes();
                let has_voted = |member: &&String| yes.contains(member) || no.contains(member);
                let mut left: Vec<_> =
                    self.members.iter().filter(|member| !has_voted(member)).map(&name).collect();
                left.sort_unstable();
                let needed = usize::try_from(self.record.threshold).unwrap_or(usize::MAX);
                let mut next: Vec<_> = left
                    .iter()
                    .take(needed.saturating_sub(yes.len()))
                    .map(|name| format!("ballast proposal approve {number} --from {name} --wait"))
                    .collect();
                // Names that are not known are all the same line.
                next.dedup();
                next.push(format!("ballast proposal execute {number} --wait"));
                next
            }
            "APPROVED" => vec![format!("ballast proposal execute {number} --wait")],
            _ => Vec::new(),
        }
    }
}

/// Where a proposal stands, and what is next.
pub struct Standing {
    pub text: String,
    pub next: Vec<String>,
    pub status: String,
    pub eta_ms: Option<u64>,
}

pub async fn standing(ctx: &Context, number: u64) -> Result<Standing, Failure> {
    let known = fetch(ctx, number).await?;
    Ok(known.standing(&ctx.member_names().await))
}

impl Known {
    fn standing(&self, names: &[(String, String)]) -> Standing {
        let next = self.next(names);
        let mut text = format!("{}\n\n{}", fields(&self.rows()), operations_text(&self.ops()));
        if !next.is_empty() {
            text = format!("{text}\n\nnext:\n  {}", next.join("\n  "));
        }
        Standing { text, next, status: self.status(), eta_ms: self.proposal.eta }
    }
}

async fn show(ctx: &Context, number: u64) -> Result<(), Failure> {
    let known = fetch(ctx, number).await?;
    let standing = known.standing(&ctx.member_names().await);
    let data = message::json("ProposalRecord", &known.record);
    ctx.out.answer(view::with(data, [("next", json!(standing.next))]), &standing.text);
    Ok(())
}

async fn list(ctx: &Context, args: ListArgs) -> Result<(), Failure> {
    let wire = ctx.client().await?.wire().await?;
    let open = [ProposalStatus::Open, ProposalStatus::Approved];
    let statuses = if args.open { wire.show(&open.to_vec()) } else { Vec::new() };
    let request = v1::ListProposalsRequest { statuses, page_size: 100, ..Default::default() };
    let records = pages!(ctx, list_proposals, request, proposals, args.limit);
    let data = json!({
        "proposals": records.iter().map(|r| message::json("ProposalRecord", r)).collect::<Vec<_>>(),
    });
    let row = |record: &v1::ProposalRecord| {
        let proposal = record.proposal.clone().unwrap_or_default();
        let name = |op: &v1::CouncilOperation| {
            let shown = view::council_op(op);
            shown.get("name").and_then(Value::as_str).unwrap_or("?").to_owned()
        };
        vec![
            record.number.to_string(),
            message::name_of("CouncilClass", proposal.class),
            message::name_of("ProposalStatus", record.status_now),
            format!("{}/{}", proposal.yes.len(), record.threshold),
            proposal.eta_ms.map(moment).unwrap_or_default(),
            proposal.ops.iter().map(name).collect::<Vec<_>>().join(", "),
        ]
    };
    let rows: Vec<_> = records.iter().map(row).collect();
    let text = match rows.is_empty() {
        true => "there are no proposals".to_owned(),
        false => {
            table(&["number", "class", "status", "yes", "executable from", "operations"], &rows)
        }
    };
    ctx.out.answer(data, &text);
    Ok(())
}

async fn vote(ctx: &Context, args: VoteArgs, choice: Choice) -> Result<(), Failure> {
    let known = fetch(ctx, args.number).await?;
    ctx.out.notice(&fields(&known.rows()));
    ctx.out.notice(&operations_text(&known.ops()));
    if !known.is_open() {
        let message = format!("proposal {} is {}", args.number, known.status().to_lowercase());
        return Err(Failure::new(Exit::Refused, "PROPOSAL_CLOSED", message));
    }
    let digest = known.digest()?;
    let (what, word) = match choice {
        Choice::Yes => ("Approve this", "YES"),
        Choice::No => ("Reject this", "NO"),
        Choice::Withdraw => ("Take back the vote on this", "WITHDRAW"),
    };
    ctx.insist(what)?;
    let op = Op::Vote(Vote { proposal: args.number, digest, choice });
    let request = Request::new(op, format!("Vote {word} on proposal {}", args.number));
    send(ctx, request, &args.send).await
}

async fn execute(ctx: &Context, args: ExecuteArgs) -> Result<(), Failure> {
    let known = fetch(ctx, args.number).await?;
    ctx.out.progress(&operations_text(&known.ops()));
    let op = Op::Execute(Execute { proposal: args.number });
    let request = Request::new(op, format!("Execute proposal {}", args.number));
    send(ctx, request, &args.send).await
}

/// Proposes, approves and, when the delay is over within the time to wait, executes: with the keys
/// at hand.
pub async fn pass(
    ctx: &Context,
    ops: Vec<CouncilOp>,
    needs: &Needs,
    signers: &[Signer],
    args: &SendArgs,
) -> Result<(), Failure> {
    let [first, others @ ..] = signers else {
        return Err(Failure::usage("--sign-with names no key"));
    };
    let Some(proposed) = propose(ctx, first, ops, needs, args).await? else { return Ok(()) };
    let number = proposed.number;
    for signer in others {
        let known = fetch(ctx, number).await?;
        if known.proposal.status != ProposalStatus::Open {
            break;
        }
        let (digest, choice) = (known.digest()?, Choice::Yes);
        let op = Op::Vote(Vote { proposal: number, digest, choice });
        ctx.out.progress(&format!("approving proposal {number} as {}", signer.name));
        let tx = sign(ctx, signer, vec![op], None, args).await?;
        send::land(ctx, &tx, args, json!({ "proposal": number })).await?;
    }
    let known = fetch(ctx, number).await?;
    let eta = known.proposal.eta.filter(|_| known.proposal.status == ProposalStatus::Approved);
    let patience = Duration::from_secs(args.timeout);
    let wait = eta.map(|eta| Duration::from_millis(eta.saturating_sub(now_ms())));
    match wait.filter(|wait| *wait <= patience) {
        Some(wait) => {
            if !wait.is_zero() {
                ctx.out.progress(&format!("approved; executable in {} s", wait.as_secs()));
            }
            execute_when_due(ctx, number, first, args).await
        }
        None => {
            let standing = known.standing(&ctx.member_names().await);
            let data = json!({
                "proposal": number, "class": needs.class, "digest": needs.digest,
                "status": standing.status, "eta_ms": eta, "next": standing.next,
            });
            ctx.out.answer(data, &standing.text);
            Ok(())
        }
    }
}

/// Waits, by the chain's own time, until a proposal may be executed, and does so.
async fn execute_when_due(
    ctx: &Context,
    number: u64,
    signer: &Signer,
    args: &SendArgs,
) -> Result<(), Failure> {
    const AGAIN: Duration = Duration::from_millis(200);
    let patience = Duration::from_secs(args.timeout).saturating_add(Duration::from_secs(5));
    let due = async {
        loop {
            let client = ctx.client().await?;
            let answer = client.get_proposal(v1::GetProposalRequest { number }).await?;
            let proposal = answer.proposal.and_then(|record| record.proposal).unwrap_or_default();
            if proposal.eta_ms.is_some_and(|eta| answer.block_time_ms >= eta) {
                return Ok::<_, Failure>(());
            }
            tokio::time::sleep(AGAIN).await;
        }
    };
    // Time that is not reached in time is for the chain to say: the execution fails as TIMELOCKED.
    if let Ok(reached) = tokio::time::timeout(patience, due).await {
        reached?;
    }
    let op = Op::Execute(Execute { proposal: number });
    let tx = sign(ctx, signer, vec![op], None, args).await?;
    let data = json!({ "proposal": number });
    send::submit(ctx, &tx, data, args).await
}
