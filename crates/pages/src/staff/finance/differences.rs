//! Differences across days (09-differences): which one next. Filters stand in the address.

use super::Choice;
use crate::staff::frame::{Both, Face, State};
use crate::staff::page::staff_page;

/// A view of the list.
#[derive(Clone, Debug)]
pub struct Tab {
    /// Its address.
    pub href: String,
    /// What it is called.
    pub word: Both,
    /// It is this one.
    pub on: bool,
}

/// A filter with its choices; the first one is no filter.
#[derive(Clone, Debug)]
pub struct Picker {
    /// The name in the address.
    pub name: &'static str,
    /// What it is called.
    pub label: Both,
    /// What may be chosen.
    pub choices: Vec<Choice>,
}

/// A difference.
#[derive(Clone, Debug)]
pub struct DifferenceRow {
    /// What its box sends: `2026-11-23.0123…`.
    pub pick: String,
    /// Its address.
    pub href: String,
    /// What it is called.
    pub category: Both,
    /// The order number; may be empty.
    pub order_no: String,
    /// `11-23`.
    pub day: String,
    /// The merchant account; may be empty.
    pub account: String,
    /// The most probable cause.
    pub cause: Both,
    /// What is advised; nothing where there is nothing to do.
    pub advice: Option<Both>,
    /// How much money is at stake.
    pub amount_yuan: String,
    /// Who works on it; empty: nobody.
    pub assigned: String,
    /// Which department has to act first.
    pub owner: Both,
    /// Until when; `—` where there is no deadline.
    pub deadline: String,
    /// Since when.
    pub age: Both,
    /// How it stands.
    pub state: State,
}

/// What is done for several at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BulkAct {
    /// Somebody works on them.
    Assign,
    /// Another deadline.
    Deadline,
    /// Channel and HIS are asked again.
    AskAgain,
    /// They wait for a later day.
    Carry,
}

impl BulkAct {
    /// The word in forms.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Assign => "assign",
            Self::Deadline => "deadline",
            Self::AskAgain => "ask_again",
            Self::Carry => "carry",
        }
    }

    /// Reads the word.
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Assign, Self::Deadline, Self::AskAgain, Self::Carry]
            .into_iter()
            .find(|act| act.as_str() == word)
    }
}

/// The question before something is done for several.
#[derive(Clone, Debug)]
pub struct BulkDialog {
    /// What.
    pub act: BulkAct,
    /// How many, and how much money, in words.
    pub lead: Both,
    /// Hidden: which.
    pub picks: Vec<String>,
    /// Hidden: the filters to come back to.
    pub back: String,
    /// Whom it may be given to.
    pub people: Vec<Choice>,
    /// The deadline that was typed.
    pub deadline: String,
    /// The reason that was typed.
    pub reason: String,
    /// What is wrong with it.
    pub error: Option<Both>,
}

impl BulkDialog {
    pub(crate) fn title(&self) -> (&'static str, &'static str) {
        match self.act {
            BulkAct::Assign => ("指派", "Assign"),
            BulkAct::Deadline => ("改期限", "Change the deadline"),
            BulkAct::AskAgain => ("再次查询", "Ask again"),
            BulkAct::Carry => ("结转", "Carry"),
        }
    }
}

/// The page.
#[derive(Clone, Debug)]
pub struct Differences {
    /// How many, and how much money, in words.
    pub lead: Both,
    /// Ways to look at it.
    pub tabs: Vec<Tab>,
    /// Filters.
    pub pickers: Vec<Picker>,
    /// The day that is filtered by; may be empty.
    pub day: String,
    /// Something is filtered.
    pub filtered: bool,
    /// Hidden in the form: how the list is looked at beside the filters.
    pub kept: Vec<(&'static str, String)>,
    /// The filters as they stand in the address, to come back to.
    pub back: String,
    /// This person may work on them.
    pub works: bool,
    /// The page of the list.
    pub rows: Vec<DifferenceRow>,
    /// What the rows of this page come to.
    pub page_yuan: String,
    /// Which of how many, in words.
    pub place: Both,
    /// The first page; empty: this is it.
    pub first: String,
    /// The next page; empty: this is the last.
    pub next: String,
    /// As a file; empty: not for this person.
    pub export: String,
    /// The question, laid over it.
    pub dialog: Option<BulkDialog>,
}

fn row(
    number: usize,
    zh: &str,
    en: &str,
    cause: &str,
    yuan: &str,
    assigned: &str,
    state: State,
) -> DifferenceRow {
    DifferenceRow {
        pick: format!("2026-11-23.{number:032x}"),
        href: format!("/finance/days/2026-11-23/differences/{number:032x}"),
        category: Both::new(zh, en),
        order_no: format!("P261123142251873{number:06}"),
        day: "11-23".into(),
        account: "wechat-main".into(),
        cause: Both::same(cause),
        advice: Some(Both::new("建议：立即回写", "advised: tell HIS now")),
        amount_yuan: yuan.into(),
        assigned: assigned.into(),
        owner: Both::new("财务科", "finance"),
        deadline: "11-24".into(),
        age: Both::new("已 1 天", "1 day old"),
        state,
    }
}

fn sample_rows() -> Vec<DifferenceRow> {
    let open = || State::new(Face::Warn, "待处理", "open");
    vec![
        DifferenceRow {
            deadline: "11-23".into(),
            age: Both::new("已 4 天", "4 days old"),
            day: "11-20".into(),
            ..row(
                1,
                "渠道单边（长款）",
                "channel only",
                "HIS 拒绝入账，退款被渠道退回",
                "35.00",
                "王静怡（0501）",
                State::new(Face::Bad, "已逾期", "overdue"),
            )
        },
        row(
            2,
            "渠道单边（长款）",
            "channel only",
            "回写 HIS 未确认，仍在重试",
            "86.00",
            "王静怡（0501）",
            open(),
        ),
        row(3, "金额不符（渠道多）", "channel has more", "HIS 在收款后改了金额", "27.00", "", open()),
        row(4, "HIS 单边（短款）", "HIS only", "窗口补记，渠道没有收过", "48.60", "王静怡（0501）", open()),
        row(5, "HIS 缺退款", "refund missing in HIS", "渠道已退，HIS 拒绝记退费", "30.00", "", open()),
        row(
            6,
            "渠道重复",
            "twice in the channel",
            "同一账单付了两次",
            "1,640.00",
            "周倩（0512）",
            State::new(Face::Info, "待复核", "waits for approval"),
        ),
        DifferenceRow {
            deadline: "11-26".into(),
            ..row(
                7,
                "跨日",
                "on another day",
                "零点前后，两边计入相邻两天",
                "2,000.00",
                "",
                State::new(Face::Info, "已结转", "carried"),
            )
        },
    ]
}

fn people() -> Vec<Choice> {
    vec![
        Choice::new("0501", Both::same("王静怡（0501）"), true),
        Choice::new("0512", Both::same("周倩（0512）"), false),
        Choice::new("", Both::new("无人", "nobody"), false),
    ]
}

fn sample() -> Differences {
    let any = || Choice::new("", Both::new("不限", "any"), true);
    Differences {
        lead: Both::new(
            "11 笔未了，合计 ¥2,601.80。筛选条件写在网址里，刷新、转发都不丢。",
            "11 are open, ¥2,601.80 in all. Filters stand in the address: reload or send it on.",
        ),
        tabs: vec![
            Tab { href: "/differences".into(), word: Both::new("全部未了 11", "All open 11"), on: true },
            Tab { href: "/differences?who=me".into(), word: Both::new("我的 5", "Mine 5"), on: false },
            Tab {
                href: "/differences?who=nobody".into(),
                word: Both::new("无人认领 3", "Nobody's 3"),
                on: false,
            },
            Tab {
                href: "/differences?due=today".into(),
                word: Both::new("今天到期 7", "Due today 7"),
                on: false,
            },
            Tab {
                href: "/differences?due=overdue".into(),
                word: Both::new("已逾期 1", "Overdue 1"),
                on: false,
            },
        ],
        pickers: vec![
            Picker {
                name: "category",
                label: Both::new("类别", "Category"),
                choices: vec![
                    any(),
                    Choice::new("channel_only", Both::new("渠道单边（长款）", "channel only"), false),
                ],
            },
            Picker {
                name: "channel",
                label: Both::new("账户", "Account"),
                choices: vec![any(), Choice::new("wechat-main", Both::same("wechat-main"), false)],
            },
            Picker {
                name: "standing",
                label: Both::new("状态", "State"),
                choices: vec![any(), Choice::new("open", Both::new("待处理", "open"), false)],
            },
            Picker {
                name: "owner",
                label: Both::new("责任", "Owner"),
                choices: vec![any(), Choice::new("finance", Both::new("财务科", "finance"), false)],
            },
        ],
        day: String::new(),
        filtered: false,
        kept: vec![("due", "today".into())],
        back: "due=today".into(),
        works: true,
        rows: sample_rows(),
        page_yuan: "3,866.60".into(),
        place: Both::new("第 1 至 7 笔，共 7 笔", "1 to 7 of 7"),
        first: String::new(),
        next: String::new(),
        export: String::new(),
        dialog: None,
    }
}

fn dialog(act: BulkAct) -> Differences {
    Differences {
        dialog: Some(BulkDialog {
            act,
            lead: Both::new("已选 2 笔，合计 ¥57.00。", "2 are chosen, ¥57.00 in all."),
            picks: vec![
                "2026-11-23.00000000000000000000000000000003".into(),
                "2026-11-23.00000000000000000000000000000005".into(),
            ],
            back: "due=today".into(),
            people: people(),
            deadline: "2026-11-25".into(),
            reason: String::new(),
            error: None,
        }),
        ..sample()
    }
}

staff_page!(Differences, "staff/finance/differences.html", Some(Place::Differences), [
    "ordinary" => sample(),
    "empty" => Differences {
        lead: Both::new("没有未了的差异。", "No difference is open."),
        rows: Vec::new(),
        place: Both::new("没有", "none"),
        ..sample()
    },
    "nothing by filter" => Differences { lead: Both::new("没有符合条件的差异。", "No difference is like that."), rows: Vec::new(), filtered: true, ..sample() },
    "reader" => Differences { works: false, ..sample() },
    "long" => Differences {
        rows: (0..50).map(|number| row(number, "医保分项不符", "insurance part differs", "统筹与医保中心不同，个账差额相反，总额一致，等医保中心复核后以其为准更正", "1,234,567.89", "欧阳某某（0599）", State::new(Face::Warn, "待处理", "open"))).collect(),
        place: Both::new("第 51 至 100 笔，共 10,000 笔以上", "51 to 100 of more than 10,000"),
        first: "/differences".into(),
        next: "/differences?after=x".into(),
        ..sample()
    },
    "assign" => dialog(BulkAct::Assign),
    "deadline" => dialog(BulkAct::Deadline),
    "ask again" => dialog(BulkAct::AskAgain),
    "carry without reason" => Differences {
        dialog: dialog(BulkAct::Carry).dialog.map(|dialog| BulkDialog { error: Some(Both::new("请写理由，1 至 200 字", "give a reason of 1 to 200 characters")), ..dialog }),
        ..sample()
    },
    "hostile" => Differences {
        rows: vec![DifferenceRow {
            order_no: "<script>alert(1)</script>".repeat(4),
            account: "\"><b>".into(),
            assigned: "=cmd|' /C calc'!A0".into(),
            ..sample_rows().remove(0)
        }],
        ..sample()
    },
]);
