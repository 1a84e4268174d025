//! A merchant as the portal knows it: credentials, trust anchors and their rotation, settings that people click.
//!
//! # Source
//! WeChat Pay API v3 reference, sections 0 (credentials) and 1.5 (trust anchor modes).

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::certificate::{self, Certificate};
use super::{MerchantSettings, SetUpError};
use crate::clock::{DAY_MS, SECOND_MS};
use crate::keys::{self, RsaKey};

/// 2025-07-01T00:00:00+08:00.
const IN_USE_SINCE_MS: i64 = 1_751_299_200_000;

/// By what a merchant verifies WeChat Pay.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Trust {
    /// Only the WeChat Pay public key; there are no platform certificates to download.
    PublicKey,
    /// Only platform certificates.
    PlatformCertificate,
    /// The switch from one to the other: answers follow the request, notifications come signed by either.
    Both {
        /// Chances in a hundred that a notification is signed by the public key.
        notify_by_public_key_percent: u32,
    },
}

/// How the merchant's own certificate stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// Good.
    Valid,
    /// Its time is over.
    Expired,
    /// Withdrawn.
    Revoked,
    /// Another one took its place.
    Replaced,
}

/// A key that is made when it is first needed, under a serial that is known before.
#[derive(Debug, Clone)]
pub struct NamedKey {
    /// Certificate serial or public-key id.
    pub serial: String,
    source: KeySource,
}

#[derive(Debug, Clone)]
enum KeySource {
    Seeded(u64, String),
    Given(Arc<RsaKey>),
}

impl NamedKey {
    /// The key pair.
    pub fn key(&self) -> Arc<RsaKey> {
        match &self.source {
            KeySource::Seeded(seed, label) => keys::rsa_2048(*seed, label),
            KeySource::Given(key) => key.clone(),
        }
    }
}

/// A platform certificate with its time.
#[derive(Debug, Clone)]
pub struct PlatformCertificate {
    /// Serial and key.
    pub named: NamedKey,
    /// From when it is used.
    pub effective_ms: i64,
    /// Until when it is good.
    pub expires_ms: i64,
}

impl PlatformCertificate {
    /// The certificate itself.
    pub fn pem(&self) -> String {
        certificate::issue(&Certificate {
            serial: &self.named.serial,
            common_name: "Tenpay.com sign",
            key: &self.named.key(),
            effective_ms: self.effective_ms,
            expires_ms: self.expires_ms,
        })
    }
}

/// What the portal can change.
#[derive(Debug, Clone)]
pub(crate) struct Portal {
    pub(crate) trust: Trust,
    pub(crate) certificates: Vec<(NamedKey, Standing)>,
    pub(crate) public_key: NamedKey,
    pub(crate) platform: Vec<PlatformCertificate>,
    pub(crate) api_v3_key: Option<String>,
    pub(crate) balance_fen: i64,
    /// Hundredths of a percent, of what is paid from now on.
    pub(crate) fee_basis_points: i64,
    /// What the account would have begun with, had control never changed it; fund-flow bills count from here.
    pub(crate) opening_fen: i64,
}

/// A merchant.
#[derive(Debug)]
pub struct Merchant {
    /// Ten digits.
    pub mchid: String,
    /// The official account bound to it.
    pub appid: String,
    /// The official account's secret.
    pub app_secret: String,
    /// Shown on the pay sheet.
    pub name: String,
    h5_domains: Vec<String>,
    seed: u64,
    portal: Mutex<Portal>,
}

/// Everything that a merchant takes from the portal into its configuration.
#[derive(Clone, Serialize)]
pub struct WechatCredentials {
    /// Ten digits.
    pub mchid: String,
    /// Shown on the pay sheet.
    pub merchant_name: String,
    /// The official account.
    pub appid: String,
    /// Its secret.
    pub app_secret: String,
    /// 32 characters.
    pub api_v3_key: String,
    /// Serial of the merchant's certificate.
    pub merchant_serial: String,
    /// PKCS#8 PEM.
    pub merchant_private_key_pem: String,
    /// `apiclient_cert.pem`.
    pub merchant_certificate_pem: String,
    /// How the merchant verifies.
    pub trust: Trust,
    /// `PUB_KEY_ID_…`; empty in platform-certificate mode.
    pub public_key_id: String,
    /// SubjectPublicKeyInfo PEM; empty in platform-certificate mode.
    pub wechatpay_public_key_pem: String,
    /// The root that issued merchant and platform certificates.
    pub root_certificate_pem: String,
}

impl std::fmt::Debug for WechatCredentials {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("WechatCredentials").field("mchid", &self.mchid).finish_non_exhaustive()
    }
}

impl Merchant {
    pub(crate) fn new(seed: u64, now_ms: i64, settings: &MerchantSettings) -> Result<Self, SetUpError> {
        let mchid = settings.mchid.clone();
        let own = named(seed, &mchid, "merchant", 1, settings.merchant_private_key_pem.as_deref())?;
        let mut public_key = named(seed, &mchid, "public", 1, settings.wechatpay_private_key_pem.as_deref())?;
        public_key.serial = format!("PUB_KEY_ID_0{mchid}2026010100000000{}", 0);
        let digest = hex::encode(Sha256::digest(format!("{seed}/{mchid}/secrets")));
        let portal = Portal {
            trust: settings.trust,
            certificates: vec![(own, Standing::Valid)],
            public_key,
            platform: vec![platform(seed, 1, now_ms)],
            api_v3_key: Some(digest[..32].to_owned()),
            balance_fen: settings.opening_balance_fen,
            fee_basis_points: settings.fee_basis_points,
            opening_fen: settings.opening_balance_fen,
        };
        Ok(Merchant {
            appid: settings.appid.clone(),
            app_secret: digest[32..].to_owned(),
            name: settings.name.clone(),
            h5_domains: settings.h5_domains.clone(),
            seed,
            portal: Mutex::new(portal),
            mchid,
        })
    }

    pub(crate) fn portal(&self) -> MutexGuard<'_, Portal> {
        self.portal.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The credentials as they stand now. Makes keys that were not needed so far.
    pub fn credentials(&self) -> WechatCredentials {
        let portal = self.portal().clone();
        let own = portal.certificates.last().map(|(named, _)| named.clone());
        let key = own.as_ref().map(NamedKey::key);
        let by_key = portal.trust != Trust::PlatformCertificate;
        let certificate = own.as_ref().zip(key.as_ref()).map(|(named, key)| {
            certificate::issue(&Certificate {
                serial: &named.serial,
                common_name: &self.mchid,
                key,
                effective_ms: IN_USE_SINCE_MS,
                expires_ms: IN_USE_SINCE_MS.saturating_add(5 * 365 * DAY_MS),
            })
        });
        WechatCredentials {
            mchid: self.mchid.clone(),
            merchant_name: self.name.clone(),
            appid: self.appid.clone(),
            app_secret: self.app_secret.clone(),
            api_v3_key: portal.api_v3_key.unwrap_or_default(),
            merchant_serial: own.map(|named| named.serial).unwrap_or_default(),
            merchant_private_key_pem: key.map(|key| key.private_pem()).unwrap_or_default(),
            merchant_certificate_pem: certificate.unwrap_or_default(),
            trust: portal.trust,
            public_key_id: if by_key { portal.public_key.serial.clone() } else { String::new() },
            wechatpay_public_key_pem: if by_key {
                portal.public_key.key().public_pem()
            } else {
                String::new()
            },
            root_certificate_pem: certificate::root_pem(),
        }
    }

    /// Labels of the keys that a running gateway needs first, to be made ahead in parallel.
    pub(crate) fn first_labels(&self) -> Vec<String> {
        let portal = self.portal();
        let seeded = |named: &NamedKey| match &named.source {
            KeySource::Seeded(_, label) => Some(label.clone()),
            KeySource::Given(_) => None,
        };
        let own = portal.certificates.iter().filter_map(|(named, _)| seeded(named));
        let public =
            (portal.trust != Trust::PlatformCertificate).then(|| seeded(&portal.public_key)).flatten();
        let platform = portal
            .platform
            .iter()
            .filter(|_| portal.trust != Trust::PublicKey)
            .filter_map(|one| seeded(&one.named));
        own.chain(public).chain(platform).collect()
    }

    /// The merchant's key that signs pages' calls: the newest certificate's.
    pub fn current_key(&self) -> Option<Arc<RsaKey>> {
        let named = self.portal().certificates.last().map(|(named, _)| named.clone());
        named.map(|named| named.key())
    }

    /// Starts, ends or moves the switch between trust anchors.
    pub fn set_trust(&self, trust: Trust) {
        self.portal().trust = trust;
    }

    /// Changes how the newest merchant certificate stands.
    pub fn set_standing(&self, standing: Standing) {
        if let Some((_, current)) = self.portal().certificates.last_mut() {
            *current = standing;
        }
    }

    /// Issues a new merchant certificate; the old one is refused as replaced.
    ///
    /// # Errors
    /// Never for keys made from the seed.
    pub fn renew_certificate(&self) -> Result<String, SetUpError> {
        let mut portal = self.portal();
        let number = portal.certificates.len() + 1;
        let renewed = named(self.seed, &self.mchid, "merchant", number, None)?;
        for (_, standing) in &mut portal.certificates {
            *standing = Standing::Replaced;
        }
        let serial = renewed.serial.clone();
        portal.certificates.push((renewed, Standing::Valid));
        Ok(serial)
    }

    /// Adds a platform certificate that takes over at once; the old one stays known for a day.
    pub fn rotate_platform_certificate(&self, now_ms: i64) -> String {
        self.announce_platform_certificate(now_ms, 0)
    }

    /// Adds a platform certificate that is listed from now on and signs only from `effective_in_s` on; the old one stays known for
    /// a day after that.
    pub fn announce_platform_certificate(&self, now_ms: i64, effective_in_s: i64) -> String {
        let effective_ms = now_ms.saturating_add(effective_in_s.saturating_mul(SECOND_MS));
        let mut portal = self.portal();
        for old in &mut portal.platform {
            old.expires_ms = old.expires_ms.min(effective_ms.saturating_add(DAY_MS));
        }
        let fresh = platform(self.seed, portal.platform.len() + 1, effective_ms);
        let serial = fresh.named.serial.clone();
        portal.platform.push(fresh);
        serial
    }

    /// Sets another APIv3 key, or none, which stops notifications and calls.
    pub fn set_api_v3_key(&self, key: Option<String>) {
        self.portal().api_v3_key = key;
    }

    /// What can be refunded from.
    pub fn balance_fen(&self) -> i64 {
        self.portal().balance_fen
    }

    /// Sets what can be refunded from.
    pub fn set_balance_fen(&self, balance_fen: i64) {
        let mut portal = self.portal();
        let change_fen = balance_fen.saturating_sub(portal.balance_fen);
        portal.opening_fen = portal.opening_fen.saturating_add(change_fen);
        portal.balance_fen = balance_fen;
    }

    /// Whether a page at this address may send browsers to the H5 cashier page: its host is a registered domain or below one.
    pub(crate) fn may_send_browsers(&self, referer: &str) -> bool {
        let Ok(url) = url::Url::parse(referer) else { return false };
        let host = url.host_str().unwrap_or_default();
        self.h5_domains.iter().any(|domain| {
            host.strip_suffix(domain.as_str()).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
        })
    }

    /// What is charged of payments, in hundredths of a percent.
    pub fn fee_basis_points(&self) -> i64 {
        self.portal().fee_basis_points
    }

    /// Charges another fee from now on; what was paid before keeps its own.
    pub fn set_fee_basis_points(&self, fee_basis_points: i64) {
        self.portal().fee_basis_points = fee_basis_points;
    }

    /// The key that signs an answer to a request that named this serial.
    pub(crate) fn answer_key(&self, asked: Option<&str>, now_ms: i64) -> NamedKey {
        let portal = self.portal();
        let by_key = match portal.trust {
            Trust::PublicKey => true,
            Trust::PlatformCertificate => false,
            Trust::Both { .. } => asked.is_some_and(|serial| serial.starts_with("PUB_KEY_ID_")),
        };
        if by_key { portal.public_key.clone() } else { newest(&portal, now_ms) }
    }

    /// The key that signs a notification; `lot` is a number in `0..100`.
    pub(crate) fn notification_key(&self, lot: u64, now_ms: i64) -> NamedKey {
        let portal = self.portal();
        let by_key = match portal.trust {
            Trust::PublicKey => true,
            Trust::PlatformCertificate => false,
            Trust::Both { notify_by_public_key_percent } => lot < u64::from(notify_by_public_key_percent),
        };
        if by_key { portal.public_key.clone() } else { newest(&portal, now_ms) }
    }

    /// The key under a serial that a merchant may name in `Wechatpay-Serial`.
    pub(crate) fn known_key(&self, serial: &str, now_ms: i64) -> Option<NamedKey> {
        let portal = self.portal();
        if serial == portal.public_key.serial && portal.trust != Trust::PlatformCertificate {
            return Some(portal.public_key.clone());
        }
        let good = |one: &&PlatformCertificate| one.named.serial == serial && one.expires_ms > now_ms;
        (portal.trust != Trust::PublicKey)
            .then(|| portal.platform.iter().find(good).map(|one| one.named.clone()))
            .flatten()
    }
}

/// The fee on an amount, rounded half up to fen.
pub(crate) fn fee_of(amount_fen: i64, basis_points: i64) -> i64 {
    amount_fen.saturating_mul(basis_points).saturating_add(5_000).div_euclid(10_000)
}

/// The platform certificate that came into effect last.
fn newest(portal: &Portal, now_ms: i64) -> NamedKey {
    let effective =
        portal.platform.iter().filter(|one| one.effective_ms <= now_ms).max_by_key(|one| one.effective_ms);
    effective.unwrap_or(&portal.platform[0]).named.clone()
}

/// Platform certificates are the same for all merchants.
fn platform(seed: u64, number: usize, now_ms: i64) -> PlatformCertificate {
    let label = format!("wechat/platform/{number}");
    let named = NamedKey { serial: serial_of(seed, &label), source: KeySource::Seeded(seed, label) };
    if number == 1 {
        // In use for a while when the simulator starts, also when a test then moves the clock back.
        let effective_ms = now_ms.saturating_sub(30 * DAY_MS).min(IN_USE_SINCE_MS);
        let expires_ms = now_ms.saturating_add(3 * 365 * DAY_MS);
        return PlatformCertificate { named, effective_ms, expires_ms };
    }
    let expires_ms = now_ms.saturating_add(5 * 365 * DAY_MS);
    PlatformCertificate { named, effective_ms: now_ms, expires_ms }
}

fn named(
    seed: u64,
    mchid: &str,
    role: &str,
    number: usize,
    pem: Option<&str>,
) -> Result<NamedKey, SetUpError> {
    let label = format!("wechat/{mchid}/{role}/{number}");
    let serial = serial_of(seed, &label);
    let source = match pem {
        None => KeySource::Seeded(seed, label),
        Some(pem) => {
            let key = RsaKey::from_pkcs8_pem(pem).ok_or_else(|| SetUpError::Key(mchid.to_owned()))?;
            KeySource::Given(Arc::new(key))
        }
    };
    Ok(NamedKey { serial, source })
}

/// Forty upper-case hex digits that do not start with a sign bit, which DER would need a byte more for.
fn serial_of(seed: u64, label: &str) -> String {
    let digest = hex::encode_upper(Sha256::digest(format!("{seed}/{label}/serial")));
    format!("5{}", &digest[..39])
}
