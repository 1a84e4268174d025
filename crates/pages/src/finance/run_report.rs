//! The report of a run (日对账报告): one sheet that says whether the three sides agree, what does not and why, and that is
//! signed. The same page on the screen and on A4; the whole list of differences is in the files beside it.

use crate::{
    Moment,
    finance::chart::{Bar, Column, Svg, bars, columns, grouped},
    frame::{Frame, Language},
    page::{Page, RenderError, page},
    wording::{Phrase, Wording},
};

/// A calendar day, as its statement is named.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Day {
    /// Calendar year.
    pub year: i32,
    /// 1 to 12.
    pub month: u8,
    /// 1 to 31.
    pub day: u8,
}

impl Day {
    /// `2026-11-23`.
    pub fn iso(self) -> String {
        format!("{:04}-{:02}-{:02}", self.year, self.month, self.day)
    }

    /// 0 is Sunday (T. Sakamoto's rule).
    fn weekday(self) -> usize {
        const SHIFT: [i32; 12] = [0, 3, 2, 5, 0, 3, 5, 1, 4, 6, 2, 4];
        let year = if self.month < 3 { self.year - 1 } else { self.year };
        let shift = SHIFT[usize::from(self.month.clamp(1, 12)) - 1];
        let number = year + year.div_euclid(4) - year.div_euclid(100)
            + year.div_euclid(400)
            + shift
            + i32::from(self.day);
        usize::try_from(number.rem_euclid(7)).unwrap_or_default()
    }

    fn named(self, say: &Wording) -> String {
        say.report.day_and_weekday.with2(self.iso(), say.report.weekdays[self.weekday()]).plain()
    }

    fn month_name(self, say: &Wording) -> &'static str {
        say.time.months[usize::from(self.month.clamp(1, 12)) - 1]
    }
}

/// A name in both languages of the pages.
#[derive(Clone, Debug)]
pub struct TwoNames {
    /// 中文.
    pub chinese: String,
    /// English.
    pub english: String,
}

impl TwoNames {
    fn of(&self, frame: &Frame) -> &str {
        match frame.language {
            Language::ZhCn => &self.chinese,
            Language::En => &self.english,
        }
    }
}

/// Whose books. Always in this order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// The channel's statement.
    Channel,
    /// Our own journal.
    Gateway,
    /// HIS's ledger.
    His,
}

impl Side {
    /// All sides.
    pub const ALL: [Self; 3] = [Self::Channel, Self::Gateway, Self::His];

    fn word(self, say: &Wording) -> Phrase {
        match self {
            Self::Channel => say.report.channel,
            Self::Gateway => say.report.gateway,
            Self::His => say.report.his,
        }
    }
}

/// What a side brought in. Amounts are yuan with commas: `215,753.46`.
#[derive(Clone, Debug)]
pub struct SideTotal {
    /// Payments and refunds.
    pub lines: u64,
    /// Payments.
    pub paid_yuan: String,
    /// Refunds, positive.
    pub refunded_yuan: String,
    /// Payments less refunds; may begin with a minus.
    pub net_yuan: String,
}

/// What the channel's net has more than HIS's, without a sign.
#[derive(Clone, Debug)]
pub enum NetDifference {
    /// Nothing.
    None,
    /// The channel has so much more.
    ChannelMore(String),
    /// HIS has so much more.
    HisMore(String),
}

/// Whether somebody has to act on a category.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CategoryState {
    /// The books agree.
    Settled,
    /// It is none of ours.
    SetAside,
    /// Somebody has to.
    ToDo,
}

impl CategoryState {
    fn word(self, say: &Wording) -> Phrase {
        match self {
            Self::Settled => say.report.settled,
            Self::SetAside => say.report.set_aside,
            Self::ToDo => say.report.to_do,
        }
    }

    fn css(self) -> &'static str {
        match self {
            Self::Settled => "ok",
            Self::SetAside => "idle",
            Self::ToDo => "warn",
        }
    }
}

/// One side in one category.
#[derive(Clone, Debug)]
pub struct SideAmount {
    /// Lines.
    pub lines: u64,
    /// Payments less refunds.
    pub net_yuan: String,
}

/// One category that has lines.
#[derive(Clone, Debug)]
pub struct CategoryRow {
    /// What it is called.
    pub name: TwoNames,
    /// Whether somebody has to act.
    pub state: CategoryState,
    /// How many findings it has; 0 for what plainly agrees. The chart shows these.
    pub findings: u64,
    /// In the order of [`Side::ALL`]; `None` where that side has no line.
    pub sides: [Option<SideAmount>; 3],
    /// The channel's net less HIS's.
    pub difference_yuan: String,
    /// Who has to act first.
    pub owner: String,
}

/// How many findings a day had.
#[derive(Clone, Copy, Debug)]
pub struct TrendDay {
    /// The day.
    pub day: Day,
    /// Its findings.
    pub findings: u64,
}

/// One finding of the first few.
#[derive(Clone, Debug)]
pub struct FindingRow {
    /// What it is.
    pub category: TwoNames,
    /// Whether somebody has to act.
    pub state: CategoryState,
    /// The order number.
    pub order_no: String,
    /// The refund number, or nothing.
    pub refund_no: String,
    /// Payments less refunds, in the order of [`Side::ALL`]; `None` where that side has no line.
    pub sides: [Option<String>; 3],
    /// Why, probably.
    pub cause: String,
    /// Where it stands: 待处理, 已结转.
    pub status: String,
    /// Who has to act.
    pub owner: String,
    /// Until when.
    pub deadline: Option<Day>,
}

/// What a merchant account took, was charged and paid out. `None` is what is not known.
#[derive(Clone, Debug)]
pub struct SettlementRow {
    /// The merchant account.
    pub account: String,
    /// The bank account.
    pub bank_account: String,
    /// Payments.
    pub paid_yuan: String,
    /// Refunds, positive.
    pub refunded_yuan: String,
    /// The fee charged.
    pub fee_yuan: String,
    /// The fee by contract.
    pub fee_expected_yuan: Option<String>,
    /// Whether the two differ.
    pub fee_differs: bool,
    /// On balance, by the fund-flow bill.
    pub fund_flow_yuan: Option<String>,
    /// What arrived at the bank.
    pub arrived_yuan: Option<String>,
    /// Whether the two differ.
    pub arrival_differs: bool,
    /// What is to be said about it, or nothing.
    pub remark: String,
}

/// Whether an input was there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InputState {
    /// It was read to its end.
    Read,
    /// There was nothing that day.
    NoTrade,
    /// It has not been made yet.
    NotYet,
}

impl InputState {
    fn word(self, say: &Wording) -> Phrase {
        match self {
            Self::Read => say.report.read,
            Self::NoTrade => say.report.no_trade,
            Self::NotYet => say.report.not_yet,
        }
    }

    fn css(self) -> &'static str {
        match self {
            Self::Read => "ok",
            Self::NoTrade => "idle",
            Self::NotYet => "info",
        }
    }
}

/// A file or an answer that was read.
#[derive(Clone, Debug)]
pub struct InputRow {
    /// Whose books.
    pub side: Side,
    /// Its name.
    pub name: String,
    /// Of which channel, or nothing.
    pub channel: String,
    /// Whether it was there.
    pub state: InputState,
    /// Its lines.
    pub rows: u64,
    /// Payments.
    pub paid_yuan: String,
    /// Refunds, positive.
    pub refunded_yuan: String,
    /// Its hash, or nothing.
    pub sha256: String,
}

/// Who signed, and the place in the audit chain.
#[derive(Clone, Debug)]
pub struct SignOff {
    /// Who.
    pub by: String,
    /// When.
    pub at: Moment,
    /// The entry of the chain.
    pub chain_seq: u64,
    /// Its hash.
    pub chain_hash: String,
}

/// Where the bar above the paper leads.
#[derive(Clone, Debug)]
pub struct Links {
    /// The run's own page.
    pub back: String,
    /// The workbook.
    pub xlsx: String,
    /// The same as CSV.
    pub csv: String,
}

/// The report of a run. `frame.hospital_name` heads it; of the rest of the frame only the language counts.
#[derive(Clone, Debug)]
pub struct RunReport {
    /// The statement's day.
    pub day: Day,
    /// What it compares: 全部渠道, or a channel's name.
    pub scope: String,
    /// Counts from 1.
    pub version: u32,
    /// When it was made.
    pub made_at: Moment,
    /// By whom.
    pub made_by: String,
    /// Findings on which somebody has to act.
    pub open: u64,
    /// In the order of [`Side::ALL`].
    pub sides: [SideTotal; 3],
    /// Channel against HIS.
    pub difference: NetDifference,
    /// What of the channel's net is an order of somebody else who shares the account.
    pub set_aside_yuan: Option<String>,
    /// The difference as the last line of the categories has it, with its sign.
    pub difference_yuan: String,
    /// Those that have lines, in the usual order.
    pub categories: Vec<CategoryRow>,
    /// The last days, oldest first, this one last. May be empty.
    pub trend: Vec<TrendDay>,
    /// The first findings.
    pub findings: Vec<FindingRow>,
    /// How many there are.
    pub findings_total: u64,
    /// One a merchant account.
    pub settlement: Vec<SettlementRow>,
    /// All that was read.
    pub inputs: Vec<InputRow>,
    /// Without it the report is a draft.
    pub signed: Option<SignOff>,
    /// `None` in a file that stands alone.
    pub links: Option<Links>,
}

impl RunReport {
    /// The whole document with its style sheet inside, for a file that stands alone.
    ///
    /// # Errors
    /// As [`Page::html`].
    pub fn standalone(&self, frame: &Frame) -> Result<String, RenderError> {
        let alone = Self { links: None, ..self.clone() };
        Ok(crate::assets::inlined(
            &alone.html(frame)?,
            crate::assets::report_css(),
            crate::assets::report_css_text(),
        ))
    }

    fn missing(&self) -> Vec<&InputRow> {
        self.inputs.iter().filter(|input| input.state == InputState::NotYet).collect()
    }

    /// What is to be seen from across the room.
    fn verdict(&self, say: &Wording) -> Verdict {
        if self.open > 0 {
            Verdict { css: "warn", words: say.report.open.count(grouped(self.open)).plain() }
        } else if self.missing().is_empty() {
            Verdict { css: "ok", words: say.report.agrees.plain() }
        } else {
            Verdict { css: "info", words: say.report.waiting.plain() }
        }
    }

    fn category_chart(&self, frame: &Frame, say: &Wording) -> Option<Svg> {
        let mut rows: Vec<Bar> = self
            .categories
            .iter()
            .filter(|category| category.findings > 0)
            .map(|category| Bar {
                name: category.name.of(frame).to_owned(),
                value: say.report.lines_short.with(grouped(category.findings)).plain(),
                length: category.findings,
                money: money(&category.difference_yuan),
                to_do: category.state == CategoryState::ToDo,
            })
            .collect();
        // What somebody has to act on comes first.
        rows.sort_by_key(|bar| !bar.to_do);
        (!rows.is_empty()).then(|| bars(&say.report.chart.plain(), &say.report.chart_money.plain(), &rows))
    }

    fn trend_chart(&self, say: &Wording) -> Option<Svg> {
        let most = self.trend.iter().max_by_key(|day| day.findings)?;
        let rows: Vec<Column> = self
            .trend
            .iter()
            .enumerate()
            .map(|(index, entry)| Column {
                name: entry.day.day.to_string(),
                month: if index == 0 || entry.day.day == 1 {
                    say.report.month.with(entry.day.month_name(say)).plain()
                } else {
                    String::new()
                },
                value: entry.findings,
            })
            .collect();
        let title = say.report.trend_title.with2(most.day.iso(), grouped(most.findings)).plain();
        Some(columns(&title, &rows))
    }

    fn left_out(&self) -> u64 {
        self.findings_total.saturating_sub(self.findings.len() as u64)
    }
}

struct Verdict {
    css: &'static str,
    words: String,
}

/// An amount for eyes: with a real minus.
fn money(yuan: &str) -> String {
    yuan.strip_prefix('-').map_or_else(|| yuan.to_owned(), |rest| format!("−{rest}"))
}

/// Money or the dash of nothing.
fn money_or_dash(yuan: Option<&String>) -> String {
    yuan.map_or_else(|| "—".to_owned(), |yuan| money(yuan))
}

fn ordinary() -> RunReport {
    let side = |lines, paid: &str, refunded: &str, net: &str| SideTotal {
        lines,
        paid_yuan: paid.into(),
        refunded_yuan: refunded.into(),
        net_yuan: net.into(),
    };
    RunReport {
        day: Day { year: 2026, month: 11, day: 23 },
        scope: "全部渠道".into(),
        version: 2,
        made_at: Moment { year: 2026, month: 11, day: 24, hour: 10, minute: 31, second: 7, today: true },
        made_by: "王静怡".into(),
        open: 5,
        sides: [
            side(1_913, "218,132.66", "2,379.20", "215,753.46"),
            side(1_890, "217,789.06", "2,379.20", "215,409.86"),
            side(1_886, "217,519.66", "2,074.20", "215,445.46"),
        ],
        difference: NetDifference::ChannelMore("308.00".into()),
        set_aside_yuan: Some("343.60".into()),
        difference_yuan: "308.00".into(),
        categories: sample_categories(),
        trend: sample_trend(&[
            5, 3, 4, 6, 2, 1, 1, 5, 4, 3, 6, 5, 0, 2, 5, 4, 3, 2, 6, 3, 2, 1, 4, 3, 0, 1, 2, 4, 1, 5,
        ]),
        findings: sample_findings(),
        findings_total: 10,
        settlement: sample_settlement(),
        inputs: sample_inputs(),
        signed: None,
        links: Some(Links {
            back: "/finance/runs/2026-11-23".into(),
            xlsx: "/finance/runs/2026-11-23/report.xlsx".into(),
            csv: "/finance/runs/2026-11-23/report.csv".into(),
        }),
    }
}

fn two(chinese: &str, english: &str) -> TwoNames {
    TwoNames { chinese: chinese.into(), english: english.into() }
}

fn sample_categories() -> Vec<CategoryRow> {
    use CategoryState::{SetAside, Settled, ToDo};
    let some = |lines, net: &str| Some(SideAmount { lines, net_yuan: net.into() });
    let row = |name, state, findings, sides, difference: &str, owner: &str| CategoryRow {
        name,
        state,
        findings,
        sides,
        difference_yuan: difference.into(),
        owner: owner.into(),
    };
    let all = |lines, net: &str| [some(lines, net), some(lines, net), some(lines, net)];
    vec![
        row(two("平账", "matched"), Settled, 0, all(1_878, "214,867.46"), "0.00", ""),
        row(two("迟到平账", "matched late"), Settled, 3, all(5, "334.40"), "0.00", ""),
        row(
            two("一正一负", "paid and given back"),
            Settled,
            2,
            [some(4, "0.00"), some(4, "0.00"), None],
            "0.00",
            "",
        ),
        row(
            two("渠道单边（长款）", "channel only"),
            ToDo,
            1,
            [some(1, "86.00"), some(1, "86.00"), None],
            "86.00",
            "财务科",
        ),
        row(two("HIS 单边（短款）", "HIS only"), ToDo, 1, [None, None, some(1, "48.60")], "-48.60", "财务科"),
        row(
            two("金额不符（渠道多）", "channel has more"),
            ToDo,
            1,
            [some(1, "152.00"), some(1, "152.00"), some(1, "125.00")],
            "27.00",
            "财务科",
        ),
        row(
            two("HIS 缺退款", "refund missing in HIS"),
            ToDo,
            1,
            [some(1, "-30.00"), some(1, "-30.00"), None],
            "-30.00",
            "收费处",
        ),
        row(two("跨日", "on another day"), ToDo, 1, [None, None, some(1, "70.00")], "-70.00", "财务科"),
        row(two("外部流水", "not ours"), SetAside, 0, [some(23, "343.60"), None, None], "343.60", ""),
    ]
}

fn sample_trend(counts: &[u64]) -> Vec<TrendDay> {
    let october = (25..=31).map(|day| Day { year: 2026, month: 10, day });
    let november = (1..=23).map(|day| Day { year: 2026, month: 11, day });
    october.chain(november).zip(counts).map(|(day, &findings)| TrendDay { day, findings }).collect()
}

fn sample_findings() -> Vec<FindingRow> {
    use CategoryState::ToDo;
    let row =
        |category, order_no: &str, sides: [&str; 3], cause: &str, status: &str, owner: &str| FindingRow {
            category,
            state: ToDo,
            order_no: order_no.into(),
            refund_no: String::new(),
            sides: sides.map(|yuan| (!yuan.is_empty()).then(|| yuan.to_owned())),
            cause: cause.into(),
            status: status.into(),
            owner: owner.into(),
            deadline: Some(Day { year: 2026, month: 11, day: 25 }),
        };
    vec![
        row(
            two("渠道单边（长款）", "channel only"),
            "P20261123K7M40QX9T2A",
            ["86.00", "86.00", ""],
            "回写搁置：HIS 连续 12 次没有应答，患者已付款。",
            "待处理",
            "王静怡",
        ),
        row(
            two("HIS 单边（短款）", "HIS only"),
            "P20261123B3N81RD5W7C",
            ["", "", "48.60"],
            "渠道查得已关单，HIS 在 16:02 记了账。",
            "待处理",
            "王静怡",
        ),
        row(
            two("金额不符（渠道多）", "channel has more"),
            "P20261123H9C22VZ6P4D",
            ["152.00", "152.00", "125.00"],
            "HIS 付款后改了收费单，少 27.00 元。",
            "待审批",
            "",
        ),
        FindingRow {
            refund_no: "R20261123T5J17MS3Q8E".into(),
            ..row(
                two("HIS 缺退款", "refund missing in HIS"),
                "P20261122L4F63YG8N1F",
                ["-30.00", "-30.00", ""],
                "退费回写还在排队。",
                "待处理",
                "李欣",
            )
        },
        row(
            two("跨日", "on another day"),
            "P20261123X8E55WK2V6G",
            ["", "", "70.00"],
            "HIS 记在 23:59:48，渠道记在次日。",
            "已结转",
            "",
        ),
    ]
}

fn sample_settlement() -> Vec<SettlementRow> {
    let row = |account: &str, bank: &str, numbers: [&str; 4], flow: Option<&str>, arrived: Option<&str>| {
        SettlementRow {
            account: account.into(),
            bank_account: bank.into(),
            paid_yuan: numbers[0].into(),
            refunded_yuan: numbers[1].into(),
            fee_yuan: numbers[2].into(),
            fee_expected_yuan: Some(numbers[3].into()),
            fee_differs: numbers[2] != numbers[3],
            fund_flow_yuan: flow.map(Into::into),
            arrived_yuan: arrived.map(Into::into),
            arrival_differs: flow != arrived,
            remark: String::new(),
        }
    };
    vec![
        row(
            "微信支付 1900000001",
            "工商银行 …1234",
            ["125,602.67", "1,260.00", "746.06", "746.06"],
            Some("123,596.61"),
            Some("123,596.61"),
        ),
        SettlementRow {
            remark: "手续费多收 0.02，已问支付机构；到账在途。".into(),
            arrival_differs: false,
            ..row(
                "支付宝 2088000000000001",
                "建设银行 …5678",
                ["92,529.99", "1,119.20", "548.49", "548.47"],
                Some("90,862.30"),
                None,
            )
        },
    ]
}

fn sample_inputs() -> Vec<InputRow> {
    let row = |side, name: &str, channel: &str, rows, paid: &str, refunded: &str, hash: &str| InputRow {
        side,
        name: name.into(),
        channel: channel.into(),
        state: InputState::Read,
        rows,
        paid_yuan: paid.into(),
        refunded_yuan: refunded.into(),
        sha256: hash.repeat(8),
    };
    vec![
        row(
            Side::Channel,
            "tradebill-ALL-2026-11-23.csv.gz",
            "微信支付 门诊",
            1_022,
            "125,602.67",
            "1,260.00",
            "9f41c07e",
        ),
        row(
            Side::Channel,
            "20261123_业务明细.csv.zip",
            "支付宝 门诊",
            891,
            "92,529.99",
            "1,119.20",
            "27b051da",
        ),
        row(Side::Gateway, "凭证 2026-11-23", "", 1_890, "217,789.06", "2,379.20", "4d20b8e1"),
        row(Side::His, "收费台账 2026-11-23，4 页", "", 1_886, "217,519.66", "2,074.20", "c3a77f10"),
    ]
}

/// Nothing to do, signed.
fn agrees() -> RunReport {
    let total = SideTotal {
        lines: 1_878,
        paid_yuan: "217,246.66".into(),
        refunded_yuan: "2,379.20".into(),
        net_yuan: "214,867.46".into(),
    };
    let mut report = ordinary();
    report.categories.truncate(1);
    report.settlement.truncate(1);
    if let Some(today) = report.trend.last_mut() {
        today.findings = 0;
    }
    RunReport {
        open: 0,
        sides: [total.clone(), total.clone(), total],
        difference: NetDifference::None,
        set_aside_yuan: None,
        difference_yuan: "0.00".into(),
        findings: Vec::new(),
        findings_total: 0,
        signed: Some(SignOff {
            by: "赵启明".into(),
            at: Moment { year: 2026, month: 11, day: 24, hour: 11, minute: 0, second: 0, today: true },
            chain_seq: 40_312,
            chain_hash: "4d20b8e1".repeat(8),
        }),
        ..report
    }
}

/// Nothing to do yet, because a statement has not come.
fn waiting() -> RunReport {
    let mut report = RunReport { open: 0, signed: None, findings: Vec::new(), findings_total: 0, ..agrees() };
    for input in report.inputs.iter_mut().skip(1).take(1) {
        input.state = InputState::NotYet;
        input.rows = 0;
        (input.paid_yuan, input.refunded_yuan) = ("0.00".into(), "0.00".into());
        input.sha256.clear();
    }
    if let Some(input) = report.inputs.get_mut(2) {
        input.state = InputState::NoTrade;
    }
    report.trend.clear();
    report
}

/// The wrong file was read: hardly anything agrees.
fn worst() -> RunReport {
    let mut report = ordinary();
    let huge = |lines| SideTotal {
        lines,
        paid_yuan: "12,345,678.90".into(),
        refunded_yuan: "2,345,678.90".into(),
        net_yuan: "10,000,000.00".into(),
    };
    for (category, factor) in
        report.categories.iter_mut().zip([1, 90, 800, 410_233, 398_120, 77, 1_204, 9_001, 1])
    {
        category.findings = factor;
        category.difference_yuan = "-9,999,999.99".into();
        for side in category.sides.iter_mut().flatten() {
            side.lines = factor * 3;
            side.net_yuan = "-1,234,567.89".into();
        }
    }
    let first = report.findings.clone();
    report.findings = first.iter().cycle().take(50).cloned().collect();
    report.trend = sample_trend(&[
        5, 3, 4, 6, 2, 1, 1, 5, 4, 3, 6, 5, 0, 2, 5, 4, 3, 2, 6, 3, 2, 1, 4, 3, 0, 1, 2, 4, 1, 818_633,
    ]);
    RunReport {
        version: 17,
        open: 818_633,
        sides: [huge(1_234_567), huge(1_234_567), huge(1_234_001)],
        difference: NetDifference::HisMore("9,999,999.99".into()),
        difference_yuan: "-9,999,999.99".into(),
        findings_total: 819_525,
        ..report
    }
}

const LONG: &str = "青禾市人民医院东院区门诊综合楼三层自助机ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
const HOSTILE: &str = "\"><script>alert(1)</script>&lt;|·[粗]{0}";
const HOSTILE_NUMBER: &str = "'\"><img src=x onerror=alert(1)>";

/// Every text of somebody else is this one, and every number of theirs the other.
fn filled_with(text: &str, number: &str) -> RunReport {
    let mut report = ordinary();
    for field in [&mut report.scope, &mut report.made_by] {
        *field = text.into();
    }
    for category in &mut report.categories {
        category.owner = text.into();
    }
    for finding in &mut report.findings {
        for field in [&mut finding.cause, &mut finding.status, &mut finding.owner] {
            *field = text.into();
        }
        for field in [&mut finding.order_no, &mut finding.refund_no] {
            *field = number.into();
        }
    }
    for row in &mut report.settlement {
        for field in [&mut row.account, &mut row.bank_account, &mut row.remark] {
            *field = text.into();
        }
    }
    for input in &mut report.inputs {
        for field in [&mut input.name, &mut input.channel] {
            *field = text.into();
        }
        input.state = InputState::NotYet;
    }
    report.signed = agrees().signed;
    if let Some(signed) = &mut report.signed {
        signed.by = text.into();
        signed.chain_hash = number.into();
    }
    report
}

page!(RunReport, "finance/run_report.html", [
    "ordinary" => ordinary(),
    "agrees, signed" => agrees(),
    "statement not there yet" => waiting(),
    "worst" => worst(),
    "very long" => filled_with(&LONG.repeat(2), &"4200009999202611230000000001".repeat(4)),
    "hostile text" => filled_with(HOSTILE, HOSTILE_NUMBER),
]);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_of_the_week_is_known() {
        for (year, month, day, weekday) in
            [(2026, 11, 23, 1), (2000, 2, 29, 2), (2026, 1, 1, 4), (2026, 11, 22, 0)]
        {
            assert_eq!(Day { year, month, day }.weekday(), weekday);
        }
    }

    #[test]
    fn the_verdict_is_told_in_words() {
        let say = |language| Wording::of(language);
        for (report, css, chinese, english) in [
            (ordinary(), "warn", "5 笔差异待处理", "5 differences to deal with"),
            (agrees(), "ok", "平账", "The books agree"),
            (waiting(), "info", "账单未到齐，还不能下结论", "A statement is not there yet"),
            (worst(), "warn", "818,633 笔差异待处理", "818,633 differences to deal with"),
        ] {
            let verdict = report.verdict(say(Language::ZhCn));
            assert_eq!((verdict.css, verdict.words.as_str()), (css, chinese));
            assert_eq!(report.verdict(say(Language::En)).words, english);
        }
    }

    #[test]
    fn what_is_left_out_is_counted() {
        let html = |report: &RunReport, language| {
            report.html(&crate::samples::frame(language, false)).expect("it renders")
        };
        assert!(html(&worst(), Language::ZhCn).contains("另有 819,475 笔没有列出"));
        assert!(html(&worst(), Language::En).contains("819,475 more are not listed"));
        let all = RunReport { findings_total: 5, ..ordinary() };
        assert!(!html(&all, Language::ZhCn).contains("没有列出"));
    }

    #[test]
    fn every_report_states_the_viewpoint() {
        for (_, report) in RunReport::samples() {
            let html = report.html(&crate::samples::frame(Language::ZhCn, false)).expect("it renders");
            assert!(html.contains("长款 = 渠道有钱") && html.contains("短款 = HIS 记了账"));
        }
    }

    #[test]
    fn a_report_stands_alone() {
        let frame = crate::samples::frame(Language::ZhCn, false);
        for (state, report) in RunReport::samples() {
            let html = report.standalone(&frame).expect("it renders");
            assert!(!html.contains("/assets/") && !html.contains("href="), "{state}");
            assert!(html.contains("@page") && html.contains("<svg"), "{state}");
        }
    }
}
