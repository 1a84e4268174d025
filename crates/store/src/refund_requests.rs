//! Refunds that need a second person. The key of the form makes a request that is sent twice one request; the version decides between
//! two who press at once.

use crate::Tx;
use crate::engine::locked;
use crate::errors::{Result, StoreError, exactly_one};
use crate::offer::reads;
use crate::rows::Fields;
use mingfen_domain::ids::{BillNo, OutRefundNo, OutTradeNo, RefundRequestNo, SlipNo, TraceId};
use mingfen_domain::refund_request::State;
use mingfen_domain::{Amount, Timestamp};
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, query, query_scalar};

/// A request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefundRequestRecord {
    /// Its number.
    pub request_no: RefundRequestNo,
    /// The form's key, under which the refund will be asked for.
    pub request_key: String,
    /// The bill.
    pub bill_no: BillNo,
    /// The order that pays it back.
    pub out_trade_no: OutTradeNo,
    /// The one slip that is meant.
    pub slip_no: Option<SlipNo>,
    /// How much.
    pub amount: Amount,
    /// Why.
    pub reason: String,
    /// Where it stands.
    pub state: State,
    /// Who asked.
    pub asked_by: String,
    /// When.
    pub asked_at: Timestamp,
    /// Who decided, or took it back.
    pub decided_by: Option<String>,
    /// When.
    pub decided_at: Option<Timestamp>,
    /// Follows the order through every log.
    pub trace: TraceId,
    /// Compared at every change.
    pub version: i64,
}

/// Whether a request was new.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum InsertedRequest {
    /// It is kept now.
    New,
    /// Nothing was kept: this one was asked for with the same form before.
    Earlier(Box<RefundRequestRecord>),
}

macro_rules! select_requests {
    ($condition:literal) => {
        concat!(
            "SELECT
                request_no,
                request_key,
                bill_no,
                out_trade_no,
                slip_no,
                amount_fen,
                reason,
                state,
                out_refund_no,
                why_not,
                asked_by,
                asked_at_ms,
                decided_by,
                decided_at_ms,
                trace_id,
                version
            FROM refund_requests
            WHERE ",
            $condition
        )
    };
}

reads! {
    /// The request of that number.
    refund_request(request_no: &RefundRequestNo) -> Option<RefundRequestRecord>;
    /// The request that was made with the form of that key.
    refund_request_by_key(request_key: &str) -> Option<RefundRequestRecord>;
    /// Every request about the bill, the oldest first.
    refund_requests_of_bill(bill_no: &BillNo) -> Vec<RefundRequestRecord>;
    /// At most `limit` requests that wait for a second person, the latest first, from the one after `before`.
    waiting_refund_requests(before: Option<&(Timestamp, String)>, limit: i64) -> Vec<RefundRequestRecord>;
    /// The same of those that came to nothing.
    dropped_refund_requests(before: Option<&(Timestamp, String)>, limit: i64) -> Vec<RefundRequestRecord>;
    /// How many wait, and since when the oldest.
    refund_requests_waiting() -> (i64, Option<Timestamp>);
}

async fn refund_request(
    connection: &mut AnyConnection,
    request_no: &RefundRequestNo,
) -> Result<Option<RefundRequestRecord>> {
    let row = query(select_requests!("request_no = $1"))
        .bind(request_no.as_str())
        .fetch_optional(connection)
        .await?;
    row.as_ref().map(rebuild).transpose()
}

async fn refund_request_by_key(
    connection: &mut AnyConnection,
    request_key: &str,
) -> Result<Option<RefundRequestRecord>> {
    let row =
        query(select_requests!("request_key = $1")).bind(request_key).fetch_optional(connection).await?;
    row.as_ref().map(rebuild).transpose()
}

async fn refund_requests_of_bill(
    connection: &mut AnyConnection,
    bill_no: &BillNo,
) -> Result<Vec<RefundRequestRecord>> {
    let rows = query(select_requests!("bill_no = $1 ORDER BY asked_at_ms, request_no"))
        .bind(bill_no.as_str())
        .fetch_all(connection)
        .await?;
    rows.iter().map(rebuild).collect()
}

async fn waiting_refund_requests(
    connection: &mut AnyConnection,
    before: Option<&(Timestamp, String)>,
    limit: i64,
) -> Result<Vec<RefundRequestRecord>> {
    let sql = select_requests!(
        "state IN ('waiting', 'approved') AND (asked_at_ms, request_no) < ($1, $2)
        ORDER BY asked_at_ms DESC, request_no DESC
        LIMIT $3"
    );
    page(connection, sql, before, limit).await
}

async fn dropped_refund_requests(
    connection: &mut AnyConnection,
    before: Option<&(Timestamp, String)>,
    limit: i64,
) -> Result<Vec<RefundRequestRecord>> {
    let sql = select_requests!(
        "state IN ('refused', 'declined', 'withdrawn') AND (asked_at_ms, request_no) < ($1, $2)
        ORDER BY asked_at_ms DESC, request_no DESC
        LIMIT $3"
    );
    page(connection, sql, before, limit).await
}

async fn page(
    connection: &mut AnyConnection,
    sql: &'static str,
    before: Option<&(Timestamp, String)>,
    limit: i64,
) -> Result<Vec<RefundRequestRecord>> {
    let (before_ms, before_no) = before.map_or((i64::MAX, ""), |(at, number)| (at.ms(), number.as_str()));
    let rows = query(sql).bind(before_ms).bind(before_no).bind(limit).fetch_all(connection).await?;
    rows.iter().map(rebuild).collect()
}

async fn refund_requests_waiting(connection: &mut AnyConnection) -> Result<(i64, Option<Timestamp>)> {
    let count = query_scalar("SELECT COUNT(*) FROM refund_requests WHERE state = 'waiting'")
        .fetch_one(&mut *connection)
        .await?;
    let oldest: Option<i64> =
        query_scalar("SELECT MIN(asked_at_ms) FROM refund_requests WHERE state = 'waiting'")
            .fetch_one(connection)
            .await?;
    Ok((count, oldest.map(Timestamp::from_ms)))
}

impl Tx {
    /// Keeps a new request, unless its form was sent before.
    pub async fn insert_refund_request(&mut self, record: &RefundRequestRecord) -> Result<InsertedRequest> {
        let done = query(
            "INSERT INTO refund_requests (
                request_no,
                request_key,
                bill_no,
                out_trade_no,
                slip_no,
                amount_fen,
                reason,
                state,
                asked_by,
                asked_at_ms,
                trace_id,
                version
            )
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
            ON CONFLICT (request_key) DO NOTHING",
        )
        .bind(record.request_no.as_str())
        .bind(record.request_key.as_str())
        .bind(record.bill_no.as_str())
        .bind(record.out_trade_no.as_str())
        .bind(record.slip_no.as_ref().map(SlipNo::as_str))
        .bind(record.amount.get())
        .bind(record.reason.as_str())
        .bind(record.state.as_str())
        .bind(record.asked_by.as_str())
        .bind(record.asked_at.ms())
        .bind(record.trace.as_str())
        .bind(record.version)
        .execute(self.connection())
        .await?;
        if done.rows_affected() == 1 {
            return Ok(InsertedRequest::New);
        }
        let earlier = self.refund_request_by_key(&record.request_key).await?;
        let earlier = earlier.ok_or_else(|| StoreError::Inconsistent {
            table: "refund_requests",
            key: record.request_no.to_string(),
            column: "request_key",
            problem: "was taken and is not there".into(),
        })?;
        Ok(InsertedRequest::Earlier(Box::new(earlier)))
    }

    /// The request, held against every other transaction until this one ends.
    pub async fn refund_request_for_update(
        &mut self,
        request_no: &RefundRequestNo,
    ) -> Result<Option<RefundRequestRecord>> {
        let sql = locked!(self.engine(), select_requests!("request_no = $1"));
        let row = query(sql).bind(request_no.as_str()).fetch_optional(self.connection()).await?;
        row.as_ref().map(rebuild).transpose()
    }

    /// Keeps the request's new state, and who decided; `record.version` is the one that was read.
    ///
    /// # Errors
    /// [`StoreError::Stale`] when somebody else moved it since.
    pub async fn save_refund_request(&mut self, record: &RefundRequestRecord) -> Result<()> {
        let (out_refund_no, why_not) = match &record.state {
            State::CarriedOut { out_refund_no } => (Some(out_refund_no.as_str()), None),
            State::Refused { reason } | State::Declined { reason } => (None, Some(reason.as_str())),
            State::Waiting | State::Approved | State::Withdrawn => (None, None),
        };
        let done = query(
            "UPDATE refund_requests
            SET
                state = $1,
                out_refund_no = $2,
                why_not = $3,
                decided_by = $4,
                decided_at_ms = $5,
                version = version + 1
            WHERE request_no = $6 AND version = $7",
        )
        .bind(record.state.as_str())
        .bind(out_refund_no)
        .bind(why_not)
        .bind(record.decided_by.as_deref())
        .bind(record.decided_at.map(Timestamp::ms))
        .bind(record.request_no.as_str())
        .bind(record.version)
        .execute(self.connection())
        .await?;
        exactly_one(done.rows_affected(), "refund_requests", record.request_no.as_str())
    }
}

fn rebuild(row: &AnyRow) -> Result<RefundRequestRecord> {
    let fields = Fields::new("refund_requests", "request_no", row)?;
    let reason = || fields.present("why_not", fields.optional_text("why_not")?);
    let state = match fields.text("state")?.as_str() {
        "waiting" => State::Waiting,
        "approved" => State::Approved,
        "carried_out" => State::CarriedOut { out_refund_no: fields.id("out_refund_no", OutRefundNo::parse)? },
        "refused" => State::Refused { reason: reason()? },
        "declined" => State::Declined { reason: reason()? },
        "withdrawn" => State::Withdrawn,
        other => return Err(fields.inconsistent("state", format_args!("holds the unknown word {other:?}"))),
    };
    Ok(RefundRequestRecord {
        request_no: fields.id("request_no", RefundRequestNo::parse)?,
        request_key: fields.text("request_key")?,
        bill_no: fields.id("bill_no", BillNo::parse)?,
        out_trade_no: fields.id("out_trade_no", OutTradeNo::parse)?,
        slip_no: fields.optional_id("slip_no", SlipNo::parse)?,
        amount: fields.amount("amount_fen")?,
        reason: fields.text("reason")?,
        state,
        asked_by: fields.text("asked_by")?,
        asked_at: fields.time("asked_at_ms")?,
        decided_by: fields.optional_text("decided_by")?,
        decided_at: fields.optional_time("decided_at_ms")?,
        trace: fields.id("trace_id", TraceId::parse)?,
        version: fields.number("version")?,
    })
}
