//! A message service with a JSON interface: `POST {url}` with a bearer key.

use super::{NoticeError, Sms, TextMessage, quiet_client};
use async_trait::async_trait;
use mingfen_domain::person::Phone;
use reqwest::Response;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::time::Duration;
use url::{Host, Url};

/// An answer is a number and perhaps a sentence.
const ANSWER_BYTES: usize = 64 * 1024;

/// See [`Sms`].
#[derive(Debug)]
pub struct HttpSms {
    client: reqwest::Client,
    url: Url,
    key: Key,
}

struct Key(String);

impl std::fmt::Debug for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Key(hidden)")
    }
}

#[derive(Deserialize)]
struct Answer {
    message_id: String,
}

/// Why there is no sender.
#[derive(Debug, thiserror::Error)]
pub enum SmsSettingsError {
    /// `http` towards another machine would send telephone numbers and the key in clear.
    #[error("sms.url: plain http is accepted towards this machine only, {host} needs https")]
    PlainHttp {
        /// The host named in it.
        host: String,
    },
    /// It is no address of a service.
    #[error("sms.url: wanted is an https address without user name")]
    NotAnAddress,
    /// The HTTP client cannot be prepared.
    #[error("the HTTP client cannot be prepared")]
    Client(#[source] reqwest::Error),
}

impl HttpSms {
    /// A sender to `url` with the service's key.
    ///
    /// # Errors
    /// [`SmsSettingsError`] says what is wrong with the address.
    pub fn new(url: Url, key: String, timeout: Duration) -> Result<Self, SmsSettingsError> {
        check(&url)?;
        let client = quiet_client(timeout).map_err(SmsSettingsError::Client)?;
        Ok(Self { client, url, key: Key(key) })
    }
}

fn check(url: &Url) -> Result<(), SmsSettingsError> {
    let host = url.host().ok_or(SmsSettingsError::NotAnAddress)?;
    let this_machine = match &host {
        Host::Domain(name) => *name == "localhost",
        Host::Ipv4(address) => address.is_loopback(),
        Host::Ipv6(address) => address.is_loopback(),
    };
    let bare = url.username().is_empty() && url.password().is_none();
    match url.scheme() {
        "https" | "http" if !bare => Err(SmsSettingsError::NotAnAddress),
        "https" => Ok(()),
        "http" if this_machine => Ok(()),
        "http" => Err(SmsSettingsError::PlainHttp { host: host.to_string() }),
        _ => Err(SmsSettingsError::NotAnAddress),
    }
}

#[async_trait]
impl Sms for HttpSms {
    async fn send(&self, to: &Phone, message: &TextMessage) -> Result<String, NoticeError> {
        let params: BTreeMap<_, _> =
            message.values.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let body = serde_json::json!({
            "phone": to.as_str(),
            "template": message.template,
            "params": params,
            "request_id": message.request_id,
        });
        let answer = self
            .client
            .post(self.url.clone())
            .bearer_auth(&self.key.0)
            .header("content-type", "application/json")
            .body(body.to_string())
            .send()
            .await
            .map_err(|error| NoticeError::NotNow(error.without_url().to_string()))?;
        let status = answer.status();
        if status.is_success() {
            let bytes = read_bounded(answer).await?;
            serde_json::from_slice::<Answer>(&bytes)
                .map(|answer| answer.message_id)
                .map_err(|_| NoticeError::NotNow("an answer that is not readable".into()))
        } else if status.is_client_error() && status.as_u16() != 429 {
            Err(NoticeError::Refused(format!("HTTP {}", status.as_u16())))
        } else {
            Err(NoticeError::NotNow(format!("HTTP {}", status.as_u16())))
        }
    }
}

/// Reads no more than an answer can be, whatever its length is said to be.
async fn read_bounded(mut answer: Response) -> Result<Vec<u8>, NoticeError> {
    let mut bytes = Vec::new();
    while let Some(chunk) =
        answer.chunk().await.map_err(|error| NoticeError::NotNow(error.without_url().to_string()))?
    {
        if bytes.len() + chunk.len() > ANSWER_BYTES {
            return Err(NoticeError::NotNow(format!("an answer of more than {ANSWER_BYTES} bytes")));
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::TcpListener;

    fn sender(url: &str) -> Result<HttpSms, SmsSettingsError> {
        HttpSms::new(url.parse().unwrap(), "a-key".into(), Duration::from_secs(2))
    }

    #[test]
    fn plain_http_is_for_this_machine_only() {
        for url in
            ["https://sms.example.cn/v1", "http://127.0.0.1:9000/sms", "http://[::1]:1/", "http://localhost/"]
        {
            sender(url).expect(url);
        }
        for url in ["http://10.1.2.3/sms", "http://sms.example.cn/", "http://localhost.evil.example/"] {
            assert!(matches!(sender(url), Err(SmsSettingsError::PlainHttp { .. })), "{url}");
        }
        for url in ["https://user@sms.example.cn/", "ftp://sms.example.cn/", "data:text/plain,x"] {
            assert!(matches!(sender(url), Err(SmsSettingsError::NotAnAddress)), "{url}");
        }
        assert!(!format!("{:?}", sender("https://sms.example.cn/").unwrap()).contains("a-key"));
    }

    async fn answered_with(answer: Vec<u8>) -> Result<String, NoticeError> {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/sms", listener.local_addr().unwrap());
        let server = tokio::spawn(async move {
            let (mut socket, _) = listener.accept().await.unwrap();
            let mut request = [0; 4096];
            let _ = socket.read(&mut request).await;
            // The reader may hang up in the middle of it.
            let _ = socket.write_all(&answer).await;
        });
        let message = TextMessage { request_id: "r1".into(), template: "paid".into(), values: Vec::new() };
        let sent = sender(&url).unwrap().send(&Phone::parse("13800001234").unwrap(), &message).await;
        server.await.unwrap();
        sent
    }

    #[tokio::test]
    async fn an_answer_without_end_is_not_read_to_its_end() {
        let mut endless = b"HTTP/1.1 200 OK\r\n\r\n{\"message_id\":\"".to_vec();
        endless.extend(std::iter::repeat_n(b'1', 10 * ANSWER_BYTES));
        let error = answered_with(endless).await.unwrap_err();
        assert!(matches!(&error, NoticeError::NotNow(why) if why.contains("more than")), "{error}");
    }

    #[tokio::test]
    async fn an_answer_holds_the_services_number() {
        let answer = b"HTTP/1.1 200 OK\r\ncontent-length: 19\r\n\r\n{\"message_id\":\"m1\"}";
        assert_eq!(answered_with(answer.to_vec()).await.as_deref(), Ok("m1"));
        let refused = b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n".to_vec();
        assert_eq!(answered_with(refused).await, Err(NoticeError::Refused("HTTP 400".into())));
    }
}
