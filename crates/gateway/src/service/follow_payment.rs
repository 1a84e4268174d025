//! Asking after an order until it is paid or can no longer be paid; closing it at its deadline, at the provider first.

use super::record_sighting::{Recorded, Source, Way, record_event, record_sighting};
use super::window::news_of_order;
use super::{JobEnd, Trouble};
use crate::{Gateway, crash, trace};
use mingfen_domain::ids::OutTradeNo;
use mingfen_domain::payment::{Event, State};
use mingfen_provider_api::{CallError, Sighted};
use mingfen_store::PaymentRecord;

/// Seconds between questions: quick while the patient is looking at the page, slower after.
const SCHEDULE: &[i64] = &[5, 5, 10, 15, 30, 30, 60, 60, 120, 180, 300, 600, 900, 1800, 3600];

/// One round of the job.
///
/// # Errors
/// [`Trouble`]: the worker tries again.
pub async fn follow_payment(gateway: &Gateway, order: &OutTradeNo, attempts: i64) -> Result<JobEnd, Trouble> {
    let Some(record) = gateway.store.payment(order).await? else {
        return Ok(JobEnd::Park { because: format!("there is no order {order}") });
    };
    match &record.payment.state {
        State::Opening | State::Waiting { .. } => {}
        // Not closed by a round of this job: refused, so we believe, but another tab may have had it opened at the same moment.
        // It is closed there as well, once.
        State::Closed(_) => {
            return Ok(match ask(gateway, &record, true).await? {
                Asked::Known(_) => JobEnd::Done,
                Asked::NoAnswer(_) if record.payment.expires_at <= gateway.now() => JobEnd::Done,
                Asked::NoAnswer(why) => JobEnd::widening(SCHEDULE, attempts, why),
            });
        }
        State::Paid(_) | State::Suspense { .. } => return Ok(JobEnd::Done),
    }
    let late = record.payment.expires_at <= gateway.now();
    match ask(gateway, &record, late).await? {
        Asked::Known(state) if !state.is_live() => Ok(JobEnd::Done),
        Asked::Known(_) => {
            let left = record.payment.expires_at.since_ms(gateway.now()) / 1000;
            let JobEnd::Again { after, because } = JobEnd::widening(SCHEDULE, attempts, "not paid yet")
            else {
                return Ok(JobEnd::again(60, "not paid yet"));
            };
            // The last question before the deadline is asked at the deadline.
            Ok(JobEnd::again(if left > 0 { after.min(left + 1) } else { after.min(60) }, because))
        }
        Asked::NoAnswer(why) => Ok(JobEnd::widening(SCHEDULE, attempts, why)),
    }
}

/// Asks the provider now, and closes the order there first when `close` is set. Answers the state that holds after it, or
/// `None` when there is no such order.
///
/// # Errors
/// [`Trouble`] when the answer could not be recorded. A provider that does not answer is no error: the state stays.
pub async fn ask_now(gateway: &Gateway, order: &OutTradeNo, close: bool) -> Result<Option<State>, Trouble> {
    let Some(record) = gateway.store.payment(order).await? else { return Ok(None) };
    if !record.payment.state.is_live() {
        return Ok(Some(record.payment.state));
    }
    match ask(gateway, &record, close).await? {
        Asked::Known(state) => Ok(Some(state)),
        Asked::NoAnswer(why) => {
            tracing::warn!(payment.out_trade_no = %order, error = %why, "the provider does not answer");
            Ok(Some(record.payment.state))
        }
    }
}

/// Asks the provider now. `true`: it says that the order is not paid, and no money came meanwhile. It may still be paid.
///
/// # Errors
/// As [`ask_now`].
pub async fn says_unpaid(gateway: &Gateway, order: &OutTradeNo) -> Result<bool, Trouble> {
    let Some(record) = gateway.store.payment(order).await? else { return Ok(false) };
    if !record.payment.state.is_live() {
        return Ok(false);
    }
    let Some(channel) = gateway.channel(&record.payment.channel) else { return Ok(false) };
    let Some(inquiry) = channel.inquiry() else { return Ok(false) };
    match inquiry.query(order).await {
        Ok(sighting) if sighting.out_trade_no == *order => {
            let unpaid = sighting.seen == Sighted::Waiting;
            let source = Source::answer(Way::Query, record.payment.version);
            let recorded = record_sighting(gateway, &sighting, source).await?;
            Ok(unpaid && recorded.state().is_some_and(State::is_live))
        }
        Ok(_) | Err(_) => Ok(false),
    }
}

enum Asked {
    Known(State),
    NoAnswer(String),
}

async fn ask(gateway: &Gateway, record: &PaymentRecord, close: bool) -> Result<Asked, Trouble> {
    let order = &record.payment.out_trade_no;
    let channel = gateway
        .channel(&record.payment.channel)
        .ok_or_else(|| Trouble::NoChannel(record.payment.channel.to_string()))?;
    // Nobody is asked at the window: its cashier has said something, or has not. An order that stands there is the cashier's to drop.
    if channel.window().is_some() {
        return match news_of_order(gateway, order).await? {
            Some(recorded) => known(recorded, order),
            None => Ok(Asked::Known(record.payment.state.clone())),
        };
    }
    let inquiry =
        channel.inquiry().ok_or_else(|| Trouble::NoAbility(record.payment.channel.to_string(), "inquiry"))?;
    let (answer, way) = if close {
        (trace::follow(&record.payment.trace, inquiry.close(order)).await, Way::CloseAnswer)
    } else {
        (trace::follow(&record.payment.trace, inquiry.query(order)).await, Way::Query)
    };
    crash::point_of(way.as_str(), record.payment.state.as_str(), "heard");
    let sighting = match answer {
        Ok(sighting) => sighting,
        Err(
            error @ (CallError::InDoubt(_)
            | CallError::NotSent(_)
            | CallError::Postponed { .. }
            | CallError::Refused { .. }),
        ) => {
            return Ok(Asked::NoAnswer(error.to_string()));
        }
    };
    if sighting.out_trade_no != *order {
        return Ok(Asked::NoAnswer(format!("the provider answered about {} instead", sighting.out_trade_no)));
    }
    let missing = sighting.seen == Sighted::Missing;
    let source = Source::answer(way, record.payment.version);
    let recorded = record_sighting(gateway, &sighting, source).await?;
    let grace_ms = gateway.settings.timing.missing_grace * 1000;
    let over = gateway.now().since_ms(record.payment.expires_at) > grace_ms;
    // Nobody can open or scan it any more: its own expiry at the provider has passed, with a margin. Only a close that found
    // nothing to close says so: a question's "not found" may be unsigned, and what is unsigned ends no order.
    if close && missing && over && recorded.state().is_some_and(State::is_live) {
        return known(record_event(gateway, order, Event::Expired, Way::Deadline).await?, order);
    }
    known(recorded, order)
}

fn known(recorded: Recorded, order: &OutTradeNo) -> Result<Asked, Trouble> {
    match recorded {
        Recorded::Applied(state) | Recorded::AlreadySo(state) | Recorded::Contradiction(state) => {
            Ok(Asked::Known(state))
        }
        Recorded::UnknownOrder => Err(Trouble::Inconsistent(format!("order {order} vanished"))),
    }
}
