//! Sending a refund, and asking after it until the money is back.

use super::attention::ask_person_alone;
use super::post_write_back::{Refusal, still_refused};
use super::record_refund::{record_refund_event, record_refund_sighting};
use super::record_sighting::{Source, Way};
use super::window::news_of_refund;
use super::{JobEnd, Trouble};
use crate::{Gateway, crash};
use mingfen_domain::ids::OutRefundNo;
use mingfen_domain::refund::{Event, Origin, State};
use mingfen_provider_api::{CallError, RefundRequest, Refunds};
use mingfen_store::{PaymentRecord, RefundRecord};

/// Seconds between rounds; the last one for ever. Balance refunds take minutes, cards days; providers ask for ten seconds
/// before the first question (alipay.md, 6.8).
const SCHEDULE: &[i64] = &[10, 10, 30, 60, 60, 60, 300, 600, 1200, 1800, 3600, 3600, 3600, 21_600];
/// While a person has an undeliverable refund paid out at the provider, it is asked after this often.
const ABNORMAL_SECONDS: i64 = 21_600;
/// A refund over the counter waits for a cashier's word; only who died right after it needs this.
const COUNTER_SECONDS: i64 = 300;
/// A refund that is not over so long after the request is put before a person, and followed all the same: money that the
/// provider gives back on the eleventh day has to be booked, too.
const PATIENCE_MS: i64 = 10 * 86_400_000;
/// Seconds between two refunds of one payment (alipay.md, 6.8), and how long one whose answer is lost holds up the next.
const SPACING_MS: i64 = 3_000;
const UNANSWERED_MS: i64 = 60_000;

/// One round of the job.
///
/// # Errors
/// [`Trouble`]: the worker tries again.
pub async fn follow_refund(
    gateway: &Gateway,
    number: &OutRefundNo,
    attempts: i64,
) -> Result<JobEnd, Trouble> {
    let Some(record) = gateway.store.refund(number).await? else {
        return Ok(JobEnd::Park { because: format!("there is no refund {number}") });
    };
    // One that a person is at is asked after too: its end must not depend on a notification.
    let abnormal = matches!(record.refund.state, State::Abnormal { .. });
    if !record.refund.state.is_under_way() && !abnormal {
        return Ok(JobEnd::Done);
    }
    let Some(payment) = gateway.store.payment(&record.refund.out_trade_no).await? else {
        return Ok(JobEnd::Park { because: format!("refund {number} has no payment") });
    };
    let channel = gateway
        .channel(&payment.payment.channel)
        .ok_or_else(|| Trouble::NoChannel(payment.payment.channel.to_string()))?
        .clone();
    if gateway.now().since_ms(record.refund.requested_at) > PATIENCE_MS {
        tell_that_it_is_overdue(gateway, &record).await?;
    }
    // Over the counter it goes back when a cashier says so; who dies right after that is helped here.
    if channel.window().is_some() {
        return Ok(match news_of_refund(gateway, &record).await? {
            true => JobEnd::Done,
            false => JobEnd::again(COUNTER_SECONDS, "to be given back over the counter"),
        });
    }
    let refunds = channel
        .refunds()
        .ok_or_else(|| Trouble::NoAbility(payment.payment.channel.to_string(), "refunds"))?;
    let request = refund_request(gateway, &record, &payment)?;

    if record.refund.state != State::Due
        && let Some(why) = ask(gateway, refunds, &request, record.refund.version).await?
    {
        return Ok(JobEnd::widening(SCHEDULE, attempts, why));
    }
    let Some(record) = gateway.store.refund(number).await? else {
        return Ok(JobEnd::Park { because: format!("refund {number} vanished") });
    };
    if record.refund.state == State::Due {
        if let Some(wait) = what_holds_it_up(gateway, &record).await? {
            return Ok(wait);
        }
        if let Some(why) = send(gateway, refunds, &request).await? {
            return Ok(JobEnd::widening(SCHEDULE, attempts, why));
        }
    }
    match gateway.store.refund(number).await?.map(|record| record.refund.state) {
        Some(State::Abnormal { .. }) => {
            Ok(JobEnd::again(ABNORMAL_SECONDS, "a person has it paid out at the provider"))
        }
        Some(state) if state.is_under_way() => {
            Ok(JobEnd::widening(SCHEDULE, attempts, "under way at the provider"))
        }
        _ => Ok(JobEnd::Done),
    }
}

async fn tell_that_it_is_overdue(gateway: &Gateway, record: &RefundRecord) -> Result<(), Trouble> {
    let refund = &record.refund;
    let detail = format!(
        "not over ten days after it was asked for ({}); it is still followed. Ask the provider; is there money in the merchant account?",
        refund.state.as_str()
    );
    let number = refund.out_refund_no.as_str();
    Ok(ask_person_alone(gateway, "refund_overdue", number, &detail, &refund.trace).await?)
}

/// Why a refund that is due is not sent yet.
async fn what_holds_it_up(gateway: &Gateway, record: &RefundRecord) -> Result<Option<JobEnd>, Trouble> {
    let refund = &record.refund;
    let now = gateway.now();
    // HIS refused the bill, so its money goes back; but it may have carried out an unanswered telling since.
    if refund.origin == Origin::BookingRefused {
        let waited = now.since_ms(refund.requested_at) > gateway.settings.timing.max_unknown * 1000;
        match still_refused(gateway, &record.bill_no).await? {
            Refusal::Stands => {}
            Refusal::Unknown if waited => {}
            Refusal::Unknown => {
                return Ok(Some(JobEnd::again(30, "HIS is asked once more before it is sent")));
            }
            Refusal::Withdrawn => {
                let because = format!(
                    "HIS has booked bill {} after it had refused it; the money was not sent back. Have HIS reverse it (冲账), then: mingfen tasks retry",
                    record.bill_no
                );
                return Ok(Some(JobEnd::Park { because }));
            }
        }
    }
    // The refunds of one payment go out one after the other.
    let holds_up = |other: &RefundRecord| {
        let age = other.sent_at.map_or(i64::MAX, |at| now.since_ms(at));
        let unanswered = other.refund.state == State::Unknown && age < UNANSWERED_MS;
        other.refund.out_refund_no != refund.out_refund_no && (age < SPACING_MS || unanswered)
    };
    let others = gateway.store.refunds_of_payment(&refund.out_trade_no).await?;
    if others.iter().any(holds_up) {
        return Ok(Some(JobEnd::again(SPACING_MS / 1000, "another refund of this payment was just sent")));
    }
    Ok(None)
}

/// `Some(why)`: no usable answer.
async fn ask(
    gateway: &Gateway,
    refunds: &dyn Refunds,
    request: &RefundRequest,
    version: i64,
) -> Result<Option<String>, Trouble> {
    match refunds.query_refund(request).await {
        Ok(sighting) => {
            record_refund_sighting(gateway, &sighting, Source::answer(Way::Query, version)).await?;
            Ok(None)
        }
        Err(error) => Ok(Some(error.to_string())),
    }
}

/// Marked as sent before the wire is touched: if we die in between, the next round asks first.
async fn send(
    gateway: &Gateway,
    refunds: &dyn Refunds,
    request: &RefundRequest,
) -> Result<Option<String>, Trouble> {
    let number = &request.out_refund_no;
    let marked =
        record_refund_event(gateway, number, Event::InDoubt, Source::ours(Way::RefundAnswer)).await?;
    if marked.word != "applied" {
        return Ok(Some("somebody else is sending it".to_owned()));
    }
    let source = Source::answer(Way::RefundAnswer, marked.version);
    crash::point("refund.marked");
    let answer = refunds.refund(request).await;
    crash::point("refund.sent");
    match answer {
        Ok(sighting) => {
            record_refund_sighting(gateway, &sighting, source).await?;
            Ok(None)
        }
        Err(CallError::Refused { code, message }) => {
            let reason = format!("{code} {message}");
            record_refund_event(gateway, number, Event::Refused { reason }, source).await?;
            Ok(None)
        }
        Err(error @ (CallError::Postponed { .. } | CallError::NotSent(_))) => {
            record_refund_event(gateway, number, Event::Postponed, source).await?;
            Ok(Some(error.to_string()))
        }
        Err(CallError::InDoubt(why)) => Ok(Some(why)),
    }
}

pub(super) fn refund_request(
    gateway: &Gateway,
    record: &RefundRecord,
    payment: &PaymentRecord,
) -> Result<RefundRequest, Trouble> {
    let Some(received) = payment.payment.state.received() else {
        return Err(Trouble::Inconsistent(format!(
            "refund {} is of an order without money",
            record.refund.out_refund_no
        )));
    };
    Ok(RefundRequest {
        out_refund_no: record.refund.out_refund_no.clone(),
        out_trade_no: record.refund.out_trade_no.clone(),
        provider_trade_no: received.provider_trade_no.clone(),
        amount: record.refund.amount,
        paid: received.amount,
        reason: record.refund.reason.clone(),
        notify_url: gateway.notify_url(&payment.payment.channel),
    })
}
