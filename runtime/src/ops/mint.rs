//! Mint: a minter issues dollars to the beneficiary of a final deposit, as far as the deposit, the
//! minter's own limits and the limits of all minters go; see [`crate::reserve::check_mint`].
//!
//! A mint that would go above what all minters may make in a day trips the breaker: it fails, and
//! minting stays paused until the council has looked.

use ballast_primitives::Hash;
use borsh::{BorshDeserialize, BorshSerialize};

use crate::code::Code;
use crate::event::Event;
use crate::invariants::{self, Invariant};
use crate::object::{Account, Deposit, IncidentKind, Key, Minter};
use crate::ops::Env;
use crate::reserve;
use crate::state::At;

#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Mint {
    pub deposit: Hash,
    /// Micro-dollars.
    pub amount: u64,
}

impl Mint {
    /// Beneficiary's registration live and not in-frozen; `ZERO_AMOUNT`; `UNKNOWN_DEPOSIT`;
    /// `MINTER_SUSPENDED`; `UNKNOWN_RECIPIENT`; `DEPOSIT_CLOSED`; `DEPOSIT_NOT_FINAL`;
    /// `DEPOSIT_EXCEEDED`; `PER_TX_LIMIT`; `MINTER_ALLOWANCE`; `MINTER_WINDOW`; `GLOBAL_WINDOW`,
    /// which trips the breaker; `CAP_EXCEEDED`; `NO_REPORT`; `REPORT_STALE`; `REPORT_MODIFIED`;
    /// `REPORT_CONCENTRATED`; `RESERVE_CEILING`; overflow.
    pub(crate) fn execute(&self, env: &mut Env<'_, '_>) -> Result<(), Code> {
        let deposit: Option<At<Deposit>> = env.journal.find(&Key::Deposit(self.deposit));
        let recipient: Option<At<Account>> =
            deposit.and_then(|deposit| env.account(&env.journal.read(deposit).beneficiary));
        env.check_may_receive(recipient)?;
        if self.amount == 0 {
            return Err(Code::ZeroAmount);
        }
        let deposit = deposit.ok_or(Code::UnknownDeposit)?;
        let minter = find_minter(env)?;
        let recipient = recipient.ok_or(Code::UnknownRecipient)?;
        self.check_deposit(env, deposit)?;
        self.check_minter(env, minter)?;
        let report = self.check_all_minters(env)?;
        self.apply(env, deposit, minter, recipient)?;
        let (to, minter) = (env.journal.read(deposit).beneficiary, env.sender_address);
        let (deposit, amount) = (self.deposit, self.amount);
        env.emit(Event::Minted { deposit, minter, to, amount, report });
        Ok(())
    }

    fn check_deposit(&self, env: &Env<'_, '_>, deposit: At<Deposit>) -> Result<(), Code> {
        let deposit = env.journal.read(deposit);
        if deposit.reversed {
            return Err(Code::DepositClosed);
        }
        if env.now < deposit.final_at {
            return Err(Code::DepositNotFinal);
        }
        if self.amount > deposit.amount.saturating_sub(deposit.minted) {
            return Err(Code::DepositExceeded);
        }
        Ok(())
    }

    /// The minter's own limits.
    fn check_minter(&self, env: &Env<'_, '_>, minter: At<Minter>) -> Result<(), Code> {
        let minter = env.journal.read(minter);
        if self.amount > minter.per_tx.min(env.journal.policy().mint_per_tx_max) {
            return Err(Code::PerTxLimit);
        }
        if self.amount > minter.allowance {
            return Err(Code::MinterAllowance);
        }
        if !minter.window.has_room(minter.window_cap, env.now, self.amount) {
            return Err(Code::MinterWindow);
        }
        Ok(())
    }

    /// The limits of all minters together; the number of the report that carries the mint.
    fn check_all_minters(&self, env: &mut Env<'_, '_>) -> Result<u64, Code> {
        let checked = reserve::check_mint(env.journal.state(), self.amount, env.now);
        if checked == Err(Code::GlobalWindow) {
            env.trip(IncidentKind::MintBreaker)?;
        }
        checked
    }

    fn apply(
        &self,
        env: &mut Env<'_, '_>,
        deposit: At<Deposit>,
        minter: At<Minter>,
        recipient: At<Account>,
    ) -> Result<(), Code> {
        let (now, amount) = (env.now, self.amount);
        env.credit(recipient, amount)?;
        env.journal.supply_mut().mint(amount).ok_or(Code::Overflow)?;
        let settings = env.journal.write(minter);
        settings.allowance = settings.allowance.checked_sub(amount).ok_or(Code::Overflow)?;
        settings.window = settings.window.with(now, amount).ok_or(Code::Overflow)?;
        let window = env.journal.window_mut();
        *window = window.with(now, amount).ok_or(Code::Overflow)?;
        let deposit = env.journal.write(deposit);
        deposit.minted = deposit.minted.checked_add(amount).ok_or(Code::Overflow)?;
        if !invariants::windows_hold(env.journal.state(), env.journal.read(minter), now) {
            env.journal.breaks(Invariant::Mint);
        }
        Ok(())
    }
}

/// The sender's settings, unless it is suspended.
fn find_minter(env: &Env<'_, '_>) -> Result<At<Minter>, Code> {
    // Granting the role creates the object; a holder without it could mint nothing.
    let minter = env.journal.find(&Key::Minter(env.sender_address)).ok_or(Code::MinterAllowance)?;
    if env.journal.read::<Minter>(minter).suspended {
        return Err(Code::MinterSuspended);
    }
    Ok(minter)
}
