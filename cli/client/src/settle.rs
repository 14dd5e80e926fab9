//! From a signed transaction to the certainty of what became of it.

use std::time::{Duration, Instant};

use ballast_runtime::SignedTx;

use crate::Client;
use crate::error::Error;
use crate::tx::Fate;

/// How long to wait for the fate before the transaction is sent again: a validator that took it
/// may have gone down with it.
const AGAIN: Duration = Duration::from_secs(3);
/// Pause after validators were busy, or away.
const PAUSE: Duration = Duration::from_millis(200);

impl Client {
    /// Sends a transaction, to as many validators and as often as it takes, until it is known what
    /// became of it. It executes at most once, however often it is sent.
    ///
    /// [`Fate::Unknown`] when `limit` has passed: calling again with the same bytes, in this
    /// process or another, goes on. [`Error::Refused`] when more than a third of the endpoints refused
    /// it before anybody can have taken it: it has had no effect yet. What is built next takes its
    /// nonce, so that of the two at most one ever has.
    pub async fn settle(&self, tx: &SignedTx, limit: Duration) -> Result<Fate, Error> {
        let settled = self.settle_within(tx, limit).await;
        self.note_fate(&tx.body, &settled);
        settled
    }

    async fn settle_within(&self, tx: &SignedTx, limit: Duration) -> Result<Fate, Error> {
        let bytes = tx.encode();
        let end = Instant::now() + limit;
        // Whether some validator may hold it, now or earlier.
        let mut is_out = false;
        loop {
            let left = end.saturating_duration_since(Instant::now());
            match self.hand_in(&bytes, &tx.body).await {
                Ok(_) | Err(Error::OutcomeUnknown { .. }) => is_out = true,
                Err(Error::Unreachable(_)) => {}
                Err(Error::Refused(error)) if error.retry_after.is_some() => {
                    let pause = error.retry_after.unwrap_or(PAUSE);
                    tokio::time::sleep(pause.min(left)).await;
                }
                // It may be refused because it is in a block, or for what came after it.
                Err(Error::Refused(_)) if is_out => {}
                Err(error) => return Err(error),
            }
            let step = if is_out { AGAIN } else { PAUSE };
            let fate = self.wait_for(&tx.body, step.min(left)).await?;
            if fate != Fate::Unknown || Instant::now() >= end {
                return Ok(fate);
            }
        }
    }
}
