//! Page tokens: opaque to clients, bound to the request they continue.

use ballast_primitives::codec;
use ballast_proto::error::{ServiceReason, WireError};
use borsh::{BorshDeserialize, BorshSerialize};

/// The most bytes of a decoded token.
const TOKEN_BYTES_MAX: usize = 128;

/// Writes a token.
pub(super) fn token<T: BorshSerialize>(place: &T) -> String {
    const_hex::encode(codec::encode(place))
}

/// Reads a token that `token` wrote; none when the text is empty.
pub(super) fn read_token<T: BorshSerialize + BorshDeserialize>(
    text: &str,
) -> Result<Option<T>, WireError> {
    if text.is_empty() {
        return Ok(None);
    }
    if text.len() > 2 * TOKEN_BYTES_MAX {
        return Err(bad_token());
    }
    let bytes = const_hex::decode(text).map_err(|_| bad_token())?;
    codec::decode(&bytes, TOKEN_BYTES_MAX).map(Some).map_err(|_| bad_token())
}

pub(super) fn bad_token() -> WireError {
    WireError::field("page_token", "was not given out for this request")
        .reason(ServiceReason::BadPageToken)
}
