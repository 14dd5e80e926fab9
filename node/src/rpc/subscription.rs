//! One open subscription: a task that reads the store behind its reader, however far behind that
//! is, and never holds more than a bounded number of frames.

use ballast_proto::error::{ServiceReason, WireError};
use ballast_proto::v1::subscribe_events_response::Frame;
use ballast_proto::v1::{EventRecord, Heartbeat, SubscribeEventsResponse};
use tokio::sync::mpsc::{self, OwnedPermit, Receiver, Sender};
use tokio::sync::{OwnedSemaphorePermit, watch};
use tokio::time::{Instant, sleep_until, timeout};
use tonic::Status;

use super::backend::Head;
use super::census::OpenCall;
use super::context::{Context, internal};
use super::cursor::Cursor;
use super::scan::{Filter, scan};

/// How many events are read at a time.
const READ_MAX: usize = 128;

type FrameResult = Result<SubscribeEventsResponse, Status>;

pub(super) struct Subscription {
    context: Context,
    heads: watch::Receiver<Head>,
    filter: Filter,
    frames: Sender<FrameResult>,
    /// Everything up to here has been handed over.
    at: Cursor,
    heartbeat_due: Instant,
    _held: Held,
}

/// What an open subscription holds: its place among subscriptions, and its connection's.
pub(super) struct Held {
    #[allow(dead_code, reason = "held, never read")]
    pub seat: OwnedSemaphorePermit,
    #[allow(dead_code, reason = "held, never read")]
    pub call: Option<OpenCall>,
}

/// Why a subscription ended.
enum End {
    /// The reader left.
    Gone,
    /// The reader is told why.
    Closed(Status),
}

impl From<WireError> for End {
    fn from(error: WireError) -> Self {
        Self::Closed(error.into())
    }
}

impl Subscription {
    /// Starts the task that fills the stream given back.
    pub async fn start(
        context: Context,
        after: Cursor,
        filter: Filter,
        held: Held,
    ) -> Result<Receiver<FrameResult>, WireError> {
        // One place is kept for the reason of the end, so that a full stream can still say it.
        let places = context.config.subscription_frames_max.saturating_add(1);
        let (frames, stream) = mpsc::channel(places);
        let last_word = frames.clone().reserve_owned().await.map_err(internal)?;
        let heads = context.backend.head();
        let heartbeat_due = in_time(context.config.heartbeat);
        let subscription =
            Self { context, heads, filter, frames, at: after, heartbeat_due, _held: held };
        tokio::spawn(subscription.run(last_word));
        Ok(stream)
    }

    async fn run(mut self, last_word: OwnedPermit<FrameResult>) {
        let stop = self.context.stop.clone();
        let gone = self.frames.clone();
        let end = tokio::select! {
            end = self.follow() => end,
            () = gone.closed() => End::Gone,
            () = stop.cancelled() => WireError::new(ServiceReason::ShuttingDown).into(),
        };
        if let End::Closed(status) = end {
            last_word.send(Err(status));
        }
    }

    async fn follow(&mut self) -> End {
        loop {
            let head = *self.heads.borrow_and_update();
            if let Err(end) = self.catch_up(&head).await {
                return end;
            }
            tokio::select! {
                changed = self.heads.changed() => if changed.is_err() {
                    return WireError::new(ServiceReason::ShuttingDown).into();
                },
                () = sleep_until(self.heartbeat_due) => {
                    if let Err(end) = self.heartbeat(head.height, head.time_ms).await {
                        return end;
                    }
                }
            }
        }
    }

    /// Hands over everything up to `head`.
    async fn catch_up(&mut self, head: &Head) -> Result<(), End> {
        while self.at < Cursor::end_of(head.height) {
            let (after, head_height, filter) = (self.at, head.height, self.filter.clone());
            let read = self
                .context
                .blocking(move |context| scan(context, after, head_height, &filter, READ_MAX));
            let (events, next) = read.await.map_err(End::Closed)?;
            for event in events {
                self.event(event).await?;
            }
            self.at = next;
            if Instant::now() >= self.heartbeat_due {
                self.heartbeat(next.height, head.time_ms).await?;
            }
        }
        Ok(())
    }

    async fn event(&mut self, event: EventRecord) -> Result<(), End> {
        let cursor = event.cursor.parse::<Cursor>()?;
        self.send(cursor, Frame::Event(event)).await
    }

    async fn heartbeat(&mut self, height: u64, block_time_ms: u64) -> Result<(), End> {
        self.send(self.at, Frame::Heartbeat(Heartbeat { height, block_time_ms })).await
    }

    /// Waits for a free place, but not for ever: a reader that is too slow is closed and told
    /// where to resume, never skipped.
    async fn send(&mut self, cursor: Cursor, frame: Frame) -> Result<(), End> {
        let stall = self.context.config.subscription_stall;
        match timeout(stall, self.frames.reserve()).await {
            Ok(Ok(place)) => {
                let cursor_text = cursor.to_string();
                place.send(Ok(SubscribeEventsResponse { cursor: cursor_text, frame: Some(frame) }));
                self.at = cursor;
                self.heartbeat_due = in_time(self.context.config.heartbeat);
                Ok(())
            }
            Ok(Err(_)) => Err(End::Gone),
            Err(_) => Err(WireError::new(ServiceReason::SlowReader).with("cursor", self.at).into()),
        }
    }
}

fn in_time(duration: std::time::Duration) -> Instant {
    Instant::now().checked_add(duration).unwrap_or_else(Instant::now)
}
