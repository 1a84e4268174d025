//! The report of a run (日对账报告): one sheet that says whether the three sides agree, what does not and why, and that is
//! signed. The same page on the screen and on A4; the whole list of differences is in the files beside it.

mod samples;

use crate::{
    Moment,
    finance::chart::{Bar, Column, bars, columns, grouped},
    frame::{Frame, Language},
    page::{Page, RenderError, page},
    svg::Svg,
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
    /// It is not in order.
    Refused,
}

impl InputState {
    fn word(self, say: &Wording) -> Phrase {
        match self {
            Self::Read => say.report.read,
            Self::NoTrade => say.report.no_trade,
            Self::NotYet => say.report.not_yet,
            Self::Refused => say.report.file_refused,
        }
    }

    fn css(self) -> &'static str {
        match self {
            Self::Read => "ok",
            Self::NoTrade => "idle",
            Self::NotYet => "info",
            Self::Refused => "warn",
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
    pub fn standalone(self, frame: &Frame) -> Result<String, RenderError> {
        let alone = Self { links: None, ..self };
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

page!(RunReport, "finance/run_report.html", [
    "ordinary" => samples::ordinary(),
    "agrees, signed" => samples::agrees(),
    "statement not there yet" => samples::waiting(),
    "worst" => samples::worst(),
    "very long" => samples::filled_with(&samples::LONG.repeat(2), &"4200009999202611230000000001".repeat(4)),
    "hostile text" => samples::filled_with(samples::HOSTILE, samples::HOSTILE_NUMBER),
]);

#[cfg(test)]
mod tests {
    use super::samples::{agrees, ordinary, waiting, worst};
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
