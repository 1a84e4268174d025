use mingfen_simulator::Settings;
use mingfen_simulator::wechat::{self, MerchantSettings, USER_COOKIE};
use serde_json::json;

use crate::hospital::{Answer, Hospital};

const NUMBER: &str = "HOSP20260101000001";

fn location(answer: &Answer) -> String {
    answer.headers.get("Location").and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned()
}

fn authorize(redirect: &str) -> String {
    format!(
        "/connect/oauth2/authorize?appid=wx1111111111111111&redirect_uri={redirect}&response_type=code&scope=snsapi_base&state=abc1"
    )
}

async fn visit(hospital: &Hospital, path: &str, headers: &[(&str, &str)]) -> Answer {
    hospital.send_bare("GET", path, "", headers).await.expect("an answer")
}

async fn exchange(hospital: &Hospital, code: &str) -> serde_json::Value {
    let secret = &hospital.credentials.app_secret;
    let path = format!(
        "/sns/oauth2/access_token?appid=wx1111111111111111&secret={secret}&code={code}&grant_type=authorization_code"
    );
    visit(hospital, &path, &[]).await.json()
}

#[tokio::test]
async fn a_browser_is_sent_back_with_a_code_that_works_once() {
    let hospital = Hospital::open().await;
    let sent = visit(&hospital, &authorize("http%3A%2F%2F127.0.0.1%3A9%2Fback%3Fa%3D1"), &[]).await;
    assert_eq!(sent.status, 302);
    let back = location(&sent);
    let code = back
        .strip_prefix("http://127.0.0.1:9/back?a=1&code=")
        .and_then(|rest| rest.strip_suffix("&state=abc1"))
        .expect("the way back");
    let answer = exchange(&hospital, code).await;
    assert_eq!(answer["openid"], hospital.simulator.wechat().openid("u1", "wx1111111111111111").as_str());
    assert_eq!(answer["openid"].as_str().map(str::len), Some(28));
    assert_eq!(exchange(&hospital, code).await["errcode"], 40163);
    assert_eq!(exchange(&hospital, "unknown").await["errcode"], 40029);
    assert_eq!(exchange(&hospital, "").await["errcode"], 41008);
}

#[tokio::test]
async fn a_code_lives_five_minutes_and_a_cookie_says_who() {
    let hospital = Hospital::open().await;
    let cookie = format!("{USER_COOKIE}=u2");
    let sent = visit(&hospital, &authorize("http%3A%2F%2Flocalhost%2F"), &[("Cookie", &cookie)]).await;
    let back = location(&sent);
    let code = back.split(['=', '&']).nth(1).expect("a code").to_owned();
    let openid = exchange(&hospital, &code).await["openid"].clone();
    assert_eq!(openid, hospital.simulator.wechat().openid("u2", "wx1111111111111111").as_str());
    let late = hospital.simulator.wechat().issue_code("wx1111111111111111", "u1");
    hospital.simulator.clock().advance_ms(300_001);
    assert_eq!(exchange(&hospital, &late).await["errcode"], 40029);
}

#[tokio::test]
async fn parameters_out_of_order_and_foreign_addresses_stop_at_an_error_page() {
    let hospital = Hospital::open().await;
    let good = authorize("http%3A%2F%2Flocalhost%2F");
    let swapped =
        good.replace("&response_type=code&scope=snsapi_base", "&scope=snsapi_base&response_type=code");
    assert!(visit(&hospital, &swapped, &[]).await.text().contains("10002"));
    let foreign = visit(&hospital, &authorize("http%3A%2F%2Fexample.com%2F"), &[]).await;
    assert!(foreign.text().contains("10003"));
    hospital.simulator.wechat().refuse_authorisation(true);
    assert_eq!(location(&visit(&hospital, &good, &[]).await), "http://localhost/?state=abc1");
}

async fn opened_sheet(hospital: &Hospital) -> String {
    let created = hospital.post("/v3/pay/transactions/jsapi", &hospital.order(NUMBER, 11_200)).await.json();
    let call = hospital.jsapi_call(created["prepay_id"].as_str().unwrap_or_default());
    let mut url = url::Url::parse(&format!("{}/sheet/wechat", hospital.simulator.base_url)).expect("a url");
    url.query_pairs_mut()
        .append_pair("appId", &call.app_id)
        .append_pair("timeStamp", &call.time_stamp)
        .append_pair("nonceStr", &call.nonce_str)
        .append_pair("package", &call.package)
        .append_pair("signType", &call.sign_type)
        .append_pair("paySign", &call.pay_sign)
        .append_pair("back", "http://localhost:1/pay?x=1");
    let path = format!("{}?{}", url.path(), url.query().unwrap_or_default());
    let opened = visit(hospital, &path, &[]).await;
    assert_eq!(opened.status, 303, "{}", opened.text());
    location(&opened)
}

async fn press(hospital: &Hospital, sheet: &str, form: &str) -> Answer {
    let headers = [("Content-Type", "application/x-www-form-urlencoded")];
    hospital.send_bare("POST", sheet, form, &headers).await.expect("an answer")
}

#[tokio::test]
async fn six_keys_pay_and_lead_back_to_the_page() {
    let hospital = Hospital::open().await;
    let sheet = opened_sheet(&hospital).await;
    let page = visit(&hospital, &sheet, &[]).await.text();
    assert!(page.contains("付给 青禾市人民医院") && page.contains("112.00") && page.contains("剩 10,000.00"));
    for _ in 0..5 {
        assert_eq!(location(&press(&hospital, &sheet, "key=1&fault=none").await), sheet);
    }
    assert!(visit(&hospital, &sheet, &[]).await.text().contains("已输入 5 位"));
    let last = press(&hospital, &sheet, "key=1&fault=doubled").await;
    assert_eq!(location(&last), "http://localhost:1/pay?x=1#simpay=ok");
    assert_eq!(location(&visit(&hospital, &sheet, &[]).await), "http://localhost:1/pay?x=1#simpay=ok");
    assert_eq!(hospital.simulator.pump().await.delivered.len(), 2);
    assert_eq!(hospital.simulator.ledger().payments[0].paid_fen, 11_200);
}

#[tokio::test]
async fn a_user_can_go_away_or_lack_money() {
    let hospital = Hospital::open().await;
    let sheet = opened_sheet(&hospital).await;
    assert_eq!(location(&press(&hospital, &sheet, "key=all&fault=balance").await), sheet);
    assert!(visit(&hospital, &sheet, &[]).await.text().contains("余额不足"));
    let gone = visit(&hospital, &format!("{sheet}/cancel"), &[]).await;
    assert_eq!(location(&gone), "http://localhost:1/pay?x=1#simpay=cancel");
    assert_eq!(hospital.query(NUMBER).await.json()["trade_state"], "NOTPAY");
}

#[tokio::test]
async fn an_h5_address_wants_a_referer_and_lives_five_minutes() {
    let hospital = Hospital::open().await;
    let mut order = hospital.order(NUMBER, 100);
    order.as_object_mut().expect("an object").remove("payer");
    order["scene_info"] = json!({ "payer_client_ip": "10.0.0.8", "h5_info": { "type": "Wap" } });
    let created = hospital.post("/v3/pay/transactions/h5", &order).await;
    let url = created.json()["h5_url"].as_str().unwrap_or_default().to_owned();
    let path = format!(
        "{}&redirect_url=http%3A%2F%2Flocalhost%3A1%2Fdone",
        url.strip_prefix(&hospital.simulator.base_url).expect("a url here")
    );
    for stranger in ["http://localhost.example/", "http://10.0.0.8/pay", "about:client", "localhost"] {
        let page = visit(&hospital, &path, &[("Referer", stranger)]).await;
        assert!(page.text().contains("商家存在未配置的参数"), "{stranger}");
    }
    assert!(visit(&hospital, &path, &[]).await.text().contains("商家存在未配置的参数"));
    let referer = [("Referer", "http://localhost:1/")];
    let sheet = location(&visit(&hospital, &path, &referer).await);
    assert_eq!(location(&press(&hospital, &sheet, "key=all").await), "http://localhost:1/done");
    hospital.simulator.clock().advance_ms(300_000);
    assert!(visit(&hospital, &path, &referer).await.text().contains("支付请求已失效"));
}

#[tokio::test]
async fn a_registered_domain_covers_the_hosts_below_it() {
    let merchant = MerchantSettings {
        h5_domains: vec!["hospital.example".to_owned()],
        ..MerchantSettings::new("1900000001", "wx1111111111111111", "医院")
    };
    let wechat = wechat::Settings {
        merchants: vec![merchant],
        h5_payers_on_this_machine: false,
        ..wechat::Settings::default()
    };
    let hospital = Hospital::open_with(Settings { wechat, ..Settings::default() }).await;
    let mut order = hospital.order(NUMBER, 100);
    order.as_object_mut().expect("an object").remove("payer");
    order["scene_info"] = json!({ "payer_client_ip": "::ffff:127.0.0.1", "h5_info": { "type": "Wap" } });
    let refused = hospital.post("/v3/pay/transactions/h5", &order).await;
    assert_eq!((refused.status, refused.json()["code"].as_str()), (400, Some("PARAM_ERROR")));
    order["scene_info"]["payer_client_ip"] = "203.0.113.7".into();
    let created = hospital.post("/v3/pay/transactions/h5", &order).await;
    let url = created.json()["h5_url"].as_str().unwrap_or_default().to_owned();
    let path = url.strip_prefix(&hospital.simulator.base_url).expect("a url here");
    for (referer, comes_in) in [
        ("https://hospital.example/", true),
        ("https://pay.hospital.example/pay/1", true),
        ("https://pay.hospital.example.evil/", false),
        ("https://nothospital.example/", false),
        ("http://127.0.0.1/", false),
    ] {
        let answer = visit(&hospital, path, &[("Referer", referer)]).await;
        assert_eq!(answer.status == 303, comes_in, "{referer}: {}", answer.text());
    }
}

#[tokio::test]
async fn control_over_http_does_what_the_handles_do() {
    let hospital = Hospital::open().await;
    let control = async |method: &str, path: &str, body: &str| {
        let headers = [("Content-Type", "application/json")];
        hospital.send_bare(method, path, body, &headers).await.expect("an answer")
    };
    let rule = r#"{"call":"wechat.notify.*","fault":{"kind":"notify_doubled"}}"#;
    assert_eq!(control("POST", "/control/faults", rule).await.status, 201);
    hospital.post("/v3/pay/transactions/jsapi", &hospital.order(NUMBER, 100)).await;
    let pay = format!(r#"{{"mchid":"1900000001","out_trade_no":"{NUMBER}"}}"#);
    assert_eq!(control("POST", "/control/wechat/pay", &pay).await.status, 204);
    let pumped = control("POST", "/control/pump", "").await.json();
    assert_eq!(pumped["delivered"].as_array().map(Vec::len), Some(2));
    let ledger = control("GET", "/control/ledger", "").await.json();
    assert_eq!(ledger["payments"][0]["paid_fen"], 100);
    assert_eq!(ledger["notifications"][0]["attempts"][0]["status"], 200);
    let moved = control("POST", "/control/clock", r#"{"advance_ms":1000}"#).await.json();
    assert_eq!(moved["now_ms"], crate::hospital::NOON_MS + 1_000);
    let change = r#"{"trust":{"both":{"notify_by_public_key_percent":10}}}"#;
    assert_eq!(control("POST", "/control/wechat/merchants/1900000001", change).await.status, 204);
    let issued = control("GET", "/control/wechat/credentials", "").await.json();
    assert_eq!(issued[0]["merchant_serial"], hospital.credentials.merchant_serial.as_str());
}

#[tokio::test]
async fn the_control_page_shows_and_its_buttons_lead_back() {
    let hospital = Hospital::open().await;
    hospital.paid_order(NUMBER, 11_200).await;
    hospital.simulator.pump().await;
    let page = visit(&hospital, "/", &[]).await.text();
    assert!(page.contains(NUMBER) && page.contains("112.00") && page.contains("已确认"));
    for (action, form) in [
        ("advance", "seconds=60"),
        ("fault", "preset=0&provider=wechat&times=2&percent=100"),
        ("user", "id=u2"),
        ("trust", "mchid=1900000001&trust=both"),
        ("rotate", "mchid=1900000001"),
        ("storm", "provider=wechat&percent=1"),
        ("limit", "call=wechat.query&per_second=7"),
        ("pump", ""),
    ] {
        let answer = press(&hospital, &format!("/control/page/{action}"), form).await;
        assert_eq!((answer.status, location(&answer).as_str()), (303, "/"), "{action}");
    }
    let page = visit(&hospital, "/", &[]).await.text();
    assert!(page.contains("<code>wechat.query</code> 每秒最多 7 次"));
    assert!(page.contains("先来一条伪造的退款通知"));
    assert!(page.contains("支付通知丢失") && page.contains("2026-01-01 12:01:00"));
    assert_eq!(hospital.simulator.wechat().current_user(), "u2");
    press(&hospital, "/control/page/clear", "").await;
    assert!(hospital.simulator.faults().rules().is_empty());
}

#[tokio::test]
async fn bridges_and_styles_are_served() {
    let hospital = Hospital::open().await;
    for path in [
        "/bridge/wechat.js",
        "/bridge/alipay.js",
        "/assets/sim.css",
        "/assets/tokens.css",
        "/assets/sheet.js",
    ] {
        assert_eq!(visit(&hospital, path, &[]).await.status, 200, "{path}");
    }
}
