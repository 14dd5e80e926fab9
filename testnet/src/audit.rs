//! Whether validators hold one and the same chain, with each of some transactions on it once.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::time::{Duration, Instant};

use ballast_proto::v1;
use tonic::Status;

use crate::chain::Client;
use crate::failure::Failure;

const PATIENCE: Duration = Duration::from_secs(30);
const POLL: Duration = Duration::from_millis(20);

/// Compares everything that `clients` hold, from the first block on; the failure says what differs.
/// `ids` are transactions that were acknowledged as committed.
pub async fn audit(clients: &[Client], ids: &[String]) -> Result<Common, Failure> {
    let findings = inspect(clients, 1, ids).await?;
    match findings.problems.into_iter().next() {
        None => Ok(findings.common),
        Some(problem) => Err(Failure::internal(problem)),
    }
}

/// What an inspection found.
#[derive(Clone, Debug, Default)]
pub struct Findings {
    pub common: Common,
    /// Height and index of the transactions that were asked for, as the first validator has them.
    pub places: BTreeMap<String, (u64, u32)>,
    /// Transactions that were asked for and that some validator does not have.
    pub lost: BTreeSet<String>,
    /// Transactions that some validator has more than once.
    pub duplicated: BTreeSet<String>,
    /// Everything that is wrong, those included, in words.
    pub problems: Vec<String>,
}

/// Compares what `clients` hold from block `from` on, where all of `ids` are expected.
pub async fn inspect(clients: &[Client], from: u64, ids: &[String]) -> Result<Findings, Failure> {
    let common = common_head(clients).await?;
    let mut findings = Findings { common, ..Findings::default() };
    let head = findings.common.height;
    let readings = clients.iter().map(|client| {
        let (client, ids) = (client.clone(), ids.to_vec());
        tokio::spawn(async move { Reading::take(&client, from, head, &ids).await })
    });
    let mut first: Option<Reading> = None;
    for (n, reading) in readings.collect::<Vec<_>>().into_iter().enumerate() {
        let reading = reading.await.map_err(Failure::internal)?.map_err(failed(n))?;
        findings.judge(n, from, &reading, ids);
        match &first {
            None => first = Some(reading),
            Some(first) => {
                findings.problems.extend(difference(n, &first.blocks, &reading.blocks));
            }
        }
    }
    Ok(findings)
}

/// What one validator holds.
struct Reading {
    blocks: Vec<Summary>,
    /// What `GetTx` says of each transaction that was asked for, in that order.
    answers: Vec<Result<v1::GetTxResponse, Status>>,
}

impl Reading {
    async fn take(client: &Client, from: u64, head: u64, ids: &[String]) -> Result<Self, Status> {
        let blocks = blocks(client, from, head).await?;
        let mut answers = Vec::with_capacity(ids.len());
        for id in ids {
            answers.push(client.get_tx(id).await);
        }
        Ok(Self { blocks, answers })
    }
}

impl Findings {
    /// Of validator `n`: each transaction is in its blocks once, and `GetTx` finds it there.
    fn judge(&mut self, n: usize, from: u64, reading: &Reading, ids: &[String]) {
        let places = Places::of(from, &reading.blocks);
        for id in places.twice() {
            self.problems.push(format!("validator {n} has {id} more than once"));
            self.duplicated.insert(id.clone());
        }
        for (id, answer) in ids.iter().zip(&reading.answers) {
            let Some(listed) = places.get(id) else {
                self.problems.push(format!("validator {n} lost {id}, which was acknowledged"));
                self.lost.insert(id.clone());
                continue;
            };
            self.places.entry(id.clone()).or_insert(listed);
            if !answer.as_ref().is_ok_and(|answer| is_at(answer, listed)) {
                self.problems.push(format!(
                    "validator {n} has {id} at {listed:?} and says of it: {answer:?}"
                ));
            }
        }
    }
}

fn is_at(answer: &v1::GetTxResponse, place: (u64, u32)) -> bool {
    let receipt = answer.receipt.as_ref();
    answer.state() == v1::TxState::Committed
        && receipt.is_some_and(|receipt| (receipt.height, receipt.index) == place)
}

/// The newest height that all had reached at one time, and what they agreed on there.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Common {
    pub height: u64,
    pub block_id: String,
    pub state_root: String,
}

/// Waits until all answer from one height; their block and state must be the same there.
pub async fn common_head(clients: &[Client]) -> Result<Common, Failure> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let mut heads = Vec::new();
        for (n, client) in clients.iter().enumerate() {
            let info = client.info().await.map_err(failed(n))?;
            let (height, block_id) = (info.height, info.block_id);
            heads.push(Common { height, block_id, state_root: info.state_root });
        }
        let Some(first) = heads.first().cloned() else {
            return Err(Failure::usage("no validators to compare"));
        };
        if heads.iter().all(|head| *head == first) {
            return Ok(first);
        }
        if heads.iter().all(|head| head.height == first.height) {
            return Err(Failure::internal(format!("validators disagree: {heads:?}")));
        }
        if Instant::now() >= deadline {
            return Err(Failure::internal(format!("validators do not meet: {heads:?}")));
        }
        tokio::time::sleep(POLL).await;
    }
}

/// What must be the same everywhere.
#[derive(Debug, PartialEq, Eq)]
struct Summary {
    header: v1::Header,
    receipts: Vec<(String, u32, Option<u32>)>,
}

async fn blocks(client: &Client, from: u64, head: u64) -> Result<Vec<Summary>, Status> {
    let mut blocks = Vec::new();
    for height in from.max(1)..=head {
        let (block, receipts) = client.block(height).await?;
        let header = block.header.ok_or_else(|| Status::internal("a block without a header"))?;
        let brief = |receipt: v1::Receipt| {
            (receipt.tx_id, receipt.index, receipt.failure.map(|failure| failure.number))
        };
        blocks.push(Summary { header, receipts: receipts.into_iter().map(brief).collect() });
    }
    Ok(blocks)
}

/// Where the blocks of one validator have each transaction: height and index.
struct Places<'a>(HashMap<&'a String, Vec<(u64, u32)>>);

impl<'a> Places<'a> {
    fn of(from: u64, blocks: &'a [Summary]) -> Self {
        let mut places: HashMap<_, Vec<_>> = HashMap::new();
        for (height, block) in (from.max(1)..).zip(blocks) {
            for (id, index, _) in &block.receipts {
                places.entry(id).or_default().push((height, *index));
            }
        }
        Self(places)
    }

    fn get(&self, id: &String) -> Option<(u64, u32)> {
        self.0.get(id)?.first().copied()
    }

    fn twice(&self) -> impl Iterator<Item = &'a String> {
        self.0.iter().filter(|(_, places)| places.len() > 1).map(|(id, _)| *id)
    }
}

fn difference(n: usize, first: &[Summary], blocks: &[Summary]) -> Option<String> {
    let (a, b) = first.iter().zip(blocks).find(|(a, b)| a != b)?;
    Some(format!("validators 0 and {n} differ:\n{a:?}\n{b:?}"))
}

fn failed(n: usize) -> impl Fn(Status) -> Failure {
    move |status| Failure::unreachable(format!("validator {n}: {status}"))
}
