//! Every call ends in time: a request that is sent half, or a slow answer, holds nothing for ever.
//!
//! tonic's own server timeout is one for all; waiting calls need a longer one. The time runs until
//! the answer begins, so streams of events are not cut.

use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use ballast_proto::error::{ServiceReason, WireError};
use tonic::Status;
use tonic::body::Body;
use tonic::codegen::http::{Request, Response};
use tower::{Layer, Service};

/// Calls that wait for the chain; they bound their own waiting.
const WAITING: [&str; 2] = ["/ballast.v1.TxService/WaitTx", "/ballast.v1.ProofService/GetProof"];

#[derive(Clone, Copy, Debug)]
pub(super) struct DeadlineLayer {
    pub call: Duration,
    /// For calls that wait: longer than the longest wait.
    pub waiting: Duration,
}

#[derive(Clone, Debug)]
pub(super) struct Deadline<S> {
    inner: S,
    layer: DeadlineLayer,
}

impl<S> Layer<S> for DeadlineLayer {
    type Service = Deadline<S>;

    fn layer(&self, inner: S) -> Deadline<S> {
        Deadline { inner, layer: *self }
    }
}

impl<S, B> Service<Request<B>> for Deadline<S>
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

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let waits = WAITING.contains(&request.uri().path());
        let limit = if waits { self.layer.waiting } else { self.layer.call };
        let answer = self.inner.call(request);
        Box::pin(async move {
            tokio::time::timeout(limit, answer).await.unwrap_or_else(|_| {
                let error = WireError::new(ServiceReason::DeadlineExceeded);
                Ok(Status::from(error).into_http())
            })
        })
    }
}
