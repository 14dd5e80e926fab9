//! Seize: the council takes money under an order, from a frozen or held account.

use ballast_primitives::{Address, Hash};
use borsh::{BorshDeserialize, BorshSerialize};

use crate::code::Code;
use crate::event::Event;
use crate::journal::Taking;
use crate::object::{Account, IncidentKind, Severity};
use crate::ops::Env;
use crate::state::At;

#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Seize {
    pub from: Address,
    /// Micro-dollars.
    pub amount: u64,
    /// None: burn it.
    pub to: Option<Address>,
    /// Digest of the order.
    pub order: Hash,
}

impl Seize {
    /// Common, of `to` as recipient when there is one (PAY-1, PAY-2); `UNKNOWN_TARGET`;
    /// `ZERO_AMOUNT`; `SELF_TRANSFER` when to = from; `UNKNOWN_RECIPIENT`; `NOT_SEIZABLE`
    /// unless a confirmed out-freeze is in force or `hold >= amount`; `INSUFFICIENT_AVAILABLE`
    /// when the amount is above the balance (the hold does not protect it).
    pub(crate) fn execute(&self, env: &mut Env<'_, '_>) -> Result<(), Code> {
        let recipient = self.to.and_then(|to| env.account(&to));
        env.check_may_receive(recipient)?;
        let from = env.account(&self.from).ok_or(Code::UnknownTarget)?;
        if self.amount == 0 {
            return Err(Code::ZeroAmount);
        }
        if self.to == Some(self.from) {
            return Err(Code::SelfTransfer);
        }
        if self.to.is_some() && recipient.is_none() {
            return Err(Code::UnknownRecipient);
        }
        self.take(env, from)?;
        match recipient {
            Some(recipient) => env.credit(recipient, self.amount)?,
            None => self.burn(env)?,
        }
        let Seize { from, amount, to, order } = *self;
        env.emit(Event::Seized { from, to, amount, order });
        env.file_incident(IncidentKind::Seizure, Severity::High, order)
    }

    /// The hold that the order was about falls with the balance.
    fn take(&self, env: &mut Env<'_, '_>, from: At<Account>) -> Result<(), Code> {
        let account = env.journal.read(from);
        let frozen = account.freeze.confirmed && account.freeze.stops_outbound(env.now);
        if !frozen && account.hold < self.amount {
            return Err(Code::NotSeizable);
        }
        let taken = env.journal.take(from, self.amount, Taking::Seizure, env.now);
        taken.ok_or(Code::InsufficientAvailable)
    }

    fn burn(&self, env: &mut Env<'_, '_>) -> Result<(), Code> {
        let amount = u128::from(self.amount);
        let supply = env.journal.supply_mut();
        supply.total = supply.total.checked_sub(amount).ok_or(Code::Overflow)?;
        supply.cum_burn = supply.cum_burn.checked_add(amount).ok_or(Code::Overflow)?;
        Ok(())
    }
}
