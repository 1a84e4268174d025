//! Trades and what can be true of them: the states of the document, paying, closing, expiring.
//!
//! An order that nobody has scanned or opened yet is kept as a trade that has not `appeared`: to the merchant it
//! does not exist.
//!
//! # Source
//! Alipay Open Platform, "交易状态说明"; protocol page sections 6.3, 6.4 and 7.

use serde::Serialize;

use crate::clock::{DAY_MS, SECOND_MS};

/// The document's states.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum TradeStatus {
    /// Waiting for the buyer.
    WaitBuyerPay,
    /// Paid.
    TradeSuccess,
    /// Closed unpaid, or refunded whole.
    TradeClosed,
    /// Paid, and past refunds.
    TradeFinished,
}

impl TradeStatus {
    /// As on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::WaitBuyerPay => "WAIT_BUYER_PAY",
            Self::TradeSuccess => "TRADE_SUCCESS",
            Self::TradeClosed => "TRADE_CLOSED",
            Self::TradeFinished => "TRADE_FINISHED",
        }
    }
}

/// How an order came about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Origin {
    /// `alipay.trade.create`
    Create,
    /// `alipay.trade.precreate`
    Precreate,
    /// `alipay.trade.wap.pay`
    Wap,
    /// `alipay.trade.pay`
    PaymentCode,
}

/// Where a refund stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum RefundState {
    /// Accepted; the money moves at this moment, or when control says so.
    Pending {
        /// Epoch milliseconds.
        due_at_ms: Option<i64>,
    },
    /// The money has moved.
    Done {
        /// Epoch milliseconds.
        at_ms: i64,
    },
}

/// Where money stands that goes back to a bank card (`deposit_back_info`). It has left the merchant already.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum BankReturn {
    /// `P`: the bank works on it, and fails at this moment, or when control says so.
    Processing {
        /// Epoch milliseconds.
        fails_at_ms: Option<i64>,
    },
    /// `S`: it is on the card.
    Arrived,
    /// `F`: the bank could not.
    Failed,
}

impl BankReturn {
    /// `dback_status` as on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Processing { .. } => "P",
            Self::Arrived => "S",
            Self::Failed => "F",
        }
    }
}

/// One refund request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TradeRefund {
    /// The merchant's number, unique within the trade.
    pub out_request_no: String,
    /// How much.
    pub amount_fen: i64,
    /// Why.
    pub reason: Option<String>,
    /// When it was asked for.
    pub accepted_at_ms: i64,
    /// Where it stands.
    pub state: RefundState,
    /// The way back to a bank card, where there is one.
    pub bank: Option<BankReturn>,
}

impl TradeRefund {
    /// When the money moved.
    pub fn done_at_ms(&self) -> Option<i64> {
        match self.state {
            RefundState::Done { at_ms } => Some(at_ms),
            RefundState::Pending { .. } => None,
        }
    }

    /// When its bank will fail it.
    fn bank_fails_at_ms(&self) -> Option<i64> {
        match (self.state, self.bank) {
            (RefundState::Done { .. }, Some(BankReturn::Processing { fails_at_ms })) => fails_at_ms,
            _ => None,
        }
    }
}

/// An order and, once it has appeared, the trade.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Trade {
    /// Application that ordered it.
    pub app_id: String,
    /// Merchant.
    pub pid: String,
    /// The merchant's number, unique per merchant for ever.
    pub out_trade_no: String,
    /// Alipay's number, 28 digits, given by the book.
    pub trade_no: String,
    /// How it came about.
    pub origin: Origin,
    /// What it asks for.
    pub total_fen: i64,
    /// What for.
    pub subject: String,
    /// More of the same; echoed.
    pub body: Option<String>,
    /// Echoed in notifications.
    pub passback_params: Option<String>,
    /// Where notifications go.
    pub notify_url: Option<String>,
    /// Where the browser goes after a page payment.
    pub return_url: Option<String>,
    /// Where the browser goes when the buyer leaves a page payment.
    pub quit_url: Option<String>,
    /// The address within a code on a screen.
    pub qr_code: Option<String>,
    /// From when on nobody can scan it any more; the order lives on.
    pub code_dies_at_ms: Option<i64>,
    /// Whether the merchant can see the trade.
    pub appeared: bool,
    /// The buyer's `user_id`, once there is one.
    pub buyer: Option<String>,
    /// When it appeared (or, before that, was ordered).
    pub created_at_ms: i64,
    /// When an unpaid order closes by itself.
    pub expires_at_ms: i64,
    /// State.
    pub status: TradeStatus,
    /// When it was paid.
    pub paid_at_ms: Option<i64>,
    /// When it closed or finished.
    pub ended_at_ms: Option<i64>,
    /// Whether `alipay.trade.cancel` ended it, and by which action.
    pub cancelled: Option<&'static str>,
    /// A payment by code that waits for the buyer's password: when it comes, if ever.
    pub password_due_at_ms: Option<i64>,
    /// `ALIPAYACCOUNT`, `BANKCARD` …
    pub fund_channel: &'static str,
    /// Refunds in order of request.
    pub refunds: Vec<TradeRefund>,
}

/// How long after payment a trade can be refunded.
const REFUND_WINDOW_MS: i64 = 365 * DAY_MS;
/// How long a refund takes to leave the merchant when it goes to a bank card, and how long the bank takes to fail it.
pub(super) const BANK_ANSWERS_AFTER_MS: i64 = 60 * SECOND_MS;
/// How long after creation a trade can be cancelled.
pub(super) const CANCEL_WINDOW_MS: i64 = DAY_MS;
/// A code on a screen lives at most so long, whatever the order says.
pub(super) const CODE_LIFE_MS: i64 = 7_200 * SECOND_MS;

/// What happened to a trade that the merchant may be told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum News {
    Paid,
    Closed,
    Finished,
    Refunded { out_request_no: String },
}

impl Trade {
    /// What has gone back so far.
    pub fn refunded_fen(&self) -> i64 {
        self.refunds
            .iter()
            .filter(|refund| refund.done_at_ms().is_some())
            .map(|refund| refund.amount_fen)
            .sum()
    }

    /// What has gone back or is about to.
    pub fn claimed_fen(&self) -> i64 {
        self.refunds.iter().map(|refund| refund.amount_fen).sum()
    }

    /// Whether the buyer has ever paid it.
    pub fn is_paid(&self) -> bool {
        self.paid_at_ms.is_some()
    }

    /// The trade becomes the merchant's and this buyer's.
    pub(super) fn appear(&mut self, buyer: &str, now_ms: i64) {
        if !self.appeared {
            self.appeared = true;
            self.created_at_ms = now_ms;
        }
        self.buyer.get_or_insert_with(|| buyer.to_owned());
    }

    pub(super) fn pay(&mut self, now_ms: i64) -> News {
        self.status = TradeStatus::TradeSuccess;
        self.paid_at_ms = Some(now_ms);
        self.password_due_at_ms = None;
        News::Paid
    }

    pub(super) fn close(&mut self, now_ms: i64) -> News {
        self.status = TradeStatus::TradeClosed;
        self.ended_at_ms = Some(now_ms);
        self.password_due_at_ms = None;
        News::Closed
    }

    /// The money of an accepted refund moves; the refund that reaches the total closes the trade. One that goes on to a bank
    /// card is told when it is there; what fails there is told by the query only.
    pub(super) fn complete_refund(&mut self, out_request_no: &str, now_ms: i64) -> Option<News> {
        let refund = self.refunds.iter_mut().find(|refund| refund.out_request_no == out_request_no)?;
        if refund.done_at_ms().is_some() {
            return None;
        }
        refund.state = RefundState::Done { at_ms: now_ms };
        let (out_request_no, bank) = (refund.out_request_no.clone(), refund.bank);
        if let Some(BankReturn::Processing { fails_at_ms: Some(_) }) = bank {
            refund.bank = Some(BankReturn::Processing {
                fails_at_ms: Some(now_ms.saturating_add(BANK_ANSWERS_AFTER_MS)),
            });
        }
        if self.refunded_fen() >= self.total_fen {
            self.status = TradeStatus::TradeClosed;
            self.ended_at_ms = Some(now_ms);
        }
        bank.is_none().then_some(News::Refunded { out_request_no })
    }

    /// The bank answers for a refund whose money has left the merchant. Nothing moves in the merchant's books.
    pub(super) fn end_bank_return(&mut self, out_request_no: &str, arrived: bool) -> Option<Option<News>> {
        let refund = self.refunds.iter_mut().find(|refund| refund.out_request_no == out_request_no)?;
        refund.done_at_ms()?;
        let Some(BankReturn::Processing { .. } | BankReturn::Failed) = refund.bank else { return None };
        refund.bank = Some(if arrived { BankReturn::Arrived } else { BankReturn::Failed });
        Some(arrived.then(|| News::Refunded { out_request_no: out_request_no.to_owned() }))
    }

    /// What the clock does: passwords are typed, orders expire, refunds arrive, refund periods end.
    pub(super) fn settle(&mut self, now_ms: i64) -> Vec<News> {
        let mut news = Vec::new();
        if self.status == TradeStatus::WaitBuyerPay
            && self.password_due_at_ms.is_some_and(|due| due <= now_ms)
        {
            news.push(self.pay(now_ms));
        }
        if self.status == TradeStatus::WaitBuyerPay && self.expires_at_ms <= now_ms {
            let known = self.appeared;
            let closed = self.close(now_ms);
            news.extend(known.then_some(closed));
        }
        let due: Vec<String> = self
            .refunds
            .iter()
            .filter(|refund| matches!(refund.state, RefundState::Pending { due_at_ms: Some(due) } if due <= now_ms))
            .map(|refund| refund.out_request_no.clone())
            .collect();
        for out_request_no in due {
            news.extend(self.complete_refund(&out_request_no, now_ms));
        }
        for refund in &mut self.refunds {
            if refund.bank_fails_at_ms().is_some_and(|due| due <= now_ms) {
                refund.bank = Some(BankReturn::Failed);
            }
        }
        let over = self.paid_at_ms.is_some_and(|paid| paid.saturating_add(REFUND_WINDOW_MS) <= now_ms);
        if self.status == TradeStatus::TradeSuccess && over {
            news.push(self.finish(now_ms));
        }
        news
    }

    /// When the clock will next do something to it.
    pub(super) fn next_due_ms(&self) -> Option<i64> {
        let waits = self.status == TradeStatus::WaitBuyerPay;
        let refund_due = self.refunds.iter().filter_map(|refund| match refund.state {
            RefundState::Pending { due_at_ms } => due_at_ms,
            RefundState::Done { .. } => refund.bank_fails_at_ms(),
        });
        let succeeded = self.status == TradeStatus::TradeSuccess;
        let period_over =
            self.paid_at_ms.filter(|_| succeeded).map(|at_ms| at_ms.saturating_add(REFUND_WINDOW_MS));
        let own = [waits.then_some(self.expires_at_ms), self.password_due_at_ms, period_over];
        own.into_iter().flatten().chain(refund_due).min()
    }

    pub(super) fn finish(&mut self, now_ms: i64) -> News {
        self.status = TradeStatus::TradeFinished;
        self.ended_at_ms = Some(now_ms);
        News::Finished
    }
}
