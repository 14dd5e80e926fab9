//! Byte layouts as the pages of docs/spec state them: the tables are read, and bytes are decoded by
//! what they say. This shares nothing with the code that encodes, so a page that is wrong, or that
//! lacks something, is noticed.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde_json::{Map, Value, json};

#[derive(Clone, Debug)]
enum Type {
    Integer(usize),
    Bool,
    Text,
    Bytes,
    FixedBytes(usize),
    Option(Box<Self>),
    List(Box<Self>),
    Array(Box<Self>, usize),
    Named(String),
}

type Fields = Vec<(String, Type)>;

#[derive(Clone, Debug)]
enum Definition {
    Structure(Fields),
    /// By number: the variant's name and fields.
    Enumeration(BTreeMap<u8, (String, Fields)>),
}

/// Everything that the pages define.
pub struct Pages(BTreeMap<String, Definition>);

/// The lines of a page of docs/spec.
pub fn page(name: &str) -> String {
    let path: PathBuf = [env!("CARGO_MANIFEST_DIR"), "..", "docs", "spec", name].iter().collect();
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The cells of the rows of the table that begins with `head`.
pub fn tables(text: &str, head: &[&str]) -> Vec<Vec<String>> {
    let cells = |line: &str| -> Vec<String> {
        let inner = line.trim().trim_matches('|');
        inner.split('|').map(|cell| cell.trim().replace('\\', "")).collect()
    };
    let mut rows = Vec::new();
    let mut inside = false;
    for line in text.lines() {
        if !line.starts_with('|') {
            inside = false;
        } else if cells(line).iter().zip(head).all(|(cell, name)| cell == name) {
            inside = true;
        } else if inside && !line.starts_with("|---") {
            rows.push(cells(line));
        }
    }
    rows
}

impl Pages {
    pub fn read() -> Self {
        let mut pages = Self(BTreeMap::new());
        let operations = page("operations.md");
        let (accounts, council) = operations.split_once("## Operations of the council").unwrap();
        pages.add_operations("Op", accounts);
        pages.add_operations("CouncilOp", council);
        let events = tables(&operations, &["No.", "Event", "Fields"]);
        let variant = |row: &Vec<String>| (number(&row[0]), (row[1].clone(), fields(&row[2])));
        pages.add("Event", Definition::Enumeration(events.iter().map(variant).collect()));
        for text in [&operations, &page("state.md"), &page("bytes.md")] {
            for row in tables(text, &["Structure", "Fields"]) {
                pages.add(&row[0], definition(&row[1]));
            }
        }
        pages.add_objects(&page("state.md"));
        pages
    }

    fn add(&mut self, name: &str, definition: Definition) {
        let before = self.0.insert(name.to_owned(), definition);
        assert!(before.is_none(), "{name} is defined twice");
    }

    fn add_operations(&mut self, name: &str, text: &str) {
        let rows = tables(text, &["No.", "Operation"]);
        let variant = |row: &Vec<String>| {
            let (name, rest) = row[1].trim_start_matches("**").split_once("**").unwrap();
            let inside = rest.trim_start_matches('{').split_once('}').unwrap().0;
            (number(&row[0]), (name.to_owned(), fields(inside)))
        };
        self.add(name, Definition::Enumeration(rows.iter().map(variant).collect()));
    }

    fn add_objects(&mut self, text: &str) {
        let (mut keys, mut objects) = (BTreeMap::new(), BTreeMap::new());
        for row in tables(text, &["Tag", "Key", "Fields of the object"]) {
            let (name, key) = variant(&row[1]);
            keys.insert(number(&row[0]), (name.clone(), key));
            objects.insert(number(&row[0]), (name, fields(&row[2])));
        }
        self.add("Key", Definition::Enumeration(keys));
        self.add("Object", Definition::Enumeration(objects));
    }

    /// Decodes all of `bytes` as a value of type `name`.
    pub fn decode(&self, name: &str, bytes: &[u8]) -> Value {
        let mut rest = bytes;
        let value = self.named(name, &mut rest);
        assert!(rest.is_empty(), "{name}: {} bytes are left over", rest.len());
        value
    }

    /// Decodes a value of type `name` from the front of `bytes`.
    pub fn named(&self, name: &str, bytes: &mut &[u8]) -> Value {
        match self.0.get(name).unwrap_or_else(|| panic!("no page defines {name}")) {
            Definition::Structure(fields) => Value::Object(self.fields(fields, bytes)),
            Definition::Enumeration(variants) => {
                let number = take(bytes, 1)[0];
                let (variant, fields) = variants
                    .get(&number)
                    .unwrap_or_else(|| panic!("no page gives {name} the number {number}"));
                if variants.values().all(|(_, fields)| fields.is_empty()) {
                    return json!(variant);
                }
                let mut value = self.fields(fields, bytes);
                value.insert("type".to_owned(), json!(variant));
                Value::Object(value)
            }
        }
    }

    fn fields(&self, fields: &Fields, bytes: &mut &[u8]) -> Map<String, Value> {
        fields.iter().map(|(name, kind)| (name.clone(), self.value(kind, bytes))).collect()
    }

    fn value(&self, kind: &Type, bytes: &mut &[u8]) -> Value {
        match kind {
            Type::Integer(size) => integer(take(bytes, *size)),
            Type::Bool => json!(flag(bytes)),
            Type::Text => json!(std::str::from_utf8(counted(bytes)).unwrap()),
            Type::Bytes => json!(const_hex::encode(counted(bytes))),
            Type::FixedBytes(size) => json!(const_hex::encode(take(bytes, *size))),
            Type::Option(inner) => match flag(bytes) {
                true => self.value(inner, bytes),
                false => Value::Null,
            },
            Type::List(inner) => {
                let count = length(bytes);
                (0..count).map(|_| self.value(inner, bytes)).collect()
            }
            Type::Array(inner, count) => (0..*count).map(|_| self.value(inner, bytes)).collect(),
            Type::Named(name) => self.named(name, bytes),
        }
    }
}

fn number(cell: &str) -> u8 {
    cell.parse().unwrap_or_else(|_| panic!("{cell} is no number"))
}

fn take<'a>(bytes: &mut &'a [u8], count: usize) -> &'a [u8] {
    let (front, rest) = bytes.split_at_checked(count).expect("the bytes end too early");
    *bytes = rest;
    front
}

fn length(bytes: &mut &[u8]) -> usize {
    u32::from_le_bytes(take(bytes, 4).try_into().unwrap()) as usize
}

fn counted<'a>(bytes: &mut &'a [u8]) -> &'a [u8] {
    let count = length(bytes);
    take(bytes, count)
}

fn flag(bytes: &mut &[u8]) -> bool {
    match take(bytes, 1)[0] {
        0 => false,
        1 => true,
        other => panic!("{other} is neither 0 nor 1"),
    }
}

/// Integers that a JSON reader's floats would lose are strings.
fn integer(bytes: &[u8]) -> Value {
    let value = bytes.iter().rev().fold(0u128, |value, byte| value << 8 | u128::from(*byte));
    if bytes.len() < 8 { json!(value as u64) } else { json!(value.to_string()) }
}

/// `owner, to: Address, amount: u64`: names up to a colon share the type behind it.
fn fields(text: &str) -> Fields {
    let (mut fields, mut waiting) = (Fields::new(), Vec::new());
    for part in text.split(',').map(str::trim).filter(|part| !part.is_empty()) {
        let (name, kind) = part.split_once(':').map_or((part, None), |(n, k)| (n, Some(k)));
        waiting.push(name.to_owned());
        if let Some(kind) = kind {
            let kind = parse(kind.trim());
            fields.extend(waiting.drain(..).map(|name| (name, kind.clone())));
        }
    }
    assert!(waiting.is_empty(), "{text}: no type for {waiting:?}");
    fields
}

/// `Name{fields}` or `Name`.
fn variant(text: &str) -> (String, Fields) {
    let (name, rest) = text.split_once('{').unwrap_or((text, "}"));
    (name.to_owned(), fields(rest.strip_suffix('}').unwrap()))
}

/// Fields of a structure, or `0 NAME, 1 Name{fields}` of an enumeration.
fn definition(text: &str) -> Definition {
    if !text.starts_with(|first: char| first.is_ascii_digit()) {
        return Definition::Structure(fields(text));
    }
    let mut variants = BTreeMap::new();
    let mut rest = text;
    while !rest.is_empty() {
        let (at, after) = rest.split_once(' ').unwrap();
        let (comma, brace) = (after.find(','), after.find('{'));
        let end = match (comma, brace) {
            (Some(comma), Some(brace)) if brace < comma => after.find('}').unwrap() + 1,
            (Some(comma), _) => comma,
            (None, _) => after.len(),
        };
        let (one, left) = after.split_at(end);
        variants.insert(number(at), variant(one));
        rest = left.trim_start_matches(", ");
    }
    Definition::Enumeration(variants)
}

fn parse(text: &str) -> Type {
    let inside = |name: &str| {
        text.strip_prefix(name)?
            .strip_prefix('<')?
            .strip_suffix('>')
            .map(|inner| Box::new(parse(inner)))
    };
    if let Some(inner) = inside("Option") {
        return Type::Option(inner);
    }
    if text == "Vec<u8>" {
        return Type::Bytes;
    }
    if let Some(inner) = inside("Vec") {
        return Type::List(inner);
    }
    if let Some(array) = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')) {
        let (inner, count) = array.split_once("; ").unwrap();
        let count = count.parse().unwrap();
        return match inner {
            "u8" => Type::FixedBytes(count),
            _ => Type::Array(Box::new(parse(inner)), count),
        };
    }
    match text {
        "u8" => Type::Integer(1),
        "u16" => Type::Integer(2),
        "u32" => Type::Integer(4),
        "u64" => Type::Integer(8),
        "u128" => Type::Integer(16),
        "bool" => Type::Bool,
        "String" => Type::Text,
        "Hash" | "Address" | "PublicKey" => Type::FixedBytes(32),
        "Signature" => Type::FixedBytes(64),
        name => Type::Named(name.to_owned()),
    }
}
