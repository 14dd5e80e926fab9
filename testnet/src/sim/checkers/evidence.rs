//! Evidence tells the truth and is not lost: what is stored names liars alone, both signatures are
//! theirs and differ; and a validator that was shown both votes of a liar while it decided that
//! height stores evidence against it.

use std::collections::{BTreeMap, BTreeSet};

use ballast_primitives::PublicKey;
use ballast_replica::message::WireVote;
use ballast_replica::types::{Evidence as Stored, EvidenceKind};

use super::arithmetic::{Signatures, vote_bytes};
use super::{Checker, Committed, Fact, Scene, Verdict};

#[derive(Default)]
pub struct Evidence {
    signatures: Signatures,
    /// By hearer, sender and place: the first vote a process heard at the height it decides.
    heard: BTreeMap<(usize, PublicKey, u32, u8), WireVote>,
    /// Whom a process must denounce with the height it decides.
    due: BTreeMap<usize, BTreeSet<PublicKey>>,
}

impl Checker for Evidence {
    fn name(&self) -> &'static str {
        "evidence"
    }

    fn see(&mut self, scene: &Scene, fact: &Fact<'_>) -> Verdict {
        match fact {
            Fact::Heard { node, vote } => {
                self.hear(scene, *node, vote);
                Ok(())
            }
            // What a process has heard is gone with it.
            Fact::Started { node, .. } => {
                self.forget(*node);
                Ok(())
            }
            Fact::Committed(committed) => self.committed(scene, committed),
            _ => Ok(()),
        }
    }
}

impl Evidence {
    fn hear(&mut self, scene: &Scene, node: usize, vote: &WireVote) {
        let plain = vote.vote;
        if scene.power_of(plain.height, &vote.validator).is_none() {
            return;
        }
        let kind = plain.kind as u8;
        let bytes = vote_bytes(&scene.genesis, kind, plain.height, plain.round, plain.block);
        if !self.signatures.are_good(&vote.validator, &bytes, &vote.signature) {
            return;
        }
        let place = (node, vote.validator, plain.round, kind);
        let first = *self.heard.entry(place).or_insert(*vote);
        if first.vote.height == plain.height && first.vote.block != plain.block {
            self.due.entry(node).or_default().insert(vote.validator);
        }
    }

    fn forget(&mut self, node: usize) {
        self.heard.retain(|(hearer, ..), _| *hearer != node);
        self.due.remove(&node);
    }

    fn committed(&mut self, scene: &Scene, fact: &Committed<'_>) -> Verdict {
        let Committed { node, write, .. } = fact;
        for evidence in &write.evidence {
            self.check(scene, evidence)
                .map_err(|what| format!("stored by node {node}: {what}: {evidence:?}"))?;
        }
        let named: BTreeSet<_> = write.evidence.iter().map(|e| e.validator).collect();
        let due = self.due.remove(node).unwrap_or_default();
        self.forget(*node);
        match due.difference(&named).next() {
            Some(liar) => Err(format!("node {node} heard {liar:?} lie and does not say so")),
            None => Ok(()),
        }
    }

    fn check(&mut self, scene: &Scene, evidence: &Stored) -> Verdict {
        if scene.is_honest(&evidence.validator) {
            return Err("an honest validator is denounced".to_owned());
        }
        let EvidenceKind::Votes { first, second } = &evidence.kind else { return Ok(()) };
        for (vote, signature) in [first, second] {
            let kind = vote.kind as u8;
            let bytes = vote_bytes(&scene.genesis, kind, vote.height, vote.round, vote.block);
            if !self.signatures.are_good(&evidence.validator, &bytes, signature) {
                return Err("a signature is not good".to_owned());
            }
        }
        let place = |vote: &ballast_primitives::Vote| (vote.kind, vote.height, vote.round);
        if place(&first.0) != place(&second.0) || first.0.block == second.0.block {
            return Err("its votes do not contradict each other".to_owned());
        }
        Ok(())
    }
}
