//! Encodings, archives and lines of the files that providers hand out. Every unpacking has a limit.

use encoding_rs::GB18030;
use flate2::read::MultiGzDecoder;
use std::borrow::Cow;
use std::io::{Cursor, Read};

/// Why bytes cannot be turned into text or files.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TextError {
    /// Not of that encoding.
    #[error("is not {0} text")]
    Encoding(&'static str),
    /// Not an archive of that kind, or damaged.
    #[error("is not a readable {kind} file: {cause}")]
    Archive {
        /// GZIP or ZIP.
        kind: &'static str,
        /// In the library's words.
        cause: String,
    },
    /// Unpacks to more than is plausible.
    #[error("unpacks to more than {0} bytes")]
    TooLarge(u64),
}

/// A file out of an archive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ArchiveEntry {
    /// Its name, without folders that try to climb out.
    pub name: String,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

/// Reads GBK (by its superset GB 18030). Plain ASCII is not copied.
///
/// # Errors
/// [`TextError::Encoding`]; nothing is ever replaced by a question mark.
pub fn decode_gbk(bytes: &[u8]) -> Result<Cow<'_, str>, TextError> {
    GB18030.decode_without_bom_handling_and_without_replacement(bytes).ok_or(TextError::Encoding("GBK"))
}

/// Reads UTF-8 and drops a byte order mark.
///
/// # Errors
/// [`TextError::Encoding`].
pub fn decode_utf8(bytes: &[u8]) -> Result<&str, TextError> {
    let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
    std::str::from_utf8(bytes).map_err(|_| TextError::Encoding("UTF-8"))
}

/// Whether the bytes begin like a GZIP file.
pub fn is_gzip(bytes: &[u8]) -> bool {
    bytes.starts_with(&[0x1F, 0x8B])
}

/// Unpacks GZIP, all members of it.
///
/// # Errors
/// [`TextError::Archive`] when damaged or cut off, [`TextError::TooLarge`] beyond `limit_bytes`.
pub fn gunzip(bytes: &[u8], limit_bytes: u64) -> Result<Vec<u8>, TextError> {
    read_limited(MultiGzDecoder::new(bytes), limit_bytes, "GZIP")
}

/// Unpacks every file of a ZIP archive; at most 64 of them, together at most `limit_bytes`. Names in UTF-8 or GBK are read.
///
/// # Errors
/// [`TextError::Archive`] when damaged, encrypted or crowded, [`TextError::TooLarge`].
pub fn unzip(bytes: &[u8], limit_bytes: u64) -> Result<Vec<ArchiveEntry>, TextError> {
    let refused = |cause: String| TextError::Archive { kind: "ZIP", cause };
    let mut archive = zip::ZipArchive::new(Cursor::new(bytes)).map_err(|error| refused(error.to_string()))?;
    if archive.len() > 64 {
        return Err(refused(format!("it holds {} files", archive.len())));
    }
    let mut entries = Vec::with_capacity(archive.len());
    let mut left = limit_bytes;
    for index in 0..archive.len() {
        let file = archive.by_index(index).map_err(|error| refused(error.to_string()))?;
        if file.is_dir() {
            continue;
        }
        let name = entry_name(file.name_raw());
        let bytes = read_limited(file, left, "ZIP").map_err(|error| match error {
            TextError::TooLarge(_) => TextError::TooLarge(limit_bytes),
            other => other,
        })?;
        left = left.saturating_sub(u64::try_from(bytes.len()).unwrap_or(u64::MAX));
        entries.push(ArchiveEntry { name, bytes });
    }
    Ok(entries)
}

/// The lines of a file with their numbers from 1, without their ends (LF or CRLF). A last line without an end counts; an empty
/// rest does not.
pub fn lines(bytes: &[u8]) -> impl Iterator<Item = (u64, &[u8])> {
    let body = bytes.strip_suffix(b"\n").unwrap_or(bytes);
    let empty = bytes.is_empty();
    (1_u64..)
        .zip(body.split(|&byte| byte == b'\n'))
        .map(|(number, line)| (number, line.strip_suffix(b"\r").unwrap_or(line)))
        .take_while(move |_| !empty)
}

/// The first `length` characters, for error texts.
pub fn cut(text: &str, length: usize) -> Cow<'_, str> {
    match text.char_indices().nth(length) {
        Some((end, _)) => Cow::Owned(format!("{}…", &text[..end])),
        None => Cow::Borrowed(text),
    }
}

fn entry_name(raw: &[u8]) -> String {
    let name = match std::str::from_utf8(raw) {
        Ok(name) => Cow::Borrowed(name),
        Err(_) => decode_gbk(raw).unwrap_or_else(|_| String::from_utf8_lossy(raw)),
    };
    name.rsplit(['/', '\\']).next().unwrap_or_default().to_owned()
}

fn read_limited(reader: impl Read, limit_bytes: u64, kind: &'static str) -> Result<Vec<u8>, TextError> {
    let mut bytes = Vec::new();
    let mut limited = reader.take(limit_bytes.saturating_add(1));
    limited.read_to_end(&mut bytes).map_err(|error| TextError::Archive { kind, cause: error.to_string() })?;
    if u64::try_from(bytes.len()).unwrap_or(u64::MAX) > limit_bytes {
        return Err(TextError::TooLarge(limit_bytes));
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use flate2::Compression;
    use flate2::write::GzEncoder;
    use std::io::Write;

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(bytes).expect("memory");
        encoder.finish().expect("memory")
    }

    fn zip_of(entries: &[(&str, &[u8])]) -> Vec<u8> {
        let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
        for (name, bytes) in entries {
            writer.start_file(*name, zip::write::SimpleFileOptions::default()).expect("memory");
            writer.write_all(bytes).expect("memory");
        }
        writer.finish().expect("memory").into_inner()
    }

    #[test]
    fn gbk_is_read_and_damage_is_refused() {
        assert_eq!(decode_gbk(b"\xC3\xC5\xD5\xEF\xBD\xC9\xB7\xD1").as_deref(), Ok("门诊缴费"));
        assert_eq!(decode_gbk(b"\xC3"), Err(TextError::Encoding("GBK")));
    }

    #[test]
    fn a_bomb_is_not_unpacked() {
        let packed = gzip(&vec![0; 100_000]);
        assert_eq!(gunzip(&packed, 100_000).map(|bytes| bytes.len()), Ok(100_000));
        assert_eq!(gunzip(&packed, 99_999), Err(TextError::TooLarge(99_999)));
        let packed = zip_of(&[("a", &[0; 600]), ("b", &[0; 600])]);
        assert_eq!(unzip(&packed, 1000), Err(TextError::TooLarge(1000)));
    }

    #[test]
    fn a_cut_off_archive_is_refused() {
        let packed = gzip(b"every line of it");
        assert!(matches!(gunzip(&packed[..packed.len() - 4], 1000), Err(TextError::Archive { .. })));
        let packed = zip_of(&[("a.csv", b"x")]);
        assert!(matches!(unzip(&packed[..packed.len() - 4], 1000), Err(TextError::Archive { .. })));
    }

    #[test]
    fn entries_lose_their_folders() {
        let entries = unzip(&zip_of(&[("../20260101_明细.csv", b"x")]), 1000).expect("an archive");
        assert_eq!(entries[0].name, "20260101_明细.csv");
    }

    #[test]
    fn lines_are_numbered_from_one_and_lose_their_ends() {
        let found: Vec<_> = lines(b"a\r\n\nb").collect();
        assert_eq!(found, [(1, &b"a"[..]), (2, b""), (3, b"b")]);
        assert_eq!(lines(b"a\r\n").count(), 1);
        assert_eq!(lines(b"").count(), 0);
    }
}
