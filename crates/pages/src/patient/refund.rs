//! Money going back: under way, arrived, or stuck at the provider.

use super::shared::{PayApp, sample};
use crate::{
    Moment,
    page::{Page, page},
    wording::{Phrase, Wording},
};

/// How far the refund is.
#[derive(Clone, Debug)]
pub enum RefundProgress {
    /// Asked for; the provider works on it. Polls with the state `refunding`.
    UnderWay,
    /// The provider could not deliver it; a person takes care. Polls with the state `refunding`.
    Abnormal {
        /// The code for staff.
        staff_code: Option<String>,
    },
    /// Arrived.
    Arrived {
        /// When.
        at: Moment,
    },
}

/// Why the money goes back.
#[derive(Clone, Debug)]
pub enum RefundReason {
    /// The hospital cancelled the slips while they were being paid.
    Cancelled,
    /// They were paid at the counter meanwhile.
    PaidAtCounter,
    /// They came to another sum by then.
    AmountChanged,
    /// The hospital could not book it, and nothing more is known.
    NotBooked,
    /// Another amount came than was asked for.
    WrongAmount,
    /// They were paid twice.
    PaidTwice,
    /// The payment came after its deadline.
    PaidLate,
    /// The hospital or its cashier asked for it.
    Asked,
    /// The hospital's own words for the patient.
    Told(String),
}

impl RefundReason {
    /// In few words, for a line of the history. The hospital's own words stand for themselves.
    pub(crate) fn short(&self, say: &Wording) -> Option<Phrase> {
        let words = &say.refund;
        match self {
            Self::Cancelled => Some(words.cancelled_short),
            Self::PaidAtCounter => Some(words.at_counter_short),
            Self::AmountChanged => Some(words.changed_short),
            Self::NotBooked => Some(words.not_booked_short),
            Self::WrongAmount => Some(words.wrong_amount_short),
            Self::PaidTwice => Some(words.paid_twice_short),
            Self::PaidLate => Some(words.paid_late_short),
            Self::Asked | Self::Told(_) => None,
        }
    }
}

/// Which slips of the payment can still be paid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SlipsRemain {
    /// None: they are paid, or were given back.
    None,
    /// Those that are not the reason for the refund.
    Others,
    /// All of them.
    All,
}

/// A refund of one payment.
#[derive(Clone, Debug)]
pub struct Refund {
    /// Of the payment.
    pub reference: String,
    /// This page's own address.
    pub page_path: String,
    /// Where it polls.
    pub state_path: String,
    /// The app that gets the money back.
    pub app: PayApp,
    /// What goes back.
    pub amount_yuan: String,
    /// Why.
    pub reason: RefundReason,
    /// When it was paid.
    pub paid_at: Moment,
    /// When the refund was asked for; `None` while that is still to come.
    pub asked_at: Option<Moment>,
    /// Insurance's parts were undone with it.
    pub insurance_undone: bool,
    /// The account that the provider names: `零钱`.
    pub account: Option<String>,
    /// The refund's number.
    pub refund_no: String,
    /// Masked number for texts.
    pub phone: Option<String>,
    /// Slips of this payment that are still to be paid if the patient wants them.
    pub slips_remain: SlipsRemain,
    /// How far it is.
    pub progress: RefundProgress,
}

impl Refund {
    fn arrived(&self) -> Option<&Moment> {
        match &self.progress {
            RefundProgress::Arrived { at } => Some(at),
            RefundProgress::UnderWay | RefundProgress::Abnormal { .. } => None,
        }
    }

    /// `微信零钱`: the app, and its account where the provider names one.
    fn destination(&self, say: &Wording) -> String {
        let app = self.app.words(say).name.plain();
        self.account.as_ref().map_or(app.clone(), |account| say.refund.account.with2(app, account).plain())
    }

    fn is_abnormal(&self) -> bool {
        matches!(self.progress, RefundProgress::Abnormal { .. })
    }

    fn staff_code(&self) -> Option<&String> {
        match &self.progress {
            RefundProgress::Abnormal { staff_code } => staff_code.as_ref(),
            RefundProgress::UnderWay | RefundProgress::Arrived { .. } => None,
        }
    }
}

fn ordinary(progress: RefundProgress) -> Refund {
    Refund {
        reference: sample::reference(),
        page_path: crate::paths::result(&sample::reference()),
        state_path: crate::paths::result_state(&sample::reference()),
        app: PayApp::Wechat,
        amount_yuan: "112.00".into(),
        reason: RefundReason::Told(
            "付款时，医生刚好作废了药品单。三张单是一起付的，收费处没有入账，所以全部退给您。".into(),
        ),
        paid_at: sample::today(10, 31),
        asked_at: Some(sample::today(10, 33)),
        insurance_undone: true,
        account: Some("零钱".into()),
        refund_no: "R2611 2010 3300 17".into(),
        phone: sample::phone(),
        slips_remain: SlipsRemain::Others,
        progress,
    }
}

page!(Refund, "patient/refund.html", [
    "under way" => ordinary(RefundProgress::UnderWay),
    "just decided" => Self {
        reason: RefundReason::PaidLate,
        asked_at: None,
        insurance_undone: false,
        account: None,
        phone: None,
        slips_remain: SlipsRemain::None,
        ..ordinary(RefundProgress::UnderWay)
    },
    "arrived" => ordinary(RefundProgress::Arrived { at: sample::today(10, 36) }),
    "arrived, paid twice" => Self {
        reason: RefundReason::PaidTwice,
        app: PayApp::Alipay,
        account: None,
        ..ordinary(RefundProgress::Arrived { at: sample::yesterday(10, 36) })
    },
    "abnormal" => Self {
        reason: RefundReason::Cancelled,
        ..ordinary(RefundProgress::Abnormal { staff_code: Some("7K2M-40QX".into()) })
    },
    "very long" => Self {
        app: PayApp::Alipay,
        amount_yuan: sample::HUGE_YUAN.into(),
        reason: RefundReason::Told(sample::LONG_TEXT.into()),
        account: Some(sample::LONG_TEXT.into()),
        refund_no: "R2611201033001700000000000000000000000000000000000000000017".into(),
        ..ordinary(RefundProgress::Abnormal { staff_code: None })
    },
    "asked by the hospital" => Self { reason: RefundReason::Asked, ..ordinary(RefundProgress::UnderWay) },
    "paid at the counter" => Self {
        reason: RefundReason::PaidAtCounter,
        slips_remain: SlipsRemain::None,
        ..ordinary(RefundProgress::UnderWay)
    },
    "amount changed" => Self {
        reason: RefundReason::AmountChanged,
        slips_remain: SlipsRemain::All,
        ..ordinary(RefundProgress::UnderWay)
    },
    "arrived, not booked" => Self { reason: RefundReason::NotBooked, ..ordinary(RefundProgress::Arrived { at: sample::today(10, 36) }) },
    "wrong amount" => Self { reason: RefundReason::WrongAmount, ..ordinary(RefundProgress::UnderWay) },
]);
