//! What a run found: rows for people as a table, for scripts as JSON.

use std::fmt::Write;
use std::fs;
use std::path::Path;
use std::time::Duration;

use serde::Serialize;

use super::verdict::Verdict;
use crate::failure::Failure;
use crate::manifest::SCHEMA;

#[derive(Clone, Debug, Serialize)]
pub struct Report {
    pub schema: &'static str,
    /// With which the same run can be asked for again; what the machine does in between differs.
    pub seed: u64,
    pub passed: bool,
    pub seconds: u64,
    pub rows: Vec<Row>,
}

/// One kind of fault.
#[derive(Clone, Debug, Serialize)]
pub struct Row {
    pub fault: String,
    pub injected: u32,
    pub asked: u32,
    pub acknowledged: usize,
    pub lost: usize,
    pub duplicated: usize,
    pub double_signs: usize,
    pub slowest_recovery_ms: Option<u64>,
    /// `pass`, `skipped: …` or `FAILED: …`.
    pub audit: String,
}

impl Row {
    pub fn new(fault: &str, asked: u32) -> Self {
        Self {
            fault: fault.to_owned(),
            injected: 0,
            asked,
            acknowledged: 0,
            lost: 0,
            duplicated: 0,
            double_signs: 0,
            slowest_recovery_ms: None,
            audit: String::new(),
        }
    }

    pub fn skipped(fault: &str, asked: u32, why: &str) -> Self {
        Self { audit: format!("skipped: {why}"), ..Self::new(fault, asked) }
    }

    /// Takes over what an audit counted; the failure is what it says is wrong.
    pub fn take(&mut self, verdict: Verdict) -> Result<(), Failure> {
        self.lost = verdict.lost;
        self.duplicated = verdict.duplicated;
        self.double_signs = verdict.double_signs;
        if verdict.problems.is_empty() {
            return Ok(());
        }
        Err(Failure::safety(verdict.problems.join("\n")))
    }

    pub fn recovered_in(&mut self, time: Duration) {
        let ms = u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
        self.slowest_recovery_ms = self.slowest_recovery_ms.max(Some(ms));
    }

    pub fn failed(&self) -> bool {
        self.audit.starts_with("FAILED")
    }
}

impl Report {
    pub fn new(seed: u64, took: Duration, rows: Vec<Row>) -> Self {
        let passed = !rows.iter().any(Row::failed);
        Self { schema: SCHEMA, seed, passed, seconds: took.as_secs(), rows }
    }

    /// A Markdown table, whose columns also line up as they are.
    pub fn table(&self) -> String {
        let head = [
            "Fault",
            "Injected",
            "Acknowledged",
            "Lost",
            "Duplicated",
            "Double signs",
            "Slowest recovery",
            "Audit",
        ];
        let mut rows = vec![head.map(str::to_owned)];
        rows.extend(self.rows.iter().map(cells));
        let width = |column: usize| rows.iter().map(|row| row[column].len()).max().unwrap_or(0);
        // The last column may hold a long reason.
        let widths: Vec<_> = (0..head.len() - 1).map(width).collect();
        rows.insert(1, std::array::from_fn(|n| "-".repeat(widths.get(n).copied().unwrap_or(5))));
        let mut text = String::new();
        for row in rows {
            for (n, cell) in row.iter().enumerate() {
                let width = widths.get(n).copied().unwrap_or(0);
                let _ = write!(text, "| {cell:width$} ");
            }
            text.push_str("|\n");
        }
        text
    }

    /// Writes the JSON to `path`, and the table beside it.
    pub fn write(&self, path: &Path) -> Result<(), Failure> {
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder).map_err(Failure::at(folder))?;
        }
        let json = serde_json::to_string_pretty(self).map_err(Failure::internal)?;
        fs::write(path, json + "\n").map_err(Failure::at(path))?;
        let table = path.with_extension("md");
        fs::write(&table, self.table()).map_err(Failure::at(&table))
    }
}

fn cells(row: &Row) -> [String; 8] {
    let recovery = row.slowest_recovery_ms.map(|ms| format!("{:.2} s", ms as f64 / 1_000.0));
    // One line, and none of the table's own bars.
    let audit = row.audit.lines().next().unwrap_or_default().replace('|', "/");
    [
        row.fault.clone(),
        row.injected.to_string(),
        row.acknowledged.to_string(),
        row.lost.to_string(),
        row.duplicated.to_string(),
        row.double_signs.to_string(),
        recovery.unwrap_or_default(),
        audit,
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_lines_up_and_keeps_reasons_on_one_line() {
        let mut good = Row::new("kill -9 of one", 3);
        good.recovered_in(Duration::from_millis(1_234));
        good.recovered_in(Duration::from_millis(34));
        good.audit = "pass".to_owned();
        let skipped = Row::skipped("full disk", 1, "no | root\nand more");
        let report = Report::new(7, Duration::from_secs(1), vec![good, skipped]);
        assert!(report.passed);
        assert_eq!(
            report.table(),
            "\
| Fault          | Injected | Acknowledged | Lost | Duplicated | Double signs | Slowest recovery | Audit |
| -------------- | -------- | ------------ | ---- | ---------- | ------------ | ---------------- | ----- |
| kill -9 of one | 0        | 0            | 0    | 0          | 0            | 1.23 s           | pass |
| full disk      | 0        | 0            | 0    | 0          | 0            |                  | skipped: no / root |
"
        );
    }

    #[test]
    fn one_failed_row_fails_the_run() {
        let row = Row { audit: "FAILED: lost".to_owned(), ..Row::new("a", 1) };
        assert!(!Report::new(0, Duration::ZERO, vec![row]).passed);
    }
}
