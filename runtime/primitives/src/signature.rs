//! Signature rule R: the one rule under which Ballast accepts an ed25519 signature, be it on a
//! transaction, vote or certificate, alone or in a batch.
//!
//! 1. The encodings of the key A and of R are canonical (the y-coordinate is below the field
//!    prime, and a zero x carries no sign bit) and neither is one of the eight points of small
//!    order.
//! 2. S is below the group order.
//! 3. The cofactored equation `[8]S·B = [8]R + [8]k·A` holds.
//!
//! Points 2 and 3 are ZIP-215, where one signature and a batch agree by construction; point 1
//! takes away what ZIP-215 allows beyond RFC 8032. Why not dalek's own verification: its single,
//! strict and batch forms answer differently on edge cases, which would split a chain.

use ed25519_zebra::{VerificationKey, VerificationKeyBytes, batch};
use rand::rand_core::CryptoRng;
use thiserror::Error;

mod prepared;

pub use prepared::{PreparedItem, PreparedKey, verify_batch_prepared};

use crate::keys::{PublicKey, Signature};

#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum SignatureError {
    #[error("the public key is not a canonical ed25519 point of large order")]
    BadKey,
    #[error("the signature does not verify")]
    BadSignature,
}

/// One signature to be checked.
#[derive(Clone, Copy, Debug)]
pub struct Item<'a> {
    pub key: PublicKey,
    pub message: &'a [u8],
    pub signature: Signature,
}

/// The field prime 2^255 − 19, little-endian.
const FIELD_PRIME: [u8; 32] = {
    let mut bytes = [0xff; 32];
    bytes[0] = 0xed;
    bytes[31] = 0x7f;
    bytes
};

/// The y-coordinates, sign bit cleared, of the eight points of small order: 0, 1, p − 1 and the
/// two of order eight. (Encodings of these above the prime are refused as not canonical.)
const SMALL_ORDER_Y: [[u8; 32]; 5] = [
    [0; 32],
    {
        let mut one = [0; 32];
        one[0] = 1;
        one
    },
    {
        let mut minus_one = FIELD_PRIME;
        minus_one[0] = 0xec;
        minus_one
    },
    [
        0x26, 0xe8, 0x95, 0x8f, 0xc2, 0xb2, 0x27, 0xb0, 0x45, 0xc3, 0xf4, 0x89, 0xf2, 0xef, 0x98,
        0xf0, 0xd5, 0xdf, 0xac, 0x05, 0xd3, 0xc6, 0x33, 0x39, 0xb1, 0x38, 0x02, 0x88, 0x6d, 0x53,
        0xfc, 0x05,
    ],
    [
        0xc7, 0x17, 0x6a, 0x70, 0x3d, 0x4d, 0xd8, 0x4f, 0xba, 0x3c, 0x0b, 0x76, 0x0d, 0x10, 0x67,
        0x0f, 0x2a, 0x20, 0x53, 0xfa, 0x2c, 0x39, 0xcc, 0xc6, 0x4e, 0xc7, 0xfd, 0x77, 0x92, 0xac,
        0x03, 0x7a,
    ],
];

/// Byte checks of point 1: canonical, and not of small order. (x = 0 only for y = ±1, which are
/// of small order, so the sign-bit case needs no check of its own.)
fn encoding_is_acceptable(point: &[u8; 32]) -> bool {
    let mut y = *point;
    y[31] &= 0x7f;
    y.iter().rev().lt(FIELD_PRIME.iter().rev()) && !SMALL_ORDER_Y.contains(&y)
}

fn encodings_are_acceptable(item: &Item<'_>) -> Result<(), SignatureError> {
    let (r, _) = item.signature.0.split_at(32);
    if !encoding_is_acceptable(&item.key.0) {
        return Err(SignatureError::BadKey);
    }
    if !<&[u8; 32]>::try_from(r).is_ok_and(encoding_is_acceptable) {
        return Err(SignatureError::BadSignature);
    }
    Ok(())
}

/// Checks a key where it is registered: an acceptable encoding that is a point on the curve.
pub fn check_public_key(key: &PublicKey) -> Result<(), SignatureError> {
    if !encoding_is_acceptable(&key.0) {
        return Err(SignatureError::BadKey);
    }
    VerificationKey::try_from(key.0).map(|_| ()).map_err(|_| SignatureError::BadKey)
}

/// Verifies one signature under rule R.
pub fn verify(
    key: &PublicKey,
    message: &[u8],
    signature: &Signature,
) -> Result<(), SignatureError> {
    let item = Item { key: *key, message, signature: *signature };
    encodings_are_acceptable(&item)?;
    let key = VerificationKey::try_from(key.0).map_err(|_| SignatureError::BadKey)?;
    key.verify(&ed25519_zebra::Signature::from(signature.0), message)
        .map_err(|_| SignatureError::BadSignature)
}

/// Verifies many signatures at once under rule R: the answer for each, in order, is what
/// [`verify`] would say. A failed batch costs one more check for each signature in it.
///
/// `rng` supplies the batch's random coefficients; it must not be predictable by a signer.
pub fn verify_batch<R: CryptoRng>(
    items: &[Item<'_>],
    rng: &mut R,
) -> Vec<Result<(), SignatureError>> {
    let mut answers: Vec<_> = items.iter().map(encodings_are_acceptable).collect();
    let mut verifier = batch::Verifier::new();
    for (item, _) in items.iter().zip(&answers).filter(|(_, answer)| answer.is_ok()) {
        verifier.queue((
            VerificationKeyBytes::from(item.key.0),
            ed25519_zebra::Signature::from(item.signature.0),
            &item.message,
        ));
    }
    if verifier.verify(rng).is_err() {
        for (item, answer) in items.iter().zip(&mut answers).filter(|(_, answer)| answer.is_ok()) {
            *answer = verify(&item.key, item.message, &item.signature);
        }
    }
    answers
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng as _;
    use rand::rngs::StdRng;

    use super::*;
    use crate::keys::SecretKey;

    fn rng() -> StdRng {
        StdRng::seed_from_u64(7)
    }

    #[test]
    fn a_batch_answers_for_each_signature_as_one_check_does() {
        let keys: Vec<_> = (0..20).map(|n| SecretKey::dev("batch", &n.to_string())).collect();
        let messages: Vec<_> = (0..20u8).map(|n| vec![n; usize::from(n)]).collect();
        let mut signatures: Vec<_> =
            keys.iter().zip(&messages).map(|(key, message)| key.sign(message)).collect();
        signatures[7].0[3] ^= 1;
        signatures[12].0[63] |= 0xf0;
        let items: Vec<_> = (0..20)
            .map(|n| Item {
                key: keys[n].public(),
                message: &messages[n],
                signature: signatures[n],
            })
            .collect();
        let answers = verify_batch(&items, &mut rng());
        for (n, answer) in answers.iter().enumerate() {
            assert_eq!(answer.is_ok(), n != 7 && n != 12, "signature {n}");
            assert_eq!(*answer, verify(&items[n].key, items[n].message, &items[n].signature));
        }
    }

    #[test]
    fn keys_of_small_order_and_non_canonical_keys_are_refused() {
        for y in SMALL_ORDER_Y {
            for sign in [0, 0x80] {
                let mut key = PublicKey(y);
                key.0[31] |= sign;
                assert_eq!(check_public_key(&key), Err(SignatureError::BadKey));
            }
        }
        // y = p + 2 is y = 2 written in a second way.
        let mut above = FIELD_PRIME;
        above[0] = 0xef;
        assert_eq!(check_public_key(&PublicKey(above)), Err(SignatureError::BadKey));
        assert_eq!(check_public_key(&PublicKey([0xff; 32])), Err(SignatureError::BadKey));
        // 2 is not the y-coordinate of a point on the curve.
        let mut off_curve = [0; 32];
        off_curve[0] = 2;
        assert_eq!(check_public_key(&PublicKey(off_curve)), Err(SignatureError::BadKey));
        assert_eq!(check_public_key(&SecretKey::dev("s", "1").public()), Ok(()));
    }
}
