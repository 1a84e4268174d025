//! 退费: may it go back, how much, and who has to agree.

use super::order::{Order, ordinary, worst};
use super::shared::HOSTILE;
use crate::staff::page::staff_page;
use crate::staff::{Both, Face, State};

/// How the refund is chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RefundWay {
    /// A slip, or all of it.
    BySlip,
    /// An amount.
    ByAmount,
}

/// Something that may go back.
#[derive(Clone, Debug)]
pub struct RefundChoice {
    /// Chooses it; `None`: it cannot be chosen.
    pub href: Option<String>,
    /// It is chosen.
    pub chosen: bool,
    /// What: a slip's title, or all of it.
    pub what: Both,
    /// HIS's number, when it is one slip.
    pub slip_no: Option<String>,
    /// HIS's word, or why not.
    pub answer: State,
    /// What is left of it.
    pub left_yuan: String,
}

/// A reason of the list.
#[derive(Clone, Debug)]
pub struct RefundReason {
    /// Its code.
    pub code: &'static str,
    /// Its words.
    pub word: Both,
    /// It was chosen.
    pub chosen: bool,
}

/// The field of [`RefundWay::ByAmount`].
#[derive(Clone, Debug, Default)]
pub struct RefundByAmount {
    /// What was typed.
    pub typed: String,
    /// Why it is not possible.
    pub trouble: Option<Both>,
    /// The most that is possible, and its address.
    pub all: Option<(String, String)>,
}

/// What will be sent.
#[derive(Clone, Debug)]
pub struct RefundForm {
    /// Made when the form was shown: the same key is the same refund.
    pub key: String,
    /// The slip that is meant.
    pub slip_no: Option<String>,
    /// How much, in fen, as it was shown.
    pub amount_fen: i64,
    /// The same to read.
    pub amount_yuan: String,
    /// A second person has to approve it.
    pub second_person: bool,
}

/// 退费.
#[derive(Clone, Debug)]
pub struct RefundDialog {
    /// The page below.
    pub order: Order,
    /// How.
    pub way: RefundWay,
    /// What came in, went back, and by which way.
    pub sums: Both,
    /// What HIS said, or why nothing is possible.
    pub his: State,
    /// When it was asked.
    pub his_at: Both,
    /// What may go back.
    pub choices: Vec<RefundChoice>,
    /// The field, when it is by amount.
    pub by_amount: RefundByAmount,
    /// The reasons.
    pub reasons: Vec<RefundReason>,
    /// The free text.
    pub note: String,
    /// Why the reason does not do.
    pub reason_trouble: Option<Both>,
    /// Why nothing was done.
    pub trouble: Option<Both>,
    /// Above how much a second person is needed.
    pub limit_yuan: String,
    /// What will be sent; `None`: nothing can be.
    pub form: Option<RefundForm>,
    /// Why the button cannot be pressed.
    pub why_not: Both,
}

/// Something that the second person looks at.
#[derive(Clone, Debug)]
pub struct Check {
    /// What.
    pub what: Both,
    /// From where it is known.
    pub basis: Both,
    /// How it is.
    pub state: State,
}

/// 审批退费.
#[derive(Clone, Debug)]
pub struct ApproveDialog {
    /// The page below.
    pub order: Order,
    /// The request.
    pub number: String,
    /// How much.
    pub amount_yuan: String,
    /// Who asked, when.
    pub asked: Both,
    /// What for.
    pub what: Both,
    /// Why.
    pub reason: String,
    /// Where it goes.
    pub way: Both,
    /// What was looked at, just now.
    pub checks: Vec<Check>,
    /// The facts have changed since they were shown.
    pub changed: bool,
    /// Why nothing was done.
    pub trouble: Option<Both>,
    /// What the decision is held against.
    pub seen: String,
    /// It cannot be approved, and why.
    pub why_not: Option<Both>,
    /// What was typed.
    pub note: String,
    /// Who decides.
    pub by: Both,
}

fn reasons(chosen: &str) -> Vec<RefundReason> {
    [
        ("repeat", "重复缴费", "paid twice"),
        ("cancelled", "检查取消", "examination cancelled"),
        ("returned", "药品退回", "drugs returned"),
        ("wrong", "开错单", "slip written in error"),
        ("other", "其他（须说明）", "other (say what)"),
    ]
    .into_iter()
    .map(|(code, zh, en)| RefundReason { code, word: Both::new(zh, en), chosen: code == chosen })
    .collect()
}

fn by_slip() -> RefundDialog {
    let path = "/orders/B2611247K2M9QX4RT3P5/refund";
    RefundDialog {
        order: ordinary(),
        way: RefundWay::BySlip,
        sums: Both::new("实付 389.00，已退 2.60，原路退回微信", "389.00 paid, 2.60 back, returns to WeChat"),
        his: State::new(Face::Ok, "HIS 允许退 1 张缴费单", "HIS allows one slip"),
        his_at: Both::new("10:41:05 查询", "asked at 10:41:05"),
        choices: vec![
            RefundChoice {
                href: None,
                chosen: false,
                what: Both::same("血常规（五分类）"),
                slip_no: Some("JF2611240073".into()),
                answer: State::new(Face::Idle, "不可退 · 报告已出", "no · the report is out"),
                left_yuan: "22.00".into(),
            },
            RefundChoice {
                href: Some(format!("{path}?slip=JF2611240074")),
                chosen: true,
                what: Both::same("布地奈德福莫特罗吸入粉雾剂 1 盒"),
                slip_no: Some("JF2611240074".into()),
                answer: State::new(Face::Ok, "可退", "yes"),
                left_yuan: "364.40".into(),
            },
            RefundChoice {
                href: None,
                chosen: false,
                what: Both::new("整笔，全部缴费单", "all of it, every slip"),
                slip_no: None,
                answer: State::new(Face::Warn, "HIS 没有应答", "HIS does not answer"),
                left_yuan: "386.40".into(),
            },
        ],
        by_amount: RefundByAmount::default(),
        reasons: reasons("returned"),
        note: "药房已验收退药，单号 TY2611240019".into(),
        reason_trouble: None,
        trouble: None,
        limit_yuan: "100.00".into(),
        form: Some(RefundForm {
            key: "7K2M9QX4RT3P57K2M9QX".into(),
            slip_no: Some("JF2611240074".into()),
            amount_fen: 36_440,
            amount_yuan: "364.40".into(),
            second_person: true,
        }),
        why_not: Both::default(),
    }
}

staff_page!(RefundDialog, "staff/cashier/refund.html", Some(Place::Desk), [
    "by slip" => by_slip(),
    "nothing chosen" => RefundDialog {
        form: None,
        why_not: Both::new("先选要退的缴费单", "Choose what goes back first"),
        choices: by_slip().choices.into_iter().map(|choice| RefundChoice { chosen: false, ..choice }).collect(),
        ..by_slip()
    },
    "below the limit" => RefundDialog {
        form: by_slip().form.map(|form| RefundForm { amount_yuan: "64.40".into(), amount_fen: 6440, second_person: false, ..form }),
        reason_trouble: Some(Both::new("选“其他”时请写明原因", "With “other”, say what it is")),
        reasons: reasons("other"),
        note: String::new(),
        ..by_slip()
    },
    "by amount" => RefundDialog {
        way: RefundWay::ByAmount,
        by_amount: RefundByAmount {
            typed: "460.00".into(),
            trouble: Some(Both::new("最多 386.40，超出 73.60", "386.40 at most, 73.60 too much")),
            all: Some(("386.40".into(), "/orders/B2611247K2M9QX4RT3P5/refund?by=amount&amount=386.40".into())),
        },
        form: None,
        why_not: Both::new("金额改正后才能提交", "Correct the amount first"),
        ..by_slip()
    },
    "HIS silent" => RefundDialog {
        his: State::new(Face::Warn, "HIS 没有应答，请稍后再试", "HIS does not answer; try again"),
        form: None,
        trouble: Some(Both::new("HIS 没有应答，没有退任何钱", "HIS does not answer; nothing was refunded")),
        why_not: Both::new("HIS 应答后才能退", "It can go back once HIS answers"),
        ..by_slip()
    },
    "worst" => RefundDialog {
        order: worst(),
        sums: Both::same(HOSTILE),
        his: State::new(Face::Bad, HOSTILE, HOSTILE),
        choices: vec![RefundChoice { what: Both::same(HOSTILE.repeat(3)), answer: State::new(Face::Idle, HOSTILE, HOSTILE), ..by_slip().choices[1].clone() }; 12],
        note: HOSTILE.into(),
        trouble: Some(Both::same(HOSTILE)),
        ..by_slip()
    },
]);

fn approval() -> ApproveDialog {
    let check = |what: (&str, &str), basis: (&str, &str), face, word: (&str, &str)| Check {
        what: Both::new(what.0, what.1),
        basis: Both::new(basis.0, basis.1),
        state: State::new(face, word.0, word.1),
    };
    ApproveDialog {
        order: ordinary(),
        number: "Q2611247K2M9QX4RT3P5".into(),
        amount_yuan: "128.50".into(),
        asked: Both::new("0501 于 10:41:22 申请", "asked for by 0501 at 10:41:22"),
        what: Both::same("布地奈德福莫特罗吸入粉雾剂 1 盒"),
        reason: "药品退回：药房已验收退药，单号 TY2611240019".into(),
        way: Both::new("微信支付 原路，实付 389.00", "to WeChat, 389.00 were paid"),
        checks: vec![
            check(
                ("HIS 允许退", "HIS allows it"),
                ("10:42:01 再次查询", "asked again at 10:42:01"),
                Face::Ok,
                ("允许", "yes"),
            ),
            check(
                ("支付状态", "State of the payment"),
                ("本系统记录", "our record"),
                Face::Ok,
                ("已支付", "paid"),
            ),
            check(
                ("不超还可退", "Not more than is left"),
                ("还可退 364.40，本次 128.50", "364.40 are left, this is 128.50"),
                Face::Ok,
                ("够", "enough"),
            ),
            check(
                ("两人不同", "Two persons"),
                ("申请人 0501，批准人 0502", "0501 asks, 0502 decides"),
                Face::Ok,
                ("不同", "different"),
            ),
        ],
        changed: false,
        trouble: None,
        seen: "seen".into(),
        why_not: None,
        note: String::new(),
        by: Both::new("批准人：林国栋，收费组长", "approves: Lin Guodong, cashier lead"),
    }
}

staff_page!(ApproveDialog, "staff/cashier/approve.html", Some(Place::Refunds), [
    "ordinary" => approval(),
    "changed" => ApproveDialog { changed: true, ..approval() },
    "own" => ApproveDialog {
        why_not: Some(Both::new("自己的申请须由另一位审批", "Another person has to approve your own request")),
        ..approval()
    },
    "worst" => ApproveDialog {
        order: worst(),
        reason: HOSTILE.repeat(2),
        what: Both::same(HOSTILE.repeat(2)),
        note: HOSTILE.into(),
        trouble: Some(Both::same(HOSTILE)),
        checks: vec![Check { what: Both::same(HOSTILE), basis: Both::same(HOSTILE), state: State::new(Face::Bad, HOSTILE, HOSTILE) }; 4],
        ..approval()
    },
]);
