//! At the desk: finding a payment by whatever is at hand, reading its story, and giving money back, with a second person above the
//! limit. What somebody finds who tries to approve alone, twice, or too late.

use mingfen_domain::access::Role;
use mingfen_domain::ids::{BillNo, HospitalId, RefundRequestNo};
use mingfen_domain::payment::State as PaymentState;
use mingfen_domain::refund_request::State as RequestState;
use mingfen_domain::write_back::State as WriteBack;
use mingfen_gateway::service::desk::{approve_request, request_facts};
use mingfen_gateway::service::reseal;
use mingfen_simulator::his::{HOSPITAL_ID, Patient as HisPatient};
use mingfen_store::BillRecord;
use mingfen_tests::person::Person;
use mingfen_tests::{App, Hospital, Page};

stories! {
    a_payment_is_found_by_every_key,
    who_looks_for_a_person_is_written_down_and_for_whom_is_not,
    older_payments_are_found_by_name_once_they_are_sealed_again,
    the_page_of_a_payment_tells_its_story_and_hides_the_person,
    a_person_is_shown_once_for_a_reason,
    what_the_provider_sent_is_shown_as_it_came,
    a_small_refund_takes_one_person_and_a_double_click_gives_one,
    many_small_refunds_are_a_large_one,
    a_large_refund_takes_two_people,
    nobody_approves_alone_and_a_request_can_be_taken_back_or_declined,
    two_who_approve_at_once_refund_once,
    a_process_that_dies_after_an_approval_refunds_all_the_same,
    what_changed_since_it_was_read_is_not_approved,
    his_is_asked_and_its_no_is_shown,
    hostile_texts_are_text,
    a_receipt_that_is_printed_again_says_so,
    the_channel_is_asked_on_demand,
}

const CARD: &str = "C900100";

/// A patient with a card of their own pays slips of these amounts, and HIS books them.
async fn paid(hospital: &Hospital, card_no: &str, amounts: &[i64]) -> BillRecord {
    hospital.registers(card_no);
    paid_by_the_known(hospital, card_no, amounts).await
}

async fn paid_by_the_known(hospital: &Hospital, card_no: &str, amounts: &[i64]) -> BillRecord {
    for (at, fen) in amounts.iter().enumerate() {
        hospital.writes_slip(card_no, &format!("检查 {}", at + 1), *fen);
    }
    let mut patient = hospital.patient(card_no, App::Wechat).await;
    patient.pays(&(1..=amounts.len()).collect::<Vec<_>>()).await;
    hospital.lives_through(20, 5).await;
    latest(hospital).await
}

async fn latest(hospital: &Hospital) -> BillRecord {
    let here = HospitalId::parse(HOSPITAL_ID).expect("a hospital");
    let bills = hospital.store().latest_bills(&here, None, 1).await.expect("readable");
    bills.into_iter().next().expect("a bill")
}

async fn cashier(hospital: &Hospital) -> Person {
    hospital.employs("0201", "陈敏", &[Role::Cashier]).await
}

async fn lead(hospital: &Hospital, staff_no: &str) -> Person {
    hospital.employs(staff_no, "林国栋", &[Role::CashierLead]).await
}

fn order_path(bill: &BillRecord) -> String {
    format!("/orders/{}", bill.bill.bill_no)
}

fn encoded(text: &str) -> String {
    url::form_urlencoded::byte_serialize(text.as_bytes()).collect()
}

async fn actions(hospital: &Hospital, subject: &str) -> Vec<(String, String, String)> {
    let rows = hospital.store().audit_of(subject).await.expect("readable");
    rows.into_iter().map(|row| (row.event.action, row.event.actor, row.event.detail)).collect()
}

/// What the payer has back.
fn back_at_the_payer(hospital: &Hospital) -> i64 {
    hospital.simulator.ledger().payments.iter().map(|payment| payment.refunded_fen).sum()
}

/// Chooses a slip, or an amount, and answers the dialog.
async fn dialog(person: &mut Person, bill: &BillRecord, choice: &str) -> Page {
    person.opens(&format!("{}/refund{choice}", order_path(bill))).await
}

/// Sends what a dialog shows.
async fn sends(person: &mut Person, bill: &BillRecord, page: &Page, reason: &str, note: &str) -> Page {
    let fields: Vec<(&str, String)> = ["key", "amount_fen", "slip", "by"]
        .into_iter()
        .filter_map(|name| page.field(name).map(|value| (name, value)))
        .collect();
    let mut fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
    fields.extend([("reason", reason), ("note", note)]);
    person.fills(page, &format!("{}/refund", order_path(bill)), &fields).await
}

async fn a_payment_is_found_by_every_key(hospital: Hospital) {
    let bill = paid(&hospital, CARD, &[6000, 24_000]).await;
    paid(&hospital, "C900200", &[1000]).await;
    let mut cashier = cashier(&hospital).await;
    let store = hospital.store();
    let bill_no = bill.bill.bill_no.clone();
    let payment = store.payments_of_bill(&bill_no).await.expect("readable").remove(0);
    let PaymentState::Paid(received) = &payment.payment.state else { panic!("{:?}", payment.payment.state) };
    let told = store.write_back(&bill_no).await.expect("readable").expect("told").state;
    let WriteBack::Posted(booked) = told else { panic!("{told:?}") };
    let slip = bill.slips[0].slip_no.to_string();
    let link = hospital.simulator.his().push(CARD, &[]).await;
    let number = bill_no.as_str();
    let voucher = format!("{} {}", &number[number.len() - 8..number.len() - 4], &number[number.len() - 4..]);
    let page = cashier.opens(&order_path(&bill)).await;
    page.says("的支付单").says("已入账").says(received.provider_trade_no.as_str());
    let mut keys = vec![
        number.to_owned(),
        number.to_lowercase(),
        payment.payment.out_trade_no.to_string(),
        received.provider_trade_no.to_string(),
        slip,
        booked.receipt_no,
        voucher,
        bill.trace.staff_code(),
        format!("https://pay.example.cn/result/{}", bill.view_ref),
        CARD.to_owned(),
    ];
    if let Ok(pushed) = link {
        keys.push(pushed.link);
    }
    for key in keys {
        let page = cashier.opens(&format!("/orders?q={}", encoded(&key))).await;
        assert!(page.url.ends_with(&order_path(&bill)), "{key:?} leads to {}: {}", page.url, page.heading());
    }
    // The phone that was confirmed when they paid, not the one on file. Two patients have it: both are listed, and the reading is named.
    for (key, said) in [
        ("13800001234", "手机号 138****1234"),
        ("1234", "手机尾号 1234"),
        ("01234", "手机尾号 01234"),
        ("林小雨", "姓名 林*雨"),
    ] {
        let page = cashier.opens(&format!("/orders?q={}", encoded(key))).await;
        assert_eq!(page.status, 200, "{key}");
        page.says(&format!("{said}，找到 2 笔")).says("林*雨").says("300.00").says("310.00");
        assert!(!page.text.contains("林小雨") && !page.text.contains("13800001234"), "{key} is masked");
    }
    let page = cashier.opens("/orders?q=99999999").await;
    assert_eq!(page.status, 404);
    page.says("没有找到");
    // Nobody but who may find orders.
    let mut administrator = hospital.employs("0001", "周岚", &[Role::Administrator]).await;
    assert_eq!(administrator.opens("/orders?q=1234").await.status, 403);
    let desk = cashier.opens("/desk").await;
    desk.says("今日收款").says("¥310.00").says("2 笔").says("林*雨");
    hospital.verifies().await;
}

async fn who_looks_for_a_person_is_written_down_and_for_whom_is_not(hospital: Hospital) {
    let bill = paid(&hospital, CARD, &[6000]).await;
    let mut cashier = cashier(&hospital).await;
    cashier.opens(&format!("/orders?q={}", encoded("林小雨"))).await;
    cashier.opens("/orders?q=13800001234").await;
    cashier.opens(&format!("/orders?q={}", bill.bill.bill_no)).await;
    let rows = actions(&hospital, "orders").await;
    assert_eq!(rows.len(), 2, "a number of ours looks for nobody: {rows:?}");
    assert!(rows.iter().all(|(action, actor, _)| action == "orders.searched" && actor == "staff:0201"));
    assert_eq!(rows[0].2, "by name: 1 found");
    assert!(rows[1].2.starts_with("by phone"), "{rows:?}");
    assert!(
        rows.iter().all(|(.., detail)| !detail.contains("林小雨") && !detail.contains("1234")),
        "{rows:?}"
    );
    hospital.verifies().await;
}

async fn older_payments_are_found_by_name_once_they_are_sealed_again(hospital: Hospital) {
    let bill = paid(&hospital, CARD, &[6000]).await;
    hospital
        .is_tampered("UPDATE bills SET name_index = NULL, phone_index = NULL, phone_tail_index = NULL")
        .await;
    let mut cashier = cashier(&hospital).await;
    let by_name = format!("/orders?q={}", encoded("林小雨"));
    let page = cashier.opens(&by_name).await;
    page.says("没有找到").says("较早的支付单没有手机号和姓名索引");
    assert!(cashier.opens(&format!("/orders?q={CARD}")).await.url.ends_with(&order_path(&bill)));
    let done = reseal(hospital.gateway(), "story", |_| ()).await.expect("sealed again");
    assert!(done.iter().any(|column| column.done == 1), "{done:?}");
    for path in [by_name.as_str(), "/orders?q=13800001234", "/orders?q=1234"] {
        assert!(cashier.opens(path).await.url.ends_with(&order_path(&bill)), "{path}");
    }
    hospital.verifies().await;
}

async fn the_page_of_a_payment_tells_its_story_and_hides_the_person(hospital: Hospital) {
    let bill = paid(&hospital, CARD, &[6000, 4000]).await;
    let mut cashier = cashier(&hospital).await;
    let page = cashier.opens(&order_path(&bill)).await;
    for said in [
        "林*雨",
        "¥100.00",
        "扫码并确认",
        "下单",
        "渠道通知",
        "支付成功",
        "HIS 已入账",
        "短信",
        "检查 1",
        "检查 2",
        "渠道应收",
        "HIS 收入",
        "借贷平衡",
        "138****1234",
        "打印",
        "退费",
    ] {
        page.says(said);
    }
    assert!(!page.text.contains("林小雨") && !page.text.contains("13800001234") && !page.text.contains(CARD));
    // Whoever only reads has no buttons, and no way to what is hidden without the right.
    let mut finance = hospital.employs("0601", "王芳", &[Role::Finance]).await;
    let page = finance.opens(&order_path(&bill)).await;
    page.says("林*雨");
    assert!(
        !page.text.contains("/refund\"")
            && !page.text.contains("/person\"")
            && !page.text.contains("/evidence/")
    );
    for path in ["refund", "person", "print"] {
        assert_eq!(finance.opens(&format!("{}/{path}", order_path(&bill))).await.status, 403, "{path}");
    }
    assert_eq!(cashier.opens("/orders/B261201NOSUCHBILL0000").await.status, 404);
    assert_eq!(cashier.opens("/orders/%3Cscript%3E").await.status, 404);
    // The old way of telling goes on.
    hospital.story(bill.bill.bill_no.as_str()).await;
}

async fn a_person_is_shown_once_for_a_reason(hospital: Hospital) {
    let bill = paid(&hospital, CARD, &[6000]).await;
    let mut cashier = cashier(&hospital).await;
    let path = format!("{}/person", order_path(&bill));
    let page = cashier.opens(&path).await;
    page.says("完整信息").says("理由");
    assert!(!page.text.contains("林小雨"), "nothing is shown yet");
    let refused = cashier.fills(&page, &path, &[("reason", " ")]).await;
    assert_eq!(refused.status, 400);
    refused.says("请写明理由");
    assert!(!refused.text.contains("林小雨"));
    let shown = cashier.fills(&page, &path, &[("reason", "患者要求核对手机号")]).await;
    shown.says("林小雨").says(CARD).says("13800005555").says("13800001234").says("只显示这一次");
    assert!(!cashier.opens(&order_path(&bill)).await.text.contains("林小雨"), "masked elsewhere");
    let rows = actions(&hospital, bill.bill.bill_no.as_str()).await;
    let shown: Vec<_> = rows.iter().filter(|(action, ..)| action == "person.shown").collect();
    assert_eq!(shown.len(), 1, "the refused one shows nothing: {rows:?}");
    assert_eq!((shown[0].1.as_str(), shown[0].2.as_str()), ("staff:0201", "患者要求核对手机号"));
    cashier.opens(&order_path(&bill)).await.says("查看完整信息").says("患者要求核对手机号");
    hospital.verifies().await;
}

async fn what_the_provider_sent_is_shown_as_it_came(hospital: Hospital) {
    let bill = paid(&hospital, CARD, &[6000]).await;
    let other = paid(&hospital, "C900200", &[1000]).await;
    let mut cashier = cashier(&hospital).await;
    let page = cashier.opens(&order_path(&bill)).await;
    let marker = format!("{}/evidence/", order_path(&bill));
    let at = page.text.find(&marker).expect("a way to the notification") + marker.len();
    let id: String = page.text[at..].chars().take_while(|c| *c != '"').collect();
    let path = format!("{marker}{id}");
    let page = cashier.opens(&path).await;
    page.says("通知原文").says("理由");
    let shown = cashier.fills(&page, &path, &[("reason", "与渠道核对")]).await;
    shown.says("resource").says("wechatpay-signature").says("验签通过").says("SHA-256");
    let rows = actions(&hospital, bill.bill.bill_no.as_str()).await;
    assert!(
        rows.iter().any(|(action, _, detail)| action == "evidence.shown" && detail.starts_with("与渠道核对")),
        "{rows:?}"
    );
    // It belongs to this payment and to no other.
    assert_eq!(cashier.opens(&format!("{}/evidence/{id}", order_path(&other))).await.status, 404);
}

async fn a_small_refund_takes_one_person_and_a_double_click_gives_one(hospital: Hospital) {
    let bill = paid(&hospital, CARD, &[6000, 24_000]).await;
    let mut cashier = cashier(&hospital).await;
    let slip = bill.slips[0].slip_no.to_string();
    let page = dialog(&mut cashier, &bill, "").await;
    page.says("先选要退的缴费单").says("可退");
    let page = dialog(&mut cashier, &bill, &format!("?slip={slip}")).await;
    page.says("退款 ¥60.00");
    // Other takes a text; what was typed is kept, and nothing moved.
    let refused = sends(&mut cashier, &bill, &page, "other", "").await;
    assert_eq!(refused.status, 400);
    refused.says("请写明原因");
    // Twice at once: a browser that sends a form again before it has an answer.
    let mut twin = cashier.clone();
    let (one, two) = tokio::join!(
        sends(&mut cashier, &bill, &page, "returned", "药房已验收"),
        sends(&mut twin, &bill, &page, "returned", "药房已验收")
    );
    let at = |page: &Page| page.url.rsplit('/').next().unwrap_or_default().to_owned();
    let numbers: Vec<String> = [&one, &two]
        .into_iter()
        .filter(|page| page.status == 200)
        .map(at)
        .filter(|number| number.starts_with('R'))
        .collect();
    assert!(
        !numbers.is_empty() && numbers.iter().all(|number| *number == numbers[0]),
        "{} {}",
        one.url,
        two.url
    );
    let third = sends(&mut cashier, &bill, &page, "returned", "药房已验收").await;
    assert_eq!(at(&third), numbers[0], "pressed once more after reloading");
    third.says("请对患者说");
    hospital.lives_through(120, 10).await;
    assert_eq!(back_at_the_payer(&hospital), 6000);
    let page = cashier.opens(&format!("/refunds/{}", numbers[0])).await;
    page.says("已到账").says("HIS 已记退费").says("药品退回：药房已验收");
    cashier.opens("/refunds?list=arrived").await.says(&numbers[0]).says("林*雨");
    let page = dialog(&mut cashier, &bill, &format!("?slip={slip}")).await;
    page.says("没有可退的");
    let page = cashier.opens(&order_path(&bill)).await;
    page.says("¥240.00").says("退费到账");
    let rows = actions(&hospital, &numbers[0]).await;
    assert!(
        rows.iter().any(|(action, actor, detail)| action == "refund.requested"
            && actor == "staff:0201"
            && detail.starts_with("60.00 yuan")),
        "{rows:?}"
    );
    hospital.holds_nothing().await;
}

async fn many_small_refunds_are_a_large_one(hospital: Hospital) {
    let bill = paid(&hospital, CARD, &[30_000]).await;
    let mut cashier = cashier(&hospital).await;
    for (amount, second_person) in [("60.00", false), ("40.00", false), ("0.01", true)] {
        let page = dialog(&mut cashier, &bill, &format!("?by=amount&amount={amount}")).await;
        assert_eq!(page.text.contains("需要另一位审批"), second_person, "{amount}");
        let sent = sends(&mut cashier, &bill, &page, "wrong", "").await;
        sent.says(if second_person { "等待审批" } else { "请对患者说" });
        hospital.settles().await;
    }
    for (typed, said) in [
        ("12.345", "最多两位小数"),
        ("-1", "请输入金额"),
        ("9999.00", "最多 199.99"),
        ("abc", "请输入金额"),
        ("0", "请输入金额"),
    ] {
        let page = dialog(&mut cashier, &bill, &format!("?by=amount&amount={typed}")).await;
        page.says(said);
        assert!(page.field("amount_fen").is_none(), "{typed} cannot be sent");
    }
    hospital.lives_through(120, 10).await;
    assert_eq!(back_at_the_payer(&hospital), 10_000);
    hospital.verifies().await;
}

/// A request over the limit; answers its number.
async fn requested(cashier: &mut Person, bill: &BillRecord) -> String {
    let slip = bill.slips.last().expect("a slip").slip_no.to_string();
    let page = dialog(cashier, bill, &format!("?slip={slip}")).await;
    page.says("需要另一位审批");
    let page = sends(cashier, bill, &page, "cancelled", "患者未做").await;
    page.says("等待审批").says("等待另一位批准").says("请对患者说");
    let number = page.url.rsplit('/').next().unwrap_or_default().to_owned();
    assert!(number.starts_with('Q'), "{}", page.url);
    number
}

async fn a_large_refund_takes_two_people(hospital: Hospital) {
    let bill = paid(&hospital, CARD, &[6000, 24_000]).await;
    let mut cashier = cashier(&hospital).await;
    let mut lead = lead(&hospital, "0301").await;
    let number = requested(&mut cashier, &bill).await;
    hospital.lives_through(60, 10).await;
    assert_eq!(back_at_the_payer(&hospital), 0, "no money moves before");
    // What waits is spoken for.
    dialog(&mut cashier, &bill, "").await.says("待审批 240.00");
    assert_eq!(
        cashier.opens(&format!("/refunds/{number}/approve")).await.status,
        403,
        "a cashier approves nothing"
    );
    lead.opens("/refunds").await.says(&number).says("林*雨").says("审批");
    let path = format!("/refunds/{number}/approve");
    let page = lead.opens(&path).await;
    page.says("¥240.00").says("HIS 允许退").says("可退").says("不同").says("陈敏");
    let seen = page.field("seen").expect("the facts");
    let done = lead.fills(&page, &path, &[("seen", &seen), ("decision", "approve")]).await;
    done.says("已批准").says("陈敏").says("林国栋");
    hospital.lives_through(120, 10).await;
    assert_eq!(back_at_the_payer(&hospital), 24_000);
    lead.opens(&format!("/refunds/{number}")).await.says("已到账").says("两人不同");
    let rows = actions(&hospital, &number).await;
    let words: Vec<&str> = rows.iter().map(|(action, ..)| action.as_str()).collect();
    assert_eq!(words, ["refund.asked", "refund.approved"]);
    assert!(rows.iter().all(|(.., detail)| detail.starts_with("240.00 yuan")), "{rows:?}");
    assert_eq!((rows[0].1.as_str(), rows[1].1.as_str()), ("staff:0201", "staff:0301"));
    hospital.holds_nothing().await;
}

async fn nobody_approves_alone_and_a_request_can_be_taken_back_or_declined(hospital: Hospital) {
    let bill = paid(&hospital, CARD, &[24_000]).await;
    let mut asker = lead(&hospital, "0301").await;
    let mut other = lead(&hospital, "0302").await;
    let number = requested(&mut asker, &bill).await;
    let path = format!("/refunds/{number}/approve");
    let page = asker.opens(&path).await;
    page.says("自己的申请须由另一位审批").says("同一人");
    let seen = page.field("seen").expect("the facts");
    let refused = asker.fills(&page, &path, &[("seen", &seen), ("decision", "approve")]).await;
    assert_eq!(refused.status, 403);
    refused.says("自己的申请");
    // Taking back is for who asked, declining for the other.
    let withdraw = format!("/refunds/{number}/withdraw");
    let page = other.opens(&format!("/refunds/{number}")).await;
    assert_eq!(other.fills(&page, &withdraw, &[]).await.status, 403);
    let page = asker.opens(&format!("/refunds/{number}")).await;
    asker.fills(&page, &withdraw, &[]).await.says("申请已撤回").says("已撤回");
    let again = requested(&mut asker, &bill).await;
    let path = format!("/refunds/{again}/approve");
    let page = other.opens(&path).await;
    let seen = page.field("seen").expect("the facts");
    let refused = other.fills(&page, &path, &[("seen", &seen), ("decision", "decline")]).await;
    assert_eq!(refused.status, 400);
    refused.says("拒绝时请写明理由");
    other
        .fills(&page, &path, &[("seen", &seen), ("decision", "decline"), ("note", "先核对药房")])
        .await
        .says("已拒绝")
        .says("先核对药房");
    // Enter in the text field decides nothing.
    let third = requested(&mut asker, &bill).await;
    let path = format!("/refunds/{third}/approve");
    let page = other.opens(&path).await;
    let page = other.fills(&page, &path, &[("note", "按了回车")]).await;
    assert!(page.url.ends_with(&path), "{}", page.url);
    hospital.lives_through(120, 10).await;
    assert_eq!(back_at_the_payer(&hospital), 0);
    other.opens("/refunds?list=dropped").await.says(&number).says(&again).says("先核对药房");
    hospital.verifies().await;
}

async fn two_who_approve_at_once_refund_once(hospital: Hospital) {
    let bill = paid(&hospital, CARD, &[24_000]).await;
    let mut cashier = cashier(&hospital).await;
    let mut one = lead(&hospital, "0301").await;
    let mut two = lead(&hospital, "0302").await;
    let number = requested(&mut cashier, &bill).await;
    let path = format!("/refunds/{number}/approve");
    let (first, second) = (one.opens(&path).await, two.opens(&path).await);
    let (seen, also) = (first.field("seen").expect("facts"), second.field("seen").expect("facts"));
    let (first_fields, second_fields) = (
        [("seen", seen.as_str()), ("decision", "approve")],
        [("seen", also.as_str()), ("decision", "approve")],
    );
    let (mine, theirs) =
        tokio::join!(one.fills(&first, &path, &first_fields), two.fills(&second, &path, &second_fields));
    let late = [&mine, &theirs].into_iter().filter(|page| page.text.contains("没有重复办理")).count();
    assert_eq!(late, 1, "{} / {}", mine.text, theirs.text);
    hospital.lives_through(120, 10).await;
    assert_eq!(back_at_the_payer(&hospital), 24_000);
    assert_eq!(hospital.store().refunds_of_bill(&bill.bill.bill_no).await.expect("readable").len(), 1);
    let rows = actions(&hospital, &number).await;
    assert_eq!(rows.iter().filter(|(action, ..)| action == "refund.approved").count(), 1, "{rows:?}");
    // Whoever comes later is told who it was.
    one.opens(&path).await.says("林国栋 030");
    hospital.holds_nothing().await;
}

async fn a_process_that_dies_after_an_approval_refunds_all_the_same(hospital: Hospital) {
    let bill = paid(&hospital, CARD, &[24_000]).await;
    let mut cashier = cashier(&hospital).await;
    let number = RefundRequestNo::parse(requested(&mut cashier, &bill).await).expect("a number");
    let request = hospital.store().refund_request(&number).await.expect("readable").expect("kept");
    let seen = request_facts(hospital.gateway(), &request).await.expect("facts").seen();
    // Approved, and then nothing: as if the process had died right after its commit.
    approve_request(hospital.gateway(), &number, &seen, "staff:0301").await.expect("approved");
    cashier.opens(&format!("/refunds/{number}")).await.says("已批准，提交中");
    // HIS is down as well; the task waits for it.
    hospital.simulator.his().goes_down();
    hospital.lives_through(30, 10).await;
    assert_eq!(back_at_the_payer(&hospital), 0);
    hospital.simulator.his().comes_back();
    hospital.lives_through(600, 20).await;
    assert_eq!(back_at_the_payer(&hospital), 24_000);
    let request = hospital.store().refund_request(&number).await.expect("readable").expect("kept");
    assert!(matches!(request.state, RequestState::CarriedOut { .. }), "{:?}", request.state);
    hospital.holds_nothing().await;
}

async fn what_changed_since_it_was_read_is_not_approved(hospital: Hospital) {
    let bill = paid(&hospital, CARD, &[24_000]).await;
    let mut cashier = cashier(&hospital).await;
    let mut lead = lead(&hospital, "0301").await;
    let number = requested(&mut cashier, &bill).await;
    let path = format!("/refunds/{number}/approve");
    let page = lead.opens(&path).await;
    let seen = page.field("seen").expect("the facts");
    // Meanwhile the ward gives the drugs out, and HIS says no.
    let slip = bill.slips[0].slip_no.to_string();
    hospital.simulator.his().records().set_delivered(&slip, true).expect("delivered");
    let changed = lead.fills(&page, &path, &[("seen", &seen), ("decision", "approve")]).await;
    assert_eq!(changed.status, 409);
    changed.says("情况变了，没有批准").says("不可退");
    assert_eq!(back_at_the_payer(&hospital), 0);
    let seen = changed.field("seen").expect("the new facts");
    let refused = lead.fills(&changed, &path, &[("seen", &seen), ("decision", "approve")]).await;
    assert_eq!(refused.status, 409);
    refused.says("现在不能批准");
    hospital.simulator.his().records().set_delivered(&slip, false).expect("taken back");
    let page = lead.opens(&path).await;
    let seen = page.field("seen").expect("the facts");
    lead.fills(&page, &path, &[("seen", &seen), ("decision", "approve")]).await.says("已批准");
    hospital.lives_through(120, 10).await;
    assert_eq!(back_at_the_payer(&hospital), 24_000);
    hospital.holds_nothing().await;
}

async fn his_is_asked_and_its_no_is_shown(hospital: Hospital) {
    let bill = paid(&hospital, CARD, &[6000, 5000]).await;
    let mut cashier = cashier(&hospital).await;
    let slip = bill.slips[0].slip_no.to_string();
    hospital.simulator.his().records().set_delivered(&slip, true).expect("delivered");
    let page = dialog(&mut cashier, &bill, &format!("?slip={slip}")).await;
    page.says("不可退 ·");
    assert!(page.field("amount_fen").is_none_or(|fen| fen == "5000"), "it cannot be chosen");
    // A form from before the delivery is refused with HIS's words.
    hospital.simulator.his().records().set_delivered(&slip, false).expect("taken back");
    let page = dialog(&mut cashier, &bill, &format!("?slip={slip}")).await;
    hospital.simulator.his().records().set_delivered(&slip, true).expect("delivered");
    let refused = sends(&mut cashier, &bill, &page, "returned", "").await;
    assert_eq!(refused.status, 409);
    refused.says("HIS 不允许退");
    hospital.simulator.his().goes_down();
    dialog(&mut cashier, &bill, "").await.says("HIS 没有应答");
    hospital.simulator.his().comes_back();
    hospital.lives_through(60, 10).await;
    assert_eq!(back_at_the_payer(&hospital), 0);
    hospital.verifies().await;
}

async fn hostile_texts_are_text(hospital: Hospital) {
    let hostile = "<script>alert(1)</script>😀";
    hospital.simulator.his().records().register(HisPatient {
        patient_id: "P-H".into(),
        name: hostile.into(),
        card_no: "C900666".into(),
        phone: Some("13800006666".into()),
        id_no: None,
    });
    let title = format!("<img src=x>\u{202e}{}", "长".repeat(120));
    hospital.writes_slip("C900666", &title, 6000);
    let mut patient = hospital.patient("C900666", App::Wechat).await;
    patient.pays(&[1]).await;
    hospital.lives_through(20, 5).await;
    let bill = latest(&hospital).await;
    let mut cashier = cashier(&hospital).await;
    let query = format!("/orders?q={}", encoded(hostile));
    let person = format!("{}/person", order_path(&bill));
    let dialog = cashier.opens(&person).await;
    let shown = cashier.fills(&dialog, &person, &[("reason", "<b>核对</b>")]).await;
    shown.says(hostile);
    for page in [
        shown,
        cashier.opens(&order_path(&bill)).await,
        cashier.opens("/desk").await,
        cashier.opens(&query).await,
        cashier.opens(&format!("/orders?q={}", encoded("<script>alert(2)</script>\u{202e}\"'"))).await,
        cashier.opens(&format!("/orders?q={}", "A".repeat(1900))).await,
        cashier
            .opens(&format!("{}/refund?by=amount&amount={}", order_path(&bill), encoded("\"><script>")))
            .await,
        cashier.opens(&format!("{}/refund?slip={}", order_path(&bill), encoded("\"><script>"))).await,
        cashier.opens(&format!("/refunds?list={}&before={}", encoded("<script>"), encoded("<script>"))).await,
    ] {
        assert!(page.status < 500, "{} {}", page.status, page.url);
        for bad in ["<script>", "<img src=x", "<b>核对"] {
            assert!(!page.text.contains(bad), "{bad} on {}", page.url);
        }
        let title = page.text.split("</title>").next().unwrap_or_default();
        assert!(
            !title.contains("alert") && !title.contains("长长"),
            "nothing of a person is in a title: {title}"
        );
    }
    hospital.verifies().await;
}

async fn a_receipt_that_is_printed_again_says_so(hospital: Hospital) {
    let bill = paid(&hospital, CARD, &[6000]).await;
    hospital.writes_slip(CARD, "复查", 1500);
    let mut cashier = cashier(&hospital).await;
    let dialog = cashier.opens(&format!("{}/print", order_path(&bill))).await;
    dialog.says("收据").says("缴费单");
    let path = format!("{}/receipt", order_path(&bill));
    let first = cashier.fills(&dialog, &path, &[]).await;
    first.says("林*雨").says("60.00");
    assert!(!first.text.contains("补打"));
    let second = cashier.fills(&dialog, &path, &[]).await;
    second.says("补打");
    let rows = actions(&hospital, bill.bill.bill_no.as_str()).await;
    let printed: Vec<_> = rows.iter().filter(|(action, ..)| action == "receipt.printed").collect();
    assert_eq!(printed.len(), 2);
    assert!(printed[1].2.contains("reprint 1"), "{printed:?}");
    for paper in ["a5", "80mm", "58mm"] {
        let sheet = cashier.fills(&dialog, &format!("{}/slip", order_path(&bill)), &[("paper", paper)]).await;
        sheet.says("15.00").says("林*雨");
        assert!(sheet.text.contains("<svg"), "a code is on it");
        assert!(!sheet.text.contains("<style"), "its style is beside it");
    }
    // Nothing is owed by somebody else.
    let paid_up = paid(&hospital, "C900300", &[1000]).await;
    let sheet = cashier.fills(&dialog, &format!("{}/slip", order_path(&paid_up)), &[("paper", "a5")]).await;
    assert_eq!(sheet.status, 409);
    sheet.says("没有待缴的费用");
    hospital.verifies().await;
}

async fn the_channel_is_asked_on_demand(hospital: Hospital) {
    hospital.registers(CARD);
    hospital.writes_slip(CARD, "检查", 6000);
    let mut patient = hospital.patient(CARD, App::Wechat).await;
    patient.goes_to_the_sheet(&[1]).await;
    let bill = latest(&hospital).await;
    let mut cashier = cashier(&hospital).await;
    let page = cashier.opens(&order_path(&bill)).await;
    page.says("等待支付").says("应付");
    cashier.fills(&page, &format!("{}/ask", order_path(&bill)), &[]).await.says("已查询");
    assert!(
        actions(&hospital, bill.bill.bill_no.as_str())
            .await
            .iter()
            .any(|(action, ..)| action == "order.asked")
    );
    let refund = cashier.opens(&format!("{}/refund", order_path(&bill))).await;
    refund.says("没有可退的");
    cashier.opens("/shortcuts").await.says("快捷键").says("退费");
    let number: &BillNo = &bill.bill.bill_no;
    hospital.story(number.as_str()).await;
    hospital.verifies().await;
}
