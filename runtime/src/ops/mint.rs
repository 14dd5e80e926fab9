//! Mint: a minter issues dollars to the beneficiary of a final deposit, as far as the deposit,
//! the minter's allowance and the cap go. (Windows and the reserve gate come later, between the
//! allowance and the end; see `docs/adding-an-operation.md`.)

use ballast_primitives::Hash;
use ballast_primitives::planted::{Bug, planted};
use borsh::{BorshDeserialize, BorshSerialize};

use crate::code::Code;
use crate::event::Event;
use crate::object::{Account, Deposit, Key, Minter};
use crate::ops::Env;
use crate::state::At;

#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Mint {
    pub deposit: Hash,
    /// Micro-dollars.
    pub amount: u64,
}

impl Mint {
    /// Beneficiary's registration live and not in-frozen; `ZERO_AMOUNT`; `UNKNOWN_DEPOSIT`;
    /// `MINTER_SUSPENDED`; `UNKNOWN_RECIPIENT`; `DEPOSIT_NOT_FINAL`; `DEPOSIT_EXCEEDED`;
    /// `PER_TX_LIMIT`; `MINTER_ALLOWANCE`; `CAP_EXCEEDED`; overflow.
    pub(crate) fn execute(&self, env: &mut Env<'_, '_>) -> Result<(), Code> {
        let deposit: Option<At<Deposit>> = env.journal.find(&Key::Deposit(self.deposit));
        let recipient: Option<At<Account>> =
            deposit.and_then(|deposit| env.account(&env.journal.read(deposit).beneficiary));
        recipient.map_or(Ok(()), |recipient| env.check_may_receive(recipient))?;
        if self.amount == 0 {
            return Err(Code::ZeroAmount);
        }
        let deposit = deposit.ok_or(Code::UnknownDeposit)?;
        let minter = self.check_minter(env)?;
        let recipient = recipient.ok_or(Code::UnknownRecipient)?;
        self.check_deposit(env, deposit)?;
        self.check_limits(env, minter)?;
        self.apply(env, deposit, minter, recipient)
    }

    fn check_minter(&self, env: &Env<'_, '_>) -> Result<At<Minter>, Code> {
        // Granting the role creates the object; a holder without it could mint nothing.
        let key = Key::Minter(env.sender_address);
        let minter = env.journal.find(&key).ok_or(Code::MinterAllowance)?;
        if env.journal.read::<Minter>(minter).suspended {
            return Err(Code::MinterSuspended);
        }
        Ok(minter)
    }

    fn check_deposit(&self, env: &Env<'_, '_>, deposit: At<Deposit>) -> Result<(), Code> {
        let deposit = env.journal.read(deposit);
        if env.now < deposit.final_at {
            return Err(Code::DepositNotFinal);
        }
        if self.amount > deposit.amount.saturating_sub(deposit.minted) {
            return Err(Code::DepositExceeded);
        }
        Ok(())
    }

    fn check_limits(&self, env: &Env<'_, '_>, minter: At<Minter>) -> Result<(), Code> {
        let minter = env.journal.read(minter);
        if self.amount > minter.per_tx.min(env.journal.policy().mint_per_tx_max) {
            return Err(Code::PerTxLimit);
        }
        if self.amount > minter.allowance {
            return Err(Code::MinterAllowance);
        }
        let supply = env.journal.state().supply();
        match supply.total.checked_add(u128::from(self.amount)) {
            Some(total) if total <= supply.cap || planted(Bug::MintCapSkipped) => Ok(()),
            _ => Err(Code::CapExceeded),
        }
    }

    fn apply(
        &self,
        env: &mut Env<'_, '_>,
        deposit: At<Deposit>,
        minter: At<Minter>,
        recipient: At<Account>,
    ) -> Result<(), Code> {
        let wide = u128::from(self.amount);
        env.credit(recipient, self.amount)?;
        let supply = env.journal.supply_mut();
        supply.total = supply.total.checked_add(wide).ok_or(Code::Overflow)?;
        supply.cum_mint = supply.cum_mint.checked_add(wide).ok_or(Code::Overflow)?;
        let minter = env.journal.write(minter);
        minter.allowance = minter.allowance.checked_sub(self.amount).ok_or(Code::Overflow)?;
        let deposit = env.journal.write(deposit);
        deposit.minted = deposit.minted.checked_add(self.amount).ok_or(Code::Overflow)?;
        let to = deposit.beneficiary;
        let (id, minter) = (self.deposit, env.sender_address);
        env.emit(Event::Minted { deposit: id, minter, to, amount: self.amount });
        Ok(())
    }
}
