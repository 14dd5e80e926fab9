//! Packing, holding and restoring batches.

use super::*;

impl Replica {
    pub(super) fn seal_if_due(&mut self, now: Now) {
        if self.pool.open_is_empty() {
            return;
        }
        if self.pool.should_seal(self.config.batch_bytes) {
            self.seal();
        } else {
            let delay = self.pace.batch_delay_ms(&self.config);
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
            self.pool.note(tx.id(), tx.body().valid_until);
        }
        self.batches.insert(digest, held);
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
