//! Puts the server together.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use ballast_proto::v1::account_service_server::AccountServiceServer;
use ballast_proto::v1::control_service_server::ControlServiceServer;
use ballast_proto::v1::event_service_server::EventServiceServer;
use ballast_proto::v1::ledger_service_server::LedgerServiceServer;
use ballast_proto::v1::proof_service_server::ProofServiceServer;
use ballast_proto::v1::supply_service_server::SupplyServiceServer;
use thiserror::Error;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio_stream::wrappers::ReceiverStream;
use tokio_util::sync::CancellationToken;
use tonic::codegen::http::{HeaderName, HeaderValue, Method};
use tonic::service::Routes;
use tonic::transport::Server;
use tonic_health::ServingStatus;
use tonic_health::server::HealthReporter;
use tonic_web::GrpcWebLayer;
use tower_http::cors::{AllowHeaders, AllowOrigin, CorsLayer};

use super::account::Accounts;
use super::backend::Backend;
use super::config::RpcConfig;
use super::context::Context;
use super::control::Controls;
use super::deadline::DeadlineLayer;
use super::event::Events;
use super::ledger::Ledger;
use super::listen;
use super::metrics::RpcMetrics;
use super::named::NamedLayer;
use super::proof::Proofs;
use super::rate::RateLayer;
use super::supply::Supplies;
use super::tls::{Tls, TlsError};
use super::tx::Tx;
use super::tx_limits::TxRoutes;

/// What browsers may read of an answer.
const EXPOSED_HEADERS: [&str; 3] = ["grpc-status", "grpc-message", "grpc-status-details-bin"];
/// How long browsers may keep the answer to a preflight.
const PREFLIGHT_AGE: Duration = Duration::from_secs(24 * 60 * 60);
/// How much longer than its wait a waiting call may take.
const WAIT_SLACK: Duration = Duration::from_secs(5);

#[derive(Debug, Error)]
pub enum RpcError {
    #[error("{0} is not a loopback address: serving gRPC there needs TLS")]
    Insecure(SocketAddr),
    #[error("cannot listen on {0}: {1}")]
    Bind(SocketAddr, io::Error),
    #[error("the TLS settings are not usable: {0}")]
    Tls(#[from] TlsError),
    #[error("\"{0}\" is not an origin such as https://example.com")]
    Origin(String),
    #[error("the reflection service does not build: {0}")]
    Reflection(#[from] tonic_reflection::server::Error),
}

/// A running server.
#[derive(Debug)]
pub struct RpcServer {
    /// Where it listens: the real port when the configured one was 0.
    pub address: SocketAddr,
    /// Ends once the server has stopped and open calls have ended, or their grace has.
    pub task: JoinHandle<()>,
}

/// Serves until `stop`. `serving` is what `grpc.health.v1` says, for the whole server (`""`).
pub async fn serve(
    config: RpcConfig,
    backend: Arc<dyn Backend>,
    serving: watch::Receiver<bool>,
    metrics: RpcMetrics,
    stop: CancellationToken,
) -> Result<RpcServer, RpcError> {
    if config.tls.is_none() && !config.listen.ip().is_loopback() {
        return Err(RpcError::Insecure(config.listen));
    }
    let config = Arc::new(config);
    let tls = config.tls.clone().map(|files| Tls::start(files, config.tls_refresh)).transpose()?;
    let deadlines = DeadlineLayer {
        call: config.call_timeout,
        waiting: config.wait_max.saturating_add(WAIT_SLACK),
    };
    let mut server = http2(&config)
        .layer(cors(&config.cors_origins)?)
        .layer(GrpcWebLayer::new())
        .layer(RateLayer)
        .layer(NamedLayer)
        .layer(deadlines);
    let context = Context::new(backend, Arc::clone(&config), stop.clone());
    let router = server.add_routes(routes(context, serving)?);

    let bind_error = |error| RpcError::Bind(config.listen, error);
    let listener = TcpListener::bind(config.listen).await.map_err(bind_error)?;
    let address = listener.local_addr().map_err(bind_error)?;
    let accepted = listen::accept(listener, Arc::clone(&config), tls, metrics, stop.clone());
    let incoming = ReceiverStream::new(accepted);
    let served = router.serve_with_incoming_shutdown(incoming, stop.clone().cancelled_owned());
    let drain = config.drain;
    let task = tokio::spawn(async move {
        let out_of_grace = async {
            stop.cancelled().await;
            tokio::time::sleep(drain).await;
        };
        tokio::select! {
            ended = served => if let Err(error) = ended {
                tracing::error!(%error, "the gRPC server ended");
            },
            () = out_of_grace => tracing::warn!("gRPC calls were still open at the end"),
        }
    });
    Ok(RpcServer { address, task })
}

fn http2(config: &RpcConfig) -> Server {
    Server::builder()
        .accept_http1(true)
        .max_concurrent_streams(config.streams_max)
        .concurrency_limit_per_connection(usize::try_from(config.streams_max).unwrap_or(usize::MAX))
        .http2_keepalive_interval(Some(config.keepalive_interval))
        .http2_keepalive_timeout(Some(config.keepalive_timeout))
        .http2_max_header_list_size(config.header_bytes_max)
}

fn cors(origins: &[String]) -> Result<CorsLayer, RpcError> {
    let origin =
        |text: &String| HeaderValue::from_str(text).map_err(|_| RpcError::Origin(text.clone()));
    let allowed = match origins {
        [] => AllowOrigin::any(),
        origins => AllowOrigin::list(origins.iter().map(origin).collect::<Result<Vec<_>, _>>()?),
    };
    Ok(CorsLayer::new()
        .allow_origin(allowed)
        .allow_methods([Method::POST])
        .allow_headers(AllowHeaders::mirror_request())
        .expose_headers(EXPOSED_HEADERS.map(HeaderName::from_static))
        .max_age(PREFLIGHT_AGE))
}

fn routes(context: Context, serving: watch::Receiver<bool>) -> Result<Routes, RpcError> {
    let max = context.config.request_bytes_max;
    let (reporter, health) = tonic_health::server::health_reporter();
    tokio::spawn(context.stop.clone().run_until_cancelled_owned(report_health(reporter, serving)));
    let reflection = || {
        tonic_reflection::server::Builder::configure()
            .register_encoded_file_descriptor_set(ballast_proto::FILE_DESCRIPTOR_SET)
            .register_encoded_file_descriptor_set(tonic_health::pb::FILE_DESCRIPTOR_SET)
    };
    let accounts = AccountServiceServer::new(Accounts(context.clone()));
    let controls = ControlServiceServer::new(Controls(context.clone()));
    let events = EventServiceServer::new(Events::new(context.clone()));
    let ledger = LedgerServiceServer::new(Ledger::new(context.clone()));
    let proofs = ProofServiceServer::new(Proofs(context.clone()));
    let supplies = SupplyServiceServer::new(Supplies(context.clone()));
    let batch_max = context.config.batch_bytes_max;
    Ok(Routes::new(TxRoutes::new(Tx(context), max, batch_max))
        .add_service(accounts.max_decoding_message_size(max))
        .add_service(controls.max_decoding_message_size(max))
        .add_service(events.max_decoding_message_size(max))
        .add_service(ledger.max_decoding_message_size(max))
        .add_service(proofs.max_decoding_message_size(max))
        .add_service(supplies.max_decoding_message_size(max))
        .add_service(health.max_decoding_message_size(max))
        .add_service(reflection().build_v1()?.max_decoding_message_size(max))
        .add_service(reflection().build_v1alpha()?.max_decoding_message_size(max)))
}

async fn report_health(reporter: HealthReporter, mut serving: watch::Receiver<bool>) {
    loop {
        let status = match *serving.borrow_and_update() {
            true => ServingStatus::Serving,
            false => ServingStatus::NotServing,
        };
        reporter.set_service_status("", status).await;
        if serving.changed().await.is_err() {
            reporter.set_service_status("", ServingStatus::NotServing).await;
            return;
        }
    }
}
