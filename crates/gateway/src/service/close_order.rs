//! The window takes over a slip that somebody is paying elsewhere: the order is closed at its provider, then here.

use super::attention::audit;
use super::order_money::{OrderMoney, money_of};
use super::order_story::find_bill;
use super::{Trouble, ask_now, give_lock_back};
use crate::{Gateway, trace};
use mingfen_domain::payment::State;

/// Why an order is not closed.
#[derive(Debug, thiserror::Error)]
pub enum CloseOrderRefused {
    /// No such order.
    #[error("there is no order, bill or slip of this number")]
    NotFound,
    /// Money came in.
    #[error("the order was paid, so there is nothing to close; give the money back by a refund")]
    Paid,
    /// The provider does not say that it is closed: it may still be paid.
    #[error(
        "the provider does not confirm that the order is closed, so it may still be paid; ask again before money is taken elsewhere"
    )]
    InDoubt,
    /// Nothing is known to have happened.
    #[error(transparent)]
    Trouble(#[from] Trouble),
}

/// Closes what of a bill can still be paid, at the provider first, and gives HIS's lock back. Safe to repeat: what is closed
/// already is answered alike.
///
/// # Errors
/// [`CloseOrderRefused`]: money must not be taken elsewhere.
pub async fn close_order(
    gateway: &Gateway,
    number: &str,
    who: &str,
) -> Result<OrderMoney, CloseOrderRefused> {
    let bill = find_bill(gateway, number).await?.ok_or(CloseOrderRefused::NotFound)?;
    let bill_no = bill.bill.bill_no.clone();
    let payments = gateway.store.payments_of_bill(&bill_no).await.map_err(Trouble::from)?;
    if payments.iter().any(|record| record.payment.state.received().is_some()) {
        return Err(CloseOrderRefused::Paid);
    }
    let live: Vec<_> = payments.into_iter().filter(|record| record.payment.state.is_live()).collect();
    if !live.is_empty() {
        let mut tx = gateway.store.begin().await.map_err(Trouble::from)?;
        audit(&mut tx, gateway.now(), who, "order.close_asked", bill_no.as_str(), "the window takes it over")
            .await
            .map_err(Trouble::from)?;
        tx.commit().await.map_err(Trouble::from)?;
    }
    for record in &live {
        let order = &record.payment.out_trade_no;
        match trace::follow(&record.payment.trace, ask_now(gateway, order, true)).await? {
            Some(State::Closed(_)) => {}
            Some(State::Paid(_) | State::Suspense { .. }) => return Err(CloseOrderRefused::Paid),
            Some(State::Opening | State::Waiting { .. }) | None => return Err(CloseOrderRefused::InDoubt),
        }
    }
    // The task that gives the lock back would do it in a moment; the window wants it now.
    if !live.is_empty() {
        trace::follow(&bill.trace, give_lock_back(gateway, &bill_no, 1)).await?;
    }
    gateway.work.notify_one();
    let bill = gateway.store.bill(&bill_no).await.map_err(Trouble::from)?;
    let bill = bill.ok_or(CloseOrderRefused::NotFound)?;
    money_of(gateway, bill).await?.ok_or(CloseOrderRefused::NotFound)
}
