//! TxService: takes transactions and tells what became of them.

use std::time::Duration;

use ballast_primitives::Hash;
use ballast_primitives::codec::{self, DecodeError};
use ballast_proto::error::{ServiceReason, WireError};
use ballast_proto::v1::simulate_tx_request::Transaction;
use ballast_proto::v1::submit_batch_result::Result as BatchAnswer;
use ballast_proto::v1::tx_service_server::TxService;
use ballast_proto::v1::{
    BalanceChange, GetTxRequest, GetTxResponse, SimulateTxRequest, SimulateTxResponse,
    SubmitBatchRequest, SubmitBatchResponse, SubmitBatchResult, SubmitTxRequest, SubmitTxResponse,
    TxState, WaitTxRequest, WaitTxResponse,
};
use ballast_runtime::object::Account;
use ballast_runtime::simulate::{BalanceChange as Change, Simulated, Trial};
use ballast_runtime::tx::TX_BYTES_MAX;
use ballast_runtime::{Code, Key, Outcome, SignedTx, TxBody};
use tokio::time::{Instant, timeout_at};
use tonic::{Request, Response, Status};

use super::backend::{Claim, Head, Refusal, Simulation, Submitted};
use super::config::BATCH_TXS_MAX;
use super::context::{Context, internal, object, read_tx_id, receipts_pruned};
use super::rate;

/// How long WaitTx waits when it is not told.
const WAIT_DEFAULT: Duration = Duration::from_secs(30);

pub(super) struct Tx(pub Context);

#[tonic::async_trait]
impl TxService for Tx {
    async fn submit_tx(
        &self,
        request: Request<SubmitTxRequest>,
    ) -> Result<Response<SubmitTxResponse>, Status> {
        let mut answers = self.submit(vec![request.into_inner().signed_tx]).await;
        let answer = answers.pop().unwrap_or_else(|| Err(internal("no answer to a submission")));
        Ok(Response::new(answer?))
    }

    async fn submit_batch(
        &self,
        request: Request<SubmitBatchRequest>,
    ) -> Result<Response<SubmitBatchResponse>, Status> {
        let (_, extensions, message) = request.into_parts();
        let txs = message.signed_txs;
        if txs.is_empty() || txs.len() > BATCH_TXS_MAX {
            let problem = format!("a batch has 1 to {BATCH_TXS_MAX} transactions");
            return Err(WireError::field("signed_txs", problem).into());
        }
        let count = txs.len();
        // The call itself has been counted.
        rate::count(&extensions, count.saturating_sub(1))?;
        let answers = self.submit(txs).await;
        if answers.len() != count {
            return Err(internal("not every transaction of a batch was answered").into());
        }
        let result = |answer| SubmitBatchResult {
            result: Some(match answer {
                Ok(accepted) => BatchAnswer::Accepted(accepted),
                Err(error) => BatchAnswer::Refused(WireError::into(error)),
            }),
        };
        let results = answers.into_iter().map(result).collect();
        Ok(Response::new(SubmitBatchResponse { results }))
    }

    async fn wait_tx(
        &self,
        request: Request<WaitTxRequest>,
    ) -> Result<Response<WaitTxResponse>, Status> {
        let request = request.into_inner();
        let id = read_tx_id(&request.tx_id)?;
        let claim = self.read_claim(&id, &request.tx_body)?;
        let wait = match request.timeout_ms {
            0 => WAIT_DEFAULT.min(self.0.config.wait_max),
            ms => Duration::from_millis(ms),
        };
        if wait > self.0.config.wait_max {
            let problem = format!("is above {} ms", self.0.config.wait_max.as_millis());
            return Err(WireError::field("timeout_ms", problem).into());
        }
        Ok(Response::new(self.wait(&id, claim, request.valid_until_ms, wait).await?))
    }

    async fn simulate_tx(
        &self,
        request: Request<SimulateTxRequest>,
    ) -> Result<Response<SimulateTxResponse>, Status> {
        let tx = read_trial(request.into_inner().transaction)?;
        let (id, claim) = (tx.body.id(), Claim::from(&tx.body));
        let checked = tokio::task::spawn_blocking(move || Trial::new(tx)).await;
        let trial = checked.map_err(internal)?.map_err(WireError::new)?;
        let simulation = self.0.backend.simulate(trial).await;
        let stopping = || WireError::new(ServiceReason::ShuttingDown);
        Ok(Response::new(self.simulated(id, &claim, simulation.ok_or_else(stopping)?)))
    }

    async fn get_tx(
        &self,
        request: Request<GetTxRequest>,
    ) -> Result<Response<GetTxResponse>, Status> {
        let id = read_tx_id(&request.into_inner().tx_id)?;
        if let Some(answer) = self.find(&id)? {
            return Ok(Response::new(answer));
        }
        let waits = self.0.backend.pending(&id).is_some();
        let head = self.0.head();
        // It may have left the pool for the chain between the two looks.
        if let Some(answer) = self.find(&id)? {
            return Ok(Response::new(answer));
        }
        if let Some(claim) = self.claim_of(&id) {
            let looked = self.look(&id, Some(&claim), 0, &head, true)?;
            if waits || looked.state() != TxState::Pending {
                return Ok(Response::new(GetTxResponse {
                    tx_id: looked.tx_id,
                    state: looked.state,
                    valid_until_ms: claim.valid_until,
                    replaced_by: looked.replaced_by,
                    ..GetTxResponse::default()
                }));
            }
        }
        Err(match self.0.store().horizon() {
            horizon if horizon.is_pruned() => receipts_pruned(horizon.oldest).into(),
            _ => WireError::new(ServiceReason::TxNotFound).into(),
        })
    }
}

/// Reads what is to be tried: a signed transaction, or its body alone.
fn read_trial(transaction: Option<Transaction>) -> Result<SignedTx, WireError> {
    let undecodable = |error: DecodeError| WireError::new(Code::Decode).detail(error);
    match transaction {
        Some(Transaction::SignedTx(bytes)) => SignedTx::decode(&bytes).map_err(undecodable),
        Some(Transaction::TxBody(bytes)) => {
            let body = codec::decode(&bytes, TX_BYTES_MAX).map_err(undecodable)?;
            Ok(SignedTx { body, witnesses: Vec::new() })
        }
        None => Err(WireError::field("transaction", "is missing")),
    }
}

impl Tx {
    /// What the body that a client sent along says, if it is the transaction's.
    fn read_claim(&self, id: &Hash, tx_body: &[u8]) -> Result<Option<Claim>, WireError> {
        if tx_body.is_empty() {
            return Ok(None);
        }
        let body: TxBody = codec::decode(tx_body, TX_BYTES_MAX)
            .map_err(|error| WireError::field("tx_body", error))?;
        if body.id() != *id {
            let problem = format!("is the body of {}", body.id());
            return Err(WireError::field("tx_body", problem));
        }
        let genesis = self.0.backend.genesis();
        match (body.genesis, body.chain_id) == (self.0.genesis_hash, genesis.chain_id) {
            true => Ok(Some(Claim::from(&body))),
            false => Err(WireError::new(Code::BadChain)),
        }
    }

    fn simulated(&self, id: Hash, claim: &Claim, simulation: Simulation) -> SimulateTxResponse {
        let answer = SimulateTxResponse {
            tx_id: id.to_string(),
            height: simulation.height,
            time_ms: simulation.time_ms,
            ..SimulateTxResponse::default()
        };
        let wire = &self.0.wire;
        match simulation.result {
            Simulated::Refused(code) => {
                let (now, store) = (simulation.time_ms, self.0.store());
                let refusal = Refusal::of(code, String::new(), claim, now, store);
                let refused = Some(refused(refusal).into());
                SimulateTxResponse { refused, ..answer }
            }
            Simulated::Included { outcome, events, balances } => SimulateTxResponse {
                succeeds: outcome == Outcome::Success,
                failure: wire.failure(&outcome),
                events: events.iter().map(|event| wire.event(event)).collect(),
                balance_changes: balances.iter().map(|change| self.balance(change)).collect(),
                ..answer
            },
        }
    }

    fn balance(&self, change: &Change) -> BalanceChange {
        BalanceChange {
            account: self.0.wire.address(&change.account),
            before_micros: change.before,
            after_micros: change.after,
        }
    }

    async fn submit(&self, txs: Vec<Vec<u8>>) -> Vec<Result<SubmitTxResponse, WireError>> {
        let answers = self.0.backend.submit(txs).await;
        answers
            .into_iter()
            .map(|answer| answer.map(|taken| self.taken(&taken)).map_err(refused))
            .collect()
    }

    fn taken(&self, taken: &Submitted) -> SubmitTxResponse {
        self.0.seen.remember(taken.id, taken.claim);
        SubmitTxResponse {
            tx_id: taken.id.to_string(),
            valid_until_ms: taken.claim.valid_until,
            known: taken.known,
        }
    }

    /// Looks after every commit until there is a final answer, or the time is up.
    async fn wait(
        &self,
        id: &Hash,
        mut claim: Option<Claim>,
        hint: u64,
        wait: Duration,
    ) -> Result<WaitTxResponse, WireError> {
        let deadline = Instant::now().checked_add(wait).unwrap_or_else(Instant::now);
        let mut heads = self.0.backend.head();
        let mut is_first = true;
        loop {
            // The head first: all that is committed up to it is in the store.
            let head = *heads.borrow_and_update();
            claim = claim.or_else(|| self.claim_of(id));
            if let Some(Claim { valid_until, .. }) = claim
                && hint != 0
                && hint != valid_until
            {
                let problem = format!("the transaction's is {valid_until}");
                return Err(WireError::field("valid_until_ms", problem));
            }
            let answer = self.look(id, claim.as_ref(), hint, &head, is_first)?;
            is_first = false;
            if answer.state() != TxState::Pending {
                return Ok(answer);
            }
            let stopped = self.0.stop.run_until_cancelled(timeout_at(deadline, heads.changed()));
            match stopped.await {
                Some(Ok(Ok(()))) => {}
                // Stopping, out of time, or no more commits: not known yet is the true answer.
                None | Some(Err(_) | Ok(Err(_))) => return Ok(answer),
            }
        }
    }

    /// What this validator knows of a transaction that was submitted here.
    fn claim_of(&self, id: &Hash) -> Option<Claim> {
        self.0.backend.pending(id).or_else(|| self.0.seen.claim(id))
    }

    /// What there is to say now. A client's `hint` of the end of validity is good for looking, and
    /// for nothing final. Only a `thorough` look reads the sender's account too: one that waits looks
    /// after each block, and a window seldom passes an unused nonce.
    fn look(
        &self,
        id: &Hash,
        claim: Option<&Claim>,
        hint: u64,
        head: &Head,
        thorough: bool,
    ) -> Result<WaitTxResponse, WireError> {
        let answer = WaitTxResponse {
            tx_id: id.to_string(),
            valid_until_ms: claim.map_or(0, |claim| claim.valid_until),
            head_height: head.height,
            head_time_ms: head.time_ms,
            ..WaitTxResponse::default()
        };
        let store = self.0.store();
        let Some((height, index)) = store.tx_location(id).map_err(internal)? else {
            let horizon = store.horizon();
            let valid_until = claim.map_or(hint, |claim| claim.valid_until);
            if valid_until != 0 && horizon.may_hide(valid_until) {
                return Err(receipts_pruned(horizon.oldest));
            }
            let (state, by) = match claim {
                Some(claim) => self.look_for(id, claim, head, thorough)?,
                None => (TxState::Pending, None),
            };
            let replaced_by = by.map(|by| by.to_string()).unwrap_or_default();
            return Ok(WaitTxResponse { state: state.into(), replaced_by, ..answer });
        };
        let record = store.record(height, index).map_err(internal)?;
        let receipt =
            record.ok_or_else(|| internal("a located transaction has no record"))?.receipt;
        let executed = store.executed(height).map_err(internal)?;
        Ok(WaitTxResponse {
            state: state_of(&receipt.outcome).into(),
            receipt: Some(self.0.wire.receipt(&receipt)),
            block_time_ms: executed.map_or(0, |executed| executed.time),
            ..answer
        })
    }

    /// How it is with a transaction that is not on chain, and what has taken its place.
    fn look_for(
        &self,
        id: &Hash,
        claim: &Claim,
        head: &Head,
        thorough: bool,
    ) -> Result<(TxState, Option<Hash>), WireError> {
        let store = self.0.store();
        // The account first: whatever used the nonce by then is found by it.
        let account: Option<Account> =
            if thorough { object(store, &Key::Account(claim.sender))? } else { None };
        let window = account.map(|account| account.replay.check(claim.nonce));
        let by = store.tx_of_nonce(&claim.sender, claim.nonce).map_err(internal)?;
        let is_over = head.time_ms >= claim.valid_until;
        Ok(match (by, window) {
            // Committed since it was looked for.
            (Some(by), _) if by == *id => (TxState::Pending, None),
            (Some(by), _) => (TxState::Replaced, Some(by)),
            (None, Some(Err(Code::NonceTooOld | Code::NonceUsed))) => (TxState::Replaced, None),
            (None, _) if is_over => (TxState::Expired, None),
            (None, _) => (TxState::Pending, None),
        })
    }

    fn find(&self, id: &Hash) -> Result<Option<GetTxResponse>, WireError> {
        let store = self.0.store();
        let Some((height, index)) = store.tx_location(id).map_err(internal)? else {
            return Ok(None);
        };
        let record = store.record(height, index).map_err(internal)?;
        let record = record.ok_or_else(|| internal("a located transaction has no record"))?;
        let signed_tx = store.tx_bytes(height, &record).map_err(internal)?.unwrap_or_default();
        let tx = SignedTx::decode(&signed_tx).ok();
        let executed = store.executed(height).map_err(internal)?;
        Ok(Some(GetTxResponse {
            tx_id: id.to_string(),
            state: state_of(&record.receipt.outcome).into(),
            receipt_bytes: codec::encode(&record.receipt),
            receipt: Some(self.0.wire.receipt(&record.receipt)),
            transaction: tx.as_ref().map(|tx| self.0.wire.transaction(tx)),
            block_time_ms: executed.map_or(0, |executed| executed.time),
            valid_until_ms: tx.as_ref().map_or(0, |tx| tx.body.valid_until),
            signed_tx,
            replaced_by: String::new(),
        }))
    }
}

const fn state_of(outcome: &Outcome) -> TxState {
    match outcome {
        Outcome::Success => TxState::Committed,
        Outcome::Failed { .. } => TxState::Failed,
    }
}

fn refused(refusal: Refusal) -> WireError {
    match refusal {
        Refusal::Code(code, detail) if detail.is_empty() => WireError::new(code),
        Refusal::Code(code, detail) => {
            WireError::new(code).detail(format!("{} ({detail})", code.text()))
        }
        Refusal::TooFarAhead { retry_ms } => WireError::new(Code::TooFarAhead).retry_ms(retry_ms),
        Refusal::NonceUsed { by } => WireError::new(Code::NonceUsed).with("used_by", by),
        Refusal::Busy { retry_ms } => WireError::new(ServiceReason::Busy).retry_ms(retry_ms),
        Refusal::Pruned { oldest } => receipts_pruned(oldest),
        Refusal::ShuttingDown => WireError::new(ServiceReason::ShuttingDown),
    }
}
