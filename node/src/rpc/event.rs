//! EventService: what happens on the chain, exactly once and in order.

use std::pin::Pin;

use ballast_proto::error::{ServiceReason, WireError};
use ballast_proto::v1::event_service_server::EventService;
use ballast_proto::v1::{
    ListEventsRequest, ListEventsResponse, SubscribeEventsRequest, SubscribeEventsResponse,
};
use futures::Stream;
use std::sync::Arc;
use tokio::sync::Semaphore;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Request, Response, Status};

use super::backend::Head;
use super::census::OpenCall;
use super::context::{Context, page_size};
use super::cursor::Cursor;
use super::ledger::oldest_block;
use super::scan::{Filter, scan};
use super::subscription::{Held, Subscription};

pub(super) struct Events {
    context: Context,
    /// One permit for each open subscription.
    seats: Arc<Semaphore>,
}

impl Events {
    pub fn new(context: Context) -> Self {
        let seats = Arc::new(Semaphore::new(context.config.subscriptions_max));
        Self { context, seats }
    }

    /// Waits a moment for the head to reach `after`: a reader that moved here from a validator
    /// that is a block ahead need not fail.
    async fn reached(&self, after: &Cursor) -> Result<Head, WireError> {
        let mut heads = self.context.backend.head();
        let reached = heads.wait_for(|head| head.height >= after.height);
        let reached = tokio::time::timeout(self.context.config.heartbeat, reached).await;
        let head = reached.ok().and_then(|head| head.ok().map(|head| *head));
        head.ok_or_else(|| {
            let head = self.context.head().height;
            WireError::new(ServiceReason::CursorAhead).with("head", head)
        })
    }
}

/// Refuses a cursor behind which blocks are missing.
pub(super) fn check_held(context: &Context, after: &Cursor, head: &Head) -> Result<(), WireError> {
    let oldest = oldest_events(context, head.height)?;
    if after.next_height() >= oldest || head.height == 0 {
        return Ok(());
    }
    Err(cursor_pruned(oldest))
}

/// The oldest height of which all events are held.
fn oldest_events(context: &Context, head: u64) -> Result<u64, WireError> {
    Ok(oldest_block(context, head)?.max(context.store().horizon().oldest))
}

pub(super) fn cursor_pruned(oldest: u64) -> WireError {
    let cursor = Cursor::end_of(oldest.saturating_sub(1));
    WireError::new(ServiceReason::CursorPruned).with("oldest", cursor)
}

#[tonic::async_trait]
impl EventService for Events {
    type SubscribeEventsStream =
        Pin<Box<dyn Stream<Item = Result<SubscribeEventsResponse, Status>> + Send>>;

    async fn subscribe_events(
        &self,
        request: Request<SubscribeEventsRequest>,
    ) -> Result<Response<Self::SubscribeEventsStream>, Status> {
        let call = request.extensions().get::<OpenCall>().cloned();
        let request = request.into_inner();
        let context = self.context.clone();
        let filter = Filter::read(&context.wire, request.filter)?;
        let after = match request.after.as_str() {
            "" => Cursor::end_of(context.head().height),
            text => text.parse()?,
        };
        let head = self.reached(&after).await?;
        check_held(&context, &after, &head)?;
        let seat = Arc::clone(&self.seats).try_acquire_owned();
        let seat = seat.map_err(|_| {
            WireError::new(ServiceReason::Busy).detail("too many subscriptions are open here")
        })?;
        let frames = Subscription::start(context, after, filter, Held { seat, call }).await?;
        Ok(Response::new(Box::pin(ReceiverStream::new(frames))))
    }

    async fn list_events(
        &self,
        request: Request<ListEventsRequest>,
    ) -> Result<Response<ListEventsResponse>, Status> {
        let request = request.into_inner();
        let size = page_size(request.page_size, 100, 1_000);
        let filter = Filter::read(&self.context.wire, request.filter)?;
        let after: Option<Cursor> = match request.after.as_str() {
            "" => None,
            text => Some(text.parse()?),
        };
        let head = match &after {
            Some(after) => self.reached(after).await?,
            None => self.context.head(),
        };
        let answer = self.context.blocking(move |context| {
            let after = match after {
                Some(after) => after,
                None => Cursor::end_of(oldest_events(context, head.height)?.saturating_sub(1)),
            };
            check_held(context, &after, &head)?;
            let (events, next) = scan(context, after, head.height, &filter, size)?;
            Ok(ListEventsResponse {
                events,
                next_cursor: next.to_string(),
                at_head: next >= Cursor::end_of(head.height),
            })
        });
        Ok(Response::new(answer.await?))
    }
}
