//! The accept loop: how many connections, from whom, and how long each may stay silent.
//!
//! tonic bounds none of this: a TCP connection that never speaks stays open for ever, whatever
//! its keepalive.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::census::Census;
use super::config::RpcConfig;
use super::connection::Connection;
use super::metrics::{Refused, RpcMetrics};
use super::tls::Tls;
use crate::address::counted;

/// Connections that have passed and wait for the server to take them.
const READY_MAX: usize = 64;
/// How long to wait when the process has no descriptors left.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// Accepts until `stop`; gives out the connections that have shown their preface in time.
pub(super) fn accept(
    listener: TcpListener,
    config: Arc<RpcConfig>,
    tls: Option<Arc<Tls>>,
    metrics: RpcMetrics,
    stop: CancellationToken,
) -> mpsc::Receiver<io::Result<Connection>> {
    let (ready, incoming) = mpsc::channel(READY_MAX);
    tokio::spawn(
        stop.run_until_cancelled_owned(accept_loop(listener, config, tls, metrics, ready)),
    );
    incoming
}

async fn accept_loop(
    listener: TcpListener,
    config: Arc<RpcConfig>,
    tls: Option<Arc<Tls>>,
    metrics: RpcMetrics,
    ready: mpsc::Sender<io::Result<Connection>>,
) {
    let census = Census::new(&config, metrics.clone());
    loop {
        let (stream, peer) = match listener.accept().await {
            Ok(accepted) => accepted,
            Err(error) => {
                tracing::debug!(%error, "accepting a gRPC connection failed");
                tokio::time::sleep(ACCEPT_PAUSE).await;
                continue;
            }
        };
        let seat = match census.take(counted(peer.ip())) {
            Ok(seat) => seat,
            Err(reason) => {
                metrics.refuse(reason);
                tracing::debug!(%peer, reason = reason.label(), "gRPC connection refused");
                continue;
            }
        };
        let (config, ready) = (Arc::clone(&config), ready.clone());
        let metrics = metrics.clone();
        let acceptor = tls.as_ref().map(|tls| tls.acceptor());
        tokio::spawn(async move {
            let admitted = Connection::admit(stream, acceptor, seat, &config);
            match tokio::time::timeout(config.preface_timeout, admitted).await {
                Ok(Ok(connection)) => drop(ready.send(Ok(connection)).await),
                Ok(Err(error)) => {
                    metrics.refuse(Refused::Handshake);
                    tracing::debug!(%peer, %error, "gRPC connection refused");
                }
                Err(_) => {
                    metrics.refuse(Refused::Silent);
                    tracing::debug!(%peer, "gRPC connection showed no preface in time");
                }
            }
        });
    }
}
