//! The second factor: six digits every thirty seconds, as every authenticator app makes them, and recovery codes for when it is lost.
//!
//! # Source
//! RFC 6238 (TOTP), RFC 4226 (HOTP), Key URI Format (google-authenticator wiki), read 2026-12-01. SHA-1, because several apps take
//! nothing else; a step before and after is accepted for clocks that are off.

use mingfen_domain::{Random, Timestamp, ambient};
use totp_rs::{Builder, Secret, Totp};

/// Bytes of a secret (160 bits, as RFC 4226 recommends).
pub const SECRET_BYTES: usize = 20;
/// Recovery codes that somebody gets.
pub const RECOVERY_CODES: usize = 8;

/// A fresh secret.
pub fn fresh_secret(random: &dyn Random) -> [u8; SECRET_BYTES] {
    let mut secret = [0_u8; SECRET_BYTES];
    random.fill(&mut secret);
    secret
}

fn totp(secret: &[u8], issuer: &str, account: &str) -> Option<Totp> {
    // A colon divides issuer and account in the address.
    let plain = |text: &str| text.replace(':', " ");
    Builder::new()
        .with_secret(Secret::new(secret.into()))
        .with_issuer(Some(plain(issuer)))
        .with_account_name(plain(account))
        .build()
        .ok()
}

/// The address that an app reads from a QR code: `otpauth://totp/…`.
pub fn uri(secret: &[u8], issuer: &str, account: &str) -> Option<String> {
    totp(secret, issuer, account)?.to_url().ok()
}

/// The secret for hands: base 32 in groups of four.
pub fn readable_secret(secret: &[u8]) -> String {
    const ALPHABET: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    let mut text = String::new();
    let (mut pool, mut bits, mut count) = (0_u32, 0_u32, 0_usize);
    for &byte in secret {
        pool = (pool << 8) | u32::from(byte);
        bits += 8;
        while bits >= 5 {
            bits -= 5;
            if count > 0 && count.is_multiple_of(4) {
                text.push(' ');
            }
            let index = usize::try_from((pool >> bits) & 31).unwrap_or_default();
            text.push(char::from(ALPHABET[index]));
            count += 1;
        }
    }
    text
}

/// Whether the code is the secret's at that moment, and newer than the last one that was used: then the step to remember, so that a code
/// that somebody watched being typed works no second time.
pub fn check(secret: &[u8], code: &str, now: Timestamp, last_step: i64) -> Option<i64> {
    let code: String = code.chars().filter(|c| !c.is_whitespace()).collect();
    if code.len() != 6 || !code.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let step = totp(secret, "", "x")?.check(&code, u64::try_from(now.seconds()).ok()?)?;
    let step = i64::try_from(step).ok()?;
    (step > last_step).then_some(step)
}

/// The code of a moment: for tests and for simulated people.
pub fn code_at(secret: &[u8], at: Timestamp) -> String {
    let seconds = u64::try_from(at.seconds()).unwrap_or_default();
    totp(secret, "", "x").map(|totp| totp.generate(seconds).to_string()).unwrap_or_default()
}

/// Fresh recovery codes, as they are shown once: `7K2M9-QX4B3`, 50 bits each.
pub fn recovery_codes(random: &dyn Random) -> Vec<String> {
    (0..RECOVERY_CODES)
        .map(|_| {
            let text = ambient::random_text(random, ambient::READABLE, 10);
            format!("{}-{}", &text[..5], &text[5..])
        })
        .collect()
}

/// A recovery code as it is compared: capitals without dashes and spaces; letters that are easily mistaken are read as what they look
/// like.
pub fn normal_recovery_code(typed: &str) -> String {
    typed
        .chars()
        .filter(|c| c.is_ascii_alphanumeric())
        .map(|c| match c.to_ascii_uppercase() {
            'O' => '0',
            'I' | 'L' => '1',
            c => c,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Counter;

    /// RFC 6238, appendix B, the SHA-1 rows, cut to six digits.
    #[test]
    fn the_vectors_of_the_standard() {
        let secret = b"12345678901234567890";
        for (seconds, code) in
            [(59, "287082"), (1_111_111_109, "081804"), (1_234_567_890, "005924"), (2_000_000_000, "279037")]
        {
            let at = Timestamp::from_ms(seconds * 1000);
            assert_eq!(code_at(secret, at), code);
            assert_eq!(check(secret, code, at, 0), Some(seconds / 30));
        }
    }

    #[test]
    fn a_code_works_once_and_for_a_step_before_and_after() {
        let secret = fresh_secret(&Counter::default());
        let now = Timestamp::from_ms(1_795_000_000_000);
        let code = code_at(&secret, now);
        let step = check(&secret, &code, now, 0).expect("it is right");
        assert_eq!(check(&secret, &code, now, step), None, "used already");
        assert!(check(&secret, &code, now.plus_ms(30_000), 0).is_some());
        assert!(check(&secret, &code, now.plus_ms(-30_000), 0).is_some());
        assert_eq!(check(&secret, &code, now.plus_ms(90_000), 0), None);
        for wrong in ["", "12345", "1234567", "abcdef", "１２３４５６"] {
            assert_eq!(check(&secret, wrong, now, 0), None, "{wrong}");
        }
        let spaced = format!("{} {}", &code[..3], &code[3..]);
        assert!(check(&secret, &spaced, now, 0).is_some());
    }

    #[test]
    fn the_address_names_hospital_and_person() {
        let uri = uri(b"12345678901234567890", "青禾市人民医院", "0501").expect("an address");
        assert!(uri.starts_with("otpauth://totp/") && uri.contains("0501"), "{uri}");
        assert!(uri.contains("secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"), "{uri}");
        assert_eq!(readable_secret(b"12345678901234567890"), "GEZD GNBV GY3T QOJQ GEZD GNBV GY3T QOJQ");
    }

    #[test]
    fn recovery_codes_are_read_as_people_write_them() {
        let codes = recovery_codes(&Counter::default());
        assert_eq!(codes.len(), RECOVERY_CODES);
        assert_eq!(normal_recovery_code(" 7k2m9 qxo1l "), "7K2M9QX011");
    }
}
