//! What a command prints: data on standard output, everything else on standard error.

use std::io::{self, IsTerminal, Write};

use serde_json::{Map, Value, json};

use crate::exit::Failure;

pub const SCHEMA: &str = "ballast/v1";

#[derive(Clone, Copy, Debug)]
pub struct Output {
    pub json: bool,
    pub quiet: bool,
    color: bool,
}

impl Output {
    pub fn new(json: bool, quiet: bool) -> Self {
        let forbidden = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        Self { json, quiet, color: !forbidden && !json && io::stdout().is_terminal() }
    }

    /// The command's answer: `data` (an object) for machines, `text` for people.
    pub fn answer(&self, data: Value, text: &str) {
        let line = if self.json { with_schema(data).to_string() } else { text.to_owned() };
        // A reader that has gone away (`| head`) has what it wanted.
        if !Self::line(&line) {
            std::process::exit(0);
        }
    }

    /// One of many answers: a line of NDJSON, or a line of text.
    pub fn item(&self, data: Value, text: &str) {
        self.answer(data, text);
    }

    /// Whether anybody was there to read it.
    fn line(text: &str) -> bool {
        let mut out = io::stdout().lock();
        writeln!(out, "{text}").and_then(|()| out.flush()).is_ok()
    }

    /// How far a command is; silenced by --quiet.
    pub fn progress(&self, text: &str) {
        if !self.quiet {
            self.notice(text);
        }
    }

    /// What must be seen before something happens, --quiet or not. It happens also when whoever read
    /// has gone away (`2>&1 | head`).
    pub fn notice(&self, text: &str) {
        drop(writeln!(io::stderr(), "{text}"));
    }

    pub fn bold(&self, text: &str) -> String {
        if self.color { format!("\x1b[1m{text}\x1b[0m") } else { text.to_owned() }
    }

    pub fn failure(&self, failure: &Failure) {
        if self.json {
            // The exit code says it as well.
            Self::line(&failure_json(failure).to_string());
            return;
        }
        self.notice(&format!("error: {} [{}]", failure.message, failure.reason));
        if let Some(next) = &failure.next {
            self.notice(&format!("next:  {next}"));
        }
    }
}

fn with_schema(data: Value) -> Value {
    let mut object = match data {
        Value::Object(object) => object,
        other => Map::from_iter([("value".to_owned(), other)]),
    };
    object.insert("schema".to_owned(), json!(SCHEMA));
    Value::Object(object)
}

pub fn failure_json(failure: &Failure) -> Value {
    let mut data = with_schema(failure.data.clone().unwrap_or_else(|| json!({})));
    let error = json!({
        "code": failure.exit.code(),
        "reason": failure.reason,
        "message": failure.message,
        "next": failure.next,
    });
    if let Value::Object(object) = &mut data {
        object.insert("error".to_owned(), error);
    }
    data
}

/// Rows of `name: value`, the values below each other.
pub fn fields<N: AsRef<str>>(rows: &[(N, String)]) -> String {
    let width = rows.iter().map(|(name, _)| name.as_ref().len()).max().unwrap_or(0);
    let line = |(name, value): &(N, String)| format!("{:<width$}  {value}", name.as_ref());
    rows.iter().map(line).collect::<Vec<_>>().join("\n")
}

/// A table with a heading; the last column is not padded.
pub fn table(heading: &[&str], rows: &[Vec<String>]) -> String {
    let width = |column: usize| {
        let cells = rows.iter().filter_map(|row| row.get(column)).map(String::len);
        cells.chain(heading.get(column).map(|cell| cell.len())).max().unwrap_or(0)
    };
    let line = |cells: Vec<&str>| {
        let padded = cells.iter().enumerate().map(|(at, cell)| format!("{cell:<0$}", width(at)));
        padded.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    };
    let body = rows.iter().map(|row| line(row.iter().map(String::as_str).collect()));
    std::iter::once(line(heading.to_vec())).chain(body).collect::<Vec<_>>().join("\n")
}

/// Milliseconds since the Unix epoch as RFC 3339, in UTC.
pub fn time(ms: u64) -> String {
    let instant = i64::try_from(ms).ok().and_then(|ms| jiff::Timestamp::from_millisecond(ms).ok());
    instant.map_or_else(|| "never".to_owned(), |instant| format!("{instant:.3}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exit::Exit;

    #[test]
    fn an_error_is_one_object_with_code_reason_and_message() {
        let failure = Failure::new(Exit::Failed, "PAUSED", "stopped")
            .next("later")
            .data(json!({ "tx_id": "ab" }));
        assert_eq!(
            failure_json(&failure),
            json!({
                "schema": "ballast/v1",
                "tx_id": "ab",
                "error": {
                    "code": 5, "reason": "PAUSED", "message": "stopped", "next": "later",
                },
            })
        );
    }

    #[test]
    fn times_are_rfc_3339() {
        assert_eq!(time(0), "1970-01-01T00:00:00.000Z");
        assert_eq!(time(1_700_000_000_123), "2023-11-14T22:13:20.123Z");
        assert_eq!(time(u64::MAX), "never");
    }

    #[test]
    fn columns_line_up() {
        let rows = [vec!["a".to_owned(), "1".to_owned()], vec!["long".to_owned(), "2".to_owned()]];
        assert_eq!(table(&["name", "n"], &rows), "name  n\na     1\nlong  2");
        assert_eq!(fields(&[("a", "1".into()), ("bcd", "2".into())]), "a    1\nbcd  2");
    }
}
