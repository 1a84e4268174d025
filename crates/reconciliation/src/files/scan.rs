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

    /// The end of the last row, where a file has no line break behind it.
    pub fn end(&mut self, place: usize) {
        self.push(place);
        self.breaks += 1;
    }

    /// Finds them anew. With `mark` a comma separates only when the mark follows; without it, what stands in quotation marks separates
    /// nothing. A line break always ends a row.
    pub fn find(&mut self, level: Level, block: &[u8], mark: Option<u8>) {
        self.clear();
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
        let (mut base, mut last) = (0, [0; 65]);
        loop {
            let (chunk, is_last) = chunk(block, base, &mut last);
            // With the byte that follows them, so that a comma at the end can see its mark.
            let here = u8x64::from_slice(simd, &chunk[..64]);
            let next = u8x64::from_slice(simd, &chunk[1..]);
            let breaks = here.simd_eq(line_break).to_bitmask();
            let commas = (here.simd_eq(comma) & next.simd_eq(mark)).to_bitmask();
            self.breaks += breaks.count_ones() as usize;
            self.push_all(simd, base, breaks | commas);
            if is_last {
                return true;
            }
            base += 64;
        }
    }

    /// False where a line ends inside of quotation marks: then what is inside is decided a byte at a time.
    #[inline(always)]
    fn find_unmarked<S: Simd>(&mut self, simd: S, block: &[u8]) -> bool {
        let [comma, line_break, quote] = [b',', b'\n', b'"'].map(|byte| u8x64::splat(simd, byte));
        let mut inside = 0;
        let (mut base, mut last) = (0, [0; 65]);
        loop {
            let (chunk, is_last) = chunk(block, base, &mut last);
            let here = u8x64::from_slice(simd, &chunk[..64]);
            let breaks = here.simd_eq(line_break).to_bitmask();
            let mut commas = here.simd_eq(comma).to_bitmask();
            let quotes = here.simd_eq(quote).to_bitmask();
            if quotes | inside != 0 {
                self.quoted = true;
                let between = between(quotes) ^ inside;
                if between & breaks != 0 {
                    return false;
                }
                commas &= !between;
                inside = if between >> 63 == 0 { 0 } else { u64::MAX };
            }
            self.breaks += breaks.count_ones() as usize;
            self.push_all(simd, base, breaks | commas);
            if is_last {
                return true;
            }
            base += 64;
        }
    }

    #[cold]
    fn find_one_by_one(&mut self, block: &[u8]) {
        self.clear();
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

    fn clear(&mut self) {
        if self.buffer.is_empty() {
            self.buffer.push(FRONT);
        }
        (self.length, self.breaks, self.quoted) = (1, 0, false);
    }

    fn push(&mut self, place: usize) {
        self.buffer.truncate(self.length);
        self.buffer.push(place as u32);
        self.length += 1;
    }

    /// Writes eight at a time, whether there are so many or not: guessing how many there are is dearer.
    #[inline(always)]
    fn push_all<S: Simd>(&mut self, simd: S, base: usize, mut bits: u64) {
        let count = bits.count_ones() as usize;
        if self.buffer.len() < self.length + 64 {
            self.buffer.resize(2 * self.length + 1024, 0);
        }
        #[cfg(target_arch = "x86_64")]
        if let Some(avx512) = simd.level().as_avx512()
            && count <= 16
        {
            if let Some(places) = self.buffer[self.length..].first_chunk_mut::<16>() {
                *places = up_to_sixteen(avx512, bits, base as u32);
            }
            self.length += count;
            return;
        }
        if let Some(places) = self.buffer[self.length..].first_chunk_mut::<64>() {
            let (eights, _) = places.as_chunks_mut::<8>();
            for (done, eight) in eights.iter_mut().enumerate() {
                for place in eight {
                    *place = (base as u32).wrapping_add(bits.trailing_zeros());
                    bits &= bits.wrapping_sub(1);
                }
                if count <= 8 * (done + 1) {
                    break;
                }
            }
        }
        self.length += count;
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

/// 65 bytes of a block from `base`, with zeros behind its end; and whether they are the last. `last` is room for those.
#[inline(always)]
fn chunk<'b>(block: &'b [u8], base: usize, last: &'b mut [u8; 65]) -> (&'b [u8; 65], bool) {
    let rest = block.get(base..).unwrap_or_default();
    match rest.first_chunk() {
        Some(chunk) => (chunk, false),
        None => {
            last[..rest.len()].copy_from_slice(rest);
            (last, true)
        }
    }
}

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
