//! Payment URIs: what a payee gives to a payer, as text or in a QR code.
//!
//! ```text
//! ballast:ADDRESS?amount=12.50&ref=INV-17
//! ```
//!
//! The address says which network is meant. A parameter whose name begins with `req-` and that is
//! not known makes the whole unusable, and so does a `currency` that is not USD; others that are not
//! known are passed over.

use std::fmt::Write as _;

use ballast_primitives::amount::{format_dollars, parse_dollars};
use ballast_runtime::tx::MEMO_BYTES_MAX;

pub const SCHEME: &str = "ballast:";
/// Longer than any that makes sense.
const BYTES_MAX: usize = 1_024;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PaymentUri {
    /// As it is written; which network it is of is for the reader to check.
    pub address: String,
    /// Micro-dollars; none leaves it to the payer.
    pub amount: Option<u64>,
    /// What the payer is to give as reference.
    pub memo: Option<String>,
}

impl PaymentUri {
    pub fn parse(text: &str) -> Result<Self, String> {
        if text.len() > BYTES_MAX {
            return Err(format!("it has more than {BYTES_MAX} bytes"));
        }
        let rest = text.strip_prefix(SCHEME).ok_or("it does not begin with ballast:")?;
        let (address, query) = rest.split_once('?').unwrap_or((rest, ""));
        let mut uri = Self { address: address.to_owned(), amount: None, memo: None };
        for parameter in query.split('&').filter(|parameter| !parameter.is_empty()) {
            let (name, value) = parameter.split_once('=').unwrap_or((parameter, ""));
            let value = decode(value)?;
            let again = match name {
                "amount" => {
                    let amount = parse_dollars(&value).map_err(|error| error.to_string())?;
                    uri.amount.replace(amount).is_some()
                }
                "ref" if value.len() > MEMO_BYTES_MAX => {
                    return Err(format!("the reference has more than {MEMO_BYTES_MAX} bytes"));
                }
                "ref" => uri.memo.replace(value).is_some(),
                "currency" if value != "USD" => {
                    return Err(format!("it asks for {value}, and what is paid here is dollars"));
                }
                _ if name.starts_with("req-") => {
                    return Err(format!("it needs {name}, which this program does not know"));
                }
                _ => false,
            };
            if again {
                return Err(format!("{name} is said twice"));
            }
        }
        Ok(uri)
    }
}

impl std::fmt::Display for PaymentUri {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{SCHEME}{}", self.address)?;
        let amount = self.amount.map(|amount| format!("amount={}", format_dollars(amount.into())));
        let memo = self.memo.as_ref().map(|memo| format!("ref={}", encode(memo)));
        for (parameter, mark) in amount.into_iter().chain(memo).zip(['?', '&']) {
            write!(f, "{mark}{parameter}")?;
        }
        Ok(())
    }
}

fn encode(text: &str) -> String {
    let mut encoded = String::new();
    for byte in text.bytes() {
        match byte {
            b'0'..=b'9' | b'A'..=b'Z' | b'a'..=b'z' | b'-' | b'.' | b'_' | b'~' => {
                encoded.push(char::from(byte));
            }
            // Writing to a string does not fail.
            _ => drop(write!(encoded, "%{byte:02X}")),
        }
    }
    encoded
}

fn decode(text: &str) -> Result<String, String> {
    let malformed = || format!("\"{text}\" is not percent-encoded text");
    let mut bytes = Vec::new();
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte != b'%' {
            bytes.push(byte);
            continue;
        }
        let mut digit = || char::from(rest.next()?).to_digit(16);
        let value = digit().zip(digit()).and_then(|(high, low)| u8::try_from(high * 16 + low).ok());
        bytes.push(value.ok_or_else(malformed)?);
    }
    String::from_utf8(bytes).map_err(|_| malformed())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_uri_reads_back() {
        let uri = |amount, memo: Option<&str>| PaymentUri {
            address: "dbal1x".to_owned(),
            amount,
            memo: memo.map(str::to_owned),
        };
        for (uri, text) in [
            (uri(None, None), "ballast:dbal1x"),
            (uri(Some(12_500_000), None), "ballast:dbal1x?amount=12.50"),
            (uri(None, Some("a b&c=é%")), "ballast:dbal1x?ref=a%20b%26c%3D%C3%A9%25"),
            (uri(Some(1), Some("INV-17")), "ballast:dbal1x?amount=0.000001&ref=INV-17"),
        ] {
            assert_eq!(uri.to_string(), text);
            assert_eq!(PaymentUri::parse(text), Ok(uri));
        }
    }

    #[test]
    fn what_cannot_be_meant_is_refused_and_what_may_be_added_later_is_not() {
        for text in [
            "dbal1x",
            "ballast:x?amount=1.2345678",
            "ballast:x?amount=-1",
            "ballast:x?amount=1&amount=1",
            "ballast:x?ref=%2",
            "ballast:x?ref=%zz",
            "ballast:x?ref=%FF",
            "ballast:x?ref=123456789012345678901234567890123",
            "ballast:x?req-until=5",
            "ballast:x?amount=1&currency=EUR",
            "ballast:x?currency=usd",
            &format!("ballast:x?label={}", "y".repeat(BYTES_MAX)),
        ] {
            assert!(PaymentUri::parse(text).is_err(), "{text}");
        }
        assert!(PaymentUri::parse("ballast:x?label=Shop&amount=1&currency=USD").is_ok());
    }
}
