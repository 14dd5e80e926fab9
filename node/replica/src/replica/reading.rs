//! What the shell and the services may look at.

use super::*;

/// How many things a replica holds, of each kind that others can make it hold, and what it was made
/// to do and to believe.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    pub height: u64,
    /// How many heights it thinks that it is behind.
    pub lag: u64,
    /// Proposals of the height under way, and how often any was judged since the start.
    pub proposals: usize,
    pub proposal_bytes: usize,
    pub judgements: u64,
    /// Kept for heights that have not begun.
    pub early_proposals: usize,
    pub early_bytes: usize,
    pub early_votes: usize,
    /// Rounds of the height under way of which the core holds votes.
    pub vote_rounds: usize,
    /// Signatures of the height under way that need not be verified again.
    pub verified: usize,
    /// Blocks that votes name and no proposal has shown.
    pub unseen: usize,
    /// Batches asked for.
    pub wanted: usize,
    pub batches: usize,
    /// Bytes of the author that has most in batches that may come to nothing.
    pub doubtful_bytes: usize,
    /// Bytes of the batches of the author that has most of them here, and of all batches.
    pub author_bytes: usize,
    pub batch_bytes: usize,
    /// Transactions in those batches, and in the one being packed.
    pub txs: usize,
    /// Transactions noted as waiting.
    pub pending: usize,
    pub evidence: usize,
    /// Messages of others that are remembered.
    pub heard: usize,
    /// Peers of whom a height is known.
    pub claims: usize,
    /// Fetched blocks that are not adopted yet, the bytes of their batches, and questions to peers.
    pub fetched_blocks: usize,
    pub fetched_bytes: u64,
    pub questions: usize,
    pub results: usize,
    /// Validators of whom it is known that they are gone, have a clock, or say that they are well.
    pub peers: usize,
}

/// How catching up goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CatchingUp {
    /// Fetched blocks that are not adopted yet.
    pub blocks: usize,
    /// Peers with a question open, and those not asked for a while because they failed.
    pub peers_asked: usize,
    pub peers_barred: usize,
    /// The last since the start.
    pub last_failure: Option<FetchFailure>,
}

impl Replica {
    /// The newest committed height.
    pub const fn height(&self) -> u64 {
        self.tip.height
    }

    /// How often a proposal was judged since the start.
    pub const fn judgements(&self) -> u64 {
        self.judgements
    }

    pub const fn tip(&self) -> &Tip {
        &self.tip
    }

    pub fn round(&self) -> u32 {
        if self.started { self.host.round() } else { 0 }
    }

    pub const fn state(&self) -> &State {
        &self.state
    }

    /// Transactions waiting here.
    pub const fn pool(&self) -> &Pool {
        &self.pool
    }

    /// This validator's consensus key.
    pub const fn key(&self) -> PublicKey {
        self.key
    }

    /// Bytes of the batches waiting here.
    pub fn bytes_waiting(&self) -> usize {
        self.batches.bytes()
    }

    /// The height through which this validator must not vote; 0 when it may.
    pub const fn muted_through(&self) -> u64 {
        self.host.safety().muted_through()
    }

    pub const fn duty(&self) -> Duty {
        self.duty
    }

    /// Whether this validator's key is in the set that decides the next height.
    pub fn is_validator(&self) -> bool {
        self.sets.current().get(&self.key).is_some()
    }

    /// The validator sets of the next height and the one after it.
    pub const fn sets(&self) -> &Sets {
        &self.sets
    }

    /// Who may be connected now as a validator, this one included; see [`sets::listed`].
    pub fn listed(&self) -> Vec<&Validator> {
        sets::listed(self.state.validators(), self.tip.height)
    }

    /// By how much the clock here is ahead (negative: behind), when most validators say so.
    pub fn own_skew(&self) -> Option<i64> {
        self.clocks.own_skew(self.sets.current())
    }

    /// How far peers' clocks are ahead of the one here.
    pub const fn clocks(&self) -> &Clocks {
        &self.clocks
    }

    /// How many heights the chain is ahead, as far as it can be believed.
    pub fn lag(&self) -> u64 {
        self.sync.believed(self.sets.current()).saturating_sub(self.tip.height)
    }

    /// How catching up goes.
    pub fn catching_up(&self) -> CatchingUp {
        CatchingUp {
            blocks: self.fetch.blocks(),
            peers_asked: self.fetch.peers_asked(),
            peers_barred: self.fetch.peers_barred(),
            last_failure: self.fetch.last_failure(),
        }
    }

    /// The leaf and path of an object in the newest state, and the root they lead to. The newest
    /// block may attest that root already; else a later one will.
    pub fn prove(&self, key: &Key) -> Option<(Vec<u8>, Path, Hash)> {
        let (leaf, path) = self.state.prove(key)?;
        Some((leaf, path, self.state.root()))
    }

    pub const fn newest_block(&self) -> Option<&StoredBlock> {
        self.block.as_ref()
    }

    /// Against what a transaction submitted now is checked.
    pub fn admission_context(&self, now: Now) -> BlockContext {
        BlockContext {
            genesis: self.tip.genesis,
            chain_id: self.chain_id,
            height: self.tip.height + 1,
            time: now.wall_ms.max(self.tip.time + 1),
            rules: self.tip.rules,
        }
    }

    /// What is held here now.
    pub fn usage(&self) -> Usage {
        Usage {
            height: self.tip.height,
            lag: self.lag(),
            proposals: self.proposals.len(),
            proposal_bytes: self.proposals.iter().map(|p| p.wire.bytes()).sum(),
            judgements: self.judgements,
            early_proposals: self.early.proposals(),
            early_bytes: self.early.bytes(),
            early_votes: self.early.votes(),
            vote_rounds: self.host.vote_rounds(),
            verified: self.host.verified(),
            unseen: self.unseen.len(),
            wanted: self.batches.wanted(),
            batches: self.batches.len(),
            doubtful_bytes: self.doubtful.bytes_of_largest(),
            author_bytes: self.batches.bytes_of_largest(),
            batch_bytes: self.batches.bytes(),
            txs: self.batches.txs() + self.pool.open(),
            pending: self.pool.len(),
            evidence: self.evidence.len() + self.unnamed.len(),
            heard: self.host.witness().len(),
            claims: self.sync.claims(),
            fetched_blocks: self.fetch.blocks(),
            fetched_bytes: self.fetch.bytes(),
            questions: self.fetch.questions(),
            results: self.tip.results.len(),
            peers: self.gone.len() + self.clocks.len() + self.returns.len(),
        }
    }

    /// What a transaction would do in the next block, were it proposed now.
    pub fn simulate(&mut self, trial: &Trial, now: Now) -> Simulated {
        let context = self.admission_context(now);
        simulate::simulate(&mut self.state, &context, trial)
    }
}
