//! PayAuth: anyone relays a payment that its payer signed off the chain.

use borsh::{BorshDeserialize, BorshSerialize};

use crate::authorisation::{PayAuthBody, TravelData};
use crate::code::Code;
use crate::ops::Env;
use crate::tx::Witness;

#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct PayAuth {
    /// What the payer signed.
    pub body: Box<PayAuthBody>,
    /// 1 to 16, strictly ascending by key.
    pub witnesses: Vec<Witness>,
    /// As for a transfer, for the owner as payer.
    pub travel: Option<Box<TravelData>>,
}

impl PayAuth {
    pub(crate) fn check_shape(&self) -> Result<(), &'static str> {
        todo!("witnesses 1 to 16, strictly ascending by key; the body's memo at most 32 bytes")
    }

    /// Common, of the payment owner → to; `UNKNOWN_TARGET` when the owner is not registered;
    /// `AUTH_NOT_YET`; `AUTH_EXPIRED`; `AUTH_USED`; `WRONG_EXECUTOR`; `BAD_AUTH`, all as for
    /// Permit; then Transfer's own rules for the owner as payer, with the body's memo instead
    /// of the transaction's.
    pub(crate) fn execute(&self, env: &mut Env<'_, '_>) -> Result<(), Code> {
        let _ = env;
        todo!()
    }
}
