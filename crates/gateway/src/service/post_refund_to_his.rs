//! Telling HIS that money went back, so that its books show it too.

use super::attention::{ask_person, ask_person_alone, audit};
use super::{JobEnd, Trouble};
use crate::{Gateway, crash};
use mingfen_domain::ids::OutRefundNo;
use mingfen_domain::refund::State;
use mingfen_his::{Found, MISCONFIGURED, RefundBooking, RefundBookingAnswer};
use mingfen_store::{RefundHisState, RefundRecord};

const SCHEDULE: &[i64] = &[5, 15, 30, 60, 120, 300, 600, 1800];

/// One round of the job.
///
/// # Errors
/// [`Trouble`]: the worker tries again.
pub async fn post_refund_to_his(
    gateway: &Gateway,
    number: &OutRefundNo,
    attempts: i64,
) -> Result<JobEnd, Trouble> {
    let Some(record) = gateway.store.refund(number).await? else {
        return Ok(JobEnd::Park { because: format!("there is no refund {number}") });
    };
    let State::Succeeded { refunded_at, .. } = &record.refund.state else {
        return Ok(JobEnd::Park {
            because: format!("refund {number} is {} and not to be booked", record.refund.state.as_str()),
        });
    };
    let hospital = &gateway.settings.hospital.id;
    match record.his_state {
        RefundHisState::None | RefundHisState::Posted | RefundHisState::Refused => return Ok(JobEnd::Done),
        RefundHisState::Unknown => match find(gateway, &record).await? {
            Asked::Booked(his_refund_no) => {
                posted(gateway, &record, &his_refund_no).await?;
                return Ok(JobEnd::Done);
            }
            Asked::NotBooked => {}
            Asked::Later(why) => return later(gateway, &record, attempts, why).await,
        },
        RefundHisState::Due => {}
    }
    set_state(gateway, &record, RefundHisState::Unknown, None).await?;
    crash::point("refund_write_back.marked");
    let booking = RefundBooking {
        hospital: hospital.clone(),
        bill_no: record.bill_no.clone(),
        out_refund_no: number.clone(),
        amount: record.refund.amount,
        slip_no: record.slip_no.clone(),
        reason: record.refund.reason.clone(),
        refunded_at: *refunded_at,
    };
    let answer = gateway.his.book_refund(&booking).await;
    crash::point("refund_write_back.told");
    match answer {
        RefundBookingAnswer::Booked { his_refund_no } => {
            posted(gateway, &record, &his_refund_no).await?;
            Ok(JobEnd::Done)
        }
        // A no to a repeat may mean that the first telling was heard: HIS is asked before it is believed.
        RefundBookingAnswer::Refused { code, message } => {
            match find(gateway, &record).await? {
                Asked::Booked(his_refund_no) => {
                    posted(gateway, &record, &his_refund_no).await?;
                    return Ok(JobEnd::Done);
                }
                Asked::NotBooked => {}
                Asked::Later(why) => return later(gateway, &record, attempts, why).await,
            }
            let now = gateway.now();
            let mut tx = gateway.store.begin().await?;
            tx.set_refund_his_state(number, RefundHisState::Refused, None).await?;
            let detail = format!(
                "the money is back at the payer and HIS does not book it ({code} {message}); book it in HIS by hand"
            );
            ask_person(
                gateway,
                &mut tx,
                "refund_not_booked",
                number.as_str(),
                &detail,
                &record.refund.trace,
                now,
            )
            .await?;
            tx.commit().await?;
            Ok(JobEnd::Done)
        }
        RefundBookingAnswer::InDoubt(why) => later(gateway, &record, attempts, why).await,
        RefundBookingAnswer::NotSent(why) => {
            set_state(gateway, &record, RefundHisState::Due, None).await?;
            later(gateway, &record, attempts, why).await
        }
    }
}

enum Asked {
    Booked(String),
    NotBooked,
    Later(String),
}

/// Whether HIS has booked it. Another sum under our number is no booking of this refund: a person looks.
async fn find(gateway: &Gateway, record: &RefundRecord) -> Result<Asked, Trouble> {
    if !gateway.his.capabilities().finds_bookings {
        return Ok(Asked::NotBooked);
    }
    let refund = &record.refund;
    match gateway.his.find_refund(&gateway.settings.hospital.id, &refund.out_refund_no).await {
        Found::Yes(found) if found.amount == refund.amount => Ok(Asked::Booked(found.his_refund_no)),
        Found::Yes(found) => {
            let detail = format!(
                "HIS has booked a refund of {} yuan under this number, {} yuan went back; have HIS correct it",
                found.amount, refund.amount
            );
            tell(gateway, record, "booked_otherwise", &detail).await?;
            Ok(Asked::Later("HIS has booked another sum".to_owned()))
        }
        Found::No => Ok(Asked::NotBooked),
        Found::Unknown(why) => Ok(Asked::Later(why)),
    }
}

/// It goes on, and after long a person is told.
async fn later(
    gateway: &Gateway,
    record: &RefundRecord,
    attempts: i64,
    why: String,
) -> Result<JobEnd, Trouble> {
    if why.starts_with(MISCONFIGURED) {
        tell(gateway, record, "his_refuses_us", &why).await?;
    }
    if let State::Succeeded { refunded_at, .. } = &record.refund.state
        && gateway.now().since_ms(*refunded_at) > gateway.settings.timing.max_unknown * 1000
    {
        let detail = "the money is back at the payer and HIS has not confirmed it for long; it is still told. Look at HIS";
        tell(gateway, record, "refund_booking_overdue", detail).await?;
    }
    Ok(JobEnd::widening(SCHEDULE, attempts, why))
}

async fn tell(gateway: &Gateway, record: &RefundRecord, kind: &str, detail: &str) -> Result<(), Trouble> {
    let number = record.refund.out_refund_no.as_str();
    Ok(ask_person_alone(gateway, kind, number, detail, &record.refund.trace).await?)
}

async fn posted(gateway: &Gateway, record: &RefundRecord, his_refund_no: &str) -> Result<(), Trouble> {
    set_state(gateway, record, RefundHisState::Posted, Some(his_refund_no)).await
}

async fn set_state(
    gateway: &Gateway,
    record: &RefundRecord,
    state: RefundHisState,
    his_no: Option<&str>,
) -> Result<(), Trouble> {
    let number = &record.refund.out_refund_no;
    let mut tx = gateway.store.begin().await?;
    tx.set_refund_his_state(number, state, his_no).await?;
    if let Some(his_no) = his_no {
        audit(&mut tx, gateway.now(), "gateway", "refund.booked", number.as_str(), his_no).await?;
        for kind in ["refund_booking_overdue", "his_refuses_us", "booked_otherwise"] {
            tx.close_parked(&format!("ask_person:{number}:{kind}"), gateway.now()).await?;
        }
    }
    crash::point_of("refund_write_back", state.as_str(), "before_commit");
    tx.commit().await?;
    crash::point_of("refund_write_back", state.as_str(), "recorded");
    Ok(())
}
