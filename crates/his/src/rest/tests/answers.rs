//! Each call when HIS answers it: what is sent, and what the answer becomes.

use super::*;
use crate::{BookingAnswer, RefundBookingAnswer};
use crate::{
    Found, FoundRefund, His as _, HisError, LedgerKind, LockAnswer, LockRequest, MayRefund, RefundQuestion,
};
use mingfen_domain::BusinessDay;
use mingfen_domain::slip::{SlipKind, SlipStatus};
use mingfen_vault::request_signature;
use serde_json::{Value, json};

fn slip_json() -> Value {
    json!({
        "slip_no": "MZ202611240001", "kind": "exam", "title": "心脏彩超、心电图", "status": "unpaid",
        "department": "心血管内科", "doctor": "林静 医师", "billed_at": "2026-11-24T09:58:00+08:00",
        "pay_by": "2026-11-24T23:59:00+08:00", "visit_no": "V20261124017", "pay_together": false,
        "total_fen": 24600, "pooled_fund_fen": 0, "account_fen": 0, "self_pay_fen": 24600, "new_member": [1],
        "lines": [{
            "code": "250310001", "name": "心脏彩色多普勒超声", "spec": "", "unit": "次",
            "unit_price": "220.0000", "quantity": "1", "amount_fen": 22000, "insurance_class": "乙"
        }]
    })
}

fn patient_json() -> Value {
    json!({ "patient_id": "7", "name": "张小明", "card_no": "A10023846021", "phone": "13800138000" })
}

fn without_lines() -> Value {
    let mut slip = slip_json();
    slip.as_object_mut()
        .unwrap()
        .retain(|name, _| !["lines", "department", "doctor", "pay_by"].contains(&name.as_str()));
    slip
}

async fn listed(body: Value) -> Result<Option<crate::Owed>, HisError> {
    let reply = Reply::json(200, &body);
    asked(reply, async |his| his.owed_slips(&hospital(), "A10023846021").await).await.0
}

async fn problem_of(body: Value) -> String {
    match listed(body).await {
        Err(HisError::NoAnswer(text)) => text,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn every_request_is_signed_over_exactly_what_is_sent() {
    let reply = Reply::json(200, &json!({ "patient": patient_json(), "slips": [] }));
    let (_, seen) = asked(reply, async |his| his.owed_slips(&hospital(), "A10023846021").await).await;
    assert!(seen.head.starts_with("POST /his/v1/slips/list HTTP/1.1\r\n"), "{}", seen.head);
    let (at, nonce) = (seen.header("X-Mingfen-Timestamp").parse().unwrap(), seen.header("X-Mingfen-Nonce"));
    let signature = seen.header("X-Mingfen-Signature");
    let path = "/his/v1/slips/list";
    assert!(request_signature::is_nonce(nonce));
    assert!(request_signature::verify(SECRET.as_bytes(), "POST", path, at, nonce, &seen.body, signature));
    assert_eq!(seen.json(), json!({ "hospital_id": "QH01", "card_no": "A10023846021" }));
}

#[tokio::test]
async fn what_is_owed_is_listed_with_its_patient() {
    let owed =
        listed(json!({ "patient": patient_json(), "slips": [without_lines()] })).await.unwrap().unwrap();
    assert!(owed.patient.name == "张小明" && owed.patient.phone.as_deref() == Some("13800138000"));
    assert_eq!(owed.patient.id_no, None);
    let slip = &owed.slips[0];
    assert_eq!(
        (slip.slip_no.as_str(), slip.kind, slip.status),
        ("MZ202611240001", SlipKind::Exam, SlipStatus::Unpaid)
    );
    assert_eq!((slip.split.total(), slip.split.self_pay()), (Fen::new(24_600), Fen::new(24_600)));
    assert_eq!((slip.doctor.as_str(), slip.pay_by, slip.lines.len()), ("", None, 0));
    assert_eq!(slip.hospital, hospital());
}

#[tokio::test]
async fn a_patient_that_his_does_not_know_is_absent_and_no_error() {
    let reply = Reply::json(404, &json!({ "code": "NO_SUCH_PATIENT", "message": "查无此人" }));
    let (answer, _) = asked(reply, async |his| his.owed_slips(&hospital(), "X").await).await;
    assert_eq!(answer, Ok(None));
}

#[tokio::test]
async fn a_list_for_another_card_is_never_shown() {
    let mut other = patient_json();
    other["card_no"] = json!("A10023846022");
    let problem = problem_of(json!({ "patient": other, "slips": [] })).await;
    assert_eq!(problem, "the answer's patient.card_no is another card's than the one asked for");
}

#[tokio::test]
async fn what_the_contract_forbids_is_refused_by_the_name_of_its_member() {
    for (member, value, problem) in [
        ("status", json!("paid"), "slips[1].status is not unpaid; the list is of what is owed"),
        ("status", json!("open"), "slips[1].status is none of unpaid, paid, cancelled, refunded"),
        ("total_fen", json!("246.00"), "slips[1].total_fen is not an integer number of fen"),
        ("total_fen", json!(246.5), "slips[1].total_fen is not an integer number of fen"),
        (
            "total_fen",
            json!(24601),
            "slips[1] is not a bill that adds up: the parts make 246.00 yuan, the total says 246.01",
        ),
        (
            "pooled_fund_fen",
            json!(-1),
            "slips[1] is not a bill that adds up: no part of a bill can be negative",
        ),
        (
            "billed_at",
            json!("2026-11-24 09:58:00"),
            "slips[1].billed_at is not a time like 2026-01-01T12:00:30+08:00",
        ),
        ("visit_no", Value::Null, "slips[1].visit_no is null; leave it out instead"),
        ("pay_together", json!("no"), "slips[1].pay_together is neither true nor false"),
        ("slip_no", json!("MZ202611240001"), "slips[1].slip_no is listed twice"),
    ] {
        let mut wrong = without_lines();
        wrong["slip_no"] = json!("MZ202611240002");
        wrong[member] = value;
        let body = json!({ "patient": patient_json(), "slips": [without_lines(), wrong] });
        assert_eq!(problem_of(body).await, format!("the answer's {problem}"));
    }
    assert_eq!(problem_of(json!([])).await, "the answer's body is not an object");
    let no_slips = problem_of(json!({ "patient": patient_json() })).await;
    assert_eq!(no_slips, "the answer's slips is missing");
}

#[tokio::test]
async fn a_slip_comes_with_its_lines_as_his_counted_them() {
    let slip_no = SlipNo::parse("MZ202611240001").unwrap();
    let reply = Reply::json(200, &json!({ "slip": slip_json() }));
    let (answer, seen) = asked(reply, async |his| his.slip_detail(&hospital(), &slip_no).await).await;
    let slip = answer.unwrap().unwrap();
    assert_eq!(seen.json(), json!({ "hospital_id": "QH01", "slip_no": "MZ202611240001" }));
    assert_eq!((slip.lines[0].unit_price.as_str(), slip.lines[0].amount), ("220.0000", Fen::new(22_000)));
    assert_eq!(slip.lines[0].insurance_class.as_deref(), Some("乙"));
    assert_eq!(slip.pay_by.unwrap().to_rfc3339(), "2026-11-24T23:59:00+08:00");

    let other = SlipNo::parse("MZ202611240009").unwrap();
    let reply = Reply::json(200, &json!({ "slip": slip_json() }));
    let (answer, _) = asked(reply, async |his| his.slip_detail(&hospital(), &other).await).await;
    let problem = "the answer's slip.slip_no is another slip's than the one asked for".to_owned();
    assert_eq!(answer, Err(HisError::NoAnswer(problem)));

    let reply = Reply::json(404, &json!({ "code": "NO_SUCH_SLIP", "message": "" }));
    let (answer, _) = asked(reply, async |his| his.slip_detail(&hospital(), &other).await).await;
    assert_eq!(answer, Ok(None));
}

#[tokio::test]
async fn slips_are_held_or_refused_and_given_back() {
    let hold_until = Timestamp::from_rfc3339("2026-11-24T10:45:00+08:00").unwrap();
    let request =
        LockRequest { hospital: hospital(), request_id: bill_no(), slips: vec![slip_amount()], hold_until };
    let reply = Reply::json(200, &json!({ "lock_token": "L1", "expires_at": "2026-11-24T10:45:00+08:00" }));
    let (answer, seen) = asked(reply, async |his| his.lock(&request).await).await;
    assert_eq!(answer, Ok(LockAnswer::Locked { token: "L1".to_owned(), expires_at: hold_until }));
    let wanted = json!({
        "hospital_id": "QH01", "request_id": "B2611240000000000001", "hold_until": "2026-11-24T10:45:00+08:00",
        "slips": [{ "slip_no": "MZ202611240001", "amount_fen": 24600 }]
    });
    assert_eq!(seen.json(), wanted);

    let reply = Reply::json(409, &json!({ "code": "SLIP_LOCKED", "message": "窗口正在收费" }));
    let (answer, _) = asked(reply, async |his| his.lock(&request).await).await;
    let rejected =
        LockAnswer::Rejected { code: "SLIP_LOCKED".to_owned(), message: "窗口正在收费".to_owned() };
    assert_eq!(answer, Ok(rejected));

    let reply = Reply::json(200, &json!({}));
    let (answer, seen) = asked(reply, async |his| his.unlock(&hospital(), "L1").await).await;
    assert_eq!((answer, seen.json()), (Ok(()), json!({ "hospital_id": "QH01", "lock_token": "L1" })));
}

#[tokio::test]
async fn a_bill_is_booked_with_signposts() {
    let reply = Reply::json(
        200,
        &json!({ "his_order_no": "H1", "receipt_no": "SJ1", "places": [
            { "place": "超声科登记台", "where": "门诊楼 3 层", "wait": "现在就可以去", "number_label": "排队号", "number": "B36" }
        ] }),
    );
    let (answer, seen) = asked(reply, async |his| his.book(&booking()).await).await;
    let BookingAnswer::Booked(booked) = answer else { panic!("{answer:?}") };
    assert_eq!((booked.his_order_no.as_str(), booked.receipt_no.as_str()), ("H1", "SJ1"));
    assert_eq!(booked.places[0].location.as_deref(), Some("门诊楼 3 层"));
    assert_eq!(booked.places[0].number.as_deref(), Some("B36"));
    let wanted = json!({
        "hospital_id": "QH01", "order_no": "B2611240000000000001", "total_fen": 24600, "lock_token": "L1",
        "slips": [{ "slip_no": "MZ202611240001", "amount_fen": 24600 }], "operator": "mingfen",
        "tenders": [{
            "kind": "self_pay", "channel": "wechat-main", "out_trade_no": "P2611240000000000001",
            "provider_trade_no": "4200000001", "amount_fen": 24600, "paid_at": "2026-11-24T10:31:05+08:00"
        }]
    });
    assert_eq!(seen.json(), wanted);

    let mut unlocked = Booking { lock_token: None, ..booking() };
    for tender in [Tender::PooledFund, Tender::PersonalAccount] {
        let part = PaidTender { tender, ..unlocked.tenders[0].clone() };
        unlocked.tenders.push(part);
    }
    let reply = Reply::json(200, &json!({ "his_order_no": "H1", "receipt_no": "", "places": [] }));
    let (_, seen) = asked(reply, async |his| his.book(&unlocked).await).await;
    let sent = seen.json();
    assert_eq!(sent.get("lock_token"), None);
    assert_eq!(
        (&sent["tenders"][1]["kind"], &sent["tenders"][2]["kind"]),
        (&json!("pooled_fund"), &json!("account"))
    );
}

#[tokio::test]
async fn unreadable_signposts_do_not_put_a_booking_in_doubt() {
    let reply =
        Reply::json(200, &json!({ "his_order_no": "H1", "receipt_no": "SJ1", "places": [{ "place": 3 }] }));
    let (answer, _) = asked(reply, async |his| his.book(&booking()).await).await;
    assert!(matches!(answer, BookingAnswer::Booked(booked) if booked.places.is_empty()));
}

#[tokio::test]
async fn the_compensation_query_answers_yes_no_or_unknown() {
    let find = async |his: RestHis| his.find_booking(&hospital(), &bill_no()).await;
    let yes = json!({ "state": "booked", "his_order_no": "H1", "receipt_no": "SJ1", "total_fen": 24600, "places": [] });
    let (answer, seen) = asked(Reply::json(200, &yes), find).await;
    assert!(
        matches!(answer, Found::Yes(found) if found.booked.his_order_no == "H1" && found.total == Fen::new(24_600))
    );
    assert_eq!(seen.json(), json!({ "hospital_id": "QH01", "order_no": "B2611240000000000001" }));
    let (answer, _) = asked(Reply::json(200, &json!({ "state": "not_found" })), find).await;
    assert_eq!(answer, Found::No);
    for (status, body) in [
        (200, json!({})),
        (200, json!({ "state": "BOOKED" })),
        (
            200,
            json!({ "state": "booked", "his_order_no": "" , "receipt_no": "", "total_fen": 1, "places": [] }),
        ),
        (404, json!({ "code": "NO_SUCH_ORDER", "message": "" })),
        (401, json!({ "code": "BAD_SIGNATURE", "message": "" })),
        (500, json!({ "state": "not_found" })),
    ] {
        let (answer, _) = asked(Reply::json(status, &body), find).await;
        assert!(matches!(answer, Found::Unknown(_)), "{status} {body}: {answer:?}");
    }
}

#[tokio::test]
async fn his_is_asked_before_money_goes_back() {
    let question = RefundQuestion {
        hospital: hospital(),
        bill_no: bill_no(),
        amount: Amount::from_fen(600).unwrap(),
        slip_no: Some(SlipNo::parse("MZ1").unwrap()),
    };
    let ask = async |his: RestHis| his.may_refund(&question).await;
    let (answer, seen) = asked(Reply::json(200, &json!({ "allowed": true })), ask).await;
    assert_eq!(answer, Ok(MayRefund::Yes));
    let wanted = json!({ "hospital_id": "QH01", "order_no": "B2611240000000000001", "amount_fen": 600, "slip_no": "MZ1" });
    assert_eq!(seen.json(), wanted);
    let reason = "药品已发出，请先到药房退药".to_owned();
    let (answer, _) = asked(Reply::json(200, &json!({ "allowed": false, "reason": reason })), ask).await;
    assert_eq!(answer, Ok(MayRefund::No { reason }));
    let (answer, _) =
        asked(Reply::json(404, &json!({ "code": "NO_SUCH_ORDER", "message": "无此订单" })), ask).await;
    let rejected =
        HisError::Rejected { code: "NO_SUCH_ORDER".to_owned(), message: "无此订单".to_owned() };
    assert_eq!(answer, Err(rejected));
    let (answer, _) = asked(Reply::json(200, &json!({ "allowed": "yes" })), ask).await;
    assert!(matches!(answer, Err(HisError::NoAnswer(_))));
}

#[tokio::test]
async fn a_refund_is_booked_and_found() {
    let book = async |his: RestHis| his.book_refund(&refund()).await;
    let (answer, seen) = asked(Reply::json(200, &json!({ "his_refund_no": "HR1" })), book).await;
    assert_eq!(answer, RefundBookingAnswer::Booked { his_refund_no: "HR1".to_owned() });
    let wanted = json!({
        "hospital_id": "QH01", "order_no": "B2611240000000000001", "refund_no": "R2611240000000000001",
        "amount_fen": 600, "reason": "退药", "refunded_at": "2026-11-24T11:00:00+08:00", "operator": "mingfen"
    });
    assert_eq!(seen.json(), wanted);
    let too_much = json!({ "code": "REFUND_TOO_MUCH", "message": "超过可退" });
    let (answer, _) = asked(Reply::json(409, &too_much), book).await;
    assert!(matches!(answer, RefundBookingAnswer::Refused { code, .. } if code == "REFUND_TOO_MUCH"));

    let find = async |his: RestHis| his.find_refund(&hospital(), &refund().out_refund_no).await;
    let booked = json!({ "state": "booked", "his_refund_no": "HR1", "amount_fen": 600 });
    assert_eq!(
        asked(Reply::json(200, &booked), find).await.0,
        Found::Yes(FoundRefund { his_refund_no: "HR1".to_owned(), amount: Amount::from_fen(600).unwrap() })
    );
    assert_eq!(asked(Reply::json(200, &json!({ "state": "not_found" })), find).await.0, Found::No);
    let halved = json!({ "state": "booked", "his_refund_no": "HR1" });
    assert!(matches!(asked(Reply::json(200, &halved), find).await.0, Found::Unknown(_)));
}

#[tokio::test]
async fn a_ledger_page_is_read_whole_or_not_at_all() {
    let payment = json!({
        "row_no": "1", "kind": "payment", "order_no": "B1", "slip_no": "MZ1", "out_trade_no": "P1",
        "provider_trade_no": "42", "channel": "wechat-main", "his_order_no": "H1", "amount_fen": 24600,
        "booked_at": "2026-11-24T10:31:07+08:00"
    });
    let mut back = payment.clone();
    back["kind"] = json!("refund");
    back["refund_no"] = json!("R1");
    let day = BusinessDay::parse("2026-11-24").unwrap();
    let read = async |his: RestHis| his.ledger_page(&hospital(), day, 2).await;
    let body = json!({ "rows": [payment, back], "has_next_page": true });
    let (answer, seen) = asked(Reply::json(200, &body), read).await;
    let page = answer.unwrap();
    assert_eq!(seen.json(), json!({ "hospital_id": "QH01", "day": "2026-11-24", "page": 2 }));
    assert!(page.has_next);
    assert_eq!((page.rows[0].kind, page.rows[0].refund_no.as_deref()), (LedgerKind::Payment, None));
    assert_eq!((page.rows[1].kind, page.rows[1].refund_no.as_deref()), (LedgerKind::Refund, Some("R1")));

    for (member, value, problem) in [
        ("kind", json!("fee"), "kind is neither payment nor refund"),
        ("amount_fen", json!(0), "amount_fen is not at least one fen"),
        ("booked_at", json!(""), "booked_at is not a time like 2026-01-01T12:00:30+08:00"),
        ("row_no", json!(" "), "row_no is empty"),
    ] {
        let mut body = body.clone();
        body["rows"][1][member] = value;
        let (answer, _) = asked(Reply::json(200, &body), read).await;
        assert_eq!(answer, Err(HisError::Unreadable(format!("the answer's rows[1].{problem}"))));
    }
    let mut body = body.clone();
    body["rows"][1].as_object_mut().unwrap().remove("refund_no");
    let (answer, _) = asked(Reply::json(200, &body), read).await;
    assert_eq!(answer, Err(HisError::Unreadable("the answer's rows[1].refund_no is missing".to_owned())));
}
