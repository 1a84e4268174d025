//! Counting ahead what the dashboard shows: slots that have changed, and the history from before anything was counted.
//!
//! If we die here nothing is lost: marks go only with what was counted of their slots, in one transaction. Two that count at once write
//! one after the other, and the slower one throws away what it has counted ([`Tx::advance_takings`]). Late is no harm either: whoever
//! reads counts what has a mark by itself.

use super::Trouble;
use crate::Gateway;
use mingfen_domain::{BusinessDay, Timestamp};
use mingfen_store::{Dimension, SLOTS_A_DAY, Slots, TakingsProgress, TakingsRow, Tx};
use std::collections::{BTreeMap, BTreeSet};

const LEASE: &str = "fold_takings";
const LEASE_MS: i64 = 30_000;
/// Marks that one transaction takes away.
const MARKS: i64 = 500;
/// Slots that one transaction writes anew.
const SLOTS: usize = 24;
/// Such transactions in a round: the lease shall not run out meanwhile.
const ROUNDS: usize = 20;
/// A piece of the history: two hours. On SQLite nobody else writes meanwhile.
const PIECE: i64 = 12;
/// Pieces of the history a round, a day: what is new goes first again after that.
const PIECES: usize = 12;
/// Differences that a check names.
const NAMED: usize = 100;

/// Counts what has changed, then goes a piece further back into the history. Answers how much was done; zero when there was nothing to do,
/// or another replica is at it.
///
/// # Errors
/// [`Trouble`]: the next round tries again.
pub async fn fold_takings(gateway: &Gateway) -> Result<usize, Trouble> {
    let store = &gateway.store;
    if !store.try_lease(LEASE, &gateway.replica, gateway.now(), LEASE_MS).await? {
        return Ok(0);
    }
    let mut written = 0;
    for _ in 0..ROUNDS {
        let Some(slots) = fold_marked(gateway).await? else { break };
        written += slots;
    }
    for _ in 0..PIECES {
        if !fold_history(gateway).await? {
            break;
        }
        written += 1;
    }
    store.release_lease(LEASE, &gateway.replica).await?;
    Ok(written)
}

/// One transaction's worth of marks; answers how many were taken away, `None` when there are no more, or another replica was faster.
async fn fold_marked(gateway: &Gateway) -> Result<Option<usize>, Trouble> {
    let now = gateway.now();
    let mut view = gateway.store.snapshot().await?;
    let mut progress = progress_of(&mut view, now).await?;
    let marks = view.takings_marks(MARKS).await?;
    let slots: BTreeSet<Slots> = marks.iter().map(|mark| mark.slots).collect();
    let slots: BTreeSet<Slots> = slots.into_iter().rev().take(SLOTS).collect();
    let mut counted = Vec::with_capacity(slots.len());
    // What lies in the history that is not counted yet is counted with it, and must not stand there before.
    let begins = (progress.back_to.day, progress.back_to.first);
    for slots in slots.iter().filter(|slots| (slots.day, slots.first) >= begins) {
        counted.push((*slots, view.counted_between(slots.from(), slots.to()).await?));
    }
    view.rollback().await?;
    let today = BusinessDay::of(now);
    let heals = progress.healed < today;
    if marks.is_empty() && progress.version > 0 && !heals {
        return Ok(None);
    }
    let done: Vec<_> = marks.into_iter().filter(|mark| slots.contains(&mark.slots)).collect();
    let mut tx = gateway.store.begin().await?;
    progress.healed = today;
    if !tx.advance_takings(&progress).await? {
        tx.rollback().await?;
        return Ok(None);
    }
    for (slots, rows) in &counted {
        tx.replace_takings(slots, rows).await?;
    }
    tx.forget_marks(&done).await?;
    if heals {
        // Replicas of an older version leave no marks while they are replaced, and nobody may ever notice.
        let yesterday = BusinessDay::of(today.start().plus_ms(-1));
        tx.mark_days(&[BusinessDay::of(yesterday.start().plus_ms(-1)), yesterday]).await?;
    }
    tx.commit().await?;
    Ok(Some(done.len()))
}

/// A piece of the history; `false` when there is no more, or another replica was faster.
async fn fold_history(gateway: &Gateway) -> Result<bool, Trouble> {
    let mut view = gateway.store.snapshot().await?;
    let progress = view.takings_progress().await?;
    let piece = progress.and_then(|progress| Some((progress, progress.next_piece(PIECE)?)));
    let Some((mut progress, piece)) = piece else {
        view.rollback().await?;
        return Ok(false);
    };
    let rows = view.counted_between(piece.from(), piece.to()).await?;
    view.rollback().await?;
    progress.back_to = piece;
    let mut tx = gateway.store.begin().await?;
    if !tx.advance_takings(&progress).await? {
        tx.rollback().await?;
        return Ok(false);
    }
    tx.replace_takings(&piece, &rows).await?;
    tx.commit().await?;
    Ok(true)
}

/// As it is kept; before anything was counted everything up to the end of this slot is history. What comes after leaves marks.
async fn progress_of(view: &mut Tx, now: Timestamp) -> Result<TakingsProgress, Trouble> {
    if let Some(progress) = view.takings_progress().await? {
        return Ok(progress);
    }
    let today = BusinessDay::of(now);
    let begins = view.first_received().await?.map_or(today, BusinessDay::of).min(today);
    let next = Slots::of(Slots::of(now).to());
    Ok(TakingsProgress { version: 0, begins, back_to: next, healed: today })
}

/// Counts everything that stands counted once more from the records, and says what is otherwise: a sentence each.
pub(super) async fn check_takings(view: &mut Tx, now: Timestamp) -> Result<Vec<String>, Trouble> {
    let mut problems = Vec::new();
    let Some(progress) = view.takings_progress().await? else { return Ok(problems) };
    let marked: BTreeSet<Slots> = view.marked_slots().await?.into_iter().collect();
    let today = BusinessDay::of(now);
    let mut day = progress.counted_from();
    while day <= today {
        for first in (0..SLOTS_A_DAY).step_by(usize::try_from(PIECE).unwrap_or(1)) {
            let piece = Slots { day, first, end: first + PIECE };
            let kept = sheet(view.takings_of(&piece).await?, &marked);
            let counted = sheet(view.counted_between(piece.from(), piece.to()).await?, &marked);
            let all: BTreeSet<_> = kept.keys().chain(counted.keys()).collect();
            for key in all {
                let (dimension, slot, member) = key;
                let (here, there) = (kept.get(key), counted.get(key));
                if here == there {
                    continue;
                }
                if problems.len() >= NAMED {
                    problems.push(format!(
                        "and more than these {NAMED} are counted otherwise than the records say"
                    ));
                    return Ok(problems);
                }
                let at = Slots { day, first: *slot, end: slot + 1 }.from().to_beijing_text();
                let says = |of: Option<&(i64, i64)>| {
                    of.map_or("nothing".to_owned(), |(number, fen)| {
                        format!("{number} over {} yuan", mingfen_domain::Fen::new(*fen))
                    })
                };
                problems.push(format!(
                    "the dashboard has {} of {} {member} from {at} on, the records say {}",
                    says(here),
                    dimension.as_str(),
                    says(there)
                ));
            }
        }
        day = day.next();
    }
    Ok(problems)
}

type Sheet = BTreeMap<(Dimension, i64, String), (i64, i64)>;

/// Without the slots that are still to be counted.
fn sheet(rows: Vec<TakingsRow>, marked: &BTreeSet<Slots>) -> Sheet {
    rows.into_iter()
        .filter(|row| !marked.contains(&Slots { day: row.day, first: row.slot, end: row.slot + 1 }))
        .map(|row| ((row.dimension, row.slot, row.member), (row.counted.number, row.counted.fen.get())))
        .collect()
}
