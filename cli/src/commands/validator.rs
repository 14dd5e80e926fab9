//! The validator set.

use ballast_primitives::{PublicKey, Validator};
use ballast_proto::v1;
use ballast_runtime::CouncilOp;
use ballast_runtime::ops::validator_add::ValidatorAdd;
use ballast_runtime::ops::validator_remove::ValidatorRemove;
use ballast_runtime::ops::validator_rotate::ValidatorRotate;
use clap::{Args, Subcommand};

use crate::cli::public_key;
use crate::commands::council::{CouncilArgs, act};
use crate::context::Context;
use crate::exit::Failure;
use crate::message;
use crate::output::{fields, table};
use crate::view;

#[derive(Subcommand, Debug)]
#[command(after_help = "\
Examples:
  ballast validator list
  ballast validator add --name bank-7 --key HEX --peer HEX --power 1
  ballast validator remove HEX
  ballast validator rotate HEX --new-key HEX --new-peer HEX

A set decides from the second height after the block that changed it. At most a third of the power
changes at once.")]
pub enum Command {
    /// The set, and the one before it while that one still decides
    List,
    /// Add a validator (council, class D)
    Add(AddArgs),
    /// Remove a validator (council, class D)
    Remove(RemoveArgs),
    /// Replace a validator's keys (council, class D)
    Rotate(RotateArgs),
}

#[derive(Args, Debug)]
pub struct AddArgs {
    /// 1 to 64 bytes
    #[arg(long)]
    name: String,
    /// Consensus key, hex
    #[arg(long, value_name = "HEX", value_parser = public_key)]
    key: PublicKey,
    /// Key of its network identity, hex
    #[arg(long, value_name = "HEX", value_parser = public_key)]
    peer: PublicKey,
    /// Voting power
    #[arg(long, default_value_t = 1)]
    power: u64,
    #[command(flatten)]
    council: CouncilArgs,
}

#[derive(Args, Debug)]
pub struct RemoveArgs {
    /// Consensus key, hex
    #[arg(value_name = "HEX", value_parser = public_key)]
    key: PublicKey,
    #[command(flatten)]
    council: CouncilArgs,
}

#[derive(Args, Debug)]
pub struct RotateArgs {
    /// Consensus key now, hex
    #[arg(value_name = "HEX", value_parser = public_key)]
    key: PublicKey,
    #[arg(long, value_name = "HEX", value_parser = public_key)]
    new_key: PublicKey,
    #[arg(long, value_name = "HEX", value_parser = public_key)]
    new_peer: PublicKey,
    #[command(flatten)]
    council: CouncilArgs,
}

pub async fn run(ctx: &Context, command: Command) -> Result<(), Failure> {
    match command {
        Command::List => list(ctx).await,
        Command::Add(args) => {
            let AddArgs { name, key, peer, power, council } = args;
            let validator = Validator { key, peer, power, name };
            act(ctx, vec![CouncilOp::ValidatorAdd(ValidatorAdd { validator })], &council).await
        }
        Command::Remove(args) => {
            let op = CouncilOp::ValidatorRemove(ValidatorRemove { key: args.key });
            act(ctx, vec![op], &args.council).await
        }
        Command::Rotate(args) => {
            let RotateArgs { key, new_key, new_peer, council } = args;
            let op = CouncilOp::ValidatorRotate(ValidatorRotate { key, new_key, new_peer });
            act(ctx, vec![op], &council).await
        }
    }
}

async fn list(ctx: &Context) -> Result<(), Failure> {
    let answer = ctx.client().await?.list_validators(v1::ListValidatorsRequest {}).await?;
    let row = |validator: &v1::Validator| {
        vec![
            view::harmless(&validator.name),
            validator.power.to_string(),
            validator.public_key.clone(),
            validator.peer_key.clone(),
        ]
    };
    let heading = ["name", "power", "consensus key", "peer key"];
    let rows = |set: &[v1::Validator]| table(&heading, &set.iter().map(row).collect::<Vec<_>>());
    let mut text = rows(&answer.validators);
    if answer.height.saturating_add(1) < answer.from_height {
        let before = rows(&answer.before);
        text = format!("{text}\n\nbelow height {}:\n{before}", answer.from_height);
    }
    if !answer.named.is_empty() {
        text = format!("{text}\n\nsigned twice, as the chain says:\n{}", named(&answer.named));
    }
    let decides = [
        ("decides from height", answer.from_height.to_string()),
        ("as of height", answer.height.to_string()),
    ];
    let text = format!("{text}\n\n{}", fields(&decides));
    ctx.out.answer(message::json("ListValidatorsResponse", &answer), &text);
    Ok(())
}

fn named(named: &[v1::NamedValidator]) -> String {
    let row = |it: &v1::NamedValidator| {
        let what = match it.kind() {
            v1::EvidenceKind::Unspecified => "unknown",
            v1::EvidenceKind::Prevotes => "prevotes",
            v1::EvidenceKind::Precommits => "precommits",
            v1::EvidenceKind::Proposals => "proposals",
        };
        vec![
            view::harmless(&it.validator_name),
            what.to_owned(),
            format!("{}/{}", it.height, it.round),
            it.block_height.to_string(),
            it.times.to_string(),
            it.validator.clone(),
        ]
    };
    let heading =
        ["name", "what", "height/round", "proof in block", "times named", "consensus key"];
    table(&heading, &named.iter().map(row).collect::<Vec<_>>())
}
