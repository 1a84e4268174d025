//! A page of the day's ledger.

use super::answer::{Member, Misread};
use crate::{LedgerKind, LedgerPage, LedgerRow};
use mingfen_domain::Fen;

/// The answer of `ledger/day`. One unreadable row makes the page unreadable: a missing row would look like HIS's mistake.
pub(super) fn page(answer: &Member<'_>) -> Result<LedgerPage, Misread> {
    let rows = answer.list("rows")?;
    Ok(LedgerPage {
        rows: rows.iter().map(row).collect::<Result<_, _>>()?,
        has_next: answer.truth("has_next_page")?,
    })
}

fn row(item: &Member<'_>) -> Result<LedgerRow, Misread> {
    let kind = kind(&item.member("kind")?)?;
    let refund_no = match kind {
        LedgerKind::Payment => item.optional_text("refund_no")?,
        LedgerKind::Refund => Some(item.filled_text("refund_no")?),
    };
    Ok(LedgerRow {
        row_no: item.filled_text("row_no")?,
        kind,
        order_no: item.text("order_no")?,
        refund_no,
        slip_no: item.optional_text("slip_no")?,
        out_trade_no: item.text("out_trade_no")?,
        provider_trade_no: item.text("provider_trade_no")?,
        channel: item.text("channel")?,
        his_order_no: item.text("his_order_no")?,
        amount: item.amount("amount_fen")?,
        insurance: insurance(item)?,
        deposit: item.optional("deposit")?.map(|member| member.as_truth()).transpose()?,
        booked_at: item.time("booked_at")?,
    })
}

fn insurance(item: &Member<'_>) -> Result<Option<Fen>, Misread> {
    let Some(member) = item.optional("insurance_fen")? else { return Ok(None) };
    let part = member.as_fen()?;
    if part < Fen::ZERO {
        Err(member.wrong("negative; it is positive in both kinds"))
    } else {
        Ok(Some(part))
    }
}

fn kind(member: &Member<'_>) -> Result<LedgerKind, Misread> {
    match member.as_text()? {
        "payment" => Ok(LedgerKind::Payment),
        "refund" => Ok(LedgerKind::Refund),
        _ => Err(member.wrong("neither payment nor refund")),
    }
}
