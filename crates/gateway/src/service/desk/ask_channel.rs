//! Somebody at the desk has the channel asked about a payment now, and it is written down who.

use crate::Gateway;
use crate::service::attention::audit;
use crate::service::{Trouble, ask_now};
use mingfen_domain::ids::BillNo;

/// What came of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChannelAsked {
    /// There is no such bill.
    NotFound,
    /// Every order of it is settled already; nobody was asked.
    NothingOpen,
    /// The channel was asked; what it said is recorded.
    Asked {
        /// Something is known now that was not before.
        news: bool,
    },
}

/// Asks after every order of the bill that is not settled.
///
/// # Errors
/// [`Trouble`].
pub async fn ask_channel(gateway: &Gateway, bill_no: &BillNo, by: &str) -> Result<ChannelAsked, Trouble> {
    let payments = gateway.store.payments_of_bill(bill_no).await?;
    if payments.is_empty() {
        return Ok(ChannelAsked::NotFound);
    }
    let open: Vec<_> = payments.into_iter().filter(|record| record.payment.state.is_live()).collect();
    if open.is_empty() {
        return Ok(ChannelAsked::NothingOpen);
    }
    let mut tx = gateway.store.begin().await?;
    audit(&mut tx, gateway.now(), by, "order.asked", bill_no.as_str(), "").await?;
    tx.commit().await?;
    let mut news = false;
    for record in open {
        let state = ask_now(gateway, &record.payment.out_trade_no, false).await?;
        news |= state.is_some_and(|state| state != record.payment.state);
    }
    Ok(ChannelAsked::Asked { news })
}
