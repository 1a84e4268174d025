//! What a text message to a patient says (短信模板): a sentence with named places, within what an operator's gate takes.
//!
//! The gate fills its own approved template by its code; the sentence here is that template's wording, word for word. From it comes which
//! places are sent, what people see before they approve it, and how many messages it will be. No place is personal: there is none
//! for a name, a card, or what was treated.

use std::fmt;

/// When a patient is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum NoticeEvent {
    /// HIS has booked the payment.
    Paid,
    /// Money is back.
    Refunded,
    /// Money is longer on its way back than usual.
    RefundDelayed,
}

impl NoticeEvent {
    /// Every event.
    pub const ALL: [Self; 3] = [Self::Paid, Self::Refunded, Self::RefundDelayed];

    /// The word in the database, and the code of the template until another one is in force.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Paid => "paid",
            Self::Refunded => "refunded",
            Self::RefundDelayed => "refund_delayed",
        }
    }

    /// The event of that word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|event| event.as_str() == word)
    }

    /// The places that a sentence of it may have, each with the longest that may stand there.
    pub const fn places(self) -> &'static [(&'static str, &'static str)] {
        const HOSPITAL: (&str, &str) = ("hospital", "青禾市人民医院");
        const AMOUNT: (&str, &str) = ("amount", "1,234,567.89");
        match self {
            Self::Paid => &[HOSPITAL, AMOUNT, ("voucher", "2K7M 40QX")],
            Self::Refunded | Self::RefundDelayed => &[HOSPITAL, AMOUNT],
        }
    }
}

impl fmt::Display for NoticeEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// More parts than this are no short message any more.
pub const MOST_PARTS: usize = 3;
/// Characters of one message that has any beyond the Latin ones, and of each when it takes several.
const WIDE: (usize, usize) = (70, 67);
/// The same of Latin ones only.
const LATIN: (usize, usize) = (160, 153);

/// Why a sentence cannot be sent.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoticeTextError {
    /// Nothing is said.
    #[error("a message says something")]
    Empty,
    /// A brace without its other half, or one in another.
    #[error("every {{ has its }} and nothing but a name between")]
    Brace,
    /// A place that this event does not have.
    #[error("there is no place {{{0}}} here")]
    UnknownPlace(String),
    /// A place that is there twice: gates fill each once.
    #[error("the place {{{0}}} is there twice")]
    Twice(String),
    /// Characters that operators take away or that cannot be seen: line breaks, the brackets of a signature.
    #[error("line breaks, signature brackets and characters that cannot be seen are not allowed")]
    NotAllowed,
    /// More than three messages.
    #[error("it would be {parts} messages; {MOST_PARTS} are the most")]
    TooLong {
        /// So many.
        parts: usize,
    },
}

/// A sentence that can be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoticeText {
    text: String,
    places: Vec<&'static str>,
    parts: usize,
}

impl NoticeText {
    /// Reads a sentence for an event, for example `{hospital}：已收到您的 {amount} 元。`. `signature` is what the operator puts in front.
    ///
    /// # Errors
    /// [`NoticeTextError`]: the first that is wrong.
    pub fn parse(event: NoticeEvent, text: &str, signature: &str) -> Result<Self, NoticeTextError> {
        let text = text.trim();
        if text.is_empty() {
            return Err(NoticeTextError::Empty);
        }
        let forbidden = |c: char| {
            c.is_control()
                || matches!(c, '【' | '】' | '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
        };
        if text.chars().any(forbidden) {
            return Err(NoticeTextError::NotAllowed);
        }
        let mut places: Vec<&'static str> = Vec::new();
        let mut rest = text;
        while let Some(at) = rest.find(['{', '}']) {
            let Some((name, after)) = rest[at..].strip_prefix('{').and_then(|inside| inside.split_once('}'))
            else {
                return Err(NoticeTextError::Brace);
            };
            if name.contains('{') {
                return Err(NoticeTextError::Brace);
            }
            let Some((place, _)) = event.places().iter().find(|(place, _)| *place == name) else {
                return Err(NoticeTextError::UnknownPlace(name.chars().take(32).collect()));
            };
            if places.contains(place) {
                return Err(NoticeTextError::Twice((*place).to_owned()));
            }
            places.push(place);
            rest = after;
        }
        let mut read = Self { text: text.to_owned(), places, parts: 0 };
        let longest = read.filled(|place| longest(event, place));
        read.parts = parts(&format!("【{signature}】{longest}"));
        if read.parts > MOST_PARTS {
            return Err(NoticeTextError::TooLong { parts: read.parts });
        }
        Ok(read)
    }

    /// The sentence with its places.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The places that are sent, in their order.
    pub fn places(&self) -> &[&'static str] {
        &self.places
    }

    /// How many messages it is at most, the signature in front counted.
    pub const fn parts(&self) -> usize {
        self.parts
    }

    /// The sentence with values in its places.
    pub fn filled<'v>(&self, value: impl Fn(&'static str) -> &'v str) -> String {
        self.places
            .iter()
            .fold(self.text.clone(), |text, place| text.replace(&format!("{{{place}}}"), value(place)))
    }

    /// The same with the longest values, as people see it before it is sent to anybody.
    pub fn sample(&self, event: NoticeEvent) -> String {
        self.filled(|place| longest(event, place))
    }
}

fn longest(event: NoticeEvent, place: &str) -> &'static str {
    event.places().iter().find(|(name, _)| *name == place).map_or("", |(_, longest)| longest)
}

/// How many messages a text is: in units of UTF-16 when anything of it is beyond ASCII.
fn parts(text: &str) -> usize {
    let ((alone, each), length) = if text.is_ascii() {
        // Braces, brackets and their like take two places of a Latin message.
        let long = text.chars().filter(|c| "[]{}\\^~|".contains(*c)).count();
        (LATIN, text.len() + long)
    } else {
        (WIDE, text.encode_utf16().count())
    };
    if length <= alone { 1 } else { length.div_ceil(each) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<NoticeText, NoticeTextError> {
        NoticeText::parse(NoticeEvent::Paid, text, "青禾医院")
    }

    #[test]
    fn a_sentence_names_its_places() {
        let text = read(" {hospital}：已收到 {amount} 元，凭证号 {voucher}。 ").expect("it can be sent");
        assert_eq!(text.places(), ["hospital", "amount", "voucher"]);
        assert_eq!(text.parts(), 1);
        assert_eq!(
            text.filled(|place| if place == "amount" { "3.00" } else { "x" }),
            "x：已收到 3.00 元，凭证号 x。"
        );
        assert!(text.sample(NoticeEvent::Paid).contains("1,234,567.89"));
    }

    #[test]
    fn what_a_patient_must_not_read_has_no_place() {
        for (text, wrong) in [
            ("{name}您好", NoticeTextError::UnknownPlace("name".into())),
            ("{card}", NoticeTextError::UnknownPlace("card".into())),
            ("{}", NoticeTextError::UnknownPlace(String::new())),
            ("收到 {amount 元", NoticeTextError::Brace),
            ("收到 amount} 元", NoticeTextError::Brace),
            ("{{amount}}", NoticeTextError::Brace),
            ("{amount}，即 {amount}", NoticeTextError::Twice("amount".into())),
            (" ", NoticeTextError::Empty),
            ("两\n行", NoticeTextError::NotAllowed),
            ("【别家医院】收到", NoticeTextError::NotAllowed),
        ] {
            assert_eq!(read(text), Err(wrong), "{text}");
        }
        let refunded = NoticeText::parse(NoticeEvent::Refunded, "{voucher}", "青禾医院");
        assert_eq!(refunded, Err(NoticeTextError::UnknownPlace("voucher".into())));
    }

    #[test]
    fn parts_are_counted_as_operators_count_them() {
        let with = |count: usize| read(&"字".repeat(count)).map(|text| text.parts());
        // Six for the signature and its brackets.
        assert_eq!((with(64), with(65)), (Ok(1), Ok(2)));
        assert_eq!((with(128), with(129)), (Ok(2), Ok(3)));
        assert_eq!(with(195), Ok(3));
        assert_eq!(with(196), Err(NoticeTextError::TooLong { parts: 4 }));
        assert_eq!((parts(&"a".repeat(160)), parts(&"a".repeat(161))), (1, 2));
        assert_eq!(parts("😀"), 1);
    }

    #[test]
    fn every_event_is_read_as_it_is_written() {
        for event in NoticeEvent::ALL {
            assert_eq!(NoticeEvent::parse(event.as_str()), Some(event));
        }
    }
}
