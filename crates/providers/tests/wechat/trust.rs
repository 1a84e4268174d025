//! Platform certificates, their rotation, and both modes at once.

use super::hospital::{Hospital, MCHID};
use mingfen_provider_api::{CallError, NotVerified, Notifications, Provider, Sighted, Upkeep};
use mingfen_simulator::faults::Fault;
use mingfen_simulator::wechat::Trust;
use mingfen_simulator::wechat::quirks::Quirks;

fn upkeep(hospital: &Hospital) -> &dyn Upkeep {
    hospital.wechat.upkeep().expect("a channel with certificates")
}

#[tokio::test]
async fn certificates_are_fetched_before_the_first_call() {
    let hospital = Hospital::trusting(Trust::PlatformCertificate).await;
    assert!(upkeep(&hospital).expiries().is_empty());
    let order = hospital.order("P2601011200000501", 1250).await;
    assert!(matches!(hospital.paid(&order).await, Sighted::Paid { .. }));
    assert_eq!(hospital.sim.calls().count("wechat.certificates"), 1);
    assert_eq!(upkeep(&hospital).expiries().len(), 1);
    assert!(hospital.told().await.is_ok());
}

#[tokio::test]
async fn a_rotation_is_followed_by_answers_and_by_notifications() {
    let hospital = Hospital::trusting(Trust::PlatformCertificate).await;
    let order = hospital.order("P2601011200000502", 1250).await;
    hospital.paid(&order).await;
    let merchant = hospital.sim.wechat().merchant(MCHID).expect("the merchant");
    let serial = merchant.rotate_platform_certificate(hospital.sim.clock().now_ms());
    let heard = hospital.hears().await;
    assert_eq!(hospital.wechat.verify(&heard[0]), Err(NotVerified::UnknownKey(serial)));
    upkeep(&hospital).refresh().await.expect("fetches");
    assert!(hospital.wechat.verify(&heard[0]).is_ok());
    assert_eq!(upkeep(&hospital).expiries().len(), 2, "the old one stays known for a while");

    merchant.rotate_platform_certificate(hospital.sim.clock().now_ms());
    hospital.pass_seconds(61);
    assert!(
        matches!(hospital.seen(&order).await, Sighted::Paid { .. }),
        "an answer makes us fetch by itself"
    );
}

#[tokio::test]
async fn strangers_who_invent_keys_cause_one_download_a_minute() {
    let hospital = Hospital::trusting(Trust::PlatformCertificate).await;
    upkeep(&hospital).refresh().await.expect("fetches");
    hospital.pass_seconds(61);
    let order = hospital.order("P2601011200000506", 1250).await;
    hospital.paid(&order).await;
    let genuine = hospital.hears().await.remove(0);
    let downloads = || hospital.sim.calls().count("wechat.certificates");
    let before = downloads();
    for number in 0..10 {
        let mut invented = genuine.clone();
        for (name, value) in &mut invented.headers {
            if name == "wechatpay-serial" {
                *value = format!("5{number:039X}");
            }
        }
        assert!(matches!(hospital.wechat.verify(&invented), Err(NotVerified::UnknownKey(_))));
        upkeep(&hospital).refresh_for_unknown_key().await.expect("no error, fetched or not");
    }
    assert_eq!(downloads(), before + 1);
    upkeep(&hospital).refresh().await.expect("the timer is not held back");
    assert_eq!(downloads(), before + 2);
    hospital.pass_seconds(61);
    upkeep(&hospital).refresh_for_unknown_key().await.expect("a minute later");
    assert_eq!(downloads(), before + 3);
}

#[tokio::test]
async fn an_error_answer_under_a_fresh_certificate_makes_us_fetch_it_too() {
    let hospital = Hospital::open_with(Trust::PlatformCertificate, Quirks::otherwise()).await;
    upkeep(&hospital).refresh().await.expect("fetches");
    let merchant = hospital.sim.wechat().merchant(MCHID).expect("the merchant");
    merchant.rotate_platform_certificate(hospital.sim.clock().now_ms());
    hospital.pass_seconds(61);
    let order = hospital.order("P2601011200000505", 1250).await;
    assert_eq!(hospital.seen(&order).await, Sighted::Missing);
    assert_eq!(hospital.sim.calls().count("wechat.certificates"), 2);
}

#[tokio::test]
async fn a_certificate_that_was_listed_before_its_time_is_known_when_it_signs() {
    let hospital = Hospital::trusting(Trust::PlatformCertificate).await;
    let merchant = hospital.sim.wechat().merchant(MCHID).expect("the merchant");
    merchant.announce_platform_certificate(hospital.sim.clock().now_ms(), 3600);
    upkeep(&hospital).refresh().await.expect("fetches");
    assert_eq!(upkeep(&hospital).expiries().len(), 2);
    let order = hospital.order("P2601011200000507", 1250).await;
    hospital.wechat.open_order(&order).await.expect("the old one signs");
    hospital.pass_seconds(3600);
    assert_eq!(hospital.seen(&order).await, Sighted::Waiting, "the new one signs");
    assert_eq!(hospital.sim.calls().count("wechat.certificates"), 1);
}

#[tokio::test]
async fn both_kinds_of_signature_are_known_during_the_move() {
    for percent in [0, 100] {
        let hospital = Hospital::trusting(Trust::Both { notify_by_public_key_percent: percent }).await;
        upkeep(&hospital).refresh().await.expect("fetches");
        let order = hospital.order("P2601011200000503", 1250).await;
        assert!(matches!(hospital.paid(&order).await, Sighted::Paid { .. }));
        let heard = hospital.hears().await;
        let by_key =
            heard[0].header("wechatpay-serial").is_some_and(|serial| serial.starts_with("PUB_KEY_ID_"));
        assert_eq!(by_key, percent == 100);
        assert!(hospital.wechat.verify(&heard[0]).is_ok());
    }
}

#[tokio::test]
async fn a_list_that_is_not_proven_changes_nothing() {
    let hospital = Hospital::trusting(Trust::PlatformCertificate).await;
    for fault in [Fault::ForgedSignature, Fault::Unsigned, Fault::ProbeSignature, Fault::WrongSerial] {
        hospital.fault("wechat.certificates", fault.clone());
        let error = upkeep(&hospital).refresh().await.expect_err("not proven");
        assert!(matches!(error, CallError::InDoubt(_)), "{fault:?}: {error}");
        assert!(upkeep(&hospital).expiries().is_empty());
    }
    hospital.fault("wechat.certificates", Fault::ForgedSignature);
    let order = hospital.order("P2601011200000504", 1250).await;
    let error = hospital.wechat.open_order(&order).await.expect_err("no key yet");
    assert!(matches!(error, CallError::NotSent(_)), "without a key nothing is asked: {error}");
}

#[tokio::test]
async fn a_merchant_in_public_key_mode_has_nothing_to_fetch() {
    let hospital = Hospital::open().await;
    assert!(hospital.wechat.upkeep().is_none());
}

#[tokio::test]
async fn the_merchants_own_certificate_is_watched_in_public_key_mode_too() {
    let hospital = Hospital::open().await;
    let pem = hospital.sim.wechat().credentials().expect("a merchant").merchant_certificate_pem;
    let wechat = hospital.with_settings(&format!("merchant_certificate = '''{pem}'''\n"));
    let upkeep = wechat.upkeep().expect("something that ends");
    assert_eq!(
        upkeep.expiries().iter().map(|(what, _)| what.as_str()).collect::<Vec<_>>(),
        ["merchant certificate"]
    );
    upkeep.refresh().await.expect("nothing to fetch");
    upkeep.refresh_for_unknown_key().await.expect("nothing to fetch");
    assert_eq!(hospital.sim.calls().count("wechat.certificates"), 0);
}

#[tokio::test]
async fn certificates_of_another_authority_are_refused() {
    let hospital = Hospital::trusting(Trust::PlatformCertificate).await;
    let stranger = include_str!("../../testdata/keys/vector-certificate.pem");
    let strict = hospital.with_settings(&format!("platform_authorities = '''{stranger}'''\n"));
    let error = strict.upkeep().expect("certificates").refresh().await.expect_err("another authority");
    assert!(error.to_string().contains("platform_authorities"), "{error}");
}
