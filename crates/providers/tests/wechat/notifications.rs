//! What is not WeChat's word for us is not believed.

use super::hospital::Hospital;
use mingfen_provider_api::{NotVerified, Notifications};
use mingfen_simulator::faults::{Defect, Fault};

async fn first_attempt_with(defect: Defect) -> (Hospital, Result<(), NotVerified>) {
    let hospital = Hospital::open().await;
    hospital.fault("wechat.notify.payment", Fault::NotifyDefect { defect });
    let order = hospital.order("P2601011200000201", 1250).await;
    hospital.paid(&order).await;
    let verdict = hospital.told().await.map(|_| ());
    (hospital, verdict)
}

#[tokio::test]
async fn forged_tampered_and_probing_signatures_are_wrong() {
    for defect in [Defect::Forged, Defect::Tampered, Defect::Probe] {
        let (_, verdict) = first_attempt_with(defect).await;
        assert_eq!(verdict, Err(NotVerified::WrongSignature), "{defect:?}");
    }
}

#[tokio::test]
async fn an_unknown_serial_an_old_stamp_and_another_application_are_named() {
    let (_, verdict) = first_attempt_with(Defect::WrongSerial).await;
    assert!(matches!(verdict, Err(NotVerified::UnknownKey(_))), "{verdict:?}");
    let (_, verdict) = first_attempt_with(Defect::Stale).await;
    assert!(matches!(verdict, Err(NotVerified::WrongTime(seconds)) if seconds <= -300), "{verdict:?}");
    let (_, verdict) = first_attempt_with(Defect::WrongApp).await;
    assert!(matches!(verdict, Err(NotVerified::OtherMerchant(_))), "{verdict:?}");
}

#[tokio::test]
async fn the_answer_is_what_wechat_accepts() {
    let hospital = Hospital::open().await;
    let yes = hospital.wechat.acknowledge(true);
    assert_eq!((yes.status, yes.body), (204, ""));
    let no = hospital.wechat.acknowledge(false);
    assert!(no.status >= 400 && no.body.contains("\"FAIL\""));
}

#[tokio::test]
async fn a_resend_is_the_same_event() {
    let hospital = Hospital::open().await;
    hospital.fault("wechat.notify.payment", Fault::NotifyDoubled);
    let order = hospital.order("P2601011200000202", 1250).await;
    hospital.paid(&order).await;
    let heard = hospital.hears().await;
    assert_eq!(heard.len(), 2);
    let ids: Vec<String> =
        heard.iter().map(|raw| hospital.wechat.verify(raw).expect("genuine").event_id().to_owned()).collect();
    assert_eq!(ids[0], ids[1]);
    assert_eq!(hospital.wechat.hint(&heard[0]), Some(order.out_trade_no));
}
