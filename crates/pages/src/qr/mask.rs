//! Choosing the mask, a row of modules at a time.
//!
//! # Source
//! ISO/IEC 18004:2015, 7.8.3.1 (evaluation of masks). The balance rule follows the `qrcode` crate, which counts every half
//! percent; the masks that come out are the same as its own.

use qrcode::canvas::MaskPattern;

/// One row, or one column, of modules; module 0 in the lowest bit.
pub(super) type Word = u64;

/// The eight masks, in the order that settles a draw.
pub(super) const PATTERNS: [MaskPattern; 8] = [
    MaskPattern::Checkerboard,
    MaskPattern::HorizontalLines,
    MaskPattern::VerticalLines,
    MaskPattern::DiagonalLines,
    MaskPattern::LargeCheckerboard,
    MaskPattern::Fields,
    MaskPattern::Diamonds,
    MaskPattern::Meadow,
];

/// The masks of one version and level.
pub(super) struct Masks {
    width: usize,
    masks: [Mask; 8],
    /// Where the format bits are.
    format_at: [Word; 64],
}

struct Mask {
    /// Modules that the mask turns over.
    turned: [Word; 64],
    /// The format bits that name this mask.
    format: [Word; 64],
}

impl Masks {
    /// From what each mask shows on an empty code, and from where data lie.
    pub(super) fn new(shown: &[[Word; 64]; 8], free: &[Word; 64], width: usize) -> Self {
        let format_at = format_places(width);
        let masks = shown.map(|rows| Mask {
            turned: each(|y| rows[y] & free[y]),
            format: each(|y| rows[y] & format_at[y]),
        });
        Self { width, masks, format_at }
    }
}

fn each(row: impl FnMut(usize) -> Word) -> [Word; 64] {
    std::array::from_fn(row)
}

/// The two copies of the format bits (7.9.1): around the upper left finder, and along the other two.
fn format_places(width: usize) -> [Word; 64] {
    let bit = |x: usize| (1 as Word) << x;
    let row_8 = (0..9).filter(|&x| x != 6).chain(width - 8..width).fold(0, |row, x| row | bit(x));
    each(|y| match y {
        8 => row_8,
        6 => 0,
        0..8 => bit(8),
        y if (width - 7..width).contains(&y) => bit(8),
        _ => 0,
    })
}

/// The drawn code under the mask with the lowest penalty.
pub(super) fn best(drawn: &[Word; 64], masks: &Masks) -> [Word; 64] {
    let mut best = ([0; 64], u32::MAX);
    for mask in &masks.masks {
        let rows = each(|y| (drawn[y] ^ mask.turned[y]) & !masks.format_at[y] | mask.format[y]);
        let penalty = penalty(&rows, masks.width);
        if penalty < best.1 {
            best = (rows, penalty);
        }
    }
    best.0
}

fn penalty(rows: &[Word; 64], width: usize) -> u32 {
    let columns = transposed(rows);
    let lines = |lines: &[Word; 64]| -> u32 {
        lines[..width].iter().map(|line| runs(*line, width) + 40 * false_finders(*line)).sum()
    };
    lines(rows) + lines(&columns) + 3 * blocks(rows, width) + balance(rows, width)
}

/// Bit `i` where modules `i` and `i + 1` are alike.
fn alike(line: Word, width: usize) -> Word {
    !(line ^ line >> 1) & ((1 << (width - 1)) - 1)
}

/// A run of five or more alike costs its length less two.
fn runs(line: Word, width: usize) -> u32 {
    let alike = alike(line, width);
    let fifth = alike & alike >> 1 & alike >> 2 & alike >> 3;
    let begins = fifth & !(fifth << 1);
    fifth.count_ones() + 2 * begins.count_ones()
}

/// Places that look like a finder, 1:1:3:1:1 with four light modules (or the border) on one side.
fn false_finders(line: Word) -> u32 {
    let found = line & !(line >> 1) & line >> 2 & line >> 3 & line >> 4 & !(line >> 5) & line >> 6;
    let dark_before = line << 1 | line << 2 | line << 3 | line << 4;
    let dark_after = line >> 7 | line >> 8 | line >> 9 | line >> 10;
    (found & !(dark_before & dark_after)).count_ones()
}

/// Blocks of two by two alike, overlapping ones counted.
fn blocks(rows: &[Word; 64], width: usize) -> u32 {
    rows[..width]
        .windows(2)
        .map(|pair| (alike(pair[0], width) & alike(pair[1], width) & !(pair[0] ^ pair[1])).count_ones())
        .sum()
}

/// How far the share of dark modules is from a half, in half percents.
fn balance(rows: &[Word; 64], width: usize) -> u32 {
    let dark: usize = rows[..width].iter().map(|row| row.count_ones() as usize).sum();
    u32::try_from((dark * 200 / (width * width)).abs_diff(100)).unwrap_or(u32::MAX)
}

/// Rows to columns: swaps ever smaller blocks across the diagonal (H. S. Warren, "Hacker's Delight", 7-3).
fn transposed(rows: &[Word; 64]) -> [Word; 64] {
    let mut lines = *rows;
    let mut size = 32;
    let mut low: Word = Word::MAX >> 32;
    while size > 0 {
        let mut y = 0;
        while y < 64 {
            let swap = (lines[y] >> size ^ lines[y + size]) & low;
            lines[y] ^= swap << size;
            lines[y + size] ^= swap;
            y = (y + size + 1) & !size;
        }
        size /= 2;
        low ^= low << size;
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_the_rows_turned() {
        let rows: [Word; 64] = each(|y| (y as Word + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15));
        let columns = transposed(&rows);
        for (y, row) in rows.iter().enumerate() {
            for (x, column) in columns.iter().enumerate() {
                assert_eq!(row >> x & 1, column >> y & 1);
            }
        }
    }

    #[test]
    fn a_run_of_five_costs_three_and_each_more_one() {
        assert_eq!(runs(0b0101_0101_0101_0101_0101, 20), 0);
        assert_eq!(runs(0b0101_0101_0101_0111_1101, 20), 3);
        assert_eq!(runs(0, 21), 19);
        assert_eq!(runs(0b111_1100_0001, 11), 6);
    }

    #[test]
    fn a_finder_needs_light_on_one_side_only() {
        assert_eq!(false_finders(0b1011101), 1);
        assert_eq!(false_finders(0b101_1101_0001), 1);
        assert_eq!(false_finders(0b100_0101_1101_0001), 0);
        assert_eq!(false_finders(0b1000_0101_1101_0001), 1);
    }
}
