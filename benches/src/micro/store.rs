//! Storing blocks of transfers with everything that belongs to them: one synced write each.

use anyhow::Result;
use ballast_node::store::{Store, StoreOptions};
use ballast_primitives::turns::Report;
use ballast_primitives::{
    BatchRef, CommitCertificate, CommitSignature, Hash, Header, Payload, PublicKey, Signature,
    codec,
};
use ballast_replica::types::{Batch, CommitWrite, Executed, StoredBlock, TxRecord};
use ballast_runtime::execute;

use super::chain::Chain;
use super::{Cost, MicroArgs};
use crate::clock::{median, thread_time};

const ACCOUNTS: u64 = 100_000;

pub fn cost(args: &MicroArgs) -> Result<Cost> {
    let mut chain = Chain::new(args.keys_max.min(ACCOUNTS));
    let dir = tempfile::tempdir()?;
    let genesis = Hash::ZERO;
    let store = Store::open(dir.path(), &genesis, StoreOptions::default())?;
    let objects = chain.state.changes().count() as u64;
    let executed = |height, objects| Executed {
        height,
        time: height,
        state_root: Hash::ZERO,
        block_receipts_root: Hash::ZERO,
        receipts_root: Hash::ZERO,
        objects,
    };
    store.initialise(chain.state.changes(), &executed(0, objects))?;
    let mut each = Vec::new();
    for height in 1..=args.blocks {
        let (batch, write) = block(&mut chain, args.block, executed(height, objects))?;
        let start = thread_time();
        store.put_batches(&[batch])?;
        store.commit_block(&write)?;
        each.push((thread_time() - start).as_secs_f64() * 1e6 / args.block.max(1) as f64);
    }
    let size = format!("{} a block", args.block);
    Ok(Cost { what: "store a block, synced", size, us: median(each), per: "transfer".to_owned() })
}

/// The next block of `count` transfers, executed, and its one batch.
fn block(
    chain: &mut Chain,
    count: usize,
    executed: Executed,
) -> Result<((Hash, Vec<u8>), CommitWrite)> {
    let txs = chain.transfers(count);
    let context = chain.next_block();
    let outcome = execute::execute(&mut chain.state, &context, &Report::default(), &txs)
        .map_err(|broken| anyhow::anyhow!("{broken:?}"))?
        .commit();
    let bytes = codec::encode(&Batch {
        author: PublicKey([1; 32]),
        sequence: executed.height,
        txs: txs.iter().map(|tx| tx.tx().encode()).collect(),
    });
    let digest = Batch::digest_of_bytes(&bytes);
    let records = outcome.receipts.into_iter().zip(0..);
    let write = CommitWrite {
        block: stored_block(executed.height, digest),
        executed,
        removed: outcome.removed,
        changes: outcome.changes,
        records: records
            .map(|(receipt, position)| TxRecord { receipt, batch: 0, position })
            .collect(),
        evidence: Vec::new(),
        next_set: None,
    };
    Ok(((digest, bytes), write))
}

fn stored_block(height: u64, batch: Hash) -> StoredBlock {
    let named = BatchRef { digest: batch, bytes: 1, txs: 1, signatures: 1 };
    let payload = Payload { batches: vec![named], ..Payload::default() };
    let header = Header {
        version: Header::VERSION,
        genesis: Hash::ZERO,
        height,
        parent: Hash::ZERO,
        parent_round: 0,
        time: height,
        proposer: PublicKey([1; 32]),
        payload: payload.digest(),
        executed_height: height - 1,
        state_root: Hash::ZERO,
        receipts_root: Hash::ZERO,
        validators: Hash::ZERO,
        next_validators: Hash::ZERO,
    };
    let signature =
        CommitSignature { validator: PublicKey([1; 32]), signature: Signature([9; 64]) };
    let signatures = vec![signature];
    let certificate = CommitCertificate { height, round: 0, block: header.id(), signatures };
    StoredBlock { header, payload, certificate, overridden: None }
}
