//! The handle through which the node sends.

use std::{sync::Arc, time::Duration};

use tokio::{sync::oneshot, time};
use tokio_util::sync::DropGuard;

use super::{
    Lane, NetError, PeerEntry, PeerKey, SendError,
    link::{Command, Link, Shared},
    peer,
};

/// Why a request has no answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RequestError {
    #[error("the peer is not on the list")]
    Unknown,
    #[error("the peer is not connected")]
    NotConnected,
    #[error("{size} bytes where at most {max} are allowed")]
    TooLarge { size: usize, max: usize },
    #[error("no answer in time")]
    Timeout,
    #[error("the connection was lost before the answer")]
    Disconnected,
    #[error("the request failed: {0}")]
    Failed(String),
    #[error("the network has stopped")]
    Stopped,
}

/// The way to the peers. Clones are one network; it stops with the last of them.
#[derive(Clone)]
pub struct Network {
    shared: Arc<Shared>,
    _stop: Arc<DropGuard>,
}

impl Network {
    pub(super) fn new(shared: Arc<Shared>) -> Self {
        let stop = Arc::new(shared.stop.clone().drop_guard());
        Self { shared, _stop: stop }
    }

    /// Our own key, as the peers see it.
    pub fn key(&self) -> PeerKey {
        self.shared.own
    }

    /// Queues a frame; never blocks. To send one frame to many peers, clone the `Arc`.
    pub fn send(&self, to: PeerKey, lane: Lane, frame: Arc<[u8]>) -> Result<(), SendError> {
        let max = as_usize(self.shared.limits.frame_bytes_max(lane));
        if frame.len() > max {
            return Err(SendError::TooLarge { size: frame.len(), max });
        }
        let link = self.shared.link(&to).ok_or(SendError::Unknown)?;
        let sent = link.queue(lane).push(frame);
        if sent == Err(SendError::Full) {
            self.shared.metrics.lane(lane).dropped.inc();
        }
        sent
    }

    /// Sends a request and waits for the response, at most `request_timeout` in all.
    pub async fn request(&self, to: PeerKey, body: Vec<u8>) -> Result<Vec<u8>, RequestError> {
        let max = as_usize(self.shared.limits.request_bytes_max);
        if body.len() > max {
            return Err(RequestError::TooLarge { size: body.len(), max });
        }
        let link = self.shared.link(&to).ok_or(RequestError::Unknown)?;
        time::timeout(self.shared.limits.request_timeout, self.ask(&link, body))
            .await
            .unwrap_or(Err(RequestError::Timeout))
    }

    async fn ask(&self, link: &Link, body: Vec<u8>) -> Result<Vec<u8>, RequestError> {
        let _place = link.requests_out.acquire().await.map_err(|_| RequestError::Stopped)?;
        if !link.is_up() {
            return Err(RequestError::NotConnected);
        }
        let (answer, answered) = oneshot::channel();
        self.shared.command(Command::Request { peer: link.key, body, answer });
        answered.await.unwrap_or(Err(RequestError::Stopped))
    }

    /// The peers that `send` reaches now, in the order of their keys.
    pub fn connected(&self) -> Vec<PeerKey> {
        let links = self.shared.links();
        links.iter().filter(|link| link.is_up()).map(|link| link.key).collect()
    }

    /// Replaces the list. Peers that are gone from it are disconnected, new ones dialled, shortly
    /// after this returns; an error leaves the list as it was.
    pub fn set_allowed(&self, peers: Vec<PeerEntry>) -> Result<(), NetError> {
        let peers = peer::dialable(&peers, self.shared.own)?;
        self.shared.command(Command::SetAllowed(peers));
        Ok(())
    }

    /// Disconnects a listed peer and stays apart from it for a time.
    pub fn cut(&self, peer: PeerKey, why: String, time: Duration) {
        self.shared.command(Command::Cut { peer, why, time });
    }

    /// Closes every connection and returns when the port is free again.
    pub async fn shutdown(&self) {
        self.shared.stop.cancel();
        self.shared.stopped.cancelled().await;
    }
}

fn as_usize(bytes: u32) -> usize {
    usize::try_from(bytes).unwrap_or(usize::MAX)
}
