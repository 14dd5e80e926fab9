//! Every operation of the council joined with every operation of an account that it names: in one
//! transaction of a member that it is about, or in one block, and in both orders. Which joins there
//! have been is counted; see [`crate::coverage`].

use ballast_primitives::Address;
use ballast_runtime::object::{Class, Role};
use ballast_runtime::ops::*;
use ballast_runtime::{CouncilOp, Op};

use crate::aim::aim;
use crate::coverage::{Coverage, council_operations};
use crate::generator::scenarios::{Step, soon};
use crate::generator::{MENU, draft};
use crate::world::{Draft, World};

/// A join: what is joined, and how.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Join {
    pub council: &'static str,
    pub account: &'static str,
    /// In one transaction, else in one block.
    pub at_once: bool,
    pub council_first: bool,
}

impl Join {
    pub fn all() -> impl Iterator<Item = Self> {
        let pairs = council_operations()
            .flat_map(|council| MENU.iter().map(move |(_, account, _)| (council, *account)));
        pairs.flat_map(|(council, account)| {
            [(true, true), (true, false), (false, true), (false, false)]
                .map(|(at_once, council_first)| Self { council, account, at_once, council_first })
        })
    }
}

/// Puts a join that was not met on the agenda, if there is one that this world's council can carry
/// out.
pub fn begin(world: &mut World, coverage: &Coverage) {
    let missing = coverage.missing_joins();
    if missing.is_empty() {
        return;
    }
    let join = world.rng.pick(&missing);
    world.join = Some(join);
    world.agenda.extend([soon(prepare), soon(carry_out)] as [Step; 2]);
}

/// Whether one member's word is enough for everything.
fn is_autocracy(world: &World) -> bool {
    world.state.council().thresholds[3] == 1
}

/// Chooses whom it is about, and mostly freezes that account both ways.
fn prepare(world: &mut World) -> Vec<Draft> {
    let Some(join) = world.join else { return Vec::new() };
    let about = if join.at_once { world.a_member() } else { account_draft(world, join).sender };
    world.focus.account = Some(about);
    if world.state.account(&about).is_none() || world.rng.chance(30) {
        return Vec::new();
    }
    let order = world.small_hash(250);
    let freeze = freeze::Freeze { account: about, inbound: true, outbound: true, order };
    if world.rng.chance(50) {
        return vec![draft(world.officer(Role::Compliance), Op::Freeze(freeze))];
    }
    let sender = world.a_member();
    let ops = vec![CouncilOp::Freeze(freeze)];
    decide(world, ops).map(|ops| Draft::of(sender, ops)).into_iter().collect()
}

fn account_draft(world: &mut World, join: Join) -> Draft {
    let made = MENU.iter().find(|(_, name, _)| *name == join.account).map(|(.., make)| *make);
    made.unwrap_or(World::transfer)(world)
}

fn carry_out(world: &mut World) -> Vec<Draft> {
    let (Some(join), Some(about)) = (world.join.take(), world.focus.account) else {
        return Vec::new();
    };
    let mut made = account_draft(world, join);
    made.sender = about;
    let decision = (0..80).map(|_| world.council_op()).find(|op| op.name() == join.council);
    let Some(decision) = decision else { return Vec::new() };
    let decision = aim(decision, about, &world.state);
    let Some(decided) = decide(world, vec![decision]) else { return Vec::new() };
    world.joined.push(join);
    let first = |a: Vec<Op>, b: Vec<Op>| [a, b].concat();
    if join.at_once {
        made.ops = match join.council_first {
            true => first(decided, made.ops),
            false => first(made.ops, decided),
        };
        return vec![made];
    }
    let council = Draft::of(world.a_member(), decided);
    if join.council_first { vec![council, made] } else { vec![made, council] }
}

/// What carries out operations of the council at once, if anything can.
fn decide(world: &mut World, ops: Vec<CouncilOp>) -> Option<Vec<Op>> {
    if is_autocracy(world) {
        let proposal = world.state.council().next_proposal;
        let execute = Op::Execute(execute::Execute { proposal });
        return Some(vec![Op::Propose(propose::Propose { ops }), execute]);
    }
    let class = ballast_runtime::council_op::class_of(&ops, &world.state);
    (class <= Class::B).then(|| world.exec(ops).ops)
}

impl World {
    fn a_member(&mut self) -> Address {
        let members: Vec<_> = self.state.council().members.iter().map(|m| m.account).collect();
        self.rng.pick(&members)
    }
}
