//! Order numbers as keys: packed without loss, hashed with a secret.
//!
//! The hash only says in which partition and near which slot to look. Whether two keys are the same is always decided by comparing
//! their bytes, and no result depends on the hash: with another secret the same lines give the same outcome.

use std::hash::{BuildHasher, RandomState};

/// The secret of a run. Whoever makes up order numbers cannot make them fall onto each other.
#[derive(Clone, Copy)]
pub struct HashKey([u64; 2]);

impl HashKey {
    /// A fresh secret. It must not, and does not, change any result.
    pub fn random() -> Self {
        let state = RandomState::new();
        Self([state.hash_one(0_u8), state.hash_one(1_u8)])
    }

    /// A given secret, for tests that prove the sentence above.
    pub const fn new(first: u64, second: u64) -> Self {
        Self([first, second])
    }

    /// SipHash-1-3 of the bytes.
    #[inline]
    pub fn hash(self, bytes: &[u8]) -> u64 {
        let Self([k0, k1]) = self;
        let mut state = [
            k0 ^ 0x736f_6d65_7073_6575,
            k1 ^ 0x646f_7261_6e64_6f6d,
            k0 ^ 0x6c79_6765_6e65_7261,
            k1 ^ 0x7465_6462_7974_6573,
        ];
        let (words, rest) = bytes.as_chunks::<8>();
        for word in words {
            absorb(&mut state, u64::from_le_bytes(*word));
        }
        let mut last = [0_u8; 8];
        last[..rest.len()].copy_from_slice(rest);
        absorb(&mut state, u64::from_le_bytes(last) | ((bytes.len() as u64) << 56));
        state[2] ^= 0xff;
        round(&mut state);
        round(&mut state);
        round(&mut state);
        state[0] ^ state[1] ^ state[2] ^ state[3]
    }
}

#[inline]
fn absorb(state: &mut [u64; 4], word: u64) {
    state[3] ^= word;
    round(state);
    state[0] ^= word;
}

#[inline]
fn round(state: &mut [u64; 4]) {
    let [mut v0, mut v1, mut v2, mut v3] = *state;
    v0 = v0.wrapping_add(v1);
    v2 = v2.wrapping_add(v3);
    v1 = v1.rotate_left(13) ^ v0;
    v3 = v3.rotate_left(16) ^ v2;
    v0 = v0.rotate_left(32);
    v2 = v2.wrapping_add(v1);
    v0 = v0.wrapping_add(v3);
    v1 = v1.rotate_left(17) ^ v2;
    v3 = v3.rotate_left(21) ^ v0;
    v2 = v2.rotate_left(32);
    *state = [v0, v1, v2, v3];
}

/// What eight packed bytes are: six bits each, 48 in all.
const PACKED: usize = 6;

/// Appends `text` to `out`, with six bits a character when it only has capitals, digits and what lies between them, and tells
/// whether it did so. The same text always gives the same bytes and the same answer; another text of the same length never gives
/// both, so comparing packed keys is comparing keys.
#[inline]
pub fn pack(text: &[u8], out: &mut Vec<u8>) -> bool {
    let start = out.len();
    let (words, rest) = text.as_chunks::<8>();
    for word in words {
        let Some(bits) = six_bits(*word) else { return as_it_is(text, out, start) };
        out.extend_from_slice(&bits.to_le_bytes()[..PACKED]);
    }
    if !rest.is_empty() {
        let mut last = [FIRST; 8];
        last[..rest.len()].copy_from_slice(rest);
        let Some(bits) = six_bits(last) else { return as_it_is(text, out, start) };
        out.extend_from_slice(&bits.to_le_bytes()[..packed_len(rest.len())]);
    }
    true
}

/// How many bytes a packed text of so many characters has.
#[inline]
pub const fn packed_len(characters: usize) -> usize {
    (characters * 6).div_ceil(8)
}

/// Puts back what [`pack`] has packed.
pub fn unpack(packed: &[u8], characters: usize) -> Vec<u8> {
    let mut text = Vec::with_capacity(characters);
    for chunk in packed.chunks(PACKED) {
        let mut word = [0_u8; 8];
        word[..chunk.len()].copy_from_slice(chunk);
        let bits = u64::from_le_bytes(word);
        text.extend((0..8).map(|index| ((bits >> (index * 6)) & 0x3f) as u8 + FIRST));
    }
    text.truncate(characters);
    text
}

/// The first of the 64 characters that fit into six bits: the blank. The last is the underscore.
const FIRST: u8 = 0x20;

#[inline]
fn six_bits(word: [u8; 8]) -> Option<u64> {
    let bytes = u64::from_le_bytes(word);
    // Below 0x80 nothing borrows or carries; what was below the blank or above the underscore has one of the two upper bits.
    if bytes & 0x8080_8080_8080_8080 != 0 {
        return None;
    }
    let moved = (bytes | 0x8080_8080_8080_8080).wrapping_sub(0x2020_2020_2020_2020) ^ 0x8080_8080_8080_8080;
    if moved & 0xc0c0_c0c0_c0c0_c0c0 != 0 {
        return None;
    }
    let pairs = (moved & 0x003f_003f_003f_003f) | ((moved & 0x3f00_3f00_3f00_3f00) >> 2);
    let fours = (pairs & 0x0000_0fff_0000_0fff) | ((pairs & 0x0fff_0000_0fff_0000) >> 4);
    Some((fours & 0x00ff_ffff) | ((fours & 0x00ff_ffff_0000_0000) >> 8))
}

#[cold]
fn as_it_is(text: &[u8], out: &mut Vec<u8>, start: usize) -> bool {
    out.truncate(start);
    out.extend_from_slice(text);
    false
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::hash_map::DefaultHasher;
    use std::hash::Hasher;

    /// The standard library's hasher with a key of zeros is SipHash-1-3 too.
    #[test]
    fn the_hash_is_siphash_1_3() {
        for length in 0..70_u8 {
            let bytes: Vec<u8> = (0..length).collect();
            let mut reference = DefaultHasher::new();
            reference.write(&bytes);
            assert_eq!(HashKey::new(0, 0).hash(&bytes), reference.finish(), "{length}");
        }
        assert_ne!(HashKey::new(0, 1).hash(b"P1"), HashKey::new(0, 0).hash(b"P1"));
    }

    #[test]
    fn an_order_number_is_packed_by_a_quarter() {
        let mut out = Vec::new();
        assert!(pack(b"P261125ABCDEFGH123456", &mut out));
        assert_eq!(out.len(), 16);
        assert_eq!(unpack(&out, 21), b"P261125ABCDEFGH123456");
        for other in [&b"with lower case"[..], "订单1234".as_bytes(), b"tab\tTAB12", b"12345678`"] {
            out.clear();
            assert!(!pack(other, &mut out));
            assert_eq!(out, other);
        }
    }

    proptest! {
        #[test]
        fn packing_loses_nothing(text in proptest::collection::vec(any::<u8>(), 0..40), plain in "[ -_]{0,40}") {
            for text in [text.as_slice(), plain.as_bytes()] {
                let mut out = vec![7];
                let packed = pack(text, &mut out);
                prop_assert_eq!(packed, text.iter().all(|byte| (0x20..0x60).contains(byte)));
                let length = if packed { packed_len(text.len()) } else { text.len() };
                prop_assert_eq!(out.len(), 1 + length);
                let back = if packed { unpack(&out[1..], text.len()) } else { out[1..].to_vec() };
                prop_assert_eq!(back, text);
            }
        }
    }
}
