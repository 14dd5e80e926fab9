//! Engines in a folder, and clients of them.

use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::Duration;

use ballast_node::config::{Config, ObserverConfig, PeerConfig};
use ballast_node::engine;
use ballast_node::journal::SignState;
use ballast_node::operator::client::status;
use ballast_node::operator::status::StatusReport;
use ballast_node::setup::{Home, RunError, Setup};
use ballast_node::store::{Store, StoreOptions};
use ballast_primitives::history::SetChange;
use ballast_primitives::proof::{PROOF_BYTES_MAX, StateProof};
use ballast_primitives::{Committee, Hash, Names, Network, SecretKey, Turns, Validator, codec};
use ballast_proto::v1::account_service_client::AccountServiceClient;
use ballast_proto::v1::get_proof_request::Target;
use ballast_proto::v1::get_proof_response::Proof;
use ballast_proto::v1::ledger_service_client::LedgerServiceClient;
use ballast_proto::v1::proof_service_client::ProofServiceClient;
use ballast_proto::v1::tx_service_client::TxServiceClient;
use ballast_proto::v1::{
    Block, GetAccountRequest, GetBlockRequest, GetChainInfoRequest, GetChainInfoResponse,
    GetProofRequest, ListSetChangesRequest, SubmitTxRequest, SupplyTarget, TxState, WaitTxRequest,
};
use ballast_replica::commit;
use ballast_runtime::object::Validators;
use ballast_runtime::{Genesis, Key, Object, Op, Rulebook, State, TxBody, dev, ops};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tonic::transport::Channel;

pub const SEED: &str = "engines";
pub const LIMIT: Duration = Duration::from_secs(30);
const POLL: Duration = Duration::from_millis(20);
/// Of each account.
pub const BALANCE: u64 = 1_000_000;

/// Nodes by number. Validators of genesis come first.
pub struct Spec {
    pub nodes: usize,
    pub validators: usize,
    /// (who lets it in, the observer).
    pub observers: Vec<(usize, usize)>,
    /// A set that is pending in the first state, and the height from which it decides.
    pub pending: Option<(Vec<usize>, u64)>,
    /// What the first state holds in place of what genesis gives.
    pub objects: Vec<(Key, Object)>,
    pub heartbeat_ms: u64,
    /// The versions of the rules that each node's program has; those released, without.
    pub programs: Vec<Rulebook>,
}

impl Default for Spec {
    fn default() -> Self {
        Self {
            nodes: 4,
            validators: 4,
            observers: Vec::new(),
            pending: None,
            objects: Vec::new(),
            heartbeat_ms: 5_000,
            programs: Vec::new(),
        }
    }
}

pub struct Engines {
    folder: PathBuf,
    pub genesis: Genesis,
    ports: Vec<[SocketAddr; 3]>,
    stop: CancellationToken,
    tasks: Vec<JoinHandle<Result<(), RunError>>>,
}

fn now_ms() -> u64 {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    now.as_millis() as u64
}

/// Below the ports that the system gives to outgoing connections, one of which could take one
/// before it is listened on; no two tests of this process are given the same.
fn free_ports(count: usize) -> Vec<[SocketAddr; 3]> {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let mut free = std::iter::repeat_with(|| {
        let port = 20_000 + NEXT.fetch_add(1, Ordering::Relaxed) % 10_000;
        SocketAddr::from(([127, 0, 0, 1], port))
    })
    .filter(|address| TcpListener::bind(address).is_ok());
    (0..count).map(|_| [(); 3].map(|()| free.next().unwrap())).collect()
}

pub fn key(kind: &str, n: usize) -> SecretKey {
    SecretKey::dev(SEED, &format!("{kind} {n}"))
}

fn hex(kind: &str, n: usize) -> String {
    key(kind, n).public().to_string()
}

/// A node's consensus key as the API shows it.
pub fn shown(n: usize) -> String {
    hex("consensus", n)
}

fn validator(n: usize) -> Validator {
    Validator {
        key: key("consensus", n).public(),
        peer: key("peer", n).public(),
        power: 1,
        name: format!("validator-{n}"),
    }
}

pub fn genesis(validators: usize) -> Genesis {
    dev::genesis(&dev::DevSpec {
        chain_id: 4,
        time: now_ms(),
        validators: (0..validators).map(validator).collect(),
        accounts: 2,
        balance: BALANCE,
        seed: SEED.to_owned(),
    })
    .unwrap()
}

/// A set that is pending, as if genesis could hold one.
fn pending(genesis: &Genesis, members: &[usize], from_height: u64) -> (Key, Object) {
    let set = Committee::new(members.iter().map(|n| validator(*n)).collect()).unwrap();
    let before = Some(genesis.validators.clone());
    (
        Key::Validators,
        Object::Validators(Box::new(Validators {
            set,
            from_height,
            before,
            turns: Turns::default(),
            named: Names::default(),
        })),
    )
}

/// Stores a first state that differs from that of genesis in these objects.
fn store_first(home: &Home, genesis: &Genesis, objects: &[(Key, Object)]) {
    let sound = State::from_genesis(genesis).unwrap();
    let mut leaves: Vec<_> = sound.changes().collect();
    for (key, object) in objects {
        let key = codec::encode(key);
        leaves.iter_mut().find(|leaf| leaf.key == key).unwrap().value = codec::encode(object);
    }
    let state = State::restore(leaves.clone()).unwrap_or(sound);
    let options = StoreOptions::default();
    let store = Store::open(&home.database(), &genesis.hash(), options).unwrap();
    store.initialise(leaves.into_iter(), &commit::genesis_result(&state, genesis.time)).unwrap();
}

impl Engines {
    pub fn start(folder: &Path, spec: &Spec) -> Self {
        let genesis = genesis(spec.validators);
        let pending = spec.pending.iter().map(|(members, from)| pending(&genesis, members, *from));
        let objects: Vec<_> = pending.chain(spec.objects.iter().cloned()).collect();
        for n in 0..spec.nodes {
            let home = Home::new(folder.join(n.to_string()));
            std::fs::create_dir_all(home.data()).unwrap();
            SignState::create(&home.sign_state(), key("consensus", n).public().0).unwrap();
            if !objects.is_empty() {
                store_first(&home, &genesis, &objects);
            }
        }
        Self::run(folder.to_owned(), genesis, free_ports(spec.nodes), spec)
    }

    fn run(folder: PathBuf, genesis: Genesis, ports: Vec<[SocketAddr; 3]>, spec: &Spec) -> Self {
        let stop = CancellationToken::new();
        let engine = |n: usize| {
            engine::run(Setup {
                home: folder.join(n.to_string()),
                config: config(spec, &ports, n),
                genesis: genesis.clone(),
                consensus_key: key("consensus", n),
                peer_key: key("peer", n),
                rulebook: spec.programs.get(n).copied().unwrap_or_default(),
                release: Hash([n as u8 + 1; 32]),
                stop: stop.clone(),
            })
        };
        let tasks = (0..spec.nodes).map(|n| tokio::spawn(engine(n))).collect();
        Self { folder, genesis, ports, stop, tasks }
    }

    /// Stops all, and starts them again on what they have: what each ended with.
    pub async fn restart(self, spec: &Spec) -> (Self, Vec<Result<(), RunError>>) {
        self.stop.cancel();
        let mut ends = Vec::new();
        for task in self.tasks {
            ends.push(task.await.unwrap());
        }
        // Calls that were open when a node ended may hold its database for a moment longer.
        for n in 0..self.ports.len() {
            let database = Home::new(self.folder.join(n.to_string())).database();
            let limit = tokio::time::Instant::now() + LIMIT;
            let open = || Store::open(&database, &self.genesis.hash(), StoreOptions::default());
            while let Err(error) = open() {
                assert!(tokio::time::Instant::now() < limit, "{error}");
                tokio::time::sleep(POLL).await;
            }
        }
        (Self::run(self.folder, self.genesis, self.ports, spec), ends)
    }

    /// What a node that ends by itself ends with.
    pub async fn ended(&mut self, n: usize) -> RunError {
        let task = std::mem::replace(&mut self.tasks[n], tokio::spawn(async { Ok(()) }));
        tokio::time::timeout(LIMIT, task).await.unwrap().unwrap().unwrap_err()
    }

    async fn channel(&self, n: usize) -> Channel {
        let endpoint = Channel::from_shared(format!("http://{}", self.ports[n][1])).unwrap();
        let limit = tokio::time::Instant::now() + LIMIT;
        loop {
            match endpoint.connect().await {
                Ok(channel) => return channel,
                Err(error) => assert!(tokio::time::Instant::now() < limit, "{error}"),
            }
            tokio::time::sleep(POLL).await;
        }
    }

    pub async fn tx(&self, n: usize) -> TxServiceClient<Channel> {
        TxServiceClient::new(self.channel(n).await)
    }

    pub async fn info(&self, n: usize) -> GetChainInfoResponse {
        let mut ledger = LedgerServiceClient::new(self.channel(n).await);
        ledger.get_chain_info(GetChainInfoRequest {}).await.unwrap().into_inner()
    }

    pub async fn block(&self, n: usize, height: u64) -> Block {
        let mut ledger = LedgerServiceClient::new(self.channel(n).await);
        let request = GetBlockRequest { height, ..GetBlockRequest::default() };
        ledger.get_block(request).await.unwrap().into_inner().block.unwrap()
    }

    pub async fn set_changes(&self, n: usize) -> Vec<SetChange> {
        let mut proofs = ProofServiceClient::new(self.channel(n).await);
        let request = ListSetChangesRequest::default();
        let answer = proofs.list_set_changes(request).await.unwrap().into_inner();
        let decoded =
            answer.changes.iter().map(|change| codec::decode(&change.set_change, 1 << 20));
        decoded.collect::<Result<_, _>>().unwrap()
    }

    pub async fn supply_proof(&self, n: usize) -> StateProof {
        let mut proofs = ProofServiceClient::new(self.channel(n).await);
        let request = GetProofRequest { target: Some(Target::Supply(SupplyTarget {})) };
        match proofs.get_proof(request).await.unwrap().into_inner().proof {
            Some(Proof::StateProof(bytes)) => codec::decode(&bytes, PROOF_BYTES_MAX).unwrap(),
            other => panic!("{other:?}"),
        }
    }

    pub async fn balance(&self, n: usize, account: u32) -> u64 {
        let mut accounts = AccountServiceClient::new(self.channel(n).await);
        let address = dev::account_address(SEED, account).display(Network::Dev);
        let answer = accounts.get_account(GetAccountRequest { address }).await.unwrap();
        answer.into_inner().account.unwrap().balance_micros
    }

    /// The id and the bytes of a payment from account 0 to account 1.
    pub fn payment(&self, amount: u64, nonce: u64) -> (String, Vec<u8>) {
        let to = dev::account_address(SEED, 1);
        let body = TxBody {
            genesis: self.genesis.hash(),
            chain_id: self.genesis.chain_id,
            sender: dev::account_address(SEED, 0),
            nonce,
            valid_until: now_ms() + 60_000,
            sponsor: None,
            memo: None,
            ops: vec![Op::Transfer(ops::transfer::Transfer { to, amount, travel: None })],
        };
        let id = body.id().to_string();
        (id, body.sign(&[&dev::account_key(SEED, 0)]).encode())
    }

    /// Pays through node `n` and waits until that node has committed it.
    pub async fn pay(&self, n: usize, nonce: u64) -> String {
        let (id, signed_tx) = self.payment(1, nonce);
        self.tx(n).await.submit_tx(SubmitTxRequest { signed_tx }).await.unwrap();
        self.committed(n, &id).await;
        id
    }

    pub async fn committed(&self, n: usize, id: &str) {
        let (tx_id, timeout_ms) = (id.to_owned(), 20_000);
        let wait = WaitTxRequest { tx_id, timeout_ms, ..WaitTxRequest::default() };
        let waited = self.tx(n).await.wait_tx(wait).await.unwrap().into_inner();
        assert_eq!(waited.state, i32::from(TxState::Committed), "{waited:?}");
    }

    pub fn status(&self, n: usize) -> Option<StatusReport> {
        status(self.ports[n][2]).ok()
    }

    /// Waits until node `n`'s status is as wanted.
    pub async fn until(&self, n: usize, what: &str, wanted: impl Fn(&StatusReport) -> bool) {
        let limit = tokio::time::Instant::now() + LIMIT;
        loop {
            let status = self.status(n);
            if status.as_ref().is_some_and(&wanted) {
                return;
            }
            assert!(tokio::time::Instant::now() < limit, "node {n}, {what}: {status:?}");
            tokio::time::sleep(POLL).await;
        }
    }

    /// With what the only node ends by itself.
    pub async fn end(mut self) -> RunError {
        let task = self.tasks.pop().unwrap();
        tokio::time::timeout(LIMIT, task).await.unwrap().unwrap().unwrap_err()
    }

    pub async fn stop(self) {
        self.stop.cancel();
        for task in self.tasks {
            task.await.unwrap().unwrap();
        }
    }
}

/// Addresses of the genesis validators only: whoever comes later dials.
fn config(spec: &Spec, ports: &[[SocketAddr; 3]], n: usize) -> Config {
    let mut config = Config::default();
    config.node.name = format!("validator-{n}");
    config.network.listen = ports[n][0].to_string();
    let peer = |m: usize| PeerConfig { key: hex("peer", m), address: ports[m][0].to_string() };
    config.network.peers = (0..spec.validators).filter(|m| *m != n).map(peer).collect();
    let admitted = spec.observers.iter().filter(|(by, _)| *by == n);
    let observer = |m: usize| ObserverConfig { key: hex("peer", m), consensus_key: shown(m) };
    config.network.observers = admitted.map(|(_, m)| observer(*m)).collect();
    config.consensus.heartbeat_ms = spec.heartbeat_ms;
    config.rpc.listen = ports[n][1];
    config.operator.listen = ports[n][2];
    config
}
