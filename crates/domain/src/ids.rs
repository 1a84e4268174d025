//! One type per kind of number, parsed once at the edge.
//!
//! The alphabets are what every provider's document allows, so that one number serves all of them.

use crate::ambient::{READABLE, Random, random_text};
use crate::time::Timestamp;
use std::fmt;

/// Why a text is not an id of that kind.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{kind} must be {rule}, this has {length} characters")]
pub struct IdError {
    /// The kind of id, as people call it.
    pub kind: &'static str,
    /// What it must look like.
    pub rule: &'static str,
    /// How long the refused text was. The text itself is not kept: it may be a card number.
    pub length: usize,
}

macro_rules! id {
    ($(#[$doc:meta])* $name:ident, $kind:literal, $min:literal ..= $max:literal, $allowed:expr, $rule:literal) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(String);

        impl $name {
            #[doc = concat!("Parses; must be ", $rule, ".")]
            ///
            /// # Errors
            /// [`IdError`] says what is wanted.
            pub fn parse(text: impl Into<String>) -> Result<Self, IdError> {
                let text = text.into();
                let allowed: fn(u8) -> bool = $allowed;
                let length = text.len();
                if ($min..=$max).contains(&length) && text.bytes().all(allowed) {
                    Ok(Self(text))
                } else {
                    Err(IdError { kind: $kind, rule: $rule, length: text.chars().count() })
                }
            }

            /// The text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self.0)
            }
        }
    };
}

const fn word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-'
}
const fn strict(byte: u8) -> bool {
    byte.is_ascii_alphanumeric()
}
const fn printable(byte: u8) -> bool {
    byte.is_ascii_graphic()
}

id!(
    /// A hospital or one of its campuses, as HIS names it.
    HospitalId, "hospital id", 1..=16, word, "1 to 16 letters, digits, _ or -"
);
id!(
    /// A fee slip's number (缴费单号) as HIS gives it.
    SlipNo, "slip number", 1..=64, printable, "1 to 64 printable ASCII characters"
);
id!(
    /// The number of a bill: what one patient pays at once. The key under which HIS books it (`psOrdNum`).
    BillNo, "bill number", 8..=32, strict, "8 to 32 letters and digits"
);
id!(
    /// The number of a payment order at a channel (商户订单号).
    OutTradeNo, "order number", 8..=32, strict, "8 to 32 letters and digits"
);
id!(
    /// The number of a refund (商户退款单号). The same on every retry.
    OutRefundNo, "refund number", 8..=32, strict, "8 to 32 letters and digits"
);
id!(
    /// The provider's own number of a payment.
    ProviderTradeNo, "provider's trade number", 1..=64, printable, "1 to 64 printable ASCII characters"
);
id!(
    /// The provider's own number of a refund.
    ProviderRefundNo, "provider's refund number", 1..=64, printable, "1 to 64 printable ASCII characters"
);
id!(
    /// One merchant account at a provider, named by the hospital in its configuration.
    ChannelId, "channel", 1..=32, |byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-', "1 to 32 lower-case letters, digits or -"
);
id!(
    /// Follows one order through every component and log. Says nothing about anyone.
    TraceId, "trace id", 16..=32, |byte| byte.is_ascii_hexdigit(), "16 to 32 hexadecimal digits"
);

id!(
    /// The number of a reconciliation run (对账批次).
    RunId, "run number", 8..=32, strict, "8 to 32 letters and digits"
);
id!(
    /// The number of a remedy that a person ordered for a difference.
    RemedyId, "remedy number", 8..=32, strict, "8 to 32 letters and digits"
);

id!(
    /// The number of a request for a refund that needs a second person.
    RefundRequestNo, "refund request number", 8..=32, strict, "8 to 32 letters and digits"
);

id!(
    /// The number of a cashier's shift (班次号).
    ShiftNo, "shift number", 8..=32, strict, "8 to 32 letters and digits"
);

impl ShiftNo {
    /// Makes a fresh number: `S`, the Beijing date on which it is opened, then 14 random characters.
    pub fn fresh(now: Timestamp, random: &dyn Random) -> Self {
        Self(fresh("S", now, random))
    }
}

id!(
    /// The number of a proposed change of limits and rules, or of message templates.
    ProposalNo, "proposal number", 8..=32, strict, "8 to 32 letters and digits"
);
id!(
    /// The number of an entry of the blocklist.
    BlockNo, "blocklist number", 8..=32, strict, "8 to 32 letters and digits"
);

impl ProposalNo {
    /// Makes a fresh number: `C`, the Beijing date on which it is made, then 14 random characters.
    pub fn fresh(now: Timestamp, random: &dyn Random) -> Self {
        Self(fresh("C", now, random))
    }
}

impl BlockNo {
    /// Makes a fresh number: `L`, the Beijing date on which it is made, then 14 random characters.
    pub fn fresh(now: Timestamp, random: &dyn Random) -> Self {
        Self(fresh("L", now, random))
    }
}

impl RefundRequestNo {
    /// Makes a fresh number: `Q`, the Beijing date on which it is made, then 14 random characters.
    pub fn fresh(now: Timestamp, random: &dyn Random) -> Self {
        Self(fresh("Q", now, random))
    }
}

impl RunId {
    /// Makes a fresh number: `D`, the Beijing date on which it is made, then 14 random characters.
    pub fn fresh(now: Timestamp, random: &dyn Random) -> Self {
        Self(fresh("D", now, random))
    }
}

impl RemedyId {
    /// Makes a fresh number: `H`, the Beijing date, then 14 random characters.
    pub fn fresh(now: Timestamp, random: &dyn Random) -> Self {
        Self(fresh("H", now, random))
    }
}

impl BillNo {
    /// Makes a fresh number: `B`, the Beijing date, then 14 random characters (70 bits).
    pub fn fresh(now: Timestamp, random: &dyn Random) -> Self {
        Self(fresh("B", now, random))
    }
}

impl OutTradeNo {
    /// Makes a fresh number: `P`, the Beijing date, then 14 random characters (70 bits). Store it before sending it.
    pub fn fresh(now: Timestamp, random: &dyn Random) -> Self {
        Self(fresh("P", now, random))
    }

    /// Whether it looks as only this program makes it; a shop at the same merchant number has numbers of its own kind.
    pub fn is_ours(&self) -> bool {
        looks_fresh("P", &self.0)
    }
}

impl OutRefundNo {
    /// Makes a fresh number: `R`, the Beijing date, then 14 random characters (70 bits). Store it before sending it.
    pub fn fresh(now: Timestamp, random: &dyn Random) -> Self {
        Self(fresh("R", now, random))
    }

    /// Whether it looks as only this program makes it.
    pub fn is_ours(&self) -> bool {
        looks_fresh("R", &self.0)
    }
}

impl TraceId {
    /// Makes a fresh id of 16 hexadecimal digits.
    pub fn fresh(random: &dyn Random) -> Self {
        Self(random_text(random, b"0123456789abcdef", 16))
    }

    /// The first 40 bits as a person reads them out, `7K2M-40QX`: no letter that looks like a digit.
    pub fn staff_code(&self) -> String {
        let bits = u64::from_str_radix(&self.0[..10], 16).unwrap_or_default();
        let text: String =
            (0..8).rev().map(|place| char::from(READABLE[(bits >> (place * 5)) as usize & 31])).collect();
        format!("{}-{}", &text[..4], &text[4..])
    }

    /// The ten hexadecimal digits with which a trace begins that has this code. Small letters, and letters in place of
    /// the digits that they look like, are forgiven.
    pub fn beginning(staff_code: &str) -> Option<String> {
        let mut bits = 0_u64;
        let mut places = 0;
        for c in staff_code.trim().chars().filter(|c| *c != '-' && *c != ' ') {
            let c = match c.to_ascii_uppercase() {
                'O' => '0',
                'I' | 'L' => '1',
                c => c,
            };
            let value = READABLE.iter().position(|known| char::from(*known) == c)?;
            places += 1;
            if places > 8 {
                return None;
            }
            bits = bits << 5 | value as u64;
        }
        (places == 8).then(|| format!("{bits:010x}"))
    }
}

fn fresh(letter: &str, now: Timestamp, random: &dyn Random) -> String {
    let date = now.beijing().date();
    let year = date.year().rem_euclid(100);
    let month = u8::from(date.month());
    let day = date.day();
    format!("{letter}{year:02}{month:02}{day:02}{}", random_text(random, READABLE, 14))
}

fn looks_fresh(letter: &str, number: &str) -> bool {
    let digits = number.get(1..7).is_some_and(|date| date.bytes().all(|byte| byte.is_ascii_digit()));
    let random = number.get(7..).is_some_and(|text| text.bytes().all(|byte| READABLE.contains(&byte)));
    number.starts_with(letter) && number.len() == 21 && digits && random
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn our_own_numbers_are_recognised_and_a_shops_are_not() {
        let now = Timestamp::from_seconds(1_767_240_000);
        assert!(OutTradeNo::fresh(now, &Zero).is_ours());
        assert!(OutRefundNo::fresh(now, &Zero).is_ours());
        for foreign in [
            "R260101AAAAAAAAAAAAAA",
            "SHOP20260101000001AAA",
            "P260101AAAAAAAAAAAAAAA",
            "PX60101AAAAAAAAAAAAAA",
        ] {
            assert!(!OutTradeNo::parse(foreign).unwrap().is_ours(), "{foreign}");
        }
    }

    struct Zero;
    impl Random for Zero {
        fn fill(&self, bytes: &mut [u8]) {
            bytes.fill(0);
        }
    }

    #[test]
    fn a_fresh_number_fits_every_provider() {
        let number = OutTradeNo::fresh(Timestamp::from_ms(1_767_283_200_000), &Zero);
        assert_eq!(number.as_str(), "P26010200000000000000");
        assert!((6..=32).contains(&number.as_str().len()));
        assert_eq!(OutTradeNo::parse(number.as_str()), Ok(number));
    }

    #[test]
    fn a_trace_has_a_code_that_leads_back_to_it() {
        let trace = TraceId::parse("39c54a02ea0000ff").expect("a trace");
        assert_eq!(trace.staff_code(), "772M-M0QA");
        assert_eq!(TraceId::beginning("772M-M0QA").as_deref(), Some("39c54a02ea"));
        assert_eq!(TraceId::beginning(" 772m moqa "), TraceId::beginning("772M-M0QA"));
        for bad in ["", "772M-M0Q", "772M-M0QA1", "772M-M0Q?", "单号"] {
            assert_eq!(TraceId::beginning(bad), None, "{bad}");
        }
    }

    #[test]
    fn what_a_number_must_be_is_said_without_repeating_it() {
        let error = SlipNo::parse("卡号 张三").unwrap_err();
        assert_eq!(
            error.to_string(),
            "slip number must be 1 to 64 printable ASCII characters, this has 5 characters"
        );
        for bad in ["", "short", "with-dash-123", "x y z 123456"] {
            assert!(OutTradeNo::parse(bad).is_err(), "{bad}");
        }
    }
}
