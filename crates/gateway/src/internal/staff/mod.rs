//! The screens of the internal listener. What stands in front of each is in the table of [`super::ROUTES`].

pub(super) mod audit;
pub(super) mod cashier;
pub(super) mod dashboard;
pub(super) mod door;
pub(super) mod finance;
pub(super) mod hospital;
pub(super) mod live;
pub(super) mod me;
pub(super) mod notices;
pub(super) mod people;
mod proposals;
pub(super) mod rules;
pub(super) mod setup;

use crate::http::staff::{AtDoor, Staff, StaffAnswer, first_place, own_next};
use actix_web::cookie::{Cookie, SameSite, time::Duration};
use actix_web::http::header::LOCATION;
use actix_web::{HttpResponse, web};
use mingfen_pages::Language;
use mingfen_pages::staff::{Both, Face, State};

/// Where somebody begins.
pub(super) async fn home(staff: Staff) -> StaffAnswer {
    Ok(staff.go(first_place(&staff.me.roles)))
}

/// The language of the pages: it changes nothing else, so anybody may switch it.
pub(super) async fn language(door: AtDoor, body: web::Bytes) -> HttpResponse {
    let form = crate::http::form::Form::parse(&body).unwrap_or_default();
    let language = form.value("lang").and_then(Language::from_tag).unwrap_or_default();
    let mut answer = HttpResponse::SeeOther()
        .insert_header((LOCATION, own_next(form.value("back").unwrap_or("/"))))
        .finish();
    let cookie = Cookie::build("lang", language.tag())
        .path("/")
        .http_only(true)
        .same_site(SameSite::Lax)
        .secure(door.gateway.settings.staff.secure_cookies)
        .max_age(Duration::days(365))
        .finish();
    if let Err(error) = answer.add_cookie(&cookie) {
        tracing::error!(error = %error, "the language cookie could not be set");
    }
    answer
}

/// What a provider is called, by its short name.
fn provider_words(name: &str) -> Both {
    match name {
        "wechat" => Both::new("微信支付", "WeChat Pay"),
        "alipay" => Both::new("支付宝", "Alipay"),
        "unionpay" => Both::new("云闪付", "UnionPay"),
        "insurance" => Both::new("医保移动支付", "Medical insurance"),
        "cash" => Both::new("现金", "Cash"),
        "pos" => Both::new("银行卡 POS", "Card (POS)"),
        other => Both::same(other),
    }
}

/// What became of a notification, by its verdict.
fn verdict_words(word: &str) -> State {
    match word {
        "applied" => State::new(Face::Ok, "验签通过，已采用", "proven and applied"),
        "already" => State::new(Face::Ok, "验签通过，已知", "proven, known before"),
        "contradiction" => {
            State::new(Face::Warn, "验签通过，与已知矛盾", "proven, contradicts what is known")
        }
        "unknown_order" => State::new(Face::Warn, "验签通过，没有这笔单", "proven, of no order of ours"),
        "received" => State::new(Face::Info, "已收到，未处理", "received, not handled yet"),
        word if word.starts_with("not_verified") => {
            State::new(Face::Bad, "验签不通过，没有采用", "not proven, not applied")
        }
        other => State::new(Face::Idle, other, other),
    }
}
