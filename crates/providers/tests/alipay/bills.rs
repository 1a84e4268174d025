//! The files of a day.

use crate::hospital::{Hospital, fetched, refund_request};
use mingfen_domain::Fen;
use mingfen_domain::fund_flow::FundFlowKind;
use mingfen_provider_api::CallError;
use mingfen_provider_api::statement::{Fetched, FundFlowLine, LineKind, StatementKind};
use mingfen_simulator::alipay::Quirks;
use mingfen_simulator::faults::{Fault, Rule};
use sha2::{Digest, Sha256};

#[tokio::test]
async fn the_days_bills_are_fetched_and_read() {
    let hospital = Hospital::open().await;
    let trade_no = hospital.paid("H20260305000030", 8850).await;
    hospital.paid("H20260305000031", 9700).await;
    let refund = refund_request("R20260305000030", "H20260305000030", &trade_no, 850, 8850);
    hospital.refund(&refund).await.expect("a refund");
    let day = "2026-03-05";
    assert!(matches!(hospital.bill(StatementKind::Trades, day).await, Ok(Fetched::NotYet)));
    hospital.simulator.clock().advance_ms(25 * 3_600_000);
    let file = fetched(hospital.bill(StatementKind::Trades, day).await);
    let statements = hospital.channel.statements().expect("an ability");
    assert!(file.name.ends_with("-trades-2026-03-05.zip"), "{}", file.name);
    let kept = std::fs::read(&file.path).expect("the file");
    assert!(kept.starts_with(b"PK"), "as Alipay gave it");
    assert_eq!(file.sha256, hex::encode(Sha256::digest(&kept)));
    let mut lines = Vec::new();
    let totals = statements
        .parse_trades(&file.path, &mut |line| {
            lines.push((line.kind, line.out_refund_no.into_owned(), line.amount))
        })
        .expect("a sound bill");
    assert_eq!((totals.lines, totals.paid, totals.refunded), (3, Fen::new(18_550), Fen::new(850)));
    assert!(lines.contains(&(LineKind::Refund, "R20260305000030".to_owned(), Fen::new(850))), "{lines:?}");
    let account = fetched(hospital.bill(StatementKind::FundFlow, day).await);
    let words = statements.fund_flow_words();
    let mut known = |line: FundFlowLine<'_>| {
        assert!(FundFlowKind::of(words, &line.kind).is_some(), "{}", line.kind);
    };
    let totals = statements.parse_fund_flow(&account.path, &mut known).expect("a sound bill");
    assert!(totals.incomes > 0, "{totals:?}");

    hospital.simulator.faults().add(Rule::next("alipay.bill_download", Fault::StatementHash));
    std::fs::remove_file(&file.path).expect("removed");
    assert!(matches!(hospital.bill(StatementKind::Trades, day).await, Err(CallError::Postponed { .. })));
    assert_eq!(hospital.kept(), [account.name], "nothing of the torn one");
    hospital.simulator.faults().add(Rule::next("alipay.bill_download", Fault::StatementRowDamaged));
    let damaged = fetched(hospital.bill(StatementKind::Trades, day).await);
    let refused = statements.parse_trades(&damaged.path, &mut |_| {});
    assert!(refused.is_err_and(|error| error.line > 0), "a damaged row is named");

    hospital.simulator.clock().advance_ms(24 * 3_600_000);
    assert!(matches!(
        hospital.bill(StatementKind::Trades, "2026-03-06").await,
        Ok(Fetched::NotYet | Fetched::NothingThatDay)
    ));
}

/// Two payments of 88.50 and 97.00, a refund of 8.50, and the next afternoon.
async fn the_next_afternoon() -> Hospital {
    let hospital = Hospital::open().await;
    let trade_no = hospital.paid("H20260305000030", 8850).await;
    hospital.paid("H20260305000031", 9700).await;
    let refund = refund_request("R20260305000030", "H20260305000030", &trade_no, 850, 8850);
    hospital.refund(&refund).await.expect("a refund");
    hospital.simulator.clock().advance_ms(29 * 3_600_000);
    hospital
}

const DAY: &str = "2026-03-05";

/// Order, signed fen, and whether a person should look at the row.
type Line = (String, i64, bool);

fn line(order: &str, fen: i64) -> Line {
    (order.to_owned(), fen, false)
}

fn truth() -> Vec<Line> {
    vec![line("H20260305000030", 8850), line("H20260305000031", 9700), line("H20260305000030", -850)]
}

impl Hospital {
    /// The names of the files in the directory of bills.
    fn kept(&self) -> Vec<String> {
        let files = std::fs::read_dir(self.bills.path()).expect("a directory");
        let mut names: Vec<String> =
            files.map(|file| file.expect("a file").file_name().to_string_lossy().into_owned()).collect();
        names.sort();
        names
    }

    async fn lines(&self) -> Vec<Line> {
        let file = fetched(self.bill(StatementKind::Trades, DAY).await);
        let mut lines = Vec::new();
        let statements = self.channel.statements().expect("an ability");
        let totals = statements
            .parse_trades(&file.path, &mut |line| {
                let sign = if line.kind == LineKind::Refund { -1 } else { 1 };
                lines.push((line.out_trade_no.into_owned(), sign * line.amount.get(), line.shifted));
            })
            .expect("a sound bill");
        assert_eq!(totals.lines, lines.len() as u64);
        lines.sort_by_key(|(_, fen, _)| *fen < 0);
        lines
    }

    fn damages_next_bill(&self, fault: Fault) {
        self.simulator.faults().add(Rule::next("alipay.bill_download", fault));
    }
}

#[tokio::test]
async fn a_bill_that_lacks_a_row_has_one_too_many_or_another_amount_is_sound_and_different() {
    let hospital = the_next_afternoon().await;
    assert_eq!(hospital.lines().await, truth());
    hospital.damages_next_bill(Fault::StatementRowMissing);
    assert_eq!(hospital.lines().await, truth()[1..]);
    hospital.damages_next_bill(Fault::StatementRowExtra);
    let mut more = truth();
    more.insert(2, line("NOBODY00000000000001", 8850));
    assert_eq!(hospital.lines().await, more);
    hospital.damages_next_bill(Fault::StatementAmount { delta_fen: 1 });
    let mut other = truth();
    other[0].1 += 1;
    assert_eq!(hospital.lines().await, other);
    let first = truth()[0].0.clone();
    hospital.damages_next_bill(Fault::StatementRows { missing: vec![first.clone()], doubled: Vec::new() });
    // A refund has a number of its own.
    let without: Vec<_> =
        truth().into_iter().filter(|(number, fen, _)| *number != first || *fen < 0).collect();
    assert_eq!(hospital.lines().await, without);
}

#[tokio::test]
async fn a_comma_in_a_subject_and_further_columns_move_no_money() {
    let hospital = the_next_afternoon().await;
    hospital.damages_next_bill(Fault::StatementComma);
    let mut flagged = truth();
    flagged[0].2 = true;
    assert_eq!(hospital.lines().await, flagged);
    hospital.damages_next_bill(Fault::StatementColumns);
    assert_eq!(hospital.lines().await, truth());
    hospital.damages_next_bill(Fault::StatementComma);
    let account = fetched(hospital.bill(StatementKind::FundFlow, DAY).await);
    let mut amounts = Vec::new();
    let statements = hospital.channel.statements().expect("an ability");
    let read = statements.parse_fund_flow(&account.path, &mut |line| amounts.push(line.amount));
    read.expect("a sound bill");
    assert_eq!(amounts[0], Fen::new(8850));
}

#[tokio::test]
async fn a_bill_that_its_summary_contradicts_is_fetched_again() {
    let hospital = the_next_afternoon().await;
    for (kind, cause) in [
        (StatementKind::Trades, "line 7, column 交易订单总笔数: is 1, but the detail has 2"),
        (StatementKind::FundFlow, "line 4: counts 2 with -9.08 yuan, but the rows are 3"),
    ] {
        hospital.damages_next_bill(Fault::StatementSummary);
        match hospital.bill(kind, DAY).await {
            Err(CallError::Postponed { message, .. }) => assert!(message.contains(cause), "{message}"),
            Err(error) => panic!("{error}"),
            Ok(_) => panic!("it was taken"),
        }
        fetched(hospital.bill(kind, DAY).await);
    }
}

#[tokio::test]
async fn a_bill_is_read_whatever_no_source_settles() {
    let hospital = the_next_afternoon().await;
    for quirks in [
        Quirks { bill_lines_end_with_cr: false, ..Quirks::default() },
        Quirks { refunds_give_the_fee_back: false, ..Quirks::default() },
        Quirks { bill_addresses_redirect: true, ..Quirks::default() },
        Quirks { blanks_in_answers: true, ..Quirks::default() },
    ] {
        hospital.simulator.alipay().set_quirks(quirks);
        assert_eq!(hospital.lines().await, truth(), "{quirks:?}");
        fetched(hospital.bill(StatementKind::FundFlow, DAY).await);
    }
}
