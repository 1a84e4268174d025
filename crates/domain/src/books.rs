//! Double entry, append-only. An entry is built whole and balanced, or it is not built; a correction is another entry.
//!
//! What happens to one payment of 100.00 that HIS books and that is then refunded by 40.00:
//!
//! | event | debit | credit |
//! |---|---|---|
//! | paid | channel receivable 100.00 | patient money 100.00 |
//! | HIS booked it | patient money 100.00 | HIS revenue 100.00 |
//! | refund asked for | HIS revenue 40.00 | refunds payable 40.00 |
//! | refund arrived | refunds payable 40.00 | channel receivable 40.00 |
//!
//! Refused by HIS, the refund is taken from patient money; money that no bill can take goes to suspense and from there. A
//! refund that is paid out by hand leaves refunds payable towards an account of its own: the channel still owes us that money.
//!
//! What a cashier takes in cash is owed by the till: the receivable of the cash channel is what lies in all tills beyond their floats. When a
//! shift is closed over 2281.00 and 2261.00 are counted and handed in:
//!
//! | event | debit | credit |
//! |---|---|---|
//! | shift closed | cash handed in 2261.00, over or short 20.00 | receivable of the cash channel 2281.00 |

use crate::ids::ChannelId;
use crate::money::{Amount, Fen, MoneyError};
use crate::refund::Origin;
use std::fmt;

/// An account of the journal.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Account {
    /// What a channel owes us (渠道应收).
    ChannelReceivable(ChannelId),
    /// Received, not yet booked by HIS (待入账).
    PatientMoney,
    /// Booked by HIS (HIS 收入).
    HisRevenue,
    /// Promised back, not yet arrived (应退款).
    RefundsPayable,
    /// Held until it is refunded or a person decides (挂账).
    Suspense,
    /// Paid back by hand, in cash or from the bank, past the channels (手工退款): the cashier's office owes it to nobody, and finance
    /// settles it with that office.
    PaidByHand,
    /// What a person has written off after a reconciliation (核销): a loss when debit, a gain when credit.
    WrittenOff,
    /// Cash that cashiers have handed in when they closed their shifts (上缴现金).
    CashHandedIn,
    /// What a till had too little when debit, too much when credit (长短款).
    CashOverShort,
}

impl Account {
    /// The text that is stored: `channel_receivable:wechat-main`, `suspense`.
    pub fn to_text(&self) -> String {
        match self {
            Self::ChannelReceivable(channel) => format!("channel_receivable:{channel}"),
            Self::PatientMoney => "patient_money".into(),
            Self::HisRevenue => "his_revenue".into(),
            Self::RefundsPayable => "refunds_payable".into(),
            Self::Suspense => "suspense".into(),
            Self::PaidByHand => "paid_by_hand".into(),
            Self::WrittenOff => "written_off".into(),
            Self::CashHandedIn => "cash_handed_in".into(),
            Self::CashOverShort => "cash_over_short".into(),
        }
    }

    /// Reads the stored text.
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "patient_money" => Some(Self::PatientMoney),
            "his_revenue" => Some(Self::HisRevenue),
            "refunds_payable" => Some(Self::RefundsPayable),
            "suspense" => Some(Self::Suspense),
            "paid_by_hand" => Some(Self::PaidByHand),
            "written_off" => Some(Self::WrittenOff),
            "cash_handed_in" => Some(Self::CashHandedIn),
            "cash_over_short" => Some(Self::CashOverShort),
            other => {
                let channel = other.strip_prefix("channel_receivable:")?;
                ChannelId::parse(channel).ok().map(Self::ChannelReceivable)
            }
        }
    }
}

impl fmt::Display for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.to_text())
    }
}

/// Why an entry was made, in the order in which money goes through.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reason {
    /// A payment came that its bill took.
    Paid,
    /// Money came that no bill can take.
    PaidIntoSuspense,
    /// HIS booked it.
    Booked,
    /// A refund was asked for.
    RefundRequested,
    /// A refund arrived.
    RefundArrived,
    /// A refund was given up; takes back the entry that it points at.
    RefundGivenUp,
    /// A refund that was given up is on its way all the same; the money is promised again.
    RefundTakenBack,
    /// A refund was paid out by hand, past the channel.
    RefundPaidByHand,
    /// A person has put a difference of a reconciliation on the suspense account.
    DifferenceToSuspense,
    /// A person has written a difference of a reconciliation off.
    DifferenceWrittenOff,
    /// A cashier has closed a shift and handed its cash in.
    ShiftClosed,
}

impl Reason {
    /// All of them.
    pub const ALL: [Self; 11] = [
        Self::Paid,
        Self::PaidIntoSuspense,
        Self::Booked,
        Self::RefundRequested,
        Self::RefundArrived,
        Self::RefundGivenUp,
        Self::RefundTakenBack,
        Self::RefundPaidByHand,
        Self::DifferenceToSuspense,
        Self::DifferenceWrittenOff,
        Self::ShiftClosed,
    ];

    /// The word that is stored.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Paid => "paid",
            Self::PaidIntoSuspense => "paid_into_suspense",
            Self::Booked => "booked",
            Self::RefundRequested => "refund_requested",
            Self::RefundArrived => "refund_arrived",
            Self::RefundGivenUp => "refund_given_up",
            Self::RefundTakenBack => "refund_taken_back",
            Self::RefundPaidByHand => "refund_paid_by_hand",
            Self::DifferenceToSuspense => "difference_to_suspense",
            Self::DifferenceWrittenOff => "difference_written_off",
            Self::ShiftClosed => "shift_closed",
        }
    }
}

/// One side of an entry: debit is positive, credit negative.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Posting {
    /// Where.
    pub account: Account,
    /// How much; debit positive.
    pub fen: Fen,
}

/// What the three sides have of an order: payments less refunds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SidesOfDifference {
    /// The channel.
    pub channel: Fen,
    /// Our journal.
    pub ours: Fen,
    /// HIS.
    pub his: Fen,
}

/// Where the three sides' money is in our books.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccountsOfDifference {
    /// What the channel owes us.
    pub receivable: Account,
    /// Where our money of this order is: HIS's revenue, or what HIS was not told yet.
    pub booked: Account,
    /// Where that goes on which channel and HIS do not agree.
    pub remainder: Account,
}

/// A balanced entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    reason: Reason,
    /// What it is about: with the reason it is unique, so that nothing is booked twice.
    subject: String,
    postings: Vec<Posting>,
}

impl Entry {
    /// Moves `amount` from `credit` to `debit`. `subject` is the order or refund number; an entry is unique by reason and subject.
    ///
    /// # Errors
    /// [`MoneyError::OutOfRange`] never happens for an amount that can be charged; it is not hidden all the same.
    pub fn transfer(
        reason: Reason,
        subject: impl Into<String>,
        debit: Account,
        credit: Account,
        amount: Amount,
    ) -> Result<Self, MoneyError> {
        let postings = vec![
            Posting { account: debit, fen: amount.fen() },
            Posting { account: credit, fen: amount.fen().negated()? },
        ];
        debug_assert_eq!(Fen::sum(postings.iter().map(|posting| posting.fen)), Ok(Fen::ZERO));
        Ok(Self { reason, subject: subject.into(), postings })
    }

    /// Makes our books say of an order what the channel and HIS say, and puts what they do not agree on into `remainder`: suspense,
    /// or what is written off. `None` when the three agree already.
    ///
    /// | who | has it on | is moved by |
    /// |---|---|---|
    /// | channel | `receivable` | what the channel has less what we have |
    /// | HIS | `booked` | what we have less what HIS has |
    /// | nobody | `remainder` | what HIS has less what the channel has |
    ///
    /// # Errors
    /// [`MoneyError::OutOfRange`].
    pub fn settle_difference(
        reason: Reason,
        subject: impl Into<String>,
        sides: SidesOfDifference,
        accounts: AccountsOfDifference,
    ) -> Result<Option<Self>, MoneyError> {
        let SidesOfDifference { channel, ours, his } = sides;
        let moves = [
            (accounts.receivable, channel.minus(ours)?),
            (accounts.booked, ours.minus(his)?),
            (accounts.remainder, his.minus(channel)?),
        ];
        let postings: Vec<Posting> = moves
            .into_iter()
            .filter(|(_, fen)| *fen != Fen::ZERO)
            .map(|(account, fen)| Posting { account, fen })
            .collect();
        debug_assert_eq!(Fen::sum(postings.iter().map(|posting| posting.fen)), Ok(Fen::ZERO));
        Ok((!postings.is_empty()).then(|| Self { reason, subject: subject.into(), postings }))
    }

    /// Takes a shift's cash out of the till: what each cash channel took in less what it gave back, against what is handed in; what is
    /// missing or too much goes to [`Account::CashOverShort`]. `None` when no cash moved at all.
    ///
    /// More may have been given back than was taken: then the sums are negative, and the float is filled up again.
    ///
    /// # Errors
    /// [`MoneyError::OutOfRange`].
    pub fn close_shift(
        subject: impl Into<String>,
        net: &[(ChannelId, Fen)],
        handed_in: Fen,
    ) -> Result<Option<Self>, MoneyError> {
        let all = Fen::sum(net.iter().map(|(_, fen)| *fen))?;
        let mut postings = vec![
            Posting { account: Account::CashHandedIn, fen: handed_in },
            Posting { account: Account::CashOverShort, fen: all.minus(handed_in)? },
        ];
        for (channel, fen) in net {
            postings
                .push(Posting { account: Account::ChannelReceivable(channel.clone()), fen: fen.negated()? });
        }
        postings.retain(|posting| posting.fen != Fen::ZERO);
        debug_assert_eq!(Fen::sum(postings.iter().map(|posting| posting.fen)), Ok(Fen::ZERO));
        let reason = Reason::ShiftClosed;
        Ok((!postings.is_empty()).then(|| Self { reason, subject: subject.into(), postings }))
    }

    /// The sum of its debits: how much it moves.
    ///
    /// # Errors
    /// [`MoneyError::OutOfRange`].
    pub fn amount(&self) -> Result<Fen, MoneyError> {
        Fen::sum(self.postings.iter().map(|posting| posting.fen).filter(|fen| *fen > Fen::ZERO))
    }

    /// Why.
    pub const fn reason(&self) -> Reason {
        self.reason
    }
    /// About what.
    pub fn subject(&self) -> &str {
        &self.subject
    }
    /// Its sides; they add up to zero.
    pub fn postings(&self) -> &[Posting] {
        &self.postings
    }
}

/// The account that a refund of this origin is taken from.
pub const fn refund_source(origin: Origin) -> Account {
    match origin {
        Origin::Cashier | Origin::His => Account::HisRevenue,
        Origin::BookingRefused => Account::PatientMoney,
        Origin::Double | Origin::WrongAmount => Account::Suspense,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_balances() {
        let channel = Account::ChannelReceivable(ChannelId::parse("wechat-main").unwrap());
        let entry = Entry::transfer(
            Reason::Paid,
            "P1",
            channel,
            Account::PatientMoney,
            Amount::from_fen(8850).unwrap(),
        )
        .unwrap();
        assert_eq!(Fen::sum(entry.postings().iter().map(|posting| posting.fen)), Ok(Fen::ZERO));
    }

    #[test]
    fn a_difference_is_settled_by_what_each_side_has() {
        let settle = |channel, ours, his| {
            let sides =
                SidesOfDifference { channel: Fen::new(channel), ours: Fen::new(ours), his: Fen::new(his) };
            let accounts = AccountsOfDifference {
                receivable: Account::ChannelReceivable(ChannelId::parse("main").unwrap()),
                booked: Account::HisRevenue,
                remainder: Account::Suspense,
            };
            let entry =
                Entry::settle_difference(Reason::DifferenceToSuspense, "H1", sides, accounts).unwrap();
            entry.map(|entry| {
                let texts = entry
                    .postings()
                    .iter()
                    .map(|posting| format!("{} {}", posting.account, posting.fen.get()));
                texts.collect::<Vec<_>>()
            })
        };
        let texts = |texts: &[&str]| Some(texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>());
        assert_eq!(settle(50, 50, 50), None);
        // Money that nobody here knows: it is the channel's to give us, and held.
        assert_eq!(settle(50, 0, 0), texts(&["channel_receivable:main 50", "suspense -50"]));
        // HIS has booked more than came.
        assert_eq!(settle(90, 90, 100), texts(&["his_revenue -10", "suspense 10"]));
        // HIS has booked what never came.
        assert_eq!(settle(0, 0, 100), texts(&["his_revenue -100", "suspense 100"]));
        // Given back at the channel, not at HIS.
        assert_eq!(settle(-40, -40, 0), texts(&["his_revenue -40", "suspense 40"]));
        // The others agree, only we have it not.
        assert_eq!(settle(50, 0, 50), texts(&["channel_receivable:main 50", "his_revenue -50"]));
    }

    #[test]
    fn a_shift_is_taken_out_of_the_till() {
        let close = |net: i64, handed_in: i64| {
            let cash = ChannelId::parse("cash").unwrap();
            let entry = Entry::close_shift("S1", &[(cash, Fen::new(net))], Fen::new(handed_in)).unwrap();
            entry.map(|entry| {
                assert_eq!(Fen::sum(entry.postings().iter().map(|posting| posting.fen)), Ok(Fen::ZERO));
                let texts = entry
                    .postings()
                    .iter()
                    .map(|posting| format!("{} {}", posting.account, posting.fen.get()));
                texts.collect::<Vec<_>>()
            })
        };
        let texts = |texts: &[&str]| Some(texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>());
        assert_eq!(close(0, 0), None);
        assert_eq!(close(500, 500), texts(&["cash_handed_in 500", "channel_receivable:cash -500"]));
        // Short, and over.
        assert_eq!(
            close(2281, 2261),
            texts(&["cash_handed_in 2261", "cash_over_short 20", "channel_receivable:cash -2281"])
        );
        assert_eq!(close(0, 7), texts(&["cash_handed_in 7", "cash_over_short -7"]));
        // More went out than came in: the float is filled up again.
        assert_eq!(close(-300, -300), texts(&["cash_handed_in -300", "channel_receivable:cash 300"]));
    }

    #[test]
    fn accounts_are_read_as_they_are_written() {
        let channel = ChannelId::parse("alipay-2").unwrap();
        for account in [
            Account::ChannelReceivable(channel),
            Account::PatientMoney,
            Account::HisRevenue,
            Account::RefundsPayable,
            Account::Suspense,
            Account::PaidByHand,
            Account::WrittenOff,
            Account::CashHandedIn,
            Account::CashOverShort,
        ] {
            assert_eq!(Account::parse(&account.to_text()), Some(account));
        }
        assert_eq!(Account::parse("slush_fund"), None);
    }
}
