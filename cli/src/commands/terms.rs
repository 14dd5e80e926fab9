//! Terms of redemption.

use ballast_proto::v1;
use ballast_runtime::CouncilOp;
use ballast_runtime::limits::{DAY_MS, MINUTES};
use ballast_runtime::object::Terms;
use ballast_runtime::ops::set_terms::SetTerms;
use clap::{Args, Subcommand};

use crate::cli::amount;
use crate::commands::council::{CouncilArgs, act};
use crate::context::Context;
use crate::exit::{Exit, Failure};
use crate::message;
use crate::output::fields;
use crate::view::{self, dollars};

#[derive(Subcommand, Debug)]
#[command(after_help = "\
Examples:
  ballast terms show
  ballast terms set --fee-bps 10 --fee-flat 25
  ballast terms set --cutoff 17:00 --holiday 2026-12-25,2027-01-01")]
pub enum Command {
    /// The terms that hold for new requests
    Show,
    /// Change them; what is not named stays (council, class B when they only tighten, else C)
    Set(Box<SetArgs>),
}

#[derive(Args, Debug)]
pub struct SetArgs {
    /// The least dollars of one redemption
    #[arg(long, value_name = "DOLLARS", value_parser = amount)]
    min: Option<u64>,
    /// The most dollars of one redemption
    #[arg(long, value_name = "DOLLARS", value_parser = amount)]
    max: Option<u64>,
    /// The fee's share, hundredths of a percent
    #[arg(long, value_name = "BPS")]
    fee_bps: Option<u16>,
    /// The least fee
    #[arg(long, value_name = "DOLLARS", value_parser = amount)]
    fee_flat: Option<u64>,
    /// A request at or after this time of day (UTC) counts as the next day's
    #[arg(long, value_name = "HH:MM", value_parser = cutoff)]
    cutoff: Option<u16>,
    /// All days without banking besides weekends, by comma; they replace those there are
    #[arg(long = "holiday", value_name = "YYYY-MM-DD", value_delimiter = ',', value_parser = day)]
    holidays: Vec<u32>,
    /// No holidays any more
    #[arg(long, conflicts_with = "holidays")]
    no_holidays: bool,
    /// The lowest account class that may redeem
    #[arg(long, value_name = "N")]
    class_min: Option<u8>,
    #[command(flatten)]
    council: CouncilArgs,
}

fn cutoff(text: &str) -> Result<u16, String> {
    let malformed = || format!("\"{text}\" is not a time of day such as 17:00");
    let (hours, minutes) = text.split_once(':').ok_or_else(malformed)?;
    let hours: u16 = hours.parse().map_err(|_| malformed())?;
    let minutes: u16 = minutes.parse().map_err(|_| malformed())?;
    let minute = hours.checked_mul(60).and_then(|of_hours| of_hours.checked_add(minutes));
    minute.filter(|minute| minutes < 60 && *minute <= MINUTES).ok_or_else(malformed)
}

/// Days since the Unix epoch.
fn day(text: &str) -> Result<u32, String> {
    let malformed = || format!("\"{text}\" is not a day such as 2026-12-25");
    let instant: jiff::Timestamp = format!("{text}T00:00:00Z").parse().map_err(|_| malformed())?;
    let ms = u64::try_from(instant.as_millisecond()).map_err(|_| malformed())?;
    u32::try_from(ms / DAY_MS).map_err(|_| malformed())
}

pub async fn run(ctx: &Context, command: Command) -> Result<(), Failure> {
    match command {
        Command::Show => show(ctx).await,
        Command::Set(args) => set(ctx, *args).await,
    }
}

async fn fetch(ctx: &Context) -> Result<(Terms, v1::GetTermsResponse), Failure> {
    let client = ctx.client().await?;
    let answer = client.get_terms(v1::GetTermsRequest {}).await?;
    let bad = |error| Failure::new(Exit::Internal, "BAD_ANSWER", error);
    Ok((client.wire().await?.read("terms", &answer.terms).map_err(bad)?, answer))
}

async fn show(ctx: &Context) -> Result<(), Failure> {
    let (terms, answer) = fetch(ctx).await?;
    let holidays: Vec<_> = terms.holidays.iter().map(|day| view::day((*day).into())).collect();
    let fee = format!("{} of 10,000, at least {}", terms.fee_bps, dollars(terms.fee_flat));
    let rows = [
        ("version", terms.version.to_string()),
        ("least", dollars(terms.min)),
        ("most", dollars(terms.max)),
        ("fee", fee),
        ("cut-off (UTC)", view::time_of_day(terms.cutoff_minute.into())),
        ("holidays", if holidays.is_empty() { "none".to_owned() } else { holidays.join(", ") }),
        ("lowest class", terms.class_min.to_string()),
        ("as of height", answer.height.to_string()),
    ];
    ctx.out.answer(message::json("GetTermsResponse", &answer), &fields(&rows));
    Ok(())
}

async fn set(ctx: &Context, args: SetArgs) -> Result<(), Failure> {
    let (known, _) = fetch(ctx).await?;
    let mut holidays = match (args.no_holidays, args.holidays.is_empty()) {
        (true, _) => Vec::new(),
        (false, true) => known.holidays,
        (false, false) => args.holidays,
    };
    holidays.sort_unstable();
    holidays.dedup();
    let op = SetTerms {
        min: args.min.unwrap_or(known.min),
        max: args.max.unwrap_or(known.max),
        fee_bps: args.fee_bps.unwrap_or(known.fee_bps),
        fee_flat: args.fee_flat.unwrap_or(known.fee_flat),
        cutoff_minute: args.cutoff.unwrap_or(known.cutoff_minute),
        holidays,
        class_min: args.class_min.unwrap_or(known.class_min),
    };
    act(ctx, vec![CouncilOp::SetTerms(op)], &args.council).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_of_day_and_days_are_read_as_they_are_typed() {
        assert_eq!(cutoff("17:00"), Ok(1_020));
        assert_eq!(cutoff("24:00"), Ok(1_440));
        for text in ["", "17", "24:01", "1:60", "x:00", "99999:00"] {
            assert!(cutoff(text).is_err(), "{text}");
        }
        assert_eq!(day("1970-01-02"), Ok(1));
        assert_eq!(view::day(day("2026-12-25").unwrap().into()), "2026-12-25");
        assert!(day("2026-13-01").is_err() && day("1969-12-31").is_err());
    }
}
