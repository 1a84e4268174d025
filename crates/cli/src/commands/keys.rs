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
use mingfen_providers::keys;
use mingfen_vault::{KeyId, Keyring};
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
            hand_over(&keyring_key(KeyId(*number), &SystemRandom), out.as_deref(), screen)
        }
        Keys::Generate { kind: KeyKind::Secret, out, .. } => {
            hand_over(&secret(&SystemRandom), out.as_deref(), screen)
        }
        Keys::Generate { kind: KeyKind::Rsa, out, .. } => rsa_pair(out.as_deref(), screen),
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

fn rsa_pair(out: Option<&Path>, screen: &mut Screen) -> anyhow::Result<Exit> {
    let pair =
        KeyPair::generate(KeySize::Rsa2048).map_err(|_| anyhow::anyhow!("no RSA key could be made"))?;
    let private: Pkcs8V1Der<'_> =
        pair.as_der().map_err(|_| anyhow::anyhow!("the private key has no PKCS#8 form"))?;
    let public: PublicKeyX509Der<'_> =
        pair.public_key().as_der().map_err(|_| anyhow::anyhow!("the public key has no X.509 form"))?;
    let private = Zeroizing::new(pem("PRIVATE KEY", private.as_ref()));
    let public = pem("PUBLIC KEY", public.as_ref());
    let Some(out) = out else {
        screen.raw(private.as_bytes());
        screen.raw(public.as_bytes());
        return Ok(Exit::Done);
    };
    for (ending, text) in [(".key.pem", private.as_str()), (".pub.pem", public.as_str())] {
        let mut name = out.as_os_str().to_owned();
        name.push(ending);
        let path = PathBuf::from(name);
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

/// Writes a file that was not there before and that only its owner may read.
pub fn write_new(path: &Path, bytes: &[u8]) -> anyhow::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path).with_context(|| format!("{} cannot be written", path.display()))?;
    file.write_all(bytes).with_context(|| format!("{} cannot be written", path.display()))
}

fn inspect(path: &Path, screen: &mut Screen) -> anyhow::Result<Exit> {
    let bytes =
        Zeroizing::new(std::fs::read(path).with_context(|| format!("{} cannot be read", path.display()))?);
    let text = Zeroizing::new(as_text(&bytes));
    let Some(lines) = described(text.trim()) else {
        let seen =
            keys::public_key(&text).err().map_or_else(String::new, |problem| format!("; it {problem}"));
        return Err(Refusal(format!(
            "{} is no key or certificate that a setting takes{seen}",
            path.display()
        ))
        .into());
    };
    for line in lines {
        screen.line(line);
    }
    Ok(Exit::Done)
}

/// Text as it is; anything else is DER and becomes Base64, which the readers know.
fn as_text(bytes: &[u8]) -> String {
    std::str::from_utf8(bytes).map_or_else(|_| STANDARD.encode(bytes), str::to_owned)
}

fn described(text: &str) -> Option<Vec<String>> {
    if let Ok(signer) = keys::private_key(text) {
        return Some(vec![
            format!("An RSA private key; its public half begins {}", fingerprint(signer.public_half())),
            "It fits merchant_private_key_file (WeChat Pay) or app_private_key_file (Alipay). Keep it secret.".into(),
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
        lines.push("takes app_cert_file, alipay_cert_file and alipay_root_cert_file.".into());
        return Some(lines);
    }
    if keys::public_key(text).is_ok() {
        return Some(vec![
            "An RSA public key.".into(),
            "It fits public_key_file (WeChat Pay) or alipay_public_key_file (Alipay): the provider's key, never the merchant's own.".into(),
        ]);
    }
    let first = text.split(':').next().and_then(|id| id.trim().parse::<u8>().ok())?;
    let keyring = Keyring::parse(text, KeyId(first)).ok()?;
    let numbers: Vec<String> = keyring.key_ids().map(|id| id.to_string()).collect();
    Some(vec![
        format!("A keyring with the keys {}.", numbers.join(", ")),
        "It fits keys.keyring_file. Keep it secret, and keep a copy: without it nothing that it sealed opens again.".into(),
    ])
}

/// Enough of a public key to tell two apart.
fn fingerprint(public: &[u8]) -> String {
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, public);
    let hex: Vec<String> = digest.as_ref().iter().take(6).map(|byte| format!("{byte:02x}")).collect();
    format!("SHA-256 {}", hex.join(""))
}
