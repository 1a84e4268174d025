//! Finding out who the payer is: the openid of the official account, without a page (`snsapi_base`).
//!
//! # Source
//! Section 2.1. The order of the parameters is checked, and the fragment is mandatory.

use super::Wechat;
use crate::http::{HttpRequest, Method, percent_encode};
use async_trait::async_trait;
use mingfen_provider_api::{Authorisation, AuthoriseError, Payer};
use serde::Deserialize;

/// Success and error both come with status 200.
#[derive(Deserialize)]
struct TokenAnswer {
    openid: Option<String>,
    errcode: Option<i64>,
    #[serde(default)]
    errmsg: String,
}

#[async_trait]
impl Authorisation for Wechat {
    fn authorise_url(&self, return_url: &str, state: &str) -> String {
        format!(
            "{}/connect/oauth2/authorize?appid={}&redirect_uri={}&response_type=code&scope=snsapi_base&state={}#wechat_redirect",
            self.authorise_base_url,
            self.appid,
            percent_encode(return_url),
            percent_encode(state),
        )
    }

    fn code_parameter(&self) -> &'static str {
        "code"
    }

    async fn payer(&self, code: &str) -> Result<Payer, AuthoriseError> {
        if code.is_empty() || code.len() > 512 || !code.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(AuthoriseError::CodeSpent);
        }
        let path = format!(
            "/sns/oauth2/access_token?appid={}&secret={}&code={}&grant_type=authorization_code",
            self.appid,
            percent_encode(self.app_secret.expose()),
            percent_encode(code),
        );
        let no_answer = |cause: String| AuthoriseError::NoAnswer(cause);
        let url = self.token_base_url.join(&path).map_err(|error| no_answer(error.to_string()))?;
        let headers = vec![("accept", "application/json".to_owned())];
        let request = HttpRequest { method: Method::GET, url, headers, body: None };
        let answer = self.wire.http.send(request).await.map_err(|error| no_answer(error.to_string()))?;
        if answer.status != 200 {
            return Err(no_answer(format!("HTTP {}", answer.status)));
        }
        read(&answer.body)
    }
}

fn read(body: &[u8]) -> Result<Payer, AuthoriseError> {
    let answer: TokenAnswer = serde_json::from_slice(body)
        .map_err(|error| AuthoriseError::NoAnswer(format!("the answer cannot be read: {error}")))?;
    match (answer.errcode.filter(|&code| code != 0), answer.openid) {
        (Some(40_029 | 40_163 | 41_008), _) => Err(AuthoriseError::CodeSpent),
        (Some(code @ (-1 | 45_011)), _) => Err(AuthoriseError::NoAnswer(format!("{code} {}", answer.errmsg))),
        (Some(code), _) => Err(AuthoriseError::Refused(format!("{code} {}", answer.errmsg))),
        (None, Some(openid)) if is_openid(&openid) => Ok(Payer { kind: "openid".to_owned(), id: openid }),
        (None, _) => Err(AuthoriseError::NoAnswer("the answer names nobody".to_owned())),
    }
}

fn is_openid(text: &str) -> bool {
    (1..=128).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic())
}

#[cfg(test)]
mod tests {
    use super::super::vectors;
    use super::*;

    #[test]
    fn the_address_keeps_its_order_and_its_fragment() {
        assert_eq!(
            vectors::wechat().authorise_url("https://pay.hospital.example/back?a=1", "S7"),
            "https://open.weixin.qq.com/connect/oauth2/authorize?appid=wx1111111111111111\
             &redirect_uri=https%3A%2F%2Fpay.hospital.example%2Fback%3Fa%3D1&response_type=code\
             &scope=snsapi_base&state=S7#wechat_redirect"
        );
    }

    #[test]
    fn answers_are_read_by_their_error_code() {
        let openid = r#"{"access_token":"a","expires_in":7200,"openid":"oUpF8uMuAJO_M2pxb1Q9zNjWeS6o","scope":"snsapi_base"}"#;
        assert_eq!(
            read(openid.as_bytes()).map(|payer| payer.id).as_deref(),
            Ok("oUpF8uMuAJO_M2pxb1Q9zNjWeS6o")
        );
        let error = |code: i64| read(format!(r#"{{"errcode":{code},"errmsg":"x"}}"#).as_bytes()).err();
        for spent in [40_029, 40_163, 41_008] {
            assert_eq!(error(spent), Some(AuthoriseError::CodeSpent));
        }
        for ours in [40_013, 40_125, 48_001] {
            assert!(matches!(error(ours), Some(AuthoriseError::Refused(_))));
        }
        assert!(matches!(error(-1), Some(AuthoriseError::NoAnswer(_))));
        assert!(matches!(read(b"<html>"), Err(AuthoriseError::NoAnswer(_))));
        assert!(matches!(read(br#"{"openid":""}"#), Err(AuthoriseError::NoAnswer(_))));
    }
}
