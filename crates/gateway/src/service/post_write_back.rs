//! Telling HIS that a bill was paid; asking first when an earlier telling may have arrived; sending the money back when HIS
//! refuses for good, and asking again later whether it stayed with that.

use super::attention::{ask_person, ask_person_alone, audit};
use super::record_refund::add_automatic_refund;
use super::{JobEnd, Trouble};
use crate::{Gateway, crash};
use mingfen_domain::Timestamp;
use mingfen_domain::books::{Account, Entry, Reason};
use mingfen_domain::ids::BillNo;
use mingfen_domain::refund::Origin;
use mingfen_domain::split::Tender;
use mingfen_domain::write_back::{Event, Outcome, State};
use mingfen_his::{Booking, BookingAnswer, Found, FoundBooking, MISCONFIGURED, PaidTender, SlipAmount};
use mingfen_store::{BillRecord, PaymentRecord, TaskKind, Tx, WriteBackRecord};

/// Seconds between tries (docs: his.md, failure rule 3); the last one for ever.
const SCHEDULE: &[i64] = &[5, 15, 30, 60, 120, 300, 600, 1800];
/// A refusal is believed only so long after a telling without an answer: HIS may still be at that one, and refuse the next
/// because of it.
const DOUBT_SETTLES_MS: i64 = 120_000;
/// Seconds after a refusal at which HIS is asked once more (failure rule 8).
const RECHECKS: &[i64] = &[300, 3_300, 82_800];

/// One round of the job.
///
/// # Errors
/// [`Trouble`]: the worker tries again.
pub async fn post_write_back(gateway: &Gateway, bill_no: &BillNo, attempts: i64) -> Result<JobEnd, Trouble> {
    let told = match Telling::read(gateway, bill_no).await? {
        Ok(told) => told,
        Err(park) => return Ok(park),
    };
    let mut record = told.record.clone();
    if matches!(record.state, State::Posted(_) | State::Refused { .. }) {
        return Ok(JobEnd::Done);
    }
    if record.state.ask_first() {
        if let Some(left) = unsettled(gateway, &record) {
            return Ok(JobEnd::again(left, "HIS may still be at an earlier telling"));
        }
        let event = match told.was_it_booked(gateway, &record).await? {
            Asked::Event(event) => event,
            Asked::Later(why) => return told.later(gateway, attempts, why).await,
        };
        // Told, no answer, and HIS does not have it: it may still be at it.
        let doubted = record.state == State::Unknown && event == Event::NotFound;
        record = told.record_event(gateway, event, record.version, doubted).await?;
    }
    if record.state == State::Due {
        // Marked before the wire: if we die now, the next round asks first.
        record = told.record_event(gateway, Event::InDoubt, record.version, false).await?;
        crash::point("write_back.marked");
        let answer = gateway.his.book(&booking(&told.bill, &told.payment)?).await;
        crash::point("write_back.told");
        let event = match answer {
            BookingAnswer::Booked(booked) => Event::Booked(booked),
            // HIS holds another booking under our number: neither a booking of this money nor a reason to give it back.
            BookingAnswer::Refused { code, message } if code == "ORDER_CONFLICT" => {
                let detail = format!(
                    "HIS has another booking under this number ({message}); compare the two, have HIS mend its own, then: mingfen tasks retry"
                );
                told.ask_person(gateway, "order_conflict", &detail).await?;
                return told.later(gateway, attempts, format!("{code} {message}")).await;
            }
            BookingAnswer::Refused { code, message } => {
                Event::Refused { reason: format!("{code} {message}") }
            }
            BookingAnswer::InDoubt(why) => return told.later(gateway, attempts, why).await,
            BookingAnswer::NotSent(why) => {
                told.record_event(gateway, Event::NotFound, record.version, false).await?;
                return told.later(gateway, attempts, why).await;
            }
        };
        record = told.record_event(gateway, event, record.version, false).await?;
    }
    match &record.state {
        State::Posted(_) => {
            // HIS is back: what else waited for it need not wait for its turn.
            if attempts > 1 {
                gateway.store.hasten(TaskKind::WriteBack, gateway.now()).await?;
                gateway.store.hasten(TaskKind::WriteBackRefund, gateway.now()).await?;
            }
            Ok(JobEnd::Done)
        }
        State::Refused { .. } => Ok(JobEnd::Done),
        State::RefusalToConfirm { reason } => {
            let after = unsettled(gateway, &record).unwrap_or(1);
            Ok(JobEnd::again(after, format!("HIS says no, asked once more: {reason}")))
        }
        State::Due | State::Unknown => told.later(gateway, attempts, "not booked yet".into()).await,
    }
}

/// Asks HIS some time after a refusal whether it has booked the bill all the same: a telling that had no answer may be
/// carried out late. Then the hospital has both given the money back and charged the patient, and a person must know.
///
/// # Errors
/// [`Trouble`]: the worker tries again.
pub async fn recheck_refusal(gateway: &Gateway, bill_no: &BillNo, attempts: i64) -> Result<JobEnd, Trouble> {
    if still_refused(gateway, bill_no).await? == Refusal::Withdrawn {
        return Ok(JobEnd::Done);
    }
    let next = usize::try_from(attempts).ok().and_then(|round| RECHECKS.get(round));
    Ok(next.map_or(JobEnd::Done, |after| JobEnd::again(*after, "refused; asked once more later")))
}

/// What HIS says now of a bill that it refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    /// It has not booked it.
    Stands,
    /// It has booked it, and a person has been told.
    Withdrawn,
    /// It does not answer.
    Unknown,
}

/// Asks HIS whether it has booked a bill that it refused, before and after its money goes back.
pub(super) async fn still_refused(gateway: &Gateway, bill_no: &BillNo) -> Result<Refusal, Trouble> {
    let Ok(told) = Telling::read(gateway, bill_no).await? else { return Ok(Refusal::Stands) };
    if !gateway.his.capabilities().finds_bookings {
        return Ok(Refusal::Stands);
    }
    match gateway.his.find_booking(&told.bill.bill.hospital, bill_no).await {
        Found::No => Ok(Refusal::Stands),
        Found::Unknown(_) => Ok(Refusal::Unknown),
        Found::Yes(found) => {
            told.record_event(gateway, Event::Booked(found.booked), told.record.version, false).await?;
            Ok(Refusal::Withdrawn)
        }
    }
}

/// Seconds until a refusal may be believed, if it may not yet.
fn unsettled(gateway: &Gateway, record: &WriteBackRecord) -> Option<i64> {
    let State::RefusalToConfirm { .. } = &record.state else { return None };
    let left = DOUBT_SETTLES_MS - gateway.now().since_ms(record.doubted_at?);
    (left > 0).then_some(left / 1000 + 1)
}

enum Asked {
    Event(Event),
    Later(String),
}

/// A bill, the payment that settled it, and what HIS was told of them.
struct Telling {
    record: WriteBackRecord,
    bill: BillRecord,
    payment: PaymentRecord,
}

impl Telling {
    /// `Err`: nothing can be told, and why.
    async fn read(gateway: &Gateway, bill_no: &BillNo) -> Result<Result<Self, JobEnd>, Trouble> {
        let park = |because: String| Ok(Err(JobEnd::Park { because }));
        let Some(record) = gateway.store.write_back(bill_no).await? else {
            return park(format!("bill {bill_no} has no write-back"));
        };
        let Some(bill) = gateway.store.bill(bill_no).await? else {
            return park(format!("there is no bill {bill_no}"));
        };
        let Some(payment) = gateway.store.payment(&record.out_trade_no).await? else {
            return park(format!("bill {bill_no} was settled by an order that is not there"));
        };
        Ok(Ok(Self { record, bill, payment }))
    }

    /// The compensation query (交易核查), or what stands in for it at a HIS that has none.
    async fn was_it_booked(&self, gateway: &Gateway, record: &WriteBackRecord) -> Result<Asked, Trouble> {
        let bill = &self.bill.bill;
        let can = gateway.his.capabilities();
        if !can.finds_bookings {
            if can.booking_is_idempotent || matches!(record.state, State::RefusalToConfirm { .. }) {
                // Told again, it gives its first answer; a refusal is taken as it was said.
                return Ok(Asked::Event(Event::NotFound));
            }
            let detail = "paid, HIS gave no answer and can neither be asked nor told twice: look there. Booked: have it noted; not booked: refund it";
            self.ask_person(gateway, "write_back_overdue", detail).await?;
            return Ok(Asked::Later("HIS cannot be asked; a person looks".to_owned()));
        }
        match gateway.his.find_booking(&bill.hospital, &bill.bill_no).await {
            Found::Yes(FoundBooking { booked, total }) if total == bill.split.self_pay() => {
                Ok(Asked::Event(Event::Booked(booked)))
            }
            Found::Yes(FoundBooking { total, .. }) => {
                let detail = format!(
                    "HIS has booked {total} yuan under this number, {} yuan were paid; have HIS correct it, nothing is refunded meanwhile",
                    bill.split.self_pay()
                );
                self.ask_person(gateway, "booked_otherwise", &detail).await?;
                Ok(Asked::Later("HIS has booked another sum".to_owned()))
            }
            Found::No => Ok(Asked::Event(Event::NotFound)),
            Found::Unknown(why) => Ok(Asked::Later(why)),
        }
    }

    /// After `max_unknown` a person is told, and it goes on all the same: HIS that is back after a night must catch up.
    async fn later(&self, gateway: &Gateway, attempts: i64, why: String) -> Result<JobEnd, Trouble> {
        let payment = &self.payment.payment;
        let paid_at = payment.state.received().map_or(payment.created_at, |received| received.paid_at);
        if why.starts_with(MISCONFIGURED) {
            self.ask_person(gateway, "his_refuses_us", &why).await?;
        }
        if gateway.now().since_ms(paid_at) > gateway.settings.timing.max_unknown * 1000 {
            let detail = "paid, and HIS has not confirmed it for long; it is still tried. Look at HIS; refund only when HIS says it is not booked";
            self.ask_person(gateway, "write_back_overdue", detail).await?;
        }
        gateway.metrics.add("mingfen_write_backs_total", "outcome=\"later\"".into());
        Ok(JobEnd::widening(SCHEDULE, attempts, why))
    }

    async fn ask_person(&self, gateway: &Gateway, kind: &str, detail: &str) -> Result<(), Trouble> {
        let number = self.bill.bill.bill_no.as_str();
        Ok(ask_person_alone(gateway, kind, number, detail, &self.bill.trace).await?)
    }

    /// Steps the machine. `asked_at` is the version that the answer was asked for: what a denial denies may have happened since.
    /// `doubted`: an earlier telling was found without an answer.
    async fn record_event(
        &self,
        gateway: &Gateway,
        event: Event,
        asked_at: i64,
        doubted: bool,
    ) -> Result<WriteBackRecord, Trouble> {
        let now = gateway.now();
        let bill_no = &self.bill.bill.bill_no;
        let mut tx = gateway.store.begin().await?;
        // The payment first, as everywhere: one order of locks.
        let Some(payment) = tx.payment_for_update(&self.payment.payment.out_trade_no).await? else {
            return Err(Trouble::Inconsistent(format!("bill {bill_no} lost its order")));
        };
        let Some(mut record) = tx.write_back_for_update(bill_no).await? else {
            return Err(Trouble::Inconsistent(format!("bill {bill_no} lost its write-back")));
        };
        let denies = matches!(event, Event::NotFound | Event::Refused { .. });
        let outcome =
            if denies && record.version != asked_at { Outcome::AlreadySo } else { record.state.step(event) };
        match outcome {
            Outcome::AlreadySo => {
                tx.rollback().await?;
                return Ok(record);
            }
            Outcome::BookedAfterRefusal => {
                let detail = "HIS has booked it although it had refused and its money is going or has gone back (短款); have it reversed in HIS (冲账), then: mingfen tasks retry";
                let trace = &self.bill.trace;
                ask_person(gateway, &mut tx, "booked_after_refusal", bill_no.as_str(), detail, trace, now)
                    .await?;
            }
            Outcome::Moved(next) => {
                record.state = next;
                record.doubted_at = if doubted { Some(now) } else { record.doubted_at };
                self.follow(gateway, &mut tx, &payment, &mut record, now).await?;
                let labels = format!("outcome=\"{}\"", record.state.as_str());
                gateway.metrics.add("mingfen_write_backs_total", labels);
                tx.save_write_back(&record).await?;
                record.version += 1;
            }
        }
        crash::point_of("write_back", record.state.as_str(), "before_commit");
        tx.commit().await?;
        crash::point_of("write_back", record.state.as_str(), "recorded");
        tracing::info!(bill.bill_no = %bill_no, trace = %self.bill.trace, state = record.state.as_str(), "write-back moved");
        gateway.work.notify_one();
        Ok(record)
    }

    /// What follows from the state that was reached, in its transaction.
    async fn follow(
        &self,
        gateway: &Gateway,
        tx: &mut Tx,
        payment: &PaymentRecord,
        record: &mut WriteBackRecord,
        now: Timestamp,
    ) -> Result<(), Trouble> {
        let bill_no = &self.bill.bill.bill_no;
        let number = bill_no.as_str();
        let trace = &self.bill.trace;
        match &record.state {
            State::Posted(booked) => {
                record.posted_at = Some(now);
                if let Some(received) = payment.payment.state.received() {
                    let (debit, credit) = (Account::PatientMoney, Account::HisRevenue);
                    let entry = Entry::transfer(Reason::Booked, number, debit, credit, received.amount)?;
                    tx.post(&entry, now).await?;
                }
                let detail = format!("{}, receipt {}", booked.his_order_no, booked.receipt_no);
                audit(tx, now, "gateway", "write_back.posted", number, &detail).await?;
                tx.schedule(TaskKind::Notice, &format!("paid:{bill_no}"), now, trace).await?;
            }
            State::Refused { reason } => {
                audit(tx, now, "gateway", "write_back.refused", number, reason).await?;
                tx.release_claims(bill_no).await?;
                add_automatic_refund(
                    gateway,
                    tx,
                    payment,
                    Origin::BookingRefused,
                    "医院未能入账，原路退回",
                    now,
                )
                .await?;
                tx.schedule(TaskKind::Unlock, number, now, trace).await?;
                let first = now.plus_seconds(RECHECKS.first().copied().unwrap_or_default());
                tx.schedule(TaskKind::RecheckRefusal, number, first, trace).await?;
            }
            State::Due | State::Unknown | State::RefusalToConfirm { .. } => return Ok(()),
        }
        // What a person was asked to look at has found its end.
        for kind in ["write_back_overdue", "his_refuses_us", "booked_otherwise", "order_conflict"] {
            tx.close_parked(&format!("ask_person:{bill_no}:{kind}"), now).await?;
        }
        Ok(())
    }
}

fn booking(bill: &BillRecord, payment: &PaymentRecord) -> Result<Booking, Trouble> {
    let Some(received) = payment.payment.state.received() else {
        return Err(Trouble::Inconsistent(format!(
            "bill {} is settled by an order without money",
            bill.bill.bill_no
        )));
    };
    Ok(Booking {
        hospital: bill.bill.hospital.clone(),
        bill_no: bill.bill.bill_no.clone(),
        // What the patient paid of each: insurance settles its own part with HIS, in a message of its own.
        slips: bill
            .slips
            .iter()
            .map(|slip| SlipAmount { slip_no: slip.slip_no.clone(), amount: slip.self_pay })
            .collect(),
        total: bill.bill.split.self_pay(),
        tenders: vec![PaidTender {
            tender: Tender::SelfPay,
            channel: payment.payment.channel.clone(),
            out_trade_no: payment.payment.out_trade_no.clone(),
            provider_trade_no: received.provider_trade_no.clone(),
            amount: received.amount,
            paid_at: received.paid_at,
        }],
        lock_token: bill.bill.lock_token.clone(),
    })
}
