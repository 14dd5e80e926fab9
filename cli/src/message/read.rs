//! JSON as messages.

use ballast_primitives::amount::parse_dollars;
use ballast_proto::schema::{schema, short_name, stable_name};
use prost::Message;
use prost::encoding::{WireType, encode_key, encode_varint};
use prost_types::field_descriptor_proto::{Label, Type};
use prost_types::{DescriptorProto, FieldDescriptorProto};
use serde_json::{Map, Value, json};

use super::{is_choice, is_words};
use crate::cli::duration_ms;
use crate::send::now_ms;

/// Reads a message of the name `name`.
pub fn read<M: Message + Default>(name: &str, value: &Value) -> Result<M, String> {
    let known = schema().message(name).ok_or_else(|| format!("there is no message {name}"))?;
    M::decode(encode(known, value)?.as_slice()).map_err(|error| error.to_string())
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
