//! What the council does: at once, by signatures, or by a proposal.

use ballast_primitives::domain::SignTag;
use ballast_runtime::object::{Role, Scope};
use ballast_runtime::{CouncilOp, Op, ops};

use super::kitchen::{Cook, Draft};

/// Operations of class A and B, by the members' signatures.
pub fn exec(cook: &mut Cook<'_>) -> Option<Draft> {
    let op = match cook.rng.below(4) {
        0 => unfreeze(cook),
        1 => pause(cook),
        2 => unpause(cook),
        _ => revoke_role(cook),
    };
    let council = cook.state.council();
    let (ops, epoch, exec_nonce) = (vec![op], council.epoch, council.exec_nonce);
    let keys = council.members.iter().map(|member| member.key).take(3);
    let witnesses = cook.kitchen.statement(SignTag::CouncilVote, &(epoch, exec_nonce, &ops), keys);
    let op = ops::council_exec::CouncilExec { ops, epoch, exec_nonce, witnesses };
    let member = *cook.rng.pick(&cook.kitchen.council);
    Some(cook.draft(member, vec![Op::CouncilExec(op)]))
}

/// Someone who is frozen, if anyone is.
fn unfreeze(cook: &mut Cook<'_>) -> CouncilOp {
    let frozen = |cook: &Cook<'_>, address| {
        cook.state.account(&address).is_some_and(|account| account.freeze.in_force(cook.now_ms))
    };
    let mut account = cook.someone();
    for _ in 0..8 {
        if frozen(cook, account) {
            break;
        }
        account = cook.someone();
    }
    CouncilOp::Unfreeze(ops::unfreeze::Unfreeze { account })
}

fn scopes(cook: &mut Cook<'_>) -> Vec<Scope> {
    let mut scopes: Vec<_> = Scope::ALL.into_iter().filter(|_| cook.rng.chance(400)).collect();
    if scopes.is_empty() {
        scopes.push(Scope::Mint);
    }
    scopes
}

/// Short, so that the load goes on.
fn pause(cook: &mut Cook<'_>) -> CouncilOp {
    let (scopes, until) = (scopes(cook), cook.now_ms + cook.rng.between(0, 2_000));
    CouncilOp::Pause(ops::pause::Pause { scopes, until, short: cook.rng.chance(300) })
}

fn unpause(cook: &mut Cook<'_>) -> CouncilOp {
    let paused = |scope: &Scope| cook.state.pause(*scope).is_paused(cook.now_ms);
    let mut scopes: Vec<_> = Scope::ALL.into_iter().filter(paused).collect();
    if scopes.is_empty() {
        scopes = self::scopes(cook);
    }
    CouncilOp::Unpause(ops::unpause::Unpause { scopes })
}

/// From someone who may have been granted it; those of genesis keep theirs.
fn revoke_role(cook: &mut Cook<'_>) -> CouncilOp {
    let role = *cook.rng.pick(&[Role::Attestor, Role::Redeemer, Role::Bridge, Role::Compliance]);
    let mut holder = cook.someone();
    for _ in 0..8 {
        if cook.state.holds(role, &holder, cook.now_ms) {
            break;
        }
        holder = cook.someone();
    }
    CouncilOp::RevokeRole(ops::revoke_role::RevokeRole { role, holder })
}
