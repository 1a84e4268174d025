//! Every form is read; every wrong thing is named.

use super::*;

const PKCS8: &str = include_str!("../../testdata/keys/vector-pkcs8.pem");
const PKCS1: &str = include_str!("../../testdata/keys/vector-pkcs1.pem");
const SPKI: &str = include_str!("../../testdata/keys/vector-spki.pem");
const PKCS1_PUBLIC: &str = include_str!("../../testdata/keys/vector-pkcs1-public.pem");
const CERTIFICATE_PEM: &str = include_str!("../../testdata/keys/vector-certificate.pem");

fn bare(pem: &str) -> String {
    pem.lines().filter(|line| !line.starts_with("-----")).collect()
}

fn with_breaks(pem: &str) -> String {
    pem.lines().filter(|line| !line.starts_with("-----")).collect::<Vec<_>>().join("\r\n")
}

#[test]
fn every_form_of_a_private_key_is_read() {
    for text in [
        PKCS8.to_owned(),
        PKCS1.to_owned(),
        bare(PKCS8),
        bare(PKCS1),
        with_breaks(PKCS8),
        PKCS8.replace('\n', "\\n"),
        format!("\u{feff}{}", PKCS8.replace('\n', "\r\n")),
    ] {
        let signer = private_key(&text).expect("a private key");
        assert_eq!(format!("{signer:?}"), "Signer(RSA 2048 bits, hidden)");
        let signature = signer.sign(b"message").expect("signs");
        assert!(public_key(SPKI).expect("a public key").verifies(b"message", &signature));
    }
}

#[test]
fn every_form_of_a_public_key_is_read() {
    let signature = private_key(PKCS8).ok().and_then(|signer| signer.sign(b"message")).expect("signs");
    for text in [
        SPKI.to_owned(),
        PKCS1_PUBLIC.to_owned(),
        CERTIFICATE_PEM.to_owned(),
        bare(SPKI),
        bare(PKCS1_PUBLIC),
        with_breaks(SPKI),
    ] {
        let verifier = public_key(&text).expect("a public key");
        assert!(verifier.verifies(b"message", &signature));
        assert!(!verifier.verifies(b"massage", &signature));
        assert!(!verifier.verifies(b"message", "WECHATPAY/SIGNTEST/not base64"));
        assert!(!verifier.verifies(b"message", ""));
    }
}

#[test]
fn a_wrong_thing_is_named() {
    let ec = include_str!("../../testdata/keys/ec-pkcs8.pem");
    let encrypted = include_str!("../../testdata/keys/encrypted.pem");
    for (text, named) in [
        (SPKI, "an RSA public key"),
        (CERTIFICATE_PEM, "a certificate"),
        (encrypted, "an encrypted private key (take the password off first)"),
        (&bare(encrypted), "an encrypted private key (take the password off first)"),
        (ec, "a private key for elliptic curves"),
        (include_str!("../../testdata/keys/ec-sec1.pem"), "a private key for elliptic curves"),
        (include_str!("../../testdata/keys/request.pem"), "a certificate request (CSR)"),
        ("/etc/mingfen/apiclient_key.pem", "a path; the setting for a path ends in _file"),
        ("apiclient_key.pem", "a path; the setting for a path ends in _file"),
        ("", "an empty text"),
        ("0123456789abcdef0123456789ABCDEF", "a short secret or a number, far too short for a key"),
        ("MIIE****", "a masked text, copied from a page that hides it"),
        ("-----BEGIN PRIVATE KEY-----\nMIIE", "a PEM text whose END line is missing"),
        (
            "-----BEGIN PRIVATE KEY-----\n%\n-----END PRIVATE KEY-----",
            "a PEM text with characters that are not Base64",
        ),
    ] {
        match private_key(text) {
            Err(KeyProblem::Other { looks_like, .. }) => assert_eq!(looks_like, named),
            other => panic!("{named}: {other:?}"),
        }
    }
    assert!(
        matches!(public_key(PKCS8), Err(KeyProblem::Other { looks_like, .. }) if looks_like.contains("private"))
    );
    assert!(matches!(certificates(SPKI), Err(KeyProblem::Other { .. })));
}

#[test]
fn short_and_damaged_keys_are_refused() {
    let short = include_str!("../../testdata/keys/short-1024.pem");
    assert_eq!(private_key(short).err(), Some(KeyProblem::TooShort { bits: 1024 }));
    let mut damaged = STANDARD.decode(bare(PKCS8)).expect("Base64");
    let middle = damaged.len() / 2;
    damaged[middle] ^= 1;
    assert!(private_key(&STANDARD.encode(damaged)).is_err());
}

#[test]
fn certificates_say_who_they_are() {
    let all = certificates(&format!("{CERTIFICATE_PEM}\n{CERTIFICATE_PEM}")).expect("two certificates");
    assert_eq!(all.len(), 2);
    assert_eq!(all[0].serial_hex, "5157F09EFDC096DE15EBE81A47057A7232F1B8E1");
    assert!(all[0].is_signed_by(&all[1]), "a root is signed by itself");
    assert!(all[0].is_valid_at(all[0].not_before) && !all[0].is_valid_at(all[0].not_after.plus_seconds(1)));
}

#[test]
fn no_error_repeats_a_key() {
    let secret = bare(PKCS8);
    let error = public_key(&secret).map(|_| ()).expect_err("a private key is no public key").to_string();
    assert!(!error.contains(&secret[40..60]), "{error}");
}
