//! Committing blocks, decided here or adopted from others, and moving on.

use super::*;

/// Transactions of an author's batches in a block.
#[derive(Default)]
struct LeftOut {
    txs: u64,
    left_out: u64,
    junk: u64,
}

impl Replica {
    pub(super) fn held_of(&self, value: &BlockValue) -> Option<Vec<Held>> {
        value.payload().digests().map(|digest| self.batches.get(digest).cloned()).collect()
    }

    /// Executes and stores a block that a quorum committed. After this point it must succeed.
    pub(super) fn commit(
        &mut self,
        value: &BlockValue,
        held: &[Held],
        certificate: CommitCertificate,
        overridden: Option<SignedOverride>,
        now: Now,
    ) {
        let checked = block::check_header(&self.tip, &self.sets, value.header()).and_then(|()| {
            block::check_batches(self.tip.rules, value.header(), value.payload(), held)
        });
        if let Err(why) = checked {
            return self.halt(&format!(
                "block {} was committed by a quorum, but here: {why}; ours: {:?}; header: {:?}",
                value.header().height,
                self.tip.result(value.header().executed_height),
                value.header(),
            ));
        }
        let overridden = overridden.or_else(|| self.override_of(value));
        if overridden.is_some() {
            let (height, block) = (value.header().height, value.id());
            self.effects.push(Effect::Notice(Notice::Overridden { height, block }));
        }
        let evidence = self.evidence_of(value.payload());
        let written = commit::execute(
            &mut self.state,
            &self.tip,
            self.chain_id,
            value,
            held,
            Decision { certificate, overridden, evidence },
        );
        let (write, left_out) = match written {
            Ok(written) => written,
            Err(report) => {
                let (height, id) = (value.header().height, value.id());
                return self.halt(&format!(
                    "{report}. Block {height} is decided, with id {id}: a release that executes it, \
                     or an override by a quorum of its validators, gets past it"
                ));
            }
        };
        if self.state.committee(self.tip.height.saturating_add(2)) != self.sets.next() {
            let height = value.header().height;
            let why = "changed the validator set of the next height, which it found fixed";
            return self.halt(&format!("block {height} {why}"));
        }
        self.note_left_out(value.header().height, held, &left_out, now);
        for digest in value.payload().digests() {
            self.batches.commit(digest);
        }
        for batch in held {
            let ids: Vec<_> = batch.txs.iter().map(VerifiedTx::id).collect();
            if !planted(Bug::PoolNeverForgets) {
                self.pool.forget(&ids);
            }
        }
        self.drop_replaced(&write.records);
        self.advance(value, write.executed, now);
        self.pace.committed(now.mono_ms, write.records.len());
        self.delays.committed(write.records.len());
        self.block = Some(write.block.clone());
        self.effects.push(Effect::Commit(Box::new(write)));
        self.effects.push(Effect::WalReset { height: self.tip.height + 1 });
        self.drop_expired();
        self.look_back(now);
        self.sort_out_batches(now);
    }

    /// Who packed what was left out of a block, and whether that could have been known.
    fn note_left_out(&mut self, height: u64, held: &[Held], left_out: &[(u32, Code)], now: Now) {
        let mut by_author: BTreeMap<PublicKey, LeftOut> = BTreeMap::new();
        for batch in held {
            by_author.entry(batch.author).or_default().txs += batch.txs.len() as u64;
        }
        for (batch, code) in left_out {
            let Some(batch) = held.get(*batch as usize) else { continue };
            let of_author = by_author.entry(batch.author).or_default();
            of_author.left_out += 1;
            of_author.junk += u64::from(conduct::is_junk(*code));
        }
        for (author, LeftOut { txs, left_out, junk }) in by_author {
            if author != self.key {
                self.conduct.committed(author, txs, junk, now.mono_ms);
            }
            if left_out > 0 {
                let notice = Notice::LeftOut { height, author, transactions: left_out, junk };
                self.effects.push(Effect::Notice(notice));
            }
        }
        let sets = &self.sets;
        self.conduct.retain(|author| sets.knows(author));
    }

    /// Forgets what waits under a nonce that the block has used.
    fn drop_replaced(&mut self, records: &[TxRecord]) {
        if self.pool.open_is_empty() {
            return;
        }
        let used = records.iter().map(|record| (record.receipt.sender, record.receipt.nonce));
        let used: BTreeSet<_> = used.collect();
        self.pool.drop_open(|body| used.contains(&(body.sender, body.nonce)));
    }

    /// The override that this validator was given for a block, if it holds.
    fn override_of(&mut self, value: &BlockValue) -> Option<SignedOverride> {
        let (height, id) = (value.header().height, value.id());
        let given = std::mem::take(&mut self.overrides);
        let (here, others) = given.into_iter().partition(|it| it.record.height == height);
        self.overrides = others;
        for signed in here as Vec<SignedOverride> {
            match signed.check(&self.tip.genesis, height, &id, self.sets.current()) {
                Ok(()) => return Some(signed),
                Err(error) => {
                    let why = error.to_string();
                    self.effects.push(Effect::Notice(Notice::OverrideRefused { height, why }));
                }
            }
        }
        None
    }

    /// Moves the tip onto `value` and forgets what belonged to its height.
    pub(super) fn advance(&mut self, value: &BlockValue, executed: Executed, now: Now) {
        let header = value.header();
        self.tip.height = header.height;
        self.tip.id = value.id();
        self.tip.time = header.time;
        self.tip.attested = header.executed_height;
        self.tip.results.push_back(executed);
        while self.tip.results.len() > RESULTS_KEPT {
            self.tip.results.pop_front();
        }
        if !value.payload().batches.is_empty() {
            self.newest_results = header.height;
        }
        self.sets.advance(header.height, &self.state);
        self.gone.retain(|key| self.sets.knows(key));
        self.choose_rules();
        let sets = &self.sets;
        self.host.witness_mut().advance(header.height, |key| sets.knows(key));
        self.forget_returns();
        self.forget_named();
        self.started = false;
        self.turn = None;
        self.committed_at = now.mono_ms;
        self.proposals.clear();
        self.to_judge.clear();
        self.early.forget_through(header.height);
        self.log = None;
        self.decided = None;
        self.unseen.clear();
        self.batches.stop_wanting();
        self.timers.cancel_consensus();
        self.sync.progressed();
        self.fetch.advanced(header.height);
    }

    pub(super) fn drop_expired(&mut self) {
        let early = if planted(Bug::BatchForgottenEarly) { 3_000 } else { 0 };
        let expired = self.batches.expired(self.tip.time + early);
        self.remove_batches(expired);
    }
}
