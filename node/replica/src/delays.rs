//! How long to wait for others, from how long they took lately. A wait is only ever this
//! validator's own: one that is too short costs a round, never safety.

/// No timeout is shorter, whatever was measured, unless the configuration says so.
pub const TIMEOUT_MS_MIN: u64 = 250;
/// A timeout is this many times the longest delay that was measured lately.
const ROOM: u64 = 4;
/// With each height, a measured peak loses this part of itself.
const FADES: u64 = 32;
/// Transactions of a block for which everyone may take one millisecond more or less than others.
const TXS_PER_MS: u64 = 10;

#[derive(Clone, Debug, Default)]
pub struct Delays {
    /// The longest wait for a proposal lately.
    peak_ms: u64,
    /// Room for the execution of the newest block, which takes some longer than others.
    execution_ms: u64,
}

impl Delays {
    /// A proposal came this long after its round began here.
    pub fn proposal_took(&mut self, ms: u64) {
        self.peak_ms = self.peak_ms.max(ms);
    }

    /// A block of `txs` transactions was committed.
    pub fn committed(&mut self, txs: usize) {
        self.peak_ms -= self.peak_ms.div_ceil(FADES);
        self.execution_ms = txs as u64 / TXS_PER_MS;
    }

    pub const fn execution_ms(&self) -> u64 {
        self.execution_ms
    }

    /// The wait that replaces one of `configured`, which it never exceeds.
    pub fn timeout(&self, configured: u64) -> u64 {
        let measured = self.peak_ms.saturating_mul(ROOM).max(TIMEOUT_MS_MIN);
        measured.saturating_add(self.execution_ms).min(configured)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_timeout_follows_the_peak_between_its_bounds_and_forgets_it() {
        let mut delays = Delays::default();
        assert_eq!((delays.timeout(2_000), delays.timeout(100)), (250, 100));
        delays.proposal_took(62);
        assert_eq!(delays.timeout(2_000), 250);
        delays.proposal_took(100);
        delays.proposal_took(3);
        assert_eq!(delays.timeout(2_000), 400);
        delays.proposal_took(u64::MAX);
        assert_eq!(delays.timeout(2_000), 2_000);
        let mut delays = Delays::default();
        delays.proposal_took(400);
        for _ in 0..16 {
            delays.committed(0);
        }
        assert!((900..1_100).contains(&delays.timeout(2_000)), "{}", delays.timeout(2_000));
        for _ in 0..400 {
            delays.committed(0);
        }
        assert_eq!((delays.peak_ms, delays.timeout(2_000)), (0, 250));
    }

    #[test]
    fn a_full_block_leaves_time_for_its_execution() {
        let mut delays = Delays::default();
        delays.committed(5_009);
        assert_eq!((delays.execution_ms(), delays.timeout(2_000)), (500, 750));
        delays.committed(0);
        assert_eq!(delays.timeout(2_000), 250);
    }
}
