//! Votes have grounds. An honest precommit for a block comes after a quorum of prevotes for it in
//! its round; and who has precommitted a block does not prevote another in a later round, unless a
//! quorum of prevotes for that other one came in between. Both hold across restarts: a lock that
//! is forgotten shows here before it splits the chain.

use std::collections::{BTreeMap, BTreeSet};

use ballast_primitives::{Hash, PublicKey, VoteKind};
use ballast_replica::message::{Message, WireVote};

use super::arithmetic::is_quorum;
use super::{Checker, Fact, Scene, Verdict};

#[derive(Default)]
pub struct Locks {
    /// Who has prevoted what: by height, round and block.
    prevotes: BTreeMap<(u64, u32, Hash), BTreeSet<PublicKey>>,
    /// The latest block that each validator precommitted at a height, and in which round.
    locks: BTreeMap<(u64, PublicKey), (u32, Hash)>,
}

impl Checker for Locks {
    fn name(&self) -> &'static str {
        "votes have grounds"
    }

    fn see(&mut self, scene: &Scene, fact: &Fact<'_>) -> Verdict {
        let Fact::Said { node, message } = fact else { return Ok(()) };
        // What liars sign counts wherever it is shown, inside certificates too.
        match message {
            Message::Vote(vote) => self.vote(scene, *node, vote),
            Message::Polka(polka) => {
                let signers = polka.signatures.iter().map(|(key, _)| *key);
                let liars = signers.filter(|key| !scene.is_honest(key));
                self.voters(polka.height, polka.round, polka.block).extend(liars);
                Ok(())
            }
            _ => Ok(()),
        }
    }
}

impl Locks {
    fn voters(&mut self, height: u64, round: u32, block: Hash) -> &mut BTreeSet<PublicKey> {
        self.prevotes.entry((height, round, block)).or_default()
    }

    fn vote(&mut self, scene: &Scene, node: usize, wire: &WireVote) -> Verdict {
        let (key, vote) = (scene.keys[node], wire.vote);
        let Some(block) = vote.block.filter(|_| wire.validator == key) else { return Ok(()) };
        let honest = scene.honest[node];
        let place = (vote.height, vote.round);
        match vote.kind {
            VoteKind::Prevote => {
                if honest {
                    self.check_lock(scene, key, place, block)
                        .map_err(|what| format!("node {node} {what}"))?;
                }
                self.voters(vote.height, vote.round, block).insert(key);
            }
            VoteKind::Precommit if honest => {
                // Its own prevote may leave right after.
                self.voters(vote.height, vote.round, block).insert(key);
                if !self.has_quorum(scene, vote.height, vote.round, &block) {
                    return Err(format!("node {node} precommits {block} at {place:?} unasked"));
                }
                self.locks.insert((vote.height, key), (vote.round, block));
            }
            VoteKind::Precommit => {}
        }
        Ok(())
    }

    fn check_lock(
        &self,
        scene: &Scene,
        key: PublicKey,
        (height, round): (u64, u32),
        block: Hash,
    ) -> Verdict {
        let Some((locked_round, locked)) = self.locks.get(&(height, key)) else { return Ok(()) };
        if *locked == block || round <= *locked_round {
            return Ok(());
        }
        let later = *locked_round..round;
        if later.into_iter().any(|between| self.has_quorum(scene, height, between, &block)) {
            return Ok(());
        }
        Err(format!(
            "prevotes {block} at {height}/{round} and is locked on {locked} of {locked_round}"
        ))
    }

    fn has_quorum(&self, scene: &Scene, height: u64, round: u32, block: &Hash) -> bool {
        let voters = self.prevotes.get(&(height, round, *block));
        let power =
            voters.into_iter().flatten().filter_map(|key| scene.power_of(height, key)).sum();
        is_quorum(power, scene.total_power(height))
    }
}
