//! 退费进度: accepted is not arrived.

use super::shared::HOSTILE;
use crate::staff::page::staff_page;
use crate::staff::{Both, Face, Icon, State};

/// A part of the list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RefundTabKind {
    /// 待审批.
    Waiting,
    /// 途中.
    UnderWay,
    /// 已到账.
    Arrived,
    /// 未到账.
    Failed,
    /// 未退: declined or taken back.
    Dropped,
}

impl RefundTabKind {
    /// All of them, in order.
    pub const ALL: [Self; 5] = [Self::Waiting, Self::UnderWay, Self::Arrived, Self::Failed, Self::Dropped];

    /// The word in the address.
    pub const fn key(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::UnderWay => "under-way",
            Self::Arrived => "arrived",
            Self::Failed => "failed",
            Self::Dropped => "dropped",
        }
    }

    /// The part of that word.
    pub fn from_key(key: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.key() == key)
    }

    fn word(self) -> (&'static str, &'static str) {
        match self {
            Self::Waiting => ("待审批", "Waiting"),
            Self::UnderWay => ("途中", "Under way"),
            Self::Arrived => ("已到账", "Arrived"),
            Self::Failed => ("未到账", "Failed"),
            Self::Dropped => ("未退", "Not given"),
        }
    }

    fn lead(self) -> (&'static str, &'static str) {
        match self {
            Self::Waiting => (
                "超过限额的退费，等另一位批准；批准前渠道不会动账。",
                "Above the limit: another person has to approve. No money moves before.",
            ),
            Self::UnderWay => (
                "已提交渠道或等待提交。受理不等于到账。",
                "Sent to the channel, or about to be. Accepted is not arrived.",
            ),
            Self::Arrived => ("渠道确认已退到付款人。", "The channel says that the payer has it."),
            Self::Failed => (
                "渠道没有退成，钱还在医院，需要人工处理。",
                "The channel did not deliver it; the hospital still has the money, and a person has to act.",
            ),
            Self::Dropped => (
                "被拒绝、撤回，或批准后没有退成的申请；没有动过钱。",
                "Declined, taken back, or refused after approval: no money moved.",
            ),
        }
    }

    fn none(self) -> (&'static str, &'static str) {
        match self {
            Self::Waiting => ("没有等待审批的退费", "Nothing waits for approval"),
            Self::UnderWay => ("没有途中的退费", "Nothing is under way"),
            Self::Arrived => ("还没有到账的退费", "Nothing has arrived yet"),
            Self::Failed => ("没有失败的退费", "Nothing has failed"),
            Self::Dropped => ("没有被拒绝或撤回的申请", "Nothing was declined or taken back"),
        }
    }
}

/// A tab.
#[derive(Clone, Debug)]
pub struct RefundTab {
    /// Which.
    pub kind: RefundTabKind,
    /// How many are there, when it is known cheaply.
    pub count: Option<i64>,
}

/// A line.
#[derive(Clone, Debug)]
pub struct RefundListRow {
    /// Its page.
    pub href: String,
    /// When it was asked for.
    pub at: String,
    /// Its number.
    pub number: String,
    /// Whose, masked.
    pub who: String,
    /// Why.
    pub reason: String,
    /// Who asked.
    pub by: String,
    /// How much.
    pub amount_yuan: String,
    /// Where it stands.
    pub state: State,
    /// Decides over it: address.
    pub decide: Option<String>,
}

/// The list.
#[derive(Clone, Debug)]
pub struct RefundList {
    /// Which part is shown.
    pub kind: RefundTabKind,
    /// All parts.
    pub tabs: Vec<RefundTab>,
    /// The lines, the latest first.
    pub rows: Vec<RefundListRow>,
    /// The next page.
    pub older: Option<String>,
    /// The first page.
    pub newest: Option<String>,
}

impl RefundList {
    fn can_decide(&self) -> bool {
        self.rows.iter().any(|row| row.decide.is_some())
    }
}

/// A step of a refund.
#[derive(Clone, Debug)]
pub struct Stage {
    /// How it is.
    pub face: Face,
    /// It is the one that is waited for.
    pub now: bool,
    /// What.
    pub what: Both,
    /// More of it.
    pub note: Both,
    /// When; empty: not yet.
    pub at: String,
}

impl Stage {
    fn icon(&self) -> Icon {
        self.face.icon()
    }

    fn class(&self) -> &'static str {
        match (self.now, self.face) {
            (_, Face::Warn | Face::Bad) => "warn",
            (true, _) => "now",
            (false, Face::Ok) => "ok",
            (false, _) => "idle",
        }
    }
}

/// A refund that is given back over the counter, once a cashier says so.
#[derive(Clone, Debug)]
pub struct HandOut {
    /// Where the form goes.
    pub action: String,
    /// It goes back in cash; to a card otherwise.
    pub cash: bool,
    /// What was typed from the terminal's slip.
    pub terminal: String,
    /// The same.
    pub reference: String,
    /// Why nothing was written down.
    pub trouble: Option<Both>,
    /// The cashier has an open shift.
    pub shift_open: bool,
}

/// 退费进度 of one refund.
#[derive(Clone, Debug)]
pub struct RefundProgress {
    /// Its number.
    pub number: String,
    /// Where it stands.
    pub state: State,
    /// How much.
    pub amount_yuan: String,
    /// The payment's page.
    pub order_href: String,
    /// Whose, masked.
    pub who: String,
    /// Numbers and facts.
    pub facts: Vec<(Both, String)>,
    /// The steps.
    pub stages: Vec<Stage>,
    /// What to tell the patient.
    pub tell: Both,
    /// What has to be done by a person.
    pub matter: Option<Both>,
    /// The asker may take it back: address.
    pub withdraw: Option<String>,
    /// This person may decide: address.
    pub decide: Option<String>,
    /// It goes on by itself: the page is looked at again after so many seconds.
    pub again_after: Option<u32>,
    /// This person may say that the patient has the money.
    pub hand_out: Option<HandOut>,
}

fn list() -> RefundList {
    let row = |at: &str, number: &str, who: &str, reason: &str, yuan: &str| RefundListRow {
        href: format!("/refunds/{number}"),
        at: at.into(),
        number: number.into(),
        who: who.into(),
        reason: reason.into(),
        by: "0501".into(),
        amount_yuan: yuan.into(),
        state: State::new(Face::Warn, "等待审批", "waiting for approval"),
        decide: Some(format!("/refunds/{number}/approve")),
    };
    RefundList {
        kind: RefundTabKind::Waiting,
        tabs: RefundTabKind::ALL
            .into_iter()
            .map(|kind| RefundTab {
                kind,
                count: match kind {
                    RefundTabKind::Waiting => Some(2),
                    RefundTabKind::UnderWay => Some(1),
                    _ => None,
                },
            })
            .collect(),
        rows: vec![
            row("10:41", "Q2611247K2M9QX4RT3P5", "张*明", "药品退回：药房已验收", "128.50"),
            row("10:21", "Q261124RT3P57K2M9QX4", "郭*芳", "检查取消", "235.00"),
        ],
        older: None,
        newest: None,
    }
}

staff_page!(RefundList, "staff/cashier/refunds.html", Some(Place::Refunds), [
    "waiting" => list(),
    "empty" => RefundList { rows: Vec::new(), ..list() },
    "arrived" => RefundList {
        kind: RefundTabKind::Arrived,
        rows: list()
            .rows
            .into_iter()
            .cycle()
            .take(50)
            .map(|row| RefundListRow { decide: None, state: State::new(Face::Ok, "已到账", "arrived"), ..row })
            .collect(),
        older: Some("/refunds?list=arrived&before=1-R".into()),
        newest: Some("/refunds?list=arrived".into()),
        ..list()
    },
    "worst" => RefundList {
        kind: RefundTabKind::Failed,
        rows: vec![RefundListRow {
            who: HOSTILE.repeat(2),
            reason: HOSTILE.repeat(3),
            by: HOSTILE.into(),
            amount_yuan: "9,999,999.99".into(),
            state: State::new(Face::Bad, "未到账（确定失败）", "failed for certain"),
            ..list().rows[0].clone()
        }; 4],
        ..list()
    },
]);

fn progress() -> RefundProgress {
    let stage = |face, now, what: (&str, &str), note: (&str, &str), at: &str| Stage {
        face,
        now,
        what: Both::new(what.0, what.1),
        note: Both::new(note.0, note.1),
        at: at.into(),
    };
    RefundProgress {
        number: "R2611247K2M9QX4RT3P5".into(),
        state: State::new(Face::Info, "渠道退款中", "at the channel"),
        amount_yuan: "128.50".into(),
        order_href: "/orders/B2611247K2M9QX4RT3P5".into(),
        who: "张*明".into(),
        facts: vec![
            (Both::new("退款单号", "Refund"), "R2611247K2M9QX4RT3P5".into()),
            (Both::new("渠道退款号", "Provider's number"), "50302807692026112400158823410".into()),
            (Both::new("原因", "Reason"), "药品退回".into()),
        ],
        stages: vec![
            stage(
                Face::Ok,
                false,
                ("0501 提交，0502 批准", "0501 asked, 0502 approved"),
                ("两人不同，已留痕", "two persons, written down"),
                "10:42:31",
            ),
            stage(
                Face::Ok,
                false,
                ("HIS 允许退费", "HIS allows it"),
                ("退款前问过 HIS", "asked before"),
                "10:42:32",
            ),
            stage(
                Face::Ok,
                false,
                ("渠道受理", "Accepted by the channel"),
                ("同一退款单号，重试不会多退", "one number: trying again pays once"),
                "10:42:33",
            ),
            stage(
                Face::Info,
                true,
                ("等待到账", "Waiting for it to arrive"),
                (
                    "受理不等于到账。多数 1 分钟内，信用卡 1 至 3 个工作日",
                    "Accepted is not arrived. Mostly a minute; credit cards one to three working days",
                ),
                "",
            ),
            stage(
                Face::Idle,
                false,
                ("短信告知患者", "The patient is told"),
                ("到账后发出", "once it has arrived"),
                "",
            ),
        ],
        tell: Both::new(
            "退款已经提交给微信，一般马上到零钱；如果您付款用的是信用卡，1 到 3 个工作日到账，到账会发短信。",
            "The refund is with WeChat; it mostly arrives at once, on a credit card in one to three working days. You will get a text message.",
        ),
        matter: None,
        withdraw: None,
        decide: None,
        again_after: Some(10),
        hand_out: None,
    }
}

fn hand_out(cash: bool) -> HandOut {
    HandOut {
        action: "/refunds/R2611247K2M9QX4RT3P5/given-back".into(),
        cash,
        terminal: String::new(),
        reference: String::new(),
        trouble: None,
        shift_open: true,
    }
}

staff_page!(RefundProgress, "staff/cashier/refund_progress.html", Some(Place::Refunds), [
    "under way" => progress(),
    "waiting" => RefundProgress {
        number: "Q2611247K2M9QX4RT3P5".into(),
        state: State::new(Face::Warn, "等待审批", "waiting for approval"),
        withdraw: Some("/refunds/Q2611247K2M9QX4RT3P5/withdraw".into()),
        decide: Some("/refunds/Q2611247K2M9QX4RT3P5/approve".into()),
        ..progress()
    },
    "failed" => RefundProgress {
        state: State::new(Face::Bad, "未到账", "failed"),
        matter: Some(Both::new("渠道没有退成，钱还在医院，请组长处理。", "The channel did not deliver it; the hospital still has the money.")),
        again_after: None,
        ..progress()
    },
    "over the counter" => RefundProgress {
        state: State::new(Face::Warn, "待窗口退现金", "to be given back in cash"),
        hand_out: Some(hand_out(true)),
        again_after: None,
        ..progress()
    },
    "to a card" => RefundProgress {
        state: State::new(Face::Warn, "待 POS 退回原卡", "to be sent back to the card"),
        hand_out: Some(HandOut {
            trouble: Some(Both::new("这张 POS 小票已登记过", "This slip was used before")),
            shift_open: false,
            ..hand_out(false)
        }),
        again_after: None,
        ..progress()
    },
    "worst" => RefundProgress {
        who: HOSTILE.repeat(2),
        facts: vec![(Both::same(HOSTILE), HOSTILE.repeat(3)); 4],
        tell: Both::same(HOSTILE.repeat(3)),
        amount_yuan: "9,999,999.99".into(),
        ..progress()
    },
]);
