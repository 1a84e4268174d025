//! Where an order's money is: numbers, amounts, states and times, and nothing of the person.

use super::Trouble;
use super::order_story::find_bill;
use super::payment_view::{Stage, payment_view};
use crate::Gateway;
use mingfen_domain::write_back::State as WriteBackState;
use mingfen_domain::{Fen, refund};
use mingfen_store::{BillRecord, PaymentRecord, RefundRecord};

/// A bill with its money.
#[derive(Clone, Debug)]
pub struct OrderMoney {
    /// The bill. Whose it is stays sealed.
    pub bill: BillRecord,
    /// Where the patient's money is.
    pub stage: Stage,
    /// Every order at a channel, the oldest first.
    pub payments: Vec<PaymentRecord>,
    /// Every refund, the oldest first.
    pub refunds: Vec<RefundRecord>,
    /// Whether HIS knows; `None` until there is something to tell.
    pub write_back: Option<WriteBackState>,
    /// What came in over all orders.
    pub received: Fen,
    /// What is back at the payer.
    pub refunded: Fen,
}

/// Finds a bill by any number and reads its money.
///
/// # Errors
/// [`Trouble`] when the records cannot be read.
pub async fn order_money(gateway: &Gateway, number: &str) -> Result<Option<OrderMoney>, Trouble> {
    match find_bill(gateway, number).await? {
        Some(bill) => money_of(gateway, bill).await,
        None => Ok(None),
    }
}

pub(super) async fn money_of(gateway: &Gateway, bill: BillRecord) -> Result<Option<OrderMoney>, Trouble> {
    let bill_no = bill.bill.bill_no.clone();
    let Some(view) = payment_view(gateway, bill).await? else { return Ok(None) };
    let payments = gateway.store.payments_of_bill(&bill_no).await?;
    let received = payments.iter().filter_map(|record| record.payment.state.received());
    let received = Fen::sum(received.map(|received| received.amount.fen()))?;
    let arrived = |record: &&RefundRecord| matches!(record.refund.state, refund::State::Succeeded { .. });
    let refunded = Fen::sum(view.refunds.iter().filter(arrived).map(|record| record.refund.amount.fen()))?;
    let write_back = gateway.store.write_back(&bill_no).await?.map(|record| record.state);
    Ok(Some(OrderMoney {
        bill: view.bill,
        stage: view.stage,
        payments,
        refunds: view.refunds,
        write_back,
        received,
        refunded,
    }))
}
