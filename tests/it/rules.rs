//! Limits and risk rules: what a patient meets at a limit and one fen above it, what a second person decides and what two of them do at
//! once, and who is kept out by the blocklist.

use mingfen_domain::access::Role;
use mingfen_domain::ids::ProposalNo;
use mingfen_domain::payment::State as PaymentState;
use mingfen_domain::rules::{Rule, Rules};
use mingfen_domain::{Clock, Random, Timestamp};
use mingfen_gateway::ambient::SystemRandom;
use mingfen_gateway::service::rules::{
    RulesWish, decide_rules, propose_rules, rules_in_force, seen_of, try_rules,
};
use mingfen_gateway::service::{DecideProposalRefused, Decision, reseal};
use mingfen_store::{AuditFilter, PaymentRecord};
use mingfen_tests::person::Person;
use mingfen_tests::{App, Hospital, Page};

stories! {
    exactly_a_limit_passes_and_one_fen_more_does_not,
    an_hour_is_over_when_it_is_over,
    two_who_pay_at_once_do_not_pass_together,
    a_trial_tells_what_the_rules_will_do,
    a_change_takes_two_people_and_one_of_two_who_approve,
    what_only_tightens_may_hold_at_once,
    who_is_on_the_blocklist_pays_at_the_window,
    an_approved_wording_reaches_the_phone,
    papers_name_the_hospital_and_the_campus_of_who_prints,
}

const CARD: &str = "C900100";

/// The rules that hold, with these numbers in them.
async fn with(hospital: &Hospital, numbers: &[(Rule, i64)]) -> Rules {
    let holds = rules_in_force(hospital.gateway()).await.expect("readable").rules;
    let number = |rule| numbers.iter().find(|(of, _)| *of == rule).map_or(holds.get(rule), |(_, to)| *to);
    Rules::new(number).expect("they agree")
}

fn wish(hospital: &Hospital, rules: Rules, based_on: i64, at_once: bool) -> RulesWish {
    let random: &dyn Random = &SystemRandom;
    RulesWish {
        proposal_no: ProposalNo::fresh(hospital.clock.now(), random),
        rules,
        based_on,
        reason: "演练".into(),
        at_once,
    }
}

/// From now on these hold.
async fn tightens(hospital: &Hospital, numbers: &[(Rule, i64)]) {
    let rules = with(hospital, numbers).await;
    let version = rules_in_force(hospital.gateway()).await.expect("readable").version;
    let wish = wish(hospital, rules, version, true);
    propose_rules(hospital.gateway(), &wish, "staff:0900").await.expect("they only tighten");
}

/// A slip of this many fen for the card, and what "pay" leads to.
async fn presses_pay(hospital: &Hospital, card_no: &str, fen: i64) -> (mingfen_tests::Patient, Page) {
    hospital.writes_slip(card_no, "检查", fen);
    let mut patient = hospital.patient(card_no, App::Wechat).await;
    let confirm = patient.goes_to_confirm(&[1]).await;
    if confirm.field("snapshot").is_none() {
        return (patient, confirm);
    }
    let page = patient.presses_pay(&confirm).await;
    (patient, page)
}

/// The same, and pays.
async fn pays(hospital: &Hospital, card_no: &str, fen: i64) {
    let (mut patient, sheet) = presses_pay(hospital, card_no, fen).await;
    patient.pays_in_the_sheet(&sheet).await;
    hospital.lives_through(20, 10).await;
}

/// A page that holds a payment back, and tells nothing of the rule.
fn holds_back(page: &Page) {
    assert_eq!(page.status, 403, "{} {}", page.url, page.text);
    page.says("现在不能用手机付").says("钱没有扣").says("门诊楼 1 层收费处");
    for secret in ["限额", "黑名单", "次数", "¥", "付款人"] {
        let main = page.text.split("<main").nth(1).unwrap_or_default();
        assert!(!main.contains(secret), "the page says {secret}: {main}");
    }
}

/// The doctor takes back what is still unpaid, so that the next slip is the first of the list.
fn cancels_the_unpaid(hospital: &Hospital, card_no: &str) {
    let mut records = hospital.simulator.his().records();
    let numbers: Vec<String> = records.slips_of(card_no).map(|slip| slip.slip_no.clone()).collect();
    for number in numbers {
        // What was paid cannot be cancelled.
        let _ = records.cancel_slip(&number);
    }
}

async fn opened(hospital: &Hospital) -> i64 {
    hospital.row_counts().await["payments"]
}

/// `10:41`, the next whole minute.
fn minute_after(at: Timestamp) -> String {
    let minute = Timestamp::from_ms(at.plus_ms(59_999).ms().div_euclid(60_000) * 60_000);
    let text = minute.to_beijing_text();
    let clock = text.split(' ').nth(1).unwrap_or_default();
    clock[..5].to_owned()
}

async fn exactly_a_limit_passes_and_one_fen_more_does_not(hospital: Hospital) {
    hospital.registers(CARD);
    tightens(
        &hospital,
        &[(Rule::MaxPayment, 10_000), (Rule::CardHourSum, 30_000), (Rule::PayerHourSum, 1_000_000)],
    )
    .await;
    pays(&hospital, CARD, 10_000).await;
    let (_, page) = presses_pay(&hospital, CARD, 10_001).await;
    page.says("超过一次能付的金额").says("¥100.01").says("¥100.00");
    let before = opened(&hospital).await;
    // What could not be paid is cancelled by the doctor, so that the next slip stands first.
    cancels_the_unpaid(&hospital, CARD);
    pays(&hospital, CARD, 10_000).await;
    pays(&hospital, CARD, 9_999).await;
    let (_, page) = presses_pay(&hospital, CARD, 2).await;
    holds_back(&page);
    cancels_the_unpaid(&hospital, CARD);
    pays(&hospital, CARD, 1).await;
    assert_eq!(opened(&hospital).await, before + 3, "what is held back leaves nothing");
    let rows = hospital.store().audit_of("rules").await.expect("readable");
    let held: Vec<_> = rows.iter().filter(|row| row.event.action == "payment.held_back").collect();
    assert_eq!(held.len(), 1, "{rows:?}");
    assert_eq!(held[0].event.detail, "0.02 yuan, card_hour_sum of version 1");
    hospital.verifies().await;
}

async fn an_hour_is_over_when_it_is_over(hospital: Hospital) {
    hospital.registers(CARD);
    tightens(&hospital, &[(Rule::CardHourPayments, 2)]).await;
    pays(&hospital, CARD, 100).await;
    let first = latest(&hospital).await.payment.created_at;
    hospital.time_passes(600);
    pays(&hospital, CARD, 100).await;
    let (mut patient, page) = presses_pay(&hospital, CARD, 100).await;
    holds_back(&page);
    page.says(&minute_after(first.plus_seconds(3600)));
    // Somebody who presses again and again leaves a row a minute, with a count.
    for _ in 0..3 {
        let confirm = patient.goes_to_confirm(&[1]).await;
        holds_back(&patient.presses_pay(&confirm).await);
    }
    let refused = hospital.store().risk_refusals(first).await.expect("readable");
    let refused: Vec<_> = refused.iter().map(|one| (one.rule.as_str(), one.times)).collect();
    assert_eq!(refused, [("card_hour_payments", 4)]);
    let left = 3600 - hospital.clock.now().since_ms(first) / 1000;
    hospital.time_passes(left - 30);
    let confirm = patient.goes_to_confirm(&[1]).await;
    holds_back(&patient.presses_pay(&confirm).await);
    hospital.time_passes(31);
    let confirm = patient.goes_to_confirm(&[1]).await;
    let sheet = patient.presses_pay(&confirm).await;
    patient.pays_in_the_sheet(&sheet).await;
    hospital.lives_through(20, 10).await;
    assert!(matches!(latest(&hospital).await.payment.state, PaymentState::Paid(_)));
    hospital.verifies().await;
}

async fn latest(hospital: &Hospital) -> PaymentRecord {
    let here =
        mingfen_domain::ids::HospitalId::parse(mingfen_simulator::his::HOSPITAL_ID).expect("a hospital");
    let bill = hospital.store().latest_bills(&here, None, 1).await.expect("readable").remove(0);
    let payments = hospital.store().payments_of_bill(&bill.bill.bill_no).await.expect("readable");
    payments.into_iter().next_back().expect("a payment")
}

async fn two_who_pay_at_once_do_not_pass_together(hospital: Hospital) {
    hospital.registers(CARD);
    tightens(&hospital, &[(Rule::CardHourPayments, 3)]).await;
    for _ in 0..6 {
        hospital.writes_slip(CARD, "检查", 100);
    }
    let mut phones = Vec::new();
    for slip in 1..=6 {
        let mut patient = hospital.patient(CARD, App::Wechat).await;
        let confirm = patient.goes_to_confirm(&[slip]).await;
        phones.push((patient, confirm));
    }
    let presses = phones.iter_mut().map(|(patient, confirm)| patient.presses_pay(confirm));
    let pages = futures_util::future::join_all(presses).await;
    let passed = pages.iter().filter(|page| page.status == 200).count();
    assert_eq!(
        (passed, opened(&hospital).await),
        (3, 3),
        "{:?}",
        pages.iter().map(|page| page.status).collect::<Vec<_>>()
    );
    pages.iter().filter(|page| page.status != 200).for_each(holds_back);
    hospital.verifies().await;
}

async fn a_trial_tells_what_the_rules_will_do(hospital: Hospital) {
    for card in ["C900101", "C900102"] {
        hospital.registers(card);
    }
    for fen in [1_000, 2_000, 3_000, 4_000] {
        pays(&hospital, "C900101", fen).await;
    }
    let holds = rules_in_force(hospital.gateway()).await.expect("readable");
    let rules = with(&hospital, &[(Rule::CardHourPayments, 2), (Rule::MaxPayment, 3_999)]).await;
    let report = try_rules(hospital.gateway(), &holds, &rules).await.expect("tried");
    assert_eq!((report.payments, report.fen, report.cut), (4, 10_000, false));
    let tally = |rule: Rule| {
        let found = report.rules.iter().find(|tally| tally.rule == rule.as_str()).expect("tallied");
        (found.refused_now, found.refused_then, found.fen_then)
    };
    assert_eq!(tally(Rule::CardHourPayments), (0, 1, 3_000), "the third; the fourth is too large by itself");
    assert_eq!(tally(Rule::MaxPayment), (0, 1, 4_000));
    assert_eq!(tally(Rule::CardDayPayments), (0, 0, 0));
    // The same patients, under these rules.
    tightens(&hospital, &[(Rule::CardHourPayments, 2), (Rule::MaxPayment, 3_999)]).await;
    let mut passed = 0;
    for fen in [1_000, 2_000, 3_000, 4_000] {
        let (mut patient, page) = presses_pay(&hospital, "C900102", fen).await;
        if page.attribute("data-call").is_some() {
            passed += 1;
            patient.pays_in_the_sheet(&page).await;
            hospital.lives_through(20, 10).await;
        } else {
            cancels_the_unpaid(&hospital, "C900102");
        }
    }
    assert_eq!(passed, 2);
    // And what is a week old is not looked at any more.
    hospital.time_passes(7 * 86_400 + 60);
    let later = try_rules(hospital.gateway(), &holds, &rules).await.expect("tried");
    assert_eq!((later.payments, later.rules.iter().map(|tally| tally.refused_then).sum::<i64>()), (0, 0));
}

async fn administrator(hospital: &Hospital, staff_no: &str) -> Person {
    hospital.employs(staff_no, "何志远", &[Role::Administrator]).await
}

/// Proposes on the screen; answers the page of the proposal.
async fn proposes(person: &mut Person, query: &str, how: &str) -> Page {
    let page = person.opens(&format!("/admin/limits/change?try=1&{query}")).await;
    assert_eq!(page.status, 200, "{}", page.text);
    sends(person, &page, "住院预交金上调", how).await
}

async fn sends(person: &mut Person, page: &Page, reason: &str, how: &str) -> Page {
    let names = ["number", "based_on"].into_iter().chain(Rule::ALL.map(Rule::as_str));
    // The hidden fields of the second form: the first one has the same names with what is typed.
    let form = page.text.split("method=\"post\" action=\"/admin/limits/change\"").nth(1).expect("a form");
    let form = Page { text: form.to_owned(), ..page.clone() };
    let fields: Vec<(&str, String)> =
        names.map(|name| (name, form.field(name).unwrap_or_else(|| panic!("{name}")))).collect();
    let mut fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
    fields.extend([("reason", reason), ("how", how)]);
    person.fills(page, "/admin/limits/change", &fields).await
}

async fn a_change_takes_two_people_and_one_of_two_who_approve(hospital: Hospital) {
    let mut first = administrator(&hospital, "0901").await;
    let mut second = administrator(&hospital, "0902").await;
    let mut lead = hospital.employs("0501", "赵启明", &[Role::FinanceLead]).await;
    first.opens("/admin/limits").await.says("¥50,000.00").says("配置文件里的值").says("名单是空的");
    // What contradicts itself is not even tried.
    let page = first.opens("/admin/limits/change?try=1&max_payment=99999999.00").await;
    assert_eq!(page.status, 400);
    page.says("不能大于");
    assert_eq!(first.opens("/admin/limits/change?try=1&max_payment=1.234").await.status, 400);
    let page = first.opens("/admin/limits/change?try=1&max_payment=60000.00").await;
    page.says("¥50,000.00 → ¥60,000.00").says("会拦下的支付");
    let no_reason = sends(&mut first, &page, " ", "propose").await;
    assert_eq!(no_reason.status, 400);
    no_reason.says("请写明理由");
    let loosens = sends(&mut first, &page, "放宽", "at_once").await;
    assert_eq!(loosens.status, 400);
    loosens.says("有放宽的地方");
    let page = proposes(&mut first, "max_payment=60000.00", "propose").await;
    page.says("等待第二人").says("要由另一位管理员或财务主管批准");
    let path = page.url.split(&hospital.replica.internal_url).nth(1).expect("a path").to_owned();
    let refused = first.fills(&page, &format!("{path}/approve"), &[("seen", "whatever")]).await;
    assert_eq!(refused.status, 403);
    refused.says("自己提出的");
    // Proposed beside the same rules, and too late when the first one holds.
    let other = proposes(&mut second, "max_payment=55000.00", "propose").await;
    let other_path = other.url.split(&hospital.replica.internal_url).nth(1).expect("a path").to_owned();
    let mine = second.opens(&path).await;
    let theirs = lead.opens(&path).await;
    let seen = mine.field("seen").expect("to approve");
    assert_eq!(theirs.field("seen").as_deref(), Some(seen.as_str()));
    let stale = lead.fills(&theirs, &format!("{path}/approve"), &[("seen", "0000000000000000")]).await;
    assert_eq!(stale.status, 409);
    stale.says("情况变了");
    let approve = format!("{path}/approve");
    let fields = [("seen", seen.as_str())];
    let (one, two) =
        tokio::join!(second.fills(&mine, &approve, &fields), lead.fills(&theirs, &approve, &fields));
    let mut statuses = [one.status, two.status];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 409], "one takes effect, the other is told: {} {}", one.text, two.text);
    let told = if one.status == 409 { &one } else { &two };
    told.says("已经有人处理过");
    let holds = rules_in_force(hospital.gateway()).await.expect("readable");
    assert_eq!((holds.version, holds.rules.get(Rule::MaxPayment)), (1, 6_000_000));
    first.opens("/admin/limits").await.says("第 1 版").says("¥60,000.00").says("住院预交金上调").says("批准");
    let late = lead.opens(&other_path).await;
    late.says("限额已另有改动");
    assert!(late.field("seen").is_none(), "it cannot be approved any more");
    let refused = lead.fills(&late, &format!("{other_path}/decline"), &[("reason", "已另有改动")]).await;
    refused.says("已驳回");
    // Another replica follows it at once, and so does what a cashier may give back.
    let cache = std::sync::Arc::new(mingfen_gateway::cache::MemoryCache::default());
    let replica = hospital.another_replica(cache).await;
    assert_eq!(rules_in_force(&replica.gateway).await.expect("readable").version, 1);
    let filter = AuditFilter { actions: vec!["rules.".into()], ..AuditFilter::default() };
    let rows = hospital.store().search_audit(&filter, None, 10).await.expect("readable");
    let said: Vec<_> = rows.iter().rev().map(|row| row.event.action.as_str()).collect();
    assert_eq!(said, ["rules.proposed", "rules.proposed", "rules.approved", "rules.declined"]);
    hospital.settles().await;
    hospital.verifies().await;
}

async fn what_only_tightens_may_hold_at_once(hospital: Hospital) {
    let mut first = administrator(&hospital, "0901").await;
    let mut auditor = hospital.employs("0601", "孙若兰", &[Role::Auditor]).await;
    let page = proposes(&mut first, "max_payment=1.00", "at_once").await;
    page.says("已生效，待确认").says("已立即收紧");
    hospital.registers(CARD);
    let (_, page) = presses_pay(&hospital, CARD, 101).await;
    page.says("超过一次能付的金额");
    auditor.opens("/admin/limits").await.says("待确认").says("第 1 版");
    let path = page_of_newest(&hospital).await;
    let page = auditor.opens(&path).await;
    assert!(page.field("seen").is_none() && !page.text.contains("/decline"), "an auditor changes nothing");
    // Who confirms it confirms what was read; twice is too late.
    let gateway = hospital.gateway();
    let record = hospital.store().rules_in_force().await.expect("readable").expect("there");
    let seen = seen_of(&record, 1);
    let number = record.proposal_no.clone();
    let approve = || Decision::Approve { seen: seen.clone() };
    let own = decide_rules(gateway, &number, approve(), "staff:0901").await;
    assert!(matches!(own, Err(DecideProposalRefused::SamePerson)), "{own:?}");
    let no = Decision::Decline { reason: "不同意".into() };
    let declined = decide_rules(gateway, &number, no, "staff:0902").await;
    assert!(matches!(declined, Err(DecideProposalRefused::Decided(_))), "it holds: {declined:?}");
    decide_rules(gateway, &number, approve(), "staff:0902").await.expect("confirmed");
    let again = decide_rules(gateway, &number, approve(), "staff:0903").await;
    assert!(matches!(again, Err(DecideProposalRefused::Decided(_))), "{again:?}");
    hospital.verifies().await;
}

async fn page_of_newest(hospital: &Hospital) -> String {
    let record = hospital.store().rules_in_force().await.expect("readable").expect("there");
    format!("/admin/limits/changes/{}", record.proposal_no)
}

async fn who_is_on_the_blocklist_pays_at_the_window(hospital: Hospital) {
    let mut administrator = administrator(&hospital, "0901").await;
    hospital.registers(CARD);
    pays(&hospital, CARD, 10_000).await;
    let order = latest(&hospital).await.payment.out_trade_no;
    let page = administrator.opens("/admin/limits").await;
    let unreadable = [("kind", "phone"), ("value", "12"), ("reason", "反复下单不付"), ("until", "")];
    let refused = administrator.fills(&page, "/admin/limits/blocklist", &unreadable).await;
    assert_eq!(refused.status, 400);
    refused.says("没有看懂");
    // By a payment's number, for each of the three; nobody sees whom it is about.
    for kind in ["card", "payer", "phone"] {
        let fields = [("kind", kind), ("value", order.as_str()), ("reason", "反复下单不付"), ("until", "")];
        let page = administrator.opens("/admin/limits").await;
        let (one, two) = {
            let mut twin = administrator.clone();
            tokio::join!(
                administrator.fills(&page, "/admin/limits/blocklist", &fields),
                twin.fills(&page, "/admin/limits/blocklist", &fields)
            )
        };
        let mut statuses = [one.status, two.status];
        statuses.sort_unstable();
        assert_eq!(statuses, [200, 409], "{kind}: one entry");
        let page = administrator.opens("/admin/limits").await;
        page.says("反复下单不付").says("生效");
        assert!(!page.text.contains("13800001234") && !page.text.contains(CARD), "masked");
        let (_, held) = presses_pay(&hospital, CARD, 100).await;
        holds_back(&held);
        assert!(!held.text.contains("反复下单"), "why is told at the window");
        cancels_the_unpaid(&hospital, CARD);
        let entry = newest_block(&hospital).await;
        let page = administrator.opens(&entry).await;
        assert!(!page.text.contains("查看一次"), "an administrator sees no patient");
        let refused = administrator.fills(&page, &format!("{entry}/lift"), &[("reason", "")]).await;
        assert_eq!(refused.status, 400);
        administrator
            .fills(&page, &format!("{entry}/lift"), &[("reason", "本人到窗口说明")])
            .await
            .says("已移出");
        let twice = administrator.fills(&page, &format!("{entry}/lift"), &[("reason", "再来")]).await;
        assert_eq!(twice.status, 409);
    }
    pays(&hospital, CARD, 100).await;
    // Until a day; and it is sealed again like everything else.
    let today = mingfen_domain::BusinessDay::of(hospital.clock.now()).to_string();
    let fields = [("kind", "card"), ("value", CARD), ("reason", "到今天为止"), ("until", today.as_str())];
    let page = administrator.opens("/admin/limits").await;
    administrator.fills(&page, "/admin/limits/blocklist", &fields).await.says(&today);
    reseal(hospital.gateway(), "story", |_| ()).await.expect("sealed again");
    holds_back(&presses_pay(&hospital, CARD, 100).await.1);
    cancels_the_unpaid(&hospital, CARD);
    let mut lead = hospital.employs("0501", "赵启明", &[Role::FinanceLead]).await;
    let entry = newest_block(&hospital).await;
    let page = lead.opens(&entry).await;
    assert!(!page.text.contains(CARD));
    let refused = lead.fills(&page, &format!("{entry}/shown"), &[("reason", " ")]).await;
    assert!(refused.status == 400 && !refused.text.contains(CARD));
    lead.fills(&page, &format!("{entry}/shown"), &[("reason", "与本人核对")]).await.says(CARD);
    let number = entry.rsplit('/').next().expect("a number");
    let rows = hospital.store().audit_of(number).await.expect("readable");
    let said: Vec<_> = rows.iter().map(|row| row.event.action.as_str()).collect();
    assert_eq!(said, ["blocklist.added", "blocklist.shown"]);
    assert!(rows.iter().all(|row| !row.event.detail.contains(CARD)), "{rows:?}");
    assert_eq!((rows[1].event.actor.as_str(), rows[1].event.detail.as_str()), ("staff:0501", "与本人核对"));
    lead.opens("/audit?kind=personal").await.says("看黑名单号码").says("与本人核对");
    // A cashier may unmask patients at the desk, and does not read this list: so they see nobody of it, whatever they write.
    let mut cashier = hospital.employs("0317", "陈敏", &[Role::Cashier]).await;
    let page = cashier.opens("/desk").await;
    let refused = cashier.fills(&page, &format!("{entry}/shown"), &[("reason", "与本人核对")]).await;
    assert!(refused.status == 403 && !refused.text.contains(CARD), "{}", refused.text);
    assert_eq!(
        hospital.store().audit_of(number).await.expect("readable").len(),
        2,
        "nobody else has seen it"
    );
    hospital.time_passes(86_400);
    pays(&hospital, CARD, 100).await;
    hospital.settles().await;
    hospital.verifies().await;
}

async fn newest_block(hospital: &Hospital) -> String {
    let record = hospital.store().blocks(1).await.expect("readable").remove(0);
    format!("/admin/limits/blocklist/{}", record.block_no)
}

async fn an_approved_wording_reaches_the_phone(hospital: Hospital) {
    let mut administrator = administrator(&hospital, "0901").await;
    let mut lead = hospital.employs("0501", "赵启明", &[Role::FinanceLead]).await;
    hospital.registers(CARD);
    pays(&hospital, CARD, 10_000).await;
    let told = |hospital: &Hospital| hospital.simulator.sms().sent_to("13800001234");
    let first = told(&hospital).remove(0);
    assert_eq!((first.template.as_str(), first.params.len()), ("paid", 3), "the built-in one");
    administrator.opens("/admin/notices").await.says("您已缴费 1,234,567.89 元").says("内置，没有改过");
    let path = "/admin/notices/paid/zh-CN";
    for (body, why) in [
        ("%7Bname%7D%E6%82%A8%E5%A5%BD", "没有 {name} 这个占位"),
        ("%7Bamount", "大括号要成对"),
        ("", "原文不能为空"),
    ] {
        let page = administrator.opens(&format!("{path}?code=SMS_1&body={body}")).await;
        assert_eq!(page.status, 400, "{body}");
        page.says(why);
    }
    let long = "%E5%AD%97".repeat(200);
    administrator.opens(&format!("{path}?code=SMS_1&body={long}")).await.says("太长：会拆成 4 条");
    let body = "已收 {amount} 元";
    let query: String = url::form_urlencoded::byte_serialize(body.as_bytes()).collect();
    let page = administrator.opens(&format!("{path}?code=SMS_4820117&body={query}")).await;
    page.says("已收 1,234,567.89 元").says("1 条");
    let form = page.text.split("method=\"post\" action=\"/admin/notices").nth(1).expect("a form").to_owned();
    let form = Page { text: form, ..page.clone() };
    let hidden = |name: &str| form.field(name).expect("a field");
    let (number, based_on) = (hidden("number"), hidden("based_on"));
    let fields = [
        ("number", number.as_str()),
        ("based_on", &based_on),
        ("code", "SMS_4820117"),
        ("body", body),
        ("reason", "运营商重新审核"),
    ];
    let page = administrator.fills(&page, path, &fields).await;
    page.says("等待第二人").says("要由另一位管理员或财务主管批准");
    let proposal = format!("/admin/notices/changes/{number}");
    let own = administrator.fills(&page, &format!("{proposal}/approve"), &[("seen", "x")]).await;
    assert_eq!(own.status, 403);
    let page = lead.opens(&proposal).await;
    let seen = page.field("seen").expect("to approve");
    let stale = lead.fills(&page, &format!("{proposal}/approve"), &[("seen", "0000000000000000")]).await;
    assert_eq!(stale.status, 409);
    let mut twin = lead.clone();
    let (approve, fields) = (format!("{proposal}/approve"), [("seen", seen.as_str())]);
    let (one, two) = tokio::join!(lead.fills(&page, &approve, &fields), twin.fills(&page, &approve, &fields));
    let mut statuses = [one.status, two.status];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 409], "one takes effect, the other is told");
    hospital.time_passes(60);
    pays(&hospital, CARD, 2_000).await;
    let sent = told(&hospital);
    let last = sent.last().expect("a message");
    let params: Vec<(&str, &str)> =
        last.params.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    assert_eq!((last.template.as_str(), params), ("SMS_4820117", vec![("amount", "20.00")]));
    administrator.opens(path).await.says("生效").says("已收 {amount} 元");
    administrator.opens("/admin/notices").await.says("第 1 版").says("SMS_4820117");
    hospital.settles().await;
    hospital.verifies().await;
}

async fn papers_name_the_hospital_and_the_campus_of_who_prints(hospital: Hospital) {
    let mut administrator = administrator(&hospital, "0901").await;
    let mut cashier = hospital.employs("0201", "陈敏", &[Role::Cashier]).await;
    hospital.registers(CARD);
    pays(&hospital, CARD, 10_000).await;
    let bill = latest(&hospital).await.payment.bill_no;
    let print = format!("/orders/{bill}/print");
    let page = cashier.opens(&print).await;
    let plain = cashier.fills(&page, &format!("/orders/{bill}/receipt"), &[]).await;
    assert!(!plain.text.contains("class=\"campus\""), "nobody belongs to a campus yet");
    let page = administrator.opens("/admin/hospital").await;
    page.says("一套系统服务一家医院").says("没有登记院区");
    let east = [
        ("code", "east"),
        ("name_zh", "东院区"),
        ("name_en", "East campus"),
        ("address", "青禾路 8 号"),
        ("phone", "0000-8888 6001"),
        ("active", "1"),
    ];
    administrator.fills(&page, "/admin/hospital/campuses", &east).await.says("东院区 已保存");
    let again = administrator.fills(&page, "/admin/hospital/campuses", &east).await;
    assert_eq!(again.status, 409);
    again.says("这个编码已经有了");
    let wrong = [("code", "w est"), ("name_zh", "西"), ("name_en", "West")];
    assert_eq!(administrator.fills(&page, "/admin/hospital/campuses", &wrong).await.status, 400);
    let person = administrator.opens("/admin/staff/0201").await;
    person.says("东院区").says("不分院区");
    let version = person.field("version").expect("a version");
    let fields = [
        ("version", version.as_str()),
        ("name", "陈敏"),
        ("place", ""),
        ("campus", "east"),
        ("role", "cashier"),
        ("active", "1"),
    ];
    administrator.fills(&person, "/admin/staff/0201", &fields).await.says("陈敏 已保存");
    let page = cashier.opens(&print).await;
    let paper = cashier.fills(&page, &format!("/orders/{bill}/receipt"), &[]).await;
    paper.says("东院区，青禾路 8 号，0000-8888 6001");
    // The name is on pages of patients at once; who was second is told.
    let page = administrator.opens("/admin/hospital").await;
    let called = |name| [("version", "0"), ("name_zh", name), ("name_en", "Qinghe"), ("help_phone", "12320")];
    let mute = [("version", "0"), ("name_zh", "青禾医院"), ("name_en", "Qinghe"), ("help_phone", "call us")];
    let refused = administrator.fills(&page, "/admin/hospital", &mute).await;
    assert_eq!(refused.status, 400);
    administrator.fills(&page, "/admin/hospital", &called("青禾市第一人民医院")).await.says("已保存");
    let second = administrator.fills(&page, "/admin/hospital", &called("另一个名字")).await;
    assert_eq!(second.status, 409);
    second.says("刚才有人改过");
    let mut patient = hospital.patient(CARD, App::Wechat).await;
    patient.scans().await.says("青禾市第一人民医院").says("12320");
    let rows = hospital.store().audit_of("hospital").await.expect("readable");
    assert_eq!(rows.iter().filter(|row| row.event.action == "hospital.changed").count(), 1);
    hospital.settles().await;
    hospital.verifies().await;
}
