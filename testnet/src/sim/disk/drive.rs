//! A drive whose power can be cut. What is written is seen at once and durable after a sync; a
//! power cut takes some sectors of what was not synced and leaves others, in any order.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::io;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use ballast_journal::drive::{Drive, Existing, File};

use crate::sim::rng::Rng;

/// What a disk writes whole or not at all.
const SECTOR: usize = 512;

/// A handle to one machine's drive.
#[derive(Clone)]
pub struct SimDrive(Rc<RefCell<Inner>>);

struct Inner {
    files: BTreeMap<PathBuf, Contents>,
    rng: Rng,
    /// Writes and syncs until the machine loses its power.
    fuse: Option<u32>,
    /// Nothing works until the power is back.
    off: bool,
    /// No file can grow.
    full: bool,
}

#[derive(Default)]
struct Contents {
    durable: Vec<u8>,
    /// Offset and bytes, oldest first.
    unsynced: Vec<(usize, Vec<u8>)>,
}

impl Contents {
    fn seen(&self) -> Vec<u8> {
        let mut bytes = self.durable.clone();
        for (offset, written) in &self.unsynced {
            overlay(&mut bytes, *offset, written);
        }
        bytes
    }

    fn length(&self) -> usize {
        let ends = self.unsynced.iter().map(|(offset, written)| offset + written.len());
        ends.max().unwrap_or(0).max(self.durable.len())
    }

    fn sync(&mut self) {
        for (offset, written) in std::mem::take(&mut self.unsynced) {
            overlay(&mut self.durable, offset, &written);
        }
    }

    /// Each sector that was not synced survives `permille` times in a thousand; now and then only
    /// its first bytes do.
    fn lose_power(&mut self, permille: u32, rng: &mut Rng) {
        for (offset, written) in std::mem::take(&mut self.unsynced) {
            let mut at = offset;
            let mut rest = written.as_slice();
            while !rest.is_empty() {
                let (sector, later) = rest.split_at(rest.len().min(SECTOR - at % SECTOR));
                if rng.chance(permille) {
                    let torn = rng.chance(50);
                    let kept = if torn { rng.index(sector.len()) } else { sector.len() };
                    overlay(&mut self.durable, at, &sector[..kept]);
                }
                at += sector.len();
                rest = later;
            }
        }
    }
}

fn overlay(bytes: &mut Vec<u8>, offset: usize, written: &[u8]) {
    let end = offset + written.len();
    if bytes.len() < end {
        bytes.resize(end, 0);
    }
    bytes[offset..end].copy_from_slice(written);
}

impl SimDrive {
    pub fn new(rng: Rng) -> Self {
        let files = BTreeMap::new();
        Self(Rc::new(RefCell::new(Inner { files, rng, fuse: None, off: false, full: false })))
    }

    /// The power goes at once, or in the middle of the `fuse`-th write or sync from now.
    pub fn set_fuse(&self, fuse: u32) {
        self.0.borrow_mut().fuse = Some(fuse);
    }

    /// A write or sync of the database, which keeps its bytes elsewhere.
    pub fn work(&self) -> Result<(), String> {
        let mut inner = self.0.borrow_mut();
        inner.work().map_err(|error| error.to_string())?;
        if inner.full { Err("no space is left".to_owned()) } else { Ok(()) }
    }

    /// Whether a fuse has blown.
    pub fn is_off(&self) -> bool {
        self.0.borrow().off
    }

    pub fn set_full(&self, full: bool) {
        self.0.borrow_mut().full = full;
    }

    pub fn is_full(&self) -> bool {
        self.0.borrow().full
    }

    /// Takes what was not synced, or some of it.
    pub fn lose_power(&self) {
        let Inner { files, rng, fuse, off, .. } = &mut *self.0.borrow_mut();
        let permille = *rng.pick(&[0, 300, 700, 1_000]);
        for contents in files.values_mut() {
            contents.lose_power(permille, rng);
        }
        (*fuse, *off) = (None, false);
    }

    /// The process is gone, the machine is not: what was written stays, durable or not.
    pub fn lose_process(&self) {
        let mut inner = self.0.borrow_mut();
        (inner.fuse, inner.off) = (None, false);
    }

    /// Flips a bit somewhere in a range of a file's bytes. Returns where.
    pub fn flip(&self, path: &Path, within: Range<usize>) -> Option<usize> {
        let Inner { files, rng, .. } = &mut *self.0.borrow_mut();
        let contents = files.get_mut(path)?;
        contents.sync();
        let end = contents.durable.len().min(within.end);
        let at = within.start + rng.index(end.saturating_sub(within.start));
        *contents.durable.get_mut(at)? ^= 1 << rng.below(8);
        Some(at)
    }

    /// All that was written to a file; nothing for one that is not there.
    pub fn contents(&self, path: &Path) -> Vec<u8> {
        self.0.borrow().files.get(path).map(Contents::seen).unwrap_or_default()
    }

    /// Where the last byte that is not zero stands.
    pub fn used(&self, path: &Path) -> usize {
        self.contents(path).iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1)
    }

    /// A copy of everything on it, as it would be after a clean stop.
    pub fn copy(&self) -> BTreeMap<PathBuf, Vec<u8>> {
        let inner = self.0.borrow();
        inner.files.iter().map(|(path, contents)| (path.clone(), contents.seen())).collect()
    }

    /// Puts a copy in the place of a file.
    pub fn put_back(&self, path: &Path, bytes: &[u8]) {
        let contents = Contents { durable: bytes.to_vec(), unsynced: Vec::new() };
        self.0.borrow_mut().files.insert(path.to_owned(), contents);
    }

    pub fn remove(&self, path: &Path) {
        self.0.borrow_mut().files.remove(path);
    }
}

impl Inner {
    /// Every write and sync goes through here: power and space.
    fn work(&mut self) -> io::Result<()> {
        if let Some(fuse) = &mut self.fuse {
            self.off |= *fuse == 0;
            *fuse = fuse.saturating_sub(1);
        }
        if self.off { Err(io::Error::other("the power is gone")) } else { Ok(()) }
    }
}

impl Drive for SimDrive {
    type File = SimFile;

    fn open(&self, path: &Path) -> io::Result<SimFile> {
        if !self.0.borrow().files.contains_key(path) {
            return Err(io::ErrorKind::NotFound.into());
        }
        let file = SimFile { drive: self.clone(), path: path.to_owned() };
        file.sync()?;
        Ok(file)
    }

    fn create_whole(&self, path: &Path, bytes: &[u8], existing: Existing) -> io::Result<SimFile> {
        let mut inner = self.0.borrow_mut();
        if existing == Existing::Refuse && inner.files.contains_key(path) {
            return Err(io::ErrorKind::AlreadyExists.into());
        }
        if inner.full {
            return Err(io::ErrorKind::StorageFull.into());
        }
        inner.work()?;
        let contents = Contents { durable: bytes.to_vec(), unsynced: Vec::new() };
        inner.files.insert(path.to_owned(), contents);
        Ok(SimFile { drive: self.clone(), path: path.to_owned() })
    }
}

pub struct SimFile {
    drive: SimDrive,
    path: PathBuf,
}

impl File for SimFile {
    fn read_all(&mut self) -> io::Result<Vec<u8>> {
        let inner = self.drive.0.borrow();
        inner.files.get(&self.path).map(Contents::seen).ok_or(io::ErrorKind::NotFound.into())
    }

    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<()> {
        let mut inner = self.drive.0.borrow_mut();
        let powered = inner.work();
        let full = inner.full;
        let contents = inner.files.get_mut(&self.path).ok_or(io::ErrorKind::NotFound)?;
        let offset = usize::try_from(offset).map_err(io::Error::other)?;
        if full && offset + bytes.len() > contents.length() {
            let fits = contents.length().saturating_sub(offset).min(bytes.len());
            contents.unsynced.push((offset, bytes[..fits].to_vec()));
            return Err(io::ErrorKind::StorageFull.into());
        }
        contents.unsynced.push((offset, bytes.to_vec()));
        powered
    }

    fn sync(&self) -> io::Result<()> {
        let mut inner = self.drive.0.borrow_mut();
        inner.work()?;
        if let Some(contents) = inner.files.get_mut(&self.path) {
            contents.sync();
        }
        Ok(())
    }
}
