//! Catching up: takes what peers answer, and adopts decided blocks a few in each step, so that
//! votes and questions that arrive meanwhile are not held up.

use super::*;

/// One step adopts blocks until they come to so many transactions, or to so many blocks.
const STEP_TXS: usize = 1_024;
const STEP_BLOCKS: usize = 32;
/// Until the next step: long enough for what has arrived to be looked at.
const PAUSE_MS: u64 = 1;
/// So many blocks are reported at once, or those that there are when none is left to adopt.
const REPORTED: u64 = 256;

impl Replica {
    pub(super) fn on_answer(
        &mut self,
        from: PublicKey,
        ticket: u64,
        response: Option<Response>,
        now: Now,
    ) {
        let end = end(&self.tip, &self.sets);
        self.fetch.answered(from, ticket, response, end, now.mono_ms);
        self.fetch_more(now);
    }

    /// Asks for more, and leaves what is here to a step of its own: many answers may come at once.
    pub(super) fn fetch_more(&mut self, now: Now) {
        if !self.outdated {
            self.ask_peers(now);
            let end = end(&self.tip, &self.sets);
            if self.fetch.can_certify(end) || self.next_is_ready() {
                self.timers.set_if_unset(Timer::CatchUp, now.mono_ms + PAUSE_MS);
            }
        }
        self.tell_of_failures();
    }

    /// Verifies and adopts as much as fits a step.
    pub(super) fn catch_up(&mut self, now: Now) {
        if !self.outdated {
            let verify_all = self.config.verify_all;
            let end = end(&self.tip, &self.sets);
            self.fetch.certify(end, verify_all, now.mono_ms);
            self.adopt_ready(now);
        }
        self.fetch_more(now);
    }

    fn ask_peers(&mut self, now: Now) {
        let start = self.sync.is_time(self.tip.height, now.mono_ms);
        let end = end(&self.tip, &self.sets);
        let batches = &self.batches;
        let is_here = |digest: &Hash| batches.contains(digest);
        let questions = self.fetch.ask(self.sync.heights(), is_here, end, start, now.mono_ms);
        let ask = |Question { to, ticket, request }| Effect::Ask { to, ticket, request };
        self.effects.extend(questions.into_iter().map(ask));
    }

    fn tell_of_failures(&mut self) {
        for failure in self.fetch.take_failures() {
            if failure.fault == Fault::Empty {
                self.sync.disown(&failure.peer);
            }
            if failure.fault.is_a_lie() {
                self.bad_peer(failure.peer, Offence::BadAnswer, failure.fault.name());
            }
            self.effects.push(Effect::Notice(Notice::FetchFailed(failure)));
        }
    }

    /// Whether the next block is certified and all its batches are here.
    fn next_is_ready(&self) -> bool {
        let here =
            |digest: &Hash| self.fetch.batch(digest).is_some() || self.batches.contains(digest);
        self.fetch.next().is_some_and(|block| block.payload.digests().all(here))
    }

    fn adopt_ready(&mut self, now: Now) {
        let (mut txs, mut blocks) = (0, 0);
        while txs < STEP_TXS && blocks < STEP_BLOCKS && !self.outdated && self.next_is_ready() {
            let Some(block) = self.fetch.next().cloned() else { break };
            let height = self.tip.height;
            match self.adopt(block, now) {
                Ok(adopted) => txs += adopted,
                Err(report) => self.halt(&report),
            }
            if self.tip.height == height {
                return;
            }
            blocks += 1;
        }
        self.adopted += blocks as u64;
        let over = self.adopted > 0 && self.fetch.blocks() == 0;
        if over || self.adopted >= REPORTED {
            let (height, blocks) = (self.tip.height, std::mem::take(&mut self.adopted));
            self.effects.push(Effect::Notice(Notice::CaughtUp { height, blocks }));
        }
    }

    /// Adopts a block that others committed while this validator was away, all of which is here.
    /// Its transactions' signatures were verified by every validator that voted for it, so a quorum
    /// stands for them. Says how many there are; an error is the report of a quorum that is wrong.
    fn adopt(&mut self, block: StoredBlock, now: Now) -> Result<usize, String> {
        let StoredBlock { header, payload, certificate, overridden } = block;
        let mut held = Vec::with_capacity(payload.batches.len());
        for digest in payload.digests() {
            if let Some(here) = self.batches.get(digest) {
                held.push(here.clone());
            } else if let Some(bytes) = self.fetch.batch(digest).cloned() {
                let why =
                    |why| format!("block {} was committed by a quorum, but {why}", header.height);
                held.push(decode_certified_batch(self.config.rulebook, &bytes).map_err(why)?);
                self.effects.push(Effect::StoreBatch { digest: *digest, bytes });
            }
        }
        if self.started {
            self.outs.clear();
        }
        self.note_precommits(&certificate, now);
        let value = BlockValue::new(header, payload);
        self.commit(&value, &held, certificate, overridden, now);
        Ok(held.iter().map(|held| held.txs.len()).sum())
    }
}

/// Not a method, so that what is fetched may change meanwhile.
const fn end<'a>(tip: &Tip, sets: &'a Sets) -> End<'a> {
    End { height: tip.height, genesis: tip.genesis, sets }
}
