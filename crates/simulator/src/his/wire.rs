//! The JSON members of the HIS contract, named as `docs/his-rest.md` names them.
//!
//! Requests are `Deserialize`, answers `Serialize`; what is both asked and kept (slips, patients, places) is both.
//! An absent optional member is left out of an answer, never `null`.

use serde::{Deserialize, Serialize};

/// A person known to the hospital. All of it is personal data: it is answered and shown, never logged.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Patient {
    /// The hospital's own number of the person.
    pub patient_id: String,
    /// Name as registered.
    pub name: String,
    /// Number of the card 就诊卡号, by which slips are found.
    pub card_no: String,
    /// Mobile phone, when the person gave one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phone: Option<String>,
    /// Resident identity number, when known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id_no: Option<String>,
}

impl std::fmt::Debug for Patient {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Patient").field("patient_id", &self.patient_id).finish_non_exhaustive()
    }
}

/// What a slip is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SlipKind {
    /// 挂号
    Registration,
    /// 检查
    Exam,
    /// 检验
    Lab,
    /// 药品
    Drug,
    /// 治疗
    Treatment,
    /// 住院预交金
    Deposit,
    /// 其他
    Other,
}

impl SlipKind {
    /// The word on the slip.
    pub fn word(self) -> &'static str {
        match self {
            Self::Registration => "挂号",
            Self::Exam => "检查",
            Self::Lab => "检验",
            Self::Drug => "药品",
            Self::Treatment => "治疗",
            Self::Deposit => "住院预交金",
            Self::Other => "其他",
        }
    }
}

/// Where a slip stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SlipStatus {
    /// 待缴
    Unpaid,
    /// 已缴
    Paid,
    /// 已作废
    Cancelled,
    /// 已退
    Refunded,
}

impl SlipStatus {
    /// The word staff use.
    pub fn word(self) -> &'static str {
        match self {
            Self::Unpaid => "待缴",
            Self::Paid => "已缴",
            Self::Cancelled => "已作废",
            Self::Refunded => "已退",
        }
    }
}

/// One charge line. `amount_fen` is given, not computed: 0.7988 × 24 is 19.1712 and charges 19.17.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChargeLine {
    /// Code in the charge catalogue.
    pub code: String,
    /// What it is.
    pub name: String,
    /// Strength or pack.
    #[serde(default)]
    pub spec: String,
    /// Unit of `quantity`.
    #[serde(default)]
    pub unit: String,
    /// Decimal text, up to four places.
    pub unit_price: String,
    /// Decimal text.
    pub quantity: String,
    /// What the line charges.
    pub amount_fen: i64,
    /// `甲`, `乙` or `自费`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub insurance_class: Option<String>,
}

/// A slip as `slips/list` and `slips/detail` answer it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SlipAnswer {
    pub slip_no: String,
    pub kind: SlipKind,
    pub title: String,
    pub status: SlipStatus,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub department: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub doctor: Option<String>,
    pub billed_at: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pay_by: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub visit_no: Option<String>,
    pub pay_together: bool,
    pub total_fen: i64,
    pub pooled_fund_fen: i64,
    pub account_fen: i64,
    pub self_pay_fen: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lines: Option<Vec<ChargeLine>>,
}

/// Where the patient goes next.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    /// "超声科登记台"
    pub place: String,
    /// "门诊楼 3 层"
    #[serde(rename = "where", skip_serializing_if = "Option::is_none")]
    pub whereabouts: Option<String>,
    /// "现在就可以去"
    #[serde(skip_serializing_if = "Option::is_none")]
    pub wait: Option<String>,
    /// "排队号"
    #[serde(skip_serializing_if = "Option::is_none")]
    pub number_label: Option<String>,
    /// "B36"
    #[serde(skip_serializing_if = "Option::is_none")]
    pub number: Option<String>,
    /// What it is for; the patient's page chooses its picture by it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kind: Option<SlipKind>,
}

#[derive(Debug, Deserialize)]
pub(super) struct CardRequest {
    pub hospital_id: String,
    pub card_no: String,
}

#[derive(Debug, Deserialize)]
pub(super) struct DetailRequest {
    pub hospital_id: String,
    pub slip_no: String,
}

/// A slip and what the caller believes it costs.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
pub struct SlipAmount {
    /// Which slip.
    pub slip_no: String,
    /// What the caller wants to pay for it.
    pub amount_fen: i64,
}

#[derive(Debug, Deserialize)]
pub(super) struct LockRequest {
    pub hospital_id: String,
    pub request_id: String,
    pub slips: Vec<SlipAmount>,
    pub hold_until: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct LockAnswer {
    pub lock_token: String,
    pub expires_at: String,
}

#[derive(Debug, Deserialize)]
pub(super) struct UnlockRequest {
    pub hospital_id: String,
    pub lock_token: String,
}

/// One leg of a payment.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
pub struct Tender {
    /// `self_pay`, `pooled_fund` or `account`.
    pub kind: String,
    /// The gateway's channel id.
    pub channel: String,
    /// Merchant order number.
    pub out_trade_no: String,
    /// The provider's number.
    pub provider_trade_no: String,
    /// What this leg paid.
    pub amount_fen: i64,
    /// When the provider took it.
    pub paid_at: String,
}

#[derive(Debug, Deserialize)]
pub(super) struct ConfirmRequest {
    pub hospital_id: String,
    pub order_no: String,
    pub slips: Vec<SlipAmount>,
    pub total_fen: i64,
    pub tenders: Vec<Tender>,
    #[serde(default)]
    #[allow(
        dead_code,
        reason = "accepted and not needed: a payment books whether or not its lock still lives"
    )]
    pub lock_token: Option<String>,
    pub operator: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct ConfirmAnswer {
    pub his_order_no: String,
    pub receipt_no: String,
    pub places: Vec<Place>,
}

#[derive(Debug, Deserialize)]
pub(super) struct FindPaymentRequest {
    pub hospital_id: String,
    pub order_no: String,
}

#[derive(Debug, Deserialize)]
pub(super) struct MayRefundRequest {
    pub hospital_id: String,
    pub order_no: String,
    pub amount_fen: i64,
    #[serde(default)]
    pub slip_no: Option<String>,
}

#[derive(Debug, Deserialize)]
pub(super) struct RefundRequest {
    pub hospital_id: String,
    pub order_no: String,
    pub refund_no: String,
    pub amount_fen: i64,
    #[serde(default)]
    pub slip_no: Option<String>,
    pub reason: String,
    pub refunded_at: String,
    pub operator: String,
}

#[derive(Debug, Deserialize)]
pub(super) struct FindRefundRequest {
    pub hospital_id: String,
    pub refund_no: String,
}

#[derive(Debug, Deserialize)]
pub(super) struct LedgerRequest {
    pub hospital_id: String,
    pub day: String,
    pub page: u32,
}

/// One row of the hospital's own ledger. `amount_fen` is positive in both kinds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LedgerRow {
    /// Running number, for ever.
    pub row_no: String,
    /// `payment` or `refund`.
    pub kind: &'static str,
    /// The gateway's order, or the window's own number.
    pub order_no: String,
    /// On refunds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refund_no: Option<String>,
    /// When the row belongs to one slip.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub slip_no: Option<String>,
    /// Merchant order number of the leg.
    pub out_trade_no: String,
    /// The provider's number of the leg.
    pub provider_trade_no: String,
    /// The gateway's channel id.
    pub channel: String,
    /// The hospital's number of the booking.
    pub his_order_no: String,
    /// Always positive.
    pub amount_fen: i64,
    /// What insurance bears beside it, when the row belongs to one slip.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub insurance_fen: Option<i64>,
    /// Whether it is a deposit, when the row belongs to one slip.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deposit: Option<bool>,
    /// RFC 3339 with offset.
    pub booked_at: String,
}
