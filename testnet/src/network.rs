//! A network's folder and the processes started from it.
//!
//! Several commands may work on one folder at a time: what they do to processes and to the
//! manifest happens under the folder's lock. Only processes that the manifest names are signalled.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs::{self, File, OpenOptions};
use std::io::{Read, Seek, SeekFrom};
use std::net::SocketAddr;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::Signal;

use crate::failure::{Failure, exit};
use crate::layout::{self, Spec};
use crate::manifest::{Entry, Manifest};
use crate::operator;
use crate::process::{self, Process, State};

/// How long validators may take to be ready.
pub const READY_PATIENCE: Duration = Duration::from_secs(30);
/// Between SIGTERM and SIGKILL.
const STOP_PATIENCE: Duration = Duration::from_secs(10);
const POLL: Duration = Duration::from_millis(50);
const LOG_TAIL_BYTES: u64 = 3_000;

#[derive(Clone, Debug)]
pub struct Network {
    dir: PathBuf,
    node: PathBuf,
    launchers: BTreeMap<usize, Launcher>,
    exits: Arc<Mutex<Vec<(Process, ExitStatus)>>>,
}

/// What surrounds a validator's process when it is started from here.
#[derive(Clone, Debug, Default)]
pub struct Launcher {
    /// A command that becomes the one that follows it, such as `ip netns exec NAME`.
    pub prefix: Vec<OsString>,
    pub variables: Vec<(OsString, OsString)>,
    /// Another program than this network's `ballast-node`.
    pub program: Option<PathBuf>,
}

impl Network {
    /// Makes a network in `dir`, which holds nothing; starts nothing.
    pub fn create(dir: &Path, spec: &Spec) -> Result<Self, Failure> {
        let node = node_binary()?;
        layout::check_unused(dir)?;
        let mut folder = fs::DirBuilder::new();
        folder.recursive(true).mode(0o700).create(dir).map_err(Failure::at(dir))?;
        let dir = fs::canonicalize(dir).map_err(Failure::at(dir))?;
        let manifest = layout::write(&dir, spec)?;
        let network = Self::at(dir, node);
        for entry in &manifest.validators {
            network.init(entry)?;
        }
        Ok(network)
    }

    /// The network that `dir` holds.
    pub fn open(dir: &Path) -> Result<Self, Failure> {
        Manifest::read(dir)?;
        let dir = fs::canonicalize(dir).map_err(Failure::at(dir))?;
        Ok(Self::at(dir, node_binary()?))
    }

    fn at(dir: PathBuf, node: PathBuf) -> Self {
        Self { dir, node, launchers: BTreeMap::new(), exits: Arc::default() }
    }

    /// From its next start on.
    pub fn set_launcher(&mut self, n: usize, launcher: Launcher) {
        self.launchers.insert(n, launcher);
    }

    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// The `ballast-node` that this network runs.
    pub fn node(&self) -> &Path {
        &self.node
    }

    pub fn manifest(&self) -> Result<Manifest, Failure> {
        Manifest::read(&self.dir)
    }

    pub fn home(&self, entry: &Entry) -> PathBuf {
        layout::home(&self.dir, &entry.name)
    }

    pub fn log(&self, entry: &Entry) -> PathBuf {
        self.home(entry).join("node.log")
    }

    /// `ballast-node init`: the data folder and the sign-state, once.
    fn init(&self, entry: &Entry) -> Result<(), Failure> {
        let mut command = self.command("init", &self.home(entry));
        let output = command.arg("--key-never-signed").output();
        let output = output.map_err(Failure::at(&self.node))?;
        if output.status.success() {
            return Ok(());
        }
        let why = String::from_utf8_lossy(&output.stderr);
        let name = &entry.name;
        Err(Failure::internal(format!("{name}: ballast-node init: {}", why.trim_end())))
    }

    /// `ballast-node VERB --home HOME`. The home says everything: a BALLAST_* variable would
    /// silently say otherwise.
    pub fn command(&self, verb: &str, home: &Path) -> Command {
        self.tidy(Command::new(&self.node), verb, home)
    }

    fn tidy(&self, mut command: Command, verb: &str, home: &Path) -> Command {
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("BALLAST_") {
                command.env_remove(name);
            }
        }
        command.arg(verb).arg("--home").arg(home);
        command
    }

    /// Makes a home for another node, whose keys are not in the genesis, and starts nothing. It
    /// follows whoever is started after this; the chain may make it a validator.
    pub fn join(&self) -> Result<usize, Failure> {
        self.edit(|manifest| {
            let n = layout::add(&self.dir, manifest)?;
            self.init(manifest.entry(n)?)?;
            Ok(n)
        })
    }

    /// Starts validators that do not run; false when all of them did. Does not wait for them.
    pub fn launch(&self, which: &[usize]) -> Result<bool, Failure> {
        self.edit(|manifest| {
            let mut any = false;
            for &n in which {
                let entry = manifest.entry(n)?;
                if entry.alive().is_none() {
                    let process = self.spawn(n, entry)?;
                    manifest.validators[n].process = Some(process);
                    // At once, so that no process runs that the folder does not know of.
                    manifest.write(&self.dir)?;
                    any = true;
                }
            }
            Ok(any)
        })
    }

    fn spawn(&self, n: usize, entry: &Entry) -> Result<Process, Failure> {
        let path = self.log(entry);
        let mut options = OpenOptions::new();
        let log = options.create(true).append(true).mode(0o600).open(&path);
        let log = log.map_err(Failure::at(&path))?;
        let second = log.try_clone().map_err(Failure::at(&path))?;
        let launcher = self.launchers.get(&n).cloned().unwrap_or_default();
        let program = launcher.program.as_ref().unwrap_or(&self.node);
        let mut command = match launcher.prefix.split_first() {
            None => process::detached(program),
            Some((first, rest)) => {
                let mut command = process::detached(Path::new(first));
                command.args(rest).arg(program);
                command
            }
        };
        command.envs(launcher.variables);
        let mut command = self.tidy(command, "start", &self.home(entry));
        let exits = Arc::clone(&self.exits);
        let ended = move |process, status| {
            exits.lock().unwrap_or_else(PoisonError::into_inner).push((process, status));
        };
        Process::spawn(command.stdout(log).stderr(second), ended)
    }

    /// How a process that was started from here ended; none while it runs.
    pub fn exit_of(&self, process: Process) -> Option<ExitStatus> {
        let exits = self.exits.lock().unwrap_or_else(PoisonError::into_inner);
        exits.iter().find(|(ended, _)| *ended == process).map(|(_, status)| *status)
    }

    /// SIGTERM, and after 10 s SIGKILL; returns when they are gone.
    pub fn stop(&self, which: &[usize]) -> Result<(), Failure> {
        self.edit(|manifest| {
            process::end_all(&alive(manifest, which)?, STOP_PATIENCE)?;
            for &n in which {
                manifest.validators[n].process = None;
            }
            Ok(())
        })
    }

    /// SIGKILL to all before waiting for any.
    pub fn kill(&self, which: &[usize]) -> Result<(), Failure> {
        self.edit(|manifest| {
            let processes = alive(manifest, which)?;
            for process in &processes {
                process.signal(Signal::KILL)?;
            }
            processes.into_iter().try_for_each(process::kill)
        })
    }

    /// SIGSTOP: it takes part in nothing, and its connections stay open.
    pub fn pause(&self, n: usize) -> Result<(), Failure> {
        let process = self.running(n)?;
        process.signal(Signal::STOP)?;
        let deadline = Instant::now() + STOP_PATIENCE;
        while process.state() == State::Running && Instant::now() < deadline {
            thread::sleep(Duration::from_millis(5));
        }
        Ok(())
    }

    pub fn resume(&self, n: usize) -> Result<(), Failure> {
        self.running(n)?.signal(Signal::CONT).map(drop)
    }

    fn running(&self, n: usize) -> Result<Process, Failure> {
        let manifest = self.manifest()?;
        let entry = manifest.entry(n)?;
        let name = &entry.name;
        entry.alive().ok_or_else(|| Failure::unreachable(format!("{name} does not run")))
    }

    /// Every validator's index.
    pub fn all(&self) -> Result<Vec<usize>, Failure> {
        Ok((0..self.manifest()?.validators.len()).collect())
    }

    /// Stops everything and deletes the folder.
    pub fn remove(self) -> Result<(), Failure> {
        self.stop(&self.all()?)?;
        fs::remove_dir_all(&self.dir).map_err(Failure::at(&self.dir))
    }

    /// Waits until each `/readyz` of `which` answers 200; the failure ends with a log's tail.
    pub fn wait_ready(&self, which: &[usize], cancel: &AtomicBool) -> Result<(), Failure> {
        self.wait_each(which, cancel, operator::ready)
    }

    /// Waits until the processes answer at all. A validator without a quorum is live, not ready.
    pub fn wait_live(&self, which: &[usize]) -> Result<(), Failure> {
        let live = |at| {
            if operator::live(at) { Ok(()) } else { Err("/livez does not answer".to_owned()) }
        };
        self.wait_each(which, &AtomicBool::new(false), live)
    }

    fn wait_each(
        &self,
        which: &[usize],
        cancel: &AtomicBool,
        probe: impl Fn(SocketAddr) -> Result<(), String>,
    ) -> Result<(), Failure> {
        let manifest = self.manifest()?;
        let deadline = Instant::now() + READY_PATIENCE;
        for &n in which {
            let entry = manifest.entry(n)?;
            loop {
                let gone = entry.alive().is_none();
                let Err(why) = probe(entry.operator_address()) else { break };
                if cancel.load(Ordering::Relaxed) {
                    return Err(Failure::new(exit::INTERRUPTED, "interrupted"));
                }
                if gone {
                    return Err(self.not_up(entry, "has ended"));
                }
                if Instant::now() >= deadline {
                    return Err(self.not_up(entry, &format!("is not ready:\n{}", why.trim_end())));
                }
                thread::sleep(POLL);
            }
        }
        Ok(())
    }

    fn not_up(&self, entry: &Entry, why: &str) -> Failure {
        let path = self.log(entry);
        let tail = tail(&path).unwrap_or_default();
        let (name, path) = (&entry.name, path.display());
        Failure::unreachable(format!("{name} {why}\n--- {path}\n{}", tail.trim_end()))
    }

    /// Changes the manifest while no other command does.
    fn edit<T>(
        &self,
        change: impl FnOnce(&mut Manifest) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        let path = self.dir.join("lock");
        let mut options = OpenOptions::new();
        let file = options.create(true).append(true).open(&path).map_err(Failure::at(&path))?;
        file.lock().map_err(Failure::at(&path))?;
        let mut manifest = self.manifest()?;
        let result = change(&mut manifest)?;
        manifest.write(&self.dir)?;
        Ok(result)
    }
}

/// `ballast-node` in BALLAST_BIN_DIR, or beside this program (a test's is one folder deeper).
fn node_binary() -> Result<PathBuf, Failure> {
    binary("ballast-node")
}

/// One of this workspace's programs.
pub fn binary(name: &str) -> Result<PathBuf, Failure> {
    let folders: Vec<PathBuf> = match std::env::var_os("BALLAST_BIN_DIR") {
        Some(folder) => vec![folder.into()],
        None => {
            let exe = std::env::current_exe().map_err(Failure::internal)?;
            exe.ancestors().skip(1).take(2).map(Path::to_owned).collect()
        }
    };
    folders.iter().map(|folder| folder.join(name)).find(|path| path.is_file()).ok_or_else(|| {
        let folders: Vec<_> = folders.iter().map(|folder| folder.display().to_string()).collect();
        let folders = folders.join(", ");
        Failure::not_found(format!("no {name} in {folders}; build it, or set BALLAST_BIN_DIR"))
    })
}

fn alive(manifest: &Manifest, which: &[usize]) -> Result<Vec<Process>, Failure> {
    let entries = which.iter().map(|n| manifest.entry(*n));
    entries.filter_map(|entry| entry.map(Entry::alive).transpose()).collect()
}

fn tail(path: &Path) -> std::io::Result<String> {
    let mut file = File::open(path)?;
    let length = file.metadata()?.len();
    file.seek(SeekFrom::Start(length.saturating_sub(LOG_TAIL_BYTES)))?;
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes)?;
    let text = String::from_utf8_lossy(&bytes).into_owned();
    // The first line is most likely cut.
    let cut = length > LOG_TAIL_BYTES;
    Ok(text.split_once('\n').filter(|_| cut).map_or(text.clone(), |(_, rest)| rest.to_owned()))
}
