//! What is believed when the wire goes wrong.

use super::hospital::Hospital;
use mingfen_provider_api::{CallError, Inquiry, Provider, Sighted};
use mingfen_simulator::faults::{Fault, When};

readings!(
    a_question_goes_to_the_spare_site_and_an_order_does_not,
    everything_after_sending_that_proves_nothing_is_doubt,
    a_rate_limit_postpones_an_order,
    nothing_is_sent_when_nobody_is_there,
    a_clock_that_is_wrong_is_said_by_wechat,
    a_closed_order_stays_closed_when_the_query_after_it_fails,
);

async fn everything_after_sending_that_proves_nothing_is_doubt(hospital: Hospital) {
    let order = hospital.order("P2601011200000301", 1250).await;
    for fault in [
        Fault::Reset { when: When::Before },
        Fault::Reset { when: When::After },
        Fault::Timeout { when: When::After },
        Fault::Status { status: 500, when: When::Before },
        Fault::Status { status: 502, when: When::After },
        Fault::Truncated,
        Fault::ProbeSignature,
        Fault::ForgedSignature,
        Fault::WrongSerial,
        Fault::Unsigned,
        Fault::SkewedTimestamp { seconds: -301 },
        Fault::SkewedTimestamp { seconds: 301 },
    ] {
        hospital.fault("wechat.jsapi", fault.clone());
        let error = hospital.wechat.open_order(&order).await.expect_err("no usable answer");
        assert!(matches!(error, CallError::InDoubt(_)), "{fault:?}: {error}");
    }
    assert!(hospital.wechat.open_order(&order).await.is_ok());
}

async fn a_rate_limit_postpones_an_order(hospital: Hospital) {
    let order = hospital.order("P2601011200000302", 1250).await;
    hospital.fault("wechat.jsapi", Fault::Status { status: 429, when: When::Before });
    let error = hospital.wechat.open_order(&order).await.expect_err("too many");
    assert!(matches!(error, CallError::Postponed { .. }), "{error}");
}

async fn nothing_is_sent_when_nobody_is_there(hospital: Hospital) {
    let order = hospital.order("P2601011200000303", 1250).await;
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("an address");
    drop(listener);
    let elsewhere = hospital.at(&format!("http://{address}"));
    let error = elsewhere.open_order(&order).await.expect_err("nobody there");
    assert!(matches!(error, CallError::NotSent(_)), "{error}");
}

async fn a_clock_that_is_wrong_is_said_by_wechat(hospital: Hospital) {
    let order = hospital.order("P2601011200000304", 1250).await;
    let late = hospital.with_clock_off_by(-400);
    let error = late.open_order(&order).await.expect_err("a stamp too old");
    assert!(matches!(&error, CallError::Refused { code, .. } if code == "SIGN_ERROR"), "{error}");
}

async fn a_closed_order_stays_closed_when_the_query_after_it_fails(hospital: Hospital) {
    let order = hospital.order("P2601011200000305", 1250).await;
    hospital.wechat.open_order(&order).await.expect("opens");
    let mut after_the_first = mingfen_simulator::faults::Rule::next(
        "wechat.query",
        Fault::Status { status: 500, when: When::Before },
    );
    after_the_first.skip = 1;
    hospital.sim.faults().add(after_the_first);
    let closed = hospital.wechat.close(&order.out_trade_no).await.expect("closes");
    assert_eq!(closed.seen, Sighted::Closed);
}

async fn a_question_goes_to_the_spare_site_and_an_order_does_not(hospital: Hospital) {
    let order = hospital.order("P2601011200000306", 1250).await;
    hospital.wechat.open_order(&order).await.expect("opens");
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("an address");
    drop(listener);
    let spare = format!("spare_api_base_url = \"{}\"\n", hospital.sim.base_url);
    let down = hospital.at_with(&format!("http://{address}"), &spare);
    assert_eq!(down.query(&order.out_trade_no).await.map(|seen| seen.seen), Ok(Sighted::Waiting));
    let error = down.open_order(&order).await.expect_err("orders have one site");
    assert!(matches!(error, CallError::NotSent(_)), "{error}");

    let ill = hospital.with_settings(&spare);
    for status in [502, 503] {
        hospital.fault("wechat.query", Fault::Status { status, when: When::Before });
        assert_eq!(ill.query(&order.out_trade_no).await.map(|seen| seen.seen), Ok(Sighted::Waiting));
    }
    hospital.fault("wechat.jsapi", Fault::Status { status: 502, when: When::Before });
    let error = ill.open_order(&order).await.expect_err("sent once");
    assert!(matches!(error, CallError::InDoubt(_)), "{error}");
}
