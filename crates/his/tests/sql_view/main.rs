//! A day's ledger out of each database. PostgreSQL and MariaDB come from `tests/services.sh`.

mod room;

use mingfen_domain::ids::HospitalId;
use mingfen_domain::{BusinessDay, Fen};
use mingfen_his::ledger::{Ledger, LedgerDay, LedgerError, LedgerSum};
use mingfen_his::sql_view::{SqlLedger, SqlLedgerSettings};
use mingfen_his::{LedgerKind, LedgerRow};
use room::{Kind, Room};
use std::ops::ControlFlow;

/// The columns that are needed, with the amount and the rest left to the test.
const NEEDED: &str = "SELECT row_no, kind, order_no, refund_no, out_trade_no, booked_at";

fn settings(url: &str, query: &str) -> SqlLedgerSettings {
    SqlLedgerSettings {
        url: url.to_owned(),
        query: query.to_owned(),
        payment_words: vec!["1".into(), "收费".into()],
        refund_words: vec!["2".into(), "退费".into()],
        timeout_ms: 60_000,
        connect_timeout_ms: 20_000,
    }
}

fn ledger(url: &str, query: &str) -> SqlLedger {
    SqlLedger::new(&settings(url, query)).expect("settings that can work")
}

async fn read(ledger: &SqlLedger) -> (Result<LedgerDay, LedgerError>, Vec<LedgerRow>) {
    let mut rows = Vec::new();
    let hospital = HospitalId::parse("QH01").expect("an id");
    let day = BusinessDay::parse("2026-01-01").expect("a day");
    let read = ledger
        .read_day(&hospital, day, &mut |row| {
            rows.push(row);
            ControlFlow::Continue(())
        })
        .await;
    rows.sort_by(|one, other| one.row_no.cmp(&other.row_no));
    (read, rows)
}

async fn failure(room: &Room, query: &str) -> LedgerError {
    match read(&ledger(&room.url, query)).await.0 {
        Err(error) => error,
        Ok(day) => panic!("{query} was read: {day:?}"),
    }
}

fn sum(rows: u64, fen: i64) -> LedgerSum {
    LedgerSum { rows, total: Fen::new(fen) }
}

/// A vendor's table: yuan with four decimals, its own words, Beijing times, another campus, another day.
async fn vendors_table(kind: Kind, name: &str) -> Room {
    let room = Room::open(kind, name).await;
    let (money, time) = match kind {
        // A DECIMAL of SQLite is a float, so a careful vendor keeps texts there.
        Kind::Sqlite => ("TEXT", "TEXT"),
        Kind::Postgres => ("NUMERIC(12,4)", "TIMESTAMPTZ"),
        Kind::Mysql => ("DECIMAL(12,4)", "DATETIME(3)"),
    };
    // Words in the character set that such tables have.
    let words = if kind == Kind::Mysql { "CHARACTER SET gbk" } else { "" };
    let offset = if kind == Kind::Postgres { "+08" } else { "" };
    room.run(&format!(
        "CREATE TABLE v_ledger (id BIGINT, hospital VARCHAR(20), kind VARCHAR(20) {words}, order_no VARCHAR(64), refund_no CHAR(8), \
         out_trade_no VARCHAR(64), yuan {money}, at {time})"
    ))
    .await;
    for values in [
        "1, 'QH01', '1', 'B1', NULL, 'P1', '88.8000', '2026-01-01 00:00:00.000@'",
        "2, 'QH01', '1', 'B2', NULL, 'P2', '9999999.9900', '2026-01-01 23:59:59.999@'",
        "3, 'QH01', '退费', 'B1', 'R1', 'P1', '0.1000', '2026-01-01 12:00:30.000@'",
        "4, 'QH02', '1', 'B4', NULL, 'P4', '1.0000', '2026-01-01 12:00:00.000@'",
        "5, 'QH01', '1', 'B5', NULL, 'P5', '1.0000', '2026-01-02 00:00:00.000@'",
        "6, 'QH01', '1', 'B6', NULL, 'P6', '1.0000', '2025-12-31 23:59:59.999@'",
    ] {
        room.run(&format!("INSERT INTO v_ledger VALUES ({})", values.replace('@', offset))).await;
    }
    room
}

/// What a view may say beside the money; a database's own words for true and false, its own decimals.
#[tokio::test]
async fn insurance_and_deposits_are_read_where_the_view_knows_them() {
    for kind in Kind::ALL {
        let room = vendors_table(kind, "parts").await;
        let query = |insurance: &str, deposit: &str| {
            format!(
                "SELECT id AS row_no, kind, order_no, refund_no, out_trade_no, yuan AS amount_yuan, at AS booked_at, \
                 {insurance} AS insurance_fen, {deposit} AS deposit FROM v_ledger \
                 WHERE hospital = :hospital AND at >= :from AND at < :to"
            )
        };
        let whole = "CASE WHEN id = 1 THEN 2000 WHEN id = 2 THEN 0 END";
        let (day, rows) = read(&ledger(&room.url, &query(whole, "CASE WHEN id < 3 THEN id = 1 END"))).await;
        day.unwrap_or_else(|error| panic!("{kind:?}: {error}"));
        let told: Vec<_> = rows.iter().map(|row| (row.insurance.map(Fen::get), row.deposit)).collect();
        assert_eq!(told, [(Some(2000), Some(true)), (Some(0), Some(false)), (None, None)], "{kind:?}");
        for (insurance, deposit, wrong) in
            [("-1", "1", "insurance_fen"), ("20.5", "1", "insurance_fen"), ("0", "'maybe'", "deposit")]
        {
            let told = failure(&room, &query(insurance, deposit)).await.to_string();
            assert!(told.contains(wrong), "{kind:?}: {told}");
        }
    }
}

const VENDORS_QUERY: &str = "-- of one campus
    WITH mine AS (SELECT * FROM v_ledger WHERE hospital = :hospital)
    SELECT id AS Row_No, kind, order_no, refund_no, out_trade_no, yuan AS amount_yuan, at AS booked_at, 'x' AS remark
    FROM mine WHERE at >= :from AND at < :to AND :hospital = 'QH01' ORDER BY id; -- done";

#[tokio::test]
async fn a_day_is_read_alike_from_every_database() {
    for kind in Kind::ALL {
        let room = vendors_table(kind, "alike").await;
        let ledger = ledger(&room.url, VENDORS_QUERY);
        let columns =
            ledger.columns().await.unwrap_or_else(|error| panic!("{kind:?}: {error}")).expect("a query");
        assert_eq!(columns.ignored, ["remark"], "{kind:?}");
        assert_eq!(
            columns.absent,
            ["slip_no", "provider_trade_no", "channel", "his_order_no", "insurance_fen", "deposit"],
            "{kind:?}"
        );

        let (day, rows) = read(&ledger).await;
        let day = day.unwrap_or_else(|error| panic!("{kind:?}: {error}"));
        assert_eq!((day.payments, day.refunds), (sum(2, 1_000_008_879), sum(1, 10)), "{kind:?}");
        let told: Vec<_> = rows
            .iter()
            .map(|row| {
                (
                    row.row_no.as_str(),
                    row.kind,
                    row.out_trade_no.as_str(),
                    row.refund_no.as_deref(),
                    row.amount.get(),
                )
            })
            .collect();
        assert_eq!(
            told,
            [
                ("1", LedgerKind::Payment, "P1", None, 8_880),
                ("2", LedgerKind::Payment, "P2", None, 999_999_999),
                ("3", LedgerKind::Refund, "P1", Some("R1"), 10),
            ],
            "{kind:?}"
        );
        let times: Vec<i64> = rows.iter().map(|row| row.booked_at.ms() - 1_767_196_800_000).collect();
        assert_eq!(times, [0, 86_399_999, 43_230_000], "{kind:?}");
    }
}

#[tokio::test]
async fn moments_without_a_zone_and_dates_are_beijings() {
    for (kind, at) in [(Kind::Postgres, "TIMESTAMP"), (Kind::Mysql, "TIMESTAMP"), (Kind::Sqlite, "TEXT")] {
        let room = Room::open(kind, "moments").await;
        if kind == Kind::Mysql {
            // The session that writes lives in another zone than the one that reads.
            room.run(&format!("CREATE TABLE t (at {at} NULL, d DATE)")).await;
            room.run("SET time_zone = '+00:00'; INSERT INTO t VALUES ('2026-01-01 04:00:00', '2026-01-01')")
                .await;
        } else {
            room.run(&format!("CREATE TABLE t (at {at}, d DATE)")).await;
            room.run("INSERT INTO t VALUES ('2026-01-01 12:00:00', '2026-01-01')").await;
        }
        let query = "SELECT 7 AS row_no, 1 AS kind, '' AS order_no, NULL AS refund_no, 'P' AS out_trade_no, \
                     at AS booked_at, 5 AS amount_fen FROM t WHERE d = :day";
        let (read, rows) = read(&ledger(&room.url, query)).await;
        assert_eq!(read.map(|day| day.payments), Ok(sum(1, 5)), "{kind:?}");
        assert_eq!(rows[0].booked_at.to_rfc3339(), "2026-01-01T12:00:00+08:00", "{kind:?}");
    }
}

#[tokio::test]
async fn a_missing_column_is_refused_by_its_name_before_a_row_is_read() {
    for kind in Kind::ALL {
        let room = Room::open(kind, "missing").await;
        let query = "SELECT 1 AS row_no, '1' AS kind, '' AS orderno, 1 AS amount_fen, 1 AS amount_yuan, 'x' AS kind WHERE :day = '2026-01-01'";
        let query = if kind == Kind::Postgres {
            query.replace(":day =", "CAST(:day AS text) =")
        } else {
            query.to_owned()
        };
        let ledger = ledger(&room.url, &query);
        let checked = ledger.columns().await.map(|_| ());
        let (read, _) = read(&ledger).await;
        for error in [checked.unwrap_err(), read.unwrap_err()] {
            let LedgerError::Misconfigured(trouble) = &error else { panic!("{kind:?}: {error}") };
            for problem in [
                "the column kind is there twice",
                "the column order_no is missing",
                "the column refund_no is missing",
                "the column out_trade_no is missing",
                "the column booked_at is missing",
                "only one of them is wanted",
            ] {
                assert!(trouble.problem.contains(problem), "{kind:?}: {problem} is missing in {error}");
            }
            assert!(!trouble.problem.contains("row_no"), "{error}");
        }
    }
}

#[tokio::test]
async fn money_that_is_not_exact_and_half_times_are_refused() {
    for (kind, money) in [
        (Kind::Postgres, "DOUBLE PRECISION"),
        (Kind::Postgres, "REAL"),
        (Kind::Postgres, "MONEY"),
        (Kind::Mysql, "DOUBLE"),
        (Kind::Mysql, "FLOAT"),
        (Kind::Sqlite, "REAL"),
        (Kind::Sqlite, "DOUBLE PRECISION"),
    ] {
        let room = Room::open(kind, "inexact").await;
        room.run(&format!("CREATE TABLE t (yuan {money}, at DATE)")).await;
        let query = "SELECT 1 AS row_no, 1 AS kind, 'B' AS order_no, 'R' AS refund_no, 'P' AS out_trade_no, \
                     yuan AS amount_yuan, at AS booked_at FROM t WHERE at = :day";
        let error = ledger(&room.url, query).columns().await.unwrap_err();
        let told = error.to_string();
        assert!(matches!(error, LedgerError::Misconfigured(_)), "{kind:?} {money}: {told}");
        assert!(told.contains("does not hold money exactly: CAST it"), "{kind:?} {money}: {told}");
        assert!(told.contains("a date with its time of day is wanted"), "{kind:?} {money}: {told}");
    }
}

#[tokio::test]
async fn a_float_in_a_column_that_is_none_is_found_where_it_stands() {
    let room = Room::open(Kind::Sqlite, "hidden-float").await;
    room.run(
        "CREATE TABLE t (row_no, kind, order_no, refund_no, out_trade_no, booked_at, yuan DECIMAL(12,2))",
    )
    .await;
    room.run("INSERT INTO t VALUES (1, '1', 'B', NULL, 'P', '2026-01-01 12:00:00', 88), (2, '1', 'B', NULL, 'P', '2026-01-01 12:00:00', 88.8)").await;
    let query = |amount: &str| {
        format!("{NEEDED}, {amount} FROM t WHERE substr(booked_at, 1, 10) = :day ORDER BY row_no")
    };
    let error = failure(&room, &query("yuan AS amount_yuan")).await.to_string();
    assert_eq!(
        error,
        "HIS ledger of 2026-01-01, row 2 of the query's answer (row_no 2): the amount is a floating-point number, which does \
         not hold money exactly. CAST it in the query: to a DECIMAL, or in SQLite CAST(ROUND(amount * 100) AS INTEGER) AS amount_fen."
    );
    let advised = query("CAST(ROUND(yuan * 100) AS INTEGER) AS amount_fen");
    assert_eq!(read(&ledger(&room.url, &advised)).await.0.map(|day| day.payments), Ok(sum(2, 17_680)));
}

#[tokio::test]
async fn what_no_ledger_may_say_is_for_a_person() {
    let room = Room::open(Kind::Sqlite, "wrong").await;
    room.run("CREATE TABLE t (row_no, kind, order_no, refund_no, out_trade_no, booked_at, amount)").await;
    for (values, problem) in [
        (
            "'A-1', 3, 'B', 'R', 'P', '2026-01-01 12:00:00', '1'",
            "(row_no A-1): kind is a word that is neither",
        ),
        (
            "NULL, 1, 'B', 'R', 'P', '2026-01-01 12:00:00', '1'",
            "row 1 of the query's answer: row_no is empty",
        ),
        ("'张三', 2, 'B', ' ', 'P', '2026-01-01 12:00:00', '1'", "answer: refund_no is empty on a refund"),
        ("1, 2, 'B', 'R', 'P', '2026-01-01 12:00:00', '-1.00'", "amount_yuan is not an amount above zero"),
        ("1, 1, 'B', 'R', 'P', '2026-01-01 12:00:00', '1.005'", "amount_yuan is not an amount above zero"),
        ("1, 1, 'B', 'R', 'P', '2026-01-01', '1'", "booked_at is not a date with its time of day"),
        (
            "1, 1, 'B', 'R', 'P', '2026-02-01 12:00:00', '1'",
            "booked_at lies more than a day away from 2026-01-01",
        ),
    ] {
        room.run("DELETE FROM t").await;
        room.run(&format!("INSERT INTO t VALUES ({values})")).await;
        let error = failure(&room, &format!("{NEEDED}, amount AS amount_yuan FROM t WHERE :day <> ''")).await;
        assert!(
            matches!(error, LedgerError::Unreadable(_)) && error.to_string().contains(problem),
            "{problem}: {error}"
        );
        assert!(!error.to_string().contains("张三"), "{error}");
    }
    // One booking for two slips, and the slips joined.
    room.run("DELETE FROM t").await;
    room.run("INSERT INTO t VALUES (17, 1, 'B', '', 'P', '2026-01-01 12:00:00', '1')").await;
    let joined =
        format!("{NEEDED}, amount AS amount_yuan FROM t, (SELECT 1 UNION ALL SELECT 2) WHERE :day <> ''");
    let error = failure(&room, &joined).await.to_string();
    assert!(
        error.contains("row 2 of the query's answer (row_no 17): its row_no came before")
            && error.contains("JOIN"),
        "{error}"
    );
}

/// Rows without an end, a day's each.
const ENDLESS: &str = "row_no, 1 AS kind, 'B' AS order_no, '' AS refund_no, 'P' AS out_trade_no, 3 AS amount_fen, \
                       '2026-01-01 12:00:00' AS booked_at";

#[tokio::test]
async fn a_ledger_without_an_end_can_be_begun() {
    let counting = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n)";
    for (kind, query) in [
        (Kind::Sqlite, format!("{counting} SELECT i AS {ENDLESS} FROM n WHERE :day <> ''")),
        (Kind::Postgres, format!("{counting} SELECT i AS {ENDLESS} FROM n WHERE :day IS NOT NULL")),
        (Kind::Mysql, format!("SELECT seq AS {ENDLESS} FROM seq_1_to_1000000000000 WHERE :day <> ''")),
    ] {
        let room = Room::open(kind, "endless").await;
        let ledger = ledger(&room.url, &query);
        let mut left = 5_000;
        let hospital = HospitalId::parse("QH01").expect("an id");
        let day = BusinessDay::parse("2026-01-01").expect("a day");
        let read = ledger
            .read_day(&hospital, day, &mut |_| {
                left -= 1;
                if left == 0 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
            })
            .await;
        assert_eq!(read, Err(LedgerError::BrokenOff), "{kind:?}");
    }
}

#[tokio::test]
async fn many_rows_are_counted_to_the_last() {
    let counting = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20000)";
    for kind in Kind::ALL {
        let room = Room::open(kind, "many").await;
        let query = match kind {
            Kind::Mysql => format!("SELECT seq AS {ENDLESS} FROM seq_1_to_20000 WHERE :day <> ''"),
            Kind::Sqlite | Kind::Postgres => {
                format!("{counting} SELECT i AS {ENDLESS} FROM n WHERE :day = '2026-01-01'")
            }
        };
        let (day, rows) = read(&ledger(&room.url, &query)).await;
        assert_eq!(day.map(|day| day.payments), Ok(sum(20_000, 60_000)), "{kind:?}");
        assert_eq!(rows.len(), 20_000);
    }
}

#[tokio::test]
async fn nothing_can_be_written() {
    for kind in [Kind::Postgres, Kind::Mysql] {
        let room = Room::open(kind, "writes").await;
        room.run("CREATE TABLE t (i INTEGER)").await;
        room.run(match kind {
            Kind::Postgres => "CREATE FUNCTION sneak() RETURNS INTEGER AS $$ INSERT INTO t VALUES (1) RETURNING i $$ LANGUAGE sql",
            Kind::Sqlite | Kind::Mysql => {
                "CREATE FUNCTION sneak() RETURNS INTEGER MODIFIES SQL DATA BEGIN INSERT INTO t VALUES (1); RETURN 1; END"
            }
        })
        .await;
        let error = failure(&room, &format!("SELECT sneak() AS {ENDLESS} WHERE :day = '2026-01-01'")).await;
        assert!(matches!(error, LedgerError::Misconfigured(_)), "{kind:?}: {error}");
        assert!(error.to_string().to_lowercase().contains("read"), "{kind:?}: {error}");
        // No row of the table would keep to it.
        room.run("ALTER TABLE t ADD CHECK (i IS NULL)").await;
    }
    let room = Room::open(Kind::Postgres, "writes_too").await;
    room.run("CREATE TABLE t (i INTEGER)").await;
    let error =
        failure(&room, "WITH x AS (DELETE FROM t RETURNING i) SELECT i AS row_no FROM x WHERE :day IS NULL")
            .await;
    assert!(matches!(error, LedgerError::Misconfigured(_)), "{error}");
}

#[tokio::test]
async fn a_query_that_takes_too_long_is_ended() {
    let endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n)";
    for (kind, query) in [
        (Kind::Sqlite, format!("{endless} SELECT i AS {ENDLESS} FROM n WHERE i < 0 AND :day <> ''")),
        (
            Kind::Postgres,
            format!("SELECT length(CAST(pg_sleep(600) AS text)) AS {ENDLESS} WHERE :day IS NOT NULL"),
        ),
        (Kind::Mysql, format!("SELECT SLEEP(600) AS {ENDLESS} WHERE :day <> ''")),
    ] {
        let room = Room::open(kind, "slow").await;
        let slow = SqlLedgerSettings { timeout_ms: 400, ..settings(&room.url, &query) };
        let (read, rows) = read(&SqlLedger::new(&slow).expect("settings that can work")).await;
        let error = read.unwrap_err();
        assert!(error.is_worth_repeating(), "{kind:?}: {error}");
        assert!(rows.is_empty());
    }
}

#[tokio::test]
async fn a_database_that_is_away_is_asked_again_and_a_wrong_one_is_for_a_person() {
    let query = format!("{NEEDED}, amount_fen FROM t WHERE :day = '2026-01-01'");
    let free =
        std::net::TcpListener::bind("127.0.0.1:0").expect("a free port").local_addr().expect("an address");
    for scheme in ["postgres", "mysql"] {
        let away =
            read(&ledger(&format!("{scheme}://reader:hidden-word@{free}/his"), &query)).await.0.unwrap_err();
        assert!(away.is_worth_repeating(), "{away}");
        assert!(!away.to_string().contains("hidden-word"), "{away}");
    }
    for kind in Kind::ALL {
        let room = Room::open(kind, "no_table").await;
        let error = failure(&room, &query).await;
        assert!(matches!(error, LedgerError::Misconfigured(_)), "{kind:?}: {error}");
        assert!(error.to_string().contains("his.ledger.query"), "{error}");
    }
    let stranger = Room::open(Kind::Mysql, "stranger").await.url.replace("root@", "nobody:hidden-word@");
    let error = read(&ledger(&stranger, &query)).await.0.unwrap_err();
    assert!(
        matches!(error, LedgerError::Misconfigured(_)) && !error.to_string().contains("hidden-word"),
        "{error}"
    );
    let error = read(&ledger("sqlite:///nowhere/his.db?mode=rwc", &query)).await.0.unwrap_err();
    assert!(matches!(error, LedgerError::Misconfigured(_)), "{error}");
}

#[test]
fn settings_that_cannot_work_are_told_at_once_and_the_address_never() {
    let wrong = SqlLedgerSettings {
        url: "mysql://reader:hidden-word@his-db:port/his".into(),
        query: "DELETE FROM t".into(),
        payment_words: vec!["1".into(), "S".into()],
        refund_words: vec!["s".into()],
        timeout_ms: 0,
        connect_timeout_ms: 1,
    };
    let problems = SqlLedger::new(&wrong).unwrap_err();
    let settings: Vec<&str> = problems.iter().map(|problem| problem.setting).collect();
    assert_eq!(settings, ["url", "query", "refund_words", "timeout"]);
    let told = format!("{problems:?} {wrong:?}");
    assert!(!told.contains("hidden-word") && !told.contains("his-db"), "{told}");
    let oracle = SqlLedger::new(&SqlLedgerSettings { url: "oracle://x".into(), ..wrong }).unwrap_err();
    assert_eq!(oracle[0].problem, "it begins with none of postgres://, mysql:// and sqlite:");
}
