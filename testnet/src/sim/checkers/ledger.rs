//! Nothing happens without an event, and nothing an event says fails to happen: balances move
//! exactly as the events of successful transactions say, a failed transaction moves nothing, and
//! nobody pays who was frozen when the block began and was not thawed in it.

use std::collections::{BTreeMap, BTreeSet};

use ballast_primitives::Address;
use ballast_replica::types::CommitWrite;
use ballast_runtime::object::{Key, Object};
use ballast_runtime::state::Change;
use ballast_runtime::{Event, Outcome};

use super::{Checker, Committed, Fact, Scene, Verdict, object_of};

#[derive(Default)]
pub struct Ledger {
    height: u64,
    balances: BTreeMap<Address, i128>,
    /// Until when nothing may leave an account.
    frozen: BTreeMap<Address, u64>,
    /// Who receives fees.
    fees: Option<Address>,
}

impl Checker for Ledger {
    fn name(&self) -> &'static str {
        "ledger"
    }

    fn see(&mut self, _: &Scene, fact: &Fact<'_>) -> Verdict {
        match fact {
            Fact::Genesis { changes, .. } => {
                self.take(changes, |_, _, _| Ok(()))?;
                Ok(())
            }
            Fact::Committed(Committed { write, .. }) if write.executed.height > self.height => {
                self.height = write.executed.height;
                self.committed(write)
                    .map_err(|what| format!("block {} and its events: {what}", self.height))
            }
            _ => Ok(()),
        }
    }
}

impl Ledger {
    fn committed(&mut self, write: &CommitWrite) -> Verdict {
        let mut moved: BTreeMap<Address, i128> = BTreeMap::new();
        let mut paid = BTreeSet::new();
        let mut thawed = BTreeSet::new();
        for record in &write.records {
            let receipt = &record.receipt;
            // Only the breaker leaves a mark in a transaction that fails (OP-4).
            let is_trip = |event: &Event| {
                matches!(event, Event::Paused { .. } | Event::IncidentPosted { .. })
            };
            if receipt.outcome != Outcome::Success && !receipt.events.iter().all(is_trip) {
                return Err(format!("{} failed and has events", receipt.tx));
            }
            for event in &receipt.events {
                let mut pay = |who: &Address, amount: i128| {
                    *moved.entry(*who).or_default() += amount;
                };
                match event {
                    Event::Transferred { from, to, amount, .. } => {
                        pay(from, -i128::from(*amount));
                        pay(to, i128::from(*amount));
                        paid.insert(*from);
                    }
                    Event::Minted { to, amount, .. } => pay(to, i128::from(*amount)),
                    Event::Burned { minter, amount } => {
                        pay(minter, -i128::from(*amount));
                        paid.insert(*minter);
                    }
                    Event::RedemptionRequested { owner, gross, .. } => {
                        pay(owner, -i128::from(*gross));
                        paid.insert(*owner);
                    }
                    Event::RedemptionSettled { fee, .. } => {
                        pay(&self.fees.ok_or("there is no account for fees")?, i128::from(*fee));
                    }
                    Event::RedemptionClosed { owner, refund, .. } => {
                        pay(owner, i128::from(*refund));
                    }
                    Event::BridgedOut { from, amount, .. } => {
                        pay(from, -i128::from(*amount));
                        paid.insert(*from);
                    }
                    Event::BridgedIn { to, amount, .. } => pay(to, i128::from(*amount)),
                    Event::Seized { from, to, amount, .. } => {
                        pay(from, -i128::from(*amount));
                        if let Some(to) = to {
                            pay(to, i128::from(*amount));
                        }
                    }
                    Event::Unfrozen { account } | Event::Frozen { account, .. } => {
                        thawed.insert(*account);
                    }
                    _ => {}
                }
            }
        }
        let time = write.block.header.time;
        let frozen = |who: &&Address| self.frozen.get(*who).is_some_and(|until| time < *until);
        if let Some(payer) = paid.difference(&thawed).find(frozen) {
            return Err(format!("{payer:?} pays and is frozen"));
        }
        self.take(&write.changes, |who, before, after| {
            let by_events = moved.remove(&who).unwrap_or(0);
            if after - before == by_events {
                return Ok(());
            }
            Err(format!("{who:?} went from {before} to {after}, its events say {by_events}"))
        })?;
        match moved.into_iter().find(|(_, amount)| *amount != 0) {
            Some((who, amount)) => Err(format!("{who:?} should have moved by {amount}")),
            None => Ok(()),
        }
    }

    /// Takes over what accounts are now; `check` is told each one's balance before and after.
    fn take(
        &mut self,
        changes: &[Change],
        mut check: impl FnMut(Address, i128, i128) -> Verdict,
    ) -> Verdict {
        for change in changes {
            let (who, account) = match object_of(change)? {
                (Key::Account(who), Object::Account(account)) => (who, account),
                (_, Object::Policy(policy)) => {
                    self.fees = Some(policy.fee_account);
                    continue;
                }
                _ => continue,
            };
            let after = i128::from(account.balance);
            let before = self.balances.insert(who, after).unwrap_or(0);
            check(who, before, after)?;
            let freeze = account.freeze;
            let until = if freeze.confirmed { u64::MAX } else { freeze.until };
            self.frozen.insert(who, if freeze.outbound { until } else { 0 });
        }
        Ok(())
    }
}
