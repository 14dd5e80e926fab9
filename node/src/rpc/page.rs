//! Page tokens: opaque to clients, bound to the request they continue.

use ballast_primitives::{Hash, codec};
use ballast_proto::error::{ServiceReason, WireError};
use ballast_runtime::Key;
use borsh::{BorshDeserialize, BorshSerialize};

use super::backend::Head;
use super::context::{Context, internal};

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

/// What all pages of a list over the newest state rest on: the block of the first page, and what
/// was in the state then. The state of a past block is not kept, so a list goes on only for as long
/// as what it lists is the same.
#[derive(Clone, Copy, BorshSerialize, BorshDeserialize)]
pub(super) struct Pin {
    pub height: u64,
    pub time_ms: u64,
    digest: Hash,
}

impl Pin {
    /// The pin of a page's token, if what is in `ranges` is still the same; of a first page a new
    /// one.
    pub fn of(
        context: &Context,
        before: Option<Self>,
        ranges: &[(Key, Key)],
    ) -> Result<Self, WireError> {
        let digest = context.store().digest_of(ranges).map_err(internal)?;
        let Head { height, time_ms, .. } = context.head();
        match before {
            None => Ok(Self { height, time_ms, digest }),
            Some(pin) if pin.digest == digest => Ok(pin),
            Some(_) => Err(list_changed()),
        }
    }
}

pub(super) fn list_changed() -> WireError {
    WireError::new(ServiceReason::ListChanged)
}

pub(super) fn bad_token() -> WireError {
    WireError::field("page_token", "was not given out for this request")
        .reason(ServiceReason::BadPageToken)
}
