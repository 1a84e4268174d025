//! Putting a matter before a person: a task that parks itself with the reason.

use crate::Gateway;
use mingfen_domain::Timestamp;
use mingfen_domain::ids::TraceId;
use mingfen_store::{AuditEvent, AuditRecord, StoreError, TaskKind, Tx};

/// Writes the matter down in the transaction that found it. One matter a number and kind: the same words again change
/// nothing, even when a person has closed it; other words are read with it, and open it again.
pub(crate) async fn ask_person(
    gateway: &Gateway,
    tx: &mut Tx,
    kind: &str,
    number: &str,
    detail: &str,
    trace: &TraceId,
    now: Timestamp,
) -> Result<(), StoreError> {
    let subject = format!("{number}:{kind}");
    if latest(tx.audit_of(number).await?, kind).as_deref() == Some(detail) {
        return Ok(());
    }
    gateway.metrics.add("mingfen_attention_total", format!("kind=\"{kind}\""));
    tx.schedule(TaskKind::AskPerson, &subject, now, trace).await?;
    audit(tx, now, "gateway", kind, number, detail).await
}

/// The same by itself, where nothing else is written.
pub(crate) async fn ask_person_alone(
    gateway: &Gateway,
    kind: &str,
    number: &str,
    detail: &str,
    trace: &TraceId,
) -> Result<(), StoreError> {
    let mut tx = gateway.store.begin().await?;
    ask_person(gateway, &mut tx, kind, number, detail, trace, gateway.now()).await?;
    tx.commit().await
}

/// What a person reads of a matter: the audit row that was written with it.
pub(crate) async fn matter(gateway: &Gateway, subject: &str) -> Result<String, StoreError> {
    let Some((number, kind)) = subject.rsplit_once(':') else { return Ok(subject.to_owned()) };
    Ok(latest(gateway.store.audit_of(number).await?, kind).unwrap_or_else(|| subject.to_owned()))
}

/// What was last written of a matter of that kind.
fn latest(rows: Vec<AuditRecord>, kind: &str) -> Option<String> {
    rows.into_iter().rev().find(|row| row.event.action == kind).map(|row| row.event.detail)
}

/// Every kind of matter.
pub(crate) const KINDS: [&str; 14] = [
    "contradiction",
    "wrong_amount",
    "refund_contradiction",
    "refund_failed",
    "refund_abnormal",
    "refund_not_booked",
    "write_back_overdue",
    "booked_after_refusal",
    "booked_otherwise",
    "order_conflict",
    "his_refuses_us",
    "refund_overdue",
    "refund_booking_overdue",
    "unknown_order",
];

/// A row of the audit trail.
pub(crate) async fn audit(
    tx: &mut Tx,
    at: Timestamp,
    actor: &str,
    action: &str,
    subject: &str,
    detail: &str,
) -> Result<(), StoreError> {
    tx.record(&AuditEvent {
        at,
        actor: actor.to_owned(),
        action: action.to_owned(),
        subject: subject.to_owned(),
        detail: detail.to_owned(),
    })
    .await
}
