//! The rules of buf's STANDARD category that can be read from descriptors, since buf itself is not
//! at hand: https://buf.build/docs/lint/rules

use std::collections::BTreeSet;

use prost::Message as _;
use prost_types::{DescriptorProto, EnumDescriptorProto, FileDescriptorProto, FileDescriptorSet};

fn files() -> Vec<FileDescriptorProto> {
    FileDescriptorSet::decode(ballast_proto::FILE_DESCRIPTOR_SET).unwrap().file
}

fn is_snake(name: &str) -> bool {
    name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
}

fn is_pascal(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_uppercase())
        && name.bytes().all(|b| b.is_ascii_alphanumeric())
}

/// `TxState` as `TX_STATE_`.
fn prefix_of(name: &str) -> String {
    let upper = name.chars().flat_map(|c| {
        let gap = c.is_ascii_uppercase().then_some('_');
        gap.into_iter().chain([c.to_ascii_uppercase()])
    });
    upper.skip(1).chain(['_']).collect()
}

fn check_enum(declared: &EnumDescriptorProto) {
    let prefix = prefix_of(declared.name());
    assert!(is_pascal(declared.name()));
    for value in &declared.value {
        assert!(value.name().starts_with(&prefix), "{} lacks {prefix}", value.name());
        assert_eq!(value.number() == 0, value.name() == format!("{prefix}UNSPECIFIED"));
    }
}

fn check_message(message: &DescriptorProto) {
    assert!(is_pascal(message.name()), "{}", message.name());
    let fields = message.field.iter().map(|field| field.name());
    for name in fields.chain(message.oneof_decl.iter().map(|oneof| oneof.name())) {
        // proto3's `optional` makes a hidden oneof of the field's name after an underscore.
        assert!(is_snake(name), "{}.{name}", message.name());
    }
    message.enum_type.iter().for_each(check_enum);
    message.nested_type.iter().for_each(check_message);
}

#[test]
fn files_messages_and_enums_are_named_by_the_rules() {
    for file in files() {
        assert_eq!(file.package(), "ballast.v1");
        let name = file.name().strip_prefix("ballast/v1/").and_then(|n| n.strip_suffix(".proto"));
        assert!(name.is_some_and(is_snake), "{}", file.name());
        assert!(file.public_dependency.is_empty() && file.weak_dependency.is_empty());
        file.enum_type.iter().for_each(check_enum);
        file.message_type.iter().for_each(check_message);
    }
}

#[test]
fn every_call_has_a_request_and_a_response_of_its_own() {
    let mut seen = BTreeSet::new();
    let services = files().into_iter().flat_map(|file| file.service);
    for service in services {
        assert!(service.name().ends_with("Service") && is_pascal(service.name()));
        for call in &service.method {
            assert!(is_pascal(call.name()));
            let (input, output) = (call.input_type(), call.output_type());
            assert_eq!(input, format!(".ballast.v1.{}Request", call.name()));
            assert_eq!(output, format!(".ballast.v1.{}Response", call.name()));
            assert!(seen.insert(call.name().to_owned()), "{} is used twice", call.name());
        }
    }
    assert_eq!(seen.len(), 42);
}
