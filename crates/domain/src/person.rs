//! The patient, as far as the gateway knows them. Personal data: masked on screen, encrypted at rest, never in a log.

use std::fmt;

/// Who a slip belongs to.
#[derive(Clone, PartialEq, Eq)]
pub struct Patient {
    /// The name on the card.
    pub name: String,
    /// The visit card's number (就诊卡号).
    pub card_no: String,
    /// The mobile number on file, eleven digits.
    pub phone: Option<String>,
    /// The identity card's number.
    pub id_no: Option<String>,
}

impl fmt::Debug for Patient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Patient(hidden)")
    }
}

/// A mainland mobile number: eleven digits that begin with 1.
#[derive(Clone, PartialEq, Eq)]
pub struct Phone(String);

/// Why a text is not a mobile number; what the page says to the patient.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PhoneError {
    /// Nothing was entered.
    #[error("no mobile number was given")]
    Empty,
    /// Something else than digits is in it.
    #[error("a mobile number has only digits")]
    NotDigits,
    /// Not eleven digits.
    #[error("a mobile number has 11 digits, this has {0}")]
    Length(usize),
    /// Eleven digits that no mainland mobile number begins with.
    #[error("a mobile number begins with 13 to 19")]
    Beginning,
}

impl Phone {
    /// Parses what a patient typed; blanks and hyphens between digits are forgiven.
    ///
    /// # Errors
    /// [`PhoneError`] says what is wrong with it.
    pub fn parse(text: &str) -> Result<Self, PhoneError> {
        let digits: String = text.chars().filter(|c| !c.is_whitespace() && *c != '-').collect();
        let length = digits.chars().count();
        if length == 0 {
            Err(PhoneError::Empty)
        } else if !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            Err(PhoneError::NotDigits)
        } else if length != 11 {
            Err(PhoneError::Length(length))
        } else if !digits.starts_with('1') || matches!(digits.as_bytes()[1], b'0'..=b'2') {
            Err(PhoneError::Beginning)
        } else {
            Ok(Self(digits))
        }
    }

    /// The eleven digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Phone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Phone(hidden)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mobile_number_has_eleven_digits() {
        assert_eq!(Phone::parse(" 138 0013-8000 ").unwrap().as_str(), "13800138000");
        for (text, error) in [
            ("", PhoneError::Empty),
            ("1380013800", PhoneError::Length(10)),
            ("1380013800a", PhoneError::NotDigits),
            ("１３８００１３８０００", PhoneError::NotDigits),
            ("23800138000", PhoneError::Beginning),
            ("12800138000", PhoneError::Beginning),
        ] {
            assert_eq!(Phone::parse(text).unwrap_err(), error, "{text}");
        }
    }
}
