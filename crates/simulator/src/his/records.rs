//! What the hospital keeps: patients, slips, locks, bookings, refunds, and the ledger that grows from them.
//!
//! Everything that changes money is in `desk.rs`; this file holds the facts and the questions about them.

use std::collections::BTreeMap;

use super::denial::Denial;
use super::wire::{
    ChargeLine, LedgerRow, Patient, Place, SlipAmount, SlipAnswer, SlipKind, SlipStatus, Tender,
};
use crate::clock::rfc3339;

/// Who charged a slip.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ChargedBy {
    /// A gateway order.
    Order(String),
    /// The cashier's window; holds the cashier.
    Window(String),
}

/// How and when a slip was charged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Charge {
    /// By whom.
    pub by: ChargedBy,
    /// Receipt number.
    pub receipt_no: String,
    /// When the hospital booked it.
    pub at_ms: i64,
}

/// A slip as the hospital keeps it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Slip {
    /// Number, unique for ever.
    pub slip_no: String,
    /// Whose.
    pub card_no: String,
    /// What for.
    pub kind: SlipKind,
    /// A short text for the patient.
    pub title: String,
    /// Where it stands.
    pub status: SlipStatus,
    /// Department that wrote it.
    pub department: Option<String>,
    /// Doctor who wrote it.
    pub doctor: Option<String>,
    /// When it was written.
    pub billed_at_ms: i64,
    /// Until when it can be paid.
    pub pay_by_ms: Option<i64>,
    /// The visit it belongs to.
    pub visit_no: Option<String>,
    /// Whether all slips of the visit are paid at once or not at all.
    pub pay_together: bool,
    /// What the slip costs.
    pub total_fen: i64,
    /// Of that, the pooled insurance fund 统筹.
    pub pooled_fund_fen: i64,
    /// Of that, the personal insurance account 个账.
    pub account_fen: i64,
    /// Charge lines.
    pub lines: Vec<ChargeLine>,
    /// Drugs handed out, examination made: money back only after the department takes it back.
    pub delivered: bool,
    /// How it was charged, when it was.
    pub charge: Option<Charge>,
}

impl Slip {
    /// What the patient owes in person.
    pub fn self_pay_fen(&self) -> i64 {
        self.total_fen - self.pooled_fund_fen - self.account_fen
    }

    pub(super) fn answer(&self, with_lines: bool) -> SlipAnswer {
        SlipAnswer {
            slip_no: self.slip_no.clone(),
            kind: self.kind,
            title: self.title.clone(),
            status: self.status,
            department: self.department.clone(),
            doctor: self.doctor.clone(),
            billed_at: rfc3339(self.billed_at_ms),
            pay_by: self.pay_by_ms.map(rfc3339),
            visit_no: self.visit_no.clone(),
            pay_together: self.pay_together,
            total_fen: self.total_fen,
            pooled_fund_fen: self.pooled_fund_fen,
            account_fen: self.account_fen,
            self_pay_fen: self.self_pay_fen(),
            lines: with_lines.then(|| self.lines.clone()),
        }
    }
}

/// A hold on slips while a patient pays.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Lock {
    pub token: String,
    pub slips: Vec<SlipAmount>,
    pub expires_at_ms: i64,
}

/// A payment of the gateway, booked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Booking {
    /// The gateway's order: the idempotency key.
    pub order_no: String,
    /// The hospital's own number.
    pub his_order_no: String,
    /// Receipt number.
    pub receipt_no: String,
    /// What was paid, sorted by slip.
    pub slips: Vec<SlipAmount>,
    /// The legs, sorted.
    pub tenders: Vec<Tender>,
    /// Sum of the legs.
    pub total_fen: i64,
    /// Where the patient goes next.
    pub places: Vec<Place>,
    /// Who booked.
    pub operator: String,
    /// When.
    pub booked_at_ms: i64,
}

/// A refund of the gateway, booked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefundBooking {
    /// The gateway's refund: the idempotency key.
    pub refund_no: String,
    /// The order it gives back.
    pub order_no: String,
    /// The hospital's own number.
    pub his_refund_no: String,
    /// How much.
    pub amount_fen: i64,
    /// The slip, when only that one was given back.
    pub slip_no: Option<String>,
    /// Why.
    pub reason: String,
    /// When the provider gave it back, as told.
    pub refunded_at: String,
    /// Who booked.
    pub operator: String,
    /// When.
    pub booked_at_ms: i64,
}

/// One line of the ledger, with what the window took as well.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LedgerEntry {
    /// When the hospital booked it.
    pub booked_at_ms: i64,
    /// True for what the window took: shown to staff, not part of the gateway's ledger call.
    pub at_window: bool,
    /// The row as the contract has it.
    pub row: LedgerRow,
}

/// A fault put into the ledger, so that a reconciliation has something to find.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(tag = "damage", rename_all = "snake_case", deny_unknown_fields)]
pub enum LedgerDamage {
    /// The order's rows are not in the ledger.
    Missing {
        /// Which order.
        order_no: String,
    },
    /// The order's rows are there twice.
    Doubled {
        /// Which order.
        order_no: String,
    },
    /// The order's first row carries another amount.
    Amount {
        /// Which order.
        order_no: String,
        /// What the row says instead.
        amount_fen: i64,
    },
    /// The order's rows say another part of insurance.
    Insurance {
        /// Which order.
        order_no: String,
        /// What each row says instead.
        insurance_fen: i64,
    },
    /// The order's rows name another merchant account.
    Channel {
        /// Which order.
        order_no: String,
        /// What the rows say instead.
        channel: String,
    },
    /// The order's rows are booked as something else: a deposit as revenue, or the reverse.
    Purpose {
        /// Which order.
        order_no: String,
        /// What the rows say instead.
        deposit: bool,
    },
}

/// Everything the hospital knows.
#[derive(Default)]
pub struct Records {
    pub(super) patients: BTreeMap<String, Patient>,
    pub(super) slips: BTreeMap<String, Slip>,
    pub(super) locks: BTreeMap<String, Lock>,
    pub(super) bookings: BTreeMap<String, Booking>,
    pub(super) refunds: BTreeMap<String, RefundBooking>,
    pub(super) ledger: Vec<LedgerEntry>,
    pub(super) damages: Vec<LedgerDamage>,
    /// Added to the booking time: a hospital whose day turns earlier or later than the provider's.
    pub(super) booking_shift_s: i64,
    pub(super) last_number: u64,
    pub(super) last_receipt: u64,
}

impl Records {
    /// The patient with this card.
    pub fn patient(&self, card_no: &str) -> Result<&Patient, Denial> {
        self.patients.get(card_no).ok_or_else(|| Denial::not_found("NO_SUCH_PATIENT", "没有这张就诊卡"))
    }

    /// The slip with this number.
    pub fn slip(&self, slip_no: &str) -> Result<&Slip, Denial> {
        self.slips
            .get(slip_no)
            .ok_or_else(|| Denial::not_found("NO_SUCH_SLIP", format!("没有缴费单 {slip_no}")))
    }

    /// Patients in order of card.
    pub fn patients(&self) -> impl Iterator<Item = &Patient> {
        self.patients.values()
    }

    /// A card's slips, newest number last.
    pub fn slips_of<'a>(&'a self, card_no: &'a str) -> impl Iterator<Item = &'a Slip> {
        self.slips.values().filter(move |slip| slip.card_no == card_no)
    }

    /// A gateway order's booking.
    pub fn booking(&self, order_no: &str) -> Option<&Booking> {
        self.bookings.get(order_no)
    }

    /// Bookings in order of time.
    pub fn bookings(&self) -> Vec<&Booking> {
        let mut all = self.bookings.values().collect::<Vec<_>>();
        all.sort_by_key(|booking| (booking.booked_at_ms, &booking.his_order_no));
        all
    }

    /// Refunds of one order, in order of time.
    pub fn refunds_of<'a>(&'a self, order_no: &'a str) -> impl Iterator<Item = &'a RefundBooking> {
        self.refunds.values().filter(move |refund| refund.order_no == order_no)
    }

    /// What an order has given back so far.
    pub fn refunded_fen(&self, order_no: &str) -> i64 {
        self.refunds_of(order_no).map(|refund| refund.amount_fen).sum()
    }

    /// The whole ledger as booked, without injected damage.
    pub fn ledger(&self) -> &[LedgerEntry] {
        &self.ledger
    }

    /// Whether someone holds this slip now.
    pub fn is_locked(&self, slip_no: &str, now_ms: i64) -> bool {
        self.holder(slip_no, now_ms).is_some()
    }

    pub(super) fn holder(&self, slip_no: &str, now_ms: i64) -> Option<&str> {
        self.locks
            .iter()
            .find(|(_, lock)| {
                lock.expires_at_ms > now_ms && lock.slips.iter().any(|held| held.slip_no == slip_no)
            })
            .map(|(request_id, _)| request_id.as_str())
    }

    /// A day's rows of the gateway's orders, damage applied, in order of row number.
    pub(super) fn ledger_of(&self, day: &str) -> Vec<LedgerRow> {
        let mut rows = Vec::new();
        let mut altered = std::collections::HashSet::new();
        let of_day = |entry: &&LedgerEntry| !entry.at_window && crate::clock::day(entry.booked_at_ms) == day;
        for entry in self.ledger.iter().filter(of_day) {
            let mut row = entry.row.clone();
            let mut copies = 1;
            for damage in &self.damages {
                match damage {
                    LedgerDamage::Missing { order_no } if *order_no == row.order_no => copies = 0,
                    LedgerDamage::Doubled { order_no } if *order_no == row.order_no => copies = 2,
                    LedgerDamage::Amount { order_no, amount_fen }
                        if *order_no == row.order_no && altered.insert(order_no.clone()) =>
                    {
                        row.amount_fen = *amount_fen;
                    }
                    LedgerDamage::Insurance { order_no, insurance_fen } if *order_no == row.order_no => {
                        row.insurance_fen = Some(*insurance_fen);
                    }
                    LedgerDamage::Channel { order_no, channel } if *order_no == row.order_no => {
                        row.channel.clone_from(channel);
                    }
                    LedgerDamage::Purpose { order_no, deposit } if *order_no == row.order_no => {
                        row.deposit = Some(*deposit);
                    }
                    _ => {}
                }
            }
            for copy in 0..copies {
                let mut row = row.clone();
                if copy > 0 {
                    row.row_no.push('D');
                }
                rows.push(row);
            }
        }
        rows
    }

    /// Books this many seconds later (or earlier) than the clock says: a day that turns at another moment.
    pub fn set_booking_shift_s(&mut self, shift_s: i64) {
        self.booking_shift_s = shift_s;
    }

    /// Replaces the faults in the ledger as `ledger/day` tells it; the ledger itself stays true.
    pub fn set_ledger_damage(&mut self, damages: Vec<LedgerDamage>) {
        self.damages = damages;
    }

    /// The next receipt; they are on one roll, whoever takes the money.
    pub(super) fn next_receipt(&mut self, day: &str) -> String {
        self.last_receipt += 1;
        format!("SJ{day}{:06}", self.last_receipt)
    }

    /// The next running number; bookings and rows share it, so that all order by time.
    pub(super) fn next_number(&mut self) -> u64 {
        self.last_number += 1;
        self.last_number
    }

    pub(super) fn booking_time(&self, now_ms: i64) -> i64 {
        now_ms.saturating_add(self.booking_shift_s.saturating_mul(1_000))
    }
}
