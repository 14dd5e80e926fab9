//! PayAuth: anyone relays a payment that its payer signed off the chain.

use ballast_primitives::policy::KEYS_MAX;
use borsh::{BorshDeserialize, BorshSerialize};

use crate::authorisation::{PayAuthBody, TravelData, check_witnesses};
use crate::code::Code;
use crate::ops::Env;
use crate::ops::payment::Payment;
use crate::ops::relay::Relay;
use crate::tx::{Witness, check_memo};

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
        check_witnesses(&self.witnesses, KEYS_MAX)?;
        check_memo(self.body.memo.as_deref())
    }

    /// Common, of the payment owner → to; `UNKNOWN_TARGET` when the owner is not registered;
    /// `AUTH_NOT_YET`; `AUTH_EXPIRED`; `AUTH_USED`; `WRONG_EXECUTOR`; `BAD_AUTH`, all as for
    /// Permit; then Transfer's own rules for the owner as payer, with the body's memo instead
    /// of the transaction's.
    pub(crate) fn execute(&self, env: &mut Env<'_, '_>) -> Result<(), Code> {
        let PayAuthBody { owner, to, amount, memo, .. } = &*self.body;
        let payment = Payment {
            from: *owner,
            payer: env.account(owner),
            to: *to,
            payee: env.account(to),
            amount: *amount,
            memo: memo.as_deref(),
            travel: self.travel.as_deref(),
        };
        payment.check_parties(env)?;
        let payer = payment.payer.ok_or(Code::UnknownTarget)?;
        let relay = Relay::of_payment(&self.body, &self.witnesses);
        relay.check(env, payer)?;
        payment.clear(env)?.settle(env)?;
        relay.use_up(env)
    }
}
