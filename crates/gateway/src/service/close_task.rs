//! A person has dealt with a parked task: it is closed with a note, for the auditor.

use super::Trouble;
use super::attention::audit;
use crate::Gateway;

/// Why a task is not closed.
#[derive(Debug, thiserror::Error)]
pub enum CloseRefused {
    /// There is no parked task of this id.
    #[error("there is no parked task of this id; only what waits for a person can be closed")]
    NotParked,
    /// Without a note nobody knows later why it was closed.
    #[error("a note of 1 to 200 characters is required: what was found and what was done")]
    NoNote,
    /// Nothing happened.
    #[error(transparent)]
    Trouble(#[from] Trouble),
}

/// Closes a parked task. It moves no money: what is to be refunded or booked is asked for by its own command.
///
/// # Errors
/// [`CloseRefused`]: it stays parked.
pub async fn close_task(gateway: &Gateway, task_id: &str, who: &str, note: &str) -> Result<(), CloseRefused> {
    if !crate::http::words::is_readable(note, 1, 200) {
        return Err(CloseRefused::NoNote);
    }
    let now = gateway.now();
    let mut tx = gateway.store.begin().await.map_err(Trouble::from)?;
    if !tx.close_parked(task_id, now).await.map_err(Trouble::from)? {
        tx.rollback().await.map_err(Trouble::from)?;
        return Err(CloseRefused::NotParked);
    }
    audit(&mut tx, now, who, "task.closed", task_id, note).await.map_err(Trouble::from)?;
    tx.commit().await.map_err(Trouble::from)?;
    Ok(())
}
