//! A small chain for tests: a dev genesis with a few accounts, and one call per step.
#![allow(dead_code, reason = "each test file uses a part of it")]

use std::collections::BTreeMap;

use ballast_primitives::{Address, Hash, KeyPolicy, SecretKey, Signature, Validator, codec};
use ballast_runtime::dev::{self, DevSpec};
use ballast_runtime::limits::OBJECT_BYTES_MAX;
use ballast_runtime::object::{
    Account, Council, Deposit, Minter, Policy, Report, Role, RoleGrant, Scope, Supply, Terms,
};
use ballast_runtime::*;

pub mod aim;
pub mod council;
pub mod every;
pub mod op;

pub const SEED: &str = "test";
/// The time of genesis; each block is one second later.
pub const START: u64 = 1_700_000_000_000;
pub const HOUR: u64 = 3_600_000;
pub const DAY: u64 = 24 * HOUR;
pub const DOLLAR: u64 = 1_000_000;
pub const ACCOUNTS: u32 = 4;
/// What each funded account starts with.
pub const BALANCE: u64 = 1_000 * DOLLAR;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Who {
    /// Funded account number n.
    Holder(u32),
    /// The holder of a role.
    Officer(Role),
    /// Member number n of the council.
    Member(usize),
    /// The account that receives fees.
    Fees,
}

impl Who {
    pub fn address(self) -> Address {
        Address::of(&KeyPolicy::Single(self.key().public()))
    }

    pub fn key(self) -> SecretKey {
        match self {
            Self::Holder(n) => dev::account_key(SEED, n),
            Self::Officer(role) => dev::role_key(SEED, role),
            Self::Member(n) => dev::council_keys(SEED).swap_remove(n),
            Self::Fees => dev::fee_key(SEED),
        }
    }

    pub fn keys(self) -> Vec<SecretKey> {
        vec![self.key()]
    }
}

pub fn validator() -> Validator {
    Validator {
        key: SecretKey::dev(SEED, "validator").public(),
        peer: SecretKey::dev(SEED, "peer").public(),
        power: 1,
        name: "validator-0".to_owned(),
    }
}

/// The dev genesis, but for a council whose decisions need not wait: [`World::by_council`] is then
/// one block.
pub fn genesis() -> Genesis {
    let mut genesis = dev::genesis(&DevSpec {
        chain_id: 7,
        time: START,
        validators: vec![validator()],
        accounts: ACCOUNTS,
        balance: BALANCE,
        seed: SEED.to_owned(),
    })
    .unwrap();
    genesis.council.delays_ms = [0; 4];
    genesis
}

#[derive(Clone)]
pub struct World {
    pub state: State,
    pub context: BlockContext,
    nonces: BTreeMap<Address, u64>,
}

impl World {
    pub fn new() -> Self {
        Self::from(&genesis())
    }

    pub fn from(genesis: &Genesis) -> Self {
        let context = BlockContext {
            genesis: genesis.hash(),
            chain_id: genesis.chain_id,
            height: 0,
            time: genesis.time,
            rules: &Rules::V1,
        };
        let state = State::from_genesis(genesis).unwrap();
        Self { state, context, nonces: BTreeMap::new() }
    }

    /// Changes what is stored, behind the back of the rules (the supply identity must hold).
    pub fn edit(&mut self, key: Key, change: impl FnOnce(&mut Object)) {
        let mut object = self.state.get(&key).unwrap_or_else(|| panic!("no {key:?}")).clone();
        change(&mut object);
        self.put_all(vec![(key, object)]);
    }

    /// Writes objects, new or not, behind the back of the rules.
    pub fn put_all(&mut self, objects: Vec<(Key, Object)>) {
        let mut leaves: Vec<_> = self.state.changes().collect();
        for (key, object) in objects {
            let (key, value) = (codec::encode(&key), codec::encode(&object));
            let slot = leaves.iter().map(|leaf| leaf.slot + 1).max().unwrap_or(0);
            match leaves.iter_mut().find(|leaf| leaf.key == key) {
                Some(leaf) => leaf.value = value,
                None => leaves.push(Change { slot, key, value }),
            }
        }
        count_objects(&mut leaves);
        self.state = State::restore(leaves).unwrap();
    }

    pub fn edit_account(&mut self, who: Who, change: impl FnOnce(&mut Account)) {
        self.edit(Key::Account(who.address()), |object| match object {
            Object::Account(account) => change(account),
            _ => unreachable!(),
        });
    }

    pub fn edit_policy(&mut self, change: impl FnOnce(&mut Policy)) {
        self.edit(Key::Policy, |object| match object {
            Object::Policy(policy) => change(policy),
            _ => unreachable!(),
        });
    }

    pub fn edit_council(&mut self, change: impl FnOnce(&mut Council)) {
        self.edit(Key::Council, |object| match object {
            Object::Council(council) => change(council),
            _ => unreachable!(),
        });
    }

    pub fn edit_minter(&mut self, change: impl FnOnce(&mut Minter)) {
        self.edit(Key::Minter(Who::Officer(Role::Minter).address()), |object| match object {
            Object::Minter(minter) => change(minter),
            _ => unreachable!(),
        });
    }

    pub fn edit_terms(&mut self, change: impl FnOnce(&mut Terms)) {
        self.edit(Key::Terms, |object| match object {
            Object::Terms(terms) => change(terms),
            _ => unreachable!(),
        });
    }

    pub fn edit_report(&mut self, number: u64, change: impl FnOnce(&mut Report)) {
        self.edit(Key::Report(number), |object| match object {
            Object::Report(report) => change(report),
            _ => unreachable!(),
        });
    }

    /// Sets one balance, the total with it.
    pub fn set_balance(&mut self, who: Who, balance: u64) {
        let mut account = self.account(who).clone();
        let mut supply = self.state.supply().clone();
        supply.total = supply.total - u128::from(account.balance) + u128::from(balance);
        supply.genesis = supply.genesis - u128::from(account.balance) + u128::from(balance);
        account.balance = balance;
        self.put_all(vec![
            (Key::Account(who.address()), Object::Account(account)),
            (Key::Supply, Object::Supply(Box::new(supply))),
        ]);
    }

    pub fn set_cap(&mut self, cap: u128) {
        let supply = Supply { cap, ..self.state.supply().clone() };
        self.put_all(vec![(Key::Supply, Object::Supply(Box::new(supply)))]);
    }

    pub fn set_pause(&mut self, scope: Scope, until: u64) {
        self.edit(Key::Pause(scope), |object| match object {
            Object::Pause(pause) => pause.until = until,
            _ => unreachable!(),
        });
    }

    pub fn set_grant(&mut self, role: Role, valid_until: u64) {
        let key = Key::Role(role, Who::Officer(role).address());
        self.put_all(vec![(key, Object::Role(RoleGrant { valid_until }))]);
    }

    pub fn account(&self, who: Who) -> &Account {
        self.state.account(&who.address()).unwrap()
    }

    pub fn balance(&self, who: Who) -> u64 {
        self.account(who).balance
    }

    pub fn minter(&self) -> &Minter {
        self.state.minter(&Who::Officer(Role::Minter).address()).unwrap()
    }

    pub fn deposit(&self, id: &Hash) -> &Deposit {
        self.state.deposit(id).unwrap()
    }

    /// The time of the next block.
    pub fn now(&self) -> u64 {
        self.context.time + 1_000
    }

    pub fn wait(&mut self, ms: u64) {
        self.context.time += ms;
    }

    /// A body with the sender's next nonce.
    pub fn body(&mut self, who: Who, ops: Vec<Op>) -> TxBody {
        let nonce = self.nonces.entry(who.address()).or_default();
        *nonce += 1;
        TxBody {
            genesis: self.context.genesis,
            chain_id: self.context.chain_id,
            sender: who.address(),
            nonce: *nonce,
            valid_until: self.now() + HOUR,
            sponsor: None,
            memo: None,
            ops,
        }
    }

    pub fn tx(&mut self, who: Who, ops: Vec<Op>) -> VerifiedTx {
        unsigned(self.body(who, ops), &who.keys())
    }

    /// Executes the next block.
    pub fn block(&mut self, txs: &[VerifiedTx]) -> BlockOutcome {
        self.context.height += 1;
        self.context.time += 1_000;
        let outcome = execute_block(&mut self.state, &self.context, txs).unwrap();
        let breaks = |receipt: &Receipt| answer(receipt) == Err(Code::InvariantBroken);
        let alarm = outcome.receipts.iter().find(|receipt| breaks(receipt));
        assert_eq!(alarm, None, "no test transaction breaks an invariant");
        invariants::check_all(&self.state, self.context.time).unwrap();
        outcome
    }

    /// Executes a block with this one transaction: its events, or the code it was refused with.
    pub fn send(&mut self, tx: VerifiedTx) -> Result<Vec<Event>, Code> {
        let outcome = self.block(&[tx]);
        match (&outcome.receipts[..], &outcome.dropped[..]) {
            ([receipt], []) => answer(receipt),
            ([], [(0, code)]) => Err(*code),
            _ => panic!("one transaction has one outcome: {outcome:?}"),
        }
    }

    /// One operation in a transaction in a block of its own.
    pub fn run(&mut self, who: Who, op: Op) -> Result<Vec<Event>, Code> {
        let tx = self.tx(who, vec![op]);
        self.send(tx)
    }

    /// As [`Self::run`], and the state must not notice.
    pub fn try_run(&self, who: Who, op: Op) -> Result<Vec<Event>, Code> {
        self.clone().run(who, op)
    }
}

/// The events of a success, or the code of a failure.
pub fn answer(receipt: &Receipt) -> Result<Vec<Event>, Code> {
    match receipt.outcome {
        Outcome::Success => Ok(receipt.events.clone()),
        Outcome::Failed { code, .. } => Err(code),
    }
}

/// Witnesses of these keys with signatures of zeros: execution expects them verified.
pub fn witnesses(keys: &[SecretKey]) -> Vec<Witness> {
    let mut witnesses: Vec<_> = keys
        .iter()
        .map(|key| Witness { key: key.public(), signature: Signature([0; 64]) })
        .collect();
    witnesses.sort_unstable_by_key(|witness| witness.key);
    witnesses
}

/// A transaction with [`witnesses`] of these keys.
pub fn unsigned(body: TxBody, keys: &[SecretKey]) -> VerifiedTx {
    let id = body.id();
    VerifiedTx::assume_verified(SignedTx { body, witnesses: witnesses(keys) }, id)
}

/// Sets each account's number of objects to what it is.
fn count_objects(leaves: &mut [Change]) {
    let counts_for = |leaf: &Change| {
        let (key, object) = decode_change(leaf);
        object.counts_for(&key)
    };
    let mut counts = BTreeMap::<_, u32>::new();
    for owner in leaves.iter().filter_map(counts_for) {
        *counts.entry(owner).or_default() += 1;
    }
    for leaf in leaves {
        if let (Key::Account(address), Object::Account(mut account)) = decode_change(leaf) {
            account.objects = counts.get(&address).copied().unwrap_or(0);
            leaf.value = codec::encode(&Object::Account(account));
        }
    }
}

/// The objects that a change wrote.
pub fn decode_change(change: &Change) -> (Key, Object) {
    (
        codec::decode(&change.key, OBJECT_BYTES_MAX).unwrap(),
        codec::decode(&change.value, OBJECT_BYTES_MAX).unwrap(),
    )
}
