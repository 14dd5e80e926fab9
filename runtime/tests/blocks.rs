//! What holds for every transaction whatever its operations: the checks whose failure leaves no
//! trace, in order; lane 0; quotas; receipts, changes and roots.

mod common;

use std::collections::BTreeSet;

use ballast_primitives::{Address, KeyPolicy, PublicKey, SecretKey, codec, merkle};
use ballast_runtime::object::{Class, Role, Scope};
use ballast_runtime::replay::ReplayWindow;
use ballast_runtime::*;
use common::Who::{Holder, Member, Officer};
use common::{BALANCE, DAY, HOUR, World, council, op, unsigned};

const COMPLIANCE: common::Who = Officer(Role::Compliance);
const MINTER: common::Who = Officer(Role::Minter);

/// What admission and execution say, which must be the same and leave no trace.
fn refused(world: &World, tx: &VerifiedTx) -> Option<Code> {
    let next =
        BlockContext { height: world.context.height + 1, time: world.now(), ..world.context };
    let admission = admission::check(&world.state, &next, tx.tx()).err();
    let mut after = world.clone();
    let outcome = after.block(std::slice::from_ref(tx));
    let execution = outcome.dropped.first().map(|(_, code)| *code);
    assert_eq!(admission, execution);
    if execution.is_some() {
        assert!(outcome.changes.is_empty() && outcome.receipts.is_empty());
        assert_eq!(after.state, world.state);
    }
    execution
}

#[test]
fn what_is_not_includable_is_refused_in_order_and_leaves_no_trace() {
    let mut world = World::new();
    // A retail account that has used up its quota, sending a nonce that is too new.
    let now = world.now();
    world.edit_account(Holder(0), |account| {
        account.kyc_class = 0;
        account.quota = object::Bucket { used_milli: 20_000, at: now };
        account.replay = ReplayWindow { high: 1_000, seen: 0b1 };
    });
    let mut body = world.body(Holder(0), vec![op::transfer(Holder(1), 1)]);
    let good_genesis = body.genesis;
    body.genesis.0[0] ^= 1;
    body.valid_until = now;
    body.sender = Address([7; 32]);
    body.nonce = 1_129;
    let other = [SecretKey::dev("other", "key")];
    let keys = Holder(0).keys();
    let refused =
        |body: &TxBody, keys: &[SecretKey]| refused(&world, &unsigned(body.clone(), keys));
    assert_eq!(refused(&body, &other), Some(Code::BadChain));
    body.genesis = good_genesis;
    body.chain_id += 1;
    assert_eq!(refused(&body, &other), Some(Code::BadChain));
    body.chain_id -= 1;
    assert_eq!(refused(&body, &other), Some(Code::Expired));
    body.valid_until = now + DAY + 1;
    assert_eq!(refused(&body, &other), Some(Code::TooFarAhead));
    body.valid_until = u64::MAX;
    assert_eq!(refused(&body, &other), Some(Code::TooFarAhead));
    body.valid_until = now + DAY;
    assert_eq!(refused(&body, &other), Some(Code::UnknownAccount));
    body.sender = Holder(0).address();
    body.sponsor = Some(Address([7; 32]));
    assert_eq!(refused(&body, &other), Some(Code::UnknownAccount));
    body.sponsor = None;
    assert_eq!(refused(&body, &other), Some(Code::BadSignature));
    assert_eq!(refused(&body, &keys), Some(Code::NonceTooNew));
    for (nonce, code) in
        [(872, Code::NonceTooOld), (0, Code::NonceTooOld), (1_000, Code::NonceUsed)]
    {
        body.nonce = nonce;
        assert_eq!(refused(&body, &keys), Some(code), "{nonce}");
    }
    for nonce in [873, 999, 1_001, 1_128] {
        body.nonce = nonce;
        assert_eq!(refused(&body, &keys), Some(Code::QuotaExceeded), "{nonce}");
    }
    body.ops = vec![op::freeze(Holder(1).address(), true, true)];
    assert_eq!(refused(&body, &keys), Some(Code::LaneUnauthorized), "the lane has no quota");
    body.ops = vec![op::transfer(Holder(1), 1)];
    body.valid_until = now + 1;
    body.sponsor = Some(Holder(1).address());
    let both = [keys, Holder(1).keys()].concat();
    assert_eq!(refused(&body, &both), None);
}

/// A chain with an account that any three of five keys sign for.
fn world_with_a_joint_account() -> (World, Address, Vec<SecretKey>) {
    let keys: Vec<_> = (0..5).map(|n| SecretKey::dev("joint", &n.to_string())).collect();
    let policy = KeyPolicy::threshold(3, keys.iter().map(SecretKey::public).collect()).unwrap();
    let address = Address::of(&policy);
    let mut genesis = common::genesis();
    let model = genesis.accounts[0].clone();
    genesis.accounts.push(genesis::GenesisAccount { policy, balance: 0, ..model });
    (World::from(&genesis), address, keys)
}

#[test]
fn witnesses_satisfy_the_policies_of_sender_and_sponsor_and_nothing_else() {
    let (mut world, joint, members) = world_with_a_joint_account();
    let mut body = world.body(Holder(1), vec![op::transfer(Holder(1), 0)]);
    body.sender = joint;
    let mut sponsored = body.clone();
    sponsored.sponsor = Some(Holder(0).address());
    let holder = Holder(0).keys();
    let refused =
        |body: &TxBody, keys: &[SecretKey]| refused(&world, &unsigned(body.clone(), keys));
    let bad = Some(Code::BadSignature);
    assert_eq!(refused(&body, &members[..2]), bad, "one too few");
    assert_eq!(refused(&body, &members[1..4]), None);
    assert_eq!(refused(&body, &members), None, "more than needed");
    assert_eq!(refused(&body, &[&members[..3], &holder].concat()), bad, "a stranger's key");
    assert_eq!(refused(&sponsored, &members[..3]), bad, "the sponsor did not sign");
    assert_eq!(refused(&sponsored, &holder), bad, "the sender did not sign");
    assert_eq!(refused(&sponsored, &[&members[..3], &holder].concat()), None);
}

#[test]
fn a_verified_transaction_is_one_whose_every_signature_verifies() {
    let (mut world, joint, keys) = world_with_a_joint_account();
    let mut body = world.body(Holder(1), vec![op::transfer(Holder(1), 1)]);
    body.sender = joint;
    let tx = body.clone().sign(&keys.iter().collect::<Vec<_>>());
    let verified = VerifiedTx::verify(tx.clone()).unwrap();
    assert_eq!((verified.id(), verified.size()), (body.id(), tx.encode().len()));
    assert_eq!(SignedTx::decode(&tx.encode()).as_ref(), Ok(&tx));
    for at in 0..keys.len() {
        let mut forged = tx.clone();
        forged.witnesses[at].signature.0[5] ^= 1;
        assert_eq!(VerifiedTx::verify(forged), Err(Code::BadSignature));
    }
    let mut changed = tx.clone();
    changed.body.nonce += 1;
    assert_eq!(VerifiedTx::verify(changed), Err(Code::BadSignature));
    let mut unordered = tx;
    unordered.witnesses.swap(0, 1);
    assert_eq!(VerifiedTx::verify(unordered), Err(Code::Decode));
}

#[test]
fn a_transaction_is_decoded_within_its_bounds_only() {
    let mut world = World::new();
    let key = &Holder(0).keys()[0];
    let good = world.body(Holder(0), vec![op::transfer(Holder(1), 1)]);
    let decodes = |body: TxBody| SignedTx::decode(&body.sign(&[key]).encode()).is_ok();
    let with = |ops: Vec<Op>| TxBody { ops, ..good.clone() };
    let n_transfers = |n| vec![op::transfer(Holder(1), 1); n];
    let deposit = |n: usize| op::deposit(&"x".repeat(n), 1, Holder(1).address());
    let keys = |n: u32| (0..n).map(|n| SecretKey::dev("k", &n.to_string()).public()).collect();
    let policy = |n: u32| KeyPolicy::Threshold { k: 1, keys: keys(n) };
    let cases = [
        ("16 operations", true, with(n_transfers(16))),
        ("17 operations", false, with(n_transfers(17))),
        ("no operation", false, with(vec![])),
        ("a memo of 32 bytes", true, TxBody { memo: Some(vec![0; 32]), ..good.clone() }),
        ("a memo of 33 bytes", false, TxBody { memo: Some(vec![0; 33]), ..good.clone() }),
        ("a bank reference of 64 bytes", true, with(vec![deposit(64)])),
        ("a bank reference of 65 bytes", false, with(vec![deposit(65)])),
        ("an empty bank reference", false, with(vec![deposit(0)])),
        ("a freeze of no direction", false, with(vec![op::freeze(good.sender, false, false)])),
        ("16 keys", true, with(vec![op::register(policy(16), 0, 1)])),
        ("17 keys", false, with(vec![op::register(policy(17), 0, 1)])),
        (
            "more than 16 KiB",
            false,
            with((0..16).map(|_| op::register(policy(33), 0, 1)).collect()),
        ),
    ];
    for (what, expected, body) in cases {
        assert_eq!(decodes(body), expected, "{what}");
    }
    let bytes = good.sign(&[key]).encode();
    let trailing = [&bytes[..], &[0]].concat();
    assert!(SignedTx::decode(&trailing).is_err());
    assert!(SignedTx::decode(&bytes[..bytes.len() - 1]).is_err());
    assert!(SignedTx::decode(&vec![0; tx::TX_BYTES_MAX + 1]).is_err());
}

#[test]
fn a_freeze_cannot_be_outrun_inside_its_block() {
    let mut world = World::new();
    let payment = world.tx(Holder(0), vec![op::transfer(Holder(1), 1)]);
    let freeze = world.tx(COMPLIANCE, vec![op::freeze(Holder(0).address(), false, true)]);
    let lift =
        world.council_exec([council::unfreeze(Holder(2).address())], &world.quorum(Class::B));
    let lift = world.tx(Member(0), vec![lift]);
    let outcome = world.block(&[payment, lift, freeze]);
    assert_eq!(outcome.origins, [2, 0, 1], "lane 0 first, then the others in their order");
    let outcomes: Vec<_> = outcome.receipts.iter().map(|receipt| receipt.outcome).collect();
    let failed = |code| Outcome::Failed { op: 0, code };
    assert_eq!(outcomes, [Outcome::Success, failed(Code::AccountFrozen), failed(Code::NotFrozen)]);
    let positions: Vec<_> = outcome.receipts.iter().map(|receipt| receipt.index).collect();
    assert_eq!(positions, [0, 1, 2]);
}

#[test]
fn only_those_who_may_send_each_of_its_operations_may_use_lane_0() {
    let mut world = World::new();
    let freeze = op::freeze(Holder(1).address(), true, false);
    let exec =
        |world: &World, ops: Vec<CouncilOp>| world.council_exec(ops, &world.quorum(Class::B));
    let protective = exec(
        &world,
        vec![
            council::freeze(Holder(1).address(), true, false),
            council::pause(&[Scope::Bridge], world.now() + HOUR),
            council::short_pause(&[Scope::Mint], world.now() + HOUR),
            council::revoke(Role::Bridge, Officer(Role::Bridge).address()),
            council::set_hold(Holder(1).address(), 0, 1),
            council::confirm_freeze(Holder(1).address(), op::ORDER),
        ],
    );
    let lowering = exec(&world, vec![council::set_hold(Holder(1).address(), 1, 0)]);
    let mixed = [council::freeze(Holder(1).address(), true, false), council::unpause(&Scope::ALL)];
    let mixed = exec(&world, mixed.to_vec());
    let lane = Some(Code::LaneUnauthorized);
    let cases = [
        (Holder(0), vec![freeze.clone()], lane),
        (MINTER, vec![freeze.clone()], lane),
        (Member(0), vec![freeze.clone()], lane),
        (COMPLIANCE, vec![freeze.clone()], None),
        (COMPLIANCE, vec![freeze.clone(), op::set_hold(Holder(1).address(), 0, 1)], None),
        (COMPLIANCE, vec![freeze.clone(), protective.clone()], lane),
        (Holder(0), vec![protective.clone()], lane),
        (Member(0), vec![protective], None),
        // Not all protective: the ordinary lane, where it fails and costs quota.
        (Holder(0), vec![freeze, op::transfer(Holder(1), 1)], None),
        (Holder(0), vec![lowering], None),
        (Holder(0), vec![mixed], None),
    ];
    for (number, (who, ops, expected)) in cases.into_iter().enumerate() {
        let tx = world.tx(who, ops);
        assert_eq!(refused(&world, &tx), expected, "case {number}");
    }
    // Who submitted or attested a report may withdraw it, whatever became of the role.
    let (manager, attestor) = (Officer(Role::ReserveManager), Officer(Role::Attestor));
    let revoke = |report| vec![op::revoke_report(report, op::ORDER)];
    for role in [Role::ReserveManager, Role::Attestor] {
        world.by_council([council::revoke(role, Officer(role).address())]).unwrap();
    }
    for (who, ops, expected) in [
        (manager, revoke(1), None),
        (attestor, revoke(1), None),
        (manager, revoke(2), lane),
        (COMPLIANCE, revoke(1), lane),
        (Member(0), revoke(1), lane),
        (
            COMPLIANCE,
            [revoke(1), vec![op::freeze(Holder(1).address(), true, false)]].concat(),
            lane,
        ),
    ] {
        let tx = world.tx(who, ops.clone());
        assert_eq!(refused(&world, &tx), expected, "{who:?} {ops:?}");
    }
    let mut expired = world.clone();
    expired.set_grant(Role::Compliance, expired.now());
    let tx = expired.tx(COMPLIANCE, vec![op::freeze(Holder(1).address(), true, false)]);
    assert_eq!(refused(&expired, &tx), lane);
}

#[test]
fn lane_0_is_free_of_quota() {
    let mut world = World::new();
    let compliance = COMPLIANCE;
    world.edit_account(compliance, |account| account.kyc_class = 0);
    let txs: Vec<_> = (0..30)
        .map(|_| world.tx(compliance, vec![op::freeze(Holder(1).address(), true, true)]))
        .collect();
    assert_eq!(world.block(&txs).receipts.len(), 30);
    assert_eq!(world.account(compliance).quota, object::Bucket::default());
}

#[test]
fn a_retail_account_has_a_burst_of_20_and_one_more_in_3_seconds() {
    let mut world = World::new();
    world.edit_account(Holder(0), |account| account.kyc_class = 0);
    let txs: Vec<_> =
        (0..25).map(|_| world.tx(Holder(0), vec![op::transfer(Holder(1), 1)])).collect();
    let outcome = world.block(&txs);
    assert_eq!(outcome.receipts.len(), 20);
    let dropped: Vec<_> = (20..25).map(|index| (index, Code::QuotaExceeded)).collect();
    assert_eq!(outcome.dropped, dropped);
    // 333 in 1,000 seconds: the next after 3,004 ms.
    world.wait(3_003 - 1_000);
    assert_eq!(world.clone().block(&txs[20..]).receipts.len(), 0);
    world.wait(1);
    assert_eq!(world.block(&txs[20..]).receipts.len(), 1);
    world.wait(DAY);
    let more: Vec<_> =
        (0..25).map(|_| world.tx(Holder(0), vec![op::transfer(Holder(1), 1)])).collect();
    assert_eq!(world.block(&more).receipts.len(), 20, "unused quota does not pile up");
}

#[test]
fn each_operation_and_each_object_costs_quota() {
    let mut world = World::new();
    world.edit_account(Holder(0), |account| account.kyc_class = 0);
    let approve = |n: u8| op::approve(Address([n; 32]), 0, 1, u64::MAX);
    let transfers = |count| vec![op::transfer(Holder(1), 1); count];
    // Sixteen operations, then four that are left: one more than that is not admitted.
    let sixteen = world.tx(Holder(0), transfers(16));
    let [five, four] = [5, 4].map(|count| world.tx(Holder(0), transfers(count)));
    let outcome = world.clone().block(&[sixteen, five, four]);
    assert_eq!((outcome.receipts.len(), outcome.dropped), (2, vec![(1, Code::QuotaExceeded)]));
    // Five operations leave 15 of 20, which pays for three objects. What failed costs its
    // operations alone: three more and their objects are the rest.
    let ops: Vec<_> = (0..5).map(approve).collect();
    let [five, three] = [5, 3].map(|count| world.tx(Holder(0), ops[..count].to_vec()));
    let outcome = world.block(&[five, three]);
    let failed = Outcome::Failed { op: 3, code: Code::ObjectQuota };
    assert_eq!(outcome.receipts[0].outcome, failed);
    assert_eq!(outcome.receipts[1].outcome, Outcome::Success);
    let account = world.account(Holder(0));
    assert_eq!((account.quota.used_milli, account.objects), (20_000, 3));
}

#[test]
fn a_sponsor_pays_the_quota_of_what_it_signs() {
    let mut world = World::new();
    world.edit_account(Holder(0), |account| account.kyc_class = 0);
    let keys = [Holder(0).keys(), Holder(1).keys()].concat();
    let txs: Vec<_> = (0..25)
        .map(|_| {
            let mut body = world.body(Holder(0), vec![op::transfer(Holder(1), 1)]);
            body.sponsor = Some(Holder(1).address());
            unsigned(body, &keys)
        })
        .collect();
    assert_eq!(world.block(&txs).receipts.len(), 25);
    assert_eq!(world.account(Holder(0)).quota, object::Bucket::default());
    assert_eq!(world.account(Holder(1)).quota.used_milli, 25_000);
}

#[test]
fn a_failed_transaction_costs_its_nonce_and_quota() {
    let mut world = World::new();
    assert_eq!(world.run(Holder(0), op::transfer(Holder(1), 0)), Err(Code::ZeroAmount));
    let account = world.account(Holder(0));
    assert_eq!((account.replay.high, account.quota.used_milli), (1, 1_000));
}

#[test]
fn a_transaction_that_comes_twice_executes_once() {
    let mut world = World::new();
    let tx = world.tx(Holder(0), vec![op::transfer(Holder(1), 1)]);
    let outcome = world.block(&[tx.clone(), tx]);
    assert_eq!(outcome.dropped, [(1, Code::NonceUsed)]);
    assert_eq!(outcome.origins, [0]);
    assert_eq!(world.balance(Holder(1)), BALANCE + 1);
}

#[test]
fn receipts_carry_their_place_and_their_root_proves_each() {
    let mut world = World::new();
    let txs: Vec<_> =
        (0..5).map(|n| world.tx(Holder(0), vec![op::transfer(Holder(1), n)])).collect();
    let outcome = world.block(&txs);
    let leaves = execute::receipt_leaves(&outcome.receipts);
    assert_eq!(merkle::RECEIPTS.root_of(&leaves), outcome.receipts_root);
    for (n, receipt) in outcome.receipts.iter().enumerate() {
        assert_eq!((receipt.tx, receipt.height), (txs[n].id(), 1));
        assert_eq!((receipt.index, receipt.nonce), (n as u32, n as u64 + 1));
        assert_eq!(receipt.sender, Holder(0).address());
        let path = merkle::RECEIPTS.path_of(&leaves, n as u64).unwrap();
        let leaf = merkle::RECEIPTS.leaf(&codec::encode(receipt));
        assert_eq!(path.root(&merkle::RECEIPTS, leaf), Some(outcome.receipts_root));
    }
    let empty = world.block(&[]);
    assert_eq!(empty.receipts_root, merkle::RECEIPTS.root_of(&[]));
    assert!(empty.changes.is_empty());
}

#[test]
fn a_failed_creation_leaves_no_object_and_the_next_takes_its_slot() {
    let mut world = World::new();
    let registrar = Officer(Role::Registrar);
    let policy = |n: u32| KeyPolicy::Single(SecretKey::dev("new", &n.to_string()).public());
    let until = world.now() + DAY;
    let failing = vec![op::register(policy(0), 0, until), op::transfer(registrar, 1)];
    let failing = world.tx(registrar, failing);
    let good = world.tx(registrar, vec![op::register(policy(1), 0, until)]);
    let len = world.state.len();
    let outcome = world.block(&[failing, good]);
    assert_eq!(world.state.len(), len + 1);
    assert!(world.state.account(&Address::of(&policy(0))).is_none());
    assert_eq!(outcome.changes.last().unwrap().slot, len);
    assert_eq!(world.state.root(), State::restore(world.state.changes()).unwrap().root());
}

#[test]
fn every_object_proves_itself_against_the_root() {
    let mut world = World::new();
    world.run(Officer(Role::Custodian), op::deposit("r", 5, Holder(0).address())).unwrap();
    for change in world.state.changes() {
        let (key, object) = common::decode_change(&change);
        let (leaf, path) = world.state.prove(&key).unwrap();
        assert_eq!(leaf, [codec::encode(&key), codec::encode(&object)].concat());
        let root = path.root(&merkle::STATE, merkle::STATE.leaf(&leaf));
        assert_eq!(root, Some(world.state.root()));
    }
    assert_eq!(world.state.prove(&Key::Account(Address([7; 32]))), None);
}

#[test]
fn a_damaged_store_is_not_restored() {
    use ballast_runtime::RestoreError as E;
    let world = World::new();
    let leaves: Vec<_> = world.state.changes().collect();
    let restore = |change: &dyn Fn(&mut Vec<Change>)| {
        let mut leaves = leaves.clone();
        change(&mut leaves);
        State::restore(leaves).map(|state| state.root())
    };
    let last = leaves.len() as u64 - 1;
    assert_eq!(restore(&|leaves| leaves.reverse()), Ok(world.state.root()));
    assert!(matches!(restore(&|leaves| leaves.clear()), Err(E::FixedKey { slot: 0 })));
    let missing = restore(&|leaves| drop(leaves.remove(15)));
    assert_ne!(missing, Ok(world.state.root()), "the slot counts as vacant, and the root tells");
    assert_eq!(restore(&|leaves| leaves[15].slot = 14), Err(E::Slots { slot: 14 }));
    assert_eq!(restore(&|leaves| leaves[15].slot = u64::MAX), Err(E::Slots { slot: u64::MAX }));
    assert_eq!(restore(&|leaves| leaves[15].slot = 1 << 32), Err(E::Slots { slot: 1 << 32 }));
    assert!(matches!(
        restore(&|leaves| leaves[15].key = leaves[14].key.clone()),
        Err(E::DuplicateKey)
    ));
    assert!(matches!(restore(&|leaves| leaves[15].value.push(0)), Err(E::Decode { slot: 15, .. })));
    assert!(matches!(
        restore(&|leaves| leaves[1].value = leaves[0].value.clone()),
        Err(E::WrongKind { slot: 1 })
    ));
    let swapped = restore(&|leaves| {
        leaves[1].slot = last;
        leaves[last as usize].slot = 1;
    });
    assert!(matches!(swapped, Err(E::FixedKey { slot: 1 })));
    // One micro-dollar more in an account than the supply knows of.
    let forged = restore(&|leaves| {
        for leaf in leaves.iter_mut() {
            if let (_, Object::Account(mut account)) = common::decode_change(leaf)
                && account.balance > 0
            {
                account.balance += 1;
                leaf.value = codec::encode(&Object::Account(account));
                return;
            }
        }
    });
    assert!(matches!(forged, Err(E::Breach(_))), "{forged:?}");
}

#[test]
fn a_genesis_is_refused_at_each_edge() {
    use ballast_runtime::genesis::GenesisError as E;
    let check = |change: &dyn Fn(&mut Genesis)| {
        let mut genesis = common::genesis();
        change(&mut genesis);
        // No chain begins with what the check refuses, whoever decoded it.
        assert_eq!(State::from_genesis(&genesis).err(), genesis.check().err());
        genesis.check()
    };
    assert_eq!(check(&|_| ()), Ok(()));
    let members: BTreeSet<_> =
        common::genesis().council.members.iter().map(|m| m.account).collect();
    assert_eq!(members, BTreeSet::from_iter(dev::council_addresses(common::SEED)));
    let parameters = |change: &dyn Fn(&mut Genesis)| matches!(check(change), Err(E::Parameters(_)));
    assert!(parameters(&|g| g.policy.quotas.clear()));
    assert!(parameters(&|g| g.policy.rail_hold_ms = u64::MAX));
    assert!(parameters(&|g| g.policy.fee_account = Address([1; 32])));
    assert!(parameters(&|g| g.policy.officers.ceo = PublicKey([0; 32])));
    assert!(parameters(&|g| g.policy.officers.cfo = PublicKey([0; 32])));
    assert!(matches!(check(&|g| g.terms.fee_bps = 10_001), Err(E::Terms(_))));
    assert!(matches!(
        check(&|g| g.accounts.push(g.accounts[0].clone())),
        Err(E::DuplicateAccount { .. })
    ));
    assert!(matches!(
        check(&|g| g.accounts[3].kyc_class = 3),
        Err(E::Class { index: 3, class: 3 })
    ));
    assert!(matches!(check(&|g| g.accounts[3].institution = 1), Err(E::Institution(1))));
    assert!(matches!(check(&|g| g.cap = 3_999_999_999), Err(E::AboveCap { .. })));
    assert!(check(&|g| g.cap = 4_000_000_000).is_ok());
    let council = |change: &dyn Fn(&mut genesis::GenesisCouncil)| {
        matches!(check(&|g| change(&mut g.council)), Err(E::Council(_)))
    };
    assert!(council(&|c| c.members.clear()));
    assert!(council(&|c| c.members.swap(0, 1)));
    assert!(council(&|c| c.members[1].key = c.members[0].key));
    assert!(council(&|c| c.members[4].account = Address([255; 32])));
    assert!(council(&|c| c.thresholds = [2, 3, 3, 6]));
    assert!(council(&|c| c.thresholds = [2, 2, 2, 4]));
    assert!(council(&|c| c.members[4].key = PublicKey([0; 32])));
    assert!(council(&|c| c.delays_ms[3] = 30 * DAY + 1));
    assert!(check(&|g| g.council.delays_ms[3] = 30 * DAY).is_ok());
    assert!(council(&|c| c.ttl_ms = 0));
    assert!(council(&|c| c.grace_ms = 0));
    assert!(matches!(check(&|g| g.roles[4].valid_until += 1), Err(E::RoleTerm(..))));
    assert!(matches!(check(&|g| g.roles[4].valid_until = g.time), Err(E::RoleTerm(..))));
    assert!(matches!(check(&|g| g.roles[4].holder = g.roles[5].holder), Err(E::RoleConflict(_))));
    assert!(matches!(
        check(&|g| g.roles[4].holder = g.council.members[0].account),
        Err(E::RoleConflict(_))
    ));
    assert!(matches!(check(&|g| g.roles[4].holder = Address([1; 32])), Err(E::UnknownHolder(..))));
    assert!(matches!(check(&|g| g.minters.clear()), Err(E::Minter(_))));
    assert!(matches!(check(&|g| g.minters.push(g.minters[0])), Err(E::Minter(_))));
    let most = common::genesis().policy.minter_allowance_max;
    assert!(check(&|g| g.minters[0].allowance = most).is_ok());
    assert!(matches!(check(&|g| g.minters[0].allowance = most + 1), Err(E::MinterAllowance(_))));
    let bank = |institution, name: &str, key| genesis::GenesisInstitution {
        institution,
        name: name.to_owned(),
        key,
    };
    let (key, longest) = (common::genesis().policy.officers.ceo, "x".repeat(64));
    let institutions = |all: &[genesis::GenesisInstitution]| {
        check(&|g| {
            g.institutions = all.to_vec();
            g.accounts[3].institution = all.first().map_or(0, |bank| bank.institution);
        })
    };
    assert_eq!(institutions(&[bank(7, "b", key), bank(8, &longest, key)]), Ok(()));
    for (number, bad) in [
        (0, vec![bank(0, "bank", key)]),
        (7, vec![bank(7, "", key)]),
        (7, vec![bank(7, &format!("{longest}x"), key)]),
        (7, vec![bank(7, "bank", PublicKey([0; 32]))]),
        (8, vec![bank(7, "bank", key), bank(8, "bank", key), bank(8, "other", key)]),
    ] {
        assert_eq!(institutions(&bad), Err(E::Institution(number)), "{bad:?}");
    }
    let report = |change: &dyn Fn(&mut genesis::GenesisReport)| {
        matches!(check(&|g| change(g.report.as_mut().unwrap())), Err(E::Report(_)))
    };
    assert!(report(&|r| r.body.as_of += 1));
    assert!(report(&|r| r.body.as_of_height = 1));
    assert!(report(&|r| r.body.stated_outstanding += 1));
    assert!(report(&|r| r.body.supersedes = Some(1)));
    assert!(report(&|r| r.body.lines.clear()));
    let bytes = common::genesis().encode();
    assert_eq!(Genesis::decode(&bytes), Ok(common::genesis()));
    assert!(matches!(Genesis::decode(&[&bytes[..], &[0]].concat()), Err(E::Decode(_))));
}

#[test]
fn codes_have_one_number_and_one_name_each() {
    for code in Code::ALL {
        assert_eq!(Code::from_number(code.number()), Some(*code));
        assert_eq!(Code::from_name(code.name()), Some(*code));
        assert_eq!(codec::encode(code), [code.number()]);
        assert_eq!(code.is_not_includable(), code.number() < 100);
    }
    assert!(Code::ALL.is_sorted_by(|a, b| a.number() < b.number()));
}
