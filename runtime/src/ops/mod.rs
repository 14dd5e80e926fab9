//! The operations, one file each, and what an operation sees: [`Env`].
//!
//! Precedence of failures: what all operations share comes first, in the order of the codes'
//! numbers (`PAUSED`, `UNAUTHORIZED`, `ROLE_EXPIRED`, checked before an operation's file is
//! reached, then `KYC_EXPIRED`, `NOT_ELIGIBLE`, `ACCOUNT_FROZEN` as far as the operation names
//! accounts that exist), then the operation's own rules in the order its file gives them, then
//! `INSUFFICIENT_AVAILABLE` and `OVERFLOW`.
//!
//! An operation checks everything of its own before it writes, and what it wrote before a failure
//! is taken back with the rest of the transaction.

use ballast_primitives::planted::{Bug, planted};
use ballast_primitives::{Address, Hash};

use crate::admission;
use crate::code::Code;
use crate::event::Event;
use crate::execute::BlockContext;
use crate::invariants::Invariant;
use crate::journal::{Journal, Taking};
use crate::limits::{ALARMS_MAX, DAY_MS, NAME_BYTES_MAX, OBJECT_COST, PAUSE_MS_MAX};
use crate::object::{
    Account, Alarm, Incident, IncidentKind, Key, Minter, Object, Quota, Role, Scope, Severity,
};
use crate::op::Signer;
use crate::state::At;
use crate::tx::TxBody;

pub mod approve;
pub mod attest_report;
pub mod bridge_in;
pub mod bridge_out;
pub mod burn;
pub mod cancel_auth;
pub mod confirm_freeze;
pub mod council_exec;
pub mod council_set;
pub mod deposit_confirm;
pub mod deposit_reverse;
pub mod execute;
pub mod freeze;
pub mod grant_role;
pub mod mint;
pub mod pause;
pub mod pay_auth;
pub(crate) mod payment;
pub mod payout_confirm;
pub mod payout_failed;
pub mod permit;
pub mod post_incident;
pub mod propose;
pub mod reconcile;
pub mod recover_key;
pub mod redeem_accept;
pub mod redeem_cancel;
pub mod redeem_expire;
pub mod redeem_reject;
pub mod redeem_request;
pub mod redeem_settle;
pub mod register_account;
pub(crate) mod relay;
pub mod resume_minter;
pub mod revoke_attestor_key;
pub mod revoke_report;
pub mod revoke_role;
pub mod rotate_key;
pub mod schedule_upgrade;
pub mod seize;
pub mod set_bridge;
pub mod set_cap;
pub mod set_delay;
pub mod set_document;
pub mod set_hold;
pub mod set_institution;
pub mod set_kyc;
pub mod set_limits;
pub mod set_minter_allowance;
pub mod set_minter_limits;
pub mod set_policy;
pub mod set_terms;
pub mod submit_report;
pub mod suspend_minter;
pub mod transfer;
pub mod transfer_from;
pub mod unfreeze;
pub mod unpause;
pub mod validator_add;
pub mod validator_remove;
pub mod validator_rotate;
pub mod vote;

/// What institutions, bridges and validators are called.
pub(crate) fn check_name(name: &str) -> Result<(), &'static str> {
    if name.is_empty() || name.len() > NAME_BYTES_MAX {
        return Err("a name has 1 to 64 bytes");
    }
    Ok(())
}

/// On whose word an operation acts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Authority {
    /// The sender's own.
    Sender,
    /// The council's, by a proposal or by signatures.
    Council,
}

/// What an operation sees and may do.
pub struct Env<'e, 'j> {
    pub(crate) journal: &'e mut Journal<'j>,
    pub(crate) block: &'e BlockContext,
    /// The block's time.
    pub(crate) now: u64,
    pub(crate) tx: &'e TxBody,
    /// The operation's number in the transaction, from 0.
    pub(crate) op: u8,
    pub(crate) sender: At<Account>,
    pub(crate) sender_address: Address,
    /// Whose quota pays; none in lane 0.
    pub(crate) payer: Option<At<Account>>,
    pub(crate) authority: Authority,
    pub(crate) events: Vec<Event>,
    /// Breakers that tripped: they stay tripped when the transaction fails.
    pub(crate) trips: Vec<IncidentKind>,
}

impl Env<'_, '_> {
    pub(crate) fn check_pauses(&self, scopes: &[Scope]) -> Result<(), Code> {
        let paused = |scope: &Scope| self.journal.state().pause(*scope).is_paused(self.now);
        if scopes.iter().any(paused) { Err(Code::Paused) } else { Ok(()) }
    }

    /// The sender must be one who may send the operation.
    pub(crate) fn check_signer(&self, signer: Signer) -> Result<(), Code> {
        if planted(Bug::RoleUnchecked) {
            return Ok(());
        }
        let state = self.journal.state();
        match signer {
            Signer::Anyone => Ok(()),
            Signer::Member if state.council().is_member(&self.sender_address) => Ok(()),
            Signer::Member => Err(Code::Unauthorized),
            Signer::Role(role) => match state.role(role, &self.sender_address) {
                Some(grant) if grant.is_live(self.now) => Ok(()),
                Some(grant) if !grant.is_revoked() => Err(Code::RoleExpired),
                _ => Err(Code::Unauthorized),
            },
        }
    }

    pub(crate) fn by_council(&self) -> bool {
        self.authority == Authority::Council
    }

    pub(crate) fn account(&self, address: &Address) -> Option<At<Account>> {
        self.journal.find(&Key::Account(*address))
    }

    /// The settings of who is or was a minter: `ROLE_NOT_HELD`.
    pub(crate) fn minter(&self, holder: &Address) -> Result<At<Minter>, Code> {
        self.journal.find(&Key::Minter(*holder)).ok_or(Code::RoleNotHeld)
    }

    /// An account that is to receive, if it exists: `KYC_EXPIRED`, then `ACCOUNT_FROZEN`.
    pub(crate) fn check_may_receive(&self, recipient: Option<At<Account>>) -> Result<(), Code> {
        let Some(recipient) = recipient else { return Ok(()) };
        let account = self.journal.read(recipient);
        if !account.registration_is_live(self.now) {
            return Err(Code::KycExpired);
        }
        if account.freeze.stops_inbound(self.now) {
            return Err(Code::AccountFrozen);
        }
        Ok(())
    }

    /// `MEMO_REQUIRED` when the recipient asks for memos and there is none; an empty one is one.
    pub(crate) fn check_memo(&self, to: At<Account>, memo: Option<&[u8]>) -> Result<(), Code> {
        let required = self.journal.read(to).memo_required;
        if required && memo.is_none() { Err(Code::MemoRequired) } else { Ok(()) }
    }

    /// Who is to pay or to spend: `ACCOUNT_FROZEN` when nothing may go out.
    pub(crate) fn check_may_send(&self, payer: At<Account>) -> Result<(), Code> {
        let frozen = self.journal.read(payer).freeze.stops_outbound(self.now);
        if frozen && !planted(Bug::FrozenPays) {
            return Err(Code::AccountFrozen);
        }
        Ok(())
    }

    /// Takes `amount` from what is available. Besides [`seize::Seize`] the only user of
    /// [`Journal::take`].
    pub(crate) fn debit(&mut self, payer: At<Account>, amount: u64) -> Result<(), Code> {
        self.check_may_send(payer)?;
        if self.journal.read(payer).available() < amount {
            return Err(Code::InsufficientAvailable);
        }
        self.journal.take(payer, amount, Taking::Payment, self.now).ok_or(Code::Overflow)
    }

    /// Adds `amount`, even to a frozen account: who must not receive is asked before.
    pub(crate) fn credit(&mut self, recipient: At<Account>, amount: u64) -> Result<(), Code> {
        let account = self.journal.write(recipient);
        account.balance = account.balance.checked_add(amount).ok_or(Code::Overflow)?;
        Ok(())
    }

    /// Whether what may be used once was not: an authorisation, say.
    pub(crate) fn check_unused(&self, key: &Key, used: Code) -> Result<(), Code> {
        if self.journal.state().get(key).is_some() { Err(used) } else { Ok(()) }
    }

    /// Creates an object under a key that has none: `TOO_MANY_OBJECTS`, then `OBJECT_QUOTA`
    /// (OBJ-2, OBJ-3).
    pub(crate) fn create(&mut self, key: Key, object: Object) -> Result<(), Code> {
        if let Some(owner) = object.counts_for(&key) {
            self.check_room(&owner)?;
        }
        self.pay_for_object()?;
        self.journal.create(key, object);
        Ok(())
    }

    fn check_room(&self, owner: &Address) -> Result<(), Code> {
        let Some(account) = self.journal.state().account(owner) else { return Ok(()) };
        let class = usize::from(account.kyc_class);
        let most = self.journal.policy().quotas.get(class).map_or(0, Quota::objects_max);
        if u64::from(account.objects) >= most { Err(Code::TooManyObjects) } else { Ok(()) }
    }

    /// What the council decides costs nobody's quota. In lane 0 there is none to pay, so nothing is
    /// created.
    fn pay_for_object(&mut self) -> Result<(), Code> {
        if self.by_council() {
            return Ok(());
        }
        let payer = self.payer.ok_or(Code::ObjectQuota)?;
        let bucket = admission::spend(self.journal.state(), payer, self.now, OBJECT_COST);
        self.journal.write(payer).quota = bucket.ok_or(Code::ObjectQuota)?;
        Ok(())
    }

    pub(crate) fn emit(&mut self, event: Event) {
        self.events.push(event);
    }

    /// Adds to the log of incidents.
    pub(crate) fn file_incident(
        &mut self,
        kind: IncidentKind,
        severity: Severity,
        subject: Hash,
    ) -> Result<(), Code> {
        let entry = Incident { kind, severity, height: self.block.height, at: self.now, subject };
        let incident = self.journal.file_incident(entry).ok_or(Code::Overflow)?;
        self.emit(Event::IncidentPosted { incident, kind, severity, subject });
        Ok(())
    }

    /// Trips the breaker: minting is paused until the council has looked, and an incident says
    /// why. Both stay even when the transaction fails.
    pub(crate) fn trip(&mut self, kind: IncidentKind) -> Result<(), Code> {
        self.trips.push(kind);
        self.stop(Scope::Mint);
        self.file_incident(kind, Severity::Critical, Hash::default())
    }

    /// Pauses a scope until the council has looked.
    fn stop(&mut self, scope: Scope) {
        let until = self.now.saturating_add(PAUSE_MS_MAX);
        let pause = self.journal.pause_mut(scope);
        pause.until = pause.until.max(until);
        let until = pause.until;
        self.emit(Event::Paused { scope, until });
    }

    /// What follows when a transaction of the sender broke an invariant, after all that it did
    /// was taken back (ST-36): a pause, if the sender has power over anything, and an incident.
    pub(crate) fn report_broken(&mut self, invariant: Invariant) -> Result<(), Code> {
        if let Some(scope) = invariant.pauses().filter(|_| self.sender_has_power()) {
            self.stop(scope);
        }
        let alarm =
            Alarm { kind: invariant.incident(), account: self.sender_address, at: self.now };
        if self.sound(alarm) {
            let subject = Hash(self.sender_address.0);
            return self.file_incident(alarm.kind, Severity::Critical, subject);
        }
        Ok(())
    }

    fn sender_has_power(&self) -> bool {
        let state = self.journal.state();
        let holds = |role| state.holds(role, &self.sender_address, self.now);
        Role::ALL.into_iter().any(holds) || state.council().is_member(&self.sender_address)
    }

    /// Notes an alarm; whether it is the first of its kind and account within a day, and there is
    /// room for it.
    fn sound(&mut self, alarm: Alarm) -> bool {
        let alarms = &mut self.journal.incidents_mut().alarms;
        alarms.retain(|old| alarm.at < old.at.saturating_add(DAY_MS));
        let is_same = |old: &Alarm| (old.kind, old.account) == (alarm.kind, alarm.account);
        if alarms.len() >= ALARMS_MAX || alarms.iter().any(is_same) {
            return false;
        }
        alarms.push(alarm);
        true
    }
}
