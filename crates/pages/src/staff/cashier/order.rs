//! 支付单: what happened to this money.

use super::shared::{Ability, HOSTILE};
use crate::staff::page::staff_page;
use crate::staff::{Both, Face, Icon, State};

/// What kind of step it is: it chooses the icon.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StepKind {
    /// The patient scanned and confirmed.
    Confirmed,
    /// An order at a channel.
    Order,
    /// The channel told or answered.
    Channel,
    /// Money came in.
    Paid,
    /// HIS was told, or answered.
    His,
    /// A text message.
    Message,
    /// A refund.
    Refund,
    /// A second person's word.
    Approval,
    /// Somebody looked at personal data.
    Looked,
    /// Something was printed.
    Printed,
    /// A matter for a person.
    Matter,
}

/// A step of the story.
#[derive(Clone, Debug)]
pub struct Step {
    /// `09:31:53`.
    pub at: String,
    /// `11-23`, on the first step of another day than the one before.
    pub day: Option<String>,
    /// What kind.
    pub kind: StepKind,
    /// Its colour.
    pub face: Face,
    /// In two or three words.
    pub what: Both,
    /// More of it; empty when there is nothing.
    pub note: Both,
    /// How much, where money is concerned.
    pub amount_yuan: Option<String>,
    /// Where the bytes are that prove it: address and name.
    pub evidence: Option<(String, Both)>,
}

impl Step {
    pub(crate) fn icon(&self) -> Icon {
        match (self.face, self.kind) {
            (Face::Warn, _) => Icon::Triangle,
            (Face::Bad, _) => Icon::CrossRound,
            (_, StepKind::Confirmed) => Icon::Scan,
            (_, StepKind::Order) => Icon::Yuan,
            (_, StepKind::Channel) => Icon::Bell,
            (_, StepKind::Paid | StepKind::His) => Icon::TickRound,
            (_, StepKind::Message) => Icon::Sms,
            (_, StepKind::Refund) => Icon::Refund,
            (_, StepKind::Approval) => Icon::Stamp,
            (_, StepKind::Looked) => Icon::Eye,
            (_, StepKind::Printed) => Icon::Printer,
            (_, StepKind::Matter) => Icon::Flag,
        }
    }
}

/// A slip of the bill.
#[derive(Clone, Debug)]
pub struct SlipLine {
    /// In HIS's words.
    pub title: String,
    /// HIS's number.
    pub slip_no: String,
    /// The department.
    pub department: String,
    /// What was refunded of it; `None`: nothing.
    pub back_yuan: Option<String>,
    /// What is owed for it in all.
    pub total_yuan: String,
    /// What of it the patient pays.
    pub own_yuan: String,
}

/// A refund of the bill, or a request for one.
#[derive(Clone, Debug)]
pub struct RefundLine {
    /// Its page.
    pub href: String,
    /// When it was asked for.
    pub at: String,
    /// Its number.
    pub number: String,
    /// Why.
    pub reason: String,
    /// Who asked.
    pub by: String,
    /// Where it stands.
    pub state: State,
    /// How much.
    pub amount_yuan: String,
}

/// A posting in the books.
#[derive(Clone, Debug)]
pub struct BookLine {
    /// What the entry is for; on its first posting only.
    pub entry: Option<Both>,
    /// The account.
    pub account: Both,
    /// Debit.
    pub debit_yuan: Option<String>,
    /// Credit.
    pub credit_yuan: Option<String>,
}

/// The two sums of the books.
#[derive(Clone, Debug)]
pub struct Total {
    /// Debit.
    pub debit_yuan: String,
    /// Credit.
    pub credit_yuan: String,
    /// They are equal.
    pub balanced: bool,
}

/// The patient, masked.
#[derive(Clone, Debug)]
pub struct MaskedPerson {
    /// `张*明`.
    pub name: String,
    /// `****3392`.
    pub card: String,
    /// `138****5678`.
    pub phone: Option<String>,
    /// `3****************4`.
    pub id_no: Option<String>,
    /// The person who reads may see all of it, with a reason.
    pub can_be_shown: bool,
}

/// The sums.
#[derive(Clone, Debug)]
pub struct OrderAmounts {
    /// What came in.
    pub received_yuan: String,
    /// Nothing came in: what is owed is shown instead.
    pub unpaid: bool,
    /// What is back at the payer.
    pub refunded_yuan: String,
    /// What stays.
    pub net_yuan: String,
    /// What may still go back.
    pub left_yuan: String,
}

/// A payment.
#[derive(Clone, Debug)]
pub struct Order {
    /// Its number.
    pub bill_no: String,
    /// Where it stands.
    pub state: State,
    /// In a sentence.
    pub lead: Option<Both>,
    /// The sums.
    pub amounts: OrderAmounts,
    /// Channel, gateway, HIS: each with what it has.
    pub sides: Vec<State>,
    /// In words.
    pub sides_note: Both,
    /// What waits for a person, in words.
    pub matters: Vec<Both>,
    /// What happened.
    pub steps: Vec<Step>,
    /// What it is for.
    pub slips: Vec<SlipLine>,
    /// All of it.
    pub total_yuan: String,
    /// What of it the patient pays.
    pub own_yuan: String,
    /// Insurance bears a part.
    pub has_insurance: bool,
    /// Refunds and requests.
    pub refunds: Vec<RefundLine>,
    /// The books.
    pub books: Vec<BookLine>,
    /// Their sums.
    pub books_total: Total,
    /// The patient.
    pub patient: MaskedPerson,
    /// Every number it is known by.
    pub numbers: Vec<(Both, String)>,
    /// Print the receipt.
    pub print: Ability,
    /// Ask the channel again.
    pub ask: Ability,
    /// Give money back.
    pub refund: Ability,
}

impl Order {
    pub(crate) fn path(&self) -> String {
        format!("/orders/{}", self.bill_no)
    }
}

pub(super) fn ordinary() -> Order {
    let step = |at: &str, kind, what: (&str, &str), note: (&str, &str), yuan: Option<&str>| Step {
        at: at.into(),
        day: None,
        kind,
        face: Face::Ok,
        what: Both::new(what.0, what.1),
        note: Both::new(note.0, note.1),
        amount_yuan: yuan.map(str::to_owned),
        evidence: None,
    };
    let posting = |entry: Option<(&str, &str)>,
                   account: (&str, &str),
                   debit: Option<&str>,
                   credit: Option<&str>| BookLine {
        entry: entry.map(|entry| Both::new(entry.0, entry.1)),
        account: Both::new(account.0, account.1),
        debit_yuan: debit.map(str::to_owned),
        credit_yuan: credit.map(str::to_owned),
    };
    let receivable = ("渠道应收 wechat-main", "receivable from wechat-main");
    let waiting = ("待入账", "patient money");
    let revenue = ("HIS 收入", "HIS revenue");
    let payable = ("应退款", "refunds payable");
    Order {
        bill_no: "B2611247K2M9QX4RT3P5".into(),
        state: State::new(Face::Ok, "已入账", "booked"),
        lead: None,
        amounts: OrderAmounts {
            received_yuan: "389.00".into(),
            unpaid: false,
            refunded_yuan: "2.60".into(),
            net_yuan: "386.40".into(),
            left_yuan: "386.40".into(),
        },
        sides: vec![
            State::new(Face::Ok, "渠道", "channel"),
            State::new(Face::Ok, "网关", "gateway"),
            State::new(Face::Ok, "HIS", "HIS"),
        ],
        sides_note: Both::new("金额与状态相同", "the same amount and state"),
        matters: Vec::new(),
        steps: vec![
            Step {
                day: Some("11-24".into()),
                ..step(
                    "09:31:02",
                    StepKind::Confirmed,
                    ("扫码并确认", "Scanned and confirmed"),
                    (
                        "微信内打开，付款人已授权；2 张缴费单",
                        "opened in WeChat, the payer is authorised; 2 slips",
                    ),
                    Some("389.00"),
                )
            },
            step(
                "09:31:53",
                StepKind::Order,
                ("下单", "Order"),
                ("渠道 wechat-main，P2611247K2M9QX4RT3P5", "channel wechat-main, P2611247K2M9QX4RT3P5"),
                Some("389.00"),
            ),
            Step {
                evidence: Some((
                    "/orders/B2611247K2M9QX4RT3P5/evidence/N1".into(),
                    Both::new("通知原文", "as received"),
                )),
                ..step(
                    "09:32:08",
                    StepKind::Channel,
                    ("渠道通知", "Channel notified"),
                    ("支付成功，验签通过", "paid, proven"),
                    Some("389.00"),
                )
            },
            Step {
                face: Face::Warn,
                ..step(
                    "09:32:09",
                    StepKind::His,
                    ("HIS 回写", "Told HIS"),
                    (
                        "5 秒无应答，结果未知；先查询，不重发",
                        "no answer for 5 seconds, unknown; HIS is asked before it is told again",
                    ),
                    None,
                )
            },
            step(
                "09:32:16",
                StepKind::His,
                ("HIS 已入账", "HIS booked it"),
                ("收据号 SJ2026-0912276", "receipt SJ2026-0912276"),
                Some("389.00"),
            ),
            step(
                "09:32:19",
                StepKind::Message,
                ("短信", "Text message"),
                ("支付成功，已发出", "paid; sent"),
                None,
            ),
            Step {
                face: Face::Info,
                ..step(
                    "10:12:40",
                    StepKind::Refund,
                    ("退费申请", "Refund asked for"),
                    ("一次性采血针重复计费，0501", "charged twice, 0501"),
                    Some("−2.60"),
                )
            },
            step(
                "10:12:49",
                StepKind::Refund,
                ("退费到账", "Refund arrived"),
                ("原路退回", "to where it came from"),
                Some("−2.60"),
            ),
        ],
        slips: vec![
            SlipLine {
                title: "血常规（五分类）".into(),
                slip_no: "JF2611240073".into(),
                department: "检验科".into(),
                back_yuan: Some("2.60".into()),
                total_yuan: "24.60".into(),
                own_yuan: "24.60".into(),
            },
            SlipLine {
                title: "布地奈德福莫特罗吸入粉雾剂 1 盒".into(),
                slip_no: "JF2611240074".into(),
                department: "门诊药房".into(),
                back_yuan: None,
                total_yuan: "364.40".into(),
                own_yuan: "364.40".into(),
            },
        ],
        total_yuan: "389.00".into(),
        own_yuan: "389.00".into(),
        has_insurance: false,
        refunds: vec![RefundLine {
            href: "/refunds/R2611247K2M9QX4RT3P5".into(),
            at: "10:12".into(),
            number: "R2611247K2M9QX4RT3P5".into(),
            reason: "重复计费".into(),
            by: "0501".into(),
            state: State::new(Face::Ok, "已到账", "arrived"),
            amount_yuan: "2.60".into(),
        }],
        books: vec![
            posting(Some(("支付", "paid")), receivable, Some("389.00"), None),
            posting(None, waiting, None, Some("389.00")),
            posting(Some(("HIS 入账", "booked at HIS")), waiting, Some("389.00"), None),
            posting(None, revenue, None, Some("389.00")),
            posting(Some(("申请退费", "refund asked for")), revenue, Some("2.60"), None),
            posting(None, payable, None, Some("2.60")),
            posting(Some(("退费到账", "refund arrived")), payable, Some("2.60"), None),
            posting(None, receivable, None, Some("2.60")),
        ],
        books_total: Total { debit_yuan: "783.20".into(), credit_yuan: "783.20".into(), balanced: true },
        patient: MaskedPerson {
            name: "张*明".into(),
            card: "****3392".into(),
            phone: Some("138****5678".into()),
            id_no: Some("4****************7".into()),
            can_be_shown: true,
        },
        numbers: vec![
            (Both::new("账单", "Bill"), "B2611247K2M9QX4RT3P5".into()),
            (Both::new("支付单", "Order"), "P2611247K2M9QX4RT3P5".into()),
            (Both::new("渠道交易号", "Provider's number"), "4200002871202611243096417725".into()),
            (Both::new("HIS 收据", "HIS receipt"), "SJ2026-0912276".into()),
            (Both::new("缴费凭证号", "Voucher"), "9QX4 RT3P".into()),
        ],
        print: Ability::Open,
        ask: Ability::Closed(Both::new(
            "已有最终结果，不用再查",
            "The result is final; there is nothing to ask",
        )),
        refund: Ability::Open,
    }
}

pub(super) fn worst() -> Order {
    let mut order = ordinary();
    order.state = State::new(Face::Warn, "待处理", "held");
    order.lead = Some(Both::same(HOSTILE));
    order.matters = vec![Both::same(HOSTILE.repeat(3)); 2];
    for step in &mut order.steps {
        step.what = Both::same(HOSTILE);
        step.note = Both::same(HOSTILE.repeat(2));
        step.amount_yuan = Some("−9,999,999.99".into());
    }
    for slip in &mut order.slips {
        slip.title = HOSTILE.repeat(4);
        slip.department = HOSTILE.into();
        slip.total_yuan = "9,999,999.99".into();
    }
    order.has_insurance = true;
    order.refunds[0].reason = HOSTILE.repeat(2);
    order.refunds[0].by = HOSTILE.into();
    order.patient.name = HOSTILE.repeat(3);
    order.amounts.received_yuan = "9,999,999.99".into();
    order.books_total.balanced = false;
    order.numbers.push((Both::same("x"), "W".repeat(64)));
    order
}

staff_page!(Order, "staff/cashier/order.html", Some(Place::Desk), [
    "ordinary" => ordinary(),
    "waiting" => Order {
        state: State::new(Face::Info, "等待支付", "waiting"),
        amounts: OrderAmounts {
            received_yuan: "389.00".into(),
            unpaid: true,
            refunded_yuan: "0.00".into(),
            net_yuan: "0.00".into(),
            left_yuan: "0.00".into(),
        },
        sides: vec![State::new(Face::Info, "渠道", "channel")],
        sides_note: Both::new("还没有收到钱", "no money has come"),
        steps: ordinary().steps.into_iter().take(2).collect(),
        refunds: Vec::new(),
        books: Vec::new(),
        ask: Ability::Open,
        refund: Ability::Closed(Both::new("还没有收到钱", "No money has come")),
        print: Ability::Closed(Both::new("HIS 入账后才有收据", "There is a receipt once HIS has booked it")),
        ..ordinary()
    },
    "only read" => Order {
        print: Ability::Hidden,
        ask: Ability::Hidden,
        refund: Ability::Hidden,
        matters: vec![Both::new("退费 R26… 未到账，需要人工处理", "refund R26… did not arrive; a person has to act")],
        patient: MaskedPerson { can_be_shown: false, ..ordinary().patient },
        ..ordinary()
    },
    "worst" => worst(),
]);
