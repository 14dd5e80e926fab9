//! Proposals, votes, execution; parameters, the council itself, validators.

use ballast_primitives::{Address, Hash, PublicKey};
use ballast_runtime::limits::{DAY_MS, HOUR_MS, REPORT_AGE_MS_MIN};
use ballast_runtime::object::{Class, Member, ProposalStatus, Quota, Role};
use ballast_runtime::ops::vote::Choice;
use ballast_runtime::ops::*;
use ballast_runtime::{CouncilOp, Op};

use crate::generator::{council_carrier, draft};
use crate::world::{Draft, World, witnesses};
use crate::worlds::{DOLLAR, validator};

/// Of class C or D, whatever the state.
const fn is_grave(op: &CouncilOp) -> bool {
    matches!(
        op,
        CouncilOp::Seize(_)
            | CouncilOp::RecoverKey(_)
            | CouncilOp::GrantRole(_)
            | CouncilOp::ValidatorAdd(_)
            | CouncilOp::ValidatorRemove(_)
            | CouncilOp::ValidatorRotate(_)
            | CouncilOp::CouncilSet(_)
            | CouncilOp::SetDelay(_)
            | CouncilOp::ScheduleUpgrade(_)
    )
}

impl World {
    // ---- parameters ----

    fn changed(&mut self, value: u64) -> u64 {
        match self.rng.below(6) {
            0 => value.saturating_add(1),
            1 => value.saturating_sub(1),
            2 => value.saturating_add(value / 3),
            _ => value,
        }
    }

    fn set_cap(&mut self) -> CouncilOp {
        let (total, cap) = (self.state.supply().total, self.state.supply().cap);
        let cap = match self.rng.below(7) {
            0 => total,
            1 => total.saturating_sub(1),
            2 => cap + 1,
            3 => cap,
            4 => cap - cap.saturating_sub(total) / 8,
            _ => cap + 100_000 * u128::from(DOLLAR),
        };
        CouncilOp::SetCap(set_cap::SetCap { cap })
    }

    fn set_limits(&mut self) -> CouncilOp {
        let policy = self.state.policy().clone();
        CouncilOp::SetLimits(set_limits::SetLimits {
            minter_allowance_max: self.changed(policy.minter_allowance_max),
            mint_per_tx_max: self.changed(policy.mint_per_tx_max),
            global_window_cap: self.changed(policy.global_window_cap),
        })
    }

    fn set_minter_limits(&mut self) -> CouncilOp {
        let minter = self.a_minter();
        let known = self.state.minter(&minter);
        let (per_tx, cap) = known.map_or((1, 1), |minter| (minter.per_tx, minter.window_cap));
        let raised = if cap == 0 { 500_000 * DOLLAR } else { cap };
        let (per_tx, window_cap) = (self.changed(per_tx), self.changed(raised));
        CouncilOp::SetMinterLimits(set_minter_limits::SetMinterLimits {
            minter,
            per_tx,
            window_cap,
        })
    }

    pub fn set_policy(&mut self) -> CouncilOp {
        let policy = self.state.policy().clone();
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
        match self.rng.below(16) {
            0 => op.rail_hold_ms = self.rng.pick(&[0, 10_000, DAY_MS]),
            1 => op.report_max_age_ms = self.rng.pick(&[REPORT_AGE_MS_MIN, DAY_MS, 35 * DAY_MS]),
            2 => op.attest_quorum = 1 + self.rng.below(2) as u8,
            3 => op.custodian_share_max_bps = self.rng.pick(&[None, Some(6_000), Some(10_000)]),
            4 => op.travel_threshold = self.changed(op.travel_threshold),
            5 => op.fee_account = self.anyone(),
            6 => op.officers.ceo = self.a_key(),
            7 => op.officers.cfo = PublicKey([0; 32]),
            8 => op.officers.cfo = op.officers.ceo,
            9 => op.quotas.push(Quota { burst: 20, per_1000_s: 1_000 }),
            10 => {
                op.quotas.pop();
            }
            11 => op.quotas[0].burst = 16 + self.rng.below(6) as u32,
            12 => op.quotas[0].per_1000_s = self.changed(op.quotas[0].per_1000_s),
            13 => op.fee_account = self.stranger(),
            _ => {}
        }
        op.quotas.truncate(16);
        CouncilOp::SetPolicy(op)
    }

    pub fn set_terms(&mut self) -> CouncilOp {
        let terms = self.state.terms().clone();
        let mut op = set_terms::SetTerms {
            min: terms.min,
            max: terms.max,
            fee_bps: terms.fee_bps,
            fee_flat: terms.fee_flat,
            cutoff_minute: terms.cutoff_minute,
            holidays: terms.holidays,
            class_min: terms.class_min,
        };
        match self.rng.below(10) {
            0 => op.min = self.changed(op.min).min(op.max),
            1 => op.max = self.changed(op.max).max(op.min),
            2 => op.fee_bps = self.rng.pick(&[0, 5, 40]),
            3 => op.fee_flat = self.changed(op.fee_flat),
            4 => op.cutoff_minute = self.rng.pick(&[0, 600, 1_020, 1_439, 1_440]),
            5 => op.holidays.truncate(1),
            6 => op.holidays = vec![(self.now / DAY_MS) as u32, (self.now / DAY_MS) as u32 + 4],
            7 => op.class_min = self.rng.below(3) as u8,
            _ => {}
        }
        CouncilOp::SetTerms(op)
    }

    pub fn set_bridge(&mut self) -> CouncilOp {
        let bridge = 1 + self.rng.below(4) as u32;
        let day_cap = match self.state.bridge(bridge) {
            Some(known) if self.rng.chance(80) => self.changed(known.day_cap),
            _ => self.rng.pick(&[5_000 * DOLLAR, u64::MAX]),
        };
        let (name, open) = (format!("chain {bridge}"), self.rng.chance(80));
        CouncilOp::SetBridge(set_bridge::SetBridge { bridge, name, day_cap, open })
    }

    // ---- the council, validators, upgrades ----

    pub fn council_set(&mut self) -> CouncilOp {
        let mut members = self.state.council().members.clone();
        match self.rng.below(12) {
            0 if members.len() > 1 => {
                members.remove(self.rng.index(members.len()));
            }
            // A council of one stays that: it is asked for most of what councils do.
            1 if (2..12).contains(&members.len()) => members.push(self.new_member()),
            2 => members[0] = self.new_member(),
            3 => members[0].key = self.a_key(),
            4 => members[0].account = self.officer(Role::Registrar),
            5 => members[0].account = self.stranger(),
            6 => members[0].key = PublicKey([0; 32]),
            _ => {}
        }
        members.sort_unstable_by_key(|member| member.account);
        members.dedup_by_key(|member| member.account);
        let all = members.len() as u8;
        let half = all / 2 + 1;
        let low = 1.max(half / 2);
        let thresholds = match self.rng.below(9) {
            5 => [1, 1, all / 2, all],
            0 => [0, low, half, all],
            1 => [low, half, half - 1, all],
            2 => [half, low, half, all],
            3 => [low, half, half, all + 1],
            4 => [low, half, all, half],
            _ => [low, half.min(low + 1), half, all.min(half + 1)],
        };
        CouncilOp::CouncilSet(council_set::CouncilSet { members, thresholds })
    }

    /// Mostly someone without a role.
    fn new_member(&mut self) -> Member {
        let (account, key) = (self.person(), self.rng.pick(&self.spare));
        Member { account, key }
    }

    pub fn set_delay(&mut self) -> CouncilOp {
        let class = self.rng.pick(&Class::ALL);
        let now = self.state.council().delay(class, self.now);
        let delay_ms = self.rng.pick(&[0, now, now / 2, now + 500, 2_000]).min(2 * HOUR_MS);
        CouncilOp::SetDelay(set_delay::SetDelay { class, delay_ms })
    }

    pub fn about_validators(&mut self) -> CouncilOp {
        let set = self.state.validators().set.validators().to_vec();
        let heaviest = set.iter().max_by_key(|validator| validator.power).unwrap().clone();
        let some = if self.rng.chance(40) { heaviest } else { self.rng.pick(&set) };
        let other = self.rng.below(12);
        match self.rng.below(8) {
            0..3 => {
                let power = self.rng.pick(&[1, 1, 2, 3, 50, 50, 0, u64::MAX]);
                let mut validator = validator(other, power);
                if self.rng.chance(8) {
                    validator.peer = some.peer;
                }
                CouncilOp::ValidatorAdd(validator_add::ValidatorAdd { validator })
            }
            3..5 => {
                let key = if self.rng.chance(15) { self.spare[6] } else { some.key };
                CouncilOp::ValidatorRemove(validator_remove::ValidatorRemove { key })
            }
            5..7 => {
                let key = if self.rng.chance(15) { self.spare[6] } else { some.key };
                let new = validator(20 + other, 1);
                let (mut new_key, new_peer) = (new.key, new.peer);
                if self.rng.chance(15) {
                    new_key = self.rng.pick(&set).key;
                }
                if self.rng.chance(10) {
                    new_key = self.a_key();
                }
                let op = validator_rotate::ValidatorRotate { key, new_key, new_peer };
                CouncilOp::ValidatorRotate(op)
            }
            _ => self.schedule_upgrade(),
        }
    }

    fn schedule_upgrade(&mut self) -> CouncilOp {
        let current = self.state.upgrade().current;
        let version = self.rng.pick(&[0, current, current + 1, current + 1, current + 1, 3]);
        let soon = self.context.height + 1 + self.rng.pick(&[9, 10, 10, 11]);
        let height = self.rng.pick(&[soon, soon, 1 << 40]);
        let code = self.hash();
        CouncilOp::ScheduleUpgrade(schedule_upgrade::ScheduleUpgrade { version, code, height })
    }

    pub fn council_op(&mut self) -> CouncilOp {
        match self.rng.below(100) {
            0..12 => self.council_freeze(),
            12..20 => self.seize(),
            20..25 => self.pause(),
            25..32 => self.unpause(),
            32..36 => self.recover_key(),
            36..44 => self.grant_role(),
            44..47 => self.revoke_role(),
            47..52 => self.about_a_minter(),
            52..56 => self.set_cap(),
            56..60 => self.set_limits(),
            60..65 => self.set_minter_limits(),
            65..71 => self.set_policy(),
            71..75 => self.set_terms(),
            75..80 => self.set_bridge(),
            80..81 => CouncilOp::RevokeReport(self.revoke_op()),
            81..82 => self.revoke_attestor_key(),
            82..84 => self.publish(),
            84..93 => self.about_validators(),
            93..98 => self.council_set(),
            _ => self.set_delay(),
        }
    }

    fn council_ops(&mut self) -> Vec<CouncilOp> {
        let count = if self.rng.chance(85) { 1 } else { 1 + self.rng.below(4) };
        (0..count).map(|_| self.council_op()).collect()
    }

    // ---- what members send ----

    pub fn propose(&mut self) -> Draft {
        let (sender, ops) = (self.member(), self.council_ops());
        draft(sender, Op::Propose(propose::Propose { ops }))
    }

    pub fn council_exec(&mut self) -> Draft {
        let mut ops = self.council_ops();
        // Graver ones need a proposal.
        for _ in 0..30 {
            if !ops.iter().any(is_grave) || self.rng.chance(4) {
                break;
            }
            ops = self.council_ops();
        }
        self.exec(ops)
    }

    /// Where one vote is enough: proposal and execution in one transaction.
    pub fn decree(&mut self) -> Draft {
        let proposal = self.state.council().next_proposal;
        let mut made = self.propose();
        made.ops.push(Op::Execute(execute::Execute { proposal }));
        made
    }

    /// At once if the council can, else as a proposal.
    pub fn enact(&mut self, ops: Vec<CouncilOp>) -> Draft {
        let slow = self.state.council().delay(Class::B, self.now) > 0;
        council_carrier(self, ops, slow)
    }

    /// Mostly with what it takes.
    pub fn exec(&mut self, ops: Vec<CouncilOp>) -> Draft {
        let council = self.state.council().clone();
        let mut keys: Vec<_> = council.members.iter().map(|member| member.key).collect();
        self.rng.shuffle(&mut keys);
        let enough = usize::from(council.threshold(self.rng.pick(&[Class::A, Class::B, Class::B])));
        keys.truncate(enough);
        let (mut epoch, mut exec_nonce) = (council.epoch, council.exec_nonce);
        match self.rng.below(40) {
            0 => epoch = epoch.wrapping_sub(1),
            1 => exec_nonce += 1,
            2 => keys.push(self.spare[7]),
            3 => keys.truncate(1),
            _ => {}
        }
        let sender = self.member();
        let op = council_exec::CouncilExec { ops, epoch, exec_nonce, witnesses: witnesses(keys) };
        draft(sender, Op::CouncilExec(op))
    }

    /// Proposals that can still be decided.
    fn alive(&self) -> Vec<u64> {
        let (council, now) = (self.state.council(), self.now);
        let is_alive = |number: &&u64| {
            let proposal = self.state.proposal(**number);
            proposal.is_some_and(|proposal| !proposal.status_at(council, now).is_closed())
        };
        council.open.iter().filter(is_alive).copied().collect()
    }

    /// Mostly one that can still be decided.
    fn a_proposal(&mut self) -> u64 {
        let (alive, next) = (self.alive(), self.state.council().next_proposal);
        match self.rng.below(30) {
            0 => next,
            1..4 => self.rng.below(next),
            _ if alive.is_empty() => self.rng.below(next),
            _ => self.rng.pick(&alive),
        }
    }

    fn vote_of(&mut self, sender: Address, proposal: u64, choice: Choice) -> Draft {
        let digest = self.state.proposal(proposal).map_or(Hash([0; 32]), |found| found.digest);
        let digest = if self.rng.chance(2) { self.hash() } else { digest };
        draft(sender, Op::Vote(vote::Vote { proposal, digest, choice }))
    }

    /// Brings a proposal forward: the yes of all who did not say it, or its execution.
    pub fn advance(&mut self) -> Vec<Draft> {
        if self.state.council().open.len() > 20 && self.rng.chance(50) {
            return self.reject();
        }
        if self.alive().is_empty() {
            return vec![self.propose()];
        }
        let number = self.a_proposal();
        let Some(proposal) = self.state.proposal(number).cloned() else {
            return vec![self.vote(), self.execute_op(number)];
        };
        if proposal.status != ProposalStatus::Open {
            return vec![self.execute_op(number)];
        }
        let members: Vec<_> = self.state.council().members.iter().map(|m| m.account).collect();
        let silent = members.into_iter().filter(|member| !proposal.yes.contains(member));
        let silent: Vec<_> = silent.collect();
        silent.into_iter().map(|member| self.vote_of(member, number, Choice::Yes)).collect()
    }

    /// Everyone says no to the oldest proposal that is open.
    fn reject(&mut self) -> Vec<Draft> {
        let council = self.state.council();
        let (oldest, members) = (council.open[0], council.members.clone());
        let no = |member: Member| self.vote_of(member.account, oldest, Choice::No);
        members.into_iter().map(no).collect()
    }

    pub fn vote(&mut self) -> Draft {
        let (number, sender) = (self.a_proposal(), self.member());
        let crowded = self.state.council().open.len() > 12;
        let rest = if crowded { Choice::No } else { Choice::Yes };
        let choice = self.rng.pick(&[rest, rest, Choice::Yes, Choice::No, Choice::Withdraw]);
        self.vote_of(sender, number, choice)
    }

    pub fn execute(&mut self) -> Draft {
        let number = self.a_proposal();
        self.execute_op(number)
    }

    fn execute_op(&mut self, proposal: u64) -> Draft {
        draft(self.member(), Op::Execute(execute::Execute { proposal }))
    }
}
