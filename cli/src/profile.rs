//! Profiles: named sets of global options, in `config.toml` beside the keys.
//!
//! ```toml
//! [profiles.main]
//! endpoint = ["https://validator-1.example:7301", "https://validator-2.example:7301"]
//! chain = "the genesis hash: any other chain is refused"
//! from = "alice"
//! ca_file = "/etc/ballast/ca.pem"
//! ask_above = "500.00"
//! ```

use std::path::{Path, PathBuf};

use toml::{Table, Value};

use crate::context::Globals;
use crate::exit::Failure;
use crate::keystore::Keystore;

const FILE: &str = "config.toml";

impl Globals {
    /// These options, where they are not given taken from the profile that they name.
    pub fn with_profile(self) -> Result<Self, Failure> {
        let Some(name) = self.profile.clone() else { return Ok(self) };
        let path = Keystore::open_default()?.home().join(FILE);
        let profile = read(&path, &name)?;
        self.filled(profile, &name).map_err(|problem| {
            Failure::config(format!("{}: profile {name}: {problem}", path.display()))
        })
    }

    fn filled(mut self, profile: Table, name: &str) -> Result<Self, String> {
        for (key, value) in profile {
            match key.as_str() {
                "endpoint" if !self.endpoint.is_empty() => drop(texts(&key, value)?),
                "endpoint" => self.endpoint = texts(&key, value)?,
                "chain" => {
                    let text = text(&key, value)?;
                    let hash = crate::cli::hash(&text).map_err(|why| format!("{key}: {why}"))?;
                    self.chain.get_or_insert(hash);
                }
                "from" => fill(&mut self.from, text(&key, value)?),
                "ask_above" => {
                    let read = crate::cli::amount(&text(&key, value)?);
                    fill(&mut self.ask_above, read.map_err(|why| format!("{key}: {why}"))?);
                }
                "sender" => fill(&mut self.sender, text(&key, value)?),
                "ca_file" => fill(&mut self.ca_file, PathBuf::from(text(&key, value)?)),
                "client_cert" => fill(&mut self.client_cert, PathBuf::from(text(&key, value)?)),
                "client_key" => fill(&mut self.client_key, PathBuf::from(text(&key, value)?)),
                "passphrase_file" if self.passphrase_fd.is_some() => drop(text(&key, value)?),
                "passphrase_file" => {
                    fill(&mut self.passphrase_file, PathBuf::from(text(&key, value)?));
                }
                _ => return Err(format!("{key}: there is no such option in a profile ({name})")),
            }
        }
        Ok(self)
    }
}

fn fill<T>(option: &mut Option<T>, value: T) {
    option.get_or_insert(value);
}

fn text(key: &str, value: Value) -> Result<String, String> {
    match value {
        Value::String(text) => Ok(text),
        _ => Err(format!("{key}: is no text")),
    }
}

/// One text, or a list of them.
fn texts(key: &str, value: Value) -> Result<Vec<String>, String> {
    match value {
        Value::Array(values) => values.into_iter().map(|value| text(key, value)).collect(),
        value => Ok(vec![text(key, value)?]),
    }
}

fn read(path: &Path, name: &str) -> Result<Table, Failure> {
    let show = path.display();
    let file = std::fs::read_to_string(path).map_err(|error| {
        Failure::config(format!("{show}: {error}"))
            .next(format!("write the profile there: [profiles.{name}]"))
    })?;
    let table: Table =
        toml::from_str(&file).map_err(|error| Failure::config(format!("{show}: {error}")))?;
    let profiles = table.get("profiles").and_then(Value::as_table);
    let profile = profiles.and_then(|all| all.get(name)).and_then(Value::as_table);
    profile.cloned().ok_or_else(|| {
        let known: Vec<_> = profiles.into_iter().flat_map(Table::keys).cloned().collect();
        Failure::config(format!("{show} has no profile {name}"))
            .next(format!("choose one of: {}", known.join(", ")))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filled(globals: Globals, profile: &str) -> Result<Globals, String> {
        globals.filled(toml::from_str(profile).unwrap(), "main")
    }

    #[test]
    fn a_profile_fills_what_is_not_given() {
        let profile = "endpoint = [\"http://a\", \"http://b\"]\nfrom = \"alice\"\nsender = \"x\"\n\
                       ask_above = \"12.5\"\n";
        let filled = |globals| filled(globals, profile).unwrap();
        let empty = filled(Globals::default());
        assert_eq!(empty.endpoint, ["http://a", "http://b"]);
        assert_eq!((empty.from.as_deref(), empty.sender.as_deref()), (Some("alice"), Some("x")));
        assert_eq!(empty.ask_above, Some(12_500_000));
        let given = Globals {
            endpoint: vec!["http://c".to_owned()],
            from: Some("bob".to_owned()),
            ..Globals::default()
        };
        let kept = filled(given);
        assert_eq!(
            (kept.endpoint, kept.from),
            (vec!["http://c".to_owned()], Some("bob".to_owned()))
        );
    }

    #[test]
    fn an_unknown_key_and_a_wrong_value_are_errors() {
        for profile in [
            "endpoints = \"x\"",
            "from = 1",
            "chain = \"ab\"",
            "endpoint = [1]",
            "ask_above = 500",
            "ask_above = \"5e2\"",
        ] {
            assert!(filled(Globals::default(), profile).is_err(), "{profile}");
        }
    }
}
