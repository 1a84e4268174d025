//! Alipay changes its certificate by naming a new one: it is fetched when it is first named.
//!
//! # Source
//! protocols/alipay.md section 3, `alipay.open.app.alipaycert.download`.

use super::Alipay;
use super::call::Call;
use super::certs::Trust;
use super::error::{Failure, Kind};
use crate::keys;
use async_trait::async_trait;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use mingfen_domain::Timestamp;
use mingfen_provider_api::{CallError, Upkeep};
use serde::{Deserialize, Serialize};

#[derive(Serialize)]
struct DownloadContent {
    alipay_cert_sn: String,
}

#[derive(Deserialize)]
struct DownloadAnswer {
    /// Base64 of a PEM text.
    alipay_cert_content: String,
}

#[async_trait]
impl Upkeep for Alipay {
    async fn refresh(&self) -> Result<(), CallError> {
        Ok(self.fetch_wanted_certificate().await?)
    }

    fn expiries(&self) -> Vec<(String, Timestamp)> {
        match &self.trust {
            Trust::PublicKey(_) => Vec::new(),
            Trust::Certificates(certificates) => certificates.expiries(),
        }
    }
}

impl Alipay {
    /// Fetches the certificate that a message named and we do not hold; nothing when there is none.
    ///
    /// The answer cannot be verified with the very certificate that it brings, so what it brings must prove itself.
    pub(super) async fn fetch_wanted_certificate(&self) -> Result<(), Failure> {
        let Trust::Certificates(certificates) = &self.trust else { return Ok(()) };
        let Some(wanted) = certificates.take_wanted() else { return Ok(()) };
        let content = DownloadContent { alipay_cert_sn: wanted.to_string() };
        let call = Call::new("alipay.open.app.alipaycert.download", Kind::Plain, &content)?;
        let answer: DownloadAnswer = self.ask_unproven(&call).await?;
        let fetched = STANDARD
            .decode(answer.alipay_cert_content.trim())
            .ok()
            .and_then(|bytes| String::from_utf8(bytes).ok())
            .and_then(|pem| keys::certificates(&pem).ok())
            .ok_or_else(|| Failure::in_doubt("alipay_cert_content holds no readable certificate"))?;
        certificates.add(&wanted, &fetched, self.clock.now()).map_err(|problem| {
            Failure::in_doubt(format!("the certificate {wanted} is not believed: {problem}"))
        })
    }
}
