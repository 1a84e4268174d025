//! What stands before several gateway processes: every connection goes to the next one.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// A balancer, until it is dropped.
pub struct Balancer {
    served: Arc<Vec<AtomicUsize>>,
    task: JoinHandle<()>,
}

impl Balancer {
    /// Listens at `at` and hands the connections round.
    pub async fn start(at: SocketAddr, to: Vec<SocketAddr>) -> Self {
        let listener = TcpListener::bind(at).await.expect("a free address");
        let served: Arc<Vec<AtomicUsize>> = Arc::new(to.iter().map(|_| AtomicUsize::new(0)).collect());
        let counts = served.clone();
        let task = tokio::spawn(async move {
            for turn in (0..to.len()).cycle() {
                let Ok((mut from, _)) = listener.accept().await else { return };
                let address = to[turn];
                counts[turn].fetch_add(1, Ordering::Relaxed);
                tokio::spawn(async move {
                    if let Ok(mut onward) = TcpStream::connect(address).await {
                        // A broken connection is the browser's to notice.
                        let _ = copy_bidirectional(&mut from, &mut onward).await;
                    }
                });
            }
        });
        Self { served, task }
    }

    /// How many connections each process was given.
    pub fn served(&self) -> Vec<usize> {
        self.served.iter().map(|count| count.load(Ordering::Relaxed)).collect()
    }
}

impl Drop for Balancer {
    fn drop(&mut self) {
        self.task.abort();
    }
}
