//! The signature of a request between the gateway and a HIS, in either direction: HMAC-SHA256 over five lines.
//!
//! Only the pure part: who knows the secret, whether the timestamp is fresh and whether the nonce was seen before is the
//! caller's to decide.
//!
//! # Source
//! `docs/his-rest.md`, "Transport and signature", with its vector.

use aws_lc_rs::{digest, hmac};

/// How far a timestamp may be from the receiver's clock, in seconds, either way.
pub const MAX_SKEW_SECONDS: i64 = 300;

/// The five signed lines: method, path with query, timestamp, nonce, SHA-256 of the body.
///
/// `path_and_query` is taken exactly as it travels, without normalisation.
pub fn signing_text(method: &str, path_and_query: &str, timestamp: i64, nonce: &str, body: &[u8]) -> String {
    let body_hash = hex::encode(digest::digest(&digest::SHA256, body));
    format!("{method}\n{path_and_query}\n{timestamp}\n{nonce}\n{body_hash}")
}

/// Signs; lower-case hexadecimal.
pub fn sign(
    secret: &[u8],
    method: &str,
    path_and_query: &str,
    timestamp: i64,
    nonce: &str,
    body: &[u8],
) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret);
    let text = signing_text(method, path_and_query, timestamp, nonce, body);
    hex::encode(hmac::sign(&key, text.as_bytes()))
}

/// Whether `given_hex` signs this request. Takes the same time wherever it differs. Upper-case hexadecimal is refused,
/// because the contract says lower-case and one request shall have one signature.
pub fn verify(
    secret: &[u8],
    method: &str,
    path_and_query: &str,
    timestamp: i64,
    nonce: &str,
    body: &[u8],
    given_hex: &str,
) -> bool {
    if given_hex.bytes().any(|byte| byte.is_ascii_uppercase()) {
        return false;
    }
    let Ok(given) = hex::decode(given_hex) else { return false };
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret);
    let text = signing_text(method, path_and_query, timestamp, nonce, body);
    hmac::verify(&key, text.as_bytes(), &given).is_ok()
}

/// Whether a text may be a nonce: 16 to 64 letters and digits.
pub fn is_nonce(text: &str) -> bool {
    (16..=64).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &[u8] = b"mingfen-demo-secret-0123456789abcdef";
    const PATH: &str = "/his/v1/slips/list";
    const NONCE: &str = "0A1B2C3D4E5F60718293A4B5C6D7E8F9";
    const BODY: &[u8] = br#"{"hospital_id":"QH01","card_no":"A10023846021"}"#;
    const SIGNATURE: &str = "b932ef4ed1fba8db1ff099e956079f28a75b3b1ab14b2ce1de3fe7ec17358ad1";

    #[test]
    fn the_vector_of_the_contract_holds() {
        assert_eq!(sign(SECRET, "POST", PATH, 1_767_240_000, NONCE, BODY), SIGNATURE);
        assert!(verify(SECRET, "POST", PATH, 1_767_240_000, NONCE, BODY, SIGNATURE));
    }

    #[test]
    fn whatever_differs_breaks_the_signature() {
        let ok = |secret: &[u8], method, path, at, nonce, body: &[u8], hex: &str| {
            verify(secret, method, path, at, nonce, body, hex)
        };
        let at = 1_767_240_000;
        assert!(!ok(b"other", "POST", PATH, at, NONCE, BODY, SIGNATURE));
        assert!(!ok(SECRET, "PUT", PATH, at, NONCE, BODY, SIGNATURE));
        assert!(!ok(SECRET, "POST", "/his/v1/slips/list?", at, NONCE, BODY, SIGNATURE));
        assert!(!ok(SECRET, "POST", PATH, at + 1, NONCE, BODY, SIGNATURE));
        assert!(!ok(SECRET, "POST", PATH, at, "0A1B2C3D4E5F60718293A4B5C6D7E8F0", BODY, SIGNATURE));
        assert!(!ok(SECRET, "POST", PATH, at, NONCE, b"", SIGNATURE));
        for bad in [&SIGNATURE.to_uppercase(), "", "b9", &SIGNATURE[..62], &format!("{SIGNATURE}00")] {
            assert!(!ok(SECRET, "POST", PATH, at, NONCE, BODY, bad), "{bad}");
        }
    }

    #[test]
    fn an_empty_body_has_the_hash_of_the_empty_string() {
        let text = signing_text("GET", "/api/v1/orders?page=2", 7, NONCE, b"");
        let empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        assert_eq!(text, format!("GET\n/api/v1/orders?page=2\n7\n{NONCE}\n{empty}"));
    }

    #[test]
    fn a_nonce_has_sixteen_to_sixty_four_letters_and_digits() {
        assert!(is_nonce(NONCE) && is_nonce(&"a".repeat(16)) && is_nonce(&"Z".repeat(64)));
        for bad in ["", &"a".repeat(15), &"a".repeat(65), "0A1B2C3D4E5F607-", "0A1B2C3D4E5F607中"] {
            assert!(!is_nonce(bad), "{bad}");
        }
    }
}
