//! Golden days of settlement, written as data with their reasons (`tests/golden/settlement/days.toml`).

use mingfen_domain::fund_flow::FundFlowKind;
use mingfen_domain::{BusinessDay, Fen};
use mingfen_reconciliation::settlement::{
    AccountDay, AccountSettlement, Arrival, BankFile, BankSettlement, Check, Contract, Payout, PayoutRule,
    RefundFee, Settlement, Trade, settle,
};
use mingfen_reconciliation::sides::{Kind, State};
use serde::Deserialize;
use std::collections::BTreeMap;

const DAYS: &str = include_str!("golden/settlement/days.toml");

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Days {
    words: BTreeMap<String, String>,
    case: Vec<Case>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    name: String,
    reason: String,
    day: String,
    #[serde(default)]
    carried: Vec<String>,
    #[serde(default)]
    account: Vec<Account>,
    #[serde(default)]
    file: Vec<File>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Account {
    account: String,
    bank: String,
    rate: Option<u32>,
    refund_fee: Option<String>,
    payout: Option<String>,
    trades: Vec<String>,
    flow: Option<Vec<String>>,
    expected: ExpectedAccount,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ExpectedAccount {
    net: String,
    fee: String,
    fee_difference: Option<String>,
    #[serde(default)]
    fee_lines: Vec<String>,
    flow: String,
    flow_difference: Option<String>,
    #[serde(default)]
    unknown: Vec<String>,
    bank: String,
    bank_difference: Option<String>,
    due: Option<String>,
    in_transit: Option<String>,
    arrived: Option<String>,
    chinese: Option<String>,
    english: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    bank: String,
    known_until: String,
    arrivals: Vec<String>,
    expected: ExpectedBank,
    #[serde(default)]
    still_out: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ExpectedBank {
    bank: String,
    bank_difference: Option<String>,
    carried: String,
    paid_out: String,
    due: String,
    arrived: String,
    in_transit: String,
}

fn day(text: &str) -> BusinessDay {
    BusinessDay::parse(text).expect("a day")
}

fn fen(text: &str) -> Fen {
    Fen::from_yuan(text).expect("yuan")
}

fn milli(text: &str) -> i64 {
    let (whole, decimals) = text.split_once('.').expect("decimals");
    let digits: i64 = format!("{whole}{decimals:0<5}").parse().expect("digits");
    digits
}

fn words(text: &str) -> (Vec<&str>, BTreeMap<&str, &str>) {
    let words: Vec<&str> = text.split(' ').collect();
    let pairs = words.windows(2).map(|pair| (pair[0], pair[1])).collect();
    (words, pairs)
}

fn payout(text: &str, banks: &BTreeMap<&str, &str>) -> Payout {
    let (words, named) = words(text);
    let bank_account = named.get("bank").or_else(|| banks.get(words[0])).expect("a bank account");
    Payout {
        bank_account: (*bank_account).to_owned(),
        due: day(named["due"]),
        account: words[0].to_owned(),
        paid_out: day(named["paid_out"]),
        amount: fen(words[1]),
    }
}

fn account_day(account: &Account, today: BusinessDay, table: &[(&str, FundFlowKind)]) -> AccountDay {
    let contract = Contract {
        fee_per_100000: account.rate,
        refund_fee: match account.refund_fee.as_deref() {
            None => RefundFee::GivenBack,
            Some("kept") => RefundFee::Kept,
            Some("either") => RefundFee::Either,
            Some(other) => panic!("{other} becomes of no fee"),
        },
        payout: match account.payout.as_deref() {
            None => PayoutRule::AsInFundFlow,
            Some("net_of_day") => PayoutRule::NetOfDay,
            Some(other) => panic!("{other} is no payout"),
        },
        ..Contract::default()
    };
    let mut made = AccountDay::new(&account.account, &account.bank, today, contract);
    for text in &account.trades {
        let (words, named) = words(text);
        let trade = Trade {
            kind: if words[0] == "refund" { Kind::Refund } else { Kind::Payment },
            state: match words.last() {
                Some(&"void") => State::Void,
                Some(&"under_way") => State::UnderWay,
                _ => State::Done,
            },
            order_no: named.get("order").copied().unwrap_or("X"),
            amount: fen(words[1]),
            fee_milli_fen: milli(named["fee"]),
        };
        made.trade(&trade).expect("in range");
    }
    for text in account.flow.iter().flatten() {
        let (words, _) = words(text);
        let kind = FundFlowKind::of(table, words[0]);
        made.fund_flow().movement(kind, words[0], fen(words[1])).expect("in range");
    }
    if account.flow.is_some() {
        made.fund_flow();
    }
    made
}

fn settled(case: &Case, table: &[(&str, FundFlowKind)]) -> Settlement {
    let banks =
        case.account.iter().map(|account| (account.account.as_str(), account.bank.as_str())).collect();
    let days = case.account.iter().map(|account| account_day(account, day(&case.day), table)).collect();
    let carried = case.carried.iter().map(|text| payout(text, &banks)).collect();
    let files = case.file.iter().map(|file| BankFile {
        bank_account: file.bank.clone(),
        known_until: day(&file.known_until),
        arrivals: (file.arrivals.iter())
            .map(|text| {
                let (words, named) = words(text);
                let account = named.get("account").copied().unwrap_or_default().to_owned();
                Arrival { day: day(words[0]), account, amount: fen(words[1]) }
            })
            .collect(),
    });
    settle(days, carried, files.collect()).expect("in range")
}

fn agrees(found: &Check, verdict: &str, difference: Option<&str>, told: &str) {
    assert_eq!(found.verdict.as_str(), verdict, "{told}: {}", found.english);
    let difference = difference.map_or(0, milli);
    assert_eq!(found.difference_milli_fen, difference, "{told}: {}", found.english);
    assert!(found.chinese.ends_with('。') && found.english.ends_with('.'), "{told}");
}

fn check_account(found: &AccountSettlement, expected: &ExpectedAccount, told: &str) {
    assert_eq!(found.net_milli_fen, milli(&expected.net), "{told}: net");
    agrees(&found.fee, &expected.fee, expected.fee_difference.as_deref(), told);
    let lines: Vec<&str> =
        found.trades.fees_differing.first.iter().map(|line| line.order_no.as_str()).collect();
    assert_eq!(lines, expected.fee_lines, "{told}");
    agrees(&found.flow, &expected.flow, expected.flow_difference.as_deref(), told);
    let unknown: Vec<String> =
        found.fund_flow.iter().flat_map(|flow| flow.unknown_words.iter().cloned()).collect();
    assert_eq!(unknown, expected.unknown, "{told}");
    for word in &unknown {
        assert!(found.flow.chinese.contains(word) && found.flow.english.contains(word), "{told}");
    }
    agrees(&found.bank, &expected.bank, expected.bank_difference.as_deref(), told);
    assert_eq!(found.due, expected.due.as_deref().map_or(Fen::ZERO, fen), "{told}: due");
    assert_eq!(found.in_transit, expected.in_transit.as_deref().map_or(Fen::ZERO, fen), "{told}: in transit");
    assert_eq!(found.arrived, expected.arrived.as_deref().map(fen), "{told}: arrived");
    if let Some(chinese) = &expected.chinese {
        assert_eq!(&found.remark_chinese(), chinese, "{told}");
    }
    if let Some(english) = &expected.english {
        assert_eq!(&found.remark_english(), english, "{told}");
    }
}

fn check_bank(found: &BankSettlement, expected: &ExpectedBank, told: &str) {
    let sums = [found.carried, found.paid_out, found.due, found.in_transit].map(Fen::to_yuan);
    let wanted = [&expected.carried, &expected.paid_out, &expected.due, &expected.in_transit];
    assert_eq!(sums.each_ref(), wanted, "{told}");
    assert_eq!(found.arrived, Some(fen(&expected.arrived)), "{told}");
    let by_sums = fen(&expected.arrived).minus(fen(&expected.due)).expect("in range").to_yuan();
    let difference = expected.bank_difference.as_deref().unwrap_or(&by_sums);
    agrees(&found.check, &expected.bank, Some(difference), told);
}

#[test]
fn hand_made_days_are_settled_as_their_reasons_say() {
    let days: Days = toml::from_str(DAYS).expect("the golden days");
    let table: Vec<(&str, FundFlowKind)> = (days.words.iter())
        .map(|(word, kind)| (word.as_str(), FundFlowKind::parse(kind).expect("a kind")))
        .collect();
    for case in &days.case {
        let found = settled(case, &table);
        let told = format!("{} ({})", case.name, case.reason);
        assert_eq!(found.accounts.len(), case.account.len(), "{told}");
        for (found, expected) in found.accounts.iter().zip(&case.account) {
            assert_eq!(found.account, expected.account, "{told}");
            check_account(found, &expected.expected, &told);
        }
        let banks = case.account.iter().map(|account| (account.account.as_str(), account.bank.as_str()));
        let banks = banks.collect();
        for expected in &case.file {
            let bank = found.banks.iter().find(|bank| bank.bank_account == expected.bank);
            check_bank(bank.expect("the bank account"), &expected.expected, &told);
            let out = found.still_out.iter().filter(|payout| payout.bank_account == expected.bank);
            let wanted: Vec<Payout> = expected.still_out.iter().map(|text| payout(text, &banks)).collect();
            assert_eq!(out.cloned().collect::<Vec<_>>(), wanted, "{told}");
        }
    }
    assert!(days.case.len() >= 20);
}
