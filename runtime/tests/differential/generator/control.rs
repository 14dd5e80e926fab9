//! What officers do to accounts, and the council's operations of everyday.

use ballast_primitives::{Address, KeyPolicy, PublicKey};
use ballast_runtime::limits::{
    DAY_MS, HOUR_MS, PAUSE_MS_MAX, ROLE_TERM_MS_MAX, SHORT_PAUSE_MS_MAX,
};
use ballast_runtime::object::{DocumentKind, IncidentKind, Role, Scope, Severity};
use ballast_runtime::ops::*;
use ballast_runtime::{CouncilOp, Op};

use crate::generator::draft;
use crate::world::{Draft, World};

impl World {
    // ---- registrations and keys ----

    /// A key, rarely one that no policy may hold.
    pub fn a_key(&mut self) -> PublicKey {
        let mut off_curve = [0; 32];
        off_curve[0] = 2;
        let bad = [PublicKey([0; 32]), PublicKey([255; 32]), PublicKey(off_curve)];
        if self.rng.chance(10) { self.rng.pick(&bad) } else { self.rng.pick(&self.spare) }
    }

    pub fn key_policy(&mut self) -> KeyPolicy {
        if self.rng.chance(70) {
            return KeyPolicy::Single(self.a_key());
        }
        let mut keys: Vec<_> = (0..self.rng.below(5)).map(|_| self.a_key()).collect();
        if self.rng.chance(85) {
            keys.sort_unstable();
            keys.dedup();
        }
        let k =
            if self.rng.chance(15) { keys.len() as u8 + 1 } else { keys.len().div_ceil(2) as u8 };
        KeyPolicy::Threshold { k, keys }
    }

    fn kyc(&mut self) -> (u8, u64, u32, bool) {
        let class = if self.rng.chance(5) { 9 } else { self.rng.below(3) as u8 };
        let until = match self.rng.below(12) {
            0 => self.near(self.now),
            1 => self.now + self.rng.below(DAY_MS),
            _ => self.now + 900 * DAY_MS,
        };
        let institution = if self.rng.chance(4) { 99 } else { self.rng.below(4) as u32 };
        (class, until, institution, self.rng.chance(15))
    }

    pub fn register_account(&mut self) -> Draft {
        let sender = self.officer(Role::Registrar);
        // A known stranger first, so that those who wrote to it find it registered one day.
        let policy = match self.rng.below(10) {
            0 => KeyPolicy::Single(self.spare[self.rng.index(8)]),
            _ => self.key_policy(),
        };
        let (kyc_class, kyc_until, institution, memo_required) = self.kyc();
        let op = register_account::RegisterAccount {
            policy,
            kyc_class,
            kyc_until,
            institution,
            memo_required,
        };
        draft(sender, Op::RegisterAccount(op))
    }

    pub fn set_kyc(&mut self) -> Draft {
        let (sender, account) = (self.officer(Role::Registrar), self.anyone());
        let (kyc_class, kyc_until, institution, memo_required) = self.kyc();
        let op = set_kyc::SetKyc { account, kyc_class, kyc_until, institution, memo_required };
        draft(sender, Op::SetKyc(op))
    }

    pub fn set_institution(&mut self) -> Draft {
        let sender = self.officer(Role::Registrar);
        let institution = 1 + self.rng.below(4) as u32;
        let name = format!("Institut für Zahlungen {institution}");
        let key = self.a_key();
        draft(
            sender,
            Op::SetInstitution(set_institution::SetInstitution { institution, name, key }),
        )
    }

    pub fn rotate_key(&mut self) -> Draft {
        let (sender, policy) = (self.person(), self.key_policy());
        draft(sender, Op::RotateKey(rotate_key::RotateKey { policy }))
    }

    // ---- freezes and holds ----

    /// Mostly an ordinary account, sometimes the one of fees.
    fn target(&mut self) -> Address {
        match self.rng.below(30) {
            0 | 1 => self.state.policy().fee_account,
            2 | 3 => self.stranger(),
            24.. => self.frozen().unwrap_or(self.people[0]),
            // Few are treated again and again, so that every state of a freeze is met.
            4..18 => self.people[self.people.len() % 7 + self.rng.index(4)],
            _ => self.person(),
        }
    }

    fn freeze_op(&mut self) -> freeze::Freeze {
        let (inbound, outbound) = self.rng.pick(&[(true, false), (false, true), (true, true)]);
        freeze::Freeze { account: self.target(), inbound, outbound, order: self.small_hash(250) }
    }

    fn hold_op(&mut self, officer: bool) -> set_hold::SetHold {
        let account = self.target();
        let held = self.state.account(&account).map_or(0, |account| account.hold);
        let balance = self.state.account(&account).map_or(0, |account| account.balance);
        let expected = if self.rng.chance(8) { held.wrapping_add(1) } else { held };
        let hold = match self.rng.below(6) {
            0 => expected,
            1 => expected.saturating_add(1),
            2 => expected.saturating_sub(1),
            3 => self.amount(&[balance]),
            _ if officer => expected.saturating_add(self.rng.below(balance / 16 + 1)),
            _ => 0,
        };
        set_hold::SetHold { account, expected, hold, order: self.small_hash(250) }
    }

    pub fn freeze(&mut self) -> Draft {
        let (sender, op) = (self.officer(Role::Compliance), self.freeze_op());
        let mut made = draft(sender, Op::Freeze(op));
        if self.rng.chance(20) {
            made.ops.extend(self.cancel_auth().ops);
        }
        made
    }

    pub fn set_hold(&mut self) -> Draft {
        let (sender, op) = (self.officer(Role::Compliance), self.hold_op(true));
        let mut made = draft(sender, Op::SetHold(op));
        if self.rng.chance(20) {
            made.ops.extend(self.cancel_auth().ops);
        }
        made
    }

    // ---- the council's operations of everyday ----

    pub fn council_freeze(&mut self) -> CouncilOp {
        let (account, order) = (self.target(), self.small_hash(250));
        match self.rng.below(8) {
            0 | 1 => CouncilOp::Freeze(self.freeze_op()),
            2 => CouncilOp::ConfirmFreeze(confirm_freeze::ConfirmFreeze { account, order }),
            3 => {
                let account = self.frozen().unwrap_or(account);
                CouncilOp::ConfirmFreeze(confirm_freeze::ConfirmFreeze { account, order })
            }
            4 => CouncilOp::Unfreeze(unfreeze::Unfreeze { account }),
            5..7 => {
                let account = self.frozen().unwrap_or(account);
                CouncilOp::Unfreeze(unfreeze::Unfreeze { account })
            }
            _ => CouncilOp::SetHold(self.hold_op(false)),
        }
    }

    /// An account whose freeze is in force.
    pub fn frozen(&mut self) -> Option<Address> {
        let now = self.now;
        let frozen = |who: &&Address| self.account(who).freeze.in_force(now);
        let found: Vec<_> = self.people.iter().filter(frozen).copied().collect();
        (!found.is_empty()).then(|| self.rng.pick(&found))
    }

    /// An account that can be seized from.
    fn seizable(&mut self) -> Option<Address> {
        let now = self.now;
        let can = |who: &&Address| {
            let account = self.account(who);
            let frozen = account.freeze.confirmed && account.freeze.stops_outbound(now);
            account.balance > 0 && (frozen || account.hold > 0)
        };
        let found: Vec<_> = self.people.iter().filter(can).copied().collect();
        (!found.is_empty()).then(|| self.rng.pick(&found))
    }

    pub fn seize(&mut self) -> CouncilOp {
        let from = match self.seizable() {
            Some(found) if self.rng.chance(80) => found,
            _ => self.target(),
        };
        let to = match self.rng.below(10) {
            0 => Some(from),
            1 | 2 => None,
            3 => Some(self.stranger()),
            _ => Some(self.anyone()),
        };
        let (balance, hold) = self.state.account(&from).map_or((0, 0), |a| (a.balance, a.hold));
        let room = to.and_then(|to| self.state.account(&to)).map_or(0, |to| u64::MAX - to.balance);
        let amount = match self.rng.below(5) {
            0 => self.near(balance),
            1 | 2 => 1 + self.rng.below(balance.min(hold.max(9)).max(1)),
            _ => self.amount(&[balance, hold, balance / 7, room]),
        };
        CouncilOp::Seize(seize::Seize { from, amount, to, order: self.small_hash(250) })
    }

    pub fn scopes(&mut self) -> Vec<Scope> {
        let mut scopes: Vec<_> = Scope::ALL.into_iter().filter(|_| self.rng.chance(30)).collect();
        if scopes.is_empty() {
            scopes.push(self.rng.pick(&Scope::ALL));
        }
        scopes
    }

    pub fn pause(&mut self) -> CouncilOp {
        let (scopes, short) = (self.scopes(), self.rng.chance(60));
        let most = if short { SHORT_PAUSE_MS_MAX } else { PAUSE_MS_MAX };
        let until = match self.rng.below(10) {
            0 => self.near(self.now),
            1 => self.near(self.now + most),
            _ => self.now + 1_000 + self.rng.below(HOUR_MS),
        };
        CouncilOp::Pause(pause::Pause { scopes, until, short })
    }

    pub fn unpause(&mut self) -> CouncilOp {
        let paused = |scope: &Scope| self.state.pause(*scope).is_paused(self.now);
        let mut scopes: Vec<_> = Scope::ALL.into_iter().filter(paused).collect();
        if scopes.is_empty() || self.rng.chance(10) {
            scopes = self.scopes();
        }
        CouncilOp::Unpause(unpause::Unpause { scopes })
    }

    pub fn recover_key(&mut self) -> CouncilOp {
        let (account, policy, document) = (self.target(), self.key_policy(), self.hash());
        CouncilOp::RecoverKey(recover_key::RecoverKey { account, policy, document })
    }

    pub fn grant_role(&mut self) -> CouncilOp {
        let role = self.rng.pick(&Role::ALL);
        let holder = match self.rng.below(10) {
            0 => self.stranger(),
            1 => self.member(),
            2..6 => {
                let former = self.holders(role, false);
                self.rng.pick(&former)
            }
            _ => self.person(),
        };
        let valid_until = match self.rng.below(10) {
            0 => self.near(self.now),
            1 => self.near(self.now + ROLE_TERM_MS_MAX),
            2 | 3 => self.now + self.rng.below(DAY_MS),
            _ => self.now + 300 * DAY_MS,
        };
        CouncilOp::GrantRole(grant_role::GrantRole { role, holder, valid_until })
    }

    pub fn revoke_role(&mut self) -> CouncilOp {
        let role = self.rng.pick(&Role::ALL);
        let live = self.holders(role, true);
        // The last holder stays mostly, so that its operations go on.
        let holder = if live.len() > 1 { self.rng.pick(&live) } else { self.person() };
        CouncilOp::RevokeRole(revoke_role::RevokeRole { role, holder })
    }

    pub fn is_suspended(&self, minter: &Address) -> bool {
        self.state.minter(minter).is_some_and(|minter| minter.suspended)
    }

    pub fn suspended_minter(&mut self) -> Option<Address> {
        let all = self.holders(Role::Minter, false);
        let stopped: Vec<_> = all.into_iter().filter(|who| self.is_suspended(who)).collect();
        (!stopped.is_empty()).then(|| self.rng.pick(&stopped))
    }

    pub fn about_a_minter(&mut self) -> CouncilOp {
        let mut minter = self.a_minter();
        if self.rng.chance(50) {
            minter = self.suspended_minter().unwrap_or(minter);
        }
        if self.is_suspended(&minter) == self.rng.chance(12) {
            CouncilOp::SuspendMinter(suspend_minter::SuspendMinter { minter })
        } else {
            CouncilOp::ResumeMinter(resume_minter::ResumeMinter { minter })
        }
    }

    pub fn revoke_attestor_key(&mut self) -> CouncilOp {
        let known = self.holders(Role::Attestor, false);
        let attestor = match self.rng.below(10) {
            0 | 1 => self.stranger(),
            2 | 3 => self.person(),
            _ => self.rng.pick(&known),
        };
        let since = self.now.saturating_sub(self.rng.below(DAY_MS));
        let document = self.hash();
        CouncilOp::RevokeAttestorKey(revoke_attestor_key::RevokeAttestorKey {
            attestor,
            since,
            document,
        })
    }

    pub fn publish(&mut self) -> CouncilOp {
        let (digest, severity) = (self.hash(), self.rng.pick(&Severity::ALL));
        if self.rng.chance(50) {
            let (kind, uri) =
                (self.rng.pick(&DocumentKind::ALL), "https://example.org/".to_owned());
            return CouncilOp::SetDocument(set_document::SetDocument { kind, digest, uri });
        }
        let kinds: Vec<_> = IncidentKind::ALL.into_iter().filter(|kind| kind.is_posted()).collect();
        let kind = self.rng.pick(&kinds);
        CouncilOp::PostIncident(post_incident::PostIncident { kind, severity, document: digest })
    }
}
