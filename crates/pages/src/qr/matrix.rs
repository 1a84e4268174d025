//! From text to dark and light modules.

use std::sync::OnceLock;

use qrcode::{
    EcLevel, Version,
    bits::encode_auto,
    canvas::{Canvas, Module},
    ec::construct_codewords,
    types::QrError,
};

use super::mask::{self, Masks, Word};

/// Rows of bits, module 0 in the lowest bit. The largest code is 177 modules wide: three words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Matrix {
    rows: Vec<[u64; 3]>,
}

impl Matrix {
    pub(super) fn is_dark(&self, x: u32, y: u32) -> bool {
        let row = usize::try_from(y).ok().and_then(|y| self.rows.get(y));
        row.is_some_and(|row| x < 192 && row[(x / 64) as usize] >> (x % 64) & 1 == 1)
    }

    /// The runs of dark modules in a row: where each begins and how long it is.
    pub(super) fn runs(&self, y: u32) -> impl Iterator<Item = (u32, u32)> + '_ {
        let row = self.rows.get(y as usize).copied().unwrap_or_default();
        let width = u32::try_from(self.rows.len()).unwrap_or_default();
        let mut x = 0;
        std::iter::from_fn(move || {
            let start = next(&row, x, true)?;
            x = next(&row, start, false).unwrap_or(width);
            Some((start, x - start))
        })
    }
}

/// The first module at or after `from` that is dark, or that is light.
fn next(row: &[u64; 3], from: u32, dark: bool) -> Option<u32> {
    let mut skip = from % 64;
    for word in (from / 64)..3 {
        let bits = if dark { row[word as usize] } else { !row[word as usize] };
        let bits = bits >> skip << skip;
        if bits != 0 {
            return Some(word * 64 + bits.trailing_zeros());
        }
        skip = 0;
    }
    None
}

/// The smallest code for these bytes, and its version.
///
/// The `qrcode` crate finds version, codewords and error correction and places them. Choosing among the eight masks is
/// nine tenths of its time, so that part is ours for codes whose rows fit one machine word (up to version 11, 61
/// modules); larger ones are left to it altogether. `tests` compares the two on a corpus, module by module.
pub(super) fn encode(bytes: &[u8], level: EcLevel) -> Result<(Matrix, u8), QrError> {
    let bits = encode_auto(bytes, level)?;
    let version = bits.version();
    let Version::Normal(number) = version else { return Err(QrError::InvalidVersion) };
    let number = u8::try_from(number).map_err(|_| QrError::InvalidVersion)?;
    let (data, correction) = construct_codewords(&bits.into_bytes(), version, level)?;
    let matrix = match blank(number, level) {
        Some(blank) => {
            let mut canvas = blank.canvas.clone();
            canvas.draw_data(&data, &correction);
            let rows = mask::best(&rows_of(canvas), &blank.masks);
            let width = version.width() as usize;
            Matrix { rows: rows[..width].iter().map(|row| [*row, 0, 0]).collect() }
        }
        None => {
            let mut canvas = Canvas::new(version, level);
            canvas.draw_all_functional_patterns();
            canvas.draw_data(&data, &correction);
            wide_rows_of(canvas.apply_best_mask())
        }
    };
    Ok((matrix, number))
}

/// What all codes of one version and level have in common.
struct Blank {
    canvas: Canvas,
    masks: Masks,
}

const WORD_VERSIONS: usize = 11;

/// Made once for each version and level that is asked for.
fn blank(version: u8, level: EcLevel) -> Option<&'static Blank> {
    static BLANKS: [[OnceLock<Box<Blank>>; 4]; WORD_VERSIONS] =
        [const { [const { OnceLock::new() }; 4] }; WORD_VERSIONS];
    let slot = BLANKS.get(usize::from(version).checked_sub(1)?)?.get(level as usize)?;
    Some(slot.get_or_init(|| Box::new(make_blank(Version::Normal(version.into()), level))))
}

fn make_blank(version: Version, level: EcLevel) -> Blank {
    let mut canvas = Canvas::new(version, level);
    canvas.draw_all_functional_patterns();
    let width = version.width();
    let mut free = [0; 64];
    for y in 0..width {
        for x in 0..width {
            free[y as usize] |= Word::from(canvas.get(x, y) == Module::Empty) << x;
        }
    }
    // A mask on an empty canvas shows the mask itself, and the format bits that tell which mask it is.
    let shown = mask::PATTERNS.map(|pattern| {
        let mut empty = Canvas::new(version, level);
        empty.apply_mask(pattern);
        rows_of(empty)
    });
    Blank { canvas, masks: Masks::new(&shown, &free, width as usize) }
}

fn rows_of(canvas: Canvas) -> [Word; 64] {
    let modules = canvas.into_colors();
    let width = modules.len().isqrt().max(1);
    let mut rows = [0; 64];
    for (row, modules) in rows.iter_mut().zip(modules.chunks_exact(width)) {
        for (x, module) in modules.iter().enumerate() {
            *row |= Word::from(*module == qrcode::Color::Dark) << x;
        }
    }
    rows
}

fn wide_rows_of(canvas: Canvas) -> Matrix {
    let modules = canvas.into_colors();
    let width = modules.len().isqrt().max(1);
    let rows = modules
        .chunks_exact(width)
        .map(|row| {
            let mut words = [0_u64; 3];
            for (x, module) in row.iter().enumerate() {
                words[x / 64] |= u64::from(*module == qrcode::Color::Dark) << (x % 64);
            }
            words
        })
        .collect();
    Matrix { rows }
}
