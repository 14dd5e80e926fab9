//! The operator's port: `/livez`, `/readyz`, `/status` and `/metrics` over HTTP.
//!
//! It only shows: nothing that arrives here changes anything. It reads the status that the engine
//! publishes and never waits for the engine, so it answers while the node is stuck.

mod checks;
pub mod client;
pub mod disk;
pub mod rules;
pub mod status;

use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Router;
use axum::extract::{RawQuery, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use prometheus_client::encoding::text::encode;
use prometheus_client::registry::Registry;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

pub use checks::{Check, Limits, checks};
pub use status::{NodeStatus, Voting};

use crate::rpc::RpcMetrics;

/// What the port shows.
#[derive(Clone)]
pub struct Operator {
    pub status: watch::Receiver<NodeStatus>,
    pub registry: Arc<Registry>,
    pub limits: Limits,
    pub rpc: RpcMetrics,
}

/// Answers on `listener` until `stop`; then lets requests in hand end.
pub async fn serve(
    listener: TcpListener,
    operator: Operator,
    stop: CancellationToken,
) -> io::Result<()> {
    // Connections that stay open must not hold up the end.
    let patience = Duration::from_secs(1);
    let over = stop.clone();
    let serving = axum::serve(listener, router(operator))
        .with_graceful_shutdown(async move { over.cancelled().await });
    tokio::select! {
        ended = serving => ended,
        () = async { stop.cancelled().await; tokio::time::sleep(patience).await } => Ok(()),
    }
}

fn router(operator: Operator) -> Router {
    Router::new()
        .route("/livez", get(livez))
        .route("/readyz", get(readyz))
        .route("/status", get(show_status))
        .route("/metrics", get(metrics))
        .with_state(operator)
}

/// Whether the process is worth keeping: the engine still holds its end of the status.
async fn livez(State(operator): State<Operator>) -> Response {
    match operator.status.has_changed() {
        Ok(_) => (StatusCode::OK, "ok\n").into_response(),
        Err(_) => (StatusCode::SERVICE_UNAVAILABLE, "the engine has ended\n").into_response(),
    }
}

/// Whether the node takes part and its answers are fresh. `?verbose` names each check.
async fn readyz(State(operator): State<Operator>, RawQuery(query): RawQuery) -> Response {
    let checks = operator.checks();
    let ready = checks.iter().all(Check::passed);
    let status = if ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    let verdict = if ready { "ready" } else { "not ready" };
    let verbose = query.is_some_and(|query| query.split('&').any(is_verbose));
    let mut text = String::new();
    // Without being asked for all, a failed check still says why.
    for check in checks.iter().filter(|check| verbose || !check.passed()) {
        text.push_str(&format!("{check}\n"));
    }
    (status, format!("{text}{verdict}\n")).into_response()
}

fn is_verbose(part: &str) -> bool {
    matches!(part, "verbose" | "verbose=" | "verbose=1" | "verbose=true")
}

async fn show_status(State(operator): State<Operator>) -> Response {
    let checks = operator.checks();
    let report = operator.status.borrow().report(&checks, Instant::now());
    match serde_json::to_string(&report) {
        Ok(json) => ([(header::CONTENT_TYPE, "application/json")], json).into_response(),
        Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, error.to_string()).into_response(),
    }
}

async fn metrics(State(operator): State<Operator>) -> Response {
    const TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    let mut text = String::new();
    match encode(&mut text, &operator.registry) {
        Ok(()) => ([(header::CONTENT_TYPE, TYPE)], text).into_response(),
        Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, error.to_string()).into_response(),
    }
}

impl Operator {
    fn checks(&self) -> Vec<Check> {
        let now = Instant::now();
        let mut checks = checks(&self.status.borrow(), &self.limits, now);
        checks.push(checks::grpc(self.rpc.connections.get(), self.rpc.is_full(now)));
        checks
    }
}

#[cfg(test)]
mod tests;
