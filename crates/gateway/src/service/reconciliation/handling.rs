//! Who works on a difference and until when, notes, and files that belong to it. All of it by the difference's key and in the audit
//! trail; nothing of it moves money.

use super::keep::{keep_file, kept_bytes};
use crate::Gateway;
use crate::http::words::is_readable;
use crate::service::attention::audit;
use crate::service::{Private, Trouble};
use mingfen_domain::access::Right;
use mingfen_domain::{BusinessDay, Fen, Timestamp};
use mingfen_store::{FindingFileRecord, FindingRecord, HandlingRecord, KeptFileRecord, StoreError};
use std::ops::ControlFlow;
use std::path::Path;

/// How large a file may be that belongs to a difference.
pub const MOST_ATTACHED: u64 = 5 << 20;
/// How many files a difference may have.
pub const MOST_FILES: i64 = 20;
/// How many notes are read.
const MOST_NOTES: i64 = 200;
/// How far from today a deadline may be, in days.
const FAR: i64 = 366;

/// What is changed about who works on a difference.
#[derive(Clone, Debug, Default)]
pub struct HandlingChange {
    /// Somebody (`Some(Some)`), nobody (`Some(None)`), as it is (`None`).
    pub assigned_to: Option<Option<String>>,
    /// The same for the deadline.
    pub deadline: Option<Option<BusinessDay>>,
    /// The version that was read; `None`: whatever it is.
    pub version: Option<i64>,
    /// Why; may be empty.
    pub reason: String,
}

/// Why nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum HandlingRefused {
    /// Nobody of that number works on differences.
    #[error("nobody of that number works on differences")]
    NoSuchPerson,
    /// Not a day that a deadline can be.
    #[error("a deadline is a day from today on, within a year")]
    Deadline,
    /// Somebody has said otherwise meanwhile.
    #[error("somebody else has changed it meanwhile; look at it again")]
    Stale,
    /// Nothing to read, or too much.
    #[error("a note has 1 to 500 characters")]
    Note,
    /// None of the kinds that are taken.
    #[error("only PDF, PNG, JPEG, XLSX and CSV files are taken; this one's content is something else")]
    FileKind,
    /// Too large, or empty.
    #[error("a file has 1 byte to 5 MB")]
    FileSize,
    /// It has that file.
    #[error("this difference has that file already")]
    FileThere,
    /// It has enough.
    #[error("a difference has at most {MOST_FILES} files")]
    TooManyFiles,
    /// Nothing was done; try again.
    #[error(transparent)]
    Trouble(#[from] Trouble),
}

impl From<StoreError> for HandlingRefused {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Stale { .. } => Self::Stale,
            error => Self::Trouble(error.into()),
        }
    }
}

/// How much money a difference is about: what is between channel and HIS, or, where these agree, between the channel and us.
///
/// # Errors
/// [`Trouble::Money`].
pub fn at_stake(finding: &FindingRecord) -> Result<Fen, Trouble> {
    let [channel, ours, his] = finding.sums.map(Option::unwrap_or_default);
    let gap = if channel == his { channel.minus(ours)? } else { channel.minus(his)? };
    Ok(if gap < Fen::ZERO { gap.negated()? } else { gap })
}

/// Says who works on a difference and until when.
///
/// # Errors
/// [`HandlingRefused`].
pub async fn handle_finding(
    gateway: &Gateway,
    finding_key: &str,
    change: &HandlingChange,
    by: &str,
) -> Result<HandlingRecord, HandlingRefused> {
    let now = gateway.now();
    if let Some(Some(person)) = &change.assigned_to {
        let account = gateway.store.staff_member(person).await?;
        let works = |roles: &[_]| Right::WorkOnDifferences.is_had_by(roles);
        if !account.is_some_and(|account| account.active && works(&account.roles)) {
            return Err(HandlingRefused::NoSuchPerson);
        }
    }
    if let Some(Some(day)) = change.deadline {
        let today = BusinessDay::of(now);
        if day < today || day > BusinessDay::of(now.plus_seconds(FAR * 86_400)) {
            return Err(HandlingRefused::Deadline);
        }
    }
    let mut tx = gateway.store.begin().await?;
    let before = tx.handling(finding_key).await?;
    let mut handling = before.unwrap_or_else(|| HandlingRecord {
        finding_key: finding_key.to_owned(),
        assigned_to: None,
        deadline: None,
        changed_by: String::new(),
        changed_at: now,
        version: 0,
    });
    if change.version.is_some_and(|version| version != handling.version) {
        tx.rollback().await?;
        return Err(HandlingRefused::Stale);
    }
    let mut said = Vec::new();
    if let Some(assigned_to) = &change.assigned_to
        && *assigned_to != handling.assigned_to
    {
        said.push(format!("with {}", assigned_to.as_deref().unwrap_or("nobody")));
        handling.assigned_to.clone_from(assigned_to);
    }
    if let Some(deadline) = change.deadline
        && deadline != handling.deadline
    {
        said.push(deadline.map_or_else(|| "deadline as found".to_owned(), |day| format!("until {day}")));
        handling.deadline = deadline;
    }
    if said.is_empty() {
        tx.rollback().await?;
        return Ok(handling);
    }
    (handling.changed_by, handling.changed_at) = (by.to_owned(), now);
    match tx.save_handling(&handling).await {
        Ok(()) => {}
        // Two were the first at once.
        Err(StoreError::UniqueViolation(_) | StoreError::Stale { .. }) => {
            tx.rollback().await?;
            return Err(HandlingRefused::Stale);
        }
        Err(error) => return Err(error.into()),
    }
    let reason = if change.reason.is_empty() { String::new() } else { format!(": {}", change.reason) };
    audit(&mut tx, now, by, "difference.handled", finding_key, &format!("{}{reason}", said.join(", ")))
        .await?;
    tx.commit().await?;
    handling.version += 1;
    Ok(handling)
}

/// A note, opened.
#[derive(Clone, Debug)]
pub struct FindingNote {
    /// When.
    pub at: Timestamp,
    /// Who.
    pub by: String,
    /// What.
    pub text: String,
}

/// Adds a note. The trail says that there is one, and not what it says.
///
/// # Errors
/// [`HandlingRefused`].
pub async fn note_finding(
    gateway: &Gateway,
    finding_key: &str,
    text: &str,
    by: &str,
) -> Result<(), HandlingRefused> {
    let text = text.trim();
    let length = text.chars().count();
    let plain = |c: char| !c.is_control() || matches!(c, '\n' | '\r' | '\t');
    if length == 0 || length > 500 || !text.chars().all(plain) {
        return Err(HandlingRefused::Note);
    }
    let now = gateway.now();
    let sealed = Private(gateway).seal_note(text);
    let mut tx = gateway.store.begin().await?;
    let note_id = tx.insert_finding_note(finding_key, now, by, &sealed).await?;
    audit(&mut tx, now, by, "difference.noted", finding_key, &format!("note {note_id}")).await?;
    tx.commit().await?;
    Ok(())
}

/// The notes of a difference.
///
/// # Errors
/// [`Trouble::Sealed`] when one does not open.
pub async fn notes_of_finding(gateway: &Gateway, finding_key: &str) -> Result<Vec<FindingNote>, Trouble> {
    let notes = gateway.store.finding_notes(finding_key, MOST_NOTES).await?;
    notes
        .into_iter()
        .map(|note| {
            let text = Private(gateway).open_note(&note.text_sealed)?;
            Ok(FindingNote { at: note.at, by: note.written_by, text })
        })
        .collect()
}

/// Adds a file to a difference. What it is, its bytes say; its name only names it.
///
/// # Errors
/// [`HandlingRefused`]: nothing was kept.
pub async fn attach_file(
    gateway: &Gateway,
    finding_key: &str,
    path: &Path,
    name: &str,
    by: &str,
) -> Result<(), HandlingRefused> {
    let bytes = std::fs::read(path).map_err(super::collect::temporary)?;
    let size = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
    if size == 0 || size > MOST_ATTACHED {
        return Err(HandlingRefused::FileSize);
    }
    let (media_type, ending) = media_type_of(&bytes).ok_or(HandlingRefused::FileKind)?;
    let there = gateway.store.finding_files(finding_key, MOST_FILES).await?;
    if i64::try_from(there.len()).unwrap_or(i64::MAX) >= MOST_FILES {
        return Err(HandlingRefused::TooManyFiles);
    }
    let name = harmless_name(name, ending);
    let file_sha256 = keep_file(gateway, path, &name).await?;
    let now = gateway.now();
    let file = FindingFileRecord {
        file_id: String::new(),
        finding_key: finding_key.to_owned(),
        file_sha256,
        name,
        media_type: media_type.to_owned(),
        size_bytes: i64::try_from(size).unwrap_or(i64::MAX),
        at: now,
        brought_by: by.to_owned(),
    };
    let mut tx = gateway.store.begin().await?;
    match tx.insert_finding_file(&file).await {
        Ok(_) => {}
        Err(StoreError::UniqueViolation(_)) => {
            tx.rollback().await?;
            return Err(HandlingRefused::FileThere);
        }
        Err(error) => return Err(error.into()),
    }
    let detail = format!("{media_type}, {size} bytes, SHA-256 {}", file.file_sha256);
    audit(&mut tx, now, by, "difference.file", finding_key, &detail).await?;
    tx.commit().await?;
    Ok(())
}

/// A file of a difference, whole.
///
/// # Errors
/// [`Trouble`].
pub async fn read_attached(gateway: &Gateway, file: &FindingFileRecord) -> Result<Option<Vec<u8>>, Trouble> {
    let Some(kept) = gateway.store.kept_file(&file.file_sha256).await? else { return Ok(None) };
    whole(gateway, &kept).await.map(Some)
}

async fn whole(gateway: &Gateway, kept: &KeptFileRecord) -> Result<Vec<u8>, Trouble> {
    let mut bytes = Vec::new();
    kept_bytes(gateway, kept, |piece| {
        bytes.extend_from_slice(piece);
        ControlFlow::Continue(())
    })
    .await?;
    Ok(bytes)
}

/// What a file is, by its first bytes, and how its name ends.
fn media_type_of(bytes: &[u8]) -> Option<(&'static str, &'static str)> {
    const SHEET: &str = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";
    if bytes.starts_with(b"%PDF-") {
        return Some(("application/pdf", "pdf"));
    }
    if bytes.starts_with(b"\x89PNG\r\n\x1a\n") {
        return Some(("image/png", "png"));
    }
    if bytes.starts_with(b"\xff\xd8\xff") {
        return Some(("image/jpeg", "jpg"));
    }
    if bytes.starts_with(b"PK\x03\x04") {
        // A workbook is an archive that names its parts.
        let is_workbook = memchr::memmem::find(bytes, b"xl/workbook.xml").is_some();
        return is_workbook.then_some((SHEET, "xlsx"));
    }
    // A table is text without anything that text has not, and not a page for a browser.
    let text = bytes.iter().all(|byte| *byte >= 0x20 || matches!(byte, b'\t' | b'\r' | b'\n'));
    let first = bytes.iter().find(|byte| !byte.is_ascii_whitespace());
    let separated = memchr::memchr3(b',', b'\t', b';', bytes).is_some();
    (text && separated && first != Some(&b'<')).then_some(("text/csv", "csv"))
}

/// A name that is nothing but a name, with the ending that its content has.
fn harmless_name(name: &str, ending: &str) -> String {
    let name = name.rsplit(['/', '\\']).next().unwrap_or_default();
    let stem = name.rsplit_once('.').map_or(name, |(stem, _)| stem);
    let plain =
        |c: char| if c.is_alphanumeric() || matches!(c, '-' | '_' | ' ' | '（' | '）') { c } else { '_' };
    let stem: String = stem.chars().filter(|c| !c.is_control()).map(plain).take(60).collect();
    let stem = stem.trim();
    let stem = if stem.is_empty() || !is_readable(stem, 1, 60) { "file" } else { stem };
    format!("{stem}.{ending}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_file_is_its_bytes_say() {
        let kind = |bytes: &[u8]| media_type_of(bytes).map(|(_, ending)| ending);
        assert_eq!(kind(b"%PDF-1.7 ..."), Some("pdf"));
        assert_eq!(kind(b"\x89PNG\r\n\x1a\n...."), Some("png"));
        assert_eq!(kind(b"\xff\xd8\xff\xe0...."), Some("jpg"));
        assert_eq!(kind(b"PK\x03\x04....xl/workbook.xml..."), Some("xlsx"));
        assert_eq!(kind("单号,金额\nP1,1.00\n".as_bytes()), Some("csv"));
        for other in [
            &b"PK\x03\x04....word/document.xml"[..],
            b"<html><script>alert(1),2</script>",
            b"  <svg xmlns=\"...\">,",
            b"MZ\x90\x00\x03,",
            b"\x7fELF\x02,",
            b"#!/bin/sh\necho",
            b"",
        ] {
            assert_eq!(kind(other), None, "{other:?}");
        }
    }

    #[test]
    fn a_name_names_and_does_nothing_else() {
        assert_eq!(harmless_name("改单记录.pdf", "pdf"), "改单记录.pdf");
        assert_eq!(harmless_name("../../etc/passwd", "csv"), "passwd.csv");
        assert_eq!(harmless_name("C:\\x\\a\"b;\r\nc.exe", "pdf"), "a_b_c.pdf");
        assert_eq!(harmless_name("..", "png"), "_.png");
        assert_eq!(harmless_name(&"长".repeat(200), "png").chars().count(), 64);
    }
}
