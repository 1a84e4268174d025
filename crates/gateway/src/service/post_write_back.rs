//! Telling HIS that a bill was paid; asking first when an earlier telling may have arrived; sending the money back when HIS
//! refuses for good.

use super::attention::{ask_person, audit};
use super::record_refund::add_automatic_refund;
use super::{JobEnd, Trouble};
use crate::{Gateway, crash};
use mingfen_domain::books::{Account, Entry, Reason};
use mingfen_domain::ids::BillNo;
use mingfen_domain::refund::Origin;
use mingfen_domain::split::Tender;
use mingfen_domain::write_back::{Event, Outcome, State};
use mingfen_his::{Booking, BookingAnswer, Found, PaidTender, SlipAmount};
use mingfen_store::{BillRecord, PaymentRecord, TaskKind};

/// Seconds between tries (docs: his.md, failure rule 3); the last one for ever.
const SCHEDULE: &[i64] = &[5, 15, 30, 60, 120, 300, 600, 1800];

/// One round of the job.
///
/// # Errors
/// [`Trouble`]: the worker tries again.
pub async fn post_write_back(gateway: &Gateway, bill_no: &BillNo, attempts: i64) -> Result<JobEnd, Trouble> {
    let Some(record) = gateway.store.write_back(bill_no).await? else {
        return Ok(JobEnd::Park { because: format!("bill {bill_no} has no write-back") });
    };
    let Some(bill) = gateway.store.bill(bill_no).await? else {
        return Ok(JobEnd::Park { because: format!("there is no bill {bill_no}") });
    };
    let Some(payment) = gateway.store.payment(&record.out_trade_no).await? else {
        return Ok(JobEnd::Park {
            because: format!("bill {bill_no} was settled by an order that is not there"),
        });
    };
    let mut state = record.state;
    if matches!(state, State::Posted(_) | State::Refused { .. }) {
        return Ok(JobEnd::Done);
    }
    if state.ask_first() {
        let event = match gateway.his.find_booking(&bill.bill.hospital, bill_no).await {
            Found::Yes(booked) => Event::Booked(booked),
            Found::No => Event::NotFound,
            Found::Unknown(why) => return later(gateway, &bill, &payment, attempts, why).await,
        };
        state = record_event(gateway, &bill, &payment, event).await?;
    }
    if state == State::Due {
        // Marked before the wire: if we die now, the next round asks first.
        record_event(gateway, &bill, &payment, Event::InDoubt).await?;
        crash::point("write_back.marked");
        let answer = gateway.his.book(&booking(&bill, &payment)?).await;
        crash::point("write_back.told");
        let event = match answer {
            BookingAnswer::Booked(booked) => Event::Booked(booked),
            BookingAnswer::Refused { code, message } => {
                Event::Refused { reason: format!("{code} {message}") }
            }
            BookingAnswer::InDoubt(why) => return later(gateway, &bill, &payment, attempts, why).await,
            BookingAnswer::NotSent(why) => {
                record_event(gateway, &bill, &payment, Event::NotFound).await?;
                return later(gateway, &bill, &payment, attempts, why).await;
            }
        };
        state = record_event(gateway, &bill, &payment, event).await?;
    }
    match state {
        State::Posted(_) | State::Refused { .. } => Ok(JobEnd::Done),
        State::RefusalToConfirm { reason } => {
            Ok(JobEnd::again(1, format!("HIS says no, asked once more: {reason}")))
        }
        State::Due | State::Unknown => {
            later(gateway, &bill, &payment, attempts, "not booked yet".into()).await
        }
    }
}

/// After `max_unknown` a person is told, and it goes on all the same: HIS that is back after a night must catch up.
async fn later(
    gateway: &Gateway,
    bill: &BillRecord,
    payment: &PaymentRecord,
    attempts: i64,
    why: String,
) -> Result<JobEnd, Trouble> {
    let paid_at =
        payment.payment.state.received().map_or(payment.payment.created_at, |received| received.paid_at);
    let now = gateway.now();
    if now.since_ms(paid_at) > gateway.settings.timing.max_unknown * 1000 {
        let mut tx = gateway.store.begin().await?;
        let detail = "paid, and HIS has not confirmed it for long; it is still tried. Look at HIS; refund only when HIS says it is not booked";
        ask_person(
            gateway,
            &mut tx,
            "write_back_overdue",
            bill.bill.bill_no.as_str(),
            detail,
            &bill.trace,
            now,
        )
        .await?;
        tx.commit().await?;
    }
    gateway.metrics.add("mingfen_write_backs_total", "outcome=\"later\"".into());
    Ok(JobEnd::widening(SCHEDULE, attempts, why))
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

async fn record_event(
    gateway: &Gateway,
    bill: &BillRecord,
    payment: &PaymentRecord,
    event: Event,
) -> Result<State, Trouble> {
    let now = gateway.now();
    let bill_no = &bill.bill.bill_no;
    let mut tx = gateway.store.begin().await?;
    // The payment first, as everywhere: one order of locks.
    let Some(payment) = tx.payment_for_update(&payment.payment.out_trade_no).await? else {
        return Err(Trouble::Inconsistent(format!("bill {bill_no} lost its order")));
    };
    let Some(mut record) = tx.write_back_for_update(bill_no).await? else {
        return Err(Trouble::Inconsistent(format!("bill {bill_no} lost its write-back")));
    };
    match record.state.step(event) {
        Outcome::AlreadySo => return Ok(record.state),
        Outcome::BookedAfterRefusal => {
            let detail =
                "HIS has booked it although its money was sent back (短款); have it reversed in HIS (冲账)";
            ask_person(gateway, &mut tx, "booked_after_refusal", bill_no.as_str(), detail, &bill.trace, now)
                .await?;
        }
        Outcome::Moved(next) => {
            record.state = next;
            match &record.state {
                State::Posted(booked) => {
                    record.posted_at = Some(now);
                    if let Some(received) = payment.payment.state.received() {
                        let entry = Entry::transfer(
                            Reason::Booked,
                            bill_no.as_str(),
                            Account::PatientMoney,
                            Account::HisRevenue,
                            received.amount,
                        )?;
                        tx.post(&entry, now).await?;
                    }
                    let detail = format!("{}, receipt {}", booked.his_order_no, booked.receipt_no);
                    audit(&mut tx, now, "gateway", "write_back.posted", bill_no.as_str(), &detail).await?;
                    tx.schedule(TaskKind::Notice, &format!("paid:{bill_no}"), now, &bill.trace).await?;
                    // What was overdue no longer is: nobody need look at it.
                    tx.close_parked(&format!("ask_person:{bill_no}:write_back_overdue"), now).await?;
                }
                State::Refused { reason } => {
                    audit(&mut tx, now, "gateway", "write_back.refused", bill_no.as_str(), reason).await?;
                    tx.release_claims(bill_no).await?;
                    add_automatic_refund(
                        gateway,
                        &mut tx,
                        &payment,
                        Origin::BookingRefused,
                        "医院未能入账，原路退回",
                        now,
                    )
                    .await?;
                }
                State::Due | State::Unknown | State::RefusalToConfirm { .. } => {}
            }
            gateway
                .metrics
                .add("mingfen_write_backs_total", format!("outcome=\"{}\"", record.state.as_str()));
            tx.save_write_back(&record).await?;
        }
    }
    tx.commit().await?;
    crash::point("write_back.recorded");
    tracing::info!(bill.bill_no = %bill_no, trace = %bill.trace, state = record.state.as_str(), "write-back moved");
    gateway.work.notify_one();
    Ok(record.state)
}
