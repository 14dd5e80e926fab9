//! The lanes: one writer task per connected peer and lane, one accepting task per lane, one
//! reader task per accepted stream.
//!
//! libp2p-stream drops an inbound stream, silently, when two arrive before the first is taken.
//! Hence the byte [`ACCEPTED`]: a writer sends nothing until it has it, and tries again else.

use std::{collections::BTreeMap, io, sync::Arc, time::Duration};

use futures::{
    AsyncReadExt, AsyncWrite, AsyncWriteExt, StreamExt,
    io::{BufReader, BufWriter},
};
use libp2p::{Stream, StreamProtocol};
use libp2p_stream::{Control, IncomingStreams, OpenStreamError};
use tokio::{
    task::{AbortHandle, JoinSet},
    time,
};
use tokio_util::sync::CancellationToken;

use super::{
    Lane, PeerKey,
    frame::{self, FrameError},
    inbox::Sinks,
    link::{Command, Link, Shared},
};

/// What the receiver of a stream writes, once, when it has taken it.
pub(super) const ACCEPTED: u8 = 1;

/// One yamux frame: many votes leave in one write.
const WRITE_BUFFER_BYTES: usize = 16 * 1024;
const READ_BUFFER_BYTES: usize = 16 * 1024;

/// Our end of one lane to one peer, for as long as the peer is connected.
pub(super) struct Writer {
    pub shared: Arc<Shared>,
    pub link: Arc<Link>,
    pub lane: Lane,
    pub protocol: StreamProtocol,
    pub control: Control,
    /// The number of the connection, which tells a late report from a current one.
    pub epoch: u64,
}

impl Writer {
    /// Opens the lane, and again whenever it breaks, until `disconnected`.
    pub async fn run(mut self, disconnected: CancellationToken) {
        disconnected.run_until_cancelled(self.keep_open()).await;
    }

    async fn keep_open(&mut self) {
        let (min, max) = {
            let limits = &self.shared.limits;
            (limits.dial_backoff_min, limits.dial_backoff_max)
        };
        let mut wait = min;
        loop {
            let error = match self.open().await {
                Ok(stream) => {
                    wait = min;
                    self.report_up();
                    self.pump(stream).await
                }
                Err(OpenStreamError::UnsupportedProtocol(_)) => {
                    let why = "speaks no protocol of this chain".to_owned();
                    return self.shared.command(Command::Breach { peer: self.link.key, why });
                }
                Err(OpenStreamError::Io(error)) => error,
                Err(error) => io::Error::other(error),
            };
            tracing::debug!(peer = %self.link.key, lane = ?self.lane, %error, "lane out broke");
            time::sleep(wait).await;
            wait = next_wait(wait, max);
        }
    }

    async fn open(&mut self) -> Result<Stream, OpenStreamError> {
        let limit = self.shared.limits.handshake_timeout;
        let (id, protocol) = (self.link.id, self.protocol.clone());
        let opening = async {
            let mut stream = self.control.open_stream(id, protocol).await?;
            let mut answer = [0];
            stream.read_exact(&mut answer).await?;
            if answer == [ACCEPTED] {
                Ok(stream)
            } else {
                Err(io::Error::from(io::ErrorKind::InvalidData).into())
            }
        };
        let late = |_| OpenStreamError::Io(io::ErrorKind::TimedOut.into());
        time::timeout(limit, opening).await.map_err(late)?
    }

    /// The consensus lane stands for the peer: it is the one that must work.
    fn report_up(&self) {
        if self.lane == Lane::Consensus {
            self.shared.command(Command::LaneUp { peer: self.link.key, epoch: self.epoch });
        }
    }

    /// Writes until something breaks, and says what.
    async fn pump(&self, stream: Stream) -> io::Error {
        let (mut reading, writing) = stream.split();
        let mut byte = [0];
        // Nothing more is due from the peer, so that whatever comes means "broken". Without this
        // a quiet lane would not notice.
        let broken = reading.read(&mut byte);
        tokio::select! {
            result = self.write_frames(writing) => result.err().unwrap_or_else(closed),
            result = broken => result.err().unwrap_or_else(closed),
        }
    }

    async fn write_frames<W: AsyncWrite + Unpin>(&self, writing: W) -> io::Result<()> {
        let metrics = self.shared.metrics.lane(self.lane);
        let queue = self.link.queue(self.lane);
        let mut writing = BufWriter::with_capacity(WRITE_BUFFER_BYTES, writing);
        loop {
            let frame = match queue.pop() {
                Some(frame) => frame,
                None => {
                    // All that was queued leaves together.
                    writing.flush().await?;
                    queue.next().await
                }
            };
            frame::write(&mut writing, &frame).await?;
            metrics.frames_out.inc();
            metrics.bytes_out.inc_by(u64::try_from(frame.len()).unwrap_or(u64::MAX));
        }
    }
}

fn closed() -> io::Error {
    io::ErrorKind::ConnectionReset.into()
}

fn next_wait(wait: Duration, max: Duration) -> Duration {
    wait.saturating_mul(2).min(max)
}

/// Takes the inbound streams of one lane until the swarm is gone; never waits for anything else.
pub(super) async fn accept(
    shared: Arc<Shared>,
    sinks: Sinks,
    lane: Lane,
    mut incoming: IncomingStreams,
) {
    let mut readers = JoinSet::new();
    let mut current: BTreeMap<PeerKey, AbortHandle> = BTreeMap::new();
    loop {
        let (id, stream) = tokio::select! {
            next = incoming.next() => match next {
                Some(next) => next,
                None => return,
            },
            Some(_) = readers.join_next() => continue,
        };
        // A peer that has left the list meanwhile: its connection is being closed.
        let Some(link) = PeerKey::from_peer_id(&id).and_then(|key| shared.link(&key)) else {
            continue;
        };
        let key = link.key;
        let reader = Reader { shared: shared.clone(), sinks: sinks.clone(), link, lane };
        let handle = readers.spawn(reader.run(stream));
        // A peer opens a lane again only when the old stream broke. Two at once would let it
        // have twice the buffers, and would mix the order of its frames.
        if let Some(old) = current.insert(key, handle) {
            old.abort();
        }
    }
}

/// The peer's end of one lane.
struct Reader {
    shared: Arc<Shared>,
    sinks: Sinks,
    link: Arc<Link>,
    lane: Lane,
}

impl Reader {
    async fn run(self, stream: Stream) {
        let removed = self.link.removed.clone();
        let Some(Err(error)) = removed.run_until_cancelled(self.read_frames(stream)).await else {
            return;
        };
        let (peer, lane) = (self.link.key, self.lane);
        tracing::debug!(%peer, ?lane, %error, "lane in broke");
        if let FrameError::TooLong { .. } = error {
            let why = format!("sent {error} on lane {lane:?}");
            self.shared.command(Command::Breach { peer, why });
        }
    }

    async fn read_frames(&self, mut stream: Stream) -> Result<(), FrameError> {
        stream.write_all(&[ACCEPTED]).await?;
        stream.flush().await?;
        let max = self.shared.limits.frame_bytes_max(self.lane);
        let budget = self.link.budget(self.lane);
        let metrics = self.shared.metrics.lane(self.lane);
        let mut stream = BufReader::with_capacity(READ_BUFFER_BYTES, stream);
        loop {
            let size = frame::read_length(&mut stream, max).await?;
            let Some(room) = budget.room_for(size).await else {
                return Ok(());
            };
            let bytes = frame::read_body(&mut stream, size).await?;
            metrics.frames_in.inc();
            metrics.bytes_in.inc_by(u64::from(size));
            if self.sinks.frame(self.link.key, self.lane, bytes, room).is_err() {
                return Ok(());
            }
        }
    }
}
