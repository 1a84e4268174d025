//! A WeChat channel's table.
//!
//! ```toml
//! provider = "wechat"
//! mchid = "1900000001"
//! appid = "wx1111111111111111"
//! app_secret_file = "wechat/app_secret"                  # of the official account, for authorisation
//! api_v3_key_file = "wechat/api_v3_key"                  # 32 characters
//! merchant_serial = "3775B6A45ACD588826D15E583A95F5DD…"  # of apiclient_cert.pem
//! merchant_private_key_file = "wechat/apiclient_key.pem"
//! merchant_certificate_file = "wechat/apiclient_cert.pem" # may be left out; checked against the two before, and its end is told
//! public_key_id = "PUB_KEY_ID_0119000000012026…"         # public-key mode
//! public_key_file = "wechat/pub_key.pem"
//! platform_certificates = true                           # certificate mode; both during the move
//! ```

use super::Wechat;
use super::certs::{ApiV3Key, TrustAnchors};
use super::wire::Wire;
use crate::http::HttpClient;
use crate::keys::{self, Certificate, Signer, Verifier};
use crate::settings::SettingsReader;
use mingfen_provider_api::{BuildContext, ConfigError};
use std::sync::Arc;

const API: &str = "https://api.mch.weixin.qq.com";
const AUTHORISE: &str = "https://open.weixin.qq.com";
/// Signed once at start, to see whether a key and a certificate belong together.
const PROBE: &[u8] = b"do these two belong together?";
const TOKEN: &str = "https://api.weixin.qq.com";

/// Reads the table and builds the channel, or says everything that is wrong.
pub fn build(context: &BuildContext, table: &toml::Table) -> Result<Wechat, Vec<ConfigError>> {
    let mut settings = SettingsReader::new(table, &context.base_dir);
    let channel = channel(context, &mut settings);
    settings.finish(channel)
}

fn channel(context: &BuildContext, settings: &mut SettingsReader<'_>) -> Option<Wechat> {
    let mchid = settings.matching("mchid", "8 to 12 digits, for example 1900000001", |text| {
        (8..=12).contains(&text.len()) && is_digits(text)
    });
    let appid = settings.matching("appid", "wx and 16 letters or digits", |text| {
        text.len() == 18 && text.starts_with("wx") && text.bytes().all(|byte| byte.is_ascii_alphanumeric())
    });
    let app_secret = settings.secret("app_secret");
    let api_v3_key = api_v3_key(settings);
    let merchant_serial = settings.matching(
        "merchant_serial",
        "the certificate's serial number, 16 to 40 hexadecimal digits (usually 40)",
        |text| (16..=40).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_hexdigit()),
    );
    let signer = settings.private_key("merchant_private_key");
    let merchant_certificate = merchant_certificate(settings, merchant_serial.as_deref(), signer.as_ref());
    let anchors = anchors(settings);
    let api_base_url = settings.base_url("api_base_url", API);
    let spare_api_base_url = settings.optional_base_url("spare_api_base_url");
    let authorise_base_url = settings.base_url("authorise_base_url", AUTHORISE);
    let token_base_url = settings.base_url("token_base_url", TOKEN);
    let bill_base_url = settings.optional_base_url("bill_base_url");
    let http_settings = settings.http();

    // A simulator on this machine is paid from this machine.
    let simulated = api_base_url.as_ref().is_some_and(crate::http::BaseUrl::is_plain);
    let allow_private_payer_address = settings.flag("allow_private_payer_address", simulated);
    let (api_base_url, token_base_url) = (api_base_url?, token_base_url?);
    let (spare, bills) = (spare_api_base_url.as_ref(), bill_base_url.as_ref());
    let plain_only = [Some(&api_base_url), spare, Some(&token_base_url), bills]
        .into_iter()
        .flatten()
        .all(crate::http::BaseUrl::is_plain);
    let http = HttpClient::new(&http_settings, plain_only)
        .map_err(|problem| settings.refuse("ca_file", problem))
        .ok()?;
    Some(Wechat {
        channel: context.channel.clone(),
        appid: appid?,
        app_secret: app_secret?,
        authorise_base_url: authorise_base_url?,
        token_base_url,
        bill_base_url,
        allow_private_payer_address,
        merchant_certificate_ends: merchant_certificate.map(|certificate| certificate.not_after),
        wire: Wire {
            mchid: mchid?,
            merchant_serial: merchant_serial?.to_ascii_uppercase(),
            signer: signer?,
            api_v3_key: api_v3_key?,
            anchors: anchors?,
            api_base_url,
            spare_api_base_url,
            http,
            clock: Arc::clone(&context.clock),
            random: Arc::clone(&context.random),
            refreshed: tokio::sync::Mutex::new(None),
        },
    })
}

fn api_v3_key(settings: &mut SettingsReader<'_>) -> Option<ApiV3Key> {
    let text = settings.secret("api_v3_key")?;
    let length = text.expose().len();
    let key = if text.expose().is_ascii() { ApiV3Key::new(text.expose()) } else { None };
    if key.is_none() {
        settings.refuse(
            &settings.spelt("api_v3_key"),
            format!(
                "has {length} bytes; exactly 32 ASCII characters are wanted (not the APIv2 key, not Base64)"
            ),
        );
    }
    key
}

fn anchors(settings: &mut SettingsReader<'_>) -> Option<TrustAnchors> {
    let id = settings.optional_text("public_key_id");
    let key = public_key(settings);
    let downloads = settings.flag("platform_certificates", false);
    let authorities = settings.optional_certificates("platform_authorities").unwrap_or_default();
    let skew = settings.whole_number("clock_skew_seconds", 300, 1..=300);
    if let Some(id) = &id
        && !id.strip_prefix("PUB_KEY_ID_").is_some_and(is_digits)
    {
        settings.refuse("public_key_id", "is not PUB_KEY_ID_ and digits; copy it from the merchant portal");
    }
    let (has_id, has_key) = (settings.has("public_key_id"), settings.has("public_key"));
    if has_id != has_key {
        let (missing, there) =
            if has_id { ("public_key", "public_key_id") } else { ("public_key_id", "public_key") };
        settings.refuse(missing, format!("is missing; {there} is of no use without it"));
    }
    if !has_id && !has_key && !downloads {
        settings.refuse(
            "public_key_id",
            "is missing; give public_key_id and public_key, or platform_certificates = true, or all of them",
        );
        return None;
    }
    let public_key = id.zip(key);
    Some(TrustAnchors::new(public_key, downloads, authorities, skew))
}

/// `apiclient_cert.pem` is in the same download and has a public key inside, which proves nothing that WeChat says (section 9.3).
fn public_key(settings: &mut SettingsReader<'_>) -> Option<Verifier> {
    let text = settings.optional_secret("public_key")?;
    let field = settings.spelt("public_key");
    if keys::is_certificate(text.expose()) {
        settings.refuse(
            &field,
            "looks like a certificate; wanted is WeChat Pay's own public key (pub_key.pem). The merchant's certificate \
             cannot verify WeChat, and platform certificates are fetched: set platform_certificates = true",
        );
        return None;
    }
    keys::public_key(text.expose()).map_err(|problem| settings.refuse(&field, problem.to_string())).ok()
}

/// `apiclient_cert.pem` is not needed for any call. Given, it shows a serial number or a key of another download before WeChat
/// answers 401 to every call, and when it must be renewed.
fn merchant_certificate(
    settings: &mut SettingsReader<'_>,
    serial: Option<&str>,
    signer: Option<&Signer>,
) -> Option<Certificate> {
    let certificate = settings.optional_certificates("merchant_certificate")?.swap_remove(0);
    if let Some(serial) = serial
        && !certificate.serial_hex.eq_ignore_ascii_case(serial)
    {
        let problem =
            format!("is not the serial number of merchant_certificate, which is {}", certificate.serial_hex);
        settings.refuse("merchant_serial", problem);
    }
    if let Some(signer) = signer
        && !signer.sign(PROBE).is_some_and(|signature| certificate.verifier.verifies(PROBE, &signature))
    {
        let problem = "is not the key of merchant_certificate; both files come from one download";
        settings.refuse(&settings.spelt("merchant_private_key"), problem);
    }
    Some(certificate)
}

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::super::vectors;
    use mingfen_provider_api::Provider;

    #[test]
    fn everything_that_is_missing_is_said_at_once() {
        let problems: Vec<String> = vectors::build("provider = \"wechat\"")
            .err()
            .unwrap_or_default()
            .iter()
            .map(|problem| problem.field.clone())
            .collect();
        assert_eq!(
            problems,
            [
                "mchid",
                "appid",
                "app_secret",
                "api_v3_key",
                "merchant_serial",
                "merchant_private_key",
                "public_key_id"
            ]
        );
    }

    #[test]
    fn one_mode_or_both_are_accepted_and_half_a_mode_is_not() {
        let certificates = "platform_certificates = true\n";
        assert!(vectors::build(&vectors::table()).is_ok());
        assert!(vectors::build(&(vectors::merchant() + certificates)).is_ok());
        assert!(vectors::build(&(vectors::table() + certificates)).is_ok());
        assert!(vectors::build(&vectors::merchant()).is_err());
        assert!(vectors::build(&vectors::table().replace("public_key_id", "#")).is_err());
    }

    #[test]
    fn the_merchants_certificate_is_not_wechats_key() {
        let certificate = include_str!("../../testdata/keys/vector-certificate.pem");
        let table = format!(
            "{}public_key_id = \"PUB_KEY_ID_1\"\npublic_key = '''{certificate}'''\n",
            vectors::merchant()
        );
        let problems = vectors::build(&table).err().unwrap_or_default();
        assert_eq!(problems.len(), 1);
        assert!(
            problems[0].to_string().starts_with("public_key: looks like a certificate"),
            "{}",
            problems[0]
        );
    }

    #[test]
    fn a_certificate_is_known_by_what_it_is_and_not_by_its_first_line() {
        let certificate = include_str!("../../testdata/keys/vector-certificate.pem");
        let bare: String = certificate.lines().filter(|line| !line.starts_with('-')).collect();
        let table =
            format!("{}public_key_id = \"PUB_KEY_ID_1\"\npublic_key = '''{bare}'''\n", vectors::merchant());
        let problems = vectors::build(&table).err().unwrap_or_default();
        assert_eq!(problems.len(), 1, "{problems:?}");
        assert!(
            problems[0].to_string().starts_with("public_key: looks like a certificate"),
            "{}",
            problems[0]
        );
    }

    #[test]
    fn an_id_of_a_public_key_ends_in_digits() {
        for bad in ["PUB_KEY_ID_", "PUB_KEY_ID_12x", "PUB_KEY_01", "5157F09EFDC096DE15EBE81A47057A7232F1B8E1"]
        {
            let table = vectors::table().replace("PUB_KEY_ID_0114232134912410000000000000", bad);
            let problems = vectors::build(&table).err().unwrap_or_default();
            assert_eq!(problems.iter().map(|one| one.field.as_str()).collect::<Vec<_>>(), ["public_key_id"]);
        }
    }

    #[test]
    fn a_problem_with_a_file_names_the_setting_of_the_file() {
        let folder = std::env::temp_dir().join(format!("mingfen-wechat-{}", std::process::id()));
        std::fs::create_dir_all(&folder).expect("a folder");
        let write = |name: &str, text: &str| {
            let path = folder.join(name);
            std::fs::write(&path, text).expect("a file");
            path.display().to_string()
        };
        let key = write("api_v3_key", "too short");
        let certificate = write("pub_key.pem", include_str!("../../testdata/keys/vector-certificate.pem"));
        let inline = "api_v3_key = \"0123456789abcdef0123456789ABCDEF\"";
        let table = vectors::merchant().replace(inline, &format!("api_v3_key_file = '{key}'"))
            + &format!("public_key_id = \"PUB_KEY_ID_1\"\npublic_key_file = '{certificate}'\n");
        let problems = vectors::build(&table).err().unwrap_or_default();
        std::fs::remove_dir_all(&folder).expect("the folder goes");
        let fields: Vec<&str> = problems.iter().map(|problem| problem.field.as_str()).collect();
        assert_eq!(fields, ["api_v3_key_file", "public_key_file"]);
    }

    #[test]
    fn the_merchants_certificate_is_checked_and_its_end_is_told() {
        let pem = include_str!("../../testdata/keys/vector-certificate.pem");
        let certificate = crate::keys::certificates(pem).expect("a certificate").swap_remove(0);
        let table = format!("{}merchant_certificate = '''{pem}'''\n", vectors::table());
        let fields = |table: &str| -> Vec<String> {
            vectors::build(table).err().unwrap_or_default().into_iter().map(|problem| problem.field).collect()
        };
        let other_serial = table.replace(&certificate.serial_hex, "5157F09EFDC096DE15EBE81A47057A7232F1B8E2");
        assert_eq!(fields(&other_serial), ["merchant_serial"]);
        let other_key = rcgen::KeyPair::generate_for(&rcgen::PKCS_RSA_SHA256).expect("a key").serialize_pem();
        let own_key = include_str!("../../testdata/keys/vector-pkcs8.pem");
        assert_eq!(fields(&table.replace(own_key, &other_key)), ["merchant_private_key"]);
        let wechat = vectors::build(&table).unwrap_or_else(|problems| panic!("{problems:?}"));
        let expiries = wechat.upkeep().expect("something that ends").expiries();
        assert_eq!(expiries, [("merchant certificate".to_owned(), certificate.not_after)]);
    }

    #[test]
    fn no_problem_prints_a_secret() {
        let table =
            vectors::table().replace("0123456789abcdef0123456789ABCDEF", "0123456789abcdef-too-short");
        let problems = vectors::build(&table).err().unwrap_or_default();
        assert_eq!(problems.len(), 1);
        assert!(!problems[0].to_string().contains("0123456789abcdef"), "{}", problems[0]);
    }
}
