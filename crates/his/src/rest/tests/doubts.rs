//! Each way in which an answer can fail to be one, and what it means for money.

use super::*;
use crate::{BookingAnswer, Found, His as _, HisError, RefundBookingAnswer};
use mingfen_domain::BusinessDay;
use serde_json::json;
use tokio::net::TcpListener;

async fn booked(reply: Reply) -> BookingAnswer {
    asked(reply, async |his| his.book(&booking()).await).await.0
}

fn doubt(answer: BookingAnswer) -> String {
    match answer {
        BookingAnswer::InDoubt(text) => text,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn the_contracts_noes_are_believed() {
    for (status, code) in [
        (404, "NO_SUCH_SLIP"),
        (409, "SLIP_ALREADY_PAID"),
        (409, "SLIP_CANCELLED"),
        (409, "AMOUNT_MISMATCH"),
        (409, "ORDER_CONFLICT"),
    ] {
        let answer = booked(Reply::json(status, &json!({ "code": code, "message": "不行\n" }))).await;
        let refused = BookingAnswer::Refused { code: code.to_owned(), message: "不行".to_owned() };
        assert_eq!(answer, refused);
    }
}

#[tokio::test]
async fn a_no_that_the_contract_does_not_give_to_this_call_is_a_doubt() {
    for (status, body) in [
        (404, r#"{"code":"NO_SUCH_ORDER","message":""}"#),
        (409, r#"{"code":"SLIP_LOCKED","message":""}"#),
        (404, r#"{"code":"SLIP_ALREADY_PAID","message":""}"#),
        (409, r#"{"message":"no code"}"#),
        (404, "<html>nginx: not found</html>"),
        (404, ""),
    ] {
        let text = doubt(booked(Reply::Answer(status, body.into())).await);
        assert_eq!(text, format!("HTTP {status} without a code that this call may give"), "{body}");
    }
}

#[tokio::test]
async fn being_refused_as_a_caller_leaves_a_booking_in_doubt_and_names_the_cause() {
    for status in [400, 401, 403] {
        let body = json!({ "code": "CLOCK_SKEW", "message": "timestamp too old" });
        let text = doubt(booked(Reply::json(status, &body)).await);
        let wanted =
            format!("misconfigured: HIS refuses us as a caller: HTTP {status} CLOCK_SKEW timestamp too old");
        assert_eq!(text, wanted);
        let (answer, _) =
            asked(Reply::json(status, &body), async |his| his.book_refund(&refund()).await).await;
        assert_eq!(answer, RefundBookingAnswer::InDoubt(wanted));
        let (answer, _) =
            asked(Reply::json(status, &body), async |his| his.unlock(&hospital(), "L").await).await;
        let text = format!("HTTP {status} CLOCK_SKEW timestamp too old");
        assert_eq!(answer, Err(HisError::Misconfigured(text)));
    }
}

#[tokio::test]
async fn every_other_status_is_a_doubt_whatever_its_body_says() {
    let yes = json!({ "his_order_no": "H1", "receipt_no": "SJ1", "places": [], "code": "SLIP_CANCELLED" });
    for status in [201, 204, 302, 402, 405, 408, 410, 422, 429, 500, 502, 503, 504] {
        let text = doubt(booked(Reply::json(status, &yes)).await);
        assert_eq!(text, format!("HTTP {status}"));
    }
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let elsewhere = Server::saying([Reply::json(200, &json!({}))]).await;
    let head = format!("HTTP/1.1 307 X\r\nLocation: {}\r\nContent-Length: 0\r\n\r\n", elsewhere.url);
    assert_eq!(doubt(booked(Reply::Raw(head.into_bytes())).await), "HTTP 307");
    assert!(elsewhere.seen().is_empty());
}

#[tokio::test]
async fn an_unreadable_yes_is_a_doubt_and_is_not_repeated() {
    let name_in_gbk = [b"{\"his_order_no\":\"".as_slice(), &[0xD5, 0xC5, 0xC8, 0xFD], b"\"}"].concat();
    for (body, problem) in [
        (name_in_gbk, "the answer is not UTF-8 (another charset, for example GBK?)"),
        (b"".to_vec(), "the answer is empty"),
        (b"OK".to_vec(), "the answer is not JSON"),
        (b"{\"his_order_no\":\"H1\"".to_vec(), "the answer is not JSON"),
        (b"\xEF\xBB\xBF{}".to_vec(), "the answer is not JSON"),
        ("[".repeat(10_000).into_bytes(), "the answer is not JSON"),
        (b"{}".to_vec(), "the answer's his_order_no is missing"),
        (
            br#"{"his_order_no":7,"receipt_no":"","places":[]}"#.to_vec(),
            "the answer's his_order_no is not a text",
        ),
    ] {
        assert_eq!(doubt(booked(Reply::Answer(200, body)).await), problem);
    }
}

#[tokio::test]
async fn a_cut_connection_is_a_doubt() {
    for bytes in [
        "",
        "HTTP/1.1 20",
        "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{\"his_order_no\":\"H1\"",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{\"his",
        "this is not HTTP\r\n\r\n",
    ] {
        doubt(booked(Reply::Raw(bytes.into())).await);
    }
}

#[tokio::test]
async fn silence_is_a_doubt_when_the_time_is_up() {
    let server = Server::saying([Reply::Silence, Reply::Silence, Reply::Silence]).await;
    let short = RestHisSettings { timeout_ms: 50, ..settings(server.url.clone()) };
    let his = RestHis::new(short, Arc::new(noon()), Arc::new(Fixed::default())).unwrap();
    doubt(his.book(&booking()).await);
    assert!(matches!(his.find_booking(&hospital(), &bill_no()).await, Found::Unknown(_)));
    assert!(matches!(his.owed_slips(&hospital(), "A1").await, Err(HisError::NoAnswer(_))));
}

#[tokio::test]
async fn where_nobody_listens_nothing_was_sent() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = Url::parse(&format!("http://{}/his/v1", listener.local_addr().unwrap())).unwrap();
    drop(listener);
    let his = his(&url);
    assert!(matches!(his.book(&booking()).await, BookingAnswer::NotSent(_)));
    assert!(matches!(his.book_refund(&refund()).await, RefundBookingAnswer::NotSent(_)));
    assert!(matches!(his.find_booking(&hospital(), &bill_no()).await, Found::Unknown(_)));
    assert!(matches!(his.owed_slips(&hospital(), "A1").await, Err(HisError::NoAnswer(_))));
}

#[tokio::test]
async fn a_server_that_keeps_silent_in_the_tls_handshake_was_sent_nothing() {
    let server = Server::saying([]).await;
    let mut url = server.url.clone();
    url.set_scheme("https").unwrap();
    // The listener never accepts, so only the time-out for connecting ends this.
    let settings = RestHisSettings { connect_timeout_ms: 50, ..settings(url) };
    let his = RestHis::new(settings, Arc::new(noon()), Arc::new(Fixed::default())).unwrap();
    assert!(matches!(his.book(&booking()).await, BookingAnswer::NotSent(_)));
}

#[tokio::test]
async fn an_answer_has_a_largest_size() {
    let too_large = "the answer is larger than 1048576 bytes";
    let announced = "HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n{}";
    assert_eq!(doubt(booked(Reply::Raw(announced.into())).await), too_large);
    assert_eq!(doubt(booked(Reply::Endless).await), too_large);
    assert_eq!(doubt(booked(Reply::Answer(200, vec![b' '; 1024 * 1024 + 1])).await), too_large);

    let page = |blanks: usize| {
        let mut body = br#"{"rows":[],"has_next_page":false}"#.to_vec();
        body.resize(body.len() + blanks, b' ');
        Reply::Answer(200, body)
    };
    let day = BusinessDay::parse("2026-11-24").unwrap();
    let read = async |his: RestHis| his.ledger_page(&hospital(), day, 1).await;
    assert!(asked(page(2 * 1024 * 1024), read).await.0.is_ok());
    let (answer, _) = asked(page(8 * 1024 * 1024), read).await;
    assert_eq!(answer, Err(HisError::NoAnswer("the answer is larger than 8388608 bytes".to_owned())));
}

#[tokio::test]
async fn his_own_words_are_cut_and_cleaned() {
    let message = format!("{}\u{7}\r\n{}", "退".repeat(150), "药".repeat(150));
    let answer = booked(Reply::json(409, &json!({ "code": "SLIP_CANCELLED", "message": message }))).await;
    let BookingAnswer::Refused { message, .. } = answer else { panic!("{answer:?}") };
    assert_eq!(message, format!("{}{}", "退".repeat(150), "药".repeat(50)));
    let answer = booked(Reply::json(409, &json!({ "code": "slip\ncancelled", "message": "" }))).await;
    doubt(answer);
}
