//! The shared pay sheet with a trade on it.

use super::*;

/// Where a browser is sent, or the page it is shown.
async fn visit(merchant: &Merchant, path: &str) -> (String, String) {
    let answer = merchant
        .client
        .get(format!("{}{path}", merchant.simulator.base_url))
        .send()
        .await
        .expect("an answer");
    let location =
        answer.headers().get("Location").and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned();
    (location, answer.text().await.expect("text"))
}

async fn press(merchant: &Merchant, sheet: &str, keys: &str) -> String {
    let request = merchant.client.post(format!("{}{sheet}", merchant.simulator.base_url));
    let request = request.header("Content-Type", "application/x-www-form-urlencoded").body(keys.to_owned());
    let answer = request.send().await.expect("an answer");
    answer.headers().get("Location").and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned()
}

#[tokio::test]
async fn trade_pay_opens_the_sheet_and_comes_back_with_the_outcome() {
    let merchant = Merchant::open().await;
    let trade_no = merchant.create("HOSP20260305000001", "112.00").await.text("trade_no").to_owned();
    let entrance = format!("/sheet/alipay?tradeNO={trade_no}&back=http%3A%2F%2Flocalhost%3A1%2Fpay");
    let (sheet, _) = visit(&merchant, &entrance).await;
    let (_, page) = visit(&merchant, &sheet).await;
    assert!(page.contains("不是真的支付宝") && page.contains("112.00"));
    assert_eq!(visit(&merchant, &format!("{sheet}/cancel")).await.0, "http://localhost:1/pay#simpay=cancel");
    assert_eq!(press(&merchant, &sheet, "key=all&fault=lost").await, "http://localhost:1/pay#simpay=ok");
    assert!(merchant.news().await.is_empty());
    assert_eq!(merchant.query("HOSP20260305000001").await.text("trade_status"), "TRADE_SUCCESS");
    let (_, refused) = visit(&merchant, &entrance).await;
    assert!(refused.contains("订单已支付"));
}

#[tokio::test]
async fn an_unknown_trade_and_a_strange_way_back_are_refused() {
    let merchant = Merchant::open().await;
    let (_, unknown) = visit(&merchant, "/sheet/alipay?tradeNO=1&back=http%3A%2F%2Flocalhost%2F").await;
    assert!(unknown.contains("交易不存在") && unknown.contains("#simpay=fail"));
    let (_, strange) = visit(&merchant, "/sheet/alipay?tradeNO=1&back=javascript%3Aalert(1)").await;
    assert!(strange.contains("back 不是网页地址"));
}

#[tokio::test]
async fn the_app_may_tell_the_page_any_of_its_codes_once() {
    let merchant = Merchant::open().await;
    let trade_no = merchant.create("HOSP20260305000001", "112.00").await.text("trade_no").to_owned();
    let entrance = format!("/sheet/alipay?tradeNO={trade_no}&back=http%3A%2F%2Flocalhost%3A1%2Fpay");
    for (code, _) in BRIDGE_CODES {
        assert!(merchant.alipay().set_next_bridge_code(code));
        let (sheet, _) = visit(&merchant, &entrance).await;
        let back = visit(&merchant, &format!("{sheet}/cancel")).await.0;
        assert_eq!(back, format!("http://localhost:1/pay#simpay={code}"));
    }
    assert!(!merchant.alipay().set_next_bridge_code("7777"));
    let (sheet, _) = visit(&merchant, &entrance).await;
    assert_eq!(visit(&merchant, &format!("{sheet}/cancel")).await.0, "http://localhost:1/pay#simpay=cancel");
}

#[tokio::test]
async fn the_control_pages_buttons_work_for_alipay() {
    let merchant = Merchant::open().await;
    let trade_no = merchant.create("HOSP20260305000001", "112.00").await.text("trade_no").to_owned();
    let (_, page) = visit(&merchant, "/").await;
    assert!(page.contains("/control/page/alipay/pay") && page.contains("查询说多 1 分"));
    press(&merchant, "/control/page/alipay/buyer", "user_id=2088000000000002").await;
    press(&merchant, "/control/page/alipay/pay", &format!("trade_no={trade_no}")).await;
    assert_eq!(
        merchant.query("HOSP20260305000001").await.text("trade_status"),
        "WAIT_BUYER_PAY",
        "another's"
    );
    press(&merchant, "/control/page/alipay/buyer", "user_id=2088000000000001").await;
    press(&merchant, "/control/page/alipay/pay", &format!("trade_no={trade_no}")).await;
    assert_eq!(merchant.query("HOSP20260305000001").await.text("trade_status"), "TRADE_SUCCESS");

    merchant.simulator.faults().add(Rule::next("alipay.refund", Fault::RefundAbnormal));
    merchant.refund("HOSP20260305000001", "R1", "1.00").await;
    let refund = format!("pid={DEMO_PID}&out_trade_no=HOSP20260305000001&out_request_no=R1");
    for (button, end) in [("到账", "moved"), ("银行退回", "failed"), ("银行到账", "arrived")] {
        let (_, page) = visit(&merchant, "/").await;
        assert!(page.contains(button), "{button}");
        assert_eq!(
            press(&merchant, "/control/page/alipay/refund", &format!("{refund}&end={end}")).await,
            "/"
        );
    }
    assert_eq!(merchant.alipay().trades()[0].refunds[0].bank, Some(BankReturn::Arrived));
    press(&merchant, "/control/page/alipay/balance", &format!("pid={DEMO_PID}&balance_fen=0")).await;
    assert_eq!(
        merchant.refund("HOSP20260305000001", "R2", "1.00").await.code(),
        "40004 ACQ.SELLER_BALANCE_NOT_ENOUGH"
    );
    press(&merchant, "/control/page/alipay/balance", &format!("pid={DEMO_PID}")).await;
    assert_eq!(merchant.alipay().balance(DEMO_PID), None);

    let content = json!({
        "out_trade_no": "HOSP20260305000002", "total_amount": "1.00", "subject": "门诊缴费",
        "product_code": "QR_CODE_OFFLINE",
    });
    let code = merchant.call("alipay.trade.precreate", content).await.text("qr_code").to_owned();
    let code: String = url::form_urlencoded::byte_serialize(code.as_bytes()).collect();
    let sheet = press(&merchant, "/control/page/alipay/scan", &format!("qr_code={code}")).await;
    assert!(sheet.starts_with("/sheet/alipay?"), "{sheet}");
    press(&merchant, "/control/page/alipay/rotate", "").await;
    assert_eq!(merchant.alipay().state().generation, 2);
}
