//! Keys on disk: `NAME.key`, one encrypted line that only its owner may read, and `NAME.pub`, its
//! public key, so that addresses can be shown without a passphrase.
//!
//! ```text
//! ballast-key-v1 argon2id m=65536,t=3,p=1 <salt> <nonce> <ciphertext>
//! ```
//!
//! The form is that of `ballast-node`: ChaCha20-Poly1305 under Argon2id of the passphrase, with
//! everything before the nonce as associated data, all values hex. A key is never overwritten, a
//! file that others may read is refused, and no message contains a secret.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, IsTerminal, Read, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use argon2::{Algorithm, Argon2, Params, Version};
use ballast_primitives::{Address, KeyPolicy, PublicKey, SecretKey};
use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{ChaCha20Poly1305, Key, Nonce};
use rand::TryRng;
use rand::rngs::SysRng;
use zeroize::Zeroizing;

use crate::exit::{Exit, Failure};

const MAGIC: &str = "ballast-key-v1";
const FILE_BYTES_MAX: u64 = 4_096;
const NAME_BYTES_MAX: usize = 64;

/// Cost of Argon2id. Read from the file, so bounded there: a file must not be able to take all
/// memory or run for ever.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cost {
    memory_kib: u32,
    passes: u32,
    lanes: u32,
}

impl Cost {
    /// 64 MiB and three passes: a few hundred milliseconds.
    pub const DEFAULT: Self = Self { memory_kib: 64 * 1024, passes: 3, lanes: 1 };
    const MAX: Self = Self { memory_kib: 1024 * 1024, passes: 16, lanes: 4 };

    fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split(',');
        let mut part = |name: &str| parts.next()?.strip_prefix(name)?.parse().ok();
        let cost = Self { memory_kib: part("m=")?, passes: part("t=")?, lanes: part("p=")? };
        let acceptable = cost.memory_kib <= Self::MAX.memory_kib
            && cost.passes <= Self::MAX.passes
            && cost.lanes <= Self::MAX.lanes;
        (parts.next().is_none() && acceptable).then_some(cost)
    }

    fn text(self) -> String {
        format!("m={},t={},p={}", self.memory_kib, self.passes, self.lanes)
    }
}

/// Where a passphrase comes from. Never the command line, which every user of the machine can
/// read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PassphraseSource {
    Terminal,
    /// Nothing may be asked.
    Nowhere,
    Descriptor(u32),
    File(PathBuf),
}

/// A key's public side.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    pub name: String,
    pub public: PublicKey,
}

impl Entry {
    pub fn address(&self) -> Address {
        Address::of(&KeyPolicy::Single(self.public))
    }
}

pub struct Keystore {
    home: PathBuf,
    cost: Cost,
}

impl Keystore {
    /// `$BALLAST_HOME`, else `~/.config/ballast`.
    pub fn open_default() -> Result<Self, Failure> {
        let set = |name| std::env::var_os(name).filter(|value| !value.is_empty());
        let home = set("BALLAST_HOME").map(PathBuf::from);
        let config = || set("XDG_CONFIG_HOME").map(|folder| Path::new(&folder).join("ballast"));
        let user = || set("HOME").map(|folder| Path::new(&folder).join(".config/ballast"));
        let home = home.or_else(config).or_else(user);
        let home = home.ok_or_else(|| {
            Failure::config("there is no home folder to keep keys in").next("set BALLAST_HOME")
        })?;
        Ok(Self::at(home))
    }

    pub const fn at(home: PathBuf) -> Self {
        Self { home, cost: Cost::DEFAULT }
    }

    pub fn home(&self) -> &Path {
        &self.home
    }

    fn folder(&self) -> PathBuf {
        self.home.join("keys")
    }

    pub fn key_path(&self, name: &str) -> PathBuf {
        self.folder().join(format!("{name}.key"))
    }

    fn public_path(&self, name: &str) -> PathBuf {
        self.folder().join(format!("{name}.pub"))
    }

    /// Stores a key under a new name.
    pub fn store(&self, name: &str, key: &SecretKey, passphrase: &[u8]) -> Result<Entry, Failure> {
        self.check_free(name)?;
        let line = seal(key, passphrase, self.cost)?;
        self.write(name, &line, key.public())
    }

    /// Before anything slow is done, or asked of a person.
    pub fn check_free(&self, name: &str) -> Result<(), Failure> {
        check_name(name)?;
        let path = self.key_path(name);
        if path.exists() {
            let message = format!(
                "the key \"{name}\" exists ({}); a key is never overwritten",
                path.display()
            );
            return Err(Failure::safety("KEY_EXISTS", message).next("choose another name"));
        }
        Ok(())
    }

    /// Stores a key that is encrypted already; `public` was found by opening it.
    pub fn write(&self, name: &str, line: &str, public: PublicKey) -> Result<Entry, Failure> {
        self.check_free(name)?;
        let folder = self.folder();
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(&folder)
            .map_err(|error| Failure::file(&folder, &error))?;
        write_new(&self.key_path(name), &format!("{}\n", line.trim_end()))?;
        // A leftover without its key guards nothing.
        drop(fs::remove_file(self.public_path(name)));
        write_new(&self.public_path(name), &format!("{public}\n"))?;
        Ok(Entry { name: name.to_owned(), public })
    }

    /// All keys, by name.
    pub fn list(&self) -> Result<Vec<Entry>, Failure> {
        let folder = self.folder();
        let entries = match fs::read_dir(&folder) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(Failure::file(&folder, &error)),
        };
        let names = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
        let mut names: Vec<_> =
            names.filter_map(|file| file.strip_suffix(".key").map(str::to_owned)).collect();
        names.sort_unstable();
        names.iter().map(|name| self.find(name)).collect()
    }

    /// A key's public side.
    pub fn find(&self, name: &str) -> Result<Entry, Failure> {
        check_name(name)?;
        if !self.key_path(name).exists() {
            let message = format!("there is no key \"{name}\" in {}", self.folder().display());
            return Err(Failure::new(Exit::NotFound, "KEY_NOT_FOUND", message)
                .next("see `ballast key list`, or make it with `ballast key new NAME`"));
        }
        let path = self.public_path(name);
        let text = fs::read_to_string(&path).map_err(|error| Failure::file(&path, &error))?;
        let public = text.trim().parse().map_err(|_| damaged(&path))?;
        Ok(Entry { name: name.to_owned(), public })
    }

    /// The encrypted line.
    pub fn line(&self, name: &str) -> Result<Zeroizing<String>, Failure> {
        self.find(name)?;
        read_private(&self.key_path(name))
    }

    /// The secret key.
    pub fn unlock(&self, name: &str, passphrase: &[u8]) -> Result<SecretKey, Failure> {
        let entry = self.find(name)?;
        let path = self.key_path(name);
        let key = unseal(&read_private(&path)?, passphrase).map_err(|error| error.at(&path))?;
        if key.public() != entry.public {
            let path = self.public_path(name);
            let message = format!("{} is not the public key of {name}.key", path.display());
            return Err(Failure::safety("KEY_MISMATCH", message)
                .next("find out who changed it; nothing was signed"));
        }
        Ok(key)
    }

    /// The key that signs when none is named.
    pub fn default_name(&self) -> Option<String> {
        let text = fs::read_to_string(self.home.join("default-key")).ok()?;
        Some(text.trim().to_owned()).filter(|name| check_name(name).is_ok())
    }

    pub fn set_default(&self, name: &str) -> Result<(), Failure> {
        self.find(name)?;
        let path = self.home.join("default-key");
        fs::write(&path, format!("{name}\n")).map_err(|error| Failure::file(&path, &error))
    }
}

/// A fresh key from the system's randomness.
pub fn generate() -> Result<SecretKey, Failure> {
    let mut seed = Zeroizing::new([0; 32]);
    random(seed.as_mut_slice())?;
    Ok(SecretKey::from_seed(*seed))
}

fn check_name(name: &str) -> Result<(), Failure> {
    let good = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    let first = name.bytes().next().is_some_and(|byte| byte.is_ascii_alphanumeric());
    if first && name.len() <= NAME_BYTES_MAX && name.bytes().all(good) {
        return Ok(());
    }
    Err(Failure::usage(format!(
        "\"{name}\" is not a key's name: letters, digits, '-', '_' and '.', at most {NAME_BYTES_MAX}"
    )))
}

/// Why an encrypted key did not open.
#[derive(Debug, PartialEq, Eq)]
pub enum UnsealError {
    Malformed,
    WrongPassphrase,
}

impl UnsealError {
    pub fn at(self, path: &Path) -> Failure {
        match self {
            Self::Malformed => damaged(path),
            Self::WrongPassphrase => {
                let message =
                    format!("{}: the passphrase is wrong, or the file is damaged", path.display());
                Failure::new(Exit::Permission, "WRONG_PASSPHRASE", message).next("try again")
            }
        }
    }
}

fn damaged(path: &Path) -> Failure {
    Failure::config(format!("{} is not a Ballast key file", path.display()))
}

/// Encrypts a key into one line.
fn seal(key: &SecretKey, passphrase: &[u8], cost: Cost) -> Result<String, Failure> {
    let (mut salt, mut nonce) = ([0; 16], [0; 12]);
    random(&mut salt)?;
    random(&mut nonce)?;
    let associated = format!("{MAGIC} argon2id {} {}", cost.text(), const_hex::encode(salt));
    let unusable = || Failure::new(Exit::Internal, "INTERNAL", "the key cannot be encrypted");
    let payload = Payload { msg: key.expose(), aad: associated.as_bytes() };
    let ciphertext = cipher(passphrase, &salt, cost)
        .and_then(|cipher| cipher.encrypt(&Nonce::from(nonce), payload).ok())
        .ok_or_else(unusable)?;
    Ok(format!("{associated} {} {}", const_hex::encode(nonce), const_hex::encode(ciphertext)))
}

/// Opens an encrypted line.
pub fn unseal(line: &str, passphrase: &[u8]) -> Result<SecretKey, UnsealError> {
    let words: Vec<_> = line.strip_suffix('\n').unwrap_or(line).split(' ').collect();
    let [MAGIC, "argon2id", cost, salt, nonce, ciphertext] = words.as_slice() else {
        return Err(UnsealError::Malformed);
    };
    let malformed = UnsealError::Malformed;
    let associated = format!("{MAGIC} argon2id {cost} {salt}");
    let cost = Cost::parse(cost).ok_or(malformed)?;
    let salt: [u8; 16] = exact(salt)?;
    let nonce: [u8; 12] = exact(nonce)?;
    let ciphertext: [u8; 48] = exact(ciphertext)?;
    let cipher = cipher(passphrase, &salt, cost).ok_or(UnsealError::Malformed)?;
    let payload = Payload { msg: &ciphertext, aad: associated.as_bytes() };
    let secret = cipher
        .decrypt(&Nonce::from(nonce), payload)
        .map(Zeroizing::new)
        .map_err(|_| UnsealError::WrongPassphrase)?;
    let seed = <[u8; 32]>::try_from(secret.as_slice()).map_err(|_| UnsealError::Malformed)?;
    Ok(SecretKey::from_seed(seed))
}

fn exact<const N: usize>(hex: &str) -> Result<[u8; N], UnsealError> {
    // Neither `0x` nor capitals: one key, one line.
    if hex.len() != 2 * N || hex.bytes().any(|byte| byte.is_ascii_uppercase()) {
        return Err(UnsealError::Malformed);
    }
    const_hex::decode_to_array(hex).map_err(|_| UnsealError::Malformed)
}

fn cipher(passphrase: &[u8], salt: &[u8], cost: Cost) -> Option<ChaCha20Poly1305> {
    let params = Params::new(cost.memory_kib, cost.passes, cost.lanes, None).ok()?;
    let mut derived = Zeroizing::new([0; 32]);
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
        .hash_password_into(passphrase, salt, derived.as_mut_slice())
        .ok()?;
    Some(ChaCha20Poly1305::new(&Key::from(*derived)))
}

pub fn random(bytes: &mut [u8]) -> Result<(), Failure> {
    let failure = |error| {
        Failure::new(Exit::Internal, "INTERNAL", format!("no randomness from the system: {error}"))
    };
    SysRng.try_fill_bytes(bytes).map_err(failure)
}

/// Writes a file that did not exist, readable by its owner alone.
pub fn write_new(path: &Path, text: &str) -> Result<(), Failure> {
    let open = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path);
    open.and_then(|mut file| file.write_all(text.as_bytes()).and_then(|()| file.sync_all()))
        .map_err(|error| Failure::file(path, &error))
}

/// Reads a small file that only its owner may read.
pub fn read_private(path: &Path) -> Result<Zeroizing<String>, Failure> {
    let io_error = |error| Failure::file(path, &error);
    let file = File::open(path).map_err(io_error)?;
    let mode = file.metadata().map_err(io_error)?.mode() & 0o7777;
    // 0600, or the stricter 0400.
    if mode & !0o600 != 0 {
        let path = path.display();
        let message = format!("{path} can be read or changed by others (mode {mode:04o})");
        return Err(Failure::new(Exit::Permission, "KEY_FILE_MODE", message)
            .next(format!("chmod 600 {path}")));
    }
    let mut text = Zeroizing::new(String::with_capacity(FILE_BYTES_MAX as usize));
    file.take(FILE_BYTES_MAX).read_to_string(&mut text).map_err(io_error)?;
    Ok(text)
}

impl PassphraseSource {
    /// Reads the passphrase; `what` tells a person which.
    pub fn read(&self, what: &str) -> Result<Zeroizing<Vec<u8>>, Failure> {
        let passphrase = match self {
            Self::Terminal if io::stderr().is_terminal() || io::stdin().is_terminal() => {
                rpassword::prompt_password(format!("{what}: "))
                    .map(|text| Zeroizing::new(text.into_bytes()))
                    .map_err(|_| no_terminal(what))?
            }
            Self::Terminal | Self::Nowhere => return Err(no_terminal(what)),
            Self::Descriptor(number) => read_whole(Path::new(&format!("/dev/fd/{number}")))?,
            Self::File(path) => read_whole(path)?,
        };
        if passphrase.is_empty() {
            return Err(Failure::usage(format!("the {what} is empty")));
        }
        Ok(passphrase)
    }

    /// As [`Self::read`], for a new passphrase: a person types it twice.
    pub fn read_new(&self, what: &str) -> Result<Zeroizing<Vec<u8>>, Failure> {
        let first = self.read(what)?;
        if *self == Self::Terminal && *self.read(&format!("{what}, again"))? != *first {
            return Err(Failure::usage("the two passphrases differ"));
        }
        Ok(first)
    }
}

fn no_terminal(what: &str) -> Failure {
    Failure::usage(format!("there is no terminal to ask for the {what} on"))
        .next("use --passphrase-file FILE or --passphrase-fd N")
}

/// Everything up to the end, without one final line break.
fn read_whole(path: &Path) -> Result<Zeroizing<Vec<u8>>, Failure> {
    let io_error = |error| Failure::file(path, &error);
    let mut bytes = Zeroizing::new(Vec::with_capacity(FILE_BYTES_MAX as usize));
    let file = File::open(path).map_err(io_error)?;
    let mode = file.metadata().map_err(io_error)?.mode() & 0o7777;
    let is_file = file.metadata().map_err(io_error)?.is_file();
    if is_file && mode & 0o007 != 0 {
        let message = format!("{} can be read by everyone (mode {mode:04o})", path.display());
        return Err(Failure::new(Exit::Permission, "PASSPHRASE_FILE_MODE", message));
    }
    file.take(FILE_BYTES_MAX).read_to_end(&mut bytes).map_err(io_error)?;
    for end in [b'\n', b'\r'] {
        if bytes.last() == Some(&end) {
            bytes.pop();
        }
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    const CHEAP: Cost = Cost { memory_kib: 64, passes: 1, lanes: 1 };

    fn store() -> (tempfile::TempDir, Keystore) {
        let folder = tempfile::tempdir().unwrap();
        let home = folder.path().join("home");
        (folder, Keystore { home, cost: CHEAP })
    }

    fn key() -> SecretKey {
        SecretKey::dev("keystore", "key")
    }

    #[test]
    fn a_key_comes_back_with_its_passphrase_and_with_no_other() {
        let (_folder, store) = store();
        let entry = store.store("alice", &key(), b"right").unwrap();
        assert_eq!(entry.public, key().public());
        assert_eq!(store.list().unwrap(), [entry]);
        assert_eq!(store.unlock("alice", b"right").ok().unwrap().public(), key().public());
        let failure = store.unlock("alice", b"wrong").err().unwrap();
        assert_eq!((failure.reason.as_str(), failure.exit), ("WRONG_PASSPHRASE", Exit::Permission));
        let failure = store.unlock("bob", b"right").err().unwrap();
        assert_eq!((failure.reason.as_str(), failure.exit), ("KEY_NOT_FOUND", Exit::NotFound));
    }

    #[test]
    fn a_key_is_never_overwritten() {
        let (_folder, store) = store();
        store.store("alice", &key(), b"right").unwrap();
        let before = store.line("alice").unwrap();
        let failure = store.store("alice", &generate().unwrap(), b"other").unwrap_err();
        assert_eq!((failure.reason.as_str(), failure.exit), ("KEY_EXISTS", Exit::Safety));
        assert_eq!(store.line("alice").unwrap(), before);
    }

    #[test]
    fn key_files_are_made_0600_and_refused_when_others_may_read_them() {
        let (_folder, store) = store();
        store.store("alice", &key(), b"right").unwrap();
        let path = store.key_path("alice");
        assert_eq!(fs::metadata(&path).unwrap().mode() & 0o7777, 0o600);
        for mode in [0o640, 0o604, 0o644, 0o700, 0o660] {
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
            let failure = store.unlock("alice", b"right").err().unwrap();
            assert_eq!(failure.reason, "KEY_FILE_MODE", "{mode:o}");
            assert_eq!(failure.exit, Exit::Permission);
        }
        fs::set_permissions(&path, fs::Permissions::from_mode(0o400)).unwrap();
        assert!(store.unlock("alice", b"right").is_ok());
    }

    #[test]
    fn every_changed_character_of_a_key_file_is_noticed() {
        let line = seal(&key(), b"right", CHEAP).unwrap();
        for at in 0..line.len() {
            let mut damaged = line.clone().into_bytes();
            damaged[at] = if damaged[at] == b'1' { b'2' } else { b'1' };
            let damaged = String::from_utf8(damaged).unwrap();
            assert!(unseal(&damaged, b"right").is_err(), "character {at}");
        }
        assert!(unseal(&line, b"right").is_ok());
    }

    #[test]
    fn a_public_key_that_was_changed_is_noticed_before_anything_is_signed() {
        let (_folder, store) = store();
        store.store("alice", &key(), b"right").unwrap();
        let other = SecretKey::dev("keystore", "other").public();
        fs::write(store.public_path("alice"), other.to_string()).unwrap();
        assert_eq!(store.unlock("alice", b"right").err().unwrap().reason, "KEY_MISMATCH");
    }

    #[test]
    fn names_stay_inside_the_folder() {
        for name in ["", ".", "..", "../x", "a/b", "-x", "a b", "ä"] {
            assert!(check_name(name).is_err(), "{name}");
        }
        for name in ["a", "alice-2", "a.b_c", "9"] {
            assert!(check_name(name).is_ok(), "{name}");
        }
    }

    #[test]
    fn a_passphrase_file_loses_one_line_break_and_must_be_private() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("pass");
        write_new(&path, "secret \n").unwrap();
        let source = PassphraseSource::File(path.clone());
        assert_eq!(source.read("passphrase").unwrap().as_slice(), b"secret ");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
        assert_eq!(source.read("passphrase").unwrap_err().reason, "PASSPHRASE_FILE_MODE");
        let nowhere = PassphraseSource::Nowhere.read("passphrase").unwrap_err();
        assert_eq!(nowhere.exit, Exit::Usage);
    }

    #[test]
    fn a_default_key_is_one_that_exists() {
        let (_folder, store) = store();
        assert_eq!(store.default_name(), None);
        assert!(store.set_default("alice").is_err());
        store.store("alice", &key(), b"right").unwrap();
        store.set_default("alice").unwrap();
        assert_eq!(store.default_name().as_deref(), Some("alice"));
    }
}
