//! What a run found: differences and their lines, how each stands now, and which of earlier days it cleared.

use super::{RunRecord, run};
use crate::errors::Result;
use crate::offer::reads;
use crate::placeholders::{list, statement, tuples};
use crate::rows::Fields;
use crate::{Store, Tx};
use mingfen_domain::difference::{Category, Owner, Remedy};
use mingfen_domain::ids::{ChannelId, RunId};
use mingfen_domain::sides::{Kind, Side, State};
use mingfen_domain::{BusinessDay, Fen};
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, query, query_scalar};
use std::collections::BTreeSet;

/// A finding as it was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FindingRecord {
    /// Its place in the run, from 0.
    pub position: i64,
    /// Made of its lines alone.
    pub finding_key: String,
    /// What it is.
    pub category: Category,
    /// Its order number; empty where it is about a whole file.
    pub order_no: String,
    /// Its merchant account, when known.
    pub channel: Option<ChannelId>,
    /// Nobody has to act.
    pub settled: bool,
    /// Its lines are looked for on the next day again.
    pub carries: bool,
    /// All its lines were left over by an earlier day, and it is counted there or still waited for.
    pub carried_in: bool,
    /// The earliest day of its lines.
    pub since_day: BusinessDay,
    /// Until when somebody has to act.
    pub deadline: Option<BusinessDay>,
    /// What each side has, payments less refunds, in the order of [`Side::ALL`]; `None`: nothing at all.
    pub sums: [Option<Fen>; 3],
    /// Why, as the reconciliation's word.
    pub cause: String,
    /// Whether the cause is proven.
    pub certain: bool,
    /// What shows it, a line each.
    pub evidence: String,
    /// Who has to act first.
    pub owner: Owner,
    /// What may be ordered, the most advisable first.
    pub remedies: Vec<Remedy>,
    /// Its lines.
    pub lines: Vec<FindingLineRecord>,
}

/// A line of a finding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FindingLineRecord {
    /// Whose books.
    pub side: Side,
    /// In or back.
    pub kind: Kind,
    /// Its refund number.
    pub refund_no: String,
    /// How much.
    pub amount: Fen,
    /// On which day.
    pub day: BusinessDay,
    /// What became of it there.
    pub state: State,
    /// The merchant account as the side says it.
    pub account: String,
    /// It was left over by an earlier day.
    pub carried: bool,
    /// What insurance bore beside it, where the side says.
    pub insurance: Option<Fen>,
    /// Whether it is a deposit, where the side says.
    pub deposit: Option<bool>,
    /// In which input of the run, from 0.
    pub input: i64,
    /// On which line of it, from 1.
    pub file_line: i64,
    /// The provider's number there.
    pub provider_no: String,
    /// The time as it is written there.
    pub at_text: String,
}

/// What somebody has still to act on, of one day and owner.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenDifferences {
    /// The day on which its oldest line happened.
    pub since: BusinessDay,
    /// It is past its deadline.
    pub overdue: bool,
    /// Who has to act first.
    pub owner: Owner,
    /// Differences.
    pub number: i64,
    /// By how much the sides differ, added up.
    pub fen: Fen,
}

/// How a difference stands now, by what was ordered for it and what later days brought.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Standing {
    /// There was nothing to do.
    Settled,
    /// Somebody has to act.
    Open,
    /// A remedy waits for a second person.
    Waiting,
    /// It is waited for on a later day.
    Carried,
    /// A remedy has settled it.
    Resolved,
    /// A later day has settled it.
    Cleared,
    /// It became part of another difference on a later day.
    Moved,
}

impl Standing {
    /// All of them.
    pub const ALL: [Self; 7] =
        [Self::Settled, Self::Open, Self::Waiting, Self::Carried, Self::Resolved, Self::Cleared, Self::Moved];

    /// The word in filters and JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Settled => "settled",
            Self::Open => "open",
            Self::Waiting => "waiting",
            Self::Carried => "carried",
            Self::Resolved => "resolved",
            Self::Cleared => "cleared",
            Self::Moved => "moved",
        }
    }

    /// What staff call it.
    pub const fn chinese(self) -> &'static str {
        match self {
            Self::Settled => "无需处理",
            Self::Open => "待处理",
            Self::Waiting => "待复核",
            Self::Carried => "已结转",
            Self::Resolved => "已处理",
            Self::Cleared => "次日已平",
            Self::Moved => "并入他项",
        }
    }

    /// Reads the word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|standing| standing.as_str() == word)
    }
}

/// Which findings are asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FindingFilter {
    /// Only of this category.
    pub category: Option<Category>,
    /// Only with this standing.
    pub standing: Option<Standing>,
    /// Only of this channel.
    pub channel: Option<ChannelId>,
    /// Only those of the day itself (`false`) or carried into it (`true`).
    pub carried_in: Option<bool>,
    /// Only where a person may have to act at all.
    pub unsettled: bool,
}

/// Findings are written so many at a time: no statement has more values than SQLite takes, and no transaction keeps payments waiting.
const FINDINGS_AT_ONCE: usize = 200;
/// Lines are written so many at a time. A statement is prepared once, for SQLite looks each `$1` of it up among all those before it.
const LINES_AT_ONCE: usize = 100;
const FINDING_COLUMNS: usize = 21;
const LINE_COLUMNS: usize = 17;
/// Both engines take more than this many values in a statement.
const VALUES_AT_ONCE: usize = 15_000;

/// When what has no deadline is due: after everything else.
pub(super) const NEVER_DUE: &str = "9999-12-31";

/// How a finding `f` of the run `r` stands. The order is the order of precedence.
macro_rules! standing {
    () => {
        "CASE
            WHEN f.settled = 1 THEN 'settled'
            WHEN EXISTS (
                SELECT 1 FROM remedies
                WHERE
                    remedies.finding_key = f.finding_key
                    AND remedies.state = 'done'
                    AND remedies.remedy IN ('mark_foreign', 'book_to_suspense', 'write_off')
            ) THEN 'resolved'
            WHEN EXISTS (
                SELECT 1 FROM run_clearings
                JOIN runs AS later ON later.run_id = run_clearings.run_id
                WHERE
                    run_clearings.finding_key = f.finding_key
                    AND run_clearings.settled = 1
                    AND later.state = 'current'
                    AND later.scope = r.scope
                    AND later.day > r.day
            ) THEN 'cleared'
            WHEN EXISTS (
                SELECT 1 FROM run_clearings
                JOIN runs AS later ON later.run_id = run_clearings.run_id
                WHERE
                    run_clearings.finding_key = f.finding_key
                    AND run_clearings.settled = 0
                    AND later.state = 'current'
                    AND later.scope = r.scope
                    AND later.day > r.day
            ) THEN 'moved'
            WHEN EXISTS (
                SELECT 1 FROM remedies
                WHERE remedies.finding_key = f.finding_key AND remedies.state = 'waiting'
            ) THEN 'waiting'
            WHEN f.category = 'cross_day' OR EXISTS (
                SELECT 1 FROM remedies
                WHERE
                    remedies.finding_key = f.finding_key
                    AND remedies.state = 'done'
                    AND remedies.remedy IN ('carry', 'write_back_now', 'refund')
            ) THEN 'carried'
            ELSE 'open'
        END"
    };
}
pub(super) use standing;

reads! {
    /// At most `limit` findings behind `after` (-1: from the first), in their order, with how each stands.
    findings_of_run(run_id: &RunId, filter: &FindingFilter, after: i64, limit: i64) -> Vec<(FindingRecord, Standing)>;
    /// How many findings of a run stand how, those that were carried into it left out.
    standings_of_run(run_id: &RunId) -> Vec<(Standing, i64)>;
    /// How many findings of each category somebody has still to act on, those that were carried into the run left out; in the order of
    /// the categories.
    open_of_run(run_id: &RunId) -> Vec<(Category, i64)>;
    /// How many findings of each category a run has, in the order of the categories.
    finding_counts(run_id: &RunId) -> Vec<(Category, i64)>;
    /// At most `limit` findings of a run, behind `after`, that the other run does not have: no difference of the same lines that is
    /// called the same.
    findings_only_in(run_id: &RunId, other: &RunId, after: i64, limit: i64) -> Vec<(FindingRecord, Standing)>;
    /// One finding of a run.
    finding(run_id: &RunId, finding_key: &str) -> Option<(FindingRecord, Standing)>;
    /// Those of some differences, by their keys, that a current run of an earlier day has as something to act on: waiting is none.
    counted_before(day: BusinessDay, scope: &str, keys: &[&str]) -> BTreeSet<String>;
    /// Every finding of an order number in the runs that are current, the earliest day first.
    findings_of_order(order_no: &str) -> Vec<(RunRecord, FindingRecord, Standing)>;
    /// How many differences that nobody has settled are past their deadline, by the day of the current run that counts them.
    overdue_findings(today: BusinessDay) -> Vec<(BusinessDay, i64)>;
    /// What nobody has settled, of the days as they are counted now: by the day since when, by owner and whether it is overdue, the
    /// oldest first.
    open_differences(today: BusinessDay) -> Vec<OpenDifferences>;
}

impl Store {
    /// Writes a part of a run's findings, in a transaction of its own.
    pub async fn insert_findings(&self, run_id: &RunId, findings: &[FindingRecord]) -> Result<()> {
        for some in findings.chunks(FINDINGS_AT_ONCE) {
            let mut tx = self.begin().await?;
            tx.insert_some_findings(run_id, some).await?;
            tx.commit().await?;
        }
        Ok(())
    }
}

impl Tx {
    /// Keeps what became of differences of earlier days.
    pub async fn insert_run_clearings(&mut self, run_id: &RunId, cleared: &[(String, bool)]) -> Result<()> {
        for some in cleared.chunks(VALUES_AT_ONCE / 3) {
            let sql = format!(
                "INSERT INTO run_clearings (
                    run_id,
                    finding_key,
                    settled
                )
                VALUES {}",
                tuples(some.len(), 3)
            );
            let mut insert = query(statement(sql)).persistent(false);
            for (finding_key, settled) in some {
                insert = insert.bind(run_id.as_str()).bind(finding_key.as_str()).bind(i64::from(*settled));
            }
            insert.execute(self.connection()).await?;
        }
        Ok(())
    }

    async fn insert_some_findings(&mut self, run_id: &RunId, findings: &[FindingRecord]) -> Result<()> {
        let sql = format!(
            "INSERT INTO run_findings (
                run_id,
                position,
                finding_key,
                category,
                order_no,
                channel_id,
                settled,
                carries,
                carried_in,
                since_day,
                deadline,
                channel_fen,
                gateway_fen,
                his_fen,
                cause,
                certain,
                evidence,
                owner,
                remedies,
                pending,
                due
            )
            VALUES {}",
            tuples(findings.len(), FINDING_COLUMNS)
        );
        let mut insert = query(statement(sql)).persistent(findings.len() == FINDINGS_AT_ONCE);
        for finding in findings {
            let remedies: Vec<&str> = finding.remedies.iter().map(|remedy| remedy.as_str()).collect();
            insert = insert
                .bind(run_id.as_str())
                .bind(finding.position)
                .bind(finding.finding_key.as_str())
                .bind(finding.category.as_str())
                .bind(finding.order_no.as_str())
                .bind(finding.channel.as_ref().map(ChannelId::as_str))
                .bind(i64::from(finding.settled))
                .bind(i64::from(finding.carries))
                .bind(i64::from(finding.carried_in))
                .bind(finding.since_day.to_string())
                .bind(finding.deadline.map(|day| day.to_string()))
                .bind(finding.sums[0].map(Fen::get))
                .bind(finding.sums[1].map(Fen::get))
                .bind(finding.sums[2].map(Fen::get))
                .bind(finding.cause.as_str())
                .bind(i64::from(finding.certain))
                .bind(finding.evidence.as_str())
                .bind(finding.owner.as_str())
                .bind(remedies.join(" "))
                .bind(i64::from(!finding.settled && !finding.carried_in))
                .bind(finding.deadline.map_or_else(|| NEVER_DUE.to_owned(), |day| day.to_string()));
        }
        insert.execute(self.connection()).await?;
        let lines: Vec<(i64, i64, &FindingLineRecord)> = findings
            .iter()
            .flat_map(|finding| {
                (0_i64..).zip(&finding.lines).map(move |(line, there)| (finding.position, line, there))
            })
            .collect();
        for some in lines.chunks(LINES_AT_ONCE) {
            self.insert_some_lines(run_id, some).await?;
        }
        Ok(())
    }

    async fn insert_some_lines(
        &mut self,
        run_id: &RunId,
        lines: &[(i64, i64, &FindingLineRecord)],
    ) -> Result<()> {
        let sql = format!(
            "INSERT INTO run_finding_lines (
                run_id,
                position,
                line,
                side,
                kind,
                refund_no,
                amount_fen,
                day,
                state,
                account,
                carried,
                input,
                file_line,
                provider_no,
                at_text,
                insurance_fen,
                deposit
            )
            VALUES {}",
            tuples(lines.len(), LINE_COLUMNS)
        );
        let mut insert = query(statement(sql)).persistent(lines.len() == LINES_AT_ONCE);
        for (position, line, there) in lines {
            insert = insert
                .bind(run_id.as_str())
                .bind(*position)
                .bind(*line)
                .bind(there.side.as_str())
                .bind(there.kind.as_str())
                .bind(there.refund_no.as_str())
                .bind(there.amount.get())
                .bind(there.day.to_string())
                .bind(there.state.as_str())
                .bind(there.account.as_str())
                .bind(i64::from(there.carried))
                .bind(there.input)
                .bind(there.file_line)
                .bind(there.provider_no.as_str())
                .bind(there.at_text.as_str())
                .bind(there.insurance.map(Fen::get))
                .bind(there.deposit.map(i64::from));
        }
        insert.execute(self.connection()).await?;
        Ok(())
    }
}

macro_rules! select_findings {
    ($rest:literal) => {
        concat!(
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
                ",
            standing!(),
            " AS standing
            FROM run_findings AS f
            JOIN runs AS r ON r.run_id = f.run_id
            WHERE r.state <> 'writing' AND ",
            $rest
        )
    };
}

async fn findings_of_run(
    connection: &mut AnyConnection,
    run_id: &RunId,
    filter: &FindingFilter,
    after: i64,
    limit: i64,
) -> Result<Vec<(FindingRecord, Standing)>> {
    // Only what is asked for stands in the statement: the planner knows what it may use an index for.
    let mut sql = select_findings!("f.run_id = $1 AND f.position > $2").to_owned();
    let mut words = Vec::new();
    for (column, word) in [
        ("f.category", filter.category.map(|category| category.as_str().to_owned())),
        ("f.channel_id", filter.channel.as_ref().map(ToString::to_string)),
    ] {
        if let Some(word) = word {
            words.push(word);
            sql += &format!(" AND {column} = ${}", words.len() + 3);
        }
    }
    match filter.carried_in {
        Some(true) => sql += " AND f.carried_in = 1",
        Some(false) => sql += " AND f.carried_in = 0",
        None => {}
    }
    if filter.unsettled {
        sql += " AND f.settled = 0";
    }
    if let Some(standing) = filter.standing {
        words.push(standing.as_str().to_owned());
        sql = format!(
            "SELECT * FROM ({sql}) AS found WHERE standing = ${} ORDER BY position LIMIT $3",
            words.len() + 3
        );
    } else {
        sql += " ORDER BY f.position LIMIT $3";
    }
    let mut select = query(statement(sql)).bind(run_id.as_str()).bind(after).bind(limit);
    for word in words {
        select = select.bind(word);
    }
    let rows = select.fetch_all(&mut *connection).await?;
    let mut found = rows.iter().map(rebuild_finding).collect::<Result<Vec<_>>>()?;
    if let (Some(first), Some(last)) = (found.first(), found.last()) {
        let bounds = (first.0.position, last.0.position);
        let mut lines = lines_between(connection, run_id, bounds).await?.into_iter().peekable();
        for (finding, _) in &mut found {
            // Lines of findings that the filter leaves out are stepped over.
            while lines.peek().is_some_and(|(position, _)| *position < finding.position) {
                lines.next();
            }
            while let Some((_, line)) = lines.next_if(|(position, _)| *position == finding.position) {
                finding.lines.push(line);
            }
        }
    }
    Ok(found)
}

async fn standings_of_run(connection: &mut AnyConnection, run_id: &RunId) -> Result<Vec<(Standing, i64)>> {
    let rows = query(concat!(
        "SELECT standing, COUNT(*) AS number FROM (SELECT ",
        standing!(),
        " AS standing
        FROM run_findings AS f
        JOIN runs AS r ON r.run_id = f.run_id
        WHERE f.run_id = $1 AND f.carried_in = 0
        ) AS found
        GROUP BY standing
        ORDER BY standing"
    ))
    .bind(run_id.as_str())
    .fetch_all(connection)
    .await?;
    rows.iter()
        .map(|row| {
            let fields = Fields::new("run_findings", "standing", row)?;
            Ok((fields.word("standing", Standing::parse)?, fields.number("number")?))
        })
        .collect()
}

pub(super) async fn open_of_run(
    connection: &mut AnyConnection,
    run_id: &RunId,
) -> Result<Vec<(Category, i64)>> {
    let rows = query(concat!(
        "SELECT category, COUNT(*) AS number FROM (SELECT f.category, ",
        standing!(),
        " AS standing
        FROM run_findings AS f
        JOIN runs AS r ON r.run_id = f.run_id
        WHERE f.run_id = $1 AND f.carried_in = 0
        ) AS found
        WHERE standing IN ('open', 'waiting')
        GROUP BY category"
    ))
    .bind(run_id.as_str())
    .fetch_all(connection)
    .await?;
    counts_of(&rows)
}

async fn finding_counts(connection: &mut AnyConnection, run_id: &RunId) -> Result<Vec<(Category, i64)>> {
    let rows = query(
        "SELECT category, COUNT(*) AS number
        FROM run_findings
        WHERE run_id = $1
        GROUP BY category",
    )
    .bind(run_id.as_str())
    .fetch_all(connection)
    .await?;
    counts_of(&rows)
}

fn counts_of(rows: &[AnyRow]) -> Result<Vec<(Category, i64)>> {
    let mut counts = rows
        .iter()
        .map(|row| {
            let fields = Fields::new("run_findings", "category", row)?;
            Ok((fields.word("category", Category::parse)?, fields.number("number")?))
        })
        .collect::<Result<Vec<_>>>()?;
    counts.sort_unstable();
    Ok(counts)
}

async fn findings_only_in(
    connection: &mut AnyConnection,
    run_id: &RunId,
    other: &RunId,
    after: i64,
    limit: i64,
) -> Result<Vec<(FindingRecord, Standing)>> {
    let rows = query(select_findings!(
        "f.run_id = $1
            AND f.position > $3
            AND NOT EXISTS (
                SELECT 1
                FROM run_findings AS there
                WHERE
                    there.run_id = $2
                    AND there.finding_key = f.finding_key
                    AND there.category = f.category
            )
        ORDER BY f.position
        LIMIT $4"
    ))
    .bind(run_id.as_str())
    .bind(other.as_str())
    .bind(after)
    .bind(limit)
    .fetch_all(&mut *connection)
    .await?;
    rows.iter().map(rebuild_finding).collect()
}

async fn finding(
    connection: &mut AnyConnection,
    run_id: &RunId,
    finding_key: &str,
) -> Result<Option<(FindingRecord, Standing)>> {
    let row = query(select_findings!("f.run_id = $1 AND f.finding_key = $2 ORDER BY f.position LIMIT 1"))
        .bind(run_id.as_str())
        .bind(finding_key)
        .fetch_optional(&mut *connection)
        .await?;
    let Some(row) = row else { return Ok(None) };
    let (mut finding, standing) = rebuild_finding(&row)?;
    let bounds = (finding.position, finding.position);
    finding.lines =
        lines_between(connection, run_id, bounds).await?.into_iter().map(|(_, line)| line).collect();
    Ok(Some((finding, standing)))
}

async fn counted_before(
    connection: &mut AnyConnection,
    day: BusinessDay,
    scope: &str,
    keys: &[&str],
) -> Result<BTreeSet<String>> {
    let mut counted = BTreeSet::new();
    for some in keys.chunks(VALUES_AT_ONCE) {
        let sql = format!(
            "SELECT f.finding_key
            FROM run_findings AS f
            JOIN runs AS r ON r.run_id = f.run_id
            WHERE
                r.state = 'current'
                AND r.scope = $1
                AND r.day < $2
                AND f.settled = 0
                AND f.category <> 'cross_day'
                AND f.finding_key IN {}",
            list(3, some.len())
        );
        let mut select = query_scalar(statement(sql)).persistent(false).bind(scope).bind(day.to_string());
        for key in some {
            select = select.bind(*key);
        }
        counted.extend(select.fetch_all(&mut *connection).await?);
    }
    Ok(counted)
}

async fn findings_of_order(
    connection: &mut AnyConnection,
    order_no: &str,
) -> Result<Vec<(RunRecord, FindingRecord, Standing)>> {
    let rows = query(select_findings!("f.order_no = $1 AND r.state = 'current' ORDER BY r.day, f.position"))
        .bind(order_no)
        .fetch_all(&mut *connection)
        .await?;
    let mut found = Vec::with_capacity(rows.len());
    for row in &rows {
        let (mut finding, standing) = rebuild_finding(row)?;
        let run_id = Fields::new("run_findings", "run_id", row)?.id("run_id", RunId::parse)?;
        let bounds = (finding.position, finding.position);
        let lines = lines_between(connection, &run_id, bounds).await?;
        finding.lines = lines.into_iter().map(|(_, line)| line).collect();
        if let Some(run) = run(connection, &run_id).await? {
            found.push((run, finding, standing));
        }
    }
    Ok(found)
}

async fn lines_between(
    connection: &mut AnyConnection,
    run_id: &RunId,
    (first, last): (i64, i64),
) -> Result<Vec<(i64, FindingLineRecord)>> {
    let rows = query(
        "SELECT
            run_id,
            position,
            side,
            kind,
            refund_no,
            amount_fen,
            day,
            state,
            account,
            carried,
            input,
            file_line,
            provider_no,
            at_text,
            insurance_fen,
            deposit
        FROM run_finding_lines
        WHERE run_id = $1 AND position >= $2 AND position <= $3
        ORDER BY position, line",
    )
    .bind(run_id.as_str())
    .bind(first)
    .bind(last)
    .fetch_all(connection)
    .await?;
    rows.iter()
        .map(|row| {
            let fields = Fields::new("run_finding_lines", "run_id", row)?;
            let line = FindingLineRecord {
                side: fields.word("side", Side::parse)?,
                kind: fields.word("kind", Kind::parse)?,
                refund_no: fields.text("refund_no")?,
                amount: fields.fen("amount_fen")?,
                day: fields.day("day")?,
                state: fields.word("state", State::parse)?,
                account: fields.text("account")?,
                carried: fields.flag("carried")?,
                input: fields.number("input")?,
                file_line: fields.number("file_line")?,
                provider_no: fields.text("provider_no")?,
                at_text: fields.text("at_text")?,
                insurance: fields.optional_number("insurance_fen")?.map(Fen::new),
                deposit: fields.optional_flag("deposit")?,
            };
            Ok((fields.number("position")?, line))
        })
        .collect()
}

/// How far apart the sides of a finding are: the most that one has less the least, nothing being zero.
macro_rules! gap {
    () => {
        "CASE WHEN a >= b AND a >= c THEN a WHEN b >= c THEN b ELSE c END
        - CASE WHEN a <= b AND a <= c THEN a WHEN b <= c THEN b ELSE c END"
    };
}

async fn open_differences(
    connection: &mut AnyConnection,
    today: BusinessDay,
) -> Result<Vec<OpenDifferences>> {
    let rows = query(concat!(
        "SELECT
            since_day,
            owner,
            overdue,
            COUNT(*) AS number,
            CAST(SUM(",
        gap!(),
        ") AS BIGINT) AS fen
        FROM (
            SELECT
                f.since_day,
                f.owner,
                CASE WHEN f.deadline < $1 AND f.category <> 'cross_day' THEN 1 ELSE 0 END AS overdue,
                COALESCE(f.channel_fen, 0) AS a,
                COALESCE(f.gateway_fen, 0) AS b,
                COALESCE(f.his_fen, 0) AS c, ",
        standing!(),
        " AS standing
            FROM runs AS r
            JOIN run_findings AS f ON f.run_id = r.run_id
            WHERE
                r.state = 'current'
                AND r.scope = 'all'
                AND f.carried_in = 0
                AND f.settled = 0
        ) AS found
        WHERE standing IN ('open', 'waiting', 'carried')
        GROUP BY since_day, owner, overdue
        ORDER BY since_day, owner, overdue"
    ))
    .bind(today.to_string())
    .fetch_all(connection)
    .await?;
    rows.iter()
        .map(|row| {
            let fields = Fields::new("run_findings", "since_day", row)?;
            Ok(OpenDifferences {
                since: fields.day("since_day")?,
                overdue: fields.number("overdue")? == 1,
                owner: fields.word("owner", Owner::parse)?,
                number: fields.number("number")?,
                fen: fields.fen("fen")?,
            })
        })
        .collect()
}

async fn overdue_findings(
    connection: &mut AnyConnection,
    today: BusinessDay,
) -> Result<Vec<(BusinessDay, i64)>> {
    // What waits across days is counted by the day on which waiting ends.
    let rows = query(concat!(
        "SELECT day, COUNT(*) AS number FROM (SELECT r.day, ",
        standing!(),
        " AS standing
        FROM run_findings AS f
        JOIN runs AS r ON r.run_id = f.run_id
        WHERE
            r.state = 'current'
            AND f.pending = 1
            AND f.category <> 'cross_day'
            AND f.due < $1
        ) AS found
        WHERE standing IN ('open', 'waiting', 'carried')
        GROUP BY day
        ORDER BY day"
    ))
    .bind(today.to_string())
    .fetch_all(connection)
    .await?;
    rows.iter()
        .map(|row| {
            let fields = Fields::new("run_findings", "day", row)?;
            Ok((fields.day("day")?, fields.number("number")?))
        })
        .collect()
}

/// Without its lines, which are rows of another table.
pub(super) fn rebuild_finding(row: &AnyRow) -> Result<(FindingRecord, Standing)> {
    let fields = Fields::new("run_findings", "finding_key", row)?;
    let sum = |column| Ok::<_, crate::StoreError>(fields.optional_number(column)?.map(Fen::new));
    let remedies = fields.text("remedies")?;
    let remedies = remedies
        .split_whitespace()
        .map(|word| {
            Remedy::parse(word).ok_or_else(|| {
                fields.inconsistent("remedies", format_args!("holds the unknown word {word:?}"))
            })
        })
        .collect::<Result<Vec<_>>>()?;
    let finding = FindingRecord {
        position: fields.number("position")?,
        finding_key: fields.text("finding_key")?,
        category: fields.word("category", Category::parse)?,
        order_no: fields.text("order_no")?,
        channel: fields.optional_id("channel_id", ChannelId::parse)?,
        settled: fields.flag("settled")?,
        carries: fields.flag("carries")?,
        carried_in: fields.flag("carried_in")?,
        since_day: fields.day("since_day")?,
        deadline: fields.optional_day("deadline")?,
        sums: [sum("channel_fen")?, sum("gateway_fen")?, sum("his_fen")?],
        cause: fields.text("cause")?,
        certain: fields.flag("certain")?,
        evidence: fields.text("evidence")?,
        owner: fields.word("owner", Owner::parse)?,
        remedies,
        lines: Vec::new(),
    };
    Ok((finding, fields.word("standing", Standing::parse)?))
}
