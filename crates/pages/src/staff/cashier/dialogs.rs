//! Dialogs over the order's page that show what is hidden otherwise, for a reason that is written down.

use super::order::{Order, ordinary, worst};
use super::shared::HOSTILE;
use crate::staff::page::staff_page;
use crate::staff::{Both, State};

/// A person's data in full. Lives as long as the answer.
#[derive(Clone)]
pub struct FullPerson {
    /// Name.
    pub name: String,
    /// Card.
    pub card_no: String,
    /// On file at HIS.
    pub phone: Option<String>,
    /// Where messages of this payment go.
    pub message_phone: Option<String>,
    /// Identity card.
    pub id_no: Option<String>,
}

impl std::fmt::Debug for FullPerson {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("FullPerson(hidden)")
    }
}

/// 完整信息.
#[derive(Clone, Debug)]
pub struct PersonDialog {
    /// The page below.
    pub order: Order,
    /// What was typed.
    pub reason: String,
    /// Why it is not shown.
    pub trouble: Option<Both>,
    /// Shown once.
    pub shown: Option<FullPerson>,
}

/// Bytes as they came.
#[derive(Clone)]
pub struct Evidence {
    /// Names and values.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: String,
    /// What became of it.
    pub verdict: State,
    /// SHA-256 of the body.
    pub sha256: String,
}

impl std::fmt::Debug for Evidence {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Evidence(hidden)")
    }
}

/// 通知原文.
#[derive(Clone, Debug)]
pub struct EvidenceDialog {
    /// The page below.
    pub order: Order,
    /// Names the notification.
    pub id: String,
    /// When it came, and to which account.
    pub what: Both,
    /// What was typed.
    pub reason: String,
    /// Why it is not shown.
    pub trouble: Option<Both>,
    /// Shown once.
    pub shown: Option<Evidence>,
}

fn asked() -> PersonDialog {
    PersonDialog { order: ordinary(), reason: String::new(), trouble: None, shown: None }
}

staff_page!(PersonDialog, "staff/cashier/person.html", Some(Place::Desk), [
    "asked" => asked(),
    "no reason" => PersonDialog {
        trouble: Some(Both::new("请写明理由，2 到 80 个字", "Say why, in 2 to 80 characters")),
        reason: HOSTILE.into(),
        ..asked()
    },
    "shown" => PersonDialog {
        shown: Some(FullPerson {
            name: "张小明".into(),
            card_no: "A10023843392".into(),
            phone: Some("13800135678".into()),
            message_phone: Some("13900135678".into()),
            id_no: Some("420102197911110017".into()),
        }),
        ..asked()
    },
    "worst" => PersonDialog {
        order: worst(),
        shown: Some(FullPerson {
            name: HOSTILE.repeat(20),
            card_no: HOSTILE.into(),
            phone: None,
            message_phone: None,
            id_no: None,
        }),
        ..asked()
    },
]);

fn notification() -> EvidenceDialog {
    EvidenceDialog {
        order: ordinary(),
        id: "N1".into(),
        what: Both::new("09:32:08 收到，渠道 wechat-main", "received at 09:32:08, channel wechat-main"),
        reason: String::new(),
        trouble: None,
        shown: None,
    }
}

staff_page!(EvidenceDialog, "staff/cashier/evidence.html", Some(Place::Desk), [
    "asked" => notification(),
    "shown" => EvidenceDialog {
        shown: Some(Evidence {
            headers: vec![
                ("content-type".into(), "application/json".into()),
                ("wechatpay-signature".into(), "YWJjZGVmZ2hpamtsbW5vcHFyc3R1dnd4eXo".repeat(8)),
            ],
            body: "{\"id\":\"EV-20261124093208\",\"resource_type\":\"encrypt-resource\",\"summary\":\"支付成功\"}".into(),
            verdict: State::new(Face::Ok, "验签通过，已入账", "proven and applied"),
            sha256: "2f9c".repeat(16),
        }),
        ..notification()
    },
    "worst" => EvidenceDialog {
        order: worst(),
        what: Both::same(HOSTILE),
        reason: HOSTILE.into(),
        trouble: Some(Both::same(HOSTILE)),
        shown: Some(Evidence {
            headers: vec![(HOSTILE.into(), HOSTILE.repeat(4))],
            body: HOSTILE.repeat(200),
            verdict: State::new(Face::Bad, "验签不通过", "not proven"),
            sha256: "2f9c".repeat(16),
        }),
        ..notification()
    },
]);
