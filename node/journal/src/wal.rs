//! The write-ahead log of consensus: the inputs of the one height under way.
//!
//! # Contract
//!
//! [`Wal::append`] buffers; [`Wal::sync`] writes all that was appended since the last one as one
//! frame and returns when it is on the disk; only then may what rests on it leave. [`Wal::reset`]
//! begins a later height, when the one before is durable elsewhere; what was appended for the old
//! height and not synced is forgotten. [`Wal::open`] gives back the entries of the newest height
//! that has any, in order, and they are on the disk then: also those whose sync a kill cut short.
//!
//! A log has an [`Owner`], and opens for no other. Each frame names the sign-state's generation when
//! it was synced, which is before what it covers was signed.
//!
//! # Heights share the file
//!
//! A reset writes nothing: the next frame says that it is the first of the new height, and follows
//! the last frame of the old. So there is no moment at which entries of one height could be read
//! as another's, and none at which a synced entry of the height under way is not there. The file
//! is filled with zeros ahead of the frames, so that a sync only overwrites (no growing file, no
//! file-system journal); a reset that finds it full replaces it by a fresh one, whole.
//!
//! # Torn tail or damage?
//!
//! Each frame has a checksum over its head and its place in the file, under a key of the file's
//! own, so that it can be judged without those before it. A frame is begun only after the sync of
//! the one before has returned. Therefore, where frames stop being good:
//!
//! - if the head of another frame is good at any later offset, the bad frame had been synced, and
//!   what it covers may have left: [`WalError::Corrupt`], with the offset of the bad frame. So is a
//!   bad file header, for the header is synced before the file has its name;
//! - if not, the bad bytes are a sync that did not return, nothing rests on them, and they are cut:
//!   overwritten by zeros, synced, and counted in [`WalContents::cut_bytes`]. A frame is kept whole
//!   or cut whole: the pages of one write reach the disk in any order.
//!
//! What cannot be told apart is the last frame torn by a power cut and the last frame gone bad
//! later. The sign-state is the second witness for it.

use std::io;
use std::path::{Path, PathBuf};

use rand::TryRng as _;
use rand::rngs::SysRng;
use thiserror::Error;

use crate::Owner;
use crate::drive::{Drive, Existing, File as _, Os};
use crate::frame::{self, FRAME_HEAD_BYTES, Key, Place, Scan};

/// The most bytes of an entry.
pub const ENTRY_BYTES_MAX: usize = 8 * 1024 * 1024;
/// A frame is written before it would be larger than this.
const FRAME_BYTES_MAX: usize = 4 * ENTRY_BYTES_MAX;

#[derive(Debug, Error)]
pub enum WalError {
    #[error("the consensus WAL {} is damaged at offset {offset}, before its tail", path.display())]
    Corrupt { path: PathBuf, offset: u64 },
    #[error("the consensus WAL {} is of another validator or another chain", path.display())]
    Foreign { path: PathBuf },
    #[error("a WAL entry of {size} bytes is over the limit of {ENTRY_BYTES_MAX}")]
    TooLong { size: usize },
    #[error("the consensus WAL {} is at height {current} and cannot begin {asked}", path.display())]
    NotAbove { path: PathBuf, current: u64, asked: u64 },
    #[error("cannot {doing} the consensus WAL {}: {source}", path.display())]
    Io { doing: &'static str, path: PathBuf, source: io::Error },
    #[error("an earlier write to the consensus WAL {} failed", path.display())]
    Failed { path: PathBuf },
}

/// Sizes. The default suits a node.
#[derive(Clone, Copy, Debug)]
pub struct WalOptions {
    /// A reset replaces the file once its frames take more than this.
    pub file_bytes: usize,
}

impl Default for WalOptions {
    fn default() -> Self {
        Self { file_bytes: 8 * 1024 * 1024 }
    }
}

/// What [`Wal::open`] found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WalContents {
    /// The height of the entries; 0 in a new file.
    pub height: u64,
    pub entries: Vec<Vec<u8>>,
    /// The sign-state's when the newest frame was synced.
    pub generation: u64,
    /// Bytes of an unsynced tail that were cut.
    pub cut_bytes: u64,
    /// There was no file. Unless the validator is new, its WAL is lost.
    pub created: bool,
}

/// The open log. Its user holds the folder's [`super::DataLock`].
pub struct Wal<D: Drive = Os> {
    drive: D,
    file: D::File,
    path: PathBuf,
    options: WalOptions,
    key: Key,
    owner: Owner,
    generation: u64,
    height: u64,
    next_number: u32,
    /// Entries since the last sync.
    body: Vec<u8>,
    /// Where the next frame begins.
    end: usize,
    /// The size of the file; zeros from `end` on.
    size: usize,
    failed: bool,
}

impl Wal<Os> {
    /// Opens the log, or makes an empty one at height 0.
    pub fn open(path: &Path, owner: &Owner) -> Result<(Self, WalContents), WalError> {
        Self::open_with(path, owner, WalOptions::default())
    }

    pub fn open_with(
        path: &Path,
        owner: &Owner,
        options: WalOptions,
    ) -> Result<(Self, WalContents), WalError> {
        Self::open_on(Os, path, owner, options)
    }
}

impl<D: Drive> Wal<D> {
    /// As [`Wal::open_with`], on another drive.
    pub fn open_on(
        drive: D,
        path: &Path,
        owner: &Owner,
        options: WalOptions,
    ) -> Result<(Self, WalContents), WalError> {
        match drive.open(path) {
            Ok(file) => Self::read(drive, file, path, owner, options),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let wal = Self::create(drive, path, *owner, options, (0, 0), Existing::Refuse)?;
                let (entries, cut_bytes) = (Vec::new(), 0);
                let contents =
                    WalContents { height: 0, entries, generation: 0, cut_bytes, created: true };
                Ok((wal, contents))
            }
            Err(source) => Err(io_error("open", path, source)),
        }
    }

    fn create(
        drive: D,
        path: &Path,
        owner: Owner,
        options: WalOptions,
        (height, generation): (u64, u64),
        existing: Existing,
    ) -> Result<Self, WalError> {
        let mut key = Key([0; 32]);
        SysRng
            .try_fill_bytes(&mut key.0)
            .map_err(|error| io_error("make a key for", path, io::Error::other(error)))?;
        let mut bytes = frame::encode_header(&key, &owner, height, generation);
        let end = bytes.len();
        bytes.resize(end.max(options.file_bytes), 0);
        let file = drive
            .create_whole(path, &bytes, existing)
            .map_err(|source| io_error("create", path, source))?;
        Ok(Self {
            drive,
            file,
            path: path.to_owned(),
            options,
            key,
            owner,
            generation,
            height,
            next_number: 0,
            body: Vec::new(),
            end,
            size: bytes.len(),
            failed: false,
        })
    }

    fn read(
        drive: D,
        mut file: D::File,
        path: &Path,
        owner: &Owner,
        options: WalOptions,
    ) -> Result<(Self, WalContents), WalError> {
        let bytes = file.read_all().map_err(|source| io_error("read", path, source))?;
        let scan = frame::scan(&bytes).map_err(|corrupt| WalError::Corrupt {
            path: path.to_owned(),
            offset: corrupt.offset as u64,
        })?;
        let Scan { key, owner: found, generation, height, next_number, entries, end, garbage } =
            scan;
        if found != *owner {
            return Err(WalError::Foreign { path: path.to_owned() });
        }
        if garbage > 0 {
            file.write_at(&vec![0; garbage], end as u64)
                .and_then(|()| file.sync())
                .map_err(|source| io_error("cut the tail of", path, source))?;
        }
        let wal = Self {
            drive,
            file,
            path: path.to_owned(),
            options,
            key,
            owner: found,
            generation,
            height,
            next_number,
            body: Vec::new(),
            end,
            size: bytes.len(),
            failed: false,
        };
        let cut_bytes = garbage as u64;
        Ok((wal, WalContents { height, entries, generation, cut_bytes, created: false }))
    }

    /// The height whose entries are appended.
    pub const fn height(&self) -> u64 {
        self.height
    }

    /// Buffers an entry of the height under way. One entry is one input of any length up to
    /// [`ENTRY_BYTES_MAX`].
    pub fn append(&mut self, entry: &[u8]) -> Result<(), WalError> {
        self.check_usable()?;
        if entry.len() > ENTRY_BYTES_MAX {
            return Err(WalError::TooLong { size: entry.len() });
        }
        if self.body.len() + 4 + entry.len() > FRAME_BYTES_MAX {
            self.sync(self.generation)?;
        }
        frame::push_entry(&mut self.body, entry);
        Ok(())
    }

    /// Makes all that was appended durable, while the sign-state is of `generation`. Nothing
    /// appended, nothing done.
    pub fn sync(&mut self, generation: u64) -> Result<(), WalError> {
        self.check_usable()?;
        if self.body.is_empty() {
            return Ok(());
        }
        let place = Place { height: self.height, number: self.next_number };
        let mut frame = frame::encode_head(&self.key, place, generation, self.end, &self.body);
        frame.append(&mut self.body);
        debug_assert!(frame.len() > FRAME_HEAD_BYTES);
        let end = self.end + frame.len();
        if end > self.size {
            // Grows in steps. The zeros are in the same write and the same sync.
            frame.resize(frame.len() + self.options.file_bytes / 8, 0);
        }
        self.failed = true;
        self.generation = generation;
        self.file
            .write_at(&frame, self.end as u64)
            .map_err(|source| io_error("write", &self.path, source))?;
        self.file.sync().map_err(|source| io_error("sync", &self.path, source))?;
        self.failed = false;
        self.size = self.size.max(self.end + frame.len());
        self.end = end;
        self.next_number = self.next_number.saturating_add(1);
        Ok(())
    }

    /// Begins `height`, which is above the height under way, or is that height and has no entries.
    /// What the log held is no longer needed: the caller has made it durable elsewhere.
    pub fn reset(&mut self, height: u64) -> Result<(), WalError> {
        self.check_usable()?;
        let empty = self.next_number == 0 && self.body.is_empty();
        if height < self.height || (height == self.height && !empty) {
            let (path, current) = (self.path.clone(), self.height);
            return Err(WalError::NotAbove { path, current, asked: height });
        }
        if self.end > self.options.file_bytes {
            self.failed = true;
            let (drive, begin) = (self.drive.clone(), (height, self.generation));
            let (path, options) = (self.path.clone(), self.options);
            *self = Self::create(drive, &path, self.owner, options, begin, Existing::Replace)?;
        } else if height > self.height {
            self.body.clear();
            self.height = height;
            self.next_number = 0;
        }
        Ok(())
    }

    fn check_usable(&self) -> Result<(), WalError> {
        if self.failed { Err(WalError::Failed { path: self.path.clone() }) } else { Ok(()) }
    }
}

fn io_error(doing: &'static str, path: &Path, source: io::Error) -> WalError {
    WalError::Io { doing, path: path.to_owned(), source }
}
