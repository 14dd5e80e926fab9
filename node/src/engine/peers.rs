//! Between the replica and the network: names peers by their consensus keys, feeds what arrives
//! to the mailbox, and answers peers' requests from the store.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use ballast_primitives::PublicKey;
use ballast_replica::message::{
    BATCHES_BYTES_MAX, ChainRecord, HEADERS_BYTES_MAX, HEADERS_MAX, Message, Request, Response,
};
use ballast_replica::{Input, Offence};
use parking_lot::{Mutex, RwLock};
use tokio::runtime::Handle;
use tokio::sync::Semaphore;

use super::answers::{self, Answers};
use super::book::Book;
use super::conduct::Conduct;
use super::mailbox::{Letter, Mailbox, Post};
use super::verify::{CheckedBatch, Verification};
use crate::metrics::NodeMetrics;
use crate::net::{Inbox, Lane, NetEvent, Network, PeerKey, ReplyHandle, Room};
use crate::store::Store;

/// Batches being verified at once; more wait with the network's budget for their sender.
const VERIFYING_MAX: usize = 4;

/// How often to look whether the replica has caught up with its mail.
const CROWDED_PAUSE: Duration = Duration::from_millis(2);

/// The validators, and observers, as peers.
#[derive(Clone)]
pub struct Peers {
    network: Network,
    runtime: Handle,
    mailbox: Arc<Mailbox>,
    metrics: Arc<NodeMetrics>,
    verification: Arc<Verification>,
    /// Replaced whole when the list changes.
    book: Arc<RwLock<Arc<Book>>>,
    conduct: Arc<Mutex<Conduct>>,
    answers: Arc<Answers>,
}

impl Peers {
    /// `book` is what `network` was started with.
    pub fn new(
        network: Network,
        book: Book,
        mailbox: Arc<Mailbox>,
        metrics: Arc<NodeMetrics>,
        verification: Arc<Verification>,
    ) -> Self {
        let book = Arc::new(RwLock::new(Arc::new(book)));
        Self {
            network,
            runtime: Handle::current(),
            mailbox,
            metrics,
            verification,
            book,
            conduct: Arc::default(),
            answers: Arc::default(),
        }
    }

    pub fn book(&self) -> Arc<Book> {
        Arc::clone(&self.book.read())
    }

    /// Lets in whom `book` lists and nobody else. Who is no longer listed is gone for the replica
    /// at once: the network's word of it comes when nobody can name the peer any more.
    pub fn relist(&self, book: Book) {
        let book = Arc::new(book);
        let before = std::mem::replace(&mut *self.book.write(), Arc::clone(&book));
        for gone in before.without(&book) {
            tracing::info!(peer = %gone.peer, name = gone.name, "no longer listed");
            self.mailbox.control(Letter::Input(Input::PeerDown(gone.key)));
        }
        self.conduct.lock().keep(|key| !book.peers_of(key).is_empty());
        self.answers.keep(|peer| !book.keys_of(peer).is_empty());
        for new in book.without(&before) {
            tracing::info!(peer = %new.peer, name = new.name, "listed");
        }
        if let Err(error) = self.network.set_allowed(book.entries().to_vec()) {
            // The keys are checked with the set, the addresses with the configuration.
            tracing::error!(%error, "the network refuses the list of peers");
        }
    }

    /// A validator's name for people.
    pub fn name_of(&self, key: &PublicKey) -> String {
        self.book().name_of(key)
    }

    /// Consensus keys of the peers connected now.
    pub fn connected(&self) -> BTreeSet<PublicKey> {
        let (book, connected) = (self.book(), self.network.connected());
        connected.iter().flat_map(|peer| book.keys_of(peer)).copied().collect()
    }

    pub fn broadcast(&self, message: &Message) {
        let frame: Arc<[u8]> = message.encode().into();
        for peer in self.book().peers() {
            self.post(peer, Lane::Consensus, Arc::clone(&frame));
        }
    }

    pub fn send(&self, to: &PublicKey, message: &Message) {
        let frame: Arc<[u8]> = message.encode().into();
        for peer in self.book().peers_of(to) {
            self.post(*peer, Lane::Consensus, Arc::clone(&frame));
        }
    }

    pub fn push_batch(&self, bytes: &[u8]) {
        let frame: Arc<[u8]> = bytes.into();
        for peer in self.book().peers() {
            self.post(peer, Lane::Batch, Arc::clone(&frame));
        }
    }

    /// What cannot be sent is not kept: peers ask for what they miss.
    fn post(&self, to: PeerKey, lane: Lane, frame: Arc<[u8]>) {
        if let Err(error) = self.network.send(to, lane, frame) {
            tracing::debug!(peer = %to, ?lane, %error, "message not sent");
        }
    }

    /// Asks a peer for batches that proposals name; those that verify come back as inputs.
    pub fn request(&self, to: PublicKey, request: Request) {
        let peers = self.clone();
        self.runtime.spawn(async move {
            let Some((peer, response)) = peers.answer_of(&to, &request).await else { return };
            let Response::Batches(batches) = response else {
                return peers.offence(&to, Offence::BadAnswer, "answered another question");
            };
            for bytes in batches {
                if let Some(batch) = peers.verified(peer, bytes).await {
                    peers.deliver(to, batch);
                }
            }
        });
    }

    /// Asks a peer for what a quorum has committed; the answer comes back as an input, as it is.
    pub fn ask(&self, to: PublicKey, ticket: u64, request: Request) {
        let peers = self.clone();
        self.runtime.spawn(async move {
            let response = peers.answer_of(&to, &request).await.map(|(_, response)| response);
            peers.mailbox.control(Letter::Input(Input::Answer { from: to, ticket, response }));
        });
    }

    async fn answer_of(&self, to: &PublicKey, request: &Request) -> Option<(PeerKey, Response)> {
        let connected = self.network.connected();
        let book = self.book();
        let of_key = book.peers_of(to);
        let up = of_key.iter().find(|peer| connected.contains(peer));
        let peer = up.or_else(|| of_key.first()).copied()?;
        let answer = self.network.request(peer, request.encode()).await;
        let decoded = answer
            .map_err(|error| error.to_string())
            .and_then(|bytes| Response::decode(&bytes).map_err(|error| error.to_string()));
        decoded
            .inspect_err(|error| tracing::debug!(peer = self.name_of(to), error, "request failed"))
            .ok()
            .map(|response| (peer, response))
    }

    /// A batch that `peer` pushed: it speaks under the key that packed it, if that is its own.
    async fn check_pushed(&self, peer: PeerKey, bytes: Vec<u8>) {
        let Some(batch) = self.verified(peer, bytes).await else { return };
        if let Some(from) = self.book().speaker(&peer, Some(batch.author)) {
            self.deliver(from, batch);
        }
    }

    /// None for one that does not verify, which whoever sent it answers for.
    async fn verified(&self, from: PeerKey, bytes: Vec<u8>) -> Option<CheckedBatch> {
        let verification = Arc::clone(&self.verification);
        let checked = tokio::task::spawn_blocking(move || verification.batch(bytes)).await;
        match checked {
            Ok(Ok(batch)) => return Some(batch),
            Ok(Err(why)) => self.breach(from, &format!("sent a batch that is not valid: {why}")),
            Err(error) => tracing::error!(%error, "the verifier failed"),
        }
        None
    }

    /// A peer sent what an honest one never sends.
    fn breach(&self, peer: PeerKey, why: &str) {
        if let Some(key) = self.book().speaker(&peer, None) {
            self.offence(&key, Offence::Malformed, why);
        }
    }

    /// Something that the peer of this consensus key is to blame for: logged within bounds, and in
    /// the end the peer is cut off for a time.
    pub fn offence(&self, key: &PublicKey, offence: Offence, why: &str) {
        let verdict = self.conduct.lock().offence(*key, offence, Instant::now());
        self.metrics.offence(offence).inc();
        let name = self.name_of(key);
        if let Some(unlogged) = verdict.log {
            let offence = offence.name();
            tracing::warn!(peer = name, offence, why, unlogged, "a peer misbehaves");
        }
        let Some(time) = verdict.cut else { return };
        for peer in self.book().peers_of(key) {
            let why = format!("{name} sent too much that is wrong, at last: {why}");
            self.network.cut(*peer, why, time);
        }
    }

    fn deliver(&self, from: PublicKey, batch: CheckedBatch) {
        self.metrics.batches_peer.inc();
        let CheckedBatch { digest, author, bytes, txs } = batch;
        self.mailbox.bulk(Letter::Input(Input::Batch { from, digest, bytes, author, txs }));
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
                NetEvent::Frame { from, bytes, room, .. } => {
                    self.consensus_frame(from, &bytes, room);
                }
                NetEvent::Rejected { peer, why } => {
                    tracing::warn!(peer, why, "turned a peer away");
                }
                NetEvent::Request { .. } => {}
            }
        }
    }

    fn with(&self, peer: PeerKey, input: impl Fn(PublicKey) -> Input) {
        for key in self.book().keys_of(&peer) {
            self.mailbox.control(Letter::Input(input(*key)));
        }
    }

    fn consensus_frame(&self, peer: PeerKey, bytes: &[u8], room: Room) {
        let book = self.book();
        match Message::decode(bytes) {
            Ok(message) => {
                let named = match &message {
                    Message::Vote(vote) => Some(vote.validator),
                    _ => None,
                };
                let Some(from) = book.speaker(&peer, named) else { return };
                let post = Post { from, message, room: Some(room) };
                self.mailbox.message(book.rank_of(&peer), post);
            }
            Err(error) => {
                self.breach(peer, &format!("sent a message that does not decode: {error}"))
            }
        }
    }

    /// Answers once the peer's share allows it; until then the question keeps its place.
    async fn answer_in_turn(
        self,
        from: PeerKey,
        body: Vec<u8>,
        reply: ReplyHandle,
        store: Arc<Store>,
    ) {
        let turn = self.answers.of(from);
        let mut full_at = turn.lock().await;
        tokio::time::sleep(answers::wait(*full_at, Instant::now())).await;
        let work = tokio::task::spawn_blocking(move || {
            let begun = answers::worked();
            let answer = answer(&store, &body).map(|response| response.encode());
            (answer, answers::worked().saturating_sub(begun))
        });
        // Dropping the handle fails the request at the peer.
        let Ok((answer, took)) = work.await else { return };
        answers::charge(&mut full_at, Instant::now(), took);
        match answer {
            Ok(bytes) => {
                if let Err(error) = reply.send(bytes) {
                    tracing::debug!(peer = %from, %error, "answer not sent");
                }
            }
            Err(error) => self.breach(from, &format!("asked what it may not: {error}")),
        }
    }

    /// Batches and requests, until the network ends.
    pub async fn pump_batches(self, mut batches: Inbox, store: Arc<Store>) {
        let room = Arc::new(Semaphore::new(VERIFYING_MAX));
        while let Some(event) = batches.recv().await {
            match event {
                NetEvent::Frame { from, bytes, room: held, .. } => {
                    let Ok(permit) = Arc::clone(&room).acquire_owned().await else { return };
                    let peers = self.clone();
                    tokio::spawn(async move {
                        peers.check_pushed(from, bytes).await;
                        while peers.mailbox.is_crowded() {
                            tokio::time::sleep(CROWDED_PAUSE).await;
                        }
                        drop((permit, held));
                    });
                }
                NetEvent::Request { from, body, reply } => {
                    tokio::spawn(self.clone().answer_in_turn(
                        from,
                        body,
                        reply,
                        Arc::clone(&store),
                    ));
                }
                _ => {}
            }
        }
    }
}

/// Answers a peer from what is stored, within the size of one answer, which no block's size is part
/// of: one batch fits always.
fn answer(store: &Store, body: &[u8]) -> Result<Response, String> {
    let text = |error: crate::store::StoreError| error.to_string();
    match Request::decode(body).map_err(|error| error.to_string())? {
        Request::Batches { digests } => {
            let mut found = Vec::new();
            let mut left = BATCHES_BYTES_MAX;
            for digest in digests {
                let Some(batch) = store.batch(&digest).map_err(text)? else { continue };
                let Some(after) = left.checked_sub(batch.len()) else { break };
                left = after;
                found.push(batch);
            }
            Ok(Response::Batches(found))
        }
        Request::Headers { from, max } => {
            let max = usize::from(max.min(HEADERS_MAX));
            let blocks = store.blocks(from, max, HEADERS_BYTES_MAX).map_err(text)?;
            let record = |block| ChainRecord::Block(Box::new(block));
            Ok(Response::Headers(blocks.into_iter().map(record).collect()))
        }
    }
}
