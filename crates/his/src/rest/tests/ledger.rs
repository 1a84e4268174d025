//! A day page by page, over the wire.

use super::server::{Reply, Server};
use super::{his, hospital};
use crate::ledger::{Ledger, LedgerError, LedgerSum, PagedLedger};
use mingfen_domain::{BusinessDay, Fen};
use serde_json::{Value, json};
use std::ops::ControlFlow;
use std::sync::Arc;

fn row(row_no: &str, kind: &str, amount_fen: i64) -> Value {
    json!({
        "row_no": row_no, "kind": kind, "order_no": "B1", "refund_no": "R1", "out_trade_no": "P1", "provider_trade_no": "42",
        "channel": "wechat-main", "his_order_no": "H1", "amount_fen": amount_fen, "booked_at": "2026-11-24T23:59:59+08:00"
    })
}

fn page(rows: &[Value], has_next_page: bool) -> Reply {
    Reply::json(200, &json!({ "rows": rows, "has_next_page": has_next_page }))
}

/// Reads a day of a HIS that gives these pages; answers what was said at the end, the row numbers that came before, and the pages
/// that were asked for.
async fn read_pages(
    replies: impl IntoIterator<Item = Reply>,
) -> (Result<(LedgerSum, LedgerSum), LedgerError>, String, Vec<u64>) {
    let server = Server::saying(replies).await;
    let ledger = PagedLedger::new(Arc::new(his(&server.url)));
    let mut numbers = Vec::new();
    let day = BusinessDay::parse("2026-11-24").unwrap();
    let read = ledger
        .read_day(&hospital(), day, &mut |row| {
            numbers.push(row.row_no);
            ControlFlow::Continue(())
        })
        .await;
    let asked = server.seen().iter().map(|seen| seen.json()["page"].as_u64().unwrap()).collect();
    (read.map(|day| (day.payments, day.refunds)), numbers.join(" "), asked)
}

fn sum(rows: u64, fen: i64) -> LedgerSum {
    LedgerSum { rows, total: Fen::new(fen) }
}

fn first() -> Reply {
    page(&[row("1", "payment", 100), row("2", "refund", 30)], true)
}

#[tokio::test]
async fn a_day_of_one_page_is_asked_for_once() {
    let (read, numbers, asked) = read_pages([page(&[row("1", "payment", 24600)], false)]).await;
    assert_eq!((read, numbers.as_str(), asked), (Ok((sum(1, 24600), sum(0, 0))), "1", vec![1]));
    let (read, ..) = read_pages([page(&[], false)]).await;
    assert_eq!(read, Ok((sum(0, 0), sum(0, 0))), "a day without bookings is a day");
}

#[tokio::test]
async fn pages_are_read_to_the_last_and_compared_once_more() {
    let second = || page(&[row("3", "payment", 5)], true);
    let last = page(&[row("4", "refund", 7)], false);
    let (read, numbers, asked) = read_pages([first(), second(), last, first(), second()]).await;
    assert_eq!(read, Ok((sum(2, 105), sum(2, 37))));
    assert_eq!((numbers.as_str(), asked), ("1 2 3 4", vec![1, 2, 3, 1, 2]));
}

#[tokio::test]
async fn a_page_that_fails_makes_the_day_incomplete() {
    let (read, _, asked) = read_pages([first(), Reply::json(503, &json!({}))]).await;
    let error = read.unwrap_err();
    assert!(error.is_worth_repeating());
    assert_eq!(
        error.to_string(),
        "HIS ledger of 2026-11-24, page 2: no usable answer from HIS: HTTP 503. The day is incomplete: read it again later; \
         if that does not help, show this to the HIS vendor."
    );
    assert_eq!(asked, [1, 2]);
    let (read, ..) =
        read_pages([Reply::json(401, &json!({ "code": "BAD_SIGNATURE", "message": "key" }))]).await;
    assert!(matches!(read, Err(LedgerError::Misconfigured(_))), "{read:?}");
}

#[tokio::test]
async fn rows_that_move_between_pages_are_noticed() {
    // HIS booked one more in front, so the second row stands on page 2 as well.
    let (read, ..) =
        read_pages([first(), page(&[row("2", "refund", 30), row("3", "payment", 5)], false)]).await;
    let error = read.unwrap_err();
    assert!(error.is_worth_repeating());
    assert!(
        error.to_string().contains("page 2, row 1 (row_no 2): its row_no was on an earlier page already"),
        "{error}"
    );

    // HIS took row 1 away after page 1 was read: row 3 slipped onto page 1, and nobody would ever see it.
    let moved = page(&[row("2", "refund", 30), row("3", "payment", 5)], true);
    let (read, numbers, _) = read_pages([first(), page(&[row("4", "payment", 5)], false), moved]).await;
    let error = read.unwrap_err();
    assert!(error.is_worth_repeating());
    assert!(error.to_string().contains("page 1: it is not what it was a moment ago"), "{error}");
    assert_eq!(numbers, "1 2 4");
}

#[tokio::test]
async fn what_no_ledger_may_say_is_for_a_person() {
    let mut yesterday = row("9", "payment", 5);
    yesterday["booked_at"] = json!("2026-11-22T23:59:59+08:00");
    let mut named = row("张三", "payment", 5);
    named["booked_at"] = yesterday["booked_at"].clone();
    let most = || row("1", "payment", i64::MAX);
    for (reply, problem) in [
        (
            page(&[row("1", "payment", 1), row("1", "payment", 1)], false),
            "page 1, row 2 (row_no 1): its row_no is on this page twice",
        ),
        (
            page(&[row("1", "fee", 1)], false),
            "page 1: HIS breaks the contract: the answer's rows[0].kind is neither payment nor refund",
        ),
        (page(&[], true), "the page is empty and still announces another one"),
        (
            page(&[yesterday], false),
            "page 1, row 1 (row_no 9): booked_at lies more than a day away from 2026-11-24",
        ),
        (page(&[named], false), "page 1, row 1: booked_at"),
        (page(&[most(), row("2", "payment", 1)], false), "row 2 (row_no 2): the amounts up to here"),
    ] {
        let (read, ..) = read_pages([reply]).await;
        let Err(error @ LedgerError::Unreadable(_)) = &read else { panic!("{problem}: {read:?}") };
        assert!(error.to_string().contains(problem) && !error.is_worth_repeating(), "{error}");
    }
}

#[tokio::test]
async fn a_day_may_be_cut_at_another_hour_than_midnight() {
    let mut early = row("1", "payment", 5);
    early["booked_at"] = json!("2026-11-23T17:00:00+08:00");
    assert!(read_pages([page(&[early], false)]).await.0.is_ok());
}

#[tokio::test]
async fn whoever_takes_rows_may_stop() {
    let server = Server::saying([first()]).await;
    let ledger = PagedLedger::new(Arc::new(his(&server.url)));
    let day = BusinessDay::parse("2026-11-24").unwrap();
    let read = ledger.read_day(&hospital(), day, &mut |_| ControlFlow::Break(())).await;
    assert_eq!(read, Err(LedgerError::BrokenOff));
    assert_eq!(server.seen().len(), 1);
}
