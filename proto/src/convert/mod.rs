//! The one conversion between the chain's own types and the messages that show them. Whatever is a
//! [`Field`] is shown by [`Wire::show`] and read by [`Wire::read`]; each other `x` has its `read_x`.
//! Reading back what was written gives the same value.
//!
//! Addresses are shown under the network's prefix, so a [`Wire`] knows its network; an address of
//! another network is refused with both named.

mod block;
mod enums;
mod event;
mod field;
mod object;
mod op;
mod receipt;

pub use event::EVENT_NAMES;
pub use field::Field;

use std::fmt;

use ballast_primitives::{Address, Hash, KeyPolicy, Network, PublicKey, Signature};

use crate::error::WireError;
use crate::v1;

/// Converts for one network.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wire {
    pub network: Network,
}

/// A message that does not stand for a value: which field, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConvertError {
    pub field: &'static str,
    pub problem: String,
}

impl ConvertError {
    pub fn new(field: &'static str, problem: impl fmt::Display) -> Self {
        Self { field, problem: problem.to_string() }
    }

    fn missing(field: &'static str) -> Self {
        Self::new(field, "is missing")
    }
}

impl fmt::Display for ConvertError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.field, self.problem)
    }
}

impl std::error::Error for ConvertError {}

impl From<ConvertError> for WireError {
    fn from(error: ConvertError) -> Self {
        Self::field(error.field, error.problem)
    }
}

impl Wire {
    pub const fn new(network: Network) -> Self {
        Self { network }
    }

    pub fn address(&self, address: &Address) -> String {
        address.display(self.network)
    }

    pub fn read_address(&self, field: &'static str, text: &str) -> Result<Address, ConvertError> {
        Address::parse(text, self.network).map_err(|error| ConvertError::new(field, error))
    }

    /// The message, or the field of one, that shows a value.
    pub fn show<T: Field<W>, W>(&self, value: &T) -> W {
        value.show(self)
    }

    /// Reads what [`Self::show`] wrote; `field` is the name to blame when it stands for no value.
    pub fn read<T: Field<W>, W>(&self, field: &'static str, shown: &W) -> Result<T, ConvertError> {
        T::read(self, field, shown)
    }

    pub fn policy(&self, policy: &KeyPolicy) -> v1::KeyPolicy {
        v1::KeyPolicy {
            threshold: matches!(policy, KeyPolicy::Threshold { .. }),
            required: u32::try_from(policy.required()).unwrap_or(u32::MAX),
            public_keys: policy.keys().iter().map(PublicKey::to_string).collect(),
        }
    }

    /// Reads a policy's shape; whether it is acceptable is [`KeyPolicy::check`]'s to say.
    pub fn read_policy(&self, policy: &v1::KeyPolicy) -> Result<KeyPolicy, ConvertError> {
        let keys = policy.public_keys.iter().map(|key| read_key("public_keys", key));
        let keys = keys.collect::<Result<Vec<_>, _>>()?;
        match (policy.threshold, policy.required, keys.as_slice()) {
            (false, 1, [key]) => Ok(KeyPolicy::Single(*key)),
            (false, ..) => Err(ConvertError::new("policy", "a single policy has one key")),
            (true, required, _) => {
                Ok(KeyPolicy::Threshold { k: Field::read(self, "required", &required)?, keys })
            }
        }
    }
}

/// Reads 64 hex digits.
pub fn read_hash(field: &'static str, text: &str) -> Result<Hash, ConvertError> {
    check_hex(field, text)?;
    text.parse().map_err(|error| ConvertError::new(field, error))
}

/// Reads a public key of 64 hex digits.
pub fn read_key(field: &'static str, text: &str) -> Result<PublicKey, ConvertError> {
    check_hex(field, text)?;
    text.parse().map_err(|error| ConvertError::new(field, error))
}

fn check_hex(field: &'static str, text: &str) -> Result<(), ConvertError> {
    let good = text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    if good { Ok(()) } else { Err(ConvertError::new(field, "is not 64 hex digits")) }
}

pub fn read_signature(field: &'static str, bytes: &[u8]) -> Result<Signature, ConvertError> {
    bytes
        .try_into()
        .map(Signature)
        .map_err(|_| ConvertError::new(field, "a signature has 64 bytes"))
}

/// Reads a total below 2^128 in decimal.
pub fn read_total(field: &'static str, text: &str) -> Result<u128, ConvertError> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let total = if digits { text.parse().ok() } else { None };
    total.ok_or_else(|| ConvertError::new(field, "is not a decimal number below 2^128"))
}

impl Field<v1::KeyPolicy> for KeyPolicy {
    fn show(&self, wire: &Wire) -> v1::KeyPolicy {
        wire.policy(self)
    }

    fn read(wire: &Wire, _: &'static str, shown: &v1::KeyPolicy) -> Result<Self, ConvertError> {
        wire.read_policy(shown)
    }
}

field::required!(KeyPolicy => KeyPolicy);

#[cfg(test)]
mod tests;
