//! Runs faults one kind after the other: under load, each injection followed by recovery, each
//! kind by an audit.

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use rand::SeedableRng;
use rand::rngs::StdRng;
use tokio::task::block_in_place;

use super::faults::{self, Fault, Scene};
use super::machine::Machine;
use super::progress::Progress;
use super::report::{Report, Row};
use super::verdict::{Balances, judge};
use super::world::{PATIENCE, World};
use crate::failure::{Failure, exit};
use crate::load::{Ledger, Load};

const PAYERS: usize = 8;
const PAUSE: Duration = Duration::from_millis(10);
/// Payments that must be acknowledged after a recovery, before the next injection.
const PAYMENTS_BETWEEN: usize = 10;

/// How often each fault is injected.
pub struct Plan {
    pub faults: Vec<(Fault, u32)>,
    pub seed: u64,
    /// Of each validator's home, where it has a file system of its own.
    pub volume_bytes: u64,
    /// Where the validators' logs go, in a folder for each fault that failed, and at the end.
    pub logs: PathBuf,
}

/// How often each kind of fault is injected. Where a fault has variants they share the number.
#[derive(Clone, Copy, Debug)]
pub struct Counts {
    pub kills: u32,
    pub lost_data: u32,
    pub pauses: u32,
    pub partitions: u32,
    pub packet_losses: u32,
    pub clock_skews: u32,
    pub sync_errors: u32,
    pub full_disks: u32,
    pub power_cuts: u32,
}

impl Counts {
    pub fn faults(self) -> Vec<(Fault, u32)> {
        // Two of three hit one validator, the third all of them.
        let of_all = |count: u32| count / 3;
        let half = |count: u32| count / 2;
        vec![
            // First, while there is little to fetch.
            (faults::LOST_DATA, self.lost_data),
            (faults::KILL_ONE, self.kills - of_all(self.kills)),
            (faults::KILL_ALL, of_all(self.kills)),
            (faults::PAUSE_ONE, self.pauses - half(self.pauses)),
            (faults::PAUSE_TWO, half(self.pauses)),
            (faults::SPLIT_ONE_WAY, self.partitions - half(self.partitions)),
            (faults::SPLIT_IN_TWO, half(self.partitions)),
            (faults::PACKET_LOSS, self.packet_losses),
            (faults::CLOCK_SKEW, self.clock_skews),
            (faults::SYNC_ERROR, self.sync_errors),
            (faults::FULL_DISK, self.full_disks),
            (faults::POWER_CUT_ONE, self.power_cuts - of_all(self.power_cuts)),
            (faults::POWER_CUT_ALL, of_all(self.power_cuts)),
        ]
    }
}

/// Runs the plan. Stops early, with what there is, when `interrupted` or when a network cannot
/// even be started.
pub async fn run(
    plan: &Plan,
    machine: &Machine,
    interrupted: &AtomicBool,
) -> Result<Report, Failure> {
    let started = Instant::now();
    let mut suite = Suite {
        plan,
        machine,
        interrupted,
        random: StdRng::seed_from_u64(plan.seed),
        setting: None,
        progress: Progress::new(&plan.faults, machine),
    };
    let mut rows = Vec::new();
    for (at, (fault, count)) in plan.faults.iter().enumerate() {
        if *count == 0 {
            continue;
        }
        suite.progress.begin(at);
        let lack = fault.needs.iter().find_map(|need| machine.lacks(*need));
        rows.push(match lack {
            Some(why) => Row::skipped(fault.name, *count, why),
            None => suite.run(fault, *count).await?,
        });
    }
    if let Some(setting) = suite.setting.take() {
        eprintln!("auditing the whole chain");
        rows.push(setting.whole_chain().await);
        setting.world.save_logs(&plan.logs.join("all"))?;
    }
    Ok(Report::new(plan.seed, started.elapsed(), rows))
}

/// A running network, and what its next load must know.
struct Setting {
    world: World,
    nonces: Vec<u64>,
    balances: Balances,
    /// Up to here everything was audited.
    height: u64,
    /// Payments of all kinds of faults so far.
    ledger: Ledger,
    /// Before any of them.
    first: Balances,
}

impl Setting {
    async fn up(plan: &Plan, machine: &Machine) -> Result<Self, Failure> {
        let world = block_in_place(|| World::up(machine, plan.volume_bytes))?;
        let balances = Balances::read(&world.cluster, &world.cluster.client(0)).await?;
        let (nonces, ledger) = (vec![1; PAYERS], Ledger::default());
        let first = balances.clone();
        Ok(Self { world, nonces, balances, height: 0, ledger, first })
    }

    /// Nothing that was audited before has changed since.
    async fn whole_chain(&self) -> Row {
        let mut row = Row::new("all of the above", 0);
        row.acknowledged = self.ledger.acknowledged.len();
        let verdict = judge(&self.world.cluster, 1, &self.ledger, &self.first).await;
        row.audit = match verdict.and_then(|verdict| row.take(verdict)) {
            Ok(()) => "pass".to_owned(),
            Err(failure) => format!("FAILED: {failure}"),
        };
        row
    }
}

struct Suite<'a> {
    plan: &'a Plan,
    machine: &'a Machine,
    interrupted: &'a AtomicBool,
    random: StdRng,
    /// None before the first fault, and after one that failed.
    setting: Option<Setting>,
    progress: Progress<'a>,
}

impl Suite<'_> {
    /// One kind of fault, from load to audit. A failure is of the suite; the network's are rows.
    async fn run(&mut self, fault: &Fault, count: u32) -> Result<Row, Failure> {
        let mut setting = match self.setting.take() {
            Some(setting) => setting,
            None => Setting::up(self.plan, self.machine).await?,
        };
        let mut row = Row::new(fault.name, count);
        match self.try_fault(fault, count, &mut setting, &mut row).await {
            Ok(()) => {
                row.audit = "pass".to_owned();
                self.setting = Some(setting);
                Ok(row)
            }
            Err(failure) if failure.exit == exit::INTERRUPTED => Err(failure),
            Err(failure) => {
                let logs = self.plan.logs.join(fault.name.replace(' ', "-"));
                setting.world.save_logs(&logs)?;
                eprintln!("{}: {failure}\nlogs: {}", fault.name, logs.display());
                row.audit = format!("FAILED: {failure}");
                Ok(row)
            }
        }
    }

    async fn try_fault(
        &mut self,
        fault: &Fault,
        count: u32,
        setting: &mut Setting,
        row: &mut Row,
    ) -> Result<(), Failure> {
        let load = Load::go_on(&setting.world.cluster, &setting.nonces, PAUSE);
        let injected = self.inject_all(fault, count, &setting.world, &load, row).await;
        // Also after a failure: the ledger says what it cost.
        let (ledger, nonces) = load.finish().await?;
        row.acknowledged = ledger.acknowledged.len();
        setting.nonces = nonces;
        let world = &setting.world;
        let verdict = judge(&world.cluster, setting.height + 1, &ledger, &setting.balances).await;
        let double_signs = world.take_double_signs();
        injected?;
        let mut verdict = verdict?;
        setting.height = verdict.height;
        verdict.double_signs += double_signs.len();
        verdict.problems.extend(double_signs);
        row.take(verdict)?;
        setting.balances = Balances::read(&world.cluster, &world.cluster.client(0)).await?;
        setting.ledger.acknowledged.extend(ledger.acknowledged);
        Ok(())
    }

    async fn inject_all(
        &mut self,
        fault: &Fault,
        count: u32,
        world: &World,
        load: &Load,
        row: &mut Row,
    ) -> Result<(), Failure> {
        for round in 0..count {
            load.more(PAYMENTS_BETWEEN, PATIENCE).await?;
            if self.interrupted.load(Ordering::Relaxed) {
                return Err(Failure::new(exit::INTERRUPTED, "interrupted"));
            }
            let started = Instant::now();
            let mut scene = Scene { world, random: &mut self.random, round };
            let time = block_in_place(|| {
                let healed = (fault.inject)(&mut scene)?;
                world.wait_recovered(healed)
            })?;
            row.injected += 1;
            row.recovered_in(time);
            self.progress.injected(started.elapsed());
        }
        load.more(PAYMENTS_BETWEEN, PATIENCE).await
    }
}
