//! Telling the patient by text message.

use super::{JobEnd, Private, Trouble, wording_at};
use crate::notice::{NoticeError, TextMessage};
use crate::{Gateway, crash};
use mingfen_domain::Timestamp;
use mingfen_domain::ids::{BillNo, OutRefundNo};
use mingfen_domain::notice_text::NoticeEvent;
use mingfen_domain::payment::State;
use mingfen_store::NoticeRecord;

const SCHEDULE: &[i64] = &[10, 30, 60, 300, 900, 1800, 3600];
/// A message that is this many rounds late tells nothing new.
const LAST_ROUND: i64 = 10;

/// One round of the job. `subject` is `paid:BILL`, `refunded:REFUND` or `refund_delayed:REFUND`.
///
/// # Errors
/// [`Trouble`]: the worker tries again.
pub async fn send_notice(gateway: &Gateway, subject: &str, attempts: i64) -> Result<JobEnd, Trouble> {
    let Some(sms) = gateway.sms.clone() else { return Ok(JobEnd::Done) };
    let Some(matter) = find_matter(gateway, subject).await? else {
        return Ok(JobEnd::Park { because: format!("{subject:?} is not about anything here") });
    };
    let Some(bill) = gateway.store.bill(&matter.bill_no).await? else {
        return Ok(JobEnd::Park { because: format!("there is no bill {}", matter.bill_no) });
    };
    let phone = match &bill.phone_sealed {
        Some(sealed) => Private(gateway).open_phone(sealed)?,
        None => None,
    };
    let Some(phone) = phone else { return Ok(JobEnd::Done) };
    // The wording of when it happened: a repeat sends the same, whatever was approved meanwhile.
    let wording = wording_at(gateway, matter.event, &bill.language, matter.at).await?;
    let values = matter.values.into_iter().filter(|(place, _)| wording.places.contains(place)).collect();
    let message = TextMessage { request_id: subject.replace(':', "-"), template: wording.code, values };
    let answer = sms.send(&phone, &message).await;
    crash::point("notice.sent");
    let (sent, provider_no, because) = match answer {
        Ok(number) => (true, Some(number), String::new()),
        Err(NoticeError::NotNow(why)) if attempts < LAST_ROUND => {
            return Ok(JobEnd::widening(SCHEDULE, attempts, why));
        }
        Err(NoticeError::NotNow(why) | NoticeError::Refused(why)) => (false, None, why),
    };
    let now = gateway.now();
    let mut tx = gateway.store.begin().await?;
    tx.insert_notice(&NoticeRecord {
        bill_no: bill.bill.bill_no.clone(),
        kind: matter.event.as_str().to_owned(),
        medium: "sms".to_owned(),
        sent,
        provider_no,
        at: now,
    })
    .await?;
    tx.commit().await?;
    crash::point("notice.recorded");
    gateway
        .metrics
        .add("mingfen_notices_total", format!("outcome=\"{}\"", if sent { "sent" } else { "failed" }));
    if sent {
        Ok(JobEnd::Done)
    } else {
        Ok(JobEnd::Park { because: format!("the message was not taken: {because}") })
    }
}

struct Matter {
    bill_no: BillNo,
    event: NoticeEvent,
    /// When it happened.
    at: Timestamp,
    values: Vec<(&'static str, String)>,
}

async fn find_matter(gateway: &Gateway, subject: &str) -> Result<Option<Matter>, Trouble> {
    let Some((kind, number)) = subject.split_once(':') else { return Ok(None) };
    let Some(event) = NoticeEvent::parse(kind) else { return Ok(None) };
    let hospital = gateway.hospital().name_zh.clone();
    match event {
        NoticeEvent::Paid => {
            let Ok(bill_no) = BillNo::parse(number) else { return Ok(None) };
            let Some(bill) = gateway.store.bill(&bill_no).await? else { return Ok(None) };
            let payments = gateway.store.payments_of_bill(&bill_no).await?;
            let paid_at = payments.iter().find_map(|record| match &record.payment.state {
                State::Paid(received) => Some(received.paid_at),
                _ => None,
            });
            let values = vec![
                ("hospital", hospital),
                ("amount", bill.bill.split.self_pay().to_yuan_grouped()),
                ("voucher", super::payment_view::voucher_no(&bill.bill.bill_no)),
            ];
            Ok(Some(Matter { bill_no, event, at: paid_at.unwrap_or(bill.bill.opened_at), values }))
        }
        NoticeEvent::Refunded | NoticeEvent::RefundDelayed => {
            let Ok(refund_no) = OutRefundNo::parse(number) else { return Ok(None) };
            let Some(record) = gateway.store.refund(&refund_no).await? else { return Ok(None) };
            let values =
                vec![("hospital", hospital), ("amount", record.refund.amount.fen().to_yuan_grouped())];
            Ok(Some(Matter { bill_no: record.bill_no, event, at: record.refund.requested_at, values }))
        }
    }
}
