//! What the patient was told. To whom is not kept: the bill knows.

use crate::Tx;
use crate::errors::Result;
use crate::offer::reads;
use crate::rows::Fields;
use mingfen_domain::Timestamp;
use mingfen_domain::ids::BillNo;
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, query};

/// A notice that was sent, or could not be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoticeRecord {
    /// The bill it is about.
    pub bill_no: BillNo,
    /// What it says: `paid`, `refunded`, …
    pub kind: String,
    /// By which way: `sms`, `wechat`, …
    pub medium: String,
    /// Whether the carrier took it.
    pub sent: bool,
    /// The carrier's number.
    pub provider_no: Option<String>,
    /// When.
    pub at: Timestamp,
}

reads! {
    /// Every notice about the bill, the oldest first.
    notices_of_bill(bill_no: &BillNo) -> Vec<NoticeRecord>;
}

impl Tx {
    /// Keeps that a notice was sent, or could not be.
    pub async fn insert_notice(&mut self, record: &NoticeRecord) -> Result<()> {
        query(
            "INSERT INTO notices (
                notice_id,
                bill_no,
                kind,
                medium,
                state,
                provider_no,
                at_ms
            )
            VALUES ($1, $2, $3, $4, $5, $6, $7)",
        )
        .bind(self.fresh_row_id(record.at))
        .bind(record.bill_no.as_str())
        .bind(record.kind.as_str())
        .bind(record.medium.as_str())
        .bind(if record.sent { "sent" } else { "failed" })
        .bind(record.provider_no.as_deref())
        .bind(record.at.ms())
        .execute(self.connection())
        .await?;
        Ok(())
    }
}

async fn notices_of_bill(connection: &mut AnyConnection, bill_no: &BillNo) -> Result<Vec<NoticeRecord>> {
    let rows = query(
        "SELECT
            notice_id,
            bill_no,
            kind,
            medium,
            state,
            provider_no,
            at_ms
        FROM notices
        WHERE bill_no = $1
        ORDER BY at_ms, notice_id",
    )
    .bind(bill_no.as_str())
    .fetch_all(connection)
    .await?;
    rows.iter().map(rebuild).collect()
}

fn rebuild(row: &AnyRow) -> Result<NoticeRecord> {
    let fields = Fields::new("notices", "notice_id", row)?;
    let sent = |word: &str| match word {
        "sent" => Some(true),
        "failed" => Some(false),
        _ => None,
    };
    Ok(NoticeRecord {
        bill_no: fields.id("bill_no", BillNo::parse)?,
        kind: fields.text("kind")?,
        medium: fields.text("medium")?,
        sent: fields.word("state", sent)?,
        provider_no: fields.optional_text("provider_no")?,
        at: fields.time("at_ms")?,
    })
}
