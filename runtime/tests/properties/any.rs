//! Random operations, mostly such that have a chance; shapes that decoding refuses included.

use ballast_primitives::{Address, Hash, KeyPolicy, SecretKey, Signature, Validator};
use ballast_runtime::authorisation::{PayAuthBody, PermitBody, TravelData};
use ballast_runtime::object::{
    Class, DocumentKind, IncidentKind, Object, ReportBody, Role, Scope, Severity,
};
use ballast_runtime::op::Signer;
use ballast_runtime::ops::deposit_confirm::deposit_id;
use ballast_runtime::ops::submit_report::report_digest;
use ballast_runtime::ops::vote::Choice;
use ballast_runtime::ops::{set_policy, set_terms, transfer};
use ballast_runtime::{CouncilOp, Key, Op, Witness, dev};
use proptest::prelude::*;

use crate::common::Who::{self, Fees, Holder, Member, Officer};
use crate::common::{self, ACCOUNTS, DAY, DOLLAR, HOUR, SEED, START, World, council, op};

pub fn who() -> impl Strategy<Value = Who> {
    let officer = (0..Role::ALL.len()).prop_map(|at| Officer(Role::ALL[at]));
    let member = (0..dev::COUNCIL_SIZE).prop_map(Member);
    prop_oneof![6 => holder(), 9 => officer, 2 => member, 1 => Just(Fees)]
}

fn holder() -> impl Strategy<Value = Who> {
    (0..ACCOUNTS).prop_map(Holder)
}

pub fn address() -> impl Strategy<Value = Address> {
    prop_oneof![8 => who().prop_map(Who::address), 1 => any::<[u8; 32]>().prop_map(Address)]
}

/// Amounts around everything that matters, and some at random.
pub fn amount() -> impl Strategy<Value = u64> {
    let edges = prop::sample::select(vec![0, 1, common::BALANCE, u64::MAX, u64::MAX - 1]);
    prop_oneof![4 => 1..1_000u64, 1 => edges, 1 => any::<u64>()]
}

fn dollars() -> impl Strategy<Value = u64> {
    prop_oneof![6 => (5..150u64).prop_map(|n| n * DOLLAR), 1 => amount()]
}

fn time() -> impl Strategy<Value = u64> {
    let near = prop::sample::select(vec![0, HOUR, DAY, 30 * DAY, 366 * DAY, 400 * DAY]);
    prop_oneof![6 => near.prop_map(|ahead| START + ahead), 1 => any::<u64>()]
}

/// One of a few.
fn hash() -> impl Strategy<Value = Hash> {
    (0..6u8).prop_map(|byte| Hash([byte; 32]))
}

fn scopes() -> impl Strategy<Value = Vec<Scope>> {
    prop_oneof![
        8 => prop::sample::subsequence(Scope::ALL.to_vec(), 0..=2),
        1 => prop::collection::vec(prop::sample::select(Scope::ALL.to_vec()), 0..6),
    ]
}

fn role() -> impl Strategy<Value = Role> {
    prop::sample::select(Role::ALL.to_vec())
}

fn secret(n: u32) -> SecretKey {
    SecretKey::dev("property", &n.to_string())
}

fn policy() -> impl Strategy<Value = KeyPolicy> {
    let key = |n: u32| secret(n).public();
    let threshold =
        (any::<u8>(), prop::collection::vec(0..9u32, 0..5)).prop_map(move |(k, keys)| {
            KeyPolicy::Threshold { k: k % 6, keys: keys.into_iter().map(key).collect() }
        });
    prop_oneof![3 => (0..9u32).prop_map(move |n| KeyPolicy::Single(key(n))), 1 => threshold]
}

fn hold() -> impl Strategy<Value = u64> {
    prop_oneof![3 => Just(0), 1 => amount()]
}

fn choice() -> impl Strategy<Value = Choice> {
    prop::sample::select(Choice::ALL.to_vec())
}

fn class() -> impl Strategy<Value = Class> {
    prop::sample::select(Class::ALL.to_vec())
}

/// Any operation of an account. (Boxed by groups: as one type the strategy would not fit a stack.)
pub fn any_op() -> impl Strategy<Value = Op> {
    prop_oneof![5 => payment(), 4 => issuance(), 3 => redemption(), 2 => report(), 4 => record()]
}

fn payment() -> BoxedStrategy<Op> {
    let travel = (hash(), time(), 1..4u32).prop_map(|(nonce, expires, n)| {
        let witness = Witness { key: secret(n).public(), signature: Signature([0; 64]) };
        Some(Box::new(TravelData { data: Hash::default(), nonce, expires, witness }))
    });
    let travel = prop_oneof![Just(None), travel];
    prop_oneof![
        6 => (address(), amount()).prop_map(|(to, amount)| op::transfer_to(to, amount)),
        2 => (holder(), dollars(), travel).prop_map(|(to, amount, travel)| {
            Op::Transfer(transfer::Transfer { to: to.address(), amount, travel })
        }),
        3 => (holder(), amount(), amount(), time())
            .prop_map(|(spender, old, new, end)| op::approve(spender.address(), old, new, end)),
        6 => (holder(), address(), 1..100u64)
            .prop_map(|(owner, to, amount)| op::transfer_from(owner.address(), to, amount)),
        2 => (holder(), address(), amount(), hash(), time(), signer()).prop_map(permit),
        2 => (holder(), address(), amount(), hash(), time(), signer()).prop_map(pay_auth),
        1 => (hash(), time()).prop_map(|(nonce, deadline)| op::cancel_auth(nonce, deadline)),
        2 => (1..3u32, amount()).prop_map(|(n, amount)| op::bridge_out(n, amount, b"remote")),
        2 => (1..3u32, hash(), holder(), 0..100u64)
            .prop_map(|(n, remote, to, amount)| op::bridge_in(n, remote, to.address(), amount)),
    ]
    .boxed()
}

/// Who signs in the owner's place, if anyone.
fn signer() -> impl Strategy<Value = Option<Who>> {
    prop::option::weighted(0.1, who())
}

type Authorisation = (Who, Address, u64, Hash, u64, Option<Who>);

fn permit((owner, spender, amount, nonce, deadline, signer): Authorisation) -> Op {
    let body = PermitBody {
        owner: owner.address(),
        spender,
        expected: 0,
        amount,
        expires: deadline,
        nonce,
        not_before: START,
        deadline,
        executor: None,
    };
    op::permit(body, &signer.unwrap_or(owner).keys())
}

fn pay_auth((owner, to, amount, nonce, deadline, signer): Authorisation) -> Op {
    let body = PayAuthBody {
        owner: owner.address(),
        to,
        amount,
        memo: None,
        nonce,
        not_before: START,
        deadline,
        executor: (amount == 1).then_some(to),
    };
    op::pay_auth(body, &signer.unwrap_or(owner).keys())
}

fn issuance() -> BoxedStrategy<Op> {
    let bank_ref = || prop::sample::select(vec!["a", "b", "c", "d", "e"]);
    let deposit = || bank_ref().prop_map(|r| deposit_id(&Officer(Role::Custodian).address(), r));
    let allowance = (address(), amount(), amount())
        .prop_map(|(minter, old, new)| op::allowance(minter, old, new));
    let own = amount().prop_map(|new| op::allowance(Officer(Role::Minter).address(), 0, new));
    prop_oneof![
        3 => (bank_ref(), dollars(), address()).prop_map(|(r, n, to)| op::deposit(r, n, to)),
        1 => (deposit(), hash()).prop_map(|(deposit, document)| op::reverse(deposit, document)),
        6 => (deposit(), amount()).prop_map(|(deposit, amount)| op::mint(deposit, amount)),
        3 => amount().prop_map(op::burn),
        1 => allowance,
        2 => own,
    ]
    .boxed()
}

/// Stands for any redemption, open or not; lower numbers for the first that are open.
const ID_ANY: u8 = 2;

/// Stands for a redemption; see [`informed`].
fn id() -> impl Strategy<Value = Hash> {
    (0..=ID_ANY).prop_map(|n| Hash([n; 32]))
}

fn redemption() -> BoxedStrategy<Op> {
    let bank_ref = prop::sample::select(vec!["a", "b", "c", "d", "e", "f", "g", "h"]);
    prop_oneof![
        3 => (dollars(), hash()).prop_map(|(amount, bank)| op::redeem(amount, 5 * DOLLAR, bank)),
        4 => id().prop_map(op::accept),
        4 => (id(), bank_ref).prop_map(|(id, bank_ref)| op::payout(id, bank_ref, 0)),
        4 => id().prop_map(op::settle),
        3 => (id(), hash()).prop_map(|(id, document)| op::payout_failed(id, document)),
        1 => (id(), hash()).prop_map(|(id, document)| op::reject(id, document)),
        1 => id().prop_map(op::cancel),
        1 => id().prop_map(op::expire),
    ]
    .boxed()
}

fn report() -> BoxedStrategy<Op> {
    let body = dev_report();
    let submit = any::<bool>().prop_map(move |corrects| {
        let supersedes = corrects.then_some(1);
        op::submit_report(ReportBody { supersedes, ..body.clone() }, &dev::officer_keys(SEED))
    });
    prop_oneof![
        2 => submit,
        2 => (1..5u64).prop_map(|number| op::attest_report(number, Hash::default())),
        1 => (1..5u64, hash()).prop_map(|(number, document)| op::revoke_report(number, document)),
        1 => (0..2u128).prop_map(|off| op::reconcile(0, 0, off)),
    ]
    .boxed()
}

fn dev_report() -> ReportBody {
    common::genesis().report.unwrap().body
}

fn record() -> BoxedStrategy<Op> {
    let key = |n: u32| secret(n).public();
    prop_oneof![
        1 => (prop_oneof![holder().prop_map(Who::address), address()], any::<bool>(), any::<bool>())
            .prop_map(|(account, inbound, outbound)| op::freeze(account, inbound, outbound)),
        1 => (address(), hold(), amount()).prop_map(|(a, old, new)| op::set_hold(a, old, new)),
        1 => (policy(), 0..5u8, time()).prop_map(|(p, class, until)| op::register(p, class, until)),
        1 => (address(), 0..5u8, time(), 0..4u32)
            .prop_map(|(account, class, until, n)| op::set_kyc(account, class, until, n)),
        1 => (1..4u32).prop_map(move |n| op::set_institution(n, "Bank", key(n))),
        1 => policy().prop_map(op::rotate_key),
        1 => prop::collection::vec(any_council_op(), 0..3).prop_map(op::propose),
        2 => (0..12u64, choice()).prop_map(|(n, choice)| op::vote(n, Hash::default(), choice)),
        2 => (0..12u64).prop_map(op::execute),
    ]
    .boxed()
}

/// Any operation of the council.
pub fn any_council_op() -> impl Strategy<Value = CouncilOp> {
    prop_oneof![4 => protection(), 2 => power(), 3 => parameter(), 1 => constitution()]
}

fn protection() -> BoxedStrategy<CouncilOp> {
    prop_oneof![
        (address(), any::<bool>(), any::<bool>())
            .prop_map(|(account, inbound, outbound)| council::freeze(account, inbound, outbound)),
        address().prop_map(council::unfreeze),
        (address(), hold(), amount()).prop_map(|(a, old, new)| council::set_hold(a, old, new)),
        (holder(), hash())
            .prop_map(|(account, order)| council::confirm_freeze(account.address(), order)),
        (address(), amount(), prop::option::of(address()))
            .prop_map(|(from, amount, to)| council::seize(from, amount, to)),
        (scopes(), time()).prop_map(|(scopes, until)| council::pause(&scopes, until)),
        (scopes(), time()).prop_map(|(scopes, until)| council::short_pause(&scopes, until)),
        scopes().prop_map(|scopes| council::unpause(&scopes)),
        prop::sample::select(Scope::ALL.to_vec()).prop_map(|scope| council::unpause(&[scope])),
    ]
    .boxed()
}

fn power() -> BoxedStrategy<CouncilOp> {
    let minter = || prop_oneof![3 => Just(Officer(Role::Minter).address()), 1 => address()];
    prop_oneof![
        4 => (role(), address(), time()).prop_map(|(role, who, end)| council::grant(role, who, end)),
        1 => (role(), address()).prop_map(|(role, who)| council::revoke(role, who)),
        1 => role().prop_map(|role| council::revoke(role, Officer(role).address())),
        1 => minter().prop_map(council::suspend),
        2 => minter().prop_map(council::resume),
        1 => (address(), policy(), hash())
            .prop_map(|(account, policy, doc)| council::recover_key(account, policy, doc)),
        1 => (1..5u64, hash()).prop_map(|(number, doc)| council::revoke_report(number, doc)),
        1 => (address(), time(), hash())
            .prop_map(|(who, since, doc)| council::revoke_attestor_key(who, since, doc)),
    ]
    .boxed()
}

fn parameter() -> BoxedStrategy<CouncilOp> {
    prop_oneof![
        1 => amount().prop_map(|more| council::set_cap(1_000_000_000_000_000 + u128::from(more))),
        1 => (amount(), amount(), amount()).prop_map(|(a, b, c)| council::set_limits(a, b, c)),
        1 => (amount(), amount()).prop_map(|(per_tx, cap)| {
            council::set_minter_limits(Officer(Role::Minter).address(), per_tx, cap)
        }),
        1 => (0..2 * HOUR, 1..3u8, amount()).prop_map(set_policy),
        1 => (0..20 * DOLLAR, 0..100u16, 0..3u8).prop_map(set_terms),
        2 => (1..3u32, amount(), any::<bool>())
            .prop_map(|(n, cap, open)| council::set_bridge(n, "Bridge", cap, open)),
        1 => hash().prop_map(|doc| council::post_incident(IncidentKind::Other, Severity::Low, doc)),
        1 => hash().prop_map(|digest| council::set_document(DocumentKind::Privacy, digest, "uri")),
    ]
    .boxed()
}

/// The dev policy but for these.
fn set_policy((rail_hold_ms, attest_quorum, travel_threshold): (u64, u8, u64)) -> CouncilOp {
    let policy = dev::policy(SEED);
    CouncilOp::SetPolicy(set_policy::SetPolicy {
        rail_hold_ms,
        report_max_age_ms: policy.report_max_age_ms,
        attest_quorum,
        custodian_share_max_bps: None,
        travel_threshold,
        fee_account: policy.fee_account,
        officers: policy.officers,
        quotas: policy.quotas,
    })
}

fn set_terms((min, fee_bps, class_min): (u64, u16, u8)) -> CouncilOp {
    let (max, fee_flat) = (1_000 * DOLLAR, DOLLAR);
    let (cutoff_minute, holidays) = (600, vec![]);
    CouncilOp::SetTerms(set_terms::SetTerms {
        min,
        max,
        fee_bps,
        fee_flat,
        cutoff_minute,
        holidays,
        class_min,
    })
}

fn constitution() -> BoxedStrategy<CouncilOp> {
    prop_oneof![
        validator().prop_map(council::validator_add),
        validator().prop_map(|validator| council::validator_remove(validator.key)),
        (validator(), validator())
            .prop_map(|(a, b)| council::validator_rotate(a.key, b.key, b.peer)),
        (0..=dev::COUNCIL_SIZE, prop::option::of(who()), 0..4u8).prop_map(council_set),
        (class(), 0..10_000u64).prop_map(|(class, ms)| council::set_delay(class, ms)),
        (0..4u32, 0..1_000u64).prop_map(|(n, height)| council::schedule_upgrade(
            n,
            Hash::default(),
            height + 900
        )),
    ]
    .boxed()
}

/// One of a few, the validator of genesis among them.
fn validator() -> impl Strategy<Value = Validator> {
    (0..4u32).prop_map(|n| {
        let key = |label: &str| SecretKey::dev("property", &format!("{label} {n}")).public();
        match n {
            0 => common::validator(),
            _ => Validator { key: key("v"), peer: key("p"), power: 1, name: n.to_string() },
        }
    })
}

/// The council of genesis or most of it, perhaps with someone else.
fn council_set((members, other, threshold): (usize, Option<Who>, u8)) -> CouncilOp {
    let members: Vec<_> = (0..members).map(Member).chain(other).collect();
    council::council_set(&members, [1, threshold, threshold, threshold + 1])
}

/// Who should send it, mostly.
pub fn sender(op: &Op, stray: Option<Who>, holder: u32) -> Who {
    stray.unwrap_or(match op.signer() {
        Signer::Anyone => Holder(holder),
        Signer::Role(role) => Officer(role),
        Signer::Member => Member(holder as usize),
    })
}

/// The operation with what its sender would look up before: ids, digests, what is there now.
pub fn informed(world: &World, who: Who, mut op: Op) -> Op {
    match &mut op {
        Op::Vote(vote) => {
            if let Some(proposal) = world.state.proposal(vote.proposal) {
                vote.digest = proposal.digest;
            }
        }
        Op::Approve(approve) => {
            let key = Key::Allowance(who.address(), approve.spender);
            if let Some(Object::Allowance(allowance)) = world.state.get(&key) {
                approve.expected = allowance.current(world.now());
            } else {
                approve.expected %= 2;
            }
        }
        Op::SetMinterAllowance(set) => {
            if let Some(minter) = world.state.minter(&set.minter) {
                set.expected = minter.allowance;
            }
        }
        // Where several keys are asked for: to a policy that the sender can still sign for.
        Op::RotateKey(rotate) if rotate.policy.keys().len() > 1 => {
            let keys = vec![who.key().public(), secret(1).public()];
            rotate.policy = KeyPolicy::threshold(1, keys).unwrap();
        }
        Op::AttestReport(attest) => {
            if let Some(report) = world.state.report(attest.report) {
                attest.digest = report_digest(&report.body);
            }
        }
        Op::SubmitReport(submit) => newest_report(world, &mut submit.body),
        Op::Reconcile(reconcile) => {
            let checkpoint = world.state.checkpoint(world.state.reserve().checkpoint).unwrap();
            (reconcile.as_of, reconcile.height) = (checkpoint.at, checkpoint.height);
            reconcile.liabilities += checkpoint.total;
        }
        Op::RedeemAccept(op) => op.redemption = redemption_of(world, op.redemption),
        Op::RedeemSettle(op) => op.redemption = redemption_of(world, op.redemption),
        Op::RedeemReject(op) => op.redemption = redemption_of(world, op.redemption),
        Op::RedeemCancel(op) => op.redemption = redemption_of(world, op.redemption),
        Op::RedeemExpire(op) => op.redemption = redemption_of(world, op.redemption),
        Op::PayoutFailed(op) => op.redemption = redemption_of(world, op.redemption),
        Op::PayoutConfirm(op) => {
            op.redemption = redemption_of(world, op.redemption);
            op.net = world.state.redemption(&op.redemption).map_or(0, |redemption| redemption.net);
        }
        _ => {}
    }
    op
}

/// As of the newest checkpoint; correcting the latest report, where it corrects one.
fn newest_report(world: &World, body: &mut ReportBody) {
    let index = world.state.reserve();
    let checkpoint = world.state.checkpoint(index.checkpoint).unwrap();
    (body.as_of, body.period_start) = (checkpoint.at, checkpoint.at);
    (body.as_of_height, body.stated_outstanding) = (checkpoint.height, checkpoint.total);
    body.supersedes = body.supersedes.and(index.latest);
}

/// The n-th redemption that is open, for `Hash([n; 32])`; the last number stands for any.
fn redemption_of(world: &World, placeholder: Hash) -> Hash {
    let number = placeholder.0[0];
    let first = Key::Redemption(Hash([0; 32]));
    let mut ids =
        world.state.range(first..Key::Payout(Hash([0; 32]))).filter_map(|entry| match entry {
            (Key::Redemption(id), Object::Redemption(redemption)) => {
                (redemption.status.is_open() || number == ID_ANY).then_some(*id)
            }
            _ => None,
        });
    ids.nth(usize::from(number % ID_ANY)).unwrap_or(placeholder)
}
