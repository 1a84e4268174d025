//! We are in trouble. Which page it is follows from the record: was an order ever sent to the provider?

use super::shared::{PayApp, sample};
use crate::{
    Moment,
    page::{Page, page},
};

/// Trouble before any order was sent: certainly nothing was taken.
#[derive(Clone, Debug)]
pub struct Busy {
    /// Where the button tries again.
    pub retry_path: String,
    /// The code for staff: `7K2M-40QX`.
    pub staff_code: Option<String>,
}

/// Trouble after an order was sent: nobody knows yet. Polls with the state `in-doubt`.
#[derive(Clone, Debug)]
pub struct InDoubt {
    /// Of the payment.
    pub reference: String,
    /// The app that was asked to pay.
    pub app: PayApp,
    /// Masked number for texts.
    pub phone: Option<String>,
    /// The code for staff.
    pub staff_code: Option<String>,
}

/// Another amount came than was asked for: it is held, and a person looks at it. Polls with the state `held`.
#[derive(Clone, Debug)]
pub struct Held {
    /// Of the payment.
    pub reference: String,
    /// The app that paid.
    pub app: PayApp,
    /// What was asked for.
    pub ordered_yuan: String,
    /// What came.
    pub received_yuan: String,
    /// When the provider took it.
    pub paid_at: Moment,
    /// Masked number for texts.
    pub phone: Option<String>,
    /// The code for staff.
    pub staff_code: Option<String>,
}

page!(Busy, "patient/busy.html", [
    "ordinary" => Self { retry_path: crate::paths::SLIPS.into(), staff_code: Some("7K2M-40QX".into()) },
    "no code" => Self { retry_path: crate::paths::CONFIRM.into(), staff_code: None },
]);

page!(InDoubt, "patient/in_doubt.html", [
    "ordinary" => Self {
        reference: sample::reference(),
        app: PayApp::Wechat,
        phone: sample::phone(),
        staff_code: Some("7K2M-40QX".into()),
    },
    "no phone" => Self { reference: sample::reference(), app: PayApp::Alipay, phone: None, staff_code: None },
]);

page!(Held, "patient/held.html", [
    "ordinary" => Self {
        reference: sample::reference(),
        app: PayApp::Wechat,
        ordered_yuan: "112.00".into(),
        received_yuan: "111.00".into(),
        paid_at: sample::today(10, 31),
        phone: sample::phone(),
        staff_code: Some("7K2M-40QX".into()),
    },
    "very long" => Self {
        reference: sample::reference(),
        app: PayApp::Alipay,
        ordered_yuan: sample::HUGE_YUAN.into(),
        received_yuan: sample::HUGE_YUAN.into(),
        paid_at: sample::yesterday(23, 59),
        phone: None,
        staff_code: None,
    },
]);
