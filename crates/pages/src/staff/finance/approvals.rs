//! What waits for a second person, and the decision over one of them with its facts looked up again.

use super::Deed;
use crate::staff::frame::{Both, Face, State};
use crate::staff::page::staff_page;

/// A remedy that waits.
#[derive(Clone, Debug)]
pub struct ApprovalRow {
    /// Where it is decided: `/approvals/…`.
    pub href: String,
    /// 退费.
    pub remedy: Both,
    /// The order number of the difference.
    pub order_no: String,
    /// Of which day: `11-23`.
    pub day: String,
    /// Why.
    pub reason: String,
    /// Who ordered it.
    pub asked_by: String,
    /// What happens, the first sentence.
    pub effect: String,
    /// How much money is at stake.
    pub amount_yuan: String,
    /// How long it waits.
    pub waits: Both,
}

/// A decision, laid over the list.
#[derive(Clone, Debug)]
pub struct ApprovalDialog {
    /// Where the forms go: `/approvals/…`.
    pub action: String,
    /// 退费 · 金额不符.
    pub title: Both,
    /// How much money is at stake.
    pub amount_yuan: String,
    /// The difference it is for.
    pub difference: String,
    /// Its address.
    pub difference_href: String,
    /// The order number.
    pub order_no: String,
    /// Who ordered it, and when.
    pub asked: Both,
    /// Why.
    pub reason: String,
    /// What happens now: facts of this moment.
    pub effects: Vec<String>,
    /// How the facts stand to what was ordered.
    pub facts: State,
    /// Approve.
    pub approve: Deed,
    /// Decline.
    pub decline: Deed,
    /// Take it back.
    pub withdraw: Deed,
    /// What the approving button says: verb and amount.
    pub verb: Both,
    /// Hidden in the forms: the fingerprint of what is read here.
    pub read: String,
}

/// The page.
#[derive(Clone, Debug)]
pub struct Approvals {
    /// How many, in words.
    pub lead: Both,
    /// The oldest first.
    pub rows: Vec<ApprovalRow>,
    /// There are more than are shown.
    pub more: bool,
    /// One of them is decided.
    pub dialog: Option<ApprovalDialog>,
}

pub(super) fn sample_rows() -> Vec<ApprovalRow> {
    vec![
        ApprovalRow {
            href: "/approvals/Y2611241043550000000001".into(),
            remedy: Both::new("退费", "refund"),
            order_no: "P261123142251873000001".into(),
            day: "11-23".into(),
            reason: "同一缴费单微信、支付宝各付一次".into(),
            asked_by: "周倩（0512）".into(),
            effect: "经渠道 alipay-main 把 1,640.00 元原路退给付款人".into(),
            amount_yuan: "1,640.00".into(),
            waits: Both::new("18 分钟", "18 min"),
        },
        ApprovalRow {
            href: "/approvals/Y2611240951200000000002".into(),
            remedy: Both::new("核销", "write off"),
            order_no: "P261122091502118000001".into(),
            day: "11-22".into(),
            reason: "信用卡分期手续费超合同，渠道已书面确认不退".into(),
            asked_by: "王静怡（0501）".into(),
            effect: "记账：借 核销损益 1,001.20 元".into(),
            amount_yuan: "1,001.20".into(),
            waits: Both::new("52 分钟", "52 min"),
        },
    ]
}

fn sample_dialog() -> ApprovalDialog {
    ApprovalDialog {
        action: "/approvals/Y2611241043550000000001".into(),
        title: Both::new("退费 · 渠道重复", "Refund · twice in the channel"),
        amount_yuan: "1,640.00".into(),
        difference: "11-23 渠道重复".into(),
        difference_href: "/finance/days/2026-11-23/differences/0123456789abcdef0123456789abcdef".into(),
        order_no: "P261123142251873000001".into(),
        asked: Both::new("周倩（0512），今天 10:25", "周倩（0512), today 10:25"),
        reason: "同一缴费单微信、支付宝各付一次".into(),
        effects: vec![
            "经渠道 alipay-main 把 1,640.00 元原路退给付款人，订单 P261123142251873000001".into(),
            "退费先征询 HIS；到账后通知患者，并按退费记账".into(),
        ],
        facts: State::new(Face::Ok, "与提交时相同", "the same as when it was ordered"),
        approve: Deed::On,
        decline: Deed::On,
        withdraw: Deed::Hidden,
        verb: Both::new("批准 · 退费 ¥1,640.00", "Approve · refund ¥1,640.00"),
        read: "b81c07f2".into(),
    }
}

fn sample() -> Approvals {
    Approvals {
        lead: Both::new(
            "2 项等第二个人批准，合计 ¥2,641.20。您不能批准自己提交的。",
            "2 wait for a second person, ¥2,641.20 in all. You cannot approve your own.",
        ),
        rows: sample_rows(),
        more: false,
        dialog: None,
    }
}

staff_page!(Approvals, "staff/finance/approvals.html", Some(Place::Approvals), [
    "ordinary" => sample(),
    "empty" => Approvals { lead: Both::new("没有等待审批的处理。", "Nothing waits for approval."), rows: Vec::new(), ..sample() },
    "decide" => Approvals { dialog: Some(sample_dialog()), ..sample() },
    "own" => Approvals {
        dialog: Some(ApprovalDialog {
            approve: Deed::Off(Both::new("这是您自己提交的，须由另一人批准", "You ordered it; another person has to approve it")),
            decline: Deed::Hidden,
            withdraw: Deed::On,
            ..sample_dialog()
        }),
        ..sample()
    },
    "changed" => Approvals {
        dialog: Some(ApprovalDialog {
            facts: State::new(Face::Bad, "账面已经变了，不能批准；请驳回，由提交人重新提交", "The books have changed; decline it and have it ordered anew"),
            approve: Deed::Off(Both::new("账面与提交时不同", "the facts are not those it was ordered on")),
            ..sample_dialog()
        }),
        ..sample()
    },
    "hostile" => Approvals {
        rows: vec![ApprovalRow { reason: "<script>alert(1)</script>\u{202e}".repeat(6), order_no: "=HYPERLINK(\"x\")<b>".into(), ..sample_rows().remove(0) }],
        ..sample()
    },
]);
