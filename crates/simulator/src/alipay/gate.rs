//! `gateway.do`: who calls, whether the call is sound, and which method answers it.
//!
//! # Source
//! Protocol page sections 1 and 13. The gateway looks at `app_id` before anything else (observed); the order of the
//! other checks is not documented and kept as that page proposes.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::canonical::{Parameters, request_text};
use super::credentials::{Application, KeyMode, KeyRoom};
use super::envelope::Members;
use super::form::{self, Content};
use super::refusal::Refusal;
use super::{Alipay, Script};
use crate::clock::SECOND_MS;
use crate::html::escape;
use crate::wire::carry_out;

pub(super) fn configure(service: &mut web::ServiceConfig) {
    service.service(
        web::resource("/alipay/gateway.do").route(web::post().to(answer)).route(web::get().to(answer)),
    );
}

/// The methods, their call names, and nothing else that the gateway knows.
const METHODS: &[(&str, &str)] = &[
    ("alipay.trade.create", "alipay.create"),
    ("alipay.trade.precreate", "alipay.precreate"),
    ("alipay.trade.wap.pay", "alipay.wap"),
    ("alipay.trade.pay", "alipay.pay"),
    ("alipay.trade.query", "alipay.query"),
    ("alipay.trade.close", "alipay.close"),
    ("alipay.trade.cancel", "alipay.cancel"),
    ("alipay.trade.refund", "alipay.refund"),
    ("alipay.trade.fastpay.refund.query", "alipay.refund_query"),
    ("alipay.data.dataservice.bill.downloadurl.query", "alipay.bill_url"),
    ("alipay.open.app.alipaycert.download", "alipay.cert_download"),
    ("alipay.system.oauth.token", "alipay.oauth_token"),
];

/// The call that a browser makes: it is answered with pages and redirects, never with JSON.
const PAGE_CALL: &str = "alipay.wap";

fn call_name(parameters: &Parameters) -> &'static str {
    let method = parameters.get("method").map_or("", String::as_str);
    METHODS.iter().find(|(name, _)| *name == method).map_or("alipay.unknown", |(_, call)| call)
}

async fn answer(alipay: web::Data<Alipay>, request: HttpRequest, body: web::Bytes) -> HttpResponse {
    let parameters = form::merge(request.query_string(), &body);
    let call = call_name(&parameters);
    let refused = |refusal: &Refusal| match call {
        PAGE_CALL => error_page(refusal),
        _ => alipay.envelope_refusal(&parameters, refusal),
    };
    let outage = |status| match status {
        429 => refused(&Refusal::limited()),
        500 => refused(&Refusal::unavailable()),
        other => proxy_page(other),
    };
    let effect = async { alipay.handle(call, &parameters) };
    carry_out(&alipay.shared, &request, call, outage, effect).await
}

/// What stands in front of the gateway answers for it.
fn proxy_page(status: u16) -> HttpResponse {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_GATEWAY);
    HttpResponse::build(status).content_type("text/html").body(format!(
        "<html><head><title>{status}</title></head><body><center><h1>{status}</h1></center></body></html>"
    ))
}

/// What a method answers: members beside `code` and `msg`, or a refusal.
pub(super) type Outcome = Result<Members, Refusal>;

impl Alipay {
    fn handle(&self, call: &'static str, parameters: &Parameters) -> HttpResponse {
        self.settle(self.shared.clock.now_ms());
        let application = match self.admit(parameters) {
            Ok(application) => application,
            Err(refusal) if call == PAGE_CALL => return error_page(&refusal),
            Err(refusal) => return self.envelope_refusal(parameters, &refusal),
        };
        let script = self.take_script(call);
        if call == PAGE_CALL {
            if let Some(Script { refusal, after_effect: false, .. }) = &script {
                return error_page(refusal);
            }
            return match (self.open_cashier(&application, parameters), script) {
                (Err(refusal), _) | (Ok(_), Some(Script { refusal, .. })) => error_page(&refusal),
                (Ok(location), None) => HttpResponse::Found().insert_header(("Location", location)).finish(),
            };
        }
        let outcome = match script {
            Some(Script { refusal, after_effect: false, .. }) => Err(refusal),
            Some(Script { refusal, .. }) => {
                // The effect stands; its answer is what gets lost.
                let _ = self.carry_out_method(call, &application, parameters);
                Err(refusal)
            }
            None => self.carry_out_method(call, &application, parameters),
        };
        self.envelope(call, &application, parameters, outcome)
    }

    fn take_script(&self, call: &str) -> Option<Script> {
        let mut state = self.state();
        let script = state.scripts.get_mut(call)?;
        script.remaining = script.remaining.saturating_sub(1);
        let taken = script.clone();
        if script.remaining == 0 {
            state.scripts.remove(call);
        }
        Some(taken)
    }

    fn carry_out_method(&self, call: &str, application: &Application, parameters: &Parameters) -> Outcome {
        if call == "alipay.oauth_token" {
            return self.exchange_token(application, parameters);
        }
        let content = Content::read(parameters)?;
        match call {
            "alipay.create" => self.create(application, parameters, &content),
            "alipay.precreate" => self.precreate(application, parameters, &content),
            "alipay.pay" => self.pay_by_code(application, parameters, &content),
            "alipay.query" => self.query(application, &content),
            "alipay.close" => self.close(application, &content),
            "alipay.cancel" => self.cancel(application, &content),
            "alipay.refund" => self.refund(application, &content),
            "alipay.refund_query" => self.query_refund(application, &content),
            "alipay.bill_url" => self.bill_url(application, &content),
            "alipay.cert_download" => self.download_certificate(application, &content),
            _ => Err(Refusal::argument("isv.invalid-method", "不存在的方法名")),
        }
    }

    /// The checks of the gateway, in its order: application, method, timestamp, form, signature.
    fn admit(&self, parameters: &Parameters) -> Result<Application, Refusal> {
        let app_id = given(parameters, "app_id", "app-id")?;
        let application = self
            .application(app_id)
            .ok_or_else(|| Refusal::argument("isv.invalid-app-id", "无效的AppID参数"))?;
        given(parameters, "method", "method")?;
        if call_name(parameters) == "alipay.unknown" {
            return Err(Refusal::argument("isv.invalid-method", "不存在的方法名"));
        }
        let timestamp = given(parameters, "timestamp", "timestamp")?;
        let skew_ms = form::date_time_ms(timestamp)
            .map(|at_ms| at_ms.saturating_sub(self.shared.clock.now_ms()).saturating_abs());
        let tolerance_ms = self.quirks().clock_tolerance_seconds.saturating_mul(SECOND_MS);
        if skew_ms.is_none_or(|skew_ms| skew_ms > tolerance_ms) {
            return Err(Refusal::argument("isv.invalid-timestamp", "无效时间戳参数"));
        }
        check_form(parameters)?;
        self.check_signature(&application, parameters)?;
        check_values(parameters)?;
        Ok(application)
    }

    fn check_signature(&self, application: &Application, parameters: &Parameters) -> Result<(), Refusal> {
        if application.key_mode == KeyMode::Certificate {
            check_certificate_numbers(&application.app_id, parameters)?;
        }
        let sign = given(parameters, "sign", "signature")?;
        let text = request_text(parameters);
        let bytes = form::encode(&text, parameters.get("charset").map_or("", String::as_str));
        let key = self.keys.application_key(&application.app_id);
        let sound = STANDARD.decode(sign).is_ok_and(|sign| key.verifies_sha256(&bytes, &sign));
        if sound {
            return Ok(());
        }
        let sub_msg = format!(
            "验签出错，建议检查签名字符串或签名私钥与应用公钥是否匹配，网关生成的验签字符串为：{}",
            escape(&text)
        );
        Err(Refusal::argument("isv.invalid-signature", &sub_msg))
    }
}

fn given<'parameters>(
    parameters: &'parameters Parameters,
    name: &str,
    missing: &str,
) -> Result<&'parameters str, Refusal> {
    match parameters.get(name) {
        Some(value) if !value.is_empty() => Ok(value),
        _ => Err(Refusal::missing(missing)),
    }
}

fn check_form(parameters: &Parameters) -> Result<(), Refusal> {
    let value = |name: &str| parameters.get(name).map_or("", String::as_str);
    if given(parameters, "version", "version")? != "1.0" {
        return Err(Refusal::argument("isv.invalid-version", "无效的版本参数"));
    }
    if given(parameters, "sign_type", "signature-type")? != "RSA2" {
        return Err(Refusal::argument("isv.invalid-signature-type", "无效的签名类型"));
    }
    if form::charset(value("charset")).is_none() {
        return Err(Refusal::argument("isv.invalid-charset", "无效的编码"));
    }
    if !["", "JSON", "json"].contains(&value("format")) {
        return Err(Refusal::argument("isv.invalid-format", "无效的数据格式"));
    }
    if !value("encrypt_type").is_empty() {
        return Err(Refusal::condition("isv.missing-encrypt-key", "应用没有配置接口内容加密密钥"));
    }
    Ok(())
}

fn check_certificate_numbers(app_id: &str, parameters: &Parameters) -> Result<(), Refusal> {
    if given(parameters, "app_cert_sn", "app-cert-sn")? != KeyRoom::app_cert_sn(app_id) {
        return Err(Refusal::argument("isv.invalid-app-cert-sn", "应用公钥证书序列号无效"));
    }
    if given(parameters, "alipay_root_cert_sn", "alipay-root-cert-sn")? != KeyRoom::root_cert_sn() {
        return Err(Refusal::argument("isv.invalid-alipay-root-cert-sn", "支付宝根证书序列号无效"));
    }
    Ok(())
}

/// Lengths of common values, and the words that the gateway takes for an attack when a value embeds them.
fn check_values(parameters: &Parameters) -> Result<(), Refusal> {
    for name in ["notify_url", "return_url"] {
        let Some(address) = parameters.get(name).filter(|address| !address.is_empty()) else { continue };
        let scheme = address.starts_with("http://") || address.starts_with("https://");
        if address.len() > 256 || !scheme {
            return Err(Refusal::argument("isv.invalid-parameter", &format!("无效的参数：{name}")));
        }
    }
    let Ok(content) = Content::read(parameters) else { return Ok(()) };
    for name in ["subject", "body", "passback_params"] {
        let Ok(Some(value)) = content.text(name, usize::MAX) else { continue };
        let words = ["body", "subject", "service", "out_trade_no", "seller_id", "total_fee"];
        if words.iter().any(|word| value.contains(word)) {
            return Err(Refusal::argument("isv.suspected-attack", "可疑的攻击请求"));
        }
    }
    Ok(())
}

/// A page call that is refused answers with a page, in GBK.
fn error_page(refusal: &Refusal) -> HttpResponse {
    let page = format!(
        "<!DOCTYPE html><html><head><meta charset=\"GBK\"><title>支付宝 - 出错了</title></head><body><h1>抱歉，您的请求出错了</h1><p>错误代码 {}</p><p>{}</p></body></html>",
        escape(&refusal.sub_code),
        escape(&refusal.sub_msg),
    );
    let bytes = encoding_rs::GBK.encode(&page).0.into_owned();
    HttpResponse::Ok().content_type("text/html;charset=GBK").body(bytes)
}
