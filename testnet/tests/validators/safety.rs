//! What a validator refuses to do to itself, and whom it does not let in.

use std::fs;
use std::io::Read;
use std::path::Path;
use std::process::{Child, Stdio};
use std::time::Duration;

use ballast_primitives::SecretKey;
use ballast_testnet::manifest::Entry;
use ballast_testnet::{Cluster, layout, operator, ports};

use crate::common::{PATIENCE, until, up};

const REFUSED: Option<i32> = Some(9);

/// Ends with the test.
struct Node(Child);

impl Node {
    fn start(net: &Cluster, home: &Path) -> Self {
        let mut command = net.network.command("start", home);
        let piped = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
        Self(piped.spawn().unwrap())
    }

    /// The exit code, and what it said on standard error.
    async fn end(mut self) -> (Option<i32>, String) {
        let mut stderr = self.0.stderr.take().unwrap();
        let text = tokio::task::spawn_blocking(move || {
            let mut text = String::new();
            stderr.read_to_string(&mut text).map(|_| text)
        });
        let text = tokio::time::timeout(PATIENCE, text).await.expect("it goes on running");
        (self.0.wait().unwrap().code(), text.unwrap().unwrap())
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

async fn goes_on(net: &Cluster, n: usize) {
    let height = net.client(n).info().await.unwrap().height;
    net.wait_height(&[n], height + 2, PATIENCE).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn without_its_sign_state_a_validator_does_not_start() {
    let net = up();
    net.stop(&[0]).unwrap();
    let home = net.home(0);
    let sign_state = home.join("sign-state");
    let kept = net.network.dir().join("kept");
    fs::rename(&sign_state, &kept).unwrap();
    let (exit, said) = Node::start(&net, &home).end().await;
    assert_eq!(exit, REFUSED, "{said}");
    assert!(said.contains("sign-state"), "{said}");
    // Nor does init make it forget what it has signed.
    let init = net.network.command("init", &home).output().unwrap();
    assert_eq!(init.status.code(), REFUSED);
    assert!(!sign_state.exists());
    goes_on(&net, 1).await;

    fs::rename(&kept, &sign_state).unwrap();
    net.start(&[0]).unwrap();
    net.wait_ready(&[0]).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_process_on_the_same_data_is_refused() {
    let net = up();
    let (exit, said) = Node::start(&net, &net.home(0)).end().await;
    assert_eq!(exit, REFUSED, "{said}");
    goes_on(&net, 0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_peer_that_is_not_on_the_list_is_turned_away() {
    let net = up();
    let stranger = stranger(&net);
    let _node = Node::start(&net, &net.network.home(&stranger));
    let rejected = |n: usize| net.metric(n, "ballast_net_rejected_total").unwrap_or(0.0);
    until("every validator turns the stranger away", PATIENCE, async || {
        net.all().into_iter().all(|n| rejected(n) > 0.0).then_some(())
    })
    .await;
    goes_on(&net, 0).await;
    let status = |port| operator::status(port).expect("its operator port answers");
    assert_eq!(status(stranger.operator_port).height, 0);
    assert_eq!(status(stranger.operator_port).peers_connected, 0);
    for n in net.all() {
        assert_eq!(status(net.entry(n).operator_port).peers_connected, 3);
    }
}

/// A home with the right genesis and the validators' addresses, and keys that nobody listed.
fn stranger(net: &Cluster) -> Entry {
    let keys = [SecretKey::dev("nobody", "consensus"), SecretKey::dev("nobody", "peer")];
    let ports = ports::free(3).unwrap();
    let entry = Entry {
        name: "stranger".to_owned(),
        key: keys[0].public().to_string(),
        peer: keys[1].public().to_string(),
        peer_port: ports[0],
        grpc_port: ports[1],
        operator_port: ports[2],
        joined: true,
        process: None,
    };
    let home = net.network.home(&entry);
    let config = layout::config(net.manifest(), &entry);
    let genesis = fs::read(net.network.dir().join(layout::GENESIS_FILE)).unwrap();
    layout::write_home(&home, &config, &genesis, &keys[0], &keys[1]).unwrap();
    assert!(net.network.command("init", &home).output().unwrap().status.success());
    entry
}

#[tokio::test(flavor = "multi_thread")]
async fn a_validator_ends_by_itself_when_asked() {
    let net = up();
    let asked = std::time::Instant::now();
    net.stop(&net.all()).unwrap();
    // SIGKILL would have come after ten seconds.
    assert!(asked.elapsed() < Duration::from_secs(8), "{:?}", asked.elapsed());
    for n in net.all() {
        assert!(net.log(n).contains("\"stopped\""), "validator {n}");
    }
}
