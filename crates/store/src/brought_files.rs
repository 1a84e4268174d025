//! Files that somebody brought for a day. Their bytes are kept files.

use crate::errors::Result;
use crate::offer::{reads, writes};
use crate::rows::Fields;
use crate::runs::InputKind;
use mingfen_domain::ids::ChannelId;
use mingfen_domain::{BusinessDay, Timestamp};
use sqlx::{AnyConnection, query};

/// A file that was brought.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BroughtFileRecord {
    /// For which day.
    pub day: BusinessDay,
    /// A statement or a ledger.
    pub kind: InputKind,
    /// Whose statement; `None`: HIS's ledger.
    pub channel: Option<ChannelId>,
    /// The kept file.
    pub file_sha256: String,
    /// Its name.
    pub name: String,
    /// By whom.
    pub brought_by: String,
    /// When.
    pub brought_at: Timestamp,
}

reads! {
    /// What was brought for a day.
    brought_files(day: BusinessDay) -> Vec<BroughtFileRecord>;
}

writes! {
    /// Keeps that a file was brought; it takes the place of an earlier one.
    bring_file(file: &BroughtFileRecord) -> ();
}

async fn bring_file(connection: &mut AnyConnection, file: &BroughtFileRecord) -> Result<()> {
    query(
        "INSERT INTO brought_files (
            day,
            kind,
            channel_id,
            file_sha256,
            name,
            brought_by,
            brought_at_ms
        )
        VALUES ($1, $2, $3, $4, $5, $6, $7)
        ON CONFLICT (day, kind, channel_id) DO UPDATE
        SET
            file_sha256 = excluded.file_sha256,
            name = excluded.name,
            brought_by = excluded.brought_by,
            brought_at_ms = excluded.brought_at_ms",
    )
    .bind(file.day.to_string())
    .bind(file.kind.as_str())
    .bind(file.channel.as_ref().map_or("", ChannelId::as_str))
    .bind(file.file_sha256.as_str())
    .bind(file.name.as_str())
    .bind(file.brought_by.as_str())
    .bind(file.brought_at.ms())
    .execute(connection)
    .await?;
    Ok(())
}

async fn brought_files(connection: &mut AnyConnection, day: BusinessDay) -> Result<Vec<BroughtFileRecord>> {
    let rows = query(
        "SELECT
            day,
            kind,
            channel_id,
            file_sha256,
            name,
            brought_by,
            brought_at_ms
        FROM brought_files
        WHERE day = $1
        ORDER BY kind, channel_id",
    )
    .bind(day.to_string())
    .fetch_all(connection)
    .await?;
    rows.iter()
        .map(|row| {
            let fields = Fields::new("brought_files", "day", row)?;
            let channel = fields.text("channel_id")?;
            Ok(BroughtFileRecord {
                day: fields.day("day")?,
                kind: fields.word("kind", InputKind::parse)?,
                channel: if channel.is_empty() {
                    None
                } else {
                    Some(fields.id("channel_id", ChannelId::parse)?)
                },
                file_sha256: fields.text("file_sha256")?,
                name: fields.text("name")?,
                brought_by: fields.text("brought_by")?,
                brought_at: fields.time("brought_at_ms")?,
            })
        })
        .collect()
}
