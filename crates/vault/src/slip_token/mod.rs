//! The token in a fee slip's QR code: who the slip is for, readable by nobody who photographs it.
//!
//! ```text
//! base64url( version 1 · key number 1 · nonce 12 · sealed( expiry 4 · hospital · name · card · phone · id ) · tag 16 )
//! ```
//! The expiry counts seconds since 1970. Each text is packed by [`packed_text`]. Version and key number stand in clear and are
//! authenticated.
//!
//! # How large the code becomes
//! For `https://pay.hospital.example/s/<token>` (31 characters in front of the token) at error correction level M:
//!
//! | patient | token | link | QR code |
//! |---|---|---|---|
//! | ordinary: name of 4 Chinese characters, card `A10023846021`, phone, id | 99 | 130 | version 8, 49 modules |
//! | longest: name of 20 Chinese characters, card of 20 letters and digits, phone, id ending in X | 148 | 179 | version 9, 53 modules |
//!
//! A version 8 code holds 152 characters at level M, version 9 180 and version 10 213. So an ordinary slip stays at version 8
//! with a host name up to 22 characters longer, while the longest patient moves to version 10 with a host name only two
//! characters longer. On 58 mm paper (48 mm printable, 203 dpi, 384 dots) with a quiet zone of four modules, versions 8 and 9
//! both print with six dots a module, 0.75 mm; version 10 (57 modules) with five, 0.63 mm. The tests pin every one of these numbers.

mod packed_text;

use crate::envelope::{self, Envelope};
use crate::keyring::{KeyId, Keyring};
use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use mingfen_domain::ids::HospitalId;
use mingfen_domain::person::Patient;
use mingfen_domain::{Random, Timestamp};
use packed_text::{Reader, write_absent, write_text};
use std::fmt;
use zeroize::Zeroizing;

const SLIP_TOKEN: Envelope = Envelope { version: 1, sub_key: |key| &key.slip_token };

/// No genuine token is longer: five texts of at most 62 units of at most three bytes. Longer ones are not even decoded.
const LONGEST_TOKEN: usize = 1400;

/// What a token says.
#[derive(Clone, PartialEq, Eq)]
pub struct SlipClaims {
    /// The hospital that printed the slip.
    pub hospital: HospitalId,
    /// Whom it was printed for.
    pub patient: Patient,
    /// From this moment on it is refused. Kept in whole seconds, cut downwards.
    pub expires_at: Timestamp,
}

impl fmt::Debug for SlipClaims {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SlipClaims({}, patient hidden, until {})", self.hospital, self.expires_at)
    }
}

/// Why a slip gets no token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SealError {
    /// A field is too long for a code that scans.
    #[error("the patient's {field} is too long for a QR code: it takes {units} units, at most 62 fit")]
    TooLong {
        /// Which field.
        field: &'static str,
        /// Its length in the tightest form it has.
        units: usize,
    },
    /// Seconds since 1970 no longer fit in four bytes.
    #[error("the expiry lies after the year 2106")]
    ExpiryTooFar,
}

/// Why a token does not open. Each has its own page for the patient.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum OpenError {
    /// It is not a token of a known version: cut off, mistyped.
    #[error("this is not a slip token of a known version")]
    Malformed,
    /// Its key is not in the keyring (any more).
    #[error("the slip token was sealed with key {0}, which is not in the keyring")]
    UnknownKey(KeyId),
    /// It was changed, or sealed by somebody else.
    #[error("the slip token's seal is broken")]
    Forged,
    /// It is genuine, and too old.
    #[error("the slip token expired at {at}")]
    Expired {
        /// When it ended.
        at: Timestamp,
    },
}

/// Seals the claims with the current key; the result is base64url without padding.
///
/// # Errors
/// [`SealError`] names the field that does not fit.
pub fn seal(keyring: &Keyring, claims: &SlipClaims, random: &dyn Random) -> Result<String, SealError> {
    let plain = Zeroizing::new(encode(claims)?);
    Ok(BASE64_URL_SAFE_NO_PAD.encode(SLIP_TOKEN.seal(keyring, "", &plain, random)))
}

/// Opens a token. Its expiry is believed only after its seal.
///
/// # Errors
/// [`OpenError`] says which of malformed, unknown key, forged, expired it is.
pub fn open(keyring: &Keyring, token: &str, now: Timestamp) -> Result<SlipClaims, OpenError> {
    if token.len() > LONGEST_TOKEN {
        return Err(OpenError::Malformed);
    }
    let sealed = BASE64_URL_SAFE_NO_PAD.decode(token).map_err(|_| OpenError::Malformed)?;
    let plain = Zeroizing::new(SLIP_TOKEN.open(keyring, "", &sealed)?);
    let claims = decode(&plain).ok_or(OpenError::Malformed)?;
    if now >= claims.expires_at { Err(OpenError::Expired { at: claims.expires_at }) } else { Ok(claims) }
}

impl From<envelope::OpenError> for OpenError {
    fn from(error: envelope::OpenError) -> Self {
        match error {
            envelope::OpenError::Malformed => Self::Malformed,
            envelope::OpenError::UnknownKey(id) => Self::UnknownKey(id),
            envelope::OpenError::Forged => Self::Forged,
        }
    }
}

fn encode(claims: &SlipClaims) -> Result<Vec<u8>, SealError> {
    let expiry = u32::try_from(claims.expires_at.seconds()).map_err(|_| SealError::ExpiryTooFar)?;
    let Patient { name, card_no, phone, id_no } = &claims.patient;
    let mut plain = Vec::with_capacity(128);
    plain.extend(expiry.to_be_bytes());
    for (field, text) in [
        ("hospital id", Some(claims.hospital.as_str())),
        ("name", Some(name.as_str())),
        ("card number", Some(card_no.as_str())),
        ("phone number", phone.as_deref()),
        ("identity number", id_no.as_deref()),
    ] {
        match text {
            Some(text) => {
                write_text(&mut plain, text).map_err(|units| SealError::TooLong { field, units })?;
            }
            None => write_absent(&mut plain),
        }
    }
    Ok(plain)
}

/// `None` only for an authentic text of another shape, which a future version under this version's number would be.
fn decode(plain: &[u8]) -> Option<SlipClaims> {
    let (expiry, texts) = plain.split_first_chunk()?;
    let mut reader = Reader::new(texts);
    let hospital = HospitalId::parse(reader.text()??).ok()?;
    let (name, card_no) = (reader.text()??, reader.text()??);
    let (phone, id_no) = (reader.text()?, reader.text()?);
    let patient = Patient { name, card_no, phone, id_no };
    let expires_at = Timestamp::from_seconds(i64::from(u32::from_be_bytes(*expiry)));
    reader.is_at_end().then_some(SlipClaims { hospital, patient, expires_at })
}

#[cfg(test)]
mod tests;
