//! A hospital that has only files: a statement, a HIS export, nothing else.
//!
//! [`reconcile`] reads plain files, compares them, and finds every differing row again for the report. Formats are layouts
//! (`files/layout.rs`), which are data; nothing here knows whose file it is. What is not a plain file is made into one by [`front`]
//! before. [`guess`] proposes a layout for a file that nobody has described.

mod again;
mod chinese;
mod damage;
mod days;
mod fields;
pub mod front;
pub mod guess;
mod layout;
mod lines;
mod read;
mod scan;

pub use chinese::{in_chinese, message_in_chinese};
pub use layout::{BANK_MOVEMENTS, HIS_LEDGER, Layout};
pub use lines::{LINES, LedgerLine, LinesFile};

pub use front::{Choice, Known, Limits, Prepared, line_of};

use crate::matching::{HashKey, Matching, MatchingError, Outcome, Rules, Shelf, Tally};
use crate::sides::Side;
use mingfen_domain::difference::Category;
use read::{BadRow, Desk, Piece, Source};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

/// A file of one side.
pub struct Input<'l> {
    /// Whose books.
    pub side: Side,
    /// Where it is.
    pub path: PathBuf,
    /// What kind of file.
    pub layout: &'l Layout,
    /// The merchant account of all its rows; without it each row says its own.
    pub account: Option<String>,
    /// Its rows were left over by the run of an earlier day.
    pub carried: bool,
}

impl<'l> Input<'l> {
    /// A file of the day, whose rows say their merchant account themselves or not at all.
    pub const fn new(side: Side, path: PathBuf, layout: &'l Layout) -> Self {
        Self { side, path, layout, account: None, carried: false }
    }
}

/// How far a run is; may be read by another thread.
#[derive(Default)]
pub struct Progress {
    /// Rows read.
    pub rows: AtomicU64,
    /// Bytes read.
    pub bytes: AtomicU64,
    /// Bytes to read, known once the files are open.
    pub total_bytes: AtomicU64,
}

/// Why a file is refused. It is never half-read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{file}{}{}: {problem}",
    if *line == 0 { String::new() } else { format!(", line {line}") },
    column.as_ref().map(|name| format!(", column {name}")).unwrap_or_default())]
pub struct Refusal {
    /// [`Category::UnparsableRow`] or [`Category::TotalsRowDiffers`].
    pub category: Category,
    /// The file's name.
    pub file: String,
    /// Its line, from 1; 0 when the file as a whole is meant.
    pub line: u64,
    /// The column's heading.
    pub column: Option<String>,
    /// What is wrong, the offending text, and what to do.
    pub problem: String,
}

impl Refusal {
    /// Of a row that cannot be read; line 0 is the file as a whole.
    fn of_line(file: &str, line: u64, problem: impl Into<String>) -> Self {
        let (category, problem) = (Category::UnparsableRow, problem.into());
        Self { category, file: file.to_owned(), line, column: None, problem }
    }
}

/// The name of a file, as messages give it.
fn name_of(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

/// The bytes of a file without the mark that some programs put before UTF-8.
fn without_mark(bytes: &[u8]) -> &[u8] {
    bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes)
}

/// Why a run did not come to its end.
#[derive(Debug, thiserror::Error)]
pub enum FilesError {
    /// A file is not in order.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The comparing failed.
    #[error(transparent)]
    Matching(#[from] MatchingError),
    /// A file that was read before cannot be read again.
    #[error("{0} cannot be read a second time: {1}")]
    Again(String, io::Error),
}

/// A differing row, found again.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Evidence {
    /// Its file's name.
    pub file: String,
    /// Its line, from 1.
    pub line: u64,
    /// The provider's number in it.
    pub provider_no: String,
    /// The time in it, as it is written.
    pub at: String,
}

/// What a run over files found.
pub struct Report {
    /// The comparison.
    pub outcome: Outcome,
    /// For each finding, and each of its lines, where it stands.
    pub evidence: Vec<Vec<Evidence>>,
    /// Rows that a layout's `only` left out, a file each.
    pub left_out: Vec<u64>,
    /// What each file brought in.
    pub tallies: Vec<Tally>,
}

/// Reads and compares files.
///
/// # Errors
/// [`FilesError::Refused`] names file, line, column, text and what to do.
pub fn reconcile(
    inputs: &[Input<'_>],
    rules: Rules,
    key: HashKey,
    threads: usize,
    progress: &Progress,
) -> Result<Report, FilesError> {
    compare(inputs, rules, key, threads, progress).map_err(|(_, error)| error)
}

/// Reads and compares files that were made ready, whatever they were ([`front`]). Messages name lines of the originals.
///
/// # Errors
/// As [`reconcile`].
pub fn reconcile_prepared(
    mut files: Vec<(Side, Prepared<'_>)>,
    rules: &Rules,
    threads: usize,
    progress: &Progress,
    mut key: impl FnMut() -> HashKey,
) -> Result<Report, FilesError> {
    loop {
        let inputs: Vec<Input<'_>> =
            (files.iter()).map(|(side, file)| Input::new(*side, file.path.clone(), file.layout)).collect();
        let compared = compare(&inputs, rules.clone(), key(), threads, progress);
        let (number, refusal) = match compared {
            Ok(mut report) => {
                let lines = report.outcome.findings.iter().flat_map(|finding| &finding.lines);
                for (found, evidence) in lines.zip(report.evidence.iter_mut().flatten()) {
                    if let Some((_, file)) = files.get(usize::from(found.place.source)) {
                        evidence.line = file.line(evidence.line);
                        file.shown.clone_into(&mut evidence.file);
                    }
                }
                return Ok(report);
            }
            Err((Some(number), FilesError::Refused(refusal))) => (number, refusal),
            Err((_, error)) => return Err(error),
        };
        let (side, file) = files.remove(number);
        if !file.can_be_rewritten || refusal.category == Category::TotalsRowDiffers {
            return Err(file.own(refusal).into());
        }
        // The careful way understands more than the quick one, and says more of what it does not.
        files.insert(number, (side, file.rewritten()?));
        progress.rows.store(0, Ordering::Relaxed);
        progress.bytes.store(0, Ordering::Relaxed);
    }
}

/// As [`reconcile`]; an error says which of the inputs it is about, if it is about one. Files of several accounts may have the same name.
///
/// # Errors
/// As [`reconcile`].
pub fn compare(
    inputs: &[Input<'_>],
    mut rules: Rules,
    key: HashKey,
    threads: usize,
    progress: &Progress,
) -> Result<Report, (Option<usize>, FilesError)> {
    let statements = inputs.iter().filter(|input| input.side == Side::Channel);
    let ends_early = statements.map(|input| input.layout.ends_early_seconds()).max().unwrap_or(0);
    rules.ends_early_seconds = rules.ends_early_seconds.max(ends_early);
    let threads = threads.max(1);
    let mut sources: Vec<Source> = Vec::with_capacity(inputs.len());
    for (number, input) in inputs.iter().enumerate() {
        let source = Source::open(&input.path, input.layout);
        let mut source = source.map_err(|refusal| (Some(number), refusal.into()))?;
        source.account = input.account.as_ref().map(|account| account.clone().into_bytes());
        source.carried = input.carried;
        sources.push(source);
    }
    if let Some(day) = rules.day {
        for (number, (input, source)) in inputs.iter().zip(&sources).enumerate() {
            days::check(input, source, day, threads).map_err(|refusal| (Some(number), refusal.into()))?;
        }
    }
    let bytes: u64 =
        sources.iter().filter_map(|source| source.cuts.last().map(|end| end - source.body)).sum();
    progress.total_bytes.store(bytes, Ordering::Relaxed);
    // A line of a statement has some 280 bytes and one of HIS some 150.
    let matching = Matching::new(rules, key, threads, bytes / 200);
    let work: Vec<(usize, usize)> = (sources.iter().enumerate())
        .flat_map(|(source, there)| (0..there.cuts.len()).map(move |piece| (source, piece)))
        .collect();
    let read = Reading { sources: &sources, inputs, work: &work, next: AtomicUsize::new(0), progress };
    let shelves: Mutex<Vec<Shelf<'_>>> = Mutex::default();
    let pieces: Mutex<Vec<(usize, usize, Piece)>> = Mutex::default();
    let bad: Mutex<Option<((usize, u64), BadRow)>> = Mutex::default();
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| read.work(matching.shelf(), &shelves, &pieces, &bad));
        }
    });
    let bad = bad.into_inner().unwrap_or_else(PoisonError::into_inner);
    if let Some(((source, at), bad)) = bad {
        let there = &sources[source];
        let line = there.line_at(at).unwrap_or(0);
        let (category, file) = (Category::UnparsableRow, there.name.clone());
        let (column, problem) = match damage::repeated_headings(there, at) {
            Some(problem) => (None, problem.to_owned()),
            None => (bad.column, bad.problem),
        };
        return Err((Some(source), Refusal { category, file, line, column, problem }.into()));
    }
    let mut by_source: Vec<Vec<(usize, Piece)>> = sources.iter().map(|_| Vec::new()).collect();
    for (source, number, piece) in pieces.into_inner().unwrap_or_else(PoisonError::into_inner) {
        by_source[source].push((number, piece));
    }
    let by_source: Vec<Vec<Piece>> = by_source
        .into_iter()
        .map(|mut pieces| {
            pieces.sort_unstable_by_key(|(number, _)| *number);
            pieces.into_iter().map(|(_, piece)| piece).collect()
        })
        .collect();
    for (number, (source, pieces)) in sources.iter().zip(&by_source).enumerate() {
        if let Some(refusal) = &source.bad_end {
            return Err((Some(number), refusal.clone().into()));
        }
        source.check_totals(pieces).map_err(|refusal| (Some(number), refusal.into()))?;
    }
    let shelves = shelves.into_inner().unwrap_or_else(PoisonError::into_inner);
    let outcome = matching.settle(shelves).map_err(|error| (None, error.into()))?;
    let evidence =
        again::find(&sources, &by_source, &outcome.findings, threads).map_err(|error| (None, error))?;
    let damaged = damage::damaged_number(&outcome.findings, &evidence)
        .or_else(|| damage::rounded_numbers(inputs.len(), &outcome.findings, &evidence));
    if let Some((number, refusal)) = damaged {
        return Err((Some(number), refusal.into()));
    }
    let left_out = by_source.iter().map(|pieces| pieces.iter().map(|piece| piece.left_out).sum()).collect();
    let mut tallies = vec![Tally::default(); by_source.len()];
    for (tally, pieces) in tallies.iter_mut().zip(&by_source) {
        let added = pieces.iter().try_for_each(|piece| tally.add(&piece.tally));
        added.map_err(|error| (None, error.into()))?;
    }
    Ok(Report { outcome, evidence, left_out, tallies })
}

struct Reading<'r, 'l> {
    sources: &'r [Source],
    inputs: &'r [Input<'l>],
    work: &'r [(usize, usize)],
    next: AtomicUsize,
    progress: &'r Progress,
}

impl Reading<'_, '_> {
    /// Takes pieces in their order until there are none. After a bad row no later piece is begun, but earlier ones are finished, so
    /// that it is always the first bad row that is told.
    fn work<'m>(
        &self,
        mut shelf: Shelf<'m>,
        shelves: &Mutex<Vec<Shelf<'m>>>,
        pieces: &Mutex<Vec<(usize, usize, Piece)>>,
        bad: &Mutex<Option<((usize, u64), BadRow)>>,
    ) {
        let mut open = None;
        let mut desk = Desk::new();
        while let Some(&(source, number)) = self.work.get(self.next.fetch_add(1, Ordering::Relaxed)) {
            if bad.lock().unwrap_or_else(PoisonError::into_inner).is_some() {
                break;
            }
            if open != Some(source) {
                shelf.open(u16::try_from(source).unwrap_or(u16::MAX), self.inputs[source].side);
                open = Some(source);
            }
            match self.sources[source].read(number, &mut desk, &mut shelf, self.progress) {
                Ok(piece) => {
                    pieces.lock().unwrap_or_else(PoisonError::into_inner).push((source, number, piece));
                }
                Err(row) => {
                    let mut bad = bad.lock().unwrap_or_else(PoisonError::into_inner);
                    let place = (source, row.at);
                    if bad.as_ref().is_none_or(|(earlier, _)| place < *earlier) {
                        *bad = Some((place, row));
                    }
                    break;
                }
            }
        }
        shelves.lock().unwrap_or_else(PoisonError::into_inner).push(shelf);
    }
}
