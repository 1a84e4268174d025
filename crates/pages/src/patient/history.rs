//! The latest payments and refunds with a card.

use super::refund::RefundReason;
use super::shared::{PayApp, SlipKind, Who, sample};
use crate::{
    Moment,
    icon::Icon,
    page::{Page, page},
    wording::{Phrase, Wording},
};

/// What became of an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EntryState {
    /// A payment whose result is not known.
    Waiting,
    /// Another amount came than was asked for; a person looks at it.
    Held,
    /// Paid; the hospital does not know yet.
    Booking,
    /// Paid and booked.
    Paid,
    /// Paid, and all of it went back or is going back.
    GivenBack,
    /// Certainly not charged.
    NotCharged,
    /// A refund under way.
    Refunding,
    /// A refund that arrived.
    Refunded,
    /// A refund that a person takes care of.
    RefundAbnormal,
}

impl EntryState {
    fn is_refund(self) -> bool {
        matches!(self, Self::Refunding | Self::Refunded | Self::RefundAbnormal)
    }

    pub(crate) fn chip(self) -> &'static str {
        match self {
            Self::Paid | Self::Refunded => " chip--ok",
            Self::Waiting | Self::Booking | Self::Refunding => " chip--info",
            Self::RefundAbnormal | Self::Held => " chip--warn",
            Self::NotCharged | Self::GivenBack => "",
        }
    }

    pub(crate) fn icon(self) -> Icon {
        match self {
            Self::Paid | Self::Refunded | Self::Booking => Icon::Tick,
            Self::Waiting => Icon::Hourglass,
            Self::Refunding | Self::GivenBack => Icon::Return,
            Self::RefundAbnormal | Self::Held => Icon::Warning,
            Self::NotCharged => Icon::Cross,
        }
    }

    pub(crate) fn word(self, say: &Wording) -> Phrase {
        let words = &say.history;
        match self {
            Self::Waiting => words.waiting,
            Self::Held => words.held,
            Self::Booking => words.booking,
            Self::Paid => words.paid,
            Self::GivenBack => words.given_back,
            Self::NotCharged => words.not_charged,
            Self::Refunding => words.refunding,
            Self::Refunded => words.refunded,
            Self::RefundAbnormal => words.refund_abnormal,
        }
    }
}

/// Where more is to be seen.
#[derive(Clone, Debug)]
pub enum EntryLink {
    /// There is nothing more to say.
    None,
    /// The receipt at this address.
    Receipt(String),
    /// How far it is, at this address.
    Progress(String),
}

/// One payment or refund.
#[derive(Clone, Debug)]
pub struct HistoryEntry {
    /// Kinds of the slips, one for each slip.
    pub kinds: Vec<SlipKind>,
    /// What became of it; says also whether it is a refund.
    pub state: EntryState,
    /// When.
    pub at: Moment,
    /// The app.
    pub app: PayApp,
    /// What it was for, in the hospital's words, when it was one slip.
    pub remark: Option<String>,
    /// Why a refund goes back.
    pub reason: Option<RefundReason>,
    /// What insurance paid beside it.
    pub insurance_yuan: Option<String>,
    /// The amount, without sign.
    pub amount_yuan: String,
    /// Its receipt, or how far it is.
    pub link: EntryLink,
}

impl HistoryEntry {
    fn heading(&self, say: &Wording) -> String {
        let list = SlipKind::list(&self.kinds, say);
        if self.state.is_refund() { say.history.refund_of.with(list).plain() } else { list }
    }
}

/// The latest payments and refunds with a card, newest first.
#[derive(Clone, Debug)]
pub struct History {
    /// Whose.
    pub who: Who,
    /// Sum of what was paid, of these entries.
    pub paid_yuan: String,
    /// Sum of refunds, those under way included.
    pub refunded_yuan: String,
    /// May be empty.
    pub entries: Vec<HistoryEntry>,
}

fn entry(state: EntryState, kinds: &[SlipKind], yuan: &str, remark: Option<&str>) -> HistoryEntry {
    HistoryEntry {
        kinds: kinds.to_vec(),
        state,
        at: sample::today(10, 31),
        app: PayApp::Wechat,
        remark: if state.is_refund() { None } else { remark.map(Into::into) },
        reason: remark.filter(|_| state.is_refund()).map(|words| RefundReason::Told(words.into())),
        insurance_yuan: None,
        amount_yuan: yuan.into(),
        link: match state {
            EntryState::Paid => EntryLink::Receipt(crate::paths::receipt(&sample::reference())),
            EntryState::Refunding | EntryState::RefundAbnormal => {
                EntryLink::Progress(crate::paths::refund(&sample::reference(), "R26112010330017"))
            }
            EntryState::Waiting | EntryState::Held | EntryState::Booking => {
                EntryLink::Progress(crate::paths::result(&sample::reference()))
            }
            EntryState::NotCharged | EntryState::GivenBack | EntryState::Refunded => EntryLink::None,
        },
    }
}

page!(History, "patient/history.html", [
    "ordinary" => {
        let three = [SlipKind::Registration, SlipKind::Exam, SlipKind::Drug];
        Self {
            who: sample::who(),
            paid_yuan: "216.50".into(),
            refunded_yuan: "44.71".into(),
            entries: vec![
                entry(EntryState::Refunding, &[SlipKind::Drug], "26.71", Some("退药 1 项")),
                HistoryEntry { insurance_yuan: Some("291.46".into()), ..entry(EntryState::Paid, &three, "112.00", None) },
                entry(EntryState::NotCharged, &three, "112.00", Some("内分泌科 今天 14:30")),
                HistoryEntry { app: PayApp::Alipay, ..entry(EntryState::Refunded, &[SlipKind::Lab], "18.00", Some("项目取消")) },
                HistoryEntry { app: PayApp::Alipay, ..entry(EntryState::Paid, &[SlipKind::Lab], "86.50", None) },
                HistoryEntry {
                    reason: Some(RefundReason::PaidTwice),
                    ..entry(EntryState::Refunded, &[SlipKind::Registration], "18.00", None)
                },
                entry(EntryState::GivenBack, &[SlipKind::Registration], "18.00", None),
            ],
        }
    },
    "empty" => Self {
        who: sample::who(),
        paid_yuan: "0.00".into(),
        refunded_yuan: "0.00".into(),
        entries: Vec::new(),
    },
    "very long" => Self {
        who: sample::long_who(),
        paid_yuan: sample::HUGE_YUAN.into(),
        refunded_yuan: sample::HUGE_YUAN.into(),
        entries: [EntryState::Waiting, EntryState::Booking, EntryState::Held, EntryState::RefundAbnormal]
            .into_iter()
            .cycle()
            .take(30)
            .map(|state| entry(state, &[SlipKind::Other, SlipKind::Treatment, SlipKind::Lab], sample::HUGE_YUAN, Some(sample::LONG_TEXT)))
            .collect(),
    },
]);
