//! What happens on the chain, as it happens.

use ballast_client::{Error, EventFrame};
use ballast_proto::convert::EVENT_NAMES;
use ballast_proto::v1;
use clap::{Args, Subcommand};
use serde_json::json;

use crate::context::Context;
use crate::exit::Failure;
use crate::view;

#[derive(Subcommand, Debug)]
#[command(after_help = "\
Examples:
  ballast events tail
  ballast events tail --after 0 --name Transferred --account dev:1
  ballast events tail --json --after 120/0/1 | jq .cursor")]
pub enum Command {
    /// Follow events; every line has the cursor to resume behind
    Tail(TailArgs),
}

#[derive(Args, Debug)]
pub struct TailArgs {
    /// Begin behind this cursor: 0 is the beginning [default: from now on]
    #[arg(long, value_name = "CURSOR")]
    after: Option<String>,
    /// Only events that concern these accounts
    #[arg(long = "account", value_name = "ADDR", value_delimiter = ',')]
    accounts: Vec<String>,
    /// Only events of these names, e.g. Transferred
    #[arg(long = "name", value_name = "NAME", value_delimiter = ',', value_parser = EVENT_NAMES.to_vec())]
    names: Vec<String>,
    /// End after this many
    #[arg(long, value_name = "N")]
    limit: Option<u64>,
    /// Show heartbeats too: the cursor advances though nothing matches
    #[arg(long)]
    heartbeats: bool,
}

pub async fn run(ctx: &Context, command: Command) -> Result<(), Failure> {
    let Command::Tail(args) = command;
    let network = ctx.chain().await?.network;
    let mut accounts = Vec::new();
    for account in &args.accounts {
        accounts.push(ctx.address(account).await?.display(network));
    }
    let filter = v1::EventFilter { accounts, names: args.names };
    let mut stream = ctx.client().await?.events(args.after.as_deref(), filter).await?;
    let mut left = args.limit.unwrap_or(u64::MAX);
    while left > 0 {
        match stream.next().await {
            Ok(EventFrame::Event(record)) => {
                ctx.out.item(view::event_record(&record), &view::event_record_line(&record));
                left = left.saturating_sub(1);
            }
            Ok(EventFrame::Heartbeat(heartbeat)) if args.heartbeats => {
                let cursor = stream.cursor();
                let data = json!({ "cursor": cursor, "heartbeat": { "height": heartbeat.height } });
                ctx.out.item(data, &format!("{cursor}  nothing up to height {}", heartbeat.height));
            }
            Ok(EventFrame::Heartbeat(_)) => {}
            Err(error) => return Err(ended(error, stream.cursor())),
        }
    }
    Ok(())
}

/// Where to go on: where the stream was, or the nearest place that the validator names.
fn ended(error: Error, cursor: &str) -> Failure {
    let named = match &error {
        Error::Unreachable(_) => Some(cursor.to_owned()),
        Error::Refused(error) => {
            ["oldest", "head", "cursor"].iter().find_map(|name| error.metadata.get(*name).cloned())
        }
        _ => None,
    };
    let failure = Failure::from(error);
    match named {
        Some(cursor) => failure.next(format!("ballast events tail --after {cursor}")),
        None => failure,
    }
}
