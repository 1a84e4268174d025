//! A HIS that says exactly what a test tells it to, in raw bytes: most of what it must say no decent server would.

use serde_json::Value;
use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use url::Url;

/// What to do with a request, once all of it has been read.
pub(super) enum Reply {
    /// A status and a body.
    Answer(u16, Vec<u8>),
    /// These bytes, then the connection is closed.
    Raw(Vec<u8>),
    /// A body that does not end.
    Endless,
    /// Nothing, for as long as the test lives.
    Silence,
}

impl Reply {
    pub(super) fn json(status: u16, body: &Value) -> Self {
        Self::Answer(status, body.to_string().into_bytes())
    }
}

/// A request as it arrived.
#[derive(Clone)]
pub(super) struct Seen {
    pub(super) head: String,
    pub(super) body: Vec<u8>,
}

impl Seen {
    pub(super) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).expect("a request in JSON")
    }

    pub(super) fn header(&self, name: &str) -> &str {
        let line = self.head.lines().find_map(|line| {
            let (found, value) = line.split_once(": ")?;
            found.eq_ignore_ascii_case(name).then_some(value)
        });
        line.unwrap_or_else(|| panic!("no header {name}"))
    }
}

/// The server; it stops when it is dropped.
pub(super) struct Server {
    pub(super) url: Url,
    seen: Arc<Mutex<Vec<Seen>>>,
    task: JoinHandle<()>,
}

impl Server {
    /// Gives one reply to each connection, in this order.
    pub(super) async fn saying(replies: impl IntoIterator<Item = Reply>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("an address");
        let url = Url::parse(&format!("http://{address}/his/v1")).expect("a URL");
        let seen = Arc::new(Mutex::new(Vec::new()));
        let replies: VecDeque<Reply> = replies.into_iter().collect();
        let task = tokio::spawn(serve(listener, replies, Arc::clone(&seen)));
        Self { url, seen, task }
    }

    /// All requests so far.
    pub(super) fn seen(&self) -> Vec<Seen> {
        self.seen.lock().expect("no test panicked").clone()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn serve(listener: TcpListener, mut replies: VecDeque<Reply>, seen: Arc<Mutex<Vec<Seen>>>) {
    let mut silent = Vec::new();
    while let Some(reply) = replies.pop_front() {
        let Ok((mut stream, _)) = listener.accept().await else { return };
        let request = read(&mut stream).await;
        seen.lock().expect("no test panicked").push(request);
        match reply {
            Reply::Answer(status, body) => {
                let head = format!(
                    "HTTP/1.1 {status} X\r\nContent-Type: application/json\r\nConnection: close\r\nContent-Length: {}\r\n\r\n",
                    body.len()
                );
                // The client may hang up early, for example on a body that is too large.
                let _ = stream.write_all(&[head.as_bytes(), &body].concat()).await;
            }
            Reply::Raw(bytes) => {
                let _ = stream.write_all(&bytes).await;
            }
            Reply::Endless => endless(&mut stream).await,
            Reply::Silence => silent.push(stream),
        }
    }
    // Whatever is still open stays open until the test is over.
    std::future::pending::<()>().await;
}

async fn endless(stream: &mut TcpStream) {
    let head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
    let chunk = [b"10000\r\n".as_slice(), &[b' '; 0x10000], b"\r\n"].concat();
    let mut alive = stream.write_all(head).await.is_ok();
    while alive {
        alive = stream.write_all(&chunk).await.is_ok();
    }
}

async fn read(stream: &mut TcpStream) -> Seen {
    let mut bytes = Vec::new();
    let end = loop {
        if let Some(at) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
            break at;
        }
        let mut piece = [0; 4096];
        let length = stream.read(&mut piece).await.expect("a request");
        assert_ne!(length, 0, "the client hung up");
        bytes.extend(&piece[..length]);
    };
    let head = String::from_utf8(bytes[..end].to_vec()).expect("a head in ASCII");
    let mut seen = Seen { head, body: bytes[end + 4..].to_vec() };
    let length: usize = seen.header("content-length").parse().expect("a length");
    let missing = length - seen.body.len();
    let mut rest = vec![0; missing];
    stream.read_exact(&mut rest).await.expect("a whole body");
    seen.body.extend(rest);
    seen
}
