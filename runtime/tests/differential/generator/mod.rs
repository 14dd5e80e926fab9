//! What is sent: blocks of random transactions that look at the state, so that they are often good,
//! often at an edge, and often wrong in one way.

pub mod control;
pub mod council;
pub mod issuance;
pub mod joins;
pub mod payments;
pub mod reserve;
pub mod scenarios;
pub mod shapes;
pub mod steer;
pub mod time;

use ballast_primitives::Address;
use ballast_runtime::limits::DAY_MS;
use ballast_runtime::object::{Member, Role, Scope};
use ballast_runtime::ops::*;
use ballast_runtime::{CouncilOp, Op};

use crate::coverage::Coverage;
use crate::world::{Draft, World, witnesses};

/// A transaction of one operation.
pub fn draft(sender: Address, op: Op) -> Draft {
    Draft::of(sender, vec![op])
}

/// Council operations in a proposal or a CouncilExec.
pub fn council_carrier(world: &mut World, ops: Vec<CouncilOp>, by_proposal: bool) -> Draft {
    if by_proposal {
        draft(world.member(), Op::Propose(propose::Propose { ops }))
    } else {
        world.exec(ops)
    }
}

/// The transactions of the next block, at a time of their own.
pub fn next_block(world: &mut World, coverage: &Coverage) -> Vec<Vec<u8>> {
    if world.agenda.is_empty() && world.rng.chance(4) {
        scenarios::begin(world);
    }
    if world.agenda.is_empty() && world.rng.chance(60) {
        joins::begin(world, coverage);
    }
    let planned = world.agenda.pop_front();
    world.now = match &planned {
        Some(step) => step.time(world),
        None => world.next_time(),
    };
    let mut drafts = planned.map_or_else(Vec::new, |step| (step.drafts)(world));
    if drafts.is_empty() || world.rng.chance(20) {
        for _ in 0..world.rng.below(9) {
            drafts.extend(some_drafts(world));
        }
    }
    if world.rng.chance(30) {
        drafts.extend(steer::rare(world, coverage));
    }
    drafts.into_iter().map(|draft| finish(world, draft)).collect()
}

/// Counts the operations, and spoils some transactions as a whole.
fn finish(world: &mut World, mut draft: Draft) -> Vec<u8> {
    world.operations += draft.ops.len() as u64;
    match world.rng.below(400) {
        0..8 => return world.damaged(),
        8..11 if !world.sent.is_empty() => {
            return world.sent[world.rng.index(world.sent.len())].clone();
        }
        11..19 => spoil_nonce(world, &mut draft),
        19..25 => spoil_envelope(world, &mut draft),
        25..30 => spoil_witnesses(world, &mut draft),
        30..50 => draft.sponsor = Some(world.person()),
        _ => {}
    }
    world.seal(draft)
}

fn spoil_nonce(world: &mut World, draft: &mut Draft) {
    let high = world.state.account(&draft.sender).map_or(0, |account| account.replay.high);
    let offset = world.rng.pick(&[127, 128, 129, 1, 20]);
    draft.nonce = Some(match world.rng.below(4) {
        0 => high + offset,
        1 => high.saturating_sub(offset),
        2 => high,
        _ => world.rng.pick(&[0, 1, u64::MAX]),
    });
}

fn spoil_envelope(world: &mut World, draft: &mut Draft) {
    match world.rng.below(6) {
        0 => draft.chain_id = Some(world.context.chain_id + 1),
        1 => draft.genesis = Some(world.hash()),
        2 => draft.sponsor = Some(world.stranger()),
        3 => draft.sender = world.stranger(),
        4 => draft.valid_until = Some(world.near(world.now)),
        _ => draft.valid_until = Some(world.near(world.now + DAY_MS)),
    }
}

fn spoil_witnesses(world: &mut World, draft: &mut Draft) {
    let mut keys = world.keys_of(&draft.sender);
    match world.rng.below(3) {
        0 => keys = vec![world.spare[9]],
        1 => keys.push(world.spare[10]),
        _ => {
            draft.sponsor = Some(world.person());
        }
    }
    draft.witnesses = Some(keys);
}

fn some_drafts(world: &mut World) -> Vec<Draft> {
    if world.rng.chance(16) {
        let repair = repair(world);
        if !repair.is_empty() {
            return repair;
        }
    }
    match world.rng.below(100) {
        0..7 => return world.advance(),
        7..11 => return vec![world.misshapen()],
        11..30 if world.state.council().thresholds[3] == 1 => return vec![world.decree()],
        _ => {}
    }
    let mut made = one(world);
    // Others of the same sender behind it; the last may well fail and take all back.
    if world.rng.chance(12) {
        for _ in 0..1 + world.rng.below(4) {
            let more = one(world);
            made.ops.extend(more.ops);
        }
        made.ops.truncate(16);
    }
    vec![made]
}

/// Makes one transaction of one operation.
type Make = fn(&mut World) -> Draft;

/// Every operation of accounts: how often of a hundred, its name, and what makes one.
pub const MENU: &[(u64, &str, Make)] = &[
    (13, "Transfer", World::transfer),
    (3, "Approve", World::approve),
    (5, "TransferFrom", World::transfer_from),
    (3, "Permit", World::permit),
    (4, "PayAuth", World::pay_auth),
    (1, "CancelAuth", World::cancel_auth),
    (4, "BridgeOut", World::bridge_out),
    (3, "BridgeIn", World::bridge_in),
    (4, "DepositConfirm", World::deposit_confirm),
    (2, "DepositReverse", World::deposit_reverse),
    (8, "Mint", World::mint),
    (2, "Burn", World::burn),
    (2, "SetMinterAllowance", World::set_minter_allowance),
    (4, "RedeemRequest", World::redeem_request),
    (3, "RedeemAccept", World::redeem_accept),
    (2, "RedeemSettle", World::redeem_settle),
    (1, "RedeemReject", World::redeem_reject),
    (1, "RedeemCancel", World::redeem_cancel),
    (1, "RedeemExpire", World::redeem_expire),
    (2, "PayoutConfirm", World::payout_confirm),
    (1, "PayoutFailed", World::payout_failed),
    (2, "SubmitReport", World::submit_report),
    (2, "AttestReport", World::attest_report),
    (1, "RevokeReport", World::revoke_report),
    (1, "Reconcile", World::reconcile),
    (2, "Freeze", World::freeze),
    (2, "SetHold", World::set_hold),
    (1, "RegisterAccount", World::register_account),
    (1, "SetKyc", World::set_kyc),
    (1, "SetInstitution", World::set_institution),
    (1, "RotateKey", World::rotate_key),
    (6, "Propose", World::propose),
    (3, "Vote", World::vote),
    (2, "Execute", World::execute),
    (6, "CouncilExec", World::council_exec),
];

/// One transaction of one operation, any.
fn one(world: &mut World) -> Draft {
    let mut roll = world.rng.below(MENU.iter().map(|(weight, ..)| weight).sum());
    let chosen = MENU.iter().find(|(weight, ..)| {
        let found = roll < *weight;
        roll = roll.saturating_sub(*weight);
        found
    });
    let (_, _, make) = chosen.unwrap_or(&MENU[0]);
    make(world)
}

/// Two members take a role from `holder` on the council's word.
pub fn take_a_role(world: &mut World, holder: Address) -> Vec<Vec<u8>> {
    let council = world.state.council().clone();
    let revoke = revoke_role::RevokeRole { role: Role::Bridge, holder };
    let exec = council_exec::CouncilExec {
        ops: vec![CouncilOp::RevokeRole(revoke)],
        epoch: council.epoch,
        exec_nonce: council.exec_nonce,
        witnesses: witnesses(council.members.iter().map(|member| member.key).collect()),
    };
    let send =
        |member: &Member| world.sign(draft(member.account, Op::CouncilExec(exec.clone()))).encode();
    council.members.iter().take(2).map(send).collect()
}

/// What brings the world back to work when something stops most of it.
fn repair(world: &mut World) -> Vec<Draft> {
    let now = world.now;
    if Scope::ALL.iter().any(|scope| world.state.pause(*scope).is_paused(now)) {
        let unpause = world.unpause();
        return vec![world.enact(vec![unpause])];
    }
    if world.state.reserve().drafts.len() > 10 {
        return vec![world.revoke_old_draft()];
    }
    if world.state.bridge(1).is_none() {
        let bridge = world.set_bridge();
        return vec![council_carrier(world, vec![bridge], true)];
    }
    let idle = |role: &Role| world.holders(*role, true).len() < 2;
    let idle: Vec<_> = Role::ALL.into_iter().filter(idle).collect();
    if !idle.is_empty() {
        let role = world.rng.pick(&idle);
        let holder = world.person();
        let valid_until = now + 300 * DAY_MS;
        let grant = CouncilOp::GrantRole(grant_role::GrantRole { role, holder, valid_until });
        return vec![council_carrier(world, vec![grant], true)];
    }
    if !world.report_is_usable() {
        return world.renew_report();
    }
    if let Some(minter) = world.suspended_minter() {
        let resume = CouncilOp::ResumeMinter(resume_minter::ResumeMinter { minter });
        return vec![world.enact(vec![resume])];
    }
    match world.frozen() {
        Some(account) if world.rng.chance(20) => {
            vec![world.enact(vec![CouncilOp::Unfreeze(unfreeze::Unfreeze { account })])]
        }
        _ => Vec::new(),
    }
}
