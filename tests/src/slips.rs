//! What doctors write at the demo HIS.

use mingfen_domain::Fen;
use mingfen_simulator::Running;
use mingfen_simulator::his::{ChargeLine, NewSlip, Patient, SlipKind};

/// A patient comes for the first time.
pub(crate) fn registers(simulator: &Running, card_no: &str) {
    let patient = Patient {
        patient_id: format!("P-{card_no}"),
        name: "林小雨".to_owned(),
        card_no: card_no.to_owned(),
        phone: Some("13800005555".to_owned()),
        id_no: None,
    };
    simulator.his().records().register(patient);
}

/// A doctor writes one more slip for the card.
pub(crate) fn writes_slip(simulator: &Running, card_no: &str, title: &str, fen: i64) {
    let line = ChargeLine {
        code: "250101001".to_owned(),
        name: title.to_owned(),
        spec: String::new(),
        unit: "次".to_owned(),
        unit_price: Fen::new(fen).to_yuan(),
        quantity: "1".to_owned(),
        amount_fen: fen,
        insurance_class: None,
    };
    let slip = NewSlip {
        card_no: card_no.to_owned(),
        kind: SlipKind::Lab,
        title: title.to_owned(),
        slip_no: None,
        department: None,
        doctor: None,
        visit_no: None,
        pay_together: false,
        written_minutes_ago: 0,
        pay_within_minutes: None,
        pooled_fund_fen: 0,
        account_fen: 0,
        lines: vec![line],
    };
    let now_ms = simulator.his().now_ms();
    simulator.his().records().write_slip(slip, now_ms).expect("written");
}
