//! The second person of a refund: looks at the facts of this very moment, and decides.
//!
//! What if two decide at once? The request is held; the second one is told who was first. What if we die after the approval? It is
//! kept together with the task that asks for the refund, under the key of the cashier's form, which pays once. What if it is late? The
//! decision carries the facts that were read, and is refused when they have changed.

use super::give_back::{HisWord, word_for_amount};
use crate::service::attention::audit;
use crate::service::{JobEnd, RefundAsked, RefundRefused, RefundTarget, RefundWay, Trouble, request_refund};
use crate::{Gateway, crash};
use mingfen_domain::ids::{RefundRequestNo, SlipNo};
use mingfen_domain::refund::Origin;
use mingfen_domain::refund_request::{Event, Outcome, State};
use mingfen_domain::{Fen, Timestamp};
use mingfen_store::{PaymentRecord, RefundRequestRecord, StoreError, TaskKind, Tx};
use sha2::{Digest, Sha256};

/// Seconds between tries while HIS is silent.
const SCHEDULE: &[i64] = &[2, 5, 15, 60, 300, 900];

/// What is so at this moment.
#[derive(Clone, Debug)]
pub struct Facts {
    /// The payment.
    pub payment: PaymentRecord,
    /// What came in.
    pub received: Fen,
    /// What is left to give back of what is meant: the slip, or the payment.
    pub left: Fen,
    /// It is enough.
    pub enough: bool,
    /// HIS's word on this amount.
    pub his: HisWord,
    /// When HIS was asked.
    pub asked_at: Timestamp,
}

impl Facts {
    /// What a decision is held against.
    pub fn seen(&self) -> String {
        let parts = [
            self.payment.payment.state.as_str().to_owned(),
            self.left.get().to_string(),
            self.his.allows().to_string(),
        ];
        hex::encode(&Sha256::digest(parts.join("\n"))[..8])
    }

    /// Whether it may be approved as things are.
    pub const fn allow(&self) -> bool {
        self.enough && self.his.allows()
    }
}

/// A person's word.
#[derive(Clone, Debug)]
pub enum Decision {
    /// Yes, to these facts: [`Facts::seen`].
    Approve {
        /// What was shown.
        seen: String,
    },
    /// No, and why.
    Decline {
        /// Why.
        reason: String,
    },
}

/// Why nothing was decided.
#[derive(Debug, thiserror::Error)]
pub enum DecideRefused {
    /// There is no such request.
    #[error("there is no such request")]
    NotFound,
    /// Nobody approves what they asked for.
    #[error("another person has to approve it")]
    SamePerson,
    /// Only who asked takes it back.
    #[error("only who asked for it takes it back")]
    NotYours,
    /// Somebody was first.
    #[error("it was decided already: {}", .0.state.as_str())]
    Decided(Box<RefundRequestRecord>),
    /// Things are not as they were shown.
    #[error("things have changed since they were shown")]
    Changed(Box<Facts>),
    /// As things are, it cannot be approved.
    #[error("as things are it cannot be approved")]
    NotNow(Box<Facts>),
    /// A reason is required.
    #[error("a reason of 2 to 80 characters is required")]
    NoReason,
    /// Nothing happened; try again.
    #[error(transparent)]
    Trouble(#[from] Trouble),
}

impl From<StoreError> for DecideRefused {
    fn from(error: StoreError) -> Self {
        Self::Trouble(error.into())
    }
}

/// Looks at the facts of a request, HIS's word among them.
///
/// # Errors
/// [`Trouble`].
pub async fn request_facts(gateway: &Gateway, request: &RefundRequestRecord) -> Result<Facts, Trouble> {
    let order = &request.out_trade_no;
    let Some(payment) = gateway.store.payment(order).await? else {
        return Err(Trouble::Inconsistent(format!("request {} is about no order", request.request_no)));
    };
    let received = payment.payment.state.received().map_or(Fen::ZERO, |received| received.amount.fen());
    let mut left = received.minus(payment.refund_held)?;
    if let Some(slip_no) = &request.slip_no {
        left = left.min(left_of_slip(gateway, request, slip_no).await?);
    }
    let enough = request.amount.fen() <= left;
    let his = word_for_amount(gateway, &payment, request.slip_no.clone(), request.amount).await?;
    Ok(Facts { received, left: left.max(Fen::ZERO), enough, his, asked_at: gateway.now(), payment })
}

async fn left_of_slip(
    gateway: &Gateway,
    request: &RefundRequestRecord,
    slip_no: &SlipNo,
) -> Result<Fen, Trouble> {
    let bill = gateway.store.bill(&request.bill_no).await?;
    let slips = bill.map(|bill| bill.slips).unwrap_or_default();
    let share = slips.iter().find(|slip| slip.slip_no == *slip_no).map_or(Fen::ZERO, |slip| slip.self_pay);
    let refunds = gateway.store.refunds_of_payment(&request.out_trade_no).await?;
    let taken = refunds
        .iter()
        .filter(|record| record.slip_no.as_ref() == Some(slip_no) && record.refund.state.holds_money())
        .map(|record| record.refund.amount.fen());
    Ok(share.minus(Fen::sum(taken)?)?)
}

/// The second person's word; an approved refund is asked for at once.
///
/// # Errors
/// [`DecideRefused`]: it stands as before.
pub async fn decide_request(
    gateway: &Gateway,
    request_no: &RefundRequestNo,
    decision: Decision,
    by: &str,
) -> Result<RefundRequestRecord, DecideRefused> {
    match decision {
        Decision::Approve { seen } => {
            let record = approve_request(gateway, request_no, &seen, by).await?;
            // The task does it again when this does not come to an end.
            carry_out_request(gateway, request_no, 1).await?;
            Ok(gateway.store.refund_request(request_no).await?.unwrap_or(record))
        }
        Decision::Decline { reason } => {
            if !is_reason(&reason) {
                return Err(DecideRefused::NoReason);
            }
            decide(gateway, request_no, Event::Decline { reason }, by, "refund.declined").await
        }
    }
}

/// Approves, and makes the refund due: one transaction.
///
/// # Errors
/// [`DecideRefused`]: it stands as before.
pub async fn approve_request(
    gateway: &Gateway,
    request_no: &RefundRequestNo,
    seen: &str,
    by: &str,
) -> Result<RefundRequestRecord, DecideRefused> {
    let record = gateway.store.refund_request(request_no).await?.ok_or(DecideRefused::NotFound)?;
    if record.state != State::Waiting {
        return Err(DecideRefused::Decided(Box::new(record)));
    }
    if record.asked_by == by {
        return Err(DecideRefused::SamePerson);
    }
    let facts = request_facts(gateway, &record).await?;
    if facts.seen() != seen {
        return Err(DecideRefused::Changed(Box::new(facts)));
    }
    if !facts.allow() {
        return Err(DecideRefused::NotNow(Box::new(facts)));
    }
    let record = decide(gateway, request_no, Event::Approve, by, "refund.approved").await?;
    crash::point("refund_request.approved");
    gateway.work.notify_one();
    Ok(record)
}

/// Whoever asked takes it back.
///
/// # Errors
/// [`DecideRefused`]: it stands as before.
pub async fn withdraw_request(
    gateway: &Gateway,
    request_no: &RefundRequestNo,
    by: &str,
) -> Result<RefundRequestRecord, DecideRefused> {
    decide(gateway, request_no, Event::Withdraw, by, "refund.withdrawn").await
}

async fn decide(
    gateway: &Gateway,
    request_no: &RefundRequestNo,
    event: Event,
    by: &str,
    action: &str,
) -> Result<RefundRequestRecord, DecideRefused> {
    let now = gateway.now();
    let mut tx = gateway.store.begin().await?;
    let Some(mut record) = tx.refund_request_for_update(request_no).await? else {
        tx.rollback().await?;
        return Err(DecideRefused::NotFound);
    };
    let own = record.asked_by == by;
    let refused = match &event {
        Event::Withdraw if !own => Some(DecideRefused::NotYours),
        Event::Approve | Event::Decline { .. } if own => Some(DecideRefused::SamePerson),
        _ => None,
    };
    if let Some(refused) = refused {
        tx.rollback().await?;
        return Err(refused);
    }
    let Outcome::Moved(next) = record.state.step(event) else {
        tx.rollback().await?;
        return Err(DecideRefused::Decided(Box::new(record)));
    };
    record.state = next;
    (record.decided_by, record.decided_at) = (Some(by.to_owned()), Some(now));
    save(&mut tx, &mut record).await?;
    if record.state == State::Approved {
        tx.schedule(TaskKind::ApprovedRefund, request_no.as_str(), now, &record.trace).await?;
    }
    let why = match &record.state {
        State::Declined { reason } => format!(": {reason}"),
        _ => String::new(),
    };
    let detail =
        format!("{} yuan of {}, asked for by {}{why}", record.amount, record.out_trade_no, record.asked_by);
    audit(&mut tx, now, by, action, request_no.as_str(), &detail).await?;
    tx.commit().await?;
    Ok(record)
}

async fn save(tx: &mut Tx, record: &mut RefundRequestRecord) -> Result<(), StoreError> {
    tx.save_refund_request(record).await?;
    record.version += 1;
    Ok(())
}

/// Asks for the refund of an approved request. Safe to repeat: its key is the same.
///
/// # Errors
/// [`Trouble`]: the worker tries again.
pub async fn carry_out_request(
    gateway: &Gateway,
    request_no: &RefundRequestNo,
    attempts: i64,
) -> Result<JobEnd, Trouble> {
    let Some(record) = gateway.store.refund_request(request_no).await? else {
        return Ok(JobEnd::Park { because: format!("there is no request {request_no}") });
    };
    if record.state != State::Approved {
        return Ok(JobEnd::Done);
    }
    let asked = RefundAsked {
        target: RefundTarget::Order(record.out_trade_no.clone()),
        amount: Some(record.amount),
        slip_no: record.slip_no.clone(),
        reason: record.reason.clone(),
        origin: Origin::Cashier,
        requested_by: record.asked_by.clone(),
        request_key: Some(record.request_key.clone()),
        by: RefundWay::Channel,
    };
    let event = match request_refund(gateway, asked).await {
        Ok(refund) => Event::CarryOut { out_refund_no: refund.refund.out_refund_no },
        Err(RefundRefused::Trouble(trouble)) => {
            return Ok(JobEnd::widening(SCHEDULE, attempts, trouble.to_string()));
        }
        Err(silent @ (RefundRefused::HisSilent(_) | RefundRefused::NotBookedYet(_))) => {
            return Ok(JobEnd::widening(SCHEDULE, attempts, silent.to_string()));
        }
        Err(refused) => Event::Refuse { reason: refused.to_string() },
    };
    let now = gateway.now();
    let mut tx = gateway.store.begin().await?;
    let Some(mut record) = tx.refund_request_for_update(request_no).await? else {
        tx.rollback().await?;
        return Ok(JobEnd::Done);
    };
    let Outcome::Moved(next) = record.state.step(event) else {
        tx.rollback().await?;
        return Ok(JobEnd::Done);
    };
    record.state = next;
    save(&mut tx, &mut record).await?;
    if let State::Refused { reason } = &record.state {
        let detail = format!("{} yuan of {}: {reason}", record.amount, record.out_trade_no);
        audit(&mut tx, now, "gateway", "refund.refused", request_no.as_str(), &detail).await?;
    }
    tx.commit().await?;
    Ok(JobEnd::Done)
}

/// Whether a person can read it as a reason.
pub(super) fn is_reason(text: &str) -> bool {
    crate::http::words::is_readable(text, 2, 80)
}
