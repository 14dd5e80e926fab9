//! What an operator may set, and the defaults that the design prescribes.

use std::time::Duration;

use zeroize::Zeroizing;

use super::{Lane, NetError, PeerEntry};

const KIB: u32 = 1024;
const MIB: u32 = 1024 * KIB;

/// Everything that [`start`](super::start) needs. No `Debug`: it holds a secret.
pub struct NetConfig {
    /// The ed25519 secret (seed) of this node's network key; zeroed when dropped.
    pub secret: Zeroizing<[u8; 32]>,
    /// Where to listen: `host:port` or a multiaddress; port 0 picks a free one.
    pub listen: String,
    /// The chain's list. Our own entry, if it is there, is ignored.
    pub peers: Vec<PeerEntry>,
    /// The genesis hash; part of every protocol name.
    pub chain: [u8; 32],
    pub limits: NetLimits,
}

/// Bounds and times. The byte caps are part of the protocol: the whole chain uses the same.
#[derive(Clone, Debug)]
pub struct NetLimits {
    /// The largest frame of each lane. A longer one from a peer costs it the connection.
    pub consensus_frame_bytes_max: u32,
    pub batch_frame_bytes_max: u32,
    /// The largest request and the largest response.
    pub request_bytes_max: u32,
    pub response_bytes_max: u32,
    /// How much waits to leave, per peer and lane.
    pub queue_frames_max: usize,
    pub consensus_queue_bytes_max: u32,
    pub batch_queue_bytes_max: u32,
    /// How much has arrived and is not consumed yet, per peer and lane; beyond it we stop reading.
    pub consensus_inbox_bytes_max: u32,
    pub batch_inbox_bytes_max: u32,
    /// How many requests are open at once, per peer and direction. More of ours wait their turn,
    /// more of theirs fail.
    pub requests_per_peer_max: usize,
    /// From the call of `request` to its answer, everything included.
    pub request_timeout: Duration,
    /// TCP, noise and yamux together; and each opening of a lane.
    pub handshake_timeout: Duration,
    /// A connection that has answered no ping for the sum of these two is dead.
    pub ping_interval: Duration,
    pub ping_timeout: Duration,
    pub dial_backoff_min: Duration,
    pub dial_backoff_max: Duration,
    /// Inbound handshakes in progress: from addresses that are no listed peer's in all, from one such
    /// address, and from one address of a listed peer. A newcomer beyond that displaces the oldest.
    pub handshakes_max: usize,
    pub handshakes_per_address_max: usize,
    pub handshakes_per_peer_address_max: usize,
    /// From the TCP connection to its first byte.
    pub first_byte_timeout: Duration,
    /// Connections to one peer: two that crossed, and stale ones that are not yet found dead.
    pub connections_per_peer_max: u32,
}

impl Default for NetLimits {
    fn default() -> Self {
        Self {
            consensus_frame_bytes_max: 256 * KIB,
            batch_frame_bytes_max: 8 * MIB,
            request_bytes_max: 8 * MIB,
            response_bytes_max: 8 * MIB,
            queue_frames_max: 8192,
            consensus_queue_bytes_max: 16 * MIB,
            batch_queue_bytes_max: 32 * MIB,
            consensus_inbox_bytes_max: 4 * MIB,
            batch_inbox_bytes_max: 32 * MIB,
            requests_per_peer_max: 4,
            request_timeout: Duration::from_secs(10),
            handshake_timeout: Duration::from_secs(5),
            ping_interval: Duration::from_secs(5),
            ping_timeout: Duration::from_secs(10),
            dial_backoff_min: Duration::from_millis(100),
            dial_backoff_max: Duration::from_secs(2),
            handshakes_max: 64,
            handshakes_per_address_max: 8,
            handshakes_per_peer_address_max: 64,
            first_byte_timeout: Duration::from_secs(1),
            connections_per_peer_max: 4,
        }
    }
}

impl NetLimits {
    pub(super) fn frame_bytes_max(&self, lane: Lane) -> u32 {
        match lane {
            Lane::Consensus => self.consensus_frame_bytes_max,
            Lane::Batch => self.batch_frame_bytes_max,
        }
    }

    pub(super) fn queue_bytes_max(&self, lane: Lane) -> u32 {
        match lane {
            Lane::Consensus => self.consensus_queue_bytes_max,
            Lane::Batch => self.batch_queue_bytes_max,
        }
    }

    pub(super) fn inbox_bytes_max(&self, lane: Lane) -> u32 {
        match lane {
            Lane::Consensus => self.consensus_inbox_bytes_max,
            Lane::Batch => self.batch_inbox_bytes_max,
        }
    }

    /// The relations between limits without which the largest legal frame could never pass.
    pub(super) fn check(&self) -> Result<(), NetError> {
        for lane in [Lane::Consensus, Lane::Batch] {
            let frame = self.frame_bytes_max(lane);
            require(self.queue_bytes_max(lane) >= frame, "queue_bytes_max", "below a frame")?;
            require(self.inbox_bytes_max(lane) >= frame, "inbox_bytes_max", "below a frame")?;
        }
        require(self.queue_frames_max > 0, "queue_frames_max", "zero")?;
        require(self.handshakes_per_address_max > 0, "handshakes_per_address_max", "zero")?;
        let fits = self.handshakes_max >= self.handshakes_per_address_max;
        require(fits, "handshakes_max", "below one address's")?;
        require(
            self.handshakes_per_peer_address_max > 0,
            "handshakes_per_peer_address_max",
            "zero",
        )?;
        require(self.requests_per_peer_max > 0, "requests_per_peer_max", "zero")?;
        require(self.requests_per_peer_max <= 64, "requests_per_peer_max", "above 64")?;
        require(self.connections_per_peer_max > 1, "connections_per_peer_max", "below two")?;
        require(!self.dial_backoff_min.is_zero(), "dial_backoff_min", "zero")
    }
}

fn require(holds: bool, name: &'static str, why: &'static str) -> Result<(), NetError> {
    if holds { Ok(()) } else { Err(NetError::Limit { name, why }) }
}
