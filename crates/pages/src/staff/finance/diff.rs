//! What changed between two versions of a day.

use crate::staff::frame::Both;
use crate::staff::icon::Icon;
use crate::staff::page::staff_page;

/// A difference that one of them has and the other has not.
#[derive(Clone, Debug)]
pub struct DiffLine {
    /// What it is called.
    pub category: Both,
    /// Its order number.
    pub order_no: String,
    /// Why.
    pub cause: Both,
    /// How much money is at stake.
    pub amount_yuan: String,
    /// To it; empty where its version is superseded.
    pub href: String,
}

/// The page.
#[derive(Clone, Debug)]
pub struct DayDiff {
    /// `2026-11-23`.
    pub day: String,
    /// The two versions.
    pub versions: (i64, i64),
    /// What it comes to, in words.
    pub lead: Both,
    /// Inputs that are other ones, in words.
    pub inputs: Vec<String>,
    /// The rules before and after, when they changed.
    pub rules: Option<(Both, Both)>,
    /// Differences that are there no more.
    pub gone: Vec<DiffLine>,
    /// Differences that are new.
    pub come: Vec<DiffLine>,
    /// There are more than are shown.
    pub more: bool,
}

/// Title, lines and icon of a card.
type Card<'a> = (&'static str, &'static str, &'a [DiffLine], Icon);

impl DayDiff {
    pub(crate) fn cards(&self) -> [Card<'_>; 2] {
        [
            ("不再有的差异", "Differences that are gone", &self.gone, Icon::TickRound),
            ("新出现的差异", "Differences that are new", &self.come, Icon::Triangle),
        ]
    }
}

fn line(order_no: &str) -> DiffLine {
    DiffLine {
        category: Both::new("渠道单边（长款）", "channel only"),
        order_no: order_no.into(),
        cause: Both::new("回写 HIS 等待中", "the write-back waits"),
        amount_yuan: "86.00".into(),
        href: String::new(),
    }
}

fn sample() -> DayDiff {
    DayDiff {
        day: "2026-11-23".into(),
        versions: (1, 2),
        lead: Both::new(
            "少了 1 笔差异，多了 1 笔，2 个文件变了。",
            "1 difference less, 1 more; 2 files changed.",
        ),
        inputs: vec![
            "渠道 wechat-main-2026-11-23.csv（已读）".into(),
            "HIS ledger-wechat-main-2026-11-23.csv（已读）".into(),
        ],
        rules: None,
        gone: vec![line("P261123142251873000001")],
        come: vec![line("P261123142251873000002")],
        more: false,
    }
}

staff_page!(DayDiff, "staff/finance/diff.html", Some(Place::Today), [
    "ordinary" => sample(),
    "the same" => DayDiff {
        lead: Both::new("差异相同。", "The differences are the same."),
        inputs: Vec::new(),
        gone: Vec::new(),
        come: Vec::new(),
        ..sample()
    },
    "hostile" => DayDiff {
        rules: Some((Both::same("<b>before</b>"), Both::same("<script>after</script>"))),
        come: (0..200).map(|_| line("<script>alert(1)</script>")).collect(),
        more: true,
        ..sample()
    },
]);
