//! The gRPC server: the services of `proto/ballast/v1/`, health, reflection and gRPC-web.
//!
//! It reads the store and asks a [`Backend`]; it decides nothing about the chain. Each service is
//! one file. What every request meets first, from the outside in: the accept loop's limits
//! ([`listen`], [`census`], [`connection`], [`tls`]), HTTP/2's own ([`server`]), how often its address calls
//! ([`rate`]), the deadline of its call ([`deadline`]), the size of its message, then its service.
//!
//! Nothing here panics on what a client sends; a failure inside is logged and answered with
//! `INTERNAL`.

#![cfg_attr(
    not(test),
    deny(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::indexing_slicing,
        clippy::arithmetic_side_effects,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "what a client sends is answered, whatever it is"
    )
)]

mod account;
pub mod backend;
mod census;
pub mod config;
mod connection;
mod context;
mod control;
mod cursor;
mod deadline;
mod event;
mod history;
mod ledger;
mod listen;
mod metrics;
mod named;
mod objects;
mod page;
mod proof;
mod rate;
mod receipt_proof;
mod reserve;
mod scan;
mod seen;
mod server;
mod subscription;
mod supply;
mod tls;
mod tx;
mod tx_limits;

pub use backend::{
    Backend, Claim, Head, Look, NodeInfo, ProveError, Refusal, Simulation, Submitted,
};
pub use config::RpcConfig;
pub use metrics::{Refused, RpcMetrics};
pub use server::{RpcError, RpcServer, serve};
pub use tls::{TlsError, TlsFiles};
