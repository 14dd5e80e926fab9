//! `shim.c`, preloaded into validators: clocks that are wrong, disks that fail or lie.

use std::ffi::OsString;
use std::fs::{File, OpenOptions};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use super::tool;
use crate::failure::Failure;

// Where `struct control` of shim.c has its fields.
const CLOCK_OFFSET_MS: u64 = 0;
const SYNC_MODE: u64 = 8;
const LOADED: u64 = 16;
const FAILED: u64 = 24;
const RETRIED: u64 = 32;
const PATH_PART: u64 = 40;
const PATH_PART_BYTES: usize = 88;
const BYTES: u64 = PATH_PART + PATH_PART_BYTES as u64;

const SYNC: i64 = 0;
const FAIL_ONCE: i64 = 1;
const LIE: i64 = 2;

/// The library, compiled on this machine.
#[derive(Clone, Debug)]
pub struct Library(PathBuf);

impl Library {
    pub fn compile(folder: &Path) -> Result<Self, Failure> {
        let options = ["-shared", "-fPIC", "-ldl"];
        tool::compile(folder, "shim.so", include_str!("shim.c"), &options).map(Self)
    }
}

/// What one validator's processes, one after the other, are made to believe.
#[derive(Debug)]
pub struct Shim {
    library: PathBuf,
    path: PathBuf,
    control: File,
}

impl Shim {
    /// `path` is where the control page will be.
    pub fn new(library: &Library, path: &Path) -> Result<Self, Failure> {
        let mut options = OpenOptions::new();
        let control = options.read(true).write(true).create_new(true).open(path);
        let control = control.map_err(Failure::at(path))?;
        control.set_len(BYTES).map_err(Failure::at(path))?;
        Ok(Self { library: library.0.clone(), path: path.to_owned(), control })
    }

    /// The variables to start a validator with.
    pub fn variables(&self) -> Vec<(OsString, OsString)> {
        vec![
            ("LD_PRELOAD".into(), self.library.clone().into()),
            ("CHAOS_SHIM".into(), self.path.clone().into()),
        ]
    }

    /// Whether any process has loaded it.
    pub fn is_loaded(&self) -> Result<bool, Failure> {
        Ok(self.read(LOADED)? > 0)
    }

    /// Moves the wall clock from the next reading on; the monotonic clock stays right.
    pub fn skew_clock(&self, offset_ms: i64) -> Result<(), Failure> {
        self.write(CLOCK_OFFSET_MS, offset_ms)
    }

    /// The next sync of a file whose path holds `path_part` fails with EIO.
    pub fn fail_next_sync(&self, path_part: &str) -> Result<(), Failure> {
        self.write(SYNC_MODE, SYNC)?;
        self.write(FAILED, 0)?;
        self.write(RETRIED, 0)?;
        let mut bytes = path_part.as_bytes().to_vec();
        // The last byte stays zero.
        bytes.resize(PATH_PART_BYTES, 0);
        self.control.write_all_at(&bytes, PATH_PART).map_err(Failure::at(&self.path))?;
        self.write(SYNC_MODE, FAIL_ONCE)
    }

    /// From now on no sync does anything, and all report success.
    pub fn lie(&self) -> Result<(), Failure> {
        self.write(SYNC_MODE, LIE)
    }

    pub fn be_honest(&self) -> Result<(), Failure> {
        self.write(SYNC_MODE, SYNC)
    }

    /// Syncs that have failed since [`Self::fail_next_sync`], and later ones of the same files.
    pub fn failed_and_retried(&self) -> Result<(i64, i64), Failure> {
        // The shim counts retries among the failures.
        let retried = self.read(RETRIED)?;
        Ok((self.read(FAILED)? - retried, retried))
    }

    fn write(&self, at: u64, value: i64) -> Result<(), Failure> {
        self.control.write_all_at(&value.to_ne_bytes(), at).map_err(Failure::at(&self.path))
    }

    fn read(&self, at: u64) -> Result<i64, Failure> {
        let mut bytes = [0; 8];
        self.control.read_exact_at(&mut bytes, at).map_err(Failure::at(&self.path))?;
        Ok(i64::from_ne_bytes(bytes))
    }
}

#[cfg(test)]
mod tests {
    use std::process::Command;
    use std::time::{SystemTime, UNIX_EPOCH};

    use super::*;

    #[test]
    fn a_preloaded_program_has_the_wrong_time() {
        let dir = tempfile::tempdir().unwrap();
        let Ok(library) = Library::compile(dir.path()) else {
            eprintln!("skipped: no C compiler");
            return;
        };
        let shim = Shim::new(&library, &dir.path().join("control")).unwrap();
        shim.skew_clock(-100_000_500).unwrap();
        let mut date = Command::new("date");
        let output = date.arg("+%s").envs(shim.variables()).output().unwrap();
        let seen: u64 = String::from_utf8(output.stdout).unwrap().trim().parse().unwrap();
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
        let behind = now - seen;
        assert!((99_990..=100_030).contains(&behind), "{behind}");
        assert!(shim.is_loaded().unwrap());
    }
}
