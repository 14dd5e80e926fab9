//! Every committed block has a certificate of its own height and id, by members of the set, each
//! once, whose signatures are good and whose power is a quorum (CO-6); and its header follows its
//! parent (BL-3 to BL-5).

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use ballast_primitives::Hash;
use ballast_replica::types::{Batch, StoredBlock};
use ballast_runtime::tx::SignedTx;

use super::arithmetic::{Signatures, block_id, digest, is_quorum, payload_digest, vote_bytes};
use super::{Checker, Committed, Fact, Scene, Verdict};

/// How far ahead of the furthest honest clock a block's time may be (BL-5).
const AHEAD_MS: u64 = 500;
/// Bytes, transactions and signatures of a block (BL-3).
const BLOCK_MAX: [u64; 3] = [8 * 1024 * 1024, 16_384, 32_768];

#[derive(Default)]
pub struct Certificates {
    signatures: Signatures,
    /// Id and time of the blocks so far.
    chain: BTreeMap<u64, (Hash, u64)>,
}

impl Checker for Certificates {
    fn name(&self) -> &'static str {
        "valid certificates"
    }

    fn see(&mut self, scene: &Scene, fact: &Fact<'_>) -> Verdict {
        let Fact::Committed(Committed { node, write, latest_clock_ms, batches, .. }) = fact else {
            return Ok(());
        };
        let height = write.block.header.height;
        let result = self
            .check_header(scene, &write.block, *latest_clock_ms)
            .and_then(|()| check_sizes(&write.block, batches))
            .and_then(|()| self.check_certificate(scene, &write.block));
        result.map_err(|what| format!("block {height} at node {node}: {what}"))
    }
}

/// BL-7.
fn set_digest(scene: &Scene, height: u64) -> Hash {
    let set = borsh::to_vec(scene.sets.of(height)).unwrap_or_default();
    digest("ballast v1 validator set", &[&set])
}

/// BL-3: what the header says of its batches is so, and within the limits.
fn check_sizes(block: &StoredBlock, batches: &[Arc<Vec<u8>>]) -> Verdict {
    let mut sums = [0_u64; 3];
    for (named, bytes) in block.payload.batches.iter().zip(batches) {
        let batch = Batch::decode(bytes).map_err(|error| format!("holds a bad batch: {error}"))?;
        let mut signatures = 0;
        for tx in &batch.txs {
            // Whatever the bounds of the rules in force then.
            let tx: SignedTx =
                borsh::from_slice(tx).map_err(|error| format!("holds a bad one: {error}"))?;
            signatures += tx.signatures() as u64;
        }
        let sizes = [bytes.len() as u64, batch.txs.len() as u64, signatures];
        let said = [named.bytes, named.txs, named.signatures].map(u64::from);
        if sizes != said {
            return Err(format!("says {said:?} of a batch of {sizes:?}"));
        }
        sums.iter_mut().zip(sizes).for_each(|(sum, size)| *sum += size);
    }
    match sums.iter().zip(BLOCK_MAX).all(|(sum, max)| *sum <= max) {
        true => Ok(()),
        false => Err(format!("holds {sums:?}, at most {BLOCK_MAX:?}")),
    }
}

impl Certificates {
    fn check_header(&mut self, scene: &Scene, block: &StoredBlock, latest_ms: u64) -> Verdict {
        let header = &block.header;
        let genesis = (scene.genesis, scene.genesis_time);
        let (parent, parent_time) = match header.height.checked_sub(1) {
            None => return Err("there is no block 0".to_owned()),
            Some(0) => genesis,
            Some(before) => *self.chain.get(&before).ok_or("its parent is nowhere")?,
        };
        if header.parent != parent || header.genesis != scene.genesis {
            return Err(format!("follows {} and not {parent}", header.parent));
        }
        if header.time <= parent_time || header.time > latest_ms + AHEAD_MS {
            let time = header.time;
            return Err(format!("time {time}, parent's {parent_time}, latest clock {latest_ms}"));
        }
        if header.payload != payload_digest(&block.payload) {
            return Err("its payload is not the one its header names".to_owned());
        }
        let named = (header.validators, header.next_validators);
        let sets = (set_digest(scene, header.height), set_digest(scene, header.height + 1));
        if named != sets {
            return Err(format!("names the sets {named:?}, and they are {sets:?}"));
        }
        let distinct: BTreeSet<_> = block.payload.digests().collect();
        if distinct.len() != block.payload.batches.len() {
            return Err("names a batch twice".to_owned());
        }
        self.chain.insert(header.height, (block_id(header), header.time));
        Ok(())
    }

    fn check_certificate(&mut self, scene: &Scene, block: &StoredBlock) -> Verdict {
        let (header, certificate) = (&block.header, &block.certificate);
        let id = block_id(header);
        if certificate.block != id || certificate.height != header.height {
            return Err(format!(
                "certificate is of {} at {}",
                certificate.block, certificate.height
            ));
        }
        let message =
            vote_bytes(&scene.genesis, 1, certificate.height, certificate.round, Some(id));
        let mut signers = BTreeSet::new();
        let mut signed = 0;
        for entry in &certificate.signatures {
            let key = entry.validator;
            let power = scene.power_of(header.height, &key).ok_or("a signer is no validator")?;
            if !signers.insert(key) {
                return Err(format!("{key:?} signs twice"));
            }
            if !self.signatures.are_good(&key, &message, &entry.signature) {
                return Err(format!("the signature of {key:?} is not good"));
            }
            signed += power;
        }
        let total = scene.total_power(header.height);
        if !is_quorum(signed, total) {
            return Err(format!("certificate of {signed} of {total}"));
        }
        Ok(())
    }
}
