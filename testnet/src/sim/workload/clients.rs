//! How a client goes about it: send, wait, try elsewhere, ask again, give up.

use ballast_replica::pool::Candidate;
use ballast_replica::types::{CommitWrite, TxRecord};
use ballast_replica::{Admission, Input};
use ballast_runtime::Code;

use super::TxState;
use crate::sim::checkers::Fact;
use crate::sim::clock::START_WALL_MS;
use crate::sim::node::Waiting;
use crate::sim::world::{COUNCIL_US, Event, World};

/// A client is this far from a validator, microseconds.
const WAY_US: (u64, u64) = (200, 20_000);
/// How long a client waits before it tries elsewhere.
const PATIENCE_US: (u64, u64) = (300_000, 3_000_000);

/// A client does not wait for the end of what is valid for longer than this.
const ENDLESS_MS: u64 = 10 * 60 * 1_000;

impl World<'_> {
    /// True wall time: clients' clocks are right.
    fn wall_ms(&self) -> u64 {
        START_WALL_MS + self.slept_ms + self.now / 1_000
    }

    /// A client makes a transaction and sends it.
    pub(in crate::sim) fn issue(&mut self) {
        if self.now > self.load.plan.until_ms * 1_000 {
            return;
        }
        let gap = self.load.rng.between(1, 2 * self.load.plan.every_ms) * 1_000;
        self.after(gap, Event::Issue);
        let wall_ms = self.wall_ms();
        let Some(best) = self.best() else { return };
        let Some(process) = &self.nodes[best].process else { return };
        let Some(tx) = self.load.create(process.replica.state(), wall_ms) else { return };
        self.begin_tx(tx);
    }

    /// An honest validator that is as far as any.
    fn best(&self) -> Option<usize> {
        let up = |node: &usize| self.is_honest(*node) && self.nodes[*node].is_up();
        (0..self.nodes.len()).filter(up).max_by_key(|node| self.nodes[*node].height())
    }

    /// The members of the council bring forward what is to be decided about validators.
    pub(in crate::sim) fn council(&mut self) {
        if self.now > self.load.plan.until_ms * 1_000 {
            return;
        }
        self.after(COUNCIL_US, Event::Council);
        let wall_ms = self.wall_ms();
        let Some(best) = self.best() else { return };
        let Some(process) = &self.nodes[best].process else { return };
        for tx in self.load.deliberate(process.replica.state(), process.replica.height(), wall_ms) {
            self.begin_tx(tx);
        }
    }

    fn begin_tx(&mut self, tx: usize) {
        let names: Vec<_> = self.load.txs[tx].names().collect();
        let id = self.load.txs[tx].id;
        self.trace.event(self.now, 10, 0, &id.0);
        self.trace.line(self.now, None, || format!("client makes {id:?}: {}", names.join(", ")));
        // Now and then through two validators at once.
        let ways = if self.load.rng.chance(100) { 2 } else { 1 };
        for _ in 0..ways {
            self.send_tx(tx);
        }
        self.wait_for(tx);
    }

    fn send_tx(&mut self, tx: usize) {
        let node = self.load.rng.index(self.nodes.len());
        let way = self.load.rng.between(WAY_US.0, WAY_US.1);
        self.load.txs[tx].tries += 1;
        self.after(way, Event::Submit { tx, node });
    }

    fn wait_for(&mut self, tx: usize) {
        let patience = self.load.rng.between(PATIENCE_US.0, PATIENCE_US.1);
        self.after(patience, Event::Patience { tx });
    }

    /// A transaction arrives at a validator.
    pub(in crate::sim) fn submit(&mut self, tx: usize, node: usize) {
        let at = &mut self.nodes[node];
        if at.paused || !at.is_up() {
            return;
        }
        let sent = &self.load.txs[tx];
        if at.disk.knows(&sent.id) {
            return self.answer_told(tx, node);
        }
        let candidate = Candidate { tx: sent.verified.clone(), bytes: sent.bytes.clone() };
        if let Some(process) = &mut at.process {
            let waiting = Waiting { tx, since: self.now, admitted: false };
            process.waiting.entry(sent.id).or_insert(waiting);
        }
        self.post(node, Input::Submit { ticket: tx as u64, txs: vec![candidate] });
    }

    /// The replica has answered a submission.
    pub(in crate::sim) fn answer_client(
        &mut self,
        node: usize,
        ticket: u64,
        answers: &[Admission],
    ) {
        let Some(answer) = answers.first().copied() else { return };
        let (now, id) = (self.now, self.load.txs[ticket as usize].id);
        if answer == Admission::Admitted
            && let Some(process) = &mut self.nodes[node].process
            && let Some(waiting) = process.waiting.get_mut(&id)
        {
            (waiting.since, waiting.admitted) = (now, true);
        }
        let way = self.load.rng.between(WAY_US.0, WAY_US.1);
        self.after(way, Event::Answered { tx: ticket as usize, node, answer });
    }

    pub(in crate::sim) fn answered(&mut self, tx: usize, node: usize, answer: Admission) {
        let id = self.load.txs[tx].id;
        self.line(node, || format!("answers the client of {id:?}: {answer:?}"));
        match answer {
            Admission::Admitted => self.coverage.count("client answer: admitted"),
            Admission::Known => self.coverage.count("client answer: known"),
            Admission::Busy => self.coverage.count("client answer: busy"),
            Admission::Refused(code) => {
                self.coverage.count("client answer: refused");
                // It may have been committed in the meantime, or may fit later. What the rules do not
                // know waits for no other version, and what is valid beyond this run for no end.
                let sent = &self.load.txs[tx];
                let endless = sent.valid_until > self.wall_ms() + ENDLESS_MS;
                let given_up = endless || code == Code::Decode;
                let later = [Code::NonceUsed, Code::NonceTooNew, Code::NonceTooOld, Code::Expired];
                if given_up || (!later.contains(&code) && sent.tries == 1) {
                    self.load.close(tx, TxState::Refused);
                }
            }
        }
    }

    /// A block is on the node's disk: whoever waits here is told.
    pub(in crate::sim) fn tell_clients(&mut self, node: usize, write: &CommitWrite) {
        for record in &write.records {
            let waiting = self.nodes[node]
                .process
                .as_mut()
                .and_then(|process| process.waiting.remove(&record.receipt.tx));
            if let Some(Waiting { tx, since, admitted }) = waiting {
                self.measures.commits_us.push((since, self.now - since));
                if admitted && self.was_well(since) && self.is_honest(node) {
                    self.note_served(node, write, record);
                }
                self.answer_told(tx, node);
            }
        }
    }

    fn note_served(&mut self, node: usize, write: &CommitWrite, record: &TxRecord) {
        let named = write.block.payload.batches.get(record.batch as usize);
        let store = &self.nodes[node].disk.store;
        let Some(bytes) = named.and_then(|named| store.batch(&named.digest)) else { return };
        if let Ok(batch) = &*self.batches.check(bytes) {
            self.check(&Fact::Served { node, author: batch.author });
        }
    }

    fn answer_told(&mut self, tx: usize, node: usize) {
        if self.is_honest(node) {
            let way = self.load.rng.between(WAY_US.0, WAY_US.1);
            self.after(way, Event::Told { tx, node });
        }
    }

    /// A client learns that its transaction is committed.
    pub(in crate::sim) fn told(&mut self, tx: usize, node: usize) {
        let id = self.load.txs[tx].id;
        if self.load.txs[tx].state == TxState::Open {
            self.line(node, || format!("tells the client of {id:?}: committed"));
            self.coverage.count("transactions acknowledged");
        }
        self.load.close(tx, TxState::Acknowledged);
        self.check(&Fact::Acknowledged { node, tx: id });
    }

    /// A client has waited for long enough.
    pub(in crate::sim) fn patience(&mut self, tx: usize) {
        let sent = &self.load.txs[tx];
        if sent.state != TxState::Open {
            return;
        }
        let (id, valid_until) = (sent.id, sent.valid_until);
        if self.wall_ms() > valid_until {
            let node = self.load.rng.index(self.nodes.len());
            self.inquire(tx, node, valid_until);
        } else {
            self.send_tx(tx);
        }
        if self.load.txs[tx].state == TxState::Open {
            self.wait_for(tx);
        } else {
            self.trace.line(self.now, None, || format!("client of {id:?} gives up"));
        }
    }

    /// After its time: did it land? A validator whose chain has passed `valid_until` knows.
    fn inquire(&mut self, tx: usize, node: usize, valid_until: u64) {
        let at = &self.nodes[node];
        if at.paused || !at.is_up() || !self.is_honest(node) {
            return;
        }
        let id = self.load.txs[tx].id;
        let chain_time = at.disk.store.newest_block().map_or(0, |block| block.header.time);
        if at.disk.knows(&id) {
            self.answer_told(tx, node);
        } else if chain_time >= valid_until {
            self.coverage.count("transactions expired");
            self.load.close(tx, TxState::Expired);
            self.check(&Fact::Expired { node, tx: id });
        }
    }
}
