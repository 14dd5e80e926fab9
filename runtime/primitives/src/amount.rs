//! Amounts: `u64` micro-dollars, and their decimal form with at most six places.

use thiserror::Error;

/// Micro-dollars in a dollar.
pub const MICROS_PER_DOLLAR: u64 = 1_000_000;
const DECIMALS: usize = 6;

#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum AmountError {
    #[error("\"{0}\" is not an amount in dollars, such as 12.50")]
    Malformed(String),
    #[error("\"{0}\" has more than six decimal places; a micro-dollar is the smallest unit")]
    TooPrecise(String),
    #[error("\"{0}\" is larger than the largest amount, 18446744073709.551615 dollars")]
    TooLarge(String),
}

/// Parses decimal dollars (`12`, `12.5`, `1_000.000001`) into micro-dollars.
pub fn parse_dollars(text: &str) -> Result<u64, AmountError> {
    let malformed = || AmountError::Malformed(text.to_owned());
    let digits = text.replace('_', "");
    let (whole, fraction) = digits.split_once('.').unwrap_or((&digits, "0"));
    let all_digits = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    if !all_digits(whole) || !all_digits(fraction) {
        return Err(malformed());
    }
    if fraction.len() > DECIMALS {
        return Err(AmountError::TooPrecise(text.to_owned()));
    }
    let too_large = || AmountError::TooLarge(text.to_owned());
    let whole: u64 = whole.parse().map_err(|_| too_large())?;
    let micros: u64 = format!("{fraction:0<DECIMALS$}").parse().map_err(|_| malformed())?;
    whole
        .checked_mul(MICROS_PER_DOLLAR)
        .and_then(|value| value.checked_add(micros))
        .ok_or_else(too_large)
}

/// Writes micro-dollars as decimal dollars: two places at least, six at most, no separators.
pub fn format_dollars(micros: u128) -> String {
    let unit = u128::from(MICROS_PER_DOLLAR);
    let fraction = format!("{:0>DECIMALS$}", micros % unit);
    let trimmed = fraction.trim_end_matches('0');
    format!("{}.{trimmed:0<2}", micros / unit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dollars_in_and_out() {
        let cases = [
            ("0", Ok(0)),
            ("12", Ok(12_000_000)),
            ("12.5", Ok(12_500_000)),
            ("0.000001", Ok(1)),
            ("1_000.01", Ok(1_000_010_000)),
            ("18446744073709.551615", Ok(u64::MAX)),
        ];
        for (text, expected) in cases {
            assert_eq!(parse_dollars(text), expected, "{text}");
        }
        for text in ["", ".", "1.", ".5", "-1", "+1", "1e3", "1,5", " 1", "0x1"] {
            assert!(matches!(parse_dollars(text), Err(AmountError::Malformed(_))), "{text}");
        }
        assert!(matches!(parse_dollars("1.0000001"), Err(AmountError::TooPrecise(_))));
        for text in ["18446744073709.551616", "99999999999999999999"] {
            assert!(matches!(parse_dollars(text), Err(AmountError::TooLarge(_))), "{text}");
        }
        assert_eq!(format_dollars(12_500_000), "12.50");
        assert_eq!(format_dollars(1), "0.000001");
        assert_eq!(format_dollars(0), "0.00");
        assert_eq!(format_dollars(1_230_100), "1.2301");
    }
}
