//! A shift: opened with a float, counted, closed over what was counted, its cash received.
//!
//! What if two close at once? The shift is held; the second one is told who was first. What if money moves while somebody reads? The
//! closing carries what was read, and whatever moves makes that another shift. What if we die? Books, shift and trail are one transaction.
//!
//! A till that is over or short by more than the rule allows is closed by two people: one asks with the reason, and another one, who
//! neither took the money nor counted it, countersigns or sends it back. What if money moves meanwhile? Then count and asking are void.

use super::shift_picture::{ShiftPicture, pictured, print_open};
use crate::http::words::is_readable;
use crate::service::Trouble;
use crate::service::attention::audit;
use crate::service::staff::actor;
use crate::{Gateway, crash};
use mingfen_domain::books::Entry;
use mingfen_domain::ids::ShiftNo;
use mingfen_domain::shift::{CashCount, DifferenceReason, Event, Outcome, Refusal, State};
use mingfen_domain::window::Method;
use mingfen_domain::{Fen, Timestamp};
use mingfen_store::{AskedClosing, ClosingRecord, LookedInto, ShiftRecord, StoreError, Tx};

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
        asked: None,
        closing: None,
        received: None,
        looked_into: None,
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
    record.asked = None;
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
    /// It waits for a countersignature already.
    #[error("it waits for a countersignature already")]
    Asked(Box<ShiftRecord>),
    /// Nothing waits for a countersignature any more: money moved, it was counted again, sent back or taken back.
    #[error("nothing waits for a countersignature")]
    NotAsked,
    /// Whoever took the money or counted it does not countersign.
    #[error("another person has to countersign")]
    SamePerson,
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

/// Closes a shift over what was counted: its figures are frozen, its cash goes out of the till's account. When the till is over or short
/// by more than one person may close over, it is asked for instead, and the shift that comes back is in [`State::Asked`]; unless who
/// closes is a second person already.
///
/// # Errors
/// [`CloseRefused`]: it stands as before.
pub async fn close_shift(gateway: &Gateway, order: CloseShift) -> Result<ShiftRecord, CloseRefused> {
    let now = gateway.now();
    let mut tx = gateway.store.begin().await?;
    let picture = match held(gateway, &mut tx, &order.shift_no).await {
        Ok(picture) => picture,
        Err(refused) => {
            tx.rollback().await?;
            return Err(refused);
        }
    };
    let second = picture.needs_second();
    let reason = match decide(&picture, &order) {
        Ok(reason) => reason,
        Err(refused) => {
            tx.rollback().await?;
            return Err(refused);
        }
    };
    let word = order.let_go.filter(|word| !word.is_empty());
    let asked = |reason| AskedClosing {
        reason,
        receiver: order.receiver.clone(),
        word: word.clone(),
        by: actor(&order.by),
        at: now,
    };
    let closed = match reason {
        Some(reason) if second && !picture.can_countersign(&order.by) => {
            ask(&mut tx, &picture, asked(reason), now).await
        }
        reason => {
            let terms = Terms {
                reason,
                receiver: order.receiver.clone(),
                let_go: word.clone(),
                by: actor(&order.by),
                countersigned_by: second.then(|| actor(&order.by)),
            };
            close(&mut tx, &picture, terms, now).await
        }
    };
    finish(tx, closed).await
}

/// The second person's word on a closing that waits for it, over what they have read. `word`: why it is closed over something undecided,
/// which `over_unknown` says that they may.
///
/// # Errors
/// [`CloseRefused`]: it stands as before.
pub async fn countersign_shift(
    gateway: &Gateway,
    shift_no: &ShiftNo,
    seen: &str,
    word: Option<String>,
    by: &str,
    over_unknown: bool,
) -> Result<ShiftRecord, CloseRefused> {
    let now = gateway.now();
    let mut tx = gateway.store.begin().await?;
    let terms = match held(gateway, &mut tx, shift_no).await {
        Ok(picture) => {
            let word = word.filter(|word| !word.is_empty());
            countersigned(&picture, seen, word, by, over_unknown).map(|terms| (picture, terms))
        }
        Err(refused) => Err(refused),
    };
    match terms {
        Ok((picture, terms)) => {
            let closed = close(&mut tx, &picture, terms, now).await;
            finish(tx, closed).await
        }
        Err(refused) => {
            tx.rollback().await?;
            Err(refused)
        }
    }
}

/// The shift at this moment, held until the transaction ends.
async fn held(gateway: &Gateway, tx: &mut Tx, shift_no: &ShiftNo) -> Result<ShiftPicture, CloseRefused> {
    let shift = tx.shift_for_update(shift_no).await?.ok_or(CloseRefused::NotFound)?;
    Ok(pictured(gateway, tx, shift).await?)
}

/// Ends the transaction: with what was done, or without a trace.
async fn finish(tx: Tx, done: Result<ShiftRecord, CloseRefused>) -> Result<ShiftRecord, CloseRefused> {
    match done {
        Ok(record) => {
            crash::point("shift.before_commit");
            tx.commit().await?;
            Ok(record)
        }
        Err(refused) => {
            tx.rollback().await?;
            Err(refused)
        }
    }
}

/// Whether it may be closed or asked for as things are; answers the reason of a difference.
fn decide(
    picture: &ShiftPicture,
    order: &CloseShift,
) -> Result<Option<(DifferenceReason, String)>, CloseRefused> {
    let shift = &picture.shift;
    let own = shift.cashier == order.by;
    if !own && !order.takes_over {
        return Err(CloseRefused::NotYours);
    }
    if let Some(asked) = &shift.asked {
        // The same form came twice, or somebody closes what waits without having read that it does.
        return Err(if asked.by == actor(&order.by) {
            CloseRefused::Asked(Box::new(shift.clone()))
        } else {
            CloseRefused::Changed
        });
    }
    closable(shift)?;
    if picture.seen() != order.seen {
        return Err(CloseRefused::Changed);
    }
    let apart = picture.balance.is_some_and(|balance| balance.difference != Fen::ZERO);
    let reason = order.reason.clone().filter(|(_, words)| is_readable(words, 2, 120));
    if apart && reason.is_none() {
        return Err(CloseRefused::NoReason);
    }
    let unknown = picture.unknown().next().is_some();
    if unknown && !order.over_unknown {
        return Err(CloseRefused::Unknown);
    }
    if (unknown || !own) && !order.let_go.as_deref().is_some_and(|word| is_readable(word, 2, 120)) {
        return Err(CloseRefused::NoWord);
    }
    Ok(reason.filter(|_| apart))
}

/// What a second person agrees to, when they may.
fn countersigned(
    picture: &ShiftPicture,
    seen: &str,
    word: Option<String>,
    by: &str,
    over_unknown: bool,
) -> Result<Terms, CloseRefused> {
    let shift = &picture.shift;
    let Some(asked) = &shift.asked else {
        return Err(match shift.state.step(Event::Closed) {
            Outcome::AlreadySo => CloseRefused::Closed(Box::new(shift.clone())),
            Outcome::Moved(_) | Outcome::Refused(_) => CloseRefused::NotAsked,
        });
    };
    if !picture.can_countersign(by) || asked.by == actor(by) {
        return Err(CloseRefused::SamePerson);
    }
    if picture.seen() != seen {
        return Err(CloseRefused::Changed);
    }
    let unknown = picture.unknown().next().is_some();
    if unknown && !over_unknown {
        return Err(CloseRefused::Unknown);
    }
    let word = word.or_else(|| asked.word.clone());
    if unknown && !word.as_deref().is_some_and(|word| is_readable(word, 2, 120)) {
        return Err(CloseRefused::NoWord);
    }
    Ok(Terms {
        reason: Some(asked.reason.clone()),
        receiver: asked.receiver.clone(),
        let_go: word,
        by: asked.by.clone(),
        countersigned_by: Some(actor(by)),
    })
}

fn closable(shift: &ShiftRecord) -> Result<State, CloseRefused> {
    match shift.state.step(Event::Closed) {
        Outcome::Moved(next) => Ok(next),
        Outcome::AlreadySo => Err(CloseRefused::Closed(Box::new(shift.clone()))),
        Outcome::Refused(Refusal::NotCounted | Refusal::Frozen | Refusal::NotClosed | Refusal::NotAsked) => {
            Err(CloseRefused::NotCounted)
        }
    }
}

/// Writes down that it is to be closed: nothing is frozen, and whatever moves makes an end of it.
async fn ask(
    tx: &mut Tx,
    picture: &ShiftPicture,
    asked: AskedClosing,
    now: Timestamp,
) -> Result<ShiftRecord, CloseRefused> {
    let mut record = picture.shift.clone();
    let Outcome::Moved(next) = record.state.step(Event::Asked) else {
        return Err(CloseRefused::NotCounted);
    };
    let balance = picture.balance.ok_or(CloseRefused::NotCounted)?;
    let (reason, words) = &asked.reason;
    let detail = format!(
        "{} yuan to be handed in by {}, {} over or short ({}: {words}), more than {} for one person",
        balance.handed_in,
        record.cashier,
        balance.difference,
        reason.as_str(),
        picture.alone.unwrap_or(Fen::ZERO)
    );
    audit(tx, now, &asked.by, "shift.asked", record.shift_no.as_str(), &detail).await?;
    record.state = next;
    record.asked = Some(asked);
    tx.save_shift(&record).await?;
    record.version += 1;
    Ok(record)
}

/// What a shift is closed with.
struct Terms {
    reason: Option<(DifferenceReason, String)>,
    receiver: Option<String>,
    let_go: Option<String>,
    by: String,
    countersigned_by: Option<String>,
}

async fn close(
    tx: &mut Tx,
    picture: &ShiftPicture,
    terms: Terms,
    now: Timestamp,
) -> Result<ShiftRecord, CloseRefused> {
    let mut record = picture.shift.clone();
    record.state = closable(&record)?;
    let balance = picture.balance.ok_or(CloseRefused::NotCounted)?;
    let acts = terms.countersigned_by.clone().unwrap_or_else(|| terms.by.clone());
    record.asked = None;
    record.closing = Some(ClosingRecord {
        taken: picture.taken(Method::Cash)?,
        back: picture.back(Method::Cash)?,
        difference: balance.difference,
        reason: terms.reason,
        alone: picture.alone,
        countersigned_by: terms.countersigned_by,
        handed_in: balance.handed_in,
        receiver: terms.receiver,
        let_go: terms.let_go,
        left_open: print_open(&picture.open),
        by: terms.by,
        at: now,
    });
    tx.save_shift(&record).await?;
    record.version += 1;
    let subject = record.shift_no.as_str();
    let entry = Entry::close_shift(subject, &picture.net(Some(Method::Cash))?, balance.handed_in);
    if let Some(entry) = entry.map_err(Trouble::from)? {
        tx.post(&entry, now).await?;
    }
    let detail = in_the_trail(&record, picture.unknown().count());
    audit(tx, now, &acts, "shift.closed", subject, &detail).await?;
    Ok(record)
}

/// Takes a closing back that waits for a countersignature, or sends it back: who asked may without a word, another one says why. Then the
/// shift is counted, as before.
///
/// # Errors
/// [`CloseRefused`]: it stands as before.
pub async fn send_back_shift(
    gateway: &Gateway,
    shift_no: &ShiftNo,
    why: &str,
    by: &str,
    countersigns: bool,
) -> Result<ShiftRecord, CloseRefused> {
    let now = gateway.now();
    let mut tx = gateway.store.begin().await?;
    let shift = tx.shift_for_update(shift_no).await?.ok_or(CloseRefused::NotFound);
    let sent = match shift.and_then(|shift| sent_back(shift, why, by, countersigns)) {
        Ok(sent) => sent,
        Err(refused) => {
            tx.rollback().await?;
            return Err(refused);
        }
    };
    let (mut record, action, detail) = sent;
    tx.save_shift(&record).await?;
    record.version += 1;
    audit(&mut tx, now, &actor(by), action, shift_no.as_str(), &detail).await?;
    tx.commit().await?;
    Ok(record)
}

fn sent_back(
    mut record: ShiftRecord,
    why: &str,
    by: &str,
    countersigns: bool,
) -> Result<(ShiftRecord, &'static str, String), CloseRefused> {
    let next = match record.state.step(Event::SentBack) {
        Outcome::Moved(next) => next,
        Outcome::Refused(Refusal::Frozen) => return Err(CloseRefused::Closed(Box::new(record))),
        Outcome::Refused(_) | Outcome::AlreadySo => return Err(CloseRefused::NotAsked),
    };
    let total = record.state.count().map_or(Fen::ZERO, CashCount::total);
    let own = record.asked.as_ref().is_some_and(|asked| asked.by == actor(by));
    let (action, detail) = if own {
        ("shift.taken_back", format!("{total} yuan counted"))
    } else if !countersigns {
        return Err(CloseRefused::NotYours);
    } else if is_readable(why, 2, 120) {
        ("shift.sent_back", format!("{total} yuan counted: {why}"))
    } else {
        return Err(CloseRefused::NoWord);
    };
    record.state = next;
    record.asked = None;
    Ok((record, action, detail))
}

/// Why nothing was written down of a countersigned difference.
#[derive(Debug, thiserror::Error)]
pub enum LookRefused {
    /// There is no such shift, or nothing of it was countersigned.
    #[error("there is no such shift with a countersigned difference")]
    NotFound,
    /// Somebody was first.
    #[error("somebody has looked into it already")]
    Before,
    /// What was found is required.
    #[error("what was found is required, in 2 to 120 characters")]
    NoWord,
    /// Nothing happened; try again.
    #[error(transparent)]
    Trouble(#[from] Trouble),
}

impl From<StoreError> for LookRefused {
    fn from(error: StoreError) -> Self {
        Self::Trouble(error.into())
    }
}

/// Keeps what finance found out about a countersigned difference: until then it is among what is to be done.
///
/// # Errors
/// [`LookRefused`]: nothing was kept.
pub async fn look_into_shift(
    gateway: &Gateway,
    shift_no: &ShiftNo,
    note: &str,
    by: &str,
) -> Result<(), LookRefused> {
    if !is_readable(note, 2, 120) {
        return Err(LookRefused::NoWord);
    }
    let now = gateway.now();
    let found = LookedInto { by: actor(by), at: now, note: note.to_owned() };
    let mut tx = gateway.store.begin().await?;
    let shift = tx.shift(shift_no).await?;
    let closing = shift.and_then(|shift| shift.closing).filter(|closing| closing.countersigned_by.is_some());
    let Some(closing) = closing else {
        tx.rollback().await?;
        return Err(LookRefused::NotFound);
    };
    if !tx.look_into_shift(shift_no, &found).await? {
        tx.rollback().await?;
        return Err(LookRefused::Before);
    }
    let detail = format!("{} yuan over or short: {note}", closing.difference);
    audit(&mut tx, now, &found.by, "shift.looked_into", shift_no.as_str(), &detail).await?;
    tx.commit().await?;
    Ok(())
}

fn in_the_trail(record: &ShiftRecord, unknown: usize) -> String {
    let Some(closing) = &record.closing else { return String::new() };
    let mut detail = format!("{} yuan handed in by {}", closing.handed_in, record.cashier);
    if let Some((reason, words)) = &closing.reason {
        detail.push_str(&format!(", {} over or short ({}: {words})", closing.difference, reason.as_str()));
    }
    if let Some(second) = closing.countersigned_by.as_ref().filter(|second| **second != closing.by) {
        detail.push_str(&format!(", asked for by {}, countersigned by {second}", closing.by));
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
