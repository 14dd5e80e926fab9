//! Building, submitting and following transactions.

use std::collections::BTreeSet;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use ballast_primitives::{Address, Hash, codec};
use ballast_proto::convert::read_hash;
use ballast_proto::v1;
use ballast_proto::v1::account_service_client::AccountServiceClient;
use ballast_proto::v1::submit_batch_result;
use ballast_proto::v1::tx_service_client::TxServiceClient;
use ballast_runtime::limits::HOUR_MS;
use ballast_runtime::replay::{ReplayWindow, WINDOW};
use ballast_runtime::tx::{VALIDITY_MARGIN_MS, VALIDITY_MS_MAX};
use ballast_runtime::{Code, Op, SignedTx, TxBody};

use crate::Client;
use crate::endpoints::ask_one;
use crate::error::Error;
use crate::nonce::NonceBook;

/// The longest a validator is asked to wait in one call; it allows 60 s.
const WAIT_STEP_MS: u64 = 20_000;
/// How long a validator may take beyond what it was asked to wait.
const WAIT_GRACE_MS: u64 = 3_000;
/// Pause before validators that could not be reached, or were busy, are asked again.
pub(crate) const AGAIN_MS: u64 = 250;

/// What may be said of a transaction beside its operations.
#[derive(Clone, Debug, Default)]
pub struct TxOptions {
    pub memo: Option<Vec<u8>>,
    pub sponsor: Option<Address>,
    /// Milliseconds since the Unix epoch, at most [`VALIDITY_MS_MAX`] less [`VALIDITY_MARGIN_MS`] from
    /// now; by default an hour from now.
    pub valid_until: Option<u64>,
    /// By default that of the last transaction that was refused or has expired, if there is one, or
    /// else the lowest that the chain has not seen and this client has not given out.
    pub nonce: Option<u64>,
}

/// A transaction that is on chain.
#[derive(Clone, Debug, PartialEq)]
pub struct Landed {
    pub receipt: v1::Receipt,
    pub block_time_ms: u64,
}

/// What became of a transaction.
#[derive(Clone, Debug, PartialEq)]
pub enum Fate {
    /// On chain, and it had its effect. Final.
    Committed(Landed),
    /// On chain, without effect: see the receipt's failure. Final.
    Failed(Landed),
    /// Not on chain, and it can never be: its time is over. Final.
    Expired,
    /// Not on chain, and it can never be: another transaction used its nonce, or the sender's window
    /// has passed it (none). Final.
    Replaced(Option<Hash>),
    /// Not decided, as far as anyone could say within the time given.
    Unknown,
}

impl Client {
    /// A body ready to sign.
    pub async fn build(
        &self,
        sender: Address,
        ops: Vec<Op>,
        options: TxOptions,
    ) -> Result<TxBody, Error> {
        let chain = self.chain().await?;
        let now = now_ms();
        let until = options.valid_until.unwrap_or_else(|| now.saturating_add(HOUR_MS));
        check_validity(now, until)?;
        let nonce = match options.nonce {
            Some(nonce) => {
                self.nonces.book(&sender, |book| book.take(nonce, until));
                nonce
            }
            None => {
                let again = self.nonces.book(&sender, |book| book.again());
                let (window, gone) = self.look_at_nonces(&sender, &again).await?;
                let next = |book: &mut NonceBook| book.next(&window, &gone, now, until);
                self.nonces.book(&sender, next).ok_or(Error::NoncesInFlight { window: WINDOW })?
            }
        };
        Ok(TxBody {
            genesis: chain.genesis,
            chain_id: chain.chain_id,
            sender,
            nonce,
            valid_until: until,
            sponsor: options.sponsor,
            memo: options.memo,
            ops,
        })
    }

    /// The next nonce by a book that the caller keeps, such as one in a file.
    pub async fn next_nonce(
        &self,
        account: &Address,
        book: &mut NonceBook,
        until: u64,
    ) -> Result<u64, Error> {
        let now = now_ms();
        check_validity(now, until)?;
        let (window, gone) = self.look_at_nonces(account, &book.again()).await?;
        let next = book.next(&window, &gone, now, until);
        next.ok_or(Error::NoncesInFlight { window: WINDOW })
    }

    /// The account's window as one endpoint tells it, and those of `again` that more than a third of
    /// all say are used or passed: one that lies must not make the next transaction take another
    /// nonce than one that was refused and may still commit.
    async fn look_at_nonces(
        &self,
        account: &Address,
        again: &BTreeSet<u64>,
    ) -> Result<(ReplayWindow, BTreeSet<u64>), Error> {
        let window = read_window(self.account(account).await?)?;
        let is_gone = |window: &ReplayWindow, nonce: &u64| {
            matches!(window.check(*nonce), Err(Code::NonceUsed | Code::NonceTooOld))
        };
        let doubtful: Vec<_> = again.iter().filter(|nonce| is_gone(&window, nonce)).collect();
        if doubtful.is_empty() {
            return Ok((window, BTreeSet::new()));
        }
        let windows = self.each_window(account).await?;
        let said = |nonce: &u64| windows.iter().filter(|window| is_gone(window, nonce)).count();
        let endpoints = self.endpoints.all().len();
        let gone = doubtful.into_iter().copied();
        Ok((window, gone.filter(|nonce| said(nonce).saturating_mul(3) > endpoints).collect()))
    }

    /// The account's window as each endpoint that answers tells it.
    async fn each_window(&self, account: &Address) -> Result<Vec<ReplayWindow>, Error> {
        let address = self.wire().await?.address(account);
        let call = |channel| {
            let request = v1::GetAccountRequest { address: address.clone() };
            async move { AccountServiceClient::new(channel).get_account(request).await }
        };
        let (call, limit) = (&call, self.endpoints.call);
        let one = |endpoint| async move { ask_one(endpoint, limit, call).await.ok() };
        let answers = futures::future::join_all(self.endpoints.all().iter().map(one)).await;
        Ok(answers.into_iter().flatten().filter_map(|answer| read_window(answer).ok()).collect())
    }

    /// What is known of a transaction decides what becomes of its nonce.
    pub(crate) fn note_fate(&self, body: &TxBody, outcome: &Result<Fate, Error>) {
        self.nonces.book(&body.sender, |book| match outcome {
            Ok(Fate::Committed(_) | Fate::Failed(_)) => book.spent(body.nonce),
            // It may be on its way.
            Ok(Fate::Unknown) | Err(Error::OutcomeUnknown { .. }) => {}
            // One validator's word that it is dead is not enough: the chain's window shows it.
            Ok(Fate::Expired | Fate::Replaced(_)) => book.release(body.nonce),
            Err(_) => book.release(body.nonce),
        });
    }

    /// Submits many to the first validator that answers; each has its own answer, in order.
    pub async fn submit_batch(
        &self,
        signed_txs: Vec<Vec<u8>>,
    ) -> Result<Vec<v1::SubmitBatchResult>, Error> {
        let request = v1::SubmitBatchRequest { signed_txs };
        let call = |channel| {
            let request = request.clone();
            async move { TxServiceClient::new(channel).submit_batch(request).await }
        };
        let results = self.endpoints.ask(call).await?.results;
        for (bytes, answer) in request.signed_txs.iter().zip(&results) {
            let refused = matches!(answer.result, Some(submit_batch_result::Result::Refused(_)));
            if let (true, Ok(tx)) = (refused, SignedTx::decode(bytes)) {
                self.nonces.book(&tx.body.sender, |book| book.release(tx.body.nonce));
            }
        }
        Ok(results)
    }

    /// Waits for what becomes of a transaction.
    ///
    /// [`Fate::Unknown`] when `limit` has passed, whether validators answered or not; errors are
    /// those that waiting longer would not heal.
    pub async fn wait(&self, body: &TxBody, limit: Duration) -> Result<Fate, Error> {
        let fate = self.wait_for(body, limit).await?;
        let known = Ok(fate);
        self.note_fate(body, &known);
        known
    }

    pub(crate) async fn wait_for(&self, body: &TxBody, limit: Duration) -> Result<Fate, Error> {
        let request = v1::WaitTxRequest {
            tx_id: body.id().to_string(),
            tx_body: codec::encode(body),
            ..Default::default()
        };
        self.wait_with(&request, limit).await
    }

    /// As [`Self::wait`], of a transaction of which only the id is known: that it expired or was
    /// replaced is then told only by a validator it was submitted to. Where that knows another
    /// `valid_until` (0 for any), it refuses.
    pub async fn wait_by_id(
        &self,
        id: Hash,
        valid_until: u64,
        limit: Duration,
    ) -> Result<Fate, Error> {
        let tx_id = id.to_string();
        let request =
            v1::WaitTxRequest { tx_id, valid_until_ms: valid_until, ..Default::default() };
        self.wait_with(&request, limit).await
    }

    async fn wait_with(&self, request: &v1::WaitTxRequest, limit: Duration) -> Result<Fate, Error> {
        let end = Instant::now() + limit;
        loop {
            let left = end.saturating_duration_since(Instant::now());
            let step = left.min(Duration::from_millis(WAIT_STEP_MS));
            let fate = match self.wait_once(request, step).await {
                Ok(fate) => fate,
                Err(Error::Unreachable(_)) => Fate::Unknown,
                Err(Error::Refused(error)) if error.retry_after.is_some() => Fate::Unknown,
                Err(error) => return Err(error),
            };
            if fate != Fate::Unknown || Instant::now() >= end {
                return Ok(fate);
            }
            let pause = Duration::from_millis(AGAIN_MS);
            tokio::time::sleep(pause.min(end.saturating_duration_since(Instant::now()))).await;
        }
    }

    async fn wait_once(&self, request: &v1::WaitTxRequest, step: Duration) -> Result<Fate, Error> {
        // 0 would mean the validator's default.
        let timeout_ms = u64::try_from(step.as_millis()).unwrap_or(WAIT_STEP_MS).max(1);
        let request = v1::WaitTxRequest { timeout_ms, ..request.clone() };
        let call = |channel| {
            let request = request.clone();
            async move { TxServiceClient::new(channel).wait_tx(request).await }
        };
        let grace = Duration::from_millis(WAIT_GRACE_MS);
        let answer = self.endpoints.ask_within(step.saturating_add(grace), call).await?;
        read_fate(answer)
    }

    /// What a transaction would do in a block now. Without witnesses it is tried as if all that
    /// are needed had signed.
    pub async fn simulate(&self, tx: &SignedTx) -> Result<v1::SimulateTxResponse, Error> {
        use v1::simulate_tx_request::Transaction;
        let transaction = match tx.witnesses.is_empty() {
            true => Transaction::TxBody(codec::encode(&tx.body)),
            false => Transaction::SignedTx(tx.encode()),
        };
        let call = |channel| {
            let request = v1::SimulateTxRequest { transaction: Some(transaction.clone()) };
            async move { TxServiceClient::new(channel).simulate_tx(request).await }
        };
        self.endpoints.ask(call).await
    }

    /// A transaction by its id; `TX_NOT_FOUND` when it is neither on chain nor waiting at the
    /// validator that answers.
    pub async fn tx(&self, id: Hash) -> Result<v1::GetTxResponse, Error> {
        let call = |channel| {
            let request = v1::GetTxRequest { tx_id: id.to_string() };
            async move { TxServiceClient::new(channel).get_tx(request).await }
        };
        self.endpoints.ask(call).await
    }
}

fn read_fate(answer: v1::WaitTxResponse) -> Result<Fate, Error> {
    let landed = |receipt: Option<v1::Receipt>| {
        let missing = || Error::BadAnswer("a final answer has no receipt".to_owned());
        Ok::<_, Error>(Landed {
            receipt: receipt.ok_or_else(missing)?,
            block_time_ms: answer.block_time_ms,
        })
    };
    Ok(match v1::TxState::try_from(answer.state) {
        Ok(v1::TxState::Committed) => Fate::Committed(landed(answer.receipt)?),
        Ok(v1::TxState::Failed) => Fate::Failed(landed(answer.receipt)?),
        Ok(v1::TxState::Expired) => Fate::Expired,
        Ok(v1::TxState::Replaced) if answer.replaced_by.is_empty() => Fate::Replaced(None),
        Ok(v1::TxState::Replaced) => {
            Fate::Replaced(Some(read_hash("replaced_by", &answer.replaced_by)?))
        }
        Ok(v1::TxState::Pending) => Fate::Unknown,
        _ => return Err(Error::BadAnswer(format!("transaction state {}", answer.state))),
    })
}

/// The nonces that an account has used, as an endpoint tells them.
fn read_window(answer: v1::GetAccountResponse) -> Result<ReplayWindow, Error> {
    let window = answer.account.and_then(|account| account.nonce_window);
    let missing = || Error::BadAnswer("the account has no nonce window".to_owned());
    let v1::NonceWindow { high, seen } = window.ok_or_else(missing)?;
    let seen = u128::from_str_radix(&seen, 16).map_err(|_| missing())?;
    Ok(ReplayWindow { high, seen })
}

/// What is valid for longer could be refused now and included later, by a clock that is right.
fn check_validity(now: u64, until: u64) -> Result<(), Error> {
    let max_ms = VALIDITY_MS_MAX.saturating_sub(VALIDITY_MARGIN_MS);
    match until.saturating_sub(now) > max_ms {
        true => Err(Error::ValidTooLong { max_ms }),
        false => Ok(()),
    }
}

/// This machine's clock, in milliseconds since the Unix epoch.
fn now_ms() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_made_that_would_be_refused_for_now_and_included_later() {
        let most = VALIDITY_MS_MAX - VALIDITY_MARGIN_MS;
        assert!(check_validity(1_000, 1_000 + most).is_ok());
        for until in [1_000 + most + 1, 1_000 + VALIDITY_MS_MAX, u64::MAX] {
            assert!(matches!(check_validity(1_000, until), Err(Error::ValidTooLong { .. })));
        }
        assert!(check_validity(1_000, 0).is_ok());
    }

    #[test]
    fn every_final_state_is_told_apart_and_pending_is_unknown() {
        let answer = |state: v1::TxState, receipt| v1::WaitTxResponse {
            state: state.into(),
            receipt,
            block_time_ms: 7,
            ..Default::default()
        };
        let receipt = v1::Receipt { height: 3, ..Default::default() };
        let landed = Landed { receipt: receipt.clone(), block_time_ms: 7 };
        let fate = |state, receipt| read_fate(answer(state, receipt));
        let committed = fate(v1::TxState::Committed, Some(receipt.clone()));
        assert_eq!(committed.unwrap(), Fate::Committed(landed.clone()));
        let failed = fate(v1::TxState::Failed, Some(receipt));
        assert_eq!(failed.unwrap(), Fate::Failed(landed));
        assert_eq!(fate(v1::TxState::Expired, None).unwrap(), Fate::Expired);
        assert_eq!(fate(v1::TxState::Pending, None).unwrap(), Fate::Unknown);
        assert_eq!(fate(v1::TxState::Replaced, None).unwrap(), Fate::Replaced(None));
        let by = |replaced_by: String| {
            read_fate(v1::WaitTxResponse { replaced_by, ..answer(v1::TxState::Replaced, None) })
        };
        assert_eq!(by("07".repeat(32)).unwrap(), Fate::Replaced(Some(Hash([7; 32]))));
        assert!(by("zz".to_owned()).is_err());
        assert!(fate(v1::TxState::Committed, None).is_err());
        assert!(fate(v1::TxState::Unspecified, None).is_err());
    }
}
