//! What the dashboard shows, counted ahead: takings and refunds of every ten minutes, by one thing at a time.
//!
//! Whoever writes that money came, was never paid, went back, or was booked, writes a **mark** beside it, in the same transaction: the
//! slot in which that happened has changed. One process counts marked slots anew from the records and takes the marks away that it saw
//! ([`Tx::replace_takings`]). A mark is no amount: a doubled one does no harm, a slot that was counted twice says the same, and every
//! row here can be thrown away. Whoever reads leaves marked slots out and counts them from the records ([`Tx::counted_between`]), so the
//! sum is right at every moment.
//!
//! A payment counts at the moment that its provider says it was paid, an order that nobody paid at its deadline, a refund when the money was
//! at the payer. Money in suspense is nobody's takings and is left out, and so are its refunds; deposits (住院预交金) stand apart.

use crate::errors::{Result, StoreError};
use crate::offer::reads;
use crate::placeholders::{list, statement, tuples};
use crate::rows::Fields;
use crate::{Engine, Store, Tx};
use mingfen_domain::ids::OutTradeNo;
use mingfen_domain::payment::{Payment, State};
use mingfen_domain::refund::{Refund, State as RefundState};
use mingfen_domain::{BusinessDay, Fen, Timestamp};
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, Row, query, query_scalar};
use std::collections::{BTreeMap, BTreeSet};

/// A day has so many slots.
pub const SLOTS_A_DAY: i64 = 144;
const SLOT_MS: i64 = 600_000;
const DAY_MS: i64 = SLOT_MS * SLOTS_A_DAY;
/// Beijing is so far ahead; a day begins at its midnight.
const BEIJING_MS: i64 = 8 * 3_600_000;
/// There is one progress; it is named all the same, so that it cannot be there twice.
const PROGRESS: &str = "takings";
/// Rows of six values in a statement.
const ROWS_AT_ONCE: usize = 200;
/// Marks and days in a statement.
const VALUES_AT_ONCE: usize = 500;
/// As long as a word of a person may be here, in characters.
const REASON_CHARACTERS: usize = 30;

/// By what is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Dimension {
    /// Payments, all together.
    Total,
    /// Payments, by merchant account.
    Channel,
    /// Payments, by the surroundings in which they were made.
    Scene,
    /// Slips paid, by department.
    Department,
    /// Payments at the window, by who took them.
    Cashier,
    /// Payments of deposits, in none of the above.
    Deposit,
    /// Payments, by how long they took from the order on: the member is the most that it was, in milliseconds.
    PayTime,
    /// The same of what HIS has booked, from when it should have known.
    BookTime,
    /// Orders that nobody paid, by merchant account.
    Unpaid,
    /// Refunds, all together.
    Refunded,
    /// Refunds, by merchant account.
    RefundChannel,
    /// Refunds, by why.
    RefundReason,
    /// Refunds, by who asked.
    RefundBy,
    /// Refunds of deposits, in none of the above.
    DepositBack,
}

impl Dimension {
    /// All of them.
    pub const ALL: [Self; 14] = [
        Self::Total,
        Self::Channel,
        Self::Scene,
        Self::Department,
        Self::Cashier,
        Self::Deposit,
        Self::PayTime,
        Self::BookTime,
        Self::Unpaid,
        Self::Refunded,
        Self::RefundChannel,
        Self::RefundReason,
        Self::RefundBy,
        Self::DepositBack,
    ];

    /// The word that is stored.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Total => "total",
            Self::Channel => "channel",
            Self::Scene => "scene",
            Self::Department => "department",
            Self::Cashier => "cashier",
            Self::Deposit => "deposit",
            Self::PayTime => "pay_time",
            Self::BookTime => "book_time",
            Self::Unpaid => "unpaid",
            Self::Refunded => "refunded",
            Self::RefundChannel => "refund_channel",
            Self::RefundReason => "refund_reason",
            Self::RefundBy => "refund_by",
            Self::DepositBack => "deposit_back",
        }
    }

    /// Reads the stored word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|dimension| dimension.as_str() == word)
    }
}

/// How many, and how much.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counted {
    /// How many.
    pub number: i64,
    /// How much.
    pub fen: Fen,
}

/// Some slots of a day, `first` to before `end`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Slots {
    /// The day.
    pub day: BusinessDay,
    /// The first.
    pub first: i64,
    /// The one after the last.
    pub end: i64,
}

impl Slots {
    /// A whole day.
    pub const fn whole(day: BusinessDay) -> Self {
        Self { day, first: 0, end: SLOTS_A_DAY }
    }

    /// The slot that contains a moment.
    pub fn of(moment: Timestamp) -> Self {
        let (day, slot) = slot_of(moment);
        Self { day: day_of(day), first: slot, end: slot + 1 }
    }

    /// Their first moment.
    pub fn from(&self) -> Timestamp {
        self.day.start().plus_ms(self.first * SLOT_MS)
    }

    /// The first moment after them.
    pub fn to(&self) -> Timestamp {
        self.day.start().plus_ms(self.end * SLOT_MS)
    }
}

/// A row as it is counted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TakingsRow {
    /// By what.
    pub dimension: Dimension,
    /// The day.
    pub day: BusinessDay,
    /// Ten minutes of it.
    pub slot: i64,
    /// Which account, department, …; empty where there is but one.
    pub member: String,
    /// How many, how much.
    pub counted: Counted,
}

/// Rows added up over slots, and over days where no day stands with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TakingsSum {
    /// By what.
    pub dimension: Dimension,
    /// Which day, or which hour of the day, where they are kept apart; else zero.
    pub place: i64,
    /// Which account, department, ….
    pub member: String,
    /// How many, how much.
    pub counted: Counted,
}

/// A slot that has changed since it was counted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TakingsMark {
    /// Names the mark.
    pub mark_id: String,
    /// The slot.
    pub slots: Slots,
}

/// How far back the history is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// Compared at every change.
    pub version: i64,
    /// The first day of the history.
    pub begins: BusinessDay,
    /// What lies before this slot is not counted yet.
    pub back_to: Slots,
    /// Until when days were counted anew, lest a process of an older version left no marks there.
    pub healed: BusinessDay,
}

impl Progress {
    /// The first day that is counted wholly.
    pub fn counted_from(&self) -> BusinessDay {
        if self.back_to.first == 0 { self.back_to.day } else { self.back_to.day.next() }
    }

    /// Whether everything is.
    pub fn is_complete(&self) -> bool {
        self.back_to.day <= self.begins && (self.back_to.first == 0 || self.back_to.day < self.begins)
    }

    /// The next piece of the history, at most so many slots of one day, going back.
    pub fn next_piece(&self, most: i64) -> Option<Slots> {
        if self.is_complete() {
            return None;
        }
        let (day, end) = match self.back_to.first {
            0 => (day_of(number_of(self.back_to.day) - 1), SLOTS_A_DAY),
            first => (self.back_to.day, first),
        };
        Some(Slots { day, first: (end - most).max(0), end })
    }
}

/// A day by its number.
fn number_of(day: BusinessDay) -> i64 {
    (day.start().ms() + BEIJING_MS) / DAY_MS
}

fn day_of(number: i64) -> BusinessDay {
    BusinessDay::of(Timestamp::from_ms(number * DAY_MS - BEIJING_MS))
}

fn slot_of(moment: Timestamp) -> (i64, i64) {
    let slot = (moment.ms() + BEIJING_MS) / SLOT_MS;
    (slot / SLOTS_A_DAY, slot % SLOTS_A_DAY)
}

impl Tx {
    /// A payment was paid, or nobody paid it: the slot of that moment has changed. Money that comes after the deadline changes that of
    /// the deadline too, in which the order was counted as not paid.
    pub(crate) async fn mark_payment(&mut self, payment: &Payment) -> Result<()> {
        match &payment.state {
            State::Opening | State::Waiting { .. } => Ok(()),
            State::Paid(received) | State::Suspense { received, .. } => {
                self.mark(&[received.paid_at, payment.expires_at]).await
            }
            State::Closed(_) => self.mark(&[payment.expires_at]).await,
        }
    }

    /// A refund was at the payer.
    pub(crate) async fn mark_refund(&mut self, refund: &Refund) -> Result<()> {
        match &refund.state {
            RefundState::Succeeded { refunded_at, .. } => self.mark(&[*refunded_at]).await,
            RefundState::Due
            | RefundState::Unknown
            | RefundState::Processing { .. }
            | RefundState::Abnormal { .. }
            | RefundState::Failed { .. } => Ok(()),
        }
    }

    /// HIS has booked a payment: that is counted with the payment.
    pub(crate) async fn mark_write_back(&mut self, order: &OutTradeNo) -> Result<()> {
        let paid_at: Option<i64> = query_scalar("SELECT paid_at_ms FROM payments WHERE out_trade_no = $1")
            .bind(order.as_str())
            .fetch_optional(self.connection())
            .await?
            .flatten();
        match paid_at {
            Some(paid_at) => self.mark(&[Timestamp::from_ms(paid_at)]).await,
            None => Ok(()),
        }
    }

    async fn mark(&mut self, moments: &[Timestamp]) -> Result<()> {
        let slots: BTreeSet<(i64, i64)> = moments.iter().map(|moment| slot_of(*moment)).collect();
        let slots: Vec<(i64, i64)> = slots.into_iter().collect();
        self.mark_slots(&slots).await
    }

    /// Has every slot of these days counted anew.
    pub async fn mark_days(&mut self, days: &[BusinessDay]) -> Result<()> {
        for day in days {
            let slots: Vec<(i64, i64)> = (0..SLOTS_A_DAY).map(|slot| (number_of(*day), slot)).collect();
            self.mark_slots(&slots).await?;
        }
        Ok(())
    }

    async fn mark_slots(&mut self, slots: &[(i64, i64)]) -> Result<()> {
        let sql = format!(
            "INSERT INTO takings_marks (
                mark_id,
                day,
                slot
            )
            VALUES {}",
            tuples(slots.len(), 3)
        );
        let ids: Vec<String> = slots
            .iter()
            .map(|(day, slot)| {
                self.fresh_row_id(Timestamp::from_ms(day * DAY_MS + slot * SLOT_MS - BEIJING_MS))
            })
            .collect();
        // One and two are the numbers that every payment has.
        let mut insert = query(statement(sql)).persistent(slots.len() <= 2);
        for (id, (day, slot)) in ids.iter().zip(slots) {
            insert = insert.bind(id.as_str()).bind(*day).bind(*slot);
        }
        insert.execute(self.connection()).await?;
        Ok(())
    }

    /// Keeps the progress, if it is still the one that was read; `false`: another process was faster, and nothing of what was counted
    /// since may be written. The first one ever has the version zero.
    pub async fn advance_takings(&mut self, progress: &Progress) -> Result<bool> {
        let sql = if progress.version == 0 {
            "INSERT INTO takings_progress (
                name,
                version,
                begins_day,
                back_to_day,
                back_slot,
                healed_day
            )
            VALUES ($1, $2 + 1, $3, $4, $5, $6)
            ON CONFLICT (name) DO NOTHING"
        } else {
            "UPDATE takings_progress
            SET
                version = $2 + 1,
                begins_day = $3,
                back_to_day = $4,
                back_slot = $5,
                healed_day = $6
            WHERE name = $1 AND version = $2"
        };
        let done = query(sql)
            .bind(PROGRESS)
            .bind(progress.version)
            .bind(number_of(progress.begins))
            .bind(number_of(progress.back_to.day))
            .bind(progress.back_to.first)
            .bind(number_of(progress.healed))
            .execute(self.connection())
            .await?;
        Ok(done.rows_affected() == 1)
    }

    /// Puts what was counted of some slots in the place of what stood there.
    pub async fn replace_takings(&mut self, slots: &Slots, rows: &[TakingsRow]) -> Result<()> {
        query("DELETE FROM takings WHERE day = $1 AND slot >= $2 AND slot < $3")
            .bind(number_of(slots.day))
            .bind(slots.first)
            .bind(slots.end)
            .execute(self.connection())
            .await?;
        for some in rows.chunks(ROWS_AT_ONCE) {
            let sql = format!(
                "INSERT INTO takings (
                    dimension,
                    day,
                    slot,
                    member,
                    number,
                    fen
                )
                VALUES {}",
                tuples(some.len(), 6)
            );
            let mut insert = query(statement(sql)).persistent(some.len() == ROWS_AT_ONCE);
            for row in some {
                insert = insert
                    .bind(row.dimension.as_str())
                    .bind(number_of(row.day))
                    .bind(row.slot)
                    .bind(row.member.as_str())
                    .bind(row.counted.number)
                    .bind(row.counted.fen.get());
            }
            insert.execute(self.connection()).await?;
        }
        Ok(())
    }

    /// Takes marks away whose slots were counted.
    pub async fn forget_marks(&mut self, marks: &[TakingsMark]) -> Result<()> {
        for some in marks.chunks(VALUES_AT_ONCE) {
            let sql = format!("DELETE FROM takings_marks WHERE mark_id IN {}", list(1, some.len()));
            let mut delete = query(statement(sql)).persistent(some.len() == 1);
            for mark in some {
                delete = delete.bind(mark.mark_id.as_str());
            }
            delete.execute(self.connection()).await?;
        }
        Ok(())
    }
}

reads! {
    /// How far back the history is counted; nothing before anything was.
    takings_progress() -> Option<Progress>;
    /// At most `limit` marks, in no order that matters.
    takings_marks(limit: i64) -> Vec<TakingsMark>;
    /// The slots that have marks.
    marked_slots() -> Vec<Slots>;
    /// What the records themselves say of the time from `from` on and before `to`, slot by slot.
    counted_between(from: Timestamp, to: Timestamp) -> Vec<TakingsRow>;
    /// The same of several spans that do not overlap, in one question a thing, and without how long anything took.
    counted_in(spans: &[(Timestamp, Timestamp)]) -> Vec<TakingsRow>;
    /// What stands counted of some slots.
    takings_of(slots: &Slots) -> Vec<TakingsRow>;
    /// Added up over some days, of each the slots before `before`; marked ones are left out.
    takings_by_member(dimensions: &[Dimension], days: &[BusinessDay], before: i64) -> Vec<TakingsSum>;
    /// Payments by the hour of the day, over some days; marked slots are left out.
    takings_by_hour(days: &[BusinessDay]) -> Vec<TakingsSum>;
    /// Payments and refunds of each day from `from` to `to`, see [`TakingsSum::day`]; marked slots are left out.
    takings_by_day(from: BusinessDay, to: BusinessDay) -> Vec<TakingsSum>;
}

impl Store {
    /// How the engine would find what the dashboard asks for, a line each: for whoever measures. The names are those of the functions.
    pub async fn takings_plans(&self, day: BusinessDay) -> Result<Vec<(&'static str, Vec<String>)>> {
        let mut connection = self.reader().await?;
        let piece = Slots { day, first: 63, end: 64 };
        let number = number_of(day);
        let mut plans = Vec::new();
        let usual: Vec<i64> = (1..=8).map(|week| number - 7 * week).collect();
        let mut asked: Vec<(&'static str, String, Vec<i64>)> = vec![
            ("takings_by_member", by_member_sql(4, 8), [usual.clone(), vec![64]].concat()),
            ("takings_by_hour", by_hour_sql(8), usual),
            ("takings_by_day", BY_DAY.to_owned(), vec![number - 89, number]),
            ("takings_of", OF_SLOTS.to_owned(), vec![number, 60, 61]),
        ];
        for (name, sql) in COUNTING {
            asked.push((name, (*sql).to_owned(), vec![piece.from().ms(), piece.to().ms()]));
        }
        for (name, sql, numbers) in asked {
            let explain = match self.engine() {
                Engine::Sqlite => "EXPLAIN QUERY PLAN ",
                Engine::Postgres => "EXPLAIN (ANALYZE, BUFFERS) ",
            };
            let mut asks = query(statement(format!("{explain}{sql}"))).persistent(false);
            if name == "takings_by_member" {
                for dimension in
                    [Dimension::Total, Dimension::Channel, Dimension::Scene, Dimension::Department]
                {
                    asks = asks.bind(dimension.as_str());
                }
            }
            for value in numbers {
                asks = asks.bind(value);
            }
            let rows = asks.fetch_all(connection.as_mut()).await?;
            let column = match self.engine() {
                Engine::Sqlite => 3,
                Engine::Postgres => 0,
            };
            let lines: std::result::Result<Vec<String>, sqlx::Error> =
                rows.iter().map(|row| row.try_get(column)).collect();
            plans.push((name, lines?));
        }
        Ok(plans)
    }
}

impl TakingsSum {
    /// The day that it is of, where days are kept apart.
    pub fn day(&self) -> BusinessDay {
        day_of(self.place)
    }
}

async fn takings_progress(connection: &mut AnyConnection) -> Result<Option<Progress>> {
    let row = query(
        "SELECT
            name,
            version,
            begins_day,
            back_to_day,
            back_slot,
            healed_day
        FROM takings_progress
        WHERE name = $1",
    )
    .bind(PROGRESS)
    .fetch_optional(connection)
    .await?;
    row.as_ref()
        .map(|row| {
            let fields = Fields::new("takings_progress", "name", row)?;
            let first = fields.number("back_slot")?;
            Ok(Progress {
                version: fields.number("version")?,
                begins: day_of(fields.number("begins_day")?),
                back_to: Slots { day: day_of(fields.number("back_to_day")?), first, end: first },
                healed: day_of(fields.number("healed_day")?),
            })
        })
        .transpose()
}

async fn takings_marks(connection: &mut AnyConnection, limit: i64) -> Result<Vec<TakingsMark>> {
    let rows = query(
        "SELECT
            mark_id,
            day,
            slot
        FROM takings_marks
        ORDER BY day DESC, slot DESC
        LIMIT $1",
    )
    .bind(limit)
    .fetch_all(connection)
    .await?;
    rows.iter()
        .map(|row| {
            let fields = Fields::new("takings_marks", "mark_id", row)?;
            let first = fields.number("slot")?;
            Ok(TakingsMark {
                mark_id: fields.text("mark_id")?,
                slots: Slots { day: day_of(fields.number("day")?), first, end: first + 1 },
            })
        })
        .collect()
}

async fn marked_slots(connection: &mut AnyConnection) -> Result<Vec<Slots>> {
    let rows = query("SELECT DISTINCT day, slot FROM takings_marks ORDER BY day, slot")
        .fetch_all(connection)
        .await?;
    rows.iter()
        .map(|row| {
            let first: i64 = row.try_get("slot")?;
            Ok(Slots { day: day_of(row.try_get("day")?), first, end: first + 1 })
        })
        .collect()
}

const OF_SLOTS: &str = "SELECT
        dimension,
        day,
        slot,
        member,
        number,
        fen
    FROM takings
    WHERE day = $1 AND slot >= $2 AND slot < $3
    ORDER BY dimension, slot, member";

async fn takings_of(connection: &mut AnyConnection, slots: &Slots) -> Result<Vec<TakingsRow>> {
    let rows = query(OF_SLOTS)
        .bind(number_of(slots.day))
        .bind(slots.first)
        .bind(slots.end)
        .fetch_all(connection)
        .await?;
    rows.iter()
        .map(|row| {
            let fields = Fields::new("takings", "member", row)?;
            Ok(TakingsRow {
                dimension: fields.word("dimension", Dimension::parse)?,
                day: day_of(fields.number("day")?),
                slot: fields.number("slot")?,
                member: fields.text("member")?,
                counted: Counted { number: fields.number("number")?, fen: fields.fen("fen")? },
            })
        })
        .collect()
}

/// Behind `FROM takings WHERE …`: a slot that has a mark is counted by whoever asks.
macro_rules! unmarked {
    () => {
        " AND NOT EXISTS (
            SELECT 1
            FROM takings_marks
            WHERE takings_marks.day = takings.day AND takings_marks.slot = takings.slot
        )"
    };
}

fn by_member_sql(dimensions: usize, days: usize) -> String {
    format!(
        concat!(
            "SELECT
                dimension,
                CAST(0 AS BIGINT) AS place,
                member,
                CAST(SUM(number) AS BIGINT) AS number,
                CAST(SUM(fen) AS BIGINT) AS fen
            FROM takings
            WHERE dimension IN {} AND day IN {} AND slot < ${}",
            unmarked!(),
            " GROUP BY dimension, member
            ORDER BY dimension, member"
        ),
        list(1, dimensions),
        list(dimensions + 1, days),
        dimensions + days + 1
    )
}

async fn takings_by_member(
    connection: &mut AnyConnection,
    dimensions: &[Dimension],
    days: &[BusinessDay],
    before: i64,
) -> Result<Vec<TakingsSum>> {
    if dimensions.is_empty() || days.is_empty() {
        return Ok(Vec::new());
    }
    let mut asked = query(statement(by_member_sql(dimensions.len(), days.len())));
    for dimension in dimensions {
        asked = asked.bind(dimension.as_str());
    }
    for day in days {
        asked = asked.bind(number_of(*day));
    }
    sums(&asked.bind(before).fetch_all(connection).await?)
}

fn by_hour_sql(days: usize) -> String {
    format!(
        concat!(
            "SELECT
                dimension,
                slot / 6 AS place,
                '' AS member,
                CAST(SUM(number) AS BIGINT) AS number,
                CAST(SUM(fen) AS BIGINT) AS fen
            FROM takings
            WHERE dimension = 'total' AND day IN {}",
            unmarked!(),
            " GROUP BY dimension, slot / 6
            ORDER BY slot / 6"
        ),
        list(1, days)
    )
}

async fn takings_by_hour(connection: &mut AnyConnection, days: &[BusinessDay]) -> Result<Vec<TakingsSum>> {
    if days.is_empty() {
        return Ok(Vec::new());
    }
    let mut asked = query(statement(by_hour_sql(days.len())));
    for day in days {
        asked = asked.bind(number_of(*day));
    }
    sums(&asked.fetch_all(connection).await?)
}

const BY_DAY: &str = concat!(
    "SELECT
        dimension,
        day AS place,
        '' AS member,
        CAST(SUM(number) AS BIGINT) AS number,
        CAST(SUM(fen) AS BIGINT) AS fen
    FROM takings
    WHERE dimension IN ('total', 'refunded') AND day >= $1 AND day <= $2",
    unmarked!(),
    " GROUP BY dimension, day
    ORDER BY dimension, day"
);

async fn takings_by_day(
    connection: &mut AnyConnection,
    from: BusinessDay,
    to: BusinessDay,
) -> Result<Vec<TakingsSum>> {
    sums(&query(BY_DAY).bind(number_of(from)).bind(number_of(to)).fetch_all(connection).await?)
}

fn sums(rows: &[AnyRow]) -> Result<Vec<TakingsSum>> {
    rows.iter()
        .map(|row| {
            let fields = Fields::new("takings", "member", row)?;
            Ok(TakingsSum {
                dimension: fields.word("dimension", Dimension::parse)?,
                place: fields.number("place")?,
                member: fields.text("member")?,
                counted: Counted { number: fields.number("number")?, fen: fields.fen("fen")? },
            })
        })
        .collect()
}

/// A moment's slot since ever.
macro_rules! slot {
    ($column:literal) => {
        concat!("(", $column, " + 28800000) / 600000")
    };
}

/// How long something took: the most that it was, in milliseconds, the coarser the longer. The last is a day and more.
macro_rules! took {
    ($from:literal, $to:literal) => {
        concat!(
            "CASE
                WHEN ",
            $to,
            " - ",
            $from,
            " < 0 THEN 0
                WHEN ",
            $to,
            " - ",
            $from,
            " < 5000 THEN ((",
            $to,
            " - ",
            $from,
            ") / 100 + 1) * 100
                WHEN ",
            $to,
            " - ",
            $from,
            " < 120000 THEN ((",
            $to,
            " - ",
            $from,
            ") / 1000 + 1) * 1000
                WHEN ",
            $to,
            " - ",
            $from,
            " < 600000 THEN ((",
            $to,
            " - ",
            $from,
            ") / 10000 + 1) * 10000
                WHEN ",
            $to,
            " - ",
            $from,
            " < 3600000 THEN ((",
            $to,
            " - ",
            $from,
            ") / 60000 + 1) * 60000
                WHEN ",
            $to,
            " - ",
            $from,
            " < 86400000 THEN ((",
            $to,
            " - ",
            $from,
            ") / 3600000 + 1) * 3600000
                ELSE 90000000
            END"
        )
    };
}

const PAID: &str = concat!(
    "SELECT ",
    slot!("payments.paid_at_ms"),
    " AS slot,
        payments.channel_id,
        payments.scene,
        COALESCE(payments.deposit, 0) AS deposit,
        COUNT(*) AS number,
        CAST(SUM(payments.received_fen) AS BIGINT) AS fen
    FROM payments
    WHERE payments.paid_at_ms >= $1 AND payments.paid_at_ms < $2 AND payments.state = 'paid'
    GROUP BY 1, 2, 3, 4"
);

const PAY_TIMES: &str = concat!(
    "SELECT ",
    slot!("payments.paid_at_ms"),
    " AS slot, CAST(",
    took!("payments.created_at_ms", "payments.paid_at_ms"),
    " AS BIGINT) AS took_ms,
        COUNT(*) AS number
    FROM payments
    WHERE
        payments.paid_at_ms >= $1
        AND payments.paid_at_ms < $2
        AND payments.state = 'paid'
        AND COALESCE(payments.deposit, 0) = 0
    GROUP BY 1, 2"
);

const BOOK_TIMES: &str = concat!(
    "SELECT ",
    slot!("payments.paid_at_ms"),
    " AS slot, CAST(",
    took!("write_backs.due_at_ms", "write_backs.posted_at_ms"),
    " AS BIGINT) AS took_ms,
        COUNT(*) AS number
    FROM payments
    JOIN write_backs ON write_backs.bill_no = payments.bill_no
    WHERE
        payments.paid_at_ms >= $1
        AND payments.paid_at_ms < $2
        AND payments.state = 'paid'
        AND COALESCE(payments.deposit, 0) = 0
        AND write_backs.state = 'posted'
        AND write_backs.out_trade_no = payments.out_trade_no
    GROUP BY 1, 2"
);

const DEPARTMENTS: &str = concat!(
    "SELECT ",
    slot!("payments.paid_at_ms"),
    " AS slot,
        bill_slips.department,
        COUNT(*) AS number,
        CAST(SUM(bill_slips.self_pay_fen) AS BIGINT) AS fen
    FROM payments
    JOIN bill_slips ON bill_slips.bill_no = payments.bill_no
    WHERE
        payments.paid_at_ms >= $1
        AND payments.paid_at_ms < $2
        AND payments.state = 'paid'
        AND COALESCE(payments.deposit, 0) = 0
    GROUP BY 1, 2"
);

const CASHIERS: &str = concat!(
    "SELECT ",
    slot!("payments.paid_at_ms"),
    " AS slot,
        'staff:' || window_orders.cashier AS cashier,
        COUNT(*) AS number,
        CAST(SUM(payments.received_fen) AS BIGINT) AS fen
    FROM payments
    JOIN window_orders ON window_orders.out_trade_no = payments.out_trade_no
    WHERE
        payments.paid_at_ms >= $1
        AND payments.paid_at_ms < $2
        AND payments.state = 'paid'
        AND COALESCE(payments.deposit, 0) = 0
    GROUP BY 1, 2"
);

const UNPAID: &str = concat!(
    "SELECT ",
    slot!("payments.expires_at_ms"),
    " AS slot,
        payments.channel_id,
        COUNT(*) AS number
    FROM payments
    WHERE payments.state = 'closed' AND payments.expires_at_ms >= $1 AND payments.expires_at_ms < $2
    GROUP BY 1, 2"
);

const REFUNDED: &str = concat!(
    "SELECT ",
    slot!("refunds.refunded_at_ms"),
    " AS slot,
        payments.channel_id,
        refunds.reason,
        refunds.requested_by,
        COALESCE(payments.deposit, 0) AS deposit,
        COUNT(*) AS number,
        CAST(SUM(refunds.amount_fen) AS BIGINT) AS fen
    FROM refunds
    JOIN payments ON payments.out_trade_no = refunds.out_trade_no
    WHERE
        refunds.refunded_at_ms >= $1
        AND refunds.refunded_at_ms < $2
        AND refunds.state = 'succeeded'
        AND payments.state = 'paid'
    GROUP BY 1, 2, 3, 4, 5"
);

/// Everything that is counted from the records, by name.
const COUNTING: &[(&str, &str)] = &[
    ("paid", PAID),
    ("pay times", PAY_TIMES),
    ("book times", BOOK_TIMES),
    ("departments", DEPARTMENTS),
    ("cashiers", CASHIERS),
    ("unpaid", UNPAID),
    ("refunded", REFUNDED),
];

/// Adds up by dimension, slot since ever, and member.
#[derive(Default)]
struct Sheet(BTreeMap<(Dimension, i64, String), Counted>);

impl Sheet {
    fn add(&mut self, dimension: Dimension, slot: i64, member: &str, more: Counted) -> Result<()> {
        let counted = self.0.entry((dimension, slot, member.to_owned())).or_default();
        let beyond = |problem: &dyn std::fmt::Display| StoreError::Inconsistent {
            table: "takings",
            key: member.to_owned(),
            column: "fen",
            problem: problem.to_string(),
        };
        counted.fen = counted.fen.plus(more.fen).map_err(|error| beyond(&error))?;
        counted.number =
            counted.number.checked_add(more.number).ok_or_else(|| beyond(&"more than can be counted"))?;
        Ok(())
    }

    fn rows(self) -> Vec<TakingsRow> {
        self.0
            .into_iter()
            .map(|((dimension, slot, member), counted)| TakingsRow {
                dimension,
                day: day_of(slot / SLOTS_A_DAY),
                slot: slot % SLOTS_A_DAY,
                member,
                counted,
            })
            .collect()
    }
}

async fn counted_between(
    connection: &mut AnyConnection,
    from: Timestamp,
    to: Timestamp,
) -> Result<Vec<TakingsRow>> {
    let spans = [(from, to)];
    let mut sheet = Sheet::default();
    for (dimension, sql) in [(Dimension::PayTime, PAY_TIMES), (Dimension::BookTime, BOOK_TIMES)] {
        for row in asked(connection, sql, &spans).await? {
            let took: i64 = row.try_get("took_ms")?;
            let counted = Counted { number: row.try_get("number")?, fen: Fen::ZERO };
            sheet.add(dimension, row.try_get("slot")?, &took.to_string(), counted)?;
        }
    }
    count_sums(connection, &spans, &mut sheet).await?;
    Ok(sheet.rows())
}

async fn counted_in(
    connection: &mut AnyConnection,
    spans: &[(Timestamp, Timestamp)],
) -> Result<Vec<TakingsRow>> {
    let mut sheet = Sheet::default();
    if !spans.is_empty() {
        count_sums(connection, spans, &mut sheet).await?;
    }
    Ok(sheet.rows())
}

async fn count_sums(
    connection: &mut AnyConnection,
    spans: &[(Timestamp, Timestamp)],
    sheet: &mut Sheet,
) -> Result<()> {
    for row in asked(connection, PAID, spans).await? {
        let (slot, counted) = (row.try_get("slot")?, counted_of(&row)?);
        if row.try_get::<i64, _>("deposit")? == 1 {
            sheet.add(Dimension::Deposit, slot, "", counted)?;
            continue;
        }
        sheet.add(Dimension::Total, slot, "", counted)?;
        sheet.add(Dimension::Channel, slot, row.try_get("channel_id")?, counted)?;
        sheet.add(Dimension::Scene, slot, row.try_get("scene")?, counted)?;
    }
    for row in asked(connection, DEPARTMENTS, spans).await? {
        sheet.add(
            Dimension::Department,
            row.try_get("slot")?,
            row.try_get("department")?,
            counted_of(&row)?,
        )?;
    }
    for row in asked(connection, CASHIERS, spans).await? {
        sheet.add(Dimension::Cashier, row.try_get("slot")?, row.try_get("cashier")?, counted_of(&row)?)?;
    }
    for row in asked(connection, UNPAID, spans).await? {
        let counted = Counted { number: row.try_get("number")?, fen: Fen::ZERO };
        sheet.add(Dimension::Unpaid, row.try_get("slot")?, row.try_get("channel_id")?, counted)?;
    }
    for row in asked(connection, REFUNDED, spans).await? {
        let (slot, counted) = (row.try_get("slot")?, counted_of(&row)?);
        if row.try_get::<i64, _>("deposit")? == 1 {
            sheet.add(Dimension::DepositBack, slot, "", counted)?;
            continue;
        }
        sheet.add(Dimension::Refunded, slot, "", counted)?;
        sheet.add(Dimension::RefundChannel, slot, row.try_get("channel_id")?, counted)?;
        sheet.add(Dimension::RefundReason, slot, &reason_of(row.try_get("reason")?), counted)?;
        sheet.add(Dimension::RefundBy, slot, row.try_get("requested_by")?, counted)?;
    }
    Ok(())
}

/// One statement for all spans: the same text once for each, so that each is found as one alone would be.
async fn asked(
    connection: &mut AnyConnection,
    sql: &'static str,
    spans: &[(Timestamp, Timestamp)],
) -> Result<Vec<AnyRow>> {
    let mut asks = query(statement(for_spans(sql, spans.len())));
    for (from, to) in spans {
        asks = asks.bind(from.ms()).bind(to.ms());
    }
    Ok(asks.fetch_all(connection).await?)
}

fn for_spans(sql: &str, spans: usize) -> String {
    let one = |at: usize| {
        // The places are renumbered both at once.
        let (from, to) = (format!("${}", 2 * at + 1), format!("${}", 2 * at + 2));
        sql.split("$1").map(|part| part.replace("$2", &to)).collect::<Vec<_>>().join(&from)
    };
    (0..spans).map(one).collect::<Vec<_>>().join(" UNION ALL ")
}

fn counted_of(row: &AnyRow) -> Result<Counted> {
    Ok(Counted { number: row.try_get("number")?, fen: Fen::new(row.try_get("fen")?) })
}

/// A reason up to where its explanation begins: what a person wrote behind it is about one patient, and no heading.
fn reason_of(reason: &str) -> String {
    let heading =
        reason.split(['：', ':', '（', '(', '，', ',', '。', '；', ';', '\n']).next().unwrap_or_default();
    heading.trim().chars().take(REASON_CHARACTERS).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> BusinessDay {
        BusinessDay::parse(text).unwrap()
    }

    #[test]
    fn a_day_has_its_number_and_a_moment_its_slot() {
        let tuesday = day("2026-11-24");
        assert_eq!(day_of(number_of(tuesday)), tuesday);
        let slots = Slots::of(Timestamp::from_beijing_text("2026-11-24 10:42:07").unwrap());
        assert_eq!(slots, Slots { day: tuesday, first: 64, end: 65 });
        assert_eq!(slots.from().to_beijing_text(), "2026-11-24 10:40:00");
        assert_eq!(slots.to().to_beijing_text(), "2026-11-24 10:50:00");
        assert_eq!(Slots::of(tuesday.start()).first, 0);
        assert_eq!(Slots::of(tuesday.end().plus_ms(-1)).first, 143);
    }

    #[test]
    fn the_history_is_counted_backwards_in_pieces_of_one_day() {
        let at = |text: &str, first: i64| Progress {
            version: 1,
            begins: day("2026-11-23"),
            back_to: Slots { day: day(text), first, end: first },
            healed: day("2026-11-24"),
        };
        let piece = |text: &str, first, end| Some(Slots { day: day(text), first, end });
        assert_eq!(at("2026-11-24", 64).next_piece(12), piece("2026-11-24", 52, 64));
        assert_eq!(at("2026-11-24", 5).next_piece(12), piece("2026-11-24", 0, 5));
        assert_eq!(at("2026-11-24", 0).next_piece(12), piece("2026-11-23", 132, 144));
        assert_eq!(at("2026-11-23", 0).next_piece(12), None);
        assert!(at("2026-11-23", 0).is_complete());
        assert_eq!(at("2026-11-23", 12).counted_from(), day("2026-11-24"));
        assert_eq!(at("2026-11-23", 0).counted_from(), day("2026-11-23"));
    }

    #[test]
    fn every_span_has_places_of_its_own() {
        assert_eq!(for_spans("a >= $1 AND a < $2", 1), "a >= $1 AND a < $2");
        assert_eq!(for_spans("a >= $1 AND a < $2", 2), "a >= $1 AND a < $2 UNION ALL a >= $3 AND a < $4");
    }

    #[test]
    fn a_reason_is_its_heading() {
        for (reason, heading) in
            [("退药", "退药"), ("其他：张三说不做了", "其他"), ("重复支付，原路退回", "重复支付"), ("", "")]
        {
            assert_eq!(reason_of(reason), heading);
        }
        assert_eq!(reason_of(&"长".repeat(99)).chars().count(), 30);
    }
}
