//! One vocabulary for the three sides: what the channel's statement, our journal and HIS's ledger say of one movement of money.

use mingfen_domain::{BusinessDay, Fen, Timestamp};

pub use mingfen_domain::sides::{Kind, Side, State};

/// When, in the side's own books: a day, and the second of it if it is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct When {
    /// Days since 1970-01-01, in Beijing.
    pub day: i32,
    /// Seconds since that day's cut; `None` when only the day is known.
    pub second: Option<u32>,
}

impl When {
    /// The Beijing day and second of a moment.
    pub fn of(moment: Timestamp) -> Self {
        let second = moment.since_ms(BusinessDay::of(moment).start()) / 1000;
        Self { day: day_number(BusinessDay::of(moment)), second: u32::try_from(second).ok() }
    }
}

/// The number of a day since 1970-01-01.
pub fn day_number(day: BusinessDay) -> i32 {
    const EPOCH_JULIAN_DAY: i32 = 2_440_588;
    day.date().to_julian_day() - EPOCH_JULIAN_DAY
}

/// The day of such a number.
pub fn day_of(number: i32) -> BusinessDay {
    // Eight o'clock in Beijing.
    BusinessDay::of(Timestamp::from_seconds(i64::from(number) * 86_400))
}

/// Where a line came from. Gives it back to whoever wants to show it; the matching neither looks into it nor lets it decide
/// anything, except between lines that are equal in everything else.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    /// The file or the ledger, as its feeder numbers them.
    pub source: u16,
    /// Its row's number there, as its feeder counts them; a later row has a greater one.
    pub at: u64,
}

/// One line of one side. Texts are bytes as the file has them, whatever its encoding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Line<'a> {
    /// Money in or back.
    pub kind: Kind,
    /// What became of it.
    pub state: State,
    /// Our order number, at least one byte and at most [`MAX_NUMBER`].
    pub order_no: &'a [u8],
    /// Our refund number; empty on payments and where the side has none.
    pub refund_no: &'a [u8],
    /// How much; never negative, in both kinds.
    pub amount: Fen,
    /// When.
    pub when: When,
    /// The merchant account; empty where the side does not say.
    pub account: &'a [u8],
    /// The provider's fee is not what the contract says. Whoever reads the line judges it, because it concerns no other line.
    pub fee_differs: bool,
    /// It was left over by the run of an earlier day.
    pub carried: bool,
    /// What medical insurance bore beside it, where the side says; never negative.
    pub insurance: Option<Fen>,
    /// Whether it is a deposit (预交金), which stays the patient's, where the side says.
    pub deposit: Option<bool>,
    /// Its row's number, as its feeder counts them.
    pub at: u64,
}

/// The longest order or refund number, in bytes. What providers allow is half of it.
pub const MAX_NUMBER: usize = 128;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_a_beijing_day_and_second() {
        let moment = Timestamp::from_beijing_text("1970-01-02 00:00:05").expect("a time");
        assert_eq!(When::of(moment), When { day: 1, second: Some(5) });
        let day = BusinessDay::parse("2026-11-25").expect("a day");
        assert_eq!(day_number(day), 20_782);
        assert_eq!(day_of(20_782), day);
        assert_eq!(When::of(day.start()), When { day: 20_782, second: Some(0) });
        assert_eq!(When::of(day.end()).day, 20_783);
    }
}
