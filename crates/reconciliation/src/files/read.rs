//! One file, read by several threads in pieces that end at a line break. Nothing is loaded whole, and nothing is half-read: the first
//! row that is not understood refuses the file.

use super::fields::{self, Days, Word};
use super::layout::{Column, Layout, Plan, Total, Unit, cut, headings};
use super::scan::{FRONT, Places};
use super::{Progress, Refusal, name_of};
use crate::matching::{MatchingError, Shelf, Tally};
use crate::settlement::{contracted_fee_milli_fen, yuan_of_milli};
use crate::sides::{Kind, Line, MAX_NUMBER, State};
use encoding_rs::Encoding;
use fearless_simd::Level;
use mingfen_domain::Fen;
use mingfen_domain::difference::Category;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;

/// What is read at once.
const BLOCK: usize = 256 << 10;
/// What is taken apart at once: it is still in a core's first cache when its rows are read, after its separators were found.
const STEP: usize = 16 << 10;
/// What one thread takes at a time.
const PIECE: u64 = 4 << 20;
/// Of every so many lines it is written down where they begin; those between are found from there.
const LANDMARK: u64 = 8;
/// Where a row is: the number of its piece, and in these lowest bits its line in that, from 0.
const LINE_BITS: u32 = 24;
const _: () = assert!(PIECE < 1 << LINE_BITS, "no piece has more lines than bytes");
/// The longest line.
pub(super) const LINE: usize = 64 << 10;

const FETCH_AGAIN: &str = "get the file again, unchanged; if it stays so, ask whoever made it";

/// A file that is open, with its header understood and its totals put aside.
pub(super) struct Source {
    pub name: String,
    pub path: PathBuf,
    pub plan: Plan,
    /// Where the pieces end; the first begins at `body`.
    pub body: u64,
    pub cuts: Vec<u64>,
    totals: Option<Totals>,
    /// Why the end of the file is not as it has to be. A row that is damaged says more, so rows are read first.
    pub bad_end: Option<Refusal>,
    /// The merchant account of every row; without it each row says its own.
    pub account: Option<Vec<u8>>,
    /// Its rows were left over by an earlier run.
    pub carried: bool,
}

struct Totals {
    /// Counted from the end of the rows: the line of headings is number 1.
    headings: Vec<String>,
    values: Vec<String>,
}

/// What one thread reads pieces with, one after the other.
pub(super) struct Desk {
    buffer: Vec<u8>,
    places: Places,
    level: Level,
}

impl Desk {
    pub fn new() -> Self {
        Self { buffer: Vec::new(), places: Places::default(), level: Level::new() }
    }
}

/// What one thread found in one piece.
#[derive(Default)]
pub(super) struct Piece {
    pub lines: u64,
    pub rows: u64,
    pub left_out: u64,
    pub tally: Tally,
    /// Where every [`LANDMARK`]th line begins, from the start of the piece.
    landmarks: Vec<u32>,
    sums: Vec<Added>,
}

/// A column added up, in 1/1000 fen.
#[derive(Clone, Copy, Default)]
struct Added {
    payments: i128,
    refunds: i128,
    refunds_unsigned: i128,
}

impl Piece {
    /// Of a line: the byte of the piece at which a known one begins, and how many lines it is behind that.
    pub fn landmark(&self, line: u64) -> (u64, u64) {
        let known = usize::try_from(line / LANDMARK).ok().and_then(|index| self.landmarks.get(index));
        (known.copied().unwrap_or_default().into(), line % LANDMARK)
    }

    /// About how many bytes a line has.
    pub fn usual_line(&self) -> u64 {
        let last = self.landmarks.last().copied().unwrap_or_default();
        u64::from(last) / self.lines.max(1) + 1
    }
}

/// A row that cannot be read: which byte it begins at, and what is wrong.
pub(super) struct BadRow {
    pub at: u64,
    pub column: Option<String>,
    pub problem: String,
}

impl Source {
    /// Opens a file, reads its header, finds its totals and cuts the rest into pieces.
    pub fn open(path: &Path, layout: &Layout) -> Result<Self, Refusal> {
        let name = name_of(path);
        let refuse = |problem: String| Refusal::of_line(&name, 0, problem);
        let broken = |error: io::Error| refuse(format!("cannot be read: {error}"));
        let mut file = File::open(path).map_err(broken)?;
        let length = file.metadata().map_err(broken)?.len();
        let start = read_at(&mut file, 0, LINE).map_err(broken)?;
        if start.starts_with(b"PK\x03\x04") || start.starts_with(b"\x1f\x8b") {
            return Err(refuse(
                "is packed (ZIP, GZIP or an Excel workbook); unpack it, or save it as CSV".to_owned(),
            ));
        }
        let bom: usize = if start.starts_with(b"\xef\xbb\xbf") { 3 } else { 0 };
        let Some(end) = memchr::memchr(b'\n', &start) else {
            return Err(refuse(format!(
                "has no line break in its first {} KiB; it is no CSV file with a header",
                LINE >> 10
            )));
        };
        let header = start[bom..end].strip_suffix(b"\r").unwrap_or(&start[bom..end]);
        if header.is_empty() || matches!(header[0], b'<' | b'{') || layout.mark() == Some(header[0]) {
            let begins = cut(&String::from_utf8_lossy(header), 40);
            return Err(refuse(format!(
                "begins with {begins:?}, not with a header; an error page may have been saved, {FETCH_AGAIN}"
            )));
        }
        let plan = layout.plan(&name, header)?;
        let body = end as u64 + 1;
        let mut source = Self {
            name: name.clone(),
            path: path.to_owned(),
            plan,
            body,
            cuts: Vec::new(),
            totals: None,
            bad_end: None,
            account: None,
            carried: false,
        };
        let mut rows_end = length;
        if layout.has_totals() {
            match totals_of(&mut file, body, length, layout.mark(), source.plan.encoding).map_err(broken)? {
                (end, Some(totals)) => {
                    rows_end = end;
                    source.totals = Some(totals);
                }
                (end, None) => {
                    rows_end = end;
                    let problem = format!("the file ends before its totals; it was cut off, {FETCH_AGAIN}");
                    let refusal = refuse(problem);
                    source.bad_end = Some(Refusal { category: Category::TotalsRowDiffers, ..refusal });
                }
            }
        }
        let mut at = body;
        while at < rows_end {
            at = after_line_break(&mut file, at.saturating_add(PIECE), rows_end).map_err(broken)?;
            source.cuts.push(at);
        }
        Ok(source)
    }

    /// The first byte of a piece and the one behind it.
    pub fn piece(&self, number: usize) -> (u64, u64) {
        (if number == 0 { self.body } else { self.cuts[number - 1] }, self.cuts[number])
    }

    /// Reads a piece onto a shelf.
    pub fn read(
        &self,
        number: usize,
        desk: &mut Desk,
        shelf: &mut Shelf<'_>,
        progress: &Progress,
    ) -> Result<Piece, BadRow> {
        let (start, end) = self.piece(number);
        let broken = |at: u64, error: io::Error| BadRow {
            at,
            column: None,
            problem: format!("cannot be read: {error}"),
        };
        let mut file = File::open(&self.path).map_err(|error| broken(start, error))?;
        file.seek(SeekFrom::Start(start)).map_err(|error| broken(start, error))?;
        let mut rows = Rows::new(self, number, start);
        let Desk { buffer, places, level } = desk;
        buffer.resize(BLOCK + LINE, 0);
        let (mut at, mut kept) = (start, 0);
        while at + (kept as u64) < end {
            let wanted = (end - at - kept as u64).min(BLOCK as u64) as usize;
            file.read_exact(&mut buffer[kept..kept + wanted]).map_err(|error| broken(at, error))?;
            let filled = &buffer[..kept + wanted];
            let last = at + filled.len() as u64 == end;
            let whole = match memchr::memrchr(b'\n', filled) {
                Some(line_break) if !last || filled.ends_with(b"\n") => line_break + 1,
                _ if last => filled.len(),
                _ => {
                    return Err(BadRow {
                        at,
                        column: None,
                        problem: format!("is longer than {} KiB; a line break is missing", LINE >> 10),
                    });
                }
            };
            let rows_before = rows.piece.rows;
            let mut taken = 0;
            while taken < whole {
                let rest = &filled[taken..whole];
                let step = rest.get(..STEP).and_then(|step| memchr::memrchr(b'\n', step));
                let block = step.map_or(rest, |line_break| &rest[..line_break + 1]);
                places.find(*level, block, self.plan.mark);
                if !block.ends_with(b"\n") {
                    places.end(block.len());
                }
                rows.take_all(block, places, at + taken as u64, shelf)?;
                taken += block.len();
            }
            progress.rows.fetch_add(rows.piece.rows - rows_before, Ordering::Relaxed);
            progress.bytes.fetch_add(whole as u64, Ordering::Relaxed);
            let total = filled.len();
            if total - whole > LINE {
                return Err(BadRow {
                    at: at + whole as u64,
                    column: None,
                    problem: format!("is longer than {} KiB; a line break is missing", LINE >> 10),
                });
            }
            buffer.copy_within(whole..total, 0);
            kept = total - whole;
            at += whole as u64;
        }
        Ok(rows.piece)
    }

    /// Compares the file's own totals with what its rows make.
    pub fn check_totals(&self, pieces: &[Piece]) -> Result<(), Refusal> {
        let Some(totals) = &self.totals else { return Ok(()) };
        let headings_line = 2 + pieces.iter().map(|piece| piece.lines).sum::<u64>();
        let refuse = |line: u64, column: &str, problem: String| Refusal {
            category: Category::TotalsRowDiffers,
            column: Some(column.to_owned()),
            ..Refusal::of_line(&self.name, line, format!("{problem}; {FETCH_AGAIN}"))
        };
        let said = |name: &str| {
            totals
                .headings
                .iter()
                .position(|there| there == name)
                .map(|index| totals.values.get(index).map_or("", String::as_str))
        };
        if totals.headings.len() != totals.values.len() {
            let problem = format!(
                "the totals have {} fields and their headings {}",
                totals.values.len(),
                totals.headings.len()
            );
            return Err(Refusal { line: headings_line + 1, ..refuse(0, "", problem) });
        }
        if let Some(name) = &self.plan.row_count {
            let Some(said) = said(name) else {
                return Err(refuse(headings_line, name, "the totals do not have this column".to_owned()));
            };
            let counted = pieces.iter().map(|piece| piece.rows + piece.left_out).sum::<u64>();
            if fields::count(said.as_bytes()) != Some(counted) {
                return Err(refuse(
                    headings_line + 1,
                    name,
                    format!("the totals say {:?} and there are {counted} rows", cut(said, 40)),
                ));
            }
        }
        for Total { name, sum } in &self.plan.totals {
            let (Some(said), Some(column)) = (said(name), self.plan.sums.get(*sum)) else { continue };
            let mut added = Added::default();
            for piece in pieces {
                let more = piece.sums.get(*sum).copied().unwrap_or_default();
                added.payments += more.payments;
                added.refunds += more.refunds;
                added.refunds_unsigned += more.refunds_unsigned;
            }
            let signed = added.payments + added.refunds;
            let is_fee = self.plan.fee.as_ref().is_some_and(|fee| fee.index == column.index);
            // Nobody has yet seen which sign the fee of a refund has; the file means one of the two.
            let agrees = fields::milli_fen(said.as_bytes()).map(i128::from).is_some_and(|said| {
                said == signed || (is_fee && said == added.payments - added.refunds_unsigned)
            });
            if !agrees {
                let problem = format!(
                    "the totals say {:?} and the rows of {} make {}",
                    cut(said, 40),
                    column.name,
                    yuan_of_milli(signed)
                );
                return Err(refuse(headings_line + 1, name, problem));
            }
        }
        Ok(())
    }

    /// The line of a row that begins at this byte, counted from the start of the file.
    pub fn line_at(&self, at: u64) -> io::Result<u64> {
        let mut file = File::open(&self.path)?;
        let (mut lines, mut position) = (1, 0_u64);
        let mut buffer = vec![0; BLOCK];
        while position < at {
            let wanted = (at - position).min(BLOCK as u64) as usize;
            file.read_exact(&mut buffer[..wanted])?;
            lines += memchr::memchr_iter(b'\n', &buffer[..wanted]).count() as u64;
            position += wanted as u64;
        }
        Ok(lines)
    }
}

/// The rows of a piece, one after the other.
struct Rows<'p> {
    source: &'p Source,
    plan: &'p Plan,
    /// The number of the piece, where the lines of a place leave it.
    number: u64,
    /// Where the piece begins.
    start: u64,
    days: Days,
    piece: Piece,
    kinds: Words<'p, Kind>,
    states: Words<'p, State>,
    /// An amount and what it is in 1/1000 fen: that of the row, which often stands in other columns as well.
    known: (Word, u64),
}

type Problem = (Option<String>, String);

/// A row taken apart by its separators. `QUOTED` where a field may stand in quotation marks; where it may not, nobody asks at each field.
#[derive(Clone, Copy)]
struct Row<'r, const QUOTED: bool> {
    block: &'r [u8],
    /// What stands before and behind each field.
    edges: &'r [u32],
    /// One, and another byte when a mark is in front of each field.
    skip: u32,
}

impl<'r, const QUOTED: bool> Row<'r, QUOTED> {
    #[inline]
    fn new(block: &'r [u8], edges: &'r [u32], plan: &Plan) -> Self {
        Self { block, edges, skip: 1 + u32::from(plan.mark.is_some()) }
    }

    #[inline]
    fn start(&self) -> usize {
        self.edges.first().map_or(0, |&before| before.wrapping_add(1) as usize)
    }

    fn whole(&self) -> &'r [u8] {
        let end = self.edges.last().map_or(0, |&end| end as usize);
        self.block.get(self.start()..end).unwrap_or_default()
    }

    /// Where a field begins and ends.
    #[inline(always)]
    fn place(&self, index: usize) -> Option<(usize, usize)> {
        // A header of 64 KiB has no column with a greater number, and of such a number it is plain that one more is greater.
        let index = usize::from(index as u16);
        let (&behind, &before) = (self.edges.get(index + 1)?, self.edges.get(index)?);
        Some((before.wrapping_add(self.skip) as usize, behind as usize))
    }

    #[inline]
    fn field(&self, index: usize) -> &'r [u8] {
        let Some((start, end)) = self.place(index) else { return &[] };
        match self.block.get(start..end).unwrap_or_default() {
            [b'"', inside @ .., b'"'] if QUOTED => inside,
            field => field,
        }
    }

    /// A short field; `None` says nothing about it.
    #[inline(always)]
    fn word(&self, index: usize) -> Option<Word> {
        if QUOTED {
            return Word::of(self.field(index));
        }
        let (start, end) = self.place(index)?;
        Word::within(self.block, start, end)
    }

    /// Whether a field is `0.00`, which most amounts of a bill are.
    #[inline(always)]
    fn is_nought(&self, index: usize) -> bool {
        const NOUGHT: &[u8; 4] = b"0.00";
        self.place(index).is_some_and(|(start, end)| {
            let last = self.block.get(..end).and_then(|before| before.last_chunk());
            end.wrapping_sub(start) == NOUGHT.len() && last == Some(NOUGHT)
        })
    }
}

impl<'p> Rows<'p> {
    fn new(source: &'p Source, number: usize, start: u64) -> Self {
        let plan = &source.plan;
        let piece = Piece { sums: vec![Added::default(); plan.sums.len()], ..Piece::default() };
        Self {
            source,
            plan,
            number: (number as u64) << LINE_BITS,
            start,
            days: Days::default(),
            piece,
            kinds: Words::new(&plan.kinds),
            states: Words::new(&plan.states),
            known: (Word::NOUGHT, 0),
        }
    }

    /// Takes a block of whole rows, which begins at byte `at` of the file.
    fn take_all(
        &mut self,
        block: &[u8],
        places: &mut Places,
        at: u64,
        shelf: &mut Shelf<'_>,
    ) -> Result<(), BadRow> {
        if places.quoted {
            self.take_each::<true>(block, places, at, shelf)
        } else {
            self.take_each::<false>(block, places, at, shelf)
        }
    }

    fn take_each<const QUOTED: bool>(
        &mut self,
        block: &[u8],
        places: &mut Places,
        at: u64,
        shelf: &mut Shelf<'_>,
    ) -> Result<(), BadRow> {
        let width = self.plan.width;
        let is_break = |place: u32| block.get(place as usize).is_none_or(|&byte| byte == b'\n');
        let all = places.all();
        let places_in_all = all.len();
        // As many line breaks as rows of the right width, and one at the end of each: then there is none in between.
        let is_even = places.breaks * width == all.len()
            && all.chunks_exact(width).all(|row| is_break(row[row.len() - 1]));
        let edges = places.edges_mut();
        let mut first = 0;
        while first < places_in_all {
            let last = if is_even {
                first + width - 1
            } else {
                let more = edges[first + 1..].iter().position(|&place| is_break(place));
                first + more.unwrap_or(places_in_all - first - 1)
            };
            // A carriage return belongs to the line break; the next row begins behind both all the same.
            let end = edges[last + 1];
            let returns = block.get(end.wrapping_sub(1) as usize) == Some(&b'\r');
            edges[last + 1] = end.wrapping_sub(u32::from(returns));
            let row = Row::<QUOTED>::new(block, &edges[first..last + 2], self.plan);
            let row_at = at + row.start() as u64;
            if self.piece.lines.is_multiple_of(LANDMARK) {
                self.piece.landmarks.push((row_at - self.start) as u32);
            }
            let taken = self.take(&row, self.number | self.piece.lines, shelf);
            taken.map_err(|(column, problem)| BadRow { at: row_at, column, problem })?;
            self.piece.lines += 1;
            edges[last + 1] = end;
            first = last + 1;
        }
        Ok(())
    }

    #[inline]
    fn take<const QUOTED: bool>(
        &mut self,
        row: &Row<'_, QUOTED>,
        at: u64,
        shelf: &mut Shelf<'_>,
    ) -> Result<(), Problem> {
        let plan = self.plan;
        if row.edges.len() == 2 && plan.mark.is_none() && row.whole().is_empty() {
            return Ok(());
        }
        if let Some(mark) = plan.mark
            && row.block.get(row.start()) != Some(&mark)
        {
            return Err((
                None,
                format!(
                    "begins with {:?} instead of {:?}; {FETCH_AGAIN}",
                    text_of(row.whole()),
                    char::from(mark)
                ),
            ));
        }
        let fields = row.edges.len() - 1;
        if fields != plan.width {
            let unclosed = plan.mark.is_none() && memchr::memchr_iter(b'"', row.whole()).count() % 2 == 1;
            let why = if unclosed {
                "a quotation mark is not closed on its line"
            } else {
                "the line is damaged, or a text in it holds a comma"
            };
            return Err((
                None,
                format!("has {fields} fields where the header has {}; {why}, {FETCH_AGAIN}", plan.width),
            ));
        }
        for (column, words) in &plan.only {
            if !words.iter().any(|word| word == row.field(column.index)) {
                self.piece.left_out += 1;
                return Ok(());
            }
        }
        let (kind, amount) = match &plan.outgoing {
            None => self.kind_and_amount(row)?,
            Some(outgoing) => match in_or_out(plan, row, outgoing)? {
                Some(movement) => movement,
                None => {
                    self.piece.left_out += 1;
                    return Ok(());
                }
            },
        };
        let order_no = number(row, &plan.order_no)?;
        if order_no.is_empty() {
            return Err(wrong(
                &plan.order_no,
                b"",
                "is empty; nothing can be compared without it. Leave such rows out with a layout's [only]",
            ));
        }
        let refund_no = match &plan.refund_no {
            Some(column) if kind == Kind::Refund => match number(row, column)? {
                b"0" => b"",
                number => number,
            },
            _ => b"",
        };
        let at_text = row.field(plan.at.index);
        let Some(when) = self.days.when(at_text) else {
            return Err(wrong(&plan.at, at_text, "is not a time such as 2026-11-25 08:30:00"));
        };
        let fee_differs = self.fee_differs(row, kind, amount)?;
        self.add_up(row, kind)?;
        let account = match (&self.source.account, &plan.account) {
            (Some(account), _) => account.as_slice(),
            (None, Some(column)) => row.field(column.index),
            (None, None) => b"",
        };
        let state = self.state(row, kind)?;
        let carried = self.source.carried;
        let insurance = match &plan.insurance {
            Some(column) => self.insurance(row, column)?,
            None => None,
        };
        let deposit = plan.purpose.as_ref().and_then(|column| {
            let word = row.field(column.index);
            (!word.is_empty()).then(|| plan.deposits.iter().any(|deposit| deposit == word))
        });
        let line = Line {
            kind,
            state,
            order_no,
            refund_no,
            amount,
            when,
            account,
            fee_differs,
            carried,
            insurance,
            deposit,
            at,
        };
        let told = |error: MatchingError| (None, error.to_string());
        shelf.push(&line).map_err(told)?;
        self.piece.tally.count(kind, amount).map_err(told)?;
        self.piece.rows += 1;
        Ok(())
    }

    #[inline]
    fn kind_and_amount<const QUOTED: bool>(&mut self, row: &Row<'_, QUOTED>) -> Result<(Kind, Fen), Problem> {
        let plan = self.plan;
        let said = match &plan.kind {
            None => None,
            Some(column) => match self.kinds.meaning(row, column) {
                Some(kind) => Some(kind),
                None => {
                    let problem = "is neither a payment nor a refund; name it in a layout's [kinds]";
                    return Err(wrong(column, row.field(column.index), problem));
                }
            },
        };
        let column = match (&plan.refund_amount, said) {
            (Some(column), Some(Kind::Refund)) => column,
            (None, Some(Kind::Refund)) if plan.refund_amount_is_apart => {
                return Err((
                    None,
                    "is a refund, and the file has no column for what was refunded".to_owned(),
                ));
            }
            _ => &plan.amount,
        };
        let amount = match row.word(column.index).and_then(|word| Some((word, word.yuan()?))) {
            Some((word, fen)) if plan.unit == Unit::Yuan => {
                self.known = (word, fen * 1000);
                Fen::new(fen as i64)
            }
            _ => money(plan, row, column)?,
        };
        match (said, amount < Fen::ZERO) {
            // A refund may be written as what it does to the balance.
            (Some(Kind::Refund) | None, true) => {
                let positive = amount
                    .negated()
                    .map_err(|_| wrong(column, row.field(column.index), "is out of range"))?;
                Ok((Kind::Refund, positive))
            }
            (Some(Kind::Payment), true) => {
                Err(wrong(column, row.field(column.index), "is negative, and the row is a payment"))
            }
            (kind, false) => Ok((kind.unwrap_or(Kind::Payment), amount)),
        }
    }

    #[inline]
    fn state<const QUOTED: bool>(&mut self, row: &Row<'_, QUOTED>, kind: Kind) -> Result<State, Problem> {
        let plan = self.plan;
        let column = match (kind, &plan.refund_state) {
            (Kind::Refund, Some(column)) => Some(column),
            _ => plan.state.as_ref(),
        };
        let Some(column) = column else { return Ok(State::Done) };
        if let Some(state) = self.states.meaning(row, column) {
            return Ok(state);
        }
        match row.field(column.index) {
            b"" => Ok(State::Done),
            word => Err(wrong(column, word, "is no state that is known; name it in a layout's [states]")),
        }
    }

    fn fee_differs<const QUOTED: bool>(
        &self,
        row: &Row<'_, QUOTED>,
        kind: Kind,
        amount: Fen,
    ) -> Result<bool, Problem> {
        let (Some(column), Some(rate), Kind::Payment) = (&self.plan.fee, self.plan.fee_per_100000, kind)
        else {
            return Ok(false);
        };
        let text = row.field(column.index);
        let Some(fee) = fields::milli_fen(text) else {
            return Err(wrong(column, text, "is not an amount in yuan"));
        };
        Ok(contracted_fee_milli_fen(amount, rate) != Ok(fee))
    }

    /// What insurance bore; refunds may have it with the sign of their amount.
    #[inline(never)]
    fn insurance<const QUOTED: bool>(
        &self,
        row: &Row<'_, QUOTED>,
        column: &Column,
    ) -> Result<Option<Fen>, Problem> {
        let text = row.field(column.index);
        if text.is_empty() {
            return Ok(None);
        }
        let part = money(self.plan, row, column)?;
        let part = if part < Fen::ZERO { part.negated() } else { Ok(part) };
        part.map(Some).map_err(|_| wrong(column, text, "is out of range"))
    }

    #[inline]
    fn add_up<const QUOTED: bool>(&mut self, row: &Row<'_, QUOTED>, kind: Kind) -> Result<(), Problem> {
        for (column, added) in self.plan.sums.iter().zip(&mut self.piece.sums) {
            if row.is_nought(column.index) {
                continue;
            }
            let word = row.word(column.index);
            let known =
                word.and_then(|word| if word == self.known.0 { Some(self.known.1) } else { word.milli() });
            let value = match known {
                Some(value) => i128::from(value),
                None => milli(row, column)?,
            };
            match kind {
                Kind::Payment => added.payments += value,
                Kind::Refund => {
                    added.refunds += value;
                    added.refunds_unsigned += value.abs();
                }
            }
        }
        Ok(())
    }
}

/// What the file adds up, as a number of 1/1000 fen.
#[inline(never)]
fn milli<const QUOTED: bool>(row: &Row<'_, QUOTED>, column: &Column) -> Result<i128, Problem> {
    let text = row.field(column.index);
    fields::any_milli(text).ok_or_else(|| wrong(column, text, "is not an amount in yuan"))
}

#[inline(never)]
fn money<const QUOTED: bool>(plan: &Plan, row: &Row<'_, QUOTED>, column: &Column) -> Result<Fen, Problem> {
    let text = row.field(column.index);
    plan.unit.read(text).ok_or_else(|| {
        let wanted = match plan.unit {
            Unit::Yuan => "is not an amount in yuan with at most two decimals, such as 88.80",
            Unit::Fen => "is not a whole number of fen",
        };
        wrong(column, text, wanted)
    })
}

/// Money in or money out, each in a column of its own; `None` for a row that moves nothing, such as a balance brought forward.
#[inline(never)]
fn in_or_out<const QUOTED: bool>(
    plan: &Plan,
    row: &Row<'_, QUOTED>,
    outgoing: &Column,
) -> Result<Option<(Kind, Fen)>, Problem> {
    let moved = |column: &Column| {
        let text = row.field(column.index);
        let is_empty = matches!(text.trim_ascii(), b"" | b"-" | b"--");
        let amount = if is_empty { Fen::ZERO } else { money(plan, row, column)? };
        if amount < Fen::ZERO {
            let problem =
                "is negative in a column that has what went one way; name the right one in a layout";
            return Err(wrong(column, text, problem));
        }
        Ok(amount)
    };
    let (came, went) = (moved(&plan.amount)?, moved(outgoing)?);
    match (came > Fen::ZERO, went > Fen::ZERO) {
        (true, false) => Ok(Some((Kind::Payment, came))),
        (false, true) => Ok(Some((Kind::Refund, went))),
        (false, false) => Ok(None),
        (true, true) => {
            let problem = "stands beside money that came in on the same row; a row moves money one way";
            Err(wrong(outgoing, row.field(outgoing.index), problem))
        }
    }
}

/// An order or refund number. What a spreadsheet has rounded is refused: `2.02E+27` was another number once.
#[inline(always)]
fn number<'r, const QUOTED: bool>(row: &Row<'r, QUOTED>, column: &Column) -> Result<&'r [u8], Problem> {
    let text = row.field(column.index);
    if let [.., b'E' | b'e', b'+', _, _] = text {
        return Err(wrong(
            column,
            text,
            "was rounded by a spreadsheet; export again and open the file with this column as text, or not at all",
        ));
    }
    if text.len() > MAX_NUMBER {
        return Err(wrong(column, text, "is too long for a number; is this the right column?"));
    }
    Ok(text)
}

/// What the words of a column mean. Most rows have one of the two words that came last.
struct Words<'p, M> {
    all: &'p [(Vec<u8>, M)],
    last: [Option<(Word, M)>; 2],
}

impl<'p, M: Copy> Words<'p, M> {
    const fn new(all: &'p [(Vec<u8>, M)]) -> Self {
        Self { all, last: [None; 2] }
    }

    #[inline]
    fn meaning<const QUOTED: bool>(&mut self, row: &Row<'_, QUOTED>, column: &Column) -> Option<M> {
        let word = row.word(column.index);
        if let Some(word) = &word {
            for (last, meaning) in self.last.iter().flatten() {
                if last == word {
                    return Some(*meaning);
                }
            }
        }
        self.look_up(row.field(column.index), word)
    }

    #[cold]
    fn look_up(&mut self, text: &[u8], word: Option<Word>) -> Option<M> {
        let meaning = self.all.iter().find(|(known, _)| known == text).map(|(_, meaning)| *meaning)?;
        if let Some(word) = word {
            self.last = [self.last[1], Some((word, meaning))];
        }
        Some(meaning)
    }
}

#[cold]
fn wrong(column: &Column, text: &[u8], what: &str) -> Problem {
    (Some(column.name.clone()), format!("{:?} {what}", text_of(text)))
}

fn text_of(bytes: &[u8]) -> String {
    let decoded = match std::str::from_utf8(bytes) {
        Ok(text) => text.to_owned(),
        Err(_) => encoding_rs::GB18030.decode_without_bom_handling(bytes).0.into_owned(),
    };
    cut(&decoded, 40)
}

fn read_at(file: &mut File, at: u64, length: usize) -> io::Result<Vec<u8>> {
    file.seek(SeekFrom::Start(at))?;
    let mut bytes = Vec::with_capacity(length);
    file.take(length as u64).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// The piece and the line in it of a place.
pub(super) fn piece_and_line(at: u64) -> (usize, u64) {
    ((at >> LINE_BITS) as usize, at & ((1 << LINE_BITS) - 1))
}

/// The first row that begins at or after `at`, or `end`.
fn after_line_break(file: &mut File, at: u64, end: u64) -> io::Result<u64> {
    let mut at = at.saturating_sub(1);
    while at < end {
        let bytes = read_at(file, at, 4096)?;
        if bytes.is_empty() {
            break;
        }
        if let Some(line_break) = memchr::memchr(b'\n', &bytes) {
            return Ok((at + line_break as u64 + 1).min(end));
        }
        at += bytes.len() as u64;
    }
    Ok(end)
}

/// The last two lines, when the last one begins with the mark and the one before does not; and where the rows end.
fn totals_of(
    file: &mut File,
    body: u64,
    length: u64,
    mark: Option<u8>,
    encoding: &'static Encoding,
) -> io::Result<(u64, Option<Totals>)> {
    let start = body.max(length.saturating_sub(2 * LINE as u64));
    let tail = read_at(file, start, 2 * LINE)?;
    let text = tail.trim_ascii_end();
    let Some(before_last) = memchr::memrchr(b'\n', text) else { return Ok((length, None)) };
    let last = &text[before_last + 1..];
    let headings_at = memchr::memrchr(b'\n', &text[..before_last]).map_or(0, |line_break| line_break + 1);
    let names = text[headings_at..before_last].strip_suffix(b"\r").unwrap_or(&text[headings_at..before_last]);
    let is_row = |line: &[u8]| mark.is_some() && line.first().copied() == mark;
    if !is_row(last) {
        return Ok((start + before_last as u64 + 1, None));
    }
    if is_row(names) || names.is_empty() {
        return Ok((length, None));
    }
    let values = headings(encoding, last);
    Ok((start + headings_at as u64, Some(Totals { headings: headings(encoding, names), values })))
}

/// What a report shows of a row that an entry does not keep.
pub(super) fn evidence(plan: &Plan, row: &[u8], places: &mut Places) -> (String, String) {
    places.find(Level::new(), row, plan.mark);
    let end = row.iter().rposition(|byte| !matches!(byte, b'\r' | b'\n')).map_or(0, |last| last + 1);
    let mut edges: Vec<u32> =
        places.edges().iter().copied().filter(|&edge| edge == FRONT || (edge as usize) < end).collect();
    edges.push(end as u32);
    if plan.mark.is_none() {
        evidence_in(plan, &Row::<true>::new(row, &edges, plan))
    } else {
        evidence_in(plan, &Row::<false>::new(row, &edges, plan))
    }
}

fn evidence_in<const QUOTED: bool>(plan: &Plan, row: &Row<'_, QUOTED>) -> (String, String) {
    let text = |column: Option<&Column>| {
        let field = column.map(|column| row.field(column.index)).unwrap_or_default();
        plan.encoding.decode_without_bom_handling(field).0.into_owned()
    };
    (text(plan.provider_no.as_ref()), text(Some(&plan.at)))
}
