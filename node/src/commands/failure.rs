//! How a command fails: a message, and the exit code that a script can rely on.

use std::process::ExitCode;

use crate::config::ConfigError;
use crate::keyfile::{KeyFileError, PassphraseError};
use crate::logging::LoggingError;
use crate::operator::client::AskError;
use crate::setup::exit;

use super::output::Output;

#[derive(Debug)]
pub struct Failure {
    exit: u8,
    message: String,
}

impl Failure {
    pub fn new(exit: u8, message: impl ToString) -> Self {
        Self { exit, message: message.to_string() }
    }

    pub fn internal(message: impl ToString) -> Self {
        Self::new(exit::INTERNAL, message)
    }

    pub fn config(message: impl ToString) -> Self {
        Self::new(exit::CONFIG, message)
    }

    pub fn safety(message: impl ToString) -> Self {
        Self::new(exit::SAFETY, message)
    }

    pub const fn exit(&self) -> u8 {
        self.exit
    }

    pub fn message(&self) -> &str {
        &self.message
    }

    /// Says it where whoever asked will look.
    pub fn report(self, json: bool) -> ExitCode {
        if json {
            let error = serde_json::json!({ "message": self.message, "exit_code": self.exit });
            Output { json }.object(serde_json::json!({ "error": error }));
        } else {
            eprintln!("ballast-node: {}", self.message);
        }
        ExitCode::from(self.exit)
    }
}

impl From<ConfigError> for Failure {
    fn from(error: ConfigError) -> Self {
        Self::config(error)
    }
}

impl From<LoggingError> for Failure {
    fn from(error: LoggingError) -> Self {
        Self::config(error)
    }
}

impl From<PassphraseError> for Failure {
    fn from(error: PassphraseError) -> Self {
        Self::config(error)
    }
}

impl From<KeyFileError> for Failure {
    fn from(error: KeyFileError) -> Self {
        let exit = match error {
            KeyFileError::Exists(_) | KeyFileError::Mode { .. } | KeyFileError::Plaintext(_) => {
                exit::SAFETY
            }
            KeyFileError::Random(_) => exit::INTERNAL,
            _ => exit::CONFIG,
        };
        Self::new(exit, error)
    }
}

impl From<AskError> for Failure {
    fn from(error: AskError) -> Self {
        Self::new(exit::UNREACHABLE, error)
    }
}
