//! Records of a separated file, one after the other, however it separates and quotes. Slower than `files/scan.rs` and more
//! forgiving: what it understands is written again as a plain file, which the fast reader then judges.

use super::Trouble;
use encoding_rs::{Encoding, GB18030, UTF_8};
use std::borrow::Cow;
use std::io::{BufRead, Read};

/// The longest record, in bytes.
const RECORD: u64 = 64 << 10;

/// Reads records from `input`.
pub(super) struct Records<R> {
    input: R,
    separator: char,
    /// Known once a line is not plain ASCII.
    encoding: Option<&'static Encoding>,
    lines: u64,
    raw: Vec<u8>,
}

impl<R: BufRead> Records<R> {
    pub fn new(input: R, separator: char) -> Self {
        Self { input, separator, encoding: None, lines: 0, raw: Vec::new() }
    }

    /// The next record and the line that it begins on. A record may go over several lines when a field in quotation marks does.
    pub fn next(&mut self, cells: &mut Vec<String>) -> Result<Option<u64>, Trouble> {
        cells.clear();
        if !self.line()? {
            return Ok(None);
        }
        let first = self.lines;
        let mut splitting = Splitting::default();
        let mut length = self.raw.len() as u64;
        loop {
            let text = decode(&self.raw, &mut self.encoding).ok_or_else(|| {
                Trouble::of_line(
                    self.lines,
                    "is neither UTF-8 nor GBK text; get the file again and do not save it with another program",
                )
            })?;
            if text.contains('\0') {
                return Err(Trouble::of_line(
                    self.lines,
                    "holds zero bytes; the file was not copied to its end, get it again",
                ));
            }
            if !splitting.take(&text, self.separator, cells) {
                return Ok(Some(first));
            }
            let unclosed =
                || Trouble::of_line(first, "a quotation mark is not closed; get the file again, unchanged");
            if !self.line()? {
                return Err(unclosed());
            }
            length += self.raw.len() as u64;
            if length > RECORD {
                return Err(unclosed());
            }
        }
    }

    fn line(&mut self) -> Result<bool, Trouble> {
        self.raw.clear();
        let read = (&mut self.input).take(RECORD + 1).read_until(b'\n', &mut self.raw);
        let read = read.map_err(|error| Trouble::unreadable(&error))?;
        if read == 0 {
            return Ok(false);
        }
        self.lines += 1;
        if read as u64 > RECORD {
            return Err(Trouble::of_line(
                self.lines,
                format!("is longer than {} KiB; a line break is missing", RECORD >> 10),
            ));
        }
        if self.lines == 1 && self.raw.starts_with(b"\xef\xbb\xbf") {
            self.raw.drain(..3);
        }
        while self.raw.last().is_some_and(|byte| matches!(byte, b'\n' | b'\r')) {
            self.raw.pop();
        }
        Ok(true)
    }
}

/// Decodes a line; the first that is not ASCII decides what the file is.
fn decode<'a>(raw: &'a [u8], encoding: &mut Option<&'static Encoding>) -> Option<Cow<'a, str>> {
    if encoding.is_none() && !raw.is_ascii() {
        *encoding = Some(if std::str::from_utf8(raw).is_ok() { UTF_8 } else { GB18030 });
    }
    encoding.unwrap_or(UTF_8).decode_without_bom_handling_and_without_replacement(raw)
}

/// Splits one line of text.
pub(super) fn split(text: &str, separator: char) -> Vec<String> {
    let mut cells = Vec::new();
    Splitting::default().take(text, separator, &mut cells);
    cells
}

#[derive(Default)]
struct Splitting {
    inside: bool,
}

impl Splitting {
    /// Appends the cells of a line; whether a quotation mark is still open at its end.
    fn take(&mut self, text: &str, separator: char, cells: &mut Vec<String>) -> bool {
        let mut cell = if self.inside { cells.pop().unwrap_or_default() + " " } else { String::new() };
        let mut characters = text.chars().peekable();
        while let Some(character) = characters.next() {
            if self.inside {
                match character {
                    '"' if characters.peek() == Some(&'"') => {
                        characters.next();
                        cell.push('"');
                    }
                    '"' => self.inside = false,
                    other => cell.push(other),
                }
            } else if character == separator {
                cells.push(std::mem::take(&mut cell));
            } else if character == '"' && matches!(cell.trim(), "" | "=") {
                // `="0012"` is how a spreadsheet is told that a number is a text.
                cell.clear();
                self.inside = true;
            } else {
                cell.push(character);
            }
        }
        cells.push(cell);
        self.inside
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(bytes: &[u8], separator: char) -> Result<Vec<(u64, Vec<String>)>, Trouble> {
        let mut records = Records::new(bytes, separator);
        let (mut all, mut cells) = (Vec::new(), Vec::new());
        while let Some(line) = records.next(&mut cells)? {
            all.push((line, cells.clone()));
        }
        Ok(all)
    }

    #[test]
    fn records_are_read_however_they_are_written() {
        let all = read(b"\xef\xbb\xbfa;\"b;\n\"\"c\"\"\";=\"001\"\r\n\r\nx;y", ';').expect("records");
        let expected = [(1, vec!["a", "b; \"c\"", "001"]), (3, vec![""]), (4, vec!["x", "y"])];
        assert_eq!(all.len(), expected.len());
        for ((line, cells), (expected_line, expected_cells)) in all.iter().zip(expected) {
            assert_eq!(
                (*line, cells.iter().map(String::as_str).collect::<Vec<_>>()),
                (expected_line, expected_cells)
            );
        }
    }

    #[test]
    fn the_first_chinese_line_decides_the_encoding() {
        let all = read(b"a,b\n\xbd\xf0\xb6\xee,1\n", ',').expect("records");
        assert_eq!(all[1].1, ["金额", "1"]);
        let mixed = "金额\n".bytes().chain(*b"\xbd\xf0\xb6\n").collect::<Vec<u8>>();
        assert_eq!(read(&mixed, ',').expect_err("a refusal").line, 2);
    }

    #[test]
    fn damage_has_its_line() {
        for (bytes, line, problem) in
            [(&b"a,b\nc,\"d\ne"[..], 2, "a quotation mark is not closed"), (b"a\nb\0c\n", 2, "zero bytes")]
        {
            let trouble = read(bytes, ',').expect_err("a refusal");
            assert_eq!(trouble.line, line);
            assert!(trouble.problem.contains(problem), "{}", trouble.problem);
        }
    }
}
