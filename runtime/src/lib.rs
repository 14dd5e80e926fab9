//! The stablecoin: a pure function from a state and ordered transactions to changes, receipts and
//! events.
//!
//! No I/O, clock, float, thread or hash map is here; time is the block's time. Everything that
//! input can reach returns a [`Code`]: a panic reachable by a user would stop every validator on
//! the same block.
//!
//! Reading order: [`tx`] (what a user signs), [`op`] (what it may ask for), [`code`] (every
//! answer), [`object`] (what is stored), [`state`] (where), [`rules`] (which version
//! of the rules), [`execute`] (how a block runs), [`ops`] (each operation's rules, one file each), [`invariants`] (what must hold after it).
//! `docs/adding-an-operation.md` walks through one addition.

// Denied outside tests, each because it could stop or split the chain.
#![cfg_attr(
    not(test),
    deny(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::indexing_slicing,
        reason = "what input can reach answers with a code; a panic stops every validator at once"
    ),
    deny(
        clippy::arithmetic_side_effects,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "amounts and times never wrap: an overflow is a code"
    ),
    deny(
        clippy::float_arithmetic,
        clippy::disallowed_types,
        clippy::disallowed_methods,
        reason = "every machine must compute the same: see runtime/clippy.toml"
    )
)]

pub mod admission;
pub mod authorisation;
pub mod calendar;
pub mod code;
#[cfg(test)]
mod cost;
mod council;
pub mod council_op;
pub mod dev;
pub mod event;
pub mod execute;
pub mod genesis;
mod index;
pub mod invariants;
mod journal;
pub mod limits;
pub mod object;
pub mod op;
pub mod ops;
pub mod receipt;
pub mod redemption;
pub mod replay;
pub mod reserve;
pub mod rules;
pub mod simulate;
pub mod state;
pub mod tree;
pub mod tx;

pub use code::Code;
pub use council_op::CouncilOp;
pub use event::Event;
pub use execute::{BlockContext, BlockOutcome, Breach, execute_block};
pub use genesis::{Genesis, GenesisError};
pub use object::{Key, Object};
pub use op::Op;
pub use receipt::{Outcome, Receipt};
pub use rules::{Rulebook, Rules};
pub use state::{Change, Removed, RestoreError, State};
pub use tx::{SignedTx, TxBody, VerifiedTx, Witness};
