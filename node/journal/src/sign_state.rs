//! What this validator signed last: a record that is on the disk before the signature leaves.
//!
//! # Format
//!
//! Two slots, at offsets 0 and 4096 so that no sector or page holds a part of both. A slot is
//! magic (8) ‖ consensus key (32) ‖ genesis hash (32), zeros until the first start ‖ generation
//! u64 LE (8) ‖ record length u16 LE, 0xFFFF for none (2) ‖ record padded with zeros (256) ‖ BLAKE3
//! of all before it and of the slot's number (32). A new file holds two generations without a
//! record. Each save writes the next generation into the slot of the older one, so the newest
//! finished save always survives. A file of another length is damaged.
//!
//! The file is made with its key, and bound to a chain by the first [`SignState::open`], which
//! replaces it whole; from then on it opens for that key and chain alone.
//!
//! # What a damaged slot means
//!
//! A power cut during a save can damage the one slot being written. That save had not returned, so
//! its signature had not left, and the other slot tells the truth. Both damaged cannot come from a
//! power cut: an error. One damaged slot could also be the newest finished save gone bad on the
//! disk; the file alone cannot tell. [`SignState::has_damaged_slot`] says so. The generation that
//! the database and the log name, and the log's own copy of the message, are the other witnesses.

use std::io;
use std::path::{Path, PathBuf};

use thiserror::Error;

use crate::Owner;
use crate::drive::{Drive, Existing, File as _, Os};

/// The most bytes of a record.
pub const RECORD_BYTES_MAX: usize = 256;

const MAGIC: [u8; 8] = *b"BALSIGN2";
const SLOT_OFFSETS: [u64; 2] = [0, 4096];
const NO_RECORD: u16 = u16::MAX;
const BODY_BYTES: usize = MAGIC.len() + 32 + 32 + 8 + 2 + RECORD_BYTES_MAX;
/// Stands for a chain that is not known yet.
const UNBOUND: [u8; 32] = [0; 32];
const SLOT_BYTES: usize = BODY_BYTES + 32;
const FILE_BYTES: usize = 4096 + SLOT_BYTES;
const _: () = assert!(SLOT_BYTES <= 512, "a slot fits one sector");
const _: () = assert!(RECORD_BYTES_MAX < NO_RECORD as usize);

#[derive(Debug, Error)]
pub enum SignStateError {
    #[error("there is no sign-state file at {}", path.display())]
    Missing { path: PathBuf },
    #[error("{} exists already and is not overwritten", path.display())]
    Exists { path: PathBuf },
    #[error("the sign-state file {} is damaged: {what}", path.display())]
    Damaged { path: PathBuf, what: &'static str },
    #[error("the sign-state file {} is of another {what}", path.display())]
    Foreign { path: PathBuf, what: &'static str },
    #[error("a sign-state record of {size} bytes is over the limit of {RECORD_BYTES_MAX}")]
    TooLong { size: usize },
    #[error("cannot {doing} the sign-state file {}: {source}", path.display())]
    Io { doing: &'static str, path: PathBuf, source: io::Error },
    #[error("an earlier write to the sign-state file {} failed", path.display())]
    Failed { path: PathBuf },
}

/// The open file. Its user holds the folder's [`super::DataLock`].
#[derive(Debug)]
pub struct SignState<D: Drive = Os> {
    file: D::File,
    path: PathBuf,
    owner: Owner,
    /// Of the newest finished save.
    generation: u64,
    /// Which slot the next save writes.
    next_slot: usize,
    damaged_slot: bool,
    failed: bool,
}

struct Slot {
    owner: Owner,
    generation: u64,
    record: Option<Vec<u8>>,
}

/// What a file says of itself, whoever asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Identity {
    pub key: [u8; 32],
    /// None before the first start.
    pub chain: Option<[u8; 32]>,
    pub generation: u64,
}

impl SignState<Os> {
    /// Makes the file of `key`, without a record. Done once in a key's life: a lost file must not
    /// come back as one that has signed nothing.
    pub fn create(path: &Path, key: [u8; 32]) -> Result<Self, SignStateError> {
        Self::create_on(&Os, path, key)
    }

    /// Puts a file of `generation` with `record` in the place of one that is lost or of no use.
    pub fn renew(
        path: &Path,
        owner: Owner,
        generation: u64,
        record: &[u8],
    ) -> Result<Self, SignStateError> {
        Self::renew_on(&Os, path, owner, generation, record)
    }

    /// Opens the file and reads the newest record; none if nothing was ever saved. The record is on
    /// the disk when this returns, also when the save that wrote it was cut short: whoever finds
    /// that a message was signed before sends it again without another save.
    pub fn open(path: &Path, owner: &Owner) -> Result<(Self, Option<Vec<u8>>), SignStateError> {
        Self::open_on(&Os, path, owner)
    }

    /// Reads whose file it is.
    pub fn identify(path: &Path) -> Result<Identity, SignStateError> {
        let bytes = std::fs::read(path).map_err(|source| io_error("read", path, source))?;
        let Read { newest, .. } = read(path, &bytes)?;
        let Owner { key, chain } = newest.owner;
        let chain = (chain != UNBOUND).then_some(chain);
        Ok(Identity { key, chain, generation: newest.generation })
    }
}

impl<D: Drive> SignState<D> {
    /// As [`SignState::create`], on another drive.
    pub fn create_on(drive: &D, path: &Path, key: [u8; 32]) -> Result<Self, SignStateError> {
        let owner = Owner { key, chain: UNBOUND };
        Self::write_whole(drive, path, owner, 1, None, Existing::Refuse)
    }

    /// As [`SignState::renew`], on another drive.
    pub fn renew_on(
        drive: &D,
        path: &Path,
        owner: Owner,
        generation: u64,
        record: &[u8],
    ) -> Result<Self, SignStateError> {
        if record.len() > RECORD_BYTES_MAX {
            return Err(SignStateError::TooLong { size: record.len() });
        }
        Self::write_whole(drive, path, owner, generation, Some(record), Existing::Replace)
    }

    fn write_whole(
        drive: &D,
        path: &Path,
        owner: Owner,
        generation: u64,
        record: Option<&[u8]>,
        existing: Existing,
    ) -> Result<Self, SignStateError> {
        let [first, second] = SLOT_OFFSETS;
        let before = generation.saturating_sub(1);
        let mut bytes = encode_slot(first, &owner, generation, record);
        bytes.resize(usize::try_from(second).unwrap_or(usize::MAX), 0);
        bytes.extend_from_slice(&encode_slot(second, &owner, before, record));
        match drive.create_whole(path, &bytes, existing) {
            Ok(file) => Ok(Self {
                file,
                path: path.to_owned(),
                owner,
                generation,
                next_slot: 1,
                damaged_slot: false,
                failed: false,
            }),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                Err(SignStateError::Exists { path: path.to_owned() })
            }
            Err(source) => Err(io_error("create", path, source)),
        }
    }

    /// As [`SignState::open`], on another drive.
    pub fn open_on(
        drive: &D,
        path: &Path,
        owner: &Owner,
    ) -> Result<(Self, Option<Vec<u8>>), SignStateError> {
        let mut file = drive.open(path).map_err(|source| io_error("open", path, source))?;
        let bytes = file.read_all().map_err(|source| io_error("read", path, source))?;
        let Read { newest, next_slot, damaged_slot } = read(path, &bytes)?;
        let foreign = |what| SignStateError::Foreign { path: path.to_owned(), what };
        let Slot { owner: found, generation, record } = newest;
        if found.key != owner.key {
            return Err(foreign("key"));
        }
        if found.chain == UNBOUND {
            let (record, next) = (record, generation.saturating_add(1));
            let bound =
                Self::write_whole(drive, path, *owner, next, record.as_deref(), Existing::Replace)?;
            return Ok((bound, record));
        }
        if found.chain != owner.chain {
            return Err(foreign("chain"));
        }
        let path = path.to_owned();
        let state =
            Self { file, path, owner: found, generation, next_slot, damaged_slot, failed: false };
        Ok((state, record))
    }

    /// Whether [`Self::open`] found one of the two slots damaged.
    pub const fn has_damaged_slot(&self) -> bool {
        self.damaged_slot
    }

    /// How many saves came before, counting the creation.
    pub const fn generation(&self) -> u64 {
        self.generation
    }

    /// Makes `record` the newest. It is on the disk when this returns.
    pub fn save(&mut self, record: &[u8]) -> Result<(), SignStateError> {
        if self.failed {
            return Err(SignStateError::Failed { path: self.path.clone() });
        }
        if record.len() > RECORD_BYTES_MAX {
            return Err(SignStateError::TooLong { size: record.len() });
        }
        // 2^64 saves do not happen; an overflow would stop here, before the write.
        let generation = self.generation.saturating_add(1);
        let [first, second] = SLOT_OFFSETS;
        let (offset, next_slot) = if self.next_slot == 0 { (first, 1) } else { (second, 0) };
        self.failed = true;
        self.file
            .write_at(&encode_slot(offset, &self.owner, generation, Some(record)), offset)
            .map_err(|source| self.io("write", source))?;
        self.file.sync().map_err(|source| self.io("sync", source))?;
        self.failed = false;
        self.generation = generation;
        self.next_slot = next_slot;
        Ok(())
    }

    fn io(&self, doing: &'static str, source: io::Error) -> SignStateError {
        io_error(doing, &self.path, source)
    }
}

fn io_error(doing: &'static str, path: &Path, source: io::Error) -> SignStateError {
    let path = path.to_owned();
    match source.kind() {
        io::ErrorKind::NotFound => SignStateError::Missing { path },
        _ => SignStateError::Io { doing, path, source },
    }
}

/// The newest finished save of a file.
struct Read {
    newest: Slot,
    next_slot: usize,
    damaged_slot: bool,
}

fn read(path: &Path, bytes: &[u8]) -> Result<Read, SignStateError> {
    let damaged = |what| SignStateError::Damaged { path: path.to_owned(), what };
    if bytes.len() != FILE_BYTES {
        return Err(damaged("its length is not that of a sign-state"));
    }
    let [first, second] = SLOT_OFFSETS.map(|offset| read_slot(bytes, offset));
    let damaged_slot = first.is_none() || second.is_none();
    let (newest, next_slot) = match (first, second) {
        (Some(first), Some(second)) if second.generation > first.generation => (second, 0),
        (Some(first), _) => (first, 1),
        (None, Some(second)) => (second, 0),
        (None, None) => return Err(damaged("neither of its slots is whole")),
    };
    Ok(Read { newest, next_slot, damaged_slot })
}

fn checksum(offset: u64, body: &[u8]) -> [u8; 32] {
    let mut hasher = blake3::Hasher::new_derive_key("ballast v1 sign-state slot");
    hasher.update(&offset.to_le_bytes()).update(body);
    *hasher.finalize().as_bytes()
}

fn encode_slot(offset: u64, owner: &Owner, generation: u64, record: Option<&[u8]>) -> Vec<u8> {
    let length = match record {
        None => NO_RECORD,
        Some(record) => u16::try_from(record.len()).unwrap_or(NO_RECORD),
    };
    let mut slot = MAGIC.to_vec();
    slot.extend_from_slice(&owner.key);
    slot.extend_from_slice(&owner.chain);
    slot.extend_from_slice(&generation.to_le_bytes());
    slot.extend_from_slice(&length.to_le_bytes());
    slot.extend_from_slice(record.unwrap_or_default());
    slot.resize(BODY_BYTES, 0);
    let checksum = checksum(offset, &slot);
    slot.extend_from_slice(&checksum);
    slot
}

/// None for a slot that is damaged or cut short.
fn read_slot(file: &[u8], offset: u64) -> Option<Slot> {
    let bytes = file.get(usize::try_from(offset).ok()?..)?.get(..SLOT_BYTES)?;
    let (body, sum) = bytes.split_at_checked(BODY_BYTES)?;
    if sum != checksum(offset, body) {
        return None;
    }
    let rest = body.strip_prefix(&MAGIC)?;
    let (key, rest) = rest.split_first_chunk()?;
    let (chain, rest) = rest.split_first_chunk()?;
    let owner = Owner { key: *key, chain: *chain };
    let (generation, rest) = rest.split_first_chunk()?;
    let (length, rest) = rest.split_first_chunk()?;
    let length = u16::from_le_bytes(*length);
    let record = match length {
        NO_RECORD => None,
        _ => Some(rest.get(..usize::from(length))?.to_vec()),
    };
    Some(Slot { owner, generation: u64::from_le_bytes(*generation), record })
}
