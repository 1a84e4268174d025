//! The number for texts.

use super::shared::sample;
use crate::page::{Page, page};

/// What is wrong with a typed number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PhoneError {
    /// It has this many digits instead of eleven.
    Digits(usize),
    /// Eleven digits, but no mobile number; or something that is no digit.
    NotMobile,
}

/// Confirm or correct the phone number. Fields of the answer: `which` = `known` or `other`, and `phone`.
#[derive(Clone, Debug)]
pub struct Phone {
    /// The number on the card, masked: `138****5678`.
    pub known: Option<String>,
    /// What was typed before, shown again with its error.
    pub typed: String,
    /// Why the form came back.
    pub error: Option<PhoneError>,
}

impl Phone {
    fn types_another(&self) -> bool {
        self.known.is_none() || self.error.is_some() || !self.typed.is_empty()
    }
}

page!(Phone, "patient/phone.html", [
    "ordinary" => Self { known: sample::phone(), typed: String::new(), error: None },
    "error" => Self { known: sample::phone(), typed: "1381234567".into(), error: Some(PhoneError::Digits(10)) },
    "no number on file" => Self { known: None, typed: String::new(), error: None },
    "no number on file, error" => Self { known: None, typed: "\"><b>".into(), error: Some(PhoneError::NotMobile) },
]);
