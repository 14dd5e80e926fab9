//! Talking to the chain: transactions of dev accounts, and one validator's gRPC services.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use ballast_primitives::domain::SignTag;
use ballast_primitives::{Address, Hash, Network, SecretKey};
use ballast_proto::v1;
use ballast_proto::v1::account_service_client::AccountServiceClient;
use ballast_proto::v1::control_service_client::ControlServiceClient;
use ballast_proto::v1::ledger_service_client::LedgerServiceClient;
use ballast_proto::v1::proof_service_client::ProofServiceClient;
use ballast_proto::v1::supply_service_client::SupplyServiceClient;
use ballast_proto::v1::tx_service_client::TxServiceClient;
use ballast_runtime::authorisation::signed_bytes_on;
use ballast_runtime::object::Role;
use ballast_runtime::ops::council_exec::CouncilExec;
use ballast_runtime::ops::transfer::Transfer;
use ballast_runtime::{CouncilOp, Op, SignedTx, TxBody, Witness, dev};
use tonic::Status;
use tonic::transport::{Channel, Endpoint};

use crate::failure::Failure;
use crate::manifest::Manifest;

const VALIDITY: Duration = Duration::from_secs(3_600);
/// Above the longest that the server waits in one call.
const CALL_PATIENCE: Duration = Duration::from_secs(70);
/// The members of a dev council who must sign what is of class B.
const EVERYDAY: usize = dev::COUNCIL_THRESHOLDS[1] as usize;
const ANSWER_BYTES_MAX: usize = 64 << 20;

/// Who signs.
#[derive(Clone)]
pub struct Signer {
    pub address: Address,
    pub keys: Vec<SecretKey>,
}

/// Makes transactions for one dev chain.
#[derive(Clone, Debug)]
pub struct Chain {
    pub genesis: Hash,
    pub chain_id: u32,
    pub seed: String,
}

impl Chain {
    pub fn of(manifest: &Manifest) -> Result<Self, Failure> {
        let genesis = manifest.genesis_hash.parse().map_err(Failure::internal)?;
        Ok(Self { genesis, chain_id: manifest.chain_id, seed: manifest.dev_seed.clone() })
    }

    /// Funded account `n`.
    pub fn account(&self, n: u32) -> Signer {
        let keys = vec![dev::account_key(&self.seed, n)];
        Signer { address: dev::account_address(&self.seed, n), keys }
    }

    /// The holder of `role`.
    pub fn role(&self, role: Role) -> Signer {
        let keys = vec![dev::role_key(&self.seed, role)];
        Signer { address: dev::role_address(&self.seed, role), keys }
    }

    /// The members of the council.
    pub fn council(&self) -> Vec<Signer> {
        let members = dev::council_keys(&self.seed).into_iter();
        let addresses = dev::council_addresses(&self.seed);
        members.zip(addresses).map(|(key, address)| Signer { address, keys: vec![key] }).collect()
    }

    /// Operations of class A and B, signed by as many members as all of those need.
    pub fn by_council(&self, number: u64, nonce: u64, ops: Vec<CouncilOp>) -> SignedTx {
        let members = self.council();
        let (epoch, exec_nonce) = (0, number);
        let signed = (epoch, exec_nonce, &ops);
        let tag = SignTag::CouncilVote;
        let message = signed_bytes_on(tag, &self.genesis, self.chain_id, &signed);
        let keys = members.iter().flat_map(|member| &member.keys).take(EVERYDAY);
        let mut witnesses: Vec<_> =
            keys.map(|key| Witness { key: key.public(), signature: key.sign(&message) }).collect();
        witnesses.sort_unstable_by_key(|witness| witness.key);
        let op = Op::CouncilExec(CouncilExec { ops, epoch, exec_nonce, witnesses });
        self.sign(&members[0], nonce, vec![op])
    }

    /// A body that is valid for an hour.
    pub fn body(&self, sender: Address, nonce: u64, ops: Vec<Op>) -> TxBody {
        let valid_until = now_ms().saturating_add(VALIDITY.as_millis() as u64);
        let (genesis, chain_id) = (self.genesis, self.chain_id);
        TxBody { genesis, chain_id, sender, nonce, valid_until, sponsor: None, memo: None, ops }
    }

    pub fn sign(&self, signer: &Signer, nonce: u64, ops: Vec<Op>) -> SignedTx {
        let keys: Vec<_> = signer.keys.iter().collect();
        self.body(signer.address, nonce, ops).sign(&keys)
    }

    pub fn pay(&self, from: &Signer, to: Address, amount: u64, nonce: u64) -> SignedTx {
        self.sign(from, nonce, vec![Op::Transfer(Transfer { to, amount, travel: None })])
    }
}

pub fn now_ms() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(now.as_millis()).unwrap_or(u64::MAX)
}

/// As a dev network shows it.
pub fn show(address: &Address) -> String {
    address.display(Network::Dev)
}

/// One validator's services. Connects when it is first used, and again when it must.
#[derive(Clone, Debug)]
pub struct Client {
    channel: Channel,
}

impl Client {
    /// Must be called inside an async runtime.
    pub fn new(endpoint: &str) -> Result<Self, Failure> {
        let endpoint = Endpoint::from_shared(endpoint.to_owned()).map_err(Failure::usage)?;
        let endpoint = endpoint.connect_timeout(Duration::from_secs(2)).timeout(CALL_PATIENCE);
        Ok(Self { channel: endpoint.connect_lazy() })
    }

    pub fn tx(&self) -> TxServiceClient<Channel> {
        TxServiceClient::new(self.channel.clone())
    }

    pub fn ledger(&self) -> LedgerServiceClient<Channel> {
        let client = LedgerServiceClient::new(self.channel.clone());
        client.max_decoding_message_size(ANSWER_BYTES_MAX)
    }

    pub fn accounts(&self) -> AccountServiceClient<Channel> {
        AccountServiceClient::new(self.channel.clone())
    }

    pub fn supply(&self) -> SupplyServiceClient<Channel> {
        SupplyServiceClient::new(self.channel.clone())
    }

    pub fn proofs(&self) -> ProofServiceClient<Channel> {
        ProofServiceClient::new(self.channel.clone())
    }

    pub async fn submit(&self, signed_tx: Vec<u8>) -> Result<v1::SubmitTxResponse, Status> {
        let request = v1::SubmitTxRequest { signed_tx };
        Ok(self.tx().submit_tx(request).await?.into_inner())
    }

    /// Waits, at the server, for at most `timeout`.
    pub async fn wait(&self, tx_id: &str, timeout: Duration) -> Result<v1::WaitTxResponse, Status> {
        let timeout_ms = timeout.as_millis() as u64;
        let tx_id = tx_id.to_owned();
        let request = v1::WaitTxRequest { tx_id, timeout_ms, ..Default::default() };
        Ok(self.tx().wait_tx(request).await?.into_inner())
    }

    pub async fn get_tx(&self, tx_id: &str) -> Result<v1::GetTxResponse, Status> {
        let request = v1::GetTxRequest { tx_id: tx_id.to_owned() };
        Ok(self.tx().get_tx(request).await?.into_inner())
    }

    pub async fn account(&self, address: &Address) -> Result<v1::Account, Status> {
        let request = v1::GetAccountRequest { address: show(address) };
        let answer = self.accounts().get_account(request).await?.into_inner();
        answer.account.ok_or_else(|| Status::internal("an answer without an account"))
    }

    pub async fn balance(&self, address: &Address) -> Result<u64, Status> {
        Ok(self.account(address).await?.balance_micros)
    }

    pub async fn info(&self) -> Result<v1::GetChainInfoResponse, Status> {
        Ok(self.ledger().get_chain_info(v1::GetChainInfoRequest {}).await?.into_inner())
    }

    pub async fn total_supply(&self) -> Result<v1::Supply, Status> {
        let answer = self.supply().get_supply(v1::GetSupplyRequest {}).await?.into_inner();
        answer.supply.ok_or_else(|| Status::internal("an answer without the supply"))
    }

    /// Equivocations on record, newest first, a page at most.
    pub async fn evidence(&self) -> Result<Vec<v1::Evidence>, Status> {
        let mut control = ControlServiceClient::new(self.channel.clone());
        let request = v1::ListEvidenceRequest { page_size: 0 };
        Ok(control.list_evidence(request).await?.into_inner().evidence)
    }

    /// The names of validators that signed twice, as the chain says.
    pub async fn named(&self) -> Result<Vec<String>, Status> {
        let mut control = ControlServiceClient::new(self.channel.clone());
        let answer = control.list_validators(v1::ListValidatorsRequest {}).await?.into_inner();
        Ok(answer.named.into_iter().map(|named| named.validator_name).collect())
    }

    /// A block and all its receipts.
    pub async fn block(&self, height: u64) -> Result<(v1::Block, Vec<v1::Receipt>), Status> {
        let mut receipts = Vec::new();
        let mut page_token = String::new();
        loop {
            let request = v1::GetBlockRequest { height, page_size: 1_000, page_token };
            let answer = self.ledger().get_block(request).await?.into_inner();
            receipts.extend(answer.receipts);
            page_token = answer.next_page_token;
            if page_token.is_empty() {
                let block = answer.block;
                let block = block.ok_or_else(|| Status::internal("an answer without a block"))?;
                return Ok((block, receipts));
            }
        }
    }
}
