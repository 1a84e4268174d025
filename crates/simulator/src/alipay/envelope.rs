//! How an answer leaves: one JSON node, its signature beside it, never twice in the same order.
//!
//! # Source
//! Protocol page sections 1.2, 2.2 and 13: HTTP 200 and `text/html` always, `/` escaped as `\/`, members in no
//! promised order, gateway errors unsigned and business answers signed.

use actix_web::HttpResponse;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use super::Alipay;
use super::canonical::Parameters;
use super::credentials::{Application, KeyMode, KeyRoom};
use super::form;
use super::gate::Outcome;
use super::refusal::Refusal;
use crate::faults::{Fault, Stage};
use crate::random::Random;

/// Names and values of a node, before they are brought into some order.
pub(super) type Members = Vec<(&'static str, Value)>;

impl Alipay {
    /// The answer to a call that passed the gateway.
    pub(super) fn envelope(
        &self,
        call: &str,
        application: &Application,
        parameters: &Parameters,
        outcome: Outcome,
    ) -> HttpResponse {
        let members = match outcome {
            Ok(members) if call == "alipay.oauth_token" && self.shared.random.percent(50) => members,
            Ok(members) => head("10000", "Success", members),
            Err(refusal) if refusal.signed => refused(&refusal),
            Err(refusal) => return self.envelope_refusal(parameters, &refusal),
        };
        let method = parameters.get("method").map_or("", String::as_str);
        let node = node_text(&self.shared.random, members);
        let name = format!("{}_response", method.replace('.', "_"));
        self.signed(call, application, parameters, &name, &node)
    }

    /// A refusal by the gateway itself: without a signature, under the method's node or under `error_response`.
    pub(super) fn envelope_refusal(&self, parameters: &Parameters, refusal: &Refusal) -> HttpResponse {
        let method = parameters.get("method").map_or("", String::as_str);
        let own_node = refusal.sub_code != "isv.code-invalid" && self.shared.random.percent(50);
        let known = method.starts_with("alipay.") && refusal.sub_code != "isv.invalid-method";
        let name = match own_node && known {
            true => format!("{}_response", method.replace('.', "_")),
            false => "error_response".to_owned(),
        };
        let node = node_text(&self.shared.random, refused(refusal));
        respond(parameters, &self.shared.random, &format!("{{\"{name}\":{node}}}"))
    }

    fn signed(
        &self,
        call: &str,
        application: &Application,
        parameters: &Parameters,
        name: &str,
        node: &str,
    ) -> HttpResponse {
        let generation = self.state().generation;
        let named = application.key_mode == KeyMode::Certificate;
        let fault = self.shared.faults.take_if(call, Stage::Signature, |fault| match fault {
            Fault::WrongSerial => named,
            // An answer bears no time of its own.
            Fault::SkewedTimestamp { .. } => false,
            _ => true,
        });
        let bytes = form::encode(node, parameters.get("charset").map_or("", String::as_str));
        let key = match fault {
            Some(Fault::ForgedSignature) => self.keys.foreign_key(),
            _ => self.keys.alipay_key(generation),
        };
        let mut sign = STANDARD.encode(key.sign_sha256(&bytes));
        if fault == Some(Fault::ProbeSignature) {
            sign = STANDARD.encode([0_u8; 256]);
        }
        let mut parts = vec![format!("\"{name}\":{node}")];
        if fault != Some(Fault::Unsigned) {
            parts.push(format!("\"sign\":\"{sign}\""));
        }
        if named {
            let sn = match fault {
                Some(Fault::WrongSerial) => self.shared.random.hex(32),
                _ => KeyRoom::alipay_cert_sn(generation),
            };
            parts.push(format!("\"alipay_cert_sn\":\"{sn}\""));
        }
        shuffle(&self.shared.random, &mut parts);
        let text = if self.quirks().blanks_in_answers {
            format!("\r\n{{ {} }}\r\n", parts.join(" ,\n\t"))
        } else {
            format!("{{{}}}", parts.join(","))
        };
        respond(parameters, &self.shared.random, &text)
    }
}

fn respond(parameters: &Parameters, random: &Random, text: &str) -> HttpResponse {
    let charset = parameters.get("charset").map_or("", String::as_str);
    let shown = if form::charset(charset).is_some() { charset } else { "utf-8" };
    HttpResponse::Ok()
        .content_type(format!("text/html;charset={}", shown.to_ascii_lowercase()))
        .insert_header(("trace_id", random.hex(32)))
        .body(form::encode(text, shown).into_owned())
}

fn refused(refusal: &Refusal) -> Members {
    let mut members = refusal.members.clone();
    members.push(("sub_code", Value::from(refusal.sub_code.as_str())));
    members.push(("sub_msg", Value::from(refusal.sub_msg.as_str())));
    head(&refusal.code, refusal.msg(), members)
}

fn head(code: &str, msg: &str, mut members: Members) -> Members {
    // A method may bring its own code: a payment in process is 10003 and still an answer.
    if members.iter().any(|(name, _)| *name == "code") {
        return members;
    }
    members.push(("code", Value::from(code)));
    members.push(("msg", Value::from(msg)));
    members
}

/// The node's JSON, members in an order that the lot decides, `/` escaped.
fn node_text(random: &Random, mut members: Members) -> String {
    shuffle(random, &mut members);
    let parts: Vec<String> =
        members.iter().map(|(name, value)| format!("\"{name}\":{value}").replace('/', "\\/")).collect();
    format!("{{{}}}", parts.join(","))
}

pub(super) fn shuffle<Item>(random: &Random, items: &mut [Item]) {
    for last in (1..items.len()).rev() {
        items.swap(last, random.below(last as u64 + 1) as usize);
    }
}
