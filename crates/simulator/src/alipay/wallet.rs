//! The buyer's side: who they are, the cashier, scanning a code, and paying from the sheet.
//!
//! The sheet itself is drawn by the shared `sheet` module; it asks [`Alipay::sheet`] what to show and calls
//! [`Alipay::pay`] when six digits were typed.

use std::collections::BTreeMap;

use actix_web::{HttpResponse, web};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use serde_json::json;
use sha2::{Digest, Sha256};

use super::credentials::{Application, BuyerIds};
use super::envelope::Members;
use super::trade::TradeStatus;
use super::{Alipay, State};
use crate::faults::Stage;

/// Whose phone it is when nobody says otherwise.
pub(super) const FIRST_BUYER: &str = "2088000000000001";

/// A person with a wallet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Buyer {
    /// 2088…, 16 digits.
    pub user_id: String,
    /// Masked, as everyone sees it.
    pub logon_id: String,
    /// Masked name, as bills show it.
    pub name: String,
    /// What is in the wallet.
    pub balance_fen: i64,
}

impl Buyer {
    /// Another name of the same person for each application.
    pub fn open_id(&self, app_id: &str) -> String {
        let digest = Sha256::digest(format!("{app_id} {}", self.user_id).as_bytes());
        format!("069z{}", URL_SAFE_NO_PAD.encode(digest))
    }
}

pub(super) fn first_buyers() -> BTreeMap<String, Buyer> {
    let buyer = |user_id: &str, logon_id: &str, name: &str| Buyer {
        user_id: user_id.to_owned(),
        logon_id: logon_id.to_owned(),
        name: name.to_owned(),
        balance_fen: 1_000_000,
    };
    [buyer(FIRST_BUYER, "138****0000", "*三"), buyer("2088000000000002", "139****0000", "*四")]
        .into_iter()
        .map(|buyer| (buyer.user_id.clone(), buyer))
        .collect()
}

/// A buyer's ids as an application may see them, under the given names for `user_id` and `open_id`.
pub(super) fn buyer_ids(application: &Application, buyer: &Buyer, names: [&'static str; 2]) -> Members {
    let mut members = Vec::new();
    if application.buyer_ids != BuyerIds::OpenId {
        members.push((names[0], json!(buyer.user_id)));
    }
    if application.buyer_ids != BuyerIds::UserId {
        members.push((names[1], json!(buyer.open_id(&application.app_id))));
    }
    members
}

/// What the pay sheet shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SheetOrder {
    /// Alipay's number.
    pub trade_no: String,
    /// Who is paid.
    pub payee: String,
    /// What for.
    pub subject: String,
    /// How much.
    pub amount_fen: i64,
    /// What the buyer has.
    pub balance_fen: i64,
    /// State; only [`TradeStatus::WaitBuyerPay`] can be paid.
    pub status: TradeStatus,
}

/// Why a payment from the sheet did not happen. Nothing was charged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PaymentFailure {
    /// No such trade.
    #[error("交易不存在")]
    NoSuchTrade,
    /// Paid already.
    #[error("订单已支付，请勿重复支付")]
    AlreadyPaid,
    /// Closed, by the merchant or by time.
    #[error("交易已关闭")]
    Closed,
    /// The code on the screen has died, whatever its order says.
    #[error("二维码已失效")]
    CodeDied,
    /// It is someone else's: another buyer scanned first.
    #[error("交易买家不匹配")]
    OtherBuyer,
    /// The wallet does not hold as much.
    #[error("余额不足")]
    NoFunds,
}

impl Alipay {
    /// Adds a person, or changes one.
    pub fn set_buyer(&self, buyer: Buyer) {
        self.state().buyers.insert(buyer.user_id.clone(), buyer);
    }

    /// Says whose phone the browser is from now on; whether that person is known.
    pub fn hand_phone_to(&self, user_id: &str) -> bool {
        let mut state = self.state();
        let known = state.buyers.contains_key(user_id);
        if known {
            state.phone = user_id.to_owned();
        }
        known
    }

    /// All people with a wallet.
    pub fn buyers(&self) -> Vec<Buyer> {
        self.state().buyers.values().cloned().collect()
    }

    /// Whose phone the browser is.
    pub fn phone(&self) -> String {
        self.state().phone.clone()
    }

    /// Where a phone pays a trade that has appeared, and comes back to the merchant.
    pub fn cashier_address(&self, trade_no: &str) -> String {
        sheet_address(trade_no, &format!("/alipay/cashier/back?trade_no={trade_no}"))
    }

    /// What the sheet shows for a trade that has appeared.
    pub fn sheet(&self, trade_no: &str) -> Option<SheetOrder> {
        self.settle(self.shared.clock.now_ms());
        let state = self.state();
        let trade = state.book.get(state.book.by_trade_no(trade_no)?);
        let payer = trade.buyer.as_ref().unwrap_or(&state.phone);
        trade.appeared.then(|| SheetOrder {
            trade_no: trade.trade_no.clone(),
            payee: crate::his::HOSPITAL_NAME.to_owned(),
            subject: trade.subject.clone(),
            amount_fen: trade.total_fen,
            balance_fen: state.buyers.get(payer).map_or(0, |buyer| buyer.balance_fen),
            status: trade.status,
        })
    }

    /// Pays from the sheet, on the phone that the browser is.
    pub fn pay(&self, trade_no: &str) -> Result<(), PaymentFailure> {
        let now_ms = self.shared.clock.now_ms();
        self.settle(now_ms);
        let fault = self.shared.faults.take("alipay.pay", Stage::Charge);
        let (index, news) = {
            let mut state = self.state();
            let index = state.book.by_trade_no(trade_no).ok_or(PaymentFailure::NoSuchTrade)?;
            let payer = check_payable(&state, index)?;
            let amount_fen = state.book.get(index).total_fen;
            let buyer = state.buyers.get_mut(&payer).ok_or(PaymentFailure::OtherBuyer)?;
            if fault.is_some() || buyer.balance_fen < amount_fen {
                return Err(PaymentFailure::NoFunds);
            }
            buyer.balance_fen -= amount_fen;
            (index, state.book.get_mut(index).pay(now_ms))
        };
        self.tell_merchant(index, &news);
        Ok(())
    }

    /// Scans a code on a screen, on the phone that the browser is: from now on there is a trade, and it is theirs.
    pub fn scan(&self, qr_code: &str) -> Result<String, PaymentFailure> {
        let now_ms = self.shared.clock.now_ms();
        self.settle(now_ms);
        let mut state = self.state();
        let index = state.book.by_qr_code(qr_code).ok_or(PaymentFailure::NoSuchTrade)?;
        let phone = state.phone.clone();
        if state.book.get(index).status == TradeStatus::TradeClosed {
            return Err(PaymentFailure::Closed);
        }
        if state.book.get(index).code_dies_at_ms.is_some_and(|dies_at_ms| dies_at_ms <= now_ms) {
            return Err(PaymentFailure::CodeDied);
        }
        let trade = state.book.get_mut(index);
        trade.appear(&phone, now_ms);
        if trade.buyer.as_deref() != Some(&phone) {
            return Err(PaymentFailure::OtherBuyer);
        }
        Ok(trade.trade_no.clone())
    }

    /// The refund period of a paid trade ends now; whether there was one.
    pub fn finish(&self, trade_no: &str) -> bool {
        let now_ms = self.shared.clock.now_ms();
        let found = {
            let mut state = self.state();
            let index = state.book.by_trade_no(trade_no);
            index
                .filter(|index| state.book.get(*index).status == TradeStatus::TradeSuccess)
                .map(|index| (index, state.book.get_mut(index).finish(now_ms)))
        };
        if let Some((index, news)) = &found {
            self.tell_merchant(*index, news);
        }
        found.is_some()
    }
}

fn check_payable(state: &State, index: usize) -> Result<String, PaymentFailure> {
    let trade = state.book.get(index);
    if !trade.appeared {
        return Err(PaymentFailure::NoSuchTrade);
    }
    match trade.status {
        TradeStatus::WaitBuyerPay => {}
        TradeStatus::TradeSuccess | TradeStatus::TradeFinished => return Err(PaymentFailure::AlreadyPaid),
        TradeStatus::TradeClosed => return Err(PaymentFailure::Closed),
    }
    match &trade.buyer {
        Some(buyer) if *buyer == state.phone => Ok(buyer.clone()),
        _ => Err(PaymentFailure::OtherBuyer),
    }
}

pub(super) fn configure(service: &mut web::ServiceConfig) {
    service
        .route("/alipay/cashier", web::get().to(cashier))
        .route("/alipay/cashier/back", web::get().to(leave_cashier))
        .route("/alipay/qr/{code}", web::get().to(scan_in_browser));
}

#[derive(Deserialize)]
struct Named {
    trade_no: String,
}

fn redirect(location: String) -> HttpResponse {
    HttpResponse::Found().insert_header(("Location", location)).finish()
}

fn not_found() -> HttpResponse {
    HttpResponse::NotFound().content_type("text/plain; charset=utf-8").body("交易不存在")
}

/// The browser arrives from `wap.pay`; the buyer signs in without being asked, and the trade appears.
async fn cashier(alipay: web::Data<Alipay>, named: web::Query<Named>) -> HttpResponse {
    let now_ms = alipay.shared.clock.now_ms();
    {
        let mut state = alipay.state();
        let Some(index) = state.book.by_trade_no(&named.trade_no) else { return not_found() };
        let phone = state.phone.clone();
        state.book.get_mut(index).appear(&phone, now_ms);
    }
    redirect(alipay.cashier_address(&named.trade_no))
}

/// From the sheet back to the merchant: signed when paid, plain when the buyer left.
async fn leave_cashier(alipay: web::Data<Alipay>, named: web::Query<Named>) -> HttpResponse {
    let trade = {
        let state = alipay.state();
        state.book.by_trade_no(&named.trade_no).map(|index| state.book.get(index).clone())
    };
    let Some(trade) = trade else { return not_found() };
    let (paid, left) = (trade.return_url.as_ref().filter(|_| trade.is_paid()), trade.quit_url.as_ref());
    match (paid, left.or(trade.return_url.as_ref())) {
        (Some(address), _) => {
            let joint = if address.contains('?') { '&' } else { '?' };
            redirect(format!("{address}{joint}{}", alipay.return_query(&trade)))
        }
        (None, Some(address)) => redirect(address.clone()),
        (None, None) => {
            HttpResponse::Ok().content_type("text/plain; charset=utf-8").body("可以关闭这个页面了")
        }
    }
}

async fn scan_in_browser(alipay: web::Data<Alipay>, code: web::Path<String>) -> HttpResponse {
    match alipay.scan(&format!("{}/alipay/qr/{code}", alipay.shared.base_url)) {
        Ok(trade_no) => redirect(alipay.cashier_address(&trade_no)),
        Err(failure) => {
            HttpResponse::Gone().content_type("text/plain; charset=utf-8").body(failure.to_string())
        }
    }
}

fn sheet_address(trade_no: &str, back: &str) -> String {
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    query.append_pair("trade_no", trade_no).append_pair("back", back);
    format!("/sheet/alipay?{}", query.finish())
}
