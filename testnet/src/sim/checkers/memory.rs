//! Bounded memory: whatever peers send, what a replica holds stays within what the rules allow a
//! validator set of this size to make it hold.

use ballast_replica::fetch::AHEAD_BLOCKS_MAX;

use super::{Checker, Fact, Scene, Verdict};

/// More rounds than a run of the simulator has in one height.
const ROUNDS: usize = 64;
/// What an author may have waiting: the replica's default limit and a batch that was wanted.
const AUTHOR_BYTES: usize = 68 * MIB;
/// What all authors together may have, and batches that proposals name.
const BATCH_BYTES: usize = 256 * MIB + 2 * 8 * MIB;
/// Of proposals of the height under way: 22 of a proposer's at most are ahead of the round, and the
/// rounds that have begun have two each. Of the next heights', 16.
const PROPOSAL_BYTES: usize = 2 * ROUNDS * PROPOSAL_BYTES_MAX;
const EARLY_BYTES: usize = 16 * PROPOSAL_BYTES_MAX;
/// The longest message (MSG-1).
const PROPOSAL_BYTES_MAX: usize = 256 * 1024;
const MIB: usize = 1024 * 1024;

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
            ("bytes of proposals", usage.proposal_bytes, PROPOSAL_BYTES),
            ("bytes of early proposals", usage.early_bytes, EARLY_BYTES),
            ("bytes of all batches", usage.batch_bytes, BATCH_BYTES),
            ("bytes of doubtful batches", usage.doubtful_bytes, MIB),
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
