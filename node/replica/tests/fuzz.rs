//! A short fuzz run of what peers send and what a validator reads back: the bodies are those of the
//! targets in testnet/fuzz, the seeds what four honest validators said. `BALLAST_FUZZ_ROUNDS`
//! makes it long.

#[path = "fuzz/bodies.rs"]
mod bodies;
#[path = "../../../runtime/tests/fuzz/driver.rs"]
mod driver;

use std::collections::VecDeque;

use ballast_primitives::{Hash, codec};
use ballast_replica::message::{ChainRecord, Message, Request, Response, WireRound};
use ballast_replica::types::Batch;
use ballast_replica::{Effect, Input, Replica};
use bodies::{VALIDATORS, encode_input, key, now};
use driver::drive;

/// What four honest validators did until the first has committed two blocks.
#[derive(Default)]
struct Honest {
    /// What the first was told, by whom, and when.
    told: Vec<(u64, usize, Message)>,
    /// What it wrote: its log, its sign-state, its blocks.
    wal: Vec<Vec<u8>>,
    signed: Vec<Vec<u8>>,
    blocks: Vec<ChainRecord>,
}

/// A message under way: from, to.
type Sent = (usize, usize, Message);

impl Honest {
    fn new() -> Self {
        let mut seen = Self::default();
        let mut queue = VecDeque::new();
        let opened: Vec<_> = (0..VALIDATORS).map(bodies::replica).collect();
        let mut replicas = Vec::new();
        for (n, (replica, effects)) in opened.into_iter().enumerate() {
            seen.perform(n, effects, &mut queue);
            replicas.push(replica);
        }
        let mut mono_ms = 0;
        while seen.blocks.len() < 2 {
            mono_ms += 1;
            assert!(mono_ms < 20_000, "no two blocks in twenty seconds");
            seen.tick(&mut replicas, mono_ms, &mut queue);
            for (from, to, message) in std::mem::take(&mut queue) {
                if to == 0 {
                    seen.told.push((mono_ms, from, message.clone()));
                }
                let input = Input::Message { from: key(from).public(), message };
                let effects = replicas[to].step(now(mono_ms), input);
                seen.perform(to, effects, &mut queue);
            }
        }
        seen
    }

    fn tick(&mut self, replicas: &mut [Replica], mono_ms: u64, queue: &mut VecDeque<Sent>) {
        for (n, replica) in replicas.iter_mut().enumerate() {
            if replica.next_deadline().is_some_and(|at| at <= mono_ms) {
                let effects = replica.step(now(mono_ms), Input::Tick);
                self.perform(n, effects, queue);
            }
        }
    }

    fn perform(&mut self, n: usize, effects: Vec<Effect>, queue: &mut VecDeque<Sent>) {
        let others = |of: usize| (0..VALIDATORS).filter(move |other| *other != of);
        for effect in effects {
            match effect {
                Effect::Broadcast(message) => {
                    queue.extend(others(n).map(|to| (n, to, message.clone())));
                }
                Effect::Send { to, message } => {
                    let to = others(n).find(|other| key(*other).public() == to).unwrap();
                    queue.push_back((n, to, message));
                }
                Effect::Wal(record) if n == 0 => self.wal.push(record),
                Effect::SignState(record) if n == 0 => self.signed.push(record),
                Effect::Commit(write) if n == 0 => {
                    self.blocks.push(ChainRecord::Block(Box::new(write.block)));
                }
                _ => {}
            }
        }
    }

    fn votes(&self) -> Vec<ballast_replica::message::WireVote> {
        let vote = |told: &(u64, usize, Message)| match told.2 {
            Message::Vote(vote) => Some(vote),
            _ => None,
        };
        self.told.iter().filter_map(vote).take(3).collect()
    }
}

#[test]
fn messages_and_requests() {
    let honest = Honest::new();
    let mut seeds: Vec<_> = honest.told.iter().map(|(_, _, message)| message.encode()).collect();
    seeds.sort_unstable();
    seeds.dedup();
    let round = WireRound { height: 1, round: 0, precommits: true, votes: honest.votes() };
    seeds.push(Message::Round(round).encode());
    seeds.push(Request::Headers { from: 3, max: 9 }.encode());
    seeds.push(Request::Batches { digests: vec![Hash([1; 32]), Hash([2; 32])] }.encode());
    drive("message", 1, &seeds, bodies::message);
}

#[test]
fn answers_batches_and_blocks() {
    let honest = Honest::new();
    let batch = Batch { author: key(1).public(), sequence: 2, txs: vec![vec![3; 40], vec![4; 9]] };
    let batch = codec::encode(&batch);
    let seeds = [
        codec::encode(&honest.blocks[0]),
        Response::Headers(honest.blocks).encode(),
        Response::Batches(vec![batch.clone()]).encode(),
        batch,
    ];
    drive("sync", 1, &seeds, bodies::sync);
}

#[test]
fn records_of_the_log_and_the_sign_state() {
    let honest = Honest::new();
    let seeds = [honest.wal, honest.signed].concat();
    drive("recovery", 1, &seeds, bodies::recovery);
}

/// Everything the honest ones said, in order, up to some point; then the same as blocks to catch
/// up with.
#[test]
fn a_validator_among_peers() {
    let honest = Honest::new();
    let (mut seed, mut seeds, mut before) = (Vec::new(), Vec::new(), 0);
    for (at, from, message) in &honest.told {
        for _ in 0..(at - before) / 600 {
            seed.extend(encode_input(0, 2, &[]));
        }
        before = *at;
        seed.extend(encode_input(u8::try_from(*from - 1).unwrap(), 0, &message.encode()));
        seeds.push(seed.clone());
    }
    let status = Message::Status { height: 2, time: 1 }.encode();
    let blocks = Response::Headers(honest.blocks).encode();
    let silence = encode_input(0, 2, &[]);
    seeds.push([encode_input(0, 0, &status), silence, encode_input(0, 1, &blocks)].concat());
    drive("peers", 20, &seeds, bodies::peers);
}
