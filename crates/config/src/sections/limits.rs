//! `[limits]`: bounds against mistakes and abuse.

use crate::reader::{Reading, Section};
use mingfen_domain::Fen;
use mingfen_domain::rules::{Rule, Rules, RulesError};
use std::collections::BTreeMap;

/// Bounds.
#[derive(Clone, Debug)]
pub struct LimitSettings {
    /// Requests a minute from one address to the patient pages.
    pub public_per_minute: u32,
    /// Invalid codes within ten minutes from one address.
    pub bad_links: u32,
    /// Queries a minute that unproven notifications may cause.
    pub hinted_queries_per_minute: u32,
    /// Forged notifications a minute from one address that are kept.
    pub unproven_per_minute: u32,
    /// API requests a minute from one address whose signature may be wrong.
    pub failed_signatures_per_minute: u32,
    /// How much may be paid, how often and by whom, until a version of the screens is in force.
    pub rules: Rules,
    /// The largest request body.
    pub max_body_bytes: usize,
}

pub(crate) fn read(reading: &mut Reading<'_>) -> LimitSettings {
    let mut section = reading.section("limits");
    let mut count = |key, least| u32::try_from(section.number(key, least, 1_000_000)).unwrap_or(1);
    let public_per_minute = count("public_per_minute", 1);
    let bad_links = count("bad_links", 1);
    let hinted_queries_per_minute = count("hinted_queries_per_minute", 0);
    let unproven_per_minute = count("unproven_per_minute", 1);
    let failed_signatures_per_minute = count("failed_signatures_per_minute", 1);
    let rules = rules(&mut section);
    let max_body_bytes = section.number("max_body_bytes", 16 * 1024, 16 * 1024 * 1024);
    section.end();
    LimitSettings {
        public_per_minute,
        bad_links,
        hinted_queries_per_minute,
        unproven_per_minute,
        failed_signatures_per_minute,
        rules,
        max_body_bytes: usize::try_from(max_body_bytes).unwrap_or(16 * 1024),
    }
}

/// The setting of a rule.
const fn setting(rule: Rule) -> &'static str {
    match rule {
        Rule::MaxPayment => "max_payment",
        Rule::PayerHourPayments => "payer_hour_payments",
        Rule::PayerHourSum => "payer_hour_sum",
        Rule::PayerDayPayments => "payer_day_payments",
        Rule::PayerDaySum => "payer_day_sum",
        Rule::CardHourPayments => "card_hour_payments",
        Rule::CardHourSum => "card_hour_sum",
        Rule::CardDayPayments => "card_day_payments",
        Rule::CardDaySum => "card_day_sum",
        Rule::RefundAlone => "refund_second_person_above",
        Rule::TillAlone => "till_difference_second_person_above",
    }
}

fn rules(section: &mut Section<'_, '_>) -> Rules {
    let mut numbers = BTreeMap::new();
    for rule in Rule::ALL {
        let number = if rule.counts_payments() {
            Some(section.number(setting(rule), 1, 100_000))
        } else {
            section.parsed(setting(rule), "an amount in yuan such as 100.00", Fen::from_yuan).map(Fen::get)
        };
        numbers.extend(number.map(|number| (rule, number)));
    }
    // What could not be read was said already, and is held against nothing.
    let all_read = numbers.len() == Rule::ALL.len();
    match Rules::new(|rule| numbers.get(&rule).copied().unwrap_or(0)) {
        Ok(rules) => return rules,
        Err(_) if !all_read => {}
        Err(RulesError::OutOfRange { rule, least, most }) => {
            let yuan = |fen| Fen::new(fen).to_yuan();
            let found = numbers.get(&rule).map(|fen| yuan(*fen)).unwrap_or_default();
            section.wrong(
                setting(rule),
                found,
                format!("an amount from {} to {} yuan", yuan(least), yuan(most)),
            );
        }
        Err(RulesError::Above { rule, other }) => {
            let wanted = format!("not more than limits.{}, or nothing could reach it", setting(other));
            let number = numbers.get(&rule).copied().unwrap_or_default();
            let found = if rule.counts_payments() { number.to_string() } else { Fen::new(number).to_yuan() };
            section.wrong(setting(rule), found, wanted);
        }
    }
    // Nothing is started with them.
    Rules::new(|_| 1).expect("ones agree with each other")
}
