//! What goes wrong in the history, when, and what the comparison of the day calls it.
//!
//! # What cannot occur here
//! Every category of [`Category`] occurs. Of causes, these do not: an insurance settlement that fails in itself, because the demo has
//! no insurance channel (HIS settles insurance, and only what it says of it is compared); a bank that has not got what was paid out,
//! because the simulated providers pay nothing out.

use mingfen_domain::difference::Category;

/// Something that goes wrong, once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Trouble {
    /// A shop in the hospital's hall takes money with our merchant number.
    ShopSells,
    /// A doctor takes the slip back while it is being paid: HIS refuses, and the money goes back.
    SlipCancelled,
    /// Paid before midnight, booked after it.
    AcrossMidnight,
    /// HIS takes no bookings for the rest of an evening.
    HisSilent,
    /// HIS's ledger lacks the row.
    LedgerLacks,
    /// The statement lacks the row.
    StatementLacks,
    /// The statement lacks the row of a large deposit.
    StatementLacksDeposit,
    /// Both lack it.
    BothLack,
    /// HIS's ledger says less than was paid.
    LedgerHasLess,
    /// HIS's ledger says more than was paid.
    LedgerHasMore,
    /// A refund failed at the channel, and HIS's cashier booked it all the same.
    FailedRefundBooked,
    /// A machine of HIS's vendor takes money with our merchant number, past us, and books it.
    PastUs,
    /// The statement has the row twice.
    StatementTwice,
    /// HIS's ledger has the row twice.
    LedgerTwice,
    /// The statement lacks a refund.
    StatementLacksRefund,
    /// Somebody refunds at the provider's portal.
    RefundAtPortal,
    /// The provider charges another fee for some hours.
    FeeRate,
    /// HIS's ledger names another merchant account.
    OtherAccount,
    /// HIS's ledger says another part of insurance.
    OtherInsurance,
    /// HIS's ledger has a deposit as revenue.
    OtherPurpose,
    /// A statement's own totals are not those of its rows.
    TotalsDiffer,
    /// A statement is cut off in the middle of a row.
    FileDamaged,
    /// A statement is not made the next morning.
    FileNotMade,
}

/// When a trouble comes: on the days that are `first`, `first + every`, … days ago.
struct Row {
    trouble: Trouble,
    first: usize,
    every: usize,
}

const fn row(trouble: Trouble, first: usize, every: usize) -> Row {
    Row { trouble, first, every }
}

/// Two weeks have all of it, so that the history of a month shows how each was dealt with.
const TABLE: [Row; 23] = {
    use Trouble as T;
    [
        row(T::ShopSells, 2, 2),
        row(T::SlipCancelled, 1, 4),
        row(T::AcrossMidnight, 1, 7),
        row(T::HisSilent, 9, 14),
        row(T::LedgerLacks, 2, 7),
        row(T::StatementLacks, 1, 5),
        row(T::StatementLacksDeposit, 3, 15),
        row(T::BothLack, 5, 14),
        row(T::LedgerHasLess, 3, 14),
        row(T::LedgerHasMore, 10, 14),
        row(T::FailedRefundBooked, 4, 14),
        row(T::PastUs, 6, 14),
        row(T::StatementTwice, 2, 14),
        row(T::LedgerTwice, 11, 14),
        row(T::StatementLacksRefund, 7, 14),
        row(T::RefundAtPortal, 3, 14),
        row(T::FeeRate, 12, 28),
        row(T::OtherAccount, 8, 14),
        row(T::OtherInsurance, 13, 14),
        row(T::OtherPurpose, 10, 14),
        row(T::TotalsDiffer, 14, 28),
        row(T::FileDamaged, 4, 28),
        row(T::FileNotMade, 1, 21),
    ]
};

impl Trouble {
    /// What befalls the day that is so many days ago.
    pub fn of_age(age: usize) -> Vec<Self> {
        let comes = |row: &&Row| age >= row.first && (age - row.first).is_multiple_of(row.every);
        let mut troubles: Vec<Self> = TABLE.iter().filter(comes).map(|row| row.trouble).collect();
        if troubles.contains(&Self::TotalsDiffer) {
            // A statement suffers one thing at a time.
            troubles.retain(|trouble| !trouble.is_about_rows());
        }
        troubles
    }

    /// Whether rows of WeChat Pay's statement are missing or twice.
    const fn is_about_rows(self) -> bool {
        matches!(
            self,
            Self::StatementLacks
                | Self::StatementLacksDeposit
                | Self::BothLack
                | Self::StatementTwice
                | Self::StatementLacksRefund
        )
    }

    /// What the comparison of its day calls it.
    pub const fn category(self) -> Category {
        match self {
            Self::ShopSells => Category::Foreign,
            Self::SlipCancelled => Category::MatchedNetted,
            Self::AcrossMidnight => Category::CrossDay,
            Self::HisSilent | Self::LedgerLacks => Category::ChannelOnly,
            Self::StatementLacks | Self::StatementLacksDeposit => Category::HisOnly,
            Self::BothLack => Category::GatewayOnly,
            Self::LedgerHasLess => Category::AmountOver,
            Self::LedgerHasMore => Category::AmountUnder,
            Self::FailedRefundBooked => Category::StatusMismatch,
            Self::PastUs => Category::GatewayDiffers,
            Self::StatementTwice => Category::DuplicateInChannel,
            Self::LedgerTwice => Category::DuplicateInHis,
            Self::StatementLacksRefund => Category::RefundMissingInChannel,
            Self::RefundAtPortal => Category::RefundMissingInHis,
            Self::FeeRate => Category::FeeDifference,
            Self::OtherAccount => Category::WrongAccount,
            Self::OtherInsurance => Category::InsuranceComponentDiffers,
            Self::OtherPurpose => Category::DepositLineDiffers,
            Self::TotalsDiffer => Category::TotalsRowDiffers,
            Self::FileDamaged => Category::UnparsableRow,
            Self::FileNotMade => Category::StatementNotAvailable,
        }
    }

    /// What it calls something else of it.
    pub const fn category_beside(self) -> Option<Category> {
        match self {
            // Our own refund that never took effect.
            Self::FailedRefundBooked => Some(Category::MatchedNetted),
            _ => None,
        }
    }

    /// What the comparison of the next day calls it, where that sees it again.
    pub const fn category_next_day(self) -> Option<Category> {
        match self {
            Self::AcrossMidnight => Some(Category::MatchedLate),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_trouble_has_its_row_and_comes_within_two_weeks() {
        let all: BTreeSet<Trouble> = TABLE.iter().map(|row| row.trouble).collect();
        assert_eq!(all.len(), TABLE.len(), "one row each");
        let seen: BTreeSet<Trouble> = (1..=14).flat_map(Trouble::of_age).collect();
        assert_eq!(seen, all);
    }

    #[test]
    fn together_they_have_every_category() {
        let all = TABLE.iter().map(|row| row.trouble);
        let mut categories: BTreeSet<Category> = all.clone().map(Trouble::category).collect();
        categories.extend(all.filter_map(Trouble::category_next_day));
        categories.insert(Category::Matched);
        assert_eq!(categories, Category::ALL.into_iter().collect());
    }
}
