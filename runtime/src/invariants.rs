//! What must hold after every block, whatever the operations did. A breach means that this code
//! is wrong: the node halts with the report and goes no further.
//!
//! In every block, over what it touched: balances and escrows moved exactly as the total did, each
//! total as the objects that make it up, the total is what was minted less what was burned and
//! within the cap, deposits are not minted beyond their amount, no holder's roles conflict, and
//! the council can decide. In full, over the whole state: when a state is restored and every
//! [`crate::limits::FULL_CHECK_BLOCKS`] blocks. After each transaction that succeeded: what was
//! frozen or closed before it still is as it was. After each that minted: its windows are within
//! their caps.
//!
//! A bank reference, whose digest is the key of what it is the reference of, is unique for ever:
//! such objects are never removed ([`Key::may_be_removed`]).

use ballast_primitives::Address;
use thiserror::Error;

use crate::journal::Written;
use crate::object::{Council, Key, Object, Proposal, Role, Supply};
use crate::ops::council_set::{check_members, check_thresholds};
use crate::state::State;

mod money;
mod transaction;

pub(crate) use transaction::check_transaction;

/// A broken invariant. The state it was found in must not be used any more.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("invariant broken{}: {what}", self.height.map(|h| format!(" at height {h}")).unwrap_or_default())]
pub struct Breach {
    /// The block after which it was found; none when found in a stored state.
    pub height: Option<u64>,
    /// What should have held, with the numbers.
    pub what: String,
}

fn breach(what: String) -> Breach {
    Breach { height: None, what }
}

/// Checks a block by what it touched.
pub(crate) fn check_block(
    state: &State,
    supply_before: &Supply,
    written: &Written,
    now: u64,
) -> Result<(), Breach> {
    money::check_block(state, supply_before, &written.touched)?;
    if let Some((_, key)) = written.removed.iter().find(|(_, key)| !key.may_be_removed()) {
        return Err(breach(format!("{key:?} was removed, and is for ever")));
    }
    written
        .touched
        .iter()
        .filter_map(|entry| state.occupant(entry.slot))
        .try_for_each(|stored| check_object(state, &stored.key, &stored.object, now))
}

/// Checks the whole state, as it stands at `now`.
pub fn check_all(state: &State, now: u64) -> Result<(), Breach> {
    check_supply(state)?;
    state.objects().try_for_each(|stored| check_object(state, &stored.key, &stored.object, now))
}

/// The part of [`check_all`] that holds at any time: sums over every object.
pub(crate) fn check_supply(state: &State) -> Result<(), Breach> {
    money::check_all(state)
}

/// After a transaction with a mint of `minter`: what it made is within its window and everyone's.
/// (Nobody who can mint can change either cap, so that this is as good as after each mint.)
pub(crate) fn check_windows(state: &State, minter: &Address, now: u64) -> Result<(), Breach> {
    let own = state.minter(minter).map(|minter| (&minter.window, minter.window_cap));
    let of_all = (state.window(), state.policy().global_window_cap);
    for (window, cap) in own.into_iter().chain([of_all]) {
        let total = window.total(now);
        if total > u128::from(cap) {
            let what = format!("a window is within its cap at each mint: {total} of {cap}");
            return Err(breach(what));
        }
    }
    Ok(())
}

fn check_object(state: &State, key: &Key, object: &Object, now: u64) -> Result<(), Breach> {
    match (key, object) {
        (Key::Role(_, holder), _) if roles_conflict(state, holder, now) => {
            Err(breach(format!("{holder:?} holds roles that exclude one another")))
        }
        (_, Object::Council(council)) => check_council(state, council, now),
        _ => money::check_object(key, object),
    }
}

/// The council can decide: each threshold is within reach, no member has an operational role, and
/// what is listed as open can still be voted on.
fn check_council(state: &State, council: &Council, now: u64) -> Result<(), Breach> {
    check_members(&council.members).map_err(|what| breach(what.to_owned()))?;
    check_thresholds(council.members.len(), &council.thresholds)
        .map_err(|code| breach(code.text().to_owned()))?;
    if council.members.iter().any(|member| roles_conflict(state, &member.account, now)) {
        return Err(breach("a member of the council holds a role".to_owned()));
    }
    let is_live =
        |proposal: &Proposal| proposal.epoch == council.epoch && !proposal.status.is_closed();
    let stray = council.open.iter().find(|number| !state.proposal(**number).is_some_and(is_live));
    stray.map_or(Ok(()), |number| Err(breach(format!("proposal {number} is listed and not open"))))
}

fn roles_conflict(state: &State, holder: &Address, now: u64) -> bool {
    let held = Role::ALL.into_iter().filter(|role| state.holds(*role, holder, now)).count();
    held > 1 || (held > 0 && state.council().is_member(holder))
}

#[cfg(test)]
mod tests {
    use ballast_primitives::{Hash, SecretKey, Validator};

    use super::*;
    use crate::dev::{self, DevSpec};
    use crate::genesis::Genesis;
    use crate::journal::Journal;
    use crate::object::{
        Account, Bridge, Class, Deposit, Minter, Payout, ProposalStatus, Redemption,
        RedemptionStatus, RoleGrant, Window,
    };
    use crate::ops::deposit_confirm::deposit_id;
    use crate::ops::payout_confirm::payout_id;

    const NOW: u64 = 1_000;

    fn genesis() -> Genesis {
        let key = |label| SecretKey::dev("invariants", label).public();
        let name = "validator-0".to_owned();
        let validator = Validator { key: key("validator"), peer: key("peer"), power: 1, name };
        dev::genesis(&DevSpec {
            chain_id: 1,
            time: NOW,
            validators: vec![validator],
            accounts: 2,
            balance: 10,
            seed: "invariants".to_owned(),
        })
        .unwrap()
    }

    /// What a block that does `work` is told.
    fn check(work: impl FnOnce(&mut Journal<'_>)) -> Result<(), String> {
        let mut state = State::from_genesis(&genesis()).unwrap();
        let before = state.supply().clone();
        let mut journal = Journal::begin_block(&mut state);
        journal.begin_ops();
        work(&mut journal);
        let written = journal.end_block();
        let in_block = check_block(&state, &before, &written, NOW).map_err(|breach| breach.what);
        let in_full = check_all(&state, NOW).map_err(|breach| breach.what);
        assert_eq!(in_block.is_ok(), in_full.is_ok(), "{in_block:?} {in_full:?}");
        in_block
    }

    fn broken(what: &str, work: fn(&mut Journal<'_>)) {
        let report = check(work).unwrap_err();
        assert!(report.contains(what), "{report}");
    }

    fn credit(journal: &mut Journal<'_>, n: u32, amount: u64) {
        let key = Key::Account(dev::account_address("invariants", n));
        let at = journal.find::<Account>(&key).unwrap();
        journal.write(at).balance += amount;
    }

    #[test]
    fn what_a_wrong_operation_would_break_is_found_in_its_block() {
        assert_eq!(check(|_| ()), Ok(()));
        broken("balances", |journal| credit(journal, 0, 1));
        broken("balances", |journal| journal.supply_mut().total += 1);
        broken("total = genesis", |journal| {
            credit(journal, 0, 1);
            journal.supply_mut().total += 1;
        });
        broken("cum_mint", |journal| {
            credit(journal, 0, 1);
            journal.supply_mut().total += 1;
            journal.supply_mut().cum_mint += 1;
        });
        broken("<= cap", |journal| journal.supply_mut().cap = 19);
        broken("roles", |journal| {
            let holder = dev::role_address("invariants", Role::Minter);
            let grant = RoleGrant { valid_until: NOW + 1 };
            journal.create(Key::Role(Role::Bridge, holder), Object::Role(grant));
        });
        broken("roles", |journal| {
            let holder = journal.state().council().members[0].account;
            let grant = RoleGrant { valid_until: NOW + 1 };
            journal.create(Key::Role(Role::Bridge, holder), Object::Role(grant));
        });
    }

    #[test]
    fn a_council_that_could_not_decide_is_found() {
        broken("above the number of members", |journal| journal.council_mut().thresholds[3] = 6);
        broken("above half", |journal| journal.council_mut().thresholds[1..3].fill(2));
        broken("above half", |journal| journal.council_mut().thresholds[0] = 0);
        broken("1 to 21 members", |journal| journal.council_mut().members.clear());
        broken("ascending", |journal| journal.council_mut().members.swap(0, 1));
        broken("proposal 7", |journal| journal.council_mut().open.push(7));
        broken("proposal 7", |journal| list_proposal(journal, 0, ProposalStatus::Rejected));
        broken("proposal 7", |journal| list_proposal(journal, 1, ProposalStatus::Open));
        broken("holds a role", |journal| {
            let holder = dev::role_address("invariants", Role::Minter);
            let members = &mut journal.council_mut().members;
            members[0].account = holder;
            members.sort_unstable_by_key(|member| member.account);
        });
    }

    /// Lists a proposal of that epoch as open, whatever it is.
    fn list_proposal(journal: &mut Journal<'_>, epoch: u64, status: ProposalStatus) {
        let proposer = journal.state().council().members[0].account;
        let proposal = Proposal {
            epoch,
            class: Class::A,
            ops: Vec::new(),
            digest: Hash::default(),
            proposer,
            yes: Vec::new(),
            no: Vec::new(),
            created: NOW,
            eta: None,
            status,
        };
        journal.create(Key::Proposal(7), Object::Proposal(Box::new(proposal)));
        journal.council_mut().open.push(7);
    }

    /// A deposit of 5 that was minted, and what it does to the totals.
    fn deposit(journal: &mut Journal<'_>, minted: u64, reversed: bool) {
        let custodian = dev::account_address("invariants", 0);
        let deposit = Deposit {
            custodian,
            bank_ref: "r".to_owned(),
            amount: 5,
            beneficiary: custodian,
            confirmed_at: 0,
            final_at: 0,
            minted,
            reversed,
        };
        let key = Key::Deposit(deposit_id(&custodian, "r"));
        journal.create(key, Object::Deposit(Box::new(deposit)));
        credit(journal, 0, minted);
        let supply = journal.supply_mut();
        supply.mint(minted).unwrap();
        supply.cum_deposit = if reversed { 0 } else { 5 };
    }

    /// A redemption of 5 of account 0.
    fn redemption(journal: &mut Journal<'_>, status: RedemptionStatus) {
        let redemption = Redemption {
            owner: dev::account_address("invariants", 0),
            gross: 5,
            fee: 1,
            net: 4,
            beneficiary: Hash::default(),
            terms: 1,
            requested_at: 0,
            due_at: 0,
            payout: None,
            status,
        };
        let key = Key::Redemption(Hash::default());
        journal.create(key, Object::Redemption(Box::new(redemption)));
        let key = Key::Account(dev::account_address("invariants", 0));
        let at = journal.find::<Account>(&key).unwrap();
        journal.write(at).balance -= 5;
        journal.supply_mut().redeem_escrow += 5;
    }

    /// A payout of 5.
    fn payout(journal: &mut Journal<'_>, bank_ref: &str, failed: bool) {
        let custodian = dev::account_address("invariants", 0);
        let (bank_ref, redemption) = (bank_ref.to_owned(), Hash::default());
        let payout = Payout { custodian, bank_ref, redemption, net: 5, failed };
        let key = Key::Payout(payout_id(&custodian, "r"));
        journal.create(key, Object::Payout(Box::new(payout)));
        journal.supply_mut().cum_payout = if failed { 0 } else { 5 };
    }

    /// A bridge with 5 of account 0 in escrow.
    fn bridge(journal: &mut Journal<'_>, escrow: u128) {
        let bridge = Bridge {
            name: "b".to_owned(),
            escrow,
            day_cap: 0,
            window_out: Window::default(),
            window_in: Window::default(),
            open: true,
        };
        journal.create(Key::Bridge(1), Object::Bridge(Box::new(bridge)));
        let key = Key::Account(dev::account_address("invariants", 0));
        let at = journal.find::<Account>(&key).unwrap();
        journal.write(at).balance -= 5;
        journal.supply_mut().bridge_escrow += 5;
    }

    #[test]
    fn deposits_redemptions_payouts_and_bridges_are_what_the_supply_says() {
        assert_eq!(check(|journal| deposit(journal, 5, false)), Ok(()));
        assert_eq!(check(|journal| deposit(journal, 5, true)), Ok(()));
        broken("within its amount", |journal| deposit(journal, 6, false));
        broken("cum_deposit", |journal| journal.supply_mut().cum_deposit += 1);
        broken("cum_deposit", |journal| {
            deposit(journal, 0, true);
            journal.supply_mut().cum_deposit = 5;
        });
        assert_eq!(check(|journal| redemption(journal, RedemptionStatus::Processing)), Ok(()));
        broken("redeem_escrow", |journal| redemption(journal, RedemptionStatus::Settled));
        broken("redeem_escrow", |journal| {
            redemption(journal, RedemptionStatus::Requested);
            journal.supply_mut().redeem_escrow += 1;
            journal.supply_mut().total += 1;
            journal.supply_mut().cum_mint += 1;
        });
        assert_eq!(check(|journal| payout(journal, "r", false)), Ok(()));
        assert_eq!(check(|journal| payout(journal, "r", true)), Ok(()));
        broken("own id", |journal| payout(journal, "R", false));
        broken("cum_payout", |journal| {
            payout(journal, "r", true);
            journal.supply_mut().cum_payout = 5;
        });
        assert_eq!(check(|journal| bridge(journal, 5)), Ok(()));
        broken("bridge_escrow", |journal| bridge(journal, 4));
    }

    #[test]
    fn a_window_above_its_cap_is_found_after_a_mint() {
        let mut state = State::from_genesis(&genesis()).unwrap();
        let minter = dev::role_address("invariants", Role::Minter);
        let (own, all) =
            (state.minter(&minter).unwrap().window_cap, state.policy().global_window_cap);
        let mut check = |own: u64, all: u64| {
            let mut journal = Journal::begin_block(&mut state);
            journal.begin_ops();
            let at = journal.find::<Minter>(&Key::Minter(minter)).unwrap();
            journal.write(at).window = Window::default().with(NOW, own).unwrap();
            *journal.window_mut() = Window::default().with(NOW, all).unwrap();
            check_windows(&state, &minter, NOW).map_err(|breach| breach.what)
        };
        assert_eq!(check(own, all), Ok(()));
        for (own, all, what) in [(own + 1, all, own), (own, all + 1, all)] {
            let report = check(own, all).unwrap_err();
            assert!(report.ends_with(&format!("{} of {what}", what + 1)), "{report}");
        }
    }
}
