//! `mingfen keys`: makes keys, and says what a key file is.

use super::reseal;
use crate::arguments::{KeyKind, Keys};
use crate::exit::{Exit, Refusal};
use crate::screen::Screen;
use anyhow::Context;
use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der, PublicKeyX509Der};
use aws_lc_rs::rsa::{KeyPair, KeySize};
use aws_lc_rs::signature::KeyPair as _;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use mingfen_config::Sources;
use mingfen_domain::Random;
use mingfen_domain::ambient::random_text;
use mingfen_gateway::ambient::SystemRandom;
use mingfen_providers::keys::{self, KeyProblem};
use mingfen_vault::{KeyId, Keyring};
use rustls::SignatureAlgorithm;
use rustls::pki_types::PrivateKeyDer;
use rustls::pki_types::pem::PemObject;
use std::fs::OpenOptions;
use std::io::Write;
use std::path::{Path, PathBuf};
use zeroize::Zeroizing;

/// About 238 bits.
const SECRET_LENGTH: usize = 40;
const SECRET_ALPHABET: &[u8] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

pub async fn run(sources: &Sources, action: &Keys, screen: &mut Screen) -> anyhow::Result<Exit> {
    match action {
        Keys::Usage(options) => reseal::usage(sources, options, screen).await,
        Keys::Reseal(options) => reseal::run(sources, options, screen).await,
        Keys::Generate { kind: KeyKind::Keyring, number, out } => {
            let out = needed(out.as_deref(), "a keyring")?;
            write_new(out, keyring_key(KeyId(number.unwrap_or(1)), &SystemRandom).as_bytes())?;
            screen.line(format!(
                "wrote {}; name it in keys.keyring_file, and keep a copy elsewhere",
                out.display()
            ));
            Ok(Exit::Done)
        }
        Keys::Generate { number: Some(_), .. } => {
            Err(Refusal("--number is the number of a keyring's key; this kind has none".into()).into())
        }
        Keys::Generate { kind: KeyKind::Secret, out, number: None } => {
            hand_over(&secret(&SystemRandom), out.as_deref(), screen)
        }
        Keys::Generate { kind: KeyKind::Rsa, out, number: None } => {
            rsa_pair(needed(out.as_deref(), "a private key")?, screen)
        }
        Keys::Inspect { path } => inspect(path, screen),
    }
}

/// One entry of `keys.keyring`.
pub fn keyring_key(id: KeyId, random: &dyn Random) -> Zeroizing<String> {
    let mut bytes = Zeroizing::new([0_u8; 32]);
    random.fill(bytes.as_mut_slice());
    Zeroizing::new(format!("{id}:{}", STANDARD.encode(bytes.as_slice())))
}

/// A secret that a person can copy: letters and digits only.
pub fn secret(random: &dyn Random) -> Zeroizing<String> {
    Zeroizing::new(random_text(random, SECRET_ALPHABET, SECRET_LENGTH))
}

/// Screens have scroll-back, and redirected output a file that others may read.
fn needed<'a>(out: Option<&'a Path>, what: &str) -> anyhow::Result<&'a Path> {
    out.ok_or_else(|| Refusal(format!("{what} is not printed: say with --out PATH where to write it")).into())
}

fn hand_over(text: &str, out: Option<&Path>, screen: &mut Screen) -> anyhow::Result<Exit> {
    match out {
        None => screen.line(text),
        Some(path) => {
            write_new(path, text.as_bytes())?;
            screen.line(format!("wrote {}", path.display()));
        }
    }
    Ok(Exit::Done)
}

fn rsa_pair(out: &Path, screen: &mut Screen) -> anyhow::Result<Exit> {
    let pair =
        KeyPair::generate(KeySize::Rsa2048).map_err(|_| anyhow::anyhow!("no RSA key could be made"))?;
    let private: Pkcs8V1Der<'_> =
        pair.as_der().map_err(|_| anyhow::anyhow!("the private key has no PKCS#8 form"))?;
    let public: PublicKeyX509Der<'_> =
        pair.public_key().as_der().map_err(|_| anyhow::anyhow!("the public key has no X.509 form"))?;
    let private = Zeroizing::new(pem("PRIVATE KEY", private.as_ref()));
    let public = pem("PUBLIC KEY", public.as_ref());
    let named = |ending: &str| {
        let mut name = out.as_os_str().to_owned();
        name.push(ending);
        PathBuf::from(name)
    };
    let files = [(named(".key.pem"), private.as_str()), (named(".pub.pem"), public.as_str())];
    // Both or none: half a pair of another make would be worse than none.
    if let Some((path, _)) = files.iter().find(|(path, _)| path.exists()) {
        return Err(there_already(path));
    }
    for (path, text) in files {
        write_new(&path, text.as_bytes())?;
        screen.line(format!("wrote {}", path.display()));
    }
    screen.line("Give the .pub.pem to the provider; the .key.pem stays here and goes into merchant_private_key_file (WeChat Pay) or app_private_key_file (Alipay).");
    Ok(Exit::Done)
}

fn pem(label: &str, der: &[u8]) -> String {
    let base64 = STANDARD.encode(der);
    let lines: Vec<&str> =
        base64.as_bytes().chunks(64).map(|line| std::str::from_utf8(line).unwrap_or_default()).collect();
    format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", lines.join("\n"))
}

/// Writes a file that was not there before and that only its owner may read, in a directory that is made when it is missing.
pub fn write_new(path: &Path, bytes: &[u8]) -> anyhow::Result<()> {
    if let Some(parent) = path.parent().filter(|parent| !parent.as_os_str().is_empty() && !parent.exists()) {
        make_private_directory(parent)?;
    }
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = match options.open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => return Err(there_already(path)),
        Err(error) => return Err(error).with_context(|| format!("{} cannot be written", path.display())),
    };
    file.write_all(bytes).with_context(|| format!("{} cannot be written", path.display()))
}

fn make_private_directory(path: &Path) -> anyhow::Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path).with_context(|| format!("{} cannot be made", path.display()))
}

fn there_already(path: &Path) -> anyhow::Error {
    Refusal(format!("{} is there already; existing files are never overwritten", path.display())).into()
}

fn inspect(path: &Path, screen: &mut Screen) -> anyhow::Result<Exit> {
    let bytes =
        Zeroizing::new(std::fs::read(path).with_context(|| format!("{} cannot be read", path.display()))?);
    let text = Zeroizing::new(as_text(&bytes));
    match described(text.trim()) {
        Ok(lines) => lines.iter().for_each(|line| screen.line(line)),
        Err(problem) => return Err(Refusal(format!("{} {problem}", path.display())).into()),
    }
    Ok(Exit::Done)
}

/// Text as it is; anything else is DER and becomes Base64, which the readers know.
fn as_text(bytes: &[u8]) -> String {
    std::str::from_utf8(bytes).map_or_else(|_| STANDARD.encode(bytes), str::to_owned)
}

/// What a text is and where it fits; or what is wrong with it.
fn described(text: &str) -> Result<Vec<String>, String> {
    match keys::private_key(text) {
        Ok(signer) => {
            return Ok(vec![
                format!("An RSA private key; its public half begins {}", fingerprint(signer.public_half())),
                "It fits merchant_private_key_file (WeChat Pay) or app_private_key_file (Alipay), and with its certificate".into(),
                "server.public_tls_key_file or internal_tls_key_file. Keep it secret.".into(),
            ]);
        }
        Err(problem @ KeyProblem::TooShort { .. }) => return Err(problem.to_string()),
        Err(KeyProblem::Other { .. } | KeyProblem::Damaged { .. }) => {}
    }
    if let Some(kind) = tls_key(text) {
        return Ok(vec![
            format!("A private key of another kind than RSA: {kind}."),
            "It fits server.public_tls_key_file or internal_tls_key_file with its certificate; WeChat Pay and Alipay want".into(),
            "an RSA key of 2048 bits. Keep it secret.".into(),
        ]);
    }
    if let Ok(certificates) = keys::certificates(text) {
        let mut lines: Vec<String> = certificates
            .iter()
            .map(|certificate| {
                format!(
                    "A certificate, serial {}, valid from {} to {}",
                    certificate.serial_hex, certificate.not_before, certificate.not_after
                )
            })
            .collect();
        lines.push("WeChat Pay wants the serial of the merchant's own (apiclient_cert.pem) as merchant_serial; Alipay's certificate mode".into());
        lines.push(
            "takes app_cert_file, alipay_cert_file and alipay_root_cert_file. A chain of one's own goes into"
                .into(),
        );
        lines.push("server.public_tls_cert_file or internal_tls_cert_file.".into());
        return Ok(lines);
    }
    match keys::public_key(text) {
        Ok(_) => {
            return Ok(vec![
                "An RSA public key.".into(),
                "It fits public_key_file (WeChat Pay) or alipay_public_key_file (Alipay): the provider's key, never the merchant's own.".into(),
            ]);
        }
        Err(problem @ KeyProblem::TooShort { .. }) => return Err(problem.to_string()),
        Err(problem) if text.contains("-----BEGIN") => return Err(problem.to_string()),
        Err(KeyProblem::Other { .. } | KeyProblem::Damaged { .. }) => {}
    }
    if let Some(lines) = keyring(text)? {
        return Ok(lines);
    }
    plain_secret(text)
}

/// A text that begins like `1:` is meant to be a keyring.
fn keyring(text: &str) -> Result<Option<Vec<String>>, String> {
    let Some((number, _)) = text.split_once(':') else { return Ok(None) };
    let Ok(first) = number.trim().parse::<u8>() else { return Ok(None) };
    let keyring =
        Keyring::parse(text, KeyId(first)).map_err(|problem| format!("looks like a keyring: {problem}"))?;
    let numbers: Vec<String> = keyring.key_ids().map(|id| id.to_string()).collect();
    Ok(Some(vec![
        format!("A keyring with the keys {}.", numbers.join(", ")),
        "It fits keys.keyring_file. Keep it secret, and keep a copy: without it nothing that it sealed opens again.".into(),
    ]))
}

fn plain_secret(text: &str) -> Result<Vec<String>, String> {
    let one_word = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic());
    if !one_word {
        return Err("is no key, certificate, keyring or secret that a setting takes".into());
    }
    if text.len() < mingfen_config::sections::SHORTEST_SECRET {
        return Err(format!(
            "holds one word of {} characters; a secret has at least {}",
            text.len(),
            mingfen_config::sections::SHORTEST_SECRET
        ));
    }
    Ok(vec![
        format!("One word of {} characters, as a secret is.", text.len()),
        "It fits api.keys.<id>.secret_file, his.secret_file or sms.key_file, whichever it was agreed on for. Keep it secret.".into(),
    ])
}

/// The algorithm of a private key that a listener can serve with.
fn tls_key(text: &str) -> Option<&'static str> {
    let key = PrivateKeyDer::from_pem_slice(text.as_bytes()).ok()?;
    let key = rustls::crypto::aws_lc_rs::sign::any_supported_type(&key).ok()?;
    match key.algorithm() {
        SignatureAlgorithm::ECDSA => Some("elliptic curve (ECDSA)"),
        SignatureAlgorithm::ED25519 => Some("Ed25519"),
        _ => None,
    }
}

/// Enough of a public key to tell two apart.
fn fingerprint(public: &[u8]) -> String {
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, public);
    let hex: Vec<String> = digest.as_ref().iter().take(6).map(|byte| format!("{byte:02x}")).collect();
    format!("SHA-256 {}", hex.join(""))
}

#[cfg(test)]
mod tests {
    use super::*;

    const EC: &str = include_str!("../../../providers/testdata/keys/ec-pkcs8.pem");
    const SHORT: &str = include_str!("../../../providers/testdata/keys/short-1024.pem");
    const RSA: &str = include_str!("../../../providers/testdata/keys/vector-pkcs8.pem");

    #[test]
    fn files_are_told_for_what_they_are() {
        let first = |text: &str| described(text.trim()).map(|lines| lines.join(" "));
        assert!(
            first(RSA)
                .is_ok_and(|told| told.starts_with("An RSA private key") && told.contains("tls_key_file"))
        );
        assert!(
            first(EC).is_ok_and(|told| told.contains("elliptic curve") && told.contains("want an RSA key"))
        );
        assert!(first(SHORT).is_err_and(|told| told.contains("1024 bits; at least 2048")));
        let keyring = keyring_key(KeyId(3), &SystemRandom);
        assert!(first(&keyring).is_ok_and(|told| told.starts_with("A keyring with the keys 3.")));
        assert!(first("3:not-base64").is_err_and(|told| told.starts_with("looks like a keyring")));
        let secret = secret(&SystemRandom);
        assert!(
            first(&secret)
                .is_ok_and(|told| told.contains("his.secret_file") && !told.contains(secret.as_str()))
        );
        assert!(first("short").is_err_and(|told| told.contains("5 characters")));
        assert!(first("").is_err());
        assert!(first("two words").is_err());
    }

    #[test]
    fn files_are_never_overwritten_and_directories_are_made() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("new/below/keyring");
        write_new(&path, b"1").expect("written");
        assert!(write_new(&path, b"2").is_err_and(|error| error.is::<Refusal>()));
        assert_eq!(std::fs::read(&path).expect("readable"), b"1");
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let mode = |path: &Path| std::fs::metadata(path).expect("there").permissions().mode() & 0o777;
            assert_eq!((mode(&path), mode(path.parent().expect("a parent"))), (0o600, 0o700));
        }
    }
}
