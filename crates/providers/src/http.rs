//! One client for all adapters: limits on time and size, no redirects, and failures sorted by the money question.
//!
//! Bodies, queries and header values are never logged: they hold openids, secrets and signatures.

use mingfen_provider_api::CallError;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use std::error::Error;
use std::fmt;
use std::io::{self, Read};
use std::time::Duration;
use tokio::sync::mpsc;
use url::{Host, Url};

pub use reqwest::Method;

/// How an adapter talks to its provider.
#[derive(Clone, Debug)]
pub struct HttpSettings {
    /// For name, TCP and TLS together.
    pub connect_timeout: Duration,
    /// For the whole exchange.
    pub timeout: Duration,
    /// For a whole download: a statement of a large hospital takes minutes. A pause of `timeout` within it still ends it.
    pub bill_timeout: Duration,
    /// Longer answers are cut off and count as no answer.
    pub response_limit_bytes: usize,
    /// Certification authorities (PEM) to trust instead of the machine's.
    pub authorities: Option<Vec<u8>>,
}

/// The client of one channel; keeps connections.
#[derive(Clone)]
pub struct HttpClient {
    client: reqwest::Client,
    response_limit_bytes: usize,
    bill_timeout: Duration,
}

/// What is sent.
pub struct HttpRequest {
    /// `GET` or `POST`.
    pub method: Method,
    /// Where to, ready encoded.
    pub url: Url,
    /// Names in lower case.
    pub headers: Vec<(&'static str, String)>,
    /// The bytes; `None` sends no body at all.
    pub body: Option<Vec<u8>>,
}

/// What came back, whatever its status.
pub struct HttpAnswer {
    /// The status.
    pub status: u16,
    /// The headers.
    pub headers: HeaderMap,
    /// The bytes, unpacked only from a transport compression.
    pub body: Vec<u8>,
}

impl HttpAnswer {
    /// A header that is text.
    pub fn header(&self, name: &str) -> Option<&str> {
        text_of(&self.headers, name)
    }

    /// Any 2xx.
    pub const fn is_success(&self) -> bool {
        self.status >= 200 && self.status < 300
    }
}

/// Why there is no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SendError {
    /// No connection stood, so nothing left.
    #[error("{0}")]
    NotSent(String),
    /// It left, or may have left.
    #[error("{0}")]
    InDoubt(String),
}

impl From<SendError> for CallError {
    fn from(error: SendError) -> Self {
        match error {
            SendError::NotSent(cause) => Self::NotSent(cause),
            SendError::InDoubt(cause) => Self::InDoubt(cause),
        }
    }
}

impl HttpClient {
    /// Builds the client. `plain_only` says that every address is plain loopback: then no certification authority is needed.
    ///
    /// # Errors
    /// What is wrong with the authorities, in words for the setting `ca_file`.
    pub fn new(settings: &HttpSettings, plain_only: bool) -> Result<Self, String> {
        let mut builder = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never())
            .connect_timeout(settings.connect_timeout)
            .read_timeout(settings.timeout)
            .timeout(settings.timeout)
            .tcp_nodelay(true)
            .pool_idle_timeout(Duration::from_secs(30))
            .user_agent(concat!("mingfen/", env!("CARGO_PKG_VERSION")));
        if let Some(pem) = &settings.authorities {
            let roots = reqwest::Certificate::from_pem_bundle(pem)
                .map_err(|_| "is not a PEM bundle of certificates".to_owned())?;
            if roots.is_empty() {
                return Err("holds no certificate".to_owned());
            }
            builder = builder.tls_certs_only(roots);
        } else if plain_only {
            builder = builder.tls_certs_only([]);
        }
        let client = builder.build().map_err(|error| {
            format!(
                "is not set and the machine's certification authorities cannot be used ({}); install ca-certificates or set it",
                chain(&error.without_url())
            )
        })?;
        Ok(Self {
            client,
            response_limit_bytes: settings.response_limit_bytes,
            bill_timeout: settings.bill_timeout,
        })
    }

    /// Sends once, never again, and reads the whole answer.
    ///
    /// # Errors
    /// [`SendError::NotSent`] only when no connection stood; everything later is [`SendError::InDoubt`].
    pub async fn send(&self, request: HttpRequest) -> Result<HttpAnswer, SendError> {
        let (mut response, place) = self.exchange(request, None).await?;
        let status = response.status().as_u16();
        let headers = std::mem::take(response.headers_mut());
        let mut body = Vec::new();
        while let Some(chunk) = next_chunk(&mut response, &place).await? {
            if body.len() + chunk.len() > self.response_limit_bytes {
                return Err(too_long(&place, self.response_limit_bytes));
            }
            body.extend_from_slice(&chunk);
        }
        tracing::debug!(http.place = %place, http.status = status, http.size_bytes = body.len(), "answered");
        Ok(HttpAnswer { status, headers, body })
    }

    /// As [`HttpClient::send`], for a statement's file: as long as `bill_timeout_ms` says, and the body is left to be read as it
    /// comes, with a limit of its own.
    ///
    /// # Errors
    /// As there.
    pub async fn download(&self, request: HttpRequest, limit_bytes: u64) -> Result<Download, SendError> {
        let (mut response, place) = self.exchange(request, Some(self.bill_timeout)).await?;
        let status = response.status().as_u16();
        let headers = std::mem::take(response.headers_mut());
        Ok(Download { status, headers, response, place, limit_bytes })
    }

    async fn exchange(
        &self,
        request: HttpRequest,
        timeout: Option<Duration>,
    ) -> Result<(reqwest::Response, Place), SendError> {
        check_scheme(&request.url).map_err(|problem| SendError::NotSent(format!("the address {problem}")))?;
        let place = Place { method: request.method.clone(), url: request.url.clone() };
        let mut headers = HeaderMap::with_capacity(request.headers.len());
        for (name, value) in request.headers {
            let value = HeaderValue::from_str(&value)
                .map_err(|_| SendError::NotSent(format!("header {name} cannot hold its value")))?;
            headers.append(HeaderName::from_static(name), value);
        }
        let mut builder = self.client.request(request.method, request.url).headers(headers);
        if let Some(body) = request.body {
            builder = builder.body(body);
        }
        if let Some(timeout) = timeout {
            builder = builder.timeout(timeout);
        }
        let response = builder.send().await.map_err(|error| sorted(error, &place))?;
        Ok((response, place))
    }
}

/// An answer whose body is still to come.
pub struct Download {
    /// The status.
    pub status: u16,
    headers: HeaderMap,
    response: reqwest::Response,
    place: Place,
    limit_bytes: u64,
}

/// Chunks on their way from the connection to the thread that reads them.
const CHUNKS_UNDERWAY: usize = 16;

impl Download {
    /// A header that is text.
    pub fn header(&self, name: &str) -> Option<&str> {
        text_of(&self.headers, name)
    }

    /// Gives the body to `read` as it comes, on a thread for blocking work. What `read` makes counts only when the body came whole
    /// and was read to its end. When this call is dropped, `read` meets an early end.
    ///
    /// # Errors
    /// What `read` says; before that, that the answer broke off or is longer than the limit.
    pub async fn read<T: Send + 'static, E: From<SendError> + Send + 'static>(
        mut self,
        read: impl FnOnce(&mut Body) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E> {
        let (sender, receiver) = mpsc::channel(CHUNKS_UNDERWAY);
        let reading = tokio::task::spawn_blocking(move || {
            read(&mut Body { chunks: receiver, chunk: Vec::new(), taken: 0, ended: false })
        });
        let came = self.pass_on(&sender).await;
        drop(sender);
        let made = reading.await;
        let whole = came?;
        let unread = || SendError::InDoubt(format!("the answer of {} was not read to its end", self.place));
        let made = made.map_err(|_panicked| unread())??;
        if whole { Ok(made) } else { Err(unread().into()) }
    }

    /// Whether the reader took all of it.
    async fn pass_on(&mut self, reader: &mpsc::Sender<Vec<u8>>) -> Result<bool, SendError> {
        let mut size_bytes = 0_u64;
        while let Some(chunk) = next_chunk(&mut self.response, &self.place).await? {
            size_bytes = size_bytes.saturating_add(u64::try_from(chunk.len()).unwrap_or(u64::MAX));
            if size_bytes > self.limit_bytes {
                return Err(too_long(&self.place, self.limit_bytes));
            }
            if !chunk.is_empty() && reader.send(chunk).await.is_err() {
                return Ok(false);
            }
        }
        tracing::debug!(http.place = %self.place, http.status = self.status, http.size_bytes = size_bytes, "downloaded");
        // An empty chunk is the end; without it the channel was closed early.
        Ok(reader.send(Vec::new()).await.is_ok())
    }
}

/// The body of a [`Download`].
pub struct Body {
    chunks: mpsc::Receiver<Vec<u8>>,
    chunk: Vec<u8>,
    taken: usize,
    ended: bool,
}

impl Read for Body {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.taken == self.chunk.len() && !self.ended {
            self.chunk = self.chunks.blocking_recv().ok_or(io::ErrorKind::UnexpectedEof)?;
            self.taken = 0;
            self.ended = self.chunk.is_empty();
        }
        let mut rest = self.chunk.get(self.taken..).unwrap_or_default();
        let read = rest.read(buffer)?;
        self.taken += read;
        Ok(read)
    }
}

async fn next_chunk(response: &mut reqwest::Response, place: &Place) -> Result<Option<Vec<u8>>, SendError> {
    let chunk = response.chunk().await.map_err(|error| {
        SendError::InDoubt(format!("the answer of {place} broke off: {}", chain(&error.without_url())))
    })?;
    Ok(chunk.map(Vec::from))
}

fn too_long(place: &Place, limit_bytes: impl fmt::Display) -> SendError {
    SendError::InDoubt(format!("{place} answered with more than {limit_bytes} bytes"))
}

/// An address of a provider: `https`, or plain `http` to this machine. No query, no fragment, no user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BaseUrl(Url);

impl BaseUrl {
    /// Reads it.
    ///
    /// # Errors
    /// What is wrong, for the setting that holds it.
    pub fn parse(text: &str) -> Result<Self, String> {
        let url = Url::parse(text).map_err(|error| {
            format!("is not an address ({error}); https://host or https://host/path is wanted")
        })?;
        check_scheme(&url)?;
        if url.query().is_some() || url.fragment().is_some() || !url.username().is_empty() {
            return Err("must hold no query, no fragment and no user".to_owned());
        }
        Ok(Self(url))
    }

    /// The address with `path_and_query` after it. The path is taken as it is, so it must be encoded already.
    ///
    /// # Errors
    /// When the two do not make an address.
    pub fn join(&self, path_and_query: &str) -> Result<Url, SendError> {
        let base = self.0.as_str().trim_end_matches('/');
        Url::parse(&format!("{base}/{}", path_and_query.trim_start_matches('/')))
            .map_err(|_| SendError::NotSent("the address cannot be built".to_owned()))
    }

    /// The address itself.
    pub const fn url(&self) -> &Url {
        &self.0
    }

    /// Whether it is plain `http`, which only loopback may be.
    pub fn is_plain(&self) -> bool {
        self.0.scheme() == "http"
    }

    /// Replaces scheme, host and port of `url` by those of this address.
    pub fn take_over(&self, url: &mut Url) -> Result<(), SendError> {
        let cannot = || SendError::NotSent("the download address cannot be redirected".to_owned());
        url.set_scheme(self.0.scheme()).map_err(|()| cannot())?;
        url.set_host(self.0.host_str()).map_err(|_| cannot())?;
        url.set_port(self.0.port()).map_err(|()| cannot())
    }
}

impl fmt::Display for BaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.as_str().trim_end_matches('/'))
    }
}

/// Path and query as they go out, for signatures over them.
pub fn path_and_query(url: &Url) -> String {
    match url.query() {
        Some(query) => format!("{}?{query}", url.path()),
        None => url.path().to_owned(),
    }
}

/// Percent-encodes everything but letters, digits and `-_.~`, in a path segment or a query value.
pub fn percent_encode(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len() + text.len() / 2);
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => {
                encoded.push(char::from(byte));
            }
            _ => {
                encoded.push('%');
                encoded.push(char::from(b"0123456789ABCDEF"[usize::from(byte >> 4)]));
                encoded.push(char::from(b"0123456789ABCDEF"[usize::from(byte & 15)]));
            }
        }
    }
    encoded
}

fn check_scheme(url: &Url) -> Result<(), String> {
    let loopback = match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => return Err("names no host".to_owned()),
    };
    match url.scheme() {
        "https" => Ok(()),
        "http" if loopback => Ok(()),
        "http" => Err("is plain http; https is wanted, plain http only towards this machine".to_owned()),
        scheme => Err(format!("is of scheme {scheme}; https is wanted")),
    }
}

/// Where a call went, without its query.
struct Place {
    method: Method,
    url: Url,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}{}", self.method, self.url.host_str().unwrap_or_default(), self.url.path())
    }
}

fn text_of<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

/// Only a failure to connect, and a request that could not be built, are certain not to have left.
fn sorted(error: reqwest::Error, place: &Place) -> SendError {
    let never_left = error.is_connect() || error.is_builder();
    let cause = format!("{place}: {}", chain(&error.without_url()));
    if never_left { SendError::NotSent(cause) } else { SendError::InDoubt(cause) }
}

fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        source = cause.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;

    fn client(limit: usize) -> HttpClient {
        let settings = HttpSettings {
            connect_timeout: Duration::from_secs(2),
            timeout: Duration::from_secs(5),
            bill_timeout: Duration::from_secs(10),
            response_limit_bytes: limit,
            authorities: None,
        };
        HttpClient::new(&settings, true).expect("a client without authorities")
    }

    fn get(address: &str) -> HttpRequest {
        HttpRequest {
            method: Method::GET,
            url: Url::parse(address).expect("the test's address"),
            headers: vec![],
            body: None,
        }
    }

    /// Answers the first connection with `answer` and closes it.
    async fn server(answer: &'static [u8]) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("an address");
        tokio::spawn(async move {
            if let Ok((mut stream, _)) = listener.accept().await {
                let mut request = [0; 4096];
                let _read = stream.read(&mut request).await;
                let _written = stream.write_all(answer).await;
            }
        });
        format!("http://{address}/path?secret=hidden")
    }

    #[tokio::test]
    async fn a_refused_connection_was_not_sent() {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("an address");
        drop(listener);
        let error = client(1024).send(get(&format!("http://{address}/"))).await.err();
        assert!(matches!(error, Some(SendError::NotSent(_))), "{error:?}");
    }

    #[tokio::test]
    async fn a_failed_handshake_was_not_sent() {
        let address = server(b"this is not TLS").await.replace("http:", "https:");
        let error = client(1024).send(get(&address)).await.err();
        assert!(matches!(error, Some(SendError::NotSent(_))), "{error:?}");
    }

    #[tokio::test]
    async fn a_connection_that_breaks_after_the_request_is_in_doubt() {
        for answer in [&b""[..], b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf"] {
            let address = server(answer).await;
            match client(1024).send(get(&address)).await.err() {
                Some(SendError::InDoubt(cause)) => assert!(!cause.contains("hidden"), "{cause}"),
                other => panic!("{other:?}"),
            }
        }
    }

    #[tokio::test]
    async fn an_answer_beyond_the_limit_is_no_answer() {
        let address = server(b"HTTP/1.1 200 OK\r\ncontent-length: 11\r\n\r\n01234567890").await;
        assert!(matches!(client(10).send(get(&address)).await.err(), Some(SendError::InDoubt(_))));
    }

    /// Sends the answer in parts, each within the time of a call and together longer than one.
    async fn slow_server() -> String {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("an address");
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                tokio::spawn(async move {
                    let mut request = [0; 4096];
                    let _read = stream.read(&mut request).await;
                    let _written = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 8\r\n\r\n").await;
                    for _ in 0..8 {
                        tokio::time::sleep(Duration::from_millis(100)).await;
                        let _written = stream.write_all(b"x").await;
                    }
                });
            }
        });
        format!("http://{address}/bill")
    }

    #[tokio::test]
    async fn a_download_may_take_longer_than_a_call() {
        let settings = HttpSettings {
            connect_timeout: Duration::from_millis(300),
            timeout: Duration::from_millis(500),
            bill_timeout: Duration::from_secs(30),
            response_limit_bytes: 1024,
            authorities: None,
        };
        let client = HttpClient::new(&settings, true).expect("a client without authorities");
        let address = slow_server().await;
        assert!(matches!(client.send(get(&address)).await.err(), Some(SendError::InDoubt(_))));
        assert_eq!(downloaded(&client, &address, 1024).await, Ok("xxxxxxxx".to_owned()));
    }

    async fn downloaded(client: &HttpClient, address: &str, limit_bytes: u64) -> Result<String, SendError> {
        let broken = |error: io::Error| SendError::InDoubt(format!("the reader met {:?}", error.kind()));
        let download = client.download(get(address), limit_bytes).await?;
        download.read(move |body| io::read_to_string(body).map_err(broken)).await
    }

    #[tokio::test]
    async fn a_download_that_breaks_off_or_never_ends_is_no_file() {
        let address = server(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf").await;
        match downloaded(&client(1024), &address, 1024).await {
            Err(SendError::InDoubt(cause)) => assert!(cause.contains("broke off"), "{cause}"),
            other => panic!("{other:?}"),
        }
        let address = server(b"HTTP/1.1 200 OK\r\ncontent-length: 11\r\n\r\n01234567890").await;
        match downloaded(&client(1024), &address, 10).await {
            Err(SendError::InDoubt(cause)) => assert!(cause.contains("more than 10 bytes"), "{cause}"),
            other => panic!("{other:?}"),
        }
    }

    #[tokio::test]
    async fn a_download_that_is_given_up_ends_early_for_its_reader() {
        let download = client(1024).download(get(&slow_server().await), 1024).await.expect("an answer");
        let (told, heard) = std::sync::mpsc::channel();
        let reading = download.read(move |body| {
            let met = io::copy(body, &mut io::sink()).map_err(|error| error.kind());
            told.send(met).map_err(|_| SendError::InDoubt("nobody listens".to_owned()))
        });
        assert!(tokio::time::timeout(Duration::from_millis(150), reading).await.is_err(), "given up");
        let met = tokio::task::spawn_blocking(move || heard.recv()).await.expect("no panic");
        assert_eq!(met, Ok(Err(io::ErrorKind::UnexpectedEof)));
    }

    #[tokio::test]
    async fn what_a_reader_refuses_is_said() {
        let address = server(b"HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\npage").await;
        let download = client(1024).download(get(&address), 1024).await.expect("an answer");
        let refused = SendError::InDoubt("it is a page".to_owned());
        let made = download.read::<(), _>({
            let refused = refused.clone();
            move |_| Err(refused)
        });
        assert_eq!(made.await, Err(refused));
    }

    #[tokio::test]
    async fn redirects_are_answers_and_not_followed() {
        let address =
            server(b"HTTP/1.1 302 Found\r\nlocation: http://127.0.0.1:1/\r\ncontent-length: 0\r\n\r\n").await;
        assert_eq!(client(10).send(get(&address)).await.map(|answer| answer.status).ok(), Some(302));
    }

    #[test]
    fn plain_http_is_for_this_machine_only() {
        for good in ["https://api.example", "http://127.0.0.1:8080", "http://[::1]:1/x", "http://localhost/"]
        {
            assert!(BaseUrl::parse(good).is_ok(), "{good}");
        }
        for bad in ["http://10.0.0.1", "http://localhost.example", "ftp://x", "x", "https://a/?b=1"] {
            assert!(BaseUrl::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn paths_are_joined_as_they_are() {
        let base = BaseUrl::parse("https://api.example/prefix/").expect("an address");
        let url = base.join("/v3/x%7Cy?a=%26").expect("joins");
        assert_eq!(url.as_str(), "https://api.example/prefix/v3/x%7Cy?a=%26");
        assert_eq!(path_and_query(&url), "/prefix/v3/x%7Cy?a=%26");
        assert_eq!(percent_encode("a|b 门"), "a%7Cb%20%E9%97%A8");
    }
}
