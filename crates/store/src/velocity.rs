//! Who opened what lately, and what a rule refused. Digests only; rows of more than eight days are forgotten.
//!
//! Who opens a payment first takes the turn of its payer and its card, a row of each that is held until the transaction ends: so what is
//! counted behind it cannot become more meanwhile, on any replica.

use crate::errors::Result;
use crate::offer::{reads, writes};
use crate::placeholders::{list, statement};
use crate::rows::Fields;
use crate::{Store, Tx};
use mingfen_domain::rules::{Earlier, TrialPayment, Whose};
use mingfen_domain::{Amount, Fen, Timestamp};
use sqlx::{AnyConnection, Row, query, query_scalar};
use std::collections::HashMap;

/// Somebody whose payments are counted, under every key of the ring: the current one's digest first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VelocitySubject {
    /// Whose.
    pub whose: Whose,
    /// The digests.
    pub indexes: Vec<String>,
}

/// A payment that was refused by a rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RiskEvent {
    /// When.
    pub at: Timestamp,
    /// Which rule, or `blocklist`.
    pub rule: String,
    /// Of which version; 0: of the configuration.
    pub rules_version: i64,
    /// Of whom, as a digest.
    pub subject_index: String,
    /// How much it was.
    pub amount: Amount,
}

/// What a rule refused over some time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RuleRefusals {
    /// Which rule, or `blocklist`.
    pub rule: String,
    /// How often.
    pub times: i64,
}

/// Payments of a time that somebody made who may have come near a rule.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TrialRead {
    /// The oldest first.
    pub payments: Vec<TrialPayment>,
    /// There was more than could be read.
    pub cut: bool,
}

/// So many subjects are asked about in one statement.
const SUBJECTS_AT_ONCE: usize = 200;

reads! {
    /// What was refused from `from` on, by rule.
    risk_refusals(from: Timestamp) -> Vec<RuleRefusals>;
    /// Payments from `from` on: how many, and how much.
    velocity_total(from: Timestamp) -> (i64, Fen);
    /// The same of those above an amount.
    velocity_above(from: Timestamp, amount: Fen) -> (i64, Fen);
}

writes! {
    /// Forgets what is older, at most `limit` rows of each table; answers how many were forgotten.
    purge_velocity(before: Timestamp, limit: i64) -> u64;
}

async fn risk_refusals(connection: &mut AnyConnection, from: Timestamp) -> Result<Vec<RuleRefusals>> {
    let rows = query(
        "SELECT
            rule,
            CAST(SUM(times) AS BIGINT) AS times
        FROM risk_events
        WHERE minute >= $1
        GROUP BY rule
        ORDER BY rule",
    )
    .bind(minute(from))
    .fetch_all(connection)
    .await?;
    rows.iter()
        .map(|row| Ok(RuleRefusals { rule: row.try_get("rule")?, times: row.try_get("times")? }))
        .collect()
}

/// Every payment has a card; so each is counted once.
async fn velocity_total(connection: &mut AnyConnection, from: Timestamp) -> Result<(i64, Fen)> {
    counted(
        connection,
        "SELECT
            COUNT(*) AS number,
            CAST(COALESCE(SUM(amount_fen), 0) AS BIGINT) AS fen
        FROM velocity
        WHERE whose = 'card' AND at_ms >= $1 AND amount_fen > $2",
        from,
        Fen::ZERO,
    )
    .await
}

async fn velocity_above(connection: &mut AnyConnection, from: Timestamp, amount: Fen) -> Result<(i64, Fen)> {
    counted(
        connection,
        "SELECT
            COUNT(*) AS number,
            CAST(COALESCE(SUM(velocity.amount_fen), 0) AS BIGINT) AS fen
        FROM velocity
        JOIN payments ON payments.out_trade_no = velocity.out_trade_no
        WHERE velocity.whose = 'card'
            AND velocity.at_ms >= $1
            AND velocity.amount_fen > $2
            AND COALESCE(payments.state_reason, '') <> 'refused'",
        from,
        amount,
    )
    .await
}

async fn counted(
    connection: &mut AnyConnection,
    sql: &'static str,
    from: Timestamp,
    amount: Fen,
) -> Result<(i64, Fen)> {
    let row = query(sql).bind(from.ms()).bind(amount.get()).fetch_one(connection).await?;
    Ok((row.try_get("number")?, Fen::new(row.try_get("fen")?)))
}

async fn purge_velocity(connection: &mut AnyConnection, before: Timestamp, limit: i64) -> Result<u64> {
    // A bound first, so that one statement never deletes for long: others wait for it.
    let last: Option<i64> = query_scalar(
        "SELECT MAX(at_ms) FROM (SELECT at_ms FROM velocity WHERE at_ms < $1 ORDER BY at_ms LIMIT $2) AS oldest",
    )
    .bind(before.ms())
    .bind(limit)
    .fetch_one(&mut *connection)
    .await?;
    let Some(last) = last else { return Ok(0) };
    let mut gone = 0;
    for sql in [
        "DELETE FROM velocity WHERE at_ms <= $1",
        "DELETE FROM velocity_turns WHERE at_ms <= $1",
        "DELETE FROM risk_events WHERE minute <= ($1 - 7776000000) / 60000",
    ] {
        gone += query(sql).bind(last).execute(&mut *connection).await?.rows_affected();
    }
    Ok(gone)
}

const fn minute(at: Timestamp) -> i64 {
    at.ms().div_euclid(60_000)
}

impl Tx {
    /// Waits until nobody else opens a payment for one of these; then it is this transaction's turn until it ends.
    pub async fn take_turns(&mut self, subjects: &[VelocitySubject], now: Timestamp) -> Result<()> {
        let mut turns: Vec<(&str, &str)> = subjects
            .iter()
            .flat_map(|subject| subject.indexes.iter().map(|index| (subject.whose.as_str(), index.as_str())))
            .collect();
        // In one order, so that no two wait for each other.
        turns.sort_unstable();
        for (whose, index) in turns {
            query(
                "INSERT INTO velocity_turns (whose, subject_index, at_ms)
                VALUES ($1, $2, $3)
                ON CONFLICT (whose, subject_index) DO UPDATE
                SET at_ms = excluded.at_ms",
            )
            .bind(whose)
            .bind(index)
            .bind(now.ms())
            .execute(self.connection())
            .await?;
        }
        Ok(())
    }

    /// What was opened for somebody after `after`, the latest first, at most `limit`. What a provider or HIS refused is not among it; the
    /// money of what nobody paid and nobody can any more is zero.
    pub async fn opened_lately(
        &mut self,
        subject: &VelocitySubject,
        after: Timestamp,
        limit: i64,
    ) -> Result<Vec<Earlier>> {
        let sql = format!(
            "SELECT
                velocity.at_ms,
                CASE payments.state WHEN 'closed' THEN 0 ELSE velocity.amount_fen END AS fen
            FROM velocity
            JOIN payments ON payments.out_trade_no = velocity.out_trade_no
            WHERE velocity.whose = $1
                AND velocity.at_ms > $2
                AND velocity.subject_index IN {}
                AND COALESCE(payments.state_reason, '') <> 'refused'
            ORDER BY velocity.at_ms DESC
            LIMIT $3",
            list(4, subject.indexes.len())
        );
        let mut select = query(statement(sql)).bind(subject.whose.as_str()).bind(after.ms()).bind(limit);
        for index in &subject.indexes {
            select = select.bind(index.as_str());
        }
        let rows = select.fetch_all(self.connection()).await?;
        rows.iter()
            .map(|row| {
                Ok(Earlier {
                    at: Timestamp::from_ms(row.try_get("at_ms")?),
                    money: Fen::new(row.try_get("fen")?),
                })
            })
            .collect()
    }

    /// Counts an order for its payer and its card.
    pub async fn mark_opened(
        &mut self,
        subjects: &[VelocitySubject],
        out_trade_no: &str,
        amount: Amount,
        at: Timestamp,
    ) -> Result<()> {
        for subject in subjects {
            let Some(index) = subject.indexes.first() else { continue };
            query(
                "INSERT INTO velocity (whose, subject_index, at_ms, out_trade_no, amount_fen)
                VALUES ($1, $2, $3, $4, $5)",
            )
            .bind(subject.whose.as_str())
            .bind(index.as_str())
            .bind(at.ms())
            .bind(out_trade_no)
            .bind(amount.get())
            .execute(self.connection())
            .await?;
        }
        Ok(())
    }

    /// Keeps that a rule refused something; says whether it is the first time in this minute.
    pub async fn record_risk_event(&mut self, event: &RiskEvent) -> Result<bool> {
        let times: i64 = query_scalar(
            "INSERT INTO risk_events (event_id, minute, rule, rules_version, subject_index, amount_fen, times)
            VALUES ($1, $2, $3, $4, $5, $6, 1)
            ON CONFLICT (minute, rule, subject_index) DO UPDATE
            SET times = risk_events.times + 1
            RETURNING times",
        )
        .bind(self.fresh_row_id(event.at))
        .bind(minute(event.at))
        .bind(event.rule.as_str())
        .bind(event.rules_version)
        .bind(event.subject_index.as_str())
        .bind(event.amount.get())
        .fetch_one(self.connection())
        .await?;
        Ok(times == 1)
    }
}

impl Store {
    /// Payments from `from` on of whoever opened more than `payments` or more than `sum` since: nobody else can have come near a rule
    /// of these numbers. At most `subjects` people and `limit` payments are read.
    pub async fn velocity_trial(
        &self,
        from: Timestamp,
        bounds: &[(Whose, i64, Fen)],
        subjects: i64,
        limit: usize,
    ) -> Result<TrialRead> {
        let mut read = TrialRead::default();
        let mut payments: HashMap<String, TrialPayment> = HashMap::new();
        for (whose, most_payments, most_sum) in bounds {
            let near = self.near_a_rule(from, *whose, *most_payments, *most_sum, subjects + 1).await?;
            read.cut |= i64::try_from(near.len()).unwrap_or(i64::MAX) > subjects;
            for some in near.chunks(SUBJECTS_AT_ONCE) {
                if payments.len() > limit {
                    read.cut = true;
                    break;
                }
                self.read_trial(from, *whose, some, &mut payments).await?;
            }
        }
        read.payments = payments.into_values().collect();
        read.payments.sort_by(|a, b| (a.at, &a.card, &a.payer).cmp(&(b.at, &b.card, &b.payer)));
        Ok(read)
    }

    async fn near_a_rule(
        &self,
        from: Timestamp,
        whose: Whose,
        payments: i64,
        sum: Fen,
        limit: i64,
    ) -> Result<Vec<String>> {
        let rows = query(
            "SELECT subject_index
            FROM velocity
            WHERE whose = $1 AND at_ms >= $2
            GROUP BY subject_index
            HAVING COUNT(*) > $3 OR SUM(amount_fen) > $4
            ORDER BY COUNT(*) DESC, subject_index
            LIMIT $5",
        )
        .bind(whose.as_str())
        .bind(from.ms())
        .bind(payments)
        .bind(sum.get())
        .bind(limit)
        .fetch_all(self.reader().await?.as_mut())
        .await?;
        rows.iter().map(|row| Ok(row.try_get("subject_index")?)).collect()
    }

    async fn read_trial(
        &self,
        from: Timestamp,
        whose: Whose,
        subjects: &[String],
        payments: &mut HashMap<String, TrialPayment>,
    ) -> Result<()> {
        let sql = format!(
            "SELECT
                velocity.out_trade_no,
                velocity.subject_index,
                velocity.at_ms,
                velocity.amount_fen,
                payments.state
            FROM velocity
            JOIN payments ON payments.out_trade_no = velocity.out_trade_no
            WHERE velocity.whose = $1
                AND velocity.at_ms >= $2
                AND velocity.subject_index IN {}
                AND COALESCE(payments.state_reason, '') <> 'refused'",
            list(3, subjects.len())
        );
        let mut select = query(statement(sql))
            .persistent(subjects.len() == SUBJECTS_AT_ONCE)
            .bind(whose.as_str())
            .bind(from.ms());
        for subject in subjects {
            select = select.bind(subject.as_str());
        }
        for row in select.fetch_all(self.reader().await?.as_mut()).await? {
            let fields = Fields::new("velocity", "out_trade_no", &row)?;
            let payment = TrialPayment {
                at: fields.time("at_ms")?,
                amount: fields.amount("amount_fen")?,
                counts: fields.text("state")? != "closed",
                payer: None,
                card: None,
            };
            let known = payments.entry(fields.text("out_trade_no")?).or_insert(payment);
            let subject = Some(fields.text("subject_index")?);
            match whose {
                Whose::Payer => known.payer = subject,
                Whose::Card => known.card = subject,
            }
        }
        Ok(())
    }
}
