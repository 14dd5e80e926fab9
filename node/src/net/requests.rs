//! Requests, ours and the peers', on the driver's side.
//!
//! A peer has at most `requests_per_peer_max` requests open here; its place is free again when the
//! node drops or uses the [`ReplyHandle`]. Whatever we drop fails at the peer at once.

use std::io;

use libp2p::{
    PeerId,
    request_response::{self, InboundFailure, Message, OutboundFailure, OutboundRequestId},
};

use super::{NetEvent, PeerKey, ReplyHandle, RequestError, driver::Driver, link::Answer, rpc};

type RpcEvent = request_response::Event<Vec<u8>, Vec<u8>>;

impl Driver {
    pub(super) fn on_request(&mut self, key: PeerKey, body: Vec<u8>, answer: Answer) {
        match self.peers.get(&key).filter(|peer| peer.link.is_up()) {
            Some(peer) => {
                let rpc = &mut self.swarm.behaviour_mut().rpc;
                self.asked.insert(rpc.send_request(&peer.link.id, body), answer);
            }
            None => drop(answer.send(Err(RequestError::NotConnected))),
        }
    }

    pub(super) fn on_rpc(&mut self, event: RpcEvent) {
        match event {
            RpcEvent::Message { peer, message, .. } => self.on_message(peer, message),
            RpcEvent::OutboundFailure { peer, request_id, error, .. } => {
                if let OutboundFailure::Io(error) = &error {
                    self.blame(&peer, error);
                }
                self.answer(request_id, Err(rpc::failure(error)));
            }
            RpcEvent::InboundFailure { peer, error, .. } => {
                tracing::debug!(%peer, %error, "a peer's request failed");
                if let InboundFailure::Io(error) = &error {
                    self.blame(&peer, error);
                }
            }
            RpcEvent::ResponseSent { .. } => {}
        }
    }

    fn on_message(&mut self, id: PeerId, message: Message<Vec<u8>, Vec<u8>>) {
        match message {
            Message::Request { request, channel, .. } => {
                let shared = self.shared.clone();
                let Some(peer) = self.peer(&id) else { return };
                let from = peer.link.key;
                // Dropping the channel fails the request at the peer.
                let Ok(place) = peer.link.requests_in.clone().try_acquire_owned() else {
                    shared.metrics.requests_dropped.inc();
                    return;
                };
                let reply = ReplyHandle { shared, channel, place };
                self.sinks.request(NetEvent::Request { from, body: request, reply });
            }
            Message::Response { request_id, response } => {
                self.answer(request_id, Ok(response));
            }
        }
    }

    fn answer(&mut self, id: OutboundRequestId, result: Result<Vec<u8>, RequestError>) {
        if let Some(answer) = self.asked.remove(&id) {
            // The asker may have given up.
            let _ = answer.send(result);
        }
    }

    fn blame(&mut self, id: &PeerId, error: &io::Error) {
        if let Some(key) = PeerKey::from_peer_id(id)
            && rpc::is_breach(error)
        {
            self.on_breach(key, format!("sent {error} as request or response"));
        }
    }
}
