//! Both bills, from asking to totals.

use super::hospital::{Hospital, NOON};
use mingfen_domain::fund_flow::FundFlowKind;
use mingfen_domain::{BusinessDay, Fen, Timestamp};
use mingfen_provider_api::statement::{
    Fetched, FundFlowLine, LineKind, StatementFile, StatementKind, StatementLine, StatementTotals, Statements,
};
use mingfen_provider_api::{CallError, Refunds};
use mingfen_simulator::faults::{Fault, When};
use sha2::{Digest, Sha256};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

fn new_year() -> BusinessDay {
    BusinessDay::of(Timestamp::from_seconds(NOON))
}

/// A day with two payments and one refund, and the morning after it.
async fn morning_after() -> Hospital {
    let hospital = Hospital::open().await;
    let first = hospital.order("P2601011200000401", 1250).await;
    let paid = hospital.paid(&first).await;
    let second = hospital.order("P2601011200000402", 3000).await;
    hospital.paid(&second).await;
    let refund = hospital.refund("R2601011200000401", &first, &paid, 500);
    hospital.wechat.refund(&refund).await.expect("taken");
    hospital.pass_seconds(3);
    hospital.hears().await;
    hospital.pass_seconds(23 * 3600);
    hospital
}

async fn file(hospital: &Hospital, kind: StatementKind) -> StatementFile {
    match hospital.wechat.fetch(kind, new_year(), hospital.bills.path()).await {
        Ok(Fetched::File(file)) => file,
        Ok(_) => panic!("no file"),
        Err(error) => panic!("{error}"),
    }
}

impl Hospital {
    /// The names of the files in the directory of bills.
    fn kept(&self) -> Vec<String> {
        let files = std::fs::read_dir(self.bills.path()).expect("a directory");
        files.map(|file| file.expect("a file").file_name().to_string_lossy().into_owned()).collect()
    }
}

#[tokio::test]
async fn a_trade_bill_is_fetched_checked_and_read() {
    let hospital = morning_after().await;
    let file = file(&hospital, StatementKind::Trades).await;
    assert_eq!(file.name, "wechat-1900000001-trades-2026-01-01.csv");
    assert_eq!(hospital.kept(), ["wechat-1900000001-trades-2026-01-01.csv"]);
    let kept = std::fs::read(&file.path).expect("the file");
    assert!(kept.starts_with("\u{feff}交易时间".as_bytes()), "unpacked");
    assert_eq!(file.sha256, hex::encode(Sha256::digest(&kept)));
    let mut lines = Vec::new();
    let mut keep = |line: StatementLine<'_>| {
        lines.push((
            line.kind,
            line.out_trade_no.to_string(),
            line.out_refund_no.to_string(),
            line.amount.get(),
        ));
    };
    let totals = hospital.wechat.parse_trades(&file.path, &mut keep).expect("reads");
    assert_eq!(totals, StatementTotals { lines: 3, paid: Fen::new(4250), refunded: Fen::new(500) });
    assert!(lines.contains(&(
        LineKind::Refund,
        "P2601011200000401".to_owned(),
        "R2601011200000401".to_owned(),
        500
    )));
    assert!(lines.contains(&(LineKind::Payment, "P2601011200000402".to_owned(), String::new(), 3000)));
}

#[tokio::test]
async fn a_fund_flow_bill_is_fetched_checked_and_read() {
    let hospital = morning_after().await;
    let file = file(&hospital, StatementKind::FundFlow).await;
    let mut amounts = Vec::new();
    let words = hospital.wechat.fund_flow_words();
    let mut keep = |line: FundFlowLine<'_>| {
        assert!(FundFlowKind::of(words, &line.kind).is_some(), "{}", line.kind);
        amounts.push(line.amount);
    };
    hospital.wechat.parse_fund_flow(&file.path, &mut keep).expect("reads");
    assert!(amounts.contains(&Fen::new(1250)), "{amounts:?}");
    assert!(amounts.iter().any(|amount| *amount < Fen::ZERO), "{amounts:?}");
}

#[tokio::test]
async fn too_early_and_nothing_that_day_are_told_apart() {
    let hospital = morning_after().await;
    let quiet = BusinessDay::parse("2025-12-30").expect("a day");
    assert!(matches!(
        hospital.wechat.fetch(StatementKind::Trades, quiet, hospital.bills.path()).await,
        Ok(Fetched::NothingThatDay)
    ));
    hospital.pass_seconds(-3 * 3600);
    assert!(matches!(
        hospital.wechat.fetch(StatementKind::Trades, new_year(), hospital.bills.path()).await,
        Ok(Fetched::NotYet)
    ));
}

#[tokio::test]
async fn no_bill_before_ten_is_too_early_and_not_an_empty_day() {
    let hospital = morning_after().await;
    let no_bill =
        || hospital.says("wechat.tradebill", 400, "NO_STATEMENT_EXIST", "账单文件不存在", When::Before);
    // Eleven o'clock of the next day; back to a minute before ten.
    hospital.pass_seconds(-3660 - 3);
    no_bill();
    assert!(matches!(
        hospital.wechat.fetch(StatementKind::Trades, new_year(), hospital.bills.path()).await,
        Ok(Fetched::NotYet)
    ));
    hospital.pass_seconds(60 + 3);
    no_bill();
    let fetched = hospital.wechat.fetch(StatementKind::Trades, new_year(), hospital.bills.path()).await;
    assert!(matches!(fetched, Ok(Fetched::NothingThatDay)));
}

#[tokio::test]
async fn a_file_without_the_signed_hash_is_not_taken() {
    let hospital = morning_after().await;
    hospital.fault("wechat.*", Fault::StatementHash);
    let fetched = hospital.wechat.fetch(StatementKind::Trades, new_year(), hospital.bills.path()).await;
    assert!(matches!(fetched, Err(CallError::InDoubt(_))));
    assert!(hospital.kept().is_empty());
}

/// A download address of its own that answers with these bytes, whatever is asked.
async fn elsewhere(bytes: &'static [u8]) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("an address");
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut request = [0; 4096];
            let _read = stream.read(&mut request).await;
            let head =
                format!("HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: {}\r\n\r\n", bytes.len());
            let _written = stream.write_all(head.as_bytes()).await;
            let _written = stream.write_all(bytes).await;
        }
    });
    format!("http://{address}")
}

#[tokio::test]
async fn a_damaged_archive_is_no_bill() {
    let hospital = morning_after().await;
    for bytes in [
        // The head of an archive and nothing that can be unpacked; then an archive of another file.
        &b"\x1F\x8B\x08\x00\x00\x00\x00\x00\x00\xFFdamaged"[..],
        b"\x1F\x8B\x08\x00\x00\x00\x00\x00\x00\xFF\x03\x00\x00\x00\x00\x00\x00\x00\x00\x00",
        b"<html>404</html>",
    ] {
        let base = elsewhere(bytes).await;
        let wechat = hospital.with_settings(&format!("bill_base_url = \"{base}\"\n"));
        let fetched = wechat.fetch(StatementKind::Trades, new_year(), hospital.bills.path()).await;
        assert!(matches!(fetched, Err(CallError::InDoubt(_))));
    }
    hospital.fault("wechat.billdownload", Fault::Truncated);
    let fetched = hospital.wechat.fetch(StatementKind::Trades, new_year(), hospital.bills.path()).await;
    assert!(matches!(fetched, Err(CallError::InDoubt(_))));
    assert!(hospital.kept().is_empty(), "a partial download leaves no file");
    let nowhere = hospital.bills.path().join("nowhere");
    let fetched = hospital.wechat.fetch(StatementKind::Trades, new_year(), &nowhere).await;
    match fetched {
        Err(CallError::InDoubt(cause)) => assert!(cause.contains("could not be written"), "{cause}"),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_damaged_row_is_named() {
    let hospital = morning_after().await;
    hospital.fault("wechat.*", Fault::StatementRowDamaged);
    let file = file(&hospital, StatementKind::Trades).await;
    let error = hospital.wechat.parse_trades(&file.path, &mut |_| ()).expect_err("damaged");
    assert_eq!(error.line, 2, "{error}");
}

#[tokio::test]
async fn a_row_that_wechat_forgot_reads_well_and_one_that_was_lost_does_not() {
    let hospital = morning_after().await;
    hospital.fault("wechat.*", Fault::StatementRowMissing);
    let forgotten = file(&hospital, StatementKind::Trades).await;
    let totals = hospital.wechat.parse_trades(&forgotten.path, &mut |_| ()).expect("well-formed");
    assert_eq!(totals.lines, 2);
    hospital.fault("wechat.*", Fault::StatementRowMissing);
    hospital.fault("wechat.*", Fault::StatementSummaryKept);
    let lost = file(&hospital, StatementKind::Trades).await;
    let error = hospital.wechat.parse_trades(&lost.path, &mut |_| ()).expect_err("the summary counts three");
    assert!(error.problem.contains("the summary says"), "{error}");
}

#[tokio::test]
async fn downloads_may_go_by_another_address() {
    let hospital = morning_after().await;
    let wechat = hospital.with_settings(&format!("bill_base_url = \"{}\"\n", hospital.sim.base_url));
    assert!(matches!(
        wechat.fetch(StatementKind::Trades, new_year(), hospital.bills.path()).await,
        Ok(Fetched::File(_))
    ));
}
