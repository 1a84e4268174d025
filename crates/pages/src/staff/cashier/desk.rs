//! 收费台: one box, the last payments, and what needs a look.

use super::shared::{HOSTILE, OrderRow, sample_rows, worst_row};
use crate::staff::page::staff_page;
use crate::staff::{Both, Face, State};

/// A figure of today.
#[derive(Clone, Debug)]
pub struct Figure {
    /// What it counts.
    pub what: Both,
    /// As it is printed: `¥5,074.90`, `2`.
    pub value: String,
    /// After a plain number: `笔`.
    pub unit: Option<Both>,
    /// In words.
    pub note: Both,
}

/// A refund that waits or is under way.
#[derive(Clone, Debug)]
pub struct Errand {
    /// Its page.
    pub href: String,
    /// When it was asked for.
    pub at: String,
    /// Whose and how much.
    pub what: Both,
    /// In words.
    pub note: Both,
    /// Where it stands.
    pub state: State,
}

/// The desk.
#[derive(Clone, Debug)]
pub struct Desk {
    /// Today in figures.
    pub figures: Vec<Figure>,
    /// The last payments of the hospital.
    pub rows: Vec<OrderRow>,
    /// The ones before them.
    pub older: Option<String>,
    /// Back to the newest, when these are not.
    pub newest: Option<String>,
    /// Refunds that wait or are under way, the latest first.
    pub errands: Vec<Errand>,
    /// The person may ask for refunds.
    pub refunds: bool,
    /// The person may take money at the window, which is set up.
    pub takes: bool,
}

fn ordinary() -> Desk {
    let figure = |what: (&str, &str), value: &str, unit: Option<(&str, &str)>, note: (&str, &str)| Figure {
        what: Both::new(what.0, what.1),
        value: value.into(),
        unit: unit.map(|unit| Both::new(unit.0, unit.1)),
        note: Both::new(note.0, note.1),
    };
    let count = Some(("笔", "items"));
    Desk {
        figures: vec![
            figure(
                ("今日收款", "Received today"),
                "¥215,074.90",
                None,
                ("1,150 笔，截至 10:42", "1,150 payments until 10:42"),
            ),
            figure(("今日申请退费", "Refunds asked for today"), "¥1,165.50", None, ("16 笔", "16 refunds")),
            figure(
                ("退费待审批", "Refunds waiting for approval"),
                "2",
                count,
                ("最早 10:21 提交", "the first since 10:21"),
            ),
            figure(
                ("退费途中", "Refunds under way"),
                "1",
                count,
                ("渠道已受理，未到账", "accepted, not arrived"),
            ),
        ],
        rows: sample_rows(),
        older: Some("/desk?before=1795142000000-B261123".into()),
        newest: None,
        errands: vec![
            Errand {
                href: "/refunds/Q2611247K2M9QX4RT3P5".into(),
                at: "10:41".into(),
                what: Both::new("张*明 · 退费 128.50", "张*明 · refund of 128.50"),
                note: Both::new("药品退回，0501 提交", "drugs returned, asked for by 0501"),
                state: State::new(Face::Warn, "等待审批", "waiting for approval"),
            },
            Errand {
                href: "/refunds/R2611247K2M9QX4RT3P5".into(),
                at: "10:38".into(),
                what: Both::new("郭*芳 · 退费 35.00", "郭*芳 · refund of 35.00"),
                note: Both::new("检查取消，0501 提交", "examination cancelled, asked for by 0501"),
                state: State::new(Face::Info, "渠道退款中", "at the channel"),
            },
        ],
        refunds: true,
        takes: true,
    }
}

staff_page!(Desk, "staff/cashier/desk.html", Some(Place::Desk), [
    "ordinary" => ordinary(),
    "empty" => Desk { rows: Vec::new(), older: None, newest: None, errands: Vec::new(), ..ordinary() },
    "older" => Desk { newest: Some("/desk".into()), refunds: false, takes: false, ..ordinary() },
    "worst" => Desk {
        rows: vec![worst_row(); 8],
        errands: vec![Errand {
            href: "/refunds/Q2611247K2M9QX4RT3P5".into(),
            at: "2024-11-23 10:41".into(),
            what: Both::same(HOSTILE.repeat(3)),
            note: Both::same(HOSTILE.repeat(3)),
            state: State::new(Face::Bad, "未到账（确定失败）", "failed for certain"),
        }; 3],
        ..ordinary()
    },
]);
