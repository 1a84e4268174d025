//! Where fields and rows end, found 64 bytes at a time.
//!
//! Splitting is by bytes. That is safe in UTF-8, and in GBK too: a comma or a line break is never the second byte of a character. A
//! back-tick may be one, so it only counts as a mark right after a comma, where a character begins.

/// Appends the positions of all separators and line breaks of `block`. With `mark` a comma separates only when the mark follows.
pub(super) fn positions(block: &[u8], mark: Option<u8>, out: &mut Vec<u32>) {
    out.clear();
    let mut base = 0;
    // With the byte that follows them, so that a comma at the end can see its mark.
    while let Some(chunk) = block.get(base..).and_then(|rest| rest.first_chunk::<65>()) {
        push(bits(chunk, mark), base, out);
        base += 64;
    }
    let rest = &block[base..];
    let mut last = [0_u8; 65];
    last[..rest.len()].copy_from_slice(rest);
    push(bits(&last, mark), base, out);
}

/// The same where a field may stand in quotation marks: what is inside of them separates nothing. A line break always ends a row.
pub(super) fn positions_with_quotes(block: &[u8], out: &mut Vec<u32>) {
    out.clear();
    let mut inside = false;
    for (index, byte) in block.iter().enumerate() {
        match byte {
            b'"' => inside = !inside,
            b',' if !inside => out.push(index as u32),
            b'\n' => {
                inside = false;
                out.push(index as u32);
            }
            _ => {}
        }
    }
}

#[inline]
fn push(mut bits: u64, base: usize, out: &mut Vec<u32>) {
    while bits != 0 {
        out.push(base as u32 + bits.trailing_zeros());
        bits &= bits - 1;
    }
}

/// A bit for each separator or line break in the first 64 of 65 bytes. The compiler turns the loops into vector comparisons.
#[inline]
fn bits(chunk: &[u8; 65], mark: Option<u8>) -> u64 {
    let mut flags = [0_u8; 64];
    let here = chunk.first_chunk::<64>().unwrap_or(&[0; 64]);
    let next = chunk.last_chunk::<64>().unwrap_or(&[0; 64]);
    match mark {
        None => {
            for ((flag, &here), _) in flags.iter_mut().zip(here).zip(next) {
                *flag = u8::from(here == b',') | u8::from(here == b'\n');
            }
        }
        Some(mark) => {
            for ((flag, &here), &next) in flags.iter_mut().zip(here).zip(next) {
                *flag = (u8::from(here == b',') & u8::from(next == mark)) | u8::from(here == b'\n');
            }
        }
    }
    gather(&flags)
}

/// Bytes that are 0 or 1 become bits: a multiplication moves eight of them side by side.
#[inline]
fn gather(flags: &[u8; 64]) -> u64 {
    let (words, _) = flags.as_chunks::<8>();
    words.iter().enumerate().fold(0, |bits, (index, word)| {
        let byte = u64::from_le_bytes(*word).wrapping_mul(0x0102_0408_1020_4080) >> 56;
        bits | (byte << (index * 8))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn every_separator_is_found_and_nothing_else(block in proptest::collection::vec(prop_oneof![Just(b','), Just(b'`'), Just(b'\n'), any::<u8>()], 0..300)) {
            for mark in [None, Some(b'`')] {
                let mut found = Vec::new();
                positions(&block, mark, &mut found);
                let expected: Vec<u32> = (0..block.len())
                    .filter(|&index| block[index] == b'\n' || (block[index] == b',' && (mark.is_none() || block.get(index + 1).copied() == mark)))
                    .map(|index| index as u32)
                    .collect();
                prop_assert_eq!(&found, &expected);
                if !block.contains(&b'"') && mark.is_none() {
                    positions_with_quotes(&block, &mut found);
                    prop_assert_eq!(found, expected);
                }
            }
        }
    }

    #[test]
    fn what_is_quoted_separates_nothing() {
        let mut found = Vec::new();
        positions_with_quotes(b"a,\"b,c\",d\n\"e\n,f", &mut found);
        assert_eq!(found, [1, 7, 9, 12, 13]);
    }
}
