//! Putting a matter before a person: a task that parks itself with the reason.

use crate::Gateway;
use mingfen_domain::Timestamp;
use mingfen_domain::ids::TraceId;
use mingfen_store::{AuditEvent, StoreError, TaskKind, Tx};

/// Writes the matter down in the transaction that found it. `subject` begins with the number it is about; the same subject
/// is put before a person once.
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
    if tx.task(TaskKind::AskPerson, &subject).await?.is_some() {
        return Ok(());
    }
    gateway.metrics.add("mingfen_attention_total", format!("kind=\"{kind}\""));
    tx.schedule(TaskKind::AskPerson, &subject, now, trace).await?;
    audit(tx, now, "gateway", kind, number, detail).await
}

/// What a person reads of a matter: the audit row that was written with it.
pub(crate) async fn matter(gateway: &Gateway, subject: &str) -> Result<String, StoreError> {
    let Some((number, kind)) = subject.rsplit_once(':') else { return Ok(subject.to_owned()) };
    let rows = gateway.store.audit_of(number).await?;
    let row = rows.into_iter().rev().find(|row| row.event.action == kind);
    Ok(row.map_or_else(|| subject.to_owned(), |row| row.event.detail))
}

/// Every kind of matter.
pub(crate) const KINDS: [&str; 8] = [
    "contradiction",
    "wrong_amount",
    "refund_contradiction",
    "refund_failed",
    "refund_abnormal",
    "refund_not_booked",
    "write_back_overdue",
    "booked_after_refusal",
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
