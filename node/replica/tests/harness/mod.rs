#![allow(dead_code, reason = "each test file uses a part of it")]
//! The cluster: nodes with disks, a queue of what is under way, one virtual clock.

pub mod node;
mod report;

use std::cell::Cell;
use std::collections::BTreeMap;
use std::sync::Arc;

use ballast_primitives::codec;
use ballast_primitives::signature::{self, SignatureError};
use ballast_primitives::{
    CommitCertificate, CommitSignature, Committee, Hash, Header, Payload, PublicKey, Return,
    Signature, Vote, VoteKind,
};
use ballast_replica::message::{
    ChainRecord, Message, Request, Response, WireProposal, WireVote, proposal_signed_bytes,
};
use ballast_replica::pool::Candidate;
use ballast_replica::replica::Notice;
use ballast_replica::types::{Batch, StoredBlock};
use ballast_replica::wal::WalEntry;
use ballast_replica::{Config, Effect, Input, Now, Recovered, Replica, commit};
use ballast_runtime::object::{Upgrade, Validators};
use ballast_runtime::tx::{SignedTx, VerifiedTx};
use ballast_runtime::{Genesis, Key, Object, Op, Rulebook, Rules, State, TxBody, dev, ops};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

pub use node::Disk;
use node::{Loose, Node, key, validator};

const START_WALL_MS: u64 = 1_800_000_000_000;
const SEED: &str = "cluster test";
pub const ACCOUNTS: u32 = 32;

/// What the nodes' programs may be; versions 2 and 3 exist in tests only. The second takes longer
/// memos and fewer operations.
pub const VERSIONS: &[Rules] = &[
    Rules::V1,
    Rules { version: 2, memo_bytes_max: 64, ops_max: 4, ..Rules::V1 },
    Rules { version: 3, ..Rules::V1 },
];
/// The program before the upgrade, the one made for it, and a later one.
pub const BEFORE: Rulebook = Rulebook::SHIPPED;
pub const AT: Rulebook = Rulebook::new(VERSIONS.split_at(2).0);
pub const AFTER: Rulebook = Rulebook::new(VERSIONS);

#[derive(Clone, Copy)]
pub struct Faults {
    pub loss_percent: u8,
    pub delay_ms_max: u64,
}

pub struct Cluster {
    pub nodes: Vec<Node>,
    pub faults: Faults,
    pub config: Config,
    /// Whether a node may stop by itself.
    pub may_halt: bool,
    /// Bytes of the largest answer to who catches up.
    pub largest_answer: usize,
    genesis: Genesis,
    /// The sets that blocks choose, by their height: see [`Cluster::choose`].
    chosen: BTreeMap<u64, Committee>,
    rng: StdRng,
    now_ms: u64,
    /// Deliveries by time, then by order of sending.
    queue: BTreeMap<(u64, u64), (usize, Input)>,
    sent: u64,
    /// Every vote ever sent, by validator, height, round and kind.
    pub votes: BTreeMap<(PublicKey, u64, u32, VoteKind), WireVote>,
    /// The height at which each validator said last that it is well.
    pub said_well: BTreeMap<PublicKey, u64>,
}

impl Cluster {
    pub fn new(seed: u64, count: usize, faults: Faults) -> Self {
        Self::with_spares(seed, count, 0, faults)
    }

    pub fn with_config(seed: u64, count: usize, faults: Faults, config: Config) -> Self {
        Self::build(seed, (count, 0), faults, config)
    }

    /// Validators, and after them nodes whose keys are not in the genesis set.
    pub fn with_spares(seed: u64, validators: usize, spares: usize, faults: Faults) -> Self {
        Self::build(seed, (validators, spares), faults, Config::default())
    }

    fn build(
        seed: u64,
        (validators, spares): (usize, usize),
        faults: Faults,
        config: Config,
    ) -> Self {
        let count = validators + spares;
        let config = Config { verify: counted, ..config };
        let keys: Vec<_> = (0..count).map(key).collect();
        let genesis = dev::genesis(&dev::DevSpec {
            chain_id: 7,
            time: START_WALL_MS,
            validators: (0..validators).map(validator).collect(),
            accounts: ACCOUNTS,
            balance: 1_000_000_000,
            seed: SEED.to_owned(),
        })
        .unwrap();
        let state = State::from_genesis(&genesis).unwrap();
        let first = commit::genesis_result(&state, genesis.time);
        let nodes = keys.into_iter().map(|key| Node {
            key,
            replica: None,
            disk: Disk {
                state: state.changes().map(|change| (change.slot, change)).collect(),
                results: vec![first],
                ..Disk::default()
            },
            blocks: BTreeMap::new(),
            receipts: BTreeMap::new(),
            rulebook: BEFORE,
            evidence: Vec::new(),
            notices: Vec::new(),
            committed_ms: BTreeMap::new(),
            skew_ms: 0,
            held: None,
            answers: BTreeMap::new(),
            overrides: Vec::new(),
            halted: None,
            lie: None,
            asked: 0,
        });
        let mut cluster = Self {
            nodes: nodes.collect(),
            faults,
            largest_answer: 0,
            config,
            may_halt: false,
            genesis,
            chosen: BTreeMap::new(),
            rng: StdRng::seed_from_u64(seed),
            now_ms: 0,
            queue: BTreeMap::new(),
            sent: 0,
            votes: BTreeMap::new(),
            said_well: BTreeMap::new(),
        };
        (0..count).for_each(|n| cluster.start(n));
        cluster
    }

    /// Validators in whose first state version 2 is scheduled for `height`, and their programs. A
    /// spare node has no program yet.
    pub fn with_upgrade(seed: u64, height: u64, programs: &[Rulebook], spares: usize) -> Self {
        let faults = Faults { loss_percent: 0, delay_ms_max: 4 };
        let mut cluster = Self::with_spares(seed, programs.len(), spares, faults);
        let upgrade = Upgrade { version: 2, code: Hash([2; 32]), height, ..Upgrade::AT_GENESIS };
        cluster.queue.clear();
        cluster.votes.clear();
        for node in &mut cluster.nodes {
            node.replica = None;
            node.disk = Disk {
                state: node.disk.state.clone(),
                results: node.disk.results.clone(),
                ..Disk::default()
            };
            node.disk.put(&Key::Upgrade, &Object::Upgrade(upgrade));
            assert_eq!(node.height(), 0);
        }
        for (n, program) in programs.iter().enumerate() {
            cluster.install(n, *program);
        }
        cluster
    }

    /// Starts a node's other program on the disk that it has.
    pub fn install(&mut self, n: usize, program: Rulebook) {
        if self.nodes[n].is_up() {
            self.stop(n);
        }
        self.nodes[n].rulebook = program;
        self.start(n);
    }

    pub fn keys(&self) -> Vec<PublicKey> {
        self.nodes.iter().map(|node| node.key.public()).collect()
    }

    /// Has the block at `height`, which nobody has yet, choose the nodes that decide from
    /// `height + 2` on: what an operation of the council does, without one. A node whose disk has
    /// the block is restarted with the sets written into its state.
    pub fn choose(&mut self, height: u64, members: &[usize]) {
        assert!(height > self.height(), "block {height} is there already");
        let set = Committee::new(members.iter().map(|n| validator(*n)).collect()).unwrap();
        self.chosen.insert(height, set);
    }

    /// The set that decides `height`.
    pub fn committee(&self, height: u64) -> &Committee {
        let newest = self.chosen.iter().rev().find(|(chosen, _)| **chosen + 2 <= height);
        newest.map_or(&self.genesis.validators, |(_, set)| set)
    }

    fn obey_choice(&mut self, n: usize) {
        let height = self.nodes[n].height();
        let Some(set) = self.chosen.get(&height).cloned() else { return };
        let before = self.nodes[n].disk.restore().committee(height + 1).clone();
        let validators = Validators {
            set,
            from_height: height + 2,
            before: Some(before),
            turns: self.nodes[n].disk.restore().validators().turns.clone(),
            named: self.nodes[n].disk.restore().validators().named.clone(),
        };
        let disk = &mut self.nodes[n].disk;
        disk.settle();
        disk.put_validators(validators);
        self.start(n);
    }

    pub const fn genesis(&self) -> &Genesis {
        &self.genesis
    }

    /// A prevote of validator `n` for `block`, as a liar would sign it.
    pub fn prevote(&self, n: usize, height: u64, block: Hash) -> WireVote {
        self.prevote_in(n, height, 0, block)
    }

    pub fn prevote_in(&self, n: usize, height: u64, round: u32, block: Hash) -> WireVote {
        self.signed_vote(n, Vote { kind: VoteKind::Prevote, height, round, block: Some(block) })
    }

    pub fn signed_vote(&self, n: usize, vote: Vote) -> WireVote {
        let key = &self.nodes[n].key;
        let signature = key.sign(&vote.signed_bytes(&self.genesis.hash()));
        WireVote { vote, validator: key.public(), signature }
    }

    /// A certificate by the first `signers` nodes, whatever they voted for.
    pub fn certificate(
        &self,
        height: u64,
        round: u32,
        block: Hash,
        signers: usize,
    ) -> CommitCertificate {
        let mut certificate = CommitCertificate { height, round, block, signatures: vec![] };
        let bytes = certificate.vote().signed_bytes(&self.genesis.hash());
        let keys = self.nodes.iter().take(signers).map(|node| &node.key);
        certificate.signatures = keys
            .map(|key| CommitSignature { validator: key.public(), signature: key.sign(&bytes) })
            .collect();
        certificate.signatures.sort_by_key(|entry| entry.validator);
        certificate
    }

    /// What node `n` says when it is well.
    pub fn say_return(&self, n: usize, from: u64) -> Return {
        let key = &self.nodes[n].key;
        let bytes = Return::signed_bytes(from, &self.genesis.hash());
        Return { validator: key.public(), from, signature: key.sign(&bytes) }
    }

    /// A proposal of validator `n`, whether or not it has the turn, of a block without batches.
    pub fn proposal(&self, n: usize, round: u32, header: &Header) -> WireProposal {
        self.proposal_of(n, round, header, Payload::default())
    }

    /// The same, of a block with a payload.
    pub fn proposal_of(
        &self,
        n: usize,
        round: u32,
        header: &Header,
        payload: Payload,
    ) -> WireProposal {
        let header = Header { payload: payload.digest(), ..header.clone() };
        let key = &self.nodes[n].key;
        let (proposer, signature) = (key.public(), Signature([0; 64]));
        let parent = None;
        let wire =
            WireProposal { round, pol_round: None, header, payload, parent, proposer, signature };
        let bytes =
            proposal_signed_bytes(&wire.clone().into_signed().message, &self.genesis.hash());
        WireProposal { signature: key.sign(&bytes), ..wire }
    }

    /// What node `n` takes for the time.
    fn now(&self, n: usize) -> Now {
        let wall_ms = self.true_ms().saturating_add_signed(self.nodes[n].skew_ms);
        Now { wall_ms, mono_ms: self.now_ms }
    }

    pub const fn now_ms(&self) -> u64 {
        self.now_ms
    }

    /// The true time.
    pub fn true_ms(&self) -> u64 {
        START_WALL_MS + self.now_ms
    }

    /// Nothing happens for as long: everyone's clocks go on.
    pub fn sleep(&mut self, ms: u64) {
        self.now_ms += ms;
    }

    /// Node `n` stands still; its connections stay.
    pub fn pause(&mut self, n: usize) {
        self.nodes[n].held = Some(Vec::new());
    }

    pub fn resume(&mut self, n: usize) {
        for input in self.nodes[n].held.take().unwrap_or_default() {
            self.step(n, input);
        }
    }

    /// Rounds above zero in which blocks above `height` were decided, as node `n` has them.
    pub fn slow_heights(&self, n: usize, height: u64) -> Vec<u64> {
        let above = self.nodes[n].blocks.range(height + 1..);
        above.filter(|(_, block)| block.certificate.round > 0).map(|(at, _)| *at).collect()
    }

    /// The longest time between two commits above `height` at node `n`.
    pub fn longest_wait(&self, n: usize, height: u64) -> u64 {
        let times: Vec<_> = self.nodes[n].committed_ms.range(height..).map(|(_, at)| *at).collect();
        times.windows(2).map(|pair| pair[1] - pair[0]).max().unwrap()
    }

    /// The node whose turn it is to propose.
    pub fn proposer(&self, height: u64, round: u32) -> usize {
        self.index(&self.committee(height).proposer(&[], height, round).key)
    }

    /// Feeds one input to a node and returns the effects, which are performed as well.
    pub fn effects(&mut self, n: usize, input: Input) -> Vec<Effect> {
        let now = self.now(n);
        let effects = self.nodes[n].replica.as_mut().unwrap().step(now, input);
        self.perform(n, effects.clone());
        effects
    }

    /// Feeds a node a message of another.
    pub fn hear(&mut self, n: usize, from: usize, message: Message) -> Vec<Effect> {
        let from = self.nodes[from].key.public();
        self.effects(n, Input::Message { from, message })
    }

    /// A copy of a node's home, to be put back with [`Self::put_back`].
    pub fn copy(&self, n: usize) -> (Disk, BTreeMap<u64, StoredBlock>) {
        (self.nodes[n].disk.clone(), self.nodes[n].blocks.clone())
    }

    pub fn put_back(&mut self, n: usize, (disk, blocks): (Disk, BTreeMap<u64, StoredBlock>)) {
        let node = &mut self.nodes[n];
        node.receipts.retain(|_, receipt| receipt.height <= disk.newest().height);
        (node.disk, node.blocks) = (disk, blocks);
    }

    /// Cuts a node's power.
    pub fn stop(&mut self, n: usize) {
        self.nodes[n].replica = None;
        self.nodes[n].disk.power_cut();
        self.queue.retain(|_, (to, _)| *to != n);
        let key = self.nodes[n].key.public();
        for other in (0..self.nodes.len()).filter(|other| *other != n) {
            self.step(other, Input::PeerDown(key));
        }
    }

    pub fn start(&mut self, n: usize) {
        self.try_start(n).unwrap();
    }

    /// Says why the replica refuses what its disk has.
    pub fn try_start(&mut self, n: usize) -> Result<(), String> {
        let now = self.now(n);
        let hash = self.genesis.hash();
        let node = &mut self.nodes[n];
        node.halted = None;
        let disk = &node.disk;
        let pending = disk.batches.iter().filter(|(digest, _)| !disk.committed.contains(*digest));
        let recovered = Recovered {
            state: disk.restore(),
            results: disk.results.clone(),
            block: node.blocks.last_key_value().map(|(_, block)| block.clone()),
            block_is_ours: true,
            memory: disk.memory(),
            wal: (
                disk.wal.0,
                disk.wal.1.iter().map(|bytes| WalEntry::decode(bytes).unwrap()).collect(),
            ),
            batches: pending.map(|(_, bytes)| bytes.clone()).collect(),
            overrides: node.overrides.clone(),
            evidence: node.evidence.clone(),
        };
        let (replica, effects) = Replica::open(
            Config {
                rulebook: node.rulebook,
                release: Hash([n as u8 + 1; 32]),
                ..self.config.clone()
            },
            hash,
            self.genesis.chain_id,
            node.key.clone(),
            recovered,
            now,
        )?;
        node.replica = Some(replica);
        self.perform(n, effects);
        let up: Vec<_> = (0..self.nodes.len())
            .filter(|other| *other != n && self.nodes[*other].replica.is_some())
            .collect();
        for other in up {
            let (here, there) = (self.nodes[n].key.public(), self.nodes[other].key.public());
            self.step(n, Input::PeerUp(there));
            self.step(other, Input::PeerUp(here));
        }
        Ok(())
    }

    /// A payment between dev accounts, submitted to node `n`.
    pub fn pay(&mut self, n: usize, from: u32, to: u32, amount: u64, nonce: u64) {
        self.pay_much(n, from, to, amount, nonce, (1, None));
    }

    /// The payment as often as said, with a memo of so many bytes. Its id.
    pub fn pay_much(
        &mut self,
        n: usize,
        from: u32,
        to: u32,
        amount: u64,
        nonce: u64,
        (times, memo): (usize, Option<usize>),
    ) -> Hash {
        let tx = self.payments(from, to, amount, nonce, (times, memo));
        let id = tx.body.id();
        let bytes = tx.encode();
        let candidate = Candidate { bytes, tx: VerifiedTx::assume_verified(tx, id) };
        self.step(n, Input::Submit { ticket: nonce, txs: vec![candidate] });
        id
    }

    /// From [`ACCOUNTS`] on the accounts do not exist.
    pub fn payment(&self, from: u32, to: u32, amount: u64, nonce: u64) -> SignedTx {
        self.payments(from, to, amount, nonce, (1, None))
    }

    /// The same bytes for the same payment at whatever time it is made.
    fn payments(
        &self,
        from: u32,
        to: u32,
        amount: u64,
        nonce: u64,
        (times, memo): (usize, Option<usize>),
    ) -> SignedTx {
        let to = dev::account_address(SEED, to);
        let body = TxBody {
            genesis: self.genesis.hash(),
            chain_id: self.genesis.chain_id,
            sender: dev::account_address(SEED, from),
            nonce,
            valid_until: START_WALL_MS + 3_600_000,
            sponsor: None,
            memo: memo.map(|bytes| vec![7; bytes]),
            ops: vec![Op::Transfer(ops::transfer::Transfer { to, amount, travel: None }); times],
        };
        body.sign(&[&dev::account_key(SEED, from)])
    }

    /// A batch as node `n` packs it.
    pub fn batch(&self, n: usize, sequence: u64, txs: &[SignedTx]) -> Vec<u8> {
        let txs = txs.iter().map(SignedTx::encode).collect();
        codec::encode(&Batch { author: self.nodes[n].key.public(), sequence, txs })
    }

    /// Has node `n` receive a batch from another.
    pub fn push(&mut self, n: usize, from: usize, bytes: &[u8]) -> Vec<Effect> {
        let from = self.nodes[from].key.public();
        self.effects(n, batch_input(from, bytes))
    }

    /// Transactions of some 7.4 kB that fail, of whoever is no reserve manager, submitted to node
    /// `n` at once.
    pub fn submit_large(&mut self, n: usize, nonces: std::ops::Range<u64>) {
        let report = report::largest(&self.genesis.hash(), self.genesis.chain_id, &key(0));
        let candidate = |n: u64| {
            let account = (n % u64::from(ACCOUNTS)) as u32;
            let body = TxBody {
                genesis: self.genesis.hash(),
                chain_id: self.genesis.chain_id,
                sender: dev::account_address(SEED, account),
                nonce: 1 + n / u64::from(ACCOUNTS),
                valid_until: START_WALL_MS + 3_600_000,
                sponsor: None,
                memo: None,
                ops: vec![Op::SubmitReport(report.clone())],
            };
            let tx = body.sign(&[&dev::account_key(SEED, account)]);
            Candidate { bytes: tx.encode(), tx: VerifiedTx::verify(tx).unwrap() }
        };
        let ticket = nonces.start;
        let txs = nonces.map(candidate).collect();
        self.step(n, Input::Submit { ticket, txs });
    }

    /// Milliseconds of virtual time.
    pub const fn time_ms(&self) -> u64 {
        self.now_ms
    }

    /// Feeds one input to a node and returns the notices it gave.
    pub fn inject(&mut self, n: usize, input: Input) -> Vec<Notice> {
        let before = self.nodes[n].notices.len();
        self.step(n, input);
        self.nodes[n].notices[before..].to_vec()
    }

    fn step(&mut self, n: usize, input: Input) {
        let now = self.now(n);
        if let Some(held) = &mut self.nodes[n].held {
            return held.push(input);
        }
        let Some(replica) = self.nodes[n].replica.as_mut() else { return };
        let effects = replica.step(now, input);
        self.perform(n, effects);
    }

    fn perform(&mut self, n: usize, effects: Vec<Effect>) {
        let (persistent, rest): (Vec<_>, Vec<_>) =
            effects.into_iter().partition(Effect::is_persistent);
        let commits = persistent.iter().any(|effect| matches!(effect, Effect::Commit(_)));
        let node = &mut self.nodes[n];
        for effect in persistent {
            match effect {
                Effect::Wal(record) => node.disk.loose_wal.push(Loose::Append(record)),
                Effect::WalReset { height } => node.disk.loose_wal.push(Loose::Reset(height)),
                Effect::SignState(record) => node.disk.loose_sign_state = Some(record),
                Effect::StoreBatch { digest, bytes } => {
                    node.disk.loose_batches.insert(digest, bytes.to_vec());
                }
                Effect::RemoveBatches(digests) => {
                    digests.iter().for_each(|digest| drop(node.disk.batches.remove(digest)));
                }
                Effect::Commit(write) => {
                    node.disk.batches.append(&mut node.disk.loose_batches);
                    for removed in write.removed {
                        node.disk.state.remove(&removed.slot);
                    }
                    for change in write.changes {
                        node.disk.state.insert(change.slot, change);
                    }
                    node.disk.results.push(write.executed);
                    node.evidence.extend(write.evidence);
                    node.disk.committed.extend(write.block.payload.digests().copied());
                    for record in write.records {
                        let id = record.receipt.tx;
                        assert!(node.receipts.insert(id, record.receipt).is_none(), "twice: {id}");
                    }
                    node.committed_ms.insert(write.executed.height, self.now_ms);
                    node.blocks.insert(write.executed.height, write.block);
                }
                _ => {}
            }
        }
        for effect in rest {
            self.send(n, effect);
        }
        if commits {
            self.obey_choice(n);
        }
        if self.nodes[n].halted.is_some() && self.nodes[n].replica.is_some() {
            self.stop(n);
        }
    }

    fn send(&mut self, n: usize, effect: Effect) {
        let from = self.nodes[n].key.public();
        match effect {
            Effect::Broadcast(message) => {
                self.nodes[n].disk.settle();
                self.watch(&message);
                for to in (0..self.nodes.len()).filter(|to| *to != n) {
                    self.deliver(to, Input::Message { from, message: message.clone() });
                }
            }
            Effect::Send { to, message } => {
                self.nodes[n].disk.settle();
                self.watch(&message);
                let to = self.index(&to);
                self.deliver(to, Input::Message { from, message });
            }
            Effect::PushBatch { bytes } => {
                for to in (0..self.nodes.len()).filter(|to| *to != n) {
                    self.deliver(to, batch_input(from, &bytes));
                }
            }
            Effect::Request { to, request } => self.request(n, to, &request),
            Effect::Ask { to, ticket, request } => self.ask(n, to, ticket, &request),
            Effect::Answer { ticket, answers } => {
                self.nodes[n].answers.insert(ticket, answers);
            }
            Effect::Notice(notice) => self.nodes[n].notices.push(notice),
            Effect::Halt(report) if self.may_halt => self.nodes[n].halted = Some(report),
            Effect::Halt(report) => panic!("node {n} halted: {report}"),
            _ => {}
        }
    }

    /// No honest validator ever signs two different votes at one place.
    fn watch(&mut self, message: &Message) {
        if let Message::Return(said) = message {
            let height = self.nodes[self.index(&said.validator)].height();
            self.said_well.insert(said.validator, height);
        }
        if let Message::Vote(vote) = message {
            let place = (vote.validator, vote.vote.height, vote.vote.round, vote.vote.kind);
            let first = self.votes.entry(place).or_insert(*vote);
            assert_eq!(first.vote.block, vote.vote.block, "double sign at {place:?}");
        }
    }

    fn index(&self, key: &PublicKey) -> usize {
        self.nodes.iter().position(|node| node.key.public() == *key).unwrap()
    }

    fn deliver(&mut self, to: usize, input: Input) {
        if self.rng.random_range(0..100) < self.faults.loss_percent {
            return;
        }
        if let Input::Batch { txs, .. } = &input
            && self.nodes[to].rulebook.since(txs).is_none()
        {
            // Its node refuses the batch before the replica sees it.
            return;
        }
        let way = self.rng.random_range(1..=self.faults.delay_ms_max);
        self.deliver_after(way, to, input);
    }

    fn deliver_after(&mut self, ms: u64, to: usize, input: Input) {
        let at = self.now_ms + ms;
        self.sent += 1;
        self.queue.insert((at, self.sent), (to, input));
    }

    fn request(&mut self, n: usize, to: PublicKey, request: &Request) {
        if let Some(Response::Batches(found)) = self.answer(to, request) {
            for bytes in found {
                self.deliver(n, batch_input(to, &bytes));
            }
        }
    }

    /// Asks on behalf of node `n`; who is asked may lie, or be slow.
    fn ask(&mut self, n: usize, from: PublicKey, ticket: u64, request: &Request) {
        let of = self.index(&from);
        // Whoever adopts a block that chooses a set must stop there to obey it.
        let next = self.nodes[n].height() + 1;
        let choice = self.chosen.range(next..).next().map_or(u64::MAX, |(at, _)| *at);
        if matches!(request, Request::Headers { from, .. } if *from > choice) {
            return;
        }
        let mut honest = self.answer(from, request);
        if let Some(Response::Headers(records)) = &mut honest {
            records.retain(|ChainRecord::Block(block)| block.header.height <= choice);
        }
        self.nodes[of].asked += 1;
        let (response, delay_ms) = match &self.nodes[of].lie {
            Some(lie) => lie(request, honest, self.nodes[of].asked),
            None => (honest, 0),
        };
        let bytes = response.as_ref().map_or(0, |response| response.encode().len());
        self.largest_answer = self.largest_answer.max(bytes);
        let way = self.rng.random_range(1..=self.faults.delay_ms_max);
        self.deliver_after(way + delay_ms, n, Input::Answer { from, ticket, response });
    }

    /// What an honest peer answers; nothing when it is down.
    fn answer(&self, of: PublicKey, request: &Request) -> Option<Response> {
        let peer = &self.nodes[self.index(&of)];
        peer.replica.as_ref()?;
        match request {
            Request::Headers { from, max } => {
                let blocks = peer.blocks.range(*from..).take((*max).into());
                let record =
                    |(_, block): (_, &StoredBlock)| ChainRecord::Block(Box::new(block.clone()));
                Some(Response::Headers(blocks.map(record).collect()))
            }
            Request::Batches { digests } => {
                let stored = |d: &Hash| peer.disk.batches.get(d).or(peer.disk.loose_batches.get(d));
                Some(Response::Batches(digests.iter().filter_map(stored).cloned().collect()))
            }
        }
    }

    pub fn run_for(&mut self, ms: u64) {
        self.run_while(ms, |_| true);
    }

    /// Runs until `done`, at most `limit_ms` of virtual time.
    pub fn run_until(&mut self, limit_ms: u64, done: impl Fn(&Self) -> bool) {
        let done = self.run_while(limit_ms, |cluster| !done(cluster));
        assert!(done, "not within {limit_ms} ms; heights {:?}", self.heights());
    }

    /// Runs for `limit_ms` of virtual time, or until `on` no longer holds, which it says.
    pub fn run_while(&mut self, limit_ms: u64, on: impl Fn(&Self) -> bool) -> bool {
        let end = self.now_ms + limit_ms;
        while on(self) {
            if !self.advance(end) {
                self.now_ms = end;
                return false;
            }
        }
        true
    }

    pub fn run_until_height(&mut self, height: u64, limit_ms: u64) {
        self.run_until(limit_ms, |c| c.nodes.iter().all(|node| node.height() >= height));
    }

    /// Handles the next event before `end`; false when there is none.
    fn advance(&mut self, end: u64) -> bool {
        let delivery = self.queue.first_key_value().map(|((at, _), _)| *at);
        let tick = (0..self.nodes.len())
            .filter(|n| self.nodes[*n].held.is_none())
            .filter_map(|n| Some((self.nodes[n].replica.as_ref()?.next_deadline()?, n)))
            .min();
        let tick_at = tick.map(|(at, _)| at);
        let next = [delivery, tick_at].into_iter().flatten().min();
        let Some(at) = next.filter(|at| *at <= end) else { return false };
        self.now_ms = self.now_ms.max(at);
        if delivery == Some(at) {
            let (_, (to, input)) = self.queue.pop_first().unwrap();
            self.step(to, input);
        } else if let Some((_, n)) = tick {
            self.step(n, Input::Tick);
        }
        true
    }

    /// Handles the next event.
    pub fn advance_once(&mut self) {
        assert!(self.advance(u64::MAX), "nothing happens any more");
    }

    pub fn heights(&self) -> Vec<u64> {
        self.nodes.iter().map(Node::height).collect()
    }

    /// The highest height any node has.
    pub fn height(&self) -> u64 {
        self.heights().into_iter().max().unwrap()
    }

    pub fn rounds_above_zero(&self) -> usize {
        let notices = self.nodes.iter().flat_map(|node| &node.notices);
        notices.filter(|notice| matches!(notice, Notice::Round { .. })).count()
    }

    /// One chain: same blocks, same results, valid certificates, at every height two nodes share.
    pub fn check_agreement(&self) {
        let hash = self.genesis.hash();
        for node in &self.nodes {
            for (height, block) in &node.blocks {
                let (set, next) = (self.committee(*height), self.committee(height + 1));
                block.certificate.check_quorum(set).unwrap();
                assert_eq!(block.certificate.block, block.header.id());
                assert_eq!(block.header.validators, set.digest(), "at {height}");
                assert_eq!(block.header.next_validators, next.digest(), "at {height}");
                for other in &self.nodes {
                    if let Some(theirs) = other.blocks.get(height) {
                        assert_eq!(theirs.header, block.header, "fork at {height}");
                    }
                }
            }
            if let Some((_, block)) = node.blocks.last_key_value() {
                block.certificate.verify(&hash, self.committee(block.header.height)).unwrap();
            }
            for (one, other) in node.disk.results.iter().zip(&self.nodes[0].disk.results) {
                assert_eq!(one, other);
            }
            let replica = node.replica.as_ref();
            if let Some(replica) = replica {
                assert_eq!(replica.state().root(), node.disk.newest().state_root);
            }
        }
    }
}

thread_local! {
    static VERIFICATIONS: Cell<u64> = const { Cell::new(0) };
}

/// Rule R, counted.
fn counted(key: &PublicKey, message: &[u8], signature: &Signature) -> Result<(), SignatureError> {
    VERIFICATIONS.set(VERIFICATIONS.get() + 1);
    signature::verify(key, message, signature)
}

/// How many signatures of votes and proposals all nodes have verified.
pub fn verifications() -> u64 {
    VERIFICATIONS.get()
}

pub fn batch_input(from: PublicKey, bytes: &[u8]) -> Input {
    let batch: Batch = codec::decode(bytes, usize::MAX).unwrap();
    let verified = |tx: &Vec<u8>| {
        let tx = AFTER.decode(tx).unwrap();
        let id = tx.body.id();
        VerifiedTx::assume_verified(tx, id)
    };
    let txs = batch.txs.iter().map(verified);
    Input::Batch {
        from,
        digest: Batch::digest_of_bytes(bytes),
        bytes: Arc::new(bytes.to_vec()),
        author: batch.author,
        txs: txs.collect(),
    }
}
