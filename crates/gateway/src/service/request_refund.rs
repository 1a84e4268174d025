//! Somebody asks for money back: a cashier, HIS, or a person who decided over suspense.

use super::Trouble;
use super::record_refund::{AddedRefund, add_refund, complete_by_hand, number_of_a_refund_by_hand};
use crate::{Gateway, crash};
use mingfen_domain::ids::{BillNo, OutRefundNo, OutTradeNo, SlipNo};
use mingfen_domain::payment::State as PaymentState;
use mingfen_domain::refund::{Origin, Refund, State};
use mingfen_domain::write_back::State as WriteBackState;
use mingfen_domain::{Amount, Fen};
use mingfen_his::{MayRefund, RefundQuestion};
use mingfen_store::{PaymentRecord, RefundHisState, RefundRecord, StoreError};

/// What is to be refunded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RefundTarget {
    /// An order at a channel.
    Order(OutTradeNo),
    /// A bill: the payment that settled it.
    Bill(BillNo),
}

/// A request for money back.
#[derive(Clone, Debug)]
pub struct RefundAsked {
    /// From what.
    pub target: RefundTarget,
    /// How much; `None`: all that is left.
    pub amount: Option<Amount>,
    /// One slip of the bill, when only that is meant: no more than its own share, and HIS is asked about it.
    pub slip_no: Option<SlipNo>,
    /// Shown to the payer.
    pub reason: String,
    /// Cashier or HIS; money in suspense is recognised and needs no HIS.
    pub origin: Origin,
    /// Who, for the audit trail.
    pub requested_by: String,
    /// The caller's own number: the same one again is answered with the first refund.
    pub request_key: Option<String>,
    /// How the money goes back.
    pub by: RefundWay,
}

/// How money goes back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RefundWay {
    /// Through the channel that it came by, as it should be.
    Channel,
    /// It was given in cash or from the bank already, because the channel could not: only written down.
    Hand,
}

/// Why there is no refund.
#[derive(Debug, thiserror::Error)]
pub enum RefundRefused {
    /// No such order or bill.
    #[error("there is no such order")]
    NotFound,
    /// Nothing was paid.
    #[error("nothing was paid under this order; it is {0}")]
    NotPaid(String),
    /// HIS has not answered the write-back yet.
    #[error(
        "the payment is not booked at HIS yet ({0}); wait until it is, or until it is sent back by itself"
    )]
    NotBookedYet(String),
    /// More than is left.
    #[error("{asked} yuan were asked for, {left} yuan are left to refund")]
    TooMuch {
        /// Asked for.
        asked: Fen,
        /// Left.
        left: Fen,
    },
    /// Everything was given back, or is on its way.
    #[error("nothing is left to refund")]
    NothingLeft,
    /// The slip is not in that bill.
    #[error("slip {0} was not paid with this order")]
    NoSuchSlip(SlipNo),
    /// The same request number with another content.
    #[error("this request number was used for another refund: {0}")]
    OtherRequest(OutRefundNo),
    /// HIS says no.
    #[error("HIS does not allow it: {0}")]
    HisSaysNo(String),
    /// HIS could not be asked.
    #[error("HIS could not be asked: {0}")]
    HisSilent(String),
    /// The channel pays nothing back.
    #[error(
        "channel {0} cannot refund; give the money back by hand and record it: mingfen refund … --by-hand"
    )]
    NoRefunds(String),
    /// A reason is required.
    #[error("a reason of 1 to 80 characters is required")]
    NoReason,
    /// Nothing happened; ask again.
    #[error(transparent)]
    Trouble(#[from] Trouble),
}

impl From<StoreError> for RefundRefused {
    fn from(error: StoreError) -> Self {
        Self::Trouble(error.into())
    }
}

/// Stores a refund and makes it due; the money moves by the job that follows it.
///
/// # Errors
/// [`RefundRefused`]: nothing was stored.
pub async fn request_refund(gateway: &Gateway, asked: RefundAsked) -> Result<RefundRecord, RefundRefused> {
    let length = asked.reason.chars().count();
    if length == 0 || length > 80 || asked.reason.chars().any(char::is_control) {
        return Err(RefundRefused::NoReason);
    }
    let payment = find_payment(gateway, &asked.target).await?;
    if let Some(earlier) = earlier(gateway, &asked).await? {
        return Ok(earlier);
    }
    let Some(received) = payment.payment.state.received() else {
        return Err(RefundRefused::NotPaid(payment.payment.state.as_str().to_owned()));
    };
    let channel = gateway
        .channel(&payment.payment.channel)
        .ok_or_else(|| Trouble::NoChannel(payment.payment.channel.to_string()))?;
    if asked.by == RefundWay::Channel && channel.refunds().is_none() && channel.window().is_none() {
        return Err(RefundRefused::NoRefunds(payment.payment.channel.to_string()));
    }
    let left_of_payment = received.amount.fen().minus(payment.refund_held).map_err(Trouble::from)?;
    let slip = match &asked.slip_no {
        Some(slip_no) => Some((slip_no, share_of(gateway, &payment, slip_no).await?)),
        None => None,
    };
    let left = match slip {
        Some((slip_no, share)) => {
            let refunds = gateway.store.refunds_of_payment(&payment.payment.out_trade_no).await?;
            left_of_slip(share, slip_no, &refunds)?.min(left_of_payment)
        }
        None => left_of_payment,
    };
    let everything_left = Amount::try_from(left).map_err(|_| RefundRefused::NothingLeft)?;
    let amount = asked.amount.unwrap_or(everything_left);
    if amount > everything_left {
        return Err(RefundRefused::TooMuch { asked: amount.fen(), left });
    }
    let origin = ask_his(gateway, &asked, &payment, amount).await?;

    let now = gateway.now();
    let record = RefundRecord {
        refund: Refund {
            out_refund_no: OutRefundNo::fresh(now, gateway.random.as_ref()),
            out_trade_no: payment.payment.out_trade_no.clone(),
            amount,
            origin,
            reason: asked.reason.clone(),
            state: match asked.by {
                RefundWay::Channel => State::Due,
                RefundWay::Hand => {
                    State::Succeeded { provider_refund_no: number_of_a_refund_by_hand(), refunded_at: now }
                }
            },
            trace: payment.payment.trace.clone(),
            requested_at: now,
            version: 0,
        },
        bill_no: payment.payment.bill_no.clone(),
        requested_by: asked.requested_by.clone(),
        request_key: asked.request_key.clone(),
        his_state: if origin.concerns_his() { RefundHisState::Due } else { RefundHisState::None },
        his_refund_no: None,
        slip_no: asked.slip_no.clone(),
        request_digest: Some(digest(&asked)),
        sent_at: None,
    };
    let mut tx = gateway.store.begin().await?;
    match add_refund(&mut tx, &record, now).await? {
        // The payment is held now: what other refunds take of this slip is seen here, or waits for us.
        AddedRefund::New => {
            if let Some((slip_no, share)) = slip {
                let refunds = tx.refunds_of_payment(&payment.payment.out_trade_no).await?;
                if left_of_slip(share, slip_no, &refunds)? < Fen::ZERO {
                    tx.rollback().await?;
                    return Err(RefundRefused::TooMuch { asked: amount.fen(), left: Fen::ZERO });
                }
            }
        }
        AddedRefund::Earlier(earlier) => {
            tx.rollback().await?;
            return same_or_refuse(*earlier, &asked);
        }
        AddedRefund::TooMuch => {
            tx.rollback().await?;
            return Err(RefundRefused::TooMuch { asked: amount.fen(), left });
        }
    }
    crash::point("request_refund.before_commit");
    if asked.by == RefundWay::Hand {
        complete_by_hand(&mut tx, &record, now).await?;
    }
    tx.commit().await?;
    crash::point("request_refund.stored");
    gateway.work.notify_one();
    Ok(record)
}

/// What the patient paid of one slip of the bill.
async fn share_of(
    gateway: &Gateway,
    payment: &PaymentRecord,
    slip_no: &SlipNo,
) -> Result<Fen, RefundRefused> {
    let bill = gateway.store.bill(&payment.payment.bill_no).await?;
    let slips = bill.map(|bill| bill.slips).unwrap_or_default();
    let slip = slips.into_iter().find(|slip| slip.slip_no == *slip_no);
    slip.map(|slip| slip.self_pay).ok_or_else(|| RefundRefused::NoSuchSlip(slip_no.clone()))
}

/// What is left of a slip's share after its own refunds; negative when they are too much already.
fn left_of_slip(share: Fen, slip_no: &SlipNo, refunds: &[RefundRecord]) -> Result<Fen, Trouble> {
    let of_slip = |record: &&RefundRecord| record.slip_no.as_ref() == Some(slip_no);
    let held = refunds.iter().filter(of_slip).filter(|record| record.refund.state.holds_money());
    Ok(share.minus(Fen::sum(held.map(|record| record.refund.amount.fen()))?)?)
}

/// A digest of what is asked for. The words of the reason and who asks may differ between two tries of one request.
fn digest(asked: &RefundAsked) -> String {
    use sha2::{Digest, Sha256};
    let target = match &asked.target {
        RefundTarget::Order(order) => order.as_str(),
        RefundTarget::Bill(bill_no) => bill_no.as_str(),
    };
    let amount = asked.amount.map(|amount| amount.get().to_string());
    let slip_no = asked.slip_no.as_ref().map(SlipNo::as_str);
    let way = match asked.by {
        RefundWay::Channel => "channel",
        RefundWay::Hand => "hand",
    };
    let parts = [target, amount.as_deref().unwrap_or("all"), slip_no.unwrap_or("no slip"), way];
    hex::encode(Sha256::digest(parts.join("\n")))
}

async fn find_payment(gateway: &Gateway, target: &RefundTarget) -> Result<PaymentRecord, RefundRefused> {
    let found = match target {
        RefundTarget::Order(order) => gateway.store.payment(order).await?,
        // The one that settled it; before that, any of them, which tells how it stands.
        RefundTarget::Bill(bill_no) => {
            let mut payments = gateway.store.payments_of_bill(bill_no).await?;
            let paid =
                payments.iter().position(|record| matches!(record.payment.state, PaymentState::Paid(_)));
            paid.map(|index| payments.swap_remove(index)).or_else(|| payments.pop())
        }
    };
    found.ok_or(RefundRefused::NotFound)
}

async fn earlier(gateway: &Gateway, asked: &RefundAsked) -> Result<Option<RefundRecord>, RefundRefused> {
    let Some(key) = &asked.request_key else { return Ok(None) };
    match gateway.store.refund_by_request_key(key).await? {
        Some(earlier) => same_or_refuse(earlier, asked).map(Some),
        None => Ok(None),
    }
}

/// A repeat is answered with the first refund; the same number for something else is a mistake of the caller.
fn same_or_refuse(earlier: RefundRecord, asked: &RefundAsked) -> Result<RefundRecord, RefundRefused> {
    if earlier.request_digest.as_deref() == Some(digest(asked).as_str()) {
        Ok(earlier)
    } else {
        Err(RefundRefused::OtherRequest(earlier.refund.out_refund_no))
    }
}

/// HIS is asked before its own revenue is given back. Money in suspense is not HIS's: it goes back on a person's word.
async fn ask_his(
    gateway: &Gateway,
    asked: &RefundAsked,
    payment: &PaymentRecord,
    amount: Amount,
) -> Result<Origin, RefundRefused> {
    if matches!(payment.payment.state, PaymentState::Suspense { .. }) {
        return Ok(Origin::WrongAmount);
    }
    let bill_no = &payment.payment.bill_no;
    match gateway.store.write_back(bill_no).await?.map(|record| record.state) {
        Some(WriteBackState::Posted(_)) => {}
        Some(WriteBackState::Refused { .. }) => return Ok(Origin::BookingRefused),
        Some(other) => return Err(RefundRefused::NotBookedYet(other.as_str().to_owned())),
        None => return Err(RefundRefused::NotBookedYet("not due yet".to_owned())),
    }
    let question = RefundQuestion {
        hospital: gateway.settings.hospital.id.clone(),
        bill_no: bill_no.clone(),
        amount,
        slip_no: asked.slip_no.clone(),
    };
    match gateway.his.may_refund(&question).await {
        Ok(MayRefund::Yes) => Ok(asked.origin),
        Ok(MayRefund::No { reason }) => Err(RefundRefused::HisSaysNo(reason)),
        Err(error) => Err(RefundRefused::HisSilent(error.to_string())),
    }
}
