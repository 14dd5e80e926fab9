//! The validator as a process: opens what is on the disk, connects the replica to clocks, sockets
//! and disks, and takes it down again.
//!
//! One thread owns the replica ([`brain`]); everything else talks to it through the
//! [`mailbox`]. Signatures are verified before they get there ([`verify`]); what must be durable
//! goes through [`disk`]; [`peers`] speaks to other validators, [`backend`] to the gRPC services,
//! and [`view`] publishes what the rest of the node may see.

mod answers;
mod backend;
mod book;
mod brain;
mod clock;
mod conduct;
mod disk;
mod gate;
mod keys;
mod mailbox;
mod open;
mod peers;
mod verify;
mod view;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64};
use std::time::Duration;

use ballast_primitives::{PublicKey, SecretKey, Validator};
use ballast_replica::durable::Order;
use parking_lot::Mutex;
use prometheus_client::registry::Registry;
use tokio::net::TcpListener;
use tokio::sync::{oneshot, watch};
use tokio_util::sync::CancellationToken;
use zeroize::Zeroizing;

use self::backend::{NodeBackend, Verifier};
use self::book::{Book, Directory, Me};
use self::brain::{Brain, Said, warn_of_unknown};
use self::clock::Clock;
use self::disk::Disk;
use self::gate::Gate;
use self::mailbox::{Letter, Mailbox};
use self::open::{Opened, open};
use self::peers::Peers;
use self::verify::Verification;
use self::view::{Published, Shared, View};
use crate::config::Config;
use crate::metrics::NodeMetrics;
use crate::net::{self, NetConfig, NetLimits, NetMetrics, PeerKey};
use crate::operator::{self, Limits, NodeStatus, Operator};
use crate::rpc;
use crate::rpc::backend::NodeInfo;
use crate::setup::{RunError, Setup};

/// Runs a validator until it is asked to stop, or until going on could be wrong.
pub async fn run(setup: Setup) -> Result<(), RunError> {
    let mut registry = Registry::default();
    let metrics = Arc::new(NodeMetrics::register(&mut registry));
    let net_metrics = NetMetrics::default();
    net_metrics.register(&mut registry);
    let rpc_metrics = rpc::RpcMetrics::default();
    rpc_metrics.register(&mut registry);

    let clock = Clock::start();
    let Setup { home, config, genesis, consensus_key, peer_key, rulebook, release, stop } = setup;
    let program = (rulebook, release);
    let genesis = Arc::new(genesis);
    let genesis_hash = genesis.hash();
    let opened = {
        let (genesis, config) = (Arc::clone(&genesis), config.clone());
        let opening = move || {
            open(&home, &config, &genesis, genesis_hash, consensus_key, program, clock.now())
        };
        tokio::task::spawn_blocking(opening)
            .await
            .map_err(|error| RunError::Failed(error.to_string()))??
    };
    let Opened { replica, effects, store, wal, sign_state, lock, head, data, evidence } = opened;

    // From here on, whatever ends first ends everything.
    let over = stop.child_token();
    let me = Me { key: replica.key(), peer: PeerKey(peer_key.public().0) };
    let directory = Directory::new(&config.network);
    let listed: Vec<_> = replica.listed().into_iter().cloned().collect();
    let book = Book::new(&me, &replica.listed(), &directory);
    check_addresses(&book)?;
    warn_of_other_peer_key(&listed, &me);
    let net = net::start(net_config(&config, &book, &peer_key, genesis_hash), net_metrics)
        .await
        .map_err(|error| RunError::Config(error.to_string()))?;
    let mailbox = Arc::new(Mailbox::default());
    let verification = Arc::new(Verification::new(Arc::clone(&metrics), rulebook));
    let peers = Peers::new(
        net.network.clone(),
        book,
        Arc::clone(&mailbox),
        Arc::clone(&metrics),
        Arc::clone(&verification),
    );
    tokio::spawn(peers.clone().pump_events(net.events));
    tokio::spawn(peers.clone().pump_batches(net.batches, Arc::clone(&store)));

    let info = NodeInfo {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        validator_name: config.node.name.clone(),
        evidence,
        ..NodeInfo::default()
    };
    let mut status =
        NodeStatus::new(config.node.name.clone(), genesis.chain_id, genesis_hash.to_string());
    (status.height, status.executed_height, status.time_ms) =
        (head.height, head.height, head.time_ms);
    let (status, status_seen) = watch::channel(status);
    let (head, head_seen) = watch::channel(head);
    let (serving, serving_seen) = watch::channel(false);
    let shared = Arc::new(Shared {
        info: Mutex::new(info),
        pending: Mutex::new(BTreeMap::new()),
        full: AtomicBool::new(false),
        proofs: Mutex::new(Vec::new()),
    });
    let tickets = Arc::new(Mutex::new(BTreeMap::new()));
    let next = replica.height() + 1;
    let brain = Brain {
        replica,
        clock,
        order: Order::new(next, wal.height()),
        disk: Disk {
            store: Arc::clone(&store),
            wal,
            sign_state,
            key: me.key,
            metrics: Arc::clone(&metrics),
        },
        mailbox: Arc::clone(&mailbox),
        peers,
        me,
        directory,
        listed,
        tickets: Arc::clone(&tickets),
        view: View::new(Arc::clone(&shared), Published { head, status, serving }, data),
        metrics: Arc::clone(&metrics),
        last_commit: None,
        said: Said::default(),
    };
    let (ended, end) = oneshot::channel();
    let thread = std::thread::Builder::new().name("replica".to_owned()).spawn(move || {
        // If nobody waits any more, the process is ending.
        let _ = ended.send(brain.run(effects));
    });
    let thread = thread.map_err(|error| RunError::Failed(error.to_string()))?;

    let operator =
        serve_operator(&config, status_seen, registry, rpc_metrics.clone(), &over).await?;
    let backend = Arc::new(NodeBackend {
        genesis,
        genesis_hash,
        store,
        head: head_seen,
        shared,
        mailbox: Arc::clone(&mailbox),
        tickets,
        metrics,
        clock,
        stop: over.clone(),
        gate: Gate::default(),
        verifier: Verifier::start(verification),
        next_ticket: AtomicU64::new(1),
    });
    let server = rpc::serve(rpc_config(&config), backend, serving_seen, rpc_metrics, over.clone())
        .await
        .map_err(|error| RunError::Config(error.to_string()))?;
    tracing::info!(peers = %net.address, rpc = %server.address, operator = %config.operator.listen,
        genesis = %genesis_hash, "validator started");

    let result = wait(end, &stop, &mailbox).await;
    over.cancel();
    tracing::info!("stopping");
    if server.task.await.is_err() {
        tracing::error!("the gRPC server failed");
    }
    let _ = tokio::time::timeout(Duration::from_secs(2), operator).await;
    net.network.shutdown().await;
    if tokio::task::spawn_blocking(move || thread.join()).await.is_err() {
        tracing::error!("the replica's thread did not end");
    }
    drop(lock);
    result
}

/// Waits for the replica to end; asks it to when the node is asked to.
async fn wait(
    mut end: oneshot::Receiver<Result<(), RunError>>,
    stop: &CancellationToken,
    mailbox: &Mailbox,
) -> Result<(), RunError> {
    let gone = || RunError::Failed("the replica's thread is gone".to_owned());
    tokio::select! {
        ended = &mut end => return ended.map_err(|_| gone())?,
        () = stop.cancelled() => mailbox.control(Letter::Stop),
    }
    end.await.map_err(|_| gone())?
}

async fn serve_operator(
    config: &Config,
    status: watch::Receiver<NodeStatus>,
    registry: Registry,
    rpc: rpc::RpcMetrics,
    over: &CancellationToken,
) -> Result<tokio::task::JoinHandle<()>, RunError> {
    let listen = config.operator.listen;
    let listener = TcpListener::bind(listen)
        .await
        .map_err(|error| RunError::Config(format!("operator.listen {listen}: {error}")))?;
    let heartbeat = Duration::from_millis(config.consensus.heartbeat_ms);
    let limits = Limits::for_heartbeat(heartbeat);
    let operator = Operator { status, registry: Arc::new(registry), limits, rpc };
    let over = over.clone();
    Ok(tokio::spawn(async move {
        if let Err(error) = operator::serve(listener, operator, over).await {
            tracing::error!(%error, "the operator port failed");
        }
    }))
}

/// A validator that was chosen after the file was written has no address in it, and dials. A file
/// that has none at all for the others is one that nobody has filled in.
fn check_addresses(book: &Book) -> Result<(), RunError> {
    warn_of_unknown(book);
    let dialled = book.entries().iter().any(|entry| entry.address.is_some());
    match book.unknown() {
        [first, ..] if !dialled => Err(RunError::Config(format!(
            "network.peers has no address for any validator, such as {}, peer key {}",
            first.name,
            PublicKey(first.peer.0)
        ))),
        _ => Ok(()),
    }
}

/// The others let in the peer key that the set names for this node's consensus key.
fn warn_of_other_peer_key(listed: &[Validator], me: &Me) {
    let mut seats = listed.iter().filter(|validator| validator.key == me.key).peekable();
    if seats.peek().is_some() && !seats.any(|seat| seat.peer.0 == me.peer.0) {
        tracing::warn!(ours = %PublicKey(me.peer.0),
            "the validator set names another peer key for this node's consensus key");
    }
}

/// Who may connect comes from the chain; addresses from the configuration.
fn net_config(
    config: &Config,
    book: &Book,
    peer_key: &SecretKey,
    chain: ballast_primitives::Hash,
) -> NetConfig {
    NetConfig {
        secret: Zeroizing::new(*peer_key.expose()),
        listen: config.network.listen.clone(),
        peers: book.entries().to_vec(),
        chain: chain.0,
        limits: NetLimits::default(),
    }
}

fn rpc_config(config: &Config) -> rpc::RpcConfig {
    let settings = &config.rpc;
    let mut rpc = rpc::RpcConfig::new(settings.listen);
    rpc.connections_max = settings.max_connections as usize;
    rpc.connections_per_address_max = settings.max_connections_per_address as usize;
    rpc.call_timeout = Duration::from_millis(settings.request_timeout_ms);
    rpc.calls_per_second_max = settings.max_calls_per_second;
    if let (Some(certificate), Some(key)) = (&settings.tls_cert, &settings.tls_key) {
        rpc.tls = Some(rpc::TlsFiles {
            certificate: certificate.clone(),
            key: key.clone(),
            client_ca: settings.tls_client_ca.clone(),
        });
    }
    rpc
}
