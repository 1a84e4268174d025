//! The outer shape of all that is sealed: version, key number, nonce, then what the cipher made, then its tag.

use crate::keyring::{Key, KeyId, Keyring};
use aws_lc_rs::aead::{Aad, LessSafeKey, NONCE_LEN, Nonce};
use mingfen_domain::Random;

/// Bytes in front of the sealed text: version, key number, nonce.
pub(crate) const HEAD_BYTES: usize = 2 + NONCE_LEN;
/// The cipher's tag behind it.
pub(crate) const TAG_BYTES: usize = 16;

/// Why a sealed text does not open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum OpenError {
    /// It is not of the shape that is sealed here: cut off, another alphabet, another version.
    #[error("this is not a sealed text of a known version")]
    Malformed,
    /// Its key is not in the keyring (any more).
    #[error("it was sealed with key {0}, which is not in the keyring")]
    UnknownKey(KeyId),
    /// It was changed, or sealed by somebody else, or for another purpose.
    #[error("the seal is broken")]
    Forged,
}

/// Picks the sub-key of one use.
pub(crate) type SubKey = for<'a> fn(&'a Key) -> &'a LessSafeKey;

/// A kind of envelope: its version and the sub-key that seals it.
pub(crate) struct Envelope {
    pub(crate) version: u8,
    pub(crate) sub_key: SubKey,
}

impl Envelope {
    /// Seals with the current key. `context` says where the text belongs; it is not in the result and must be the same to open.
    pub(crate) fn seal(
        &self,
        keyring: &Keyring,
        context: &str,
        plain: &[u8],
        random: &dyn Random,
    ) -> Vec<u8> {
        let key = keyring.current();
        let mut nonce = [0; NONCE_LEN];
        random.fill(&mut nonce);
        let mut sealed = Vec::with_capacity(HEAD_BYTES + plain.len() + TAG_BYTES);
        sealed.extend([self.version, key.id.0]);
        sealed.extend(nonce);
        sealed.extend(plain);
        let tag = (self.sub_key)(key)
            .seal_in_place_separate_tag(
                Nonce::assume_unique_for_key(nonce),
                self.bound(key.id, context),
                &mut sealed[HEAD_BYTES..],
            )
            .expect("the cipher refuses only texts beyond 64 GiB");
        sealed.extend(tag.as_ref());
        sealed
    }

    pub(crate) fn open(&self, keyring: &Keyring, context: &str, sealed: &[u8]) -> Result<Vec<u8>, OpenError> {
        let (head, body) = sealed.split_at_checked(HEAD_BYTES).ok_or(OpenError::Malformed)?;
        let (&[version, id], nonce) = head.split_first_chunk().ok_or(OpenError::Malformed)?;
        if version != self.version || body.len() < TAG_BYTES {
            return Err(OpenError::Malformed);
        }
        let id = KeyId(id);
        let key = keyring.find(id).ok_or(OpenError::UnknownKey(id))?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| OpenError::Malformed)?;
        let mut plain = body.to_vec();
        let length = (self.sub_key)(key)
            .open_in_place(nonce, self.bound(id, context), &mut plain)
            .map_err(|_| OpenError::Forged)?
            .len();
        plain.truncate(length);
        Ok(plain)
    }

    /// Version and key number are authenticated although they stand in clear.
    fn bound(&self, id: KeyId, context: &str) -> Aad<Vec<u8>> {
        let mut bound = Vec::with_capacity(2 + context.len());
        bound.extend([self.version, id.0]);
        bound.extend(context.as_bytes());
        Aad::from(bound)
    }
}
