//! Applications, the keys on both sides of them, and the certificates of certificate mode.
//!
//! Keys come from the seed, so that a restarted simulator knows the same applications. Certificates are made from
//! names and serial numbers that are known here, so their SN is computed from the same parts and not parsed back.
//!
//! # Source
//! Alipay Open Platform, "公钥证书方式" (SN rule), as the protocol page section 3 has it.

use std::sync::{Arc, OnceLock};

use md5::{Digest, Md5};
use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, IsCa, Issuer, KeyPair, PKCS_RSA_SHA256,
    SerialNumber,
};
use rsa::pkcs1::{EncodeRsaPrivateKey, LineEnding};
use serde::{Deserialize, Serialize};

use crate::keys::{RsaKey, rsa_2048};

/// How an application and Alipay know each other's keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum KeyMode {
    /// 普通公钥
    PublicKey,
    /// 公钥证书
    Certificate,
}

/// Which name of a buyer an application is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BuyerIds {
    /// `user_id`, 2088…
    UserId,
    /// `open_id`, another for each application.
    OpenId,
    /// Both, while an application moves from one to the other.
    Both,
}

/// An application and how it is set up in the console.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Application {
    /// 16 digits.
    pub app_id: String,
    /// The merchant, 2088….
    pub pid: String,
    /// Keys or certificates.
    pub key_mode: KeyMode,
    /// Which buyer ids it sees.
    pub buyer_ids: BuyerIds,
    /// Where OAuth may return to: the beginning of allowed addresses; anywhere when absent.
    #[serde(default)]
    pub callback: Option<String>,
    /// Whether an order that closes unpaid is notified.
    #[serde(default = "yes")]
    pub notifies_close: bool,
}

fn yes() -> bool {
    true
}

/// What a merchant is given to configure a gateway with.
#[derive(Clone, PartialEq, Eq, Serialize)]
pub struct AlipayCredentials {
    /// 16 digits.
    pub app_id: String,
    /// The merchant, 2088….
    pub pid: String,
    /// The application's private key, PKCS#8 PEM.
    pub app_private_key_pem: String,
    /// The same key as PKCS#1 PEM.
    pub app_private_key_pkcs1_pem: String,
    /// Alipay's public key, which verifies answers and notifications, PEM.
    pub alipay_public_key_pem: String,
    /// Certificate mode's files and their numbers.
    pub certificates: Option<CertificateFiles>,
}

impl std::fmt::Debug for AlipayCredentials {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("AlipayCredentials").field("app_id", &self.app_id).finish_non_exhaustive()
    }
}

/// The three files of certificate mode.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CertificateFiles {
    /// `appCertPublicKey_<app_id>.crt`
    pub app_cert_pem: String,
    /// Its SN.
    pub app_cert_sn: String,
    /// `alipayCertPublicKey_RSA2.crt`: leaf first, then its issuer.
    pub alipay_cert_pem: String,
    /// The leaf's SN.
    pub alipay_cert_sn: String,
    /// `alipayRootCert.crt`: two RSA roots and one that is not RSA and has no part in the SN.
    pub alipay_root_cert_pem: String,
    /// The RSA roots' SNs, joined with `_`.
    pub alipay_root_cert_sn: String,
}

/// A certificate could not be made.
#[derive(Debug, thiserror::Error)]
#[error("a simulated certificate could not be made")]
pub struct CertificateError(#[from] rcgen::Error);

/// All keys and certificates that a seed determines.
#[derive(Debug)]
pub(super) struct KeyRoom {
    seed: u64,
    authority: OnceLock<Arc<Authority>>,
}

/// The roots, and the authority below the first one that issues everything else.
struct Authority {
    roots_pem: String,
    roots_sn: String,
    issuer_pem: String,
    issuer: Issuer<'static, KeyPair>,
}

impl std::fmt::Debug for Authority {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Authority").field("roots_sn", &self.roots_sn).finish_non_exhaustive()
    }
}

const ROOT: Subject = Subject {
    common_name: "Ant Financial Certification Authority R1",
    unit: "Certification Authority",
    organisation: "Ant Financial",
};
const OTHER_ROOT: Subject = Subject {
    common_name: "iTrusChina Class 2 Root CA - G3",
    unit: "China Trust Network",
    organisation: "iTrusChina",
};
const ISSUER: Subject = Subject {
    common_name: "Ant Financial Certification Authority Class 2 R1",
    unit: "Certification Authority",
    organisation: "Ant Financial",
};

#[derive(Clone, Copy)]
struct Subject {
    common_name: &'static str,
    unit: &'static str,
    organisation: &'static str,
}

impl Subject {
    /// Most specific first and without spaces after the commas, as the SN wants it.
    fn issuer_text(self) -> String {
        format!("CN={},OU={},O={},C=CN", self.common_name, self.unit, self.organisation)
    }

    fn parameters(common_name: &str, unit: &str, organisation: &str, serial: u64) -> CertificateParams {
        let mut parameters = CertificateParams::default();
        let mut name = DistinguishedName::new();
        name.push(DnType::CountryName, "CN");
        name.push(DnType::OrganizationName, organisation);
        name.push(DnType::OrganizationalUnitName, unit);
        name.push(DnType::CommonName, common_name);
        parameters.distinguished_name = name;
        parameters.serial_number = Some(SerialNumber::from(serial));
        parameters.not_before = rcgen::date_time_ymd(2020, 1, 1);
        parameters.not_after = rcgen::date_time_ymd(2049, 12, 31);
        parameters
    }

    fn authority(self, serial: u64) -> CertificateParams {
        let mut parameters = Self::parameters(self.common_name, self.unit, self.organisation, serial);
        parameters.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        parameters
    }
}

/// The SN of a certificate from its issuer's name and its serial number in decimal.
fn serial_text(issuer: &str, serial: &str) -> String {
    hex::encode(Md5::digest(format!("{issuer}{serial}").as_bytes()))
}

fn pair(key: &RsaKey) -> Result<KeyPair, rcgen::Error> {
    KeyPair::from_pkcs8_pem_and_sign_algo(&key.private_pem(), &PKCS_RSA_SHA256)
}

impl KeyRoom {
    pub(super) fn new(seed: u64) -> Self {
        KeyRoom { seed, authority: OnceLock::new() }
    }

    /// The application's key.
    pub(super) fn application_key(&self, app_id: &str) -> Arc<RsaKey> {
        rsa_2048(self.seed, &format!("alipay/app/{app_id}"))
    }

    /// Alipay's key of this generation; rotation counts the generation up.
    pub(super) fn alipay_key(&self, generation: u64) -> Arc<RsaKey> {
        rsa_2048(self.seed, &format!("alipay/own/{generation}"))
    }

    /// A key of nobody, for forgeries.
    pub(super) fn foreign_key(&self) -> Arc<RsaKey> {
        rsa_2048(self.seed, "alipay/nobody")
    }

    /// SN of Alipay's certificate of this generation.
    pub(super) fn alipay_cert_sn(generation: u64) -> String {
        serial_text(&ISSUER.issuer_text(), &Self::alipay_serial(generation).to_string())
    }

    /// SN of the application's certificate.
    pub(super) fn app_cert_sn(app_id: &str) -> String {
        serial_text(&ISSUER.issuer_text(), &Self::app_serial(app_id).to_string())
    }

    /// SNs of the RSA roots.
    pub(super) fn root_cert_sn() -> String {
        let sn = |subject: Subject, serial: u64| serial_text(&subject.issuer_text(), &serial.to_string());
        format!("{}_{}", sn(ROOT, ROOT_SERIAL), sn(OTHER_ROOT, OTHER_ROOT_SERIAL))
    }

    fn alipay_serial(generation: u64) -> u64 {
        2_292_228_364_100_500_000 + generation
    }

    fn app_serial(app_id: &str) -> u64 {
        app_id.parse::<u64>().unwrap_or(1) + 7_000_000_000_000_000
    }

    /// Leaf and issuer, PEM, of Alipay's certificate of this generation.
    pub(super) fn alipay_cert_pem(&self, generation: u64) -> Result<String, CertificateError> {
        let authority = self.authority()?;
        let parameters = Subject::parameters(
            "支付宝(中国)网络技术有限公司-2088000000000000",
            "Alipay",
            "支付宝(中国)网络技术有限公司",
            Self::alipay_serial(generation),
        );
        let leaf = parameters.signed_by(&pair(&self.alipay_key(generation))?, &authority.issuer)?;
        Ok(leaf.pem() + &authority.issuer_pem)
    }

    /// Everything that the console offers an application for download.
    pub(super) fn credentials(
        &self,
        application: &Application,
        generation: u64,
    ) -> Result<AlipayCredentials, CertificateError> {
        let app_id = &application.app_id;
        let key = self.application_key(app_id);
        let certificates = match application.key_mode {
            KeyMode::PublicKey => None,
            KeyMode::Certificate => Some(self.files(application, generation)?),
        };
        let pkcs1 = key.private().to_pkcs1_pem(LineEnding::LF);
        Ok(AlipayCredentials {
            app_id: app_id.clone(),
            pid: application.pid.clone(),
            app_private_key_pem: key.private_pem(),
            app_private_key_pkcs1_pem: pkcs1.map(|pem| pem.to_string()).unwrap_or_default(),
            alipay_public_key_pem: self.alipay_key(generation).public_pem(),
            certificates,
        })
    }

    fn files(
        &self,
        application: &Application,
        generation: u64,
    ) -> Result<CertificateFiles, CertificateError> {
        let authority = self.authority()?;
        let app_id = &application.app_id;
        let parameters = Subject::parameters(
            &format!("青禾市人民医院-{}", application.pid),
            app_id,
            "青禾市人民医院",
            Self::app_serial(app_id),
        );
        let leaf = parameters.signed_by(&pair(&self.application_key(app_id))?, &authority.issuer)?;
        Ok(CertificateFiles {
            app_cert_pem: leaf.pem(),
            app_cert_sn: Self::app_cert_sn(app_id),
            alipay_cert_pem: self.alipay_cert_pem(generation)?,
            alipay_cert_sn: Self::alipay_cert_sn(generation),
            alipay_root_cert_pem: authority.roots_pem.clone(),
            alipay_root_cert_sn: authority.roots_sn.clone(),
        })
    }

    fn authority(&self) -> Result<Arc<Authority>, CertificateError> {
        if let Some(made) = self.authority.get() {
            return Ok(made.clone());
        }
        let made = Arc::new(self.make_authority()?);
        Ok(self.authority.get_or_init(|| made).clone())
    }

    fn make_authority(&self) -> Result<Authority, CertificateError> {
        let root_pair = pair(&rsa_2048(self.seed, "alipay/root"))?;
        let root_parameters = ROOT.authority(ROOT_SERIAL);
        let root = root_parameters.self_signed(&root_pair)?;
        let other = OTHER_ROOT
            .authority(OTHER_ROOT_SERIAL)
            .self_signed(&pair(&rsa_2048(self.seed, "alipay/other-root"))?)?;
        // Stands where the real file has its SM2 root: a reader has to skip it.
        let elliptic = Subject { common_name: "Ant Financial Certification Authority E1", ..ROOT }
            .authority(3)
            .self_signed(&KeyPair::generate()?)?;
        let issuer_pair = pair(&rsa_2048(self.seed, "alipay/issuer"))?;
        let issuer_parameters = ISSUER.authority(ISSUER_SERIAL);
        let root_issuer = Issuer::new(root_parameters, root_pair);
        let issuer_pem = issuer_parameters.signed_by(&issuer_pair, &root_issuer)?.pem();
        Ok(Authority {
            roots_pem: root.pem() + &elliptic.pem() + &other.pem(),
            roots_sn: Self::root_cert_sn(),
            issuer_pem,
            issuer: Issuer::new(issuer_parameters, issuer_pair),
        })
    }
}

const ROOT_SERIAL: u64 = 2_292_228_364_100_439_313;
const OTHER_ROOT_SERIAL: u64 = 957_904_914_256_988_596;
const ISSUER_SERIAL: u64 = 2_292_228_364_100_439_400;

#[cfg(test)]
mod tests {
    use super::*;

    /// The checked values of the protocol page, section 3.
    #[test]
    fn the_sn_is_md5_of_issuer_and_decimal_serial() {
        assert_eq!(
            serial_text(&ROOT.issuer_text(), "2292228364100439313"),
            "687b59193f3f462dd5336e5abf83c5d8"
        );
        let serial = "95790491425698859646659490580052089075020051350";
        assert_eq!(serial_text(&OTHER_ROOT.issuer_text(), serial), "02941eef3187dddf3d3b83462e1dfcf6");
        let test = "CN=Ant Financial Certification Authority Class 2 R1 test,OU=Certification Authority test,O=Ant Financial test,C=CN";
        let serial = "42717149582936021875350330600809583375";
        assert_eq!(serial_text(test, serial), "05d88faef76d723019c5c14d3ecd014a");
    }

    #[test]
    fn certificate_mode_hands_out_three_files() {
        let room = KeyRoom::new(1);
        let application = Application {
            app_id: "2021000100000002".to_owned(),
            pid: "2088100000000002".to_owned(),
            key_mode: KeyMode::Certificate,
            buyer_ids: BuyerIds::OpenId,
            callback: None,
            notifies_close: true,
        };
        let credentials = room.credentials(&application, 1).expect("made");
        let files = credentials.certificates.expect("certificate mode");
        let count = |pem: &str| pem.matches("BEGIN CERTIFICATE").count();
        let counted =
            (count(&files.app_cert_pem), count(&files.alipay_cert_pem), count(&files.alipay_root_cert_pem));
        assert_eq!(counted, (1, 2, 3));
        assert!(credentials.app_private_key_pkcs1_pem.starts_with("-----BEGIN RSA PRIVATE KEY"));
        assert_eq!(files.alipay_root_cert_sn.len(), 65);
    }
}
