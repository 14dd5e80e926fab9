//! A chain that is being generated: its state, and what the generator remembers about it.

use std::collections::{BTreeMap, VecDeque};

use ballast_primitives::equivocation::{Ballot, EVIDENCE_HEIGHTS, Offer, Twins};
use ballast_primitives::turns::Report;
use ballast_primitives::{
    Address, Evidence, Hash, KeyPolicy, PublicKey, SecretKey, Signature, codec,
};
use ballast_runtime::genesis::{GenesisMinter, GenesisRole};
use ballast_runtime::limits::OBJECT_BYTES_MAX;
use ballast_runtime::object::{Account, Minter, Role, RoleGrant, Validators, Window};
use ballast_runtime::*;

use crate::generator::joins::Join;
use crate::generator::scenarios::Step;
use crate::oracle::{Block, Dropped, Results};
use crate::rng::Rng;
use crate::view;

/// Keys that accounts may change to.
const SPARE_KEYS: usize = 48;
/// Transactions that are remembered, to be sent again.
const SENT_KEPT: usize = 64;

/// Versions that say the same: worlds go on across upgrades, and the model has one set of rules.
const RULES: Rulebook = {
    const VERSIONS: &[Rules] =
        &[Rules::V1, Rules { version: 2, ..Rules::V1 }, Rules { version: 3, ..Rules::V1 }];
    Rulebook::new(VERSIONS)
};

pub struct World {
    pub state: State,
    /// Of the block that was executed last.
    pub context: BlockContext,
    pub genesis_bytes: Vec<u8>,
    pub rng: Rng,
    /// The time of the block that is being made.
    pub now: u64,
    /// Every registered account, and some that are not.
    pub people: Vec<Address>,
    pub strangers: Vec<Address>,
    pub spare: Vec<PublicKey>,
    /// Nonces used in the block that is being made.
    pub nonces: BTreeMap<Address, u64>,
    pub sent: VecDeque<Vec<u8>>,
    /// Blocks that a scenario has planned.
    pub agenda: VecDeque<Step>,
    /// What the scenario at work is about.
    pub focus: Focus,
    /// The join that is being prepared, and those that were made.
    pub join: Option<Join>,
    pub joined: Vec<Join>,
    /// Operations generated so far.
    pub operations: u64,
}

/// What the steps of a scenario tell each other.
#[derive(Clone, Copy, Default)]
pub struct Focus {
    pub account: Option<Address>,
    pub number: u64,
}

/// A transaction in the making. What is none gets a good value.
#[derive(Clone)]
pub struct Draft {
    pub sender: Address,
    pub ops: Vec<Op>,
    pub memo: Option<Vec<u8>>,
    pub sponsor: Option<Address>,
    pub nonce: Option<u64>,
    pub valid_until: Option<u64>,
    pub witnesses: Option<Vec<PublicKey>>,
    pub chain_id: Option<u32>,
    pub genesis: Option<Hash>,
}

impl Draft {
    pub const fn of(sender: Address, ops: Vec<Op>) -> Self {
        Self {
            sender,
            ops,
            memo: None,
            sponsor: None,
            nonce: None,
            valid_until: None,
            witnesses: None,
            chain_id: None,
            genesis: None,
        }
    }

    pub fn with_memo(mut self, memo: Option<Vec<u8>>) -> Self {
        self.memo = memo;
        self
    }
}

fn decode(change: &Change) -> (Key, Object) {
    let key = codec::decode(&change.key, OBJECT_BYTES_MAX).unwrap();
    (key, codec::decode(&change.value, OBJECT_BYTES_MAX).unwrap())
}

/// A witness whose signature nobody checks: both sides take signatures as verified.
pub const fn witness(key: PublicKey) -> Witness {
    Witness { key, signature: Signature([0; 64]) }
}

/// Witnesses of these keys, in order.
pub fn witnesses(mut keys: Vec<PublicKey>) -> Vec<Witness> {
    keys.sort_unstable();
    keys.dedup();
    keys.into_iter().map(witness).collect()
}

impl World {
    pub fn new(genesis: &Genesis, seed: u64) -> Self {
        let context = BlockContext {
            genesis: genesis.hash(),
            chain_id: genesis.chain_id,
            height: 0,
            time: genesis.time,
            rules: &Rules::V1,
        };
        let key = |n: usize| SecretKey::dev("spare", &n.to_string()).public();
        let spare: Vec<_> = (0..SPARE_KEYS).map(key).collect();
        let address = |key: &PublicKey| Address::of(&KeyPolicy::Single(*key));
        Self {
            state: State::from_genesis(genesis).unwrap(),
            context,
            genesis_bytes: genesis.encode(),
            rng: Rng::new(seed),
            now: genesis.time,
            people: genesis.accounts.iter().map(|account| Address::of(&account.policy)).collect(),
            strangers: spare.iter().take(8).map(address).collect(),
            spare,
            nonces: BTreeMap::new(),
            sent: VecDeque::new(),
            agenda: VecDeque::new(),
            focus: Focus::default(),
            join: None,
            joined: Vec::new(),
            operations: 0,
        }
    }

    /// A world whose genesis is refused for the roles in it: the state is made all the same.
    pub fn unsound(genesis: &Genesis, seed: u64) -> Self {
        let sound = Genesis { roles: Vec::new(), minters: Vec::new(), ..genesis.clone() };
        let mut world = Self::new(&sound, seed);
        let mut objects: Vec<_> = world.state.changes().map(|change| decode(&change)).collect();
        for GenesisRole { role, holder, valid_until } in genesis.roles.clone() {
            objects.push((Key::Role(role, holder), Object::Role(RoleGrant { valid_until })));
        }
        for minter in &genesis.minters {
            let GenesisMinter { holder, allowance, per_tx, window_cap } = *minter;
            let window = Window::default();
            let settings = Minter { allowance, per_tx, window_cap, window, suspended: false };
            objects.push((Key::Minter(holder), Object::Minter(Box::new(settings))));
        }
        // The first thirteen have slots of their own (ST-2).
        objects[13..].sort_by(|(a, _), (b, _)| a.cmp(b));
        let change = |(slot, (key, object)): (u64, &(Key, Object))| Change {
            slot,
            key: codec::encode(key),
            value: codec::encode(object),
        };
        world.state = State::restore((0..).zip(&objects).map(change)).unwrap();
        world.context.genesis = genesis.hash();
        world.genesis_bytes = genesis.encode();
        world
    }

    /// Executes the transactions as the next block at [`Self::now`]: what the model is asked, and
    /// what it must answer.
    pub fn carry_out(&mut self, txs: Vec<Vec<u8>>, report: Report) -> (Block, Results) {
        self.context.height += 1;
        self.context.time = self.now;
        self.context.rules = RULES.at(self.state.upgrade(), self.context.height).unwrap();
        let (mut verified, mut origins, mut dropped) = (Vec::new(), Vec::new(), Vec::new());
        for (index, bytes) in (0u32..).zip(&txs) {
            match SignedTx::decode(bytes) {
                Ok(tx) => {
                    let id = tx.body.id();
                    verified.push(VerifiedTx::assume_verified(tx, id));
                    origins.push(index);
                }
                Err(_) => dropped.push(Dropped { index, code: Code::Decode.number() }),
            }
        }
        let outcome = execute::execute(&mut self.state, &self.context, &report, &verified)
            .unwrap_or_else(|breach| panic!("block {}: {breach}", self.context.height))
            .commit();
        for (at, code) in &outcome.dropped {
            let index = origins[*at as usize];
            dropped.push(Dropped { index, code: code.number() });
        }
        dropped.sort_unstable();
        self.remember(&outcome);
        let receipts = outcome.receipts.iter().map(codec::encode).collect();
        let returns = report.returns.iter().map(|key| key.0).collect();
        let (height, time, parent_round) = (self.context.height, self.now, report.parent_round);
        let block = Block { height, time, txs, parent_round, returns, evidence: report.evidence };
        (block, Results { receipts, dropped })
    }

    /// What the next block says about turns: for some time that one validator in three or so
    /// proposes nothing, then again that all is well, and now and then that some return.
    pub fn turns(&mut self) -> Report {
        let height = self.context.height + 1;
        let validators = self.state.validators();
        let (before, turns) = (height - 1, &validators.turns);
        let proposer = validators.at(before).proposer(&turns.passed_at(before), before, 0);
        let in_turn = u64::from(proposer.key.0[0]) + height / 80;
        let dead = !(height / 40).is_multiple_of(3) && in_turn.is_multiple_of(3);
        let out: Vec<_> = turns.standings().iter().map(|standing| standing.key).collect();
        let mut returns: Vec<_> = out.into_iter().filter(|_| self.rng.chance(6)).collect();
        if self.rng.chance(2) {
            returns.push(self.spare[0]);
        }
        returns.sort_unstable();
        let parent_round =
            if dead || self.rng.chance(2) { 1 + self.rng.below(3) as u32 } else { 0 };
        Report { parent_round, returns, evidence: self.evidence() }
    }

    /// Now and then somebody signed twice: a validator, one of before, a stranger; lately, long ago,
    /// or at a height to come. What the signatures are, execution does not ask.
    fn evidence(&mut self) -> Vec<Evidence> {
        if !self.rng.chance(8) {
            return Vec::new();
        }
        let Validators { set, before, named, .. } = self.state.validators();
        let sets = [Some(set), before.as_ref()].into_iter().flatten();
        let mut keys: Vec<_> = sets.flat_map(|set| set.validators()).map(|v| v.key).collect();
        keys.extend(named.all().iter().map(|named| named.key));
        keys.push(self.spare[0]);
        keys.sort_unstable();
        keys.dedup();
        let next = self.context.height + 1;
        let mut evidence = Vec::new();
        for validator in keys {
            if self.rng.chance(40) {
                let far = self.rng.pick(&[0, 0, 1, 2, 5, EVIDENCE_HEIGHTS, EVIDENCE_HEIGHTS + 1]);
                let height = match self.rng.chance(20) {
                    true => next + self.rng.below(5),
                    false => next.saturating_sub(far),
                };
                let twins = self.twins();
                evidence.push(Evidence {
                    validator,
                    height,
                    round: self.rng.below(4) as u32,
                    twins,
                });
            }
        }
        evidence
    }

    pub fn twins(&mut self) -> Twins {
        let signature = Signature([7; 64]);
        let ballot = |block: Option<u8>| Ballot { block: block.map(|n| Hash([n; 32])), signature };
        let offer = |pol_round| Offer { pol_round, block: Hash([9; 32]), signature };
        let (first, second) = (ballot(None), ballot(Some(1)));
        self.rng.pick(&[
            Twins::Prevotes { first, second },
            Twins::Precommits { first: second, second: first },
            Twins::Proposals { first: offer(None), second: offer(Some(0)) },
        ])
    }

    /// Whether the next block is one that this program does not execute: its rules are newer.
    pub fn is_over(&self) -> bool {
        RULES.at(self.state.upgrade(), self.context.height + 1).is_none()
    }

    /// The state as text.
    pub fn view(&self) -> Vec<String> {
        view::lines(&self.state, &self.people, self.context.time)
    }

    fn remember(&mut self, outcome: &BlockOutcome) {
        self.nonces.clear();
        for event in outcome.receipts.iter().flat_map(|receipt| &receipt.events) {
            if let Event::AccountRegistered { account, .. } = event {
                self.people.push(*account);
                self.strangers.retain(|stranger| stranger != account);
            }
        }
    }

    /// The transaction's bytes.
    pub fn seal(&mut self, draft: Draft) -> Vec<u8> {
        let bytes = self.sign(draft).encode();
        if self.sent.len() == SENT_KEPT {
            self.sent.pop_front();
        }
        self.sent.push_back(bytes.clone());
        bytes
    }

    /// As it would be signed now; its nonce stays free.
    pub fn try_sign(&mut self, draft: Draft) -> SignedTx {
        let nonces = self.nonces.clone();
        let tx = self.sign(draft);
        self.nonces = nonces;
        tx
    }

    pub fn sign(&mut self, draft: Draft) -> SignedTx {
        let nonce = draft.nonce.unwrap_or_else(|| self.next_nonce(&draft.sender));
        let keys = draft.witnesses.unwrap_or_else(|| {
            let mut keys = self.keys_of(&draft.sender);
            keys.extend(draft.sponsor.iter().flat_map(|sponsor| self.keys_of(sponsor)));
            keys
        });
        let body = TxBody {
            genesis: draft.genesis.unwrap_or(self.context.genesis),
            chain_id: draft.chain_id.unwrap_or(self.context.chain_id),
            sender: draft.sender,
            nonce,
            valid_until: draft.valid_until.unwrap_or(self.now + 60_000),
            sponsor: draft.sponsor,
            memo: draft.memo,
            ops: draft.ops,
        };
        SignedTx { body, witnesses: witnesses(keys) }
    }

    fn next_nonce(&mut self, sender: &Address) -> u64 {
        let high = self.state.account(sender).map_or(0, |account| account.replay.high);
        let next = self.nonces.entry(*sender).or_insert(high);
        *next = next.saturating_add(1);
        *next
    }

    /// As many keys of an account as its policy asks for.
    pub fn keys_of(&self, address: &Address) -> Vec<PublicKey> {
        let policy = self.state.account(address).map(|account| &account.policy);
        let some = policy.map(|policy| policy.keys()[..policy.required()].to_vec());
        some.unwrap_or_else(|| vec![self.spare[0]])
    }

    // ---- whom and what to choose ----

    pub fn person(&mut self) -> Address {
        self.rng.pick(&self.people)
    }

    pub fn stranger(&mut self) -> Address {
        self.rng.pick(&self.strangers)
    }

    /// Mostly a registered account.
    pub fn anyone(&mut self) -> Address {
        if self.rng.chance(4) { self.stranger() } else { self.person() }
    }

    /// An account with something to spend, if chance finds one.
    pub fn payer(&mut self) -> Address {
        let mut found = self.person();
        for _ in 0..6 {
            if self.account(&found).available() > 0 {
                break;
            }
            found = self.person();
        }
        found
    }

    pub fn account(&self, address: &Address) -> &Account {
        self.state.account(address).unwrap()
    }

    pub fn available(&self, address: &Address) -> u64 {
        self.state.account(address).map_or(0, Account::available)
    }

    /// Every account that holds `role` now, or ever did.
    pub fn holders(&self, role: Role, live: bool) -> Vec<Address> {
        let (first, last) = (Address([0; 32]), Address([255; 32]));
        let keys = Key::Role(role, first)..=Key::Role(role, last);
        let holder = |(key, _): (&Key, &Object)| match key {
            Key::Role(_, holder) => Some(*holder),
            _ => None,
        };
        let all = self.state.range(keys).filter_map(holder);
        all.filter(|holder| !live || self.state.holds(role, holder, self.now)).collect()
    }

    /// Mostly a holder of `role`, sometimes a former one, rarely anyone.
    pub fn officer(&mut self, role: Role) -> Address {
        let roll = self.rng.below(100);
        let found = self.holders(role, roll < 88);
        if found.is_empty() || roll >= 97 { self.person() } else { self.rng.pick(&found) }
    }

    /// Mostly a member of the council.
    pub fn member(&mut self) -> Address {
        let members: Vec<_> = self.state.council().members.iter().map(|m| m.account).collect();
        if self.rng.chance(2) { self.person() } else { self.rng.pick(&members) }
    }

    /// Up to `most` objects whose keys lie in a range, from a random place of it on.
    pub fn some(&self, from: Key, to: Key, most: usize) -> Vec<(Key, Object)> {
        let some = self.state.range(from..=to).take(most);
        some.map(|(key, object)| (key.clone(), object.clone())).collect()
    }

    /// One of so few digests, so that what can be used once is used again.
    pub fn small_hash(&mut self, few: u64) -> Hash {
        Hash([self.rng.below(few) as u8; 32])
    }

    pub fn hash(&mut self) -> Hash {
        Hash(self.rng.bytes())
    }

    /// An amount at or near one of `limits`, or any.
    pub fn amount(&mut self, limits: &[u64]) -> u64 {
        match self.rng.below(100) {
            0..3 => 0,
            3..6 => 1,
            6..8 => u64::MAX,
            8..50 => 1 + self.rng.below(5_000_000),
            50..60 => 1 + self.rng.below(1_000_000_000),
            _ => {
                let limit = self.rng.pick(limits);
                let nudge = self.rng.below(6);
                match nudge {
                    0 | 1 => limit.saturating_add(1),
                    2 => limit.saturating_sub(1),
                    3 => limit / 2,
                    _ => limit,
                }
            }
        }
    }

    /// A time at or next to `at`.
    pub fn near(&mut self, at: u64) -> u64 {
        match self.rng.below(3) {
            0 => at.saturating_sub(1),
            1 => at,
            _ => at.saturating_add(1),
        }
    }
}
