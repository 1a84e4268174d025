//! Text with commas. UTF-8 with a mark in front, so that spreadsheets believe it.

use super::{COLUMNS, Cell, FindingShown, ReportError, RunHead, VIEWPOINT, rows};
use crate::files::{Evidence, Report};
use crate::matching::{Finding, Found};
use crate::sides::{Kind, Side};
use crate::threads;
use mingfen_domain::Fen;
use std::borrow::Cow;
use std::fmt::{self, Display};
use std::io::{self, Write};

/// So many threads put rows together, each so many at a time.
const THREADS: usize = 2;
const AT_ONCE: usize = 1024;
/// About what a row has.
const ROW: usize = 400;

/// The headings of [`differences`].
const HEADINGS: &str = "类别,category,商户订单号,类型,商户退款单号,渠道金额,网关金额,HIS金额,渠道减HIS,渠道笔数,HIS笔数,渠道交易号,渠道时间,HIS时间,渠道行号,HIS行号,责任,期限(天),可选处理";

/// Writes a stored run: lines of `#` that say what it is, the headings, and a row for each line of each finding.
///
/// A number that a spreadsheet would spoil has a tab behind it, as Alipay does it: it is then a text. Programs trim it.
///
/// # Errors
/// [`ReportError`]: those of the findings and of `out`. What was written until then is no report.
pub fn csv<E>(
    head: &RunHead,
    findings: impl Iterator<Item = Result<FindingShown, E>>,
    out: &mut impl Write,
) -> Result<(), ReportError<E>> {
    write!(out, "\u{feff}# 对账报告,{}\r\n", foreign_text(&head.hospital))?;
    for (name, fact) in head.facts() {
        write!(out, "# {name},{}\r\n", foreign_text(&fact))?;
    }
    write!(out, "# 结论,{}\r\n", foreign_text(&head.verdict()))?;
    write!(out, "# 签结,{}\r\n", foreign_text(&head.sign_off()))?;
    write!(
        out,
        "# {VIEWPOINT}\r\n# 金额单位为元，退费为负；长号码后面有一个制表符，以免被表格软件改写。\r\n"
    )?;
    let headings = COLUMNS.map(|(heading, _)| heading);
    write!(out, "{}\r\n", headings.join(","))?;
    for (number, finding) in (1..).zip(findings) {
        let finding = finding.map_err(ReportError::Findings)?;
        for row in rows(number, &finding) {
            for (index, cell) in row?.iter().enumerate() {
                if index > 0 {
                    out.write_all(b",")?;
                }
                match *cell {
                    Cell::Empty => Ok(()),
                    Cell::Word(word) => out.write_all(word.as_bytes()),
                    Cell::Text(text) => out.write_all(foreign_text(text).as_bytes()),
                    Cell::Number(text) => out.write_all(foreign_number(text).as_bytes()),
                    Cell::Count(count) => write!(out, "{count}"),
                    Cell::Money(fen) => write!(out, "{fen}"),
                    Cell::Day(day) => write!(out, "{day}"),
                }?;
            }
            out.write_all(b"\r\n")?;
        }
    }
    Ok(())
}

/// Writes every finding of two files as one row. Texts that came from outside cannot become formulas.
///
/// # Errors
/// Those of `out`.
pub fn differences(report: &Report, out: &mut impl Write) -> io::Result<()> {
    write!(out, "\u{feff}{HEADINGS}\r\n")?;
    let pieces: Vec<_> =
        report.outcome.findings.chunks(AT_ONCE).zip(report.evidence.chunks(AT_ONCE)).collect();
    for some in pieces.chunks(THREADS) {
        for text in threads::each(some.iter(), |(findings, evidence)| rows_of(findings, evidence)) {
            out.write_all(&text?)?;
        }
    }
    Ok(())
}

fn rows_of(findings: &[Finding], evidence: &[Vec<Evidence>]) -> io::Result<Vec<u8>> {
    let mut text = Vec::with_capacity(ROW * findings.len());
    for (finding, evidence) in findings.iter().zip(evidence) {
        row(finding, evidence, &mut text)?;
    }
    Ok(text)
}

fn row(finding: &Finding, evidence: &[Evidence], out: &mut impl Write) -> io::Result<()> {
    let category = finding.category;
    let of_side =
        |side: Side| finding.lines.iter().zip(evidence).filter(move |(found, _)| found.side == side);
    let kinds: Vec<Kind> = finding.lines.iter().map(|found| found.kind).collect();
    let kind = match (kinds.contains(&Kind::Payment), kinds.contains(&Kind::Refund)) {
        (true, true) => "支付与退费",
        (false, _) => Kind::Refund.chinese(),
        _ => Kind::Payment.chinese(),
    };
    let refund_no = finding
        .lines
        .iter()
        .map(|found| &*found.refund_no)
        .find(|number| !number.is_empty())
        .unwrap_or_default();
    let money = |side: Side| sum(of_side(side).map(|(found, _)| found));
    let (channel, gateway, his) = (money(Side::Channel), money(Side::Gateway), money(Side::His));
    let difference = Known(channel.unwrap_or_default().minus(his.unwrap_or_default()).ok());
    let texts = |side: Side, what: fn(&Evidence) -> &str| {
        let mut texts = of_side(side).map(|(_, evidence)| what(evidence)).filter(|text| !text.is_empty());
        let first = texts.next().unwrap_or_default();
        texts.fold(Cow::Borrowed(first), |all, text| Cow::Owned(format!("{all} {text}")))
    };
    let lines = |side: Side| Spaced(of_side(side).map(|(_, evidence)| evidence.line));
    let remedies = Spaced(category.remedies().iter().map(|remedy| remedy.chinese()));
    write!(out, "{},{},", category.chinese(), category.as_str())?;
    write!(
        out,
        "{},{kind},{},",
        foreign_number(&String::from_utf8_lossy(&finding.order_no)),
        foreign_number(&String::from_utf8_lossy(refund_no))
    )?;
    write!(out, "{},{},{},{difference},", Known(channel), Known(gateway), Known(his))?;
    write!(out, "{},{},", of_side(Side::Channel).count(), of_side(Side::His).count())?;
    write!(out, "{},", foreign_number(&texts(Side::Channel, |evidence| &evidence.provider_no)))?;
    for side in [Side::Channel, Side::His] {
        write!(out, "{},", foreign_text(&texts(side, |evidence| &evidence.at)))?;
    }
    write!(out, "{},{},", lines(Side::Channel), lines(Side::His))?;
    write!(out, "{},{},{remedies}\r\n", category.owner().chinese(), category.deadline_days())
}

/// A sum, or nothing.
struct Known(Option<Fen>);

impl Display for Known {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.map_or(Ok(()), |sum| sum.fmt(f))
    }
}

/// Things with a blank between them.
struct Spaced<I>(I);

impl<I: Iterator<Item: Display> + Clone> Display for Spaced<I> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, thing) in self.0.clone().enumerate() {
            f.write_str(if index == 0 { "" } else { " " })?;
            thing.fmt(f)?;
        }
        Ok(())
    }
}

/// Payments less refunds, where both stand in one finding; positive where there is one kind only. `None` when there is nothing.
fn sum<'f>(lines: impl Iterator<Item = &'f Found>) -> Option<Fen> {
    let mut lines = lines.peekable();
    lines.peek()?;
    let (mut paid, mut refunded, mut both) = (Fen::ZERO, Fen::ZERO, [false; 2]);
    for found in lines {
        let (sum, index) = match found.kind {
            Kind::Payment => (&mut paid, 0),
            Kind::Refund => (&mut refunded, 1),
        };
        *sum = sum.plus(found.amount).ok()?;
        both[index] = true;
    }
    if both == [true, true] { paid.minus(refunded).ok() } else { paid.plus(refunded).ok() }
}

/// Where a spreadsheet begins to calculate: as ASCII, as some East Asian editions read it too, and what they skip before it.
const STARTS_A_FORMULA: [char; 11] = ['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠'];

/// A text with an apostrophe in front when a spreadsheet would calculate it.
pub fn no_formula(text: &str) -> Cow<'_, str> {
    if text.trim_start_matches([' ', '\u{feff}', '\0']).starts_with(STARTS_A_FORMULA) {
        Cow::Owned(format!("'{text}"))
    } else {
        Cow::Borrowed(text)
    }
}

/// A text from somebody else's file: quoted where it must be, and with an apostrophe in front of what a spreadsheet would calculate.
pub fn foreign_text(text: &str) -> Cow<'_, str> {
    let guarded = no_formula(text);
    // Some editions separate by semicolons or tabs: what follows one would be a cell of its own there.
    if guarded.contains([',', ';', '"', '\n', '\r', '\t']) {
        Cow::Owned(format!("\"{}\"", guarded.replace('"', "\"\"")))
    } else {
        guarded
    }
}

/// The same for a number that is a name. A tab behind it keeps leading zeros and the sixteenth digit, and `12E5` from becoming
/// a million.
fn foreign_number(text: &str) -> Cow<'_, str> {
    let is_digits = text.bytes().all(|byte| byte.is_ascii_digit());
    let stays = text.len() <= 15 && is_digits && (text.len() < 2 || !text.starts_with('0'));
    let looks_like_a_number = text.starts_with(|first: char| first.is_ascii_digit() || first == '.')
        && text.bytes().all(|byte| byte.is_ascii_digit() || b"eE.:/-+% ".contains(&byte));
    if looks_like_a_number && !stays { Cow::Owned(format!("{text}\t")) } else { foreign_text(text) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_from_outside_becomes_a_formula() {
        for (text, expected) in [
            ("P261125", "P261125"),
            ("=1+1", "'=1+1"),
            ("+1", "'+1"),
            ("-1", "'-1"),
            ("@SUM", "'@SUM"),
            ("\tx", "\"'\tx\""),
            (" =1+1", "' =1+1"),
            ("＝1+1", "'＝1+1"),
            ("a;=1+1", "\"a;=1+1\""),
            ("=HYPERLINK(\"a\",\"b\")", "\"'=HYPERLINK(\"\"a\"\",\"\"b\"\")\""),
            ("a,b", "\"a,b\""),
        ] {
            assert_eq!(foreign_text(text), expected);
        }
    }

    #[test]
    fn a_number_that_a_spreadsheet_would_spoil_has_a_tab_behind_it() {
        for (text, expected) in [
            ("", ""),
            ("0", "0"),
            ("123456789012345", "123456789012345"),
            ("1234567890123456", "1234567890123456\t"),
            ("0012", "0012\t"),
            ("12E5", "12E5\t"),
            ("2026-11", "2026-11\t"),
            ("P2611230001", "P2611230001"),
            ("1900000001;x", "\"1900000001;x\""),
            ("-5", "'-5"),
        ] {
            assert_eq!(foreign_number(text), expected);
        }
    }
}
