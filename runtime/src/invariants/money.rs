//! Invariants 1 to 3: what is added up over objects is what [`Supply`] records, and no deposit is
//! minted beyond its amount.

use super::{Breach, breach};
use crate::journal::{Amounts, Touched};
use crate::object::{Key, Object, Supply};
use crate::ops::deposit_confirm::deposit_id;
use crate::ops::payout_confirm::payout_id;
use crate::state::State;

/// Amounts added up over many objects. Sums of values in memory do not overflow: each value is at
/// most what its operations, of 64 bits each, have added up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Sums {
    balances: u128,
    deposits: u128,
    minted: u128,
    redemptions: u128,
    payouts: u128,
    bridges: u128,
}

/// One sum, and what the supply records of it.
struct Pair {
    what: &'static str,
    sum: u128,
    recorded: u128,
}

impl Sums {
    fn over(amounts: impl Iterator<Item = Amounts>) -> Self {
        amounts.fold(Self::default(), |mut sums, amounts| {
            sums.add(&amounts);
            sums
        })
    }

    fn add(&mut self, amounts: &Amounts) {
        let add = |sum: &mut u128, amount: u64| *sum = sum.saturating_add(u128::from(amount));
        match amounts {
            Amounts::None => {}
            Amounts::Account { balance } => add(&mut self.balances, *balance),
            Amounts::Deposit { live, minted } => {
                add(&mut self.deposits, *live);
                add(&mut self.minted, *minted);
            }
            Amounts::Redemption { in_escrow } => add(&mut self.redemptions, *in_escrow),
            Amounts::Payout { paid } => add(&mut self.payouts, *paid),
            Amounts::Bridge { escrow } => self.bridges = self.bridges.saturating_add(*escrow),
        }
    }

    fn pairs(&self, supply: &Supply) -> [Pair; 6] {
        let accounted = [supply.redeem_escrow, supply.bridge_escrow]
            .into_iter()
            .fold(self.balances, u128::saturating_add);
        [
            ("balances and escrows against total supply", accounted, supply.total),
            ("open redemptions against redeem_escrow", self.redemptions, supply.redeem_escrow),
            ("bridges' escrow against bridge_escrow", self.bridges, supply.bridge_escrow),
            ("deposits' minted parts against cum_mint", self.minted, supply.cum_mint),
            ("live deposits against cum_deposit", self.deposits, supply.cum_deposit),
            ("payouts against cum_payout", self.payouts, supply.cum_payout),
        ]
        .map(|(what, sum, recorded)| Pair { what, sum, recorded })
    }
}

/// Over a block: each sum moved as what is recorded of it did.
pub(super) fn check_block(
    state: &State,
    supply_before: &Supply,
    touched: &[Touched],
) -> Result<(), Breach> {
    let after = touched.iter().filter_map(|entry| state.occupant(entry.slot));
    let after = after.map(|stored| Amounts::of(&stored.object));
    let after = Sums::over(after).pairs(state.supply());
    let before = Sums::over(touched.iter().map(|entry| entry.before)).pairs(supply_before);
    for (before, after) in before.iter().zip(&after) {
        // after − before is the same on both sides, without leaving u128.
        if after.sum.checked_add(before.recorded) != before.sum.checked_add(after.recorded) {
            return Err(breach(format!(
                "{}: in what the block touched the sum went {} -> {}, recorded went {} -> {}",
                after.what, before.sum, after.sum, before.recorded, after.recorded
            )));
        }
    }
    check_identity(state.supply())
}

/// Over the whole state.
pub(super) fn check_all(state: &State) -> Result<(), Breach> {
    let sums = Sums::over(state.objects().map(|stored| Amounts::of(&stored.object)));
    for Pair { what, sum, recorded } in sums.pairs(state.supply()) {
        if sum != recorded {
            return Err(breach(format!("{what}: the sum is {sum}, recorded is {recorded}")));
        }
    }
    check_identity(state.supply())
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

/// A deposit is minted within its amount. Deposits and payouts are stored under the id that their
/// bank reference gives them, and a key exists once: so references are unique.
pub(super) fn check_object(key: &Key, object: &Object) -> Result<(), Breach> {
    match (key, object) {
        (Key::Deposit(id), Object::Deposit(deposit)) => {
            if deposit.minted > deposit.amount {
                return Err(breach(format!(
                    "a deposit is minted within its amount: {} of {}",
                    deposit.minted, deposit.amount
                )));
            }
            check_reference(*id == deposit_id(&deposit.custodian, &deposit.bank_ref))
        }
        (Key::Payout(id), Object::Payout(payout)) => {
            check_reference(*id == payout_id(&payout.custodian, &payout.bank_ref))
        }
        _ => Ok(()),
    }
}

fn check_reference(is_under_its_own: bool) -> Result<(), Breach> {
    if is_under_its_own {
        return Ok(());
    }
    Err(breach("a bank reference is stored under its own id".to_owned()))
}
