//! A line of a kept file as it was received, for people who look at a difference. Payers are masked; nothing else is changed.

use super::across::{fetch_kept, table_of};
use super::collect::temporary;
use super::keep::kept_bytes;
use crate::Gateway;
use crate::service::Trouble;
use encoding_rs::GB18030;
use mingfen_store::{KeptFileRecord, RunInputRecord};
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::ops::ControlFlow;
use std::path::Path;

/// A packed file is unpacked whole to show a line of it; larger ones are left to the command line.
const MOST_UNPACKED: i64 = 64 << 20;
/// So many lines may stand in front of the rows.
const PREAMBLE: usize = 40;
/// A longer line is cut.
const LONGEST: usize = 8 << 10;
/// What stands under headings with these words is about a person.
const PERSONAL: [&str; 12] = [
    "用户标识",
    "openid",
    "对方账户",
    "对方账号",
    "买家",
    "付款方",
    "付款人",
    "持卡人",
    "患者",
    "姓名",
    "手机",
    "证件",
];

/// A line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LineAsReceived {
    /// What it says; `None`: it is not shown here.
    pub text: Option<String>,
    /// Something of it was masked.
    pub masked: bool,
}

/// The line of that number of an input of a run. `None`: its file was not kept.
///
/// # Errors
/// [`Trouble`] when what was kept cannot be read.
pub async fn line_as_received(
    gateway: &Gateway,
    input: &RunInputRecord,
    line: u64,
) -> Result<Option<LineAsReceived>, Trouble> {
    let Some(sha256) = input.file_sha256.as_deref() else { return Ok(None) };
    let Some(file) = gateway.store.kept_file(sha256).await? else { return Ok(None) };
    if line == 0 {
        return Ok(None);
    }
    let mut picker = Picker::new(line);
    let mut packed = false;
    let mut first = true;
    kept_bytes(gateway, &file, |piece| {
        if std::mem::take(&mut first) && (piece.starts_with(b"PK\x03\x04") || piece.starts_with(b"\x1f\x8b"))
        {
            packed = true;
            return ControlFlow::Break(());
        }
        picker.take(piece)
    })
    .await?;
    if packed {
        return unpacked(gateway, input, &file, line).await.map(Some);
    }
    Ok(Some(picker.end()))
}

/// The same of a packed file.
async fn unpacked(
    gateway: &Gateway,
    input: &RunInputRecord,
    file: &KeptFileRecord,
    line: u64,
) -> Result<LineAsReceived, Trouble> {
    let hidden = LineAsReceived { text: None, masked: false };
    if file.size_bytes > MOST_UNPACKED {
        return Ok(hidden);
    }
    let directory = tempfile::tempdir().map_err(temporary)?;
    let Some(path) = fetch_kept(gateway, &file.file_sha256, directory.path()).await? else {
        return Ok(hidden);
    };
    let (path, first_line) = table_of(gateway, input, path, directory.path())?;
    let Some(line) = line.checked_sub(first_line.saturating_sub(1)).filter(|line| *line > 0) else {
        return Ok(hidden);
    };
    let picked = tokio::task::spawn_blocking(move || pick_from(&path, line)).await;
    picked.map_err(|_| Trouble::Inconsistent("looking for a line broke off".to_owned()))?
}

fn pick_from(path: &Path, line: u64) -> Result<LineAsReceived, Trouble> {
    let mut picker = Picker::new(line);
    let mut reader = BufReader::with_capacity(1 << 18, File::open(path).map_err(temporary)?);
    loop {
        let piece = reader.fill_buf().map_err(temporary)?;
        if piece.is_empty() {
            return Ok(picker.end());
        }
        let length = piece.len();
        if picker.take(piece).is_break() {
            return Ok(picker.end());
        }
        reader.consume(length);
    }
}

/// Takes a line, and what stands before the first rows, out of what streams by.
struct Picker {
    wanted: u64,
    line: u64,
    head: Vec<Vec<u8>>,
    current: Vec<u8>,
    found: Option<Vec<u8>>,
}

impl Picker {
    fn new(wanted: u64) -> Self {
        Self { wanted, line: 1, head: Vec::new(), current: Vec::new(), found: None }
    }

    fn take(&mut self, piece: &[u8]) -> ControlFlow<()> {
        let mut rest = piece;
        while let Some(end) = memchr::memchr(b'\n', rest) {
            let (now, later) = rest.split_at(end);
            self.keep(now);
            if self.end_line() {
                return ControlFlow::Break(());
            }
            rest = later.get(1..).unwrap_or_default();
        }
        self.keep(rest);
        ControlFlow::Continue(())
    }

    fn keep(&mut self, bytes: &[u8]) {
        let wants = self.head.len() < PREAMBLE || self.line == self.wanted;
        if wants {
            let room = LONGEST.saturating_sub(self.current.len());
            self.current.extend_from_slice(bytes.get(..room.min(bytes.len())).unwrap_or_default());
        }
    }

    /// Whether the line that has ended is the wanted one.
    fn end_line(&mut self) -> bool {
        let line = std::mem::take(&mut self.current);
        let wanted = self.line == self.wanted;
        if wanted {
            self.found = Some(line);
        } else if self.head.len() < PREAMBLE {
            self.head.push(line);
        }
        self.line += 1;
        wanted
    }

    fn end(mut self) -> LineAsReceived {
        if self.found.is_none() && self.line == self.wanted && !self.current.is_empty() {
            self.found = Some(std::mem::take(&mut self.current));
        }
        let Some(found) = self.found else { return LineAsReceived { text: None, masked: false } };
        // A short line of the old encoding may look like UTF-8; the headings before it do not.
        let old =
            self.head.iter().chain([&found]).any(|line| std::str::from_utf8(whole_chars(line)).is_err());
        let head: Vec<String> = self.head.iter().map(|line| text_of(line, old)).collect();
        mask_line(&head, &text_of(&found, old))
    }
}

/// A line that was cut may end in the middle of a character; what is before it decides.
fn whole_chars(line: &[u8]) -> &[u8] {
    if line.len() < LONGEST {
        return line;
    }
    let end = line.iter().rposition(u8::is_ascii).map_or(0, |last| last + 1);
    line.get(..end).unwrap_or(line)
}

fn text_of(bytes: &[u8], old: bool) -> String {
    let bytes = bytes.strip_suffix(b"\r").unwrap_or(bytes);
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let text = if old {
        GB18030.decode_without_bom_handling(bytes).0.into_owned()
    } else {
        String::from_utf8_lossy(bytes).into_owned()
    };
    text.replace(|c: char| c.is_control() && c != '\t', " ")
}

/// The line with what is about a person masked: by its heading, or because it looks like an account of WeChat, a phone or an identity
/// number.
fn mask_line(head: &[String], line: &str) -> LineAsReceived {
    let is_heading = |cell: &str| PERSONAL.iter().any(|word| cell.contains(word));
    let header = head.iter().find(|text| text.split([',', '\t', '|']).any(is_heading));
    let separator =
        [',', '\t', '|'].into_iter().max_by_key(|mark| line.matches(*mark).count()).unwrap_or(',');
    let headings: Vec<&str> = header.map(|text| text.split(separator).collect()).unwrap_or_default();
    let mut masked = false;
    let cells: Vec<String> = line
        .split(separator)
        .enumerate()
        .map(|(place, cell)| {
            let by_heading = headings.get(place).is_some_and(|heading| is_heading(heading));
            let value = cell.trim_matches(|c: char| matches!(c, '`' | '"' | '\'' | ' ' | '\t'));
            if value.is_empty() || !(by_heading || looks_personal(value)) {
                return cell.to_owned();
            }
            masked = true;
            cell.replace(value, &ends_only(value))
        })
        .collect();
    LineAsReceived { text: Some(cells.join(&separator.to_string())), masked }
}

fn looks_personal(value: &str) -> bool {
    let digits = value.bytes().all(|byte| byte.is_ascii_digit());
    let phone = value.len() == 11 && digits && value.starts_with('1');
    let open_id = value.len() == 28
        && value.starts_with('o')
        && value.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'));
    let identity = value.len() == 18
        && value.bytes().take(17).all(|byte| byte.is_ascii_digit())
        && value.get(6..8).is_some_and(|century| matches!(century, "19" | "20"))
        && value
            .get(10..12)
            .and_then(|month| month.parse::<u8>().ok())
            .is_some_and(|month| (1..=12).contains(&month));
    phone || open_id || identity
}

/// The first and the last two, or less of what is short.
fn ends_only(value: &str) -> String {
    let all: Vec<char> = value.chars().collect();
    if all.len() < 6 {
        return format!("{}**", all.first().copied().unwrap_or('*'));
    }
    let first: String = all.iter().take(2).collect();
    let last: String = all.iter().skip(all.len() - 2).collect();
    format!("{first}****{last}")
}

#[cfg(test)]
mod tests {
    use super::*;

    const WECHAT: &str = "交易时间,公众账号ID,商户号,用户标识,交易状态,应结订单金额\n`2026-11-23 14:23:07,`wx8d,`1682,`o6b2abcdefghijklmnopqrstup3L,`SUCCESS,`152.00\n`2026-11-23 14:24:07,`wx8d,`1682,`o7,`SUCCESS,`1.00\n";

    fn pick(text: &[u8], line: u64, piece: usize) -> LineAsReceived {
        let mut picker = Picker::new(line);
        for piece in text.chunks(piece) {
            if picker.take(piece).is_break() {
                break;
            }
        }
        picker.end()
    }

    #[test]
    fn a_line_is_found_wherever_the_pieces_end_and_its_payer_is_masked() {
        for piece in [1, 7, 64, 4096] {
            let second = pick(WECHAT.as_bytes(), 2, piece);
            let text = second.text.expect("it is there");
            assert!(text.contains("`o6****3L,`SUCCESS,`152.00"), "{text}");
            assert!(second.masked);
        }
        let third = pick(WECHAT.as_bytes(), 3, 4096).text.expect("it is there");
        assert!(third.contains("`o**,") && third.starts_with("`2026-11-23 14:24:07"), "{third}");
        assert_eq!(pick(WECHAT.as_bytes(), 9, 4096).text, None);
    }

    #[test]
    fn a_line_in_the_old_encoding_is_read_and_what_is_nobodys_stays() {
        let (bytes, ..) = GB18030.encode("订单号,金额\nP1,8.00元\n");
        let line = pick(&bytes, 2, 4096);
        assert_eq!(line, LineAsReceived { text: Some("P1,8.00元".into()), masked: false });
    }

    #[test]
    fn what_looks_like_a_person_is_masked_without_a_heading() {
        let masked = |line: &str| mask_line(&[], line).text.expect("a line");
        assert_eq!(masked("a,13800005555,b"), "a,13****55,b");
        assert_eq!(masked("110101199003071234\tx"), "11****34\tx");
        assert_eq!(masked("4200002871202611231438851962,1"), "4200002871202611231438851962,1");
    }
}
