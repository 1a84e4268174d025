//! The words for one movement of money in somebody's books: whose books, in or back, and whether it took effect.

/// Whose books a line is from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Side {
    /// The channel's statement.
    Channel,
    /// Our own journal.
    Gateway,
    /// HIS's ledger.
    His,
}

impl Side {
    /// All sides.
    pub const ALL: [Self; 3] = [Self::Channel, Self::Gateway, Self::His];

    /// The word in files and JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Channel => "channel",
            Self::Gateway => "gateway",
            Self::His => "his",
        }
    }

    /// Reads the word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|side| side.as_str() == word)
    }

    /// What staff call it.
    pub const fn chinese(self) -> &'static str {
        match self {
            Self::Channel => "渠道",
            Self::Gateway => "网关",
            Self::His => "HIS",
        }
    }

    /// Channel and HIS change places.
    #[must_use]
    pub const fn mirrored(self) -> Self {
        match self {
            Self::Channel => Self::His,
            Self::Gateway => Self::Gateway,
            Self::His => Self::Channel,
        }
    }
}

/// Money in or money back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// A payment.
    Payment,
    /// A refund.
    Refund,
}

impl Kind {
    /// The word in files and JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Payment => "payment",
            Self::Refund => "refund",
        }
    }

    /// Reads the word.
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Payment, Self::Refund].into_iter().find(|kind| kind.as_str() == word)
    }

    /// What staff call it.
    pub const fn chinese(self) -> &'static str {
        match self {
            Self::Payment => "支付",
            Self::Refund => "退费",
        }
    }
}

/// What a side says became of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum State {
    /// The money moved.
    Done,
    /// It was taken and is on its way: a statement never says more of most refunds.
    UnderWay,
    /// It never took effect: cancelled, failed, closed.
    Void,
}

impl State {
    /// The word in files and tables.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::UnderWay => "under_way",
            Self::Void => "void",
        }
    }

    /// Reads the word.
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Done, Self::UnderWay, Self::Void].into_iter().find(|state| state.as_str() == word)
    }

    /// What staff call it.
    pub const fn chinese(self) -> &'static str {
        match self {
            Self::Done => "已完成",
            Self::UnderWay => "处理中",
            Self::Void => "未生效",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_read_as_they_are_written() {
        for side in Side::ALL {
            assert_eq!(Side::parse(side.as_str()), Some(side));
            assert_eq!(side.mirrored().mirrored(), side);
        }
        for kind in [Kind::Payment, Kind::Refund] {
            assert_eq!(Kind::parse(kind.as_str()), Some(kind));
        }
        for state in [State::Done, State::UnderWay, State::Void] {
            assert_eq!(State::parse(state.as_str()), Some(state));
        }
        assert_eq!(Side::parse("bank"), None);
    }
}
