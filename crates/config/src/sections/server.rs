//! `[server]`: the two listeners.

use crate::reader::{Reading, Section};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;
use url::Url;

/// Where the two listeners listen and how the outside names the public one.
#[derive(Clone, Debug)]
pub struct ServerSettings {
    /// Patients and providers.
    pub public_bind: SocketAddr,
    /// Its certificate; `None`: plain HTTP, behind a reverse proxy.
    pub public_tls: Option<TlsFiles>,
    /// The hospital's own systems.
    pub internal_bind: SocketAddr,
    /// Its certificate.
    pub internal_tls: Option<TlsFiles>,
    /// The public listener's address as the outside knows it, without path.
    pub public_url: Url,
    /// Whether the caller's address is what a reverse proxy says it is.
    pub trust_forwarded_for: bool,
    /// How long requests under way may take when the program stops.
    pub shutdown_grace: Duration,
    /// The origin of a simulator's bridge script.
    pub bridge_origin: Option<Url>,
}

/// A certificate chain and its private key, both PEM.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TlsFiles {
    /// The chain, own certificate first.
    pub cert_file: PathBuf,
    /// The private key.
    pub key_file: PathBuf,
}

pub(crate) fn read(reading: &mut Reading<'_>) -> ServerSettings {
    let mut section = reading.section("server");
    let settings = ServerSettings {
        public_bind: section.address("public_bind"),
        public_tls: tls_files(&mut section, "public_tls_cert_file", "public_tls_key_file"),
        internal_bind: section.address("internal_bind"),
        internal_tls: tls_files(&mut section, "internal_tls_cert_file", "internal_tls_key_file"),
        public_url: section.url("public_url", "the address that patients and providers reach, https://…,"),
        trust_forwarded_for: section.flag("trust_forwarded_for"),
        shutdown_grace: section.duration("shutdown_grace"),
        bridge_origin: section.optional_url("bridge_origin"),
    };
    if settings.public_bind == settings.internal_bind && settings.public_bind.port() != 0 {
        let found = format!("{:?}", settings.internal_bind.to_string());
        section.wrong("internal_bind", found, "another address or port than server.public_bind is wanted");
    }
    refuse_path(&mut section, "public_url", Some(&settings.public_url));
    refuse_path(&mut section, "bridge_origin", settings.bridge_origin.as_ref());
    section.end();
    settings
}

fn tls_files(section: &mut Section<'_, '_>, cert: &'static str, key: &'static str) -> Option<TlsFiles> {
    match (section.optional_path(cert), section.optional_path(key)) {
        (Some(cert_file), Some(key_file)) => Some(TlsFiles { cert_file, key_file }),
        (None, None) => None,
        (Some(_), None) => {
            section.wrong(key, "not set", format!("the private key that belongs to {cert} is wanted"));
            None
        }
        (None, Some(_)) => {
            section.wrong(cert, "not set", format!("the certificate chain that belongs to {key} is wanted"));
            None
        }
    }
}

/// The gateway puts its own paths behind an address; one that is there already would be lost.
fn refuse_path(section: &mut Section<'_, '_>, key: &'static str, url: Option<&Url>) {
    let Some(url) = url else { return };
    if url.path() != "/" || url.query().is_some() || url.fragment().is_some() {
        section.wrong(key, format!("{:?}", url.as_str()), "an address without a path is wanted");
    }
}
