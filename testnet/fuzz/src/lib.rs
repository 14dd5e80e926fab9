//! The bodies of the targets, where they stand: beside the tests that give them a short run.
#![allow(dead_code, reason = "shared test code; a target uses a part of it")]

#[path = "../../../runtime/tests/properties/any.rs"]
mod any;
#[path = "../../../runtime/tests/common/mod.rs"]
mod common;
/// Sources of the node that depend on no other part of it, so that no target builds RocksDB.
#[path = "../../../node/src/journal/mod.rs"]
pub mod journal;
#[path = "../../../runtime/tests/properties/steps.rs"]
mod steps;

#[path = "../../../node/tests/fuzz/bodies.rs"]
pub mod files;
#[path = "../../../proto/tests/fuzz/bodies.rs"]
pub mod proto;
#[path = "../../../node/replica/tests/fuzz/bodies.rs"]
pub mod replica;
#[path = "../../../runtime/tests/fuzz/bodies.rs"]
pub mod runtime;
