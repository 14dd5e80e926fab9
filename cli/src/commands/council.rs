//! The council: who it is, and how it decides. Every command that only the council may carry out
//! ends in [`act`].

use std::path::{Path, PathBuf};

use ballast_client::statements::Statement;
use ballast_primitives::PublicKey;
use ballast_proto::v1;
use ballast_proto::v1::event::Kind as EventKind;
use ballast_runtime::limits::DELAY_MS_MAX;
use ballast_runtime::object::{Class, Council, Member};
use ballast_runtime::op::Signer as By;
use ballast_runtime::ops::council_exec::CouncilExec;
use ballast_runtime::ops::council_set::CouncilSet;
use ballast_runtime::ops::propose::Propose;
use ballast_runtime::ops::set_delay::SetDelay;
use ballast_runtime::{CouncilOp, Op};
use clap::{Args, Subcommand};
use serde_json::{Value, json};

use crate::cli::{duration_ms, public_key};
use crate::commands::proposal;
use crate::context::{Context, Signer};
use crate::exit::{Exit, Failure};
use crate::message;
use crate::offline::Draft;
use crate::output::{fields, table};
use crate::send::{self, SendArgs, sign};
use crate::view::{self, span};

const CLASSES: [&str; 4] = ["A", "B", "C", "D"];

/// How operations of the council are brought about.
#[derive(Args, Debug)]
pub struct CouncilArgs {
    /// Members' keys at hand, by comma: classes A and B are carried out at once, the others
    /// proposed, approved and, once their delay is over, executed
    #[arg(long, value_name = "KEY", value_delimiter = ',')]
    pub sign_with: Vec<String>,
    /// Write the operations to a file for members to sign (`council sign`), instead of proposing
    #[arg(long, value_name = "FILE", conflicts_with = "sign_with")]
    pub draft: Option<PathBuf>,
    #[command(flatten)]
    pub send: SendArgs,
}

#[derive(Subcommand, Debug)]
#[command(after_help = "\
Examples:
  ballast council show
  ballast control pause transfer --for 2h --draft pause.json     # no public gap
  ballast council sign pause.json --with alice                   # each member, offline
  ballast council exec pause.json bobs-copy.json --from alice --wait
  ballast council delay c --to 24h
  ballast council set --member ADDR=KEY --member ADDR=KEY --thresholds 1,2,2,2")]
pub enum Command {
    /// Members, thresholds, delays
    Show,
    /// Replace members and thresholds (class D)
    Set(SetArgs),
    /// Change a class's delay between approval and execution (class D)
    Delay(DelayArgs),
    /// Sign a file of operations, offline
    Sign(SignArgs),
    /// Carry out a signed file at once (classes A and B)
    Exec(ExecArgs),
}

#[derive(Args, Debug)]
pub struct SetArgs {
    /// A member's account and the key that signs for it off the chain; repeat for each
    #[arg(long = "member", value_name = "ADDR=KEY", required = true)]
    members: Vec<String>,
    /// How many must say yes, for classes A, B, C, D
    #[arg(long, value_name = "A,B,C,D", value_delimiter = ',', required = true)]
    thresholds: Vec<u8>,
    #[command(flatten)]
    council: CouncilArgs,
}

#[derive(Args, Debug)]
pub struct DelayArgs {
    /// a, b, c or d
    #[arg(value_parser = parse_class)]
    class: Class,
    /// The new delay, e.g. 24h, at most 30d
    #[arg(long = "to", value_name = "DURATION", value_parser = duration_ms)]
    delay_ms: u64,
    #[command(flatten)]
    council: CouncilArgs,
}

#[derive(Args, Debug)]
pub struct SignArgs {
    /// The file, from `--draft`
    file: PathBuf,
    /// Members' keys, by comma
    #[arg(long = "with", value_name = "KEY", value_delimiter = ',', required = true)]
    with: Vec<String>,
    /// Write the signed copy there [default: into the file itself]
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

#[derive(Args, Debug)]
pub struct ExecArgs {
    /// The file and signed copies of it
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    #[command(flatten)]
    send: SendArgs,
}

fn parse_class(text: &str) -> Result<Class, String> {
    let found = Class::ALL.into_iter().find(|class| class.name().eq_ignore_ascii_case(text));
    found.ok_or_else(|| "classes are a, b, c, d".to_owned())
}

pub async fn run(ctx: &Context, command: Command) -> Result<(), Failure> {
    match command {
        Command::Show => show(ctx).await,
        Command::Set(args) => set(ctx, args).await,
        Command::Delay(args) => delay(ctx, args).await,
        Command::Sign(args) => sign_file(ctx, args).await,
        Command::Exec(args) => exec_files(ctx, args).await,
    }
}

async fn show(ctx: &Context) -> Result<(), Failure> {
    let answer = ctx.client().await?.get_council(v1::GetCouncilRequest {}).await?;
    let council = answer.council.clone().unwrap_or_default();
    let members: Vec<_> =
        council.members.iter().map(|m| vec![m.account.clone(), m.public_key.clone()]).collect();
    let class = |(n, class): (usize, &&str)| {
        let delay = answer.delays_now_ms.get(n).copied().unwrap_or(0);
        let set = council.delays.get(n).and_then(|delay| delay.shorter.as_ref());
        let later = set.map(|s| format!("{} from {}", span(s.delay_ms), view::moment(s.from_ms)));
        let threshold = council.thresholds.get(n).copied().unwrap_or(0);
        let of = format!("{threshold} of {}", council.members.len());
        vec![(*class).to_owned(), of, span(delay), later.unwrap_or_default()]
    };
    let classes: Vec<_> = CLASSES.iter().enumerate().map(class).collect();
    let open: Vec<_> = council.open.iter().map(u64::to_string).collect();
    let text = format!(
        "{}\n\n{}\n\n{}",
        table(&["member", "key for signing off the chain"], &members),
        table(&["class", "yes needed", "delay", "shorter later"], &classes),
        fields(&[
            ("epoch", council.epoch.to_string()),
            ("next number to sign", council.exec_nonce.to_string()),
            ("a proposal stays open", span(council.ttl_ms)),
            ("and executable", span(council.grace_ms)),
            ("open proposals", if open.is_empty() { "none".to_owned() } else { open.join(", ") }),
            ("as of height", answer.height.to_string()),
        ])
    );
    ctx.out.answer(message::json("GetCouncilResponse", &answer), &text);
    Ok(())
}

async fn set(ctx: &Context, args: SetArgs) -> Result<(), Failure> {
    let mut members = Vec::new();
    for text in &args.members {
        let malformed = || Failure::usage(format!("\"{text}\" is not ADDR=KEY"));
        let (account, key) = text.split_once('=').ok_or_else(malformed)?;
        let key = public_key(key).map_err(Failure::usage)?;
        members.push(Member { account: ctx.address(account).await?, key });
    }
    members.sort_unstable_by_key(|member| member.account);
    let thresholds = args.thresholds.try_into().map_err(|_| Failure::usage("four thresholds"))?;
    let op = CouncilOp::CouncilSet(CouncilSet { members, thresholds });
    act(ctx, vec![op], &args.council).await
}

async fn delay(ctx: &Context, args: DelayArgs) -> Result<(), Failure> {
    if args.delay_ms > DELAY_MS_MAX {
        return Err(Failure::usage("a delay is at most 30 days"));
    }
    let op = CouncilOp::SetDelay(SetDelay { class: args.class, delay_ms: args.delay_ms });
    act(ctx, vec![op], &args.council).await
}

/// What operations need of the council now.
pub struct Needs {
    pub class: String,
    pub threshold: u32,
    pub delay_ms: u64,
    immediate: bool,
    epoch: u64,
    exec_nonce: u64,
    pub digest: String,
}

async fn classify(ctx: &Context, ops: &[CouncilOp]) -> Result<Needs, Failure> {
    let client = ctx.client().await?;
    let wire = client.wire().await?;
    let ops = ops.iter().map(|op| wire.council_op(op)).collect();
    let answer = client.classify_operations(v1::ClassifyOperationsRequest { ops }).await?;
    Ok(Needs {
        class: message::name_of("CouncilClass", answer.class),
        threshold: answer.threshold,
        delay_ms: answer.delay_ms,
        immediate: answer.immediate,
        epoch: answer.epoch,
        exec_nonce: answer.exec_nonce,
        digest: answer.digest,
    })
}

/// Brings operations of the council about: proposes them, or carries them out with the keys at
/// hand, or writes them down for members to sign.
pub async fn act(ctx: &Context, ops: Vec<CouncilOp>, args: &CouncilArgs) -> Result<(), Failure> {
    let needs = classify(ctx, &ops).await?;
    ctx.out.progress(&decoded(ctx, &ops, &needs).await?);
    match (&args.draft, args.sign_with.is_empty()) {
        (Some(path), _) => draft(ctx, ops, &needs, path).await,
        (None, true) => {
            let signer = ctx.signer(By::Member).await?;
            ctx.confirm(&format!("Propose this as {}", signer.name)).await?;
            let number = propose(ctx, &signer, ops, &needs, &args.send).await?;
            match number {
                Some(proposed) => proposed.answer(ctx).await,
                None => Ok(()),
            }
        }
        (None, false) => {
            let signers = signers(ctx, &args.sign_with).await?;
            ctx.confirm("Carry this out").await?;
            match needs.immediate {
                true => exec_now(ctx, ops, &needs, &signers, &args.send).await,
                false => proposal::pass(ctx, ops, &needs, &signers, &args.send).await,
            }
        }
    }
}

async fn signers(ctx: &Context, names: &[String]) -> Result<Vec<Signer>, Failure> {
    let chain = ctx.chain().await?;
    let mut signers = Vec::new();
    for name in names {
        signers.push(ctx.signer_named(name, &chain).await?);
    }
    Ok(signers)
}

/// The operations as whoever decides must read them.
async fn decoded(ctx: &Context, ops: &[CouncilOp], needs: &Needs) -> Result<String, Failure> {
    let wire = ctx.client().await?.wire().await?;
    let shown: Vec<_> = ops.iter().map(|op| view::council_op(&wire.council_op(op))).collect();
    let after = match needs.delay_ms {
        0 => "at once when approved".to_owned(),
        ms => format!("{} after approval", span(ms)),
    };
    Ok(format!(
        "{}\n{}",
        operations_text(&shown),
        fields(&[
            ("class", format!("{}: {} must say yes, {after}", needs.class, needs.threshold)),
            ("digest", needs.digest.clone()),
        ])
    ))
}

/// Operations, each below its number and name.
pub fn operations_text(ops: &[Value]) -> String {
    let one = |(n, op): (usize, &Value)| {
        let name = op.get("name").and_then(Value::as_str).unwrap_or("?");
        let rows: Vec<_> =
            view::rows(op).into_iter().map(|(label, text)| (format!("   {label}"), text)).collect();
        format!("{}. {name}\n{}", n.saturating_add(1), fields(&rows))
    };
    ops.iter().enumerate().map(one).collect::<Vec<_>>().join("\n")
}

async fn draft(
    ctx: &Context,
    ops: Vec<CouncilOp>,
    needs: &Needs,
    path: &Path,
) -> Result<(), Failure> {
    if !needs.immediate {
        return Err(class_too_high(needs));
    }
    let (epoch, exec_nonce) = (needs.epoch, needs.exec_nonce);
    let draft = Draft::new(ctx.chain().await?, Statement::Council { epoch, exec_nonce, ops });
    draft.write_new(path)?;
    let file = path.display().to_string();
    let next = [
        format!("ballast council sign {file} --with MEMBER"),
        format!("ballast council exec {file} --from MEMBER --wait"),
    ];
    let text = format!(
        "written, not signed: {file}\n{} members sign it, on any machine:\n  {}\none of them carries \
         it out:\n  {}",
        needs.threshold, next[0], next[1]
    );
    let data = json!({
        "file": file, "class": needs.class, "threshold": needs.threshold, "digest": needs.digest,
        "epoch": epoch, "exec_nonce": exec_nonce, "next": next,
    });
    ctx.out.answer(data, &text);
    Ok(())
}

fn class_too_high(needs: &Needs) -> Failure {
    let message = format!("operations of class {} need a proposal", needs.class);
    Failure::new(Exit::Refused, "CLASS_TOO_HIGH", message)
        .next("run the command without --draft: it proposes them")
}

/// A proposal that is on chain.
pub struct Proposed {
    pub number: u64,
    data: Value,
}

/// Proposes operations; none when the transaction was written to a file instead.
pub async fn propose(
    ctx: &Context,
    signer: &Signer,
    ops: Vec<CouncilOp>,
    needs: &Needs,
    args: &SendArgs,
) -> Result<Option<Proposed>, Failure> {
    let wire = ctx.client().await?.wire().await?;
    let shown: Vec<_> = ops.iter().map(|op| view::council_op(&wire.council_op(op))).collect();
    let tx = sign(ctx, signer, vec![Op::Propose(Propose { ops })], None, args).await?;
    if let Some(path) = &args.out {
        send::write_tx(ctx, &tx, path)?;
        return Ok(None);
    }
    let data = json!({
        "class": needs.class, "digest": needs.digest, "threshold": needs.threshold,
        "delay_ms": needs.delay_ms, "ops": shown,
    });
    let landed = send::land(ctx, &tx, args, data.clone()).await?;
    let number = landed.receipt.events.iter().find_map(|event| match &event.kind {
        Some(EventKind::Proposed(proposed)) => Some(proposed.proposal),
        _ => None,
    });
    let number = number.ok_or_else(|| {
        Failure::new(Exit::Internal, "BAD_ANSWER", "the receipt names no proposal")
    })?;
    let data = view::with(
        data,
        [
            ("proposal", json!(number)),
            ("tx_id", json!(landed.receipt.tx_id)),
            ("height", json!(landed.receipt.height)),
            ("state", json!("COMMITTED")),
        ],
    );
    Ok(Some(Proposed { number, data }))
}

impl Proposed {
    /// Says where the proposal stands and who does what next.
    async fn answer(self, ctx: &Context) -> Result<(), Failure> {
        let standing = proposal::standing(ctx, self.number).await?;
        let data = view::with(
            self.data,
            [
                ("status", json!(standing.status)),
                ("eta_ms", json!(standing.eta_ms)),
                ("next", json!(standing.next)),
            ],
        );
        ctx.out.answer(data, &standing.text);
        Ok(())
    }
}

/// Carries out operations of class A or B, with the keys at hand.
async fn exec_now(
    ctx: &Context,
    ops: Vec<CouncilOp>,
    needs: &Needs,
    signers: &[Signer],
    args: &SendArgs,
) -> Result<(), Failure> {
    let (epoch, exec_nonce) = (needs.epoch, needs.exec_nonce);
    let statement = Statement::Council { epoch, exec_nonce, ops };
    let mut draft = Draft::new(ctx.chain().await?, statement);
    for key in signers.iter().flat_map(Signer::keys) {
        draft.sign(key);
    }
    let sender = match &ctx.globals.from {
        Some(_) => None,
        None => signers.first(),
    };
    submit_exec(ctx, draft, sender, args).await
}

/// Checks what the chain would, and sends; who sends must be a member too.
async fn submit_exec(
    ctx: &Context,
    draft: Draft,
    sender: Option<&Signer>,
    args: &SendArgs,
) -> Result<(), Failure> {
    let chain = ctx.chain().await?;
    let Statement::Council { epoch, exec_nonce, ops } = draft.statement else {
        return Err(Failure::usage("the file is not of operations of the council"));
    };
    if draft.chain != chain {
        let message = format!("the file is for the chain of genesis {}", draft.chain.genesis);
        return Err(Failure::safety("BAD_CHAIN", message));
    }
    let needs = classify(ctx, &ops).await?;
    let council = members(ctx).await?;
    check_signatures(&draft.witnesses, &council, &needs)?;
    if (epoch, exec_nonce) != (needs.epoch, needs.exec_nonce) {
        let message = format!(
            "it was signed as number {exec_nonce} of epoch {epoch}; the council's next is {} of {}",
            needs.exec_nonce, needs.epoch
        );
        return Err(Failure::new(Exit::Refused, "EXEC_NONCE", message)
            .next("write it anew with --draft, and collect signatures again"));
    }
    let own;
    let sender = match sender {
        Some(sender) => sender,
        None => {
            own = ctx.signer(By::Member).await?;
            &own
        }
    };
    let wire = ctx.client().await?.wire().await?;
    let shown: Vec<_> = ops.iter().map(|op| view::council_op(&wire.council_op(op))).collect();
    let data = json!({
        "class": needs.class, "digest": needs.digest, "epoch": epoch, "exec_nonce": exec_nonce,
        "ops": shown,
    });
    let op = Op::CouncilExec(CouncilExec { ops, epoch, exec_nonce, witnesses: draft.witnesses });
    let tx = sign(ctx, sender, vec![op], None, args).await?;
    match &args.out {
        Some(path) => send::write_tx(ctx, &tx, path),
        None => send::submit(ctx, &tx, data, args).await,
    }
}

async fn members(ctx: &Context) -> Result<Council, Failure> {
    let client = ctx.client().await?;
    let answer = client.get_council(v1::GetCouncilRequest {}).await?;
    let wire = client.wire().await?;
    let bad = |error| Failure::new(Exit::Internal, "BAD_ANSWER", error);
    wire.read("council", &answer.council).map_err(bad)
}

fn check_signatures(
    witnesses: &[ballast_runtime::Witness],
    council: &Council,
    needs: &Needs,
) -> Result<(), Failure> {
    if !needs.immediate {
        return Err(class_too_high(needs));
    }
    let is_member = |key: &PublicKey| council.members.iter().any(|member| member.key == *key);
    if let Some(stranger) = witnesses.iter().find(|witness| !is_member(&witness.key)) {
        let message = format!("{} is no member's key for signing off the chain", stranger.key);
        return Err(Failure::new(Exit::Refused, "BAD_AUTH", message).next("ballast council show"));
    }
    let needed = usize::try_from(needs.threshold).unwrap_or(usize::MAX);
    if witnesses.len() < needed {
        let message =
            format!("{} of {needed} signatures that class {} needs", witnesses.len(), needs.class);
        return Err(Failure::new(Exit::Refused, "COUNCIL_QUORUM", message)
            .next("collect more with --draft and `ballast council sign`, or propose it"));
    }
    Ok(())
}

async fn sign_file(ctx: &Context, args: SignArgs) -> Result<(), Failure> {
    let mut draft = Draft::read(&args.file)?;
    let Statement::Council { .. } = draft.statement else {
        return Err(Failure::usage("the file is not of operations of the council"));
    };
    sign_draft(ctx, &mut draft, &args.with).await?;
    finish_signing(ctx, &draft, &args.file, args.out.as_deref())
}

/// Shows what a file says, insists on a yes, and adds signatures.
pub async fn sign_draft(ctx: &Context, draft: &mut Draft, names: &[String]) -> Result<(), Failure> {
    if let Statement::Council { ops, .. } = &draft.statement {
        let wire = ballast_proto::Wire::new(draft.chain.network);
        let shown: Vec<_> = ops.iter().map(|op| view::council_op(&wire.council_op(op))).collect();
        ctx.out.notice(&operations_text(&shown));
    }
    if let Statement::Transaction(body) = &draft.statement {
        let wire = ballast_proto::Wire::new(draft.chain.network);
        let shown: Vec<_> = body.ops.iter().map(|op| view::op(&wire.op(op))).collect();
        ctx.out.notice(&operations_text(&shown));
    }
    ctx.out.notice(&fields(&draft.rows()));
    ctx.insist(&format!("Sign this with {}", names.join(", ")))?;
    for name in names {
        let signer = ctx.signer_named(name, &draft.chain).await?;
        for key in signer.keys() {
            draft.sign(key);
        }
    }
    Ok(())
}

/// Writes a signed file and says so.
pub fn finish_signing(
    ctx: &Context,
    draft: &Draft,
    file: &Path,
    out: Option<&Path>,
) -> Result<(), Failure> {
    match out {
        Some(out) => draft.write_new(out)?,
        None => draft.replace(file)?,
    }
    let file = out.unwrap_or(file).display().to_string();
    let signers: Vec<_> = draft.witnesses.iter().map(|witness| witness.key.to_string()).collect();
    let text = format!("signed: {file}\nsignatures: {}", signers.len());
    ctx.out.answer(json!({ "file": file, "signed_by": signers }), &text);
    Ok(())
}

async fn exec_files(ctx: &Context, args: ExecArgs) -> Result<(), Failure> {
    let draft = Draft::gather(&args.files)?;
    if let Statement::Council { ops, .. } = &draft.statement {
        let wire = ballast_proto::Wire::new(draft.chain.network);
        let shown: Vec<_> = ops.iter().map(|op| view::council_op(&wire.council_op(op))).collect();
        ctx.out.progress(&operations_text(&shown));
    }
    ctx.confirm("Carry this out").await?;
    submit_exec(ctx, draft, None, &args.send).await
}
