//! What the gateway may do to the hospital's records: hold slips, book payments, book refunds.
//!
//! Each operation decides from the records alone and changes them whole or not at all, so that a call that is cut
//! off afterwards has still either happened or not.

use super::denial::Denial;
use super::moment;
use super::records::{Booking, Charge, ChargedBy, LedgerEntry, Lock, Records, RefundBooking, Slip};
use super::wire::{
    ConfirmAnswer, ConfirmRequest, LedgerRow, LockAnswer, LockRequest, MayRefundRequest, Place,
    RefundRequest, SlipAmount, SlipKind, SlipStatus, Tender,
};
use crate::clock::rfc3339;

/// The longest a lock is granted, whatever was asked for.
const LONGEST_HOLD_MS: i64 = 2 * 3_600_000;

impl Records {
    /// `slips/lock`. The same `request_id` gets the same answer, also after the lock has run out.
    pub(super) fn lock(&mut self, ask: &LockRequest, now_ms: i64) -> Result<LockAnswer, Denial> {
        let hold_until_ms = moment::parse("hold_until", &ask.hold_until)?;
        if let Some(lock) = self.locks.get(&ask.request_id) {
            return Ok(LockAnswer {
                lock_token: lock.token.clone(),
                expires_at: rfc3339(lock.expires_at_ms),
            });
        }
        check_slip_list(&ask.slips)?;
        for wanted in &ask.slips {
            let slip = self.payable(&wanted.slip_no)?;
            if wanted.amount_fen != slip.self_pay_fen() {
                return Err(mismatch(slip));
            }
            if self.is_locked(&wanted.slip_no, now_ms) {
                return Err(Denial::conflict("SLIP_LOCKED", format!("{} 正在缴费", wanted.slip_no)));
            }
        }
        self.check_together(&ask.slips)?;
        let token = format!("LK{:010}", self.next_number());
        let expires_at_ms = hold_until_ms.min(now_ms.saturating_add(LONGEST_HOLD_MS));
        let answer = LockAnswer { lock_token: token.clone(), expires_at: rfc3339(expires_at_ms) };
        self.locks.insert(ask.request_id.clone(), Lock { token, slips: ask.slips.clone(), expires_at_ms });
        Ok(answer)
    }

    /// `slips/unlock`. The lock's `request_id` stays known, with a lock that has run out.
    pub(super) fn unlock(&mut self, lock_token: &str, now_ms: i64) {
        for lock in self.locks.values_mut().filter(|lock| lock.token == lock_token) {
            lock.expires_at_ms = lock.expires_at_ms.min(now_ms);
        }
    }

    /// `payments/confirm`: books once per `order_no`. A lock is not needed: a slip that is still owed is booked, since
    /// the patient has paid.
    pub(super) fn confirm(&mut self, ask: ConfirmRequest, now_ms: i64) -> Result<ConfirmAnswer, Denial> {
        let mut slips = ask.slips;
        slips.sort();
        let mut tenders = ask.tenders;
        tenders.sort();
        check_slip_list(&slips)?;
        check_tenders(&tenders)?;
        if let Some(booked) = self.bookings.get(&ask.order_no) {
            let same =
                booked.slips == slips && booked.tenders == tenders && booked.total_fen == ask.total_fen;
            return if same {
                Ok(answer_of(booked))
            } else {
                Err(Denial::conflict("ORDER_CONFLICT", format!("{} 已用于另一笔", ask.order_no)))
            };
        }
        self.check_owed(&slips, &tenders, ask.total_fen)?;
        self.check_together(&slips)?;

        let at_ms = self.booking_time(now_ms);
        let day = moment::compact_day(at_ms);
        let number = self.next_number();
        let receipt_no = self.next_receipt(&day);
        let places = slips
            .iter()
            .filter_map(|paid| self.slips.get(&paid.slip_no))
            .enumerate()
            .map(|(nth, slip)| place_for(slip, number + nth as u64))
            .collect();
        let booking = Booking {
            his_order_no: format!("HIS{day}{number:06}"),
            receipt_no,
            order_no: ask.order_no,
            total_fen: ask.total_fen,
            places,
            operator: ask.operator,
            booked_at_ms: at_ms,
            slips,
            tenders,
        };
        self.charge_slips(&booking);
        self.write_payment_rows(&booking);
        let answer = answer_of(&booking);
        self.bookings.insert(booking.order_no.clone(), booking);
        Ok(answer)
    }

    /// `refunds/ask`.
    pub(super) fn may_refund(&self, ask: &MayRefundRequest) -> Result<Result<(), String>, Denial> {
        let booking = self.order(&ask.order_no)?;
        check_positive("amount_fen", ask.amount_fen)?;
        if let Some(slip_no) = &ask.slip_no {
            let Some(left) = self.left_of_slip(booking, slip_no) else {
                return Ok(Err("这张单不在该笔缴费内".to_owned()));
            };
            if ask.amount_fen > left {
                return Ok(Err("超过这张单的可退金额".to_owned()));
            }
        }
        if ask.amount_fen > booking.total_fen - self.refunded_fen(&ask.order_no) {
            return Ok(Err("超过可退金额".to_owned()));
        }
        let asked_for = |slip: &&Slip| ask.slip_no.as_ref().is_none_or(|wanted| *wanted == slip.slip_no);
        let delivered = booking
            .slips
            .iter()
            .filter_map(|paid| self.slips.get(&paid.slip_no))
            .filter(asked_for)
            .find(|slip| slip.delivered);
        Ok(match delivered {
            Some(slip) => Err(why_not(slip.kind).to_owned()),
            None => Ok(()),
        })
    }

    /// `refunds/confirm`: books once per `refund_no`. The money has already gone back, so nothing but arithmetic can
    /// refuse it.
    pub(super) fn confirm_refund(&mut self, ask: RefundRequest, now_ms: i64) -> Result<String, Denial> {
        check_positive("amount_fen", ask.amount_fen)?;
        moment::parse("refunded_at", &ask.refunded_at)?;
        if let Some(booked) = self.refunds.get(&ask.refund_no) {
            let same = booked.order_no == ask.order_no
                && booked.amount_fen == ask.amount_fen
                && booked.slip_no == ask.slip_no;
            return if same {
                Ok(booked.his_refund_no.clone())
            } else {
                Err(Denial::conflict("ORDER_CONFLICT", format!("{} 已用于另一笔退费", ask.refund_no)))
            };
        }
        let booking = self.order(&ask.order_no)?.clone();
        let rest = booking.total_fen - self.refunded_fen(&ask.order_no);
        if ask.amount_fen > rest {
            return Err(Denial::conflict("REFUND_TOO_MUCH", format!("最多还可退 {rest} 分")));
        }
        let whole_slip = match &ask.slip_no {
            None => None,
            Some(slip_no) => match self.left_of_slip(&booking, slip_no) {
                None => return Err(Denial::not_found("NO_SUCH_ORDER", format!("{slip_no} 不在该笔缴费内"))),
                Some(left) if ask.amount_fen > left => {
                    return Err(Denial::conflict(
                        "REFUND_TOO_MUCH",
                        format!("{slip_no} 最多还可退 {left} 分"),
                    ));
                }
                Some(left) => (ask.amount_fen == left).then(|| slip_no.clone()),
            },
        };
        let at_ms = self.booking_time(now_ms);
        let number = self.next_number();
        let refund = RefundBooking {
            his_refund_no: format!("TF{}{number:06}", moment::compact_day(at_ms)),
            refund_no: ask.refund_no,
            order_no: ask.order_no,
            amount_fen: ask.amount_fen,
            slip_no: ask.slip_no,
            reason: ask.reason,
            refunded_at: ask.refunded_at,
            operator: ask.operator,
            booked_at_ms: at_ms,
        };
        if refund.amount_fen == rest {
            for paid in &booking.slips {
                if let Some(slip) = self.slips.get_mut(&paid.slip_no) {
                    slip.status = SlipStatus::Refunded;
                }
            }
        }
        if let Some(slip) = whole_slip.and_then(|slip_no| self.slips.get_mut(&slip_no)) {
            slip.status = SlipStatus::Refunded;
        }
        self.write_refund_row(&booking, &refund);
        let his_refund_no = refund.his_refund_no.clone();
        self.refunds.insert(refund.refund_no.clone(), refund);
        Ok(his_refund_no)
    }

    /// What a slip of the booking cost, less what was given back of it; `None`: it is not in the booking.
    fn left_of_slip(&self, booking: &Booking, slip_no: &str) -> Option<i64> {
        let paid = booking.slips.iter().find(|paid| paid.slip_no == slip_no)?;
        let back: i64 = self
            .refunds
            .values()
            .filter(|refund| {
                refund.order_no == booking.order_no && refund.slip_no.as_deref() == Some(slip_no)
            })
            .map(|refund| refund.amount_fen)
            .sum();
        Some(paid.amount_fen - back)
    }

    fn order(&self, order_no: &str) -> Result<&Booking, Denial> {
        self.bookings
            .get(order_no)
            .ok_or_else(|| Denial::not_found("NO_SUCH_ORDER", format!("没有缴费 {order_no}")))
    }

    fn payable(&self, slip_no: &str) -> Result<&Slip, Denial> {
        let slip = self.slip(slip_no)?;
        match slip.status {
            SlipStatus::Unpaid => Ok(slip),
            SlipStatus::Paid => Err(Denial::conflict("SLIP_ALREADY_PAID", format!("{slip_no} 已缴费"))),
            SlipStatus::Cancelled => Err(Denial::conflict("SLIP_CANCELLED", format!("{slip_no} 已作废"))),
            SlipStatus::Refunded => Err(Denial::conflict("SLIP_CANCELLED", format!("{slip_no} 已退费"))),
        }
    }

    /// With self-pay legs only, each slip is paid its self-pay part (insurance was settled elsewhere); with insurance
    /// legs in the payment, each slip is paid whole.
    fn check_owed(&self, slips: &[SlipAmount], tenders: &[Tender], total_fen: i64) -> Result<(), Denial> {
        let with_insurance = tenders.iter().any(|tender| tender.kind != "self_pay");
        for paid in slips {
            let slip = self.payable(&paid.slip_no)?;
            let owed = if with_insurance { slip.total_fen } else { slip.self_pay_fen() };
            if paid.amount_fen != owed {
                return Err(mismatch(slip));
            }
        }
        let of_slips = sum(slips.iter().map(|paid| paid.amount_fen))?;
        let of_tenders = sum(tenders.iter().map(|tender| tender.amount_fen))?;
        if of_slips == total_fen && of_tenders == total_fen {
            return Ok(());
        }
        Err(Denial::conflict(
            "AMOUNT_MISMATCH",
            format!("total {total_fen}, slips {of_slips}, tenders {of_tenders}"),
        ))
    }

    fn check_together(&self, slips: &[SlipAmount]) -> Result<(), Denial> {
        for wanted in slips {
            let slip = self.slip(&wanted.slip_no)?;
            if !slip.pay_together || slip.visit_no.is_none() {
                continue;
            }
            let left_out = self.slips.values().find(|other| {
                other.visit_no == slip.visit_no
                    && other.status == SlipStatus::Unpaid
                    && !slips.iter().any(|listed| listed.slip_no == other.slip_no)
            });
            if let Some(other) = left_out {
                let message = format!("{} 须与 {} 一起缴", slip.slip_no, other.slip_no);
                return Err(Denial::conflict("AMOUNT_MISMATCH", message));
            }
        }
        Ok(())
    }

    fn charge_slips(&mut self, booking: &Booking) {
        for paid in &booking.slips {
            if let Some(slip) = self.slips.get_mut(&paid.slip_no) {
                slip.status = SlipStatus::Paid;
                slip.charge = Some(Charge {
                    by: ChargedBy::Order(booking.order_no.clone()),
                    receipt_no: booking.receipt_no.clone(),
                    at_ms: booking.booked_at_ms,
                });
            }
        }
        let is_paid = |held: &SlipAmount| booking.slips.iter().any(|paid| paid.slip_no == held.slip_no);
        for lock in self.locks.values_mut().filter(|lock| lock.slips.iter().any(is_paid)) {
            lock.expires_at_ms = lock.expires_at_ms.min(booking.booked_at_ms);
        }
    }

    /// With one leg the ledger has a row for each slip, as hospitals charge by slip; with several, a row for each leg.
    fn write_payment_rows(&mut self, booking: &Booking) {
        let parts: Vec<(&Tender, Option<String>, i64)> = match booking.tenders.as_slice() {
            [only] => {
                let by_slip = |paid: &SlipAmount| (only, Some(paid.slip_no.clone()), paid.amount_fen);
                booking.slips.iter().map(by_slip).collect()
            }
            several => several.iter().map(|tender| (tender, None, tender.amount_fen)).collect(),
        };
        for (tender, slip_no, amount_fen) in parts {
            let slip = slip_no.as_ref().and_then(|number| self.slips.get(number));
            let insurance_fen = slip.map(|slip| slip.pooled_fund_fen + slip.account_fen);
            let deposit = slip.map(|slip| slip.kind == SlipKind::Deposit);
            let row = LedgerRow {
                row_no: self.next_row_no(booking.booked_at_ms),
                kind: "payment",
                order_no: booking.order_no.clone(),
                refund_no: None,
                slip_no,
                out_trade_no: tender.out_trade_no.clone(),
                provider_trade_no: tender.provider_trade_no.clone(),
                channel: tender.channel.clone(),
                his_order_no: booking.his_order_no.clone(),
                amount_fen,
                insurance_fen,
                deposit,
                booked_at: rfc3339(booking.booked_at_ms),
            };
            self.ledger.push(LedgerEntry { booked_at_ms: booking.booked_at_ms, at_window: false, row });
        }
    }

    fn write_refund_row(&mut self, booking: &Booking, refund: &RefundBooking) {
        let self_pay = booking.tenders.iter().find(|tender| tender.kind == "self_pay");
        let Some(tender) = self_pay.or(booking.tenders.first()) else { return };
        let slip_no = match booking.slips.as_slice() {
            [only] => Some(only.slip_no.clone()),
            _ => refund.slip_no.clone(),
        };
        let slip = slip_no.as_ref().and_then(|number| self.slips.get(number));
        let deposit = slip.map(|slip| slip.kind == SlipKind::Deposit);
        let row = LedgerRow {
            row_no: self.next_row_no(refund.booked_at_ms),
            kind: "refund",
            order_no: booking.order_no.clone(),
            refund_no: Some(refund.refund_no.clone()),
            slip_no,
            out_trade_no: tender.out_trade_no.clone(),
            provider_trade_no: tender.provider_trade_no.clone(),
            channel: tender.channel.clone(),
            his_order_no: booking.his_order_no.clone(),
            amount_fen: refund.amount_fen,
            insurance_fen: None,
            deposit,
            booked_at: rfc3339(refund.booked_at_ms),
        };
        self.ledger.push(LedgerEntry { booked_at_ms: refund.booked_at_ms, at_window: false, row });
    }

    pub(super) fn next_row_no(&mut self, at_ms: i64) -> String {
        format!("L{}{:06}", moment::compact_day(at_ms), self.next_number())
    }
}

fn answer_of(booking: &Booking) -> ConfirmAnswer {
    ConfirmAnswer {
        his_order_no: booking.his_order_no.clone(),
        receipt_no: booking.receipt_no.clone(),
        places: booking.places.clone(),
    }
}

fn mismatch(slip: &Slip) -> Denial {
    Denial::conflict("AMOUNT_MISMATCH", format!("{} 现在应缴 {} 分", slip.slip_no, slip.self_pay_fen()))
}

fn check_slip_list(slips: &[SlipAmount]) -> Result<(), Denial> {
    if slips.is_empty() {
        return Err(Denial::bad_request("slips is empty"));
    }
    let mut seen = std::collections::HashSet::new();
    for slip in slips {
        check_positive("slips[].amount_fen", slip.amount_fen)?;
        if !seen.insert(slip.slip_no.as_str()) {
            return Err(Denial::bad_request(format!("slips names {} twice", slip.slip_no)));
        }
    }
    Ok(())
}

fn check_tenders(tenders: &[Tender]) -> Result<(), Denial> {
    if tenders.is_empty() {
        return Err(Denial::bad_request("tenders is empty"));
    }
    for tender in tenders {
        check_positive("tenders[].amount_fen", tender.amount_fen)?;
        moment::parse("tenders[].paid_at", &tender.paid_at)?;
        if !["self_pay", "pooled_fund", "account"].contains(&tender.kind.as_str()) {
            return Err(Denial::bad_request("tenders[].kind wants self_pay, pooled_fund or account"));
        }
    }
    Ok(())
}

fn check_positive(member: &str, amount_fen: i64) -> Result<(), Denial> {
    if amount_fen > 0 { Ok(()) } else { Err(Denial::bad_request(format!("{member} is not positive"))) }
}

fn sum(amounts: impl Iterator<Item = i64>) -> Result<i64, Denial> {
    let mut amounts = amounts;
    amounts
        .try_fold(0_i64, i64::checked_add)
        .ok_or_else(|| Denial::bad_request("the amounts add up beyond any money"))
}

fn why_not(kind: SlipKind) -> &'static str {
    match kind {
        SlipKind::Drug => "药品已发出，请先到药房退药",
        SlipKind::Exam | SlipKind::Lab => "检查已做，请先到检查科室取消",
        SlipKind::Registration => "已经就诊，不能退号",
        SlipKind::Deposit => "预交金已用于结算，请到住院处办理",
        SlipKind::Treatment | SlipKind::Other => "项目已执行，请先到科室取消",
    }
}

fn place_for(slip: &Slip, number: u64) -> Place {
    let text = |text: &str| Some(text.to_owned());
    let queue = |letter: char| Some(format!("{letter}{:02}", number % 90 + 10));
    let place = |name: &str| Place {
        place: name.to_owned(),
        whereabouts: None,
        wait: None,
        number_label: None,
        number: None,
        kind: Some(slip.kind),
    };
    match slip.kind {
        SlipKind::Registration => Place {
            whereabouts: text("门诊楼 2 层 内科候诊区"),
            wait: text("请在就诊时段前 10 分钟到"),
            number_label: text("就诊序号"),
            number: queue('N'),
            ..place(slip.department.as_deref().unwrap_or("分诊台"))
        },
        SlipKind::Exam => Place {
            whereabouts: text("门诊楼 3 层"),
            wait: text("现在就可以去"),
            number_label: text("排队号"),
            number: queue('B'),
            ..place("超声科登记台")
        },
        SlipKind::Lab => Place {
            whereabouts: text("门诊楼 1 层"),
            wait: text("抽血 7:00–11:30"),
            number_label: text("排队号"),
            number: queue('C'),
            ..place("采血窗口")
        },
        SlipKind::Drug => Place {
            whereabouts: text("门诊楼 1 层"),
            wait: text("约 10 分钟后取药"),
            number_label: text("取药窗口"),
            number: Some(format!("{}", number % 8 + 1)),
            ..place("西药房")
        },
        SlipKind::Treatment => {
            Place {
                whereabouts: text("门诊楼 2 层"), wait: text("现在就可以去"), ..place("治疗室")
            }
        }
        SlipKind::Deposit => {
            Place {
                whereabouts: text("住院楼 1 层"), wait: text("已计入住院账户"), ..place("住院服务中心")
            }
        }
        SlipKind::Other => Place { whereabouts: text("门诊楼 1 层"), ..place("综合服务台") },
    }
}
