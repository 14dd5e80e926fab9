//! How the chain's objects look to machines (JSON) and to people.
//!
//! In JSON, amounts come twice: `amount` as decimal dollars (text) and `amount_micros` as an
//! integer, totals wider than 64 bits as text both times. Nothing is ever a float.

use ballast_primitives::amount::format_dollars;
use ballast_proto::v1;
use ballast_proto::v1::event::Kind as EventKind;
use ballast_proto::v1::operation::Kind as OpKind;
use serde_json::{Map, Value, json};

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
    short(v1::Role::try_from(number).map(|role| role.as_str_name()), "ROLE_")
}

pub fn scope_name(number: i32) -> String {
    short(v1::PauseScope::try_from(number).map(|scope| scope.as_str_name()), "PAUSE_SCOPE_")
}

pub fn tx_state(number: i32) -> String {
    short(v1::TxState::try_from(number).map(|state| state.as_str_name()), "TX_STATE_")
}

pub fn transfer_kind(number: i32) -> String {
    short(v1::TransferKind::try_from(number).map(|kind| kind.as_str_name()), "TRANSFER_KIND_")
}

fn short<E>(name: Result<&str, E>, prefix: &str) -> String {
    name.map_or("UNKNOWN", |name| name.strip_prefix(prefix).unwrap_or(name)).to_owned()
}

/// A memo as text when it is text, else as hex.
pub fn memo_text(memo: &[u8]) -> String {
    match std::str::from_utf8(memo) {
        Ok(text) if !text.chars().any(char::is_control) => text.to_owned(),
        _ => format!("0x{}", const_hex::encode(memo)),
    }
}

fn memo(memo: Option<&Vec<u8>>) -> Value {
    memo.map_or(Value::Null, |memo| json!(memo_text(memo)))
}

fn scopes(numbers: &[i32]) -> Vec<String> {
    numbers.iter().map(|number| scope_name(*number)).collect()
}

/// `object` with an amount added in both forms.
fn with_amount(mut object: Value, name: &str, micros: u64) -> Value {
    if let Value::Object(object) = &mut object {
        object.insert(name.to_owned(), json!(dollars(micros)));
        object.insert(format!("{name}_micros"), json!(micros));
    }
    object
}

/// An event: its stable name and its fields.
pub fn event(event: &v1::Event) -> (&'static str, Value) {
    let Some(kind) = &event.kind else { return ("Unknown", json!({})) };
    match kind {
        EventKind::Transferred(e) => {
            let fields = json!({ "from": e.from, "to": e.to, "memo": memo(e.memo.as_ref()) });
            ("Transferred", with_amount(fields, "amount", e.amount_micros))
        }
        EventKind::DepositConfirmed(e) => {
            let fields = json!({
                "deposit_id": e.deposit_id, "custodian": e.custodian,
                "beneficiary": e.beneficiary, "final_at_ms": e.final_at_ms,
            });
            ("DepositConfirmed", with_amount(fields, "amount", e.amount_micros))
        }
        EventKind::Minted(e) => {
            let fields = json!({ "deposit_id": e.deposit_id, "minter": e.minter, "to": e.to });
            ("Minted", with_amount(fields, "amount", e.amount_micros))
        }
        EventKind::Burned(e) => {
            ("Burned", with_amount(json!({ "minter": e.minter }), "amount", e.amount_micros))
        }
        EventKind::MinterConfigured(e) => {
            let fields =
                with_amount(json!({ "minter": e.minter }), "allowance", e.allowance_micros);
            ("MinterConfigured", fields)
        }
        EventKind::Frozen(e) => (
            "Frozen",
            json!({
                "account": e.account, "inbound": e.inbound, "outbound": e.outbound,
                "until_ms": e.until_ms, "order": e.order,
            }),
        ),
        EventKind::Unfrozen(e) => ("Unfrozen", json!({ "account": e.account })),
        EventKind::Paused(e) => {
            ("Paused", json!({ "scope": scope_name(e.scope), "until_ms": e.until_ms }))
        }
        EventKind::Unpaused(e) => ("Unpaused", json!({ "scope": scope_name(e.scope) })),
        EventKind::AccountRegistered(e) => (
            "AccountRegistered",
            json!({
                "account": e.account, "kyc_class": e.kyc_class, "institution": e.institution,
            }),
        ),
        EventKind::RoleGranted(e) => (
            "RoleGranted",
            json!({
                "role": role_name(e.role), "holder": e.holder, "valid_until_ms": e.valid_until_ms,
            }),
        ),
        EventKind::RoleRevoked(e) => {
            ("RoleRevoked", json!({ "role": role_name(e.role), "holder": e.holder }))
        }
    }
}

/// An operation: its stable name and its fields.
pub fn op(op: &v1::Operation) -> (&'static str, Value) {
    let Some(kind) = &op.kind else { return ("Unknown", json!({})) };
    match kind {
        OpKind::Transfer(o) => {
            ("Transfer", with_amount(json!({ "to": o.to }), "amount", o.amount_micros))
        }
        OpKind::DepositConfirm(o) => {
            let fields = json!({ "bank_ref": o.bank_ref, "beneficiary": o.beneficiary });
            ("DepositConfirm", with_amount(fields, "amount", o.amount_micros))
        }
        OpKind::Mint(o) => {
            ("Mint", with_amount(json!({ "deposit_id": o.deposit_id }), "amount", o.amount_micros))
        }
        OpKind::Burn(o) => ("Burn", with_amount(json!({}), "amount", o.amount_micros)),
        OpKind::SetMinterAllowance(o) => {
            let fields = with_amount(json!({ "minter": o.minter }), "expected", o.expected_micros);
            ("SetMinterAllowance", with_amount(fields, "new", o.new_micros))
        }
        OpKind::Freeze(o) => (
            "Freeze",
            json!({
                "account": o.account, "inbound": o.inbound, "outbound": o.outbound,
                "order": o.order,
            }),
        ),
        OpKind::Unfreeze(o) => ("Unfreeze", json!({ "account": o.account })),
        OpKind::Pause(o) => {
            ("Pause", json!({ "scopes": scopes(&o.scopes), "until_ms": o.until_ms }))
        }
        OpKind::Unpause(o) => ("Unpause", json!({ "scopes": scopes(&o.scopes) })),
        OpKind::RegisterAccount(o) => (
            "RegisterAccount",
            json!({
                "policy": o.policy.as_ref().map(policy), "kyc_class": o.kyc_class,
                "kyc_until_ms": o.kyc_until_ms, "institution": o.institution,
                "memo_required": o.memo_required,
            }),
        ),
        OpKind::GrantRole(o) => (
            "GrantRole",
            json!({
                "role": role_name(o.role), "holder": o.holder, "valid_until_ms": o.valid_until_ms,
            }),
        ),
        OpKind::RevokeRole(o) => {
            ("RevokeRole", json!({ "role": role_name(o.role), "holder": o.holder }))
        }
    }
}

/// `{"name": …, fields…}`.
pub fn named((name, fields): (&str, Value)) -> Value {
    let mut object = match fields {
        Value::Object(object) => object,
        _ => Map::new(),
    };
    object.insert("name".to_owned(), json!(name));
    Value::Object(object)
}

/// Fields on one line: `to=dbal1… amount=12.50`.
pub fn one_line((name, fields): (&str, Value)) -> String {
    let Value::Object(fields) = fields else { return name.to_owned() };
    let shown = fields.iter().filter(|(key, value)| !key.ends_with("_micros") && !value.is_null());
    let text = shown.map(|(key, value)| match (key.strip_suffix("_ms"), value) {
        (Some(key), Value::Number(ms)) => format!("{key}={}", time(ms.as_u64().unwrap_or(0))),
        (_, Value::String(text)) => format!("{key}={}", harmless(text)),
        (_, value) => format!("{key}={value}"),
    });
    std::iter::once(name.to_owned()).chain(text).collect::<Vec<_>>().join(" ")
}

/// Text that others wrote, without what would control a terminal.
fn harmless(text: &str) -> String {
    text.replace(char::is_control, "\u{fffd}")
}

pub fn policy(policy: &v1::KeyPolicy) -> Value {
    json!({ "required": policy.required, "public_keys": policy.public_keys })
}

pub fn receipt(receipt: &v1::Receipt) -> Value {
    json!({
        "tx_id": receipt.tx_id,
        "sender": receipt.sender,
        "nonce": receipt.nonce,
        "height": receipt.height,
        "index": receipt.index,
        "failure": receipt.failure.as_ref().map(failure),
        "events": receipt.events.iter().map(|e| named(event(e))).collect::<Vec<_>>(),
    })
}

pub fn failure(failure: &v1::Failure) -> Value {
    json!({
        "op_index": failure.op_index,
        "reason": failure.reason,
        "number": failure.number,
        "message": failure.message,
    })
}

pub fn transaction(tx: &v1::Transaction) -> Value {
    json!({
        "tx_id": tx.tx_id,
        "genesis_hash": tx.genesis_hash,
        "chain_id": tx.chain_id,
        "sender": tx.sender,
        "nonce": tx.nonce,
        "valid_until_ms": tx.valid_until_ms,
        "sponsor": Some(&tx.sponsor).filter(|sponsor| !sponsor.is_empty()),
        "memo": memo(tx.memo.as_ref()),
        "ops": tx.ops.iter().map(|o| named(op(o))).collect::<Vec<_>>(),
        "signers": tx.witnesses.iter().map(|w| &w.public_key).collect::<Vec<_>>(),
    })
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
    rows.extend(tx.ops.iter().map(|o| ("operation", one_line(op(o)))));
    rows.extend(tx.witnesses.iter().map(|witness| ("signed by", witness.public_key.clone())));
    rows
}

pub fn account(account: &v1::Account) -> Value {
    let freeze = account.freeze.as_ref().map(|freeze| {
        json!({
            "inbound": freeze.inbound, "outbound": freeze.outbound, "until_ms": freeze.until_ms,
            "confirmed": freeze.confirmed, "order": freeze.order,
        })
    });
    let window = account.nonce_window.as_ref();
    let fields = json!({
        "address": account.address,
        "policy": account.policy.as_ref().map(policy),
        "freeze": freeze,
        "nonce_high": window.map(|window| window.high),
        "nonce_seen": window.map(|window| &window.seen),
        "kyc_class": account.kyc_class,
        "kyc_until_ms": account.kyc_until_ms,
        "institution": account.institution,
        "memo_required": account.memo_required,
    });
    let fields = with_amount(fields, "balance", account.balance_micros);
    let fields = with_amount(fields, "hold", account.hold_micros);
    with_amount(fields, "available", account.available_micros)
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
        true => format!("{directions}, until the council lifts it"),
        false if now_ms >= freeze.until_ms => {
            format!("no ({directions} until {})", time(freeze.until_ms))
        }
        false => format!("{directions}, until {}", time(freeze.until_ms)),
    }
}

pub fn supply(supply: &v1::Supply) -> Value {
    let parts = supply_parts(supply);
    let both = parts.into_iter().flat_map(|(name, micros)| {
        [(name.to_owned(), json!(total(micros))), (format!("{name}_micros"), json!(micros))]
    });
    Value::Object(both.collect())
}

pub fn supply_rows(supply: &v1::Supply) -> Vec<(&'static str, String)> {
    supply_parts(supply).into_iter().map(|(name, micros)| (name, total(micros))).collect()
}

fn supply_parts(supply: &v1::Supply) -> [(&'static str, &str); 9] {
    [
        ("total", &supply.total_micros),
        ("cap", &supply.cap_micros),
        ("genesis", &supply.genesis_micros),
        ("minted", &supply.minted_micros),
        ("burned", &supply.burned_micros),
        ("deposited", &supply.deposited_micros),
        ("paid_out", &supply.paid_out_micros),
        ("redeem_escrow", &supply.redeem_escrow_micros),
        ("bridge_escrow", &supply.bridge_escrow_micros),
    ]
}

pub fn event_record(record: &v1::EventRecord) -> Value {
    let (name, fields) = record.event.as_ref().map_or(("Unknown", json!({})), event);
    json!({
        "cursor": record.cursor,
        "height": record.height,
        "tx_index": record.tx_index,
        "event_index": record.event_index,
        "tx_id": record.tx_id,
        "block_time_ms": record.block_time_ms,
        "name": Some(&record.name).filter(|name| !name.is_empty()).map_or(name, String::as_str),
        "event": fields,
    })
}

pub fn event_record_line(record: &v1::EventRecord) -> String {
    let text = record.event.as_ref().map_or_else(|| record.name.clone(), |e| one_line(event(e)));
    format!("{}  {}  {text}", record.cursor, time(record.block_time_ms))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_come_as_dollars_and_as_micros() {
        let transfer = v1::Transfer { to: "dbal1x".into(), amount_micros: 12_500_000 };
        let (name, fields) = op(&v1::Operation { kind: Some(OpKind::Transfer(transfer)) });
        assert_eq!(name, "Transfer");
        assert_eq!(
            fields,
            json!({ "to": "dbal1x", "amount": "12.50", "amount_micros": 12_500_000 })
        );
        assert_eq!(one_line((name, fields)), "Transfer amount=12.50 to=dbal1x");
        assert_eq!(total("340282366920938463463374607431768211455").split('.').count(), 2);
    }

    #[test]
    fn a_memo_is_text_or_hex_and_never_controls_the_terminal() {
        assert_eq!(memo_text(b"INV-17"), "INV-17");
        assert_eq!(memo_text(b"\x1b[2J"), "0x1b5b324a");
        assert_eq!(memo_text(&[0xff]), "0xff");
    }

    #[test]
    fn numbers_of_the_wire_have_their_short_names() {
        assert_eq!(role_name(v1::Role::MintController.into()), "MINT_CONTROLLER");
        assert_eq!(scope_name(v1::PauseScope::RedeemNew.into()), "REDEEM_NEW");
        assert_eq!(tx_state(v1::TxState::Committed.into()), "COMMITTED");
        assert_eq!(role_name(99), "UNKNOWN");
    }
}
