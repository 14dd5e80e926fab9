//! Turns an operation of the council on one account.

use ballast_primitives::Address;
use ballast_runtime::object::Role;
use ballast_runtime::{CouncilOp, State};

/// The operation, about `at` wherever it names an account.
pub fn aim(mut op: CouncilOp, at: Address, state: &State) -> CouncilOp {
    match &mut op {
        CouncilOp::Freeze(op) => op.account = at,
        CouncilOp::Unfreeze(op) => op.account = at,
        CouncilOp::ConfirmFreeze(op) => op.account = at,
        CouncilOp::SetHold(op) => {
            op.account = at;
            op.expected = state.account(&at).map_or(0, |account| account.hold);
        }
        CouncilOp::Seize(op) => op.from = at,
        CouncilOp::RecoverKey(op) => op.account = at,
        CouncilOp::GrantRole(op) => op.holder = at,
        CouncilOp::RevokeRole(op) => {
            op.holder = at;
            let live =
                |role: &Role| state.role(*role, &at).is_some_and(|grant| grant.valid_until > 0);
            op.role = Role::ALL.into_iter().find(live).unwrap_or(op.role);
        }
        CouncilOp::SuspendMinter(op) => op.minter = at,
        CouncilOp::ResumeMinter(op) => op.minter = at,
        CouncilOp::SetMinterLimits(op) => op.minter = at,
        CouncilOp::RevokeAttestorKey(op) => op.attestor = at,
        CouncilOp::SetPolicy(op) => op.fee_account = at,
        CouncilOp::CouncilSet(op) => {
            if let Some(first) = op.members.first_mut() {
                first.account = at;
            }
            op.members.sort_unstable_by_key(|member| member.account);
            op.members.dedup_by_key(|member| member.account);
        }
        // The others name no account.
        _ => {}
    }
    op
}
