//! What a report says, as people write it: TOML or JSON with decimal dollars, short names and
//! files in place of digests. The supply and the checkpoint are the chain's to say.

use std::path::{Path, PathBuf};

use ballast_proto::{Wire, v1};
use ballast_runtime::object::ReportBody;
use serde_json::{Map, Value, json};

use crate::cli::digest;
use crate::exit::Failure;
use crate::message;
use crate::offline::{malformed, read_value};

/// What the checkpoint decides.
const OF_CHECKPOINT: [&str; 2] = ["as_of_height", "stated_outstanding"];

/// A file with what its writer states.
pub struct Stated {
    path: PathBuf,
    fields: Map<String, Value>,
}

impl Stated {
    pub fn read(path: &Path) -> Result<Self, Failure> {
        match read_value(path)? {
            Value::Object(fields) => Ok(Self { path: path.to_owned(), fields }),
            _ => Err(malformed(path, "it holds no report")),
        }
    }

    /// The checkpoint it names; none for the newest.
    pub fn as_of(&self) -> Result<Option<u64>, Failure> {
        let text = self.fields.get("as_of").map(|value| value.as_str().unwrap_or_default());
        text.map(message::read_time)
            .transpose()
            .map_err(|problem| malformed(&self.path, &format!("as_of: {problem}")))
    }

    /// The report as of a checkpoint.
    pub fn report(self, wire: &Wire, point: &v1::SupplyPoint) -> Result<ReportBody, Failure> {
        let Self { path, mut fields } = self;
        for name in OF_CHECKPOINT {
            if fields.remove(name).is_some() {
                let problem =
                    format!("{name}: is not to be stated, it follows from the checkpoint");
                return Err(malformed(&path, &problem));
            }
        }
        fields.remove("as_of");
        for name in ["scope", "document"] {
            let text = fields.get(name).and_then(Value::as_str).unwrap_or_default();
            let read =
                digest(text).map_err(|problem| malformed(&path, &format!("{name}: {problem}")));
            fields.insert(name.to_owned(), json!(read?.to_string()));
        }
        let is_period = fields.get("kind").and_then(Value::as_str) == Some("period");
        if !is_period {
            fields.entry("kind").or_insert_with(|| json!("point-in-time"));
            fields.insert("period_start_ms".to_owned(), json!(point.at_ms));
        }
        fields.insert("as_of_ms".to_owned(), json!(point.at_ms));
        fields.insert("as_of_height".to_owned(), json!(point.height));
        let outstanding = json!(point.total_micros);
        fields.insert("stated_outstanding_micros".to_owned(), outstanding);
        let shown: v1::ReportBody = message::read("ReportBody", &Value::Object(fields))
            .map_err(|problem| malformed(&path, &problem))?;
        wire.read("report", &shown).map_err(|error| malformed(&path, &error.to_string()))
    }
}

#[cfg(test)]
mod tests {
    use ballast_primitives::Network;
    use ballast_runtime::object::{Category, Opinion, ReportKind};

    use super::*;

    const TOML: &str = r#"
        scope = "0000000000000000000000000000000000000000000000000000000000000001"
        standard = "AICPA AT-C 205"
        assurance = "examination"
        opinion = "unmodified"
        document = "0000000000000000000000000000000000000000000000000000000000000002"
        uri = "https://example.com/report.pdf"
        [[lines]]
        category = "demand-deposit"
        custodian = "Example Bank"
        country = "US"
        face = "12.50"
        amortised = "12.50"
        market = "12.499999"
        segregated = true
    "#;

    fn report(text: &str) -> Result<ReportBody, Failure> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("report.toml");
        std::fs::write(&path, text).unwrap();
        let point = v1::SupplyPoint {
            at_ms: 5_000,
            height: 3,
            total_micros: "7000000".to_owned(),
            ..Default::default()
        };
        Stated::read(&path)?.report(&Wire::new(Network::Dev), &point)
    }

    #[test]
    fn a_file_with_dollars_and_short_names_is_a_report_as_of_a_checkpoint() {
        let body = report(TOML).unwrap();
        assert_eq!((body.as_of, body.period_start, body.as_of_height), (5_000, 5_000, 3));
        assert_eq!((body.stated_outstanding, body.kind), (7_000_000, ReportKind::PointInTime));
        assert_eq!((body.opinion, body.lines.len()), (Opinion::Unmodified, 1));
        let line = &body.lines[0];
        assert_eq!((line.category, line.country), (Category::DemandDeposit, *b"US"));
        assert_eq!((line.face, line.market, line.encumbered), (12_500_000, 12_499_999, 0));
    }

    #[test]
    fn what_is_misspelt_or_not_to_be_stated_is_named() {
        for (text, word) in [
            (TOML.replace("standard", "standrad"), "standrad"),
            (TOML.replace("unmodified", "fine"), "UNMODIFIED"),
            (TOML.replace("\"12.499999\"", "12.499999"), "market"),
            (format!("stated_outstanding = \"1\"\n{TOML}"), "stated_outstanding"),
            (TOML.replace("scope = \"00", "scope = \"zz"), "scope"),
        ] {
            let message = report(&text).unwrap_err().message;
            assert!(message.contains(word), "{message}");
        }
    }
}
