//! Where a passphrase comes from: a terminal, a descriptor or a file. Never the command line,
//! which every user of the machine can read.

use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;

use thiserror::Error;
use zeroize::Zeroizing;

const BYTES_MAX: u64 = 4_096;

/// A passphrase, wiped when dropped. No `Debug`.
#[derive(Clone)]
pub struct Passphrase(Zeroizing<Vec<u8>>);

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PassphraseSource {
    /// Asks on the controlling terminal.
    Terminal,
    /// Reads an open descriptor to its end.
    Descriptor(u32),
    /// Reads a file that others may not read, such as a service manager's credential.
    File(PathBuf),
}

#[derive(Debug, Error)]
pub enum PassphraseError {
    #[error(
        "no terminal to ask for the {what} on ({error}); use --passphrase-file or --passphrase-fd"
    )]
    NoTerminal { what: String, error: io::Error },
    #[error("cannot read the passphrase from {place}: {error}")]
    Io { place: String, error: io::Error },
    #[error("{} can be read by everyone (mode {mode:04o})", path.display())]
    Mode { path: PathBuf, mode: u32 },
    #[error("the passphrase from {0} is empty")]
    Empty(String),
    #[error("the passphrase from {0} is longer than {BYTES_MAX} bytes")]
    TooLong(String),
    #[error("the two passphrases differ")]
    Differ,
}

impl Passphrase {
    pub fn new(bytes: Vec<u8>) -> Self {
        Self(Zeroizing::new(bytes))
    }

    pub(super) fn expose(&self) -> &[u8] {
        &self.0
    }
}

impl PassphraseSource {
    /// Reads the passphrase; `what` tells a person which.
    pub fn read(&self, what: &str) -> Result<Passphrase, PassphraseError> {
        match self {
            Self::Terminal => ask(what),
            Self::Descriptor(number) => {
                let place = format!("descriptor {number}");
                let file = File::open(format!("/dev/fd/{number}"));
                read_whole(file, place)
            }
            Self::File(path) => {
                let place = path.display().to_string();
                let io_error = |error| PassphraseError::Io { place: place.clone(), error };
                let file = File::open(path).map_err(io_error)?;
                let mode = file.metadata().map_err(io_error)?.mode() & 0o7777;
                // The group may read: service managers pass credentials so.
                if mode & 0o007 != 0 {
                    return Err(PassphraseError::Mode { path: path.clone(), mode });
                }
                read_whole(Ok(file), place)
            }
        }
    }

    /// As [`Self::read`], for a new passphrase: a person types it twice.
    pub fn read_new(&self, what: &str) -> Result<Passphrase, PassphraseError> {
        let first = self.read(what)?;
        if *self == Self::Terminal
            && self.read(&format!("{what}, again"))?.expose() != first.expose()
        {
            return Err(PassphraseError::Differ);
        }
        Ok(first)
    }
}

fn ask(what: &str) -> Result<Passphrase, PassphraseError> {
    let text = rpassword::prompt_password(format!("{what}: "))
        .map_err(|error| PassphraseError::NoTerminal { what: what.to_owned(), error })?;
    not_empty(Passphrase::new(text.into_bytes()), "the terminal".to_owned())
}

/// Everything up to the end, without one final line break.
fn read_whole(file: io::Result<File>, place: String) -> Result<Passphrase, PassphraseError> {
    let io_error = |error| PassphraseError::Io { place: place.clone(), error };
    let mut bytes = Zeroizing::new(Vec::with_capacity(BYTES_MAX as usize + 1));
    file.and_then(|file| file.take(BYTES_MAX + 1).read_to_end(&mut bytes)).map_err(io_error)?;
    if bytes.len() as u64 > BYTES_MAX {
        return Err(PassphraseError::TooLong(place));
    }
    for end in [b'\n', b'\r'] {
        if bytes.last() == Some(&end) {
            bytes.pop();
        }
    }
    not_empty(Passphrase(bytes), place)
}

fn not_empty(passphrase: Passphrase, place: String) -> Result<Passphrase, PassphraseError> {
    if passphrase.expose().is_empty() { Err(PassphraseError::Empty(place)) } else { Ok(passphrase) }
}
