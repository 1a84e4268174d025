//! Workbooks (XLSX), cell by cell. What a workbook stores is not what it shows: a date is a number with a form, and a long number
//! was rounded to fifteen digits without anybody being told.

use super::plain::Cell;
use super::unpack::{open_zip, zip_trouble};
use super::{Limits, Trouble};
use crate::files::layout::cut;
use calamine::{DataRef, ExcelDateTime, ExcelDateTimeType, Reader, Xlsx, XlsxError};
use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::Path;

/// Its texts are held in memory, so there is a bound below that of other archives.
const LARGEST_UNPACKED_BYTES: u64 = 512 << 20;
/// No table that people keep has more columns.
const MOST_COLUMNS: usize = 512;
/// What a workbook keeps of a number.
const DIGITS: i32 = 15;

/// Refuses what looks like a workbook and cannot be read as one, by its first bytes.
pub(super) fn refuse_old(head: &[u8], path: &Path) -> Result<(), Trouble> {
    if !head.starts_with(b"\xd0\xcf\x11\xe0") {
        return Ok(());
    }
    let mut start = Vec::new();
    let file = File::open(path).map_err(|error| Trouble::unreadable(&error))?;
    file.take(4 << 20).read_to_end(&mut start).map_err(|error| Trouble::unreadable(&error))?;
    let word: Vec<u8> = "EncryptedPackage".encode_utf16().flat_map(u16::to_le_bytes).collect();
    Err(Trouble::of_file(if memchr::memmem::find(&start, &word).is_some() {
        "is protected by a password; open it, take the password off, and save it as .xlsx or CSV"
    } else {
        "is a workbook of the old kind (.xls); open it and save it as .xlsx, with order numbers as text, or as CSV"
    }))
}

/// Gives every row of a sheet, with its number in it.
pub(super) fn rows(
    path: &Path,
    sheet: Option<&str>,
    limits: &Limits,
    each: &mut dyn FnMut(u64, Vec<Cell>) -> Result<(), Trouble>,
) -> Result<String, Trouble> {
    check_size(path, limits)?;
    let file = File::open(path).map_err(|error| Trouble::unreadable(&error))?;
    let mut workbook: Xlsx<_> = Xlsx::new(BufReader::new(file)).map_err(|error| damaged(&error))?;
    let names = workbook.sheet_names();
    let name = match sheet {
        Some(wanted) if names.iter().any(|name| name == wanted) => wanted.to_owned(),
        Some(wanted) => {
            let problem = format!("has no sheet {wanted:?}; there are {}", cut(&names.join(", "), 200));
            return Err(Trouble::of_file(problem));
        }
        None => names.first().cloned().ok_or_else(|| Trouble::of_file("is a workbook without a sheet"))?,
    };
    let is_1904 = workbook.has_1904_epoch();
    let mut cells = workbook.worksheet_cells_reader(&name).map_err(|error| damaged(&error))?;
    let mut row: Vec<Cell> = Vec::new();
    let mut current = 0_u32;
    while let Some(cell) = cells.next_cell().map_err(|error| damaged(&error))? {
        let (line, column) = cell.get_position();
        let column = usize::try_from(column).unwrap_or(usize::MAX);
        if line != current {
            if line < current {
                return Err(Trouble::of_line(
                    u64::from(line) + 1,
                    "stands behind later rows; the workbook is damaged",
                ));
            }
            if !row.is_empty() {
                each(u64::from(current) + 1, std::mem::take(&mut row))?;
            }
            current = line;
        }
        let value = value(cell.get_value(), is_1904);
        if value == Cell::Text(String::new()) {
            continue;
        }
        if column >= MOST_COLUMNS {
            let problem = format!("has more than {MOST_COLUMNS} columns; is it the right sheet?");
            return Err(Trouble::of_line(u64::from(line) + 1, problem));
        }
        if row.len() <= column {
            row.resize(column + 1, Cell::Text(String::new()));
        }
        row[column] = value;
    }
    if !row.is_empty() {
        each(u64::from(current) + 1, row)?;
    }
    Ok(name)
}

/// Unpacks everything once into nothing: what an archive says of its own size is not to be believed.
fn check_size(path: &Path, limits: &Limits) -> Result<(), Trouble> {
    let mut archive = open_zip(path)?;
    let bound = limits.unpacked_bytes.min(LARGEST_UNPACKED_BYTES);
    let mut left = bound;
    for index in 0..archive.len() {
        let member = archive.by_index(index).map_err(|error| zip_trouble(&error))?;
        let length = io::copy(&mut member.take(left + 1), &mut io::sink()).map_err(|error| {
            Trouble::of_file(format!("is a damaged workbook ({}); get it again", cut(&error.to_string(), 80)))
        })?;
        left = left.checked_sub(length).ok_or_else(|| {
            Trouble::of_file(format!(
                "unpacks to more than {} MiB; save the sheet as CSV, or divide it",
                bound >> 20
            ))
        })?;
    }
    Ok(())
}

fn damaged(error: &XlsxError) -> Trouble {
    Trouble::of_file(format!(
        "is a workbook that cannot be read ({}); open it and save it again as .xlsx, or as CSV",
        cut(&error.to_string(), 120)
    ))
}

fn value(data: &DataRef<'_>, is_1904: bool) -> Cell {
    match data {
        DataRef::Empty => Cell::Text(String::new()),
        DataRef::String(text) => Cell::Text(text.clone()),
        DataRef::SharedString(text) => Cell::Text((*text).to_owned()),
        DataRef::Int(number) => Cell::Text(number.to_string()),
        DataRef::Float(number) => Cell::Number {
            digits: digits(*number),
            moment: moment(&ExcelDateTime::new(*number, ExcelDateTimeType::DateTime, is_1904)),
        },
        DataRef::Bool(yes) => Cell::Text(yes.to_string()),
        DataRef::DateTime(serial) => match moment(serial) {
            Some(moment) => Cell::Moment(moment),
            None => Cell::Text(digits(serial.as_f64())),
        },
        DataRef::DateTimeIso(text) | DataRef::DurationIso(text) => Cell::Text(text.clone()),
        // `#N/A` and the like: whoever wants the cell refuses it with this text.
        DataRef::Error(error) => Cell::Text(error.to_string()),
    }
}

/// A serial date as text; without the time when it is midnight.
fn moment(serial: &ExcelDateTime) -> Option<String> {
    // From 1900 to 9999; beyond, the calendar of spreadsheets ends.
    if !(0.0..2_958_466.0).contains(&serial.as_f64()) {
        return None;
    }
    let (year, month, day, hour, minute, second, _) = serial.to_ymd_hms_milli();
    let date = format!("{year:04}-{month:02}-{day:02}");
    Some(if (hour, minute, second) == (0, 0, 0) {
        date
    } else {
        format!("{date} {hour:02}:{minute:02}:{second:02}")
    })
}

/// The decimal digits of a number, of which a workbook keeps fifteen. A longer whole number was rounded when it was typed, and is
/// written so that it is refused as rounded.
fn digits(number: f64) -> String {
    let text = format!("{number:.14e}");
    let Some((mantissa, exponent)) = text.split_once('e') else { return text };
    let Ok(exponent) = exponent.parse::<i32>() else { return text };
    let (sign, mantissa) = mantissa.strip_prefix('-').map_or(("", mantissa), |rest| ("-", rest));
    let figures: String = mantissa.chars().filter(char::is_ascii_digit).collect();
    let figures = figures.trim_end_matches('0');
    if figures.is_empty() {
        return "0".to_owned();
    }
    if exponent >= DIGITS {
        let (first, rest) = figures.split_at(1);
        let point = if rest.is_empty() { "" } else { "." };
        return format!("{sign}{first}{point}{rest}E+{exponent:02}");
    }
    let Ok(whole) = usize::try_from(exponent + 1) else {
        let zeros = usize::try_from(-exponent - 1).unwrap_or_default();
        return format!("{sign}0.{}{figures}", "0".repeat(zeros));
    };
    if whole == 0 {
        format!("{sign}0.{figures}")
    } else if figures.len() <= whole {
        format!("{sign}{figures}{}", "0".repeat(whole - figures.len()))
    } else {
        format!("{sign}{}.{}", &figures[..whole], &figures[whole..])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_written_with_the_digits_that_were_kept() {
        for (number, text) in [
            (88.5, "88.5"),
            (-12.0, "-12"),
            (0.0, "0"),
            (0.05, "0.05"),
            (0.1, "0.1"),
            (1e-7, "0.0000001"),
            (0.300_000_000_000_000_04, "0.3"),
            (202_601_010_000_001.0, "202601010000001"),
            (2.02e27, "2.02E+27"),
            (1e15, "1E+15"),
            (123_456_789.01, "123456789.01"),
            (f64::NAN, "NaN"),
        ] {
            assert_eq!(digits(number), text);
        }
    }

    #[test]
    fn serial_dates_are_moments() {
        let serial = |value| moment(&ExcelDateTime::new(value, ExcelDateTimeType::DateTime, false));
        assert_eq!(serial(46_023.541_666_666_664), Some("2026-01-01 13:00:00".to_owned()));
        assert_eq!(serial(46_023.0), Some("2026-01-01".to_owned()));
        assert_eq!(serial(-1.0), None);
        assert_eq!(serial(f64::NAN), None);
    }
}
