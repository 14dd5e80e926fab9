//! What must hold after every block, whatever the operations did. A breach means that this code
//! is wrong: the node halts with the report and goes no further.
//!
//! In every block, over what it touched: balances and escrows moved exactly as the total did, the
//! total is what was minted less what was burned and within the cap, deposits are not minted
//! beyond their amount, and no holder's roles conflict. In full, over the whole state: when a
//! state is restored and every [`crate::limits::FULL_CHECK_BLOCKS`] blocks.
//!
//! Two rules hold by construction: objects are never removed (nothing can), so a bank reference
//! is unique for ever by its key; and a balance falls only through
//! [`crate::ops::Env::debit`], which refuses an out-frozen account.

use ballast_primitives::Address;
use thiserror::Error;

use crate::journal::{Amounts, Touched};
use crate::object::{Key, Object, Role, Supply};
use crate::state::State;

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

/// `Σ`: amounts over many objects. `u128` sums of `u64` values in memory cannot overflow.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Sums {
    balances: u128,
    deposited: u128,
    minted: u128,
}

impl Sums {
    fn add(self, amounts: &Amounts) -> Self {
        Self {
            balances: self.balances.saturating_add(u128::from(amounts.balance)),
            deposited: self.deposited.saturating_add(u128::from(amounts.deposited)),
            minted: self.minted.saturating_add(u128::from(amounts.minted)),
        }
    }
}

/// Checks a block by what it touched.
pub(crate) fn check_block(
    state: &State,
    supply_before: &Supply,
    touched: &[Touched],
    now: u64,
) -> Result<(), Breach> {
    let objects = || touched.iter().map(|entry| state.stored(entry.slot));
    let before = touched.iter().fold(Sums::default(), |sums, entry| sums.add(&entry.before));
    let after = objects().fold(Sums::default(), |s, stored| s.add(&Amounts::of(&stored.object)));
    let supply = state.supply();
    let moved = |what: &str, parts: (u128, u128), total: (u128, u128)| {
        // after − before is the same on both sides, without leaving u128.
        if parts.1.checked_add(total.0) == parts.0.checked_add(total.1) {
            return Ok(());
        }
        Err(breach(format!(
            "{what}: parts went {} -> {}, the total {} -> {}",
            parts.0, parts.1, total.0, total.1
        )))
    };
    let outside_accounts = |s: &Supply| s.redeem_escrow.saturating_add(s.bridge_escrow);
    moved(
        "balances and escrows against total supply",
        (
            before.balances.saturating_add(outside_accounts(supply_before)),
            after.balances.saturating_add(outside_accounts(supply)),
        ),
        (supply_before.total, supply.total),
    )?;
    moved(
        "deposits against cum_deposit",
        (before.deposited, after.deposited),
        (supply_before.cum_deposit, supply.cum_deposit),
    )?;
    moved(
        "deposits' minted parts against cum_mint",
        (before.minted, after.minted),
        (supply_before.cum_mint, supply.cum_mint),
    )?;
    check_identity(supply)?;
    for stored in objects() {
        check_object(state, &stored.key, &stored.object, now)?;
    }
    Ok(())
}

/// Checks the whole state, as it stands at `now`.
pub fn check_all(state: &State, now: u64) -> Result<(), Breach> {
    check_supply(state)?;
    state.slots.iter().try_for_each(|stored| check_object(state, &stored.key, &stored.object, now))
}

/// The part of [`check_all`] that holds at any time: sums over every account and deposit.
pub(crate) fn check_supply(state: &State) -> Result<(), Breach> {
    let amounts = state.slots.iter().map(|stored| Amounts::of(&stored.object));
    let sums = amounts.fold(Sums::default(), |sums, amounts| sums.add(&amounts));
    let supply = state.supply();
    let accounted =
        sums.balances.saturating_add(supply.redeem_escrow).saturating_add(supply.bridge_escrow);
    for (what, sum, recorded) in [
        ("balances and escrows against total supply", accounted, supply.total),
        ("deposits against cum_deposit", sums.deposited, supply.cum_deposit),
        ("deposits' minted parts against cum_mint", sums.minted, supply.cum_mint),
    ] {
        if sum != recorded {
            return Err(breach(format!("{what}: the sum is {sum}, recorded is {recorded}")));
        }
    }
    check_identity(supply)
}

/// `total = genesis + cum_mint − cum_burn ≤ cap`.
fn check_identity(supply: &Supply) -> Result<(), Breach> {
    let made = supply.genesis.checked_add(supply.cum_mint);
    if made != supply.total.checked_add(supply.cum_burn) || supply.total > supply.cap {
        return Err(breach(format!(
            "total = genesis + minted - burned <= cap: {} = {} + {} - {} <= {}",
            supply.total, supply.genesis, supply.cum_mint, supply.cum_burn, supply.cap
        )));
    }
    Ok(())
}

fn check_object(state: &State, key: &Key, object: &Object, now: u64) -> Result<(), Breach> {
    match (key, object) {
        (_, Object::Deposit(deposit)) if deposit.minted > deposit.amount => Err(breach(format!(
            "a deposit is minted within its amount: {} of {}",
            deposit.minted, deposit.amount
        ))),
        (Key::Role(_, holder), _) if roles_conflict(state, holder, now) => {
            Err(breach(format!("{holder:?} holds roles that exclude one another")))
        }
        _ => Ok(()),
    }
}

fn roles_conflict(state: &State, holder: &Address, now: u64) -> bool {
    let held = Role::ALL.into_iter().filter(|role| state.holds(*role, holder, now)).count();
    held > 1 || (held > 0 && state.council().is_member(holder))
}

#[cfg(test)]
mod tests {
    use ballast_primitives::{SecretKey, Validator};

    use super::*;
    use crate::dev::{self, DevSpec};
    use crate::genesis::Genesis;
    use crate::journal::Journal;
    use crate::object::{Account, RoleGrant};

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
        let touched = journal.end_block();
        let in_block = check_block(&state, &before, &touched, NOW).map_err(|breach| breach.what);
        let in_full = check_all(&state, NOW).map_err(|breach| breach.what);
        assert_eq!(in_block.is_ok(), in_full.is_ok(), "{in_block:?} {in_full:?}");
        in_block
    }

    fn credit(journal: &mut Journal<'_>, n: u32, amount: u64) {
        let key = Key::Account(dev::account_address("invariants", n));
        let at = journal.find::<Account>(&key).unwrap();
        journal.write(at).balance += amount;
    }

    #[test]
    fn what_a_wrong_operation_would_break_is_found_in_its_block() {
        assert_eq!(check(|_| ()), Ok(()));
        let broken = |what: &str, work: fn(&mut Journal<'_>)| {
            let report = check(work).unwrap_err();
            assert!(report.contains(what), "{report}");
        };
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
        broken("cum_deposit", |journal| journal.supply_mut().cum_deposit += 1);
        broken("roles", |journal| {
            let holder = dev::role_address("invariants", Role::Minter);
            let grant = RoleGrant { valid_until: NOW + 1 };
            journal.create(Key::Role(Role::Bridge, holder), Object::Role(grant));
        });
        broken("within its amount", |journal| {
            let holder = dev::account_address("invariants", 0);
            let deposit = crate::object::Deposit {
                custodian: holder,
                bank_ref: "r".to_owned(),
                amount: 1,
                beneficiary: holder,
                confirmed_at: 0,
                final_at: 0,
                minted: 2,
                reversed: false,
            };
            let deposit = Object::Deposit(Box::new(deposit));
            journal.create(Key::Deposit(Default::default()), deposit);
            credit(journal, 0, 2);
            let supply = journal.supply_mut();
            (supply.cum_deposit, supply.cum_mint, supply.total) = (1, 2, supply.total + 2);
        });
    }
}
