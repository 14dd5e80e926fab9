//! Where drafts of transactions come from: who exists, who signs with what, and the table of
//! recipes in [`super::ops`].

use std::collections::{BTreeMap, BTreeSet};

use ballast_primitives::domain::SignTag;
use ballast_primitives::{Address, Hash, KeyPolicy, PublicKey, SecretKey};
use ballast_runtime::authorisation::signed_bytes_on;
use ballast_runtime::object::Role;
use ballast_runtime::{Op, State, Witness, dev};
use borsh::BorshSerialize;

use super::ops::RECIPES;
use crate::sim::memo;
use crate::sim::rng::Rng;
use crate::sim::setting::{KEYS, Setting};

/// A transaction to be signed.
pub struct Draft {
    pub sender: Address,
    pub ops: Vec<Op>,
    pub memo: Option<Vec<u8>>,
    /// Who pays the quota.
    pub sponsor: Option<Address>,
}

/// What recipes work with.
pub struct Kitchen {
    people: Vec<Address>,
    officers: BTreeMap<Role, Address>,
    /// Every key that anyone signs with.
    secrets: BTreeMap<PublicKey, SecretKey>,
    /// Deposits that someone confirmed, or at least tried to.
    pub deposits: Vec<Hash>,
    /// Numbers what must not be used twice.
    pub counter: u64,
    genesis: Hash,
    chain_id: u32,
}

/// A recipe's view of the kitchen at one moment.
pub struct Cook<'a> {
    pub kitchen: &'a mut Kitchen,
    pub rng: &'a mut Rng,
    pub state: &'a State,
    pub now_ms: u64,
}

impl Kitchen {
    pub fn new(accounts: u32, setting: &Setting) -> Self {
        let mut kitchen = Self {
            people: Vec::new(),
            officers: BTreeMap::new(),
            secrets: BTreeMap::new(),
            deposits: Vec::new(),
            counter: 0,
            genesis: setting.genesis_hash,
            chain_id: setting.genesis.chain_id,
        };
        for n in 0..accounts {
            let person = kitchen.take(dev::account_key(KEYS, n));
            kitchen.people.push(person);
        }
        for role in Role::ALL {
            let officer = kitchen.take(dev::role_key(KEYS, role));
            kitchen.officers.insert(role, officer);
        }
        for key in dev::council_keys(KEYS).into_iter().chain(dev::officer_keys(KEYS)) {
            kitchen.take(key);
        }
        kitchen
    }

    /// Keeps a key; the address of an account that it alone signs for.
    fn take(&mut self, secret: SecretKey) -> Address {
        let key = secret.public();
        self.secrets.insert(key, secret);
        Address::of(&KeyPolicy::Single(key))
    }

    pub fn draft(&mut self, rng: &mut Rng, state: &State, now_ms: u64) -> Option<Draft> {
        let total: u64 = RECIPES.iter().map(|recipe| recipe.weight).sum();
        let mut draw = rng.below(total);
        let recipe = RECIPES.iter().find(|recipe| {
            let is_it = draw < recipe.weight;
            draw = draw.saturating_sub(recipe.weight);
            is_it
        })?;
        let mut cook = Cook { kitchen: self, rng, state, now_ms };
        let draft = (recipe.make)(&mut cook)?;
        let draft = cook.trespass(draft);
        Some(cook.stretch(draft))
    }

    /// What an account's keys sign, as its policy asks; any key's for one that is unknown.
    pub fn witnesses(&self, state: &State, signers: &[Address], message: &[u8]) -> Vec<Witness> {
        let mut keys = BTreeSet::new();
        for signer in signers {
            match state.account(signer) {
                Some(account) => {
                    let known = account.policy.keys().iter();
                    let known = known.filter(|key| self.secrets.contains_key(key));
                    keys.extend(known.take(account.policy.required()).copied());
                }
                None => keys.extend(self.secrets.keys().next()),
            }
        }
        keys.into_iter().filter_map(|key| self.sign(&key, message)).collect()
    }

    fn sign(&self, key: &PublicKey, message: &[u8]) -> Option<Witness> {
        let signature = self.secrets.get(key)?.sign(message);
        memo::trust(key, message, &signature);
        Some(Witness { key: *key, signature })
    }

    /// The bytes that are signed inside an operation.
    pub fn message<T: BorshSerialize>(&self, tag: SignTag, signed: &T) -> Vec<u8> {
        signed_bytes_on(tag, &self.genesis, self.chain_id, signed)
    }

    /// What `keys` sign inside an operation, as far as they are known.
    pub fn statement<T: BorshSerialize>(
        &self,
        tag: SignTag,
        signed: &T,
        keys: impl IntoIterator<Item = PublicKey>,
    ) -> Vec<Witness> {
        let message = self.message(tag, signed);
        let keys: BTreeSet<_> = keys.into_iter().collect();
        keys.iter().filter_map(|key| self.sign(key, &message)).collect()
    }
}

impl Cook<'_> {
    /// Now and then someone sends what it may not.
    fn trespass(&mut self, draft: Draft) -> Draft {
        // Travel data is signed for the payer.
        let is_bound = |op: &Op| matches!(op, Op::Transfer(op) if op.travel.is_some());
        if !self.rng.chance(15) || draft.ops.iter().any(is_bound) {
            return draft;
        }
        let sender = self.someone();
        Draft { sender, sponsor: None, ..draft }
    }

    /// Now and then a form that not every version of the rules knows.
    fn stretch(&mut self, draft: Draft) -> Draft {
        match (self.rng.below(20), draft.ops.as_slice()) {
            (0, _) => Draft { memo: Some(vec![7; 40]), ..draft },
            (1, [Op::Approve(_) | Op::RedeemCancel(_)]) => {
                Draft { ops: vec![draft.ops[0].clone(); 5], ..draft }
            }
            (1 | 2, [Op::Transfer(op)]) if op.travel.is_none() => {
                Draft { ops: vec![draft.ops[0].clone(); 5], ..draft }
            }
            _ => draft,
        }
    }

    /// One of those who have an account, or will have.
    pub fn someone(&mut self) -> Address {
        *self.rng.pick(&self.kitchen.people)
    }

    pub fn officer(&self, role: Role) -> Address {
        self.kitchen.officers[&role]
    }

    /// A new key, which someone can sign with from now on.
    pub fn new_key(&mut self) -> PublicKey {
        let n = self.next();
        let secret = SecretKey::dev(KEYS, &format!("newcomer {n}"));
        let key = secret.public();
        self.kitchen.secrets.insert(key, secret);
        key
    }

    /// A new key for someone who has no account yet.
    pub fn newcomer(&mut self) -> PublicKey {
        let key = self.new_key();
        self.kitchen.people.push(Address::of(&KeyPolicy::Single(key)));
        key
    }

    pub fn next(&mut self) -> u64 {
        self.kitchen.counter += 1;
        self.kitchen.counter
    }

    pub fn hash(&mut self) -> Hash {
        Hash(self.rng.bytes32())
    }

    /// An amount: mostly small, now and then far too much.
    pub fn amount(&mut self) -> u64 {
        match self.rng.below(20) {
            0 => 0,
            1 => u64::MAX - self.rng.below(1_000),
            2..5 => self.rng.between(1, 2_000_000_000),
            _ => self.rng.between(1, 5_000_000),
        }
    }

    /// A draft that `sender` signs.
    pub fn draft(&mut self, sender: Address, ops: Vec<Op>) -> Draft {
        let memo = self.rng.chance(300).then(|| self.rng.word().to_le_bytes().to_vec());
        Draft { sender, ops, memo, sponsor: None }
    }
}
