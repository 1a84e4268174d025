//! The keys that prove WeChat's word: public keys fetched by a person, platform certificates fetched by us, or both at once
//! while a merchant moves from the one to the other.
//!
//! # Source
//! Sections 1.4, 1.5, 1.6 and 1.8.

use super::{Wechat, sign};
use crate::keys::{Certificate, Verifier};
use async_trait::async_trait;
use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use mingfen_domain::Timestamp;
use mingfen_provider_api::{CallError, NotVerified, Upkeep};
use serde::Deserialize;
use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};

/// The APIv3 key: opens what WeChat encrypts for this merchant.
pub struct ApiV3Key(LessSafeKey);

impl ApiV3Key {
    /// Takes the 32 characters of the key as they are.
    pub fn new(text: &str) -> Option<Self> {
        UnboundKey::new(&AES_256_GCM, text.as_bytes()).ok().map(|key| Self(LessSafeKey::new(key)))
    }

    /// Opens an encrypted resource (AEAD_AES_256_GCM).
    ///
    /// # Errors
    /// What is wrong with it; nothing of the content.
    pub fn open(&self, resource: &Encrypted<'_>) -> Result<Vec<u8>, &'static str> {
        if resource.algorithm != "AEAD_AES_256_GCM" {
            return Err("is encrypted with an algorithm that we do not know");
        }
        let nonce = Nonce::try_assume_unique_for_key(resource.nonce.as_bytes())
            .map_err(|_| "has a nonce that is not 12 characters long")?;
        let mut bytes = STANDARD
            .decode(resource.ciphertext.as_bytes())
            .map_err(|_| "has a ciphertext that is not Base64")?;
        let length = self
            .0
            .open_in_place(nonce, Aad::from(resource.associated_data.as_bytes()), &mut bytes)
            .map_err(|_| "cannot be decrypted; is api_v3_key the current one?")?
            .len();
        bytes.truncate(length);
        Ok(bytes)
    }
}

/// Section 1.8, as notifications and certificates hold it.
#[derive(Deserialize)]
pub struct Encrypted<'a> {
    /// What is inside; notifications say it, certificates do not.
    #[serde(default, borrow)]
    pub original_type: Option<Cow<'a, str>>,
    #[serde(borrow)]
    algorithm: Cow<'a, str>,
    #[serde(borrow)]
    nonce: Cow<'a, str>,
    #[serde(default, borrow)]
    associated_data: Cow<'a, str>,
    #[serde(borrow)]
    ciphertext: Cow<'a, str>,
}

/// The four signature headers of an answer or a notification.
pub struct SignedHeaders<'a> {
    pub timestamp: &'a str,
    pub nonce: &'a str,
    pub signature: &'a str,
    pub serial: &'a str,
}

impl<'a> SignedHeaders<'a> {
    /// Collects them by `lookup`; `None` when one is missing.
    pub fn collect(lookup: impl Fn(&str) -> Option<&'a str>) -> Option<Self> {
        Some(Self {
            timestamp: lookup("wechatpay-timestamp")?,
            nonce: lookup("wechatpay-nonce")?,
            signature: lookup("wechatpay-signature")?,
            serial: lookup("wechatpay-serial")?,
        })
    }
}

/// Every key that may sign for WeChat at this moment.
pub struct TrustAnchors {
    /// The public key in use, by its id; also asked for in requests.
    public_key: Option<(String, Verifier)>,
    /// `None` when this merchant does not use platform certificates.
    platform: Option<RwLock<Arc<HashMap<String, Certificate>>>>,
    /// When given, only certificates that one of these signed are accepted.
    authorities: Vec<Certificate>,
    skew_seconds: i64,
}

impl TrustAnchors {
    pub fn new(
        public_key: Option<(String, Verifier)>,
        downloads: bool,
        authorities: Vec<Certificate>,
        skew_seconds: i64,
    ) -> Self {
        let platform = downloads.then(RwLock::default);
        Self { public_key, platform, authorities, skew_seconds }
    }

    /// Whether platform certificates are fetched.
    pub const fn downloads(&self) -> bool {
        self.platform.is_some()
    }

    /// Whether there is nothing yet that could prove an answer.
    pub fn is_empty(&self) -> bool {
        self.public_key.is_none() && self.certificates().is_empty()
    }

    /// The id to name in requests, so that answers are signed with the public key.
    pub fn public_key_id(&self) -> Option<&str> {
        self.public_key.as_ref().map(|(id, _)| id.as_str())
    }

    /// The platform certificates at hand.
    pub fn certificates(&self) -> Arc<HashMap<String, Certificate>> {
        match &self.platform {
            Some(lock) => Arc::clone(&lock.read().unwrap_or_else(PoisonError::into_inner)),
            None => Arc::default(),
        }
    }

    /// Proves that WeChat signed `body` just now.
    ///
    /// Probes, whose signature begins with `WECHATPAY/SIGNTEST/`, are wrong signatures like any other.
    ///
    /// # Errors
    /// [`NotVerified`], without `OtherMerchant`.
    pub fn verify(
        &self,
        headers: &SignedHeaders<'_>,
        body: &[u8],
        now: Timestamp,
    ) -> Result<(), NotVerified> {
        self.verify_with(headers, body, now, &self.certificates())
    }

    /// Reads the answer of `GET /v3/certificates`, proves it and takes its certificates in place of the old ones.
    ///
    /// The first answer can only be proven with a certificate that it brings itself. What makes that sound is the APIv3 key:
    /// only WeChat can encrypt with it.
    ///
    /// # Errors
    /// In words; the old certificates stay.
    pub fn replace(
        &self,
        key: &ApiV3Key,
        headers: &SignedHeaders<'_>,
        body: &[u8],
        now: Timestamp,
    ) -> Result<usize, String> {
        let Some(lock) = &self.platform else {
            return Err("this channel does not use platform certificates".to_owned());
        };
        let fresh = self.read_download(key, body, now)?;
        let mut known = (*self.certificates()).clone();
        known.extend(fresh.iter().map(|(serial, certificate)| (serial.clone(), certificate.clone())));
        self.verify_with(headers, body, now, &known).map_err(|error| error.to_string())?;
        let count = fresh.len();
        *lock.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(fresh);
        Ok(count)
    }

    fn read_download(
        &self,
        key: &ApiV3Key,
        body: &[u8],
        now: Timestamp,
    ) -> Result<HashMap<String, Certificate>, String> {
        let download: Download<'_> =
            serde_json::from_slice(body).map_err(|error| format!("the list of certificates: {error}"))?;
        let mut fresh = HashMap::new();
        for item in download.data {
            let serial = item.serial_no.to_ascii_uppercase();
            let about = |problem: String| format!("platform certificate {serial} {problem}");
            let pem = key.open(&item.encrypt_certificate).map_err(|problem| about(problem.to_owned()))?;
            let pem = std::str::from_utf8(&pem).map_err(|_| about("is not text".to_owned()))?;
            let certificate =
                crate::keys::certificates(pem).map_err(|problem| about(problem.to_string()))?.swap_remove(0);
            if certificate.serial_hex != serial {
                return Err(about(format!("has serial number {} inside", certificate.serial_hex)));
            }
            let by_authority = self.authorities.is_empty()
                || self.authorities.iter().any(|authority| certificate.is_signed_by(authority));
            if !by_authority {
                return Err(about("is not signed by an authority of platform_authorities".to_owned()));
            }
            // During rotation the next certificate is listed before its time; an expired one is of no use.
            if now <= certificate.not_after {
                fresh.insert(serial, certificate);
            }
        }
        if fresh.is_empty() { Err("no platform certificate is valid today".to_owned()) } else { Ok(fresh) }
    }

    fn verify_with(
        &self,
        headers: &SignedHeaders<'_>,
        body: &[u8],
        now: Timestamp,
        certificates: &HashMap<String, Certificate>,
    ) -> Result<(), NotVerified> {
        let seconds: i64 = headers
            .timestamp
            .parse()
            .map_err(|_| NotVerified::Malformed("Wechatpay-Timestamp is not a number".to_owned()))?;
        let away = seconds.saturating_sub(now.seconds());
        if away.saturating_abs() >= self.skew_seconds {
            return Err(NotVerified::WrongTime(away));
        }
        let verifier = match &self.public_key {
            Some((id, verifier)) if id == headers.serial => verifier,
            _ => certificates
                .get(headers.serial)
                .filter(|certificate| now <= certificate.not_after)
                .map(|certificate| &certificate.verifier)
                .ok_or_else(|| NotVerified::UnknownKey(crate::text::cut(headers.serial, 64).into_owned()))?,
        };
        let message = sign::answer_message(headers.timestamp, headers.nonce, body);
        if verifier.verifies(&message, headers.signature) { Ok(()) } else { Err(NotVerified::WrongSignature) }
    }
}

#[async_trait]
impl Upkeep for Wechat {
    async fn refresh(&self) -> Result<(), CallError> {
        if self.wire.anchors.downloads() { self.wire.refresh().await } else { Ok(()) }
    }

    async fn refresh_for_unknown_key(&self) -> Result<(), CallError> {
        if self.wire.anchors.downloads() { self.wire.refresh_at_most_every_minute().await } else { Ok(()) }
    }

    fn expiries(&self) -> Vec<(String, Timestamp)> {
        let mut expiries: Vec<(String, Timestamp)> = self
            .wire
            .anchors
            .certificates()
            .iter()
            .map(|(serial, certificate)| (format!("platform certificate {serial}"), certificate.not_after))
            .chain(self.merchant_certificate_ends.map(|end| ("merchant certificate".to_owned(), end)))
            .collect();
        expiries.sort_by_key(|&(_, expiry)| expiry);
        expiries
    }
}

impl fmt::Debug for TrustAnchors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TrustAnchors({:?}, {} certificates)", self.public_key_id(), self.certificates().len())
    }
}

#[derive(Deserialize)]
struct Download<'a> {
    #[serde(borrow)]
    data: Vec<DownloadItem<'a>>,
}

#[derive(Deserialize)]
struct DownloadItem<'a> {
    serial_no: String,
    #[serde(borrow)]
    encrypt_certificate: Encrypted<'a>,
}
