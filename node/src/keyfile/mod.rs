//! Secret keys on disk: one line of text in a file that only its owner may read.
//!
//! ```text
//! ballast-key-v1 plaintext <secret>
//! ballast-key-v1 argon2id m=65536,t=3,p=1 <salt> <nonce> <ciphertext>
//! ```
//!
//! All values are hex. The encrypted form is ChaCha20-Poly1305 under Argon2id of the passphrase,
//! with everything before the nonce as associated data. Plaintext is for dev chains: a key that
//! guards anything is encrypted.
//!
//! What this module promises: a file that others can read is refused, a file that exists is never
//! overwritten, secrets are wiped from memory when dropped, and no message contains one.

mod passphrase;

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use argon2::{Algorithm, Argon2, Params, Version};
use ballast_primitives::SecretKey;
use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{ChaCha20Poly1305, Key, Nonce};
use rand::TryRng;
use rand::rngs::SysRng;
use thiserror::Error;
use zeroize::Zeroizing;

pub use passphrase::{Passphrase, PassphraseError, PassphraseSource};

const MAGIC: &str = "ballast-key-v1";
/// A key file is far smaller; more is not a key file.
const FILE_BYTES_MAX: u64 = 1_024;
const SALT_BYTES: usize = 16;
const NONCE_BYTES: usize = 12;
/// A secret and its tag.
const CIPHERTEXT_BYTES: usize = 32 + 16;

/// Cost of Argon2id. Read from the file, so bounded there: a file must not be able to take all
/// memory or run for ever.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cost {
    pub memory_kib: u32,
    pub passes: u32,
    pub lanes: u32,
}

impl Cost {
    /// 64 MiB and three passes: a few hundred milliseconds.
    pub const DEFAULT: Self = Self { memory_kib: 64 * 1024, passes: 3, lanes: 1 };
    const MAX: Self = Self { memory_kib: 1024 * 1024, passes: 16, lanes: 4 };

    const fn is_acceptable(self) -> bool {
        self.memory_kib <= Self::MAX.memory_kib
            && self.passes <= Self::MAX.passes
            && self.lanes <= Self::MAX.lanes
    }

    fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split(',');
        let mut part = |name: &str| parts.next()?.strip_prefix(name)?.parse().ok();
        let cost = Self { memory_kib: part("m=")?, passes: part("t=")?, lanes: part("p=")? };
        (parts.next().is_none() && cost.is_acceptable()).then_some(cost)
    }

    fn text(self) -> String {
        format!("m={},t={},p={}", self.memory_kib, self.passes, self.lanes)
    }
}

#[derive(Debug, Error)]
pub enum KeyFileError {
    #[error("{}: {error}", path.display())]
    Io { path: PathBuf, error: io::Error },
    #[error("{} exists; a key is never overwritten", .0.display())]
    Exists(PathBuf),
    #[error("{} can be read by others (mode {mode:04o}); run: chmod 600 {}", path.display(), path.display())]
    Mode { path: PathBuf, mode: u32 },
    #[error("{} is not a key file", .0.display())]
    Malformed(PathBuf),
    #[error("{} holds a plaintext key; this is allowed only on a dev chain", .0.display())]
    Plaintext(PathBuf),
    #[error("{} is encrypted and needs its passphrase", .0.display())]
    NeedsPassphrase(PathBuf),
    #[error("{}: the passphrase is wrong, or the file is damaged", .0.display())]
    WrongPassphrase(PathBuf),
    #[error("no randomness from the system: {0}")]
    Random(String),
    #[error("the passphrase cannot be used")]
    Derivation,
    #[error(transparent)]
    Passphrase(#[from] PassphraseError),
}

/// A key file's content before its passphrase is known.
pub struct KeyFile {
    path: PathBuf,
    content: Content,
}

enum Content {
    Plaintext(SecretKey),
    Encrypted(Box<Sealed>),
}

struct Sealed {
    cost: Cost,
    salt: [u8; SALT_BYTES],
    nonce: [u8; NONCE_BYTES],
    ciphertext: [u8; CIPHERTEXT_BYTES],
}

impl KeyFile {
    /// Reads and checks a key file: its mode, its size, its form.
    pub fn read(path: &Path) -> Result<Self, KeyFileError> {
        let io_error = |error| KeyFileError::Io { path: path.to_owned(), error };
        let file = File::open(path).map_err(io_error)?;
        check_mode(path, &file)?;
        let mut text = Zeroizing::new(String::with_capacity(FILE_BYTES_MAX as usize));
        file.take(FILE_BYTES_MAX).read_to_string(&mut text).map_err(io_error)?;
        let content = parse(&text).ok_or_else(|| KeyFileError::Malformed(path.to_owned()))?;
        Ok(Self { path: path.to_owned(), content })
    }

    pub const fn is_encrypted(&self) -> bool {
        matches!(self.content, Content::Encrypted(_))
    }

    /// The key. `passphrase` counts only when the file is encrypted, `plaintext_allowed` only
    /// when it is not.
    pub fn open(
        self,
        plaintext_allowed: bool,
        passphrase: Option<&Passphrase>,
    ) -> Result<SecretKey, KeyFileError> {
        match (self.content, passphrase) {
            (Content::Plaintext(key), _) if plaintext_allowed => Ok(key),
            (Content::Plaintext(_), _) => Err(KeyFileError::Plaintext(self.path)),
            (Content::Encrypted(_), None) => Err(KeyFileError::NeedsPassphrase(self.path)),
            (Content::Encrypted(sealed), Some(passphrase)) => {
                sealed.open(passphrase)?.ok_or(KeyFileError::WrongPassphrase(self.path))
            }
        }
    }
}

impl Sealed {
    fn new(key: &SecretKey, passphrase: &Passphrase, cost: Cost) -> Result<Self, KeyFileError> {
        let mut salt = [0; SALT_BYTES];
        let mut nonce = [0; NONCE_BYTES];
        random(&mut salt)?;
        random(&mut nonce)?;
        let mut sealed = Self { cost, salt, nonce, ciphertext: [0; CIPHERTEXT_BYTES] };
        let associated = sealed.associated();
        let payload = Payload { msg: key.expose(), aad: associated.as_bytes() };
        let ciphertext = sealed
            .cipher(passphrase)?
            .encrypt(&Nonce::from(nonce), payload)
            .ok()
            .and_then(|bytes| bytes.try_into().ok());
        sealed.ciphertext = ciphertext.ok_or(KeyFileError::Derivation)?;
        Ok(sealed)
    }

    /// None when the passphrase is not the one, or when any byte was changed.
    fn open(&self, passphrase: &Passphrase) -> Result<Option<SecretKey>, KeyFileError> {
        let associated = self.associated();
        let payload = Payload { msg: &self.ciphertext, aad: associated.as_bytes() };
        let Ok(secret) = self.cipher(passphrase)?.decrypt(&Nonce::from(self.nonce), payload) else {
            return Ok(None);
        };
        let secret = Zeroizing::new(secret);
        Ok(<[u8; 32]>::try_from(secret.as_slice()).ok().map(SecretKey::from_seed))
    }

    fn cipher(&self, passphrase: &Passphrase) -> Result<ChaCha20Poly1305, KeyFileError> {
        let Cost { memory_kib, passes, lanes } = self.cost;
        let params =
            Params::new(memory_kib, passes, lanes, None).map_err(|_| KeyFileError::Derivation)?;
        let mut derived = Zeroizing::new([0; 32]);
        Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
            .hash_password_into(passphrase.expose(), &self.salt, derived.as_mut_slice())
            .map_err(|_| KeyFileError::Derivation)?;
        Ok(ChaCha20Poly1305::new(&Key::from(*derived)))
    }

    fn associated(&self) -> String {
        format!("{MAGIC} argon2id {} {}", self.cost.text(), const_hex::encode(self.salt))
    }

    fn line(&self) -> String {
        let (nonce, ciphertext) =
            (const_hex::encode(self.nonce), const_hex::encode(self.ciphertext));
        format!("{} {nonce} {ciphertext}\n", self.associated())
    }
}

/// Writes `key` encrypted into a new file.
pub fn write_encrypted(
    path: &Path,
    key: &SecretKey,
    passphrase: &Passphrase,
) -> Result<(), KeyFileError> {
    write_sealed(path, key, passphrase, Cost::DEFAULT)
}

fn write_sealed(
    path: &Path,
    key: &SecretKey,
    passphrase: &Passphrase,
    cost: Cost,
) -> Result<(), KeyFileError> {
    // Before the slow derivation; the write itself refuses too.
    if path.exists() {
        return Err(KeyFileError::Exists(path.to_owned()));
    }
    write_new(path, &Sealed::new(key, passphrase, cost)?.line())
}

/// Writes `key` as it is into a new file, for a dev chain.
pub fn write_plaintext(path: &Path, key: &SecretKey) -> Result<(), KeyFileError> {
    let secret = Zeroizing::new(const_hex::encode(key.expose()));
    let line = Zeroizing::new(format!("{MAGIC} plaintext {}\n", *secret));
    write_new(path, &line)
}

/// A fresh key from the system's randomness.
pub fn generate() -> Result<SecretKey, KeyFileError> {
    let mut seed = Zeroizing::new([0; 32]);
    random(seed.as_mut_slice())?;
    Ok(SecretKey::from_seed(*seed))
}

fn random(bytes: &mut [u8]) -> Result<(), KeyFileError> {
    SysRng.try_fill_bytes(bytes).map_err(|error| KeyFileError::Random(error.to_string()))
}

fn check_mode(path: &Path, file: &File) -> Result<(), KeyFileError> {
    let metadata =
        file.metadata().map_err(|error| KeyFileError::Io { path: path.to_owned(), error })?;
    if !metadata.is_file() {
        return Err(KeyFileError::Malformed(path.to_owned()));
    }
    let mode = metadata.mode() & 0o7777;
    // 0600, or the stricter 0400.
    if mode & !0o600 != 0 {
        return Err(KeyFileError::Mode { path: path.to_owned(), mode });
    }
    Ok(())
}

/// Writes a file that did not exist, and returns when it will survive a power cut.
fn write_new(path: &Path, text: &str) -> Result<(), KeyFileError> {
    let io_error = |error: io::Error| match error.kind() {
        io::ErrorKind::AlreadyExists => KeyFileError::Exists(path.to_owned()),
        _ => KeyFileError::Io { path: path.to_owned(), error },
    };
    let mut file =
        OpenOptions::new().write(true).create_new(true).mode(0o600).open(path).map_err(io_error)?;
    file.write_all(text.as_bytes()).and_then(|()| file.sync_all()).map_err(io_error)?;
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    File::open(folder.unwrap_or(Path::new("."))).and_then(|dir| dir.sync_all()).map_err(io_error)
}

fn parse(text: &str) -> Option<Content> {
    let line = text.strip_suffix('\n').unwrap_or(text);
    let words: Vec<_> = line.split(' ').collect();
    match words.as_slice() {
        [MAGIC, "plaintext", secret] => {
            let seed = Zeroizing::new(exact::<32>(secret)?);
            Some(Content::Plaintext(SecretKey::from_seed(*seed)))
        }
        [MAGIC, "argon2id", cost, salt, nonce, ciphertext] => {
            let cost = Cost::parse(cost)?;
            let (salt, nonce, ciphertext) = (exact(salt)?, exact(nonce)?, exact(ciphertext)?);
            Some(Content::Encrypted(Box::new(Sealed { cost, salt, nonce, ciphertext })))
        }
        _ => None,
    }
}

fn exact<const N: usize>(hex: &str) -> Option<[u8; N]> {
    // `0x` would be a second way to write the same bytes.
    if hex.len() != 2 * N {
        return None;
    }
    const_hex::decode_to_array(hex).ok()
}

#[cfg(test)]
mod tests;
