//! Money is conserved: after every block the sum of all balances and escrows is the total, the
//! total is what genesis gave, plus what was minted, less what was burned, and no more than the
//! cap (ST-30); and no deposit is minted beyond its amount.

use std::collections::BTreeMap;

use ballast_runtime::object::{Object, Redemption, RedemptionStatus, Supply as Stored};
use ballast_runtime::state::{Change, Removed};

use super::{Checker, Committed, Fact, Scene, Verdict, object_of};

#[derive(Default)]
pub struct Supply {
    height: u64,
    /// What each slot holds: balances, deposited, minted and paid out amounts, what redemptions and
    /// bridges keep.
    amounts: BTreeMap<u64, [u128; 6]>,
    supply: Stored,
}

impl Checker for Supply {
    fn name(&self) -> &'static str {
        "supply identity"
    }

    fn see(&mut self, _: &Scene, fact: &Fact<'_>) -> Verdict {
        match fact {
            Fact::Genesis { changes, .. } => {
                self.write(&[], changes)?;
                self.check()
            }
            // The others' changes are the same: that is another rule.
            Fact::Committed(Committed { write, .. }) if write.executed.height > self.height => {
                self.height = write.executed.height;
                self.write(&write.removed, &write.changes)
                    .and_then(|()| self.check())
                    .map_err(|what| format!("after block {}: {what}", self.height))
            }
            _ => Ok(()),
        }
    }
}

/// Whether the money is in escrow.
const fn is_open(redemption: &Redemption) -> bool {
    matches!(redemption.status, RedemptionStatus::Requested | RedemptionStatus::Processing)
}

impl Supply {
    fn write(&mut self, removed: &[Removed], changes: &[Change]) -> Verdict {
        for Removed { slot, .. } in removed {
            self.amounts.remove(slot);
        }
        for change in changes {
            let amounts = match object_of(change)?.1 {
                Object::Account(account) => [account.balance.into(), 0, 0, 0, 0, 0],
                Object::Deposit(deposit) if deposit.minted > deposit.amount => {
                    return Err(format!("{} minted of {}", deposit.minted, deposit.amount));
                }
                Object::Deposit(deposit) => {
                    let amount = if deposit.reversed { 0 } else { deposit.amount };
                    [0, amount.into(), deposit.minted.into(), 0, 0, 0]
                }
                Object::Payout(payout) => {
                    [0, 0, 0, if payout.failed { 0 } else { payout.net.into() }, 0, 0]
                }
                Object::Redemption(redemption) => {
                    let gross = if is_open(&redemption) { redemption.gross } else { 0 };
                    [0, 0, 0, 0, gross.into(), 0]
                }
                Object::Bridge(bridge) => [0, 0, 0, 0, 0, bridge.escrow],
                Object::Supply(supply) => {
                    self.supply = *supply;
                    continue;
                }
                _ => continue,
            };
            self.amounts.insert(change.slot, amounts);
        }
        Ok(())
    }

    fn check(&self) -> Verdict {
        let mut sums = [0u128; 6];
        for amounts in self.amounts.values() {
            for (sum, amount) in sums.iter_mut().zip(amounts) {
                *sum += amount;
            }
        }
        let [balances, deposited, minted, paid_out, redeeming, bridged] = sums;
        let supply = &self.supply;
        let holds = balances + supply.redeem_escrow + supply.bridge_escrow == supply.total
            && supply.genesis + supply.cum_mint == supply.total + supply.cum_burn
            && supply.total <= supply.cap
            && deposited == supply.cum_deposit
            && minted == supply.cum_mint
            && paid_out == supply.cum_payout
            && redeeming == supply.redeem_escrow
            && bridged == supply.bridge_escrow;
        if holds { Ok(()) } else { Err(format!("the sums are {sums:?}, but {supply:?}")) }
    }
}
