//! What a validator refuses to do to itself, and whom it does not let in.

use std::fs;
use std::io::Read;
use std::net::Ipv4Addr;
use std::path::Path;
use std::process::{Child, Stdio};
use std::time::Duration;

use ballast_primitives::SecretKey;
use ballast_testnet::manifest::Entry;
use ballast_testnet::{Cluster, layout, operator, ports};

use crate::common::{Load, PATIENCE, finish, until, up, wait_votes};

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

/// What an operator does when `start` has refused.
fn reset(net: &Cluster, home: &Path) {
    let mut command = std::process::Command::new(net.network.node());
    command.args(["sign-state", "reset", "--history-unknown", "--home"]).arg(home);
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

/// No peer holds evidence of a second signature, late ones included.
fn nobody_signed_twice(net: &Cluster) {
    for n in net.all() {
        assert_eq!(net.metric(n, "ballast_evidence_total"), Some(0.0), "validator {n}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_home_with_keys_only_comes_back_without_a_second_signature_again_and_again() {
    let net = up();
    let load = Load::start(&net, 4);
    for round in 0..20 {
        let n = round % 4;
        load.more(5, PATIENCE).await.unwrap();
        net.kill(&[n]).unwrap();
        let home = net.home(n);
        for file in ["sign-state", "consensus.wal", "LOCK"] {
            fs::remove_file(home.join(file)).unwrap();
        }
        fs::remove_dir_all(home.join("data")).unwrap();
        let (exit, said) = Node::start(&net, &home).end().await;
        assert_eq!(exit, REFUSED, "{said}");
        assert!(said.contains("--history-unknown"), "{said}");
        let init = net.network.command("init", &home).output().unwrap();
        assert_eq!(init.status.code(), REFUSED);
        reset(&net, &home);
        net.start(&[n]).unwrap();
        let head = net.client((n + 1) % 4).info().await.unwrap().height;
        net.wait_ready(&[n]).unwrap();
        wait_votes(&net, n, head).await;
    }
    nobody_signed_twice(&net);
    let ids = finish(load).await;
    net.audit(&ids).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_home_put_back_from_an_older_copy_follows_and_then_votes_again() {
    let net = up();
    let load = Load::start(&net, 4);
    for round in 0..4 {
        let n = round % 4;
        let (home, kept) = (net.home(n), net.network.dir().join(format!("kept-{round}")));
        net.stop(&[n]).unwrap();
        copy_folder(&home, &kept);
        net.start(&[n]).unwrap();
        net.wait_ready(&[n]).unwrap();
        load.more(20, PATIENCE).await.unwrap();
        net.kill(&[n]).unwrap();
        fs::remove_dir_all(&home).unwrap();
        copy_folder(&kept, &home);
        let head = net.client((n + 1) % 4).info().await.unwrap().height;
        net.start(&[n]).unwrap();
        net.wait_ready(&[n]).unwrap();
        wait_votes(&net, n, head).await;
        assert!(net.log(n).contains("following without voting"), "validator {n} was told nothing");
    }
    nobody_signed_twice(&net);
    let ids = finish(load).await;
    net.audit(&ids).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sign_state_that_is_not_the_newest_whole_one_of_its_home_is_refused() {
    let net = up();
    net.stop(&net.all()).unwrap();
    let (home, other) = (net.home(0), net.home(1));
    let path = home.join("sign-state");
    let newest = fs::read(&path).unwrap();
    let half = newest[..newest.len() / 2].to_vec();
    let foreign = fs::read(other.join("sign-state")).unwrap();
    for (what, bytes) in [("half", half), ("foreign", foreign), ("empty", Vec::new())] {
        fs::write(&path, bytes).unwrap();
        let (exit, said) = Node::start(&net, &home).end().await;
        assert_eq!(exit, REFUSED, "{what}: {said}");
        assert!(said.contains("--history-unknown"), "{what}: {said}");
    }
    // Its own, from before it signed what log and database know of.
    fs::write(&path, &newest).unwrap();
    let kept = fs::read(&path).unwrap();
    net.start(&net.all()).unwrap();
    net.wait_ready(&net.all()).unwrap();
    let height = net.client(0).info().await.unwrap().height;
    net.wait_height(&[0], height + 2, PATIENCE).await.unwrap();
    net.stop(&[0]).unwrap();
    fs::write(&path, kept).unwrap();
    let (exit, said) = Node::start(&net, &home).end().await;
    assert_eq!(exit, REFUSED, "{said}");
    assert!(said.contains("older than the database or the log"), "{said}");
}

fn copy_folder(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy_folder(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), &target).unwrap();
        }
    }
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
    let status = |entry: &Entry| {
        operator::status(entry.operator_address()).expect("its operator port answers")
    };
    assert_eq!(status(&stranger).height, 0);
    assert_eq!(status(&stranger).peers_connected, 0);
    for n in net.all() {
        assert_eq!(status(net.entry(n)).peers_connected, 3);
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
        host: Ipv4Addr::LOCALHOST,
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
    let mut init = net.network.command("init", &home);
    assert!(init.arg("--key-never-signed").output().unwrap().status.success());
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
