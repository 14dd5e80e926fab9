//! The reserve: reports, attestations, and what the mint gate makes of them.

mod body;

use std::path::PathBuf;

use ballast_client::statements::Statement;
use ballast_primitives::Hash;
use ballast_proto::convert::read_hash;
use ballast_proto::v1;
use ballast_runtime::ops::attest_report::AttestReport;
use ballast_runtime::ops::reconcile::Reconcile;
use ballast_runtime::ops::revoke_attestor_key::RevokeAttestorKey;
use ballast_runtime::ops::revoke_report::RevokeReport;
use ballast_runtime::ops::submit_report::{SubmitReport, report_digest};
use ballast_runtime::{CouncilOp, Op};
use clap::{Args, Subcommand};
use serde_json::{Value, json};

use crate::cli::{digest, hash, moment as time_arg, total};
use crate::commands::council::{CouncilArgs, act, finish_signing, sign_draft};
use crate::commands::pages;
use crate::context::Context;
use crate::exit::{Exit, Failure};
use crate::message;
use crate::offline::Draft;
use crate::output::{fields, table, time};
use crate::send::{Request, SendArgs, send};
use crate::view::{self, dollars, moment};

#[derive(Subcommand, Debug)]
#[command(after_help = "\
Examples:
  ballast reserve show
  ballast reserve draft report.toml --out report.json     # fills in the newest checkpoint
  ballast reserve sign report.json --with ceo             # each officer, offline
  ballast reserve submit report.json --wait               # a reserve manager
  ballast reserve attest 2 --wait                         # an attestor
  ballast reserve revoke 2 --document @reason.pdf --from alice --wait
  ballast reserve reconcile --liabilities 10000000 --wait

report.toml (JSON has the same names); amounts are decimal dollars, in quotes:
  kind = \"point-in-time\"             # or \"period\", with period_start
  # as_of = \"2026-10-01T00:00:00Z\"   # a supply checkpoint [default: the newest]
  scope = \"@scope.pdf\"               # a digest, or @FILE
  standard = \"AICPA AT-C 205\"
  assurance = \"examination\"          # review, agreed-upon-procedures
  opinion = \"unmodified\"             # qualified, adverse, disclaimer
  exceptions = []
  document = \"@report.pdf\"
  uri = \"https://example.com/report.pdf\"
  [[lines]]
  category = \"treasury\"              # cash, demand-deposit, repo, reverse-repo, government-fund …
  custodian = \"Example Trust\"
  country = \"US\"
  maturity_days = 30
  face = \"800000000\"
  amortised = \"799000000\"
  market = \"798500000.25\"
  encumbered = \"0\"                   # may be left out
  segregated = true")]
pub enum Command {
    /// Make a report to sign from a TOML or JSON file
    Draft(DraftArgs),
    /// Sign a report as an officer, offline
    Sign(SignArgs),
    /// Submit a report that the officers signed (signed by a reserve manager)
    Submit(SubmitArgs),
    /// Attest a draft, after reading it (signed by an attestor)
    Attest(AttestArgs),
    /// Withdraw a report (by who submitted or attested it; --council: class A)
    Revoke(RevokeArgs),
    /// Void an attestor's attestations since a time, and its role (council, class A)
    RevokeAttestor(RevokeAttestorArgs),
    /// Compare the books with a supply checkpoint (signed by a reserve manager)
    Reconcile(ReconcileArgs),
    /// The reserve as a mint finds it; with a number, one report
    Show {
        #[arg(value_name = "N")]
        number: Option<u64>,
    },
    /// Reports, newest first
    List(ListArgs),
}

#[derive(Args, Debug)]
pub struct DraftArgs {
    /// What the report says
    file: PathBuf,
    /// Write the report to sign there
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
}

#[derive(Args, Debug)]
pub struct SignArgs {
    /// The report, from `reserve draft`
    file: PathBuf,
    /// Officers' keys, by comma
    #[arg(long = "with", value_name = "KEY", value_delimiter = ',', required = true)]
    with: Vec<String>,
    /// Write the signed copy there [default: into the file itself]
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

#[derive(Args, Debug)]
pub struct SubmitArgs {
    /// The report and signed copies of it
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    #[command(flatten)]
    send: SendArgs,
}

#[derive(Args, Debug)]
pub struct AttestArgs {
    /// Number of the draft
    #[arg(value_name = "N")]
    report: u64,
    /// Digest that was checked elsewhere [default: that of the report as it is shown]
    #[arg(long, value_name = "HEX", value_parser = hash)]
    digest: Option<Hash>,
    #[command(flatten)]
    send: SendArgs,
}

#[derive(Args, Debug)]
pub struct RevokeArgs {
    /// Number of the report
    #[arg(value_name = "N")]
    report: u64,
    /// Digest of the reason, hex or @FILE
    #[arg(long, value_name = "DIGEST", value_parser = digest)]
    document: Hash,
    /// By the council
    #[arg(long = "council")]
    by_council: bool,
    #[command(flatten)]
    council: CouncilArgs,
}

#[derive(Args, Debug)]
pub struct RevokeAttestorArgs {
    #[arg(value_name = "ADDR")]
    attestor: String,
    /// Attestations from this time on are void: 2026-10-01T00:00:00Z
    #[arg(long, value_name = "TIME", value_parser = time_arg)]
    since: u64,
    /// Digest of the reason, hex or @FILE
    #[arg(long, value_name = "DIGEST", value_parser = digest)]
    document: Hash,
    #[command(flatten)]
    council: CouncilArgs,
}

#[derive(Args, Debug)]
pub struct ReconcileArgs {
    /// What the books say, in dollars
    #[arg(long, value_name = "DOLLARS", value_parser = total)]
    liabilities: u128,
    /// The time of a supply checkpoint, milliseconds, from `supply points` [default: the newest]
    #[arg(long, value_name = "MS")]
    as_of: Option<u64>,
    #[command(flatten)]
    send: SendArgs,
}

#[derive(Args, Debug)]
pub struct ListArgs {
    /// At most this many, the newest
    #[arg(long, value_name = "N", default_value_t = 20)]
    limit: usize,
}

pub async fn run(ctx: &Context, command: Command) -> Result<(), Failure> {
    match command {
        Command::Draft(args) => draft(ctx, args).await,
        Command::Sign(args) => {
            let mut draft = Draft::read(&args.file)?;
            sign_draft(ctx, &mut draft, &args.with).await?;
            finish_signing(ctx, &draft, &args.file, args.out.as_deref())
        }
        Command::Submit(args) => submit(ctx, args).await,
        Command::Attest(args) => attest(ctx, args).await,
        Command::Revoke(args) => revoke(ctx, args).await,
        Command::RevokeAttestor(args) => {
            let op = RevokeAttestorKey {
                attestor: ctx.address(&args.attestor).await?,
                since: args.since,
                document: args.document,
            };
            act(ctx, vec![CouncilOp::RevokeAttestorKey(op)], &args.council).await
        }
        Command::Reconcile(args) => reconcile(ctx, args).await,
        Command::Show { number: None } => show_reserve(ctx).await,
        Command::Show { number: Some(number) } => show_report(ctx, number).await,
        Command::List(args) => list(ctx, args).await,
    }
}

/// A supply checkpoint: of a time, or the newest.
async fn checkpoint(ctx: &Context, as_of: Option<u64>) -> Result<v1::SupplyPoint, Failure> {
    let client = ctx.client().await?;
    let unknown = |what: String| {
        Failure::new(Exit::NotFound, "UNKNOWN_CHECKPOINT", what).next("ballast supply points")
    };
    let Some(as_of) = as_of else {
        let newest = client.get_supply(v1::GetSupplyRequest {}).await?.newest_point;
        return newest.ok_or_else(|| unknown("there is no supply checkpoint yet".to_owned()));
    };
    let request = v1::ListSupplyPointsRequest { page_size: 1_000, ..Default::default() };
    let points = pages!(ctx, list_supply_points, request, points, usize::MAX);
    let found = points.into_iter().find(|point| point.at_ms == as_of);
    found.ok_or_else(|| unknown(format!("there is no supply checkpoint at {}", time(as_of))))
}

async fn draft(ctx: &Context, args: DraftArgs) -> Result<(), Failure> {
    let stated = body::Stated::read(&args.file)?;
    let point = checkpoint(ctx, stated.as_of()?).await?;
    let report = stated.report(&ctx.client().await?.wire().await?, &point)?;
    let digest = report_digest(&report);
    let draft = Draft::new(ctx.chain().await?, Statement::Report(Box::new(report)));
    draft.write_new(&args.out)?;
    let file = args.out.display().to_string();
    let next = [
        format!("ballast reserve sign {file} --with OFFICER"),
        format!("ballast reserve submit {file} --wait"),
    ];
    let text = format!(
        "{}\n\nwritten, not signed: {file}\nboth officers sign it, on any machine:\n  {}\na reserve \
         manager submits it:\n  {}",
        fields(&draft.rows()),
        next[0],
        next[1]
    );
    let data = view::with(
        draft.value(),
        [("file", json!(file)), ("digest", json!(digest.to_string())), ("next", json!(next))],
    );
    ctx.out.answer(data, &text);
    Ok(())
}

async fn submit(ctx: &Context, args: SubmitArgs) -> Result<(), Failure> {
    let draft = Draft::gather(&args.files)?;
    if draft.chain != ctx.chain().await? {
        let message = format!("the report is for the chain of genesis {}", draft.chain.genesis);
        return Err(Failure::safety("BAD_CHAIN", message));
    }
    ctx.out.progress(&fields(&draft.rows()));
    if draft.witnesses.len() < 2 {
        let message = format!("it has {} of 2 officers' signatures", draft.witnesses.len());
        return Err(Failure::new(Exit::Refused, "BAD_AUTH", message)
            .next("ballast reserve sign FILE --with OFFICER"));
    }
    let witnesses = draft.witnesses;
    let Statement::Report(body) = draft.statement else {
        return Err(Failure::usage("the file is not of a report"));
    };
    let what = format!("Submit the report as of {}", time(body.as_of));
    let digest = report_digest(&body).to_string();
    let op = Op::SubmitReport(SubmitReport { body, witnesses });
    send(ctx, Request::new(op, what).with("digest", digest), &args.send).await
}

async fn fetch(ctx: &Context, number: u64) -> Result<v1::ReportRecord, Failure> {
    let request = v1::GetReportRequest { number };
    let answer = ctx.client().await?.get_report(request).await.map_err(|error| {
        let failure = Failure::from(error);
        match failure.exit {
            Exit::NotFound => {
                Failure { message: format!("there is no report {number}"), ..failure }
                    .next("ballast reserve list")
            }
            _ => failure,
        }
    })?;
    Ok(answer.report.unwrap_or_default())
}

async fn attest(ctx: &Context, args: AttestArgs) -> Result<(), Failure> {
    let record = fetch(ctx, args.report).await?;
    let shown = record.report.clone().unwrap_or_default();
    ctx.out.notice(&report_text(&record));
    let wire = ctx.client().await?.wire().await?;
    let bad = |error| Failure::new(Exit::Internal, "BAD_ANSWER", error);
    // Of what was shown: nobody attests what another validator made up.
    let body: ballast_runtime::object::ReportBody = wire.read("body", &shown.body).map_err(bad)?;
    let digest = report_digest(&body);
    let claimed = read_hash("digest", &shown.digest).map_err(bad)?;
    if digest != claimed || args.digest.is_some_and(|checked| checked != digest) {
        let message = format!("the digest of the report as it is shown is {digest}");
        return Err(Failure::safety("DIGEST_MISMATCH", message));
    }
    ctx.insist("Attest this report")?;
    let op = Op::AttestReport(AttestReport { report: args.report, digest });
    send(ctx, Request::new(op, format!("Attest report {}", args.report)), &args.send).await
}

async fn revoke(ctx: &Context, args: RevokeArgs) -> Result<(), Failure> {
    let (report, document) = (args.report, args.document);
    let revoke = RevokeReport { report, document };
    let council = &args.council;
    if args.by_council || !council.sign_with.is_empty() || council.draft.is_some() {
        return act(ctx, vec![CouncilOp::RevokeReport(revoke)], council).await;
    }
    let request = Request::new(Op::RevokeReport(revoke), format!("Revoke report {report}"));
    send(ctx, request, &council.send).await
}

async fn reconcile(ctx: &Context, args: ReconcileArgs) -> Result<(), Failure> {
    let point = checkpoint(ctx, args.as_of).await?;
    let (as_of, height, liabilities) = (point.at_ms, point.height, args.liabilities);
    let what = format!(
        "State liabilities of {} at {}, where the supply was {}",
        view::total(&liabilities.to_string()),
        time(as_of),
        view::total(&point.total_micros)
    );
    if liabilities.to_string() != point.total_micros {
        ctx.out.notice("warning: they differ from the supply; the chain will pause minting");
        ctx.confirm("Go on").await?;
    }
    let op = Op::Reconcile(Reconcile { as_of, height, liabilities });
    send(ctx, Request::new(op, what), &args.send).await
}

async fn show_reserve(ctx: &Context) -> Result<(), Failure> {
    let answer = ctx.client().await?.get_reserve(v1::GetReserveRequest {}).await?;
    let reserve = answer.reserve.clone().unwrap_or_default();
    let open = match reserve.open {
        true => "yes".to_owned(),
        false => format!("no: {}", reason_text(&reserve.reason)),
    };
    let rows = [
        ("minting is open", open),
        ("supply", view::total(&reserve.total_micros)),
        ("reserve that counts (U)", view::total(&reserve.eligible_micros)),
        ("rolled forward (R)", view::total(&reserve.rolled_micros)),
        ("ceiling", view::total(&reserve.ceiling_micros)),
        ("cap", view::total(&reserve.cap_micros)),
        ("headroom", view::total(&reserve.headroom_micros)),
        ("coverage", coverage(&reserve.eligible_micros, &reserve.total_micros)),
        ("report", reserve.report.to_string()),
        ("as of", moment(reserve.as_of_ms)),
        ("stale from", moment(reserve.stale_at_ms)),
        ("as of height", answer.height.to_string()),
    ];
    ctx.out.answer(message::json("GetReserveResponse", &answer), &fields(&rows));
    Ok(())
}

fn reason_text(reason: &str) -> String {
    let known = ballast_runtime::Code::from_name(reason);
    known.map_or_else(|| reason.to_owned(), |code| format!("{reason}. {}", code.text()))
}

/// A share in percent with two decimals, rounded down.
fn coverage(part: &str, whole: &str) -> String {
    let (Ok(part), Ok(whole)) = (part.parse::<u128>(), whole.parse::<u128>()) else {
        return "-".to_owned();
    };
    let share = part.saturating_mul(10_000).checked_div(whole);
    share.map_or_else(|| "-".to_owned(), |bps| format!("{}.{:02} %", bps / 100, bps % 100))
}

async fn show_report(ctx: &Context, number: u64) -> Result<(), Failure> {
    let record = fetch(ctx, number).await?;
    ctx.out.answer(message::json("ReportRecord", &record), &report_text(&record));
    Ok(())
}

/// A report as one reads it before one attests it.
fn report_text(record: &v1::ReportRecord) -> String {
    let report = record.report.clone().unwrap_or_default();
    let body = report.body.clone().unwrap_or_default();
    let latest = if record.latest { ", the latest effective one" } else { "" };
    let status = message::name_of("ReportStatus", report.status);
    let mut rows = vec![
        ("report", format!("{}{latest}", record.number)),
        ("status", status),
        ("kind", message::name_of("ReportKind", body.kind)),
        ("period start", moment(body.period_start_ms)),
        ("as of", format!("{}, height {}", moment(body.as_of_ms), body.as_of_height)),
        ("stated outstanding", view::total(&body.stated_outstanding_micros)),
        ("reserve that counts (U)", view::total(&record.eligible_micros)),
        ("coverage", coverage(&record.eligible_micros, &body.stated_outstanding_micros)),
        ("standard", view::harmless(&body.standard)),
        ("assurance", message::name_of("Assurance", body.assurance)),
        ("opinion", message::name_of("Opinion", body.opinion)),
        ("scope", body.scope.clone()),
        ("document", body.document.clone()),
        ("published at", view::harmless(&body.uri)),
        ("digest", report.digest.clone()),
        ("submitted", format!("{} by {}", moment(report.submitted_at_ms), report.submitted_by)),
    ];
    if let Some(supersedes) = body.supersedes {
        rows.push(("corrects report", supersedes.to_string()));
    }
    rows.extend(body.exceptions.iter().map(|text| ("exception", view::harmless(text))));
    let attested = |a: &v1::Attestation| format!("{} by {}", moment(a.at_ms), a.attestor);
    rows.extend(report.attestations.iter().map(|a| ("attested", attested(a))));
    let lines: Vec<_> = body.lines.iter().map(line_row).collect();
    let heading = [
        "category",
        "custodian",
        "country",
        "days",
        "face",
        "amortised",
        "market",
        "encumbered",
        "segregated",
    ];
    format!("{}\n\n{}", fields(&rows), table(&heading, &lines))
}

fn line_row(line: &v1::ReportLine) -> Vec<String> {
    vec![
        message::name_of("AssetCategory", line.category),
        view::harmless(&line.custodian),
        line.country.clone(),
        line.maturity_days.to_string(),
        dollars(line.face_micros),
        dollars(line.amortised_micros),
        dollars(line.market_micros),
        dollars(line.encumbered_micros),
        if line.segregated { "yes" } else { "no" }.to_owned(),
    ]
}

async fn list(ctx: &Context, args: ListArgs) -> Result<(), Failure> {
    let request = v1::ListReportsRequest { page_size: 100, ..Default::default() };
    let records = pages!(ctx, list_reports, request, reports, args.limit);
    let row = |record: &v1::ReportRecord| {
        let report = record.report.clone().unwrap_or_default();
        let body = report.body.unwrap_or_default();
        let latest = if record.latest { " (latest)" } else { "" };
        vec![
            record.number.to_string(),
            moment(body.as_of_ms),
            format!("{}{latest}", message::name_of("ReportStatus", report.status)),
            message::name_of("Opinion", body.opinion),
            view::total(&body.stated_outstanding_micros),
            view::total(&record.eligible_micros),
            report.attestations.len().to_string(),
        ]
    };
    let rows: Vec<_> = records.iter().map(row).collect();
    let json: Vec<Value> = records.iter().map(|r| message::json("ReportRecord", r)).collect();
    let heading = ["number", "as of", "status", "opinion", "outstanding", "counts", "attested"];
    let text = match rows.is_empty() {
        true => "there are no reports".to_owned(),
        false => table(&heading, &rows),
    };
    ctx.out.answer(json!({ "reports": json }), &text);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn coverage_is_a_share_in_percent_rounded_down() {
        assert_eq!(coverage("1019999", "1000000"), "101.99 %");
        assert_eq!(coverage("1", "3"), "33.33 %");
        assert_eq!(coverage("1", "0"), "-");
        assert!(reason_text("REPORT_STALE").contains("too old"));
    }
}
