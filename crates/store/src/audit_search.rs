//! The audit trail as people read it: newest first, by who, by what, by day; and what it was found to be when it was verified.

use crate::audit::{AuditRecord, rebuild};
use crate::errors::Result;
use crate::offer::reads;
use crate::placeholders::statement;
use crate::rows::Fields;
use crate::{Store, Tx};
use mingfen_domain::Timestamp;
use sqlx::query;

/// What of the trail is wanted. Each condition that is there narrows it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AuditFilter {
    /// From this moment on.
    pub from: Option<Timestamp>,
    /// Before this moment.
    pub to: Option<Timestamp>,
    /// By this actor: `staff:0501`.
    pub actor: Option<String>,
    /// By people only: not by the gateway itself and its parts.
    pub by_people: bool,
    /// Only actions that are, or begin with, one of these: `person.`, `day.signed`.
    pub actions: Vec<String>,
    /// About this.
    pub subject: Option<String>,
}

/// What the trail was found to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditCheckRecord {
    /// When.
    pub at: Timestamp,
    /// Who asked for it.
    pub asked_by: String,
    /// How long it took.
    pub took_ms: i64,
    /// Linked rows that hold.
    pub rows: i64,
    /// The last of them.
    pub last_seq: i64,
    /// And its hash, in hexadecimal.
    pub last_hash: String,
    /// What is wrong, a sentence a line; empty: nothing.
    pub problems: String,
}

reads! {
    /// What the trail was last found to be.
    last_audit_check() -> Option<AuditCheckRecord>;
}

enum Value {
    Number(i64),
    Text(String),
}

impl Store {
    /// At most `limit` events that the filter lets through, the newest first, before that place.
    pub async fn search_audit(
        &self,
        filter: &AuditFilter,
        before: Option<&(Timestamp, String)>,
        limit: i64,
    ) -> Result<Vec<AuditRecord>> {
        let mut values = Vec::new();
        let mut conditions = Vec::new();
        let mut ask = |text: &str, value: Value| {
            values.push(value);
            conditions.push(text.replace('?', &format!("${}", values.len())));
        };
        if let Some(from) = filter.from {
            ask("at_ms >= ?", Value::Number(from.ms()));
        }
        if let Some(to) = filter.to {
            ask("at_ms < ?", Value::Number(to.ms()));
        }
        if let Some(actor) = &filter.actor {
            ask("actor = ?", Value::Text(actor.clone()));
        }
        if let Some(subject) = &filter.subject {
            ask("subject = ?", Value::Text(subject.clone()));
        }
        let mut wanted = Vec::new();
        for action in &filter.actions {
            // A beginning is a range of the index: from `person.` to before `person/`.
            if let Some(stem) = action.strip_suffix('.') {
                values.push(Value::Text(action.clone()));
                values.push(Value::Text(format!("{stem}/")));
                wanted.push(format!("(action >= ${} AND action < ${})", values.len() - 1, values.len()));
            } else {
                values.push(Value::Text(action.clone()));
                wanted.push(format!("action = ${}", values.len()));
            }
        }
        if !wanted.is_empty() {
            conditions.push(format!("({})", wanted.join(" OR ")));
        }
        if filter.by_people {
            conditions.push("actor <> 'gateway'".into());
        }
        if let Some((at, event_id)) = before {
            values.push(Value::Number(at.ms()));
            values.push(Value::Text(event_id.clone()));
            conditions.push(format!("(at_ms, event_id) < (${}, ${})", values.len() - 1, values.len()));
        }
        values.push(Value::Number(limit));
        let all = if conditions.is_empty() { "1 = 1".to_owned() } else { conditions.join(" AND ") };
        let sql = format!(
            "SELECT event_id, at_ms, actor, action, subject, detail, seq, hash
            FROM audit_events
            WHERE {all}
            ORDER BY at_ms DESC, event_id DESC
            LIMIT ${}",
            values.len()
        );
        let mut asked = query(statement(sql));
        for value in &values {
            asked = match value {
                Value::Number(number) => asked.bind(*number),
                Value::Text(text) => asked.bind(text.as_str()),
            };
        }
        let mut connection = self.reader().await?;
        let rows = asked.fetch_all(connection.as_mut()).await?;
        rows.iter().map(rebuild).collect()
    }
}

impl Tx {
    /// Keeps what the trail was found to be.
    pub async fn insert_audit_check(&mut self, record: &AuditCheckRecord) -> Result<()> {
        query(
            "INSERT INTO audit_checks (
                check_id,
                at_ms,
                asked_by,
                took_ms,
                chain_rows,
                last_seq,
                last_hash,
                problems
            )
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        )
        .bind(self.fresh_row_id(record.at))
        .bind(record.at.ms())
        .bind(record.asked_by.as_str())
        .bind(record.took_ms)
        .bind(record.rows)
        .bind(record.last_seq)
        .bind(record.last_hash.as_str())
        .bind(record.problems.as_str())
        .execute(self.connection())
        .await?;
        Ok(())
    }
}

async fn last_audit_check(connection: &mut sqlx::AnyConnection) -> Result<Option<AuditCheckRecord>> {
    let row = query(
        "SELECT
            check_id,
            at_ms,
            asked_by,
            took_ms,
            chain_rows,
            last_seq,
            last_hash,
            problems
        FROM audit_checks
        ORDER BY at_ms DESC, check_id DESC
        LIMIT 1",
    )
    .fetch_optional(connection)
    .await?;
    let Some(row) = row else { return Ok(None) };
    let fields = Fields::new("audit_checks", "check_id", &row)?;
    Ok(Some(AuditCheckRecord {
        at: fields.time("at_ms")?,
        asked_by: fields.text("asked_by")?,
        took_ms: fields.number("took_ms")?,
        rows: fields.number("chain_rows")?,
        last_seq: fields.number("last_seq")?,
        last_hash: fields.text("last_hash")?,
        problems: fields.text("problems")?,
    }))
}
