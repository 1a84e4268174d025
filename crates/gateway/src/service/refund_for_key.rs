//! A refund that a program asks for with its API key: within what that key may give back.

use super::Trouble;
use super::request_refund::{RefundAsked, RefundRefused, RefundTarget, request_refund};
use crate::settings::ApiKey;
use crate::{Gateway, trace};
use mingfen_domain::payment::State;
use mingfen_domain::{BusinessDay, Fen};
use mingfen_store::{PaymentRecord, RefundRecord};

/// Why a key gets no refund.
#[derive(Debug, thiserror::Error)]
pub enum KeyRefundRefused {
    /// One refund is larger than this key may ask for.
    #[error(
        "{asked} yuan are more than the {limit} yuan that this key may refund at once; a larger refund takes a person's approval at the gateway (`mingfen refund`)"
    )]
    OverKeyLimit {
        /// Asked for.
        asked: Fen,
        /// Of the key.
        limit: Fen,
    },
    /// All refunds of the day would be more than this key may ask for.
    #[error(
        "with {asked} yuan this key would refund more than {limit} yuan today, {used} yuan are used; it can be asked for tomorrow, or approved by a person at the gateway (`mingfen refund`)"
    )]
    OverDayLimit {
        /// Asked for.
        asked: Fen,
        /// Used today.
        used: Fen,
        /// Of the key.
        limit: Fen,
    },
    /// As for everybody.
    #[error(transparent)]
    Refused(#[from] RefundRefused),
    /// Nothing happened.
    #[error(transparent)]
    Trouble(#[from] Trouble),
}

/// Asks for a refund within the key's limits.
///
/// The day's allowance is used before the refund is stored and given back when there is none. A process that dies in between
/// leaves it used: the limit may hold earlier than it must, never later.
///
/// # Errors
/// [`KeyRefundRefused`]: nothing was stored.
pub async fn refund_for_key(
    gateway: &Gateway,
    key: &ApiKey,
    asked: RefundAsked,
) -> Result<RefundRecord, KeyRefundRefused> {
    // A repeat is answered with the first refund, which was counted.
    let repeat = match &asked.request_key {
        Some(request_key) => {
            gateway.store.refund_by_request_key(request_key).await.map_err(Trouble::from)?.is_some()
        }
        None => false,
    };
    let Some(payment) = payment_of(gateway, &asked.target).await? else {
        return Ok(request_refund(gateway, asked).await?);
    };
    let trace = payment.payment.trace.clone();
    let amount = match asked.amount {
        Some(amount) => Some(amount.fen()),
        None => left(&payment)?,
    };
    let asking = request_refund(gateway, asked);
    let (Some(amount), false) = (amount, repeat) else {
        return Ok(trace::follow(&trace, asking).await?);
    };
    let limits = key.limits;
    if amount > limits.max_refund {
        tracing::warn!(api.key = %key.id, "a refund above the key's limit was refused");
        return Err(KeyRefundRefused::OverKeyLimit { asked: amount, limit: limits.max_refund });
    }
    let day = BusinessDay::of(gateway.now());
    let store = &gateway.store;
    let most = limits.max_refund_per_day;
    if !store.use_allowance(&key.id, day, amount, most).await.map_err(Trouble::from)? {
        tracing::warn!(api.key = %key.id, "a refund above the key's limit of a day was refused");
        let used = store.allowance_used(&key.id, day).await.map_err(Trouble::from)?;
        return Err(KeyRefundRefused::OverDayLimit { asked: amount, used, limit: most });
    }
    match trace::follow(&trace, asking).await {
        Ok(record) => Ok(record),
        Err(refused) => {
            store.return_allowance(&key.id, day, amount).await.map_err(Trouble::from)?;
            Err(refused.into())
        }
    }
}

async fn payment_of(gateway: &Gateway, target: &RefundTarget) -> Result<Option<PaymentRecord>, Trouble> {
    Ok(match target {
        RefundTarget::Order(order) => gateway.store.payment(order).await?,
        RefundTarget::Bill(bill_no) => {
            let payments = gateway.store.payments_of_bill(bill_no).await?;
            payments.into_iter().find(|record| matches!(record.payment.state, State::Paid(_)))
        }
    })
}

/// What "all that is left" is now; it can only become less until the refund is stored.
fn left(record: &PaymentRecord) -> Result<Option<Fen>, Trouble> {
    let Some(received) = record.payment.state.received() else { return Ok(None) };
    Ok(Some(received.amount.fen().minus(record.refund_held)?))
}
