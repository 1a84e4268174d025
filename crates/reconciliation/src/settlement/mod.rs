//! Fees and settlement (手续费与结算): what a merchant account took on a day, what was kept of it, and whether the rest reached the bank.
//!
//! One [`AccountDay`] a merchant account is fed with the lines of its statement and of its fund-flow bill, in any order; [`settle`] then
//! compares what the lines make with the contract, with the fund flow and with what the bank says, in this order, and every fen of a
//! difference is in exactly one place. Statements and fund flows are in fen and fees in 1/1000 fen, because statements print five
//! decimals of a yuan.
//!
//! # What is not here
//! No file and no provider's word: a word's meaning comes with the movement ([`FundFlowKind::of`]). Nothing is kept from one day to the
//! next: payouts that have not arrived are handed back, and come in again with the next day.

mod bank;
#[cfg(test)]
mod tests;
mod wording;

pub use bank::{Arrival, BankFile, BankSettlement, Payout};
pub(crate) use wording::{five_decimals, yuan_of_milli};

use crate::sides::{Kind, State};
use mingfen_domain::fund_flow::FundFlowKind;
use mingfen_domain::money::MoneyError;
use mingfen_domain::{BusinessDay, Fen};
use std::collections::BTreeSet;

/// How many differing lines, and how many unknown words, are named. All are counted.
pub const NAMED: usize = 10;
/// A refund in parts gives a fee back in parts, each rounded to whole fen: so much may one part be off.
const ROUNDING_MILLI_FEN: u64 = 1000;

/// What the hospital and a provider agreed for one merchant account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contract {
    /// The fee of a payment in 1/100 000 of its amount, rounded half up to fen on every line: 600 is 0.6 %.
    pub fee_per_100000: Option<u32>,
    /// What becomes of the fee of what is refunded.
    pub refund_fee: RefundFee,
    /// The statement writes the fee of a refund with either sign, and always means money given back. No document settles that sign.
    pub refund_fee_is_given_back: bool,
    /// What is paid out to the bank.
    pub payout: PayoutRule,
    /// Calendar days from the day of the payout, or from the day that is paid out, until the money is in the bank: 1 is T+1.
    pub arrives_after_days: u16,
}

/// What becomes of a fee when the payment is refunded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RefundFee {
    /// It comes back in proportion.
    GivenBack,
    /// The provider keeps it.
    Kept,
    /// Not known yet: a line may have the one or the other.
    Either,
}

/// What is paid out to the bank.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PayoutRule {
    /// What the fund-flow bill books out to the bank.
    AsInFundFlow,
    /// A day's payments less its refunds and fees. For providers without a fund-flow bill.
    NetOfDay,
}

impl Default for Contract {
    /// No rate is known, fees come back in proportion, the fund-flow bill names the payouts, T+1.
    fn default() -> Self {
        Self {
            fee_per_100000: None,
            refund_fee: RefundFee::GivenBack,
            refund_fee_is_given_back: true,
            payout: PayoutRule::AsInFundFlow,
            arrives_after_days: 1,
        }
    }
}

/// A line of a statement, as far as settlement is concerned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Trade<'a> {
    /// Money in or back.
    pub kind: Kind,
    /// What became of it; what is void moves no money.
    pub state: State,
    /// Our order number, to name the line by.
    pub order_no: &'a str,
    /// Never negative.
    pub amount: Fen,
    /// Kept by the provider (positive) or given back (negative).
    pub fee_milli_fen: i64,
}

/// One merchant account on one day, while its files are read.
#[derive(Clone, Debug)]
pub struct AccountDay {
    account: String,
    bank_account: String,
    day: BusinessDay,
    contract: Contract,
    trades: Trades,
    flow: Option<FundFlow>,
}

/// What the lines of a statement make.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Trades {
    /// Number of payments.
    pub payments: u64,
    /// Their sum.
    pub paid: Fen,
    /// Number of refunds, those under way included.
    pub refunds: u64,
    /// Their sum, positive.
    pub refunded: Fen,
    /// Lines that never took effect.
    pub void: u64,
    /// What was charged: fees less what came back of them.
    pub fee_milli_fen: i64,
    /// What the contract says, where it has a rate. `fee_milli_fen` is this, the rounding and the difference of the differing lines.
    pub fee_expected_milli_fen: Option<i64>,
    /// By how much refunds were rounded otherwise.
    pub fee_rounding_milli_fen: i64,
    /// Lines whose fee is not what the contract says.
    pub fees_differing: FeesDiffering,
}

/// Lines whose fee is not what the contract says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FeesDiffering {
    /// How many.
    pub lines: u64,
    /// What was charged more than agreed (positive) or less, over all of them.
    pub difference_milli_fen: i64,
    /// The first by order number; at most [`NAMED`].
    pub first: Vec<FeeLine>,
}

/// A line whose fee is not what the contract says.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct FeeLine {
    /// Our order number.
    pub order_no: String,
    /// Money in or back.
    pub kind: Kind,
    /// Its amount.
    pub amount: Fen,
    /// What was charged.
    pub fee_milli_fen: i64,
    /// What the contract says.
    pub expected_milli_fen: i64,
}

/// What a fund-flow bill makes. It exists even when it has no line.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FundFlow {
    sums: [FlowSum; FundFlowKind::ALL.len()],
    /// Words that no table has; their movements count as [`FundFlowKind::Other`]. At most [`NAMED`], in their own order.
    pub unknown_words: BTreeSet<String>,
    /// What went out to the bank, or (negative) came back from it.
    payouts: Vec<Fen>,
}

/// Movements of one kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FlowSum {
    /// Number of movements in.
    pub incomes: u64,
    /// Their sum.
    pub received: Fen,
    /// Number of movements out.
    pub expenses: u64,
    /// Their sum, positive.
    pub spent: Fen,
}

/// How a comparison came out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Verdict {
    /// To the fen.
    Agrees,
    /// Nothing is wrong, and money is on its way.
    InTransit,
    /// There is nothing to compare with.
    NotCompared,
    /// It does not agree.
    Differs,
}

impl Verdict {
    /// The word in files and JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Agrees => "agrees",
            Self::InTransit => "in_transit",
            Self::NotCompared => "not_compared",
            Self::Differs => "differs",
        }
    }
}

/// A comparison, for people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Check {
    /// How it came out.
    pub verdict: Verdict,
    /// What there is more (positive) or less than there should be.
    pub difference_milli_fen: i64,
    /// Why, and what to do; one or more sentences.
    pub chinese: String,
    /// The same in English.
    pub english: String,
}

/// What became of a merchant account's day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccountSettlement {
    /// The merchant account.
    pub account: String,
    /// The bank account that it pays into.
    pub bank_account: String,
    /// What the statement makes.
    pub trades: Trades,
    /// Payments less refunds and fees.
    pub net_milli_fen: i64,
    /// What the fund-flow bill makes, where there is one.
    pub fund_flow: Option<FundFlow>,
    /// What should be in the bank by now and was not there before, carried payouts included.
    pub due: Fen,
    /// What was paid out and need not be there yet.
    pub in_transit: Fen,
    /// What arrived; nothing where no bank file says, or where the bank account has several merchant accounts and an arrival that cannot
    /// be told apart.
    pub arrived: Option<Fen>,
    /// The fee against the contract.
    pub fee: Check,
    /// The fund flow against the statement.
    pub flow: Check,
    /// The bank against what was paid out.
    pub bank: Check,
}

/// What became of a day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settlement {
    /// By merchant account.
    pub accounts: Vec<AccountSettlement>,
    /// By bank account, those without a merchant account of today included.
    pub banks: Vec<BankSettlement>,
    /// Payouts that have not arrived: `carried` of the next day.
    pub still_out: Vec<Payout>,
}

/// The contracted fee of a payment: the rate of its amount, rounded half up to fen.
///
/// # Errors
/// [`MoneyError::OutOfRange`].
#[inline]
pub fn contracted_fee_milli_fen(amount: Fen, fee_per_100000: u32) -> Result<i64, MoneyError> {
    let exact = i128::from(amount.get()) * i128::from(fee_per_100000);
    i64::try_from((exact + 50_000) / 100_000 * 1000).map_err(|_| MoneyError::OutOfRange)
}

impl AccountDay {
    /// Begins the day of one merchant account, which pays into `bank_account`.
    pub fn new(
        account: impl Into<String>,
        bank_account: impl Into<String>,
        day: BusinessDay,
        contract: Contract,
    ) -> Self {
        let fee_expected_milli_fen = contract.fee_per_100000.map(|_| 0);
        let trades = Trades { fee_expected_milli_fen, ..Trades::default() };
        Self { account: account.into(), bank_account: bank_account.into(), day, contract, trades, flow: None }
    }

    /// Takes a line of the statement.
    ///
    /// # Errors
    /// [`MoneyError::OutOfRange`] when a sum does not fit.
    pub fn trade(&mut self, trade: &Trade<'_>) -> Result<(), MoneyError> {
        let trades = &mut self.trades;
        match (trade.state, trade.kind) {
            (State::Void, _) => trades.void += 1,
            (State::Done | State::UnderWay, Kind::Payment) => {
                trades.payments += 1;
                trades.paid = trades.paid.plus(trade.amount)?;
            }
            (State::Done | State::UnderWay, Kind::Refund) => {
                trades.refunds += 1;
                trades.refunded = trades.refunded.plus(trade.amount)?;
            }
        }
        let given_back = trade.kind == Kind::Refund && self.contract.refund_fee_is_given_back;
        let fee =
            if given_back && trade.fee_milli_fen > 0 { -trade.fee_milli_fen } else { trade.fee_milli_fen };
        trades.fee_milli_fen = plus(trades.fee_milli_fen, fee)?;
        let (Some(rate), Some(expected_before)) =
            (self.contract.fee_per_100000, trades.fee_expected_milli_fen)
        else {
            return Ok(());
        };
        let contracted = contracted_fee_milli_fen(trade.amount, rate)?;
        let (expected, in_parts) = match (trade.state, trade.kind, self.contract.refund_fee) {
            (State::Void, ..) | (_, Kind::Refund, RefundFee::Kept) => (0, false),
            (_, Kind::Payment, _) => (contracted, false),
            (_, Kind::Refund, RefundFee::Either) if fee == 0 => (0, false),
            (_, Kind::Refund, RefundFee::GivenBack | RefundFee::Either) => (-contracted, true),
        };
        trades.fee_expected_milli_fen = Some(plus(expected_before, expected)?);
        let difference = fee.checked_sub(expected).ok_or(MoneyError::OutOfRange)?;
        if in_parts && difference.unsigned_abs() <= ROUNDING_MILLI_FEN {
            trades.fee_rounding_milli_fen = plus(trades.fee_rounding_milli_fen, difference)?;
        } else if difference != 0 {
            let line = FeeLine {
                order_no: trade.order_no.to_owned(),
                kind: trade.kind,
                amount: trade.amount,
                fee_milli_fen: fee,
                expected_milli_fen: expected,
            };
            trades.fees_differing.take(line, difference)?;
        }
        Ok(())
    }

    /// The fund-flow bill; asking for it says that there is one.
    pub fn fund_flow(&mut self) -> &mut FundFlow {
        self.flow.get_or_insert_default()
    }

    fn payouts(&self, net_milli_fen: i64) -> Vec<Fen> {
        match (self.contract.payout, &self.flow) {
            (PayoutRule::AsInFundFlow, Some(flow)) => flow.payouts.clone(),
            (PayoutRule::AsInFundFlow, None) => Vec::new(),
            // Nobody pays out parts of a fen; what is left of one stays in `net_milli_fen`.
            (PayoutRule::NetOfDay, _) => vec![Fen::new(net_milli_fen.div_euclid(1000))],
        }
    }
}

impl FeesDiffering {
    fn take(&mut self, line: FeeLine, difference_milli_fen: i64) -> Result<(), MoneyError> {
        self.lines += 1;
        self.difference_milli_fen = plus(self.difference_milli_fen, difference_milli_fen)?;
        let place = self.first.partition_point(|there| *there <= line);
        if place < NAMED {
            self.first.insert(place, line);
            self.first.truncate(NAMED);
        }
        Ok(())
    }
}

impl FundFlow {
    /// Takes a movement, positive in and negative out. `kind` is what its `word` means, where that is known.
    ///
    /// # Errors
    /// [`MoneyError::OutOfRange`] when a sum does not fit.
    pub fn movement(
        &mut self,
        kind: Option<FundFlowKind>,
        word: &str,
        amount: Fen,
    ) -> Result<(), MoneyError> {
        if kind.is_none() && !self.unknown_words.contains(word) {
            // The first ten in their own order, whatever the order of the lines.
            self.unknown_words.insert(word.to_owned());
            if self.unknown_words.len() > NAMED {
                self.unknown_words.pop_last();
            }
        }
        let kind = kind.unwrap_or(FundFlowKind::Other);
        let sum = &mut self.sums[kind as usize];
        if amount < Fen::ZERO {
            sum.expenses += 1;
            sum.spent = sum.spent.minus(amount)?;
        } else {
            sum.incomes += 1;
            sum.received = sum.received.plus(amount)?;
        }
        if kind == FundFlowKind::ToBank {
            self.payouts.push(amount.negated()?);
        }
        Ok(())
    }

    /// The movements of one kind.
    pub const fn of(&self, kind: FundFlowKind) -> FlowSum {
        self.sums[kind as usize]
    }

    /// What payments, refunds and fees left: what the statement's net is to be compared with.
    ///
    /// # Errors
    /// [`MoneyError::OutOfRange`] when the sum does not fit.
    pub fn net_of_trades(&self) -> Result<Fen, MoneyError> {
        let kinds = [FundFlowKind::Payment, FundFlowKind::Refund, FundFlowKind::Fee];
        kinds.into_iter().try_fold(Fen::ZERO, |net, kind| net.plus(self.of(kind).net()?))
    }
}

impl FlowSum {
    /// In less out.
    ///
    /// # Errors
    /// [`MoneyError::OutOfRange`] when it does not fit.
    pub fn net(&self) -> Result<Fen, MoneyError> {
        self.received.minus(self.spent)
    }
}

impl Trades {
    /// Payments less refunds and fees.
    fn net_milli_fen(&self) -> Result<i64, MoneyError> {
        let gross = milli(self.paid.minus(self.refunded)?)?;
        gross.checked_sub(self.fee_milli_fen).ok_or(MoneyError::OutOfRange)
    }
}

impl AccountSettlement {
    /// The fund flow's net of payments, refunds and fees, where there is a fund flow.
    pub fn fund_flow_net(&self) -> Option<Fen> {
        // It was added up once, so it fits.
        self.fund_flow.as_ref().and_then(|flow| flow.net_of_trades().ok())
    }

    /// The worst of the verdicts.
    pub fn verdict(&self) -> Verdict {
        self.fee.verdict.max(self.flow.verdict).max(self.bank.verdict)
    }

    /// One text for a table: what does not simply agree, or that all does.
    pub fn remark_chinese(&self) -> String {
        self.remark(|check| &check.chinese, "")
            .unwrap_or_else(|| "手续费、资金账单和银行到账都一致。".to_owned())
    }

    /// The same in English.
    pub fn remark_english(&self) -> String {
        let remark = self.remark(|check| &check.english, " ");
        remark.unwrap_or_else(|| "Fee, fund flow and bank agree.".to_owned())
    }

    fn remark(&self, text: impl Fn(&Check) -> &str, between: &str) -> Option<String> {
        // In the order in which money flows.
        let checks = [&self.fee, &self.flow, &self.bank];
        let told = checks.into_iter().filter(|check| check.verdict != Verdict::Agrees);
        let told: Vec<&str> = told.map(text).collect();
        (!told.is_empty()).then(|| told.join(between))
    }
}

/// Compares a day: fees with the contract, the fund flow with the statement, the bank with what was paid out.
///
/// Every merchant account may be there once. `carried` is what an earlier day handed back as [`Settlement::still_out`]. A bank account
/// without a file is not compared, and its payouts stay out; whoever never gets a file from it need not keep them.
///
/// # Errors
/// [`MoneyError::OutOfRange`] when a sum does not fit.
pub fn settle(
    days: Vec<AccountDay>,
    carried: Vec<Payout>,
    files: Vec<BankFile>,
) -> Result<Settlement, MoneyError> {
    let mut accounts = Vec::with_capacity(days.len());
    let mut paid_out = Vec::new();
    for mut day in days {
        if let Some(flow) = &mut day.flow {
            flow.payouts.sort_unstable();
        }
        let net_milli_fen = day.trades.net_milli_fen()?;
        let due = (0..day.contract.arrives_after_days).fold(day.day, |day, _| day.next());
        paid_out.extend(day.payouts(net_milli_fen).into_iter().filter(|amount| *amount != Fen::ZERO).map(
            |amount| Payout {
                bank_account: day.bank_account.clone(),
                account: day.account.clone(),
                paid_out: day.day,
                due,
                amount,
            },
        ));
        accounts.push((day, net_milli_fen));
    }
    accounts.sort_by(|(one, _), (other, _)| one.account.cmp(&other.account));
    let homes = accounts.iter().map(|(day, _)| (day.bank_account.as_str(), day.account.as_str()));
    let books = bank::settle(homes, carried, paid_out, files)?;
    let accounts = accounts
        .into_iter()
        .map(|(day, net_milli_fen)| {
            let share = books.of(&day.bank_account, &day.account)?;
            Ok(AccountSettlement {
                fee: wording::fee(&day.trades)?,
                flow: wording::flow(&day.trades, net_milli_fen, day.flow.as_ref(), day.contract.payout)?,
                bank: share.check,
                account: day.account,
                bank_account: day.bank_account,
                trades: day.trades,
                net_milli_fen,
                fund_flow: day.flow,
                due: share.due,
                in_transit: share.in_transit,
                arrived: share.arrived,
            })
        })
        .collect::<Result<_, MoneyError>>()?;
    Ok(Settlement { accounts, banks: books.banks, still_out: books.still_out })
}

fn milli(fen: Fen) -> Result<i64, MoneyError> {
    fen.get().checked_mul(1000).ok_or(MoneyError::OutOfRange)
}

fn plus(one: i64, other: i64) -> Result<i64, MoneyError> {
    one.checked_add(other).ok_or(MoneyError::OutOfRange)
}
