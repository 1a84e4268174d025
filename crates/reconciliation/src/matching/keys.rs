//! Order numbers as keys: packed without loss, hashed with a secret.
//!
//! The hash only says in which partition and near which slot to look. Whether two keys are the same is always decided by comparing
//! their bytes, and no result depends on the hash: with another secret the same lines give the same outcome.

use crate::sides::MAX_NUMBER;
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

    /// SipHash-1-3 of a number as it is kept: of [`Kept::head`] and of what comes behind it.
    #[inline]
    pub(super) fn hash(self, kept: &Kept, rest: &[u8]) -> u64 {
        let Self([k0, k1]) = self;
        let mut state = [
            k0 ^ 0x736f_6d65_7073_6575,
            k1 ^ 0x646f_7261_6e64_6f6d,
            k0 ^ 0x6c79_6765_6e65_7261,
            k1 ^ 0x7465_6462_7974_6573,
        ];
        let [first, second] = kept.words();
        let length = kept.length;
        let mut last = match length {
            0..8 => first,
            8..16 => {
                absorb(&mut state, first);
                second
            }
            _ => {
                absorb(&mut state, first);
                absorb(&mut state, second);
                let (words, rest) = rest.as_chunks::<8>();
                for word in words {
                    absorb(&mut state, u64::from_le_bytes(*word));
                }
                short(rest)
            }
        };
        last |= (length as u64) << 56;
        absorb(&mut state, last);
        state[2] ^= 0xff;
        round(&mut state);
        round(&mut state);
        round(&mut state);
        state[0] ^ state[1] ^ state[2] ^ state[3]
    }

    /// What numbers are scattered with.
    pub(super) fn for_scattering(self) -> Scatter {
        let secret = |number: u128| self.hash(&Kept { head: number, length: 1, packed: false }, &[]);
        Scatter { secrets: [secret(1), secret(2)], key: self }
    }
}

/// Says in which partition and near which slot of it to look for a number. Two sums with a secret, multiplied (the NH of UMAC, folded
/// to half its bits), are a tenth of the work of SipHash; and who does not know the secret has nothing to aim with. What is kept behind
/// the head, of long numbers alone, goes through SipHash.
pub(super) struct Scatter {
    secrets: [u64; 2],
    key: HashKey,
}

impl Scatter {
    /// Both ends of what comes out are for use: the highest bits for partitions, the lower ones for slots.
    #[inline]
    pub(super) fn scatter(&self, head: u128, behind: &[u8]) -> u64 {
        let [one, other] = self.secrets;
        let (low, high) = ((head as u64).wrapping_add(one), ((head >> 64) as u64).wrapping_add(other));
        let product = u128::from(low) * u128::from(high);
        let folded = (product as u64) ^ (product >> 64) as u64;
        if behind.is_empty() { folded } else { folded ^ self.of_long(behind) }
    }

    #[inline(never)]
    fn of_long(&self, behind: &[u8]) -> u64 {
        self.key.hash(&Kept { head: 0, length: HEAD + behind.len(), packed: false }, behind)
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

/// How many bytes of a number are kept where they are compared in one step.
pub(super) const HEAD: usize = 16;
/// Room for what is kept behind the head, and for a word that is written over its end.
pub(super) type Rest = [u8; MAX_NUMBER + 8];

/// What eight packed bytes are: six bits each, 48 in all.
const PACKED: usize = 6;

/// A number as it is kept: with six bits a character when it only has capitals, digits and what lies between them, as it is
/// otherwise. The same text is always kept in the same way; another text of the same length never has the same bytes and the same
/// `packed`, so comparing what is kept is comparing numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Kept {
    /// The first bytes, the first of all lowest; zero behind the end.
    pub head: u128,
    /// How many bytes are kept, in the head and behind it.
    pub length: usize,
    pub packed: bool,
}

impl Kept {
    /// Packs a text of at most [`MAX_NUMBER`] bytes. What does not fit into the head goes to the front of `rest`.
    #[inline(always)]
    pub fn of(text: &[u8], rest: &mut Rest) -> Self {
        let (words, last) = text.as_chunks::<8>();
        let [first, second] = words else { return Self::of_any(text, rest) };
        // 16 to 23 characters, as most numbers have.
        let first = above_blanks(u64::from_le_bytes(*first));
        let second = above_blanks(u64::from_le_bytes(*second));
        let third = last_above_blanks(text, last);
        if are_out(first | second | third) {
            return Self::as_it_is(text, rest);
        }
        let (first, second, third) = (six_bits(first), six_bits(second), six_bits(third));
        put(rest, 0, third >> 32);
        let head = u128::from(first) | u128::from(second) << 48 | u128::from(third) << 96;
        Self { head, length: packed_len(text.len()), packed: true }
    }

    #[inline(never)]
    fn of_any(text: &[u8], rest: &mut Rest) -> Self {
        let (words, last) = text.as_chunks::<8>();
        let mut head = 0;
        let words = words.iter().map(|word| above_blanks(u64::from_le_bytes(*word)));
        for (index, word) in words.chain([last_above_blanks(text, last)]).enumerate() {
            if are_out(word) {
                return Self::as_it_is(text, rest);
            }
            let bits = six_bits(word);
            match index {
                0 => head = u128::from(bits),
                1 => head |= u128::from(bits) << 48,
                2 => {
                    head |= u128::from(bits) << 96;
                    put(rest, 0, bits >> 32);
                }
                _ => put(rest, index * PACKED - HEAD, bits),
            }
        }
        Self { head, length: packed_len(text.len()), packed: true }
    }

    #[cold]
    fn as_it_is(text: &[u8], rest: &mut Rest) -> Self {
        let (head, behind) = text.split_at(text.len().min(HEAD));
        let mut bytes = [0; HEAD];
        bytes[..head.len()].copy_from_slice(head);
        rest[..behind.len()].copy_from_slice(behind);
        Self { head: u128::from_le_bytes(bytes), length: text.len(), packed: false }
    }

    /// How many bytes are kept behind the head.
    #[inline]
    pub const fn behind(&self) -> usize {
        self.length.saturating_sub(HEAD)
    }

    #[inline]
    const fn words(&self) -> [u64; 2] {
        [self.head as u64, (self.head >> 64) as u64]
    }

    /// The text again, of which it is known how many characters it had.
    pub fn text(&self, rest: &[u8], characters: usize) -> Vec<u8> {
        let mut kept = self.head.to_le_bytes()[..self.length.min(HEAD)].to_vec();
        kept.extend_from_slice(rest);
        if self.packed { unpack(&kept, characters) } else { kept }
    }
}

/// How far each of eight characters is above the blank, the first that is packed. Exact up to the first one that does not fit; that
/// one shows it ([`are_out`]), and what it borrows from those behind it no longer matters.
#[inline]
const fn above_blanks(bytes: u64) -> u64 {
    bytes.wrapping_sub(u64::from_le_bytes([FIRST; 8]))
}

/// The same of the last characters of a text, which are no eight; behind them are blanks, which are packed to nothing.
#[inline]
fn last_above_blanks(text: &[u8], last: &[u8]) -> u64 {
    let missing = 8 * (8 - last.len() as u32);
    match text.last_chunk::<8>() {
        Some(end) => above_blanks(u64::from_le_bytes(*end)).checked_shr(missing).unwrap_or(0),
        None => above_blanks(short(last) | u64::from_le_bytes([FIRST; 8]) << (64 - missing)),
    }
}

/// Whether one of eight characters does not fit.
#[inline]
const fn are_out(above_blanks: u64) -> bool {
    above_blanks & 0xc0c0_c0c0_c0c0_c0c0 != 0
}

/// Fewer than eight bytes as a number.
#[inline]
fn short(bytes: &[u8]) -> u64 {
    match (bytes.first_chunk::<4>(), bytes.last_chunk::<4>()) {
        (Some(start), Some(end)) if bytes.len() < 8 => {
            let behind = 8 * (bytes.len() as u32 - 4);
            u64::from(u32::from_le_bytes(*start)) | u64::from(u32::from_le_bytes(*end)) << behind
        }
        _ => bytes.iter().rev().fold(0, |number, byte| number << 8 | u64::from(*byte)),
    }
}

#[inline]
fn put(rest: &mut Rest, at: usize, bits: u64) {
    if let Some(place) = rest.get_mut(at..at + 8) {
        place.copy_from_slice(&bits.to_le_bytes());
    }
}

/// How many bytes a packed text of so many characters has.
#[inline]
pub(super) const fn packed_len(characters: usize) -> usize {
    (characters * 6 + 7) >> 3
}

fn unpack(packed: &[u8], characters: usize) -> Vec<u8> {
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

/// Eight characters, none of which is out, in 48 bits.
#[inline(always)]
const fn six_bits(above_blanks: u64) -> u64 {
    let pairs = (above_blanks & 0x003f_003f_003f_003f) | ((above_blanks & 0x3f00_3f00_3f00_3f00) >> 2);
    let fours = (pairs & 0x0000_0fff_0000_0fff) | ((pairs & 0x0fff_0000_0fff_0000) >> 4);
    (fours & 0x00ff_ffff) | ((fours & 0x00ff_ffff_0000_0000) >> 8)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::hash_map::DefaultHasher;
    use std::hash::Hasher;

    /// What is kept, as bytes one after the other.
    fn kept(text: &[u8]) -> (Kept, Vec<u8>) {
        let mut rest = [7; MAX_NUMBER + 8];
        let kept = Kept::of(text, &mut rest);
        let mut bytes = kept.head.to_le_bytes()[..kept.length.min(HEAD)].to_vec();
        bytes.extend_from_slice(&rest[..kept.behind()]);
        (kept, bytes)
    }

    /// The standard library's hasher with a key of zeros is SipHash-1-3 too.
    #[test]
    fn the_hash_is_siphash_1_3() {
        let hash = |bytes: &[u8], key: HashKey| {
            let mut rest = [0; MAX_NUMBER + 8];
            let kept = Kept::as_it_is(bytes, &mut rest);
            key.hash(&kept, &rest[..kept.behind()])
        };
        for length in 0..70_u8 {
            let bytes: Vec<u8> = (0..length).collect();
            let mut reference = DefaultHasher::new();
            reference.write(&bytes);
            assert_eq!(hash(&bytes, HashKey::new(0, 0)), reference.finish(), "{length}");
        }
        assert_ne!(hash(b"P1", HashKey::new(0, 1)), hash(b"P1", HashKey::new(0, 0)));
    }

    #[test]
    fn scattering_depends_on_every_part_and_on_the_secret() {
        let keys = [HashKey::new(1, 2), HashKey::new(1, 3)].map(HashKey::for_scattering);
        let some = |key: &Scatter| {
            [(7, &b""[..]), (8, b""), (7 << 64, b""), (7, b"x"), (7, b"y")]
                .map(|(head, behind)| key.scatter(head, behind))
        };
        let all: std::collections::BTreeSet<u64> = keys.iter().flat_map(some).collect();
        assert_eq!(all.len(), 10);
    }

    /// Numbers that follow each other, as a shop's may, are as many in each part as chance would have it.
    #[test]
    fn numbers_are_scattered_evenly() {
        let scatter = HashKey::new(1, 2).for_scattering();
        let mut parts = [[0_u32; 64]; 2];
        for number in 0..64_000 {
            let (kept, _) = kept(format!("P261125{number:014}").as_bytes());
            let hash = scatter.scatter(kept.head, &[]);
            parts[0][(hash >> 58) as usize] += 1;
            parts[1][(hash & 63) as usize] += 1;
        }
        for count in parts.into_iter().flatten() {
            assert!((840..1160).contains(&count), "{parts:?}");
        }
    }

    #[test]
    fn an_order_number_is_packed_by_a_quarter() {
        let (packed, bytes) = kept(b"P261125ABCDEFGH123456");
        assert!(packed.packed);
        assert_eq!(bytes.len(), 16);
        assert_eq!(unpack(&bytes, 21), b"P261125ABCDEFGH123456");
        for other in [&b"with lower case"[..], "订单1234".as_bytes(), b"tab\tTAB12", b"12345678`"] {
            let (as_it_is, bytes) = kept(other);
            assert!(!as_it_is.packed);
            assert_eq!(bytes, other);
        }
    }

    proptest! {
        #[test]
        fn packing_loses_nothing(text in proptest::collection::vec(any::<u8>(), 0..129), plain in "[ -_]{0,128}") {
            for text in [text.as_slice(), plain.as_bytes()] {
                let (packed, bytes) = kept(text);
                prop_assert_eq!(packed.packed, text.iter().all(|byte| (0x20..0x60).contains(byte)));
                let length = if packed.packed { packed_len(text.len()) } else { text.len() };
                prop_assert_eq!(bytes.len(), length);
                prop_assert_eq!(packed.length, length);
                prop_assert!(length >= HEAD || packed.head >> (8 * length) == 0);
                let back = packed.text(bytes.get(HEAD..).unwrap_or_default(), text.len());
                prop_assert_eq!(back, text);
            }
        }
    }
}
