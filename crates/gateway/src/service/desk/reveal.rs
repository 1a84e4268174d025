//! Showing what is hidden otherwise, to somebody who says why. The row in the trail is committed before anything is shown.

use super::second_person::is_reason;
use crate::Gateway;
use crate::service::attention::audit;
use crate::service::{Private, Trouble};
use mingfen_domain::ids::BillNo;
use mingfen_domain::person::{Patient, Phone};
use mingfen_store::{BillRecord, NotificationRecord, StoreError};

/// Why nothing is shown.
#[derive(Debug, thiserror::Error)]
pub enum RevealRefused {
    /// There is nothing of that number.
    #[error("there is no such thing")]
    NotFound,
    /// A reason is required.
    #[error("a reason of 2 to 80 characters is required")]
    NoReason,
    /// Nothing was written down, so nothing is shown.
    #[error(transparent)]
    Trouble(#[from] Trouble),
}

impl From<StoreError> for RevealRefused {
    fn from(error: StoreError) -> Self {
        Self::Trouble(error.into())
    }
}

/// A notification as it came.
#[derive(Clone)]
pub struct RevealedNotification {
    /// What is known of it.
    pub record: NotificationRecord,
    /// Names and values.
    pub headers: Vec<(String, String)>,
    /// The bytes.
    pub body: Vec<u8>,
}

impl std::fmt::Debug for RevealedNotification {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("RevealedNotification(hidden)")
    }
}

/// A patient's data in full, and the phone that messages go to.
///
/// # Errors
/// [`RevealRefused`]: nothing was shown.
pub async fn reveal_person(
    gateway: &Gateway,
    bill_no: &BillNo,
    reason: &str,
    by: &str,
) -> Result<(Patient, Option<Phone>), RevealRefused> {
    let bill = gateway.store.bill(bill_no).await?.ok_or(RevealRefused::NotFound)?;
    let private = Private(gateway);
    let patient = private.open_patient(&bill.patient_sealed)?;
    let phone = match &bill.phone_sealed {
        Some(sealed) => private.open_phone(sealed)?,
        None => None,
    };
    write_down(gateway, bill_no, "person.shown", reason, by).await?;
    Ok((patient, phone))
}

/// A notification of the bill's orders or refunds; `None` when it is about something else.
///
/// # Errors
/// [`Trouble`].
pub async fn notification_of(
    gateway: &Gateway,
    bill: &BillRecord,
    notification_id: &str,
) -> Result<Option<NotificationRecord>, Trouble> {
    let Some(record) = gateway.store.notification(notification_id).await? else { return Ok(None) };
    let Some(subject) = &record.subject else { return Ok(None) };
    let payments = gateway.store.payments_of_bill(&bill.bill.bill_no).await?;
    let refunds = gateway.store.refunds_of_bill(&bill.bill.bill_no).await?;
    let ours = payments.iter().any(|payment| payment.payment.out_trade_no.as_str() == subject)
        || refunds.iter().any(|refund| refund.refund.out_refund_no.as_str() == subject);
    Ok(ours.then_some(record))
}

/// The same with its bytes.
///
/// # Errors
/// [`RevealRefused`]: nothing was shown.
pub async fn reveal_notification(
    gateway: &Gateway,
    bill: &BillRecord,
    notification_id: &str,
    reason: &str,
    by: &str,
) -> Result<RevealedNotification, RevealRefused> {
    let record = notification_of(gateway, bill, notification_id).await?.ok_or(RevealRefused::NotFound)?;
    let private = Private(gateway);
    let headers = private.open_raw(&record.headers_sealed)?;
    let headers =
        serde_json::from_slice(&headers).map_err(|_| Trouble::Sealed("notifications.raw".into()))?;
    let body = private.open_raw(&record.body_sealed)?;
    let reason_with = format!("{reason} ({notification_id})");
    if !is_reason(reason) {
        return Err(RevealRefused::NoReason);
    }
    write_down_unchecked(gateway, &bill.bill.bill_no, "evidence.shown", &reason_with, by).await?;
    Ok(RevealedNotification { record, headers, body })
}

async fn write_down(
    gateway: &Gateway,
    bill_no: &BillNo,
    action: &str,
    reason: &str,
    by: &str,
) -> Result<(), RevealRefused> {
    if !is_reason(reason) {
        return Err(RevealRefused::NoReason);
    }
    Ok(write_down_unchecked(gateway, bill_no, action, reason, by).await?)
}

async fn write_down_unchecked(
    gateway: &Gateway,
    bill_no: &BillNo,
    action: &str,
    reason: &str,
    by: &str,
) -> Result<(), Trouble> {
    let mut tx = gateway.store.begin().await?;
    audit(&mut tx, gateway.now(), by, action, bill_no.as_str(), reason).await?;
    Ok(tx.commit().await?)
}
