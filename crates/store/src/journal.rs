//! The books: entries are added, never changed, and never twice for one reason and subject.

use crate::Tx;
use crate::errors::Result;
use crate::offer::reads;
use crate::placeholders::{statement, tuples};
use crate::rows::Fields;
use mingfen_domain::books::{Account, Entry, Posting, Reason};
use mingfen_domain::{Fen, Timestamp};
use sqlx::{AnyConnection, query, query_scalar};

/// An entry as it was kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EntryRecord {
    /// Its name: the reason and the subject.
    pub entry_id: String,
    /// Why it was made.
    pub reason: Reason,
    /// About which order, bill or refund.
    pub subject: String,
    /// When.
    pub at: Timestamp,
    /// Its sides, in order.
    pub postings: Vec<Posting>,
}

/// What [`verify_journal`](crate::Store::verify_journal) found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JournalReport {
    /// How many entries there are.
    pub entries: i64,
    /// How many postings they have.
    pub postings: i64,
    /// Entries whose sides do not add up to zero, or that have no two sides.
    pub unbalanced: Vec<String>,
}

reads! {
    /// What every account holds; debit positive. The sums of a sound journal add up to zero.
    trial_balance() -> Vec<(Account, Fen)>;
    /// Counts the journal and looks for entries that do not balance.
    verify_journal() -> JournalReport;
    /// Every entry about an order, a bill or a refund, the oldest first.
    entries_of(subject: &str) -> Vec<EntryRecord>;
}

impl Tx {
    /// Books an entry; `false` when one with this reason and subject is there already, and then nothing was done.
    pub async fn post(&mut self, entry: &Entry, at: Timestamp) -> Result<bool> {
        let entry_id = entry_id(entry.reason(), entry.subject());
        let done = query(
            "INSERT INTO journal_entries (
                entry_id,
                reason,
                subject,
                at_ms
            )
            VALUES ($1, $2, $3, $4)
            ON CONFLICT DO NOTHING",
        )
        .bind(entry_id.as_str())
        .bind(entry.reason().as_str())
        .bind(entry.subject())
        .bind(at.ms())
        .execute(self.connection())
        .await?;
        if done.rows_affected() == 0 {
            return Ok(false);
        }
        let sql = format!(
            "INSERT INTO journal_postings (
                entry_id,
                line,
                account,
                fen
            )
            VALUES {}",
            tuples(entry.postings().len(), 4)
        );
        let mut statement = query(statement(sql));
        for (line, posting) in (0_i64..).zip(entry.postings()) {
            statement = statement
                .bind(entry_id.as_str())
                .bind(line)
                .bind(posting.account.to_text())
                .bind(posting.fen.get());
        }
        statement.execute(self.connection()).await?;
        Ok(true)
    }
}

async fn trial_balance(connection: &mut AnyConnection) -> Result<Vec<(Account, Fen)>> {
    let rows = query(
        "SELECT
            account,
            CAST(SUM(fen) AS BIGINT) AS fen
        FROM journal_postings
        GROUP BY account
        ORDER BY account",
    )
    .fetch_all(connection)
    .await?;
    rows.iter()
        .map(|row| {
            let fields = Fields::new("journal_postings", "account", row)?;
            Ok((fields.word("account", Account::parse)?, fields.fen("fen")?))
        })
        .collect()
}

async fn verify_journal(connection: &mut AnyConnection) -> Result<JournalReport> {
    let entries = query_scalar("SELECT COUNT(*) FROM journal_entries").fetch_one(&mut *connection).await?;
    let postings = query_scalar("SELECT COUNT(*) FROM journal_postings").fetch_one(&mut *connection).await?;
    let unbalanced = query_scalar(
        "SELECT journal_entries.entry_id
        FROM journal_entries
        LEFT JOIN journal_postings ON journal_postings.entry_id = journal_entries.entry_id
        GROUP BY journal_entries.entry_id
        HAVING COUNT(journal_postings.line) < 2 OR SUM(journal_postings.fen) <> 0
        ORDER BY journal_entries.entry_id",
    )
    .fetch_all(connection)
    .await?;
    Ok(JournalReport { entries, postings, unbalanced })
}

async fn entries_of(connection: &mut AnyConnection, subject: &str) -> Result<Vec<EntryRecord>> {
    let rows = query(
        "SELECT
            journal_entries.entry_id,
            journal_entries.reason,
            journal_entries.subject,
            journal_entries.at_ms,
            journal_postings.account,
            journal_postings.fen
        FROM journal_entries
        JOIN journal_postings ON journal_postings.entry_id = journal_entries.entry_id
        WHERE journal_entries.subject = $1
        ORDER BY journal_entries.at_ms, journal_entries.entry_id, journal_postings.line",
    )
    .bind(subject)
    .fetch_all(connection)
    .await?;
    let mut records: Vec<EntryRecord> = Vec::new();
    for row in &rows {
        let fields = Fields::new("journal_entries", "entry_id", row)?;
        let entry_id = fields.text("entry_id")?;
        if records.last().is_none_or(|last| last.entry_id != entry_id) {
            records.push(EntryRecord {
                entry_id,
                reason: fields.word("reason", parse_reason)?,
                subject: fields.text("subject")?,
                at: fields.time("at_ms")?,
                postings: Vec::new(),
            });
        }
        if let Some(record) = records.last_mut() {
            let account = fields.word("account", Account::parse)?;
            record.postings.push(Posting { account, fen: fields.fen("fen")? });
        }
    }
    Ok(records)
}

/// Reason and subject are unique together, so together they are the name.
fn entry_id(reason: Reason, subject: &str) -> String {
    format!("{}:{subject}", reason.as_str())
}

fn parse_reason(word: &str) -> Option<Reason> {
    Reason::ALL.into_iter().find(|reason| reason.as_str() == word)
}
