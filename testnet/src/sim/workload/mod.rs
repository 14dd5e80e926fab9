//! Clients: they build and sign transactions of every kind, send them to one validator, try others
//! when no answer comes, and give up once the transaction can no longer commit. What they were
//! told is what the chain is held to.

mod accounts;
mod clients;
mod council;
mod decisions;
mod issuance;
mod kitchen;
mod ops;
mod payments;
mod redemptions;
mod reserve;

use std::collections::BTreeMap;

use ballast_primitives::{Address, Hash};
use ballast_runtime::limits::{DAY_MS, UPGRADE_AHEAD_MIN};
use ballast_runtime::tx::{SignedTx, VerifiedTx};
use ballast_runtime::{CouncilOp, State, TxBody};

use super::plan::{self, Plan};
use super::rng::Rng;
use super::setting::Setting;
use super::wire;
use kitchen::{Cook, Draft, Kitchen};

/// The window of nonces (TX-20 and on).
const WINDOW: u64 = 128;

/// A transaction as its client sees it.
pub struct Tx {
    pub id: Hash,
    pub bytes: Vec<u8>,
    pub verified: VerifiedTx,
    pub valid_until: u64,
    pub state: TxState,
    /// How often it was sent.
    pub tries: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TxState {
    Open,
    /// A validator said that it is committed.
    Acknowledged,
    /// A validator whose chain has passed `valid_until` does not have it.
    Expired,
    /// Refused, and its client left it at that.
    Refused,
}

/// What accounts can do here, by stable names.
pub fn operations() -> impl Iterator<Item = &'static str> {
    ops::RECIPES.iter().map(|recipe| recipe.name)
}

/// What the council can decide here, by stable names.
pub fn decisions() -> impl Iterator<Item = &'static str> {
    decisions::names()
}

/// How long the council waits to see a step done before it takes it again.
const STEP_MS: u64 = 700;

/// Something that the council has to decide.
struct Item {
    op: CouncilOp,
    /// When the members look at it next.
    next_ms: u64,
    /// For a version of the rules: so many heights from where the chain is.
    ahead: u64,
}

impl Item {
    const fn new(op: CouncilOp) -> Self {
        Self { op, next_ms: 0, ahead: 0 }
    }
}

/// All clients and what they have sent.
pub struct Load {
    pub(super) rng: Rng,
    pub(super) plan: plan::Load,
    pub txs: Vec<Tx>,
    kitchen: Kitchen,
    /// What the council has to decide: a bridge to begin with, then what the plan asks for.
    agenda: Vec<Item>,
    nonces: BTreeMap<Address, u64>,
    genesis: Hash,
    chain_id: u32,
    open: usize,
}

impl Load {
    pub fn new(plan: &Plan, setting: &Setting) -> Self {
        Self {
            rng: Rng::new(plan.seed, "load"),
            plan: plan.load.clone(),
            txs: Vec::new(),
            kitchen: Kitchen::new(plan.load.accounts, setting),
            agenda: vec![Item::new(decisions::bridge(1, true))],
            nonces: BTreeMap::new(),
            genesis: setting.genesis_hash,
            chain_id: setting.genesis.chain_id,
            open: 0,
        }
    }

    /// How many transactions still wait for an answer.
    pub const fn open(&self) -> usize {
        self.open
    }

    /// Makes the next transaction, as someone would who sees `state` at `wall_ms`.
    pub fn create(&mut self, state: &State, wall_ms: u64) -> Option<usize> {
        let draft = self.kitchen.draft(&mut self.rng, state, wall_ms)?;
        Some(self.add(draft, state, wall_ms))
    }

    /// Puts something on the council's agenda.
    pub fn decide(&mut self, op: CouncilOp) {
        self.agenda.push(Item::new(op));
    }

    /// The same for a version of the rules.
    pub fn decide_upgrade(&mut self, version: u32, ahead: u64) {
        let op = decisions::upgrade(version, self.rng.bytes32(), 0);
        self.agenda.push(Item { ahead, ..Item::new(op) });
    }

    /// What the members of the council send next, as those would who see `state` at `wall_ms`.
    pub fn deliberate(&mut self, state: &State, height: u64, wall_ms: u64) -> Vec<usize> {
        let mut cook =
            Cook { kitchen: &mut self.kitchen, rng: &mut self.rng, state, now_ms: wall_ms };
        self.agenda.retain(|item| !council::is_done(&cook, &item.op));
        let mut drafts = Vec::new();
        for item in self.agenda.iter_mut().filter(|item| item.next_ms <= wall_ms) {
            if let CouncilOp::ScheduleUpgrade(upgrade) = &mut item.op
                && upgrade.height < height + UPGRADE_AHEAD_MIN + 1
            {
                upgrade.height = height + item.ahead;
            }
            let steps = council::bring_forward(&mut cook, &item.op);
            if !steps.is_empty() {
                item.next_ms = wall_ms + STEP_MS;
            }
            drafts.extend(steps);
        }
        drafts.into_iter().map(|draft| self.add(draft, state, wall_ms)).collect()
    }

    fn add(&mut self, draft: Draft, state: &State, wall_ms: u64) -> usize {
        let (least, most) = self.plan.valid_ms;
        let valid_ms = self.rng.between(least, most);
        // Now and then around the most that is allowed.
        let valid_ms =
            if valid_ms.is_multiple_of(97) { DAY_MS - 500 + valid_ms % 2_000 } else { valid_ms };
        let valid_until = wall_ms + valid_ms;
        let nonce = self.nonce(state, &draft.sender);
        let verified = self.sign(state, draft, nonce, valid_until);
        self.txs.push(Tx {
            id: verified.id(),
            bytes: verified.tx().encode(),
            valid_until,
            verified,
            state: TxState::Open,
            tries: 0,
        });
        self.open += 1;
        self.txs.len() - 1
    }

    /// The next nonce of an account; now and then one at an edge of its window, within or without.
    fn nonce(&mut self, state: &State, sender: &Address) -> u64 {
        let high = state.account(sender).map_or(0, |account| account.replay.high);
        let next = self.nonces.entry(*sender).or_default();
        *next = (*next + 1).max(high.saturating_sub(WINDOW / 2));
        if *next > high + WINDOW {
            *next = high + 1;
        }
        match self.rng.below(100) {
            0 => high + WINDOW,
            1 => high + WINDOW + 1,
            2 => high.saturating_sub(WINDOW - 1),
            3 => high.saturating_sub(WINDOW),
            4 => self.rng.between(0, high + 2),
            _ => *next,
        }
    }

    /// Puts an end to a transaction's waiting.
    pub fn close(&mut self, tx: usize, state: TxState) {
        if self.txs[tx].state == TxState::Open {
            self.txs[tx].state = state;
            self.open -= 1;
        }
    }

    fn sign(&self, state: &State, draft: Draft, nonce: u64, valid_until: u64) -> VerifiedTx {
        let Draft { sender, ops, memo, sponsor } = draft;
        let (genesis, chain_id) = (self.genesis, self.chain_id);
        let body = TxBody { genesis, chain_id, sender, nonce, valid_until, sponsor, memo, ops };
        let signers: Vec<_> = [sender].into_iter().chain(sponsor).collect();
        let witnesses = self.kitchen.witnesses(state, &signers, &body.signed_bytes());
        match wire::verify(SignedTx { body, witnesses }) {
            Ok(verified) => verified,
            Err(error) => panic!("what was just signed does not verify: {error}"),
        }
    }
}

impl Tx {
    /// The names of its operations.
    pub fn names(&self) -> impl Iterator<Item = &'static str> + '_ {
        self.verified.body().ops.iter().map(ballast_runtime::Op::name)
    }
}
