//! Transfer: the sender pays another account. The memo is the transaction's.
//!
//! A payer whose own registration has lapsed may still pay out, to those whose registration is
//! live; it receives nothing.

use ballast_primitives::Address;
use borsh::{BorshDeserialize, BorshSerialize};

use crate::authorisation::TravelData;
use crate::code::Code;
use crate::ops::Env;
use crate::ops::payment::Payment;

#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Transfer {
    pub to: Address,
    /// Micro-dollars.
    pub amount: u64,
    /// Needed between institutions from a threshold on.
    pub travel: Option<Box<TravelData>>,
}

impl Transfer {
    /// Common, of the payment sender → to; `ZERO_AMOUNT`; `SELF_TRANSFER`; `UNKNOWN_RECIPIENT`;
    /// `MEMO_REQUIRED`; travel (PAY-5); available.
    pub(crate) fn execute(&self, env: &mut Env<'_, '_>) -> Result<(), Code> {
        let payment = Payment {
            from: env.sender_address,
            payer: Some(env.sender),
            to: self.to,
            payee: env.account(&self.to),
            amount: self.amount,
            memo: env.tx.memo.as_deref(),
            travel: self.travel.as_deref(),
        };
        payment.check_parties(env)?;
        payment.clear(env)?.settle(env)
    }
}
