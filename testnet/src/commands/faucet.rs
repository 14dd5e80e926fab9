//! `faucet`: money from a dev account.

use std::time::Duration;

use ballast_primitives::{Address, Network as Kind, amount};
use ballast_proto::WireError;
use ballast_proto::v1::{self, TxState};
use ballast_testnet::failure::exit;
use ballast_testnet::{Chain, Client, Failure, Network};
use serde_json::json;
use tonic::Status;

use super::{line, object};

const PATIENCE: Duration = Duration::from_secs(30);
/// Others may use the faucet at the same time, and take the nonce.
const ATTEMPTS: usize = 5;

pub fn run(network: &Network, to: &str, dollars: &str, json: bool) -> Result<(), Failure> {
    let to = Address::parse(to, Kind::Dev).map_err(Failure::usage)?;
    let micros = amount::parse_dollars(dollars).map_err(Failure::usage)?;
    let runtime = tokio::runtime::Runtime::new().map_err(Failure::internal)?;
    let answer = runtime.block_on(pay(network, to, micros))?;
    let state = answer.state();
    let receipt = answer.receipt.unwrap_or_default();
    match state {
        TxState::Committed => {}
        TxState::Pending => {
            let id = answer.tx_id;
            let why = format!("not known yet; ask again with: ballast tx wait {id}");
            return Err(Failure::new(exit::UNKNOWN, why));
        }
        _ => {
            let failure = receipt.failure.unwrap_or_default();
            let why = format!("{}: {}", failure.reason, failure.message);
            return Err(Failure::new(exit::FAILED, why));
        }
    }
    let (tx_id, height) = (receipt.tx_id, receipt.height);
    if json {
        object(json!({ "tx_id": tx_id, "height": height, "amount_micros": micros }));
    } else {
        let dollars = amount::format_dollars(u128::from(micros));
        line(&format!("paid {dollars} in block {height}, transaction {tx_id}"));
    }
    Ok(())
}

async fn pay(network: &Network, to: Address, micros: u64) -> Result<v1::WaitTxResponse, Failure> {
    let manifest = network.manifest()?;
    let chain = Chain::of(&manifest)?;
    // The last one: people and scripts begin with the first.
    let last = manifest.accounts.checked_sub(1);
    let last = last.ok_or_else(|| Failure::not_found("this network has no dev accounts"))?;
    let mut payer = chain.account(last);
    if payer.address == to {
        payer = chain.account(0);
    }
    let running = manifest.validators.iter().find(|entry| entry.alive().is_some());
    let running = running.ok_or_else(|| Failure::unreachable("no validator runs"))?;
    let client = Client::new(&running.grpc())?;
    for _ in 0..ATTEMPTS {
        let account = client.account(&payer.address).await.map_err(failed)?;
        // Anywhere in the near half of the window, so as not to displace a payment that waits.
        let high = account.nonce_window.map_or(0, |window| window.high);
        let nonce = high.saturating_add(rand::random_range(1..=64));
        let signed = chain.pay(&payer, to, micros, nonce);
        let id = signed.body.id().to_string();
        match client.submit(signed.encode()).await {
            Ok(answer) if !answer.known => {
                return client.wait(&id, PATIENCE).await.map_err(failed);
            }
            // The same payment by another faucet, or another one with this nonce.
            Ok(_) => {}
            Err(status) if WireError::of(status.clone()).reason.name() == "NONCE_USED" => {}
            Err(status) => return Err(failed(status)),
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    Err(Failure::new(exit::FAILED, "others took every nonce; try again"))
}

fn failed(status: Status) -> Failure {
    match WireError::from_status(&status) {
        Some(error) => Failure::new(4, error),
        None => Failure::unreachable(status),
    }
}
