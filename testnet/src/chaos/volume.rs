//! A file system of its own for a validator's home: one whose power can be cut, and that can be
//! filled up. Only inside the [`super::sandbox`].

use std::fs::{self, File};
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use rustix::fs::{FallocateFlags, fallocate, statvfs};

use super::tool::{self, text};
use crate::failure::Failure;

/// Takes space when it is filled.
const FILLER: &str = "filler";
/// In thousandths: up to here space is taken at one go. What file systems need to keep account of
/// it makes the rest uncertain.
const NEARLY_FULL: u64 = 10;
/// A process that was killed may hold its files for a moment.
const BUSY_PATIENCE: Duration = Duration::from_secs(10);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Ext4,
    Xfs,
    /// In memory: can be filled up, but has no power to be cut.
    Tmpfs,
}

/// Mounted on a home while it lives.
#[derive(Debug)]
pub struct Volume {
    home: PathBuf,
    image: PathBuf,
    kind: Kind,
    bytes: u64,
}

impl Volume {
    /// Moves what `home` holds onto a new file system, which then lies over it. `image` is where
    /// its blocks are kept.
    pub fn over(home: &Path, image: &Path, kind: Kind, bytes: u64) -> Result<Self, Failure> {
        let volume = Self { home: home.to_owned(), image: image.to_owned(), kind, bytes };
        volume.format()?;
        let kept = image.with_extension("kept");
        fs::create_dir(&kept).map_err(Failure::at(&kept))?;
        let (from, over) = (format!("{}/.", text(home)?), text(&kept)?);
        tool::run(&["cp", "-a", &from, over])?;
        volume.mount()?;
        tool::run(&["cp", "-a", &format!("{over}/."), text(home)?])?;
        // As a home is before its validator first starts.
        tool::run(&["sync", "-f", text(home)?])?;
        fs::remove_dir_all(&kept).map_err(Failure::at(&kept))?;
        Ok(volume)
    }

    fn format(&self) -> Result<(), Failure> {
        if self.kind == Kind::Tmpfs {
            return Ok(());
        }
        let file = File::create(&self.image).map_err(Failure::at(&self.image))?;
        file.set_len(self.bytes).map_err(Failure::at(&self.image))?;
        let image = text(&self.image)?;
        match self.kind {
            // Nothing kept back for root, as which the suite runs: full is full.
            Kind::Ext4 => tool::run(&["mkfs.ext4", "-q", "-F", "-m", "0", image]),
            _ => tool::run(&["mkfs.xfs", "-q", "-f", image]),
        }
    }

    fn mount(&self) -> Result<(), Failure> {
        let (image, home) = (text(&self.image)?, text(&self.home)?);
        if self.kind == Kind::Tmpfs {
            let options = format!("size={},mode=700", self.bytes);
            return tool::run(&["mount", "-t", "tmpfs", "-o", &options, "tmpfs", home]);
        }
        tool::run(&["mount", "-o", "loop", image, home])
    }

    fn unmount(&self) -> Result<(), Failure> {
        let deadline = Instant::now() + BUSY_PATIENCE;
        let home = text(&self.home)?;
        while let Err(failure) = tool::run(&["umount", home]) {
            if Instant::now() >= deadline {
                return Err(failure);
            }
            thread::sleep(Duration::from_millis(20));
        }
        Ok(())
    }

    pub fn has_power(&self) -> bool {
        self.kind != Kind::Tmpfs
    }

    /// Forgets what was not made durable; every access fails from now on. `tool` is power_cut.c.
    pub fn cut_power(&self, tool: &Path) -> Result<(), Failure> {
        tool::run(&[text(tool)?, text(&self.home)?])
    }

    /// Brings back what was durable. No process uses the file system any more.
    pub fn restore_power(&self) -> Result<(), Failure> {
        self.unmount()?;
        self.mount()
    }

    /// Takes space until only this share is free, in thousandths.
    pub fn fill(&self, free_thousandths: u64) -> Result<(), Failure> {
        let at = |errno: rustix::io::Errno| Failure::at(&self.home)(errno.into());
        let space = statvfs(&self.home).map_err(at)?;
        let keep = space.f_blocks * free_thousandths / 1_000;
        let take = space.f_bavail.saturating_sub(keep) * space.f_frsize;
        let path = self.home.join(FILLER);
        let file = filler(&path)?;
        let length = file.metadata().map_err(Failure::at(&path))?.len();
        if take == 0 {
            return Ok(());
        }
        fallocate(&file, FallocateFlags::empty(), length, take).map_err(at)
    }

    /// Takes every byte there is.
    pub fn fill_up(&self) -> Result<(), Failure> {
        self.fill(NEARLY_FULL)?;
        let path = self.home.join(FILLER);
        let mut file = filler(&path)?;
        for size in [1 << 20, 4_096, 1] {
            let bytes = vec![0; size];
            let full = loop {
                if let Err(error) = file.write_all(&bytes) {
                    break error;
                }
            };
            if full.kind() != ErrorKind::StorageFull {
                return Err(Failure::at(&path)(full));
            }
        }
        Ok(())
    }

    /// Gives back what [`Self::fill`] took.
    pub fn empty(&self) -> Result<(), Failure> {
        let path = self.home.join(FILLER);
        fs::remove_file(&path).map_err(Failure::at(&path))
    }
}

fn filler(path: &Path) -> Result<File, Failure> {
    File::options().create(true).append(true).open(path).map_err(Failure::at(path))
}

impl Drop for Volume {
    fn drop(&mut self) {
        let _ = self.unmount();
        let _ = fs::remove_file(&self.image);
    }
}
