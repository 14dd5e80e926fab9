//! Packing, holding and restoring batches.

use super::*;

/// From so many batches of its own that wait, a validator packs fewer.
const WAITING_MANY: usize = 256;
const MANY_DELAY_MS: u64 = 100;

impl Replica {
    pub(super) fn seal_if_due(&mut self, now: Now) {
        if self.pool.open_is_empty() {
            return;
        }
        if self.pool.should_seal(self.config.batch_bytes) {
            self.seal();
        } else {
            let delay = match self.batches.count_of(&self.key) < WAITING_MANY {
                true => self.pace.batch_delay_ms(&self.config),
                // Many wait already: fewer and larger ones cost everyone less.
                false => self.pace.batch_delay_ms(&self.config).max(MANY_DELAY_MS),
            };
            self.timers.set_if_unset(Timer::Seal, now.mono_ms + delay);
        }
    }

    /// Packs what was admitted into a batch, stores it and pushes it to everyone.
    pub(super) fn seal(&mut self) {
        self.timers.cancel(Timer::Seal);
        if let Some(sealed) = self.pool.seal() {
            self.hold(sealed.digest, &sealed.bytes, sealed.held);
            self.effects.push(Effect::PushBatch { bytes: sealed.bytes });
        }
    }

    pub(super) fn hold(&mut self, digest: Hash, bytes: &Arc<Vec<u8>>, held: Held) {
        self.effects.push(Effect::StoreBatch { digest, bytes: Arc::clone(bytes) });
        self.keep(digest, held);
    }

    /// Holds a batch that is stored, or is about to be.
    fn keep(&mut self, digest: Hash, held: Held) {
        for tx in held.txs.iter() {
            self.pool.note(tx.id(), tx.body().valid_until, held.author);
        }
        self.batches.insert(digest, held);
    }

    /// A batch from a peer.
    pub(super) fn on_batch(
        &mut self,
        from: PublicKey,
        digest: Hash,
        bytes: Arc<Vec<u8>>,
        author: PublicKey,
        txs: Vec<VerifiedTx>,
        now: Now,
    ) {
        let wanted = self.batches.wanted_bytes(&digest);
        // One that was committed may be named again, and is needed again then.
        if self.batches.contains(&digest) || (self.batches.is_known(&digest) && wanted.is_none()) {
            return;
        }
        if !self.knows(&txs) {
            // Made for later rules: whoever is a height ahead may be right.
            return;
        }
        let held = Held::new(author, txs, bytes.len());
        let has_room = self.has_room_for_batch(&held, now);
        if let Some(named) = wanted {
            // Whoever sent it need not be whoever named it wrong.
            if bytes.len() > named {
                return;
            }
            if !has_room {
                self.batches.mark_extra(digest);
            }
            return self.take_batch(digest, &bytes, held);
        }
        // Another's batch comes when it was asked for, or an answer was slow. Kept without being
        // needed, it would be charged to an author who may not have packed it.
        if author != from {
            return;
        }
        if !has_room {
            if self.is_greedy(&held) {
                let why = "pushes more batches than anyone may have waiting";
                self.bad_peer(from, Offence::Greed, why);
            }
            return;
        }
        match self.is_worth_keeping(&held, &self.admission_context(now)) {
            true => self.take_batch(digest, &bytes, held),
            false => self.doubtful.keep(digest, bytes, held),
        }
    }

    fn take_batch(&mut self, digest: Hash, bytes: &Arc<Vec<u8>>, held: Held) {
        self.hold(digest, bytes, held);
        self.batch_came(&digest);
    }

    /// Whether an author may have one more batch waiting here. When much waits of all together,
    /// each has its equal share; those who are not validators have the room of one together.
    fn has_room_for_batch(&self, held: &Held, now: Now) -> bool {
        let Config { author_bytes_max, waiting_bytes_max, pool_txs_max, .. } = self.config;
        let room = |whole| self.conduct.room(&held.author, whole, now.mono_ms);
        let more = batches::charge(held.bytes);
        let known = self.sets.knows(&held.author);
        let charge = match known {
            true => self.batches.charge_of(&held.author),
            false => self.batches.charge_where(|author| !self.sets.knows(author)),
        };
        let charge = charge.saturating_add(more);
        let txs = self.batches.txs_of(&held.author).saturating_add(held.txs.len());
        let crowded = self.batches.charge_where(|_| true).saturating_add(more) > waiting_bytes_max;
        let share = waiting_bytes_max / self.sets.current().len().max(1);
        charge <= room(author_bytes_max)
            && txs <= room(pool_txs_max.saturating_mul(2))
            && !(crowded && charge > share)
    }

    /// Whether with one more batch its author has more waiting than an honest one would, as long as
    /// what it had committed is committed here.
    fn is_greedy(&self, held: &Held) -> bool {
        let Config { author_bytes_max, pool_txs_max, .. } = self.config;
        let charge =
            self.batches.charge_of(&held.author).saturating_add(batches::charge(held.bytes));
        let txs = self.batches.txs_of(&held.author).saturating_add(held.txs.len());
        let over = charge > author_bytes_max || txs > pool_txs_max.saturating_mul(2);
        over && self.lag() == 0
    }

    /// Whether half of a batch's transactions could commit as the state is, each counted once.
    fn is_worth_keeping(&self, held: &Held, context: &BlockContext) -> bool {
        let mut ids = BTreeSet::new();
        let fresh = held.txs.iter().filter(|tx| {
            let new = ids.insert(tx.id()) && !self.pool.is_of(&tx.id(), &held.author);
            new && context.rules.takes(tx).is_ok()
                && admission::check(&self.state, context, tx.tx()).is_ok()
        });
        2 * fresh.count() >= held.txs.len() || planted(Bug::JunkKept)
    }

    /// A proposal names these and they are not held: those that were doubtful are held now.
    pub(super) fn hold_doubtful(&mut self, digests: &mut BTreeSet<Hash>, now: Now) {
        digests.retain(|digest| {
            let Some(doubt) = self.doubtful.take(digest) else { return true };
            if !self.has_room_for_batch(&doubt.held, now) {
                self.batches.mark_extra(*digest);
            }
            self.hold(*digest, &doubt.bytes, doubt.held);
            false
        });
    }

    /// After a block: what was doubtful may be good now, and what was held for the sake of a
    /// proposal is not needed any more.
    pub(super) fn sort_out_batches(&mut self, now: Now) {
        let context = self.admission_context(now);
        for doubt in self.doubtful.take_all() {
            let good = self.is_worth_keeping(&doubt.held, &context)
                && self.has_room_for_batch(&doubt.held, now);
            match good && !self.batches.is_known(&doubt.digest) {
                true => self.hold(doubt.digest, &doubt.bytes, doubt.held),
                false => self.doubtful.put_back(doubt),
            }
        }
        let extra = self.batches.take_extra();
        self.remove_batches(extra);
    }

    pub(super) fn remove_batches(&mut self, digests: Vec<Hash>) {
        for digest in &digests {
            if let Some(held) = self.batches.remove(digest) {
                let ids: Vec<_> = held.txs.iter().map(VerifiedTx::id).collect();
                self.pool.forget(&ids);
            }
        }
        if !digests.is_empty() {
            self.effects.push(Effect::RemoveBatches(digests));
        }
    }

    pub(super) fn restore_batch(&mut self, bytes: &[u8]) {
        let digest = Batch::digest_of_bytes(bytes);
        // It was verified before it was stored.
        let held = decode_certified_batch(self.config.rulebook, bytes);
        if let Ok(held) = held
            && self.knows(&held.txs)
        {
            self.keep(digest, held);
        }
    }
}
