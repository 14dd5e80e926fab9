//! Each operation: every refusal in order of precedence, then its exact effect. The tables start
//! with everything wrong at once and put one thing right per line.

#[path = "../common/mod.rs"]
mod common;

mod accounts;
mod bridge;
mod checkpoints;
mod constitution;
mod control;
mod council;
mod council_exec;
mod ending;
mod invariants;
mod issuance;
mod limits;
mod payments;
mod redemption;
mod reports;
mod reserve;
mod roles;
mod validators;

use ballast_primitives::{Address, Hash};
use ballast_runtime::object::{FreezeState, IncidentKind, Role, Scope, Severity};
use ballast_runtime::ops::deposit_confirm::deposit_id;
use ballast_runtime::{Code, Event, Op, SignedTx};
use common::{DAY, Who, World, op};

const MINTER: Who = Who::Officer(Role::Minter);
const CUSTODIAN: Who = Who::Officer(Role::Custodian);
const COMPLIANCE: Who = Who::Officer(Role::Compliance);
const REGISTRAR: Who = Who::Officer(Role::Registrar);
const MANAGER: Who = Who::Officer(Role::ReserveManager);
const ATTESTOR: Who = Who::Officer(Role::Attestor);
/// Not registered.
const NOBODY: Address = Address([5; 32]);

/// Somebody's reason.
const DOCUMENT: Hash = Hash([4; 32]);

/// Confirms a deposit; its id.
fn deposited(world: &mut World, bank_ref: &str, amount: u64, beneficiary: Address) -> Hash {
    world.run(CUSTODIAN, op::deposit(bank_ref, amount, beneficiary)).unwrap();
    deposit_id(&CUSTODIAN.address(), bank_ref)
}

/// What a breaker that trips at `now` announces.
fn tripped(kind: IncidentKind, incident: u64, now: u64) -> [Event; 2] {
    let (severity, subject) = (Severity::Critical, Hash::default());
    [
        Event::Paused { scope: Scope::Mint, until: now + 30 * DAY },
        Event::IncidentPosted { incident, kind, severity, subject },
    ]
}

/// The council's freeze.
fn frozen(inbound: bool, outbound: bool) -> FreezeState {
    FreezeState { inbound, outbound, confirmed: true, ..FreezeState::default() }
}

/// A refusal, and what puts it right.
type Step<T> = (Code, fn(&mut World, &mut T));

/// Sends an operation in which everything is wrong and puts one thing right per step, so that
/// each refusal is seen in its place.
fn refused_in_order<T: Clone>(
    (world, who, op): (&mut World, Who, &mut T),
    wrap: fn(T) -> Op,
    steps: &[Step<T>],
) {
    for (number, (refusal, put_right)) in steps.iter().enumerate() {
        assert_eq!(world.try_run(who, wrap(op.clone())), Err(*refusal), "step {number}");
        put_right(world, op);
    }
}

/// A change to something that decodes, and whether it still does.
type Bound<T> = (fn(&mut T), bool);

/// Whether a transaction with this operation decodes.
fn decodes(op: Op) -> bool {
    let body = World::new().body(Who::Holder(0), vec![op]);
    let tx = SignedTx { body, witnesses: common::witnesses(&Who::Holder(0).keys()) };
    SignedTx::decode(&tx.encode()).is_ok_and(|decoded| decoded == tx)
}
