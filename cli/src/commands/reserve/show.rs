//! What there is: the reserve as a mint finds it, and its reports.

use ballast_proto::v1;
use ballast_runtime::Code;
use serde_json::{Value, json};

use super::{ListArgs, fetch};
use crate::commands::pages;
use crate::context::Context;
use crate::exit::Failure;
use crate::message;
use crate::output::{fields, table};
use crate::view::{self, dollars, moment};

pub(super) async fn reserve(ctx: &Context) -> Result<(), Failure> {
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
    let known = Code::from_name(reason);
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

pub(super) async fn report(ctx: &Context, number: u64) -> Result<(), Failure> {
    let record = fetch(ctx, number).await?;
    ctx.out.answer(message::json("ReportRecord", &record), &report_text(&record));
    Ok(())
}

/// A report as one reads it before one attests it.
pub(super) fn report_text(record: &v1::ReportRecord) -> String {
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

pub(super) async fn list(ctx: &Context, args: ListArgs) -> Result<(), Failure> {
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
