//! The store on a real RocksDB: every index is read back, and damage is never silent.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use ballast_node::store::{Horizon, Pruned, Store, StoreError, StoreOptions};
use ballast_primitives::equivocation::{Ballot, Twins};
use ballast_primitives::history::SetChange;
use ballast_primitives::{
    Address, BatchRef, CommitCertificate, CommitSignature, Committee, Hash, Header, Payload,
    PublicKey, SecretKey, Signature, Validator, codec,
};
use ballast_replica::types::{Batch, CommitWrite, Evidence, Executed, Seen, StoredBlock, TxRecord};
use ballast_runtime::event::Event;
use ballast_runtime::object::{Key, Object, RoleGrant, Supply};
use ballast_runtime::receipt::{Outcome, Receipt};
use ballast_runtime::state::{Change, Removed};
use ballast_runtime::tx::VALIDITY_MS_MAX;
use ballast_runtime::{Code, object};

const GENESIS: Hash = Hash([7; 32]);

fn open(dir: &Path) -> Store {
    Store::open(dir, &GENESIS, StoreOptions::default()).unwrap()
}

fn hash(n: u64) -> Hash {
    Hash(*blake3::hash(&n.to_le_bytes()).as_bytes())
}

fn account(n: u64) -> Address {
    Address(hash(n).0)
}

fn executed(height: u64, objects: u64) -> Executed {
    Executed {
        height,
        time: 1_000 + height,
        state_root: hash(height),
        block_receipts_root: hash(height + 1),
        receipts_root: hash(height + 2),
        objects,
    }
}

fn supply(total: u128) -> Change {
    let object = Object::Supply(Box::new(Supply { total, ..Supply::default() }));
    Change { slot: 1, key: codec::encode(&Key::Supply), value: codec::encode(&object) }
}

fn role(n: u64, valid_until: u64) -> Change {
    let key = Key::Role(object::Role::Minter, account(n));
    let object = Object::Role(RoleGrant { valid_until });
    Change { slot: 10 + n, key: codec::encode(&key), value: codec::encode(&object) }
}

fn genesis_state() -> Vec<Change> {
    std::iter::once(supply(0)).chain((0..20).map(|n| role(n, n))).collect()
}

fn batch(sequence: u64, txs: usize) -> (Hash, Vec<u8>) {
    let txs = (0..txs).map(|n| format!("transaction {n} of {sequence}").into_bytes()).collect();
    let bytes = codec::encode(&Batch { author: PublicKey([3; 32]), sequence, txs });
    (Batch::digest_of_bytes(&bytes), bytes)
}

fn record(height: u64, index: u32, from: Address, to: Address, position: u32) -> TxRecord {
    let tx = hash(height * 1000 + u64::from(index));
    let nonce = u64::from(index);
    let memo = Some(vec![1, 2]);
    let events = vec![Event::Transferred { from, to, amount: 5, memo }];
    let outcome = Outcome::Success;
    let receipt = Receipt { tx, sender: from, nonce, height, index, outcome, events };
    TxRecord { receipt, batch: 0, position }
}

fn block(height: u64, batches: Vec<Hash>) -> StoredBlock {
    let named = |digest| BatchRef { digest, bytes: 1, txs: 1, signatures: 1 };
    let payload =
        Payload { batches: batches.into_iter().map(named).collect(), ..Payload::default() };
    let header = Header {
        version: Header::VERSION,
        genesis: GENESIS,
        height,
        parent: hash(height - 1),
        parent_round: 0,
        time: 1_000 + height,
        proposer: PublicKey([1; 32]),
        payload: payload.digest(),
        executed_height: height - 1,
        state_root: hash(height - 1),
        receipts_root: hash(height),
        validators: hash(0),
        next_validators: hash(0),
    };
    let signature = Signature([9; 64]);
    let signatures = vec![CommitSignature { validator: PublicKey([1; 32]), signature }];
    let certificate = CommitCertificate { height, round: 0, block: header.id(), signatures };
    StoredBlock { header, payload, certificate, overridden: None }
}

fn committee(count: u64) -> Committee {
    let key = |label: String| SecretKey::dev("store", &label).public();
    let validator = |n| Validator {
        key: key(format!("key {n}")),
        peer: key(format!("peer {n}")),
        power: 1,
        name: format!("validator-{n}"),
    };
    Committee::new((0..count).map(validator).collect()).unwrap()
}

/// The last block of a set, before `next` decides.
fn block_before(height: u64, next: &Committee) -> StoredBlock {
    let StoredBlock { header, payload, certificate, .. } = block(height, vec![batch(height, 3).0]);
    let header = Header { next_validators: next.digest(), ..header };
    let certificate = CommitCertificate { block: header.id(), ..certificate };
    StoredBlock { header, payload, certificate, overridden: None }
}

fn evidence(height: u64, round: u32) -> Evidence {
    let ballot = |n| Ballot { block: Some(hash(n)), signature: Signature([2; 64]) };
    let twins = Twins::Prevotes { first: ballot(1), second: ballot(2) };
    Evidence { validator: PublicKey([4; 32]), height, round, twins }
}

/// A block of one batch, in which account `height` pays account 0 twice and fails once.
fn commit(height: u64) -> (CommitWrite, (Hash, Vec<u8>)) {
    let batch = batch(height, 3);
    let payer = account(height);
    let mut failed = record(height, 2, payer, account(0), 2);
    failed.receipt.outcome = Outcome::Failed { op: 0, code: Code::SelfTransfer };
    failed.receipt.events.clear();
    let write = CommitWrite {
        block: block(height, vec![batch.0]),
        executed: executed(height, 21),
        removed: vec![],
        changes: vec![supply(u128::from(height)), role(3, 100 + height)],
        records: vec![
            record(height, 0, payer, account(0), 0),
            record(height, 1, payer, account(0), 1),
            failed,
        ],
        evidence: vec![evidence(height, 0), evidence(height, 1)],
        next_set: None,
    };
    (write, batch)
}

fn initialised(dir: &Path) -> Store {
    let store = open(dir);
    store.initialise(genesis_state().into_iter(), &executed(0, 21)).unwrap();
    store
}

fn committed(dir: &Path, heights: u64) -> Store {
    let store = initialised(dir);
    for height in 1..=heights {
        let (write, batch) = commit(height);
        store.put_batches(&[batch]).unwrap();
        store.commit_block(&write).unwrap();
    }
    store
}

/// Asserts that `store` answers every question as after `committed(_, heights)`.
fn check(store: &Store, heights: u64) {
    assert_eq!(store.head().unwrap(), Some(executed(heights, 21)));
    assert_eq!(store.executed(0).unwrap(), Some(executed(0, 21)));
    assert_eq!(store.executed(heights + 1).unwrap(), None);
    assert_eq!(store.block(0).unwrap(), None);
    for height in 1..=heights {
        let (write, (digest, bytes)) = commit(height);
        assert_eq!(store.executed(height).unwrap(), Some(write.executed));
        assert_eq!(store.block(height).unwrap(), Some(write.block));
        assert_eq!(store.batch(&digest).unwrap(), Some(bytes));
        for (index, record) in (0..).zip(&write.records) {
            assert_eq!(store.tx_location(&record.receipt.tx).unwrap(), Some((height, index)));
            assert_eq!(store.record(height, index).unwrap().as_ref(), Some(record));
            let bytes = format!("transaction {index} of {height}").into_bytes();
            assert_eq!(store.tx_bytes(height, record).unwrap(), Some(bytes));
        }
        assert_eq!(store.record(height, 3).unwrap(), None);
        assert_eq!(store.records(height, 0, 10).unwrap(), write.records);
        assert_eq!(store.records(height, 1, 1).unwrap(), write.records[1..2]);
        assert_eq!(store.records(height, 3, 10).unwrap(), []);
        let payers: Vec<_> = store.account_history(&account(height), None, 10).unwrap();
        assert_eq!(payers, [(height, 2), (height, 1), (height, 0)]);
    }
    assert_eq!(store.tx_location(&hash(999_999)).unwrap(), None);
    assert_eq!(store.account_history(&account(heights + 1), None, 10).unwrap(), []);
    let seen = store.evidence(1_000).unwrap();
    let expected = (1..=heights)
        .rev()
        .flat_map(|at| [1, 0].map(|round| Seen { evidence: evidence(at, round), at }));
    let expected: Vec<_> = expected.collect();
    assert_eq!(seen, expected);
    let Some(Object::Supply(found)) = store.object(&Key::Supply).unwrap() else { panic!() };
    assert_eq!(found.total, u128::from(heights));
    assert_eq!(store.object(&Key::Policy).unwrap(), None);
}

#[test]
fn a_commit_is_found_through_every_index_and_after_reopening() {
    let dir = tempfile::tempdir().unwrap();
    let store = committed(dir.path(), 5);
    check(&store, 5);
    drop(store);
    check(&open(dir.path()), 5);
}

#[test]
fn an_accounts_history_is_paged_from_the_newest() {
    let dir = tempfile::tempdir().unwrap();
    let store = committed(dir.path(), 300);
    let expected: Vec<_> = (1..=300).rev().flat_map(|height| [(height, 1), (height, 0)]).collect();
    for limit in [1, 7, 100, 1000] {
        let (mut pages, mut before) = (Vec::new(), None);
        loop {
            let page = store.account_history(&account(0), before, limit).unwrap();
            let Some(last) = page.last() else { break };
            assert!(page.len() <= limit);
            before = Some(*last);
            pages.extend(page);
        }
        assert_eq!(pages, expected, "{limit}");
    }
    assert_eq!(store.account_history(&account(0), Some((1, 0)), 5).unwrap(), []);
    assert_eq!(store.account_history(&account(0), Some((u64::MAX, 0)), 1).unwrap(), [(300, 1)]);
}

/// Commits block 6, a day after the others: they can no longer be sent again.
fn a_day_later(store: &Store) {
    let (mut write, batch) = commit(6);
    write.executed.time += VALIDITY_MS_MAX;
    store.put_batches(&[batch]).unwrap();
    store.commit_block(&write).unwrap();
}

#[test]
fn pruning_removes_receipts_and_history_and_nothing_that_others_catch_up_from() {
    let dir = tempfile::tempdir().unwrap();
    let store = committed(dir.path(), 5);
    let limit = |before| match store.prune(before) {
        Err(StoreError::StillNeeded { limit, .. }) => limit,
        other => panic!("{other:?}"),
    };
    assert_eq!((limit(2), limit(6)), (1, 5));
    check(&store, 5);
    a_day_later(&store);
    assert_eq!(limit(7), 6);
    // Three transactions a block, by id and by nonce, of which two concern two accounts.
    assert_eq!(store.prune(4).unwrap(), Pruned { receipts: 9, index_keys: 9 + 9 + 15 });
    drop(store);

    let store = open(dir.path());
    let horizon = Horizon { oldest: 4, valid_until: 1_003 + VALIDITY_MS_MAX };
    assert_eq!(store.horizon(), horizon);
    for before in [4, 2, 0] {
        assert_eq!(store.prune(before).unwrap(), Pruned::default());
        assert_eq!(store.horizon(), horizon);
    }
    for height in 1..=5 {
        let (write, (digest, bytes)) = commit(height);
        assert_eq!(store.block(height).unwrap(), Some(write.block));
        assert_eq!(store.batch(&digest).unwrap(), Some(bytes));
        assert_eq!(store.executed(height).unwrap(), Some(write.executed));
        let is_held = height >= 4;
        let held = store.tx_location(&write.records[0].receipt.tx).unwrap();
        assert_eq!(held, is_held.then_some((height, 0)));
        let Receipt { sender, nonce, tx, .. } = write.records[0].receipt;
        assert_eq!(store.tx_of_nonce(&sender, nonce).unwrap(), is_held.then_some(tx));
        assert_eq!(store.tx_of_nonce(&sender, 99).unwrap(), None);
        let records = if is_held { write.records } else { Vec::new() };
        assert_eq!(store.records(height, 0, 10).unwrap(), records);
        let history = store.account_history(&account(height), None, 10).unwrap();
        assert_eq!(history.len(), records.len());
    }
    let payee = store.account_history(&account(0), None, 100).unwrap();
    assert_eq!(payee, [(6, 1), (6, 0), (5, 1), (5, 0), (4, 1), (4, 0)]);
}

#[test]
fn an_account_that_pays_itself_is_in_its_history_once() {
    let dir = tempfile::tempdir().unwrap();
    let store = initialised(dir.path());
    let (mut write, batch) = commit(1);
    write.records = vec![record(1, 0, account(5), account(5), 0)];
    store.put_batches(&[batch]).unwrap();
    store.commit_block(&write).unwrap();
    assert_eq!(store.account_history(&account(5), None, 9).unwrap(), [(1, 0)]);
}

#[test]
fn transactions_whose_ids_begin_alike_are_told_apart() {
    let dir = tempfile::tempdir().unwrap();
    let store = initialised(dir.path());
    let (mut write, batch) = commit(1);
    let mut ids = vec![];
    for (n, record) in (1..).zip(&mut write.records) {
        record.receipt.tx = Hash([6; 32]);
        record.receipt.tx.0[31] = n;
        ids.push(record.receipt.tx);
    }
    store.put_batches(&[batch]).unwrap();
    store.commit_block(&write).unwrap();
    for (index, id) in (0..).zip(&ids) {
        assert_eq!(store.tx_location(id).unwrap(), Some((1, index)));
    }
    assert_eq!(store.tx_location(&Hash([6; 32])).unwrap(), None);
}

#[test]
fn blocks_come_in_order_and_under_the_caps() {
    let dir = tempfile::tempdir().unwrap();
    let store = committed(dir.path(), 20);
    let size = codec::encode(&store.block(1).unwrap().unwrap()).len();
    let heights = |from, count, bytes| -> Vec<u64> {
        let blocks = store.blocks(from, count, bytes).unwrap();
        blocks.iter().map(|block| block.header.height).collect()
    };
    assert_eq!(heights(1, 3, usize::MAX), [1, 2, 3]);
    assert_eq!(heights(19, 10, usize::MAX), [19, 20]);
    assert_eq!(heights(5, 10, size * 3), [5, 6, 7]);
    assert_eq!(heights(5, 10, size * 3 - 1), [5, 6]);
    assert_eq!(heights(5, 10, 1), [5], "the first is always given");
    assert_eq!(heights(5, 0, usize::MAX), [0; 0]);
    assert_eq!(heights(0, 10, usize::MAX), [0; 0]);
    assert_eq!(heights(21, 10, usize::MAX), [0; 0]);
    assert_eq!(store.first_height_after(0).unwrap(), Some(1));
    assert_eq!(store.first_height_after(7).unwrap(), Some(8));
    assert_eq!(store.first_height_after(20).unwrap(), None);
    assert_eq!(store.first_height_after(u64::MAX).unwrap(), None);
}

#[test]
fn the_leaves_are_those_of_genesis_and_later_changes() {
    let dir = tempfile::tempdir().unwrap();
    let store = committed(dir.path(), 4);
    let mut expected: BTreeMap<_, _> =
        genesis_state().into_iter().map(|change| (change.slot, change)).collect();
    for change in [supply(4), role(3, 104)] {
        expected.insert(change.slot, change);
    }
    let leaves: Vec<_> = store.leaves().map(Result::unwrap).collect();
    assert!(leaves.is_sorted_by_key(|leaf| leaf.key.clone()));
    let found: BTreeMap<_, _> = leaves.into_iter().map(|change| (change.slot, change)).collect();
    assert_eq!(found, expected);
    // An iterator shows one moment.
    let mut leaves = store.leaves();
    leaves.next().unwrap().unwrap();
    let (write, batch) = commit(5);
    store.put_batches(&[batch]).unwrap();
    store.commit_block(&write).unwrap();
    assert!(leaves.map(Result::unwrap).all(|leaf| leaf != role(3, 105)));
}

#[test]
fn a_folder_of_another_chain_is_refused_with_both_named() {
    let dir = tempfile::tempdir().unwrap();
    drop(open(dir.path()));
    let other = Hash([8; 32]);
    let error = Store::open(dir.path(), &other, StoreOptions::default()).err().unwrap();
    assert!(matches!(error, StoreError::WrongGenesis { .. }));
    let text = error.to_string();
    assert!(text.contains(&GENESIS.to_string()) && text.contains(&other.to_string()), "{text}");
    open(dir.path());
}

#[test]
fn a_second_opening_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let _store = open(dir.path());
    let error = Store::open(dir.path(), &GENESIS, StoreOptions::default()).err().unwrap();
    assert!(matches!(error, StoreError::Database { doing: "open", .. }), "{error}");
}

#[test]
fn genesis_is_stored_once_and_whole() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    assert_eq!(store.head().unwrap(), None);
    let (write, batch) = commit(1);
    store.put_batches(&[batch]).unwrap();
    assert!(matches!(store.commit_block(&write), Err(StoreError::NotInitialised)));
    // An attempt that did not end (it wrote 10,000 objects in parts) leaves no chain and no trace.
    let many = (100..10_100).map(|n| role(n, n));
    let wrong = store.initialise(many, &executed(0, 1)).unwrap_err();
    assert!(matches!(wrong, StoreError::Inconsistent { height: 0, .. }));
    assert_eq!(store.head().unwrap(), None);
    assert!(store.leaves().count() > 0);
    drop(store);
    let store = open(dir.path());
    store.initialise(genesis_state().into_iter(), &executed(0, 21)).unwrap();
    assert_eq!(store.leaves().count(), 21);
    let again = store.initialise(genesis_state().into_iter(), &executed(0, 21));
    assert!(matches!(again, Err(StoreError::NotEmpty { head: 0 })));
    store.commit_block(&write).unwrap();
}

#[test]
fn a_commit_that_does_not_follow_or_fit_changes_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let store = committed(dir.path(), 2);
    let (write, batch) = commit(3);
    let refused = |write: &CommitWrite| store.commit_block(write).unwrap_err();
    let error = refused(&write);
    assert!(matches!(error, StoreError::MissingBatch { height: 3, batch: b } if b == batch.0));
    store.put_batches(&[batch]).unwrap();
    for height in [1, 2, 4] {
        let error = refused(&commit(height).0);
        assert!(matches!(error, StoreError::OutOfOrder { head: 2, height: h } if h == height));
    }
    let spoil: [fn(&mut CommitWrite); 8] = [
        |write| write.block.header.height = 4,
        |write| write.block.certificate.height = 2,
        |write| write.block.certificate.block = Hash::ZERO,
        |write| write.block.payload.batches.clear(),
        |write| write.records[1].receipt.height = 2,
        |write| write.records[1].receipt.index = 0,
        |write| write.next_set = Some(committee(4)),
        |write| write.block = block_before(3, &committee(4)),
    ];
    for spoil in spoil {
        let mut write = write.clone();
        spoil(&mut write);
        assert!(matches!(refused(&write), StoreError::Inconsistent { height: 3, .. }));
    }
    let mut large = write.clone();
    large.changes[0].value = vec![0; 70_000];
    assert!(matches!(refused(&large), StoreError::TooLarge { family: "state", .. }));
    check(&store, 2);
    store.commit_block(&write).unwrap();
    check(&store, 3);
}

#[test]
fn the_changes_of_the_validator_set_are_listed_with_the_headers_that_name_them() {
    let dir = tempfile::tempdir().unwrap();
    let store = committed(dir.path(), 0);
    for height in 1..=9 {
        let (mut write, batch) = commit(height);
        if height % 3 == 0 {
            let next = committee(height);
            write.block = block_before(height, &next);
            write.next_set = Some(next);
        }
        store.put_batches(&[batch]).unwrap();
        store.commit_block(&write).unwrap();
    }
    let listed = |store: &Store, from, max| -> Vec<u64> {
        let changes = store.set_changes(from, max).unwrap();
        for change in &changes {
            let SetChange { anchor, set } = change;
            assert_eq!(*set, committee(anchor.header.height));
            assert_eq!(set.digest(), anchor.header.next_validators);
            assert_eq!(anchor.certificate.block, anchor.header.id());
        }
        changes.iter().map(|change| change.anchor.header.height).collect()
    };
    drop(store);
    let store = open(dir.path());
    assert_eq!(listed(&store, 0, 10), [3, 6, 9]);
    assert_eq!(listed(&store, 4, 10), [6, 9]);
    assert_eq!(listed(&store, 3, 2), [3, 6]);
    assert!(listed(&store, 10, 10).is_empty());
}

#[test]
fn batches_are_loose_until_a_block_names_them() {
    let dir = tempfile::tempdir().unwrap();
    let store = initialised(dir.path());
    let (write, first) = commit(1);
    let others = [batch(50, 1), batch(51, 2000)];
    store.put_batches(&[first.clone(), others[0].clone(), others[1].clone()]).unwrap();
    store.sync().unwrap();
    drop(store);
    let store = open(dir.path());
    let mut all = vec![first.0, others[0].0, others[1].0];
    all.sort_unstable();
    assert_eq!(store.batch_hashes().unwrap(), all);
    assert_eq!(store.batch(&others[1].0).unwrap().as_ref(), Some(&others[1].1));
    store.commit_block(&write).unwrap();
    // Neither a late copy nor a removal touches one that is on the chain.
    store.put_batches(std::slice::from_ref(&first)).unwrap();
    store.remove_batches(&[first.0, others[0].0, hash(77)]).unwrap();
    assert_eq!(store.batch_hashes().unwrap(), [others[1].0]);
    assert!(store.has_batch(&first.0).unwrap() && store.has_batch(&others[1].0).unwrap());
    assert!(!store.has_batch(&others[0].0).unwrap());
    assert_eq!(store.batch(&others[0].0).unwrap(), None);
    assert!(matches!(
        store.put_batches(&[(hash(1), vec![0; 4 * 1024 * 1024 + 1])]),
        Err(StoreError::TooLarge { family: "batches", .. })
    ));
}

#[test]
fn every_transaction_of_a_batch_is_found_at_its_position() {
    let dir = tempfile::tempdir().unwrap();
    let store = initialised(dir.path());
    let batch = batch(1, 500);
    let (mut write, _) = commit(1);
    write.block = block(1, vec![batch.0]);
    store.put_batches(std::slice::from_ref(&batch)).unwrap();
    store.commit_block(&write).unwrap();
    let txs = Batch::decode(&batch.1).unwrap().txs;
    for (position, tx) in (0..).zip(txs) {
        let record = record(1, 0, account(1), account(2), position);
        assert_eq!(store.tx_bytes(1, &record).unwrap(), Some(tx));
    }
    for (batch, position) in [(0, 500), (0, u32::MAX), (1, 0)] {
        let mut record = record(1, 0, account(1), account(2), position);
        record.batch = batch;
        assert!(matches!(store.tx_bytes(1, &record), Err(StoreError::Corrupt { .. })));
    }
}

#[test]
fn readers_see_whole_blocks_while_one_thread_writes() {
    let dir = tempfile::tempdir().unwrap();
    let store = initialised(dir.path());
    std::thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                loop {
                    let head = store.head().unwrap().unwrap().height;
                    let Some(Object::Supply(supply)) = store.object(&Key::Supply).unwrap() else {
                        panic!("no supply")
                    };
                    assert!(supply.total >= u128::from(head));
                    if head > 0 {
                        assert_eq!(store.records(head, 0, 9).unwrap().len(), 3);
                        assert!(store.block(head).unwrap().is_some());
                    }
                    if head == 200 {
                        break;
                    }
                }
            });
        }
        for height in 1..=200 {
            let (write, batch) = commit(height);
            store.put_batches(&[batch]).unwrap();
            store.commit_block(&write).unwrap();
        }
    });
    check(&store, 200);
}

/// The database's log, copied as a crash would leave it: nothing is flushed by closing.
fn crashed_copy(from: &Path, to: &Path) -> PathBuf {
    fs::create_dir_all(to).unwrap();
    let mut log = None;
    for entry in fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let copy = to.join(path.file_name().unwrap());
        fs::copy(&path, &copy).unwrap();
        if path.extension().is_some_and(|extension| extension == "log") {
            assert!(log.replace(copy).is_none(), "one log");
        }
    }
    log.unwrap()
}

#[test]
fn a_log_cut_anywhere_opens_with_a_prefix_of_the_blocks() {
    let dir = tempfile::tempdir().unwrap();
    let store = committed(&dir.path().join("db"), 30);
    let whole = fs::read(crashed_copy(&dir.path().join("db"), &dir.path().join("0"))).unwrap();
    let mut heads = vec![];
    for cut in (0..40).map(|n| whole.len() - n * 397).rev() {
        let copy = dir.path().join(cut.to_string());
        let log = crashed_copy(&dir.path().join("db"), &copy);
        fs::write(&log, &whole[..cut]).unwrap();
        let store = open(&copy);
        let head = store.head().unwrap().unwrap().height;
        check(&store, head);
        heads.push(head);
    }
    assert!(heads.is_sorted() && heads.first() < heads.last() && heads.last() == Some(&30));
    drop(store);
}

#[test]
fn a_flipped_byte_of_a_stored_value_in_the_log_refuses_to_open() {
    let dir = tempfile::tempdir().unwrap();
    let store = committed(&dir.path().join("db"), 30);
    let whole = fs::read(crashed_copy(&dir.path().join("db"), &dir.path().join("0"))).unwrap();
    let needle = b"transaction 1 of 15";
    let at = whole.windows(needle.len()).position(|window| window == needle).unwrap();
    let copy = dir.path().join("1");
    let log = crashed_copy(&dir.path().join("db"), &copy);
    let mut bytes = whole.clone();
    bytes[at] ^= 1;
    fs::write(&log, &bytes).unwrap();
    let error = Store::open(&copy, &GENESIS, StoreOptions::default()).err().unwrap();
    assert!(error.to_string().contains("checksum mismatch"), "{error}");
    drop(store);
}

#[test]
fn what_a_block_removes_is_gone_unless_it_writes_it_again() {
    let dir = tempfile::tempdir().unwrap();
    let store = initialised(dir.path());
    let before: BTreeMap<_, _> =
        store.leaves().map(Result::unwrap).map(|leaf| (leaf.key.clone(), leaf)).collect();
    let gone = |leaf: Change| Removed { slot: leaf.slot, key: leaf.key };
    let (mut write, batch) = commit(1);
    // One key goes, another takes its slot; one comes back in another slot.
    let (first, second) = (role(0, 1), role(1, 1));
    let new = Change { slot: first.slot, ..role(100, 7) };
    let moved = Change { slot: 5_000, ..second.clone() };
    write.removed = vec![gone(first.clone()), gone(second)];
    write.changes.extend([new.clone(), moved.clone()]);
    store.put_batches(&[batch]).unwrap();
    store.commit_block(&write).unwrap();
    let mut expected = before;
    expected.remove(&first.key);
    for change in write.changes {
        expected.insert(change.key.clone(), change);
    }
    let found: Vec<_> = store.leaves().map(Result::unwrap).collect();
    assert!(found.contains(&new) && found.contains(&moved));
    assert!(found.into_iter().eq(expected.into_values()));
}

#[test]
fn bytes_per_transfer_are_within_the_goal() {
    let dir = tempfile::tempdir().unwrap();
    let store = initialised(dir.path());
    const ACCOUNTS: u64 = 100_000;
    const TXS: u64 = 500;
    let mut seed = 0_u64;
    let mut random = move || {
        seed += 1;
        hash(1 << 40 | seed)
    };
    let mut count = 0;
    for height in 1..=100 {
        let (mut txs, mut records) = (vec![], vec![]);
        for index in 0..TXS as u32 {
            let number = u64::from_le_bytes(random().0[..8].try_into().unwrap()) % ACCOUNTS;
            let from = account(number);
            let to = account(u64::from_le_bytes(random().0[..8].try_into().unwrap()) % ACCOUNTS);
            // As long as a signed transfer: chain, sender, recipient, small numbers, key, signature.
            let tx = [
                GENESIS.0.as_slice(),
                &from.0,
                &to.0,
                &[0; 39],
                &account(1 << 30 | number).0,
                &random().0,
                &random().0,
            ];
            txs.push(tx.concat());
            let mut record = record(height, index, from, to, index);
            record.receipt.tx = random();
            records.push(record);
            count += 1;
        }
        let bytes = codec::encode(&Batch { author: PublicKey([3; 32]), sequence: height, txs });
        let digest = Batch::digest_of_bytes(&bytes);
        let write = CommitWrite {
            block: block(height, vec![digest]),
            executed: executed(height, 21),
            removed: vec![],
            changes: vec![],
            records,
            evidence: vec![],
            next_set: None,
        };
        store.put_batches(&[(digest, bytes)]).unwrap();
        store.commit_block(&write).unwrap();
    }
    store.compact().unwrap();
    let stats = store.stats().unwrap();
    let mut per_tx = 0;
    for family in &stats.families {
        println!("{:10} {:5} bytes/tx", family.name, family.disk_bytes / count);
        per_tx += family.disk_bytes / count;
    }
    println!("all        {per_tx:5} bytes/tx");
    assert!(per_tx > 100 && per_tx <= 440, "{per_tx}");
    assert!(stats.disk_bytes > per_tx * count && stats.block_cache_bytes > 0);
}
