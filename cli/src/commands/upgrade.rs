//! Upgrades of the rules that nodes execute.

use ballast_primitives::Hash;
use ballast_proto::v1;
use ballast_runtime::CouncilOp;
use ballast_runtime::ops::schedule_upgrade::ScheduleUpgrade;
use clap::{Args, Subcommand};

use crate::cli::digest;
use crate::commands::council::{CouncilArgs, act};
use crate::context::Context;
use crate::exit::Failure;
use crate::message;
use crate::output::fields;

#[derive(Subcommand, Debug)]
#[command(after_help = "\
Examples:
  ballast upgrade show
  ballast upgrade schedule --to 2 --height 1200000 --code @ballast-node")]
pub enum Command {
    /// From a height on, only nodes that implement a version go on (council, class D)
    Schedule(ScheduleArgs),
    /// The version that executes, and the one that is scheduled
    Show,
}

#[derive(Args, Debug)]
pub struct ScheduleArgs {
    /// Above the version that executes now
    #[arg(long = "to", value_name = "VERSION")]
    version: u32,
    /// The first height of the new version
    #[arg(long)]
    height: u64,
    /// Digest of the release, hex or @FILE
    #[arg(long, value_name = "DIGEST", value_parser = digest)]
    code: Hash,
    #[command(flatten)]
    council: CouncilArgs,
}

pub async fn run(ctx: &Context, command: Command) -> Result<(), Failure> {
    match command {
        Command::Schedule(args) => {
            let ScheduleArgs { version, height, code, council } = args;
            let op = CouncilOp::ScheduleUpgrade(ScheduleUpgrade { version, code, height });
            act(ctx, vec![op], &council).await
        }
        Command::Show => show(ctx).await,
    }
}

async fn show(ctx: &Context) -> Result<(), Failure> {
    let answer = ctx.client().await?.get_upgrade(v1::GetUpgradeRequest {}).await?;
    let mut rows = vec![("version here", answer.runtime_version.to_string())];
    match &answer.upgrade {
        Some(upgrade) => {
            let at = format!("version {} from height {}", upgrade.version, upgrade.height);
            rows.push(("scheduled", at));
            rows.push(("release", upgrade.code.clone()));
        }
        None => rows.push(("scheduled", "none".to_owned())),
    }
    rows.push(("as of height", answer.height.to_string()));
    ctx.out.answer(message::json("GetUpgradeResponse", &answer), &fields(&rows));
    Ok(())
}
