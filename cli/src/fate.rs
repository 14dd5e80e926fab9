//! What becomes of a transaction that was sent, and what to say of it.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use ballast_client::{Error, Fate, Landed};
use ballast_primitives::Hash;
use ballast_proto::error::ServiceReason;
use ballast_runtime::{Code, TxBody};
use serde_json::{Value, json};

use crate::context::Context;
use crate::exit::{Exit, Failure};
use crate::nonces::{release, spent};
use crate::output::{fields, time};
use crate::sent;
use crate::view;

/// The transaction that is on its way, for the message when the user interrupts.
static IN_FLIGHT: Mutex<Option<(Hash, u64)>> = Mutex::new(None);

/// A transaction that is waited for. Of one whose body is known, any validator can tell whatever
/// became of it.
pub struct Awaited {
    pub id: Hash,
    pub until: u64,
    pub body: Option<TxBody>,
}

impl Awaited {
    pub fn of(body: &TxBody) -> Self {
        Self { id: body.id(), until: body.valid_until, body: Some(body.clone()) }
    }
}

/// Waits for a transaction's fate and answers with it.
pub async fn finish(ctx: &Context, tx: &Awaited, seconds: u64) -> Result<(), Failure> {
    let landed = await_fate(ctx, tx, seconds, json!({})).await?;
    answer(ctx, tx.id, tx.until, json!({}), &landed);
    Ok(())
}

pub fn answer(ctx: &Context, id: Hash, until: u64, data: Value, landed: &Landed) {
    let mut data = merged(data, id, until);
    add_landed(&mut data, "COMMITTED", landed);
    ctx.out.answer(data, &landed_text(landed));
}

/// Waits until a transaction has had its effect.
pub async fn await_fate(
    ctx: &Context,
    tx: &Awaited,
    seconds: u64,
    data: Value,
) -> Result<Landed, Failure> {
    let (id, until) = (tx.id, tx.until);
    set_in_flight(Some((id, until)));
    let client = ctx.client().await?;
    let limit = Duration::from_secs(seconds);
    let waited = match &tx.body {
        Some(body) => client.wait(body, limit).await,
        None => client.wait_by_id(id, until, limit).await,
    };
    let fate = match waited {
        Ok(fate) => fate,
        Err(Error::Refused(refused)) if refused.reason == ServiceReason::InvalidRequest.into() => {
            return Err(Failure::from(Error::Refused(refused)).data(merged(data, id, until)));
        }
        // Whatever went wrong, the transaction is out: all that is unknown is what became of it.
        Err(error) => {
            let message = format!("transaction {id} was sent, but waiting for it failed: {error}");
            return Err(Failure::new(Exit::Unknown, "OUTCOME_UNKNOWN", message)
                .next(wait_command(id, until))
                .data(merged(data, id, until)));
        }
    };
    set_in_flight(None);
    note_fate(ctx, tx, &fate).await;
    let mut data = merged(data, id, until);
    match fate {
        Fate::Committed(landed) => Ok(landed),
        Fate::Failed(landed) => {
            add_landed(&mut data, "FAILED", &landed);
            Err(failed(&landed).data(data))
        }
        Fate::Expired => {
            insert(&mut data, "state", json!("EXPIRED"));
            let message = format!("transaction {id} expired: it is not on chain and never can be");
            Err(Failure::new(Exit::Failed, "EXPIRED", message)
                .next("it is safe to run the command again")
                .data(data))
        }
        Fate::Replaced(by) => {
            insert(&mut data, "state", json!("REPLACED"));
            insert(&mut data, "replaced_by", json!(by.map(|by| by.to_string())));
            Err(replaced(id, by).data(data))
        }
        Fate::Unknown => {
            insert(&mut data, "state", json!("UNKNOWN"));
            let end = if until > 0 { format!(", until {}", time(until)) } else { String::new() };
            let message = format!(
                "transaction {id} was not seen to commit within {seconds} s; it may still{end}"
            );
            Err(Failure::new(Exit::Unknown, "OUTCOME_UNKNOWN", message)
                .next(wait_command(id, until))
                .data(data))
        }
    }
}

fn replaced(id: Hash, by: Option<Hash>) -> Failure {
    let (why, next) = match by {
        Some(by) => (
            format!("transaction {by} used its nonce"),
            format!("see what that one did: ballast tx show {by}"),
        ),
        None => (
            "later ones of its sender have left its nonce behind".to_owned(),
            "it is safe to run the command again".to_owned(),
        ),
    };
    let message = format!("transaction {id} is not on chain and never can be: {why}");
    Failure::new(Exit::Failed, "REPLACED", message).next(next)
}

/// What is final needs no copy any more; a nonce is spent on chain only.
async fn note_fate(ctx: &Context, tx: &Awaited, fate: &Fate) {
    if *fate == Fate::Unknown {
        return;
    }
    sent::forget(&tx.id);
    let Some(body) = &tx.body else { return };
    match fate {
        Fate::Committed(_) | Fate::Failed(_) => spent(ctx, body).await,
        _ => release(ctx, body).await,
    }
}

fn failed(landed: &Landed) -> Failure {
    let receipt = &landed.receipt;
    let failure = receipt.failure.clone().unwrap_or_default();
    let message = format!(
        "on chain at height {} without effect: {} (transaction {})",
        receipt.height, failure.message, receipt.tx_id
    );
    let described = Failure::new(Exit::Failed, &failure.reason, message);
    described.maybe_next(after_failure(&failure.reason))
}

/// What to do about a transaction that had no effect.
pub fn after_failure(reason: &str) -> Option<&'static str> {
    Some(match Code::from_name(reason)? {
        Code::InsufficientAvailable => "see what is there with `ballast balance`",
        Code::UnknownRecipient | Code::UnknownTarget => {
            "check the address; a registrar opens accounts with `ballast account register`"
        }
        Code::MemoRequired => "add --ref: the recipient tells its payers apart by it",
        Code::Paused => "see `ballast control status` for how long",
        Code::AccountFrozen => "see `ballast account ADDR` for which direction and how long",
        Code::Unauthorized | Code::RoleExpired => {
            "sign with --from an account that may: `ballast role list`, `ballast council show`"
        }
        Code::AllowanceChanged => "run the command again: it reads the allowance anew",
        Code::HoldChanged => "run the command again: it reads the hold anew",
        Code::HoldOnlyRaised | Code::FreezeConfirmed => "the council may: add --council",
        Code::TravelDataRequired | Code::TravelDataInvalid | Code::TravelReplay => {
            "get travel data from the beneficiary's institution (`ballast institution travel`) and \
             give it with --travel FILE"
        }
        Code::NoReport
        | Code::ReportStale
        | Code::ReportModified
        | Code::ReportConcentrated
        | Code::ReserveCeiling
        | Code::GlobalWindow
        | Code::CapExceeded => "see `ballast reserve show` for what there is room for",
        Code::MinterWindow | Code::MinterAllowance | Code::PerTxLimit => {
            "see `ballast minter list` for its limits"
        }
        Code::UnknownCheckpoint | Code::SupplyMismatch => {
            "see `ballast supply points` for the checkpoints that reports refer to"
        }
        Code::Timelocked | Code::NotApproved => "see `ballast proposal show N` for when",
        Code::CouncilQuorum | Code::ExecNonce | Code::ProposalStale => {
            "see `ballast council show`; signatures of another council or number do not count"
        }
        Code::ClassTooHigh => "leave out --sign-with: operations of this class need a proposal",
        Code::TooManyProposals => "see `ballast proposal list --open`",
        Code::NotDue => "see `ballast redeem show ID` for when",
        _ => return None,
    })
}

fn landed_text(landed: &Landed) -> String {
    let receipt = &landed.receipt;
    let mut rows = vec![
        ("committed", format!("height {}, {}", receipt.height, time(landed.block_time_ms))),
        ("transaction", receipt.tx_id.clone()),
    ];
    rows.extend(receipt.events.iter().map(|event| ("event", view::one_line(&view::event(event)))));
    fields(&rows)
}

fn add_landed(data: &mut Value, state: &str, landed: &Landed) {
    insert(data, "state", json!(state));
    insert(data, "height", json!(landed.receipt.height));
    insert(data, "block_time_ms", json!(landed.block_time_ms));
    insert(data, "receipt", view::receipt(&landed.receipt));
}

pub fn merged(mut data: Value, id: Hash, until: u64) -> Value {
    insert(&mut data, "tx_id", json!(id.to_string()));
    if until > 0 {
        insert(&mut data, "valid_until_ms", json!(until));
    }
    data
}

pub fn insert(data: &mut Value, name: &str, value: Value) {
    if let Value::Object(object) = data {
        object.insert(name.to_owned(), value);
    }
}

pub fn wait_command(id: Hash, until: u64) -> String {
    match until {
        0 => format!("ballast tx wait {id}"),
        _ => format!("ballast tx wait {id} --valid-until {until}"),
    }
}

pub fn set_in_flight(value: Option<(Hash, u64)>) {
    *IN_FLIGHT.lock().unwrap_or_else(PoisonError::into_inner) = value;
}

/// What to say when the user interrupts.
pub fn interrupted() -> Failure {
    let in_flight = *IN_FLIGHT.lock().unwrap_or_else(PoisonError::into_inner);
    match in_flight {
        Some((id, until)) => {
            let message = format!("interrupted; transaction {id} may still commit");
            Failure::new(Exit::Interrupted, "INTERRUPTED", message)
                .next(wait_command(id, until))
                .data(merged(json!({}), id, until))
        }
        None => Failure::new(Exit::Interrupted, "INTERRUPTED", "interrupted"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_to_wait_names_the_end_of_validity_when_it_is_known() {
        let id = Hash::ZERO;
        assert_eq!(wait_command(id, 0), format!("ballast tx wait {id}"));
        assert_eq!(wait_command(id, 5), format!("ballast tx wait {id} --valid-until 5"));
    }
}
