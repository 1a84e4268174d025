//! Records of fixed width: fields one after the other with one blank between, by bytes, GBK only where a name stands.

use crate::text::{Lines, cut, show_gbk};
use mingfen_domain::Fen;
use mingfen_provider_api::statement::StatementError;
use std::io::BufRead;

/// A field: its name, and where it is.
#[derive(Clone, Copy, Debug)]
pub(super) struct Field {
    pub name: &'static str,
    pub offset: usize,
    pub length: usize,
}

pub(super) const fn field(name: &'static str, offset: usize, length: usize) -> Field {
    Field { name, offset, length }
}

impl Field {
    /// Whether the blank behind it is where it has to be.
    pub fn fits(&self, bytes: &[u8]) -> bool {
        let end = self.offset + self.length;
        bytes.len() >= end && bytes.get(end).is_none_or(|&byte| byte == b' ')
    }
}

/// One record.
#[derive(Clone, Copy)]
pub(super) struct Record<'a> {
    pub file: &'a str,
    pub line: u64,
    pub bytes: &'a [u8],
}

/// Reads the records of a file into `each`: all of one length; a last one that is shorter was cut off.
pub(super) fn records<R: BufRead>(
    mut lines: Lines<'_, R>,
    fields: &'static [Field],
    shortest: usize,
    mut each: impl FnMut(&Record<'_>) -> Result<(), StatementError>,
) -> Result<(), StatementError> {
    let file = lines.file();
    let mut first = None;
    while let Some((line, bytes)) = lines.read()? {
        let record = Record { file, line, bytes };
        if bytes.trim_ascii().is_empty() {
            return Err(record.refuse("is an empty line; the file was changed, get it again"));
        }
        let length = bytes.len();
        if length < shortest {
            return Err(record.refuse(format!(
                "has {length} bytes, at least {shortest} are wanted; the file was cut off or changed, get it again"
            )));
        }
        let other = *first.get_or_insert(length);
        if other != length {
            return Err(record.refuse(format!(
                "has {length} bytes and the lines before it have {other}; the file was cut off or changed, get it again"
            )));
        }
        if let Some(field) = fields.iter().find(|field| !field.fits(bytes)) {
            return Err(record.refuse_field(
                *field,
                "is not where it has to be: no blank follows it; get the file again and do not save it with another program",
            ));
        }
        each(&record)?;
    }
    Ok(())
}

impl<'a> Record<'a> {
    pub fn refuse(&self, problem: impl Into<String>) -> StatementError {
        StatementError::new(self.file, self.line, problem)
    }

    pub fn refuse_field(&self, field: Field, problem: impl Into<String>) -> StatementError {
        self.refuse(problem).in_column(field.name)
    }

    /// A field without the blanks that fill it.
    pub fn bytes(&self, field: Field) -> &'a [u8] {
        self.bytes.get(field.offset..field.offset + field.length).unwrap_or_default().trim_ascii()
    }

    /// A field of letters, digits and signs.
    pub fn text(&self, field: Field) -> Result<&'a str, StatementError> {
        match std::str::from_utf8(self.bytes(field)) {
            Ok(text) if text.bytes().all(|byte| byte.is_ascii_graphic() || byte == b' ') => Ok(text),
            _ => Err(self
                .refuse_field(field, format!("is {:?}; letters and digits are wanted", self.shown(field)))),
        }
    }

    /// As [`Self::text`], and not empty.
    pub fn needed(&self, field: Field) -> Result<&'a str, StatementError> {
        match self.text(field)? {
            "" => Err(self.refuse_field(field, "is empty; nothing can be compared without it")),
            text => Ok(text),
        }
    }

    /// Digits, each place filled.
    pub fn digits(&self, field: Field) -> Result<&'a str, StatementError> {
        match self.text(field)? {
            text if text.len() == field.length && text.bytes().all(|byte| byte.is_ascii_digit()) => Ok(text),
            _ => {
                let problem = format!("is {:?}; {} digits are wanted", self.shown(field), field.length);
                Err(self.refuse_field(field, problem))
            }
        }
    }

    /// Twelve digits of fen.
    pub fn fen(&self, field: Field) -> Result<Fen, StatementError> {
        let digits = self.digits(field)?;
        digits
            .parse()
            .map(Fen::new)
            .map_err(|_| self.refuse_field(field, format!("{digits:?} is no amount in fen")))
    }

    /// `C` or `D` and twelve digits of fen: what the merchant gets is positive. A blank instead of the letter goes with nothing.
    pub fn signed_fen(&self, field: Field) -> Result<Fen, StatementError> {
        let raw = self.bytes.get(field.offset..field.offset + field.length).unwrap_or_default();
        let wrong = || {
            let problem = format!("is {:?}; C or D and 12 digits are wanted", self.shown(field));
            self.refuse_field(field, problem)
        };
        let (sign, digits) = raw.split_first().ok_or_else(wrong)?;
        if digits.len() != 12 || !digits.iter().all(u8::is_ascii_digit) {
            return Err(wrong());
        }
        let fen = digits.iter().fold(0_i64, |fen, digit| fen * 10 + i64::from(digit - b'0'));
        match (sign, fen) {
            (b'C', _) | (b' ', 0) => Ok(Fen::new(fen)),
            (b'D', _) => Ok(Fen::new(-fen)),
            _ => Err(wrong()),
        }
    }

    pub fn shown(&self, field: Field) -> String {
        cut(&show_gbk(self.bytes(field)), 40).into_owned()
    }
}

#[cfg(test)]
pub(super) fn check_offsets(fields: &[Field], last: usize) {
    let mut offset = 0;
    for field in fields {
        assert_eq!(field.offset, offset, "{}", field.name);
        offset += field.length + 1;
    }
    assert_eq!(offset - 1, last);
}
