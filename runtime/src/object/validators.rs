//! Which validators decide which height.

use ballast_primitives::planted::{Bug, planted};
use ballast_primitives::{Committee, Evidence, Hash, Names, PublicKey, Turns, Validator, turns};
use borsh::{BorshDeserialize, BorshSerialize};

use crate::code::Code;

/// The validator set, and the one before it while that one still decides: a set chosen in block
/// `h` decides from height `h + 2`, so that the header of `h + 1` can already name it.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Validators {
    pub set: Committee,
    /// The first height that `set` decides; 0 at genesis.
    pub from_height: u64,
    /// The set of the heights below `from_height`; none at genesis.
    pub before: Option<Committee>,
    /// Who missed turns, and who is passed over.
    pub turns: Turns,
    /// Who signed twice, of these sets.
    pub named: Names,
}

impl Validators {
    /// A set that decides from the first height on.
    pub fn at_genesis(set: Committee) -> Self {
        Self { set, from_height: 0, before: None, turns: Turns::default(), named: Names::default() }
    }

    /// The set that decides `height`, which is the next or the one after it: sets further back
    /// are not kept.
    pub fn at(&self, height: u64) -> &Committee {
        match &self.before {
            Some(before) if height < self.from_height => before,
            _ => &self.set,
        }
    }

    /// These validators chosen in block `height`: `BAD_VALIDATOR_SET`; `SET_CHANGE_TOO_LARGE`.
    pub(crate) fn changed(&self, next: Vec<Validator>, height: u64) -> Result<Self, Code> {
        let set = Committee::new(next).map_err(|_| Code::BadValidatorSet)?;
        let before = self.at(height.saturating_add(1));
        let moved = gained(before, &set).max(gained(&set, before));
        if before.len() >= SMALL_SET && moved.saturating_mul(3) > before.total_power() {
            return Err(Code::SetChangeTooLarge);
        }
        let ahead = if planted(Bug::SetChangesEarly) { 1 } else { 2 };
        let from_height = height.checked_add(ahead).ok_or(Code::Overflow)?;
        let (turns, named) = (self.turns.clone(), self.named.clone());
        Ok(Self { set, from_height, before: Some(before.clone()), turns, named })
    }

    /// The turns after the block at `height`, if its `report` changes them. When the block before it
    /// chose a set, the one that decided that block is not kept, and nobody is judged.
    pub(crate) fn turns_after(&self, report: &turns::Report, height: u64) -> Option<Turns> {
        let decided = (self.from_height <= height).then(|| self.at(height.saturating_sub(1)));
        self.turns.after(report, height, decided, self.at(height), &self.set)
    }

    /// Whether a block of `height` and `time` may hold the evidence, its signatures aside.
    pub fn may_name(&self, evidence: &Evidence, height: u64, time: u64) -> bool {
        self.knows(&evidence.validator) && self.named.take(evidence, height, time)
    }

    /// Who is named after a block with this evidence; the names of others than its members are gone.
    pub(crate) fn named_after(&self, evidence: &Evidence, height: u64, time: u64) -> Names {
        self.named.of(|key| self.knows(key)).with(evidence, height, time)
    }

    fn knows(&self, key: &PublicKey) -> bool {
        let sets = [Some(&self.set), self.before.as_ref()];
        sets.into_iter().flatten().any(|set| set.get(key).is_some())
    }
}

/// From this many validators on, at most a third of the power changes at once: whoever is honest
/// and connected in one set is still enough to bring up those who join in the next.
const SMALL_SET: usize = 4;

/// The power that keys have in `to` above what they have in `from`.
fn gained(from: &Committee, to: &Committee) -> u128 {
    let before = |validator: &Validator| from.get(&validator.key).map_or(0, |v| v.power);
    to.validators().iter().map(|v| u128::from(v.power.saturating_sub(before(v)))).sum()
}

/// The version of the rules in force, and the one that the council scheduled last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Upgrade {
    /// Of the newest block; [`Self::FIRST`] at genesis.
    pub current: u32,
    /// Scheduled last; 0 when none ever was. Above `current` while it is to come.
    pub version: u32,
    /// Digest of the release that executes it, for operators to compare.
    pub code: Hash,
    /// The first height of `version`.
    pub height: u64,
}

impl Upgrade {
    /// The version that a chain begins with.
    pub const FIRST: u32 = 1;
    /// Of genesis: nothing is scheduled.
    pub const AT_GENESIS: Self =
        Self { current: Self::FIRST, version: 0, code: Hash([0; 32]), height: 0 };

    /// Whether the scheduled version is still to come after the newest block.
    pub const fn is_pending(&self) -> bool {
        self.version > self.current
    }

    /// The version of a block at `height`, where this is of its parent's state.
    pub const fn at(&self, height: u64) -> u32 {
        if self.is_pending() && height >= self.height { self.version } else { self.current }
    }
}
