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
    let mut first: Option<Vec<Summary>> = None;
    for (n, client) in clients.iter().enumerate() {
        let blocks = blocks(client, from, findings.common.height).await.map_err(failed(n))?;
        let places = Places::of(from, &blocks);
        for id in places.twice() {
            findings.problems.push(format!("validator {n} has {id} more than once"));
            findings.duplicated.insert(id.clone());
        }
        for id in ids {
            findings.look_for(n, client, id, places.get(id)).await.map_err(failed(n))?;
        }
        match &first {
            None => first = Some(blocks),
            Some(first) => findings.problems.extend(difference(n, first, &blocks)),
        }
    }
    Ok(findings)
}

impl Findings {
    /// `listed` is where the blocks of validator `n` have the transaction.
    async fn look_for(
        &mut self,
        n: usize,
        client: &Client,
        id: &String,
        listed: Option<(u64, u32)>,
    ) -> Result<(), Status> {
        let Some(listed) = listed else {
            self.problems.push(format!("validator {n} lost {id}, which was acknowledged"));
            self.lost.insert(id.clone());
            return Ok(());
        };
        self.places.entry(id.clone()).or_insert(listed);
        let found = client.get_tx(id).await?;
        let place = found.receipt.as_ref().map(|receipt| (receipt.height, receipt.index));
        if found.state() != v1::TxState::Committed || place != Some(listed) {
            let state = found.state();
            self.problems.push(format!("validator {n} says of {id}: {state:?} at {place:?}"));
        }
        Ok(())
    }
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
