//! Small texts that a browser carries for us: the sealed session cookie, and the tag that guards a form.
//!
//! Both are base64url without padding, so they need no quoting in a cookie, a form or a URL. A text is bound to its
//! purpose: a session does not open as anything else. Neither expires by itself; put a moment inside and check it.

use crate::envelope::Envelope;
pub use crate::envelope::OpenError;
use crate::keyring::{Key, KeyId, Keyring};
use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use mingfen_domain::Random;

const TEXT_BOX: Envelope = Envelope { version: 1, sub_key: |key| &key.text_box };

/// Bytes of a tag that are kept: 128 bits, because each guess costs a request.
const TAG_BYTES: usize = 16;

/// Seals with the current key.
pub fn seal(keyring: &Keyring, purpose: &str, plain: &[u8], random: &dyn Random) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(TEXT_BOX.seal(keyring, purpose, plain, random))
}

/// Opens what [`seal`] made with any listed key.
///
/// # Errors
/// [`OpenError`]: for a visitor all of them mean "no session".
pub fn open(keyring: &Keyring, purpose: &str, text: &str) -> Result<Vec<u8>, OpenError> {
    let sealed = BASE64_URL_SAFE_NO_PAD.decode(text).map_err(|_| OpenError::Malformed)?;
    TEXT_BOX.open(keyring, purpose, &sealed)
}

/// A tag over `value` with the current key: proves that we said so for this purpose, hides nothing. The key's number is in
/// front, so that a form that was open during a rotation still works.
pub fn tag(keyring: &Keyring, purpose: &str, value: &[u8]) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(tag_bytes(keyring.current(), purpose, value))
}

/// Whether `given` is the tag of `value`, by any listed key. Takes the same time wherever it differs.
pub fn check_tag(keyring: &Keyring, purpose: &str, value: &[u8], given: &str) -> bool {
    let Ok(given) = BASE64_URL_SAFE_NO_PAD.decode(given) else { return false };
    let key = given.first().and_then(|id| keyring.find(KeyId(*id)));
    key.is_some_and(|key| verify_slices_are_equal(&tag_bytes(key, purpose, value), &given).is_ok())
}

fn tag_bytes(key: &Key, purpose: &str, value: &[u8]) -> [u8; 1 + TAG_BYTES] {
    let mut context = hmac::Context::with_key(&key.tag);
    context.update(&(purpose.len() as u64).to_be_bytes());
    context.update(purpose.as_bytes());
    context.update(value);
    let mut bytes = [key.id.0; 1 + TAG_BYTES];
    bytes[1..].copy_from_slice(&context.sign().as_ref()[..TAG_BYTES]);
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Counter, keyring};

    #[test]
    fn a_cookie_comes_back_and_needs_no_quoting() {
        let keyring = keyring(&[1], 1);
        let text = seal(&keyring, "session", "会话".as_bytes(), &Counter::default());
        assert!(text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_'));
        assert_eq!(open(&keyring, "session", &text).unwrap(), "会话".as_bytes());
        assert_eq!(open(&keyring, "other", &text), Err(OpenError::Forged));
        assert_eq!(open(&keyring, "session", "no cookie of ours"), Err(OpenError::Malformed));
        assert_eq!(open(&keyring, "session", ""), Err(OpenError::Malformed));
    }

    #[test]
    fn every_changed_character_of_a_cookie_is_noticed() {
        let keyring = keyring(&[1], 1);
        let text = seal(&keyring, "session", b"patient 7", &Counter::default());
        for index in 0..text.len() {
            let mut changed = text.clone().into_bytes();
            changed[index] = if changed[index] == b'A' { b'B' } else { b'A' };
            let changed = String::from_utf8(changed).unwrap();
            assert!(open(&keyring, "session", &changed).is_err(), "{index}");
        }
    }

    #[test]
    fn a_tag_holds_for_its_purpose_and_value_and_survives_rotation() {
        let (old, both, new) = (keyring(&[1], 1), keyring(&[1, 2], 2), keyring(&[2], 2));
        let given = tag(&old, "csrf", b"session 7");
        assert!(check_tag(&old, "csrf", b"session 7", &given));
        assert!(check_tag(&both, "csrf", b"session 7", &given));
        assert!(!check_tag(&new, "csrf", b"session 7", &given));
        assert!(!check_tag(&old, "csrf", b"session 8", &given));
        assert!(!check_tag(&old, "logout", b"session 7", &given));
        for bad in ["", "AQ", "****", &given[..given.len() - 2]] {
            assert!(!check_tag(&old, "csrf", b"session 7", bad), "{bad}");
        }
    }
}
