//! Archives and encodings in front of a file: GZIP, ZIP and UTF-16 become one plain file. Everything streams, and everything has a
//! bound.

use super::{Known, Limits, Reading, Trouble};
use crate::files::layout::cut;
use crate::files::name_of;
use encoding_rs::{CoderResult, Encoding, GB18030, UTF_16BE, UTF_16LE};
use flate2::read::MultiGzDecoder;
use std::fs::File;
use std::io::{self, BufReader, BufWriter, Read, Write};
use std::path::{Path, PathBuf};
use tempfile::NamedTempFile;
use zip::ZipArchive;
use zip::result::ZipError;

/// What is looked at to tell what a file is.
pub(super) const HEAD: usize = 64 << 10;
const BLOCK: usize = 64 << 10;
/// More files than this in one archive are nobody's statement.
const MOST_MEMBERS: usize = 256;
/// Below this size nobody is told that an archive unpacks too well.
const NEVER_A_BOMB: u64 = 64 << 20;

/// A file that is not packed (any more).
pub(super) struct Unpacked {
    /// Where its bytes are.
    pub path: PathBuf,
    /// The name that a message has.
    pub shown: String,
    /// What it came out of.
    pub container: Option<&'static str>,
    pub head: Vec<u8>,
    /// Other known files of the same archive.
    pub companions: Vec<Companion>,
    temporary: Option<NamedTempFile>,
}

/// A file that stood beside the one that was taken.
pub(super) struct Companion {
    pub name: String,
    pub file: NamedTempFile,
}

impl Unpacked {
    /// Keeps the temporary file alive elsewhere.
    pub fn into_temporary(self) -> Option<NamedTempFile> {
        self.temporary
    }
}

/// Unpacks a file as often as it is packed, at most three times: a ZIP may hold a GZIP.
pub(super) fn unpack(path: &Path, known: &[Known], limits: &Limits) -> Result<Unpacked, Trouble> {
    let shown = name_of(path);
    let head = head_of(path)?;
    let mut there = Unpacked {
        path: path.to_owned(),
        shown,
        container: None,
        head,
        companions: Vec::new(),
        temporary: None,
    };
    for _ in 0..3 {
        if there.head.starts_with(b"\x1f\x8b") {
            there = gunzip(there, limits)?;
        } else if is_zip(&there.head) && !is_workbook(&there.path)? {
            there = unzip(there, known, limits)?;
        } else if let Some(encoding) = utf16(&there.head) {
            there = transcode(there, encoding, limits)?;
        } else {
            return Ok(there);
        }
    }
    if there.head.starts_with(b"\x1f\x8b") || is_zip(&there.head) {
        return Err(Trouble::of_file("is packed inside of packed files; unpack it first"));
    }
    Ok(there)
}

/// The first bytes of a file.
pub(super) fn head_of(path: &Path) -> Result<Vec<u8>, Trouble> {
    let file = File::open(path).map_err(|error| Trouble::unreadable(&error))?;
    let mut head = Vec::with_capacity(HEAD);
    file.take(HEAD as u64).read_to_end(&mut head).map_err(|error| Trouble::unreadable(&error))?;
    Ok(head)
}

pub(super) fn is_zip(head: &[u8]) -> bool {
    head.starts_with(b"PK\x03\x04") || head.starts_with(b"PK\x05\x06")
}

/// An archive with a workbook's table of contents.
fn is_workbook(path: &Path) -> Result<bool, Trouble> {
    let archive = open_zip(path)?;
    Ok(archive.index_for_name("xl/workbook.xml").is_some())
}

pub(super) fn open_zip(path: &Path) -> Result<ZipArchive<BufReader<File>>, Trouble> {
    let file = File::open(path).map_err(|error| Trouble::unreadable(&error))?;
    ZipArchive::new(BufReader::new(file)).map_err(|error| zip_trouble(&error))
}

pub(super) fn zip_trouble(error: &ZipError) -> Trouble {
    match error {
        ZipError::UnsupportedArchive(message) if message.to_ascii_lowercase().contains("password") => {
            Trouble::of_file(
                "is protected by a password; unpack it with the password and give the file in it",
            )
        }
        ZipError::UnsupportedArchive(message) => Trouble::of_file(format!(
            "is packed in a way that is not known ({message}); unpack it with another program and give the file in it"
        )),
        other => Trouble::of_file(format!(
            "is a damaged or cut-off archive ({}); get the file again, unchanged",
            cut(&other.to_string(), 80)
        )),
    }
}

fn gunzip(packed: Unpacked, limits: &Limits) -> Result<Unpacked, Trouble> {
    let file = File::open(&packed.path).map_err(|error| Trouble::unreadable(&error))?;
    let length = file.metadata().map_err(|error| Trouble::unreadable(&error))?.len();
    let plain = copy(MultiGzDecoder::new(BufReader::new(file)), length, limits, "GZIP")?;
    let shown = packed.shown.strip_suffix(".gz").unwrap_or(&packed.shown).to_owned();
    wrapped(plain, shown, packed.container.or(Some("GZIP")), packed.companions)
}

fn wrapped(
    plain: NamedTempFile,
    shown: String,
    container: Option<&'static str>,
    companions: Vec<Companion>,
) -> Result<Unpacked, Trouble> {
    let head = head_of(plain.path())?;
    Ok(Unpacked { path: plain.path().to_owned(), shown, container, head, companions, temporary: Some(plain) })
}

/// Takes the one file that is meant: the only one of a known kind, or the only one at all.
fn unzip(packed: Unpacked, known: &[Known], limits: &Limits) -> Result<Unpacked, Trouble> {
    let mut archive = open_zip(&packed.path)?;
    if archive.len() > MOST_MEMBERS {
        return Err(Trouble::of_file(format!(
            "holds {} files; unpack it and give the one that is meant",
            archive.len()
        )));
    }
    let mut members = Vec::new();
    for index in 0..archive.len() {
        let member = archive.by_index(index).map_err(|error| zip_trouble(&error))?;
        let name = member_name(member.name_raw());
        if member.is_dir()
            || name.is_empty()
            || name.starts_with('.')
            || member.name_raw().starts_with(b"__MACOSX")
        {
            continue;
        }
        let mut head = Vec::new();
        member.take(HEAD as u64).read_to_end(&mut head).map_err(|error| torn("ZIP", &error))?;
        let kind = known.iter().find(|known| (known.recognise)(&head));
        members.push((index, name, kind));
    }
    let is_wanted = |kind: Option<&Known>| {
        kind.is_some_and(|known| !matches!(known.reading, Reading::Refused(_) | Reading::Companion))
    };
    let mut wanted: Vec<usize> = (0..members.len()).filter(|&index| is_wanted(members[index].2)).collect();
    if wanted.is_empty() {
        // A kind that is known and not wanted is refused by what it is, not by where it stood.
        wanted = (0..members.len())
            .filter(|&index| !matches!(members[index].2, Some(Known { reading: Reading::Companion, .. })))
            .collect();
    }
    let names = || members.iter().map(|(_, name, _)| name.as_str()).collect::<Vec<_>>().join(", ");
    let chosen = match wanted.as_slice() {
        [only] => *only,
        [] if members.is_empty() => return Err(Trouble::of_file("is an archive without a file in it")),
        _ => {
            return Err(Trouble::of_file(format!(
                "holds several files ({}); unpack it and give the one that is meant",
                cut(&names(), 200)
            )));
        }
    };
    let mut take = |index: usize| {
        let member = archive.by_index(index).map_err(|error| zip_trouble(&error))?;
        let length = member.compressed_size();
        copy(member, length, limits, "ZIP")
    };
    let mut companions = Vec::new();
    for (index, name, kind) in &members {
        if matches!(kind, Some(Known { reading: Reading::Companion, .. })) {
            companions.push(Companion { name: name.clone(), file: take(*index)? });
        }
    }
    let (index, name, _) = &members[chosen];
    let plain = take(*index)?;
    wrapped(plain, format!("{} ({name})", packed.shown), Some("ZIP"), companions)
}

/// A member's name without folders. Some are GBK without saying so.
fn member_name(raw: &[u8]) -> String {
    let name = match std::str::from_utf8(raw) {
        Ok(name) => name.to_owned(),
        Err(_) => GB18030.decode_without_bom_handling(raw).0.into_owned(),
    };
    name.rsplit(['/', '\\']).next().unwrap_or_default().to_owned()
}

fn torn(kind: &str, error: &io::Error) -> Trouble {
    Trouble::of_file(format!(
        "is a damaged or cut-off {kind} file ({}); get the file again, unchanged",
        cut(&error.to_string(), 80)
    ))
}

/// Copies what is unpacked into a temporary file, up to the bounds.
fn copy(
    mut from: impl Read,
    packed: u64,
    limits: &Limits,
    kind: &'static str,
) -> Result<NamedTempFile, Trouble> {
    let mut file = NamedTempFile::new().map_err(|error| Trouble::no_temporary(&error))?;
    let bound = limits.unpacked_bytes.min(packed.saturating_mul(limits.times_packed).max(NEVER_A_BOMB));
    let mut buffer = vec![0; BLOCK];
    let mut written = 0_u64;
    loop {
        let read = from.read(&mut buffer).map_err(|error| torn(kind, &error))?;
        if read == 0 {
            break;
        }
        written += read as u64;
        if written > bound {
            return Err(Trouble::of_file(format!(
                "unpacks to more than {} MiB, which no honest file of its size does; unpack it yourself if you trust it",
                bound >> 20
            )));
        }
        file.write_all(&buffer[..read]).map_err(|error| Trouble::no_temporary(&error))?;
    }
    file.flush().map_err(|error| Trouble::no_temporary(&error))?;
    Ok(file)
}

/// UTF-16 by its mark, or by every other byte of plain text being zero.
fn utf16(head: &[u8]) -> Option<&'static Encoding> {
    match head {
        [0xff, 0xfe, ..] => return Some(UTF_16LE),
        [0xfe, 0xff, ..] => return Some(UTF_16BE),
        _ => {}
    }
    let sample = head.get(..64)?;
    let zeros = |first: usize| sample.iter().skip(first).step_by(2).filter(|&&byte| byte == 0).count();
    match (zeros(0), zeros(1)) {
        (0, odd) if odd > 8 => Some(UTF_16LE),
        (even, 0) if even > 8 => Some(UTF_16BE),
        _ => None,
    }
}

fn transcode(packed: Unpacked, encoding: &'static Encoding, limits: &Limits) -> Result<Unpacked, Trouble> {
    let mut from = File::open(&packed.path).map_err(|error| Trouble::unreadable(&error))?;
    let mut file = NamedTempFile::new().map_err(|error| Trouble::no_temporary(&error))?;
    let mut decoder = encoding.new_decoder_with_bom_removal();
    let mut out = BufWriter::new(file.as_file_mut());
    let mut buffer = vec![0; BLOCK];
    let mut text = vec![0; BLOCK * 3];
    let mut lines = 1_u64;
    let mut written = 0_u64;
    loop {
        let read = from.read(&mut buffer).map_err(|error| Trouble::unreadable(&error))?;
        let last = read == 0;
        let mut rest = &buffer[..read];
        loop {
            let (result, taken, made, replaced) = decoder.decode_to_utf8(rest, &mut text, last);
            rest = &rest[taken..];
            if replaced {
                return Err(Trouble::of_line(
                    lines,
                    "is not UTF-16 text; the file is damaged, get it again, unchanged",
                ));
            }
            lines += memchr::memchr_iter(b'\n', &text[..made]).count() as u64;
            written += made as u64;
            if written > limits.unpacked_bytes {
                return Err(Trouble::of_file(format!("is larger than {} MiB", limits.unpacked_bytes >> 20)));
            }
            out.write_all(&text[..made]).map_err(|error| Trouble::no_temporary(&error))?;
            if result == CoderResult::InputEmpty {
                break;
            }
        }
        if last {
            break;
        }
    }
    out.flush().map_err(|error| Trouble::no_temporary(&error))?;
    drop(out);
    wrapped(file, packed.shown, packed.container.or(Some("UTF-16")), packed.companions)
}
