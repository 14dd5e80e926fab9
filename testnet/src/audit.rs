//! Whether validators hold one and the same chain, with each of some transactions on it once.

use std::collections::HashMap;
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
    let common = common_head(clients).await?;
    let mut first: Option<Vec<Summary>> = None;
    for (n, client) in clients.iter().enumerate() {
        let blocks = blocks(client, common.height).await.map_err(failed(n))?;
        check_once(n, &blocks, ids)?;
        check_found(n, client, &blocks, ids).await?;
        match &first {
            None => first = Some(blocks),
            Some(first) => same(n, first, &blocks)?,
        }
    }
    Ok(common)
}

/// The newest height that all had reached at one time, and what they agreed on there.
#[derive(Clone, Debug, PartialEq, Eq)]
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

async fn blocks(client: &Client, head: u64) -> Result<Vec<Summary>, Status> {
    let mut blocks = Vec::new();
    for height in 1..=head {
        let (block, receipts) = client.block(height).await?;
        let header = block.header.ok_or_else(|| Status::internal("a block without a header"))?;
        let brief = |receipt: v1::Receipt| {
            (receipt.tx_id, receipt.index, receipt.failure.map(|failure| failure.number))
        };
        blocks.push(Summary { header, receipts: receipts.into_iter().map(brief).collect() });
    }
    Ok(blocks)
}

fn check_once(n: usize, blocks: &[Summary], ids: &[String]) -> Result<(), Failure> {
    let mut times: HashMap<&str, u32> = HashMap::new();
    for (id, ..) in blocks.iter().flat_map(|block| &block.receipts) {
        *times.entry(id).or_default() += 1;
    }
    if let Some((id, times)) = times.iter().find(|(_, times)| **times != 1) {
        return Err(Failure::internal(format!("validator {n} has {id} {times} times")));
    }
    match ids.iter().find(|id| !times.contains_key(id.as_str())) {
        Some(id) => {
            Err(Failure::internal(format!("validator {n} lost {id}, which was acknowledged")))
        }
        None => Ok(()),
    }
}

/// `GetTx` finds each where the block has it.
async fn check_found(
    n: usize,
    client: &Client,
    blocks: &[Summary],
    ids: &[String],
) -> Result<(), Failure> {
    for id in ids {
        let found = client.get_tx(id).await.map_err(failed(n))?;
        let place = found.receipt.as_ref().map(|receipt| (receipt.height, receipt.index));
        let listed = place.and_then(|(height, index)| {
            let block = blocks.get(usize::try_from(height.checked_sub(1)?).ok()?)?;
            block.receipts.iter().find(|(listed, at, _)| listed == id && *at == index)
        });
        if found.state() != v1::TxState::Committed || listed.is_none() {
            return Err(Failure::internal(format!(
                "validator {n} says of {id}: {:?} at {place:?}",
                found.state()
            )));
        }
    }
    Ok(())
}

fn same(n: usize, first: &[Summary], blocks: &[Summary]) -> Result<(), Failure> {
    match first.iter().zip(blocks).find(|(a, b)| a != b) {
        None => Ok(()),
        Some((a, b)) => {
            Err(Failure::internal(format!("validators 0 and {n} differ:\n{a:?}\n{b:?}")))
        }
    }
}

fn failed(n: usize) -> impl Fn(Status) -> Failure {
    move |status| Failure::unreachable(format!("validator {n}: {status}"))
}
