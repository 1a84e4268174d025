//! Reproducible randomness: the same seed gives the same numbers, nonces and fault lots in every release.

use std::sync::{Mutex, PoisonError};

/// A seeded source shared by everything that needs a lot drawn or a nonce made.
///
/// SplitMix64 written out here, because the sequence is part of what a seed promises and library generators
/// change theirs between versions. Nothing secret is made from it.
#[derive(Debug)]
pub struct Random(Mutex<u64>);

impl Random {
    /// A source that starts at this seed.
    pub fn new(seed: u64) -> Self {
        Random(Mutex::new(seed))
    }

    /// The next 64 bits.
    pub fn next_u64(&self) -> u64 {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = *state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// A number in `0..bound`; 0 when the bound is 0.
    pub fn below(&self, bound: u64) -> u64 {
        if bound == 0 { 0 } else { self.next_u64() % bound }
    }

    /// Whether a lot with this many chances in a hundred is drawn.
    pub fn percent(&self, chances: u32) -> bool {
        self.below(100) < u64::from(chances)
    }

    /// Text of that length over `[0-9A-Za-z]`.
    pub fn alphanumeric(&self, length: usize) -> String {
        self.text(b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz", length)
    }

    /// Lower-case hexadecimal text of that length.
    pub fn hex(&self, length: usize) -> String {
        self.text(b"0123456789abcdef", length)
    }

    /// Decimal digits of that length.
    pub fn digits(&self, length: usize) -> String {
        self.text(b"0123456789", length)
    }

    fn text(&self, alphabet: &[u8], length: usize) -> String {
        let count = alphabet.len() as u64;
        (0..length).map(|_| char::from(alphabet[self.below(count) as usize])).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_repeats_itself() {
        let (one, two) = (Random::new(7), Random::new(7));
        assert_eq!(one.alphanumeric(32), two.alphanumeric(32));
        assert_ne!(one.alphanumeric(32), Random::new(8).alphanumeric(32));
    }

    #[test]
    fn lots_of_nought_and_a_hundred_are_certain() {
        let random = Random::new(1);
        assert!((0..100).all(|_| !random.percent(0) && random.percent(100)));
    }
}
