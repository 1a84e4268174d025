//! What HIS says is owed.

use crate::ids::{HospitalId, SlipNo};
use crate::money::{Fen, MoneyError};
use crate::split::Split;
use crate::time::Timestamp;

/// What a slip is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
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
    /// Anything else.
    Other,
}

impl SlipKind {
    /// All kinds with the word that is stored and sent.
    pub const ALL: [(Self, &'static str); 7] = [
        (Self::Registration, "registration"),
        (Self::Exam, "exam"),
        (Self::Lab, "lab"),
        (Self::Drug, "drug"),
        (Self::Treatment, "treatment"),
        (Self::Deposit, "deposit"),
        (Self::Other, "other"),
    ];

    /// The word that is stored and sent.
    pub fn as_str(self) -> &'static str {
        Self::ALL.iter().find(|(kind, _)| *kind == self).map_or("other", |(_, word)| word)
    }

    /// Reads the word; a kind that HIS invented is [`SlipKind::Other`].
    pub fn parse(word: &str) -> Self {
        Self::ALL.iter().find(|(_, known)| *known == word).map_or(Self::Other, |(kind, _)| *kind)
    }
}

/// Where a slip stands at HIS.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SlipStatus {
    /// It can be paid.
    Unpaid,
    /// Somebody paid it.
    Paid,
    /// HIS took it back.
    Cancelled,
    /// Paid and given back.
    Refunded,
}

/// One charge on a slip. Totals are HIS's own: price × quantity need not give the amount, and is never computed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChargeLine {
    /// HIS's item code.
    pub code: String,
    /// What the patient reads.
    pub name: String,
    /// Specification (规格), may be empty.
    pub spec: String,
    /// Unit of the quantity.
    pub unit: String,
    /// Decimal text as HIS sent it, up to four decimals.
    pub unit_price: String,
    /// Decimal text as HIS sent it.
    pub quantity: String,
    /// What is charged for the line.
    pub amount: Fen,
    /// 甲, 乙 or 自费, when HIS says so.
    pub insurance_class: Option<String>,
}

/// A fee slip (缴费单).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Slip {
    /// The hospital that charges.
    pub hospital: HospitalId,
    /// HIS's number.
    pub slip_no: SlipNo,
    /// What it is for.
    pub kind: SlipKind,
    /// One line for the list.
    pub title: String,
    /// Where it stands.
    pub status: SlipStatus,
    /// Ordering department.
    pub department: String,
    /// Ordering doctor with title.
    pub doctor: String,
    /// When HIS made it.
    pub billed_at: Timestamp,
    /// Last moment to pay it.
    pub pay_by: Option<Timestamp>,
    /// The visit, for slips that must be paid together.
    pub visit_no: Option<String>,
    /// All unpaid slips of the same visit must be paid at once.
    pub pay_together: bool,
    /// Who pays which part; its total is the slip's total.
    pub split: Split,
    /// Charge lines; empty in a list answer.
    pub lines: Vec<ChargeLine>,
}

impl Slip {
    /// Whether the lines add up to the total. HIS's own rounding line counts as a line.
    ///
    /// # Errors
    /// [`MoneyError::OutOfRange`] when the lines do not even fit.
    pub fn lines_add_up(&self) -> Result<bool, MoneyError> {
        let sum = Fen::sum(self.lines.iter().map(|line| line.amount))?;
        Ok(self.lines.is_empty() || sum == self.split.total())
    }
}
