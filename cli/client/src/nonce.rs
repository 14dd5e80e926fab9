//! Which nonce comes next. The chain accepts any unused one of the 128 above the highest used;
//! this counts upwards from there, so that one client can have 128 transactions in flight.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use ballast_primitives::Address;
use ballast_runtime::replay::WINDOW;

use crate::error::Error;

/// The highest nonce given out for each account.
#[derive(Default)]
pub(crate) struct Nonces(Mutex<BTreeMap<Address, u64>>);

impl Nonces {
    /// The next nonce of `account`, whose highest used one is `high`, above `floor`.
    pub fn next(&self, account: Address, high: u64, floor: u64) -> Result<u64, Error> {
        let mut given = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let last = given.entry(account).or_default();
        let next = (*last).max(high).max(floor).saturating_add(1);
        if next.saturating_sub(high) > WINDOW {
            return Err(Error::NoncesInFlight { window: WINDOW });
        }
        *last = next;
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
        assert_eq!(nonces.next(account, 10, 0).unwrap(), 11);
        assert_eq!(nonces.next(account, 10, 0).unwrap(), 12);
        assert_eq!(nonces.next(account, 10, 20).unwrap(), 21);
        assert_eq!(nonces.next(account, 50, 0).unwrap(), 51);
        for nonce in 52..=178 {
            assert_eq!(nonces.next(account, 50, 0).unwrap(), nonce);
        }
        let full = nonces.next(account, 50, 0);
        assert!(matches!(full, Err(Error::NoncesInFlight { window: 128 })));
        nonces.forget(&account);
        assert_eq!(nonces.next(account, 50, 0).unwrap(), 51);
        assert_eq!(nonces.next(Address([2; 32]), 0, 0).unwrap(), 1);
    }
}
