//! Making a file whole or not at all.

use std::ffi::OsString;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

/// Whether a file of that name may be there already.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Existing {
    /// Fails with `AlreadyExists`.
    Refuse,
    Replace,
}

/// Makes `path` hold `bytes`, durable under its name when this returns, and opens it for reading
/// and writing. A crash leaves what was there before, or all of the new file. Readable by its
/// owner only.
pub(super) fn create_whole(path: &Path, bytes: &[u8], existing: Existing) -> io::Result<File> {
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

/// Makes what `file` held when it was opened durable under its name. A process that was killed may
/// have written it and not synced it, and whoever reads it goes on from it.
pub(super) fn settle(file: &File, path: &Path) -> io::Result<()> {
    file.sync_all()?;
    sync_parent(path)
}

fn draft_of(path: &Path) -> PathBuf {
    let mut name: OsString = path.as_os_str().to_owned();
    name.push(".new");
    PathBuf::from(name)
}

fn sync_parent(path: &Path) -> io::Result<()> {
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty());
    File::open(parent.unwrap_or(Path::new(".")))?.sync_all()
}
