//! Certificates of the listeners.

use mingfen_config::TlsFiles;
use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use std::sync::Arc;

/// A chain or a key that does not serve, by the file it is in.
#[derive(Debug, PartialEq, Eq)]
pub struct TlsProblem {
    /// `cert_file` or `key_file`.
    pub part: &'static str,
    /// What it looks like and what is wanted.
    pub problem: String,
}

/// Reads both files and checks that they belong together.
pub fn server_config(files: &TlsFiles) -> Result<Arc<ServerConfig>, TlsProblem> {
    let certificate = |problem: String| TlsProblem { part: "cert_file", problem };
    let chain: Vec<_> = CertificateDer::pem_file_iter(&files.cert_file)
        .and_then(Iterator::collect)
        .map_err(|error| certificate(format!("a PEM file with the certificate chain is wanted: {error}")))?;
    if chain.is_empty() {
        return Err(certificate("it holds no certificate (-----BEGIN CERTIFICATE-----)".into()));
    }
    let key = PrivateKeyDer::from_pem_file(&files.key_file).map_err(|error| TlsProblem {
        part: "key_file",
        problem: format!("a PEM file with an unencrypted private key is wanted: {error}"),
    })?;
    ServerConfig::builder_with_provider(Arc::new(rustls::crypto::aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .and_then(|builder| builder.with_no_client_auth().with_single_cert(chain, key))
        .map(Arc::new)
        .map_err(|error| certificate(format!("certificate and key do not go together: {error}")))
}
