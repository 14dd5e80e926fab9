//! Transactions at and beyond the bounds of their fields, and bytes that are none at all.

use ballast_primitives::{KeyPolicy, PublicKey};
use ballast_runtime::limits::{DAY_MS, DELAY_MS_MAX, HOUR_MS, RAIL_HOLD_MS_MAX, REPORT_AGE_MS_MAX};
use ballast_runtime::object::{Class, IncidentKind, Member, ReportKind};
use ballast_runtime::ops::*;
use ballast_runtime::tx::TX_BYTES_MAX;
use ballast_runtime::{CouncilOp, Op};

use crate::generator::{council_carrier, draft};
use crate::world::{Draft, World, witness, witnesses};

impl World {
    /// A length at the edges of `1..=most`.
    fn length(&mut self, most: usize) -> usize {
        self.rng.pick(&[0, 1, most, most + 1])
    }

    fn text(&mut self, most: usize) -> String {
        let length = self.length(most);
        // Two bytes a letter at the end: bounds are in bytes.
        if length > 1 && self.rng.chance(50) {
            return "a".repeat(length - 2) + "ü";
        }
        "a".repeat(length)
    }

    /// Keys in order or not.
    fn many_keys(&mut self, most: usize) -> Vec<PublicKey> {
        let count = self.length(most).min(self.spare.len());
        let mut keys = self.spare[..count].to_vec();
        if self.rng.chance(80) {
            keys.sort_unstable();
        }
        keys
    }

    fn crowd(&mut self, most: usize) -> Vec<ballast_runtime::Witness> {
        self.many_keys(most).into_iter().map(witness).collect()
    }

    fn wide_policy(&mut self) -> KeyPolicy {
        KeyPolicy::Threshold { k: 1, keys: self.many_keys(16) }
    }

    /// One operation of an account with a field at an edge.
    fn edgy(&mut self) -> Draft {
        let mut made = match self.rng.below(20) {
            0 => self.permit(),
            1 => self.pay_auth(),
            2 => self.deposit_confirm(),
            3 => self.payout_confirm(),
            4 => self.freeze(),
            5 => self.register_account(),
            6 => self.set_institution(),
            7 => self.rotate_key(),
            8 | 9 => self.submit_report(),
            10 => self.bridge_out(),
            _ => self.edgy_council(),
        };
        let mut ops = std::mem::take(&mut made.ops);
        self.bend(&mut ops[0]);
        made.ops = ops;
        made
    }

    fn bend(&mut self, op: &mut Op) {
        match op {
            Op::Permit(op) => op.witnesses = self.crowd(16),
            Op::PayAuth(op) if self.rng.chance(50) => op.witnesses = self.crowd(16),
            Op::PayAuth(op) => op.body.memo = Some(vec![0; self.length(32)]),
            Op::DepositConfirm(op) => op.bank_ref = self.text(64),
            Op::PayoutConfirm(op) => op.bank_ref = self.text(64),
            Op::Freeze(op) => (op.inbound, op.outbound) = (false, false),
            Op::RegisterAccount(op) => op.policy = self.wide_policy(),
            Op::SetInstitution(op) if self.rng.chance(30) => op.institution = 0,
            Op::SetInstitution(op) => op.name = self.text(64),
            Op::RotateKey(op) => op.policy = self.wide_policy(),
            Op::SubmitReport(op) => self.bend_report(op),
            Op::BridgeOut(op) => op.recipient = vec![0; self.length(64)],
            _ => {}
        }
    }

    fn bend_report(&mut self, op: &mut submit_report::SubmitReport) {
        let body = &mut op.body;
        match self.rng.below(11) {
            0 => body.period_start = body.as_of + self.rng.below(2),
            1 => (body.kind, body.period_start) = (ReportKind::PointInTime, body.as_of - 1),
            2 => body.standard = self.text(64),
            3 => body.exceptions = vec![self.text(128)],
            4 => body.exceptions = vec!["a".to_owned(); self.length(16)],
            5 => {
                let line = body.lines[0].clone();
                body.lines = vec![line; self.length(64)];
            }
            6 => body.lines[0].custodian = self.text(32),
            7 => body.lines[0].country = self.rng.pick(&[*b"AZ", *b"Az", *b"@A", *b"A["]),
            8 => body.uri = self.text(256),
            _ => op.witnesses = self.crowd(2),
        }
    }

    /// Council operations at an edge, or too few or many of good ones.
    fn edgy_council(&mut self) -> Draft {
        if self.rng.chance(25) {
            let ops = vec![self.council_freeze(); self.length(8)];
            return self.carry(ops);
        }
        if self.rng.chance(10) {
            let ops = vec![self.council_freeze()];
            let mut made = self.exec(ops);
            if let Op::CouncilExec(op) = &mut made.ops[0] {
                op.witnesses = self.crowd(21);
            }
            return made;
        }
        let op = self.bounded_op();
        self.carry(vec![op])
    }

    /// An operation of the council that has bounds, with a field at an edge.
    pub fn bounded_op(&mut self) -> CouncilOp {
        let mut op = match self.rng.below(12) {
            0 => self.council_freeze(),
            1 => self.pause(),
            2 => self.unpause(),
            3 => self.recover_key(),
            4 | 5 => self.publish(),
            6 => self.set_policy(),
            7 => self.set_terms(),
            8 => self.set_bridge(),
            9 => self.about_validators(),
            10 => self.council_set(),
            _ => self.set_delay(),
        };
        self.bend_council(&mut op);
        op
    }

    fn carry(&mut self, ops: Vec<CouncilOp>) -> Draft {
        let by_proposal = self.rng.chance(50);
        council_carrier(self, ops, by_proposal)
    }

    fn bend_council(&mut self, op: &mut CouncilOp) {
        match op {
            CouncilOp::Freeze(op) => (op.inbound, op.outbound) = (false, false),
            CouncilOp::Pause(op) => op.scopes = self.odd_scopes(),
            CouncilOp::Unpause(op) => op.scopes = self.odd_scopes(),
            CouncilOp::RecoverKey(op) => op.policy = self.wide_policy(),
            CouncilOp::SetPolicy(op) => self.bend_policy(op),
            CouncilOp::SetTerms(op) => self.bend_terms(op),
            CouncilOp::SetBridge(op) => op.name = self.text(64),
            CouncilOp::PostIncident(op) => op.kind = self.rng.pick(&IncidentKind::ALL),
            CouncilOp::SetDocument(op) => op.uri = self.text(256),
            CouncilOp::ValidatorAdd(op) => op.validator.name = self.text(64),
            CouncilOp::CouncilSet(op) => self.bend_members(op),
            CouncilOp::SetDelay(op) => {
                (op.class, op.delay_ms) = (Class::A, self.near(DELAY_MS_MAX));
            }
            _ => {}
        }
    }

    fn odd_scopes(&mut self) -> Vec<ballast_runtime::object::Scope> {
        let mut scopes = self.scopes();
        match self.rng.below(3) {
            0 => scopes.clear(),
            1 => scopes.push(scopes[0]),
            _ => scopes.reverse(),
        }
        scopes
    }

    fn bend_policy(&mut self, op: &mut set_policy::SetPolicy) {
        match self.rng.below(7) {
            0 => op.rail_hold_ms = self.near(RAIL_HOLD_MS_MAX),
            1 => {
                let edge = self.rng.pick(&[HOUR_MS, REPORT_AGE_MS_MAX, 366 * DAY_MS]);
                op.report_max_age_ms = self.near(edge);
            }
            2 => op.attest_quorum = self.rng.pick(&[0, 1, 16, 17]),
            3 => op.custodian_share_max_bps = Some(self.rng.pick(&[0, 1, 10_000, 10_001])),
            4 => op.quotas[0].burst = 15 + self.rng.below(2) as u32,
            5 => op.quotas[0].per_1000_s = self.rng.below(2),
            _ => op.quotas = vec![op.quotas[0]; self.length(16)],
        }
    }

    fn bend_terms(&mut self, op: &mut set_terms::SetTerms) {
        match self.rng.below(4) {
            0 => op.min = op.max.saturating_add(self.rng.below(2)),
            1 => op.fee_bps = self.rng.pick(&[10_000, 10_001]),
            2 => op.cutoff_minute = self.rng.pick(&[1_440, 1_441]),
            _ => {
                op.holidays = (0..self.length(64) as u32).collect();
                if self.rng.chance(30) {
                    op.holidays.reverse();
                }
            }
        }
    }

    fn bend_members(&mut self, op: &mut council_set::CouncilSet) {
        let member = op.members[0];
        match self.rng.below(4) {
            0 => op.members.clear(),
            1 => op.members.push(member),
            2 => {
                let count = self.length(21);
                let key = |n: usize| self.spare[n % self.spare.len()];
                let one = |n: usize| Member { account: self.people[n % 22], key: key(n) };
                op.members = (0..count).map(one).collect();
                op.members.sort_unstable_by_key(|member| member.account);
            }
            _ => {
                let twin = op.members.iter().map(|m| Member { key: member.key, ..*m });
                op.members = twin.collect();
            }
        }
    }

    /// A transaction that is at a bound of transactions, or beyond.
    fn oversized(&mut self) -> Draft {
        let mut made = self.transfer();
        let transfer = made.ops[0].clone();
        match self.rng.below(6) {
            0 => made.ops.clear(),
            1 => made.ops = vec![transfer; self.length(16)],
            2 => made.memo = Some(vec![0; self.length(32)]),
            3 => made.witnesses = Some(self.many_keys(32)),
            4 => {
                // 64 signatures in all, or 65.
                let last = self.rng.pick(&[15, 16]);
                let counts = [16, 16, 16, last];
                made.ops = counts.iter().filter_map(|count| self.crowded_permit(*count)).collect();
                made.witnesses = Some(vec![self.keys_of(&made.sender)[0]]);
            }
            _ => made = self.brim(),
        }
        made
    }

    /// A transaction as large as may be, or a byte larger.
    fn brim(&mut self) -> Draft {
        let mut made = self.submit_report();
        let Op::SubmitReport(mut op) = made.ops.remove(0) else { return made };
        let mut line = op.body.lines[0].clone();
        line.custodian = "c".repeat(32);
        op.body.uri.clear();
        (op.body.lines, op.body.exceptions) = (vec![line.clone(); 64], vec!["e".repeat(128); 16]);
        let mut last = op.clone();
        (last.body.lines, last.body.exceptions) = (vec![line.clone()], Vec::new());
        let full = Op::SubmitReport(op);
        made.ops = vec![full.clone(), full, Op::SubmitReport(last.clone())];
        let room = TX_BYTES_MAX - self.try_sign(made.clone()).encode().len();
        let size = borsh::object_length(&line).unwrap();
        last.body.lines.extend(vec![line; room / size]);
        last.body.uri = "u".repeat(room % size + self.rng.index(2));
        made.ops[2] = Op::SubmitReport(last);
        made
    }

    fn crowded_permit(&mut self, count: usize) -> Option<Op> {
        let mut made = self.permit();
        let keys = self.spare[..count].to_vec();
        if let Op::Permit(op) = &mut made.ops[0] {
            op.witnesses = witnesses(keys);
        }
        made.ops.pop()
    }

    pub fn misshapen(&mut self) -> Draft {
        if self.rng.chance(80) { self.edgy() } else { self.oversized() }
    }

    /// The bytes of a good transaction, damaged.
    pub fn damaged(&mut self) -> Vec<u8> {
        let made = draft(self.person(), self.transfer().ops.remove(0));
        let mut bytes = if self.sent.is_empty() || self.rng.chance(30) {
            self.seal(made)
        } else {
            self.sent[self.rng.index(self.sent.len())].clone()
        };
        match self.rng.below(4) {
            0 => bytes.truncate(self.rng.index(bytes.len())),
            1 => bytes.push(0),
            _ => {
                let at = self.rng.index(bytes.len());
                bytes[at] ^= 1 << self.rng.below(8);
            }
        }
        bytes
    }
}
