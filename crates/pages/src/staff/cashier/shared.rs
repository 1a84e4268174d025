//! What several of the cashier's pages show.

use crate::staff::{Both, Face, State};

/// Whether a button is there, and whether it can be pressed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ability {
    /// The person's roles have nothing to do with it.
    Hidden,
    /// It can be pressed.
    Open,
    /// It cannot be pressed now, and why.
    Closed(Both),
}

impl Ability {
    pub(crate) fn is_hidden(&self) -> bool {
        *self == Self::Hidden
    }

    pub(crate) fn is_open(&self) -> bool {
        *self == Self::Open
    }

    pub(crate) fn why(&self) -> Option<&Both> {
        match self {
            Self::Closed(why) => Some(why),
            Self::Hidden | Self::Open => None,
        }
    }
}

/// A payment as a line of a list.
#[derive(Clone, Debug)]
pub struct OrderRow {
    /// Its page.
    pub href: String,
    /// `10:39`, with the day in front when it is not today.
    pub at: String,
    /// The bill's number.
    pub number: String,
    /// Whose, masked.
    pub who: String,
    /// What it is for: `门诊缴费 · 检验科`.
    pub what: Both,
    /// By which channel.
    pub way: Both,
    /// What the patient paid, or was to pay.
    pub amount_yuan: String,
    /// Where it stands.
    pub state: State,
    /// More in a few words; empty when there is nothing.
    pub remark: Both,
}

/// Names and texts that people really have, and some that only an attacker has.
pub(crate) const HOSTILE: &str = "</table><script>alert(1)</script>\u{202e}明小张😀\"' x=y>";

/// Lines as they are on an ordinary morning.
pub(crate) fn sample_rows() -> Vec<OrderRow> {
    let row =
        |at: &str, number: &str, who: &str, dept: &str, way: (&str, &str), yuan: &str, state| OrderRow {
            href: format!("/orders/{number}"),
            at: at.into(),
            number: number.into(),
            who: who.into(),
            what: Both::new(format!("门诊 · {dept}"), format!("outpatient · {dept}")),
            way: Both::new(way.0, way.1),
            amount_yuan: yuan.into(),
            state,
            remark: Both::default(),
        };
    let wechat = ("微信支付", "WeChat Pay");
    let alipay = ("支付宝", "Alipay");
    let booked = || State::new(Face::Ok, "已入账", "booked");
    vec![
        OrderRow {
            remark: Both::new("部分退费 2.60", "2.60 back"),
            ..row("10:39", "B2611247K2M9QX4RT3P5", "张*明", "呼吸内科", wechat, "389.00", booked())
        },
        row(
            "10:34",
            "B2611240QX4RT3P57K2M",
            "孙*霞",
            "检验科",
            alipay,
            "32.10",
            State::new(Face::Info, "回写中", "booking"),
        ),
        row("10:30", "B261124RT3P57K2M9QX4", "李*军", "门诊药房", wechat, "48.40", booked()),
        OrderRow {
            remark: Both::new("未支付，未扣款", "not paid, nothing taken"),
            ..row(
                "10:28",
                "B261124P57K2M9QX4RT3",
                "黄*玲",
                "专家门诊",
                alipay,
                "50.00",
                State::new(Face::Idle, "已关单", "closed"),
            )
        },
        row(
            "11-23 16:06",
            "B2611232M9QX4RT3P57K",
            "欧**娜",
            "医学影像科",
            wechat,
            "1,320.00",
            State::new(Face::Warn, "待处理", "held"),
        ),
    ]
}

/// A line that breaks what can be broken.
pub(crate) fn worst_row() -> OrderRow {
    OrderRow {
        href: "/orders/B2611247K2M9QX4RT3P5".into(),
        at: "2024-11-23 16:06".into(),
        number: "B261124ABCDEFGHJKMNPQRSTVWXYZ012".into(),
        who: HOSTILE.into(),
        what: Both::same("门诊特殊检查治疗费用及耗材 · 新生儿重症监护与儿童呼吸康复联合门诊".repeat(2)),
        way: Both::same(HOSTILE),
        amount_yuan: "9,999,999.99".into(),
        state: State::new(Face::Bad, "未到账（确定失败）", "failed for certain"),
        remark: Both::same(HOSTILE),
    }
}
