//! Lets requests in by the order of rejections, and signs what goes out.
//!
//! # Source
//! WeChat Pay API v3 reference, sections 1.2 to 1.5. The order of serial checks against the signature check is not
//! documented; here serials come first.

use std::str::FromStr as _;
use std::sync::Arc;

use actix_web::http::StatusCode;
use actix_web::http::header::{HeaderMap, HeaderName, HeaderValue};
use actix_web::{HttpRequest, HttpResponse};

use super::Wechat;
use super::merchant::{Merchant, NamedKey, Standing};
use super::refusal::Refusal;
use super::sign::{self, Authorization, AuthorizationError};
use crate::clock::SECOND_MS;
use crate::faults::{Fault, Stage, When};
use crate::wire;

/// Paths that reject differently.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Family {
    /// `/v3/pay/transactions/*`.
    Transactions,
    /// Certificates and refunds, which look at `User-Agent` and `Accept` first.
    Strict,
    /// Bills.
    Bills,
}

/// What an accepted call answers with: 200 with JSON, or 204.
pub(crate) type Answered = Result<Option<Vec<u8>>, Refusal>;

/// Who called, and what is needed to answer.
pub(crate) struct Caller {
    pub(crate) merchant: Arc<Merchant>,
    /// `Wechatpay-Serial` of the request.
    pub(crate) serial: Option<String>,
}

impl Wechat {
    /// Authenticates, runs the effect and signs the answer, all under the fault plan for this call name.
    pub(crate) async fn admit(
        self: &Arc<Self>,
        request: &HttpRequest,
        body: &[u8],
        (family, call): (Family, &str),
        effect: impl FnOnce(&Caller) -> Answered,
    ) -> HttpResponse {
        let refuse = |refusal: &Refusal| {
            let id = (family != Family::Transactions).then(|| self.request_id(refusal.internal));
            refusal.answer(id)
        };
        let effect = async {
            let caller = match self.authenticate(request, body, family) {
                Ok(caller) => caller,
                Err(refusal) => return refuse(&refusal),
            };
            let planned = self.shared().faults.take(call, Stage::Refusal);
            let answered = match planned {
                Some(Fault::Refusal { status, code, message, when }) => {
                    if when == When::After {
                        // Whatever it would have said, the plan says something else.
                        let _ = effect(&caller);
                    }
                    Err(Refusal::new(status, code, message))
                }
                _ => effect(&caller),
            };
            match answered {
                Ok(answer) => self.signed(&caller, call, answer),
                Err(refusal) if self.settings().quirks.signs_refusals => {
                    let mut answer = refuse(&refusal);
                    self.sign_answer(&caller, call, &refusal.body(), answer.headers_mut());
                    answer
                }
                Err(refusal) => refuse(&refusal),
            }
        };
        wire::carry_out(self.shared(), request, call, |status| refuse(&Refusal::of_status(status)), effect)
            .await
    }

    /// Everything up to the signature, in the order of section 1.3.
    pub(crate) fn authenticate(
        &self,
        request: &HttpRequest,
        body: &[u8],
        family: Family,
    ) -> Result<Caller, Refusal> {
        let header = |name: &str| request.headers().get(name).and_then(|value| value.to_str().ok());
        let given = |name: &str| header(name).is_some_and(|value| !value.is_empty());
        if family == Family::Strict && !(given("User-Agent") && given("Accept")) {
            return Err(Refusal::invalid_request("Http头缺少Accept或User-Agent"));
        }
        let authorization = Authorization::parse(header("Authorization").unwrap_or_default())
            .map_err(|error| malformed(family, error))?;
        let stamp: Option<i64> = authorization.timestamp.parse().ok();
        let now_s = self.shared().clock.now_s();
        if stamp.is_none_or(|stamp| stamp.saturating_sub(now_s).saturating_abs() > 300) {
            return Err(Refusal::sign_error("Http头Authorization中的timestamp与发起请求的时间不得超过5分钟"));
        }
        let merchant = self.check_serial(&authorization)?;
        let known = merchant
            .portal()
            .certificates
            .iter()
            .find(|(named, _)| named.serial == authorization.serial_no)
            .cloned();
        let path = request.uri().path_and_query().map_or("/", |path| path.as_str());
        let (time, nonce) = (&authorization.timestamp, &authorization.nonce_str);
        let message = sign::request_message(request.method().as_str(), path, time, nonce, body);
        if !known.is_some_and(|(named, _)| sign::verifies(&named.key(), &message, &authorization.signature)) {
            return Err(Refusal::sign_error("签名错误"));
        }
        let serial = header("Wechatpay-Serial").map(str::to_owned);
        if let Some(serial) = &serial
            && merchant.known_key(serial, self.shared().clock.now_ms()).is_none()
        {
            return Err(Refusal::param("平台证书序列号Wechatpay-Serial错误"));
        }
        // That a body wants its type is documented; what the live server says without it is not.
        let json = header("Content-Type").is_some_and(|kind| {
            kind.split(';').next().is_some_and(|kind| kind.trim().eq_ignore_ascii_case("application/json"))
        });
        if !body.is_empty() && !json {
            return Err(Refusal::invalid_request("Http头Content-Type值非法，应为application/json"));
        }
        Ok(Caller { merchant, serial })
    }

    fn check_serial(&self, authorization: &Authorization) -> Result<Arc<Merchant>, Refusal> {
        let unknown = || Refusal::sign_error("商户证书序列号有误。请使用签名私钥匹配的证书序列号");
        let merchant = self.merchant(&authorization.mchid).ok_or_else(unknown)?;
        let portal = merchant.portal();
        if portal.certificates.is_empty() {
            return Err(Refusal::sign_error("商户未申请过证书。"));
        }
        let known = portal.certificates.iter().find(|(named, _)| named.serial == authorization.serial_no);
        match known.ok_or_else(unknown)?.1 {
            Standing::Valid => {}
            Standing::Expired => return Err(Refusal::sign_error("商户证书已过期")),
            Standing::Revoked => return Err(Refusal::sign_error("商户证书已作废")),
            Standing::Replaced => return Err(Refusal::sign_error("已更换证书，请使用新证书")),
        }
        if portal.api_v3_key.is_none() {
            return Err(Refusal::sign_error("商户未设置APIv3密钥。"));
        }
        drop(portal);
        Ok(merchant)
    }

    /// Signs with the key that the request asks for, unless the fault plan has something for the signature.
    pub(crate) fn signed(&self, caller: &Caller, call: &str, answer: Option<Vec<u8>>) -> HttpResponse {
        let status = if answer.is_some() { StatusCode::OK } else { StatusCode::NO_CONTENT };
        let body = answer.unwrap_or_default();
        let mut response = HttpResponse::build(status);
        response.insert_header(("Request-ID", self.request_id(0)));
        let mut signature = HeaderMap::new();
        self.sign_answer(caller, call, &body, &mut signature);
        let mut answer = if status == StatusCode::NO_CONTENT {
            response.finish()
        } else {
            response.content_type("application/json; charset=utf-8").body(body)
        };
        for (name, value) in signature {
            answer.headers_mut().insert(name, value);
        }
        answer
    }

    /// Adds the signature of an answer, or what the fault plan has instead of it.
    fn sign_answer(&self, caller: &Caller, call: &str, body: &[u8], headers: &mut HeaderMap) {
        let now_ms = self.shared().clock.now_ms();
        if self.shared().faults.take(call, Stage::Rotation).is_some() {
            caller.merchant.rotate_platform_certificate(now_ms);
        }
        let key = caller.merchant.answer_key(caller.serial.as_deref(), now_ms);
        let fault = self.shared().faults.take(call, Stage::Signature);
        if fault == Some(Fault::Unsigned) {
            return;
        }
        for (name, value) in self.signature_headers(&key, now_ms, body, fault.as_ref()) {
            if let (Ok(name), Ok(value)) = (HeaderName::from_str(name), HeaderValue::from_str(&value)) {
                headers.insert(name, value);
            }
        }
    }

    /// The `Wechatpay-*` headers of an answer or a notification.
    pub(crate) fn signature_headers(
        &self,
        key: &NamedKey,
        now_ms: i64,
        body: &[u8],
        fault: Option<&Fault>,
    ) -> Vec<(&'static str, String)> {
        let skew_s = match fault {
            Some(Fault::SkewedTimestamp { seconds }) => *seconds,
            _ => 0,
        };
        let timestamp = now_ms.div_euclid(SECOND_MS).saturating_add(skew_s).to_string();
        let nonce = self.shared().random.hex(32);
        let message = sign::answer_message(&timestamp, &nonce, body);
        let signature = match fault {
            // Not even Base64 of whole bytes, as merchants report it.
            Some(Fault::ProbeSignature) => {
                format!("WECHATPAY/SIGNTEST/{}", self.shared().random.alphanumeric(301))
            }
            Some(Fault::ForgedSignature) => sign::sign(&self.stranger_key(), &message),
            _ => sign::sign(&key.key(), &message),
        };
        let serial = match fault {
            Some(Fault::WrongSerial) => self.shared().random.hex(40).to_uppercase(),
            _ => key.serial.clone(),
        };
        vec![
            ("Wechatpay-Timestamp", timestamp),
            ("Wechatpay-Nonce", nonce),
            ("Wechatpay-Signature", signature),
            ("Wechatpay-Serial", serial),
            ("Wechatpay-Signature-Type", sign::SCHEME.to_owned()),
        ]
    }

    pub(crate) fn request_id(&self, internal: u32) -> String {
        format!("{}-{internal}", self.shared().random.hex(40).to_uppercase())
    }
}

fn malformed(family: Family, error: AuthorizationError) -> Refusal {
    Refusal::sign_error(match (family, error) {
        (Family::Transactions, _) => "签名信息错误，验签失败",
        (_, AuthorizationError::Scheme) => "HTTP头Authorization认证类型不正确",
        (_, AuthorizationError::Grammar) => {
            "Http头Authorization值格式错误，请参考《微信支付商户REST API签名规则》"
        }
    })
}
