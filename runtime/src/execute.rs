//! How a block runs: lane 0 first, then the rest, each transaction whole or not at all; then the
//! invariants, the receipts' root and the state tree.

use std::borrow::Borrow;

use ballast_primitives::planted::{Bug, planted};
use ballast_primitives::{Hash, codec, merkle};

use crate::admission::{self, Admitted};
use crate::code::Code;
use crate::event::Event;
use crate::invariants;
use crate::journal::Journal;
use crate::limits::FULL_CHECK_BLOCKS;
use crate::op::Op;
use crate::ops::Env;
use crate::receipt::{Outcome, Receipt};
use crate::state::{Change, State};
use crate::tx::{TxBody, VerifiedTx};

pub use crate::invariants::Breach;

/// What a block says about itself that execution needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BlockContext {
    pub genesis: Hash,
    pub chain_id: u32,
    pub height: u64,
    /// Milliseconds since the Unix epoch: the only time there is.
    pub time: u64,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BlockOutcome {
    /// In the order of execution.
    pub receipts: Vec<Receipt>,
    /// For each receipt, the index of its transaction in the block.
    pub origins: Vec<u32>,
    /// Transactions that were not includable, by index, with the reason. They left no trace.
    pub dropped: Vec<(u32, Code)>,
    /// Every object the block wrote, ascending by slot.
    pub changes: Vec<Change>,
    /// The root over this block's receipts alone; see [`merkle::chain_receipts`].
    pub receipts_root: Hash,
}

/// Executes a block's transactions, in order after lane 0, and brings `state` to what follows.
///
/// A [`Breach`] means the code broke an invariant; `state` is then of no use any more.
pub fn execute_block<T: Borrow<VerifiedTx>>(
    state: &mut State,
    context: &BlockContext,
    txs: &[T],
) -> Result<BlockOutcome, Breach> {
    let supply_before = state.supply().clone();
    let mut run = Run {
        context,
        journal: Journal::begin_block(state),
        receipts: Vec::with_capacity(txs.len()),
        origins: Vec::with_capacity(txs.len()),
        dropped: Vec::new(),
    };
    for lane0 in [true, false] {
        for (index, tx) in (0u32..).zip(txs) {
            let in_lane0 = admission::is_lane0(tx.borrow().tx()) || planted(Bug::LanesIgnored);
            if in_lane0 == lane0 {
                run.transaction(index, tx.borrow());
            }
        }
    }
    let Run { journal, receipts, origins, mut dropped, .. } = run;
    dropped.sort_unstable_by_key(|(index, _)| *index);
    let touched = journal.end_block();
    let at_height = |breach: Breach| Breach { height: Some(context.height), ..breach };
    invariants::check_block(state, &supply_before, &touched, context.time).map_err(at_height)?;
    if context.height.is_multiple_of(FULL_CHECK_BLOCKS) {
        invariants::check_all(state, context.time).map_err(at_height)?;
    }
    let changes = state.commit(touched.iter().map(|entry| entry.slot));
    let receipts_root = receipts_root(&receipts);
    Ok(BlockOutcome { receipts, origins, dropped, changes, receipts_root })
}

/// The digests of a block's receipts, in order: the leaves of its receipts tree.
pub fn receipt_leaves(receipts: &[Receipt]) -> Vec<Hash> {
    receipts.iter().map(|receipt| merkle::RECEIPTS.leaf(&codec::encode(receipt))).collect()
}

/// The root over a block's receipts.
pub fn receipts_root(receipts: &[Receipt]) -> Hash {
    merkle::RECEIPTS.root_of(&receipt_leaves(receipts))
}

/// A block being executed.
struct Run<'a> {
    context: &'a BlockContext,
    journal: Journal<'a>,
    receipts: Vec<Receipt>,
    origins: Vec<u32>,
    dropped: Vec<(u32, Code)>,
}

impl Run<'_> {
    fn transaction(&mut self, index: u32, tx: &VerifiedTx) {
        let admitted = admission::admit(self.journal.state(), self.context, tx.tx())
            .and_then(|admitted| self.consume(&admitted, tx.body()).map(|()| admitted));
        let admitted = match admitted {
            Ok(admitted) => admitted,
            Err(code) => return self.dropped.push((index, code)),
        };
        // From here on the transaction is in the block, whatever its operations answer.
        let (outcome, events) = self.operations(&admitted, tx.body());
        let position = u32::try_from(self.receipts.len()).unwrap_or(u32::MAX);
        self.origins.push(index);
        self.receipts.push(Receipt {
            tx: tx.id(),
            sender: tx.body().sender,
            nonce: tx.body().nonce,
            height: self.context.height,
            index: position,
            outcome,
            events,
        });
    }

    /// Uses up the nonce and the quota.
    fn consume(&mut self, admitted: &Admitted, body: &TxBody) -> Result<(), Code> {
        self.journal.write_kept(admitted.sender).replay.consume(body.nonce)?;
        if let Some((payer, bucket)) = admitted.spent {
            self.journal.write_kept(payer).quota = bucket;
        }
        Ok(())
    }

    /// Runs the operations: all of them, or none.
    fn operations(&mut self, admitted: &Admitted, body: &TxBody) -> (Outcome, Vec<Event>) {
        self.journal.begin_ops();
        let mut env = Env {
            journal: &mut self.journal,
            now: self.context.time,
            sender: admitted.sender,
            sender_address: body.sender,
            memo: body.memo.as_deref(),
            events: Vec::with_capacity(body.ops.len()),
        };
        let failure = body.ops.iter().enumerate().find_map(|(number, op)| {
            let number = u8::try_from(number).unwrap_or(u8::MAX);
            operation(op, &mut env).err().map(|code| Outcome::Failed { op: number, code })
        });
        let events = env.events;
        match failure {
            None => (Outcome::Success, events),
            Some(failed) => {
                if !planted(Bug::UndoSkipped) {
                    self.journal.undo_ops();
                }
                (failed, Vec::new())
            }
        }
    }
}

/// One operation: what all have in common (pause, then role), then its own rules.
fn operation(op: &Op, env: &mut Env<'_, '_>) -> Result<(), Code> {
    env.check_pause(op.pause_scope())?;
    env.check_roles(op.signers())?;
    match op {
        Op::Transfer(op) => op.execute(env),
        Op::DepositConfirm(op) => op.execute(env),
        Op::Mint(op) => op.execute(env),
        Op::Burn(op) => op.execute(env),
        Op::SetMinterAllowance(op) => op.execute(env),
        Op::Freeze(op) => op.execute(env),
        Op::Unfreeze(op) => op.execute(env),
        Op::Pause(op) => op.execute(env),
        Op::Unpause(op) => op.execute(env),
        Op::RegisterAccount(op) => op.execute(env),
        Op::GrantRole(op) => op.execute(env),
        Op::RevokeRole(op) => op.execute(env),
    }
}
