//! Between the replica and the network: names peers by their consensus keys, feeds what arrives
//! to the mailbox, and answers peers' requests from the store.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use ballast_primitives::{Committee, PublicKey};
use ballast_replica::Input;
use ballast_replica::message::{Message, RESPONSE_BYTES_MAX, Request, Response, SyncBlock};
use tokio::runtime::Handle;
use tokio::sync::Semaphore;

use super::mailbox::{Letter, Mailbox};
use super::verify;
use crate::metrics::NodeMetrics;
use crate::net::{Inbox, Lane, NetEvent, Network, PeerKey};
use crate::store::Store;

/// The most blocks of one answer.
const SYNC_BLOCKS_MAX: usize = 256;
/// Room in an answer for what is not batches.
const SYNC_BYTES_MAX: usize = RESPONSE_BYTES_MAX - 1024 * 1024;
/// Batches being verified at once; more wait with the network's budget for their sender.
const VERIFYING_MAX: usize = 4;

/// How often to look whether the replica has caught up with its mail.
const CROWDED_PAUSE: Duration = Duration::from_millis(2);

/// The validators as peers.
#[derive(Clone)]
pub struct Peers {
    network: Network,
    runtime: Handle,
    mailbox: Arc<Mailbox>,
    metrics: Arc<NodeMetrics>,
    book: Arc<Book>,
}

/// Who is who: by consensus key and by peer key, without this validator itself.
struct Book {
    by_key: BTreeMap<PublicKey, (PeerKey, String)>,
    by_peer: BTreeMap<PeerKey, PublicKey>,
}

impl Peers {
    pub fn new(
        network: Network,
        committee: &Committee,
        me: &PublicKey,
        mailbox: Arc<Mailbox>,
        metrics: Arc<NodeMetrics>,
    ) -> Self {
        let others = || committee.validators().iter().filter(|v| v.key != *me);
        let book = Book {
            by_key: others().map(|v| (v.key, (PeerKey(v.peer.0), v.name.clone()))).collect(),
            by_peer: others().map(|v| (PeerKey(v.peer.0), v.key)).collect(),
        };
        Self { network, runtime: Handle::current(), mailbox, metrics, book: Arc::new(book) }
    }

    /// A validator's name for people.
    pub fn name_of(&self, key: &PublicKey) -> String {
        self.book.by_key.get(key).map_or_else(|| key.to_string(), |(_, name)| name.clone())
    }

    /// Consensus keys of the validators connected now.
    pub fn connected(&self) -> Vec<PublicKey> {
        let connected = self.network.connected();
        connected.iter().filter_map(|peer| self.book.by_peer.get(peer).copied()).collect()
    }

    pub fn listed(&self) -> usize {
        self.book.by_key.len()
    }

    pub fn broadcast(&self, message: &Message) {
        let frame: Arc<[u8]> = message.encode().into();
        for (peer, _) in self.book.by_key.values() {
            self.post(*peer, Lane::Consensus, Arc::clone(&frame));
        }
    }

    pub fn send(&self, to: &PublicKey, message: &Message) {
        if let Some((peer, _)) = self.book.by_key.get(to) {
            self.post(*peer, Lane::Consensus, message.encode().into());
        }
    }

    pub fn push_batch(&self, bytes: &[u8]) {
        let frame: Arc<[u8]> = bytes.into();
        for (peer, _) in self.book.by_key.values() {
            self.post(*peer, Lane::Batch, Arc::clone(&frame));
        }
    }

    /// What cannot be sent is not kept: peers ask for what they miss.
    fn post(&self, to: PeerKey, lane: Lane, frame: Arc<[u8]>) {
        if let Err(error) = self.network.send(to, lane, frame) {
            tracing::debug!(peer = %to, ?lane, %error, "message not sent");
        }
    }

    /// Asks a peer; the answer comes back as an input.
    pub fn request(&self, to: PublicKey, request: Request) {
        let Some((peer, _)) = self.book.by_key.get(&to) else { return };
        let (peers, peer) = (self.clone(), *peer);
        self.runtime.spawn(async move {
            let wants_blocks = matches!(request, Request::Blocks { .. });
            let answer = peers.network.request(peer, request.encode()).await;
            let answer = answer
                .map_err(|error| error.to_string())
                .and_then(|bytes| Response::decode(&bytes).map_err(|error| error.to_string()));
            match answer {
                Ok(Response::Blocks(blocks)) if wants_blocks => peers.blocks(to, Some(blocks)),
                Ok(Response::Batches(batches)) if !wants_blocks => {
                    for bytes in batches {
                        peers.check_batch(to, bytes).await;
                    }
                }
                Ok(_) => {
                    tracing::warn!(peer = peers.name_of(&to), "answered another question");
                    if wants_blocks {
                        peers.blocks(to, None);
                    }
                }
                Err(error) => {
                    tracing::debug!(peer = peers.name_of(&to), error, "request failed");
                    if wants_blocks {
                        peers.blocks(to, None);
                    }
                }
            }
        });
    }

    fn blocks(&self, from: PublicKey, blocks: Option<Vec<SyncBlock>>) {
        self.mailbox.urgent(Letter::Input(Input::Blocks { from, blocks }));
    }

    async fn check_batch(&self, from: PublicKey, bytes: Vec<u8>) {
        let metrics = Arc::clone(&self.metrics);
        let checked = tokio::task::spawn_blocking(move || verify::batch(bytes, &metrics)).await;
        match checked {
            Ok(Ok(batch)) => {
                self.metrics.batches_peer.inc();
                let verify::CheckedBatch { digest, author, bytes, txs } = batch;
                let input = Input::Batch { from, digest, bytes, author, txs };
                self.mailbox.bulk(Letter::Input(input));
            }
            Ok(Err(why)) => tracing::warn!(peer = self.name_of(&from), why, "refused a batch"),
            Err(error) => tracing::error!(%error, "the verifier failed"),
        }
    }

    /// Connections and the consensus lane, until the network ends.
    pub async fn pump_events(self, mut events: Inbox) {
        while let Some(event) = events.recv().await {
            match event {
                NetEvent::Connected(peer) => {
                    tracing::info!(%peer, "peer connected");
                    self.with(peer, Input::PeerUp);
                }
                NetEvent::Disconnected(peer) => {
                    tracing::info!(%peer, "peer disconnected");
                    self.with(peer, Input::PeerDown);
                }
                NetEvent::Frame { from, bytes, .. } => self.consensus_frame(from, &bytes),
                NetEvent::Rejected { peer, why } => {
                    tracing::warn!(peer, why, "turned a peer away");
                }
                NetEvent::Request { .. } => {}
            }
        }
    }

    fn with(&self, peer: PeerKey, input: impl FnOnce(PublicKey) -> Input) {
        if let Some(key) = self.book.by_peer.get(&peer) {
            self.mailbox.urgent(Letter::Input(input(*key)));
        }
    }

    fn consensus_frame(&self, peer: PeerKey, bytes: &[u8]) {
        let Some(from) = self.book.by_peer.get(&peer).copied() else { return };
        match Message::decode(bytes) {
            Ok(message) => {
                self.mailbox.urgent(Letter::Input(Input::Message { from, message }));
            }
            Err(error) => {
                tracing::warn!(peer = self.name_of(&from), %error, "refused a message");
            }
        }
    }

    /// Batches and requests, until the network ends.
    pub async fn pump_batches(self, mut batches: Inbox, store: Arc<Store>) {
        let room = Arc::new(Semaphore::new(VERIFYING_MAX));
        while let Some(event) = batches.recv().await {
            match event {
                NetEvent::Frame { from, bytes, .. } => {
                    let Some(from) = self.book.by_peer.get(&from).copied() else { continue };
                    let Ok(permit) = Arc::clone(&room).acquire_owned().await else { return };
                    let peers = self.clone();
                    tokio::spawn(async move {
                        peers.check_batch(from, bytes).await;
                        while peers.mailbox.is_crowded() {
                            tokio::time::sleep(CROWDED_PAUSE).await;
                        }
                        drop(permit);
                    });
                }
                NetEvent::Request { from, body, reply } => {
                    let store = Arc::clone(&store);
                    tokio::task::spawn_blocking(move || match answer(&store, &body) {
                        Ok(response) => {
                            if let Err(error) = reply.send(response.encode()) {
                                tracing::debug!(peer = %from, %error, "answer not sent");
                            }
                        }
                        // Dropping the handle fails the request at the peer.
                        Err(error) => tracing::warn!(peer = %from, error, "refused a request"),
                    });
                }
                _ => {}
            }
        }
    }
}

/// Answers a peer from what is stored, within the size of one answer.
fn answer(store: &Store, body: &[u8]) -> Result<Response, String> {
    let text = |error: crate::store::StoreError| error.to_string();
    let mut left = SYNC_BYTES_MAX;
    match Request::decode(body).map_err(|error| error.to_string())? {
        Request::Batches { digests } => {
            let mut found = Vec::new();
            for digest in digests {
                let Some(batch) = store.batch(&digest).map_err(text)? else { continue };
                if batch.len() > left {
                    break;
                }
                left -= batch.len();
                found.push(batch);
            }
            Ok(Response::Batches(found))
        }
        Request::Blocks { from } => {
            let mut found = Vec::new();
            'blocks: for block in store.blocks(from, SYNC_BLOCKS_MAX, left).map_err(text)? {
                let mut batches = Vec::new();
                let mut bytes = 1_024 + 36 * block.payload.batches.len();
                for digest in &block.payload.batches {
                    let Some(batch) = store.batch(digest).map_err(text)? else { break 'blocks };
                    bytes += batch.len();
                    batches.push(batch);
                }
                // One block always fits: its builder's limits are far below an answer's.
                if bytes > left && !found.is_empty() {
                    break;
                }
                left = left.saturating_sub(bytes);
                found.push(SyncBlock { block, batches });
            }
            Ok(Response::Blocks(found))
        }
    }
}
