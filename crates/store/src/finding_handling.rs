//! Who works on a difference and until when, what people wrote about it, and the files that belong to it. All by the difference's key, so
//! that a rerun changes nothing of it.

use crate::Tx;
use crate::errors::{Result, exactly_one};
use crate::offer::reads;
use crate::rows::Fields;
use mingfen_domain::{BusinessDay, Timestamp};
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, query};

/// Who works on a difference.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HandlingRecord {
    /// The difference.
    pub finding_key: String,
    /// Who works on it: an account; `None`: nobody.
    pub assigned_to: Option<String>,
    /// Until when, instead of the deadline that was found.
    pub deadline: Option<BusinessDay>,
    /// Who said so last.
    pub changed_by: String,
    /// When.
    pub changed_at: Timestamp,
    /// Counts its changes; 0: nobody has said anything yet.
    pub version: i64,
}

/// A note.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FindingNoteRecord {
    /// Its number.
    pub note_id: String,
    /// The difference.
    pub finding_key: String,
    /// When.
    pub at: Timestamp,
    /// Who.
    pub written_by: String,
    /// What, sealed.
    pub text_sealed: Vec<u8>,
}

/// A file that belongs to a difference; its bytes are a kept file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FindingFileRecord {
    /// Its number.
    pub file_id: String,
    /// The difference.
    pub finding_key: String,
    /// The kept file.
    pub file_sha256: String,
    /// Its name, made harmless.
    pub name: String,
    /// What its first bytes say that it is.
    pub media_type: String,
    /// Its length.
    pub size_bytes: i64,
    /// When it was brought.
    pub at: Timestamp,
    /// By whom.
    pub brought_by: String,
}

reads! {
    /// Who works on a difference.
    handling(finding_key: &str) -> Option<HandlingRecord>;
    /// At most `limit` notes of a difference, the oldest first.
    finding_notes(finding_key: &str, limit: i64) -> Vec<FindingNoteRecord>;
    /// At most `limit` files of a difference, the oldest first.
    finding_files(finding_key: &str, limit: i64) -> Vec<FindingFileRecord>;
    /// One of them.
    finding_file(file_id: &str) -> Option<FindingFileRecord>;
}

impl Tx {
    /// Says who works on a difference and until when; `handling.version` is the one that was read, 0 for none. The worklist's order
    /// follows the deadline.
    ///
    /// # Errors
    /// [`StoreError::Stale`](crate::StoreError::Stale) when somebody else has said otherwise meanwhile, or
    /// [`StoreError::UniqueViolation`](crate::StoreError::UniqueViolation) when both were the first.
    pub async fn save_handling(&mut self, handling: &HandlingRecord) -> Result<()> {
        let deadline = handling.deadline.map(|day| day.to_string());
        if handling.version == 0 {
            query(
                "INSERT INTO finding_handling (
                    finding_key,
                    assigned_to,
                    deadline,
                    changed_by,
                    changed_at_ms,
                    version
                )
                VALUES ($1, $2, $3, $4, $5, 1)",
            )
            .bind(handling.finding_key.as_str())
            .bind(handling.assigned_to.as_deref())
            .bind(deadline.as_deref())
            .bind(handling.changed_by.as_str())
            .bind(handling.changed_at.ms())
            .execute(self.connection())
            .await?;
        } else {
            let done = query(
                "UPDATE finding_handling
                SET
                    assigned_to = $1,
                    deadline = $2,
                    changed_by = $3,
                    changed_at_ms = $4,
                    version = version + 1
                WHERE finding_key = $5 AND version = $6",
            )
            .bind(handling.assigned_to.as_deref())
            .bind(deadline.as_deref())
            .bind(handling.changed_by.as_str())
            .bind(handling.changed_at.ms())
            .bind(handling.finding_key.as_str())
            .bind(handling.version)
            .execute(self.connection())
            .await?;
            exactly_one(done.rows_affected(), "finding_handling", &handling.finding_key)?;
        }
        query(
            "UPDATE run_findings SET due = COALESCE($1, deadline, '9999-12-31')
            WHERE finding_key = $2 AND pending = 1",
        )
        .bind(deadline.as_deref())
        .bind(handling.finding_key.as_str())
        .execute(self.connection())
        .await?;
        Ok(())
    }

    /// Keeps a note, and answers its number.
    pub async fn insert_finding_note(
        &mut self,
        finding_key: &str,
        at: Timestamp,
        written_by: &str,
        text_sealed: &[u8],
    ) -> Result<String> {
        let note_id = self.fresh_row_id(at);
        query(
            "INSERT INTO finding_notes (
                note_id,
                finding_key,
                at_ms,
                written_by,
                text_sealed
            )
            VALUES ($1, $2, $3, $4, $5)",
        )
        .bind(note_id.as_str())
        .bind(finding_key)
        .bind(at.ms())
        .bind(written_by)
        .bind(text_sealed)
        .execute(self.connection())
        .await?;
        Ok(note_id)
    }

    /// Keeps a file's place; its number is made here and answered.
    ///
    /// # Errors
    /// [`StoreError::UniqueViolation`](crate::StoreError::UniqueViolation) when the difference has the same file already.
    pub async fn insert_finding_file(&mut self, file: &FindingFileRecord) -> Result<String> {
        let file_id = self.fresh_row_id(file.at);
        query(
            "INSERT INTO finding_files (
                file_id,
                finding_key,
                file_sha256,
                name,
                media_type,
                size_bytes,
                at_ms,
                brought_by
            )
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        )
        .bind(file_id.as_str())
        .bind(file.finding_key.as_str())
        .bind(file.file_sha256.as_str())
        .bind(file.name.as_str())
        .bind(file.media_type.as_str())
        .bind(file.size_bytes)
        .bind(file.at.ms())
        .bind(file.brought_by.as_str())
        .execute(self.connection())
        .await?;
        Ok(file_id)
    }
}

async fn handling(connection: &mut AnyConnection, finding_key: &str) -> Result<Option<HandlingRecord>> {
    let row = query(
        "SELECT
            finding_key,
            assigned_to,
            deadline,
            changed_by,
            changed_at_ms,
            version
        FROM finding_handling
        WHERE finding_key = $1",
    )
    .bind(finding_key)
    .fetch_optional(connection)
    .await?;
    row.map(|row| {
        let fields = Fields::new("finding_handling", "finding_key", &row)?;
        Ok(HandlingRecord {
            finding_key: fields.text("finding_key")?,
            assigned_to: fields.optional_text("assigned_to")?,
            deadline: fields.optional_day("deadline")?,
            changed_by: fields.text("changed_by")?,
            changed_at: fields.time("changed_at_ms")?,
            version: fields.number("version")?,
        })
    })
    .transpose()
}

async fn finding_notes(
    connection: &mut AnyConnection,
    finding_key: &str,
    limit: i64,
) -> Result<Vec<FindingNoteRecord>> {
    let rows = query(
        "SELECT
            note_id,
            finding_key,
            at_ms,
            written_by,
            text_sealed
        FROM finding_notes
        WHERE finding_key = $1
        ORDER BY at_ms, note_id
        LIMIT $2",
    )
    .bind(finding_key)
    .bind(limit)
    .fetch_all(connection)
    .await?;
    rows.iter()
        .map(|row| {
            let fields = Fields::new("finding_notes", "note_id", row)?;
            Ok(FindingNoteRecord {
                note_id: fields.text("note_id")?,
                finding_key: fields.text("finding_key")?,
                at: fields.time("at_ms")?,
                written_by: fields.text("written_by")?,
                text_sealed: fields.bytes("text_sealed")?,
            })
        })
        .collect()
}

macro_rules! select_files {
    ($condition:literal) => {
        concat!(
            "SELECT
                file_id,
                finding_key,
                file_sha256,
                name,
                media_type,
                size_bytes,
                at_ms,
                brought_by
            FROM finding_files
            WHERE ",
            $condition
        )
    };
}

async fn finding_files(
    connection: &mut AnyConnection,
    finding_key: &str,
    limit: i64,
) -> Result<Vec<FindingFileRecord>> {
    let rows = query(select_files!("finding_key = $1 ORDER BY at_ms, file_id LIMIT $2"))
        .bind(finding_key)
        .bind(limit)
        .fetch_all(connection)
        .await?;
    rows.iter().map(rebuild_file).collect()
}

async fn finding_file(connection: &mut AnyConnection, file_id: &str) -> Result<Option<FindingFileRecord>> {
    let row = query(select_files!("file_id = $1")).bind(file_id).fetch_optional(connection).await?;
    row.as_ref().map(rebuild_file).transpose()
}

fn rebuild_file(row: &AnyRow) -> Result<FindingFileRecord> {
    let fields = Fields::new("finding_files", "file_id", row)?;
    Ok(FindingFileRecord {
        file_id: fields.text("file_id")?,
        finding_key: fields.text("finding_key")?,
        file_sha256: fields.text("file_sha256")?,
        name: fields.text("name")?,
        media_type: fields.text("media_type")?,
        size_bytes: fields.number("size_bytes")?,
        at: fields.time("at_ms")?,
        brought_by: fields.text("brought_by")?,
    })
}
