//! Printing a receipt at the desk: each print is written down before it is shown, and from the second one on it says so.

use crate::Gateway;
use crate::service::attention::audit;
use crate::service::{PaymentView, Trouble, payment_view};
use mingfen_domain::ids::BillNo;
use mingfen_store::AuditRecord;

const PRINTED: &str = "receipt.printed";

/// A receipt to be printed.
#[derive(Clone, Debug)]
pub struct PrintedReceipt {
    /// The payment.
    pub view: PaymentView,
    /// How often it was printed before.
    pub before: u32,
}

fn count(rows: &[AuditRecord]) -> u32 {
    u32::try_from(rows.iter().filter(|row| row.event.action == PRINTED).count()).unwrap_or(u32::MAX)
}

/// How often the receipt of a bill was printed at the desk.
///
/// # Errors
/// [`Trouble`].
pub async fn receipts_printed(gateway: &Gateway, bill_no: &BillNo) -> Result<u32, Trouble> {
    Ok(count(&gateway.store.audit_of(bill_no.as_str()).await?))
}

/// Counts one more print of the receipt. `None`: HIS has booked nothing, so there is none.
///
/// # Errors
/// [`Trouble`]: nothing is printed.
pub async fn print_receipt(
    gateway: &Gateway,
    bill_no: &BillNo,
    by: &str,
) -> Result<Option<PrintedReceipt>, Trouble> {
    let Some(bill) = gateway.store.bill(bill_no).await? else { return Ok(None) };
    let Some(view) = payment_view(gateway, bill).await? else { return Ok(None) };
    let Some(booked) = &view.booked else { return Ok(None) };
    let mut tx = gateway.store.begin().await?;
    // Two prints at once are two different ones: the bill is held while they are counted.
    tx.bill_for_update(bill_no).await?;
    let before = count(&tx.audit_of(bill_no.as_str()).await?);
    let again = if before > 0 { format!(", reprint {before}") } else { String::new() };
    let detail = format!("receipt {}{again}", booked.receipt_no);
    audit(&mut tx, gateway.now(), by, PRINTED, bill_no.as_str(), &detail).await?;
    tx.commit().await?;
    Ok(Some(PrintedReceipt { view, before }))
}
