//! What goes wrong, and when: rules by call name, drawn by the seed, spent one by one.
//!
//! The engine knows nothing about payments. A party asks at each point where something may go wrong
//! ([`Stage`]) whether a rule applies to this call, and acts on the answer itself; what can be done to any HTTP
//! answer is done in [`crate::wire`].

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use serde::{Deserialize, Serialize};

use crate::random::Random;

/// Whether the call has its effect before the fault strikes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum When {
    /// Nothing happened on this side.
    Before,
    /// It was done; only the answer is lost or wrong.
    After,
}

/// One thing that goes wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Fault {
    /// Answers with this HTTP status and the party's own error body (429, 500, 502 …).
    Status {
        /// The status.
        status: u16,
        /// Before or after the effect.
        when: When,
    },
    /// Says no in the party's own words, to a call that was let in.
    Refusal {
        /// HTTP status, for a party whose refusals have one.
        status: u16,
        /// The party's error code, spelt as the party spells it.
        code: String,
        /// The text beside it.
        message: String,
        /// Before or after the effect.
        when: When,
    },
    /// Closes the connection without an answer.
    Reset {
        /// Before or after the effect.
        when: When,
    },
    /// Never answers, until the client gives up.
    Timeout {
        /// Before or after the effect.
        when: When,
    },
    /// Answers that much later (real time).
    Slow {
        /// Real milliseconds.
        delay_ms: u64,
    },
    /// Announces the whole body, sends half of it and closes the connection.
    Truncated,
    /// Signs the answer with a probe signature (`WECHATPAY/SIGNTEST/…` at WeChat Pay).
    ProbeSignature,
    /// Names a serial in the answer that nobody knows.
    WrongSerial,
    /// Signs the answer with a key of nobody.
    ForgedSignature,
    /// Stamps the answer so many seconds off.
    SkewedTimestamp {
        /// Seconds to add.
        seconds: i64,
    },
    /// Leaves the signature out.
    Unsigned,
    /// The key that signs answers is replaced just before this one is signed (platform certificates at WeChat Pay).
    KeyRotated,
    /// The provider says another amount than was ordered.
    Amount {
        /// Fen to add to the true amount.
        delta_fen: i64,
    },
    /// This notification and all its resends are lost.
    NotifyLost,
    /// The first attempt is lost; the resend comes on schedule.
    NotifyLostOnce,
    /// The first attempt comes later.
    NotifyLate {
        /// Seconds on the virtual clock.
        seconds: i64,
    },
    /// Sent twice within the same moment.
    NotifyDoubled,
    /// Held back until another notification has gone out, at most five minutes.
    NotifyReordered,
    /// Delivered, and the very same bytes once more later.
    NotifyReplayed {
        /// Seconds on the virtual clock.
        seconds: i64,
    },
    /// The first attempt carries this defect; a resend is sound.
    NotifyDefect {
        /// What is wrong with it.
        defect: Defect,
    },
    /// The refund is accepted and then cannot reach the user.
    RefundAbnormal,
    /// The refund is accepted and then fails for good.
    RefundClosed,
    /// The refund stays in process until control completes it.
    RefundStuck,
    /// The refund completes after so many seconds.
    RefundLate {
        /// Seconds on the virtual clock.
        seconds: i64,
    },
    /// The payer's balance does not suffice.
    NoFunds,
    /// A statement is not made yet, however late it is.
    StatementNotMade,
    /// A statement lacks its first row.
    StatementRowMissing,
    /// A statement's first row is cut in the middle.
    StatementRowDamaged,
    /// A statement has a row for an order that nobody made.
    StatementRowExtra,
    /// A statement lacks the rows of some numbers and has those of others twice.
    StatementRows {
        /// Order numbers for payments, refund numbers for refunds.
        missing: Vec<String>,
        /// Likewise.
        doubled: Vec<String>,
    },
    /// A statement's first row says another amount.
    StatementAmount {
        /// Fen to add.
        delta_fen: i64,
    },
    /// A statement keeps the summary of its true rows whatever happens to them, as a file that lost a line on the way does.
    /// Without it the summary agrees with the rows: the provider itself counts wrongly.
    StatementSummaryKept,
    /// A statement's bytes do not match the published hash.
    StatementHash,
    /// A text in a statement's first row holds the separator of columns.
    StatementComma,
    /// A statement has more columns than its document names.
    StatementColumns,
    /// A statement's summary adds up to something else than its rows.
    StatementSummary,
}

/// What can be wrong with the content of a notification. Only the party that signs it can make these.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Defect {
    /// Signed with a key of nobody, under a serial that is known.
    Forged,
    /// Changed after it was signed.
    Tampered,
    /// A probe signature.
    Probe,
    /// A serial that nobody knows.
    WrongSerial,
    /// A genuine signature over a stamp ten minutes old.
    Stale,
    /// Genuine, but says another amount.
    WrongAmount,
    /// Genuine, but names another application.
    WrongApp,
    /// Genuine, but belongs to another merchant.
    OtherMerchant,
}

/// The points at which a party asks for a fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// Around a whole call; handled by [`crate::wire`].
    Wire,
    /// When a call was let in and is about to be carried out.
    Refusal,
    /// When an answer is signed.
    Signature,
    /// When the key for a signature is chosen.
    Rotation,
    /// When an amount is told.
    Amount,
    /// When a notification is queued.
    Notification,
    /// When a refund is accepted.
    Refund,
    /// When a user is charged.
    Charge,
    /// When a statement is asked for.
    Making,
    /// When a statement is made.
    Statement,
    /// When a statement is summed up.
    Summary,
}

/// The call as it is asked about for the statement of a day.
pub(crate) fn of_day(call: &str, day: &str) -> String {
    format!("{call}@{day}")
}

/// How often a statement that suffers [`Fault::StatementRows`] has the row of this number.
pub(crate) fn copies(number: &str, missing: &[String], doubled: &[String]) -> usize {
    let is_in = |numbers: &[String]| numbers.iter().any(|one| one == number);
    if is_in(missing) { 0 } else { 1 + usize::from(is_in(doubled)) }
}

impl Fault {
    /// The point at which this fault can happen.
    pub fn stage(&self) -> Stage {
        match self {
            Fault::Status { .. }
            | Fault::Reset { .. }
            | Fault::Timeout { .. }
            | Fault::Slow { .. }
            | Fault::Truncated => Stage::Wire,
            Fault::Refusal { .. } => Stage::Refusal,
            Fault::ProbeSignature
            | Fault::WrongSerial
            | Fault::ForgedSignature
            | Fault::SkewedTimestamp { .. }
            | Fault::Unsigned => Stage::Signature,
            Fault::KeyRotated => Stage::Rotation,
            Fault::Amount { .. } => Stage::Amount,
            Fault::NotifyLost
            | Fault::NotifyLostOnce
            | Fault::NotifyLate { .. }
            | Fault::NotifyDoubled
            | Fault::NotifyReordered
            | Fault::NotifyReplayed { .. }
            | Fault::NotifyDefect { .. } => Stage::Notification,
            Fault::RefundAbnormal | Fault::RefundClosed | Fault::RefundStuck | Fault::RefundLate { .. } => {
                Stage::Refund
            }
            Fault::NoFunds => Stage::Charge,
            Fault::StatementNotMade => Stage::Making,
            Fault::StatementRowMissing
            | Fault::StatementRowDamaged
            | Fault::StatementRowExtra
            | Fault::StatementRows { .. }
            | Fault::StatementAmount { .. }
            | Fault::StatementHash
            | Fault::StatementComma
            | Fault::StatementColumns
            | Fault::StatementSummary => Stage::Statement,
            Fault::StatementSummaryKept => Stage::Summary,
        }
    }
}

/// When a fault applies.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rule {
    /// A call name (`wechat.refund`), a prefix with a star (`wechat.*`), or `*`. For the statement of one day alone the day
    /// stands behind it: `wechat.tradebill@2026-01-01`.
    pub call: String,
    /// What goes wrong.
    pub fault: Fault,
    /// How often it still happens; absent means always.
    #[serde(default = "once", skip_serializing_if = "Option::is_none")]
    pub times: Option<u32>,
    /// How many matching calls pass unharmed first.
    #[serde(default)]
    pub skip: u32,
    /// Chances in a hundred that it strikes a matching call.
    #[serde(default = "always")]
    pub percent: u32,
}

fn once() -> Option<u32> {
    Some(1)
}

fn always() -> u32 {
    100
}

impl Rule {
    /// Strikes the next matching call, once.
    pub fn next(call: &str, fault: Fault) -> Self {
        Rule { call: call.to_owned(), fault, times: Some(1), skip: 0, percent: 100 }
    }

    /// Strikes every matching call until it is removed.
    pub fn every(call: &str, fault: Fault) -> Self {
        Rule { times: None, ..Rule::next(call, fault) }
    }

    fn matches(&self, call: &str) -> bool {
        match self.call.strip_suffix('*') {
            Some(prefix) => call.starts_with(prefix),
            None => self.call == call || call.split_once('@').is_some_and(|(name, _)| self.call == name),
        }
    }
}

/// A rule with the number under which it can be removed.
#[derive(Debug, Clone, Serialize)]
pub struct Numbered {
    /// Number, unique in this simulator.
    pub id: u64,
    /// The rule as it now stands; `times` and `skip` count down.
    #[serde(flatten)]
    pub rule: Rule,
}

#[derive(Debug, Default)]
struct Plan {
    next_id: u64,
    rules: Vec<Numbered>,
    limits: HashMap<String, u32>,
    /// Call name to (second, calls in it).
    seconds: HashMap<String, (i64, u32)>,
}

/// All rules and rate limits of a simulator.
#[derive(Debug)]
pub struct Faults {
    plan: Mutex<Plan>,
    lots: Random,
}

impl Faults {
    /// No rules; lots are drawn from this seed.
    pub fn new(seed: u64) -> Self {
        Faults { plan: Mutex::default(), lots: Random::new(seed ^ 0xFA17) }
    }

    /// Adds a rule and returns its number. Earlier rules are asked first.
    pub fn add(&self, rule: Rule) -> u64 {
        let mut plan = self.plan.lock().unwrap_or_else(PoisonError::into_inner);
        plan.next_id = plan.next_id.saturating_add(1);
        let id = plan.next_id;
        plan.rules.push(Numbered { id, rule });
        id
    }

    /// Removes one rule; whether it was there.
    pub fn remove(&self, id: u64) -> bool {
        let mut plan = self.plan.lock().unwrap_or_else(PoisonError::into_inner);
        let before = plan.rules.len();
        plan.rules.retain(|numbered| numbered.id != id);
        plan.rules.len() != before
    }

    /// Removes all rules and rate limits.
    pub fn clear(&self) {
        let mut plan = self.plan.lock().unwrap_or_else(PoisonError::into_inner);
        plan.rules.clear();
        plan.limits.clear();
    }

    /// The rules that can still strike.
    pub fn rules(&self) -> Vec<Numbered> {
        self.plan.lock().unwrap_or_else(PoisonError::into_inner).rules.clone()
    }

    /// Allows that many calls of this name in one second of the virtual clock; 0 takes the limit away.
    pub fn limit(&self, call: &str, per_second: u32) {
        let mut plan = self.plan.lock().unwrap_or_else(PoisonError::into_inner);
        if per_second == 0 {
            plan.limits.remove(call);
        } else {
            plan.limits.insert(call.to_owned(), per_second);
        }
    }

    /// The rate limits, by call name.
    pub fn limits(&self) -> Vec<(String, u32)> {
        let plan = self.plan.lock().unwrap_or_else(PoisonError::into_inner);
        let mut limits: Vec<(String, u32)> =
            plan.limits.iter().map(|(call, limit)| (call.clone(), *limit)).collect();
        limits.sort();
        limits
    }

    /// Counts a call; false when it is over its limit.
    pub fn within_limit(&self, call: &str, now_s: i64) -> bool {
        let mut plan = self.plan.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(limit) = plan.limits.get(call).copied() else { return true };
        let (second, count) = plan.seconds.entry(call.to_owned()).or_insert((now_s, 0));
        if *second != now_s {
            (*second, *count) = (now_s, 0);
        }
        *count = count.saturating_add(1);
        *count <= limit
    }

    /// The fault that strikes this call at this point, and one use of its rule spent.
    pub fn take(&self, call: &str, stage: Stage) -> Option<Fault> {
        self.take_if(call, stage, |_| true)
    }

    /// The same among the faults that can be done to this call: a rule is not spent on one to which it does nothing.
    pub fn take_if(&self, call: &str, stage: Stage, possible: impl Fn(&Fault) -> bool) -> Option<Fault> {
        let mut plan = self.plan.lock().unwrap_or_else(PoisonError::into_inner);
        let mut struck = None;
        for numbered in &mut plan.rules {
            let rule = &mut numbered.rule;
            if rule.fault.stage() != stage
                || !rule.matches(call)
                || rule.times == Some(0)
                || !possible(&rule.fault)
            {
                continue;
            }
            if rule.skip > 0 {
                rule.skip -= 1;
                continue;
            }
            if !self.lots.percent(rule.percent) {
                continue;
            }
            rule.times = rule.times.map(|times| times.saturating_sub(1));
            struck = Some(rule.fault.clone());
            break;
        }
        plan.rules.retain(|numbered| numbered.rule.times != Some(0));
        struck
    }

    /// Adds a rule for each kind of harm that a provider may do, each with that many chances in a hundred. Its key changes at most
    /// once in a storm, because making one takes a while.
    ///
    /// Together with a seed this is a storm that repeats itself exactly.
    pub fn storm(&self, provider: &str, percent: u32) {
        let all = format!("{provider}.*");
        let notify = format!("{provider}.notify.*");
        let refund = format!("{provider}.refund");
        let anywhere = [
            Fault::Status { status: 500, when: When::Before },
            Fault::Status { status: 502, when: When::After },
            Fault::Status { status: 429, when: When::Before },
            Fault::Reset { when: When::Before },
            Fault::Reset { when: When::After },
            Fault::Timeout { when: When::Before },
            Fault::Timeout { when: When::After },
            Fault::Slow { delay_ms: 1_500 },
            Fault::Truncated,
            Fault::ProbeSignature,
            Fault::WrongSerial,
            Fault::ForgedSignature,
            Fault::Unsigned,
            Fault::SkewedTimestamp { seconds: -600 },
        ];
        let news = [
            Fault::NotifyLost,
            Fault::NotifyLate { seconds: 600 },
            Fault::NotifyDoubled,
            Fault::NotifyReordered,
            Fault::NotifyReplayed { seconds: 600 },
            Fault::NotifyDefect { defect: Defect::Forged },
            Fault::NotifyDefect { defect: Defect::Tampered },
            Fault::NotifyDefect { defect: Defect::Probe },
            Fault::NotifyDefect { defect: Defect::WrongSerial },
            Fault::NotifyDefect { defect: Defect::Stale },
        ];
        let back = [Fault::RefundLate { seconds: 3_600 }, Fault::RefundAbnormal, Fault::RefundClosed];
        let plan = (anywhere.into_iter().map(|fault| (&all, fault)))
            .chain(news.into_iter().map(|fault| (&notify, fault)))
            .chain(back.into_iter().map(|fault| (&refund, fault)));
        for (call, fault) in plan {
            self.add(Rule { percent, ..Rule::every(call, fault) });
        }
        self.add(Rule { percent, ..Rule::next(&all, Fault::KeyRotated) });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FIVE_HUNDRED: Fault = Fault::Status { status: 500, when: When::Before };

    #[test]
    fn a_rule_for_the_next_call_strikes_once() {
        let faults = Faults::new(1);
        faults.add(Rule::next("wechat.refund", FIVE_HUNDRED));
        assert_eq!(faults.take("wechat.query", Stage::Wire), None);
        assert_eq!(faults.take("wechat.refund", Stage::Signature), None);
        assert_eq!(faults.take("wechat.refund", Stage::Wire), Some(FIVE_HUNDRED));
        assert_eq!(faults.take("wechat.refund", Stage::Wire), None);
    }

    #[test]
    fn a_rule_can_let_calls_pass_first() {
        let faults = Faults::new(1);
        faults.add(Rule { skip: 2, ..Rule::next("wechat.*", FIVE_HUNDRED) });
        let struck: Vec<bool> = (0..4).map(|_| faults.take("wechat.query", Stage::Wire).is_some()).collect();
        assert_eq!(struck, [false, false, true, false]);
    }

    #[test]
    fn a_rule_waits_for_a_call_to_which_it_can_be_done() {
        let faults = Faults::new(1);
        faults.add(Rule::next("alipay.*", Fault::WrongSerial));
        let take = |possible| faults.take_if("alipay.query", Stage::Signature, |_| possible);
        assert_eq!((take(false), take(true), take(true)), (None, Some(Fault::WrongSerial), None));
    }

    #[test]
    fn a_rule_can_be_about_the_statement_of_one_day() {
        let faults = Faults::new(1);
        let any = faults.add(Rule::every("wechat.tradebill", Fault::StatementRowMissing));
        let struck = |day: &str| faults.take(&of_day("wechat.tradebill", day), Stage::Statement).is_some();
        assert!(struck("2026-01-01") && struck("2026-01-02"));
        assert!(faults.remove(any));
        faults.add(Rule::every("wechat.tradebill@2026-01-01", Fault::StatementRowMissing));
        assert!(struck("2026-01-01") && !struck("2026-01-02"));
    }

    #[test]
    fn a_rate_limit_counts_by_the_second() {
        let faults = Faults::new(1);
        faults.limit("wechat.query", 2);
        let within: Vec<bool> =
            [5, 5, 5, 6].iter().map(|second| faults.within_limit("wechat.query", *second)).collect();
        assert_eq!(within, [true, true, false, true]);
    }

    #[test]
    fn a_storm_repeats_itself() {
        let draw = || {
            let faults = Faults::new(42);
            faults.storm("wechat", 10);
            (0..200).map(|_| faults.take("wechat.jsapi", Stage::Wire)).collect::<Vec<_>>()
        };
        assert_eq!(draw(), draw());
        assert!(draw().iter().any(Option::is_some));
    }

    #[test]
    fn a_storm_brings_every_kind_of_harm_to_the_wire() {
        let faults = Faults::new(7);
        faults.storm("wechat", 5);
        let wire: Vec<Fault> = (0..2_000).filter_map(|_| faults.take("wechat.refund", Stage::Wire)).collect();
        for wanted in [
            Fault::Status { status: 429, when: When::Before },
            Fault::Timeout { when: When::Before },
            Fault::Timeout { when: When::After },
            Fault::Slow { delay_ms: 1_500 },
            Fault::Truncated,
        ] {
            assert!(wire.contains(&wanted), "{wanted:?}");
        }
        let rotations = (0..2_000).filter(|_| faults.take("wechat.query", Stage::Rotation).is_some()).count();
        assert_eq!(rotations, 1);
    }

    #[test]
    fn a_rule_reads_from_json_with_defaults() {
        let rule: Rule = serde_json::from_str(
            r#"{"call":"wechat.jsapi","fault":{"kind":"status","status":502,"when":"after"}}"#,
        )
        .expect("a rule");
        assert_eq!(rule, Rule::next("wechat.jsapi", Fault::Status { status: 502, when: When::After }));
    }
}
