//! What a comparison of the three sides can find (对账结果): one table of words, owners, deadlines and allowed remedies.
//!
//! Who decides which category an entry gets is the reconciliation; who carries a remedy out is a use case. Here is only what the
//! words mean, so that screens, files, alerts and the database say the same.

/// One kind of finding. Every entry of every side gets exactly one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Category {
    /// All sides agree.
    Matched,
    /// All sides agree, one of them on an earlier day: clears a carried entry.
    MatchedLate,
    /// Paid and given back on one side, never booked on the other; or an entry that never took effect.
    MatchedNetted,
    /// The channel has money that HIS does not know of.
    ChannelOnly,
    /// Only our own journal has it.
    GatewayOnly,
    /// HIS booked money that the channel does not have.
    HisOnly,
    /// The channel has more than HIS.
    AmountOver,
    /// The channel has less than HIS.
    AmountUnder,
    /// The same money, but one side says that it did not happen.
    StatusMismatch,
    /// The channel and HIS agree, our journal has nothing or something else.
    GatewayDiffers,
    /// The channel has the same entry more than once.
    DuplicateInChannel,
    /// HIS booked the same entry more than once.
    DuplicateInHis,
    /// HIS booked a refund that the channel does not have.
    RefundMissingInChannel,
    /// The channel paid a refund that HIS did not book.
    RefundMissingInHis,
    /// The two sides have it on different days, or the other side's day is still to come.
    CrossDay,
    /// The provider's fee is not what the contract says.
    FeeDifference,
    /// The money is in another merchant account than the one that was booked.
    WrongAccount,
    /// An order of somebody else who shares the merchant account.
    Foreign,
    /// The parts of an insurance settlement differ.
    InsuranceComponentDiffers,
    /// A line of an inpatient deposit differs.
    DepositLineDiffers,
    /// A file's own totals are not those of its lines.
    TotalsRowDiffers,
    /// A row that cannot be read.
    UnparsableRow,
    /// The statement has not been made yet.
    StatementNotAvailable,
}

/// Who has to act first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Owner {
    /// The cashier or the cashiers' lead.
    Cashier,
    /// Finance.
    Finance,
    /// The hospital's or the HIS vendor's engineers.
    It,
    /// The payment provider.
    Provider,
}

/// What may be ordered for a finding. Orders are carried out elsewhere, after a preview.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Remedy {
    /// Ask the missing side once more.
    AskAgain,
    /// Tell HIS now.
    WriteBackNow,
    /// Give the money back.
    Refund,
    /// Wait for a later day.
    Carry,
    /// It belongs to somebody else.
    MarkForeign,
    /// Hold it on the suspense account.
    BookToSuspense,
    /// Take the loss or the gain.
    WriteOff,
    /// Nothing but a remark.
    Note,
}

/// All that is said about a category.
struct Row {
    category: Category,
    word: &'static str,
    chinese: &'static str,
    english: &'static str,
    owner: Owner,
    deadline_days: u16,
    remedies: &'static [Remedy],
}

const fn row(
    category: Category,
    word: &'static str,
    (chinese, english): (&'static str, &'static str),
    owner: Owner,
    deadline_days: u16,
    remedies: &'static [Remedy],
) -> Row {
    Row { category, word, chinese, english, owner, deadline_days, remedies }
}

/// In the order of [`Category`]; a test holds it to that.
const TABLE: [Row; 23] = {
    use Category as C;
    use Owner::{Cashier, Finance, It, Provider};
    use Remedy::{
        AskAgain, BookToSuspense, Carry, MarkForeign, Note, Refund, WriteBackNow as Write, WriteOff,
    };
    [
        row(C::Matched, "matched", ("平账", "matched"), Finance, 0, &[Note]),
        row(C::MatchedLate, "matched_late", ("迟到平账", "matched late"), Finance, 0, &[Note]),
        row(C::MatchedNetted, "matched_netted", ("一正一负", "paid and given back"), Finance, 0, &[Note]),
        row(
            C::ChannelOnly,
            "channel_only",
            ("渠道单边（长款）", "channel only"),
            Finance,
            1,
            &[AskAgain, Write, Refund, Carry, MarkForeign, BookToSuspense, Note],
        ),
        row(
            C::GatewayOnly,
            "gateway_only",
            ("网关单边", "gateway only"),
            It,
            1,
            &[AskAgain, Carry, WriteOff, Note],
        ),
        row(
            C::HisOnly,
            "his_only",
            ("HIS 单边（短款）", "HIS only"),
            Finance,
            1,
            &[AskAgain, Carry, BookToSuspense, WriteOff, Note],
        ),
        row(
            C::AmountOver,
            "amount_over",
            ("金额不符（渠道多）", "channel has more"),
            Finance,
            1,
            &[AskAgain, Refund, BookToSuspense, WriteOff, Note],
        ),
        row(
            C::AmountUnder,
            "amount_under",
            ("金额不符（渠道少）", "channel has less"),
            Finance,
            1,
            &[AskAgain, BookToSuspense, WriteOff, Note],
        ),
        row(
            C::StatusMismatch,
            "status_mismatch",
            ("状态不符", "status differs"),
            Finance,
            1,
            &[AskAgain, Write, Refund, Carry, BookToSuspense, Note],
        ),
        row(
            C::GatewayDiffers,
            "gateway_differs",
            ("网关不符", "gateway differs"),
            It,
            1,
            &[AskAgain, BookToSuspense, Note],
        ),
        row(
            C::DuplicateInChannel,
            "duplicate_in_channel",
            ("渠道重复", "twice in the channel"),
            Finance,
            1,
            &[AskAgain, Refund, BookToSuspense, Note],
        ),
        row(
            C::DuplicateInHis,
            "duplicate_in_his",
            ("HIS 重复", "twice in HIS"),
            Cashier,
            1,
            &[AskAgain, WriteOff, Note],
        ),
        row(
            C::RefundMissingInChannel,
            "refund_missing_in_channel",
            ("渠道缺退款", "refund missing in the channel"),
            Cashier,
            3,
            &[AskAgain, Refund, Carry, WriteOff, Note],
        ),
        row(
            C::RefundMissingInHis,
            "refund_missing_in_his",
            ("HIS 缺退款", "refund missing in HIS"),
            Cashier,
            1,
            &[AskAgain, Write, Carry, BookToSuspense, Note],
        ),
        row(C::CrossDay, "cross_day", ("跨日", "on another day"), Finance, 3, &[AskAgain, Carry, Note]),
        row(
            C::FeeDifference,
            "fee_difference",
            ("手续费差异", "fee differs"),
            Finance,
            5,
            &[Carry, WriteOff, Note],
        ),
        row(
            C::WrongAccount,
            "wrong_account",
            ("入账账户不符", "another merchant account"),
            Finance,
            3,
            &[AskAgain, WriteOff, Note],
        ),
        row(C::Foreign, "foreign", ("外部流水", "not ours"), Finance, 0, &[MarkForeign, Note]),
        row(
            C::InsuranceComponentDiffers,
            "insurance_component_differs",
            ("医保分项不符", "insurance part differs"),
            Finance,
            3,
            &[AskAgain, WriteOff, Note],
        ),
        row(
            C::DepositLineDiffers,
            "deposit_line_differs",
            ("预交金明细不符", "deposit line differs"),
            Finance,
            1,
            &[AskAgain, WriteOff, Note],
        ),
        row(
            C::TotalsRowDiffers,
            "totals_row_differs",
            ("汇总不符", "totals row differs"),
            Provider,
            1,
            &[AskAgain, Note],
        ),
        row(C::UnparsableRow, "unparsable_row", ("无法解析", "row cannot be read"), It, 1, &[AskAgain, Note]),
        row(
            C::StatementNotAvailable,
            "statement_not_available",
            ("对账单未出", "statement not there yet"),
            Provider,
            1,
            &[AskAgain, Carry, Note],
        ),
    ]
};

impl Category {
    /// All categories, in the order in which people read them.
    pub const ALL: [Self; TABLE.len()] = {
        let mut all = [Self::Matched; TABLE.len()];
        let mut index = 0;
        while index < TABLE.len() {
            all[index] = TABLE[index].category;
            index += 1;
        }
        all
    };

    const fn row(self) -> &'static Row {
        &TABLE[self as usize]
    }

    /// Its place in [`Category::ALL`].
    pub const fn index(self) -> usize {
        self as usize
    }

    /// The word that is stored.
    pub const fn as_str(self) -> &'static str {
        self.row().word
    }

    /// Reads the stored word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|category| category.as_str() == word)
    }

    /// What staff call it.
    pub const fn chinese(self) -> &'static str {
        self.row().chinese
    }

    /// The same in English.
    pub const fn english(self) -> &'static str {
        self.row().english
    }

    /// Who has to act first.
    pub const fn owner(self) -> Owner {
        self.row().owner
    }

    /// Within how many days; 0 when there is nothing to do.
    pub const fn deadline_days(self) -> u16 {
        self.row().deadline_days
    }

    /// What may be ordered.
    pub const fn remedies(self) -> &'static [Remedy] {
        self.row().remedies
    }

    /// Whether nobody has to act: the books agree, or the entry is none of ours.
    pub const fn is_settled(self) -> bool {
        matches!(self, Self::Matched | Self::MatchedLate | Self::MatchedNetted | Self::Foreign)
    }

    /// The category of the same facts when the channel and HIS change places.
    #[must_use]
    pub const fn mirrored(self) -> Self {
        match self {
            Self::ChannelOnly => Self::HisOnly,
            Self::HisOnly => Self::ChannelOnly,
            Self::AmountOver => Self::AmountUnder,
            Self::AmountUnder => Self::AmountOver,
            Self::DuplicateInChannel => Self::DuplicateInHis,
            Self::DuplicateInHis => Self::DuplicateInChannel,
            Self::RefundMissingInChannel => Self::RefundMissingInHis,
            Self::RefundMissingInHis => Self::RefundMissingInChannel,
            Self::Matched
            | Self::MatchedLate
            | Self::MatchedNetted
            | Self::GatewayOnly
            | Self::StatusMismatch
            | Self::GatewayDiffers
            | Self::CrossDay
            | Self::FeeDifference
            | Self::WrongAccount
            | Self::Foreign
            | Self::InsuranceComponentDiffers
            | Self::DepositLineDiffers
            | Self::TotalsRowDiffers
            | Self::UnparsableRow
            | Self::StatementNotAvailable => self,
        }
    }
}

impl Owner {
    const ALL: [Self; 4] = [Self::Cashier, Self::Finance, Self::It, Self::Provider];

    /// Reads the stored word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|owner| owner.as_str() == word)
    }

    /// The word that is stored.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Cashier => "cashier",
            Self::Finance => "finance",
            Self::It => "it",
            Self::Provider => "provider",
        }
    }

    /// What staff call it.
    pub const fn chinese(self) -> &'static str {
        match self {
            Self::Cashier => "收费处",
            Self::Finance => "财务科",
            Self::It => "信息科",
            Self::Provider => "支付机构",
        }
    }
}

impl Remedy {
    /// Whether it decides where the money belongs: of these a difference gets one. What is asked, told to HIS again, carried or noted
    /// excludes nothing.
    pub const fn settles(self) -> bool {
        match self {
            Self::Refund | Self::MarkForeign | Self::BookToSuspense | Self::WriteOff => true,
            Self::AskAgain | Self::WriteBackNow | Self::Carry | Self::Note => false,
        }
    }

    /// All remedies.
    pub const ALL: [Self; 8] = [
        Self::AskAgain,
        Self::WriteBackNow,
        Self::Refund,
        Self::Carry,
        Self::MarkForeign,
        Self::BookToSuspense,
        Self::WriteOff,
        Self::Note,
    ];

    /// The word that is stored.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::AskAgain => "ask_again",
            Self::WriteBackNow => "write_back_now",
            Self::Refund => "refund",
            Self::Carry => "carry",
            Self::MarkForeign => "mark_foreign",
            Self::BookToSuspense => "book_to_suspense",
            Self::WriteOff => "write_off",
            Self::Note => "note",
        }
    }

    /// What staff call it.
    pub const fn chinese(self) -> &'static str {
        match self {
            Self::AskAgain => "再次查询",
            Self::WriteBackNow => "立即回写",
            Self::Refund => "退费",
            Self::Carry => "结转",
            Self::MarkForeign => "标为外部",
            Self::BookToSuspense => "挂账",
            Self::WriteOff => "核销",
            Self::Note => "备注",
        }
    }

    /// Reads the stored word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|remedy| remedy.as_str() == word)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn the_table_is_in_the_order_of_the_enum() {
        for (index, row) in TABLE.iter().enumerate() {
            assert_eq!(row.category.index(), index, "{}", row.word);
        }
    }

    #[test]
    fn every_word_and_name_is_there_once() {
        for pick in [Category::as_str, Category::chinese, Category::english] {
            let seen: BTreeSet<&str> = Category::ALL.into_iter().map(pick).collect();
            assert_eq!(seen.len(), Category::ALL.len());
        }
        for category in Category::ALL {
            assert_eq!(Category::parse(category.as_str()), Some(category));
        }
        for remedy in Remedy::ALL {
            assert_eq!(Remedy::parse(remedy.as_str()), Some(remedy));
        }
        assert_eq!(Category::parse("agreed"), None);
    }

    #[test]
    fn what_is_settled_has_no_deadline_and_everything_else_has_one() {
        for category in Category::ALL {
            assert_eq!(category.is_settled(), category.deadline_days() == 0, "{category:?}");
            assert!(category.remedies().contains(&Remedy::Note), "{category:?}");
        }
    }

    /// No remedy may move money that nobody has, or move it a second time.
    #[test]
    fn remedies_fit_what_is_known() {
        for category in Category::ALL {
            let allows = |remedy| category.remedies().contains(&remedy);
            let channel_has_the_money = !matches!(category, Category::HisOnly | Category::GatewayOnly);
            assert!(!allows(Remedy::Refund) || channel_has_the_money, "{category:?}");
            let set: BTreeSet<&str> = category.remedies().iter().map(|remedy| remedy.as_str()).collect();
            assert_eq!(set.len(), category.remedies().len(), "{category:?}");
        }
        assert!(!Category::HisOnly.remedies().contains(&Remedy::WriteBackNow));
    }

    #[test]
    fn a_mirror_of_a_mirror_is_the_thing_itself() {
        for category in Category::ALL {
            assert_eq!(category.mirrored().mirrored(), category);
            assert_eq!(category.mirrored().is_settled(), category.is_settled());
        }
    }
}
