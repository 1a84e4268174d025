//! The pay sheet that a user sees in either app: any six digits, then the money moves.
//!
//! A party opens a sitting for a [`Purchase`] and sends the browser to it. The sheet works without script, one form
//! per key; it never asks for a real password and never looks like the real thing.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use actix_web::http::header;
use actix_web::web::{Data, Form, Path};
use actix_web::{HttpResponse, web};
use serde::Deserialize;

use crate::Shared;
use crate::faults::{Defect, Fault};

mod page;

/// Digits of the password.
const DIGITS: usize = 6;

/// How a sitting ended, as the bridges read it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// Paid.
    Ok,
    /// The user went away.
    Cancel,
    /// It cannot be paid.
    Fail,
}

impl Outcome {
    /// The word in the fragment.
    pub fn word(self) -> &'static str {
        match self {
            Outcome::Ok => "ok",
            Outcome::Cancel => "cancel",
            Outcome::Fail => "fail",
        }
    }
}

/// The page to go back to, with the outcome where only that page's script sees it.
pub fn with_outcome(back: &str, outcome: Outcome) -> String {
    let page = back.split('#').next().unwrap_or_default();
    format!("{page}#simpay={}", outcome.word())
}

/// Whether it is a page that can be gone back to; anything else could run script here.
pub(crate) fn is_page(back: &str) -> bool {
    url::Url::parse(back).is_ok_and(|url| matches!(url.scheme(), "http" | "https"))
}

/// What the user wants this payment to suffer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Wish {
    /// Nothing.
    #[default]
    None,
    /// The purse is empty.
    Balance,
    /// Charged, but the notification is lost.
    Lost,
    /// Charged, notified after ten minutes.
    Late,
    /// Charged, notified twice.
    Doubled,
    /// Charged; a forged notification comes first.
    Forged,
}

impl Wish {
    const ALL: [(Wish, &'static str, &'static str); 6] = [
        (Wish::None, "none", "正常扣款并通知"),
        (Wish::Balance, "balance", "余额不足"),
        (Wish::Lost, "lost", "扣款，但通知丢了"),
        (Wish::Late, "late", "扣款，10 分钟后才通知"),
        (Wish::Doubled, "doubled", "扣款，通知来两遍"),
        (Wish::Forged, "forged", "扣款，先来一条伪造的通知"),
    ];

    /// What it means for the notification.
    pub fn notification_fault(self) -> Option<Fault> {
        match self {
            Wish::None | Wish::Balance => None,
            Wish::Lost => Some(Fault::NotifyLost),
            Wish::Late => Some(Fault::NotifyLate { seconds: 600 }),
            Wish::Doubled => Some(Fault::NotifyDoubled),
            Wish::Forged => Some(Fault::NotifyDefect { defect: Defect::Forged }),
        }
    }
}

/// Something that a user can pay on the sheet.
pub trait Purchase: Send + Sync {
    /// The app's name, for the tape: `微信支付`.
    fn app(&self) -> &'static str;
    /// Who gets the money.
    fn payee(&self) -> String;
    /// How much.
    fn amount_fen(&self) -> i64;
    /// What the user has.
    fn balance_fen(&self) -> i64;
    /// Moves the money.
    ///
    /// # Errors
    /// What the app would show; nothing was charged.
    fn pay(&self, wish: Wish) -> Result<(), String>;
    /// Where the browser goes afterwards; nothing when there is no page to go back to.
    fn return_to(&self, outcome: Outcome) -> Option<String>;
}

#[derive(Clone)]
struct Sitting {
    purchase: Arc<dyn Purchase>,
    entered: usize,
    wish: Wish,
    paid: bool,
    alert: Option<String>,
}

/// The sittings of a simulator.
#[derive(Default)]
pub struct Sheets(Mutex<HashMap<String, Sitting>>);

impl std::fmt::Debug for Sheets {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Sheets").finish_non_exhaustive()
    }
}

impl Sheets {
    /// Opens a sitting and returns its path.
    pub fn open(&self, shared: &Shared, purchase: Arc<dyn Purchase>) -> String {
        let id = shared.random.alphanumeric(20);
        let sitting = Sitting { purchase, entered: 0, wish: Wish::None, paid: false, alert: None };
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(id.clone(), sitting);
        format!("/sheet/at/{id}")
    }

    fn change<T>(&self, id: &str, change: impl FnOnce(&mut Sitting) -> T) -> Option<T> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get_mut(id).map(change)
    }
}

/// Adds the sheet and the bridges.
pub(crate) fn configure(config: &mut web::ServiceConfig) {
    config
        .service(web::resource("/sheet/at/{id}").get(show).post(press))
        .service(web::resource("/sheet/at/{id}/cancel").get(cancel))
        .service(
            web::resource("/bridge/wechat.js").get(|| script(include_str!("../../assets/wechat-bridge.js"))),
        )
        .service(
            web::resource("/bridge/alipay.js").get(|| script(include_str!("../../assets/alipay-bridge.js"))),
        )
        .service(web::resource("/assets/sheet.js").get(|| script(include_str!("../../assets/sheet.js"))))
        .service(web::resource("/assets/sim.css").get(|| style(include_str!("../../assets/sim.css"))))
        .service(web::resource("/assets/tokens.css").get(|| style(include_str!("../../assets/tokens.css"))));
}

async fn script(text: &'static str) -> HttpResponse {
    HttpResponse::Ok().content_type("text/javascript; charset=utf-8").body(text)
}

async fn style(text: &'static str) -> HttpResponse {
    HttpResponse::Ok().content_type("text/css; charset=utf-8").body(text)
}

/// A redirect that turns a form into a page.
pub(crate) fn see_other(to: &str) -> HttpResponse {
    HttpResponse::SeeOther().insert_header((header::LOCATION, to)).finish()
}

/// A page of the app that says what is wrong, with a way back where there is one.
pub(crate) fn told(app: &str, text: &str, back: Option<&str>) -> HttpResponse {
    page::told(app, text, back)
}

async fn show(shared: Data<Shared>, id: Path<String>) -> HttpResponse {
    match shared.sheets.change(&id, |sitting| sitting.clone()) {
        Some(sitting) if sitting.paid => leave(&*sitting.purchase, Outcome::Ok),
        Some(sitting) => page::sheet(&id, &sitting),
        None => page::told("支付", "这个付款页已经失效，请回到缴费页重新付款。", None),
    }
}

#[derive(Debug, Deserialize)]
struct Pressed {
    key: String,
    #[serde(default)]
    fault: Wish,
}

async fn press(shared: Data<Shared>, id: Path<String>, pressed: Form<Pressed>) -> HttpResponse {
    let complete = shared.sheets.change(&id, |sitting| {
        sitting.wish = pressed.fault;
        sitting.alert = None;
        sitting.entered = match pressed.key.as_str() {
            "all" => DIGITS,
            "back" => sitting.entered.saturating_sub(1),
            digit if digit.len() == 1 && digit.bytes().all(|byte| byte.is_ascii_digit()) => {
                (sitting.entered + 1).min(DIGITS)
            }
            _ => sitting.entered,
        };
        (sitting.entered == DIGITS && !sitting.paid).then(|| sitting.clone())
    });
    if let Some(Some(sitting)) = complete {
        // Outside the lock: paying takes the party's own locks.
        let result = sitting.purchase.pay(sitting.wish);
        shared.sheets.change(&id, |sitting| match result {
            Ok(()) => sitting.paid = true,
            Err(text) => (sitting.entered, sitting.alert) = (0, Some(text)),
        });
    }
    if complete_and_paid(&shared, &id) {
        return show(shared, id).await;
    }
    see_other(&format!("/sheet/at/{id}"))
}

fn complete_and_paid(shared: &Shared, id: &str) -> bool {
    shared.sheets.change(id, |sitting| sitting.paid).unwrap_or(false)
}

async fn cancel(shared: Data<Shared>, id: Path<String>) -> HttpResponse {
    match shared.sheets.change(&id, |sitting| (sitting.purchase.clone(), sitting.paid)) {
        Some((purchase, paid)) => leave(&*purchase, if paid { Outcome::Ok } else { Outcome::Cancel }),
        None => page::told("支付", "这个付款页已经失效。", None),
    }
}

fn leave(purchase: &dyn Purchase, outcome: Outcome) -> HttpResponse {
    match purchase.return_to(outcome) {
        Some(back) => see_other(&back),
        None if outcome == Outcome::Ok => {
            page::told(purchase.app(), "模拟支付成功，可以关闭这个页面。", None)
        }
        None => page::told(purchase.app(), "没有付款，可以关闭这个页面。", None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_outcome_replaces_a_fragment() {
        assert_eq!(with_outcome("http://h/p?a=1#x", Outcome::Cancel), "http://h/p?a=1#simpay=cancel");
    }

    #[test]
    fn every_wish_on_the_sheet_is_understood() {
        for (wish, word, _) in Wish::ALL {
            let read: Wish = serde_json::from_value(word.into()).expect("a wish");
            assert_eq!(read, wish);
        }
    }
}
