//! What the dashboard says is what the records say, at every moment: before anybody counts ahead, meanwhile, and after.

use crate::refunds::asked;
use futures_util::future::join_all;
use mingfen_domain::access::Role;
use mingfen_domain::ids::OutTradeNo;
use mingfen_domain::{BusinessDay, Clock, Fen};
use mingfen_gateway::Gateway;
use mingfen_gateway::cache::MemoryCache;
use mingfen_gateway::service::dashboard::{Dashboard, dashboard};
use mingfen_gateway::service::{fold_takings, request_refund};
use mingfen_store::{Counted, Dimension};
use mingfen_tests::{App, CARD, Hospital};
use std::sync::Arc;

stories!(
    the_page_says_what_the_records_say_whether_counted_or_not,
    doubled_news_does_not_count_twice,
    two_replicas_that_count_at_once_count_once,
    who_dies_before_counting_loses_nothing,
    a_day_is_compared_with_its_weekday_to_the_same_minute,
    the_history_is_counted_a_day_at_a_time,
    an_order_that_nobody_paid_counts_at_its_deadline,
    a_count_that_somebody_changed_is_named_and_one_that_was_missed_heals,
);

/// The next day at ten in the morning, Beijing: far from midnight, whenever the story is told.
async fn ten_in_the_morning(hospital: &Hospital) {
    let now = hospital.clock.now();
    let ten = BusinessDay::of(now).end().plus_seconds(10 * 3600);
    hospital.time_passes(ten.since_ms(now) / 1000);
    hospital.settles().await;
}

/// Somebody comes with a fresh slip and pays it.
async fn pays_a_fresh_slip(hospital: &Hospital, card: &str, app: App, fen: i64) {
    hospital.registers(card);
    hospital.writes_slip(card, "血常规", fen);
    let mut patient = hospital.patient(card, app).await;
    patient.pays(&[1]).await;
    hospital.lives_through(20, 10).await;
}

async fn board(gateway: &Gateway) -> Dashboard {
    dashboard(gateway, None).await.expect("readable")
}

fn total(board: &Dashboard, dimension: Dimension) -> Counted {
    board.all(dimension).expect("it fits").day
}

fn counted(number: i64, fen: i64) -> Counted {
    Counted { number, fen: Fen::new(fen) }
}

/// What the providers have of this day, which nobody here counted.
fn at_the_providers(hospital: &Hospital) -> Counted {
    let ledger = hospital.simulator.ledger();
    let paid: Vec<i64> =
        ledger.payments.iter().map(|payment| payment.paid_fen).filter(|fen| *fen > 0).collect();
    counted(i64::try_from(paid.len()).expect("a few"), paid.iter().sum())
}

async fn counts_all(gateway: &Gateway) {
    while fold_takings(gateway).await.expect("counted") > 0 {}
}

/// A day is whole: its parts add up to it, by whatever it is taken apart.
fn adds_up(board: &Dashboard) {
    let all = total(board, Dimension::Total);
    assert_eq!(total(board, Dimension::Channel), all);
    assert_eq!(total(board, Dimension::Scene), all);
    assert_eq!(total(board, Dimension::Department).fen, all.fen);
    assert_eq!(total(board, Dimension::PayTime).number, all.number);
    let hours: Fen = Fen::sum(board.hours.iter().map(|hour| hour.day.fen)).expect("it fits");
    assert_eq!(hours, all.fen);
    let back = total(board, Dimension::Refunded);
    for dimension in [Dimension::RefundChannel, Dimension::RefundReason, Dimension::RefundBy] {
        assert_eq!(total(board, dimension), back);
    }
}

async fn the_page_says_what_the_records_say_whether_counted_or_not(hospital: Hospital) {
    ten_in_the_morning(&hospital).await;
    let mut person = hospital.employs("0501", "赵启明", &[Role::FinanceLead]).await;
    person.opens("/dashboard").await.says("¥0.00").says("还没有平常可比");
    pays_a_fresh_slip(&hospital, "D0001", App::Wechat, 12_345).await;
    pays_a_fresh_slip(&hospital, "D0002", App::Alipay, 8_800).await;
    // Nobody has counted anything yet.
    let before = board(hospital.gateway()).await;
    assert_eq!(total(&before, Dimension::Total), counted(2, 21_145));
    assert_eq!(total(&before, Dimension::Total), at_the_providers(&hospital));
    assert_eq!(total(&before, Dimension::BookTime).number, 2);
    adds_up(&before);
    person.opens("/dashboard").await.says("¥211.45").says("微信支付").says("支付宝");
    counts_all(hospital.gateway()).await;
    let after = board(hospital.gateway()).await;
    assert_eq!(after.by, before.by);
    // What comes in afterwards is seen before it is counted.
    pays_a_fresh_slip(&hospital, "D0003", App::Wechat, 1_000).await;
    let ledger = hospital.simulator.ledger();
    let order = OutTradeNo::parse(ledger.payments[0].out_trade_no.as_str()).expect("a number");
    request_refund(hospital.gateway(), asked(&order, Some(300), None)).await.expect("asked for");
    hospital.lives_through(90, 10).await;
    let uncounted = board(hospital.gateway()).await;
    assert_eq!(total(&uncounted, Dimension::Total), at_the_providers(&hospital));
    assert_eq!(total(&uncounted, Dimension::Refunded), counted(1, 300));
    adds_up(&uncounted);
    person.opens("/dashboard").await.says("¥221.45").says("退药").says("cashier-01");
    counts_all(hospital.gateway()).await;
    assert_eq!(board(hospital.gateway()).await.by, uncounted.by);
    hospital.verifies().await;
    let (_, file) = person.sends("GET", "/dashboard.csv", None).await;
    assert_eq!(file.status, 200);
    for row in ["\"收款\",\"\",3,221.45,,", "\"退款\",\"\",1,3.00,,", "\"退费经手\",\"cashier-01\",1,3.00,,"]
    {
        assert!(file.text.contains(row), "{row}: {}", file.text);
    }
    let tomorrow = BusinessDay::of(hospital.clock.now()).next();
    assert_eq!(person.opens(&format!("/dashboard?day={tomorrow}")).await.status, 400);
    assert_eq!(person.opens("/dashboard?day=gestern").await.status, 400);
    assert_eq!(person.opens("/dashboard?day=2001-01-01").await.status, 200);
}

async fn doubled_news_does_not_count_twice(hospital: Hospital) {
    ten_in_the_morning(&hospital).await;
    hospital.registers("D0001");
    hospital.writes_slip("D0001", "血常规", 5_000);
    let mut patient = hospital.patient("D0001", App::Wechat).await;
    patient.pays(&[1]).await;
    hospital.refuses_all_news_for_once().await;
    let kept = hospital.kept_notifications().await.remove(0);
    let answers = join_all((0..30).map(|_| kept.sent_to(&hospital.replica.public_url))).await;
    assert!(answers.iter().all(|(status, _)| *status == 204 || *status == 200), "{answers:?}");
    hospital.lives_through(20, 10).await;
    assert_eq!(total(&board(hospital.gateway()).await, Dimension::Total), counted(1, 5_000));
    counts_all(hospital.gateway()).await;
    assert_eq!(total(&board(hospital.gateway()).await, Dimension::Total), counted(1, 5_000));
    // After it was counted as well.
    let answers = join_all((0..30).map(|_| kept.sent_to(&hospital.replica.public_url))).await;
    assert!(answers.iter().all(|(status, _)| *status == 204 || *status == 200), "{answers:?}");
    counts_all(hospital.gateway()).await;
    assert_eq!(total(&board(hospital.gateway()).await, Dimension::Total), counted(1, 5_000));
    hospital.verifies().await;
}

async fn two_replicas_that_count_at_once_count_once(hospital: Hospital) {
    ten_in_the_morning(&hospital).await;
    let other = hospital.another_replica(Arc::new(MemoryCache::default())).await;
    for at in 0..4 {
        pays_a_fresh_slip(&hospital, &format!("D000{at}"), App::Wechat, 1_000 + at).await;
        let (one, two) = tokio::join!(fold_takings(hospital.gateway()), fold_takings(&other.gateway));
        one.expect("counted");
        two.expect("counted");
        // The lease of whoever was first has run out by the clock, and it goes on all the same.
        hospital.time_passes(31);
        let rounds =
            (0..6).map(|at| fold_takings(if at % 2 == 0 { hospital.gateway() } else { &other.gateway }));
        for counted in join_all(rounds).await {
            counted.expect("counted");
        }
    }
    counts_all(&other.gateway).await;
    assert!(hospital.store().marked_slots().await.expect("readable").is_empty());
    for gateway in [hospital.gateway(), &other.gateway] {
        let board = board(gateway).await;
        assert_eq!(total(&board, Dimension::Total), counted(4, 4_006));
        adds_up(&board);
    }
    hospital.verifies().await;
}

async fn who_dies_before_counting_loses_nothing(hospital: Hospital) {
    ten_in_the_morning(&hospital).await;
    counts_all(hospital.gateway()).await;
    pays_a_fresh_slip(&hospital, "D0001", App::Wechat, 7_000).await;
    assert!(!hospital.store().marked_slots().await.expect("readable").is_empty(), "the change left a mark");
    // Whoever wrote it never counts; or died with the lease in its hand.
    let now = hospital.clock.now();
    assert!(hospital.store().try_lease("fold_takings", "the dead", now, 30_000).await.expect("a lease"));
    let other = hospital.another_replica(Arc::new(MemoryCache::default())).await;
    assert_eq!(fold_takings(&other.gateway).await.expect("not its turn"), 0);
    assert_eq!(total(&board(&other.gateway).await, Dimension::Total), counted(1, 7_000));
    hospital.time_passes(31);
    assert!(fold_takings(&other.gateway).await.expect("counted") > 0);
    assert!(hospital.store().marked_slots().await.expect("readable").is_empty());
    assert_eq!(total(&board(&other.gateway).await, Dimension::Total), counted(1, 7_000));
    hospital.verifies().await;
}

async fn a_day_is_compared_with_its_weekday_to_the_same_minute(hospital: Hospital) {
    ten_in_the_morning(&hospital).await;
    counts_all(hospital.gateway()).await;
    pays_a_fresh_slip(&hospital, "D0001", App::Wechat, 20_000).await;
    counts_all(hospital.gateway()).await;
    // A week later, two minutes earlier: it has not come in yet.
    hospital.time_passes(7 * 86_400 - 120);
    hospital.settles().await;
    counts_all(hospital.gateway()).await;
    let early = board(hospital.gateway()).await;
    assert_eq!(early.usual_days, 1);
    assert_eq!(early.all(Dimension::Total).expect("it fits").usual, Counted::default());
    let whole = Fen::sum(early.hours.iter().map(|hour| hour.usual_whole.fen)).expect("it fits");
    assert_eq!(whole, Fen::new(20_000), "but it will");
    assert_eq!(early.trend.len(), 7);
    assert_eq!(early.trend[0].paid, counted(1, 20_000));
    // And later.
    pays_a_fresh_slip(&hospital, "D0002", App::Wechat, 30_000).await;
    hospital.time_passes(240);
    let late = board(hospital.gateway()).await;
    let all = late.all(Dimension::Total).expect("it fits");
    assert_eq!((all.day, all.usual), (counted(1, 30_000), counted(1, 20_000)));
    let mut person = hospital.employs("0501", "赵启明", &[Role::FinanceLead]).await;
    person.opens("/dashboard").await.says("同刻多 50.0%，约 ¥100").says("近 1 周平均");
    counts_all(hospital.gateway()).await;
    assert_eq!(board(hospital.gateway()).await.by, late.by);
    // The day before is over and nothing was on it.
    let yesterday = BusinessDay::of(BusinessDay::of(hospital.clock.now()).start().plus_ms(-1));
    let board = dashboard(hospital.gateway(), Some(yesterday)).await.expect("readable");
    assert_eq!(total(&board, Dimension::Total), Counted::default());
    hospital.verifies().await;
}

async fn the_history_is_counted_a_day_at_a_time(hospital: Hospital) {
    ten_in_the_morning(&hospital).await;
    for day in 0..3 {
        pays_a_fresh_slip(&hospital, &format!("D000{day}"), App::Wechat, 1_000 + day).await;
        hospital.time_passes(86_400);
        hospital.settles().await;
    }
    // An installation from before there was anything to count with: what happened left no marks.
    hospital.is_tampered("DELETE FROM takings_marks").await;
    let today = BusinessDay::of(hospital.clock.now());
    let days: Vec<_> =
        (1..=3).map(|back| BusinessDay::of(today.start().plus_seconds(-86_400 * back))).collect();
    for round in 0..6 {
        for (day, fen) in days.iter().zip([1_002, 1_001, 1_000]) {
            let board = dashboard(hospital.gateway(), Some(*day)).await.expect("readable");
            assert_eq!(total(&board, Dimension::Total), counted(1, fen), "{day} in round {round}");
            adds_up(&board);
        }
        let progress = hospital.store().takings_progress().await.expect("readable");
        assert_eq!(
            progress.is_some_and(|progress| progress.is_complete()),
            round >= 4,
            "{round}: {progress:?}"
        );
        hospital.verifies().await;
        fold_takings(hospital.gateway()).await.expect("counted");
    }
    let board = board(hospital.gateway()).await;
    assert_eq!(board.counted_from, None);
    let paid: Vec<_> = board.trend.iter().map(|day| day.paid.fen.get()).collect();
    assert_eq!(paid, [1_000, 1_001, 1_002]);
}

async fn an_order_that_nobody_paid_counts_at_its_deadline(hospital: Hospital) {
    ten_in_the_morning(&hospital).await;
    let mut patient = hospital.patient(CARD, App::Wechat).await;
    patient.goes_to_the_sheet(&[1]).await;
    assert_eq!(total(&board(hospital.gateway()).await, Dimension::Unpaid).number, 0);
    hospital.lives_through(7_200, 300).await;
    pays_a_fresh_slip(&hospital, "D0001", App::Wechat, 5_000).await;
    for _ in 0..2 {
        let board = board(hospital.gateway()).await;
        assert_eq!(total(&board, Dimension::Unpaid).number, 1);
        assert_eq!(total(&board, Dimension::Total).number, 1);
        counts_all(hospital.gateway()).await;
    }
    let mut person = hospital.employs("0501", "赵启明", &[Role::FinanceLead]).await;
    person.opens("/dashboard").await.says("50.0 %").says("1 笔到期未付");
    hospital.verifies().await;
}

async fn a_count_that_somebody_changed_is_named_and_one_that_was_missed_heals(hospital: Hospital) {
    ten_in_the_morning(&hospital).await;
    counts_all(hospital.gateway()).await;
    // From the day after the first on whole days are counted.
    hospital.time_passes(86_400);
    hospital.settles().await;
    counts_all(hospital.gateway()).await;
    pays_a_fresh_slip(&hospital, "D0001", App::Wechat, 5_000).await;
    counts_all(hospital.gateway()).await;
    hospital.verifies().await;
    hospital.is_tampered("UPDATE takings SET fen = fen + 1 WHERE dimension = 'channel'").await;
    let found = hospital.is_checked(None).await.problems;
    assert_eq!(found.len(), 1, "{found:#?}");
    assert!(
        found[0].contains("the dashboard has 1 over 50.01 yuan of channel wechat-main")
            && found[0].ends_with("the records say 1 over 50.00 yuan"),
        "{found:#?}"
    );
    // A process of an older version leaves no mark.
    pays_a_fresh_slip(&hospital, "D0002", App::Wechat, 6_000).await;
    hospital.is_tampered("DELETE FROM takings_marks").await;
    assert!(!hospital.is_checked(None).await.problems.is_empty());
    hospital.time_passes(86_400);
    hospital.settles().await;
    counts_all(hospital.gateway()).await;
    hospital.verifies().await;
    let yesterday = BusinessDay::of(BusinessDay::of(hospital.clock.now()).start().plus_ms(-1));
    let board = dashboard(hospital.gateway(), Some(yesterday)).await.expect("readable");
    assert_eq!(total(&board, Dimension::Total), counted(2, 11_000));
}
