//! JSON whose objects name no field twice. The last one would win, unseen by whoever reads the first.

use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

/// Reads a file's text.
pub fn read(text: &str) -> Result<Value, String> {
    serde_json::from_str::<Once>(text).map(|once| once.0).map_err(|error| error.to_string())
}

struct Once(Value);

impl<'de> Deserialize<'de> for Once {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(Fields).map(Self)
    }
}

struct Fields;

impl<'de> Visitor<'de> for Fields {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Value, E> {
        Number::from_f64(value).map(Value::Number).ok_or_else(|| E::custom("is no number"))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut from: A) -> Result<Value, A::Error> {
        let mut values = Vec::new();
        while let Some(Once(value)) = from.next_element()? {
            values.push(value);
        }
        Ok(Value::Array(values))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut from: A) -> Result<Value, A::Error> {
        let mut fields = Map::new();
        while let Some(name) = from.next_key::<String>()? {
            if fields.contains_key(&name) {
                return Err(A::Error::custom(format!("{name}: is there twice")));
            }
            let Once(value) = from.next_value()?;
            fields.insert(name, value);
        }
        Ok(Value::Object(fields))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_that_is_there_twice_is_refused_at_any_depth() {
        for text in [
            r#"{"amount": "1", "amount": "1000000"}"#,
            r#"[{"name": "Transfer", "to": "a", "to": "b"}]"#,
            r#"{"body": {"ops": [{"x": {"y": 1, "y": 1}}]}}"#,
            r#"{"a": 1, "\u0061": 2}"#,
        ] {
            let problem = read(text).unwrap_err();
            assert!(problem.contains("is there twice"), "{text}: {problem}");
        }
    }

    #[test]
    fn everything_else_reads_as_it_would() {
        let text = r#"{"a": [1, -2, 1.5, true, null, "x", {}], "b": {"a": 18446744073709551615}}"#;
        assert_eq!(read(text), Ok(serde_json::from_str(text).unwrap()));
        for text in ["", "{", "[1,]", "{\"a\" 1}"] {
            assert!(read(text).is_err(), "{text}");
        }
    }
}
