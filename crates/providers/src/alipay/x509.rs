//! What Alipay's rules need of an X.509 certificate beyond its key: its name by their rule, its owner, its chain.
//!
//! # Source
//! protocols/alipay.md section 3; RFC 2253 for names, RFC 5280 for chains.

use super::certs::SerialNumber;
use crate::keys::{self, Certificate, KeyProblem};
use x509_parser::certificate::X509Certificate;
use x509_parser::prelude::FromDer as _;
use x509_parser::x509::{AttributeTypeAndValue, X509Name};

/// `iso.member-body.us.rsadsi.pkcs.pkcs-1`: every RSA signature algorithm begins with it.
const RSA: &str = "1.2.840.113549.1.1";

/// A leaf, two authorities and a root; Alipay's chains have three.
const LONGEST_CHAIN: usize = 4;

/// The roots that we hold: the ones that can be a chain's end, and the names of all that an RSA key has signed, in file order.
pub(super) struct Roots {
    /// Those with an RSA key.
    pub certificates: Vec<Certificate>,
    /// Named to Alipay in every request.
    pub serials: Vec<SerialNumber>,
}

/// Reads `alipayRootCert.crt`. It also holds elliptic-curve and SM2 roots, which Alipay's rule skips; so is what the parser
/// refuses.
///
/// # Errors
/// When the text holds something else than certificates.
pub(super) fn roots(pem: &str) -> Result<Roots, KeyProblem> {
    let mut roots = Roots { certificates: Vec::new(), serials: Vec::new() };
    for der in keys::certificate_ders(pem)? {
        let Some(facts) = facts(&der).filter(|facts| facts.is_signed_with_rsa) else { continue };
        roots.serials.push(facts.serial);
        roots.certificates.extend(Certificate::from_der(&der).ok());
    }
    Ok(roots)
}

/// What is read of a certificate.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Facts {
    /// Its name by Alipay's rule.
    pub serial: SerialNumber,
    /// The organisation of its subject.
    pub owner: Option<String>,
    /// Whether it may issue others.
    pub is_authority: bool,
    /// Whether its issuer signed with RSA, whatever the digest.
    pub is_signed_with_rsa: bool,
}

/// Reads them; `None` when it is no certificate that the parser knows.
pub(super) fn facts(der: &[u8]) -> Option<Facts> {
    let (_, parsed) = X509Certificate::from_der(der).ok()?;
    let issuer = rfc2253(parsed.issuer())?;
    let owner = parsed.subject().iter_organization().next();
    Some(Facts {
        serial: SerialNumber::of(&issuer, &parsed.tbs_certificate.serial.to_string()),
        owner: owner.and_then(|attribute| attribute.as_str().ok()).map(str::to_owned),
        is_authority: parsed.is_ca(),
        is_signed_with_rsa: parsed.signature_algorithm.algorithm.to_id_string().starts_with(RSA),
    })
}

/// Whether one of `roots` has issued `leaf`, directly or through `intermediates` that may issue.
pub(super) fn chains(leaf: &Certificate, intermediates: &[Certificate], roots: &[Certificate]) -> bool {
    let mut current = leaf;
    for _ in 1..LONGEST_CHAIN {
        if roots.iter().any(|root| current.is_signed_by(root)) {
            return true;
        }
        let may_issue = |candidate: &&Certificate| {
            facts(&candidate.der).is_some_and(|facts| facts.is_authority) && current.is_signed_by(candidate)
        };
        match intermediates.iter().find(may_issue) {
            Some(issuer) => current = issuer,
            None => return false,
        }
    }
    false
}

/// A name most specific first, as Java prints it and Alipay expects it.
fn rfc2253(name: &X509Name<'_>) -> Option<String> {
    let mut parts = Vec::new();
    for relative in name.iter_rdn() {
        let attributes: Option<Vec<String>> = relative.iter().map(attribute_text).collect();
        parts.push(attributes?.join("+"));
    }
    parts.reverse();
    Some(parts.join(","))
}

fn attribute_text(attribute: &AttributeTypeAndValue<'_>) -> Option<String> {
    let kind = attribute.attr_type().to_id_string();
    let short = match kind.as_str() {
        "2.5.4.3" => "CN",
        "2.5.4.6" => "C",
        "2.5.4.7" => "L",
        "2.5.4.8" => "ST",
        "2.5.4.9" => "STREET",
        "2.5.4.10" => "O",
        "2.5.4.11" => "OU",
        "0.9.2342.19200300.100.1.1" => "UID",
        "0.9.2342.19200300.100.1.25" => "DC",
        _ => kind.as_str(),
    };
    Some(format!("{short}={}", escaped(attribute.as_str().ok()?)))
}

fn escaped(value: &str) -> String {
    let mut text = String::with_capacity(value.len());
    let last = value.chars().count().saturating_sub(1);
    for (index, c) in value.chars().enumerate() {
        let at_an_edge = (index == 0 && matches!(c, ' ' | '#')) || (index == last && c == ' ');
        if at_an_edge || matches!(c, ',' | '+' | '"' | '\\' | '<' | '>' | ';') {
            text.push('\\');
        }
        text.push(c);
    }
    text
}
