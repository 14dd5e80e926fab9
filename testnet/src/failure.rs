//! How a command fails: a message, and the exit code that a script can rely on.

use std::fmt::Display;
use std::path::Path;

use thiserror::Error;

/// The exit codes; they mean the same in `ballast` and `ballast-node`.
pub mod exit {
    pub const INTERNAL: u8 = 1;
    pub const USAGE: u8 = 2;
    pub const NOT_FOUND: u8 = 3;
    /// Committed but failed, or expired.
    pub const FAILED: u8 = 5;
    pub const UNKNOWN: u8 = 6;
    pub const UNREACHABLE: u8 = 7;
    pub const SAFETY: u8 = 9;
    pub const INTERRUPTED: u8 = 130;
}

#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{message}")]
pub struct Failure {
    pub exit: u8,
    pub message: String,
}

impl Failure {
    pub fn new(exit: u8, message: impl Display) -> Self {
        Self { exit, message: message.to_string() }
    }

    pub fn internal(message: impl Display) -> Self {
        Self::new(exit::INTERNAL, message)
    }

    pub fn usage(message: impl Display) -> Self {
        Self::new(exit::USAGE, message)
    }

    pub fn not_found(message: impl Display) -> Self {
        Self::new(exit::NOT_FOUND, message)
    }

    pub fn unreachable(message: impl Display) -> Self {
        Self::new(exit::UNREACHABLE, message)
    }

    pub fn safety(message: impl Display) -> Self {
        Self::new(exit::SAFETY, message)
    }

    /// Names the file that an operation failed on.
    pub fn at(path: &Path) -> impl FnOnce(std::io::Error) -> Self + '_ {
        move |error| Self::internal(format!("{}: {error}", path.display()))
    }
}
