//! Short stories for outcomes that chance rarely finds. A scenario is a list of blocks; each looks
//! at the state that the one before left.

use ballast_primitives::{Address, Hash};
use ballast_runtime::authorisation::PayAuthBody;
use ballast_runtime::limits::{DAY_MS, FREEZE_COOLDOWN_MS, PAUSE_COOLDOWN_MS};
use ballast_runtime::object::{Class, RedemptionStatus, Role, Scope};
use ballast_runtime::ops::vote::Choice;
use ballast_runtime::ops::*;
use ballast_runtime::{CouncilOp, Key, Object, Op};

use crate::generator::{council_carrier, draft};
use crate::world::{Draft, World, witnesses};
use crate::worlds::DOLLAR;

/// One block of a scenario.
#[derive(Clone, Copy)]
pub struct Step {
    when: When,
    pub drafts: fn(&mut World) -> Vec<Draft>,
}

#[derive(Clone, Copy)]
enum When {
    Soon,
    /// At the time that the step before left in the focus.
    Focus,
    /// As long after it.
    After(u64),
}

impl Step {
    pub const fn time(&self, world: &World) -> u64 {
        let soon = world.context.time + 1;
        let at = match self.when {
            When::Soon => soon,
            When::Focus => world.focus.number,
            When::After(ms) => world.focus.number + ms,
        };
        if at > soon { at } else { soon }
    }
}

pub const fn soon(drafts: fn(&mut World) -> Vec<Draft>) -> Step {
    Step { when: When::Soon, drafts }
}

const fn then(drafts: fn(&mut World) -> Vec<Draft>) -> Step {
    Step { when: When::Focus, drafts }
}

const fn after(ms: u64, drafts: fn(&mut World) -> Vec<Draft>) -> Step {
    Step { when: When::After(ms), drafts }
}

const SCENARIOS: &[&[Step]] = &[
    &[soon(many_drafts)],
    &[soon(many_proposals)],
    &[soon(propose_lower_cap), soon(all_vote), soon(lower_cap_more), soon(execute_focus)],
    &[
        soon(officer_freezes),
        then(officer_freezes_again),
        after(FREEZE_COOLDOWN_MS, officer_freezes_again),
    ],
    &[soon(short_pause), then(pause_again), after(PAUSE_COOLDOWN_MS, pause_again)],
    &[soon(redeem_whole), soon(fill_owner), soon(refund_owner)],
    &[soon(redeem_whole), soon(accept_focus), soon(fill_owner), soon(refund_owner)],
    &[soon(redeem_whole), soon(fill_until_due), then(refund_owner)],
    &[soon(fill_fees), soon(settle_all)],
    &[soon(trip_and_fail)],
    &[soon(fill_objects), soon(one_object_more)],
    &[soon(too_many_for_the_quota)],
    &[soon(prepare_overflow), soon(fill_owner), soon(overflow)],
];

/// Puts a scenario on the agenda.
pub fn begin(world: &mut World) {
    let scenario = world.rng.pick(SCENARIOS);
    world.agenda.extend(scenario.iter().copied());
}

// ---- lists that are full ----

/// 17 drafts of reports, of which 16 are one transaction.
fn many_drafts(world: &mut World) -> Vec<Draft> {
    (0..17).map(|_| world.submit_report()).collect()
}

/// Eight proposals of each of up to nine members, and one more of each. Only of one where they do
/// not expire soon.
fn many_proposals(world: &mut World) -> Vec<Draft> {
    let council = world.state.council();
    let some = if council.ttl_ms < DAY_MS { 9 } else { 1 };
    let members: Vec<_> = council.members.iter().map(|m| m.account).take(some).collect();
    let mut drafts = Vec::new();
    for member in &members {
        let publish =
            || vec![CouncilOp::SetDelay(set_delay::SetDelay { class: Class::D, delay_ms: 0 })];
        let propose = || Op::Propose(propose::Propose { ops: publish() });
        drafts.push(Draft::of(*member, (0..8).map(|_| propose()).collect()));
        drafts.push(draft(*member, propose()));
    }
    drafts
}

// ---- objects that count ----

/// An account of the class with the smallest quota, registered and not frozen.
fn small_holder(world: &mut World) -> Option<Address> {
    let now = world.now;
    let fits = |who: &Address| {
        world.state.account(who).is_some_and(|account| {
            account.kyc_class == 0 && account.kyc_until > now && !account.freeze.in_force(now)
        })
    };
    let all: Vec<_> = world.people.iter().copied().filter(fits).collect();
    (!all.is_empty()).then(|| world.rng.pick(&all))
}

/// An allowance for nobody in particular.
fn approval(world: &mut World) -> Op {
    let (spender, expires) = (Address(world.rng.bytes()), world.now + DAY_MS);
    Op::Approve(approve::Approve { spender, expected: 0, amount: 1, expires })
}

/// Somebody with a large quota pays for as many allowances as may count for an account.
fn fill_objects(world: &mut World) -> Vec<Draft> {
    let Some(owner) = small_holder(world) else { return Vec::new() };
    let account = world.state.account(&owner);
    let most = world.state.policy().quotas[0].objects_max();
    let missing = most.saturating_sub(account.map_or(0, |account| account.objects.into()));
    let sponsor = world.state.council().members[0].account;
    let ops: Vec<_> = (0..missing).map(|_| approval(world)).collect();
    world.focus.account = Some(owner);
    let draft = |ops: &[Op]| Draft { sponsor: Some(sponsor), ..Draft::of(owner, ops.to_vec()) };
    ops.chunks(16).map(draft).collect()
}

fn one_object_more(world: &mut World) -> Vec<Draft> {
    let Some(owner) = world.focus.account else { return Vec::new() };
    let sponsor = world.state.council().members[0].account;
    let amount = world.state.terms().min.max(2_000_000);
    let cancel = cancel_auth::CancelAuth { nonce: world.hash(), deadline: world.now + DAY_MS };
    let beneficiary = Hash([3; 32]);
    let redeem = redeem_request::RedeemRequest { amount, fee_max: u64::MAX, beneficiary };
    [approval(world), Op::CancelAuth(cancel), Op::RedeemRequest(redeem)]
        .into_iter()
        .map(|op| Draft { sponsor: Some(sponsor), ..draft(owner, op) })
        .collect()
}

/// More allowances in one transaction than the quota of its sender pays for.
fn too_many_for_the_quota(world: &mut World) -> Vec<Draft> {
    let Some(owner) = small_holder(world) else { return Vec::new() };
    vec![Draft::of(owner, (0..6).map(|_| approval(world)).collect())]
}

// ---- a class that changes between proposal and execution ----

fn cap_lower_by(world: &World, amount: u128) -> CouncilOp {
    CouncilOp::SetCap(set_cap::SetCap { cap: world.state.supply().cap.saturating_sub(amount) })
}

fn propose_lower_cap(world: &mut World) -> Vec<Draft> {
    world.focus.number = world.state.council().next_proposal;
    let op = cap_lower_by(world, 1);
    vec![council_carrier(world, vec![op], true)]
}

fn all_vote(world: &mut World) -> Vec<Draft> {
    let number = world.focus.number;
    let Some(digest) = world.state.proposal(number).map(|proposal| proposal.digest) else {
        return Vec::new();
    };
    let members: Vec<_> = world.state.council().members.iter().map(|m| m.account).collect();
    let vote = vote::Vote { proposal: number, digest, choice: Choice::Yes };
    members.into_iter().map(|member| draft(member, Op::Vote(vote))).collect()
}

fn lower_cap_more(world: &mut World) -> Vec<Draft> {
    let op = cap_lower_by(world, 1_000);
    vec![world.exec(vec![op])]
}

fn execute_focus(world: &mut World) -> Vec<Draft> {
    let proposal = world.focus.number;
    vec![draft(world.member(), Op::Execute(execute::Execute { proposal }))]
}

// ---- cooldowns ----

fn officer_freezes(world: &mut World) -> Vec<Draft> {
    let account = world.person();
    world.focus.account = Some(account);
    world.focus.number = world.now + ballast_runtime::limits::OFFICER_FREEZE_MS;
    officer_freezes_again(world)
}

fn officer_freezes_again(world: &mut World) -> Vec<Draft> {
    let Some(account) = world.focus.account else { return Vec::new() };
    let order = world.small_hash(250);
    let op = freeze::Freeze { account, inbound: true, outbound: true, order };
    vec![draft(world.officer(Role::Compliance), Op::Freeze(op))]
}

fn short_pause(world: &mut World) -> Vec<Draft> {
    world.focus.number = world.now + 5_000;
    pause_again(world)
}

fn pause_again(world: &mut World) -> Vec<Draft> {
    let until = world.now + 5_000;
    let pause = pause::Pause { scopes: vec![Scope::Bridge], until, short: true };
    vec![world.exec(vec![CouncilOp::Pause(pause)])]
}

// ---- refunds that do not fit any more ----

/// Whose balance has the least room.
fn richest(world: &World) -> Option<Address> {
    world.people.iter().copied().max_by_key(|who| world.account(who).balance)
}

fn redeem_whole(world: &mut World) -> Vec<Draft> {
    let mut made = world.redeem_request();
    if world.rng.chance(70) {
        made.sender = richest(world).unwrap_or(made.sender);
    }
    world.focus.account = Some(made.sender);
    vec![made]
}

fn redemption_of_focus(world: &World) -> Option<(Hash, Address)> {
    let owner = world.focus.account?;
    let first = Key::Redemption(Hash([0; 32]));
    let last = Key::Redemption(Hash([255; 32]));
    world.state.range(first..=last).find_map(|(key, object)| match (key, object) {
        (Key::Redemption(id), Object::Redemption(redemption))
            if redemption.owner == owner
                && matches!(
                    redemption.status,
                    RedemptionStatus::Requested | RedemptionStatus::Processing
                ) =>
        {
            Some((*id, owner))
        }
        _ => None,
    })
}

fn accept_focus(world: &mut World) -> Vec<Draft> {
    let Some((redemption, _)) = redemption_of_focus(world) else { return Vec::new() };
    let op = Op::RedeemAccept(redeem_accept::RedeemAccept { redemption });
    vec![draft(world.officer(Role::Redeemer), op)]
}

/// Whoever can pays the owner as much as its balance may hold.
fn fill_owner(world: &mut World) -> Vec<Draft> {
    let Some(to) = world.focus.account else { return Vec::new() };
    let amount = u64::MAX - world.account(&to).balance;
    let able: Vec<_> = world
        .people
        .iter()
        .filter(|who| **who != to && world.available(who) >= amount)
        .copied()
        .collect();
    let pay = |from: Address| {
        let transfer = transfer::Transfer { to, amount, travel: None };
        draft(from, Op::Transfer(transfer)).with_memo(Some(Vec::new()))
    };
    able.into_iter().take(3).map(pay).collect()
}

/// As before, and the focus is when the redemption is overdue.
fn fill_until_due(world: &mut World) -> Vec<Draft> {
    let redemption = redemption_of_focus(world).and_then(|(id, _)| world.state.redemption(&id));
    world.focus.number = redemption.map_or(0, |redemption| redemption.due_at);
    fill_owner(world)
}

fn refund_owner(world: &mut World) -> Vec<Draft> {
    let Some((redemption, owner)) = redemption_of_focus(world) else { return Vec::new() };
    let document = world.hash();
    let custodian = world.officer(Role::Custodian);
    let redeemer = world.officer(Role::Redeemer);
    vec![
        draft(owner, Op::RedeemCancel(redeem_cancel::RedeemCancel { redemption })),
        draft(redeemer, Op::RedeemReject(redeem_reject::RedeemReject { redemption, document })),
        draft(owner, Op::RedeemExpire(redeem_expire::RedeemExpire { redemption })),
        draft(custodian, Op::PayoutFailed(payout_failed::PayoutFailed { redemption, document })),
    ]
}

fn fill_fees(world: &mut World) -> Vec<Draft> {
    world.focus.account = Some(world.state.policy().fee_account);
    fill_owner(world)
}

/// Every redemption that could be settled.
fn settle_all(world: &mut World) -> Vec<Draft> {
    let all = world.some(Key::Redemption(Hash([0; 32])), Key::Redemption(Hash([255; 32])), 500);
    let paid = all.into_iter().filter_map(|(key, object)| match (key, object) {
        (Key::Redemption(id), Object::Redemption(redemption))
            if redemption.status == RedemptionStatus::Processing =>
        {
            Some(id)
        }
        _ => None,
    });
    let redeemer = world.officer(Role::Redeemer);
    let settle = |redemption| Op::RedeemSettle(redeem_settle::RedeemSettle { redemption });
    paid.map(|redemption| draft(redeemer, settle(redemption))).collect()
}

// ---- an account that can hold no more ----

const FULL: &str = "for a full account";

/// What can be paid to the account of the focus in other ways than by transfer.
fn prepare_overflow(world: &mut World) -> Vec<Draft> {
    let to = richest(world).unwrap_or_else(|| world.payer());
    world.focus.account = Some(to);
    world.focus.number = world.context.height;
    let (payer, spender) = (world.payer(), world.person());
    let bank_ref = format!("{FULL} {}", world.focus.number);
    let deposit = deposit_confirm::DepositConfirm { bank_ref, amount: DOLLAR, beneficiary: to };
    let approve = approve::Approve { spender, expected: 0, amount: DOLLAR, expires: u64::MAX };
    let out = bridge_out::BridgeOut { bridge: 1, amount: DOLLAR, recipient: vec![1] };
    let held = world.account(&payer).hold;
    let order = world.small_hash(250);
    let hold = set_hold::SetHold {
        account: payer,
        expected: held,
        hold: held.saturating_add(DOLLAR),
        order,
    };
    let seize = seize::Seize { from: payer, amount: DOLLAR, to: Some(to), order };
    vec![
        draft(world.officer(Role::Custodian), Op::DepositConfirm(deposit)),
        draft(payer, Op::Approve(approve)),
        draft(payer, Op::BridgeOut(out)),
        draft(world.officer(Role::Compliance), Op::SetHold(hold)),
        council_carrier(world, vec![CouncilOp::Seize(seize)], true),
    ]
}

fn overflow(world: &mut World) -> Vec<Draft> {
    let Some(to) = world.focus.account else { return Vec::new() };
    let memo = Some(Vec::new());
    let bank_ref = format!("{FULL} {}", world.focus.number);
    let mint = |custodian: &Address| {
        let deposit = deposit_confirm::deposit_id(custodian, &bank_ref);
        Op::Mint(mint::Mint { deposit, amount: DOLLAR })
    };
    let mints: Vec<_> = world.holders(Role::Custodian, false).iter().map(mint).collect();
    let minter = world.officer(Role::Minter);
    let mut drafts: Vec<_> = mints.into_iter().map(|mint| draft(minter, mint)).collect();
    let first = Key::Allowance(Address([0; 32]), Address([0; 32]));
    let last = Key::Allowance(Address([255; 32]), Address([255; 32]));
    for (key, _) in world.some(first, last, usize::MAX) {
        if let Key::Allowance(owner, spender) = key {
            let op = transfer_from::TransferFrom { owner, to, amount: DOLLAR, travel: None };
            drafts.push(draft(spender, Op::TransferFrom(op)).with_memo(memo.clone()));
        }
    }
    drafts.truncate(12);
    let owner = world.payer();
    let body = PayAuthBody {
        owner,
        to,
        amount: DOLLAR,
        memo: memo.clone(),
        nonce: world.hash(),
        not_before: 0,
        deadline: world.now + DAY_MS,
        executor: None,
    };
    let witnesses = witnesses(world.keys_of(&owner));
    let pay = pay_auth::PayAuth { body: Box::new(body), witnesses, travel: None };
    drafts.push(draft(world.person(), Op::PayAuth(pay)));
    let remote_tx = world.hash();
    let back = bridge_in::BridgeIn { bridge: 1, remote_tx, to, amount: DOLLAR };
    let bridge = world.officer(Role::Bridge);
    drafts.push(draft(bridge, Op::BridgeIn(back)).with_memo(memo));
    drafts.extend(world.advance());
    drafts
}

// ---- a breaker that trips in a transaction that fails ----

fn trip_and_fail(world: &mut World) -> Vec<Draft> {
    let Some((_, Object::Checkpoint(found))) =
        world.some(Key::Checkpoint(0), Key::Checkpoint(u16::MAX), 1).pop()
    else {
        return Vec::new();
    };
    let (as_of, height, liabilities) = (found.at, found.height, found.total + 1);
    let trip = Op::Reconcile(reconcile::Reconcile { as_of, height, liabilities });
    let fail = Op::Burn(burn::Burn { amount: DOLLAR });
    let before = world.redeem_expire().ops.remove(0);
    let ops = vec![before, trip.clone(), trip, fail];
    vec![Draft::of(world.officer(Role::ReserveManager), ops)]
}
