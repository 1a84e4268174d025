//! We are in trouble. Which page it is follows from the record: was an order ever sent to the provider?

use super::shared::{PayApp, sample};
use crate::page::{Page, page};

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
