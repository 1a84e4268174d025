//! RSA-2048 keys that a seed determines, made once per process and shared by all simulators in it.
//!
//! A simulated merchant's keys protect nothing. Making them from the seed lets a restarted simulator come back
//! with the credentials that a gateway was configured with, and lets hundreds of tests share one generation.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock, Mutex, OnceLock, PoisonError};

use rand::SeedableRng;
use rsa::pkcs1v15::{Signature, SigningKey, VerifyingKey};
use rsa::pkcs8::{DecodePrivateKey, EncodePrivateKey, EncodePublicKey, LineEnding};
use rsa::signature::{SignatureEncoding, Signer, Verifier};
use rsa::{PrivateKey, PublicKey};
use sha2::{Digest, Sha256};

/// A key pair with the forms that are handed out.
#[derive(Clone)]
pub struct RsaKey {
    private: PrivateKey,
    signing: SigningKey<Sha256>,
    verifying: VerifyingKey<Sha256>,
}

impl std::fmt::Debug for RsaKey {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("RsaKey(redacted)")
    }
}

impl RsaKey {
    fn from_private(private: PrivateKey) -> Self {
        let signing = SigningKey::new(private.clone());
        let verifying = VerifyingKey::new(private.to_public_key());
        RsaKey { private, signing, verifying }
    }

    /// Reads a PKCS#8 PEM private key; nothing when it is not one.
    pub fn from_pkcs8_pem(pem: &str) -> Option<Self> {
        PrivateKey::from_pkcs8_pem(pem).ok().map(RsaKey::from_private)
    }

    /// Signs with RSASSA-PKCS1-v1_5 and SHA-256; the raw 256 bytes.
    pub fn sign_sha256(&self, message: &[u8]) -> Vec<u8> {
        self.signing.sign(message).to_vec()
    }

    /// Whether this key made the RSASSA-PKCS1-v1_5 SHA-256 signature.
    pub fn verifies_sha256(&self, message: &[u8], signature: &[u8]) -> bool {
        Signature::try_from(signature)
            .is_ok_and(|signature| self.verifying.verify(message, &signature).is_ok())
    }

    /// The private key itself, for other paddings.
    pub fn private(&self) -> &PrivateKey {
        &self.private
    }

    /// The public half.
    pub fn public(&self) -> PublicKey {
        self.private.to_public_key()
    }

    /// PKCS#8 PEM (`-----BEGIN PRIVATE KEY-----`).
    pub fn private_pem(&self) -> String {
        self.private.to_pkcs8_pem(LineEnding::LF).map(|pem| pem.to_string()).unwrap_or_default()
    }

    /// SubjectPublicKeyInfo PEM (`-----BEGIN PUBLIC KEY-----`).
    pub fn public_pem(&self) -> String {
        self.private.to_public_key().to_public_key_pem(LineEnding::LF).unwrap_or_default()
    }
}

type Slot = Arc<OnceLock<Arc<RsaKey>>>;

static MADE: LazyLock<Mutex<HashMap<(u64, String), Slot>>> = LazyLock::new(Mutex::default);

/// The key with this label under this seed; the first call makes it, which takes a fraction of a second.
///
/// # Panics
/// Never in practice: making a 2048-bit key fails only for impossible sizes.
pub fn rsa_2048(seed: u64, label: &str) -> Arc<RsaKey> {
    let slot = {
        let mut made = MADE.lock().unwrap_or_else(PoisonError::into_inner);
        made.entry((seed, label.to_owned())).or_default().clone()
    };
    slot.get_or_init(|| Arc::new(make(seed, label))).clone()
}

/// Makes several keys at once, one thread each, so that whoever needs them next finds them ready.
pub fn warm_up(seed: u64, labels: &[String]) {
    std::thread::scope(|scope| {
        for label in labels {
            scope.spawn(move || rsa_2048(seed, label));
        }
    });
}

fn make(seed: u64, label: &str) -> RsaKey {
    let digest = Sha256::new().chain_update(seed.to_be_bytes()).chain_update(label.as_bytes()).finalize();
    let mut rng = rand::rngs::StdRng::from_seed(digest.into());
    let private = PrivateKey::new(&mut rng, 2048).expect("2048 bits is a valid size of an RSA key");
    RsaKey::from_private(private)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_and_a_label_determine_the_key() {
        let key = rsa_2048(1, "test");
        assert_eq!(make(1, "test").public_pem(), key.public_pem());
        assert!(key.verifies_sha256(b"text", &key.sign_sha256(b"text")));
        assert!(!key.verifies_sha256(b"other", &key.sign_sha256(b"text")));
        assert!(!key.verifies_sha256(b"text", b"short"));
    }
}
