//! What a run found, as a table and as JSON.

use serde::Serialize;

use crate::Args;
use crate::ceiling::Ceiling;
use crate::load::Run;

#[derive(Debug, Serialize)]
pub struct Report {
    pub offered_per_s: u64,
    pub committed_per_s: f64,
    pub verification_ceiling_per_s: f64,
    pub ceiling_ratio: f64,
    pub batch_verify_us_per_sig: f64,
    /// CPU per committed transaction, mean over the validators, and for each.
    pub cpu_us_per_tx_per_validator: f64,
    pub cpu_us_per_tx: Vec<f64>,
    /// CPU per transaction over batch verification per signature.
    pub cpu_ratio: f64,
    pub p50_ms: f64,
    pub p90_ms: f64,
    pub p99_ms: f64,
    pub max_ms: f64,
    pub latency_samples: u64,
    pub blocks_per_s: f64,
    pub rounds_above_zero: u64,
    pub offered: u64,
    pub accepted: u64,
    pub refused: u64,
    pub seconds: f64,
    pub accounts: u32,
    pub cores: usize,
    pub peak_mib: Vec<u64>,
    pub disk_bytes_per_tx: f64,
    pub audit: String,
}

impl Report {
    pub fn new(args: &Args, ceiling: Ceiling, run: Run, audit: String) -> Self {
        let committed = run.committed.max(1) as f64;
        let cpu_us_per_tx: Vec<_> = run.cpu_us.iter().map(|us| *us as f64 / committed).collect();
        let mean = cpu_us_per_tx.iter().sum::<f64>() / cpu_us_per_tx.len().max(1) as f64;
        let ms = |quantile| run.latency_us.value_at_quantile(quantile) as f64 / 1_000.0;
        let grown = run.disk_bytes.iter().zip(&run.disk_bytes_before);
        let disk: u64 = grown.map(|(after, before)| after.saturating_sub(*before)).sum();
        let per_s = run.committed as f64 / run.seconds;
        Self {
            offered_per_s: args.rate,
            committed_per_s: per_s,
            verification_ceiling_per_s: ceiling.per_s,
            ceiling_ratio: per_s / ceiling.per_s,
            batch_verify_us_per_sig: ceiling.batch_verify_us_per_sig,
            cpu_us_per_tx_per_validator: mean,
            cpu_ratio: mean / ceiling.batch_verify_us_per_sig,
            p50_ms: ms(0.5),
            p90_ms: ms(0.9),
            p99_ms: ms(0.99),
            max_ms: run.latency_us.max() as f64 / 1_000.0,
            latency_samples: run.latency_us.len(),
            blocks_per_s: run.blocks as f64 / run.seconds,
            rounds_above_zero: run.rounds_above_zero,
            offered: run.offered,
            accepted: run.accepted.len() as u64,
            refused: run.refused,
            seconds: run.seconds,
            accounts: args.accounts,
            cores: ceiling.cores,
            peak_mib: run.peak_bytes.iter().map(|bytes| bytes >> 20).collect(),
            disk_bytes_per_tx: disk as f64
                / (run.disk_bytes.len().max(1) as f64 * run.committed_total.max(1) as f64),
            cpu_us_per_tx,
            audit,
        }
    }

    pub fn table(&self) -> String {
        let rows = [
            ("offered per second", self.offered_per_s.to_string()),
            ("committed per second", format!("{:.0}", self.committed_per_s)),
            ("verification ceiling per second", format!("{:.0}", self.verification_ceiling_per_s)),
            ("committed / ceiling", format!("{:.2}", self.ceiling_ratio)),
            (
                "batch verification, µs per signature",
                format!("{:.1}", self.batch_verify_us_per_sig),
            ),
            (
                "CPU µs per transaction per validator",
                format!("{:.1}", self.cpu_us_per_tx_per_validator),
            ),
            ("that / batch verification", format!("{:.2}", self.cpu_ratio)),
            (
                "latency to receipt, p50 / p90 / p99 / max ms",
                format!(
                    "{:.0} / {:.0} / {:.0} / {:.0}",
                    self.p50_ms, self.p90_ms, self.p99_ms, self.max_ms
                ),
            ),
            ("blocks per second", format!("{:.1}", self.blocks_per_s)),
            ("rounds above zero", self.rounds_above_zero.to_string()),
            (
                "offered, accepted, refused",
                format!("{}, {}, {}", self.offered, self.accepted, self.refused),
            ),
            (
                "seconds, accounts, cores",
                format!("{:.1}, {}, {}", self.seconds, self.accounts, self.cores),
            ),
            ("peak memory, MiB", format!("{:?}", self.peak_mib)),
            ("disk bytes per transaction per validator", format!("{:.0}", self.disk_bytes_per_tx)),
            ("audit", self.audit.clone()),
        ];
        let lines = rows.iter().map(|(name, value)| format!("{name:<46} {value}"));
        lines.collect::<Vec<_>>().join("\n")
    }
}
