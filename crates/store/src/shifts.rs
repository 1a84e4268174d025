//! Shifts of cashiers. One open shift a cashier is a constraint; that a closed one is frozen, too: whatever moves its money first saves it
//! under the version that was read, open.

use crate::Tx;
use crate::engine::locked;
use crate::errors::{Result, exactly_one};
use crate::offer::reads;
use crate::rows::Fields;
use mingfen_domain::ids::ShiftNo;
use mingfen_domain::shift::{CashCount, DifferenceReason, State};
use mingfen_domain::{Fen, Timestamp};
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, query, query_scalar};

/// A shift.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShiftRecord {
    /// Its number.
    pub shift_no: ShiftNo,
    /// Whose: a staff number.
    pub cashier: String,
    /// Where; may be empty.
    pub place: String,
    /// Where it stands, with what was counted.
    pub state: State,
    /// With what it began.
    pub float: Fen,
    /// When.
    pub opened_at: Timestamp,
    /// Who counted, and when.
    pub counted: Option<(String, Timestamp)>,
    /// A closing that waits for a countersignature; there exactly in [`State::Asked`].
    pub asked: Option<AskedClosing>,
    /// How it was closed.
    pub closing: Option<ClosingRecord>,
    /// Who received its cash, and when.
    pub received: Option<(String, Timestamp)>,
    /// What finance found out about a difference that was countersigned. [`Tx::save_shift`] leaves it as it is.
    pub looked_into: Option<LookedInto>,
    /// Compared at every change.
    pub version: i64,
}

/// A closing over a difference that more than one person has to answer for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AskedClosing {
    /// Why the till is over or short, and in words.
    pub reason: (DifferenceReason, String),
    /// Who is to receive the cash.
    pub receiver: Option<String>,
    /// A lead's own word: why it is to be closed over something undecided, or for somebody else.
    pub word: Option<String>,
    /// Who asked.
    pub by: String,
    /// When.
    pub at: Timestamp,
}

/// What finance found out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LookedInto {
    /// Who looked into it.
    pub by: String,
    /// When.
    pub at: Timestamp,
    /// What was found.
    pub note: String,
}

/// How a shift was closed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClosingRecord {
    /// Payments in cash, and how much.
    pub taken: (i64, Fen),
    /// Refunds in cash, and how much; positive.
    pub back: (i64, Fen),
    /// Counted less expected.
    pub difference: Fen,
    /// Why there is one, and in words.
    pub reason: Option<(DifferenceReason, String)>,
    /// How large it could be for one person alone; nothing is known of shifts from before there was a limit.
    pub alone: Option<Fen>,
    /// Who countersigned a larger one.
    pub countersigned_by: Option<String>,
    /// What was handed in.
    pub handed_in: Fen,
    /// Who was to receive it.
    pub receiver: Option<String>,
    /// Why a lead closed it: over something undecided, or for somebody else.
    pub let_go: Option<String>,
    /// What was undecided, a line each; empty when nothing was.
    pub left_open: String,
    /// Who closed it.
    pub by: String,
    /// When.
    pub at: Timestamp,
}

macro_rules! select_shifts {
    ($condition:literal) => {
        concat!(
            "SELECT
                shift_no,
                cashier,
                place,
                state,
                float_fen,
                opened_at_ms,
                pieces,
                counted_by,
                counted_at_ms,
                asked_by,
                asked_at_ms,
                asked_reason,
                asked_note,
                asked_receiver,
                asked_word,
                taken_number,
                taken_fen,
                back_number,
                back_fen,
                difference_fen,
                difference_reason,
                difference_note,
                alone_fen,
                countersigned_by,
                handed_in_fen,
                receiver,
                let_go,
                left_open,
                closed_by,
                closed_at_ms,
                received_by,
                received_at_ms,
                looked_into_by,
                looked_into_at_ms,
                looked_into_note,
                version
            FROM shifts
            WHERE ",
            $condition
        )
    };
}

reads! {
    /// The shift of that number.
    shift(shift_no: &ShiftNo) -> Option<ShiftRecord>;
    /// The shift in which somebody takes money now.
    open_shift_of(cashier: &str) -> Option<ShiftRecord>;
    /// At most `limit` shifts of somebody, the latest first, from the one after `before`.
    shifts_of(cashier: &str, before: Option<&(Timestamp, String)>, limit: i64) -> Vec<ShiftRecord>;
    /// The same of everybody.
    latest_shifts(before: Option<&(Timestamp, String)>, limit: i64) -> Vec<ShiftRecord>;
    /// How many wait for a cashier lead: to be countersigned, or closed and their cash not received yet.
    shifts_for_lead() -> i64;
    /// At most `limit` shifts whose closing waits for a countersignature, the oldest first.
    shifts_asked(limit: i64) -> Vec<ShiftRecord>;
    /// At most `limit` shifts whose difference was countersigned and that finance has not looked into, the oldest first.
    shifts_to_look_into(limit: i64) -> Vec<ShiftRecord>;
    /// By how much tills were over or short that were closed from `since` on, at most `limit` of them; positive.
    till_differences(since: Timestamp, limit: i64) -> Vec<Fen>;
}

async fn shift(connection: &mut AnyConnection, shift_no: &ShiftNo) -> Result<Option<ShiftRecord>> {
    let row =
        query(select_shifts!("shift_no = $1")).bind(shift_no.as_str()).fetch_optional(connection).await?;
    row.as_ref().map(rebuild).transpose()
}

async fn open_shift_of(connection: &mut AnyConnection, cashier: &str) -> Result<Option<ShiftRecord>> {
    let row = query(select_shifts!("cashier = $1 AND state IN ('open', 'counted')"))
        .bind(cashier)
        .fetch_optional(connection)
        .await?;
    row.as_ref().map(rebuild).transpose()
}

fn bound(before: Option<&(Timestamp, String)>) -> (i64, &str) {
    before.map_or((i64::MAX, ""), |(at, number)| (at.ms(), number.as_str()))
}

async fn shifts_of(
    connection: &mut AnyConnection,
    cashier: &str,
    before: Option<&(Timestamp, String)>,
    limit: i64,
) -> Result<Vec<ShiftRecord>> {
    let (before_ms, before_no) = bound(before);
    let rows = query(select_shifts!(
        "cashier = $1 AND (opened_at_ms, shift_no) < ($2, $3)
        ORDER BY opened_at_ms DESC, shift_no DESC
        LIMIT $4"
    ))
    .bind(cashier)
    .bind(before_ms)
    .bind(before_no)
    .bind(limit)
    .fetch_all(connection)
    .await?;
    rows.iter().map(rebuild).collect()
}

async fn latest_shifts(
    connection: &mut AnyConnection,
    before: Option<&(Timestamp, String)>,
    limit: i64,
) -> Result<Vec<ShiftRecord>> {
    let (before_ms, before_no) = bound(before);
    let rows = query(select_shifts!(
        "(opened_at_ms, shift_no) < ($1, $2)
        ORDER BY opened_at_ms DESC, shift_no DESC
        LIMIT $3"
    ))
    .bind(before_ms)
    .bind(before_no)
    .bind(limit)
    .fetch_all(connection)
    .await?;
    rows.iter().map(rebuild).collect()
}

async fn shifts_for_lead(connection: &mut AnyConnection) -> Result<i64> {
    let waits = query_scalar(
        "SELECT
            (SELECT COUNT(*) FROM shifts WHERE state = 'closed')
            + (SELECT COUNT(*) FROM shifts WHERE asked_at_ms IS NOT NULL)",
    );
    Ok(waits.fetch_one(connection).await?)
}

async fn shifts_asked(connection: &mut AnyConnection, limit: i64) -> Result<Vec<ShiftRecord>> {
    let sql = select_shifts!("asked_at_ms IS NOT NULL ORDER BY asked_at_ms, shift_no LIMIT $1");
    let rows = query(sql).bind(limit).fetch_all(connection).await?;
    rows.iter().map(rebuild).collect()
}

async fn shifts_to_look_into(connection: &mut AnyConnection, limit: i64) -> Result<Vec<ShiftRecord>> {
    let sql = select_shifts!(
        "countersigned_by IS NOT NULL AND looked_into_at_ms IS NULL ORDER BY closed_at_ms, shift_no LIMIT $1"
    );
    let rows = query(sql).bind(limit).fetch_all(connection).await?;
    rows.iter().map(rebuild).collect()
}

async fn till_differences(connection: &mut AnyConnection, since: Timestamp, limit: i64) -> Result<Vec<Fen>> {
    let apart: Vec<i64> = query_scalar(
        "SELECT ABS(difference_fen)
        FROM shifts
        WHERE closed_at_ms >= $1 AND difference_fen <> 0
        ORDER BY closed_at_ms DESC
        LIMIT $2",
    )
    .bind(since.ms())
    .bind(limit)
    .fetch_all(connection)
    .await?;
    Ok(apart.into_iter().map(Fen::new).collect())
}

impl Tx {
    /// Keeps a new shift, unless its cashier has an open one; says whether it did.
    pub async fn insert_shift(&mut self, record: &ShiftRecord) -> Result<bool> {
        let done = query(
            "INSERT INTO shifts (
                shift_no,
                cashier,
                place,
                state,
                float_fen,
                opened_at_ms,
                version
            )
            VALUES ($1, $2, $3, 'open', $4, $5, $6)
            ON CONFLICT DO NOTHING",
        )
        .bind(record.shift_no.as_str())
        .bind(record.cashier.as_str())
        .bind(record.place.as_str())
        .bind(record.float.get())
        .bind(record.opened_at.ms())
        .bind(record.version)
        .execute(self.connection())
        .await?;
        Ok(done.rows_affected() == 1)
    }

    /// The shift, held against every other transaction until this one ends.
    pub async fn shift_for_update(&mut self, shift_no: &ShiftNo) -> Result<Option<ShiftRecord>> {
        let sql = locked!(self.engine(), select_shifts!("shift_no = $1"));
        let row = query(sql).bind(shift_no.as_str()).fetch_optional(self.connection()).await?;
        row.as_ref().map(rebuild).transpose()
    }

    /// The shift in which somebody takes money, held likewise.
    pub async fn open_shift_for_update(&mut self, cashier: &str) -> Result<Option<ShiftRecord>> {
        let sql = locked!(self.engine(), select_shifts!("cashier = $1 AND state IN ('open', 'counted')"));
        let row = query(sql).bind(cashier).fetch_optional(self.connection()).await?;
        row.as_ref().map(rebuild).transpose()
    }

    /// Keeps where a shift stands now; `record.version` is the one that was read, the row's becomes one more. Whatever moves money in
    /// a shift saves it, too: so nothing moves in one that was closed meanwhile.
    ///
    /// # Errors
    /// [`StoreError::Stale`](crate::StoreError::Stale) when somebody else changed it since.
    pub async fn save_shift(&mut self, record: &ShiftRecord) -> Result<()> {
        let (closing, asked) = (record.closing.as_ref(), record.asked.as_ref());
        let reason = closing.and_then(|closing| closing.reason.as_ref());
        let done = query(
            "UPDATE shifts
            SET
                state = $1,
                pieces = $2,
                counted_by = $3,
                counted_at_ms = $4,
                taken_number = $5,
                taken_fen = $6,
                back_number = $7,
                back_fen = $8,
                difference_fen = $9,
                difference_reason = $10,
                difference_note = $11,
                handed_in_fen = $12,
                receiver = $13,
                let_go = $14,
                left_open = $15,
                closed_by = $16,
                closed_at_ms = $17,
                received_by = $18,
                received_at_ms = $19,
                asked_by = $20,
                asked_at_ms = $21,
                asked_reason = $22,
                asked_note = $23,
                asked_receiver = $24,
                asked_word = $25,
                alone_fen = $26,
                countersigned_by = $27,
                version = version + 1
            WHERE shift_no = $28 AND version = $29",
        )
        .bind(match record.state {
            // Whoever waits for a countersignature is one who has counted, as far as money is concerned.
            State::Asked(_) => "counted",
            _ => record.state.as_str(),
        })
        .bind(record.state.count().map(ToString::to_string))
        .bind(record.counted.as_ref().map(|(by, _)| by.as_str()))
        .bind(record.counted.as_ref().map(|(_, at)| at.ms()))
        .bind(closing.map(|closing| closing.taken.0))
        .bind(closing.map(|closing| closing.taken.1.get()))
        .bind(closing.map(|closing| closing.back.0))
        .bind(closing.map(|closing| closing.back.1.get()))
        .bind(closing.map(|closing| closing.difference.get()))
        .bind(reason.map(|(reason, _)| reason.as_str()))
        .bind(reason.map(|(_, note)| note.as_str()))
        .bind(closing.map(|closing| closing.handed_in.get()))
        .bind(closing.and_then(|closing| closing.receiver.as_deref()))
        .bind(closing.and_then(|closing| closing.let_go.as_deref()))
        .bind(closing.map(|closing| closing.left_open.as_str()))
        .bind(closing.map(|closing| closing.by.as_str()))
        .bind(closing.map(|closing| closing.at.ms()))
        .bind(record.received.as_ref().map(|(by, _)| by.as_str()))
        .bind(record.received.as_ref().map(|(_, at)| at.ms()))
        .bind(asked.map(|asked| asked.by.as_str()))
        .bind(asked.map(|asked| asked.at.ms()))
        .bind(asked.map(|asked| asked.reason.0.as_str()))
        .bind(asked.map(|asked| asked.reason.1.as_str()))
        .bind(asked.and_then(|asked| asked.receiver.as_deref()))
        .bind(asked.and_then(|asked| asked.word.as_deref()))
        .bind(closing.and_then(|closing| closing.alone).map(Fen::get))
        .bind(closing.and_then(|closing| closing.countersigned_by.as_deref()))
        .bind(record.shift_no.as_str())
        .bind(record.version)
        .execute(self.connection())
        .await?;
        exactly_one(done.rows_affected(), "shifts", record.shift_no.as_str())
    }

    /// Keeps what finance found out about a countersigned difference, once; says whether it did.
    pub async fn look_into_shift(&mut self, shift_no: &ShiftNo, found: &LookedInto) -> Result<bool> {
        let done = query(
            "UPDATE shifts
            SET
                looked_into_by = $1,
                looked_into_at_ms = $2,
                looked_into_note = $3
            WHERE shift_no = $4 AND countersigned_by IS NOT NULL AND looked_into_at_ms IS NULL",
        )
        .bind(found.by.as_str())
        .bind(found.at.ms())
        .bind(found.note.as_str())
        .bind(shift_no.as_str())
        .execute(self.connection())
        .await?;
        Ok(done.rows_affected() == 1)
    }
}

fn rebuild(row: &AnyRow) -> Result<ShiftRecord> {
    let fields = Fields::new("shifts", "shift_no", row)?;
    let count = || fields.word("pieces", CashCount::parse);
    let asked = asked_of(&fields)?;
    let state = match fields.text("state")?.as_str() {
        "open" => State::Open,
        "counted" if asked.is_some() => State::Asked(count()?),
        "counted" => State::Counted(count()?),
        "closed" => State::Closed(count()?),
        "handed_over" => State::HandedOver(count()?),
        other => return Err(fields.inconsistent("state", format_args!("holds the unknown word {other:?}"))),
    };
    let pair = |by: &'static str, at: &'static str| -> Result<Option<(String, Timestamp)>> {
        Ok(match (fields.optional_text(by)?, fields.optional_time(at)?) {
            (Some(by), Some(at)) => Some((by, at)),
            _ => None,
        })
    };
    let closing = match pair("closed_by", "closed_at_ms")? {
        Some((by, at)) => Some(closing_of(&fields, by, at)?),
        None => None,
    };
    Ok(ShiftRecord {
        shift_no: fields.id("shift_no", ShiftNo::parse)?,
        cashier: fields.text("cashier")?,
        place: fields.text("place")?,
        state,
        float: fields.fen("float_fen")?,
        opened_at: fields.time("opened_at_ms")?,
        counted: pair("counted_by", "counted_at_ms")?,
        asked,
        closing,
        received: pair("received_by", "received_at_ms")?,
        looked_into: match pair("looked_into_by", "looked_into_at_ms")? {
            Some((by, at)) => {
                let note = fields.present("looked_into_note", fields.optional_text("looked_into_note")?)?;
                Some(LookedInto { by, at, note })
            }
            None => None,
        },
        version: fields.number("version")?,
    })
}

fn asked_of(fields: &Fields<'_>) -> Result<Option<AskedClosing>> {
    let Some(at) = fields.optional_time("asked_at_ms")? else { return Ok(None) };
    let present = |column: &'static str| fields.present(column, fields.optional_text(column)?);
    Ok(Some(AskedClosing {
        reason: (fields.word("asked_reason", DifferenceReason::parse)?, present("asked_note")?),
        receiver: fields.optional_text("asked_receiver")?,
        word: fields.optional_text("asked_word")?,
        by: present("asked_by")?,
        at,
    }))
}

fn closing_of(fields: &Fields<'_>, by: String, at: Timestamp) -> Result<ClosingRecord> {
    let reason = match fields.optional_text("difference_reason")? {
        Some(_) => Some((
            fields.word("difference_reason", DifferenceReason::parse)?,
            fields.present("difference_note", fields.optional_text("difference_note")?)?,
        )),
        None => None,
    };
    Ok(ClosingRecord {
        taken: (fields.number("taken_number")?, fields.fen("taken_fen")?),
        back: (fields.number("back_number")?, fields.fen("back_fen")?),
        difference: fields.fen("difference_fen")?,
        reason,
        alone: fields.optional_number("alone_fen")?.map(Fen::new),
        countersigned_by: fields.optional_text("countersigned_by")?,
        handed_in: fields.fen("handed_in_fen")?,
        receiver: fields.optional_text("receiver")?,
        let_go: fields.optional_text("let_go")?,
        left_open: fields.text("left_open")?,
        by,
        at,
    })
}
