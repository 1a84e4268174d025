//! Alipay changes its certificate by naming a new one: it is fetched when it is first named.
//!
//! # Source
//! protocols/alipay.md section 3, `alipay.open.app.alipaycert.download`.

use super::Alipay;
use super::call::Call;
use super::certs::{Certificates, SerialNumber, Trust};
use super::error::{Failure, Kind, Verdict};
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

    /// A notification names a certificate at most once a minute, and one that failed not again within the hour.
    async fn refresh_for_unknown_key(&self) -> Result<(), CallError> {
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
    /// Fetches the certificate that a notification named and we do not hold; nothing when there is none.
    async fn fetch_wanted_certificate(&self) -> Result<(), Failure> {
        let Trust::Certificates(certificates) = &self.trust else { return Ok(()) };
        match certificates.take_wanted() {
            Some(wanted) => self.fetch_certificate(certificates, &wanted).await,
            None => Ok(()),
        }
    }

    /// Fetches the certificate that an answer named and we do not hold, unless that was done just now.
    pub(super) async fn fetch_named_certificate(&self, named: &SerialNumber) -> Result<(), Failure> {
        let Trust::Certificates(certificates) = &self.trust else { return Ok(()) };
        if certificates.is_to_be_fetched(named, self.clock.now()) {
            self.fetch_certificate(certificates, named).await
        } else {
            Ok(())
        }
    }

    /// The answer cannot be verified with the very certificate that it brings, so what it brings must prove itself. A
    /// serial that is refused or disproved is remembered; one whose call got no answer is not.
    async fn fetch_certificate(
        &self,
        certificates: &Certificates,
        wanted: &SerialNumber,
    ) -> Result<(), Failure> {
        let content = DownloadContent { alipay_cert_sn: wanted.to_string() };
        let call = Call::new("alipay.open.app.alipaycert.download", Kind::Plain, &content)?;
        let answer: DownloadAnswer = match self.ask_unproven(&call).await {
            Ok(answer) => answer,
            Err(failure) => {
                if failure.verdict == Verdict::Refused {
                    certificates.note_failed(wanted.clone(), self.clock.now());
                }
                return Err(failure);
            }
        };
        let fetched = STANDARD
            .decode(answer.alipay_cert_content.trim())
            .ok()
            .and_then(|bytes| String::from_utf8(bytes).ok())
            .and_then(|pem| keys::certificates(&pem).ok())
            .ok_or_else(|| "alipay_cert_content holds no readable certificate".to_owned());
        fetched.and_then(|fetched| certificates.add(wanted, &fetched, self.clock.now())).map_err(|problem| {
            certificates.note_failed(wanted.clone(), self.clock.now());
            Failure::in_doubt(format!("the certificate {wanted} is not believed: {problem}"))
        })
    }
}
