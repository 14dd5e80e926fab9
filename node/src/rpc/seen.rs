//! The latest transactions submitted here, and what each may come in by: so that WaitTx can say
//! EXPIRED and REPLACED after the pool has dropped one.

use std::collections::{HashMap, VecDeque};

use ballast_primitives::Hash;
use parking_lot::Mutex;

use super::backend::Claim;

/// How many are remembered: 10 MiB at most. (A client that passes `tx_body` needs none.)
const SEEN_MAX: usize = 65_536;

#[derive(Default)]
pub(super) struct Seen(Mutex<Memory>);

#[derive(Default)]
struct Memory {
    claims: HashMap<Hash, Claim>,
    order: VecDeque<Hash>,
}

impl Seen {
    pub fn remember(&self, id: Hash, claim: Claim) {
        let mut memory = self.0.lock();
        if memory.claims.insert(id, claim).is_some() {
            return;
        }
        memory.order.push_back(id);
        if memory.order.len() > SEEN_MAX
            && let Some(oldest) = memory.order.pop_front()
        {
            memory.claims.remove(&oldest);
        }
    }

    pub fn claim(&self, id: &Hash) -> Option<Claim> {
        self.0.lock().claims.get(id).copied()
    }
}
