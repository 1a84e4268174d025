//! A patient presses "pay": one order, whatever is pressed twice, and never a second one while the first may still be paid.

use super::attention::audit;
use super::record_sighting::{Way, record_event};
use super::rules::{Admission, Asking, Held};
use super::{Private, Trouble, ask_now};
use crate::{Gateway, crash, trace};
use mingfen_domain::bill::{Bill, BillState, BilledSlip};
use mingfen_domain::ids::{BillNo, ChannelId, OutTradeNo, SlipNo, TraceId};
use mingfen_domain::payment::{Event, Payment, Scene, State};
use mingfen_domain::person::{Patient, Phone};
use mingfen_domain::refund::State as RefundState;
use mingfen_domain::slip::{Slip, SlipStatus};
use mingfen_domain::split::Split;
use mingfen_domain::window::Method;
use mingfen_domain::{Amount, Fen, Timestamp};
use mingfen_his::{HisError, LockAnswer, LockRequest, SlipAmount};
use mingfen_provider_api::{CallError, OrderRequest, Payer, PayerScene, Provider};
use mingfen_store::{
    BillRecord, BilledSlipRecord, Claim, InsertedOrder, PaymentRecord, TaskKind, WindowOrderRecord,
};
use std::sync::Arc;

/// HIS holds the slips for so much longer than they can be paid.
const LOCK_MARGIN_SECONDS: i64 = 120;
/// In less time nobody authorises and pays.
const SHORTEST_ORDER_MS: i64 = 60_000;

/// What the patient confirmed.
#[derive(Clone, Debug)]
pub struct OpenPayment {
    /// Whose slips.
    pub patient: Patient,
    /// For the text message.
    pub phone: Option<Phone>,
    /// Which slips.
    pub slips: Vec<SlipNo>,
    /// The split that the confirmation page showed: no other amount is charged.
    pub shown: Split,
    /// Through which account.
    pub channel: ChannelId,
    /// Where the payer is.
    pub scene: PayerScene,
    /// From which address, as the listener saw it; some providers want to know.
    pub client_ip: Option<String>,
    /// For pages and messages.
    pub language: String,
    /// Who takes the money, when that is a cashier.
    pub window: Option<AtWindow>,
}

/// A cashier's part of an order.
#[derive(Clone, Debug)]
pub struct AtWindow {
    /// The form's key: the same key is the same order.
    pub form_key: String,
    /// How it will be paid.
    pub method: Method,
    /// Who: a staff number.
    pub cashier: String,
}

/// A bill that can be looked at, and paid if it still can.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Opened {
    /// The unguessable reference of its pages.
    pub view_ref: String,
}

/// Why there is no order to pay.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// HIS says another amount now; the new one is shown and nothing was charged.
    #[error("the amount changed")]
    AmountChanged {
        /// What is owed now for the chosen slips that are still unpaid.
        now: Split,
        /// The chosen slips that are still unpaid.
        slips: Vec<Slip>,
    },
    /// Somebody paid it already; with the bill when it was paid here.
    #[error("already paid")]
    AlreadyPaid {
        /// The bill's page.
        view_ref: Option<String>,
    },
    /// HIS does not ask for the slips any more, and no payment of ours is why.
    #[error("not owed any more: {0:?}")]
    NotOwed(NotOwed),
    /// An earlier order may still be paid, and nobody can say whether it was.
    #[error("an earlier order is in doubt")]
    InDoubt {
        /// That bill's page.
        view_ref: String,
    },
    /// A cashier takes the money for one of the slips at this moment.
    #[error("{cashier} takes the money at the window")]
    AtWindow {
        /// Who: a staff number.
        cashier: String,
        /// The order there.
        order: OutTradeNo,
    },
    /// Nothing can be ordered just now and nothing was: HIS or the provider does not answer, or refuses.
    #[error("nothing could be ordered: {0}")]
    Busy(String),
    /// HIS has just said that a slip is not what it was: it is read again, and this is said only when that shows nothing new.
    #[error("HIS says no: {0}")]
    OtherAtHis(String),
    /// A rule or the blocklist holds it back; nothing was ordered.
    #[error("held back: {:?}", .0.by)]
    Held(Held),
    /// There is nothing to charge.
    #[error("nothing to charge")]
    NothingToCharge,
    /// Nothing is known to have happened; the patient may try again.
    #[error(transparent)]
    Trouble(#[from] Trouble),
}

/// Why slips are not owed any more, as HIS tells it of each.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NotOwed {
    /// Paid, and not through this gateway.
    PaidElsewhere {
        /// What they came to.
        total: Fen,
    },
    /// Taken back by HIS.
    Cancelled,
    /// Nothing that can be said for certain.
    Unknown,
}

impl From<mingfen_store::StoreError> for OpenError {
    fn from(error: mingfen_store::StoreError) -> Self {
        Self::Trouble(error.into())
    }
}

/// Opens an order for the chosen slips, or finds the one that is open already.
///
/// # Errors
/// [`OpenError`]: each has its own page.
pub async fn open_payment(gateway: &Gateway, request: &OpenPayment) -> Result<Opened, OpenError> {
    let channel = gateway
        .channel(&request.channel)
        .ok_or_else(|| Trouble::NoChannel(request.channel.to_string()))?
        .clone();
    let slips = owed_now(gateway, request).await?;
    let amount = Amount::try_from(request.shown.self_pay()).map_err(|_| OpenError::NothingToCharge)?;
    // At the window a cashier sees who pays, which is where the rules send everybody else.
    let admission = match &request.window {
        Some(_) => None,
        None => Some(Admission::of(gateway, asking(request, amount)).await?),
    };
    if let Some(admission) = &admission {
        admission.at_the_door(gateway).await?.map_err(OpenError::Held)?;
    }
    // A claim may be taken between our look and our insert: look again, a few times.
    for _ in 0..3 {
        if let Some(opened) = settle_earlier_bills(gateway, request).await? {
            return Ok(opened);
        }
        match open_fresh(gateway, request, &channel, &slips, admission.as_ref(), amount).await {
            Ok(Some(opened)) => return Ok(opened),
            Ok(None) => continue,
            Err(error @ OpenError::OtherAtHis(_)) => {
                owed_now(gateway, request).await?;
                return Err(error);
            }
            Err(error) => return Err(error),
        }
    }
    Err(OpenError::Busy("the slips are being paid by somebody else at this moment".into()))
}

fn asking(request: &OpenPayment, amount: Amount) -> Asking<'_> {
    let on_file = request.patient.phone.as_deref().and_then(|phone| Phone::parse(phone).ok());
    Asking {
        payer: payer_of(&request.scene),
        card_no: &request.patient.card_no,
        phones: request.phone.clone().into_iter().chain(on_file).collect(),
        amount,
    }
}

/// Reads the slips once more just before paying. What was shown must be what is owed.
async fn owed_now(gateway: &Gateway, request: &OpenPayment) -> Result<Vec<Slip>, OpenError> {
    let hospital = &gateway.settings.hospital.id;
    let owed =
        gateway.his.owed_slips(hospital, &request.patient.card_no).await.map_err(|error| match error {
            HisError::Rejected { .. }
            | HisError::NoAnswer(_)
            | HisError::Unreadable(_)
            | HisError::Misconfigured(_) => OpenError::Busy(error.to_string()),
        })?;
    let slips: Vec<Slip> = owed
        .map(|owed| owed.slips)
        .unwrap_or_default()
        .into_iter()
        .filter(|slip| slip.status == SlipStatus::Unpaid && request.slips.contains(&slip.slip_no))
        .collect();
    if slips.is_empty() {
        let claims = gateway.store.claims_on(hospital, &request.slips).await?;
        let view_ref = match claims.first() {
            Some((_, bill_no)) => gateway.store.bill(bill_no).await?.map(|bill| bill.view_ref),
            None => return Err(OpenError::NotOwed(why_not_owed(gateway, &request.slips).await?)),
        };
        return Err(OpenError::AlreadyPaid { view_ref });
    }
    let now =
        slips.iter().try_fold(Split::none(), |sum, slip| sum.plus(slip.split)).map_err(Trouble::from)?;
    if now != request.shown || slips.len() != request.slips.len() {
        return Err(OpenError::AmountChanged { now, slips });
    }
    Ok(slips)
}

/// Asks HIS what became of slips that it does not list any more.
async fn why_not_owed(gateway: &Gateway, slip_nos: &[SlipNo]) -> Result<NotOwed, OpenError> {
    let mut slips = Vec::new();
    for slip_no in slip_nos {
        match gateway.his.slip_detail(&gateway.settings.hospital.id, slip_no).await {
            Ok(slip) => slips.extend(slip),
            Err(error) => return Err(OpenError::Busy(error.to_string())),
        }
    }
    let all = |status| slips.len() == slip_nos.len() && slips.iter().all(|slip| slip.status == status);
    if all(SlipStatus::Cancelled) {
        return Ok(NotOwed::Cancelled);
    }
    if all(SlipStatus::Paid) {
        let total = Fen::sum(slips.iter().map(|slip| slip.split.total())).map_err(Trouble::from)?;
        return Ok(NotOwed::PaidElsewhere { total });
    }
    Ok(NotOwed::Unknown)
}

/// Looks at every bill that claims one of the slips. The same order is given back to the same payer; any other order is
/// closed at its provider first, because nothing is charged under a new number while the old one can be paid.
async fn settle_earlier_bills(gateway: &Gateway, request: &OpenPayment) -> Result<Option<Opened>, OpenError> {
    let claims = gateway.store.claims_on(&gateway.settings.hospital.id, &request.slips).await?;
    let mut bill_nos: Vec<BillNo> = claims.into_iter().map(|(_, bill_no)| bill_no).collect();
    bill_nos.sort();
    bill_nos.dedup();
    for bill_no in bill_nos {
        let Some(bill) = gateway.store.bill(&bill_no).await? else { continue };
        let payments = gateway.store.payments_of_bill(&bill_no).await?;
        if matches!(bill.bill.state, BillState::Settled { .. }) {
            if all_went_back(gateway, &payments).await? {
                // HIS owes us the slips again (we have just read them unpaid): they may be paid anew.
                let mut tx = gateway.store.begin().await?;
                tx.release_claims(&bill_no).await?;
                tx.commit().await?;
                continue;
            }
            return Err(OpenError::AlreadyPaid { view_ref: Some(bill.view_ref) });
        }
        if payments.iter().any(|record| matches!(record.payment.state, State::Suspense { .. })) {
            return Err(OpenError::InDoubt { view_ref: bill.view_ref });
        }
        for record in payments.into_iter().filter(|record| record.payment.state.is_live()) {
            if record.payment.scene == Scene::Window {
                match stands_at_window(gateway, request, &record).await? {
                    Standing::ThisForm => return Ok(Some(Opened { view_ref: bill.view_ref })),
                    Standing::Dropped => {
                        unlock(gateway, &bill).await;
                        continue;
                    }
                    Standing::There(refused) => return Err(refused),
                }
            }
            if is_same_order(gateway, request, &bill, &record)? {
                order_again(gateway, &record.payment.out_trade_no).await?;
                return Ok(Some(Opened { view_ref: bill.view_ref }));
            }
            match ask_now(gateway, &record.payment.out_trade_no, true).await? {
                Some(state) if state.is_live() => return Err(OpenError::InDoubt { view_ref: bill.view_ref }),
                Some(state) if state.received().is_some() => {
                    return Err(OpenError::AlreadyPaid { view_ref: Some(bill.view_ref) });
                }
                // Closed. HIS holds the slips for that bill until the task gives them back; the new bill needs them now.
                _ => unlock(gateway, &bill).await,
            }
        }
    }
    Ok(None)
}

/// How an order at the window stands to another request for its slips.
enum Standing {
    /// It is the order of this form.
    ThisForm,
    /// It was this cashier's own, and nobody had paid: it is closed.
    Dropped,
    /// A cashier takes the money for it.
    There(OpenError),
}

/// Nobody closes a cashier's order but that cashier, who chose otherwise: in another way, or other slips.
async fn stands_at_window(
    gateway: &Gateway,
    request: &OpenPayment,
    record: &PaymentRecord,
) -> Result<Standing, OpenError> {
    let order = &record.payment.out_trade_no;
    let Some(there) = gateway.store.window_order(order).await? else {
        return Err(Trouble::Inconsistent(format!("order {order} has no cashier")).into());
    };
    match &request.window {
        Some(window) if window.form_key == there.form_key => Ok(Standing::ThisForm),
        Some(window) if window.cashier == there.cashier && there.taken.is_none() => {
            let end = record_event(gateway, order, Event::SeenClosed, Way::Cashier).await?;
            match end.state() {
                Some(State::Closed(_)) => Ok(Standing::Dropped),
                _ => Ok(Standing::There(OpenError::AlreadyPaid { view_ref: None })),
            }
        }
        _ => Ok(Standing::There(OpenError::AtWindow { cashier: there.cashier, order: order.clone() })),
    }
}

/// Whether every fen that came for a bill is back at the payer.
async fn all_went_back(gateway: &Gateway, payments: &[PaymentRecord]) -> Result<bool, Trouble> {
    for record in payments {
        let Some(received) = record.payment.state.received() else { continue };
        if record.refund_held != received.amount.fen() {
            return Ok(false);
        }
        let refunds = gateway.store.refunds_of_payment(&record.payment.out_trade_no).await?;
        let held = refunds.iter().filter(|record| record.refund.state.holds_money());
        if !held.clone().all(|record| matches!(record.refund.state, RefundState::Succeeded { .. })) {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Whether the patient asks for what is open already: same slips, same sums, same account, same payer, and time left.
fn is_same_order(
    gateway: &Gateway,
    request: &OpenPayment,
    bill: &BillRecord,
    record: &PaymentRecord,
) -> Result<bool, Trouble> {
    let mut billed: Vec<&SlipNo> = bill.bill.slips.iter().map(|slip| &slip.slip_no).collect();
    let mut asked: Vec<&SlipNo> = request.slips.iter().collect();
    billed.sort();
    asked.sort();
    let payer = match &record.payer_sealed {
        Some(sealed) => Some(Private(gateway).open_payer(sealed)?),
        None => None,
    };
    let same_payer = match (&request.scene, payer) {
        (PayerScene::InApp(asking), Some(payer)) => *asking == payer,
        (PayerScene::ShownCode | PayerScene::MobileBrowser { .. }, None) => true,
        _ => false,
    };
    let time_left = record.payment.expires_at.since_ms(gateway.now()) > 60_000;
    Ok(billed == asked
        && bill.bill.split == request.shown
        && record.payment.channel == request.channel
        && record.payment.scene == request.scene.scene()
        && same_payer
        && time_left)
}

/// Claims, stores, orders. `None`: somebody claimed a slip at the same moment.
async fn open_fresh(
    gateway: &Gateway,
    request: &OpenPayment,
    channel: &Arc<dyn Provider>,
    slips: &[Slip],
    admission: Option<&Admission>,
    amount: Amount,
) -> Result<Option<Opened>, OpenError> {
    // Whole seconds: the provider is told this moment and must be told the same one on a repeat.
    let now = Timestamp::from_seconds(gateway.now().seconds());
    let expires_at = deadline(gateway, slips, now);
    let trace = TraceId::fresh(gateway.random.as_ref());
    let bill = new_bill(gateway, request, slips, now, expires_at, &trace);
    let record = PaymentRecord {
        payment: Payment {
            out_trade_no: OutTradeNo::fresh(now, gateway.random.as_ref()),
            bill_no: bill.bill.bill_no.clone(),
            channel: channel.channel().clone(),
            scene: request.scene.scene(),
            amount,
            state: State::Opening,
            trace: trace.clone(),
            created_at: now,
            expires_at,
            version: 0,
        },
        subject: "门诊缴费".to_owned(),
        payer_sealed: payer_of(&request.scene).map(|payer| Private(gateway).seal_payer(payer)),
        client_ip: match &request.scene {
            PayerScene::MobileBrowser { client_ip } => Some(client_ip.clone()),
            PayerScene::InApp(_) | PayerScene::ShownCode | PayerScene::Window => request.client_ip.clone(),
        },
        handle_until: None,
        refund_held: Fen::ZERO,
    };
    let order = record.payment.out_trade_no.clone();
    let mut tx = gateway.store.begin().await?;
    if let Some(admission) = admission
        && let Some((held, whose)) = admission.in_turn(&mut tx, now).await?
    {
        tx.rollback().await?;
        admission.write_down(gateway, &held, whose).await?;
        return Err(OpenError::Held(held));
    }
    let slip_nos: Vec<SlipNo> = bill.bill.slips.iter().map(|slip| slip.slip_no.clone()).collect();
    tx.insert_bill(&bill).await?;
    if let Claim::HeldBy(_) = tx.claim_slips(&bill.bill.hospital, &slip_nos, &bill.bill.bill_no).await? {
        tx.rollback().await?;
        return Ok(None);
    }
    tx.insert_payment(&record).await?;
    let opened_by = match &request.window {
        Some(window) => {
            let part = WindowOrderRecord {
                out_trade_no: order.clone(),
                form_key: window.form_key.clone(),
                method: window.method,
                cashier: window.cashier.clone(),
                opened_at: now,
                taken: None,
            };
            // The same form at the same moment: its order is found at the next look.
            if tx.insert_window_order(&part).await? == InsertedOrder::KeyTaken {
                tx.rollback().await?;
                return Ok(None);
            }
            super::staff::actor(&window.cashier)
        }
        None => "patient".to_owned(),
    };
    if let Some(admission) = admission {
        admission.count(&mut tx, &order, now).await?;
    }
    tx.schedule(TaskKind::FollowPayment, order.as_str(), now.plus_seconds(5), &trace).await?;
    audit(
        &mut tx,
        now,
        &opened_by,
        "payment.opened",
        order.as_str(),
        &format!("{amount} yuan for {}", bill.bill.bill_no),
    )
    .await?;
    tx.commit().await?;
    crash::point("open_payment.stored");
    gateway.metrics.add("mingfen_payments_opened_total", format!("channel=\"{}\"", channel.channel()));
    tracing::info!(payment.out_trade_no = %order, bill.bill_no = %bill.bill.bill_no, trace = %trace, channel = %channel.channel(), "order stored");

    hold(gateway, &bill, &order).await?;
    // Read again: its deadline may have become shorter, and another tap may have ended it.
    let Some(record) = gateway.store.payment(&order).await? else {
        return Err(Trouble::Inconsistent(format!("order {order} vanished")).into());
    };
    match send(gateway, &record, channel.as_ref()).await? {
        Sent::Opened | Sent::InDoubt => Ok(Some(Opened { view_ref: bill.view_ref })),
        Sent::NotTaken(why) => {
            record_event(gateway, &order, Event::OpenRefused { code: why.clone() }, Way::OrderAnswer).await?;
            Err(OpenError::Busy(why))
        }
    }
}

fn payer_of(scene: &PayerScene) -> Option<&Payer> {
    match scene {
        PayerScene::InApp(payer) => Some(payer),
        PayerScene::ShownCode | PayerScene::MobileBrowser { .. } | PayerScene::Window => None,
    }
}

/// The earliest of our own patience and the slips' own deadlines, and at least a minute. Asking HIS takes some of it: an order that
/// has less than a minute left when it is sent is refused by providers.
fn deadline(gateway: &Gateway, slips: &[Slip], now: Timestamp) -> Timestamp {
    let ours = now.plus_seconds(gateway.settings.timing.order_valid);
    let earliest = slips.iter().filter_map(|slip| slip.pay_by).fold(ours, Timestamp::min);
    Timestamp::from_seconds(earliest.max(now.plus_seconds(70)).seconds())
}

fn new_bill(
    gateway: &Gateway,
    request: &OpenPayment,
    slips: &[Slip],
    now: Timestamp,
    pay_until: Timestamp,
    trace: &TraceId,
) -> BillRecord {
    let private = Private(gateway);
    let hospital = gateway.settings.hospital.id.clone();
    BillRecord {
        view_ref: mingfen_domain::ambient::random_text(
            gateway.random.as_ref(),
            mingfen_domain::ambient::READABLE,
            26,
        ),
        patient_sealed: private.seal_patient(&request.patient),
        phone_sealed: request.phone.as_ref().map(|phone| private.seal_phone(phone)),
        indexes: private.bill_indexes(&hospital, &request.patient, request.phone.as_ref()),
        language: request.language.clone(),
        trace: trace.clone(),
        slips: slips
            .iter()
            .map(|slip| BilledSlipRecord {
                slip_no: slip.slip_no.clone(),
                kind: slip.kind,
                title: slip.title.clone(),
                department: slip.department.clone(),
                total: slip.split.total(),
                self_pay: slip.split.self_pay(),
            })
            .collect(),
        version: 0,
        bill: Bill {
            bill_no: BillNo::fresh(now, gateway.random.as_ref()),
            hospital,
            slips: slips
                .iter()
                .map(|slip| BilledSlip { slip_no: slip.slip_no.clone(), total: slip.split.total() })
                .collect(),
            split: request.shown,
            state: BillState::Open,
            lock_token: None,
            opened_at: now,
            pay_until,
        },
    }
}

/// Has HIS hold the slips of a stored order, when it can, before anybody can pay it. The lock has the bill's number: who finds
/// the order without one, by a second tap or after a crash, asks again and gets the same. A "no" is the newest truth there
/// is and ends the order.
async fn hold(gateway: &Gateway, bill: &BillRecord, order: &OutTradeNo) -> Result<(), OpenError> {
    if bill.bill.lock_token.is_some() || !gateway.his.capabilities().locks {
        return Ok(());
    }
    let error = match trace::follow(&bill.trace, gateway.his.lock(&lock_request(bill))).await {
        Ok(LockAnswer::Locked { token, expires_at }) => {
            crash::point("open_payment.locked");
            return keep_lock(gateway, bill, order, &token, expires_at).await;
        }
        Ok(LockAnswer::NotSupported) => return Ok(()),
        Ok(LockAnswer::Rejected { code, message }) if code == "SLIP_LOCKED" => {
            OpenError::Busy(format!("{code} {message}"))
        }
        // The slips are not what they were a moment ago.
        Ok(LockAnswer::Rejected { code, message }) => OpenError::OtherAtHis(format!("{code} {message}")),
        Err(error) => OpenError::Busy(error.to_string()),
    };
    if give_up_unheld(gateway, bill, order, &error).await? { Err(error) } else { Ok(()) }
}

/// Keeps HIS's lock. Nobody can pay longer than HIS holds the slips: a shorter lock shortens the order, which has not left us.
async fn keep_lock(
    gateway: &Gateway,
    bill: &BillRecord,
    order: &OutTradeNo,
    token: &str,
    expires_at: Timestamp,
) -> Result<(), OpenError> {
    let bill_no = &bill.bill.bill_no;
    let mut tx = gateway.store.begin().await?;
    let Some(record) = tx.payment_for_update(order).await? else {
        return Err(Trouble::Inconsistent(format!("there is no order {order}")).into());
    };
    tx.set_lock_token(bill_no, Some(token)).await?;
    let held_until = Timestamp::from_seconds(expires_at.plus_seconds(-LOCK_MARGIN_SECONDS).seconds());
    let time_left = held_until.since_ms(gateway.now()) >= SHORTEST_ORDER_MS;
    match record.payment.state {
        State::Opening if time_left => {
            if held_until < record.payment.expires_at {
                tx.shorten_order(order, bill_no, held_until).await?;
            }
            Ok(tx.commit().await?)
        }
        // Another tap was quicker: it is held, and sent or paid already.
        State::Waiting { .. } | State::Paid(_) | State::Suspense { .. } => Ok(tx.commit().await?),
        State::Opening | State::Closed(_) => {
            tx.schedule(TaskKind::Unlock, bill_no.as_str(), gateway.now(), &bill.trace).await?;
            tx.commit().await?;
            let error =
                OpenError::Busy("HIS holds the slips for too short a time, or not any more".to_owned());
            let code = error.to_string();
            record_event(gateway, order, Event::OpenRefused { code }, Way::OrderAnswer).await?;
            Err(error)
        }
    }
}

/// Ends an order whose slips HIS does not hold, unless another tap got them held meanwhile: then it goes on, and the answer is
/// `false`. Decided with the order's row held, so that of two taps one is first.
async fn give_up_unheld(
    gateway: &Gateway,
    bill: &BillRecord,
    order: &OutTradeNo,
    error: &OpenError,
) -> Result<bool, OpenError> {
    let bill_no = &bill.bill.bill_no;
    let mut tx = gateway.store.begin().await?;
    tx.payment_for_update(order).await?;
    let now_held = tx.bill_for_update(bill_no).await?.is_some_and(|bill| bill.bill.lock_token.is_some());
    if now_held {
        tx.rollback().await?;
        return Ok(false);
    }
    // HIS may hold them all the same: its answer may be what was lost.
    tx.schedule(TaskKind::Unlock, bill_no.as_str(), gateway.now().plus_seconds(1), &bill.trace).await?;
    tx.commit().await?;
    record_event(gateway, order, Event::OpenRefused { code: error.to_string() }, Way::OrderAnswer).await?;
    Ok(true)
}

pub(super) fn lock_request(bill: &BillRecord) -> LockRequest {
    LockRequest {
        hospital: bill.bill.hospital.clone(),
        request_id: bill.bill.bill_no.clone(),
        slips: bill
            .slips
            .iter()
            .map(|slip| SlipAmount { slip_no: slip.slip_no.clone(), amount: slip.self_pay })
            .collect(),
        // A little longer than the order, so that the write-back of a last-second payment still finds it held.
        hold_until: bill.bill.pay_until.plus_seconds(LOCK_MARGIN_SECONDS),
    }
}

async fn unlock(gateway: &Gateway, bill: &BillRecord) {
    if let Some(token) = &bill.bill.lock_token
        && let Err(error) = gateway.his.unlock(&bill.bill.hospital, token).await
    {
        // It runs out by itself.
        tracing::warn!(bill.bill_no = %bill.bill.bill_no, error = %error, "a lock could not be given back");
    }
}

/// Sends a stored order again under its own number: when its answer was lost, or when what the payer is shown has run out.
///
/// # Errors
/// [`OpenError::Busy`] when the provider does not take it now; the order stays as it is and is asked after.
pub async fn order_again(gateway: &Gateway, order: &OutTradeNo) -> Result<(), OpenError> {
    let Some(record) = gateway.store.payment(order).await? else {
        return Err(Trouble::Inconsistent(format!("there is no order {order}")).into());
    };
    let now = gateway.now();
    let shown = matches!(record.payment.state, State::Waiting { .. });
    let usable = record.handle_until.is_some_and(|until| until.since_ms(now) > 30_000);
    if !record.payment.state.is_live() || (shown && usable) {
        return Ok(());
    }
    let channel = gateway
        .channel(&record.payment.channel)
        .ok_or_else(|| Trouble::NoChannel(record.payment.channel.to_string()))?
        .clone();
    if matches!(record.payment.state, State::Opening)
        && let Some(bill) = gateway.store.bill(&record.payment.bill_no).await?
    {
        hold(gateway, &bill, order).await?;
    }
    let Some(record) = gateway.store.payment(order).await? else {
        return Err(Trouble::Inconsistent(format!("order {order} vanished")).into());
    };
    match send(gateway, &record, channel.as_ref()).await? {
        Sent::Opened | Sent::InDoubt => Ok(()),
        Sent::NotTaken(why) => Err(OpenError::Busy(why)),
    }
}

enum Sent {
    Opened,
    InDoubt,
    NotTaken(String),
}

async fn send(gateway: &Gateway, record: &PaymentRecord, channel: &dyn Provider) -> Result<Sent, Trouble> {
    match record.payment.state {
        State::Opening | State::Waiting { .. } => {}
        // It was paid meanwhile: its page says so.
        State::Paid(_) | State::Suspense { .. } => return Ok(Sent::Opened),
        State::Closed(_) => return Ok(Sent::NotTaken("another tap has ended the order".to_owned())),
    }
    let request = order_request(gateway, record)?;
    let order = &record.payment.out_trade_no;
    let answer = trace::follow(&record.payment.trace, channel.open_order(&request)).await;
    crash::point("open_payment.ordered");
    match answer {
        Ok(opened) => {
            super::record_sighting::record_opened(gateway, order, opened).await?;
            Ok(Sent::Opened)
        }
        Err(CallError::InDoubt(why)) => {
            tracing::warn!(payment.out_trade_no = %order, trace = %record.payment.trace, error = %why, "the order's answer was lost; it is asked after");
            Ok(Sent::InDoubt)
        }
        Err(error @ (CallError::Refused { .. } | CallError::Postponed { .. } | CallError::NotSent(_))) => {
            tracing::warn!(payment.out_trade_no = %order, trace = %record.payment.trace, error = %error, "the provider did not take the order");
            Ok(Sent::NotTaken(error.to_string()))
        }
    }
}

/// The order as it goes out: made only of what is stored, so that a repeat is the same to the byte.
pub(crate) fn order_request(gateway: &Gateway, record: &PaymentRecord) -> Result<OrderRequest, Trouble> {
    let payment = &record.payment;
    let scene = match (payment.scene, &record.payer_sealed, &record.client_ip) {
        (Scene::InApp, Some(sealed), _) => PayerScene::InApp(Private(gateway).open_payer(sealed)?),
        (Scene::MobileBrowser, _, Some(client_ip)) => {
            PayerScene::MobileBrowser { client_ip: client_ip.clone() }
        }
        (Scene::ShownCode, ..) => PayerScene::ShownCode,
        (Scene::Window, ..) => PayerScene::Window,
        (Scene::InApp, None, _) | (Scene::MobileBrowser, _, None) => {
            return Err(Trouble::Inconsistent(format!("order {} has no payer", payment.out_trade_no)));
        }
    };
    Ok(OrderRequest {
        out_trade_no: payment.out_trade_no.clone(),
        amount: payment.amount,
        subject: record.subject.clone(),
        scene,
        expires_at: payment.expires_at,
        created_at: payment.created_at,
        notify_url: gateway.notify_url(&payment.channel),
        return_url: gateway.return_url(&payment.out_trade_no),
        client_ip: record.client_ip.clone(),
    })
}
