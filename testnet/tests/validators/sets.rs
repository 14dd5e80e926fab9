//! The council changes who decides, while payments go on.

use ballast_primitives::{PublicKey, Validator};
use ballast_runtime::CouncilOp;
use ballast_runtime::ops::validator_add::ValidatorAdd;
use ballast_runtime::ops::validator_remove::ValidatorRemove;
use ballast_runtime::ops::validator_rotate::ValidatorRotate;
use ballast_testnet::{Cluster, Council, Load};

use crate::common::{PATIENCE, finish, until, up, wait_votes};

fn keys(net: &Cluster, n: usize) -> (PublicKey, PublicKey) {
    let key = |text: &str| ballast_proto::convert::read_key("key", text).unwrap();
    (key(&net.entry(n).key), key(&net.entry(n).peer))
}

/// Waits until the next height is decided by exactly these.
async fn wait_set(net: &Cluster, members: &[usize]) {
    let client = net.client(0);
    let mut expected: Vec<_> = members.iter().map(|n| net.entry(*n).key.clone()).collect();
    expected.sort();
    until("the set decides", PATIENCE, async || {
        let info = client.info().await.ok()?;
        let mut found: Vec<_> = info.validators.into_iter().map(|v| v.public_key).collect();
        found.sort();
        (found == expected).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fifth_validator_comes_one_goes_and_one_changes_its_keys_while_payments_go_on() {
    let mut net = up();
    let client = net.client(0);
    let mut council = Council::new(&net.chain);
    let load = Load::start(&net, 4);
    load.more(20, PATIENCE).await.unwrap();

    // A newcomer is let in by the change itself, catches up and votes.
    let fifth = net.join().unwrap();
    let (key, peer) = keys(&net, fifth);
    let validator = Validator { key, peer, power: 1, name: net.entry(fifth).name.clone() };
    let add = CouncilOp::ValidatorAdd(ValidatorAdd { validator });
    council.decide(&client, vec![add]).await.unwrap();
    wait_set(&net, &[0, 1, 2, 3, fifth]).await;
    let head = client.info().await.unwrap().height;
    wait_votes(&net, fifth, head).await;

    // One leaves. Without it four are left, who bear the loss of another.
    let remove = CouncilOp::ValidatorRemove(ValidatorRemove { key: keys(&net, 1).0 });
    council.decide(&client, vec![remove]).await.unwrap();
    wait_set(&net, &[0, 2, 3, fifth]).await;
    net.stop(&[1]).unwrap();
    net.kill(&[3]).unwrap();
    load.more(20, PATIENCE).await.unwrap();
    net.start(&[3]).unwrap();

    // Another is moved to a machine with new keys: the old one is stopped first.
    let moved = net.join().unwrap();
    let ((key, _), (new_key, new_peer)) = (keys(&net, 2), keys(&net, moved));
    net.stop(&[2]).unwrap();
    let rotate = CouncilOp::ValidatorRotate(ValidatorRotate { key, new_key, new_peer });
    council.decide(&client, vec![rotate]).await.unwrap();
    wait_set(&net, &[0, 3, fifth, moved]).await;
    let head = client.info().await.unwrap().height;
    wait_votes(&net, moved, head).await;
    load.more(20, PATIENCE).await.unwrap();

    let ids = finish(load).await;
    let clients: Vec<_> = [0, 3, fifth, moved].map(|n| net.client(n)).into();
    ballast_testnet::audit::audit(&clients, &ids).await.unwrap();
}
