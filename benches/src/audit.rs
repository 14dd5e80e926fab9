//! Reads the chain back: every transaction a validator took is there exactly once, none that was
//! forged is, validators agree, and balances are what the receipts make them.

use std::collections::HashMap;

use anyhow::{Context, Result};
use ballast_primitives::{Hash, Network};
use ballast_proto::v1::account_service_client::AccountServiceClient;
use ballast_proto::v1::ledger_service_client::LedgerServiceClient;
use ballast_proto::v1::supply_service_client::SupplyServiceClient;
use ballast_proto::v1::{
    GetAccountRequest, GetBlockRequest, GetChainInfoRequest, GetSupplyRequest, Receipt,
};
use tonic::transport::Channel;

use crate::cluster::Cluster;
use crate::load::Sent;
use crate::workload::Workload;

/// The most accounts whose balances are looked at; of more, these are spread evenly.
const ACCOUNTS_MAX: u32 = 2_000;
/// Receipts of one answer: more than the usual size of an answer.
const ANSWER_BYTES_MAX: usize = 64 << 20;

type Ledger = LedgerServiceClient<Channel>;

/// What the accounts held before the load.
pub struct Before {
    balances: Vec<(u32, u64)>,
    supply: u128,
}

impl Before {
    pub async fn read(cluster: &Cluster, workload: &Workload) -> Result<Self> {
        let step = workload.accounts().div_ceil(ACCOUNTS_MAX) as usize;
        let last = workload.accounts() - 1;
        let mut accounts: Vec<_> = (0..=last).step_by(step).collect();
        if accounts.last() != Some(&last) {
            accounts.push(last);
        }
        let balances = balances(cluster, workload, &accounts).await?;
        Ok(Self { balances, supply: supply(cluster).await? })
    }
}

/// A committed transaction: how often, and whether it succeeded.
#[derive(Clone, Copy, Default)]
struct Seen {
    times: u32,
    succeeded: bool,
}

/// "pass", or what is wrong.
pub async fn run(
    cluster: &Cluster,
    workload: &Workload,
    before: &Before,
    sent: &Sent,
) -> Result<String> {
    let mut ledgers = Vec::new();
    for validator in &cluster.env.validators {
        let channel = Channel::from_shared(validator.grpc.clone())?.connect().await?;
        ledgers.push(LedgerServiceClient::new(channel).max_decoding_message_size(ANSWER_BYTES_MAX));
    }
    let mut seen = HashMap::new();
    let found = match read_chain(&mut ledgers, &mut seen).await? {
        Some(wrong) => Some(wrong),
        None => wrong_transactions(sent, &seen),
    };
    let found = match found {
        Some(wrong) => Some(wrong),
        None => wrong_balances(cluster, workload, before, sent, &seen).await?,
    };
    Ok(found.unwrap_or_else(|| "pass".to_owned()))
}

/// Counts the receipts of the whole chain; what validators disagree about.
async fn read_chain(
    ledgers: &mut [Ledger],
    seen: &mut HashMap<Hash, Seen>,
) -> Result<Option<String>> {
    let mut height = u64::MAX;
    for ledger in &mut *ledgers {
        let info = ledger.get_chain_info(GetChainInfoRequest {}).await?.into_inner();
        height = height.min(info.height);
    }
    let [first, others @ ..] = ledgers else { return Ok(Some("no validators".into())) };
    for at in 1..=height {
        let ours = read_block(first, at, |receipt| {
            let seen = seen.entry(receipt.tx_id.parse().context("receipt's id")?).or_default();
            seen.times += 1;
            seen.succeeded |= receipt.failure.is_none();
            Ok(())
        })
        .await?;
        // Each block names its parent: every hundredth would say enough of those between.
        if at == height || at % 100 == 0 {
            for other in &mut *others {
                if read_block(other, at, |_| Ok(())).await? != ours {
                    return Ok(Some(format!("validators disagree at height {at}")));
                }
            }
        }
    }
    Ok(None)
}

/// Shows every receipt of a block, and returns the block's header as text.
async fn read_block(
    ledger: &mut Ledger,
    height: u64,
    mut show: impl FnMut(Receipt) -> Result<()>,
) -> Result<String> {
    let mut token = String::new();
    loop {
        let request = GetBlockRequest { height, page_size: 1_000, page_token: token };
        let page = ledger.get_block(request).await?.into_inner();
        page.receipts.into_iter().try_for_each(&mut show)?;
        if page.next_page_token.is_empty() {
            let header = page.block.and_then(|block| block.header).context("block")?;
            return Ok(format!("{header:?}"));
        }
        token = page.next_page_token;
    }
}

fn wrong_transactions(sent: &Sent, seen: &HashMap<Hash, Seen>) -> Option<String> {
    if let Some((id, seen)) = seen.iter().find(|(_, seen)| seen.times > 1) {
        return Some(format!("transaction {id} is on the chain {} times", seen.times));
    }
    let lost = sent.accepted.iter().filter(|id| !seen.contains_key(*id)).count();
    if lost > 0 {
        return Some(format!("{lost} accepted transactions are not on the chain"));
    }
    let forged = sent.payments.iter().filter(|payment| !payment.good);
    let committed = forged.filter(|payment| seen.contains_key(&payment.id)).count();
    (committed > 0).then(|| format!("{committed} forged transactions are on the chain"))
}

async fn wrong_balances(
    cluster: &Cluster,
    workload: &Workload,
    before: &Before,
    sent: &Sent,
    seen: &HashMap<Hash, Seen>,
) -> Result<Option<String>> {
    let mut change: HashMap<u32, i64> = HashMap::new();
    let succeeded = |id| seen.get(id).is_some_and(|seen| seen.succeeded);
    for payment in sent.payments.iter().filter(|payment| succeeded(&payment.id)) {
        *change.entry(payment.from).or_default() -= 1;
        *change.entry(payment.to).or_default() += 1;
    }
    let accounts: Vec<_> = before.balances.iter().map(|(account, _)| *account).collect();
    let after = balances(cluster, workload, &accounts).await?;
    for ((account, had), (_, has)) in before.balances.iter().zip(after) {
        let expected = had.checked_add_signed(change.get(account).copied().unwrap_or_default());
        if expected != Some(has) {
            let wrong = format!("account {account} holds {has}, not {expected:?}");
            return Ok(Some(wrong));
        }
    }
    let supply = supply(cluster).await?;
    let changed = supply != before.supply;
    Ok(changed.then(|| format!("payments changed the supply from {} to {supply}", before.supply)))
}

async fn balances(
    cluster: &Cluster,
    workload: &Workload,
    accounts: &[u32],
) -> Result<Vec<(u32, u64)>> {
    let first = cluster.env.validators.first().context("no validators")?;
    let mut client = AccountServiceClient::connect(first.grpc.clone()).await?;
    let mut balances = Vec::with_capacity(accounts.len());
    for account in accounts {
        let address = workload.address(*account).display(Network::Dev);
        let answer = client.get_account(GetAccountRequest { address }).await?.into_inner();
        balances.push((*account, answer.account.context("account")?.balance_micros));
    }
    Ok(balances)
}

async fn supply(cluster: &Cluster) -> Result<u128> {
    let first = cluster.env.validators.first().context("no validators")?;
    let mut client = SupplyServiceClient::connect(first.grpc.clone()).await?;
    let supply = client.get_supply(GetSupplyRequest {}).await?.into_inner();
    Ok(supply.supply.context("supply")?.total_micros.parse()?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workload::Payment;

    fn payment(n: u8, good: bool) -> Payment {
        Payment { id: Hash([n; 32]), bytes: vec![], from: 0, to: 1, good }
    }

    #[test]
    fn what_is_lost_doubled_or_forged_is_said() {
        let once = Seen { times: 1, succeeded: true };
        let sent = |accepted: &[u8]| Sent {
            payments: vec![payment(1, true), payment(2, false)],
            accepted: accepted.iter().map(|n| Hash([*n; 32])).collect(),
        };
        let chain = |seen: &[(u8, Seen)]| -> HashMap<_, _> {
            seen.iter().map(|(n, seen)| (Hash([*n; 32]), *seen)).collect()
        };
        assert_eq!(wrong_transactions(&sent(&[1]), &chain(&[(1, once)])), None);
        let wrong = |accepted: &[u8], seen: &[(u8, Seen)]| {
            wrong_transactions(&sent(accepted), &chain(seen)).unwrap()
        };
        assert!(wrong(&[1], &[]).contains("1 accepted transactions are not"));
        let twice = Seen { times: 2, ..once };
        assert!(wrong(&[1], &[(1, twice)]).contains("2 times"));
        assert!(wrong(&[1], &[(1, once), (2, once)]).contains("1 forged"));
    }
}
