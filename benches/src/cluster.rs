//! The validators under test: started by `ballast-testnet`, looked at through `/proc`.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};
use serde::Deserialize;

use crate::Args;

pub struct Cluster {
    pub env: Env,
    bin: PathBuf,
    dir: tempfile::TempDir,
}

/// The part of `ballast-testnet env --json` that is used here.
#[derive(Debug, Deserialize)]
pub struct Env {
    pub validators: Vec<ValidatorEnv>,
    pub chain_id: u32,
    pub genesis_hash: String,
    pub dev_seed: String,
}

#[derive(Debug, Deserialize)]
pub struct ValidatorEnv {
    pub grpc: String,
    pub operator: String,
    pub pid: u32,
    pub home: PathBuf,
}

impl Cluster {
    pub fn up(args: &Args) -> Result<Self> {
        let bin = match &args.bin_dir {
            Some(dir) => dir.clone(),
            None => {
                let exe = std::env::current_exe()?;
                exe.parent().context("this program has no folder")?.to_owned()
            }
        };
        let dir = tempfile::tempdir()?;
        let accounts = args.accounts.to_string();
        testnet(&bin, dir.path(), &["up", "--detach", "--accounts", &accounts])?;
        let env = testnet(&bin, dir.path(), &["env", "--json"])
            .and_then(|text| Ok(serde_json::from_slice(&text)?));
        match env {
            Ok(env) => Ok(Self { env, bin, dir }),
            Err(error) => {
                testnet(&bin, dir.path(), &["down"])?;
                Err(error)
            }
        }
    }

    pub fn down(&self) -> Result<()> {
        testnet(&self.bin, self.dir.path(), &["down"]).map(|_| ())
    }

    /// CPU microseconds that each validator has used so far.
    pub fn cpu_us(&self) -> Result<Vec<u64>> {
        self.env.validators.iter().map(|validator| cpu_us(validator.pid)).collect()
    }

    /// The most memory each validator has held, in bytes.
    pub fn peak_bytes(&self) -> Result<Vec<u64>> {
        self.env.validators.iter().map(|validator| peak_bytes(validator.pid)).collect()
    }

    /// Bytes in each validator's data folder.
    pub fn disk_bytes(&self) -> Vec<u64> {
        self.env.validators.iter().map(|validator| folder_bytes(&validator.home)).collect()
    }
}

fn testnet(bin: &Path, dir: &Path, args: &[&str]) -> Result<Vec<u8>> {
    // A folder that `up` makes itself: it refuses one that exists.
    let net = dir.join("net");
    let output =
        Command::new(bin.join("ballast-testnet")).args(args).arg("--dir").arg(&net).output();
    let output = output.context("ballast-testnet cannot be started")?;
    if !output.status.success() {
        bail!("ballast-testnet {args:?}: {}", String::from_utf8_lossy(&output.stderr));
    }
    Ok(output.stdout)
}

fn cpu_us(pid: u32) -> Result<u64> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat"))?;
    // After the name in parentheses; user and system time are fields 14 and 15 of the whole.
    let (_, rest) = stat.rsplit_once(')').context("unreadable /proc stat")?;
    let mut fields = rest.split_whitespace().skip(11);
    let mut ticks = || -> Result<u64> { Ok(fields.next().context("short /proc stat")?.parse()?) };
    // Linux reports in hundredths of a second.
    Ok((ticks()? + ticks()?) * 10_000)
}

fn peak_bytes(pid: u32) -> Result<u64> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status"))?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).context("no VmHWM")?;
    let kib: u64 = line.split_whitespace().nth(1).context("no VmHWM figure")?.parse()?;
    Ok(kib * 1024)
}

fn folder_bytes(path: &Path) -> u64 {
    let Ok(entries) = std::fs::read_dir(path) else { return 0 };
    entries
        .flatten()
        .map(|entry| match entry.metadata() {
            Ok(meta) if meta.is_dir() => folder_bytes(&entry.path()),
            Ok(meta) => meta.len(),
            Err(_) => 0,
        })
        .sum()
}
