//! What a settlement says to people: why, and what to do. Complete sentences in Chinese and in English, with the same facts.

use super::{Arrival, Check, FundFlow, Payout, PayoutRule, Trades, Verdict, milli};
use mingfen_domain::Fen;
use mingfen_domain::fund_flow::FundFlowKind;
use mingfen_domain::money::MoneyError;
use std::cmp::Ordering;

/// How many payouts or arrivals a sentence names.
const NAMED_IN_A_SENTENCE: usize = 3;

/// Yuan with two decimals, or with five where fen are not enough.
pub(crate) fn yuan_of_milli(milli: i128) -> String {
    let mut text = five_decimals(milli);
    if milli % 1000 == 0 {
        text.truncate(text.len() - 3);
    }
    text
}

/// Yuan with five decimals, as exactly as fees are charged.
pub(crate) fn five_decimals(milli: i128) -> String {
    let sign = if milli < 0 { "-" } else { "" };
    let milli = milli.unsigned_abs();
    format!("{sign}{}.{:05}", milli / 100_000, milli % 100_000)
}

fn yuan(milli: i64) -> String {
    yuan_of_milli(i128::from(milli))
}

/// More or less, and by how much.
fn by(milli: i64) -> (String, String) {
    let amount = yuan_of_milli(i128::from(milli).abs());
    match milli.cmp(&0) {
        Ordering::Less => (format!("少 {amount} 元"), format!("{amount} yuan less")),
        Ordering::Equal => ("相符".to_owned(), "the same".to_owned()),
        Ordering::Greater => (format!("多 {amount} 元"), format!("{amount} yuan more")),
    }
}

fn check(verdict: Verdict, difference_milli_fen: i64, chinese: String, english: String) -> Check {
    Check { verdict, difference_milli_fen, chinese, english }
}

/// The fee against the contract.
pub(super) fn fee(trades: &Trades) -> Result<Check, MoneyError> {
    let charged = trades.fee_milli_fen;
    let Some(expected) = trades.fee_expected_milli_fen else {
        return Ok(check(
            Verdict::NotCompared,
            0,
            format!("手续费 {} 元未核算：没有设置合同费率，请在设置中填写该商户号的费率。", yuan(charged)),
            format!(
                "The fee of {} yuan was not recomputed: no contracted rate is set; set the rate of this merchant account.",
                yuan(charged)
            ),
        ));
    };
    let difference = charged.checked_sub(expected).ok_or(MoneyError::OutOfRange)?;
    let differing = &trades.fees_differing;
    let (mut chinese, mut english) = if differing.lines == 0 {
        (
            format!("手续费 {} 元与合同费率一致。", yuan(charged)),
            format!("The fee of {} yuan is what the contract says.", yuan(charged)),
        )
    } else {
        let (zh, en) = by(differing.difference_milli_fen);
        let orders: Vec<&str> = differing.first.iter().map(|line| line.order_no.as_str()).collect();
        let named = &orders[..orders.len().min(NAMED_IN_A_SENTENCE)];
        let (more_zh, more_en) =
            if differing.lines > named.len() as u64 { (" 等", " and others") } else { ("", "") };
        (
            format!(
                "手续费 {} 元与合同不符：有 {} 笔与费率算出的不同，合计{zh}（订单 {}{more_zh}）；请核对合同费率，再向渠道查询这些订单。",
                yuan(charged),
                differing.lines,
                named.join("、")
            ),
            format!(
                "The fee of {} yuan is not what the contract says: {} lines differ from the rate, {en} altogether (orders {}{more_en}); check the contracted rate, then ask the provider about these orders.",
                yuan(charged),
                differing.lines,
                named.join(", ")
            ),
        )
    };
    if trades.fee_rounding_milli_fen != 0 {
        let (zh, en) = by(trades.fee_rounding_milli_fen);
        chinese.push_str(&format!("退款手续费按分取整，合计{zh}，不必处理。"));
        english.push_str(&format!(
            " Fees of refunds were rounded to fen, {en} altogether; nothing is to be done."
        ));
    }
    let verdict = if differing.lines == 0 { Verdict::Agrees } else { Verdict::Differs };
    Ok(check(verdict, difference, chinese, english))
}

/// The fund flow against the statement.
pub(super) fn flow(
    trades: &Trades,
    net_milli_fen: i64,
    flow: Option<&FundFlow>,
    payout: PayoutRule,
) -> Result<Check, MoneyError> {
    let Some(flow) = flow else {
        let (chinese, english) = match payout {
            PayoutRule::AsInFundFlow => (
                "没有资金账单，未与账户资金核对；请下载该日的资金账单。",
                "There is no fund-flow bill to compare with; fetch the one of this day.",
            ),
            PayoutRule::NetOfDay => (
                "该渠道没有资金账单，只以银行到账核对。",
                "This provider has no fund-flow bill; only the bank can tell.",
            ),
        };
        return Ok(check(Verdict::NotCompared, 0, chinese.to_owned(), english.to_owned()));
    };
    let net = milli(flow.net_of_trades()?)?;
    let difference = net.checked_sub(net_milli_fen).ok_or(MoneyError::OutOfRange)?;
    let payments = milli(flow.of(FundFlowKind::Payment).net()?.minus(trades.paid)?)?;
    let others = difference.checked_sub(payments).ok_or(MoneyError::OutOfRange)?;
    let agrees = payments == 0 && others == 0;
    let (mut chinese, mut english) = if agrees {
        (
            format!("资金账单交易净额 {} 元与交易账单一致。", yuan(net)),
            format!("The fund flow's net of {} yuan is what the statement makes.", yuan(net)),
        )
    } else {
        let (cause_zh, cause_en) = cause(trades, flow, payments, others);
        let ((all_zh, all_en), (in_zh, in_en), (out_zh, out_en)) = (by(difference), by(payments), by(others));
        (
            format!(
                "资金账单交易净额 {} 元，按交易账单应为 {} 元，{all_zh}（其中收款{in_zh}，退款与手续费合计{out_zh}）。{cause_zh}",
                yuan(net),
                yuan(net_milli_fen)
            ),
            format!(
                "The fund flow's net is {} yuan and the statement makes {}: {all_en} (payments {in_en}, refunds and fees {out_en}). {cause_en}",
                yuan(net),
                yuan(net_milli_fen)
            ),
        )
    };
    if !flow.unknown_words.is_empty() {
        let words: Vec<&str> = flow.unknown_words.iter().map(String::as_str).collect();
        chinese.push_str(&format!(
            "资金账单有未识别的业务类型：{}；未计入交易净额，请人工核对。",
            words.join("、")
        ));
        english.push_str(&format!(
            " The fund flow has kinds of movement that are not known: {}; they are not in its net, look at them.",
            words.join(", ")
        ));
    }
    Ok(check(if agrees { Verdict::Agrees } else { Verdict::Differs }, difference, chinese, english))
}

/// The likeliest reason, and what to do about it.
fn cause(trades: &Trades, flow: &FundFlow, payments: i64, others: i64) -> (&'static str, &'static str) {
    let fees = flow.of(FundFlowKind::Fee);
    if payments == 0 && others == trades.fee_milli_fen && fees.incomes + fees.expenses == 0 {
        (
            "资金账单没有手续费流水，手续费可能另行收取；请核对合同的收费方式。",
            "The fund flow has no fees, so they may be charged apart; see how the contract says that they are charged.",
        )
    } else if payments == 0 && trades.void > 0 {
        (
            "当日有失败的退款，退回可能记在另一天；请先查这些退款。",
            "There are refunds that failed, and their money may have come back on another day; look at these first.",
        )
    } else if payments == 0 {
        ("请逐笔核对退款和手续费流水。", "Compare refunds and fees of the two files one by one.")
    } else {
        (
            "请核对记在另一天的交易，以及由渠道承担的优惠券。",
            "Look for trades that were booked on another day, and for coupons of the provider.",
        )
    }
}

/// The bank against what was paid out to it.
pub(super) fn bank(
    due: Fen,
    arrived: Fen,
    in_transit: Fen,
    missing: &[Payout],
    unexpected: &[Arrival],
) -> Result<Check, MoneyError> {
    let difference = milli(arrived.minus(due)?)?;
    if missing.is_empty() && unexpected.is_empty() {
        return Ok(if in_transit == Fen::ZERO {
            check(
                Verdict::Agrees,
                0,
                format!("银行到账 {arrived} 元，与应到账一致。"),
                format!("{arrived} yuan arrived at the bank, as it should."),
            )
        } else {
            check(
                Verdict::InTransit,
                0,
                format!("银行到账 {arrived} 元，与应到账一致；另有 {in_transit} 元在途，到期再核对。"),
                format!(
                    "{arrived} yuan arrived at the bank, as it should; {in_transit} yuan are on their way and are looked for when they are due."
                ),
            )
        });
    }
    let mut chinese = format!("银行到账 {arrived} 元，应到账 {due} 元。");
    let mut english = format!("{arrived} yuan arrived at the bank and {due} yuan should have.");
    if !missing.is_empty() {
        let (zh, en) = named(missing, |payout| {
            (
                format!("{} 划出、应于 {} 到账的 {} 元", payout.paid_out, payout.due, payout.amount),
                format!("{} yuan of {}, due on {}", payout.amount, payout.paid_out, payout.due),
            )
        });
        chinese.push_str(&format!("未到账：{zh}；请向渠道查询结算状态，再查银行是否退票。"));
        english.push_str(&format!(
            " Missing: {en}; ask the provider what became of the payout, then the bank whether it sent it back."
        ));
    }
    if !unexpected.is_empty() {
        let (zh, en) = named(unexpected, |arrival| {
            (
                format!("{} 的 {} 元", arrival.day, arrival.amount),
                format!("{} yuan on {}", arrival.amount, arrival.day),
            )
        });
        chinese.push_str(&format!(
            "没有对应划款的到账：{zh}；请查来款方和附言，可能是别的业务或多笔合并、扣费后的结算款。"
        ));
        english.push_str(&format!(
            " Not expected: {en}; see who sent it and why: other business, or a payout that was merged or had a charge taken off."
        ));
    }
    if in_transit != Fen::ZERO {
        chinese.push_str(&format!("另有 {in_transit} 元在途。"));
        english.push_str(&format!(" {in_transit} yuan are on their way."));
    }
    Ok(check(Verdict::Differs, difference, chinese, english))
}

fn named<T>(things: &[T], name: impl Fn(&T) -> (String, String)) -> (String, String) {
    let (mut chinese, mut english): (Vec<String>, Vec<String>) =
        things.iter().take(NAMED_IN_A_SENTENCE).map(name).unzip();
    if let Some(more @ 1..) = things.len().checked_sub(NAMED_IN_A_SENTENCE) {
        chinese.push(format!("另外 {more} 笔"));
        english.push(format!("{more} more"));
    }
    (chinese.join("、"), english.join(", "))
}

/// The bank's side is not known.
pub(super) fn no_bank_file() -> Check {
    check(
        Verdict::NotCompared,
        0,
        "没有银行流水，未核对到账；需要核对时请导入该银行账户的流水。".to_owned(),
        "There is no file of the bank, so arrivals were not compared; give the bank account's file if they are to be.".to_owned(),
    )
}

/// Several merchant accounts, money missing, and an arrival that may belong to any of them.
pub(super) fn not_told_apart(bank_account: &str) -> Check {
    check(
        Verdict::NotCompared,
        0,
        format!("银行账户 {bank_account} 收几个商户号的款，有到账分不清属于哪一个；请看该银行账户的合计。"),
        format!(
            "Several merchant accounts pay into bank account {bank_account}, and an arrival may belong to any of them; see the bank account's own comparison."
        ),
    )
}
