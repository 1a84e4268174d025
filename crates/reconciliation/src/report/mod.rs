//! What a run found, as files for people: one that opens in a spreadsheet with its totals ([`xlsx`]), one that every tool reads
//! ([`csv()`]), and the short one of a comparison without an installation ([`differences`]).
//!
//! The data are plain and already read: whoever has the store fills [`RunHead`] and hands the findings over one by one, so that a
//! million of them are never in memory. The same data give the same bytes.
//!
//! **No text from outside is ever a formula**, and no number of an order becomes a number: both files see to it in their own way.

mod csv;
#[cfg(test)]
mod samples;
#[cfg(test)]
mod tests;
mod xlsx;

pub use csv::{csv, differences, foreign_text, no_formula};
pub use xlsx::xlsx;

use crate::matching::Summary;
use crate::settlement::five_decimals;
use crate::sides::{Kind, Side, State};
use mingfen_domain::difference::Category;
use mingfen_domain::money::MoneyError;
use mingfen_domain::{BusinessDay, Fen, Timestamp};

/// Stands at the head of every report: the words mean the opposite to those who look from HIS.
pub const VIEWPOINT: &str =
    "口径：渠道的钱是事实，HIS 是账。长款 = 渠道有钱、HIS 没有记账；短款 = HIS 记了账、渠道没有钱。";

/// All that is said about a run, but for its findings.
#[derive(Clone, Debug)]
pub struct RunHead {
    /// Whose books.
    pub hospital: String,
    /// Of which day.
    pub day: BusinessDay,
    /// What it compares: 全部渠道, or a channel's name.
    pub scope: String,
    /// Counts from 1; a rerun supersedes the version before.
    pub version: u32,
    /// When it was made.
    pub made_at: Timestamp,
    /// By whom, a person or 系统定时.
    pub made_by: String,
    /// What was read.
    pub inputs: Vec<InputShown>,
    /// How the lines were divided among the categories.
    pub summary: Summary,
    /// One row a merchant account.
    pub settlement: Vec<SettlementShown>,
    /// The sign-off; without it the report is a draft.
    pub signed: Option<SignedShown>,
    /// How many findings each of the last days had, oldest first.
    pub trend: Vec<(BusinessDay, u64)>,
}

/// A file or an answer that a run has read.
#[derive(Clone, Debug)]
pub struct InputShown {
    /// Whose books it is from.
    pub side: Side,
    /// Its name.
    pub name: String,
    /// Of which channel; empty when of all.
    pub channel: String,
    /// Whether it was there.
    pub state: InputState,
    /// Its lines.
    pub rows: u64,
    /// Sum of its payments.
    pub paid: Fen,
    /// Sum of its refunds, positive.
    pub refunded: Fen,
    /// The hash of its bytes, in hexadecimal; empty when there are none.
    pub sha256: String,
}

/// Whether an input was there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InputState {
    /// It was read to its end.
    Read,
    /// The other side says that there was nothing that day.
    NoTrade,
    /// It has not been made yet.
    NotYet,
    /// It is not in order.
    Refused,
}

impl InputState {
    /// What staff call it.
    pub const fn chinese(self) -> &'static str {
        match self {
            Self::Read => "已读",
            Self::NoTrade => "当日无交易",
            Self::NotYet => "未出账",
            Self::Refused => "文件有误",
        }
    }
}

/// What a merchant account took, was charged and paid out.
#[derive(Clone, Debug)]
pub struct SettlementShown {
    /// The merchant account.
    pub account: String,
    /// The bank account that it pays into.
    pub bank_account: String,
    /// Sum of payments.
    pub paid: Fen,
    /// Sum of refunds, positive.
    pub refunded: Fen,
    /// The fee that was charged, in thousandths of a fen.
    pub fee_milli_fen: i64,
    /// The fee by the contracted rate, where one is known.
    pub fee_expected_milli_fen: Option<i64>,
    /// What the fund-flow bill says came in on balance.
    pub fund_flow_net: Option<Fen>,
    /// What arrived at the bank.
    pub arrived: Option<Fen>,
    /// What arrived is not what was due.
    pub arrival_differs: bool,
    /// What is to be said about it.
    pub remark: String,
}

/// Who signed, and the place in the audit chain that freezes it.
#[derive(Clone, Debug)]
pub struct SignedShown {
    /// Who.
    pub by: String,
    /// When.
    pub at: Timestamp,
    /// The entry of the audit chain.
    pub chain_seq: i64,
    /// Its hash.
    pub chain_hash: String,
}

/// One finding, with what people made of it.
#[derive(Clone, Debug)]
pub struct FindingShown {
    /// What it turned out to be.
    pub category: Category,
    /// The order number.
    pub order_no: String,
    /// Why, probably.
    pub cause: String,
    /// Where it stands: 待处理, 已结转, 已核销 and so on.
    pub status: String,
    /// Who has to act.
    pub owner: String,
    /// Until when.
    pub deadline: Option<BusinessDay>,
    /// Its lines, channel first. A finding about a whole file has none.
    pub lines: Vec<LineShown>,
}

/// One line of one side in a finding.
#[derive(Clone, Debug)]
pub struct LineShown {
    /// Whose books.
    pub side: Side,
    /// Money in or back.
    pub kind: Kind,
    /// The refund number, empty on payments.
    pub refund_no: String,
    /// How much; never negative.
    pub amount: Fen,
    /// Its day in the side's own books.
    pub day: BusinessDay,
    /// What became of it there.
    pub state: State,
    /// Its merchant account.
    pub account: String,
    /// The input that it is from.
    pub file: String,
    /// The line in it, counted from 1; 0 when it has none.
    pub line: u64,
    /// The other side's number: the provider's of a payment or a refund, the ledger's of HIS.
    pub provider_no: String,
    /// The time as that side wrote it.
    pub at: String,
}

/// Why a report could not be written. `E` is why a finding could not be had.
#[derive(Debug, thiserror::Error)]
pub enum ReportError<E> {
    /// The findings stopped coming.
    #[error("a finding could not be read")]
    Findings(#[source] E),
    /// The other end of the file.
    #[error("the report could not be written: {0}")]
    Write(#[from] std::io::Error),
    /// The library refused, or has no room for its temporary files.
    #[error("the spreadsheet could not be written: {0}; is there room for temporary files?")]
    Sheet(#[from] rust_xlsxwriter::XlsxError),
    /// A sum does not fit.
    #[error("a sum is out of range")]
    OutOfRange,
}

impl<E> From<MoneyError> for ReportError<E> {
    fn from(_: MoneyError) -> Self {
        Self::OutOfRange
    }
}

impl RunHead {
    /// The verdict in one sentence.
    fn verdict(&self) -> String {
        let waiting = self.inputs.iter().filter(|input| input.state == InputState::NotYet).count();
        let missing = if waiting > 0 {
            format!("有 {waiting} 份账单未出，其金额不在下列合计之内。")
        } else {
            String::new()
        };
        if self.is_settled() {
            let word = if waiting > 0 { "已到的账单平账" } else { "平账" };
            return format!("{word}：没有待处理的差异。{missing}");
        }
        let open = Side::ALL.map(|side| {
            let lines: u64 = unsettled().map(|category| self.summary.of(category, side).lines).sum();
            format!("{} {lines} 笔", side.chinese())
        });
        format!("有差异待处理：{}。{missing}", open.join("，"))
    }

    /// Whether nobody has to act on what was read.
    fn is_settled(&self) -> bool {
        self.summary.is_settled()
    }

    /// 账单日, scope, version, when and by whom, each with its name.
    fn facts(&self) -> [(&'static str, String); 5] {
        [
            ("账单日", self.day.to_string()),
            ("范围", self.scope.clone()),
            ("版本", format!("第 {} 版", self.version)),
            ("生成时间", self.made_at.to_beijing_text()),
            ("生成", self.made_by.clone()),
        ]
    }

    /// Who signed and where the audit chain stood, or that it is a draft.
    fn sign_off(&self) -> String {
        match &self.signed {
            None => "草稿，未签结".to_owned(),
            Some(signed) => format!(
                "已签结：{}，{}，审计链第 {} 条 {}",
                signed.by,
                signed.at.to_beijing_text(),
                signed.chain_seq,
                signed.chain_hash
            ),
        }
    }
}

/// Thousandths of a fen in yuan: five decimals, as exactly as fees are charged.
pub fn fee_yuan(milli_fen: i64) -> String {
    five_decimals(milli_fen.into())
}

fn unsettled() -> impl Iterator<Item = Category> {
    Category::ALL.into_iter().filter(|category| !category.is_settled())
}

/// One value of a row of findings, before a file's own way of writing it.
enum Cell<'a> {
    /// Nothing to say.
    Empty,
    /// A word of ours.
    Word(&'static str),
    /// A text from outside.
    Text(&'a str),
    /// A number that is a name: never to be counted with.
    Number(&'a str),
    /// A count.
    Count(u64),
    /// Money; refunds are negative.
    Money(Fen),
    /// A day.
    Day(BusinessDay),
}

/// What a row of findings tells, and how many characters wide that is. The evidence comes last: paper is too narrow for it.
const COLUMNS: [(&str, u8); 20] = [
    ("序号", 7),
    ("类别", 19),
    ("商户订单号", 26),
    ("方", 6),
    ("类型", 6),
    ("商户退款单号", 22),
    ("渠道（元）", 13),
    ("网关（元）", 13),
    ("HIS（元）", 13),
    ("日期", 12),
    ("结果", 8),
    ("可能原因", 40),
    ("处理状态", 11),
    ("负责", 10),
    ("期限", 12),
    ("时间", 20),
    ("商户号", 18),
    ("渠道或 HIS 流水号", 34),
    ("来源", 36),
    ("行号", 10),
];

/// So many columns are printed.
const PRINTED_COLUMNS: u16 = 15;

/// Columns that belong to the finding and not to one of its lines.
const OF_THE_FINDING: [usize; 7] = [0, 1, 2, 11, 12, 13, 14];

/// The columns of channel, gateway and HIS money, in the order of [`Side::ALL`].
const MONEY_COLUMNS: [u16; 3] = [6, 7, 8];

/// The rows of a finding: one a line, and one without a line when it has none.
fn rows(
    number: u64,
    finding: &FindingShown,
) -> impl Iterator<Item = Result<[Cell<'_>; COLUMNS.len()], MoneyError>> {
    let none = finding.lines.is_empty().then_some(None);
    none.into_iter().chain(finding.lines.iter().map(Some)).map(move |line| row(number, finding, line))
}

fn row<'f>(
    number: u64,
    finding: &'f FindingShown,
    line: Option<&'f LineShown>,
) -> Result<[Cell<'f>; COLUMNS.len()], MoneyError> {
    let amount = line.map(LineShown::signed).transpose()?;
    let of_line = |cell: fn(&'f LineShown) -> Cell<'f>| line.map_or(Cell::Empty, cell);
    let money = |side: Side| match (line, amount) {
        (Some(line), Some(amount)) if line.side == side => Cell::Money(amount),
        _ => Cell::Empty,
    };
    Ok([
        Cell::Count(number),
        Cell::Word(finding.category.chinese()),
        Cell::Number(&finding.order_no),
        of_line(|line| Cell::Word(line.side.chinese())),
        of_line(|line| Cell::Word(line.kind.chinese())),
        of_line(|line| Cell::Number(&line.refund_no)),
        money(Side::Channel),
        money(Side::Gateway),
        money(Side::His),
        of_line(|line| Cell::Day(line.day)),
        of_line(|line| Cell::Word(line.state.chinese())),
        Cell::Text(&finding.cause),
        Cell::Text(&finding.status),
        Cell::Text(&finding.owner),
        finding.deadline.map_or(Cell::Empty, Cell::Day),
        of_line(|line| Cell::Text(&line.at)),
        of_line(|line| Cell::Number(&line.account)),
        of_line(|line| Cell::Number(&line.provider_no)),
        of_line(|line| Cell::Text(&line.file)),
        of_line(|line| if line.line == 0 { Cell::Empty } else { Cell::Count(line.line) }),
    ])
}

impl LineShown {
    /// Payments as they are, refunds negative: a column adds up to the net.
    fn signed(&self) -> Result<Fen, MoneyError> {
        match self.kind {
            Kind::Payment => Ok(self.amount),
            Kind::Refund => self.amount.negated(),
        }
    }
}
