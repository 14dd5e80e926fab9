//! The validator as the gRPC services see it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use ballast_primitives::Hash;
use ballast_primitives::proof::StateProof;
use ballast_replica::pool::Candidate;
use ballast_replica::{Admission, Input};
use ballast_runtime::simulate::Trial;
use ballast_runtime::tx::SignedTx;
use ballast_runtime::{Code, Genesis, Key, admission};
use tokio::sync::{mpsc, oneshot, watch};
use tokio_util::sync::CancellationToken;

use super::brain::{Ticket, Tickets};
use super::clock::Clock;
use super::gate::Gate;
use super::mailbox::{Letter, Mailbox};
use super::verify::{Rejected, Verification};
use super::view::{Shared, WaitingProof, certified};
use crate::metrics::NodeMetrics;
use crate::rpc::backend::{
    Backend, Claim, Head, Look, NodeInfo, ProveError, Refusal, Simulation, Submitted,
};
use crate::store::Store;

/// Submissions that wait for the verifier; more are answered with `Busy`.
const QUEUE: usize = 1_024;
/// Transactions verified together, of as many submissions as wait.
const LOT: usize = 4_096;
/// When to try again after `Busy`.
const RETRY_MS: u64 = 250;
/// How long a proof may wait for the header that attests it.
const PROOF_WAIT: Duration = Duration::from_secs(8);

type Checked = Vec<Result<Candidate, Rejected>>;

struct Job {
    txs: Vec<Vec<u8>>,
    reply: oneshot::Sender<Checked>,
}

pub struct NodeBackend {
    pub genesis: Arc<Genesis>,
    pub genesis_hash: Hash,
    pub store: Arc<Store>,
    pub head: watch::Receiver<Head>,
    pub shared: Arc<Shared>,
    pub mailbox: Arc<Mailbox>,
    pub tickets: Tickets,
    pub metrics: Arc<NodeMetrics>,
    pub clock: Clock,
    pub stop: CancellationToken,
    pub gate: Gate,
    pub verifier: Verifier,
    pub next_ticket: AtomicU64,
}

/// The queue in front of signature verification. While one lot is verified, what arrives makes up
/// the next, so lots grow with the load.
pub struct Verifier(mpsc::Sender<Job>);

impl Verifier {
    pub fn start(verification: Arc<Verification>) -> Self {
        let (jobs, mut queue) = mpsc::channel::<Job>(QUEUE);
        tokio::spawn(async move {
            while let Some(first) = queue.recv().await {
                let mut lot = vec![first];
                let mut count = lot.iter().map(|job| job.txs.len()).sum::<usize>();
                while count < LOT
                    && let Ok(job) = queue.try_recv()
                {
                    count += job.txs.len();
                    lot.push(job);
                }
                let verification = Arc::clone(&verification);
                let verified = tokio::task::spawn_blocking(move || verify_lot(lot, &verification));
                if verified.await.is_err() {
                    tracing::error!("the verifier failed");
                }
            }
        });
        Self(jobs)
    }

    /// None when too much waits already.
    async fn check(&self, txs: Vec<Vec<u8>>) -> Option<Checked> {
        let (reply, answer) = oneshot::channel();
        self.0.try_send(Job { txs, reply }).ok()?;
        answer.await.ok()
    }
}

fn verify_lot(lot: Vec<Job>, verification: &Verification) {
    let mut txs = Vec::new();
    let mut replies = Vec::with_capacity(lot.len());
    for job in lot {
        replies.push((job.txs.len(), job.reply));
        txs.extend(job.txs);
    }
    let mut checked = verification.submissions(txs).into_iter();
    for (count, reply) in replies {
        // The client may have gone away.
        let _ = reply.send(checked.by_ref().take(count).collect());
    }
}

impl NodeBackend {
    /// Admits verified transactions; none when the node is stopping.
    async fn admit(&self, txs: Vec<Candidate>) -> Option<Vec<Admission>> {
        if txs.is_empty() {
            return Some(Vec::new());
        }
        let ticket = self.next_ticket.fetch_add(1, Ordering::Relaxed);
        let (reply, answer) = oneshot::channel();
        let ids = txs.iter().map(|candidate| (candidate.tx.id(), Claim::from(candidate.tx.body())));
        self.tickets.lock().insert(ticket, Ticket { txs: ids.collect(), reply });
        self.mailbox.bulk(Letter::Input(Input::Submit { ticket, txs }));
        answer.await.ok()
    }

    /// What to say of a transaction whose signatures failed: whatever comes before that in the
    /// order of precedence, if the state has it.
    async fn explain(&self, rejected: Rejected) -> Refusal {
        let (code, detail) = (rejected.code, rejected.detail);
        let Some((_, tx)) = rejected.tx else { return self.refuse(code, detail) };
        let claim = Claim::from(&tx.body);
        let (reply, answer) = oneshot::channel();
        let now = self.clock.now();
        self.mailbox.ask(Box::new(move |replica| {
            let context = replica.admission_context(now);
            let _ = reply.send(admission::check(replica.state(), &context, &tx));
        }));
        match answer.await {
            Ok(Err(earlier)) if earlier.comes_before(code) => self.refuse_claim(earlier, &claim),
            _ => self.refuse(code, detail),
        }
    }

    fn refuse_claim(&self, code: Code, claim: &Claim) -> Refusal {
        self.metrics.refused(code.name()).inc();
        // What admission goes by.
        let now = self.clock.now().wall_ms.max(self.head.borrow().time_ms);
        Refusal::of(code, String::new(), claim, now, &self.store)
    }

    fn refuse(&self, code: Code, detail: String) -> Refusal {
        self.metrics.refused(code.name()).inc();
        Refusal::Code(code, detail)
    }

    fn answer(&self, submitted: Submitted, admission: Admission) -> Result<Submitted, Refusal> {
        match admission {
            Admission::Admitted => Ok(submitted),
            Admission::Known => Ok(Submitted { known: true, ..submitted }),
            Admission::Busy => Err(Refusal::Busy { retry_ms: RETRY_MS }),
            Admission::Refused(code) => {
                let may_be_committed =
                    matches!(code, Code::NonceUsed | Code::NonceTooOld | Code::Expired);
                if may_be_committed && matches!(self.store.tx_location(&submitted.id), Ok(Some(_)))
                {
                    return Ok(Submitted { known: true, ..submitted });
                }
                let horizon = self.store.horizon();
                if may_be_committed && horizon.may_hide(submitted.claim.valid_until) {
                    return Err(Refusal::Pruned { oldest: horizon.oldest });
                }
                Err(self.refuse_claim(code, &submitted.claim))
            }
        }
    }
}

/// Whether a transaction is of the lane that is never turned away for the others' sake.
fn protects(bytes: &[u8]) -> bool {
    SignedTx::decode(bytes).is_ok_and(|tx| admission::is_lane0(&tx))
}

#[tonic::async_trait]
impl Backend for NodeBackend {
    fn genesis(&self) -> &Genesis {
        &self.genesis
    }

    fn genesis_hash(&self) -> Hash {
        self.genesis_hash
    }

    fn head(&self) -> watch::Receiver<Head> {
        self.head.clone()
    }

    async fn submit(&self, txs: Vec<Vec<u8>>) -> Vec<Result<Submitted, Refusal>> {
        let count = txs.len();
        let all = |refusal: Refusal| (0..count).map(|_| Err(refusal.clone())).collect();
        if self.stop.is_cancelled() {
            return all(Refusal::ShuttingDown);
        }
        let busy = Refusal::Busy { retry_ms: RETRY_MS };
        // What the pool would turn away is not verified first.
        let full = self.shared.full.load(Ordering::Relaxed);
        let pass = if full { None } else { self.gate.enter(Instant::now()) };
        if pass.is_none() && !txs.iter().all(|bytes| protects(bytes)) {
            return all(busy);
        }
        let Some(checked) = self.verifier.check(txs).await else { return all(busy) };
        let mut places = Vec::with_capacity(count);
        let mut candidates = Vec::with_capacity(count);
        for checked in checked {
            places.push(match checked {
                Ok(candidate) => {
                    let id = candidate.tx.id();
                    let claim = Claim::from(candidate.tx.body());
                    candidates.push(candidate);
                    Ok(Submitted { id, claim, known: false })
                }
                Err(rejected) => Err(self.explain(rejected).await),
            });
        }
        let Some(answers) = self.admit(candidates).await else {
            return all(Refusal::ShuttingDown);
        };
        let mut answers = answers.into_iter();
        let answered = places.into_iter().map(|place| {
            let submitted = place?;
            let admission = answers.next().ok_or(Refusal::ShuttingDown)?;
            self.answer(submitted, admission)
        });
        answered.collect()
    }

    async fn simulate(&self, trial: Trial) -> Option<Simulation> {
        let (reply, answer) = oneshot::channel();
        let now = self.clock.now();
        self.mailbox.ask(Box::new(move |replica| {
            let context = replica.admission_context(now);
            let result = replica.simulate(&trial, now);
            let height = replica.tip().height;
            // Whoever asked may have gone away.
            let _ = reply.send(Simulation { height, time_ms: context.time, result });
        }));
        answer.await.ok()
    }

    fn pending(&self, id: &Hash) -> Option<Claim> {
        self.shared.pending.lock().get(id).copied()
    }

    async fn prove(&self, key: Key) -> Result<StateProof, ProveError> {
        let (reply, answer) = oneshot::channel();
        let (found, found_it) = oneshot::channel();
        let shared = Arc::clone(&self.shared);
        self.mailbox.ask(Box::new(move |replica| {
            let proved = replica.prove(&key);
            let _ = found.send(proved.is_some());
            let Some((leaf, path, root)) = proved else { return };
            match replica.newest_block().filter(|block| block.header.state_root == root) {
                Some(block) => {
                    let _ = reply.send(StateProof { leaf, path, anchor: certified(block) });
                }
                None => shared.proofs.lock().push(WaitingProof { leaf, path, root, reply }),
            }
        }));
        match found_it.await {
            Ok(true) => {}
            Ok(false) => return Err(ProveError::NotFound),
            Err(_) => return Err(ProveError::Unavailable),
        }
        match tokio::time::timeout(PROOF_WAIT, answer).await {
            Ok(Ok(proof)) => Ok(proof),
            Ok(Err(_)) => Err(ProveError::Unavailable),
            Err(_) => Err(ProveError::Timeout),
        }
    }

    fn look(&self, look: Look) {
        self.mailbox.ask(Box::new(move |replica| {
            let tip = replica.tip();
            look(replica.state(), tip.height, tip.time);
        }));
    }

    fn store(&self) -> &Store {
        &self.store
    }

    fn info(&self) -> NodeInfo {
        self.shared.info.lock().clone()
    }
}
