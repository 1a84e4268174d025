//! Clients that cost next to nothing: ready-made bytes on kept connections, all on one thread.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// The thread's name, by which the gauge leaves it out.
pub const THREAD: &str = "bench-client";

/// How a round went.
pub struct Told {
    /// Requests answered.
    pub count: u64,
    /// From the first request to the last answer.
    pub took: Duration,
    /// Half of them waited less.
    pub p50: Duration,
    /// One in a hundred waited longer.
    pub p99: Duration,
}

/// Sends every request once, `clients` at a time, and wants that status for each.
pub fn tell(address: SocketAddr, requests: &Arc<Vec<Vec<u8>>>, clients: usize, status: u16) -> Told {
    tell_wanting(address, requests, clients, format!("HTTP/1.1 {status} "))
}

/// The same, whatever the status.
pub fn tell_any(address: SocketAddr, requests: &Arc<Vec<Vec<u8>>>, clients: usize) -> Told {
    tell_wanting(address, requests, clients, "HTTP/1.1 ".to_owned())
}

fn tell_wanting(address: SocketAddr, requests: &Arc<Vec<Vec<u8>>>, clients: usize, wanted: String) -> Told {
    let requests = Arc::clone(requests);
    let thread = std::thread::Builder::new().name(THREAD.to_owned());
    let told = thread.spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        runtime.block_on(tell_all(address, requests, clients, wanted))
    });
    told.expect("a thread").join().expect("every request is answered")
}

async fn tell_all(address: SocketAddr, requests: Arc<Vec<Vec<u8>>>, clients: usize, wanted: String) -> Told {
    let next = Arc::new(AtomicUsize::new(0));
    let began = Instant::now();
    let clients: Vec<_> = (0..clients)
        .map(|_| tokio::spawn(tell_some(address, Arc::clone(&requests), Arc::clone(&next), wanted.clone())))
        .collect();
    let mut waits = Vec::with_capacity(requests.len());
    for client in clients {
        waits.extend(client.await.expect("a client goes through"));
    }
    let took = began.elapsed();
    waits.sort_unstable();
    let at = |percent: usize| waits.get(waits.len() * percent / 100).copied().unwrap_or_default();
    Told { count: u64::try_from(waits.len()).unwrap_or(u64::MAX), took, p50: at(50), p99: at(99) }
}

async fn tell_some(
    address: SocketAddr,
    requests: Arc<Vec<Vec<u8>>>,
    next: Arc<AtomicUsize>,
    wanted: String,
) -> Vec<Duration> {
    let mut stream = TcpStream::connect(address).await.expect("the gateway listens");
    stream.set_nodelay(true).expect("a socket");
    let mut answer = Vec::with_capacity(4096);
    let mut waits = Vec::new();
    while let Some(request) = requests.get(next.fetch_add(1, Ordering::Relaxed)) {
        let began = Instant::now();
        stream.write_all(request).await.expect("sent");
        answer.clear();
        while !is_whole(&answer) {
            let read = stream.read_buf(&mut answer).await.expect("an answer");
            assert!(read > 0, "the gateway hung up after: {}", String::from_utf8_lossy(&answer));
        }
        assert!(answer.starts_with(wanted.as_bytes()), "{}", String::from_utf8_lossy(&answer));
        waits.push(began.elapsed());
    }
    waits
}

/// Whether head and body are there; an answer of 204 has no body and names no length.
fn is_whole(answer: &[u8]) -> bool {
    let Some(head) = answer.windows(4).position(|window| window == b"\r\n\r\n") else { return false };
    let named = String::from_utf8_lossy(&answer[..head]).to_ascii_lowercase();
    let length = named.lines().find_map(|line| line.strip_prefix("content-length: ")?.trim().parse().ok());
    answer.len() >= head + 4 + length.unwrap_or(0)
}
