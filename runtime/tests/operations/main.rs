//! Each operation: every refusal in order of precedence, then its exact effect. The tables start
//! with everything wrong at once and put one thing right per line.

#[path = "../common/mod.rs"]
mod common;

mod accounts;
mod bridge;
mod constitution;
mod control;
mod council;
mod issuance;
mod limits;
mod payments;
mod redemption;
mod reserve;
mod roles;
mod validators;

use ballast_primitives::Address;
use ballast_runtime::Op;
use ballast_runtime::object::{FreezeState, Role};
use common::{Who, World};

const MINTER: Who = Who::Officer(Role::Minter);
const CUSTODIAN: Who = Who::Officer(Role::Custodian);
const COMPLIANCE: Who = Who::Officer(Role::Compliance);
const REGISTRAR: Who = Who::Officer(Role::Registrar);
/// Not registered.
const NOBODY: Address = Address([5; 32]);

/// The council's freeze.
fn frozen(inbound: bool, outbound: bool) -> FreezeState {
    FreezeState { inbound, outbound, confirmed: true, ..FreezeState::default() }
}

/// A change to something that decodes, and whether it still does.
type Bound<T> = (fn(&mut T), bool);

/// Whether a transaction with this operation is within its bounds.
fn decodes(op: Op) -> bool {
    World::new().tx(Who::Holder(0), vec![op]).tx().check_shape().is_ok()
}
