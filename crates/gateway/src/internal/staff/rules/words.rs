//! What rules, proposals and trials are called.

use crate::http::staff::{Staff, StaffFailure};
use crate::service::rules::{RulesInForce, TrialReport};
use mingfen_domain::proposal::State as Stands;
use mingfen_domain::rules::{Rule, Rules};
use mingfen_domain::{Fen, Timestamp};
use mingfen_pages::staff::{Both, Face, RuleSetRow, State, Trial, TrialRow};
use mingfen_store::RuleSetRecord;
use std::collections::HashMap;

/// A rule by its whole name.
pub(super) fn rule(rule: Rule) -> Both {
    match rule {
        Rule::MaxPayment => Both::new("单笔支付", "a single payment"),
        Rule::PayerHourPayments => Both::new("同一付款人，每小时笔数", "one payer, orders an hour"),
        Rule::PayerHourSum => Both::new("同一付款人，每小时金额", "one payer, yuan an hour"),
        Rule::PayerDayPayments => Both::new("同一付款人，每天笔数", "one payer, orders a day"),
        Rule::PayerDaySum => Both::new("同一付款人，每天金额", "one payer, yuan a day"),
        Rule::CardHourPayments => Both::new("同一就诊卡，每小时笔数", "one card, orders an hour"),
        Rule::CardHourSum => Both::new("同一就诊卡，每小时金额", "one card, yuan an hour"),
        Rule::CardDayPayments => Both::new("同一就诊卡，每天笔数", "one card, orders a day"),
        Rule::CardDaySum => Both::new("同一就诊卡，每天金额", "one card, yuan a day"),
        Rule::RefundAlone => {
            Both::new("退费需要第二人，同一笔支付累计", "refunds of one payment need a second person")
        }
        Rule::TillAlone => Both::new("日结差额需要组长会签", "a till over or short needs a countersignature"),
    }
}

/// What happens above it.
pub(super) fn above(rule: Rule) -> Both {
    match rule {
        Rule::MaxPayment => Both::new("不下单，请患者分次付或到窗口", "no order; in parts, or at a window"),
        Rule::RefundAlone => Both::new("等组长或财务主管审批", "waits for a lead’s approval"),
        Rule::TillAlone => Both::new("等组长会签，财务核查", "a lead countersigns, finance looks into it"),
        _ => Both::new("不下单，告诉患者几点后再来，或到窗口", "no order; when to come again, or a window"),
    }
}

/// Its number: `¥20,000.00`, `10 笔`.
pub(super) fn number(rule: Rule, number: i64) -> String {
    if rule.counts_payments() {
        number.to_string()
    } else {
        format!("¥{}", Fen::new(number).to_yuan_grouped())
    }
}

/// Its number as it is typed.
pub(super) fn typed(rule: Rule, number: i64) -> String {
    if rule.counts_payments() { number.to_string() } else { Fen::new(number).to_yuan() }
}

/// `单笔支付 ¥20,000.00 → ¥50,000.00`, for every number that differs.
pub(super) fn changes(before: &Rules, after: &Rules) -> Vec<Both> {
    let said = |one: Rule| {
        let (name, from, to) = (rule(one), number(one, before.get(one)), number(one, after.get(one)));
        Both::new(format!("{} {from} → {to}", name.zh), format!("{} {from} → {to}", name.en))
    };
    after.changes(before).into_iter().map(said).collect()
}

/// How a proposal or version stands; `version`: the one that holds.
pub(super) fn stands(record: &RuleSetRecord, version: i64) -> State {
    let replaced = record.version.is_some_and(|own| own < version);
    match record.state {
        Stands::Waiting if record.based_on != version => {
            State::new(Face::Warn, "限额已另有改动", "the limits have changed since")
        }
        Stands::Waiting => State::new(Face::Info, "等待第二人", "waits for a second person"),
        Stands::Unconfirmed if replaced => {
            State::new(Face::Warn, "已被替换，未确认", "replaced, never confirmed")
        }
        Stands::Unconfirmed => State::new(Face::Warn, "已生效，待确认", "holds, to be confirmed"),
        Stands::InForce if replaced => State::new(Face::Idle, "已被替换", "replaced"),
        Stands::InForce => State::new(Face::Ok, "生效", "in force"),
        Stands::Declined { .. } => State::new(Face::Idle, "已驳回", "declined"),
        Stands::Withdrawn => State::new(Face::Idle, "已撤回", "taken back"),
    }
}

/// `第 3 版`, or that it is a proposal.
pub(super) fn title(record: &RuleSetRecord) -> Both {
    match record.version {
        Some(version) => Both::new(format!("第 {version} 版"), format!("Version {version}")),
        None => Both::new("限额改动申请", "Proposed limits"),
    }
}

/// People by their actor names, looked up once a page.
#[derive(Default)]
pub(in crate::internal::staff) struct People(HashMap<String, String>);

impl People {
    /// The name behind `staff:0901`, or what is written there.
    pub(in crate::internal::staff) async fn name(
        &mut self,
        staff: &Staff,
        actor: &str,
    ) -> Result<String, StaffFailure> {
        if let Some(known) = self.0.get(actor) {
            return Ok(known.clone());
        }
        let record = match actor.strip_prefix("staff:") {
            Some(staff_no) => staff.gateway.store.staff_member(staff_no).await?,
            None => None,
        };
        let name = record.map_or_else(|| actor.to_owned(), |record| record.name);
        self.0.insert(actor.to_owned(), name.clone());
        Ok(name)
    }
}

/// A row of a list. `before`: the rules that it changed.
pub(super) async fn row(
    staff: &Staff,
    people: &mut People,
    record: &RuleSetRecord,
    before: &Rules,
    version: i64,
) -> Result<RuleSetRow, StaffFailure> {
    let asked = people.name(staff, &record.asked_by).await?;
    let asked_at = staff.moment(record.asked_at).full();
    let (mut zh, mut en) = (format!("{asked} {asked_at} 提出"), format!("proposed by {asked} {asked_at}"));
    if let (Some(by), Some(at)) = (&record.decided_by, record.decided_at) {
        let (by, at) = (people.name(staff, by).await?, staff.moment(at).full());
        let word = decided_word(record);
        zh.push_str(&format!("，{by} {at} {}", word.zh));
        en.push_str(&format!(", {} by {by} {at}", word.en));
    }
    Ok(RuleSetRow {
        href: format!("/admin/limits/changes/{}", record.proposal_no),
        title: title(record),
        changes: changes(before, &record.rules),
        who: Both::new(zh, en),
        reason: record.reason.clone(),
        state: stands(record, version),
    })
}

/// What a person did with it.
pub(super) fn decided_word(record: &RuleSetRecord) -> Both {
    match &record.state {
        Stands::Declined { .. } => Both::new("驳回", "declined"),
        Stands::Withdrawn => Both::new("撤回", "taken back"),
        _ if record.in_force_at.is_some() && record.in_force_at != record.decided_at => {
            Both::new("确认", "confirmed")
        }
        _ => Both::new("批准", "approved"),
    }
}

/// Which rules hold, since when.
pub(super) fn in_force(staff: &Staff, in_force: &RulesInForce, since: Option<Timestamp>) -> Both {
    match since {
        None => {
            Both::new("配置文件里的值，还没有改过", "the configuration’s values; nothing was changed yet")
        }
        Some(at) => {
            let (version, at) = (in_force.version, staff.moment(at).full());
            Both::new(format!("第 {version} 版，{at} 起生效"), format!("version {version}, since {at}"))
        }
    }
}

/// A trial as people read it.
pub(super) fn trial(staff: &Staff, report: &TrialReport) -> Trial {
    let yuan = |fen: i64| Fen::new(fen).to_yuan_grouped();
    let at = staff.moment(Timestamp::from_ms(report.at_ms)).full();
    let (payments, sum) = (report.payments, yuan(report.fen));
    let counted = |number: i64, fen: i64| (Both::new(format!("{number} 笔"), number.to_string()), yuan(fen));
    let rows = report.rules.iter().filter_map(|tally| {
        let which = Rule::parse(&tally.rule)?;
        let changed = tally.from != tally.to;
        let says_something = changed || tally.refused_now > 0 || tally.refused_then > 0;
        says_something.then(|| TrialRow {
            what: rule(which),
            change: changed.then(|| (number(which, tally.from), number(which, tally.to))),
            now: counted(tally.refused_now, tally.fen_now),
            then: counted(tally.refused_then, tally.fen_then),
            differs: (tally.refused_now, tally.fen_now) != (tally.refused_then, tally.fen_then),
        })
    });
    let refunds = &report.refunds;
    let refund_rows = || {
        let line = |zh: &str, en: &str, now: (i64, i64), then: (i64, i64)| TrialRow {
            what: Both::new(zh, en),
            change: None,
            now: counted(now.0, now.1),
            then: counted(then.0, then.1),
            differs: now != then,
        };
        let alone = |number: i64| refunds.refunds - number;
        vec![
            line(
                "一人直接退",
                "given by one person",
                (refunds.alone_now, refunds.fen_now),
                (refunds.alone_then, refunds.fen_then),
            ),
            line(
                "要第二人审批",
                "need a second person",
                (alone(refunds.alone_now), refunds.fen - refunds.fen_now),
                (alone(refunds.alone_then), refunds.fen - refunds.fen_then),
            ),
        ]
    };
    let moved = (refunds.alone_now, refunds.fen_now) != (refunds.alone_then, refunds.fen_then);
    let refunds_matter = moved || refunds.changed;
    let mut desk = if refunds_matter { refund_rows() } else { Vec::new() };
    if let Some(tills) = report.tills {
        let (changed, moved) = (tills.from != tills.to, tills.second_now != tills.second_then);
        let shifts =
            |number: i64, fen: i64| (Both::new(format!("{number} 班"), number.to_string()), yuan(fen));
        if changed || moved {
            desk.push(TrialRow {
                what: rule(Rule::TillAlone),
                change: changed
                    .then(|| (number(Rule::TillAlone, tills.from), number(Rule::TillAlone, tills.to))),
                now: shifts(tills.second_now, tills.fen_now),
                then: shifts(tills.second_then, tills.fen_then),
                differs: moved,
            });
        }
    }
    Trial {
        lead: Both::new(
            format!("到 {at} 为止的 7 天，共 {payments} 笔、{sum} 元"),
            format!("the 7 days until {at}: {payments} payments, {sum} yuan"),
        ),
        rows: rows.collect(),
        desk,
        cut: report.cut,
    }
}
