//! At the window: cash and cards, a refund over the counter, and the shift that is counted and handed in. What somebody finds whose
//! till is short, who closes twice, or over what nobody knows of.

use mingfen_domain::access::Role;
use mingfen_domain::books::Account;
use mingfen_domain::ids::{HospitalId, OutTradeNo, ShiftNo};
use mingfen_domain::payment::State as PaymentState;
use mingfen_domain::{BusinessDay, Clock, Fen};
use mingfen_gateway::service::reconciliation::{Scope, reconcile_day};
use mingfen_gateway::service::verify;
use mingfen_reconciliation::files::Progress;
use mingfen_simulator::his::{HOSPITAL_ID, Trouble};
use mingfen_store::{BillRecord, FindingFilter, Noted, PaymentRecord, TakenRecord};
use mingfen_tests::person::Person;
use mingfen_tests::{App, Hospital, Page};
use mingfen_vault::chain::Kept;
use std::sync::Arc;

stories! {
    cash_is_taken_once_and_a_phone_waits_meanwhile,
    another_amount_at_his_is_shown_and_not_taken,
    a_terminals_slip_pays_once,
    a_refund_goes_back_out_of_the_till_once,
    a_refund_over_the_counter_is_taken_back_until_it_is_decided,
    a_short_till_needs_a_reason_and_a_closed_shift_stays_as_it_is,
    receipt_numbers_are_told_and_what_is_odd_is_asked,
    a_sheet_on_paper_is_counted_and_anchored,
    what_nobody_knows_of_waits_for_a_lead,
    two_who_close_at_once_close_once,
    a_till_that_is_far_short_is_closed_by_two_and_looked_into,
    money_that_moves_makes_an_end_of_an_asked_closing,
    two_who_countersign_at_once_close_once,
    whoever_counted_does_not_countersign,
    whoever_dies_after_the_cashiers_word_has_lost_nothing,
    a_day_at_the_window_agrees_with_his,
}

const CARD: &str = "C900100";

async fn cashier(hospital: &Hospital) -> Person {
    hospital.employs("0317", "陈敏", &[Role::Cashier]).await
}

/// A cashier with 500 yuan in the till.
async fn at_the_till(hospital: &Hospital) -> Person {
    let mut cashier = cashier(hospital).await;
    opens_shift(&mut cashier, "500").await;
    cashier
}

async fn opens_shift(cashier: &mut Person, float: &str) {
    let page = cashier.opens("/shift").await;
    cashier.fills(&page, "/shift", &[("float", float)]).await.says("已开班");
}

/// A patient with slips of these amounts.
fn owes(hospital: &Hospital, card_no: &str, amounts: &[i64]) {
    hospital.registers(card_no);
    for (at, fen) in amounts.iter().enumerate() {
        hospital.writes_slip(card_no, &format!("检查 {}", at + 1), *fen);
    }
}

/// Chooses these slips of what a page shows; answers the page of the order.
async fn holds(cashier: &mut Person, page: &Page, slips: &[&str], way: &str) -> Page {
    let hidden = |name: &str| page.field(name).unwrap_or_else(|| panic!("no {name}: {}", page.text));
    let (snapshot, key) = (hidden("snapshot"), hidden("key"));
    let mut fields = vec![("snapshot", snapshot.as_str()), ("key", key.as_str()), ("way", way)];
    fields.extend(slips.iter().map(|slip| ("slip", *slip)));
    cashier.fills(page, "/window/orders", &fields).await
}

async fn looks_up(cashier: &mut Person, card_no: &str) -> Page {
    cashier.opens(&format!("/window?q={card_no}")).await
}

fn path(page: &Page) -> String {
    let url = url::Url::parse(&page.url).expect("an address");
    url.path().to_owned()
}

/// Takes everything that a card owes in cash.
async fn takes_cash(cashier: &mut Person, card_no: &str) -> Page {
    let page = looks_up(cashier, card_no).await;
    let count = page.text.matches("type=\"checkbox\"").count();
    let slips: Vec<String> = (0..count).map(|at| at.to_string()).collect();
    let slips: Vec<&str> = slips.iter().map(String::as_str).collect();
    let till = holds(cashier, &page, &slips, "cash").await;
    let to = path(&till);
    cashier.fills(&till, &to, &[("tendered", ""), ("do", "take")]).await
}

async fn latest(hospital: &Hospital) -> (BillRecord, Vec<PaymentRecord>) {
    let here = HospitalId::parse(HOSPITAL_ID).expect("a hospital");
    let bills = hospital.store().latest_bills(&here, None, 1).await.expect("readable");
    let bill = bills.into_iter().next().expect("a bill");
    let payments = hospital.store().payments_of_bill(&bill.bill.bill_no).await.expect("readable");
    (bill, payments)
}

fn booked(hospital: &Hospital) -> Vec<i64> {
    let records = hospital.simulator.his().records();
    records.bookings().iter().map(|booking| booking.total_fen).collect()
}

async fn holds_in_books(hospital: &Hospital, account: &str) -> i64 {
    let balance = hospital.verifies().await.trial_balance;
    balance.iter().find(|(one, _)| one.to_text() == account).map_or(0, |(_, fen)| fen.get())
}

/// Counts the till: hundreds, tens and single yuan.
async fn counts(cashier: &mut Person, number: &str, pieces: &[(&str, &str)]) -> Page {
    let page = cashier.opens(&format!("/shift/{number}")).await;
    cashier.fills(&page, &format!("/shift/{number}/count"), pieces).await
}

async fn closes(cashier: &mut Person, page: &Page, number: &str, more: &[(&str, &str)]) -> Page {
    let seen = page.field("seen").expect("what was read");
    let mut fields = vec![("seen", seen.as_str())];
    fields.extend_from_slice(more);
    cashier.fills(page, &format!("/shift/{number}/close"), &fields).await
}

async fn shift_of(hospital: &Hospital, staff_no: &str) -> ShiftNo {
    let open = hospital.store().open_shift_of(staff_no).await.expect("readable");
    open.expect("an open shift").shift_no
}

async fn cash_is_taken_once_and_a_phone_waits_meanwhile(hospital: Hospital) {
    owes(&hospital, CARD, &[6000, 2850]);
    let mut cashier = cashier(&hospital).await;
    cashier.opens("/desk").await.says("窗口收款");
    let page = looks_up(&mut cashier, CARD).await;
    page.says("林*雨 待缴的费用").says("60.00").says("28.50").says("您还没有开班");
    assert!(!page.text.contains("林小雨") && !page.text.contains(CARD), "masked");
    opens_shift(&mut cashier, "500").await;
    let page = looks_up(&mut cashier, CARD).await;
    let till = holds(&mut cashier, &page, &["0", "1"], "cash").await;
    till.says("收现金").says("¥88.50").says("林*雨");
    let again = holds(&mut cashier, &page, &["0", "1"], "cash").await;
    assert_eq!(path(&again), path(&till), "the same form is the same order");
    // A phone cannot pay what stands at the window, nor can another cashier take it.
    let mut patient = hospital.patient(CARD, App::Wechat).await;
    let confirm = patient.goes_to_confirm(&[1]).await;
    let phone = patient.presses_pay(&confirm).await;
    assert_eq!(latest(&hospital).await.1.len(), 1, "no order of a phone: {}", phone.heading());
    let mut other = hospital.employs("0318", "郭芳", &[Role::Cashier]).await;
    opens_shift(&mut other, "0").await;
    let page = looks_up(&mut other, CARD).await;
    page.says("正在窗口收");
    holds(&mut other, &page, &["0"], "cash").await.says("陈敏 0317 正在窗口收这张单");
    let to = path(&till);
    assert_eq!(other.opens(&to).await.status, 404, "another cashier's till");
    // Enter reckons; too little is not taken; two presses take it once.
    cashier.fills(&till, &to, &[("tendered", "100")]).await.says("¥11.50");
    let less = cashier.fills(&till, &to, &[("tendered", "80"), ("do", "take")]).await;
    less.says("还差 8.50");
    let first = cashier.fills(&till, &to, &[("tendered", "100"), ("do", "take")]).await;
    first.says("已收现金 ¥88.50，找零 ¥11.50");
    cashier.fills(&till, &to, &[("tendered", "90"), ("do", "take")]).await;
    hospital.lives_through(10, 5).await;
    assert_eq!(booked(&hospital), [8850]);
    let (bill, payments) = latest(&hospital).await;
    assert!(
        matches!(payments.as_slice(), [PaymentRecord { payment, .. }] if matches!(payment.state, PaymentState::Paid(_)))
    );
    let order = &payments[0].payment.out_trade_no;
    let kept = hospital.store().window_order(order).await.expect("readable").expect("at the window");
    assert_eq!(kept.taken.expect("taken").tendered, Some(Fen::new(10_000)), "the first word stands");
    let page = cashier.opens(&format!("/orders/{}", bill.bill.bill_no)).await;
    page.says("窗口选单").says("窗口收款").says("现金").says("已入账").says("渠道应收 window-cash");
    // All of it happens within a moment, and is told in its order.
    let told =
        ["窗口选单", "现金，班次", "支付成功", "HIS 已入账"].map(|words| page.text.find(words).expect(words));
    assert!(told.is_sorted(), "{told:?}: {}", page.text);
    cashier.fills(&page, &format!("/orders/{}/receipt", bill.bill.bill_no), &[]).await.says("现金");
    assert_eq!(holds_in_books(&hospital, "channel_receivable:window-cash").await, 8850);
    let mut finance = hospital.employs("0601", "王芳", &[Role::Finance]).await;
    finance
        .opens("/dashboard")
        .await
        .says("现金")
        .says("收费窗口")
        .says("窗口收款员")
        .says("陈敏")
        .says("88.50");
    assert_eq!(finance.opens("/window").await.status, 403);
}

async fn another_amount_at_his_is_shown_and_not_taken(hospital: Hospital) {
    owes(&hospital, CARD, &[6000]);
    let mut cashier = at_the_till(&hospital).await;
    let page = looks_up(&mut cashier, CARD).await;
    let slip = {
        let records = hospital.simulator.his().records();
        records.slips_of(CARD).next().expect("a slip").slip_no.clone()
    };
    hospital.simulator.his().records().change_amount(&slip, 7500).expect("changed");
    let changed = holds(&mut cashier, &page, &["0"], "cash").await;
    assert_eq!(changed.status, 409);
    changed.says("HIS 的金额变了：原 60.00，现 75.00").says("没有收款");
    let here = HospitalId::parse(HOSPITAL_ID).expect("a hospital");
    assert_eq!(hospital.store().latest_bills(&here, None, 1).await.expect("readable"), []);
    let till = holds(&mut cashier, &changed, &["0"], "cash").await;
    till.says("¥75.00");
    // Whoever chose wrongly lets the slips go, and a phone pays them.
    let to = path(&till);
    cashier.fills(&till, &to, &[("do", "drop")]).await.says("已放开缴费单");
    let mut patient = hospital.patient(CARD, App::Wechat).await;
    patient.pays(&[1]).await;
    hospital.lives_through(20, 5).await;
    assert_eq!(booked(&hospital), [7500]);
    cashier.fills(&till, &to, &[("tendered", ""), ("do", "take")]).await.says("没有收款");
    hospital.holds_nothing().await;
}

async fn a_terminals_slip_pays_once(hospital: Hospital) {
    owes(&hospital, CARD, &[6000]);
    owes(&hospital, "C900200", &[4000]);
    let mut cashier = at_the_till(&hospital).await;
    let page = looks_up(&mut cashier, CARD).await;
    let till = holds(&mut cashier, &page, &["0"], "pos").await;
    let to = path(&till);
    let take = |terminal, reference| [("terminal", terminal), ("reference", reference), ("do", "take")];
    cashier.fills(&till, &to, &take("12345678", "")).await.says("参考号须为");
    let taken = cashier.fills(&till, &to, &take("1234 5678", "1101-2345-6789")).await;
    taken.says("已登记刷卡 ¥60.00");
    // The latest payment is looked at below, so the two do not share a second.
    hospital.time_passes(2);
    let page = looks_up(&mut cashier, "C900200").await;
    let till = holds(&mut cashier, &page, &["0"], "pos").await;
    let to = path(&till);
    let refused = cashier.fills(&till, &to, &take("12345678", "110123456789")).await;
    assert_eq!(refused.status, 409);
    refused.says("这张 POS 小票已登记过");
    cashier.fills(&till, &to, &take("12345678", "110123456790")).await.says("已登记刷卡 ¥40.00");
    hospital.lives_through(10, 5).await;
    assert_eq!(booked(&hospital).iter().sum::<i64>(), 10_000);
    assert_eq!(holds_in_books(&hospital, "channel_receivable:window-pos").await, 10_000);
    let (_, payments) = latest(&hospital).await;
    let PaymentState::Paid(received) = &payments[0].payment.state else { panic!("paid") };
    assert_eq!(received.provider_trade_no.as_str(), "12345678-110123456790");
    for key in ["12345678-110123456790", "110123456790", "1101 2345 6790"] {
        let query = url::form_urlencoded::byte_serialize(key.as_bytes()).collect::<String>();
        let found = cashier.opens(&format!("/orders?q={query}")).await;
        found.says("的支付单").says("刷卡，小票 12345678-110123456790");
    }
}

/// What the trail says of it: what was done, by whom, and the rest.
async fn told(hospital: &Hospital, number: &str) -> Vec<(String, String, String)> {
    let rows = hospital.store().audit_of(number).await.expect("readable");
    rows.into_iter().map(|row| (row.event.action, row.event.actor, row.event.detail)).collect()
}

/// Asks for the first slip's money; answers the page of the refund, or of the request that waits.
async fn asks_back(cashier: &mut Person, bill: &BillRecord) -> Page {
    let to = format!("/orders/{}/refund", bill.bill.bill_no);
    let dialog = cashier.opens(&to).await;
    let hidden = |name: &str| dialog.field(name).unwrap_or_default();
    let (key, fen, slip) = (hidden("key"), hidden("amount_fen"), hidden("slip"));
    let fields = [
        ("key", key.as_str()),
        ("amount_fen", &fen),
        ("slip", &slip),
        ("by", "slip"),
        ("reason", "returned"),
        ("note", ""),
    ];
    cashier.fills(&dialog, &to, &fields).await
}

async fn a_refund_over_the_counter_is_taken_back_until_it_is_decided(hospital: Hospital) {
    owes(&hospital, CARD, &[24_000]);
    let mut cashier = at_the_till(&hospital).await;
    let mut other = hospital.employs("0318", "郭芳", &[Role::Cashier]).await;
    let mut lead = hospital.employs("0301", "林国栋", &[Role::CashierLead]).await;
    takes_cash(&mut cashier, CARD).await;
    hospital.lives_through(10, 5).await;
    let (bill, _) = latest(&hospital).await;
    let refunds = async || hospital.store().refunds_of_bill(&bill.bill.bill_no).await.expect("readable");
    let page = asks_back(&mut cashier, &bill).await;
    page.says("等待另一位批准").says("批准后在窗口退您现金").says("撤回申请");
    let request = path(&page);
    let take_back = format!("{request}/withdraw");
    let page = other.opens(&request).await;
    assert!(!page.text.contains("撤回申请"), "for who asked alone");
    assert_eq!(other.fills(&page, &take_back, &[]).await.status, 403);
    let page = cashier.opens(&request).await;
    cashier.fills(&page, &take_back, &[]).await.says("申请已撤回，没有动过钱").says("已撤回");
    cashier.fills(&page, &take_back, &[]).await.says("没有重复办理");
    assert_eq!(refunds().await, [], "no money is to be given back");
    // Taken back and approved at the same moment: one of the two, and the other one is told.
    let request = path(&asks_back(&mut cashier, &bill).await);
    let page = cashier.opens(&request).await;
    let (take_back, approve) = (format!("{request}/withdraw"), format!("{request}/approve"));
    let facts = lead.opens(&approve).await;
    let seen = facts.field("seen").expect("the facts");
    let yes = [("seen", seen.as_str()), ("decision", "approve")];
    let (mine, theirs) =
        tokio::join!(cashier.fills(&page, &take_back, &[]), lead.fills(&facts, &approve, &yes));
    let late = [&mine, &theirs].into_iter().filter(|page| page.text.contains("没有重复办理")).count();
    assert_eq!(late, 1, "{} / {}", mine.text, theirs.text);
    hospital.lives_through(30, 10).await;
    let number = request.rsplit('/').next().expect("a number");
    let rows = told(&hospital, number).await;
    let (taken_back, approved) = match rows[1].0.as_str() {
        "refund.withdrawn" => (1, 0),
        "refund.approved" => (0, 1),
        other => panic!("{other}: {rows:?}"),
    };
    assert_eq!(rows.len(), 2, "{rows:?}");
    assert!(rows.iter().all(|(.., detail)| detail.starts_with("240.00 yuan")), "{rows:?}");
    let due = refunds().await;
    assert_eq!((taken_back + due.len(), due.len()), (1, approved), "{due:?}");
    for refund in due {
        let given = format!("/refunds/{}/given-back", refund.refund.out_refund_no);
        let page = cashier.opens(&format!("/refunds/{}", refund.refund.out_refund_no)).await;
        cashier.fills(&page, &given, &[("do", "given")]).await.says("已退 240.00");
    }
    hospital.lives_through(30, 10).await;
    hospital.holds_nothing().await;
}

async fn a_refund_goes_back_out_of_the_till_once(hospital: Hospital) {
    owes(&hospital, CARD, &[6000]);
    let mut cashier = at_the_till(&hospital).await;
    takes_cash(&mut cashier, CARD).await;
    hospital.lives_through(10, 5).await;
    let (bill, _) = latest(&hospital).await;
    let page = asks_back(&mut cashier, &bill).await;
    page.says("待窗口退现金").says("已退现金 ¥60.00");
    hospital.lives_through(600, 300).await;
    let refunds = hospital.store().refunds_of_bill(&bill.bill.bill_no).await.expect("readable");
    assert_eq!(refunds[0].refund.state.as_str(), "due", "nobody has given it back yet");
    // It waits for a cashier's word: so the shift cannot be closed over it.
    let number = shift_of(&hospital, "0317").await;
    let shift = counts(&mut cashier, number.as_str(), &[("d10000", "5"), ("d1000", "6")]).await;
    shift.says("一笔退费还没有退给患者");
    let given = format!("/refunds/{}/given-back", refunds[0].refund.out_refund_no);
    cashier.fills(&page, &given, &[("do", "look")]).await.says("待窗口退现金");
    cashier.fills(&page, &given, &[("do", "given")]).await.says("已退 60.00");
    cashier.fills(&page, &given, &[("do", "given")]).await;
    hospital.lives_through(20, 5).await;
    assert_eq!(holds_in_books(&hospital, "channel_receivable:window-cash").await, 0);
    let back: i64 = {
        let records = hospital.simulator.his().records();
        records.refunded_fen(bill.bill.bill_no.as_str())
    };
    assert_eq!(back, 6000, "HIS was told, once");
    let shift = cashier.opens("/shift").await;
    shift.says("现金收款 1 笔").says("现金退费 1 笔").says("−60.00").says("没有未知状态的收款和退费");
    hospital.holds_nothing().await;
}

async fn a_short_till_needs_a_reason_and_a_closed_shift_stays_as_it_is(hospital: Hospital) {
    owes(&hospital, CARD, &[228_100]);
    let mut cashier = at_the_till(&hospital).await;
    let mut lead = hospital.employs("0301", "林国栋", &[Role::CashierLead]).await;
    takes_cash(&mut cashier, CARD).await;
    hospital.lives_through(10, 5).await;
    let number = shift_of(&hospital, "0317").await.to_string();
    let page = cashier.opens("/shift").await;
    page.says("1 笔全部入账").says("2,781.00").says("门诊缴费").says("先数现金");
    cashier
        .fills(&page, &format!("/shift/{number}/count"), &[("d10000", "二十")])
        .await
        .says("须为 0 到 99999");
    let counted =
        [("d10000", "23"), ("d5000", "4"), ("d2000", "6"), ("d1000", "10"), ("d500", "5"), ("d100", "16")];
    let page = counts(&mut cashier, &number, &counted).await;
    page.says("2,761.00").says("少 ¥20.00").says("结班并上缴现金 ¥2,261.00").says("林国栋 0301");
    let refused = closes(&mut cashier, &page, &number, &[("reason", "change"), ("note", " ")]).await;
    assert_eq!(refused.status, 409);
    refused.says("请写明原因");
    let why = [("reason", "change"), ("note", "一笔找零，患者当场未清点"), ("receiver", "0301")];
    let stale = closes(
        &mut cashier,
        &Page { text: page.text.replace(&page.field("seen").expect("seen"), "other"), ..page.clone() },
        &number,
        &why,
    )
    .await;
    stale.says("您看的时候数字变了");
    let sheet = closes(&mut cashier, &page, &number, &why).await;
    sheet
        .says("收费员交款交接单")
        .says("¥2,261.00")
        .says("人民币贰仟贰佰陆拾壹元整")
        .says("少 ¥20.00")
        .says("找零差错")
        .says("已结班，待签收");
    assert_eq!(holds_in_books(&hospital, "channel_receivable:window-cash").await, 0);
    assert_eq!(holds_in_books(&hospital, "cash_handed_in").await, 226_100);
    assert_eq!(holds_in_books(&hospital, "cash_over_short").await, 2000);
    // Closed is closed: no count, no second closing; what comes now belongs to another shift.
    closes(&mut cashier, &page, &number, &why).await.says("没有重复结班");
    cashier.fills(&page, &format!("/shift/{number}/count"), &counted).await.says("没有重复结班");
    owes(&hospital, "C900200", &[1000]);
    let page = looks_up(&mut cashier, "C900200").await;
    holds(&mut cashier, &page, &["0"], "cash").await.says("您还没有开班");
    opens_shift(&mut cashier, "500").await;
    takes_cash(&mut cashier, "C900200").await;
    let frozen = cashier.opens(&format!("/shift/{number}/sheet")).await;
    frozen.says("2,281.00").says("本班收款 1 笔");
    // The lead receives the cash, once, and finance reads the sheet.
    lead.opens("/desk").await.says("1 项");
    let sheet = lead.opens(&format!("/shift/{number}/sheet")).await;
    let received = format!("/shift/{number}/received");
    lead.fills(&sheet, &received, &[]).await.says("已签收现金").says("已交接");
    lead.fills(&sheet, &received, &[]).await.says("已经签收过");
    let page = cashier.opens("/shift").await;
    assert_eq!(cashier.fills(&page, &received, &[]).await.status, 403);
    let mut finance = hospital.employs("0601", "王芳", &[Role::Finance]).await;
    finance.opens("/shifts").await.says("陈敏 0317").says("−20.00").says("2,261.00");
    finance.opens(&format!("/shifts/{number}")).await.says("贰仟贰佰陆拾壹元整");
    assert_eq!(finance.opens("/shift").await.status, 403);
    // Somebody at the database who makes the loss go away is found out.
    hospital
        .is_tampered(
            "UPDATE shifts SET difference_fen = 0, handed_in_fen = 228100 WHERE closed_at_ms IS NOT NULL",
        )
        .await;
    let found = hospital.is_checked(None).await.problems;
    assert!(found.iter().any(|problem| problem.contains("closed shift")), "{found:?}");
}

/// HIS gives the numbers; what a phone or another window got in between is no question, what nobody of ours got is one.
async fn receipt_numbers_are_told_and_what_is_odd_is_asked(hospital: Hospital) {
    let mut cashier = at_the_till(&hospital).await;
    let mut other = hospital.employs("0318", "郭芳", &[Role::Cashier]).await;
    opens_shift(&mut other, "0").await;
    let pays = async |person: &mut Person, card: &str| {
        owes(&hospital, card, &[1000]);
        takes_cash(person, card).await;
        hospital.lives_through(10, 5).await;
        let (bill, _) = latest(&hospital).await;
        let records = hospital.simulator.his().records();
        records.booking(bill.bill.bill_no.as_str()).expect("booked").receipt_no.clone()
    };
    let page = cashier.opens("/shift").await;
    page.says("没有收据");
    let first = pays(&mut cashier, "C900201").await;
    cashier.opens("/shift").await.says(&format!("收据 1 张，{first}")).says("没有缺号、重号");
    pays(&mut other, "C900202").await;
    let last = pays(&mut cashier, "C900203").await;
    cashier.opens("/shift").await.says(&format!("收据 2 张，{first} 至 {last}")).says("没有缺号、重号");
    // HIS takes money at its own windows: nobody here knows what became of that number.
    owes(&hospital, "C900204", &[1000]);
    let gap = {
        let records = &mut *hospital.simulator.his().records();
        let slip = records.slips_of("C900204").next().expect("a slip").slip_no.clone();
        let now_ms = hospital.clock.now().ms();
        records.pay_at_window(&slip, "HIS 窗口", false, now_ms).expect("paid")
    };
    let last = pays(&mut cashier, "C900205").await;
    let number = shift_of(&hospital, "0317").await.to_string();
    let page = counts(&mut cashier, &number, &[("d10000", "5"), ("d1000", "3")]).await;
    let question = format!("缺号 1 个：{gap}（是否作废，或在别处开出）");
    page.says(&format!("收据 3 张，{first} 至 {last}")).says(&question);
    // Somebody at the database: the same number for two payments.
    hospital
        .is_tampered(&format!("UPDATE write_backs SET receipt_no = '{first}' WHERE receipt_no = '{last}'"))
        .await;
    cashier.opens("/shift").await.says(&format!("重号 1 个：{first}"));
    hospital.is_tampered(&format!("UPDATE write_backs SET receipt_no = '{last}' WHERE receipt_no = '{first}' AND due_at_ms = (SELECT MAX(due_at_ms) FROM write_backs)")).await;
    // A question, and no refusal.
    let sheet = closes(&mut cashier, &page, &number, &[]).await;
    sheet.says("已结班，上缴现金").says(&format!("收据 3 张，{first} 至 {last}")).says(&question);
    hospital.verifies().await;
}

async fn a_sheet_on_paper_is_counted_and_anchored(hospital: Hospital) {
    owes(&hospital, CARD, &[5000]);
    let mut cashier = at_the_till(&hospital).await;
    let mut other = hospital.employs("0318", "郭芳", &[Role::Cashier]).await;
    let mut lead = hospital.employs("0301", "林国栋", &[Role::CashierLead]).await;
    takes_cash(&mut cashier, CARD).await;
    hospital.lives_through(10, 5).await;
    let number = shift_of(&hospital, "0317").await.to_string();
    let print = format!("/shift/{number}/print");
    let page = counts_yuan(&mut cashier, &number, 550).await;
    cashier.fills(&page, &print, &[]).await.says("还没有结班，没有交接单可打印");
    let sheet = closes(&mut cashier, &page, &number, &[]).await;
    sheet.says("还没有打印").says("屏幕查看，不作交接凭证");
    let first = cashier.fills(&sheet, &print, &[]).await;
    first.says(&format!("单号 {number}/1")).says("第 1 次打印，");
    assert!(!first.heading().contains("次打印"), "the first one is just the sheet");
    let link = {
        let rows = hospital.store().audit_of(&number).await.expect("readable");
        let closed = rows.into_iter().find(|row| row.event.action == "shift.closed").expect("in the trail");
        closed.link.expect("sealed by the print")
    };
    let anchor = format!("{}:{}", link.seq, &link.hash[..16]);
    first.says(&format!("结班审计链 {anchor}"));
    // Two at once are two prints; from the second on the paper says so in its heading.
    let page = lead.opens(&format!("/shift/{number}/sheet")).await;
    page.says("已打印 1 次").says(&anchor);
    let (mine, theirs) = tokio::join!(cashier.fills(&sheet, &print, &[]), lead.fills(&page, &print, &[]));
    let mut headings = [mine.heading(), theirs.heading()];
    headings.sort();
    assert!(headings[0].contains("第 2 次打印") && headings[1].contains("第 3 次打印"), "{headings:?}");
    let page = other.opens("/shift").await;
    assert_eq!(other.fills(&page, &print, &[]).await.status, 404, "not another cashier's");
    let rows = told(&hospital, &number).await;
    let prints: Vec<&str> =
        rows.iter().filter(|(action, ..)| action == "shift.printed").map(|(.., detail)| &**detail).collect();
    let wanted = [1, 2, 3].map(|nth| format!("50.00 yuan handed in, print {nth}"));
    assert_eq!(prints, wanted.each_ref().map(String::as_str));
    // The check finds the row by what the paper says, and a row that somebody has changed not at all.
    let kept = Kept::parse(&anchor).expect("as it is printed");
    let found = verify(hospital.gateway(), Some(&kept)).await.expect("readable");
    let row = found.audit.kept.expect("it is there");
    assert_eq!((row.action.as_str(), row.subject.as_str()), ("shift.closed", number.as_str()));
    let forged = Kept::parse(&format!("{}:{}", link.seq, "0123456789abcdef")).expect("a link");
    let found = verify(hospital.gateway(), Some(&forged)).await.expect("readable");
    assert!(found.audit.kept.is_none() && !found.is_sound(), "{:?}", found.audit.broken);
    hospital.verifies().await;
}

async fn what_nobody_knows_of_waits_for_a_lead(hospital: Hospital) {
    owes(&hospital, CARD, &[5000]);
    let mut cashier = at_the_till(&hospital).await;
    let mut lead = hospital.employs("0301", "林国栋", &[Role::CashierLead]).await;
    hospital.simulator.his().set_trouble("payments/confirm", Trouble::Down, None);
    takes_cash(&mut cashier, CARD).await;
    hospital.lives_through(20, 10).await;
    let number = shift_of(&hospital, "0317").await.to_string();
    let counted = [("d10000", "5"), ("d5000", "1")];
    let page = counts(&mut cashier, &number, &counted).await;
    page.says("一笔收款 HIS 还没有结果").says("请收费组长放行").says("账款相符");
    let refused = closes(&mut cashier, &page, &number, &[("word", "没关系")]).await;
    assert_eq!(refused.status, 409);
    refused.says("须收费组长放行");
    // The cashier has gone home: the lead closes it, with a word that stays.
    let page = lead.opens(&format!("/shifts/{number}")).await;
    page.says("陈敏 0317").says("代结班并放行未知的笔的理由");
    closes(&mut lead, &page, &number, &[("word", "")]).await.says("请写明理由");
    let sheet = closes(&mut lead, &page, &number, &[("word", "HIS 停机，小票已核对")]).await;
    sheet.says("HIS 停机，小票已核对").says("HIS 还没有结果");
    let trail = hospital.store().audit_of(&number).await.expect("readable");
    let closed = trail.iter().find(|row| row.event.action == "shift.closed").expect("it is in the trail");
    assert_eq!(closed.event.actor, "staff:0301");
    assert_eq!(
        closed.event.detail,
        "50.00 yuan handed in by 0317, over 1 undecided, let go: HIS 停机，小票已核对"
    );
    // HIS comes back; the sheet says what was so when it was closed.
    hospital.simulator.his().lift_trouble(None);
    hospital.lives_through(900, 300).await;
    assert_eq!(booked(&hospital), [5000]);
    // Nobody sat there meanwhile.
    cashier.signs_in(hospital.clock.now()).await;
    cashier.opens(&format!("/shift/{number}/sheet")).await.says("HIS 还没有结果");
    hospital.holds_nothing().await;
}

async fn two_who_close_at_once_close_once(hospital: Hospital) {
    owes(&hospital, CARD, &[5000]);
    let mut cashier = at_the_till(&hospital).await;
    takes_cash(&mut cashier, CARD).await;
    hospital.lives_through(10, 5).await;
    let number = shift_of(&hospital, "0317").await.to_string();
    let page = counts(&mut cashier, &number, &[("d10000", "5"), ("d5000", "1")]).await;
    let mut twin = cashier.clone();
    let (one, two) =
        tokio::join!(closes(&mut cashier, &page, &number, &[]), closes(&mut twin, &page, &number, &[]));
    let first = [&one, &two].into_iter().filter(|page| page.text.contains("已结班，上缴现金")).count();
    let told = [&one, &two].into_iter().filter(|page| page.text.contains("没有重复结班")).count();
    assert_eq!((first, told), (1, 1), "{} / {}", one.text, two.text);
    let trail = hospital.store().audit_of(&number).await.expect("readable");
    assert_eq!(trail.iter().filter(|row| row.event.action == "shift.closed").count(), 1);
    assert_eq!(holds_in_books(&hospital, "cash_handed_in").await, 5000);
    hospital.holds_nothing().await;
}

/// Five hundred in the till, fifty taken, and so many yuan counted.
async fn counts_yuan(cashier: &mut Person, number: &str, yuan: i64) -> Page {
    let yuan = yuan.to_string();
    counts(cashier, number, &[("d100", &yuan)]).await
}

const FAR_SHORT: [(&str, &str); 3] =
    [("reason", "other"), ("note", "抽屉卡住过，已翻找"), ("receiver", "0301")];

/// A cashier who took 50.00, counted 80.00 too little and asked for a countersignature.
async fn asks_far_short(hospital: &Hospital) -> (Person, String) {
    owes(hospital, CARD, &[5000]);
    let mut cashier = at_the_till(hospital).await;
    takes_cash(&mut cashier, CARD).await;
    hospital.lives_through(10, 5).await;
    let number = shift_of(hospital, "0317").await.to_string();
    let page = counts_yuan(&mut cashier, &number, 470).await;
    page.says("少 ¥80.00").says("差额超过 ¥50.00：先送组长会签").says("送组长会签：少 ¥80.00");
    closes(&mut cashier, &page, &number, &FAR_SHORT).await.says("差额已送组长会签").says("差额待会签");
    (cashier, number)
}

async fn countersigns(lead: &mut Person, page: &Page, number: &str, word: &str) -> Page {
    let seen = page.field("seen").unwrap_or_else(|| panic!("nothing to countersign: {}", page.text));
    lead.fills(page, &format!("/shift/{number}/countersign"), &[("seen", &seen), ("word", word)]).await
}

async fn a_till_that_is_far_short_is_closed_by_two_and_looked_into(hospital: Hospital) {
    let (mut cashier, number) = asks_far_short(&hospital).await;
    let mut lead = hospital.employs("0301", "林国栋", &[Role::CashierLead]).await;
    let mut finance = hospital.employs("0601", "王芳", &[Role::Finance]).await;
    // Asked for is not closed; and asking twice asks once.
    let open = hospital.store().shift(&ShiftNo::parse(&number).expect("a number")).await.expect("readable");
    assert!(open.expect("kept").closing.is_none());
    assert_eq!(holds_in_books(&hospital, "cash_handed_in").await, 0);
    let page = cashier.opens("/shift").await;
    page.says("等组长会签").says("撤回会签");
    closes(
        &mut cashier,
        &Page { text: format!("name=\"seen\" value=\"x\"{}", page.text), ..page.clone() },
        &number,
        &FAR_SHORT,
    )
    .await
    .says("没有重复送");
    let sign = format!("/shift/{number}/countersign");
    assert_eq!(cashier.fills(&page, &sign, &[("seen", "")]).await.status, 403, "not by who asks");
    finance.opens("/finance").await.says("1 班日结差额等组长会签");
    // The lead sends it back with a word, or nothing happens.
    lead.opens("/desk").await.says("1 项");
    let page = lead.opens(&format!("/shifts/{number}")).await;
    page.says("陈敏 0317").says("抽屉卡住过，已翻找").says("少 ¥80.00").says("会签并结班，补备用金 ¥30.00");
    let back = format!("/shift/{number}/send-back");
    let refused = lead.fills(&page, &back, &[("why", " ")]).await;
    assert_eq!(refused.status, 409);
    refused.says("退回时请写明理由");
    lead.fills(&page, &back, &[("why", "请再数一遍零钱")]).await.says("已退回，没有结班");
    countersigns(&mut lead, &page, &number, "").await.says("已经没有等会签的结班");
    // Who asked takes it back without one.
    let page = counts_yuan(&mut cashier, &number, 470).await;
    closes(&mut cashier, &page, &number, &FAR_SHORT).await.says("差额待会签");
    cashier.fills(&page, &back, &[]).await.says("已撤回，没有结班");
    let page = cashier.opens("/shift").await;
    closes(&mut cashier, &page, &number, &FAR_SHORT).await.says("差额待会签");
    // What was read before is not what is countersigned now.
    let page = lead.opens(&format!("/shifts/{number}")).await;
    let stale = Page { text: page.text.replace(&page.field("seen").expect("seen"), "other"), ..page.clone() };
    countersigns(&mut lead, &stale, &number, "").await.says("您看的时候数字变了");
    let sheet = countersigns(&mut lead, &page, &number, "").await;
    sheet.says("差额超过 50.00，由 林国栋 0301 会签").says("少 ¥80.00").says("已结班，待签收");
    countersigns(&mut lead, &page, &number, "").await.says("没有重复结班");
    assert_eq!(holds_in_books(&hospital, "cash_over_short").await, 8000);
    let rows = told(&hospital, &number).await;
    let closed = rows.iter().find(|(action, ..)| action == "shift.closed").expect("it is in the trail");
    assert_eq!(closed.1, "staff:0301");
    assert_eq!(
        closed.2,
        "-30.00 yuan handed in by 0317, -80.00 over or short (other: 抽屉卡住过，已翻找), asked for by staff:0317, countersigned by staff:0301"
    );
    let asked: Vec<_> = rows.iter().filter(|(action, ..)| action == "shift.asked").collect();
    assert_eq!(asked.len(), 3);
    assert!(asked.iter().all(|(.., detail)| detail.starts_with("-30.00 yuan")), "{asked:?}");
    // Finance finds it among what is to be done until somebody has looked into it.
    finance.opens("/finance").await.says("陈敏（0317） 日结少 ¥80.00，待核查").says("林国栋（0301） 会签");
    let mut auditor = hospital.employs("0801", "许静", &[Role::Auditor]).await;
    let sheet = auditor.opens(&format!("/shifts/{number}")).await;
    assert!(!sheet.text.contains("looked-into"), "an auditor only reads");
    let sheet = finance.opens(&format!("/shifts/{number}")).await;
    let look = format!("/shifts/{number}/looked-into");
    let refused = finance.fills(&sheet, &look, &[("note", "")]).await;
    assert_eq!(refused.status, 400);
    refused.says("请写明核查结果");
    finance.fills(&sheet, &look, &[("note", "监控已看，找零多给")]).await.says("核查：监控已看，找零多给");
    finance.fills(&sheet, &look, &[("note", "再写一次")]).await.says("没有重复记录");
    assert!(!finance.opens("/finance").await.text.contains("待核查"), "it is done");
    hospital.verifies().await;
}

async fn money_that_moves_makes_an_end_of_an_asked_closing(hospital: Hospital) {
    let (mut cashier, number) = asks_far_short(&hospital).await;
    let mut lead = hospital.employs("0301", "林国栋", &[Role::CashierLead]).await;
    let page = lead.opens(&format!("/shifts/{number}")).await;
    owes(&hospital, "C900200", &[1000]);
    takes_cash(&mut cashier, "C900200").await;
    hospital.lives_through(10, 5).await;
    let late = countersigns(&mut lead, &page, &number, "").await;
    assert_eq!(late.status, 409);
    late.says("已经没有等会签的结班").says("先数现金");
    // Now both at the same moment: one is first, and the other one finds it so.
    let counted = counts_yuan(&mut cashier, &number, 480).await;
    closes(&mut cashier, &counted, &number, &FAR_SHORT).await.says("差额待会签");
    owes(&hospital, "C900300", &[2000]);
    let found = looks_up(&mut cashier, "C900300").await;
    let till = holds(&mut cashier, &found, &["0"], "cash").await;
    let to = path(&till);
    let page = lead.opens(&format!("/shifts/{number}")).await;
    page.says("有未知的笔仍会签的理由");
    let (taken, signed) = tokio::join!(
        cashier.fills(&till, &to, &[("tendered", ""), ("do", "take")]),
        countersigns(&mut lead, &page, &number, "窗口正在收最后一笔")
    );
    hospital.lives_through(10, 5).await;
    let shift_no = ShiftNo::parse(&number).expect("a number");
    let shift = hospital.store().shift(&shift_no).await.expect("readable").expect("kept");
    let order = OutTradeNo::parse(to.rsplit('/').next().expect("a number")).expect("an order");
    let kept = hospital.store().window_order(&order).await.expect("readable").expect("kept");
    match &shift.closing {
        Some(closing) => {
            assert_eq!(closing.taken, (2, Fen::new(6000)), "{}", signed.text);
            assert_eq!(kept.taken, None, "{}", taken.text);
            cashier.fills(&till, &to, &[("do", "drop")]).await.says("已放开缴费单");
        }
        None => {
            assert!(shift.asked.is_none() && shift.counted.is_none(), "{shift:?}");
            assert_eq!(kept.taken.expect("taken").shift_no, shift_no);
            assert_eq!(signed.status, 409, "{}", signed.text);
        }
    }
    hospital.lives_through(20, 5).await;
    hospital.verifies().await;
}

async fn two_who_countersign_at_once_close_once(hospital: Hospital) {
    let (mut cashier, number) = asks_far_short(&hospital).await;
    let mut one = hospital.employs("0301", "林国栋", &[Role::CashierLead]).await;
    let mut two = hospital.employs("0302", "高雪", &[Role::CashierLead]).await;
    let (first, second) =
        (one.opens(&format!("/shifts/{number}")).await, two.opens(&format!("/shifts/{number}")).await);
    let (mine, theirs) = tokio::join!(
        countersigns(&mut one, &first, &number, ""),
        countersigns(&mut two, &second, &number, "")
    );
    let done = [&mine, &theirs].into_iter().filter(|page| page.text.contains("已结班，补备用金")).count();
    let late = [&mine, &theirs].into_iter().filter(|page| page.text.contains("没有重复结班")).count();
    assert_eq!((done, late), (1, 1), "{} / {}", mine.text, theirs.text);
    let rows = told(&hospital, &number).await;
    assert_eq!(rows.iter().filter(|(action, ..)| action == "shift.closed").count(), 1, "{rows:?}");
    // Taking back comes too late now, and says who was first.
    let page = cashier.opens("/shift").await;
    cashier.fills(&page, &format!("/shift/{number}/send-back"), &[]).await.says("没有重复结班");
    hospital.verifies().await;
}

async fn whoever_counted_does_not_countersign(hospital: Hospital) {
    let (mut cashier, number) = asks_far_short(&hospital).await;
    let mut lead = hospital.employs("0301", "林国栋", &[Role::CashierLead]).await;
    let mut other = hospital.employs("0302", "高雪", &[Role::CashierLead]).await;
    // The lead counts otherwise: what was asked for over another count is gone.
    let page = counts_yuan(&mut lead, &number, 460).await;
    page.says("少 ¥90.00").says("差额超过 ¥50.00：先送组长会签");
    let word = [("reason", "other"), ("note", "与收费员一起数过"), ("word", "收费员身体不适")];
    closes(&mut lead, &page, &number, &word).await.says("差额已送组长会签");
    let page = lead.opens(&format!("/shift/{number}")).await;
    let forged = Page { text: format!("{}name=\"seen\" value=\"x\"", page.text), ..page };
    countersigns(&mut lead, &forged, &number, "").await.says("收钱的人和数钱的人不能会签");
    let page = other.opens(&format!("/shift/{number}")).await;
    page.says("与收费员一起数过").says("收费员身体不适");
    countersigns(&mut other, &page, &number, "").await.says("由 高雪 0302 会签");
    // Exactly the limit is nobody else's business, and a second person who closes for somebody needs no third.
    opens_shift(&mut cashier, "500").await;
    let number = shift_of(&hospital, "0317").await.to_string();
    let page = counts_yuan(&mut cashier, &number, 450).await;
    let sheet = closes(&mut cashier, &page, &number, &FAR_SHORT).await;
    sheet.says("已结班，补备用金").says("少 ¥50.00");
    assert!(!sheet.text.contains("会签"), "{}", sheet.text);
    opens_shift(&mut cashier, "500").await;
    let number = shift_of(&hospital, "0317").await.to_string();
    counts_yuan(&mut cashier, &number, 550).await;
    let page = counts_yuan(&mut cashier, &number, 551).await;
    page.says("多 ¥51.00").says("先送组长会签");
    let page = lead.opens(&format!("/shift/{number}")).await;
    let word = [("reason", "other"), ("note", "多出的钱已封存"), ("word", "收费员先走")];
    closes(&mut lead, &page, &number, &word).await.says("由 林国栋 0301 会签");
    hospital.verifies().await;
}

async fn whoever_dies_after_the_cashiers_word_has_lost_nothing(hospital: Hospital) {
    owes(&hospital, CARD, &[5000]);
    let mut cashier = at_the_till(&hospital).await;
    let page = looks_up(&mut cashier, CARD).await;
    let till = holds(&mut cashier, &page, &["0"], "cash").await;
    let number = path(&till).rsplit('/').next().expect("a number").to_owned();
    let order = OutTradeNo::parse(number).expect("an order");
    // The word is kept, and the process dies before it is recorded.
    let taken = TakenRecord {
        shift_no: shift_of(&hospital, "0317").await,
        at: hospital.clock.now(),
        tendered: Some(Fen::new(5000)),
        slip: None,
    };
    let mut tx = hospital.store().begin().await.expect("a transaction");
    assert_eq!(tx.note_taken(&order, &taken).await.expect("kept"), Noted::Done);
    tx.commit().await.expect("durable");
    hospital.lives_through(60, 10).await;
    assert_eq!(booked(&hospital), [5000]);
    cashier.opens("/shift").await.says("1 笔全部入账");
    // An order that nobody paid ends by itself, and its slips are free.
    owes(&hospital, "C900200", &[4000]);
    let page = looks_up(&mut cashier, "C900200").await;
    holds(&mut cashier, &page, &["0"], "cash").await;
    hospital.lives_through(1800, 600).await;
    let (bill, _) = latest(&hospital).await;
    assert_eq!(bill.bill.state.as_str(), "released");
    hospital.holds_nothing().await;
}

async fn a_day_at_the_window_agrees_with_his(hospital: Hospital) {
    let today = |hospital: &Hospital| BusinessDay::of(hospital.clock.now());
    let morning = today(&hospital).end().plus_seconds(10 * 3600);
    hospital.time_passes(morning.since_ms(hospital.clock.now()) / 1000 + 1);
    let day = today(&hospital);
    owes(&hospital, CARD, &[6000]);
    let mut cashier = at_the_till(&hospital).await;
    takes_cash(&mut cashier, CARD).await;
    owes(&hospital, "C900200", &[4000]);
    let page = looks_up(&mut cashier, "C900200").await;
    let till = holds(&mut cashier, &page, &["0"], "pos").await;
    let to = path(&till);
    let slip = [("terminal", "12345678"), ("reference", "110123456789"), ("do", "take")];
    cashier.fills(&till, &to, &slip).await.says("已登记刷卡");
    hospital.lives_through(30, 10).await;
    assert_eq!(booked(&hospital).len(), 2);
    let afternoon = today(&hospital).end().plus_seconds(13 * 3600);
    hospital.time_passes(afternoon.since_ms(hospital.clock.now()) / 1000);
    hospital.settles().await;
    let made = reconcile_day(hospital.gateway(), day, &Scope::All, "tester", &Arc::new(Progress::default()))
        .await
        .expect("it is compared");
    let filter = FindingFilter::default();
    let found = hospital.store().findings_of_run(&made.run.run_id, &filter, -1, 100).await.expect("readable");
    assert_eq!(found, [], "till, journal and HIS agree");
    let tallies = hospital.store().tallies_of_run(&made.run.run_id).await.expect("readable");
    let sides: Vec<(i64, Fen)> = tallies.iter().map(|tally| (tally.lines, tally.paid)).collect();
    assert_eq!(sides, [(2, Fen::new(10_000)); 3], "all three have both");
    // No provider settles what went over the counter.
    let settled = hospital.store().settlements_of_run(&made.run.run_id).await.expect("readable");
    assert_eq!(settled.iter().filter(|line| line.channel.as_str().starts_with("window")).count(), 0);
    let balance = hospital.verifies().await.trial_balance;
    let held = balance.iter().find(|(account, _)| *account == Account::HisRevenue);
    assert_eq!(held.map(|(_, fen)| fen.get()), Some(-10_000));
}
