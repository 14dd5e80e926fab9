//! "May I sign this?" is answered in this room alone.
//!
//! A validator signs at most one proposal, one prevote and one precommit for each height and
//! round, in that order and never going back. What it last signed is a [`SignState`], which the
//! shell keeps outside the database and makes durable before the signature leaves (the effect
//! that saves it stands before the effect that sends). After a restart the same message may be
//! signed again; another one for the same place may not.
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
    pub fn encode(&self) -> Vec<u8> {
        codec::encode(self)
    }

    pub fn decode(bytes: &[u8]) -> Result<Self, codec::DecodeError> {
        codec::decode(bytes, 256)
    }

    const fn place(&self) -> (u64, u32, Step) {
        (self.height, self.round, self.step)
    }
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
}

/// The guard of one validator's key.
#[derive(Clone, Debug)]
pub struct Safety {
    last: Option<SignState>,
    mute_through: u64,
    withheld: bool,
}

impl Safety {
    pub const fn new(last: Option<SignState>) -> Self {
        Self { last, mute_through: 0, withheld: false }
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
    pub const fn is_silent(&self, height: u64) -> bool {
        self.withheld || height <= self.mute_through
    }

    /// Asks to sign `asked`. On success the caller must make the returned state durable, if there
    /// is one, before the signature leaves; none means that this very message was signed before.
    pub fn approve(&mut self, asked: SignState) -> Result<Option<SignState>, Refusal> {
        if self.withheld {
            return Err(Refusal::Withheld);
        }
        if planted(Bug::SignsTwice) {
            return Ok(Some(asked));
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
        Ok(Some(asked))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(height: u64, round: u32, step: Step, message: u8) -> SignState {
        SignState { height, round, step, message: Hash([message; 32]) }
    }

    #[test]
    fn signs_forward_repeats_itself_and_refuses_everything_else() {
        use Step::{Precommit, Prevote, Proposal};
        let mut safety = Safety::new(None);
        let ok = |s: SignState| Ok(Some(s));
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
        let mut safety = Safety::new(Some(at(7, 0, Step::Prevote, 1)));
        safety.mute_through(7);
        let same = at(7, 0, Step::Prevote, 1);
        assert_eq!(safety.approve(same), Err(Refusal::Mute { through: 7 }));
        assert_eq!(safety.approve(at(7, 3, Step::Prevote, 1)), Err(Refusal::Mute { through: 7 }));
        assert!(safety.approve(at(8, 0, Step::Proposal, 1)).is_ok());
    }

    #[test]
    fn what_is_withheld_leaves_no_trace() {
        let mut safety = Safety::new(Some(at(7, 0, Step::Prevote, 1)));
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
        let state = at(u64::MAX, u32::MAX, Step::Precommit, 9);
        assert!(state.encode().len() <= 256);
        assert_eq!(SignState::decode(&state.encode()), Ok(state));
    }
}
