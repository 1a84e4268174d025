//! People at the hospital's screens: how they get in, what they may do there, and what somebody finds who tries otherwise.

use mingfen_domain::Clock;
use mingfen_domain::access::Role;
use mingfen_gateway::http::route::{Caller, Csrf};
use mingfen_gateway::internal;
use mingfen_tests::person::{PASSWORD, Person};
use mingfen_tests::{App, CARD, Hospital, SignedCall};
use mingfen_vault::totp;

stories! {
    the_first_sign_in_ends_with_a_password_and_a_second_factor_of_ones_own,
    a_code_and_a_recovery_code_work_once,
    five_wrong_passwords_lock_whoever_guesses_in_parallel_too,
    a_session_ends_by_itself,
    every_route_lets_in_who_has_its_right_and_nobody_else,
    a_form_of_another_session_is_refused,
    each_step_has_a_fresh_token_and_leads_nowhere_else,
    who_loses_a_role_loses_the_sessions_and_there_is_always_an_administrator,
    two_administrators_do_not_overwrite_each_other,
    hostile_names_are_text,
    an_auditor_reads_verifies_and_takes_away_the_trail,
    a_changed_row_is_named,
    a_key_is_shown_once_works_within_its_rights_and_ends,
    setup_is_shown_as_it_is,
    an_open_page_hears_of_what_another_process_did,
    a_request_that_was_answered_is_let_go,
}

async fn the_first_sign_in_ends_with_a_password_and_a_second_factor_of_ones_own(hospital: Hospital) {
    let first = hospital.makes_account("0501", "赵启明", &[Role::FinanceLead]).await;
    let mut person = hospital.person("0501");
    let page = person.opens("/me").await;
    assert!(page.url.contains("/sign-in?next=%2Fme"), "{}", page.url);
    let page = person.enters(&first).await;
    assert!(page.url.ends_with("/sign-in/password"), "{}", page.url);
    // Nothing else is there before the steps are done.
    assert!(person.opens("/me").await.url.ends_with("/sign-in/password"));
    for (password, said) in [
        ("short", "至少 10 个字符"),
        ("1234567890", "太常见"),
        ("赵启明的密码有十个字", "不能含有工号或姓名"),
        (&first, "不能和原来的一样"),
    ] {
        let page = person.opens("/sign-in/password").await;
        let page =
            person.fills(&page, "/sign-in/password", &[("password", password), ("again", password)]).await;
        assert_eq!(page.status, 400);
        page.says(said);
    }
    let page = person.opens("/sign-in/password").await;
    let page = person
        .fills(&page, "/sign-in/password", &[("password", PASSWORD), ("again", "另一句话也有十个字")])
        .await;
    page.says("两次输入不一样");
    let page = person.begins_from(&page, hospital.clock.now()).await;
    assert_eq!(page.status, 200, "{}", page.url);
    assert_eq!(person.recovery.len(), 8);
    person.opens("/me").await.says("赵启明").says("已登记").says("还有 8 个恢复码");
    // The first password is worth nothing any more.
    let mut other = hospital.person("0501");
    other.enters(&first).await.says("工号或密码不对");
    hospital.verifies().await;
}

async fn a_code_and_a_recovery_code_work_once(hospital: Hospital) {
    let mut person = hospital.employs("0501", "赵启明", &[Role::FinanceLead]).await;
    let secret = person.secret.clone().expect("enrolled");
    hospital.time_passes(60);
    let now = hospital.clock.now();
    let mut thief = hospital.person("0501");
    person.cookies.clear();
    let page = person.signs_in(now).await;
    assert_eq!(page.status, 200, "{}", page.url);
    // Who watched it being typed, and knows the password.
    let page = thief.enters(PASSWORD).await;
    let page = thief.fills(&page, "/sign-in/code", &[("code", &totp::code_at(&secret, now))]).await;
    page.says("已用过");
    assert_eq!(page.status, 403);
    let code = person.recovery.first().cloned().expect("a code");
    let page = thief.opens("/sign-in/code").await;
    let page = thief.fills(&page, "/sign-in/code", &[("code", &code.to_lowercase())]).await;
    assert_eq!(page.status, 200, "the owner without the phone: {}", page.url);
    thief.opens("/me").await.says("还有 7 个恢复码");
    let mut again = hospital.person("0501");
    let page = again.enters(PASSWORD).await;
    again.fills(&page, "/sign-in/code", &[("code", &code)]).await.says("验证码不对");
}

async fn five_wrong_passwords_lock_whoever_guesses_in_parallel_too(hospital: Hospital) {
    let mut person = hospital.employs("0201", "陈敏", &[Role::Cashier]).await;
    let guesses = (0..8).map(|at| {
        let mut guesser = hospital.person("0201");
        async move { guesser.enters(&format!("wrong guess {at}")).await }
    });
    let pages = futures_util::future::join_all(guesses).await;
    let locked = pages.iter().filter(|page| page.text.contains("已锁定")).count();
    assert_eq!(locked, 3, "five were looked at, three were not");
    // The right one is not even looked at.
    let mut right = hospital.person("0201");
    right.enters(PASSWORD).await.says("已锁定");
    // Whoever is in stays in.
    assert_eq!(person.opens("/me").await.status, 200);
    // A number that nobody has says the same as a wrong password.
    let mut nobody = hospital.person("9999");
    nobody.enters("whatever it is").await.says("工号或密码不对");
    hospital.time_passes(901);
    let page = right.enters(PASSWORD).await;
    assert_eq!(page.status, 200, "{}", page.text);
    right.opens("/me").await.says("陈敏");
    // An administrator takes a lock away.
    for at in 0..5 {
        hospital.person("0201").enters(&format!("wrong again {at}")).await;
    }
    let mut administrator = hospital.employs("0001", "周岚", &[Role::Administrator]).await;
    let page = administrator.opens("/admin/staff/0201").await;
    page.says("已锁定");
    administrator.fills(&page, "/admin/staff/0201/unlock", &[]).await.says("已解锁");
    assert_eq!(hospital.person("0201").enters(PASSWORD).await.status, 200);
}

async fn a_session_ends_by_itself(hospital: Hospital) {
    let mut person = hospital.employs("0201", "陈敏", &[Role::Cashier]).await;
    hospital.time_passes(890);
    assert_eq!(person.opens("/me").await.status, 200);
    hospital.time_passes(890);
    assert!(person.opens("/me").await.url.ends_with("/me"), "a page in between keeps it");
    hospital.time_passes(901);
    person.opens("/me").await.says("登录");
    let page = person.opens("/sign-in").await;
    page.says("太久没有操作");
    // A shift is over, however busy it was.
    person.cookies.clear();
    person.signs_in(hospital.clock.now()).await;
    for _ in 0..55 {
        hospital.time_passes(800);
        person.opens("/me").await;
    }
    person.opens("/sign-in").await.says("已满一个班次");
}

/// The address with something in the place of its parameters.
fn filled(path: &str) -> String {
    path.split('/')
        .map(|part| match part {
            "{day}" => "2026-11-23",
            part if part.starts_with('{') => "X1",
            part => part,
        })
        .collect::<Vec<_>>()
        .join("/")
}

async fn every_route_lets_in_who_has_its_right_and_nobody_else(hospital: Hospital) {
    let guarded: Vec<_> = internal::ROUTES
        .iter()
        .filter_map(|route| match route.caller {
            Caller::Staff(right) => Some((route, right)),
            _ => None,
        })
        .collect();
    assert!(guarded.len() > 10);
    let mut nobody = hospital.person("");
    for (route, _) in &guarded {
        let (to, page) = nobody.sends(route.method, &filled(route.path), Some(&[])).await;
        assert_eq!(page.status, 303, "{} {}", route.method, route.path);
        assert!(to.is_some_and(|to| to.starts_with("/sign-in")), "{}", route.path);
    }
    for (at, role) in Role::ALL.into_iter().enumerate() {
        let mut person = hospital.employs(&format!("07{at:02}"), "某人", &[role]).await;
        for (route, right) in &guarded {
            // Without the form's token nothing is done, so that every door can be tried.
            let fields: &[(&str, &str)] = &[];
            let fields = (route.method == "POST").then_some(fields);
            let (_, page) = person.sends(route.method, &filled(route.path), fields).await;
            let place = format!("{} {} as {role}: {}", route.method, route.path, page.status);
            let refused = page.status == 403 && page.text.contains("没有权限");
            assert_eq!(refused, !role.may(*right), "{place}");
            if route.method == "POST" {
                assert_eq!(page.status, 403, "{place}");
                assert_eq!(route.csrf, Csrf::Token);
            } else {
                assert_ne!(page.status, 500, "{place}");
            }
        }
    }
    hospital.verifies().await;
}

async fn a_form_of_another_session_is_refused(hospital: Hospital) {
    let mut one = hospital.employs("0001", "周岚", &[Role::Administrator]).await;
    let mut other = hospital.employs("0002", "吴越", &[Role::Administrator]).await;
    let theirs = other.opens("/admin/staff/new").await.field("csrf").expect("a token");
    let account =
        [("csrf", theirs.as_str()), ("staff_no", "0666"), ("name", "被骗"), ("role", "administrator")];
    let page = one.posts("/admin/staff", &account).await;
    assert_eq!(page.status, 403);
    page.says("什么也没有改变");
    assert!(hospital.store().staff_member("0666").await.expect("it reads").is_none());
    // A token from before signing in is none of the session's either.
    let door = hospital.person("").opens("/sign-in").await.field("csrf").expect("a token");
    let mut account = account;
    account[0].1 = &door;
    assert_eq!(one.posts("/admin/staff", &account).await.status, 403);
}

async fn each_step_has_a_fresh_token_and_leads_nowhere_else(hospital: Hospital) {
    let first = hospital.makes_account("0501", "赵启明", &[Role::FinanceLead]).await;
    let mut person = hospital.person("0501");
    // Somebody planted a session in the browser before.
    person.cookies.insert("mingfen_staff".into(), "planted".into());
    let page = person.opens("/sign-in?next=//evil.example/").await;
    let fields = [("staff_no", "0501"), ("password", first.as_str())];
    let page = {
        let csrf = page.field("csrf").expect("a form");
        let mut all = vec![("csrf", csrf.as_str())];
        all.extend_from_slice(&fields);
        person.posts("/sign-in?next=//evil.example/", &all).await
    };
    assert!(page.url.ends_with("/sign-in/password"), "{}", page.url);
    let after_password = person.cookies["mingfen_staff"].clone();
    assert_ne!(after_password, "planted");
    let page = person.begins_from(&page, hospital.clock.now()).await;
    assert!(!page.url.contains("evil"), "{}", page.url);
    let signed_in = person.cookies["mingfen_staff"].clone();
    assert_ne!(signed_in, after_password);
    let mut thief = hospital.person("0501");
    thief.cookies.insert("mingfen_staff".into(), after_password);
    thief.opens("/me").await.says("登录");
    for cookie in person.set_cookies.iter().filter(|cookie| cookie.starts_with("mingfen_staff=")) {
        assert!(cookie.contains("HttpOnly") && cookie.contains("SameSite=Lax"), "{cookie}");
    }
    // Signing out ends it on the server, not in the browser alone.
    let page = person.opens("/me").await;
    person.fills(&page, "/sign-out", &[]).await;
    thief.cookies.insert("mingfen_staff".into(), signed_in);
    assert!(thief.opens("/me").await.url.contains("/sign-in"));
    // Nobody frames a page of ours.
    let answer = reqwest::get(format!("{}/sign-in", hospital.replica.internal_url)).await.expect("an answer");
    let header = |name: &str| answer.headers()[name].to_str().expect("text").to_owned();
    assert!(header("content-security-policy").contains("frame-ancestors 'none'"));
    assert_eq!(header("x-frame-options"), "DENY");
    assert_eq!(header("cache-control"), "no-store");
}

async fn who_loses_a_role_loses_the_sessions_and_there_is_always_an_administrator(hospital: Hospital) {
    let mut administrator = hospital.employs("0001", "周岚", &[Role::Administrator]).await;
    let mut cashier = hospital.employs("0201", "陈敏", &[Role::Cashier, Role::CashierLead]).await;
    assert_eq!(cashier.opens("/me").await.status, 200);
    let page = administrator.opens("/admin/staff/0201").await;
    let version = page.field("version").expect("a version");
    let fields = [("version", version.as_str()), ("name", "陈敏"), ("role", "cashier"), ("active", "1")];
    administrator.fills(&page, "/admin/staff/0201", &fields).await.says("陈敏 已保存");
    assert!(cashier.opens("/me").await.url.contains("/sign-in"), "the pages of before do not go on");
    // Not oneself.
    let page = administrator.opens("/admin/staff/0001").await;
    let version = page.field("version").expect("a version");
    let fields = [("version", version.as_str()), ("name", "周岚"), ("role", "auditor"), ("active", "1")];
    let page = administrator.fills(&page, "/admin/staff/0001", &fields).await;
    assert_eq!(page.status, 409);
    page.says("要由另一位管理员来改");
    // Not the last one, whoever does it.
    use mingfen_gateway::service::staff::{AccountRefused, NewAccount, change_staff};
    let account = NewAccount {
        staff_no: "0001".into(),
        name: "周岚".into(),
        roles: vec![Role::Administrator],
        place: String::new(),
    };
    let refused = change_staff(hospital.gateway(), &account, false, None, "command line").await;
    assert!(matches!(refused, Err(AccountRefused::LastAdministrator)), "{refused:?}");
    hospital.verifies().await;
}

async fn two_administrators_do_not_overwrite_each_other(hospital: Hospital) {
    let mut one = hospital.employs("0001", "周岚", &[Role::Administrator]).await;
    let mut other = hospital.employs("0002", "吴越", &[Role::Administrator]).await;
    hospital.employs("0201", "陈敏", &[Role::Cashier]).await;
    let (shown_one, shown_other) =
        (one.opens("/admin/staff/0201").await, other.opens("/admin/staff/0201").await);
    let version = shown_one.field("version").expect("a version");
    let lead = [("version", version.as_str()), ("name", "陈敏"), ("role", "cashier-lead"), ("active", "1")];
    one.fills(&shown_one, "/admin/staff/0201", &lead).await.says("已保存");
    let off = [("version", version.as_str()), ("name", "陈敏"), ("role", "cashier")];
    let page = other.fills(&shown_other, "/admin/staff/0201", &off).await;
    assert_eq!(page.status, 409);
    page.says("刚才有人改过");
    let kept = hospital.store().staff_member("0201").await.expect("it reads").expect("is there");
    assert_eq!((kept.roles.as_slice(), kept.active), (&[Role::CashierLead][..], true));
}

async fn hostile_names_are_text(hospital: Hospital) {
    let mut administrator = hospital.employs("0001", "周岚", &[Role::Administrator]).await;
    let add = |name: &'static str| [("staff_no", "0300"), ("name", name), ("role", "cashier")];
    for name in ["\u{202e}敏陈", "陈\u{200b}敏", "", " "] {
        let page = administrator.opens("/admin/staff/new").await;
        let page = administrator.fills(&page, "/admin/staff", &add(name)).await;
        assert_eq!(page.status, 400, "{name:?}");
        page.says("姓名为 1 至 30 个看得见的字");
    }
    let long = "长".repeat(1000);
    let page = administrator.opens("/admin/staff/new").await;
    let page = administrator
        .fills(&page, "/admin/staff", &[("staff_no", "0300"), ("name", &long), ("role", "cashier")])
        .await;
    assert_eq!(page.status, 400);
    let name = "<script>alert(1)</script>😀";
    let page = administrator.opens("/admin/staff/new").await;
    let page = administrator.fills(&page, "/admin/staff", &add(name)).await;
    page.says("首次登录口令");
    for path in ["/admin/staff", "/admin/staff/0300"] {
        let page = administrator.opens(path).await;
        assert!(!page.text.contains("<script>alert"), "{path}");
        page.says(name);
    }
    let odd = administrator.opens("/sign-in?next=%0d%0aSet-Cookie:x").await;
    assert_eq!(odd.status, 200);
    let _: &Person = &administrator;
}

async fn an_auditor_reads_verifies_and_takes_away_the_trail(hospital: Hospital) {
    let mut auditor = hospital.employs("0601", "孙若兰", &[Role::Auditor]).await;
    let mut cashier = hospital.employs("0201", "陈敏", &[Role::Cashier]).await;
    cashier.opens("/admin/staff").await.says("没有权限");
    let page = auditor.opens("/audit").await;
    page.says("还没有校验过").says("越权尝试").says("陈敏").says("新增人员");
    let page = auditor.fills(&page, "/audit/verify", &[]).await;
    page.says("校验完成，链条完整").says("全部相连");
    // By person, by kind, by day.
    let page = auditor.opens("/audit?actor=0201&kind=sign-in").await;
    page.says("登录");
    assert!(!page.text.contains("新增人员"));
    let page = auditor.opens("/audit?day=2001-01-01").await;
    page.says("没有符合条件的行");
    assert_eq!(auditor.opens("/audit?day=yesterday").await.status, 400);
    let file = auditor.opens("/audit.csv?kind=sign-in").await;
    assert_eq!(file.status, 200);
    assert!(
        file.text.contains("staff:0201,staff.refused") || file.text.contains("staff.refused"),
        "{}",
        file.text
    );
    auditor.opens("/audit").await.says("导出审计日志");
    // The trail is longer than a page.
    for _ in 0..60 {
        cashier.opens("/admin/staff").await;
        hospital.time_passes(1);
    }
    let newest = auditor.opens("/audit").await;
    let older =
        newest.text.split("href=\"/audit?").find(|rest| rest.starts_with("before=")).expect("older rows");
    let older = format!("/audit?{}", older.split('"').next().unwrap_or_default().replace("&#38;", "&"));
    let page = auditor.opens(&older).await;
    page.says("回到最新");
    hospital.settles().await;
    hospital.verifies().await;
}

async fn a_changed_row_is_named(hospital: Hospital) {
    let mut auditor = hospital.employs("0601", "孙若兰", &[Role::Auditor]).await;
    let page = auditor.opens("/audit").await;
    auditor.fills(&page, "/audit/verify", &[]).await.says("链条完整");
    hospital.is_tampered("UPDATE audit_events SET detail = 'as cashier' WHERE action = 'staff.added'").await;
    let page = auditor.opens("/audit").await;
    let page = auditor.fills(&page, "/audit/verify", &[]).await;
    page.says("发现断点").says("第 1 行起不能作证").says("现在怎么办");
}

/// Name and secret of a key that a page shows once.
fn shown_key(page: &mingfen_tests::Page) -> (String, String) {
    let (_, rest) = page.text.split_once("class=\"once\">").expect("a key is shown");
    let shown = rest.split("</p>").next().unwrap_or_default();
    let word = |part: &str| part.split_whitespace().last().unwrap_or_default().to_owned();
    let (key, secret) = shown.split_once("<br>").expect("two lines");
    (word(key), word(secret))
}

async fn a_key_is_shown_once_works_within_its_rights_and_ends(hospital: Hospital) {
    let mut administrator = hospital.employs("0001", "周岚", &[Role::Administrator]).await;
    let page = administrator.opens("/admin/keys").await;
    let fields = |right: &'static str, single: &'static str| {
        [
            ("label", "自助机 A 区"),
            ("right", right),
            ("per_minute", "600"),
            ("max_refund", single),
            ("max_refund_per_day", "100.00"),
        ]
    };
    let wrong = administrator.fills(&page, "/admin/keys", &fields("orders", "100.001")).await;
    assert_eq!(wrong.status, 400);
    wrong.says("单笔退费上限要写成 100.00 这样");
    let wrong = administrator.fills(&page, "/admin/keys", &fields("orders", "500.00")).await;
    wrong.says("单笔退费上限不能大于每日上限");
    let wrong = administrator.fills(&page, "/admin/keys", &fields("everything", "0.00")).await;
    wrong.says("至少选一项权利");
    let made = administrator.fills(&page, "/admin/keys", &fields("orders", "0.00")).await;
    let (key, secret) = shown_key(&made);
    let page = administrator.opens("/admin/keys").await;
    page.says(&key).says("自助机 A 区");
    assert!(!page.text.contains(&secret), "it is shown once");
    let asks = |key: String, secret: String, path: &'static str| {
        let now = hospital.clock.now().seconds();
        let call = SignedCall::signed(&key, &secret, now, "GET", path, "");
        let url = hospital.replica.internal_url.clone();
        async move { call.sent_to(&url).await }
    };
    let answer = asks(key.clone(), secret.clone(), "/api/v1/orders/P261125ABCDEFGH12345678").await;
    assert_eq!((answer.status, answer.code()), (404, "NO_SUCH_ORDER"), "the key is known");
    let answer = asks(key.clone(), secret.clone(), "/api/v1/tasks").await;
    assert_eq!((answer.status, answer.code()), (403, "NOT_ALLOWED"));
    let answer = asks(key.clone(), "another secret".into(), "/api/v1/tasks").await;
    assert_eq!(answer.status, 401);
    // The one that follows, and a week in which both work.
    let page = administrator.opens("/admin/keys").await;
    let made = administrator.fills(&page, &format!("/admin/keys/{key}/rotate"), &[]).await;
    let (next, next_secret) = shown_key(&made);
    assert_ne!(next, key);
    administrator.opens("/admin/expiry").await.says("自助机 A 区");
    hospital.time_passes(6 * 86_400);
    assert_eq!(asks(key.clone(), secret.clone(), "/api/v1/tasks").await.status, 403);
    hospital.time_passes(2 * 86_400);
    assert_eq!(asks(key.clone(), secret.clone(), "/api/v1/tasks").await.status, 401);
    assert_eq!(asks(next.clone(), next_secret.clone(), "/api/v1/tasks").await.status, 403);
    // Revoked at once; nobody sees how to revoke who may not.
    administrator.cookies.clear();
    administrator.signs_in(hospital.clock.now()).await;
    let page = administrator.opens("/admin/keys").await;
    administrator.fills(&page, &format!("/admin/keys/{next}/revoke"), &[]).await.says("已作废");
    assert_eq!(asks(next.clone(), next_secret.clone(), "/api/v1/tasks").await.status, 401);
    administrator
        .fills(&page, &format!("/admin/keys/{next}/revoke"), &[])
        .await
        .says("没有这把密钥，或已经作废");
    let mut auditor = hospital.employs("0601", "孙若兰", &[Role::Auditor]).await;
    let page = auditor.opens("/admin/keys").await;
    page.says(&next);
    assert!(!page.text.contains("/revoke") && !page.text.contains("新建密钥"), "an auditor changes nothing");
    hospital.settles().await;
    hospital.verifies().await;
}

async fn setup_is_shown_as_it_is(hospital: Hospital) {
    let mut administrator = hospital.employs("0001", "周岚", &[Role::Administrator]).await;
    administrator.opens("/admin/accounts").await.says("微信支付").says("支付宝").says("退款").says("对账单");
    administrator.opens("/admin/limits").await.says("单笔支付").says("limits.max_payment");
    administrator.opens("/admin/staff/roles").await.says("审批退费").says("签结");
    administrator.opens("/admin/parked").await.says("没有搁置的任务");
    // HIS is away for more than two hours: a person is asked, and tries again.
    let mut patient = hospital.patient(CARD, App::Wechat).await;
    let sheet = patient.goes_to_the_sheet(&[1]).await;
    hospital.simulator.his().goes_down();
    patient.pays_in_the_sheet(&sheet).await;
    hospital.lives_through(9000, 600).await;
    administrator.cookies.clear();
    administrator.signs_in(hospital.clock.now()).await;
    let page = administrator.opens("/admin/parked").await;
    page.says("需要人看").says("看过并处理后，写明经过再关闭");
    let task = page.field("task").expect("a task");
    let no_note = administrator.fills(&page, "/admin/parked/close", &[("task", &task), ("note", " ")]).await;
    assert_eq!(no_note.status, 400);
    let closed = [("task", task.as_str()), ("note", "HIS 机房断电，已电话确认")];
    administrator.fills(&page, "/admin/parked/close", &closed).await.says("已关闭").says("没有搁置的任务");
    administrator.fills(&page, "/admin/parked/close", &closed).await.says("有人处理过");
    administrator.fills(&page, "/admin/parked/retry", &[("task", &task)]).await.says("有人处理过");
    hospital.simulator.his().comes_back();
    hospital.lives_through(3600, 600).await;
    hospital.verifies().await;
    let page = administrator.opens("/nothing/here").await;
    assert_eq!(page.status, 404);
    page.says("没有找到");
}

async fn an_open_page_hears_of_what_another_process_did(hospital: Hospital) {
    let cashier = hospital.employs("0201", "陈敏", &[Role::Cashier]).await;
    let url = format!("{}/live", hospital.replica.internal_url);
    let cookie = format!("mingfen_staff={}", cashier.cookies["mingfen_staff"]);
    let mut stream =
        reqwest::Client::new().get(&url).header("cookie", &cookie).send().await.expect("a stream");
    assert_eq!(stream.headers()["content-type"], "text/event-stream; charset=utf-8");
    let hello = stream.chunk().await.expect("it flows").expect("a first line");
    assert!(hello.starts_with(b"retry:"));
    // Another process of the same hospital.
    let other =
        hospital.another_replica(std::sync::Arc::new(mingfen_gateway::cache::MemoryCache::default())).await;
    hospital.time_passes(1);
    let mut colleague = Person::at(&other.internal_url, "0202");
    colleague.enters("wrong").await;
    let first = hospital.makes_account("0202", "徐丽", &[Role::Cashier]).await;
    colleague.begins(&first, hospital.clock.now()).await;
    let heard = tokio::time::timeout(std::time::Duration::from_secs(30), async {
        let mut text = String::new();
        while !text.contains("event: change") {
            text.push_str(&String::from_utf8_lossy(
                &stream.chunk().await.expect("it flows").unwrap_or_default(),
            ));
        }
        text
    })
    .await
    .expect("it is told");
    assert!(heard.contains("staff."), "{heard}");
    assert!(!heard.contains("徐丽") && !heard.contains("0202"), "an event says nothing of anybody");
    // Nobody listens who is not in.
    let stranger =
        reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().expect("a client");
    assert_eq!(stranger.get(&url).send().await.expect("an answer").status(), 303);
}

async fn a_request_that_was_answered_is_let_go(hospital: Hospital) {
    let mut person = hospital.employs("0901", "何志远", &[Role::Administrator]).await;
    let held = || std::sync::Arc::strong_count(&hospital.replica.gateway);
    for _ in 0..5 {
        person.opens("/admin/staff").await;
    }
    let before = held();
    for _ in 0..200 {
        person.opens("/admin/staff").await;
        person.sends("GET", "/sign-in", None).await;
        person.sends("GET", "/nothing/here", None).await;
        person.sends("GET", "/desk", None).await;
    }
    // What is under way holds it as well; a request that held itself would hold it for ever, four hundred times and more.
    assert!(held() <= before + 20, "{before} holders became {}", held());
}
