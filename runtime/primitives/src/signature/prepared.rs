//! Rule R in batches, over keys whose points were taken out of their encodings before.

use curve25519_dalek::constants::ED25519_BASEPOINT_POINT;
use curve25519_dalek::edwards::{CompressedEdwardsY, EdwardsPoint};
use curve25519_dalek::scalar::Scalar;
use curve25519_dalek::traits::{IsIdentity as _, VartimeMultiscalarMul as _};
use rand::rand_core::CryptoRng;
use sha2::{Digest as _, Sha512};

use super::{SignatureError, encoding_is_acceptable, verify};
use crate::keys::{PublicKey, Signature};

/// A key whose point was taken out of its encoding, which is a fifth of what verifying one of its
/// signatures in a batch costs: worth keeping for keys that sign again.
#[derive(Clone, Copy, Debug)]
pub struct PreparedKey {
    bytes: [u8; 32],
    point: EdwardsPoint,
}

impl PreparedKey {
    /// Refuses what [`super::check_public_key`] refuses.
    pub fn new(key: &PublicKey) -> Result<Self, SignatureError> {
        if !encoding_is_acceptable(&key.0) {
            return Err(SignatureError::BadKey);
        }
        let point = CompressedEdwardsY(key.0).decompress().ok_or(SignatureError::BadKey)?;
        Ok(Self { bytes: key.0, point })
    }

    pub const fn key(&self) -> PublicKey {
        PublicKey(self.bytes)
    }
}

/// One signature to be checked against a prepared key.
#[derive(Clone, Copy, Debug)]
pub struct PreparedItem<'a> {
    pub key: &'a PreparedKey,
    pub message: &'a [u8],
    pub signature: Signature,
}

/// As [`super::verify_batch`], over prepared keys.
pub fn verify_batch_prepared<R: CryptoRng>(
    items: &[PreparedItem<'_>],
    rng: &mut R,
) -> Vec<Result<(), SignatureError>> {
    let terms: Vec<_> = items.iter().map(|item| Term::of(item, rng)).collect();
    if cofactored_sum_is_zero(&terms) {
        let answer = |term: &Option<Term>| match term {
            Some(_) => Ok(()),
            None => Err(SignatureError::BadSignature),
        };
        return terms.iter().map(answer).collect();
    }
    items.iter().map(|item| verify(&item.key.key(), item.message, &item.signature)).collect()
}

/// What one signature adds to the batch equation
/// `[8]·(Σ z·R + Σ z·k·A − [Σ z·s]·B) = 0`, with a random `z` of 128 bits for each.
struct Term {
    z: Scalar,
    zk: Scalar,
    zs: Scalar,
    r: EdwardsPoint,
    a: EdwardsPoint,
}

impl Term {
    /// None when the signature breaks points 1 or 2 of the rule.
    fn of<R: CryptoRng>(item: &PreparedItem<'_>, rng: &mut R) -> Option<Self> {
        let (r, s) = item.signature.0.split_first_chunk::<32>()?;
        if !encoding_is_acceptable(r) {
            return None;
        }
        let s: Option<Scalar> = Scalar::from_canonical_bytes(s.try_into().ok()?).into();
        let hash = Sha512::new().chain_update(r).chain_update(item.key.bytes);
        let hash = hash.chain_update(item.message).finalize();
        let k = Scalar::from_bytes_mod_order_wide(&hash.into());
        let mut z = [0; 16];
        rng.fill_bytes(&mut z);
        let z = Scalar::from(u128::from_le_bytes(z));
        let r = CompressedEdwardsY(*r).decompress()?;
        Some(Self { z, zk: z * k, zs: z * s?, r, a: item.key.point })
    }
}

fn cofactored_sum_is_zero(terms: &[Option<Term>]) -> bool {
    let terms = || terms.iter().flatten();
    let b = -terms().map(|term| term.zs).sum::<Scalar>();
    let scalars: Vec<_> = std::iter::once(b).chain(terms().flat_map(|t| [t.z, t.zk])).collect();
    let points: Vec<_> = std::iter::once(ED25519_BASEPOINT_POINT)
        .chain(terms().flat_map(|term| [term.r, term.a]))
        .collect();
    let sum = EdwardsPoint::vartime_multiscalar_mul(&scalars, &points);
    sum.mul_by_cofactor().is_identity()
}
