//! What the hospital's own people do: write slips, change and cancel them, take money at the window, hand out drugs.

use super::denial::Denial;
use super::moment;
use super::records::{Charge, ChargedBy, LedgerEntry, Records, Slip};
use super::wire::{ChargeLine, LedgerRow, Patient, SlipKind, SlipStatus};
use crate::clock::rfc3339;

/// A slip about to be written; number and time are given to it when it is.
#[derive(Debug, Clone, PartialEq, Eq, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewSlip {
    /// Whose.
    pub card_no: String,
    /// What for.
    pub kind: SlipKind,
    /// A short text for the patient.
    pub title: String,
    /// Number of the writer's choice, or one from the hospital's series.
    #[serde(default)]
    pub slip_no: Option<String>,
    /// Department.
    #[serde(default)]
    pub department: Option<String>,
    /// Doctor.
    #[serde(default)]
    pub doctor: Option<String>,
    /// Visit.
    #[serde(default)]
    pub visit_no: Option<String>,
    /// Whether all slips of the visit are paid at once or not at all.
    #[serde(default)]
    pub pay_together: bool,
    /// How many minutes ago it was written.
    #[serde(default)]
    pub written_minutes_ago: i64,
    /// Minutes from now until which it can be paid; the end of the day when absent.
    #[serde(default)]
    pub pay_within_minutes: Option<i64>,
    /// Of the total, the pooled insurance fund.
    #[serde(default)]
    pub pooled_fund_fen: i64,
    /// Of the total, the personal insurance account.
    #[serde(default)]
    pub account_fen: i64,
    /// Charge lines; their amounts make the total.
    pub lines: Vec<ChargeLine>,
}

impl Records {
    /// Registers a person, or changes what is known of the card's holder.
    pub fn register(&mut self, patient: Patient) {
        self.patients.insert(patient.card_no.clone(), patient);
    }

    /// Writes a slip and returns its number.
    pub fn write_slip(&mut self, new: NewSlip, now_ms: i64) -> Result<String, Denial> {
        self.patient(&new.card_no)?;
        let total_fen = new
            .lines
            .iter()
            .try_fold(0_i64, |sum, line| sum.checked_add(line.amount_fen))
            .filter(|total| *total > 0)
            .ok_or_else(|| Denial::bad_request("the lines do not add up to a charge"))?;
        let insured = new.pooled_fund_fen.checked_add(new.account_fen);
        if new.pooled_fund_fen < 0 || new.account_fen < 0 || insured.is_none_or(|sum| sum > total_fen) {
            return Err(Denial::bad_request("the insurance parts exceed the total"));
        }
        let slip_no = match new.slip_no {
            Some(number) if self.slips.contains_key(&number) => {
                return Err(Denial::conflict("SLIP_EXISTS", format!("{number} 已存在")));
            }
            Some(number) => number,
            None => self.next_slip_no(new.kind, now_ms),
        };
        let pay_by_ms = match new.pay_within_minutes {
            Some(minutes) => Some(now_ms.saturating_add(minutes.saturating_mul(60_000))),
            None => moment::end_of_day_ms(now_ms),
        };
        let slip = Slip {
            slip_no: slip_no.clone(),
            card_no: new.card_no,
            kind: new.kind,
            title: new.title,
            status: SlipStatus::Unpaid,
            department: new.department,
            doctor: new.doctor,
            billed_at_ms: now_ms.saturating_sub(new.written_minutes_ago.saturating_mul(60_000)),
            pay_by_ms,
            visit_no: new.visit_no,
            pay_together: new.pay_together,
            total_fen,
            pooled_fund_fen: new.pooled_fund_fen,
            account_fen: new.account_fen,
            lines: new.lines,
            delivered: false,
            charge: None,
        };
        self.slips.insert(slip_no.clone(), slip);
        Ok(slip_no)
    }

    /// Takes an unpaid slip back. A lock does not protect it: doctors cancel slips while patients pay.
    pub fn cancel_slip(&mut self, slip_no: &str) -> Result<(), Denial> {
        let slip = self.unpaid(slip_no)?;
        slip.status = SlipStatus::Cancelled;
        Ok(())
    }

    /// Changes what an unpaid slip costs, by an extra line for the difference.
    pub fn change_amount(&mut self, slip_no: &str, total_fen: i64) -> Result<(), Denial> {
        let slip = self.unpaid(slip_no)?;
        if total_fen <= 0 || total_fen < slip.pooled_fund_fen + slip.account_fen {
            return Err(Denial::bad_request("the new total is not a charge"));
        }
        let difference = total_fen - slip.total_fen;
        slip.total_fen = total_fen;
        slip.lines.push(ChargeLine {
            code: "999900001".to_owned(),
            name: "费用调整".to_owned(),
            spec: String::new(),
            unit: "次".to_owned(),
            unit_price: crate::money::yuan(difference),
            quantity: "1".to_owned(),
            amount_fen: difference,
            insurance_class: None,
        });
        Ok(())
    }

    /// Takes cash at the window. With `respect_lock`, a slip that a patient is paying just now is refused.
    pub fn pay_at_window(
        &mut self,
        slip_no: &str,
        cashier: &str,
        respect_lock: bool,
        now_ms: i64,
    ) -> Result<String, Denial> {
        if respect_lock && self.is_locked(slip_no, now_ms) {
            return Err(Denial::conflict("SLIP_LOCKED", format!("{slip_no} 患者正在手机上缴费")));
        }
        let number = self.next_number();
        let day = moment::compact_day(now_ms);
        let receipt_no = self.next_receipt(&day);
        let row_no = self.next_row_no(now_ms);
        let slip = self.unpaid(slip_no)?;
        slip.status = SlipStatus::Paid;
        slip.charge = Some(Charge {
            by: ChargedBy::Window(cashier.to_owned()),
            receipt_no: receipt_no.clone(),
            at_ms: now_ms,
        });
        let row = LedgerRow {
            row_no,
            kind: "payment",
            order_no: format!("CK{day}{number:06}"),
            refund_no: None,
            slip_no: Some(slip_no.to_owned()),
            out_trade_no: receipt_no.clone(),
            provider_trade_no: receipt_no.clone(),
            channel: "cash-window".to_owned(),
            his_order_no: format!("HIS{day}{number:06}"),
            amount_fen: slip.self_pay_fen(),
            insurance_fen: Some(slip.pooled_fund_fen + slip.account_fen),
            deposit: Some(slip.kind == SlipKind::Deposit),
            booked_at: rfc3339(now_ms),
        };
        self.ledger.push(LedgerEntry { booked_at_ms: now_ms, at_window: true, row });
        Ok(receipt_no)
    }

    /// Marks a paid slip delivered (drugs handed out, examination made), or takes that back.
    pub fn set_delivered(&mut self, slip_no: &str, delivered: bool) -> Result<(), Denial> {
        let slip = self.slip(slip_no)?;
        if slip.status != SlipStatus::Paid {
            return Err(Denial::conflict("SLIP_NOT_PAID", format!("{slip_no} 未缴费")));
        }
        if let Some(slip) = self.slips.get_mut(slip_no) {
            slip.delivered = delivered;
        }
        Ok(())
    }

    fn unpaid(&mut self, slip_no: &str) -> Result<&mut Slip, Denial> {
        match self.slip(slip_no)?.status {
            SlipStatus::Unpaid => {}
            SlipStatus::Paid => {
                return Err(Denial::conflict("SLIP_ALREADY_PAID", format!("{slip_no} 已缴费")));
            }
            SlipStatus::Cancelled | SlipStatus::Refunded => {
                return Err(Denial::conflict("SLIP_CANCELLED", format!("{slip_no} 已作废或已退")));
            }
        }
        self.slips
            .get_mut(slip_no)
            .ok_or_else(|| Denial::not_found("NO_SUCH_SLIP", format!("没有缴费单 {slip_no}")))
    }

    fn next_slip_no(&mut self, kind: SlipKind, now_ms: i64) -> String {
        let series = match kind {
            SlipKind::Registration => "GH",
            SlipKind::Drug => "CF",
            SlipKind::Deposit => "ZY",
            SlipKind::Exam | SlipKind::Lab | SlipKind::Treatment | SlipKind::Other => "MZ",
        };
        let day = moment::compact_day(now_ms);
        loop {
            let slip_no = format!("{series}{day}{:04}", self.next_number());
            if !self.slips.contains_key(&slip_no) {
                return slip_no;
            }
        }
    }
}
