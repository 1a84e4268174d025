//! Bookings and refunds: requests from domain types, domain types from answers.

use super::answer::{Member, Misread};
use super::{OPERATOR, slip_amounts};
use crate::{Booking, FoundBooking, FoundRefund, MayRefund, PaidTender, RefundBooking, RefundQuestion};
use mingfen_domain::slip::SlipKind;
use mingfen_domain::split::Tender;
use mingfen_domain::write_back::{Booked, Place};
use serde_json::{Value, json};

/// The body of `payments/confirm`.
pub(super) fn confirmation(booking: &Booking) -> Value {
    let mut body = json!({
        "hospital_id": booking.hospital.as_str(),
        "order_no": booking.bill_no.as_str(),
        "slips": slip_amounts(&booking.slips),
        "total_fen": booking.total.get(),
        "tenders": booking.tenders.iter().map(tender).collect::<Vec<_>>(),
        "operator": OPERATOR,
    });
    if let Some(token) = &booking.lock_token {
        body["lock_token"] = json!(token);
    }
    body
}

fn tender(tender: &PaidTender) -> Value {
    json!({
        "kind": kind_word(tender.tender),
        "channel": tender.channel.as_str(),
        "out_trade_no": tender.out_trade_no.as_str(),
        "provider_trade_no": tender.provider_trade_no.as_str(),
        "amount_fen": tender.amount.fen().get(),
        "paid_at": tender.paid_at.to_rfc3339(),
    })
}

/// The contract's words, which are not the ones that are stored here.
const fn kind_word(tender: Tender) -> &'static str {
    match tender {
        Tender::SelfPay => "self_pay",
        Tender::PooledFund => "pooled_fund",
        Tender::PersonalAccount => "account",
    }
}

/// The answer of `payments/confirm`.
///
/// The two numbers decide that the money is booked. Signposts do not: when they are unreadable, the patient misses a hint,
/// and leaving the whole booking in doubt for it would hold up money that HIS has certainly taken.
pub(super) fn booked(answer: &Member<'_>) -> Result<Booked, Misread> {
    let places = places(answer).unwrap_or_else(|misread| {
        tracing::warn!(his.problem = %misread, "signposts of a booking are unreadable and left out");
        Vec::new()
    });
    Ok(Booked {
        his_order_no: answer.filled_text("his_order_no")?,
        receipt_no: answer.text("receipt_no")?,
        places,
    })
}

/// The answer of `payments/find`; `None`: HIS does not have it.
pub(super) fn found_booking(answer: &Member<'_>) -> Result<Option<FoundBooking>, Misread> {
    if !is_booked(answer)? {
        return Ok(None);
    }
    Ok(Some(FoundBooking { total: answer.fen("total_fen")?, booked: booked(answer)? }))
}

fn places(answer: &Member<'_>) -> Result<Vec<Place>, Misread> {
    answer.list("places")?.iter().map(place).collect()
}

fn place(item: &Member<'_>) -> Result<Place, Misread> {
    Ok(Place {
        place: item.filled_text("place")?,
        location: item.optional_text("where")?,
        wait: item.optional_text("wait")?,
        number_label: item.optional_text("number_label")?,
        number: item.optional_text("number")?,
        kind: item.optional_text("kind")?.map(|word| SlipKind::parse(&word)),
    })
}

/// The body of `refunds/ask`.
pub(super) fn refund_question(question: &RefundQuestion) -> Value {
    let mut body = json!({
        "hospital_id": question.hospital.as_str(),
        "order_no": question.bill_no.as_str(),
        "amount_fen": question.amount.fen().get(),
    });
    if let Some(slip_no) = &question.slip_no {
        body["slip_no"] = json!(slip_no.as_str());
    }
    body
}

/// The answer of `refunds/ask`.
pub(super) fn may_refund(answer: &Member<'_>) -> Result<MayRefund, Misread> {
    if answer.truth("allowed")? {
        Ok(MayRefund::Yes)
    } else {
        Ok(MayRefund::No { reason: answer.filled_text("reason")? })
    }
}

/// The body of `refunds/confirm`.
pub(super) fn refund_confirmation(refund: &RefundBooking) -> Value {
    let mut body = json!({
        "hospital_id": refund.hospital.as_str(),
        "order_no": refund.bill_no.as_str(),
        "refund_no": refund.out_refund_no.as_str(),
        "amount_fen": refund.amount.fen().get(),
        "reason": refund.reason,
        "refunded_at": refund.refunded_at.to_rfc3339(),
        "operator": OPERATOR,
    });
    if let Some(slip_no) = &refund.slip_no {
        body["slip_no"] = json!(slip_no.as_str());
    }
    body
}

/// The answer of `refunds/confirm`: HIS's number.
pub(super) fn booked_refund(answer: &Member<'_>) -> Result<String, Misread> {
    answer.filled_text("his_refund_no")
}

/// The answer of `refunds/find`; `None`: HIS does not have it.
pub(super) fn found_refund(answer: &Member<'_>) -> Result<Option<FoundRefund>, Misread> {
    if !is_booked(answer)? {
        return Ok(None);
    }
    Ok(Some(FoundRefund { amount: answer.amount("amount_fen")?, his_refund_no: booked_refund(answer)? }))
}

/// Anything but the two words of the contract is no answer: "not found" lets money move.
fn is_booked(answer: &Member<'_>) -> Result<bool, Misread> {
    let state = answer.member("state")?;
    match state.as_text()? {
        "booked" => Ok(true),
        "not_found" => Ok(false),
        _ => Err(state.wrong("neither booked nor not_found")),
    }
}
