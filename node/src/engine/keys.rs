//! Keys of clients that signed lately, ready to verify with again.

use std::ops::Range;

use ballast_primitives::PublicKey;
use ballast_primitives::signature::{PreparedKey, SignatureError};
use parking_lot::RwLock;

/// At most 28 MiB in all.
const PLACES: usize = 1 << 17;
/// Places of which a key may have any, by its first bytes: a hundred thousand keys find one nine
/// times in ten, where with one place for each it would be seven.
const WAYS: usize = 4;
/// Places that share a lock.
const SHARD: usize = 256;

/// A bounded memory of prepared keys. A key takes a place from whoever has it: who fills them with
/// keys made to collide only makes others pay for preparing theirs again.
pub struct Keys(Vec<RwLock<Vec<Option<PreparedKey>>>>);

impl Default for Keys {
    fn default() -> Self {
        Self((0..PLACES / SHARD).map(|_| RwLock::default()).collect())
    }
}

impl Keys {
    /// Prepares `key`, if it was not before.
    pub fn get(&self, key: &PublicKey) -> Result<PreparedKey, SignatureError> {
        let (shard, ways) = places(key);
        let Some(shard) = self.0.get(shard) else { return PreparedKey::new(key) };
        let is_it = |known: &&PreparedKey| known.key() == *key;
        if let Some(places) = shard.read().get(ways.clone())
            && let Some(known) = places.iter().flatten().find(is_it)
        {
            return Ok(*known);
        }
        let prepared = PreparedKey::new(key)?;
        let mut places = shard.write();
        if places.is_empty() {
            places.resize(SHARD, None);
        }
        if let Some(places) = places.get_mut(ways) {
            let vacant = places.iter().position(Option::is_none);
            let at = vacant.unwrap_or(usize::from(key.0[8]) % WAYS);
            if let Some(place) = places.get_mut(at) {
                *place = Some(prepared);
            }
        }
        Ok(prepared)
    }
}

/// The shard of a key, and the places in it that the key may have.
fn places(key: &PublicKey) -> (usize, Range<usize>) {
    let [a, b, c, d, ..] = key.0;
    let first = u32::from_le_bytes([a, b, c, d]) as usize % (PLACES / WAYS) * WAYS;
    (first / SHARD, first % SHARD..first % SHARD + WAYS)
}

#[cfg(test)]
mod tests {
    use ballast_primitives::SecretKey;

    use super::*;

    /// Others with the same places; the byte that picks one of them is theirs.
    fn rivals(key: PublicKey) -> impl Iterator<Item = PublicKey> {
        let beside = move |byte| {
            let mut rival = key;
            rival.0[8] ^= byte;
            rival
        };
        // Every second y is that of a point.
        (1..=u8::MAX).map(beside).filter(|key| PreparedKey::new(key).is_ok())
    }

    fn is_kept(keys: &Keys, key: &PublicKey) -> bool {
        let places = keys.0[places(key).0].read();
        places.iter().flatten().any(|known| known.key() == *key)
    }

    #[test]
    fn keys_are_kept_until_others_take_their_places() {
        let keys = Keys::default();
        let first = SecretKey::dev("keys", "0").public();
        let rivals: Vec<_> = rivals(first).take(40).collect();
        for key in [first].iter().chain(&rivals[..WAYS - 1]) {
            assert_eq!(places(key), places(&first));
            assert_eq!(keys.get(key).map(|prepared| prepared.key()), Ok(*key));
        }
        assert!([first].iter().chain(&rivals[..WAYS - 1]).all(|key| is_kept(&keys, key)));
        for key in &rivals {
            assert_eq!(keys.get(key).map(|prepared| prepared.key()), Ok(*key));
            assert!(is_kept(&keys, key));
        }
        assert!(!is_kept(&keys, &first));
        assert_eq!(keys.get(&first).map(|prepared| prepared.key()), Ok(first));
    }

    #[test]
    fn a_key_that_is_none_is_refused_each_time() {
        let keys = Keys::default();
        let bad = PublicKey([0xff; 32]);
        for _ in 0..2 {
            assert_eq!(keys.get(&bad).map(|prepared| prepared.key()), Err(SignatureError::BadKey));
        }
    }
}
