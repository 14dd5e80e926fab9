//! What happens on a random chain: an account's transaction, or what the council does.

use ballast_runtime::{CouncilOp, Op, VerifiedTx};
use proptest::prelude::*;

use crate::any::{address, amount, any_council_op, any_op, informed, sender, who};
use crate::common::Who::{self, Holder};
use crate::common::{ACCOUNTS, DAY, World, op};

/// A transaction of an account, or what the council does in several.
#[derive(Clone, Debug)]
pub enum Act {
    Ops(Vec<Op>, Option<Who>, u32),
    Council(Vec<CouncilOp>),
}

/// What happens, and how many milliseconds later the block of it comes.
pub type Step = (Act, u64);

pub fn step() -> impl Strategy<Value = Step> {
    let ops = prop_oneof![
        3 => any_op().prop_map(|op| vec![op]),
        1 => prop::collection::vec(any_op(), 0..5),
        1 => prop::collection::vec(
            (address(), amount()).prop_map(|(to, amount)| op::transfer_to(to, amount)), 1..5),
    ];
    let ops = (ops, prop::option::weighted(0.2, who()), 0..ACCOUNTS)
        .prop_map(|(ops, stray, holder)| Act::Ops(ops, stray, holder));
    let council = prop::collection::vec(any_council_op(), 1..3).prop_map(Act::Council);
    let wait = prop_oneof![8 => Just(0), 1 => 0..400 * DAY];
    (prop_oneof![3 => ops, 1 => council], wait)
}

/// The step's transactions, as far as they could have been decoded.
pub fn tx(world: &mut World, (act, _): &Step) -> Vec<VerifiedTx> {
    let mut txs = match act {
        Act::Ops(ops, stray, holder) => {
            let who = ops.first().map_or(Holder(0), |op| sender(op, *stray, *holder));
            let ops = ops.iter().map(|op| informed(world, who, op.clone())).collect();
            vec![world.tx(who, ops)]
        }
        Act::Council(ops) => world.council_txs(ops.clone()),
    };
    txs.retain(|tx| tx.tx().check_shape().is_ok());
    txs
}

pub fn txs(world: &mut World, steps: &[Step]) -> Vec<VerifiedTx> {
    steps.iter().flat_map(|step| tx(world, step)).collect()
}
