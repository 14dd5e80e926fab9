//! The seeded simulator: validators as they ship (replica, runtime, log and sign-state), on a
//! virtual clock, a virtual network and virtual disks, in one thread. A run is a function of its
//! [`Plan`], and a plan of its seed: the same seed gives the same trace on every machine.
//!
//! [`plan`] says what goes wrong, [`world`] lets it happen, [`workload`] are the clients,
//! [`byzantine`] the liars, [`checkers`] say what must hold. `docs/simulator.md` has the models of
//! disk and network, and what they leave out.

pub mod byzantine;
pub mod campaign;
pub mod checkers;
pub mod clock;
pub mod coverage;
mod delivery;
mod disk;
mod faults;
mod lifecycle;
mod measures;
mod memo;
mod network;
mod node;
mod panics;
pub mod plan;
pub mod rng;
mod setting;
pub mod shrink;
mod trace;
mod wire;
pub mod workload;
mod world;

use std::io::Write;

pub use coverage::Coverage;
pub use measures::Measures;
pub use plan::Plan;
pub use world::Outcome;

/// Runs a plan; `log` is given what every node saw and did.
pub fn run(plan: &Plan, log: Option<Box<dyn Write>>) -> Outcome {
    memo::forget();
    world::World::new(plan, log).run()
}
