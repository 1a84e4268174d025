//! Rows with too many commas: bills quote nothing, so a comma in a name moves every column after it.
//!
//! The extra commas can only belong to columns that people type. Every way to share them out is tried; the row is taken when
//! amounts and times fit in exactly one reading of the other columns, and refused otherwise.

use super::table::{Content, Moments};
use mingfen_domain::Fen;

/// More commas in the texts of one row than anybody writes; it bounds the search.
const MOST_EXTRA_COMMAS: usize = 12;

/// The cells of a row that has more commas than its header.
pub(super) fn fit<'a>(
    line: &'a [u8],
    contents: &[Content],
    empty_is_zero: bool,
) -> Result<Vec<&'a [u8]>, String> {
    let pieces: Vec<(usize, usize)> = pieces(line);
    let extra = pieces.len() - contents.len();
    if extra > MOST_EXTRA_COMMAS {
        return Err(format!("has {} columns, {} are wanted", pieces.len(), contents.len()));
    }
    let mut search = Search {
        line,
        pieces: &pieces,
        contents,
        empty_is_zero,
        cells: Vec::new(),
        found: None,
        ambiguous: false,
    };
    search.place(0, extra);
    match (search.found, search.ambiguous) {
        (Some(cells), false) => Ok(cells),
        (Some(_), true) => {
            Err("has commas inside its texts, and its columns can be read in two ways".to_owned())
        }
        (None, _) => Err(format!(
            "has {} columns, {} are wanted, and its amounts and times fit in no place",
            pieces.len(),
            contents.len()
        )),
    }
}

struct Search<'s, 'a> {
    line: &'a [u8],
    pieces: &'s [(usize, usize)],
    contents: &'s [Content],
    empty_is_zero: bool,
    cells: Vec<&'a [u8]>,
    found: Option<Vec<&'a [u8]>>,
    ambiguous: bool,
}

impl<'a> Search<'_, 'a> {
    /// Fills the columns from the one after `cells`, whose first piece is `at`, with `extra` commas left to give away.
    fn place(&mut self, at: usize, extra: usize) {
        let column = self.cells.len();
        let Some(&content) = self.contents.get(column) else {
            if extra == 0 {
                self.keep();
            }
            return;
        };
        let most = if content == Content::Free { extra } else { 0 };
        for commas in 0..=most {
            let (Some(&(start, _)), Some(&(_, end))) = (self.pieces.get(at), self.pieces.get(at + commas))
            else {
                return;
            };
            let cell = self.line[start..end].trim_ascii();
            if self.fits(content, cell) {
                self.cells.push(cell);
                self.place(at + commas + 1, extra - commas);
                self.cells.truncate(column);
            }
        }
    }

    fn fits(&self, content: Content, cell: &[u8]) -> bool {
        match content {
            Content::Free | Content::Word => true,
            Content::Yuan if cell.is_empty() => self.empty_is_zero,
            Content::Yuan => std::str::from_utf8(cell).is_ok_and(|text| Fen::from_yuan(text).is_ok()),
            Content::Moment => Moments::default().read(cell).is_some(),
        }
    }

    /// Two readings that differ only in what people typed are one.
    fn keep(&mut self) {
        match &self.found {
            None => self.found = Some(self.cells.clone()),
            Some(found) => {
                let differs = found
                    .iter()
                    .zip(&self.cells)
                    .zip(self.contents)
                    .any(|((a, b), content)| *content != Content::Free && a != b);
                self.ambiguous |= differs;
            }
        }
    }
}

fn pieces(line: &[u8]) -> Vec<(usize, usize)> {
    let mut start = 0;
    line.split(|&byte| byte == b',')
        .map(|piece| {
            let piece = (start, start + piece.len());
            start = piece.1 + 1;
            piece
        })
        .collect()
}
