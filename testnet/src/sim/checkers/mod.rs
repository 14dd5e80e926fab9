//! What must hold in every run, one rule a file. A checker is told [`Fact`]s and keeps its own
//! books over plain data; it shares no code with what it judges: signatures, quorums, digests and
//! sums are computed here a second time ([`arithmetic`]).

mod agreement;

use ballast_primitives::{Hash, PublicKey};
use ballast_replica::message::Message;
use ballast_replica::types::CommitWrite;

/// What a checker is told.
pub enum Fact<'a> {
    /// An honest validator has a block on its disk.
    Committed { node: usize, write: &'a CommitWrite },
    /// A validator, honest or not, sends a message.
    Said { node: usize, message: &'a Message },
    /// A client was told by an honest validator that its transaction is committed.
    Acknowledged { node: usize, tx: Hash },
    /// A client was told by an honest validator that its transaction never will be.
    Expired { node: usize, tx: Hash },
    /// An honest validator stopped by itself: going on could be wrong.
    Halted { node: usize, report: &'a str },
}

/// Who is who in a run.
pub struct Scene {
    pub genesis: Hash,
    /// By number: consensus key and voting power.
    pub validators: Vec<(PublicKey, u64)>,
    pub honest: Vec<bool>,
}

/// A rule was broken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// The checker's name.
    pub rule: &'static str,
    pub what: String,
}

pub trait Checker {
    fn name(&self) -> &'static str;

    /// Takes note of a fact. An error says which rule it breaks, and how.
    fn see(&mut self, scene: &Scene, fact: &Fact<'_>) -> Result<(), String>;
}

/// All of them.
pub struct Checkers {
    scene: Scene,
    all: Vec<Box<dyn Checker>>,
}

impl Checkers {
    pub fn new(scene: Scene) -> Self {
        let all: Vec<Box<dyn Checker>> = vec![Box::<agreement::Agreement>::default()];
        Self { scene, all }
    }

    pub const fn scene(&self) -> &Scene {
        &self.scene
    }

    pub fn see(&mut self, fact: &Fact<'_>) -> Result<(), Violation> {
        for checker in &mut self.all {
            checker
                .see(&self.scene, fact)
                .map_err(|what| Violation { rule: checker.name(), what })?;
        }
        Ok(())
    }
}
