//! What is sent: blocks of random transactions that look at the state, so that they are often good,
//! often at an edge, and often wrong in one way.

pub mod control;
pub mod council;
pub mod issuance;
pub mod payments;
pub mod reserve;
pub mod scenarios;
pub mod shapes;
pub mod time;

use ballast_primitives::Address;
use ballast_runtime::limits::DAY_MS;
use ballast_runtime::object::{Role, Scope};
use ballast_runtime::ops::*;
use ballast_runtime::{CouncilOp, Op};

use crate::world::{Draft, World};

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
pub fn next_block(world: &mut World) -> Vec<Vec<u8>> {
    if world.agenda.is_empty() && world.rng.chance(4) {
        scenarios::begin(world);
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

/// One transaction of one operation, any.
fn one(world: &mut World) -> Draft {
    match world.rng.below(100) {
        0..13 => world.transfer(),
        13..16 => world.approve(),
        16..21 => world.transfer_from(),
        21..24 => world.permit(),
        24..28 => world.pay_auth(),
        28 => world.cancel_auth(),
        29..33 => world.bridge_out(),
        33..36 => world.bridge_in(),
        36..40 => world.deposit_confirm(),
        40..42 => world.deposit_reverse(),
        42..50 => world.mint(),
        50..52 => world.burn(),
        52..54 => world.set_minter_allowance(),
        54..58 => world.redeem_request(),
        58..61 => world.redeem_accept(),
        61..63 => world.redeem_settle(),
        63 => world.redeem_reject(),
        64 => world.redeem_cancel(),
        65 => world.redeem_expire(),
        66..68 => world.payout_confirm(),
        68 => world.payout_failed(),
        69..71 => world.submit_report(),
        71..73 => world.attest_report(),
        73 => world.revoke_report(),
        74 => world.reconcile(),
        75..77 => world.freeze(),
        77..79 => world.set_hold(),
        79 => world.register_account(),
        80 => world.set_kyc(),
        81 => world.set_institution(),
        82 => world.rotate_key(),
        83..89 => world.propose(),
        89..92 => world.vote(),
        92..94 => world.execute(),
        _ => world.council_exec(),
    }
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
