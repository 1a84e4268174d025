//! Who asked for a day to be compared, and how that ended. The comparison itself is the day's task, so that it outlives the process that
//! was asked.

use crate::errors::Result;
use crate::offer::{reads, writes};
use crate::rows::Fields;
use mingfen_domain::{BusinessDay, Timestamp};
use sqlx::{AnyConnection, query};

/// How a comparison that was asked for ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RequestEnd {
    /// There is a new version.
    Made,
    /// The same as before.
    Unchanged,
    /// It could not be made.
    Refused,
}

impl RequestEnd {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Made => "made",
            Self::Unchanged => "unchanged",
            Self::Refused => "refused",
        }
    }

    fn parse(word: &str) -> Option<Self> {
        [Self::Made, Self::Unchanged, Self::Refused].into_iter().find(|end| end.as_str() == word)
    }
}

/// A comparison that somebody asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunRequestRecord {
    /// Of which day.
    pub day: BusinessDay,
    /// Who.
    pub asked_by: String,
    /// When.
    pub asked_at: Timestamp,
    /// When and how it ended; `None`: not yet.
    pub ended: Option<(Timestamp, RequestEnd)>,
    /// For people: which version it is, or why there is none.
    pub detail: String,
}

reads! {
    /// What was asked for last of a day.
    run_request(day: BusinessDay) -> Option<RunRequestRecord>;
}

writes! {
    /// Asks for a day; an earlier request that has not ended is this one's, too.
    ask_for_run(day: BusinessDay, by: &str, at: Timestamp) -> ();
    /// Ends the request of that moment; a later one stays.
    end_run_request(day: BusinessDay, asked_at: Timestamp, at: Timestamp, end: RequestEnd, detail: &str) -> ();
}

async fn ask_for_run(
    connection: &mut AnyConnection,
    day: BusinessDay,
    by: &str,
    at: Timestamp,
) -> Result<()> {
    query(
        "INSERT INTO run_requests (
            day,
            asked_by,
            asked_at_ms,
            end_word,
            detail
        )
        VALUES ($1, $2, $3, '', '')
        ON CONFLICT (day) DO UPDATE
        SET
            asked_by = excluded.asked_by,
            asked_at_ms = excluded.asked_at_ms,
            ended_at_ms = NULL,
            end_word = '',
            detail = ''",
    )
    .bind(day.to_string())
    .bind(by)
    .bind(at.ms())
    .execute(connection)
    .await?;
    Ok(())
}

async fn end_run_request(
    connection: &mut AnyConnection,
    day: BusinessDay,
    asked_at: Timestamp,
    at: Timestamp,
    end: RequestEnd,
    detail: &str,
) -> Result<()> {
    query(
        "UPDATE run_requests
        SET
            ended_at_ms = $1,
            end_word = $2,
            detail = $3
        WHERE day = $4 AND asked_at_ms = $5 AND ended_at_ms IS NULL",
    )
    .bind(at.ms())
    .bind(end.as_str())
    .bind(detail)
    .bind(day.to_string())
    .bind(asked_at.ms())
    .execute(connection)
    .await?;
    Ok(())
}

async fn run_request(connection: &mut AnyConnection, day: BusinessDay) -> Result<Option<RunRequestRecord>> {
    let row = query(
        "SELECT
            day,
            asked_by,
            asked_at_ms,
            ended_at_ms,
            end_word,
            detail
        FROM run_requests
        WHERE day = $1",
    )
    .bind(day.to_string())
    .fetch_optional(connection)
    .await?;
    row.map(|row| {
        let fields = Fields::new("run_requests", "day", &row)?;
        let ended = match fields.optional_time("ended_at_ms")? {
            Some(at) => Some((at, fields.word("end_word", RequestEnd::parse)?)),
            None => None,
        };
        Ok(RunRequestRecord {
            day: fields.day("day")?,
            asked_by: fields.text("asked_by")?,
            asked_at: fields.time("asked_at_ms")?,
            ended,
            detail: fields.text("detail")?,
        })
    })
    .transpose()
}
