//! The loop that does what is due, and the timers beside it.

use super::run_due_until;
use crate::Gateway;
use crate::service;
use futures_util::FutureExt as _;
use mingfen_domain::BusinessDay;
use mingfen_store::StoreError;
use std::panic::AssertUnwindSafe;
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::{MissedTickBehavior, interval};

/// A replica looks for due tasks at least this often; its own news wake it at once.
const LOOK_EVERY: Duration = Duration::from_millis(500);
/// New audit rows are linked this often.
const SEAL_EVERY: Duration = Duration::from_secs(1);
/// What the dashboard shows is counted this often.
const FOLD_EVERY: Duration = Duration::from_secs(1);
/// The end of the audit trail goes into the log this often: where logs are kept apart from the database, nobody there can deny it.
const ANCHOR_EVERY: Duration = Duration::from_secs(3600);
/// Certificates are fetched more often than every twelve hours (wechatpay-v3.md, 1.6).
const REFRESH_EVERY: Duration = Duration::from_secs(6 * 3600);
/// What may be forgotten is looked for this often.
const TIDY_EVERY: Duration = Duration::from_secs(300);
/// Days that are over are looked for this often.
const PLAN_EVERY: Duration = Duration::from_secs(60);
/// An API answer is kept for repeats this long; a caller that repeats later has its own number of the refund.
const ANSWERS_KEPT_SECONDS: i64 = 30 * 86_400;
/// Sessions of staff are kept for as long as somebody may ask who was signed in when; the audit trail knows for ever.
const STAFF_SESSIONS_KEPT_SECONDS: i64 = 90 * 86_400;
/// Who opened what is kept for a trial of a week, and a day before it.
const VELOCITY_KEPT_SECONDS: i64 = 8 * 86_400;
/// Rows of it that one statement forgets, so that nobody waits for it.
const VELOCITY_AT_ONCE: i64 = 5_000;

/// Works until `stop` becomes true; what is being done then is finished first.
///
/// The timers run beside the jobs: a party that hangs keeps jobs waiting, and must not keep the audit trail waiting.
pub async fn work_until(gateway: &Gateway, stop: watch::Receiver<bool>) {
    tokio::join!(do_jobs(gateway, stop.clone()), keep_time(gateway, stop));
}

async fn do_jobs(gateway: &Gateway, mut stop: watch::Receiver<bool>) {
    while !*stop.borrow() {
        let stops = || *stop.borrow();
        if let Some(Err(error)) = guarded("the jobs", run_due_until(gateway, stops)).await {
            tracing::error!(error = %error, "tasks cannot be claimed; is the database there?");
        }
        tokio::select! {
            () = gateway.work.notified() => {}
            () = tokio::time::sleep(LOOK_EVERY) => {}
            _ = stop.changed() => {}
        }
    }
}

async fn keep_time(gateway: &Gateway, mut stop: watch::Receiver<bool>) {
    let (mut seal, mut anchor) = (interval(SEAL_EVERY), interval(ANCHOR_EVERY));
    let (mut upkeep, mut tidy) = (interval(REFRESH_EVERY), interval(TIDY_EVERY));
    let (mut plan, mut fold) = (interval(PLAN_EVERY), interval(FOLD_EVERY));
    // After a long wait one round is enough; a burst of them would only be more of the same.
    for timer in [&mut seal, &mut anchor, &mut upkeep, &mut tidy, &mut plan, &mut fold] {
        timer.set_missed_tick_behavior(MissedTickBehavior::Delay);
    }
    while !*stop.borrow() {
        tokio::select! {
            _ = seal.tick() => {
                if let Some(Err(error)) = guarded("linking", service::seal_audit(gateway)).await {
                    tracing::error!(error = %error, "the audit trail could not be linked");
                }
            }
            _ = fold.tick() => {
                if let Some(Err(error)) = guarded("counting", service::fold_takings(gateway)).await {
                    tracing::warn!(error = %error, "the takings could not be counted; the dashboard counts them by itself meanwhile");
                }
            }
            _ = anchor.tick() => match guarded("the anchor", service::audit_anchor(gateway)).await {
                Some(Ok(end)) => tracing::info!(audit.anchor = %end, "the audit trail ends here"),
                Some(Err(error)) => tracing::error!(error = %error, "the end of the audit trail is in doubt"),
                None => {}
            },
            _ = upkeep.tick() => { guarded("upkeep", refresh(gateway)).await; }
            _ = tidy.tick() => {
                if let Some(Err(error)) = guarded("forgetting", forget_what_is_old(gateway)).await {
                    tracing::warn!(error = %error, "what is too old could not be forgotten");
                }
            }
            _ = plan.tick() => {
                if let Some(Err(error)) = guarded("planning", service::reconciliation::plan_days(gateway)).await {
                    tracing::error!(error = %error, "the days to compare could not be planned");
                }
            }
            _ = stop.changed() => {}
        }
    }
}

/// A fault of the program ends this round, not the worker: what is due is due again at the next.
async fn guarded<T>(what: &str, round: impl Future<Output = T>) -> Option<T> {
    let end = AssertUnwindSafe(round).catch_unwind().await;
    if end.is_err() {
        tracing::error!("{what} broke off in the middle, which is a fault of the program; it is tried again");
    }
    end.ok()
}

/// Forgets what is kept for a while only: answers for repeats, nonces, links called back, used allowances.
async fn forget_what_is_old(gateway: &Gateway) -> Result<(), StoreError> {
    let now = gateway.now();
    gateway.store.purge_answers(now.plus_seconds(-ANSWERS_KEPT_SECONDS)).await?;
    gateway.store.purge_nonces(now).await?;
    gateway.store.purge_revoked_links(now).await?;
    gateway.store.purge_staff_sessions(now.plus_seconds(-STAFF_SESSIONS_KEPT_SECONDS)).await?;
    while gateway.store.purge_velocity(now.plus_seconds(-VELOCITY_KEPT_SECONDS), VELOCITY_AT_ONCE).await? > 0
    {
    }
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
