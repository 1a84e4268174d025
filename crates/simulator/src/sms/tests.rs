use serde_json::{Value, json};

use crate::faults::{Fault, Rule, When};
use crate::{Running, Settings, Simulator};

async fn send(simulator: &Running, key: &str, body: &Value) -> (u16, Value) {
    let answer = reqwest::Client::new()
        .post(format!("{}/sms/v1/messages", simulator.base_url))
        .bearer_auth(key)
        .body(body.to_string())
        .send()
        .await
        .expect("an answer");
    (answer.status().as_u16(), serde_json::from_str(&answer.text().await.expect("text")).expect("JSON"))
}

#[actix_web::test]
async fn one_request_id_sends_one_message() {
    let simulator = Simulator::start(Settings::default()).await.expect("starts");
    let body = json!({
        "phone": "13800001234", "template": "paid", "params": { "text": "缴费成功 <246.00>" }, "request_id": "N1",
    });
    let (status, first) = send(&simulator, super::DEMO_KEY, &body).await;
    assert_eq!(status, 200);
    assert_eq!(send(&simulator, super::DEMO_KEY, &body).await, (200, first));
    assert_eq!(simulator.sms().sent_to("13800001234").len(), 1);
    let mut other = body.clone();
    other["phone"] = json!("13800001235");
    assert_eq!(send(&simulator, super::DEMO_KEY, &other).await.0, 409);
    let page =
        reqwest::get(format!("{}/sms", simulator.base_url)).await.expect("page").text().await.expect("text");
    assert!(page.contains("缴费成功 &lt;246.00&gt;"));
}

#[actix_web::test]
async fn the_gate_refuses_strangers_and_odd_phones() {
    let simulator = Simulator::start(Settings::default()).await.expect("starts");
    let body = json!({ "phone": "1380000", "template": "paid", "params": {}, "request_id": "N1" });
    assert_eq!(send(&simulator, "nobody", &body).await.0, 401);
    assert_eq!(send(&simulator, super::DEMO_KEY, &body).await.0, 400);
    assert!(simulator.sms().sent().is_empty());
}

#[actix_web::test]
async fn a_fault_after_the_effect_still_sends_once() {
    let simulator = Simulator::start(Settings::default()).await.expect("starts");
    simulator.faults().add(Rule::next("sms.send", Fault::Status { status: 500, when: When::After }));
    let body = json!({ "phone": "13800001234", "template": "paid", "params": {}, "request_id": "N1" });
    assert_eq!(send(&simulator, super::DEMO_KEY, &body).await.0, 500);
    assert_eq!(send(&simulator, super::DEMO_KEY, &body).await.0, 200);
    assert_eq!(simulator.sms().sent().len(), 1);
}

#[actix_web::test]
async fn a_message_is_shown_as_its_receiver_reads_it() {
    let simulator = Simulator::start(Settings::default()).await.expect("starts");
    let params = json!({ "hospital": "青禾市人民医院", "amount": "403.46", "voucher": "7K2M 40QX" });
    for (request_id, template) in
        [("N1", "paid"), ("N2", "refunded"), ("N3", "refund_delayed"), ("N4", "other")]
    {
        let body = json!({
            "phone": "13800001234", "template": template, "params": params, "request_id": request_id,
        });
        assert_eq!(send(&simulator, super::DEMO_KEY, &body).await.0, 200);
    }
    let page =
        reqwest::get(format!("{}/sms", simulator.base_url)).await.expect("page").text().await.expect("text");
    assert!(page.contains("您已缴费 403.46 元，凭证号 7K2M 40QX。"), "{page}");
    assert!(page.contains("You paid CNY 403.46, voucher 7K2M 40QX."));
    assert!(page.contains("已退回给您 403.46 元"));
    assert!(page.contains("退给您的 403.46 元没能退到"));
    assert!(page.contains("voucher：7K2M 40QX"), "an unknown template shows its parameters");
    assert!(!page.contains('{'), "a place was not filled");
}
