//! "May I sign this?" is answered in this room alone.
//!
//! A validator signs at most one proposal, one prevote and one precommit for each height and
//! round, in that order and never going back. What it last signed is a [`SignState`], which the
//! shell keeps outside the database and makes durable before the signature leaves (the effect
//! that saves it stands before the effect that sends). After a restart the same message may be
//! signed again; another one for the same place may not.
//!
//! What the shell keeps is a [`Memory`]: the [`SignState`], and whether it tells the whole story. One
//! that may not know all that its key has signed signs nothing, until the chain has moved past
//! whatever that was (`replica/history.rs`). Nor is anything signed at a height that is decided.
//!
//! A validator whose write-ahead log is gone may have locked a block that it no longer remembers,
//! so it stays mute until the chain has passed every height it may have signed.

use ballast_primitives::Hash;
use ballast_primitives::codec;
use ballast_primitives::planted::{Bug, planted};
use borsh::{BorshDeserialize, BorshSerialize};
use thiserror::Error;

/// What is signed within a round, in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, BorshSerialize, BorshDeserialize)]
pub enum Step {
    Proposal,
    Prevote,
    Precommit,
}

/// The latest place at which this validator signed, and what.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct SignState {
    pub height: u64,
    pub round: u32,
    pub step: Step,
    /// Digest of the signed bytes.
    pub message: Hash,
}

impl SignState {
    /// Above all that was or may have been signed through `height`.
    pub const fn floor(height: u64) -> Self {
        Self { height, round: u32::MAX, step: Step::Precommit, message: Hash::ZERO }
    }

    pub const fn place(&self) -> (u64, u32, Step) {
        (self.height, self.round, self.step)
    }
}

/// Whether a validator knows all that its key has signed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub enum History {
    #[default]
    Known,
    Unknown,
}

/// The record of the sign-state file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Memory {
    pub last: Option<SignState>,
    pub history: History,
}

impl Memory {
    /// Of the record's format.
    const VERSION: u8 = 2;

    pub fn encode(&self) -> Vec<u8> {
        codec::encode(&(Self::VERSION, self.history, self.last))
    }

    pub fn decode(bytes: &[u8]) -> Result<Self, codec::DecodeError> {
        let (version, history, last): (u8, _, _) = codec::decode(bytes, 256)?;
        match version {
            Self::VERSION => Ok(Self { last, history }),
            other => Err(codec::DecodeError::Malformed(format!("format {other} is not known"))),
        }
    }
}

/// Whether a sign-state of `generation` is as new as those that log and database name.
pub fn is_newest(generation: u64, named: &[u64]) -> bool {
    named.iter().all(|named| generation >= *named) || planted(Bug::GenerationNotCompared)
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum Refusal {
    #[error("asked to sign at {asked:?}, already signed at {last:?}")]
    GoesBack { asked: (u64, u32, Step), last: (u64, u32, Step) },
    #[error("asked to sign {asked} at {place:?}, already signed {signed} there")]
    DoubleSign { place: (u64, u32, Step), asked: Hash, signed: Hash },
    #[error("mute through height {through}: the write-ahead log of a signed height is gone")]
    Mute { through: u64 },
    #[error("told to sign nothing for now")]
    Withheld,
    #[error("what this key has signed is not known")]
    HistoryUnknown,
}

/// The guard of one validator's key.
#[derive(Clone, Debug)]
pub struct Safety {
    last: Option<SignState>,
    history: History,
    mute_through: u64,
    withheld: bool,
}

impl Safety {
    pub const fn new(memory: Memory) -> Self {
        let Memory { last, history } = memory;
        Self { last, history, mute_through: 0, withheld: false }
    }

    pub const fn memory(&self) -> Memory {
        Memory { last: self.last, history: self.history }
    }

    /// From now on signs nothing, for it is not known what the key has signed.
    pub const fn forget(&mut self) -> Memory {
        self.history = History::Unknown;
        self.memory()
    }

    /// Whatever was signed is not above `height`: signs again above it.
    pub fn go_on_above(&mut self, height: u64) -> Memory {
        self.history = History::Known;
        let floor = SignState::floor(height);
        self.last = Some(self.last.filter(|last| last.place() > floor.place()).unwrap_or(floor));
        self.memory()
    }

    pub fn is_history_known(&self) -> bool {
        self.history == History::Known
    }

    pub const fn last(&self) -> Option<SignState> {
        self.last
    }

    /// From now on refuse every height up to and including `height`.
    pub fn mute_through(&mut self, height: u64) {
        self.mute_through = self.mute_through.max(height);
    }

    pub const fn muted_through(&self) -> u64 {
        self.mute_through
    }

    /// Whether to refuse everything until told otherwise.
    pub const fn withhold(&mut self, withheld: bool) {
        self.withheld = withheld;
    }

    /// Whether nothing at `height` would be signed, whatever it is.
    pub fn is_silent(&self, height: u64) -> bool {
        self.withheld || !self.is_history_known() || height <= self.mute_through
    }

    /// Asks to sign `asked`. On success the caller must make the returned state durable, if there
    /// is one, before the signature leaves; none means that this very message was signed before.
    pub fn approve(&mut self, asked: SignState) -> Result<Option<Memory>, Refusal> {
        if self.withheld {
            return Err(Refusal::Withheld);
        }
        if planted(Bug::SignsTwice) {
            return Ok(Some(Memory { last: Some(asked), history: self.history }));
        }
        if !self.is_history_known() && !planted(Bug::UnknownHistorySigns) {
            return Err(Refusal::HistoryUnknown);
        }
        if asked.height <= self.mute_through {
            return Err(Refusal::Mute { through: self.mute_through });
        }
        if let Some(last) = self.last {
            if asked.place() < last.place() {
                return Err(Refusal::GoesBack { asked: asked.place(), last: last.place() });
            }
            if asked.place() == last.place() {
                if asked.message == last.message {
                    return Ok(None);
                }
                return Err(Refusal::DoubleSign {
                    place: last.place(),
                    asked: asked.message,
                    signed: last.message,
                });
            }
        }
        self.last = Some(asked);
        Ok(Some(self.memory()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(height: u64, round: u32, step: Step, message: u8) -> SignState {
        SignState { height, round, step, message: Hash([message; 32]) }
    }

    fn known(last: SignState) -> Memory {
        Memory { last: Some(last), history: History::Known }
    }

    #[test]
    fn signs_forward_repeats_itself_and_refuses_everything_else() {
        use Step::{Precommit, Prevote, Proposal};
        let mut safety = Safety::new(Memory::default());
        let ok = |s: SignState| Ok(Some(known(s)));
        assert_eq!(safety.approve(at(5, 1, Prevote, 1)), ok(at(5, 1, Prevote, 1)));
        assert_eq!(safety.approve(at(5, 1, Prevote, 1)), Ok(None));
        let place = (5, 1, Prevote);
        assert_eq!(
            safety.approve(at(5, 1, Prevote, 2)),
            Err(Refusal::DoubleSign { place, asked: Hash([2; 32]), signed: Hash([1; 32]) })
        );
        for back in [at(5, 1, Proposal, 1), at(5, 0, Precommit, 1), at(4, 9, Precommit, 1)] {
            assert!(matches!(safety.approve(back), Err(Refusal::GoesBack { .. })), "{back:?}");
        }
        assert!(safety.approve(at(5, 1, Precommit, 3)).is_ok());
        assert!(safety.approve(at(5, 2, Proposal, 3)).is_ok());
        assert!(safety.approve(at(6, 0, Proposal, 3)).is_ok());
    }

    #[test]
    fn a_muted_validator_signs_again_only_above_the_height() {
        let mut safety = Safety::new(known(at(7, 0, Step::Prevote, 1)));
        safety.mute_through(7);
        let same = at(7, 0, Step::Prevote, 1);
        assert_eq!(safety.approve(same), Err(Refusal::Mute { through: 7 }));
        assert_eq!(safety.approve(at(7, 3, Step::Prevote, 1)), Err(Refusal::Mute { through: 7 }));
        assert!(safety.approve(at(8, 0, Step::Proposal, 1)).is_ok());
    }

    #[test]
    fn what_is_withheld_leaves_no_trace() {
        let mut safety = Safety::new(known(at(7, 0, Step::Prevote, 1)));
        safety.withhold(true);
        assert_eq!(safety.approve(at(7, 0, Step::Prevote, 1)), Err(Refusal::Withheld));
        assert_eq!(safety.approve(at(8, 0, Step::Proposal, 2)), Err(Refusal::Withheld));
        assert!(safety.is_silent(8));
        safety.withhold(false);
        assert_eq!(safety.approve(at(7, 0, Step::Prevote, 1)), Ok(None));
        assert!(safety.approve(at(8, 0, Step::Proposal, 3)).is_ok());
    }

    #[test]
    fn the_record_reads_back_and_fits_its_slot() {
        let memory = known(at(u64::MAX, u32::MAX, Step::Precommit, 9));
        for memory in [memory, Memory { history: History::Unknown, ..memory }, Memory::default()] {
            assert!(memory.encode().len() <= 256);
            assert_eq!(Memory::decode(&memory.encode()), Ok(memory));
        }
        let mut other = memory.encode();
        other[0] = 1;
        assert!(Memory::decode(&other).is_err());
    }

    #[test]
    fn who_does_not_know_its_history_signs_again_only_above_what_it_may_have_signed() {
        let mut safety = Safety::new(known(at(7, 0, Step::Prevote, 1)));
        let unknown = Memory { history: History::Unknown, ..safety.memory() };
        assert_eq!(safety.forget(), unknown);
        assert!(safety.is_silent(900));
        assert_eq!(safety.approve(at(900, 0, Step::Prevote, 1)), Err(Refusal::HistoryUnknown));
        assert_eq!(safety.go_on_above(11), known(SignState::floor(11)));
        let back = safety.approve(at(11, 9, Step::Precommit, 1));
        assert!(matches!(back, Err(Refusal::GoesBack { .. })));
        assert!(safety.approve(at(12, 0, Step::Proposal, 1)).is_ok());
        // What it has signed above stays.
        assert_eq!(safety.go_on_above(11), known(at(12, 0, Step::Proposal, 1)));
    }

    #[test]
    fn a_sign_state_is_as_new_as_the_newest_that_names_it() {
        assert!(is_newest(5, &[]) && is_newest(5, &[5, 0]));
        assert!(!is_newest(5, &[0, 6]) && !is_newest(5, &[6, 5]));
    }
}
