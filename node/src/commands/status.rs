//! `status`: what a running node says of itself.

use crate::operator::client;
use crate::operator::status::StatusReport;

use super::{Failure, Output};
use crate::cli::ConfiguredHome;

pub fn run(args: &ConfiguredHome, output: Output) -> Result<u8, Failure> {
    let report = client::status(args.load()?.config.operator.listen)?;
    let object = serde_json::to_value(&report).map_err(Failure::internal)?;
    output.answer(&text(&report), object);
    Ok(0)
}

fn text(report: &StatusReport) -> String {
    let ready = if report.ready { "ready" } else { "not ready" };
    let age = match report.last_commit_age_ms {
        Some(ms) => format!("{:.1} s ago", ms as f64 / 1000.0),
        None => "none since the start".to_owned(),
    };
    let syncing = if report.syncing { ", syncing" } else { "" };
    let mut text = format!(
        "{} {ready}\n\
         chain    {} ({})\n\
         height   {} of {}{syncing}, executed {}, round {}\n\
         commit   {age}\n\
         peers    {} of {} connected\n\
         voting   {}\n\
         rules    {}\n\
         uptime   {} s, version {}\n",
        report.name,
        report.chain_id,
        report.genesis,
        report.height,
        report.best_height.max(report.height),
        report.executed_height,
        report.round,
        report.peers_connected,
        report.peers_listed,
        report.voting,
        report.rules.line(),
        report.uptime_ms / 1000,
        report.version,
    );
    for line in &report.failing {
        text.push_str(&format!("{line}\n"));
    }
    text
}
