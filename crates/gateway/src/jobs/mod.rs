//! What happens by itself. Tasks are rows: claimed by a lease, tried on a widening schedule, parked with a reason, never lost.
//!
//! | task | does | file |
//! |---|---|---|
//! | `follow_payment` | asks after an order, closes it at its deadline | `service/follow_payment.rs` |
//! | `write_back` | tells HIS | `service/post_write_back.rs` |
//! | `follow_refund` | sends a refund and asks after it | `service/follow_refund.rs` |
//! | `write_back_refund` | tells HIS of a refund | `service/post_refund_to_his.rs` |
//! | `notice` | tells the patient | `service/send_notice.rs` |
//! | `recheck_refusal` | asks HIS whether it booked what it had refused | `service/post_write_back.rs` |
//! | `unlock` | gives HIS's lock back | `service/give_lock_back.rs` |
//! | `ask_person` | parks itself | here |
//! | `reconcile` | compares a day that is over | `service/reconciliation/schedule.rs` |
//! | `approved_refund` | asks for the refund that a second person has approved | `service/desk/second_person.rs` |
//! | `alert` | tells finance that it does not agree | `service/reconciliation/alert.rs` |
//! | timers | plans the days to compare, links the audit trail and logs its end, counts the takings, refreshes certificates | [`worker`] |
//!
//! No call of a party may outlast a lease unseen: while a job runs, its lease is renewed ([`lease`]).

mod lease;
mod worker;

pub use worker::work_until;

use crate::Gateway;
use crate::service::{self, JobEnd, Trouble};
use crate::trace;
use futures_util::FutureExt as _;
use futures_util::stream::{FuturesUnordered, StreamExt as _};
use lease::{Lease, LeaseLost};
use mingfen_domain::ids::{BillNo, OutRefundNo, OutTradeNo, RefundRequestNo};
use mingfen_store::{StoreError, TaskKind, TaskRecord};
use std::panic::AssertUnwindSafe;
use std::pin::pin;

/// Tasks that are worked on at the same time. No more are claimed: a lease on a task that waits for its turn runs out, and then
/// two replicas are at it.
const AT_ONCE: usize = 8;
/// Waits after trouble that no job foresaw; the last one for ever.
const AFTER_TROUBLE: &[i64] = &[1, 5, 30, 60, 300];

/// Does everything that is due at this moment, until nothing is. Answers how many rounds were done.
///
/// # Errors
/// [`StoreError`] when tasks cannot be claimed; a task that fails is tried again and no error here.
pub async fn run_due(gateway: &Gateway) -> Result<usize, StoreError> {
    run_due_until(gateway, || false).await
}

/// The same; nothing more is begun once `stops` says so, and what is under way is finished.
async fn run_due_until(gateway: &Gateway, stops: impl Fn() -> bool) -> Result<usize, StoreError> {
    let mut running = FuturesUnordered::new();
    let mut done = 0;
    while !stops() {
        let claimed = {
            let mut claim = pin!(claim(gateway, AT_ONCE - running.len()));
            // The jobs go on meanwhile: one of them may hold the very connection that the claim waits for.
            loop {
                tokio::select! {
                    claimed = &mut claim => break claimed,
                    Some(()) = running.next() => done += 1,
                }
            }
        };
        match claimed {
            Ok(tasks) => running.extend(tasks.into_iter().map(|(task, lease)| run_one(gateway, task, lease))),
            Err(error) => {
                // What is under way is in the middle of its calls: it ends first.
                running.collect::<()>().await;
                return Err(error);
            }
        }
        if running.next().await.is_none() {
            return Ok(done);
        }
        done += 1;
        // Whoever ended meanwhile makes room too, so that one claim fills it all.
        while let Some(Some(())) = running.next().now_or_never() {
            done += 1;
        }
    }
    running.collect::<()>().await;
    Ok(done)
}

async fn claim(gateway: &Gateway, free: usize) -> Result<Vec<(TaskRecord, Lease)>, StoreError> {
    let (now, lease_ms) = (gateway.now(), gateway.settings.timing.task_lease * 1000);
    let limit = i64::try_from(free).unwrap_or(0);
    let tasks = gateway.store.claim_due(now, &gateway.replica, lease_ms, limit, &TaskKind::ALL).await?;
    gateway.worker_looked(now);
    Ok(tasks.into_iter().map(|task| (task, Lease::taken(now, lease_ms))).collect())
}

async fn run_one(gateway: &Gateway, task: TaskRecord, lease: Lease) {
    // A fault of the program in one job must not end the others, nor go on in a circle.
    let job = AssertUnwindSafe(trace::follow(&task.trace, round(gateway, &task))).catch_unwind();
    let end = match lease.kept_during(gateway, &task.task_id, job).await {
        Err(LeaseLost) => {
            tracing::error!(task = %task.task_id, trace = %task.trace, "its lease was lost, so it was stopped; whoever has it now goes on");
            return;
        }
        Ok(Err(_panic)) => {
            let because = "the program broke off in the middle, which is a fault of it; its log says where";
            tracing::error!(task = %task.task_id, kind = task.kind.as_str(), trace = %task.trace, "{because}");
            Ok(JobEnd::widening(AFTER_TROUBLE, task.attempts, because))
        }
        Ok(Ok(end)) => end,
    };
    let now = gateway.now();
    let written = match end {
        Ok(JobEnd::Done) => gateway.store.finish(&task.task_id, &gateway.replica, now).await,
        Ok(JobEnd::Again { after, because }) => {
            gateway.store.retry(&task.task_id, &gateway.replica, now.plus_seconds(after), &because).await
        }
        Ok(JobEnd::Park { because }) => {
            tracing::warn!(task = %task.task_id, kind = task.kind.as_str(), trace = %task.trace, reason = %because, "put before a person");
            gateway.store.park(&task.task_id, &gateway.replica, now, &because).await
        }
        Err(trouble) => {
            tracing::error!(task = %task.task_id, kind = task.kind.as_str(), trace = %task.trace, error = %trouble, "a task could not be done; it is tried again");
            let JobEnd::Again { after, because } =
                JobEnd::widening(AFTER_TROUBLE, task.attempts, trouble.to_string())
            else {
                return;
            };
            gateway.store.retry(&task.task_id, &gateway.replica, now.plus_seconds(after), &because).await
        }
    };
    if let Err(error) = written {
        // Its lease runs out and somebody does it again; every job is safe to repeat.
        tracing::error!(task = %task.task_id, error = %error, "the end of a task could not be written down");
    }
}

async fn round(gateway: &Gateway, task: &TaskRecord) -> Result<JobEnd, Trouble> {
    let subject = task.subject.as_str();
    let bad =
        |_| Trouble::Inconsistent(format!("task {} is about {subject:?}, which is no number", task.task_id));
    match task.kind {
        TaskKind::FollowPayment => {
            service::follow_payment(gateway, &OutTradeNo::parse(subject).map_err(bad)?, task.attempts).await
        }
        TaskKind::WriteBack => {
            service::post_write_back(gateway, &BillNo::parse(subject).map_err(bad)?, task.attempts).await
        }
        TaskKind::FollowRefund => {
            service::follow_refund(gateway, &OutRefundNo::parse(subject).map_err(bad)?, task.attempts).await
        }
        TaskKind::WriteBackRefund => {
            service::post_refund_to_his(gateway, &OutRefundNo::parse(subject).map_err(bad)?, task.attempts)
                .await
        }
        TaskKind::Notice => service::send_notice(gateway, subject, task.attempts).await,
        TaskKind::RecheckRefusal => {
            service::recheck_refusal(gateway, &BillNo::parse(subject).map_err(bad)?, task.attempts).await
        }
        TaskKind::Unlock => {
            service::give_lock_back(gateway, &BillNo::parse(subject).map_err(bad)?, task.attempts).await
        }
        TaskKind::Reconcile => service::reconciliation::follow_day(gateway, subject, task.attempts).await,
        TaskKind::Alert => service::reconciliation::send_alert(gateway, subject, task.attempts).await,
        TaskKind::ApprovedRefund => {
            let number = RefundRequestNo::parse(subject).map_err(bad)?;
            service::desk::carry_out_request(gateway, &number, task.attempts).await
        }
        TaskKind::AskPerson => Ok(JobEnd::Park { because: service::matter(gateway, subject).await? }),
    }
}
