//! The one door for news of refunds, and the making of refunds that nobody asked for.

use super::Trouble;
use super::attention::{ask_person, audit};
use super::record_sighting::{Source, Way, release_when_idle};
use crate::{Gateway, crash};
use mingfen_domain::books::{Account, Entry, Reason, refund_source};
use mingfen_domain::ids::{OutRefundNo, OutTradeNo, ProviderRefundNo};
use mingfen_domain::refund::{Effect, Event, Origin, Outcome, Refund, State};
use mingfen_domain::{Amount, Timestamp};
use mingfen_provider_api::{RefundSighting, SightedRefund};
use mingfen_store::{Inserted, PaymentRecord, RefundHisState, RefundRecord, SightingRecord, TaskKind, Tx};

/// What became of news of a refund.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefundRecorded {
    /// `applied`, `already`, `contradiction` or `unknown_order`: the word that is kept with a notification.
    pub word: &'static str,
    /// The refund's version after it: what an answer to the next question must be held against.
    pub version: i64,
}

/// Records what a provider said of a refund.
///
/// # Errors
/// [`Trouble`] when it could not be made durable: then nothing happened.
pub async fn record_refund_sighting(
    gateway: &Gateway,
    sighting: &RefundSighting,
    source: Source<'_>,
) -> Result<RefundRecorded, Trouble> {
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
            return nothing_written(gateway, &sighting.out_refund_no, "already", source).await;
        }
    };
    let said = Said { event, order: Some(&sighting.out_trade_no), amount: sighting.amount };
    record(gateway, &sighting.out_refund_no, said, source).await
}

/// Records what happened to our own call.
///
/// # Errors
/// As [`record_refund_sighting`].
pub async fn record_refund_event(
    gateway: &Gateway,
    refund: &OutRefundNo,
    event: Event,
    source: Source<'_>,
) -> Result<RefundRecorded, Trouble> {
    record(gateway, refund, Said { event, order: None, amount: None }, source).await
}

/// An event, with what must agree with our record for it to be about this refund.
struct Said<'a> {
    event: Event,
    order: Option<&'a OutTradeNo>,
    amount: Option<Amount>,
}

async fn record(
    gateway: &Gateway,
    number: &OutRefundNo,
    said: Said<'_>,
    source: Source<'_>,
) -> Result<RefundRecorded, Trouble> {
    let now = gateway.now();
    let way = source.way();
    let mut tx = gateway.store.begin().await?;
    let Some(mut record) = refund_meant(&mut tx, number, said.order, source).await? else {
        tx.rollback().await?;
        return nothing_written(gateway, number, "unknown_order", source).await;
    };
    let seen = event_text(&said.event);
    let trace = record.refund.trace.clone();
    let other_amount = said.amount.filter(|amount| *amount != record.refund.amount);
    let outcome = if other_amount.is_some() {
        Outcome::Contradiction
    } else if source.is_older_than(record.refund.version) && said.event.is_undone_by_time() {
        Outcome::AlreadySo
    } else {
        record.refund.state.step(said.event)
    };
    let outcome =
        if can_be_carried_out(&mut tx, &record, &outcome).await? { outcome } else { Outcome::Contradiction };
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
            let leaves = record.refund.state == State::Due && next == State::Unknown;
            record.refund.state = next;
            tx.save_refund_state(&record.refund).await?;
            if leaves {
                tx.set_refund_sent(number, now).await?;
            }
            record.refund.version += 1;
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
            notification_id: source.notification_id().map(str::to_owned),
        })
        .await?;
    }
    source.set_verdict(&mut tx, word, number.as_str()).await?;
    crash::point_of("refund", record.refund.state.as_str(), "before_commit");
    tx.commit().await?;
    crash::point_of("refund", record.refund.state.as_str(), "recorded");
    if word == "applied" {
        tracing::info!(refund.out_refund_no = %number, trace = %trace, way = way.as_str(), state = record.refund.state.as_str(), "refund moved");
        gateway.work.notify_one();
    }
    Ok(RefundRecorded { word, version: record.refund.version })
}

/// The refund of that number, if what was said names its order and came from its account.
async fn refund_meant(
    tx: &mut Tx,
    number: &OutRefundNo,
    order: Option<&OutTradeNo>,
    source: Source<'_>,
) -> Result<Option<RefundRecord>, Trouble> {
    let Some(record) = tx.refund_for_update(number).await? else { return Ok(None) };
    if order.is_some_and(|order| *order != record.refund.out_trade_no) {
        return Ok(None);
    }
    let Some(payment) = tx.payment(&record.refund.out_trade_no).await? else { return Ok(None) };
    Ok((!source.is_of_another_account(&payment.payment.channel)).then_some(record))
}

async fn nothing_written(
    gateway: &Gateway,
    number: &OutRefundNo,
    word: &'static str,
    source: Source<'_>,
) -> Result<RefundRecorded, Trouble> {
    source.set_verdict_alone(gateway, word, number.as_str()).await?;
    Ok(RefundRecorded { word, version: 0 })
}

/// Whether the books can follow. A refund that was given up and moves all the same takes its money back; when that has been
/// given back under another number meanwhile, it was paid out twice and a person must see it. The money of one refund is
/// given up and taken back once: what wavers further is nothing that a program should settle.
async fn can_be_carried_out(tx: &mut Tx, record: &RefundRecord, outcome: &Outcome) -> Result<bool, Trouble> {
    let refund = &record.refund;
    match outcome {
        Outcome::Moved(_, Some(Effect::TakeBack | Effect::TakeBackAndComplete)) => {
            Ok(tx.hold_for_refund(&refund.out_trade_no, refund.amount).await?)
        }
        Outcome::Moved(_, Some(Effect::GiveUp)) => {
            let entries = tx.entries_of(refund.out_refund_no.as_str()).await?;
            Ok(entries.iter().all(|entry| entry.reason != Reason::RefundTakenBack))
        }
        Outcome::Moved(..) | Outcome::AlreadySo | Outcome::Contradiction => Ok(true),
    }
}

/// What follows from a step, in its transaction.
async fn carry_out(
    gateway: &Gateway,
    tx: &mut Tx,
    record: &RefundRecord,
    effect: Effect,
    now: Timestamp,
) -> Result<(), Trouble> {
    match effect {
        Effect::Complete => complete(tx, record, now).await,
        Effect::GiveUp => give_up(gateway, tx, record, now).await,
        Effect::AskPerson => {
            let number = record.refund.out_refund_no.as_str();
            let detail = "the provider cannot deliver it (the payer's card is closed?); have it paid to another card in the provider's portal";
            ask_person(gateway, tx, "refund_abnormal", number, detail, &record.refund.trace, now).await?;
            let notice = format!("refund_delayed:{number}");
            Ok(tx.schedule(TaskKind::Notice, &notice, now, &record.refund.trace).await?)
        }
        Effect::TakeBack => take_back(tx, record, now).await,
        Effect::TakeBackAndComplete => {
            take_back(tx, record, now).await?;
            complete(tx, record, now).await
        }
    }
}

async fn complete(tx: &mut Tx, record: &RefundRecord, now: Timestamp) -> Result<(), Trouble> {
    let refund = &record.refund;
    let Some(payment) = tx.payment_for_update(&refund.out_trade_no).await? else {
        return Err(Trouble::Inconsistent(format!("refund {} has no payment", refund.out_refund_no)));
    };
    let receivable = Account::ChannelReceivable(payment.payment.channel.clone());
    conclude(tx, record, Reason::RefundArrived, receivable, now).await
}

/// What stands where the provider's number would stand.
pub(super) fn number_of_a_refund_by_hand() -> ProviderRefundNo {
    ProviderRefundNo::parse("BY-HAND").expect("printable")
}

/// A refund that a person has paid out past the channel, in the transaction that stores it.
pub(super) async fn complete_by_hand(
    tx: &mut Tx,
    record: &RefundRecord,
    now: Timestamp,
) -> Result<(), Trouble> {
    conclude(tx, record, Reason::RefundPaidByHand, Account::PaidByHand, now).await
}

/// The money is at the payer: the books are closed, HIS and the patient are told.
async fn conclude(
    tx: &mut Tx,
    record: &RefundRecord,
    reason: Reason,
    from: Account,
    now: Timestamp,
) -> Result<(), Trouble> {
    let refund = &record.refund;
    let number = refund.out_refund_no.as_str();
    let entry = Entry::transfer(reason, number, Account::RefundsPayable, from, refund.amount)?;
    tx.post(&entry, now).await?;
    audit(tx, now, "gateway", "refund.arrived", number, &format!("{} yuan", refund.amount)).await?;
    if record.his_state == RefundHisState::Due {
        tx.schedule(TaskKind::WriteBackRefund, number, now, &refund.trace).await?;
    }
    tx.schedule(TaskKind::Notice, &format!("refunded:{number}"), now, &refund.trace).await?;
    if let Some(mut bill) = tx.bill_for_update(&record.bill_no).await? {
        release_when_idle(tx, &mut bill, now).await?;
    }
    Ok(())
}

async fn give_up(
    gateway: &Gateway,
    tx: &mut Tx,
    record: &RefundRecord,
    now: Timestamp,
) -> Result<(), Trouble> {
    let refund = &record.refund;
    let number = refund.out_refund_no.as_str();
    let source = refund_source(refund.origin);
    let entry =
        Entry::transfer(Reason::RefundGivenUp, number, Account::RefundsPayable, source, refund.amount)?;
    tx.post(&entry, now).await?;
    tx.release_refund_hold(&refund.out_trade_no, refund.amount).await?;
    let State::Failed { reason } = &refund.state else {
        return Err(Trouble::Inconsistent(format!("refund {number} was given up without having failed")));
    };
    let detail = format!(
        "the provider did not pay it out ({reason}); the money is still ours to give: refund it again or by hand, order {}",
        refund.out_trade_no
    );
    Ok(ask_person(gateway, tx, "refund_failed", number, &detail, &refund.trace, now).await?)
}

/// It had been given up, and its money is held again: the books follow, and who was to refund it anew must not.
async fn take_back(tx: &mut Tx, record: &RefundRecord, now: Timestamp) -> Result<(), Trouble> {
    let refund = &record.refund;
    let number = refund.out_refund_no.as_str();
    let source = refund_source(refund.origin);
    let entry =
        Entry::transfer(Reason::RefundTakenBack, number, source, Account::RefundsPayable, refund.amount)?;
    tx.post(&entry, now).await?;
    tx.schedule(TaskKind::FollowRefund, number, now, &refund.trace).await?;
    tx.close_parked(&format!("ask_person:{number}:refund_failed"), now).await?;
    let detail = format!("{} yuan: refused before, and now {}", refund.amount, refund.state.as_str());
    Ok(audit(tx, now, "gateway", "refund.taken_back", number, &detail).await?)
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
        slip_no: None,
        request_digest: None,
        sent_at: None,
    };
    add_refund(tx, &refund, now).await?;
    crash::point("auto_refund.before_commit");
    Ok(())
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
    if refund.state.is_under_way() {
        tx.schedule(TaskKind::FollowRefund, number, now, &refund.trace).await?;
    }
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
