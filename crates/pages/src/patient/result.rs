//! Paid, or certainly not.

use super::shared::{Deadline, PayApp, SlipKind, sample};
use crate::{
    Moment,
    icon::Icon,
    page::{Page, page},
    wording::Wording,
};

/// A place to go to after paying, in the hospital's words.
#[derive(Clone, Debug)]
pub struct Place {
    /// Chooses the picture.
    pub kind: SlipKind,
    /// `超声科登记台`.
    pub name: String,
    /// `门诊楼 3 层`.
    pub whereabouts: Option<String>,
    /// `现在就可以去`, `约 15 分钟`.
    pub when: Option<String>,
    /// What the number is called: `排队号`.
    pub number_label: Option<String>,
    /// The number to show.
    pub number: Option<String>,
}

impl Place {
    fn icon(&self) -> Icon {
        match self.kind {
            SlipKind::Registration => Icon::Calendar,
            SlipKind::Exam | SlipKind::Treatment => Icon::Pulse,
            SlipKind::Lab => Icon::Tube,
            SlipKind::Drug => Icon::Pill,
            SlipKind::Deposit | SlipKind::Other => Icon::Slip,
        }
    }
}

/// What insurance paid beside the patient.
#[derive(Clone, Debug)]
pub struct InsurancePart {
    /// Paid by insurance, all parts together.
    pub insurance_yuan: String,
    /// The whole fees.
    pub total_yuan: String,
}

/// Money of a payment that went back, or is on its way.
#[derive(Clone, Debug)]
pub struct MoneyBack {
    /// How much.
    pub amount_yuan: String,
    /// When it arrived, or was asked for.
    pub at: Moment,
    /// It is back at the payer.
    pub arrived: bool,
}

/// Paid, and the hospital knows.
#[derive(Clone, Debug)]
pub struct Paid {
    /// Of the payment.
    pub reference: String,
    /// The app that paid.
    pub app: PayApp,
    /// What the patient paid.
    pub amount_yuan: String,
    /// When the provider took it.
    pub paid_at: Moment,
    /// Paid by insurance beside it.
    pub insurance: Option<InsurancePart>,
    /// What went back of it since, oldest first.
    pub back: Vec<MoneyBack>,
    /// Where to go next; may be empty.
    pub places: Vec<Place>,
    /// The number to read out or show at a window.
    pub voucher_no: String,
    /// The bill's whole number, for machines and for writing down.
    pub bill_no: String,
}

/// Paid, and the hospital does not know yet. Polls with the state `booking`.
#[derive(Clone, Debug)]
pub struct PaidBooking {
    /// Of the payment.
    pub reference: String,
    /// The app that paid.
    pub app: PayApp,
    /// What it paid.
    pub amount_yuan: String,
    /// When the provider took it.
    pub paid_at: Moment,
    /// Whole minutes since then; from two on, the page says that it is slow.
    pub waited_minutes: u32,
    /// Masked number for texts.
    pub phone: Option<String>,
    /// From then on a person takes care.
    pub person_from: Option<Moment>,
}

/// Why certainly nothing was taken.
#[derive(Clone, Debug)]
pub enum NotChargedReason {
    /// The patient closed the sheet.
    Cancelled,
    /// It was closed before its time.
    Closed,
    /// Its time ran out.
    Over,
    /// The provider would not take the order.
    Refused,
    /// The provider's own words for the patient: `余额不足`.
    Told(String),
}

/// The provider says *closed* or *not paid*. A time-out is [`super::Waiting`], never this.
#[derive(Clone, Debug)]
pub struct NotCharged {
    /// Of the payment.
    pub reference: String,
    /// The app that did not pay.
    pub app: PayApp,
    /// What is owed still.
    pub amount_yuan: String,
    /// Why.
    pub reason: NotChargedReason,
    /// How many slips are there still.
    pub slip_count: usize,
    /// Until when they can be paid.
    pub deadline: Option<Deadline>,
}

/// Who took the money.
#[derive(Clone, Debug)]
pub enum PaidBy {
    /// Through an app.
    App(PayApp),
    /// At the window or a machine of the hospital.
    Window,
}

/// Somebody has paid this already.
#[derive(Clone, Debug)]
pub struct AlreadyPaid {
    /// When, if known.
    pub paid_at: Option<Moment>,
    /// How.
    pub paid_by: PaidBy,
    /// The amount, if known.
    pub amount_yuan: Option<String>,
    /// The number to show at a window, if ours.
    pub voucher_no: Option<String>,
    /// The payment whose receipt can be shown, if it was ours.
    pub receipt_reference: Option<String>,
}

fn place(kind: SlipKind, name: &str, whereabouts: &str, when: &str, label: &str, number: &str) -> Place {
    let text = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    Place {
        kind,
        name: name.into(),
        whereabouts: text(whereabouts),
        when: text(when),
        number_label: text(label),
        number: text(number),
    }
}

page!(Paid, "patient/paid.html", [
    "ordinary" => Self {
        reference: sample::reference(),
        app: PayApp::Wechat,
        amount_yuan: "112.00".into(),
        paid_at: sample::today(10, 31),
        insurance: Some(InsurancePart { insurance_yuan: "291.46".into(), total_yuan: "403.46".into() }),
        back: vec![
            MoneyBack { amount_yuan: "26.71".into(), at: sample::today(18, 20), arrived: true },
            MoneyBack { amount_yuan: "18.00".into(), at: sample::today(18, 40), arrived: false },
        ],
        places: vec![
            place(SlipKind::Exam, "超声科登记台", "门诊楼 3 层", "现在就可以去", "排队号", "B36"),
            place(SlipKind::Drug, "西药房 3 号窗口", "门诊楼 1 层", "约 15 分钟", "取药号", "A127"),
            place(SlipKind::Registration, "内分泌科诊区", "门诊楼 2 层", "今天 14:30", "就诊序号", "12"),
        ],
        voucher_no: "7K2M 40QX".into(),
        bill_no: "B2611208P3X5N7K2M40QX".into(),
    },
    "no places" => Self {
        reference: sample::reference(),
        app: PayApp::Alipay,
        amount_yuan: "25.00".into(),
        paid_at: sample::yesterday(23, 59),
        insurance: None,
        back: Vec::new(),
        places: Vec::new(),
        voucher_no: "7K2M 40QX".into(),
        bill_no: "B2611208P3X5N7K2M40QX".into(),
    },
    "very long" => Self {
        reference: sample::reference(),
        app: PayApp::Alipay,
        amount_yuan: sample::HUGE_YUAN.into(),
        paid_at: sample::today(0, 0),
        insurance: Some(InsurancePart {
            insurance_yuan: sample::HUGE_YUAN.into(),
            total_yuan: sample::HUGE_YUAN.into(),
        }),
        back: vec![MoneyBack { amount_yuan: sample::HUGE_YUAN.into(), at: sample::yesterday(0, 0), arrived: false }; 4],
        places: vec![
            place(SlipKind::Lab, sample::LONG_TEXT, sample::LONG_TEXT, sample::LONG_TEXT, "就诊序号", "LISXK-0012"),
            place(SlipKind::Other, "病案室", "", "", "", ""),
        ],
        voucher_no: "7K2M 40QX".into(),
        bill_no: "B2611208P3X5N7K2M40QX00000000000".into(),
    },
]);

page!(PaidBooking, "patient/paid_booking.html", [
    "slow" => Self {
        reference: sample::reference(),
        app: PayApp::Wechat,
        amount_yuan: "112.00".into(),
        paid_at: sample::today(10, 31),
        waited_minutes: 2,
        phone: sample::phone(),
        person_from: Some(sample::today(12, 31)),
    },
    "just now" => Self {
        reference: sample::reference(),
        app: PayApp::Alipay,
        amount_yuan: sample::HUGE_YUAN.into(),
        paid_at: sample::yesterday(23, 59),
        waited_minutes: 0,
        phone: None,
        person_from: None,
    },
]);

page!(NotCharged, "patient/not_charged.html", [
    "told" => Self {
        reference: sample::reference(),
        app: PayApp::Wechat,
        amount_yuan: "112.00".into(),
        reason: NotChargedReason::Told("余额不足".into()),
        slip_count: 3,
        deadline: Some(Deadline::HeldUntil(sample::today(10, 42))),
    },
    "cancelled" => Self {
        reference: sample::reference(),
        app: PayApp::Alipay,
        amount_yuan: "25.00".into(),
        reason: NotChargedReason::Cancelled,
        slip_count: 1,
        deadline: Some(Deadline::PayBy(sample::today(23, 59))),
    },
    "over" => Self {
        reference: sample::reference(),
        app: PayApp::Wechat,
        amount_yuan: "25.00".into(),
        reason: NotChargedReason::Over,
        slip_count: 1,
        deadline: None,
    },
    "refused" => Self {
        reference: sample::reference(),
        app: PayApp::Alipay,
        amount_yuan: "25.00".into(),
        reason: NotChargedReason::Refused,
        slip_count: 2,
        deadline: None,
    },
    "closed" => Self {
        reference: sample::reference(),
        app: PayApp::Alipay,
        amount_yuan: sample::HUGE_YUAN.into(),
        reason: NotChargedReason::Closed,
        slip_count: 24,
        deadline: None,
    },
    "very long" => Self {
        reference: sample::reference(),
        app: PayApp::Wechat,
        amount_yuan: sample::HUGE_YUAN.into(),
        reason: NotChargedReason::Told(sample::LONG_TEXT.into()),
        slip_count: 24,
        deadline: Some(Deadline::PayBy(sample::yesterday(23, 59))),
    },
]);

/// HIS does not ask for these slips any more, and nobody says that they were paid.
#[derive(Clone, Copy, Debug)]
pub struct NoLongerOwed {
    /// The hospital cancelled them; otherwise all that is known is that they are not owed.
    pub cancelled: bool,
}

impl NoLongerOwed {
    fn title(self, say: &Wording) -> String {
        if self.cancelled { say.gone.cancelled_title.plain() } else { say.gone.title.plain() }
    }
}

page!(AlreadyPaid, "patient/already_paid.html", [
    "by app" => Self {
        paid_at: Some(sample::today(9, 52)),
        paid_by: PaidBy::App(PayApp::Alipay),
        amount_yuan: Some("403.46".into()),
        voucher_no: Some("7K2M 40QX".into()),
        receipt_reference: Some(sample::reference()),
    },
    "at the window" => Self {
        paid_at: None,
        paid_by: PaidBy::Window,
        amount_yuan: None,
        voucher_no: None,
        receipt_reference: None,
    },
]);

page!(NoLongerOwed, "patient/no_longer_owed.html", [
    "cancelled" => Self { cancelled: true },
    "ordinary" => Self { cancelled: false },
]);
