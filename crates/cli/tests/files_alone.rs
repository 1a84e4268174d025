//! The commands of a hospital that has only files, as they are typed.

use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

fn golden(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/files").join(name)
}

fn mingfen(words: &[&str], files: &[(&str, &Path)]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_mingfen"));
    command.arg("reconcile").args(words);
    for (option, path) in files {
        if !option.is_empty() {
            command.arg(option);
        }
        command.arg(path);
    }
    command.output().expect("the program")
}

fn json(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {output:?}"))
}

#[test]
fn a_statement_is_known_by_itself_and_it_is_said() {
    let out = tempfile::tempdir().expect("a directory");
    let his = golden("his.csv");
    for (name, kind, container) in [
        ("wechat-all.csv", "微信支付交易账单 (WeChat Pay trade bill)", Value::Null),
        ("wechat-all.csv.gz", "微信支付交易账单 (WeChat Pay trade bill)", "GZIP".into()),
        ("alipay-detail.csv", "支付宝业务明细 (Alipay trade detail)", Value::Null),
        ("alipay.zip", "支付宝业务明细 (Alipay trade detail)", "ZIP".into()),
        ("unionpay.zip", "银联全渠道对账文件 (UnionPay ZM)", "ZIP".into()),
    ] {
        let statement = golden(name);
        let files = [("--statement", &*statement), ("--his", &*his), ("--out", out.path())];
        let answer = mingfen(&["files", "--json"], &files);
        assert_eq!(answer.status.code(), Some(0), "{name}: {answer:?}");
        let said = json(&answer);
        assert_eq!((&said["agree"], &said["files"][0]["kind"]), (&true.into(), &kind.into()), "{name}");
        assert_eq!(said["files"][0]["container"], container, "{name}");
    }
}

#[test]
fn disputes_beside_a_settlement_file_are_told() {
    let out = tempfile::tempdir().expect("a directory");
    let (statement, his) = (golden("unionpay.zip"), golden("his.csv"));
    let files = [("--statement", &*statement), ("--his", &*his), ("--out", out.path())];
    let said = json(&mingfen(&["files", "--json"], &files));
    let notes = said["files"][0]["notes"].to_string();
    assert!(notes.contains("1 disputes stand in INN26030588ZME_777290058110048"), "{notes}");
}

#[test]
fn payments_and_refunds_may_come_in_two_files() {
    let out = tempfile::tempdir().expect("a directory");
    let (payments, refunds, his) =
        (golden("wechat-success.csv"), golden("wechat-refund.csv"), golden("his.csv"));
    let all =
        [("--statement", &*payments), ("--statement", &*refunds), ("--his", &*his), ("--out", out.path())];
    let answer = mingfen(&["files", "--day", "2026-03-05", "--json"], &all);
    assert_eq!(answer.status.code(), Some(0), "{answer:?}");
    let alone = [("--statement", &*payments), ("--his", &*his), ("--out", out.path())];
    let answer = mingfen(&["files", "--json"], &alone);
    assert_eq!(answer.status.code(), Some(1));
    assert!(json(&answer)["files"][0]["notes"].to_string().contains("payments alone"));
}

#[test]
fn a_refused_run_leaves_no_report_that_could_be_taken_for_its_own() {
    let out = tempfile::tempdir().expect("a directory");
    let (good, bad, his) = (golden("wechat-all.csv"), golden("wechat-fund-flow.csv"), golden("his.csv"));
    let run = |statement: &Path| {
        let files = [("--statement", statement), ("--his", &*his), ("--out", out.path())];
        mingfen(&["files", "--json"], &files)
    };
    let [report, earlier] = ["differences.csv", "differences.earlier.csv"].map(|name| out.path().join(name));
    assert_eq!(run(&good).status.code(), Some(0));
    let refused = run(&bad);
    assert_eq!(refused.status.code(), Some(2));
    assert_eq!(json(&refused)["refused"]["file"], "wechat-fund-flow.csv");
    assert!(
        String::from_utf8_lossy(&refused.stderr).contains("differences.earlier.csv is of an earlier run")
    );
    assert_eq!((report.exists(), earlier.exists()), (false, true));
    assert_eq!(run(&good).status.code(), Some(0));
    assert_eq!((report.exists(), earlier.exists()), (true, false));
}

#[test]
fn a_proposed_layout_is_one_that_compares() {
    let out = tempfile::tempdir().expect("a directory");
    let map = out.path().join("his.toml");
    let (statement, his) = (golden("alipay.zip"), golden("his-tabs-gbk.txt"));
    let answer = mingfen(&["guess", "--json"], &[("", &*his), ("--out", &*map)]);
    assert_eq!(answer.status.code(), Some(0), "{answer:?}");
    let said = json(&answer);
    assert_eq!((&said["rows"][2]["line"], &said["rows"][2]["kind"]), (&6.into(), &"refund".into()));
    let files = [("--statement", &*statement), ("--his", &*his), ("--map", &*map), ("--out", out.path())];
    let answer = mingfen(&["files"], &files);
    assert_eq!(answer.status.code(), Some(0), "{answer:?}");
    let known = mingfen(&["guess", "--json"], &[("", &*statement)]);
    assert_eq!(json(&known)["known"], "支付宝业务明细 (Alipay trade detail)");
}

#[test]
fn a_line_is_shown_whatever_the_file_is() {
    for (name, line, heading, text) in [
        ("alipay.zip", "7", "商户订单号", "HOSP20260305000002\t"),
        ("unionpay.zip", "3", "商户订单号", "RF20260305000001"),
        ("wechat-all.csv.gz", "6", "订单总金额", "208.50"),
        ("his.xlsx", "4", "商户订单号", "HOSP20260305000002"),
    ] {
        let path = golden(name);
        let said = json(&mingfen(&["line", "--json"], &[("", &*path), ("", Path::new(line))]));
        let fields = said["fields"].as_array().expect("fields");
        let field = fields.iter().find(|field| field["heading"] == heading);
        assert_eq!(field.map(|field| &field["text"]), Some(&text.into()), "{name}: {said}");
    }
    let his = golden("his.csv");
    let answer = mingfen(&["line"], &[("", &*his), ("", Path::new("9"))]);
    assert_eq!(answer.status.code(), Some(2));
}
