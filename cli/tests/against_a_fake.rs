//! The program against validators that behave as real ones seldom do: another network, a call
//! that is lost on its way, one that is busy.

use std::net::TcpListener;
use std::process::{Command, Output};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use ballast_proto::error::ServiceReason;
use ballast_proto::v1::account_service_server::{AccountService, AccountServiceServer};
use ballast_proto::v1::ledger_service_server::{LedgerService, LedgerServiceServer};
use ballast_proto::v1::tx_service_server::{TxService, TxServiceServer};
use ballast_proto::{WireError, v1};
use serde_json::Value;
use tonic::transport::Server;
use tonic::transport::server::TcpIncoming;
use tonic::{Request, Response, Status};

const SEED: &str = "fake";

/// What the fake does with a submission.
#[derive(Clone, Copy)]
enum Submission {
    Taken,
    /// The connection breaks while the answer is on its way.
    Lost,
    Busy,
    /// Refused, with the runtime's name for why.
    Refused(ballast_runtime::Code),
}

#[derive(Clone)]
struct Fake {
    network: &'static str,
    submission: Submission,
    fate: v1::TxState,
    /// What a trial says.
    trial: v1::SimulateTxResponse,
    submitted: Arc<Mutex<Vec<Vec<u8>>>>,
    waits: Arc<AtomicUsize>,
}

impl Fake {
    fn new(network: &'static str, submission: Submission, fate: v1::TxState) -> Self {
        let (submitted, waits) = Default::default();
        let trial = v1::SimulateTxResponse { succeeds: true, ..Default::default() };
        Self { network, submission, fate, trial, submitted, waits }
    }

    /// The nonces of what was submitted.
    fn nonces(&self) -> Vec<u64> {
        let submitted = self.submitted.lock().unwrap();
        let nonce = |bytes: &Vec<u8>| ballast_runtime::SignedTx::decode(bytes).unwrap().body.nonce;
        submitted.iter().map(nonce).collect()
    }

    /// Serves in the background for as long as the test runs; its URL.
    fn serve(&self) -> String {
        // Bound here: whoever connects before the server runs waits in the queue.
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let address = listener.local_addr().unwrap();
        let (ledger, account, tx) = (self.clone(), self.clone(), self.clone());
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Runtime::new().unwrap();
            runtime.block_on(async move {
                let listener = tokio::net::TcpListener::from_std(listener).unwrap();
                Server::builder()
                    .add_service(LedgerServiceServer::new(ledger))
                    .add_service(AccountServiceServer::new(account))
                    .add_service(TxServiceServer::new(tx))
                    .serve_with_incoming(TcpIncoming::from(listener))
                    .await
                    .unwrap();
            });
        });
        format!("http://{address}")
    }
}

#[tonic::async_trait]
impl LedgerService for Fake {
    async fn get_chain_info(
        &self,
        _: Request<v1::GetChainInfoRequest>,
    ) -> Result<Response<v1::GetChainInfoResponse>, Status> {
        Ok(Response::new(v1::GetChainInfoResponse {
            chain_id: 1,
            genesis_hash: "ab".repeat(32),
            network: self.network.to_owned(),
            height: 5,
            ..Default::default()
        }))
    }

    async fn get_genesis(
        &self,
        _: Request<v1::GetGenesisRequest>,
    ) -> Result<Response<v1::GetGenesisResponse>, Status> {
        Err(WireError::new(ServiceReason::Internal).into())
    }

    async fn get_block(
        &self,
        _: Request<v1::GetBlockRequest>,
    ) -> Result<Response<v1::GetBlockResponse>, Status> {
        Err(WireError::new(ServiceReason::BlockNotFound).into())
    }

    async fn list_blocks(
        &self,
        _: Request<v1::ListBlocksRequest>,
    ) -> Result<Response<v1::ListBlocksResponse>, Status> {
        Err(WireError::new(ServiceReason::Internal).into())
    }
}

#[tonic::async_trait]
impl AccountService for Fake {
    async fn get_account(
        &self,
        request: Request<v1::GetAccountRequest>,
    ) -> Result<Response<v1::GetAccountResponse>, Status> {
        let account = v1::Account {
            address: request.into_inner().address,
            nonce_window: Some(v1::NonceWindow { high: 41, seen: "f".repeat(32) }),
            ..Default::default()
        };
        let account = Some(account);
        Ok(Response::new(v1::GetAccountResponse { account, ..Default::default() }))
    }

    async fn list_transfers(
        &self,
        _: Request<v1::ListTransfersRequest>,
    ) -> Result<Response<v1::ListTransfersResponse>, Status> {
        Err(WireError::new(ServiceReason::AccountNotFound).into())
    }
}

#[tonic::async_trait]
impl TxService for Fake {
    async fn submit_tx(
        &self,
        request: Request<v1::SubmitTxRequest>,
    ) -> Result<Response<v1::SubmitTxResponse>, Status> {
        self.submitted.lock().unwrap().push(request.into_inner().signed_tx);
        match self.submission {
            Submission::Taken => Ok(Response::new(v1::SubmitTxResponse::default())),
            Submission::Lost => Err(Status::unavailable("connection reset")),
            Submission::Busy => Err(WireError::new(ServiceReason::Busy).into()),
            Submission::Refused(code) => Err(WireError::new(code).into()),
        }
    }

    async fn submit_batch(
        &self,
        _: Request<v1::SubmitBatchRequest>,
    ) -> Result<Response<v1::SubmitBatchResponse>, Status> {
        Err(WireError::new(ServiceReason::Internal).into())
    }

    async fn wait_tx(
        &self,
        request: Request<v1::WaitTxRequest>,
    ) -> Result<Response<v1::WaitTxResponse>, Status> {
        self.waits.fetch_add(1, Ordering::Relaxed);
        let receipt = v1::Receipt { height: 6, ..Default::default() };
        Ok(Response::new(v1::WaitTxResponse {
            tx_id: request.into_inner().tx_id,
            state: self.fate.into(),
            receipt: Some(receipt),
            replaced_by: "cd".repeat(32),
            ..Default::default()
        }))
    }

    async fn simulate_tx(
        &self,
        _: Request<v1::SimulateTxRequest>,
    ) -> Result<Response<v1::SimulateTxResponse>, Status> {
        Ok(Response::new(self.trial.clone()))
    }

    async fn get_tx(
        &self,
        _: Request<v1::GetTxRequest>,
    ) -> Result<Response<v1::GetTxResponse>, Status> {
        Err(WireError::new(ServiceReason::TxNotFound).into())
    }
}

struct Wallet {
    home: tempfile::TempDir,
    endpoint: String,
}

impl Wallet {
    fn new(endpoint: &str) -> Self {
        let home = tempfile::tempdir().unwrap();
        Self { home, endpoint: endpoint.to_owned() }
    }

    fn run(&self, line: &str) -> Output {
        Command::new(env!("CARGO_BIN_EXE_ballast"))
            .args(line.split_whitespace())
            .env_clear()
            .env("BALLAST_HOME", self.home.path())
            .env("BALLAST_ENDPOINT", &self.endpoint)
            .env("BALLAST_DEV_SEED", SEED)
            .stdin(std::process::Stdio::null())
            .output()
            .unwrap()
    }

    /// Its exit code and its one JSON object.
    fn json(&self, line: &str) -> (i32, Value) {
        let output = self.run(&format!("--json {line}"));
        let value = serde_json::from_slice(&output.stdout).unwrap();
        (output.status.code().unwrap(), value)
    }
}

#[test]
fn dev_keys_are_refused_on_every_network_but_a_dev_network() {
    for network in ["mainnet", "testnet"] {
        let fake = Fake::new(network, Submission::Taken, v1::TxState::Committed);
        let wallet = Wallet::new(&fake.serve());
        for line in ["pay dev:1 1 --from dev:0", "balance dev:1", "balance --from dev:council"] {
            let (code, answer) = wallet.json(line);
            assert_eq!(
                (code, &answer["error"]["reason"]),
                (9, &"DEV_KEY_REFUSED".into()),
                "{line}"
            );
        }
        let (code, _) = wallet.json("balance");
        assert_eq!(code, 2, "there is no default signer on {network}");
        assert!(fake.submitted.lock().unwrap().is_empty());
    }
}

#[test]
fn money_moves_on_a_real_network_only_with_a_yes() {
    let fake = Fake::new("mainnet", Submission::Taken, v1::TxState::Committed);
    let wallet = Wallet::new(&fake.serve());
    let pass = wallet.home.path().join("pass");
    std::fs::write(&pass, "secret\n").unwrap();
    let chmod = Command::new("chmod").arg("600").arg(&pass).status().unwrap();
    assert!(chmod.success());
    let pass = pass.display();
    let (code, key) = wallet.json(&format!("key new alice --default --passphrase-file {pass}"));
    assert_eq!(code, 0, "{key}");
    let (_, other) = wallet.json(&format!("key new bob --passphrase-file {pass}"));
    let to = other["addresses"]["mainnet"].as_str().unwrap();
    let pay = format!("pay {to} 5 --wait --passphrase-file {pass}");
    let (code, answer) = wallet.json(&pay);
    assert_eq!((code, &answer["error"]["reason"]), (9, &"CONFIRMATION_NEEDED".into()));
    assert!(fake.submitted.lock().unwrap().is_empty());
    let (code, answer) = wallet.json(&format!("{pay} --yes"));
    assert_eq!((code, &answer["state"]), (0, &"COMMITTED".into()), "{answer}");
    assert_eq!(fake.submitted.lock().unwrap().len(), 1);
}

#[test]
fn a_lost_call_is_an_unknown_outcome_with_the_id_and_the_same_bytes_every_time() {
    let fake = Fake::new("devnet", Submission::Lost, v1::TxState::Committed);
    let url = fake.serve();
    let wallet = Wallet::new(&format!("{url},{url}"));
    let output = wallet.run("--json pay dev:1 1");
    assert_eq!(output.status.code(), Some(6));
    let answer: Value = serde_json::from_slice(&output.stdout).unwrap();
    let id = answer["tx_id"].as_str().unwrap();
    let until = &answer["valid_until_ms"];
    assert_eq!(answer["error"]["next"], format!("ballast tx wait {id} --valid-until {until}"));
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains(id), "the id is said before sending: {said}");
    let submitted = fake.submitted.lock().unwrap();
    assert!(submitted.len() > 1 && submitted.iter().all(|bytes| *bytes == submitted[0]));
}

#[test]
fn a_lost_call_that_is_waited_for_ends_in_what_became_of_it() {
    let fake = Fake::new("devnet", Submission::Lost, v1::TxState::Committed);
    let (code, answer) = Wallet::new(&fake.serve()).json("pay dev:1 1 --wait");
    assert_eq!((code, &answer["state"]), (0, &"COMMITTED".into()), "{answer}");
    assert_eq!(fake.waits.load(Ordering::Relaxed), 1);
}

#[test]
fn an_expired_transaction_is_5_and_a_pending_one_is_6() {
    for (fate, code, state) in
        [(v1::TxState::Expired, 5, "EXPIRED"), (v1::TxState::Pending, 6, "UNKNOWN")]
    {
        let fake = Fake::new("devnet", Submission::Taken, fate);
        let wallet = Wallet::new(&fake.serve());
        let (exit, answer) = wallet.json("pay dev:1 1 --wait --timeout 1");
        assert_eq!((exit, &answer["state"]), (code, &state.into()), "{answer}");
    }
}

#[test]
fn a_busy_validator_has_taken_nothing() {
    let fake = Fake::new("devnet", Submission::Busy, v1::TxState::Committed);
    let (code, answer) = Wallet::new(&fake.serve()).json("pay dev:1 1");
    assert_eq!((code, &answer["error"]["reason"]), (4, &"BUSY".into()));
}

#[test]
fn two_payments_in_a_row_take_two_nonces_though_neither_has_committed() {
    let fake = Fake::new("devnet", Submission::Taken, v1::TxState::Committed);
    let wallet = Wallet::new(&fake.serve());
    for _ in 0..3 {
        assert_eq!(wallet.json("pay dev:1 1").0, 0);
    }
    assert_eq!(fake.nonces(), [42, 43, 44]);
}

#[test]
fn the_command_after_one_that_was_refused_takes_its_nonce_and_after_a_taken_one_the_next() {
    use ballast_runtime::Code;

    let refusals = [
        Submission::Refused(Code::TooFarAhead),
        Submission::Refused(Code::Expired),
        Submission::Refused(Code::QuotaExceeded),
        Submission::Refused(Code::BadSignature),
        Submission::Busy,
    ];
    for submission in refusals {
        let fake = Fake::new("devnet", submission, v1::TxState::Committed);
        let wallet = Wallet::new(&fake.serve());
        for _ in 0..2 {
            assert_eq!(wallet.json("pay dev:1 1").0, 4);
        }
        let taker = Fake::new("devnet", Submission::Taken, v1::TxState::Committed);
        let wallet = Wallet { endpoint: taker.serve(), ..wallet };
        for _ in 0..2 {
            assert_eq!(wallet.json("pay dev:1 1").0, 0);
        }
        let refused = fake.nonces();
        assert!(refused.len() >= 2 && refused.iter().all(|nonce| *nonce == 42), "{refused:?}");
        assert_eq!(taker.nonces(), [42, 43]);
    }
}

#[test]
fn hundreds_of_refused_commands_stop_nobody() {
    let code = ballast_runtime::Code::QuotaExceeded;
    let fake = Fake::new("devnet", Submission::Refused(code), v1::TxState::Committed);
    let wallet = Wallet::new(&fake.serve());
    for _ in 0..140 {
        assert_eq!(wallet.run("pay dev:1 1").status.code(), Some(4));
    }
    assert!(fake.nonces().iter().all(|nonce| *nonce == 42));
}

#[test]
fn what_would_fail_is_not_sent_unless_it_is_forced_to() {
    let mut fake = Fake::new("devnet", Submission::Taken, v1::TxState::Committed);
    let failure = v1::Failure { reason: "UNKNOWN_RECIPIENT".to_owned(), ..Default::default() };
    fake.trial = v1::SimulateTxResponse { failure: Some(failure), ..Default::default() };
    let wallet = Wallet::new(&fake.serve());
    for line in ["pay dev:1 1", "pay dev:1 1 --wait", "allowance approve dev:1 0 --expected 1"] {
        let (code, answer) = wallet.json(line);
        assert_eq!((code, &answer["error"]["reason"]), (4, &"UNKNOWN_RECIPIENT".into()), "{line}");
        assert!(answer["error"]["next"].is_string(), "{answer}");
    }
    assert_eq!(fake.nonces(), [0; 0], "nothing left");
    assert_eq!(wallet.json("pay dev:1 1 --force --wait").0, 0);
    assert_eq!(fake.nonces(), [42], "nor did what was tried use up a nonce");

    let refused = v1::SubmitError { reason: "LANE_UNAUTHORIZED".to_owned(), ..Default::default() };
    fake.trial = v1::SimulateTxResponse { refused: Some(refused), ..Default::default() };
    let wallet = Wallet::new(&fake.serve());
    assert_eq!(wallet.json("pay dev:1 1").0, 8);
}

#[test]
fn a_question_comes_above_the_amount_that_was_set_and_there_alone() {
    let dev = Fake::new("devnet", Submission::Taken, v1::TxState::Committed);
    let wallet = Wallet::new(&dev.serve());
    std::fs::write(
        wallet.home.path().join("config.toml"),
        "[profiles.careful]\nask_above = \"500\"\n",
    )
    .unwrap();
    for (line, code) in [
        ("pay dev:1 500 --profile careful", 0),
        ("pay dev:1 500.000001 --profile careful", 9),
        ("pay dev:1 500.000001 --profile careful --yes", 0),
        ("pay dev:1 501 --ask-above 600 --profile careful", 0),
        ("allowance approve dev:1 501 --expected 0 --profile careful", 9),
        ("pay dev:1 1000000", 0),
    ] {
        let (exit, answer) = wallet.json(line);
        assert_eq!(exit, code, "{line}: {answer}");
    }
    assert_eq!(dev.nonces().len(), 4);
}

#[test]
fn the_loser_of_a_nonce_is_5_and_names_the_winner() {
    let fake = Fake::new("devnet", Submission::Taken, v1::TxState::Replaced);
    let wallet = Wallet::new(&fake.serve());
    let (code, answer) = wallet.json("pay dev:1 1 --wait");
    let by = "cd".repeat(32);
    assert_eq!((code, &answer["state"]), (5, &"REPLACED".into()), "{answer}");
    assert_eq!(answer["replaced_by"], by);
    assert_eq!(answer["error"]["reason"], "REPLACED");
}

#[test]
fn what_was_sent_from_here_is_waited_for_whole() {
    let fake = Fake::new("devnet", Submission::Taken, v1::TxState::Pending);
    let wallet = Wallet::new(&fake.serve());
    let (_, sent) = wallet.json("pay dev:1 1");
    let (id, until) = (sent["tx_id"].as_str().unwrap(), sent["valid_until_ms"].as_u64().unwrap());
    assert_eq!(wallet.json(&format!("tx wait {id} --timeout 1")).0, 6);
    // The copy knows when it ends, whatever is claimed.
    let (code, answer) =
        wallet.json(&format!("tx wait {id} --valid-until {} --timeout 1", until - 1));
    assert_eq!((code, &answer["error"]["reason"]), (2, &"USAGE".into()), "{answer}");
    assert_eq!(wallet.json(&format!("tx wait {id} --valid-until {until} --timeout 1")).0, 6);
}

#[test]
fn nothing_is_made_valid_for_a_whole_day() {
    let fake = Fake::new("devnet", Submission::Taken, v1::TxState::Committed);
    let wallet = Wallet::new(&fake.serve());
    assert_eq!(wallet.json("pay dev:1 1 --valid-for 86340").0, 0);
    let (code, answer) = wallet.json("pay dev:1 1 --valid-for 86342");
    assert_eq!((code, &answer["error"]["reason"]), (2, &"VALID_TOO_LONG".into()), "{answer}");
    assert_eq!(fake.nonces(), [42]);
}

#[test]
fn nobody_listening_is_7_and_nothing_configured_is_78() {
    let wallet = Wallet::new("http://127.0.0.1:1");
    let (code, answer) = wallet.json("balance dev:1");
    assert_eq!((code, &answer["error"]["reason"]), (7, &"UNREACHABLE".into()));
    let nowhere = Wallet::new("");
    let dir = nowhere.home.path().join("none");
    let (code, _) = nowhere.json(&format!("balance --dir {}", dir.display()));
    assert_eq!(code, 78);
}

#[test]
fn a_request_is_paid_once_unless_it_is_said_again() {
    let address = ballast_runtime::dev::account_address(SEED, 1);
    let uri = format!(
        "ballast:{}?amount=5&ref=INV-17",
        address.display(ballast_primitives::Network::Dev)
    );
    let fake = Fake::new("devnet", Submission::Taken, v1::TxState::Committed);
    let wallet = Wallet::new(&fake.serve());
    assert_eq!(wallet.json(&format!("pay {uri}")).0, 0);
    let (code, answer) = wallet.json(&format!("pay {uri}"));
    assert_eq!((code, &answer["error"]["reason"]), (9, &"PAID_ALREADY".into()), "{answer}");
    assert_eq!(wallet.json(&format!("pay {}", uri.replace("17", "18"))).0, 0);
    assert_eq!(wallet.json(&format!("pay {uri} --again")).0, 0);
    assert_eq!(fake.nonces(), [42, 43, 44]);
    // What was refused was not paid.
    let code = ballast_runtime::Code::QuotaExceeded;
    let fake = Fake::new("devnet", Submission::Refused(code), v1::TxState::Committed);
    let wallet = Wallet::new(&fake.serve());
    for _ in 0..2 {
        assert_eq!(wallet.json(&format!("pay {uri}")).1["error"]["reason"], "QUOTA_EXCEEDED");
    }
    // Another currency is another amount.
    let (code, answer) = wallet.json(&format!("pay {uri}&currency=EUR"));
    assert_eq!((code, &answer["error"]["reason"]), (2, &"BAD_URI".into()));
}

#[test]
fn a_reader_that_has_gone_away_stops_no_command_and_hides_no_failure() {
    let run = |endpoint: &str| {
        let home = tempfile::tempdir().unwrap();
        let mut child = Command::new(env!("CARGO_BIN_EXE_ballast"))
            .args(["pay", "dev:1", "1", "--json"])
            .env_clear()
            .env("BALLAST_HOME", home.path())
            .env("BALLAST_ENDPOINT", endpoint)
            .env("BALLAST_DEV_SEED", SEED)
            .stdin(std::process::Stdio::null())
            .stdout(std::process::Stdio::piped())
            .stderr(std::process::Stdio::piped())
            .spawn()
            .unwrap();
        drop((child.stdout.take(), child.stderr.take()));
        child.wait().unwrap().code()
    };
    let fake = Fake::new("devnet", Submission::Taken, v1::TxState::Committed);
    assert_eq!(run(&fake.serve()), Some(0));
    assert_eq!(fake.nonces(), [42]);
    let fake = Fake::new("devnet", Submission::Busy, v1::TxState::Committed);
    assert_eq!(run(&fake.serve()), Some(4));
}
