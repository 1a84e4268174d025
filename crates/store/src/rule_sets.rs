//! Limits and risk rules: every set that was ever proposed, and the versions that took effect. The version is unique: of two that take
//! effect at once one fails, whatever they say.

use crate::Tx;
use crate::engine::locked;
use crate::errors::{Result, exactly_one};
use crate::offer::reads;
use crate::rows::Fields;
use mingfen_domain::Timestamp;
use mingfen_domain::ids::ProposalNo;
use mingfen_domain::proposal::State;
use mingfen_domain::rules::{Rule, Rules};
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, query, query_scalar};

/// A set of rules.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RuleSetRecord {
    /// Its number.
    pub proposal_no: ProposalNo,
    /// Which version it became, once it took effect.
    pub version: Option<i64>,
    /// The version that was in force when it was proposed; 0: those of the configuration.
    pub based_on: i64,
    /// Where it stands.
    pub state: State,
    /// The rules.
    pub rules: Rules,
    /// Why.
    pub reason: String,
    /// What it would have refused last week, as the second person reads it: JSON of the use case.
    pub trial: String,
    /// Who proposed it.
    pub asked_by: String,
    /// When.
    pub asked_at: Timestamp,
    /// Who decided, confirmed or took it back.
    pub decided_by: Option<String>,
    /// When.
    pub decided_at: Option<Timestamp>,
    /// From when it was in force.
    pub in_force_at: Option<Timestamp>,
    /// Compared at every change.
    pub row_version: i64,
}

macro_rules! select_rule_sets {
    ($condition:literal) => {
        concat!(
            "SELECT
                proposal_no,
                version,
                based_on,
                state,
                max_payment_fen,
                payer_hour_payments,
                payer_hour_fen,
                payer_day_payments,
                payer_day_fen,
                card_hour_payments,
                card_hour_fen,
                card_day_payments,
                card_day_fen,
                refund_alone_fen,
                till_alone_fen,
                reason,
                trial,
                why_not,
                asked_by,
                asked_at_ms,
                decided_by,
                decided_at_ms,
                in_force_at_ms,
                row_version
            FROM rule_sets
            WHERE ",
            $condition
        )
    };
}

const fn column(rule: Rule) -> &'static str {
    match rule {
        Rule::MaxPayment => "max_payment_fen",
        Rule::PayerHourPayments => "payer_hour_payments",
        Rule::PayerHourSum => "payer_hour_fen",
        Rule::PayerDayPayments => "payer_day_payments",
        Rule::PayerDaySum => "payer_day_fen",
        Rule::CardHourPayments => "card_hour_payments",
        Rule::CardHourSum => "card_hour_fen",
        Rule::CardDayPayments => "card_day_payments",
        Rule::CardDaySum => "card_day_fen",
        Rule::RefundAlone => "refund_alone_fen",
        Rule::TillAlone => "till_alone_fen",
    }
}

reads! {
    /// The set that is in force; `None`: that of the configuration.
    rules_in_force() -> Option<RuleSetRecord>;
    /// The set of that number.
    rule_set(proposal_no: &ProposalNo) -> Option<RuleSetRecord>;
    /// At most `limit` sets that wait for a second person, the latest first.
    rule_sets_waiting(limit: i64) -> Vec<RuleSetRecord>;
    /// How many wait for a second person.
    rule_sets_waiting_count() -> i64;
    /// At most `limit` versions, the latest first.
    rule_versions(limit: i64) -> Vec<RuleSetRecord>;
}

async fn rules_in_force(connection: &mut AnyConnection) -> Result<Option<RuleSetRecord>> {
    let row = query(select_rule_sets!("version IS NOT NULL ORDER BY version DESC LIMIT 1"))
        .fetch_optional(connection)
        .await?;
    row.as_ref().map(rebuild).transpose()
}

async fn rule_set(connection: &mut AnyConnection, proposal_no: &ProposalNo) -> Result<Option<RuleSetRecord>> {
    let row = query(select_rule_sets!("proposal_no = $1"))
        .bind(proposal_no.as_str())
        .fetch_optional(connection)
        .await?;
    row.as_ref().map(rebuild).transpose()
}

async fn rule_sets_waiting(connection: &mut AnyConnection, limit: i64) -> Result<Vec<RuleSetRecord>> {
    let rows = query(select_rule_sets!(
        "state IN ('waiting', 'unconfirmed') ORDER BY asked_at_ms DESC, proposal_no DESC LIMIT $1"
    ))
    .bind(limit)
    .fetch_all(connection)
    .await?;
    rows.iter().map(rebuild).collect()
}

async fn rule_sets_waiting_count(connection: &mut AnyConnection) -> Result<i64> {
    Ok(query_scalar("SELECT COUNT(*) FROM rule_sets WHERE state IN ('waiting', 'unconfirmed')")
        .fetch_one(connection)
        .await?)
}

async fn rule_versions(connection: &mut AnyConnection, limit: i64) -> Result<Vec<RuleSetRecord>> {
    let rows = query(select_rule_sets!("version IS NOT NULL ORDER BY version DESC LIMIT $1"))
        .bind(limit)
        .fetch_all(connection)
        .await?;
    rows.iter().map(rebuild).collect()
}

impl Tx {
    /// Keeps a new set.
    ///
    /// # Errors
    /// [`UniqueViolation`](crate::StoreError::UniqueViolation) when its version is there already.
    pub async fn insert_rule_set(&mut self, record: &RuleSetRecord) -> Result<()> {
        let mut insert = query(
            "INSERT INTO rule_sets (
                proposal_no,
                version,
                based_on,
                state,
                reason,
                trial,
                asked_by,
                asked_at_ms,
                in_force_at_ms,
                row_version,
                max_payment_fen,
                payer_hour_payments,
                payer_hour_fen,
                payer_day_payments,
                payer_day_fen,
                card_hour_payments,
                card_hour_fen,
                card_day_payments,
                card_day_fen,
                refund_alone_fen,
                till_alone_fen
            )
            VALUES (
                $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21
            )",
        )
        .bind(record.proposal_no.as_str())
        .bind(record.version)
        .bind(record.based_on)
        .bind(record.state.as_str())
        .bind(record.reason.as_str())
        .bind(record.trial.as_str())
        .bind(record.asked_by.as_str())
        .bind(record.asked_at.ms())
        .bind(record.in_force_at.map(Timestamp::ms))
        .bind(record.row_version);
        for rule in Rule::ALL {
            insert = insert.bind(record.rules.get(rule));
        }
        insert.execute(self.connection()).await?;
        Ok(())
    }

    /// The set, held against every other transaction until this one ends.
    pub async fn rule_set_for_update(&mut self, proposal_no: &ProposalNo) -> Result<Option<RuleSetRecord>> {
        let sql = locked!(self.engine(), select_rule_sets!("proposal_no = $1"));
        let row = query(sql).bind(proposal_no.as_str()).fetch_optional(self.connection()).await?;
        row.as_ref().map(rebuild).transpose()
    }

    /// Keeps where the set stands now; its rules never change. `record.row_version` is the one that was read.
    ///
    /// # Errors
    /// [`Stale`](crate::StoreError::Stale) when somebody else moved it since, [`UniqueViolation`](crate::StoreError::UniqueViolation)
    /// when its version is there already.
    pub async fn save_rule_set(&mut self, record: &RuleSetRecord) -> Result<()> {
        let why_not = match &record.state {
            State::Declined { reason } => Some(reason.as_str()),
            State::Waiting | State::Unconfirmed | State::InForce | State::Withdrawn => None,
        };
        let done = query(
            "UPDATE rule_sets
            SET
                state = $1,
                version = $2,
                why_not = $3,
                decided_by = $4,
                decided_at_ms = $5,
                in_force_at_ms = $6,
                row_version = row_version + 1
            WHERE proposal_no = $7 AND row_version = $8",
        )
        .bind(record.state.as_str())
        .bind(record.version)
        .bind(why_not)
        .bind(record.decided_by.as_deref())
        .bind(record.decided_at.map(Timestamp::ms))
        .bind(record.in_force_at.map(Timestamp::ms))
        .bind(record.proposal_no.as_str())
        .bind(record.row_version)
        .execute(self.connection())
        .await?;
        exactly_one(done.rows_affected(), "rule_sets", record.proposal_no.as_str())
    }
}

fn rebuild(row: &AnyRow) -> Result<RuleSetRecord> {
    let fields = Fields::new("rule_sets", "proposal_no", row)?;
    let mut numbers = Vec::with_capacity(Rule::ALL.len());
    for rule in Rule::ALL {
        numbers.push(fields.number(column(rule))?);
    }
    // Numbers that contradict each other let nothing pass: who opens a payment by them is told that we are busy.
    let rules =
        Rules::new(|rule| numbers[rule as usize]).map_err(|error| fields.inconsistent("version", error))?;
    Ok(RuleSetRecord {
        proposal_no: fields.id("proposal_no", ProposalNo::parse)?,
        version: fields.optional_number("version")?,
        based_on: fields.number("based_on")?,
        state: state_of(&fields)?,
        rules,
        reason: fields.text("reason")?,
        trial: fields.text("trial")?,
        asked_by: fields.text("asked_by")?,
        asked_at: fields.time("asked_at_ms")?,
        decided_by: fields.optional_text("decided_by")?,
        decided_at: fields.optional_time("decided_at_ms")?,
        in_force_at: fields.optional_time("in_force_at_ms")?,
        row_version: fields.number("row_version")?,
    })
}

/// The state of a proposal, from its columns `state` and `why_not`.
pub(crate) fn state_of(fields: &Fields<'_>) -> Result<State> {
    match fields.text("state")?.as_str() {
        "waiting" => Ok(State::Waiting),
        "unconfirmed" => Ok(State::Unconfirmed),
        "in_force" => Ok(State::InForce),
        "declined" => {
            Ok(State::Declined { reason: fields.present("why_not", fields.optional_text("why_not")?)? })
        }
        "withdrawn" => Ok(State::Withdrawn),
        other => Err(fields.inconsistent("state", format_args!("holds the unknown word {other:?}"))),
    }
}
