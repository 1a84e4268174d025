//! Everything that a key sealed, column by column: which key it was, and putting what the new key sealed in its place.
//!
//! A sealed value says in its second byte which key sealed it, an index of a card in its first two digits; neither is secret. So
//! what is left to seal again is found by a statement, and a run that was stopped goes on where it is not done yet.

use crate::bills::BillIndexes;
use crate::engine::Engine;
use crate::errors::Result;
use crate::placeholders::statement;
use crate::rows::Fields;
use crate::{Store, Tx};
use mingfen_domain::ids::{BillNo, HospitalId};
use sqlx::{Row, query};

/// A column whose values are sealed. Whoever adds one adds it here, or its key can never be retired.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum SealedColumn {
    /// `bills.patient_sealed`
    BillPatient,
    /// `bills.phone_sealed`
    BillPhone,
    /// `payments.payer_sealed`
    PaymentPayer,
    /// `notifications.headers_sealed`
    NotificationHeaders,
    /// `notifications.body_sealed`
    NotificationBody,
    /// `audit_ends.end_sealed`
    AuditEnd,
    /// `api_answers.body_sealed`
    ApiAnswer,
    /// `kept_file_pieces.piece_sealed`
    KeptPiece,
    /// `finding_notes.text_sealed`
    FindingNote,
    /// `staff.totp_sealed`
    StaffTotp,
    /// `staff_sessions.enrol_sealed`
    StaffEnrol,
    /// `api_keys.secret_sealed`
    ApiSecret,
    /// `blocklist.value_sealed`
    BlockedValue,
}

impl SealedColumn {
    /// All of them.
    pub const ALL: [Self; 13] = [
        Self::BillPatient,
        Self::BillPhone,
        Self::PaymentPayer,
        Self::NotificationHeaders,
        Self::NotificationBody,
        Self::AuditEnd,
        Self::ApiAnswer,
        Self::KeptPiece,
        Self::FindingNote,
        Self::StaffTotp,
        Self::StaffEnrol,
        Self::ApiSecret,
        Self::BlockedValue,
    ];

    /// Table, key and column; the key is what tells the rows apart, an expression where that is two columns.
    const fn place(self) -> (&'static str, &'static str, &'static str) {
        match self {
            Self::BillPatient => ("bills", "bill_no", "patient_sealed"),
            Self::BillPhone => ("bills", "bill_no", "phone_sealed"),
            Self::PaymentPayer => ("payments", "out_trade_no", "payer_sealed"),
            Self::NotificationHeaders => ("notifications", "notification_id", "headers_sealed"),
            Self::NotificationBody => ("notifications", "notification_id", "body_sealed"),
            Self::AuditEnd => ("audit_ends", "chain", "end_sealed"),
            Self::StaffTotp => ("staff", "staff_no", "totp_sealed"),
            Self::ApiSecret => ("api_keys", "key_id", "secret_sealed"),
            Self::BlockedValue => ("blocklist", "block_no", "value_sealed"),
            Self::StaffEnrol => ("staff_sessions", "token_sha256", "enrol_sealed"),
            // Neither of the two has a blank in it.
            Self::ApiAnswer => ("api_answers", "api_key || ' ' || idempotency_key", "body_sealed"),
            Self::KeptPiece => {
                ("kept_file_pieces", "file_sha256 || ' ' || CAST(position AS TEXT)", "piece_sealed")
            }
            Self::FindingNote => ("finding_notes", "note_id", "text_sealed"),
        }
    }

    /// `bills.patient_sealed`, for people.
    pub fn name(self) -> String {
        let (table, _, column) = self.place();
        format!("{table}.{column}")
    }
}

/// A sealed value and the row that it is in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SealedRow {
    /// The row's key.
    pub key: String,
    /// What is in the column.
    pub sealed: Vec<u8>,
}

/// What a bill's indexes are made of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IndexedBill {
    /// The bill.
    pub bill_no: BillNo,
    /// Its hospital.
    pub hospital: HospitalId,
    /// The patient, sealed.
    pub patient_sealed: Vec<u8>,
    /// Where messages go, sealed.
    pub phone_sealed: Option<Vec<u8>>,
}

/// An index as it is made now: two digits of the key, a colon, 32 digits. What is shorter is from before keys were named; without an
/// index of the name it is from before there were others than the card's. All of a bill's indexes are made at once, by one key.
const INDEX_KEY: &str = "CASE WHEN length(card_index) = 35 AND name_index IS NOT NULL THEN upper(substr(card_index, 1, 2)) ELSE '' END";

/// The key's number as two hexadecimal digits, in SQL.
fn key_of(engine: Engine, column: &str) -> String {
    match engine {
        Engine::Sqlite => format!("hex(substr({column}, 2, 1))"),
        Engine::Postgres => format!("upper(encode(substr({column}, 2, 1), 'hex'))"),
    }
}

impl Store {
    /// How many values of the column each key sealed, by the key's number; `None`: no key is named.
    pub async fn sealed_by(&self, column: SealedColumn) -> Result<Vec<(Option<u8>, i64)>> {
        let (table, _, column) = column.place();
        self.keys_counted(table, &key_of(self.engine(), column), &format!("{column} IS NOT NULL")).await
    }

    /// How many bills are indexed by each key, by the key's number; `None`: from before keys were named.
    pub async fn indexed_by(&self) -> Result<Vec<(Option<u8>, i64)>> {
        self.keys_counted("bills", INDEX_KEY, "card_index <> ''").await
    }

    async fn keys_counted(&self, table: &str, key: &str, rows: &str) -> Result<Vec<(Option<u8>, i64)>> {
        let sql = format!(
            "SELECT {key} AS key_digits, COUNT(*) AS number
            FROM {table}
            WHERE {rows}
            GROUP BY {key}
            ORDER BY 1"
        );
        let rows = query(statement(sql)).fetch_all(self.reader().await?.as_mut()).await?;
        rows.iter()
            .map(|row| {
                let digits: String = row.try_get("key_digits")?;
                Ok((u8::from_str_radix(&digits, 16).ok(), row.try_get("number")?))
            })
            .collect()
    }

    /// At most `limit` values of the column that another key than `key` sealed, in rows behind `after`.
    pub async fn sealed_otherwise(
        &self,
        column: SealedColumn,
        key: u8,
        after: &str,
        limit: i64,
    ) -> Result<Vec<SealedRow>> {
        let (table, row_key, column) = column.place();
        let sql = format!(
            "SELECT {row_key} AS row_key, {column} AS sealed
            FROM {table}
            WHERE {row_key} > $1 AND {column} IS NOT NULL AND {} <> $2
            ORDER BY {row_key}
            LIMIT $3",
            key_of(self.engine(), column)
        );
        let rows = query(statement(sql))
            .bind(after)
            .bind(format!("{key:02X}"))
            .bind(limit)
            .fetch_all(self.reader().await?.as_mut())
            .await?;
        rows.iter()
            .map(|row| Ok(SealedRow { key: row.try_get("row_key")?, sealed: row.try_get("sealed")? }))
            .collect()
    }

    /// At most `limit` bills behind `after` that another key than `key` indexes, or none wholly.
    pub async fn indexed_otherwise(&self, key: u8, after: &str, limit: i64) -> Result<Vec<IndexedBill>> {
        let sql = format!(
            "SELECT bill_no, hospital_id, patient_sealed, phone_sealed
            FROM bills
            WHERE bill_no > $1 AND {INDEX_KEY} <> $2
            ORDER BY bill_no
            LIMIT $3"
        );
        let rows = query(statement(sql))
            .bind(after)
            .bind(format!("{key:02X}"))
            .bind(limit)
            .fetch_all(self.reader().await?.as_mut())
            .await?;
        rows.iter()
            .map(|row| {
                let fields = Fields::new("bills", "bill_no", row)?;
                Ok(IndexedBill {
                    bill_no: fields.id("bill_no", BillNo::parse)?,
                    hospital: fields.id("hospital_id", HospitalId::parse)?,
                    patient_sealed: fields.bytes("patient_sealed")?,
                    phone_sealed: fields.optional_bytes("phone_sealed")?,
                })
            })
            .collect()
    }
}

impl Tx {
    /// Puts `to` in the place of `from`; `false` when something else is there by now, which the current key sealed.
    pub async fn replace_sealed(
        &mut self,
        column: SealedColumn,
        row_key: &str,
        from: &[u8],
        to: &[u8],
    ) -> Result<bool> {
        let (table, key_column, column) = column.place();
        let sql = format!("UPDATE {table} SET {column} = $1 WHERE {key_column} = $2 AND {column} = $3");
        let done = query(statement(sql)).bind(to).bind(row_key).bind(from).execute(self.connection()).await?;
        Ok(done.rows_affected() == 1)
    }

    /// Puts the bill under other indexes.
    pub async fn set_bill_indexes(&mut self, bill_no: &BillNo, indexes: &BillIndexes) -> Result<()> {
        query("UPDATE bills SET card_index = $1, phone_index = $2, phone_tail_index = $3, name_index = $4 WHERE bill_no = $5")
            .bind(indexes.card.as_str())
            .bind(indexes.phone.as_deref())
            .bind(indexes.phone_tail.as_deref())
            .bind(indexes.name.as_deref())
            .bind(bill_no.as_str())
            .execute(self.connection())
            .await?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_sealed_column_of_the_schema_is_listed() {
        let schema = std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/migrations/sqlite")).unwrap();
        let mut columns: Vec<String> = Vec::new();
        for file in schema {
            let sql = std::fs::read_to_string(file.unwrap().path()).unwrap();
            let lines = sql.lines().filter(|line| !line.starts_with("--"));
            let words = lines.flat_map(str::split_whitespace).filter(|word| word.ends_with("_sealed"));
            columns.extend(words.map(str::to_owned));
        }
        let mut listed: Vec<&str> = SealedColumn::ALL.map(|column| column.place().2).to_vec();
        columns.sort();
        listed.sort_unstable();
        assert_eq!(columns, listed);
    }
}
