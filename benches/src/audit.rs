//! Reads the chain back: every transaction a validator took is there exactly once, validators
//! agree, and balances add up to the supply.

use std::collections::BTreeMap;

use anyhow::{Context, Result};
use ballast_primitives::{Hash, Network};
use ballast_proto::v1::account_service_client::AccountServiceClient;
use ballast_proto::v1::ledger_service_client::LedgerServiceClient;
use ballast_proto::v1::supply_service_client::SupplyServiceClient;
use ballast_proto::v1::{
    GetAccountRequest, GetBlockRequest, GetChainInfoRequest, GetSupplyRequest,
};
use ballast_runtime::dev;
use tonic::transport::Channel;

use crate::cluster::Cluster;

/// "pass", or what is wrong.
pub async fn run(
    cluster: &Cluster,
    accounts: u32,
    accepted: &std::collections::BTreeSet<Hash>,
) -> Result<String> {
    let mut ledgers = Vec::new();
    for validator in &cluster.env.validators {
        let channel = Channel::from_shared(validator.grpc.clone())?.connect().await?;
        // A page of a full block's receipts is larger than the usual limit.
        ledgers.push(LedgerServiceClient::new(channel).max_decoding_message_size(64 << 20));
    }
    let mut height = u64::MAX;
    for ledger in &mut ledgers {
        let info = ledger.get_chain_info(GetChainInfoRequest {}).await?.into_inner();
        height = height.min(info.height);
    }
    let mut seen: BTreeMap<Hash, u32> = BTreeMap::new();
    let [first, others @ ..] = ledgers.as_mut_slice() else { return Ok("no validators".into()) };
    for at in 1..=height {
        let ours = read_block(first, at, &mut seen).await?;
        // Comparing every hundredth block by itself suffices: each names its parent.
        if at == height || at % 100 == 0 {
            for other in &mut *others {
                if read_block(other, at, &mut BTreeMap::new()).await? != ours {
                    return Ok(format!("validators disagree at height {at}"));
                }
            }
        }
    }
    if let Some((id, times)) = seen.iter().find(|(_, times)| **times > 1) {
        return Ok(format!("transaction {id} is on the chain {times} times"));
    }
    let lost = accepted.iter().filter(|id| !seen.contains_key(*id)).count();
    if lost > 0 {
        return Ok(format!("{lost} accepted transactions are not on the chain"));
    }
    let (sum, supply) = totals(cluster, accounts).await?;
    if sum > supply {
        return Ok(format!("balances of the paying accounts, {sum}, exceed the supply, {supply}"));
    }
    Ok("pass".to_owned())
}

/// Counts a block's receipts and returns the block's id and state root as text.
async fn read_block(
    ledger: &mut LedgerServiceClient<Channel>,
    height: u64,
    seen: &mut BTreeMap<Hash, u32>,
) -> Result<String> {
    let mut token = String::new();
    loop {
        let request = GetBlockRequest { height, page_size: 1_000, page_token: token };
        let page = ledger.get_block(request).await?.into_inner();
        for receipt in page.receipts {
            *seen.entry(receipt.tx_id.parse().context("receipt's id")?).or_default() += 1;
        }
        if page.next_page_token.is_empty() {
            let header = page.block.and_then(|block| block.header).context("block")?;
            return Ok(format!("{header:?}"));
        }
        token = page.next_page_token;
    }
}

async fn totals(cluster: &Cluster, accounts: u32) -> Result<(u128, u128)> {
    let endpoint = cluster.env.validators[0].grpc.clone();
    let mut client = AccountServiceClient::connect(endpoint.clone()).await?;
    let mut sum = 0u128;
    for n in 0..accounts {
        let address = dev::account_address(&cluster.env.dev_seed, n).display(Network::Dev);
        let answer = client.get_account(GetAccountRequest { address }).await?.into_inner();
        sum += u128::from(answer.account.context("account")?.balance_micros);
    }
    let mut client = SupplyServiceClient::connect(endpoint).await?;
    let supply = client.get_supply(GetSupplyRequest {}).await?.into_inner();
    let total = supply.supply.context("supply")?.total_micros.parse()?;
    Ok((sum, total))
}
