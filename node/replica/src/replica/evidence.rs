//! Who signed twice. What is found here or shown by others is stored with the next block, told to all
//! others, so that whoever saw only one of the two messages has both, and put into a block by
//! whoever proposes next.

use ballast_primitives::equivocation::EVIDENCE_MAX;

use super::*;
use crate::witness::Spoken;

/// The most that waits to be stored with the next block.
const UNSTORED_MAX: usize = 200;

impl Replica {
    /// At the start: what is stored is not stored again, and may have to be put into a block still.
    pub(super) fn recall_evidence(&mut self, stored: Vec<Evidence>) {
        for evidence in stored {
            self.host.witness_mut().know(&evidence);
            if self.may_be_named(&evidence) {
                self.unnamed.entry(evidence.validator).or_insert(evidence);
            }
        }
    }

    /// A late message for a height that is over is of no use, unless it contradicts another, or its
    /// signer asks what it has signed.
    pub(super) fn note_late(&mut self, from: PublicKey, key: PublicKey, spoken: &Spoken) {
        let contradicts = self.host.witness().is_contradicted(&key, spoken);
        if contradicts && self.host.is_genuine(&key, spoken) {
            self.host.hear(key, *spoken);
        } else if from == key && self.sets.knows(&key) {
            self.host.witness_mut().hear_late(key, *spoken);
        }
    }

    /// The newest message heard of a key, late ones included.
    pub(super) fn newest_of(&mut self, key: &PublicKey) -> Option<Spoken> {
        if let Some(late) = self.host.witness_mut().take_late(key)
            && self.host.is_genuine(key, &late)
        {
            self.host.hear(*key, late);
        }
        self.host.witness().newest(key)
    }

    /// A peer says that somebody signed twice, and shows it. Of each validator one piece is kept.
    pub(super) fn on_evidence(&mut self, from: PublicKey, evidence: Evidence) {
        if self.unnamed.contains_key(&evidence.validator) || !self.may_be_named(&evidence) {
            return;
        }
        if !evidence.is_proof(&self.tip.genesis, self.config.verify) {
            return self.bad_peer(from, Offence::Forgery, "showed evidence that proves nothing");
        }
        self.host.witness_mut().find(evidence);
    }

    /// Takes what was found since the last step.
    pub(super) fn take_evidence(&mut self) {
        for evidence in self.host.witness_mut().take_found() {
            if self.evidence.len() < UNSTORED_MAX {
                self.evidence.push(evidence);
            }
            let known = self.unnamed.contains_key(&evidence.validator);
            if !known && self.may_be_named(&evidence) {
                self.unnamed.insert(evidence.validator, evidence);
                self.effects.push(Effect::Broadcast(Message::Evidence(evidence)));
            }
        }
    }

    /// What is to be stored with a block: what was found, and what the block holds.
    pub(super) fn evidence_of(&mut self, payload: &Payload) -> Vec<Evidence> {
        self.take_evidence();
        let mut evidence = std::mem::take(&mut self.evidence);
        for named in &payload.evidence {
            self.host.witness_mut().find(*named);
        }
        evidence.extend(self.host.witness_mut().take_found());
        evidence
    }

    /// What the next block may hold, if its time is this.
    pub(super) fn due_evidence(&self, time: u64) -> Vec<Evidence> {
        if planted(Bug::EvidenceNotFiled) {
            return Vec::new();
        }
        let (validators, next) = (self.state.validators(), self.tip.height.saturating_add(1));
        let due = self.unnamed.values().filter(|e| validators.may_name(e, next, time));
        due.take(EVIDENCE_MAX).copied().collect()
    }

    /// What a peer that has just come back may not have.
    pub(super) fn evidence_for_newcomer(&self) -> impl Iterator<Item = Message> + use<'_> {
        self.unnamed.values().copied().map(Message::Evidence)
    }

    /// Whether a block may name its validator for it, once a day is over.
    fn may_be_named(&self, evidence: &Evidence) -> bool {
        let next = self.tip.height.saturating_add(1);
        self.state.validators().may_name(evidence, next, u64::MAX)
    }

    /// Forgets what can no longer stand in a block.
    pub(super) fn forget_named(&mut self) {
        let (validators, next) = (self.state.validators(), self.tip.height.saturating_add(1));
        self.unnamed.retain(|_, evidence| validators.may_name(evidence, next, u64::MAX));
    }
}
