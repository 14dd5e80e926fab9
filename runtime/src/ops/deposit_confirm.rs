//! DepositConfirm: a custodian states that dollars have arrived for a beneficiary. Minting
//! against the deposit is another's operation, once it is final.
//!
//! The deposit's id is the digest of the custodian and its bank reference, so a reference is
//! unique for its custodian, for ever, because a key exists once. The beneficiary need not be
//! registered yet: the money is at the bank whatever the chain knows; the mint will ask.

use ballast_primitives::{Address, Domain, Hash, hash};
use borsh::{BorshDeserialize, BorshSerialize};

use crate::code::Code;
use crate::event::Event;
use crate::limits::BANK_REF_BYTES_MAX;
use crate::object::{Deposit, Key, Object, Pending};
use crate::ops::Env;

#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct DepositConfirm {
    /// The bank's reference of the incoming payment, 1 to 64 bytes.
    pub bank_ref: String,
    /// Micro-dollars.
    pub amount: u64,
    pub beneficiary: Address,
}

/// The id of a custodian's deposit.
pub fn deposit_id(custodian: &Address, bank_ref: &str) -> Hash {
    hash::digest_of(Domain::DepositId, &(custodian, bank_ref))
}

impl DepositConfirm {
    pub(crate) fn check_shape(&self) -> Result<(), &'static str> {
        if self.bank_ref.is_empty() || self.bank_ref.len() > BANK_REF_BYTES_MAX {
            return Err("a bank reference has 1 to 64 bytes");
        }
        Ok(())
    }

    /// `ZERO_AMOUNT`; `DUPLICATE_BANK_REF`; overflow.
    pub(crate) fn execute(&self, env: &mut Env<'_, '_>) -> Result<(), Code> {
        if self.amount == 0 {
            return Err(Code::ZeroAmount);
        }
        let custodian = env.sender_address;
        let id = deposit_id(&custodian, &self.bank_ref);
        if env.journal.state().deposit(&id).is_some() {
            return Err(Code::DuplicateBankRef);
        }
        let hold = env.journal.policy().rail_hold_ms;
        let final_at = env.now.checked_add(hold).ok_or(Code::Overflow)?;
        let supply = env.journal.supply_mut();
        supply.cum_deposit =
            supply.cum_deposit.checked_add(u128::from(self.amount)).ok_or(Code::Overflow)?;
        let (amount, beneficiary) = (self.amount, self.beneficiary);
        let bank_ref = self.bank_ref.clone();
        let deposit = Deposit {
            custodian,
            bank_ref,
            amount,
            beneficiary,
            confirmed_at: env.now,
            final_at,
            minted: 0,
            reversed: false,
        };
        env.create(Key::Deposit(id), Object::Deposit(Box::new(deposit)))?;
        if final_at > env.now {
            let supply = env.journal.supply_mut();
            supply.pending =
                supply.pending.checked_add(u128::from(amount)).ok_or(Code::Overflow)?;
            let pending = Pending { amount, confirmed_at: env.now };
            env.create(Key::Pending(final_at, id), Object::Pending(pending))?;
        }
        env.emit(Event::DepositConfirmed { deposit: id, custodian, beneficiary, amount, final_at });
        Ok(())
    }
}
