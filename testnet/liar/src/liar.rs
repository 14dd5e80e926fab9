//! What every behaviour needs: the present height, keys, and the way to the others.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use ballast_node::net::{Inbox, Lane, NetEvent, Network, PeerEntry, PeerKey};
use ballast_primitives::block::BatchRef;
use ballast_primitives::{
    Address, Domain, Hash, Header, KeyPolicy, Payload, PublicKey, SecretKey, Signature, Vote, hash,
};
use ballast_replica::message::{
    Message, REQUEST_BATCHES_MAX, Request, WireProposal, WireVote, proposal_signed_bytes,
};
use ballast_replica::types::Batch;
use ballast_runtime::{Genesis, Op, TxBody, ops};

use crate::behaviour::Behaviour;

/// How often a behaviour acts.
const TICK: Duration = Duration::from_millis(10);
const ASKED_MAX: usize = 32;
const DAY_MS: u64 = 86_400_000;

pub struct Liar {
    key: SecretKey,
    genesis: Hash,
    chain_id: u32,
    network: Network,
    peers: Vec<PeerKey>,
    list: Vec<PeerEntry>,
    /// Questions that wait for their answer.
    asked: Arc<AtomicUsize>,
    /// The newest proposal of an honest validator.
    pub seen: Option<Header>,
    /// The newest batches that proposals named.
    pub batches: VecDeque<Hash>,
    /// Counts ticks.
    pub turn: u64,
}

impl Liar {
    pub fn new(key: SecretKey, genesis: &Genesis, network: Network, list: Vec<PeerEntry>) -> Self {
        let (chain_id, genesis) = (genesis.chain_id, genesis.hash());
        let peers = list.iter().map(|entry| entry.key).collect();
        let (asked, batches) = (Arc::default(), VecDeque::new());
        Self { key, genesis, chain_id, network, peers, list, asked, seen: None, batches, turn: 0 }
    }

    pub async fn run(mut self, behaviour: Behaviour, mut events: Inbox, mut batches: Inbox) {
        let mut tick = tokio::time::interval(TICK);
        loop {
            tokio::select! {
                event = events.recv() => match event {
                    Some(NetEvent::Frame { from, bytes, .. }) => self.heard(behaviour, from, &bytes),
                    Some(_) => {}
                    None => return,
                },
                event = batches.recv() => match event {
                    Some(NetEvent::Request { body, reply, .. }) => {
                        let asked = Request::decode(&body).ok();
                        if let Some(answer) = asked.and_then(|asked| behaviour.answer(&asked)) {
                            let _ = reply.send(answer);
                        }
                    }
                    Some(_) => {}
                    None => return,
                },
                _ = tick.tick() => {
                    self.turn += 1;
                    behaviour.act(&mut self);
                }
            }
        }
    }

    fn heard(&mut self, behaviour: Behaviour, from: PeerKey, bytes: &[u8]) {
        let Ok(message) = Message::decode(bytes) else { return };
        if let Message::Proposal(proposal) = &message
            && self.seen.as_ref().is_none_or(|seen| seen.height <= proposal.header.height)
        {
            self.seen = Some(proposal.header.clone());
            self.batches.extend(proposal.payload.digests().copied());
            let old = self.batches.len().saturating_sub(REQUEST_BATCHES_MAX);
            self.batches.drain(..old);
        }
        behaviour.hear(self, from, &message);
    }

    pub fn height(&self) -> u64 {
        self.seen.as_ref().map_or(1, |header| header.height)
    }

    pub fn public(&self) -> PublicKey {
        self.key.public()
    }

    pub fn to_all(&self, message: &Message) {
        self.bytes_to_all(Lane::Consensus, message.encode());
    }

    pub fn to(&self, peer: PeerKey, message: &Message) {
        let _ = self.network.send(peer, Lane::Consensus, message.encode().into());
    }

    pub fn peers(&self) -> &[PeerKey] {
        &self.peers
    }

    /// The time of the newest block seen.
    pub fn time(&self) -> u64 {
        self.seen.as_ref().map_or(0, |header| header.time)
    }

    pub fn bytes_to_all(&self, lane: Lane, bytes: Vec<u8>) {
        let frame: Arc<[u8]> = bytes.into();
        for peer in &self.peers {
            let _ = self.network.send(*peer, lane, Arc::clone(&frame));
        }
    }

    /// As many questions at once as the others take, and as many again that wait for a place.
    pub fn ask_all(&self, request: &Request) {
        for peer in &self.peers {
            if self.asked.load(Ordering::Relaxed) >= ASKED_MAX {
                return;
            }
            self.asked.fetch_add(1, Ordering::Relaxed);
            let (network, peer, body) = (self.network.clone(), *peer, request.encode());
            let asked = Arc::clone(&self.asked);
            tokio::spawn(async move {
                drop(network.request(peer, body).await);
                asked.fetch_sub(1, Ordering::Relaxed);
            });
        }
    }

    /// Ends every connection.
    pub fn hang_up(&self) {
        let _ = self.network.set_allowed(Vec::new());
    }

    pub fn connect(&self) {
        let _ = self.network.set_allowed(self.list.clone());
    }

    pub fn vote(&self, vote: Vote) -> WireVote {
        let signature = self.key.sign(&vote.signed_bytes(&self.genesis));
        WireVote { vote, validator: self.public(), signature }
    }

    /// A block of this validator's, well signed, that names `batches` which nobody has.
    pub fn proposal(&self, height: u64, round: u32, batches: usize) -> Option<WireProposal> {
        let seen = self.seen.clone()?;
        let name = |n: usize| BatchRef {
            digest: number(self.turn, n as u64 + u64::from(round) * 4_096),
            bytes: 1_000,
            txs: 1,
            signatures: 1,
        };
        let payload = Payload { batches: (0..batches).map(name).collect(), ..Payload::default() };
        let (proposer, digest) = (self.public(), payload.digest());
        let header = Header { height, proposer, payload: digest, time: seen.time + 1, ..seen };
        let mut wire = WireProposal {
            round,
            pol_round: None,
            header,
            payload,
            parent: None,
            proposer,
            signature: Signature([0; 64]),
        };
        let message = wire.clone().into_signed().message;
        wire.signature = self.key.sign(&proposal_signed_bytes(&message, &self.genesis));
        Some(wire)
    }

    /// Well signed payments of accounts that do not exist.
    pub fn junk(&self, count: usize) -> Batch {
        let sender = |n: usize| SecretKey::dev("liar", &format!("{} {n}", self.turn));
        let tx = |n: usize| {
            let key = sender(n);
            let body = TxBody {
                genesis: self.genesis,
                chain_id: self.chain_id,
                sender: Address::of(&KeyPolicy::Single(key.public())),
                nonce: 1,
                valid_until: self.seen.as_ref().map_or(0, |header| header.time) + DAY_MS / 2,
                sponsor: None,
                memo: None,
                ops: vec![Op::Transfer(ops::transfer::Transfer {
                    to: Address([7; 32]),
                    amount: 1,
                    travel: None,
                })],
            };
            body.sign(&[&key]).encode()
        };
        let txs = (0..count).map(tx).collect();
        Batch { author: self.public(), sequence: (1 << 60) + self.turn, txs }
    }
}

/// A digest of nothing that exists.
pub fn number(a: u64, b: u64) -> Hash {
    let bytes = [a.to_le_bytes(), b.to_le_bytes()].concat();
    hash::digest(Domain::Batch, &bytes)
}
