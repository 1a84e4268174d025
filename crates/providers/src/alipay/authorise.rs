//! Finding out who the payer is, silently (`auth_base`).
//!
//! # Source
//! protocols/alipay.md section 5 (`publicAppAuthorize.htm`, `alipay.system.oauth.token`).

use super::Alipay;
use super::call::Call;
use super::error::Kind;
use crate::http::percent_encode;
use async_trait::async_trait;
use mingfen_provider_api::{Authorisation, AuthoriseError, CallError, Payer};
use serde::Deserialize;

/// Which id comes depends on the application: new ones get an `open_id`, older ones a `user_id` until they are switched over,
/// and both in between. The tokens are not kept: a payment needs none.
#[derive(Deserialize)]
struct TokenAnswer {
    user_id: Option<String>,
    open_id: Option<String>,
}

#[async_trait]
impl Authorisation for Alipay {
    fn authorise_url(&self, return_url: &str, state: &str) -> String {
        format!(
            "{}?app_id={}&scope=auth_base&redirect_uri={}&state={}",
            self.authorise_url,
            percent_encode(&self.app_id),
            percent_encode(return_url),
            percent_encode(state)
        )
    }

    fn code_parameter(&self) -> &'static str {
        "auth_code"
    }

    async fn payer(&self, code: &str) -> Result<Payer, AuthoriseError> {
        // The code comes from a browser's address bar.
        if code.is_empty() || code.len() > 64 || !code.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
            return Err(AuthoriseError::CodeSpent);
        }
        let call = Call {
            method: "alipay.system.oauth.token",
            kind: Kind::Plain,
            notify_url: None,
            fields: vec![("grant_type", "authorization_code".to_owned()), ("code", code.to_owned())],
        };
        let answer: TokenAnswer =
            self.ask(&call).await.map_err(|failure| sorted(&failure.code, failure.error))?;
        let named = |kind: &str, id: Option<String>| {
            id.filter(|id| !id.is_empty()).map(|id| Payer { kind: kind.to_owned(), id })
        };
        named("user_id", answer.user_id).or_else(|| named("open_id", answer.open_id)).ok_or_else(|| {
            AuthoriseError::NoAnswer("the answer names neither user_id nor open_id".to_owned())
        })
    }
}

fn sorted(code: &str, error: CallError) -> AuthoriseError {
    match error {
        CallError::Refused { .. } if code.contains("code-invalid") => AuthoriseError::CodeSpent,
        CallError::Refused { .. } => AuthoriseError::Refused(error.to_string()),
        CallError::Postponed { .. } | CallError::InDoubt(_) | CallError::NotSent(_) => {
            AuthoriseError::NoAnswer(error.to_string())
        }
    }
}
