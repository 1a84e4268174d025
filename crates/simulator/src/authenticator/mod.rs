//! A phone with an authenticator app, for rehearsals: it shows the six digits that staff enter as their second factor.
//!
//! Written from RFC 6238 and RFC 4226 (HMAC-SHA-1, 30 seconds, 6 digits). `/authenticator` shows the codes to people,
//! `/control/authenticator` tells them to a test.

use std::sync::{Arc, Mutex, PoisonError};

use actix_web::http::header;
use actix_web::{HttpResponse, web};
use hmac::{Hmac, KeyInit, Mac};
use serde::Serialize;
use sha1::Sha1;

use crate::Shared;
use crate::html::escape;

const STEP_SECONDS: i64 = 30;
const POLICY: &str = "default-src 'none'; style-src 'self'; base-uri 'none'; frame-ancestors 'none'";

/// The phone.
pub struct Authenticator {
    shared: Arc<Shared>,
    accounts: Mutex<Vec<(String, Vec<u8>)>>,
}

impl std::fmt::Debug for Authenticator {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Authenticator").finish_non_exhaustive()
    }
}

/// A code as it is shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Code {
    /// Whose.
    pub account: String,
    /// Six digits.
    pub code: String,
    /// For so many seconds more.
    pub seconds_left: i64,
}

impl Authenticator {
    /// A phone without an account.
    pub fn new(shared: Arc<Shared>) -> Self {
        Authenticator { shared, accounts: Mutex::default() }
    }

    /// Scans the code of an account.
    pub fn add(&self, account: &str, secret: &[u8]) {
        let mut accounts = self.accounts.lock().unwrap_or_else(PoisonError::into_inner);
        accounts.push((account.to_owned(), secret.to_vec()));
    }

    /// The codes of this moment.
    pub fn codes(&self) -> Vec<Code> {
        let seconds = self.shared.clock.now_ms().div_euclid(1000);
        let accounts = self.accounts.lock().unwrap_or_else(PoisonError::into_inner);
        accounts
            .iter()
            .map(|(account, secret)| Code {
                account: account.clone(),
                code: code(secret, seconds.div_euclid(STEP_SECONDS)),
                seconds_left: STEP_SECONDS - seconds.rem_euclid(STEP_SECONDS),
            })
            .collect()
    }
}

/// RFC 4226 section 5.3: the last nibble of the digest says which four bytes count.
fn code(secret: &[u8], step: i64) -> String {
    let Ok(mut mac) = Hmac::<Sha1>::new_from_slice(secret) else { return String::new() };
    mac.update(&step.to_be_bytes());
    let digest = mac.finalize().into_bytes();
    let at = usize::from(digest[19] & 15);
    let number = u32::from_be_bytes([digest[at] & 0x7f, digest[at + 1], digest[at + 2], digest[at + 3]]);
    format!("{:06}", number % 1_000_000)
}

/// The routes.
pub fn configure(service: &mut web::ServiceConfig) {
    service.route("/authenticator", web::get().to(show)).route("/control/authenticator", web::get().to(list));
}

async fn list(authenticator: web::Data<Authenticator>) -> HttpResponse {
    HttpResponse::Ok().json(authenticator.codes())
}

async fn show(authenticator: web::Data<Authenticator>) -> HttpResponse {
    let codes: String = authenticator
        .codes()
        .iter()
        .map(|shown| {
            format!(
                r#"<li><p class="when">{}</p><p class="text"><strong>{} {}</strong></p><p class="from">还有 {} 秒</p></li>"#,
                escape(&shown.account),
                &shown.code[..3],
                &shown.code[3..],
                shown.seconds_left
            )
        })
        .collect();
    HttpResponse::Ok()
        .content_type("text/html; charset=utf-8")
        .insert_header((header::CONTENT_SECURITY_POLICY, POLICY))
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .body(format!(
            r#"<!doctype html>
<html lang="zh-CN">
<head>
<meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><meta name="robots" content="noindex">
<meta http-equiv="refresh" content="5">
<title>身份验证器 · 演示</title><link rel="stylesheet" href="/assets/tokens.css"><link rel="stylesheet" href="/sms/page.css">
</head>
<body>
<p class="tape">模拟的身份验证器：只属于这次演示</p>
<main><section class="phone"><header><h1>身份验证器</h1><p>动态验证码，30 秒一换</p></header><ol>{codes}</ol></section></main>
</body>
</html>
"#
        ))
}

#[cfg(test)]
mod tests {
    use super::code;

    /// RFC 6238, appendix B, cut to six digits.
    #[test]
    fn the_vectors_of_the_standard() {
        let secret = b"12345678901234567890";
        for (seconds, wanted) in [(59, "287082"), (1_111_111_109, "081804"), (2_000_000_000, "279037")] {
            assert_eq!(code(secret, seconds / 30), wanted);
        }
    }
}
