//! A client of Ballast: connect to validators, build and sign transactions, submit them so that
//! each executes once, wait for what became of them, follow events without a gap, and verify
//! proofs offline.
//!
//! ```no_run
//! # async fn example(key: ballast_primitives::SecretKey, to: ballast_primitives::Address) -> Result<(), ballast_client::Error> {
//! use ballast_client::{Client, ClientOptions, Fate, TxOptions};
//! use ballast_primitives::{Address, KeyPolicy};
//! use ballast_runtime::{Op, ops::transfer::Transfer};
//!
//! let client = Client::connect(&["http://127.0.0.1:9001".into()], ClientOptions::default()).await?;
//! let from = Address::of(&KeyPolicy::Single(key.public()));
//! let op = Op::Transfer(Transfer { to, amount: 12_500_000, travel: None });
//! let body = client.build(from, vec![op], TxOptions::default()).await?;
//! let tx = body.sign(&[&key]);
//! let id = tx.body.id(); // Known before anything is sent: write it down.
//! // Sends it as often as it takes; it executes at most once.
//! match client.settle(&tx, std::time::Duration::from_secs(30)).await? {
//!     Fate::Committed(landed) => println!("height {}", landed.receipt.height),
//!     Fate::Failed(landed) => println!("no effect: {:?}", landed.receipt.failure),
//!     Fate::Expired | Fate::Replaced(_) => println!("it can never commit"),
//!     Fate::Unknown => println!("settle {id} again"),
//! }
//! # Ok(()) }
//! ```
//!
//! Every call is tried at one validator after the other. A transaction may be sent to any number
//! of them: its id and its nonce make it execute at most once.
//!
//! What a [`Client`] says is a validator's word. A [`VerifiedClient`] believes only what a quorum
//! of the chain's validators has signed, from the genesis hash on.

mod checkpoint;
mod endpoints;
mod error;
mod events;
mod nonce;
pub mod proof;
mod reads;
mod settle;
pub mod statements;
mod submit;
mod tx;
mod verified;

use std::time::Duration;

use ballast_primitives::history::SetChange;
use ballast_primitives::proof::{PROOF_BYTES_MAX, ProofFile};
use ballast_primitives::{Address, Hash, Network, codec};
use ballast_proto::convert::read_hash;
use ballast_proto::v1::account_service_client::AccountServiceClient;
use ballast_proto::v1::event_service_client::EventServiceClient;
use ballast_proto::v1::ledger_service_client::LedgerServiceClient;
use ballast_proto::v1::proof_service_client::ProofServiceClient;
use ballast_proto::{Wire, v1};
use ballast_runtime::Genesis;
use ballast_runtime::genesis::GENESIS_BYTES_MAX;
use tokio::sync::OnceCell;

pub use ballast_proto::{Reason, WireError};
pub use checkpoint::{Checkpoint, CheckpointError, EventReader};
pub use error::{Attempt, Error};
pub use events::{EventFrame, EventStream};
pub use nonce::NonceBook;
pub use submit::Submitted;
pub use tx::{Fate, Landed, TxOptions};
pub use verified::{ProvenFate, Verified, VerifiedClient};

use endpoints::Endpoints;
use nonce::Nonces;

/// How often a validator that is behind is asked again, and after what pause.
const BEHIND_TRIES: u32 = 20;
const BEHIND_PAUSE: Duration = Duration::from_millis(100);

/// How to reach the chain.
#[derive(Clone, Debug)]
pub struct ClientOptions {
    /// Certificates (PEM) that an `https://` endpoint must lead to.
    pub ca_pem: Option<Vec<u8>>,
    /// What to show an `https://` endpoint that asks who calls.
    pub identity: Option<ClientIdentity>,
    /// Refuse any other chain.
    pub genesis: Option<Hash>,
    /// How long to wait for the answer to a call that does not itself wait. (10 s)
    pub call_timeout: Duration,
}

impl Default for ClientOptions {
    fn default() -> Self {
        let call_timeout = Duration::from_secs(10);
        Self { ca_pem: None, identity: None, genesis: None, call_timeout }
    }
}

/// A client's certificate and its key, PEM.
#[derive(Clone)]
pub struct ClientIdentity {
    pub certificate_pem: Vec<u8>,
    pub key_pem: Vec<u8>,
}

impl std::fmt::Debug for ClientIdentity {
    /// The key is nobody's business.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ClientIdentity").finish_non_exhaustive()
    }
}

/// Which chain this is: what every transaction is bound to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Chain {
    pub genesis: Hash,
    pub chain_id: u32,
    pub network: Network,
}

/// A connection to one or several validators of one chain.
pub struct Client {
    endpoints: Endpoints,
    expected: Option<Hash>,
    chain: OnceCell<Chain>,
    nonces: Nonces,
}

impl Client {
    /// A client that connects when first used.
    pub fn new(urls: &[String], options: ClientOptions) -> Result<Self, Error> {
        Ok(Self {
            endpoints: Endpoints::new(urls, &options)?,
            expected: options.genesis,
            chain: OnceCell::new(),
            nonces: Nonces::default(),
        })
    }

    /// A client that has already asked a validator which chain this is.
    pub async fn connect(urls: &[String], options: ClientOptions) -> Result<Self, Error> {
        let client = Self::new(urls, options)?;
        client.chain().await?;
        Ok(client)
    }

    /// The endpoints, in the order they were given.
    pub fn urls(&self) -> Vec<String> {
        self.endpoints.all().iter().map(|endpoint| endpoint.url.clone()).collect()
    }

    /// Which chain this is; asked once.
    pub async fn chain(&self) -> Result<Chain, Error> {
        self.chain.get_or_try_init(|| self.ask_chain()).await.copied()
    }

    async fn ask_chain(&self) -> Result<Chain, Error> {
        let info = self.chain_info().await?;
        let chain = read_chain(&info)?;
        match self.expected {
            Some(expected) if expected != chain.genesis => Err(Error::OtherChain {
                endpoint: self.urls().join(", "),
                expected,
                found: chain.genesis,
            }),
            _ => Ok(chain),
        }
    }

    /// How this chain's addresses are written.
    pub async fn wire(&self) -> Result<Wire, Error> {
        Ok(Wire::new(self.chain().await?.network))
    }

    /// The chain, its newest block and its validators.
    pub async fn chain_info(&self) -> Result<v1::GetChainInfoResponse, Error> {
        let call = |channel| async move {
            LedgerServiceClient::new(channel).get_chain_info(v1::GetChainInfoRequest {}).await
        };
        self.endpoints.ask(call).await
    }

    /// What each endpoint says of itself, in the order they were given.
    pub async fn each_chain_info(
        &self,
        limit: Duration,
    ) -> Vec<(String, Result<v1::GetChainInfoResponse, Error>)> {
        let call = |channel| async move {
            LedgerServiceClient::new(channel).get_chain_info(v1::GetChainInfoRequest {}).await
        };
        let call = &call;
        let one = |endpoint| async move {
            let answer = endpoints::ask_one(endpoint, limit, call).await;
            (endpoint.url.clone(), answer.map_err(|problem| endpoint.failure(problem)))
        };
        futures::future::join_all(self.endpoints.all().iter().map(one)).await
    }

    /// A block with its first receipts; height 0 is the newest.
    pub async fn block(&self, height: u64) -> Result<v1::GetBlockResponse, Error> {
        let call = |channel| {
            let request = v1::GetBlockRequest { height, ..Default::default() };
            async move { LedgerServiceClient::new(channel).get_block(request).await }
        };
        self.endpoints.ask(call).await
    }

    /// An account at the newest committed block; `ACCOUNT_NOT_FOUND` when it is not registered.
    pub async fn account(&self, address: &Address) -> Result<v1::GetAccountResponse, Error> {
        let address = self.wire().await?.address(address);
        let call = |channel| {
            let request = v1::GetAccountRequest { address: address.clone() };
            async move { AccountServiceClient::new(channel).get_account(request).await }
        };
        self.endpoints.ask(call).await
    }

    /// A page of what changed an account's balance, newest first.
    pub async fn transfers(
        &self,
        address: &Address,
        page_size: u32,
        page_token: &str,
    ) -> Result<v1::ListTransfersResponse, Error> {
        let request = v1::ListTransfersRequest {
            address: self.wire().await?.address(address),
            page_size,
            page_token: page_token.to_owned(),
        };
        let call = |channel| {
            let request = request.clone();
            async move { AccountServiceClient::new(channel).list_transfers(request).await }
        };
        self.endpoints.ask(call).await
    }

    /// A page of events, oldest first.
    pub async fn list_events(
        &self,
        request: v1::ListEventsRequest,
    ) -> Result<v1::ListEventsResponse, Error> {
        let call = |channel| {
            let request = request.clone();
            async move { EventServiceClient::new(channel).list_events(request).await }
        };
        self.endpoints.ask(call).await
    }

    /// Follows the events from `after` on (a cursor; none for from now on), across validators
    /// and broken connections, without a gap or a repetition.
    pub async fn events(
        &self,
        after: Option<&str>,
        filter: v1::EventFilter,
    ) -> Result<EventStream<'_>, Error> {
        let cursor = match after {
            Some(cursor) => cursor.to_owned(),
            // A height is a cursor: the end of that block.
            None => self.chain_info().await?.height.to_string(),
        };
        Ok(EventStream::new(&self.endpoints, cursor, filter))
    }

    /// Every change of the validator set whose last header of the old set is below `height`,
    /// oldest first. A validator that has not come that far is asked again.
    pub async fn set_changes(&self, height: u64) -> Result<Vec<SetChange>, Error> {
        self.set_changes_from(0, height).await
    }

    /// As [`Self::set_changes`], of those at `first` or above.
    async fn set_changes_from(&self, first: u64, height: u64) -> Result<Vec<SetChange>, Error> {
        let mut found: Vec<SetChange> = Vec::new();
        let mut patience = BEHIND_TRIES;
        loop {
            let newest = found.last().map(|change| change.anchor.header.height);
            // By height and not by token: another validator may answer the next page.
            let from_height = newest.map_or(first, |newest| newest.saturating_add(1));
            let answer = self.list_set_changes(from_height).await?;
            if answer.head.saturating_add(1) < height {
                if patience == 0 {
                    let head = answer.head;
                    let why = format!("it is at height {head}, and was asked about {height}");
                    return Err(Error::BadAnswer(why));
                }
                patience -= 1;
                tokio::time::sleep(BEHIND_PAUSE).await;
                continue;
            }
            let last_page = answer.next_page_token.is_empty() || answer.changes.is_empty();
            for change in answer.changes {
                let change: SetChange = codec::decode(&change.set_change, PROOF_BYTES_MAX)
                    .map_err(|error| Error::BadAnswer(error.to_string()))?;
                if change.anchor.header.height >= height {
                    return Ok(found);
                }
                // A list that does not rise would be asked for without end.
                if change.anchor.header.height < from_height {
                    let why = "the changes of the validator set are not in order";
                    return Err(Error::BadAnswer(why.to_owned()));
                }
                found.push(change);
            }
            if last_page {
                return Ok(found);
            }
        }
    }

    /// The chain's genesis, which must have this hash.
    pub async fn genesis(&self, hash: Hash) -> Result<Genesis, Error> {
        let mut bytes = Vec::new();
        loop {
            let offset = bytes.len() as u64;
            let call = |channel| async move {
                LedgerServiceClient::new(channel)
                    .get_genesis(v1::GetGenesisRequest { offset })
                    .await
            };
            let answer = self.endpoints.ask(call).await?;
            bytes.extend_from_slice(&answer.piece);
            let got = bytes.len() as u64;
            if got >= answer.total_bytes
                || answer.piece.is_empty()
                || bytes.len() > GENESIS_BYTES_MAX
            {
                break;
            }
        }
        let genesis =
            Genesis::decode(&bytes).map_err(|error| Error::BadAnswer(error.to_string()))?;
        match genesis.hash() == hash {
            true => Ok(genesis),
            false => Err(Error::WrongGenesis { expected: hash, found: genesis.hash() }),
        }
    }

    async fn list_set_changes(
        &self,
        from_height: u64,
    ) -> Result<v1::ListSetChangesResponse, Error> {
        let call = |channel| {
            let request = v1::ListSetChangesRequest { from_height, ..Default::default() };
            async move { ProofServiceClient::new(channel).list_set_changes(request).await }
        };
        self.endpoints.ask(call).await
    }

    /// A proof with all that leads to it from the genesis: what [`proof::verify`] takes.
    pub async fn proof_file(
        &self,
        target: v1::get_proof_request::Target,
    ) -> Result<(ProofFile, v1::GetProofResponse), Error> {
        let answer = self.proof(target).await?;
        let nothing = || Error::BadAnswer("it holds no proof".to_owned());
        let proof = proof::read_answer(answer.proof.clone().ok_or_else(nothing)?)?;
        let changes = self.set_changes(proof.anchor().header.height).await?;
        Ok((ProofFile::new(changes, proof), answer))
    }

    /// The proof of an account, of the supply, or of a transaction's receipt, without what leads to
    /// it from the genesis: see [`Self::proof_file`].
    pub async fn proof(
        &self,
        target: v1::get_proof_request::Target,
    ) -> Result<v1::GetProofResponse, Error> {
        let request = v1::GetProofRequest { target: Some(target) };
        let call = |channel| {
            let request = request.clone();
            async move { ProofServiceClient::new(channel).get_proof(request).await }
        };
        self.endpoints.ask_within(self.endpoints.call.saturating_mul(3), call).await
    }
}

/// Reads which chain a validator is on.
pub fn read_chain(info: &v1::GetChainInfoResponse) -> Result<Chain, Error> {
    let network = Network::ALL.into_iter().find(|network| network.to_string() == info.network);
    let unknown = || Error::BadAnswer(format!("\"{}\" is no network", info.network));
    Ok(Chain {
        genesis: read_hash("genesis_hash", &info.genesis_hash)?,
        chain_id: info.chain_id,
        network: network.ok_or_else(unknown)?,
    })
}
