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

use std::collections::BTreeMap;

use ballast_primitives::amount::{format_dollars, parse_dollars};
use ballast_proto::schema::{schema, short_name, stable_name};
use prost::Message;
use prost::encoding::{WireType, decode_key, decode_varint, encode_key, encode_varint};
use prost_types::field_descriptor_proto::{Label, Type};
use prost_types::{DescriptorProto, FieldDescriptorProto};
use serde_json::{Map, Value, json};

use crate::cli::duration_ms;
use crate::send::now_ms;

/// A message of the name `name` as JSON.
pub fn json<M: Message>(name: &str, message: &M) -> Value {
    schema().message(name).map_or(Value::Null, |known| show(known, &message.encode_to_vec()))
}

/// Reads a message of the name `name`.
pub fn read<M: Message + Default>(name: &str, value: &Value) -> Result<M, String> {
    let known = schema().message(name).ok_or_else(|| format!("there is no message {name}"))?;
    M::decode(encode(known, value)?.as_slice()).map_err(|error| error.to_string())
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

/// What [`words`] wrote.
pub fn read_words(text: &str) -> Result<Vec<u8>, String> {
    match text.strip_prefix("0x") {
        Some(hex) => const_hex::decode(hex).map_err(|error| error.to_string()),
        None => Ok(text.as_bytes().to_vec()),
    }
}

fn encode(message: &DescriptorProto, value: &Value) -> Result<Vec<u8>, String> {
    let Value::Object(object) = value else {
        return Err(format!("{} is not an object", message.name()));
    };
    if is_choice(message) {
        return encode_choice(message, object);
    }
    let mut bytes = Vec::new();
    let mut left: Vec<&String> = object.keys().collect();
    for field in &message.field {
        let named = |error| format!("{}: {error}", field.name());
        left.retain(|name| *name != field.name() && Some(name.as_str()) != base(field));
        let value = object.get(field.name()).cloned();
        let value = read_base(field, object, value).map_err(named)?;
        match value {
            None | Some(Value::Null) => {}
            Some(Value::Array(values)) if field.label() == Label::Repeated => {
                for value in &values {
                    put(field, value, &mut bytes).map_err(named)?;
                }
            }
            Some(_) if field.label() == Label::Repeated => {
                return Err(named("is not a list".into()));
            }
            Some(value) => put(field, &value, &mut bytes).map_err(named)?,
        }
    }
    match left.first() {
        None => Ok(bytes),
        Some(unknown) => {
            let known: Vec<_> = message.field.iter().map(|field| field.name()).collect();
            Err(format!("{unknown}: {} has {}", message.name(), known.join(", ")))
        }
    }
}

fn encode_choice(
    message: &DescriptorProto,
    object: &Map<String, Value>,
) -> Result<Vec<u8>, String> {
    let mut fields = object.clone();
    let name = fields.remove("name");
    let name = name.as_ref().and_then(Value::as_str).unwrap_or_default();
    let known = message.field.iter().find(|field| stable_name(field.name()) == name);
    let field = known.ok_or_else(|| {
        let names: Vec<_> = message.field.iter().map(|field| stable_name(field.name())).collect();
        format!("name \"{name}\" is none of {}", names.join(", "))
    })?;
    let mut bytes = Vec::new();
    let named = |error| format!("{name}: {error}");
    put(field, &Value::Object(fields), &mut bytes).map_err(named)?;
    Ok(bytes)
}

/// The name of an amount or a time without its unit.
fn base(field: &FieldDescriptorProto) -> Option<&str> {
    let name = field.name();
    name.strip_suffix("_micros").or_else(|| name.strip_suffix("_ms"))
}

/// What the name without its unit says, where there is one.
fn read_base(
    field: &FieldDescriptorProto,
    object: &Map<String, Value>,
    value: Option<Value>,
) -> Result<Option<Value>, String> {
    let Some(text) = base(field).and_then(|base| object.get(base)) else { return Ok(value) };
    let text = text.as_str().ok_or("is not text")?;
    let said = match field.name().ends_with("_micros") {
        true if field.r#type() == Type::String => json!(parse_total(text)?.to_string()),
        true => json!(parse_dollars(text).map_err(|error| error.to_string())?),
        false if is_span(field.name()) => json!(duration_ms(text)?),
        false => json!(read_time(text)?),
    };
    match value {
        Some(value) if value != said => Err(format!("{value} is not what \"{text}\" says")),
        _ => Ok(Some(said)),
    }
}

/// Decimal dollars of any size, in micro-dollars.
pub fn parse_total(text: &str) -> Result<u128, String> {
    let (whole, decimals) = text.split_once('.').unwrap_or((text, ""));
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || !digits(whole) || !digits(decimals) || decimals.len() > 6 {
        return Err(format!("\"{text}\" is not dollars with at most six decimal places"));
    }
    let micros = format!("{whole}{decimals:0<6}").parse();
    micros.map_err(|_| format!("\"{text}\" is too much"))
}

/// Whether a field `x_ms` is a length of time, and not a point in it.
pub fn is_span(name: &str) -> bool {
    const SPANS: [&str; 6] =
        ["rail_hold_ms", "report_max_age_ms", "delay_ms", "ttl_ms", "grace_ms", "checkpoint_ms"];
    SPANS.contains(&name)
}

/// `2026-10-01T00:00:00Z`, or `+2h` for two hours from now.
pub fn read_time(text: &str) -> Result<u64, String> {
    if let Some(span) = text.strip_prefix('+') {
        return Ok(now_ms().saturating_add(duration_ms(span)?));
    }
    let instant: jiff::Timestamp = text.parse().map_err(|_| {
        format!("\"{text}\" is not a time such as 2026-10-01T00:00:00Z, or +2h from now")
    })?;
    u64::try_from(instant.as_millisecond()).map_err(|_| format!("\"{text}\" is before 1970"))
}

fn put(field: &FieldDescriptorProto, value: &Value, bytes: &mut Vec<u8>) -> Result<(), String> {
    let number = u32::try_from(field.number()).unwrap_or(0);
    let varint = |value: u64, bytes: &mut Vec<u8>| {
        encode_key(number, WireType::Varint, bytes);
        encode_varint(value, bytes);
    };
    let text = || value.as_str().ok_or_else(|| "is not text".to_owned());
    let inside = match field.r#type() {
        Type::Bool => {
            let value = value.as_bool().ok_or("is neither true nor false")?;
            varint(u64::from(value), bytes);
            return Ok(());
        }
        Type::Enum => {
            varint(kind_number(field.type_name(), text()?)?, bytes);
            return Ok(());
        }
        Type::String => text()?.as_bytes().to_vec(),
        Type::Bytes if is_words(field) => read_words(text()?)?,
        Type::Bytes => const_hex::decode(text()?).map_err(|error| error.to_string())?,
        Type::Message => {
            let known = schema().message(field.type_name()).ok_or("is of no known message")?;
            encode(known, value)?
        }
        _ => {
            varint(value.as_u64().ok_or("is not a whole number")?, bytes);
            return Ok(());
        }
    };
    encode_key(number, WireType::LengthDelimited, bytes);
    encode_varint(inside.len() as u64, bytes);
    bytes.extend(inside);
    Ok(())
}

fn kind_number(kinds: &str, text: &str) -> Result<u64, String> {
    let known = schema().kinds(kinds).ok_or("is of no known kind")?;
    let wanted = text.to_uppercase().replace('-', "_");
    let found =
        known.value.iter().find(|v| v.number() > 0 && short_name(known, v.name()) == wanted);
    let number = found.and_then(|value| u64::try_from(value.number()).ok());
    number.ok_or_else(|| {
        let all = known.value.iter().filter(|value| value.number() > 0);
        let names: Vec<_> = all.map(|value| short_name(known, value.name())).collect();
        format!("\"{text}\" is none of {}", names.join(", "))
    })
}

#[cfg(test)]
mod tests {
    use ballast_proto::v1;
    use ballast_proto::v1::council_operation::Kind;

    use super::*;

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
