//! Says what a text that should be a key really is.

use super::KeyProblem;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use rsa::pkcs1::{RsaPrivateKeyRef, RsaPublicKeyRef, UintRef};
use rsa::pkcs8::der::Decode;
use rsa::pkcs8::{ObjectIdentifier, PrivateKeyInfoRef, SubjectPublicKeyInfoRef};
use std::fmt;
use zeroize::Zeroize;

const RSA_ENCRYPTION: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");
const EC_PUBLIC_KEY: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");
const ED25519: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.101.112");
/// `06 09` and the bytes of PBES2, 1.2.840.113549.1.5.13.
const PBES2: &[u8] = &[0x06, 0x09, 0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x05, 0x0D];

/// DER and what it is.
pub struct Form {
    /// What it is.
    pub kind: Kind,
    /// Its bytes.
    pub der: Vec<u8>,
}

/// What DER bytes are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    Pkcs8Rsa { bits: usize },
    Pkcs1Private { bits: usize },
    SpkiRsa { bits: usize },
    Pkcs1Public { bits: usize },
    PrivateOf(&'static str),
    PublicOf(&'static str),
    EncryptedPrivate,
    Certificate,
    CertificateRequest,
    Unknown,
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Pkcs8Rsa { .. } => f.write_str("an RSA private key (PKCS#8)"),
            Self::Pkcs1Private { .. } => f.write_str("an RSA private key (PKCS#1)"),
            Self::SpkiRsa { .. } | Self::Pkcs1Public { .. } => f.write_str("an RSA public key"),
            Self::PrivateOf(algorithm) => write!(f, "a private key for {algorithm}"),
            Self::PublicOf(algorithm) => write!(f, "a public key for {algorithm}"),
            Self::EncryptedPrivate => f.write_str("an encrypted private key (take the password off first)"),
            Self::Certificate => f.write_str("a certificate"),
            Self::CertificateRequest => f.write_str("a certificate request (CSR)"),
            Self::Unknown => f.write_str("Base64 of something that is neither a key nor a certificate"),
        }
    }
}

/// The one key or certificate that `text` holds; of several certificates the first, which is the holder's.
pub fn single(text: &str, wanted: &'static str) -> Result<Form, KeyProblem> {
    let mut forms = all(text, wanted)?;
    if forms.len() > 1 && forms.iter().any(|form| form.kind != Kind::Certificate) {
        return Err(KeyProblem::Other { looks_like: format!("{} PEM blocks", forms.len()), wanted });
    }
    Ok(forms.swap_remove(0))
}

/// Everything that `text` holds; never empty.
pub fn all(text: &str, wanted: &'static str) -> Result<Vec<Form>, KeyProblem> {
    let other = |looks_like: &str| KeyProblem::Other { looks_like: looks_like.to_owned(), wanted };
    // A PEM text that went through an environment variable often has its line breaks spelt out.
    let mut text = text.trim_start_matches('\u{feff}').replace("\\r", "").replace("\\n", "\n");
    let result = if text.contains("-----BEGIN") {
        pem_blocks(&text).map_err(other)
    } else {
        bare(&text).map(|form| vec![form]).map_err(other)
    };
    text.zeroize();
    result
}

fn pem_blocks(text: &str) -> Result<Vec<Form>, &'static str> {
    let mut forms = Vec::new();
    let mut rest = text;
    while let Some(begin) = rest.find("-----BEGIN ") {
        let after = &rest[begin + 11..];
        let (label, after) = after.split_once("-----").ok_or("a PEM text whose first line is cut off")?;
        let end = format!("-----END {label}-----");
        let (body, after) = after.split_once(end.as_str()).ok_or("a PEM text whose END line is missing")?;
        if body.contains("ENCRYPTED") {
            return Err("an encrypted private key (take the password off first)");
        }
        if label == "EC PARAMETERS" {
            rest = after;
            continue;
        }
        let der = decode(body).ok_or("a PEM text with characters that are not Base64")?;
        forms.push(Form { kind: classify(&der), der });
        rest = after;
    }
    if forms.is_empty() { Err("a PEM text without a block") } else { Ok(forms) }
}

fn bare(text: &str) -> Result<Form, &'static str> {
    let text = text.trim();
    if text.is_empty() {
        return Err("an empty text");
    }
    let short = text.len() < 200 && !text.contains('\n');
    let like_a_path = [".pem", ".key", ".crt", ".cer", ".der", ".txt", ".p12"];
    if short && (text.starts_with(['/', '.', '~']) || like_a_path.iter().any(|end| text.ends_with(end))) {
        return Err("a path; the setting for a path ends in _file");
    }
    if text.bytes().any(|byte| byte == b'*') {
        return Err("a masked text, copied from a page that hides it");
    }
    if short && text.len() <= 64 {
        return Err("a short secret or a number, far too short for a key");
    }
    let der = decode(text).ok_or("a text that is neither PEM nor Base64")?;
    Ok(Form { kind: classify(&der), der })
}

fn decode(text: &str) -> Option<Vec<u8>> {
    let mut compact: Vec<u8> = text.bytes().filter(|byte| !byte.is_ascii_whitespace()).collect();
    let der = STANDARD.decode(&compact).ok();
    compact.zeroize();
    der
}

/// Says what DER bytes are.
pub fn classify(der: &[u8]) -> Kind {
    if let Ok(key) = PrivateKeyInfoRef::try_from(der) {
        return match key.algorithm.oid {
            RSA_ENCRYPTION => match RsaPrivateKeyRef::from_der(key.private_key.as_bytes()) {
                Ok(rsa) => Kind::Pkcs8Rsa { bits: bits(rsa.modulus) },
                Err(_) => Kind::Unknown,
            },
            other => Kind::PrivateOf(algorithm(other)),
        };
    }
    if let Ok(rsa) = RsaPrivateKeyRef::from_der(der) {
        return Kind::Pkcs1Private { bits: bits(rsa.modulus) };
    }
    if let Ok(key) = SubjectPublicKeyInfoRef::from_der(der) {
        return match key.algorithm.oid {
            RSA_ENCRYPTION => match key.subject_public_key.as_bytes().map(RsaPublicKeyRef::from_der) {
                Some(Ok(rsa)) => Kind::SpkiRsa { bits: bits(rsa.modulus) },
                _ => Kind::Unknown,
            },
            other => Kind::PublicOf(algorithm(other)),
        };
    }
    if let Ok(rsa) = RsaPublicKeyRef::from_der(der) {
        return Kind::Pkcs1Public { bits: bits(rsa.modulus) };
    }
    if super::parse_certificate(der).is_some() {
        return Kind::Certificate;
    }
    let head = &der[..der.len().min(48)];
    if head.windows(PBES2.len()).any(|window| window == PBES2) {
        return Kind::EncryptedPrivate;
    }
    // SEC 1 ECPrivateKey: a sequence that begins with version 1 and an octet string.
    if matches!(head, [0x30, _, 0x02, 0x01, 0x01, 0x04, ..] | [0x30, 0x81, _, 0x02, 0x01, 0x01, 0x04, ..]) {
        return Kind::PrivateOf("elliptic curves");
    }
    let request = <x509_parser::prelude::X509CertificationRequest<'_> as x509_parser::prelude::FromDer<
        '_,
        _,
    >>::from_der(der);
    if request.is_ok() { Kind::CertificateRequest } else { Kind::Unknown }
}

fn bits(modulus: UintRef<'_>) -> usize {
    let bytes = modulus.as_bytes();
    let leading = bytes.first().map_or(0, |first| first.leading_zeros());
    (bytes.len() * 8).saturating_sub(usize::try_from(leading).unwrap_or_default())
}

fn algorithm(oid: ObjectIdentifier) -> &'static str {
    match oid {
        EC_PUBLIC_KEY => "elliptic curves",
        ED25519 => "Ed25519",
        _ => "another algorithm",
    }
}
