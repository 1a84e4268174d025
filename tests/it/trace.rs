//! One order's trace id is in every log line about it, whichever component wrote the line, and in HIS's log too.

use mingfen_simulator::faults::{Fault, Rule, When};
use mingfen_tests::{App, CARD, Hospital};
use serde_json::json;
use std::io::Write;
use std::sync::{Arc, Mutex, OnceLock};
use tracing_subscriber::fmt::MakeWriter;

stories!(
    the_trace_follows_a_payment_and_its_refund_through_every_component,
    a_his_that_refuses_us_is_told_by_health_and_metrics,
);

/// What all stories of this process log, as text.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().expect("a log").extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Log {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

fn log() -> &'static Log {
    static LOG: OnceLock<Log> = OnceLock::new();
    LOG.get_or_init(|| {
        let log = Log::default();
        tracing_subscriber::fmt()
            .with_env_filter("off,mingfen_gateway=debug,mingfen_his=debug,mingfen_providers=debug")
            .with_ansi(false)
            .with_writer(log.clone())
            .init();
        log
    })
}

async fn the_trace_follows_a_payment_and_its_refund_through_every_component(hospital: Hospital) {
    let log = log();
    let mut patient = hospital.patient(CARD, App::Wechat).await;
    let sheet = patient.pays(&[1]).await;
    hospital.lives_through(10, 5).await;
    let bill = hospital.store().bill_by_view_ref(&sheet.reference()).await.expect("rows").expect("a bill");
    let body = json!({"order_no": bill.bill.bill_no.as_str(), "amount_fen": 100, "refund_request_no": "TF1", "reason": "退药", "operator": "his"});
    let key = [("idempotency-key", "TRACED-000001")];
    let (status, answer) = hospital.api("POST", "/api/v1/refunds", &body.to_string(), &key).await;
    assert_eq!(status, 200, "{answer}");
    hospital.lives_through(60, 10).await;

    let trace = bill.trace.as_str();
    let text = String::from_utf8(log.0.lock().expect("a log").clone()).expect("text");
    let lines: Vec<&str> = text.lines().filter(|line| line.contains(trace)).collect();
    for wanted in [
        "order stored",
        "/slips/lock",
        "mingfen_providers",
        "order moved",
        "/payments/confirm",
        "write-back moved",
        "/refunds/ask",
        "refund moved",
        "/refunds/confirm",
    ] {
        assert!(
            lines.iter().any(|line| line.contains(wanted)),
            "no line says {wanted}:\n{}",
            lines.join("\n")
        );
    }
    // Nothing about money is written without its order: every such line of HIS's adapter has some trace.
    for line in text.lines().filter(|line| line.contains("/payments/") || line.contains("/refunds/")) {
        assert!(line.contains("trace="), "{line}");
    }
    let calls = hospital.simulator.calls().all();
    for call in ["his.slips/lock", "his.payments/confirm", "his.refunds/ask", "his.refunds/confirm"] {
        let heard: Vec<_> = calls.iter().filter(|one| one.call == call).collect();
        assert!(!heard.is_empty(), "{call} is not among {calls:?}");
        assert!(heard.iter().all(|one| one.trace.as_deref() == Some(trace)), "{heard:?}");
    }
}

async fn a_his_that_refuses_us_is_told_by_health_and_metrics(hospital: Hospital) {
    let ready = || async {
        let url = format!("{}/readyz", hospital.replica.internal_url);
        let text = reqwest::get(url).await.expect("an answer").text().await.expect("text");
        serde_json::from_str::<serde_json::Value>(&text).expect("JSON")
    };
    let mut patient = hospital.patient(CARD, App::Wechat).await;
    let sheet = patient.goes_to_the_sheet(&[1]).await;
    assert_eq!(ready().await["his_refuses_us"], false);
    for call in ["his.payments/confirm", "his.payments/find"] {
        let fault = Fault::Status { status: 401, when: When::Before };
        hospital.simulator.faults().add(Rule::next(call, fault));
    }
    patient.pays_in_the_sheet(&sheet).await;
    hospital.settles().await;
    let told = ready().await;
    assert_eq!((&told["his_refuses_us"], &told["ready"]), (&true.into(), &true.into()), "{told}");
    let url = format!("{}/metrics", hospital.replica.internal_url);
    let metrics = reqwest::get(url).await.expect("an answer").text().await.expect("text");
    assert!(metrics.contains("mingfen_his_refuses_us 1"), "{metrics}");
    assert!(metrics.contains("call=\"book\",result=\"refused_us\""), "{metrics}");
    hospital.lives_through(600, 30).await;
    assert_eq!(ready().await["his_refuses_us"], false, "it is forgotten when HIS answers again");
}
