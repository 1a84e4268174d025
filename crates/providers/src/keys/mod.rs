//! RSA keys and certificates in every form that merchants really receive, and nothing weaker than 2048 bits.
//!
//! The forms are read with the `rsa` crate's format readers and `x509-parser`; signing and verifying, which every payment
//! waits for, are done by `aws-lc-rs` in constant time with keys parsed once. A wrong text gets an error that says what it
//! looks like and what is wanted; no error and no `Debug` ever prints a key.

mod form;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{
    KeyPair, ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_SHA256, RsaKeyPair,
};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use form::{Form, Kind};
use mingfen_domain::Timestamp;
use std::fmt;
use x509_parser::prelude::{FromDer, X509Certificate};

/// Why a text is not the key that is wanted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeyProblem {
    /// It is something else.
    #[error("looks like {looks_like}; wanted is {wanted}")]
    Other {
        /// What it seems to be.
        looks_like: String,
        /// What the setting needs.
        wanted: &'static str,
    },
    /// It is of the right kind and too short.
    #[error("is an RSA key of {bits} bits; at least 2048 are needed, make a new one at the provider")]
    TooShort {
        /// Its length.
        bits: usize,
    },
    /// It is of the right kind and damaged.
    #[error("is {kind}, but its numbers do not belong together; copy it again")]
    Damaged {
        /// What it is.
        kind: &'static str,
    },
}

/// An RSA private key, ready to sign.
pub struct Signer {
    key: RsaKeyPair,
    random: SystemRandom,
}

impl Signer {
    /// RSASSA-PKCS1-v1_5 with SHA-256, in Base64 without line breaks. `None` only when the library fails inside.
    pub fn sign(&self, message: &[u8]) -> Option<String> {
        let mut signature = vec![0; self.key.public_modulus_len()];
        self.key.sign(&RSA_PKCS1_SHA256, &self.random, message, &mut signature).ok()?;
        Some(STANDARD.encode(signature))
    }

    /// The public half, as PKCS#1 DER; equal keys have equal bytes.
    pub fn public_half(&self) -> &[u8] {
        self.key.public_key().as_ref()
    }
}

impl fmt::Debug for Signer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Signer(RSA {} bits, hidden)", self.key.public_modulus_len() * 8)
    }
}

/// An RSA public key, parsed once and ready to verify.
#[derive(Clone)]
pub struct Verifier(ParsedPublicKey);

impl Verifier {
    /// Whether `signature_base64` is this key's RSASSA-PKCS1-v1_5 signature with SHA-256. A text that is not Base64 at all is
    /// simply no signature: providers probe with such texts.
    pub fn verifies(&self, message: &[u8], signature_base64: &str) -> bool {
        STANDARD
            .decode(signature_base64)
            .is_ok_and(|signature| self.0.verify_sig(message, &signature).is_ok())
    }
}

impl fmt::Debug for Verifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Verifier(RSA)")
    }
}

/// An X.509 certificate with an RSA key.
#[derive(Clone)]
pub struct Certificate {
    /// The whole certificate.
    pub der: Vec<u8>,
    /// Its key.
    pub verifier: Verifier,
    /// Its serial number, upper-case hexadecimal without leading zeros' byte.
    pub serial_hex: String,
    /// First moment of validity.
    pub not_before: Timestamp,
    /// Last moment of validity.
    pub not_after: Timestamp,
}

impl Certificate {
    /// Reads DER.
    ///
    /// # Errors
    /// [`KeyProblem`] for another thing, a key that is not RSA, or a short one.
    pub fn from_der(der: &[u8]) -> Result<Self, KeyProblem> {
        let parsed = parse_certificate(der).ok_or(KeyProblem::Damaged { kind: CERTIFICATE })?;
        let verifier = verifier(parsed.public_key().raw, CERTIFICATE)?;
        let serial = parsed.raw_serial();
        let serial = serial.strip_prefix(&[0]).filter(|rest| !rest.is_empty()).unwrap_or(serial);
        Ok(Self {
            serial_hex: hex::encode_upper(serial),
            not_before: Timestamp::from_seconds(parsed.validity().not_before.timestamp()),
            not_after: Timestamp::from_seconds(parsed.validity().not_after.timestamp()),
            verifier,
            der: der.to_vec(),
        })
    }

    /// Whether `issuer` signed this certificate and is named as its issuer. A root is signed by itself.
    pub fn is_signed_by(&self, issuer: &Self) -> bool {
        match (parse_certificate(&self.der), parse_certificate(&issuer.der)) {
            (Some(own), Some(theirs)) => {
                own.issuer() == theirs.subject() && own.verify_signature(Some(theirs.public_key())).is_ok()
            }
            _ => false,
        }
    }

    /// Whether it is valid at `moment`.
    pub fn is_valid_at(&self, moment: Timestamp) -> bool {
        self.not_before <= moment && moment <= self.not_after
    }
}

impl fmt::Debug for Certificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Certificate({} until {})", self.serial_hex, self.not_after)
    }
}

const PRIVATE_KEY: &str = "an RSA private key (PKCS#8 or PKCS#1, as PEM or bare Base64)";
const PUBLIC_KEY: &str = "an RSA public key (SPKI or PKCS#1, as PEM or bare Base64) or a certificate";
const CERTIFICATE: &str = "an X.509 certificate";
const CERTIFICATES: &str = "one or several X.509 certificates as PEM, with an RSA key";

/// Reads a private key.
///
/// # Errors
/// [`KeyProblem`] for anything else, damage, or fewer than 2048 bits.
pub fn private_key(text: &str) -> Result<Signer, KeyProblem> {
    let Form { kind, der } = form::single(text, PRIVATE_KEY)?;
    let (key, bits) = match kind {
        Kind::Pkcs8Rsa { bits } => (RsaKeyPair::from_pkcs8(&der), bits),
        Kind::Pkcs1Private { bits } => (RsaKeyPair::from_der(&der), bits),
        other => {
            return Err(KeyProblem::Other { looks_like: other.to_string(), wanted: PRIVATE_KEY });
        }
    };
    if bits < 2048 {
        return Err(KeyProblem::TooShort { bits });
    }
    let key = key.map_err(|_| KeyProblem::Damaged { kind: "an RSA private key" })?;
    Ok(Signer { key, random: SystemRandom::new() })
}

/// Reads a public key, or takes it out of a certificate.
///
/// # Errors
/// [`KeyProblem`] for anything else, damage, or fewer than 2048 bits.
pub fn public_key(text: &str) -> Result<Verifier, KeyProblem> {
    let Form { kind, der } = form::single(text, PUBLIC_KEY)?;
    match kind {
        Kind::SpkiRsa { .. } | Kind::Pkcs1Public { .. } => verifier(&der, "an RSA public key"),
        Kind::Certificate => Certificate::from_der(&der).map(|certificate| certificate.verifier),
        other => Err(KeyProblem::Other { looks_like: other.to_string(), wanted: PUBLIC_KEY }),
    }
}

/// Whether the text is a certificate, however it is written; for settings that want something else and say why.
pub fn is_certificate(text: &str) -> bool {
    form::all(text, CERTIFICATES).is_ok_and(|forms| forms.iter().any(|form| form.kind == Kind::Certificate))
}

/// Reads all certificates of a PEM text, at least one.
///
/// # Errors
/// [`KeyProblem`] for anything else, damage, a key that is not RSA or has fewer than 2048 bits.
pub fn certificates(text: &str) -> Result<Vec<Certificate>, KeyProblem> {
    form::all(text, CERTIFICATES)?
        .into_iter()
        .map(|Form { kind, der }| match kind {
            Kind::Certificate => Certificate::from_der(&der),
            other => Err(KeyProblem::Other { looks_like: other.to_string(), wanted: CERTIFICATES }),
        })
        .collect()
}

/// The DER of every certificate in a PEM text, whatever its key; for bundles that mix algorithms.
///
/// # Errors
/// [`KeyProblem`] when the text holds anything else.
pub fn certificate_ders(text: &str) -> Result<Vec<Vec<u8>>, KeyProblem> {
    form::all(text, CERTIFICATES)?
        .into_iter()
        .map(|Form { kind, der }| match kind {
            Kind::Certificate => Ok(der),
            other => Err(KeyProblem::Other { looks_like: other.to_string(), wanted: CERTIFICATES }),
        })
        .collect()
}

fn parse_certificate(der: &[u8]) -> Option<X509Certificate<'_>> {
    X509Certificate::from_der(der).ok().filter(|(rest, _)| rest.is_empty()).map(|(_, parsed)| parsed)
}

/// Accepts SPKI and PKCS#1.
fn verifier(der: &[u8], kind: &'static str) -> Result<Verifier, KeyProblem> {
    match form::classify(der) {
        Kind::SpkiRsa { bits } | Kind::Pkcs1Public { bits } if bits < 2048 => {
            return Err(KeyProblem::TooShort { bits });
        }
        Kind::SpkiRsa { .. } | Kind::Pkcs1Public { .. } => {}
        other => {
            return Err(KeyProblem::Other {
                looks_like: format!("{kind} holding {other}"),
                wanted: "an RSA key",
            });
        }
    }
    ParsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, der)
        .map(Verifier)
        .map_err(|_| KeyProblem::Damaged { kind })
}

#[cfg(test)]
mod tests;
