//! Is today usual? What came in and went back on a day, to the minute, set against the same weekday of eight weeks.
//!
//! Nothing is decided and nothing is written here. Everything is read as it is at one moment: what stands counted, and what has changed
//! since, which is counted from the records there and then. So the page is right whether anybody counts ahead or not.

use super::Trouble;
use crate::Gateway;
use mingfen_domain::money::MoneyError;
use mingfen_domain::{BusinessDay, Fen, Timestamp};
use mingfen_store::{
    Counted, Dimension, OpenDifferences, SLOTS_A_DAY, Slots, StoreError, TakingsProgress, TakingsRow, Tx,
};
use std::collections::{BTreeMap, BTreeSet};

/// Weeks that make what is usual.
const WEEKS: i64 = 8;
/// Days of the trend.
const TREND: i64 = 90;
const DAY_SECONDS: i64 = 86_400;

/// Why there is no dashboard.
#[derive(Debug, thiserror::Error)]
pub enum DashboardRefused {
    /// The day has not begun.
    #[error("the day {0} has not begun")]
    Future(BusinessDay),
    /// Our own trouble.
    #[error(transparent)]
    Trouble(#[from] Trouble),
}

impl From<StoreError> for DashboardRefused {
    fn from(error: StoreError) -> Self {
        Self::Trouble(error.into())
    }
}

impl From<MoneyError> for DashboardRefused {
    fn from(error: MoneyError) -> Self {
        Self::Trouble(error.into())
    }
}

/// Something on the day, and on all the usual days together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Compared {
    /// On the day, up to the moment.
    pub day: Counted,
    /// On the usual days together, each up to the same minute.
    pub usual: Counted,
}

/// An hour of the day.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Hour {
    /// On the day, up to the moment.
    pub day: Counted,
    /// On the usual days together: of an hour under way up to the same minute.
    pub usual: Counted,
    /// The same of the whole hour.
    pub usual_whole: Counted,
}

/// A day of the trend.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TrendDay {
    /// Which.
    pub day: BusinessDay,
    /// What came in.
    pub paid: Counted,
    /// What went back.
    pub refunded: Counted,
}

impl TrendDay {
    /// What stayed.
    ///
    /// # Errors
    /// When it does not fit.
    pub fn net(&self) -> Result<Fen, MoneyError> {
        self.paid.fen.minus(self.refunded.fen)
    }
}

/// Everything that the page shows.
#[derive(Clone, Debug)]
pub struct Dashboard {
    /// The day.
    pub day: BusinessDay,
    /// It is not over: up to this moment.
    pub until: Option<Timestamp>,
    /// As many days as are usual ones; none, nothing to compare with.
    pub usual_days: i64,
    /// The history before this day is not counted yet.
    pub counted_from: Option<BusinessDay>,
    /// Each dimension's members, in their order.
    pub by: BTreeMap<Dimension, BTreeMap<String, Compared>>,
    /// From midnight on.
    pub hours: [Hour; 24],
    /// The hour under way.
    pub current_hour: Option<usize>,
    /// The 90 whole days before the end, those that are counted.
    pub trend: Vec<TrendDay>,
    /// What nobody has settled yet; only said of the present.
    pub open: Vec<OpenDifferences>,
}

impl Dashboard {
    /// A dimension's members.
    pub fn members(&self, dimension: Dimension) -> impl Iterator<Item = (&str, &Compared)> {
        self.by.get(&dimension).into_iter().flatten().map(|(member, compared)| (member.as_str(), compared))
    }

    /// A dimension added up.
    ///
    /// # Errors
    /// When it does not fit.
    pub fn all(&self, dimension: Dimension) -> Result<Compared, MoneyError> {
        let mut all = Compared::default();
        for (_, compared) in self.members(dimension) {
            add(&mut all.day, compared.day)?;
            add(&mut all.usual, compared.usual)?;
        }
        Ok(all)
    }

    /// The times of a dimension, the shortest first: at most so many milliseconds, so many.
    pub fn times(&self, dimension: Dimension) -> Vec<(i64, i64)> {
        let mut times: Vec<(i64, i64)> = self
            .members(dimension)
            .filter_map(|(took, compared)| Some((took.parse().ok()?, compared.day.number)))
            .collect();
        times.sort_unstable();
        times
    }
}

/// Within how many milliseconds so many of a hundred were done; `None` when there were none.
pub fn within(times: &[(i64, i64)], hundredths: i64) -> Option<i64> {
    let all: i64 = times.iter().map(|(_, number)| number).sum();
    let wanted = (all * hundredths + 99) / 100;
    let mut seen = 0;
    times.iter().find_map(|(took, number)| {
        seen += number;
        (all > 0 && seen >= wanted).then_some(*took)
    })
}

/// `part` of `whole` in thousandths, rounded; `None` of nothing.
pub fn per_mille(part: i64, whole: i64) -> Option<i64> {
    let (part, whole) = (i128::from(part), i128::from(whole));
    if whole <= 0 {
        return None;
    }
    let doubled = part * 2000;
    let half = if doubled < 0 { -whole } else { whole };
    i64::try_from((doubled + half) / (whole * 2)).ok()
}

/// The mean of a sum over so many, rounded to whole fen or whole things; zero of none.
pub fn mean(sum: i64, over: i64) -> i64 {
    if over <= 0 {
        return 0;
    }
    let (sum, over) = (i128::from(sum), i128::from(over));
    let half = if sum < 0 { -over } else { over };
    i64::try_from((sum * 2 + half) / (over * 2)).unwrap_or_default()
}

fn add(to: &mut Counted, more: Counted) -> Result<(), MoneyError> {
    to.number = to.number.checked_add(more.number).ok_or(MoneyError::OutOfRange)?;
    to.fen = to.fen.plus(more.fen)?;
    Ok(())
}

fn days_before(day: BusinessDay, days: i64) -> BusinessDay {
    BusinessDay::of(day.start().plus_seconds(-days * DAY_SECONDS))
}

/// Reads the dashboard of a day; of today up to this moment.
///
/// # Errors
/// [`DashboardRefused`].
pub async fn dashboard(gateway: &Gateway, day: Option<BusinessDay>) -> Result<Dashboard, DashboardRefused> {
    let now = gateway.now();
    let today = BusinessDay::of(now);
    let day = day.unwrap_or(today);
    if day > today {
        return Err(DashboardRefused::Future(day));
    }
    let mut view = gateway.store.snapshot().await?;
    let mut board = read(&mut view, day, (day == today).then_some(now)).await?;
    if day == today {
        board.open = view.open_differences(today).await?;
    }
    view.rollback().await?;
    Ok(board)
}

/// Where what is counted belongs.
struct Reading {
    board: Dashboard,
    usual: BTreeSet<BusinessDay>,
    trend: BTreeMap<BusinessDay, TrendDay>,
    /// The slot under way on the day; after the last one when the day is over.
    cut: i64,
}

async fn read(
    view: &mut Tx,
    day: BusinessDay,
    until: Option<Timestamp>,
) -> Result<Dashboard, DashboardRefused> {
    let progress = view.takings_progress().await?;
    let cut = until.map_or(SLOTS_A_DAY, |now| Slots::of(now).first);
    let usual = usual_days(day, progress.as_ref());
    let last = if until.is_some() { days_before(day, 1) } else { day };
    let first = progress.map_or(day, |progress| {
        progress.counted_from().max(progress.begins).max(days_before(last, TREND - 1))
    });
    let mut trend = BTreeMap::new();
    let mut at = first;
    while at <= last {
        trend.insert(at, TrendDay { day: at, paid: Counted::default(), refunded: Counted::default() });
        at = at.next();
    }
    let board = Dashboard {
        day,
        until,
        usual_days: i64::try_from(usual.len()).unwrap_or_default(),
        counted_from: progress
            .filter(|progress| !progress.is_complete())
            .map(|progress| progress.counted_from()),
        by: BTreeMap::new(),
        hours: [Hour::default(); 24],
        current_hour: until.and_then(|_| usize::try_from(cut / 6).ok()),
        trend: Vec::new(),
        open: Vec::new(),
    };
    let mut reading = Reading { board, usual, trend, cut };
    reading.take_counted(view).await?;
    reading.take_changed(view, progress.as_ref()).await?;
    if let Some(now) = until {
        reading.take_same_minutes(view, now).await?;
    }
    reading.split_current_hour()?;
    reading.board.trend = reading.trend.into_values().collect();
    Ok(reading.board)
}

/// The same weekday of the weeks before, as far as there was anything and it is counted.
fn usual_days(day: BusinessDay, progress: Option<&TakingsProgress>) -> BTreeSet<BusinessDay> {
    let Some(progress) = progress else { return BTreeSet::new() };
    let first = progress.counted_from().max(progress.begins);
    (1..=WEEKS).map(|week| days_before(day, 7 * week)).filter(|usual| *usual >= first).collect()
}

/// What whoever reads counts from the records: of the day the part that was never counted, and every slot that has changed since.
async fn uncounted(
    view: &mut Tx,
    progress: Option<&TakingsProgress>,
    day: BusinessDay,
) -> Result<Vec<Slots>, StoreError> {
    let never = match progress {
        None => Some(Slots::whole(day)),
        Some(progress) if progress.back_to.day > day => Some(Slots::whole(day)),
        Some(progress) if progress.back_to.day == day && progress.back_to.first > 0 => {
            Some(Slots { day, first: 0, end: progress.back_to.first })
        }
        Some(_) => None,
    };
    let within = |slots: &Slots| {
        never.is_some_and(|never| never.day == slots.day && (never.first..never.end).contains(&slots.first))
    };
    let changed = view.marked_slots().await?.into_iter().filter(|slots| !within(slots));
    Ok(never.into_iter().chain(changed).collect())
}

/// What came in today up to this moment, deposits among it and money in suspense not; as quick on a day with many payments as on one
/// with few.
///
/// # Errors
/// [`Trouble`].
pub async fn taken_today(gateway: &Gateway) -> Result<Counted, Trouble> {
    const TAKEN: [Dimension; 2] = [Dimension::Total, Dimension::Deposit];
    let now = gateway.now();
    let (today, end) = (BusinessDay::of(now), Slots::of(now).first + 1);
    let mut view = gateway.store.snapshot().await?;
    let mut taken = Counted::default();
    for sum in view.takings_by_member(&TAKEN, &[today], end).await? {
        add(&mut taken, sum.counted)?;
    }
    let progress = view.takings_progress().await?;
    for slots in uncounted(&mut view, progress.as_ref(), today).await? {
        if slots.day == today {
            for row in view.counted_between(slots.from(), slots.to()).await? {
                if TAKEN.contains(&row.dimension) && row.slot < end {
                    add(&mut taken, row.counted)?;
                }
            }
        }
    }
    view.rollback().await?;
    Ok(taken)
}

/// What is compared to the same minute.
const COMPARED: [Dimension; 8] = [
    Dimension::Total,
    Dimension::Channel,
    Dimension::Scene,
    Dimension::Department,
    Dimension::Unpaid,
    Dimension::Refunded,
    Dimension::RefundReason,
    Dimension::Deposit,
];

impl Reading {
    fn compared(&mut self, dimension: Dimension, member: String) -> &mut Compared {
        self.board.by.entry(dimension).or_default().entry(member).or_default()
    }

    /// What stands counted.
    async fn take_counted(&mut self, view: &mut Tx) -> Result<(), DashboardRefused> {
        let day = self.board.day;
        for sum in view.takings_by_member(&Dimension::ALL, &[day], self.end()).await? {
            add(&mut self.compared(sum.dimension, sum.member).day, sum.counted)?;
        }
        for sum in view.takings_by_hour(&[day]).await? {
            if let Some(hour) = self.hour(sum.place) {
                add(&mut hour.day, sum.counted)?;
            }
        }
        let usual: Vec<BusinessDay> = self.usual.iter().copied().collect();
        for sum in view.takings_by_member(&COMPARED, &usual, self.cut).await? {
            add(&mut self.compared(sum.dimension, sum.member).usual, sum.counted)?;
        }
        for sum in view.takings_by_hour(&usual).await? {
            if let Some(hour) = self.hour(sum.place) {
                add(&mut hour.usual_whole, sum.counted)?;
            }
        }
        let (Some(first), Some(last)) =
            (self.trend.keys().next().copied(), self.trend.keys().next_back().copied())
        else {
            return Ok(());
        };
        for sum in view.takings_by_day(first, last).await? {
            self.take_trend(sum.dimension, sum.day(), sum.counted)?;
        }
        Ok(())
    }

    /// What has changed since it was counted, or was never counted.
    async fn take_changed(
        &mut self,
        view: &mut Tx,
        progress: Option<&TakingsProgress>,
    ) -> Result<(), DashboardRefused> {
        let day = self.board.day;
        for slots in uncounted(view, progress, day).await? {
            let matters =
                slots.day == day || self.usual.contains(&slots.day) || self.trend.contains_key(&slots.day);
            if matters {
                self.take_rows(view.counted_between(slots.from(), slots.to()).await?)?;
            }
        }
        Ok(())
    }

    /// The slot under way, on the usual days: up to the same minute.
    async fn take_same_minutes(&mut self, view: &mut Tx, now: Timestamp) -> Result<(), DashboardRefused> {
        let elapsed = now.since_ms(self.board.day.start());
        let spans: Vec<(Timestamp, Timestamp)> = self
            .usual
            .iter()
            .map(|day| {
                let from = Slots { day: *day, first: self.cut, end: self.cut }.from();
                (from, day.start().plus_ms(elapsed))
            })
            .collect();
        for row in view.counted_in(&spans).await? {
            if COMPARED.contains(&row.dimension) {
                add(&mut self.compared(row.dimension, row.member).usual, row.counted)?;
            }
        }
        Ok(())
    }

    fn take_rows(&mut self, rows: Vec<TakingsRow>) -> Result<(), DashboardRefused> {
        for row in rows {
            let is_total = row.dimension == Dimension::Total;
            if row.day == self.board.day {
                if row.slot < self.end() {
                    add(&mut self.compared(row.dimension, row.member.clone()).day, row.counted)?;
                }
                if let Some(hour) = self.hour(row.slot / 6).filter(|_| is_total) {
                    add(&mut hour.day, row.counted)?;
                }
            }
            if self.usual.contains(&row.day) {
                if row.slot < self.cut && COMPARED.contains(&row.dimension) {
                    add(&mut self.compared(row.dimension, row.member.clone()).usual, row.counted)?;
                }
                if let Some(hour) = self.hour(row.slot / 6).filter(|_| is_total) {
                    add(&mut hour.usual_whole, row.counted)?;
                }
            }
            self.take_trend(row.dimension, row.day, row.counted)?;
        }
        Ok(())
    }

    fn take_trend(
        &mut self,
        dimension: Dimension,
        day: BusinessDay,
        counted: Counted,
    ) -> Result<(), MoneyError> {
        let Some(there) = self.trend.get_mut(&day) else { return Ok(()) };
        match dimension {
            Dimension::Total => add(&mut there.paid, counted),
            Dimension::Refunded => add(&mut there.refunded, counted),
            _ => Ok(()),
        }
    }

    /// Before which slot the day is read: the one under way belongs to it.
    fn end(&self) -> i64 {
        (self.cut + 1).min(SLOTS_A_DAY)
    }

    fn hour(&mut self, hour: i64) -> Option<&mut Hour> {
        self.board.hours.get_mut(usize::try_from(hour).ok()?)
    }

    /// Of the hour under way what is usual to this minute is what is usual so far, less the hours before.
    fn split_current_hour(&mut self) -> Result<(), MoneyError> {
        let mut left = self.board.all(Dimension::Total)?.usual;
        for (at, hour) in self.board.hours.iter_mut().enumerate() {
            match self.board.current_hour {
                Some(current) if at == current => hour.usual = left,
                Some(current) if at > current => {}
                Some(_) | None => hour.usual = hour.usual_whole,
            }
            left.number -= hour.usual.number;
            left.fen = left.fen.minus(hour.usual.fen)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_rounded_thousandths() {
        for (part, whole, wanted) in [
            (1, 3, Some(333)),
            (2, 3, Some(667)),
            (-1, 3, Some(-333)),
            (-2, 3, Some(-667)),
            (0, 5, Some(0)),
            (5, 0, None),
            (i64::MAX, i64::MAX, Some(1000)),
        ] {
            assert_eq!(per_mille(part, whole), wanted, "{part} of {whole}");
        }
    }

    #[test]
    fn means_are_rounded_and_nothing_has_none() {
        assert_eq!((mean(10, 4), mean(-10, 4), mean(9, 2), mean(7, 0)), (3, -3, 5, 0));
    }

    #[test]
    fn half_are_done_within_the_time_of_the_middle_one() {
        let times = [(1000, 5), (2000, 4), (60_000, 1)];
        assert_eq!(within(&times, 50), Some(1000));
        assert_eq!(within(&times, 95), Some(60_000));
        assert_eq!(within(&[(100, 1)], 50), Some(100));
        assert_eq!(within(&[], 50), None);
    }
}
