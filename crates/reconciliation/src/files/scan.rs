//! Where fields and rows end, found 64 bytes at a time, with the widest vectors that the processor has.
//!
//! Splitting is by bytes. That is safe in UTF-8, and in GBK too: a comma or a line break is never the second byte of a character. A
//! back-tick may be one, so it only counts as a mark right after a comma, where a character begins.

use fearless_simd::{Level, Simd, dispatch, prelude::*, u8x64, u32x16};

/// What stands before the first byte of a block: its place and one is 0.
pub(super) const FRONT: u32 = u32::MAX;

/// The separators and line breaks of a block.
#[derive(Default)]
pub(super) struct Places {
    /// In front stands what comes before the block's first byte; only the first `length` are of this block.
    buffer: Vec<u32>,
    length: usize,
    /// How many of them are line breaks.
    pub breaks: usize,
    /// Whether a field may stand in quotation marks.
    pub quoted: bool,
}

impl Places {
    /// Where they are, in their order.
    pub fn all(&self) -> &[u32] {
        &self.edges()[1..]
    }

    /// The same with [`FRONT`] before them, so that every field has one on either side.
    pub fn edges(&self) -> &[u32] {
        &self.buffer[..self.length]
    }

    /// As [`Self::edges`].
    pub fn edges_mut(&mut self) -> &mut [u32] {
        &mut self.buffer[..self.length]
    }

    /// The end of the last row, where a file has no line break behind it.
    pub fn end(&mut self, place: usize) {
        self.push(place);
        self.breaks += 1;
    }

    /// Finds them anew. With `mark` a comma separates only when the mark follows; without it, what stands in quotation marks separates
    /// nothing. A line break always ends a row.
    pub fn find(&mut self, level: Level, block: &[u8], mark: Option<u8>) {
        self.clear(block);
        let understood = match mark {
            Some(mark) => dispatch!(level, simd => self.find_marked(simd, block, mark)),
            None => dispatch!(level, simd => self.find_unmarked(simd, block)),
        };
        if !understood {
            self.find_one_by_one(block);
        }
    }

    #[inline(always)]
    fn find_marked<S: Simd>(&mut self, simd: S, block: &[u8], mark: u8) -> bool {
        let [comma, line_break, mark] = [b',', b'\n', mark].map(|byte| u8x64::splat(simd, byte));
        self.find_each(simd, block, |chunk| {
            // With the byte that follows them, so that a comma at the end can see its mark.
            let here = u8x64::from_slice(simd, &chunk[..64]);
            let next = u8x64::from_slice(simd, &chunk[1..]);
            let breaks = here.simd_eq(line_break).to_bitmask();
            Some((breaks, (here.simd_eq(comma) & next.simd_eq(mark)).to_bitmask()))
        })
    }

    /// False where a line ends inside of quotation marks: then what is inside is decided a byte at a time.
    #[inline(always)]
    fn find_unmarked<S: Simd>(&mut self, simd: S, block: &[u8]) -> bool {
        let [comma, line_break, quote] = [b',', b'\n', b'"'].map(|byte| u8x64::splat(simd, byte));
        let (mut inside, mut quoted) = (0, false);
        let understood = self.find_each(simd, block, |chunk| {
            let here = u8x64::from_slice(simd, &chunk[..64]);
            let breaks = here.simd_eq(line_break).to_bitmask();
            let commas = here.simd_eq(comma).to_bitmask();
            let quotes = here.simd_eq(quote).to_bitmask();
            if quotes | inside == 0 {
                return Some((breaks, commas));
            }
            quoted = true;
            let between = between(quotes) ^ inside;
            inside = if between >> 63 == 0 { 0 } else { u64::MAX };
            (between & breaks == 0).then_some((breaks, commas & !between))
        });
        self.quoted = quoted;
        understood
    }

    /// Goes through a block by 64 bytes and one more. What is counted is in no field while that lasts, so that it can be in registers.
    #[inline(always)]
    fn find_each<S: Simd>(
        &mut self,
        simd: S,
        block: &[u8],
        mut of: impl FnMut(&[u8; 65]) -> Option<(u64, u64)>,
    ) -> bool {
        let buffer = self.buffer.as_mut_slice();
        let (mut length, mut breaks, mut base) = (self.length, 0, 0_u32);
        let (mut rest, mut last) = (block, [0; 65]);
        loop {
            // Behind the end there are zeros.
            let whole = rest.split_at_checked(64).filter(|(_, behind)| !behind.is_empty());
            let chunk = rest.first_chunk().unwrap_or_else(|| {
                last[..rest.len()].copy_from_slice(rest);
                &last
            });
            let Some((line_breaks, commas)) = of(chunk) else { return false };
            let bits = line_breaks | commas;
            let Some(room) = buffer.get_mut(length..).and_then(|room| room.first_chunk_mut()) else {
                return false;
            };
            write_all(simd, room, base, bits);
            length += bits.count_ones() as usize;
            breaks += line_breaks.count_ones() as usize;
            let Some((_, behind)) = whole else { break };
            (rest, base) = (behind, base.wrapping_add(64));
        }
        (self.length, self.breaks) = (length, breaks);
        true
    }

    #[cold]
    fn find_one_by_one(&mut self, block: &[u8]) {
        self.clear(block);
        self.quoted = true;
        let mut inside = false;
        for (index, byte) in block.iter().enumerate() {
            match byte {
                b'"' => inside = !inside,
                b',' if !inside => self.push(index),
                b'\n' => {
                    inside = false;
                    self.breaks += 1;
                    self.push(index);
                }
                _ => {}
            }
        }
    }

    /// Makes room for as many places as a block has bytes, what stands in front of them, the end that may follow, and what is written
    /// behind the last. Of that the system gives only what is used.
    fn clear(&mut self, block: &[u8]) {
        let room = block.len() + 2 + MOST;
        if self.buffer.len() < room {
            self.buffer = vec![0; room];
            self.buffer[0] = FRONT;
        }
        (self.length, self.breaks, self.quoted) = (1, 0, false);
    }

    fn push(&mut self, place: usize) {
        if let Some(room) = self.buffer.get_mut(self.length) {
            *room = place as u32;
            self.length += 1;
        }
    }
}

/// So many places may be found at a time.
const MOST: usize = 64;

/// Writes eight at a time, whether there are so many or not: guessing how many there are is dearer.
#[inline(always)]
fn write_all<S: Simd>(simd: S, room: &mut [u32; MOST], base: u32, mut bits: u64) {
    #[cfg(target_arch = "x86_64")]
    if let Some(avx512) = simd.level().as_avx512()
        && bits.count_ones() <= 16
    {
        if let Some(room) = room.first_chunk_mut() {
            *room = up_to_sixteen(avx512, bits, base);
        }
        return;
    }
    let (eights, _) = room.as_chunks_mut::<8>();
    for eight in eights {
        for place in eight {
            *place = base.wrapping_add(bits.trailing_zeros());
            bits &= bits.wrapping_sub(1);
        }
        if bits == 0 {
            break;
        }
    }
}

#[cfg(target_arch = "x86_64")]
fearless_simd::kernel!(
    /// Where the lowest sixteen bits are: a processor with AVX-512 moves the numbers of set bits together in one step.
    #[inline(always)]
    fn up_to_sixteen(simd: Avx512, bits: u64, base: u32) -> [u32; 16] {
        use std::arch::x86_64::{
            _mm512_add_epi32, _mm512_castsi512_si128, _mm512_cvtepu8_epi32, _mm512_maskz_compress_epi8,
            _mm512_set1_epi32,
        };
        let numbers = u8x64::from_fn(simd, |index| index as u8);
        let together = _mm512_castsi512_si128(_mm512_maskz_compress_epi8(bits, numbers.into()));
        let places = _mm512_add_epi32(_mm512_cvtepu8_epi32(together), _mm512_set1_epi32(base.cast_signed()));
        let places: u32x16<_> = places.simd_into(simd);
        places.into()
    }
);

/// A bit for each byte from a quotation mark up to the next one.
#[inline(always)]
const fn between(mut quotes: u64) -> u64 {
    let mut shift = 1;
    while shift < 64 {
        quotes ^= quotes << shift;
        shift *= 2;
    }
    quotes
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn all_levels() -> Vec<Level> {
        vec![Level::new(), Level::baseline()]
    }

    /// What the words at the top of this file mean, a byte at a time.
    fn expected(block: &[u8], mark: Option<u8>) -> Vec<u32> {
        let mut inside = false;
        let mut places = Vec::new();
        for index in 0..block.len() {
            let byte = block[index];
            inside = byte != b'\n' && (inside != (mark.is_none() && byte == b'"'));
            let separates =
                byte == b',' && !inside && (mark.is_none() || block.get(index + 1).copied() == mark);
            if byte == b'\n' || separates {
                places.push(index as u32);
            }
        }
        places
    }

    fn check(block: &[u8], mark: Option<u8>) {
        for level in all_levels() {
            let mut places = Places::default();
            places.find(level, b"something, that `was\n,`here \"before", mark);
            places.find(level, block, mark);
            assert_eq!(places.all(), expected(block, mark), "{level:?} {mark:?}");
            assert_eq!(places.breaks, block.iter().filter(|byte| **byte == b'\n').count());
            assert!(mark.is_some() || places.quoted == block.contains(&b'"'));
            let breaks = places.breaks;
            places.end(block.len());
            assert_eq!((places.all().last(), places.breaks), (Some(&(block.len() as u32)), breaks + 1));
        }
    }

    proptest! {
        #[test]
        fn every_separator_is_found_and_nothing_else(
            block in proptest::collection::vec(prop_oneof![Just(b','), Just(b'`'), Just(b'\n'), any::<u8>()], 0..300),
            quoted in "([a\u{20ac}]{0,3}|\"[a,\n]{0,40}\"|,|\n){0,60}",
        ) {
            for block in [block.as_slice(), quoted.as_bytes()] {
                check(block, None);
                check(block, Some(b'`'));
            }
        }
    }

    #[test]
    fn what_is_quoted_separates_nothing() {
        let mut places = Places::default();
        places.find(Level::new(), b"a,\"b,c\",d\n\"e\n,f", None);
        assert_eq!(places.all(), [1, 7, 9, 12, 13]);
        places.find(Level::new(), b"", None);
        assert_eq!(places.all(), []);
        check(&[b','; 200], None);
        check(&b",`".repeat(100), Some(b'`'));
    }
}
