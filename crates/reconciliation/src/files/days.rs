//! Is it the file of the day? A bill of another day compares well with a ledger of that other day, and nobody would notice.

use super::fields::Days;
use super::layout::cut;
use super::read::{LINE, Source};
use super::{Input, Refusal};
use crate::sides::day_of;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom};
use std::ops::Range;
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
        column,
        ..Refusal::of_line(&source.name, line, problem)
    };
    let seen = found
        .into_inner()
        .unwrap_or_else(PoisonError::into_inner)
        .map_err(|error| refuse(0, None, format!("cannot be read: {error}")))?;
    let day = day_of(day);
    let column = || Some(source.plan.at.name.clone());
    if let (Some((at, text)), false) = (seen.first, seen.of_day) {
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
    of_day: bool,
    first: Option<(u64, String)>,
    /// The first row that is too far off.
    outside: Option<(u64, String)>,
}

impl Seen {
    fn join(&mut self, other: Self) {
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

fn look(source: &Source, piece: usize, day: i32, within: &Range<i64>) -> Result<Seen, io::Error> {
    let (start, end) = source.piece(piece);
    let mut file = File::open(&source.path)?;
    file.seek(SeekFrom::Start(start))?;
    let mut input = BufReader::with_capacity(1 << 18, file.take(end - start));
    let mut looking = Looking {
        source,
        day,
        within,
        at: start,
        ordinary: None,
        days: Days::default(),
        seen: Seen::default(),
    };
    // What stands before the first line break of a block, when the block before it had no end.
    let mut begun: Vec<u8> = Vec::new();
    loop {
        let block = input.fill_buf()?;
        let length = block.len();
        if length == 0 || begun.len() > LINE {
            // A row without an end is the reader's to refuse.
            looking.row(&begun);
            return Ok(looking.seen);
        }
        let mut start = 0;
        for line_break in memchr::memchr_iter(b'\n', block) {
            if begun.is_empty() {
                looking.row(&block[start..=line_break]);
            } else {
                begun.extend_from_slice(&block[start..=line_break]);
                looking.row(&begun);
                begun.clear();
            }
            start = line_break + 1;
        }
        begun.extend_from_slice(&block[start..]);
        input.consume(length);
    }
}

struct Looking<'l> {
    source: &'l Source,
    day: i32,
    within: &'l Range<i64>,
    at: u64,
    /// A date that is the day's, and no part of which is too far off: nearly every row has it.
    ordinary: Option<[u8; 10]>,
    days: Days,
    seen: Seen,
}

impl Looking<'_> {
    /// Takes the next row, with its line break.
    fn row(&mut self, line: &[u8]) {
        let at = self.at;
        self.at += line.len() as u64;
        let text = field(line.trim_ascii_end(), self.source.plan.at.index, self.source.plan.mark);
        if self.ordinary.is_some() && text.first_chunk() == self.ordinary.as_ref() {
            return;
        }
        let Some(when) = self.days.when(text) else { return };
        let midnight = i64::from(when.day) * MINUTES;
        if self.seen.first.is_none() {
            self.seen.first = Some((at, shown(text)));
        }
        if when.day == self.day {
            self.seen.of_day = true;
            if self.within.start <= midnight && midnight + MINUTES <= self.within.end && text.len() > 10 {
                self.ordinary = text.first_chunk().copied();
            }
        }
        let is_outside = match when.second {
            Some(second) => !self.within.contains(&(midnight + i64::from(second / 60))),
            // Without a time of day any part of it may be meant.
            None => midnight + MINUTES <= self.within.start || midnight >= self.within.end,
        };
        if is_outside && self.seen.outside.is_none() {
            self.seen.outside = Some((at, shown(text)));
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
