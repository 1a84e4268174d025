//! Sending a refund, and asking after it until the money is back.

use super::record_refund::{record_refund_event, record_refund_sighting};
use super::record_sighting::{Source, Way};
use super::{JobEnd, Trouble};
use crate::{Gateway, crash};
use mingfen_domain::ids::OutRefundNo;
use mingfen_domain::refund::{Event, State};
use mingfen_provider_api::{CallError, RefundRequest, Refunds};
use mingfen_store::{PaymentRecord, RefundRecord};

/// Seconds between rounds; the last one for ever. Balance refunds take minutes, cards days.
const SCHEDULE: &[i64] = &[5, 10, 30, 60, 60, 60, 300, 600, 1200, 1800, 3600, 3600, 3600, 21_600];
/// While a person has an undeliverable refund paid out at the provider, it is asked after this often.
const ABNORMAL_SECONDS: i64 = 21_600;
/// A round that long after the request is put before a person: providers give up after a week themselves.
const PATIENCE_MS: i64 = 10 * 86_400_000;

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
    if gateway.now().since_ms(record.refund.requested_at) > PATIENCE_MS {
        let because =
            format!("refund {number} is {} for ten days; ask the provider", record.refund.state.as_str());
        return Ok(JobEnd::Park { because });
    }
    let Some(payment) = gateway.store.payment(&record.refund.out_trade_no).await? else {
        return Ok(JobEnd::Park { because: format!("refund {number} has no payment") });
    };
    let channel = gateway
        .channel(&payment.payment.channel)
        .ok_or_else(|| Trouble::NoChannel(payment.payment.channel.to_string()))?
        .clone();
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
    if record.refund.state == State::Due
        && let Some(why) = send(gateway, refunds, &request).await?
    {
        return Ok(JobEnd::widening(SCHEDULE, attempts, why));
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

fn refund_request(
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
