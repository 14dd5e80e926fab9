//! The council in tests: its operations, shortly, and [`World::by_council`] to carry them out.

use ballast_primitives::{Address, Hash, KeyPolicy, PublicKey, Validator};
use ballast_runtime::council_op::{class_of, ops_digest};
use ballast_runtime::object::{
    Class, DocumentKind, IncidentKind, Member, Role, Scope, Severity, Terms,
};
use ballast_runtime::ops::vote::Choice;
use ballast_runtime::ops::*;
use ballast_runtime::{Code, CouncilOp, Event, Op, VerifiedTx, dev};

use super::op::{self, ORDER};
use super::{Who, World, answer, witnesses};

impl World {
    /// Operations on the council's authority: those of class A and B by signatures, the others by
    /// a proposal. They run at [`Self::now`], in one block, or as soon as their class's delay
    /// allows. Gives the operations' own events, without those of the proposal or the signatures.
    pub fn by_council(&mut self, ops: impl Into<Vec<CouncilOp>>) -> Result<Vec<Event>, Code> {
        let ops = ops.into();
        let class = class_of(&ops, &self.state);
        let delay = self.state.council().delay(class, self.now());
        let mut txs = self.council_txs(ops);
        if delay > 0 {
            let execute = txs.pop().expect("the last");
            self.block(&txs);
            self.wait(delay.saturating_sub(1_000));
            txs = vec![execute];
        }
        let outcome = self.block(&txs);
        let mut events = answer(outcome.receipts.last().expect("it was included"))?;
        events.remove(0);
        Ok(events)
    }

    /// The transactions of [`Self::by_council`]; the last carries the operations out.
    pub fn council_txs(&mut self, ops: Vec<CouncilOp>) -> Vec<VerifiedTx> {
        let class = class_of(&ops, &self.state);
        let members = self.quorum(class);
        if class <= Class::B && self.state.council().delay(class, self.now()) == 0 {
            let exec = self.council_exec(ops, &members);
            return vec![self.tx(members[0], vec![exec])];
        }
        let number = self.state.council().next_proposal;
        let mut txs = self.proposal(ops, &members);
        txs.push(self.tx(members[0], vec![op::execute(number)]));
        txs
    }

    /// As [`Self::by_council`], and the state must not notice.
    pub fn try_by_council(&self, ops: impl Into<Vec<CouncilOp>>) -> Result<Vec<Event>, Code> {
        self.clone().by_council(ops)
    }

    /// As many members as the class asks for, each time others first: no member proposes more
    /// than its share.
    pub fn quorum(&self, class: Class) -> Vec<Who> {
        let council = self.state.council();
        let mut members: Vec<_> = (0..dev::COUNCIL_SIZE)
            .map(Who::Member)
            .filter(|member| council.is_member(&member.address()))
            .collect();
        let first = usize::try_from(council.next_proposal).unwrap() % members.len();
        members.rotate_left(first);
        members.truncate(usize::from(council.threshold(class)));
        members
    }

    /// A CouncilExec for now, signed by `members`.
    pub fn council_exec(&self, ops: impl Into<Vec<CouncilOp>>, members: &[Who]) -> Op {
        let council = self.state.council();
        let keys: Vec<_> = members.iter().map(|member| member.key()).collect();
        Op::CouncilExec(council_exec::CouncilExec {
            ops: ops.into(),
            epoch: council.epoch,
            exec_nonce: council.exec_nonce,
            witnesses: witnesses(&keys),
        })
    }

    /// The transactions that bring a proposal, the next one, to the votes of `members`.
    pub fn proposal(&mut self, ops: impl Into<Vec<CouncilOp>>, members: &[Who]) -> Vec<VerifiedTx> {
        let ops = ops.into();
        let (number, digest) = (self.state.council().next_proposal, ops_digest(&ops));
        let proposed = self.tx(members[0], vec![op::propose(ops)]);
        let vote = op::vote(number, digest, Choice::Yes);
        let votes = members[1..].iter().map(|member| self.tx(*member, vec![vote.clone()]));
        [proposed].into_iter().chain(votes).collect()
    }
}

pub fn freeze(account: Address, inbound: bool, outbound: bool) -> CouncilOp {
    CouncilOp::Freeze(freeze::Freeze { account, inbound, outbound, order: ORDER })
}

pub fn unfreeze(account: Address) -> CouncilOp {
    CouncilOp::Unfreeze(unfreeze::Unfreeze { account })
}

pub fn confirm_freeze(account: Address, order: Hash) -> CouncilOp {
    CouncilOp::ConfirmFreeze(confirm_freeze::ConfirmFreeze { account, order })
}

pub fn set_hold(account: Address, expected: u64, hold: u64) -> CouncilOp {
    CouncilOp::SetHold(set_hold::SetHold { account, expected, hold, order: ORDER })
}

pub fn seize(from: Address, amount: u64, to: Option<Address>) -> CouncilOp {
    CouncilOp::Seize(seize::Seize { from, amount, to, order: ORDER })
}

pub fn pause(scopes: &[Scope], until: u64) -> CouncilOp {
    CouncilOp::Pause(pause::Pause { scopes: scopes.to_vec(), until, short: false })
}

pub fn short_pause(scopes: &[Scope], until: u64) -> CouncilOp {
    CouncilOp::Pause(pause::Pause { scopes: scopes.to_vec(), until, short: true })
}

pub fn unpause(scopes: &[Scope]) -> CouncilOp {
    CouncilOp::Unpause(unpause::Unpause { scopes: scopes.to_vec() })
}

pub fn recover_key(account: Address, policy: KeyPolicy, document: Hash) -> CouncilOp {
    CouncilOp::RecoverKey(recover_key::RecoverKey { account, policy, document })
}

pub fn grant(role: Role, holder: Address, valid_until: u64) -> CouncilOp {
    CouncilOp::GrantRole(grant_role::GrantRole { role, holder, valid_until })
}

pub fn revoke(role: Role, holder: Address) -> CouncilOp {
    CouncilOp::RevokeRole(revoke_role::RevokeRole { role, holder })
}

pub fn suspend(minter: Address) -> CouncilOp {
    CouncilOp::SuspendMinter(suspend_minter::SuspendMinter { minter })
}

pub fn resume(minter: Address) -> CouncilOp {
    CouncilOp::ResumeMinter(resume_minter::ResumeMinter { minter })
}

pub fn set_cap(cap: u128) -> CouncilOp {
    CouncilOp::SetCap(set_cap::SetCap { cap })
}

pub fn set_limits(
    minter_allowance_max: u64,
    mint_per_tx_max: u64,
    global_window_cap: u64,
) -> CouncilOp {
    CouncilOp::SetLimits(set_limits::SetLimits {
        minter_allowance_max,
        mint_per_tx_max,
        global_window_cap,
    })
}

pub fn set_minter_limits(minter: Address, per_tx: u64, window_cap: u64) -> CouncilOp {
    CouncilOp::SetMinterLimits(set_minter_limits::SetMinterLimits { minter, per_tx, window_cap })
}

/// The policy as it is, changed.
pub fn set_policy(world: &World, change: impl FnOnce(&mut set_policy::SetPolicy)) -> CouncilOp {
    let policy = world.state.policy().clone();
    let mut op = set_policy::SetPolicy {
        rail_hold_ms: policy.rail_hold_ms,
        report_max_age_ms: policy.report_max_age_ms,
        attest_quorum: policy.attest_quorum,
        custodian_share_max_bps: policy.custodian_share_max_bps,
        travel_threshold: policy.travel_threshold,
        fee_account: policy.fee_account,
        officers: policy.officers,
        quotas: policy.quotas,
    };
    change(&mut op);
    CouncilOp::SetPolicy(op)
}

/// The terms as they are, changed.
pub fn set_terms(world: &World, change: impl FnOnce(&mut set_terms::SetTerms)) -> CouncilOp {
    let Terms { min, max, fee_bps, fee_flat, cutoff_minute, holidays, class_min, .. } =
        world.state.terms().clone();
    let mut op =
        set_terms::SetTerms { min, max, fee_bps, fee_flat, cutoff_minute, holidays, class_min };
    change(&mut op);
    CouncilOp::SetTerms(op)
}

pub fn set_bridge(bridge: u32, name: &str, day_cap: u64, open: bool) -> CouncilOp {
    CouncilOp::SetBridge(set_bridge::SetBridge { bridge, name: name.to_owned(), day_cap, open })
}

pub fn revoke_report(report: u64, document: Hash) -> CouncilOp {
    CouncilOp::RevokeReport(revoke_report::RevokeReport { report, document })
}

pub fn revoke_attestor_key(attestor: Address, since: u64, document: Hash) -> CouncilOp {
    CouncilOp::RevokeAttestorKey(revoke_attestor_key::RevokeAttestorKey {
        attestor,
        since,
        document,
    })
}

pub fn post_incident(kind: IncidentKind, severity: Severity, document: Hash) -> CouncilOp {
    CouncilOp::PostIncident(post_incident::PostIncident { kind, severity, document })
}

pub fn set_document(kind: DocumentKind, digest: Hash, uri: &str) -> CouncilOp {
    CouncilOp::SetDocument(set_document::SetDocument { kind, digest, uri: uri.to_owned() })
}

pub fn validator_add(validator: Validator) -> CouncilOp {
    CouncilOp::ValidatorAdd(validator_add::ValidatorAdd { validator })
}

pub fn validator_remove(key: PublicKey) -> CouncilOp {
    CouncilOp::ValidatorRemove(validator_remove::ValidatorRemove { key })
}

pub fn validator_rotate(key: PublicKey, new_key: PublicKey, new_peer: PublicKey) -> CouncilOp {
    CouncilOp::ValidatorRotate(validator_rotate::ValidatorRotate { key, new_key, new_peer })
}

/// Each member signs with its account's key.
pub fn council_set(members: &[Who], thresholds: [u8; 4]) -> CouncilOp {
    let member = |who: &Who| Member { account: who.address(), key: who.key().public() };
    let mut members: Vec<_> = members.iter().map(member).collect();
    members.sort_unstable_by_key(|member| member.account);
    CouncilOp::CouncilSet(council_set::CouncilSet { members, thresholds })
}

pub fn set_delay(class: Class, delay_ms: u64) -> CouncilOp {
    CouncilOp::SetDelay(set_delay::SetDelay { class, delay_ms })
}

pub fn schedule_upgrade(version: u32, code: Hash, height: u64) -> CouncilOp {
    CouncilOp::ScheduleUpgrade(schedule_upgrade::ScheduleUpgrade { version, code, height })
}
