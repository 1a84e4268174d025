//! 窗口收款: what somebody owes, and the counter at which it is paid.

use super::shared::HOSTILE;
use crate::staff::page::staff_page;
use crate::staff::{Both, Face, State};

/// A slip that is owed.
#[derive(Clone, Debug)]
pub struct OwedSlip {
    /// HIS's number.
    pub slip_no: String,
    /// In HIS's words.
    pub title: String,
    /// Kind and department.
    pub what: Both,
    /// All of it.
    pub total_yuan: String,
    /// What of it the patient pays.
    pub own_yuan: String,
    /// It is ticked.
    pub chosen: bool,
    /// HIS wants it paid together with others of its visit.
    pub together: bool,
    /// Why it cannot be taken, or who is at it: state and the page of its payment.
    pub taken: Option<(State, Option<String>)>,
    /// It can be chosen.
    pub open: bool,
}

/// A way of taking money.
#[derive(Clone, Debug)]
pub struct CounterWay {
    /// Its word in the form.
    pub key: &'static str,
    /// Its name.
    pub word: Both,
    /// It is cash.
    pub cash: bool,
}

/// 窗口收款: choose what is paid.
#[derive(Clone, Debug)]
pub struct WindowSlips {
    /// What was typed last, when it may be shown again.
    pub asked: String,
    /// Whose, masked; nothing before somebody was looked up.
    pub who: Option<(String, String)>,
    /// What is owed.
    pub slips: Vec<OwedSlip>,
    /// Sealed: the card and what is shown.
    pub snapshot: String,
    /// Made when the form was shown: the same key is the same order.
    pub key: String,
    /// How money is taken here; none: nothing is set up.
    pub ways: Vec<CounterWay>,
    /// The cashier has an open shift.
    pub shift_open: bool,
    /// Why nothing was found, or nothing was opened.
    pub trouble: Option<State>,
    /// What the sum was before HIS said another one: old and new.
    pub changed: Option<(String, String)>,
}

/// 收银: the money of one order.
#[derive(Clone, Debug)]
pub struct WindowTill {
    /// The order.
    pub order_no: String,
    /// The bill's page.
    pub bill_href: String,
    /// Whose, masked.
    pub who: String,
    /// How much, with the sign.
    pub amount_yuan: String,
    /// It is cash.
    pub cash: bool,
    /// The slips: title and own part.
    pub slips: Vec<(String, String)>,
    /// Until when the slips are held.
    pub until: String,
    /// What was tendered, as it was typed.
    pub tendered: String,
    /// What goes back over the counter, once it was reckoned.
    pub change_yuan: Option<String>,
    /// What was typed from the terminal's slip.
    pub terminal: String,
    /// The same.
    pub reference: String,
    /// Why the money was not written down.
    pub trouble: Option<Both>,
    /// It is over: paid otherwise, dropped, or out of time.
    pub over: Option<State>,
}

fn slip(slip_no: &str, title: &str, what: (&str, &str), yuan: &str) -> OwedSlip {
    OwedSlip {
        slip_no: slip_no.into(),
        title: title.into(),
        what: Both::new(what.0, what.1),
        total_yuan: yuan.into(),
        own_yuan: yuan.into(),
        chosen: true,
        together: false,
        taken: None,
        open: true,
    }
}

fn slips() -> WindowSlips {
    WindowSlips {
        asked: String::new(),
        who: Some(("张*明".into(), "****6021".into())),
        slips: vec![
            slip("JF2611240073", "血常规（五分类）", ("检验 · 检验科", "laboratory · 检验科"), "22.00"),
            slip(
                "JF2611240074",
                "布地奈德福莫特罗吸入粉雾剂 1 盒",
                ("药费 · 呼吸内科", "drugs · 呼吸内科"),
                "364.40",
            ),
            OwedSlip {
                chosen: false,
                open: true,
                taken: Some((
                    State::new(Face::Info, "手机上正在付", "being paid by phone"),
                    Some("/orders/B2611247K2M9QX4RT3P5".into()),
                )),
                ..slip("JF2611240075", "胸部 CT 平扫", ("检查 · 放射科", "examination · 放射科"), "260.00")
            },
        ],
        snapshot: "sample".into(),
        key: "7K2M9QX4RT3P57K2M9QX".into(),
        ways: vec![
            CounterWay { key: "cash", word: Both::new("收现金", "Take cash"), cash: true },
            CounterWay { key: "pos", word: Both::new("刷卡 POS", "Card (POS)"), cash: false },
        ],
        shift_open: true,
        trouble: None,
        changed: None,
    }
}

staff_page!(WindowSlips, "staff/cashier/window.html", Some(Place::Desk), [
    "ordinary" => slips(),
    "nobody yet" => WindowSlips { who: None, slips: Vec::new(), ..slips() },
    "nothing owed" => WindowSlips { slips: Vec::new(), ..slips() },
    "not found" => WindowSlips {
        who: None,
        slips: Vec::new(),
        asked: "99999999".into(),
        trouble: Some(State::new(Face::Warn, "HIS 没有这张就诊卡", "HIS knows no such card")),
        ..slips()
    },
    "changed" => WindowSlips { changed: Some(("386.40".into(), "401.40".into())), ..slips() },
    "no shift" => WindowSlips { shift_open: false, ..slips() },
    "not set up" => WindowSlips { ways: Vec::new(), ..slips() },
    "worst" => WindowSlips {
        who: Some((HOSTILE.repeat(2), HOSTILE.into())),
        slips: vec![OwedSlip {
            title: HOSTILE.repeat(3),
            what: Both::same(HOSTILE.repeat(2)),
            total_yuan: "9,999,999.99".into(),
            own_yuan: "9,999,999.99".into(),
            together: true,
            slip_no: "JF26112400730000000000000000000000000000000000000000000000000001".into(),
            ..slips().slips[2].clone()
        }; 12],
        trouble: Some(State::new(Face::Bad, HOSTILE, HOSTILE)),
        ..slips()
    },
]);

fn till() -> WindowTill {
    WindowTill {
        order_no: "P2611247K2M9QX4RT3P5".into(),
        bill_href: "/orders/B2611247K2M9QX4RT3P5".into(),
        who: "张*明".into(),
        amount_yuan: "386.40".into(),
        cash: true,
        slips: vec![
            ("血常规（五分类）".into(), "22.00".into()),
            ("布地奈德福莫特罗吸入粉雾剂 1 盒".into(), "364.40".into()),
        ],
        until: "10:57".into(),
        tendered: String::new(),
        change_yuan: None,
        terminal: String::new(),
        reference: String::new(),
        trouble: None,
        over: None,
    }
}

staff_page!(WindowTill, "staff/cashier/window_till.html", Some(Place::Desk), [
    "cash" => till(),
    "cash reckoned" => WindowTill { tendered: "400.00".into(), change_yuan: Some("13.60".into()), ..till() },
    "too little" => WindowTill {
        tendered: "300".into(),
        trouble: Some(Both::new("实收少于应收，还差 86.40", "86.40 less than is owed")),
        ..till()
    },
    "card" => WindowTill { cash: false, ..till() },
    "slip used" => WindowTill {
        cash: false,
        terminal: "12345678".into(),
        reference: "110123456789".into(),
        trouble: Some(Both::new("这张 POS 小票已登记过", "This slip was used before")),
        ..till()
    },
    "over" => WindowTill {
        over: Some(State::new(Face::Warn, "已过时限，没有收款", "Out of time; nothing was taken")),
        ..till()
    },
    "worst" => WindowTill {
        who: HOSTILE.repeat(2),
        slips: vec![(HOSTILE.repeat(3), "9,999,999.99".into()); 9],
        amount_yuan: "9,999,999.99".into(),
        tendered: HOSTILE.into(),
        trouble: Some(Both::same(HOSTILE)),
        ..till()
    },
]);
