//! A node that was not there at genesis.

use std::fs;

use ballast_client::{Client, ClientOptions, proof};
use ballast_proto::v1::SupplyTarget;
use ballast_proto::v1::get_proof_request::Target;
use ballast_runtime::Genesis;
use ballast_testnet::layout::GENESIS_FILE;

use crate::common::{Load, PATIENCE, succeed, until, up};

#[tokio::test(flavor = "multi_thread")]
async fn a_node_joins_as_an_observer_while_payments_go_on_and_takes_some_itself() {
    let mut net = up();
    let load = Load::start(&net, 4);
    load.more(50, PATIENCE).await;
    let joined = net.join().unwrap();
    assert_eq!(joined, 4);
    // Nobody lets it in who was started before it was made.
    load.more(50, PATIENCE).await;
    assert_eq!(net.client(joined).info().await.unwrap().height, 0);

    net.stop(&[2]).unwrap();
    net.start(&[2]).unwrap();
    let head = net.client(0).info().await.unwrap().height;
    net.wait_height(&[joined], head, PATIENCE).await.unwrap();
    net.wait_ready(&[joined]).unwrap();
    let (from, to) = (net.chain.account(8), net.chain.account(9));
    let paid = succeed(&net.client(joined), &net.chain.pay(&from, to.address, 5, 1)).await;
    let mut ids = load.finish().await;
    ids.push(paid.tx_id);
    net.audit(&ids).await.unwrap();
    votes_of_four(&net, joined).await;

    // It proves what it holds, from the genesis file alone.
    let endpoint = net.entry(joined).grpc();
    let client = Client::connect(&[endpoint], ClientOptions::default()).await.unwrap();
    let (file, _) = client.proof_file(Target::Supply(SupplyTarget {})).await.unwrap();
    let genesis = fs::read(net.network.dir().join(GENESIS_FILE)).unwrap();
    let bytes = ballast_primitives::codec::encode(&file);
    proof::verify(&bytes, &Genesis::decode(&genesis).unwrap()).unwrap();
}

/// It has no vote, and is none of those whom the chain counts.
async fn votes_of_four(net: &ballast_testnet::Cluster, joined: usize) {
    let client = net.client(joined);
    let info = client.info().await.unwrap();
    let key = &net.entry(joined).key;
    assert!(info.validators.len() == 4 && info.validators.iter().all(|v| v.public_key != *key));
    for height in 1..=info.height {
        let (block, _) = client.block(height).await.unwrap();
        assert!(!block.signers.contains(key));
    }
    until("the metric says so", PATIENCE, async || {
        let metric = |name| net.metric(joined, name);
        (metric("ballast_validator") == Some(0.0) && metric("ballast_validators") == Some(4.0))
            .then_some(())
    })
    .await;
}
