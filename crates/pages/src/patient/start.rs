//! Which app pays, and the hand-off to its authorisation.

use super::shared::PayApp;
use crate::page::{Page, page};

/// An unknown browser opened the code: the patient says which app pays.
#[derive(Clone, Debug)]
pub struct ChooseApp {
    /// Where the choice goes (GET, field `app`): [`crate::paths::entry`].
    pub action: String,
    /// Apps on offer, in the order shown; the first is chosen beforehand.
    pub apps: Vec<PayApp>,
}

/// Whether the app's authorisation is still to come or was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AuthoriseState {
    /// On the way; the page goes on by itself.
    HandingOver,
    /// The patient said no. The button tries again.
    Refused,
    /// The app's own service does not answer. The button tries again.
    NoAnswer,
}

/// The hand-off to the app's silent authorisation.
#[derive(Clone, Debug)]
pub struct Authorise {
    /// The app that is asked.
    pub app: PayApp,
    /// Where the authorisation begins. The page goes there by itself (a link and a refresh, because `form-action 'self'`
    /// would stop a form's redirect).
    pub continue_url: String,
    /// On the way, or refused.
    pub state: AuthoriseState,
}

impl Authorise {
    fn is_handing_over(&self) -> bool {
        self.state == AuthoriseState::HandingOver
    }

    fn is_refused(&self) -> bool {
        self.state == AuthoriseState::Refused
    }
}

page!(ChooseApp, "patient/choose_app.html", [
    "ordinary" => Self { action: crate::paths::entry("SAMPLE"), apps: vec![PayApp::Wechat, PayApp::Alipay] },
    "one app" => Self { action: crate::paths::entry("SAMPLE"), apps: vec![PayApp::Alipay] },
]);

page!(Authorise, "patient/authorise.html", [
    "ordinary" => Self {
        app: PayApp::Wechat,
        continue_url: "https://open.weixin.qq.com/connect/oauth2/authorize?appid=wx0&scope=snsapi_base&state=x#wechat_redirect".into(),
        state: AuthoriseState::HandingOver,
    },
    "refused" => Self {
        app: PayApp::Alipay,
        continue_url: "https://openauth.alipay.com/oauth2/publicAppAuthorize.htm?app_id=1&scope=auth_base&state=x".into(),
        state: AuthoriseState::Refused,
    },
    "no answer" => Self {
        app: PayApp::Wechat,
        continue_url: "https://open.weixin.qq.com/connect/oauth2/authorize?appid=wx0&scope=snsapi_base&state=x#wechat_redirect".into(),
        state: AuthoriseState::NoAnswer,
    },
]);
