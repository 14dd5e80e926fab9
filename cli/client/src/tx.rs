//! Building, submitting and following transactions.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use ballast_primitives::{Address, Hash, codec};
use ballast_proto::v1;
use ballast_proto::v1::tx_service_client::TxServiceClient;
use ballast_runtime::limits::HOUR_MS;
use ballast_runtime::{Op, SignedTx, TxBody};

use crate::Client;
use crate::error::Error;
use crate::nonce::Want;

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
    /// Milliseconds since the Unix epoch; by default an hour from now.
    pub valid_until: Option<u64>,
    /// By default the next one above what the chain has seen and this client has given out.
    pub nonce: Option<u64>,
    /// The nonce is above this one.
    pub nonce_floor: u64,
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
    /// Not on chain, and it can never be. Final.
    Expired,
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
        let nonce = match options.nonce {
            Some(nonce) => nonce,
            None => {
                let (account, floor) = (sender, options.nonce_floor);
                let high = self.nonce_high(&account).await?;
                self.nonces.next(&Want { account, high, floor, now, until })?
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

    /// The highest nonce the chain has seen of an account.
    pub async fn nonce_high(&self, account: &Address) -> Result<u64, Error> {
        let answer = self.account(account).await?;
        let window = answer.account.and_then(|account| account.nonce_window);
        let missing = || Error::BadAnswer("the account has no nonce window".to_owned());
        Ok(window.ok_or_else(missing)?.high)
    }

    /// Forgets which nonces this client has given out for an account.
    pub fn forget_nonces(&self, account: &Address) {
        self.nonces.forget(account);
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
        Ok(self.endpoints.ask(call).await?.results)
    }

    /// Waits for what becomes of a transaction. With `valid_until` (0 when it is not known) any
    /// validator can say that it has expired.
    ///
    /// [`Fate::Unknown`] when `limit` has passed, whether validators answered or not; errors are
    /// those that waiting longer would not heal.
    pub async fn wait(&self, id: Hash, valid_until: u64, limit: Duration) -> Result<Fate, Error> {
        let end = Instant::now() + limit;
        loop {
            let left = end.saturating_duration_since(Instant::now());
            let step = left.min(Duration::from_millis(WAIT_STEP_MS));
            let fate = match self.wait_once(id, valid_until, step).await {
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

    async fn wait_once(&self, id: Hash, valid_until: u64, step: Duration) -> Result<Fate, Error> {
        let request = v1::WaitTxRequest {
            tx_id: id.to_string(),
            valid_until_ms: valid_until,
            // 0 would mean the validator's default.
            timeout_ms: u64::try_from(step.as_millis()).unwrap_or(WAIT_STEP_MS).max(1),
        };
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
        Ok(v1::TxState::Pending) => Fate::Unknown,
        _ => return Err(Error::BadAnswer(format!("transaction state {}", answer.state))),
    })
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
        assert!(fate(v1::TxState::Committed, None).is_err());
        assert!(fate(v1::TxState::Unspecified, None).is_err());
    }
}
