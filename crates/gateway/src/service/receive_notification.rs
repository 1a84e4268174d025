//! A provider's notification: kept raw before anything else, proven, then through the one door.

use super::record_refund::record_refund_sighting;
use super::record_sighting::{Recorded, Way, record_sighting};
use super::{Private, Trouble, ask_now};
use crate::{Gateway, crash};
use mingfen_domain::ids::ChannelId;
use mingfen_provider_api::{News, NotVerified, Notifications, Provider, RawNotification, Verified};
use mingfen_store::NotificationRecord;
use std::time::Duration;

/// What the provider is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Received {
    /// Proven and durable (or known already): acknowledge.
    Accepted,
    /// Not proven, not ours, or not durable: the provider shall send it again.
    NotAccepted,
    /// There is no such channel here, or it is not told anything.
    NoSuchChannel,
}

/// Takes a notification in.
///
/// # Errors
/// [`Trouble`] when it could not be kept: the provider must not be acknowledged.
pub async fn receive_notification(
    gateway: &Gateway,
    channel: &ChannelId,
    raw: &RawNotification,
) -> Result<Received, Trouble> {
    let Some(provider) = gateway.channel(channel).cloned() else { return Ok(Received::NoSuchChannel) };
    let Some(notifications) = provider.notifications() else { return Ok(Received::NoSuchChannel) };
    let id = keep(gateway, channel, raw).await?;
    crash::point("notification.kept");
    match verify(provider.as_ref(), notifications, raw).await {
        Ok(verified) => apply(gateway, channel, &id, &verified).await,
        Err(error) => {
            let verdict = format!("not_verified: {error}");
            gateway.store.set_verdict(&id, &verdict, None, None).await?;
            count(gateway, channel, "not_verified");
            tracing::warn!(channel = %channel, notification = %id, error = %error, "a notification proves nothing; it is kept and not applied");
            if !matches!(error, NotVerified::OtherMerchant(_)) {
                ask_because_of_hint(gateway, notifications, raw).await?;
            }
            Ok(Received::NotAccepted)
        }
    }
}

/// Writes the bytes down, sealed, in a transaction of its own.
async fn keep(gateway: &Gateway, channel: &ChannelId, raw: &RawNotification) -> Result<String, Trouble> {
    use sha2::{Digest, Sha256};
    let private = Private(gateway);
    let id =
        mingfen_domain::ambient::random_text(gateway.random.as_ref(), mingfen_domain::ambient::READABLE, 20);
    let headers = serde_json::to_vec(&raw.headers).unwrap_or_default();
    let record = NotificationRecord {
        notification_id: id.clone(),
        channel: channel.clone(),
        received_at: raw.received_at,
        headers_sealed: private.seal_raw(&headers),
        body_sealed: private.seal_raw(&raw.body),
        body_sha256: hex::encode(Sha256::digest(&raw.body)),
        verdict: "received".to_owned(),
        event_id: None,
        subject: None,
    };
    gateway.store.insert_notification(&record).await?;
    Ok(id)
}

/// An unknown key is fetched once; then the answer stands.
async fn verify(
    provider: &dyn Provider,
    notifications: &dyn Notifications,
    raw: &RawNotification,
) -> Result<Verified<News>, NotVerified> {
    let first = notifications.verify(raw);
    match (&first, provider.upkeep()) {
        (Err(NotVerified::UnknownKey(_)), Some(upkeep)) if upkeep.refresh().await.is_ok() => {
            notifications.verify(raw)
        }
        _ => first,
    }
}

async fn apply(
    gateway: &Gateway,
    channel: &ChannelId,
    id: &str,
    verified: &Verified<News>,
) -> Result<Received, Trouble> {
    let (word, subject) = match verified.news() {
        News::Order(sighting) => {
            let recorded = match belongs(gateway, channel, sighting.out_trade_no.as_str()).await? {
                true => record_sighting(gateway, sighting, Way::Notification, Some(id)).await?,
                false => Recorded::UnknownOrder,
            };
            (recorded.as_str(), Some(sighting.out_trade_no.as_str().to_owned()))
        }
        News::Refund(sighting) => {
            let word = record_refund_sighting(gateway, sighting, Way::Notification, Some(id)).await?;
            (word, Some(sighting.out_refund_no.as_str().to_owned()))
        }
        News::Other { kind } => ("other", Some(kind.chars().take(64).collect())),
    };
    gateway.store.set_verdict(id, word, Some(verified.event_id()), subject.as_deref()).await?;
    count(gateway, channel, word);
    if word == "unknown_order" {
        // Kept with its bytes: a shop may share the merchant number. Reconciliation looks at it again.
        tracing::warn!(channel = %channel, notification = %id, "a genuine notification of an order that is not ours");
    }
    Ok(Received::Accepted)
}

/// An order is only moved by news of the account that it was opened with.
async fn belongs(gateway: &Gateway, channel: &ChannelId, order: &str) -> Result<bool, Trouble> {
    let Ok(order) = mingfen_domain::ids::OutTradeNo::parse(order) else { return Ok(false) };
    Ok(gateway.store.payment(&order).await?.is_some_and(|record| record.payment.channel == *channel))
}

/// What is not proven is never applied. At most it makes us ask, and not more often than a few times a minute.
async fn ask_because_of_hint(
    gateway: &Gateway,
    notifications: &dyn Notifications,
    raw: &RawNotification,
) -> Result<(), Trouble> {
    let Some(order) = notifications.hint(raw) else { return Ok(()) };
    let asked = gateway.cache.count("hinted_queries", Duration::from_secs(60)).await;
    if asked <= gateway.settings.limits.hinted_queries_per_minute {
        ask_now(gateway, &order, false).await?;
    }
    Ok(())
}

fn count(gateway: &Gateway, channel: &ChannelId, verdict: &str) {
    gateway
        .metrics
        .add("mingfen_notifications_total", format!("channel=\"{channel}\",verdict=\"{verdict}\""));
}
