//! DepositReverse: the bank took a deposit back. What was minted against it stays where it is, so
//! the beneficiary gets a hold of as much, and an incident asks the issuer to act.

use ballast_primitives::Hash;
use borsh::{BorshDeserialize, BorshSerialize};

use crate::code::Code;
use crate::event::Event;
use crate::object::{Deposit, IncidentKind, Key, Pending, Severity};
use crate::ops::Env;
use crate::state::At;

#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct DepositReverse {
    pub deposit: Hash,
    /// Digest of the bank's notice.
    pub document: Hash,
}

impl DepositReverse {
    /// `UNKNOWN_DEPOSIT`; `UNAUTHORIZED` when another custodian confirmed it; `DEPOSIT_CLOSED`
    /// when it is reversed already.
    pub(crate) fn execute(&self, env: &mut Env<'_, '_>) -> Result<(), Code> {
        let deposit: At<Deposit> =
            env.journal.find(&Key::Deposit(self.deposit)).ok_or(Code::UnknownDeposit)?;
        let stored = env.journal.read(deposit);
        if stored.custodian != env.sender_address {
            return Err(Code::Unauthorized);
        }
        if stored.reversed {
            return Err(Code::DepositClosed);
        }
        let Deposit { amount, minted, beneficiary, final_at, .. } = *stored;
        env.journal.write(deposit).reversed = true;
        let supply = env.journal.supply_mut();
        supply.cum_deposit =
            supply.cum_deposit.checked_sub(u128::from(amount)).ok_or(Code::Overflow)?;
        if let Some(pending) = env.journal.find(&Key::Pending(final_at, self.deposit)) {
            let pending: At<Pending> = pending;
            env.journal.settle_pending(pending.slot);
            env.journal.remove(pending);
        }
        if let Some(account) = env.account(&beneficiary) {
            let account = env.journal.write(account);
            account.hold = account.hold.saturating_add(minted);
        }
        env.emit(Event::DepositReversed { deposit: self.deposit, beneficiary, amount, minted });
        env.file_incident(IncidentKind::DepositReversed, Severity::High, self.deposit)
    }
}
