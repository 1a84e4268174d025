//! In front of the fast reader: whatever a hospital brings becomes a plain CSV file, and every message keeps the lines of the
//! original.
//!
//! A plain file is read where it lies. A packed one is unpacked, a workbook or an odd CSV is written again by its layout
//! (`front/plain.rs`), and the file of a provider with a form of its own is turned by whoever knows it ([`Reading::Turned`]). All of
//! it streams into temporary files within [`Limits`].

mod lines;
mod plain;
mod records;
mod unpack;
mod workbook;

pub use lines::{kind_of, line_of};
pub use plain::PlainFile;

pub(super) use lines::table;
pub(super) use plain::{LONGEST_PREAMBLE, spelled_out, total_word, without};

use super::layout::{Layout, cut, headings};
use super::{Refusal, name_of, without_mark};
use encoding_rs::{GB18030, UTF_8};
use mingfen_domain::BusinessDay;
use mingfen_domain::difference::Category;
use plain::{Cell, LineMap, Rewriting, tidy};
use records::Records;
use std::fs::File;
use std::io::{self, BufReader, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use tempfile::NamedTempFile;
use unpack::{HEAD, Unpacked, unpack};

/// A kind of file that is known beforehand, and known by its first bytes.
pub struct Known {
    /// What people call it.
    pub name: &'static str,
    /// Whether a file that begins with these bytes is one.
    pub recognise: fn(&[u8]) -> bool,
    /// How it is read.
    pub reading: Reading,
    /// What a person should know of every such file: a complete sentence.
    pub note: Option<&'static str>,
    /// How a line of it is shown, where it is no separated text.
    pub show: Option<Show>,
}

/// Takes a line apart: headings, and what stands under them.
pub type Show = fn(&[u8]) -> Vec<(String, String)>;

/// How a known kind of file is read.
pub enum Reading {
    /// As it stands, by this layout.
    Plain(Layout),
    /// Turned into rows by whoever knows its form; the layout is that of the rows.
    Turned(Layout, Turn),
    /// It stands beside another one in an archive, and is given to its [`Turn`].
    Companion,
    /// It is no file for a comparison, for this reason.
    Refused(&'static str),
}

/// Turns a file into rows, the headings first.
pub type Turn = fn(Turning, &mut PlainFile) -> Result<(), Refusal>;

/// A file that is to be turned.
pub struct Turning {
    /// Its name in messages.
    pub name: String,
    /// Where it lies, unpacked.
    pub path: PathBuf,
    /// Known companions out of the same archive: their names, and where they lie.
    pub companions: Vec<(String, PathBuf)>,
    /// The day that is compared.
    pub day: Option<BusinessDay>,
}

/// How large things may become.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// What is written to temporary files for one file.
    pub unpacked_bytes: u64,
    /// An archive may unpack to so many times its size; small ones always may.
    pub times_packed: u64,
    /// Rows of a file that is written again.
    pub rows: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self { unpacked_bytes: 16 << 30, times_packed: 250, rows: 100_000_000 }
    }
}

/// Why a file is refused; [`Refusal`] adds its name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trouble {
    /// As in [`Refusal`].
    pub category: Category,
    /// As in [`Refusal`].
    pub line: u64,
    /// As in [`Refusal`].
    pub column: Option<String>,
    /// As in [`Refusal`].
    pub problem: String,
}

impl Trouble {
    pub(super) fn of_line(line: u64, problem: impl Into<String>) -> Self {
        Self { category: Category::UnparsableRow, line, column: None, problem: problem.into() }
    }

    fn of_file(problem: impl Into<String>) -> Self {
        Self::of_line(0, problem)
    }

    fn unreadable(error: &io::Error) -> Self {
        Self::of_file(format!("cannot be read: {error}"))
    }

    fn no_temporary(error: &io::Error) -> Self {
        Self::of_file(format!("needs a temporary file, and it cannot be written: {error}"))
    }

    pub(super) fn in_file(self, file: &str) -> Refusal {
        let Self { category, line, column, problem } = self;
        Refusal { category, file: file.to_owned(), line, column, problem }
    }
}

/// A file that is ready for the fast reader.
pub struct Prepared<'k> {
    /// The plain file; gone when this is dropped, unless it is the file itself.
    pub path: PathBuf,
    pub(super) layout: &'k Layout,
    /// What it was taken for; `None` when its layout was given.
    pub kind: Option<&'static str>,
    /// What it was packed or written as, when it was not plain: `GZIP`, `ZIP`, `XLSX`, `UTF-16`.
    pub container: Option<&'static str>,
    /// What a person should know of it, though it is no reason to refuse it.
    pub notes: Vec<String>,
    pub(super) shown: String,
    lines: Option<LineMap>,
    /// The quick way did not look into everything; when it stumbles, the careful one has the last word.
    pub(super) can_be_rewritten: bool,
    limits: Limits,
    /// Deleted when this is dropped.
    _temporaries: Vec<NamedTempFile>,
}

impl<'k> Prepared<'k> {
    /// Makes a file ready: by its own layout, or as one of the known kinds, or by the layout `otherwise`.
    ///
    /// # Errors
    /// What is wrong with it, with its line.
    pub fn open(path: &Path, choice: &Choice<'k>) -> Result<Self, Refusal> {
        let unpacked =
            unpack(path, choice.known, &choice.limits).map_err(|trouble| trouble.in_file(&name_of(path)))?;
        let shown = unpacked.shown.clone();
        choice.prepare(unpacked).map_err(|refused| match refused {
            Refused::Here(trouble) => trouble.in_file(&shown),
            Refused::Named(refusal) => refusal,
        })
    }

    /// The same, read the careful way where that was not done yet: for whoever compares it later, without a second chance.
    ///
    /// # Errors
    /// What is wrong with it, with its line.
    pub fn careful(self) -> Result<Self, Refusal> {
        if self.can_be_rewritten { self.rewritten() } else { Ok(self) }
    }

    /// Reads the file again the careful way: odd separators, times and blanks are understood, a row of totals is compared.
    pub(super) fn rewritten(self) -> Result<Self, Refusal> {
        let shown = self.shown.clone();
        let rewrite = || {
            let separator = separator(self.layout, &unpack::head_of(&self.path)?);
            let (temporary, lines) = rewrite(&self.path, self.layout, separator, &self.limits)?;
            let path = temporary.path().to_owned();
            let mut temporaries = self._temporaries;
            temporaries.push(temporary);
            Ok(Self { path, lines: Some(lines), can_be_rewritten: false, _temporaries: temporaries, ..self })
        };
        rewrite().map_err(|trouble: Trouble| trouble.in_file(&shown))
    }

    /// The line of the original.
    pub(super) fn line(&self, line: u64) -> u64 {
        match &self.lines {
            Some(lines) => lines.original(line).unwrap_or(0),
            None => line,
        }
    }

    /// A refusal of the plain file as one of the original.
    pub(super) fn own(&self, refusal: Refusal) -> Refusal {
        Refusal { file: self.shown.clone(), line: self.line(refusal.line), ..refusal }
    }
}

/// What a file may be.
pub struct Choice<'k> {
    /// Kinds that are looked for.
    pub known: &'k [Known],
    /// What it is in any case, whatever it looks like.
    pub layout: Option<&'k Layout>,
    /// What it is when it is none of the known.
    pub otherwise: Option<&'k Layout>,
    /// The day that is compared; some files do not say theirs.
    pub day: Option<BusinessDay>,
    /// How large things may become.
    pub limits: Limits,
}

enum Refused {
    Here(Trouble),
    /// It says its file already.
    Named(Refusal),
}

impl From<Trouble> for Refused {
    fn from(trouble: Trouble) -> Self {
        Self::Here(trouble)
    }
}

impl<'k> Choice<'k> {
    /// A file of this layout, with the usual bounds.
    pub fn by(layout: &'k Layout, day: Option<BusinessDay>) -> Self {
        Self { known: &[], layout: Some(layout), otherwise: None, day, limits: Limits::default() }
    }

    /// The kind that a file with this beginning is taken for; of one whose layout is given nothing is known.
    fn kind_of(&self, head: &[u8]) -> Option<&'k Known> {
        match self.layout {
            Some(_) => None,
            None => self.known.iter().find(|known| (known.recognise)(head)),
        }
    }

    fn prepare(&self, unpacked: Unpacked) -> Result<Prepared<'k>, Refused> {
        workbook::refuse_old(&unpacked.head, &unpacked.path)?;
        refuse_no_table(&unpacked)?;
        let known = self.kind_of(&unpacked.head);
        let layout = match (self.layout, known.map(|known| &known.reading)) {
            (Some(layout), _) => layout,
            (None, Some(Reading::Plain(layout))) => layout,
            (None, Some(Reading::Turned(layout, turn))) => return self.turned(unpacked, known, layout, *turn),
            (None, Some(Reading::Refused(why))) => return Err(Trouble::of_file(*why).into()),
            (None, Some(Reading::Companion)) => {
                let problem = "only goes with another file; give the one with the rows, or both in their archive";
                return Err(Trouble::of_file(problem).into());
            }
            (None, None) => self.otherwise.ok_or_else(|| {
                if unpack::is_zip(&unpacked.head) {
                    return Trouble::of_file(
                        "is a workbook, and no provider hands out its statement as one: give the file as it was downloaded, or say with a \
                         layout which column is which; `mingfen reconcile guess` proposes one",
                    );
                }
                let names: Vec<&str> = (self.known.iter())
                    .filter(|known| matches!(known.reading, Reading::Plain(_) | Reading::Turned(..)) && known.note.is_none())
                    .map(|known| known.name)
                    .collect();
                let begins = unpacked.head.split(|&byte| byte == b'\n').next().unwrap_or_default();
                Trouble::of_file(format!(
                    "is none of the kinds that are known by themselves ({}); it begins with {:?}. Say with a layout which column is which; `mingfen reconcile guess` proposes one",
                    names.join(", "),
                    cut(text_of(begins).trim_end(), 60)
                ))
            })?,
        };
        let kind = known.map(|known| known.name);
        if unpack::is_zip(&unpacked.head) {
            return Ok(self.workbook(unpacked, layout, kind)?);
        }
        let mut prepared = Prepared {
            path: unpacked.path.clone(),
            layout,
            kind,
            container: unpacked.container,
            notes: known.and_then(|known| known.note).map(str::to_owned).into_iter().collect(),
            shown: unpacked.shown.clone(),
            lines: None,
            can_be_rewritten: layout.mark().is_none(),
            limits: self.limits,
            _temporaries: Vec::new(),
        };
        let wants_rewriting = prepared.can_be_rewritten && !is_plain(&unpacked, layout)?;
        prepared._temporaries.extend(unpacked.into_temporary());
        if wants_rewriting { prepared.rewritten().map_err(Refused::Named) } else { Ok(prepared) }
    }

    fn workbook(
        &self,
        unpacked: Unpacked,
        layout: &'k Layout,
        kind: Option<&'static str>,
    ) -> Result<Prepared<'k>, Trouble> {
        let mut rewriting = Rewriting::new(layout, true, &self.limits)?;
        let sheet = workbook::rows(&unpacked.path, layout.sheet(), &self.limits, &mut |line, cells| {
            rewriting.record(line, cells)
        })?;
        let (temporary, lines) = rewriting.finish()?;
        Ok(Prepared {
            path: temporary.path().to_owned(),
            layout,
            kind,
            container: Some("XLSX"),
            notes: Vec::new(),
            shown: format!("{} (sheet {sheet})", unpacked.shown),
            lines: Some(lines),
            can_be_rewritten: false,
            limits: self.limits,
            _temporaries: vec![temporary],
        })
    }

    fn turned(
        &self,
        unpacked: Unpacked,
        known: Option<&'k Known>,
        layout: &'k Layout,
        turn: Turn,
    ) -> Result<Prepared<'k>, Refused> {
        let companions = (unpacked.companions.iter())
            .map(|companion| (companion.name.clone(), companion.file.path().to_owned()))
            .collect();
        let mut out = PlainFile::new(&self.limits)?;
        let turning =
            Turning { name: unpacked.shown.clone(), path: unpacked.path.clone(), companions, day: self.day };
        turn(turning, &mut out).map_err(Refused::Named)?;
        let notes = out.take_notes();
        let (temporary, lines) = out.finish()?;
        Ok(Prepared {
            path: temporary.path().to_owned(),
            layout,
            kind: known.map(|known| known.name),
            container: unpacked.container,
            notes,
            shown: unpacked.shown,
            lines: Some(lines),
            can_be_rewritten: false,
            limits: self.limits,
            _temporaries: vec![temporary],
        })
    }
}

/// Refuses what is no table at all, in words that tell how it came about.
fn refuse_no_table(unpacked: &Unpacked) -> Result<(), Trouble> {
    let head = without_mark(&unpacked.head);
    if unpack::is_zip(head) {
        return Ok(());
    }
    if head.trim_ascii().is_empty() {
        return Err(Trouble::of_file("is empty; get the file again"));
    }
    let begins = text_of(head.split(|&byte| byte == b'\n').next().unwrap_or_default());
    let begins = cut(begins.trim(), 40);
    match head.trim_ascii_start().first() {
        Some(b'<')
            if memchr::memmem::find(head, b"<table").is_some()
                || memchr::memmem::find(head, b"<TABLE").is_some() =>
        {
            return Err(Trouble::of_file(
                "is a web page with a table, whatever its name says; open it and save it as .xlsx, with order numbers as text, or as CSV",
            ));
        }
        Some(b'<' | b'{') => {
            return Err(Trouble::of_file(format!(
                "begins with {begins:?}, not with a header; an error page may have been saved, get the file again"
            )));
        }
        _ => {}
    }
    if head.starts_with(b"%PDF") || head.starts_with(b"Rar!") || head.starts_with(b"7z\xbc\xaf") {
        return Err(Trouble::of_file(
            "is a PDF or a packed file of another kind; what is wanted is CSV, XLSX, ZIP or GZIP",
        ));
    }
    let problem = "holds zero bytes; it was not copied to its end, get it again";
    if let Some(at) = memchr::memchr(0, &unpacked.head) {
        let line = memchr::memchr_iter(b'\n', &unpacked.head[..at]).count() as u64 + 1;
        return Err(Trouble::of_line(line, problem));
    }
    if memchr::memchr(0, &tail_of(&unpacked.path)?).is_some() {
        return Err(Trouble::of_file(problem));
    }
    Ok(())
}

fn tail_of(path: &Path) -> Result<Vec<u8>, Trouble> {
    let mut file = File::open(path).map_err(|error| Trouble::unreadable(&error))?;
    let length = file.metadata().map_err(|error| Trouble::unreadable(&error))?.len();
    file.seek(SeekFrom::Start(length.saturating_sub(HEAD as u64)))
        .map_err(|error| Trouble::unreadable(&error))?;
    let mut tail = Vec::new();
    file.take(HEAD as u64).read_to_end(&mut tail).map_err(|error| Trouble::unreadable(&error))?;
    Ok(tail)
}

/// Whether the fast reader can take a file as it lies, as far as its beginning and end show. What hides in the middle makes it
/// stumble, and then the file is written again after all.
fn is_plain(unpacked: &Unpacked, layout: &Layout) -> Result<bool, Trouble> {
    if layout.wants_rewriting() {
        return Ok(false);
    }
    let head = without_mark(&unpacked.head);
    let Some(end) = memchr::memchr(b'\n', head) else { return Ok(false) };
    let header = head[..end].strip_suffix(b"\r").unwrap_or(&head[..end]);
    let encoding = if std::str::from_utf8(header).is_ok() { UTF_8 } else { GB18030 };
    if !layout.finds(&headings(encoding, header)) {
        return Ok(false);
    }
    // Words are looked up as bytes in the encoding of the headings.
    if header.is_ascii() && !head.is_ascii() && !is_utf8(head) {
        return Ok(false);
    }
    if memchr::memchr(b'\t', head).is_some() || memchr::memmem::find(head, b",'").is_some() {
        return Ok(false);
    }
    let tail = tail_of(&unpacked.path)?;
    let last = tail.trim_ascii_end();
    let last = &last[memchr::memrchr(b'\n', last).map_or(0, |at| at + 1)..];
    Ok(!records::split(&text_of(last), ',').iter().any(|cell| total_word(tidy(cell)).is_some()))
}

/// UTF-8 as far as it goes: a character may be cut at the end.
fn is_utf8(head: &[u8]) -> bool {
    match std::str::from_utf8(head) {
        Ok(_) => true,
        Err(error) => error.error_len().is_none(),
    }
}

/// What separates fields: as the layout says, or what makes its headings appear.
fn separator(layout: &Layout, head: &[u8]) -> char {
    const SEPARATORS: [char; 4] = [',', '\t', ';', '|'];
    if let Some(sign) = layout.separator() {
        return sign;
    }
    let text = text_of(without_mark(head));
    let finds = |sign: &char| {
        text.lines().take(50).any(|line| {
            let cells: Vec<String> =
                records::split(line, *sign).iter().map(|cell| tidy(cell).to_owned()).collect();
            layout.finds(&cells)
        })
    };
    SEPARATORS.into_iter().find(finds).unwrap_or_else(|| most_frequent(&text))
}

/// Of the usual separators the one that most lines have most of.
pub(super) fn most_frequent(text: &str) -> char {
    let count = |sign: char| text.lines().take(50).map(|line| line.matches(sign).count()).sum::<usize>();
    let mut best = ',';
    for sign in ['\t', ';', '|'] {
        if count(sign) > count(best) {
            best = sign;
        }
    }
    best
}

fn rewrite(
    path: &Path,
    layout: &Layout,
    separator: char,
    limits: &Limits,
) -> Result<(NamedTempFile, LineMap), Trouble> {
    let file = File::open(path).map_err(|error| Trouble::unreadable(&error))?;
    let mut records = Records::new(BufReader::with_capacity(1 << 17, file), separator);
    let mut rewriting = Rewriting::new(layout, false, limits)?;
    let mut cells = Vec::new();
    while let Some(line) = records.next(&mut cells)? {
        rewriting.record(line, cells.drain(..).map(Cell::Text).collect())?;
    }
    rewriting.finish()
}

/// Bytes as text, for people: whatever cannot be read becomes a replacement character.
pub(super) fn text_of(bytes: &[u8]) -> String {
    if is_utf8(bytes) {
        String::from_utf8_lossy(bytes).into_owned()
    } else {
        GB18030.decode_without_bom_handling(bytes).0.into_owned()
    }
}
