//! Dialling: every listed peer that has an address and is not connected, at once, then 100 ms,
//! 200 ms, … 2 s apart, for ever.

use std::{io, time::Duration};

use libp2p::{
    Multiaddr, PeerId,
    multiaddr::Protocol,
    swarm::{
        DialError,
        dial_opts::{DialOpts, PeerCondition},
    },
};
use tokio::{net, task::JoinError, time, time::Instant};

use super::{NetLimits, PeerKey, driver::Driver, handshakes::ip_of};

/// What looking up a peer's address has given.
pub(super) type Resolved = (PeerKey, io::Result<Vec<Multiaddr>>);

/// When to dial one peer.
pub(super) struct Dialer {
    host: Option<String>,
    min: Duration,
    max: Duration,
    wait: Duration,
    /// `None` while connected, while an attempt is under way, or without an address.
    due: Option<Instant>,
}

impl Dialer {
    pub fn new(host: Option<String>, limits: &NetLimits) -> Self {
        let (min, max) = (limits.dial_backoff_min, limits.dial_backoff_max);
        let due = host.as_ref().map(|_| Instant::now());
        Self { host, min, max, wait: min, due }
    }

    /// The peer's address has become known, has changed, or is known no more.
    pub fn set_host(&mut self, host: Option<String>, connected: bool) {
        if self.host == host {
            return;
        }
        self.host = host;
        self.due = self.host.as_ref().filter(|_| !connected).map(|_| Instant::now());
    }

    pub fn due(&self) -> Option<Instant> {
        self.due
    }

    /// An attempt begins or a connection stands: do not dial.
    pub fn rest(&mut self) {
        self.due = None;
    }

    /// An attempt or a connection has ended: dial again after the wait, and double it.
    pub fn retry(&mut self) {
        self.due = self.host.as_ref().and_then(|_| Instant::now().checked_add(self.wait));
        self.wait = self.wait.saturating_mul(2).min(self.max);
    }

    /// The peer has let us in. A mere connection is no success: who is not on the peer's list
    /// gets one too, for a moment, and would redial as fast as it can.
    pub fn succeeded(&mut self) {
        self.wait = self.min;
    }

    /// The peer misbehaved: the longest wait.
    pub fn punish(&mut self) {
        self.wait = self.max;
    }
}

/// Looks the name up: at every dial, because a peer may have moved.
async fn resolve(host: String, limit: Duration) -> io::Result<Vec<Multiaddr>> {
    let found = time::timeout(limit, net::lookup_host(host)).await??;
    let address = |a: std::net::SocketAddr| Multiaddr::from(a.ip()).with(Protocol::Tcp(a.port()));
    Ok(found.map(address).collect())
}

impl Driver {
    pub(super) fn resolve_due(&mut self) {
        let (now, limit) = (Instant::now(), self.shared.limits.handshake_timeout);
        for (key, peer) in &mut self.peers {
            let dialer = &mut peer.dialer;
            if dialer.due().is_some_and(|due| due <= now)
                && let Some(host) = dialer.host.clone()
            {
                dialer.rest();
                let key = *key;
                self.resolving.spawn(async move { (key, resolve(host, limit).await) });
            }
        }
    }

    pub(super) fn on_resolved(&mut self, resolved: Result<Resolved, JoinError>) {
        // The task neither panics nor is aborted before the driver ends.
        let Ok((key, found)) = resolved else { return };
        let Some(peer) = self.peers.get_mut(&key) else {
            return;
        };
        match found {
            Ok(addresses) => {
                self.handshakes.know(key, addresses.iter().filter_map(ip_of));
                self.dial(key, addresses);
            }
            Err(error) => {
                tracing::debug!(peer = %key, host = ?peer.dialer.host, %error, "cannot resolve");
                peer.dialer.retry();
            }
        }
    }

    fn dial(&mut self, key: PeerKey, addresses: Vec<Multiaddr>) {
        let Some(peer) = self.peers.get_mut(&key) else {
            return;
        };
        if peer.connection.is_some() || peer.is_cut() {
            return;
        }
        // From a fresh port: two nodes that dial each other from their listening ports at the
        // same moment would open one TCP connection with two dialling ends.
        let options = DialOpts::peer_id(peer.link.id)
            .addresses(addresses)
            .condition(PeerCondition::DisconnectedAndNotDialing)
            .allocate_new_port()
            .build();
        if let Err(error) = self.swarm.dial(options) {
            tracing::debug!(peer = %key, %error, "cannot dial");
            peer.dialer.retry();
        }
    }

    pub(super) fn on_dial_failed(&mut self, id: &PeerId, error: DialError) {
        let Some(peer) = self.peer(id) else { return };
        if peer.connection.is_none() && !peer.is_cut() {
            peer.dialer.retry();
        }
        tracing::debug!(peer = %peer.link.key, %error, "dial failed");
        if let DialError::WrongPeerId { obtained, address } = error {
            self.report(id.to_base58(), format!("at {address} there is {obtained} instead"));
        }
    }
}
