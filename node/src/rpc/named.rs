//! Gives a name to what the gRPC library itself refuses: a message that is too large or does not
//! decode, a method that does not exist. Every error a client meets then has a reason.

use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use ballast_proto::error::{ServiceReason, WireError};
use tonic::body::Body;
use tonic::codegen::http::{Request, Response};
use tonic::{Code, Status};
use tower::{Layer, Service};

#[derive(Clone, Copy, Debug)]
pub(super) struct NamedLayer;

#[derive(Clone, Debug)]
pub(super) struct Named<S> {
    inner: S,
}

impl<S> Layer<S> for NamedLayer {
    type Service = Named<S>;

    fn layer(&self, inner: S) -> Named<S> {
        Named { inner }
    }
}

impl<S, B> Service<Request<B>> for Named<S>
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
        let answer = self.inner.call(request);
        Box::pin(async move { answer.await.map(name) })
    }
}

/// An answer that is nothing but a refusal has its status among the headers; ours have details.
fn name(answer: Response<Body>) -> Response<Body> {
    let status = Status::from_header_map(answer.headers());
    let Some(status) = status.filter(|status| status.details().is_empty()) else {
        return answer;
    };
    let reason = match status.code() {
        Code::OutOfRange | Code::ResourceExhausted => ServiceReason::MessageTooLarge,
        Code::Internal => ServiceReason::BadMessage,
        Code::Unimplemented => ServiceReason::UnknownMethod,
        _ => return answer,
    };
    Status::from(WireError::new(reason)).into_http()
}
