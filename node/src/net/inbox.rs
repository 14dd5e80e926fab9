//! What arrives: two inboxes, and a byte budget per peer and lane that bounds them.
//!
//! The channels have no bound of their own. A frame is read from its stream only when its peer's
//! [`Budget`] for that lane has room. The room travels with the frame ([`Room`]) and is given back
//! when whoever handles the frame drops it. So a slow consumer stops the reading, stream by stream;
//! TCP and yamux then stop the sender; and no peer's flood takes room from another peer, or batches
//! from consensus.

use std::{fmt, sync::Arc};

use libp2p::request_response::ResponseChannel;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};

use super::{
    Lane, PeerKey, SendError,
    link::{Command, Shared},
};

/// What a frame costs beyond its bytes, so that empty frames are not free.
const FRAME_COST_BYTES: u32 = 512;

/// Something that happened on the network.
#[derive(Debug)]
pub enum NetEvent {
    /// The peer has let us in; `send` to it works from now on.
    Connected(PeerKey),
    /// The last connection to the peer is gone.
    Disconnected(PeerKey),
    /// A frame, whole and within its lane's cap, from this very peer.
    Frame { from: PeerKey, lane: Lane, bytes: Vec<u8>, room: Room },
    /// A request, to be answered through `reply`.
    Request { from: PeerKey, body: Vec<u8>, reply: ReplyHandle },
    /// Somebody was turned away or cut off: an unlisted key, another chain, a frame too long.
    /// `peer` is a peer id, or an address if no peer id is known.
    Rejected { peer: String, why: String },
}

/// A frame's part of its peer's budget: to be dropped when the frame has been handled, not before.
#[derive(Debug)]
pub struct Room(#[allow(dead_code, reason = "held, never read")] OwnedSemaphorePermit);

/// The way back for one request. Dropping it fails the request at the peer.
pub struct ReplyHandle {
    /// The peer's place among its open requests. Given back before the peer hears of the end of
    /// this one (hence the first field): it may send the next at once.
    pub(super) place: OwnedSemaphorePermit,
    pub(super) channel: ResponseChannel<Vec<u8>>,
    pub(super) shared: Arc<Shared>,
}

impl ReplyHandle {
    /// Sends the response; never blocks. Nobody is told if the peer has given up meanwhile.
    pub fn send(self, body: Vec<u8>) -> Result<(), SendError> {
        let max = usize::try_from(self.shared.limits.response_bytes_max).unwrap_or(usize::MAX);
        if body.len() > max {
            return Err(SendError::TooLarge { size: body.len(), max });
        }
        let Self { place, channel, shared } = self;
        drop(place);
        shared.command(Command::Reply { channel, body });
        Ok(())
    }
}

impl fmt::Debug for ReplyHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ReplyHandle")
    }
}

/// The receiving end of [`NetEvent`]s.
pub struct Inbox {
    receiver: mpsc::UnboundedReceiver<NetEvent>,
}

impl Inbox {
    /// The next event; `None` when the network has stopped and everything is taken out. Safe to
    /// cancel.
    pub async fn recv(&mut self) -> Option<NetEvent> {
        self.receiver.recv().await
    }

    /// The next event, if there is one already.
    pub fn try_recv(&mut self) -> Option<NetEvent> {
        self.receiver.try_recv().ok()
    }
}

/// The sending ends of the two inboxes.
#[derive(Clone)]
pub(super) struct Sinks {
    events: mpsc::UnboundedSender<NetEvent>,
    batches: mpsc::UnboundedSender<NetEvent>,
}

/// The consumer has dropped its inbox.
#[derive(Debug)]
pub(super) struct NobodyListens;

pub(super) fn channels() -> (Inbox, Inbox, Sinks) {
    let (events, events_receiver) = mpsc::unbounded_channel();
    let (batches, batches_receiver) = mpsc::unbounded_channel();
    let inbox = |receiver| Inbox { receiver };
    (inbox(events_receiver), inbox(batches_receiver), Sinks { events, batches })
}

impl Sinks {
    /// Connected, Disconnected, Rejected. Their number is bounded by the pace of dialling and by
    /// [`super::rejections`].
    pub fn control(&self, event: NetEvent) {
        let _ = self.events.send(event);
    }

    pub fn request(&self, event: NetEvent) {
        let _ = self.batches.send(event);
    }

    pub fn frame(
        &self,
        from: PeerKey,
        lane: Lane,
        bytes: Vec<u8>,
        room: Room,
    ) -> Result<(), NobodyListens> {
        let sink = match lane {
            Lane::Consensus => &self.events,
            Lane::Batch => &self.batches,
        };
        sink.send(NetEvent::Frame { from, lane, bytes, room }).map_err(|_| NobodyListens)
    }
}

/// How many bytes of one peer and lane may wait for the consumer.
pub(super) struct Budget {
    room: Arc<Semaphore>,
    total: u32,
}

impl Budget {
    pub fn new(total: u32) -> Self {
        let permits = usize::try_from(total).unwrap_or(Semaphore::MAX_PERMITS);
        Self { room: Arc::new(Semaphore::new(permits)), total }
    }

    /// Waits for room for a frame of this size. A frame as large as the whole budget passes when
    /// nothing else waits.
    pub async fn room_for(&self, size: u32) -> Option<Room> {
        let cost = size.saturating_add(FRAME_COST_BYTES).min(self.total);
        self.room.clone().acquire_many_owned(cost).await.ok().map(Room)
    }
}
