//! Four validators in one process, over real sockets and disks: the engine without the command
//! line.

use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::time::Duration;

use ballast_node::config::{Config, PeerConfig};
use ballast_node::engine;
use ballast_node::journal::SignState;
use ballast_node::setup::{Home, RunError, Setup};
use ballast_primitives::{Network, SecretKey, Validator};
use ballast_proto::v1::account_service_client::AccountServiceClient;
use ballast_proto::v1::tx_service_client::TxServiceClient;
use ballast_proto::v1::{GetAccountRequest, SubmitTxRequest, TxState, WaitTxRequest};
use ballast_runtime::{Genesis, Op, TxBody, dev, ops};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

const SEED: &str = "four";

struct Validators {
    genesis: Genesis,
    rpc: Vec<SocketAddr>,
    stop: CancellationToken,
    tasks: Vec<JoinHandle<Result<(), RunError>>>,
}

fn now_ms() -> u64 {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    now.as_millis() as u64
}

fn free_ports(count: usize) -> Vec<SocketAddr> {
    let listeners: Vec<_> = (0..count).map(|_| TcpListener::bind("127.0.0.1:0").unwrap()).collect();
    listeners.iter().map(|listener| listener.local_addr().unwrap()).collect()
}

fn key(kind: &str, n: usize) -> SecretKey {
    SecretKey::dev(SEED, &format!("{kind} {n}"))
}

fn start(folder: &Path) -> Validators {
    let validators = (0..4).map(|n| Validator {
        key: key("consensus", n).public(),
        peer: key("peer", n).public(),
        power: 1,
        name: format!("validator-{n}"),
    });
    let genesis = dev::genesis(&dev::DevSpec {
        chain_id: 4,
        time: now_ms(),
        validators: validators.collect(),
        accounts: 2,
        balance: 1_000_000,
        seed: SEED.to_owned(),
    })
    .unwrap();
    let ports = free_ports(12);
    let peers: Vec<_> = (0..4)
        .map(|n| PeerConfig {
            key: key("peer", n).public().to_string(),
            address: ports[n].to_string(),
        })
        .collect();
    let stop = CancellationToken::new();
    let mut tasks = Vec::new();
    for n in 0..4 {
        let home = Home::new(folder.join(n.to_string()));
        std::fs::create_dir_all(home.data()).unwrap();
        SignState::create(&home.sign_state()).unwrap();
        let mut config = Config::default();
        config.node.name = format!("validator-{n}");
        config.network.listen = ports[n].to_string();
        config.network.peers =
            peers.iter().enumerate().filter(|(m, _)| *m != n).map(|(_, p)| p.clone()).collect();
        config.rpc.listen = ports[4 + n];
        config.operator.listen = ports[8 + n];
        tasks.push(tokio::spawn(engine::run(Setup {
            home: home.path().to_owned(),
            config,
            genesis: genesis.clone(),
            consensus_key: key("consensus", n),
            peer_key: key("peer", n),
            stop: stop.clone(),
        })));
    }
    Validators { genesis, rpc: ports[4..8].to_vec(), stop, tasks }
}

async fn client(address: SocketAddr) -> TxServiceClient<tonic::transport::Channel> {
    let url = format!("http://{address}");
    let limit = tokio::time::Instant::now() + Duration::from_secs(20);
    loop {
        match TxServiceClient::connect(url.clone()).await {
            Ok(client) => return client,
            Err(error) => assert!(tokio::time::Instant::now() < limit, "{error}"),
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn four_engines_commit_a_payment_and_stop_when_asked() {
    let folder = tempfile::tempdir().unwrap();
    let validators = start(folder.path());
    let body = TxBody {
        genesis: validators.genesis.hash(),
        chain_id: 4,
        sender: dev::account_address(SEED, 0),
        nonce: 1,
        valid_until: now_ms() + 60_000,
        sponsor: None,
        memo: None,
        ops: vec![Op::Transfer(ops::transfer::Transfer {
            to: dev::account_address(SEED, 1),
            amount: 250,
            travel: None,
        })],
    };
    let tx_id = body.id().to_string();
    let signed_tx = body.sign(&[&dev::account_key(SEED, 0)]).encode();
    let mut first = client(validators.rpc[0]).await;
    let answer = first.submit_tx(SubmitTxRequest { signed_tx: signed_tx.clone() }).await.unwrap();
    assert_eq!(answer.get_ref().tx_id, tx_id);
    for address in &validators.rpc {
        let mut client = client(*address).await;
        let wait = WaitTxRequest { tx_id: tx_id.clone(), valid_until_ms: 0, timeout_ms: 20_000 };
        let waited = client.wait_tx(wait).await.unwrap().into_inner();
        assert_eq!(waited.state, i32::from(TxState::Committed), "{waited:?}");
        let mut accounts =
            AccountServiceClient::connect(format!("http://{address}")).await.unwrap();
        let to = dev::account_address(SEED, 1).display(Network::Dev);
        let account = accounts.get_account(GetAccountRequest { address: to }).await.unwrap();
        assert_eq!(account.into_inner().account.unwrap().balance_micros, 1_000_250);
    }
    // The same bytes again, elsewhere: the same answer.
    let mut third = client(validators.rpc[2]).await;
    let again = third.submit_tx(SubmitTxRequest { signed_tx }).await.unwrap().into_inner();
    assert_eq!((again.tx_id, again.known), (tx_id, true));
    validators.stop.cancel();
    for task in validators.tasks {
        task.await.unwrap().unwrap();
    }
}
