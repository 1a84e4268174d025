use serde_json::json;

use crate::hospital::Hospital;

const CREATE: &str = "/v3/pay/transactions/jsapi";
const REFUND: &str = "/v3/refund/domestic/refunds";

#[tokio::test]
async fn unknown_paths_and_methods_answer_with_nothing() {
    let hospital = Hospital::open().await;
    let lost = hospital.get("/v3/nothing").await;
    assert_eq!((lost.status, lost.body.len()), (404, 0));
    let method = hospital.get(CREATE).await;
    assert_eq!((method.status, method.body.len()), (405, 0));
}

#[tokio::test]
async fn rejections_come_in_the_observed_order_and_words() {
    let hospital = Hospital::open().await;
    let body = "{}";
    let good = hospital.authorization("POST", REFUND, body);
    let header = |agent: bool, authorization: &str| {
        let mut headers = vec![("Accept", "*/*".to_owned()), ("Authorization", authorization.to_owned())];
        if agent {
            headers.push(("User-Agent", "test".to_owned()));
        }
        headers.push(("Content-Type", "application/json".to_owned()));
        headers
    };
    let serial = &hospital.credentials.merchant_serial;
    let format = "Http头Authorization值格式错误，请参考《微信支付商户REST API签名规则》";
    for (path, headers, status, message) in [
        (REFUND, header(false, ""), 400, "Http头缺少Accept或User-Agent"),
        (REFUND, header(true, ""), 401, format),
        (CREATE, header(false, ""), 401, "签名信息错误，验签失败"),
        (CREATE, header(true, "Bearer abc"), 401, "签名信息错误，验签失败"),
        (REFUND, header(true, "Bearer abc"), 401, "HTTP头Authorization认证类型不正确"),
        (
            REFUND,
            header(true, &good.replace(serial.as_str(), "ABC")),
            401,
            "商户证书序列号有误。请使用签名私钥匹配的证书序列号",
        ),
        (REFUND, header(true, &good.replace("0A1B", "0A1C")), 401, "签名错误"),
        (
            REFUND,
            header(true, &good),
            400,
            "输入源“/body/out_refund_no”映射到字段“商户退款单号”必填性规则校验失败，此字段为必填项",
        ),
    ] {
        let headers: Vec<(&str, &str)> =
            headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let answer = hospital.send_bare("POST", path, body, &headers).await.expect("an answer");
        assert_eq!(
            (answer.status, answer.json()["message"].as_str()),
            (status, Some(message)),
            "{headers:?}"
        );
        assert!(!answer.headers.contains_key("Wechatpay-Signature"));
        assert_eq!(answer.headers.contains_key("Request-ID"), path == REFUND);
    }
}

#[tokio::test]
async fn a_stamp_more_than_five_minutes_off_is_refused_before_the_signature() {
    let hospital = Hospital::open().await;
    let authorization = hospital.authorization("GET", "/v3/certificates", "").replace("0A1B", "WRONG");
    hospital.simulator.clock().advance_ms(301_000);
    let headers = [("Authorization", authorization.as_str()), ("Accept", "*/*"), ("User-Agent", "test")];
    let answer = hospital.send_bare("GET", "/v3/certificates", "", &headers).await.expect("an answer");
    assert_eq!(
        answer.text(),
        r#"{"code":"SIGN_ERROR","message":"Http头Authorization中的timestamp与发起请求的时间不得超过5分钟"}"#
    );
}

#[tokio::test]
async fn bodies_are_checked_against_the_document() {
    let hospital = Hospital::open().await;
    let good = hospital.order("HOSP20260101000001", 100);
    let changed = |key: &str, value: serde_json::Value| {
        let mut order = good.clone();
        order[key] = value;
        order
    };
    for (order, code, message) in [
        (
            changed("mchid", json!("1900000002")),
            "PARAM_ERROR",
            "http header中的mchid与post payload中的mchid不匹配",
        ),
        (changed("appid", json!("wx3")), "APPID_MCHID_NOT_MATCH", "appid和mch_id不匹配，请检查后再试"),
        (changed("surprise", json!(1)), "PARAM_ERROR", "参数中含有非法的额外参数"),
        (
            changed("time_expire", json!("20220421191948")),
            "PARAM_ERROR",
            "输入源“/body/time_expire”映射到值字段“交易结束时间”字符串规则校验失败，字符串必须是符合 RFC3339 日期时间格式",
        ),
        (
            changed("amount", json!({ "total": 0 })),
            "PARAM_ERROR",
            "输入源“/body/amount/total”映射到数值字段“总金额”规则校验失败，值低于最小值 1",
        ),
        (changed("payer", json!({ "openid": "oNobody" })), "PARAM_ERROR", "appid与openid不匹配"),
    ] {
        let answer = hospital.post(CREATE, &order).await;
        let body = answer.json();
        assert_eq!(
            (answer.status, body["code"].as_str(), body["message"].as_str()),
            (400, Some(code), Some(message))
        );
    }
    let wrong = hospital.post(CREATE, &changed("amount", json!({ "total": 0 }))).await;
    assert!(
        wrong
            .text()
            .starts_with(r#"{"code":"PARAM_ERROR","detail":{"location":"body","value":0},"message":"#)
    );
}

#[tokio::test]
async fn the_merchant_is_compared_before_the_members_are_checked() {
    let hospital = Hospital::open().await;
    let mut order = hospital.order("HOSP20260101000001", 0);
    order["mchid"] = "1900000002".into();
    let refused = hospital.post(CREATE, &order).await.json();
    assert_eq!(refused["message"], "http header中的mchid与post payload中的mchid不匹配");
    order.as_object_mut().expect("an object").remove("mchid");
    let refused = hospital.post(CREATE, &order).await.json();
    assert_eq!(
        refused["message"],
        "输入源“/body/mchid”映射到字段“直连商户号”必填性规则校验失败，此字段为必填项"
    );
    let close = "/v3/pay/transactions/out-trade-no/12345/close";
    let refused = hospital.post(close, &json!({ "mchid": "1900000002" })).await.json();
    assert_eq!(refused["message"], "http header中的mchid与post payload中的mchid不匹配");
}

#[tokio::test]
async fn numbers_in_paths_keep_their_alphabet_and_length() {
    let hospital = Hospital::open().await;
    let orders = "/v3/pay/transactions";
    let long = "R".repeat(65);
    for path in [
        format!("{orders}/out-trade-no/12345?mchid=1900000001"),
        format!("{orders}/out-trade-no/{}?mchid=1900000001", "1".repeat(33)),
        format!("{orders}/out-trade-no/HOSP@20260101?mchid=1900000001"),
        format!("{orders}/id/42-00?mchid=1900000001"),
        format!("{REFUND}/{long}"),
        format!("{REFUND}/RF!1"),
    ] {
        let answer = hospital.get(&path).await;
        assert_eq!((answer.status, answer.json()["code"].as_str()), (400, Some("PARAM_ERROR")), "{path}");
        assert_eq!(answer.json()["detail"]["location"], "uri_template", "{path}");
    }
    assert_eq!(hospital.close("12345").await.json()["code"], "PARAM_ERROR");
    assert_eq!(hospital.query("HOSP%7C2026_01-01*").await.status, 404, "all signs of an order's number");
}

#[tokio::test]
async fn a_body_without_its_type_is_refused() {
    let hospital = Hospital::open().await;
    let body = hospital.order("HOSP20260101000001", 1).to_string();
    let authorization = hospital.authorization("POST", CREATE, &body);
    for kind in ["", "text/plain"] {
        let headers = [("Authorization", authorization.as_str()), ("Content-Type", kind)];
        let headers = if kind.is_empty() { &headers[..1] } else { &headers[..] };
        let answer = hospital.send_bare("POST", CREATE, &body, headers).await.expect("an answer");
        assert_eq!((answer.status, answer.json()["code"].as_str()), (400, Some("INVALID_REQUEST")), "{kind}");
    }
}

#[tokio::test]
async fn a_close_without_mchid_names_the_template() {
    let hospital = Hospital::open().await;
    let path = "/v3/pay/transactions/out-trade-no/HOSP20260101000001/close";
    assert_eq!(
        hospital.post(path, &json!({})).await.text(),
        r#"{"code":"PARAM_ERROR","detail":{"location":"uri_template","value":""},"message":"输入源“/uri_template/mchid”映射到字段“直连商户号”必填性规则校验失败，此字段为必填项"}"#
    );
}
