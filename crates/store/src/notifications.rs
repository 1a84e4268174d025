//! Notifications as they came, kept before they are believed.

use crate::Store;
use crate::errors::{Result, exactly_one};
use crate::offer::{reads, writes};
use crate::rows::Fields;
use mingfen_domain::Timestamp;
use mingfen_domain::ids::ChannelId;
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, query};
use std::fmt;

/// A notification, genuine or not.
#[derive(Clone, PartialEq, Eq)]
pub struct NotificationRecord {
    /// Named by the receiver.
    pub notification_id: String,
    /// At whose address it came in.
    pub channel: ChannelId,
    /// When.
    pub received_at: Timestamp,
    /// Its headers, sealed.
    pub headers_sealed: Vec<u8>,
    /// Its body byte for byte, sealed.
    pub body_sealed: Vec<u8>,
    /// SHA-256 of the body in hexadecimal: the same words twice are seen without opening them.
    pub body_sha256: String,
    /// `received`, then `applied`, `already`, `contradiction`, `unknown_order`, `other` or `not_verified:<why>`.
    pub verdict: String,
    /// The provider's number of the event, once verified.
    pub event_id: Option<String>,
    /// The order or refund it is about, once verified.
    pub subject: Option<String>,
}

/// Leaves out what was sent.
impl fmt::Debug for NotificationRecord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NotificationRecord")
            .field("notification_id", &self.notification_id)
            .field("channel", &self.channel)
            .field("verdict", &self.verdict)
            .field("subject", &self.subject)
            .finish_non_exhaustive()
    }
}

reads! {
    /// The notification of that name.
    notification(notification_id: &str) -> Option<NotificationRecord>;
    /// Everything that was told about an order or a refund, the oldest first.
    notifications_of(subject: &str) -> Vec<NotificationRecord>;
    /// At most `limit` notifications received at `since` or later, the oldest first: the evidence, applied or not.
    notifications_since(since: Timestamp, limit: i64) -> Vec<NotificationRecord>;
}

writes! {
    /// Says what became of a notification; `event_id` and `subject` stay as they are where nothing is given.
    set_verdict(notification_id: &str, verdict: &str, event_id: Option<&str>, subject: Option<&str>) -> ();
}

impl Store {
    /// Keeps a notification, durably, before anything else is done with it.
    pub async fn insert_notification(&self, record: &NotificationRecord) -> Result<()> {
        let mut connection = self.writer().await?;
        query(
            "INSERT INTO notifications (
                notification_id,
                channel_id,
                received_at_ms,
                headers_sealed,
                body_sealed,
                body_sha256,
                verdict,
                event_id,
                subject
            )
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        )
        .bind(record.notification_id.as_str())
        .bind(record.channel.as_str())
        .bind(record.received_at.ms())
        .bind(record.headers_sealed.as_slice())
        .bind(record.body_sealed.as_slice())
        .bind(record.body_sha256.as_str())
        .bind(record.verdict.as_str())
        .bind(record.event_id.as_deref())
        .bind(record.subject.as_deref())
        .execute(connection.as_mut())
        .await?;
        connection.done().await
    }
}

async fn set_verdict(
    connection: &mut AnyConnection,
    notification_id: &str,
    verdict: &str,
    event_id: Option<&str>,
    subject: Option<&str>,
) -> Result<()> {
    let done = query(
        "UPDATE notifications
        SET
            verdict = $1,
            event_id = COALESCE($2, event_id),
            subject = COALESCE($3, subject)
        WHERE notification_id = $4",
    )
    .bind(verdict)
    .bind(event_id)
    .bind(subject)
    .bind(notification_id)
    .execute(connection)
    .await?;
    exactly_one(done.rows_affected(), "notifications", notification_id)
}

macro_rules! select_notifications {
    ($condition:literal) => {
        concat!(
            "SELECT
            notification_id,
            channel_id,
            received_at_ms,
            headers_sealed,
            body_sealed,
            body_sha256,
            verdict,
            event_id,
            subject
        FROM notifications
        WHERE ",
            $condition
        )
    };
}

async fn notification(
    connection: &mut AnyConnection,
    notification_id: &str,
) -> Result<Option<NotificationRecord>> {
    let row = query(select_notifications!("notification_id = $1"))
        .bind(notification_id)
        .fetch_optional(connection)
        .await?;
    row.as_ref().map(rebuild).transpose()
}

async fn notifications_of(connection: &mut AnyConnection, subject: &str) -> Result<Vec<NotificationRecord>> {
    let rows = query(select_notifications!("subject = $1 ORDER BY received_at_ms, notification_id"))
        .bind(subject)
        .fetch_all(connection)
        .await?;
    rows.iter().map(rebuild).collect()
}

async fn notifications_since(
    connection: &mut AnyConnection,
    since: Timestamp,
    limit: i64,
) -> Result<Vec<NotificationRecord>> {
    let rows = query(select_notifications!(
        "received_at_ms >= $1 ORDER BY received_at_ms, notification_id LIMIT $2"
    ))
    .bind(since.ms())
    .bind(limit)
    .fetch_all(connection)
    .await?;
    rows.iter().map(rebuild).collect()
}

fn rebuild(row: &AnyRow) -> Result<NotificationRecord> {
    let fields = Fields::new("notifications", "notification_id", row)?;
    Ok(NotificationRecord {
        notification_id: fields.text("notification_id")?,
        channel: fields.id("channel_id", ChannelId::parse)?,
        received_at: fields.time("received_at_ms")?,
        headers_sealed: fields.bytes("headers_sealed")?,
        body_sealed: fields.bytes("body_sealed")?,
        body_sha256: fields.text("body_sha256")?,
        verdict: fields.text("verdict")?,
        event_id: fields.optional_text("event_id")?,
        subject: fields.optional_text("subject")?,
    })
}
