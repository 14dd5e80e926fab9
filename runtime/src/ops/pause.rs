//! Pause: the council stops kinds of operations until a time.

use borsh::{BorshDeserialize, BorshSerialize};

use crate::code::Code;
use crate::event::Event;
use crate::limits::{PAUSE_COOLDOWN_MS, PAUSE_MS_MAX, SHORT_PAUSE_MS_MAX};
use crate::object::Scope;
use crate::ops::Env;

#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Pause {
    /// At least one, strictly ascending.
    pub scopes: Vec<Scope>,
    /// Paused while `now < until`.
    pub until: u64,
    /// A short pause (class A): up to 72 hours, then none for 7 days. Otherwise class B: up to 30 days.
    pub short: bool,
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

    /// `PAUSE_TOO_LONG` unless `now < until <= now + 72 h` (short) or `+ 30 d`; short:
    /// `PAUSE_COOLDOWN` for any scope whose `short_until` is not 0 and `now < short_until + 7
    /// d`.
    pub(crate) fn execute(&self, env: &mut Env<'_, '_>) -> Result<(), Code> {
        let longest = if self.short { SHORT_PAUSE_MS_MAX } else { PAUSE_MS_MAX };
        if self.until <= env.now || self.until > env.now.saturating_add(longest) {
            return Err(Code::PauseTooLong);
        }
        let cooling = |scope: &Scope| {
            let last = env.journal.state().pause(*scope).short_until;
            last != 0 && env.now < last.saturating_add(PAUSE_COOLDOWN_MS)
        };
        if self.short && self.scopes.iter().any(cooling) {
            return Err(Code::PauseCooldown);
        }
        for scope in &self.scopes {
            let pause = env.journal.pause_mut(*scope);
            pause.until = pause.until.max(self.until);
            if self.short {
                pause.short_until = self.until;
            }
            let until = pause.until;
            env.emit(Event::Paused { scope: *scope, until });
        }
        Ok(())
    }
}
