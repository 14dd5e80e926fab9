//! The latest transactions submitted here, and until when each is valid: so that WaitTx can say
//! EXPIRED after the pool has dropped one.

use std::collections::{HashMap, VecDeque};

use ballast_primitives::Hash;
use parking_lot::Mutex;

/// How many are remembered: 5 MiB at most. (A client that passes `valid_until_ms` needs none.)
const SEEN_MAX: usize = 65_536;

#[derive(Default)]
pub(super) struct Seen(Mutex<Memory>);

#[derive(Default)]
struct Memory {
    valid_until: HashMap<Hash, u64>,
    order: VecDeque<Hash>,
}

impl Seen {
    pub fn remember(&self, id: Hash, valid_until: u64) {
        let mut memory = self.0.lock();
        if memory.valid_until.insert(id, valid_until).is_some() {
            return;
        }
        memory.order.push_back(id);
        if memory.order.len() > SEEN_MAX
            && let Some(oldest) = memory.order.pop_front()
        {
            memory.valid_until.remove(&oldest);
        }
    }

    pub fn valid_until(&self, id: &Hash) -> Option<u64> {
        self.0.lock().valid_until.get(id).copied()
    }
}
