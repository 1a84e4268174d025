//! X.509 certificates under a root of this process.

use std::sync::LazyLock;

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, SerialNumber};

use crate::clock;
use crate::keys::RsaKey;

/// What a certificate says.
pub(crate) struct Certificate<'a> {
    /// Forty hex digits.
    pub(crate) serial: &'a str,
    pub(crate) common_name: &'a str,
    pub(crate) key: &'a RsaKey,
    pub(crate) effective_ms: i64,
    pub(crate) expires_ms: i64,
}

struct Root {
    issuer: Issuer<'static, KeyPair>,
    pem: String,
}

/// Made once: whoever checks the chain is told the root by the credentials of the same process.
static ROOT: LazyLock<Option<Root>> = LazyLock::new(|| make_root().ok());

fn make_root() -> Result<Root, rcgen::Error> {
    let key = KeyPair::generate()?;
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, "Simulated Tenpay.com Root CA");
    params.distinguished_name.push(DnType::OrganizationName, "Simulator");
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let pem = params.self_signed(&key)?.pem();
    Ok(Root { issuer: Issuer::new(params, key), pem })
}

/// The root's certificate.
pub(crate) fn root_pem() -> String {
    ROOT.as_ref().map(|root| root.pem.clone()).unwrap_or_default()
}

/// A certificate signed by the root; empty if the cryptographic library refuses.
pub(crate) fn issue(certificate: &Certificate<'_>) -> String {
    try_issue(certificate).unwrap_or_default()
}

fn try_issue(certificate: &Certificate<'_>) -> Option<String> {
    let root = ROOT.as_ref()?;
    let key = KeyPair::from_pem(&certificate.key.private_pem()).ok()?;
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, certificate.common_name);
    params.distinguished_name.push(DnType::OrganizationName, "Simulator");
    params.serial_number = Some(SerialNumber::from_slice(&hex::decode(certificate.serial).ok()?));
    params.not_before = clock::beijing(certificate.effective_ms);
    params.not_after = clock::beijing(certificate.expires_ms);
    Some(params.signed_by(&key, &root.issuer).ok()?.pem())
}
