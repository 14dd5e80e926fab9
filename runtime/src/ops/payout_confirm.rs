//! PayoutConfirm: a custodian states that a redemption was paid. As with deposits, a payout's id
//! makes a bank reference unique for its custodian, for ever.

use ballast_primitives::{Address, Domain, Hash, hash};
use borsh::{BorshDeserialize, BorshSerialize};

use crate::code::Code;
use crate::event::Event;
use crate::limits::BANK_REF_BYTES_MAX;
use crate::object::{Key, Object, Payout};
use crate::ops::Env;
use crate::redemption;

#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct PayoutConfirm {
    pub redemption: Hash,
    /// The bank's reference of the outgoing payment, 1 to 64 bytes.
    pub bank_ref: String,
    /// What was paid, micro-dollars.
    pub net: u64,
}

/// The id of a custodian's payout.
pub fn payout_id(custodian: &Address, bank_ref: &str) -> Hash {
    hash::digest_of(Domain::PayoutId, &(custodian, bank_ref))
}

impl PayoutConfirm {
    pub(crate) fn check_shape(&self) -> Result<(), &'static str> {
        if self.bank_ref.is_empty() || self.bank_ref.len() > BANK_REF_BYTES_MAX {
            return Err("a bank reference has 1 to 64 bytes");
        }
        Ok(())
    }

    /// `UNKNOWN_REDEMPTION`; `REDEMPTION_CLOSED` when it is final; `NOT_PROCESSING` when
    /// Requested; `PAYOUT_RECORDED` when it has a payout; `DUPLICATE_BANK_REF` (for this
    /// custodian's payouts, for ever); `PAYOUT_MISMATCH` unless net is the redemption's.
    pub(crate) fn execute(&self, env: &mut Env<'_, '_>) -> Result<(), Code> {
        let at = redemption::find(env, &self.redemption)?;
        let redemption = env.journal.read(at);
        redemption::check_processing(redemption)?;
        if redemption.payout.is_some() {
            return Err(Code::PayoutRecorded);
        }
        let custodian = env.sender_address;
        let id = payout_id(&custodian, &self.bank_ref);
        if env.journal.state().payout(&id).is_some() {
            return Err(Code::DuplicateBankRef);
        }
        let net = self.net;
        if net != redemption.net {
            return Err(Code::PayoutMismatch);
        }
        let (redemption, bank_ref) = (self.redemption, self.bank_ref.clone());
        let payout = Payout { custodian, bank_ref, redemption, net, failed: false };
        env.create(Key::Payout(id), Object::Payout(Box::new(payout)))?;
        env.journal.write(at).payout = Some(id);
        let supply = env.journal.supply_mut();
        supply.cum_payout = supply.cum_payout.checked_add(u128::from(net)).ok_or(Code::Overflow)?;
        env.emit(Event::PayoutConfirmed { redemption, payout: id, custodian, net });
        Ok(())
    }
}
