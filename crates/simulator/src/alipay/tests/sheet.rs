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
