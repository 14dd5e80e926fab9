//! One of four validators lies, as a real process (`ballast-liar`), while the other three serve a
//! load: what the honest clients notice of each behaviour, and what must hold.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use serde::Serialize;

use crate::audit;
use crate::cluster::{Cluster, Options};
use crate::failure::Failure;
use crate::load::Load;
use crate::manifest::SCHEMA;
use crate::network;
use crate::operator;
use crate::process::{self, Process};

/// Every behaviour by name, as `ballast-liar` takes them.
pub const BEHAVIOURS: [&str; 11] = [
    "silent",
    "status-liar",
    "far-rounds",
    "bad-votes",
    "ghost-votes",
    "want-flood",
    "junk-batches",
    "tiny-batches",
    "garbage",
    "twin",
    "sync-liar",
];
/// The one that lies; the others are honest.
const LIAR: usize = 3;
const HONEST: [usize; 3] = [0, 1, 2];
const PAYERS: usize = 8;
const PAUSE: Duration = Duration::from_millis(10);
const PATIENCE: Duration = Duration::from_secs(30);
const POLL: Duration = Duration::from_millis(100);
/// More than any honest validator of a small chain takes, of memory, MiB: 300 in use under load, and
/// what one peer may make it hold (docs/abuse.md).
const MEMORY_MIB_MAX: f64 = 600.0;

#[derive(Clone, Debug, Serialize)]
pub struct Report {
    pub schema: &'static str,
    pub passed: bool,
    pub rows: Vec<Row>,
}

/// One behaviour.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Row {
    pub behaviour: String,
    pub payments: usize,
    pub payments_per_s: f64,
    pub p50_ms: u128,
    pub p99_ms: u128,
    pub blocks_per_s: f64,
    pub memory_mib: f64,
    /// What did not hold.
    pub problems: Vec<String>,
}

/// Runs `behaviours`, each for `time`, on a network of its own. The first row is of a fourth validator
/// that is not there at all.
pub async fn run(behaviours: &[String], time: Duration) -> Result<Report, Failure> {
    let mut rows = vec![run_one("none", None, time).await?];
    for behaviour in behaviours {
        rows.push(run_one(behaviour, Some(behaviour), time).await?);
    }
    let passed = rows.iter().all(|row| row.problems.is_empty());
    Ok(Report { schema: SCHEMA, passed, rows })
}

async fn run_one(name: &str, behaviour: Option<&str>, time: Duration) -> Result<Row, Failure> {
    let cluster = tokio::task::block_in_place(|| {
        let cluster = Cluster::create(&Options::default())?;
        cluster.network.launch(&HONEST)?;
        cluster.wait_ready(&HONEST)?;
        Ok::<_, Failure>(cluster)
    })?;
    let liar = behaviour.map(|behaviour| start(&cluster, behaviour)).transpose()?;
    let row = measure(&cluster, name, liar, time).await;
    if let Some(liar) = liar {
        tokio::task::block_in_place(|| process::end_all(&[liar], Duration::from_secs(5)))?;
    }
    row
}

fn start(cluster: &Cluster, behaviour: &str) -> Result<Process, Failure> {
    let mut command = process::detached(&network::binary("ballast-liar")?);
    command.arg("--home").arg(cluster.home(LIAR)).args(["--behaviour", behaviour]);
    Process::spawn(&mut command, |_, _| {})
}

async fn measure(
    cluster: &Cluster,
    name: &str,
    liar: Option<Process>,
    time: Duration,
) -> Result<Row, Failure> {
    let mut row = Row { behaviour: name.to_owned(), ..Row::default() };
    let clients = HONEST.map(|n| cluster.client(n)).to_vec();
    let load = Load::through(clients.clone(), &cluster.chain, &[1; PAYERS], PAUSE);
    load.more(PAYERS, PATIENCE).await?;
    let (begun, first) = (Instant::now(), height(cluster));
    let before = load.count();
    while begun.elapsed() < time {
        tokio::time::sleep(POLL).await;
        tokio::task::block_in_place(|| watch(cluster, &mut row));
    }
    // Whatever it is lied to, the chain goes on.
    load.more(PAYERS, PATIENCE).await?;
    let seconds = begun.elapsed().as_secs_f64();
    row.payments = load.count() - before;
    row.payments_per_s = row.payments as f64 / seconds;
    row.blocks_per_s = height(cluster).saturating_sub(first) as f64 / seconds;
    if liar.is_some_and(|liar| !liar.is_alive()) {
        row.problems.push("the liar ended by itself".to_owned());
    }
    let (ledger, _) = load.finish().await?;
    let mut times: Vec<_> = ledger.acknowledged.iter().map(|p| p.took.as_millis()).collect();
    times.sort_unstable();
    let at = |per_mille: usize| times.get(times.len() * per_mille / 1_000).copied().unwrap_or(0);
    (row.p50_ms, row.p99_ms) = (at(500), at(990));
    row.problems.extend(ledger.surprises.iter().cloned());
    let findings = audit::inspect(&clients, 1, &ledger.ids()).await?;
    row.problems.extend(findings.problems);
    Ok(row)
}

/// An honest validator stays ready, votes, and within its memory.
fn watch(cluster: &Cluster, row: &mut Row) {
    for n in HONEST {
        let at = cluster.entry(n).operator_address();
        let mut wrong = |what: String| {
            if row.problems.len() < 8 {
                row.problems.push(format!("validator {n}: {what}"));
            }
        };
        if let Err(why) = operator::ready(at) {
            wrong(format!(
                "not ready: {}",
                why.lines().filter(|l| l.contains("[-]")).collect::<String>()
            ));
        }
        let bytes = operator::metric(at, "ballast_process_resident_bytes").unwrap_or(0.0);
        let mib = bytes / f64::from(1 << 20);
        if mib > MEMORY_MIB_MAX {
            wrong(format!("{mib:.0} MiB of memory"));
        }
        row.memory_mib = row.memory_mib.max(mib);
    }
}

fn height(cluster: &Cluster) -> u64 {
    let height = |n: &usize| operator::status(cluster.entry(*n).operator_address());
    HONEST.iter().filter_map(height).map(|status| status.height).max().unwrap_or(0)
}

impl Report {
    /// A Markdown table.
    pub fn table(&self) -> String {
        let mut text = String::from(
            "| Behaviour | Payments/s | p50 ms | p99 ms | Blocks/s | Memory MiB | Held |\n\
             |---|---|---|---|---|---|---|\n",
        );
        for row in &self.rows {
            let held = match row.problems.as_slice() {
                [] => "yes".to_owned(),
                [first, ..] => format!("NO: {}", first.replace(['|', '\n'], "/")),
            };
            text.push_str(&format!(
                "| {} | {:.0} | {} | {} | {:.1} | {:.0} | {held} |\n",
                row.behaviour,
                row.payments_per_s,
                row.p50_ms,
                row.p99_ms,
                row.blocks_per_s,
                row.memory_mib
            ));
        }
        text
    }

    pub fn write(&self, path: &PathBuf) -> Result<(), Failure> {
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder).map_err(Failure::at(folder))?;
        }
        let json = serde_json::to_string_pretty(self).map_err(Failure::internal)?;
        std::fs::write(path, json + "\n").map_err(Failure::at(path))
    }
}
