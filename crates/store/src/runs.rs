//! Reconciliation runs: one comparison of one day, its inputs, what it counted and what it found. A run is written piece by piece and
//! becomes visible in one moment; nothing of it is ever changed, but that a later version supersedes it.

use crate::errors::{Result, exactly_one};
use crate::offer::reads;
use crate::placeholders::{statement, tuples};
use crate::rows::Fields;
use crate::{Store, Tx};
use mingfen_domain::difference::{Category, Owner, Remedy};
use mingfen_domain::ids::{ChannelId, RunId, TraceId};
use mingfen_domain::sides::{Kind, Side, State};
use mingfen_domain::{BusinessDay, Fen, Timestamp};
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, query, query_scalar};

/// A run, without what it found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunRecord {
    /// Its number.
    pub run_id: RunId,
    /// Of which day.
    pub day: BusinessDay,
    /// `all`, or the one channel that it was limited to.
    pub scope: String,
    /// From 1; the highest is the current one.
    pub version: i64,
    /// Whether a later one took its place.
    pub superseded: bool,
    /// Who had it made: a person's account or `gateway`.
    pub made_by: String,
    /// When it began.
    pub begun_at: Timestamp,
    /// When it was there.
    pub finished_at: Timestamp,
    /// The settings that decide what is a difference, as a text for people.
    pub rules: String,
    /// SHA-256 over the hashes of all inputs and the rules.
    pub inputs_sha256: String,
    /// SHA-256 over everything that it found: equal results are equal bytes.
    pub result_sha256: String,
    /// How many findings it has.
    pub findings: i64,
    /// How many of them were differences of this very day that somebody has to look at, when it was made.
    pub differences: i64,
    /// Follows it through the logs.
    pub trace: TraceId,
}

/// What became of an input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InputState {
    /// It was read.
    Read,
    /// The provider says that nothing happened.
    Nothing,
    /// It is not there yet.
    NotYet,
    /// It is not in order.
    Refused,
}

impl InputState {
    const ALL: [Self; 4] = [Self::Read, Self::Nothing, Self::NotYet, Self::Refused];

    /// The word that is stored.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Nothing => "nothing",
            Self::NotYet => "not_yet",
            Self::Refused => "refused",
        }
    }

    /// What staff call it.
    pub const fn chinese(self) -> &'static str {
        match self {
            Self::Read => "已读",
            Self::Nothing => "当日无交易",
            Self::NotYet => "未出账",
            Self::Refused => "文件有误",
        }
    }

    fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == word)
    }
}

/// What an input is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InputKind {
    /// A channel's statement.
    Statement,
    /// Our own journal of the day.
    Journal,
    /// HIS's ledger of the day.
    Ledger,
    /// What the run of an earlier day left over.
    Carried,
    /// A channel's movements of balance, for fees and settlement: nothing of it is matched.
    FundFlow,
    /// A bank account's movements, for settlement.
    Bank,
}

impl InputKind {
    const ALL: [Self; 6] =
        [Self::Statement, Self::Journal, Self::Ledger, Self::Carried, Self::FundFlow, Self::Bank];

    /// The word that is stored.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Statement => "statement",
            Self::Journal => "journal",
            Self::Ledger => "ledger",
            Self::Carried => "carried",
            Self::FundFlow => "fund_flow",
            Self::Bank => "bank",
        }
    }

    /// What staff call it.
    pub const fn chinese(self) -> &'static str {
        match self {
            Self::Statement => "渠道对账单",
            Self::Journal => "网关流水",
            Self::Ledger => "HIS 流水",
            Self::Carried => "往日结转",
            Self::FundFlow => "资金账单",
            Self::Bank => "银行流水",
        }
    }

    fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == word)
    }
}

/// An input of a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunInputRecord {
    /// Whose books.
    pub side: Side,
    /// What it is.
    pub kind: InputKind,
    /// Of which channel, where it is one's.
    pub channel: Option<ChannelId>,
    /// What became of it.
    pub state: InputState,
    /// Its name.
    pub name: String,
    /// The layout by which it was read; it is read again by the same.
    pub layout: String,
    /// The kept file, when there is one.
    pub file_sha256: Option<String>,
    /// Lines that took part.
    pub lines: i64,
    /// Sum of payments.
    pub paid: Fen,
    /// Sum of refunds, positive.
    pub refunded: Fen,
    /// Lines that took no part, as the remark says.
    pub left_out: i64,
    /// For people: why it is not there, what was left out.
    pub remark: String,
}

/// Count and money of one side in one category.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RunTallyRecord {
    /// The category.
    pub category: Category,
    /// Whose books.
    pub side: Side,
    /// Lines.
    pub lines: i64,
    /// Sum of payments.
    pub paid: Fen,
    /// Sum of refunds, positive.
    pub refunded: Fen,
}

/// Fees and settlement of a merchant account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunSettlementRecord {
    /// The account.
    pub channel: ChannelId,
    /// The bank account that it is settled to; empty when unknown.
    pub bank_account: String,
    /// Sum of payments.
    pub paid: Fen,
    /// Sum of refunds, positive.
    pub refunded: Fen,
    /// The fee that was charged, in thousandths of a fen.
    pub fee_milli_fen: i64,
    /// The fee by the contracted rate, where one is known.
    pub fee_expected_milli_fen: Option<i64>,
    /// What the fund-flow bill says came in on balance, where there is one.
    pub fund_flow_net: Option<Fen>,
    /// What arrived at the bank, where that is known.
    pub arrived: Option<Fen>,
    /// The settlement's word: `agrees`, `in_transit`, `not_compared`, `differs`.
    pub verdict: String,
    /// For people.
    pub remark_zh: String,
    /// The same in English.
    pub remark_en: String,
}

/// Money on its way to the bank.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PayoutRecord {
    /// To which bank account.
    pub bank_account: String,
    /// From which merchant account.
    pub channel: ChannelId,
    /// When it left.
    pub paid_out: BusinessDay,
    /// When it has to be there.
    pub due: BusinessDay,
    /// How much.
    pub amount: Fen,
}

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
    /// All its lines were left over by an earlier day: it is counted there.
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
    /// In which input of the run, from 0.
    pub input: i64,
    /// On which line of it, from 1.
    pub file_line: i64,
    /// The provider's number there.
    pub provider_no: String,
    /// The time as it is written there.
    pub at_text: String,
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

/// A day's current run in a list of days.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DayRecord {
    /// The run.
    pub run: RunRecord,
    /// Its own differences that are still open or wait for a second person.
    pub open: i64,
    /// Who signed it, if somebody did.
    pub signed_by: Option<String>,
}

/// A signed day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignOffRecord {
    /// The day.
    pub day: BusinessDay,
    /// `all`, or a channel.
    pub scope: String,
    /// The run that was signed.
    pub run_id: RunId,
    /// By whom.
    pub signed_by: String,
    /// When.
    pub signed_at: Timestamp,
    /// Their words.
    pub remark: String,
    /// The number of the last row of the audit chain at that moment.
    pub chain_seq: i64,
    /// Its hash.
    pub chain_hash: String,
}

/// The scope of a run over all channels.
pub const ALL_CHANNELS: &str = "all";

/// Findings are written so many at a time: no statement has more values than SQLite takes, and no transaction keeps payments waiting.
const FINDINGS_AT_ONCE: usize = 200;
const FINDING_COLUMNS: usize = 19;
const LINE_COLUMNS: usize = 15;
/// Both engines take more than this many values in a statement.
const VALUES_AT_ONCE: usize = 15_000;

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

macro_rules! select_runs {
    ($rest:literal) => {
        concat!(
            "SELECT
                r.run_id,
                r.day,
                r.scope,
                r.version,
                r.state,
                r.made_by,
                r.begun_at_ms,
                r.finished_at_ms,
                r.rules,
                r.inputs_sha256,
                r.result_sha256,
                r.findings,
                r.differences,
                r.trace_id
            FROM runs AS r
            WHERE r.state <> 'writing' AND ",
            $rest
        )
    };
}

reads! {
    /// The run of that number.
    run(run_id: &RunId) -> Option<RunRecord>;
    /// The current run of a day.
    current_run(day: BusinessDay, scope: &str) -> Option<RunRecord>;
    /// The current run of the latest day before `day` that has one.
    current_run_before(day: BusinessDay, scope: &str) -> Option<RunRecord>;
    /// Every version of a day, the latest first.
    versions_of_day(day: BusinessDay, scope: &str) -> Vec<RunRecord>;
    /// Days with their current runs, the latest first, at most `limit`, on or before `until`.
    days(scope: &str, until: BusinessDay, limit: i64) -> Vec<DayRecord>;
    /// What a run has read.
    inputs_of_run(run_id: &RunId) -> Vec<RunInputRecord>;
    /// Fees and settlement, in the order of the accounts.
    settlements_of_run(run_id: &RunId) -> Vec<RunSettlementRecord>;
    /// What was on its way to the bank when the day ended.
    payouts_of_run(run_id: &RunId) -> Vec<PayoutRecord>;
    /// How a run divided all lines.
    tallies_of_run(run_id: &RunId) -> Vec<RunTallyRecord>;
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
    /// Every finding of an order number in the runs that are current, the earliest day first.
    findings_of_order(order_no: &str) -> Vec<(RunRecord, FindingRecord, Standing)>;
    /// Differences of current runs whose deadline is over and that nobody has settled.
    overdue_findings(today: BusinessDay) -> i64;
    /// Who signed a day.
    sign_off(day: BusinessDay, scope: &str) -> Option<SignOffRecord>;
}

impl Store {
    /// Throws away what a process that died left half written of a day's runs. Call it while holding the day's lease.
    pub async fn discard_unfinished_runs(&self, day: BusinessDay, scope: &str) -> Result<()> {
        let mut tx = self.begin().await?;
        for table in [
            "run_findings",
            "run_finding_lines",
            "run_inputs",
            "run_settlements",
            "run_payouts",
            "run_tallies",
            "run_clearings",
        ] {
            let sql = format!(
                "DELETE FROM {table}
                WHERE run_id IN (SELECT run_id FROM runs WHERE day = $1 AND scope = $2 AND state = 'writing')"
            );
            query(statement(sql)).bind(day.to_string()).bind(scope).execute(tx.connection()).await?;
        }
        query("DELETE FROM runs WHERE day = $1 AND scope = $2 AND state = 'writing'")
            .bind(day.to_string())
            .bind(scope)
            .execute(tx.connection())
            .await?;
        tx.commit().await
    }

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
    /// Begins to write a run: nobody sees it before [`Tx::publish_run`].
    ///
    /// # Errors
    /// [`StoreError::UniqueViolation`](crate::StoreError::UniqueViolation) when somebody else writes this version of the day.
    pub async fn insert_run(&mut self, run: &RunRecord) -> Result<()> {
        query(
            "INSERT INTO runs (
                run_id,
                day,
                scope,
                version,
                state,
                made_by,
                begun_at_ms,
                finished_at_ms,
                rules,
                inputs_sha256,
                result_sha256,
                findings,
                differences,
                trace_id
            )
            VALUES ($1, $2, $3, $4, 'writing', $5, $6, $7, $8, $9, $10, $11, $12, $13)",
        )
        .bind(run.run_id.as_str())
        .bind(run.day.to_string())
        .bind(run.scope.as_str())
        .bind(run.version)
        .bind(run.made_by.as_str())
        .bind(run.begun_at.ms())
        .bind(run.finished_at.ms())
        .bind(run.rules.as_str())
        .bind(run.inputs_sha256.as_str())
        .bind(run.result_sha256.as_str())
        .bind(run.findings)
        .bind(run.differences)
        .bind(run.trace.as_str())
        .execute(self.connection())
        .await?;
        Ok(())
    }

    /// Makes a written run the current one of its day and supersedes the one before, in one moment.
    ///
    /// # Errors
    /// [`StoreError::Stale`](crate::StoreError::Stale) when it is not being written any more.
    pub async fn publish_run(&mut self, run: &RunRecord) -> Result<()> {
        query("UPDATE runs SET state = 'superseded' WHERE day = $1 AND scope = $2 AND state = 'current'")
            .bind(run.day.to_string())
            .bind(run.scope.as_str())
            .execute(self.connection())
            .await?;
        let done = query("UPDATE runs SET state = 'current' WHERE run_id = $1 AND state = 'writing'")
            .bind(run.run_id.as_str())
            .execute(self.connection())
            .await?;
        exactly_one(done.rows_affected(), "runs", run.run_id.as_str())
    }

    /// Keeps what a run has read.
    pub async fn insert_run_inputs(&mut self, run_id: &RunId, inputs: &[RunInputRecord]) -> Result<()> {
        for (position, input) in (0_i64..).zip(inputs) {
            query(
                "INSERT INTO run_inputs (
                    run_id,
                    position,
                    side,
                    kind,
                    channel_id,
                    state,
                    name,
                    layout,
                    file_sha256,
                    lines,
                    paid_fen,
                    refunded_fen,
                    left_out,
                    remark
                )
                VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)",
            )
            .bind(run_id.as_str())
            .bind(position)
            .bind(input.side.as_str())
            .bind(input.kind.as_str())
            .bind(input.channel.as_ref().map(ChannelId::as_str))
            .bind(input.state.as_str())
            .bind(input.name.as_str())
            .bind(input.layout.as_str())
            .bind(input.file_sha256.as_deref())
            .bind(input.lines)
            .bind(input.paid.get())
            .bind(input.refunded.get())
            .bind(input.left_out)
            .bind(input.remark.as_str())
            .execute(self.connection())
            .await?;
        }
        Ok(())
    }

    /// Keeps fees and settlement.
    pub async fn insert_run_settlements(
        &mut self,
        run_id: &RunId,
        settlements: &[RunSettlementRecord],
    ) -> Result<()> {
        for settlement in settlements {
            query(
                "INSERT INTO run_settlements (
                    run_id,
                    channel_id,
                    bank_account,
                    paid_fen,
                    refunded_fen,
                    fee_milli_fen,
                    fee_expected_milli_fen,
                    fund_flow_net_fen,
                    arrived_fen,
                    verdict,
                    remark_zh,
                    remark_en
                )
                VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)",
            )
            .bind(run_id.as_str())
            .bind(settlement.channel.as_str())
            .bind(settlement.bank_account.as_str())
            .bind(settlement.paid.get())
            .bind(settlement.refunded.get())
            .bind(settlement.fee_milli_fen)
            .bind(settlement.fee_expected_milli_fen)
            .bind(settlement.fund_flow_net.map(Fen::get))
            .bind(settlement.arrived.map(Fen::get))
            .bind(settlement.verdict.as_str())
            .bind(settlement.remark_zh.as_str())
            .bind(settlement.remark_en.as_str())
            .execute(self.connection())
            .await?;
        }
        Ok(())
    }

    /// Keeps what is on its way to the bank.
    pub async fn insert_run_payouts(&mut self, run_id: &RunId, payouts: &[PayoutRecord]) -> Result<()> {
        for (position, payout) in (0_i64..).zip(payouts) {
            query(
                "INSERT INTO run_payouts (
                    run_id,
                    position,
                    bank_account,
                    channel_id,
                    paid_out_day,
                    due_day,
                    amount_fen
                )
                VALUES ($1, $2, $3, $4, $5, $6, $7)",
            )
            .bind(run_id.as_str())
            .bind(position)
            .bind(payout.bank_account.as_str())
            .bind(payout.channel.as_str())
            .bind(payout.paid_out.to_string())
            .bind(payout.due.to_string())
            .bind(payout.amount.get())
            .execute(self.connection())
            .await?;
        }
        Ok(())
    }

    /// Keeps how a run divided all lines.
    pub async fn insert_run_tallies(&mut self, run_id: &RunId, tallies: &[RunTallyRecord]) -> Result<()> {
        for tally in tallies {
            query(
                "INSERT INTO run_tallies (
                    run_id,
                    category,
                    side,
                    lines,
                    paid_fen,
                    refunded_fen
                )
                VALUES ($1, $2, $3, $4, $5, $6)",
            )
            .bind(run_id.as_str())
            .bind(tally.category.as_str())
            .bind(tally.side.as_str())
            .bind(tally.lines)
            .bind(tally.paid.get())
            .bind(tally.refunded.get())
            .execute(self.connection())
            .await?;
        }
        Ok(())
    }

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
                remedies
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
                .bind(remedies.join(" "));
        }
        insert.execute(self.connection()).await?;
        let lines: Vec<(i64, i64, &FindingLineRecord)> = findings
            .iter()
            .flat_map(|finding| {
                (0_i64..).zip(&finding.lines).map(move |(line, there)| (finding.position, line, there))
            })
            .collect();
        for some in lines.chunks(VALUES_AT_ONCE / LINE_COLUMNS) {
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
                at_text
            )
            VALUES {}",
            tuples(lines.len(), LINE_COLUMNS)
        );
        let mut insert = query(statement(sql)).persistent(false);
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
                .bind(there.at_text.as_str());
        }
        insert.execute(self.connection()).await?;
        Ok(())
    }

    /// Signs a day.
    ///
    /// # Errors
    /// [`StoreError::UniqueViolation`](crate::StoreError::UniqueViolation) when it is signed already.
    pub async fn insert_sign_off(&mut self, sign_off: &SignOffRecord) -> Result<()> {
        query(
            "INSERT INTO day_sign_offs (
                day,
                scope,
                run_id,
                signed_by,
                signed_at_ms,
                remark,
                chain_seq,
                chain_hash
            )
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        )
        .bind(sign_off.day.to_string())
        .bind(sign_off.scope.as_str())
        .bind(sign_off.run_id.as_str())
        .bind(sign_off.signed_by.as_str())
        .bind(sign_off.signed_at.ms())
        .bind(sign_off.remark.as_str())
        .bind(sign_off.chain_seq)
        .bind(sign_off.chain_hash.as_str())
        .execute(self.connection())
        .await?;
        Ok(())
    }
}

async fn run(connection: &mut AnyConnection, run_id: &RunId) -> Result<Option<RunRecord>> {
    let row = query(select_runs!("r.run_id = $1")).bind(run_id.as_str()).fetch_optional(connection).await?;
    row.as_ref().map(rebuild_run).transpose()
}

async fn current_run(
    connection: &mut AnyConnection,
    day: BusinessDay,
    scope: &str,
) -> Result<Option<RunRecord>> {
    let row = query(select_runs!("r.day = $1 AND r.scope = $2 AND r.state = 'current'"))
        .bind(day.to_string())
        .bind(scope)
        .fetch_optional(connection)
        .await?;
    row.as_ref().map(rebuild_run).transpose()
}

async fn current_run_before(
    connection: &mut AnyConnection,
    day: BusinessDay,
    scope: &str,
) -> Result<Option<RunRecord>> {
    let row = query(select_runs!(
        "r.day < $1 AND r.scope = $2 AND r.state = 'current' ORDER BY r.day DESC LIMIT 1"
    ))
    .bind(day.to_string())
    .bind(scope)
    .fetch_optional(connection)
    .await?;
    row.as_ref().map(rebuild_run).transpose()
}

async fn versions_of_day(
    connection: &mut AnyConnection,
    day: BusinessDay,
    scope: &str,
) -> Result<Vec<RunRecord>> {
    let rows = query(select_runs!("r.day = $1 AND r.scope = $2 ORDER BY r.version DESC"))
        .bind(day.to_string())
        .bind(scope)
        .fetch_all(connection)
        .await?;
    rows.iter().map(rebuild_run).collect()
}

async fn days(
    connection: &mut AnyConnection,
    scope: &str,
    until: BusinessDay,
    limit: i64,
) -> Result<Vec<DayRecord>> {
    let rows = query(select_runs!(
        "r.scope = $1 AND r.day <= $2 AND r.state = 'current' ORDER BY r.day DESC LIMIT $3"
    ))
    .bind(scope)
    .bind(until.to_string())
    .bind(limit)
    .fetch_all(&mut *connection)
    .await?;
    let mut days = Vec::with_capacity(rows.len());
    for row in &rows {
        let run = rebuild_run(row)?;
        let open = open_of_run(connection, &run.run_id).await?.into_iter().map(|(_, count)| count).sum();
        let signed_by = sign_off(connection, run.day, scope).await?.map(|signed| signed.signed_by);
        days.push(DayRecord { run, open, signed_by });
    }
    Ok(days)
}

async fn inputs_of_run(connection: &mut AnyConnection, run_id: &RunId) -> Result<Vec<RunInputRecord>> {
    let rows = query(
        "SELECT
            run_id,
            side,
            kind,
            channel_id,
            state,
            name,
            layout,
            file_sha256,
            lines,
            paid_fen,
            refunded_fen,
            left_out,
            remark
        FROM run_inputs
        WHERE run_id = $1
        ORDER BY position",
    )
    .bind(run_id.as_str())
    .fetch_all(connection)
    .await?;
    rows.iter()
        .map(|row| {
            let fields = Fields::new("run_inputs", "run_id", row)?;
            Ok(RunInputRecord {
                side: fields.word("side", Side::parse)?,
                kind: fields.word("kind", InputKind::parse)?,
                channel: fields.optional_id("channel_id", ChannelId::parse)?,
                state: fields.word("state", InputState::parse)?,
                name: fields.text("name")?,
                layout: fields.text("layout")?,
                file_sha256: fields.optional_text("file_sha256")?,
                lines: fields.number("lines")?,
                paid: fields.fen("paid_fen")?,
                refunded: fields.fen("refunded_fen")?,
                left_out: fields.number("left_out")?,
                remark: fields.text("remark")?,
            })
        })
        .collect()
}

async fn settlements_of_run(
    connection: &mut AnyConnection,
    run_id: &RunId,
) -> Result<Vec<RunSettlementRecord>> {
    let rows = query(
        "SELECT
            run_id,
            channel_id,
            bank_account,
            paid_fen,
            refunded_fen,
            fee_milli_fen,
            fee_expected_milli_fen,
            fund_flow_net_fen,
            arrived_fen,
            verdict,
            remark_zh,
            remark_en
        FROM run_settlements
        WHERE run_id = $1
        ORDER BY channel_id",
    )
    .bind(run_id.as_str())
    .fetch_all(connection)
    .await?;
    rows.iter()
        .map(|row| {
            let fields = Fields::new("run_settlements", "channel_id", row)?;
            Ok(RunSettlementRecord {
                channel: fields.id("channel_id", ChannelId::parse)?,
                bank_account: fields.text("bank_account")?,
                paid: fields.fen("paid_fen")?,
                refunded: fields.fen("refunded_fen")?,
                fee_milli_fen: fields.number("fee_milli_fen")?,
                fee_expected_milli_fen: fields.optional_number("fee_expected_milli_fen")?,
                fund_flow_net: fields.optional_number("fund_flow_net_fen")?.map(Fen::new),
                arrived: fields.optional_number("arrived_fen")?.map(Fen::new),
                verdict: fields.text("verdict")?,
                remark_zh: fields.text("remark_zh")?,
                remark_en: fields.text("remark_en")?,
            })
        })
        .collect()
}

async fn payouts_of_run(connection: &mut AnyConnection, run_id: &RunId) -> Result<Vec<PayoutRecord>> {
    let rows = query(
        "SELECT
            run_id,
            bank_account,
            channel_id,
            paid_out_day,
            due_day,
            amount_fen
        FROM run_payouts
        WHERE run_id = $1
        ORDER BY position",
    )
    .bind(run_id.as_str())
    .fetch_all(connection)
    .await?;
    rows.iter()
        .map(|row| {
            let fields = Fields::new("run_payouts", "run_id", row)?;
            Ok(PayoutRecord {
                bank_account: fields.text("bank_account")?,
                channel: fields.id("channel_id", ChannelId::parse)?,
                paid_out: fields.day("paid_out_day")?,
                due: fields.day("due_day")?,
                amount: fields.fen("amount_fen")?,
            })
        })
        .collect()
}

async fn tallies_of_run(connection: &mut AnyConnection, run_id: &RunId) -> Result<Vec<RunTallyRecord>> {
    let rows = query(
        "SELECT
            run_id,
            category,
            side,
            lines,
            paid_fen,
            refunded_fen
        FROM run_tallies
        WHERE run_id = $1",
    )
    .bind(run_id.as_str())
    .fetch_all(connection)
    .await?;
    let mut tallies = rows
        .iter()
        .map(|row| {
            let fields = Fields::new("run_tallies", "run_id", row)?;
            Ok(RunTallyRecord {
                category: fields.word("category", Category::parse)?,
                side: fields.word("side", Side::parse)?,
                lines: fields.number("lines")?,
                paid: fields.fen("paid_fen")?,
                refunded: fields.fen("refunded_fen")?,
            })
        })
        .collect::<Result<Vec<_>>>()?;
    tallies.sort_by_key(|tally| (tally.category, tally.side));
    Ok(tallies)
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
    let rows = query(concat!(
        "SELECT * FROM (",
        select_findings!(
            "f.run_id = $1
                AND f.position > $2
                AND f.category = COALESCE($3, f.category)
                AND COALESCE(f.channel_id, '') = COALESCE($4, COALESCE(f.channel_id, ''))
                AND f.carried_in = COALESCE($5, f.carried_in)
                AND f.settled <= $6"
        ),
        ") AS found
        WHERE standing = COALESCE($7, standing)
        ORDER BY position
        LIMIT $8"
    ))
    .bind(run_id.as_str())
    .bind(after)
    .bind(filter.category.map(Category::as_str))
    .bind(filter.channel.as_ref().map(ChannelId::as_str))
    .bind(filter.carried_in.map(i64::from))
    .bind(i64::from(!filter.unsettled))
    .bind(filter.standing.map(Standing::as_str))
    .bind(limit)
    .fetch_all(&mut *connection)
    .await?;
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

async fn open_of_run(connection: &mut AnyConnection, run_id: &RunId) -> Result<Vec<(Category, i64)>> {
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
            at_text
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
            };
            Ok((fields.number("position")?, line))
        })
        .collect()
}

async fn overdue_findings(connection: &mut AnyConnection, today: BusinessDay) -> Result<i64> {
    Ok(query_scalar(concat!(
        "SELECT COUNT(*) FROM (SELECT ",
        standing!(),
        " AS standing
        FROM run_findings AS f
        JOIN runs AS r ON r.run_id = f.run_id
        WHERE r.state = 'current' AND f.carried_in = 0 AND f.settled = 0 AND f.deadline < $1
        ) AS found
        WHERE standing IN ('open', 'waiting', 'carried')"
    ))
    .bind(today.to_string())
    .fetch_one(connection)
    .await?)
}

async fn sign_off(
    connection: &mut AnyConnection,
    day: BusinessDay,
    scope: &str,
) -> Result<Option<SignOffRecord>> {
    let row = query(
        "SELECT
            day,
            scope,
            run_id,
            signed_by,
            signed_at_ms,
            remark,
            chain_seq,
            chain_hash
        FROM day_sign_offs
        WHERE day = $1 AND scope = $2",
    )
    .bind(day.to_string())
    .bind(scope)
    .fetch_optional(connection)
    .await?;
    row.map(|row| {
        let fields = Fields::new("day_sign_offs", "day", &row)?;
        Ok(SignOffRecord {
            day: fields.day("day")?,
            scope: fields.text("scope")?,
            run_id: fields.id("run_id", RunId::parse)?,
            signed_by: fields.text("signed_by")?,
            signed_at: fields.time("signed_at_ms")?,
            remark: fields.text("remark")?,
            chain_seq: fields.number("chain_seq")?,
            chain_hash: fields.text("chain_hash")?,
        })
    })
    .transpose()
}

fn rebuild_run(row: &AnyRow) -> Result<RunRecord> {
    let fields = Fields::new("runs", "run_id", row)?;
    Ok(RunRecord {
        run_id: fields.id("run_id", RunId::parse)?,
        day: fields.day("day")?,
        scope: fields.text("scope")?,
        version: fields.number("version")?,
        superseded: fields.text("state")? == "superseded",
        made_by: fields.text("made_by")?,
        begun_at: fields.time("begun_at_ms")?,
        finished_at: fields.time("finished_at_ms")?,
        rules: fields.text("rules")?,
        inputs_sha256: fields.text("inputs_sha256")?,
        result_sha256: fields.text("result_sha256")?,
        findings: fields.number("findings")?,
        differences: fields.number("differences")?,
        trace: fields.id("trace_id", TraceId::parse)?,
    })
}

/// Without its lines, which are rows of another table.
fn rebuild_finding(row: &AnyRow) -> Result<(FindingRecord, Standing)> {
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
