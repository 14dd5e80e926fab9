//! One of each operation, with fields that are told apart, and signed where something is signed
//! inside it: for the chain of [`plain`].

use ballast_primitives::domain::SignTag;
use ballast_primitives::{Address, Hash, KeyPolicy, PublicKey, SecretKey, Validator};
use ballast_runtime::authorisation::{PayAuthBody, PermitBody, TravelData, signed_bytes};
use ballast_runtime::object::{
    Assurance, Category, Class, DocumentKind, IncidentKind, Line, Officers, Opinion, Quota,
    ReportBody, ReportKind, Role, Scope, Severity,
};
use ballast_runtime::ops::vote::Choice;
use ballast_runtime::ops::*;
use ballast_runtime::{CouncilOp, Op, TxBody, Witness};

use super::Who::{Holder, Member};
use super::{council, op};

/// A transaction without operations.
pub fn plain() -> TxBody {
    TxBody {
        genesis: Hash([0xaa; 32]),
        chain_id: 0x0102_0304,
        sender: Address::of(&KeyPolicy::Single(secret(0).public())),
        nonce: 1,
        valid_until: 1_700_000_000_000,
        sponsor: None,
        memo: None,
        ops: vec![],
    }
}

fn secret(n: u32) -> SecretKey {
    SecretKey::dev("golden", &n.to_string())
}

fn key(n: u32) -> PublicKey {
    secret(n).public()
}

const fn address(n: u8) -> Address {
    Address([n; 32])
}

const fn hash(n: u8) -> Hash {
    Hash([n; 32])
}

/// The signature of key 9.
fn witness(message: &[u8]) -> Witness {
    Witness { key: key(9), signature: secret(9).sign(message) }
}

fn travel(payer: Address, payee: Address, amount: u64) -> Option<Box<TravelData>> {
    let mut data =
        TravelData { data: hash(0x71), nonce: hash(0x72), expires: 73, witness: witness(b"") };
    data.witness = witness(&data.signed_bytes(&plain(), &payer, &payee, amount));
    Some(Box::new(data))
}

pub fn ops() -> Vec<Op> {
    [payments(), money(), records(), council_ops_of_members()].concat()
}

fn payments() -> Vec<Op> {
    let permit = Box::new(PermitBody {
        owner: address(1),
        spender: address(2),
        expected: 3,
        amount: 4,
        expires: 5,
        nonce: hash(6),
        not_before: 7,
        deadline: 8,
        executor: Some(address(9)),
    });
    let pay = Box::new(PayAuthBody {
        owner: address(1),
        to: address(2),
        amount: 3,
        memo: Some(b"memo".to_vec()),
        nonce: hash(4),
        not_before: 5,
        deadline: 6,
        executor: None,
    });
    let transfer = transfer::Transfer {
        to: address(2),
        amount: 3,
        travel: travel(plain().sender, address(2), 3),
    };
    let transfer_from = transfer_from::TransferFrom {
        owner: address(1),
        to: address(2),
        amount: 3,
        travel: travel(address(1), address(2), 3),
    };
    let witnesses = vec![witness(&signed_bytes(SignTag::Permit, &plain(), &permit))];
    let permit = permit::Permit { body: permit, witnesses };
    let witnesses = vec![witness(&signed_bytes(SignTag::PayAuth, &plain(), &pay))];
    let travel = travel(address(1), address(2), 3);
    vec![
        op::transfer_to(address(1), 0x0102_0304_0506_0708),
        Op::Transfer(transfer),
        op::approve(address(1), 2, 3, 4),
        op::transfer_from(address(1), address(2), 3),
        Op::TransferFrom(transfer_from),
        Op::Permit(permit),
        Op::PayAuth(pay_auth::PayAuth { body: pay, witnesses, travel }),
        op::cancel_auth(hash(1), 2),
        op::bridge_out(1, 2, b"0xabc"),
        op::bridge_in(1, hash(2), address(3), 4),
    ]
}

fn money() -> Vec<Op> {
    vec![
        op::deposit("Überweisung 17", 2, address(2)),
        op::reverse(hash(1), hash(2)),
        op::payout(hash(1), "payout 1", 2),
        op::payout_failed(hash(1), hash(2)),
        op::mint(hash(3), 3),
        op::burn(4),
        op::allowance(address(5), 5, 6),
        op::redeem(1, 2, hash(3)),
        op::accept(hash(1)),
        op::settle(hash(2)),
        op::reject(hash(3), hash(4)),
        op::cancel(hash(5)),
        op::expire(hash(6)),
    ]
}

fn records() -> Vec<Op> {
    let threshold = KeyPolicy::threshold(2, vec![key(1), key(2), key(3)]).unwrap();
    let body = Box::new(report());
    let witnesses = vec![witness(&signed_bytes(SignTag::Report, &plain(), &body))];
    vec![
        op::freeze(address(7), true, false),
        op::set_hold(address(8), 7, 8),
        op::register(KeyPolicy::Single(key(0)), 1, 10),
        op::register(threshold.clone(), 2, 11),
        op::set_kyc(address(1), 2, 3, 4),
        op::set_institution(1, "Bank", key(2)),
        op::rotate_key(threshold),
        Op::SubmitReport(submit_report::SubmitReport { body, witnesses }),
        op::attest_report(1, hash(2)),
        op::revoke_report(1, hash(2)),
        op::reconcile(1, 2, 3),
    ]
}

pub fn report() -> ReportBody {
    let line = |category, custodian: &str, amount| Line {
        category,
        custodian: custodian.to_owned(),
        country: *b"US",
        maturity_days: 30,
        face: amount,
        amortised: amount + 1,
        market: amount + 2,
        encumbered: 3,
        segregated: true,
    };
    ReportBody {
        supersedes: Some(1),
        kind: ReportKind::Period,
        period_start: 2,
        as_of: 3,
        as_of_height: 4,
        stated_outstanding: 5,
        scope: hash(6),
        standard: "a standard".to_owned(),
        assurance: Assurance::Examination,
        opinion: Opinion::Qualified,
        exceptions: vec!["an exception".to_owned()],
        lines: vec![line(Category::Treasury, "one", 7), line(Category::Other, "two", 8)],
        document: hash(9),
        uri: "https://example.org/report".to_owned(),
    }
}

fn council_ops_of_members() -> Vec<Op> {
    let ops = vec![council::unfreeze(address(14))];
    let (epoch, exec_nonce) = (14, 15);
    let message = signed_bytes(SignTag::CouncilVote, &plain(), &(epoch, exec_nonce, &ops));
    let witnesses = vec![witness(&message)];
    let exec = council_exec::CouncilExec { ops, epoch, exec_nonce, witnesses };
    vec![
        op::propose([council::unpause(&Scope::ALL)]),
        op::vote(12, hash(12), Choice::Withdraw),
        op::execute(13),
        Op::CouncilExec(exec),
    ]
}

pub fn council_ops() -> Vec<CouncilOp> {
    [council_on_accounts(), council_on_parameters(), council_on_itself()].concat()
}

fn council_on_accounts() -> Vec<CouncilOp> {
    vec![
        council::freeze(address(30), true, false),
        council::unfreeze(address(31)),
        council::set_hold(address(32), 3, 4),
        council::confirm_freeze(address(33), hash(34)),
        council::seize(address(34), 5, Some(address(35))),
        council::pause(&[Scope::Transfer, Scope::Bridge], 40),
        council::short_pause(&[Scope::RedeemNew], 41),
        council::unpause(&Scope::ALL),
        council::recover_key(address(54), KeyPolicy::Single(key(1)), hash(55)),
        council::grant(Role::Bridge, address(60), 60),
        council::revoke(Role::MintController, address(61)),
        council::suspend(address(62)),
        council::resume(address(63)),
    ]
}

fn council_on_parameters() -> Vec<CouncilOp> {
    let policy = set_policy::SetPolicy {
        rail_hold_ms: 1,
        report_max_age_ms: 3_600_002,
        attest_quorum: 3,
        custodian_share_max_bps: Some(4),
        travel_threshold: 5,
        fee_account: address(6),
        officers: Officers { ceo: key(1), cfo: key(2) },
        quotas: vec![Quota { burst: 17, per_1000_s: 8 }],
    };
    let terms = set_terms::SetTerms {
        min: 1,
        max: 2,
        fee_bps: 3,
        fee_flat: 4,
        cutoff_minute: 5,
        holidays: vec![6, 7],
        class_min: 8,
    };
    vec![
        council::set_cap(64),
        council::set_limits(65, 66, 67),
        council::set_minter_limits(address(66), 67, 68),
        CouncilOp::SetPolicy(policy),
        CouncilOp::SetTerms(terms),
        council::set_bridge(69, "Bridge", 70, true),
        council::revoke_report(82, hash(83)),
        council::revoke_attestor_key(address(84), 85, hash(86)),
        council::post_incident(IncidentKind::Legal, Severity::High, hash(110)),
        council::set_document(DocumentKind::Privacy, hash(111), "https://example.org/p"),
    ]
}

fn council_on_itself() -> Vec<CouncilOp> {
    let validator = Validator { key: key(1), peer: key(2), power: 3, name: "new".to_owned() };
    vec![
        council::validator_add(validator),
        council::validator_remove(key(1)),
        council::validator_rotate(key(1), key(2), key(3)),
        council::council_set(&[Holder(0), Holder(1), Member(2)], [1, 2, 2, 3]),
        council::set_delay(Class::C, 131),
        council::schedule_upgrade(2, hash(132), 1_000),
    ]
}
