//! What one patient pays at once: a frozen set of slips, the claim on them, and which payment settled it.

use crate::ids::{BillNo, HospitalId, OutTradeNo, SlipNo};
use crate::money::Fen;
use crate::split::Split;
use crate::time::Timestamp;

/// A slip as it stood when the bill was made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BilledSlip {
    /// HIS's number.
    pub slip_no: SlipNo,
    /// What is owed for it in all.
    pub total: Fen,
}

/// Where a bill stands.
///
/// A bill claims its slips while it is [`BillState::Open`] or [`BillState::Settled`]: one open bill a slip, and a slip that is
/// settled is not billed again. [`BillState::Released`] gives them back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BillState {
    /// Waiting for its money.
    Open,
    /// This payment brought the money; every other payment of the bill is double.
    Settled {
        /// The payment that settled it.
        by: OutTradeNo,
    },
    /// Closed without money, or its money went back: the slips are free again.
    Released,
}

impl BillState {
    /// The word that is stored.
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Settled { .. } => "settled",
            Self::Released => "released",
        }
    }
}

/// A bill.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bill {
    /// Our number and HIS's idempotency key.
    pub bill_no: BillNo,
    /// The hospital that is paid.
    pub hospital: HospitalId,
    /// What it covers, in the order HIS listed it.
    pub slips: Vec<BilledSlip>,
    /// Who pays what; the self-pay part is charged at a channel.
    pub split: Split,
    /// Where it stands.
    pub state: BillState,
    /// HIS's lock on the slips, when HIS has locks.
    pub lock_token: Option<String>,
    /// When it was made.
    pub opened_at: Timestamp,
    /// Until when it may be paid.
    pub pay_until: Timestamp,
}

impl Bill {
    /// Whether `by` may settle it: nobody did, or it was this payment.
    pub fn is_free_for(&self, by: &OutTradeNo) -> bool {
        match &self.state {
            BillState::Open => true,
            BillState::Settled { by: settled_by } => settled_by == by,
            BillState::Released => false,
        }
    }
}
