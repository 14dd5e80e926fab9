//! Payouts: what the bank paid for redemptions.

use ballast_primitives::Hash;
use ballast_runtime::Op;
use ballast_runtime::ops::payout_confirm::PayoutConfirm;
use ballast_runtime::ops::payout_failed::PayoutFailed;
use clap::{Args, Subcommand};

use crate::cli::{amount, digest, hash};
use crate::commands::redeem;
use crate::context::Context;
use crate::exit::Failure;
use crate::send::{Request, SendArgs, send};
use crate::view::dollars;

#[derive(Subcommand, Debug)]
#[command(after_help = "\
Examples:
  ballast payout confirm REDEMPTION --bank-ref WIRE-OUT-1 --wait
  ballast payout failed REDEMPTION --document @notice.pdf --wait")]
pub enum Command {
    /// State that a redemption was paid (signed by a custodian)
    Confirm(ConfirmArgs),
    /// State that the payout of a redemption failed: its owner is refunded (signed by a custodian)
    Failed(FailedArgs),
}

#[derive(Args, Debug)]
pub struct ConfirmArgs {
    /// Id of the redemption
    #[arg(value_parser = hash)]
    redemption: Hash,
    /// The bank's reference, 1 to 64 bytes, never used before
    #[arg(long, value_name = "REF")]
    bank_ref: String,
    /// Dollars that were paid [default: the redemption's net amount]
    #[arg(long, value_parser = amount)]
    net: Option<u64>,
    #[command(flatten)]
    send: SendArgs,
}

#[derive(Args, Debug)]
pub struct FailedArgs {
    /// Id of the redemption
    #[arg(value_parser = hash)]
    redemption: Hash,
    /// Digest of the bank's notice, hex or @FILE
    #[arg(long, value_name = "DIGEST", value_parser = digest)]
    document: Hash,
    #[command(flatten)]
    send: SendArgs,
}

pub async fn run(ctx: &Context, command: Command) -> Result<(), Failure> {
    match command {
        Command::Confirm(args) => {
            let (redemption, bank_ref) = (args.redemption, args.bank_ref);
            let net = match args.net {
                Some(net) => net,
                None => redeem::fetch(ctx, redemption).await?.0.net_micros,
            };
            let what = format!("Confirm a payout of {} dollars for {redemption}", dollars(net));
            let op = Op::PayoutConfirm(PayoutConfirm { redemption, bank_ref, net });
            send(ctx, Request::new(op, what), &args.send).await
        }
        Command::Failed(args) => {
            let (redemption, document) = (args.redemption, args.document);
            let op = Op::PayoutFailed(PayoutFailed { redemption, document });
            let what = format!("State that the payout for {redemption} failed");
            send(ctx, Request::new(op, what), &args.send).await
        }
    }
}
