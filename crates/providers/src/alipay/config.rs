//! A channel's table.
//!
//! ```toml
//! provider = "alipay"
//! app_id = "2021000100000001"
//! seller_id = "2088100000000001"              # the collecting PID
//! app_private_key_file = "keys/app.pem"
//! alipay_public_key_file = "keys/alipay.pem"  # public-key mode, or, for certificate mode:
//! # app_cert_file = "appCertPublicKey_2021000100000001.crt"
//! # alipay_cert_file = "alipayCertPublicKey_RSA2.crt"
//! # alipay_root_cert_file = "alipayRootCert.crt"
//! ```

use super::Alipay;
use super::certs::{Certificates, Trust};
use super::statement::DownloadPlaces;
use super::x509;
use crate::http::HttpClient;
use crate::keys::{Signer, Verifier};
use crate::settings::SettingsReader;
use mingfen_provider_api::{BuildContext, ConfigError, Provider};
use std::sync::Arc;

const GATEWAY: &str = "https://openapi.alipay.com/gateway.do";
const AUTHORISE: &str = "https://openauth.alipay.com/oauth2/publicAppAuthorize.htm";
const PRODUCT_CODES: &[&str] = &["QR_CODE_OFFLINE", "FACE_TO_FACE_PAYMENT"];
const CERTIFICATE_FIELDS: &[&str] = &["app_cert", "alipay_cert", "alipay_root_cert"];

/// Builds a channel, or says everything that is wrong with its table.
pub(super) fn build(
    context: &BuildContext,
    table: &toml::Table,
) -> Result<Arc<dyn Provider>, Vec<ConfigError>> {
    let adapter: Arc<dyn Provider> = Arc::new(read(context, table)?);
    Ok(adapter)
}

pub(super) fn read(context: &BuildContext, table: &toml::Table) -> Result<Alipay, Vec<ConfigError>> {
    let mut settings = SettingsReader::new(table, &context.base_dir);
    let app_id = settings.matching("app_id", "an application id of 16 digits, as 2021000100000001", |text| {
        text.len() == 16 && is_number(text)
    });
    let seller_id =
        settings.matching("seller_id", "a merchant id (PID) of 16 digits, as 2088100000000001", |text| {
            text.len() == 16 && text.starts_with("2088") && is_number(text)
        });
    let signer = settings.private_key("app_private_key");
    let trust = trust(&mut settings, signer.as_ref());
    let gateway_url = settings.base_url("gateway_url", GATEWAY);
    let authorise_url = settings.base_url("authorise_url", AUTHORISE);
    let precreate_product_code = product_code(&mut settings);
    let download_places = download_places(&mut settings);
    let http_settings = settings.http();
    let plain_only = gateway_url.as_ref().is_some_and(crate::http::BaseUrl::is_plain)
        && download_places.as_ref().is_some_and(DownloadPlaces::is_plain_only);
    let http = HttpClient::new(&http_settings, plain_only)
        .map_err(|problem| settings.refuse("ca_file", problem))
        .ok();
    let built = (|| {
        Some(Alipay {
            channel: context.channel.clone(),
            app_id: app_id?,
            seller_id: seller_id?,
            signer: signer?,
            trust: trust?,
            gateway_url: gateway_url?,
            authorise_url: authorise_url?,
            precreate_product_code,
            download_places: download_places?,
            http: http?,
            clock: Arc::clone(&context.clock),
        })
    })();
    settings.finish(built)
}

fn trust(settings: &mut SettingsReader<'_>, signer: Option<&Signer>) -> Option<Trust> {
    let by_certificates = CERTIFICATE_FIELDS.iter().any(|field| settings.has(field));
    match (settings.has("alipay_public_key"), by_certificates) {
        (true, false) => public_key(settings, signer),
        (false, true) => certificates(settings, signer),
        (true, true) => {
            settings.refuse(
                "alipay_public_key",
                "stands beside certificates; keep either it (public-key mode) or app_cert, alipay_cert and \
                 alipay_root_cert (certificate mode)",
            );
            // Read all the same, so that their own mistakes are said too.
            public_key(settings, signer);
            certificates(settings, signer);
            None
        }
        (false, false) => {
            settings.refuse(
                "alipay_public_key",
                "is missing; give it (public-key mode) or app_cert, alipay_cert and alipay_root_cert (certificate mode)",
            );
            None
        }
    }
}

fn public_key(settings: &mut SettingsReader<'_>, signer: Option<&Signer>) -> Option<Trust> {
    let verifier = settings.optional_public_key("alipay_public_key")?;
    if signer.is_some_and(|signer| is_half_of(&verifier, signer)) {
        settings.refuse(
            "alipay_public_key",
            "is the public half of app_private_key; wanted is Alipay's own key (支付宝公钥), which the console shows after \
             the application's public key was uploaded",
        );
        return None;
    }
    Some(Trust::PublicKey(Arc::new(verifier)))
}

fn certificates(settings: &mut SettingsReader<'_>, signer: Option<&Signer>) -> Option<Trust> {
    for field in CERTIFICATE_FIELDS {
        if !settings.has(field) {
            settings.refuse(
                field,
                format!("is missing; certificate mode needs all of {}", CERTIFICATE_FIELDS.join(", ")),
            );
        }
    }
    let app = settings.optional_certificates("app_cert");
    let alipay = settings.optional_certificates("alipay_cert");
    let roots = settings.optional_secret("alipay_root_cert").and_then(|text| {
        x509::roots(text.expose())
            .map_err(|problem| settings.refuse("alipay_root_cert", problem.to_string()))
            .ok()
    });
    let (app, alipay, roots) = (app?, alipay?, roots?);
    if let (Some(signer), Some(app)) = (signer, app.first())
        && !is_half_of(&app.verifier, signer)
    {
        settings
            .refuse("app_cert", "does not belong to app_private_key; both come from one certificate request");
        return None;
    }
    Certificates::new(&app, &alipay, roots)
        .map(|certificates| Trust::Certificates(Box::new(certificates)))
        .map_err(|(field, problem)| settings.refuse(field, problem))
        .ok()
}

fn is_half_of(verifier: &Verifier, signer: &Signer) -> bool {
    let text = b"which key is this?";
    signer.sign(text).is_some_and(|signature| verifier.verifies(text, &signature))
}

fn product_code(settings: &mut SettingsReader<'_>) -> String {
    let code =
        settings.optional_text("precreate_product_code").unwrap_or_else(|| PRODUCT_CODES[0].to_owned());
    if !PRODUCT_CODES.contains(&code.as_str()) {
        settings.refuse("precreate_product_code", format!("is none of {}", PRODUCT_CODES.join(", ")));
    }
    code
}

fn download_places(settings: &mut SettingsReader<'_>) -> Option<DownloadPlaces> {
    let hosts = settings.optional_text("bill_hosts").unwrap_or_else(|| "*.alipay.com".to_owned());
    let override_by = settings.optional_base_url("bill_base_url");
    DownloadPlaces::new(&hosts, override_by).map_err(|problem| settings.refuse("bill_hosts", problem)).ok()
}

fn is_number(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit())
}
