//! What the user's app does with an order: opens the sheet for a page's call, a scanned code, or an H5 address.

use std::sync::Arc;

use actix_web::web::{self, Data, Query};
use actix_web::{HttpRequest, HttpResponse};
use serde::Deserialize;

use super::Wechat;
use super::book::{Channel, OrderKey};
use super::merchant::Merchant;
use super::oauth::USER_COOKIE;
use super::payment::{JsapiCall, PayError};
use super::routes::query;
use crate::sheet::{Outcome, Purchase, Wish, is_page, see_other, told, with_outcome};

const APP: &str = "微信支付";

/// Adds the app's pages.
pub(super) fn configure(config: &mut web::ServiceConfig) {
    config
        .service(web::resource("/sheet/wechat").get(jsapi))
        .service(web::resource("/sheet/wechat/native").get(native))
        .service(web::resource("/cgi-bin/mmpayweb-bin/checkmweb").get(h5));
}

/// An order on the sheet, for one user.
struct OrderPurchase {
    wechat: Arc<Wechat>,
    key: OrderKey,
    user: String,
    back: Back,
}

enum Back {
    /// The page whose script waits for the outcome.
    Bridge(String),
    /// A page that is opened whatever the outcome, as H5's `redirect_url` is.
    Plain(String),
    /// No page.
    Nowhere,
}

impl Purchase for OrderPurchase {
    fn app(&self) -> &'static str {
        APP
    }

    fn payee(&self) -> String {
        self.wechat.merchant(&self.key.0).map(|merchant| merchant.name.clone()).unwrap_or_default()
    }

    fn amount_fen(&self) -> i64 {
        self.wechat.order(&self.key.0, &self.key.1).map_or(0, |order| order.total_fen)
    }

    fn balance_fen(&self) -> i64 {
        self.wechat.user(&self.user).map_or(0, |user| user.balance_fen)
    }

    fn pay(&self, wish: Wish) -> Result<(), String> {
        if wish == Wish::Balance {
            return Err(PayError::NoFunds.to_string());
        }
        let paid = self.wechat.pay_with(&self.key, Some(&self.user), wish.notification_fault());
        paid.map_err(|error| error.to_string())
    }

    fn return_to(&self, outcome: Outcome) -> Option<String> {
        match &self.back {
            Back::Bridge(page) => Some(with_outcome(page, outcome)),
            Back::Plain(page) => Some(page.clone()),
            Back::Nowhere => None,
        }
    }
}

impl Wechat {
    fn sit_down(self: &Arc<Self>, key: OrderKey, user: String, back: Back) -> HttpResponse {
        let purchase = OrderPurchase { wechat: self.clone(), key, user, back };
        see_other(&self.shared().sheets.open(self.shared(), Arc::new(purchase)))
    }

    /// The user of this browser: by cookie, else the current one.
    fn browsing_user(&self, request: &HttpRequest) -> String {
        let cookie = request.cookie(USER_COOKIE).map(|cookie| cookie.value().to_owned());
        cookie.filter(|user| self.user(user).is_some()).unwrap_or_else(|| self.current_user())
    }
}

#[derive(Debug, Deserialize)]
struct JsapiQuery {
    #[serde(flatten)]
    call: JsapiCall,
    back: String,
}

async fn jsapi(wechat: Data<Wechat>, asked: Query<JsapiQuery>) -> HttpResponse {
    let wechat: Arc<Wechat> = wechat.into_inner();
    if !is_page(&asked.back) {
        return told(APP, "back 不是网页地址", None);
    }
    let failed = with_outcome(&asked.back, Outcome::Fail);
    let key = match wechat.check_jsapi(&asked.call) {
        Ok(key) => key,
        Err(error) => return told(APP, &error.to_string(), Some(&failed)),
    };
    let payer = wechat.order(&key.0, &key.1).and_then(|order| order.openid);
    let user = payer.and_then(|openid| wechat.user_of(&asked.call.app_id, &openid));
    match user {
        Some(user) => wechat.sit_down(key, user, Back::Bridge(asked.back.clone())),
        None => told(APP, &PayError::OtherUser.to_string(), Some(&failed)),
    }
}

async fn native(wechat: Data<Wechat>, request: HttpRequest) -> HttpResponse {
    let wechat: Arc<Wechat> = wechat.into_inner();
    let user = wechat.browsing_user(&request);
    match wechat.scan(&query(&request, "code_url").unwrap_or_default(), &user) {
        Ok(key) => wechat.sit_down(key, user, Back::Nowhere),
        Err(error) => told(APP, &error.to_string(), None),
    }
}

async fn h5(wechat: Data<Wechat>, request: HttpRequest) -> HttpResponse {
    let wechat: Arc<Wechat> = wechat.into_inner();
    let prepay_id = query(&request, "prepay_id").unwrap_or_default();
    let now_ms = wechat.shared().clock.now_ms();
    let order = wechat.order_by_artefact(&prepay_id).filter(|order| order.channel == Channel::H5);
    let alive = order
        .filter(|order| order.artefacts.iter().any(|one| one.id == prepay_id && now_ms < one.expires_ms));
    let Some(order) = alive else { return told(APP, "支付请求已失效，请重新发起支付", None) };
    let referer = request.headers().get("Referer").and_then(|value| value.to_str().ok());
    let welcome = |merchant: Arc<Merchant>| referer.is_some_and(|from| merchant.may_send_browsers(from));
    if wechat.settings().h5_checks_referer && !wechat.merchant(&order.mchid).is_some_and(welcome) {
        return told(APP, "商家存在未配置的参数，请联系商家解决", None);
    }
    let back =
        query(&request, "redirect_url").filter(|page| is_page(page)).map_or(Back::Nowhere, Back::Plain);
    let user = wechat.browsing_user(&request);
    wechat.sit_down((order.mchid, order.out_trade_no), user, back)
}
