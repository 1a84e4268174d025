//! The one door for news of refunds, and the making of refunds that nobody asked for.

use super::Trouble;
use super::attention::{ask_person, audit};
use super::record_sighting::{Way, release_when_idle};
use crate::{Gateway, crash};
use mingfen_domain::books::{Account, Entry, Reason, refund_source};
use mingfen_domain::ids::OutRefundNo;
use mingfen_domain::refund::{Effect, Event, Origin, Outcome, Refund, State};
use mingfen_domain::{Amount, Timestamp};
use mingfen_provider_api::{RefundSighting, SightedRefund};
use mingfen_store::{Inserted, PaymentRecord, RefundHisState, RefundRecord, SightingRecord, TaskKind, Tx};

/// Records what a provider said of a refund; answers the word that is kept with the notification.
///
/// # Errors
/// [`Trouble`] when it could not be made durable: then nothing happened.
pub async fn record_refund_sighting(
    gateway: &Gateway,
    sighting: &RefundSighting,
    way: Way,
    notification_id: Option<&str>,
) -> Result<&'static str, Trouble> {
    let event = match &sighting.seen {
        SightedRefund::Processing { provider_refund_no } => {
            Event::SeenProcessing { provider_refund_no: provider_refund_no.clone() }
        }
        SightedRefund::Succeeded { provider_refund_no, refunded_at } => {
            Event::SeenSucceeded { provider_refund_no: provider_refund_no.clone(), refunded_at: *refunded_at }
        }
        SightedRefund::Abnormal { provider_refund_no } => {
            Event::SeenAbnormal { provider_refund_no: provider_refund_no.clone() }
        }
        SightedRefund::Closed => Event::SeenClosed,
        SightedRefund::Missing => Event::SeenMissing,
        SightedRefund::Unknown { text } => {
            tracing::warn!(refund.out_refund_no = %sighting.out_refund_no, provider.text = %text, "the provider says something unknown");
            return Ok("already");
        }
    };
    record(gateway, &sighting.out_refund_no, event, sighting.amount, way, notification_id).await
}

/// Records what happened to our own call.
///
/// # Errors
/// As [`record_refund_sighting`].
pub async fn record_refund_event(
    gateway: &Gateway,
    refund: &OutRefundNo,
    event: Event,
    way: Way,
) -> Result<&'static str, Trouble> {
    record(gateway, refund, event, None, way, None).await
}

async fn record(
    gateway: &Gateway,
    number: &OutRefundNo,
    event: Event,
    amount: Option<Amount>,
    way: Way,
    notification_id: Option<&str>,
) -> Result<&'static str, Trouble> {
    let now = gateway.now();
    let mut tx = gateway.store.begin().await?;
    let Some(mut record) = tx.refund_for_update(number).await? else {
        return Ok("unknown_order");
    };
    let seen = event_text(&event);
    let trace = record.refund.trace.clone();
    let other_amount = amount.filter(|amount| *amount != record.refund.amount);
    let outcome =
        if other_amount.is_some() { Outcome::Contradiction } else { record.refund.state.step(event) };
    let word = match outcome {
        Outcome::AlreadySo => "already",
        Outcome::Contradiction => {
            let said = other_amount.map_or(seen.clone(), |amount| format!("{seen} over {amount} yuan"));
            let detail = format!(
                "{} here over {} yuan, the provider says {said}; look at the refund there, change nothing here",
                record.refund.state.as_str(),
                record.refund.amount
            );
            ask_person(gateway, &mut tx, "refund_contradiction", number.as_str(), &detail, &trace, now)
                .await?;
            "contradiction"
        }
        Outcome::Moved(next, effect) => {
            record.refund.state = next;
            tx.save_refund_state(&record.refund).await?;
            if let Some(effect) = effect {
                carry_out(gateway, &mut tx, &record, effect, now).await?;
            }
            gateway
                .metrics
                .add("mingfen_refunds_total", format!("state=\"{}\"", record.refund.state.as_str()));
            "applied"
        }
    };
    if word != "already" || way == Way::Notification {
        tx.insert_sighting(&SightingRecord {
            subject: number.as_str().to_owned(),
            way: way.as_str().to_owned(),
            seen,
            detail: String::new(),
            outcome: word.to_owned(),
            at: now,
            notification_id: notification_id.map(str::to_owned),
        })
        .await?;
    }
    tx.commit().await?;
    crash::point("refund.recorded");
    if word == "applied" {
        tracing::info!(refund.out_refund_no = %number, trace = %trace, way = way.as_str(), state = record.refund.state.as_str(), "refund moved");
        gateway.work.notify_one();
    }
    Ok(word)
}

async fn carry_out(
    gateway: &Gateway,
    tx: &mut Tx,
    record: &RefundRecord,
    effect: Effect,
    now: Timestamp,
) -> Result<(), Trouble> {
    let refund = &record.refund;
    let number = refund.out_refund_no.as_str();
    match effect {
        Effect::Complete => {
            let Some(payment) = tx.payment_for_update(&refund.out_trade_no).await? else {
                return Err(Trouble::Inconsistent(format!("refund {number} has no payment")));
            };
            let receivable = Account::ChannelReceivable(payment.payment.channel.clone());
            let entry = Entry::transfer(
                Reason::RefundArrived,
                number,
                Account::RefundsPayable,
                receivable,
                refund.amount,
            )?;
            tx.post(&entry, now).await?;
            audit(tx, now, "gateway", "refund.arrived", number, &format!("{} yuan", refund.amount)).await?;
            if record.his_state == RefundHisState::Due {
                tx.schedule(TaskKind::WriteBackRefund, number, now, &refund.trace).await?;
            }
            tx.schedule(TaskKind::Notice, &format!("refunded:{number}"), now, &refund.trace).await?;
            if let Some(mut bill) = tx.bill_for_update(&record.bill_no).await? {
                release_when_idle(tx, &mut bill, now).await?;
            }
        }
        Effect::GiveUp => {
            let source = refund_source(refund.origin);
            let entry = Entry::transfer(
                Reason::RefundGivenUp,
                number,
                Account::RefundsPayable,
                source,
                refund.amount,
            )?;
            tx.post(&entry, now).await?;
            tx.release_refund_hold(&refund.out_trade_no, refund.amount).await?;
            let State::Failed { reason } = &refund.state else {
                return Err(Trouble::Inconsistent(format!(
                    "refund {number} was given up without having failed"
                )));
            };
            let detail = format!(
                "the provider did not pay it out ({reason}); the money is still ours to give: refund it again or by hand, order {}",
                refund.out_trade_no
            );
            ask_person(gateway, tx, "refund_failed", number, &detail, &refund.trace, now).await?;
        }
        Effect::AskPerson => {
            let detail = "the provider cannot deliver it (the payer's card is closed?); have it paid to another card in the provider's portal";
            ask_person(gateway, tx, "refund_abnormal", number, detail, &refund.trace, now).await?;
            tx.schedule(TaskKind::Notice, &format!("refund_delayed:{number}"), now, &refund.trace).await?;
        }
    }
    Ok(())
}

/// A refund of everything that is left of a payment, made in the transaction that found out that it is due.
pub(super) async fn add_automatic_refund(
    gateway: &Gateway,
    tx: &mut Tx,
    record: &PaymentRecord,
    origin: Origin,
    reason: &str,
    now: Timestamp,
) -> Result<(), Trouble> {
    let Some(received) = record.payment.state.received() else {
        return Err(Trouble::Inconsistent(format!(
            "payment {} has nothing to refund",
            record.payment.out_trade_no
        )));
    };
    let left = received.amount.fen().minus(record.refund_held)?;
    let Ok(amount) = Amount::try_from(left) else { return Ok(()) };
    let refund = RefundRecord {
        refund: Refund {
            out_refund_no: OutRefundNo::fresh(now, gateway.random.as_ref()),
            out_trade_no: record.payment.out_trade_no.clone(),
            amount,
            origin,
            reason: reason.to_owned(),
            state: State::Due,
            trace: record.payment.trace.clone(),
            requested_at: now,
            version: 0,
        },
        bill_no: record.payment.bill_no.clone(),
        requested_by: "gateway".to_owned(),
        // One automatic refund a payment and cause, whatever is replayed.
        request_key: Some(format!("auto:{}:{}", origin.as_str(), record.payment.out_trade_no)),
        his_state: RefundHisState::None,
        his_refund_no: None,
    };
    add_refund(tx, &refund, now).await.map(|_| ())
}

/// Stores a refund: holds the money, writes the books, makes it due. `false`: there is not that much left.
pub(super) async fn add_refund(
    tx: &mut Tx,
    record: &RefundRecord,
    now: Timestamp,
) -> Result<AddedRefund, Trouble> {
    let refund = &record.refund;
    if let Some(key) = &record.request_key
        && let Some(earlier) = tx.refund_by_request_key(key).await?
    {
        return Ok(AddedRefund::Earlier(Box::new(earlier)));
    }
    if !tx.hold_for_refund(&refund.out_trade_no, refund.amount).await? {
        return Ok(AddedRefund::TooMuch);
    }
    if let Inserted::KeyTaken(number) = tx.insert_refund(record).await? {
        return Err(Trouble::Inconsistent(format!(
            "refund {number} took the same request at the same moment; ask again"
        )));
    }
    let number = refund.out_refund_no.as_str();
    let entry = Entry::transfer(
        Reason::RefundRequested,
        number,
        refund_source(refund.origin),
        Account::RefundsPayable,
        refund.amount,
    )?;
    tx.post(&entry, now).await?;
    tx.schedule(TaskKind::FollowRefund, number, now, &refund.trace).await?;
    let detail = format!("{} yuan of {}, {}", refund.amount, refund.out_trade_no, refund.origin.as_str());
    audit(tx, now, &record.requested_by, "refund.requested", number, &detail).await?;
    Ok(AddedRefund::New)
}

/// What became of [`add_refund`].
pub(super) enum AddedRefund {
    /// Stored.
    New,
    /// The same request was stored before: this is it.
    Earlier(Box<RefundRecord>),
    /// There is not that much left to give back.
    TooMuch,
}

fn event_text(event: &Event) -> String {
    match event {
        Event::SeenProcessing { provider_refund_no } => format!("processing as {provider_refund_no}"),
        Event::SeenSucceeded { provider_refund_no, .. } => format!("succeeded as {provider_refund_no}"),
        Event::SeenAbnormal { provider_refund_no } => format!("abnormal as {provider_refund_no}"),
        Event::SeenClosed => "closed".into(),
        Event::SeenMissing => "missing".into(),
        Event::Refused { reason } => format!("refused: {reason}"),
        Event::Postponed => "postponed".into(),
        Event::InDoubt => "sent".into(),
    }
}
