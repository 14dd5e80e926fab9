//! Decoding transactions and verifying their signatures under rule R, in bulk and on all cores,
//! off the replica's thread.
//!
//! Each validator verifies each transaction once: those of its own clients as they come in, those
//! of others with the batch that brings them.

use std::sync::Arc;
use std::time::Instant;

use ballast_primitives::hash;
use ballast_primitives::signature::verify_batch;
use ballast_primitives::{Domain, Hash, PublicKey};
use ballast_replica::pool::Candidate;
use ballast_replica::types::Batch;
use ballast_runtime::Code;
use ballast_runtime::authorisation::Part;
use ballast_runtime::tx::{SignedTx, VerifiedTx};
use rayon::prelude::*;

use crate::metrics::{NodeMetrics, ObserveDuration};

/// Signatures verified together: beyond this a larger batch gains little.
const CHUNK: usize = 256;

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

fn decode(bytes: &[u8]) -> Result<Decoded, Rejected> {
    let tx = SignedTx::decode(bytes).map_err(|error| Rejected {
        tx: None,
        code: Code::Decode,
        detail: error.to_string(),
    })?;
    let message = tx.body.signed_bytes();
    Ok(Decoded { tx, message })
}

/// Decodes and verifies, one answer for each of `txs`, in order. All signatures, those inside
/// operations too, are one batch.
fn check_chunk(txs: &[Vec<u8>]) -> Vec<Result<VerifiedTx, Rejected>> {
    let decoded: Vec<_> = txs.iter().map(|bytes| decode(bytes)).collect();
    let parts: Vec<_> = decoded.iter().flatten().flat_map(|d| d.tx.parts(&d.message)).collect();
    let items: Vec<_> = parts.iter().flat_map(Part::items).collect();
    let mut verdicts = verify_batch(&items, &mut rand::rng()).into_iter();
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

fn signatures<'a>(txs: impl IntoIterator<Item = &'a VerifiedTx>) -> u64 {
    txs.into_iter().map(|tx| tx.tx().signatures() as u64).sum()
}

/// Checks what clients submitted.
pub fn submissions(txs: Vec<Vec<u8>>, metrics: &NodeMetrics) -> Vec<Result<Candidate, Rejected>> {
    let start = Instant::now();
    let checked: Vec<_> = txs.par_chunks(CHUNK).flat_map_iter(check_chunk).collect();
    metrics.verify_seconds.observe_duration(start.elapsed());
    let bad = checked.iter().filter(|answer| answer.is_err()).count();
    metrics.signatures_valid.inc_by(signatures(checked.iter().flatten()));
    metrics.signatures_invalid.inc_by(bad as u64);
    let candidate =
        |(bytes, checked): (Vec<u8>, Result<_, _>)| checked.map(|tx| Candidate { tx, bytes });
    txs.into_iter().zip(checked).map(candidate).collect()
}

/// Checks a peer's batch. One bad transaction refuses it whole, with the reason.
pub fn batch(bytes: Vec<u8>, metrics: &NodeMetrics) -> Result<CheckedBatch, String> {
    let start = Instant::now();
    let digest = Batch::digest_of_bytes(&bytes);
    let batch = Batch::decode(&bytes).map_err(|error| error.to_string())?;
    let checked: Vec<_> = batch.txs.par_chunks(CHUNK).flat_map_iter(check_chunk).collect();
    metrics.verify_seconds.observe_duration(start.elapsed());
    let mut txs = Vec::with_capacity(checked.len());
    for answer in checked {
        txs.push(answer.map_err(|bad| {
            metrics.signatures_invalid.inc();
            format!("batch {digest} holds a bad transaction: {}: {}", bad.code, bad.detail)
        })?);
    }
    metrics.signatures_valid.inc_by(signatures(&txs));
    Ok(CheckedBatch { digest, author: batch.author, bytes: Arc::new(bytes), txs })
}

#[cfg(test)]
mod tests {
    use ballast_primitives::domain::SignTag;
    use ballast_primitives::{Address, KeyPolicy, SecretKey};
    use ballast_runtime::authorisation::{PermitBody, signed_bytes};
    use ballast_runtime::ops::permit::Permit;
    use ballast_runtime::tx::{TxBody, Witness};
    use ballast_runtime::{Op, ops};

    use super::*;

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
        let answers = check_chunk(&txs);
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
}
