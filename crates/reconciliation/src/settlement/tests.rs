//! What holds for any day. Few accounts, few amounts and few days, so that everything collides.

use super::*;
use crate::settlement::bank::Payout;
use proptest::prelude::*;

const ACCOUNTS: [(&str, &str); 4] = [("M1", "B1"), ("M2", "B1"), ("M3", "B2"), ("M4", "B3")];
const WORDS: [(&str, FundFlowKind); 4] = [
    ("交易", FundFlowKind::Payment),
    ("退款", FundFlowKind::Refund),
    ("手续费", FundFlowKind::Fee),
    ("提现", FundFlowKind::ToBank),
];

fn day(number: u8) -> BusinessDay {
    (0..number).fold(BusinessDay::parse("2026-11-20").expect("a day"), |day, _| day.next())
}

#[derive(Clone, Debug)]
struct MadeTrade {
    account: usize,
    kind: Kind,
    state: State,
    order: u8,
    fen: i64,
    fee_milli_fen: i64,
}

fn trades() -> impl Strategy<Value = Vec<MadeTrade>> {
    let kind = prop_oneof![2 => Just(Kind::Payment), 1 => Just(Kind::Refund)];
    let state = prop_oneof![6 => Just(State::Done), 1 => Just(State::UnderWay), 1 => Just(State::Void)];
    let fee = prop_oneof![4 => Just(None), 1 => (-2000..2000_i64).prop_map(Some)];
    let trade = (0..ACCOUNTS.len(), kind, state, 0..20_u8, 0..3000_i64, fee).prop_map(
        |(account, kind, state, order, fen, fee)| {
            let contracted = contracted_fee_milli_fen(Fen::new(fen), 600).expect("in range");
            let fee_milli_fen = fee.unwrap_or(if kind == Kind::Payment { contracted } else { -contracted });
            MadeTrade { account, kind, state, order, fen, fee_milli_fen }
        },
    );
    proptest::collection::vec(trade, 0..60)
}

fn movements() -> impl Strategy<Value = Vec<(usize, &'static str, i64)>> {
    let word =
        prop_oneof![Just("交易"), Just("退款"), Just("手续费"), Just("提现"), Just("转账"), Just("分账")];
    proptest::collection::vec((0..ACCOUNTS.len(), word, -300..300_i64), 0..40)
}

fn payouts() -> impl Strategy<Value = Vec<Payout>> {
    let amount = prop_oneof![Just(100), Just(60), Just(40), Just(-40), Just(0), 1..200_i64];
    let payout = (0..ACCOUNTS.len(), amount, 0..4_u8, 0..3_u8).prop_map(|(account, fen, out, more)| Payout {
        bank_account: ACCOUNTS[account].1.to_owned(),
        due: day(out + more),
        account: ACCOUNTS[account].0.to_owned(),
        paid_out: day(out),
        amount: Fen::new(fen),
    });
    proptest::collection::vec(payout, 0..12)
}

fn files() -> impl Strategy<Value = Vec<BankFile>> {
    let account = prop_oneof![3 => Just(""), 1 => Just("M1"), 1 => Just("M2"), 1 => Just("M3")];
    let amount = prop_oneof![Just(100), Just(60), Just(40), Just(-40), Just(160), 1..200_i64];
    let arrival = (0..5_u8, account, amount).prop_map(|(on, account, fen)| Arrival {
        day: day(on),
        account: account.to_owned(),
        amount: Fen::new(fen),
    });
    let bank = prop_oneof![Just("B1"), Just("B2"), Just("B9")];
    let file =
        (bank, 2..5_u8, proptest::collection::vec(arrival, 0..8)).prop_map(|(bank, until, arrivals)| {
            BankFile { bank_account: bank.to_owned(), known_until: day(until), arrivals }
        });
    proptest::collection::vec(file, 0..4)
}

fn account_days(
    contract: &Contract,
    trades: &[MadeTrade],
    movements: &[(usize, &'static str, i64)],
) -> Vec<AccountDay> {
    let mut days: Vec<AccountDay> = ACCOUNTS
        .iter()
        .map(|(account, bank)| AccountDay::new(*account, *bank, day(3), contract.clone()))
        .collect();
    for trade in trades {
        let order_no = format!("H{}", trade.order);
        let made = Trade {
            kind: trade.kind,
            state: trade.state,
            order_no: &order_no,
            amount: Fen::new(trade.fen),
            fee_milli_fen: trade.fee_milli_fen,
        };
        days[trade.account].trade(&made).expect("in range");
    }
    for (account, word, fen) in movements {
        let kind = FundFlowKind::of(&WORDS, word);
        days[*account].fund_flow().movement(kind, word, Fen::new(*fen)).expect("in range");
    }
    days
}

fn contract() -> impl Strategy<Value = Contract> {
    let refund_fee = prop_oneof![Just(RefundFee::GivenBack), Just(RefundFee::Kept), Just(RefundFee::Either)];
    let payout = prop_oneof![Just(PayoutRule::AsInFundFlow), Just(PayoutRule::NetOfDay)];
    let rate = prop_oneof![4 => Just(Some(600)), 1 => Just(None)];
    (rate, refund_fee, any::<bool>(), payout, 0..3_u16).prop_map(
        |(fee_per_100000, refund_fee, refund_fee_is_given_back, payout, arrives_after_days)| Contract {
            fee_per_100000,
            refund_fee,
            refund_fee_is_given_back,
            payout,
            arrives_after_days,
        },
    )
}

fn sum(amounts: impl IntoIterator<Item = Fen>) -> i64 {
    amounts.into_iter().map(Fen::get).sum()
}

proptest! {
    /// Whatever goes in is found again: agreed, differing or rounded, once.
    #[test]
    fn every_fen_of_a_statement_and_a_fund_flow_is_somewhere(
        contract in contract(),
        trades in trades(),
        movements in movements(),
    ) {
        let days = account_days(&contract, &trades, &movements);
        let found = settle(days, Vec::new(), Vec::new()).expect("in range");
        for (index, account) in found.accounts.iter().enumerate() {
            let counts = |trade: &&MadeTrade| trade.account == index && trade.state != State::Void;
            let of = |kind: Kind| trades.iter().filter(counts).filter(move |trade| trade.kind == kind);
            let made = &account.trades;
            prop_assert_eq!(made.payments, of(Kind::Payment).count() as u64);
            prop_assert_eq!(made.paid.get(), of(Kind::Payment).map(|trade| trade.fen).sum::<i64>());
            prop_assert_eq!(made.refunded.get(), of(Kind::Refund).map(|trade| trade.fen).sum::<i64>());
            let all = trades.iter().filter(|trade| trade.account == index).count() as u64;
            prop_assert_eq!(made.payments + made.refunds + made.void, all);
            let given_back = |trade: &MadeTrade| {
                let fee = trade.fee_milli_fen;
                let back = trade.kind == Kind::Refund && contract.refund_fee_is_given_back;
                if back { -fee.abs() } else { fee }
            };
            let charged: i64 =
                trades.iter().filter(|trade| trade.account == index).map(given_back).sum();
            prop_assert_eq!(made.fee_milli_fen, charged);
            prop_assert_eq!(
                account.net_milli_fen,
                (made.paid.get() - made.refunded.get()) * 1000 - made.fee_milli_fen
            );
            if let Some(expected) = made.fee_expected_milli_fen {
                let differing = made.fees_differing.difference_milli_fen;
                prop_assert_eq!(made.fee_milli_fen, expected + made.fee_rounding_milli_fen + differing);
                prop_assert_eq!(account.fee.difference_milli_fen, charged - expected);
                let lines = &made.fees_differing;
                prop_assert_eq!(lines.first.len() as u64, lines.lines.min(NAMED as u64));
                prop_assert_eq!(account.fee.verdict == Verdict::Differs, lines.lines > 0);
            }
            let moved = movements.iter().filter(|(account, ..)| *account == index);
            let moved: i64 = moved.map(|(_, _, fen)| fen).sum();
            if let Some(flow) = &account.fund_flow {
                let by_kind = FundFlowKind::ALL.map(|kind| flow.of(kind).net().expect("in range"));
                prop_assert_eq!(sum(by_kind), moved);
                prop_assert_eq!(
                    account.flow.difference_milli_fen,
                    account.fund_flow_net().expect("a net").get() * 1000 - account.net_milli_fen
                );
            } else {
                prop_assert_eq!(moved, 0);
                prop_assert_eq!(account.flow.verdict, Verdict::NotCompared);
            }
        }
    }

    /// On every bank account what was out and what goes out is there, missing or on its way; and what arrived is due or unexpected.
    #[test]
    fn every_fen_on_its_way_to_the_bank_is_somewhere(
        contract in contract(),
        trades in trades(),
        movements in movements(),
        carried in payouts(),
        files in files(),
    ) {
        let days = account_days(&contract, &trades, &movements);
        let before = sum(carried.iter().map(|payout| payout.amount));
        let arrived = sum(files.iter().flat_map(|file| &file.arrivals).map(|arrival| arrival.amount));
        let found = settle(days, carried, files.clone()).expect("in range");
        prop_assert_eq!(sum(found.banks.iter().map(|bank| bank.carried)), before);
        prop_assert_eq!(sum(found.banks.iter().filter_map(|bank| bank.arrived)), arrived);
        for bank in &found.banks {
            let missing = sum(bank.missing.iter().map(|payout| payout.amount));
            let unexpected = sum(bank.unexpected.iter().map(|arrival| arrival.amount));
            let still_out = found.still_out.iter().filter(|out| out.bank_account == bank.bank_account);
            let still_out = sum(still_out.map(|payout| payout.amount));
            prop_assert_eq!(sum([bank.carried, bank.paid_out]), sum([bank.due, bank.in_transit]));
            prop_assert_eq!(still_out, bank.in_transit.get() + missing);
            prop_assert_eq!(bank.arrived.is_some(), files.iter().any(|file| file.bank_account == bank.bank_account));
            if let Some(arrived) = bank.arrived {
                prop_assert_eq!(arrived.get(), bank.due.get() - missing + unexpected);
                prop_assert_eq!(bank.check.difference_milli_fen, (unexpected - missing) * 1000);
                let agrees = bank.missing.is_empty() && bank.unexpected.is_empty();
                prop_assert_eq!(bank.check.verdict != Verdict::Differs, agrees);
            }
            let accounts = || found.accounts.iter().filter(|account| account.bank_account == bank.bank_account);
            if bank.accounts.len() == accounts().count() {
                prop_assert_eq!(sum(accounts().map(|account| account.due)), bank.due.get());
                prop_assert_eq!(sum(accounts().map(|account| account.in_transit)), bank.in_transit.get());
            }
            for account in accounts() {
                if let Some(arrived) = account.arrived {
                    let difference = (arrived.get() - account.due.get()) * 1000;
                    prop_assert_eq!(account.bank.difference_milli_fen, difference);
                } else {
                    prop_assert_eq!(account.bank.verdict, Verdict::NotCompared);
                }
            }
        }
    }

    #[test]
    fn the_order_of_lines_files_and_accounts_changes_nothing(
        contract in contract(),
        trades in trades(),
        movements in movements(),
        carried in payouts(),
        files in files(),
        turned in any::<proptest::sample::Index>(),
    ) {
        let found = settle(account_days(&contract, &trades, &movements), carried.clone(), files.clone());
        let (mut trades, mut movements, mut carried, mut files) = (trades, movements, carried, files);
        if !trades.is_empty() {
            let place = turned.index(trades.len());
            trades.rotate_left(place);
        }
        trades.reverse();
        movements.reverse();
        carried.reverse();
        files.reverse();
        for file in &mut files {
            file.arrivals.reverse();
        }
        let mut days = account_days(&contract, &trades, &movements);
        days.reverse();
        prop_assert_eq!(settle(days, carried, files), found);
    }

    /// A provider that pays out what it says, and a bank that has it, agree whatever the amounts.
    #[test]
    fn an_honest_day_agrees(amounts in proptest::collection::vec((0..ACCOUNTS.len(), 1..1_000_000_i64), 1..40)) {
        let contract = Contract { fee_per_100000: Some(600), arrives_after_days: 0, ..Contract::default() };
        let mut days = account_days(&contract, &[], &[]);
        let mut files: Vec<BankFile> = Vec::new();
        for (account, fen) in amounts {
            let fee_milli_fen = contracted_fee_milli_fen(Fen::new(fen), 600).expect("in range");
            let (kind, state, order_no) = (Kind::Payment, State::Done, "H1");
            let trade = Trade { kind, state, order_no, amount: Fen::new(fen), fee_milli_fen };
            days[account].trade(&trade).expect("in range");
            let fee = fee_milli_fen / 1000;
            for (word, fen) in [("交易", fen), ("手续费", -fee), ("提现", fee - fen)] {
                let kind = FundFlowKind::of(&WORDS, word);
                days[account].fund_flow().movement(kind, word, Fen::new(fen)).expect("in range");
            }
            let arrival = Arrival { day: day(3), account: String::new(), amount: Fen::new(fen - fee) };
            files.push(BankFile {
                bank_account: ACCOUNTS[account].1.to_owned(),
                known_until: day(3),
                arrivals: vec![arrival],
            });
        }
        let found = settle(days, Vec::new(), files).expect("in range");
        prop_assert!(found.still_out.is_empty());
        for account in found.accounts.iter().filter(|account| account.fund_flow.is_some()) {
            prop_assert_eq!(account.verdict(), Verdict::Agrees, "{}", account.remark_english());
            prop_assert_eq!(account.arrived.map(Fen::get), Some(account.net_milli_fen / 1000));
        }
    }
}

#[test]
fn only_so_many_lines_and_words_are_named_and_all_are_counted() {
    let contract = Contract { fee_per_100000: Some(600), ..Contract::default() };
    let mut day = AccountDay::new("M1", "B1", day(0), contract);
    for number in (0..30).rev() {
        let order_no = format!("H{number:02}");
        let trade = Trade {
            kind: Kind::Payment,
            state: State::Done,
            order_no: &order_no,
            amount: Fen::new(100),
            fee_milli_fen: 9000,
        };
        day.trade(&trade).expect("in range");
        day.fund_flow().movement(None, &format!("词{number:02}"), Fen::new(1)).expect("in range");
    }
    let found = settle(vec![day], Vec::new(), Vec::new()).expect("in range").accounts.remove(0);
    let named: Vec<&str> =
        found.trades.fees_differing.first.iter().map(|line| line.order_no.as_str()).collect();
    assert_eq!(named, ["H00", "H01", "H02", "H03", "H04", "H05", "H06", "H07", "H08", "H09"]);
    assert_eq!(found.trades.fees_differing.lines, 30);
    assert_eq!(found.trades.fees_differing.difference_milli_fen, 30 * 8000);
    let flow = found.fund_flow.expect("a fund flow");
    assert_eq!(flow.unknown_words.len(), NAMED);
    assert_eq!(flow.of(FundFlowKind::Other).incomes, 30);
    assert!(
        found.fee.chinese.contains("有 30 笔") && found.fee.chinese.contains("H02 等"),
        "{}",
        found.fee.chinese
    );
}

#[test]
fn what_does_not_fit_is_refused() {
    let mut day = AccountDay::new("M1", "B1", day(0), Contract::default());
    let trade = |fen: i64, fee_milli_fen: i64| Trade {
        kind: Kind::Payment,
        state: State::Done,
        order_no: "H1",
        amount: Fen::new(fen),
        fee_milli_fen,
    };
    day.trade(&trade(i64::MAX, 0)).expect("fits");
    assert_eq!(day.clone().trade(&trade(1, 0)), Err(MoneyError::OutOfRange));
    day.clone().trade(&trade(0, i64::MAX)).expect("fits");
    assert_eq!(settle(vec![day], Vec::new(), Vec::new()), Err(MoneyError::OutOfRange));
    assert_eq!(contracted_fee_milli_fen(Fen::new(i64::MAX), u32::MAX), Err(MoneyError::OutOfRange));
}
