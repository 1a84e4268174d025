//! The calls of the contract: check the signature, read the body, do it, answer.
//!
//! Every call passes the fault engine under `his.<call>`; a page of the ledger beyond the first also under
//! `his.ledger/day.<page>`, so that a rule can fail page 2 alone.

use std::sync::PoisonError;

use actix_web::http::StatusCode;
use actix_web::http::header::ContentType;
use actix_web::{HttpRequest, HttpResponse, web};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::denial::Denial;
use super::signature::{self, SignedHeaders};
use super::trouble::Trouble;
use super::wire::{
    CardRequest, ConfirmRequest, DetailRequest, FindPaymentRequest, FindRefundRequest, LedgerRequest,
    LockRequest, MayRefundRequest, RefundRequest, SlipStatus, UnlockRequest,
};
use super::{HOSPITAL_ID, His};
use crate::clock;
use crate::wire::carry_out;

const PREFIX: &str = "/his/v1/";

pub(super) fn configure(service: &mut web::ServiceConfig) {
    service.route("/his/v1/{group}/{verb}", web::route().to(answer));
}

async fn answer(hospital: web::Data<His>, request: HttpRequest, body: web::Bytes) -> HttpResponse {
    let call = request.path().strip_prefix(PREFIX).unwrap_or_default().to_owned();
    if let Err(denial) = hospital.admit(&request, &body) {
        return refusal(&denial);
    }
    let name = match serde_json::from_slice::<LedgerRequest>(&body) {
        Ok(ask) if call == "ledger/day" && ask.page > 1 => format!("his.{call}.{}", ask.page),
        _ => format!("his.{call}"),
    };
    let broken = |status| {
        let denial =
            Denial { status: code(status), code: "FAULT".into(), message: "scripted fault".to_owned() };
        refusal(&denial)
    };
    let effect = async { hospital.carry_out_call(&call, &body) };
    carry_out(&hospital.shared, &request, &name, broken, effect).await
}

fn code(status: u16) -> StatusCode {
    StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}

fn refusal(denial: &Denial) -> HttpResponse {
    HttpResponse::build(denial.status).json(json!({ "code": denial.code, "message": denial.message }))
}

impl His {
    /// Method, type of content and signature.
    fn admit(&self, request: &HttpRequest, body: &[u8]) -> Result<(), Denial> {
        if request.method() != actix_web::http::Method::POST {
            return Err(Denial::bad_request("the contract knows POST only"));
        }
        let header =
            |name: &str| request.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or("");
        let headers = SignedHeaders {
            key_id: header("X-Mingfen-Key"),
            timestamp: header("X-Mingfen-Timestamp"),
            nonce: header("X-Mingfen-Nonce"),
            signature: header("X-Mingfen-Signature"),
        };
        let path = request.uri().path_and_query().map_or("/", |path| path.as_str());
        let keys = self.keys.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let mut nonces = self.nonces.lock().unwrap_or_else(PoisonError::into_inner);
        let now_s = self.shared.clock.now_s();
        signature::check(&headers, &keys, request.method().as_str(), path, body, now_s, &mut nonces)?;
        let content_type = header("Content-Type").to_ascii_lowercase().replace(' ', "");
        if content_type != "application/json" && content_type != "application/json;charset=utf-8" {
            return Err(Denial::bad_request("Content-Type wants application/json; charset=utf-8"));
        }
        Ok(())
    }

    fn carry_out_call(&self, call: &str, body: &[u8]) -> HttpResponse {
        let trouble = self.troubles.lock().unwrap_or_else(PoisonError::into_inner).meet(call);
        match &trouble {
            Some(Trouble::Down) => {
                let message = "医院系统停机".to_owned();
                return refusal(&Denial { status: code(503), code: "DOWN".into(), message });
            }
            Some(Trouble::Refuse { code }) => return refusal(&Denial::scripted(code.clone())),
            Some(Trouble::Garbage | Trouble::Gbk) | None => {}
        }
        let value = match self.dispatch(call, body) {
            Ok(value) => value,
            Err(denial) => return refusal(&denial),
        };
        match trouble {
            Some(Trouble::Garbage) => HttpResponse::Ok()
                .content_type(ContentType::json())
                .body("<html><body>系统繁忙</body></html>"),
            Some(Trouble::Gbk) => {
                let text = value.to_string();
                let (bytes, _, _) = encoding_rs::GBK.encode(&text);
                HttpResponse::Ok().content_type("application/json; charset=utf-8").body(bytes.into_owned())
            }
            _ => HttpResponse::Ok().content_type("application/json; charset=utf-8").body(value.to_string()),
        }
    }

    fn dispatch(&self, call: &str, body: &[u8]) -> Result<Value, Denial> {
        match call {
            "patients/find" => self.find_patient(&read(body)?),
            "slips/list" => self.list_slips(&read(body)?),
            "slips/detail" => self.slip_detail(&read(body)?),
            "slips/lock" => self.lock_slips(&read(body)?),
            "slips/unlock" => self.unlock_slips(&read(body)?),
            "payments/confirm" => self.confirm_payment(read(body)?),
            "payments/find" => self.find_payment(&read(body)?),
            "refunds/ask" => self.may_refund(&read(body)?),
            "refunds/confirm" => self.confirm_refund(read(body)?),
            "refunds/find" => self.find_refund(&read(body)?),
            "ledger/day" => self.ledger_day(&read(body)?),
            _ => Err(Denial::not_found("NO_SUCH_CALL", format!("no call {call}"))),
        }
    }

    fn find_patient(&self, ask: &CardRequest) -> Result<Value, Denial> {
        check_hospital(&ask.hospital_id)?;
        Ok(json!({ "patient": self.records().patient(&ask.card_no)? }))
    }

    fn list_slips(&self, ask: &CardRequest) -> Result<Value, Denial> {
        check_hospital(&ask.hospital_id)?;
        let records = self.records();
        let patient = records.patient(&ask.card_no)?;
        let mut slips: Vec<_> =
            records.slips_of(&ask.card_no).filter(|slip| slip.status == SlipStatus::Unpaid).collect();
        slips.sort_by_key(|slip| (slip.billed_at_ms, &slip.slip_no));
        let slips: Vec<_> = slips.into_iter().map(|slip| slip.answer(false)).collect();
        Ok(json!({ "patient": patient, "slips": slips }))
    }

    fn slip_detail(&self, ask: &DetailRequest) -> Result<Value, Denial> {
        check_hospital(&ask.hospital_id)?;
        Ok(json!({ "slip": self.records().slip(&ask.slip_no)?.answer(true) }))
    }

    fn lock_slips(&self, ask: &LockRequest) -> Result<Value, Denial> {
        check_hospital(&ask.hospital_id)?;
        Ok(json!(self.records().lock(ask, self.now_ms())?))
    }

    fn unlock_slips(&self, ask: &UnlockRequest) -> Result<Value, Denial> {
        check_hospital(&ask.hospital_id)?;
        self.records().unlock(&ask.lock_token, self.now_ms());
        Ok(json!({}))
    }

    fn confirm_payment(&self, ask: ConfirmRequest) -> Result<Value, Denial> {
        check_hospital(&ask.hospital_id)?;
        Ok(json!(self.records().confirm(ask, self.now_ms())?))
    }

    fn find_payment(&self, ask: &FindPaymentRequest) -> Result<Value, Denial> {
        check_hospital(&ask.hospital_id)?;
        Ok(match self.records().booking(&ask.order_no) {
            None => json!({ "state": "not_found" }),
            Some(booking) => json!({
                "state": "booked",
                "his_order_no": booking.his_order_no,
                "receipt_no": booking.receipt_no,
                "total_fen": booking.total_fen,
                "places": booking.places,
            }),
        })
    }

    fn may_refund(&self, ask: &MayRefundRequest) -> Result<Value, Denial> {
        check_hospital(&ask.hospital_id)?;
        Ok(match self.records().may_refund(ask)? {
            Ok(()) => json!({ "allowed": true }),
            Err(reason) => json!({ "allowed": false, "reason": reason }),
        })
    }

    fn confirm_refund(&self, ask: RefundRequest) -> Result<Value, Denial> {
        check_hospital(&ask.hospital_id)?;
        Ok(json!({ "his_refund_no": self.records().confirm_refund(ask, self.now_ms())? }))
    }

    fn find_refund(&self, ask: &FindRefundRequest) -> Result<Value, Denial> {
        check_hospital(&ask.hospital_id)?;
        Ok(match self.records().refunds.get(&ask.refund_no) {
            None => json!({ "state": "not_found" }),
            Some(refund) => json!({
                "state": "booked",
                "his_refund_no": refund.his_refund_no,
                "amount_fen": refund.amount_fen,
            }),
        })
    }

    fn ledger_day(&self, ask: &LedgerRequest) -> Result<Value, Denial> {
        check_hospital(&ask.hospital_id)?;
        if ask.page == 0 || clock::start_of_day_ms(&ask.day).is_none() {
            return Err(Denial::bad_request("day wants 2026-01-01, page counts from 1"));
        }
        let rows = self.records().ledger_of(&ask.day);
        let size = self.rows_per_page();
        let start = usize::try_from(ask.page - 1).unwrap_or(usize::MAX).saturating_mul(size).min(rows.len());
        let end = start.saturating_add(size).min(rows.len());
        Ok(json!({ "rows": rows[start..end], "has_next_page": end < rows.len() }))
    }
}

fn check_hospital(hospital_id: &str) -> Result<(), Denial> {
    if hospital_id == HOSPITAL_ID {
        return Ok(());
    }
    Err(Denial::bad_request(format!("hospital_id wants {HOSPITAL_ID}")))
}

/// Reads a body, and refuses `null`: the contract leaves absent members out.
fn read<Request: DeserializeOwned>(body: &[u8]) -> Result<Request, Denial> {
    let value: Value =
        serde_json::from_slice(body).map_err(|error| Denial::bad_request(format!("not JSON: {error}")))?;
    if has_null(&value) {
        return Err(Denial::bad_request("a member is null; absent members are left out"));
    }
    serde_json::from_value(value).map_err(|error| Denial::bad_request(error.to_string()))
}

fn has_null(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Array(items) => items.iter().any(has_null),
        Value::Object(members) => members.values().any(has_null),
        Value::Bool(_) | Value::Number(_) | Value::String(_) => false,
    }
}
