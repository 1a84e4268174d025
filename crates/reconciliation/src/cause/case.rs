//! A finding beside what is known of it, with the questions that the other files put to both.

use super::known::{
    ChannelAnswer, HisAnswer, Known, Learnt, OwnPayment, OwnRefund, OwnWriteBack, Records, RefundAnswer,
};
use crate::matching::{Finding, Found};
use crate::sides::{Kind, Side, State, When, day_number};
use mingfen_domain::payment::{Received, State as PaymentState, SuspenseReason};
use mingfen_domain::refund::State as RefundState;
use mingfen_domain::{BusinessDay, Timestamp};

/// News this much later than the payment came late: providers repeat a notification for hours, and a query asks within minutes.
const LATE_MS: i64 = 30 * 60 * 1000;

/// A finding and what is known of it.
pub(super) struct Case<'a> {
    pub finding: &'a Finding,
    pub known: &'a Known,
    /// Our record of the refund that the finding is about.
    pub refund: Option<&'a OwnRefund>,
}

impl<'a> Case<'a> {
    pub fn new(finding: &'a Finding, known: &'a Known) -> Self {
        let refund = known.records.as_ref().and_then(|records| refund_of(finding, records));
        Self { finding, known, refund }
    }

    pub const fn records(&self) -> Option<&'a Records> {
        self.known.records.as_ref()
    }

    pub fn payment(&self) -> Option<&'a OwnPayment> {
        self.records().and_then(|records| records.payment.as_ref())
    }

    pub fn received(&self) -> Option<&'a Received> {
        self.payment().and_then(|payment| payment.state.received())
    }

    /// Our own records were looked at and have neither the payment nor a refund of it.
    pub fn is_unknown_here(&self) -> bool {
        self.records().is_some_and(|records| records.payment.is_none() && records.refunds.is_empty())
    }

    /// What the finding is about: a refund where any of its lines is none but refunds.
    pub fn kind(&self) -> Kind {
        let lines = &self.finding.lines;
        let is_refund = !lines.is_empty() && lines.iter().all(|line| line.kind == Kind::Refund);
        if is_refund { Kind::Refund } else { Kind::Payment }
    }

    pub fn of_side(&self, side: Side) -> impl Iterator<Item = &'a Found> {
        self.finding.lines.iter().filter(move |line| line.side == side)
    }

    /// Those of a side that are of the kind that the finding is about.
    fn of_kind(&self, side: Side) -> impl Iterator<Item = &'a Found> {
        let kind = self.kind();
        self.of_side(side).filter(move |line| line.kind == kind)
    }

    /// Of these, those that moved money, or will.
    pub fn live(&self, side: Side) -> impl Iterator<Item = &'a Found> {
        self.of_kind(side).filter(|line| line.state != State::Void)
    }

    pub fn has(&self, side: Side) -> bool {
        self.live(side).next().is_some()
    }

    pub fn has_void(&self, side: Side) -> bool {
        self.of_kind(side).any(|line| line.state == State::Void)
    }

    /// What the live lines of a side come to; no sum of lines is too large for it.
    pub fn sum(&self, side: Side) -> i128 {
        self.live(side).map(|line| i128::from(line.amount.get())).sum()
    }

    /// What the finding is about: the largest sum of a side, voided lines included.
    pub fn amount(&self) -> i128 {
        let sum = |side| self.of_kind(side).map(|line| i128::from(line.amount.get())).sum::<i128>();
        Side::ALL.into_iter().map(sum).max().unwrap_or_default()
    }

    /// The day of its lines, those of channel and HIS first.
    pub fn line_day(&self) -> Option<i32> {
        let outer = self.finding.lines.iter().find(|line| line.side != Side::Gateway);
        outer.or(self.finding.lines.first()).map(|line| line.day)
    }

    /// Whether a day still comes after the run: what happened on it can still be delivered.
    pub fn is_to_come(&self, day: i32) -> bool {
        self.known.day.map(day_number).or(self.line_day()).is_none_or(|today| day > today)
    }

    /// The day on whose statement the channel has what happened then.
    pub fn statement_day(&self, at: Timestamp) -> i32 {
        When::of(at.plus_seconds(i64::from(self.known.ends_early_seconds))).day
    }

    /// Whether that day is none from before the first that was compared.
    pub fn was_compared(&self, day: i32) -> bool {
        self.known.compared_since.is_none_or(|since| day >= day_number(since))
    }

    pub fn is_carried(&self) -> bool {
        self.finding.lines.iter().any(|line| line.carried)
    }

    /// When the order was paid, by what the channel told us; otherwise by its answer.
    pub fn paid_at(&self) -> Option<Timestamp> {
        self.received().map(|received| received.paid_at).or(match self.known.channel {
            ChannelAnswer::Paid { at, .. } => Some(at),
            _ => None,
        })
    }

    /// We learnt of the money long after it was paid, or on another day.
    pub fn is_learnt_late(&self) -> bool {
        let learnt = self.payment().and_then(|payment| payment.learnt);
        match (learnt, self.received()) {
            (Some(Learnt { at, .. }), Some(received)) => at.since_ms(received.paid_at) >= LATE_MS,
            _ => false,
        }
    }

    /// Whether two days are neighbours and a moment is close to the cut between days.
    pub fn is_across_the_cut(&self, one: i32, other: i32, moments: &[Option<Timestamp>]) -> bool {
        let after = i64::from(self.known.near_cut_seconds) * 1000;
        let before = after + i64::from(self.known.ends_early_seconds) * 1000;
        let near = |moment: &Timestamp| {
            let day = BusinessDay::of(*moment);
            moment.since_ms(day.start()) < after || day.end().since_ms(*moment) <= before
        };
        one.abs_diff(other) == 1 && moments.iter().flatten().any(near)
    }

    /// Refunds of the order whose money is given, or may be: those under way, those that arrived, those that nobody can deliver.
    pub fn held_refunds(&self) -> impl Iterator<Item = &'a OwnRefund> {
        self.records().into_iter().flat_map(|records| &records.refunds).filter(|refund| holds(refund))
    }

    pub fn held_sum(&self) -> i128 {
        self.held_refunds().map(|refund| i128::from(refund.amount.get())).sum()
    }

    /// A refund whose end nobody knows yet: its money must not be given a second time.
    pub fn is_refund_under_way(&self) -> bool {
        let moves =
            |refund: &OwnRefund| !refund.by_hand && refund.state.holds_money() && !has_arrived(refund);
        let by_answer = matches!(
            self.known.channel_refund,
            RefundAnswer::Processing | RefundAnswer::Abnormal | RefundAnswer::Silent
        );
        by_answer || self.held_refunds().any(moves)
    }

    /// What HIS says of this payment. It is asked by the bill: where another payment settled that, what HIS has is the other one's,
    /// and of this one it was never told.
    pub fn his(&self) -> &'a HisAnswer {
        if self.payment().is_some_and(is_double) { &HisAnswer::No } else { &self.known.his }
    }

    /// What HIS says of what the finding is about.
    pub fn his_of_kind(&self) -> &'a HisAnswer {
        match self.kind() {
            Kind::Payment => self.his(),
            Kind::Refund => &self.known.his_refund,
        }
    }

    /// Telling HIS of this payment.
    pub fn write_back(&self) -> Option<&'a OwnWriteBack> {
        self.payment().filter(|payment| !is_double(payment)).and_then(|payment| payment.write_back.as_ref())
    }

    /// HIS has no booking of the payment: it says so when asked, or its own line says that it was cancelled.
    pub fn his_has_certainly_not(&self) -> bool {
        let cancelled = self.has_void(Side::His) && *self.his() == HisAnswer::NotAsked;
        !self.has(Side::His) && (*self.his() == HisAnswer::No || cancelled)
    }
}

fn is_double(payment: &OwnPayment) -> bool {
    payment.settled_by_another.is_some()
        || matches!(payment.state, PaymentState::Suspense { reason: SuspenseReason::Double, .. })
}

/// Whether the money of a refund is given, or may be.
pub(super) fn holds(refund: &OwnRefund) -> bool {
    refund.by_hand || refund.state.holds_money()
}

pub(super) fn has_arrived(refund: &OwnRefund) -> bool {
    matches!(refund.state, RefundState::Succeeded { .. })
}

/// By its number; where the lines have none, the only refund of that amount.
fn refund_of<'a>(finding: &Finding, records: &'a Records) -> Option<&'a OwnRefund> {
    let lines = || finding.lines.iter().filter(|line| line.kind == Kind::Refund);
    let mut numbers = lines().map(|line| &*line.refund_no).filter(|number| !number.is_empty());
    if let Some(number) = numbers.next() {
        return records.refunds.iter().find(|refund| refund.out_refund_no.as_str().as_bytes() == number);
    }
    let amount = lines().next()?.amount;
    let mut fitting = records.refunds.iter().filter(|refund| refund.amount.fen() == amount);
    let one = fitting.next();
    if fitting.next().is_some() { None } else { one }
}
