//! Is it the file of the day? A bill of another day compares well with a ledger of that other day, and nobody would notice.

use super::fields::Days;
use super::layout::cut;
use super::read::Source;
use super::{Input, Refusal};
use mingfen_domain::difference::Category;
use mingfen_domain::{BusinessDay, Timestamp};
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

const MINUTES: i64 = 24 * 60;

/// Refuses a file that has a row too far from `day`, or rows and none of the day itself. How far is too far the layout says: a
/// provider's bill is cut to the second, HIS books a payment of before midnight behind it. A time that cannot be read is left to
/// the reader.
pub(super) fn check(input: &Input<'_>, source: &Source, day: i32, threads: usize) -> Result<(), Refusal> {
    let Some(span) = input.layout.day() else { return Ok(()) };
    let start = i64::from(day) * MINUTES;
    let within = (start - span.earlier_minutes)..(start + MINUTES + span.later_minutes);
    let next = AtomicUsize::new(0);
    let found: Mutex<Result<Seen, io::Error>> = Mutex::new(Ok(Seen::default()));
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                while next.load(Ordering::Relaxed) < source.cuts.len() {
                    let piece = next.fetch_add(1, Ordering::Relaxed);
                    if piece >= source.cuts.len() {
                        break;
                    }
                    let seen = look(source, piece, day, &within);
                    let mut found = found.lock().unwrap_or_else(PoisonError::into_inner);
                    match (&mut *found, seen) {
                        (Ok(all), Ok(seen)) => all.join(seen),
                        (Err(_), _) => break,
                        (_, Err(error)) => *found = Err(error),
                    }
                }
            });
        }
    });
    let refuse = |line: u64, column: Option<String>, problem: String| Refusal {
        category: Category::UnparsableRow,
        file: source.name.clone(),
        line,
        column,
        problem,
    };
    let seen = found
        .into_inner()
        .unwrap_or_else(PoisonError::into_inner)
        .map_err(|error| refuse(0, None, format!("cannot be read: {error}")))?;
    // A day in Beijing begins eight hours before it does at Greenwich.
    let day = BusinessDay::of(Timestamp::from_seconds(i64::from(day) * 86_400 - 8 * 3600));
    let column = || Some(source.plan.at.name.clone());
    if seen.rows > 0 && !seen.of_day {
        let (at, text) = seen.first.unwrap_or_default();
        let problem =
            format!("{text:?} is not of {day}, and neither is any other row; is it the file of another day?");
        return Err(refuse(source.line_at(at).unwrap_or(0), column(), problem));
    }
    if let Some((at, text)) = seen.outside {
        let problem = format!(
            "{text:?} is too far from {day}, which is compared; was the file of another day joined to this one? Export the day by itself"
        );
        return Err(refuse(source.line_at(at).unwrap_or(0), column(), problem));
    }
    Ok(())
}

#[derive(Default)]
struct Seen {
    rows: u64,
    of_day: bool,
    first: Option<(u64, String)>,
    /// The first row that is too far off.
    outside: Option<(u64, String)>,
}

impl Seen {
    fn join(&mut self, other: Self) {
        self.rows += other.rows;
        self.of_day |= other.of_day;
        for (mine, theirs) in [(&mut self.first, other.first), (&mut self.outside, other.outside)] {
            let is_earlier =
                theirs.as_ref().is_some_and(|(at, _)| mine.as_ref().is_none_or(|(there, _)| at < there));
            if is_earlier {
                *mine = theirs;
            }
        }
    }
}

fn look(source: &Source, piece: usize, day: i32, within: &std::ops::Range<i64>) -> Result<Seen, io::Error> {
    let (start, end) = source.piece(piece);
    let mut file = File::open(&source.path)?;
    file.seek(SeekFrom::Start(start))?;
    let mut input = BufReader::with_capacity(1 << 18, file.take(end - start));
    let (mut seen, mut days, mut line, mut at) = (Seen::default(), Days::default(), Vec::new(), start);
    loop {
        line.clear();
        let read = input.read_until(b'\n', &mut line)?;
        if read == 0 {
            return Ok(seen);
        }
        let row_at = at;
        at += read as u64;
        let row = line.trim_ascii_end();
        let text = field(row, source.plan.at.index, source.plan.mark);
        let Some(when) = days.when(text) else { continue };
        let first = seen.first.is_none();
        if first {
            seen.first = Some((row_at, shown(text)));
        }
        seen.rows += 1;
        seen.of_day |= when.day == day;
        let minute = i64::from(when.day) * MINUTES + when.second.map_or(0, |second| i64::from(second / 60));
        // Without a time of day any part of it may be meant.
        let is_outside = match when.second {
            Some(_) => !within.contains(&minute),
            None => minute + MINUTES <= within.start || minute >= within.end,
        };
        if is_outside && seen.outside.is_none() {
            seen.outside = Some((row_at, shown(text)));
        }
    }
}

fn shown(text: &[u8]) -> String {
    cut(&String::from_utf8_lossy(text), 40)
}

/// A field of a row, found without looking at the others more than needed.
fn field(row: &[u8], index: usize, mark: Option<u8>) -> &[u8] {
    let mut start = 0;
    let mut inside = false;
    let mut passed = 0;
    let is_quoted = mark.is_none() && memchr::memchr(b'"', row).is_some();
    for place in memchr::memchr2_iter(b',', if is_quoted { b'"' } else { b',' }, row) {
        if row[place] == b'"' {
            inside = !inside;
            continue;
        }
        if inside || mark.is_some_and(|mark| row.get(place + 1) != Some(&mark)) {
            continue;
        }
        if passed == index {
            return bare(&row[start..place], mark);
        }
        passed += 1;
        start = place + 1;
    }
    if passed == index { bare(&row[start..], mark) } else { &[] }
}

fn bare(field: &[u8], mark: Option<u8>) -> &[u8] {
    match mark {
        Some(mark) => field.strip_prefix(&[mark]).unwrap_or(field),
        None => field.strip_prefix(b"\"").and_then(|rest| rest.strip_suffix(b"\"")).unwrap_or(field),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_found_as_the_reader_finds_them() {
        assert_eq!(field(b"`a,`b,c,`d", 1, Some(b'`')), b"b,c");
        assert_eq!(field(b"`a,`b", 0, Some(b'`')), b"a");
        assert_eq!(field(b"a,\"b,c\",\"d\"", 2, None), b"d");
        assert_eq!(field(b"a,b", 5, None), b"");
    }
}
