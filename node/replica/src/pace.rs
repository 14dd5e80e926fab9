//! How fast blocks and batches follow each other.
//!
//! Each block and each batch has a price of its own, whatever is in it: messages to everyone, votes to
//! verify, syncs. On a quiet chain that price does not matter and the next one comes at once. The more
//! is being committed, the longer a batch waits for company and a block for its parent, up to a limit
//! of each: the price is then shared by many transactions, and latency stays bounded.

use std::collections::VecDeque;

use crate::config::Config;

/// The load, in transactions committed in the last second, from which on the limits apply.
const BUSY: u64 = 4_000;
const WINDOW_MS: u64 = 1_000;

#[derive(Clone, Debug, Default)]
pub struct Pace {
    /// Blocks of the last second: when they were committed, and their number of transactions.
    blocks: VecDeque<(u64, u64)>,
    txs: u64,
}

impl Pace {
    pub fn committed(&mut self, now_ms: u64, txs: usize) {
        let txs = txs as u64;
        self.blocks.push_back((now_ms, txs));
        self.txs = self.txs.saturating_add(txs);
        while let Some((at, old)) = self.blocks.front().copied()
            && at.saturating_add(WINDOW_MS) <= now_ms
        {
            self.blocks.pop_front();
            self.txs = self.txs.saturating_sub(old);
        }
    }

    /// The least time between a block and the start of the next height.
    pub fn block_interval_ms(&self, config: &Config) -> u64 {
        self.between(config.block_interval_ms, config.busy_block_interval_ms)
    }

    /// How long a batch waits for more transactions.
    pub fn batch_delay_ms(&self, config: &Config) -> u64 {
        self.between(config.batch_delay_ms, config.busy_batch_delay_ms)
    }

    /// In proportion to the load; a limit below the quiet figure changes nothing.
    fn between(&self, quiet: u64, busy: u64) -> u64 {
        let room = busy.saturating_sub(quiet);
        quiet.saturating_add(room.saturating_mul(self.txs.min(BUSY)) / BUSY)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config() -> Config {
        Config {
            block_interval_ms: 20,
            busy_block_interval_ms: 60,
            batch_delay_ms: 3,
            busy_batch_delay_ms: 11,
            ..Config::default()
        }
    }

    #[test]
    fn waits_grow_with_the_load_up_to_their_limits_and_shrink_with_it() {
        let (mut pace, config) = (Pace::default(), config());
        let waits = |pace: &Pace| (pace.block_interval_ms(&config), pace.batch_delay_ms(&config));
        assert_eq!(waits(&pace), (20, 3));
        pace.committed(1_000, 1_000);
        assert_eq!(waits(&pace), (30, 5));
        pace.committed(1_500, 1_000);
        assert_eq!(waits(&pace), (40, 7));
        pace.committed(1_999, 50_000);
        assert_eq!(waits(&pace), (60, 11));
        // A second after the first block, it no longer counts; two seconds later none does.
        pace.committed(2_000, 0);
        assert_eq!(pace.txs, 51_000);
        pace.committed(4_000, 1);
        assert_eq!(waits(&pace), (20, 3));
    }

    #[test]
    fn a_limit_below_the_quiet_figure_changes_nothing() {
        let mut pace = Pace::default();
        pace.committed(0, 10_000);
        let config = Config { busy_block_interval_ms: 0, busy_batch_delay_ms: 0, ..config() };
        assert_eq!((pace.block_interval_ms(&config), pace.batch_delay_ms(&config)), (20, 3));
    }
}
