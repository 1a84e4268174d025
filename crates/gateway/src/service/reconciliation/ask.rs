//! The missing side is asked once more before an entry is called one-sided. What a channel answers goes through the door for news like
//! any other answer: a run finds money that nobody had told us of, and it is booked.

use crate::Gateway;
use crate::service::Trouble;
use crate::service::follow_refund::refund_request;
use crate::service::record_refund::record_refund_sighting;
use crate::service::record_sighting::{Source, Way, record_sighting};
use crate::trace;
use mingfen_domain::ids::{BillNo, ChannelId, OutRefundNo, OutTradeNo};
use mingfen_his::Found;
use mingfen_provider_api::{Sighted, SightedRefund};
use mingfen_reconciliation::cause::{ChannelAnswer, HisAnswer, RefundAnswer};

/// What the channel says of an order now. `channel` is asked when we do not know the order ourselves.
pub(super) async fn ask_channel(
    gateway: &Gateway,
    order: &OutTradeNo,
    channel: Option<&ChannelId>,
) -> Result<ChannelAnswer, Trouble> {
    let record = gateway.store.payment(order).await?;
    let channel = record.as_ref().map(|record| &record.payment.channel).or(channel);
    let Some(provider) = channel.and_then(|channel| gateway.channel(channel)) else {
        return Ok(ChannelAnswer::NotAsked);
    };
    let Some(inquiry) = provider.inquiry() else { return Ok(ChannelAnswer::NotAsked) };
    let asked = match &record {
        Some(record) => trace::follow(&record.payment.trace, inquiry.query(order)).await,
        None => inquiry.query(order).await,
    };
    let sighting = match asked {
        Ok(sighting) if sighting.out_trade_no == *order => sighting,
        Ok(_) | Err(_) => return Ok(ChannelAnswer::Silent),
    };
    if let Some(record) = record.filter(|record| record.payment.state.received().is_none()) {
        record_sighting(gateway, &sighting, Source::answer(Way::Query, record.payment.version)).await?;
    }
    Ok(match sighting.seen {
        Sighted::Paid { amount, paid_at, .. } => ChannelAnswer::Paid { amount: amount.fen(), at: paid_at },
        Sighted::Waiting => ChannelAnswer::Waiting,
        Sighted::Closed => ChannelAnswer::Closed,
        Sighted::Missing => ChannelAnswer::Missing,
        Sighted::Unknown { .. } => ChannelAnswer::Silent,
    })
}

/// What the channel says of a refund of ours now.
pub(super) async fn ask_channel_for_refund(
    gateway: &Gateway,
    number: &OutRefundNo,
) -> Result<RefundAnswer, Trouble> {
    let Some(record) = gateway.store.refund(number).await? else { return Ok(RefundAnswer::NotAsked) };
    let Some(payment) = gateway.store.payment(&record.refund.out_trade_no).await? else {
        return Ok(RefundAnswer::NotAsked);
    };
    let Some(provider) = gateway.channel(&payment.payment.channel) else { return Ok(RefundAnswer::NotAsked) };
    let Some(refunds) = provider.refunds() else { return Ok(RefundAnswer::NotAsked) };
    let request = refund_request(gateway, &record, &payment)?;
    let Ok(sighting) = trace::follow(&record.refund.trace, refunds.query_refund(&request)).await else {
        return Ok(RefundAnswer::Silent);
    };
    if record.refund.state.is_under_way() {
        record_refund_sighting(gateway, &sighting, Source::answer(Way::Query, record.refund.version)).await?;
    }
    Ok(match sighting.seen {
        SightedRefund::Processing { .. } => RefundAnswer::Processing,
        SightedRefund::Succeeded { refunded_at, .. } => RefundAnswer::Succeeded {
            amount: sighting.amount.map(mingfen_domain::Amount::fen),
            at: refunded_at,
        },
        SightedRefund::Abnormal { .. } => RefundAnswer::Abnormal,
        SightedRefund::Closed => RefundAnswer::Closed,
        SightedRefund::Missing => RefundAnswer::Missing,
        SightedRefund::Unknown { .. } => RefundAnswer::Silent,
    })
}

/// Whether HIS has booked a bill.
pub(super) async fn ask_his(gateway: &Gateway, bill_no: &BillNo) -> HisAnswer {
    match gateway.his.find_booking(&gateway.settings.hospital.id, bill_no).await {
        Found::Yes(found) => {
            HisAnswer::Booked { number: found.booked.his_order_no, amount: found.total, at: None }
        }
        Found::No => HisAnswer::No,
        Found::Unknown(_) => HisAnswer::Silent,
    }
}

/// Whether HIS has booked a refund.
pub(super) async fn ask_his_for_refund(gateway: &Gateway, number: &OutRefundNo) -> HisAnswer {
    match gateway.his.find_refund(&gateway.settings.hospital.id, number).await {
        Found::Yes(found) => {
            HisAnswer::Booked { number: found.his_refund_no, amount: found.amount.fen(), at: None }
        }
        Found::No => HisAnswer::No,
        Found::Unknown(_) => HisAnswer::Silent,
    }
}
