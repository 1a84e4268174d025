//! What several pages show.

use crate::{
    moment::Moment,
    wording::{AppWords, Phrase, Wording},
};

/// Whose bill it is: the first thing a family member must be able to check.
#[derive(Clone, Debug)]
pub struct Who {
    /// Masked, as on the slip: `张*明`. Never translated.
    pub name: String,
    /// The last digits of the card: `6021`.
    pub card_tail: String,
}

/// The app that pays, as patients know it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PayApp {
    /// WeChat Pay.
    Wechat,
    /// Alipay.
    Alipay,
    /// No app: cash, at the window.
    Cash,
    /// No app: a card, at the window's terminal.
    Card,
}

impl PayApp {
    /// The word for form fields, queries and `data-bridge`: `wechat`, `alipay`.
    pub fn key(self) -> &'static str {
        match self {
            Self::Wechat => "wechat",
            Self::Alipay => "alipay",
            Self::Cash => "cash",
            Self::Card => "card",
        }
    }

    /// The app with this key; what is paid at the window is no app.
    pub fn from_key(key: &str) -> Option<Self> {
        [Self::Wechat, Self::Alipay].into_iter().find(|app| app.key() == key)
    }

    pub(crate) fn words(self, say: &Wording) -> &AppWords {
        match self {
            Self::Wechat => &say.wechat,
            Self::Alipay => &say.alipay,
            Self::Cash => &say.cash,
            Self::Card => &say.card,
        }
    }
}

/// What a slip is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SlipKind {
    /// 挂号.
    Registration,
    /// 检查.
    Exam,
    /// 化验.
    Lab,
    /// 药品.
    Drug,
    /// 治疗.
    Treatment,
    /// 预交金.
    Deposit,
    /// 其他费用.
    Other,
}

impl SlipKind {
    pub(crate) fn word(self, say: &Wording) -> Phrase {
        let words = &say.kinds;
        match self {
            Self::Registration => words.registration,
            Self::Exam => words.exam,
            Self::Lab => words.lab,
            Self::Drug => words.drug,
            Self::Treatment => words.treatment,
            Self::Deposit => words.deposit,
            Self::Other => words.other,
        }
    }

    /// The kinds in their order, each once: `挂号、检查、药品`.
    pub(crate) fn list(kinds: &[Self], say: &Wording) -> String {
        let mut seen: Vec<Self> = Vec::new();
        for kind in kinds {
            if !seen.contains(kind) {
                seen.push(*kind);
            }
        }
        let words: Vec<String> = seen.iter().map(|kind| kind.word(say).plain()).collect();
        let list = words.join(say.list_comma);
        if say.long_lists && words.len() > 1 { lower_rest(&words, say.list_comma) } else { list }
    }
}

/// English lists read "Registration, examination, medicine".
fn lower_rest(words: &[String], comma: &str) -> String {
    let mut list = words.first().cloned().unwrap_or_default();
    for word in words.iter().skip(1) {
        list.push_str(comma);
        list.push_str(&word.to_lowercase());
    }
    list
}

/// Until when a slip can be paid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deadline {
    /// A place in a clinic is held until then (号源); urgent.
    HeldUntil(Moment),
    /// The slip lapses then.
    PayBy(Moment),
}

impl Deadline {
    pub(crate) fn is_urgent(&self) -> bool {
        matches!(self, Self::HeldUntil(_))
    }

    pub(crate) fn text(&self, say: &Wording) -> String {
        match self {
            Self::HeldUntil(moment) => say.time.held_until.with(moment.deadline(say)).plain(),
            Self::PayBy(moment) => say.time.pay_by.with(moment.short(say)).plain(),
        }
    }
}

/// How medical insurance treats a charge line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InsuranceClass {
    /// 甲类: covered.
    A,
    /// 乙类: covered after a first share.
    B,
    /// 自费: not covered.
    Own,
}

impl InsuranceClass {
    pub(crate) fn word(self, say: &Wording) -> Phrase {
        match self {
            Self::A => say.classes.a,
            Self::B => say.classes.b,
            Self::Own => say.classes.own,
        }
    }

    pub(crate) fn meaning(self, say: &Wording) -> Phrase {
        match self {
            Self::A => say.classes.a_means,
            Self::B => say.classes.b_means,
            Self::Own => say.classes.own_means,
        }
    }

    pub(crate) fn css(self) -> &'static str {
        match self {
            Self::A => " class--a",
            Self::B => "",
            Self::Own => " class--own",
        }
    }
}

/// Values that the samples of several pages use.
pub(crate) mod sample {
    use super::{Moment, Who};

    pub(crate) fn who() -> Who {
        Who { name: "张*明".into(), card_tail: "6021".into() }
    }

    pub(crate) fn long_who() -> Who {
        Who { name: "阿卜杜拉·买买提*****吐尔逊".into(), card_tail: "88886021".into() }
    }

    pub(crate) fn today(hour: u8, minute: u8) -> Moment {
        Moment { year: 2026, month: 11, day: 20, hour, minute, second: 8, today: true }
    }

    pub(crate) fn yesterday(hour: u8, minute: u8) -> Moment {
        Moment { day: 19, today: false, ..today(hour, minute) }
    }

    pub(crate) fn tomorrow(hour: u8, minute: u8) -> Moment {
        Moment { day: 21, today: false, ..today(hour, minute) }
    }

    pub(crate) fn reference() -> String {
        "2K7M40QX9T".into()
    }

    pub(crate) fn phone() -> Option<String> {
        Some("138****5678".into())
    }

    pub(crate) const HUGE_YUAN: &str = "1,234,567.89";

    pub(crate) const LONG_TEXT: &str = "经皮冠状动脉药物洗脱支架置入术后双联抗血小板治疗随访评估<script>alert(1)</script>及远程心电监测（含耗材、含三个月数据分析报告）";
}
