//! Who is asking: the five signed lines, the clock and the once-only nonce.
//!
//! The same scheme signs in both directions: `check` guards the HIS calls, `sign` makes the hospital's own calls to
//! the gateway's API v1.
//!
//! # Source
//! `docs/his-rest.md`, "Transport and signature".

use std::collections::{BTreeMap, HashMap};

use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};

use super::denial::Denial;

/// How far the caller's clock may be from ours, either way.
const TOLERANCE_S: i64 = 300;
/// How long a nonce stays used.
const NONCE_LIFE_S: i64 = 600;

/// The four headers, as received.
pub(super) struct SignedHeaders<'a> {
    pub key_id: &'a str,
    pub timestamp: &'a str,
    pub nonce: &'a str,
    pub signature: &'a str,
}

/// Lower-hex HMAC-SHA256 over method, path with query, timestamp, nonce and body hash.
pub fn sign(secret: &[u8], method: &str, path: &str, timestamp: i64, nonce: &str, body: &[u8]) -> String {
    hex::encode(mac(secret, method, path, &timestamp.to_string(), nonce, body).finalize().into_bytes())
}

fn mac(secret: &[u8], method: &str, path: &str, timestamp: &str, nonce: &str, body: &[u8]) -> Hmac<Sha256> {
    let body_hash = hex::encode(Sha256::digest(body));
    // HMAC takes a key of any length; the error type exists for ciphers that do not.
    let mut mac = <Hmac<Sha256> as KeyInit>::new_from_slice(secret).expect("HMAC accepts every key length");
    mac.update(format!("{method}\n{path}\n{timestamp}\n{nonce}\n{body_hash}").as_bytes());
    mac
}

/// Nonces seen within their life, forgotten in order of time.
#[derive(Default)]
pub(super) struct Nonces {
    seen: HashMap<(String, String), i64>,
    by_time: BTreeMap<i64, Vec<(String, String)>>,
}

impl Nonces {
    /// True when this key has not used this nonce within its life; from then on it has.
    fn claim(&mut self, key_id: &str, nonce: &str, now: i64) -> bool {
        let expired = self.by_time.range(..now - NONCE_LIFE_S).map(|(at, _)| *at).collect::<Vec<_>>();
        for at in expired {
            for pair in self.by_time.remove(&at).unwrap_or_default() {
                self.seen.remove(&pair);
            }
        }
        let pair = (key_id.to_owned(), nonce.to_owned());
        if self.seen.contains_key(&pair) {
            return false;
        }
        self.seen.insert(pair.clone(), now);
        self.by_time.entry(now).or_default().push(pair);
        true
    }
}

/// Refuses a call whose signature, clock or nonce is not right. The nonce is spent only by a call that verifies.
pub(super) fn check(
    headers: &SignedHeaders<'_>,
    keys: &HashMap<String, String>,
    method: &str,
    path: &str,
    body: &[u8],
    now: i64,
    nonces: &mut Nonces,
) -> Result<(), Denial> {
    let secret = keys
        .get(headers.key_id)
        .ok_or_else(|| Denial::unauthorised("UNKNOWN_KEY", "unknown X-Mingfen-Key"))?;
    let timestamp =
        headers.timestamp.parse::<i64>().ok().filter(|at| at.to_string() == headers.timestamp).ok_or_else(
            || Denial::unauthorised("BAD_TIMESTAMP", "X-Mingfen-Timestamp is not Unix seconds"),
        )?;
    let age = now.checked_sub(timestamp).and_then(i64::checked_abs).unwrap_or(i64::MAX);
    if age > TOLERANCE_S {
        return Err(Denial::unauthorised("STALE_TIMESTAMP", format!("the clocks are {age} s apart")));
    }
    if !is_nonce(headers.nonce) {
        return Err(Denial::unauthorised("BAD_NONCE", "X-Mingfen-Nonce wants 16 to 64 of [A-Za-z0-9]"));
    }
    let given = decode_signature(headers.signature)?;
    mac(secret.as_bytes(), method, path, headers.timestamp, headers.nonce, body)
        .verify_slice(&given)
        .map_err(|_| Denial::unauthorised("BAD_SIGNATURE", "X-Mingfen-Signature does not verify"))?;
    if !nonces.claim(headers.key_id, headers.nonce, now) {
        return Err(Denial::unauthorised("NONCE_REUSED", "X-Mingfen-Nonce was used before"));
    }
    Ok(())
}

fn is_nonce(text: &str) -> bool {
    (16..=64).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

fn decode_signature(text: &str) -> Result<Vec<u8>, Denial> {
    let lower = text.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte));
    hex::decode(text).ok().filter(|bytes| lower && bytes.len() == 32).ok_or_else(|| {
        Denial::unauthorised("BAD_SIGNATURE", "X-Mingfen-Signature is not 64 lower-hex digits")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &str = "mingfen-demo-secret-0123456789abcdef";
    const PATH: &str = "/his/v1/slips/list";
    const NONCE: &str = "0A1B2C3D4E5F60718293A4B5C6D7E8F9";
    const BODY: &[u8] = br#"{"hospital_id":"QH01","card_no":"A10023846021"}"#;
    const SIGNATURE: &str = "b932ef4ed1fba8db1ff099e956079f28a75b3b1ab14b2ce1de3fe7ec17358ad1";
    const AT: i64 = 1_767_240_000;

    fn try_at(now: i64, nonce: &str, signature: &str, body: &[u8], nonces: &mut Nonces) -> Option<String> {
        let keys = HashMap::from([("gateway".to_owned(), SECRET.to_owned())]);
        let headers = SignedHeaders { key_id: "gateway", timestamp: "1767240000", nonce, signature };
        check(&headers, &keys, "POST", PATH, body, now, nonces).err().map(|denial| denial.code.into_owned())
    }

    #[test]
    fn the_documents_vector_signs_and_verifies() {
        assert_eq!(sign(SECRET.as_bytes(), "POST", PATH, AT, NONCE, BODY), SIGNATURE);
        assert_eq!(try_at(AT, NONCE, SIGNATURE, BODY, &mut Nonces::default()), None);
    }

    #[test]
    fn a_nonce_serves_once() {
        let mut nonces = Nonces::default();
        assert_eq!(try_at(AT, NONCE, SIGNATURE, BODY, &mut nonces), None);
        assert_eq!(try_at(AT + 1, NONCE, SIGNATURE, BODY, &mut nonces).as_deref(), Some("NONCE_REUSED"));
    }

    #[test]
    fn a_wrong_signature_spends_no_nonce() {
        let mut nonces = Nonces::default();
        let wrong = SIGNATURE.replace('b', "c");
        assert_eq!(try_at(AT, NONCE, &wrong, BODY, &mut nonces).as_deref(), Some("BAD_SIGNATURE"));
        assert_eq!(try_at(AT, NONCE, SIGNATURE, BODY, &mut nonces), None);
    }

    #[test]
    fn five_minutes_are_the_limit_either_way() {
        for (now, refused) in [(AT + 300, false), (AT - 300, false), (AT + 301, true), (AT - 301, true)] {
            let code = try_at(now, NONCE, SIGNATURE, BODY, &mut Nonces::default());
            assert_eq!(code.as_deref(), refused.then_some("STALE_TIMESTAMP"), "at {now}");
        }
    }

    #[test]
    fn another_body_does_not_verify() {
        let code = try_at(AT, NONCE, SIGNATURE, b"{}", &mut Nonces::default());
        assert_eq!(code.as_deref(), Some("BAD_SIGNATURE"));
    }

    #[test]
    fn short_nonces_and_upper_case_signatures_are_refused() {
        let mut nonces = Nonces::default();
        assert_eq!(try_at(AT, "0123456789abcde", SIGNATURE, BODY, &mut nonces).as_deref(), Some("BAD_NONCE"));
        let upper = SIGNATURE.to_uppercase();
        assert_eq!(try_at(AT, NONCE, &upper, BODY, &mut nonces).as_deref(), Some("BAD_SIGNATURE"));
    }
}
