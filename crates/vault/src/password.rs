//! Passwords of staff: Argon2id, and which ones are too weak to be taken.
//!
//! # Source
//! RFC 9106 (Argon2), OWASP "Password Storage Cheat Sheet" (19 MiB, two passes, one lane), NIST SP 800-63B section 3.1.1.2 (length over
//! composition, a list of what everybody uses), all read 2026-12-01.

use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use argon2::{Algorithm, Argon2, Params, Version};
use mingfen_domain::{Random, ambient};
use std::sync::LazyLock;

/// Characters that a password has at least.
pub const LEAST: usize = 10;
/// Characters that a password has at most: more only costs time.
pub const MOST: usize = 128;

const MEMORY_KIB: u32 = 19 * 1024;
const PASSES: u32 = 2;
const LANES: u32 = 1;

/// Why a password is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Weak {
    /// Fewer than [`LEAST`] characters.
    TooShort,
    /// More than [`MOST`].
    TooLong,
    /// It holds the staff number or the name.
    Personal,
    /// A run such as 1234567890, one piece again and again, or one that everybody uses.
    Common,
}

/// Whether a password may be taken by this person.
///
/// # Errors
/// [`Weak`]: why not.
pub fn check_strength(password: &str, staff_no: &str, name: &str) -> Result<(), Weak> {
    let length = password.chars().count();
    if length < LEAST {
        return Err(Weak::TooShort);
    }
    if length > MOST {
        return Err(Weak::TooLong);
    }
    let lower = password.to_lowercase();
    let holds = |what: &str| what.chars().count() >= 2 && lower.contains(&what.to_lowercase());
    // A staff number of a few digits stands in half of all passwords by chance; then it must not be most of one.
    if holds(name) || (holds(staff_no) && length < staff_no.chars().count() + LEAST) {
        return Err(Weak::Personal);
    }
    if is_common(&lower) { Err(Weak::Common) } else { Ok(()) }
}

/// Pieces that passwords are made of when nobody thinks about them. What is left when they are taken out must still be something.
const PIECES: [&str; 46] = [
    "password",
    "passw0rd",
    "p@ssw0rd",
    "p@ssword",
    "qwertyuiop",
    "qwerty",
    "qwer",
    "asdfghjkl",
    "asdfgh",
    "asdf",
    "zxcvbnm",
    "zxcv",
    "1qaz2wsx",
    "1qaz",
    "2wsx",
    "3edc",
    "q1w2e3r4",
    "abc123",
    "abcd",
    "abc",
    "admin",
    "administrator",
    "root",
    "welcome",
    "letmein",
    "iloveyou",
    "woaini",
    "5201314",
    "520",
    "1314",
    "hospital",
    "yiyuan",
    "shoufei",
    "caiwu",
    "mima",
    "12345678",
    "123456",
    "1234",
    "123",
    "888",
    "666",
    "000",
    "111",
    "2024",
    "2025",
    "2026",
];

fn is_common(lower: &str) -> bool {
    let characters: Vec<char> = lower.chars().collect();
    let mut different = characters.clone();
    different.sort_unstable();
    different.dedup();
    if different.len() < 5 {
        return true;
    }
    let step = |a: char, b: char| u32::from(b).wrapping_sub(u32::from(a));
    let runs =
        characters.windows(2).filter(|pair| matches!(step(pair[0], pair[1]), 1 | u32::MAX | 0)).count();
    if runs + 2 >= characters.len() {
        return true;
    }
    let rest = PIECES.iter().fold(lower.to_owned(), |rest, piece| rest.replace(piece, ""));
    let left = rest.chars().filter(|c| c.is_alphanumeric()).count();
    left < 4
}

fn hasher() -> Argon2<'static> {
    // The numbers above are inside of what the algorithm allows; a test makes a hash with them.
    let params = Params::new(MEMORY_KIB, PASSES, LANES, None).unwrap_or_default();
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
}

/// The password's hash as text (`$argon2id$v=19$m=19456,t=2,p=1$…`). Takes some 30 ms and 19 MiB: not on a thread that serves others.
pub fn hash(password: &str, random: &dyn Random) -> String {
    let mut salt = [0_u8; 16];
    random.fill(&mut salt);
    // Only lengths can be wrong, and they are fixed.
    hasher()
        .hash_password_with_salt(password.as_bytes(), &salt)
        .map(|hash| hash.to_string())
        .unwrap_or_default()
}

/// Whether the password is the hash's. A text that is no hash belongs to no password.
pub fn verify(password: &str, hash: &str) -> bool {
    hasher().verify_password(password.as_bytes(), hash).is_ok()
}

/// Takes as long as [`verify`] takes: for staff numbers that nobody has, so that time does not tell them apart.
pub fn verify_nothing(password: &str) {
    static NOBODY: LazyLock<String> = LazyLock::new(|| {
        let hash = hasher().hash_password_with_salt(b"nobody", b"sixteen bytes!!!");
        hash.map(|hash| hash.to_string()).unwrap_or_default()
    });
    let _ = verify(password, &NOBODY);
}

/// A password for the first sign-in: 16 characters that can be read over the telephone, in groups of four.
pub fn first_password(random: &dyn Random) -> String {
    let text = ambient::random_text(random, ambient::READABLE, 16);
    let groups: Vec<&str> = [0, 4, 8, 12].into_iter().filter_map(|from| text.get(from..from + 4)).collect();
    groups.join("-")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Counter;

    #[test]
    fn a_hash_knows_its_password_and_no_other() {
        let random = Counter::default();
        let hash = hash("雨夜 walked home", &random);
        assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{hash}");
        assert!(verify("雨夜 walked home", &hash));
        for other in ["雨夜 walked hom", "", "雨夜 walked home "] {
            assert!(!verify(other, &hash));
        }
        assert!(!verify("x", "") && !verify("x", "$argon2id$nonsense"));
        assert_ne!(hash, super::hash("雨夜 walked home", &random), "each has a salt of its own");
    }

    #[test]
    fn weak_passwords_are_not_taken() {
        for (password, why) in [
            ("short", Weak::TooShort),
            ("1234567890", Weak::Common),
            ("aaaaaaaaaaaa", Weak::Common),
            ("password123", Weak::Common),
            ("Qwertyuiop1", Weak::Common),
            ("abcdefghijkl", Weak::Common),
            ("P@ssw0rd2026", Weak::Common),
            ("5201314woaini", Weak::Common),
            ("chenmin-2031!", Weak::Personal),
            ("0501-xk2-9q", Weak::Personal),
        ] {
            assert_eq!(check_strength(password, "0501", "chenmin"), Err(why), "{password}");
        }
        assert_eq!(check_strength(&"长".repeat(129), "0501", "陈敏"), Err(Weak::TooLong));
        for fine in [
            "correct horse battery",
            "雨夜里走回家的那条路",
            "7K2M-9QX4-B3TN-0WJ5",
            "blue tram at 0501 o'clock",
        ] {
            assert_eq!(check_strength(fine, "0501", "陈敏"), Ok(()), "{fine}");
        }
    }

    #[test]
    fn a_first_password_can_be_read_aloud_and_is_strong() {
        let first = first_password(&Counter::default());
        assert_eq!(first.len(), 19);
        assert!(!first.contains(['I', 'L', 'O', 'U']), "{first}");
    }
}
