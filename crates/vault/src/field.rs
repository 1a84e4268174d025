//! Personal fields at rest: sealed column values, and the index by which they are found again.
//!
//! A value is bound to its column (`purpose`): what was sealed for `patient.phone` does not open as `patient.name`. It is
//! 30 bytes longer than the value: version, key number, nonce (12), tag (16).

use crate::envelope::Envelope;
pub use crate::envelope::OpenError;
use crate::keyring::{Key, Keyring};
use aws_lc_rs::hmac;
use mingfen_domain::Random;
use zeroize::Zeroizing;

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

/// Opens a column value and seals it with the current key, so that the key that sealed it before can be taken out one day.
///
/// # Errors
/// [`OpenError`] as [`open`].
pub fn reseal(
    keyring: &Keyring,
    purpose: &str,
    sealed: &[u8],
    random: &dyn Random,
) -> Result<Vec<u8>, OpenError> {
    let plain = Zeroizing::new(open(keyring, purpose, sealed)?);
    Ok(seal(keyring, purpose, &plain, random))
}

/// A keyed fingerprint by which a sealed value is looked up: the current key's number in two hexadecimal digits, a colon, and 32
/// lower-case hexadecimal digits.
///
/// Equal values of one column have equal fingerprints, which is its use and its limit: whoever holds the table, but not the
/// key, can count equal values and nothing more. It changes with the current key: look a value up by [`indexes`]. The value is
/// taken as it is: trim and normalise it before.
pub fn index(keyring: &Keyring, purpose: &str, value: &str) -> String {
    fingerprint(keyring.current(), purpose, value)
}

/// Every fingerprint under which a value may have been kept, by any key of the ring: the current one's first. Those of a time
/// when no number stood in front are among them.
pub fn indexes(keyring: &Keyring, purpose: &str, value: &str) -> Vec<String> {
    let mut found = vec![index(keyring, purpose, value)];
    for key in keyring.keys() {
        let named = fingerprint(key, purpose, value);
        let bare = named.split_once(':').map(|(_, bare)| bare.to_owned());
        found.extend([Some(named), bare].into_iter().flatten());
    }
    found[1..].sort_unstable();
    found.dedup();
    found
}

fn fingerprint(key: &Key, purpose: &str, value: &str) -> String {
    let mut context = hmac::Context::with_key(&key.index);
    context.update(&(purpose.len() as u64).to_be_bytes());
    context.update(purpose.as_bytes());
    context.update(value.as_bytes());
    format!("{:02x}:{}", key.id.0, hex::encode(&context.sign().as_ref()[..INDEX_BYTES]))
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
    fn rotation_opens_old_values_and_seals_them_again() {
        let (old, both, new) = (keyring(&[1], 1), keyring(&[1, 2], 2), keyring(&[2], 2));
        let sealed = seal(&old, "c", b"x", &Counter::default());
        assert_eq!(open(&both, "c", &sealed).unwrap(), b"x");
        assert_eq!(open(&new, "c", &sealed), Err(OpenError::UnknownKey(crate::KeyId(1))));
        let again = reseal(&both, "c", &sealed, &Counter::default()).unwrap();
        assert_eq!(open(&new, "c", &again).unwrap(), b"x");
        assert_eq!(reseal(&both, "d", &sealed, &Counter::default()), Err(OpenError::Forged));
    }

    #[test]
    fn a_lookup_survives_rotation_in_any_order_and_does_not_mix_columns() {
        let (old, behind, before) = (keyring(&[1], 1), keyring(&[1, 2], 2), keyring(&[2, 1], 2));
        let (purpose, card) = ("patient.card_no", "A10023846021");
        let kept = index(&old, purpose, card);
        assert_eq!((kept.len(), &kept[..3]), (35, "01:"));
        for ring in [&old, &behind, &before] {
            let wanted = indexes(ring, purpose, card);
            assert_eq!(wanted[0], index(ring, purpose, card));
            assert!(wanted.contains(&kept));
            assert!(wanted.contains(&kept[3..].to_owned()), "from before numbers were named");
            assert!(!indexes(ring, purpose, "A10023846022").contains(&kept));
            assert!(!indexes(ring, "patient.phone", card).contains(&kept));
        }
        assert_ne!(index(&behind, purpose, card), kept, "what is new is found without the old key");
        assert_ne!(index(&old, "ab", "c"), index(&old, "a", "bc"));
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
