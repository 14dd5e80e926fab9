//! Looks for outcomes that were seldom met: makes many transactions of the operation, tries them on
//! a copy of the state, and keeps those that end as wanted.

use ballast_runtime::{Code, CouncilOp, Op, Outcome, SignedTx, VerifiedTx, execute_block};

use crate::coverage::Coverage;
use crate::generator::{MENU, council_carrier};
use crate::world::{Draft, World};

/// Outcomes met less often than this are looked for.
const ENOUGH: u64 = 6;
/// Transactions made at once to find one.
const TRIALS: usize = 16;

/// Transactions that will probably have an outcome that was seldom met.
pub fn rare(world: &mut World, coverage: &Coverage) -> Vec<Draft> {
    let rare = coverage.below(ENOUGH);
    if rare.is_empty() {
        return Vec::new();
    }
    let (operation, outcome) = world.rng.pick(&rare);
    let made: Vec<_> = (0..TRIALS).filter_map(|_| make(world, operation, outcome)).collect();
    if outcome == "DECODE" {
        return made.into_iter().take(2).collect();
    }
    let outcomes = trial(world, &made);
    let fits = made.into_iter().zip(outcomes).filter(|(_, found)| *found == Some(outcome));
    fits.map(|(draft, _)| draft).take(2).collect()
}

fn make(world: &mut World, operation: &str, outcome: &str) -> Option<Draft> {
    if let Some(name) = operation.strip_prefix("council ") {
        let op = council_op(world, name, outcome == "DECODE")?;
        let decree = world.state.council().thresholds[3] == 1;
        let at_once = !decree && world.rng.chance(70);
        let mut made = council_carrier(world, vec![op], !at_once);
        if decree {
            made.ops.push(world.execute_next());
        }
        return Some(made);
    }
    if outcome == "DECODE" {
        let edgy = (0..40).map(|_| world.misshapen());
        let mut edgy =
            edgy.filter(|draft| draft.ops.first().is_some_and(|op| op.name() == operation));
        return edgy.next();
    }
    let (_, _, make) = MENU.iter().find(|(_, name, _)| *name == operation)?;
    Some(make(world))
}

fn council_op(world: &mut World, name: &str, edgy: bool) -> Option<CouncilOp> {
    let mut made = (0..60).map(|_| if edgy { world.bounded_op() } else { world.council_op() });
    made.find(|op| op.name() == name)
}

/// What would become of each, if all were the next block.
fn trial(world: &mut World, drafts: &[Draft]) -> Vec<Option<&'static str>> {
    let nonces = world.nonces.clone();
    let sealed: Vec<_> = drafts.iter().map(|draft| world.sign(draft.clone())).collect();
    world.nonces = nonces;
    let mut context = world.context;
    (context.height, context.time) = (context.height + 1, world.now);
    let verified = |tx: SignedTx| {
        let id = tx.body.id();
        VerifiedTx::assume_verified(tx, id)
    };
    let txs: Vec<_> = sealed.into_iter().map(verified).collect();
    let Ok(outcome) = execute_block(&mut world.state.clone(), &context, &txs) else {
        return Vec::new();
    };
    let mut found = vec![None; drafts.len()];
    for (receipt, origin) in outcome.receipts.iter().zip(outcome.origins) {
        found[origin as usize] = Some(match receipt.outcome {
            Outcome::Success => "SUCCESS",
            Outcome::Failed { code, .. } => Code::name(code),
        });
    }
    found
}

impl World {
    fn execute_next(&mut self) -> Op {
        let proposal = self.state.council().next_proposal;
        Op::Execute(ballast_runtime::ops::execute::Execute { proposal })
    }
}
