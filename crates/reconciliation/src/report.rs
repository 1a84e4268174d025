//! What a run found, as a file that opens in a spreadsheet.

use crate::files::{Evidence, Report};
use crate::matching::{Finding, Found};
use crate::sides::{Kind, Side};
use mingfen_domain::Fen;
use std::io::{self, Write};

/// The headings of [`differences`].
const HEADINGS: &str = "类别,category,商户订单号,类型,商户退款单号,渠道金额,网关金额,HIS金额,渠道减HIS,渠道笔数,HIS笔数,渠道交易号,渠道时间,HIS时间,渠道行号,HIS行号,责任,期限(天),可选处理";

/// Writes every finding as a row. UTF-8 with a mark in front, so that spreadsheets believe it; texts that came from outside cannot
/// become formulas.
///
/// # Errors
/// Those of `out`.
pub fn differences(report: &Report, out: &mut impl Write) -> io::Result<()> {
    write!(out, "\u{feff}{HEADINGS}\r\n")?;
    for (finding, evidence) in report.outcome.findings.iter().zip(&report.evidence) {
        row(finding, evidence, out)?;
    }
    Ok(())
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
    let yuan = |sum: Option<Fen>| sum.map(Fen::to_yuan).unwrap_or_default();
    let difference =
        channel.unwrap_or_default().minus(his.unwrap_or_default()).map(Fen::to_yuan).unwrap_or_default();
    let joined = |side: Side, what: fn(&Evidence) -> String| {
        of_side(side)
            .map(|(_, evidence)| what(evidence))
            .filter(|text| !text.is_empty())
            .collect::<Vec<_>>()
            .join(" ")
    };
    let line: fn(&Evidence) -> String = |evidence| evidence.line.to_string();
    let at: fn(&Evidence) -> String = |evidence| evidence.at.clone();
    let remedies: Vec<&str> = category.remedies().iter().map(|remedy| remedy.chinese()).collect();
    write!(out, "{},{},", category.chinese(), category.as_str())?;
    write!(
        out,
        "{},{kind},{},",
        foreign_text(&String::from_utf8_lossy(&finding.order_no)),
        foreign_text(&String::from_utf8_lossy(refund_no))
    )?;
    write!(out, "{},{},{},{difference},", yuan(channel), yuan(gateway), yuan(his))?;
    write!(out, "{},{},", of_side(Side::Channel).count(), of_side(Side::His).count())?;
    write!(out, "{},", foreign_text(&joined(Side::Channel, |evidence| evidence.provider_no.clone())))?;
    write!(out, "{},{},", foreign_text(&joined(Side::Channel, at)), foreign_text(&joined(Side::His, at)))?;
    write!(out, "{},{},", joined(Side::Channel, line), joined(Side::His, line))?;
    write!(out, "{},{},{}\r\n", category.owner().chinese(), category.deadline_days(), remedies.join(" "))
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

/// A text from somebody else's file: quoted where it must be, and with an apostrophe in front of what a spreadsheet would calculate.
fn foreign_text(text: &str) -> String {
    let guarded = if text.starts_with(['=', '+', '-', '@', '\t', '\r', '\n']) {
        format!("'{text}")
    } else {
        text.to_owned()
    };
    if guarded.contains([',', '"', '\n', '\r']) {
        format!("\"{}\"", guarded.replace('"', "\"\""))
    } else {
        guarded
    }
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
            ("\tx", "'\tx"),
            ("=HYPERLINK(\"a\",\"b\")", "\"'=HYPERLINK(\"\"a\"\",\"\"b\"\")\""),
            ("a,b", "\"a,b\""),
        ] {
            assert_eq!(foreign_text(text), expected);
        }
    }
}
