//! One file for each group of commands.

pub mod account;
pub mod control;
pub mod deposit;
pub mod events;
pub mod key;
pub mod pay;
pub mod proof;
pub mod role;
pub mod status;
pub mod supply;
pub mod testnet;
pub mod tx;
