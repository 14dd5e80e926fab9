//! What the council decides: one recipe for each of its operations, but for changes of the
//! validator set, which the plan asks for ([`crate::sim::plan`]).

use ballast_primitives::{Address, Hash};
use ballast_runtime::limits::{DAY_MS, HOUR_MS};
use ballast_runtime::object::{Class, DocumentKind, IncidentKind, Member, Role, Scope, Severity};
use ballast_runtime::{CouncilOp, ops};

use super::accounts;
use super::kitchen::Cook;
use super::reserve::some_report;

type Make = fn(&mut Cook<'_>) -> Option<CouncilOp>;

/// How often of the sum, the stable name, and what makes one.
const DECISIONS: &[(u64, &str, Make)] = &[
    (3, "Freeze", |cook| Some(CouncilOp::Freeze(accounts::freeze_op(cook)))),
    (9, "Unfreeze", unfreeze),
    (3, "SetHold", |cook| Some(CouncilOp::SetHold(accounts::hold_op(cook, false)))),
    (2, "ConfirmFreeze", confirm_freeze),
    (8, "Seize", seize),
    (3, "Pause", pause),
    (10, "Unpause", unpause),
    (3, "RecoverKey", recover_key),
    (6, "GrantRole", grant_role),
    (6, "RevokeRole", revoke_role),
    (2, "SuspendMinter", |cook| {
        let minter = cook.officer(Role::Minter);
        Some(CouncilOp::SuspendMinter(ops::suspend_minter::SuspendMinter { minter }))
    }),
    (6, "ResumeMinter", |cook| {
        let minter = cook.officer(Role::Minter);
        Some(CouncilOp::ResumeMinter(ops::resume_minter::ResumeMinter { minter }))
    }),
    (2, "SetCap", set_cap),
    (2, "SetLimits", set_limits),
    (2, "SetMinterLimits", set_minter_limits),
    (2, "SetPolicy", set_policy),
    (2, "SetTerms", set_terms),
    (3, "SetBridge", |cook| {
        let number = cook.rng.between(1, super::council::BRIDGES) as u32;
        Some(bridge(number, cook.rng.chance(700)))
    }),
    (1, "RevokeReport", revoke_report),
    (1, "RevokeAttestorKey", revoke_attestor_key),
    (2, "PostIncident", post_incident),
    (2, "SetDocument", set_document),
    (1, "CouncilSet", council_set),
    (1, "SetDelay", set_delay),
    (1, "ScheduleUpgrade", schedule_upgrade),
];

/// Changes of the validator set, by their stable names.
const SET_CHANGES: [&str; 3] = ["ValidatorAdd", "ValidatorRemove", "ValidatorRotate"];

/// Everything that the council can decide here, by stable names.
pub fn names() -> impl Iterator<Item = &'static str> {
    DECISIONS.iter().map(|(_, name, _)| *name).chain(SET_CHANGES)
}

pub fn some(cook: &mut Cook<'_>) -> Option<CouncilOp> {
    let mut draw = cook.rng.below(DECISIONS.iter().map(|(weight, ..)| weight).sum());
    let (_, _, make) = DECISIONS.iter().find(|(weight, ..)| {
        let is_it = draw < *weight;
        draw = draw.saturating_sub(*weight);
        is_it
    })?;
    make(cook)
}

/// Someone who is frozen, if anyone is.
fn frozen(cook: &mut Cook<'_>) -> Address {
    let mut account = cook.someone();
    for _ in 0..8 {
        let found = cook.state.account(&account);
        if found.is_some_and(|account| account.freeze.in_force(cook.now_ms)) {
            break;
        }
        account = cook.someone();
    }
    account
}

fn unfreeze(cook: &mut Cook<'_>) -> Option<CouncilOp> {
    let account = frozen(cook);
    Some(CouncilOp::Unfreeze(ops::unfreeze::Unfreeze { account }))
}

fn confirm_freeze(cook: &mut Cook<'_>) -> Option<CouncilOp> {
    let (account, order) = (frozen(cook), cook.hash());
    Some(CouncilOp::ConfirmFreeze(ops::confirm_freeze::ConfirmFreeze { account, order }))
}

/// From someone who has a hold or a confirmed freeze, if anyone has; to someone or to nobody.
fn seize(cook: &mut Cook<'_>) -> Option<CouncilOp> {
    let mut from = frozen(cook);
    for _ in 0..8 {
        let found = cook.state.account(&from);
        if found.is_some_and(|account| account.hold > 0 || account.freeze.confirmed) {
            break;
        }
        from = cook.someone();
    }
    let (hold, balance) = cook.state.account(&from).map_or((0, 0), |a| (a.hold, a.balance));
    let most = if hold > 0 { hold.min(balance) } else { balance };
    let (amount, order) = (cook.rng.between(1, most.max(1)), cook.hash());
    let to = if cook.rng.chance(600) { Some(cook.someone()) } else { None };
    Some(CouncilOp::Seize(ops::seize::Seize { from, amount, to, order }))
}

fn scopes(cook: &mut Cook<'_>) -> Vec<Scope> {
    let mut scopes: Vec<_> = Scope::ALL.into_iter().filter(|_| cook.rng.chance(400)).collect();
    if scopes.is_empty() {
        scopes.push(Scope::Mint);
    }
    scopes
}

/// Soon over, so that the load goes on.
fn pause(cook: &mut Cook<'_>) -> Option<CouncilOp> {
    let (scopes, until) = (scopes(cook), cook.now_ms + cook.rng.between(100, 2_500));
    let short = cook.rng.chance(300);
    Some(CouncilOp::Pause(ops::pause::Pause { scopes, until, short }))
}

fn unpause(cook: &mut Cook<'_>) -> Option<CouncilOp> {
    let paused = |scope: &Scope| cook.state.pause(*scope).is_paused(cook.now_ms);
    let mut scopes: Vec<_> = Scope::ALL.into_iter().filter(paused).collect();
    if scopes.is_empty() {
        scopes = self::scopes(cook);
    }
    Some(CouncilOp::Unpause(ops::unpause::Unpause { scopes }))
}

fn recover_key(cook: &mut Cook<'_>) -> Option<CouncilOp> {
    let (account, document) = (cook.someone(), cook.hash());
    let policy = accounts::new_policy(cook);
    Some(CouncilOp::RecoverKey(ops::recover_key::RecoverKey { account, policy, document }))
}

/// The powers that people are given and lose; those of genesis keep theirs.
const POWERS: [Role; 4] = [Role::Attestor, Role::Redeemer, Role::Bridge, Role::Compliance];

/// To anyone: conflicts come by themselves.
fn grant_role(cook: &mut Cook<'_>) -> Option<CouncilOp> {
    let (role, holder) = (*cook.rng.pick(&POWERS), cook.someone());
    let valid_until = cook.now_ms + cook.rng.between(0, 600_000);
    Some(CouncilOp::GrantRole(ops::grant_role::GrantRole { role, holder, valid_until }))
}

/// From someone who was given one, if anyone was.
fn revoke_role(cook: &mut Cook<'_>) -> Option<CouncilOp> {
    let mut role = *cook.rng.pick(&POWERS);
    let mut holder = cook.someone();
    for _ in 0..16 {
        if cook.state.holds(role, &holder, cook.now_ms) {
            break;
        }
        (role, holder) = (*cook.rng.pick(&POWERS), cook.someone());
    }
    Some(CouncilOp::RevokeRole(ops::revoke_role::RevokeRole { role, holder }))
}

fn set_cap(cook: &mut Cook<'_>) -> Option<CouncilOp> {
    let supply = cook.state.supply();
    let cap = supply.total + u128::from(*cook.rng.pick(&[0_u64, 1_000_000, 1_000_000_000_000]));
    Some(CouncilOp::SetCap(ops::set_cap::SetCap { cap }))
}

/// A little more or less, or the same.
fn about(cook: &mut Cook<'_>, value: u64) -> u64 {
    let part = value / 10;
    match cook.rng.below(3) {
        0 => value.saturating_add(part),
        1 => value.saturating_sub(part),
        _ => value,
    }
}

fn set_limits(cook: &mut Cook<'_>) -> Option<CouncilOp> {
    let policy = cook.state.policy();
    // Small enough to be reached now and then: that trips the breaker.
    let global_window_cap = cook.rng.between(20_000_000, 2_000_000_000);
    Some(CouncilOp::SetLimits(ops::set_limits::SetLimits {
        minter_allowance_max: about(cook, policy.minter_allowance_max),
        mint_per_tx_max: about(cook, policy.mint_per_tx_max),
        global_window_cap,
    }))
}

fn set_minter_limits(cook: &mut Cook<'_>) -> Option<CouncilOp> {
    let minter = cook.officer(Role::Minter);
    let per_tx = cook.state.minter(&minter)?.per_tx;
    let (per_tx, window_cap) = (about(cook, per_tx), cook.rng.between(50_000_000, 5_000_000_000));
    let op = ops::set_minter_limits::SetMinterLimits { minter, per_tx, window_cap };
    Some(CouncilOp::SetMinterLimits(op))
}

/// The account that receives fees stays: who gets which fee would depend on the place in a block.
fn set_policy(cook: &mut Cook<'_>) -> Option<CouncilOp> {
    let policy = cook.state.policy();
    Some(CouncilOp::SetPolicy(ops::set_policy::SetPolicy {
        rail_hold_ms: *cook.rng.pick(&[0, 0, 500]),
        report_max_age_ms: *cook.rng.pick(&[HOUR_MS, 35 * DAY_MS]),
        attest_quorum: policy.attest_quorum,
        custodian_share_max_bps: *cook.rng.pick(&[None, None, Some(10_000)]),
        travel_threshold: about(cook, policy.travel_threshold),
        fee_account: policy.fee_account,
        officers: policy.officers,
        quotas: policy.quotas.clone(),
    }))
}

fn set_terms(cook: &mut Cook<'_>) -> Option<CouncilOp> {
    let terms = cook.state.terms();
    Some(CouncilOp::SetTerms(ops::set_terms::SetTerms {
        min: terms.min,
        max: about(cook, terms.max).max(terms.min),
        fee_bps: *cook.rng.pick(&[0, 5, 40]),
        fee_flat: cook.rng.between(500_000, 1_500_000),
        cutoff_minute: *cook.rng.pick(&[0, 600, 1_440]),
        holidays: Vec::new(),
        class_min: 0,
    }))
}

pub fn bridge(bridge: u32, open: bool) -> CouncilOp {
    let (name, day_cap) = (format!("chain {bridge}"), 500_000_000);
    CouncilOp::SetBridge(ops::set_bridge::SetBridge { bridge, name, day_cap, open })
}

fn revoke_report(cook: &mut Cook<'_>) -> Option<CouncilOp> {
    let (report, document) = (some_report(cook), cook.hash());
    Some(CouncilOp::RevokeReport(ops::revoke_report::RevokeReport { report, document }))
}

/// Of someone who was granted the power; the attestor of genesis keeps it.
fn revoke_attestor_key(cook: &mut Cook<'_>) -> Option<CouncilOp> {
    let (attestor, document) = (cook.someone(), cook.hash());
    let since = cook.now_ms.saturating_sub(1_000);
    let op = ops::revoke_attestor_key::RevokeAttestorKey { attestor, since, document };
    Some(CouncilOp::RevokeAttestorKey(op))
}

fn post_incident(cook: &mut Cook<'_>) -> Option<CouncilOp> {
    let (severity, document) = (*cook.rng.pick(&Severity::ALL), cook.hash());
    let op = ops::post_incident::PostIncident { kind: IncidentKind::Other, severity, document };
    Some(CouncilOp::PostIncident(op))
}

fn set_document(cook: &mut Cook<'_>) -> Option<CouncilOp> {
    let (kind, digest) = (*cook.rng.pick(&DocumentKind::ALL), cook.hash());
    let uri = "https://example.org/".to_owned();
    Some(CouncilOp::SetDocument(ops::set_document::SetDocument { kind, digest, uri }))
}

/// Someone takes a member's seat.
fn council_set(cook: &mut Cook<'_>) -> Option<CouncilOp> {
    let council = cook.state.council();
    let account = cook.someone();
    let key = *cook.state.account(&account)?.policy.keys().first()?;
    let mut members = council.members.clone();
    let seat = cook.rng.index(members.len());
    members[seat] = Member { account, key };
    members.sort_unstable_by_key(|member| member.account);
    members.dedup_by_key(|member| member.account);
    if members.len() < council.members.len() {
        return None;
    }
    let thresholds = *cook.rng.pick(&[[2, 3, 3, 4], [1, 2, 3, 3]]);
    Some(CouncilOp::CouncilSet(ops::council_set::CouncilSet { members, thresholds }))
}

/// Of the graver classes: without delay the others act at once.
fn set_delay(cook: &mut Cook<'_>) -> Option<CouncilOp> {
    let class = *cook.rng.pick(&[Class::C, Class::D]);
    let delay_ms = cook.rng.between(0, 600);
    Some(CouncilOp::SetDelay(ops::set_delay::SetDelay { class, delay_ms }))
}

/// To a height that no run reaches, which puts off one that was nearer; or not the next one.
fn schedule_upgrade(cook: &mut Cook<'_>) -> Option<CouncilOp> {
    let version = cook.state.upgrade().current + *cook.rng.pick(&[0, 1, 2]);
    Some(upgrade(version, cook.rng.bytes32(), UNREACHED))
}

pub fn upgrade(version: u32, code: [u8; 32], height: u64) -> CouncilOp {
    let op = ops::schedule_upgrade::ScheduleUpgrade { version, code: Hash(code), height };
    CouncilOp::ScheduleUpgrade(op)
}

const UNREACHED: u64 = 1 << 40;

/// Whether it can be scheduled, and is not for a height that comes.
pub fn is_upgrade_due(cook: &Cook<'_>, version: u32) -> bool {
    let upgrade = cook.state.upgrade();
    version == upgrade.current + 1 && !(upgrade.is_pending() && upgrade.height < UNREACHED)
}
