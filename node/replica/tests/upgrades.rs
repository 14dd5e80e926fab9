//! A chain with an upgrade of the rules inside, and programs that lack it, have it, or have more.
//! The harness schedules it in the first state; how a council does is the runtime's to test.

mod harness;

use std::collections::BTreeSet;

use ballast_primitives::Hash;
use ballast_replica::message::Message;
use ballast_replica::replica::Notice;
use ballast_replica::{Admission, Input, Program};
use ballast_runtime::{Code, Rulebook};
use harness::{AFTER, AT, BEFORE, Cluster};

/// The first height of version 2.
const HEIGHT: u64 = 12;

/// Pays through nodes in turn, plainly, with a memo that only version 2 knows and in one with five
/// payments that only version 1 knows, until these nodes have `height`.
fn run_to(cluster: &mut Cluster, height: u64, nodes: &[usize], nonce: &mut u64) {
    for turn in 0..500 {
        let behind = |c: &Cluster| nodes.iter().any(|n| c.nodes[*n].height() < height);
        if cluster.run_while(40, behind) {
            return;
        }
        let through = nodes[turn % nodes.len()];
        for form in [(1, None), (1, Some(33)), (5, None)] {
            *nonce += 1;
            cluster.pay_much(through, 0, 1, 1, *nonce, form);
        }
    }
    panic!("not at height {height}: {:?}", cluster.heights());
}

fn voted(cluster: &Cluster, n: usize) -> BTreeSet<u64> {
    let key = cluster.keys()[n];
    cluster.votes.keys().filter(|place| place.0 == key).map(|place| place.1).collect()
}

fn upgrade_notices(cluster: &Cluster, n: usize) -> Vec<Notice> {
    let of_upgrade =
        |n: &&Notice| matches!(n, Notice::UpgradeScheduled { .. } | Notice::Outdated { .. });
    cluster.nodes[n].notices.iter().filter(of_upgrade).cloned().collect()
}

/// One chain, each transaction by the rules of its height.
fn check(cluster: &Cluster) {
    cluster.check_agreement();
    for node in &cluster.nodes {
        for receipt in node.receipts().values() {
            let (before, payments) = (receipt.height < HEIGHT, receipt.events.len());
            assert!(payments == 1 || (before && payments == 5), "{receipt:?}");
        }
        for (height, result) in (0..).zip(&node.disk.results) {
            assert_eq!(result.height, height);
        }
        if let Some(replica) = &node.replica {
            let version = if node.height() < HEIGHT { 1 } else { 2 };
            assert_eq!(replica.upgrade().current, version);
        }
    }
}

#[test]
fn installed_early_in_time_and_late_all_come_to_one_chain() {
    let mut cluster = Cluster::with_upgrade(1, HEIGHT, &[AT, AFTER, BEFORE, BEFORE], 0);
    let mut nonce = 0;
    run_to(&mut cluster, 5, &[0, 1, 2, 3], &mut nonce);
    cluster.install(2, AT);
    run_to(&mut cluster, HEIGHT + 8, &[0, 1, 2], &mut nonce);
    cluster.run_for(1_500);
    // The last stands below the height: it signs nothing, takes nothing, and says why.
    let late = &cluster.nodes[3];
    assert_eq!(late.height(), HEIGHT - 1);
    assert!(late.replica().is_outdated() && !late.replica().has_room());
    assert!(late.replica().lag() >= 8, "it knows that others go on");
    assert_eq!(voted(&cluster, 3).last(), Some(&(HEIGHT - 1)));
    let (version, height, code) = (2, HEIGHT, Hash([2; 32]));
    assert_eq!(
        upgrade_notices(&cluster, 3),
        [
            Notice::UpgradeScheduled { version, height, code, known: false },
            Notice::Outdated { version, height, code }
        ]
    );
    let told = Notice::UpgradeScheduled { version, height, code, known: true };
    assert_eq!(upgrade_notices(&cluster, 0), [told]);
    nonce += 1;
    cluster.pay(3, 0, 1, 1, nonce);
    assert_eq!(cluster.nodes[3].answers[&nonce], [Admission::Busy]);
    check(&cluster);

    // What it lacks is installed late: it goes on from where it stood.
    cluster.install(3, AT);
    run_to(&mut cluster, HEIGHT + 16, &[0, 1, 2, 3], &mut nonce);
    assert!(voted(&cluster, 3).last() > Some(&(HEIGHT + 8)));
    check(&cluster);
    let long = |n: usize| {
        let receipts = cluster.nodes[n].receipts().values();
        receipts.filter(|receipt| receipt.height >= HEIGHT).count()
    };
    assert!(long(0) > 0);
}

#[test]
fn a_program_of_before_replays_up_to_the_height_and_serves_that_far_later_ones_replay_it_all() {
    let mut cluster = Cluster::with_upgrade(2, HEIGHT, &[AT; 4], 4);
    let mut nonce = 0;
    run_to(&mut cluster, HEIGHT + 10, &[0, 1, 2, 3], &mut nonce);
    for (n, program) in [(4, BEFORE), (5, AT), (6, AFTER)] {
        cluster.install(n, program);
    }
    cluster.run_until(20_000, |c| c.nodes[5..7].iter().all(|n| n.height() >= HEIGHT + 10));
    cluster.run_for(2_000);
    assert_eq!(cluster.nodes[4].height(), HEIGHT - 1);
    assert!(cluster.nodes[4].replica().is_outdated());
    check(&cluster);
    for n in [5, 6] {
        let newest = cluster.nodes[n].disk.newest();
        assert_eq!(newest, &cluster.nodes[0].disk.results[newest.height as usize]);
    }
    // A newcomer to whom the first alone talks gets what it has.
    for n in [0, 1, 2, 3, 5, 6] {
        cluster.stop(n);
    }
    cluster.install(7, AT);
    cluster.run_until(20_000, |c| c.nodes[7].height() == HEIGHT - 1);
}

#[test]
fn while_too_few_have_it_the_chain_stands_at_the_height_and_then_goes_on() {
    let mut cluster = Cluster::with_upgrade(3, HEIGHT, &[AT, AT, BEFORE, BEFORE], 0);
    let mut nonce = 0;
    run_to(&mut cluster, HEIGHT - 1, &[0, 1, 2, 3], &mut nonce);
    cluster.run_for(20_000);
    assert_eq!(cluster.heights(), [HEIGHT - 1; 4]);
    cluster.install(2, AT);
    run_to(&mut cluster, HEIGHT + 5, &[0, 1, 2], &mut nonce);
    assert_eq!(cluster.nodes[3].height(), HEIGHT - 1);
    check(&cluster);
}

#[test]
fn what_waits_when_a_version_comes_is_judged_by_it_and_stops_nobody() {
    let mut cluster = Cluster::with_upgrade(4, HEIGHT, &[AT; 4], 0);
    let mut nonce = 0;
    run_to(&mut cluster, HEIGHT - 2, &[0, 1, 2, 3], &mut nonce);
    // Admitted for the last height of version 1 or in vain, whichever comes first.
    let mut five = Vec::new();
    while cluster.nodes.iter().all(|node| node.height() < HEIGHT) {
        nonce += 1;
        let id = cluster.pay_much(0, 0, 1, 1, nonce, (5, None));
        five.push((nonce, id));
        cluster.run_for(1);
    }
    run_to(&mut cluster, HEIGHT + 10, &[0, 1, 2, 3], &mut nonce);
    check(&cluster);
    let answers = &cluster.nodes[0].answers;
    let refused = Admission::Refused(Code::Decode);
    assert!(five.iter().any(|(nonce, _)| answers[nonce] == [Admission::Admitted]));
    for (nonce, id) in five {
        let committed = cluster.nodes[0].receipts().get(&id);
        assert!(committed.is_none_or(|receipt| receipt.height < HEIGHT), "{committed:?}");
        assert!(
            [[Admission::Admitted], [refused]]
                .contains(&answers[&nonce].as_slice().try_into().unwrap())
        );
    }
    let left_out =
        |notice: &Notice| matches!(notice, Notice::LeftOut { height, .. } if *height >= HEIGHT);
    assert!(cluster.nodes[0].notices.iter().any(left_out));
}

#[test]
fn a_batch_of_later_rules_is_not_held_before_their_height() {
    let mut cluster = Cluster::with_upgrade(5, HEIGHT, &[AT; 4], 0);
    cluster.run_until_height(1, 5_000);
    cluster.pay_much(0, 0, 1, 1, 1, (1, Some(33)));
    assert_eq!(cluster.nodes[0].answers[&1], [Admission::Refused(Code::Decode)]);
    // As one who does not keep to it would push it.
    let liar = cluster.keys()[1];
    let mut other = Cluster::with_upgrade(6, 1, &[AT; 4], 0);
    other.pay_much(1, 2, 1, 1, 1, (1, Some(33)));
    other.run_for(200);
    let bytes = other.nodes[1].any_batch();
    cluster.inject(0, harness::batch_input(liar, &bytes));
    assert_eq!(cluster.nodes[0].replica().usage().batches, 0);
    // The same batch is held when its time has come.
    let mut nonce = 0;
    run_to(&mut cluster, HEIGHT, &[0, 1, 2, 3], &mut nonce);
    cluster.run_for(1_000);
    assert_eq!(cluster.nodes[0].replica().usage().batches, 0);
    cluster.inject(0, harness::batch_input(liar, &bytes));
    assert_eq!(cluster.nodes[0].replica().usage().batches, 1);
}

#[test]
fn a_downgrade_is_refused_and_one_before_the_height_signs_nothing_and_keeps_the_log() {
    let mut cluster = Cluster::with_upgrade(7, HEIGHT, &[AT; 4], 0);
    let mut nonce = 0;
    run_to(&mut cluster, HEIGHT - 1, &[0, 1, 2, 3], &mut nonce);
    // All have signed at the height; none has its block.
    let signed = |c: &Cluster| c.nodes.iter().all(|n| n.signed_height() == Some(HEIGHT));
    if cluster.run_while(2_000, |c| !signed(c)) && cluster.height() == HEIGHT - 1 {
        cluster.install(0, BEFORE);
        assert!(cluster.nodes[0].replica().is_outdated());
        cluster.run_for(3_000);
        cluster.install(0, AT);
    }
    run_to(&mut cluster, HEIGHT + 5, &[0, 1, 2, 3], &mut nonce);
    check(&cluster);
    cluster.stop(0);
    cluster.nodes[0].rulebook = BEFORE;
    let why = cluster.try_start(0).unwrap_err();
    assert!(why.contains("version 2") && why.contains("install"), "{why}");
    cluster.install(0, AFTER);
    run_to(&mut cluster, HEIGHT + 8, &[0, 1, 2, 3], &mut nonce);
    check(&cluster);
}

#[test]
fn validators_say_what_they_run() {
    let mut cluster = Cluster::with_upgrade(8, 1_000, &[AT, BEFORE, AFTER, AT], 0);
    cluster.run_for(1_500);
    let runs = |cluster: &Cluster, of: usize| -> Vec<_> {
        let programs = cluster.nodes[of].replica().programs();
        let mut all: Vec<_> = programs.map(|(v, p)| (v.name.clone(), p)).collect();
        all.sort();
        all.into_iter().map(|(_, program)| program).collect()
    };
    let program = |n: u8, rulebook: Rulebook| {
        Some(Program { version: rulebook.newest(), release: Hash([n + 1; 32]) })
    };
    let all = [program(0, AT), program(1, BEFORE), program(2, AFTER), program(3, AT)];
    assert_eq!(runs(&cluster, 0), all);
    assert_eq!(runs(&cluster, 1), all);
    // Who is gone is not counted on, and what another says is believed of itself alone.
    cluster.stop(3);
    assert_eq!(runs(&cluster, 0), [all[0], all[1], all[2], None]);
    cluster.install(1, AT);
    cluster.run_for(1_500);
    assert_eq!(runs(&cluster, 0), [all[0], program(1, AT), all[2], None]);
    let stranger = ballast_primitives::PublicKey([9; 32]);
    let message = Message::Program { version: 7, release: Hash([7; 32]) };
    cluster.inject(0, Input::Message { from: stranger, message });
    assert_eq!(runs(&cluster, 0), [all[0], program(1, AT), all[2], None]);
}
