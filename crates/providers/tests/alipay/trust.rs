//! What is believed, and whom.

use crate::hospital::Hospital;
use mingfen_provider_api::{NotVerified, PayerScene, Sighted};
use mingfen_simulator::alipay::{DEMO_CERTIFICATE_APP_ID, Quirks};
use mingfen_simulator::faults::{Defect, Fault, Rule};

#[tokio::test]
async fn what_alipay_did_not_sign_for_us_is_not_believed() {
    let hospital = Hospital::open().await;
    for (index, defect) in
        [Defect::Forged, Defect::Tampered, Defect::WrongApp, Defect::OtherMerchant].into_iter().enumerate()
    {
        let fault = Fault::NotifyDefect { defect };
        hospital.simulator.faults().add(Rule::next("alipay.notify.payment", fault));
        hospital.paid(&format!("H2026030500001{index}"), 100).await;
        let received = hospital.notified().await;
        assert_eq!(received.len(), 1);
        match (defect, hospital.verify(&received[0])) {
            (Defect::Forged | Defect::Tampered, Err(NotVerified::WrongSignature))
            | (Defect::WrongApp | Defect::OtherMerchant, Err(NotVerified::OtherMerchant(_))) => {}
            (defect, other) => panic!("{defect:?} {other:?}"),
        }
        // The resend is sound.
        hospital.simulator.clock().advance_ms(24 * 60 * 1000);
        hospital.notified().await;
    }
}

#[tokio::test]
async fn certificate_mode_survives_a_new_certificate() {
    let hospital = Hospital::open_as(DEMO_CERTIFICATE_APP_ID).await;
    hospital.paid("H20260305000020", 100).await;
    assert_eq!(hospital.told().await.len(), 1);
    hospital.simulator.alipay().rotate();
    assert!(
        matches!(hospital.query("H20260305000020").await, Ok(Sighted::Paid { .. })),
        "an answer fetches the certificate it names"
    );

    let hospital = Hospital::open_as(DEMO_CERTIFICATE_APP_ID).await;
    let request = hospital.order("H20260305000021", 100, PayerScene::InApp(hospital.payer().await));
    let opened = hospital.channel.open_order(&request).await.expect("an order");
    hospital.simulator.alipay().rotate();
    hospital.simulator.alipay().pay(&opened.handle).expect("pays");
    let received = hospital.notified().await;
    assert!(matches!(hospital.verify(&received[0]), Err(NotVerified::UnknownKey(_))));
    hospital.channel.upkeep().expect("an ability").refresh().await.expect("fetched");
    assert!(hospital.verify(&received[0]).is_ok());
}

#[tokio::test]
async fn a_notification_that_names_no_certificate_is_believed_by_those_we_hold() {
    let hospital = Hospital::open_as(DEMO_CERTIFICATE_APP_ID).await;
    let alipay = hospital.simulator.alipay();
    alipay.set_quirks(Quirks { notifications_name_the_certificate: false, ..Quirks::default() });
    hospital.paid("H20260305000022", 100).await;
    assert_eq!(hospital.told().await.len(), 1);
    // Nothing in it tells of a new certificate: it is the answer to the payer's authorisation that names it first.
    alipay.rotate();
    hospital.paid("H20260305000023", 100).await;
    assert_eq!(hospital.told().await.len(), 1);
}

#[tokio::test]
async fn forged_serials_cost_one_download_and_a_new_certificate_is_found_all_the_same() {
    let hospital = Hospital::open_as(DEMO_CERTIFICATE_APP_ID).await;
    let defect = Fault::NotifyDefect { defect: Defect::WrongSerial };
    for number in 0..10 {
        hospital.simulator.faults().add(Rule::next("alipay.notify.payment", defect.clone()));
        hospital.paid(&format!("H202603050005{number:02}"), 100).await;
        let received = hospital.notified().await;
        assert!(matches!(hospital.verify(&received[0]), Err(NotVerified::UnknownKey(_))));
        let refreshed = hospital.channel.upkeep().expect("an ability").refresh().await;
        assert_eq!(refreshed.is_err(), number == 0, "{refreshed:?}");
        hospital.simulator.clock().advance_ms(1_000);
    }
    assert_eq!(hospital.simulator.calls().count("alipay.cert_download"), 1);
    hospital.simulator.alipay().rotate();
    assert!(matches!(hospital.query("H20260305000500").await, Ok(Sighted::Paid { .. })));
}
