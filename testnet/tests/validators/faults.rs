//! Validators die.

use std::time::{Duration, Instant};

use ballast_proto::v1::TxState;
use ballast_testnet::Load;

use crate::common::{PATIENCE, RECOVERY, finish, receipt, until, up, wait_votes};

const PAYERS: u32 = 8;

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_validator_is_not_missed_and_comes_back() {
    let net = up();
    let load = Load::start(&net, PAYERS);
    load.more(50, PATIENCE).await.unwrap();
    net.kill(&[3]).unwrap();
    load.more(100, PATIENCE).await.unwrap();

    let restarted = Instant::now();
    net.start(&[3]).unwrap();
    let head = net.client(0).info().await.unwrap().height;
    let left = RECOVERY.saturating_sub(restarted.elapsed());
    net.wait_height(&[3], head, left).await.unwrap();
    wait_votes(&net, 3, head).await;
    let ids = finish(load).await;
    net.audit(&ids).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn all_are_killed_and_nothing_acknowledged_is_lost() {
    let net = up();
    let load = Load::start(&net, PAYERS);
    for _ in 0..2 {
        load.more(50, PATIENCE).await.unwrap();
        net.kill(&net.all()).unwrap();
        let restarted = Instant::now();
        net.start(&net.all()).unwrap();
        load.more(1, RECOVERY.saturating_sub(restarted.elapsed())).await.unwrap();
    }
    load.more(50, PATIENCE).await.unwrap();
    net.wait_ready(&net.all()).unwrap();
    let ids = finish(load).await;
    assert!(ids.len() > 150);
    net.audit(&ids).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_quorum_nothing_commits_and_nobody_waits_for_ever() {
    let net = up();
    net.stop(&[2, 3]).unwrap();
    let client = net.client(0);
    let (from, to) = (net.chain.account(0), net.chain.account(1));
    let before = client.balance(&to.address).await.unwrap();
    // What was decided before the two left has arrived at both.
    let height = until("both are at one height", PATIENCE, async || {
        let (a, b) = (client.info().await.ok()?.height, net.client(1).info().await.ok()?.height);
        (a == b).then_some(a)
    })
    .await;

    let tx = net.chain.pay(&from, to.address, 5, 1);
    let id = tx.body.id().to_string();
    client.submit(tx.encode()).await.unwrap();
    let asked = Instant::now();
    let answer = client.wait(&id, Duration::from_secs(3)).await.unwrap();
    assert_eq!(answer.state(), TxState::Pending);
    assert!(asked.elapsed() < Duration::from_secs(5), "{:?}", asked.elapsed());
    for n in [0, 1] {
        let client = net.client(n);
        assert_eq!(client.info().await.unwrap().height, height);
        assert_eq!(client.balance(&to.address).await.unwrap(), before);
        assert!(client.block(height).await.is_ok());
    }

    let restarted = Instant::now();
    net.start(&[2, 3]).unwrap();
    let left = RECOVERY.saturating_sub(restarted.elapsed());
    net.wait_height(&net.all(), height + 1, left).await.unwrap();
    assert_eq!(receipt(&client, &id).await.failure, None);
    net.audit(&[id]).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_paused_validator_is_passed_over_and_catches_up() {
    let net = up();
    let load = Load::start(&net, PAYERS);
    load.more(20, PATIENCE).await.unwrap();
    net.pause(1).unwrap();
    load.more(50, PATIENCE).await.unwrap();
    net.resume(1).unwrap();
    let head = net.client(0).info().await.unwrap().height;
    net.wait_height(&[1], head, RECOVERY).await.unwrap();
    let ids = finish(load).await;
    net.audit(&ids).await.unwrap();
}
