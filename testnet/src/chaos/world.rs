//! Four validators with everything around them that can be broken on this machine.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use super::hosts::Hosts;
use super::machine::Machine;
use super::shim::Shim;
use super::sign_state::{self, Signed};
use super::volume::Volume;
use crate::cluster::{Cluster, Options};
use crate::failure::Failure;
use crate::manifest::Manifest;
use crate::network::Launcher;
use crate::operator::{self, Status};
use crate::process::Process;

pub const VALIDATORS: u8 = 4;
/// From healing until all validators commit and vote again.
pub const RECOVERY: Duration = Duration::from_secs(30);
/// For what a fault waits for while it lasts.
pub const PATIENCE: Duration = Duration::from_secs(30);
const POLL: Duration = Duration::from_millis(20);
/// Blocks that every validator has committed after the healing before it counts as recovered.
const BLOCKS_AFTER: u64 = 2;

pub struct World {
    // In the order in which they must be taken down, once the processes are.
    volumes: Vec<Volume>,
    shims: Vec<Shim>,
    hosts: Option<Hosts>,
    power_cut: Option<PathBuf>,
    pub cluster: Cluster,
    /// The newest signature that each validator was found with.
    signed: Mutex<Vec<Option<Signed>>>,
    double_signs: Mutex<Vec<String>>,
}

impl World {
    /// Starts it; `volume_bytes` is the size of each home's file system.
    pub fn up(machine: &Machine, volume_bytes: u64) -> Result<Self, Failure> {
        Self::with(machine, volume_bytes, Options::default())
    }

    /// As many accounts as `options` say; hosts and their number are this world's.
    pub fn with(machine: &Machine, volume_bytes: u64, options: Options) -> Result<Self, Failure> {
        let hosts = machine.hosts.is_ok().then(|| Hosts::create(VALIDATORS)).transpose()?;
        let addresses = hosts.iter().flat_map(|hosts| (0..VALIDATORS).map(|n| hosts.address(n)));
        let options = Options { hosts: addresses.collect(), ..options };
        let cluster = Cluster::create(&options)?;
        let mut world = Self {
            volumes: Vec::new(),
            shims: Vec::new(),
            hosts,
            power_cut: machine.power.as_ref().ok().cloned(),
            cluster,
            signed: Mutex::new(vec![None; usize::from(VALIDATORS)]),
            double_signs: Mutex::default(),
        };
        world.furnish(machine, volume_bytes)?;
        world.cluster.network.launch(&world.all())?;
        world.cluster.wait_ready(&world.all())?;
        world.check_shims()?;
        Ok(world)
    }

    fn furnish(&mut self, machine: &Machine, volume_bytes: u64) -> Result<(), Failure> {
        let dir = self.cluster.network.dir().to_owned();
        if let Some(hosts) = &self.hosts {
            hosts.open_ports(self.manifest())?;
        }
        for n in 0..VALIDATORS {
            let index = usize::from(n);
            if let Ok(kinds) = &machine.volumes {
                let kind = kinds[index % kinds.len()];
                let image = dir.join(format!("image-{n}"));
                let home = self.cluster.home(index);
                self.volumes.push(Volume::over(&home, &image, kind, volume_bytes)?);
                // Logs outlive power cuts and full disks.
                let log = self.cluster.network.log(self.cluster.entry(index));
                symlink(log_outside(&dir, index), &log).map_err(Failure::at(&log))?;
            }
            let mut launcher = Launcher::default();
            if let Some(hosts) = &self.hosts {
                launcher.prefix = hosts.prefix(n);
            }
            if let Ok(library) = &machine.shim {
                let shim = Shim::new(library, &dir.join(format!("shim-{n}")))?;
                launcher.variables = shim.variables();
                self.shims.push(shim);
            }
            self.cluster.network.set_launcher(index, launcher);
        }
        Ok(())
    }

    fn check_shims(&self) -> Result<(), Failure> {
        for (n, shim) in self.shims.iter().enumerate() {
            if !shim.is_loaded()? {
                let why = format!("validator {n} runs without the preloaded library");
                return Err(Failure::internal(why));
            }
        }
        Ok(())
    }

    pub fn all(&self) -> Vec<usize> {
        self.cluster.all()
    }

    /// Every validator but those.
    pub fn others(&self, which: &[usize]) -> Vec<usize> {
        self.all().into_iter().filter(|n| !which.contains(n)).collect()
    }

    pub fn manifest(&self) -> &Manifest {
        self.cluster.manifest()
    }

    pub fn hosts(&self) -> Result<&Hosts, Failure> {
        self.hosts.as_ref().ok_or_else(|| Failure::usage("validators share one host here"))
    }

    pub fn volume(&self, n: usize) -> Result<&Volume, Failure> {
        self.volumes.get(n).ok_or_else(|| Failure::usage("homes share one file system here"))
    }

    pub fn shim(&self, n: usize) -> Result<&Shim, Failure> {
        self.shims.get(n).ok_or_else(|| Failure::usage("nothing is preloaded here"))
    }

    /// Those whose power can be cut.
    pub fn powered(&self) -> Vec<usize> {
        let with_power = |n: &usize| self.volumes.get(*n).is_some_and(Volume::has_power);
        self.all().into_iter().filter(with_power).collect()
    }

    pub fn status(&self, n: usize) -> Option<Status> {
        operator::status(self.cluster.entry(n).operator_address())
    }

    /// The newest height that anyone of `which` says it has committed.
    pub fn height(&self, which: &[usize]) -> u64 {
        which.iter().filter_map(|n| self.status(*n)).map(|status| status.height).max().unwrap_or(0)
    }

    /// Waits until one of `which` has committed `more` blocks more than any had.
    pub fn wait_progress(&self, which: &[usize], more: u64) -> Result<(), Failure> {
        let target = self.height(which) + more;
        let what = format!("one of validators {which:?} reaches height {target}");
        wait_until(&what, || self.height(which) >= target)
    }

    /// SIGKILL to all, and a look at what they had signed.
    pub fn kill(&self, which: &[usize]) -> Result<(), Failure> {
        self.cluster.kill(which)?;
        which.iter().try_for_each(|n| self.look_at_sign_state(*n))
    }

    /// Starts validators, without waiting for them.
    pub fn launch(&self, which: &[usize]) -> Result<(), Failure> {
        self.cluster.network.launch(which).map(drop)
    }

    /// The power of `which` goes at one time, and comes back.
    pub fn cut_power(&self, which: &[usize]) -> Result<(), Failure> {
        let tool = self.power_cut.as_ref();
        let tool = tool.ok_or_else(|| Failure::usage("no power can be cut here"))?;
        for n in which {
            self.volume(*n)?.cut_power(tool)?;
        }
        // Their memory is gone, too.
        self.cluster.kill(which)?;
        for n in which {
            self.volume(*n)?.restore_power()?;
            self.look_at_sign_state(*n)?;
        }
        Ok(())
    }

    /// Waits until validator `n` ends by itself, and gives its exit code.
    pub fn wait_exit(&self, n: usize, process: Process) -> Result<Option<i32>, Failure> {
        let network = &self.cluster.network;
        let ended = || network.exit_of(process).is_some();
        wait_until(&format!("validator {n} ends by itself"), ended)?;
        self.look_at_sign_state(n)?;
        Ok(network.exit_of(process).and_then(|status| status.code()))
    }

    /// The process of validator `n` that was started last.
    pub fn process(&self, n: usize) -> Result<Process, Failure> {
        let manifest = self.cluster.network.manifest()?;
        let process = manifest.entry(n)?.process;
        process.ok_or_else(|| Failure::internal(format!("validator {n} was stopped")))
    }

    /// Notes what validator `n`, which does not run, signed last.
    fn look_at_sign_state(&self, n: usize) -> Result<(), Failure> {
        let now = sign_state::read(&self.cluster.home(n).join("sign-state"))?;
        let mut signed = lock(&self.signed);
        let Some(before) = signed.get_mut(n) else { return Ok(()) };
        let wrong = match (&now, &before) {
            (Some(now), Some(before)) => now.contradicts(before),
            (None, Some(before)) => Some(format!("its sign-state forgot {before:?}")),
            (_, None) => None,
        };
        if let Some(wrong) = wrong {
            lock(&self.double_signs).push(format!("validator {n}: {wrong}"));
        }
        *before = now;
        Ok(())
    }

    /// What was found wrong with sign-states since the last call.
    pub fn take_double_signs(&self) -> Vec<String> {
        std::mem::take(&mut lock(&self.double_signs))
    }

    /// Waits, from `healed` on, until every validator votes and has committed blocks that did not
    /// exist then. Gives the time that took.
    pub fn wait_recovered(&self, healed: Instant) -> Result<Duration, Failure> {
        let target = self.height(&self.all()) + BLOCKS_AFTER;
        let mut waiting = self.all();
        loop {
            waiting.retain(|n| !self.status(*n).is_some_and(|s| is_well(&s, target)));
            if waiting.is_empty() {
                return Ok(healed.elapsed());
            }
            for n in &waiting {
                if !self.process(*n)?.is_alive() {
                    return Err(Failure::internal(format!("validator {n} has ended by itself")));
                }
            }
            if healed.elapsed() >= RECOVERY {
                let what = format!("not well at height {target} within {RECOVERY:?}");
                let last: Vec<_> = waiting.iter().map(|n| (n, self.status(*n))).collect();
                return Err(Failure::internal(format!("{what}: {last:?}")));
            }
            thread::sleep(POLL);
        }
    }

    /// Copies every validator's log into `folder`.
    pub fn save_logs(&self, folder: &Path) -> Result<(), Failure> {
        fs::create_dir_all(folder).map_err(Failure::at(folder))?;
        for n in self.all() {
            let to = folder.join(format!("validator-{n}.log"));
            fs::write(&to, self.cluster.log(n)).map_err(Failure::at(&to))?;
        }
        Ok(())
    }
}

fn log_outside(dir: &Path, n: usize) -> PathBuf {
    dir.join(format!("validator-{n}.log"))
}

fn is_well(status: &Status, target: u64) -> bool {
    status.height >= target && status.voting == "yes" && !status.syncing
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Polls until `condition` holds.
pub fn wait_until(what: &str, condition: impl Fn() -> bool) -> Result<(), Failure> {
    let deadline = Instant::now() + PATIENCE;
    while !condition() {
        if Instant::now() >= deadline {
            return Err(Failure::internal(format!("not within {PATIENCE:?}: {what}")));
        }
        thread::sleep(POLL);
    }
    Ok(())
}

impl Drop for World {
    fn drop(&mut self) {
        // Before the file systems under them are taken away.
        let _ = self.cluster.network.kill(&self.cluster.all());
    }
}
