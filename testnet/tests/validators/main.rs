//! Four real validators in short form: what they promise when all is well, when some die, and
//! when somebody sends what must be refused. Needs `ballast-node` in BALLAST_BIN_DIR or in the
//! target folder: `cargo build --release --workspace --bins` makes it.

mod catch_up;
mod commands;
mod common;
mod deadlines;
mod documented;
mod faults;
mod join;
mod payments;
mod proofs;
mod pruned;
mod refusals;
mod safety;
mod sets;
mod upgrades;
mod wallet;
