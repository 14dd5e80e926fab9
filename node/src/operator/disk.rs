//! Free space, and what a node still does at each level of it.

use std::fmt;
use std::io;
use std::path::Path;

/// Below these shares of the volume, in percent.
pub const WARN_PERCENT: u64 = 15;
pub const STOP_ADMITTING_PERCENT: u64 = 10;
pub const STOP_VOTING_PERCENT: u64 = 5;
pub const STOP_PERCENT: u64 = 2;

/// The space of a volume, as an unprivileged process may use it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Space {
    pub free_bytes: u64,
    pub total_bytes: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    Enough,
    /// Warn.
    Low,
    /// Take no more transactions from clients.
    Scarce,
    /// Stop voting; reads stay up.
    VeryLow,
    /// Stop cleanly, while there is room to do so.
    Out,
}

impl Space {
    /// The volume that holds `path`.
    pub fn of(path: &Path) -> io::Result<Self> {
        let volume = rustix::fs::statvfs(path)?;
        let bytes = |blocks: u64| blocks.saturating_mul(volume.f_frsize);
        Ok(Self { free_bytes: bytes(volume.f_bavail), total_bytes: bytes(volume.f_blocks) })
    }

    pub const fn level(&self) -> Level {
        if self.is_below(STOP_PERCENT) {
            Level::Out
        } else if self.is_below(STOP_VOTING_PERCENT) {
            Level::VeryLow
        } else if self.is_below(STOP_ADMITTING_PERCENT) {
            Level::Scarce
        } else if self.is_below(WARN_PERCENT) {
            Level::Low
        } else {
            Level::Enough
        }
    }

    const fn is_below(&self, percent: u64) -> bool {
        (self.free_bytes as u128) * 100 < (self.total_bytes as u128) * (percent as u128)
    }
}

impl fmt::Display for Space {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const GIB: f64 = (1u64 << 30) as f64;
        let (free, total) = (self.free_bytes as f64 / GIB, self.total_bytes as f64 / GIB);
        let percent = if self.total_bytes == 0 { 0.0 } else { free / total * 100.0 };
        write!(f, "{free:.1} of {total:.1} GiB free ({percent:.0} %)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_level_begins_below_its_share() {
        for (free_bytes, level) in [
            (1000, Level::Enough),
            (150, Level::Enough),
            (149, Level::Low),
            (100, Level::Low),
            (99, Level::Scarce),
            (50, Level::Scarce),
            (49, Level::VeryLow),
            (20, Level::VeryLow),
            (19, Level::Out),
            (0, Level::Out),
        ] {
            assert_eq!(Space { free_bytes, total_bytes: 1000 }.level(), level, "{free_bytes}");
        }
    }

    #[test]
    fn a_real_volume_has_a_size() {
        let space = Space::of(Path::new("/")).unwrap();
        assert!(space.total_bytes > 0 && space.free_bytes <= space.total_bytes);
    }
}
