//! One file for each fault. A fault is injected into a running network under load, lasts for a
//! while, and is healed; what must hold while it lasts is checked here, what must hold afterwards
//! by the [`super::suite`].

mod clock;
mod full_disk;
mod kill;
mod lost_data;
mod packet_loss;
mod partition;
mod pause;
mod power_cut;
mod sync_error;

use std::thread;
use std::time::{Duration, Instant};

use rand::RngExt;
use rand::rngs::StdRng;

use super::machine::Need;
use super::world::World;
use crate::failure::Failure;

/// Where one injection happens.
pub struct Scene<'a> {
    pub world: &'a World,
    pub random: &'a mut StdRng,
    /// Counts the injections of one fault, from 0.
    pub round: u32,
}

/// Breaks something and mends it. Gives the moment at which it was mended.
pub type Inject = fn(&mut Scene<'_>) -> Result<Instant, Failure>;

pub struct Fault {
    pub name: &'static str,
    pub needs: &'static [Need],
    pub inject: Inject,
    /// How long one injection takes, recovery included: for estimates before there was one.
    pub typical: Duration,
}

const fn fault(
    name: &'static str,
    needs: &'static [Need],
    inject: Inject,
    typical_ms: u64,
) -> Fault {
    Fault { name, needs, inject, typical: Duration::from_millis(typical_ms) }
}

pub const KILL_ONE: Fault = fault("kill -9 of one", &[], kill::one, 2_000);
pub const KILL_ALL: Fault = fault("kill -9 of all four", &[], kill::all, 2_500);
pub const LOST_DATA: Fault = fault("lost data folder", &[], lost_data::inject, 2_500);
pub const PAUSE_ONE: Fault = fault("SIGSTOP of one", &[], pause::one, 2_000);
pub const PAUSE_TWO: Fault = fault("SIGSTOP of two", &[], pause::two, 2_000);
pub const SPLIT_ONE_WAY: Fault = fault("one-way split", &[Need::Hosts], partition::one_way, 3_500);
pub const SPLIT_IN_TWO: Fault =
    fault("split two from two", &[Need::Hosts], partition::in_two, 3_500);
pub const PACKET_LOSS: Fault = fault("packet loss", &[Need::Hosts], packet_loss::inject, 4_000);
pub const CLOCK_SKEW: Fault = fault("clock skew", &[Need::Shim], clock::inject, 4_000);
pub const SYNC_ERROR: Fault = fault("failing sync", &[Need::Shim], sync_error::inject, 3_000);
pub const FULL_DISK: Fault = fault("full disk", &[Need::Volumes], full_disk::inject, 9_000);
pub const POWER_CUT_ONE: Fault = fault("power cut of one", &[Need::Power], power_cut::one, 2_500);
pub const POWER_CUT_ALL: Fault =
    fault("power cut of all four", &[Need::Power], power_cut::all, 3_000);

impl Scene<'_> {
    /// Any validator.
    fn any(&mut self) -> usize {
        self.random.random_range(0..self.world.all().len())
    }

    /// Any two, in no order.
    fn any_two(&mut self) -> [usize; 2] {
        let (count, first) = (self.world.all().len(), self.any());
        [first, (first + self.random.random_range(1..count)) % count]
    }

    /// True once in `times`.
    fn once_in(&mut self, times: u32) -> bool {
        self.random.random_range(0..times) == 0
    }

    /// Lets the fault last: this is the fault's own length, not a wait for something.
    fn last(&mut self, from_ms: u64, to_ms: u64) {
        thread::sleep(Duration::from_millis(self.random.random_range(from_ms..to_ms)));
    }

    /// Whether this injection should outlast every patience of the network: each tenth.
    const fn is_long(&self) -> bool {
        self.round % 10 == 9
    }
}
