//! The task that owns the swarm: it alone decides who is connected, and says so.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::Arc,
    time::Duration,
};

use futures::StreamExt;
use libp2p::{
    Multiaddr, PeerId, StreamProtocol, Swarm, ping,
    request_response::OutboundRequestId,
    swarm::{ConnectionDenied, ConnectionId, ListenError, SwarmEvent},
};
use libp2p_stream::Control;
use tokio::{
    sync::mpsc,
    task::JoinSet,
    time::{self, Instant},
};
use tokio_util::sync::CancellationToken;

use super::{
    Lane, NetError, NetEvent, PeerKey,
    dialer::{Dialer, Resolved},
    handshakes::{Handshakes, ip_of},
    inbox::Sinks,
    link::{Answer, Command, Link, Shared},
    liveness::Liveness,
    peer::Dialable,
    rejections::Rejections,
    streams, transport,
    transport::{Behaviour, BehaviourEvent},
};

pub(super) struct Driver {
    // Dropped first: the accepting tasks must outlive it, or our peers would hear at shutdown
    // that we do not speak their protocol.
    pub(super) swarm: Swarm<Behaviour>,
    pub(super) shared: Arc<Shared>,
    pub(super) sinks: Sinks,
    control: Control,
    lanes: [(Lane, StreamProtocol); 2],
    pub(super) peers: BTreeMap<PeerKey, Peer>,
    pub(super) handshakes: Arc<Handshakes>,
    epoch: u64,
    pub(super) resolving: JoinSet<Resolved>,
    pub(super) asked: HashMap<OutboundRequestId, Answer>,
    rejections: Rejections,
    liveness: Liveness,
    _accepting: JoinSet<()>,
}

/// What the driver knows of a listed peer beyond its link.
pub(super) struct Peer {
    pub(super) link: Arc<Link>,
    pub(super) dialer: Dialer,
    pub(super) connection: Option<Connection>,
    /// Until then it is neither dialled nor let in.
    cut_until: Option<Instant>,
}

impl Peer {
    pub(super) fn is_cut(&self) -> bool {
        self.cut_until.is_some()
    }
}

/// All the connections to one peer, from the first to the last.
pub(super) struct Connection {
    epoch: u64,
    writers: CancellationToken,
}

impl Driver {
    pub fn new(
        swarm: Swarm<Behaviour>,
        shared: Arc<Shared>,
        sinks: Sinks,
        handshakes: Arc<Handshakes>,
        chain: [u8; 32],
    ) -> Result<Self, NetError> {
        let mut control = swarm.behaviour().streams.new_control();
        let mut accepting = JoinSet::new();
        let lane = |lane| Ok((lane, transport::lane_protocol(lane, &chain)?));
        let lanes = [lane(Lane::Consensus)?, lane(Lane::Batch)?];
        for (lane, protocol) in &lanes {
            let incoming = control
                .accept(protocol.clone())
                .map_err(|error| NetError::Transport(error.to_string()))?;
            accepting.spawn(streams::accept(shared.clone(), sinks.clone(), *lane, incoming));
        }
        let liveness = Liveness::new(&shared.limits);
        Ok(Self {
            swarm,
            shared,
            sinks,
            control,
            lanes,
            peers: BTreeMap::new(),
            handshakes,
            epoch: 0,
            resolving: JoinSet::new(),
            asked: HashMap::new(),
            rejections: Rejections::default(),
            liveness,
            _accepting: accepting,
        })
    }

    /// Runs until the network is stopped.
    pub async fn run(mut self, mut commands: mpsc::UnboundedReceiver<Command>) {
        let shared = self.shared.clone();
        loop {
            let due = self.peers.values().filter_map(|peer| peer.dialer.due()).min();
            let back = self.peers.values().filter_map(|peer| peer.cut_until).min();
            tokio::select! {
                () = shared.stop.cancelled() => break,
                event = self.swarm.select_next_some() => self.on_swarm(event),
                Some(command) = commands.recv() => self.on_command(command),
                Some(resolved) = self.resolving.join_next() => self.on_resolved(resolved),
                () = until(due) => self.resolve_due(),
                () = until(back) => self.let_back_in(),
                dead = self.liveness.dead() => self.close_dead(dead),
            }
        }
        for key in self.peers.keys().copied().collect::<Vec<_>>() {
            self.lower(key);
        }
        drop(self);
        shared.stopped.cancel();
    }

    /// Replaces the list: who is gone from it is disconnected, who is new is dialled.
    pub fn set_allowed(&mut self, list: Vec<Dialable>) {
        let keys: BTreeSet<PeerKey> = list.iter().map(|entry| entry.key).collect();
        let gone = self.peers.keys().filter(|key| !keys.contains(key)).copied();
        for key in gone.collect::<Vec<_>>() {
            self.disallow(key);
        }
        for entry in list {
            self.allow(entry);
        }
    }

    fn allow(&mut self, entry: Dialable) {
        if let Some(peer) = self.peers.get_mut(&entry.key) {
            peer.dialer.set_host(entry.host, peer.connection.is_some());
            return;
        }
        let shared = &self.shared;
        let link = Arc::new(Link::new(entry.key, entry.id, &shared.limits, &shared.stop));
        let dialer = Dialer::new(entry.host, &shared.limits);
        shared.insert(link.clone());
        self.swarm.behaviour_mut().allowed.allow_peer(entry.id);
        self.peers.insert(entry.key, Peer { link, dialer, connection: None, cut_until: None });
    }

    fn disallow(&mut self, key: PeerKey) {
        self.lower(key);
        self.shared.remove(&key);
        self.handshakes.forget(&key);
        if let Some(peer) = self.peers.remove(&key) {
            peer.link.removed.cancel();
            if peer.is_cut() {
                self.shared.metrics.cut.dec();
            }
            self.swarm.behaviour_mut().allowed.disallow_peer(peer.link.id);
        }
    }

    fn on_command(&mut self, command: Command) {
        match command {
            Command::LaneUp { peer, epoch } => self.raise(peer, epoch),
            Command::Breach { peer, why } => self.on_breach(peer, why),
            Command::Cut { peer, why, time } => self.cut(peer, why, time),
            Command::Request { peer, body, answer } => self.on_request(peer, body, answer),
            Command::Reply { channel, body } => {
                // An error means that the peer no longer waits.
                let _ = self.swarm.behaviour_mut().rpc.send_response(channel, body);
            }
            Command::SetAllowed(list) => self.set_allowed(list),
        }
    }

    fn on_swarm(&mut self, event: SwarmEvent<BehaviourEvent>) {
        match event {
            SwarmEvent::ConnectionEstablished { peer_id, connection_id, endpoint, .. } => {
                self.liveness.opened(connection_id);
                if let (Some(key), Some(from)) =
                    (PeerKey::from_peer_id(&peer_id), ip_of(endpoint.get_remote_address()))
                {
                    self.handshakes.know(key, [from]);
                }
                self.on_established(&peer_id);
            }
            SwarmEvent::ConnectionClosed {
                peer_id, connection_id, num_established, cause, ..
            } => {
                let cause = cause.map(|cause| cause.to_string());
                tracing::debug!(%peer_id, num_established, cause, "connection closed");
                self.liveness.closed(connection_id);
                if num_established == 0 {
                    self.on_disconnected(&peer_id);
                }
            }
            SwarmEvent::OutgoingConnectionError { peer_id: Some(id), error, .. } => {
                self.on_dial_failed(&id, error);
            }
            SwarmEvent::IncomingConnectionError { peer_id, send_back_addr, error, .. } => {
                self.on_turned_away(peer_id, &send_back_addr, error);
            }
            SwarmEvent::Behaviour(BehaviourEvent::Ping(event)) => self.on_ping(event),
            SwarmEvent::Behaviour(BehaviourEvent::Rpc(event)) => self.on_rpc(event),
            SwarmEvent::ListenerClosed { reason: Err(error), .. }
            | SwarmEvent::ListenerError { error, .. } => {
                tracing::error!(%error, "the listener of the peer network failed");
            }
            _ => {}
        }
    }

    // ---- connections ----

    pub(super) fn peer(&mut self, id: &PeerId) -> Option<&mut Peer> {
        self.peers.get_mut(&PeerKey::from_peer_id(id)?)
    }

    fn on_established(&mut self, id: &PeerId) {
        let epoch = self.epoch.wrapping_add(1);
        let Some(peer) = self.peer(id) else { return };
        peer.dialer.rest();
        if peer.connection.is_some() {
            return;
        }
        let writers = peer.link.removed.child_token();
        let link = peer.link.clone();
        peer.connection = Some(Connection { epoch, writers: writers.clone() });
        self.epoch = epoch;
        for (lane, protocol) in self.lanes.clone() {
            let (shared, link, control) = (self.shared.clone(), link.clone(), self.control.clone());
            let writer = streams::Writer { shared, link, lane, protocol, control, epoch };
            tokio::spawn(writer.run(writers.clone()));
        }
    }

    fn on_disconnected(&mut self, id: &PeerId) {
        let Some(peer) = self.peer(id) else { return };
        if !peer.is_cut() {
            peer.dialer.retry();
        }
        let key = peer.link.key;
        self.lower(key);
    }

    /// The peer has let us in.
    fn raise(&mut self, key: PeerKey, epoch: u64) {
        let Some(peer) = self.peers.get_mut(&key) else {
            return;
        };
        // A report from a connection that is gone must not announce the next one.
        if peer.connection.as_ref().is_none_or(|connection| connection.epoch != epoch) {
            return;
        }
        peer.dialer.succeeded();
        if peer.link.raise() {
            self.shared.metrics.connected.inc();
            tracing::info!(peer = %key, "peer connected");
            self.sinks.control(NetEvent::Connected(key));
        }
    }

    /// The peer is gone.
    fn lower(&mut self, key: PeerKey) {
        let Some(peer) = self.peers.get_mut(&key) else {
            return;
        };
        if let Some(connection) = peer.connection.take() {
            connection.writers.cancel();
        }
        if peer.link.lower() {
            self.shared.metrics.connected.dec();
            tracing::info!(peer = %key, "peer disconnected");
            self.sinks.control(NetEvent::Disconnected(key));
        }
    }

    fn on_ping(&mut self, event: ping::Event) {
        match event.result {
            Ok(_) => self.liveness.answered(event.connection),
            // Only the answers count: see `liveness`.
            Err(error) => tracing::debug!(peer = %event.peer, %error, "ping failed"),
        }
    }

    fn close_dead(&mut self, dead: Vec<ConnectionId>) {
        for id in dead {
            tracing::warn!(connection = %id, "a peer does not answer pings: closing");
            self.swarm.close_connection(id);
        }
    }

    pub(super) fn on_breach(&mut self, key: PeerKey, why: String) {
        let Some(peer) = self.peers.get_mut(&key) else {
            return;
        };
        peer.dialer.punish();
        let id = peer.link.id;
        self.report(id.to_base58(), why);
        // An error means that it is disconnected already.
        let _ = self.swarm.disconnect_peer_id(id);
    }

    fn cut(&mut self, key: PeerKey, why: String, time: Duration) {
        let Some(peer) = self.peers.get_mut(&key) else {
            return;
        };
        if !peer.is_cut() {
            self.shared.metrics.cut.inc();
        }
        peer.cut_until = Instant::now().checked_add(time);
        peer.dialer.rest();
        let id = peer.link.id;
        self.report(id.to_base58(), format!("cut off for {} s: {why}", time.as_secs()));
        self.swarm.behaviour_mut().allowed.disallow_peer(id);
    }

    fn let_back_in(&mut self) {
        let now = Instant::now();
        for peer in self.peers.values_mut() {
            if peer.cut_until.is_some_and(|until| until <= now) {
                peer.cut_until = None;
                self.shared.metrics.cut.dec();
                self.swarm.behaviour_mut().allowed.allow_peer(peer.link.id);
                if peer.connection.is_none() {
                    peer.dialer.retry();
                }
            }
        }
    }

    // ---- strangers ----

    fn on_turned_away(&mut self, id: Option<PeerId>, from: &Multiaddr, error: ListenError) {
        let ListenError::Denied { cause } = error else {
            // Port scans, lost connections, and noise that fails: anybody can cause these.
            tracing::debug!(%from, %error, "inbound handshake failed");
            return;
        };
        // Without a peer id the address stands for it, without the port, which always differs.
        let host = || from.iter().next().map_or_else(|| from.to_string(), |ip| ip.to_string());
        let peer = id.map_or_else(host, |id| id.to_base58());
        self.report(peer, format!("turned away, from {from}: {}", reason(&cause)));
    }

    pub(super) fn report(&mut self, peer: String, why: String) {
        self.shared.metrics.rejected.inc();
        if self.rejections.admit(&peer, std::time::Instant::now()) {
            tracing::warn!(peer, why, "peer rejected");
            self.sinks.control(NetEvent::Rejected { peer, why });
        }
    }
}

/// libp2p wraps the cause in a sentence of its own.
fn reason(cause: &ConnectionDenied) -> String {
    std::error::Error::source(cause).map_or_else(|| cause.to_string(), ToString::to_string)
}

async fn until(due: Option<Instant>) {
    match due {
        Some(due) => time::sleep_until(due).await,
        None => std::future::pending().await,
    }
}
