//! The gRPC server over a real store and a real runtime; only consensus is played: blocks are
//! built and certified here, on command.

mod accounts;
mod blocks;
mod chain;
mod control;
mod events;
mod lies;
mod net;
mod pages;
mod prelude;
mod proofs;
mod pruned;
mod server;
mod supply;
mod tls;
mod tx;
