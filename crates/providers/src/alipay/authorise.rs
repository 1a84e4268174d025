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

/// The longest `redirect_uri` and `state` that the page takes, in characters.
const LONGEST_PARAMETER: usize = 100;

#[async_trait]
impl Authorisation for Alipay {
    fn authorise_url(&self, return_url: &str, state: &str) -> String {
        for problem in too_long(return_url, state) {
            tracing::error!(provider.channel = %self.channel, "{problem}");
        }
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

/// The page shows only an error of its own to the patient, so it is said here what is wrong.
fn too_long(return_url: &str, state: &str) -> Vec<String> {
    [("redirect_uri", return_url), ("state", state)]
        .into_iter()
        .filter(|(_, value)| value.chars().count() > LONGEST_PARAMETER)
        .map(|(name, value)| {
            format!(
                "{name} has {} characters and Alipay's authorisation page takes {LONGEST_PARAMETER}; patients cannot enter from \
                 the app until the gateway's public address is shorter",
                value.chars().count()
            )
        })
        .collect()
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_page_would_refuse_is_named() {
        let longest = "x".repeat(LONGEST_PARAMETER);
        assert!(too_long(&longest, &longest).is_empty());
        let problems = too_long(&format!("{longest}x"), &format!("{longest}x"));
        assert!(problems[0].starts_with("redirect_uri has 101 characters"), "{problems:?}");
        assert!(problems[1].starts_with("state has 101 characters"), "{problems:?}");
    }
}
