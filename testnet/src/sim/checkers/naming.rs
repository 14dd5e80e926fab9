//! Who signed twice is named on the chain, and nobody else: each proof in a block is one, of a
//! member, once a day; and no honest proposer that has stored evidence builds a block that leaves
//! it out, for as long as the chain has not named whom it is against (CO-51, CO-52).

use std::collections::BTreeMap;

use ballast_primitives::PublicKey;
use ballast_replica::types::Evidence;

use super::arithmetic::Signatures;
use super::evidence::check_proof;
use super::{Checker, Committed, Fact, Scene, Verdict};

const DAY_MS: u64 = 86_400_000;

#[derive(Default)]
pub struct Naming {
    signatures: Signatures,
    /// The newest height that was looked at.
    height: u64,
    /// When each was named last.
    named: BTreeMap<PublicKey, u64>,
    /// By process and whom it is against: the height with which evidence was stored first.
    stored: BTreeMap<(usize, PublicKey), u64>,
}

impl Checker for Naming {
    fn name(&self) -> &'static str {
        "naming"
    }

    fn see(&mut self, scene: &Scene, fact: &Fact<'_>) -> Verdict {
        match fact {
            // What a lost disk held is gone with it.
            Fact::Started { node, height } => {
                self.stored.retain(|(holder, _), at| holder != node || *at <= *height);
                Ok(())
            }
            Fact::Committed(committed) => self.committed(scene, committed),
            _ => Ok(()),
        }
    }
}

impl Naming {
    fn committed(&mut self, scene: &Scene, fact: &Committed<'_>) -> Verdict {
        let Committed { node, write, .. } = fact;
        let header = &write.block.header;
        if header.height > self.height {
            self.height = header.height;
            // Who leaves is forgotten.
            self.stored.retain(|(_, key), _| is_member(scene, header.height, key));
            self.check_complete(scene, fact)?;
            for evidence in &write.block.payload.evidence {
                self.check(scene, evidence, header.time)
                    .map_err(|what| format!("block {}: {what}: {evidence:?}", header.height))?;
            }
        }
        for evidence in &write.evidence {
            self.stored.entry((*node, evidence.validator)).or_insert(header.height);
        }
        Ok(())
    }

    fn check(&mut self, scene: &Scene, evidence: &Evidence, time: u64) -> Verdict {
        check_proof(&mut self.signatures, scene, evidence)?;
        let last = self.named.insert(evidence.validator, time);
        match last {
            Some(last) if time < last + DAY_MS => Err("named twice in a day".to_owned()),
            _ => Ok(()),
        }
    }

    /// What the block's builder knew before it built it.
    fn check_complete(&self, scene: &Scene, fact: &Committed<'_>) -> Verdict {
        let (header, payload) = (&fact.write.block.header, &fact.write.block.payload);
        let builder = scene.keys.iter().position(|key| *key == header.proposer);
        let Some(builder) = builder.filter(|builder| scene.honest[*builder]) else { return Ok(()) };
        let is_due = |key: &PublicKey| !self.named.contains_key(key);
        let held =
            |key: PublicKey| payload.evidence.iter().any(|evidence| evidence.validator == key);
        let known =
            self.stored.iter().filter(|((node, _), at)| *node == builder && **at < header.height);
        let missing = known.map(|((_, key), _)| key).find(|key| is_due(key) && !held(**key));
        match missing {
            Some(key) => Err(format!(
                "block {} of node {builder} leaves out that {key:?} signed twice",
                header.height
            )),
            None => Ok(()),
        }
    }
}

/// Whether a block of `height` may name it, whatever the set before was.
fn is_member(scene: &Scene, height: u64, key: &PublicKey) -> bool {
    [height, height + 1].iter().all(|height| scene.power_of(*height, key).is_some())
}
