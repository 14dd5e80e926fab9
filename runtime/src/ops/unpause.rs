//! Unpause: the council ends pauses.

use borsh::{BorshDeserialize, BorshSerialize};

use crate::code::Code;
use crate::event::Event;
use crate::object::Scope;
use crate::ops::Env;
use crate::ops::pause::check_scopes;

#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Unpause {
    /// At least one, strictly ascending.
    pub scopes: Vec<Scope>,
}

impl Unpause {
    pub(crate) fn check_shape(&self) -> Result<(), &'static str> {
        check_scopes(&self.scopes)
    }

    /// Each is paused now, else `NOT_PAUSED`. The time until the next short pause counts from here.
    pub(crate) fn execute(&self, env: &mut Env<'_, '_>) -> Result<(), Code> {
        for scope in &self.scopes {
            if !env.journal.state().pause(*scope).is_paused(env.now) {
                return Err(Code::NotPaused);
            }
            let pause = env.journal.pause_mut(*scope);
            pause.until = 0;
            pause.short_until = pause.short_until.min(env.now);
            env.emit(Event::Unpaused { scope: *scope });
        }
        Ok(())
    }
}
