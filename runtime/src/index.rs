//! In which slot each object is.
//!
//! Accounts, of which there are millions and which every payment looks up twice, have an index of
//! their own. Their addresses are digests, so the first bytes spread them evenly over buckets,
//! and an entry need only tell apart those of one bucket: it is a few more bytes of the address
//! and the slot. Whether it is the right account is read off the slot itself, which the payment
//! touches anyway. So a lookup costs one or two cache lines of the index, where an ordered map
//! over whole keys costs ten. Should someone find many addresses that begin alike, the bucket
//! grows and a lookup costs the logarithm of that.

use std::collections::BTreeMap;
use std::ops::RangeBounds;

use ballast_primitives::Address;

use crate::object::Key;
use crate::state::Slot;

/// How many values a byte has.
const BYTES: usize = 1 << 8;

#[derive(Clone, Debug)]
pub(crate) struct Index {
    /// By an address's first byte, then by its second: a row of buckets comes with its first
    /// account, a bucket is ascending by prefix.
    accounts: Vec<Vec<Vec<Entry>>>,
    others: BTreeMap<Key, usize>,
    /// How many keys there are.
    len: usize,
}

/// The slot of an account, under bytes 2 to 5 of its address.
#[derive(Clone, Copy, Debug)]
struct Entry {
    prefix: u32,
    slot: u32,
}

impl Index {
    /// The index of `slots`. Of two with the same key only the first is in it.
    pub(crate) fn of(slots: &[Slot]) -> Self {
        let accounts = vec![Vec::new(); BYTES];
        let mut index = Self { accounts, others: BTreeMap::new(), len: 0 };
        for (number, slot) in slots.iter().enumerate() {
            if let Some(stored) = &slot.stored {
                index.insert(&stored.key, number, slots);
            }
        }
        index
    }

    pub(crate) const fn len(&self) -> usize {
        self.len
    }

    /// The slot of `key`; `slots` are those that the index is of.
    pub(crate) fn get(&self, key: &Key, slots: &[Slot]) -> Option<usize> {
        let Key::Account(address) = key else { return self.others.get(key).copied() };
        let (row, bucket, prefix) = place(address);
        let bucket = self.accounts.get(row)?.get(bucket)?;
        let alike = bucket.iter().skip(bucket.partition_point(|entry| entry.prefix < prefix));
        alike.take_while(|entry| entry.prefix == prefix).map(|entry| entry.slot as usize).find(
            |slot| {
                let stored = slots.get(*slot).and_then(|slot| slot.stored.as_ref());
                stored.is_some_and(|stored| stored.key == *key)
            },
        )
    }

    /// Adds a key that is not there; says whether it was not.
    pub(crate) fn insert(&mut self, key: &Key, slot: usize, slots: &[Slot]) -> bool {
        if self.get(key, slots).is_some() {
            return false;
        }
        if let Key::Account(address) = key {
            self.insert_account(address, slot);
        } else {
            self.others.insert(key.clone(), slot);
        }
        self.len = self.len.saturating_add(1);
        true
    }

    fn insert_account(&mut self, address: &Address, slot: usize) {
        let (row, bucket, prefix) = place(address);
        let Some(row) = self.accounts.get_mut(row) else { return };
        if row.is_empty() {
            row.resize(BYTES, Vec::new());
        }
        // Four billion accounts are more than any memory holds.
        let slot = u32::try_from(slot).unwrap_or(u32::MAX);
        if let Some(bucket) = row.get_mut(bucket) {
            let at = bucket.partition_point(|entry| entry.prefix < prefix);
            bucket.insert(at, Entry { prefix, slot });
        }
    }

    /// Removes a key that is in `slot`.
    pub(crate) fn remove(&mut self, key: &Key, slot: usize) {
        if let Key::Account(address) = key {
            let (row, bucket, _) = place(address);
            if let Some(bucket) = self.accounts.get_mut(row).and_then(|row| row.get_mut(bucket)) {
                bucket.retain(|entry| entry.slot as usize != slot);
            }
        } else {
            self.others.remove(key);
        }
        self.len = self.len.saturating_sub(1);
    }

    /// The keys other than accounts' in a range, ascending.
    pub(crate) fn range(
        &self,
        keys: impl RangeBounds<Key>,
    ) -> impl DoubleEndedIterator<Item = (&Key, usize)> {
        self.others.range(keys).map(|(key, slot)| (key, *slot))
    }
}

/// An address's row, its bucket, and its prefix there.
const fn place(address: &Address) -> (usize, usize, u32) {
    let [row, bucket, a, b, c, d, ..] = address.0;
    (row as usize, bucket as usize, u32::from_be_bytes([a, b, c, d]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::object::{Object, PauseState, Scope};
    use crate::state::Stored;

    fn stored(key: Key) -> Slot {
        let object = Object::Pause(PauseState::default());
        Slot { stored: Some(Stored { key, object }), mark: 0 }
    }

    /// Addresses of which many begin alike, up to the bytes that an entry keeps and beyond.
    fn keys() -> Vec<Key> {
        let account = |n: u8| {
            let mut address = [0; 32];
            (address[1], address[5], address[31]) = (n % 2, n / 2 % 5, n);
            Key::Account(Address(address))
        };
        let others = Scope::ALL.map(Key::Pause).into_iter().chain((0..20).map(Key::Report));
        (0..100).map(account).chain(others).collect()
    }

    #[test]
    fn every_key_is_found_in_its_slot_and_no_other() {
        let keys = keys();
        let (known, unknown) = keys.split_at(90);
        let slots: Vec<_> = known.iter().cloned().map(stored).collect();
        let index = Index::of(&slots);
        assert_eq!(index.len(), 90);
        for (slot, key) in known.iter().enumerate() {
            assert_eq!(index.get(key, &slots), Some(slot), "{key:?}");
        }
        for key in unknown {
            assert_eq!(index.get(key, &slots), None, "{key:?}");
        }
    }

    #[test]
    fn what_was_inserted_can_be_taken_back_and_a_key_is_there_once() {
        let mut slots: Vec<_> = keys().into_iter().map(stored).collect();
        let mut index = Index::of(&slots);
        for (slot, key) in keys().iter().enumerate().skip(50) {
            assert!(!index.insert(key, slot, &slots), "{key:?}");
            index.remove(key, slot);
            assert_eq!(index.get(key, &slots), None, "{key:?}");
        }
        slots.truncate(50);
        assert_eq!(index.len(), 50);
        for (slot, key) in keys().into_iter().enumerate().skip(50) {
            assert!(index.insert(&key, slot, &slots), "{key:?}");
            slots.push(stored(key));
        }
        assert!((0..).zip(keys()).all(|(slot, key)| index.get(&key, &slots) == Some(slot)));
        let twice = [stored(Key::Policy), stored(Key::Policy)];
        assert_eq!(Index::of(&twice).len(), 1);
    }

    #[test]
    fn a_range_is_ascending_and_leaves_accounts_out() {
        let slots: Vec<_> = keys().into_iter().rev().map(stored).collect();
        let index = Index::of(&slots);
        let reports: Vec<_> = index.range(Key::Report(3)..Key::Report(6)).collect();
        let expected = [(&Key::Report(3), 16), (&Key::Report(4), 15), (&Key::Report(5), 14)];
        assert_eq!(reports, expected);
        assert_eq!(index.range(..).count(), 24);
    }
}
