//! What befalls the one.

use std::thread;
use std::time::{Duration, Instant};

use ballast_testnet::Failure;
use ballast_testnet::chaos::machine::{Machine, Need};
use ballast_testnet::chaos::world::World;
use ballast_testnet::network;
use ballast_testnet::process::{self, Process};
use clap::ValueEnum;

/// Whom it befalls. Clients pay through the others.
pub const ONE: usize = 3;
pub const OTHERS: [usize; 3] = [0, 1, 2];
const MINUTE_MS: i64 = 60_000;
/// How long a clock that jumps stays where it is.
const JUMP: Duration = Duration::from_secs(3);

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Fault {
    Nothing,
    Killed,
    Paused,
    CutOff,
    ClockAhead,
    ClockBehind,
    ClockJumps,
    ClockSlightlyAhead,
    ClockSlightlyBehind,
    /// Votes for and against each block.
    Lies,
    /// Proposes in far rounds what nobody has.
    LiesFar,
}

pub const ALL: [Fault; 11] = [
    Fault::Nothing,
    Fault::Killed,
    Fault::Paused,
    Fault::CutOff,
    Fault::ClockAhead,
    Fault::ClockBehind,
    Fault::ClockJumps,
    Fault::ClockSlightlyAhead,
    Fault::ClockSlightlyBehind,
    Fault::Lies,
    Fault::LiesFar,
];

impl Fault {
    pub fn name(self) -> String {
        self.to_possible_value().map_or_else(String::new, |value| value.get_name().to_owned())
    }

    /// Why it cannot happen on this machine.
    pub fn lack(self, machine: &Machine) -> Option<&str> {
        match self {
            Self::CutOff => machine.lacks(Need::Hosts),
            _ if !self.clock().is_empty() => machine.lacks(Need::Shim),
            _ => None,
        }
    }

    /// What its clock is off by, in turn, milliseconds.
    const fn clock(self) -> &'static [i64] {
        match self {
            Self::ClockAhead => &[10 * MINUTE_MS],
            Self::ClockBehind => &[-10 * MINUTE_MS],
            Self::ClockJumps => &[10 * MINUTE_MS, 0, -10 * MINUTE_MS, 5_000, -5_000, 0],
            Self::ClockSlightlyAhead => &[400],
            Self::ClockSlightlyBehind => &[-400],
            _ => &[],
        }
    }

    /// Strikes now and is mended `to` seconds after `begun`.
    pub fn strike(self, world: &World, begun: Instant, to: u64) -> Result<(), Failure> {
        let end = begun + Duration::from_secs(to);
        match self {
            Self::Nothing => wait(end),
            Self::Killed => {
                world.kill(&[ONE])?;
                wait(end);
                world.launch(&[ONE])?;
            }
            Self::Paused => {
                world.cluster.pause(ONE)?;
                wait(end);
                world.cluster.resume(ONE)?;
            }
            Self::CutOff => {
                world.hosts()?.split(&[ONE], &OTHERS)?;
                wait(end);
                world.hosts()?.heal()?;
            }
            Self::Lies => lie(world, "twin", end)?,
            Self::LiesFar => lie(world, "far-rounds", end)?,
            _ => self.turn_clock(world, end)?,
        }
        Ok(())
    }

    fn turn_clock(self, world: &World, end: Instant) -> Result<(), Failure> {
        for offset in self.clock().iter().cycle() {
            if Instant::now() >= end {
                break;
            }
            world.shim(ONE)?.skew_clock(*offset)?;
            let until = if self.clock().len() == 1 { end } else { Instant::now() + JUMP };
            wait(until.min(end));
        }
        world.shim(ONE)?.skew_clock(0)
    }
}

/// A liar takes its place; it does not come back, for its key has signed against itself.
fn lie(world: &World, behaviour: &str, end: Instant) -> Result<(), Failure> {
    world.kill(&[ONE])?;
    let program = network::binary("ballast-liar")?;
    let mut command = match world.hosts() {
        Ok(hosts) => {
            let prefix = hosts.prefix(ONE as u8);
            let [first, rest @ ..] = prefix.as_slice() else {
                return Err(Failure::internal("no way into a namespace"));
            };
            let mut command = process::detached(first.as_ref());
            command.args(rest).arg(&program);
            command
        }
        Err(_) => process::detached(&program),
    };
    command.arg("--home").arg(world.cluster.home(ONE)).args(["--behaviour", behaviour]);
    let liar = Process::spawn(&mut command, |_, _| {})?;
    wait(end);
    process::end_all(&[liar], Duration::from_secs(5))
}

pub fn wait(until: Instant) {
    thread::sleep(until.saturating_duration_since(Instant::now()));
}
