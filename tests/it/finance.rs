//! Finance at the screens: from a red day to a signed one, over HTTP, as people do it.

use mingfen_domain::access::Role;
use mingfen_domain::difference::{Category, Owner, Remedy};
use mingfen_domain::ids::{ChannelId, RunId, TraceId};
use mingfen_domain::{BusinessDay, Clock, Fen};
use mingfen_simulator::faults::{Fault, Rule};
use mingfen_store::{
    ALL_CHANNELS, FindingRecord, PendingFilter, RemedyState, RunRecord, SessionStage, StaffRecord,
    StaffSessionRecord, Standing,
};
use mingfen_tests::{App, CARD, Hospital};
use sha2::{Digest, Sha256};
use std::fmt::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

stories!(
    an_accountants_morning_goes_from_red_to_signed_off,
    what_is_previewed_is_what_happens_and_a_changed_preview_does_nothing,
    of_two_accountants_with_the_same_remedy_one_has_the_effect_and_the_other_is_told,
    who_has_ordered_it_does_not_approve_it_and_another_person_does,
    filters_stand_in_the_address_and_pages_follow_each_other,
    hostile_names_are_text_on_every_page_and_no_formula_in_a_file,
    several_are_worked_on_at_once_but_never_where_money_moves,
    notes_and_files_are_kept_sealed_and_odd_files_are_refused,
    a_statement_that_the_channel_does_not_give_is_brought_and_a_damaged_one_leaves_nothing,
    hostile_files_are_refused_with_a_reason_and_leave_nothing,
    an_auditor_reads_everything_and_changes_nothing,
);

/// Somebody at a screen.
struct Screen {
    base: String,
    token: String,
    http: reqwest::Client,
}

/// What a page answered.
struct Shown {
    status: u16,
    to: String,
    text: String,
    media_type: String,
    said: String,
}

impl Shown {
    fn has(&self, text: &str) -> bool {
        self.text.contains(text)
    }

    #[track_caller]
    fn says(&self, text: &str) {
        assert!(self.has(text), "{} without {text:?}:\n{}", self.status, self.text);
    }

    #[track_caller]
    fn field(&self, name: &str) -> String {
        let start = format!("name=\"{name}\" value=\"");
        let rest = self
            .text
            .split(start.as_str())
            .nth(1)
            .unwrap_or_else(|| panic!("no field {name}: {}", self.text));
        rest.split('"').next().expect("a value").to_owned()
    }
}

impl Screen {
    /// An account, signed in: how somebody signs in is told elsewhere.
    async fn of(hospital: &Hospital, staff_no: &str, role: Role) -> Self {
        let store = hospital.store();
        let now = hospital.clock.now();
        let token = format!("token-of-{staff_no}-{}", now.ms());
        let mut tx = store.begin().await.expect("a transaction");
        if store_has(hospital, staff_no).await {
            tx.rollback().await.expect("nothing was done");
            tx = store.begin().await.expect("a transaction");
        } else {
            tx.insert_staff(&StaffRecord {
                staff_no: staff_no.to_owned(),
                name: format!("名{staff_no}"),
                roles: vec![role],
                place: String::new(),
                active: true,
                password_hash: "none".into(),
                must_change: false,
                totp_sealed: None,
                totp_step: 0,
                recovery_sha256: Vec::new(),
                failed_attempts: 0,
                locked_until: now,
                last_in_at: None,
                last_in_from: None,
                created_at: now,
                created_by: "test".into(),
                version: 0,
            })
            .await
            .expect("an account");
        }
        tx.insert_staff_session(&StaffSessionRecord {
            token_sha256: hex::encode(Sha256::digest(token.as_bytes())),
            staff_no: staff_no.to_owned(),
            stage: SessionStage::In,
            proven: true,
            enrol_sealed: None,
            next_path: "/".into(),
            address: "127.0.0.1".into(),
            agent: "test".into(),
            begun_at: now,
            seen_at: now,
            ended: None,
        })
        .await
        .expect("a session");
        tx.commit().await.expect("kept");
        let http =
            reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().expect("a client");
        Self { base: hospital.replica.internal_url.clone(), token, http }
    }

    async fn answered(request: reqwest::RequestBuilder) -> Shown {
        let answer = request.send().await.expect("the gateway answers");
        let header = |name: &str| {
            answer.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned()
        };
        let said = answer
            .headers()
            .get_all("set-cookie")
            .iter()
            .filter_map(|value| value.to_str().ok())
            .find_map(|cookie| cookie.strip_prefix("mingfen_said="))
            .map(|rest| rest.split(';').next().unwrap_or_default().to_owned())
            .unwrap_or_default();
        Shown {
            status: answer.status().as_u16(),
            to: header("location"),
            media_type: header("content-type"),
            said,
            text: String::from_utf8_lossy(&answer.bytes().await.expect("a body")).into_owned(),
        }
    }

    fn cookie(&self, said: &str) -> String {
        format!("mingfen_staff={}; mingfen_said={said}", self.token)
    }

    async fn asks(&self, path: &str) -> Shown {
        Self::answered(self.http.get(format!("{}{path}", self.base)).header("cookie", self.cookie(""))).await
    }

    #[track_caller]
    fn fine(shown: Shown) -> Shown {
        assert_eq!(shown.status, 200, "{} {}", shown.to, shown.text);
        shown
    }

    async fn sees(&self, path: &str) -> Shown {
        Self::fine(self.asks(path).await)
    }

    /// Sends a form of a page.
    async fn sends(&self, page: &Shown, path: &str, fields: &[(&str, &str)]) -> Shown {
        let mut form = url::form_urlencoded::Serializer::new(String::new());
        form.append_pair("csrf", &page.field("csrf"));
        form.extend_pairs(fields);
        let request = self
            .http
            .post(format!("{}{path}", self.base))
            .header("cookie", self.cookie(""))
            .header("content-type", "application/x-www-form-urlencoded")
            .body(form.finish());
        Self::answered(request).await
    }

    /// Follows to the next page with what is said there.
    async fn follows(&self, shown: Shown) -> Shown {
        assert_eq!(shown.status, 303, "{}", shown.text);
        let request = self.http.get(format!("{}{}", self.base, shown.to));
        Self::fine(Self::answered(request.header("cookie", self.cookie(&shown.said))).await)
    }

    /// Sends a form with a file.
    async fn sends_file(&self, page: &Shown, path: &str, what: &str, name: &str, bytes: &[u8]) -> Shown {
        let mut body = Vec::new();
        for (field, value) in [("csrf", page.field("csrf")), ("what", what.to_owned())] {
            body.extend_from_slice(
                format!("--edge\r\nContent-Disposition: form-data; name=\"{field}\"\r\n\r\n{value}\r\n")
                    .as_bytes(),
            );
        }
        body.extend_from_slice(
            format!(
                "--edge\r\nContent-Disposition: form-data; name=\"file\"; filename=\"{name}\"\r\nContent-Type: application/octet-stream\r\n\r\n"
            )
            .as_bytes(),
        );
        body.extend_from_slice(bytes);
        body.extend_from_slice(b"\r\n--edge--\r\n");
        let request = self
            .http
            .post(format!("{}{path}", self.base))
            .header("cookie", self.cookie(""))
            .header("content-type", "multipart/form-data; boundary=edge")
            .body(body);
        Self::answered(request).await
    }
}

async fn store_has(hospital: &Hospital, staff_no: &str) -> bool {
    hospital.store().staff_member(staff_no).await.expect("readable").is_some()
}

fn today(hospital: &Hospital) -> BusinessDay {
    BusinessDay::of(hospital.clock.now())
}

/// It becomes ten in the morning.
fn a_morning(hospital: &Hospital) -> BusinessDay {
    let until = today(hospital).end().plus_seconds(10 * 3600);
    hospital.time_passes(until.since_ms(hospital.clock.now()) / 1000 + 1);
    today(hospital)
}

/// It becomes one in the afternoon of the next day.
async fn statements_are_made(hospital: &Hospital) {
    let until = today(hospital).end().plus_seconds(13 * 3600);
    hospital.time_passes(until.since_ms(hospital.clock.now()) / 1000);
    hospital.settles().await;
}

/// Paid, and HIS was down: what the channel has and HIS has not.
async fn a_day_on_which_his_was_not_told(hospital: &Hospital) -> BusinessDay {
    let day = a_morning(hospital);
    let mut patient = hospital.patient(CARD, App::Wechat).await;
    let sheet = patient.goes_to_the_sheet(&[1]).await;
    hospital.simulator.his().set_trouble("payments/confirm", mingfen_simulator::his::Trouble::Down, None);
    patient.pays_in_the_sheet(&sheet).await;
    hospital.lives_through(4 * 3600, 600).await;
    statements_are_made(hospital).await;
    day
}

/// A large payment whose row the statement lacks: more than one person may decide over alone.
async fn a_day_that_needs_two_people(hospital: &Hospital) -> BusinessDay {
    let day = a_morning(hospital);
    hospital.registers("A10030000001");
    hospital.writes_slip("A10030000001", "磁共振", 150_000);
    let mut patient = hospital.patient("A10030000001", App::Wechat).await;
    patient.pays(&[1]).await;
    hospital.lives_through(60, 5).await;
    hospital.simulator.faults().add(Rule::every("wechat.tradebill", Fault::StatementRowMissing));
    statements_are_made(hospital).await;
    day
}

/// Has the day compared from its page, and waits for the end.
async fn compares(hospital: &Hospital, screen: &Screen, day: BusinessDay) -> Shown {
    let path = format!("/finance/days/{day}");
    let page = screen.sees(&path).await;
    let asked = screen.sends(&page, &format!("{path}/compare"), &[]).await;
    screen.follows(asked).await.says("正在进行");
    hospital.settles().await;
    screen.sees(&path).await
}

/// The address of a day's only open difference.
async fn the_difference(hospital: &Hospital) -> (String, FindingRecord) {
    let mut found =
        hospital.store().pending_findings(&PendingFilter::default(), None, 10).await.expect("readable");
    assert_eq!(found.len(), 1, "{found:#?}");
    let record = found.remove(0);
    (format!("/finance/days/{}/differences/{}", record.day, record.finding.finding_key), record.finding)
}

async fn standing(hospital: &Hospital, day: BusinessDay) -> Vec<(Standing, i64)> {
    let run = hospital.store().current_run(day, ALL_CHANNELS).await.expect("readable").expect("a run");
    hospital.store().standings_of_run(&run.run_id).await.expect("readable")
}

async fn an_accountants_morning_goes_from_red_to_signed_off(hospital: Hospital) {
    let day = a_day_on_which_his_was_not_told(&hospital).await;
    let finance = Screen::of(&hospital, "0501", Role::Finance).await;
    let lead = Screen::of(&hospital, "0500", Role::FinanceLead).await;
    finance.sees("/finance").await.says("还没有对账");
    let page = compares(&hospital, &finance, day).await;
    page.says("1 笔待处理");
    page.says("名0501（0501）");
    page.says("没有解释不了的差额");
    let home = finance.sees("/finance").await;
    home.says("有 1 笔对不上");
    home.says("渠道比 HIS 多");
    home.says("不能签结");
    let list = finance.sees("/differences").await;
    list.says("1 笔未了");
    list.says("渠道单边（长款）");

    // The lead sees why it cannot be signed, and cannot sign by hand either.
    let day_page = lead.sees(&format!("/finance/days/{day}")).await;
    day_page.says("还有 1 笔待处理");
    let run = hospital.store().current_run(day, ALL_CHANNELS).await.expect("readable").expect("a run");
    let fields = [("run", run.run_id.as_str()), ("remark", "")];
    let refused = lead.sends(&day_page, &format!("/finance/days/{day}/sign"), &fields).await;
    assert_eq!(refused.status, 409);
    refused.says("1 笔差异待处理");
    let not_allowed = finance.asks(&format!("/finance/days/{day}/sign")).await;
    assert_eq!(not_allowed.status, 403, "an accountant does not sign");

    let (path, finding) = the_difference(&hospital).await;
    let detail = finance.sees(&path).await;
    detail.says("三方对照");
    detail.says(&finding.order_no);
    detail.says("把握：确定");
    detail.says("，原样");
    hospital.simulator.his().lift_trouble(None);
    let preview = finance.sees(&format!("{path}/remedies/write_back_now")).await;
    preview.says("立即向 HIS 回写账单");
    let read = preview.field("read");
    let done = finance
        .sends(
            &preview,
            &format!("{path}/remedies/write_back_now"),
            &[("read", &read), ("reason", "HIS 恢复后补回写")],
        )
        .await;
    let detail = finance.follows(done).await;
    detail.says("“立即回写”已执行");
    detail.says("HIS 恢复后补回写");
    hospital.settles().await;
    assert_eq!(hospital.simulator.his().records().bookings().len(), 1, "HIS was told, once");

    let question = lead.sees(&format!("/finance/days/{day}/sign")).await;
    question.says("结转到以后");
    let stale = lead
        .sends(&question, &format!("/finance/days/{day}/sign"), &[("run", "D0000000"), ("remark", "")])
        .await;
    assert_eq!(stale.status, 409);
    stale.says("又有了新版本");
    let run = question.field("run");
    let signed = lead
        .sends(&question, &format!("/finance/days/{day}/sign"), &[("run", &run), ("remark", "回写后结转")])
        .await;
    let page = lead.follows(signed).await;
    page.says("已签结");
    page.says("审计锚点");
    let again = lead.sends(&page, &format!("/finance/days/{day}/compare"), &[]).await;
    lead.follows(again).await.says("不能重跑");
    let twice =
        lead.sends(&page, &format!("/finance/days/{day}/sign"), &[("run", &run), ("remark", "")]).await;
    lead.follows(twice).await.says("没有再签一次");
    lead.sees("/finance").await.says("已签结");
    hospital.verifies().await;
}

async fn what_is_previewed_is_what_happens_and_a_changed_preview_does_nothing(hospital: Hospital) {
    let day = a_day_that_needs_two_people(&hospital).await;
    let finance = Screen::of(&hospital, "0501", Role::Finance).await;
    let lead = Screen::of(&hospital, "0500", Role::FinanceLead).await;
    compares(&hospital, &finance, day).await;
    let (path, finding) = the_difference(&hospital).await;
    let remedy = format!("{path}/remedies/book_to_suspense");
    let preview = finance.sees(&remedy).await;
    let shown: Vec<String> = preview
        .text
        .split("记账：")
        .skip(1)
        .map(|rest| rest.split('<').next().unwrap_or_default().to_owned())
        .collect();
    assert_eq!(shown.len(), 2, "{shown:?}");
    let before = hospital.verifies().await.trial_balance;

    // Something else was read.
    let other = finance.sends(&preview, &remedy, &[("read", "00"), ("reason", "渠道账单缺行")]).await;
    assert_eq!(other.status, 409);
    other.says("您看过预览之后账面变了");
    other.says("渠道账单缺行");
    let read = preview.field("read");
    let without = finance.sends(&preview, &remedy, &[("read", &read), ("reason", " ")]).await;
    assert_eq!(without.status, 400);
    without.says("请写理由");
    assert!(hospital.store().remedies_of(&finding.finding_key).await.expect("readable").is_empty());
    assert_eq!(hospital.verifies().await.trial_balance, before);

    let asked = finance.sends(&preview, &remedy, &[("read", &read), ("reason", "渠道账单缺行")]).await;
    finance.follows(asked).await.says("等第二个人批准");
    assert_eq!(hospital.verifies().await.trial_balance, before, "nothing was booked yet");
    let order = hospital.store().remedies_of(&finding.finding_key).await.expect("readable").remove(0);
    let question = lead.sees(&format!("/approvals/{}", order.remedy_id)).await;
    for effect in &shown {
        question.says(effect);
    }
    let stale =
        lead.sends(&question, &format!("/approvals/{}/approve", order.remedy_id), &[("read", "00")]).await;
    assert_eq!(stale.status, 409, "what is approved is what was read");
    let read = question.field("read");
    let approved =
        lead.sends(&question, &format!("/approvals/{}/approve", order.remedy_id), &[("read", &read)]).await;
    lead.follows(approved).await.says("已批准并执行");
    let done = hospital.store().remedy(&order.remedy_id).await.expect("readable").expect("there");
    assert_eq!((done.state, done.decided_by.as_deref()), (RemedyState::Done, Some("staff:0500")));
    assert_ne!(hospital.verifies().await.trial_balance, before, "it was booked");
    assert_eq!(standing(&hospital, day).await, [(Standing::Resolved, 1)]);
    let late =
        lead.sends(&question, &format!("/approvals/{}/approve", order.remedy_id), &[("read", &read)]).await;
    assert_eq!(late.status, 409);
    late.says("已经由名0500（0500）处理过了");
}

async fn of_two_accountants_with_the_same_remedy_one_has_the_effect_and_the_other_is_told(
    hospital: Hospital,
) {
    let day = a_morning(&hospital);
    hospital.patient(CARD, App::Wechat).await.pays(&[1]).await;
    hospital.lives_through(60, 5).await;
    hospital.simulator.faults().add(Rule::every("wechat.tradebill", Fault::StatementRowMissing));
    statements_are_made(&hospital).await;
    let one = Screen::of(&hospital, "0501", Role::Finance).await;
    let two = Screen::of(&hospital, "0512", Role::Finance).await;
    compares(&hospital, &one, day).await;
    let (path, finding) = the_difference(&hospital).await;
    let remedy = format!("{path}/remedies/book_to_suspense");
    let (first, second) = (one.sees(&remedy).await, two.sees(&remedy).await);
    assert_eq!(first.field("read"), second.field("read"), "both read the same");
    let (read_one, read_two) = (first.field("read"), second.field("read"));
    let fields_one = [("read", read_one.as_str()), ("reason", "一号处理")];
    let fields_two = [("read", read_two.as_str()), ("reason", "二号处理")];
    let (a, b) =
        tokio::join!(one.sends(&first, &remedy, &fields_one), two.sends(&second, &remedy, &fields_two));
    let mut both = [(a.status, a), (b.status, b)];
    both.sort_by_key(|(status, _)| *status);
    let [(won, _), (lost, told)] = both;
    assert_eq!((won, lost), (303, 409), "{}", told.text);
    assert!(told.has("没有执行") || told.has("没有做"), "{}", told.text);
    let orders = hospital.store().remedies_of(&finding.finding_key).await.expect("readable");
    assert_eq!(orders.len(), 1, "{orders:#?}");
    assert_eq!(standing(&hospital, day).await, [(Standing::Resolved, 1)]);
    hospital.verifies().await;
}

async fn who_has_ordered_it_does_not_approve_it_and_another_person_does(hospital: Hospital) {
    let day = a_day_that_needs_two_people(&hospital).await;
    let lead = Screen::of(&hospital, "0500", Role::FinanceLead).await;
    let other = Screen::of(&hospital, "0502", Role::FinanceLead).await;
    let finance = Screen::of(&hospital, "0501", Role::Finance).await;
    compares(&hospital, &lead, day).await;
    let (path, finding) = the_difference(&hospital).await;
    let remedy = format!("{path}/remedies/book_to_suspense");
    let preview = lead.sees(&remedy).await;
    preview.says("由名0502（0502）批准，您本人不能批准");
    let read = preview.field("read");
    lead.sends(&preview, &remedy, &[("read", &read), ("reason", "渠道账单缺行")]).await;
    let order = hospital.store().remedies_of(&finding.finding_key).await.expect("readable").remove(0);
    let address = format!("/approvals/{}", order.remedy_id);
    let own = lead.sees(&address).await;
    own.says("这是您自己提交的");
    own.says("撤回申请");
    let same = lead.sends(&own, &format!("{address}/approve"), &[("read", "x")]).await;
    assert_eq!(same.status, 409);
    same.says("须由另一人批准");
    let reader = finance.sees(&address).await;
    reader.says("由财务主管批准");
    let not_allowed = finance.sends(&reader, &format!("{address}/approve"), &[("read", "x")]).await;
    assert_eq!(not_allowed.status, 403);
    let not_theirs = finance.sends(&reader, &format!("{address}/withdraw"), &[]).await;
    assert_eq!(not_theirs.status, 403, "only who has ordered it takes it back");
    let waiting = hospital.store().remedy(&order.remedy_id).await.expect("readable").expect("there");
    assert_eq!(waiting.state, RemedyState::Waiting);

    other.sees("/finance").await.says("1 项等您审批");
    let question = other.sees(&address).await;
    let read = question.field("read");
    let approved = other.sends(&question, &format!("{address}/approve"), &[("read", &read)]).await;
    other.follows(approved).await.says("已批准并执行");
    assert_eq!(standing(&hospital, day).await, [(Standing::Resolved, 1)]);
    hospital.verifies().await;
}

/// A run with findings that no statement would ever have.
async fn a_run_of(hospital: &Hospital, day: BusinessDay, findings: &[FindingRecord]) {
    let store = hospital.store();
    let now = hospital.clock.now();
    let run = RunRecord {
        run_id: RunId::parse(format!("D{}00000000000042", day.to_string().replace('-', "")))
            .expect("a number"),
        day,
        scope: ALL_CHANNELS.to_owned(),
        version: 1,
        superseded: false,
        made_by: "gateway".into(),
        begun_at: now,
        finished_at: now,
        rules: "three sides".into(),
        inputs_sha256: "aa".into(),
        result_sha256: "bb".into(),
        findings: i64::try_from(findings.len()).expect("few"),
        differences: i64::try_from(findings.len()).expect("few"),
        trace: TraceId::parse("0123456789abcdef").expect("a trace"),
    };
    let mut tx = store.begin().await.expect("a transaction");
    tx.insert_run(&run).await.expect("written");
    tx.commit().await.expect("kept");
    store.insert_findings(&run.run_id, findings).await.expect("written");
    let mut tx = store.begin().await.expect("a transaction");
    tx.publish_run(&run).await.expect("published");
    tx.commit().await.expect("kept");
}

fn a_finding(position: i64, day: BusinessDay, order_no: &str) -> FindingRecord {
    FindingRecord {
        position,
        finding_key: format!("{position:032x}"),
        category: if position % 2 == 0 { Category::ChannelOnly } else { Category::HisOnly },
        order_no: order_no.to_owned(),
        channel: Some(ChannelId::parse("wechat-main").expect("a channel")),
        settled: false,
        carries: true,
        carried_in: false,
        since_day: day,
        deadline: Some(day.next()),
        sums: [Some(Fen::new(8800)), None, None],
        cause: "not_booked".into(),
        certain: false,
        evidence: format!("渠道有 {order_no}"),
        owner: Owner::Finance,
        remedies: vec![Remedy::AskAgain, Remedy::Note],
        lines: Vec::new(),
    }
}

async fn filters_stand_in_the_address_and_pages_follow_each_other(hospital: Hospital) {
    let day = a_morning(&hospital);
    let findings: Vec<FindingRecord> =
        (0..120).map(|place| a_finding(place, day, &format!("P26{place:019}"))).collect();
    a_run_of(&hospital, day, &findings).await;
    hospital.time_passes(86_400);
    let finance = Screen::of(&hospital, "0501", Role::Finance).await;
    let address =
        format!("/differences?day={day}&channel=wechat-main&category=channel_only&owner=finance&who=nobody");
    let page = finance.sees(&address).await;
    page.says("60 笔未了，合计 ¥5,280.00");
    let next = |page: &Shown| -> Option<String> {
        let link = page
            .text
            .split("href=\"")
            .find(|rest| rest.contains("下一页") && rest.starts_with("/differences"))?;
        Some(link.split('"').next()?.replace("&#38;", "&").replace("&amp;", "&"))
    };
    let rows = |page: &Shown| page.text.matches("name=\"d\" value=").count();
    assert_eq!(rows(&page), 50);
    let second = next(&page).expect("a next page");
    for kept in
        ["day=", "channel=wechat-main", "category=channel_only", "owner=finance", "who=nobody", "after="]
    {
        assert!(second.contains(kept), "{second} without {kept}");
    }
    let page = finance.sees(&second).await;
    assert_eq!(rows(&page), 10);
    assert_eq!(next(&page), None);
    page.says("selected>渠道单边（长款）");
    // What is not understood is no filter, and nothing breaks.
    finance.sees("/differences?day=%27&category=%3Cscript%3E&after=%00&due=never").await.says("120 笔未了");
    let settled = finance.sees("/differences?standing=all").await;
    settled.says("请选一个账单日");
    finance.sees(&format!("/differences?standing=all&day={day}")).await.says("下一页");
    finance.sees("/differences?due=today").await.says("120 笔未了");
    assert!(!finance.sees("/differences?due=overdue").await.has("120 笔未了"));
}

async fn hostile_names_are_text_on_every_page_and_no_formula_in_a_file(hospital: Hospital) {
    let day = a_morning(&hospital);
    let hostile = [
        "<script>alert(1)</script>",
        "=HYPERLINK(\"http://x\",\"y\")",
        "+cmd|' /C calc'!A0",
        "\"><img src=x>",
    ];
    let findings: Vec<FindingRecord> =
        (0..).zip(hostile).map(|(place, name)| a_finding(place, day, name)).collect();
    a_run_of(&hospital, day, &findings).await;
    hospital.time_passes(86_400);
    let finance = Screen::of(&hospital, "0501", Role::Finance).await;
    let key = &findings[0].finding_key;
    for path in [
        "/finance".to_owned(),
        "/differences".to_owned(),
        format!("/finance/days/{day}"),
        format!("/finance/days/{day}/differences/{key}"),
        format!("/finance/days/{day}/differences/{key}/remedies/note"),
        format!("/finance/days/{day}/report"),
        format!("/settlement?day={day}"),
    ] {
        let page = finance.sees(&path).await;
        assert!(!page.has("<script>alert") && !page.has("<img src=x"), "{path}");
    }
    let csv = finance.sees(&format!("/finance/days/{day}/differences.csv")).await;
    assert!(csv.media_type.starts_with("text/csv"));
    csv.says("HYPERLINK");
    for line in csv.text.lines() {
        for cell in line.split(',').map(|cell| cell.trim_matches('"')) {
            let dangerous = cell.starts_with(['=', '@', '\t', '\r'])
                || (cell.starts_with(['+', '-'])
                    && cell.parse::<i128>().is_err()
                    && !cell.trim_start_matches(['+', '-']).chars().all(|c| c.is_ascii_digit() || c == '.'));
            assert!(!dangerous, "{cell:?} in {line:?}");
        }
    }
    let workbook = finance.sees(&format!("/finance/days/{day}/report.xlsx")).await;
    assert!(workbook.text.starts_with("PK"));
    let cashier = Screen::of(&hospital, "0301", Role::Cashier).await;
    assert_eq!(cashier.asks(&format!("/finance/days/{day}/report.xlsx")).await.status, 403);
}

async fn several_are_worked_on_at_once_but_never_where_money_moves(hospital: Hospital) {
    let day = a_morning(&hospital);
    let findings: Vec<FindingRecord> =
        (0..4).map(|place| a_finding(place, day, &format!("P26{place:019}"))).collect();
    a_run_of(&hospital, day, &findings).await;
    hospital.time_passes(86_400);
    let finance = Screen::of(&hospital, "0501", Role::Finance).await;
    let picks: Vec<String> =
        findings.iter().map(|finding| format!("{day}.{}", finding.finding_key)).collect();
    let chosen = format!("/differences/bulk?back=who%3Dnobody&act=assign&d={}&d={}", picks[0], picks[1]);
    let question = finance.sees(&chosen).await;
    question.says("已选 2 笔，合计 ¥176.00");
    let fields =
        [("act", "assign"), ("back", "who=nobody"), ("who", "0501"), ("d", &picks[0]), ("d", &picks[1])];
    let done = finance.sends(&question, "/differences/bulk", &fields).await;
    assert_eq!(done.to, "/differences?who=nobody", "the filters survive");
    finance.follows(done).await.says("2 笔未了");
    finance.sees("/differences?who=me").await.says("2 笔未了");
    let nobody = [("act", "assign"), ("who", "9999"), ("d", picks[0].as_str())];
    let refused = finance.sends(&question, "/differences/bulk", &nobody).await;
    assert_eq!(refused.status, 400);
    refused.says("没有这个工号");

    let until = today(&hospital).next().next().to_string();
    let fields = [("act", "deadline"), ("until", until.as_str()), ("reason", "等渠道答复"), ("d", &picks[2])];
    let done = finance.sends(&question, "/differences/bulk", &fields).await;
    finance.follows(done).await.says("1 笔已处理");
    let last =
        hospital.store().pending_findings(&PendingFilter::default(), None, 10).await.expect("readable");
    assert_eq!(
        last.last().expect("four").finding.finding_key,
        findings[2].finding_key,
        "the list follows the deadline"
    );

    let without = [("act", "carry"), ("reason", ""), ("d", picks[3].as_str())];
    assert_eq!(finance.sends(&question, "/differences/bulk", &without).await.status, 400);
    let fields = [("act", "carry"), ("reason", "次日再核"), ("d", picks[3].as_str())];
    let done = finance.sends(&question, "/differences/bulk", &fields).await;
    finance.follows(done).await.says("1 笔已处理");
    assert!(standing(&hospital, day).await.contains(&(Standing::Carried, 1)));
    for money in ["refund", "write_off", "book_to_suspense"] {
        let fields = [("act", money), ("reason", "x"), ("d", picks[0].as_str())];
        let refused = finance.sends(&question, "/differences/bulk", &fields).await;
        assert_eq!(refused.status, 403, "{money} is nothing that is done for several");
    }
    let audited = hospital.store().audit_of(&findings[0].finding_key).await.expect("readable");
    assert_eq!(audited.len(), 1, "{audited:#?}");
}

async fn notes_and_files_are_kept_sealed_and_odd_files_are_refused(hospital: Hospital) {
    let day = a_morning(&hospital);
    a_run_of(&hospital, day, &[a_finding(0, day, "P260000000000000000001")]).await;
    hospital.time_passes(86_400);
    let finance = Screen::of(&hospital, "0501", Role::Finance).await;
    let path = format!("/finance/days/{day}/differences/{:032x}", 0);
    let page = finance.sees(&path).await;
    let noted = finance.sends(&page, &format!("{path}/notes"), &[("text", "已电话<b>检验科</b>")]).await;
    let page = finance.follows(noted).await;
    page.says("已电话&#60;b&#62;检验科");
    let empty = finance.sends(&page, &format!("{path}/notes"), &[("text", "  ")]).await;
    assert_eq!(empty.status, 400);
    let sealed = hospital.reads_bytes("SELECT text_sealed FROM finding_notes").await;
    assert_eq!(sealed.len(), 1);
    let word = "检验科".as_bytes();
    assert!(!sealed[0].windows(word.len()).any(|bytes| bytes == word), "the note is sealed");

    let files = format!("{path}/files");
    let pdf = b"%PDF-1.7 something to see";
    let kept = finance.sends_file(&page, &files, "", "..\\..\\改单 记录.exe", pdf).await;
    let page = finance.follows(kept).await;
    page.says("改单 记录.pdf");
    let link = page.text.split("href=\"").find(|rest| rest.starts_with(&files)).expect("a link");
    let link = link.split('"').next().expect("an address").to_owned();
    let again = finance.sees(&link).await;
    assert_eq!((again.text.as_bytes(), again.media_type.as_str()), (&pdf[..], "application/pdf"));
    for (name, bytes) in [
        ("x.pdf", &b"<html><script>alert(1),</script>"[..]),
        ("x.xlsx", b"PK\x03\x04 no workbook"),
        ("x.csv", b"MZ\x90\x00,"),
    ] {
        let refused = finance.sends_file(&page, &files, "", name, bytes).await;
        assert_eq!(refused.status, 400, "{name}");
        refused.says("没有收下");
    }
    let twice = finance.sends_file(&page, &files, "", "y.pdf", pdf).await;
    assert_eq!(twice.status, 409);
    let large = finance.sends_file(&page, &files, "", "z.pdf", &vec![b'%'; (5 << 20) + 1]).await;
    assert_eq!(large.status, 400, "{}", large.text);
    assert_eq!(hospital.store().finding_files(&format!("{:032x}", 0), 10).await.expect("readable").len(), 1);

    // Who works on it: one at a time.
    let version = page.field("version");
    let fields = [("version", version.as_str()), ("who", "0501"), ("until", "")];
    let saved = finance.sends(&page, &format!("{path}/handling"), &fields).await;
    assert_eq!(saved.status, 303, "{}", saved.text);
    let stale = finance.sends(&page, &format!("{path}/handling"), &fields).await;
    assert_eq!(stale.status, 409);
    stale.says("刚才有人改过");
}

async fn a_statement_that_the_channel_does_not_give_is_brought_and_a_damaged_one_leaves_nothing(
    hospital: Hospital,
) {
    let day = a_morning(&hospital);
    hospital.patient(CARD, App::Wechat).await.pays(&[1]).await;
    hospital.lives_through(60, 5).await;
    // Half past eight: nobody has made a statement yet.
    let until = day.end().plus_seconds(8 * 3600 + 1800);
    hospital.time_passes(until.since_ms(hospital.clock.now()) / 1000);
    let finance = Screen::of(&hospital, "0501", Role::Finance).await;
    let page = compares(&hospital, &finance, day).await;
    page.says("对账单未到");
    let form = finance.sees(&format!("/finance/days/{day}/upload")).await;
    form.says("渠道对账单 · 微信支付 wechat-main");

    // The genuine file, as the channel will have it after one o'clock.
    let genuine = {
        let provider = hospital
            .gateway()
            .channel(&ChannelId::parse("wechat-main").expect("a channel"))
            .expect("there")
            .clone();
        let directory = tempfile::tempdir().expect("a directory");
        hospital.time_passes(6 * 3600);
        let fetched = provider
            .statements()
            .expect("it has statements")
            .fetch(mingfen_provider_api::statement::StatementKind::Trades, day, directory.path())
            .await
            .expect("it answers");
        hospital.time_passes(-6 * 3600);
        let mingfen_provider_api::statement::Fetched::File(file) = fetched else { panic!("{fetched:?}") };
        std::fs::read(file.path).expect("readable")
    };
    let upload = format!("/finance/days/{day}/upload");
    let before = hospital.store().brought_files(day).await.expect("readable").len();
    let damaged = String::from_utf8(genuine.clone()).expect("text").replacen("`1", "`O", 1).into_bytes();
    let cut = genuine.get(..genuine.len() - 40).expect("longer").to_vec();
    let bomb = b"PK\x03\x04 this is no archive at all".to_vec();
    for (name, bytes) in
        [("damaged.csv", damaged), ("cut.csv", cut), ("bomb.zip", bomb), ("empty.csv", Vec::new())]
    {
        let refused = finance.sends_file(&form, &upload, "statement:wechat-main", name, &bytes).await;
        assert!(matches!(refused.status, 400 | 422), "{name}: {} {}", refused.status, refused.text);
        refused.says("没有收下");
    }
    assert_eq!(
        hospital.store().brought_files(day).await.expect("readable").len(),
        before,
        "nothing was kept"
    );
    let other = finance.sends_file(&form, &upload, "statement:nobody", "x.csv", &genuine).await;
    assert_eq!(other.status, 403);

    let taken =
        finance.sends_file(&form, &upload, "statement:wechat-main", "../wechat 11.csv", &genuine).await;
    finance.follows(taken).await.says("文件已收下");
    hospital.settles().await;
    let page = finance.sees(&format!("/finance/days/{day}")).await;
    page.says("第 2 版");
    page.says("wechat11.csv");
    page.says("staff:0501 人工上传");
    let brought = hospital.store().brought_files(day).await.expect("readable");
    assert_eq!((brought.len(), brought[0].brought_by.as_str()), (1, "staff:0501"));
}

/// An archive of so many files, each with one line that is stored as it is, of which each says that it holds `said_bytes`.
fn archive_of(files: u16, said_bytes: u32) -> Vec<u8> {
    let line = "#支付宝业务明细查询\r\n".as_bytes();
    let length = u32::try_from(line.len()).expect("short");
    let (mut bytes, mut directory) = (Vec::new(), Vec::new());
    for number in 0..files {
        let name = format!("{number:04}.csv");
        let at = u32::try_from(bytes.len()).expect("short");
        // Version, flags, method 0 (stored), time, date, checksum; then the sizes and the length of the name (APPNOTE.TXT 4.3.7).
        let mut head = vec![20, 0, 0, 0, 0, 0, 0, 0, 0x21, 0x5a, 0, 0, 0, 0];
        for number in [length, said_bytes] {
            head.extend(number.to_le_bytes());
        }
        head.extend([8, 0, 0, 0]);
        bytes.extend(b"PK\x03\x04");
        bytes.extend(&head);
        bytes.extend(name.as_bytes());
        bytes.extend(line);
        directory.extend(b"PK\x01\x02\x14\x00");
        directory.extend(&head);
        directory.extend([0; 10]);
        directory.extend(at.to_le_bytes());
        directory.extend(name.as_bytes());
    }
    let at = u32::try_from(bytes.len()).expect("short");
    let length = u32::try_from(directory.len()).expect("short");
    bytes.extend(directory);
    bytes.extend(b"PK\x05\x06\x00\x00\x00\x00");
    bytes.extend([files, files].map(u16::to_le_bytes).concat());
    bytes.extend([length, at].map(u32::to_le_bytes).concat());
    bytes.extend([0, 0]);
    bytes
}

async fn hostile_files_are_refused_with_a_reason_and_leave_nothing(hospital: Hospital) {
    let day = a_morning(&hospital);
    hospital.time_passes(86_400);
    let finance = Screen::of(&hospital, "0501", Role::Finance).await;
    let upload = format!("/finance/days/{day}/upload");
    let form = finance.sees(&upload).await;
    let before = hospital.row_counts().await;

    let wide: Vec<u8> = "交易时间,公众账号ID\r\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
    let files: [(&str, &str, Vec<u8>, &str); 6] = [
        ("statement:wechat-main", "utf16.csv", [b"\xff\xfe".to_vec(), wide].concat(), "不是"),
        ("statement:wechat-main", "nul.csv", vec![0; 100_000], ""),
        ("statement:wechat-main", "one-line.csv", vec![b'x'; 20 << 20], ""),
        ("statement:alipay-main", "bomb.zip", archive_of(1, u32::MAX), "解压后超过"),
        ("statement:alipay-main", "crowd.zip", archive_of(65, 26), "65 个文件"),
        ("ledger", "x.exe", b"MZ\x90\x00\x03".to_vec(), ""),
    ];
    for (what, name, bytes, because) in files {
        let refused = finance.sends_file(&form, &upload, what, name, &bytes).await;
        assert_eq!(refused.status, 422, "{name}: {}", refused.text);
        refused.says("没有收下");
        refused.says(because);
    }
    let after = hospital.row_counts().await;
    let changed: Vec<_> = after.iter().filter(|(table, rows)| before.get(*table) != Some(rows)).collect();
    assert!(changed.is_empty(), "{changed:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_of_more_than_half_a_gigabyte_is_refused_while_it_is_sent() {
    // No database has a part in it.
    let hospital = Hospital::on_sqlite().await;
    let day = a_morning(&hospital);
    hospital.time_passes(86_400);
    let finance = Screen::of(&hospital, "0501", Role::Finance).await;
    let upload = format!("/finance/days/{day}/upload");
    let form = finance.sees(&upload).await;
    let before = hospital.row_counts().await;

    let host = finance.base.strip_prefix("http://").expect("plain in the house");
    let connection = TcpStream::connect(host).await.expect("somebody listens");
    let (mut answer, mut sent) = connection.into_split();
    let mut head = format!(
        "POST {upload} HTTP/1.1\r\nHost: {host}\r\nCookie: {}\r\nContent-Type: multipart/form-data; boundary=edge\r\n\
        Content-Length: 100000000000\r\n\r\n",
        finance.cookie("")
    );
    for (field, value) in [("csrf", form.field("csrf").as_str()), ("what", "ledger")] {
        write!(head, "--edge\r\nContent-Disposition: form-data; name=\"{field}\"\r\n\r\n{value}\r\n")
            .expect("text");
    }
    head.push_str("--edge\r\nContent-Disposition: form-data; name=\"file\"; filename=\"all.csv\"\r\n\r\n");
    sent.write_all(head.as_bytes()).await.expect("it is read");
    let mebibytes = Arc::new(AtomicUsize::new(0));
    let count = mebibytes.clone();
    let sending = tokio::spawn(async move {
        let mebibyte = vec![b'x'; 1 << 20];
        // It never ends by itself.
        while sent.write_all(&mebibyte).await.is_ok() {
            count.fetch_add(1, Ordering::Relaxed);
        }
    });
    let mut text = Vec::new();
    let mut piece = [0; 4096];
    while let Ok(length @ 1..) = answer.read(&mut piece).await {
        text.extend_from_slice(&piece[..length]);
        if text.ends_with(b"</html>") || text.ends_with(b"</html>\n") {
            break;
        }
    }
    sending.abort();
    let text = String::from_utf8_lossy(&text);
    assert!(text.starts_with("HTTP/1.1 413 "), "{text}");
    assert!(text.contains("文件超过 512 MB"), "{text}");
    assert!(mebibytes.load(Ordering::Relaxed) >= 512, "it was refused before it was too large");
    let after = hospital.row_counts().await;
    assert_eq!(before, after);
}

async fn an_auditor_reads_everything_and_changes_nothing(hospital: Hospital) {
    let day = a_morning(&hospital);
    a_run_of(&hospital, day, &[a_finding(0, day, "P260000000000000000001")]).await;
    hospital.time_passes(86_400);
    let auditor = Screen::of(&hospital, "0700", Role::Auditor).await;
    let detail = format!("/finance/days/{day}/differences/{:032x}", 0);
    for path in [
        "/finance".to_owned(),
        format!("/finance/days/{day}"),
        "/differences".to_owned(),
        detail.clone(),
        "/approvals".to_owned(),
        "/settlement".to_owned(),
        format!("/finance/days/{day}/differences.csv"),
    ] {
        auditor.sees(&path).await;
    }
    let page = auditor.sees(&detail).await;
    for path in [
        format!("/finance/days/{day}/compare"),
        format!("/finance/days/{day}/sign"),
        format!("{detail}/notes"),
        format!("{detail}/handling"),
        format!("{detail}/remedies/carry"),
        "/differences/bulk".to_owned(),
    ] {
        let refused = auditor.sends(&page, &path, &[("text", "x"), ("reason", "x")]).await;
        assert_eq!(refused.status, 403, "{path}");
    }
    let finance = Screen::of(&hospital, "0501", Role::Finance).await;
    let page = finance.sees(&detail).await;
    let stale = Screen::answered(
        finance
            .http
            .post(format!("{}{detail}/notes", finance.base))
            .header("cookie", finance.cookie(""))
            .header("content-type", "application/x-www-form-urlencoded")
            .body("csrf=forged&text=x"),
    )
    .await;
    assert_eq!(stale.status, 403, "a form of another page");
    assert!(
        page.has("csrf")
            && hospital.store().finding_notes(&format!("{:032x}", 0), 9).await.expect("readable").is_empty()
    );
}
