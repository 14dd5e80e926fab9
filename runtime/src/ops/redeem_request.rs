//! RedeemRequest: a holder asks for dollars at its bank. The terms of this moment hold for it,
//! whatever the council sets later.

use ballast_primitives::{Address, Domain, Hash, hash};
use borsh::{BorshDeserialize, BorshSerialize};

use crate::calendar;
use crate::code::Code;
use crate::event::Event;
use crate::object::{Key, Object, Redemption, RedemptionStatus, Terms};
use crate::ops::Env;
use crate::redemption;

#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct RedeemRequest {
    /// Gross, micro-dollars.
    pub amount: u64,
    /// The most fee the holder accepts.
    pub fee_max: u64,
    /// Digest of the bank details given to the issuer.
    pub beneficiary: Hash,
}

/// The id of the redemption that an operation asks for: its transaction's sender and nonce, and its
/// number in it. A nonce is used once, so an id is new.
pub fn redemption_id(owner: &Address, nonce: u64, op: u8) -> Hash {
    hash::digest_of(Domain::RedemptionId, &(owner, nonce, op))
}

impl RedeemRequest {
    /// `KYC_EXPIRED` of the sender; `NOT_ELIGIBLE` when its class is below `class_min`;
    /// `ACCOUNT_FROZEN` when out-frozen; `BELOW_MIN`; `ABOVE_MAX`; `FEE_TOO_HIGH` when the fee
    /// (RED-1) is above fee_max or not below the amount; available; `OVERFLOW`.
    pub(crate) fn execute(&self, env: &mut Env<'_, '_>) -> Result<(), Code> {
        self.check_sender(env)?;
        let terms = env.journal.state().terms();
        let fee = self.check_terms(terms)?;
        let (version, due_at) = (terms.version, calendar::due_at(terms, env.now));
        env.debit(env.sender, self.amount)?;
        let supply = env.journal.supply_mut();
        supply.redeem_escrow =
            supply.redeem_escrow.checked_add(u128::from(self.amount)).ok_or(Code::Overflow)?;
        let redemption = Redemption {
            owner: env.sender_address,
            gross: self.amount,
            fee,
            net: self.amount.checked_sub(fee).ok_or(Code::Overflow)?,
            beneficiary: self.beneficiary,
            terms: version,
            requested_at: env.now,
            due_at: due_at.ok_or(Code::Overflow)?,
            payout: None,
            status: RedemptionStatus::Requested,
            closed_at: 0,
        };
        let id = redemption_id(&env.sender_address, env.tx.nonce, env.op);
        let Redemption { owner, gross, fee, net, due_at, .. } = redemption;
        env.create(Key::Redemption(id), Object::Redemption(Box::new(redemption)))?;
        env.emit(Event::RedemptionRequested { redemption: id, owner, gross, fee, net, due_at });
        Ok(())
    }

    fn check_sender(&self, env: &Env<'_, '_>) -> Result<(), Code> {
        let sender = env.journal.read(env.sender);
        if !sender.registration_is_live(env.now) {
            return Err(Code::KycExpired);
        }
        if sender.kyc_class < env.journal.state().terms().class_min {
            return Err(Code::NotEligible);
        }
        env.check_may_send(env.sender)
    }

    /// The fee, when the terms allow the amount and the holder the fee.
    fn check_terms(&self, terms: &Terms) -> Result<u64, Code> {
        if self.amount < terms.min {
            return Err(Code::BelowMin);
        }
        if self.amount > terms.max {
            return Err(Code::AboveMax);
        }
        let fee = redemption::fee(terms, self.amount);
        if fee > self.fee_max || fee >= self.amount {
            return Err(Code::FeeTooHigh);
        }
        Ok(fee)
    }
}
