//! 限额与风控: what holds, what waits, what held, and who may not pay by phone.

use super::blocklist;
use super::words::{self, People};
use crate::http::staff::{Staff, StaffAnswer, StaffFailure};
use crate::service::rules::RulesInForce;
use actix_web::http::StatusCode;
use mingfen_domain::access::Right;
use mingfen_domain::rules::{Rule, Rules};
use mingfen_pages::staff::{BlockForm, Both, FixedRow, LimitRow, Limits, RuleSetRow};
use mingfen_store::RuleSetRecord;
use std::collections::HashMap;

/// Proposals, versions and entries on the page.
const MOST: i64 = 20;
const WEEK_MS: i64 = 7 * 86_400_000;

/// The page.
pub(in crate::internal) async fn show(staff: Staff) -> StaffAnswer {
    let form = staff.may(Right::ManageLimits).then(|| blocklist::form(None, None));
    page(&staff, StatusCode::OK, form).await
}

pub(super) async fn page(staff: &Staff, status: StatusCode, form: Option<BlockForm>) -> StaffAnswer {
    let store = &staff.gateway.store;
    // One more than is shown: the oldest one's changes are against it.
    let versions = store.rule_versions(MOST + 1).await?;
    let configured = staff.gateway.settings.limits.rules;
    let newest = versions.first();
    let in_force = RulesInForce {
        version: newest.and_then(|newest| newest.version).unwrap_or_default(),
        rules: newest.map_or(configured, |newest| newest.rules),
    };
    let since = newest.and_then(|newest| newest.in_force_at);
    let refusals = store.risk_refusals(staff.gateway.now().plus_ms(-WEEK_MS)).await?;
    let held_back: HashMap<String, i64> =
        refusals.into_iter().map(|refused| (refused.rule, refused.times)).collect();
    let mut people = People::default();
    let mut waiting = Vec::new();
    for record in store.rule_sets_waiting(MOST).await? {
        let before = rules_before(&versions, &record, configured);
        waiting.push(words::row(staff, &mut people, &record, &before, in_force.version).await?);
    }
    let view = Limits {
        version: words::in_force(staff, &in_force, since),
        rows: Rule::ALL.into_iter().map(|rule| row(rule, &in_force, &held_back)).collect(),
        waiting,
        versions: version_rows(staff, &mut people, &versions, &in_force, configured).await?,
        blocks: blocklist::rows(staff, &mut people, MOST).await?,
        blocks_held_back: held_back.get("blocklist").copied().unwrap_or_default(),
        fixed: fixed(staff),
        manages: staff.may(Right::ManageLimits),
        form,
    };
    Ok(staff.page_as(status, &view))
}

fn row(rule: Rule, in_force: &RulesInForce, held_back: &HashMap<String, i64>) -> LimitRow {
    LimitRow {
        what: words::rule(rule),
        value: words::number(rule, in_force.rules.get(rule)),
        above: words::above(rule),
        held_back: rule.is_for_payments().then(|| held_back.get(rule.as_str()).copied().unwrap_or_default()),
        setting: (in_force.version == 0).then(|| setting(rule)),
    }
}

fn setting(rule: Rule) -> String {
    match rule {
        Rule::RefundAlone => "limits.refund_second_person_above".to_owned(),
        Rule::TillAlone => "limits.till_difference_second_person_above".to_owned(),
        rule => format!("limits.{rule}"),
    }
}

/// The rules that a set was proposed beside, as far back as the page knows; beyond that its own, so that nothing wrong is said.
pub(super) fn rules_before(versions: &[RuleSetRecord], record: &RuleSetRecord, configured: Rules) -> Rules {
    match record.based_on {
        0 => configured,
        based_on => versions
            .iter()
            .find(|version| version.version == Some(based_on))
            .map_or(record.rules, |version| version.rules),
    }
}

async fn version_rows(
    staff: &Staff,
    people: &mut People,
    versions: &[RuleSetRecord],
    in_force: &RulesInForce,
    configured: Rules,
) -> Result<Vec<RuleSetRow>, StaffFailure> {
    let mut rows = Vec::new();
    for record in versions.iter().take(usize::try_from(MOST).unwrap_or_default()) {
        let before = rules_before(versions, record, configured);
        rows.push(words::row(staff, people, record, &before, in_force.version).await?);
    }
    Ok(rows)
}

/// Bounds that are not versioned: against abuse of the listeners, and of sign-ins.
fn fixed(staff: &Staff) -> Vec<FixedRow> {
    let settings = &staff.gateway.settings;
    let limits = &settings.limits;
    let row = |zh: &str, en: &str, value: String, above: Both, setting: &str| FixedRow {
        what: Both::new(zh, en),
        value,
        above,
        setting: setting.to_owned(),
    };
    let wait = || Both::new("请对方稍候再来", "is asked to wait");
    let lock = settings.staff.lock_for / 60;
    vec![
        row(
            "差异处理需要第二人",
            "a remedy needs a second person",
            format!("¥{}", settings.reconciliation.second_person_above.to_yuan_grouped()),
            Both::new("等另一人审批", "waits for another person"),
            "reconciliation.second_person_above",
        ),
        row(
            "患者页面，同一地址每分钟",
            "patient pages, an address a minute",
            limits.public_per_minute.to_string(),
            wait(),
            "limits.public_per_minute",
        ),
        row(
            "无效缴费码，同一地址十分钟",
            "invalid codes, an address in ten minutes",
            limits.bad_links.to_string(),
            wait(),
            "limits.bad_links",
        ),
        row(
            "验签不过的通知引起的查询，每分钟",
            "queries caused by unproven notifications a minute",
            limits.hinted_queries_per_minute.to_string(),
            Both::new("不再查询，照常按计划查", "none; the schedule asks anyway"),
            "limits.hinted_queries_per_minute",
        ),
        row(
            "接口签名错误，同一地址每分钟",
            "wrong API signatures, an address a minute",
            limits.failed_signatures_per_minute.to_string(),
            wait(),
            "limits.failed_signatures_per_minute",
        ),
        row(
            "登录连续输错",
            "wrong sign-ins in a row",
            settings.staff.attempts.to_string(),
            Both::new(format!("锁定 {lock} 分钟"), format!("locked for {lock} minutes")),
            "staff.attempts",
        ),
        row(
            "无操作自动退出，分钟",
            "signed out when idle, minutes",
            (settings.staff.idle / 60).to_string(),
            Both::new("重新登录", "sign in again"),
            "staff.idle",
        ),
    ]
}
