//! The council: who it is, and how it decides. Every command that only the council may carry out
//! ends in [`act`].

mod act;
mod exec;

use ballast_proto::v1;
use ballast_runtime::CouncilOp;
use ballast_runtime::limits::DELAY_MS_MAX;
use ballast_runtime::object::{Class, Member};
use ballast_runtime::ops::council_set::CouncilSet;
use ballast_runtime::ops::set_delay::SetDelay;
use clap::{Args, Subcommand};

use crate::cli::{duration_ms, public_key};
use crate::context::Context;
use crate::exit::Failure;
use crate::message;
use crate::output::{fields, table};
use crate::view::{self, span};

pub use act::{CouncilArgs, Needs, act, operations_text, propose};
pub use exec::{finish_signing, sign_draft};

const CLASSES: [&str; 4] = ["A", "B", "C", "D"];

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
    Sign(exec::SignArgs),
    /// Carry out a signed file at once (classes A and B)
    Exec(exec::ExecArgs),
}

#[derive(Args, Debug)]
pub struct SetArgs {
    /// A member's account and the key that signs for it off the chain; repeat for each
    #[arg(long = "member", value_name = "ADDR=KEY", required = true)]
    members: Vec<String>,
    /// How many must say yes, for classes A, B, C, D
    #[arg(long, value_name = "A,B,C,D", value_delimiter = ',', num_args = 4, required = true)]
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

fn parse_class(text: &str) -> Result<Class, String> {
    let found = Class::ALL.into_iter().find(|class| class.name().eq_ignore_ascii_case(text));
    found.ok_or_else(|| "classes are a, b, c, d".to_owned())
}

pub async fn run(ctx: &Context, command: Command) -> Result<(), Failure> {
    match command {
        Command::Show => show(ctx).await,
        Command::Set(args) => set(ctx, args).await,
        Command::Delay(args) => delay(ctx, args).await,
        Command::Sign(args) => exec::sign_file(ctx, args).await,
        Command::Exec(args) => exec::exec_files(ctx, args).await,
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
