//! How often one address may call, a bucket that calls fill and time drains; and which calls are open.

use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use ballast_proto::error::{ServiceReason, WireError};
use parking_lot::Mutex;
use tokio::time::Instant;
use tonic::Status;
use tonic::body::Body;
use tonic::codegen::http::{Extensions, Request, Response};
use tower::{Layer, Service};

use super::census::Visit;

/// How many seconds' worth of calls may come at once.
const BURST_S: u32 = 2;

/// The calls of one address.
pub(super) struct Meter {
    /// What one call costs.
    interval: Duration,
    /// When the bucket is empty again.
    drained: Mutex<Instant>,
}

impl Meter {
    pub fn new(calls_per_second: u32) -> Self {
        let interval = Duration::from_secs(1).checked_div(calls_per_second).unwrap_or_default();
        Self { interval, drained: Mutex::new(Instant::now()) }
    }

    /// Whether it holds nothing that a new one would not.
    pub fn is_drained(&self, now: Instant) -> bool {
        *self.drained.lock() <= now
    }

    /// Counts so many calls at once; else says how long to wait for room. More than ever have
    /// room are let in when the bucket is empty.
    fn calls(&self, count: u32, now: Instant) -> Result<(), Duration> {
        let burst = Duration::from_secs(BURST_S.into());
        let mut drained = self.drained.lock();
        let is_empty = *drained <= now;
        let cost = self.interval.saturating_mul(count);
        let after = (*drained).max(now).checked_add(cost).unwrap_or(now);
        match after.saturating_duration_since(now).checked_sub(burst) {
            Some(excess) if !excess.is_zero() && !is_empty => Err(excess),
            _ => {
                *drained = after;
                Ok(())
            }
        }
    }
}

/// The connection that a request came through.
#[derive(Clone)]
pub(super) struct Caller(pub Arc<Visit>);

/// Counts `count` calls of whoever makes this request, if that is known.
pub(super) fn count(request: &Extensions, count: usize) -> Result<(), WireError> {
    let Some(Caller(visit)) = request.get::<Caller>() else { return Ok(()) };
    let count = u32::try_from(count).unwrap_or(u32::MAX);
    visit.meter.calls(count, Instant::now()).map_err(|wait| WireError {
        retry_after: Some(wait),
        ..WireError::new(ServiceReason::RateLimited)
    })
}

#[derive(Clone, Copy, Debug)]
pub(super) struct RateLayer;

#[derive(Clone, Debug)]
pub(super) struct Rated<S> {
    inner: S,
}

impl<S> Layer<S> for RateLayer {
    type Service = Rated<S>;

    fn layer(&self, inner: S) -> Rated<S> {
        Rated { inner }
    }
}

impl<S, B> Service<Request<B>> for Rated<S>
where
    S: Service<Request<B>, Response = Response<Body>, Error = Infallible>,
    S::Future: Send + 'static,
{
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Response<Body>, Infallible>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: Request<B>) -> Self::Future {
        let call = request.extensions().get().map(|Caller(visit)| visit.call());
        if let Some(call) = &call {
            request.extensions_mut().insert(call.clone());
        }
        match count(request.extensions(), 1) {
            Ok(()) => {
                let answer = self.inner.call(request);
                Box::pin(async move {
                    let answer = answer.await;
                    drop(call);
                    answer
                })
            }
            Err(error) => Box::pin(async move { Ok(Status::from(error).into_http()) }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_seconds_worth_of_calls_may_come_at_once_and_then_as_many_as_time_allows() {
        let (meter, start) = (Meter::new(100), Instant::now());
        let after = |ms| start + Duration::from_millis(ms);
        assert!((0..200).all(|_| meter.calls(1, start).is_ok()));
        assert_eq!(meter.calls(1, start), Err(Duration::from_millis(10)));
        assert_eq!(meter.calls(1, after(10)), Ok(()));
        assert!(meter.calls(1, after(10)).is_err());
        assert!((0..200).all(|_| meter.calls(1, after(5_000)).is_ok()));
        assert!(meter.calls(1, after(5_000)).is_err());
    }

    #[test]
    fn a_batch_counts_as_many_calls_and_a_large_one_waits_for_an_empty_bucket() {
        let (meter, start) = (Meter::new(100), Instant::now());
        let after = |ms| start + Duration::from_millis(ms);
        assert_eq!(meter.calls(150, start), Ok(()));
        assert_eq!(meter.calls(51, start), Err(Duration::from_millis(10)));
        assert_eq!(meter.calls(50, start), Ok(()));
        assert!(meter.calls(1_000, after(1_999)).is_err());
        assert_eq!(meter.calls(1_000, after(2_000)), Ok(()));
        assert_eq!(meter.calls(1, after(2_000)), Err(Duration::from_millis(8_010)));
    }
}
