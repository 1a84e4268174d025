//! What finance's screens show of days: read, and nothing decided.

use crate::Gateway;
use crate::service::Trouble;
use mingfen_domain::difference::Category;
use mingfen_domain::ids::ChannelId;
use mingfen_domain::sides::Side;
use mingfen_domain::{BusinessDay, Fen};
use mingfen_reconciliation::matching::{Summary, Tally};
use mingfen_store::{
    ALL_CHANNELS, AssignedTo, DueWhen, PayoutRecord, PendingCount, PendingFilter, PendingSums, RemedyRecord,
    RunInputRecord, RunRecord, RunRequestRecord, RunSettlementRecord, ShiftRecord, SignOffRecord, Standing,
    StatementDay,
};

/// Days of the calendar.
pub const CALENDAR_DAYS: usize = 14;
/// Unsigned days are looked for so far back.
const UNSIGNED_DAYS: i64 = 31;
/// Differences are counted up to so many.
pub const MOST_COUNTED: i64 = 10_000;
/// Orders that wait are shown up to so many.
const MOST_WAITING: i64 = 50;

/// What today's page shows.
#[derive(Debug)]
pub struct HomeFacts {
    /// The last day that is over.
    pub yesterday: BusinessDay,
    /// Its run.
    pub run: Option<RunRecord>,
    /// What that run divided.
    pub summary: Summary,
    /// The merchant accounts that have statements.
    pub accounts: Vec<ChannelId>,
    /// The calendar's days, the earliest first.
    pub days: Vec<BusinessDay>,
    /// Those that were compared.
    pub compared: Vec<BusinessDay>,
    /// Those that were signed.
    pub signed: Vec<BusinessDay>,
    /// Open differences by day and account.
    pub counts: Vec<PendingCount>,
    /// What became of statements.
    pub statements: Vec<StatementDay>,
    /// Everything that is open.
    pub all: PendingSums,
    /// What of it nobody works on.
    pub nobodys: PendingSums,
    /// What of it is past its deadline.
    pub overdue: PendingSums,
    /// What of it is due today.
    pub due_today: PendingSums,
    /// Orders that wait for a second person, the oldest first.
    pub waiting: Vec<RemedyRecord>,
    /// Shifts that were closed over a countersigned difference and that finance has not looked into, the oldest first.
    pub shifts: Vec<ShiftRecord>,
    /// How many closings wait for the countersignature.
    pub shifts_asked: usize,
    /// Days that were compared and not signed, with what somebody still has to do, the earliest first.
    pub unsigned: Vec<(BusinessDay, i64)>,
}

/// Reads what today's page shows, with a calendar that ends on `until`.
///
/// # Errors
/// [`Trouble`].
pub async fn home_facts(gateway: &Gateway, until: Option<BusinessDay>) -> Result<HomeFacts, Trouble> {
    let (store, now) = (&gateway.store, gateway.now());
    let today = BusinessDay::of(now);
    let yesterday = BusinessDay::of(today.start().plus_ms(-1));
    let until = until.unwrap_or(yesterday).min(yesterday);
    let mut days = vec![until];
    while days.len() < CALENDAR_DAYS {
        let before = days.last().map_or(until, |day| BusinessDay::of(day.start().plus_ms(-1)));
        days.push(before);
    }
    days.reverse();
    let first = days.first().copied().unwrap_or(until);
    let run = store.current_run(yesterday, ALL_CHANNELS).await?;
    let summary = match &run {
        Some(run) => summary_of(gateway, run).await?,
        None => Summary::default(),
    };
    let sums = |assigned, due| PendingFilter { assigned, due, ..PendingFilter::default() };
    let far = BusinessDay::of(today.start().plus_seconds(-UNSIGNED_DAYS * 86_400));
    let recent = store.current_runs(ALL_CHANNELS, far, yesterday).await?;
    let signed_recently = store.sign_offs_between(far, yesterday, ALL_CHANNELS).await?;
    let counted_recently = store.pending_counts(far, yesterday, today).await?;
    let unsigned = recent
        .iter()
        .filter(|run| signed_recently.iter().all(|signed| signed.day != run.day))
        .map(|run| {
            let needs = |count: &&PendingCount| {
                count.day == run.day && matches!(count.standing, Standing::Open | Standing::Waiting)
            };
            (run.day, counted_recently.iter().filter(needs).map(|count| count.number).sum())
        })
        .collect();
    Ok(HomeFacts {
        yesterday,
        run,
        summary,
        accounts: accounts(gateway),
        compared: store
            .current_runs(ALL_CHANNELS, first, until)
            .await?
            .into_iter()
            .map(|run| run.day)
            .collect(),
        signed: store
            .sign_offs_between(first, until, ALL_CHANNELS)
            .await?
            .into_iter()
            .map(|signed| signed.day)
            .collect(),
        counts: store.pending_counts(first, until, today).await?,
        statements: store.statement_days(first, until).await?,
        all: store.pending_sums(&PendingFilter::default(), MOST_COUNTED).await?,
        nobodys: store.pending_sums(&sums(AssignedTo::Nobody, DueWhen::Any), MOST_COUNTED).await?,
        overdue: store.pending_sums(&sums(AssignedTo::Anyone, DueWhen::Before(today)), MOST_COUNTED).await?,
        due_today: store.pending_sums(&sums(AssignedTo::Anyone, DueWhen::On(today)), MOST_COUNTED).await?,
        waiting: store.waiting_remedies(MOST_WAITING).await?,
        shifts: store.shifts_to_look_into(MOST_WAITING).await?,
        shifts_asked: store.shifts_asked(MOST_WAITING).await?.len(),
        unsigned,
        days,
    })
}

fn accounts(gateway: &Gateway) -> Vec<ChannelId> {
    let channels = gateway.channels.iter().filter(|(_, provider)| provider.statements().is_some());
    channels.map(|(channel, _)| channel.clone()).collect()
}

async fn summary_of(gateway: &Gateway, run: &RunRecord) -> Result<Summary, Trouble> {
    let tallies = gateway.store.tallies_of_run(&run.run_id).await?;
    Ok(Summary::of_kept(tallies.into_iter().map(|tally| {
        let of_side = Tally { lines: tally.lines.unsigned_abs(), paid: tally.paid, refunded: tally.refunded };
        (tally.category, tally.side, of_side)
    })))
}

/// What a day's page shows.
#[derive(Debug)]
pub struct DayFacts {
    /// The run that is shown: the current one, or the version that was asked for.
    pub run: Option<RunRecord>,
    /// Every version, the latest first.
    pub versions: Vec<RunRecord>,
    /// What it read.
    pub inputs: Vec<RunInputRecord>,
    /// How it divided all lines.
    pub summary: Summary,
    /// Fees and settlement.
    pub settlements: Vec<RunSettlementRecord>,
    /// What was on its way to the bank.
    pub payouts: Vec<PayoutRecord>,
    /// How its differences stand.
    pub standings: Vec<(Standing, i64)>,
    /// What of it somebody has still to act on, by category.
    pub open: Vec<(Category, i64)>,
    /// How many findings of each category it has.
    pub listed: Vec<(Category, i64)>,
    /// Who signed the day.
    pub signed: Option<SignOffRecord>,
    /// Who asked for a comparison last.
    pub request: Option<RunRequestRecord>,
}

impl DayFacts {
    /// How many stand so.
    pub fn count(&self, standing: Standing) -> i64 {
        self.standings.iter().find(|(of, _)| *of == standing).map_or(0, |(_, count)| *count)
    }

    /// A side's net, and how many lines.
    ///
    /// # Errors
    /// [`Trouble::Money`].
    pub fn total(&self, side: Side) -> Result<(Tally, Fen), Trouble> {
        let total = self.summary.total(side)?;
        let net = total.net()?;
        Ok((total, net))
    }
}

/// Reads what a day's page shows. `version`: of that version instead of the current one.
///
/// # Errors
/// [`Trouble`].
pub async fn day_facts(
    gateway: &Gateway,
    day: BusinessDay,
    version: Option<i64>,
) -> Result<DayFacts, Trouble> {
    let store = &gateway.store;
    let versions = store.versions_of_day(day, ALL_CHANNELS).await?;
    let run = match version {
        None => versions.iter().find(|run| !run.superseded).cloned(),
        Some(version) => versions.iter().find(|run| run.version == version).cloned(),
    };
    let signed = store.sign_off(day, ALL_CHANNELS).await?;
    let request = store.run_request(day).await?;
    let Some(shown) = &run else {
        return Ok(DayFacts {
            run,
            versions,
            inputs: Vec::new(),
            summary: Summary::default(),
            settlements: Vec::new(),
            payouts: Vec::new(),
            standings: Vec::new(),
            open: Vec::new(),
            listed: Vec::new(),
            signed,
            request,
        });
    };
    let run_id = &shown.run_id;
    Ok(DayFacts {
        inputs: store.inputs_of_run(run_id).await?,
        summary: summary_of(gateway, shown).await?,
        settlements: store.settlements_of_run(run_id).await?,
        payouts: store.payouts_of_run(run_id).await?,
        standings: store.standings_of_run(run_id).await?,
        open: store.open_of_run(run_id).await?,
        listed: store.finding_counts(run_id).await?,
        run,
        versions,
        signed,
        request,
    })
}
