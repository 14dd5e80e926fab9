//! SetDelay: the council sets how long a class waits between approval and execution.

use borsh::{BorshDeserialize, BorshSerialize};

use crate::code::Code;
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
        todo!("delay_ms at most 30 d")
    }

    /// Cannot fail.
    pub(crate) fn execute(&self, env: &mut Env<'_, '_>) -> Result<(), Code> {
        let _ = env;
        todo!()
    }
}
