//! What may be ordered here: of what helps against the cause, what the category allows and what is safe.
//!
//! Safe means that no money moves twice and none moves that nobody has. A cause proposes; this file refuses.

use super::case::Case;
use super::known::{HisAnswer, RefundAnswer, Told};
use super::verdict::{Outlook, Verdict};
use crate::sides::{Kind, Side};
use mingfen_domain::difference::{Category, Remedy};
use mingfen_domain::payment::State as PaymentState;
use mingfen_domain::refund::State as RefundState;
use mingfen_domain::write_back;

/// The most advisable first; never empty, and never a write-off in front.
pub(super) fn allowed(case: &Case<'_>, verdict: &Verdict) -> Vec<Remedy> {
    if verdict.outlook == Outlook::Over {
        return vec![Remedy::Note];
    }
    let offered = verdict.category.remedies();
    let advice = verdict.cause.advice().iter().copied();
    let mut allowed: Vec<Remedy> =
        advice.filter(|remedy| offered.contains(remedy) && is_safe(case, verdict, *remedy)).collect();
    // What is only probable is asked about before anything decides where the money belongs.
    let ask = allowed.iter().position(|remedy| *remedy == Remedy::AskAgain);
    if let Some(place) = ask
        && !verdict.certain
        && allowed[0].settles()
    {
        allowed[..=place].rotate_right(1);
    }
    if !allowed.contains(&Remedy::Note) {
        let first_is_loss = allowed.first() == Some(&Remedy::WriteOff);
        allowed.insert(if first_is_loss { 0 } else { allowed.len() }, Remedy::Note);
    }
    allowed
}

fn is_safe(case: &Case<'_>, verdict: &Verdict, remedy: Remedy) -> bool {
    match remedy {
        Remedy::AskAgain | Remedy::Note => true,
        Remedy::Carry => verdict.outlook == Outlook::Open,
        Remedy::WriteBackNow => match case.kind() {
            Kind::Payment => may_write_back(case),
            Kind::Refund => may_write_back_refund(case),
        },
        Remedy::Refund => match case.kind() {
            Kind::Payment => may_refund(case, verdict.category),
            Kind::Refund => may_refund_again(case),
        },
        Remedy::MarkForeign => {
            let nobody_here = case.records().is_none() || case.is_unknown_here();
            let booked = [case.his(), &case.known.his_refund]
                .into_iter()
                .any(|answer| matches!(answer, HisAnswer::Booked { .. }));
            nobody_here && !booked && case.of_side(Side::His).next().is_none()
        }
        // Money that is held there already, or that is being given back, is not held a second time.
        Remedy::BookToSuspense => {
            let held =
                case.payment().is_some_and(|payment| matches!(payment.state, PaymentState::Suspense { .. }));
            !held && !case.is_refund_under_way()
        }
        Remedy::WriteOff => !case.is_refund_under_way(),
    }
}

/// The channel has the money, HIS certainly has not, none of it was given back, and HIS has not said no.
fn may_write_back(case: &Case<'_>) -> bool {
    let Some(payment) = case.payment() else { return false };
    let to_tell = match case.write_back().map(|told| &told.state) {
        None | Some(write_back::State::Due | write_back::State::Unknown) => true,
        Some(
            write_back::State::Posted(_)
            | write_back::State::RefusalToConfirm { .. }
            | write_back::State::Refused { .. },
        ) => false,
    };
    to_tell
        && matches!(payment.state, PaymentState::Paid(_))
        && case.has(Side::Channel)
        && !case.known.channel.denies()
        && *case.his() == HisAnswer::No
        // What HIS has cancelled is not told to it again.
        && !case.has(Side::His)
        && !case.has_void(Side::His)
        && !case.is_refund_under_way()
        && case.held_sum() == 0
}

/// The channel gave it back, and HIS, which has the payment, has certainly not booked that.
fn may_write_back_refund(case: &Case<'_>) -> bool {
    case.refund.is_some_and(|refund| {
        matches!(refund.state, RefundState::Succeeded { .. })
            && matches!(refund.told, Told::NotYet | Told::Refused)
            && !refund.by_hand
    }) && case.has(Side::Channel)
        && !case.has(Side::His)
        && case.known.his_refund == HisAnswer::No
}

/// The channel has the money, HIS has not and is not being told, and what is to go back has not gone.
fn may_refund(case: &Case<'_>, category: Category) -> bool {
    let Some(received) = case.received() else { return false };
    if case.is_refund_under_way() || case.known.channel.denies() || !case.has(Side::Channel) {
        return false;
    }
    let left = i128::from(received.amount.get()) - case.held_sum();
    match category {
        // The extra payment is beyond what the first one brought.
        Category::DuplicateInChannel => case.known.same_provider_no == Some(false) && case.held_sum() == 0,
        Category::AmountOver => {
            let surplus = case.sum(Side::Channel) - case.sum(Side::His);
            // By its own word HIS may have more than its ledger shows.
            let has_more = match case.his() {
                HisAnswer::Booked { amount, .. } => i128::from(amount.get()) > case.sum(Side::His),
                HisAnswer::NotAsked | HisAnswer::Silent | HisAnswer::No => false,
            };
            case.held_sum() == 0 && !has_more && surplus > 0 && left >= surplus
        }
        _ => {
            let is_being_told = case.write_back().is_some_and(|told| match &told.state {
                write_back::State::Due | write_back::State::Unknown => !told.parked,
                write_back::State::RefusalToConfirm { .. } => true,
                write_back::State::Posted(_) | write_back::State::Refused { .. } => false,
            });
            !is_being_told && case.his_has_certainly_not() && left >= case.amount()
        }
    }
}

/// HIS has booked a refund, the channel has certainly not given it, and the money is still there.
fn may_refund_again(case: &Case<'_>) -> bool {
    let Some(received) = case.received() else { return false };
    let not_given = match case.known.channel_refund {
        RefundAnswer::Missing | RefundAnswer::Closed => true,
        RefundAnswer::NotAsked => case.refund.is_none_or(|refund| !super::case::holds(refund)),
        RefundAnswer::Silent
        | RefundAnswer::Processing
        | RefundAnswer::Abnormal
        | RefundAnswer::Succeeded { .. } => false,
    };
    let left = i128::from(received.amount.get()) - case.held_sum();
    not_given
        && case.has(Side::His)
        && !case.has(Side::Channel)
        && !case.known.channel.denies()
        && !case.is_refund_under_way()
        && left >= case.amount()
}
