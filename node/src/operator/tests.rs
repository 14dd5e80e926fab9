use std::net::SocketAddr;

use prometheus_client::metrics::counter::Counter;

use super::disk::Space;
use super::*;
use crate::rpc::Refused;

const ENOUGH: Space = Space { free_bytes: 50, total_bytes: 100 };

fn healthy() -> NodeStatus {
    let mut status = NodeStatus::new("v1".into(), 7, "ab".repeat(32));
    status.height = 10;
    status.best_height = 10;
    status.peers_connected = 3;
    status.peers_listed = 3;
    status.peers_quorum = true;
    status.last_commit = Some(Instant::now());
    status.voting = Voting::Yes;
    status.disk = Some(ENOUGH);
    status
}

fn limits() -> Limits {
    Limits::for_heartbeat(Duration::from_secs(5))
}

fn failing(status: &NodeStatus, now: Instant) -> Vec<&'static str> {
    let checks = checks(status, &limits(), now);
    checks.iter().filter(|check| !check.passed()).map(|check| check.name).collect()
}

#[test]
fn each_check_fails_for_its_own_reason_alone() {
    let now = Instant::now();
    assert_eq!(failing(&healthy(), now), [""; 0]);
    type Spoil = fn(&mut NodeStatus);
    let cases: [(Spoil, &str); 12] = [
        (|s| s.stuck = Some("the state root differs".into()), "engine"),
        (|s| s.best_height = 19, "lag"),
        (|s| s.syncing = true, "lag"),
        (|s| s.peers_quorum = false, "peers"),
        (|s| s.last_commit = None, "commit"),
        (|s| s.voting = Voting::No("behind its sign-state".into()), "signer"),
        (|s| s.rules.outdated = true, "rules"),
        (|s| s.clock_skew_ms = Some(600_000), "clock"),
        (|s| s.clock_skew_ms = Some(-501), "clock"),
        (|s| s.disk = Some(Space { free_bytes: 4, total_bytes: 100 }), "disk"),
        (|s| s.disk = Some(Space { free_bytes: 1, total_bytes: 100 }), "disk"),
        (
            |s| {
                s.last_commit = s.last_commit.and_then(|at| at.checked_sub(Duration::from_secs(21)))
            },
            "commit",
        ),
    ];
    for (spoil, name) in cases {
        let mut status = healthy();
        spoil(&mut status);
        assert_eq!(failing(&status, now), [name]);
    }
    let mut fine = healthy();
    fine.best_height = 18;
    fine.voting = Voting::Observer;
    fine.disk = Some(Space { free_bytes: 10, total_bytes: 100 });
    assert_eq!(failing(&fine, now), [""; 0]);
}

struct Running {
    address: SocketAddr,
    publish: watch::Sender<NodeStatus>,
    rpc: RpcMetrics,
    stop: CancellationToken,
    task: tokio::task::JoinHandle<io::Result<()>>,
}

async fn start(status: NodeStatus) -> Running {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (publish, status) = watch::channel(status);
    let mut registry = Registry::default();
    registry.register("ballast_test", "A test", Counter::<u64>::default());
    let rpc = RpcMetrics::default();
    let operator =
        Operator { status, registry: Arc::new(registry), limits: limits(), rpc: rpc.clone() };
    let stop = CancellationToken::new();
    let task = tokio::spawn(serve(listener, operator, stop.clone()));
    Running { address, publish, rpc, stop, task }
}

async fn ask(address: SocketAddr, path: &'static str) -> (u16, String) {
    tokio::task::spawn_blocking(move || client::get(address, path).unwrap()).await.unwrap()
}

#[tokio::test]
async fn the_port_answers_for_a_healthy_node_and_names_what_fails_in_a_sick_one() {
    let running = start(healthy()).await;
    let at = running.address;
    assert_eq!(ask(at, "/livez").await, (200, "ok\n".into()));
    assert_eq!(ask(at, "/readyz").await, (200, "ready\n".into()));
    let (code, text) = ask(at, "/readyz?verbose").await;
    assert_eq!((code, text.lines().count()), (200, 10), "{text}");
    assert!(text.contains("[+] peers: 3 of 3 connected, a quorum\n"), "{text}");
    assert!(ask(at, "/metrics").await.1.contains("ballast_test_total 0"));
    assert_eq!(ask(at, "/nothing").await.0, 404);

    running.publish.send_modify(|status| status.peers_quorum = false);
    let (code, text) = ask(at, "/readyz").await;
    assert_eq!((code, text.as_str()), (503, "[-] peers: 3 of 3 connected, no quorum\nnot ready\n"));
    let report = tokio::task::spawn_blocking(move || client::status(at)).await.unwrap().unwrap();
    assert!(!report.ready && report.height == 10 && report.voting == "yes", "{report:?}");

    running.publish.send_modify(|status| status.peers_quorum = true);
    running.rpc.refuse(Refused::AddressFull);
    assert_eq!(ask(at, "/readyz").await.0, 200);
    running.rpc.refuse(Refused::Full);
    let (code, text) = ask(at, "/readyz").await;
    let why = "[-] grpc: 0 connections, all with open calls: newcomers are refused\nnot ready\n";
    assert_eq!((code, text.as_str()), (503, why));

    drop(running.publish);
    assert_eq!(ask(at, "/livez").await.0, 503);
    running.stop.cancel();
    running.task.await.unwrap().unwrap();
}

#[tokio::test]
async fn a_connection_that_stays_open_does_not_hold_up_the_end() {
    let running = start(healthy()).await;
    let silent = tokio::net::TcpStream::connect(running.address).await.unwrap();
    running.stop.cancel();
    let ended = tokio::time::timeout(Duration::from_secs(5), running.task).await;
    assert!(ended.is_ok(), "still serving");
    drop(silent);
}
