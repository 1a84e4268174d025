//! A trade on the shared pay sheet, for a page's `tradePay`, the cashier of `wap.pay` and a scanned code.

use std::sync::Arc;

use actix_web::HttpResponse;
use actix_web::web::{self, Data, Query};
use serde::Deserialize;

use super::trade::TradeStatus;
use super::{Alipay, PaymentFailure};
use crate::faults::Rule;
use crate::sheet::{Outcome, Purchase, Wish, is_page, see_other, told, with_outcome};

const APP: &str = "支付宝";

/// What `tradePay` can tell a page, and what it means. None of it says that money has moved or has not.
///
/// # Source
/// Protocol page section 6.2.
pub const BRIDGE_CODES: &[(&str, &str)] = &[
    ("9000", "支付成功"),
    ("8000", "正在处理中"),
    ("6004", "结果未知"),
    ("6001", "用户取消"),
    ("6002", "网络出错"),
    ("4000", "支付失败"),
    ("4", "无权限"),
    ("99", "忘记密码"),
];

impl Alipay {
    /// `tradePay` tells the page this the next time, whatever happens on the sheet; an empty code takes that back. Whether
    /// it is a code that exists.
    pub fn set_next_bridge_code(&self, code: &str) -> bool {
        let known = BRIDGE_CODES.iter().map(|(known, _)| *known).find(|known| *known == code);
        if known.is_some() || code.is_empty() {
            self.state().bridge_code = known;
        }
        known.is_some() || code.is_empty()
    }

    /// What it will tell.
    pub fn next_bridge_code(&self) -> Option<String> {
        self.state().bridge_code.map(str::to_owned)
    }
}

/// Adds the entrance to the sheet.
pub(super) fn configure(service: &mut web::ServiceConfig) {
    service.service(web::resource("/sheet/alipay").get(sit_down));
}

struct TradePurchase {
    alipay: Arc<Alipay>,
    trade_no: String,
    payee: String,
    amount_fen: i64,
    back: Back,
}

enum Back {
    /// The page whose script waits for the outcome.
    Bridge(String),
    /// The cashier's own way back.
    Cashier(String),
}

impl Purchase for TradePurchase {
    fn app(&self) -> &'static str {
        APP
    }

    fn payee(&self) -> String {
        self.payee.clone()
    }

    fn amount_fen(&self) -> i64 {
        self.amount_fen
    }

    fn balance_fen(&self) -> i64 {
        self.alipay.sheet(&self.trade_no).map_or(0, |order| order.balance_fen)
    }

    fn pay(&self, wish: Wish) -> Result<(), String> {
        if wish == Wish::Balance {
            return Err(PaymentFailure::NoFunds.to_string());
        }
        let faults = &self.alipay.shared.faults;
        let rule =
            wish.notification_fault().map(|fault| faults.add(Rule::next("alipay.notify.payment", fault)));
        self.alipay.pay(&self.trade_no).map_err(|failure| {
            if let Some(rule) = rule {
                faults.remove(rule);
            }
            failure.to_string()
        })
    }

    fn return_to(&self, outcome: Outcome) -> Option<String> {
        Some(match &self.back {
            Back::Bridge(page) => match self.alipay.state().bridge_code.take() {
                Some(code) => format!("{}#simpay={code}", page.split('#').next().unwrap_or_default()),
                None => with_outcome(page, outcome),
            },
            Back::Cashier(path) => path.clone(),
        })
    }
}

#[derive(Debug, Deserialize)]
struct Entrance {
    /// As `tradePay` names it, or as the cashier does.
    #[serde(alias = "tradeNO")]
    trade_no: String,
    back: String,
}

async fn sit_down(alipay: Data<Alipay>, entrance: Query<Entrance>) -> HttpResponse {
    let alipay: Arc<Alipay> = alipay.into_inner();
    let (back, failed) = if entrance.back.starts_with("/alipay/cashier/back?") {
        (Back::Cashier(entrance.back.clone()), entrance.back.clone())
    } else if is_page(&entrance.back) {
        (Back::Bridge(entrance.back.clone()), with_outcome(&entrance.back, Outcome::Fail))
    } else {
        return told(APP, "back 不是网页地址", None);
    };
    let order = match alipay.sheet(&entrance.trade_no) {
        None => return told(APP, &PaymentFailure::NoSuchTrade.to_string(), Some(&failed)),
        Some(order) if order.status == TradeStatus::TradeClosed => {
            return told(APP, &PaymentFailure::Closed.to_string(), Some(&failed));
        }
        Some(order) if order.status != TradeStatus::WaitBuyerPay => {
            return told(APP, &PaymentFailure::AlreadyPaid.to_string(), Some(&failed));
        }
        Some(order) => order,
    };
    let purchase = TradePurchase {
        alipay: alipay.clone(),
        trade_no: order.trade_no,
        payee: order.payee,
        amount_fen: order.amount_fen,
        back,
    };
    see_other(&alipay.shared.sheets.open(&alipay.shared, Arc::new(purchase)))
}
