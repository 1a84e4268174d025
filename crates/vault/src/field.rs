//! Personal fields at rest: sealed column values, and the index by which they are found again.
//!
//! A value is bound to its column (`purpose`): what was sealed for `patient.phone` does not open as `patient.name`. It is
//! 30 bytes longer than the value: version, key number, nonce (12), tag (16).

pub use crate::envelope::OpenError;
use crate::envelope::{self, Envelope};
use crate::keyring::Keyring;
use aws_lc_rs::hmac;
use mingfen_domain::Random;

const FIELD: Envelope = Envelope { version: 1, sub_key: |key| &key.field };

/// Bytes of an index that are kept: 128 bits, far more than any table has rows.
const INDEX_BYTES: usize = 16;

/// Seals a column value with the current key. The same value sealed twice looks different.
pub fn seal(keyring: &Keyring, purpose: &str, plain: &[u8], random: &dyn Random) -> Vec<u8> {
    FIELD.seal(keyring, purpose, plain, random)
}

/// Opens a column value.
///
/// # Errors
/// [`OpenError`]: whoever reads the table names column and row, and treats it as damage, never as an empty value.
pub fn open(keyring: &Keyring, purpose: &str, sealed: &[u8]) -> Result<Vec<u8>, OpenError> {
    FIELD.open(keyring, purpose, sealed)
}

/// Whether a value should be sealed again, because another key than the current one sealed it.
pub fn needs_reseal(keyring: &Keyring, sealed: &[u8]) -> bool {
    envelope::sealed_by(sealed) != Some(keyring.current_key())
}

/// A keyed fingerprint by which a sealed value is looked up: 32 lower-case hexadecimal digits.
///
/// Equal values of one column have equal fingerprints, which is its use and its limit: whoever holds the table, but not the
/// key, can count equal values and nothing more. Stable over rotation, because it is made with the first key listed (see
/// [`crate::keyring`]). The value is taken as it is: trim and normalise it before.
pub fn index(keyring: &Keyring, purpose: &str, value: &str) -> String {
    let mut context = hmac::Context::with_key(&keyring.first().index);
    context.update(&(purpose.len() as u64).to_be_bytes());
    context.update(purpose.as_bytes());
    context.update(value.as_bytes());
    hex::encode(&context.sign().as_ref()[..INDEX_BYTES])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Counter, keyring};
    use proptest::prelude::*;

    #[test]
    fn a_value_opens_only_in_its_own_column() {
        let keyring = keyring(&[1], 1);
        let sealed = seal(&keyring, "patient.phone", b"13800138000", &Counter::default());
        assert_eq!(sealed.len(), 11 + 30);
        assert_eq!(open(&keyring, "patient.phone", &sealed).unwrap(), b"13800138000");
        assert_eq!(open(&keyring, "patient.name", &sealed), Err(OpenError::Forged));
    }

    #[test]
    fn rotation_opens_old_values_and_says_what_to_seal_again() {
        let (old, both, new) = (keyring(&[1], 1), keyring(&[1, 2], 2), keyring(&[2], 2));
        let sealed = seal(&old, "c", b"x", &Counter::default());
        assert!(!needs_reseal(&old, &sealed));
        assert!(needs_reseal(&both, &sealed));
        assert_eq!(open(&both, "c", &sealed).unwrap(), b"x");
        assert_eq!(open(&new, "c", &sealed), Err(OpenError::UnknownKey(crate::KeyId(1))));
        let again = seal(&both, "c", b"x", &Counter::default());
        assert!(!needs_reseal(&both, &again));
        assert_eq!(open(&new, "c", &again).unwrap(), b"x");
    }

    #[test]
    fn a_lookup_survives_rotation_and_does_not_mix_columns() {
        let (old, both) = (keyring(&[1], 1), keyring(&[1, 2], 2));
        let fingerprint = index(&old, "patient.card_no", "A10023846021");
        assert_eq!(fingerprint.len(), 32);
        assert_eq!(fingerprint, index(&both, "patient.card_no", "A10023846021"));
        assert_ne!(fingerprint, index(&both, "patient.card_no", "A10023846022"));
        assert_ne!(fingerprint, index(&both, "patient.phone", "A10023846021"));
        assert_ne!(index(&both, "ab", "c"), index(&both, "a", "bc"));
    }

    proptest! {
        #[test]
        fn every_value_comes_back_and_every_changed_bit_is_noticed(
            plain in prop::collection::vec(any::<u8>(), 0..80), flip in any::<prop::sample::Index>()
        ) {
            let keyring = keyring(&[1], 1);
            let mut sealed = seal(&keyring, "c", &plain, &Counter::default());
            prop_assert_eq!(&open(&keyring, "c", &sealed).unwrap(), &plain);
            let bit = flip.index(sealed.len() * 8);
            sealed[bit / 8] ^= 1 << (bit % 8);
            prop_assert!(open(&keyring, "c", &sealed).is_err());
        }

        #[test]
        fn rubbish_is_refused(bytes in prop::collection::vec(any::<u8>(), 0..80)) {
            prop_assert!(open(&keyring(&[1], 1), "c", &bytes).is_err());
        }
    }
}
