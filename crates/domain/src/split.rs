//! Who pays which part of a bill: pooled fund + personal account + self-pay = total, always.

use crate::money::{Fen, MoneyError};

/// A way in which a part of a bill is paid.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Tender {
    /// Self-pay (自费) through a payment channel.
    SelfPay,
    /// Pooled insurance fund (统筹).
    PooledFund,
    /// Personal insurance account (个账).
    PersonalAccount,
}

impl Tender {
    /// The word that is stored and sent.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::SelfPay => "self_pay",
            Self::PooledFund => "pooled_fund",
            Self::PersonalAccount => "personal_account",
        }
    }
}

/// A total and its parts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Split {
    pooled_fund: Fen,
    personal_account: Fen,
    self_pay: Fen,
    total: Fen,
}

/// Why a split is not one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SplitError {
    /// A part is negative.
    #[error("no part of a bill can be negative")]
    Negative,
    /// The parts do not make the total.
    #[error("the parts make {parts} yuan, the total says {total}")]
    DoesNotAddUp {
        /// Sum of the parts.
        parts: Fen,
        /// The stated total.
        total: Fen,
    },
    /// Too large.
    #[error(transparent)]
    Money(#[from] MoneyError),
}

impl Split {
    /// Everything is the patient's own money.
    ///
    /// # Errors
    /// [`SplitError::Negative`].
    pub fn self_pay_only(total: Fen) -> Result<Self, SplitError> {
        Self::new(Fen::ZERO, Fen::ZERO, total, total)
    }

    /// Checks that the parts are not negative and make the total.
    ///
    /// # Errors
    /// [`SplitError`].
    pub fn new(
        pooled_fund: Fen,
        personal_account: Fen,
        self_pay: Fen,
        total: Fen,
    ) -> Result<Self, SplitError> {
        if [pooled_fund, personal_account, self_pay].iter().any(|part| *part < Fen::ZERO) {
            return Err(SplitError::Negative);
        }
        let parts = Fen::sum([pooled_fund, personal_account, self_pay])?;
        if parts == total {
            Ok(Self { pooled_fund, personal_account, self_pay, total })
        } else {
            Err(SplitError::DoesNotAddUp { parts, total })
        }
    }

    /// Adds two splits part by part.
    ///
    /// # Errors
    /// [`MoneyError::OutOfRange`].
    pub fn plus(self, other: Self) -> Result<Self, MoneyError> {
        Ok(Self {
            pooled_fund: self.pooled_fund.plus(other.pooled_fund)?,
            personal_account: self.personal_account.plus(other.personal_account)?,
            self_pay: self.self_pay.plus(other.self_pay)?,
            total: self.total.plus(other.total)?,
        })
    }

    /// The split of nothing.
    pub const fn none() -> Self {
        Self { pooled_fund: Fen::ZERO, personal_account: Fen::ZERO, self_pay: Fen::ZERO, total: Fen::ZERO }
    }

    /// 统筹
    pub const fn pooled_fund(self) -> Fen {
        self.pooled_fund
    }
    /// 个账
    pub const fn personal_account(self) -> Fen {
        self.personal_account
    }
    /// 自费
    pub const fn self_pay(self) -> Fen {
        self.self_pay
    }
    /// All of it.
    pub const fn total(self) -> Fen {
        self.total
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_make_the_total_or_there_is_no_split() {
        let fen = Fen::new;
        assert!(Split::new(fen(17_138), fen(12_008), fen(11_200), fen(40_346)).is_ok());
        assert!(matches!(Split::new(fen(1), fen(1), fen(1), fen(4)), Err(SplitError::DoesNotAddUp { .. })));
        assert_eq!(Split::new(fen(-1), fen(1), fen(1), fen(1)), Err(SplitError::Negative));
    }
}
