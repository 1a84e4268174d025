//! What moves a merchant account (资金账单): the kinds of movement that a settlement is made of.

/// Why money came into a merchant account or left it. A provider's own word for it is mapped by a table of the provider's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FundFlowKind {
    /// What payers paid.
    Payment,
    /// What payers were given back, with or without the fee that came back for it.
    Refund,
    /// What the provider kept for itself, or gave back of it.
    Fee,
    /// What was paid out to the bank account (提现，结算).
    ToBank,
    /// Everything else: topped up, transferred, shared with others.
    Other,
}

impl FundFlowKind {
    /// All kinds, in the order in which they are shown.
    pub const ALL: [Self; 5] = [Self::Payment, Self::Refund, Self::Fee, Self::ToBank, Self::Other];

    /// The word in files and JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Payment => "payment",
            Self::Refund => "refund",
            Self::Fee => "fee",
            Self::ToBank => "to_bank",
            Self::Other => "other",
        }
    }

    /// What staff call it.
    pub const fn chinese(self) -> &'static str {
        match self {
            Self::Payment => "收款",
            Self::Refund => "退款",
            Self::Fee => "手续费",
            Self::ToBank => "结算到银行",
            Self::Other => "其他",
        }
    }

    /// Reads the word of files and JSON.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == word)
    }

    /// What a provider's word means by its table; nothing when the table does not have it.
    pub fn of(words: &[(&str, Self)], word: &str) -> Option<Self> {
        words.iter().find(|(known, _)| *known == word).map(|(_, kind)| *kind)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_read_as_they_are_written() {
        for kind in FundFlowKind::ALL {
            assert_eq!(FundFlowKind::parse(kind.as_str()), Some(kind));
        }
        let words = [("交易", FundFlowKind::Payment), ("提现", FundFlowKind::ToBank)];
        assert_eq!(FundFlowKind::of(&words, "提现"), Some(FundFlowKind::ToBank));
        assert_eq!(FundFlowKind::of(&words, "转账"), None);
    }
}
