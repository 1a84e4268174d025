//! Keys by number: the current one seals, every listed one opens.
//!
//! # Rotation
//! Add a key with a new number, make it current, seal every field again ([`crate::field::reseal`]), keep the old one listed until
//! the last token sealed with it has expired; then take it out. The order in the list means nothing.
//!
//! # Derivation
//! The 32 configured bytes are never used directly. HKDF-SHA256 makes one key for each use, told apart by a label, and
//! the configured bytes are wiped. All of them are derived when the keyring is built, so that sealing pays for none of it.

use aws_lc_rs::aead::{AES_256_GCM_SIV, LessSafeKey, UnboundKey};
use aws_lc_rs::{hkdf, hmac};
use base64::Engine as _;
use base64::alphabet::STANDARD as STANDARD_ALPHABET;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use std::fmt;
use zeroize::{Zeroize as _, Zeroizing};

/// The number of a key. It stands in clear in front of whatever the key sealed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyId(pub u8);

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

/// Why a list of keys is not a keyring. No variant repeats anything of a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum KeyringError {
    /// The list is empty.
    #[error("there is no key; wanted is a list like 1:<base64 of 32 bytes>,2:<base64 of 32 bytes>")]
    Empty,
    /// An entry has no `number:` in front, or the number is not 0 to 255.
    #[error("key entry {position} must begin with its number and a colon, like 1:<base64 of 32 bytes>")]
    NoNumber {
        /// Which entry, from 1.
        position: usize,
    },
    /// The part after the colon is not base64.
    #[error("key {id} is not base64")]
    NotBase64 {
        /// Its number.
        id: KeyId,
    },
    /// It is base64 of another number of bytes.
    #[error("key {id} has {length} bytes, wanted are 32")]
    WrongLength {
        /// Its number.
        id: KeyId,
        /// Bytes found.
        length: usize,
    },
    /// All its bytes are alike: a placeholder that was never replaced.
    #[error("key {id} is one byte repeated; replace the placeholder by 32 random bytes")]
    Placeholder {
        /// Its number.
        id: KeyId,
    },
    /// Two entries have the same number.
    #[error("key number {id} is listed twice")]
    Twice {
        /// The number.
        id: KeyId,
    },
    /// The key that should seal is not in the list.
    #[error("the current key is number {current}, and no key with that number is listed")]
    NoCurrent {
        /// The number asked for.
        current: KeyId,
    },
}

/// The keys of one installation. Cheap to share by reference, not to clone.
pub struct Keyring {
    current: usize,
    keys: Vec<Key>,
}

/// What is derived from one configured key. The library wipes each of these when it is dropped.
pub(crate) struct Key {
    pub(crate) id: KeyId,
    pub(crate) slip_token: LessSafeKey,
    pub(crate) field: LessSafeKey,
    pub(crate) text_box: LessSafeKey,
    pub(crate) index: hmac::Key,
    pub(crate) tag: hmac::Key,
}

/// Whoever configures keys pads their base64 or not, as their tool does.
const BASE64_PADDED_OR_NOT: GeneralPurpose = GeneralPurpose::new(
    &STANDARD_ALPHABET,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

impl Keyring {
    /// Derives everything from `keys` and wipes them.
    ///
    /// # Errors
    /// [`KeyringError`] names the entry.
    pub fn new(current: KeyId, mut keys: Vec<(KeyId, [u8; 32])>) -> Result<Self, KeyringError> {
        let keyring = Self::derive(current, &keys);
        for (_, bytes) in &mut keys {
            bytes.zeroize();
        }
        keyring
    }

    /// Reads configuration text: `1:<base64 of 32 bytes>,2:<…>`; blanks and line ends around entries are forgiven.
    ///
    /// # Errors
    /// [`KeyringError`] names the entry.
    pub fn parse(text: &str, current: KeyId) -> Result<Self, KeyringError> {
        let entries = text.split([',', '\n']).map(str::trim).filter(|entry| !entry.is_empty());
        let mut keys = Zeroizing::new(Vec::new());
        for (index, entry) in entries.enumerate() {
            keys.push(parse_entry(index + 1, entry)?);
        }
        let listed: Vec<_> = keys.iter().map(|(id, bytes)| (KeyId(*id), *bytes)).collect();
        Self::new(current, listed)
    }

    fn derive(current: KeyId, keys: &[(KeyId, [u8; 32])]) -> Result<Self, KeyringError> {
        if keys.is_empty() {
            return Err(KeyringError::Empty);
        }
        for (index, (id, bytes)) in keys.iter().enumerate() {
            if keys[..index].iter().any(|(earlier, _)| earlier == id) {
                return Err(KeyringError::Twice { id: *id });
            }
            if bytes.iter().all(|byte| *byte == bytes[0]) {
                return Err(KeyringError::Placeholder { id: *id });
            }
        }
        let position = keys.iter().position(|(id, _)| *id == current);
        let current = position.ok_or(KeyringError::NoCurrent { current })?;
        let keys = keys.iter().map(|(id, bytes)| Key::derive(*id, bytes)).collect();
        Ok(Self { current, keys })
    }

    /// The number of the key that seals.
    pub fn current_key(&self) -> KeyId {
        self.current().id
    }

    /// The numbers of all keys, in the order they were listed.
    pub fn key_ids(&self) -> impl Iterator<Item = KeyId> {
        self.keys.iter().map(|key| key.id)
    }

    pub(crate) fn current(&self) -> &Key {
        &self.keys[self.current]
    }

    pub(crate) fn keys(&self) -> &[Key] {
        &self.keys
    }

    pub(crate) fn find(&self, id: KeyId) -> Option<&Key> {
        self.keys.iter().find(|key| key.id == id)
    }
}

impl fmt::Debug for Keyring {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let numbers: Vec<u8> = self.key_ids().map(|id| id.0).collect();
        write!(f, "Keyring(keys {numbers:?}, current {}, bytes hidden)", self.current_key())
    }
}

impl Key {
    fn derive(id: KeyId, bytes: &[u8; 32]) -> Self {
        let root = hkdf::Salt::new(hkdf::HKDF_SHA256, b"mingfen keyring v1").extract(bytes);
        Self {
            id,
            slip_token: sealing_key(&root, b"slip token"),
            field: sealing_key(&root, b"field"),
            text_box: sealing_key(&root, b"text box"),
            index: tagging_key(&root, b"index"),
            tag: tagging_key(&root, b"tag"),
        }
    }
}

fn sealing_key(root: &hkdf::Prk, label: &[u8]) -> LessSafeKey {
    let label = [label];
    let okm = root.expand(&label, &AES_256_GCM_SIV).expect("32 bytes are within HKDF's limit");
    LessSafeKey::new(UnboundKey::from(okm))
}

fn tagging_key(root: &hkdf::Prk, label: &[u8]) -> hmac::Key {
    let label = [label];
    let okm = root.expand(&label, hmac::HMAC_SHA256).expect("32 bytes are within HKDF's limit");
    hmac::Key::from(okm)
}

fn parse_entry(position: usize, entry: &str) -> Result<(u8, [u8; 32]), KeyringError> {
    let (number, encoded) = entry.split_once(':').ok_or(KeyringError::NoNumber { position })?;
    let number: u8 = number.trim().parse().map_err(|_| KeyringError::NoNumber { position })?;
    let id = KeyId(number);
    let decoded = BASE64_PADDED_OR_NOT.decode(encoded.trim());
    let bytes = Zeroizing::new(decoded.map_err(|_| KeyringError::NotBase64 { id })?);
    let length = bytes.len();
    let key = bytes.as_slice().try_into().map_err(|_| KeyringError::WrongLength { id, length })?;
    Ok((number, key))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: &str = "1:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
    const TWO: &str = "2:ICEiIyQlJicoKSorLC0uLzAxMjM0NTY3ODk6Ozw9Pj8";

    fn refusal(text: &str, current: u8) -> KeyringError {
        Keyring::parse(text, KeyId(current)).expect_err(text)
    }

    #[test]
    fn keys_are_read_from_one_line_or_from_several_with_or_without_padding() {
        for text in [format!("{ONE},{TWO}"), format!(" {ONE} ,\n{TWO}\n"), format!("{ONE}\r\n{TWO}\r\n")] {
            let keyring = Keyring::parse(&text, KeyId(2)).unwrap();
            assert_eq!(keyring.current_key(), KeyId(2));
            assert_eq!(keyring.key_ids().collect::<Vec<_>>(), [KeyId(1), KeyId(2)]);
        }
    }

    #[test]
    fn a_wrong_list_says_which_entry_is_wrong_and_never_repeats_a_key() {
        assert_eq!(refusal(" \n", 1), KeyringError::Empty);
        assert_eq!(refusal(&ONE[2..], 1), KeyringError::NoNumber { position: 1 });
        assert_eq!(refusal(&format!("{ONE},300:AAAA"), 1), KeyringError::NoNumber { position: 2 });
        assert_eq!(refusal("1:not base64!", 1), KeyringError::NotBase64 { id: KeyId(1) });
        assert_eq!(refusal("1:AAEC", 1), KeyringError::WrongLength { id: KeyId(1), length: 3 });
        assert_eq!(refusal(&format!("{ONE},{ONE}"), 1), KeyringError::Twice { id: KeyId(1) });
        assert_eq!(refusal(ONE, 2), KeyringError::NoCurrent { current: KeyId(2) });
        let zeros = "1:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
        assert_eq!(refusal(zeros, 1), KeyringError::Placeholder { id: KeyId(1) });
    }

    #[test]
    fn debug_shows_numbers_only() {
        let keyring = Keyring::parse(ONE, KeyId(1)).unwrap();
        assert_eq!(format!("{keyring:?}"), "Keyring(keys [1], current 1, bytes hidden)");
    }
}
