//! Reconcile: a reserve manager compares the books' liabilities with the chain's supply. A
//! difference trips the breaker.

use borsh::{BorshDeserialize, BorshSerialize};

use crate::code::Code;
use crate::event::Event;
use crate::object::IncidentKind;
use crate::ops::Env;
use crate::reserve;

#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Reconcile {
    /// The time of a supply checkpoint.
    pub as_of: u64,
    /// Its height.
    pub height: u64,
    /// What the books say, micro-dollars.
    pub liabilities: u128,
}

impl Reconcile {
    /// `UNKNOWN_CHECKPOINT`.
    pub(crate) fn execute(&self, env: &mut Env<'_, '_>) -> Result<(), Code> {
        let supply = reserve::find_checkpoint(env.journal.state(), self.as_of, self.height)?.total;
        let Self { as_of, height, liabilities } = *self;
        env.emit(Event::Reconciled { as_of, height, liabilities, supply });
        if liabilities == supply { Ok(()) } else { env.trip(IncidentKind::ReconcileMismatch) }
    }
}
