//! What every part of Ballast, and every verifier outside it, must agree on byte for byte:
//! hashes and their domains, keys and the one signature rule, addresses, amounts, committees and
//! quorums, block headers, certificates and proofs.
//!
//! Pure: no I/O, clock, thread or hash-map iteration. Everything that input can reach returns a
//! status. Formats are Borsh, canonical (`decode` refuses anything that would not re-encode to
//! the same bytes), and frozen by golden vectors under `tests/`.

// Denied outside tests: what a peer sends must not be able to stop a node.
#![cfg_attr(
    not(test),
    deny(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::indexing_slicing,
        clippy::cast_possible_truncation,
        reason = "what input can reach returns a status"
    ),
    deny(
        clippy::float_arithmetic,
        clippy::disallowed_types,
        clippy::disallowed_methods,
        reason = "every machine must compute the same: see runtime/clippy.toml"
    )
)]

pub mod address;
pub mod amount;
pub mod block;
pub mod certificate;
pub mod codec;
pub mod committee;
pub mod domain;
pub mod equivocation;
pub mod hash;
pub mod history;
pub mod keys;
pub mod merkle;
pub mod override_record;
pub mod planted;
pub mod policy;
pub mod proof;
pub mod signature;
pub mod turns;

pub use address::{Address, Network};
pub use block::{BatchRef, Header, Payload};
pub use certificate::{CommitCertificate, CommitSignature, Vote, VoteKind};
pub use codec::{DecodeError, decode};
pub use committee::{Committee, Validator};
pub use domain::Domain;
pub use equivocation::{Evidence, Names};
pub use hash::Hash;
pub use keys::{PublicKey, SecretKey, Signature};
pub use policy::KeyPolicy;
pub use turns::{Return, Turns};
