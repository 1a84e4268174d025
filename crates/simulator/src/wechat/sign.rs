//! Canonical strings and the two ciphers, as pure functions.
//!
//! # Source
//! WeChat Pay API v3 reference, sections 1.2 (request signature), 1.4 (answer signature), 1.7 (sensitive fields),
//! 1.8 (AEAD) and 2.2 (paySign); vectors V1 to V5 of section 12 are the tests here.

use aes_gcm::aead::{Aead, Payload};
use aes_gcm::{Aes256Gcm, KeyInit};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rsa::Oaep;
use sha1::Sha1;

use crate::keys::RsaKey;

/// The only scheme of the Authorization header.
pub const SCHEME: &str = "WECHATPAY2-SHA256-RSA2048";

/// The five parameters of an Authorization header.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Authorization {
    /// Who signs.
    pub mchid: String,
    /// Up to 32 random characters.
    pub nonce_str: String,
    /// Unix seconds as sent.
    pub timestamp: String,
    /// Serial of the merchant's certificate.
    pub serial_no: String,
    /// Base64.
    pub signature: String,
}

/// What is wrong with an Authorization header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AuthorizationError {
    /// Another scheme than [`SCHEME`].
    Scheme,
    /// Not five parameters, each once, quoted, comma between, no spaces.
    Grammar,
}

impl Authorization {
    /// Parses the header by the grammar of section 1.2, which knows no optional white space.
    pub fn parse(header: &str) -> Result<Self, AuthorizationError> {
        let (scheme, params) = header.split_once(' ').ok_or(AuthorizationError::Grammar)?;
        if scheme != SCHEME {
            return Err(AuthorizationError::Scheme);
        }
        let mut values: [Option<String>; 5] = Default::default();
        for param in params.split(',') {
            let (key, quoted) = param.split_once('=').ok_or(AuthorizationError::Grammar)?;
            let value = quoted.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
            let value = value.filter(|value| !value.is_empty()).ok_or(AuthorizationError::Grammar)?;
            let slot = match key {
                "mchid" => 0,
                "nonce_str" => 1,
                "timestamp" => 2,
                "serial_no" => 3,
                "signature" => 4,
                _ => return Err(AuthorizationError::Grammar),
            };
            if values[slot].replace(value.to_owned()).is_some() {
                return Err(AuthorizationError::Grammar);
            }
        }
        match values {
            [Some(mchid), Some(nonce_str), Some(timestamp), Some(serial_no), Some(signature)] => {
                Ok(Authorization { mchid, nonce_str, timestamp, serial_no, signature })
            }
            _ => Err(AuthorizationError::Grammar),
        }
    }
}

/// The text that a merchant signs for a request; `path` carries the query as it was sent.
pub fn request_message(method: &str, path: &str, timestamp: &str, nonce: &str, body: &[u8]) -> Vec<u8> {
    lines(&[method.as_bytes(), path.as_bytes(), timestamp.as_bytes(), nonce.as_bytes(), body])
}

/// The text that WeChat Pay signs for an answer or a notification.
pub fn answer_message(timestamp: &str, nonce: &str, body: &[u8]) -> Vec<u8> {
    lines(&[timestamp.as_bytes(), nonce.as_bytes(), body])
}

/// The text that a merchant signs for the client's call.
pub fn pay_sign_message(app_id: &str, timestamp: &str, nonce: &str, package: &str) -> Vec<u8> {
    lines(&[app_id.as_bytes(), timestamp.as_bytes(), nonce.as_bytes(), package.as_bytes()])
}

fn lines(parts: &[&[u8]]) -> Vec<u8> {
    let mut message = Vec::new();
    for part in parts {
        message.extend_from_slice(part);
        message.push(b'\n');
    }
    message
}

/// Base64 of the signature.
pub fn sign(key: &RsaKey, message: &[u8]) -> String {
    STANDARD.encode(key.sign_sha256(message))
}

/// Whether the Base64 signature is this key's over the message.
pub fn verifies(key: &RsaKey, message: &[u8], signature: &str) -> bool {
    STANDARD.decode(signature).is_ok_and(|raw| key.verifies_sha256(message, &raw))
}

/// Base64 of ciphertext and tag under the APIv3 key; empty when the key or nonce is of another length.
pub fn seal(api_v3_key: &str, nonce: &str, associated_data: &str, plaintext: &[u8]) -> String {
    let Ok(cipher) = Aes256Gcm::new_from_slice(api_v3_key.as_bytes()) else { return String::new() };
    let Ok(nonce) = nonce.as_bytes().try_into() else { return String::new() };
    let payload = Payload { msg: plaintext, aad: associated_data.as_bytes() };
    cipher.encrypt(nonce, payload).map(|sealed| STANDARD.encode(sealed)).unwrap_or_default()
}

/// Opens a sensitive field that a merchant encrypted to this key (OAEP with SHA-1).
pub fn open_field(key: &RsaKey, field: &str) -> Option<String> {
    let sealed = STANDARD.decode(field).ok()?;
    let opened = key.private().decrypt(Oaep::<Sha1>::new(), &sealed).ok()?;
    String::from_utf8(opened).ok()
}

#[cfg(test)]
mod tests;
