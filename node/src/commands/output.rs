//! Answers on standard output: lines for people, or one JSON object.

use std::io::{self, Write};

use serde_json::{Value, json};

#[derive(Clone, Copy)]
pub struct Output {
    pub json: bool,
}

impl Output {
    /// One answer in both of its forms.
    pub fn answer(self, text: &str, object: Value) {
        if self.json { self.object(object) } else { line(text) }
    }

    /// An object under the schema that all our JSON carries.
    pub fn object(self, mut object: Value) {
        if let Some(fields) = object.as_object_mut() {
            fields.insert("schema".to_owned(), json!("ballast/v1"));
        }
        line(&object.to_string());
    }
}

/// A closed pipe, as behind `| head`, is no failure of ours.
fn line(text: &str) {
    let _ = writeln!(io::stdout().lock(), "{}", text.trim_end());
}
