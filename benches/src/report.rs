//! What a standard run found: as a table, as JSON, as a picture.

use std::fmt::Write as _;

use serde::Serialize;

use crate::ceiling::Ceiling;
use crate::load::Window;
use crate::svg::{Group, bar};

#[derive(Debug, Serialize)]
pub struct Report {
    /// Of the maximum.
    pub committed_per_s: f64,
    pub verification_ceiling_per_s: f64,
    pub ceiling_ratio: f64,
    pub cpu_us_per_tx_per_validator: f64,
    pub batch_verify_us_per_sig: f64,
    /// CPU per committed transaction per validator over batch verification per signature.
    pub cpu_ratio: f64,
    /// At half of the maximum, from the intended time to the receipt.
    pub p50_ms: f64,
    pub p99_ms: f64,
    /// A lone payment on a quiet chain.
    pub idle_p50_ms: f64,
    /// Of the first validator's store after compaction, state and indexes included.
    pub disk_bytes_per_tx: f64,
    pub rounds_above_zero: u64,
    pub audit: String,
    pub accounts: u32,
    pub cores: usize,
    pub accepted: u64,
    pub maximum: Window,
    pub half: Window,
}

impl Report {
    pub fn new(
        accounts: u32,
        ceiling: Ceiling,
        idle_p50_ms: f64,
        maximum: Window,
        half: Window,
        accepted: u64,
        audit: String,
    ) -> Self {
        Self {
            committed_per_s: maximum.committed_per_s,
            verification_ceiling_per_s: ceiling.per_s,
            ceiling_ratio: maximum.committed_per_s / ceiling.per_s,
            cpu_us_per_tx_per_validator: maximum.cpu_us_per_tx_per_validator,
            batch_verify_us_per_sig: ceiling.batch_verify_us_per_sig,
            cpu_ratio: maximum.cpu_us_per_tx_per_validator / ceiling.batch_verify_us_per_sig,
            p50_ms: half.p50_ms,
            p99_ms: half.p99_ms,
            idle_p50_ms,
            disk_bytes_per_tx: 0.0,
            rounds_above_zero: maximum.rounds_above_zero + half.rounds_above_zero,
            audit,
            accounts,
            cores: ceiling.cores,
            accepted,
            maximum,
            half,
        }
    }

    /// Notes what the first validator's store holds once compacted.
    pub fn compacted(&mut self, bytes: u64) {
        self.disk_bytes_per_tx = bytes as f64 / self.accepted.max(1) as f64;
    }

    pub fn table(&self) -> String {
        let mut table = String::new();
        for (name, value) in self.summary() {
            let _ = writeln!(table, "{name:<48} {value}");
        }
        let _ = writeln!(table, "\n{:<48} {:>12} {:>12}", "", "maximum", "half");
        for (name, maximum, half) in self.windows() {
            let _ = writeln!(table, "{name:<48} {maximum:>12} {half:>12}");
        }
        table
    }

    fn summary(&self) -> [(&'static str, String); 9] {
        [
            ("committed per second", format!("{:.0}", self.committed_per_s)),
            ("verification ceiling per second", format!("{:.0}", self.verification_ceiling_per_s)),
            ("committed / ceiling", format!("{:.2}", self.ceiling_ratio)),
            (
                "batch verification, µs per signature",
                format!("{:.1}", self.batch_verify_us_per_sig),
            ),
            ("CPU per transaction and validator / that", format!("{:.2}", self.cpu_ratio)),
            ("lone payment on a quiet chain, p50 ms", format!("{:.0}", self.idle_p50_ms)),
            ("disk bytes per transaction, compacted", format!("{:.0}", self.disk_bytes_per_tx)),
            ("accounts, cores", format!("{}, {}", self.accounts, self.cores)),
            ("audit", self.audit.clone()),
        ]
    }

    fn windows(&self) -> Vec<(&'static str, String, String)> {
        type Show = fn(&Window) -> String;
        let rows: [(&str, Show); 11] = [
            ("offered per second", |w| w.offered_per_s.to_string()),
            ("committed per second", |w| format!("{:.0}", w.committed_per_s)),
            ("CPU µs per transaction and validator", |w| {
                format!("{:.1}", w.cpu_us_per_tx_per_validator)
            }),
            ("latency to receipt, p50 ms", |w| format!("{:.0}", w.p50_ms)),
            ("p99 ms", |w| format!("{:.0}", w.p99_ms)),
            ("longest ms", |w| format!("{:.0}", w.max_ms)),
            ("blocks per second", |w| format!("{:.1}", w.blocks_per_s)),
            ("rounds above zero", |w| w.rounds_above_zero.to_string()),
            ("refused (with a hint when to try again)", |w| {
                format!("{} ({})", w.refused, w.hinted)
            }),
            ("forged", |w| w.forged.to_string()),
            ("memory MiB, first validator, start > end", |w| {
                let [start, end] = w.memory_mib.first().copied().unwrap_or_default();
                format!("{start} > {end}")
            }),
        ];
        rows.into_iter().map(|(name, show)| (name, show(&self.maximum), show(&self.half))).collect()
    }

    /// The report as bars.
    pub fn groups(&self) -> Vec<Group> {
        let ms = |name: &str, value: f64| bar(name, value, format!("{value:.0} ms"));
        let per_s = |name: &str, value: f64| bar(name, value, format!("{value:.0} /s"));
        let us = |name: &str, value: f64| bar(name, value, format!("{value:.1} µs"));
        vec![
            (
                "Committed transfers a second".to_owned(),
                vec![
                    per_s("verification ceiling", self.verification_ceiling_per_s),
                    per_s("committed, maximum", self.maximum.committed_per_s),
                    per_s("committed, half", self.half.committed_per_s),
                ],
            ),
            (
                "Latency from intended time to receipt".to_owned(),
                vec![
                    ms("quiet chain, p50", self.idle_p50_ms),
                    ms("half, p50", self.half.p50_ms),
                    ms("half, p99", self.half.p99_ms),
                    ms("maximum, p50", self.maximum.p50_ms),
                    ms("maximum, p99", self.maximum.p99_ms),
                ],
            ),
            (
                "CPU for each transfer and validator".to_owned(),
                vec![
                    us("batch verification alone", self.batch_verify_us_per_sig),
                    us("maximum", self.maximum.cpu_us_per_tx_per_validator),
                    us("half", self.half.cpu_us_per_tx_per_validator),
                ],
            ),
        ]
    }
}
