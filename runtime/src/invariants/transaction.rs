//! What must hold after each transaction, over what it wrote and nothing else: so its cost is
//! bounded by the transaction's. None of it compares what was in force before with what is now:
//! a council's operation may change that in the middle of a transaction.

use super::{Broken, Invariant, broken, check_counts, check_object, money};
use crate::journal::{Amounts, Counts, Journal};
use crate::object::{Kind as _, Object, Supply};
use crate::state::Stored;

/// Checks what a transaction's operations wrote, after the last of them: first that balances fell
/// by what was taken and no further, then sums (ST-30, ST-32), then powers (ST-31).
pub(crate) fn check_transaction(journal: &Journal<'_>, now: u64) -> Result<(), Broken> {
    let (mut before, mut after, mut only_balances) = (0u128, 0u128, true);
    let mut counts = [Counts::default(); 2];
    for (slot, old, new) in journal.written() {
        let counted = [old, new].map(|stored| stored.map(Counts::of).unwrap_or_default());
        counts = [counts[0].and(counted[0]), counts[1].and(counted[1])];
        let (Some(Object::Account(old)), Some(Object::Account(new))) = (object(old), object(new))
        else {
            only_balances &= !is_judged(old) && !is_judged(new);
            continue;
        };
        before = before.saturating_add(u128::from(old.balance));
        after = after.saturating_add(u128::from(new.balance));
        let fell = old.balance.saturating_sub(new.balance);
        if fell > 0 && u128::from(fell) > journal.taken(slot) {
            let what = format!("the balance in slot {slot} fell by {fell}, not all of it taken");
            return Err(broken(Invariant::Debit, what));
        }
    }
    if only_balances {
        return match before == after {
            true => check_counts(counts),
            false => Err(unbalanced(before, after)),
        };
    }
    check_sums(journal)?;
    check_counts(counts)?;
    let mut written = journal.written().filter_map(|(_, _, new)| new);
    written.try_for_each(|stored| check_object(journal.state(), &stored.key, &stored.object, now))
}

fn object(stored: Option<&Stored>) -> Option<&Object> {
    stored.map(|stored| &stored.object)
}

fn unbalanced(before: u128, after: u128) -> Broken {
    broken(Invariant::Supply, format!("balances went {before} -> {after} without a mint or burn"))
}

fn check_sums(journal: &Journal<'_>) -> Result<(), Broken> {
    let supply = journal.state().supply();
    let supply_before = journal.written().find_map(|(_, old, _)| object(old).and_then(Supply::of));
    let before = journal.written().filter_map(|(_, old, _)| object(old)).map(Amounts::of);
    let after = journal.written().filter_map(|(_, _, new)| object(new)).map(Amounts::of);
    money::check_moves((before, supply_before.unwrap_or(supply)), (after, supply))?;
    if supply_before.is_some() { money::check_identity(supply) } else { Ok(()) }
}

/// Whether a rule speaks of the object.
const fn is_judged(stored: Option<&Stored>) -> bool {
    let Some(stored) = stored else { return false };
    matches!(
        stored.object,
        Object::Account(_)
            | Object::Supply(_)
            | Object::Council(_)
            | Object::Role(_)
            | Object::Deposit(_)
            | Object::Redemption(_)
            | Object::Payout(_)
            | Object::Bridge(_)
            | Object::Pending(_)
    )
}
