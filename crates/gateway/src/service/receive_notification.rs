//! A provider's notification: kept raw before anything else, proven, then through the one door.

use super::attention::ask_person_alone;
use super::record_refund::record_refund_sighting;
use super::record_sighting::{Recorded, Source, Told, record_sighting};
use super::{Private, Trouble, ask_now};
use crate::{Gateway, crash};
use mingfen_domain::ids::{ChannelId, TraceId};
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
    /// Not proven and not even kept: too much from that address has proven nothing.
    TooMany,
    /// There is no such channel here, or it is not told anything.
    NoSuchChannel,
}

/// Takes a notification in that came `from` an address.
///
/// Its bytes are kept before anything else, as long as not too much from that address has turned out to prove nothing: anybody
/// can send bytes. Above that cap a notification is proven first and kept then, so that a genuine one never suffers from
/// what others send from the same address.
///
/// # Errors
/// [`Trouble`] when it could not be kept: the provider must not be acknowledged.
pub async fn receive_notification(
    gateway: &Gateway,
    channel: &ChannelId,
    raw: &RawNotification,
    from: &str,
) -> Result<Received, Trouble> {
    let Some(provider) = gateway.channel(channel).cloned() else { return Ok(Received::NoSuchChannel) };
    let Some(notifications) = provider.notifications() else { return Ok(Received::NoSuchChannel) };
    // Counted as proving nothing until it proves itself, so that any number at once stores no more than the cap.
    let unproven = format!("unproven:{from}");
    let count_so_far = gateway.cache.count(&unproven, Duration::from_secs(60)).await;
    if count_so_far > gateway.settings.limits.unproven_per_minute {
        // Without fetching keys: that would be done for every forged one.
        let Ok(verified) = notifications.verify(raw) else {
            count(gateway, channel, "not_kept");
            return Ok(Received::TooMany);
        };
        let id = keep(gateway, channel, raw).await?;
        gateway.cache.uncount(&unproven).await;
        return apply(gateway, channel, &id, &verified).await;
    }
    let id = keep(gateway, channel, raw).await?;
    crash::point("notification.kept");
    match verify(provider.as_ref(), notifications, raw).await {
        Ok(verified) => {
            gateway.cache.uncount(&unproven).await;
            apply(gateway, channel, &id, &verified).await
        }
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

/// An unknown key is fetched once, and not for every stranger who invents one; then the answer stands.
async fn verify(
    provider: &dyn Provider,
    notifications: &dyn Notifications,
    raw: &RawNotification,
) -> Result<Verified<News>, NotVerified> {
    let first = notifications.verify(raw);
    match (&first, provider.upkeep()) {
        (Err(NotVerified::UnknownKey(_)), Some(upkeep)) if upkeep.refresh_for_unknown_key().await.is_ok() => {
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
    let source = Source::told(Told { notification_id: id, event_id: verified.event_id(), channel });
    // The verdict is written by the one door, in the transaction that it is about.
    let word = match verified.news() {
        News::Order(sighting) => {
            let recorded = record_sighting(gateway, sighting, source).await?;
            if recorded == Recorded::UnknownOrder {
                unknown(
                    gateway,
                    channel,
                    id,
                    sighting.out_trade_no.as_str(),
                    sighting.out_trade_no.is_ours(),
                )
                .await?;
            }
            recorded.as_str()
        }
        News::Refund(sighting) => {
            let word = record_refund_sighting(gateway, sighting, source).await?.word;
            if word == Recorded::UnknownOrder.as_str() {
                unknown(
                    gateway,
                    channel,
                    id,
                    sighting.out_refund_no.as_str(),
                    sighting.out_refund_no.is_ours(),
                )
                .await?;
            }
            word
        }
        News::Other { kind } => {
            let kind: String = kind.chars().take(64).collect();
            gateway.store.set_verdict(id, "other", Some(verified.event_id()), Some(&kind)).await?;
            "other"
        }
    };
    count(gateway, channel, word);
    Ok(Received::Accepted)
}

/// Genuine news of an order that is not here. A shop may share the merchant number: its numbers look otherwise, its bytes are
/// kept, and reconciliation looks at them again. A number that only this program makes is money of ours that our records have
/// lost (a backup was restored?): a person must see it, because the provider will not tell it again.
async fn unknown(
    gateway: &Gateway,
    channel: &ChannelId,
    id: &str,
    number: &str,
    is_ours: bool,
) -> Result<(), Trouble> {
    tracing::warn!(channel = %channel, notification = %id, ours = is_ours, "a genuine notification of an order that is not here");
    if !is_ours {
        return Ok(());
    }
    let trace = TraceId::fresh(gateway.random.as_ref());
    let detail = format!(
        "{channel} tells of an order with our kind of number that is not in the records of this account; look at the order there and at notification {id} here, before anything is refunded"
    );
    Ok(ask_person_alone(gateway, "unknown_order", number, &detail, &trace).await?)
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
