//! A server over the chain, and its clients.

use crate::prelude::*;

pub struct Net {
    pub chain: Arc<Chain>,
    pub server: RpcServer,
    pub channel: Channel,
    pub serving: watch::Sender<bool>,
    pub metrics: RpcMetrics,
    pub stop: CancellationToken,
}

impl Drop for Net {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

pub fn config() -> RpcConfig {
    let mut config = RpcConfig::new("127.0.0.1:0".parse().unwrap());
    config.heartbeat = Duration::from_millis(100);
    config
}

impl Net {
    pub async fn new() -> Self {
        Self::with(config()).await
    }

    pub async fn with(config: RpcConfig) -> Self {
        let chain = Chain::new();
        let serving = watch::Sender::new(true);
        let stop = CancellationToken::new();
        let backend: Arc<dyn Backend> = Arc::<Chain>::clone(&chain);
        let metrics = RpcMetrics::default();
        let server = serve(config, backend, serving.subscribe(), metrics.clone(), stop.clone())
            .await
            .unwrap();
        let channel = Channel::from_shared(format!("http://{}", server.address)).unwrap();
        let channel = channel.connect().await.unwrap();
        Self { chain, server, channel, serving, metrics, stop }
    }

    pub fn tx(&self) -> TxServiceClient<Channel> {
        TxServiceClient::new(self.channel.clone()).max_encoding_message_size(1 << 30)
    }

    pub async fn submit(&self, tx: &SignedTx) -> Result<SubmitTxResponse, Status> {
        let signed_tx = tx.encode();
        Ok(self.tx().submit_tx(SubmitTxRequest { signed_tx }).await?.into_inner())
    }

    pub async fn wait(&self, tx: &SignedTx, timeout_ms: u64) -> WaitTxResponse {
        let tx_id = tx.body.id().to_string();
        let request = WaitTxRequest { tx_id, timeout_ms, ..WaitTxRequest::default() };
        self.tx().wait_tx(request).await.unwrap().into_inner()
    }

    /// Waits for what nobody need have submitted here.
    pub async fn wait_for(&self, body: &TxBody, timeout_ms: u64) -> Result<WaitTxResponse, Status> {
        let (tx_id, tx_body) = (body.id().to_string(), codec::encode(body));
        let request = WaitTxRequest { tx_id, timeout_ms, tx_body, valid_until_ms: 0 };
        Ok(self.tx().wait_tx(request).await?.into_inner())
    }

    /// Everything after `after`, up to the newest block.
    pub async fn events(
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

    pub async fn subscribe(&self, after: &str) -> tonic::Streaming<SubscribeEventsResponse> {
        let mut client = EventServiceClient::new(self.channel.clone());
        let request = SubscribeEventsRequest { after: after.into(), filter: None };
        client.subscribe_events(request).await.unwrap().into_inner()
    }

    pub async fn list_transfers(
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

    pub async fn prove(&self, target: Target) -> Result<GetProofResponse, Status> {
        let mut client = ProofServiceClient::new(self.channel.clone());
        Ok(client.get_proof(GetProofRequest { target: Some(target) }).await?.into_inner())
    }

    pub async fn open(&self) -> TcpStream {
        TcpStream::connect(self.server.address).await.unwrap()
    }
}

pub fn account(n: u32) -> Address {
    dev::account_address(SEED, n)
}

pub fn shown(n: u32) -> String {
    WIRE.address(&account(n))
}

pub fn transfer(to: u32, amount: u64) -> Op {
    Op::Transfer(TransferOp { to: account(to), amount, travel: None })
}

pub fn body(chain: &Chain, from: u32, nonce: u64, ops: Vec<Op>) -> TxBody {
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

pub fn signed(from: u32, body: TxBody) -> SignedTx {
    body.sign(&[&dev::account_key(SEED, from)])
}

pub fn pay(chain: &Chain, from: u32, nonce: u64, ops: Vec<Op>) -> SignedTx {
    signed(from, body(chain, from, nonce, ops))
}

/// Reads until `stream` is closed by the other side, for a few seconds at most.
pub async fn closed(mut stream: TcpStream) -> bool {
    let mut rest = Vec::new();
    tokio::time::timeout(Duration::from_secs(5), stream.read_to_end(&mut rest)).await.is_ok()
}

/// Waits for a condition, for a few seconds at most.
pub async fn until(condition: impl Fn() -> bool) {
    let met = async {
        while !condition() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), met).await.expect("the condition is not met");
}

/// The reason of a refusal, which must be one of ours.
pub fn reason(status: &Status) -> Reason {
    let error = WireError::from_status(status);
    error.unwrap_or_else(|| panic!("no ErrorInfo in {status:?}")).reason
}

pub fn assert_reason<T: std::fmt::Debug>(answer: Result<T, Status>, expected: impl Into<Reason>) {
    assert_eq!(reason(&answer.unwrap_err()), expected.into());
}

/// Signed by the holder of a role.
pub fn by_role(chain: &Chain, role: Role, nonce: u64, ops: Vec<Op>) -> SignedTx {
    let sender = dev::role_address(SEED, role);
    TxBody { sender, ..body(chain, 0, nonce, ops) }.sign(&[&dev::role_key(SEED, role)])
}

/// Signed by a member of the council.
pub fn by_member(chain: &Chain, member: usize, nonce: u64, op: Op) -> SignedTx {
    let sender = dev::council_addresses(SEED)[member];
    let key = &dev::council_keys(SEED)[member];
    TxBody { sender, ..body(chain, 0, nonce, vec![op]) }.sign(&[key])
}

/// Operations of class A and B, carried out at once: number `number`, from 0, is the first
/// member's transaction `number + 1`.
pub fn by_council(chain: &Chain, number: u64, ops: Vec<CouncilOp>) -> SignedTx {
    let signed = (0u64, number, &ops);
    let message = signed_bytes_on(SignTag::CouncilVote, &chain.genesis_hash, 7, &signed);
    let sign = |key: &SecretKey| Witness { key: key.public(), signature: key.sign(&message) };
    let mut witnesses: Vec<_> = dev::council_keys(SEED).iter().take(3).map(sign).collect();
    witnesses.sort_unstable_by_key(|witness| witness.key);
    let exec = CouncilExec { ops, epoch: 0, exec_nonce: number, witnesses };
    by_member(chain, 0, number + 1, Op::CouncilExec(exec))
}

impl Net {
    pub fn control(&self) -> ControlServiceClient<Channel> {
        ControlServiceClient::new(self.channel.clone())
    }

    pub fn supply(&self) -> SupplyServiceClient<Channel> {
        SupplyServiceClient::new(self.channel.clone())
    }

    /// Commits transactions in one block; each must succeed.
    pub async fn succeed(&self, txs: &[SignedTx]) -> Vec<v1::Receipt> {
        for tx in txs {
            self.submit(tx).await.unwrap();
        }
        self.chain.commit();
        let mut receipts = Vec::new();
        for tx in txs {
            let answer = self.wait(tx, 1_000).await;
            assert_eq!(answer.state(), TxState::Committed, "{answer:?}");
            receipts.push(answer.receipt.unwrap());
        }
        receipts
    }
}

/// All items of a list, page after page; every page but the last has as many as were asked for or
/// says where to go on.
macro_rules! all {
    ($client:expr, $method:ident, $request:expr, $field:ident) => {{
        let mut request = $request;
        let mut items = Vec::new();
        loop {
            let page = $client.$method(request.clone()).await.unwrap().into_inner();
            assert!(page.$field.len() <= request.page_size as usize || request.page_size == 0);
            items.extend(page.$field);
            request.page_token = page.next_page_token;
            if request.page_token.is_empty() {
                break items;
            }
        }
    }};
}

pub(crate) use all;
