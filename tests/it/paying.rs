//! From the code on the slip to "paid and booked".

use mingfen_domain::Fen;
use mingfen_simulator::his::SlipStatus;
use mingfen_tests::{App, CARD, Hospital};

stories!(a_patient_pays_in_wechat, a_patient_pays_in_alipay, a_patient_pays_in_a_browser_outside_the_app);

async fn a_patient_pays_in_wechat(hospital: Hospital) {
    pays(hospital, App::Wechat).await;
}

async fn a_patient_pays_in_alipay(hospital: Hospital) {
    pays(hospital, App::Alipay).await;
}

async fn pays(hospital: Hospital, app: App) {
    let mut patient = hospital.patient(CARD, app).await;
    let sheet = patient.pays(&[1]).await;
    hospital.settles().await;
    let result = patient.looks_at_result(&sheet).await;
    assert_eq!(result.heading(), "支付成功", "{}", result.text);
    hospital.lives_through(10, 10).await;

    let slip = {
        let records = hospital.simulator.his().records();
        let paid: Vec<_> =
            records.slips_of(CARD).filter(|slip| slip.status == SlipStatus::Paid).cloned().collect();
        assert_eq!(paid.len(), 1);
        paid[0].clone()
    };
    let story = hospital.story(&slip.slip_no).await;
    assert_eq!(story.received, Fen::new(slip.self_pay_fen()));
    assert_eq!(story.open_tasks, Vec::<String>::new());
    assert_eq!(hospital.simulator.sms().sent().len(), 1);
    hospital.verifies().await;
}

/// WeChat's cashier page for browsers lets in only who comes from the hospital's registered domain.
async fn a_patient_pays_in_a_browser_outside_the_app(hospital: Hospital) {
    let mut patient = hospital.patient(CARD, App::Browser).await;
    let link = format!("{}?app=wechat", patient.link);
    let list = patient.opens(&link).await;
    assert_eq!(list.referrer_policy, "no-referrer", "addresses of ours name payments");
    let phone = patient.chooses(&list, &[1]).await;
    let confirm = patient.gives_phone(&phone, Some("13800001234")).await;
    let page = patient.presses_pay(&confirm).await;
    assert_eq!(page.referrer_policy, "origin");
    let cashier = page
        .text
        .split("href=\"")
        .map(|after| after.split('"').next().unwrap_or_default().replace("&#38;", "&"))
        .find(|href| href.contains("/cgi-bin/mmpayweb-bin/checkmweb"))
        .unwrap_or_else(|| panic!("no link to the cashier page on {}:\n{}", page.url, page.text));
    let sheet = patient.presses_link(&page, &cashier).await;
    assert!(sheet.url.contains("/sheet/at/"), "{}: {}", sheet.url, sheet.text);
    let back = patient.posts(&sheet.url, &[("key", "all")]).await;
    assert!(back.url.contains(&page.reference()), "the cashier page leads back: {}", back.url);
    hospital.settles().await;
    let result = patient.looks_at_result(&page).await;
    assert_eq!(result.heading(), "支付成功", "{}", result.text);
    hospital.verifies().await;
}
