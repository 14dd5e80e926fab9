//! A node: its keys, its replica while it runs, and its disk.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use ballast_primitives::override_record::SignedOverride;
use ballast_primitives::{Hash, SecretKey, Validator, codec};
use ballast_replica::message::{Request, Response};
use ballast_replica::replica::Notice;
use ballast_replica::safety::{History, Memory};
use ballast_replica::types::{Evidence, Executed, StoredBlock};
use ballast_replica::{Admission, Duty, Input, Replica};
use ballast_runtime::object::{Role, RoleGrant, Validators};
use ballast_runtime::state::Change;
use ballast_runtime::{Key, Object, Receipt, Rulebook, State, dev};

use super::SEED;

pub fn key(n: usize) -> SecretKey {
    SecretKey::dev(SEED, &format!("v{n}"))
}

pub fn validator(n: usize) -> Validator {
    Validator {
        key: key(n).public(),
        peer: SecretKey::dev(SEED, &format!("p{n}")).public(),
        power: 1,
        name: format!("validator-{n}"),
    }
}

/// What survives a power cut.
#[derive(Clone, Default)]
pub struct Disk {
    pub wal: (u64, Vec<Vec<u8>>),
    pub sign_state: Option<Vec<u8>>,
    pub batches: BTreeMap<Hash, Vec<u8>>,
    pub committed: BTreeSet<Hash>,
    pub state: BTreeMap<u64, Change>,
    pub results: Vec<Executed>,
    /// Written since the last sync: lost by a power cut.
    pub loose_wal: Vec<Loose>,
    pub loose_sign_state: Option<Vec<u8>>,
    pub loose_batches: BTreeMap<Hash, Vec<u8>>,
}

#[derive(Clone)]
pub enum Loose {
    Append(Vec<u8>),
    Reset(u64),
}

impl Disk {
    pub fn settle(&mut self) {
        self.batches.append(&mut self.loose_batches);
        for loose in self.loose_wal.drain(..) {
            match loose {
                Loose::Append(record) => self.wal.1.push(record),
                Loose::Reset(height) => self.wal = (height, Vec::new()),
            }
        }
        self.sign_state = self.loose_sign_state.take().or(self.sign_state.take());
    }

    pub fn memory(&self) -> Memory {
        self.sign_state
            .as_ref()
            .map_or_else(Memory::default, |bytes| Memory::decode(bytes).unwrap())
    }

    pub fn newest(&self) -> &Executed {
        self.results.last().unwrap()
    }

    pub fn restore(&self) -> State {
        State::restore(self.state.values().cloned()).unwrap()
    }

    /// Writes the validator sets behind the back of the rules, as if the newest block had.
    pub fn put_validators(&mut self, validators: Validators) {
        self.put(&Key::Validators, &Object::Validators(Box::new(validators)));
    }

    pub fn put(&mut self, key: &Key, object: &Object) {
        let key = codec::encode(key);
        let leaf = self.state.values_mut().find(|leaf| leaf.key == key).unwrap();
        leaf.value = codec::encode(object);
        self.results.last_mut().unwrap().state_root = self.restore().root();
    }

    /// Gives the holder of one role another behind the back of the rules: what no transaction is
    /// to blame for, and only a check of everything finds.
    pub fn put_conflict(&mut self) {
        let holder = dev::role_address(SEED, Role::Bridge);
        let grant = RoleGrant { valid_until: u64::MAX };
        let slot = self.state.last_key_value().map_or(0, |(slot, _)| slot + 1);
        let key = codec::encode(&Key::Role(Role::Registrar, holder));
        let value = codec::encode(&Object::Role(grant));
        self.state.insert(slot, Change { slot, key, value });
        let state = self.restore();
        let newest = self.results.last_mut().unwrap();
        (newest.state_root, newest.objects) = (state.root(), state.len());
    }

    pub fn power_cut(&mut self) {
        self.loose_wal.clear();
        self.loose_batches.clear();
        self.loose_sign_state = None;
    }
}

/// Given the question, the honest answer and how many questions that makes.
pub type Lie = Rc<dyn Fn(&Request, Option<Response>, u64) -> (Option<Response>, u64)>;

pub struct Node {
    pub key: SecretKey,
    pub replica: Option<Replica>,
    /// The versions of the rules that its program has.
    pub rulebook: Rulebook,
    pub disk: Disk,
    pub blocks: BTreeMap<u64, StoredBlock>,
    pub receipts: BTreeMap<Hash, Receipt>,
    pub evidence: Vec<Evidence>,
    pub notices: Vec<Notice>,
    /// When each height was committed here.
    pub committed_ms: BTreeMap<u64, u64>,
    /// How far its clock is ahead of the true time.
    pub skew_ms: i64,
    /// What has come while it stood still, if it does.
    pub held: Option<Vec<Input>>,
    pub answers: BTreeMap<u64, Vec<Admission>>,
    /// What its operator has given it.
    pub overrides: Vec<SignedOverride>,
    /// Why it stopped by itself.
    pub halted: Option<String>,
    /// What it makes of what an honest node would answer to who catches up, and after how long.
    pub lie: Option<Lie>,
    /// How often it was asked by who catches up.
    pub asked: u64,
}

/// Where a node was.
pub struct Place {
    disk: Disk,
    blocks: BTreeMap<u64, StoredBlock>,
    receipts: BTreeMap<Hash, Receipt>,
}

impl Node {
    pub fn place(&self) -> Place {
        let (disk, blocks) = (self.disk.clone(), self.blocks.clone());
        Place { disk, blocks, receipts: self.receipts.clone() }
    }

    /// Puts back what it had then, while it is down, but for what it has signed since.
    pub fn put_back(&mut self, place: &Place) {
        let Disk { wal, sign_state, .. } = std::mem::take(&mut self.disk);
        self.disk = Disk { wal, sign_state, ..place.disk.clone() };
        self.blocks.clone_from(&place.blocks);
        self.receipts.clone_from(&place.receipts);
    }

    pub fn replica(&self) -> &Replica {
        self.replica.as_ref().unwrap()
    }

    pub fn is_up(&self) -> bool {
        self.replica.is_some()
    }

    /// The bytes of a batch that it has stored.
    pub fn batch(&self, digest: &Hash) -> Vec<u8> {
        self.disk.batches[digest].clone()
    }

    /// One of the batches that it has stored.
    pub fn any_batch(&self) -> Vec<u8> {
        let mut stored = self.disk.batches.values().chain(self.disk.loose_batches.values());
        stored.next().unwrap().clone()
    }

    pub fn receipts(&self) -> &BTreeMap<Hash, Receipt> {
        &self.receipts
    }

    pub fn height(&self) -> u64 {
        self.disk.newest().height
    }

    pub fn signed_height(&self) -> Option<u64> {
        self.disk.memory().last.map(|last| last.height)
    }

    pub fn set_duty(&mut self, duty: Duty) {
        self.replica.as_mut().unwrap().set_duty(duty);
    }

    /// What `ballast-node sign-state reset` leaves.
    pub fn reset_history(&mut self) {
        let memory = Memory { last: None, history: History::Unknown };
        self.disk.sign_state = Some(memory.encode());
        self.lose_wal();
    }

    pub fn lose_wal(&mut self) {
        self.disk.wal = (0, Vec::new());
    }
}
