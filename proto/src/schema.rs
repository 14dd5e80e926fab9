//! The messages by name, as the `.proto` files describe them: for what shows or reads any of them
//! without a line of its own for each.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use prost::Message as _;
use prost_types::{DescriptorProto, EnumDescriptorProto, FileDescriptorSet};

/// What descriptors put before the name of a message or an enumeration of ours.
const PACKAGE: &str = ".ballast.v1.";

/// All messages and enumerations.
#[derive(Debug, Default)]
pub struct Schema {
    messages: BTreeMap<String, DescriptorProto>,
    enums: BTreeMap<String, EnumDescriptorProto>,
}

static SCHEMA: LazyLock<Schema> = LazyLock::new(|| {
    // The bytes are this build's own; a test finds everything in them.
    let set = FileDescriptorSet::decode(crate::FILE_DESCRIPTOR_SET).unwrap_or_default();
    let mut schema = Schema::default();
    for file in set.file {
        schema.messages.extend(file.message_type.into_iter().map(|m| (m.name().to_owned(), m)));
        schema.enums.extend(file.enum_type.into_iter().map(|e| (e.name().to_owned(), e)));
    }
    schema
});

pub fn schema() -> &'static Schema {
    &SCHEMA
}

impl Schema {
    /// A message, by its name or by its full one.
    pub fn message(&self, name: &str) -> Option<&DescriptorProto> {
        self.messages.get(name.strip_prefix(PACKAGE).unwrap_or(name))
    }

    /// An enumeration, by its name or by its full one.
    pub fn kinds(&self, name: &str) -> Option<&EnumDescriptorProto> {
        self.enums.get(name.strip_prefix(PACKAGE).unwrap_or(name))
    }

    /// The choices of `Operation`, `CouncilOperation` or `Event`: stable name and number.
    pub fn choices(&self, message: &str) -> Vec<(String, i32)> {
        let fields = self.message(message).into_iter().flat_map(|found| &found.field);
        fields.map(|field| (stable_name(field.name()), field.number())).collect()
    }
}

/// The stable name of the choice whose field is `field`: `SetBridge` for `set_bridge`.
pub fn stable_name(field: &str) -> String {
    let word = |word: &str| {
        let (first, rest) = word.split_at_checked(1).unwrap_or((word, ""));
        first.to_uppercase() + rest
    };
    field.split('_').map(word).collect()
}

/// The name of a kind without its enumeration's: `MINTER` for `ROLE_MINTER`.
pub fn short_name<'a>(kinds: &EnumDescriptorProto, name: &'a str) -> &'a str {
    let first = kinds.value.first().map_or("", |value| value.name());
    let prefix = first.strip_suffix("UNSPECIFIED").unwrap_or_default();
    name.strip_prefix(prefix).unwrap_or(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_kinds_and_choices_are_found_by_name() {
        assert!(schema().message(".ballast.v1.Transfer").is_some());
        assert!(schema().message("Nothing").is_none());
        let role = schema().kinds("Role").unwrap();
        assert_eq!(short_name(role, "ROLE_MINT_CONTROLLER"), "MINT_CONTROLLER");
        assert!(schema().choices("Operation").contains(&("SetMinterAllowance".to_owned(), 22)));
    }
}
