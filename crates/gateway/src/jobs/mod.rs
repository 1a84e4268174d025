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
//! | timers | links the audit trail, refreshes certificates | [`worker`] |

mod worker;

pub use worker::work_until;

use crate::Gateway;
use crate::service::{self, JobEnd, Trouble};
use crate::trace;
use futures_util::stream::{self, StreamExt as _};
use mingfen_domain::ids::{BillNo, OutRefundNo, OutTradeNo};
use mingfen_store::{StoreError, TaskKind, TaskRecord};

/// Tasks that are worked on at the same time.
const AT_ONCE: usize = 8;
/// Tasks that are claimed at once.
const BATCH: i64 = 32;

/// Does everything that is due at this moment, until nothing is. Answers how many rounds were done.
///
/// # Errors
/// [`StoreError`] when tasks cannot be claimed; a task that fails is tried again and no error here.
pub async fn run_due(gateway: &Gateway) -> Result<usize, StoreError> {
    let mut done = 0;
    loop {
        let lease_ms = gateway.settings.timing.task_lease * 1000;
        let tasks =
            gateway.store.claim_due(gateway.now(), &gateway.replica, lease_ms, BATCH, &TaskKind::ALL).await?;
        if tasks.is_empty() {
            return Ok(done);
        }
        done += tasks.len();
        stream::iter(tasks).for_each_concurrent(AT_ONCE, |task| run_one(gateway, task)).await;
    }
}

async fn run_one(gateway: &Gateway, task: TaskRecord) {
    let end = trace::follow(&task.trace, round(gateway, &task)).await;
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
                JobEnd::widening(&[1, 5, 30, 60, 300], task.attempts, trouble.to_string())
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
        TaskKind::AskPerson => Ok(JobEnd::Park { because: service::matter(gateway, subject).await? }),
    }
}
