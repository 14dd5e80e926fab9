//! How the chain's objects look to people. In JSON they are as [`crate::message`] has them.

use ballast_primitives::amount::format_dollars;
use ballast_proto::v1;
use ballast_runtime::limits::DAY_MS;
use serde_json::{Map, Value, json};

use crate::message::{self, is_span};
use crate::output::time;

pub fn dollars(micros: u64) -> String {
    format_dollars(micros.into())
}

/// A total that travels as text.
pub fn total(micros: &str) -> String {
    micros.parse().map_or_else(|_| micros.to_owned(), format_dollars)
}

/// The short name of a role (`MINTER`), from its number.
pub fn role_name(number: i32) -> String {
    message::name_of("Role", number)
}

/// Text or hex, harmless to a terminal.
pub fn memo_text(memo: &[u8]) -> String {
    message::words(memo)
}

/// An event: its fields and its stable `name`.
pub fn event(event: &v1::Event) -> Value {
    message::json("Event", event)
}

/// An operation: its fields and its stable `name`.
pub fn op(op: &v1::Operation) -> Value {
    message::json("Operation", op)
}

/// A council operation: its fields and its stable `name`.
pub fn council_op(op: &v1::CouncilOperation) -> Value {
    message::json("CouncilOperation", op)
}

/// An object on one line, its name first: `Transfer amount=12.50 to=dbal1…`.
pub fn one_line(value: &Value) -> String {
    let Value::Object(fields) = value else { return inline(value) };
    let name = fields.get("name").and_then(Value::as_str).map(harmless);
    let shown = shown_fields(fields).map(|(key, value)| format!("{key}={value}"));
    name.into_iter().chain(shown).collect::<Vec<_>>().join(" ")
}

/// An object below its name, a row for each field: what one reads before one signs.
pub fn rows(value: &Value) -> Vec<(String, String)> {
    let Value::Object(fields) = value else { return vec![(String::new(), inline(value))] };
    let mut rows = Vec::new();
    for (key, value) in fields.iter().filter(|(key, value)| is_shown(fields, key, value)) {
        let label = label(key);
        match value {
            Value::Array(items) if items.iter().any(Value::is_object) => {
                rows.extend(items.iter().map(|item| (label.clone(), one_line(item))));
            }
            _ => rows.push((label, field(key, value))),
        }
    }
    rows
}

fn shown_fields(fields: &Map<String, Value>) -> impl Iterator<Item = (String, String)> {
    fields
        .iter()
        .filter(|(key, value)| is_shown(fields, key, value))
        .map(|(key, value)| (key.strip_suffix("_ms").unwrap_or(key).to_owned(), field(key, value)))
}

/// Amounts are shown once, in dollars; what is absent is not shown.
fn is_shown(fields: &Map<String, Value>, key: &str, value: &Value) -> bool {
    let twice = key.strip_suffix("_micros").is_some_and(|base| fields.contains_key(base));
    !twice && key != "name" && !value.is_null() && *value != json!([])
}

fn label(key: &str) -> String {
    key.strip_suffix("_ms").unwrap_or(key).replace('_', " ")
}

fn field(key: &str, value: &Value) -> String {
    match value {
        Value::Number(ms) if is_span(key) => span(ms.as_u64().unwrap_or(0)),
        Value::Number(ms) if key.ends_with("_ms") => moment(ms.as_u64().unwrap_or(0)),
        Value::Array(days) if key == "holidays" => {
            let days = days.iter().filter_map(Value::as_u64).map(day);
            days.collect::<Vec<_>>().join(",")
        }
        Value::Number(minute) if key == "cutoff_minute" => {
            time_of_day(minute.as_u64().unwrap_or(0))
        }
        Value::String(text) if text.is_empty() => "-".to_owned(),
        Value::String(text) if is_nothing(text) => "none".to_owned(),
        _ => inline(value),
    }
}

/// The digest that stands for none.
fn is_nothing(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|byte| byte == b'0')
}

fn inline(value: &Value) -> String {
    match value {
        Value::String(text) => harmless(text),
        Value::Array(items) => items.iter().map(inline).collect::<Vec<_>>().join(","),
        Value::Object(_) => format!("{{{}}}", one_line(value)),
        _ => value.to_string(),
    }
}

/// A day since the Unix epoch: `2026-12-25`.
pub fn day(day: u64) -> String {
    let text = time(day.saturating_mul(DAY_MS));
    text.split('T').next().unwrap_or_default().to_owned()
}

/// A minute of the day: `17:00`.
pub fn time_of_day(minute: u64) -> String {
    format!("{:02}:{:02}", minute / 60, minute % 60)
}

/// A point in time; 0 stands for none.
pub fn moment(ms: u64) -> String {
    if ms == 0 { "-".to_owned() } else { time(ms) }
}

/// A length of time: `1d 12h`.
pub fn span(ms: u64) -> String {
    let units = [(86_400_000, "d"), (3_600_000, "h"), (60_000, "m"), (1_000, "s"), (1, "ms")];
    let mut left = ms;
    let mut parts = Vec::new();
    for (unit, name) in units {
        let count = left.checked_div(unit).unwrap_or(0);
        left = left.saturating_sub(count.saturating_mul(unit));
        if count > 0 {
            parts.push(format!("{count}{name}"));
        }
    }
    if parts.is_empty() { "0".to_owned() } else { parts.join(" ") }
}

/// Text that others wrote, without what would control a terminal.
pub fn harmless(text: &str) -> String {
    text.replace(char::is_control, "\u{fffd}")
}

pub fn receipt(receipt: &v1::Receipt) -> Value {
    message::json("Receipt", receipt)
}

pub fn transaction(tx: &v1::Transaction) -> Value {
    let signers: Vec<_> = tx.witnesses.iter().map(|witness| &witness.public_key).collect();
    with(message::json("Transaction", tx), [("signers", json!(signers))])
}

/// An object with more in it.
pub fn with<const N: usize>(mut object: Value, more: [(&str, Value); N]) -> Value {
    if let Value::Object(fields) = &mut object {
        fields.extend(more.map(|(name, value)| (name.to_owned(), value)));
    }
    object
}

pub fn transaction_rows(tx: &v1::Transaction) -> Vec<(&'static str, String)> {
    let mut rows = vec![
        ("sender", tx.sender.clone()),
        ("nonce", tx.nonce.to_string()),
        ("valid until", time(tx.valid_until_ms)),
    ];
    if !tx.sponsor.is_empty() {
        rows.push(("sponsor", tx.sponsor.clone()));
    }
    if let Some(memo) = &tx.memo {
        rows.push(("memo", memo_text(memo)));
    }
    rows.extend(tx.ops.iter().map(|o| ("operation", one_line(&op(o)))));
    rows.extend(tx.witnesses.iter().map(|witness| ("signed by", witness.public_key.clone())));
    rows
}

pub fn account(account: &v1::Account) -> Value {
    let window = account.nonce_window.as_ref();
    let high = json!(window.map(|window| window.high));
    let seen = json!(window.map(|window| &window.seen));
    with(message::json("Account", account), [("nonce_high", high), ("nonce_seen", seen)])
}

pub fn account_rows(account: &v1::Account, now_ms: u64) -> Vec<(&'static str, String)> {
    let mut rows = vec![
        ("address", account.address.clone()),
        ("balance", dollars(account.balance_micros)),
        ("available", dollars(account.available_micros)),
    ];
    if account.hold_micros > 0 {
        rows.push(("hold", dollars(account.hold_micros)));
    }
    rows.push(("frozen", freeze_text(account.freeze.as_ref(), now_ms)));
    rows.push(("class", account.kyc_class.to_string()));
    rows.push(("registered until", time(account.kyc_until_ms)));
    if account.institution != 0 {
        rows.push(("institution", account.institution.to_string()));
    }
    if account.memo_required {
        rows.push(("memo", "required for payments to it".to_owned()));
    }
    if let Some(window) = &account.nonce_window {
        rows.push(("highest nonce", window.high.to_string()));
    }
    if let Some(policy) = &account.policy {
        let (required, keys) = (policy.required, &policy.public_keys);
        rows.push(("signs", format!("{required} of {}", keys.len())));
        rows.extend(keys.iter().map(|key| ("key", key.clone())));
    }
    rows
}

fn freeze_text(freeze: Option<&v1::FreezeState>, now_ms: u64) -> String {
    let Some(freeze) = freeze else { return "no".to_owned() };
    let directions = match (freeze.inbound, freeze.outbound) {
        (true, true) => "in and out",
        (true, false) => "in",
        (false, true) => "out",
        (false, false) => return "no".to_owned(),
    };
    match freeze.confirmed {
        true => format!("{directions}, until the council lifts it; order {}", freeze.order),
        false if now_ms >= freeze.until_ms => {
            format!("no ({directions} until {})", time(freeze.until_ms))
        }
        false => {
            format!("{directions}, until {}; order {}", time(freeze.until_ms), freeze.order)
        }
    }
}

pub fn supply(supply: &v1::Supply) -> Value {
    message::json("Supply", supply)
}

pub fn supply_rows(supply: &v1::Supply) -> Vec<(&'static str, String)> {
    let parts = [
        ("total", &supply.total_micros),
        ("cap", &supply.cap_micros),
        ("genesis", &supply.genesis_micros),
        ("minted", &supply.minted_micros),
        ("burned", &supply.burned_micros),
        ("deposited", &supply.deposited_micros),
        ("paid out", &supply.paid_out_micros),
        ("redeem escrow", &supply.redeem_escrow_micros),
        ("bridge escrow", &supply.bridge_escrow_micros),
        ("not final", &supply.pending_micros),
    ];
    parts.into_iter().map(|(name, micros)| (name, total(micros))).collect()
}

pub fn event_record(record: &v1::EventRecord) -> Value {
    message::json("EventRecord", record)
}

pub fn event_record_line(record: &v1::EventRecord) -> String {
    let text = record.event.as_ref().map_or_else(|| record.name.clone(), |e| one_line(&event(e)));
    format!("{}  {}  {text}", record.cursor, time(record.block_time_ms))
}

#[cfg(test)]
mod tests {
    use ballast_proto::v1::operation::Kind as OpKind;

    use super::*;

    #[test]
    fn an_operation_is_one_line_for_a_log_and_rows_for_who_signs() {
        let transfer =
            v1::Transfer { to: "dbal1x".into(), amount_micros: 12_500_000, travel: None };
        let shown = op(&v1::Operation { kind: Some(OpKind::Transfer(transfer)) });
        assert_eq!(one_line(&shown), "Transfer amount=12.50 to=dbal1x");
        let row = |label: &str, value: &str| (label.to_owned(), value.to_owned());
        assert_eq!(rows(&shown), [row("amount", "12.50"), row("to", "dbal1x")]);
        assert_eq!(total("340282366920938463463374607431768211455").split('.').count(), 2);
    }

    #[test]
    fn times_are_times_and_spans_are_spans() {
        let value =
            json!({ "name": "SetDelay", "delay_ms": 129_600_000, "from_ms": 0, "eta_ms": 1 });
        assert_eq!(one_line(&value), "SetDelay delay=1d 12h eta=1970-01-01T00:00:00.001Z from=-");
        let terms = json!({ "name": "SetTerms", "cutoff_minute": 990, "holidays": [0, 20_812] });
        assert_eq!(one_line(&terms), "SetTerms cutoff_minute=16:30 holidays=1970-01-01,2026-12-25");
        assert_eq!(span(0), "0");
        assert_eq!(span(61_001), "1m 1s 1ms");
    }

    #[test]
    fn nothing_that_others_wrote_controls_the_terminal() {
        assert_eq!(
            one_line(&json!({ "name": "x\u{1b}[2J", "uri": "\u{7}" })),
            "x\u{fffd}[2J uri=\u{fffd}"
        );
        assert_eq!(memo_text(b"\x1b[2J"), "0x1b5b324a");
    }

    #[test]
    fn numbers_of_the_wire_have_their_short_names() {
        assert_eq!(role_name(v1::Role::MintController.into()), "MINT_CONTROLLER");
        assert_eq!(message::name_of("TxState", v1::TxState::Committed.into()), "COMMITTED");
        assert_eq!(role_name(99), "UNKNOWN");
    }
}
