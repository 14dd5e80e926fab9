//! Transfer: the sender pays another account. The memo is the transaction's.
//!
//! A payer whose own registration has lapsed may still pay out, to those whose registration is
//! live; it receives nothing.

use ballast_primitives::Address;
use borsh::{BorshDeserialize, BorshSerialize};

use crate::authorisation::TravelData;
use crate::code::Code;
use crate::event::Event;
use crate::ops::Env;

#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Transfer {
    pub to: Address,
    /// Micro-dollars.
    pub amount: u64,
    /// Needed between institutions from a threshold on.
    pub travel: Option<Box<TravelData>>,
}

impl Transfer {
    /// Recipient's registration live; sender not out-frozen, recipient not in-frozen;
    /// `ZERO_AMOUNT`; `SELF_TRANSFER`; `UNKNOWN_RECIPIENT`; `MEMO_REQUIRED`; available.
    pub(crate) fn execute(&self, env: &mut Env<'_, '_>) -> Result<(), Code> {
        let recipient = env.account(&self.to);
        env.check_may_receive(recipient)?;
        env.check_may_send(env.sender)?;
        if self.amount == 0 {
            return Err(Code::ZeroAmount);
        }
        if self.to == env.sender_address {
            return Err(Code::SelfTransfer);
        }
        let recipient = recipient.ok_or(Code::UnknownRecipient)?;
        if env.tx.memo.is_none() && env.journal.read(recipient).memo_required {
            return Err(Code::MemoRequired);
        }
        env.debit(env.sender, self.amount)?;
        env.credit(recipient, self.amount)?;
        env.emit(Event::Transferred {
            from: env.sender_address,
            to: self.to,
            amount: self.amount,
            memo: env.tx.memo.clone(),
        });
        Ok(())
    }
}
