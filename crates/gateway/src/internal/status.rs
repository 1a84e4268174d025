//! Health, readiness, metrics.

use crate::Gateway;
use actix_web::{HttpResponse, web};
use mingfen_store::TaskState;

/// The process runs.
pub(super) async fn healthz() -> HttpResponse {
    HttpResponse::Ok().content_type("text/plain").body("ok\n")
}

/// It can take payments: the database answers and is migrated. Redis may be away, a worker may be another process, and HIS may
/// refuse us without this process being unready, since another one would not fare better; all are told all the same.
pub(super) async fn readyz(gateway: web::Data<Gateway>) -> HttpResponse {
    let database = gateway.store.ping().await.is_ok();
    let cache = gateway.cache.is_healthy().await;
    let body = serde_json::json!({
        "database": database,
        "cache": cache,
        "worker_age_seconds": gateway.worker_age_seconds(),
        "his_refuses_us": gateway.watched_his.refuses_us(),
        "ready": database,
    });
    let mut answer = if database { HttpResponse::Ok() } else { HttpResponse::ServiceUnavailable() };
    answer.content_type("application/json").body(body.to_string())
}

pub(super) async fn metrics(gateway: web::Data<Gateway>) -> HttpResponse {
    let mut gauges = Vec::new();
    if let Ok(counts) = gateway.store.counts().await {
        for state in [TaskState::Ready, TaskState::Parked] {
            let count =
                counts.iter().filter(|known| known.state == state).map(|known| known.count).sum::<i64>();
            gauges.push((
                "mingfen_tasks",
                "Tasks by state; parked ones wait for a person.",
                format!("state=\"{}\"", state.as_str()),
                count,
            ));
        }
    }
    if let Some(age) = gateway.worker_age_seconds() {
        gauges.push((
            "mingfen_worker_age_seconds",
            "Since the worker of this process last looked for due tasks.",
            String::new(),
            age,
        ));
    }
    for (channel, provider) in &gateway.channels {
        for (what, expires_at) in provider.upkeep().map(|upkeep| upkeep.expiries()).unwrap_or_default() {
            let labels = format!("channel=\"{channel}\",what=\"{}\"", what.replace(['"', '\\', '\n'], ""));
            let left = expires_at.since_ms(gateway.now()) / 1000;
            gauges.push(("mingfen_expires_in_seconds", "Time left of certificates.", labels, left));
        }
    }
    gauges.push((
        "mingfen_database_up",
        "The database answers.",
        String::new(),
        i64::from(gateway.store.ping().await.is_ok()),
    ));
    gauges.push((
        "mingfen_his_refuses_us",
        "HIS does not let us in: key, secret or clock are wrong, and nothing is booked.",
        String::new(),
        i64::from(gateway.watched_his.refuses_us()),
    ));
    gauges.push((
        "mingfen_cache_up",
        "The cache answers.",
        String::new(),
        i64::from(gateway.cache.is_healthy().await),
    ));
    HttpResponse::Ok()
        .content_type("text/plain; version=0.0.4; charset=utf-8")
        .body(gateway.metrics.render(&gauges))
}
