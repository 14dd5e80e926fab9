//! Replay protection: a sliding window instead of a strict sequence, so that one account can have
//! many payments in flight through several validators, in any order.

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
    pub const fn check(&self, nonce: u64) -> Result<(), Code> {
        if nonce > self.high {
            return if nonce.abs_diff(self.high) <= WINDOW {
                Ok(())
            } else {
                Err(Code::NonceTooNew)
            };
        }
        let age = self.high.abs_diff(nonce);
        if age >= WINDOW || nonce == 0 {
            return Err(Code::NonceTooOld);
        }
        if self.seen >> age & 1 == 1 { Err(Code::NonceUsed) } else { Ok(()) }
    }

    /// Marks a fresh nonce as used.
    pub const fn consume(&mut self, nonce: u64) -> Result<(), Code> {
        if let Err(code) = self.check(nonce) {
            return Err(code);
        }
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
