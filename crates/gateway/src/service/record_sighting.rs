//! The one door for news of orders: notification, query, order answer, close answer and, later, statement line.

use super::Trouble;
use super::attention::{ask_person, audit};
use super::record_refund::add_automatic_refund;
use crate::{Gateway, crash};
use mingfen_domain::bill::BillState;
use mingfen_domain::books::{Account, Entry, Reason};
use mingfen_domain::ids::{ChannelId, OutTradeNo};
use mingfen_domain::payment::{BillStanding, Contradiction, Effect, Event, Outcome, Received, State};
use mingfen_domain::{Timestamp, refund};
use mingfen_provider_api::{OrderSighting, Sighted};
use mingfen_store::{BillRecord, Claim, PaymentRecord, SightingRecord, StoreError, TaskKind, Tx};

/// By which way we learnt it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// The provider told us.
    Notification,
    /// We asked.
    Query,
    /// The answer to our order.
    OrderAnswer,
    /// The answer to our close.
    CloseAnswer,
    /// The answer to our refund.
    RefundAnswer,
    /// Our own deadline.
    Deadline,
    /// A cashier said so, at the window.
    Cashier,
}

impl Way {
    /// The word that is stored.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Notification => "notification",
            Self::Query => "query",
            Self::OrderAnswer => "order_answer",
            Self::CloseAnswer => "close_answer",
            Self::RefundAnswer => "refund_answer",
            Self::Deadline => "deadline",
            Self::Cashier => "cashier",
        }
    }
}

/// From where news came, and against what it has to hold.
#[derive(Clone, Copy, Debug)]
pub struct Source<'a> {
    way: Way,
    told: Option<Told<'a>>,
    asked_at: Option<i64>,
}

/// A notification that was kept and proven.
#[derive(Clone, Copy, Debug)]
pub struct Told<'a> {
    /// Under which it is kept; its record gets its verdict in the transaction that applies it.
    pub notification_id: &'a str,
    /// The provider's number of the event.
    pub event_id: &'a str,
    /// The account at whose address it came in: an order is moved by news of its own account only.
    pub channel: &'a ChannelId,
}

impl<'a> Source<'a> {
    /// Something that we know by ourselves.
    pub const fn ours(way: Way) -> Self {
        Self { way, told: None, asked_at: None }
    }

    /// The provider told us.
    pub const fn told(told: Told<'a>) -> Self {
        Self { way: Way::Notification, told: Some(told), asked_at: None }
    }

    /// An answer to a question that was put when the record had this version. What it denies may have happened since: then it
    /// is old news, no contradiction.
    pub const fn answer(way: Way, asked_at: i64) -> Self {
        Self { way, told: None, asked_at: Some(asked_at) }
    }

    /// By which way.
    pub const fn way(&self) -> Way {
        self.way
    }

    /// The notification, if it was one.
    pub(super) const fn notification_id(&self) -> Option<&'a str> {
        match &self.told {
            Some(told) => Some(told.notification_id),
            None => None,
        }
    }

    /// Whether it was told at the address of another account than this one.
    pub(super) fn is_of_another_account(&self, channel: &ChannelId) -> bool {
        self.told.is_some_and(|told| told.channel != channel)
    }

    /// Whether the record has moved since the question was put.
    pub(super) fn is_older_than(&self, version: i64) -> bool {
        self.asked_at.is_some_and(|asked_at| asked_at != version)
    }

    /// Writes down what became of the notification, in the transaction that did it.
    pub(super) async fn set_verdict(&self, tx: &mut Tx, word: &str, subject: &str) -> Result<(), StoreError> {
        match &self.told {
            Some(told) => {
                tx.set_verdict(told.notification_id, word, Some(told.event_id), Some(subject)).await
            }
            None => Ok(()),
        }
    }

    /// The same where nothing else is written.
    pub(super) async fn set_verdict_alone(
        &self,
        gateway: &Gateway,
        word: &str,
        subject: &str,
    ) -> Result<(), StoreError> {
        match &self.told {
            Some(told) => {
                let event_id = Some(told.event_id);
                gateway.store.set_verdict(told.notification_id, word, event_id, Some(subject)).await
            }
            None => Ok(()),
        }
    }
}

/// What became of the news.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Recorded {
    /// The order moved, to the state that now holds.
    Applied(State),
    /// Nothing new; the state that holds.
    AlreadySo(State),
    /// It denies what we hold; kept, and put before a person. The state that holds.
    Contradiction(State),
    /// No such order here.
    UnknownOrder,
}

impl Recorded {
    /// The word that is stored with a notification.
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Applied(_) => "applied",
            Self::AlreadySo(_) => "already",
            Self::Contradiction(_) => "contradiction",
            Self::UnknownOrder => "unknown_order",
        }
    }

    /// The state that holds now.
    pub const fn state(&self) -> Option<&State> {
        match self {
            Self::Applied(state) | Self::AlreadySo(state) | Self::Contradiction(state) => Some(state),
            Self::UnknownOrder => None,
        }
    }
}

/// Records what a provider said of an order.
///
/// # Errors
/// [`Trouble`] when it could not be made durable: then nothing happened, and the provider must not be acknowledged.
pub async fn record_sighting(
    gateway: &Gateway,
    sighting: &OrderSighting,
    source: Source<'_>,
) -> Result<Recorded, Trouble> {
    let news = match &sighting.seen {
        Sighted::Paid { provider_trade_no, amount, paid_at } => News::Paid(Received {
            provider_trade_no: provider_trade_no.clone(),
            amount: *amount,
            paid_at: *paid_at,
        }),
        Sighted::Waiting => News::Event(Event::SeenWaiting),
        Sighted::Closed => News::Event(Event::SeenClosed),
        Sighted::Missing => News::Event(Event::SeenMissing),
        Sighted::Unknown { text } => {
            tracing::warn!(payment.out_trade_no = %sighting.out_trade_no, provider.text = %text, "the provider says something unknown");
            News::Event(Event::SeenUnknown)
        }
    };
    record(gateway, &sighting.out_trade_no, news, source).await
}

/// Records what we did or decided ourselves: the order was opened, refused, or its time is over.
///
/// # Errors
/// As [`record_sighting`].
pub async fn record_event(
    gateway: &Gateway,
    order: &OutTradeNo,
    event: Event,
    way: Way,
) -> Result<Recorded, Trouble> {
    record(gateway, order, News::Event(event), Source::ours(way)).await
}

/// Money is turned into an event only when the bill has been read in the same transaction.
enum News {
    Paid(Received),
    Opened(mingfen_provider_api::Opened),
    Event(Event),
}

async fn record(
    gateway: &Gateway,
    order: &OutTradeNo,
    news: News,
    source: Source<'_>,
) -> Result<Recorded, Trouble> {
    let recorded = record_uncounted(gateway, order, news, source).await?;
    let labels = format!("way=\"{}\",outcome=\"{}\"", source.way.as_str(), recorded.as_str());
    gateway.metrics.add("mingfen_sightings_total", labels);
    Ok(recorded)
}

async fn record_uncounted(
    gateway: &Gateway,
    order: &OutTradeNo,
    news: News,
    source: Source<'_>,
) -> Result<Recorded, Trouble> {
    let known = gateway.store.payment(order).await?;
    let Some(known) = known.filter(|known| !source.is_of_another_account(&known.payment.channel)) else {
        source.set_verdict_alone(gateway, Recorded::UnknownOrder.as_str(), order.as_str()).await?;
        return Ok(Recorded::UnknownOrder);
    };
    // A repeat of what we hold for good moves nothing: money once seen never changes.
    if let (News::Paid(received), Some(first)) = (&news, known.payment.state.received())
        && first.provider_trade_no == received.provider_trade_no
        && first.amount == received.amount
    {
        let recorded = Recorded::AlreadySo(known.payment.state);
        source.set_verdict_alone(gateway, recorded.as_str(), order.as_str()).await?;
        return Ok(recorded);
    }

    let now = gateway.now();
    let mut tx = gateway.store.begin().await?;
    let Some(mut record) = tx.payment_for_update(order).await? else {
        return Ok(Recorded::UnknownOrder);
    };
    let Some(mut bill) = tx.bill_for_update(&record.payment.bill_no).await? else {
        return Err(Trouble::Inconsistent(format!("payment {order} has no bill {}", record.payment.bill_no)));
    };
    let (event, seen) = match news {
        News::Paid(received) => {
            let seen = format!("paid {} as {}", received.amount, received.provider_trade_no);
            let standing = standing(&mut tx, &record, &mut bill, &received).await?;
            (Event::SeenPaid { received, bill: standing }, seen)
        }
        News::Opened(opened) => {
            record.handle_until = Some(opened.usable_until);
            (Event::Opened { handle: opened.handle }, "opened".to_owned())
        }
        News::Event(event) => {
            let seen = event_text(&event);
            (event, seen)
        }
    };
    let handle_until = record.handle_until;
    let outcome = record.payment.state.step(record.payment.amount, event);
    let recorded = match outcome {
        Outcome::AlreadySo => Recorded::AlreadySo(record.payment.state.clone()),
        // The question was put before the money came.
        Outcome::Contradiction(Contradiction::PaidButDenied)
            if source.is_older_than(record.payment.version) =>
        {
            Recorded::AlreadySo(record.payment.state.clone())
        }
        Outcome::Contradiction(kind) => {
            if kind == Contradiction::OpenedAfterClose {
                tx.schedule(TaskKind::FollowPayment, order.as_str(), now, &record.payment.trace).await?;
            }
            let detail = contradiction_text(kind, &record, &seen);
            ask_person(
                gateway,
                &mut tx,
                "contradiction",
                order.as_str(),
                &detail,
                &record.payment.trace,
                now,
            )
            .await?;
            Recorded::Contradiction(record.payment.state.clone())
        }
        Outcome::Moved(next, effects) => {
            record.payment.state = next;
            tx.save_payment_state(&record.payment, handle_until).await?;
            for effect in effects {
                carry_out(gateway, &mut tx, &record, &mut bill, effect, now).await?;
            }
            Recorded::Applied(record.payment.state.clone())
        }
    };
    // A poll that finds nothing new is not worth a row; everything else is the order's story.
    if !matches!(recorded, Recorded::AlreadySo(_)) || source.told.is_some() {
        tx.insert_sighting(&SightingRecord {
            subject: order.as_str().to_owned(),
            way: source.way.as_str().to_owned(),
            seen,
            detail: String::new(),
            outcome: recorded.as_str().to_owned(),
            at: now,
            notification_id: source.notification_id().map(str::to_owned),
        })
        .await?;
    }
    source.set_verdict(&mut tx, recorded.as_str(), order.as_str()).await?;
    crash::point_of("sighting", record.payment.state.as_str(), "before_commit");
    tx.commit().await?;
    crash::point_of("sighting", record.payment.state.as_str(), "recorded");
    if matches!(recorded, Recorded::Applied(_)) {
        tracing::info!(payment.out_trade_no = %order, trace = %record.payment.trace, way = source.way.as_str(), state = record.payment.state.as_str(), "order moved");
        gateway.work.notify_one();
    }
    Ok(recorded)
}

/// Whether the bill can still be settled by this payment. A bill that was released takes late money if its slips are still
/// free: it claims them again, and HIS decides whether they can be booked.
async fn standing(
    tx: &mut Tx,
    record: &PaymentRecord,
    bill: &mut BillRecord,
    received: &Received,
) -> Result<BillStanding, Trouble> {
    let order = &record.payment.out_trade_no;
    if record.payment.state.received().is_some() || received.amount != record.payment.amount {
        return Ok(BillStanding::Free);
    }
    match &bill.bill.state {
        BillState::Open => Ok(BillStanding::Free),
        BillState::Settled { by } if by == order => Ok(BillStanding::Free),
        BillState::Settled { .. } => Ok(BillStanding::Taken),
        BillState::Released => {
            let slips: Vec<_> = bill.bill.slips.iter().map(|slip| slip.slip_no.clone()).collect();
            match tx.claim_slips(&bill.bill.hospital, &slips, &bill.bill.bill_no).await? {
                Claim::Done => Ok(BillStanding::Free),
                Claim::HeldBy(_) => Ok(BillStanding::Taken),
            }
        }
    }
}

async fn carry_out(
    gateway: &Gateway,
    tx: &mut Tx,
    record: &PaymentRecord,
    bill: &mut BillRecord,
    effect: Effect,
    now: Timestamp,
) -> Result<(), Trouble> {
    let payment = &record.payment;
    let order = payment.out_trade_no.as_str();
    let receivable = Account::ChannelReceivable(payment.channel.clone());
    let received = payment.state.received();
    match (effect, received) {
        (Effect::SettleBill, Some(received)) => {
            let settled = BillState::Settled { by: payment.out_trade_no.clone() };
            tx.set_bill_state(&bill.bill.bill_no, &settled, bill.version).await?;
            bill.version += 1;
            bill.bill.state = settled;
            tx.post(
                &Entry::transfer(Reason::Paid, order, receivable, Account::PatientMoney, received.amount)?,
                now,
            )
            .await?;
            tx.insert_write_back_due(&bill.bill.bill_no, &payment.out_trade_no, now).await?;
            tx.schedule(TaskKind::WriteBack, bill.bill.bill_no.as_str(), now, &payment.trace).await?;
            audit(tx, now, "gateway", "payment.paid", order, &format!("{} yuan", received.amount)).await?;
        }
        (Effect::RefundAll, Some(received)) => {
            tx.post(
                &Entry::transfer(
                    Reason::PaidIntoSuspense,
                    order,
                    receivable,
                    Account::Suspense,
                    received.amount,
                )?,
                now,
            )
            .await?;
            audit(
                tx,
                now,
                "gateway",
                "payment.double",
                order,
                &format!("{} yuan, sent back", received.amount),
            )
            .await?;
            add_automatic_refund(gateway, tx, record, refund::Origin::Double, "重复支付，原路退回", now)
                .await?;
        }
        (Effect::AskPerson, Some(received)) => {
            tx.post(
                &Entry::transfer(
                    Reason::PaidIntoSuspense,
                    order,
                    receivable,
                    Account::Suspense,
                    received.amount,
                )?,
                now,
            )
            .await?;
            let detail = format!(
                "the provider received {} yuan instead of {}; look at the order there, then send it back with: mingfen refund {order}",
                received.amount, payment.amount
            );
            ask_person(gateway, tx, "wrong_amount", order, &detail, &payment.trace, now).await?;
        }
        (Effect::ReleaseBill, _) => release_when_idle(tx, bill, now).await?,
        (Effect::SettleBill | Effect::RefundAll | Effect::AskPerson, None) => {
            return Err(Trouble::Inconsistent(format!(
                "payment {order} has an effect of money but no money"
            )));
        }
    }
    Ok(())
}

/// Gives the slips back when nothing of the bill is live or holds money.
pub(super) async fn release_when_idle(
    tx: &mut Tx,
    bill: &mut BillRecord,
    now: Timestamp,
) -> Result<(), Trouble> {
    if bill.bill.state != BillState::Open {
        return Ok(());
    }
    let others = tx.payments_of_bill(&bill.bill.bill_no).await?;
    let holds = |other: &PaymentRecord| {
        let money_left =
            other.payment.state.received().is_some_and(|received| other.refund_held < received.amount.fen());
        other.payment.state.is_live() || money_left
    };
    if others.iter().any(holds) {
        return Ok(());
    }
    tx.set_bill_state(&bill.bill.bill_no, &BillState::Released, bill.version).await?;
    bill.version += 1;
    bill.bill.state = BillState::Released;
    tx.release_claims(&bill.bill.bill_no).await?;
    if bill.bill.lock_token.is_some() {
        tx.schedule(TaskKind::Unlock, bill.bill.bill_no.as_str(), now, &bill.trace).await?;
    }
    Ok(())
}

fn event_text(event: &Event) -> String {
    match event {
        Event::Opened { .. } => "opened".into(),
        Event::OpenRefused { code } => format!("refused: {code}"),
        Event::SeenPaid { received, .. } => format!("paid {}", received.amount),
        Event::SeenWaiting => "waiting".into(),
        Event::SeenMissing => "missing".into(),
        Event::SeenClosed => "closed".into(),
        Event::SeenUnknown => "unknown".into(),
        Event::Expired => "expired".into(),
    }
}

fn contradiction_text(kind: Contradiction, record: &PaymentRecord, seen: &str) -> String {
    let here = record.payment.state.as_str();
    match kind {
        Contradiction::PaidButDenied => {
            format!("paid here, the provider now says {seen}; ask the provider, change nothing")
        }
        Contradiction::PaidOtherwise => {
            format!(
                "{here} here, the provider now says {seen}; this is other money, ask the provider and refund it there"
            )
        }
        Contradiction::OpenedAfterClose => {
            "closed here, the provider opened it all the same; it is closed there by the next round".into()
        }
    }
}

/// Records that the provider opened the order and until when its handle works.
pub(super) async fn record_opened(
    gateway: &Gateway,
    order: &OutTradeNo,
    opened: mingfen_provider_api::Opened,
) -> Result<Recorded, Trouble> {
    record(gateway, order, News::Opened(opened), Source::ours(Way::OrderAnswer)).await
}
