//! Files that a run has read, kept as they came: by their hash, in sealed pieces, so that any replica can show any line of them.

use crate::errors::Result;
use crate::offer::{reads, writes};
use crate::rows::Fields;
use mingfen_domain::Timestamp;
use sqlx::{AnyConnection, query, query_scalar};

/// A kept file, without its pieces.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeptFileRecord {
    /// SHA-256 of its bytes in hexadecimal: its name here.
    pub file_sha256: String,
    /// The name that it came with.
    pub name: String,
    /// Its length.
    pub size_bytes: i64,
    /// How many pieces it is in.
    pub pieces: i64,
    /// When it was first kept.
    pub kept_at: Timestamp,
}

reads! {
    /// The file of that hash, if it is there whole.
    kept_file(file_sha256: &str) -> Option<KeptFileRecord>;
    /// One piece of it, sealed.
    kept_piece(file_sha256: &str, position: i64) -> Option<Vec<u8>>;
}

writes! {
    /// Keeps a piece. The same piece again replaces it: a process that died in the middle begins anew.
    keep_piece(file_sha256: &str, position: i64, piece_sealed: &[u8]) -> ();
    /// All its pieces are there: from now on it is a file. Nothing happens when it is one already.
    keep_file(file: &KeptFileRecord) -> ();
}

async fn keep_piece(
    connection: &mut AnyConnection,
    file_sha256: &str,
    position: i64,
    piece_sealed: &[u8],
) -> Result<()> {
    query(
        "INSERT INTO kept_file_pieces (
            file_sha256,
            position,
            piece_sealed
        )
        VALUES ($1, $2, $3)
        ON CONFLICT (file_sha256, position) DO UPDATE
        SET piece_sealed = excluded.piece_sealed",
    )
    .bind(file_sha256)
    .bind(position)
    .bind(piece_sealed)
    .execute(connection)
    .await?;
    Ok(())
}

async fn keep_file(connection: &mut AnyConnection, file: &KeptFileRecord) -> Result<()> {
    query(
        "INSERT INTO kept_files (
            file_sha256,
            name,
            size_bytes,
            pieces,
            kept_at_ms
        )
        VALUES ($1, $2, $3, $4, $5)
        ON CONFLICT (file_sha256) DO NOTHING",
    )
    .bind(file.file_sha256.as_str())
    .bind(file.name.as_str())
    .bind(file.size_bytes)
    .bind(file.pieces)
    .bind(file.kept_at.ms())
    .execute(connection)
    .await?;
    Ok(())
}

async fn kept_file(connection: &mut AnyConnection, file_sha256: &str) -> Result<Option<KeptFileRecord>> {
    let row = query(
        "SELECT
            file_sha256,
            name,
            size_bytes,
            pieces,
            kept_at_ms
        FROM kept_files
        WHERE file_sha256 = $1",
    )
    .bind(file_sha256)
    .fetch_optional(connection)
    .await?;
    row.map(|row| {
        let fields = Fields::new("kept_files", "file_sha256", &row)?;
        Ok(KeptFileRecord {
            file_sha256: fields.text("file_sha256")?,
            name: fields.text("name")?,
            size_bytes: fields.number("size_bytes")?,
            pieces: fields.number("pieces")?,
            kept_at: fields.time("kept_at_ms")?,
        })
    })
    .transpose()
}

async fn kept_piece(
    connection: &mut AnyConnection,
    file_sha256: &str,
    position: i64,
) -> Result<Option<Vec<u8>>> {
    Ok(query_scalar("SELECT piece_sealed FROM kept_file_pieces WHERE file_sha256 = $1 AND position = $2")
        .bind(file_sha256)
        .bind(position)
        .fetch_optional(connection)
        .await?)
}
