//! Ballast over gRPC: the generated messages and services ([`v1`]), the one conversion between
//! them and the chain's own types ([`convert`]), the one mapping of errors ([`error`]), and the
//! messages by name ([`schema`]).
//!
//! Canonical Borsh is what is signed and hashed; Protobuf carries it and shows it. Nothing here is
//! ever hashed. `tests/codegen.rs` keeps `src/gen/` equal to the `.proto` files.

#![cfg_attr(
    not(test),
    deny(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::indexing_slicing,
        clippy::arithmetic_side_effects,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "what the other side sends is answered, whatever it is"
    )
)]

pub mod convert;
pub mod error;
pub mod schema;

/// Generated from `proto/ballast/v1/*.proto`.
#[allow(clippy::all, clippy::pedantic, clippy::nursery, rustdoc::all)]
pub mod v1 {
    include!("gen/ballast.v1.rs");
}

/// The encoded descriptors of [`v1`], for server reflection.
pub const FILE_DESCRIPTOR_SET: &[u8] = include_bytes!("gen/ballast.v1.bin");

pub use convert::Wire;
pub use error::{Reason, WireError};
