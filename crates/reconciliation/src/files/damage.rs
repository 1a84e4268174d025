//! Damage that shows only when a file is seen as a whole: joined files, and order numbers that are none.

use super::again::Window;
use super::layout::cut;
use super::read::Source;
use super::{Evidence, Refusal, without_mark};
use crate::matching::Finding;
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};

/// When the row that was not understood is a line of headings once more, that says more than anything about its columns.
pub(super) fn repeated_headings(source: &Source, at: u64) -> Option<&'static str> {
    let mut file = File::open(&source.path).ok()?;
    let plain = |line: &[u8]| without_mark(line).trim_ascii_end().to_vec();
    let header = plain(Window::default().line(&mut file, 0).ok()?);
    let row = plain(Window::default().line(&mut file, at).ok()?);
    if row == header {
        return Some(
            "is the line of headings again: the file is in it twice, or several were joined; give each by itself",
        );
    }
    // A marked file has headings above its totals; they belong to its end.
    source.plan.mark?;
    const TAIL: u64 = 8 << 10;
    let length = file.metadata().ok()?.len();
    file.seek(SeekFrom::Start(length.saturating_sub(TAIL))).ok()?;
    let mut tail = Vec::new();
    file.take(TAIL).read_to_end(&mut tail).ok()?;
    let above_last = tail.trim_ascii_end().rsplit(|&byte| byte == b'\n').nth(1)?;
    (plain(above_last) == row).then_some(
        "is the headings of the totals, and more rows follow: the file is in it twice, or several were joined; give each by itself",
    )
}

/// Nobody's order number has control characters, blanks around it or quotation marks. A number that has some meets no other, so it
/// is enough to look at what differs.
pub(super) fn damaged_number(findings: &[Finding], evidence: &[Vec<Evidence>]) -> Option<(usize, Refusal)> {
    let is_damaged = |finding: &&Finding| {
        finding.order_no.iter().any(|&byte| byte < b' ' || matches!(byte, 0x7f | b'"'))
            || matches!(finding.order_no.first(), Some(b' ' | b'\'' | b'='))
            || finding.order_no.last() == Some(&b' ')
    };
    let (number, finding) = findings.iter().enumerate().find(|(_, finding)| is_damaged(finding))?;
    let (line, there) = (finding.lines.first()?, evidence.get(number)?.first()?);
    let text = String::from_utf8_lossy(&finding.order_no);
    let problem = format!(
        "the order number {:?} has something in or around it that is no part of a number; get the file again, unchanged",
        cut(&text, 40)
    );
    Some((usize::from(line.place.source), Refusal::of_line(&there.file, there.line, problem)))
}

/// Long numbers of one file that meet no other.
#[derive(Clone, Default)]
struct LongNumbers {
    count: usize,
    /// Those with zeros behind what a spreadsheet keeps.
    round: usize,
    /// The first of those: its line, its finding, and which line of it.
    first: Option<(u64, usize, usize)>,
}

/// A spreadsheet keeps fifteen digits of a number and writes zeros for the rest. One such number may be genuine; when all long numbers
/// of a file that meet no other look like that, and there are several, they were rounded.
pub(super) fn rounded_numbers(
    sources: usize,
    findings: &[Finding],
    evidence: &[Vec<Evidence>],
) -> Option<(usize, Refusal)> {
    const KEPT: usize = 15;
    const SEVERAL: usize = 3;
    let is_long = |number: &[u8]| number.len() >= KEPT + 2 && number.iter().all(u8::is_ascii_digit);
    let mut seen = vec![LongNumbers::default(); sources];
    for (index, finding) in findings.iter().enumerate().filter(|(_, finding)| is_long(&finding.order_no)) {
        let is_round = finding.order_no[KEPT..].iter().all(|&digit| digit == b'0');
        for (line, found) in finding.lines.iter().enumerate() {
            let numbers = seen.get_mut(usize::from(found.place.source))?;
            numbers.count += 1;
            if is_round {
                numbers.round += 1;
                let here = (evidence.get(index)?.get(line)?.line, index, line);
                numbers.first = Some(numbers.first.map_or(here, |first| first.min(here)));
            }
        }
    }
    let is_rounded = |numbers: &LongNumbers| numbers.round >= SEVERAL && numbers.round == numbers.count;
    let source = seen.iter().position(is_rounded)?;
    let (line, index, of_finding) = seen[source].first?;
    let problem = format!(
        "the order number {} ends in zeros, as {} others do: a spreadsheet has rounded them to {KEPT} digits; export again and open the \
         file with this column as text, or not at all",
        String::from_utf8_lossy(&findings.get(index)?.order_no),
        seen[source].round - 1
    );
    Some((source, Refusal::of_line(&evidence.get(index)?.get(of_finding)?.file, line, problem)))
}
