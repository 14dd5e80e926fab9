//! Executing a decided block and preparing the one write that makes it durable.

use ballast_primitives::hash::Hash;
use ballast_primitives::merkle;
use ballast_primitives::turns::Report;
use ballast_runtime::execute::{self, BlockContext, BlockOutcome, receipts_root};
use ballast_runtime::tx::VerifiedTx;
use ballast_runtime::{Code, Outcome, State};

use crate::batches::Held;
use crate::block::Tip;
use crate::context::BlockValue;
use crate::types::{CommitWrite, Decision, Executed, StoredBlock, TxRecord};

/// The chained receipts root of genesis.
pub const GENESIS_RECEIPTS_ROOT: Hash = Hash::ZERO;

/// What [`Executed`] says of the genesis state.
pub fn genesis_result(state: &State, time: u64) -> Executed {
    Executed {
        height: 0,
        time,
        state_root: state.root(),
        block_receipts_root: merkle::RECEIPTS.root_of(&[]),
        receipts_root: GENESIS_RECEIPTS_ROOT,
        objects: state.len(),
    }
}

/// Executes `value`, whose batches are `held` in the payload's order, on top of `tip`.
///
/// Returns what to write, and of which batches transactions were left out of the block without a
/// trace, each with the reason. An error is the report of a broken invariant: the state must not be used after it.
pub fn execute(
    state: &mut State,
    tip: &Tip,
    chain_id: u32,
    value: &BlockValue,
    held: &[Held],
    decision: Decision,
) -> Result<(CommitWrite, Vec<(u32, Code)>), String> {
    let header = value.header();
    let context = BlockContext {
        genesis: header.genesis,
        chain_id,
        height: header.height,
        time: header.time,
        rules: tip.rules,
    };
    let mut places = Vec::new();
    let mut txs: Vec<&VerifiedTx> = Vec::new();
    for (batch, held) in (0u32..).zip(held) {
        for (position, tx) in (0u32..).zip(held.txs.iter()) {
            places.push((batch, position));
            txs.push(tx);
        }
    }
    let Decision { certificate, overridden, evidence } = decision;
    let outcome = if overridden.is_some() {
        void()
    } else {
        let returns = value.payload().returns.iter().map(|said| said.validator).collect();
        let evidence = value.payload().evidence.clone();
        let report = Report { parent_round: header.parent_round, returns, evidence };
        let executed = execute::execute(state, &context, &report, &txs);
        executed.map_err(|breach| breach.to_string())?.commit()
    };
    let mut left_out = Vec::with_capacity(outcome.dropped.len());
    for (index, code) in &outcome.dropped {
        let id = txs.get(*index as usize).map(|tx| tx.id());
        tracing::debug!(height = header.height, ?id, %code, "transaction left out of its block");
        left_out.extend(places.get(*index as usize).map(|(batch, _)| (*batch, *code)));
    }
    for receipt in &outcome.receipts {
        if matches!(receipt.outcome, Outcome::Failed { code: Code::InvariantBroken, .. }) {
            tracing::error!(height = header.height, tx = %receipt.tx, "transaction broke an invariant");
        }
    }
    let records = outcome
        .receipts
        .into_iter()
        .zip(&outcome.origins)
        .map(|(receipt, origin)| {
            let (batch, position) = places.get(*origin as usize).copied().unwrap_or_default();
            TxRecord { receipt, batch, position }
        })
        .collect();
    let before = tip.newest().map_or(GENESIS_RECEIPTS_ROOT, |newest| newest.receipts_root);
    let executed = Executed {
        height: header.height,
        time: header.time,
        state_root: state.root(),
        block_receipts_root: outcome.receipts_root,
        receipts_root: merkle::chain_receipts(&before, &outcome.receipts_root),
        objects: state.len(),
    };
    let (header, payload) = (header.clone(), value.payload().clone());
    let block = StoredBlock { header, payload, certificate, overridden };
    let header = value.header();
    let set_changes = header.next_validators != header.validators;
    let next_set = set_changes.then(|| state.committee(header.height.saturating_add(1)).clone());
    let (removed, changes) = (outcome.removed, outcome.changes);
    let write = CommitWrite { block, executed, removed, changes, records, evidence, next_set };
    Ok((write, left_out))
}

/// What a block gives that is not executed: nothing.
fn void() -> BlockOutcome {
    BlockOutcome {
        receipts: Vec::new(),
        origins: Vec::new(),
        dropped: Vec::new(),
        removed: Vec::new(),
        changes: Vec::new(),
        receipts_root: receipts_root(&[]),
    }
}
