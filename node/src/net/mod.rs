//! The peer network: one libp2p swarm per node, and the only code that knows libp2p.
//!
//! # Protocol
//!
//! TCP (nodelay) + noise + yamux. A peer is its ed25519 network key ([`PeerKey`]); noise proves
//! it, and only keys on the chain's list are let in. Every protocol name carries the chain's
//! genesis hash, so that nodes of different chains share no protocol.
//!
//! * `/ballast/<chain>/consensus/1` and `/ballast/<chain>/batch/1` ([`Lane`]): one long-lived
//!   stream per direction and lane. The receiver writes one byte, `ACCEPTED`, when it
//!   has taken the stream; from then on the sender writes frames: `u32` big-endian length, bytes.
//!   The receiver never writes again, so that anything readable at the sender means "broken".
//! * `/ballast/<chain>/request/1`: one request and one response, each one frame, per stream.
//! * libp2p ping, for liveness: a connection without an answer for `ping_interval +
//!   ping_timeout`, 15 s by default, is closed.
//!
//! # Invariants
//!
//! 1. A peer that is not listed never gets past the handshake, and is reported, at most once a
//!    minute ([`NetEvent::Rejected`]).
//! 2. [`Network::send`] never waits. What it accepts leaves in order within a lane, and at most
//!    once. Frames are lost when their stream breaks: whoever needs one again sends it again.
//! 3. [`NetEvent::Connected`] means that the peer has let us in and taken our consensus stream.
//!    Connected and Disconnected alternate per peer, beginning with Connected. Frames are
//!    authentic by themselves and may arrive a little before the one or after the other.
//! 4. Memory is bounded per peer, in both directions: queues out by count and bytes, what has come in
//!    by bytes, until it has been handled. A peer that floods waits for itself, and for nobody else:
//!    see `inbox.rs`.
//! 5. The consensus lane has its own stream, queue, budget and inbox: nothing in it waits for a
//!    batch, except for the bytes that TCP has already taken.
//! 6. No length is believed before it is compared with its cap, and no buffer is allocated by
//!    it: buffers grow with the bytes that have arrived.
//! 7. Every listed peer with an address is dialled for ever, 100 ms to 2 s apart; one without is
//!    let in when it dials us. Two connections that crossed are both kept: to close one is a race
//!    that can end with none.
//! 8. Closing never waits for the peer (see `transport.rs`).
//! 9. Strangers cannot hold the places of inbound handshakes: see `handshakes.rs`.
//! 10. A peer that is cut off ([`Network::cut`]) is neither dialled nor let in until its time is over.
//!
//! # What is deliberately absent
//!
//! Gossip, discovery, identify, relays, QUIC, and any retransmission.

mod config;
mod dialer;
mod driver;
mod frame;
mod handle;
mod handshakes;
mod inbox;
mod link;
mod liveness;
mod metrics;
mod peer;
mod queue;
mod rejections;
mod requests;
mod rpc;
mod streams;
mod transport;

use std::{net::SocketAddr, sync::Arc};

pub use config::{NetConfig, NetLimits};
pub use handle::{Network, RequestError};
pub use inbox::{Inbox, NetEvent, ReplyHandle, Room};
pub use metrics::{LaneMetrics, NetMetrics};
pub use peer::{PeerEntry, PeerKey};
pub use queue::SendError;

/// The two kinds of long-lived streams between peers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Lane {
    /// Votes and proposals: small, urgent.
    Consensus,
    /// Batches of transactions: large, patient.
    Batch,
}

/// A running network, as [`start`] hands it over.
pub struct Started {
    /// The handle for sending. When its last clone is dropped, the network stops.
    pub network: Network,
    /// Connections, rejections and frames of [`Lane::Consensus`].
    pub events: Inbox,
    /// Frames of [`Lane::Batch`] and requests. To be read by another task than `events`, or after
    /// it (`select!` with `biased`), so that consensus does not wait behind batches.
    pub batches: Inbox,
    /// Where the node listens: the configured IP with the port that was really bound.
    pub address: SocketAddr,
}

/// Why the network cannot start, or cannot take a new list.
#[derive(Debug, thiserror::Error)]
pub enum NetError {
    #[error("the network key is not a valid ed25519 secret key")]
    Secret,
    #[error("{0:?} is not a peer key: it is not a canonical ed25519 public key")]
    Key(PeerKey),
    #[error(
        "address {address:?} is neither host:port nor /ip4/…/tcp/…, /ip6/…/tcp/…, /dns/…/tcp/…"
    )]
    Address { address: String },
    #[error("cannot listen on {address}: {reason}")]
    Listen { address: String, reason: String },
    #[error("cannot set up the transport: {0}")]
    Transport(String),
    #[error("limit {name} is out of range: {why}")]
    Limit { name: &'static str, why: &'static str },
}

/// Starts the network on the current Tokio runtime. Dialling has begun when this returns.
pub async fn start(config: NetConfig, metrics: NetMetrics) -> Result<Started, NetError> {
    config.limits.check()?;
    let (pending, displaced) = (metrics.handshakes.clone(), metrics.handshakes_displaced.clone());
    let handshakes = handshakes::Handshakes::new(&config.limits, pending, displaced);
    let prepared = transport::prepare(&config, Arc::clone(&handshakes))?;
    let transport::Prepared { mut swarm, own } = prepared;
    let address = transport::listen(&mut swarm, &config.listen).await?;
    let (shared, commands) = link::Shared::new(&config, own, metrics);
    let (events, batches, sinks) = inbox::channels();
    let network = Network::new(shared.clone());
    let peers = peer::dialable(&config.peers, own)?;
    let mut driver = driver::Driver::new(swarm, shared, sinks, handshakes, config.chain)?;
    driver.set_allowed(peers);
    tokio::spawn(driver.run(commands));
    Ok(Started { network, events, batches, address })
}
