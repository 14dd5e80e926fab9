//! Pause: the council stops kinds of operations until a time, at most 30 days ahead. Protective.

use borsh::{BorshDeserialize, BorshSerialize};

use crate::code::Code;
use crate::event::Event;
use crate::limits::PAUSE_MS_MAX;
use crate::object::Scope;
use crate::ops::Env;

#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Pause {
    /// At least one, strictly ascending.
    pub scopes: Vec<Scope>,
    /// Paused while `now < until`.
    pub until: u64,
}

/// A list of scopes is not empty and strictly ascending.
pub(crate) fn check_scopes(scopes: &[Scope]) -> Result<(), &'static str> {
    if scopes.is_empty() || !scopes.is_sorted_by(|a, b| a < b) {
        return Err("scopes are at least one, strictly ascending");
    }
    Ok(())
}

impl Pause {
    pub(crate) fn check_shape(&self) -> Result<(), &'static str> {
        check_scopes(&self.scopes)
    }

    /// `PAUSE_TOO_LONG` unless `now < until <= now + 30 d`. A pause that already runs longer is
    /// not shortened: that takes an Unpause.
    pub(crate) fn execute(&self, env: &mut Env<'_, '_>) -> Result<(), Code> {
        let latest = env.now.saturating_add(PAUSE_MS_MAX);
        if self.until <= env.now || self.until > latest {
            return Err(Code::PauseTooLong);
        }
        for scope in &self.scopes {
            let pause = env.journal.pause_mut(*scope);
            pause.until = pause.until.max(self.until);
            let until = pause.until;
            env.emit(Event::Paused { scope: *scope, until });
        }
        Ok(())
    }
}
