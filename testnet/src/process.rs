//! Processes by pid and start time, so that a pid which the system has given to another process
//! is never signalled.

use std::fs;
use std::path::Path;
use std::process::{Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};
use serde::{Deserialize, Serialize};

use crate::failure::Failure;

const POLL: Duration = Duration::from_millis(10);

/// One process that was started here, for as long as it lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Process {
    pub pid: u32,
    /// Clock ticks from the machine's boot to the process's start: field 22 of `/proc/PID/stat`.
    pub started: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    Running,
    /// Stopped by SIGSTOP.
    Paused,
    Gone,
}

/// A command in a session of its own: it outlives the terminal, and a Ctrl-C there is not sent
/// to it. `setsid` becomes the program, so that the pid stays.
pub fn detached(program: &Path) -> Command {
    let mut command = Command::new("setsid");
    command.arg(program);
    command
}

impl Process {
    /// Starts `command` with nothing to read. `ended` is told how the process ended, unless this
    /// program ends before.
    pub fn spawn(
        command: &mut Command,
        ended: impl FnOnce(Self, ExitStatus) + Send + 'static,
    ) -> Result<Self, Failure> {
        let program = command.get_program().to_owned();
        let mut child = command
            .stdin(Stdio::null())
            .spawn()
            .map_err(|error| Failure::internal(format!("{}: {error}", program.display())))?;
        // Held by the child, dead or alive, until it is waited for.
        let process = Self::of(child.id())
            .ok_or_else(|| Failure::internal(format!("{}: gone at once", program.display())));
        // Takes the dead child away, for as long as this program lives.
        let reported = process.clone();
        thread::spawn(move || {
            if let (Ok(status), Ok(process)) = (child.wait(), reported) {
                ended(process, status);
            }
        });
        process
    }

    /// The process that has `pid` now.
    fn of(pid: u32) -> Option<Self> {
        Stat::read(pid).map(|stat| Self { pid, started: stat.started })
    }

    pub fn state(self) -> State {
        let Some(stat) = Stat::read(self.pid).filter(|stat| stat.started == self.started) else {
            return State::Gone;
        };
        match stat.state {
            // A zombie with threads is still dying, and holds its files and locks.
            'Z' | 'X' if stat.threads <= 1 => State::Gone,
            'T' => State::Paused,
            _ => State::Running,
        }
    }

    pub fn is_alive(self) -> bool {
        self.state() != State::Gone
    }

    /// Whether there was still a process to signal.
    pub fn signal(self, signal: Signal) -> Result<bool, Failure> {
        let failed = |error| Failure::internal(format!("process {}: {error}", self.pid));
        let Some(pid) = i32::try_from(self.pid).ok().and_then(Pid::from_raw) else {
            return Ok(false);
        };
        // The descriptor stands for one process; checked after it was opened, it is ours.
        let handle = match pidfd_open(pid, PidfdFlags::empty()) {
            Ok(handle) => handle,
            Err(rustix::io::Errno::SRCH) => return Ok(false),
            Err(error) => return Err(failed(error)),
        };
        if !self.is_alive() {
            return Ok(false);
        }
        match pidfd_send_signal(&handle, signal) {
            Ok(()) => Ok(true),
            Err(rustix::io::Errno::SRCH) => Ok(false),
            Err(error) => Err(failed(error)),
        }
    }

    /// Waits until the process is gone; false when it is still there after `patience`.
    pub fn wait_gone(self, patience: Duration) -> bool {
        let deadline = Instant::now() + patience;
        while self.is_alive() {
            if Instant::now() >= deadline {
                return false;
            }
            thread::sleep(POLL);
        }
        true
    }
}

/// SIGTERM to all, then SIGKILL to those still there after `patience`.
pub fn end_all(processes: &[Process], patience: Duration) -> Result<(), Failure> {
    for process in processes {
        process.signal(Signal::TERM)?;
        // A paused process takes no notice of the first before the second.
        process.signal(Signal::CONT)?;
    }
    let deadline = Instant::now() + patience;
    for process in processes {
        if !process.wait_gone(deadline.saturating_duration_since(Instant::now())) {
            kill(*process)?;
        }
    }
    Ok(())
}

/// SIGKILL, then waits until the process is gone.
pub fn kill(process: Process) -> Result<(), Failure> {
    process.signal(Signal::KILL)?;
    if process.wait_gone(Duration::from_secs(10)) {
        return Ok(());
    }
    Err(Failure::internal(format!("process {} does not die of SIGKILL", process.pid)))
}

/// What `/proc/PID/stat` says.
struct Stat {
    state: char,
    threads: u32,
    started: u64,
}

impl Stat {
    fn read(pid: u32) -> Option<Self> {
        let text = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
        // The name, in parentheses, may hold anything; field 3 follows it.
        let (_, rest) = text.rsplit_once(')')?;
        let fields: Vec<_> = rest.split_whitespace().collect();
        let field = |number: usize| fields.get(number - 3).copied();
        Some(Self {
            state: field(3)?.chars().next()?,
            threads: field(20)?.parse().ok()?,
            started: field(22)?.parse().ok()?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_is_paused_and_ended() {
        let process = Process::spawn(detached(Path::new("sleep")).arg("60"), |_, _| {}).unwrap();
        assert!(process.signal(Signal::STOP).unwrap());
        while process.state() != State::Paused {
            thread::sleep(POLL);
        }
        end_all(&[process], Duration::from_secs(10)).unwrap();
        assert_eq!(process.state(), State::Gone);
    }

    #[test]
    fn a_reused_pid_is_not_signalled() {
        let process = Process::spawn(Command::new("sleep").arg("60"), |_, _| {}).unwrap();
        let earlier = Process { started: process.started - 1, ..process };
        assert_eq!(earlier.state(), State::Gone);
        assert!(!earlier.signal(Signal::KILL).unwrap());
        assert_eq!(process.state(), State::Running);
        kill(process).unwrap();
    }
}
