//! Decoding transactions and verifying their signatures under rule R, in bulk and on all cores,
//! off the replica's thread.
//!
//! Each validator verifies each transaction once: those of its own clients as they come in, those
//! of others with the batch that brings them.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Instant;

use ballast_primitives::hash;
use ballast_primitives::signature::{
    Item, PreparedItem, PreparedKey, SignatureError, verify_batch_prepared,
};
use ballast_primitives::{Domain, Hash, PublicKey};
use ballast_replica::pool::Candidate;
use ballast_replica::types::{BATCH_SIGNATURES_MAX, Batch};
use ballast_runtime::authorisation::Part;
use ballast_runtime::tx::{SignedTx, VerifiedTx};
use ballast_runtime::{Code, Rulebook};
use rayon::prelude::*;

use super::keys::Keys;
use crate::metrics::{NodeMetrics, ObserveDuration};

/// Transactions verified together: fewer cost more each.
const CHUNK_MIN: usize = 256;
/// Beyond this a larger chunk gains little.
const CHUNK_MAX: usize = 1_024;
/// The most while clients send bad signatures: each spoils the chunk that it is in, which must then
/// be looked at one by one.
const SPOILED_CHUNK: usize = 16;
/// How many clean lots it takes to trust clients again.
const SPOILED_LOTS: u32 = 64;

/// A transaction that cannot go on: its id when it has one, why, and what more to say.
pub struct Rejected {
    pub tx: Option<(Hash, Box<SignedTx>)>,
    pub code: Code,
    pub detail: String,
}

/// A batch whose every transaction decodes and verifies.
pub struct CheckedBatch {
    pub digest: Hash,
    pub author: PublicKey,
    pub bytes: Arc<Vec<u8>>,
    pub txs: Vec<VerifiedTx>,
}

struct Decoded {
    tx: SignedTx,
    message: Vec<u8>,
}

fn decode(rulebook: Rulebook, bytes: &[u8]) -> Result<Decoded, Rejected> {
    let tx = rulebook.decode(bytes).map_err(|error| Rejected {
        tx: None,
        code: Code::Decode,
        detail: error.to_string(),
    })?;
    let message = tx.body.signed_bytes();
    Ok(Decoded { tx, message })
}

/// What verification remembers between lots.
pub struct Verification {
    metrics: Arc<NodeMetrics>,
    /// Which versions decode: those of the next height and others; the replica knows which.
    rulebook: Rulebook,
    keys: Keys,
    /// Lots of submissions still to be verified in small chunks.
    spoiled: AtomicU32,
}

impl Verification {
    pub fn new(metrics: Arc<NodeMetrics>, rulebook: Rulebook) -> Self {
        Self { metrics, rulebook, keys: Keys::default(), spoiled: AtomicU32::new(0) }
    }

    /// Checks what clients submitted.
    pub fn submissions(&self, txs: Vec<Vec<u8>>) -> Vec<Result<Candidate, Rejected>> {
        let spoiled = self.spoiled.load(Ordering::Relaxed);
        let chunk = if spoiled > 0 { SPOILED_CHUNK } else { chunk(txs.len()) };
        let checked = self.check(&txs, chunk);
        let forged = |bad: &Rejected| bad.code == Code::BadSignature;
        let left = match checked.iter().any(|answer| answer.as_ref().is_err_and(forged)) {
            true => SPOILED_LOTS,
            false => spoiled.saturating_sub(1),
        };
        self.spoiled.store(left, Ordering::Relaxed);
        let bad = checked.iter().filter(|answer| answer.is_err()).count();
        self.metrics.signatures_valid.inc_by(signatures(checked.iter().flatten()));
        self.metrics.signatures_invalid.inc_by(bad as u64);
        let candidate =
            |(bytes, checked): (Vec<u8>, Result<_, _>)| checked.map(|tx| Candidate { tx, bytes });
        txs.into_iter().zip(checked).map(candidate).collect()
    }

    /// Checks a peer's batch. One bad transaction refuses it whole, with the reason.
    pub fn batch(&self, bytes: Vec<u8>) -> Result<CheckedBatch, String> {
        let digest = Batch::digest_of_bytes(&bytes);
        let batch = Batch::decode(&bytes).map_err(|error| error.to_string())?;
        let mut txs = Vec::with_capacity(batch.txs.len());
        for answer in self.check(&batch.txs, chunk(batch.txs.len())) {
            txs.push(answer.map_err(|bad| {
                self.metrics.signatures_invalid.inc();
                format!("batch {digest} holds a bad transaction: {}: {}", bad.code, bad.detail)
            })?);
        }
        let count = signatures(&txs);
        self.metrics.signatures_valid.inc_by(count);
        if count > BATCH_SIGNATURES_MAX as u64 {
            return Err(format!("batch {digest} holds {count} signatures"));
        }
        Ok(CheckedBatch { digest, author: batch.author, bytes: Arc::new(bytes), txs })
    }

    fn check(&self, txs: &[Vec<u8>], chunk: usize) -> Vec<Result<VerifiedTx, Rejected>> {
        let start = Instant::now();
        let check = |txs: &[Vec<u8>]| check_chunk(&self.keys, self.rulebook, txs);
        let checked = txs.par_chunks(chunk).flat_map_iter(check).collect();
        self.metrics.verify_seconds.observe_duration(start.elapsed());
        checked
    }
}

/// As few equal chunks of `count` transactions as keep the cores busy.
fn chunk(count: usize) -> usize {
    let parts = (count / CHUNK_MIN).clamp(1, rayon::current_num_threads());
    count.div_ceil(parts.max(count.div_ceil(CHUNK_MAX))).max(1)
}

/// Decodes and verifies, one answer for each of `txs`, in order. All signatures, those inside
/// operations too, are one batch.
fn check_chunk(
    keys: &Keys,
    rulebook: Rulebook,
    txs: &[Vec<u8>],
) -> Vec<Result<VerifiedTx, Rejected>> {
    let decoded: Vec<_> = txs.iter().map(|bytes| decode(rulebook, bytes)).collect();
    let parts: Vec<_> = decoded.iter().flatten().flat_map(|d| d.tx.parts(&d.message)).collect();
    let items: Vec<_> = parts.iter().flat_map(Part::items).collect();
    let mut verdicts = verify(keys, &items).into_iter();
    decoded
        .into_iter()
        .map(|decoded| {
            let decoded = decoded?;
            let count = decoded.tx.signatures();
            // All of a transaction's verdicts are taken, whether or not one is bad.
            let bad = verdicts.by_ref().take(count).filter(Result::is_err).count();
            let id = hash::digest(Domain::TxId, &decoded.message);
            if bad > 0 {
                return Err(Rejected {
                    tx: Some((id, Box::new(decoded.tx))),
                    code: Code::BadSignature,
                    detail: "a signature does not verify".to_owned(),
                });
            }
            Ok(VerifiedTx::assume_verified(decoded.tx, id))
        })
        .collect()
}

/// One verdict for each item, in order.
fn verify(keys: &Keys, items: &[Item<'_>]) -> Vec<Result<(), SignatureError>> {
    let prepared: Vec<_> = items.iter().map(|item| keys.get(&item.key)).collect();
    let ready = |(item, key)| prepared_item(item, key);
    let batch: Vec<_> = items.iter().zip(&prepared).filter_map(ready).collect();
    let mut verdicts = verify_batch_prepared(&batch, &mut rand::rng()).into_iter();
    let verdict = |key: Result<PreparedKey, _>| {
        key.and_then(|_| verdicts.next().unwrap_or(Err(SignatureError::BadSignature)))
    };
    prepared.into_iter().map(verdict).collect()
}

fn prepared_item<'a>(
    item: &Item<'a>,
    key: &'a Result<PreparedKey, SignatureError>,
) -> Option<PreparedItem<'a>> {
    let key = key.as_ref().ok()?;
    Some(PreparedItem { key, message: item.message, signature: item.signature })
}

fn signatures<'a>(txs: impl IntoIterator<Item = &'a VerifiedTx>) -> u64 {
    txs.into_iter().map(|tx| tx.tx().signatures() as u64).sum()
}

#[cfg(test)]
mod tests {
    use ballast_primitives::domain::SignTag;
    use ballast_primitives::{Address, KeyPolicy, SecretKey};
    use ballast_runtime::authorisation::{PermitBody, signed_bytes};
    use ballast_runtime::ops::permit::Permit;
    use ballast_runtime::tx::{TxBody, Witness};
    use ballast_runtime::{Op, ops};
    use prometheus_client::registry::Registry;

    use super::*;

    #[test]
    fn chunks_are_few_and_alike() {
        let threads = rayon::current_num_threads();
        for count in [0, 1, 255, 256, 511, 620, 1_024, 1_100, 4_096, 8_192] {
            let size = chunk(count);
            let parts = count.div_ceil(size);
            assert!((1..=CHUNK_MAX).contains(&size), "{count}: {size}");
            assert!(parts <= threads.max(count.div_ceil(CHUNK_MAX)), "{count}: {parts}");
            assert!(count < CHUNK_MIN || size >= CHUNK_MIN, "{count}: {size}");
        }
    }

    fn key(n: u64) -> SecretKey {
        SecretKey::dev("verify", &n.to_string())
    }

    fn address(n: u64) -> Address {
        Address::of(&KeyPolicy::Single(key(n).public()))
    }

    /// A signed transaction, with a permit in it for every third nonce; a permit's signature is
    /// over `tag`.
    fn tx(nonce: u64, tag: SignTag) -> Vec<u8> {
        let transfer = ops::transfer::Transfer { to: address(9), amount: nonce, travel: None };
        let mut body = TxBody {
            genesis: Hash([1; 32]),
            chain_id: 1,
            sender: address(nonce),
            nonce,
            valid_until: 1,
            sponsor: None,
            memo: None,
            ops: vec![Op::Transfer(transfer)],
        };
        if nonce.is_multiple_of(3) {
            let permit = permit(&body, tag);
            body.ops.push(permit);
        }
        body.sign(&[&key(nonce)]).encode()
    }

    fn permit(tx: &TxBody, tag: SignTag) -> Op {
        let body = PermitBody {
            owner: address(7),
            spender: address(8),
            expected: 0,
            amount: 1,
            expires: 1,
            nonce: Hash([2; 32]),
            not_before: 0,
            deadline: 1,
            executor: None,
        };
        let signature = key(7).sign(&signed_bytes(tag, tx, &body));
        let witnesses = vec![Witness { key: key(7).public(), signature }];
        Op::Permit(Permit { body: Box::new(body), witnesses })
    }

    #[test]
    fn each_transaction_of_a_chunk_gets_its_own_answer_whatever_its_neighbours_carry() {
        let mut txs: Vec<_> = (0..40).map(|nonce| tx(nonce, SignTag::Permit)).collect();
        // A permit's signature made for another purpose, a transaction's own that is damaged,
        // bytes that are none: nothing of it touches the others' answers.
        txs[12] = tx(12, SignTag::PayAuth);
        *txs[20].last_mut().unwrap() ^= 1;
        *txs[21].last_mut().unwrap() ^= 1;
        txs[30] = vec![1, 2, 3];
        let answers = check_chunk(&Keys::default(), Rulebook::SHIPPED, &txs);
        assert_eq!(answers.len(), txs.len());
        for (nonce, answer) in (0..).zip(answers) {
            let code = answer.as_ref().map(|tx| tx.body().nonce).map_err(|bad| bad.code);
            let expected = match nonce {
                12 | 20 | 21 => Err(Code::BadSignature),
                30 => Err(Code::Decode),
                _ => Ok(nonce),
            };
            assert_eq!(code, expected, "transaction {nonce}");
            if let Ok(tx) = answer {
                assert_eq!(tx.id(), tx.body().id());
            }
        }
    }
    #[test]
    fn bad_signatures_make_chunks_small_until_clients_have_been_good_for_a_while() {
        let verification = Verification::new(
            Arc::new(NodeMetrics::register(&mut Registry::default())),
            Rulebook::SHIPPED,
        );
        let good: Vec<_> = (0..40).map(|nonce| tx(nonce, SignTag::Permit)).collect();
        let mut spoiled = good.clone();
        *spoiled[5].last_mut().unwrap() ^= 1;
        let bad_at = |answers: Vec<Result<Candidate, Rejected>>| {
            let bad = answers.iter().enumerate().filter(|(_, answer)| answer.is_err());
            bad.map(|(at, _)| at).collect::<Vec<_>>()
        };
        assert!(bad_at(verification.submissions(good.clone())).is_empty());
        assert_eq!(verification.spoiled.load(Ordering::Relaxed), 0);
        for _ in 0..2 {
            assert_eq!(bad_at(verification.submissions(spoiled.clone())), [5]);
            assert_eq!(verification.spoiled.load(Ordering::Relaxed), SPOILED_LOTS);
        }
        assert!(bad_at(verification.submissions(good.clone())).is_empty());
        assert_eq!(verification.spoiled.load(Ordering::Relaxed), SPOILED_LOTS - 1);
    }
}
