//! The worklist: differences of all days that somebody may still have to act on, by deadline. `run_findings.pending` is a hint that never
//! leaves one out; how each stands is asked when it is read. So the list costs what is open, however much was ever found.

use super::findings::{FindingRecord, NEVER_DUE, Standing, rebuild_finding, standing};
use super::{ALL_CHANNELS, InputState, RunRecord};
use crate::Tx;
use crate::errors::Result;
use crate::offer::reads;
use crate::placeholders::statement;
use crate::rows::Fields;
use mingfen_domain::difference::{Category, Owner};
use mingfen_domain::ids::{ChannelId, RunId};
use mingfen_domain::{BusinessDay, Fen};
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, query};

/// Whose differences.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum AssignedTo {
    /// Everybody's.
    #[default]
    Anyone,
    /// Those that nobody works on.
    Nobody,
    /// One person's.
    Person(String),
}

/// When they are due.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum DueWhen {
    /// Ever.
    #[default]
    Any,
    /// Before this day.
    Before(BusinessDay),
    /// On this day.
    On(BusinessDay),
}

/// Which part of the worklist is asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PendingFilter {
    /// Only of this run.
    pub run: Option<RunId>,
    /// Only of this channel.
    pub channel: Option<ChannelId>,
    /// Only of this category.
    pub category: Option<Category>,
    /// Only with this standing: open, waiting or carried.
    pub standing: Option<Standing>,
    /// Only where these have to act first.
    pub owner: Option<Owner>,
    /// Only whose.
    pub assigned: AssignedTo,
    /// Only those that are due then.
    pub due: DueWhen,
}

/// A place in the worklist, to go on from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PendingPlace {
    /// The deadline, as it is sorted by.
    pub due: String,
    /// The run.
    pub run_id: RunId,
    /// The place in the run.
    pub position: i64,
}

/// A difference of the worklist.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PendingRecord {
    /// As it was found, without its lines.
    pub finding: FindingRecord,
    /// How it stands.
    pub standing: Standing,
    /// In which run.
    pub run_id: RunId,
    /// Of which day.
    pub day: BusinessDay,
    /// Until when, as found or as a person set it.
    pub due: Option<BusinessDay>,
    /// Who works on it.
    pub assigned_to: Option<String>,
}

impl PendingRecord {
    /// Its place.
    pub fn place(&self) -> PendingPlace {
        PendingPlace {
            due: self.due.map_or_else(|| NEVER_DUE.to_owned(), |day| day.to_string()),
            run_id: self.run_id.clone(),
            position: self.finding.position,
        }
    }
}

/// What a part of the worklist comes to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PendingSums {
    /// How many.
    pub number: i64,
    /// How much money is at stake.
    pub at_stake: Fen,
    /// There are more: counting ended there.
    pub more: bool,
}

/// How many differences of a day and an account stand how.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PendingCount {
    /// The day.
    pub day: BusinessDay,
    /// The account, where it is known.
    pub channel: Option<ChannelId>,
    /// How they stand.
    pub standing: Standing,
    /// They are past their deadline.
    pub overdue: bool,
    /// How many.
    pub number: i64,
}

/// What became of an account's statement on a day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StatementDay {
    /// The day.
    pub day: BusinessDay,
    /// The account.
    pub channel: ChannelId,
    /// What became of it in the current run.
    pub state: InputState,
}

reads! {
    /// At most `limit` differences of the worklist behind `after`, the nearest deadline first.
    pending_findings(filter: &PendingFilter, after: Option<&PendingPlace>, limit: i64) -> Vec<PendingRecord>;
    /// What they come to, counted up to `most` of them.
    pending_sums(filter: &PendingFilter, most: i64) -> PendingSums;
    /// How many stand how, by day and account, from `from` to `until`.
    pending_counts(from: BusinessDay, until: BusinessDay, today: BusinessDay) -> Vec<PendingCount>;
    /// What became of each account's statement on the days from `from` to `until`.
    statement_days(from: BusinessDay, until: BusinessDay) -> Vec<StatementDay>;
}

/// The worklist with everything that it is filtered by. The findings are the outer loop: their partial index is the list.
macro_rules! from_pending {
    () => {
        " FROM run_findings AS f
        CROSS JOIN runs AS r
        LEFT JOIN finding_handling AS h ON h.finding_key = f.finding_key
        WHERE
            f.pending = 1
            AND r.run_id = f.run_id
            AND r.state = 'current'
            AND r.scope = $1"
    };
}

/// A statement with its words: what is asked for stands in it, and nothing else, so that the planner knows what it may use.
struct Asked {
    sql: String,
    words: Vec<String>,
}

impl Asked {
    fn new(select: &str, filter: &PendingFilter) -> Self {
        let mut asked =
            Self { sql: format!("{select}{}", from_pending!()), words: vec![ALL_CHANNELS.to_owned()] };
        let text = |word: &str| word.to_owned();
        asked.and("f.run_id =", filter.run.as_ref().map(|run| text(run.as_str())));
        asked.and("f.channel_id =", filter.channel.as_ref().map(|channel| text(channel.as_str())));
        asked.and("f.category =", filter.category.map(|category| text(category.as_str())));
        asked.and("f.owner =", filter.owner.map(|owner| text(owner.as_str())));
        match &filter.assigned {
            AssignedTo::Anyone => {}
            AssignedTo::Nobody => asked.sql += " AND h.assigned_to IS NULL",
            AssignedTo::Person(person) => asked.and("h.assigned_to =", Some(person.clone())),
        }
        match filter.due {
            DueWhen::Any => {}
            DueWhen::Before(day) => asked.and("f.due <", Some(day.to_string())),
            DueWhen::On(day) => asked.and("f.due =", Some(day.to_string())),
        }
        asked.sql += concat!(" AND ", standing!());
        match filter.standing {
            Some(standing) => asked.and(" =", Some(text(standing.as_str()))),
            None => asked.sql += " IN ('open', 'waiting', 'carried')",
        }
        // What only waits across days is not late.
        if matches!(filter.due, DueWhen::Before(_)) {
            asked.sql += " AND f.category <> 'cross_day'";
        }
        asked
    }

    fn and(&mut self, condition: &str, word: Option<String>) {
        if let Some(word) = word {
            self.words.push(word);
            let and = if condition.starts_with(' ') { "" } else { " AND " };
            self.sql += &format!("{and}{condition} ${}", self.words.len());
        }
    }
}

async fn pending_findings(
    connection: &mut AnyConnection,
    filter: &PendingFilter,
    after: Option<&PendingPlace>,
    limit: i64,
) -> Result<Vec<PendingRecord>> {
    let select = concat!(
        "SELECT
            f.run_id,
            f.position,
            f.finding_key,
            f.category,
            f.order_no,
            f.channel_id,
            f.settled,
            f.carries,
            f.carried_in,
            f.since_day,
            f.deadline,
            f.channel_fen,
            f.gateway_fen,
            f.his_fen,
            f.cause,
            f.certain,
            f.evidence,
            f.owner,
            f.remedies,
            f.due,
            r.day AS run_day,
            h.assigned_to,
            ",
        standing!(),
        " AS standing"
    );
    let Asked { mut sql, words } = Asked::new(select, filter);
    let next = words.len() + 1;
    if after.is_some() {
        let (due, run, position) = (next, next + 1, next + 2);
        sql += &format!(" AND (f.due, f.run_id, f.position) > (${due}, ${run}, ${position})");
    }
    let last = if after.is_some() { next + 3 } else { next };
    sql += &format!(" ORDER BY f.due, f.run_id, f.position LIMIT ${last}");
    let mut select = query(statement(sql));
    for word in words {
        select = select.bind(word);
    }
    if let Some(PendingPlace { due, run_id, position }) = after {
        select = select.bind(due.clone()).bind(run_id.as_str().to_owned()).bind(*position);
    }
    let rows = select.bind(limit).fetch_all(connection).await?;
    rows.iter().map(rebuild).collect()
}

fn rebuild(row: &AnyRow) -> Result<PendingRecord> {
    let (finding, standing) = rebuild_finding(row)?;
    let fields = Fields::new("run_findings", "finding_key", row)?;
    let due = fields.text("due")?;
    Ok(PendingRecord {
        finding,
        standing,
        run_id: fields.id("run_id", RunId::parse)?,
        day: fields.day("run_day")?,
        due: if due == NEVER_DUE { None } else { fields.optional_day("due")? },
        assigned_to: fields.optional_text("assigned_to")?,
    })
}

async fn pending_sums(
    connection: &mut AnyConnection,
    filter: &PendingFilter,
    most: i64,
) -> Result<PendingSums> {
    // What is between channel and HIS; where these agree, between the channel and us.
    let select = "SELECT CASE
            WHEN COALESCE(f.channel_fen, 0) <> COALESCE(f.his_fen, 0)
                THEN ABS(COALESCE(f.channel_fen, 0) - COALESCE(f.his_fen, 0))
            ELSE ABS(COALESCE(f.channel_fen, 0) - COALESCE(f.gateway_fen, 0))
        END AS at_stake";
    let Asked { sql, words } = Asked::new(select, filter);
    let sql = format!(
        "SELECT COUNT(*) AS number, CAST(COALESCE(SUM(at_stake), 0) AS BIGINT) AS at_stake, 'sums' AS name
        FROM ({sql} LIMIT ${}) AS found",
        words.len() + 1
    );
    let mut select = query(statement(sql));
    for word in words {
        select = select.bind(word);
    }
    let row = select.bind(most).fetch_one(connection).await?;
    let fields = Fields::new("run_findings", "name", &row)?;
    let number = fields.number("number")?;
    Ok(PendingSums { number, at_stake: fields.fen("at_stake")?, more: number >= most })
}

async fn pending_counts(
    connection: &mut AnyConnection,
    from: BusinessDay,
    until: BusinessDay,
    today: BusinessDay,
) -> Result<Vec<PendingCount>> {
    let rows = query(concat!(
        "SELECT day, channel_id, standing, overdue, COUNT(*) AS number FROM (SELECT
            r.day,
            f.channel_id,
            CASE WHEN f.due < $4 AND f.category <> 'cross_day' THEN CAST(1 AS BIGINT) ELSE CAST(0 AS BIGINT) END AS overdue,
            ",
        standing!(),
        " AS standing
        FROM runs AS r
        CROSS JOIN run_findings AS f
        WHERE
            r.state = 'current'
            AND r.scope = $1
            AND r.day >= $2
            AND r.day <= $3
            AND f.run_id = r.run_id
            AND f.pending = 1
        ) AS found
        WHERE standing IN ('open', 'waiting', 'carried')
        GROUP BY day, channel_id, standing, overdue
        ORDER BY day"
    ))
    .bind(ALL_CHANNELS)
    .bind(from.to_string())
    .bind(until.to_string())
    .bind(today.to_string())
    .fetch_all(connection)
    .await?;
    rows.iter()
        .map(|row| {
            let fields = Fields::new("run_findings", "day", row)?;
            Ok(PendingCount {
                day: fields.day("day")?,
                channel: fields.optional_id("channel_id", ChannelId::parse)?,
                standing: fields.word("standing", Standing::parse)?,
                overdue: fields.flag("overdue")?,
                number: fields.number("number")?,
            })
        })
        .collect()
}

async fn statement_days(
    connection: &mut AnyConnection,
    from: BusinessDay,
    until: BusinessDay,
) -> Result<Vec<StatementDay>> {
    let rows = query(
        "SELECT r.day, i.channel_id, i.state
        FROM runs AS r
        JOIN run_inputs AS i ON i.run_id = r.run_id
        WHERE
            r.state = 'current'
            AND r.scope = $1
            AND r.day >= $2
            AND r.day <= $3
            AND i.kind = 'statement'
            AND i.channel_id IS NOT NULL
        ORDER BY r.day, i.position",
    )
    .bind(ALL_CHANNELS)
    .bind(from.to_string())
    .bind(until.to_string())
    .fetch_all(connection)
    .await?;
    rows.iter()
        .map(|row| {
            let fields = Fields::new("run_inputs", "day", row)?;
            Ok(StatementDay {
                day: fields.day("day")?,
                channel: fields.id("channel_id", ChannelId::parse)?,
                state: fields.word("state", InputState::parse)?,
            })
        })
        .collect()
}

impl Tx {
    /// Puts the worklist right when a run becomes current: what it supersedes leaves, what that had cleared comes back, what this one
    /// clears leaves, and of its own what is decided already.
    pub(super) async fn keep_pending(&mut self, run: &RunRecord) -> Result<()> {
        let (day, scope) = (run.day.to_string(), run.scope.as_str());
        query(
            "UPDATE run_findings SET pending = 0
            WHERE
                pending = 1
                AND run_id IN (SELECT run_id FROM runs WHERE day = $1 AND scope = $2 AND state = 'superseded')",
        )
        .bind(day.as_str())
        .bind(scope)
        .execute(self.connection())
        .await?;
        query(
            "UPDATE run_findings SET pending = 1
            WHERE
                pending = 0
                AND settled = 0
                AND carried_in = 0
                AND finding_key IN (
                    SELECT run_clearings.finding_key
                    FROM runs
                    JOIN run_clearings ON run_clearings.run_id = runs.run_id
                    WHERE runs.day = $1 AND runs.scope = $2 AND runs.state = 'superseded'
                )
                AND run_id IN (SELECT run_id FROM runs WHERE scope = $2 AND state = 'current' AND day < $1)",
        )
        .bind(day.as_str())
        .bind(scope)
        .execute(self.connection())
        .await?;
        query(
            "UPDATE run_findings SET pending = 0
            WHERE
                pending = 1
                AND finding_key IN (SELECT finding_key FROM run_clearings WHERE run_id = $3)
                AND run_id IN (SELECT run_id FROM runs WHERE scope = $2 AND state = 'current' AND day < $1)",
        )
        .bind(day.as_str())
        .bind(scope)
        .bind(run.run_id.as_str())
        .execute(self.connection())
        .await?;
        query(
            "UPDATE run_findings SET pending = 0
            WHERE
                run_id = $3
                AND pending = 1
                AND (
                    EXISTS (
                        SELECT 1 FROM remedies
                        WHERE
                            remedies.finding_key = run_findings.finding_key
                            AND remedies.state = 'done'
                            AND remedies.remedy IN ('mark_foreign', 'book_to_suspense', 'write_off')
                    )
                    OR EXISTS (
                        SELECT 1 FROM run_clearings
                        JOIN runs AS later ON later.run_id = run_clearings.run_id
                        WHERE
                            run_clearings.finding_key = run_findings.finding_key
                            AND later.state = 'current'
                            AND later.scope = $2
                            AND later.day > $1
                    )
                )",
        )
        .bind(day.as_str())
        .bind(scope)
        .bind(run.run_id.as_str())
        .execute(self.connection())
        .await?;
        query(
            "UPDATE run_findings
            SET due = (SELECT deadline FROM finding_handling WHERE finding_handling.finding_key = run_findings.finding_key)
            WHERE
                run_id = $1
                AND pending = 1
                AND EXISTS (
                    SELECT 1 FROM finding_handling
                    WHERE
                        finding_handling.finding_key = run_findings.finding_key
                        AND finding_handling.deadline IS NOT NULL
                )",
        )
        .bind(run.run_id.as_str())
        .execute(self.connection())
        .await?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Store, StoreSettings};
    use sqlx::Row;

    /// A page costs what it shows, however much was ever found.
    #[tokio::test]
    async fn an_index_leads_to_the_page_and_nothing_is_read_or_sorted_beside_it() {
        sqlx::any::install_default_drivers();
        let directory = tempfile::tempdir().unwrap();
        let url = format!("sqlite://{}?mode=rwc", directory.path().join("store.db").display());
        let store = Store::open(&StoreSettings { url, max_connections: 2 }).await.unwrap();
        store.migrate().await.unwrap();
        let day = BusinessDay::parse("2026-01-01").unwrap();
        for filter in [
            PendingFilter::default(),
            PendingFilter { due: DueWhen::Before(day), ..PendingFilter::default() },
            PendingFilter {
                assigned: AssignedTo::Nobody,
                owner: Some(Owner::It),
                ..PendingFilter::default()
            },
        ] {
            let Asked { sql, words } = Asked::new("SELECT f.position", &filter);
            let sql = format!(
                "EXPLAIN QUERY PLAN {sql} AND (f.due, f.run_id, f.position) > ('', '', 0)
                ORDER BY f.due, f.run_id, f.position LIMIT 51"
            );
            let mut select = query(statement(sql));
            for word in words {
                select = select.bind(word);
            }
            let mut connection = store.reader().await.unwrap();
            let rows = select.fetch_all(connection.as_mut()).await.unwrap();
            let steps: Vec<String> = rows.iter().map(|row| row.try_get("detail").unwrap()).collect();
            assert!(steps[0].contains("USING INDEX run_findings_pending "), "{steps:#?}");
            assert!(
                steps.iter().all(|step| !step.starts_with("SCAN") && !step.contains("TEMP B-TREE")),
                "{steps:#?}"
            );
        }
    }
}
