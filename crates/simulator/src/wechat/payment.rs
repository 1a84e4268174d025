//! The user's side: what happens when somebody really pays.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::Wechat;
use super::book::{Channel, Order, OrderKey, Paid, TradeState};
use super::sign;
use crate::faults::{Fault, Stage};

/// The parameters of `getBrandWCPayRequest`, as a page hands them to the app.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct JsapiCall {
    /// The official account that the page runs under.
    pub app_id: String,
    /// Seconds, as text.
    pub time_stamp: String,
    /// Up to 32 characters.
    pub nonce_str: String,
    /// `prepay_id=wx…`.
    pub package: String,
    /// `RSA`.
    pub sign_type: String,
    /// Base64.
    pub pay_sign: String,
}

/// Why a payment did not happen; nothing was charged and the order is as before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PayError {
    /// No such order.
    #[error("商家订单信息有误，请重新下单支付")]
    NoSuchOrder,
    /// The signature or a parameter of the client's call is wrong.
    #[error("支付验证签名失败")]
    PaySign,
    /// Another user's order.
    #[error("下单账号与支付账号不一致")]
    OtherUser,
    /// The artefact or the order is too old.
    #[error("订单已过期，请重新下单")]
    Expired,
    /// It is paid.
    #[error("该订单已支付")]
    AlreadyPaid,
    /// It is closed.
    #[error("该订单已失效")]
    Closed,
    /// Not enough in the purse.
    #[error("余额不足")]
    NoFunds,
}

impl Wechat {
    /// Checks a page's call as the app does and finds the order that it is about.
    ///
    /// # Errors
    /// [`PayError::PaySign`] for anything wrong with the parameters, else what is wrong with the order.
    ///
    /// # Source
    /// WeChat Pay API v3 reference, section 2.2.
    pub fn check_jsapi(&self, call: &JsapiCall) -> Result<OrderKey, PayError> {
        let prepay_id = call.package.strip_prefix("prepay_id=").ok_or(PayError::PaySign)?;
        let order = self.order_by_artefact(prepay_id).ok_or(PayError::NoSuchOrder)?;
        let merchant = self.merchant(&order.mchid).ok_or(PayError::NoSuchOrder)?;
        let message = sign::pay_sign_message(&call.app_id, &call.time_stamp, &call.nonce_str, &call.package);
        let key = merchant.current_key().ok_or(PayError::PaySign)?;
        let sound = order.channel == Channel::Jsapi
            && call.app_id == order.appid
            && call.sign_type == "RSA"
            && (1..=32).contains(&call.nonce_str.len())
            && call.time_stamp.parse::<i64>().is_ok()
            && sign::verifies(&key, &message, &call.pay_sign);
        if !sound {
            return Err(PayError::PaySign);
        }
        self.check_payable(&order, Some(prepay_id), None)?;
        Ok((order.mchid, order.out_trade_no))
    }

    /// Checks a page's call and pays, as a user who enters the password does.
    ///
    /// # Errors
    /// See [`PayError`].
    pub fn pay_jsapi(self: &Arc<Self>, call: &JsapiCall) -> Result<(), PayError> {
        let key = self.check_jsapi(call)?;
        self.pay_with(&key, None, None)
    }

    /// Scans a `code_url`; the first user who scans owns it.
    ///
    /// # Errors
    /// [`PayError::NoSuchOrder`] also for a second user, as the app says it.
    pub fn scan(&self, code_url: &str, user: &str) -> Result<OrderKey, PayError> {
        let url = url::Url::parse(code_url).map_err(|_| PayError::NoSuchOrder)?;
        let pr = url.query_pairs().find(|(key, _)| key == "pr").map(|(_, value)| value.into_owned());
        let pr = pr.ok_or(PayError::NoSuchOrder)?;
        let order = self.order_by_artefact(&pr).ok_or(PayError::NoSuchOrder)?;
        self.check_payable(&order, Some(&pr), Some(user))?;
        let key = (order.mchid, order.out_trade_no);
        let mut book = self.book();
        let artefact =
            book.orders.get_mut(&key).and_then(|order| order.artefacts.iter_mut().find(|one| one.id == pr));
        let artefact = artefact.ok_or(PayError::NoSuchOrder)?;
        if artefact.owner.get_or_insert_with(|| user.to_owned()) != user {
            return Err(PayError::NoSuchOrder);
        }
        Ok(key)
    }

    /// Pays an order as this user, or as the order's own or the current user. Queues the notification.
    ///
    /// # Errors
    /// See [`PayError`].
    pub fn pay(
        self: &Arc<Self>,
        mchid: &str,
        out_trade_no: &str,
        user: Option<&str>,
    ) -> Result<(), PayError> {
        self.pay_with(&(mchid.to_owned(), out_trade_no.to_owned()), user, None)
    }

    /// As [`Wechat::pay`], with a fault for its notification that the sheet's user chose.
    pub(crate) fn pay_with(
        self: &Arc<Self>,
        key: &OrderKey,
        user: Option<&str>,
        wish: Option<Fault>,
    ) -> Result<(), PayError> {
        let faults = &self.shared().faults;
        if faults.take("wechat.pay", Stage::Charge).is_some() {
            return Err(PayError::NoFunds);
        }
        let order = self.order(&key.0, &key.1).ok_or(PayError::NoSuchOrder)?;
        let user = match (user, &order.openid) {
            (Some(user), _) => user.to_owned(),
            (None, Some(openid)) => self.user_of(&order.appid, openid).ok_or(PayError::OtherUser)?,
            (None, None) => self.current_user(),
        };
        self.check_payable(&order, None, Some(&user))?;
        let delta_fen = match faults.take("wechat.pay", Stage::Amount) {
            Some(Fault::Amount { delta_fen }) => delta_fen,
            _ => 0,
        };
        let paid = self.charge(key, &user, delta_fen)?;
        self.tell_payment(&paid, wish);
        Ok(())
    }

    /// Moves the money: the check and the change happen under one lock, so that pay and close never both win.
    fn charge(&self, key: &OrderKey, user: &str, delta_fen: i64) -> Result<Order, PayError> {
        let now_ms = self.shared().clock.now_ms();
        let mut book = self.book();
        let serial = book.next_serial();
        let order = book.orders.get(key).ok_or(PayError::NoSuchOrder)?;
        match order.state {
            TradeState::NotPay => {}
            TradeState::Success | TradeState::Refund => return Err(PayError::AlreadyPaid),
            TradeState::Closed => return Err(PayError::Closed),
        }
        let amount_fen = order.total_fen.saturating_add(delta_fen).max(1);
        let appid = order.appid.clone();
        let purse = book.users.iter_mut().find(|one| one.id == user).ok_or(PayError::OtherUser)?;
        if purse.balance_fen < amount_fen {
            return Err(PayError::NoFunds);
        }
        purse.balance_fen -= amount_fen;
        let day = crate::clock::day(now_ms).replace('-', "");
        let fee_basis_points = self.merchant(&key.0).map_or(0, |merchant| merchant.fee_basis_points());
        let paid = Paid {
            transaction_id: format!("420000{:04}{day}{serial:010}", self.shared().seed % 10_000),
            at_ms: now_ms,
            openid: self.openid(user, &appid),
            amount_fen,
            fee_basis_points,
        };
        let fee_fen = paid.fee_fen();
        let order = book.orders.get_mut(key).ok_or(PayError::NoSuchOrder)?;
        order.state = TradeState::Success;
        order.paid = Some(paid);
        let order = order.clone();
        drop(book);
        if let Some(merchant) = self.merchant(&order.mchid) {
            let net_fen = amount_fen.saturating_sub(fee_fen);
            let mut portal = merchant.portal();
            portal.balance_fen = portal.balance_fen.saturating_add(net_fen);
        }
        Ok(order)
    }

    pub(crate) fn order_by_artefact(&self, id: &str) -> Option<Order> {
        let book = self.book();
        book.orders.values().find(|order| order.artefacts.iter().any(|one| one.id == id)).cloned()
    }

    fn check_payable(
        &self,
        order: &Order,
        artefact: Option<&str>,
        user: Option<&str>,
    ) -> Result<(), PayError> {
        let now_ms = self.shared().clock.now_ms();
        match order.state {
            TradeState::NotPay => {}
            TradeState::Success | TradeState::Refund => return Err(PayError::AlreadyPaid),
            TradeState::Closed => return Err(PayError::Closed),
        }
        let alive = |id: &str| order.artefacts.iter().any(|one| one.id == id && now_ms < one.expires_ms);
        if now_ms > order.pay_until_ms || artefact.is_some_and(|id| !alive(id)) {
            return Err(PayError::Expired);
        }
        if let (Some(openid), Some(user)) = (&order.openid, user)
            && self.user_of(&order.appid, openid).as_deref() != Some(user)
        {
            return Err(PayError::OtherUser);
        }
        Ok(())
    }
}
