//! The cashier's window: money that no provider tells us of. A person says that it was taken, and that is the news.

use crate::money::{Amount, Fen, MoneyError};

/// How money is taken at the window.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Method {
    /// 现金.
    Cash,
    /// The bank's own card terminal (银行卡 POS); the terminal's slip proves it.
    Pos,
}

impl Method {
    /// Both, in the order in which they are shown.
    pub const ALL: [Self; 2] = [Self::Cash, Self::Pos];

    /// The word that is stored.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Cash => "cash",
            Self::Pos => "pos",
        }
    }

    /// Reads the stored word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|method| method.as_str() == word)
    }
}

/// What is on the slip of a card terminal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PosSlip {
    terminal: String,
    reference: String,
}

/// Why this is no slip of a card terminal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PosSlipError {
    /// The terminal's number.
    #[error("a terminal has 4 to 16 letters and digits")]
    Terminal,
    /// The reference.
    #[error("a reference has 6 to 32 letters and digits")]
    Reference,
}

impl PosSlip {
    /// Reads what a cashier types from the slip; blanks and dashes are left out, small letters are read as capitals.
    ///
    /// `terminal` is the number of the device (终端号), `reference` what the bank knows the transaction by (参考号): together they are on
    /// one slip only.
    ///
    /// # Errors
    /// [`PosSlipError`] names what does not fit.
    pub fn parse(terminal: &str, reference: &str) -> Result<Self, PosSlipError> {
        let terminal = compact(terminal, 4, 16).ok_or(PosSlipError::Terminal)?;
        let reference = compact(reference, 6, 32).ok_or(PosSlipError::Reference)?;
        Ok(Self { terminal, reference })
    }

    /// The device.
    pub fn terminal(&self) -> &str {
        &self.terminal
    }

    /// The transaction.
    pub fn reference(&self) -> &str {
        &self.reference
    }

    /// Both as one number: what stands where a provider's number stands.
    pub fn number(&self) -> String {
        format!("{}-{}", self.terminal, self.reference)
    }
}

fn compact(text: &str, least: usize, most: usize) -> Option<String> {
    let text: String =
        text.chars().filter(|c| !c.is_whitespace() && *c != '-').map(|c| c.to_ascii_uppercase()).collect();
    let fits = (least..=most).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_alphanumeric());
    fits.then_some(text)
}

/// What goes back over the counter when more is tendered than is owed. `None`: too little was tendered.
///
/// # Errors
/// [`MoneyError::OutOfRange`].
pub fn change(owed: Amount, tendered: Fen) -> Result<Option<Fen>, MoneyError> {
    if tendered < owed.fen() {
        return Ok(None);
    }
    tendered.minus(owed.fen()).map(Some)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_method_is_read_as_it_is_written() {
        for method in Method::ALL {
            assert_eq!(Method::parse(method.as_str()), Some(method));
        }
        assert_eq!(Method::parse("cheque"), None);
    }

    #[test]
    fn a_slip_is_read_as_people_type_it() {
        let slip = PosSlip::parse(" 1234-5678 ", "1101 2345 6789").unwrap();
        assert_eq!((slip.terminal(), slip.reference()), ("12345678", "110123456789"));
        assert_eq!(slip.number(), "12345678-110123456789");
        assert_eq!(PosSlip::parse("a1b2", "abcdef").unwrap().number(), "A1B2-ABCDEF");
        for (terminal, reference, error) in [
            ("", "110123456789", PosSlipError::Terminal),
            ("终端号一二", "110123456789", PosSlipError::Terminal),
            ("12345678", "", PosSlipError::Reference),
            ("12345678", "12345", PosSlipError::Reference),
            ("12345678", "1101'; DROP", PosSlipError::Reference),
        ] {
            assert_eq!(PosSlip::parse(terminal, reference), Err(error), "{terminal} {reference}");
        }
    }

    #[test]
    fn change_is_what_was_tendered_too_much() {
        let owed = Amount::from_fen(8850).unwrap();
        assert_eq!(change(owed, Fen::new(10_000)), Ok(Some(Fen::new(1150))));
        assert_eq!(change(owed, Fen::new(8850)), Ok(Some(Fen::ZERO)));
        assert_eq!(change(owed, Fen::new(8849)), Ok(None));
        assert_eq!(change(owed, Fen::new(-1)), Ok(None));
    }
}
