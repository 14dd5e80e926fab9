//! Laying file, environment and flags over the defaults.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

use toml::{Table, Value};

use super::settings::{SECTIONS, SETTINGS, Setting, value_of};
use super::{Config, ConfigError};

/// Where a value came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    Default,
    File(PathBuf),
    Variable(String),
    Flag(String),
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::File(path) => write!(f, "{}", path.display()),
            Self::Variable(name) => f.write_str(name),
            Self::Flag(flag) => f.write_str(flag),
        }
    }
}

/// A configuration and the origin of each of its values.
#[derive(Clone, Debug)]
pub struct Loaded {
    pub config: Config,
    origins: BTreeMap<String, Origin>,
}

impl Loaded {
    /// The layers in their order. `flags` are `SECTION.NAME=VALUE`.
    pub fn new(
        file: Option<&Path>,
        environment: impl IntoIterator<Item = (String, String)>,
        flags: &[String],
    ) -> Result<Self, ConfigError> {
        let mut layers = Layers::default();
        if let Some(path) = file {
            layers.file(path)?;
        }
        layers.environment(environment)?;
        layers.flags(flags)?;
        let loaded = Self { config: layers.config, origins: layers.origins };
        loaded.check()?;
        Ok(loaded)
    }

    pub fn origin(&self, key: &str) -> Origin {
        self.origins.get(key).cloned().unwrap_or(Origin::Default)
    }

    /// Every setting with its value, none for one that is not set, and its origin.
    pub fn values(&self) -> Vec<(&'static Setting, Option<Value>, Origin)> {
        let table = self.config.to_table();
        let row = |setting: &'static Setting| {
            (setting, value_of(&table, setting).cloned(), self.origin(&setting.key()))
        };
        SETTINGS.iter().map(row).collect()
    }
}

#[derive(Default)]
struct Layers {
    config: Config,
    origins: BTreeMap<String, Origin>,
}

impl Layers {
    fn file(&mut self, path: &Path) -> Result<(), ConfigError> {
        let origin = Origin::File(path.to_owned());
        let text = std::fs::read_to_string(path).map_err(|error| ConfigError::Unreadable {
            origin: origin.clone(),
            why: error.to_string(),
        })?;
        let table: Table = text.parse().map_err(|error: toml::de::Error| ConfigError::Syntax {
            origin: origin.clone(),
            why: error.to_string().trim_end().to_owned(),
        })?;
        for (section, values) in table {
            let known = SECTIONS.iter().any(|(name, _)| *name == section);
            let Some(values) = values.as_table().filter(|_| known) else {
                return Err(unknown(&origin, section));
            };
            for (name, value) in values {
                let key = format!("{section}.{name}");
                let setting = find(&key).ok_or_else(|| unknown(&origin, key))?;
                self.set(setting, value.clone(), &origin)?;
            }
        }
        Ok(())
    }

    /// Only variables named like a section's are ours: `BALLAST_HOME` or `BALLAST_ENDPOINT`
    /// belong to others.
    fn environment(
        &mut self,
        variables: impl IntoIterator<Item = (String, String)>,
    ) -> Result<(), ConfigError> {
        let of_section = |name: &str| {
            let prefix = |section: &str| format!("BALLAST_{}_", section.to_uppercase());
            SECTIONS.iter().any(|(section, _)| name.starts_with(&prefix(section)))
        };
        for (name, text) in variables.into_iter().filter(|(name, _)| of_section(name)) {
            let origin = Origin::Variable(name.clone());
            let setting = SETTINGS.iter().find(|setting| setting.variable() == name);
            let setting = setting.ok_or_else(|| unknown(&origin, name))?;
            self.set_text(setting, &text, &origin)?;
        }
        Ok(())
    }

    fn flags(&mut self, flags: &[String]) -> Result<(), ConfigError> {
        for flag in flags {
            let origin = Origin::Flag(format!("--set {flag}"));
            let (key, text) = flag.split_once('=').ok_or_else(|| ConfigError::BadValue {
                origin: origin.clone(),
                key: flag.clone(),
                why: "expected SECTION.NAME=VALUE".to_owned(),
            })?;
            let setting = find(key).ok_or_else(|| unknown(&origin, key.to_owned()))?;
            self.set_text(setting, text, &origin)?;
        }
        Ok(())
    }

    /// Sets one value from a variable or a flag: a string as it stands, anything else as TOML.
    fn set_text(
        &mut self,
        setting: &Setting,
        text: &str,
        origin: &Origin,
    ) -> Result<(), ConfigError> {
        let defaults = Config::default().to_table();
        let value = match value_of(&defaults, setting) {
            Some(Value::Integer(_)) => {
                text.trim().replace('_', "").parse().map(Value::Integer).ok()
            }
            Some(Value::Array(_)) => match setting.name {
                "observers" => pairs(text, ':', ["key", "consensus_key"]),
                _ => pairs(text, '@', ["key", "address"]),
            },
            _ => Some(Value::String(text.to_owned())),
        };
        let value = value.ok_or_else(|| bad(origin, setting, format!("cannot read \"{text}\"")))?;
        self.set(setting, value, origin)
    }

    fn set(&mut self, setting: &Setting, value: Value, origin: &Origin) -> Result<(), ConfigError> {
        let mut table = self.config.to_table();
        if let Some(section) = table.get_mut(setting.section).and_then(Value::as_table_mut) {
            section.insert(setting.name.to_owned(), value);
        }
        self.config = table.try_into().map_err(|error: toml::de::Error| {
            let message = error.message().to_owned();
            bad(origin, setting, message)
        })?;
        self.origins.insert(setting.key(), origin.clone());
        Ok(())
    }
}

/// `KEY@ADDRESS,KEY@ADDRESS` as the list it stands for: entries of two fields.
fn pairs(text: &str, between: char, names: [&str; 2]) -> Option<Value> {
    let pair = |entry: &str| {
        let (first, second) = entry.trim().split_once(between)?;
        let fields = names.into_iter().zip([first, second]);
        let value = |(name, text): (&str, &str)| (name.to_owned(), Value::String(text.to_owned()));
        Some(Value::Table(fields.map(value).collect()))
    };
    let entries = text.split(',').filter(|entry| !entry.trim().is_empty());
    entries.map(pair).collect::<Option<Vec<_>>>().map(Value::Array)
}

fn find(key: &str) -> Option<&'static Setting> {
    SETTINGS.iter().find(|setting| setting.key() == key)
}

fn bad(origin: &Origin, setting: &Setting, why: String) -> ConfigError {
    ConfigError::BadValue { origin: origin.clone(), key: setting.key(), why }
}

fn unknown(origin: &Origin, key: String) -> ConfigError {
    let name = key.rsplit('.').next().unwrap_or(&key).to_lowercase();
    let close = |setting: &&Setting| shared_start(setting.name, &name) * 2 > setting.name.len();
    let best =
        SETTINGS.iter().filter(close).max_by_key(|setting| shared_start(setting.name, &name));
    let nearest = best.map(|setting| setting.name);
    ConfigError::UnknownKey { origin: origin.clone(), key, nearest }
}

fn shared_start(a: &str, b: &str) -> usize {
    a.bytes().zip(b.bytes()).take_while(|(a, b)| a == b).count()
}
