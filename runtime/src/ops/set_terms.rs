//! SetTerms: the council sets the terms of redemptions requested from now on.

use borsh::{BorshDeserialize, BorshSerialize};

use crate::code::Code;
use crate::event::Event;
use crate::object::Terms;
use crate::ops::Env;
use crate::state::State;

#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct SetTerms {
    pub min: u64,
    pub max: u64,
    /// At most 10,000.
    pub fee_bps: u16,
    pub fee_flat: u64,
    /// At most 1,440.
    pub cutoff_minute: u16,
    /// At most 64, strictly ascending.
    pub holidays: Vec<u32>,
    pub class_min: u8,
}

impl SetTerms {
    pub(crate) fn check_shape(&self) -> Result<(), &'static str> {
        self.terms(0).check_shape()
    }

    /// `OVERFLOW` when the version would leave its range.
    pub(crate) fn execute(&self, env: &mut Env<'_, '_>) -> Result<(), Code> {
        let terms = env.journal.terms_mut();
        let version = terms.version.checked_add(1).ok_or(Code::Overflow)?;
        *terms = self.terms(version);
        env.emit(Event::TermsSet { version });
        Ok(())
    }

    fn terms(&self, version: u32) -> Terms {
        Terms {
            version,
            min: self.min,
            max: self.max,
            fee_bps: self.fee_bps,
            fee_flat: self.fee_flat,
            cutoff_minute: self.cutoff_minute,
            holidays: self.holidays.clone(),
            class_min: self.class_min,
        }
    }
}

impl SetTerms {
    /// Whether more redemptions would be possible, cheaper or due sooner.
    pub(crate) fn loosens(&self, state: &State) -> bool {
        let terms = state.terms();
        let stays = |day: &u32| self.holidays.contains(day);
        self.min < terms.min
            || self.max > terms.max
            || self.fee_bps < terms.fee_bps
            || self.fee_flat < terms.fee_flat
            || self.cutoff_minute > terms.cutoff_minute
            || self.class_min < terms.class_min
            || !terms.holidays.iter().all(stays)
    }
}
