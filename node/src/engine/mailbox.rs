//! What waits for the replica: two lanes, so that consensus is never behind a queue of batches.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use ballast_replica::{Input, Replica};
use parking_lot::{Condvar, Mutex};

/// A question asked of the replica on its own thread.
pub type Question = Box<dyn FnOnce(&mut Replica) + Send>;

#[allow(clippy::large_enum_variant, reason = "short-lived, and few at a time")]
pub enum Letter {
    Input(Input),
    Ask(Question),
    /// Finish what is in hand and end.
    Stop,
}

#[derive(Default)]
struct Lanes {
    urgent: VecDeque<Letter>,
    bulk: VecDeque<Letter>,
}

/// The most letters handed over at once: effects of one lot are made durable together.
const LOT_MAX: usize = 256;

/// Takes whatever it is given: what fills it is bounded before. Consensus frames by the network's
/// budgets, submissions by the calls that wait for their answer, batches by their reader, which
/// pauses while [`Mailbox::is_crowded`].
#[derive(Default)]
pub struct Mailbox {
    lanes: Mutex<Lanes>,
    ready: Condvar,
}

impl Mailbox {
    /// Consensus messages, answers to requests, control.
    pub fn urgent(&self, letter: Letter) {
        self.lanes.lock().urgent.push_back(letter);
        self.ready.notify_one();
    }

    /// Submissions and batches.
    pub fn bulk(&self, letter: Letter) {
        self.lanes.lock().bulk.push_back(letter);
        self.ready.notify_one();
    }

    /// Whether the bulk lane holds more than a few lots.
    pub fn is_crowded(&self) -> bool {
        self.lanes.lock().bulk.len() > 2 * LOT_MAX
    }

    /// Waits for letters until `deadline`, and takes a lot of them: all that is urgent first.
    pub fn take(&self, deadline: Option<Instant>) -> Vec<Letter> {
        let mut lanes = self.lanes.lock();
        while lanes.urgent.is_empty() && lanes.bulk.is_empty() {
            let wait = deadline
                .map_or(Duration::from_secs(1), |at| at.saturating_duration_since(Instant::now()));
            if wait.is_zero() || self.ready.wait_for(&mut lanes, wait).timed_out() {
                break;
            }
        }
        let urgent = lanes.urgent.len().min(LOT_MAX);
        let bulk = lanes.bulk.len().min(LOT_MAX - urgent);
        let mut lot: Vec<_> = lanes.urgent.drain(..urgent).collect();
        lot.extend(lanes.bulk.drain(..bulk));
        lot
    }
}
