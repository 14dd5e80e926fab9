//! All is well.

use crate::common::{PATIENCE, commit, receipt, succeed, up};

const DOLLAR: u64 = 1_000_000;

#[tokio::test(flavor = "multi_thread")]
async fn a_payment_has_one_receipt_on_all_four() {
    let net = up();
    let (from, to) = (net.chain.account(0), net.chain.account(1));
    let before = net.client(0).balance(&to.address).await.unwrap();
    let tx = net.chain.pay(&from, to.address, 25 * DOLLAR, 1);
    let first = succeed(&net.client(0), &tx).await;
    assert_eq!(first.events.len(), 1);
    let id = tx.body.id().to_string();
    for n in net.all() {
        let client = net.client(n);
        assert_eq!(receipt(&client, &id).await, first);
        assert_eq!(client.balance(&to.address).await.unwrap(), before + 25 * DOLLAR);
    }
    net.audit(&[id]).await.unwrap();
    // An audit that finds everything would prove nothing.
    let never_sent = net.chain.pay(&from, to.address, 1, 2).body.id().to_string();
    let failure = net.audit(&[never_sent]).await.unwrap_err();
    assert!(failure.message.contains("lost"), "{failure}");
}

#[tokio::test(flavor = "multi_thread")]
async fn one_account_sends_128_at_once_through_all_validators_in_any_order() {
    let net = up();
    let (from, to) = (net.chain.account(0), net.chain.account(1));
    let before = net.client(0).balance(&to.address).await.unwrap();
    // 37 has no divisor in common with 128: every nonce once, none beside its neighbour.
    let tasks: Vec<_> = (0..128)
        .map(|n: u64| {
            let tx = net.chain.pay(&from, to.address, DOLLAR, n * 37 % 128 + 1);
            let client = net.client(n as usize % 4);
            tokio::spawn(async move { succeed(&client, &tx).await.tx_id })
        })
        .collect();
    let mut ids = Vec::new();
    for task in tasks {
        ids.push(task.await.unwrap());
    }
    net.audit(&ids).await.unwrap();
    assert_eq!(net.client(3).balance(&to.address).await.unwrap(), before + 128 * DOLLAR);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_bytes_at_two_validators_execute_once() {
    let net = up();
    let (from, to) = (net.chain.account(0), net.chain.account(1));
    let before = net.client(0).balance(&to.address).await.unwrap();
    let tx = net.chain.pay(&from, to.address, DOLLAR, 1);
    let (first, second) = (net.client(0), net.client(1));
    let (first, second) = tokio::join!(commit(&first, &tx), commit(&second, &tx));
    assert_eq!(first, second);
    assert_eq!(first.failure, None);
    let id = tx.body.id().to_string();
    net.audit(std::slice::from_ref(&id)).await.unwrap();
    for n in net.all() {
        let client = net.client(n);
        assert_eq!(receipt(&client, &id).await, first);
        assert_eq!(client.balance(&to.address).await.unwrap(), before + DOLLAR);
        // Sent again, it is known, and answered at once.
        assert!(client.submit(tx.encode()).await.unwrap().known);
        let answer = client.wait(&id, PATIENCE).await.unwrap();
        assert_eq!(answer.receipt.as_ref(), Some(&first));
    }
}
