//! Encodings, archives and lines of the files that providers hand out. Everything is read as it comes, nothing whole, and every
//! unpacking and every line has a limit.

use encoding_rs::GB18030;
use flate2::bufread::MultiGzDecoder;
use mingfen_provider_api::statement::StatementError;
use std::borrow::Cow;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Seek};
use std::path::Path;
use zip::ZipArchive;

/// The longest line that any file has.
const LONGEST_LINE_BYTES: u64 = 64 << 10;
/// What is read at once.
const BLOCK_BYTES: usize = 64 << 10;

/// Why bytes cannot be turned into text or files.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TextError {
    /// Not of that encoding.
    #[error("is not {0} text")]
    Encoding(&'static str),
    /// Not a ZIP archive, or a damaged one: in the library's words.
    #[error("is not a readable ZIP file: {0}")]
    Archive(String),
    /// Unpacks to more than is plausible.
    #[error("unpacks to more than {0} bytes")]
    TooLarge(u64),
}

/// Reads GBK (by its superset GB 18030). Plain ASCII is not copied.
///
/// # Errors
/// [`TextError::Encoding`]; nothing is ever replaced by a question mark.
pub fn decode_gbk(bytes: &[u8]) -> Result<Cow<'_, str>, TextError> {
    GB18030.decode_without_bom_handling_and_without_replacement(bytes).ok_or(TextError::Encoding("GBK"))
}

/// Reads GBK for somebody to look at: what is none becomes a replacement character.
pub fn show_gbk(bytes: &[u8]) -> Cow<'_, str> {
    GB18030.decode_without_bom_handling(bytes).0
}

/// Reads UTF-8 and drops a byte order mark.
///
/// # Errors
/// [`TextError::Encoding`].
pub fn decode_utf8(bytes: &[u8]) -> Result<&str, TextError> {
    let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
    std::str::from_utf8(bytes).map_err(|_| TextError::Encoding("UTF-8"))
}

/// A file that may be packed with GZIP, all members of it, unpacked to at most `limit_bytes`.
///
/// # Errors
/// The first bytes cannot be read. Damage, and too many bytes, show while reading.
pub fn gunzip<'a>(mut reader: impl BufRead + 'a, limit_bytes: u64) -> io::Result<Box<dyn Read + 'a>> {
    // No text begins with the first byte of the magic number.
    let packed = reader.fill_buf()?.first() == Some(&0x1F);
    Ok(if packed {
        Box::new(Bounded::new(MultiGzDecoder::new(reader), limit_bytes))
    } else {
        Box::new(Bounded::new(reader, limit_bytes))
    })
}

/// Gives up when there is more than the limit.
struct Bounded<R> {
    reader: R,
    limit_bytes: u64,
    left_bytes: u64,
}

impl<R> Bounded<R> {
    const fn new(reader: R, limit_bytes: u64) -> Self {
        Self { reader, limit_bytes, left_bytes: limit_bytes }
    }
}

impl<R: Read> Read for Bounded<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.reader.read(buffer)?;
        let length = u64::try_from(read).unwrap_or(u64::MAX);
        match self.left_bytes.checked_sub(length) {
            Some(left) => self.left_bytes = left,
            None => return Err(io::Error::other(TextError::TooLarge(self.limit_bytes))),
        }
        Ok(read)
    }
}

/// A ZIP archive whose members are read as they are unpacked.
pub struct Archive<R> {
    zip: ZipArchive<R>,
    limit_bytes: u64,
}

/// A file in an archive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    index: usize,
    /// Its name, without folders that try to climb out.
    pub name: String,
}

impl<R: Read + Seek> Archive<R> {
    /// Opens an archive of at most 64 files, of which together at most `limit_bytes` are unpacked by one [`Archive::check`], and as
    /// many by every [`Archive::open`].
    ///
    /// # Errors
    /// [`TextError::Archive`] when damaged or crowded.
    pub fn new(reader: R, limit_bytes: u64) -> Result<Self, TextError> {
        let zip = ZipArchive::new(reader).map_err(damaged)?;
        if zip.len() > 64 {
            return Err(damaged(format!("it holds {} files", zip.len())));
        }
        Ok(Self { zip, limit_bytes })
    }

    /// Its files. Names in UTF-8 or GBK are read.
    ///
    /// # Errors
    /// [`TextError::Archive`] when damaged or encrypted.
    pub fn members(&mut self) -> Result<Vec<Member>, TextError> {
        let mut members = Vec::with_capacity(self.zip.len());
        for index in 0..self.zip.len() {
            let file = self.zip.by_index(index).map_err(damaged)?;
            if !file.is_dir() {
                members.push(Member { index, name: entry_name(file.name_raw()) });
            }
        }
        Ok(members)
    }

    /// Unpacks every file and throws it away: afterwards each has proven its checksum. One that says itself that it holds more than it
    /// may is not unpacked at all, and one that says less than it holds is stopped.
    ///
    /// # Errors
    /// [`TextError::Archive`] when damaged, [`TextError::TooLarge`].
    pub fn check(&mut self) -> Result<(), TextError> {
        let mut left_bytes = self.limit_bytes;
        for index in 0..self.zip.len() {
            let said_bytes = self.zip.by_index_raw(index).map_err(damaged)?.size();
            left_bytes = left_bytes.checked_sub(said_bytes).ok_or(TextError::TooLarge(self.limit_bytes))?;
        }
        let mut left_bytes = self.limit_bytes;
        for index in 0..self.zip.len() {
            let mut file = self.zip.by_index(index).map_err(damaged)?.take(left_bytes.saturating_add(1));
            let length = io::copy(&mut file, &mut io::sink()).map_err(damaged)?;
            left_bytes = left_bytes.checked_sub(length).ok_or(TextError::TooLarge(self.limit_bytes))?;
        }
        Ok(())
    }

    /// Reads one of its files.
    ///
    /// # Errors
    /// [`TextError::Archive`] when damaged or encrypted, [`TextError::TooLarge`] when it says so itself; what is found later shows while
    /// reading.
    pub fn open(&mut self, member: &Member) -> Result<impl BufRead + use<'_, R>, TextError> {
        let file = self.zip.by_index(member.index).map_err(damaged)?;
        if file.size() > self.limit_bytes {
            return Err(TextError::TooLarge(self.limit_bytes));
        }
        Ok(BufReader::with_capacity(BLOCK_BYTES, Bounded::new(file, self.limit_bytes)))
    }
}

fn damaged(cause: impl ToString) -> TextError {
    TextError::Archive(cause.to_string())
}

/// Reads whatever a person may have saved: UTF-8, and GBK where it is not.
///
/// # Errors
/// [`TextError::Encoding`]: it is neither.
pub fn decode(bytes: &[u8]) -> Result<Cow<'_, str>, TextError> {
    decode_utf8(bytes).map(Cow::Borrowed).or_else(|_| decode_gbk(bytes))
}

/// The first line of a file that begins with these bytes, without its end.
pub fn first_line(bytes: &[u8]) -> &[u8] {
    let line = bytes.split(|&byte| byte == b'\n').next().unwrap_or_default();
    line.strip_suffix(b"\r").unwrap_or(line)
}

/// Opens a file to be read line by line.
///
/// # Errors
/// It cannot be opened.
pub fn open(path: &Path) -> Result<(String, BufReader<File>), StatementError> {
    let file = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    match File::open(path) {
        Ok(opened) => Ok((file, BufReader::with_capacity(BLOCK_BYTES, opened))),
        Err(error) => {
            let problem = format!("cannot be opened: {error}; fetch it again");
            Err(StatementError::new(file, 0, problem))
        }
    }
}

/// The lines of a file, one at a time, with their numbers from 1 and without their ends (LF or CRLF). A last line without an end
/// counts; an empty rest does not.
pub struct Lines<'a, R> {
    file: &'a str,
    reader: R,
    number: u64,
    line: Vec<u8>,
}

impl<'a, R: BufRead> Lines<'a, R> {
    /// Reads the file of this name.
    pub const fn new(file: &'a str, reader: R) -> Self {
        Self { file, reader, number: 0, line: Vec::new() }
    }

    /// The file's name.
    pub const fn file(&self) -> &'a str {
        self.file
    }

    /// The next line, or nothing at the end of the file.
    ///
    /// # Errors
    /// The line is longer than any, or the file cannot be read on: with the line.
    pub fn read(&mut self) -> Result<Option<(u64, &[u8])>, StatementError> {
        self.number += 1;
        self.line.clear();
        let refuse = |problem: String| StatementError::new(self.file, self.number, problem);
        let read = (&mut self.reader).take(LONGEST_LINE_BYTES).read_until(b'\n', &mut self.line);
        if read.map_err(|error| refuse(format!("cannot be read: {error}; fetch the file again")))? == 0 {
            return Ok(None);
        }
        if let Some(line) = self.line.strip_suffix(b"\n") {
            return Ok(Some((self.number, line.strip_suffix(b"\r").unwrap_or(line))));
        }
        if u64::try_from(self.line.len()).unwrap_or(u64::MAX) == LONGEST_LINE_BYTES {
            let problem = format!(
                "is longer than {} KiB; a line break is missing, fetch the file again",
                LONGEST_LINE_BYTES >> 10
            );
            return Err(refuse(problem));
        }
        Ok(Some((self.number, self.line.strip_suffix(b"\r").unwrap_or(&self.line))))
    }
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

#[cfg(test)]
mod tests {
    use super::*;
    use flate2::Compression;
    use flate2::write::GzEncoder;
    use std::io::{Cursor, Write};

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

    fn unpacked(packed: &[u8], limit_bytes: u64) -> Result<Vec<u8>, String> {
        let mut bytes = Vec::new();
        let mut reader = gunzip(packed, limit_bytes).map_err(|error| error.to_string())?;
        reader.read_to_end(&mut bytes).map_err(|error| error.to_string())?;
        Ok(bytes)
    }

    fn archive(packed: &[u8], limit_bytes: u64) -> Result<Archive<Cursor<&[u8]>>, TextError> {
        Archive::new(Cursor::new(packed), limit_bytes)
    }

    #[test]
    fn a_bomb_is_not_unpacked() {
        let packed = gzip(&vec![0; 100_000]);
        assert_eq!(unpacked(&packed, 100_000).map(|bytes| bytes.len()), Ok(100_000));
        assert_eq!(unpacked(&packed, 99_999), Err(TextError::TooLarge(99_999).to_string()));
        let packed = zip_of(&[("a", &[0; 600]), ("b", &[0; 600])]);
        assert_eq!(
            archive(&packed, 1000).and_then(|mut files| files.check()),
            Err(TextError::TooLarge(1000))
        );
        assert_eq!(archive(&packed, 1200).and_then(|mut files| files.check()), Ok(()));
        // One that says less than it holds does not get far either.
        let mut liar = packed.clone();
        for at in 0..liar.len() - 4 {
            if liar[at..at + 4] == 600_u32.to_le_bytes() {
                liar[at] = 1;
                liar[at + 1] = 0;
            }
        }
        assert!(archive(&liar, 1000).and_then(|mut files| files.check()).is_err());
        let mut files = archive(&packed, 599).expect("an archive");
        let first = files.members().expect("two files").remove(0);
        assert_eq!(files.open(&first).err(), Some(TextError::TooLarge(599)));
    }

    #[test]
    fn what_is_not_packed_is_taken_as_it_is() {
        assert_eq!(unpacked(b"a,b", 3), Ok(b"a,b".to_vec()));
        assert_eq!(unpacked(b"", 3), Ok(Vec::new()));
        assert!(unpacked(b"a,bc", 3).is_err());
    }

    #[test]
    fn a_cut_off_or_damaged_archive_is_refused() {
        let packed = gzip(b"every line of it");
        assert!(unpacked(&packed[..packed.len() - 4], 1000).is_err());
        let mut packed = zip_of(&[("a.csv", b"every line of it")]);
        assert!(archive(&packed[..packed.len() - 4], 1000).is_err());
        packed[40] ^= 1;
        assert!(archive(&packed, 1000).and_then(|mut files| files.check()).is_err(), "its checksum");
    }

    #[test]
    fn members_lose_their_folders() {
        let packed = zip_of(&[("../20260101_明细.csv", b"x")]);
        let members = archive(&packed, 1000).and_then(|mut files| files.members()).expect("an archive");
        assert_eq!(members[0].name, "20260101_明细.csv");
    }

    #[test]
    fn the_first_line_loses_its_end() {
        for bytes in ["a\r\nb", "a\nb", "a"] {
            assert_eq!(first_line(bytes.as_bytes()), b"a");
        }
        assert_eq!(first_line(b""), b"");
    }

    type Seen = Result<Vec<(u64, Vec<u8>)>, StatementError>;

    fn seen(bytes: &[u8]) -> Seen {
        let mut lines = Lines::new("bill.csv", bytes);
        let mut seen = Vec::new();
        while let Some((number, line)) = lines.read()? {
            seen.push((number, line.to_vec()));
        }
        Ok(seen)
    }

    #[test]
    fn lines_are_numbered_from_one_and_lose_their_ends() {
        let line = |number, text: &[u8]| (number, text.to_vec());
        assert_eq!(seen(b"a\r\n\nb"), Ok(vec![line(1, b"a"), line(2, b""), line(3, b"b")]));
        assert_eq!(seen(b"a\r\n"), Ok(vec![line(1, b"a")]));
        assert_eq!(seen(b""), Ok(vec![]));
    }

    #[test]
    fn a_line_without_an_end_in_sight_is_refused() {
        let mut bytes = vec![b'x'; 65_535];
        bytes.push(b'\n');
        assert!(seen(&bytes).is_ok(), "the longest line");
        bytes.insert(0, b'x');
        let refused = seen(&[&b"a\n"[..], &bytes].concat()).expect_err("too long");
        assert_eq!((refused.file.as_str(), refused.line), ("bill.csv", 2));
    }
}
