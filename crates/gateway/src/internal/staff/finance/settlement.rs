//! Fees and settlement of a day.

use super::day::settlement_state;
use super::{before, day_in, minus, plus, today, words};
use crate::http::staff::{Staff, StaffAnswer};
use crate::service::Trouble;
use crate::service::reconciliation::{DayFacts, day_facts};
use mingfen_domain::access::Right;
use mingfen_domain::{BusinessDay, Fen};
use mingfen_pages::staff::finance::{BankGroup, Figure, OnTheWay, Settlement, SettlementLine, Way};
use mingfen_pages::staff::{Both, Face, State};
use mingfen_store::RunSettlementRecord;
use std::collections::BTreeMap;

pub(in crate::internal) async fn show(staff: Staff) -> StaffAnswer {
    let last = before(today(&staff));
    let day = day_in(staff.query("day").as_deref()).unwrap_or(last);
    let facts = day_facts(&staff.gateway, day, None).await?;
    Ok(staff.page(&view(&staff, day, &facts)?))
}

/// A fee in whole fen, as it leaves the sum that arrives: providers settle the whole day's fee, rounded half up.
fn fee_fen(milli_fen: i64) -> Fen {
    Fen::new((milli_fen + 500).div_euclid(1000))
}

/// What has to arrive: payments less refunds and what was charged.
fn due(line: &RunSettlementRecord) -> Result<Fen, Trouble> {
    minus(minus(line.paid, line.refunded)?, fee_fen(line.fee_milli_fen))
}

fn fee(milli_fen: i64) -> String {
    // On this page what leaves is negative.
    words::fee(-milli_fen)
}

fn rate(per_100000: u32) -> String {
    // In percent: one of a hundred thousand is 0.001 %.
    let whole = per_100000 / 1000;
    let rest = format!("{:03}", per_100000 % 1000);
    let rest = rest.trim_end_matches('0');
    format!("{whole}.{}%", if rest.is_empty() { "0" } else { rest })
}

fn view(staff: &Staff, day: BusinessDay, facts: &DayFacts) -> Result<Settlement, Trouble> {
    let lines = &facts.settlements;
    let accounts = &staff.gateway.settings.reconciliation.accounts;
    let mut banks: BTreeMap<&str, Vec<&RunSettlementRecord>> = BTreeMap::new();
    for line in lines {
        banks.entry(line.bank_account.as_str()).or_default().push(line);
    }
    let mut groups = Vec::new();
    // What belongs to no bank account comes last.
    let known = banks.iter().filter(|(bank, _)| !bank.is_empty());
    for (bank, of) in known.chain(banks.iter().filter(|(bank, _)| bank.is_empty())) {
        let (mut group_due, mut arrived) = (Fen::ZERO, None);
        let mut shown = Vec::new();
        for line in of {
            let due = due(line)?;
            group_due = plus(group_due, due)?;
            if let Some(sum) = line.arrived {
                arrived = Some(plus(arrived.unwrap_or(Fen::ZERO), sum)?);
            }
            let contract = accounts.get(&line.channel).and_then(|account| account.fee_per_100000);
            shown.push(SettlementLine {
                name: words::account(staff, &line.channel),
                account: line.channel.to_string(),
                rate: contract.map(rate).unwrap_or_default(),
                paid_yuan: words::yuan(line.paid),
                refunded_yuan: words::yuan(line.refunded.negated()?),
                fee_expected_yuan: line.fee_expected_milli_fen.map(fee),
                fee_yuan: fee(line.fee_milli_fen),
                fee_differs: line
                    .fee_expected_milli_fen
                    .is_some_and(|expected| expected != line.fee_milli_fen),
                fund_flow_yuan: line.fund_flow_net.map(words::yuan),
                due_yuan: words::yuan(due),
                arrived_yuan: line.arrived.map(words::yuan),
                state: settlement_state(line),
                remark: Both::new(&line.remark_zh, &line.remark_en),
            });
        }
        groups.push(BankGroup {
            bank: if bank.is_empty() {
                Both::new("没有登记银行账户", "no bank account is known")
            } else {
                Both::same(*bank)
            },
            due_yuan: words::yuan(group_due),
            arrived_yuan: arrived.map(words::yuan),
            lines: shown,
        });
    }
    let sum = |of: &dyn Fn(&RunSettlementRecord) -> Result<Fen, Trouble>| -> Result<Fen, Trouble> {
        lines.iter().try_fold(Fen::ZERO, |sum, line| plus(sum, of(line)?))
    };
    let milli = |of: &dyn Fn(&RunSettlementRecord) -> i64| -> i64 { lines.iter().map(of).sum() };
    let charged = milli(&|line| line.fee_milli_fen);
    let expected = milli(&|line| line.fee_expected_milli_fen.unwrap_or(0));
    let known_rates = lines.iter().filter(|line| line.fee_expected_milli_fen.is_some());
    let charged_by_contract: i64 = known_rates.clone().map(|line| line.fee_milli_fen).sum();
    let (paid, refunded) = (sum(&|line| Ok(line.paid))?, sum(&|line| Ok(line.refunded.negated()?))?);
    let (all_due, arrived) = (sum(&due)?, sum(&|line| Ok(line.arrived.unwrap_or(Fen::ZERO)))?);
    let with_bank = lines.iter().filter(|line| line.arrived.is_some()).count();
    let transit = facts.payouts.iter().try_fold(Fen::ZERO, |sum, payout| plus(sum, payout.amount))?;
    let figure =
        |label: Both, value: String, detail: Both| Figure { label, value, unit: Both::same(""), detail };
    let more = charged_by_contract - expected;
    let fee_words = match (known_rates.count(), more) {
        (0, _) => Both::new("没有登记合同费率", "no contracted rate is known"),
        (_, 0) => Both::new("与合同费率重算相同", "the same as by contract"),
        (_, more) if more > 0 => Both::new(
            format!("比合同多 ¥{}", words::fee(more)),
            format!("¥{} more than the contract", words::fee(more)),
        ),
        (_, less) => Both::new(
            format!("比合同少 ¥{}", words::fee(-less)),
            format!("¥{} less than the contract", words::fee(-less)),
        ),
    };
    let figures = if lines.is_empty() {
        Vec::new()
    } else {
        vec![
            figure(
                Both::new("应到账", "Due"),
                format!("¥{}", words::yuan(all_due)),
                Both::new("交易额 − 退款 − 手续费", "payments less refunds and fees"),
            ),
            figure(
                Both::new("已到账", "Arrived"),
                if with_bank == 0 { "—".into() } else { format!("¥{}", words::yuan(arrived)) },
                if with_bank == 0 {
                    Both::new(
                        "没有银行流水，到账未核对",
                        "no movements of the bank; arrivals are not compared",
                    )
                } else {
                    Both::new(
                        format!("{with_bank} 个账户与银行流水核对过"),
                        format!("{with_bank} accounts held against the bank"),
                    )
                },
            ),
            figure(
                Both::new("在途", "On its way"),
                format!("¥{}", words::yuan(transit)),
                Both::new(
                    format!("{} 笔划款", facts.payouts.len()),
                    format!("{} payouts", facts.payouts.len()),
                ),
            ),
            figure(Both::new("手续费 实扣", "Fees charged"), format!("¥{}", words::fee(charged)), fee_words),
        ]
    };
    let lead = if facts.run.is_none() {
        Both::new(
            format!("{} 还没有对账。", words::short(day)),
            format!("{} was not compared yet.", words::short(day)),
        )
    } else {
        Both::new(
            format!(
                "账单日 {}。手续费按合同费率逐笔重算，再与实扣、资金账单和银行流水核对。",
                words::short(day)
            ),
            format!(
                "Day {}. Fees are worked out again line by line and held against what was charged, the fund flow and the bank.",
                words::short(day)
            ),
        )
    };
    let mut beside =
        vec![Way::new(format!("/settlement?day={}", before(day)), Both::same(words::short(before(day))))];
    if day.next() < today(staff) {
        beside
            .push(Way::new(format!("/settlement?day={}", day.next()), Both::same(words::short(day.next()))));
    }
    Ok(Settlement {
        day: day.to_string(),
        lead,
        beside,
        today: today(staff).to_string(),
        figures,
        groups,
        totals: [
            words::yuan(paid),
            words::yuan(refunded),
            fee(expected),
            fee(charged),
            words::yuan(all_due),
            if with_bank == 0 { "—".into() } else { words::yuan(arrived) },
        ],
        accounts: lines.len(),
        on_the_way: facts
            .payouts
            .iter()
            .map(|payout| OnTheWay {
                account: payout.channel.to_string(),
                bank: payout.bank_account.clone(),
                left: words::short(payout.paid_out),
                due: words::short(payout.due),
                amount_yuan: words::yuan(payout.amount),
                state: if payout.due <= day {
                    State::new(Face::Warn, "应到未到", "due and not there")
                } else {
                    State::new(Face::Info, "在途", "on its way")
                },
            })
            .collect(),
        export: if facts.run.is_some() && staff.may(Right::ExportReports) {
            format!("/finance/days/{day}/report.xlsx")
        } else {
            String::new()
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_is_said_in_percent() {
        assert_eq!(
            (rate(200), rate(600), rate(0), rate(1000), rate(38)),
            ("0.2%".into(), "0.6%".into(), "0.0%".into(), "1.0%".into(), "0.038%".into())
        );
    }

    #[test]
    fn a_fee_leaves_in_whole_fen() {
        assert_eq!([fee_fen(1499), fee_fen(1500), fee_fen(-500), fee_fen(0)], [1, 2, 0, 0].map(Fen::new));
    }
}
