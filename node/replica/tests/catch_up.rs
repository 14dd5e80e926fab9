//! Catching up: blocks of megabytes, several peers, and one of them that lies or is slow.

mod harness;

use std::collections::BTreeMap;
use std::rc::Rc;

use ballast_primitives::Hash;
use ballast_replica::fetch::{Fault, FetchFailure};
use ballast_replica::message::{ChainRecord, RESPONSE_BYTES_MAX, Request, Response};
use ballast_replica::replica::Notice;
use harness::node::{Lie, Place};
use harness::{Cluster, Faults};

const CALM: Faults = Faults { loss_percent: 0, delay_ms_max: 4 };
/// Who was down.
const DOWN: usize = 3;
/// Transactions of 7.4 kB: 27 MB.
const LARGE: u64 = 3_600;

/// What an honest answer takes: 20 ms, and 4 MB a second.
fn way_ms(response: Option<&Response>) -> u64 {
    20 + response.map_or(0, |response| response.encode().len() as u64 / 4_000)
}

fn honest() -> Lie {
    Rc::new(|_, response, _| {
        let way = way_ms(response.as_ref());
        (response, way)
    })
}

/// Three of four have ordered what ordinary clients submitted while the fourth was down; how it
/// was when it went down.
fn behind() -> (Cluster, Place) {
    let mut cluster = Cluster::new(1, 4, CALM);
    cluster.run_until_height(1, 5_000);
    cluster.stop(DOWN);
    let place = cluster.nodes[DOWN].place();
    for first in (0..LARGE).step_by(30) {
        cluster.submit_large((first / 30 % 3) as usize, first..first + 30);
    }
    cluster.run_until(60_000, |c| c.nodes[..3].iter().all(|n| n.receipts().len() as u64 == LARGE));
    cluster.run_for(500);
    for node in &mut cluster.nodes {
        node.lie = Some(honest());
    }
    (cluster, place)
}

/// Puts the fourth back to where it was, starts it, and says how long it takes to be where the
/// others are.
fn catch_up(cluster: &mut Cluster, place: &Place) -> u64 {
    cluster.stop(DOWN);
    cluster.nodes[DOWN].put_back(place);
    let target = cluster.height();
    cluster.start(DOWN);
    let start = cluster.time_ms();
    cluster.run_until(120_000, |c| c.nodes[DOWN].height() >= target);
    cluster.check_agreement();
    cluster.time_ms() - start
}

fn failures(cluster: &Cluster) -> Vec<FetchFailure> {
    let failure = |notice: &Notice| match notice {
        Notice::FetchFailed(failure) => Some(*failure),
        _ => None,
    };
    cluster.nodes[DOWN].notices.iter().filter_map(failure).collect()
}

/// Changes the blocks of honest answers.
fn with_blocks(change: impl Fn(&mut ballast_replica::types::StoredBlock) + 'static) -> Lie {
    Rc::new(move |_, mut response, _| {
        let way = way_ms(response.as_ref());
        if let Some(Response::Headers(records)) = &mut response {
            for ChainRecord::Block(block) in records {
                change(block);
            }
        }
        (response, way)
    })
}

/// Changes the batches of honest answers.
fn with_batches(change: impl Fn(&mut Vec<Vec<u8>>) + 'static) -> Lie {
    Rc::new(move |_, mut response, _| {
        let way = way_ms(response.as_ref());
        if let Some(Response::Batches(batches)) = &mut response {
            change(batches);
        }
        (response, way)
    })
}

/// By the name of what is noticed.
fn lies() -> Vec<(&'static str, Fault, Lie)> {
    vec![
        ("silent", Fault::Late, Rc::new(|_, response, _| (response, 10_000_000))),
        ("slow", Fault::Late, Rc::new(|_, response, _| (response, 2_900))),
        ("connection lost", Fault::Failed, Rc::new(|_, _, _| (None, 5))),
        (
            "no blocks",
            Fault::Empty,
            Rc::new(|request: &Request, response, _| match request {
                Request::Headers { .. } => (Some(Response::Headers(Vec::new())), 20),
                Request::Batches { .. } => honest()(request, response, 0),
            }),
        ),
        (
            "one block at a time",
            Fault::Few,
            Rc::new(|request, mut response, n| {
                if let Some(Response::Headers(records)) = &mut response {
                    records.truncate(1);
                }
                honest()(request, response, n)
            }),
        ),
        (
            "another answer",
            Fault::Unasked,
            Rc::new(|request: &Request, _, _| match request {
                Request::Headers { .. } => (Some(Response::Batches(Vec::new())), 20),
                Request::Batches { .. } => (Some(Response::Headers(Vec::new())), 20),
            }),
        ),
        (
            "too few signatures",
            Fault::Certificate,
            with_blocks(|block| {
                block.certificate.signatures.truncate(2);
            }),
        ),
        (
            "a signature that is bad",
            Fault::Certificate,
            with_blocks(|block| {
                block.certificate.signatures[1].signature.0[9] ^= 1;
            }),
        ),
        (
            "a header that was changed",
            Fault::Unfit,
            with_blocks(|block| {
                block.header.state_root = Hash([7; 32]);
            }),
        ),
        (
            "a payload that was changed",
            Fault::Unfit,
            with_blocks(|block| {
                block.payload.batches.clear();
                block.header.time += 1;
            }),
        ),
        (
            "batches that were changed",
            Fault::Batch,
            with_batches(|batches| {
                batches.iter_mut().for_each(|batch| batch[60] ^= 1);
            }),
        ),
        ("batches withheld", Fault::Withheld, with_batches(Vec::clear)),
        ("one batch withheld", Fault::Withheld, with_batches(|batches| drop(batches.pop()))),
    ]
}

#[test]
fn who_was_down_catches_up_with_27_mb_in_answers_that_no_blocks_size_is_part_of() {
    let (mut cluster, place) = behind();
    catch_up(&mut cluster, &place);
    assert_eq!(cluster.nodes[DOWN].receipts().len() as u64, LARGE);
    assert_eq!(failures(&cluster), []);
    let bytes = |block: &ballast_replica::types::StoredBlock| {
        block.payload.batches.iter().map(|batch| u64::from(batch.bytes)).sum::<u64>()
    };
    let largest = cluster.nodes[DOWN].blocks.values().map(bytes).max().unwrap();
    assert!(largest > 6_000_000, "{largest}");
    assert!(cluster.largest_answer <= RESPONSE_BYTES_MAX);
    // What was asked of whom: all three gave.
    assert!(cluster.nodes[..DOWN].iter().all(|node| node.asked > 3));
}

#[test]
fn one_liar_of_three_costs_less_than_half_the_speed_and_is_soon_left_alone() {
    let (mut cluster, place) = behind();
    let alone = catch_up(&mut cluster, &place);
    // Whoever is asked first.
    let liar = *cluster.keys()[..DOWN].iter().min().unwrap();
    let at = cluster.keys().iter().position(|key| *key == liar).unwrap();
    for (name, fault, lie) in lies() {
        cluster.nodes[at].lie = Some(lie);
        cluster.nodes[DOWN].notices.clear();
        let before: BTreeMap<_, _> = (0..DOWN).map(|n| (n, cluster.nodes[n].asked)).collect();
        let took = catch_up(&mut cluster, &place);
        let asked: Vec<_> = (0..DOWN).map(|n| cluster.nodes[n].asked - before[&n]).collect();
        println!("{name}: {took} ms, {alone} without; questions {asked:?}");
        assert!(took <= 2 * alone, "{name}: {took} ms, {alone} without");
        let failures = failures(&cluster);
        assert!(failures.iter().any(|f| f.fault == fault), "{name}: {failures:?}");
        assert!(failures.iter().all(|f| f.peer == liar && f.height > 1), "{name}: {failures:?}");
        // Who does half of it well is asked again.
        assert!(asked[at] <= 8, "{name}: {asked:?}");
    }
}

#[test]
fn votes_and_questions_are_answered_between_the_blocks_that_are_adopted() {
    let (mut cluster, place) = behind();
    // All answers come at once.
    for node in &mut cluster.nodes {
        node.lie = Some(Rc::new(|_, response, _| (response, 200)));
    }
    cluster.stop(DOWN);
    cluster.nodes[DOWN].put_back(&place);
    cluster.start(DOWN);
    // By the millisecond, whatever arrives in it.
    let mut adopted: BTreeMap<u64, usize> = BTreeMap::new();
    let target = cluster.height();
    while cluster.nodes[DOWN].height() < target {
        let before = cluster.nodes[DOWN].receipts().len();
        cluster.advance_once();
        let more = cluster.nodes[DOWN].receipts().len() - before;
        *adopted.entry(cluster.time_ms()).or_default() += more;
    }
    let most = adopted.into_values().max().unwrap();
    // A thousand, and the block that they end in.
    assert!((1..=2_300).contains(&most), "{most} transactions in one step");
}

#[test]
fn long_and_empty_chains_come_a_hundred_blocks_an_answer() {
    let mut cluster = Cluster::new(2, 4, CALM);
    cluster.run_until_height(1, 5_000);
    cluster.stop(DOWN);
    let place = cluster.nodes[DOWN].place();
    for n in 0..400u64 {
        cluster.pay((n % 3) as usize, (n % 32) as u32, 1, 10, 1 + n / 32);
        cluster.run_for(60);
    }
    assert!(cluster.height() > 300, "{:?}", cluster.heights());
    let took = catch_up(&mut cluster, &place);
    let asked: u64 = cluster.nodes.iter().map(|node| node.asked).sum();
    assert!(asked < 60 && took < 2_000, "{asked} questions, {took} ms");
}
