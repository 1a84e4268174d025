//! Proposing other limits: the form, its trial on last week, and sending it to a second person.

use super::words;
use crate::http::form::{Form, query_value};
use crate::http::staff::{Staff, StaffAnswer, StaffFailure};
use crate::service::rules::{
    ProposeRefused, RulesInForce, RulesWish, propose_rules, rules_in_force, try_rules,
};
use actix_web::http::StatusCode;
use actix_web::web;
use mingfen_domain::Fen;
use mingfen_domain::ids::ProposalNo;
use mingfen_domain::rules::{Rule, Rules, RulesError};
use mingfen_pages::staff::{Both, Face, LimitChange, LimitField, LimitGroup, State, Tried};
use std::collections::BTreeMap;

/// What was typed, field by field.
struct Typed {
    texts: BTreeMap<Rule, String>,
    numbers: BTreeMap<Rule, i64>,
}

impl Typed {
    /// Reads fields; one that is not there is as it holds.
    fn read(in_force: &RulesInForce, field: impl Fn(&str) -> Option<String>) -> Self {
        let mut typed = Self { texts: BTreeMap::new(), numbers: BTreeMap::new() };
        for rule in Rule::ALL {
            let usual = || words::typed(rule, in_force.rules.get(rule));
            let text: String = field(rule.as_str()).unwrap_or_else(usual).chars().take(16).collect();
            let plain = text.trim().replace(',', "");
            let number = if rule.counts_payments() {
                plain.parse().ok().filter(|number| *number > 0)
            } else {
                Fen::from_yuan(&plain).ok().map(Fen::get).filter(|fen| *fen >= 0)
            };
            typed.numbers.extend(number.map(|number| (rule, number)));
            typed.texts.insert(rule, text);
        }
        typed
    }

    /// The rules, or what is wrong: with a field, or with two of them together.
    fn rules(&self) -> Result<Rules, (Option<Rule>, Both)> {
        if self.numbers.len() < Rule::ALL.len() {
            return Err((None, Both::new("有的数没有写对，请改正", "some numbers are not written right")));
        }
        Rules::new(|rule| self.numbers.get(&rule).copied().unwrap_or_default()).map_err(|error| match error {
            RulesError::OutOfRange { rule, least, most } => {
                let (least, most) = (words::number(rule, least), words::number(rule, most));
                (Some(rule), Both::new(format!("从 {least} 到 {most}"), format!("from {least} to {most}")))
            }
            RulesError::Above { rule, other } => {
                let (rule_words, other) = (words::rule(rule), words::rule(other));
                let words = Both::new(
                    format!("“{}”不能大于“{}”，否则永远达不到", rule_words.zh, other.zh),
                    format!(
                        "“{}” must not be above “{}”, or nothing could reach it",
                        rule_words.en, other.en
                    ),
                );
                (Some(rule), words)
            }
        })
    }
}

fn groups(in_force: &RulesInForce, typed: &Typed, wrong: Option<&(Option<Rule>, Both)>) -> Vec<LimitGroup> {
    let field = |rule: Rule, zh: &str, en: &str| {
        let holds = words::number(rule, in_force.rules.get(rule));
        let number = typed.numbers.get(&rule);
        let unreadable = number.is_none().then(|| {
            if rule.counts_payments() {
                Both::new("写成大于 0 的整数", "a whole number above 0")
            } else {
                Both::new("金额写成 100.00 这样", "an amount is written 100.00")
            }
        });
        let own = wrong.filter(|(of, _)| *of == Some(rule)).map(|(_, words)| words.clone());
        LimitField {
            key: rule.as_str(),
            label: Both::new(zh, en),
            value: typed.texts.get(&rule).cloned().unwrap_or_default(),
            now: Both::new(format!("现在 {holds}"), format!("now {holds}")),
            counts: rule.counts_payments(),
            changed: number.is_some_and(|number| *number != in_force.rules.get(rule)),
            trouble: unreadable.or(own),
        }
    };
    let people = |rules: [Rule; 4]| {
        let [hour_payments, hour_sum, day_payments, day_sum] = rules;
        vec![
            field(hour_payments, "每小时笔数", "orders an hour"),
            field(hour_sum, "每小时金额，元", "yuan an hour"),
            field(day_payments, "每天笔数", "orders a day"),
            field(day_sum, "每天金额，元", "yuan a day"),
        ]
    };
    vec![
        LimitGroup {
            title: Both::new("单笔支付", "A single payment"),
            above: words::above(Rule::MaxPayment),
            fields: vec![field(Rule::MaxPayment, "最多，元", "at most, yuan")],
        },
        LimitGroup {
            title: Both::new("同一付款人（微信、支付宝里）", "One payer (inside WeChat, Alipay)"),
            above: words::above(Rule::PayerHourSum),
            fields: people([
                Rule::PayerHourPayments,
                Rule::PayerHourSum,
                Rule::PayerDayPayments,
                Rule::PayerDaySum,
            ]),
        },
        LimitGroup {
            title: Both::new("同一就诊卡", "One card"),
            above: words::above(Rule::CardHourSum),
            fields: people([
                Rule::CardHourPayments,
                Rule::CardHourSum,
                Rule::CardDayPayments,
                Rule::CardDaySum,
            ]),
        },
        LimitGroup {
            title: Both::new("窗口退费", "Refunds at the desk"),
            above: words::above(Rule::RefundAlone),
            fields: vec![field(
                Rule::RefundAlone,
                "同一笔支付一人最多退，元",
                "one person may give back of a payment, yuan",
            )],
        },
        LimitGroup {
            title: Both::new("交款日结", "Closing a shift"),
            above: words::above(Rule::TillAlone),
            fields: vec![field(
                Rule::TillAlone,
                "收费员一人结班，差额最多，元",
                "over or short when a cashier closes alone, yuan",
            )],
        },
    ]
}

/// The form, and the trial of what was typed in it.
pub(in crate::internal) async fn show(staff: Staff) -> StaffAnswer {
    let in_force = rules_in_force(&staff.gateway).await?;
    let typed = Typed::read(&in_force, |name| query_value(&staff.request, name));
    if staff.query("try").is_none() {
        let view = LimitChange { groups: groups(&in_force, &typed, None), tried: None, trouble: None };
        return Ok(staff.page(&view));
    }
    tried(&staff, StatusCode::OK, &in_force, &typed, None, String::new()).await
}

async fn tried(
    staff: &Staff,
    status: StatusCode,
    in_force: &RulesInForce,
    typed: &Typed,
    trouble: Option<Both>,
    reason: String,
) -> StaffAnswer {
    let wrong = |wrong: (Option<Rule>, Both)| {
        let groups = groups(in_force, typed, Some(&wrong));
        let view = LimitChange { groups, tried: None, trouble: Some(wrong.1) };
        Ok(staff.page_as(StatusCode::BAD_REQUEST, &view))
    };
    let rules = match typed.rules() {
        Ok(rules) => rules,
        Err(why) => return wrong(why),
    };
    if rules == in_force.rules {
        return wrong((
            None,
            Both::new("没有改动：和现在的一样", "nothing is changed: these numbers hold already"),
        ));
    }
    let report = try_rules(&staff.gateway, in_force, &rules).await?;
    let tried = Tried {
        trial: words::trial(staff, &report),
        number: ProposalNo::fresh(staff.gateway.now(), staff.gateway.random.as_ref()).to_string(),
        based_on: in_force.version,
        reason,
        may_hold_at_once: rules.only_tighten(&in_force.rules),
        trouble,
    };
    let view = LimitChange { groups: groups(in_force, typed, None), tried: Some(tried), trouble: None };
    Ok(staff.page_as(status, &view))
}

fn refused_words(refused: &ProposeRefused) -> Both {
    let zh = match refused {
        ProposeRefused::NoReason => "请写明理由，2 至 80 个字",
        ProposeRefused::NoChange => "没有改动：和现在的一样",
        ProposeRefused::Loosens => "有放宽的地方，不能先生效，要等第二人批准",
        ProposeRefused::Changed => "这一页打开后，限额已经另有改动。下面按现在的限额重新试算，请再看一遍",
        ProposeRefused::Trouble(_) => "没有保存，请再试一次",
    };
    Both::new(zh, refused.to_string())
}

/// Sends what was tried to a second person, or lets it hold at once when it only tightens.
pub(in crate::internal) async fn send(staff: Staff, body: web::Bytes) -> StaffAnswer {
    let form: Form = staff.form(&body)?;
    let in_force = rules_in_force(&staff.gateway).await?;
    let typed = Typed::read(&in_force, |name| form.value(name).map(str::to_owned));
    let reason: String = form.value("reason").unwrap_or_default().trim().chars().take(200).collect();
    let Ok(rules) = typed.rules() else {
        return tried(&staff, StatusCode::BAD_REQUEST, &in_force, &typed, None, reason).await;
    };
    let number = form.value("number").and_then(|text| ProposalNo::parse(text).ok());
    let wish = RulesWish {
        proposal_no: number.ok_or(StaffFailure::Stale)?,
        rules,
        based_on: form.value("based_on").and_then(|text| text.parse().ok()).ok_or(StaffFailure::Stale)?,
        reason: reason.clone(),
        at_once: form.value("how") == Some("at_once"),
    };
    match propose_rules(&staff.gateway, &wish, &staff.actor()).await {
        Ok(record) => {
            let said = if record.in_force_at.is_some() {
                State::new(
                    Face::Warn,
                    "已立即收紧；请另一位尽快确认",
                    "It holds at once; another person should confirm it soon",
                )
            } else {
                State::new(
                    Face::Info,
                    "已提交，等第二人批准后生效",
                    "Sent; it takes effect when a second person approves it",
                )
            };
            Ok(staff.say_and_go(&format!("/admin/limits/changes/{}", record.proposal_no), &said))
        }
        Err(ProposeRefused::Trouble(trouble)) => Err(trouble.into()),
        Err(refused) => {
            let status = match refused {
                ProposeRefused::Changed => StatusCode::CONFLICT,
                _ => StatusCode::BAD_REQUEST,
            };
            tried(&staff, status, &in_force, &typed, Some(refused_words(&refused)), reason).await
        }
    }
}
