//! A local network of real `ballast-node` processes on loopback: the `ballast-testnet` command,
//! and [`Cluster`] for tests that kill and restart validators.
//!
//! [`network`] owns a folder and the processes started from it, [`manifest`] is what the folder
//! says of itself, [`layout`] writes validators' homes, [`chain`] talks to the chain, [`council`]
//! governs it, [`audit`] compares what the validators hold, [`chaos`] breaks everything that can
//! break. Every key is derived from a seed that anyone may know.

pub mod audit;
pub mod chain;
pub mod chaos;
pub mod cluster;
pub mod council;
pub mod failure;
pub mod layout;
pub mod load;
pub mod manifest;
pub mod network;
pub mod operator;
pub mod ports;
pub mod process;
pub mod sim;

pub use chain::{Chain, Client};
pub use cluster::{Cluster, Options};
pub use council::Council;
pub use failure::Failure;
pub use load::Load;
pub use network::Network;
