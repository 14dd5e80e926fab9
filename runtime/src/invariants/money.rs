//! Invariants 1 to 3: what is added up over objects is what [`Supply`] records, and no deposit is
//! minted beyond its amount.

use super::{Broken, Invariant, broken};
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
    pending: u128,
}

/// One sum, and what the supply records of it.
struct Pair {
    invariant: Invariant,
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
            Amounts::Pending { amount } => add(&mut self.pending, *amount),
        }
    }

    fn pairs(&self, supply: &Supply) -> [Pair; 7] {
        let accounted = [supply.redeem_escrow, supply.bridge_escrow]
            .into_iter()
            .fold(self.balances, u128::saturating_add);
        let pair = |invariant, what, sum, recorded| Pair { invariant, what, sum, recorded };
        let escrow = "open redemptions against redeem_escrow";
        let bridge = "bridges' escrow against bridge_escrow";
        let minted = "deposits' minted parts against cum_mint";
        let deposits = "live deposits against cum_deposit";
        [
            pair(Invariant::Escrow, escrow, self.redemptions, supply.redeem_escrow),
            pair(Invariant::Escrow, "payouts against cum_payout", self.payouts, supply.cum_payout),
            pair(Invariant::Bridge, bridge, self.bridges, supply.bridge_escrow),
            pair(Invariant::Mint, minted, self.minted, supply.cum_mint),
            pair(Invariant::Mint, deposits, self.deposits, supply.cum_deposit),
            pair(Invariant::Mint, "deposits that are not final", self.pending, supply.pending),
            pair(
                Invariant::Supply,
                "balances and escrows against total supply",
                accounted,
                supply.total,
            ),
        ]
    }
}

/// Over a block: each sum moved as what is recorded of it did.
pub(super) fn check_block(
    state: &State,
    supply_before: &Supply,
    touched: &[Touched],
) -> Result<(), Broken> {
    let after = touched.iter().filter_map(|entry| state.occupant(entry.slot));
    let after = after.map(|stored| Amounts::of(&stored.object));
    let before = touched.iter().map(|entry| entry.before);
    check_moves((before, supply_before), (after, state.supply()))?;
    check_identity(state.supply())
}

/// Each sum moved as what is recorded of it did.
pub(super) fn check_moves(
    (before, supply_before): (impl Iterator<Item = Amounts>, &Supply),
    (after, supply): (impl Iterator<Item = Amounts>, &Supply),
) -> Result<(), Broken> {
    let before = Sums::over(before).pairs(supply_before);
    let after = Sums::over(after).pairs(supply);
    for (before, after) in before.iter().zip(&after) {
        // after − before is the same on both sides, without leaving u128.
        if after.sum.checked_add(before.recorded) != before.sum.checked_add(after.recorded) {
            let what = format!(
                "{}: in what was written the sum went {} -> {}, recorded went {} -> {}",
                after.what, before.sum, after.sum, before.recorded, after.recorded
            );
            return Err(broken(after.invariant, what));
        }
    }
    Ok(())
}

/// Over the whole state.
pub(super) fn check_all(state: &State) -> Result<(), Broken> {
    let sums = Sums::over(state.objects().map(|stored| Amounts::of(&stored.object)));
    for Pair { invariant, what, sum, recorded } in sums.pairs(state.supply()) {
        if sum != recorded {
            let what = format!("{what}: the sum is {sum}, recorded is {recorded}");
            return Err(broken(invariant, what));
        }
    }
    check_identity(state.supply())
}

/// `total = genesis + cum_mint − cum_burn ≤ cap`.
pub(super) fn check_identity(supply: &Supply) -> Result<(), Broken> {
    let made = supply.genesis.checked_add(supply.cum_mint);
    if made != supply.total.checked_add(supply.cum_burn) || supply.total > supply.cap {
        let what = format!(
            "total = genesis + minted - burned <= cap: {} = {} + {} - {} <= {}",
            supply.total, supply.genesis, supply.cum_mint, supply.cum_burn, supply.cap
        );
        return Err(broken(Invariant::Supply, what));
    }
    Ok(())
}

/// A deposit is minted within its amount. Deposits and payouts are stored under the id that their
/// bank reference gives them, and a key exists once: so references are unique.
pub(super) fn check_object(key: &Key, object: &Object) -> Result<(), Broken> {
    match (key, object) {
        (Key::Deposit(id), Object::Deposit(deposit)) => {
            if deposit.minted > deposit.amount {
                let (minted, amount) = (deposit.minted, deposit.amount);
                let what = format!("a deposit is minted within its amount: {minted} of {amount}");
                return Err(broken(Invariant::Mint, what));
            }
            let own = *id == deposit_id(&deposit.custodian, &deposit.bank_ref);
            check_reference(own, Invariant::Mint)
        }
        (Key::Payout(id), Object::Payout(payout)) => {
            let own = *id == payout_id(&payout.custodian, &payout.bank_ref);
            check_reference(own, Invariant::Escrow)
        }
        _ => Ok(()),
    }
}

fn check_reference(is_under_its_own: bool, invariant: Invariant) -> Result<(), Broken> {
    if is_under_its_own {
        return Ok(());
    }
    Err(broken(invariant, "a bank reference is stored under its own id".to_owned()))
}
