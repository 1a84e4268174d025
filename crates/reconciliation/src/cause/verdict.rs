//! From facts to cause: a function a kind of difference, each with what proves before what makes probable.

use super::case::{Case, has_arrived, holds};
use super::known::{ChannelAnswer, HisAnswer, OwnPayment, OwnRefund, RefundAnswer, Told};
use super::words::Cause;
use crate::sides::{Kind, Side, State, When};
use mingfen_domain::difference::{Category, Remedy};
use mingfen_domain::payment::{State as PaymentState, SuspenseReason};
use mingfen_domain::refund::{Origin, State as RefundState};
use mingfen_domain::{Fen, Timestamp, write_back};

/// What a difference is, and why.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Verdict {
    pub cause: Cause,
    pub category: Category,
    pub certain: bool,
    pub outlook: Outlook,
}

/// Whether waiting helps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outlook {
    /// A side can still deliver it by itself.
    Open,
    /// What was missed happened on a day that the run has already seen.
    Past,
    /// Every side has it: there is nothing left to do.
    Over,
}

impl Verdict {
    const fn proven(cause: Cause, category: Category) -> Self {
        Self { cause, category, certain: true, outlook: Outlook::Open }
    }

    const fn probable(cause: Cause, category: Category) -> Self {
        Self { certain: false, ..Self::proven(cause, category) }
    }

    const fn with(self, outlook: Outlook) -> Self {
        Self { outlook, ..self }
    }

    const fn unless(self, doubtful: bool) -> Self {
        Self { certain: self.certain && !doubtful, ..self }
    }
}

/// Decides every finding.
pub(super) fn of(case: &Case<'_>) -> Verdict {
    use Category as C;
    let category = case.finding.category;
    match category {
        C::Matched => Verdict::proven(Cause::Agreed, category),
        C::MatchedLate if case.is_learnt_late() => Verdict::proven(Cause::NotificationLate, category),
        C::MatchedLate => Verdict::proven(Cause::ClearedLate, category),
        C::MatchedNetted => netted(case),
        C::ChannelOnly | C::GatewayOnly | C::HisOnly | C::RefundMissingInChannel | C::RefundMissingInHis => {
            one_sided(case, category)
        }
        C::AmountOver | C::AmountUnder => unequal(case),
        C::StatusMismatch => denied(case),
        C::GatewayDiffers => journal(case),
        C::DuplicateInChannel => doubled(case),
        C::DuplicateInHis => booked_twice(case),
        C::CrossDay => cross_day(case),
        C::Foreign => foreign(case),
        C::FeeDifference => Verdict::proven(Cause::FeeRateDiffers, category),
        C::WrongAccount => Verdict::proven(Cause::OtherAccount, category).unless(case.payment().is_none()),
        C::InsuranceComponentDiffers => Verdict::proven(Cause::InsurancePartsDiffer, category),
        C::DepositLineDiffers => Verdict::proven(Cause::DepositDiffers, category),
        C::TotalsRowDiffers => Verdict::proven(Cause::FileIncomplete, category),
        C::UnparsableRow => Verdict::proven(Cause::FileDamaged, category),
        C::StatementNotAvailable => Verdict::proven(Cause::StatementNotYet, category),
    }
}

/// The one-sided category of its lines; `None` where channel and HIS both have it, or nobody.
fn one_sided_category(case: &Case<'_>) -> Option<Category> {
    let has = |side| case.of_side(side).next().is_some();
    match (has(Side::Channel), has(Side::His), has(Side::Gateway), case.kind()) {
        (true, false, _, Kind::Payment) => Some(Category::ChannelOnly),
        (true, false, _, Kind::Refund) => Some(Category::RefundMissingInHis),
        (false, true, _, Kind::Payment) => Some(Category::HisOnly),
        (false, true, _, Kind::Refund) => Some(Category::RefundMissingInChannel),
        (false, false, true, _) => Some(Category::GatewayOnly),
        (true, true, _, _) | (false, false, false, _) => None,
    }
}

fn one_sided(case: &Case<'_>, category: Category) -> Verdict {
    match (category, case.kind()) {
        (Category::ChannelOnly, _) => unbooked(case, category),
        (Category::RefundMissingInHis, _) => unbooked_refund(case, category),
        (Category::RefundMissingInChannel, _) | (_, Kind::Refund) => missing_refund(case, category),
        (_, Kind::Payment) => missing_payment(case, category),
    }
}

/// It waits, until the facts prove that waiting is in vain.
fn cross_day(case: &Case<'_>) -> Verdict {
    let category = Category::CrossDay;
    let Some(base) = one_sided_category(case) else {
        let cause = if case.is_learnt_late() { Cause::NotificationLate } else { Cause::AcrossTheCut };
        return Verdict::proven(cause, category).with(Outlook::Over);
    };
    let verdict = one_sided(case, base);
    if verdict.certain && (verdict.category != base || !waits(case, verdict)) {
        return verdict;
    }
    // What is only probable because a line is missing says less than the hour.
    let is_guess = matches!(
        verdict.cause,
        Cause::NotBooked
            | Cause::NeverPaid
            | Cause::RefundNotSent
            | Cause::RefundNotTold
            | Cause::StatementRowMissing
            | Cause::HisRowMissing
            | Cause::CouldNotAsk
            | Cause::Unknown
    );
    if verdict.certain || !is_guess {
        return Verdict { category, ..verdict };
    }
    let cause = if case.is_carried() { Cause::StillAwaited } else { Cause::AcrossTheCut };
    Verdict::probable(cause, category)
}

/// Whether what is missing can come without anybody's doing.
fn waits(case: &Case<'_>, verdict: Verdict) -> bool {
    let delivers = match verdict.cause {
        // HIS said that it has not been told: that is mended at once, not waited for.
        Cause::WriteBackWaiting | Cause::NotificationLate => !case.his_has_certainly_not(),
        Cause::RefundNotTold => case.known.his_refund != HisAnswer::No,
        cause => cause.advice().first() == Some(&Remedy::Carry),
    };
    delivers && verdict.outlook == Outlook::Open
}

fn foreign(case: &Case<'_>) -> Verdict {
    let is_known = case.payment().is_some() || case.refund.is_some();
    let is_booked = [&case.known.his, &case.known.his_refund]
        .into_iter()
        .any(|answer| matches!(answer, HisAnswer::Booked { .. }));
    match one_sided_category(case) {
        Some(base) if is_known || is_booked => one_sided(case, base),
        _ => Verdict::proven(Cause::AnotherShop, Category::Foreign).unless(!case.is_unknown_here()),
    }
}

/// Paid and given back on one side, or nothing at all.
fn netted(case: &Case<'_>) -> Verdict {
    let category = Category::MatchedNetted;
    if case.finding.lines.iter().all(|line| line.state == State::Void) {
        return Verdict::proven(Cause::NeverTookEffect, category);
    }
    let refund = case.held_refunds().find(|refund| !refund.origin.concerns_his());
    let cause = refund.map_or(Cause::GivenBack, |refund| given_back_because(refund.origin));
    Verdict::proven(cause, category)
}

const fn given_back_because(origin: Origin) -> Cause {
    match origin {
        Origin::BookingRefused => Cause::RefusedAndRefunded,
        Origin::Double => Cause::PaidTwice,
        Origin::WrongAmount => Cause::WrongAmountPaid,
        Origin::Cashier | Origin::His => Cause::RefundedLater,
    }
}

/// The channel has a payment that HIS's ledger has not.
fn unbooked(case: &Case<'_>, category: Category) -> Verdict {
    if case.known.same_provider_no == Some(true) {
        return Verdict::proven(Cause::UnderAnotherNumber, category);
    }
    if let HisAnswer::Booked { amount, at, .. } = case.his() {
        let verdict = booked_after_all(case, category, *amount, at.or(posted_at(case)));
        let goes_back = case.held_refunds().any(|refund| refund.origin == Origin::BookingRefused);
        return if goes_back { Verdict { cause: Cause::BookedAfterRefusal, ..verdict } } else { verdict };
    }
    if case.records().is_none() {
        return match case.known.his {
            _ if !case.known.has_our_form => Verdict::probable(Cause::AnotherShop, Category::Foreign),
            HisAnswer::Silent => Verdict::probable(Cause::CouldNotAsk, category),
            HisAnswer::No | HisAnswer::NotAsked | HisAnswer::Booked { .. } => {
                Verdict::probable(Cause::NotBooked, category)
            }
        };
    }
    let Some(payment) = case.payment() else { return unknown_order(case, category) };
    if case.known.channel.denies() {
        return Verdict::proven(Cause::StatementContradicted, category);
    }
    if let Some(verdict) = given_back(case, category) {
        return verdict;
    }
    match &payment.state {
        PaymentState::Opening | PaymentState::Waiting { .. } | PaymentState::Closed(_) => {
            Verdict::proven(unheard(case, payment), category)
        }
        PaymentState::Suspense { reason, .. } => {
            Verdict::proven(held_because(*reason), category).with(Outlook::Past)
        }
        PaymentState::Paid(_) => untold(case, payment, category),
    }
}

/// Our records do not know the order at all.
fn unknown_order(case: &Case<'_>, category: Category) -> Verdict {
    if case.known.has_our_form {
        return Verdict::proven(Cause::OrderLost, category);
    }
    let asked = [&case.known.his, &case.known.his_refund];
    let silent = asked.into_iter().all(|answer| *answer != HisAnswer::No);
    Verdict::proven(Cause::AnotherShop, Category::Foreign).unless(silent)
}

const fn held_because(reason: SuspenseReason) -> Cause {
    match reason {
        SuspenseReason::Double => Cause::PaidTwice,
        SuspenseReason::WrongAmount => Cause::WrongAmountPaid,
    }
}

/// Paid at the channel, and not so here.
fn unheard(case: &Case<'_>, payment: &OwnPayment) -> Cause {
    let unproven = case.records().is_some_and(|records| records.unproven_notification);
    match &payment.state {
        _ if unproven => Cause::NotificationUnproven,
        PaymentState::Closed(_) => Cause::PaidAfterClose,
        _ => Cause::NewsLost,
    }
}

/// Money that went back, goes back or should, instead of being booked. Refunds that HIS knows count where they are of all of it.
fn given_back(case: &Case<'_>, category: Category) -> Option<Verdict> {
    let amount = case.amount();
    let records = case.records()?;
    let instead =
        |refund: &&OwnRefund| !refund.origin.concerns_his() || i128::from(refund.amount.get()) == amount;
    let find = |is: fn(&OwnRefund) -> bool| records.refunds.iter().filter(instead).find(|refund| is(refund));
    if find(|refund| refund.by_hand).is_some() {
        return Some(Verdict::proven(Cause::RefundPaidByHand, category));
    }
    if find(|refund| matches!(refund.state, RefundState::Abnormal { .. })).is_some() {
        return Some(Verdict::proven(Cause::RefundAbnormal, category));
    }
    if let Some(refund) = find(|refund| refund.state.is_under_way()) {
        let cause = match refund.origin {
            Origin::BookingRefused => Cause::RefusedRefundUnderWay,
            Origin::Cashier | Origin::His => Cause::RefundInFlight,
            Origin::Double | Origin::WrongAmount => given_back_because(refund.origin),
        };
        return Some(Verdict::proven(cause, category));
    }
    if let Some(refund) = find(has_arrived) {
        let verdict = Verdict::proven(given_back_because(refund.origin), category);
        return Some(verdict.with(outlook(case, counted_on(refund))));
    }
    let refund = find(|refund| !holds(refund))?;
    // Given up, and then done another way: the newer record says it.
    (!records.refunds.iter().any(|other| holds(other) && other.amount == refund.amount))
        .then(|| Verdict::proven(Cause::RefundRefused, category))
}

/// Paid here; so what became of telling HIS?
fn untold(case: &Case<'_>, payment: &OwnPayment, category: Category) -> Verdict {
    if payment.settled_by_another.is_some() {
        return Verdict::proven(Cause::PaidTwice, category).with(Outlook::Past);
    }
    let Some(told) = case.write_back() else { return Verdict::proven(Cause::NeverTold, category) };
    match &told.state {
        write_back::State::RefusalToConfirm { .. } if !told.parked => {
            Verdict::proven(Cause::WriteBackRefused, category)
        }
        write_back::State::Refused { .. } | write_back::State::RefusalToConfirm { .. } => {
            Verdict::proven(Cause::WriteBackRefused, category).with(Outlook::Past)
        }
        write_back::State::Due | write_back::State::Unknown if told.parked => {
            Verdict::proven(Cause::WriteBackParked, category)
        }
        write_back::State::Due | write_back::State::Unknown if case.is_learnt_late() => {
            Verdict::proven(Cause::NotificationLate, category)
        }
        write_back::State::Due | write_back::State::Unknown => {
            Verdict::proven(Cause::WriteBackWaiting, category)
        }
        write_back::State::Posted(_) if *case.his() == HisAnswer::No => {
            Verdict::proven(Cause::HisCancelled, category)
        }
        // HIS confirmed it to us; what it says today nobody knows.
        write_back::State::Posted(_) => booked_on(case, category, told.posted_at).unless(true),
    }
}

fn posted_at(case: &Case<'_>) -> Option<Timestamp> {
    case.write_back().and_then(|told| told.posted_at)
}

/// HIS has it after all, with this sum.
fn booked_after_all(case: &Case<'_>, category: Category, amount: Fen, at: Option<Timestamp>) -> Verdict {
    let (channel, his) = (case.sum(Side::Channel), i128::from(amount.get()));
    if channel == his {
        return booked_on(case, category, at);
    }
    unequal_sums(case, channel, his)
}

/// HIS has it: on the day of the lines, or on another. A ledger that was compared and lacks what HIS says it has is not waited for.
fn booked_on(case: &Case<'_>, category: Category, at: Option<Timestamp>) -> Verdict {
    let (Some(at), Some(here)) = (at, case.line_day()) else {
        return Verdict::probable(Cause::BookedOnAnotherDay, Category::CrossDay);
    };
    let there = When::of(at).day;
    if let Some(outlook) = row_missing(case, here, there) {
        return Verdict::proven(Cause::HisRowMissing, category).with(outlook);
    }
    let is_late = case.kind() == Kind::Payment && case.is_learnt_late();
    let cause = if is_late {
        Cause::NotificationLate
    } else if case.is_across_the_cut(here, there, &[Some(at), case.paid_at()]) {
        Cause::AcrossTheCut
    } else {
        Cause::BookedOnAnotherDay
    };
    Verdict::proven(cause, Category::CrossDay).with(outlook(case, Some(there)))
}

/// Where the other side's day was compared, its row is missing there; and whether its file may still bring it.
fn row_missing(case: &Case<'_>, here: i32, there: i32) -> Option<Outlook> {
    let outlook = if there == here { Outlook::Open } else { outlook(case, Some(there)) };
    (case.was_compared(there) && (there == here || outlook == Outlook::Past)).then_some(outlook)
}

fn outlook(case: &Case<'_>, day: Option<i32>) -> Outlook {
    if day.is_none_or(|day| case.is_to_come(day)) { Outlook::Open } else { Outlook::Past }
}

/// The day on which a provider counts a refund.
fn counted_on(refund: &OwnRefund) -> Option<i32> {
    refund.sent_at.map(|at| When::of(at).day)
}

/// HIS, or our journal, has a payment that the statement has not.
fn missing_payment(case: &Case<'_>, category: Category) -> Verdict {
    if !case.known.statement_available {
        return Verdict::proven(Cause::StatementNotYet, Category::StatementNotAvailable);
    }
    if case.known.same_provider_no == Some(true) {
        return Verdict::proven(Cause::UnderAnotherNumber, category);
    }
    let not_ours = case.is_unknown_here() && !case.known.has_our_form;
    match case.known.channel {
        ChannelAnswer::Paid { amount, at } => {
            let (channel, his) = (i128::from(amount.get()), case.sum(Side::His));
            if case.has(Side::His) && channel != his {
                return unequal_sums(case, channel, his);
            }
            if !case.has(Side::His) && channel != case.sum(Side::Gateway) {
                return Verdict::proven(Cause::WrongAmountPaid, category).with(Outlook::Past);
            }
            at_channel_on(case, category, Some(at))
        }
        answer if answer.denies() => {
            let cause = if not_ours {
                Cause::HisOwnEntry
            } else if case.received().is_some() || category == Category::GatewayOnly {
                Cause::PaidButDenied
            } else if case.payment().is_some_and(|payment| payment.settled_by_another.is_some()) {
                Cause::UnderAnotherNumber
            } else {
                Cause::NeverPaid
            };
            Verdict::proven(cause, category).unless(cause == Cause::UnderAnotherNumber)
        }
        _ if not_ours => Verdict::probable(Cause::HisOwnEntry, category),
        answer => match case.received() {
            // The channel told us so once, with its time; whether the row is missing on that day it has yet to say.
            Some(received) => {
                let verdict = at_channel_on(case, category, Some(received.paid_at));
                verdict.unless(verdict.cause == Cause::StatementRowMissing)
            }
            None if answer == ChannelAnswer::Silent => Verdict::probable(Cause::CouldNotAsk, category),
            None if case.is_unknown_here() => Verdict::probable(Cause::OrderLost, category),
            None if category == Category::GatewayOnly => Verdict::probable(Cause::Unknown, category),
            None => Verdict::probable(Cause::NeverPaid, category),
        },
    }
}

/// The channel has it: on the day of the lines, or on another. A statement that was compared and lacks it is not waited for either.
fn at_channel_on(case: &Case<'_>, category: Category, at: Option<Timestamp>) -> Verdict {
    let (Some(at), Some(here)) = (at, case.line_day()) else {
        return Verdict::probable(Cause::PaidOnAnotherDay, Category::CrossDay);
    };
    let there = case.statement_day(at);
    if let Some(outlook) = row_missing(case, here, there) {
        return Verdict::proven(Cause::StatementRowMissing, category).with(outlook);
    }
    let across = case.is_across_the_cut(here, there, &[Some(at)]);
    let cause = if across { Cause::AcrossTheCut } else { Cause::PaidOnAnotherDay };
    Verdict::proven(cause, Category::CrossDay).with(outlook(case, Some(there)))
}

/// HIS, or our journal, has a refund that the statement has not.
fn missing_refund(case: &Case<'_>, category: Category) -> Verdict {
    if !case.known.statement_available {
        return Verdict::proven(Cause::StatementNotYet, Category::StatementNotAvailable);
    }
    let refund = case.refund;
    match case.known.channel_refund {
        RefundAnswer::Succeeded { amount, at } => {
            if refund.is_some_and(|refund| refund.by_hand) {
                return Verdict::proven(Cause::RefundedTwice, category);
            }
            let wanted = if case.has(Side::His) { case.sum(Side::His) } else { case.sum(Side::Gateway) };
            if let Some(amount) = amount.map(|amount| i128::from(amount.get()))
                && amount != wanted
            {
                let category = if case.has(Side::His) { over_or_under(amount, wanted) } else { category };
                return Verdict::proven(Cause::RefundOtherSum, category);
            }
            let counted = refund.and_then(|refund| refund.sent_at).unwrap_or(at);
            return at_channel_on(case, category, Some(counted));
        }
        RefundAnswer::Processing => return Verdict::proven(Cause::RefundInFlight, category),
        RefundAnswer::Abnormal => return Verdict::proven(Cause::RefundAbnormal, category),
        RefundAnswer::NotAsked | RefundAnswer::Silent | RefundAnswer::Missing | RefundAnswer::Closed => {}
    }
    let denied = matches!(case.known.channel_refund, RefundAnswer::Missing | RefundAnswer::Closed);
    let Some(refund) = refund else {
        return match (case.records(), case.known.channel_refund) {
            (None, RefundAnswer::Silent) => Verdict::probable(Cause::CouldNotAsk, category),
            (Some(_), _) if category == Category::GatewayOnly => Verdict::probable(Cause::Unknown, category),
            (Some(_), _) if case.is_unknown_here() && !case.known.has_our_form => {
                Verdict::proven(Cause::HisOwnEntry, category).unless(!denied)
            }
            (Some(_), _) if case.is_unknown_here() => Verdict::probable(Cause::OrderLost, category),
            (Some(_), _) => Verdict::proven(Cause::RefundNotSent, category),
            (None, _) => Verdict::probable(Cause::RefundNotSent, category),
        };
    };
    match &refund.state {
        _ if refund.by_hand => Verdict::proven(Cause::RefundPaidByHand, category),
        RefundState::Succeeded { .. } if denied => Verdict::proven(Cause::PaidButDenied, category),
        RefundState::Succeeded { refunded_at, .. } => {
            let verdict = at_channel_on(case, category, refund.sent_at.or(Some(*refunded_at)));
            verdict.unless(verdict.cause == Cause::StatementRowMissing)
        }
        RefundState::Due | RefundState::Unknown | RefundState::Processing { .. } => {
            Verdict::proven(Cause::RefundInFlight, category)
        }
        RefundState::Abnormal { .. } => Verdict::proven(Cause::RefundAbnormal, category),
        RefundState::Failed { .. } => Verdict::proven(Cause::RefundRefused, category),
    }
}

/// The channel has a refund that HIS's ledger has not.
fn unbooked_refund(case: &Case<'_>, category: Category) -> Verdict {
    if case.known.same_provider_no == Some(true) {
        return Verdict::proven(Cause::UnderAnotherNumber, category);
    }
    if let HisAnswer::Booked { amount, at, .. } = &case.known.his_refund {
        return booked_after_all(case, category, *amount, *at);
    }
    if case.records().is_none() {
        return match case.known.his_refund {
            _ if !case.known.has_our_form => Verdict::probable(Cause::AnotherShop, Category::Foreign),
            HisAnswer::Silent => Verdict::probable(Cause::CouldNotAsk, category),
            HisAnswer::No | HisAnswer::NotAsked | HisAnswer::Booked { .. } => {
                Verdict::probable(Cause::RefundNotTold, category)
            }
        };
    }
    if case.is_unknown_here() {
        return unknown_order(case, category);
    }
    let Some(refund) = case.refund else { return Verdict::proven(Cause::RefundAtPortal, category) };
    if refund.by_hand {
        return Verdict::proven(Cause::RefundedTwice, category);
    }
    if !refund.origin.concerns_his() && is_booked(case) {
        return Verdict::proven(Cause::BookedAfterRefusal, category);
    }
    match &refund.state {
        RefundState::Due | RefundState::Unknown | RefundState::Processing { .. } => {
            Verdict::proven(Cause::RefundInFlight, category)
        }
        RefundState::Abnormal { .. } => Verdict::proven(Cause::RefundAbnormal, category),
        RefundState::Failed { .. } => Verdict::proven(Cause::NewsLost, category),
        RefundState::Succeeded { .. } => match refund.told {
            Told::NeedNot => Verdict::proven(given_back_because(refund.origin), category).with(Outlook::Over),
            Told::NotYet => {
                let outlook = if refund.parked { Outlook::Past } else { Outlook::Open };
                Verdict::proven(Cause::RefundNotTold, category).with(outlook)
            }
            Told::Refused => Verdict::proven(Cause::RefundNotBooked, category),
            Told::Booked if case.known.his_refund == HisAnswer::No => {
                Verdict::proven(Cause::RefundCancelledInHis, category)
            }
            Told::Booked => Verdict::probable(Cause::HisRowMissing, category),
        },
    }
}

/// Whether HIS has booked the payment, by its answer or, unasked, by our records.
fn is_booked(case: &Case<'_>) -> bool {
    match case.his() {
        HisAnswer::Booked { .. } => true,
        HisAnswer::No => false,
        HisAnswer::NotAsked | HisAnswer::Silent => {
            case.write_back().is_some_and(|told| matches!(told.state, write_back::State::Posted(_)))
        }
    }
}

const fn over_or_under(channel: i128, his: i128) -> Category {
    if channel > his { Category::AmountOver } else { Category::AmountUnder }
}

fn unequal(case: &Case<'_>) -> Verdict {
    let (channel, his) = (case.sum(Side::Channel), case.sum(Side::His));
    if let HisAnswer::Booked { amount, .. } = case.his_of_kind()
        && i128::from(amount.get()) == channel
    {
        return Verdict::proven(Cause::HisRowMissing, case.finding.category);
    }
    Verdict { category: case.finding.category, ..unequal_sums(case, channel, his) }
}

/// Both have it, with these sums.
fn unequal_sums(case: &Case<'_>, channel: i128, his: i128) -> Verdict {
    let category = over_or_under(channel, his);
    if case.kind() == Kind::Refund {
        return Verdict::proven(Cause::RefundOtherSum, category);
    }
    let told = match case.known.channel {
        ChannelAnswer::Paid { amount, .. } => Some(amount),
        _ => case.received().map(|received| received.amount.fen()),
    };
    let told = told.map(|amount| i128::from(amount.get()));
    if let Some(payment) = case.payment()
        && told.is_some_and(|told| told != i128::from(payment.ordered.get()))
    {
        return Verdict::proven(Cause::WrongAmountPaid, category);
    }
    if case.has(Side::Channel) && told.is_some_and(|told| told != channel) {
        return Verdict::proven(Cause::StatementAmountDiffers, category);
    }
    let Some(payment) = case.payment() else { return Verdict::probable(Cause::BookedOtherSum, category) };
    if his == i128::from(payment.bill_total.get()) && payment.bill_total != payment.ordered.fen() {
        return Verdict::proven(Cause::InsuranceIncluded, category);
    }
    let difference = channel.saturating_sub(his);
    if case.held_refunds().any(|refund| i128::from(refund.amount.get()) == difference) {
        return Verdict::probable(Cause::BookedNet, category);
    }
    if difference > 0 && payment.slips.len() > 1 {
        let is_one = |slip: &Fen| [difference, his].contains(&i128::from(slip.get()));
        return Verdict::proven(Cause::PartlyBooked, category).unless(!payment.slips.iter().any(is_one));
    }
    Verdict::proven(Cause::BookedOtherSum, category).unless(told.is_none())
}

/// The same money, and one side says that it did not happen.
fn denied(case: &Case<'_>) -> Verdict {
    let category = Category::StatusMismatch;
    match (case.kind(), case.has(Side::Channel) && case.has_void(Side::His)) {
        (Kind::Payment, true) => given_back(case, category).unwrap_or_else(|| {
            Verdict::proven(Cause::HisCancelled, category)
                .unless(matches!(case.his(), HisAnswer::Booked { .. }))
        }),
        (Kind::Payment, false) if case.has_void(Side::Channel) || !is_his_under_way(case) => {
            match case.known.channel {
                ChannelAnswer::Paid { .. } => Verdict::proven(Cause::StatementContradicted, category),
                answer => Verdict::proven(Cause::NeverPaid, category).unless(!answer.denies()),
            }
        }
        // HIS has begun to book and not ended.
        (Kind::Payment, false) => Verdict::probable(Cause::WriteBackWaiting, category),
        (Kind::Refund, true) => Verdict::proven(Cause::RefundCancelledInHis, category)
            .unless(matches!(case.known.his_refund, HisAnswer::Booked { .. })),
        (Kind::Refund, false) => match case.known.channel_refund {
            RefundAnswer::Succeeded { .. } => Verdict::proven(Cause::StatementContradicted, category),
            _ => match case.refund {
                Some(refund) if refund.by_hand => Verdict::proven(Cause::RefundPaidByHand, category),
                Some(refund) if refund.state.is_under_way() => {
                    Verdict::proven(Cause::RefundInFlight, category)
                }
                refund => Verdict::proven(Cause::RefundRefused, category).unless(refund.is_none()),
            },
        },
    }
}

fn is_his_under_way(case: &Case<'_>) -> bool {
    case.live(Side::His).any(|line| line.state == State::UnderWay)
}

/// Channel and HIS agree, and our journal does not.
fn journal(case: &Case<'_>) -> Verdict {
    let category = Category::GatewayDiffers;
    if case.records().is_none() {
        return Verdict::probable(Cause::JournalDiffers, category);
    }
    if case.is_unknown_here() {
        let cause = if case.known.has_our_form { Cause::OrderLost } else { Cause::PastUs };
        return Verdict::proven(cause, category);
    }
    if case.kind() == Kind::Refund {
        return journal_of_refund(case, category);
    }
    let Some(payment) = case.payment() else { return Verdict::proven(Cause::OrderLost, category) };
    let Some(received) = payment.state.received() else {
        return Verdict::proven(unheard(case, payment), category);
    };
    if let PaymentState::Suspense { reason, .. } = &payment.state {
        return Verdict::proven(held_because(*reason), category);
    }
    if i128::from(received.amount.get()) != case.sum(Side::Channel) {
        return Verdict::proven(Cause::StatementAmountDiffers, category);
    }
    counted_here_on(case, category, Some(received.paid_at))
}

fn journal_of_refund(case: &Case<'_>, category: Category) -> Verdict {
    let Some(refund) = case.refund else { return Verdict::proven(Cause::RefundAtPortal, category) };
    if refund.by_hand {
        return Verdict::proven(Cause::RefundedTwice, category);
    }
    if !has_arrived(refund) {
        return Verdict::proven(Cause::NewsLost, category);
    }
    if i128::from(refund.amount.get()) != case.sum(Side::Channel) {
        return Verdict::proven(Cause::RefundOtherSum, category);
    }
    counted_here_on(case, category, refund.sent_at)
}

/// Our record says the same, on the day of the lines or on another.
fn counted_here_on(case: &Case<'_>, category: Category, at: Option<Timestamp>) -> Verdict {
    match (at, case.line_day()) {
        (Some(at), Some(here)) if When::of(at).day != here => {
            Verdict::proven(Cause::AcrossTheCut, Category::CrossDay)
                .unless(!case.is_across_the_cut(here, When::of(at).day, &[Some(at)]))
                .with(Outlook::Over)
        }
        _ => Verdict::probable(Cause::JournalDiffers, category),
    }
}

/// The statement has it again.
fn doubled(case: &Case<'_>) -> Verdict {
    let category = Category::DuplicateInChannel;
    match (case.known.same_provider_no, case.kind()) {
        (Some(true), _) => Verdict::proven(Cause::DoubledByFile, category),
        (Some(false), Kind::Payment) => Verdict::proven(Cause::PaidTwice, category),
        (Some(false), Kind::Refund) => Verdict::proven(Cause::RefundedTwice, category),
        (None, _) => Verdict::probable(Cause::DoubledByFile, category),
    }
}

/// HIS's ledger has it again. Proven where HIS itself counts more than the one line; otherwise its export may have doubled the row.
fn booked_twice(case: &Case<'_>) -> Verdict {
    let counts_more = match case.his_of_kind() {
        HisAnswer::Booked { amount, .. } => i128::from(amount.get()) > case.amount(),
        HisAnswer::NotAsked | HisAnswer::Silent | HisAnswer::No => false,
    };
    Verdict::proven(Cause::BookedTwice, Category::DuplicateInHis).unless(!counts_more)
}
