//! Real processes come to an upgrade of the rules: releases from before it, with it and from after it
//! (`testnet/later`), installed early, in time and late, and each replays the chain from genesis.

use std::time::Duration;

use ballast_primitives::Hash;
use ballast_runtime::CouncilOp;
use ballast_runtime::ops::schedule_upgrade::ScheduleUpgrade;
use ballast_testnet::network::{Launcher, binary};
use ballast_testnet::{Council, Load, operator};

use crate::common::{Net, PATIENCE, down, finish, succeed, until};

/// Programs: none is what is released.
const BEFORE: Option<&str> = None;
const AT: Option<&str> = Some("ballast-node-second");
const AFTER: Option<&str> = Some("ballast-node-third");

/// From its proposal to its height: more blocks than its delay has, and longer than it takes to install
/// a release.
const AHEAD: u64 = 150;
/// Exit codes.
const UPGRADE: i32 = 10;
const DOWNGRADE: i32 = 11;

/// From its next start on.
fn install(net: &mut Net, n: usize, program: Option<&str>) {
    let program = program.map(|name| binary(name).unwrap());
    net.network.set_launcher(n, Launcher { program, ..Launcher::default() });
}

/// Ends a validator, or waits until it has ended by itself: its exit code.
async fn exit(net: &Net, n: usize, stop: bool) -> i32 {
    let process = net.network.manifest().unwrap().validators[n].process.unwrap();
    if stop {
        net.stop(&[n]).unwrap();
    }
    let ended = async || net.network.exit_of(process).and_then(|status| status.code());
    until("it ends", PATIENCE, ended).await
}

/// It has come as far as its rules go, says why it goes no further, and serves what it has.
async fn stands_still(net: &Net, n: usize, height: u64) {
    let stands = async || {
        let at = net.entry(n).operator_address();
        let told = operator::ready(at).is_err_and(|why| why.contains("[-] rules:"));
        (told && operator::status(at)?.height == height - 1).then_some(())
    };
    until("it stands still before the height", PATIENCE, stands).await;
    let theirs = net.client(0).block(height / 2).await.unwrap();
    assert_eq!(net.client(n).block(height / 2).await.unwrap().0.header, theirs.0.header);
    let account = net.chain.account(9).address;
    assert_eq!(net.client(n).balance(&account).await.unwrap(), 1_000_000_000_000);
}

async fn passed(net: &Net, n: usize, height: u64) {
    net.wait_height(&[n], height + 3, PATIENCE).await.unwrap();
}

/// A memo that the second version takes and the first does not.
fn long_memo(net: &Net, nonce: u64) -> ballast_runtime::SignedTx {
    let (from, to) = (net.chain.account(7), net.chain.account(8).address);
    let mut body = net.chain.pay(&from, to, 1, nonce).body;
    body.memo = Some(vec![7; 50]);
    body.sign(&from.keys.iter().collect::<Vec<_>>())
}

#[tokio::test(flavor = "multi_thread")]
async fn releases_early_in_time_and_late_cross_an_upgrade_and_all_replay_it_to_the_same_roots() {
    let mut net = down();
    // Those who will replay it: let in from the start.
    let [before, at, after] = [0, 1, 2].map(|_| net.add().unwrap());
    let (early, soonest, in_time, late) = (0, 1, 2, 3);
    install(&mut net, early, AT);
    install(&mut net, soonest, AFTER);
    net.start(&[early, soonest, in_time, late]).unwrap();
    net.wait_ready(&[early, soonest, in_time, late]).unwrap();
    let client = net.client(early);
    let load = Load::start(&net, 4);
    load.more(20, PATIENCE).await.unwrap();
    let (ledger, nonces) = load.finish().await.unwrap();
    let mut ids = ledger.ids();

    let height = client.info().await.unwrap().height + AHEAD;
    let code = Hash([1; 32]);
    let schedule = CouncilOp::ScheduleUpgrade(ScheduleUpgrade { version: 2, code, height });
    Council::new(&net.chain).decide(&client, vec![schedule]).await.unwrap();
    assert!(client.info().await.unwrap().height + 10 < height, "the chain was too fast");
    // Not yet: the version holds from its height on.
    assert!(client.submit(long_memo(&net, 1).encode()).await.is_err());
    net.stop(&[in_time]).unwrap();
    install(&mut net, in_time, AT);
    net.start(&[in_time]).unwrap();
    net.wait_ready(&[in_time]).unwrap();

    // Payments bring the height soon, and go on beyond it.
    let chain = net.chain.clone();
    let clients = [early, soonest, in_time].map(|n| net.client(n)).to_vec();
    let load = Load::through(clients, &chain, &nonces, Duration::ZERO);
    for n in [early, soonest, in_time] {
        passed(&net, n, height).await;
    }
    stands_still(&net, late, height).await;
    load.more(20, PATIENCE).await.unwrap();
    ids.extend(finish(load).await);
    ids.push(succeed(&client, &long_memo(&net, 1)).await.tx_id);
    assert_eq!(exit(&net, late, true).await, UPGRADE);
    install(&mut net, late, AT);
    net.start(&[late]).unwrap();
    passed(&net, late, height).await;

    // From genesis: by a release from before, at and after.
    install(&mut net, at, AT);
    install(&mut net, after, AFTER);
    install(&mut net, before, BEFORE);
    net.start(&[before, at, after]).unwrap();
    passed(&net, at, height).await;
    passed(&net, after, height).await;
    stands_still(&net, before, height).await;
    assert_eq!(exit(&net, before, true).await, UPGRADE);
    install(&mut net, before, AFTER);
    net.start(&[before]).unwrap();
    passed(&net, before, height).await;
    net.audit(&ids).await.unwrap();

    // No way back.
    net.stop(&[at]).unwrap();
    install(&mut net, at, BEFORE);
    net.network.launch(&[at]).unwrap();
    assert_eq!(exit(&net, at, false).await, DOWNGRADE);
}
