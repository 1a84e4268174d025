//! The files of a day.

use crate::hospital::{Hospital, fetched, refund_request};
use mingfen_domain::Fen;
use mingfen_provider_api::CallError;
use mingfen_provider_api::statement::{Fetched, LineKind, StatementKind};
use mingfen_simulator::faults::{Fault, Rule};

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
    let mut lines = Vec::new();
    let totals = statements
        .parse_trades(&file, &mut |line| {
            lines.push((line.kind, line.out_refund_no.into_owned(), line.amount))
        })
        .expect("a sound bill");
    assert_eq!((totals.lines, totals.paid, totals.refunded), (3, Fen::new(18_550), Fen::new(850)));
    assert!(lines.contains(&(LineKind::Refund, "R20260305000030".to_owned(), Fen::new(850))), "{lines:?}");
    let account = fetched(hospital.bill(StatementKind::FundFlow, day).await);
    assert!(!statements.parse_fund_flow(&account).expect("a sound bill").is_empty());

    hospital.simulator.faults().add(Rule::next("alipay.bill_download", Fault::StatementHash));
    assert!(matches!(hospital.bill(StatementKind::Trades, day).await, Err(CallError::Postponed { .. })));
    hospital.simulator.faults().add(Rule::next("alipay.bill_download", Fault::StatementRowDamaged));
    let damaged = fetched(hospital.bill(StatementKind::Trades, day).await);
    let refused = statements.parse_trades(&damaged, &mut |_| {});
    assert!(refused.is_err_and(|error| error.line > 0), "a damaged row is named");

    hospital.simulator.clock().advance_ms(24 * 3_600_000);
    assert!(matches!(
        hospital.bill(StatementKind::Trades, "2026-03-06").await,
        Ok(Fetched::NotYet | Fetched::NothingThatDay)
    ));
}
