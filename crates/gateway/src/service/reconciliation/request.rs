//! A person has a day compared. The day's task does it, so it outlives the process that was asked, and whoever asks twice has one
//! comparison; who asked, and how it ended, is kept beside it.

use super::day::ReconcileRefused;
use crate::Gateway;
use crate::service::Trouble;
use crate::service::attention::audit;
use mingfen_domain::BusinessDay;
use mingfen_domain::ids::TraceId;
use mingfen_store::{ALL_CHANNELS, TaskKind};

/// Asks for a day to be compared soon.
///
/// # Errors
/// [`ReconcileRefused`]: the day is not over, or signed, or nothing was written down.
pub async fn ask_for_day(gateway: &Gateway, day: BusinessDay, by: &str) -> Result<(), ReconcileRefused> {
    let now = gateway.now();
    if day.end() > now {
        return Err(ReconcileRefused::NotOver(day));
    }
    if let Some(signed) = gateway.store.sign_off(day, ALL_CHANNELS).await? {
        return Err(ReconcileRefused::Signed(Box::new(signed)));
    }
    let trace = TraceId::fresh(gateway.random.as_ref());
    let mut tx = gateway.store.begin().await?;
    tx.ask_for_run(day, by, now).await?;
    tx.schedule(TaskKind::Reconcile, &day.to_string(), now, &trace).await?;
    audit(&mut tx, now, by, "run.asked", &day.to_string(), "asked for a comparison").await?;
    tx.commit().await.map_err(Trouble::from)?;
    gateway.work.notify_one();
    Ok(())
}
