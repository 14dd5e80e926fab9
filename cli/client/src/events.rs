//! Events, exactly once and in order, whichever validator tells them.

use std::time::{Duration, Instant};

use ballast_proto::error::ServiceReason;
use ballast_proto::v1::event_service_client::EventServiceClient;
use ballast_proto::v1::subscribe_events_response::Frame;
use ballast_proto::{Reason, v1};
use tonic::Streaming;

use crate::endpoints::{Answer, Endpoints};
use crate::error::{Attempt, Error};

/// A heartbeat comes every 5 s at least; without one for this long the stream is dead.
const SILENCE_MS: u64 = 15_000;
/// How long to look for a validator that goes on with the stream.
const SEARCH_MS: u64 = 60_000;
const AGAIN_MS: u64 = 500;

/// One event, or the news that there was none up to a height.
#[derive(Clone, Debug, PartialEq)]
pub enum EventFrame {
    Event(Box<v1::EventRecord>),
    Heartbeat(v1::Heartbeat),
}

/// Events behind a cursor, as they come. Dropping it ends the subscription.
pub struct EventStream<'a> {
    endpoints: &'a Endpoints,
    /// Everything up to it has been given out.
    cursor: String,
    filter: v1::EventFilter,
    stream: Option<Streaming<v1::SubscribeEventsResponse>>,
    /// Whether the cursor is known to be the chain's own.
    has_begun: bool,
}

impl<'a> EventStream<'a> {
    pub(crate) const fn new(
        endpoints: &'a Endpoints,
        cursor: String,
        filter: v1::EventFilter,
    ) -> Self {
        Self { endpoints, cursor, filter, stream: None, has_begun: false }
    }

    /// Resume behind this.
    pub fn cursor(&self) -> &str {
        &self.cursor
    }

    /// The next frame. Broken connections are mended; an error is final.
    pub async fn next(&mut self) -> Result<EventFrame, Error> {
        let mut attempts = Vec::new();
        let mut end = None;
        loop {
            match self.step().await {
                Ok(frame) => return Ok(frame),
                Err(Broken::Final(error)) => return Err(error),
                Err(Broken::Mendable(attempt)) => attempts.push(attempt),
            }
            self.stream = None;
            self.endpoints.turn();
            let end = *end.get_or_insert_with(|| Instant::now() + Duration::from_millis(SEARCH_MS));
            if Instant::now() >= end {
                let last = attempts.len().saturating_sub(self.endpoints.all().len());
                return Err(Error::Unreachable(attempts.split_off(last)));
            }
            tokio::time::sleep(Duration::from_millis(AGAIN_MS)).await;
        }
    }

    async fn step(&mut self) -> Result<EventFrame, Broken> {
        let stream = match &mut self.stream {
            Some(stream) => stream,
            None => {
                let stream = self.subscribe().await?;
                self.stream.insert(stream)
            }
        };
        let message = tokio::time::timeout(Duration::from_millis(SILENCE_MS), stream.message());
        let broken = |problem: &str| {
            Broken::Mendable(Attempt { endpoint: "events".to_owned(), problem: problem.to_owned() })
        };
        let answer = match message.await {
            Err(_) => return Err(broken("the stream fell silent")),
            Ok(Ok(None)) => return Err(broken("the stream ended")),
            Ok(Ok(Some(answer))) => answer,
            Ok(Err(status)) => return Err(self.broken("events", Answer::of(status))),
        };
        self.has_begun = true;
        self.cursor = answer.cursor;
        match answer.frame {
            Some(Frame::Event(event)) => Ok(EventFrame::Event(Box::new(event))),
            Some(Frame::Heartbeat(heartbeat)) => Ok(EventFrame::Heartbeat(heartbeat)),
            None => Err(Broken::Final(Error::BadAnswer("an empty frame".to_owned()))),
        }
    }

    async fn subscribe(&self) -> Result<Streaming<v1::SubscribeEventsResponse>, Broken> {
        let Some(endpoint) = self.endpoints.in_turn().next() else {
            return Err(Broken::Final(Error::Unreachable(Vec::new())));
        };
        let channel = endpoint.channel().await.map_err(Broken::Mendable)?;
        let request = v1::SubscribeEventsRequest {
            after: self.cursor.clone(),
            filter: Some(self.filter.clone()),
        };
        let mut client = EventServiceClient::new(channel);
        match tokio::time::timeout(self.endpoints.call, client.subscribe_events(request)).await {
            Ok(Ok(stream)) => Ok(stream.into_inner()),
            Ok(Err(status)) => Err(self.broken(&endpoint.url, Answer::of(status))),
            Err(_) => Err(Broken::Mendable(endpoint.attempt("no answer"))),
        }
    }

    fn broken(&self, endpoint: &str, answer: Answer) -> Broken {
        let mendable =
            |problem| Broken::Mendable(Attempt { endpoint: endpoint.to_owned(), problem });
        match answer {
            Answer::Lost(problem) => mendable(problem),
            Answer::TryAnother(error) => mendable(error.message),
            Answer::Final(error) => match error.reason {
                Reason::Service(ServiceReason::SlowReader) => mendable(error.message),
                // A validator that is behind the one that gave the cursor.
                Reason::Service(ServiceReason::CursorAhead) if self.has_begun => {
                    mendable(error.message)
                }
                _ => Broken::Final(Error::Refused(error)),
            },
        }
    }
}

enum Broken {
    Mendable(Attempt),
    Final(Error),
}
