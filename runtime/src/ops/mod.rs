//! The operations, one file each, and what an operation sees: [`Env`].
//!
//! Precedence of failures: what all operations share comes first, in the order of the codes'
//! numbers (`PAUSED`, `UNAUTHORIZED`, `ROLE_EXPIRED`, checked before an operation's file is
//! reached, then `KYC_EXPIRED`, `NOT_ELIGIBLE`, `ACCOUNT_FROZEN` as far as the operation names
//! accounts that exist), then the operation's own rules in the order its file gives them, then
//! `INSUFFICIENT_AVAILABLE` and `OVERFLOW`.
//!
//! An operation checks everything before it writes, and what it writes before a late failure
//! (`OVERFLOW`) is taken back with the rest of the transaction.

use ballast_primitives::Address;
use ballast_primitives::planted::{Bug, planted};

use crate::code::Code;
use crate::event::Event;
use crate::journal::Journal;
use crate::object::{Account, Key, Role, Scope};
use crate::state::At;

pub mod burn;
pub mod deposit_confirm;
pub mod freeze;
pub mod grant_role;
pub mod mint;
pub mod pause;
pub mod register_account;
pub mod revoke_role;
pub mod set_minter_allowance;
pub mod transfer;
pub mod unfreeze;
pub mod unpause;

/// What an operation sees and may do.
pub struct Env<'e, 'j> {
    pub(crate) journal: &'e mut Journal<'j>,
    /// The block's time.
    pub(crate) now: u64,
    pub(crate) sender: At<Account>,
    pub(crate) sender_address: Address,
    pub(crate) memo: Option<&'e [u8]>,
    pub(crate) events: Vec<Event>,
}

impl Env<'_, '_> {
    pub(crate) fn check_pause(&self, scope: Option<Scope>) -> Result<(), Code> {
        match scope {
            Some(scope) if self.journal.state().pause(scope).is_paused(self.now) => {
                Err(Code::Paused)
            }
            _ => Ok(()),
        }
    }

    /// The sender must hold one of `roles`, unless there are none.
    pub(crate) fn check_roles(&self, roles: &[Role]) -> Result<(), Code> {
        let may = roles.is_empty() || roles.iter().any(|role| self.acts_as(*role));
        if may || planted(Bug::RoleUnchecked) {
            return Ok(());
        }
        let state = self.journal.state();
        let grants = roles.iter().filter_map(|role| state.role(*role, &self.sender_address));
        let expired = grants.filter(|grant| !grant.is_revoked()).count() > 0;
        Err(if expired { Code::RoleExpired } else { Code::Unauthorized })
    }

    /// Whether the sender holds `role` now.
    pub(crate) fn acts_as(&self, role: Role) -> bool {
        self.journal.state().holds(role, &self.sender_address, self.now)
    }

    pub(crate) fn account(&self, address: &Address) -> Option<At<Account>> {
        self.journal.find(&Key::Account(*address))
    }

    /// An account that is to receive: `KYC_EXPIRED`, then `ACCOUNT_FROZEN`.
    pub(crate) fn check_may_receive(&self, recipient: At<Account>) -> Result<(), Code> {
        let account = self.journal.read(recipient);
        if !account.registration_is_live(self.now) {
            return Err(Code::KycExpired);
        }
        if account.freeze.stops_inbound(self.now) {
            return Err(Code::AccountFrozen);
        }
        Ok(())
    }

    /// The sender is to pay: `ACCOUNT_FROZEN` when nothing may go out.
    pub(crate) fn check_may_send(&self, payer: At<Account>) -> Result<(), Code> {
        let frozen = self.journal.read(payer).freeze.stops_outbound(self.now);
        if frozen && !planted(Bug::FrozenPays) {
            return Err(Code::AccountFrozen);
        }
        Ok(())
    }

    /// Takes `amount` from what is available. The only way for a balance to fall.
    pub(crate) fn debit(&mut self, payer: At<Account>, amount: u64) -> Result<(), Code> {
        self.check_may_send(payer)?;
        if self.journal.read(payer).available() < amount {
            return Err(Code::InsufficientAvailable);
        }
        let account = self.journal.write(payer);
        account.balance = account.balance.checked_sub(amount).ok_or(Code::Overflow)?;
        Ok(())
    }

    pub(crate) fn credit(&mut self, recipient: At<Account>, amount: u64) -> Result<(), Code> {
        let account = self.journal.write(recipient);
        account.balance = account.balance.checked_add(amount).ok_or(Code::Overflow)?;
        Ok(())
    }

    pub(crate) fn emit(&mut self, event: Event) {
        self.events.push(event);
    }
}
