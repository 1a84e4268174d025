use super::*;
use crate::testing::{Counter, keyring};
use proptest::prelude::*;
use qrcode::{EcLevel, QrCode, Version};

const LINK: &str = "https://pay.hospital.example/s/";
const NOW: Timestamp = Timestamp::from_seconds(1_767_240_000);

fn claims(name: &str, card_no: &str, phone: Option<&str>, id_no: Option<&str>) -> SlipClaims {
    SlipClaims {
        hospital: HospitalId::parse("QH01").unwrap(),
        patient: Patient {
            name: name.to_owned(),
            card_no: card_no.to_owned(),
            phone: phone.map(str::to_owned),
            id_no: id_no.map(str::to_owned),
        },
        expires_at: NOW.plus_seconds(86_400),
    }
}

fn ordinary() -> SlipClaims {
    claims("欧阳娜娜", "A10023846021", Some("13800138000"), Some("330102199001011234"))
}

fn longest() -> SlipClaims {
    let (name, card_no) = ("阿卜杜热合曼·阿卜力克木图尔荪买买提江山", "ZJH20261124000123456");
    assert_eq!((name.chars().count(), card_no.len()), (20, 20));
    claims(name, card_no, Some("13800138000"), Some("33010219900101123X"))
}

fn sealed(claims: &SlipClaims) -> String {
    seal(&keyring(&[1], 1), claims, &Counter::default()).unwrap()
}

#[test]
fn what_was_sealed_is_what_opens() {
    let nameless = claims("无名氏", "", None, None);
    let foreigner = claims("José María Østergård", "e-card 77", Some("+45 12345678"), Some("P<DNK1234567"));
    for claims in [ordinary(), longest(), nameless, foreigner] {
        assert!(open(&keyring(&[1], 1), &sealed(&claims), NOW).unwrap() == claims);
    }
}

#[test]
fn an_ordinary_slip_is_a_version_8_code_and_the_longest_a_version_9() {
    for (claims, token_length, version) in [(ordinary(), 99, 8), (longest(), 148, 9)] {
        let token = sealed(&claims);
        assert_eq!(token.len(), token_length);
        let code = QrCode::with_error_correction_level(format!("{LINK}{token}"), EcLevel::M).unwrap();
        assert_eq!(code.version(), Version::Normal(version));
        // 384 dots is what a 58 mm roll prints at 203 dpi; a quiet zone of four modules on both sides.
        assert_eq!(384 / (code.width() + 8), 6);
    }
}

#[test]
fn the_capacities_that_the_page_states_are_those_of_the_standard() {
    for (version, capacity) in [(8, 152), (9, 180), (10, 213)] {
        let fits =
            |length| QrCode::with_version("a".repeat(length), Version::Normal(version), EcLevel::M).is_ok();
        assert!(fits(capacity) && !fits(capacity + 1), "version {version}");
    }
}

#[test]
fn a_token_expires_at_its_second() {
    let (keyring, claims) = (keyring(&[1], 1), ordinary());
    let (token, at) = (sealed(&claims), claims.expires_at);
    assert!(open(&keyring, &token, at.plus_ms(-1)).is_ok());
    assert_eq!(open(&keyring, &token, at).unwrap_err(), OpenError::Expired { at });
}

#[test]
fn tokens_outlive_a_rotation_until_their_key_is_taken_out() {
    let token = sealed(&ordinary());
    assert!(open(&keyring(&[1, 2], 2), &token, NOW).is_ok());
    assert_eq!(open(&keyring(&[2], 2), &token, NOW).unwrap_err(), OpenError::UnknownKey(KeyId(1)));
}

#[test]
fn the_same_number_on_another_key_is_a_forgery() {
    let other =
        Keyring::new(KeyId(1), vec![(KeyId(1), std::array::from_fn(|index| index as u8 + 100))]).unwrap();
    assert_eq!(open(&other, &sealed(&ordinary()), NOW).unwrap_err(), OpenError::Forged);
}

#[test]
fn what_is_not_a_token_is_malformed() {
    let keyring = keyring(&[1], 1);
    let token = sealed(&ordinary());
    let padded = format!("{token}=");
    for text in ["", "x", "AQ", "你好", &token[..20], &padded, &"A".repeat(5000), &token.replace('A', "+")]
    {
        assert_eq!(open(&keyring, text, NOW).unwrap_err(), OpenError::Malformed, "{text}");
    }
    // Cut between two bytes it still has the right shape, but its seal went with the end.
    assert_eq!(open(&keyring, &token[..96], NOW).unwrap_err(), OpenError::Forged);
}

#[test]
fn what_does_not_fit_is_refused_by_name() {
    let refusal = |claims: &SlipClaims| seal(&keyring(&[1], 1), claims, &Counter::default()).unwrap_err();
    let long = claims(&"张".repeat(63), "1", None, None);
    assert_eq!(refusal(&long), SealError::TooLong { field: "name", units: 63 });
    let mut late = ordinary();
    late.expires_at = Timestamp::from_seconds(1 << 32);
    assert_eq!(refusal(&late), SealError::ExpiryTooFar);
}

#[test]
fn nobody_reads_the_patient_from_a_debug_text() {
    let text = format!("{:?}", ordinary());
    assert_eq!(text, "SlipClaims(QH01, patient hidden, until 2026-01-02T12:00:00+08:00)");
}

proptest! {
    #[test]
    fn every_flipped_bit_is_noticed(flip in any::<prop::sample::Index>()) {
        let keyring = keyring(&[1, 3], 1);
        let mut bytes = BASE64_URL_SAFE_NO_PAD.decode(sealed(&ordinary())).unwrap();
        let bit = flip.index(bytes.len() * 8);
        bytes[bit / 8] ^= 1 << (bit % 8);
        let wanted = match bit / 8 {
            0 => OpenError::Malformed,
            1 if bytes[1] != 3 => OpenError::UnknownKey(KeyId(bytes[1])),
            _ => OpenError::Forged,
        };
        prop_assert_eq!(open(&keyring, &BASE64_URL_SAFE_NO_PAD.encode(bytes), NOW).unwrap_err(), wanted);
    }

    #[test]
    fn every_changed_character_is_noticed(at in any::<prop::sample::Index>(), with in "[A-Za-z0-9_-]") {
        let token = sealed(&ordinary());
        let at = at.index(token.len());
        let changed = format!("{}{with}{}", &token[..at], &token[at + 1..]);
        prop_assume!(changed != token);
        prop_assert!(open(&keyring(&[1], 1), &changed, NOW).is_err());
    }

    #[test]
    fn any_text_is_refused_without_a_panic(text in "\\PC{0,200}") {
        prop_assert!(open(&keyring(&[1], 1), &text, NOW).is_err());
    }

    #[test]
    fn every_patient_comes_back(
        name in "\\PC{0,15}", card_no in "[0-9A-Za-z-]{0,40}",
        phone in prop::option::of("[0-9]{0,15}"), id_no in prop::option::of("[0-9]{17}[0-9X]"),
        seconds in 1_767_240_001_i64..4_294_967_295,
    ) {
        let mut claims = claims(&name, &card_no, phone.as_deref(), id_no.as_deref());
        claims.expires_at = Timestamp::from_seconds(seconds);
        prop_assert!(open(&keyring(&[1], 1), &sealed(&claims), NOW).unwrap() == claims);
    }
}
