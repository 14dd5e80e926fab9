//! What nodes send, and what becomes of it.

use std::rc::Rc;

use ballast_primitives::PublicKey;
use ballast_replica::message::{Message, REQUEST_BYTES_MAX, RESPONSE_BYTES_MAX, Request, Response};
use ballast_replica::replica::{Failure, Notice};
use ballast_replica::types::{CommitWrite, TxRecord};
use ballast_replica::{Effect, Input};
use ballast_runtime::{CouncilOp, Op, Outcome, Rulebook};

use super::byzantine::{Mouth, Speech, To};
use super::checkers::{Committed, Fact, Proof};
use super::network::{BATCH_FRAME_MAX, MESSAGE_FRAME_MAX};
use super::setting;
use super::wire::{Checked, Frame};
use super::world::{Asked, Event, Parcel, World};

/// How long a question waits for its answer.
const ASK_US: u64 = 10_000_000;
/// How often liars are asked whether they have something to say.
const IDLE_US: u64 = 100_000;
/// Votes that are further ahead the core does not look at.
const ROUNDS_AHEAD: u32 = 10;
/// What it takes to check a batch, and each signature in it.
const BATCH_US: u64 = 20;
const TX_SIGNATURE_US: u64 = 15;

impl World<'_> {
    pub(super) fn send(&mut self, node: usize, effect: Effect) {
        match effect {
            Effect::Broadcast(message) => self.say(node, To::All, message),
            Effect::Send { to, message } => {
                if let Message::Proposal(_) = &message
                    && let Some(to) = self.index.get(&to).copied().filter(|_| self.is_honest(node))
                {
                    self.check(&Fact::Gave { node, to, at_ms: self.now / 1_000 });
                }
                self.say(node, To::One(to), message);
            }
            Effect::PushBatch { bytes } => {
                if self.is_honest(node) {
                    self.utter(node, To::All, Speech::Batch(bytes));
                } else {
                    self.lie(node, |behaviour, mouth| behaviour.batch(mouth, bytes));
                }
            }
            Effect::Request { to, request } => self.ask(node, to, None, request),
            Effect::Ask { to, ticket, request } => self.ask(node, to, Some(ticket), request),
            Effect::Answer { ticket, answers } => self.answer_client(node, ticket, &answers),
            Effect::Notice(notice) => self.notice(node, &notice),
            Effect::Halt(report) => self.halted(node, &report),
            // The rest persists, and is an act on the disk.
            _ => {}
        }
    }

    fn say(&mut self, node: usize, to: To, message: Message) {
        if self.is_honest(node) {
            self.utter(node, to, Speech::Message(message));
        } else {
            self.lie(node, |behaviour, mouth| behaviour.message(mouth, to, message));
        }
    }

    /// Lets a liar's behaviour speak, and sends what it says.
    pub(super) fn lie(
        &mut self,
        node: usize,
        speak: impl FnOnce(&mut dyn super::byzantine::Behaviour, &mut Mouth<'_>),
    ) {
        let Some(mut behaviour) = self.liars[node].take() else { return };
        let mut said = Vec::new();
        let mut forgets = false;
        let others: Vec<_> = self.keys.iter().filter(|k| **k != self.keys[node]).copied().collect();
        let lies = |at: &usize| self.liars[*at].is_some();
        let accomplices: Vec<_> =
            (0..self.liars.len()).filter(lies).map(|at| self.keys[at]).collect();
        let liar = &self.nodes[node];
        if let Some(process) = &liar.process {
            let replica = &process.replica;
            let committee = replica.sets().current();
            let now = liar.clock.now(self.now);
            let rng = &mut self.liars_rng;
            let mut mouth =
                Mouth::new(&liar.key, committee, [&others, &accomplices], replica, now, rng);
            speak(&mut *behaviour, &mut mouth);
            (said, forgets) = (mouth.said, mouth.forgets);
        }
        self.liars[node] = Some(behaviour);
        for (to, speech) in said {
            self.utter(node, to, speech);
        }
        if forgets {
            self.forget(node);
        }
    }

    /// Every liar may say something unasked.
    pub(super) fn wake_liars(&mut self) {
        self.after(IDLE_US, Event::Liars);
        for node in 0..self.nodes.len() {
            if !self.is_honest(node) && !self.nodes[node].paused {
                self.lie(node, |behaviour, mouth| behaviour.idle(mouth));
            }
        }
    }

    fn utter(&mut self, node: usize, to: To, speech: Speech) {
        let parcel = match speech {
            Speech::Message(message) => {
                self.check(&Fact::Said { node, message: &message });
                self.check_mute(node, &message);
                self.check_vouched(node, &message);
                let frame = Frame::of(&message);
                self.line(node, || format!("says {} to {to:?}", describe(&message)));
                self.trace.event(self.now, 3, node, frame.bytes());
                Parcel::Frame(frame)
            }
            Speech::Raw(bytes) => {
                let frame = Frame::raw(bytes);
                // What looks like garbage may be whole all the same.
                if let Ok(message) = frame.message() {
                    self.check(&Fact::Said { node, message });
                }
                Parcel::Frame(frame)
            }
            Speech::Batch(bytes) => {
                let checked = self.batches.check(&bytes);
                self.line(node, || format!("pushes {}", describe_batch(&checked)));
                Parcel::Batch(checked, bytes.len())
            }
        };
        match to {
            To::All => {
                for to in (0..self.nodes.len()).filter(|to| *to != node) {
                    self.carry(node, to, &parcel);
                }
            }
            To::One(key) => {
                if let Some(to) = self.index.get(&key).copied().filter(|to| *to != node) {
                    self.carry(node, to, &parcel);
                }
            }
        }
    }

    /// Whoever votes for a block has its batches, and would have them after a power cut (CO-30). A
    /// vote of before that leaves only after its height is decided here needs nothing any more.
    fn check_vouched(&mut self, node: usize, message: &Message) {
        if let Message::Proposal(proposal) = message {
            let id = Mouth::block_of(proposal);
            self.payloads
                .entry(id)
                .or_insert_with(|| proposal.payload.digests().copied().collect());
        }
        let Message::Vote(vote) = message else { return };
        if !self.is_honest(node) || self.bereft[node] {
            return;
        }
        let store = &self.nodes[node].disk.store;
        if vote.vote.height <= store.height() {
            return;
        }
        let named = vote.vote.block.and_then(|block| self.payloads.get(&block));
        let lacks = named.into_iter().flatten().find(|digest| !store.has_durably(digest));
        if let Some(digest) = lacks.copied() {
            let (kind, block) = (vote.vote.kind, vote.vote.block);
            let what = format!("node {node}: {kind:?} for {block:?}, and {digest:?} is not synced");
            self.break_rule("durable before sent", what);
        }
    }

    /// Whose log was lost after it had signed at a height, or its end with the latest vote in it,
    /// signs nothing there any more (CO-22). What it had signed before it may say again.
    fn check_mute(&mut self, node: usize, message: &Message) {
        let height = match message {
            Message::Vote(vote) if vote.validator == self.keys[node] => vote.vote.height,
            // One that was made before comes back from others, and is passed on.
            Message::Proposal(proposal) if proposal.proposer == self.keys[node] => {
                if self.payloads.contains_key(&Mouth::block_of(proposal)) {
                    return;
                }
                proposal.header.height
            }
            _ => return,
        };
        if height > self.signed[node] {
            self.signed[node] = height;
            self.voted[node].clear();
        }
        if let Message::Vote(vote) = message {
            if self.voted[node].contains(vote) {
                return;
            }
            self.voted[node].push(*vote);
        }
        if self.is_honest(node) && height <= self.mute[node] {
            let what = format!("node {node} signs at height {height}, of which its log was lost");
            self.break_rule("mute without a log", what);
        }
    }

    /// Gives a parcel to the network.
    pub(super) fn carry(&mut self, from: usize, to: usize, parcel: &Parcel) {
        self.measures.carried(parcel);
        let bytes = parcel.bytes();
        if bytes > parcel.bytes_max() {
            return self.cut_off(from, to, bytes);
        }
        let fate = self.network.fate((from, to), bytes, self.now);
        if fate.crowded {
            self.coverage.count("parcels dropped by full queues");
        } else if fate.first.is_none() {
            self.coverage.count("parcels lost");
        }
        if fate.second.is_some() {
            self.coverage.count("parcels doubled");
        }
        if fate.overtaken {
            self.coverage.count("parcels overtaken");
        }
        for at in [fate.first, fate.second].into_iter().flatten() {
            self.at(at, Event::Arrive { from, to, parcel: parcel.share() });
        }
    }

    /// A frame beyond its lane's cap: the receiver closes the connection before it reads it.
    fn cut_off(&mut self, from: usize, to: usize, bytes: usize) {
        if self.is_honest(from) {
            let what = format!("node {from} sends node {to} a frame of {bytes} bytes");
            return self.break_rule("frames within their caps", what);
        }
        self.coverage.count("connections ended by long frames");
        if self.network.is_connected(from, to) {
            self.network.set_connected(from, to, false);
            for (node, peer) in [(from, to), (to, from)] {
                self.after(1, Event::Disconnected { node, peer });
            }
            self.dial(from, to);
        }
    }

    pub(super) fn arrive(&mut self, from: usize, to: usize, parcel: Parcel) {
        if !self.nodes[to].is_up() {
            return;
        }
        self.trace.event(self.now, 4, to, &[from as u8, parcel.tag()]);
        let sender = self.keys[from];
        match parcel {
            Parcel::Frame(frame) => self.hear(to, sender, &frame),
            Parcel::Batch(checked, _) => self.verify_batch(to, sender, checked),
            Parcel::Batches(batches) => {
                for checked in batches {
                    self.verify_batch(to, sender, checked);
                }
            }
            Parcel::Ask { ask, request } => self.answer(to, from, ask, &request),
            Parcel::Answer { ask, response } => {
                if let Some(Asked { ticket, .. }) = self.asks.remove(&ask) {
                    self.line(to, || {
                        format!("gets {} from node{from}", describe_answer(&response))
                    });
                    let response = Some(response);
                    self.post(to, Input::Answer { from: sender, ticket, response });
                }
            }
        }
    }

    fn hear(&mut self, node: usize, from: PublicKey, frame: &Rc<Frame>) {
        let message = match frame.message() {
            Ok(message) => message,
            Err(error) => {
                self.coverage.count("frames refused");
                return self.line(node, || format!("refuses a frame: {error}"));
            }
        };
        self.line(node, || format!("hears {} from {from:?}", describe(message)));
        if self.is_honest(node) {
            self.note_heard(node, from, message);
        } else {
            self.lie(node, |behaviour, mouth| behaviour.hear(mouth, from, message));
        }
        self.post(node, Input::Message { from, message: message.clone() });
    }

    /// Tells the checkers of a vote of the height under way that the replica is given at once.
    fn note_heard(&mut self, node: usize, from: PublicKey, message: &Message) {
        let Message::Vote(vote) = message else { return };
        let hearer = &self.nodes[node];
        let Some(process) = hearer.process.as_ref().filter(|_| hearer.is_idle()) else { return };
        let replica = &process.replica;
        let round = replica.round();
        let counts = vote.validator == from
            && vote.vote.height == replica.height() + 1
            && (round..=round + ROUNDS_AHEAD).contains(&vote.vote.round);
        if counts {
            self.check(&Fact::Heard { node, vote });
        }
    }

    /// A node verifies transactions apart from its replica, one batch after the other.
    fn verify_batch(&mut self, node: usize, from: PublicKey, batch: Rc<Result<Checked, String>>) {
        let signatures = batch.as_ref().as_ref().map_or(0, Checked::signatures);
        let begins = self.now.max(self.nodes[node].verifier_free);
        let at = begins + BATCH_US + TX_SIGNATURE_US * signatures as u64;
        self.nodes[node].verifier_free = at;
        let life = self.nodes[node].life;
        self.at(at, Event::Verified { node, life, from, batch });
    }

    pub(super) fn receive_batch(
        &mut self,
        node: usize,
        from: PublicKey,
        checked: &Result<Checked, String>,
    ) {
        match checked {
            // Its node does not decode what only a later release knows.
            Ok(Checked { txs, .. }) if self.program_of(node).since(txs).is_none() => {
                self.coverage.count("batches of later rules refused");
            }
            Ok(Checked { digest, author, bytes, txs }) => {
                let input = Input::Batch {
                    from,
                    digest: *digest,
                    bytes: bytes.clone(),
                    author: *author,
                    txs: txs.clone(),
                };
                self.post(node, input);
            }
            Err(error) => {
                self.coverage.count("batches refused");
                self.line(node, || format!("refuses a batch: {error}"));
            }
        }
    }

    fn program_of(&self, node: usize) -> Rulebook {
        setting::program(self.installed[node])
    }

    fn ask(&mut self, node: usize, of: PublicKey, ticket: Option<u64>, request: Request) {
        let Some(to) = self.index.get(&of).copied() else { return };
        self.asked += 1;
        let ask = self.asked;
        self.line(node, || format!("asks node{to} for {request:?}"));
        if let Some(ticket) = ticket {
            self.coverage.count("questions for blocks");
            self.asks.insert(ask, Asked { node, ticket, of });
            let life = self.nodes[node].life;
            self.after(ASK_US, Event::Unanswered { node, life, ask });
        }
        self.carry(node, to, &Parcel::Ask { ask, request });
    }

    pub(super) fn unanswered(&mut self, node: usize, life: u32, ask: u64) {
        let Some(Asked { ticket, of, .. }) = self.asks.remove(&ask) else { return };
        if self.nodes[node].life == life {
            self.coverage.count("questions unanswered");
            self.post(node, Input::Answer { from: of, ticket, response: None });
        }
    }

    fn answer(&mut self, node: usize, from: usize, ask: u64, request: &Request) {
        let honest = self.nodes[node].disk.store.answer(request);
        let response = if self.is_honest(node) {
            Some(honest)
        } else {
            let asker = self.keys[from];
            let mut response = None;
            self.lie(node, |behaviour, mouth| {
                response = behaviour.answer(mouth, asker, request, honest);
            });
            response
        };
        if self.is_honest(node)
            && let Some(size) = response.as_ref().map(|response| response.encode().len())
            && size > RESPONSE_BYTES_MAX
        {
            self.break_rule("answers fit", format!("node {node} answers {size} bytes"));
        }
        match response {
            Some(response) if self.asks.contains_key(&ask) => {
                self.carry(node, from, &Parcel::Answer { ask, response });
            }
            // Nothing but batches is asked for in passing.
            Some(Response::Headers(_)) => {}
            Some(Response::Batches(batches)) => {
                let batches =
                    batches.into_iter().map(|b| self.batches.check(&Self::share(b))).collect();
                self.carry(node, from, &Parcel::Batches(batches));
            }
            None => {}
        }
    }

    /// A block is on the node's disk: now others may know.
    pub(super) fn committed(&mut self, node: usize, write: &CommitWrite) {
        let height = write.executed.height;
        self.trace.event(self.now, 5, node, &write.block.certificate.block.0);
        self.line(node, || {
            let (id, round) = (write.block.certificate.block, write.block.certificate.round);
            let txs = write.records.len();
            format!("commits block {height} {id:?} of round {round}, {txs} transactions")
        });
        if !self.is_honest(node) {
            return;
        }
        if height > self.height {
            self.height = height;
            self.count_done(node, write);
            self.note_version(node);
        }
        self.coverage.count("blocks");
        if write.block.certificate.round > 0 {
            self.coverage.count("blocks of a round above zero");
        }
        self.coverage.add("evidence", write.evidence.len() as u64);
        self.check_commit(node, write);
        self.check_proof(node, height);
        self.tell_clients(node, write);
    }

    /// Whether a version of the rules has come.
    fn note_version(&mut self, node: usize) {
        let process = self.nodes[node].process.as_ref();
        let in_force = process.map_or(0, |process| process.replica.state().upgrade().current);
        if in_force > self.version {
            self.version = in_force;
            self.coverage.count("versions of the rules that came");
        }
    }

    /// Which operations were carried out.
    fn count_done(&mut self, node: usize, write: &CommitWrite) {
        let succeeded = |record: &&TxRecord| record.receipt.outcome == Outcome::Success;
        for record in write.records.iter().filter(succeeded) {
            let store = &self.nodes[node].disk.store;
            let named = write.block.payload.batches.get(record.batch as usize);
            let Some(bytes) = named.and_then(|named| store.batch(&named.digest)) else { continue };
            let checked = self.batches.check(bytes);
            let Ok(Checked { txs, .. }) = &*checked else { continue };
            let Some(tx) = txs.get(record.position as usize) else { continue };
            for op in &tx.body().ops {
                self.coverage.count(&format!("done: {}", op.name()));
                for decided in self.decided_by(node, op) {
                    self.coverage.count(&format!("decided: {decided}"));
                }
            }
        }
    }

    fn decided_by(&self, node: usize, op: &Op) -> Vec<&'static str> {
        let names = |ops: &[CouncilOp]| ops.iter().map(CouncilOp::name).collect();
        match op {
            Op::CouncilExec(exec) => names(&exec.ops),
            Op::Execute(execute) => {
                let process = self.nodes[node].process.as_ref();
                let state = process.map(|process| process.replica.state());
                let proposal = state.and_then(|state| state.proposal(execute.proposal));
                proposal.map_or_else(Vec::new, |proposal| names(&proposal.ops))
            }
            _ => Vec::new(),
        }
    }

    fn check_commit(&mut self, node: usize, write: &CommitWrite) {
        self.note_clocks();
        let store = &self.nodes[node].disk.store;
        let names = write.block.payload.digests();
        let batches: Vec<_> = names.filter_map(|digest| store.batch(digest)).cloned().collect();
        self.check(&Fact::Committed(Committed {
            node,
            write,
            batches: &batches,
            latest_clock_ms: self.latest_clock_ms,
            at_ms: self.now / 1_000,
        }));
    }

    /// Now and then a validator proves an object of its newest state.
    fn check_proof(&mut self, node: usize, height: u64) {
        if !self.faults_rng.chance(200) {
            return;
        }
        let Some(process) = &self.nodes[node].process else { return };
        let slot = self.faults_rng.below(process.replica.state().len());
        let change = process.replica.state().changes().nth(slot as usize);
        let key = change.and_then(|change| borsh::from_slice(&change.key).ok());
        let proof = key.and_then(|key| process.replica.prove(&key));
        // Several blocks may have been committed at once: the state is that of the last.
        if let Some((leaf, path, _)) = proof.filter(|_| process.replica.height() == height) {
            self.coverage.count("proofs");
            self.check(&Fact::Proved { node, height, proof: Proof { leaf, path } });
        }
    }

    fn notice(&mut self, node: usize, notice: &Notice) {
        self.line(node, || format!("notes {notice:?}"));
        if matches!(notice, Notice::Outdated { .. }) {
            self.stands_still(node);
        }
        if !self.is_honest(node) {
            return;
        }
        match notice {
            Notice::Round { .. } => self.coverage.count("rounds above zero"),
            Notice::Refused(_) => self.coverage.count("signatures refused"),
            Notice::VotedNil { why: Failure::Invalid(_), .. } => {
                self.coverage.count("invalid proposals");
            }
            Notice::VotedNil { .. } => self.coverage.count("untimely proposals"),
            Notice::BadPeer { .. } => self.coverage.count("bad peers reported"),
            Notice::LeftOut { height, author, transactions, junk } => {
                self.check(&Fact::LeftOut { node, height: *height, author: *author, junk: *junk });
                self.coverage.add("transactions left out", *transactions);
            }
            Notice::UpgradeScheduled { known: true, .. } => {
                self.coverage.count("versions scheduled for those who have them");
            }
            Notice::UpgradeScheduled { known: false, .. } => {
                self.coverage.count("versions scheduled for those who lack them");
            }
            Notice::Outdated { .. } => {}
            Notice::Overridden { .. } => self.coverage.count("blocks overridden"),
            Notice::OverrideRefused { .. } => self.coverage.count("overrides refused"),
            Notice::FetchFailed(failure) => {
                self.coverage.count(&format!("fetch failed: {}", failure.fault.name()));
            }
            Notice::CaughtUp { blocks, .. } => {
                self.coverage.count("syncs");
                self.coverage.add("blocks synced", *blocks);
            }
            Notice::HistoryUnknown { .. } => self.coverage.count("histories found wanting"),
            Notice::HistoryRegained { .. } => self.coverage.count("histories regained"),
            Notice::KeyElsewhere { .. } => self.coverage.count("keys held elsewhere"),
        }
    }
}

impl Parcel {
    fn share(&self) -> Self {
        match self {
            Self::Frame(frame) => Self::Frame(Rc::clone(frame)),
            Self::Batch(checked, bytes) => Self::Batch(Rc::clone(checked), *bytes),
            Self::Ask { ask, request } => Self::Ask { ask: *ask, request: request.clone() },
            Self::Answer { ask, response } => {
                Self::Answer { ask: *ask, response: response.clone() }
            }
            Self::Batches(batches) => Self::Batches(batches.clone()),
        }
    }

    /// What it takes on the wire.
    fn bytes(&self) -> usize {
        let of = |batch: &Rc<Result<Checked, String>>| match &**batch {
            Ok(checked) => checked.bytes.len(),
            Err(_) => 0,
        };
        match self {
            Self::Frame(frame) => frame.bytes().len(),
            Self::Batch(_, bytes) => *bytes,
            Self::Ask { request, .. } => request.encode().len(),
            Self::Answer { response, .. } => response.encode().len(),
            Self::Batches(batches) => batches.iter().map(of).sum(),
        }
    }

    /// The cap of its lane.
    const fn bytes_max(&self) -> usize {
        match self {
            Self::Frame(_) => MESSAGE_FRAME_MAX,
            Self::Batch(..) => BATCH_FRAME_MAX,
            Self::Ask { .. } => REQUEST_BYTES_MAX,
            Self::Answer { .. } | Self::Batches(_) => RESPONSE_BYTES_MAX,
        }
    }

    const fn tag(&self) -> u8 {
        match self {
            Self::Frame(_) => 0,
            Self::Batch(..) => 1,
            Self::Ask { .. } => 2,
            Self::Answer { .. } => 3,
            Self::Batches(_) => 4,
        }
    }
}

fn describe_answer(response: &Response) -> String {
    match response {
        Response::Headers(records) => format!("{} blocks", records.len()),
        Response::Batches(batches) => format!("{} batches", batches.len()),
    }
}

fn describe_batch(checked: &Result<Checked, String>) -> String {
    match checked {
        Ok(checked) => format!("batch {:?} of {} transactions", checked.digest, checked.txs.len()),
        Err(error) => format!("a bad batch ({error})"),
    }
}

/// A message in a few words.
fn describe(message: &Message) -> String {
    match message {
        Message::Vote(vote) => {
            let plain = vote.vote;
            let what = plain.block.map_or_else(|| "nil".to_owned(), |block| format!("{block:?}"));
            format!("{:?} {}/{} {what}", plain.kind, plain.height, plain.round)
        }
        Message::Proposal(proposal) => {
            let (height, round) = (proposal.header.height, proposal.round);
            let (id, pol) = (Mouth::block_of(proposal), proposal.pol_round);
            let batches = proposal.payload.batches.len();
            format!("proposal {height}/{round} {id:?} pol {pol:?}, {batches} batches")
        }
        Message::Polka(polka) => {
            let signers = polka.signatures.len();
            format!("polka {}/{} {:?} of {signers}", polka.height, polka.round, polka.block)
        }
        Message::Round(round) => {
            let votes = round.votes.len();
            format!("round certificate {}/{} of {votes} votes", round.height, round.round)
        }
        Message::Status { height, .. } => format!("status {height}"),
        Message::Program { version, .. } => format!("program of version {version}"),
        Message::Return(said) => format!("returns, passed over from {}", said.from),
        Message::Evidence(evidence) => {
            let ballast_primitives::Evidence { validator, height, round, .. } = evidence;
            format!("evidence that {validator:?} signed twice at {height}/{round}")
        }
        Message::WantProposal { height, round, block } => {
            format!("want of proposal {height}/{round} {block:?}")
        }
        Message::WhatSigned { key, .. } => format!("question of what {key:?} signed"),
        Message::LastSigned(answer) => {
            format!("answer that {:?} signed {:?}", answer.key, answer.message)
        }
    }
}
