//! Opening the provider's sheet, and waiting for what it did.

use super::shared::{PayApp, sample};
use crate::page::{Page, page};

/// How the provider's sheet is opened.
#[derive(Clone, Debug)]
pub enum Opening {
    /// By the app's own bridge, from `pay.js`. `call` is the JSON that the bridge takes: the parameters of
    /// `getBrandWCPayRequest`, or `{"tradeNO":"…"}`.
    Bridge {
        /// The JSON text.
        call: String,
    },
    /// By going to an address (H5, wap).
    Link {
        /// Where the provider takes over.
        url: String,
    },
    /// By posting a form to the provider (wap in its form shape).
    Form {
        /// The provider's address.
        action: String,
        /// Hidden fields, in order.
        fields: Vec<(String, String)>,
    },
}

/// The page that opens the provider's sheet.
#[derive(Clone, Debug)]
pub struct Pay {
    /// Of the payment, as in [`crate::paths`].
    pub reference: String,
    /// The app whose sheet opens.
    pub app: PayApp,
    /// What the sheet will ask for.
    pub amount_yuan: String,
    /// How it opens.
    pub opening: Opening,
}

/// The sheet is closed and the result is not known. Polls [`crate::paths::result_state`] with the state `waiting`.
#[derive(Clone, Debug)]
pub struct Waiting {
    /// Of the payment.
    pub reference: String,
    /// The app that was asked to pay.
    pub app: PayApp,
    /// What it was asked for.
    pub amount_yuan: String,
    /// Masked number for texts.
    pub phone: Option<String>,
    /// The order is still open at the provider, so the patient may go on with it.
    pub may_go_on: bool,
}

impl Pay {
    /// The page's `Referrer-Policy`, for its header, its frame and its link.
    ///
    /// WeChat's cashier page for browsers turns away whoever does not come from the merchant's registered domain, so the link
    /// to it says where it comes from: the origin, never the path. Every other opening says nothing, as all pages do.
    pub fn referrer_policy(&self) -> &'static str {
        if matches!(self.opening, Opening::Link { .. }) { "origin" } else { "no-referrer" }
    }

    pub(crate) fn script(&self) -> bool {
        matches!(self.opening, Opening::Bridge { .. })
    }
}

page!(Pay, "patient/pay.html", [
    "wechat bridge" => Self {
        reference: sample::reference(),
        app: PayApp::Wechat,
        amount_yuan: "112.00".into(),
        opening: Opening::Bridge {
            call: r#"{"appId":"wx0","timeStamp":"1795141868","nonceStr":"n","package":"prepay_id=wx1","signType":"RSA","paySign":"a+/b=="}"#.into(),
        },
    },
    "alipay bridge" => Self {
        reference: sample::reference(),
        app: PayApp::Alipay,
        amount_yuan: sample::HUGE_YUAN.into(),
        opening: Opening::Bridge { call: r#"{"tradeNO":"2026112022001"}"#.into() },
    },
    "link" => Self {
        reference: sample::reference(),
        app: PayApp::Wechat,
        amount_yuan: "112.00".into(),
        opening: Opening::Link { url: "https://wx.tenpay.com/cgi-bin/mmpayweb-bin/checkmweb?prepay_id=wx1&package=2".into() },
    },
    "form" => Self {
        reference: sample::reference(),
        app: PayApp::Alipay,
        amount_yuan: "112.00".into(),
        opening: Opening::Form {
            action: "https://openapi.alipay.com/gateway.do?charset=utf-8".into(),
            fields: vec![("biz_content".into(), r#"{"subject":"<门诊>"}"#.into()), ("sign".into(), "x+/=".into())],
        },
    },
]);

page!(Waiting, "patient/waiting.html", [
    "ordinary" => Self {
        reference: sample::reference(),
        app: PayApp::Wechat,
        amount_yuan: "112.00".into(),
        phone: sample::phone(),
        may_go_on: true,
    },
    "no phone, closing" => Self {
        reference: sample::reference(),
        app: PayApp::Alipay,
        amount_yuan: sample::HUGE_YUAN.into(),
        phone: None,
        may_go_on: false,
    },
]);
