//! Where drafts of transactions come from: who exists, what is there to work with, and the table
//! of recipes in [`super::ops`].

use std::collections::BTreeMap;

use ballast_primitives::{Address, Hash, PublicKey, SecretKey};
use ballast_runtime::object::Role;
use ballast_runtime::{Op, State, dev};

use super::ops::RECIPES;
use crate::sim::rng::Rng;
use crate::sim::setting::KEYS;

/// Keys with which to sign.
pub type Keys = Vec<(PublicKey, SecretKey)>;

/// A transaction to be signed.
pub struct Draft {
    pub sender: Address,
    pub keys: Keys,
    pub ops: Vec<Op>,
    pub memo: Option<Vec<u8>>,
    /// Who pays the quota, and its keys.
    pub sponsor: Option<(Address, Keys)>,
}

/// What recipes work with.
pub struct Kitchen {
    people: Vec<(Address, Keys)>,
    officers: BTreeMap<Role, (Address, Keys)>,
    /// Deposits that someone confirmed, or at least tried to.
    pub deposits: Vec<Hash>,
    /// Numbers what must not be used twice.
    pub counter: u64,
}

/// A recipe's view of the kitchen at one moment.
pub struct Cook<'a> {
    pub kitchen: &'a mut Kitchen,
    pub rng: &'a mut Rng,
    pub state: &'a State,
    pub now_ms: u64,
}

impl Kitchen {
    pub fn new(accounts: u32) -> Self {
        let people = (0..accounts).map(|n| account(dev::account_key(KEYS, n)));
        let officer = |role| {
            let keys = dev::role_signers(KEYS, role);
            (role, (dev::role_address(KEYS, role), keys.into_iter().map(pair).collect()))
        };
        Self {
            people: people.collect(),
            officers: Role::ALL.into_iter().map(officer).collect(),
            deposits: Vec::new(),
            counter: 0,
        }
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
        Some(cook.trespass(draft))
    }
}

impl Cook<'_> {
    /// Now and then someone sends what it may not.
    fn trespass(&mut self, draft: Draft) -> Draft {
        if !self.rng.chance(15) {
            return draft;
        }
        let (sender, keys) = self.someone();
        Draft { sender, keys, sponsor: None, ..draft }
    }

    /// One of those who have an account, or will have.
    pub fn someone(&mut self) -> (Address, Keys) {
        self.rng.pick(&self.kitchen.people).clone()
    }

    pub fn anyone(&mut self) -> Address {
        self.someone().0
    }

    pub fn officer(&self, role: Role) -> (Address, Keys) {
        self.kitchen.officers[&role].clone()
    }

    /// A new key for someone who has no account yet.
    pub fn newcomer(&mut self) -> (PublicKey, Address) {
        let n = self.next();
        let person = account(SecretKey::dev(KEYS, &format!("newcomer {n}")));
        let key = person.1.first().map_or(PublicKey([0; 32]), |(key, _)| *key);
        let address = person.0;
        self.kitchen.people.push(person);
        (key, address)
    }

    pub fn next(&mut self) -> u64 {
        self.kitchen.counter += 1;
        self.kitchen.counter
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

    /// A draft that `who` signs.
    pub fn draft(&mut self, who: (Address, Keys), ops: Vec<Op>) -> Draft {
        let (sender, keys) = who;
        let memo = self.rng.chance(300).then(|| self.rng.next().to_le_bytes().to_vec());
        Draft { sender, keys, ops, memo, sponsor: None }
    }
}

fn pair(secret: SecretKey) -> (PublicKey, SecretKey) {
    (secret.public(), secret)
}

fn account(secret: SecretKey) -> (Address, Keys) {
    let (public, secret) = pair(secret);
    let policy = ballast_primitives::KeyPolicy::Single(public);
    (Address::of(&policy), vec![(public, secret)])
}
