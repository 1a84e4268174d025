//! What a patient is told when things are not as expected: the truth, the reason, and the way on.

use mingfen_domain::Amount;
use mingfen_domain::ids::{OutTradeNo, ProviderTradeNo};
use mingfen_domain::person::Patient as Person;
use mingfen_domain::refund::Origin;
use mingfen_gateway::service::{
    RefundAsked, RefundTarget, RefundWay, Source, Way, record_sighting, request_refund, slip_link,
};
use mingfen_provider_api::{OrderSighting, Sighted};
use mingfen_simulator::his::{SlipStatus, Trouble};
use mingfen_tests::{App, CARD, Hospital, Page, Patient};

stories!(
    a_cancelled_slip_is_said_to_be_cancelled,
    a_slip_paid_at_the_counter_is_said_to_be_paid_there,
    slips_that_changed_or_vanished_are_named,
    a_card_that_does_not_match_shows_nobody_s_bills,
    a_sum_over_the_limit_is_told_at_the_last_look,
    what_was_paid_and_is_not_booked_stands_apart,
    a_begun_payment_is_not_chosen_beforehand,
    another_amount_is_told_as_received,
    a_refusal_by_his_is_told_by_its_reason,
    who_leaves_the_sheet_reads_that_nothing_was_taken,
    a_part_that_went_back_is_on_result_receipt_and_history,
    a_code_that_is_read_out_finds_the_order,
    another_language_shows_the_same_page,
);

/// The number at HIS of the first slip of the list.
fn first_slip(hospital: &Hospital) -> String {
    let records = hospital.simulator.his().records();
    let oldest = records.slips_of(CARD).min_by_key(|slip| (slip.billed_at_ms, slip.slip_no.clone()));
    oldest.expect("a slip").slip_no.clone()
}

fn nobody_was_charged(hospital: &Hospital) {
    assert!(hospital.simulator.ledger().payments.iter().all(|payment| payment.paid_fen == 0));
}

/// An address on the host of a page.
fn at(page: &Page, path: &str) -> String {
    url::Url::parse(&page.url).expect("an address").join(path).expect("an address").to_string()
}

async fn a_cancelled_slip_is_said_to_be_cancelled(hospital: Hospital) {
    let mut patient = hospital.patient(CARD, App::Wechat).await;
    let confirm = patient.goes_to_confirm(&[1]).await;
    let slip_no = first_slip(&hospital);
    hospital.simulator.his().records().cancel_slip(&slip_no).expect("cancelled");
    let page = patient.presses_pay(&confirm).await;
    assert_eq!(page.heading(), "医院已作废这张单，不用付");
    page.says("还没有付款，钱没有扣");
    assert!(!page.text.contains("微信支付"), "nobody paid in any app");
    nobody_was_charged(&hospital);
}

async fn a_slip_paid_at_the_counter_is_said_to_be_paid_there(hospital: Hospital) {
    let mut patient = hospital.patient(CARD, App::Alipay).await;
    let confirm = patient.goes_to_confirm(&[1]).await;
    let slip_no = first_slip(&hospital);
    let now_ms = hospital.simulator.his().now_ms();
    hospital
        .simulator
        .his()
        .records()
        .pay_at_window(&slip_no, "1 号窗口", true, now_ms)
        .expect("paid at the counter");
    let page = patient.presses_pay(&confirm).await;
    assert_eq!(page.heading(), "这张单已经缴过了");
    page.says("付款方式收费处");
    nobody_was_charged(&hospital);
}

async fn slips_that_changed_or_vanished_are_named(hospital: Hospital) {
    let mut patient = hospital.patient(CARD, App::Wechat).await;
    let confirm = patient.goes_to_confirm(&[]).await;
    let (changed, gone) = {
        let mut records = hospital.simulator.his().records();
        let slips: Vec<_> = records.slips_of(CARD).cloned().collect();
        records.change_amount(&slips[0].slip_no, slips[0].total_fen + 500).expect("changed");
        records.cancel_slip(&slips[1].slip_no).expect("cancelled");
        (slips[0].clone(), slips[1].clone())
    };
    let page = patient.presses_pay(&confirm).await;
    assert_eq!(page.heading(), "金额变了，请再看一眼");
    page.says(&changed.title).says("多 5.00 元").says(&gone.title).says("不用付了");
    nobody_was_charged(&hospital);
}

async fn a_card_that_does_not_match_shows_nobody_s_bills(hospital: Hospital) {
    for card_no in [CARD, "A19999999999"] {
        let somebody =
            Person { name: "王大力".to_owned(), card_no: card_no.to_owned(), phone: None, id_no: None };
        let link = slip_link(hospital.gateway(), &somebody, "story").await.expect("a link").url;
        let page = Patient::new(&hospital.simulator, App::Wechat, link).scans().await;
        assert_eq!(page.heading(), "对不上就诊信息");
        page.says("收费处核对");
        assert!(!page.text.contains("class=\"slip\""));
    }
}

async fn a_sum_over_the_limit_is_told_at_the_last_look(hospital: Hospital) {
    let slip_no = first_slip(&hospital);
    hospital.simulator.his().records().change_amount(&slip_no, 6_000_000).expect("dear");
    let mut patient = hospital.patient(CARD, App::Wechat).await;
    let page = patient.goes_to_confirm(&[1]).await;
    assert_eq!(page.status, 200);
    assert_eq!(page.heading(), "超过一次能付的金额");
    page.says("50,000.00");
    nobody_was_charged(&hospital);
}

async fn what_was_paid_and_is_not_booked_stands_apart(hospital: Hospital) {
    hospital.simulator.his().set_trouble("payments/confirm", Trouble::Down, None);
    let mut patient = hospital.patient(CARD, App::Wechat).await;
    patient.pays(&[1]).await;
    hospital.settles().await;
    let unpaid = {
        let records = hospital.simulator.his().records();
        records.slips_of(CARD).filter(|slip| slip.status == SlipStatus::Unpaid).count()
    };
    let list = patient.scans().await;
    list.says("已付款，正在通知收费处");
    assert_eq!(list.text.matches("class=\"slip\"").count(), unpaid - 1, "{}", list.text);
}

async fn a_begun_payment_is_not_chosen_beforehand(hospital: Hospital) {
    let mut patient = hospital.patient(CARD, App::Wechat).await;
    let sheet = patient.goes_to_the_sheet(&[1]).await;
    let list = patient.scans().await;
    list.says("刚才的付款在等结果");
    assert!(list.text.contains(&format!("/result/{}", sheet.reference())));
    assert_eq!(list.text.matches(" checked>").count(), list.text.matches("class=\"slip\"").count() - 1);
}

async fn another_amount_is_told_as_received(hospital: Hospital) {
    let mut patient = hospital.patient(CARD, App::Wechat).await;
    let sheet = patient.goes_to_the_sheet(&[1]).await;
    let out_trade_no = the_order(&hospital);
    let ordered = hospital.store().payment(&out_trade_no).await.expect("readable").expect("stored");
    let amount = Amount::from_fen(ordered.payment.amount.get() - 1).expect("an amount");
    let seen = Sighted::Paid {
        provider_trade_no: ProviderTradeNo::parse("4200000000000000000000000001").expect("a number"),
        amount,
        paid_at: hospital.gateway().now(),
    };
    record_sighting(hospital.gateway(), &OrderSighting { out_trade_no, seen }, Source::ours(Way::Query))
        .await
        .expect("recorded");
    let page = patient.looks_at_result(&sheet).await;
    assert_eq!(page.heading(), "钱已收到，金额不对，正在人工核对");
    page.says("请不要重复支付").says(&amount.fen().to_yuan_grouped());
    assert!(!page.text.contains("还不知道"));
    let history = patient.opens(&at(&page, "/history")).await;
    history.says("钱已收到，金额不对，正在人工核对");
    patient.scans().await.says("金额不对");
}

fn the_order(hospital: &Hospital) -> OutTradeNo {
    let ledger = hospital.simulator.ledger();
    OutTradeNo::parse(ledger.payments[0].out_trade_no.as_str()).expect("a number")
}

async fn a_refusal_by_his_is_told_by_its_reason(hospital: Hospital) {
    for (code, card_no, told) in
        [("SLIP_ALREADY_PAID", CARD, "已在收费处付过"), ("AMOUNT_MISMATCH", "A10023847718", "刚好改了金额")]
    {
        hospital.simulator.his().set_trouble("payments/confirm", Trouble::Refuse { code: code.into() }, None);
        let mut patient = hospital.patient(card_no, App::Wechat).await;
        let sheet = patient.pays(&[1]).await;
        hospital.settles().await;
        hospital.lives_through(90, 5).await;
        patient.looks_at_result(&sheet).await.says(told).says("全部退给您");
    }
    hospital.verifies().await;
}

async fn who_leaves_the_sheet_reads_that_nothing_was_taken(hospital: Hospital) {
    let mut patient = hospital.patient(CARD, App::Wechat).await;
    let sheet = patient.goes_to_the_sheet(&[1]).await;
    let left = at(&sheet, &sheet.attribute("data-left").expect("an address"));
    let page = patient.opens(&left).await;
    assert_eq!(page.heading(), "没有付成功");
    page.says("钱没有扣").says("没有在微信里确认付款");
    // The same address after the money came: what the browser claims is not believed.
    patient.pays_in_the_sheet(&sheet).await;
    hospital.lives_through(10, 5).await;
    assert_eq!(patient.opens(&left).await.heading(), "支付成功");
}

async fn a_part_that_went_back_is_on_result_receipt_and_history(hospital: Hospital) {
    let mut patient = hospital.patient(CARD, App::Wechat).await;
    let sheet = patient.pays(&[1]).await;
    hospital.lives_through(10, 5).await;
    let asked = RefundAsked {
        target: RefundTarget::Order(the_order(&hospital)),
        amount: Some(Amount::from_fen(100).expect("an amount")),
        slip_no: None,
        reason: "退药 1 项".to_owned(),
        origin: Origin::Cashier,
        requested_by: "cashier-01".to_owned(),
        request_key: None,
        by: RefundWay::Channel,
    };
    let number = request_refund(hospital.gateway(), asked).await.expect("a part").refund.out_refund_no;
    let result = patient.looks_at_result(&sheet).await;
    assert_eq!(result.heading(), "支付成功");
    result.says("正在退 ¥1.00");
    let path = format!("/result/{}/refund/{number}", sheet.reference());
    let history = patient.opens(&at(&result, "/history")).await;
    history.says("退药 1 项").says("看进度");
    assert!(history.text.contains(&path), "the history does not lead to the refund");
    let refund = patient.opens(&at(&result, &path)).await;
    assert_eq!(refund.heading(), "正在退款给您");
    refund.says("1.00").says("退药 1 项");
    assert!(refund.text.contains(&format!("data-poll=\"{path}/state\"")));

    hospital.lives_through(90, 10).await;
    assert_eq!(patient.opens(&at(&result, &path)).await.heading(), "已退回给您");
    patient.looks_at_result(&sheet).await.says("已退 ¥1.00");
    let receipt = patient.opens(&at(&result, &format!("/receipt/{}", sheet.reference()))).await;
    assert_eq!(receipt.heading(), "门诊收费收据");
    receipt.says("已退 ¥1.00");
    let history = patient.opens(&at(&result, "/history")).await;
    assert!(!history.text.contains(&path), "nothing is left to be followed");
    let foreign = format!("/result/{}/refund/R26112500000000000000", sheet.reference());
    assert_eq!(patient.opens(&at(&result, &foreign)).await.status, 404);
}

async fn a_code_that_is_read_out_finds_the_order(hospital: Hospital) {
    let mut patient = hospital.patient(CARD, App::Wechat).await;
    let sheet = patient.pays(&[1]).await;
    hospital.lives_through(10, 5).await;
    let result = patient.looks_at_result(&sheet).await;
    let marker = "class=\"voucher__no\">";
    let start = result.text.find(marker).expect("a voucher") + marker.len();
    let voucher = &result.text[start..start + 9];
    let order = the_order(&hospital);
    let payment = hospital.store().payment(&order).await.expect("readable").expect("stored").payment;
    for code in [voucher.to_owned(), payment.trace.staff_code(), payment.trace.staff_code().to_lowercase()] {
        assert_eq!(hospital.story(&code).await.bill_no, payment.bill_no, "{code}");
    }
}

async fn another_language_shows_the_same_page(hospital: Hospital) {
    let mut browser = hospital.patient(CARD, App::Browser).await;
    let choose = browser.scans().await;
    assert_eq!(choose.heading(), "用哪个付款？");
    let english = switched(&mut browser, &choose, &[]).await;
    assert_eq!(english.heading(), "Which app will you use?");

    let mut patient = hospital.patient(CARD, App::Wechat).await;
    let list = patient.scans().await;
    let phone = patient.chooses(&list, &[1]).await;
    let wrong = patient.gives_phone(&phone, Some("1380000123")).await;
    assert_eq!(wrong.status, 422);
    let english = switched(&mut patient, &wrong, &[]).await;
    english.says("this has 10");
    assert!(english.text.contains("value=\"1380000123\""), "what was typed is gone");
    let confirm = patient.gives_phone(&english, Some("13800001234")).await;
    let slip_no = first_slip(&hospital);
    hospital.simulator.his().records().change_amount(&slip_no, 99_900).expect("changed");
    let changed = patient.presses_pay(&confirm).await;
    let again = switched(&mut patient, &changed, &[]).await;
    assert_eq!((again.status, again.heading().as_str()), (200, "核对后付款"));
    again.says("999.00");
}

/// Presses the other language, as the page's own form sends it.
async fn switched(patient: &mut Patient, page: &Page, more: &[(&str, &str)]) -> Page {
    let csrf = page.field("csrf").expect("a form");
    let back = page.field("back").expect("a way back");
    let other = if page.text.contains("<html lang=\"en\"") { "zh-CN" } else { "en" };
    let mut fields = vec![("csrf", csrf.as_str()), ("back", back.as_str()), ("lang", other)];
    fields.extend(more);
    patient.posts(&at(page, "/lang"), &fields).await
}
