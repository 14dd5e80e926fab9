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
    /// From a height on the next version of the rules holds (council, class D)
    Schedule(Box<ScheduleArgs>),
    /// The version in force, the one that is scheduled, and who is ready
    Show,
}

#[derive(Args, Debug)]
pub struct ScheduleArgs {
    /// The one after the version in force
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
            let ScheduleArgs { version, height, code, council } = *args;
            let op = CouncilOp::ScheduleUpgrade(ScheduleUpgrade { version, code, height });
            act(ctx, vec![op], &council).await
        }
        Command::Show => show(ctx).await,
    }
}

async fn show(ctx: &Context) -> Result<(), Failure> {
    let answer = ctx.client().await?.get_upgrade(v1::GetUpgradeRequest {}).await?;
    let current = answer.upgrade.as_ref().map_or(0, |upgrade| upgrade.current);
    let has = format!("versions up to {}", answer.runtime_version);
    let mut rows = vec![("in force", format!("version {current}")), ("node asked has", has)];
    match answer.upgrade.as_ref().filter(|upgrade| upgrade.version > upgrade.current) {
        Some(upgrade) => {
            let at = format!("version {} from height {}", upgrade.version, upgrade.height);
            rows.push(("scheduled", at));
            rows.push(("release", upgrade.code.clone()));
            let ready = format!("{} of {}", answer.validators_ready, answer.validators);
            rows.push(("validators ready", ready));
        }
        None => rows.push(("scheduled", "none".to_owned())),
    }
    rows.push(("as of height", answer.height.to_string()));
    ctx.out.answer(message::json("GetUpgradeResponse", &answer), &fields(&rows));
    Ok(())
}
