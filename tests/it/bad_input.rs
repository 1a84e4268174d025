//! Whatever a browser sends: a clear 4xx in the person's language, and nothing stored.

use mingfen_tests::{App, CARD, Hospital, SignedCall};

stories!(
    codes_that_do_not_open,
    forms_that_are_not_ours,
    phones_that_are_none,
    too_many_bad_codes_have_to_wait_and_genuine_ones_do_not,
    a_body_that_is_too_large_is_said_in_the_readers_words,
    an_unknown_language_or_size_changes_nothing,
    an_order_number_leads_to_no_page,
    a_browser_without_its_session_comes_back_to_its_result,
    an_authorisation_code_that_is_none_is_not_sent_on,
    a_flood_of_forged_notifications_is_not_kept_and_genuine_ones_are,
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

async fn too_many_bad_codes_have_to_wait_and_genuine_ones_do_not(hospital: Hospital) {
    let mut patient = hospital.patient(CARD, App::Wechat).await;
    let base = hospital.replica.public_url.clone();
    for _ in 0..20 {
        assert_eq!(patient.opens(&format!("{base}/s/AAAAAAAA")).await.status, 404);
    }
    let page = patient.opens(&format!("{base}/s/AAAAAAAA")).await;
    assert_eq!(page.status, 429);
    page.says("10 分钟");
    // The whole hospital's network is that one address.
    let list = patient.scans().await;
    assert_eq!(list.status, 200);
    assert!(list.field("csrf").is_some(), "{}", list.text);
}

async fn a_body_that_is_too_large_is_said_in_the_readers_words(hospital: Hospital) {
    let mut patient = hospital.patient(CARD, App::Wechat).await;
    let list = patient.scans().await;
    let csrf = list.field("csrf").expect("a form");
    let large = "1".repeat(70_000);
    let base = hospital.replica.public_url.clone();
    for path in ["/slips", "/phone", "/pay", "/lang", "/size"] {
        let page = patient.posts(&format!("{base}{path}"), &[("csrf", &csrf), ("slip", &large)]).await;
        assert_eq!(page.status, 413, "{path}");
        assert!(page.text.contains("<html lang=\"zh"), "{path}: {}", page.text);
        page.says("没有扣钱");
    }
    let call = SignedCall::of_his(&hospital, "POST", "/api/v1/slips", &large);
    let answer = call.sent_to(&hospital.replica.internal_url).await;
    assert_eq!((answer.status, answer.code()), (413, "TOO_LARGE"), "{}", answer.json);
    let answer =
        SignedCall::of_his(&hospital, "POST", "/healthz", "").sent_to(&hospital.replica.internal_url).await;
    assert_eq!((answer.status, answer.code()), (405, "NO_SUCH_METHOD"), "{}", answer.json);
}

async fn an_unknown_language_or_size_changes_nothing(hospital: Hospital) {
    let mut patient = hospital.patient(CARD, App::Wechat).await;
    patient.scans().await;
    let base = hospital.replica.public_url.clone();
    let english = patient.posts(&format!("{base}/lang"), &[("lang", "en"), ("back", "/slips")]).await;
    assert!(english.text.contains("<html lang=\"en"), "{}", english.text);
    for (path, fields) in [
        ("/lang", vec![]),
        ("/lang", vec![("lang", "fr")]),
        ("/lang", vec![("lang", "")]),
        ("/lang", vec![("lang", "zh-CN\0")]),
        ("/size", vec![]),
        ("/size", vec![("size", "huge")]),
    ] {
        let page = patient.posts(&format!("{base}{path}"), &fields).await;
        assert_eq!(page.status, 400, "{path} {fields:?}");
        assert!(page.text.contains("<html lang=\"en"), "{path} {fields:?}: the choice before stands");
    }
}

async fn an_order_number_leads_to_no_page(hospital: Hospital) {
    let mut patient = hospital.patient(CARD, App::Wechat).await;
    patient.pays(&[1]).await;
    hospital.lives_through(10, 5).await;
    let order = hospital.simulator.his().records().bookings()[0].tenders[0].out_trade_no.clone();
    let base = hospital.replica.public_url.clone();
    let mut stranger = hospital.patient(CARD, App::Browser).await;
    for (path, status) in [
        (format!("/back/{order}"), 404),
        (format!("/back/{order}/"), 404),
        (format!("/back/{order}/AQ"), 403),
        (format!("/back/{order}/AQAAAAAAAAAAAAAAAAAAAAA"), 403),
        (format!("/back/{order}/%00"), 403),
    ] {
        let page = stranger.opens(&format!("{base}{path}")).await;
        assert_eq!(page.status, status, "{path}");
        assert!(!page.url.contains("/result/"), "{path}");
    }
}

async fn a_browser_without_its_session_comes_back_to_its_result(hospital: Hospital) {
    let mut patient = hospital.patient(CARD, App::Browser).await;
    let link = format!("{}?app=alipay", patient.link);
    let list = patient.opens(&link).await;
    let phone = patient.chooses(&list, &[1]).await;
    let confirm = patient.gives_phone(&phone, Some("13800001234")).await;
    let sheet = patient.presses_pay(&confirm).await;
    assert_eq!(sheet.status, 200, "{}", sheet.text);
    let bill = hospital.store().bill_by_view_ref(&sheet.reference()).await.expect("rows").expect("a bill");
    let order =
        &hospital.store().payments_of_bill(&bill.bill.bill_no).await.expect("rows")[0].payment.out_trade_no;
    let back = sheet.text.split("%2Fback%2F").nth(1).expect("the cashier page is told where to come back to");
    let back: String = back.split(['"', '&']).next().expect("a place").replace("%2F", "/");
    assert!(back.starts_with(&format!("{order}/")), "{back}");
    // Another browser of the same telephone: no cookie. Alipay adds words of its own.
    let mut fresh = hospital.patient(CARD, App::Browser).await;
    let base = hospital.replica.public_url.clone();
    let page =
        fresh.opens(&format!("{base}/back/{back}?out_trade_no={order}&trade_status=TRADE_SUCCESS")).await;
    assert_eq!((page.status, page.reference()), (200, sheet.reference()));
    assert!(!page.heading().contains("成功"), "what the address claims is not believed: {}", page.heading());
}

async fn an_authorisation_code_that_is_none_is_not_sent_on(hospital: Hospital) {
    let mut patient = hospital.patient(CARD, App::Wechat).await;
    let begun = patient.steps_to_authorisation().await;
    let state = begun.query_pairs().find(|(name, _)| name == "state").expect("a state").1.into_owned();
    let base = hospital.replica.public_url.clone();
    for code in ["x".repeat(513), "a%0Ab".to_owned(), "%00".to_owned()] {
        let page = patient.opens(&format!("{base}/auth/wechat-main?state={state}&code={code}")).await;
        assert_eq!(page.status, 400, "{code}");
    }
}

async fn a_flood_of_forged_notifications_is_not_kept_and_genuine_ones_are(hospital: Hospital) {
    let url = format!("{}/n/wechat-main", hospital.replica.public_url);
    let client = reqwest::Client::new();
    let mut statuses = Vec::new();
    for number in 0..60 {
        let forged =
            client.post(&url).body(format!("{{\"forged\":{number}}}")).send().await.expect("an answer");
        statuses.push(forged.status().as_u16());
    }
    assert_eq!(hospital.kept_notifications().await.len(), 20, "limits.unproven_per_minute of the box");
    assert!(statuses[20..].iter().all(|status| *status == 429), "{statuses:?}");
    // A genuine one is let in, even from the same address.
    let mut patient = hospital.patient(CARD, App::Wechat).await;
    let sheet = patient.pays(&[1]).await;
    hospital.simulator.pump().await;
    let kept = hospital.kept_notifications().await;
    assert_eq!(kept.len(), 21);
    assert_eq!(kept.last().map(|kept| kept.verdict.as_str()), Some("applied"));
    patient.looks_at_result(&sheet).await.says("钱已收到");
    let metrics =
        client.get(format!("{}/metrics", hospital.replica.internal_url)).send().await.expect("an answer");
    let metrics = metrics.text().await.expect("text");
    assert!(metrics.contains("verdict=\"not_kept\"} 40"), "{metrics}");
    assert!(metrics.contains("listener=\"public\",class=\"4xx\""), "{metrics}");
}
