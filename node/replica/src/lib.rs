//! The validator's brain, without I/O: [`Replica::step`] takes an input and the time, and returns
//! effects. It knows no clock, socket, disk or thread; the node and the simulator run this same
//! code.
//!
//! # The contract with the shell
//!
//! 1. `step` is called from one place, one input at a time; `now.mono_ms` never goes back.
//! 2. The effects of a step (or of several steps together) are performed so: first all that
//!    persist ([`Effect::is_persistent`]), in order; then, if one of them was a
//!    [`Effect::Wal`], [`Effect::SignState`] or [`Effect::StoreBatch`], one sync of each file they
//!    touched; only then the rest, in order. So nothing is sent before what it rests on is
//!    durable. [`Effect::Commit`] is one synced write of its own.
//! 3. A failed write or sync ends the process; it is never tried again.
//! 4. `Input::Tick` is due at [`Replica::next_deadline`].
//! 5. Transactions arrive as `VerifiedTx`: the shell has checked their signatures under rule R.
//! 6. Messages arrive with the consensus key of the peer that sent them, as the connection proved
//!    it. Connected are those whom [`Replica::listed`] names, and observers that the shell lets in.
//!
//! # Rooms
//!
//! [`replica`] holds the loop; [`host`] drives Malachite's core; [`safety`] alone says what may be
//! signed; [`witness`] remembers what others were heard to sign; [`pool`] admits transactions and packs batches; [`batches`] holds what may be ordered;
//! [`block`] builds and judges blocks; [`sets`] knows which validator set decides a height;
//! [`commit`] executes blocks; [`pace`] says how soon the next may begin, [`delays`] how long to wait
//! for others, [`clocks`] whose clock is wrong; [`sync`] knows who is ahead, and [`fetch`] gets their
//! blocks. [`early`] keeps messages of heights to come, [`unseen`] knows which blocks to ask for,
//! [`ration`] bounds what a peer is answered; [`doubtful`] and [`conduct`] know batches and authors that
//! are not worth much room.
//! [`durable`] is rule 2 of the contract as code.

// Denied outside tests: what a peer sends must never stop a validator.
#![cfg_attr(
    not(test),
    deny(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::indexing_slicing,
        reason = "what input can reach answers with a status"
    )
)]

pub mod batches;
pub mod block;
pub mod clocks;
pub mod commit;
pub mod conduct;
pub mod config;
pub mod context;
pub mod delays;
pub mod doubtful;
pub mod durable;
pub mod early;
pub mod fetch;
pub mod host;
pub mod message;
pub mod offence;
pub mod pace;
pub mod pool;
pub mod ration;
pub mod replica;
pub mod safety;
pub mod sets;
pub mod sync;
pub mod timers;
pub mod types;
pub mod unseen;
pub mod verified;
pub mod wal;
pub mod witness;

pub use config::Config;
pub use offence::Offence;
pub use replica::{Admission, Duty, Effect, Input, Now, Program, Recovered, Replica};
