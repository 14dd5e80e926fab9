//! Keys of clients that signed lately, ready to verify with again.

use ballast_primitives::PublicKey;
use ballast_primitives::signature::{PreparedKey, SignatureError};
use parking_lot::RwLock;

/// One place for each value of the key's first bytes: at most 28 MiB in all.
const PLACES: usize = 1 << 17;
/// Places that share a lock.
const SHARD: usize = 256;

/// A bounded memory of prepared keys. A key has one place, and takes it from whoever has it: who
/// fills it with keys made to collide only makes others pay for preparing theirs again.
pub struct Keys(Vec<RwLock<Vec<Option<PreparedKey>>>>);

impl Default for Keys {
    fn default() -> Self {
        Self((0..PLACES / SHARD).map(|_| RwLock::default()).collect())
    }
}

impl Keys {
    /// Prepares `key`, if it was not before.
    pub fn get(&self, key: &PublicKey) -> Result<PreparedKey, SignatureError> {
        let place = place(key);
        let Some(shard) = self.0.get(place / SHARD) else { return PreparedKey::new(key) };
        if let Some(Some(known)) = shard.read().get(place % SHARD)
            && known.key() == *key
        {
            return Ok(*known);
        }
        let prepared = PreparedKey::new(key)?;
        let mut places = shard.write();
        if places.is_empty() {
            places.resize(SHARD, None);
        }
        if let Some(place) = places.get_mut(place % SHARD) {
            *place = Some(prepared);
        }
        Ok(prepared)
    }
}

fn place(key: &PublicKey) -> usize {
    let [a, b, c, d, ..] = key.0;
    u32::from_le_bytes([a, b, c, d]) as usize % PLACES
}

#[cfg(test)]
mod tests {
    use ballast_primitives::SecretKey;

    use super::*;

    #[test]
    fn a_key_is_kept_until_another_takes_its_place() {
        let keys = Keys::default();
        let first = SecretKey::dev("keys", "0").public();
        let beside = |byte| {
            let mut key = first;
            key.0[8] ^= byte;
            key
        };
        // Every second y is that of a point.
        let mut others = (1..=u8::MAX).map(beside);
        let rival = others.find(|key| PreparedKey::new(key).is_ok()).unwrap();
        assert_eq!(place(&first), place(&rival));
        for key in [first, first, rival, first] {
            assert_eq!(keys.get(&key).map(|prepared| prepared.key()), Ok(key));
        }
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
