//! Trades, refunds, notifications, bills.

use super::*;

#[actix_web::test]
async fn a_trade_is_created_paid_told_and_found() {
    let merchant = Merchant::open().await;
    let first = merchant.create("H1", "88.50").await;
    assert_eq!((first.code().as_str(), first.text("trade_no").len()), ("10000", 28));
    assert_eq!(merchant.create("H1", "88.50").await.text("trade_no"), first.text("trade_no"));
    assert_eq!(merchant.create("H1", "88.51").await.code(), "40004 ACQ.CONTEXT_INCONSISTENT");
    let waiting = merchant.query("H1").await;
    assert_eq!((waiting.text("trade_status"), waiting.text("receipt_amount")), ("WAIT_BUYER_PAY", "0.00"));

    merchant.alipay().pay(first.text("trade_no")).expect("paid");
    assert_eq!(merchant.alipay().pay(first.text("trade_no")), Err(PaymentFailure::AlreadyPaid));
    let news = merchant.news().await;
    let (told, sound) = &news[0];
    assert!(*sound && news.len() == 1);
    assert_eq!((told["trade_status"].as_str(), told["total_amount"].as_str()), ("TRADE_SUCCESS", "88.50"));
    assert_eq!(told["subject"], "门诊缴费 张+三");
    assert_eq!(told["passback_params"], "w%3Dopd1%26t%3D3");
    assert_eq!(told["fund_bill_list"], r#"[{"amount":"88.50","fundChannel":"ALIPAYACCOUNT"}]"#);
    let found = merchant.query("H1").await;
    assert_eq!(
        (found.text("trade_status"), found.text("send_pay_date")),
        ("TRADE_SUCCESS", "2026-03-05 09:30:00")
    );
}

#[actix_web::test]
async fn arguments_are_read_strictly() {
    let merchant = Merchant::open().await;
    let sound = json!({
        "out_trade_no": "H1", "total_amount": "1.00", "subject": "门诊缴费", "product_code": "JSAPI_PAY",
        "buyer_open_id": merchant.open_id(),
    });
    for (member, value, expected) in [
        ("out_trade_no", json!("H-1"), "40004 ACQ.INVALID_PARAMETER"),
        ("total_amount", json!("0.00"), "40004 ACQ.INVALID_PARAMETER"),
        ("total_amount", json!("1.005"), "40004 ACQ.INVALID_PARAMETER"),
        ("subject", json!("a/b"), "40004 ACQ.INVALID_PARAMETER"),
        ("subject", json!("the subject"), "40002 isv.suspected-attack"),
        ("product_code", json!("QR_CODE_OFFLINE"), "40004 ACQ.INVALID_PARAMETER"),
        ("buyer_open_id", json!("069zNobody"), "40002 invalid-openid"),
        ("timeout_express", json!("1.5h"), "40004 ACQ.INVALID_PARAMETER"),
        ("seller_id", json!("2088000000000000"), "40004 ACQ.SELLER_NOT_EXIST"),
    ] {
        let mut content = sound.clone();
        content[member] = value;
        assert_eq!(merchant.call("alipay.trade.create", content).await.code(), expected, "{member}");
    }
}

#[actix_web::test]
async fn a_code_on_a_screen_is_no_trade_until_someone_scans_it() {
    let merchant = Merchant::open().await;
    let content = json!({
        "out_trade_no": "H1", "total_amount": "88.50", "subject": "门诊缴费", "product_code": "QR_CODE_OFFLINE",
        "timeout_express": "5m",
    });
    let made = merchant.call("alipay.trade.precreate", content.clone()).await;
    assert_eq!(merchant.query("H1").await.code(), "40004 ACQ.TRADE_NOT_EXIST");
    let close = json!({ "out_trade_no": "H1" });
    assert_eq!(merchant.call("alipay.trade.close", close).await.code(), "40004 ACQ.TRADE_NOT_EXIST");
    let again = merchant.call("alipay.trade.precreate", content).await;
    assert_eq!(again.code(), "40004 ACQ.APPLY_PC_MERCHANT_CODE_ERROR");

    let trade_no = merchant.alipay().scan(made.text("qr_code")).expect("scanned");
    assert_eq!(merchant.query("H1").await.text("trade_status"), "WAIT_BUYER_PAY");
    assert!(merchant.alipay().hand_phone_to("2088000000000002"));
    assert_eq!(merchant.alipay().scan(made.text("qr_code")), Err(PaymentFailure::OtherBuyer));
    merchant.simulator.clock().advance_ms(300_000);
    assert_eq!(merchant.query("H1").await.text("trade_status"), "TRADE_CLOSED");
    assert_eq!(merchant.alipay().pay(&trade_no), Err(PaymentFailure::Closed));
}

#[actix_web::test]
async fn a_code_dies_before_its_order_does() {
    let merchant = Merchant::open().await;
    let content = |number: &str, express: &str| {
        json!({
            "out_trade_no": number, "total_amount": "1.00", "subject": "门诊缴费",
            "product_code": "QR_CODE_OFFLINE", "timeout_express": "3h", "qr_code_timeout_express": express,
        })
    };
    let precreate = async |number: &str, express: &str| {
        merchant.call("alipay.trade.precreate", content(number, express)).await
    };
    assert_eq!(precreate("H0", "1.5h").await.code(), "40004 ACQ.INVALID_PARAMETER");
    let longest = precreate("H1", "1d").await.text("qr_code").to_owned();
    let short = precreate("H2", "5m").await.text("qr_code").to_owned();
    let scanned = precreate("H3", "5m").await.text("qr_code").to_owned();
    let trade_no = merchant.alipay().scan(&scanned).expect("scanned in time");
    merchant.simulator.clock().advance_ms(5 * 60_000);
    assert_eq!(merchant.alipay().scan(&short), Err(PaymentFailure::CodeDied));
    assert_eq!(merchant.query("H2").await.code(), "40004 ACQ.TRADE_NOT_EXIST");
    merchant.simulator.clock().advance_ms(115 * 60_000);
    assert_eq!(merchant.alipay().scan(&longest), Err(PaymentFailure::CodeDied), "two hours at most");
    merchant.alipay().pay(&trade_no).expect("the order lives for three");
}

#[actix_web::test]
async fn a_trade_is_opened_again_for_its_own_buyer_only() {
    let merchant = Merchant::open().await;
    merchant.create("H1", "1.00").await;
    let other = merchant.alipay().state().buyers["2088000000000002"].open_id(DEMO_APP_ID);
    let content = json!({
        "out_trade_no": "H1", "total_amount": "1.00", "subject": "门诊缴费 张+三", "product_code": "JSAPI_PAY",
        "buyer_open_id": other,
    });
    assert_eq!(merchant.call("alipay.trade.create", content).await.code(), "40004 ACQ.TRADE_BUYER_NOT_MATCH");
}

#[actix_web::test]
async fn what_no_source_settles_can_be_chosen() {
    let merchant = Merchant::open().await;
    merchant.alipay().set_quirks(Quirks {
        clock_tolerance_seconds: 60,
        equal_create_gets_the_same_trade: false,
        cancel_of_nothing_succeeds: false,
        cancel_wants_repeats: 1,
        ..Quirks::default()
    });
    merchant.create("H1", "1.00").await;
    assert_eq!(merchant.create("H1", "1.00").await.code(), "40004 ACQ.CONTEXT_INCONSISTENT");
    let cancel = async || merchant.call("alipay.trade.cancel", json!({ "out_trade_no": "H9" })).await;
    assert_eq!(cancel().await.text("retry_flag"), "Y");
    assert_eq!(cancel().await.code(), "40004 ACQ.TRADE_NOT_EXIST");
    let mut parameters = merchant.parameters("alipay.trade.query", &json!({ "out_trade_no": "H1" }));
    parameters.insert("timestamp".to_owned(), "2026-03-05 09:28:59".to_owned());
    merchant.sign(&mut parameters);
    assert_eq!(merchant.send(&parameters).await.code(), "40002 isv.invalid-timestamp");
}

#[actix_web::test]
async fn a_page_call_is_never_answered_with_json() {
    let merchant = Merchant::open().await;
    let content = json!({
        "out_trade_no": "H1", "total_amount": "1.00", "subject": "门诊缴费", "product_code": "QUICK_WAP_WAY",
    });
    let parameters = merchant.parameters("alipay.trade.wap.pay", &content);
    let url = format!("{}?{}", merchant.alipay().gateway_url(), form(&parameters));
    let visit = async || {
        let answer = merchant.client.get(&url).send().await.expect("an answer");
        let kind = answer.headers().get("content-type").map(|kind| kind.to_str().expect("text").to_owned());
        let bytes = answer.bytes().await.expect("bytes");
        (kind.unwrap_or_default(), encoding_rs::GBK.decode(&bytes).0.into_owned())
    };
    let busy: Refusal = serde_json::from_value(json!({
        "code": "40004", "sub_code": "ACQ.SYSTEM_ERROR", "sub_msg": "系统错误",
    }))
    .expect("a refusal");
    for (status, code) in [(429, "isv.app-call-limited"), (500, "isp.unknow-error"), (0, "ACQ.SYSTEM_ERROR")]
    {
        match status {
            0 => merchant.alipay().refuse_next("alipay.wap", busy.clone(), false, 1),
            status => {
                let fault = Fault::Status { status, when: When::Before };
                merchant.simulator.faults().add(Rule::next("alipay.wap", fault));
            }
        }
        let (kind, page) = visit().await;
        assert_eq!(kind, "text/html;charset=GBK");
        assert!(page.contains(code) && page.contains("抱歉"), "{page}");
    }
    assert!(merchant.alipay().trades().is_empty(), "none of them took effect");
}

#[actix_web::test]
async fn the_browser_is_led_through_the_cashier_and_back() {
    let merchant = Merchant::open().await;
    let content = json!({
        "out_trade_no": "H1", "total_amount": "88.50", "subject": "门诊缴费", "product_code": "QUICK_WAP_WAY",
        "quit_url": "http://127.0.0.1:9/quit",
    });
    let mut parameters = merchant.parameters("alipay.trade.wap.pay", &content);
    parameters.insert("return_url".to_owned(), "http://127.0.0.1:9/back?order=1".to_owned());
    merchant.sign(&mut parameters);
    let location =
        |answer: &reqwest::Response| answer.headers()["location"].to_str().expect("text").to_owned();
    let url = format!("{}?{}", merchant.alipay().gateway_url(), form(&parameters));
    let answer = merchant.client.get(url).send().await.expect("an answer");
    assert_eq!(
        (answer.status().as_u16(), merchant.query("H1").await.code().as_str()),
        (302, "40004 ACQ.TRADE_NOT_EXIST")
    );
    merchant.client.get(location(&answer)).send().await.expect("an answer");
    let trade_no = merchant.query("H1").await.text("trade_no").to_owned();

    let back = format!("{}/alipay/cashier/back?trade_no={trade_no}", merchant.simulator.base_url);
    let left = merchant.client.get(&back).send().await.expect("an answer");
    assert_eq!(location(&left), "http://127.0.0.1:9/quit");
    merchant.alipay().pay(&trade_no).expect("paid");
    let returned = location(&merchant.client.get(&back).send().await.expect("an answer"));
    let (_, query) = returned.split_once("order=1&").expect("the merchant's own query stays");
    let parameters = super::super::form::merge(query, b"");
    let sign = STANDARD.decode(&parameters["sign"]).expect("Base64");
    let text = notification_text(&parameters);
    assert!(merchant.alipay_key().verifies_sha256(text.as_bytes(), &sign));

    let mut broken = parameters.clone();
    broken.insert("method".to_owned(), "alipay.trade.wap.pay".to_owned());
    let url = format!("{}?{}", merchant.alipay().gateway_url(), form(&broken));
    let page = merchant.client.get(url).send().await.expect("an answer");
    assert_eq!(page.headers()["content-type"], "text/html;charset=GBK");
}

#[actix_web::test]
async fn closing_and_cancelling_keep_their_difference() {
    let merchant = Merchant::open().await;
    merchant.create("H1", "10.00").await;
    let close = |number: &str| json!({ "out_trade_no": number });
    assert_eq!(merchant.call("alipay.trade.close", close("H1")).await.code(), "10000");
    assert_eq!(merchant.news().await[0].0["trade_status"], "TRADE_CLOSED");
    merchant.paid("H2", "10.00").await;
    let refused = merchant.call("alipay.trade.close", close("H2")).await;
    assert!(refused.text("sub_code").contains("STATUS"), "{refused:?}");
    for _ in 0..2 {
        let cancelled = merchant.call("alipay.trade.cancel", close("H2")).await;
        assert_eq!((cancelled.text("action"), cancelled.text("retry_flag")), ("refund", "N"));
    }
    let found = merchant.query("H2").await;
    assert_eq!(found.text("trade_status"), "TRADE_CLOSED");
    assert!(!found.text("send_pay_date").is_empty(), "it was paid once");
    assert_eq!(merchant.create("H2", "10.00").await.code(), "40004 ACQ.TRADE_HAS_CLOSE");
    let nothing = merchant.call("alipay.trade.cancel", close("H9")).await;
    assert_eq!((nothing.code().as_str(), nothing.text("action")), ("10000", ""));
    merchant.paid("H3", "10.00").await;
    merchant.simulator.clock().advance_ms(crate::clock::DAY_MS + 1);
    assert_eq!(
        merchant.call("alipay.trade.cancel", close("H3")).await.code(),
        "40004 ACQ.TRADE_CANCEL_TIME_OUT"
    );
}

#[actix_web::test]
async fn refunds_add_up_and_a_number_pays_once() {
    let merchant = Merchant::open().await;
    merchant.paid("H1", "88.50").await;
    merchant.news().await;
    let first = merchant.refund("H1", "R1", "8.50").await;
    assert_eq!((first.text("fund_change"), first.text("refund_fee")), ("Y", "8.50"));
    let repeat = merchant.refund("H1", "R1", "8.50").await;
    assert_eq!((repeat.text("fund_change"), repeat.text("refund_fee")), ("N", "8.50"));
    assert_eq!(merchant.refund("H1", "R1", "9.00").await.code(), "40004 ACQ.DISCORDANT_REPEAT_REQUEST");
    assert_eq!(merchant.refund("H1", "R2", "80.01").await.code(), "40004 ACQ.REASON_TRADE_REFUND_FEE_ERR");
    assert_eq!(merchant.query("H1").await.text("trade_status"), "TRADE_SUCCESS");
    merchant.simulator.clock().advance_ms(123);
    let second = merchant.refund("H1", "R2", "80.00").await;
    assert_eq!((second.text("fund_change"), second.text("refund_fee")), ("Y", "88.50"));
    assert_eq!(merchant.query("H1").await.text("trade_status"), "TRADE_CLOSED");

    let news = merchant.news().await;
    let told: Vec<_> = news
        .iter()
        .map(|(told, sound)| {
            (told["out_biz_no"].as_str(), told["refund_fee"].as_str(), told["trade_status"].as_str(), *sound)
        })
        .collect();
    // Both are told as the trade stood when each was queued.
    assert_eq!(told, [("R1", "8.50", "TRADE_SUCCESS", true), ("R2", "88.50", "TRADE_CLOSED", true)]);
    assert!(news[1].0["gmt_refund"].ends_with(".123"), "{}", news[1].0["gmt_refund"]);
    let found = merchant
        .call("alipay.trade.fastpay.refund.query", json!({ "out_trade_no": "H1", "out_request_no": "R2" }))
        .await;
    assert_eq!((found.text("refund_status"), found.text("refund_amount")), ("REFUND_SUCCESS", "80.00"));
    let never = merchant
        .call("alipay.trade.fastpay.refund.query", json!({ "out_trade_no": "H1", "out_request_no": "R9" }))
        .await;
    assert_eq!(
        (never.code().as_str(), never.value.as_object().map(serde_json::Map::len)),
        ("10000", Some(2))
    );
}

#[actix_web::test]
async fn an_accepted_refund_may_be_late_or_need_money() {
    let merchant = Merchant::open().await;
    merchant.paid("H1", "88.50").await;
    merchant.simulator.faults().add(Rule::next("alipay.refund", Fault::RefundLate { seconds: 60 }));
    assert_eq!(merchant.refund("H1", "R1", "8.50").await.text("fund_change"), "N");
    let ask = json!({ "out_trade_no": "H1", "out_request_no": "R1" });
    let waiting = merchant.call("alipay.trade.fastpay.refund.query", ask.clone()).await;
    assert_eq!(waiting.text("refund_status"), "");
    merchant.simulator.clock().advance_ms(60_000);
    let done = merchant.call("alipay.trade.fastpay.refund.query", ask).await;
    assert_eq!(done.text("refund_status"), "REFUND_SUCCESS");

    merchant.alipay().set_balance(DEMO_PID, Some(100));
    assert_eq!(merchant.refund("H1", "R2", "8.00").await.code(), "40004 ACQ.SELLER_BALANCE_NOT_ENOUGH");
    merchant.alipay().set_balance(DEMO_PID, None);
    assert_eq!(merchant.refund("H1", "R2", "8.00").await.text("fund_change"), "Y");
    let ledger = merchant.simulator.ledger();
    assert_eq!((ledger.payments[0].paid_fen, ledger.payments[0].refunded_fen), (8850, 1650));
}

#[actix_web::test]
async fn a_refund_to_a_card_is_processing_then_fails_at_the_bank_and_the_books_stay() {
    let merchant = Merchant::open().await;
    merchant.paid("H1", "88.50").await;
    merchant.news().await;
    merchant.simulator.faults().add(Rule::next("alipay.refund", Fault::RefundAbnormal));
    assert_eq!(merchant.refund("H1", "R1", "8.50").await.text("fund_change"), "N");
    let ask = async || {
        let options = json!(["deposit_back_info"]);
        let content = json!({ "out_trade_no": "H1", "out_request_no": "R1", "query_options": options });
        let found = merchant.call("alipay.trade.fastpay.refund.query", content).await;
        let bank = found.value["deposit_back_info"]["dback_status"].as_str().unwrap_or_default().to_owned();
        (found.text("refund_status").to_owned(), bank)
    };
    let pair = |status: &str, bank: &str| (status.to_owned(), bank.to_owned());
    assert_eq!(ask().await, pair("", ""));
    merchant.simulator.clock().advance_ms(60_000);
    assert_eq!(ask().await, pair("REFUND_SUCCESS", "P"));
    let books = merchant.simulator.ledger().payments[0].refunded_fen;
    merchant.simulator.clock().advance_ms(60_000);
    assert_eq!(ask().await, pair("REFUND_SUCCESS", "F"));
    assert_eq!((books, merchant.simulator.ledger().payments[0].refunded_fen), (850, 850));
    assert!(merchant.news().await.is_empty(), "the query tells of it, nothing else");

    assert!(merchant.alipay().end_bank_return(DEMO_PID, "H1", "R1", true));
    assert_eq!(ask().await, pair("REFUND_SUCCESS", "S"));
    assert_eq!(merchant.news().await.len(), 1);
}

#[actix_web::test]
async fn payment_codes_end_as_their_last_digits_say() {
    let merchant = Merchant::open().await;
    let pay = |number: &str, code: &str| {
        json!({
            "out_trade_no": number, "total_amount": "1500.00", "subject": "门诊缴费", "auth_code": code,
            "scene": "bar_code",
        })
    };
    let paid = merchant.call("alipay.trade.pay", pay("H1", "280000000000000000")).await;
    assert_eq!((paid.code().as_str(), paid.text("receipt_amount")), ("10000", "1500.00"));
    let asked = merchant.call("alipay.trade.pay", pay("H2", "280000000000000001")).await;
    assert_eq!((asked.code().as_str(), asked.text("msg")), ("10003", " order success pay inprocess"));
    assert_eq!(merchant.query("H2").await.text("trade_status"), "WAIT_BUYER_PAY");
    merchant.simulator.clock().advance_ms(10_000);
    assert_eq!(merchant.query("H2").await.text("trade_status"), "TRADE_SUCCESS");
    let unknown = merchant.call("alipay.trade.pay", pay("H3", "280000000000000003")).await;
    assert_eq!(unknown.code(), "20000 isp.unknow-error");
    assert_eq!(merchant.query("H3").await.text("trade_status"), "TRADE_SUCCESS");
    let refused = merchant.call("alipay.trade.pay", pay("H4", "130000000000000000")).await;
    assert_eq!(refused.code(), "40004 ACQ.PAYMENT_AUTH_CODE_INVALID");
    assert_eq!(refused.text("receipt_amount"), "0.00");
}

#[actix_web::test]
async fn notifications_suffer_what_the_plan_says() {
    let merchant = Merchant::open().await;
    let faults = merchant.simulator.faults();
    faults.add(Rule::next("alipay.notify.payment", Fault::NotifyDoubled));
    merchant.paid("H1", "1.00").await;
    let twins = merchant.news().await;
    assert_eq!((twins.len(), &twins[0].0["notify_id"]), (2, &twins[1].0["notify_id"]));
    for (number, (defect, sound)) in [
        (Defect::Forged, false),
        (Defect::Tampered, false),
        (Defect::Probe, false),
        (Defect::WrongAmount, true),
        (Defect::WrongApp, true),
        (Defect::OtherMerchant, true),
        (Defect::Stale, true),
    ]
    .into_iter()
    .enumerate()
    {
        faults.add(Rule::next("alipay.notify.payment", Fault::NotifyDefect { defect }));
        merchant.paid(&format!("D{number}"), "1.00").await;
        assert_eq!(merchant.news().await[0].1, sound, "{defect:?}");
    }
    faults.add(Rule::next("alipay.notify.payment", Fault::NotifyLost));
    merchant.paid("H2", "1.00").await;
    assert!(merchant.news().await.is_empty());
    assert_eq!(merchant.query("H2").await.text("trade_status"), "TRADE_SUCCESS");
}

#[actix_web::test]
async fn an_unanswered_notification_comes_eight_times_in_a_day_of_the_virtual_clock() {
    let merchant = Merchant::open().await;
    let nobody = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("http://{}/n", nobody.local_addr().expect("an address"));
    drop(nobody);
    let content = json!({
        "out_trade_no": "H1", "total_amount": "1.00", "subject": "门诊缴费", "product_code": "JSAPI_PAY",
        "buyer_open_id": merchant.open_id(),
    });
    let mut parameters = merchant.parameters("alipay.trade.create", &content);
    parameters.insert("notify_url".to_owned(), url);
    merchant.sign(&mut parameters);
    let trade_no = merchant.send(&parameters).await.text("trade_no").to_owned();
    merchant.alipay().pay(&trade_no).expect("paid");
    for _ in 0..26 * 60 {
        merchant.simulator.pump().await;
        merchant.simulator.clock().advance_ms(60_000);
    }
    let ledger = merchant.simulator.ledger();
    let minutes: Vec<i64> = ledger.notifications[0]
        .attempts
        .iter()
        .map(|attempt| (attempt.at_ms - NINE_30_MS) / 60_000)
        .collect();
    assert_eq!(
        minutes,
        [0, 4, 14, 24, 84, 204, 564, 1464],
        "the last one 24 hours and 24 minutes after the first"
    );
}

#[actix_web::test]
async fn a_scripted_refusal_may_hide_an_effect() {
    let merchant = Merchant::open().await;
    let busy: Refusal = serde_json::from_value(json!({
        "code": "40004", "sub_code": "ACQ.SYSTEM_ERROR", "sub_msg": "系统错误",
    }))
    .expect("a refusal");
    merchant.paid("H1", "10.00").await;
    merchant.alipay().refuse_next("alipay.refund", busy, true, 1);
    assert_eq!(merchant.refund("H1", "R1", "1.00").await.code(), "40004 ACQ.SYSTEM_ERROR");
    assert_eq!(merchant.refund("H1", "R1", "1.00").await.text("fund_change"), "N");
}

async fn bill(merchant: &Merchant, bill_type: &str) -> Result<Vec<String>, String> {
    let content = json!({ "bill_type": bill_type, "bill_date": "2026-03-05" });
    let node = merchant.call("alipay.data.dataservice.bill.downloadurl.query", content).await;
    if node.code() != "10000" {
        return Err(node.code());
    }
    let bytes = download(merchant, node.text("bill_download_url")).await;
    let mut archive =
        ::zip::ZipArchive::new(std::io::Cursor::new(bytes)).map_err(|error| error.to_string())?;
    let mut texts = Vec::new();
    for index in 0..archive.len() {
        let mut member = archive.by_index(index).expect("a member");
        let (name, _, broken) = encoding_rs::GBK.decode(member.name_raw());
        assert!(!broken && name.starts_with("20881000000000010156_20260305_"), "{name}");
        let mut content = Vec::new();
        member.read_to_end(&mut content).expect("content");
        texts.push(encoding_rs::GBK.decode(&content).0.into_owned());
    }
    texts.sort();
    Ok(texts)
}

async fn download(merchant: &Merchant, url: &str) -> Vec<u8> {
    let answer = merchant.client.get(url).send().await.expect("an answer");
    answer.bytes().await.expect("bytes").to_vec()
}

#[actix_web::test]
async fn a_bill_tells_the_day_in_gbk_rows_that_add_up() {
    let merchant = Merchant::open().await;
    assert_eq!(bill(&merchant, "trade").await, Err("40004 isv.invalid_arguments".to_owned()));
    merchant.paid("H1", "88.50").await;
    merchant.paid("H2", "97.00").await;
    merchant.refund("H1", "R1", "8.50").await;
    merchant
        .simulator
        .clock()
        .set_ms(crate::clock::start_of_day_ms("2026-03-06").expect("a day") + 3_600_000);
    assert_eq!(bill(&merchant, "trade").await, Err("40004 isp.bill_not_exist".to_owned()), "too early");
    merchant.simulator.clock().advance_ms(9 * 3_600_000);
    let texts = bill(&merchant, "trade").await.expect("a bill");
    let detail = texts.iter().find(|text| text.starts_with("#支付宝业务明细查询")).expect("the detail");
    assert!(texts.iter().any(|text| text.starts_with("#支付宝业务汇总查询")));
    let rows: Vec<&str> = detail.lines().filter(|line| line.starts_with("2026030522")).collect();
    assert!(rows.iter().all(|row| row.split(',').count() == 25), "{rows:?}");
    let fields: Vec<&str> = rows[2].split(',').map(str::trim).collect();
    assert_eq!(
        (fields[1], fields[2], fields[12], fields[21], fields[22]),
        ("H1", "退款", "-8.50", "R1", "0.05")
    );
    assert!(detail.contains("#交易合计：2笔，商家实收共185.50元"), "{detail}");
    assert!(detail.contains("#退款合计：1笔，商家实收退款共-8.50元"));

    merchant.simulator.faults().add(Rule::next("alipay.bill_download", Fault::StatementRowMissing));
    let fewer = bill(&merchant, "trade").await.expect("a bill");
    assert!(fewer.iter().any(|text| text.contains("#交易合计：1笔")));
    merchant.simulator.faults().add(Rule::next("alipay.bill_download", Fault::StatementHash));
    assert!(bill(&merchant, "trade").await.is_err(), "a torn archive does not open");
    let account = bill(&merchant, "signcustomer").await.expect("a bill");
    assert!(account.iter().any(|text| text.contains(",收费,服务费[")));
}

#[actix_web::test]
async fn what_bills_say_of_fees_and_cancellations_can_be_chosen() {
    let merchant = Merchant::open().await;
    merchant.paid("H1", "88.50").await;
    merchant.refund("H1", "R1", "8.50").await;
    merchant.paid("H2", "10.00").await;
    merchant.call("alipay.trade.cancel", json!({ "out_trade_no": "H2" })).await;
    merchant.simulator.clock().set_ms(crate::clock::start_of_day_ms("2026-03-07").expect("a day"));
    let told = async |quirks: Quirks| {
        merchant.alipay().set_quirks(quirks);
        let texts = bill(&merchant, "trade").await.expect("a bill");
        let detail =
            texts.iter().find(|text| text.starts_with("#支付宝业务明细查询")).expect("the detail").clone();
        let rows: Vec<Vec<String>> = detail
            .lines()
            .filter(|line| line.starts_with("2026030522"))
            .map(|row| row.split(',').map(|cell| cell.trim().to_owned()).collect())
            .collect();
        let fee_of_refund = rows.iter().find(|row| row[21] == "R1").map(|row| row[22].clone());
        (rows.len(), fee_of_refund.expect("the refund"), detail.contains("\r\n"))
    };
    assert_eq!(told(Quirks::default()).await, (4, "0.05".to_owned(), true));
    let otherwise = Quirks {
        refunds_give_the_fee_back: false,
        cancelled_payments_are_billed: false,
        bill_lines_end_with_cr: false,
        ..Quirks::default()
    };
    assert_eq!(told(otherwise).await, (2, "0.00".to_owned(), false));
}

#[actix_web::test]
async fn a_bill_link_dies_after_thirty_seconds() {
    let merchant = Merchant::open().await;
    merchant.paid("H1", "88.50").await;
    merchant.simulator.clock().advance_ms(crate::clock::DAY_MS);
    let content = json!({ "bill_type": "trade", "bill_date": "2026-03-05" });
    let node = merchant.call("alipay.data.dataservice.bill.downloadurl.query", content).await;
    let url = node.text("bill_download_url");
    assert!(download(&merchant, url).await.starts_with(b"PK\x03\x04"));
    merchant.simulator.clock().advance_ms(31_000);
    assert!(download(&merchant, url).await.starts_with(b"<html"));
}
