//! Where a reader of events stands, kept in a file, so that it goes on there after any stop.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use ballast_primitives::Hash;
use ballast_proto::convert::read_hash;
use ballast_proto::v1;
use thiserror::Error;

use crate::Client;
use crate::error::Error;
use crate::events::{EventFrame, EventStream};

const MAGIC: &str = "ballast-cursor-v1";

#[derive(Debug, Error)]
pub enum CheckpointError {
    #[error("{}: {error}", path.display())]
    Io { path: PathBuf, error: io::Error },
    #[error("{} is no checkpoint of events", .0.display())]
    Malformed(PathBuf),
    #[error("{} is of another chain (genesis {found})", path.display())]
    OtherChain { path: PathBuf, found: Hash },
}

/// A file with a cursor, of one chain.
///
/// ```text
/// ballast-cursor-v1 <genesis hash> <cursor>
/// ```
///
/// It is replaced whole: whenever the machine stops, it holds the old cursor or the new one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    path: PathBuf,
    genesis: Hash,
    cursor: Option<String>,
}

impl Checkpoint {
    /// Reads the file; one that does not exist yet has no cursor.
    pub fn open(path: impl Into<PathBuf>, genesis: Hash) -> Result<Self, CheckpointError> {
        let path = path.into();
        let text = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Ok(Self { path, genesis, cursor: None });
            }
            Err(error) => return Err(CheckpointError::Io { path, error }),
        };
        let words: Vec<_> = text.strip_suffix('\n').unwrap_or_default().split(' ').collect();
        let [MAGIC, chain, cursor] = words.as_slice() else {
            return Err(CheckpointError::Malformed(path));
        };
        match read_hash("genesis", chain) {
            Ok(found) if found != genesis => Err(CheckpointError::OtherChain { path, found }),
            Ok(_) => Ok(Self { path, genesis, cursor: Some((*cursor).to_owned()) }),
            Err(_) => Err(CheckpointError::Malformed(path)),
        }
    }

    /// Everything up to it has been dealt with.
    pub fn cursor(&self) -> Option<&str> {
        self.cursor.as_deref()
    }

    /// Moves to `cursor`. On the disk when it returns.
    pub fn save(&mut self, cursor: &str) -> Result<(), CheckpointError> {
        let text = format!("{MAGIC} {} {cursor}\n", self.genesis);
        replace(&self.path, text.as_bytes())
            .map_err(|error| CheckpointError::Io { path: self.path.clone(), error })?;
        self.cursor = Some(cursor.to_owned());
        Ok(())
    }
}

/// Writes a file beside `path`, and puts it in its place.
fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut beside = path.as_os_str().to_owned();
    beside.push(".new");
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).open(&beside)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(&beside, path)?;
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    File::open(folder.unwrap_or(Path::new(".")))?.sync_all()
}

/// A stream of events that goes on where its checkpoint is.
///
/// Take an event with [`Self::next`], deal with it, then [`Self::save`]. What was taken and not
/// saved comes again after a stop, and nothing else does: so each event is seen at least once, and
/// exactly once where dealing with it twice is the same as once (its cursor names it) or where
/// what it leads to is stored together with the cursor.
pub struct EventReader<'a> {
    stream: EventStream<'a>,
    checkpoint: Checkpoint,
}

impl EventReader<'_> {
    /// The next frame; see [`EventStream::next`].
    pub async fn next(&mut self) -> Result<EventFrame, Error> {
        self.stream.next().await
    }

    /// Behind which event the next one is.
    pub fn cursor(&self) -> &str {
        self.stream.cursor()
    }

    /// All that [`Self::next`] has given out is dealt with.
    pub fn save(&mut self) -> Result<(), Error> {
        Ok(self.checkpoint.save(self.stream.cursor())?)
    }
}

impl Client {
    /// Reads events from where the file says on; from `start` on (a cursor, `"0"` for the
    /// beginning) if there is none yet. One reader to a file.
    pub async fn event_reader(
        &self,
        path: impl Into<PathBuf>,
        start: &str,
        filter: v1::EventFilter,
    ) -> Result<EventReader<'_>, Error> {
        let checkpoint = Checkpoint::open(path, self.chain().await?.genesis)?;
        let after = checkpoint.cursor().unwrap_or(start).to_owned();
        Ok(EventReader { stream: self.events(Some(&after), filter).await?, checkpoint })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GENESIS: Hash = Hash([7; 32]);

    fn folder() -> tempfile::TempDir {
        tempfile::tempdir().unwrap()
    }

    #[test]
    fn a_cursor_is_read_back_and_replaced() {
        let folder = folder();
        let path = folder.path().join("cursor");
        let mut checkpoint = Checkpoint::open(&path, GENESIS).unwrap();
        assert_eq!(checkpoint.cursor(), None);
        for cursor in ["12/0/1", "13"] {
            checkpoint.save(cursor).unwrap();
            assert_eq!(Checkpoint::open(&path, GENESIS).unwrap(), checkpoint);
            assert_eq!(checkpoint.cursor(), Some(cursor));
        }
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn what_was_half_written_when_the_machine_stopped_is_not_looked_at() {
        let folder = folder();
        let path = folder.path().join("cursor");
        Checkpoint::open(&path, GENESIS).unwrap().save("12").unwrap();
        fs::write(folder.path().join("cursor.new"), "ballast-cur").unwrap();
        let mut checkpoint = Checkpoint::open(&path, GENESIS).unwrap();
        assert_eq!(checkpoint.cursor(), Some("12"));
        checkpoint.save("13").unwrap();
        assert_eq!(Checkpoint::open(&path, GENESIS).unwrap().cursor(), Some("13"));
    }

    #[test]
    fn a_file_of_another_chain_or_of_something_else_is_refused() {
        let folder = folder();
        let path = folder.path().join("cursor");
        Checkpoint::open(&path, GENESIS).unwrap().save("12").unwrap();
        let other = Checkpoint::open(&path, Hash([8; 32]));
        assert!(matches!(other, Err(CheckpointError::OtherChain { found: GENESIS, .. })));
        for text in ["", "12\n", "ballast-cursor-v1 12\n", "ballast-cursor-v1 ab 12\n"] {
            fs::write(&path, text).unwrap();
            let read = Checkpoint::open(&path, GENESIS);
            assert!(matches!(read, Err(CheckpointError::Malformed(_))), "{text}");
        }
    }
}
