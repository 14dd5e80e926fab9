//! What must hold whatever the operations do. Each rule is judged where it can be broken:
//!
//! - where money leaves an account ([`may_take`]), where money is minted ([`windows_hold`]) and
//!   where an object is written that is closed ([`is_closed`]), with what is in force at that
//!   moment;
//! - sums and powers after each transaction, over what it wrote ([`check_transaction`]).
//!
//! A transaction that breaks one fails with `INVARIANT_BROKEN`, alike on every validator, and
//! nothing stays of it but an incident and a pause (ST-36). Only what no transaction can be blamed
//! for is a [`Breach`], which stops the node: sums over what a block wrote, and everything over the
//! whole state when it is restored and every [`crate::limits::FULL_CHECK_BLOCKS`] blocks.
//!
//! A bank reference, whose digest is the key of what it is the reference of, is unique for ever:
//! such objects are never removed ([`Key::may_be_removed`]).

use ballast_primitives::Address;
use thiserror::Error;

use crate::journal::{Counts, Taking, Written};
use crate::object::{
    Account, Council, IncidentKind, Key, Minter, Object, Proposal, ReportStatus, Role, Scope,
    Supply,
};
use crate::ops::council_set::{check_members, check_thresholds};
use crate::state::State;

mod money;
mod transaction;

pub(crate) use transaction::check_transaction;

/// What a transaction can break. The table of ST-36 says when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Invariant {
    Supply,
    Mint,
    Escrow,
    Bridge,
    Power,
    Debit,
    Record,
    Count,
}

impl Invariant {
    pub const ALL: [Self; 8] = [
        Self::Supply,
        Self::Mint,
        Self::Escrow,
        Self::Bridge,
        Self::Power,
        Self::Debit,
        Self::Record,
        Self::Count,
    ];

    /// The kind of the incident that is filed.
    pub const fn incident(self) -> IncidentKind {
        match self {
            Self::Supply => IncidentKind::SupplyBroken,
            Self::Mint => IncidentKind::MintBroken,
            Self::Escrow => IncidentKind::EscrowBroken,
            Self::Bridge => IncidentKind::BridgeBroken,
            Self::Power => IncidentKind::PowerBroken,
            Self::Debit => IncidentKind::DebitBroken,
            Self::Record => IncidentKind::RecordBroken,
            Self::Count => IncidentKind::CountBroken,
        }
    }

    /// What is paused, if the sender has power over anything. Never transfers, and never the way
    /// out.
    pub const fn pauses(self) -> Option<Scope> {
        match self {
            Self::Supply | Self::Mint => Some(Scope::Mint),
            Self::Bridge => Some(Scope::Bridge),
            Self::Escrow | Self::Power | Self::Debit | Self::Record | Self::Count => None,
        }
    }
}

/// A broken invariant that no transaction is to blame for. The state it was found in must not be
/// used any more.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("invariant broken{}: {what}", self.height.map(|h| format!(" at height {h}")).unwrap_or_default())]
pub struct Breach {
    /// The block after which it was found; none when found in a stored state.
    pub height: Option<u64>,
    /// What should have held, with the numbers.
    pub what: String,
}

/// What does not hold, and which invariant that is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Broken {
    pub(crate) invariant: Invariant,
    what: String,
}

impl From<Broken> for Breach {
    fn from(broken: Broken) -> Self {
        Self { height: None, what: broken.what }
    }
}

const fn broken(invariant: Invariant, what: String) -> Broken {
    Broken { invariant, what }
}

/// Checks the sums over what a block wrote, whoever wrote it.
pub(crate) fn check_block(
    state: &State,
    supply_before: &Supply,
    written: &Written,
) -> Result<(), Breach> {
    money::check_block(state, supply_before, &written.touched)?;
    let mut before = written.touched.iter().map(|entry| entry.counts_before);
    let after = written.touched.iter().filter_map(|entry| state.occupant(entry.slot));
    let sum = |all: &mut dyn Iterator<Item = Counts>| all.fold(Counts::default(), Counts::and);
    check_counts([sum(&mut before), sum(&mut after.map(Counts::of))])?;
    let mut removed = written.removed.iter();
    match removed.find(|(_, key)| !key.may_be_removed()) {
        Some((_, key)) => Err(removed_for_ever(key).into()),
        None => Ok(()),
    }
}

fn removed_for_ever(key: &Key) -> Broken {
    broken(Invariant::Record, format!("{key:?} was removed, and is for ever"))
}

/// Accounts' numbers of objects moved as the number of objects did (ST-37).
fn check_counts([before, after]: [Counts; 2]) -> Result<(), Broken> {
    if after.stated.checked_add(before.found) == before.stated.checked_add(after.found) {
        return Ok(());
    }
    Err(miscounted(format!("what accounts state and what there is went {before:?} -> {after:?}")))
}

fn miscounted(what: String) -> Broken {
    broken(Invariant::Count, format!("numbers of objects: {what}"))
}

/// Checks the whole state, as it stands at `now`.
pub fn check_all(state: &State, now: u64) -> Result<(), Breach> {
    check_supply(state)?;
    let counts = state.objects().map(Counts::of).fold(Counts::default(), Counts::and);
    if counts.stated != counts.found {
        return Err(miscounted(format!(
            "accounts state {}, there are {}",
            counts.stated, counts.found
        ))
        .into());
    }
    let mut all = state.objects();
    Ok(all.try_for_each(|stored| check_object(state, &stored.key, &stored.object, now))?)
}

/// The part of [`check_all`] that holds at any time: sums over every object.
pub(crate) fn check_supply(state: &State) -> Result<(), Breach> {
    Ok(money::check_all(state)?)
}

/// Whether `amount` may leave the account now (ST-34): its owner pays out of what no hold and no
/// freeze stops; a seizure needs a confirmed freeze or a hold of the amount.
pub(crate) fn may_take(account: &Account, amount: u64, taking: Taking, now: u64) -> bool {
    let frozen = account.freeze.stops_outbound(now);
    match taking {
        Taking::Payment => !frozen && account.balance.saturating_sub(account.hold) >= amount,
        Taking::Seizure => (frozen && account.freeze.confirmed) || account.hold >= amount,
    }
}

/// Whether what a minter and all minters made lately is within their caps, right after a mint.
pub(crate) fn windows_hold(state: &State, minter: &Minter, now: u64) -> bool {
    let all_minters = (state.window(), state.policy().global_window_cap);
    [(&minter.window, minter.window_cap), all_minters]
        .into_iter()
        .all(|(window, cap)| window.total(now) <= u128::from(cap))
}

/// Whether nothing may change the object any more.
pub(crate) fn is_closed(object: &Object) -> bool {
    match object {
        Object::Proposal(proposal) => proposal.status.is_closed(),
        Object::Redemption(redemption) => !redemption.status.is_open(),
        Object::Payout(payout) => payout.failed,
        Object::Report(report) => report.status == ReportStatus::Revoked,
        Object::UsedAuth(_)
        | Object::UsedTravel(_)
        | Object::UsedRemote(_)
        | Object::Incident(_) => true,
        _ => false,
    }
}

fn check_object(state: &State, key: &Key, object: &Object, now: u64) -> Result<(), Broken> {
    match (key, object) {
        (Key::Role(_, holder), _) if roles_conflict(state, holder, now) => {
            Err(powers(format!("{holder:?} holds roles that exclude one another")))
        }
        (_, Object::Council(council)) => check_council(state, council, now),
        _ => money::check_object(key, object),
    }
}

/// The council can decide: each threshold is within reach, no member has an operational role, and
/// what is listed as open can still be voted on.
fn check_council(state: &State, council: &Council, now: u64) -> Result<(), Broken> {
    check_members(&council.members).map_err(|what| powers(what.to_owned()))?;
    check_thresholds(council.members.len(), &council.thresholds)
        .map_err(|code| powers(code.text().to_owned()))?;
    if council.members.iter().any(|member| roles_conflict(state, &member.account, now)) {
        return Err(powers("a member of the council holds a role".to_owned()));
    }
    let is_live =
        |proposal: &Proposal| proposal.epoch == council.epoch && !proposal.status.is_closed();
    let stray = council.open.iter().find(|number| !state.proposal(**number).is_some_and(is_live));
    stray.map_or(Ok(()), |number| Err(powers(format!("proposal {number} is listed and not open"))))
}

const fn powers(what: String) -> Broken {
    broken(Invariant::Power, what)
}

fn roles_conflict(state: &State, holder: &Address, now: u64) -> bool {
    let held = Role::ALL.into_iter().filter(|role| state.holds(*role, holder, now)).count();
    held > 1 || (held > 0 && state.council().is_member(holder))
}

#[cfg(test)]
mod tests;
