//! TransferFrom: a spender moves an owner's dollars within its allowance.

use ballast_primitives::Address;
use borsh::{BorshDeserialize, BorshSerialize};

use crate::authorisation::TravelData;
use crate::code::Code;
use crate::event::Event;
use crate::object::{Allowance, Key};
use crate::ops::Env;
use crate::ops::payment::Payment;
use crate::state::At;

#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct TransferFrom {
    pub owner: Address,
    pub to: Address,
    /// Micro-dollars.
    pub amount: u64,
    /// As for a transfer, for the owner as payer.
    pub travel: Option<Box<TravelData>>,
}

impl TransferFrom {
    /// Common, of the payment owner → to; then `ACCOUNT_FROZEN` when the sender (spender) is
    /// out-frozen; `ZERO_AMOUNT`; `SELF_TRANSFER` when owner = to; `UNKNOWN_TARGET` when the
    /// owner is not registered; `UNKNOWN_RECIPIENT`; `MEMO_REQUIRED`; travel (PAY-5);
    /// `ALLOWANCE_EXCEEDED` when the amount is above the current allowance (0 once expired);
    /// available (of the owner).
    pub(crate) fn execute(&self, env: &mut Env<'_, '_>) -> Result<(), Code> {
        let payment = Payment {
            from: self.owner,
            payer: env.account(&self.owner),
            to: self.to,
            payee: env.account(&self.to),
            amount: self.amount,
            memo: env.tx.memo.as_deref(),
            travel: self.travel.as_deref(),
        };
        payment.check_parties(env)?;
        env.check_may_send(env.sender)?;
        let cleared = payment.clear(env)?;
        let allowance = self.check_allowance(env)?;
        cleared.settle(env)?;
        self.spend(env, allowance)
    }

    fn check_allowance(&self, env: &Env<'_, '_>) -> Result<At<Allowance>, Code> {
        let key = Key::Allowance(self.owner, env.sender_address);
        let allowance = env.journal.find(&key).ok_or(Code::AllowanceExceeded)?;
        let allowed = env.journal.read::<Allowance>(allowance).current(env.now);
        if self.amount > allowed { Err(Code::AllowanceExceeded) } else { Ok(allowance) }
    }

    fn spend(&self, env: &mut Env<'_, '_>, at: At<Allowance>) -> Result<(), Code> {
        let Allowance { amount, expires } = *env.journal.read(at);
        let amount = amount.checked_sub(self.amount).ok_or(Code::Overflow)?;
        match amount {
            0 => env.journal.remove(at),
            _ => *env.journal.write(at) = Allowance { amount, expires },
        }
        let (owner, spender) = (self.owner, env.sender_address);
        env.emit(Event::Approved { owner, spender, amount, expires });
        Ok(())
    }
}
