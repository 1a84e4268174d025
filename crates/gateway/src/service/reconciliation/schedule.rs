//! Which days are compared by themselves, and when: each one from the morning after on, again while a statement is not there, and again
//! when an earlier day changed what it leaves over. A day is a task: whoever leases it compares it, and one that died is taken over.

use super::day::{DayReconciled, ReconcileRefused, Scope, reconcile_day};
use crate::Gateway;
use crate::service::{JobEnd, Trouble};
use mingfen_domain::BusinessDay;
use mingfen_domain::ids::TraceId;
use mingfen_reconciliation::files::Progress;
use mingfen_store::{ALL_CHANNELS, RequestEnd, RunRequestRecord, StoreError, TaskKind, Tx};
use std::sync::Arc;

/// Waits while HIS does not give its ledger; the last one for ever.
const HIS_SCHEDULE: &[i64] = &[60, 300, 900, 1800];
/// What a person has to mend is tried so often, then put before one.
const PATIENCE: i64 = 3;
/// Somebody else compares the day.
const BUSY_SECONDS: i64 = 30;
/// From so long after its first attempt on, a day without a statement is told.
const LATE_SECONDS: i64 = 4 * 3600;
/// Who had it made, in the records.
const BY_ITSELF: &str = "gateway";

/// What a run that was made by itself brings about, in the transaction that publishes it: finance is told, and the next day, of which it is
/// an input, is compared again.
pub(super) async fn follow_up(
    gateway: &Gateway,
    tx: &mut Tx,
    made: &DayReconciled,
    is_overdue: bool,
) -> Result<(), StoreError> {
    let run = &made.run;
    if run.made_by != BY_ITSELF {
        return Ok(());
    }
    let ready_after = gateway.settings.reconciliation.ready_after;
    let late = gateway.now() >= run.day.end().plus_seconds(ready_after + LATE_SECONDS);
    if made.differs || is_overdue || (made.incomplete && late) {
        tx.schedule(TaskKind::Alert, run.run_id.as_str(), gateway.now(), &run.trace).await?;
    }
    if let Some(next) = tx.current_run(run.day.next(), ALL_CHANNELS).await?
        && tx.sign_off(next.day, ALL_CHANNELS).await?.is_none()
    {
        tx.schedule(TaskKind::Reconcile, &next.day.to_string(), gateway.now(), &next.trace).await?;
    }
    Ok(())
}

/// Makes a task of each day that is over and has none yet: from the first one on which money came in, at most as far back as the settings
/// say, so that a new installation compares nothing from before it was there, and one that stood still catches up.
///
/// # Errors
/// [`StoreError`].
pub async fn plan_days(gateway: &Gateway) -> Result<(), StoreError> {
    let settings = &gateway.settings.reconciliation;
    if !settings.by_itself {
        return Ok(());
    }
    let Some(first) = gateway.store.first_received().await? else { return Ok(()) };
    let now = gateway.now();
    let today = BusinessDay::of(now);
    let earliest = BusinessDay::of(now.plus_seconds(-settings.catch_up_days * 86_400));
    let mut day = BusinessDay::of(first).max(earliest);
    while day < today {
        if gateway.store.task(TaskKind::Reconcile, &day.to_string()).await?.is_none() {
            let due_at = day.end().plus_seconds(settings.ready_after);
            let trace = TraceId::fresh(gateway.random.as_ref());
            let mut tx = gateway.store.begin().await?;
            tx.schedule(TaskKind::Reconcile, &day.to_string(), due_at, &trace).await?;
            tx.commit().await?;
        }
        day = day.next();
    }
    Ok(())
}

/// One round of the job: `subject` is the day.
///
/// # Errors
/// [`Trouble`]: the worker tries again.
pub async fn follow_day(gateway: &Gateway, subject: &str, attempts: i64) -> Result<JobEnd, Trouble> {
    let Ok(day) = BusinessDay::parse(subject) else {
        return Ok(JobEnd::Park { because: format!("{subject:?} is no day") });
    };
    let settings = &gateway.settings.reconciliation;
    let progress = Arc::new(Progress::default());
    // Who asked for it has made it.
    let request = gateway.store.run_request(day).await?.filter(|request| request.ended.is_none());
    let by = request.as_ref().map_or(BY_ITSELF, |request| request.asked_by.as_str()).to_owned();
    let made = reconcile_day(gateway, day, &Scope::All, &by, &progress).await;
    if let Some(request) = request {
        end_request(gateway, &request, &made).await?;
    }
    match made {
        Ok(made) => Ok(if made.incomplete {
            JobEnd::again(settings.retry_after, "a statement is not there yet, or not in order")
        } else {
            JobEnd::Done
        }),
        Err(ReconcileRefused::Signed(_)) => Ok(JobEnd::Done),
        Err(ReconcileRefused::Busy(_)) => Ok(JobEnd::again(BUSY_SECONDS, "it is being compared")),
        Err(ReconcileRefused::NotOver(day)) => {
            let wait = day.end().since_ms(gateway.now()) / 1000;
            Ok(JobEnd::again(wait.max(1) + settings.ready_after, "the day is not over"))
        }
        Err(ReconcileRefused::Ledger(error)) if !error.is_worth_repeating() && attempts >= PATIENCE => {
            Ok(JobEnd::Park { because: error.to_string() })
        }
        Err(refused @ (ReconcileRefused::Ledger(_) | ReconcileRefused::NoLedgerFile(_))) => {
            Ok(JobEnd::widening(HIS_SCHEDULE, attempts, refused.to_string()))
        }
        Err(
            refused @ (ReconcileRefused::Input(_)
            | ReconcileRefused::NoChannel(_)
            | ReconcileRefused::TooMany(_)),
        ) => Ok(JobEnd::Park { because: refused.to_string() }),
        Err(ReconcileRefused::Trouble(trouble)) => Err(trouble),
    }
}

/// Writes down how a comparison that somebody asked for ended. What is only put off has not ended.
async fn end_request(
    gateway: &Gateway,
    request: &RunRequestRecord,
    made: &Result<DayReconciled, ReconcileRefused>,
) -> Result<(), StoreError> {
    let (end, detail) = match made {
        Ok(made) if made.unchanged => (RequestEnd::Unchanged, made.run.version.to_string()),
        Ok(made) => (RequestEnd::Made, made.run.version.to_string()),
        Err(ReconcileRefused::Busy(_) | ReconcileRefused::Trouble(_)) => return Ok(()),
        Err(refused) => (RequestEnd::Refused, refused.to_string()),
    };
    let now = gateway.now();
    gateway.store.end_run_request(request.day, request.asked_at, now, end, &detail).await
}
