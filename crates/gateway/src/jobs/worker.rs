//! The loop that does what is due, and the timers beside it.

use super::run_due;
use crate::Gateway;
use crate::service;
use mingfen_domain::BusinessDay;
use mingfen_store::StoreError;
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::{Instant, interval};

/// A replica looks for due tasks at least this often; its own news wake it at once.
const LOOK_EVERY: Duration = Duration::from_millis(500);
/// New audit rows are linked this often.
const SEAL_EVERY: Duration = Duration::from_secs(1);
/// Certificates are fetched more often than every twelve hours (wechatpay-v3.md, 1.6).
const REFRESH_EVERY: Duration = Duration::from_secs(6 * 3600);
/// What may be forgotten is looked for this often.
const TIDY_EVERY: Duration = Duration::from_secs(300);
/// An API answer is kept for repeats this long; a caller that repeats later has its own number of the refund.
const ANSWERS_KEPT_SECONDS: i64 = 30 * 86_400;

/// Works until `stop` becomes true; what is being done then is finished first.
pub async fn work_until(gateway: &Gateway, mut stop: watch::Receiver<bool>) {
    let mut seal = interval(SEAL_EVERY);
    let mut tidy = interval(TIDY_EVERY);
    let mut refreshed: Option<Instant> = None;
    while !*stop.borrow() {
        if let Err(error) = run_due(gateway).await {
            tracing::error!(error = %error, "tasks cannot be claimed; is the database there?");
        }
        if refreshed.is_none_or(|at| at.elapsed() >= REFRESH_EVERY) {
            refresh(gateway).await;
            refreshed = Some(Instant::now());
        }
        tokio::select! {
            () = gateway.work.notified() => {}
            () = tokio::time::sleep(LOOK_EVERY) => {}
            _ = seal.tick() => {
                if let Err(error) = service::seal_audit(gateway).await {
                    tracing::error!(error = %error, "the audit trail could not be linked");
                }
            }
            _ = tidy.tick() => {
                if let Err(error) = forget_what_is_old(gateway).await {
                    tracing::warn!(error = %error, "what is too old could not be forgotten");
                }
            }
            _ = stop.changed() => {}
        }
    }
}

/// Forgets what is kept for a while only: answers for repeats, nonces, links called back, used allowances.
async fn forget_what_is_old(gateway: &Gateway) -> Result<(), StoreError> {
    let now = gateway.now();
    gateway.store.purge_answers(now.plus_seconds(-ANSWERS_KEPT_SECONDS)).await?;
    gateway.store.purge_nonces(now).await?;
    gateway.store.purge_revoked_links(now).await?;
    gateway.store.purge_allowances(BusinessDay::of(now.plus_seconds(-ANSWERS_KEPT_SECONDS))).await?;
    Ok(())
}

async fn refresh(gateway: &Gateway) {
    for (id, channel) in &gateway.channels {
        if let Some(upkeep) = channel.upkeep()
            && let Err(error) = upkeep.refresh().await
        {
            tracing::warn!(channel = %id, error = %error, "keys could not be refreshed; the known ones stay in use");
        }
    }
}
