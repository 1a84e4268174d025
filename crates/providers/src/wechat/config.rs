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
//! public_key_id = "PUB_KEY_ID_0119000000012026…"         # public-key mode
//! public_key_file = "wechat/pub_key.pem"
//! platform_certificates = true                           # certificate mode; both during the move
//! ```

use super::Wechat;
use super::certs::{ApiV3Key, TrustAnchors};
use super::wire::Wire;
use crate::http::HttpClient;
use crate::keys::{self, Verifier};
use crate::settings::SettingsReader;
use mingfen_provider_api::{BuildContext, ConfigError};
use std::sync::Arc;

const API: &str = "https://api.mch.weixin.qq.com";
const AUTHORISE: &str = "https://open.weixin.qq.com";
const TOKEN: &str = "https://api.weixin.qq.com";

/// Reads the table and builds the channel, or says everything that is wrong.
pub fn build(context: &BuildContext, table: &toml::Table) -> Result<Wechat, Vec<ConfigError>> {
    let mut settings = SettingsReader::new(table, &context.base_dir);
    let channel = channel(context, &mut settings);
    settings.finish(channel)
}

fn channel(context: &BuildContext, settings: &mut SettingsReader<'_>) -> Option<Wechat> {
    let mchid = settings.matching("mchid", "8 to 12 digits, for example 1900000001", |text| {
        (8..=12).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit())
    });
    let appid = settings.matching("appid", "wx and 16 letters or digits", |text| {
        text.len() == 18 && text.starts_with("wx") && text.bytes().all(|byte| byte.is_ascii_alphanumeric())
    });
    let app_secret = settings.secret("app_secret");
    let api_v3_key = api_v3_key(settings);
    let merchant_serial = settings.matching(
        "merchant_serial",
        "the certificate's serial number, 40 hexadecimal digits",
        |text| (16..=40).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_hexdigit()),
    );
    let signer = settings.private_key("merchant_private_key");
    let anchors = anchors(settings);
    let api_base_url = settings.base_url("api_base_url", API);
    let authorise_base_url = settings.base_url("authorise_base_url", AUTHORISE);
    let token_base_url = settings.base_url("token_base_url", TOKEN);
    let bill_base_url = settings.optional_base_url("bill_base_url");
    let http_settings = settings.http();

    // A simulator on this machine is paid from this machine.
    let simulated = api_base_url.as_ref().is_some_and(crate::http::BaseUrl::is_plain);
    let allow_private_payer_address = settings.flag("allow_private_payer_address", simulated);
    let (api_base_url, token_base_url) = (api_base_url?, token_base_url?);
    let plain_only = [Some(&api_base_url), Some(&token_base_url), bill_base_url.as_ref()]
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
        wire: Wire {
            mchid: mchid?,
            merchant_serial: merchant_serial?.to_ascii_uppercase(),
            signer: signer?,
            api_v3_key: api_v3_key?,
            anchors: anchors?,
            api_base_url,
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
            "api_v3_key",
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
        && !(id.starts_with("PUB_KEY_ID_") && id.len() > 11)
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
    if text.expose().contains("BEGIN CERTIFICATE") {
        settings.refuse(
            "public_key",
            "looks like a certificate; wanted is WeChat Pay's own public key (pub_key.pem). The merchant's certificate \
             cannot verify WeChat, and platform certificates are fetched: set platform_certificates = true",
        );
        return None;
    }
    keys::public_key(text.expose()).map_err(|problem| settings.refuse("public_key", problem.to_string())).ok()
}

#[cfg(test)]
mod tests {
    use super::super::vectors;

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
    fn no_problem_prints_a_secret() {
        let table =
            vectors::table().replace("0123456789abcdef0123456789ABCDEF", "0123456789abcdef-too-short");
        let problems = vectors::build(&table).err().unwrap_or_default();
        assert_eq!(problems.len(), 1);
        assert!(!problems[0].to_string().contains("0123456789abcdef"), "{}", problems[0]);
    }
}
