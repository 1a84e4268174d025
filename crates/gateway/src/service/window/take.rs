//! Money over the counter: an order first, which claims the slips and has HIS hold them; then the cashier's word that the money is there.
//!
//! What if the form comes twice? The first one has its key, the second one's order has its word: both are constraints. What if we die
//! between the word and its recording? The order is followed like any other, and who follows it finds the word. What if a phone pays the
//! same slip? It cannot while the order stands; and an order that a phone opened first is closed at its provider before this one.

use super::is_key;
use crate::service::attention::audit;
use crate::service::give_lock_back;
use crate::service::open_payment::{AtWindow, OpenError, OpenPayment, Opened, open_payment};
use crate::service::record_refund::{record_refund_event, record_refund_sighting};
use crate::service::record_sighting::{Recorded, Source, Way, record_event, record_sighting};
use crate::service::staff::actor;
use crate::service::{Private, Trouble};
use crate::{Gateway, crash, trace};
use mingfen_domain::ids::{BillNo, OutTradeNo, ProviderRefundNo, SlipNo};
use mingfen_domain::payment::{Event, State};
use mingfen_domain::person::Patient;
use mingfen_domain::refund::Event as RefundEvent;
use mingfen_domain::shift::{Event as ShiftEvent, Outcome as ShiftOutcome};
use mingfen_domain::split::Split;
use mingfen_domain::window::{Method, PosSlip};
use mingfen_domain::{Fen, Timestamp, refund, window};
use mingfen_provider_api::{OrderSighting, PayerScene, RefundSighting, Sighted, SightedRefund};
use mingfen_store::{
    BillRecord, Noted, PaymentRecord, RefundRecord, ShiftRecord, StoreError, TakenRecord, Tx,
    WindowOrderRecord, cash_number,
};

/// What a cashier wants to take.
#[derive(Clone, Debug)]
pub struct TakeSlips {
    /// Whose slips, as HIS knows them.
    pub patient: Patient,
    /// Which.
    pub slips: Vec<SlipNo>,
    /// What was shown: no other amount is taken.
    pub shown: Split,
    /// How.
    pub method: Method,
    /// The form's key.
    pub key: String,
    /// Who: a staff number.
    pub cashier: String,
}

/// Why there is no order, or no money was written down.
#[derive(Debug, thiserror::Error)]
pub enum TakeRefused {
    /// The form's key is no key of ours, or its order is another's.
    #[error("the form is not one of ours")]
    BadKey,
    /// The hospital has no such account.
    #[error("no channel takes this at the window")]
    NotSetUp,
    /// The cashier has no open shift.
    #[error("there is no open shift")]
    NoShift,
    /// As for everybody who opens an order.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// There is no such order at the window.
    #[error("there is no such order at the window")]
    NotFound,
    /// Another cashier's.
    #[error("it is another cashier's")]
    NotYours,
    /// Less was tendered than is owed.
    #[error("too little was tendered")]
    TooLittle,
    /// A slip of a terminal is wanted.
    #[error("a terminal's slip is wanted")]
    NoSlip,
    /// This slip of a terminal belongs to another payment or refund.
    #[error("this slip was used before")]
    SlipUsed,
    /// It was dropped or has run out; no word of it was kept.
    #[error("the order cannot be paid any more")]
    Over,
    /// Nothing happened; try again.
    #[error(transparent)]
    Trouble(#[from] Trouble),
}

impl From<StoreError> for TakeRefused {
    fn from(error: StoreError) -> Self {
        Self::Trouble(error.into())
    }
}

/// An order at the window with what belongs to it.
#[derive(Clone, Debug)]
pub struct WindowOrder {
    /// The window's part.
    pub order: WindowOrderRecord,
    /// The payment.
    pub payment: PaymentRecord,
    /// The bill.
    pub bill: BillRecord,
    /// Whose; masked before anybody sees it.
    pub patient: Patient,
}

/// Reads an order at the window.
///
/// # Errors
/// [`Trouble`].
pub async fn window_order(gateway: &Gateway, order: &OutTradeNo) -> Result<Option<WindowOrder>, Trouble> {
    let store = &gateway.store;
    let Some(record) = store.window_order(order).await? else { return Ok(None) };
    let Some(payment) = store.payment(order).await? else { return Ok(None) };
    let Some(bill) = store.bill(&payment.payment.bill_no).await? else { return Ok(None) };
    let patient = Private(gateway).open_patient(&bill.patient_sealed)?;
    Ok(Some(WindowOrder { order: record, payment, bill, patient }))
}

/// Opens an order for the chosen slips, or finds the one of this form.
///
/// # Errors
/// [`TakeRefused`]: no slip is held for this form.
pub async fn open_order(gateway: &Gateway, wish: TakeSlips) -> Result<OutTradeNo, TakeRefused> {
    if !is_key(&wish.key) {
        return Err(TakeRefused::BadKey);
    }
    if let Some(earlier) = gateway.store.window_order_by_key(&wish.key).await? {
        return if earlier.cashier == wish.cashier {
            Ok(earlier.out_trade_no)
        } else {
            Err(TakeRefused::BadKey)
        };
    }
    let channel = super::window_channel(gateway, wish.method).ok_or(TakeRefused::NotSetUp)?.clone();
    if gateway.store.open_shift_of(&wish.cashier).await?.is_none() {
        return Err(TakeRefused::NoShift);
    }
    let request = OpenPayment {
        patient: wish.patient,
        phone: None,
        slips: wish.slips,
        shown: wish.shown,
        channel,
        scene: PayerScene::Window,
        client_ip: None,
        language: "zh-CN".to_owned(),
        window: Some(AtWindow {
            form_key: wish.key.clone(),
            method: wish.method,
            cashier: wish.cashier.clone(),
        }),
    };
    let Opened { .. } = open_payment(gateway, &request).await?;
    match gateway.store.window_order_by_key(&wish.key).await? {
        Some(made) => Ok(made.out_trade_no),
        None => Err(Trouble::Inconsistent("an order at the window has no form".to_owned()).into()),
    }
}

/// What a cashier says of the money.
#[derive(Clone, Debug)]
pub enum TakenMoney {
    /// So much was tendered in cash.
    Cash {
        /// How much.
        tendered: Fen,
    },
    /// The terminal took it, and printed this.
    Pos(PosSlip),
}

/// Writes down that the money of an order is there. Safe to repeat: the first word stands. Answers how the payment stands now.
///
/// # Errors
/// [`TakeRefused`]: no word was kept.
pub async fn take_money(
    gateway: &Gateway,
    order: &OutTradeNo,
    money: &TakenMoney,
    cashier: &str,
) -> Result<State, TakeRefused> {
    let Some(WindowOrder { order: record, payment, .. }) = window_order(gateway, order).await? else {
        return Err(TakeRefused::NotFound);
    };
    if record.cashier != cashier {
        return Err(TakeRefused::NotYours);
    }
    if record.taken.is_none() {
        note(gateway, &record, &payment, money).await?;
        crash::point("window.noted");
    }
    let state = match news_of_order(gateway, order).await? {
        Some(recorded) => recorded.state().cloned(),
        None => gateway.store.payment(order).await?.map(|record| record.payment.state),
    };
    state.ok_or_else(|| Trouble::Inconsistent(format!("order {order} vanished")).into())
}

async fn note(
    gateway: &Gateway,
    record: &WindowOrderRecord,
    payment: &PaymentRecord,
    money: &TakenMoney,
) -> Result<(), TakeRefused> {
    let amount = payment.payment.amount;
    let (tendered, slip) = match (record.method, money) {
        (Method::Cash, TakenMoney::Cash { tendered }) => {
            if window::change(amount, *tendered).map_err(Trouble::from)?.is_none() {
                return Err(TakeRefused::TooLittle);
            }
            (Some(*tendered), None)
        }
        (Method::Pos, TakenMoney::Pos(slip)) => (None, Some(slip.clone())),
        (Method::Cash, TakenMoney::Pos(_)) => return Err(TakeRefused::TooLittle),
        (Method::Pos, TakenMoney::Cash { .. }) => return Err(TakeRefused::NoSlip),
    };
    // A slip that nobody holds any more may be somebody else's by now: the patient's money is not taken for it.
    if !payment.payment.state.is_live() {
        return Err(TakeRefused::Over);
    }
    let order = &record.out_trade_no;
    let now = gateway.now();
    let mut tx = gateway.store.begin().await?;
    let Some(shift) = moving_shift(&mut tx, &record.cashier).await? else {
        tx.rollback().await?;
        return Err(TakeRefused::NoShift);
    };
    let taken = TakenRecord { shift_no: shift.shift_no.clone(), at: now, tendered, slip };
    match tx.note_taken(order, &taken).await? {
        Noted::Done => {}
        Noted::Before => {
            tx.rollback().await?;
            return Ok(());
        }
        Noted::SlipUsed => {
            tx.rollback().await?;
            return Err(TakeRefused::SlipUsed);
        }
    }
    let how = match &taken.slip {
        Some(slip) => format!("card, slip {}", slip.number()),
        None => "cash".to_owned(),
    };
    let detail = format!("{amount} yuan in {how}, shift {}", shift.shift_no);
    audit(&mut tx, now, &actor(&record.cashier), "window.taken", order.as_str(), &detail).await?;
    tx.commit().await?;
    Ok(())
}

/// The cashier's open shift, held and saved: what was counted in it is void, a closing that was asked for over that count too, and nobody closes it before this transaction ends.
pub(super) async fn moving_shift(tx: &mut Tx, cashier: &str) -> Result<Option<ShiftRecord>, Trouble> {
    let Some(mut shift) = tx.open_shift_for_update(cashier).await? else { return Ok(None) };
    match shift.state.step(ShiftEvent::MoneyMoved) {
        ShiftOutcome::Moved(next) => {
            shift.state = next;
            shift.counted = None;
            shift.asked = None;
        }
        ShiftOutcome::AlreadySo => {}
        ShiftOutcome::Refused(_) => return Ok(None),
    }
    tx.save_shift(&shift).await?;
    Ok(Some(shift))
}

/// Records what a cashier said of an order, or that its time is over. `None`: there is nothing to record yet.
///
/// # Errors
/// [`Trouble`]: try again.
pub(crate) async fn news_of_order(
    gateway: &Gateway,
    order: &OutTradeNo,
) -> Result<Option<Recorded>, Trouble> {
    let Some(record) = gateway.store.window_order(order).await? else { return Ok(None) };
    let Some(payment) = gateway.store.payment(order).await? else { return Ok(None) };
    if let (Some(taken), Some(provider_trade_no)) = (&record.taken, record.provider_trade_no()) {
        let seen = Sighted::Paid { provider_trade_no, amount: payment.payment.amount, paid_at: taken.at };
        let sighting = OrderSighting { out_trade_no: order.clone(), seen };
        return record_sighting(gateway, &sighting, Source::ours(Way::Cashier)).await.map(Some);
    }
    if payment.payment.state.is_live() && payment.payment.expires_at <= gateway.now() {
        return record_event(gateway, order, Event::Expired, Way::Deadline).await.map(Some);
    }
    Ok(None)
}

/// Records what a cashier said of a refund over the counter. `false`: nobody has said anything yet.
///
/// # Errors
/// [`Trouble`]: try again.
pub(crate) async fn news_of_refund(gateway: &Gateway, record: &RefundRecord) -> Result<bool, Trouble> {
    let number = &record.refund.out_refund_no;
    let Some(given) = gateway.store.window_refund(number).await? else { return Ok(false) };
    // Marked as sent first, like every refund: the day's books know when it left.
    if record.refund.state == refund::State::Due {
        let source = Source::ours(Way::Cashier);
        record_refund_event(gateway, number, RefundEvent::InDoubt, source).await?;
    }
    let theirs = given.slip.as_ref().map_or_else(|| cash_number(number.as_str()), PosSlip::number);
    let theirs = ProviderRefundNo::parse(theirs)
        .map_err(|error| Trouble::Inconsistent(format!("refund {number}: {error}")))?;
    let sighting = RefundSighting {
        out_refund_no: number.clone(),
        out_trade_no: record.refund.out_trade_no.clone(),
        amount: Some(record.refund.amount),
        seen: SightedRefund::Succeeded { provider_refund_no: theirs, refunded_at: given.at },
    };
    record_refund_sighting(gateway, &sighting, Source::ours(Way::Cashier)).await?;
    Ok(true)
}

/// Lets the slips of an order go that nobody has paid: the patient pays otherwise, or not now. Safe to repeat.
///
/// # Errors
/// [`TakeRefused`]: it stands as before; an order whose money is there is not dropped.
pub async fn drop_order(gateway: &Gateway, order: &OutTradeNo, cashier: &str) -> Result<BillNo, TakeRefused> {
    let Some(WindowOrder { order: record, payment, bill, .. }) = window_order(gateway, order).await? else {
        return Err(TakeRefused::NotFound);
    };
    if record.cashier != cashier {
        return Err(TakeRefused::NotYours);
    }
    if record.taken.is_some() {
        return Err(TakeRefused::Over);
    }
    let bill_no = bill.bill.bill_no.clone();
    if !payment.payment.state.is_live() {
        return Ok(bill_no);
    }
    let now: Timestamp = gateway.now();
    let mut tx = gateway.store.begin().await?;
    let detail = format!("{} yuan, not taken", payment.payment.amount);
    audit(&mut tx, now, &actor(cashier), "window.dropped", order.as_str(), &detail).await?;
    tx.commit().await?;
    record_event(gateway, order, Event::SeenClosed, Way::Cashier).await?;
    trace::follow(&bill.trace, give_lock_back(gateway, &bill_no, 1)).await?;
    Ok(bill_no)
}
