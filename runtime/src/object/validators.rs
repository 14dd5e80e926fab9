//! Which validators decide which height.

use ballast_primitives::{Committee, Hash};
use borsh::{BorshDeserialize, BorshSerialize};

/// The validator set, and the one before it while that one still decides: a set chosen in block
/// `h` decides from height `h + 2`, so that the header of `h + 1` can already name it.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Validators {
    pub set: Committee,
    /// The first height that `set` decides; 0 at genesis.
    pub from_height: u64,
    /// The set of the heights below `from_height`; none at genesis.
    pub before: Option<Committee>,
}

impl Validators {
    /// A set that decides from the first height on.
    pub const fn at_genesis(set: Committee) -> Self {
        Self { set, from_height: 0, before: None }
    }

    /// The set that decides `height`, which is the next or the one after it: sets further back
    /// are not kept.
    pub fn at(&self, height: u64) -> &Committee {
        match &self.before {
            Some(before) if height < self.from_height => before,
            _ => &self.set,
        }
    }
}

/// A change of the code that executes blocks: from `height` on, only nodes that implement
/// `version` go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Upgrade {
    /// See [`crate::RUNTIME_VERSION`].
    pub version: u32,
    /// Digest of the release that implements it, for operators to compare.
    pub code: Hash,
    pub height: u64,
}
