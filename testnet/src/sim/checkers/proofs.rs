//! Proofs verify: the path that a validator gives for an object of its newest state leads to the
//! root of that height, by the arithmetic here; and once a header attests that height, the proof
//! as a client checks it verifies too.

use std::collections::BTreeMap;

use ballast_primitives::proof::{CertifiedHeader, StateProof};
use ballast_primitives::{Committee, Hash};

use super::arithmetic::STATE;
use super::{Checker, Committed, Fact, Proof, Scene, Verdict};

#[derive(Default)]
pub struct Proofs {
    roots: BTreeMap<u64, Hash>,
    /// Proofs of a height that no header has attested yet.
    waiting: BTreeMap<u64, Vec<Proof>>,
}

impl Checker for Proofs {
    fn name(&self) -> &'static str {
        "proofs verify"
    }

    fn see(&mut self, scene: &Scene, fact: &Fact<'_>) -> Verdict {
        match fact {
            Fact::Committed(committed) => self.committed(scene, committed),
            Fact::Proved { node, height, proof } => {
                let root = STATE.climb(STATE.leaf(&[&proof.leaf]), &proof.path);
                if self.roots.get(height).is_some_and(|known| *known != root) {
                    return Err(format!("node {node} proves another state of height {height}"));
                }
                self.waiting.entry(*height).or_default().push(proof.clone());
                Ok(())
            }
            _ => Ok(()),
        }
    }
}

impl Proofs {
    fn committed(&mut self, scene: &Scene, fact: &Committed<'_>) -> Verdict {
        let Committed { write, .. } = fact;
        let set = scene.sets.of(write.block.header.height).to_vec();
        let committee = Committee::new(set).map_err(|error| error.to_string())?;
        self.roots.insert(write.executed.height, write.executed.state_root);
        let attested = write.block.header.executed_height;
        for proof in self.waiting.remove(&attested).unwrap_or_default() {
            check(scene, write, &committee, proof)
                .map_err(|error| format!("a proof of height {attested}: {error}"))?;
        }
        Ok(())
    }
}

/// As a wallet checks it.
fn check(
    scene: &Scene,
    write: &ballast_replica::types::CommitWrite,
    committee: &Committee,
    proof: Proof,
) -> Verdict {
    let Proof { leaf, path } = proof;
    let block = &write.block;
    let anchor =
        CertifiedHeader { header: block.header.clone(), certificate: block.certificate.clone() };
    let proof = StateProof { leaf, path, anchor };
    proof.verify(&scene.genesis, committee).map_err(|error| error.to_string())
}
