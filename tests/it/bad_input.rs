//! Whatever a browser sends: a clear 4xx in the person's language, and nothing stored.

use mingfen_tests::{App, CARD, Hospital};

stories!(
    codes_that_do_not_open,
    forms_that_are_not_ours,
    phones_that_are_none,
    too_many_bad_codes_have_to_wait
);

async fn codes_that_do_not_open(hospital: Hospital) {
    let mut patient = hospital.patient(CARD, App::Wechat).await;
    let link = patient.link.clone();
    let (base, token) = link.rsplit_once('/').expect("a link");
    let flipped = token
        .chars()
        .enumerate()
        .map(|(at, c)| if at == 20 { if c == 'A' { 'B' } else { 'A' } } else { c })
        .collect();
    let unknown_key = format!("AQ9{}", &token[3..]);
    for bad in
        [flipped, unknown_key, token[..40].to_owned(), "x".to_owned(), "%00".to_owned(), "A".repeat(4000)]
    {
        let page = patient.opens(&format!("{base}/{bad}")).await;
        assert_eq!(page.status, 404, "{bad}");
        page.says("请不要向这个码付款");
    }
    hospital.time_passes(86_401);
    let page = patient.opens(&link).await;
    assert_eq!(page.status, 410);
    page.says("钱没有扣");
}

async fn forms_that_are_not_ours(hospital: Hospital) {
    let mut patient = hospital.patient(CARD, App::Wechat).await;
    let list = patient.scans().await;
    let base = hospital.replica.public_url.clone();
    let csrf = list.field("csrf").expect("a form");
    let cases = [
        ("/slips", vec![("slip", "1")], 403_u16),
        ("/slips", vec![("slip", "1"), ("csrf", "forged")], 403),
        ("/slips", vec![("slip", "0"), ("csrf", &csrf)], 400),
        ("/slips", vec![("slip", "-1"), ("csrf", &csrf)], 400),
        ("/slips", vec![("slip", "999999999999999999999"), ("csrf", &csrf)], 400),
        ("/slips", vec![("slip", "1; DROP TABLE"), ("csrf", &csrf)], 400),
        ("/pay", vec![("csrf", &csrf)], 400),
        ("/pay", vec![("csrf", &csrf), ("snapshot", "forged")], 400),
        ("/result/NOSUCH/again", vec![("csrf", &csrf)], 404),
    ];
    for (path, fields, status) in cases {
        let page = patient.posts(&format!("{base}{path}"), &fields).await;
        assert_eq!(page.status, status, "{path} {fields:?}:\n{}", page.text);
        page.says("没有扣钱");
    }
    for (path, status) in
        [("/slips/0", 404), ("/slips/x", 404), ("/nowhere", 404), ("/pay", 405), ("/result/%E5%BC%A0", 404)]
    {
        assert_eq!(patient.opens(&format!("{base}{path}")).await.status, status, "{path}");
    }
    assert!(hospital.simulator.ledger().payments.is_empty());
}

async fn phones_that_are_none(hospital: Hospital) {
    let mut patient = hospital.patient(CARD, App::Wechat).await;
    let list = patient.scans().await;
    let page = patient.chooses(&list, &[1]).await;
    for typed in [
        "",
        "1380000123",
        "138000012345",
        "abcdefghijk",
        "23800001234",
        "１３８００００１２３４",
        "<script>alert(1)</script>",
    ] {
        let answer = patient.gives_phone(&page, Some(typed)).await;
        assert_eq!(answer.status, 422, "{typed}");
        assert!(!answer.text.contains("<script>alert"));
    }
}

async fn too_many_bad_codes_have_to_wait(hospital: Hospital) {
    let mut patient = hospital.patient(CARD, App::Wechat).await;
    let base = hospital.replica.public_url.clone();
    for _ in 0..20 {
        patient.opens(&format!("{base}/s/AAAAAAAA")).await;
    }
    let page = patient.opens(&format!("{base}/s/AAAAAAAA")).await;
    assert_eq!(page.status, 429);
    page.says("10 分钟");
}
