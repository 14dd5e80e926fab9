//! The chain and its validators, as each endpoint sees it.

use std::collections::BTreeSet;
use std::time::Duration;

use ballast_client::Error;
use ballast_proto::v1;
use serde_json::{Value, json};

use crate::context::Context;
use crate::exit::Failure;
use crate::output::{fields, table, time};

const LIMIT: Duration = Duration::from_secs(5);

type Answer = (String, Result<v1::GetChainInfoResponse, Error>);

pub async fn run(ctx: &Context) -> Result<(), Failure> {
    let answers = ctx.client().await?.each_chain_info(LIMIT).await;
    let newest = answers.iter().filter_map(|(_, answer)| answer.as_ref().ok());
    let Some(head) = newest.max_by_key(|info| info.height).cloned() else {
        let attempts = answers.into_iter().filter_map(|(_, answer)| answer.err());
        return Err(Failure::from(join(attempts)));
    };
    let chains: BTreeSet<_> =
        answers.iter().filter_map(|(_, a)| Some(&a.as_ref().ok()?.genesis_hash)).collect();
    let data = json!({
        "chain_id": head.chain_id,
        "genesis_hash": head.genesis_hash,
        "network": head.network,
        "height": head.height,
        "time_ms": head.time_ms,
        "block_id": head.block_id,
        "state_root": head.state_root,
        "same_chain": chains.len() == 1,
        "validators": head.validators.iter().map(validator).collect::<Vec<_>>(),
        "endpoints": answers.iter().map(endpoint).collect::<Vec<_>>(),
    });
    let rows: Vec<_> = answers.iter().map(row).collect();
    let heading = ["endpoint", "validator", "height", "state root", "peers", "state"];
    let mut text = format!(
        "{}\n\n{}",
        fields(&[
            (
                "chain",
                format!("{} on {}, genesis {}", head.chain_id, head.network, head.genesis_hash)
            ),
            (
                "height",
                format!("{}, {}", ctx.out.bold(&head.height.to_string()), time(head.time_ms))
            ),
            ("validators", head.validators.len().to_string()),
        ]),
        table(&heading, &rows)
    );
    if chains.len() > 1 {
        text.push_str("\nwarning: these endpoints are on different chains");
    }
    ctx.out.answer(data, &text);
    Ok(())
}

/// All attempts in one error.
fn join(errors: impl Iterator<Item = Error>) -> Error {
    let mut attempts = Vec::new();
    for error in errors {
        match error {
            Error::Unreachable(tried) => attempts.extend(tried),
            other => return other,
        }
    }
    Error::Unreachable(attempts)
}

fn validator(validator: &v1::Validator) -> Value {
    json!({
        "name": validator.name,
        "public_key": validator.public_key,
        "peer_key": validator.peer_key,
        "power": validator.power,
    })
}

fn endpoint((url, answer): &Answer) -> Value {
    let info = match answer {
        Ok(info) => info,
        Err(error) => {
            let (reason, message) = (error.reason(), error.to_string());
            return json!({ "endpoint": url, "reachable": false, "reason": reason, "message": message });
        }
    };
    let node = info.node.clone().unwrap_or_default();
    json!({
        "endpoint": url,
        "reachable": true,
        "validator": node.validator_name,
        "genesis_hash": info.genesis_hash,
        "height": info.height,
        "block_id": info.block_id,
        "state_root": info.state_root,
        "oldest_height": info.oldest_height,
        "version": node.version,
        "commit": node.commit,
        "peers_connected": node.peers_connected,
        "syncing": node.syncing,
        "round": node.round,
        "evidence_count": node.evidence_count,
        "mempool_txs": node.mempool_txs,
    })
}

fn row((url, answer): &Answer) -> Vec<String> {
    let dash = || "-".to_owned();
    let info = match answer {
        Ok(info) => info,
        Err(error) => {
            return vec![
                url.clone(),
                dash(),
                dash(),
                dash(),
                dash(),
                format!("unreachable: {}", short(error)),
            ];
        }
    };
    let node = info.node.clone().unwrap_or_default();
    let state = match (node.syncing, node.round) {
        (true, _) => "catching up".to_owned(),
        (false, 0) => "ok".to_owned(),
        (false, round) => format!("round {round}"),
    };
    let state = match node.evidence_count {
        0 => state,
        count => format!("{state}, {count} equivocations on record"),
    };
    let root: String = info.state_root.chars().take(12).collect();
    let (height, peers) = (info.height.to_string(), node.peers_connected.to_string());
    vec![url.clone(), node.validator_name, height, root, peers, state]
}

fn short(error: &Error) -> String {
    match error {
        Error::Unreachable(attempts) => {
            attempts.first().map(|attempt| attempt.problem.clone()).unwrap_or_default()
        }
        other => other.to_string(),
    }
}
