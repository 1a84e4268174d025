//! A detail as the plain table that its layout describes: UTF-8, commas, quotation marks where a text needs them.

use std::borrow::Cow;
use std::io::{self, Write};

/// A table being written. Every row keeps its distance from the first one, so that one number tells where each stood.
pub(super) struct PlainTable<W> {
    out: W,
    first_line: Option<u64>,
    next_line: u64,
    /// The first thing that went wrong; told at the end.
    failed: Option<io::Error>,
}

impl<W: Write> PlainTable<W> {
    pub const fn new(out: W) -> Self {
        Self { out, first_line: None, next_line: 0, failed: None }
    }

    /// Writes the row that stood on this line. Lines that were left out before it stay empty, which a layout's reader skips.
    pub fn row(&mut self, line: u64, cells: &[Cow<'_, str>]) {
        if self.failed.is_none() {
            self.failed = self.write(line, cells).err();
        }
    }

    fn write(&mut self, line: u64, cells: &[Cow<'_, str>]) -> io::Result<()> {
        if self.first_line.is_none() {
            self.first_line = Some(line);
            self.next_line = line;
        }
        for _ in self.next_line..line {
            self.out.write_all(b"\n")?;
        }
        self.next_line = line + 1;
        for (index, cell) in cells.iter().enumerate() {
            if index > 0 {
                self.out.write_all(b",")?;
            }
            if cell.contains([',', '"']) {
                write!(self.out, "\"{}\"", cell.replace('"', "\"\""))?;
            } else {
                self.out.write_all(cell.as_bytes())?;
            }
        }
        self.out.write_all(b"\n")
    }

    /// Where the first row stood.
    ///
    /// # Errors
    /// Not everything could be written.
    pub fn end(mut self) -> io::Result<u64> {
        if let Some(error) = self.failed {
            return Err(error);
        }
        self.out.flush()?;
        Ok(self.first_line.unwrap_or(1))
    }
}
