//! The validators under test: started by `ballast-testnet`, looked at through `/proc`.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};
use ballast_node::setup::Home;
use ballast_node::store::{Store, StoreOptions};
use ballast_proto::v1::tx_service_client::TxServiceClient;
use serde::Deserialize;
use tonic::transport::Channel;

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

/// Committed transactions, blocks and failed rounds so far, as a validator's metrics count them.
pub struct Counters {
    pub committed: u64,
    pub blocks: u64,
    pub rounds: u64,
}

impl Cluster {
    /// Four validators with `accounts` funded accounts. The programs are looked for in `bin`;
    /// beside this one when there is none.
    pub fn up(bin: Option<&Path>, accounts: u32) -> Result<Self> {
        let bin = match bin {
            Some(dir) => dir.to_owned(),
            None => {
                let exe = std::env::current_exe()?;
                exe.parent().context("this program has no folder")?.to_owned()
            }
        };
        let dir = tempfile::tempdir()?;
        let accounts = accounts.to_string();
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
        self.testnet(&["down"])
    }

    /// CPU microseconds that each validator has used so far.
    pub fn cpu_us(&self) -> Result<Vec<u64>> {
        self.env.validators.iter().map(|validator| cpu_us(validator.pid)).collect()
    }

    /// Memory of each validator's process now, in MiB.
    pub fn memory_mib(&self) -> Result<Vec<u64>> {
        self.env.validators.iter().map(|validator| resident_mib(validator.pid)).collect()
    }

    pub async fn clients(&self) -> Result<Vec<TxServiceClient<Channel>>> {
        let mut clients = Vec::new();
        for validator in &self.env.validators {
            clients.push(TxServiceClient::connect(validator.grpc.clone()).await?);
        }
        Ok(clients)
    }

    /// Of the first validator.
    pub async fn counters(&self) -> Result<Counters> {
        let metrics = self.metrics(0).await?;
        Ok(Counters {
            committed: sum(&metrics, "ballast_transactions_total"),
            blocks: sum(&metrics, "ballast_blocks_total"),
            rounds: sum(&metrics, "ballast_rounds_above_zero_total"),
        })
    }

    /// What a validator's metric says, over all its labels.
    pub async fn metric(&self, validator: usize, name: &str) -> Result<u64> {
        Ok(sum(&self.metrics(validator).await?, name))
    }

    async fn metrics(&self, validator: usize) -> Result<String> {
        let validator = self.env.validators.get(validator).context("no such validator")?;
        let operator = validator.operator.trim_start_matches("http://").to_owned();
        tokio::task::spawn_blocking(move || http_get(&operator, "/metrics")).await?
    }

    /// A command of the testnet's own.
    pub fn testnet(&self, args: &[&str]) -> Result<()> {
        testnet(&self.bin, self.dir.path(), args).map(|_| ())
    }

    /// Stops the validators, and compacts the store of the first: its bytes on the disk then.
    pub fn compacted_bytes(&self) -> Result<u64> {
        self.down()?;
        let home = &self.env.validators.first().context("no validators")?.home;
        let genesis = self.env.genesis_hash.parse()?;
        let store = Store::open(&Home::new(home).database(), &genesis, StoreOptions::default())?;
        store.compact()?;
        let stats = store.stats()?;
        Ok(stats.families.iter().map(|family| family.disk_bytes).sum())
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

/// Dropped transactions were not committed.
fn sum(metrics: &str, name: &str) -> u64 {
    let of_metric = metrics.lines().filter(|line| {
        line.starts_with(name) && !line.starts_with('#') && !line.contains("dropped")
    });
    of_metric.filter_map(|line| line.rsplit(' ').next()?.parse::<u64>().ok()).sum()
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

fn resident_mib(pid: u32) -> Result<u64> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status"))?;
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).context("no VmRSS")?;
    let kib: u64 = line.split_whitespace().nth(1).context("no VmRSS figure")?.parse()?;
    Ok(kib / 1024)
}

fn http_get(address: &str, path: &str) -> Result<String> {
    use std::io::{Read, Write};
    let mut stream = std::net::TcpStream::connect(address)?;
    stream.set_read_timeout(Some(std::time::Duration::from_secs(5)))?;
    write!(stream, "GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n")?;
    let mut text = String::new();
    stream.read_to_string(&mut text)?;
    Ok(text)
}
