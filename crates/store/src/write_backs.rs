//! Telling HIS: one row a settled bill, so that the effect exists once.

use crate::Tx;
use crate::engine::locked;
use crate::errors::{Result, StoreError, exactly_one};
use crate::offer::reads;
use crate::placeholders::{list, statement};
use crate::rows::Fields;
use mingfen_domain::Timestamp;
use mingfen_domain::ids::{BillNo, OutTradeNo};
use mingfen_domain::slip::SlipKind;
use mingfen_domain::write_back::{Booked, Place, State};
use serde::{Deserialize, Serialize};
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, query, query_scalar};

/// A write-back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WriteBackRecord {
    /// The bill HIS is told about.
    pub bill_no: BillNo,
    /// The payment that settled it.
    pub out_trade_no: OutTradeNo,
    /// Where it stands.
    pub state: State,
    /// Since when HIS should know.
    pub due_at: Timestamp,
    /// When a telling was last found without an answer.
    pub doubted_at: Option<Timestamp>,
    /// When HIS had booked it.
    pub posted_at: Option<Timestamp>,
    /// Compared at every change.
    pub version: i64,
}

macro_rules! select_write_back {
    () => {
        select_write_back!("bill_no = $1")
    };
    ($condition:literal) => {
        concat!(
            "SELECT
                bill_no,
                out_trade_no,
                state,
                his_order_no,
                receipt_no,
                places,
                reason,
                due_at_ms,
                doubted_at_ms,
                posted_at_ms,
                version
            FROM write_backs
            WHERE ",
            $condition
        )
    };
}

reads! {
    /// The write-back of a bill, once the bill is settled.
    write_back(bill_no: &BillNo) -> Option<WriteBackRecord>;
    /// The write-backs of these bills, as many as one page has.
    write_backs_of_bills(bill_nos: &[BillNo]) -> Vec<WriteBackRecord>;
    /// At most `limit` write-backs for which HIS gave this receipt.
    write_backs_by_receipt(receipt_no: &str, limit: i64) -> Vec<WriteBackRecord>;
    /// Which of these receipts HIS gave for some payment of ours; at most a few hundred at once.
    known_receipts(receipt_nos: &[String]) -> Vec<String>;
}

async fn write_backs_of_bills(
    connection: &mut AnyConnection,
    bill_nos: &[BillNo],
) -> Result<Vec<WriteBackRecord>> {
    if bill_nos.is_empty() {
        return Ok(Vec::new());
    }
    let sql = format!(select_write_back!("bill_no IN {numbers}"), numbers = list(1, bill_nos.len()));
    let mut statement = query(statement(sql));
    for bill_no in bill_nos {
        statement = statement.bind(bill_no.as_str());
    }
    statement.fetch_all(connection).await?.iter().map(rebuild).collect()
}

async fn write_backs_by_receipt(
    connection: &mut AnyConnection,
    receipt_no: &str,
    limit: i64,
) -> Result<Vec<WriteBackRecord>> {
    let rows = query(select_write_back!("receipt_no = $1 ORDER BY due_at_ms DESC LIMIT $2"))
        .bind(receipt_no)
        .bind(limit)
        .fetch_all(connection)
        .await?;
    rows.iter().map(rebuild).collect()
}

async fn known_receipts(connection: &mut AnyConnection, receipt_nos: &[String]) -> Result<Vec<String>> {
    if receipt_nos.is_empty() {
        return Ok(Vec::new());
    }
    let numbers = list(1, receipt_nos.len());
    let sql = format!("SELECT DISTINCT receipt_no FROM write_backs WHERE receipt_no IN {numbers} ORDER BY 1");
    let mut statement = query_scalar(statement(sql)).persistent(false);
    for receipt_no in receipt_nos {
        statement = statement.bind(receipt_no.as_str());
    }
    Ok(statement.fetch_all(connection).await?)
}

async fn write_back(connection: &mut AnyConnection, bill_no: &BillNo) -> Result<Option<WriteBackRecord>> {
    let row = query(select_write_back!()).bind(bill_no.as_str()).fetch_optional(connection).await?;
    row.as_ref().map(rebuild).transpose()
}

impl Tx {
    /// Makes the write-back of a settled bill; `false` when it exists already.
    pub async fn insert_write_back_due(
        &mut self,
        bill_no: &BillNo,
        out_trade_no: &OutTradeNo,
        now: Timestamp,
    ) -> Result<bool> {
        let done = query(
            "INSERT INTO write_backs (
                bill_no,
                out_trade_no,
                state,
                due_at_ms,
                version
            )
            VALUES ($1, $2, 'due', $3, 0)
            ON CONFLICT (bill_no) DO NOTHING",
        )
        .bind(bill_no.as_str())
        .bind(out_trade_no.as_str())
        .bind(now.ms())
        .execute(self.connection())
        .await?;
        Ok(done.rows_affected() == 1)
    }

    /// The write-back, held against every other transaction until this one ends.
    pub async fn write_back_for_update(&mut self, bill_no: &BillNo) -> Result<Option<WriteBackRecord>> {
        let sql = locked!(self.engine(), select_write_back!());
        let row = query(sql).bind(bill_no.as_str()).fetch_optional(self.connection()).await?;
        row.as_ref().map(rebuild).transpose()
    }

    /// Keeps the write-back's new state; `record.version` is the one that was read, the row's becomes one more.
    ///
    /// # Errors
    /// [`StoreError::Stale`] when somebody else moved it since.
    pub async fn save_write_back(&mut self, record: &WriteBackRecord) -> Result<()> {
        let (booked, reason) = match &record.state {
            State::Due | State::Unknown => (None, None),
            State::Posted(booked) => (Some(booked), None),
            State::RefusalToConfirm { reason } | State::Refused { reason } => (None, Some(reason.as_str())),
        };
        let places = booked.map(|booked| places_to_json(&booked.places)).transpose().map_err(|error| {
            StoreError::Inconsistent {
                table: "write_backs",
                key: record.bill_no.as_str().to_owned(),
                column: "places",
                problem: error.to_string(),
            }
        })?;
        let done = query(
            "UPDATE write_backs
            SET
                out_trade_no = $1,
                state = $2,
                his_order_no = $3,
                receipt_no = $4,
                places = $5,
                reason = $6,
                due_at_ms = $7,
                doubted_at_ms = $8,
                posted_at_ms = $9,
                version = version + 1
            WHERE bill_no = $10 AND version = $11",
        )
        .bind(record.out_trade_no.as_str())
        .bind(record.state.as_str())
        .bind(booked.map(|booked| booked.his_order_no.as_str()))
        .bind(booked.map(|booked| booked.receipt_no.as_str()))
        .bind(places)
        .bind(reason)
        .bind(record.due_at.ms())
        .bind(record.doubted_at.map(Timestamp::ms))
        .bind(record.posted_at.map(Timestamp::ms))
        .bind(record.bill_no.as_str())
        .bind(record.version)
        .execute(self.connection())
        .await?;
        exactly_one(done.rows_affected(), "write_backs", record.bill_no.as_str())?;
        match &record.state {
            State::Posted(_) => self.mark_write_back(&record.out_trade_no).await,
            State::Due | State::Unknown | State::RefusalToConfirm { .. } | State::Refused { .. } => Ok(()),
        }
    }
}

fn rebuild(row: &AnyRow) -> Result<WriteBackRecord> {
    let fields = Fields::new("write_backs", "bill_no", row)?;
    Ok(WriteBackRecord {
        bill_no: fields.id("bill_no", BillNo::parse)?,
        out_trade_no: fields.id("out_trade_no", OutTradeNo::parse)?,
        state: state_of(&fields)?,
        due_at: fields.time("due_at_ms")?,
        doubted_at: fields.optional_time("doubted_at_ms")?,
        posted_at: fields.optional_time("posted_at_ms")?,
        version: fields.number("version")?,
    })
}

fn state_of(fields: &Fields<'_>) -> Result<State> {
    let reason = || fields.present("reason", fields.optional_text("reason")?);
    match fields.text("state")?.as_str() {
        "due" => Ok(State::Due),
        "unknown" => Ok(State::Unknown),
        "posted" => Ok(State::Posted(booked_of(fields)?)),
        "refusal_to_confirm" => Ok(State::RefusalToConfirm { reason: reason()? }),
        "refused" => Ok(State::Refused { reason: reason()? }),
        other => Err(fields.inconsistent("state", format_args!("holds the unknown word {other:?}"))),
    }
}

fn booked_of(fields: &Fields<'_>) -> Result<Booked> {
    let places = fields.present("places", fields.optional_text("places")?)?;
    Ok(Booked {
        his_order_no: fields.present("his_order_no", fields.optional_text("his_order_no")?)?,
        receipt_no: fields.present("receipt_no", fields.optional_text("receipt_no")?)?,
        places: places_from_json(&places).map_err(|error| fields.inconsistent("places", error))?,
    })
}

/// A signpost as it is kept: the domain's own type does not know JSON.
#[derive(Serialize, Deserialize)]
struct KeptPlace {
    place: String,
    location: Option<String>,
    wait: Option<String>,
    number_label: Option<String>,
    number: Option<String>,
    kind: Option<String>,
}

fn places_to_json(places: &[Place]) -> Result<String, serde_json::Error> {
    let kept = places.iter().cloned().map(|place| KeptPlace {
        place: place.place,
        location: place.location,
        wait: place.wait,
        number_label: place.number_label,
        number: place.number,
        kind: place.kind.map(|kind| kind.as_str().to_owned()),
    });
    serde_json::to_string(&kept.collect::<Vec<_>>())
}

fn places_from_json(text: &str) -> Result<Vec<Place>, serde_json::Error> {
    let kept: Vec<KeptPlace> = serde_json::from_str(text)?;
    let places = kept.into_iter().map(|place| Place {
        place: place.place,
        location: place.location,
        wait: place.wait,
        number_label: place.number_label,
        number: place.number,
        kind: place.kind.map(|kind| SlipKind::parse(&kind)),
    });
    Ok(places.collect())
}
