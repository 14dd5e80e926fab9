//! Which nonce comes next. The chain accepts any unused one of the 128 above the highest used;
//! this counts upwards from there, so that one client can have 128 transactions in flight.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use ballast_primitives::Address;
use ballast_runtime::replay::WINDOW;

use crate::error::Error;

/// What was given out for each account.
#[derive(Default)]
pub(crate) struct Nonces(Mutex<BTreeMap<Address, Given>>);

#[derive(Clone, Copy, Default)]
struct Given {
    /// The highest nonce.
    last: u64,
    /// Whatever took one has expired from then on.
    until: u64,
}

/// For whom a nonce is wanted.
#[derive(Clone, Copy)]
pub(crate) struct Want {
    pub account: Address,
    /// The highest nonce the chain has seen of it.
    pub high: u64,
    /// The nonce is above this one.
    pub floor: u64,
    pub now: u64,
    /// The end of validity of the transaction that takes it.
    pub until: u64,
}

impl Nonces {
    /// The next nonce. What was given out to transactions that have all expired since is free
    /// again: were they too many, the chain's window would never reach above them.
    pub fn next(&self, want: &Want) -> Result<u64, Error> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let given = all.entry(want.account).or_default();
        let last = if want.now < given.until { given.last } else { 0 };
        let next = last.max(want.high).max(want.floor).saturating_add(1);
        if next.saturating_sub(want.high) > WINDOW {
            return Err(Error::NoncesInFlight { window: WINDOW });
        }
        *given = Given { last: next, until: given.until.max(want.until) };
        Ok(next)
    }

    /// Forgets what was given out: the chain's own window decides again.
    pub fn forget(&self, account: &Address) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(account);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nonces_count_upwards_from_the_highest_used_and_stop_at_the_window() {
        let (nonces, account) = (Nonces::default(), Address([1; 32]));
        let want = |high, floor| Want { account, high, floor, now: 5, until: 9 };
        let next = |high, floor| nonces.next(&want(high, floor));
        assert_eq!(next(10, 0).unwrap(), 11);
        assert_eq!(next(10, 0).unwrap(), 12);
        assert_eq!(next(10, 20).unwrap(), 21);
        assert_eq!(next(50, 0).unwrap(), 51);
        for nonce in 52..=178 {
            assert_eq!(next(50, 0).unwrap(), nonce);
        }
        assert!(matches!(next(50, 0), Err(Error::NoncesInFlight { window: 128 })));
        let other = Want { account: Address([2; 32]), ..want(0, 0) };
        assert_eq!(nonces.next(&other).unwrap(), 1);
        nonces.forget(&account);
        assert_eq!(next(50, 0).unwrap(), 51);
    }

    #[test]
    fn nonces_of_what_has_expired_are_given_out_again() {
        let (nonces, account) = (Nonces::default(), Address([1; 32]));
        let next = |now, until| nonces.next(&Want { account, high: 7, floor: 0, now, until });
        for nonce in 8..=135 {
            assert_eq!(next(0, 100).unwrap(), nonce);
        }
        assert!(next(99, 200).is_err());
        assert_eq!(next(100, 200).unwrap(), 8);
        assert_eq!(next(199, 300).unwrap(), 9);
    }
}
