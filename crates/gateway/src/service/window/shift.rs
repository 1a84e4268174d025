//! A shift: opened with a float, counted, closed over what was counted, its cash received.
//!
//! What if two close at once? The shift is held; the second one is told who was first. What if money moves while somebody reads? The
//! closing carries what was read, and whatever moves makes that another shift. What if we die? Books, shift and trail are one transaction.

use super::shift_picture::{ShiftPicture, pictured, print_open};
use crate::http::words::is_readable;
use crate::service::Trouble;
use crate::service::attention::audit;
use crate::service::staff::actor;
use crate::{Gateway, crash};
use mingfen_domain::Fen;
use mingfen_domain::books::Entry;
use mingfen_domain::ids::ShiftNo;
use mingfen_domain::shift::{CashCount, DifferenceReason, Event, Outcome, Refusal, State};
use mingfen_domain::window::Method;
use mingfen_store::{ClosingRecord, ShiftRecord, StoreError};

/// No till begins with more.
const MOST_FLOAT_FEN: i64 = 10_000_000;

/// A shift that somebody wants to open.
#[derive(Clone, Debug)]
pub struct ShiftAsked {
    /// Whose: a staff number.
    pub cashier: String,
    /// Where they sit; may be empty.
    pub place: String,
    /// What lies in the till.
    pub float: Fen,
}

/// Why there is no shift.
#[derive(Debug, thiserror::Error)]
pub enum OpenRefused {
    /// No till begins with that.
    #[error("a float is between nothing and 100000.00 yuan")]
    BadFloat,
    /// Nothing happened; try again.
    #[error(transparent)]
    Trouble(#[from] Trouble),
}

impl From<StoreError> for OpenRefused {
    fn from(error: StoreError) -> Self {
        Self::Trouble(error.into())
    }
}

/// Opens a shift, or finds the one that is open.
///
/// # Errors
/// [`OpenRefused`].
pub async fn open_shift(gateway: &Gateway, asked: &ShiftAsked) -> Result<ShiftRecord, OpenRefused> {
    if !(0..=MOST_FLOAT_FEN).contains(&asked.float.get()) {
        return Err(OpenRefused::BadFloat);
    }
    let now = gateway.now();
    let record = ShiftRecord {
        shift_no: ShiftNo::fresh(now, gateway.random.as_ref()),
        cashier: asked.cashier.clone(),
        place: asked.place.clone(),
        state: State::Open,
        float: asked.float,
        opened_at: now,
        counted: None,
        closing: None,
        received: None,
        version: 0,
    };
    let mut tx = gateway.store.begin().await?;
    if !tx.insert_shift(&record).await? {
        let there = tx.open_shift_of(&asked.cashier).await?;
        tx.rollback().await?;
        return there.ok_or_else(|| {
            Trouble::Inconsistent(format!("shift {} is there already", record.shift_no)).into()
        });
    }
    let detail = format!("{} yuan in the till", record.float);
    audit(&mut tx, now, &actor(&asked.cashier), "shift.opened", record.shift_no.as_str(), &detail).await?;
    tx.commit().await?;
    Ok(record)
}

/// Why a count was not kept.
#[derive(Debug, thiserror::Error)]
pub enum CountRefused {
    /// There is no such shift.
    #[error("there is no such shift")]
    NotFound,
    /// It is somebody else's.
    #[error("it is somebody else's")]
    NotYours,
    /// It is closed.
    #[error("it is closed")]
    Closed(Box<ShiftRecord>),
    /// Nothing happened; try again.
    #[error(transparent)]
    Trouble(#[from] Trouble),
}

impl From<StoreError> for CountRefused {
    fn from(error: StoreError) -> Self {
        Self::Trouble(error.into())
    }
}

/// Keeps what was counted in the till. It holds until money moves. `takes_over`: `by` may count for somebody else.
///
/// # Errors
/// [`CountRefused`].
pub async fn count_shift(
    gateway: &Gateway,
    shift_no: &ShiftNo,
    count: CashCount,
    by: &str,
    takes_over: bool,
) -> Result<ShiftRecord, CountRefused> {
    let now = gateway.now();
    let mut tx = gateway.store.begin().await?;
    let Some(mut record) = tx.shift_for_update(shift_no).await? else {
        tx.rollback().await?;
        return Err(CountRefused::NotFound);
    };
    if record.cashier != by && !takes_over {
        tx.rollback().await?;
        return Err(CountRefused::NotYours);
    }
    let total = count.total();
    match record.state.step(Event::Counted(count)) {
        Outcome::Moved(next) => record.state = next,
        Outcome::AlreadySo => {
            tx.rollback().await?;
            return Ok(record);
        }
        Outcome::Refused(_) => {
            tx.rollback().await?;
            return Err(CountRefused::Closed(Box::new(record)));
        }
    }
    let who = actor(by);
    record.counted = Some((who.clone(), now));
    tx.save_shift(&record).await?;
    record.version += 1;
    audit(&mut tx, now, &who, "shift.counted", shift_no.as_str(), &format!("{total} yuan")).await?;
    tx.commit().await?;
    Ok(record)
}

/// A closing as somebody orders it.
#[derive(Clone, Debug)]
pub struct CloseShift {
    /// Which.
    pub shift_no: ShiftNo,
    /// What was read: [`ShiftPicture::seen`].
    pub seen: String,
    /// Why the till is over or short, and in words.
    pub reason: Option<(DifferenceReason, String)>,
    /// Who is to receive the cash: a staff number.
    pub receiver: Option<String>,
    /// Why it is closed over something undecided, or for somebody else.
    pub let_go: Option<String>,
    /// Who: a staff number.
    pub by: String,
    /// They may close a shift of somebody else.
    pub takes_over: bool,
    /// They may close over what nobody knows of.
    pub over_unknown: bool,
}

/// Why it stays open.
#[derive(Debug, thiserror::Error)]
pub enum CloseRefused {
    /// There is no such shift.
    #[error("there is no such shift")]
    NotFound,
    /// It is somebody else's.
    #[error("it is somebody else's")]
    NotYours,
    /// Somebody was first.
    #[error("it is closed already")]
    Closed(Box<ShiftRecord>),
    /// The till was not counted, or money has moved since.
    #[error("the till was not counted")]
    NotCounted,
    /// Things are not as they were read.
    #[error("something has moved since it was read")]
    Changed,
    /// The till is over or short, and nobody says why.
    #[error("the till is over or short; say why")]
    NoReason,
    /// Something of it is undecided: a lead has to let it go.
    #[error("something of it is undecided")]
    Unknown,
    /// A lead has to say why.
    #[error("say why it is closed over what is undecided, or for somebody else")]
    NoWord,
    /// Nothing happened; try again.
    #[error(transparent)]
    Trouble(#[from] Trouble),
}

impl From<StoreError> for CloseRefused {
    fn from(error: StoreError) -> Self {
        match error {
            // Money moved, or somebody closed it, at this very moment.
            StoreError::Stale { .. } => Self::Changed,
            other => Self::Trouble(other.into()),
        }
    }
}

/// Closes a shift over what was counted: its figures are frozen, its cash goes out of the till's account.
///
/// # Errors
/// [`CloseRefused`]: it stands as before.
pub async fn close_shift(gateway: &Gateway, order: CloseShift) -> Result<ShiftRecord, CloseRefused> {
    let now = gateway.now();
    let mut tx = gateway.store.begin().await?;
    let Some(shift) = tx.shift_for_update(&order.shift_no).await? else {
        tx.rollback().await?;
        return Err(CloseRefused::NotFound);
    };
    let picture = pictured(gateway, &mut tx, shift).await?;
    let mut record = picture.shift.clone();
    let closed = match decide(&picture, &order) {
        Ok(closed) => closed,
        Err(refused) => {
            tx.rollback().await?;
            return Err(refused);
        }
    };
    let Some(balance) = picture.balance else {
        tx.rollback().await?;
        return Err(CloseRefused::NotCounted);
    };
    let who = actor(&order.by);
    record.state = closed;
    record.closing = Some(ClosingRecord {
        taken: picture.taken(Method::Cash)?,
        back: picture.back(Method::Cash)?,
        difference: balance.difference,
        reason: order.reason.filter(|_| balance.difference != Fen::ZERO),
        handed_in: balance.handed_in,
        receiver: order.receiver,
        let_go: order.let_go.filter(|word| !word.is_empty()),
        left_open: print_open(&picture.open),
        by: who.clone(),
        at: now,
    });
    tx.save_shift(&record).await?;
    record.version += 1;
    let subject = order.shift_no.as_str();
    let entry = Entry::close_shift(subject, &picture.net(Some(Method::Cash))?, balance.handed_in);
    if let Some(entry) = entry.map_err(Trouble::from)? {
        tx.post(&entry, now).await?;
    }
    let detail = in_the_trail(&record, picture.unknown().count());
    audit(&mut tx, now, &who, "shift.closed", subject, &detail).await?;
    crash::point("shift.before_commit");
    tx.commit().await?;
    Ok(record)
}

/// Whether it may be closed as things are.
fn decide(picture: &ShiftPicture, order: &CloseShift) -> Result<State, CloseRefused> {
    let shift = &picture.shift;
    let own = shift.cashier == order.by;
    if !own && !order.takes_over {
        return Err(CloseRefused::NotYours);
    }
    let next = match shift.state.step(Event::Closed) {
        Outcome::Moved(next) => next,
        Outcome::AlreadySo => return Err(CloseRefused::Closed(Box::new(shift.clone()))),
        Outcome::Refused(Refusal::NotCounted | Refusal::Frozen | Refusal::NotClosed) => {
            return Err(CloseRefused::NotCounted);
        }
    };
    if picture.seen() != order.seen {
        return Err(CloseRefused::Changed);
    }
    let apart = picture.balance.is_some_and(|balance| balance.difference != Fen::ZERO);
    if apart && !order.reason.as_ref().is_some_and(|(_, words)| is_readable(words, 2, 120)) {
        return Err(CloseRefused::NoReason);
    }
    let unknown = picture.unknown().next().is_some();
    if unknown && !order.over_unknown {
        return Err(CloseRefused::Unknown);
    }
    if (unknown || !own) && !order.let_go.as_deref().is_some_and(|word| is_readable(word, 2, 120)) {
        return Err(CloseRefused::NoWord);
    }
    Ok(next)
}

fn in_the_trail(record: &ShiftRecord, unknown: usize) -> String {
    let Some(closing) = &record.closing else { return String::new() };
    let mut detail = format!("{} yuan handed in by {}", closing.handed_in, record.cashier);
    if let Some((reason, words)) = &closing.reason {
        detail.push_str(&format!(", {} over or short ({}: {words})", closing.difference, reason.as_str()));
    }
    if unknown > 0 {
        detail.push_str(&format!(", over {unknown} undecided"));
    }
    if let Some(word) = &closing.let_go {
        detail.push_str(&format!(", let go: {word}"));
    }
    detail
}

/// Writes down that somebody has the cash of a closed shift. Safe to repeat.
///
/// # Errors
/// [`CountRefused`]: nobody receives their own cash, nor that of an open shift.
pub async fn receive_cash(
    gateway: &Gateway,
    shift_no: &ShiftNo,
    by: &str,
) -> Result<ShiftRecord, CountRefused> {
    let now = gateway.now();
    let mut tx = gateway.store.begin().await?;
    let Some(mut record) = tx.shift_for_update(shift_no).await? else {
        tx.rollback().await?;
        return Err(CountRefused::NotFound);
    };
    let outcome = record.state.step(Event::HandedOver);
    let next = match outcome {
        Outcome::Moved(next) if record.cashier != by => next,
        Outcome::Moved(_) => {
            tx.rollback().await?;
            return Err(CountRefused::NotYours);
        }
        Outcome::AlreadySo | Outcome::Refused(_) => {
            tx.rollback().await?;
            return Err(CountRefused::Closed(Box::new(record)));
        }
    };
    let who = actor(by);
    record.state = next;
    record.received = Some((who.clone(), now));
    tx.save_shift(&record).await?;
    record.version += 1;
    let handed_in = record.closing.as_ref().map_or(Fen::ZERO, |closing| closing.handed_in);
    let detail = format!("{handed_in} yuan from {}", record.cashier);
    audit(&mut tx, now, &who, "shift.received", shift_no.as_str(), &detail).await?;
    tx.commit().await?;
    Ok(record)
}
