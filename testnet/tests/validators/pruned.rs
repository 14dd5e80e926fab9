//! Validators that have removed what happened long ago.

use std::process::{Command, Output};

use ballast_client::{Client, ClientOptions, TxOptions};
use ballast_proto::Reason;
use ballast_proto::error::ServiceReason;
use ballast_proto::v1::ListEventsRequest;
use ballast_runtime::Op;
use ballast_runtime::ops::transfer::Transfer;
use ballast_testnet::chain::now_ms;

use crate::common::{Net, PATIENCE, reason, receipt, succeed, until, up};

/// How long a payment is valid that is to be pruned.
const SHORT_MS: u64 = 5_000;

fn prune(net: &Net, n: usize, before: u64) -> Output {
    let mut command = Command::new(net.network.node());
    command.args(["--json", "db", "prune", "--before", &before.to_string(), "--home"]);
    command.arg(net.home(n)).output().unwrap()
}

async fn connect(net: &Net, n: usize) -> Client {
    Client::connect(&[net.entry(n).grpc()], ClientOptions::default()).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn pruned_validators_go_on_and_a_new_node_catches_up_from_them() {
    let mut net = up();
    let joined = net.join().unwrap();
    let (from, to) = (net.chain.account(0), net.chain.account(1).address);
    let client = connect(&net, 0).await;
    let options = TxOptions { valid_until: Some(now_ms() + SHORT_MS), ..Default::default() };
    let op = Op::Transfer(Transfer { to, amount: 1, travel: None });
    let body = client.build(from.address, vec![op], options).await.unwrap();
    let old = body.sign(&from.keys.iter().collect::<Vec<_>>());
    let first = succeed(&net.client(0), &old).await;
    let end = first.height + 1;
    until("its time is over", PATIENCE, async || {
        let info = net.client(0).info().await.ok()?;
        (info.time_ms >= old.body.valid_until && info.height > end).then_some(())
    })
    .await;
    // Not while it runs.
    assert_eq!(prune(&net, 0, end).status.code(), Some(9));
    net.stop(&[0, 1, 2, 3]).unwrap();
    for n in 0..4 {
        assert_eq!(prune(&net, n, u64::MAX).status.code(), Some(9));
        for removed in [1, 0] {
            let output = prune(&net, n, end);
            assert!(output.status.success(), "{output:?}");
            let answer: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
            assert_eq!(
                (&answer["oldest"], &answer["receipts_removed"]),
                (&end.into(), &removed.into())
            );
        }
    }
    net.start(&[0, 1, 2, 3]).unwrap();
    net.wait_ready(&[0, 1, 2, 3]).unwrap();

    let new = succeed(&net.client(1), &net.chain.pay(&from, to, 2, 100)).await;
    let client = connect(&net, 1).await;
    let events = |after: &str| ListEventsRequest { after: after.to_owned(), ..Default::default() };
    let refused = client.list_events(events("0")).await.unwrap_err();
    assert_eq!(refused.refusal(), Some(&ServiceReason::CursorPruned.into()));
    let held = client.list_events(events(&first.height.to_string())).await.unwrap();
    assert!(held.events.iter().any(|event| event.tx_id == new.tx_id));
    let id = old.body.id();
    let pruned = Some(Reason::from(ServiceReason::ReceiptsPruned));
    // Sent again it is neither taken nor said to have expired without effect.
    let again = net.client(1).submit(old.encode()).await.unwrap_err();
    assert_eq!(reason(&again), pruned);
    let waited = client.wait(&old.body, PATIENCE).await.unwrap_err();
    assert_eq!(waited.refusal(), pruned.as_ref());

    // All blocks come from validators that were pruned.
    net.wait_height(&[joined], new.height, PATIENCE).await.unwrap();
    assert_eq!(receipt(&net.client(joined), &id.to_string()).await, first);
}
