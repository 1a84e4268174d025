//! A channel's table: every mistake is said at once, and by what it is.

use super::*;

fn errors(table: &toml::Table) -> Vec<String> {
    match config::read(&context(), table) {
        Ok(_) => Vec::new(),
        Err(errors) => errors.iter().map(ToString::to_string).collect(),
    }
}

fn check(change: impl FnOnce(&mut toml::Table), expected: &[&str]) {
    let mut table = table("http://127.0.0.1:1", "");
    change(&mut table);
    let found = errors(&table);
    assert_eq!(found.len(), expected.len(), "{found:?}");
    for (found, expected) in found.iter().zip(expected) {
        assert!(found.contains(expected), "{found} / {expected}");
        assert!(!found.contains(&APP.private[100..140]), "a secret is printed");
    }
}

fn set(table: &mut toml::Table, name: &str, value: &str) {
    table.insert(name.to_owned(), toml::Value::String(value.to_owned()));
}

#[test]
fn a_right_table_builds_a_channel() {
    check(|_| (), &[]);
    let channel = channel("http://127.0.0.1:1");
    assert_eq!(channel.identity(), "app_id 2021000100000001, seller_id 2088100000000001, public-key mode");
    assert!(channel.upkeep().is_none());
}

#[test]
fn the_production_addresses_are_the_default() {
    let mut table = table("http://127.0.0.1:1", "");
    table.remove("gateway_url");
    table.remove("bill_base_url");
    // Any certificate will do: the test must not depend on the machine's authorities.
    let authority = rcgen::generate_simple_self_signed(["authority.example".to_owned()]).unwrap().cert.pem();
    let ca_file = std::env::temp_dir().join(format!("mingfen-alipay-{}.pem", std::process::id()));
    std::fs::write(&ca_file, authority).unwrap();
    set(&mut table, "ca_file", ca_file.to_str().unwrap());
    let channel = config::read(&context(), &table).unwrap_or_else(|errors| panic!("{errors:?}"));
    std::fs::remove_file(&ca_file).unwrap();
    assert_eq!(channel.gateway_url.to_string(), "https://openapi.alipay.com/gateway.do");
    assert_eq!(
        channel.authorise_url.to_string(),
        "https://openauth.alipay.com/oauth2/publicAppAuthorize.htm"
    );
    assert!(!channel.download_places.is_plain_only(), "bills come from where Alipay says");
    let request =
        order(mingfen_provider_api::PayerScene::MobileBrowser { client_ip: "203.0.113.7".to_owned() });
    let Presentation::Redirect { url } = channel.present(&request, "wap", NOW).unwrap() else {
        panic!("no redirect")
    };
    assert!(url.starts_with("https://openapi.alipay.com/gateway.do?"), "{url}");
}

#[test]
fn everything_wrong_is_said_at_once() {
    check(
        |table| {
            set(table, "app_id", "wx123");
            set(table, "seller_id", "1088100000000001");
            set(table, "gateway_url", "http://openapi.alipay.com/gateway.do");
            set(table, "precreate_product_code", "X");
            set(table, "bill_hosts", "https://x");
            set(table, "apikey", "1");
        },
        &[
            "app_id: has 5 characters and is not an application id",
            "seller_id: has 16 characters and is not a merchant id",
            "gateway_url: is plain http",
            "precreate_product_code: is none of QR_CODE_OFFLINE, FACE_TO_FACE_PAYMENT",
            "bill_hosts: \"https://x\" is no host",
            "apikey: is not a setting of this provider",
        ],
    );
}

#[test]
fn the_own_public_key_is_not_taken_for_alipays() {
    check(
        |table| set(table, "alipay_public_key", &APP.public),
        &["alipay_public_key: is the public half of app_private_key"],
    );
    check(
        |table| set(table, "app_private_key", &ALIPAY.public),
        &["app_private_key: looks like an RSA public key"],
    );
}

#[test]
fn the_mode_is_told_by_what_is_there() {
    check(
        |table| {
            table.remove("alipay_public_key");
        },
        &["alipay_public_key: is missing; give it (public-key mode) or app_cert"],
    );
    check(
        |table| set(table, "app_cert_file", "app.crt"),
        &[
            "alipay_public_key: stands beside certificates",
            "alipay_cert: is missing",
            "alipay_root_cert: is missing",
            "app_cert_file: /nowhere/app.crt cannot be read",
        ],
    );
}
