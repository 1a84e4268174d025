//! Telling HIS that money went back, so that its books show it too.

use super::attention::{ask_person, audit};
use super::{JobEnd, Trouble};
use crate::{Gateway, crash};
use mingfen_domain::ids::OutRefundNo;
use mingfen_domain::refund::State;
use mingfen_his::{Found, RefundBooking, RefundBookingAnswer};
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
        RefundHisState::Unknown => match gateway.his.find_refund(hospital, number).await {
            Found::Yes(his_refund_no) => {
                posted(gateway, &record, &his_refund_no).await?;
                return Ok(JobEnd::Done);
            }
            Found::No => {}
            Found::Unknown(why) => return Ok(JobEnd::widening(SCHEDULE, attempts, why)),
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
        RefundBookingAnswer::Refused { code, message } => {
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
        RefundBookingAnswer::InDoubt(why) => Ok(JobEnd::widening(SCHEDULE, attempts, why)),
        RefundBookingAnswer::NotSent(why) => {
            set_state(gateway, &record, RefundHisState::Due, None).await?;
            Ok(JobEnd::widening(SCHEDULE, attempts, why))
        }
    }
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
    }
    tx.commit().await?;
    Ok(())
}
