//! A proposal of other limits, for its second person; and a version, for whoever asks who made it.

use super::words::{self, People};
use crate::http::staff::{Staff, StaffAnswer, StaffFailure};
use crate::internal::staff::proposals::{approval, refusal, undecided, withdrawal};
use crate::service::Decision;
use crate::service::rules::{TrialReport, decide_rules, rules_in_force, seen_of};
use actix_web::http::StatusCode;
use actix_web::web;
use mingfen_domain::access::Right;
use mingfen_domain::ids::ProposalNo;
use mingfen_domain::proposal::State as Stands;
use mingfen_domain::rules::Rules;
use mingfen_pages::staff::{Both, Face, LimitProposal, State, TrialRow};
use mingfen_store::RuleSetRecord;

/// So many versions are looked through for the one that a set was proposed beside.
const VERSIONS: i64 = 1_000;

/// The page.
pub(in crate::internal) async fn show(staff: Staff, number: web::Path<String>) -> StaffAnswer {
    page(&staff, &number, StatusCode::OK, None).await
}

async fn page(staff: &Staff, number: &str, status: StatusCode, trouble: Option<Both>) -> StaffAnswer {
    let number = ProposalNo::parse(number).map_err(|_| StaffFailure::NotFound)?;
    let record = staff.gateway.store.rule_set(&number).await?.ok_or(StaffFailure::NotFound)?;
    let in_force = rules_in_force(&staff.gateway).await?;
    let before = before(staff, &record).await?;
    let mut people = People::default();
    let asked =
        format!("{} {}", people.name(staff, &record.asked_by).await?, staff.moment(record.asked_at).full());
    let decided = match (&record.decided_by, record.decided_at) {
        (Some(by), Some(at)) => {
            let (by, at) = (people.name(staff, by).await?, staff.moment(at).full());
            let word = words::decided_word(&record);
            let why = match &record.state {
                Stands::Declined { reason } => (format!("：{reason}"), format!(": {reason}")),
                _ => Default::default(),
            };
            Some(Both::new(
                format!("{by} {at} {}{}", word.zh, why.0),
                format!("{} by {by} {at}{}", word.en, why.1),
            ))
        }
        _ => None,
    };
    let own = record.asked_by == staff.actor();
    let decides = staff.may(Right::ApproveRules) && !own && record.state.waits();
    let stale = record.state == Stands::Waiting && record.based_on != in_force.version;
    let view = LimitProposal {
        title: words::title(&record),
        state: words::stands(&record, in_force.version),
        changes: changed_rows(&before, &record.rules),
        trial: TrialReport::parse(&record.trial).map(|report| words::trial(staff, &report)),
        reason: record.reason.clone(),
        asked: Both::same(asked),
        decided,
        seen: (decides && !stale).then(|| seen_of(&record, in_force.version)),
        confirms: record.state == Stands::Unconfirmed,
        may_decline: decides && record.state == Stands::Waiting,
        may_withdraw: own && record.state == Stands::Waiting,
        why_not: why_not(staff, &record, own, stale),
        trouble,
        number: record.proposal_no.to_string(),
    };
    Ok(staff.page_as(status, &view))
}

fn why_not(staff: &Staff, record: &RuleSetRecord, own: bool, stale: bool) -> Option<Both> {
    if !record.state.waits() {
        return None;
    }
    if own {
        return Some(Both::new(
            "自己提出的，要由另一位管理员或财务主管批准。",
            "You proposed it: another administrator or a finance lead has to approve it.",
        ));
    }
    if !staff.may(Right::ApproveRules) {
        return Some(Both::new(
            "由管理员或财务主管批准。",
            "An administrator or a finance lead approves it.",
        ));
    }
    stale.then(|| {
        Both::new(
            "提出之后限额已另有改动，这个申请不能再批准；需要的话请按现在的限额重新提出。",
            "The limits have changed since it was proposed, so it cannot be approved any more; propose it anew.",
        )
    })
}

/// The rules that it was proposed beside.
async fn before(staff: &Staff, record: &RuleSetRecord) -> Result<Rules, StaffFailure> {
    let configured = staff.gateway.settings.limits.rules;
    let versions =
        if record.based_on == 0 { Vec::new() } else { staff.gateway.store.rule_versions(VERSIONS).await? };
    Ok(super::limits::rules_before(&versions, record, configured))
}

fn changed_rows(before: &Rules, after: &Rules) -> Vec<TrialRow> {
    let nothing = || (Both::same(""), String::new());
    after
        .changes(before)
        .into_iter()
        .map(|rule| TrialRow {
            what: words::rule(rule),
            change: Some((words::number(rule, before.get(rule)), words::number(rule, after.get(rule)))),
            now: nothing(),
            then: nothing(),
            differs: true,
        })
        .collect()
}

/// Approves, or confirms what holds already.
pub(in crate::internal) async fn approve(
    staff: Staff,
    number: web::Path<String>,
    body: web::Bytes,
) -> StaffAnswer {
    decided(&staff, &number, approval(&staff, &body)?).await
}

/// Says no.
pub(in crate::internal) async fn decline(
    staff: Staff,
    number: web::Path<String>,
    body: web::Bytes,
) -> StaffAnswer {
    decided(&staff, &number, refusal(&staff, &body)?).await
}

/// Takes one's own proposal back.
pub(in crate::internal) async fn withdraw(
    staff: Staff,
    number: web::Path<String>,
    body: web::Bytes,
) -> StaffAnswer {
    decided(&staff, &number, withdrawal(&staff, &body)?).await
}

async fn decided(staff: &Staff, number: &str, decision: Decision) -> StaffAnswer {
    let proposal_no = ProposalNo::parse(number).map_err(|_| StaffFailure::NotFound)?;
    match decide_rules(&staff.gateway, &proposal_no, decision, &staff.actor()).await {
        Ok(record) => {
            let said = match record.state {
                Stands::InForce => {
                    State::new(Face::Ok, "已生效，所有服务器立即照办", "It is in force, on every server")
                }
                Stands::Declined { .. } => {
                    State::new(Face::Info, "已驳回，限额没有变", "Declined; the limits stay")
                }
                _ => State::new(Face::Info, "已撤回，限额没有变", "Taken back; the limits stay"),
            };
            Ok(staff.say_and_go(&format!("/admin/limits/changes/{proposal_no}"), &said))
        }
        Err(refused) => {
            let (status, why) = undecided(refused)?;
            page(staff, number, status, Some(why)).await
        }
    }
}
