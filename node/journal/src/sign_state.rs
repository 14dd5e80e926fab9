//! What this validator signed last: a record that is on the disk before the signature leaves.
//!
//! # Format
//!
//! Two slots, at offsets 0 and 4096 so that no sector or page holds a part of both. A slot is
//! magic (8) ‖ generation u64 LE (8) ‖ record length u16 LE, 0xFFFF for none (2) ‖ record padded
//! with zeros (256) ‖ BLAKE3 of all before it and of the slot's number (32). [`SignState::create`]
//! writes generations 1 and 0, both without a record. Each save writes the next generation into
//! the slot of the older one, so the newest finished save always survives.
//!
//! # What a damaged slot means
//!
//! A power cut during a save can damage the one slot being written. That save had not returned, so
//! its signature had not left, and the other slot tells the truth. Both damaged cannot come from a
//! power cut: an error. One damaged slot could also be the newest finished save gone bad on the
//! disk; the file alone cannot tell. [`SignState::has_damaged_slot`] says so, and a caller then
//! compares the record with the consensus WAL, which holds the votes of that height.

use std::io;
use std::path::{Path, PathBuf};

use thiserror::Error;

use crate::drive::{Drive, Existing, File as _, Os};

/// The most bytes of a record.
pub const RECORD_BYTES_MAX: usize = 256;

const MAGIC: [u8; 8] = *b"BALSIGN1";
const SLOT_OFFSETS: [u64; 2] = [0, 4096];
const NO_RECORD: u16 = u16::MAX;
const BODY_BYTES: usize = MAGIC.len() + 8 + 2 + RECORD_BYTES_MAX;
const SLOT_BYTES: usize = BODY_BYTES + 32;
const _: () = assert!(SLOT_BYTES <= 512, "a slot fits one sector");
const _: () = assert!(RECORD_BYTES_MAX < NO_RECORD as usize);

#[derive(Debug, Error)]
pub enum SignStateError {
    #[error("there is no sign-state file at {}", path.display())]
    Missing { path: PathBuf },
    #[error("{} exists already and is not overwritten", path.display())]
    Exists { path: PathBuf },
    #[error("both slots of the sign-state file {} are damaged", path.display())]
    Damaged { path: PathBuf },
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
    /// Of the newest finished save.
    generation: u64,
    /// Which slot the next save writes.
    next_slot: usize,
    damaged_slot: bool,
    failed: bool,
}

struct Slot {
    generation: u64,
    record: Option<Vec<u8>>,
}

impl SignState<Os> {
    /// Makes the file, without a record. Done once in a validator's life: a lost file must not
    /// come back as one that has signed nothing.
    pub fn create(path: &Path) -> Result<Self, SignStateError> {
        Self::create_on(&Os, path)
    }

    /// Opens the file and reads the newest record; none if nothing was ever saved. The record is on
    /// the disk when this returns, also when the save that wrote it was cut short: whoever finds
    /// that a message was signed before sends it again without another save.
    pub fn open(path: &Path) -> Result<(Self, Option<Vec<u8>>), SignStateError> {
        Self::open_on(&Os, path)
    }
}

impl<D: Drive> SignState<D> {
    /// As [`SignState::create`], on another drive.
    pub fn create_on(drive: &D, path: &Path) -> Result<Self, SignStateError> {
        let [first, second] = SLOT_OFFSETS;
        let mut bytes = encode_slot(first, 1, None).to_vec();
        bytes.resize(usize::try_from(second).unwrap_or(usize::MAX), 0);
        bytes.extend_from_slice(&encode_slot(second, 0, None));
        let path = path.to_owned();
        match drive.create_whole(&path, &bytes, Existing::Refuse) {
            Ok(file) => Ok(Self {
                file,
                path,
                generation: 1,
                next_slot: 1,
                damaged_slot: false,
                failed: false,
            }),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                Err(SignStateError::Exists { path })
            }
            Err(source) => Err(SignStateError::Io { doing: "create", path, source }),
        }
    }

    /// As [`SignState::open`], on another drive.
    pub fn open_on(drive: &D, path: &Path) -> Result<(Self, Option<Vec<u8>>), SignStateError> {
        let path = path.to_owned();
        let io = |doing, source: io::Error| match source.kind() {
            io::ErrorKind::NotFound => SignStateError::Missing { path: path.clone() },
            _ => SignStateError::Io { doing, path: path.clone(), source },
        };
        let mut file = drive.open(&path).map_err(|source| io("open", source))?;
        let bytes = file.read_all().map_err(|source| io("read", source))?;
        let [first, second] = SLOT_OFFSETS.map(|offset| read_slot(&bytes, offset));
        let damaged_slot = first.is_none() || second.is_none();
        let (newest, next_slot) = match (first, second) {
            (Some(first), Some(second)) if second.generation > first.generation => (second, 0),
            (Some(first), _) => (first, 1),
            (None, Some(second)) => (second, 0),
            (None, None) => return Err(SignStateError::Damaged { path }),
        };
        let generation = newest.generation;
        Ok((Self { file, path, generation, next_slot, damaged_slot, failed: false }, newest.record))
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
            .write_at(&encode_slot(offset, generation, Some(record)), offset)
            .map_err(|source| self.io("write", source))?;
        self.file.sync().map_err(|source| self.io("sync", source))?;
        self.failed = false;
        self.generation = generation;
        self.next_slot = next_slot;
        Ok(())
    }

    fn io(&self, doing: &'static str, source: io::Error) -> SignStateError {
        SignStateError::Io { doing, path: self.path.clone(), source }
    }
}

fn checksum(offset: u64, body: &[u8]) -> [u8; 32] {
    let mut hasher = blake3::Hasher::new_derive_key("ballast v1 sign-state slot");
    hasher.update(&offset.to_le_bytes()).update(body);
    *hasher.finalize().as_bytes()
}

fn encode_slot(offset: u64, generation: u64, record: Option<&[u8]>) -> Vec<u8> {
    let length = match record {
        None => NO_RECORD,
        Some(record) => u16::try_from(record.len()).unwrap_or(NO_RECORD),
    };
    let mut slot = MAGIC.to_vec();
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
    let (generation, rest) = rest.split_first_chunk()?;
    let (length, rest) = rest.split_first_chunk()?;
    let length = u16::from_le_bytes(*length);
    let record = match length {
        NO_RECORD => None,
        _ => Some(rest.get(..usize::from(length))?.to_vec()),
    };
    Some(Slot { generation: u64::from_le_bytes(*generation), record })
}
