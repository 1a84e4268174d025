//! Whatever a browser sends: a clear 4xx in the person's language, and nothing stored.

use mingfen_gateway::http::route::Caller;
use mingfen_gateway::{internal, public};
use mingfen_tests::{App, CARD, Hospital, SignedCall};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::sync::atomic::{AtomicUsize, Ordering};

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
    every_field_of_every_form_is_refused_in_the_persons_language_and_nothing_is_stored,
    every_member_of_every_api_call_is_refused_by_name_and_nothing_is_stored,
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

/// A form of the public listener.
struct Form {
    /// Its address; `{ref}` is the reference of an open payment.
    path: &'static str,
    /// Fields that are right.
    right: &'static [(&'static str, &'static str)],
    /// Each field, what it must not be, and the status that answers it.
    fields: &'static [FieldCases],
}

type FieldCases = (&'static str, &'static [(&'static str, u16)]);

const FORMS: &[Form] = &[
    Form {
        path: "/slips",
        right: &[("slip", "1")],
        fields: &[
            ("csrf", FORGED),
            (
                "slip",
                &[
                    ("0", 400),
                    ("-1", 400),
                    ("99", 400),
                    ("1.0", 400),
                    ("1 ", 400),
                    ("", 400),
                    ("one", 400),
                    ("１", 400),
                    ("18446744073709551616", 400),
                    ("1\u{0}", 400),
                    ("<b>1</b>", 400),
                ],
            ),
        ],
    },
    Form {
        path: "/phone",
        right: &[("which", "other"), ("phone", "13800001234")],
        fields: &[
            ("csrf", FORGED),
            (
                "phone",
                &[
                    ("", 422),
                    (" ", 422),
                    ("1380000123", 422),
                    ("138000012345", 422),
                    ("12800001234", 422),
                    ("13800001234x", 422),
                    ("１３８００００１２３４", 422),
                    ("+8613800001234", 422),
                    ("13800001234\u{0}", 400),
                    ("\u{202e}13800001234", 422),
                    ("'; DROP TABLE bills;--", 422),
                ],
            ),
        ],
    },
    Form {
        path: "/pay",
        right: &[("snapshot", "{snapshot}")],
        fields: &[
            ("csrf", FORGED),
            ("snapshot", &[("", 400), ("forged", 400), ("AQ", 400), ("张三", 400), ("\u{0}", 400)]),
        ],
    },
    Form { path: "/result/{ref}/again", right: &[], fields: &[("csrf", FORGED)] },
    Form {
        path: "/lang",
        right: &[("lang", "zh-CN")],
        fields: &[("lang", &[("", 400), ("fr", 400), ("ZH-CN", 400), ("zh-CN ", 400), ("\u{0}", 400)])],
    },
    Form {
        path: "/size",
        right: &[("size", "large")],
        fields: &[("size", &[("", 400), ("LARGE", 400), ("huge", 400), ("1", 400), ("\u{0}", 400)])],
    },
];

const FORGED: &[(&str, u16)] =
    &[("", 403), ("forged", 403), ("AQAAAAAAAAAAAAAAAAAAAAA", 403), ("张三", 403), ("\u{0}", 400)];

async fn every_field_of_every_form_is_refused_in_the_persons_language_and_nothing_is_stored(
    hospital: Hospital,
) {
    let forms: Vec<&str> = public::ROUTES
        .iter()
        .filter(|route| route.method == "POST" && route.caller == Caller::Anyone)
        .map(|route| route.path)
        .collect();
    for address in &forms {
        // Asking once more has no field but the reference in its address.
        let listed = FORMS.iter().any(|form| form.path.replace("{ref}", "{reference}") == *address);
        assert!(listed || *address == "/result/{reference}/check", "{address} is not in the table");
    }
    let mut patient = hospital.patient(CARD, App::Wechat).await;
    let sheet = patient.goes_to_the_sheet(&[1]).await;
    let reference = sheet.reference();
    let confirm = patient.goes_to_confirm(&[2]).await;
    let csrf = confirm.field("csrf").expect("a form");
    let snapshot = confirm.field("snapshot").expect("what it showed");
    let base = hospital.replica.public_url.clone();
    let before = hospital.row_counts().await;
    let orders = hospital.simulator.ledger().payments.len();
    for (language, tag, nothing_taken) in [("zh-CN", "zh", "没有扣"), ("en", "en", "No money was taken")] {
        patient.posts(&format!("{base}/lang"), &[("lang", language), ("back", "/slips")]).await;
        for Form { path, right, fields } in FORMS {
            let url = format!("{base}{}", path.replace("{ref}", &reference));
            let right: Vec<(&str, String)> =
                right.iter().map(|(name, value)| (*name, value.replace("{snapshot}", &snapshot))).collect();
            for (field, cases) in *fields {
                for (value, status) in *cases {
                    let mut sent = vec![("csrf", csrf.as_str())];
                    sent.extend(right.iter().map(|(name, value)| (*name, value.as_str())));
                    sent.retain(|(name, _)| name != field);
                    sent.push((*field, *value));
                    let page = patient.posts(&url, &sent).await;
                    let place = format!("{path} {field}={value:?} ({language})");
                    assert_eq!(page.status, *status, "{place}: {}", page.heading());
                    assert!(page.text.contains(&format!("<html lang=\"{tag}")), "{place}");
                    assert!(
                        !page.text.contains("<b>1</b>") && !page.text.contains("DROP TABLE bills;--\""),
                        "{place}"
                    );
                    // A phone is asked for again on its own page; everywhere else the first question is the money.
                    if *status != 422 {
                        let said = page.text.replace('|', "");
                        let took = said.contains(nothing_taken) || said.contains("This step took no money");
                        assert!(took, "{place} does not say that no money was taken: {}", page.text);
                    }
                }
            }
        }
        for (path, status) in [
            ("/s/x", 404),
            ("/s/%00", 404),
            ("/s/%ff%fe", 404),
            ("/auth/wechat-main?state=forged&code=1", 403),
            ("/auth/nobody?state=forged&code=1", 403),
            ("/auth/%00", 404),
            ("/slips/0", 404),
            ("/slips/99", 404),
            ("/slips/%00", 404),
            ("/slips/%E5%BC%A0", 404),
            ("/pay/x", 404),
            ("/pay/%00", 404),
            ("/result/x", 404),
            ("/result/%00", 404),
            ("/result/0000000000000000000000000%00", 404),
            ("/result/x/state", 404),
            ("/receipt/x", 404),
            ("/receipt/%00", 404),
            ("/back/%00/x", 404),
            ("/nowhere", 404),
        ] {
            let page = patient.opens(&format!("{base}{path}")).await;
            assert_eq!(page.status, status, "{path} ({language}): {}", page.heading());
            assert!(page.text.contains(&format!("<html lang=\"{tag}")), "{path} ({language})");
        }
    }
    assert_eq!(hospital.row_counts().await, before, "nothing was stored");
    assert_eq!(hospital.simulator.ledger().payments.len(), orders, "nothing was ordered");
}

/// One request of the API: its address, a body that is right, and each member with what it must not be.
struct Call {
    path: &'static str,
    schema: &'static str,
    body: Value,
    members: Vec<(&'static str, Vec<Value>)>,
}

/// What no text of a person may be, and no other text either.
fn bad_texts(most: usize) -> Vec<Value> {
    let mut values = vec![json!(""), json!("\u{0}"), json!("字".repeat(most + 1))];
    values.extend(["a\nb", "\u{7f}", "\u{202e}txt", "\u{200b}", "\u{feff}x"].map(Value::from));
    values
}

/// What no readable text may be.
fn bad_words(most: usize) -> Vec<Value> {
    let mut values = bad_texts(most);
    values.extend([" ", "\u{3000}", "\t"].map(Value::from));
    values
}

/// What no number of ours, of HIS or of a provider may be.
fn bad_numbers(most: usize) -> Vec<Value> {
    let mut values = bad_words(most);
    values.extend(["张三", "with blank", "１２３４５６７８９０"].map(Value::from));
    values
}

fn calls() -> Vec<Call> {
    let operator = || ("operator", bad_words(32));
    let plain = |most| {
        let mut values = bad_numbers(most);
        values.extend(["a/b", "<b>", "'; DROP TABLE bills;--", "a_b"].map(Value::from));
        values
    };
    let number = |most| {
        let mut values = bad_numbers(most);
        values.extend(["short", "with-hyphen-123"].map(Value::from));
        values
    };
    vec![
        Call {
            path: "/api/v1/slips",
            schema: "LinkRequest",
            body: json!({
                "hospital_id": "QH01",
                "patient": {"name": "张小明", "card_no": "A1", "phone": "13800001234", "id_no": "330101199001011234"},
                "slips": ["S1"], "operator": "王芳", "qr": {"dots": 6, "margin": 4},
            }),
            members: vec![
                ("hospital_id", vec![json!(""), json!("QH02"), json!("qh01"), json!("QH01 ")]),
                ("patient", vec![json!("张小明")]),
                ("patient.name", {
                    let mut values = bad_words(30);
                    values.extend([" 张三", "张三 "].map(Value::from));
                    values
                }),
                ("patient.card_no", plain(32)),
                ("patient.phone", {
                    let mut values = bad_numbers(20);
                    values.extend(
                        ["1380000123", "138000012345", "12800001234", "+8613800001234"].map(Value::from),
                    );
                    values
                }),
                ("patient.id_no", plain(20)),
                (
                    "slips",
                    vec![
                        json!("S1"),
                        json!([""]),
                        json!(["张"]),
                        json!([7]),
                        json!([null]),
                        json!(vec!["S1"; 51]),
                        json!(["x".repeat(65)]),
                    ],
                ),
                operator(),
                ("qr", vec![json!("M")]),
                ("qr.dots", vec![json!(0), json!(21), json!(-1), json!(1.5), json!("6")]),
                ("qr.margin", vec![json!(-1), json!(17), json!(4.0), json!("4")]),
                ("paper", vec![json!(""), json!("A4"), json!("80"), json!(80)]),
            ],
        },
        Call {
            path: "/api/v1/slips/unpaid",
            schema: "UnpaidRequest",
            body: json!({"hospital_id": "QH01", "card_no": CARD}),
            members: vec![("hospital_id", vec![json!(""), json!("QH02")]), ("card_no", plain(32))],
        },
        Call {
            path: "/api/v1/slips/revoke",
            schema: "RevokeRequest",
            body: json!({"link": "AAAA", "operator": "王芳"}),
            members: vec![("link", bad_numbers(2000)), operator()],
        },
        Call {
            path: "/api/v1/orders/NOSUCHORDER1/close",
            schema: "CloseOrderRequest",
            body: json!({"operator": "王芳"}),
            members: vec![operator()],
        },
        Call {
            path: "/api/v1/refunds",
            schema: "RefundRequest",
            body: json!({
                "order_no": "B2611250000000001", "amount_fen": 1, "slip_no": "S1",
                "refund_request_no": "TF1", "reason": "退药", "operator": "王芳",
            }),
            members: vec![
                ("order_no", number(32)),
                ("out_trade_no", vec![json!("P2611250000000001"), json!("")]),
                (
                    "amount_fen",
                    vec![
                        json!(0),
                        json!(-1),
                        json!(1.0),
                        json!(1.5),
                        json!("1"),
                        json!(1e30),
                        json!(18_446_744_073_709_551_615_u64),
                    ],
                ),
                ("slip_no", bad_numbers(64)),
                ("refund_request_no", bad_numbers(48)),
                ("reason", bad_words(80)),
                operator(),
            ],
        },
        Call {
            path: "/api/v1/tasks/NOSUCHTASK/retry",
            schema: "RetryRequest",
            body: json!({"operator": "王芳"}),
            members: vec![operator()],
        },
        Call {
            path: "/api/v1/tasks/NOSUCHTASK/close",
            schema: "CloseRequest",
            body: json!({"note": "已查", "operator": "王芳"}),
            members: vec![("note", bad_words(200)), operator()],
        },
    ]
}

/// Every member of a request's schema, those of objects within it by their full name.
fn documented(document: &Value, schema: &Value, prefix: &str, found: &mut BTreeSet<String>) {
    let schema = match schema["$ref"].as_str() {
        Some(reference) => document.pointer(&reference[1..]).expect("a schema"),
        None => schema,
    };
    for (name, member) in schema["properties"].as_object().into_iter().flatten() {
        found.insert(format!("{prefix}{name}"));
        documented(document, member, &format!("{prefix}{name}."), found);
    }
}

/// The body with one member changed, or without it.
fn with(body: &Value, member: &str, value: Option<Value>) -> Value {
    let mut body = body.clone();
    let (parent, name) = member.rsplit_once('.').unwrap_or(("", member));
    let holder = if parent.is_empty() { &mut body } else { &mut body[parent] };
    let members = holder.as_object_mut().expect("an object");
    match value {
        Some(value) => members.insert(name.to_owned(), value),
        None => members.remove(name),
    };
    body
}

async fn every_member_of_every_api_call_is_refused_by_name_and_nothing_is_stored(hospital: Hospital) {
    let document = internal::document();
    let posts: BTreeSet<&str> = internal::ROUTES
        .iter()
        .filter(|route| route.method == "POST" && matches!(route.caller, Caller::Key(_)))
        .map(|route| route.path.split('{').next().expect("a beginning"))
        .collect();
    let listed = calls();
    for beginning in posts {
        assert!(
            listed.iter().any(|call| call.path.starts_with(beginning)),
            "{beginning} is not in the table"
        );
    }
    let before = hospital.row_counts().await;
    for call in &listed {
        let schema = &document["components"]["schemas"][call.schema];
        let mut names = BTreeSet::new();
        documented(&document, schema, "", &mut names);
        let in_table: BTreeSet<String> = call.members.iter().map(|(name, _)| (*name).to_owned()).collect();
        assert_eq!(in_table, names, "{}: left is the table, right the description", call.path);

        let required: Vec<&str> =
            schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        let mut cases: Vec<(String, String, Value)> = Vec::new();
        for (member, values) in &call.members {
            // Of any kind but the right one, and null of all things.
            let others = [Value::Null, json!(true), json!([1]), json!({"x": 1}), json!([null])];
            for value in values.iter().chain(&others) {
                // What is checked in a list is named with its place.
                cases.push((
                    (*member).to_owned(),
                    value.to_string(),
                    with(&call.body, member, Some(value.clone())),
                ));
            }
            if required.contains(member) {
                cases.push(((*member).to_owned(), "left out".into(), with(&call.body, member, None)));
            }
        }
        cases.push(("surprise".into(), "unknown".into(), with(&call.body, "surprise", Some(json!(1)))));
        for (member, what, body) in cases {
            refused(&hospital, call.path, &member, &what, body.to_string().as_bytes()).await;
        }
        let text = call.body.to_string();
        let twice = format!("{},{}", &text[..text.len() - 1], &text[1..]);
        for (what, body) in [
            ("nothing", &b""[..]),
            ("no JSON", b"hello"),
            ("half of it", &text.as_bytes()[..text.len() / 2]),
            ("a list", b"[]"),
            ("null", b"null"),
            ("not UTF-8", b"{\"operator\":\"\xff\xfe\"}"),
            ("each member twice", twice.as_bytes()),
            ("deep nesting", "[".repeat(5000).as_bytes()),
        ] {
            refused(&hospital, call.path, "", what, body).await;
        }
    }
    let after = hospital.row_counts().await;
    assert_eq!(after, before, "nothing was stored");
}

/// The call is refused as a bad request that names the member and repeats nothing of it.
async fn refused(hospital: &Hospital, path: &str, member: &str, what: &str, body: &[u8]) {
    let call = SignedCall::of_his_bytes(hospital, "POST", path, body);
    let call = if path == "/api/v1/refunds" { call.with("idempotency-key", &fresh_key()) } else { call };
    let answer = call.sent_to(&hospital.replica.internal_url).await;
    let place = format!("{path} {member} {what}: {}", answer.json);
    assert_eq!((answer.status, answer.code()), (400, "BAD_REQUEST"), "{place}");
    let message = answer.json["message"].as_str().unwrap_or_default();
    let named = member.rsplit('.').next().unwrap_or_default();
    assert!(message.contains(named) || message.contains("either order_no or out_trade_no"), "{place}");
    for value in ["张三", "DROP", "王芳", "13800001234", "A1\""] {
        assert!(!message.contains(value), "{place}");
    }
}

fn fresh_key() -> String {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    format!("BAD-INPUT-{:06}", NEXT.fetch_add(1, Ordering::Relaxed))
}
