//! Replay protection: a sliding window instead of a strict sequence, so that one account can have
//! many payments in flight through several validators, in any order.

use ballast_primitives::planted::{Bug, planted};
use borsh::{BorshDeserialize, BorshSerialize};

use crate::code::Code;

/// How far above the highest used nonce a fresh one may be, and how far below unused ones are
/// still remembered.
pub const WINDOW: u64 = 128;

/// The nonces an account has used: `high` is the highest, bit `i` of `seen` stands for
/// `high - i`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct ReplayWindow {
    pub high: u64,
    pub seen: u128,
}

impl ReplayWindow {
    /// Whether `nonce` is fresh: `high < n <= high + 128`, or `high - 128 < n <= high` and not
    /// used. Nonce 0 is never fresh.
    pub fn check(&self, nonce: u64) -> Result<(), Code> {
        if nonce > self.high {
            let one_more = u64::from(planted(Bug::NonceWindowOffByOne));
            return if nonce.abs_diff(self.high).saturating_sub(one_more) <= WINDOW {
                Ok(())
            } else {
                Err(Code::NonceTooNew)
            };
        }
        let age = self.high.abs_diff(nonce);
        if age >= WINDOW || nonce == 0 {
            return Err(Code::NonceTooOld);
        }
        let used = self.seen >> age & 1 == 1 && !planted(Bug::ExecutesTwice);
        if used { Err(Code::NonceUsed) } else { Ok(()) }
    }

    /// Marks a fresh nonce as used.
    pub fn consume(&mut self, nonce: u64) -> Result<(), Code> {
        self.check(nonce)?;
        if nonce > self.high {
            let ahead = nonce.abs_diff(self.high);
            self.seen = if ahead >= WINDOW { 0 } else { self.seen << ahead };
            self.seen |= 1;
            self.high = nonce;
        } else {
            self.seen |= 1 << self.high.abs_diff(nonce);
        }
        Ok(())
    }
}
