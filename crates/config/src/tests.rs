use crate::reference;
use crate::{Draft, LedgerSettings, Problems, Sources};
use mingfen_domain::rules::Rule;
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// A directory that is removed when the test ends.
struct Directory(tempfile::TempDir);

impl Directory {
    fn new() -> Self {
        Self(tempfile::tempdir().expect("a temporary directory"))
    }

    fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.0.path().join(name);
        fs::write(&path, text).expect("a file in a temporary directory");
        path
    }
}

const COMPLETE: &str = r#"
[server]
public_url = "https://pay.example.cn"
[hospital]
id = "QH01"
name_zh = "青禾市人民医院"
name_en = "Qinghe People's Hospital"
help_phone = "0571-80001234"
[keys]
keyring = "1:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
[his]
base_url = "https://his.example.cn/his/v1"
key_id = "mingfen"
secret = "a secret that nobody may see"
[api.keys.his]
secret = "0123456789abcdef0123456789abcdef"
may = ["slips", "refunds"]
[routes]
wechat = "wechat-main"
[reconciliation.accounts.wechat-main]
his_names = ["WXPay"]
bank_account = "ICBC 0001"
fee = "0.6%"
bank_file = "bank-{day}.csv"
[channels.wechat-main]
provider = "wechat"
mch_id = "1900000001"
api_v3_key = "0123456789abcdef0123456789abcdef"
"#;

fn load(text: &str, environment: &[(&str, &str)]) -> Result<Draft, Problems> {
    let directory = Directory::new();
    let file = directory.write("mingfen.toml", text);
    let environment =
        environment.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    Draft::load(&Sources { file: Some(file), environment })
}

fn problems(text: &str) -> String {
    match load(text, &[]).and_then(Draft::finish) {
        Ok(_) => String::new(),
        Err(problems) => problems.to_string(),
    }
}

#[test]
fn a_complete_file_is_accepted() {
    let settings = load(COMPLETE, &[]).and_then(Draft::finish).expect("complete settings");
    assert_eq!(settings.timing.link_valid.as_secs(), 86_400);
    assert_eq!(settings.limits.rules.get(Rule::MaxPayment), 10_000_000);
    assert_eq!(settings.limits.rules.refund_alone().get(), 10_000);
    assert_eq!(settings.limits.rules.till_alone().get(), 5000);
    assert_eq!(settings.routes.wechat.map(|id| id.to_string()).as_deref(), Some("wechat-main"));
    assert_eq!(settings.channels[0].table.len(), 2);
}

#[test]
fn the_environment_goes_before_the_file_and_the_file_before_the_defaults() {
    let environment = [
        ("MINGFEN__TIMING__LINK_VALID", "7d"),
        ("MINGFEN__DATABASE__MAX_CONNECTIONS", "3"),
        ("MINGFEN__CHANNELS__WECHAT_MAIN__MCH_ID", "1900000002"),
        ("MINGFEN__API__KEYS__HIS__MAY", "orders, tasks"),
    ];
    let draft = load(COMPLETE, &environment).expect("readable");
    let shown = draft.shown();
    let link = shown.iter().find(|setting| setting.name == "timing.link_valid").expect("shown");
    assert_eq!(link.origin, "from MINGFEN__TIMING__LINK_VALID");
    let settings = draft.finish().expect("complete settings");
    assert_eq!(settings.timing.link_valid.as_secs(), 7 * 86_400);
    assert_eq!(settings.database.max_connections, 3);
    assert_eq!(settings.api.callers[0].may, ["orders", "tasks"]);
    assert_eq!(settings.channels[0].table["mch_id"].as_str(), Some("1900000002"));
}

#[test]
fn everything_wrong_is_told_at_once() {
    let broken = COMPLETE
        .replace("https://his.example.cn", "http://his.example.cn")
        .replace("wechat = \"wechat-main\"", "wechat = \"wechat-mian\"")
        .replace("\"refunds\"", "\"refund\"")
        .replace("[hospital]", "[limits]\nmax_payment = \"1.234\"\n[timing]\nlink_vaild = \"1h\"\norder_valid = \"soon\"\n[hospital]");
    let told = problems(&broken);
    for part in [
        "6 settings need attention",
        "his.base_url is \"http://his.example.cn/his/v1\"",
        "plain http is accepted towards loopback",
        "did you mean wechat-main?",
        "did you mean refunds?",
        "limits.max_payment",
        "did you mean link_valid?",
        "20s, 30min, 24h or 7d is wanted",
    ] {
        assert!(told.contains(part), "{part} is missing in:\n{told}");
    }
}

#[test]
fn rules_that_contradict_each_other_are_refused() {
    let limits = |text: &str| problems(&format!("{COMPLETE}\n[limits]\n{text}\n"));
    assert_eq!(limits("max_payment = \"200000.00\""), "");
    let told = limits("max_payment = \"200000.01\"");
    assert!(
        told.contains("limits.max_payment is 200000.01") && told.contains("limits.payer_hour_sum"),
        "{told}"
    );
    let told = limits("card_hour_payments = 61");
    assert!(
        told.contains("limits.card_hour_payments") && told.contains("limits.card_day_payments"),
        "{told}"
    );
    assert!(limits("payer_day_payments = 0").contains("limits.payer_day_payments"));
}

#[test]
fn nothing_has_a_built_in_key_and_what_is_missing_is_listed() {
    let told = problems("");
    for setting in ["server.public_url", "keys.keyring", "his.secret", "hospital.id"] {
        assert!(told.contains(&format!("{setting} is not set")), "{setting} is missing in:\n{told}");
    }
    assert!(told.contains("mingfen keys generate keyring"));
}

#[test]
fn a_caller_has_safe_limits_and_no_name_of_the_programs_own() {
    let settings = load(COMPLETE, &[]).and_then(Draft::finish).expect("complete settings");
    let his = &settings.api.callers[0];
    assert_eq!((his.per_minute, his.max_refund_fen, his.max_refund_fen_per_day), (600, 500_000, 5_000_000));
    let environment = [("MINGFEN__API__KEYS__HIS__MAX_REFUND_FEN", "7")];
    let settings = load(COMPLETE, &environment).and_then(Draft::finish).expect("complete settings");
    assert_eq!(settings.api.callers[0].max_refund_fen, 7);
    for name in ["auto", "cli", "hand"] {
        let told = problems(&COMPLETE.replace("[api.keys.his]", &format!("[api.keys.{name}]")));
        assert!(told.contains("are the program's own"), "{name}: {told}");
    }
    let told = problems(&COMPLETE.replace("may = [", "per_minute = 0\nmax_refund_fen = -1\nmay = ["));
    assert!(told.contains("per_minute") && told.contains("max_refund_fen"), "{told}");
}

const SQL_LEDGER: &str = r#"
[his.ledger]
source = "sql"
url = "mysql://reader:let-nobody-see@his-db/his"
query = "SELECT 1 WHERE :day = '2026-01-01'"
payment_words = ["S"]
refund_words = ["T"]
[api.keys.his]"#;

#[test]
fn a_ledger_comes_from_his_itself_unless_somebody_says_otherwise() {
    let settings = load(COMPLETE, &[]).and_then(Draft::finish).expect("complete settings");
    assert!(matches!(settings.his.ledger, LedgerSettings::Port));

    let text = COMPLETE.replace("[api.keys.his]", SQL_LEDGER);
    let draft = load(&text, &[("MINGFEN__HIS__LEDGER__TIMEOUT", "20min")]).expect("readable");
    let shown = format!("{:?}", draft.shown());
    let settings = draft.finish().expect("complete settings");
    let LedgerSettings::Sql(sql) = &settings.his.ledger else { panic!("{:?}", settings.his.ledger) };
    assert_eq!(sql.url.reveal(), "mysql://reader:let-nobody-see@his-db/his");
    assert_eq!((sql.timeout.as_secs(), sql.connect_timeout.as_secs()), (1_200, 10));
    assert_eq!((sql.payment_words.concat(), sql.refund_words.concat()), ("S".into(), "T".into()));
    for text in [shown, format!("{settings:?}")] {
        assert!(!text.contains("let-nobody-see"), "{text}");
    }
}

#[test]
fn a_ledger_file_has_a_place_for_its_day() {
    let file = "[his.ledger]\nsource = \"file\"\ndirectory = \"exports\"\nname = \"L{yyyymmdd}-{day}.csv\"\n[api.keys.his]";
    let directory = Directory::new();
    let path = directory.write("mingfen.toml", &COMPLETE.replace("[api.keys.his]", file));
    let sources = Sources { file: Some(path), environment: Vec::new() };
    let settings = Draft::load(&sources).and_then(Draft::finish).expect("complete settings");
    let LedgerSettings::File(file) = settings.his.ledger else { panic!("{:?}", settings.his.ledger) };
    assert_eq!(file.directory, directory.0.path().join("exports"));
    assert_eq!(file.name, "L{yyyymmdd}-{day}.csv");
    assert_eq!(file.layout_file, None);
}

#[test]
fn what_a_ledgers_source_needs_is_asked_for_and_nothing_else() {
    let told = |ledger: &str| {
        problems(&COMPLETE.replace("[api.keys.his]", &format!("[his.ledger]\n{ledger}\n[api.keys.his]")))
    };
    let sql = told("source = \"sql\"");
    assert!(sql.contains("2 settings need attention"), "{sql}");
    assert!(
        sql.contains("his.ledger.url is not set") && sql.contains("his.ledger.query is not set"),
        "{sql}"
    );
    let file = told("source = \"file\"\nname = \"a/b.csv\"");
    assert!(file.contains("his.ledger.directory is not set"), "{file}");
    assert!(file.contains("his.ledger.name is \"a/b.csv\"") && file.contains("{day}"), "{file}");
    assert!(told("source = \"view\"").contains("port or sql or file is wanted"));
    assert!(told("sorce = \"sql\"").contains("did you mean source?"));
    let oracle = told("source = \"sql\"\nquery = \"SELECT\"\nurl = \"oracle://user:hidden-word@db/his\"");
    assert!(oracle.contains("postgres://, mysql:// or sqlite: is wanted"), "{oracle}");
    assert!(!oracle.contains("hidden-word"), "{oracle}");
    let single =
        problems(&COMPLETE.replace("key_id = \"mingfen\"", "key_id = \"mingfen\"\nledger = \"sql\""));
    assert!(single.contains("a table is wanted: [his.ledger]"), "{single}");
    // Waiting for its source, a setting is no mistake.
    assert_eq!(told("url = \"mysql://his-db/his\"\nquery = \"SELECT\"\ndirectory = \"exports\""), "");
}

#[test]
fn unknown_sections_are_refused_with_a_proposal() {
    assert!(problems(&COMPLETE.replace("[routes]", "[route]")).contains("did you mean routes?"));
}

#[test]
fn a_secret_comes_from_a_file_beside_the_configuration() {
    let directory = Directory::new();
    directory.write("his.secret", "from a file\n");
    let text = COMPLETE.replace("secret = \"a secret that nobody may see\"", "secret_file = \"his.secret\"");
    let file = directory.write("mingfen.toml", &text);
    let draft = Draft::load(&Sources { file: Some(file), environment: Vec::new() }).expect("readable");
    let settings = draft.finish().expect("complete settings");
    assert_eq!(settings.his.secret.reveal(), "from a file");
}

#[test]
fn a_problem_of_a_value_from_a_file_names_the_file() {
    let directory = Directory::new();
    directory.write("his.secret", "from a file\n");
    let text = COMPLETE.replace("secret = \"a secret that nobody may see\"", "secret_file = \"his.secret\"");
    let file = directory.write("mingfen.toml", &text);
    let mut draft = Draft::load(&Sources { file: Some(file), environment: Vec::new() }).expect("readable");
    draft.add_problem("his.secret", "it does not suit");
    draft.add_problem("his.key_id", "it is nobody's");
    let told = draft.finish().expect_err("two problems").to_string();
    assert!(
        told.contains("his.secret_file (in ") && told.contains("\"his.secret\": it does not suit"),
        "{told}"
    );
    assert!(told.contains("his.key_id (in "), "{told}");
}

#[test]
fn a_secret_file_that_is_not_there_is_named() {
    let told =
        problems(&COMPLETE.replace("secret = \"a secret that nobody may see\"", "secret_file = \"gone\""));
    assert!(told.contains("his.secret_file") && told.contains("gone"), "{told}");
}

#[test]
fn secrets_appear_neither_in_debug_output_nor_in_what_is_shown() {
    let text = COMPLETE
        .replace("[routes]", "[database]\nurl = \"postgres://mingfen:top-secret@db/mingfen\"\n[routes]");
    let draft = load(&text, &[]).expect("readable");
    let shown = format!("{:?}", draft.shown());
    assert!(shown.contains("postgres://(hidden)@db/mingfen"), "{shown}");
    let debug = format!("{:?}", draft.finish().expect("complete settings"));
    for text in [shown, debug] {
        for secret in ["nobody may see", "0123456789abcdef", "top-secret", "AAECAwQF"] {
            assert!(!text.contains(secret), "{secret} is in {text}");
        }
    }
}

#[test]
fn a_file_that_is_not_toml_is_refused_by_line_without_quoting_it() {
    let told = problems("[his]\nsecret = \"never shown\nkey_id = 1\n");
    assert!(told.contains("line 2"), "{told}");
    assert!(!told.contains("never shown"), "{told}");
}

#[test]
fn each_setting_is_documented_and_each_documented_setting_is_read() {
    let draft = load(COMPLETE, &[]).expect("readable");
    let read: BTreeSet<String> =
        draft.known.iter().filter(|name| !is_file_form(name, &draft.known)).cloned().collect();
    let documented: BTreeSet<String> = reference::sections()
        .iter()
        .flat_map(|section| {
            section.settings.iter().map(|setting| format!("{}.{}", section.name, setting.key))
        })
        .collect();
    assert_eq!(read, documented);
    for section in reference::sections() {
        assert!(!section.about.is_empty(), "[{}] has no sentence", section.name);
        for setting in section.settings {
            assert!(setting.about.ends_with('.'), "{}.{} has no sentence", section.name, setting.key);
        }
    }
}

/// `secret_file` beside `secret`: documented once for all secrets.
fn is_file_form(name: &str, known: &[String]) -> bool {
    name.strip_suffix("_file").is_some_and(|value| known.iter().any(|other| other == value))
}

#[test]
fn the_reference_page_is_the_generated_one() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/settings.md");
    let written = fs::read_to_string(page).unwrap_or_default();
    assert!(written == reference::markdown(), "run `mingfen config reference > docs/settings.md`");
}
