//! Every call against the scripted gateway: what goes out, and what each kind of answer means for the money.

use super::*;
use crate::alipay::Cancelled;
use mingfen_domain::BusinessDay;
use mingfen_domain::ids::{OutRefundNo, OutTradeNo, ProviderRefundNo, ProviderTradeNo};
use mingfen_provider_api::statement::{Fetched, StatementKind};
use mingfen_provider_api::{
    AuthoriseError, Bridge, Payer, PayerScene, RefundRequest, RefundSighting, Sighted, SightedRefund,
};

const SUCCESS: &str = "\"code\":\"10000\",\"msg\":\"Success\"";

fn number() -> OutTradeNo {
    OutTradeNo::parse(ORDER).unwrap()
}

fn in_app(kind: &str) -> OrderRequest {
    order(PayerScene::InApp(Payer { kind: kind.to_owned(), id: "069zXXXX".to_owned() }))
}

fn refund_request() -> RefundRequest {
    RefundRequest {
        out_refund_no: OutRefundNo::parse("R20260305000001").unwrap(),
        out_trade_no: number(),
        provider_trade_no: ProviderTradeNo::parse(TRADE).unwrap(),
        amount: Amount::from_fen(850).unwrap(),
        paid: Amount::from_fen(8850).unwrap(),
        reason: "退费".to_owned(),
        notify_url: "https://pay.example-hospital.cn/n/alipay".to_owned(),
    }
}

async fn query(answer: Answer) -> Result<Sighted, CallError> {
    let (address, _server) = gateway(vec![answer]).await;
    channel(&address).inquiry().unwrap().query(&number()).await.map(|sighting| sighting.seen)
}

async fn refund(answers: Vec<Answer>) -> Result<RefundSighting, CallError> {
    let (address, _server) = gateway(answers).await;
    channel(&address).refunds().unwrap().refund(&refund_request()).await
}

fn paid_at(text: &str) -> Sighted {
    Sighted::Paid {
        provider_trade_no: ProviderTradeNo::parse(TRADE).unwrap(),
        amount: Amount::from_fen(8850).unwrap(),
        paid_at: Timestamp::from_beijing_text(text).unwrap(),
    }
}

#[tokio::test]
async fn an_order_in_the_app_becomes_a_trade() {
    let node = r#"{"code":"10000","msg":"Success","out_trade_no":"H20260305000001","trade_no":"2026030522001400001000000001"}"#;
    let (address, server) = gateway(vec![Answer::Signed(node), Answer::Signed(node)]).await;
    let channel = channel(&address);
    let request = in_app("open_id");
    let opened = channel.open_order(&request).await.unwrap();
    assert_eq!((opened.handle.as_str(), opened.usable_until), (TRADE, request.expires_at));
    assert_eq!(
        channel.present(&request, &opened.handle, NOW).unwrap(),
        Presentation::InApp {
            bridge: Bridge::Alipay,
            parameters: vec![("tradeNO".to_owned(), TRADE.to_owned())]
        }
    );
    channel.open_order(&request).await.unwrap();
    let asked = server.await.unwrap();
    assert_eq!(
        value(&asked[0], "biz_content"),
        r#"{"out_trade_no":"H20260305000001","total_amount":"88.50","subject":"门诊缴费 张 三","product_code":"JSAPI_PAY","seller_id":"2088100000000001","time_expire":"2026-03-05 09:45:00","buyer_open_id":"069zXXXX"}"#
    );
    assert_eq!(asked[0], asked[1], "a repeat sends the same bytes");
    assert_eq!(value(&asked[0], "timestamp"), "2026-03-05 09:30:00");
    assert_eq!(value(&asked[0], "notify_url"), "https://pay.example-hospital.cn/n/alipay");
}

#[tokio::test]
async fn a_payer_of_another_app_is_not_sent() {
    let refused = channel("http://127.0.0.1:1").open_order(&in_app("openid")).await;
    assert!(matches!(refused, Err(CallError::NotSent(_))), "{refused:?}");
}

#[tokio::test]
async fn a_code_lives_two_hours_at_most() {
    let node = r#"{"code":"10000","msg":"Success","out_trade_no":"H20260305000001","qr_code":"https:\/\/qr.alipay.com\/bax00000test"}"#;
    let (address, server) = gateway(vec![Answer::Signed(node)]).await;
    let mut request = order(PayerScene::ShownCode);
    request.expires_at = NOW.plus_seconds(3 * 3600);
    let channel = channel(&address);
    let opened = channel.open_order(&request).await.unwrap();
    assert_eq!(opened.handle, "https://qr.alipay.com/bax00000test");
    assert_eq!(opened.usable_until, NOW.plus_seconds(2 * 3600));
    let asked = server.await.unwrap();
    assert!(value(&asked[0], "biz_content").contains("\"product_code\":\"QR_CODE_OFFLINE\""));
}

#[tokio::test]
async fn a_browser_gets_a_signed_address_and_nothing_is_sent_before() {
    let channel = channel("http://127.0.0.1:1");
    let request = order(PayerScene::MobileBrowser { client_ip: "203.0.113.7".to_owned() });
    let opened = channel.open_order(&request).await.unwrap();
    assert_eq!(opened.handle, "wap");
    let Presentation::Redirect { url } =
        channel.present(&request, &opened.handle, NOW.plus_seconds(60)).unwrap()
    else {
        panic!("no redirect")
    };
    let asked = parameters(url.split_once('?').unwrap().1);
    check_request(&asked);
    assert_eq!(value(&asked, "timestamp"), "2026-03-05 09:31:00");
    let content = value(&asked, "biz_content");
    assert!(content.contains(r#""business_params":{"mc_create_trade_ip":"203.0.113.7"}"#), "{content}");
    assert!(content.contains(r#""quit_url":"https://pay.example-hospital.cn/r""#), "{content}");
}

#[tokio::test]
async fn an_order_in_the_app_names_the_payers_address_where_it_is_known() {
    let node =
        r#"{"code":"10000","out_trade_no":"H20260305000001","trade_no":"2026030522001400001000000001"}"#;
    for (client_ip, named) in [(Some("203.0.113.7"), true), (Some("10.0.0.8"), false), (None, false)] {
        let (address, server) = gateway(vec![Answer::Signed(node)]).await;
        let request = OrderRequest { client_ip: client_ip.map(str::to_owned), ..in_app("user_id") };
        channel(&address).open_order(&request).await.unwrap();
        let asked = server.await.unwrap();
        let content = value(&asked[0], "biz_content");
        let said = content.contains(r#""business_params":{"mc_create_trade_ip":"203.0.113.7"}"#);
        assert_eq!((said, content.contains("business_params")), (named, named), "{content}");
    }
}

#[tokio::test]
async fn addresses_that_alipay_cuts_off_are_not_sent() {
    let channel = channel("http://127.0.0.1:1");
    let browser = || order(PayerScene::MobileBrowser { client_ip: "203.0.113.7".to_owned() });
    let long = |length: usize| format!("https://pay.example-hospital.cn/{}", "x".repeat(length - 32));
    assert!(
        channel
            .open_order(&OrderRequest { return_url: long(256), notify_url: long(256), ..browser() })
            .await
            .is_ok()
    );
    for (request, name) in [
        (OrderRequest { notify_url: long(257), ..in_app("user_id") }, "notify_url has 257"),
        (OrderRequest { return_url: long(257), ..browser() }, "return_url has 257"),
    ] {
        match channel.open_order(&request).await {
            Err(CallError::NotSent(why)) => assert!(why.contains(name), "{why}"),
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test]
async fn a_query_tells_each_state() {
    let node = |status: &str, further: &str| -> Answer {
        let text = format!(
            r#"{{{SUCCESS},"out_trade_no":"{ORDER}","trade_no":"{TRADE}","trade_status":"{status}","total_amount":"88.50"{further}}}"#
        );
        Answer::Signed(Box::leak(text.into_boxed_str()))
    };
    let date = r#","send_pay_date":"2026-03-05 09:30:45""#;
    for (status, further, seen) in [
        ("WAIT_BUYER_PAY", r#","receipt_amount":"0.00""#, Sighted::Waiting),
        ("TRADE_SUCCESS", date, paid_at("2026-03-05 09:30:45")),
        ("TRADE_FINISHED", date, paid_at("2026-03-05 09:30:45")),
        ("TRADE_CLOSED", date, paid_at("2026-03-05 09:30:45")),
        ("TRADE_CLOSED", r#","receipt_amount":"0.00","buyer_pay_amount":"0.00""#, Sighted::Closed),
        ("TRADE_SUCCESS", "", paid_at("2026-03-05 09:30:00")),
        ("TRADE_FINISHED", r#","send_pay_date":"""#, paid_at("2026-03-05 09:30:00")),
        ("FROZEN", date, Sighted::Unknown { text: "trade_status FROZEN".to_owned() }),
    ] {
        assert_eq!(query(node(status, further)).await, Ok(seen), "{status} {further}");
    }
    let missing =
        r#"{"code":"40004","msg":"Business Failed","sub_code":"ACQ.TRADE_NOT_EXIST","sub_msg":"交易不存在"}"#;
    assert_eq!(query(Answer::Signed(missing)).await, Ok(Sighted::Missing));
}

#[tokio::test]
async fn a_closed_trade_with_money_and_no_date_is_asked_after_its_refund() {
    let closed = r#"{"code":"10000","msg":"Success","out_trade_no":"H20260305000001","trade_no":"2026030522001400001000000001","trade_status":"TRADE_CLOSED","total_amount":"88.50","receipt_amount":"88.50"}"#;
    let refunded = r#"{"code":"10000","msg":"Success","out_request_no":"H20260305000001","refund_status":"REFUND_SUCCESS","gmt_refund_pay":"2026-03-05 11:05:00"}"#;
    let (address, _server) = gateway(vec![Answer::Signed(closed), Answer::Signed(refunded)]).await;
    let seen = channel(&address).inquiry().unwrap().query(&number()).await.unwrap().seen;
    assert_eq!(seen, paid_at("2026-03-05 11:05:00"));
}

#[tokio::test]
async fn an_answer_that_proves_nothing_is_in_doubt() {
    let paid = r#"{"code":"10000","msg":"Success","out_trade_no":"H20260305000001","trade_no":"2026030522001400001000000001","trade_status":"TRADE_SUCCESS","total_amount":"88.50","send_pay_date":"2026-03-05 09:30:45"}"#;
    let unsigned = format!(r#"{{"alipay_trade_query_response":{paid}}}"#);
    let by_another = signed("alipay.trade.query", paid, &APP.signer(), "");
    let tampered = signed("alipay.trade.query", paid, &ALIPAY.signer(), "").replace("88.50", "88.51");
    let unsigned_missing =
        r#"{"alipay_trade_query_response":{"code":"40004","sub_code":"ACQ.TRADE_NOT_EXIST"}}"#.to_owned();
    let other_order = paid.replace(ORDER, "H20260305000009");
    for answer in [
        Answer::Raw(unsigned),
        Answer::Raw(by_another),
        Answer::Raw(tampered),
        Answer::Raw(unsigned_missing),
        Answer::Raw(signed("alipay.trade.query", &other_order, &ALIPAY.signer(), "")),
        Answer::Raw("<html>\u{fffd}</html>".to_owned()),
        Answer::Raw(String::new()),
        Answer::Status(502, "bad gateway"),
        Answer::Signed(
            r#"{"code":"20000","msg":"Service Currently Unavailable","sub_code":"isp.unknow-error"}"#,
        ),
        Answer::Raw(
            r#"{"error_response":{"code":"20000","msg":"Service Currently Unavailable"}}"#.to_owned(),
        ),
        Answer::Raw(r#"{"error_response":{"code":"10000","msg":"Success"}}"#.to_owned()),
    ] {
        let seen = query(answer).await;
        assert!(matches!(seen, Err(CallError::InDoubt(_))), "{seen:?}");
    }
}

#[tokio::test]
async fn a_refusal_of_the_gateway_needs_no_signature() {
    let refusal = r#"{"error_response":{"code":"40002","msg":"Invalid Arguments","sub_code":"isv.invalid-signature","sub_msg":"验签字符串 biz_content={secret}"}}"#;
    match query(Answer::Raw(refusal.to_owned())).await {
        Err(CallError::Refused { code, message }) => {
            assert_eq!(code, "isv.invalid-signature");
            assert!(!message.contains("secret"), "{message}");
        }
        other => panic!("{other:?}"),
    }
    let limited = r#"{"alipay_trade_query_response":{"code":"40005","msg":"Call Limited","sub_code":"isv.app-call-limited"}}"#;
    assert!(matches!(query(Answer::Raw(limited.to_owned())).await, Err(CallError::Postponed { .. })));
}

#[tokio::test]
async fn nothing_is_sent_where_nobody_listens() {
    let seen = channel("http://127.0.0.1:1").inquiry().unwrap().query(&number()).await;
    assert!(matches!(seen, Err(CallError::NotSent(_))), "{seen:?}");
}

#[tokio::test]
async fn closing_believes_the_query_when_it_lost_the_race() {
    let close = async |answers| {
        let (address, _server) = gateway(answers).await;
        channel(&address).inquiry().unwrap().close(&number()).await.map(|sighting| sighting.seen)
    };
    let closed = r#"{"code":"10000","msg":"Success","out_trade_no":"H20260305000001","trade_no":"1"}"#;
    assert_eq!(close(vec![Answer::Signed(closed)]).await, Ok(Sighted::Closed));
    let unscanned = r#"{"code":"40004","sub_code":"ACQ.TRADE_NOT_EXIST"}"#;
    assert_eq!(close(vec![Answer::Signed(unscanned)]).await, Ok(Sighted::Missing));
    let lost = r#"{"code":"40004","sub_code":"ACQ.REASON_TRADE_STATUS_INVALID"}"#;
    let paid = r#"{"code":"10000","out_trade_no":"H20260305000001","trade_no":"2026030522001400001000000001","trade_status":"TRADE_SUCCESS","total_amount":"88.50","send_pay_date":"2026-03-05 09:30:45"}"#;
    assert_eq!(
        close(vec![Answer::Signed(lost), Answer::Signed(paid)]).await,
        Ok(paid_at("2026-03-05 09:30:45"))
    );
}

#[tokio::test]
async fn cancelling_says_what_it_did() {
    for (node, expected) in [
        (r#"{"code":"10000","action":"close","retry_flag":"N"}"#, Some(Cancelled::Closed)),
        (r#"{"code":"10000","action":"refund","retry_flag":"N"}"#, Some(Cancelled::Refunded)),
        (r#"{"code":"10000","retry_flag":"N"}"#, Some(Cancelled::Nothing)),
        (r#"{"code":"40004","sub_code":"ACQ.TRADE_NOT_EXIST"}"#, Some(Cancelled::Nothing)),
        (r#"{"code":"10000","retry_flag":"Y"}"#, None),
        (r#"{"code":"40004","sub_code":"ACQ.SELLER_BALANCE_NOT_ENOUGH"}"#, None),
    ] {
        let (address, _server) = gateway(vec![Answer::Signed(node)]).await;
        let cancelled = channel(&address).cancel(&number()).await;
        match expected {
            Some(expected) => assert_eq!(cancelled, Ok(expected), "{node}"),
            None => assert!(matches!(cancelled, Err(CallError::Postponed { .. })), "{node} {cancelled:?}"),
        }
    }
}

#[tokio::test]
async fn a_cancellation_of_another_order_settles_nothing() {
    let other = r#"{"code":"10000","action":"close","out_trade_no":"H20260305000009","retry_flag":"N"}"#;
    let (address, _server) = gateway(vec![Answer::Signed(other)]).await;
    let cancelled = channel(&address).cancel(&number()).await;
    assert!(matches!(cancelled, Err(CallError::InDoubt(_))), "{cancelled:?}");
}

const MOVED: &str = r#"{"code":"10000","msg":"Success","fund_change":"Y","gmt_refund_pay":"2026-03-05 11:02:10","out_trade_no":"H20260305000001","refund_fee":"8.50","trade_no":"2026030522001400001000000001"}"#;
const REPEATED: &str = r#"{"code":"10000","msg":"Success","fund_change":"N","gmt_refund_pay":"2026-03-05 11:02:10","out_trade_no":"H20260305000001","refund_fee":"8.50"}"#;
const REFUNDED: &str = r#"{"code":"10000","msg":"Success","gmt_refund_pay":"2026-03-05 11:05:00","out_request_no":"R20260305000001","out_trade_no":"H20260305000001","refund_amount":"8.50","refund_status":"REFUND_SUCCESS"}"#;
const NEVER_USED: &str = r#"{"code":"10000","msg":"Success"}"#;

#[tokio::test]
async fn a_refund_has_moved_money_when_it_says_so() {
    let (address, server) = gateway(vec![Answer::Signed(MOVED)]).await;
    let sighting = channel(&address).refunds().unwrap().refund(&refund_request()).await.unwrap();
    match sighting.seen {
        SightedRefund::Succeeded { refunded_at, provider_refund_no } => {
            assert_eq!(refunded_at.to_beijing_text(), "2026-03-05 11:02:10");
            assert_eq!(provider_refund_no.as_str(), "R20260305000001");
        }
        other => panic!("{other:?}"),
    }
    assert_eq!(sighting.amount, None, "refund_fee is the sum of all refunds, not this one's");
    assert_eq!(
        value(&server.await.unwrap()[0], "biz_content"),
        r#"{"trade_no":"2026030522001400001000000001","refund_amount":"8.50","out_request_no":"R20260305000001","refund_reason":"退费","query_options":["deposit_back_info"]}"#
    );
}

#[tokio::test]
async fn a_refund_that_is_not_proven_is_asked_after() {
    let sighting = refund(vec![Answer::Signed(REPEATED), Answer::Signed(REFUNDED)]).await.unwrap();
    assert_eq!(sighting.amount, Amount::from_fen(850).ok());
    assert!(matches!(sighting.seen, SightedRefund::Succeeded { .. }));
    // Not refunded or still running: only in doubt is it asked after and sent again under its number.
    let silent = refund(vec![Answer::Signed(REPEATED), Answer::Signed(NEVER_USED)]).await;
    assert!(matches!(silent, Err(CallError::InDoubt(_))), "{silent:?}");
    let unsigned = Answer::Raw(format!(r#"{{"alipay_trade_refund_response":{MOVED}}}"#));
    let sighting = refund(vec![unsigned]).await;
    assert!(matches!(sighting, Err(CallError::InDoubt(_))), "{sighting:?}");
}

#[tokio::test]
async fn money_that_this_call_moved_needs_no_time_to_be_believed() {
    const TIMELESS: &str = r#"{"code":"10000","fund_change":"Y","out_trade_no":"H20260305000001","refund_fee":"8.50","gmt_refund_pay":""}"#;
    let moment = async |answers| match refund(answers).await.unwrap().seen {
        SightedRefund::Succeeded { refunded_at, .. } => refunded_at.to_beijing_text(),
        other => panic!("{other:?}"),
    };
    assert_eq!(
        moment(vec![Answer::Signed(TIMELESS), Answer::Signed(REFUNDED)]).await,
        "2026-03-05 11:05:00",
        "the query knows the time"
    );
    for silence in [Answer::Signed(NEVER_USED), Answer::Status(502, "")] {
        assert_eq!(moment(vec![Answer::Signed(TIMELESS), silence]).await, NOW.to_beijing_text());
    }
    let other_sum = refund(vec![Answer::Raw(signed(
        "alipay.trade.refund",
        &TIMELESS.replace("8.50", "8.49"),
        &ALIPAY.signer(),
        "",
    ))])
    .await;
    assert!(matches!(other_sum, Err(CallError::InDoubt(_))), "{other_sum:?}");
}

/// An answer to a query of the order.
fn trade(status: &str, further: &str) -> Answer {
    let text = format!(
        r#"{{{SUCCESS},"out_trade_no":"{ORDER}","trade_no":"{TRADE}","trade_status":"{status}","total_amount":"88.50"{further}}}"#
    );
    Answer::Raw(signed("alipay.trade.query", &text, &ALIPAY.signer(), ""))
}

const PAID_THEN: &str = r#","send_pay_date":"2026-03-05 09:30:45""#;

#[tokio::test]
async fn a_refusal_that_an_earlier_call_may_explain_is_asked_after() {
    let closed = r#"{"code":"40004","sub_code":"ACQ.TRADE_HAS_CLOSE","sub_msg":"交易已关闭"}"#;
    let sighting = refund(vec![Answer::Signed(closed), Answer::Signed(REFUNDED)]).await.unwrap();
    assert!(matches!(sighting.seen, SightedRefund::Succeeded { .. }));
    // The refund that closed the trade may be ours, still running.
    let silent = vec![Answer::Signed(closed), Answer::Signed(NEVER_USED), trade("TRADE_CLOSED", PAID_THEN)];
    let silent = refund(silent).await;
    assert!(matches!(silent, Err(CallError::InDoubt(_))), "{silent:?}");
    // Closed unpaid, it has nothing to give back.
    let unpaid = vec![Answer::Signed(closed), Answer::Signed(NEVER_USED), trade("TRADE_CLOSED", "")];
    match refund(unpaid).await {
        Err(CallError::Refused { code, message }) => {
            assert_eq!((code.as_str(), message.as_str()), ("ACQ.TRADE_HAS_CLOSE", "交易已关闭"));
        }
        other => panic!("{other:?}"),
    }
    let away = refund(vec![Answer::Signed(closed), Answer::Status(502, "")]).await;
    assert!(matches!(away, Err(CallError::InDoubt(_))), "{away:?}");
    let away =
        refund(vec![Answer::Signed(closed), Answer::Signed(NEVER_USED), Answer::Status(502, "")]).await;
    assert!(matches!(away, Err(CallError::InDoubt(_))), "{away:?}");
}

#[tokio::test]
async fn only_a_trade_past_its_refunds_makes_an_unexplained_refusal_final() {
    for sub_code in [
        "ACQ.REASON_TRADE_STATUS_INVALID",
        "ACQ.REASON_TRADE_REFUND_FEE_ERR",
        "ACQ.TRADE_HAS_FINISHED",
        "ACQ.TRADE_NOT_EXIST",
        "ACQ.NAMED_NOWHERE",
        "",
    ] {
        for (status, is_final) in [("TRADE_SUCCESS", false), ("TRADE_FINISHED", true), ("NEW", false)] {
            let refusal = format!(r#"{{"code":"40004","sub_code":"{sub_code}"}}"#);
            let refusal = Answer::Raw(signed("alipay.trade.refund", &refusal, &ALIPAY.signer(), ""));
            let ended = refund(vec![refusal, Answer::Signed(NEVER_USED), trade(status, PAID_THEN)]).await;
            match ended {
                Err(CallError::Refused { .. }) if is_final => {}
                Err(CallError::InDoubt(_)) if !is_final => {}
                other => panic!("{sub_code} {status} {other:?}"),
            }
        }
    }
}

#[tokio::test]
async fn a_number_that_is_in_use_with_another_amount_is_never_given_up() {
    let discordant = r#"{"code":"40004","sub_code":"ACQ.DISCORDANT_REPEAT_REQUEST"}"#;
    let (address, server) = gateway(vec![Answer::Signed(discordant), Answer::Signed(NEVER_USED)]).await;
    let ended = channel(&address).refunds().unwrap().refund(&refund_request()).await;
    assert!(matches!(ended, Err(CallError::InDoubt(_))), "{ended:?}");
    assert_eq!(server.await.unwrap().len(), 2, "the trade is not asked for a proof that it cannot give");
}

#[tokio::test]
async fn a_final_refusal_stands_unless_the_number_has_paid() {
    let frozen = r#"{"code":"40004","sub_code":"ACQ.REASON_TRADE_BEEN_FREEZEN"}"#;
    let sighting = refund(vec![Answer::Signed(frozen), Answer::Signed(REFUNDED)]).await.unwrap();
    assert!(matches!(sighting.seen, SightedRefund::Succeeded { .. }));
    let ended = refund(vec![Answer::Signed(frozen), Answer::Signed(NEVER_USED)]).await;
    assert!(matches!(ended, Err(CallError::Refused { .. })), "{ended:?}");
}

#[tokio::test]
async fn a_refusal_that_nobody_signed_only_postpones_a_refund() {
    for (code, sub_code) in [
        ("20001", "aop.invalid-auth-token"),
        ("40002", "isv.invalid-signature"),
        ("40002", "isv.invalid-timestamp"),
        ("40002", "app-cert-expired"),
        ("40003", "isv.missing-signature-config"),
        ("40006", "isv.insufficient-isv-permissions"),
    ] {
        let body = format!(r#"{{"error_response":{{"code":"{code}","sub_code":"{sub_code}"}}}}"#);
        let ended = refund(vec![Answer::Raw(body)]).await;
        assert!(matches!(ended, Err(CallError::Postponed { .. })), "{sub_code} {ended:?}");
    }
    let forbidden = r#"{"code":"40004","sub_code":"ACQ.ACCESS_FORBIDDEN"}"#;
    let ended = refund(vec![Answer::Signed(forbidden)]).await;
    assert!(matches!(ended, Err(CallError::Postponed { .. })), "{ended:?}");
}

#[tokio::test]
async fn a_question_that_fails_leaves_the_refund_in_doubt() {
    let forbidden = r#"{"error_response":{"code":"40006","msg":"Insufficient Permissions","sub_code":"isv.insufficient-isv-permissions"}}"#;
    let limited = r#"{"error_response":{"code":"40005","msg":"Call Limited"}}"#;
    let closed = r#"{"code":"40004","sub_code":"ACQ.TRADE_HAS_CLOSE"}"#;
    for first in [REPEATED, closed] {
        for second in [forbidden, limited] {
            let sighting = refund(vec![Answer::Signed(first), Answer::Raw(second.to_owned())]).await;
            assert!(matches!(sighting, Err(CallError::InDoubt(_))), "{sighting:?}");
        }
        // Nobody listens any more when the question comes.
        let sighting = refund(vec![Answer::Signed(first)]).await;
        assert!(matches!(sighting, Err(CallError::InDoubt(_))), "{sighting:?}");
    }
}

#[tokio::test]
async fn an_empty_purse_postpones_a_refund_and_a_system_error_leaves_it_in_doubt() {
    let empty = r#"{"code":"40004","sub_code":"ACQ.SELLER_BALANCE_NOT_ENOUGH","refund_fee":"0.00"}"#;
    assert!(matches!(refund(vec![Answer::Signed(empty)]).await, Err(CallError::Postponed { .. })));
    let error = r#"{"code":"40004","sub_code":"aop.ACQ.SYSTEM_ERROR"}"#;
    assert!(matches!(refund(vec![Answer::Signed(error)]).await, Err(CallError::InDoubt(_))));
}

#[tokio::test]
async fn a_refund_number_that_was_never_used_is_missing() {
    let other = REFUNDED.replace("R20260305000001", "R20260305000002");
    for (answer, expected) in [
        (Answer::Signed(NEVER_USED), Ok(SightedRefund::Missing)),
        (Answer::Signed(r#"{"code":"40004","sub_code":"TRADE_NOT_EXIST"}"#), Ok(SightedRefund::Missing)),
        (
            Answer::Signed(r#"{"code":"10000","refund_status":"REFUND_PROCESSING"}"#),
            Ok(SightedRefund::Unknown { text: "refund_status REFUND_PROCESSING".to_owned() }),
        ),
        (
            Answer::Raw(signed("alipay.trade.fastpay.refund.query", &other, &ALIPAY.signer(), "")),
            Err(CallError::InDoubt("the answer is about another refund".to_owned())),
        ),
    ] {
        let (address, _server) = gateway(vec![answer]).await;
        let seen = channel(&address).refunds().unwrap().query_refund(&refund_request()).await;
        assert_eq!(seen.map(|sighting| sighting.seen), expected);
    }
}

#[tokio::test]
async fn a_refund_that_its_bank_holds_up_is_not_there_yet_and_may_need_a_person() {
    let number = || ProviderRefundNo::parse("R20260305000001").unwrap();
    for (status, expected) in [
        ("P", SightedRefund::Processing { provider_refund_no: number() }),
        ("F", SightedRefund::Abnormal { provider_refund_no: number() }),
        (
            "S",
            SightedRefund::Succeeded {
                provider_refund_no: number(),
                refunded_at: Timestamp::from_beijing_text("2026-03-05 11:05:00").unwrap(),
            },
        ),
    ] {
        let bank =
            format!(r#","deposit_back_info":{{"has_deposit_back":"true","dback_status":"{status}"}}}}"#);
        let node = REFUNDED.replace('}', &bank);
        let body = signed("alipay.trade.fastpay.refund.query", &node, &ALIPAY.signer(), "");
        let (address, server) = gateway(vec![Answer::Raw(body)]).await;
        let seen = channel(&address).refunds().unwrap().query_refund(&refund_request()).await.unwrap();
        assert_eq!(seen.seen, expected, "{status}");
        let asked = server.await.unwrap();
        let options = r#""query_options":["gmt_refund_pay","deposit_back_info"]"#;
        assert!(value(&asked[0], "biz_content").contains(options));
    }
    let node = MOVED.replace('}', r#","deposit_back_info":{"dback_status":"P"}}"#);
    let sighting =
        refund(vec![Answer::Raw(signed("alipay.trade.refund", &node, &ALIPAY.signer(), ""))]).await.unwrap();
    assert!(matches!(sighting.seen, SightedRefund::Processing { .. }), "{sighting:?}");
}

#[tokio::test]
async fn the_payer_is_known_by_either_id() {
    let payer = async |answer| {
        let (address, server) = gateway(vec![answer]).await;
        let payer =
            channel(&address).authorisation().unwrap().payer("4b203fe6c11548bcabd8da5bb087a83b").await;
        (payer, server.await.unwrap())
    };
    let both = r#"{"user_id":"2088000000000001","access_token":"x","expires_in":1}"#;
    let (found, asked) = payer(Answer::Signed(both)).await;
    assert_eq!(found, Ok(Payer { kind: "user_id".to_owned(), id: "2088000000000001".to_owned() }));
    assert_eq!(value(&asked[0], "grant_type"), "authorization_code");
    assert_eq!(value(&asked[0], "biz_content"), "");
    let (found, _) =
        payer(Answer::Signed(r#"{"code":"10000","open_id":"069zXXXX","access_token":"x"}"#)).await;
    assert_eq!(found.map(|payer| payer.kind), Ok("open_id".to_owned()));
    let spent = r#"{"error_response":{"code":"40002","msg":"Invalid Arguments","sub_code":"isv.code-invalid","sub_msg":"授权码code无效"}}"#;
    let (found, _) = payer(Answer::Raw(spent.to_owned())).await;
    assert_eq!(found, Err(AuthoriseError::CodeSpent));
    let unsigned = format!(r#"{{"alipay_system_oauth_token_response":{both}}}"#);
    let (found, _) = payer(Answer::Raw(unsigned)).await;
    assert!(matches!(found, Err(AuthoriseError::NoAnswer(_))), "{found:?}");
}

#[test]
fn the_authorise_address_is_encoded() {
    let url = channel("http://127.0.0.1:1")
        .authorisation()
        .unwrap()
        .authorise_url("https://pay.example-hospital.cn/a?b=1", "s_1-2");
    assert_eq!(
        url,
        "https://openauth.alipay.com/oauth2/publicAppAuthorize.htm?app_id=2021000100000001&scope=auth_base&redirect_uri=https%3A%2F%2Fpay.example-hospital.cn%2Fa%3Fb%3D1&state=s_1-2"
    );
}

#[tokio::test]
async fn a_bill_that_is_not_an_archive_is_asked_for_again() {
    let link = r#"{"code":"10000","msg":"Success","bill_download_url":"http:\/\/dwbillcenter.alipay.com\/download?fileId=%2Ftrade%2F1"}"#;
    let (address, server) =
        gateway(vec![Answer::Signed(link), Answer::Raw("<html>expired</html>".to_owned())]).await;
    let day = BusinessDay::parse("2026-03-04").unwrap();
    let channel = channel(&address);
    let directory = tempfile::tempdir().unwrap();
    let fetched = channel.statements().unwrap().fetch(StatementKind::Trades, day, directory.path()).await;
    assert!(matches!(fetched, Err(CallError::Postponed { .. })));
    assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 0);
    let asked = server.await.unwrap();
    assert_eq!(value(&asked[0], "biz_content"), r#"{"bill_type":"trade","bill_date":"2026-03-04"}"#);
    assert_eq!(value(&asked[1], "fileId"), "/trade/1");
    let (address, _server) =
        gateway(vec![Answer::Signed(r#"{"code":"40004","sub_code":"isp.bill_not_exist"}"#)]).await;
    let channel = super::channel(&address);
    let fetched = channel.statements().unwrap().fetch(StatementKind::Trades, day, directory.path()).await;
    assert!(matches!(fetched, Ok(Fetched::NotYet)));
}
