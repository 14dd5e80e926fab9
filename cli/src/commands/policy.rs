//! Parameters that the council sets.

use ballast_primitives::{Address, PublicKey};
use ballast_proto::v1;
use ballast_runtime::CouncilOp;
use ballast_runtime::object::{Policy, Quota};
use ballast_runtime::ops::set_limits::SetLimits;
use ballast_runtime::ops::set_policy::SetPolicy;
use clap::{Args, Subcommand};

use crate::cli::{amount, duration_ms, public_key};
use crate::commands::council::{CouncilArgs, act};
use crate::context::Context;
use crate::exit::{Exit, Failure};
use crate::message;
use crate::output::fields;
use crate::view::{dollars, span};

#[derive(Subcommand, Debug)]
#[command(after_help = "\
Examples:
  ballast policy show
  ballast policy set --rail-hold 24h --custodian-share 4000
  ballast policy set --quota 0=20/333 --quota 1=1000/100000
  ballast policy limits --global-window 50000000")]
pub enum Command {
    /// Every parameter as it is now
    Show,
    /// Change parameters; what is not named stays (council, class B when it only tightens, else C)
    Set(SetArgs),
    /// Change the limits of minting (council, class B when none is higher, else C)
    Limits(LimitsArgs),
}

#[derive(Args, Debug)]
pub struct SetArgs {
    /// From the confirmation of a deposit to its finality, e.g. 24h, at most 30d
    #[arg(long, value_name = "DURATION", value_parser = duration_ms)]
    rail_hold: Option<u64>,
    /// The age up to which a reserve report may be used, 1h to 366d
    #[arg(long, value_name = "DURATION", value_parser = duration_ms)]
    report_max_age: Option<u64>,
    /// Attestations that make a report effective, 1 to 16
    #[arg(long, value_name = "N")]
    attest_quorum: Option<u8>,
    /// The most one custodian may hold of the reserve, hundredths of a percent; none for no bound
    #[arg(long, value_name = "BPS|none", value_parser = share)]
    custodian_share: Option<Share>,
    /// Payments between institutions need travel data from this amount on
    #[arg(long, value_name = "DOLLARS", value_parser = amount)]
    travel_threshold: Option<u64>,
    /// Receives the fees of redemptions
    #[arg(long, value_name = "ADDR")]
    fee_account: Option<String>,
    /// Key of the chief executive officer, hex
    #[arg(long, value_name = "HEX", value_parser = public_key)]
    ceo: Option<PublicKey>,
    /// Key of the chief financial officer, hex
    #[arg(long, value_name = "HEX", value_parser = public_key)]
    cfo: Option<PublicKey>,
    /// Quota of an account class: transactions at once, and gained in 1,000 seconds; repeat for more
    #[arg(long = "quota", value_name = "CLASS=BURST/PER_1000_S", value_parser = quota)]
    quotas: Vec<(usize, Quota)>,
    #[command(flatten)]
    council: CouncilArgs,
}

#[derive(Args, Debug)]
pub struct LimitsArgs {
    /// The most allowance a mint controller may give a minter
    #[arg(long, value_name = "DOLLARS", value_parser = amount)]
    minter_allowance: Option<u64>,
    /// The most of one mint
    #[arg(long, value_name = "DOLLARS", value_parser = amount)]
    per_tx: Option<u64>,
    /// The most all minters together may mint in 24 hours
    #[arg(long, value_name = "DOLLARS", value_parser = amount)]
    global_window: Option<u64>,
    #[command(flatten)]
    council: CouncilArgs,
}

/// A bound, or none.
#[derive(Clone, Copy, Debug)]
struct Share(Option<u16>);

fn share(text: &str) -> Result<Share, String> {
    match text {
        "none" => Ok(Share(None)),
        _ => text.parse().map(|bps| Share(Some(bps))).map_err(|_| "1 to 10000, or none".to_owned()),
    }
}

fn quota(text: &str) -> Result<(usize, Quota), String> {
    let malformed = || format!("\"{text}\" is not CLASS=BURST/PER_1000_S, e.g. 0=20/333");
    let (class, rest) = text.split_once('=').ok_or_else(malformed)?;
    let (burst, gained) = rest.split_once('/').ok_or_else(malformed)?;
    let quota = Quota {
        burst: burst.parse().map_err(|_| malformed())?,
        per_1000_s: gained.parse().map_err(|_| malformed())?,
    };
    Ok((class.parse().map_err(|_| malformed())?, quota))
}

pub async fn run(ctx: &Context, command: Command) -> Result<(), Failure> {
    match command {
        Command::Show => show(ctx).await,
        Command::Set(args) => set(ctx, args).await,
        Command::Limits(args) => limits(ctx, args).await,
    }
}

async fn fetch(ctx: &Context) -> Result<(Policy, v1::GetPolicyResponse), Failure> {
    let client = ctx.client().await?;
    let answer = client.get_policy(v1::GetPolicyRequest {}).await?;
    let bad = |error| Failure::new(Exit::Internal, "BAD_ANSWER", error);
    Ok((client.wire().await?.read("policy", &answer.policy).map_err(bad)?, answer))
}

async fn show(ctx: &Context) -> Result<(), Failure> {
    let (policy, answer) = fetch(ctx).await?;
    let share = policy.custodian_share_max_bps;
    let mut rows = vec![
        ("deposits are final after", span(policy.rail_hold_ms)),
        ("most allowance of a minter", dollars(policy.minter_allowance_max)),
        ("most of one mint", dollars(policy.mint_per_tx_max)),
        ("most minted in 24 h", dollars(policy.global_window_cap)),
        ("a report may be used for", span(policy.report_max_age_ms)),
        ("attestations needed", policy.attest_quorum.to_string()),
        (
            "most of the reserve at one custodian",
            share.map_or_else(|| "no bound".to_owned(), |bps| format!("{bps} of 10,000")),
        ),
        ("travel data from", dollars(policy.travel_threshold)),
        ("fee account", ctx.shown(&policy.fee_account).await?),
        ("CEO's key", policy.officers.ceo.to_string()),
        ("CFO's key", policy.officers.cfo.to_string()),
        ("supply checkpoint every", span(policy.checkpoint_ms)),
    ];
    for (class, quota) in policy.quotas.iter().enumerate() {
        let Quota { burst, per_1000_s } = quota;
        let text = format!("class {class}: {burst} at once, {per_1000_s} in 1,000 s");
        rows.push(("quota", text));
    }
    rows.push(("as of height", answer.height.to_string()));
    let data = message::json("GetPolicyResponse", &answer);
    ctx.out.answer(data, &fields(&rows));
    Ok(())
}

async fn set(ctx: &Context, args: SetArgs) -> Result<(), Failure> {
    let (known, _) = fetch(ctx).await?;
    let fee_account: Address = match &args.fee_account {
        Some(text) => ctx.address(text).await?,
        None => known.fee_account,
    };
    let mut quotas = known.quotas;
    for (class, quota) in args.quotas {
        let next = quotas.len();
        match quotas.get_mut(class) {
            Some(known) => *known = quota,
            None if class == next => quotas.push(quota),
            None => return Err(Failure::usage(format!("the next account class is {next}"))),
        }
    }
    let mut officers = known.officers;
    officers.ceo = args.ceo.unwrap_or(officers.ceo);
    officers.cfo = args.cfo.unwrap_or(officers.cfo);
    let op = SetPolicy {
        rail_hold_ms: args.rail_hold.unwrap_or(known.rail_hold_ms),
        report_max_age_ms: args.report_max_age.unwrap_or(known.report_max_age_ms),
        attest_quorum: args.attest_quorum.unwrap_or(known.attest_quorum),
        custodian_share_max_bps: args
            .custodian_share
            .map_or(known.custodian_share_max_bps, |Share(share)| share),
        travel_threshold: args.travel_threshold.unwrap_or(known.travel_threshold),
        fee_account,
        officers,
        quotas,
    };
    act(ctx, vec![CouncilOp::SetPolicy(op)], &args.council).await
}

async fn limits(ctx: &Context, args: LimitsArgs) -> Result<(), Failure> {
    let (known, _) = fetch(ctx).await?;
    let op = SetLimits {
        minter_allowance_max: args.minter_allowance.unwrap_or(known.minter_allowance_max),
        mint_per_tx_max: args.per_tx.unwrap_or(known.mint_per_tx_max),
        global_window_cap: args.global_window.unwrap_or(known.global_window_cap),
    };
    act(ctx, vec![CouncilOp::SetLimits(op)], &args.council).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quota_and_a_share_are_read_as_they_are_typed() {
        assert_eq!(quota("0=20/333"), Ok((0, Quota { burst: 20, per_1000_s: 333 })));
        for text in ["", "0", "0=20", "x=1/1", "0=1/x", "0=-1/1"] {
            assert!(quota(text).is_err(), "{text}");
        }
        assert_eq!(share("none").unwrap().0, None);
        assert_eq!(share("4000").unwrap().0, Some(4_000));
        assert!(share("lots").is_err());
    }
}
