//! Those who mean harm, one at a time, against real validators that serve a load: one of four
//! validators that lies, or an observer (`ballast-liar`), strangers and clients ([`super::harm`]). What
//! the honest notice of each, and what must hold.

mod bounds;
mod report;

use std::path::Path;
use std::time::{Duration, Instant};

use tokio::runtime::Runtime;
use tokio::task::block_in_place;

use super::harm::{Harm, Harmful, Target};
use crate::audit;
use crate::cluster::{Cluster, Options};
use crate::failure::Failure;
use crate::load::Load;
use crate::network;
use crate::operator;
use crate::process::{self, Process};

pub use report::{Report, Row};

/// Every one by name: validators as `ballast-liar` takes their behaviours, then observers, strangers
/// and clients.
pub const ADVERSARIES: [&str; 33] = [
    "silent",
    "status-liar",
    "far-rounds",
    "bad-votes",
    "ghost-votes",
    "want-flood",
    "ask-flood",
    "junk-batches",
    "tiny-batches",
    "garbage",
    "oversized",
    "hang-ups",
    "twin",
    "sync-liar",
    "observer-silent",
    "observer-status-liar",
    "observer-far-rounds",
    "observer-bad-votes",
    "observer-want-flood",
    "observer-ask-flood",
    "observer-junk-batches",
    "observer-garbage",
    "observer-oversized",
    "stranger-silence",
    "stranger-handshakes",
    "stranger-slow-handshakes",
    "client-silence",
    "client-rapid-reset",
    "client-headers",
    "client-half-bodies",
    "client-megabytes",
    "client-flood",
    "client-pings",
];
const OBSERVER: &str = "observer-";
/// Who lies, if a validator does.
const LIAR: usize = 3;
/// Whom strangers and clients do harm to.
const VICTIM: usize = 0;
const PAYERS: usize = 8;
const PAUSE: Duration = Duration::from_millis(10);
const PATIENCE: Duration = Duration::from_secs(30);
const POLL: Duration = Duration::from_millis(100);
/// For so many looks on end a validator may be behind: two heights are 60 ms of a chain under load.
const UNREADY_MAX: usize = 10;

/// How long each is set against the others.
#[derive(Clone, Copy, Debug)]
pub struct Times {
    /// While honest clients pay.
    pub loaded: Duration,
    /// While nobody does; may be nothing.
    pub idle: Duration,
    /// Whether what depends on this machine's speed is judged as well ([`bounds`]).
    pub judged: bool,
}

/// Sets each of `names` against a network of its own. The first row is of four honest validators.
pub async fn run(names: &[String], times: Times) -> Result<Report, Failure> {
    let honest = run_one("none", times).await?;
    eprintln!("{}", honest.line());
    let mut rows = vec![honest.clone()];
    for name in names {
        let mut row = run_one(name, times).await?;
        if times.judged {
            let broken = bounds::judge(&honest, &row);
            row.problems.extend(broken);
        }
        eprintln!("{}", row.line());
        rows.push(row);
    }
    Ok(Report::new(rows))
}

async fn run_one(name: &str, times: Times) -> Result<Row, Failure> {
    let mut scene = block_in_place(|| Scene::set(name))?;
    let row = scene.measure(name, times).await;
    block_in_place(|| scene.end())?;
    row
}

/// A network and whoever means it harm.
struct Scene {
    cluster: Cluster,
    honest: Vec<usize>,
    adversary: Option<Adversary>,
}

enum Adversary {
    Liar(Process),
    /// In threads of its own: it must not keep the honest clients of this process waiting.
    Keyless(Harmful, Runtime),
}

impl Scene {
    fn set(name: &str) -> Result<Self, Failure> {
        let mut cluster = Cluster::create(&Options::default())?;
        let harm = Harm::of(name);
        let observer = name.strip_prefix(OBSERVER);
        let lies = name != "none" && harm.is_none() && observer.is_none();
        let honest = cluster.all().into_iter().filter(|n| !(lies && *n == LIAR)).collect();
        // In the others' files before they start.
        let place = observer.map(|_| cluster.add()).transpose()?;
        let mut scene = Self { cluster, honest, adversary: None };
        scene.cluster.network.launch(&scene.honest)?;
        scene.cluster.wait_ready(&scene.honest)?;
        if let Some(harm) = harm {
            scene.adversary = Some(scene.keyless(harm)?);
        } else if let (Some(place), Some(behaviour)) = (place, observer) {
            scene.adversary = Some(scene.liar(place, behaviour)?);
        } else if lies {
            scene.adversary = Some(scene.liar(LIAR, name)?);
        }
        Ok(scene)
    }

    fn liar(&self, n: usize, behaviour: &str) -> Result<Adversary, Failure> {
        let mut command = process::detached(&network::binary("ballast-liar")?);
        command.arg("--home").arg(self.cluster.home(n)).args(["--behaviour", behaviour]);
        Process::spawn(&mut command, |_, _| {}).map(Adversary::Liar)
    }

    fn keyless(&self, harm: Harm) -> Result<Adversary, Failure> {
        let mut runtime = tokio::runtime::Builder::new_multi_thread();
        let runtime = runtime.worker_threads(1).enable_all().build().map_err(Failure::internal)?;
        let target = Target::of(&self.cluster, VICTIM)?;
        let harmful = {
            let _inside = runtime.enter();
            Harmful::start(&target, &[harm])?
        };
        Ok(Adversary::Keyless(harmful, runtime))
    }

    async fn measure(&self, name: &str, times: Times) -> Result<Row, Failure> {
        let mut row = Row { adversary: name.to_owned(), ..Row::default() };
        let clients: Vec<_> = self.honest.iter().map(|n| self.cluster.client(*n)).collect();
        let load = Load::through(clients.clone(), &self.cluster.chain, &[1; PAYERS], PAUSE);
        load.more(PAYERS, PATIENCE).await?;
        let (begun, height) = (Instant::now(), self.height());
        let before = load.count();
        self.watch(times.loaded, &mut row).await;
        // Whatever is done to it, the chain goes on.
        load.more(PAYERS, PATIENCE).await?;
        let seconds = begun.elapsed().as_secs_f64();
        row.payments = load.count() - before;
        row.payments_per_s = row.payments as f64 / seconds;
        row.blocks_per_s = self.height().saturating_sub(height) as f64 / seconds;
        let (ledger, _) = load.finish().await?;
        row.take(&ledger);
        if !times.idle.is_zero() {
            self.rest(times.idle, &mut row).await;
        }
        if !self.is_at_it() {
            row.problems.push("the liar ended by itself".to_owned());
        }
        let findings = audit::inspect(&clients, 1, &ledger.ids()).await?;
        row.problems.extend(findings.problems);
        // Whoever signs twice may be named on the chain, and nobody else.
        for client in &clients {
            let named = client.named().await.map_err(Failure::unreachable)?;
            let wrongly = named.iter().filter(|name| *name != "validator-3");
            row.problems.extend(wrongly.map(|name| format!("the chain names {name}")));
        }
        Ok(row)
    }

    /// What the chain does when nobody pays.
    async fn rest(&self, time: Duration, row: &mut Row) {
        let (begun, height, bytes) = (Instant::now(), self.height(), self.disk());
        self.watch(time, row).await;
        let seconds = begun.elapsed().as_secs_f64();
        row.idle_blocks_per_s = Some(self.height().saturating_sub(height) as f64 / seconds);
        let grown = self.disk().into_iter().zip(bytes).map(|(now, then)| now.saturating_sub(then));
        let most = grown.max().unwrap_or(0) as f64;
        row.disk_mib_per_hour = Some(most / f64::from(1 << 20) / seconds * 3_600.0);
    }

    /// An honest validator stays ready, and within its memory.
    async fn watch(&self, time: Duration, row: &mut Row) {
        let end = Instant::now() + time;
        let mut unready = vec![0; self.honest.len()];
        while Instant::now() < end {
            tokio::time::sleep(POLL).await;
            block_in_place(|| self.look(&mut unready, row));
        }
    }

    /// `unready` counts for how many looks on end each was not.
    fn look(&self, unready: &mut [usize], row: &mut Row) {
        for (n, unready) in self.honest.iter().zip(unready) {
            let at = self.cluster.entry(*n).operator_address();
            let ready = operator::ready(at);
            *unready = if ready.is_ok() { 0 } else { *unready + 1 };
            if let Err(why) = ready
                && *unready == UNREADY_MAX
            {
                let failing: String = why.lines().filter(|line| line.contains("[-]")).collect();
                row.problem(format!("validator {n} is not ready: {failing}"));
            }
            let bytes = operator::metric(at, "ballast_process_resident_bytes").unwrap_or(0.0);
            let mib = bytes / f64::from(1 << 20);
            if mib > bounds::MEMORY_MIB_MAX {
                row.problem(format!("validator {n} has {mib:.0} MiB of memory"));
            }
            row.memory_mib = row.memory_mib.max(mib);
        }
    }

    fn height(&self) -> u64 {
        let height = |n: &usize| operator::status(self.cluster.entry(*n).operator_address());
        self.honest.iter().filter_map(height).map(|status| status.height).max().unwrap_or(0)
    }

    /// Bytes of each honest validator's home.
    fn disk(&self) -> Vec<u64> {
        self.honest.iter().map(|n| bytes_in(&self.cluster.home(*n))).collect()
    }

    fn is_at_it(&self) -> bool {
        match &self.adversary {
            Some(Adversary::Liar(process)) => process.is_alive(),
            Some(Adversary::Keyless(..)) | None => true,
        }
    }

    fn end(&mut self) -> Result<(), Failure> {
        match self.adversary.take() {
            Some(Adversary::Liar(process)) => process::end_all(&[process], Duration::from_secs(5)),
            Some(Adversary::Keyless(harmful, runtime)) => {
                tokio::runtime::Handle::current().block_on(harmful.stop());
                runtime.shutdown_background();
                Ok(())
            }
            None => Ok(()),
        }
    }
}

/// Of what cannot be read, nothing: files come and go.
fn bytes_in(folder: &Path) -> u64 {
    let Ok(entries) = std::fs::read_dir(folder) else { return 0 };
    let bytes = entries.flatten().map(|entry| match entry.metadata() {
        Ok(found) if found.is_dir() => bytes_in(&entry.path()),
        Ok(found) => found.len(),
        Err(_) => 0,
    });
    bytes.sum()
}
