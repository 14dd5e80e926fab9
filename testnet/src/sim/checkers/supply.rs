//! Money is conserved: after every block the sum of all balances and escrows is the total, the
//! total is what genesis gave, plus what was minted, less what was burned, and no more than the
//! cap (ST-30); and no deposit is minted beyond its amount.

use std::collections::BTreeMap;

use ballast_runtime::object::{Object, Supply as Stored};
use ballast_runtime::state::Change;

use super::{Checker, Committed, Fact, Scene, Verdict, object_of};

#[derive(Default)]
pub struct Supply {
    height: u64,
    /// What each slot holds: balances, deposited and minted amounts.
    amounts: BTreeMap<u64, [u128; 3]>,
    supply: Stored,
}

impl Checker for Supply {
    fn name(&self) -> &'static str {
        "supply identity"
    }

    fn see(&mut self, _: &Scene, fact: &Fact<'_>) -> Verdict {
        match fact {
            Fact::Genesis { changes, .. } => {
                self.write(changes)?;
                self.check()
            }
            // The others' changes are the same: that is another rule.
            Fact::Committed(Committed { write, .. }) if write.executed.height > self.height => {
                self.height = write.executed.height;
                self.write(&write.changes)
                    .and_then(|()| self.check())
                    .map_err(|what| format!("after block {}: {what}", self.height))
            }
            _ => Ok(()),
        }
    }
}

impl Supply {
    fn write(&mut self, changes: &[Change]) -> Verdict {
        for change in changes {
            let amounts = match object_of(change)?.1 {
                Object::Account(account) => [account.balance.into(), 0, 0],
                Object::Deposit(deposit) if deposit.minted > deposit.amount => {
                    return Err(format!("{} minted of {}", deposit.minted, deposit.amount));
                }
                Object::Deposit(deposit) => [0, deposit.amount.into(), deposit.minted.into()],
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
        let mut sums = [0u128; 3];
        for amounts in self.amounts.values() {
            for (sum, amount) in sums.iter_mut().zip(amounts) {
                *sum += amount;
            }
        }
        let [balances, deposited, minted] = sums;
        let supply = &self.supply;
        let holds = balances + supply.redeem_escrow + supply.bridge_escrow == supply.total
            && supply.genesis + supply.cum_mint == supply.total + supply.cum_burn
            && supply.total <= supply.cap
            && deposited == supply.cum_deposit
            && minted == supply.cum_mint;
        let sums = format!("balances {balances}, deposited {deposited}, minted {minted}");
        if holds { Ok(()) } else { Err(format!("{sums}, but {supply:?}")) }
    }
}
