//! Every sentence of the pages, in tables: one type, one value for each language, so a missing sentence does not compile.
//!
//! Short, spoken, exact. A sentence says what the record knows, never a hope; a promise names who, when and where the
//! money goes. No words of ours (order state, notification, HIS) before patients, no exclamation marks.

mod en;
mod phrase;
mod tables;
mod zh_cn;

pub(crate) use phrase::{Phrase, escape_char};
pub(crate) use tables::{AppWords, Wording};

use crate::frame::Language;

impl Wording {
    pub(crate) fn of(language: Language) -> &'static Self {
        match language {
            Language::ZhCn => &zh_cn::ZH_CN,
            Language::En => &en::EN,
        }
    }
}
