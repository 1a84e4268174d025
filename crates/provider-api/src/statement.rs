//! The provider's files (对账单): fetched whole, kept untouched, parsed strictly. On the disk, never in memory: a million rows have
//! some 280 MB.

use crate::CallError;
use async_trait::async_trait;
use mingfen_domain::fund_flow::FundFlowKind;
use mingfen_domain::{BusinessDay, Fen, Timestamp};
use std::borrow::Cow;
use std::path::{Path, PathBuf};

/// Which file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum StatementKind {
    /// Payments and refunds (交易账单).
    Trades,
    /// Movements of the merchant's balance (资金账单).
    FundFlow,
}

/// A file as the provider gave it, unpacked only from its transport compression. It belongs to whoever asked for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StatementFile {
    /// The name to keep it under; the same for every fetch of the same file.
    pub name: String,
    /// Where it is: in the directory that was given, under its name.
    pub path: PathBuf,
    /// The hash of its bytes, in hex.
    pub sha256: String,
}

/// What became of a request for a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fetched {
    /// Here it is; integrity was checked in the provider's own way.
    File(StatementFile),
    /// The provider says that nothing happened on that day.
    NothingThatDay,
    /// Not made yet: ask again later.
    NotYet,
}

/// Whether a line is money in or money back.
pub use mingfen_domain::sides::Kind as LineKind;

/// One line of a trade file. Borrowed from the file where it can be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StatementLine<'a> {
    /// Line number in the file, from 1.
    pub line: u64,
    /// Money in or back.
    pub kind: LineKind,
    /// Our order number as the file has it.
    pub out_trade_no: Cow<'a, str>,
    /// The provider's number.
    pub provider_trade_no: Cow<'a, str>,
    /// Our refund number; empty on payments.
    pub out_refund_no: Cow<'a, str>,
    /// The provider's refund number; empty on payments or where the file has none.
    pub provider_refund_no: Cow<'a, str>,
    /// Positive in both kinds.
    pub amount: Fen,
    /// What the provider kept (positive) or gave back (negative) as its fee, in 1/1000 fen (statements print five decimals of a yuan).
    pub fee_milli_fen: i64,
    /// The time that decides the line's day.
    pub at: Timestamp,
    /// The provider's status word.
    pub status: Cow<'a, str>,
    /// The row did not fit its header, because a text in it held the separator, and its columns were found by what they hold:
    /// worth a person's look.
    pub shifted: bool,
}

/// What the file says of itself, checked against its lines by the parser.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StatementTotals {
    /// Number of lines.
    pub lines: u64,
    /// Sum of payments.
    pub paid: Fen,
    /// Sum of refunds, positive.
    pub refunded: Fen,
}

/// One movement of a balance. Borrowed from the file where it can be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FundFlowLine<'a> {
    /// Line number in the file, from 1.
    pub line: u64,
    /// When it was booked.
    pub at: Timestamp,
    /// The provider's word for the kind of movement.
    pub kind: Cow<'a, str>,
    /// In positive, out negative.
    pub amount: Fen,
    /// Balance after it, when the file has one.
    pub balance: Option<Fen>,
    /// The provider's number of what it belongs to.
    pub provider_no: Cow<'a, str>,
    /// Our number, when the file has one.
    pub our_no: Cow<'a, str>,
}

/// What a fund-flow file says of itself, checked against its lines by the parser.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FundFlowTotals {
    /// Number of movements in.
    pub incomes: u64,
    /// Their sum.
    pub received: Fen,
    /// Number of movements out.
    pub expenses: u64,
    /// Their sum, positive.
    pub spent: Fen,
}

/// Why a file is refused. It is never half-read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{file}, line {line}{}: {problem}", column.as_ref().map(|name| format!(", column {name}")).unwrap_or_default())]
pub struct StatementError {
    /// The file's name.
    pub file: String,
    /// Line, from 1; 0 when the file as a whole is meant.
    pub line: u64,
    /// The column's header, when one is meant.
    pub column: Option<String>,
    /// What is wrong, the offending text (cut), and what to do.
    pub problem: String,
    /// The rows can be read, and what the file says of itself (its totals, its summary) is another thing or is not there.
    pub totals_differ: bool,
}

impl StatementError {
    /// About a line of a file; 0 is the file as a whole.
    pub fn new(file: impl Into<String>, line: u64, problem: impl Into<String>) -> Self {
        let (file, problem) = (file.into(), problem.into());
        Self { file, line, column: None, problem, totals_differ: false }
    }

    /// The same, about one column.
    #[must_use]
    pub fn in_column(self, name: impl Into<String>) -> Self {
        Self { column: Some(name.into()), ..self }
    }

    /// The same, about the totals of the file.
    #[must_use]
    pub fn of_totals(self) -> Self {
        Self { totals_differ: true, ..self }
    }
}

/// A trade file as rows that [`Statements::trade_layout`] describes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TradeTable {
    /// Where it is.
    pub path: PathBuf,
    /// What is on the table's first line stands on this line of the file, and what is on its n-th line so many later.
    pub first_line: u64,
}

/// The provider's files.
#[async_trait]
pub trait Statements: Send + Sync {
    /// Fetches the file of a day into `directory`, which exists and which nobody else reads.
    ///
    /// A file is there under its name only when it came whole and its integrity was proven; an earlier one of that name is replaced.
    /// What an exchange leaves that broke off is removed with it; only a process that was killed leaves a file `partial-…`.
    async fn fetch(
        &self,
        kind: StatementKind,
        day: BusinessDay,
        directory: &Path,
    ) -> Result<Fetched, CallError>;

    /// Which column of a trade file is which, as a layout of the reconciliation: data, so that millions of rows are read by whoever
    /// compares them.
    fn trade_layout(&self) -> &'static str;

    /// A trade file as rows that [`Self::trade_layout`] describes: the file itself, or a table that was made of it in `directory`,
    /// which exists and which nobody else reads. What can only be checked while a table is made is checked; the rest is up to
    /// whoever reads it. Blocks while it writes.
    fn trade_table(&self, file: &Path, directory: &Path) -> Result<TradeTable, StatementError>;

    /// Reads a trade file line by line into `each` and checks the file's own totals at the end. `each` must not act on a line
    /// before the whole file was accepted. Blocks while it reads.
    fn parse_trades(
        &self,
        file: &Path,
        each: &mut dyn FnMut(StatementLine<'_>),
    ) -> Result<StatementTotals, StatementError>;

    /// Reads a fund-flow file, in the same way.
    fn parse_fund_flow(
        &self,
        file: &Path,
        each: &mut dyn FnMut(FundFlowLine<'_>),
    ) -> Result<FundFlowTotals, StatementError>;

    /// What the words in [`FundFlowLine::kind`] mean. The lists of providers are open: a word that is not here is shown to a person,
    /// never guessed at.
    fn fund_flow_words(&self) -> &'static [(&'static str, FundFlowKind)];
}
