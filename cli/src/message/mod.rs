//! Messages of the API as JSON, and back, by their descriptors: whatever the chain can say or do is
//! shown without a line of its own here.
//!
//! - Field names are the messages'. Kinds and states are short (`MINTER`, not `ROLE_MINTER`).
//! - An amount `x_micros` comes twice: `x` in decimal dollars (text), `x_micros` as the message has
//!   it. When read, either will do; both must agree.
//! - A time `x_ms` is a number. When read, `x` may say it instead: `2026-10-01T00:00:00Z`, or `+2h`
//!   for two hours from now; a length of time is `24h`.
//! - A choice (operation, event) is its fields and its stable `name`.
//! - What a memo says is text when it is text, else hex behind `0x`; other bytes are hex.

mod read;

use std::collections::BTreeMap;

use ballast_primitives::amount::format_dollars;
use ballast_proto::schema::{schema, short_name, stable_name};
use prost::Message;
use prost::encoding::{WireType, decode_key, decode_varint};
use prost_types::field_descriptor_proto::{Label, Type};
use prost_types::{DescriptorProto, FieldDescriptorProto};
use serde_json::{Map, Value, json};

pub use read::{is_span, parse_total, read, read_time, read_words};

/// A message of the name `name` as JSON.
pub fn json<M: Message>(name: &str, message: &M) -> Value {
    schema().message(name).map_or(Value::Null, |known| show(known, &message.encode_to_vec()))
}

/// The stable names that a message's choice knows.
pub fn choices(name: &str) -> Vec<String> {
    schema().choices(name).into_iter().map(|(name, _)| name).collect()
}

/// Whether the message is nothing but a choice.
fn is_choice(message: &DescriptorProto) -> bool {
    message.oneof_decl.iter().any(|oneof| oneof.name() == "kind")
}

/// One field as it is on the wire.
enum Raw {
    Number(u64),
    Bytes(Vec<u8>),
}

impl Raw {
    const fn number(&self) -> u64 {
        match self {
            Self::Number(number) => *number,
            Self::Bytes(_) => 0,
        }
    }

    fn bytes(&self) -> &[u8] {
        match self {
            Self::Number(_) => &[],
            Self::Bytes(bytes) => bytes,
        }
    }
}

fn raw_fields(mut bytes: &[u8]) -> BTreeMap<u32, Vec<Raw>> {
    let mut fields: BTreeMap<u32, Vec<Raw>> = BTreeMap::new();
    while let Ok((number, kind)) = decode_key(&mut bytes) {
        let Ok(value) = decode_varint(&mut bytes) else { break };
        let raw = match kind {
            WireType::Varint => Raw::Number(value),
            WireType::LengthDelimited => {
                let length = usize::try_from(value).unwrap_or(usize::MAX);
                let Some((inside, rest)) = bytes.split_at_checked(length) else { break };
                bytes = rest;
                Raw::Bytes(inside.to_vec())
            }
            // No message of ours has any other.
            _ => break,
        };
        fields.entry(number).or_default().push(raw);
    }
    fields
}

fn show(message: &DescriptorProto, bytes: &[u8]) -> Value {
    let raw = raw_fields(bytes);
    let mut object = Map::new();
    for field in &message.field {
        let found = raw.get(&u32::try_from(field.number()).unwrap_or(0));
        let in_choice = field.oneof_index.is_some() && !field.proto3_optional();
        if in_choice && is_choice(message) {
            let Some(inside) = found.and_then(|found| found.last()) else { continue };
            let mut named = match show_one(field, inside) {
                Value::Object(fields) => fields,
                _ => Map::new(),
            };
            named.insert("name".to_owned(), json!(stable_name(field.name())));
            return Value::Object(named);
        }
        let value = show_field(field, found.map_or(&[], Vec::as_slice));
        if in_choice && value.is_null() {
            continue;
        }
        add_dollars(&mut object, field, &value);
        object.insert(field.name().to_owned(), value);
    }
    Value::Object(object)
}

fn show_field(field: &FieldDescriptorProto, found: &[Raw]) -> Value {
    if field.label() == Label::Repeated {
        let number = |number| show_one(field, &Raw::Number(number));
        let shown = found.iter().flat_map(|raw| match raw {
            // Numbers come packed.
            Raw::Bytes(bytes) if is_number(field) => {
                varints(bytes).into_iter().map(number).collect::<Vec<_>>()
            }
            raw => vec![show_one(field, raw)],
        });
        return Value::Array(shown.collect());
    }
    let may_be_absent = field.r#type() == Type::Message || field.oneof_index.is_some();
    match found.last() {
        Some(raw) => show_one(field, raw),
        None if may_be_absent => Value::Null,
        None => show_one(field, &absent(field)),
    }
}

fn is_number(field: &FieldDescriptorProto) -> bool {
    !matches!(field.r#type(), Type::String | Type::Bytes | Type::Message)
}

fn absent(field: &FieldDescriptorProto) -> Raw {
    if is_number(field) { Raw::Number(0) } else { Raw::Bytes(Vec::new()) }
}

fn varints(mut bytes: &[u8]) -> Vec<u64> {
    let mut numbers = Vec::new();
    while let Ok(number) = decode_varint(&mut bytes) {
        numbers.push(number);
    }
    numbers
}

fn show_one(field: &FieldDescriptorProto, raw: &Raw) -> Value {
    match field.r#type() {
        Type::Bool => json!(raw.number() != 0),
        Type::Enum => json!(kind_name(field.type_name(), raw.number())),
        Type::String => json!(String::from_utf8_lossy(raw.bytes())),
        Type::Bytes if is_words(field) => json!(words(raw.bytes())),
        Type::Bytes => json!(const_hex::encode(raw.bytes())),
        Type::Message => {
            schema().message(field.type_name()).map_or(Value::Null, |m| show(m, raw.bytes()))
        }
        _ => json!(raw.number()),
    }
}

fn add_dollars(object: &mut Map<String, Value>, field: &FieldDescriptorProto, value: &Value) {
    let Some(name) = field.name().strip_suffix("_micros") else { return };
    let micros = match value {
        Value::Number(number) => number.as_u64().map(u128::from),
        Value::String(text) => text.parse().ok(),
        _ => None,
    };
    if let Some(micros) = micros {
        object.insert(name.to_owned(), json!(format_dollars(micros)));
    }
}

/// The short name of a number: `MINTER` for `ROLE_MINTER` of `Role`.
pub fn name_of(kinds: &str, number: i32) -> String {
    kind_name(kinds, u64::try_from(number).unwrap_or(u64::MAX))
}

fn kind_name(kinds: &str, number: u64) -> String {
    let known = schema().kinds(kinds);
    let number = i32::try_from(number).unwrap_or(-1);
    let value = known.and_then(|known| known.value.iter().find(|v| v.number() == number));
    let (Some(known), Some(value)) = (known, value) else { return "UNKNOWN".to_owned() };
    short_name(known, value.name()).to_owned()
}

/// Bytes that people write.
fn is_words(field: &FieldDescriptorProto) -> bool {
    matches!(field.name(), "memo" | "recipient")
}

/// Bytes as text when they are text, else as hex behind `0x`.
pub fn words(bytes: &[u8]) -> String {
    match std::str::from_utf8(bytes) {
        Ok(text) if !text.starts_with("0x") && !text.chars().any(char::is_control) => {
            text.to_owned()
        }
        _ => format!("0x{}", const_hex::encode(bytes)),
    }
}

#[cfg(test)]
mod tests {
    use ballast_proto::v1;
    use ballast_proto::v1::council_operation::Kind;

    use super::*;
    use crate::send::now_ms;

    fn pause() -> v1::CouncilOperation {
        let pause = v1::Pause { scopes: vec![1, 3], until_ms: 5, short: true };
        v1::CouncilOperation { kind: Some(Kind::Pause(pause)) }
    }

    #[test]
    fn a_choice_is_its_fields_and_its_name_and_reads_back() {
        let shown = json("CouncilOperation", &pause());
        let expected = json!({
            "name": "Pause", "scopes": ["TRANSFER", "REDEEM_NEW"], "until_ms": 5, "short": true,
        });
        assert_eq!(shown, expected);
        assert_eq!(read("CouncilOperation", &shown), Ok(pause()));
    }

    #[test]
    fn amounts_come_twice_and_must_agree_when_both_are_read() {
        let mint = v1::Mint { deposit_id: "ab".into(), amount_micros: 12_500_000 };
        let shown = json("Mint", &mint);
        let expected =
            json!({ "deposit_id": "ab", "amount": "12.50", "amount_micros": 12_500_000 });
        assert_eq!(shown, expected);
        assert_eq!(read("Mint", &shown), Ok(mint.clone()));
        assert_eq!(read("Mint", &json!({ "deposit_id": "ab", "amount": "12.5" })), Ok(mint));
        let both = json!({ "amount": "12.50", "amount_micros": 1 });
        assert!(read::<v1::Mint>("Mint", &both).unwrap_err().contains("12.50"));
        let cap = read("SetCap", &json!({ "cap": "1000000000000" }));
        assert_eq!(cap, Ok(v1::SetCap { cap_micros: "1000000000000000000".into() }));
    }

    #[test]
    fn times_and_spans_are_read_as_people_write_them() {
        let until = |text: &str| {
            read::<v1::Pause>("Pause", &json!({ "until": text })).map(|pause| pause.until_ms)
        };
        assert_eq!(until("1970-01-01T00:00:01Z"), Ok(1_000));
        assert!(until("+2h").unwrap() > now_ms());
        assert!(until("soon").is_err() && until("2h").is_err());
        let delay = read::<v1::SetDelay>("SetDelay", &json!({ "class": "c", "delay": "24h" }));
        assert_eq!(delay, Ok(v1::SetDelay { class: 3, delay_ms: 86_400_000 }));
    }

    #[test]
    fn a_word_that_is_not_known_names_those_that_are() {
        let error = read::<v1::Burn>("Burn", &json!({ "amuont": "1" })).unwrap_err();
        assert!(error.contains("amuont") && error.contains("amount_micros"), "{error}");
        let named = json!({ "name": "Paws" });
        let error = read::<v1::CouncilOperation>("CouncilOperation", &named).unwrap_err();
        assert!(error.contains("Paws") && error.contains("Unpause"), "{error}");
        let role = json!({ "role": "king" });
        let error = read::<v1::RevokeRole>("RevokeRole", &role).unwrap_err();
        assert!(error.contains("MINT_CONTROLLER") && !error.contains("UNSPECIFIED"), "{error}");
    }

    #[test]
    fn what_is_absent_is_null_and_what_is_in_a_memo_is_text_or_hex() {
        let transferred = v1::Transferred { memo: Some(b"INV-17".to_vec()), ..Default::default() };
        assert_eq!(json("Transferred", &transferred)["memo"], "INV-17");
        assert_eq!(json("Transferred", &v1::Transferred::default())["memo"], Value::Null);
        for bytes in [&b"INV-17"[..], b"0x12", b"\x1b[2J", &[0xff], b""] {
            assert_eq!(read_words(&words(bytes)).unwrap(), bytes);
        }
        assert_eq!(words(b"\x1b[2J"), "0x1b5b324a");
    }
}
