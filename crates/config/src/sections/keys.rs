//! `[keys]`: what seals slip codes, sessions and personal data.

use crate::reader::Reading;
use crate::secret::Secret;

/// The keyring as text; the vault reads it and judges it.
#[derive(Clone, Debug)]
pub struct KeySettings {
    /// `1:<base64>,2:<base64>`.
    pub keyring: Secret,
    /// The number of the key that seals.
    pub current: u8,
}

pub(crate) fn read(reading: &mut Reading<'_>) -> KeySettings {
    let mut section = reading.section("keys");
    let wanted = "a keyring (make one with `mingfen keys generate keyring`)";
    let settings = KeySettings {
        keyring: section.secret("keyring", "keyring_file", wanted),
        current: u8::try_from(section.number("current", 0, 255)).unwrap_or(0),
    };
    section.end();
    settings
}
