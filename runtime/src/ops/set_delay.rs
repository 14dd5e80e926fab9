//! SetDelay: the council sets how long a class waits between approval and execution.

use borsh::{BorshDeserialize, BorshSerialize};

use crate::code::Code;
use crate::event::Event;
use crate::limits::DELAY_MS_MAX;
use crate::object::Class;
use crate::ops::Env;

#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct SetDelay {
    pub class: Class,
    /// At most 30 days.
    pub delay_ms: u64,
}

impl SetDelay {
    pub(crate) fn check_shape(&self) -> Result<(), &'static str> {
        if self.delay_ms > DELAY_MS_MAX {
            return Err("a delay is at most 30 days");
        }
        Ok(())
    }

    /// Cannot fail. A longer delay holds at once, a shorter one once the difference has passed.
    pub(crate) fn execute(&self, env: &mut Env<'_, '_>) -> Result<(), Code> {
        let SetDelay { class, delay_ms } = *self;
        let delay = env.journal.council_mut().delay_mut(class);
        let (next, from) = delay.set(delay_ms, env.now);
        *delay = next;
        env.emit(Event::DelaySet { class, delay_ms, from });
        Ok(())
    }
}
