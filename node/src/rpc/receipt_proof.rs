//! Proves that a receipt is on chain: its path in its block, and the chain of receipts roots up to
//! the first committed header that attests it.

use ballast_primitives::block::EXECUTION_LAG_MAX;
use ballast_primitives::merkle::{Path, RECEIPTS};
use ballast_primitives::proof::{CertifiedHeader, ReceiptProof};
use ballast_primitives::{Hash, codec};
use ballast_proto::error::{ServiceReason, WireError};
use ballast_runtime::Receipt;
use tokio::time::{Instant, timeout_at};

use super::context::{Context, internal, receipts_pruned};
use crate::store::Store;

/// How many receipts are read at a time.
const READ_STEP: usize = 1_024;

/// Proves the receipt of `tx`; waits for a header that attests it.
pub(super) async fn prove(
    context: &Context,
    tx: Hash,
) -> Result<(ReceiptProof, Receipt), WireError> {
    let located = context.store().tx_location(&tx).map_err(internal)?;
    let horizon = context.store().horizon();
    let (height, index) = match located {
        Some(place) if place.0 >= horizon.oldest => place,
        None if !horizon.is_pruned() => return Err(WireError::new(ServiceReason::ProofNotFound)),
        // Alone it is not proven: the path needs all receipts of its block.
        _ => return Err(receipts_pruned(horizon.oldest)),
    };
    let anchor = wait_for_anchor(context, height).await?;
    let proven = context.blocking(move |context| build(context.store(), height, index, anchor));
    proven.await.map_err(WireError::of)
}

/// The first committed header that attests the results of `height`.
async fn wait_for_anchor(context: &Context, height: u64) -> Result<CertifiedHeader, WireError> {
    let deadline = Instant::now().checked_add(context.config.wait_max);
    let deadline = deadline.unwrap_or_else(Instant::now);
    let mut heads = context.backend.head();
    loop {
        let head = heads.borrow_and_update().height;
        if let Some(anchor) = find_anchor(context.store(), height, head)? {
            return Ok(anchor);
        }
        let changed = timeout_at(deadline, heads.changed());
        match context.stop.run_until_cancelled(changed).await {
            Some(Ok(Ok(()))) => {}
            Some(Err(_)) => return Err(WireError::new(ServiceReason::ProofTimeout)),
            None | Some(Ok(Err(_))) => return Err(WireError::new(ServiceReason::ShuttingDown)),
        }
    }
}

/// A header lags at most eight heights behind itself, so few are candidates. Only blocks up to
/// `head` are: what they attest has been executed here.
fn find_anchor(
    store: &Store,
    height: u64,
    head: u64,
) -> Result<Option<CertifiedHeader>, WireError> {
    let last = height.saturating_add(EXECUTION_LAG_MAX).min(head);
    for candidate in height.saturating_add(1)..=last {
        let Some(block) = store.block(candidate).map_err(internal)? else {
            return Err(WireError::new(ServiceReason::ProofUnavailable));
        };
        if block.header.executed_height >= height {
            let (header, certificate) = (block.header, block.certificate);
            return Ok(Some(CertifiedHeader { header, certificate }));
        }
    }
    Ok(None)
}

fn build(
    store: &Store,
    height: u64,
    index: u32,
    anchor: CertifiedHeader,
) -> Result<(ReceiptProof, Receipt), WireError> {
    let executed = |height| {
        let executed = store.executed(height).map_err(internal)?;
        executed.ok_or_else(|| WireError::new(ServiceReason::ProofUnavailable))
    };
    let before = match height.checked_sub(1) {
        Some(0) | None => Hash::ZERO,
        Some(parent) => executed(parent)?.receipts_root,
    };
    let later = height.saturating_add(1)..=anchor.header.executed_height;
    let after = later.map(|height| executed(height).map(|executed| executed.block_receipts_root));
    let after = after.collect::<Result<Vec<_>, _>>()?;
    let (path, receipt) = path_in_block(store, height, index)?;
    let leaf = codec::encode(&receipt);
    if path.root(&RECEIPTS, RECEIPTS.leaf(&leaf)) != Some(executed(height)?.block_receipts_root) {
        return Err(internal(format!("the receipts of block {height} do not give its root")));
    }
    Ok((ReceiptProof { height, receipt: leaf, path, before, after, anchor }, receipt))
}

fn path_in_block(store: &Store, height: u64, index: u32) -> Result<(Path, Receipt), WireError> {
    let mut leaves = Vec::new();
    let mut wanted = None;
    let mut from = 0;
    loop {
        let records = store.records(height, from, READ_STEP).map_err(internal)?;
        let full = records.len() == READ_STEP;
        for record in records {
            from = record.receipt.index.saturating_add(1);
            leaves.push(RECEIPTS.leaf(&codec::encode(&record.receipt)));
            if record.receipt.index == index {
                wanted = Some(record.receipt);
            }
        }
        if !full {
            break;
        }
    }
    let path = RECEIPTS.path_of(&leaves, u64::from(index));
    path.zip(wanted).ok_or_else(|| internal("a located transaction has no receipt"))
}
