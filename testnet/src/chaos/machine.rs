//! What this machine lets the suite do, found out by doing it once.

use std::path::{Path, PathBuf};

use super::hosts::Hosts;
use super::shim::{Library, Shim};
use super::tool::compile;
use super::volume::{Kind, Volume};
use crate::failure::Failure;

/// What a fault needs, beyond processes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Need {
    /// Validators in network namespaces.
    Hosts,
    /// Homes on file systems that can be filled.
    Volumes,
    /// Homes on file systems whose power can be cut.
    Power,
    /// A preloaded library.
    Shim,
}

/// Each with the reason why not.
#[derive(Debug)]
pub struct Machine {
    pub hosts: Result<(), String>,
    /// File systems for homes, to be taken in turn.
    pub volumes: Result<Vec<Kind>, String>,
    /// The program that cuts the power.
    pub power: Result<PathBuf, String>,
    pub shim: Result<Library, String>,
}

impl Machine {
    /// `sandbox` says whether this is inside one; `folder` is empty, and stays for as long as the
    /// machine is used.
    pub fn explore(sandbox: Result<(), String>, folder: &Path) -> Self {
        let inside = sandbox.map_err(|why| format!("no sandbox: {why}"));
        let hosts = inside.clone().and_then(|()| said(try_hosts()));
        let volumes = inside.clone().and_then(|()| volumes(folder));
        let power = inside.and_then(|()| power(folder));
        let shim = said(try_shim(folder));
        Self { hosts, volumes, power, shim }
    }

    /// Why a fault that needs `need` cannot be injected here.
    pub fn lacks(&self, need: Need) -> Option<&str> {
        match need {
            Need::Hosts => self.hosts.as_ref().err(),
            Need::Volumes => self.volumes.as_ref().err(),
            Need::Power => self.power.as_ref().err(),
            Need::Shim => self.shim.as_ref().err(),
        }
        .map(String::as_str)
    }
}

fn said<T>(result: Result<T, Failure>) -> Result<T, String> {
    result.map_err(|failure| failure.message)
}

fn try_hosts() -> Result<(), Failure> {
    let hosts = Hosts::create(1)?;
    hosts.lose(10)
}

fn try_shim(folder: &Path) -> Result<Library, Failure> {
    let library = Library::compile(folder)?;
    let shim = Shim::new(&library, &folder.join("trial"))?;
    let status = std::process::Command::new("true").envs(shim.variables()).status();
    status.map_err(Failure::internal)?;
    if shim.is_loaded()? {
        return Ok(library);
    }
    Err(Failure::internal("LD_PRELOAD has no effect"))
}

/// Real file systems where they can be mounted, else memory.
fn volumes(folder: &Path) -> Result<Vec<Kind>, String> {
    let real = [Kind::Ext4, Kind::Xfs].map(|kind| (kind, try_volume(folder, kind)));
    let real: Vec<_> = real.into_iter().filter(|(_, tried)| tried.is_ok()).collect();
    if !real.is_empty() {
        return Ok(real.into_iter().map(|(kind, _)| kind).collect());
    }
    said(try_volume(folder, Kind::Tmpfs)).map(|()| vec![Kind::Tmpfs])
}

/// The least that xfs takes.
pub const VOLUME_BYTES_MIN: u64 = 512 << 20;

fn try_volume(folder: &Path, kind: Kind) -> Result<(), Failure> {
    let home = folder.join(format!("{kind:?}"));
    std::fs::create_dir(&home).map_err(Failure::at(&home))?;
    Volume::over(&home, &folder.join("image"), kind, VOLUME_BYTES_MIN).map(drop)
}

fn power(folder: &Path) -> Result<PathBuf, String> {
    let cut = said(compile(folder, "power_cut", include_str!("power_cut.c"), &[]))?;
    let mut reasons = Vec::new();
    for kind in [Kind::Ext4, Kind::Xfs] {
        match try_power(folder, kind, &cut) {
            Ok(()) => return Ok(cut),
            Err(failure) => reasons.push(failure.message),
        }
    }
    Err(reasons.join("; "))
}

fn try_power(folder: &Path, kind: Kind, cut: &Path) -> Result<(), Failure> {
    let home = folder.join(format!("power-{kind:?}"));
    std::fs::create_dir(&home).map_err(Failure::at(&home))?;
    let volume = Volume::over(&home, &folder.join("image"), kind, VOLUME_BYTES_MIN)?;
    volume.cut_power(cut)?;
    volume.restore_power()
}
