//! A local network of real `ballast-node` processes on loopback: the `ballast-testnet` command,
//! and [`Cluster`] for tests that kill and restart validators.
//!
//! [`network`] owns a folder and the processes started from it, [`manifest`] is what the folder
//! says of itself, [`layout`] writes validators' homes, [`chain`] talks to the chain, [`audit`]
//! compares what the validators hold. Every key is derived from a seed that anyone may know.

pub mod audit;
pub mod chain;
pub mod cluster;
pub mod failure;
pub mod layout;
pub mod manifest;
pub mod network;
pub mod operator;
pub mod ports;
pub mod process;
pub mod sim;

pub use chain::{Chain, Client};
pub use cluster::{Cluster, Options};
pub use failure::Failure;
pub use network::Network;
