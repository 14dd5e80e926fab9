//! What the journal needs of a file system, so that the simulator can put one beneath it whose
//! power is cut and whose bytes flip. [`Os`] is the real one.

use std::ffi::OsString;
use std::fs::{self, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{FileExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

/// Whether a file of that name may be there already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Existing {
    /// Fails with `AlreadyExists`.
    Refuse,
    Replace,
}

/// A file system.
pub trait Drive: Clone {
    type File: File;

    /// Opens an existing file for reading and writing; `NotFound` if there is none. What it holds
    /// is durable under its name when this returns: a process that was killed may have written it
    /// and not synced it, and whoever reads it goes on from it.
    fn open(&self, path: &Path) -> io::Result<Self::File>;

    /// Makes `path` hold `bytes`, durable under its name when this returns, and opens it for
    /// reading and writing. A crash leaves what was there before, or all of the new file.
    fn create_whole(&self, path: &Path, bytes: &[u8], existing: Existing)
    -> io::Result<Self::File>;
}

/// An open file.
pub trait File {
    /// All of it, from the start.
    fn read_all(&mut self) -> io::Result<Vec<u8>>;

    /// Writes all of `bytes` from `offset` on. Durable after the next [`Self::sync`].
    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<()>;

    /// Returns when all that was written is on the disk.
    fn sync(&self) -> io::Result<()>;
}

/// The operating system's files. Those it makes are readable by their owner only.
#[derive(Clone, Copy, Debug, Default)]
pub struct Os;

impl Drive for Os {
    type File = fs::File;

    fn open(&self, path: &Path) -> io::Result<fs::File> {
        let file = OpenOptions::new().read(true).write(true).open(path)?;
        file.sync_all()?;
        sync_parent(path)?;
        Ok(file)
    }

    fn create_whole(&self, path: &Path, bytes: &[u8], existing: Existing) -> io::Result<fs::File> {
        if existing == Existing::Refuse && fs::symlink_metadata(path).is_ok() {
            return Err(io::ErrorKind::AlreadyExists.into());
        }
        let draft = draft_of(path);
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(&draft)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        match existing {
            // A link, unlike a rename, fails if the name is taken.
            Existing::Refuse => {
                fs::hard_link(&draft, path)?;
                fs::remove_file(&draft)?;
            }
            Existing::Replace => fs::rename(&draft, path)?,
        }
        sync_parent(path)?;
        Ok(file)
    }
}

impl File for fs::File {
    fn read_all(&mut self) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        self.read_to_end(&mut bytes)?;
        Ok(bytes)
    }

    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<()> {
        self.write_all_at(bytes, offset)
    }

    fn sync(&self) -> io::Result<()> {
        self.sync_data()
    }
}

fn draft_of(path: &Path) -> PathBuf {
    let mut name: OsString = path.as_os_str().to_owned();
    name.push(".new");
    PathBuf::from(name)
}

fn sync_parent(path: &Path) -> io::Result<()> {
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty());
    fs::File::open(parent.unwrap_or(Path::new(".")))?.sync_all()
}
