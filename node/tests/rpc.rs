//! The gRPC server over a real store and a real runtime; only consensus is played: blocks are
//! built and certified here, on command.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use ballast_node::rpc::{
    Backend, Head, NodeInfo, ProveError, Refusal, RpcConfig, RpcError, RpcServer, Submitted,
    TlsConfig, serve,
};
use ballast_node::store::{Store, StoreOptions};
use ballast_primitives::history::{SetChange, SetHistory};
use ballast_primitives::proof::{CertifiedHeader, ReceiptProof, StateProof};
use ballast_primitives::{
    Address, CommitCertificate, CommitSignature, Committee, Hash, Header, Payload, SecretKey,
    Signature, Validator, Vote, VoteKind, codec, merkle,
};
use ballast_proto::error::{Reason, ServiceReason, WireError};
use ballast_proto::v1::account_service_client::AccountServiceClient;
use ballast_proto::v1::control_service_client::ControlServiceClient;
use ballast_proto::v1::event_service_client::EventServiceClient;
use ballast_proto::v1::get_proof_request::Target;
use ballast_proto::v1::get_proof_response::{Proof, Value};
use ballast_proto::v1::ledger_service_client::LedgerServiceClient;
use ballast_proto::v1::proof_service_client::ProofServiceClient;
use ballast_proto::v1::subscribe_events_response::Frame;
use ballast_proto::v1::supply_service_client::SupplyServiceClient;
use ballast_proto::v1::tx_service_client::TxServiceClient;
use ballast_proto::v1::*;
use ballast_proto::{Wire, v1};
use ballast_replica::types::{
    Batch, CommitWrite, Evidence, EvidenceKind, Executed, StoredBlock, TxRecord,
};
use ballast_runtime::dev::{self, DevSpec};
use ballast_runtime::object::{Role, Validators};
use ballast_runtime::ops::transfer::Transfer as TransferOp;
use ballast_runtime::state::Change;
use ballast_runtime::tx::VALIDITY_MS_MAX;
use ballast_runtime::{
    BlockContext, Code, Genesis, Key, Object, Op, SignedTx, State, TxBody, VerifiedTx, admission,
    execute_block,
};
use parking_lot::Mutex;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tonic::Status;
use tonic::transport::Channel;

const SEED: &str = "rpc tests";
const START: u64 = 1_800_000_000_000;
const BALANCE: u64 = 1_000_000_000;
const WIRE: Wire = Wire::new(ballast_primitives::Network::Dev);

// ---------------------------------------------------------------- a chain without consensus

struct Chain {
    store: Store,
    genesis: Genesis,
    genesis_hash: Hash,
    validators: Vec<SecretKey>,
    inner: Mutex<Inner>,
    head: watch::Sender<Head>,
    _folder: tempfile::TempDir,
}

struct Inner {
    state: State,
    /// The state that the newest header attests, and that header.
    attested: Option<(State, CertifiedHeader)>,
    executed: Executed,
    pool: BTreeMap<Hash, (u64, Vec<u8>)>,
    /// Stored with the next block.
    chosen: Vec<Change>,
    refuse: Option<Refusal>,
}

impl Chain {
    fn new() -> Arc<Self> {
        // One more key than there are validators at genesis.
        let validators: Vec<_> =
            (0..5).map(|n| SecretKey::dev(SEED, &format!("validator {n}"))).collect();
        let genesis = dev::genesis(&DevSpec {
            chain_id: 7,
            time: START,
            validators: (0..4).map(validator).collect(),
            accounts: 4,
            balance: BALANCE,
            seed: SEED.into(),
        })
        .unwrap();
        let state = State::from_genesis(&genesis).unwrap();
        let genesis_hash = genesis.hash();
        let executed = Executed {
            height: 0,
            time: START,
            state_root: state.root(),
            block_receipts_root: Hash::ZERO,
            receipts_root: Hash::ZERO,
            objects: state.len(),
        };
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path(), &genesis_hash, StoreOptions::default()).unwrap();
        store.initialise(state.changes(), &executed).unwrap();
        let block = genesis_hash;
        let head = Head { height: 0, time_ms: START, state_root: state.root(), block };
        let (pool, chosen) = (BTreeMap::new(), Vec::new());
        let inner = Inner { state, attested: None, executed, pool, chosen, refuse: None };
        Arc::new(Self {
            store,
            genesis,
            genesis_hash,
            validators,
            inner: Mutex::new(inner),
            head: watch::Sender::new(head),
            _folder: folder,
        })
    }

    /// Writes into the newest state, as if its block had chosen them, the validators that decide
    /// from the height after the next on.
    fn choose(&self, members: &[usize]) {
        let set = Committee::new(members.iter().map(|n| validator(*n)).collect()).unwrap();
        let height = self.head.borrow().height;
        let mut inner = self.inner.lock();
        let before = Some(inner.state.committee(height + 1).clone());
        let object = Object::Validators(Validators { set, from_height: height + 2, before });
        let mut leaves: Vec<_> = inner.state.changes().collect();
        let key = codec::encode(&Key::Validators);
        let leaf = leaves.iter_mut().find(|leaf| leaf.key == key).unwrap();
        leaf.value = codec::encode(&object);
        inner.chosen.push(leaf.clone());
        inner.state = State::restore(leaves).unwrap();
        inner.executed.state_root = inner.state.root();
    }

    /// Commits what waits, in a block one second later.
    fn commit(&self) -> u64 {
        self.commit_later(1_000, Vec::new())
    }

    fn commit_later(&self, later_ms: u64, evidence: Vec<Evidence>) -> u64 {
        let mut inner = self.inner.lock();
        let inner = &mut *inner;
        let parent = *self.head.borrow();
        let height = parent.height + 1;
        let time = parent.time_ms + later_ms;
        let txs: Vec<_> = std::mem::take(&mut inner.pool).into_values().map(|(_, tx)| tx).collect();
        let author = self.validators[0].public();
        let batch = codec::encode(&Batch { author, sequence: height, txs: txs.clone() });
        let digest = Batch::digest_of_bytes(&batch);
        let payload = Payload { batches: vec![digest] };
        let header = Header {
            version: Header::VERSION,
            genesis: self.genesis_hash,
            height,
            parent: parent.block,
            time,
            proposer: author,
            payload: payload.digest(),
            executed_height: height - 1,
            state_root: inner.executed.state_root,
            receipts_root: inner.executed.receipts_root,
            validators: inner.state.committee(height).digest(),
            next_validators: inner.state.committee(height + 1).digest(),
        };
        let certificate = self.certify(&header, inner.state.committee(height));
        let anchor = CertifiedHeader { header: header.clone(), certificate: certificate.clone() };
        inner.attested = Some((inner.state.clone(), anchor));
        let verified: Vec<_> = txs
            .iter()
            .map(|tx| VerifiedTx::verify(SignedTx::decode(tx).unwrap()).unwrap())
            .collect();
        let context = self.context(height, time);
        let outcome = execute_block(&mut inner.state, &context, &verified).unwrap();
        let before = inner.executed.receipts_root;
        inner.executed = Executed {
            height,
            time,
            state_root: inner.state.root(),
            block_receipts_root: outcome.receipts_root,
            receipts_root: merkle::chain_receipts(&before, &outcome.receipts_root),
            objects: inner.state.len(),
        };
        let origins = outcome.origins.iter();
        let records = outcome.receipts.into_iter().zip(origins).map(|(receipt, origin)| TxRecord {
            receipt,
            batch: 0,
            position: *origin,
        });
        let changes = std::mem::take(&mut inner.chosen).into_iter().chain(outcome.changes);
        let another_set = header.validators != header.next_validators;
        let write = CommitWrite {
            block: StoredBlock { header: header.clone(), payload, certificate },
            executed: inner.executed,
            changes: changes.collect(),
            records: records.collect(),
            evidence,
            next_set: another_set.then(|| inner.state.committee(height + 1).clone()),
        };
        self.store.put_batches(&[(digest, batch)]).unwrap();
        self.store.commit_block(&write).unwrap();
        let state_root = inner.state.root();
        self.head.send_replace(Head { height, time_ms: time, state_root, block: header.id() });
        height
    }

    /// Signed by a quorum of the set, and by no more.
    fn certify(&self, header: &Header, set: &Committee) -> CommitCertificate {
        let (height, block) = (header.height, header.id());
        let vote = Vote { kind: VoteKind::Precommit, height, round: 0, block: Some(block) };
        let message = vote.signed_bytes(&self.genesis_hash);
        let sign = |key: &SecretKey| CommitSignature {
            validator: key.public(),
            signature: key.sign(&message),
        };
        let members = self.validators.iter().filter(|key| set.get(&key.public()).is_some());
        let quorum = 2 * set.len() / 3 + 1;
        let mut signatures: Vec<_> = members.take(quorum).map(sign).collect();
        signatures.sort_by_key(|signature| signature.validator);
        CommitCertificate { height, round: 0, block, signatures }
    }

    fn context(&self, height: u64, time: u64) -> BlockContext {
        BlockContext { genesis: self.genesis_hash, chain_id: 7, height, time }
    }

    fn admit(&self, bytes: &[u8]) -> Result<Submitted, Refusal> {
        let code = |code: Code| Refusal::Code(code, String::new());
        let mut inner = self.inner.lock();
        if let Some(refusal) = &inner.refuse {
            return Err(refusal.clone());
        }
        let tx = SignedTx::decode(bytes)
            .map_err(|error| Refusal::Code(Code::Decode, error.to_string()))?;
        let (id, valid_until) = (tx.body.id(), tx.body.valid_until);
        if inner.pool.contains_key(&id) || self.store.tx_location(&id).unwrap().is_some() {
            return Ok(Submitted { id, valid_until, known: true });
        }
        let tx = VerifiedTx::verify(tx).map_err(code)?;
        let head = *self.head.borrow();
        let context = self.context(head.height + 1, head.time_ms);
        admission::check(&inner.state, &context, tx.tx()).map_err(code)?;
        inner.pool.insert(id, (valid_until, bytes.to_vec()));
        Ok(Submitted { id, valid_until, known: false })
    }
}

fn validator(n: usize) -> Validator {
    Validator {
        key: SecretKey::dev(SEED, &format!("validator {n}")).public(),
        peer: SecretKey::dev(SEED, &format!("peer {n}")).public(),
        power: 1,
        name: format!("validator-{n}"),
    }
}

#[tonic::async_trait]
impl Backend for Chain {
    fn genesis(&self) -> &Genesis {
        &self.genesis
    }

    fn genesis_hash(&self) -> Hash {
        self.genesis_hash
    }

    fn head(&self) -> watch::Receiver<Head> {
        self.head.subscribe()
    }

    async fn submit(&self, txs: Vec<Vec<u8>>) -> Vec<Result<Submitted, Refusal>> {
        txs.iter().map(|tx| self.admit(tx)).collect()
    }

    fn pending(&self, id: &Hash) -> Option<u64> {
        self.inner.lock().pool.get(id).map(|(valid_until, _)| *valid_until)
    }

    async fn prove(&self, key: Key) -> Result<StateProof, ProveError> {
        let inner = self.inner.lock();
        let (state, anchor) = inner.attested.as_ref().ok_or(ProveError::Unavailable)?;
        let (leaf, path) = state.prove(&key).ok_or(ProveError::NotFound)?;
        Ok(StateProof { leaf, path, anchor: anchor.clone() })
    }

    fn store(&self) -> &Store {
        &self.store
    }

    fn info(&self) -> NodeInfo {
        NodeInfo { version: "1.2.3".into(), validators: 4, peers: 3, ..NodeInfo::default() }
    }
}

// ---------------------------------------------------------------- a server and its clients

struct Net {
    chain: Arc<Chain>,
    server: RpcServer,
    channel: Channel,
    serving: watch::Sender<bool>,
    stop: CancellationToken,
}

impl Drop for Net {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

fn config() -> RpcConfig {
    let mut config = RpcConfig::new("127.0.0.1:0".parse().unwrap());
    config.heartbeat = Duration::from_millis(100);
    config
}

impl Net {
    async fn new() -> Self {
        Self::with(config()).await
    }

    async fn with(config: RpcConfig) -> Self {
        let chain = Chain::new();
        let serving = watch::Sender::new(true);
        let stop = CancellationToken::new();
        let backend: Arc<dyn Backend> = Arc::<Chain>::clone(&chain);
        let server = serve(config, backend, serving.subscribe(), stop.clone()).await.unwrap();
        let channel = Channel::from_shared(format!("http://{}", server.address)).unwrap();
        let channel = channel.connect().await.unwrap();
        Self { chain, server, channel, serving, stop }
    }

    fn tx(&self) -> TxServiceClient<Channel> {
        TxServiceClient::new(self.channel.clone()).max_encoding_message_size(1 << 30)
    }

    async fn submit(&self, tx: &SignedTx) -> Result<SubmitTxResponse, Status> {
        let signed_tx = tx.encode();
        Ok(self.tx().submit_tx(SubmitTxRequest { signed_tx }).await?.into_inner())
    }

    async fn wait(&self, tx: &SignedTx, timeout_ms: u64) -> WaitTxResponse {
        let tx_id = tx.body.id().to_string();
        let request = WaitTxRequest { tx_id, valid_until_ms: 0, timeout_ms };
        self.tx().wait_tx(request).await.unwrap().into_inner()
    }

    /// Everything after `after`, up to the newest block.
    async fn events(
        &self,
        after: &str,
        filter: Option<EventFilter>,
        page: u32,
    ) -> Vec<EventRecord> {
        let mut client = EventServiceClient::new(self.channel.clone());
        let mut found = Vec::new();
        let mut after = after.to_owned();
        loop {
            let request = ListEventsRequest { after, filter: filter.clone(), page_size: page };
            let answer = client.list_events(request).await.unwrap().into_inner();
            assert!(answer.events.len() <= page as usize);
            found.extend(answer.events);
            if answer.at_head {
                return found;
            }
            after = answer.next_cursor;
        }
    }

    async fn subscribe(&self, after: &str) -> tonic::Streaming<SubscribeEventsResponse> {
        let mut client = EventServiceClient::new(self.channel.clone());
        let request = SubscribeEventsRequest { after: after.into(), filter: None };
        client.subscribe_events(request).await.unwrap().into_inner()
    }

    async fn list_transfers(
        &self,
        n: u32,
        page_size: u32,
        page_token: &str,
    ) -> Result<ListTransfersResponse, Status> {
        let request =
            ListTransfersRequest { address: shown(n), page_size, page_token: page_token.into() };
        let mut client = AccountServiceClient::new(self.channel.clone());
        Ok(client.list_transfers(request).await?.into_inner())
    }

    async fn prove(&self, target: Target) -> Result<GetProofResponse, Status> {
        let mut client = ProofServiceClient::new(self.channel.clone());
        Ok(client.get_proof(GetProofRequest { target: Some(target) }).await?.into_inner())
    }

    async fn open(&self) -> TcpStream {
        TcpStream::connect(self.server.address).await.unwrap()
    }
}

fn account(n: u32) -> Address {
    dev::account_address(SEED, n)
}

fn shown(n: u32) -> String {
    WIRE.address(&account(n))
}

fn transfer(to: u32, amount: u64) -> Op {
    Op::Transfer(TransferOp { to: account(to), amount })
}

fn body(chain: &Chain, from: u32, nonce: u64, ops: Vec<Op>) -> TxBody {
    TxBody {
        genesis: chain.genesis_hash,
        chain_id: 7,
        sender: account(from),
        nonce,
        valid_until: chain.head.borrow().time_ms + 60_000,
        sponsor: None,
        memo: Some(b"INV-17".to_vec()),
        ops,
    }
}

fn signed(from: u32, body: TxBody) -> SignedTx {
    body.sign(&[&dev::account_key(SEED, from)])
}

fn pay(chain: &Chain, from: u32, nonce: u64, ops: Vec<Op>) -> SignedTx {
    signed(from, body(chain, from, nonce, ops))
}

/// Waits for a condition, for a few seconds at most.
async fn until(condition: impl Fn() -> bool) {
    let met = async {
        while !condition() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), met).await.expect("the condition is not met");
}

/// The reason of a refusal, which must be one of ours.
fn reason(status: &Status) -> Reason {
    let error = WireError::from_status(status);
    error.unwrap_or_else(|| panic!("no ErrorInfo in {status:?}")).reason
}

fn assert_reason<T: std::fmt::Debug>(answer: Result<T, Status>, expected: impl Into<Reason>) {
    assert_eq!(reason(&answer.unwrap_err()), expected.into());
}

// ---------------------------------------------------------------- transactions

#[tokio::test]
async fn a_payment_is_submitted_waited_for_and_found() {
    let net = Net::new().await;
    let tx = pay(&net.chain, 0, 1, vec![transfer(1, 25)]);
    let id = tx.body.id().to_string();
    let taken = net.submit(&tx).await.unwrap();
    assert_eq!((taken.tx_id.as_str(), taken.known), (id.as_str(), false));
    assert_eq!(taken.valid_until_ms, tx.body.valid_until);
    assert!(net.submit(&tx).await.unwrap().known);

    let get = |id: &str| {
        let (mut client, tx_id) = (net.tx(), id.to_owned());
        async move { Ok::<_, Status>(client.get_tx(GetTxRequest { tx_id }).await?.into_inner()) }
    };
    assert_eq!(get(&id).await.unwrap().state(), TxState::Pending);
    assert_eq!(net.wait(&tx, 50).await.state(), TxState::Pending);
    assert_eq!(net.wait(&tx, 50).await.valid_until_ms, tx.body.valid_until);

    let (waited, _) = tokio::join!(net.wait(&tx, 0), async { net.chain.commit() });
    assert_eq!((waited.state(), waited.block_time_ms), (TxState::Committed, START + 1_000));
    let found = get(&id).await.unwrap();
    assert_eq!(found.state(), TxState::Committed);
    assert_eq!(found.signed_tx, tx.encode());
    assert_eq!(WIRE.read_transaction(&found.transaction.unwrap()), Ok(tx.clone()));
    let receipt = WIRE.read_receipt(&found.receipt.unwrap()).unwrap();
    assert_eq!(codec::encode(&receipt), found.receipt_bytes);
    assert_eq!(receipt.events.len(), 1);
    assert!(net.submit(&tx).await.unwrap().known);
    assert_reason(get(&Hash::ZERO.to_string()).await, ServiceReason::TxNotFound);
    assert_reason(get("beef").await, ServiceReason::InvalidRequest);
}

#[tokio::test]
async fn a_failed_transaction_names_its_operation_and_code() {
    let net = Net::new().await;
    let tx = pay(&net.chain, 0, 1, vec![transfer(1, 1), transfer(2, 2 * BALANCE)]);
    net.submit(&tx).await.unwrap();
    net.chain.commit();
    let answer = net.wait(&tx, 0).await;
    assert_eq!(answer.state(), TxState::Failed);
    let failure = answer.receipt.unwrap().failure.unwrap();
    assert_eq!((failure.op_index, failure.reason.as_str()), (1, "INSUFFICIENT_AVAILABLE"));
    assert_eq!(failure.number, u32::from(Code::InsufficientAvailable.number()));
}

#[tokio::test]
async fn expired_is_said_only_once_a_block_at_valid_until_is_committed() {
    let net = Net::new().await;
    let tx = pay(&net.chain, 0, 1, vec![transfer(1, 25)]);
    let ask = |valid_until_ms| {
        let (mut client, tx_id) = (net.tx(), tx.body.id().to_string());
        async move {
            let request = WaitTxRequest { tx_id, valid_until_ms, timeout_ms: 50 };
            client.wait_tx(request).await.unwrap().into_inner().state()
        }
    };
    net.chain.commit_later(59_999, Vec::new());
    assert_eq!(ask(tx.body.valid_until).await, TxState::Pending);
    let (waited, _) = tokio::join!(
        async {
            let request = WaitTxRequest {
                tx_id: tx.body.id().to_string(),
                valid_until_ms: tx.body.valid_until,
                timeout_ms: 0,
            };
            net.tx().wait_tx(request).await.unwrap().into_inner().state()
        },
        async { net.chain.commit_later(1, Vec::new()) }
    );
    assert_eq!(waited, TxState::Expired);
    // Nobody here has seen it, so without a hint it is not known when it expires.
    assert_eq!(ask(0).await, TxState::Pending);
}

#[tokio::test]
async fn what_was_submitted_here_expires_without_a_hint_and_after_it_left_the_pool() {
    let net = Net::new().await;
    let tx = pay(&net.chain, 0, 1, vec![transfer(1, 25)]);
    net.submit(&tx).await.unwrap();
    net.chain.inner.lock().pool.clear();
    net.chain.commit_later(60_000, Vec::new());
    assert_eq!(net.wait(&tx, 0).await.state(), TxState::Expired);
}

#[tokio::test]
async fn a_wait_longer_than_a_minute_is_refused() {
    let net = Net::new().await;
    let tx_id = Hash::ZERO.to_string();
    let request = WaitTxRequest { tx_id, valid_until_ms: 0, timeout_ms: 60_001 };
    let status = net.tx().wait_tx(request).await.unwrap_err();
    let error = WireError::from_status(&status).unwrap();
    assert_eq!(error.reason, ServiceReason::InvalidRequest.into());
    assert_eq!(error.fields[0].0, "timeout_ms");
}

#[tokio::test]
async fn every_refusal_carries_the_runtimes_name() {
    let net = Net::new().await;
    let chain = &net.chain;
    let ops = || vec![transfer(1, 1)];
    net.submit(&pay(chain, 0, 200 - 128, ops())).await.unwrap();
    chain.commit();
    let good = || body(chain, 0, 73, ops());
    let now = chain.head.borrow().time_ms;
    let mut stranger = good();
    stranger.sender = Address([9; 32]);
    let mut forged = signed(0, good());
    forged.witnesses[0].signature = Signature([0; 64]);
    let cases = [
        (signed(0, TxBody { chain_id: 8, ..good() }), Code::BadChain),
        (signed(0, TxBody { valid_until: now, ..good() }), Code::Expired),
        (signed(0, TxBody { valid_until: now + VALIDITY_MS_MAX + 1, ..good() }), Code::Expired),
        (signed(0, stranger), Code::UnknownAccount),
        (forged, Code::BadSignature),
        (signed(1, good()), Code::BadSignature),
        (signed(0, TxBody { nonce: 72, ..good() }), Code::NonceUsed),
        (signed(0, TxBody { nonce: 0, ..good() }), Code::NonceTooOld),
        (signed(0, TxBody { nonce: 72 + 129, ..good() }), Code::NonceTooNew),
    ];
    for (tx, code) in &cases {
        assert_reason(net.submit(tx).await, *code);
    }
    let garbage = net.tx().submit_tx(SubmitTxRequest { signed_tx: vec![1, 2, 3] }).await;
    assert_reason(garbage, Code::Decode);
    assert_reason(net.tx().submit_tx(SubmitTxRequest::default()).await, Code::Decode);

    // A batch answers for each, in order, with the same names.
    let mut signed_txs: Vec<_> = cases.iter().map(|(tx, _)| tx.encode()).collect();
    signed_txs.push(signed(0, good()).encode());
    let answer = net.tx().submit_batch(SubmitBatchRequest { signed_txs }).await.unwrap();
    let results = answer.into_inner().results;
    assert_eq!(results.len(), cases.len() + 1);
    for (result, (_, code)) in results.iter().zip(&cases) {
        let Some(submit_batch_result::Result::Refused(error)) = &result.result else {
            panic!("{code} was accepted");
        };
        assert_eq!(error.reason, code.name());
    }
    let last = results.last().unwrap().result.as_ref().unwrap();
    assert!(matches!(last, submit_batch_result::Result::Accepted(taken) if !taken.known));
    let empty = SubmitBatchRequest { signed_txs: Vec::new() };
    assert_reason(net.tx().submit_batch(empty).await, ServiceReason::InvalidRequest);
}

#[tokio::test]
async fn a_busy_and_a_stopping_validator_say_when_to_come_back() {
    let net = Net::new().await;
    let tx = pay(&net.chain, 0, 1, vec![transfer(1, 1)]);
    net.chain.inner.lock().refuse = Some(Refusal::Busy { retry_ms: 250 });
    let error = WireError::from_status(&net.submit(&tx).await.unwrap_err()).unwrap();
    assert_eq!(error.reason, ServiceReason::Busy.into());
    assert_eq!(error.retry_after, Some(Duration::from_millis(250)));
    net.chain.inner.lock().refuse = Some(Refusal::ShuttingDown);
    let status = net.submit(&tx).await.unwrap_err();
    assert_eq!(status.code(), tonic::Code::Unavailable);
    assert_eq!(reason(&status), ServiceReason::ShuttingDown.into());
}

#[tokio::test]
async fn an_oversized_message_is_refused_and_the_connection_lives() {
    let net = Net::new().await;
    let too_large = |status: Status| {
        let code = status.code();
        assert!(
            matches!(code, tonic::Code::OutOfRange | tonic::Code::ResourceExhausted),
            "{status:?}"
        );
    };
    for size in [300 << 10, 5 << 20] {
        let signed_tx = vec![0; size];
        too_large(net.tx().submit_tx(SubmitTxRequest { signed_tx }).await.unwrap_err());
    }
    let signed_txs = vec![vec![0; 1 << 20]; 5];
    too_large(net.tx().submit_batch(SubmitBatchRequest { signed_txs }).await.unwrap_err());
    let signed_txs = vec![vec![0; 16 << 10]; 200];
    let answer = net.tx().submit_batch(SubmitBatchRequest { signed_txs }).await.unwrap();
    assert_eq!(answer.into_inner().results.len(), 200);
}

// ---------------------------------------------------------------- accounts, supply, roles

#[tokio::test]
async fn accounts_supply_and_roles_are_shown_as_they_are() {
    let net = Net::new().await;
    let mut accounts = AccountServiceClient::new(net.channel.clone());
    net.submit(&pay(&net.chain, 0, 1, vec![transfer(1, 25)])).await.unwrap();
    let height = net.chain.commit();
    let mut get = async |address: String| {
        Ok::<_, Status>(accounts.get_account(GetAccountRequest { address }).await?.into_inner())
    };
    let answer = get(shown(0)).await.unwrap();
    assert_eq!((answer.height, answer.block_time_ms), (height, START + 1_000));
    let (address, object) = WIRE.read_account(&answer.account.unwrap()).unwrap();
    assert_eq!((address, object.balance, object.replay.high), (account(0), BALANCE - 25, 1));
    let minter = WIRE.address(&dev::role_address(SEED, Role::Minter));
    let answer = get(minter.clone()).await.unwrap();
    assert_eq!(answer.roles.len(), 1);
    assert_eq!((answer.roles[0].role(), answer.minter.is_some()), (v1::Role::Minter, true));
    assert_reason(get(WIRE.address(&Address([1; 32]))).await, ServiceReason::AccountNotFound);
    let other_network = account(0).display(ballast_primitives::Network::Main);
    for bad in ["", "dbal1", &other_network] {
        assert_reason(get(bad.into()).await, ServiceReason::InvalidRequest);
    }

    let mut supply = SupplyServiceClient::new(net.channel.clone());
    let answer = supply.get_supply(GetSupplyRequest {}).await.unwrap().into_inner();
    let shown_supply = WIRE.read_supply(&answer.supply.unwrap()).unwrap();
    assert_eq!(shown_supply, *net.chain.inner.lock().state.supply());
    assert_eq!(answer.height, height);

    let mut control = ControlServiceClient::new(net.channel.clone());
    let mut found = Vec::new();
    let mut request = ListRolesRequest { page_size: 3, ..ListRolesRequest::default() };
    loop {
        let answer = control.list_roles(request.clone()).await.unwrap().into_inner();
        found.extend(answer.roles.iter().map(v1::RoleGrant::role));
        if answer.next_page_token.is_empty() {
            break;
        }
        request.page_token = answer.next_page_token;
    }
    assert_eq!(found.len(), Role::ALL.len());
    assert!(found.is_sorted());
    let of_minter = ListRolesRequest { holder: minter, ..ListRolesRequest::default() };
    assert_eq!(control.list_roles(of_minter).await.unwrap().into_inner().roles.len(), 1);
    let no_role = ListRolesRequest { role: 99, ..ListRolesRequest::default() };
    assert_reason(control.list_roles(no_role).await, ServiceReason::InvalidRequest);
}

#[tokio::test]
async fn history_pages_are_complete_newest_first_and_pinned() {
    let net = Net::new().await;
    for nonce in 1..=3 {
        let ops = vec![transfer(1, nonce), transfer(2, 50), transfer(1, 100 + nonce)];
        net.submit(&pay(&net.chain, 0, nonce, ops)).await.unwrap();
        net.submit(&pay(&net.chain, 1, nonce, vec![transfer(0, 1_000 + nonce)])).await.unwrap();
        net.chain.commit();
    }
    let amounts = |n, size| {
        let net = &net;
        async move {
            let (mut found, mut token) = (Vec::new(), String::new());
            loop {
                let page = net.list_transfers(n, size, &token).await.unwrap();
                assert!(page.transfers.len() <= size as usize);
                assert_eq!(page.height, 3);
                found.extend(page.transfers.into_iter().map(|t| t.amount_micros));
                token = page.next_page_token;
                if token.is_empty() {
                    return found;
                }
            }
        }
    };
    let whole = amounts(1, 500).await;
    assert_eq!(whole.len(), 9);
    let mut newest = whole[..3].to_vec();
    newest.sort_unstable();
    assert_eq!(newest, [3, 103, 1_003]);
    for size in [1, 2, 4, 9] {
        assert_eq!(amounts(1, size).await, whole, "pages of {size}");
    }
    assert_eq!(amounts(3, 10).await, [0; 0]);

    let first = net.list_transfers(1, 4, "").await.unwrap();
    net.submit(&pay(&net.chain, 0, 9, vec![transfer(1, 9_999)])).await.unwrap();
    net.chain.commit();
    let rest = net.list_transfers(1, 50, &first.next_page_token).await.unwrap();
    assert_eq!((rest.height, rest.transfers.len()), (3, 5));
    for token in ["zz", "00", &"00".repeat(500), &first.next_page_token[2..]] {
        assert_reason(net.list_transfers(1, 4, token).await, ServiceReason::BadPageToken);
    }
    // A token of another account.
    let stolen = net.list_transfers(2, 4, &first.next_page_token).await;
    assert_reason(stolen, ServiceReason::BadPageToken);
}

// ---------------------------------------------------------------- blocks

#[tokio::test]
async fn blocks_are_shown_with_receipts_in_pages_and_a_certificate_that_verifies() {
    let net = Net::new().await;
    let mut ledger = LedgerServiceClient::new(net.channel.clone());
    let empty = ledger.get_chain_info(GetChainInfoRequest {}).await.unwrap().into_inner();
    assert_eq!((empty.height, empty.time_ms, empty.oldest_height), (0, START, 0));
    let none = ledger.get_block(GetBlockRequest::default()).await;
    assert_reason(none, ServiceReason::BlockNotFound);
    for nonce in 1..=5 {
        net.submit(&pay(&net.chain, 0, nonce, vec![transfer(1, nonce)])).await.unwrap();
    }
    for _ in 0..6 {
        net.chain.commit();
    }
    let info = ledger.get_chain_info(GetChainInfoRequest {}).await.unwrap().into_inner();
    assert_eq!((info.height, info.oldest_height, info.chain_id), (6, 1, 7));
    assert_eq!((info.network.as_str(), info.address_prefix.as_str()), ("devnet", "dbal"));
    assert_eq!((info.validators.len(), info.node.unwrap().peers_connected), (4, 3));
    assert_eq!(info.genesis_hash, net.chain.genesis_hash.to_string());

    let mut request = GetBlockRequest { height: 1, page_size: 2, page_token: String::new() };
    let mut receipts = Vec::new();
    let block = loop {
        let answer = ledger.get_block(request.clone()).await.unwrap().into_inner();
        receipts.extend(answer.receipts.iter().map(|receipt| receipt.index));
        if answer.next_page_token.is_empty() {
            break answer.block.unwrap();
        }
        request.page_token = answer.next_page_token;
    };
    assert_eq!(receipts, [0, 1, 2, 3, 4]);
    let certified: CertifiedHeader = codec::decode(&block.certified_header, 1 << 20).unwrap();
    certified.verify(&net.chain.genesis_hash, &net.chain.genesis.validators).unwrap();
    assert_eq!(WIRE.read_header(&block.header.unwrap()), Ok(certified.header));
    assert_eq!(block.signers.len(), 3);

    let newest = ledger.get_block(GetBlockRequest::default()).await.unwrap().into_inner();
    assert_eq!(newest.block.unwrap().header.unwrap().height, 6);
    let beyond = ledger.get_block(GetBlockRequest { height: 7, ..Default::default() }).await;
    let error = WireError::from_status(&beyond.unwrap_err()).unwrap();
    assert_eq!((error.metadata["head"].as_str(), error.metadata["oldest"].as_str()), ("6", "1"));

    let mut request = ListBlocksRequest { page_size: 4, page_token: String::new() };
    let page = ledger.list_blocks(request.clone()).await.unwrap().into_inner();
    net.chain.commit();
    request.page_token = page.next_page_token;
    let rest = ledger.list_blocks(request).await.unwrap().into_inner();
    let blocks = page.blocks.into_iter().chain(rest.blocks);
    let heights: Vec<_> = blocks.map(|block| block.header.unwrap().height).collect();
    assert_eq!((heights, rest.height), (vec![6, 5, 4, 3, 2, 1], 6));
    assert_eq!(rest.next_page_token, "");
}

#[tokio::test]
async fn evidence_names_the_validator_and_both_votes() {
    let net = Net::new().await;
    let key = &net.chain.validators[2];
    let vote = |block| {
        let vote = Vote { kind: VoteKind::Prevote, height: 1, round: 4, block };
        (vote, key.sign(&vote.signed_bytes(&net.chain.genesis_hash)))
    };
    let evidence = Evidence {
        validator: key.public(),
        height: 1,
        round: 4,
        kind: EvidenceKind::Votes { first: vote(None), second: vote(Some(Hash([1; 32]))) },
        seen_at: 1,
    };
    net.chain.commit_later(1_000, vec![evidence.clone()]);
    let mut control = ControlServiceClient::new(net.channel.clone());
    let answer = control.list_evidence(ListEvidenceRequest::default()).await.unwrap().into_inner();
    let [shown] = answer.evidence.as_slice() else { panic!("{answer:?}") };
    assert_eq!((shown.validator_name.as_str(), shown.round), ("validator-2", 4));
    assert_eq!(shown.kind(), v1::EvidenceKind::Votes);
    assert_eq!((shown.first_block_id.as_str(), shown.second_block_id.len()), ("", 64));
    assert_eq!(codec::decode(&shown.evidence_bytes, 1 << 10), Ok(evidence));
}

// ---------------------------------------------------------------- events

/// Three blocks: six payments in the first, none in the second, one of two transfers in the third.
async fn eventful() -> Net {
    let net = Net::new().await;
    for nonce in 1..=3 {
        net.submit(&pay(&net.chain, 0, nonce, vec![transfer(1, nonce)])).await.unwrap();
        net.submit(&pay(&net.chain, 2, nonce, vec![transfer(3, 10 + nonce)])).await.unwrap();
    }
    net.chain.commit();
    net.chain.commit();
    net.submit(&pay(&net.chain, 0, 4, vec![transfer(1, 4), transfer(3, 5)])).await.unwrap();
    net.chain.commit();
    net
}

#[tokio::test]
async fn events_resume_exactly_behind_every_cursor() {
    let net = eventful().await;
    let whole = net.events("0", None, 1_000).await;
    assert_eq!(whole.len(), 8);
    assert_eq!(net.events("", None, 1).await, whole);
    for page in [1, 2, 3] {
        assert_eq!(net.events("0", None, page).await, whole, "pages of {page}");
    }
    for (n, event) in whole.iter().enumerate() {
        assert_eq!(net.events(&event.cursor, None, 2).await, whole[n + 1..]);
        let mut frames = net.subscribe(&event.cursor).await;
        for expected in &whole[n + 1..] {
            let frame = frames.message().await.unwrap().unwrap();
            assert_eq!(frame.cursor, expected.cursor);
            assert_eq!(frame.frame, Some(Frame::Event(expected.clone())));
        }
        let frame = frames.message().await.unwrap().unwrap();
        assert_eq!(frame.cursor, "3");
        assert!(matches!(frame.frame, Some(Frame::Heartbeat(beat)) if beat.height == 3));
    }
    assert_eq!(net.events("1", None, 10).await.len(), 2);
    assert_eq!(net.events("2", None, 10).await.len(), 2);
    assert_eq!(net.events("3", None, 10).await.len(), 0);
}

#[tokio::test]
async fn a_subscription_follows_the_chain_live_and_heartbeats_advance_its_cursor() {
    let net = eventful().await;
    let mut frames = net.subscribe("").await;
    let first = frames.message().await.unwrap().unwrap();
    assert_eq!(
        (first.cursor.as_str(), matches!(first.frame, Some(Frame::Heartbeat(_)))),
        ("3", true)
    );
    net.submit(&pay(&net.chain, 0, 5, vec![transfer(1, 6)])).await.unwrap();
    net.chain.commit();
    let frame = loop {
        match frames.message().await.unwrap().unwrap().frame.unwrap() {
            Frame::Heartbeat(_) => {}
            Frame::Event(event) => break event,
        }
    };
    assert_eq!((frame.cursor.as_str(), frame.name.as_str()), ("4/0/0", "Transferred"));
    net.chain.commit();
    while frames.message().await.unwrap().unwrap().cursor != "5" {}
    net.stop.cancel();
    let end = loop {
        match frames.message().await {
            Ok(Some(_)) => {}
            Ok(None) => panic!("closed without a reason"),
            Err(status) => break status,
        }
    };
    assert_eq!(reason(&end), ServiceReason::ShuttingDown.into());
}

#[tokio::test]
async fn filters_select_by_account_and_name() {
    let net = eventful().await;
    let filter = |accounts: &[u32], names: &[&str]| {
        let accounts = accounts.iter().map(|n| shown(*n)).collect();
        Some(EventFilter { accounts, names: names.iter().map(|n| (*n).to_owned()).collect() })
    };
    assert_eq!(net.events("0", filter(&[1], &[]), 2).await.len(), 4);
    assert_eq!(net.events("0", filter(&[3], &["Transferred"]), 2).await.len(), 4);
    assert_eq!(net.events("0", filter(&[1, 3], &[]), 2).await.len(), 8);
    assert_eq!(net.events("0", filter(&[], &["Minted"]), 2).await.len(), 0);
    let mut client = EventServiceClient::new(net.channel.clone());
    let bad = [filter(&[], &["Transfered"]), filter(&[0; 101], &[])];
    for filter in bad {
        let request = ListEventsRequest { filter, ..ListEventsRequest::default() };
        assert_reason(client.list_events(request).await, ServiceReason::InvalidRequest);
    }
}

#[tokio::test]
async fn a_cursor_that_cannot_be_resumed_is_refused_with_the_reason() {
    let net = eventful().await;
    let mut client = EventServiceClient::new(net.channel.clone());
    let mut ask = async |after: &str| {
        let request = SubscribeEventsRequest { after: after.into(), filter: None };
        let answer = client.subscribe_events(request).await;
        WireError::from_status(&answer.unwrap_err()).unwrap()
    };
    assert_eq!(ask("1/2").await.reason, ServiceReason::BadCursor.into());
    let ahead = ask("4").await;
    assert_eq!(ahead.reason, ServiceReason::CursorAhead.into());
    assert_eq!(ahead.metadata["head"], "3");
}

#[tokio::test]
async fn a_reader_that_does_not_read_is_closed_with_its_cursor() {
    let mut config = config();
    config.subscription_frames_max = 2;
    config.subscription_stall = Duration::from_millis(200);
    let net = Net::with(config).await;
    let mut frames = net.subscribe("0").await;
    // More than HTTP/2's windows and the frames that may wait hold.
    for block in 0..20 {
        for nonce in 1..=64 {
            let ops = vec![transfer(1, 1); 16];
            net.submit(&pay(&net.chain, 0, 64 * block + nonce, ops)).await.unwrap();
        }
        net.chain.commit();
    }
    // The subscription listens for new heads for as long as it lives.
    until(|| net.chain.head.receiver_count() == 0).await;
    let mut last = String::new();
    let end = loop {
        match frames.message().await {
            Ok(Some(frame)) => last = frame.cursor,
            Ok(None) => panic!("closed without a reason"),
            Err(status) => break WireError::from_status(&status).unwrap(),
        }
    };
    assert_eq!(end.reason, ServiceReason::SlowReader.into());
    assert_eq!(end.metadata["cursor"], last);
}

// ---------------------------------------------------------------- proofs

#[tokio::test]
async fn proofs_verify_from_the_genesis_hash_and_the_validator_set_alone() {
    let net = Net::new().await;
    let tx = pay(&net.chain, 0, 1, vec![transfer(1, 25)]);
    let tx_id = tx.body.id().to_string();
    for nonce in 2..=4 {
        net.submit(&pay(&net.chain, 0, nonce, vec![transfer(1, nonce)])).await.unwrap();
    }
    assert_reason(
        net.prove(Target::Supply(SupplyTarget {})).await,
        ServiceReason::ProofUnavailable,
    );
    assert_reason(net.prove(Target::TxId(tx_id.clone())).await, ServiceReason::ProofNotFound);
    net.submit(&tx).await.unwrap();
    net.chain.commit();
    // The receipt is provable once a later header attests its block.
    let (receipt, _) = tokio::join!(net.prove(Target::TxId(tx_id)), async {
        until(|| net.chain.head.receiver_count() > 0).await;
        net.chain.commit()
    });
    let (genesis, committee) = (net.chain.genesis_hash, &net.chain.genesis.validators);
    let receipt = receipt.unwrap();
    let Some(Proof::ReceiptProof(bytes)) = &receipt.proof else { panic!("{receipt:?}") };
    let proof: ReceiptProof = codec::decode(bytes, 1 << 20).unwrap();
    proof.verify(&genesis, committee).unwrap();
    let Some(Value::Receipt(shown_receipt)) = receipt.value else { panic!("no receipt") };
    assert_eq!(codec::encode(&WIRE.read_receipt(&shown_receipt).unwrap()), proof.receipt);
    assert_eq!((receipt.proven_height, receipt.anchor.unwrap().height), (1, 2));

    for target in [Target::Account(shown(0)), Target::Supply(SupplyTarget {})] {
        let answer = net.prove(target).await.unwrap();
        let Some(Proof::StateProof(bytes)) = &answer.proof else { panic!("{answer:?}") };
        let proof: StateProof = codec::decode(bytes, 1 << 20).unwrap();
        proof.verify(&genesis, committee).unwrap();
        assert_eq!(answer.proven_height, 1);
        match answer.value.unwrap() {
            Value::Account(shown) => {
                assert_eq!(WIRE.read_account(&shown).unwrap().1.balance, BALANCE - 25 - 9);
            }
            Value::Supply(shown) => {
                assert_eq!(WIRE.read_supply(&shown).unwrap().total, u128::from(4 * BALANCE));
            }
            Value::Receipt(_) => panic!("not asked for"),
        }
    }
    let unknown = Target::Account(WIRE.address(&Address([1; 32])));
    assert_reason(net.prove(unknown).await, ServiceReason::ProofNotFound);
    let mut client = ProofServiceClient::new(net.channel.clone());
    let nothing = client.get_proof(GetProofRequest { target: None }).await;
    assert_reason(nothing, ServiceReason::InvalidRequest);
}

#[tokio::test]
async fn a_client_follows_the_validator_set_from_genesis_to_the_newest_block() {
    let net = Net::new().await;
    net.chain.commit();
    let sets: [&[usize]; 4] = [&[0, 1, 2, 3, 4], &[1, 2, 3, 4], &[0, 1, 2, 4], &[0, 1, 2, 3]];
    for members in sets {
        net.chain.choose(members);
        net.chain.commit();
        net.chain.commit();
    }
    let mut ledger = LedgerServiceClient::new(net.channel.clone());
    let info = ledger.get_chain_info(GetChainInfoRequest {}).await.unwrap().into_inner();
    assert_eq!((info.height, info.validators.len()), (9, 4));

    let mut client = ProofServiceClient::new(net.channel.clone());
    for page_size in [0, 1, 3] {
        let mut request = ListSetChangesRequest { page_size, ..ListSetChangesRequest::default() };
        let mut changes = Vec::new();
        loop {
            let page = client.list_set_changes(request.clone()).await.unwrap().into_inner();
            assert!(page.head == 9 && (page_size == 0 || page.changes.len() <= page_size as usize));
            changes.extend(page.changes);
            request.page_token = page.next_page_token;
            if request.page_token.is_empty() {
                break;
            }
        }
        let heights: Vec<_> = changes.iter().map(|change| change.height).collect();
        assert_eq!(heights, [2, 4, 6, 8]);
        assert!(changes.iter().zip(sets).all(|(c, set)| c.validators.len() == set.len()));
        let changes: Vec<SetChange> =
            changes.iter().map(|c| codec::decode(&c.set_change, 1 << 20).unwrap()).collect();
        let first = net.chain.genesis.validators.clone();
        let history = SetHistory::new(net.chain.genesis_hash, first).extended(changes).unwrap();
        for height in 1..=9 {
            let block = net.chain.store.block(height).unwrap().unwrap();
            let (header, certificate) = (block.header, block.certificate);
            history.verify(&CertifiedHeader { header, certificate }).unwrap();
        }
    }

    let mut request = ListSetChangesRequest { from_height: 5, page_size: 1, ..Default::default() };
    let page = client.list_set_changes(request.clone()).await.unwrap().into_inner();
    assert_eq!(page.changes.iter().map(|change| change.height).collect::<Vec<_>>(), [6]);
    // The next page goes on with the request that it is of, and leaves out what came later.
    net.chain.choose(&[0, 1, 2, 3, 4]);
    net.chain.commit();
    request.page_token = page.next_page_token;
    let page = client.list_set_changes(request.clone()).await.unwrap().into_inner();
    assert_eq!(page.changes.iter().map(|change| change.height).collect::<Vec<_>>(), [8]);
    assert!(page.next_page_token.is_empty());
    request.from_height = 4;
    assert_reason(client.list_set_changes(request).await, ServiceReason::BadPageToken);
}

#[tokio::test]
async fn a_proof_that_no_header_attests_in_time_says_so() {
    let mut config = config();
    config.wait_max = Duration::from_millis(100);
    let net = Net::with(config).await;
    let tx = pay(&net.chain, 0, 1, vec![transfer(1, 25)]);
    net.submit(&tx).await.unwrap();
    net.chain.commit();
    let answer = net.prove(Target::TxId(tx.body.id().to_string())).await;
    assert_reason(answer, ServiceReason::ProofTimeout);
}

// ---------------------------------------------------------------- the server itself

#[tokio::test]
async fn plaintext_off_loopback_is_refused() {
    let config = RpcConfig::new("0.0.0.0:0".parse().unwrap());
    let backend: Arc<dyn Backend> = Chain::new();
    let refused = serve(config, backend, watch::channel(true).1, CancellationToken::new()).await;
    assert!(matches!(refused, Err(RpcError::Insecure(_))));
}

#[tokio::test]
async fn health_follows_the_watch_and_reflection_lists_the_services() {
    use tonic_health::pb::health_client::HealthClient;
    use tonic_health::pb::{HealthCheckRequest, health_check_response::ServingStatus};
    use tonic_reflection::pb::v1 as reflection;
    use tonic_reflection::pb::v1::server_reflection_request::MessageRequest;
    use tonic_reflection::pb::v1::server_reflection_response::MessageResponse;

    let net = Net::new().await;
    let mut health = HealthClient::new(net.channel.clone());
    let mut states = health.watch(HealthCheckRequest::default()).await.unwrap().into_inner();
    while states.message().await.unwrap().unwrap().status() != ServingStatus::Serving {}
    net.serving.send_replace(false);
    while states.message().await.unwrap().unwrap().status() != ServingStatus::NotServing {}

    let mut client =
        reflection::server_reflection_client::ServerReflectionClient::new(net.channel.clone());
    let request = reflection::ServerReflectionRequest {
        host: String::new(),
        message_request: Some(MessageRequest::ListServices(String::new())),
    };
    let stream = tokio_stream::once(request);
    let mut answers = client.server_reflection_info(stream).await.unwrap().into_inner();
    let answer = answers.message().await.unwrap().unwrap().message_response.unwrap();
    let MessageResponse::ListServicesResponse(list) = answer else { panic!("{answer:?}") };
    let names: Vec<_> = list.service.into_iter().map(|service| service.name).collect();
    for name in ["Tx", "Account", "Ledger", "Supply", "Control", "Event", "Proof"] {
        let name = format!("ballast.v1.{name}Service");
        assert!(names.contains(&name), "{name} is not in {names:?}");
    }
}

/// Reads until `stream` is closed by the other side, for a few seconds at most.
async fn closed(mut stream: TcpStream) -> bool {
    let mut rest = Vec::new();
    tokio::time::timeout(Duration::from_secs(5), stream.read_to_end(&mut rest)).await.is_ok()
}

#[tokio::test]
async fn a_silent_connection_and_a_half_head_are_closed_in_time() {
    let mut config = config();
    config.preface_timeout = Duration::from_millis(200);
    let net = Net::with(config).await;
    let silent = net.open().await;
    let mut half = net.open().await;
    half.write_all(b"PRI * HTTP/2").await.unwrap();
    let mut slow = net.open().await;
    slow.write_all(b"POST / HTTP/1.1\r\nhost: x\r\n").await.unwrap();
    assert!(closed(silent).await && closed(half).await && closed(slow).await);
}

#[tokio::test]
async fn a_connection_that_falls_silent_is_closed() {
    let mut config = config();
    config.idle_timeout = Duration::from_millis(200);
    config.keepalive_interval = Duration::from_secs(3_600);
    let net = Net::with(config).await;
    let mut stream = net.open().await;
    stream.write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0").await.unwrap();
    assert!(closed(stream).await);
}

#[tokio::test]
async fn one_address_has_a_share_of_the_connections() {
    let mut config = config();
    config.connections_per_address_max = 3;
    let net = Net::with(config).await;
    let (_one, _two) = (net.open().await, net.open().await);
    // The test's own channel is the first of the three.
    assert!(closed(net.open().await).await);
    assert!(net.submit(&pay(&net.chain, 0, 1, vec![transfer(1, 1)])).await.is_ok());
}

/// A call as a browser makes it, over HTTP/1.1; the answer's text.
async fn grpc_web(net: &Net, method: &str, length: usize, body: &[u8]) -> String {
    let mut stream = net.open().await;
    let head = format!(
        "{method} /ballast.v1.TxService/GetTx HTTP/1.1\r\nhost: x\r\norigin: https://a.example\r\n\
         access-control-request-method: POST\r\naccess-control-request-headers: x-grpc-web\r\n\
         content-type: application/grpc-web+proto\r\ncontent-length: {length}\r\n\
         connection: close\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    stream.write_all(body).await.unwrap();
    let mut answer = Vec::new();
    let read = stream.read_to_end(&mut answer);
    tokio::time::timeout(Duration::from_secs(5), read).await.unwrap().unwrap();
    String::from_utf8_lossy(&answer).to_lowercase()
}

#[tokio::test]
async fn browsers_may_call_and_read_the_details_of_errors() {
    let net = Net::new().await;
    let preflight = grpc_web(&net, "OPTIONS", 0, b"").await;
    assert!(preflight.contains("access-control-allow-origin: *"), "{preflight}");
    assert!(preflight.contains("access-control-allow-headers: x-grpc-web"), "{preflight}");
    let answer = grpc_web(&net, "POST", 5, &[0; 5]).await;
    assert!(
        answer.contains(
            "access-control-expose-headers: grpc-status,grpc-message,grpc-status-details-bin"
        ),
        "{answer}"
    );
    assert!(answer.contains("grpc-status: 3") || answer.contains("grpc-status:3"), "{answer}");
}

#[tokio::test]
async fn a_request_that_is_sent_half_ends_in_time() {
    let mut config = config();
    config.call_timeout = Duration::from_millis(200);
    let net = Net::with(config).await;
    let answer = grpc_web(&net, "POST", 100, &[0, 0, 0, 0, 95]).await;
    assert!(answer.contains("grpc-status: 4") || answer.contains("grpc-status:4"), "{answer}");
}

#[tokio::test]
async fn the_server_stops_when_told_with_calls_open() {
    let mut config = config();
    config.drain = Duration::from_secs(2);
    let mut net = Net::with(config).await;
    let tx = pay(&net.chain, 0, 1, vec![transfer(1, 1)]);
    net.submit(&tx).await.unwrap();
    let waiting = net.wait(&tx, 0);
    let stopping = async {
        until(|| net.chain.head.receiver_count() > 0).await;
        net.stop.cancel();
    };
    let (answer, ()) = tokio::join!(waiting, stopping);
    assert_eq!(answer.state(), TxState::Pending);
    let task = &mut net.server.task;
    tokio::time::timeout(Duration::from_secs(5), task).await.unwrap().unwrap();
}

#[tokio::test]
async fn a_browsers_event_stream_outlives_the_idle_limit() {
    let mut config = config();
    config.idle_timeout = Duration::from_millis(300);
    let net = Net::with(config).await;
    let mut stream = net.open().await;
    let head = "POST /ballast.v1.EventService/SubscribeEvents HTTP/1.1\r\nhost: x\r\n\
                content-type: application/grpc-web+proto\r\ncontent-length: 5\r\n\r\n";
    stream.write_all(head.as_bytes()).await.unwrap();
    stream.write_all(&[0; 5]).await.unwrap();
    let began = tokio::time::Instant::now();
    let mut bytes = [0; 4096];
    while began.elapsed() < Duration::from_millis(1_000) {
        assert!(stream.read(&mut bytes).await.unwrap() > 0, "closed");
    }
}

#[tokio::test]
async fn tls_serves_those_who_trust_its_certificate_and_nobody_in_plaintext() {
    use tonic::transport::{Certificate, ClientTlsConfig};

    let mut config = RpcConfig::new("127.0.0.1:0".parse().unwrap());
    config.preface_timeout = Duration::from_millis(500);
    let (certificate_pem, key_pem) = (TLS_CERTIFICATE.into(), TLS_KEY.into());
    config.tls = Some(TlsConfig { certificate_pem, key_pem, client_ca_pem: None });
    let (chain, stop) = (Chain::new(), CancellationToken::new());
    let backend: Arc<dyn Backend> = Arc::<Chain>::clone(&chain);
    let server = serve(config, backend, watch::channel(true).1, stop).await.unwrap();
    let trust = ClientTlsConfig::new().ca_certificate(Certificate::from_pem(TLS_CERTIFICATE));
    let url = format!("https://localhost:{}", server.address.port());
    let channel = Channel::from_shared(url).unwrap().tls_config(trust).unwrap();
    let mut client = SupplyServiceClient::new(channel.connect().await.unwrap());
    assert_eq!(client.get_supply(GetSupplyRequest {}).await.unwrap().into_inner().height, 0);
    let silent = TcpStream::connect(server.address).await.unwrap();
    let mut plain = TcpStream::connect(server.address).await.unwrap();
    plain.write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n").await.unwrap();
    assert!(closed(silent).await && closed(plain).await);
}

/// For localhost, valid for a hundred years; made with `openssl req -x509` and used nowhere else.
const TLS_CERTIFICATE: &str = "\
-----BEGIN CERTIFICATE-----
MIIBZTCCAQqgAwIBAgIBATAKBggqhkjOPQQDAjAXMRUwEwYDVQQDDAxiYWxsYXN0
IHRlc3QwIBcNMjAwMTAxMDAwMDAwWhgPMjEyMDAxMDEwMDAwMDBaMBcxFTATBgNV
BAMMDGJhbGxhc3QgdGVzdDBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABNILUXMg
T8GKvULYKAEoufWYPba5ose+tLwWJ6zMdo1SvsnKwzHwSTaJglo2xcNtal+2NIgi
o4vw7XQu6/eJXh6jRTBDMBQGA1UdEQQNMAuCCWxvY2FsaG9zdDAMBgNVHRMBAf8E
AjAAMB0GA1UdDgQWBBTHLuwVvBlGBEoto9ZFvrFXUkzCSjAKBggqhkjOPQQDAgNJ
ADBGAiEAsXK/Tkp2EogmAf2/5v/XAcKHZY7ZVawsjj386iFSDfcCIQCXojK77PsX
knlq3sO32c49QPBH8rxShfpejWfo1U6s0A==
-----END CERTIFICATE-----
";
const TLS_KEY: &str = "\
-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgBkvV66UhW8mSB8sb
zKLlWHWcFd6h8AagVtbr7zs7gpKhRANCAATSC1FzIE/Bir1C2CgBKLn1mD22uaLH
vrS8FieszHaNUr7JysMx8Ek2iYJaNsXDbWpftjSIIqOL8O10Luv3iV4e
-----END PRIVATE KEY-----
";
