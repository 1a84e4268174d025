//! Money in integer fen (分, 1/100 yuan). Nothing wraps, nothing saturates, nothing is ever a fraction.

use std::fmt;

/// A sum or a difference of money in fen; may be zero or negative.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Fen(i64);

/// Something that can be charged or refunded: at least one fen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Amount(Fen);

/// Why a text or a number is not money.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MoneyError {
    /// The text is not a yuan amount with at most two decimals.
    #[error("{0:?} is not an amount in yuan: digits, then at most two decimals, for example 88.80")]
    NotYuan(String),
    /// The result does not fit; no real bill is that large.
    #[error("the amount is out of range")]
    OutOfRange,
    /// An amount that can be charged is at least one fen.
    #[error("the amount must be at least 0.01 yuan")]
    NotPositive,
}

impl Fen {
    /// No money.
    pub const ZERO: Self = Self(0);

    /// Takes a number of fen as it is.
    pub const fn new(fen: i64) -> Self {
        Self(fen)
    }

    /// The number of fen.
    pub const fn get(self) -> i64 {
        self.0
    }

    /// Adds.
    ///
    /// # Errors
    /// [`MoneyError::OutOfRange`] instead of wrapping.
    pub fn plus(self, other: Self) -> Result<Self, MoneyError> {
        self.0.checked_add(other.0).map(Self).ok_or(MoneyError::OutOfRange)
    }

    /// Subtracts.
    ///
    /// # Errors
    /// [`MoneyError::OutOfRange`] instead of wrapping.
    pub fn minus(self, other: Self) -> Result<Self, MoneyError> {
        self.0.checked_sub(other.0).map(Self).ok_or(MoneyError::OutOfRange)
    }

    /// The same sum with the other sign.
    ///
    /// # Errors
    /// [`MoneyError::OutOfRange`] for the one number that has no opposite.
    pub fn negated(self) -> Result<Self, MoneyError> {
        self.0.checked_neg().map(Self).ok_or(MoneyError::OutOfRange)
    }

    /// Adds up.
    ///
    /// # Errors
    /// [`MoneyError::OutOfRange`] instead of wrapping.
    pub fn sum(items: impl IntoIterator<Item = Self>) -> Result<Self, MoneyError> {
        items.into_iter().try_fold(Self::ZERO, Self::plus)
    }

    /// Reads yuan text digit by digit: `"88.8"` is 8880 fen, `"88.888"` is refused, never rounded.
    ///
    /// An optional leading minus, then digits, then at most two decimals. No blanks, no thousands separators, no plus sign.
    ///
    /// # Errors
    /// [`MoneyError::NotYuan`] with the text, [`MoneyError::OutOfRange`] when it does not fit.
    pub fn from_yuan(text: &str) -> Result<Self, MoneyError> {
        let not_yuan = || MoneyError::NotYuan(text.chars().take(40).collect());
        let (negative, digits) = text.strip_prefix('-').map_or((false, text), |rest| (true, rest));
        let (whole, decimals) =
            digits.split_once('.').map_or((digits, ""), |(whole, decimals)| (whole, decimals));
        let dot_without_decimals = digits.contains('.') && decimals.is_empty();
        let all_digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
        if whole.is_empty()
            || dot_without_decimals
            || decimals.len() > 2
            || !all_digits(whole)
            || !all_digits(decimals)
        {
            return Err(not_yuan());
        }
        let mut fen: i64 = 0;
        for digit in
            whole.bytes().chain(decimals.bytes()).chain(std::iter::repeat_n(b'0', 2 - decimals.len()))
        {
            let digit = i64::from(digit - b'0');
            let shifted = fen.checked_mul(10).ok_or(MoneyError::OutOfRange)?;
            fen = if negative { shifted.checked_sub(digit) } else { shifted.checked_add(digit) }
                .ok_or(MoneyError::OutOfRange)?;
        }
        Ok(Self(fen))
    }

    /// Prints yuan with two decimals and nothing else: `8850` fen is `"88.50"`. What wires and files want.
    pub fn to_yuan(self) -> String {
        self.to_string()
    }

    /// Prints yuan for people, with thousands separators: `"1,288.50"`.
    pub fn to_yuan_grouped(self) -> String {
        let plain = self.to_yuan();
        let (sign, digits) = plain.strip_prefix('-').map_or(("", plain.as_str()), |rest| ("-", rest));
        let (whole, decimals) = digits.split_once('.').unwrap_or((digits, "00"));
        let mut grouped = String::with_capacity(plain.len() + whole.len() / 3 + 1);
        for (index, digit) in whole.chars().enumerate() {
            if index > 0 && (whole.len() - index) % 3 == 0 {
                grouped.push(',');
            }
            grouped.push(digit);
        }
        format!("{sign}{grouped}.{decimals}")
    }
}

impl fmt::Display for Fen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.0 < 0 { "-" } else { "" };
        let fen = self.0.unsigned_abs();
        write!(f, "{sign}{}.{:02}", fen / 100, fen % 100)
    }
}

impl Amount {
    /// Takes a number of fen that is at least one.
    ///
    /// # Errors
    /// [`MoneyError::NotPositive`] for zero and below.
    pub fn from_fen(fen: i64) -> Result<Self, MoneyError> {
        if fen < 1 { Err(MoneyError::NotPositive) } else { Ok(Self(Fen(fen))) }
    }

    /// Reads yuan text, see [`Fen::from_yuan`].
    ///
    /// # Errors
    /// As there, and [`MoneyError::NotPositive`].
    pub fn from_yuan(text: &str) -> Result<Self, MoneyError> {
        Self::try_from(Fen::from_yuan(text)?)
    }

    /// The same money as a sum.
    pub const fn fen(self) -> Fen {
        self.0
    }

    /// The number of fen.
    pub const fn get(self) -> i64 {
        self.0.0
    }
}

impl TryFrom<Fen> for Amount {
    type Error = MoneyError;
    fn try_from(fen: Fen) -> Result<Self, MoneyError> {
        Self::from_fen(fen.0)
    }
}

impl fmt::Display for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn yuan_text_is_read_digit_by_digit() {
        for (text, fen) in [
            ("88.8", 8880),
            ("88.80", 8880),
            ("0.01", 1),
            ("0", 0),
            ("-8.50", -850),
            ("007.1", 710),
            ("100000000.00", 10_000_000_000),
        ] {
            assert_eq!(Fen::from_yuan(text), Ok(Fen::new(fen)), "{text}");
        }
    }

    #[test]
    fn anything_else_is_refused_and_never_rounded() {
        for text in [
            "88.888", "", ".", ".5", "5.", "+1", " 1", "1 ", "1,000.00", "1e3", "--1", "１.00", "0x10",
            "NaN", "1.-1",
        ] {
            assert!(matches!(Fen::from_yuan(text), Err(MoneyError::NotYuan(_))), "{text}");
        }
        assert_eq!(Fen::from_yuan("92233720368547758.08"), Err(MoneyError::OutOfRange));
        assert_eq!(Fen::from_yuan("-92233720368547758.08"), Ok(Fen::new(i64::MIN)));
    }

    #[test]
    fn people_read_groups_of_three() {
        assert_eq!(Fen::new(123_456_789).to_yuan_grouped(), "1,234,567.89");
        assert_eq!(Fen::new(-99_900).to_yuan_grouped(), "-999.00");
    }

    #[test]
    fn an_amount_is_at_least_one_fen() {
        assert_eq!(Amount::from_fen(0), Err(MoneyError::NotPositive));
        assert_eq!(Amount::from_yuan("-1.00"), Err(MoneyError::NotPositive));
        assert_eq!(Amount::from_yuan("0.01").map(Amount::get), Ok(1));
    }

    proptest! {
        #[test]
        fn yuan_text_round_trips(fen in any::<i64>()) {
            prop_assert_eq!(Fen::from_yuan(&Fen::new(fen).to_yuan()), Ok(Fen::new(fen)));
        }

        #[test]
        fn arithmetic_is_exact_or_refused(a in any::<i64>(), b in any::<i64>()) {
            let exact = i128::from(a) + i128::from(b);
            match Fen::new(a).plus(Fen::new(b)) {
                Ok(sum) => prop_assert_eq!(i128::from(sum.get()), exact),
                Err(_) => prop_assert!(i64::try_from(exact).is_err()),
            }
        }
    }
}
