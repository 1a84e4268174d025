//! The trades of all merchants, with the two numbers under which each is found.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};

use super::form::Content;
use super::refusal::Refusal;
use super::trade::{News, Trade};
use crate::clock;

/// A trade's place in the book.
pub(super) type TradeIndex = usize;

/// All trades.
#[derive(Debug, Default)]
pub(super) struct Book {
    trades: Vec<Trade>,
    by_out_trade_no: HashMap<(String, String), TradeIndex>,
    by_trade_no: HashMap<String, TradeIndex>,
    /// What the clock will do, and when. An entry may be out of date; settling a trade early changes nothing.
    due: BinaryHeap<Reverse<(i64, TradeIndex)>>,
    /// Trades that may have changed since their entry in `due` was made.
    touched: Vec<TradeIndex>,
}

impl Book {
    /// All trades, in the order in which they were ordered.
    pub(super) fn all(&self) -> &[Trade] {
        &self.trades
    }

    pub(super) fn by_out_trade_no(&self, pid: &str, out_trade_no: &str) -> Option<TradeIndex> {
        self.by_out_trade_no.get(&(pid.to_owned(), out_trade_no.to_owned())).copied()
    }

    pub(super) fn by_trade_no(&self, trade_no: &str) -> Option<TradeIndex> {
        self.by_trade_no.get(trade_no).copied()
    }

    pub(super) fn by_qr_code(&self, qr_code: &str) -> Option<TradeIndex> {
        self.trades.iter().position(|trade| trade.qr_code.as_deref() == Some(qr_code))
    }

    pub(super) fn get(&self, index: TradeIndex) -> &Trade {
        &self.trades[index]
    }

    pub(super) fn get_mut(&mut self, index: TradeIndex) -> &mut Trade {
        self.touched.push(index);
        &mut self.trades[index]
    }

    /// Adds an order whose `out_trade_no` is not in the book yet, and gives it Alipay's number: 28 digits of day, a
    /// fixed middle and the running number.
    pub(super) fn add(&mut self, mut trade: Trade) -> TradeIndex {
        let index = self.trades.len();
        let day = clock::day(trade.created_at_ms).replace('-', "");
        trade.trade_no = format!("{day}2200140000{:010}", index + 1);
        self.by_out_trade_no.insert((trade.pid.clone(), trade.out_trade_no.clone()), index);
        self.by_trade_no.insert(trade.trade_no.clone(), index);
        self.trades.push(trade);
        self.touched.push(index);
        index
    }

    /// The merchant's trade that a call names; `trade_no` wins over `out_trade_no`. What has not appeared or belongs
    /// to another merchant does not exist.
    pub(super) fn named(&self, pid: &str, content: &Content) -> Result<Option<TradeIndex>, Refusal> {
        let trade_no = content.text("trade_no", 64)?;
        let out_trade_no = content.text("out_trade_no", 64)?;
        let index = match (&trade_no, &out_trade_no) {
            (Some(trade_no), _) => self.by_trade_no(trade_no),
            (None, Some(out_trade_no)) => self.by_out_trade_no(pid, out_trade_no),
            (None, None) => {
                let sub_msg = "参数无效：out_trade_no 和 trade_no 不能同时为空";
                return Err(Refusal::business("ACQ.INVALID_PARAMETER", sub_msg));
            }
        };
        Ok(index.filter(|index| self.get(*index).appeared && self.get(*index).pid == pid))
    }

    /// Does what is due by the clock everywhere.
    pub(super) fn settle(&mut self, now_ms: i64) -> Vec<(TradeIndex, News)> {
        let mut all = Vec::new();
        loop {
            for index in self.touched.drain(..) {
                self.due.extend(self.trades[index].next_due_ms().map(|due_ms| Reverse((due_ms, index))));
            }
            let Some(Reverse((_, index))) =
                self.due.peek().filter(|Reverse((due_ms, _))| *due_ms <= now_ms).copied()
            else {
                return all;
            };
            self.due.pop();
            let news = self.trades[index].settle(now_ms);
            // Not every change is news: a refund's bank may be next.
            self.touched.push(index);
            all.extend(news.into_iter().map(|news| (index, news)));
        }
    }
}
