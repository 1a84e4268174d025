//! The two things from outside that pure code may ask for.

use crate::time::Timestamp;

/// Tells the time. Taken as a parameter wherever time matters, so that a test can move it.
pub trait Clock: Send + Sync {
    /// The present moment.
    fn now(&self) -> Timestamp;
}

/// A source of unpredictable bytes, fit for keys and order numbers.
pub trait Random: Send + Sync {
    /// Fills `bytes` completely.
    fn fill(&self, bytes: &mut [u8]);
}

/// Draws `length` characters of `alphabet` without bias.
///
/// `alphabet` holds at most 256 ASCII characters.
pub fn random_text(random: &dyn Random, alphabet: &[u8], length: usize) -> String {
    debug_assert!(!alphabet.is_empty() && alphabet.len() <= 256);
    let usable = 256 - 256 % alphabet.len();
    let mut text = String::with_capacity(length);
    let mut pool = [0_u8; 32];
    while text.len() < length {
        random.fill(&mut pool);
        for &byte in pool.iter().filter(|&&byte| usize::from(byte) < usable) {
            if text.len() == length {
                break;
            }
            text.push(char::from(alphabet[usize::from(byte) % alphabet.len()]));
        }
    }
    text
}

/// Digits and upper-case letters.
pub const UPPER_ALPHANUMERIC: &[u8] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";
/// Crockford's base 32: no I, L, O, U, so that a number can be read over the telephone.
pub const READABLE: &[u8] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicU8, Ordering};

    struct Counting(AtomicU8);
    impl Random for Counting {
        fn fill(&self, bytes: &mut [u8]) {
            for byte in bytes {
                *byte = self.0.fetch_add(1, Ordering::Relaxed);
            }
        }
    }

    #[test]
    fn every_character_is_equally_likely() {
        let text = random_text(&Counting(AtomicU8::new(0)), UPPER_ALPHANUMERIC, 36 * 7);
        for wanted in UPPER_ALPHANUMERIC {
            assert_eq!(text.bytes().filter(|byte| byte == wanted).count(), 7);
        }
    }
}
