//! What was found, as a table and as JSON.

use std::path::Path;

use serde::Serialize;

use crate::failure::Failure;
use crate::load::Ledger;
use crate::manifest::SCHEMA;

/// Enough to know what is wrong.
const PROBLEMS_MAX: usize = 8;

#[derive(Clone, Debug, Serialize)]
pub struct Report {
    pub schema: &'static str,
    pub passed: bool,
    pub rows: Vec<Row>,
}

/// One who means harm.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Row {
    pub adversary: String,
    pub payments: usize,
    pub payments_per_s: f64,
    pub p50_ms: u128,
    pub p99_ms: u128,
    pub blocks_per_s: f64,
    /// Of the honest validator that took most.
    pub memory_mib: f64,
    /// When nobody pays.
    pub idle_blocks_per_s: Option<f64>,
    /// Of the honest validator whose home grew most, logs included.
    pub disk_mib_per_hour: Option<f64>,
    /// What did not hold.
    pub problems: Vec<String>,
}

impl Row {
    pub(super) fn problem(&mut self, what: String) {
        if self.problems.len() < PROBLEMS_MAX {
            self.problems.push(what);
        }
    }

    /// Notes how long payments took, and what surprised their clients.
    pub(super) fn take(&mut self, ledger: &Ledger) {
        let mut times: Vec<_> = ledger.acknowledged.iter().map(|p| p.took.as_millis()).collect();
        times.sort_unstable();
        let at = |mille: usize| times.get(times.len() * mille / 1_000).copied().unwrap_or(0);
        (self.p50_ms, self.p99_ms) = (at(500), at(990));
        self.problems.extend(ledger.surprises.iter().take(PROBLEMS_MAX).cloned());
    }

    /// As a row of the table.
    pub(super) fn line(&self) -> String {
        let held = match self.problems.as_slice() {
            [] => "yes".to_owned(),
            [first, ..] => format!("NO: {}", first.replace(['|', '\n'], "/")),
        };
        let some = |figure: Option<f64>| figure.map_or_else(String::new, |f| format!("{f:.1}"));
        format!(
            "| {} | {:.0} | {} | {} | {:.1} | {:.0} | {} | {} | {held} |",
            self.adversary,
            self.payments_per_s,
            self.p50_ms,
            self.p99_ms,
            self.blocks_per_s,
            self.memory_mib,
            some(self.idle_blocks_per_s),
            some(self.disk_mib_per_hour),
        )
    }
}

impl Report {
    pub(super) fn new(rows: Vec<Row>) -> Self {
        let passed = rows.iter().all(|row| row.problems.is_empty());
        Self { schema: SCHEMA, passed, rows }
    }

    /// A Markdown table.
    pub fn table(&self) -> String {
        let head = "| Who | Payments/s | p50 ms | p99 ms | Blocks/s | Memory MiB | Blocks/s at rest | \
                    Disk MiB/h at rest | Held |\n|---|---|---|---|---|---|---|---|---|";
        let rows = self.rows.iter().map(Row::line);
        std::iter::once(head.to_owned()).chain(rows).collect::<Vec<_>>().join("\n")
    }

    /// As JSON, and the table beside it, as .md.
    pub fn write(&self, path: &Path) -> Result<(), Failure> {
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder).map_err(Failure::at(folder))?;
        }
        let json = serde_json::to_string_pretty(self).map_err(Failure::internal)?;
        std::fs::write(path, json + "\n").map_err(Failure::at(path))?;
        let table = path.with_extension("md");
        std::fs::write(&table, self.table() + "\n").map_err(Failure::at(&table))
    }
}
