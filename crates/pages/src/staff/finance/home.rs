//! Today (07-finance-home): does yesterday agree, and what needs somebody.

use super::{ApprovalRow, Figure, Way};
use crate::staff::frame::{Both, Face, State};
use crate::staff::icon::Icon;
use crate::staff::page::staff_page;

/// How a day of an account stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Light {
    /// It was not compared.
    None,
    /// Signed.
    Signed,
    /// It agrees, and is not signed.
    Agrees,
    /// Differences that somebody has to act on.
    Open,
    /// One of them is past its deadline.
    Overdue,
    /// Something is waited for.
    Waits,
    /// The statement is not there yet.
    NotCome,
    /// The statement is not in order.
    Damaged,
}

impl Light {
    pub(crate) fn class(self) -> &'static str {
        match self {
            Self::None | Self::Signed => "",
            Self::Agrees => "agree",
            Self::Open | Self::Damaged => "warn",
            Self::Overdue => "bad",
            Self::Waits | Self::NotCome => "wait",
        }
    }

    pub(crate) fn icon(self) -> Icon {
        match self {
            Self::None => Icon::Minus,
            Self::Signed => Icon::Lock,
            Self::Agrees => Icon::Tick,
            Self::Open | Self::Damaged => Icon::Triangle,
            Self::Overdue => Icon::CrossRound,
            Self::Waits => Icon::Clock,
            Self::NotCome => Icon::Slip,
        }
    }

    /// What it is called, as the legend and readers have it.
    pub fn word(self) -> (&'static str, &'static str) {
        match self {
            Self::None => ("未对账", "not compared"),
            Self::Signed => ("已签结", "signed"),
            Self::Agrees => ("平账待签结", "agrees"),
            Self::Open => ("有差异（笔数）", "differences"),
            Self::Overdue => ("已逾期", "overdue"),
            Self::Waits => ("等待中", "waited for"),
            Self::NotCome => ("对账单未到", "no statement yet"),
            Self::Damaged => ("对账单有误", "statement damaged"),
        }
    }
}

/// A day of the calendar.
#[derive(Clone, Debug)]
pub struct CalendarColumn {
    /// `23`.
    pub number: String,
    /// 一.
    pub weekday: Both,
    /// Saturday or Sunday.
    pub weekend: bool,
    /// Yesterday.
    pub on: bool,
}

/// An account's day.
#[derive(Clone, Debug)]
pub struct CalendarCell {
    /// How it stands.
    pub light: Light,
    /// How many differences; zero is not shown.
    pub count: u64,
    /// Where it leads; empty: nowhere.
    pub href: String,
    /// All of it in words, for readers.
    pub label: Both,
}

/// An account's days.
#[derive(Clone, Debug)]
pub struct CalendarRow {
    /// 微信支付.
    pub name: Both,
    /// Its own name: `wechat-main`.
    pub detail: String,
    /// A cell for every column.
    pub cells: Vec<CalendarCell>,
}

/// Something that needs somebody.
#[derive(Clone, Debug)]
pub struct ToDo {
    /// How heavy.
    pub face: Face,
    /// What.
    pub what: Both,
    /// More about it.
    pub detail: Both,
    /// What is done about it, and where.
    pub way: Way,
}

/// The page.
#[derive(Clone, Debug)]
pub struct FinanceHome {
    /// Does yesterday agree: the heading.
    pub answer: Both,
    /// The same as a state.
    pub state: State,
    /// What it means, a sentence or two.
    pub lead: Both,
    /// Buttons.
    pub ways: Vec<Way>,
    /// The large figures.
    pub figures: Vec<Figure>,
    /// How many days the calendar has, and of how many accounts.
    pub span: Both,
    /// Its days.
    pub columns: Vec<CalendarColumn>,
    /// Its rows: the whole day first.
    pub rows: Vec<CalendarRow>,
    /// The two weeks before.
    pub older: String,
    /// The two weeks after; empty: these are the last.
    pub newer: String,
    /// The last day of the calendar, as it is asked for: `2026-11-23`.
    pub until: String,
    /// Today, which is not over: `2026-11-24`.
    pub today: String,
    /// What is to be done, the heaviest first.
    pub to_do: Vec<ToDo>,
    /// What waits for a second person.
    pub approvals: Vec<ApprovalRow>,
}

impl FinanceHome {
    pub(crate) fn legend(&self) -> [Light; 7] {
        [
            Light::Signed,
            Light::Agrees,
            Light::Open,
            Light::Overdue,
            Light::Waits,
            Light::NotCome,
            Light::Damaged,
        ]
    }
}

fn sample_columns() -> Vec<CalendarColumn> {
    let names =
        [("二", "Tu"), ("三", "We"), ("四", "Th"), ("五", "Fr"), ("六", "Sa"), ("日", "Su"), ("一", "Mo")];
    (0..14)
        .map(|place| {
            let (zh, en) = names[place % 7];
            CalendarColumn {
                number: (10 + place).to_string(),
                weekday: Both::new(zh, en),
                weekend: matches!(place % 7, 4 | 5),
                on: place == 13,
            }
        })
        .collect()
}

fn sample_row(
    zh: &str,
    en: &str,
    detail: &str,
    last: (Light, u64),
    other: Option<(usize, Light, u64)>,
) -> CalendarRow {
    let cells = (0..14)
        .map(|place| {
            let (light, count) = match other {
                _ if place == 13 => last,
                Some((at, light, count)) if at == place => (light, count),
                _ => (Light::Signed, 0),
            };
            let (word_zh, word_en) = light.word();
            CalendarCell {
                light,
                count,
                href: format!("/finance/days/2026-11-{}", 10 + place),
                label: Both::new(
                    format!("11-{} {zh} {detail} {word_zh} {count}", 10 + place),
                    format!("11-{} {en} {detail} {word_en} {count}", 10 + place),
                ),
            }
        })
        .collect();
    CalendarRow { name: Both::new(zh, en), detail: detail.into(), cells }
}

fn sample() -> FinanceHome {
    FinanceHome {
        answer: Both::new(
            "昨天（11-23 周一）有 5 个账户不平",
            "Yesterday (Mon 11-23): 5 accounts do not agree",
        ),
        state: State::new(Face::Warn, "9 笔差异", "9 differences"),
        lead: Both::new(
            "9 个账户：3 个平账，5 个有差异，1 个对账单未到。差异合计 ¥2,565.60，逐笔已说明原因。",
            "9 accounts: 3 agree, 5 differ, 1 has no statement yet. The differences come to ¥2,565.60, each with its cause.",
        ),
        ways: vec![
            Way::new("/finance/days/2026-11-23/upload", Both::new("上传对账单", "Bring a statement")),
            Way::new("/finance/days/2026-11-23/report", Both::new("11-23 日报", "Report of 11-23")),
        ],
        figures: vec![
            Figure {
                label: Both::new("11-23 渠道净额", "Channels, net, 11-23"),
                value: "¥732,082.55".into(),
                unit: Both::same(""),
                detail: Both::new(
                    "不含外部流水 23 笔；1 个账户账单未到",
                    "without 23 rows that are not ours; 1 statement missing",
                ),
            },
            Figure {
                label: Both::new("11-23 HIS 净额", "HIS, net, 11-23"),
                value: "¥729,934.15".into(),
                unit: Both::same(""),
                detail: Both::new(
                    "渠道比 HIS 多 ¥2,148.40，逐笔可解释",
                    "channels have ¥2,148.40 more, each explained",
                ),
            },
            Figure {
                label: Both::new("未了差异", "Open differences"),
                value: "11".into(),
                unit: Both::new("笔", ""),
                detail: Both::new("合计 ¥2,601.80，其中 3 笔无人认领", "¥2,601.80 in all, 3 taken by nobody"),
            },
            Figure {
                label: Both::new("未签结", "Not signed"),
                value: "1".into(),
                unit: Both::new("天", "day"),
                detail: Both::new("最早 11-23", "the earliest is 11-23"),
            },
        ],
        span: Both::new("9 个账户，14 天", "9 accounts, 14 days"),
        columns: sample_columns(),
        rows: vec![
            sample_row("全日", "Whole day", "", (Light::Open, 9), Some((10, Light::Overdue, 1))),
            sample_row(
                "微信支付",
                "WeChat Pay",
                "wechat-main",
                (Light::Open, 4),
                Some((10, Light::Overdue, 1)),
            ),
            sample_row("微信支付", "WeChat Pay", "wechat-deposit", (Light::Waits, 1), None),
            sample_row("微信支付", "WeChat Pay", "wechat-east", (Light::Agrees, 0), None),
            sample_row("支付宝", "Alipay", "alipay-main", (Light::Open, 2), Some((12, Light::Open, 1))),
            sample_row("支付宝", "Alipay", "alipay-east", (Light::Agrees, 0), None),
            sample_row("云闪付", "UnionPay", "unionpay", (Light::NotCome, 0), None),
            sample_row("医保", "Insurance", "insurance", (Light::Damaged, 0), Some((3, Light::None, 0))),
        ],
        older: "/finance?until=2026-11-09".into(),
        newer: String::new(),
        until: "2026-11-23".into(),
        today: "2026-11-24".into(),
        to_do: vec![
            ToDo {
                face: Face::Bad,
                what: Both::new("1 笔差异已逾期", "1 difference is overdue"),
                detail: Both::new("最早的是 11-20，¥35.00", "the earliest is of 11-20, ¥35.00"),
                way: Way::new("/differences?due=overdue", Both::new("处理", "Open")),
            },
            ToDo {
                face: Face::Warn,
                what: Both::new("7 笔差异今天到期", "7 differences are due today"),
                detail: Both::new("合计 ¥563.60，其中 2 笔还没有人认领", "¥563.60 in all, 2 taken by nobody"),
                way: Way::new("/differences?due=today", Both::new("去列表", "List")),
            },
            ToDo {
                face: Face::Warn,
                what: Both::new("2 项等您审批", "2 wait for your approval"),
                detail: Both::new("退费 ¥64.00；核销 ¥1.20", "refund ¥64.00; write-off ¥1.20"),
                way: Way::new("/approvals", Both::new("审批", "Approve")),
            },
            ToDo {
                face: Face::Info,
                what: Both::new("云闪付 11-23 对账单未到", "UnionPay: no statement of 11-23 yet"),
                detail: Both::new(
                    "系统会继续取；也可以手工上传",
                    "it is fetched again; it can be brought by hand",
                ),
                way: Way::new("/finance/days/2026-11-23/upload", Both::new("上传", "Bring")),
            },
            ToDo {
                face: Face::Info,
                what: Both::new("1 天可以签结", "1 day can be signed"),
                detail: Both::same("11-22"),
                way: Way::new("/finance/days/2026-11-22/sign", Both::new("签结", "Sign")),
            },
        ],
        approvals: super::approvals::sample_rows(),
    }
}

staff_page!(FinanceHome, "staff/finance/home.html", Some(Place::Today), [
    "ordinary" => sample(),
    "agrees" => FinanceHome {
        answer: Both::new("昨天（11-23 周一）全部平账", "Yesterday (Mon 11-23) agrees"),
        state: State::new(Face::Ok, "平账", "agrees"),
        lead: Both::new("9 个账户三方一致，没有差异。", "All three sides of 9 accounts agree."),
        to_do: Vec::new(),
        approvals: Vec::new(),
        ..sample()
    },
    "new" => FinanceHome {
        answer: Both::new("还没有对过账", "No day was compared yet"),
        state: State::new(Face::Idle, "未对账", "not compared"),
        lead: Both::new("收到第一笔款的次日早上，系统会自动开始对账。", "The first comparison is made on the morning after the first payment."),
        ways: Vec::new(),
        figures: Vec::new(),
        rows: Vec::new(),
        to_do: Vec::new(),
        approvals: Vec::new(),
        ..sample()
    },
    "hostile" => FinanceHome {
        answer: Both::same("昨天 <script>alert(1)</script>"),
        rows: vec![sample_row("<b>微信</b>", "<b>WeChat</b>", "\"><img src=x onerror=alert(1)>", (Light::Open, 123_456), None)],
        ..sample()
    },
]);
