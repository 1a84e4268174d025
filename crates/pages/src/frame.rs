//! What every patient page has around it.

use crate::wording::{Phrase, Wording};

/// The language of a page. Chinese is what a patient gets who never chose.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Language {
    /// Simplified Chinese.
    #[default]
    ZhCn,
    /// English.
    En,
}

impl Language {
    /// Every language a page can be in.
    pub const ALL: [Self; 2] = [Self::ZhCn, Self::En];

    /// The tag in `<html lang>`, in the cookie and in the `lang` field: `zh-CN` or `en`.
    pub fn tag(self) -> &'static str {
        match self {
            Self::ZhCn => "zh-CN",
            Self::En => "en",
        }
    }

    /// The language with this tag, as a form field or cookie gives it.
    pub fn from_tag(tag: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|language| language.tag() == tag)
    }

    /// The language that an `Accept-Language` header prefers; Chinese when it names neither.
    pub fn from_accept_language(header: &str) -> Self {
        header
            .split(',')
            .find_map(|part| {
                let tag = part.split(';').next().unwrap_or_default().trim();
                match tag.get(..2)?.to_ascii_lowercase().as_str() {
                    "zh" => Some(Self::ZhCn),
                    "en" => Some(Self::En),
                    _ => None,
                }
            })
            .unwrap_or_default()
    }
}

/// The frame around a page: whose page, in which language and size, and what its forms carry.
#[derive(Clone, Debug)]
pub struct Frame {
    /// The hospital, in the page's language.
    pub hospital_name: String,
    /// The language of every sentence of ours.
    pub language: Language,
    /// Larger type, from the cookie `size=large`.
    pub elder: bool,
    /// The service desk, as people read it: `0000-8888 6000`.
    pub help_phone: String,
    /// Where the cashier's office is, in the page's language: `门诊楼 1 层`. Empty: the pages name the office alone.
    pub cashier_place: String,
    /// Where the self-service machines are: `门诊大厅`. May be empty.
    pub kiosk_place: String,
    /// The campus of whoever prints, on papers: `东院区，青禾路 8 号，0000-8888 6001`. May be empty.
    pub campus: String,
    /// Where the language and size switches come back to. Never carries personal data.
    pub path: String,
    /// Hidden field `csrf` of every POST form.
    pub csrf: String,
    /// A script to load before `pay.js` on the page that opens the sheet: the simulator's bridge. `None` outside
    /// rehearsals.
    pub bridge_script: Option<String>,
}

impl Frame {
    /// `门诊楼 1 层收费处`, or the office alone.
    pub(crate) fn cashier(&self) -> String {
        let places = &Wording::of(self.language).places;
        named(&self.cashier_place, places.cashier, places.cashier_at)
    }

    /// `门诊大厅的自助机`, or the machine alone.
    pub(crate) fn kiosk(&self) -> String {
        let places = &Wording::of(self.language).places;
        named(&self.kiosk_place, places.kiosk, places.kiosk_at)
    }

    /// The help phone for a `tel:` link.
    pub(crate) fn tel(&self) -> String {
        self.help_phone.chars().filter(|c| c.is_ascii_digit() || *c == '+').collect()
    }
}

fn named(place: &str, alone: Phrase, at: Phrase) -> String {
    if place.is_empty() { alone.plain() } else { at.with(place).plain() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_named_as_far_as_the_hospital_named_them() {
        let mut frame = crate::samples::frame(Language::ZhCn, false);
        assert_eq!((frame.cashier(), frame.kiosk()), ("门诊楼 1 层收费处".into(), "门诊大厅的自助机".into()));
        frame.language = Language::En;
        (frame.cashier_place, frame.kiosk_place) = (String::new(), "lobby".into());
        assert_eq!(frame.cashier(), "cashier's office");
        assert_eq!(frame.kiosk(), "self-service machine (lobby)");
    }

    #[test]
    fn the_first_known_language_of_the_header_counts() {
        assert_eq!(Language::from_accept_language("fr-FR,en-GB;q=0.8,zh;q=0.5"), Language::En);
        assert_eq!(Language::from_accept_language("zh-CN,zh;q=0.9,en;q=0.8"), Language::ZhCn);
        assert_eq!(Language::from_accept_language("é"), Language::ZhCn);
        assert_eq!(Language::from_accept_language(""), Language::ZhCn);
    }
}
