//! `genesis show` and `genesis verify`.

use ballast_primitives::amount::format_dollars;
use ballast_runtime::Genesis;
use serde_json::{Value, json};

use super::{Failure, Output, home};
use crate::cli::GenesisCommand;

pub fn run(command: &GenesisCommand, output: Output) -> Result<u8, Failure> {
    match command {
        GenesisCommand::Verify { file } => {
            let hash = home::checked_genesis(file)?.hash().to_string();
            output.answer(&hash, json!({ "genesis_hash": hash }));
        }
        GenesisCommand::Show { file } => {
            let genesis = home::checked_genesis(file)?;
            output.answer(&text(&genesis), object(&genesis));
        }
    }
    Ok(0)
}

fn total(genesis: &Genesis) -> u128 {
    genesis.accounts.iter().map(|account| u128::from(account.balance)).sum()
}

fn text(genesis: &Genesis) -> String {
    let mut text = format!(
        "hash        {}\n\
         network     {}\n\
         chain id    {}\n\
         time        {} ms\n\
         accounts    {} holding {} dollars, cap {}\n",
        genesis.hash(),
        genesis.network,
        genesis.chain_id,
        genesis.time,
        genesis.accounts.len(),
        format_dollars(total(genesis)),
        format_dollars(genesis.cap),
    );
    for validator in genesis.validators.validators() {
        text.push_str(&format!(
            "validator   {} power {} key {} peer {}\n",
            validator.name, validator.power, validator.key, validator.peer
        ));
    }
    for grant in &genesis.roles {
        let holder = grant.holder.display(genesis.network);
        text.push_str(&format!("role        {} {holder}\n", grant.role.name()));
    }
    text
}

fn object(genesis: &Genesis) -> Value {
    let validators = genesis.validators.validators().iter().map(|validator| {
        json!({
            "name": validator.name,
            "key": validator.key.to_string(),
            "peer": validator.peer.to_string(),
            "power": validator.power,
        })
    });
    let roles = genesis.roles.iter().map(|grant| {
        json!({
            "role": grant.role.name(),
            "holder": grant.holder.display(genesis.network),
            "valid_until": grant.valid_until,
        })
    });
    json!({
        "genesis_hash": genesis.hash().to_string(),
        "network": genesis.network.to_string(),
        "chain_id": genesis.chain_id,
        "time_ms": genesis.time,
        "accounts": genesis.accounts.len(),
        // Wider than what JSON numbers hold everywhere.
        "total_micros": total(genesis).to_string(),
        "cap_micros": genesis.cap.to_string(),
        "validators": validators.collect::<Vec<_>>(),
        "roles": roles.collect::<Vec<_>>(),
    })
}
