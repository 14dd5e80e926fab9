//! `config show` and `config default`.

use crate::config::{Config, Loaded};
use serde_json::{Map, Value, json};

use super::{Failure, Output};
use crate::cli::ConfigCommand;

pub fn run(command: &ConfigCommand, output: Output) -> Result<u8, Failure> {
    match command {
        ConfigCommand::Default => {
            let text = Config::default_toml();
            output.answer(&text, json!({ "toml": text }));
        }
        ConfigCommand::Show { home, origin } => show(&home.load()?, *origin, output),
    }
    Ok(0)
}

fn show(loaded: &Loaded, with_origin: bool, output: Output) {
    let mut text = String::new();
    let mut object = Map::new();
    for (setting, value, origin) in loaded.values() {
        let key = setting.key();
        let shown = value.as_ref().map_or_else(|| "(not set)".to_owned(), ToString::to_string);
        let source = if with_origin { format!("  # {origin}") } else { String::new() };
        text.push_str(&format!("{key} = {shown}{source}\n"));
        let value = serde_json::to_value(&value).unwrap_or(Value::Null);
        let entry = if with_origin {
            json!({ "value": value, "origin": origin.to_string() })
        } else {
            value
        };
        object.insert(key, entry);
    }
    output.answer(&text, json!({ "config": object }));
}
