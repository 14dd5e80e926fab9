//! Properties over random blocks, operations and bytes.

mod common;

use std::collections::BTreeSet;

use ballast_primitives::{Address, Hash, KeyPolicy, SecretKey, Validator, codec, merkle};
use ballast_runtime::object::{Class, DocumentKind, IncidentKind, Object, Role, Scope, Severity};
use ballast_runtime::op::Signer;
use ballast_runtime::ops::deposit_confirm::deposit_id;
use ballast_runtime::ops::vote::Choice;
use ballast_runtime::replay::{ReplayWindow, WINDOW};
use ballast_runtime::*;
use common::Who::{self, Fees, Holder, Member, Officer};
use common::{ACCOUNTS, DAY, HOUR, START, World, council, op};
use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::TestRunner;

fn who() -> impl Strategy<Value = Who> {
    let officer = (0..Role::ALL.len()).prop_map(|at| Officer(Role::ALL[at]));
    let member = (0..dev::COUNCIL_SIZE).prop_map(Member);
    prop_oneof![6 => (0..ACCOUNTS).prop_map(Holder), 9 => officer, 2 => member, 1 => Just(Fees)]
}

fn address() -> impl Strategy<Value = Address> {
    prop_oneof![8 => who().prop_map(Who::address), 1 => any::<[u8; 32]>().prop_map(Address)]
}

/// Amounts around everything that matters, and some at random.
fn amount() -> impl Strategy<Value = u64> {
    let edges = prop::sample::select(vec![0, 1, common::BALANCE, u64::MAX, u64::MAX - 1]);
    prop_oneof![4 => 1..1_000u64, 1 => edges, 1 => any::<u64>()]
}

fn time() -> impl Strategy<Value = u64> {
    let near = prop::sample::select(vec![0, HOUR, DAY, 30 * DAY, 366 * DAY, 400 * DAY]);
    prop_oneof![6 => near.prop_map(|ahead| START + ahead), 1 => any::<u64>()]
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

fn policy() -> impl Strategy<Value = KeyPolicy> {
    let key = |n: u32| SecretKey::dev("property", &n.to_string()).public();
    let threshold =
        (any::<u8>(), prop::collection::vec(0..9u32, 0..5)).prop_map(move |(k, keys)| {
            KeyPolicy::Threshold { k: k % 6, keys: keys.into_iter().map(key).collect() }
        });
    prop_oneof![3 => (0..9u32).prop_map(move |n| KeyPolicy::Single(key(n))), 1 => threshold]
}

/// The allowance at genesis replaced by another, or anything.
fn allowance() -> impl Strategy<Value = Op> {
    let minter = Officer(Role::Minter).address();
    let current = 200_000_000 * common::DOLLAR;
    prop_oneof![
        amount().prop_map(move |new| op::allowance(minter, current, new)),
        (address(), amount(), amount()).prop_map(|(m, old, new)| op::allowance(m, old, new)),
    ]
}

/// Any operation of an account, mostly one that has a chance; shapes that decoding refuses
/// included.
fn any_op() -> impl Strategy<Value = Op> {
    let bank_ref = prop::sample::select(vec!["a", "b", "c", "d", "e"]);
    let deposit = prop::sample::select(vec!["a", "b", "c", "d", "e", "none"])
        .prop_map(|bank_ref| deposit_id(&Officer(Role::Custodian).address(), bank_ref));
    prop_oneof![
        6 => (address(), amount()).prop_map(|(to, amount)| op::transfer_to(to, amount)),
        2 => (bank_ref, amount(), address()).prop_map(|(r, amount, to)| op::deposit(r, amount, to)),
        4 => (deposit, amount()).prop_map(|(deposit, amount)| op::mint(deposit, amount)),
        2 => amount().prop_map(op::burn),
        1 => allowance(),
        1 => (address(), any::<bool>(), any::<bool>())
            .prop_map(|(account, inbound, outbound)| op::freeze(account, inbound, outbound)),
        1 => (address(), hold(), amount()).prop_map(|(a, old, new)| op::set_hold(a, old, new)),
        1 => (policy(), 0..5u8, time()).prop_map(|(p, class, until)| op::register(p, class, until)),
        1 => prop::collection::vec(any_council_op(), 0..3).prop_map(op::propose),
        2 => (0..12u64, choice()).prop_map(|(n, choice)| op::vote(n, Hash::default(), choice)),
        2 => (0..12u64).prop_map(op::execute),
    ]
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

/// Any operation of the council.
fn any_council_op() -> impl Strategy<Value = CouncilOp> {
    let hash = || any::<u8>().prop_map(|byte| Hash([byte; 32]));
    let protective = prop_oneof![
        (address(), any::<bool>(), any::<bool>())
            .prop_map(|(account, inbound, outbound)| council::freeze(account, inbound, outbound)),
        address().prop_map(council::unfreeze),
        (address(), hold(), amount()).prop_map(|(a, old, new)| council::set_hold(a, old, new)),
        (address(), hash()).prop_map(|(account, order)| council::confirm_freeze(account, order)),
        (address(), amount(), prop::option::of(address()))
            .prop_map(|(from, amount, to)| council::seize(from, amount, to)),
        (scopes(), time()).prop_map(|(scopes, until)| council::pause(&scopes, until)),
        (scopes(), time()).prop_map(|(scopes, until)| council::short_pause(&scopes, until)),
        scopes().prop_map(|scopes| council::unpause(&scopes)),
    ];
    let powers = prop_oneof![
        (role(), address(), time()).prop_map(|(role, who, end)| council::grant(role, who, end)),
        (role(), address()).prop_map(|(role, who)| council::revoke(role, who)),
        hash().prop_map(|doc| council::post_incident(IncidentKind::Other, Severity::Low, doc)),
        hash().prop_map(|digest| council::set_document(DocumentKind::Privacy, digest, "uri")),
    ];
    let constitution = prop_oneof![
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
    ];
    prop_oneof![4 => protective, 2 => powers, 1 => constitution]
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
fn sender(op: &Op, stray: Option<Who>, holder: u32) -> Who {
    stray.unwrap_or(match op.signer() {
        Signer::Anyone => Holder(holder),
        Signer::Role(role) => Officer(role),
        Signer::Member => Member(holder as usize),
    })
}

/// A transaction of an account, or what the council does in several.
#[derive(Clone, Debug)]
enum Act {
    Ops(Vec<Op>, Option<Who>, u32),
    Council(Vec<CouncilOp>),
}

/// What happens, and how many milliseconds later the block of it comes.
type Step = (Act, u64);

fn step() -> impl Strategy<Value = Step> {
    let ops = prop_oneof![
        3 => any_op().prop_map(|op| vec![op]),
        1 => prop::collection::vec(any_op(), 0..5),
        1 => prop::collection::vec(
            (address(), amount()).prop_map(|(to, amount)| op::transfer_to(to, amount)), 1..5),
    ];
    let ops = (ops, prop::option::weighted(0.2, who()), 0..ACCOUNTS)
        .prop_map(|(ops, stray, holder)| Act::Ops(ops, stray, holder));
    let council = prop::collection::vec(any_council_op(), 1..3).prop_map(Act::Council);
    let wait = prop_oneof![8 => Just(0), 1 => 0..400 * DAY];
    (prop_oneof![3 => ops, 1 => council], wait)
}

fn tx(world: &mut World, (act, _): &Step) -> Vec<VerifiedTx> {
    match act {
        Act::Ops(ops, stray, holder) => {
            let who = ops.first().map_or(Holder(0), |op| sender(op, *stray, *holder));
            let ops = ops.iter().map(|op| informed(world, op.clone())).collect();
            vec![world.tx(who, ops)]
        }
        Act::Council(ops) => world.council_txs(ops.clone()),
    }
}

/// The operation with what its sender would look up: a voter reads what it votes on.
fn informed(world: &World, op: Op) -> Op {
    match op {
        Op::Vote(mut vote) => {
            if let Some(proposal) = world.state.proposal(vote.proposal) {
                vote.digest = proposal.digest;
            }
            Op::Vote(vote)
        }
        op => op,
    }
}

fn txs(world: &mut World, steps: &[Step]) -> Vec<VerifiedTx> {
    steps.iter().flat_map(|step| tx(world, step)).collect()
}

fn root_of_all_leaves(state: &State) -> Hash {
    let leaves: Vec<_> = state.changes().map(|change| change.leaf()).collect();
    merkle::STATE.root_of(&leaves)
}

fn sum_of_balances(state: &State) -> u128 {
    let balance = |change: Change| match common::decode_change(&change).1 {
        Object::Account(account) => u128::from(account.balance),
        _ => 0,
    };
    state.changes().map(balance).sum()
}

proptest! {
    #![proptest_config(ProptestConfig::default())]

    /// Blocks of random transactions never panic nor break an invariant, conserve the supply,
    /// keep the tree equal to one built at once, and write exactly what changed.
    #[test]
    fn random_blocks_keep_every_invariant(
        blocks in prop::collection::vec(prop::collection::vec(step(), 0..12), 1..8),
    ) {
        let mut world = World::new();
        let mut stored: Vec<_> = world.state.changes().collect();
        for steps in blocks {
            let txs = txs(&mut world, &steps);
            world.wait(steps.iter().map(|step| step.1).max().unwrap_or(0));
            // `block` checks every invariant over the whole state.
            let outcome = world.block(&txs);
            prop_assert_eq!(outcome.receipts.len() + outcome.dropped.len(), txs.len());
            prop_assert_eq!(sum_of_balances(&world.state), world.state.supply().total);
            prop_assert_eq!(world.state.root(), root_of_all_leaves(&world.state));
            for change in outcome.changes {
                match stored.get_mut(change.slot as usize) {
                    Some(leaf) => *leaf = change,
                    None => stored.push(change),
                }
            }
            prop_assert!(stored.iter().cloned().eq(world.state.changes()), "changes are complete");
            let restored = State::restore(stored.iter().rev().cloned());
            prop_assert_eq!(restored, Ok(world.state.clone()));
        }
    }

    /// A failed transaction leaves the state that its nonce and quota alone would leave.
    #[test]
    fn all_operations_of_a_transaction_happen_or_none(
        before in prop::collection::vec(step(), 0..6),
        ops in prop::collection::vec(any_op(), 1..5),
        stray in prop::option::weighted(0.3, who()),
    ) {
        let mut world = World::new();
        let txs = txs(&mut world, &before);
        world.block(&txs);
        let who = sender(&ops[0], stray, 0);
        let fails = [ops, vec![op::burn(0), op::transfer(who, 0)]].concat();
        let attempt = world.tx(who, fails);
        let mut after = world.clone();
        let outcome = after.block(&[attempt]);
        let Some(receipt) = outcome.receipts.first() else {
            prop_assert!(after.state == world.state, "dropped without a trace");
            return Ok(());
        };
        let failed = matches!(receipt.outcome, Outcome::Failed { .. });
        prop_assert!(failed && receipt.events.is_empty());
        prop_assert_eq!(outcome.changes.len(), 1);
        let mut sender = after.account(who).clone();
        sender.replay = world.account(who).replay;
        sender.quota = world.account(who).quota;
        prop_assert_eq!(&sender, world.account(who));
        prop_assert_eq!(after.state.len(), world.state.len());
    }

    /// Transfers between different pairs commute.
    #[test]
    fn the_order_of_transfers_that_share_no_account_does_not_matter(
        amounts in prop::collection::vec((amount(), any::<bool>()), 1..12),
        delay in 0..12usize,
    ) {
        let mut world = World::new();
        let txs: Vec<_> = amounts
            .iter()
            .map(|(amount, first)| {
                let (from, to) = if *first { (0, 1) } else { (2, 3) };
                (*first, world.tx(Holder(from), vec![op::transfer(Holder(to), *amount)]))
            })
            .collect();
        // Keeps each pair's own order: one pair is delayed against the other.
        let mut order: Vec<_> = txs.iter().enumerate().collect();
        order.sort_by_key(|(at, (first, _))| if *first { *at } else { delay });
        let mut other = world.clone();
        let straight: Vec<_> = txs.iter().map(|(_, tx)| tx.clone()).collect();
        let shuffled: Vec<_> = order.into_iter().map(|(_, (_, tx))| tx.clone()).collect();
        world.block(&straight);
        other.block(&shuffled);
        prop_assert_eq!(world.state.root(), other.state.root());
    }

    /// The window against the plain meaning of its rule.
    #[test]
    fn the_replay_window_is_a_set_of_used_nonces(
        start in prop_oneof![Just(0u64), any::<u64>()],
        jumps in prop::collection::vec((0u64..300, any::<bool>()), 0..300),
    ) {
        let mut window = ReplayWindow { high: start, seen: u128::MAX };
        let mut used: BTreeSet<u64> = (start.saturating_sub(WINDOW - 1)..=start).collect();
        for (jump, up) in jumps {
            let high = *used.last().unwrap();
            let nonce = if up { high.saturating_add(jump) } else { high.saturating_sub(jump) };
            let expected = if used.contains(&nonce) && high - nonce < WINDOW && nonce != 0 {
                Err(Code::NonceUsed)
            } else if nonce > high && nonce - high > WINDOW {
                Err(Code::NonceTooNew)
            } else if nonce == 0 || high.saturating_sub(nonce) >= WINDOW {
                Err(Code::NonceTooOld)
            } else {
                Ok(())
            };
            prop_assert_eq!(window.check(nonce), expected, "{} at {}", nonce, high);
            prop_assert_eq!(window.consume(nonce), expected);
            if expected.is_ok() {
                used.insert(nonce);
            }
        }
    }

    /// Whatever the bytes, decoding answers, and what decodes encodes back.
    #[test]
    fn decoding_never_panics_and_is_canonical(
        bytes in prop::collection::vec(any::<u8>(), 0..600),
        ops in prop::collection::vec(any_op(), 1..4),
        flips in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..4),
    ) {
        let key = &Holder(0).keys()[0];
        let body = World::new().body(Holder(0), ops);
        let mut damaged = body.sign(&[key]).encode();
        for (at, byte) in flips {
            let at = at.index(damaged.len());
            damaged[at] = byte;
        }
        for bytes in [bytes, damaged] {
            if let Ok(tx) = SignedTx::decode(&bytes) {
                prop_assert_eq!(tx.encode(), &bytes[..]);
            }
            let _ = codec::decode::<Key>(&bytes, 1_000);
            let _ = codec::decode::<Object>(&bytes, 1_000);
            let _ = codec::decode::<Receipt>(&bytes, 1_000);
            let _ = codec::decode::<Change>(&bytes, 1_000);
            let _ = Genesis::decode(&bytes);
        }
    }

    /// Admission and execution agree on every transaction, on the same state and time.
    #[test]
    fn admission_says_what_execution_does(
        before in prop::collection::vec(step(), 0..4),
        step in step(),
        nonce in prop_oneof![Just(None), (0..300u64).prop_map(Some)],
        ahead in prop_oneof![4 => Just(HOUR), 1 => 0..3 * DAY],
    ) {
        let mut world = World::new();
        let txs = txs(&mut world, &before);
        world.block(&txs);
        let made = tx(&mut world, &step).swap_remove(0);
        let mut tx = made.tx().clone();
        tx.body.nonce = nonce.unwrap_or(tx.body.nonce);
        tx.body.valid_until = world.context.time + ahead;
        let id = tx.body.id();
        let made = VerifiedTx::assume_verified(tx, id);
        let next = BlockContext { height: 2, time: world.now(), ..world.context };
        let admission = admission::check(&world.state, &next, made.tx());
        let outcome = world.block(&[made]);
        let execution = outcome.dropped.first().map_or(Ok(()), |(_, code)| Err(*code));
        prop_assert_eq!(admission, execution);
    }
}

/// The random blocks above prove little if they only fail: here, that every operation succeeds
/// somewhere in them, and that they reach every code they could.
#[test]
fn random_operations_succeed_and_reach_every_code_they_could() {
    let mut runner = TestRunner::deterministic();
    let steps = step();
    let (mut succeeded, mut codes) = (BTreeSet::new(), BTreeSet::new());
    for _ in 0..150 {
        let mut world = World::new();
        for _ in 0..100 {
            let step = steps.new_tree(&mut runner).unwrap().current();
            let made = tx(&mut world, &step);
            world.wait(step.1 / 30);
            let outcome = world.block(&made);
            for (receipt, origin) in outcome.receipts.iter().zip(&outcome.origins) {
                match receipt.outcome {
                    Outcome::Success => {
                        let ops = &made[*origin as usize].body().ops;
                        succeeded.extend(ops.iter().map(Op::name));
                        succeeded.extend(council_ops(&world, ops).iter().map(CouncilOp::name));
                    }
                    Outcome::Failed { code, .. } => drop(codes.insert(code)),
                }
            }
            codes.extend(outcome.dropped.iter().map(|(_, code)| *code));
        }
    }
    let every_op = codes_and_names::EVERY_OP;
    let missing: Vec<_> = every_op.iter().filter(|name| !succeeded.contains(*name)).collect();
    assert!(missing.is_empty(), "never succeeded: {missing:?}");
    let missing: Vec<_> = Code::ALL
        .iter()
        .filter(|code| !codes.contains(code) && !codes_and_names::UNREACHED.contains(code))
        .collect();
    assert!(missing.is_empty(), "never seen: {missing:?}");
}

/// What the council did in a transaction that succeeded.
fn council_ops(world: &World, ops: &[Op]) -> Vec<CouncilOp> {
    let done = |op: &Op| match op {
        Op::CouncilExec(exec) => exec.ops.clone(),
        Op::Execute(execute) => world.state.proposal(execute.proposal).unwrap().ops.clone(),
        _ => vec![],
    };
    ops.iter().flat_map(done).collect()
}

mod codes_and_names {
    use ballast_runtime::Code;

    pub const EVERY_OP: [&str; 27] = [
        "Transfer",
        "DepositConfirm",
        "Mint",
        "Burn",
        "SetMinterAllowance",
        "Freeze",
        "SetHold",
        "RegisterAccount",
        "Propose",
        "Vote",
        "Execute",
        "CouncilExec",
        "Unfreeze",
        "ConfirmFreeze",
        "Seize",
        "Pause",
        "Unpause",
        "GrantRole",
        "RevokeRole",
        "PostIncident",
        "SetDocument",
        "ValidatorAdd",
        "ValidatorRemove",
        "ValidatorRotate",
        "CouncilSet",
        "SetDelay",
        "ScheduleUpgrade",
    ];

    /// What these blocks of well-signed, fresh transactions do not run into. The tables in
    /// `blocks.rs` and `operations.rs` have all of them but the first three: `DECODE` precedes
    /// execution, and two are not used yet.
    pub const UNREACHED: &[Code] = &[
        Code::Decode,
        Code::NotEligible,
        Code::PauseCooldown,
        Code::BadChain,
        Code::UnknownAccount,
        Code::BadSignature,
        Code::NonceTooOld,
        Code::NonceUsed,
        Code::NonceTooNew,
        Code::QuotaExceeded,
        Code::KycExpired,
        Code::MemoRequired,
        Code::MinterSuspended,
        Code::DepositNotFinal,
        Code::CapExceeded,
        Code::FreezeCooldown,
        Code::FreezeConfirmed,
        Code::Overflow,
        Code::BadAuth,
        Code::AllowanceExpired,
        Code::AllowanceExceeded,
        Code::AuthNotYet,
        Code::AuthExpired,
        Code::AuthUsed,
        Code::WrongExecutor,
        Code::TravelDataRequired,
        Code::TravelDataInvalid,
        Code::TravelReplay,
        Code::DepositClosed,
        Code::MinterWindow,
        Code::GlobalWindow,
        Code::NoReport,
        Code::ReportStale,
        Code::ReportModified,
        Code::ReportConcentrated,
        Code::ReserveCeiling,
        Code::BelowMin,
        Code::AboveMax,
        Code::FeeTooHigh,
        Code::UnknownRedemption,
        Code::RedemptionClosed,
        Code::InProcessing,
        Code::NotProcessing,
        Code::NotDue,
        Code::PayoutMissing,
        Code::PayoutMismatch,
        Code::PayoutRecorded,
        Code::HoldOnlyRaised,
        Code::UnknownReport,
        Code::FutureReport,
        Code::OutOfOrder,
        Code::UnknownCheckpoint,
        Code::SupplyMismatch,
        Code::ReportNotDraft,
        Code::DigestMismatch,
        Code::AlreadyAttested,
        Code::AlreadyRevoked,
        Code::TooManyDrafts,
        Code::UnknownBridge,
        Code::BridgeClosed,
        Code::BridgeDayCap,
        Code::RemoteTxUsed,
        Code::EscrowExceeded,
        Code::ClassChanged,
        Code::ClassTooHigh,
        Code::ExecNonce,
        Code::CouncilQuorum,
        Code::TooManyProposals,
        Code::CapBelowSupply,
        Code::NotSuspended,
        Code::SetChangeTooLarge,
    ];
}
