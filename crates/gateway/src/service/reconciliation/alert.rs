//! Telling finance that a day does not agree: once a run, by text message and at the hospital's own address.

use crate::Gateway;
use crate::notice::{NoticeError, TextMessage};
use crate::service::{JobEnd, Trouble};
use mingfen_domain::BusinessDay;
use mingfen_domain::ids::RunId;
use mingfen_store::RunRecord;
use serde_json::json;
use std::collections::BTreeMap;

const SCHEDULE: &[i64] = &[10, 60, 300, 900, 1800];
/// After that nobody is helped by it any more.
const LAST_ROUND: i64 = 12;

/// One round of the job: `subject` is the run.
///
/// # Errors
/// [`Trouble`]: the worker tries again.
pub async fn send_alert(gateway: &Gateway, subject: &str, attempts: i64) -> Result<JobEnd, Trouble> {
    let run_id = RunId::parse(subject).ok();
    let run = match &run_id {
        Some(run_id) => gateway.store.run(run_id).await?,
        None => None,
    };
    let Some(run) = run else { return Ok(JobEnd::Park { because: format!("there is no run {subject:?}") }) };
    // A later version tells for itself.
    if run.superseded {
        return Ok(JobEnd::Done);
    }
    let counts = open_by_category(gateway, &run).await?;
    let overdue = gateway.store.overdue_findings(BusinessDay::of(gateway.now())).await?;
    if counts.is_empty() && overdue.is_empty() {
        return Ok(JobEnd::Done);
    }
    let differences = counts.values().map(|(_, count)| count).sum::<i64>();
    let mut refused = Vec::new();
    if let Some(webhook) = &gateway.webhook {
        let body = body(gateway, &run, differences, &counts, &overdue).to_string();
        match webhook.post(&body, gateway.now(), gateway.random.as_ref()).await {
            Ok(()) => {}
            Err(NoticeError::NotNow(why)) if attempts < LAST_ROUND => {
                return Ok(JobEnd::widening(SCHEDULE, attempts, why));
            }
            Err(NoticeError::NotNow(why) | NoticeError::Refused(why)) => refused.push(why),
        }
    }
    // The template speaks of differences of the day.
    if let Some(sms) = gateway.sms.as_ref().filter(|_| differences > 0) {
        for (number, phone) in gateway.settings.reconciliation.alert_phones.iter().enumerate() {
            let message = TextMessage {
                // The same again is not sent twice, so a repeat after a failure of one reaches only those who were missed.
                request_id: format!("alert-{}-{number}", run.run_id),
                template: "reconciliation_differs".to_owned(),
                values: vec![
                    ("hospital", gateway.hospital().name_zh.clone()),
                    ("day", run.day.to_string()),
                    ("differences", differences.to_string()),
                ],
            };
            match sms.send(phone, &message).await {
                Ok(_) => {}
                Err(NoticeError::NotNow(why)) if attempts < LAST_ROUND => {
                    return Ok(JobEnd::widening(SCHEDULE, attempts, why));
                }
                Err(NoticeError::NotNow(why) | NoticeError::Refused(why)) => refused.push(why),
            }
        }
    }
    gateway.metrics.add(
        "mingfen_alerts_total",
        format!("outcome=\"{}\"", if refused.is_empty() { "sent" } else { "failed" }),
    );
    Ok(if refused.is_empty() {
        JobEnd::Done
    } else {
        JobEnd::Park { because: format!("finance was not told of {}: {}", run.day, refused.join("; ")) }
    })
}

/// What is open, by category: its Chinese name and how many.
async fn open_by_category(
    gateway: &Gateway,
    run: &RunRecord,
) -> Result<BTreeMap<&'static str, (&'static str, i64)>, Trouble> {
    let counts = gateway.store.open_of_run(&run.run_id).await?;
    Ok(counts.into_iter().map(|(category, count)| (category.as_str(), (category.chinese(), count))).collect())
}

fn body(
    gateway: &Gateway,
    run: &RunRecord,
    differences: i64,
    counts: &BTreeMap<&'static str, (&'static str, i64)>,
    overdue: &[(BusinessDay, i64)],
) -> serde_json::Value {
    let categories: Vec<_> = counts
        .iter()
        .map(|(category, (name, count))| json!({ "category": category, "name": name, "count": count }))
        .collect();
    let overdue: Vec<_> =
        overdue.iter().map(|(day, count)| json!({ "day": day.to_string(), "count": count })).collect();
    json!({
        "event": "reconciliation.differs",
        "hospital_id": gateway.settings.hospital.id.as_str(),
        "day": run.day.to_string(),
        "run_id": run.run_id.as_str(),
        "version": run.version,
        "differences": differences,
        "categories": categories,
        "overdue": overdue,
    })
}
