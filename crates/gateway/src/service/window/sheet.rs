//! The hand-over sheet on paper: each print is written down before it is shown, and carries the link of the closing in the audit chain.
//!
//! What if the form comes twice? Then it was printed twice, and the second one says so. What if we die before the page is there? Then a
//! print was counted that nobody holds, which is the safer of the two.

use super::shift_picture::{ShiftPicture, shift_picture};
use crate::Gateway;
use crate::service::attention::audit;
use crate::service::staff::actor;
use crate::service::{Trouble, seal_audit};
use mingfen_domain::Fen;
use mingfen_domain::ids::ShiftNo;
use mingfen_store::AuditRecord;
use mingfen_vault::chain::Kept;

const PRINTED: &str = "shift.printed";

/// What paper says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SheetMarks {
    /// How often it was printed, this time included.
    pub prints: u32,
    /// The closing's link in the audit chain, as short as it stands on paper; `None` until it is sealed, a second after the closing.
    pub anchor: Option<Kept>,
}

fn marks(rows: &[AuditRecord]) -> SheetMarks {
    let prints = rows.iter().filter(|row| row.event.action == PRINTED).count();
    let closed = rows.iter().find(|row| row.event.action == "shift.closed");
    let link = closed.and_then(|row| row.link.as_ref());
    SheetMarks {
        prints: u32::try_from(prints).unwrap_or(u32::MAX),
        anchor: link.and_then(|link| Kept::of_hex(link.seq, &link.hash)).map(Kept::short),
    }
}

/// How often the sheet of a shift was printed, and what its closing is anchored at.
///
/// # Errors
/// [`Trouble`].
pub async fn sheet_marks(gateway: &Gateway, shift_no: &ShiftNo) -> Result<SheetMarks, Trouble> {
    Ok(marks(&gateway.store.audit_of(shift_no.as_str()).await?))
}

/// Counts one more print of the sheet. `None`: there is no such shift, or it is open.
///
/// # Errors
/// [`Trouble`]: nothing is printed.
pub async fn print_sheet(
    gateway: &Gateway,
    shift_no: &ShiftNo,
    by: &str,
) -> Result<Option<(ShiftPicture, SheetMarks)>, Trouble> {
    // The closing may be a moment old. A chain that does not hold is somebody else's trouble: the cash goes to the lead all the same.
    if let Err(trouble) = seal_audit(gateway).await {
        tracing::warn!(shift.number = %shift_no, error = %trouble, "a sheet is printed although the audit trail could not be sealed");
    }
    let mut tx = gateway.store.begin().await?;
    // Two prints at once are two different ones: the shift is held while they are counted.
    let shift = tx.shift_for_update(shift_no).await?;
    let Some(closing) = shift.and_then(|shift| shift.closing) else {
        tx.rollback().await?;
        return Ok(None);
    };
    let before = marks(&tx.audit_of(shift_no.as_str()).await?);
    let marks = SheetMarks { prints: before.prints.saturating_add(1), ..before };
    let sign = if closing.handed_in < Fen::ZERO { "to be filled up" } else { "handed in" };
    let detail = format!("{} yuan {sign}, print {}", closing.handed_in, marks.prints);
    audit(&mut tx, gateway.now(), &actor(by), PRINTED, shift_no.as_str(), &detail).await?;
    tx.commit().await?;
    Ok(shift_picture(gateway, shift_no).await?.map(|picture| (picture, marks)))
}
