//! Bounded memory: whatever peers send, what a replica holds stays within what the rules allow a
//! validator set of this size to make it hold.

use ballast_replica::fetch::AHEAD_BLOCKS_MAX;

use super::{Checker, Fact, Scene, Verdict};

/// More rounds than a run of the simulator has in one height.
const ROUNDS: usize = 64;
/// What an author may have waiting: the replica's default limit and a batch that was wanted.
const AUTHOR_BYTES: usize = 68 * 1024 * 1024;

/// Of each validator: three messages in each of four rounds of the heights that are kept, the one
/// under way and the next, and its newest.
const MESSAGES_HEARD: usize = 3 * 4 * 19 + 1;
/// What is fetched ahead, and all of the next block.
const FETCHED_BYTES: usize = 40 * 1024 * 1024;
/// Two at once to each peer, and those that are late, until they are forgotten.
const QUESTIONS: usize = 16;

#[derive(Default)]
pub struct Memory;

impl Checker for Memory {
    fn name(&self) -> &'static str {
        "bounded memory"
    }

    fn see(&mut self, scene: &Scene, fact: &Fact<'_>) -> Verdict {
        let Fact::Holds { node, usage } = fact else { return Ok(()) };
        let count = scene.keys.len();
        let bounds = [
            ("proposals", usage.proposals, 2 * ROUNDS),
            ("early proposals", usage.early_proposals, 16),
            ("early votes", usage.early_votes, 60 * count),
            ("rounds of votes", usage.vote_rounds, ROUNDS),
            ("signatures verified", usage.verified, 8 * ROUNDS * count),
            ("blocks not seen", usage.unseen, 4 * count),
            ("batches wanted", usage.wanted, 2 * ROUNDS * 1_024),
            ("bytes of one author", usage.author_bytes, AUTHOR_BYTES),
            ("bytes of doubtful batches", usage.doubtful_bytes, 1024 * 1024),
            ("transactions noted", usage.pending, usage.txs),
            ("pieces of evidence", usage.evidence, 64 * count),
            ("messages heard", usage.heard, MESSAGES_HEARD * count),
            ("fetched blocks", usage.fetched_blocks, AHEAD_BLOCKS_MAX),
            ("fetched bytes", usage.fetched_bytes as usize, FETCHED_BYTES),
            ("questions for blocks", usage.questions, QUESTIONS * count),
            ("claims of heights", usage.claims, count),
            ("results", usage.results, 64),
        ];
        let over = bounds.into_iter().find(|(_, held, bound)| held > bound);
        over.map_or(Ok(()), |(what, held, bound)| {
            Err(format!("node {node} holds {held} {what}, the bound is {bound}"))
        })
    }
}
