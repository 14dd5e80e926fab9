//! Handing a transaction in. One validator's no is one word: it may lie, having passed the bytes
//! on, so that the payer pays again.

use std::collections::BTreeSet;
use std::time::Duration;

use ballast_primitives::Hash;
use ballast_proto::WireError;
use ballast_proto::error::ServiceReason;
use ballast_proto::v1;
use ballast_proto::v1::tx_service_client::TxServiceClient;
use ballast_runtime::{SignedTx, TxBody};

use crate::Client;
use crate::endpoints::{Answer, ask_one};
use crate::error::{Attempt, Error, attempts};
use crate::tx::AGAIN_MS;

/// How often all validators are tried before a submission is given up.
const ROUNDS: usize = 3;

/// A validator has checked the transaction and holds it; it is not committed yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Submitted {
    pub id: Hash,
    pub valid_until: u64,
    /// The same bytes were submitted before, or are committed.
    pub known: bool,
    /// Which validator took it.
    pub endpoint: String,
}

impl Client {
    /// Submits to one validator after the other until one takes it.
    ///
    /// [`Error::Refused`] when more than a third of the endpoints refused it; a lone endpoint is
    /// believed. [`Error::Unreachable`] when it was sent to none. [`Error::OutcomeUnknown`] when
    /// somebody may have taken it: a call was lost, or too few say that they refused.
    ///
    /// A refusal is not for good: whoever has the bytes may send them again. So what is built next
    /// takes the same nonce, and at most one of the two is ever executed.
    pub async fn submit(&self, tx: &SignedTx) -> Result<Submitted, Error> {
        let body = &tx.body;
        let answer = self.hand_in(&tx.encode(), body).await;
        if matches!(answer, Err(Error::Refused(_) | Error::Unreachable(_))) {
            self.nonces.book(&body.sender, |book| book.release(body.nonce));
        }
        answer
    }

    /// As [`Self::submit`], without a look at what becomes of the nonce.
    pub(crate) async fn hand_in(
        &self,
        signed_tx: &[u8],
        body: &TxBody,
    ) -> Result<Submitted, Error> {
        let (id, valid_until) = (body.id(), body.valid_until);
        let mut tally = Tally { endpoints: self.endpoints.all().len(), ..Tally::default() };
        for round in 0..ROUNDS {
            if round > 0 {
                tokio::time::sleep(Duration::from_millis(AGAIN_MS)).await;
            }
            let taken = self.submit_round(signed_tx, valid_until, &mut tally).await;
            if let Some(submitted) = taken {
                return Ok(Submitted { id, ..submitted });
            }
            if tally.is_final() {
                break;
            }
        }
        Err(tally.outcome(id, valid_until))
    }

    /// Every validator once, until one takes it or trying again is of no use.
    async fn submit_round(
        &self,
        signed_tx: &[u8],
        valid_until: u64,
        tally: &mut Tally,
    ) -> Option<Submitted> {
        let call = |channel| {
            let request = v1::SubmitTxRequest { signed_tx: signed_tx.to_vec() };
            async move { TxServiceClient::new(channel).submit_tx(request).await }
        };
        tally.unreached.clear();
        for endpoint in self.endpoints.in_turn() {
            match ask_one(endpoint, self.endpoints.call, &call).await {
                Ok(answer) => {
                    self.endpoints.prefer(endpoint);
                    let valid_until = match answer.valid_until_ms {
                        0 => valid_until,
                        stated => stated,
                    };
                    let (known, endpoint) = (answer.known, endpoint.url.clone());
                    return Some(Submitted { id: Hash::ZERO, valid_until, known, endpoint });
                }
                Err(Ok(answer)) => tally.count(&endpoint.url, answer),
                Err(Err(attempt)) => tally.unreached.push(attempt),
            }
            if tally.is_final() {
                break;
            }
        }
        None
    }
}

/// What the endpoints have said of one transaction, in all rounds.
#[derive(Default)]
struct Tally {
    /// How many there are.
    endpoints: usize,
    /// Those that refused it for good.
    refused: BTreeSet<String>,
    /// Those that took nothing, as they say: these, and those that were busy.
    denied: BTreeSet<String>,
    /// The last refusal for good, or else of one that was busy.
    refusal: Option<WireError>,
    /// A call that may have arrived.
    lost: Option<String>,
    /// Those that could not be connected to in the last round: nothing was sent.
    unreached: Vec<Attempt>,
}

impl Tally {
    fn count(&mut self, url: &str, answer: Answer) {
        match answer {
            // It may be on chain since long ago.
            Answer::TryAnother(error) if error.reason == ServiceReason::ReceiptsPruned.into() => {
                self.lost = Some(format!("{url}: {}", error.message));
            }
            Answer::Final(error) => {
                self.refused.insert(url.to_owned());
                self.denied.insert(url.to_owned());
                self.refusal = Some(error);
            }
            Answer::TryAnother(error) => {
                self.denied.insert(url.to_owned());
                if self.refused.is_empty() {
                    self.refusal = Some(error);
                }
            }
            Answer::Lost(problem) => self.lost = Some(format!("{url}: {problem}")),
        }
    }

    /// As many refuse it for good as need not all be liars.
    fn is_final(&self) -> bool {
        self.is_more_than_a_third(&self.refused)
    }

    fn is_more_than_a_third(&self, said: &BTreeSet<String>) -> bool {
        said.len().saturating_mul(3) > self.endpoints
    }

    fn outcome(self, id: Hash, valid_until: u64) -> Error {
        let is_believed = self.is_more_than_a_third(&self.denied);
        let count = self.denied.len();
        // Once a call was lost, its bytes may have arrived: no later answer takes that back.
        let problem = match (self.lost, self.refusal) {
            (Some(problem), _) => problem,
            (None, None) => return Error::Unreachable(self.unreached),
            (None, Some(refusal)) if is_believed => return Error::Refused(refusal),
            (None, Some(refusal)) => too_few(count, self.endpoints, &refusal, &self.unreached),
        };
        Error::OutcomeUnknown { id, valid_until, problem }
    }
}

/// What is said when a refusal is not believed.
fn too_few(count: usize, of: usize, refusal: &WireError, unreached: &[Attempt]) -> String {
    let said = format!("{count} of {of} endpoints refuse it, which is not more than a third");
    let reason = refusal.reason.name();
    let refused = format!("{said}: {reason}: {}", refusal.message);
    if unreached.is_empty() { refused } else { format!("{refused}; {}", attempts(unreached)) }
}

#[cfg(test)]
mod tests {
    use ballast_runtime::Code;

    use super::*;

    fn tally(endpoints: usize) -> Tally {
        Tally { endpoints, ..Tally::default() }
    }

    fn refused() -> Answer {
        Answer::Final(WireError::new(Code::NonceUsed))
    }

    fn busy() -> Answer {
        Answer::TryAnother(WireError::new(ServiceReason::Busy))
    }

    fn reason(tally: Tally) -> String {
        tally.outcome(Hash::ZERO, 9).reason().to_owned()
    }

    #[test]
    fn a_refusal_is_final_with_more_than_a_third_of_the_endpoints() {
        for (endpoints, needed) in [(1, 1), (2, 1), (3, 2), (4, 2), (5, 2), (6, 3), (7, 3)] {
            let mut tally = tally(endpoints);
            for said in 1..=needed {
                assert!(!tally.is_final(), "{said} of {endpoints}");
                tally.count(&format!("http://{said}"), refused());
            }
            assert!(tally.is_final(), "{needed} of {endpoints}");
            assert_eq!(reason(tally), "NONCE_USED");
        }
    }

    #[test]
    fn one_that_repeats_itself_has_one_word() {
        let mut tally = tally(4);
        for _ in 0..3 {
            tally.count("http://liar", refused());
        }
        assert!(!tally.is_final());
        let Error::OutcomeUnknown { valid_until: 9, problem, .. } = tally.outcome(Hash::ZERO, 9)
        else {
            panic!("one of four is believed");
        };
        assert!(problem.starts_with("1 of 4 endpoints refuse it"), "{problem}");
    }

    #[test]
    fn one_that_is_busy_is_asked_again_and_believed_no_more_than_one_that_refuses() {
        let mut alone = tally(1);
        alone.count("http://a", busy());
        assert!(!alone.is_final());
        assert_eq!(reason(alone), "BUSY");
        let mut one_of_four = tally(4);
        one_of_four.count("http://a", busy());
        assert_eq!(reason(one_of_four), "OUTCOME_UNKNOWN");
    }

    #[test]
    fn a_call_that_was_lost_is_not_made_good_by_refusals_and_nothing_sent_is_nothing_lost() {
        let mut lost = tally(2);
        lost.count("http://a", Answer::Lost("reset".to_owned()));
        lost.count("http://b", refused());
        assert!(lost.is_final());
        assert_eq!(reason(lost), "OUTCOME_UNKNOWN");
        assert_eq!(reason(tally(4)), "UNREACHABLE");
    }
}
