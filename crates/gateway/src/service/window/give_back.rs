//! A refund over the counter: out of the till of an open shift, or to a card by the bank's terminal. It was asked for and approved like any
//! other; here a cashier says that the patient has the money.

use super::take::{moving_shift, news_of_refund};
use crate::service::Trouble;
use crate::service::attention::audit;
use crate::service::staff::actor;
use crate::{Gateway, crash};
use mingfen_domain::ids::OutRefundNo;
use mingfen_domain::refund::State;
use mingfen_domain::window::{Method, PosSlip};
use mingfen_store::{Noted, RefundRecord, StoreError, WindowRefundRecord};

/// What a cashier says.
#[derive(Clone, Debug)]
pub struct HandBack {
    /// Which refund.
    pub out_refund_no: OutRefundNo,
    /// The terminal's slip, when it goes back to a card.
    pub slip: Option<PosSlip>,
    /// Who: a staff number.
    pub cashier: String,
}

/// Why nothing was written down.
#[derive(Debug, thiserror::Error)]
pub enum GiveBackRefused {
    /// There is no such refund over the counter.
    #[error("there is no such refund over the counter")]
    NotFound,
    /// It is over already, one way or another.
    #[error("it is over already")]
    Over,
    /// The cashier has no open shift.
    #[error("there is no open shift")]
    NoShift,
    /// A slip of a terminal is wanted.
    #[error("a terminal's slip is wanted")]
    NoSlip,
    /// This slip of a terminal belongs to another payment or refund.
    #[error("this slip was used before")]
    SlipUsed,
    /// Nothing happened; try again.
    #[error(transparent)]
    Trouble(#[from] Trouble),
}

impl From<StoreError> for GiveBackRefused {
    fn from(error: StoreError) -> Self {
        Self::Trouble(error.into())
    }
}

/// Writes down that the patient has the money. Safe to repeat: the first word stands.
///
/// # Errors
/// [`GiveBackRefused`]: no word was kept.
pub async fn hand_back(gateway: &Gateway, hand: &HandBack) -> Result<RefundRecord, GiveBackRefused> {
    let number = &hand.out_refund_no;
    let store = &gateway.store;
    let Some(record) = store.refund(number).await? else { return Err(GiveBackRefused::NotFound) };
    let Some(payment) = store.payment(&record.refund.out_trade_no).await? else {
        return Err(GiveBackRefused::NotFound);
    };
    let method = gateway.channel(&payment.payment.channel).and_then(|channel| channel.window());
    let method = method.ok_or(GiveBackRefused::NotFound)?;
    if store.window_refund(number).await?.is_none() {
        if record.refund.state != State::Due {
            return Err(GiveBackRefused::Over);
        }
        note(gateway, hand, method, &record).await?;
        crash::point("window_refund.noted");
    }
    news_of_refund(gateway, &record).await?;
    let record = store.refund(number).await?;
    record.ok_or_else(|| Trouble::Inconsistent(format!("refund {number} vanished")).into())
}

async fn note(
    gateway: &Gateway,
    hand: &HandBack,
    method: Method,
    record: &RefundRecord,
) -> Result<(), GiveBackRefused> {
    let slip = match (method, &hand.slip) {
        (Method::Cash, _) => None,
        (Method::Pos, Some(slip)) => Some(slip.clone()),
        (Method::Pos, None) => return Err(GiveBackRefused::NoSlip),
    };
    let now = gateway.now();
    let mut tx = gateway.store.begin().await?;
    let Some(shift) = moving_shift(&mut tx, &hand.cashier).await? else {
        tx.rollback().await?;
        return Err(GiveBackRefused::NoShift);
    };
    let given = WindowRefundRecord {
        out_refund_no: hand.out_refund_no.clone(),
        method,
        cashier: hand.cashier.clone(),
        shift_no: shift.shift_no.clone(),
        at: now,
        slip,
    };
    match tx.note_given_back(&given).await? {
        Noted::Done => {}
        Noted::Before => {
            tx.rollback().await?;
            return Ok(());
        }
        Noted::SlipUsed => {
            tx.rollback().await?;
            return Err(GiveBackRefused::SlipUsed);
        }
    }
    let how = match &given.slip {
        Some(slip) => format!("card, slip {}", slip.number()),
        None => "cash".to_owned(),
    };
    let detail = format!("{} yuan in {how}, shift {}", record.refund.amount, shift.shift_no);
    audit(&mut tx, now, &actor(&hand.cashier), "window.given_back", hand.out_refund_no.as_str(), &detail)
        .await?;
    tx.commit().await?;
    Ok(())
}
