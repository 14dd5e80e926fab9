//! A validator that lies, and a client that is told nothing but lies and believes none.

use std::sync::Mutex as StdMutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use ballast_client::{Client, ClientOptions, Error, Fate, ProvenFate, VerifiedClient};
use ballast_primitives::certificate::CertificateError;
use ballast_primitives::history::SetChangeError;
use ballast_primitives::proof::ProofError;
use ballast_proto::v1::account_service_server::{AccountService, AccountServiceServer};
use ballast_proto::v1::ledger_service_server::{LedgerService, LedgerServiceServer};
use ballast_proto::v1::proof_service_server::{ProofService, ProofServiceServer};
use ballast_proto::v1::tx_service_server::{TxService, TxServiceServer};
use tokio_stream::wrappers::TcpListenerStream;
use tonic::{Request, Response};

use crate::prelude::*;

/// What is done to an answer on its way.
#[derive(Clone)]
enum Lie {
    /// The truth.
    None,
    /// Another balance in the leaf.
    Balance,
    /// Another balance, and a header that attests it, signed by these.
    Forged(Vec<SecretKey>),
    /// Likewise, by a quorum of a set that no longer decides.
    OldSet(Committee),
    /// The proof ends early.
    Cut(usize),
    /// A true proof of another account.
    Another,
    /// An answer that was true once.
    Old(Box<GetProofResponse>),
    /// No changes of the validator set.
    NoChanges,
    /// The changes of the validator set without the first.
    NotTheFirst,
    /// Another set than the one that a change names.
    ChangedSet,
    /// Another genesis.
    Genesis,
    /// There is no such receipt.
    NoReceipt,
    /// A transaction is refused for good, and was passed on.
    Refused,
    /// A transaction is refused for now, and was passed on.
    Busy,
    /// An account has used fifty nonces more.
    Window,
}

/// Passes calls on to a validator, and lies about the answers.
#[derive(Clone)]
struct Liar {
    chain: Arc<Chain>,
    upstream: Channel,
    lie: Arc<StdMutex<Lie>>,
    /// Transactions that it was sent.
    submissions: Arc<AtomicUsize>,
}

impl Liar {
    async fn serve(net: &Net) -> (Self, String) {
        let lie = Arc::new(StdMutex::new(Lie::None));
        let (chain, upstream) = (Arc::clone(&net.chain), net.channel.clone());
        let liar = Self { chain, upstream, lie, submissions: Arc::default() };
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let served = tonic::transport::Server::builder()
            .add_service(LedgerServiceServer::new(liar.clone()))
            .add_service(ProofServiceServer::new(liar.clone()))
            .add_service(AccountServiceServer::new(liar.clone()))
            .add_service(TxServiceServer::new(liar.clone()))
            .serve_with_incoming(TcpListenerStream::new(listener));
        tokio::spawn(served);
        (liar, url)
    }

    fn tell(&self, lie: Lie) {
        *self.lie.lock().unwrap() = lie;
    }

    fn lie(&self) -> Lie {
        self.lie.lock().unwrap().clone()
    }

    fn ledger(&self) -> LedgerServiceClient<Channel> {
        LedgerServiceClient::new(self.upstream.clone())
    }

    fn proofs(&self) -> ProofServiceClient<Channel> {
        ProofServiceClient::new(self.upstream.clone())
    }

    fn txs(&self) -> TxServiceClient<Channel> {
        TxServiceClient::new(self.upstream.clone())
    }

    /// A header that attests what is not, signed as it should be but for who signs.
    fn forge(&self, proof: &mut StateProof, signers: &[SecretKey]) {
        let leaf = merkle::STATE.leaf(&proof.leaf);
        proof.anchor.header.state_root = proof.path.root(&merkle::STATE, leaf).unwrap();
        let (height, block) = (proof.anchor.header.height, proof.anchor.header.id());
        let vote = Vote { kind: VoteKind::Precommit, height, round: 0, block: Some(block) };
        let message = vote.signed_bytes(&self.chain.genesis_hash);
        let sign = |key: &SecretKey| CommitSignature {
            validator: key.public(),
            signature: key.sign(&message),
        };
        let mut signatures: Vec<_> = signers.iter().map(sign).collect();
        signatures.sort_by_key(|signature| signature.validator);
        proof.anchor.certificate = CommitCertificate { height, round: 0, block, signatures };
    }

    fn distort(&self, proof: &mut StateProof) {
        match self.lie() {
            Lie::Balance => richer(proof),
            Lie::Forged(signers) => {
                richer(proof);
                self.forge(proof, &signers);
            }
            Lie::OldSet(set) => {
                richer(proof);
                proof.anchor.header.validators = set.digest();
                proof.anchor.header.next_validators = set.digest();
                self.forge(proof, &[]);
                proof.anchor.certificate = self.chain.certify(&proof.anchor.header, &set);
            }
            _ => {}
        }
    }
}

/// A million dollars more.
fn richer(proof: &mut StateProof) {
    let (key, mut object): (Key, Object) = codec::decode(&proof.leaf, 1 << 20).unwrap();
    if let Object::Account(account) = &mut object {
        account.balance += 1_000_000_000_000;
    }
    proof.leaf = codec::encode(&(key, object));
}

#[tonic::async_trait]
impl ProofService for Liar {
    async fn get_proof(
        &self,
        request: Request<GetProofRequest>,
    ) -> Result<Response<GetProofResponse>, Status> {
        let mut request = request.into_inner();
        match (self.lie(), &mut request.target) {
            (Lie::Old(answer), _) => return Ok(Response::new(*answer)),
            (Lie::NoReceipt, Some(Target::TxId(_))) => {
                return Err(WireError::new(ServiceReason::ProofNotFound).into());
            }
            (Lie::Another, Some(Target::Account(address))) => *address = shown(3),
            _ => {}
        }
        let mut answer = self.proofs().get_proof(request).await?.into_inner();
        if let Some(Proof::StateProof(bytes)) = &mut answer.proof {
            let mut proof: StateProof = codec::decode(bytes, 1 << 20).unwrap();
            self.distort(&mut proof);
            *bytes = codec::encode(&proof);
            if let Lie::Cut(length) = self.lie() {
                bytes.truncate(length);
            }
        }
        Ok(Response::new(answer))
    }

    async fn list_set_changes(
        &self,
        request: Request<ListSetChangesRequest>,
    ) -> Result<Response<ListSetChangesResponse>, Status> {
        let mut answer = self.proofs().list_set_changes(request).await?.into_inner();
        match self.lie() {
            Lie::NoChanges => answer.changes.clear(),
            Lie::NotTheFirst => drop(answer.changes.remove(0)),
            Lie::ChangedSet => {
                let shown = &mut answer.changes[0].set_change;
                let mut change: SetChange = codec::decode(shown, 1 << 20).unwrap();
                change.set = self.chain.genesis.validators.clone();
                *shown = codec::encode(&change);
            }
            _ => {}
        }
        Ok(Response::new(answer))
    }
}

#[tonic::async_trait]
impl LedgerService for Liar {
    async fn get_chain_info(
        &self,
        request: Request<GetChainInfoRequest>,
    ) -> Result<Response<GetChainInfoResponse>, Status> {
        self.ledger().get_chain_info(request).await
    }

    async fn get_genesis(
        &self,
        request: Request<GetGenesisRequest>,
    ) -> Result<Response<GetGenesisResponse>, Status> {
        let mut answer = self.ledger().get_genesis(request).await?.into_inner();
        if matches!(self.lie(), Lie::Genesis) {
            let mut genesis = Genesis::decode(&answer.piece).unwrap();
            genesis.validators = Committee::new(vec![validator(4)]).unwrap();
            answer.piece = genesis.encode();
            answer.total_bytes = answer.piece.len() as u64;
        }
        Ok(Response::new(answer))
    }

    async fn get_block(
        &self,
        request: Request<GetBlockRequest>,
    ) -> Result<Response<GetBlockResponse>, Status> {
        self.ledger().get_block(request).await
    }

    async fn list_blocks(
        &self,
        request: Request<ListBlocksRequest>,
    ) -> Result<Response<ListBlocksResponse>, Status> {
        self.ledger().list_blocks(request).await
    }
}

#[tonic::async_trait]
impl AccountService for Liar {
    async fn get_account(
        &self,
        request: Request<GetAccountRequest>,
    ) -> Result<Response<GetAccountResponse>, Status> {
        let mut client = AccountServiceClient::new(self.upstream.clone());
        let mut answer = client.get_account(request).await?.into_inner();
        if matches!(self.lie(), Lie::Window) {
            let window = answer.account.as_mut().and_then(|account| account.nonce_window.as_mut());
            let window = window.unwrap();
            window.high += 50;
            window.seen = "f".repeat(32);
        }
        Ok(Response::new(answer))
    }

    async fn list_transfers(
        &self,
        request: Request<ListTransfersRequest>,
    ) -> Result<Response<ListTransfersResponse>, Status> {
        AccountServiceClient::new(self.upstream.clone()).list_transfers(request).await
    }
}

#[tonic::async_trait]
impl TxService for Liar {
    async fn submit_tx(
        &self,
        request: Request<SubmitTxRequest>,
    ) -> Result<Response<SubmitTxResponse>, Status> {
        self.submissions.fetch_add(1, Ordering::Relaxed);
        let answer = self.txs().submit_tx(request).await;
        match self.lie() {
            Lie::Refused => Err(WireError::new(Code::NonceUsed).into()),
            Lie::Busy => Err(WireError::new(ServiceReason::Busy).into()),
            _ => answer,
        }
    }

    async fn submit_batch(
        &self,
        request: Request<SubmitBatchRequest>,
    ) -> Result<Response<SubmitBatchResponse>, Status> {
        self.txs().submit_batch(request).await
    }

    async fn wait_tx(
        &self,
        request: Request<WaitTxRequest>,
    ) -> Result<Response<WaitTxResponse>, Status> {
        self.txs().wait_tx(request).await
    }

    async fn simulate_tx(
        &self,
        request: Request<SimulateTxRequest>,
    ) -> Result<Response<SimulateTxResponse>, Status> {
        self.txs().simulate_tx(request).await
    }

    async fn get_tx(
        &self,
        request: Request<GetTxRequest>,
    ) -> Result<Response<GetTxResponse>, Status> {
        self.txs().get_tx(request).await
    }
}

async fn client(net: &Net, url: &str) -> Result<VerifiedClient, Error> {
    let client = Client::connect(&[url.to_owned()], ClientOptions::default()).await?;
    VerifiedClient::new(client, net.chain.genesis_hash).await
}

fn invalid<T: std::fmt::Debug>(answer: Result<T, Error>) -> ProofError {
    match answer {
        Err(Error::ProofInvalid(error)) => error,
        other => panic!("{other:?}"),
    }
}

/// A payment of 25 in the first block, and one block more.
async fn paid() -> (Net, SignedTx) {
    let net = Net::new().await;
    let tx = pay(&net.chain, 0, 1, vec![transfer(1, 25)]);
    net.submit(&tx).await.unwrap();
    net.chain.commit();
    net.chain.commit();
    (net, tx)
}

#[tokio::test]
async fn the_truth_is_believed_from_the_genesis_hash_alone() {
    let (net, tx) = paid().await;
    let (_, url) = Liar::serve(&net).await;
    let client = client(&net, &url).await.unwrap();
    let account = client.account(&account(1)).await.unwrap();
    assert_eq!((account.value.balance, account.height), (BALANCE + 25, 1));
    assert_eq!(client.supply().await.unwrap().value.total, u128::from(4 * BALANCE));
    let report = client.report(1).await.unwrap().value;
    assert_eq!(Some(report.body), net.chain.genesis.report.as_ref().map(|r| r.body.clone()));
    let receipt = client.receipt(tx.body.id()).await.unwrap();
    assert_eq!((receipt.value.nonce, receipt.height), (1, 1));
    let nothing = client.account(&Address([9; 32])).await.unwrap_err();
    assert_eq!(nothing.refusal(), Some(&ServiceReason::ProofNotFound.into()));
}

#[tokio::test]
async fn a_balance_that_was_altered_is_not_believed_whoever_signs_for_it() {
    let (net, _) = paid().await;
    let (liar, url) = Liar::serve(&net).await;
    let client = client(&net, &url).await.unwrap();
    let ask = async |lie| {
        liar.tell(lie);
        client.account(&account(1)).await
    };
    assert_eq!(invalid(ask(Lie::Balance).await), ProofError::WrongRoot);
    let stranger = vec![SecretKey::dev("lies", "stranger")];
    let unknown = ProofError::Certificate(CertificateError::UnknownValidator);
    assert_eq!(invalid(ask(Lie::Forged(stranger)).await), unknown);
    let two = net.chain.validators[..2].to_vec();
    let too_few = CertificateError::NoQuorum { signed: 2, total: 4 };
    assert_eq!(invalid(ask(Lie::Forged(two)).await), ProofError::Certificate(too_few));
    let whole = net.prove(Target::Account(shown(1))).await.unwrap();
    let Some(Proof::StateProof(bytes)) = whole.proof else { panic!() };
    for length in [0, 1, bytes.len() / 2, bytes.len() - 1] {
        let cut = ask(Lie::Cut(length)).await;
        assert!(matches!(cut, Err(Error::ProofMalformed(_))), "{length}: {cut:?}");
    }
    assert!(matches!(ask(Lie::Another).await, Err(Error::ProofOfAnother)));
    assert_eq!(ask(Lie::None).await.unwrap().value.balance, BALANCE + 25);
}

#[tokio::test]
async fn a_set_that_no_longer_decides_is_not_believed_and_no_change_can_be_hidden() {
    let (net, _) = paid().await;
    let (liar, url) = Liar::serve(&net).await;
    for members in [&[0, 1, 2, 3, 4][..], &[1, 2, 3, 4]] {
        net.chain.choose(members);
        net.chain.commit();
        net.chain.commit();
    }
    net.chain.commit();
    let ask = async |lie| {
        liar.tell(lie);
        client(&net, &url).await.unwrap().account(&account(1)).await
    };
    let head = net.chain.head.borrow().height;
    let genesis_set = net.chain.genesis.validators.clone();
    let old = ProofError::OldCommittee { height: head, last: 3 };
    assert_eq!(invalid(ask(Lie::OldSet(genesis_set.clone())).await), old);
    let unknown = ProofError::UnknownCommittee { height: head };
    assert_eq!(invalid(ask(Lie::NoChanges).await), unknown);
    let hanging = invalid(ask(Lie::NotTheFirst).await);
    assert!(matches!(hanging, ProofError::Change { height: 5, .. }), "{hanging:?}");
    let wrong_set = ProofError::Change { height: 3, error: SetChangeError::WrongSet };
    assert_eq!(invalid(ask(Lie::ChangedSet).await), wrong_set);
    assert_eq!(ask(Lie::None).await.unwrap().value.balance, BALANCE + 25);
    // Who has seen the changes cannot be led back even by someone who now hides them.
    liar.tell(Lie::None);
    let follower = client(&net, &url).await.unwrap();
    follower.account(&account(1)).await.unwrap();
    liar.tell(Lie::OldSet(genesis_set));
    assert_eq!(invalid(follower.account(&account(1)).await), old);
}

#[tokio::test]
async fn neither_another_genesis_nor_an_old_state_is_believed() {
    let (net, _) = paid().await;
    let (liar, url) = Liar::serve(&net).await;
    liar.tell(Lie::Genesis);
    let refused = client(&net, &url).await.err().unwrap();
    assert!(matches!(refused, Error::WrongGenesis { .. }), "{refused:?}");
    liar.tell(Lie::None);
    let client = client(&net, &url).await.unwrap();
    let before = net.prove(Target::Account(shown(1))).await.unwrap();
    net.succeed(&[pay(&net.chain, 1, 1, vec![transfer(0, BALANCE)])]).await;
    net.chain.commit();
    assert_eq!(client.account(&account(1)).await.unwrap().value.balance, 25);
    liar.tell(Lie::Old(Box::new(before)));
    let outdated = client.account(&account(1)).await;
    assert!(matches!(outdated, Err(Error::ProofOutdated { height: 1, newest: 3 })), "{outdated:?}");
}

#[tokio::test]
async fn that_a_payment_expired_is_proven_and_that_one_landed_cannot_be_denied() {
    let (net, landed) = paid().await;
    let (liar, url) = Liar::serve(&net).await;
    let client = client(&net, &url).await.unwrap();
    let fate = client.fate(&landed.body).await.unwrap().unwrap();
    assert!(matches!(fate, ProvenFate::Included(receipt) if receipt.height == 1));
    let lost = pay(&net.chain, 0, 2, vec![transfer(1, 25)]);
    assert_eq!(client.fate(&lost.body).await.unwrap(), None);
    let (head, end) = (*net.chain.head.borrow(), lost.body.valid_until);
    net.chain.commit_later(end - head.time_ms - 1, Vec::new());
    assert_eq!(client.fate(&lost.body).await.unwrap(), None);
    net.chain.commit_later(1, Vec::new());
    let fate = client.fate(&lost.body).await.unwrap().unwrap();
    assert!(matches!(&fate, ProvenFate::Expired(header) if header.time == end), "{fate:?}");
    // The other one's time is over too, but its nonce is used.
    liar.tell(Lie::NoReceipt);
    assert_eq!(client.fate(&landed.body).await.unwrap(), None);
}

#[tokio::test]
async fn that_a_payment_was_replaced_is_proven_by_the_receipt_of_another() {
    let (net, landed) = paid().await;
    let (liar, url) = Liar::serve(&net).await;
    let client = client(&net, &url).await.unwrap();
    let loser = pay(&net.chain, 0, landed.body.nonce, vec![transfer(2, 1)]);
    let fate = client.fate(&loser.body).await.unwrap().unwrap();
    let ProvenFate::Replaced(by) = fate else { panic!("{fate:?}") };
    assert_eq!((by.value.tx, by.value.nonce), (landed.body.id(), loser.body.nonce));
    let told = client.client().wait(&loser.body, Duration::from_secs(5)).await.unwrap();
    assert_eq!(told, Fate::Replaced(Some(landed.body.id())));
    liar.tell(Lie::NoReceipt);
    assert_eq!(client.fate(&loser.body).await.unwrap(), None);
}

/// A client of as many endpoints, of which the first ones lie, and how often each was sent
/// something.
async fn among(net: &Net, endpoints: usize, lies: &[Lie]) -> (Client, Vec<Arc<AtomicUsize>>) {
    let (mut urls, mut counts) = (Vec::new(), Vec::new());
    for n in 0..endpoints {
        let (liar, url) = Liar::serve(net).await;
        liar.tell(lies.get(n).cloned().unwrap_or(Lie::None));
        urls.push(url);
        counts.push(liar.submissions);
    }
    (Client::new(&urls, ClientOptions::default()).unwrap(), counts)
}

fn counted(counts: &[Arc<AtomicUsize>]) -> Vec<usize> {
    counts.iter().map(|count| count.load(Ordering::Relaxed)).collect()
}

#[tokio::test]
async fn a_payment_that_a_liar_passes_on_and_refuses_is_known_to_commit_once() {
    for lie in [Lie::Refused, Lie::Busy] {
        let net = Net::new().await;
        let (client, counts) = among(&net, 4, &[lie]).await;
        let tx = pay(&net.chain, 0, 1, vec![transfer(1, 25)]);
        let settle = client.settle(&tx, Duration::from_secs(20));
        let commit = async {
            until(|| counted(&counts)[1] == 1).await;
            net.wait(&tx, 1).await;
            net.chain.commit();
        };
        let (fate, ()) = tokio::join!(settle, commit);
        assert!(matches!(&fate, Ok(Fate::Committed(landed)) if landed.receipt.height == 1));
        assert_eq!(counted(&counts), [1, 1, 0, 0], "the next one is asked, and no more");
        let paid = net.list_transfers(1, 10, "").await.unwrap().transfers;
        assert_eq!(paid.len(), 1, "it executed once");
    }
}

#[tokio::test]
async fn too_few_refusals_leave_the_outcome_unknown_and_waiting_tells_it() {
    for lie in [Lie::Refused, Lie::Busy] {
        let net = Net::new().await;
        let (liar, url) = Liar::serve(&net).await;
        liar.tell(lie);
        let nobody = (1..=3).map(|port| format!("http://127.0.0.1:{port}"));
        let urls: Vec<_> = std::iter::once(url).chain(nobody).collect();
        let client = Client::new(&urls, ClientOptions::default()).unwrap();
        let tx = pay(&net.chain, 0, 1, vec![transfer(1, 25)]);
        let Err(Error::OutcomeUnknown { id, valid_until, problem }) = client.submit(&tx).await
        else {
            panic!("one of four is believed");
        };
        assert_eq!((id, valid_until), (tx.body.id(), tx.body.valid_until));
        assert!(problem.starts_with("1 of 4 endpoints refuse it"), "{problem}");
        net.chain.commit();
        let fate = client.wait(&tx.body, Duration::from_secs(10)).await.unwrap();
        assert!(matches!(fate, Fate::Committed(_)), "{fate:?}");
    }
}

#[tokio::test]
async fn a_refusal_of_more_than_a_third_is_believed_and_of_a_lone_endpoint_too() {
    let net = Net::new().await;
    let mut forged = pay(&net.chain, 0, 1, vec![transfer(1, 25)]);
    forged.witnesses[0].signature = Signature([0; 64]);
    for (endpoints, asked) in [(1, vec![1]), (3, vec![1, 1, 0]), (4, vec![1, 1, 0, 0])] {
        let (client, counts) = among(&net, endpoints, &[]).await;
        let refused = client.settle(&forged, Duration::from_secs(10)).await.unwrap_err();
        assert_eq!(refused.refusal(), Some(&Code::BadSignature.into()));
        assert_eq!(counted(&counts), asked);
    }
    // Whoever knows one validator only believes it.
    let tx = pay(&net.chain, 0, 1, vec![transfer(1, 25)]);
    let (client, _) = among(&net, 1, &[Lie::Refused]).await;
    let refused = client.submit(&tx).await.unwrap_err();
    assert_eq!(refused.refusal(), Some(&Code::NonceUsed.into()));
}

#[tokio::test]
async fn one_of_four_cannot_make_a_wallet_give_up_the_nonce_of_what_was_refused() {
    let net = Net::new().await;
    let build = async |client: &Client| {
        let options = ballast_client::TxOptions {
            valid_until: Some(u64::MAX),
            ..ballast_client::TxOptions::default()
        };
        assert_eq!(
            client.build(account(0), vec![transfer(1, 1)], options).await.unwrap_err().reason(),
            "VALID_TOO_LONG"
        );
        let options = ballast_client::TxOptions::default();
        client.build(account(0), vec![transfer(1, 1)], options).await.unwrap().nonce
    };
    let mut forged = pay(&net.chain, 0, 1, vec![transfer(1, 25)]);
    forged.witnesses[0].signature = Signature([0; 64]);
    for (liars, next) in [(0, [1, 2]), (1, [1, 51]), (2, [51, 52])] {
        let (client, _) = among(&net, 4, &vec![Lie::Window; liars]).await;
        client.submit(&forged).await.unwrap_err();
        assert_eq!([build(&client).await, build(&client).await], next, "{liars} of 4 lie");
    }
}
