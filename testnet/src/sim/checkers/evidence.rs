//! Evidence tells the truth and is not lost: what is stored names liars alone, both signatures are
//! theirs and differ; and a validator that was shown both votes of a liar while it decided that
//! height stores evidence against it.

use std::collections::{BTreeMap, BTreeSet};

use ballast_primitives::PublicKey;
use ballast_primitives::equivocation::Twins;
use ballast_replica::message::WireVote;
use ballast_replica::types::Evidence as Stored;

use super::arithmetic::{Signatures, proposal_bytes, vote_bytes};
use super::{Checker, Committed, Fact, Scene, Verdict};

#[derive(Default)]
pub struct Evidence {
    signatures: Signatures,
    /// By hearer, sender and place: the first vote a process heard at the height it decides.
    heard: BTreeMap<(usize, PublicKey, u32, u8), WireVote>,
    /// Whom a process must denounce with the height it decides.
    due: BTreeMap<usize, BTreeSet<PublicKey>>,
    /// Whom it has denounced for a height to come.
    early: BTreeSet<(usize, u64, PublicKey)>,
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
            check_proof(&mut self.signatures, scene, evidence)
                .map_err(|what| format!("stored by node {node}: {what}: {evidence:?}"))?;
        }
        let height = write.executed.height;
        let early = |e: &&Stored| e.height > height;
        self.early
            .extend(write.evidence.iter().filter(early).map(|e| (*node, e.height, e.validator)));
        let before = self.early.iter().filter(|(holder, at, _)| holder == node && *at == height);
        let named = write.evidence.iter().map(|e| e.validator).chain(before.map(|(.., key)| *key));
        let named: BTreeSet<_> = named.collect();
        let due = self.due.remove(node).unwrap_or_default();
        self.forget(*node);
        match due.difference(&named).next() {
            Some(liar) => Err(format!("node {node} heard {liar:?} lie and does not say so")),
            None => Ok(()),
        }
    }
}

/// Whether evidence names a liar, and its two messages are the liar's and differ.
pub fn check_proof(signatures: &mut Signatures, scene: &Scene, evidence: &Stored) -> Verdict {
    let Stored { validator, height, round, twins } = evidence;
    if scene.is_honest(validator) {
        return Err("an honest validator is denounced".to_owned());
    }
    let genesis = &scene.genesis;
    let messages = match twins {
        Twins::Prevotes { first, second } | Twins::Precommits { first, second } => {
            let kind = u8::from(matches!(twins, Twins::Precommits { .. }));
            [first, second].map(|ballot| {
                (vote_bytes(genesis, kind, *height, *round, ballot.block), ballot.signature)
            })
        }
        Twins::Proposals { first, second } => [first, second].map(|offer| {
            let bytes = proposal_bytes(genesis, *height, *round, offer.pol_round, offer.block);
            (bytes, offer.signature)
        }),
    };
    if !messages.iter().all(|(bytes, signature)| signatures.are_good(validator, bytes, signature)) {
        return Err("a signature is not good".to_owned());
    }
    if messages[0].0 == messages[1].0 {
        return Err("its messages do not contradict each other".to_owned());
    }
    Ok(())
}
