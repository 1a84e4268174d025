//! From the code on the slip to "paid and booked".

use mingfen_domain::Fen;
use mingfen_simulator::his::SlipStatus;
use mingfen_tests::{App, CARD, Hospital};

stories!(a_patient_pays_in_wechat, a_patient_pays_in_alipay);

async fn a_patient_pays_in_wechat(hospital: Hospital) {
    pays(hospital, App::Wechat).await;
}

async fn a_patient_pays_in_alipay(hospital: Hospital) {
    pays(hospital, App::Alipay).await;
}

async fn pays(hospital: Hospital, app: App) {
    let mut patient = hospital.patient(CARD, app).await;
    let sheet = patient.pays(&[1]).await;
    hospital.settles().await;
    let result = patient.looks_at_result(&sheet).await;
    assert_eq!(result.heading(), "支付成功", "{}", result.text);
    hospital.lives_through(10, 10).await;

    let slip = {
        let records = hospital.simulator.his().records();
        let paid: Vec<_> =
            records.slips_of(CARD).filter(|slip| slip.status == SlipStatus::Paid).cloned().collect();
        assert_eq!(paid.len(), 1);
        paid[0].clone()
    };
    let story = hospital.story(&slip.slip_no).await;
    assert_eq!(story.received, Fen::new(slip.self_pay_fen()));
    assert_eq!(story.open_tasks, Vec::<String>::new());
    assert_eq!(hospital.simulator.sms().sent().len(), 1);
    hospital.verifies().await;
}
