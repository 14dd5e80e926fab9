//! Where a reader of events stands.

use std::fmt;
use std::str::FromStr;

use ballast_proto::error::{ServiceReason, WireError};

/// A position behind which a reader goes on: an event, or (`HEIGHT` alone) the end of a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Cursor {
    pub height: u64,
    pub tx: u32,
    pub event: u32,
}

impl Cursor {
    /// Behind everything in the block at `height`.
    pub const fn end_of(height: u64) -> Self {
        Self { height, tx: u32::MAX, event: u32::MAX }
    }

    /// Behind everything in the receipt at `(height, tx)`.
    pub const fn end_of_tx(height: u64, tx: u32) -> Self {
        Self { height, tx, event: u32::MAX }
    }

    /// The first height in which something may follow.
    pub const fn next_height(&self) -> u64 {
        if self.tx == u32::MAX { self.height.saturating_add(1) } else { self.height }
    }
}

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if *self == Self::end_of(self.height) {
            return write!(f, "{}", self.height);
        }
        write!(f, "{}/{}/{}", self.height, self.tx, self.event)
    }
}

impl FromStr for Cursor {
    type Err = WireError;

    fn from_str(text: &str) -> Result<Self, WireError> {
        let parts: Vec<_> = text.splitn(4, '/').collect();
        match parts.as_slice() {
            [height] => number(height).map(Self::end_of),
            [height, tx, event] => {
                Ok(Self { height: number(height)?, tx: small(tx)?, event: small(event)? })
            }
            _ => Err(bad_cursor()),
        }
    }
}

/// Decimal digits alone, without leading zeros: one spelling for each cursor.
fn number(text: &str) -> Result<u64, WireError> {
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    let canonical = digits && (text == "0" || !text.starts_with('0'));
    let value = if canonical { text.parse().ok() } else { None };
    value.ok_or_else(bad_cursor)
}

fn small(text: &str) -> Result<u32, WireError> {
    u32::try_from(number(text)?).map_err(|_| bad_cursor())
}

fn bad_cursor() -> WireError {
    WireError::field("after", "a cursor is HEIGHT or HEIGHT/TX/EVENT")
        .reason(ServiceReason::BadCursor)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_has_one_spelling() {
        for text in ["0", "7", "7/0/0", "18446744073709551615/4294967295/0"] {
            assert_eq!(text.parse::<Cursor>().unwrap().to_string(), text);
        }
        for text in ["", "/", "07", "7/0", "7/0/0/0", "-1", "+1", "7/00/0", "7/4294967296/0", "x"] {
            let error = text.parse::<Cursor>().unwrap_err();
            assert_eq!(error.reason, ServiceReason::BadCursor.into(), "{text}");
        }
    }

    #[test]
    fn cursors_are_ordered_as_events_are() {
        let texts = ["0", "1/0/0", "1/0/1", "1/1/0", "1", "2/0/0", "2"];
        let cursors: Vec<Cursor> = texts.iter().map(|text| text.parse().unwrap()).collect();
        assert!(cursors.is_sorted_by(|a, b| a < b));
    }
}
