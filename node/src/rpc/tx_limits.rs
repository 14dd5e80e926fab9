//! One service, two limits: only SubmitBatch may carry a message of megabytes.

use std::convert::Infallible;
use std::sync::Arc;
use std::task::{Context, Poll};

use ballast_proto::v1::tx_service_server::TxServiceServer;
use tonic::body::Body;
use tonic::codegen::http::{Request, Response};
use tonic::server::NamedService;
use tower::Service;

use super::tx::Tx;

const SUBMIT_BATCH: &str = "/ballast.v1.TxService/SubmitBatch";
/// What the framing of 8,192 transactions adds to their bytes, at most.
const FRAMING_BYTES: usize = 64 * 1024;

#[derive(Clone)]
pub(super) struct TxRoutes {
    plain: TxServiceServer<Tx>,
    batch: TxServiceServer<Tx>,
}

impl TxRoutes {
    pub fn new(tx: Tx, request_bytes_max: usize, batch_bytes_max: usize) -> Self {
        let tx = Arc::new(tx);
        let limited =
            |max| TxServiceServer::from_arc(Arc::clone(&tx)).max_decoding_message_size(max);
        Self {
            plain: limited(request_bytes_max),
            batch: limited(batch_bytes_max.saturating_add(FRAMING_BYTES)),
        }
    }
}

impl NamedService for TxRoutes {
    const NAME: &'static str = <TxServiceServer<Tx> as NamedService>::NAME;
}

impl Service<Request<Body>> for TxRoutes {
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = <TxServiceServer<Tx> as Service<Request<Body>>>::Future;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        // Neither ever has to wait.
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        match request.uri().path() {
            SUBMIT_BATCH => self.batch.call(request),
            _ => self.plain.call(request),
        }
    }
}
