//! Canonical Borsh: what decodes must encode back to the very same bytes.

use borsh::{BorshDeserialize, BorshSerialize};
use thiserror::Error;

#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum DecodeError {
    #[error("{size} bytes is over the limit of {max}")]
    TooLarge { size: usize, max: usize },
    #[error("{0}")]
    Malformed(String),
    #[error("the bytes are not the canonical encoding")]
    NotCanonical,
}

/// What most encoded values fit into, so that writing one allocates once.
const TYPICAL_BYTES: usize = 256;

/// Canonical bytes of `value`. Writing to memory cannot fail.
pub fn encode<T: BorshSerialize + ?Sized>(value: &T) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(TYPICAL_BYTES);
    encode_into(value, &mut bytes);
    bytes
}

/// Appends the canonical bytes of `value` to `bytes`.
pub fn encode_into<T: BorshSerialize + ?Sized>(value: &T, bytes: &mut Vec<u8>) {
    if value.serialize(bytes).is_err() {
        // A `Vec` writer never fails, and no type of ours refuses to be written.
        unreachable!("writing Borsh to memory failed");
    }
}

/// Decodes `bytes` whole: no more than `max` bytes, no trailing bytes, strict order, and
/// re-encoding gives `bytes` again.
pub fn decode<T: BorshDeserialize + BorshSerialize>(
    bytes: &[u8],
    max: usize,
) -> Result<T, DecodeError> {
    if bytes.len() > max {
        return Err(DecodeError::TooLarge { size: bytes.len(), max });
    }
    let value: T =
        borsh::from_slice(bytes).map_err(|error| DecodeError::Malformed(error.to_string()))?;
    if encode(&value) != bytes {
        return Err(DecodeError::NotCanonical);
    }
    Ok(value)
}
