//! A hospital's payments of 90 days, written by SQL: bills with patients who can be found, their slips, payments, write-backs and refunds, and
//! orders that nobody paid. Indexes are taken away before and made again after, as one does who fills a table.

use crate::people::{self, PEOPLE, STEP};
use mingfen_domain::{BusinessDay, Clock};
use mingfen_simulator::his::HOSPITAL_ID;
use mingfen_tests::Hospital;
use std::fmt::Write;

/// How far back.
pub const DAYS: u64 = 90;
/// From seven to seven: the part of a day's payments that falls into each hour, of a hundred.
const HOURS: [u64; 12] = [8, 18, 19, 15, 8, 3, 5, 10, 8, 4, 1, 1];
/// Of every so many payments one is refunded, and to every so many there is an order that nobody paid.
pub const REFUND_EVERY: u64 = 50;
const UNPAID_EVERY: u64 = 60;
/// Numbers begin here, so that all have the same length.
pub const FIRST_NUMBER: u64 = 100_000_000_000;
const FILLED: &str = "'bills', 'bill_slips', 'payments', 'write_backs', 'refunds'";

/// Writes the payments of 90 days, the last until now; answers how many.
pub async fn fills(hospital: &Hospital, sqlite: bool, rows: u64, today: BusinessDay) -> u64 {
    people::are_known(hospital, sqlite).await;
    let indexes = indexes(hospital, sqlite).await;
    for index in &indexes {
        let name = index.split(' ').nth(2).expect("CREATE INDEX name");
        hospital.executes(&format!("DROP INDEX {name}")).await;
    }
    let days: Vec<BusinessDay> =
        (0..DAYS).rev().map(|at| crate::back(today, i64::try_from(at).expect("small"))).collect();
    let weight = |day: &BusinessDay| if day.date().weekday().number_days_from_monday() < 5 { 10 } else { 5 };
    let all: u64 = days.iter().map(weight).sum();
    let mut first = 0;
    for day in &days {
        let of_day = rows * weight(day) / all;
        let mut hours = String::new();
        let mut base = 0;
        for (hour, part) in (7_i64..).zip(HOURS) {
            let count = (of_day * part / 100).max(1);
            let comma = if hours.is_empty() { "" } else { ", " };
            let start = day.start().plus_seconds(hour * 3600).ms();
            write!(hours, "{comma}({start}, {count}, {base})").expect("text");
            base += count;
        }
        let numbers = if sqlite {
            format!("n (n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM n WHERE n + 1 < {base})")
        } else {
            format!("n (n) AS (SELECT generate_series(CAST(0 AS BIGINT), {base} - 1))")
        };
        let now = hospital.clock.now().ms();
        let paid = format!(
            "WITH RECURSIVE {numbers},
            h (start_ms, count, base) AS (VALUES {hours}),
            paid (number, at_ms) AS (
                SELECT {first} + n.n, h.start_ms + (n.n - h.base) * 3600000 / h.count
                FROM n
                JOIN h ON n.n >= h.base AND n.n < h.base + h.count
                WHERE h.start_ms + (n.n - h.base) * 3600000 / h.count <= {now}
            )"
        );
        for rows in
            [payments(&paid), bills(&paid), unpaid(&paid), slips(&paid), write_backs(&paid), refunds(&paid)]
        {
            hospital.executes(&format!("{}{rows}", without_keys(sqlite))).await;
        }
        first += base;
    }
    for index in &indexes {
        let memory = if sqlite { "" } else { "SET maintenance_work_mem = '1GB';" };
        hospital.executes(&format!("{memory}{index}")).await;
    }
    let written = hospital.reads("SELECT CAST(COUNT(*) AS TEXT) FROM bills").await;
    written[0].parse().expect("a number")
}

/// The statements that make the indexes of the filled tables; what a constraint needs stays.
async fn indexes(hospital: &Hospital, sqlite: bool) -> Vec<String> {
    let sql = if sqlite {
        format!(
            "SELECT sql FROM sqlite_master
            WHERE type = 'index' AND tbl_name IN ({FILLED}) AND sql LIKE 'CREATE INDEX %'"
        )
    } else {
        format!(
            "SELECT indexdef FROM pg_indexes
            WHERE schemaname = current_schema() AND tablename IN ({FILLED}) AND indexdef LIKE 'CREATE INDEX %'"
        )
    };
    hospital.reads(&sql).await
}

/// Rows come table by table; that one refers to another is not looked at meanwhile.
const fn without_keys(sqlite: bool) -> &'static str {
    if sqlite { "PRAGMA foreign_keys = OFF;" } else { "SET session_replication_role = replica;" }
}

const FEN: &str = "(500 + number * 7919 % 60000)";
const CHANNEL: &str = "CASE number % 10
    WHEN 9 THEN 'unionpay-main'
    WHEN 8 THEN 'wechat-east'
    WHEN 7 THEN 'alipay-main'
    WHEN 6 THEN 'alipay-main'
    WHEN 5 THEN 'alipay-main'
    ELSE 'wechat-main'
END";
const SCENE: &str = "CASE WHEN number % 17 = 0 THEN 'shown_code' WHEN number % 23 = 0 THEN 'mobile_browser' ELSE 'in_app' END";

/// 16 hexadecimal digits, of which the first ten tell them apart.
const TRACE: &str = "substr(CAST(10000000000 + number AS TEXT), 2) || '000000'";

fn bills(paid: &str) -> String {
    format!(
        "INSERT INTO bills (
            bill_no, view_ref, hospital_id, state, settled_by, pooled_fen, account_fen, self_pay_fen, total_fen,
            patient_sealed, phone_sealed, card_index, phone_index, phone_tail_index, name_index, language,
            opened_at_ms, pay_until_ms, trace_id, version
        )
        {paid}
        SELECT
            'B' || ({FIRST_NUMBER} + number), 'VW000000000000' || ({FIRST_NUMBER} + number), '{HOSPITAL_ID}', 'settled',
            'P' || ({FIRST_NUMBER} + number), 0, 0, {FEN}, {FEN}, patient_sealed, NULL, card_index, phone_index,
            phone_tail_index, name_index, 'zh-CN', at_ms - 5000 - number * 6151 % 85000, at_ms + 900000, {TRACE}, 2
        FROM paid
        JOIN bench_people ON bench_people.person_no = number * {STEP} % {PEOPLE}"
    )
}

fn payments(paid: &str) -> String {
    format!(
        "INSERT INTO payments (
            out_trade_no, bill_no, channel_id, scene, amount_fen, subject, state, provider_trade_no, received_fen,
            paid_at_ms, refund_held_fen, created_at_ms, expires_at_ms, trace_id, version, insurance_fen, deposit
        )
        {paid}
        SELECT
            'P' || ({FIRST_NUMBER} + number), 'B' || ({FIRST_NUMBER} + number), {CHANNEL}, {SCENE}, {FEN}, '门诊缴费',
            'paid', '4200' || ({FIRST_NUMBER} + number), {FEN}, at_ms, 0, at_ms - 5000 - number * 6151 % 85000,
            at_ms + 900000, {TRACE}, 2, 0, 0
        FROM paid"
    )
}

fn unpaid(paid: &str) -> String {
    format!(
        "INSERT INTO payments (
            out_trade_no, bill_no, channel_id, scene, amount_fen, subject, state, state_reason, refund_held_fen,
            created_at_ms, expires_at_ms, trace_id, version, insurance_fen, deposit
        )
        {paid}
        SELECT
            'X' || ({FIRST_NUMBER} + number), 'B' || ({FIRST_NUMBER} + number), {CHANNEL}, {SCENE}, {FEN}, '门诊缴费',
            'closed', 'expired', 0, at_ms - 900000, at_ms, {TRACE}, 2, 0, 0
        FROM paid
        WHERE number % {UNPAID_EVERY} = 7"
    )
}

fn slips(paid: &str) -> String {
    format!(
        "INSERT INTO bill_slips (
            bill_no, position, hospital_id, slip_no, kind, title, department, total_fen, self_pay_fen
        )
        {paid}
        SELECT
            'B' || ({FIRST_NUMBER} + number), 0, '{HOSPITAL_ID}', 'S' || ({FIRST_NUMBER} + number), 'lab', '化验', '第' || (number * 31 % 30 + 1) || '科',
            {FEN}, {FEN}
        FROM paid"
    )
}

fn write_backs(paid: &str) -> String {
    format!(
        "INSERT INTO write_backs (
            bill_no, out_trade_no, state, his_order_no, receipt_no, places, due_at_ms, posted_at_ms, version
        )
        {paid}
        SELECT
            'B' || ({FIRST_NUMBER} + number), 'P' || ({FIRST_NUMBER} + number), 'posted', 'H' || number, 'RC' || ({FIRST_NUMBER} + number),
            '[]', at_ms + 300, at_ms + 500 + number * 4421 % 6000, 1
        FROM paid"
    )
}

fn refunds(paid: &str) -> String {
    format!(
        "INSERT INTO refunds (
            out_refund_no, out_trade_no, bill_no, amount_fen, origin, reason, requested_by, state,
            provider_refund_no, refunded_at_ms, his_state, his_refund_no, trace_id, requested_at_ms, sent_at_ms, version
        )
        {paid}
        SELECT
            'R' || ({FIRST_NUMBER} + number), 'P' || ({FIRST_NUMBER} + number), 'B' || ({FIRST_NUMBER} + number), {FEN},
            'cashier', CASE number % 3 WHEN 0 THEN '药品退回' WHEN 1 THEN '检查未做' ELSE '其他：说明' END,
            'staff:02' || (10 + number % 12), 'succeeded', '5030' || number, at_ms + 1800000, 'posted', 'HR' || number,
            {TRACE}, at_ms + 1700000, at_ms + 1700000, 3
        FROM paid
        WHERE number % {REFUND_EVERY} = 3"
    )
}
