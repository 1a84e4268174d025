//! How the server says no: status, body and the internal code at the end of `Request-ID`.
//!
//! # Source
//! WeChat Pay API v3 reference, sections 1.3 and 9.1.

use std::borrow::Cow;

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use serde::Serialize;

/// A rejected call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// HTTP status.
    pub status: u16,
    /// `code` of the body; an empty one makes an empty body.
    pub code: Cow<'static, str>,
    /// `message` of the body.
    pub message: String,
    /// Where a parameter was wrong.
    pub detail: Option<Detail>,
    /// The digits after the last `-` of `Request-ID`.
    pub internal: u32,
}

/// Where a parameter was wrong, as captures show it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Detail {
    /// `body`, `uri_template` or `query`.
    pub location: &'static str,
    /// The value that was sent.
    pub value: serde_json::Value,
}

#[derive(Serialize)]
struct Body<'a> {
    code: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<&'a Detail>,
    message: &'a str,
}

impl Refusal {
    /// A refusal without internal code.
    pub fn new(status: u16, code: impl Into<Cow<'static, str>>, message: impl Into<String>) -> Self {
        Refusal { status, code: code.into(), message: message.into(), detail: None, internal: 268_435_461 }
    }

    /// With the internal code that the vendor's list gives for it.
    pub fn internal(self, internal: u32) -> Self {
        Refusal { internal, ..self }
    }

    /// 401 `SIGN_ERROR`.
    pub fn sign_error(message: &str) -> Self {
        Refusal::new(401, "SIGN_ERROR", message).internal(268_443_699)
    }

    /// 400 `PARAM_ERROR` without detail.
    pub fn param(message: impl Into<String>) -> Self {
        Refusal::new(400, "PARAM_ERROR", message)
    }

    /// 400 `PARAM_ERROR` with the place and value.
    pub fn at(location: &'static str, value: serde_json::Value, message: impl Into<String>) -> Self {
        Refusal { detail: Some(Detail { location, value }), ..Refusal::param(message) }
    }

    /// 400 `INVALID_REQUEST`.
    pub fn invalid_request(message: impl Into<String>) -> Self {
        Refusal::new(400, "INVALID_REQUEST", message)
    }

    /// What the fault plan asks for by status.
    pub fn of_status(status: u16) -> Self {
        let (code, message) = match status {
            400 => ("PARAM_ERROR", "参数错误"),
            401 => ("SIGN_ERROR", "签名错误"),
            403 => ("RULE_LIMIT", "业务规则限制"),
            404 => ("RESOURCE_NOT_EXISTS", "查询的资源不存在"),
            429 => ("FREQUENCY_LIMITED", "频率超限"),
            500 => ("SYSTEM_ERROR", "系统异常，请用相同参数重新调用"),
            503 => ("SERVICE_UNAVAILABLE", "服务不可用，过载保护"),
            // A gateway in front answers these; it knows no JSON.
            _ => ("", ""),
        };
        let internal = if status == 429 { 268_447_840 } else { 268_435_456 };
        Refusal::new(status, code, message).internal(internal)
    }

    /// The bytes of the body.
    pub fn body(&self) -> Vec<u8> {
        if self.code.is_empty() {
            return Vec::new();
        }
        let body = Body { code: &self.code, detail: self.detail.as_ref(), message: &self.message };
        serde_json::to_vec(&body).unwrap_or_default()
    }

    /// The unsigned answer; rejections on transaction paths have no `Request-ID`.
    pub fn answer(&self, request_id: Option<String>) -> HttpResponse {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut answer = HttpResponse::build(status);
        if let Some(request_id) = request_id {
            answer.insert_header(("Request-ID", request_id));
        }
        match self.body() {
            empty if empty.is_empty() => answer.finish(),
            body => answer.content_type("application/json; charset=utf-8").body(body),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bodies_are_as_captured() {
        assert_eq!(
            Refusal::sign_error("签名错误").body(),
            r#"{"code":"SIGN_ERROR","message":"签名错误"}"#.as_bytes()
        );
        let located = Refusal::at("body", 0.into(), "m");
        assert_eq!(
            String::from_utf8(located.body()).as_deref(),
            Ok(r#"{"code":"PARAM_ERROR","detail":{"location":"body","value":0},"message":"m"}"#)
        );
        assert_eq!(Refusal::of_status(502).body(), b"");
    }
}
