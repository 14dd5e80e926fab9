//! Account addresses: the digest of an account's first key policy, printed as bech32m under the
//! network's prefix.

use std::fmt;

use bech32::{Bech32m, Hrp};
use borsh::{BorshDeserialize, BorshSerialize};
use thiserror::Error;

use crate::domain::Domain;
use crate::hash;
use crate::policy::KeyPolicy;

/// The kind of chain an address belongs to. Told apart by the address prefix, so that a payment
/// cannot be sent to the wrong one by mistake.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, BorshSerialize, BorshDeserialize,
)]
pub enum Network {
    Main,
    Test,
    Dev,
}

impl Network {
    pub const ALL: [Self; 3] = [Self::Main, Self::Test, Self::Dev];

    /// The bech32m prefix of the network's addresses.
    pub const fn prefix(self) -> &'static str {
        match self {
            Self::Main => "bal",
            Self::Test => "tbal",
            Self::Dev => "dbal",
        }
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Main => "mainnet",
            Self::Test => "testnet",
            Self::Dev => "devnet",
        })
    }
}

/// An account's address: stays the same when the account's keys are rotated.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, BorshSerialize, BorshDeserialize)]
pub struct Address(pub [u8; 32]);

#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum AddressError {
    #[error("\"{0}\" is not a bech32m address: {1}")]
    NotBech32m(String, String),
    #[error("the address carries {0} bytes instead of 32")]
    WrongLength(usize),
    #[error("the address is for {found} (prefix {}), this is {expected} (prefix {})", found.prefix(), expected.prefix())]
    WrongNetwork { found: Network, expected: Network },
    #[error("the prefix \"{0}\" is not one of bal, tbal, dbal")]
    UnknownPrefix(String),
}

impl Address {
    /// The address of an account that starts out under `policy`.
    pub fn of(policy: &KeyPolicy) -> Self {
        Self(hash::digest_of(Domain::Address, policy).0)
    }

    /// The address as users see it, e.g. `dbal1…`.
    pub fn display(&self, network: Network) -> String {
        let hrp = Hrp::parse_unchecked(network.prefix());
        // 32 bytes under a short prefix are always within bech32m's length.
        bech32::encode::<Bech32m>(hrp, &self.0).unwrap_or_default()
    }

    /// Parses an address of `expected`; one of another network is refused with both named.
    pub fn parse(text: &str, expected: Network) -> Result<Self, AddressError> {
        let (network, address) = Self::parse_any(text)?;
        if network != expected {
            return Err(AddressError::WrongNetwork { found: network, expected });
        }
        Ok(address)
    }

    /// Parses an address of any network.
    pub fn parse_any(text: &str) -> Result<(Network, Self), AddressError> {
        let checked = bech32::primitives::decode::CheckedHrpstring::new::<Bech32m>(text)
            .map_err(|error| AddressError::NotBech32m(text.to_owned(), error.to_string()))?;
        let prefix = checked.hrp().to_lowercase();
        let network = Network::ALL
            .into_iter()
            .find(|network| network.prefix() == prefix)
            .ok_or(AddressError::UnknownPrefix(prefix))?;
        let bytes: Vec<u8> = checked.byte_iter().collect();
        let bytes = <[u8; 32]>::try_from(bytes).map_err(|b| AddressError::WrongLength(b.len()))?;
        Ok((network, Self(bytes)))
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "address {}", const_hex::encode(&self.0[..6]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keys::SecretKey;

    #[test]
    fn an_address_reads_back_and_names_both_networks_when_it_is_the_wrong_one() {
        let address = Address::of(&KeyPolicy::Single(SecretKey::dev("a", "b").public()));
        let text = address.display(Network::Dev);
        assert!(text.starts_with("dbal1"), "{text}");
        assert_eq!(Address::parse(&text, Network::Dev), Ok(address));
        let error = Address::parse(&text, Network::Main).unwrap_err().to_string();
        assert!(error.contains("dbal") && error.contains("prefix bal"), "{error}");
        let mut typo = text.into_bytes();
        let last = typo.len() - 1;
        typo[last] = if typo[last] == b'q' { b'p' } else { b'q' };
        let typo = String::from_utf8(typo).unwrap();
        assert!(matches!(Address::parse(&typo, Network::Dev), Err(AddressError::NotBech32m(..))));
    }
}
