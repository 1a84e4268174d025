//! A person wants a parked task tried once more.

use super::Trouble;
use super::attention::audit;
use crate::Gateway;

/// Why a task is not tried again.
#[derive(Debug, thiserror::Error)]
pub enum RetryRefused {
    /// There is no parked task of this id.
    #[error("there is no parked task of this id; what is not parked is tried by itself")]
    NotParked,
    /// Nothing happened.
    #[error(transparent)]
    Trouble(#[from] Trouble),
}

/// Makes a parked task due now, and writes down who wanted it. Every job is safe to repeat.
///
/// # Errors
/// [`RetryRefused`]: it stays as it is.
pub async fn retry_task(gateway: &Gateway, task_id: &str, who: &str) -> Result<(), RetryRefused> {
    let now = gateway.now();
    let mut tx = gateway.store.begin().await.map_err(Trouble::from)?;
    if !tx.unpark(task_id, now).await.map_err(Trouble::from)? {
        return Err(RetryRefused::NotParked);
    }
    audit(&mut tx, now, who, "task.retried", task_id, "to be tried once more")
        .await
        .map_err(Trouble::from)?;
    tx.commit().await.map_err(Trouble::from)?;
    gateway.work.notify_one();
    Ok(())
}
