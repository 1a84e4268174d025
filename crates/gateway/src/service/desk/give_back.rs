//! Giving money back at the desk: what may go back, and asking for it.
//!
//! Up to a limit a cashier does it alone; above it the request waits for another person. What was given back of a payment at the desk
//! before counts, so that many small refunds are one large one.
//!
//! What if the form is sent twice? Its key was made when it was shown: the refund, or the request, of that key is the answer. What if
//! we die here? Nothing was stored, or all of it; the browser's repeat finds it by its key.

use crate::Gateway;
use crate::service::attention::audit;
use crate::service::rules::rules_in_force;
use crate::service::{RefundAsked, RefundRefused, RefundTarget, RefundWay, Trouble, request_refund};
use futures_util::future::join_all;
use mingfen_domain::ids::{BillNo, RefundRequestNo, SlipNo};
use mingfen_domain::payment::State as PaymentState;
use mingfen_domain::refund::{Origin, State as RefundState};
use mingfen_domain::refund_request::State as RequestState;
use mingfen_domain::write_back::State as WriteBackState;
use mingfen_domain::{Amount, Fen, Timestamp};
use mingfen_his::{MayRefund, RefundQuestion};
use mingfen_store::{
    BillRecord, BilledSlipRecord, InsertedRequest, PaymentRecord, RefundRecord, RefundRequestRecord,
    StoreError,
};
use std::time::Duration;

/// A page does not wait longer for HIS.
const PATIENCE: Duration = Duration::from_secs(4);
/// Slips that HIS is asked about for one page.
const MOST_QUESTIONS: usize = 20;

/// HIS's word on giving something back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HisWord {
    /// Go ahead.
    Yes,
    /// No, with its words.
    No(String),
    /// It did not answer in time.
    Silent,
    /// It has not booked the payment yet.
    NotBooked,
    /// It booked nothing of this money: a person decides alone.
    NotConcerned,
    /// Nothing is left, so nobody was asked.
    NothingLeft,
}

impl HisWord {
    /// Whether money may go back.
    pub const fn allows(&self) -> bool {
        matches!(self, Self::Yes | Self::NotConcerned)
    }
}

/// Something that may go back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefundChoice {
    /// A slip; `None`: all that is left.
    pub slip: Option<BilledSlipRecord>,
    /// What is left of it, requests that wait taken off.
    pub left: Fen,
    /// HIS's word.
    pub his: HisWord,
}

/// What may go back of a payment, at this moment.
#[derive(Clone, Debug)]
pub struct RefundPicture {
    /// The bill.
    pub bill: BillRecord,
    /// The order that pays it back.
    pub payment: PaymentRecord,
    /// What came in.
    pub received: Fen,
    /// What is back, or promised back.
    pub held: Fen,
    /// What waits for a second person.
    pub waiting: Fen,
    /// What is left after both.
    pub left: Fen,
    /// What was given back at the desk before: it counts against the limit.
    pub given_at_desk: Fen,
    /// What one person may give back of a payment.
    pub alone: Fen,
    /// Slips, and all of it.
    pub choices: Vec<RefundChoice>,
    /// When HIS was asked.
    pub asked_at: Timestamp,
}

/// Why nothing may go back at all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NoPicture {
    /// There is no such bill, or it never came to an order.
    NotFound,
    /// Nothing was paid.
    NotPaid,
}

/// Looks at what may go back, and asks HIS about each slip.
///
/// # Errors
/// [`Trouble`].
pub async fn refund_picture(
    gateway: &Gateway,
    bill_no: &BillNo,
) -> Result<Result<RefundPicture, NoPicture>, Trouble> {
    pictured(gateway, bill_no, true).await
}

async fn pictured(
    gateway: &Gateway,
    bill_no: &BillNo,
    asks_his: bool,
) -> Result<Result<RefundPicture, NoPicture>, Trouble> {
    let Some(bill) = gateway.store.bill(bill_no).await? else { return Ok(Err(NoPicture::NotFound)) };
    let payments = gateway.store.payments_of_bill(bill_no).await?;
    if payments.is_empty() {
        return Ok(Err(NoPicture::NotFound));
    }
    let Some(payment) = payments
        .iter()
        .find(|record| matches!(record.payment.state, PaymentState::Paid(_)))
        .or_else(|| payments.iter().find(|record| record.payment.state.received().is_some()))
        .cloned()
    else {
        return Ok(Err(NoPicture::NotPaid));
    };
    let received = payment.payment.state.received().map_or(Fen::ZERO, |received| received.amount.fen());
    let refunds = gateway.store.refunds_of_bill(bill_no).await?;
    let requests = gateway.store.refund_requests_of_bill(bill_no).await?;
    let waits = |request: &&RefundRequestRecord| request.state.is_open();
    let waiting = Fen::sum(requests.iter().filter(waits).map(|request| request.amount.fen()))?;
    let left = received.minus(payment.refund_held)?.minus(waiting)?.max(Fen::ZERO);
    let standing = standing(gateway, &payment).await?;
    let mut choices = Vec::new();
    for slip in &bill.slips {
        let of_slip = |number: Option<&SlipNo>| number == Some(&slip.slip_no);
        let refunded = refunds
            .iter()
            .filter(|record| of_slip(record.slip_no.as_ref()) && record.refund.state.holds_money())
            .map(|record| record.refund.amount.fen());
        let asked = requests
            .iter()
            .filter(|request| of_slip(request.slip_no.as_ref()) && request.state.is_open())
            .map(|request| request.amount.fen());
        let taken = Fen::sum(refunded.chain(asked))?;
        let left_of_slip = slip.self_pay.minus(taken)?.max(Fen::ZERO).min(left);
        choices.push(RefundChoice {
            slip: Some(slip.clone()),
            left: left_of_slip,
            his: HisWord::NothingLeft,
        });
    }
    if choices.len() > 1 {
        choices.push(RefundChoice { slip: None, left, his: HisWord::NothingLeft });
    }
    let asked_at = gateway.now();
    let asked = if asks_his { MOST_QUESTIONS } else { 0 };
    let words = join_all(choices.iter().enumerate().map(|(at, choice)| {
        let slip_no = choice.slip.as_ref().map(|slip| slip.slip_no.clone());
        let amount = Amount::try_from(choice.left).ok().filter(|_| at < asked);
        word(gateway, &standing, &payment, slip_no, amount)
    }))
    .await;
    for (choice, word) in choices.iter_mut().zip(words) {
        choice.his = word;
    }
    Ok(Ok(RefundPicture {
        received,
        held: payment.refund_held,
        waiting,
        left,
        given_at_desk: given_at_desk(&refunds)?,
        alone: rules_in_force(gateway).await?.rules.refund_alone(),
        choices,
        asked_at,
        bill,
        payment,
    }))
}

/// HIS's word on an amount of a payment, or of one slip of it.
///
/// # Errors
/// [`Trouble`].
pub async fn word_for_amount(
    gateway: &Gateway,
    payment: &PaymentRecord,
    slip_no: Option<SlipNo>,
    amount: Amount,
) -> Result<HisWord, Trouble> {
    let standing = standing(gateway, payment).await?;
    Ok(word(gateway, &standing, payment, slip_no, Some(amount)).await)
}

/// Whom the money belongs to, as far as HIS is concerned.
enum Standing {
    Booked,
    NotBooked,
    NotConcerned,
}

/// The same rules as [`request_refund`], which decides.
async fn standing(gateway: &Gateway, payment: &PaymentRecord) -> Result<Standing, Trouble> {
    if matches!(payment.payment.state, PaymentState::Suspense { .. }) {
        return Ok(Standing::NotConcerned);
    }
    let write_back = gateway.store.write_back(&payment.payment.bill_no).await?;
    Ok(match write_back.map(|record| record.state) {
        Some(WriteBackState::Posted(_)) => Standing::Booked,
        Some(WriteBackState::Refused { .. }) => Standing::NotConcerned,
        Some(WriteBackState::Due | WriteBackState::Unknown | WriteBackState::RefusalToConfirm { .. })
        | None => Standing::NotBooked,
    })
}

async fn word(
    gateway: &Gateway,
    standing: &Standing,
    payment: &PaymentRecord,
    slip_no: Option<SlipNo>,
    amount: Option<Amount>,
) -> HisWord {
    let Some(amount) = amount else { return HisWord::NothingLeft };
    match standing {
        Standing::NotConcerned => return HisWord::NotConcerned,
        Standing::NotBooked => return HisWord::NotBooked,
        Standing::Booked => {}
    }
    let question = RefundQuestion {
        hospital: gateway.settings.hospital.id.clone(),
        bill_no: payment.payment.bill_no.clone(),
        amount,
        slip_no,
    };
    match tokio::time::timeout(PATIENCE, gateway.his.may_refund(&question)).await {
        Ok(Ok(MayRefund::Yes)) => HisWord::Yes,
        Ok(Ok(MayRefund::No { reason })) => HisWord::No(reason),
        Ok(Err(_)) | Err(_) => HisWord::Silent,
    }
}

fn given_at_desk(refunds: &[RefundRecord]) -> Result<Fen, Trouble> {
    let at_desk = |record: &&RefundRecord| {
        record.refund.origin == Origin::Cashier && !matches!(record.refund.state, RefundState::Failed { .. })
    };
    Ok(Fen::sum(refunds.iter().filter(at_desk).map(|record| record.refund.amount.fen()))?)
}

impl RefundPicture {
    /// Whether giving back this much takes a second person.
    pub fn needs_second_person(&self, amount: Fen) -> bool {
        self.given_at_desk.plus(amount).map_or(true, |sum| sum > self.alone)
    }
}

/// What a cashier wants.
#[derive(Clone, Debug)]
pub struct Wish {
    /// Of which bill.
    pub bill_no: BillNo,
    /// One slip of it.
    pub slip_no: Option<SlipNo>,
    /// How much, as it was shown.
    pub amount: Amount,
    /// Why.
    pub reason: String,
    /// The form's key.
    pub key: String,
    /// Who.
    pub by: String,
}

/// What came of it.
#[derive(Clone, Debug)]
pub enum Asked {
    /// The refund is stored and goes out by itself.
    Refund(Box<RefundRecord>),
    /// It waits for another person.
    Waiting(Box<RefundRequestRecord>),
}

/// Why nothing was stored.
#[derive(Debug, thiserror::Error)]
pub enum AskRefused {
    /// There is no such bill, or nothing was paid of it.
    #[error("there is no such payment")]
    NotFound,
    /// The form's key is no key of ours.
    #[error("the form is not one of ours")]
    BadKey,
    /// As for everybody.
    #[error(transparent)]
    Refused(#[from] RefundRefused),
}

impl From<Trouble> for AskRefused {
    fn from(trouble: Trouble) -> Self {
        Self::Refused(trouble.into())
    }
}

impl From<StoreError> for AskRefused {
    fn from(error: StoreError) -> Self {
        Self::Refused(error.into())
    }
}

/// Gives back, or asks another person whether it may be given back.
///
/// # Errors
/// [`AskRefused`]: nothing was stored.
pub async fn ask_refund(gateway: &Gateway, wish: Wish) -> Result<Asked, AskRefused> {
    if !(16..=32).contains(&wish.key.len()) || !wish.key.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        return Err(AskRefused::BadKey);
    }
    let key = format!("desk:{}", wish.key);
    if let Some(earlier) = gateway.store.refund_request_by_key(&key).await? {
        return same_request(earlier, &wish);
    }
    let Ok(picture) = pictured(gateway, &wish.bill_no, false).await? else {
        return Err(AskRefused::NotFound);
    };
    let order = picture.payment.payment.out_trade_no.clone();
    let asked = RefundAsked {
        target: RefundTarget::Order(order.clone()),
        amount: Some(wish.amount),
        slip_no: wish.slip_no.clone(),
        reason: wish.reason.clone(),
        origin: Origin::Cashier,
        requested_by: wish.by.clone(),
        request_key: Some(key.clone()),
        by: RefundWay::Channel,
    };
    let sent_before = gateway.store.refund_by_request_key(&key).await?.is_some();
    if sent_before || !picture.needs_second_person(wish.amount.fen()) {
        let left = picture.left;
        // What waits for a second person is spoken for; the refund itself only looks at what was given.
        if !sent_before && wish.amount.fen() > left {
            return Err(too_much(wish.amount, left));
        }
        return Ok(Asked::Refund(Box::new(request_refund(gateway, asked).await?)));
    }
    let left = match &wish.slip_no {
        None => picture.left,
        Some(slip_no) => {
            let of_slip =
                |choice: &&RefundChoice| choice.slip.as_ref().is_some_and(|slip| slip.slip_no == *slip_no);
            let choice = picture.choices.iter().find(of_slip);
            choice.ok_or_else(|| RefundRefused::NoSuchSlip(slip_no.clone()))?.left
        }
    };
    if wish.amount.fen() > left {
        return Err(too_much(wish.amount, left));
    }
    // A request that HIS will not allow would only make another person wait.
    match word_for_amount(gateway, &picture.payment, wish.slip_no.clone(), wish.amount).await? {
        HisWord::Yes | HisWord::NotConcerned => {}
        HisWord::No(reason) => return Err(RefundRefused::HisSaysNo(reason).into()),
        HisWord::Silent => return Err(RefundRefused::HisSilent("no answer".to_owned()).into()),
        HisWord::NotBooked => return Err(RefundRefused::NotBookedYet("not booked".to_owned()).into()),
        HisWord::NothingLeft => return Err(RefundRefused::NothingLeft.into()),
    }
    let now = gateway.now();
    let record = RefundRequestRecord {
        request_no: RefundRequestNo::fresh(now, gateway.random.as_ref()),
        request_key: key,
        bill_no: wish.bill_no.clone(),
        out_trade_no: order.clone(),
        slip_no: wish.slip_no.clone(),
        amount: wish.amount,
        reason: wish.reason.clone(),
        state: RequestState::Waiting,
        asked_by: wish.by.clone(),
        asked_at: now,
        decided_by: None,
        decided_at: None,
        trace: picture.payment.payment.trace.clone(),
        version: 0,
    };
    let mut tx = gateway.store.begin().await?;
    // Who asks for the same payment at the same moment waits here.
    tx.payment_for_update(&order).await?;
    match tx.insert_refund_request(&record).await? {
        InsertedRequest::Earlier(earlier) => {
            tx.rollback().await?;
            return same_request(*earlier, &wish);
        }
        InsertedRequest::New => {}
    }
    let detail = format!("{} yuan of {order}, needs a second person", record.amount);
    audit(&mut tx, now, &wish.by, "refund.asked", record.request_no.as_str(), &detail).await?;
    tx.commit().await?;
    Ok(Asked::Waiting(Box::new(record)))
}

fn too_much(asked: Amount, left: Fen) -> AskRefused {
    if left == Fen::ZERO {
        return RefundRefused::NothingLeft.into();
    }
    RefundRefused::TooMuch { asked: asked.fen(), left }.into()
}

fn same_request(earlier: RefundRequestRecord, wish: &Wish) -> Result<Asked, AskRefused> {
    let same =
        earlier.bill_no == wish.bill_no && earlier.slip_no == wish.slip_no && earlier.amount == wish.amount;
    if same { Ok(Asked::Waiting(Box::new(earlier))) } else { Err(AskRefused::BadKey) }
}
