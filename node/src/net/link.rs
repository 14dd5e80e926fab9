//! What the parts of the network share: the table of listed peers and the way to the driver.
//!
//! Only the driver changes the table and a link's state, so that Connected and Disconnected
//! alternate; handles and streams read them and send [`Command`]s.

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use libp2p::{PeerId, request_response::ResponseChannel};
use parking_lot::RwLock;
use tokio::sync::{Semaphore, mpsc, oneshot};
use tokio_util::sync::CancellationToken;

use super::{
    Lane, NetConfig, NetLimits, NetMetrics, PeerKey, handle::RequestError, inbox::Budget,
    peer::Dialable, queue::LaneQueue,
};

/// What the driver is asked to do. The channel is unbounded, but what is in it is not: requests
/// and replies by the links' semaphores, lane reports by the pace of dialling.
pub(super) enum Command {
    /// The peer has taken our consensus stream on the connection of this number.
    LaneUp {
        peer: PeerKey,
        epoch: u64,
    },
    /// The peer broke the protocol: close, report.
    Breach {
        peer: PeerKey,
        why: String,
    },
    /// The peer has sent too much that is wrong: close, report, and stay apart for a time.
    Cut {
        peer: PeerKey,
        why: String,
        time: Duration,
    },
    Request {
        peer: PeerKey,
        body: Vec<u8>,
        answer: Answer,
    },
    Reply {
        channel: ResponseChannel<Vec<u8>>,
        body: Vec<u8>,
    },
    SetAllowed(Vec<Dialable>),
}

pub(super) type Answer = oneshot::Sender<Result<Vec<u8>, RequestError>>;

pub(super) struct Shared {
    pub own: PeerKey,
    pub limits: NetLimits,
    pub metrics: NetMetrics,
    pub commands: mpsc::UnboundedSender<Command>,
    /// Asks everything to stop.
    pub stop: CancellationToken,
    /// Says that the swarm is gone and its port free.
    pub stopped: CancellationToken,
    links: RwLock<BTreeMap<PeerKey, Arc<Link>>>,
}

impl Shared {
    pub fn new(
        config: &NetConfig,
        own: PeerKey,
        metrics: NetMetrics,
    ) -> (Arc<Self>, mpsc::UnboundedReceiver<Command>) {
        let (commands, receiver) = mpsc::unbounded_channel();
        let shared = Self {
            own,
            limits: config.limits.clone(),
            metrics,
            commands,
            stop: CancellationToken::new(),
            stopped: CancellationToken::new(),
            links: RwLock::default(),
        };
        (Arc::new(shared), receiver)
    }

    pub fn link(&self, key: &PeerKey) -> Option<Arc<Link>> {
        self.links.read().get(key).cloned()
    }

    pub fn links(&self) -> Vec<Arc<Link>> {
        self.links.read().values().cloned().collect()
    }

    pub fn insert(&self, link: Arc<Link>) {
        self.links.write().insert(link.key, link);
    }

    pub fn remove(&self, key: &PeerKey) {
        self.links.write().remove(key);
    }

    /// Commands to a driver that has gone are of no interest to anyone.
    pub fn command(&self, command: Command) {
        let _ = self.commands.send(command);
    }
}

/// One listed peer.
pub(super) struct Link {
    pub key: PeerKey,
    pub id: PeerId,
    consensus: LaneState,
    batch: LaneState,
    /// Our open requests to it.
    pub requests_out: Semaphore,
    /// Its requests that we have not answered yet.
    pub requests_in: Arc<Semaphore>,
    /// Cancelled when the peer leaves the list or the network stops.
    pub removed: CancellationToken,
    up: AtomicBool,
}

struct LaneState {
    queue: LaneQueue,
    budget: Budget,
}

impl LaneState {
    fn new(limits: &NetLimits, lane: Lane) -> Self {
        Self {
            queue: LaneQueue::new(limits.queue_frames_max, limits.queue_bytes_max(lane)),
            budget: Budget::new(limits.inbox_bytes_max(lane)),
        }
    }
}

impl Link {
    pub fn new(key: PeerKey, id: PeerId, limits: &NetLimits, stop: &CancellationToken) -> Self {
        Self {
            key,
            id,
            consensus: LaneState::new(limits, Lane::Consensus),
            batch: LaneState::new(limits, Lane::Batch),
            requests_out: Semaphore::new(limits.requests_per_peer_max),
            requests_in: Arc::new(Semaphore::new(limits.requests_per_peer_max)),
            removed: stop.child_token(),
            up: AtomicBool::new(false),
        }
    }

    pub fn queue(&self, lane: Lane) -> &LaneQueue {
        &self.lane(lane).queue
    }

    pub fn budget(&self, lane: Lane) -> &Budget {
        &self.lane(lane).budget
    }

    pub fn is_up(&self) -> bool {
        self.up.load(Ordering::Acquire)
    }

    /// Opens the queues; says whether they were closed before.
    pub fn raise(&self) -> bool {
        self.consensus.queue.open();
        self.batch.queue.open();
        !self.up.swap(true, Ordering::AcqRel)
    }

    /// Closes and empties the queues; says whether they were open before.
    pub fn lower(&self) -> bool {
        let was_up = self.up.swap(false, Ordering::AcqRel);
        self.consensus.queue.close();
        self.batch.queue.close();
        was_up
    }

    fn lane(&self, lane: Lane) -> &LaneState {
        match lane {
            Lane::Consensus => &self.consensus,
            Lane::Batch => &self.batch,
        }
    }
}
