//! What must hold in every run, one rule a file. A checker is told [`Fact`]s and keeps its own
//! books over plain data; it shares no code with what it judges: signatures, quorums, digests,
//! trees and sums are computed here a second time ([`arithmetic`]).

mod absence;
mod agreement;
mod answers;
pub mod arithmetic;
mod authority;
mod certificates;
mod council;
mod double_sign;
mod evidence;
mod fairness;
mod invariants;
mod junk;
mod keeping;
mod ledger;
mod locks;
mod memory;
mod naming;
mod once;
mod order;
mod pace;
mod proofs;
mod readiness;
mod recovery;
mod roots;
mod sets;
mod supply;
mod turns;
mod versions;
mod work;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;

use ballast_primitives::merkle::Path;
use ballast_primitives::{Hash, PublicKey};
use ballast_replica::message::{Message, WireVote};
use ballast_replica::replica::Usage;
use ballast_replica::types::{Batch, CommitWrite, Executed};
use ballast_runtime::object::{Key, Object};
use ballast_runtime::state::Change;
use ballast_runtime::tx::SignedTx;

pub use recovery::RECOVERY_MS;
pub use sets::Sets;

/// What a checker is told.
pub enum Fact<'a> {
    /// The state that the chain begins with.
    Genesis { changes: &'a [Change], executed: Executed },
    /// An honest validator's process starts; its disk has `height`.
    Started { node: usize, height: u64 },
    /// An honest validator has a block on its disk.
    Committed(Committed<'a>),
    /// A validator, honest or not, sends a message.
    Said { node: usize, message: &'a Message },
    /// An honest validator's replica is given a vote of the height that it decides.
    Heard { node: usize, vote: &'a WireVote },
    /// An honest validator drops batches, encoded, that no block names; its newest block is of
    /// `time`.
    Dropped { node: usize, batches: &'a [Arc<Vec<u8>>], time: u64 },
    /// What an honest validator's replica holds.
    Holds { node: usize, usage: Usage },
    /// An honest validator notes how much of an author's transactions was junk.
    LeftOut { node: usize, height: u64, author: PublicKey, junk: u64 },
    /// An honest validator gives a proposal to one other alone.
    Gave { node: usize, to: usize, at_ms: u64 },
    /// An honest validator takes so many inputs at once, and is busy with them.
    Worked { node: usize, inputs: usize, us: u64 },
    /// A transaction that an honest validator admitted after the healing is committed, in a batch of
    /// `author`.
    Served { node: usize, author: PublicKey },
    /// An honest validator proves an object of its state after `height`.
    Proved { node: usize, height: u64, proof: Proof },
    /// A client was told by an honest validator that its transaction is committed.
    Acknowledged { node: usize, tx: Hash },
    /// A client was told by an honest validator that its transaction never will be.
    Expired { node: usize, tx: Hash },
    /// An honest validator stopped by itself: going on could be wrong.
    Halted { node: usize, report: &'a str },
    /// Faults have ended; honest validators have at most `height`.
    Healed { at_ms: u64, height: u64 },
    /// Later, now and then until all is done: the heights of honest validators.
    Progress { at_ms: u64, heights: &'a [(usize, u64)], clients_waiting: usize },
    /// The end, for each honest validator: whether its disk has a transaction.
    Ended { node: usize, holds: &'a dyn Fn(&Hash) -> bool },
}

pub struct Committed<'a> {
    pub node: usize,
    pub write: &'a CommitWrite,
    /// The block's batches, encoded.
    pub batches: &'a [Arc<Vec<u8>>],
    /// The furthest that any honest wall clock has ever been.
    pub latest_clock_ms: u64,
    /// True time since the run began.
    pub at_ms: u64,
}

/// An object's key and value, and its path.
#[derive(Clone)]
pub struct Proof {
    pub leaf: Vec<u8>,
    pub path: Path,
}

/// Who is who in a run.
pub struct Scene {
    pub genesis: Hash,
    pub genesis_time: u64,
    /// By number: consensus keys of validators and observers.
    pub keys: Vec<PublicKey>,
    pub honest: Vec<bool>,
    pub sets: Sets,
    /// As validators are configured.
    pub block_ms: u64,
    pub heartbeat_ms: u64,
    /// When one validator is absent and nothing else is wrong, if that is what the run is about.
    pub absence: Option<(u64, u64)>,
}

impl Scene {
    /// Voting power at a height; none for who is not in its set.
    pub fn power_of(&self, height: u64, key: &PublicKey) -> Option<u64> {
        let set = self.sets.of(height);
        set.iter().find(|validator| validator.key == *key).map(|validator| validator.power)
    }

    pub fn total_power(&self, height: u64) -> u64 {
        self.sets.of(height).iter().map(|validator| validator.power).sum()
    }

    pub fn is_honest(&self, key: &PublicKey) -> bool {
        let number = self.keys.iter().position(|other| other == key);
        number.is_some_and(|number| self.honest[number])
    }
}

/// A rule was broken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// The checker's name.
    pub rule: &'static str,
    pub what: String,
    /// Validators that signed against themselves in the open, as far as the wire has shown.
    pub culprits: BTreeSet<usize>,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.rule, self.what)?;
        if !self.culprits.is_empty() {
            write!(f, " (signed against themselves: {:?})", self.culprits)?;
        }
        Ok(())
    }
}

/// What breaks the rule.
pub type Verdict = Result<(), String>;

pub trait Checker {
    fn name(&self) -> &'static str;

    /// Takes note of a fact, and says if it breaks the rule.
    fn see(&mut self, scene: &Scene, fact: &Fact<'_>) -> Verdict;

    /// Validators that this checker knows to have lied.
    fn culprits(&self) -> BTreeSet<usize> {
        BTreeSet::new()
    }
}

/// All of them.
pub struct Checkers {
    scene: Scene,
    all: Vec<Box<dyn Checker>>,
}

impl Checkers {
    pub fn new(scene: Scene) -> Self {
        let all: Vec<Box<dyn Checker>> = vec![
            Box::<agreement::Agreement>::default(),
            Box::<certificates::Certificates>::default(),
            Box::<double_sign::DoubleSign>::default(),
            Box::<locks::Locks>::default(),
            Box::<turns::Turns>::default(),
            Box::<roots::Roots>::default(),
            Box::<supply::Supply>::default(),
            Box::<invariants::Invariants>::default(),
            Box::<ledger::Ledger>::default(),
            Box::<authority::Authority>::default(),
            Box::<council::Council>::default(),
            Box::<versions::Versions>::default(),
            Box::<once::Once>::default(),
            Box::<order::Order>::default(),
            Box::<proofs::Proofs>::default(),
            Box::<evidence::Evidence>::default(),
            Box::<naming::Naming>::default(),
            Box::<keeping::Keeping>::default(),
            Box::<memory::Memory>::default(),
            Box::<work::Work>::default(),
            Box::<pace::Pace>::default(),
            Box::<fairness::Fairness>::default(),
            Box::<absence::Absence>::default(),
            Box::<readiness::Readiness>::default(),
            Box::<junk::Junk>::default(),
            Box::<answers::Answers>::default(),
            Box::<recovery::Recovery>::default(),
        ];
        Self { scene, all }
    }

    pub fn see(&mut self, fact: &Fact<'_>) -> Result<(), Violation> {
        let mut broken = None;
        if let Err(what) = self.scene.sets.see(fact) {
            broken = Some(("validator sets", what));
        }
        for checker in &mut self.all {
            if let Err(what) = checker.see(&self.scene, fact) {
                broken.get_or_insert((checker.name(), what));
            }
        }
        broken.map_or(Ok(()), |(rule, what)| Err(self.violation(rule, what)))
    }

    pub const fn scene(&self) -> &Scene {
        &self.scene
    }

    pub fn violation(&self, rule: &'static str, what: String) -> Violation {
        let culprits = self.all.iter().flat_map(|checker| checker.culprits()).collect();
        Violation { rule, what, culprits }
    }
}

/// What a change writes.
fn object_of(change: &Change) -> Result<(Key, Object), String> {
    let text = |error: std::io::Error| format!("slot {}: {error}", change.slot);
    let key = borsh::from_slice(&change.key).map_err(text)?;
    Ok((key, borsh::from_slice(&change.value).map_err(text)?))
}

/// The transactions of a block's batches, by id.
fn txs_of(batches: &[Arc<Vec<u8>>]) -> Result<BTreeMap<Hash, SignedTx>, String> {
    let mut txs = BTreeMap::new();
    for bytes in batches {
        let batch: Batch = borsh::from_slice(bytes).map_err(|error| error.to_string())?;
        for bytes in &batch.txs {
            let tx: SignedTx = borsh::from_slice(bytes).map_err(|error| error.to_string())?;
            let body = borsh::to_vec(&tx.body).map_err(|error| error.to_string())?;
            let id =
                arithmetic::digest("ballast v1 transaction id", &[b"BALLAST1-TX\0\0\0\0\0", &body]);
            txs.insert(id, tx);
        }
    }
    Ok(txs)
}
