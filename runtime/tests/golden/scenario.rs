//! A small chain in which every kind of object is written: payments, a mint, a redemption, a
//! report, what the council does, failures, and a transaction that is dropped.

use ballast_primitives::{Hash, KeyPolicy, SecretKey, Signature};
use ballast_runtime::authorisation::{PermitBody, TravelData};
use ballast_runtime::council_op::ops_digest;
use ballast_runtime::object::{
    Class, DocumentKind, IncidentKind, ReportBody, Role, Scope, Severity,
};
use ballast_runtime::ops::deposit_confirm::deposit_id;
use ballast_runtime::ops::redeem_request::redemption_id;
use ballast_runtime::ops::submit_report::report_digest;
use ballast_runtime::ops::transfer::Transfer;
use ballast_runtime::ops::vote::Choice;
use ballast_runtime::{BlockOutcome, CouncilOp, Op, VerifiedTx, Witness, dev};

use crate::common::Who::{self, Holder, Member, Officer};
use crate::common::{DAY, DOLLAR, HOUR, SEED, World, council, genesis, op, unsigned};

const CUSTODIAN: Who = Officer(Role::Custodian);
const MINTER: Who = Officer(Role::Minter);
const REGISTRAR: Who = Officer(Role::Registrar);
const REDEEMER: Who = Officer(Role::Redeemer);

/// A chain, and who is told of each of its blocks.
pub struct Chain<'a> {
    pub world: World,
    pub record: &'a mut dyn FnMut(&World, &[VerifiedTx], &BlockOutcome),
}

impl Chain<'_> {
    fn block(&mut self, txs: &[VerifiedTx]) {
        let outcome = self.world.block(txs);
        (self.record)(&self.world, txs, &outcome);
    }

    /// A block of one-operation transactions.
    fn ops(&mut self, ops: impl IntoIterator<Item = (Who, Op)>) {
        let txs: Vec<_> = ops.into_iter().map(|(who, op)| self.world.tx(who, vec![op])).collect();
        self.block(&txs);
    }

    fn council(&mut self, ops: &[CouncilOp]) {
        let txs = self.world.council_txs(ops.to_vec());
        self.block(&txs);
    }

    pub fn run(&mut self) {
        self.payments();
        self.issuance();
        self.between_institutions();
        self.redemption();
        self.bridge();
        self.control();
        self.reserve();
        self.proposals();
        self.parameters();
        self.block(&[]);
    }

    fn payments(&mut self) {
        let world = &mut self.world;
        let mut memo = world.body(Holder(0), vec![op::transfer(Holder(1), 2 * DOLLAR)]);
        memo.memo = Some(b"rent".to_vec());
        let memo = unsigned(memo, &Holder(0).keys());
        let mut sponsored = world.body(Holder(2), vec![op::transfer(Holder(3), 3)]);
        sponsored.sponsor = Some(Holder(1).address());
        let sponsored = unsigned(sponsored, &[Holder(2).keys(), Holder(1).keys()].concat());
        let fails = vec![op::transfer(Holder(1), 1), op::transfer(Holder(1), 0)];
        let fails = world.tx(Holder(0), fails);
        self.block(&[memo.clone(), sponsored, fails]);
        let expires = self.world.now() + DAY;
        let (owner, spender) = (Holder(0).address(), Holder(2).address());
        let permit = PermitBody {
            owner,
            spender,
            expected: 5,
            amount: 6,
            expires,
            nonce: Hash([1; 32]),
            not_before: 0,
            deadline: expires,
            executor: None,
        };
        let first = self.world.tx(Holder(0), vec![op::approve(spender, 0, 5, expires)]);
        let second = self.world.tx(Holder(1), vec![op::permit(permit, &Holder(0).keys())]);
        let third = op::transfer_from(owner, Holder(3).address(), 2);
        let third = self.world.tx(Holder(2), vec![third]);
        self.block(&[memo, first, second, third]);
        let key = SecretKey::dev("golden", "rotated").public();
        let deadline = self.world.now() + DAY;
        self.ops([
            (Holder(3), op::cancel_auth(Hash([2; 32]), deadline)),
            (Holder(3), op::approve(spender, 0, 1, deadline)),
            (Holder(3), op::approve(owner, 0, 1, deadline)),
            (Holder(3), op::approve(spender, 1, 0, 0)),
            (Who::Fees, op::rotate_key(KeyPolicy::Single(key))),
        ]);
    }

    fn issuance(&mut self) {
        let new = KeyPolicy::Single(SecretKey::dev("golden", "new").public());
        let until = self.world.now() + DAY;
        let deposit = deposit_id(&CUSTODIAN.address(), "ref 1");
        let allowance = 200_000_000 * DOLLAR;
        self.ops([
            (CUSTODIAN, op::deposit("ref 1", 50 * DOLLAR, Holder(0).address())),
            (REGISTRAR, op::register(new, 0, until)),
            (
                Officer(Role::MintController),
                op::allowance(MINTER.address(), allowance, 60 * DOLLAR),
            ),
            (MINTER, op::mint(deposit, 20 * DOLLAR)),
            (Holder(0), op::transfer(MINTER, 10 * DOLLAR)),
            (MINTER, op::burn(4 * DOLLAR)),
        ]);
        let tighter = council::set_policy(&self.world, |policy| policy.rail_hold_ms = HOUR);
        self.council(&[tighter]);
        self.ops([(CUSTODIAN, op::deposit("ref 2", DOLLAR, Holder(0).address()))]);
        self.ops([(CUSTODIAN, op::reverse(deposit, Hash([3; 32])))]);
    }

    fn between_institutions(&mut self) {
        let bank = SecretKey::dev("golden", "bank");
        let until = self.world.now() + 100 * DAY;
        self.ops([
            (REGISTRAR, op::set_institution(1, "First", bank.public())),
            (REGISTRAR, op::set_institution(2, "Second", bank.public())),
            (REGISTRAR, op::set_kyc(Holder(2).address(), 1, until, 1)),
            (REGISTRAR, op::set_kyc(Holder(3).address(), 1, until, 2)),
        ]);
        let travel = Some(Box::new(TravelData {
            data: Hash([4; 32]),
            nonce: Hash([5; 32]),
            expires: self.world.now() + DAY,
            witness: Witness { key: bank.public(), signature: Signature([0; 64]) },
        }));
        let transfer = Transfer { to: Holder(3).address(), amount: DOLLAR, travel };
        self.ops([(Holder(2), Op::Transfer(transfer))]);
    }

    fn redemption(&mut self) {
        let request = |chain: &mut Self, amount| {
            let redeem = op::redeem(amount, 2 * DOLLAR, Hash([6; 32]));
            let tx = chain.world.tx(Holder(1), vec![redeem]);
            let id = redemption_id(&Holder(1).address(), tx.body().nonce, 0);
            chain.block(&[tx]);
            id
        };
        let settled = request(self, 100 * DOLLAR);
        let failed = request(self, 50 * DOLLAR);
        let cancelled = request(self, 20 * DOLLAR);
        self.ops([
            (REDEEMER, op::accept(settled)),
            (REDEEMER, op::accept(failed)),
            (CUSTODIAN, op::payout(settled, "out 1", 99 * DOLLAR)),
            (CUSTODIAN, op::payout(failed, "out 2", 49 * DOLLAR)),
            (REDEEMER, op::settle(settled)),
            (CUSTODIAN, op::payout_failed(failed, Hash([7; 32]))),
            (Holder(1), op::cancel(cancelled)),
        ]);
    }

    fn bridge(&mut self) {
        self.council(&[council::set_bridge(1, "Elsewhere", 100 * DOLLAR, true)]);
        let back = op::bridge_in(1, Hash([8; 32]), Holder(0).address(), DOLLAR);
        self.ops([
            (Holder(3), op::bridge_out(1, 3 * DOLLAR, b"0xabc")),
            (Officer(Role::Bridge), back),
        ]);
    }

    fn control(&mut self) {
        let h1 = Holder(1).address();
        let until = self.world.now() + HOUR;
        self.ops([
            (Holder(1), op::transfer(Holder(0), 1)),
            (Officer(Role::Compliance), op::freeze(h1, false, true)),
            (Officer(Role::Compliance), op::set_hold(Holder(2).address(), 0, 7)),
        ]);
        self.council(&[
            council::confirm_freeze(h1, Hash([9; 32])),
            council::short_pause(&[Scope::Mint], until),
            council::revoke(Role::Bridge, Officer(Role::Bridge).address()),
            council::post_incident(IncidentKind::Security, Severity::Low, Hash([10; 32])),
            council::set_document(DocumentKind::Whitepaper, Hash([11; 32]), "https://example.org"),
        ]);
        self.council(&[
            council::grant(Role::Bridge, Holder(3).address(), until),
            council::seize(h1, DOLLAR, None),
        ]);
        self.council(&[council::unfreeze(h1), council::unpause(&[Scope::Mint])]);
    }

    fn reserve(&mut self) {
        let world = &self.world;
        let checkpoint = *world.state.checkpoint(world.state.reserve().checkpoint).unwrap();
        let body = ReportBody {
            period_start: checkpoint.at,
            as_of: checkpoint.at,
            as_of_height: checkpoint.height,
            stated_outstanding: checkpoint.total,
            ..genesis().report.unwrap().body
        };
        let digest = report_digest(&body);
        let submit = op::submit_report(body, &dev::officer_keys(SEED));
        self.ops([
            (Officer(Role::ReserveManager), submit),
            (Officer(Role::Attestor), op::attest_report(2, digest)),
            (Officer(Role::ReserveManager), op::revoke_report(1, Hash([12; 32]))),
        ]);
        let off = checkpoint.total + 1;
        let reconcile = op::reconcile(checkpoint.at, checkpoint.height, off);
        self.ops([(Officer(Role::ReserveManager), reconcile)]);
    }

    fn parameters(&mut self) {
        let cap = self.world.state.supply().cap;
        let terms = council::set_terms(&self.world, |terms| terms.holidays = vec![1, 2]);
        self.council(&[
            council::suspend(MINTER.address()),
            council::resume(MINTER.address()),
            council::set_cap(cap - 1),
            council::set_limits(1, 2, 3),
            council::set_minter_limits(MINTER.address(), 4, 5),
            terms,
        ]);
        self.council(&[council::set_delay(Class::C, 0), council::set_delay(Class::D, 1)]);
    }

    fn proposals(&mut self) {
        let open = vec![council::unpause(&[Scope::Mint])];
        let number = self.world.state.council().next_proposal;
        self.ops([
            (Member(0), op::propose(open.clone())),
            (Member(1), op::vote(number, ops_digest(&open), Choice::No)),
        ]);
        let members: Vec<_> = (0..4).map(Member).collect();
        self.council(&[council::council_set(&members, [1, 2, 3, 3])]);
        self.ops([(Member(2), op::propose(open))]);
        let validator = crate::common::validator();
        self.council(&[
            council::validator_rotate(
                validator.key,
                SecretKey::dev("golden", "validator").public(),
                validator.peer,
            ),
            council::schedule_upgrade(2, Hash([13; 32]), 1_000_000),
        ]);
    }
}
