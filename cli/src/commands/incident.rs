//! The log of incidents.

use ballast_primitives::Hash;
use ballast_proto::v1;
use ballast_runtime::CouncilOp;
use ballast_runtime::object::{IncidentKind, Severity};
use ballast_runtime::ops::post_incident::PostIncident;
use clap::{Args, Subcommand};
use serde_json::json;

use crate::cli::digest;
use crate::commands::council::{CouncilArgs, act};
use crate::commands::pages;
use crate::context::Context;
use crate::exit::Failure;
use crate::message;
use crate::output::{table, time};
use crate::signer::parse_name;

/// Those that the council may post; the others the chain files by itself.
const POSTED: [IncidentKind; 4] =
    [IncidentKind::Security, IncidentKind::Operational, IncidentKind::Legal, IncidentKind::Other];

#[derive(Subcommand, Debug)]
#[command(after_help = "\
Examples:
  ballast incident list
  ballast incident post operational --severity high --document @report.pdf")]
pub enum Command {
    /// Post an incident (council, class B)
    Post(PostArgs),
    /// Incidents, newest first
    List(ListArgs),
}

#[derive(Args, Debug)]
pub struct PostArgs {
    /// security, operational, legal, other
    #[arg(value_parser = kind)]
    kind: IncidentKind,
    /// low, medium, high, critical
    #[arg(long, value_parser = severity)]
    severity: Severity,
    /// Digest of a document, hex or @FILE
    #[arg(long, value_name = "DIGEST", value_parser = digest)]
    document: Hash,
    #[command(flatten)]
    council: CouncilArgs,
}

#[derive(Args, Debug)]
pub struct ListArgs {
    /// At most this many, the newest
    #[arg(long, value_name = "N", default_value_t = 50)]
    limit: usize,
}

fn kind(text: &str) -> Result<IncidentKind, String> {
    parse_name(text, &POSTED, IncidentKind::name)
}

fn severity(text: &str) -> Result<Severity, String> {
    parse_name(text, &Severity::ALL, Severity::name)
}

pub async fn run(ctx: &Context, command: Command) -> Result<(), Failure> {
    match command {
        Command::Post(args) => {
            let PostArgs { kind, severity, document, council } = args;
            let op = CouncilOp::PostIncident(PostIncident { kind, severity, document });
            act(ctx, vec![op], &council).await
        }
        Command::List(args) => list(ctx, args).await,
    }
}

async fn list(ctx: &Context, args: ListArgs) -> Result<(), Failure> {
    let request = v1::ListIncidentsRequest { page_size: 1_000, ..Default::default() };
    let records = pages!(ctx, list_incidents, request, incidents, args.limit);
    let row = |record: &v1::IncidentRecord| {
        let incident = record.incident.clone().unwrap_or_default();
        vec![
            record.number.to_string(),
            time(incident.at_ms),
            message::name_of("Severity", incident.severity),
            message::name_of("IncidentKind", incident.kind),
            incident.subject,
        ]
    };
    let rows: Vec<_> = records.iter().map(row).collect();
    let json: Vec<_> = records.iter().map(|r| message::json("IncidentRecord", r)).collect();
    let text = match rows.is_empty() {
        true => "there are no incidents".to_owned(),
        false => table(&["number", "time", "severity", "kind", "subject"], &rows),
    };
    ctx.out.answer(json!({ "incidents": json }), &text);
    Ok(())
}
