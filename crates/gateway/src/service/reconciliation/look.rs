//! What HIS's ledger says of a day, for whoever sets it up: nothing is kept, nothing is compared.

use crate::Gateway;
use mingfen_domain::BusinessDay;
use mingfen_his::LedgerRow;
use mingfen_his::ledger::{LedgerDay, LedgerError};
use mingfen_his::sql_view::QueryColumns;
use std::ops::ControlFlow;
use std::path::PathBuf;

/// A ledger as it is read now.
#[derive(Clone, Debug)]
pub enum LedgerLook {
    /// HIS writes a file a day; this would be the day's.
    File(PathBuf),
    /// It is asked, by the port or by a query.
    Asked {
        /// The columns of the query; `None` where it is no query.
        columns: Option<QueryColumns>,
        /// What the day adds up to.
        day: LedgerDay,
        /// The first rows, as they came.
        first: Vec<LedgerRow>,
    },
}

/// Reads a day of HIS's ledger and shows its first rows.
///
/// # Errors
/// [`LedgerError`], as a comparison would meet it.
pub async fn look_at_ledger(
    gateway: &Gateway,
    day: BusinessDay,
    rows: usize,
) -> Result<LedgerLook, LedgerError> {
    if let Some(files) = &gateway.settings.reconciliation.ledger_files {
        return Ok(LedgerLook::File(files.path_of(day)));
    }
    let columns = gateway.ledger.columns().await?;
    let mut first = Vec::new();
    let mut take = |row: LedgerRow| {
        if first.len() < rows {
            first.push(row);
        }
        ControlFlow::Continue(())
    };
    let day = gateway.ledger.read_day(&gateway.settings.hospital.id, day, &mut take).await?;
    Ok(LedgerLook::Asked { columns, day, first })
}
