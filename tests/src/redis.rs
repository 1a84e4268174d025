//! A Redis server of a story's own, so that the story can lose it.

use crate::process::{free_address, until};
use std::net::SocketAddr;
use std::process::Stdio;
use tokio::net::TcpStream;
use tokio::process::{Child, Command};

/// A server at an address that stays its own; it ends with the story.
pub struct RedisServer {
    /// Its address.
    pub url: String,
    address: SocketAddr,
    child: Child,
}

impl RedisServer {
    /// Starts one that keeps nothing.
    pub async fn start() -> Self {
        let address = free_address();
        Self { url: format!("redis://{address}/"), address, child: serving(address).await }
    }

    /// It is gone from one moment to the next.
    pub async fn is_lost(&mut self) {
        self.child.kill().await.expect("it was there to be killed");
    }

    /// It is there again, and knows nothing.
    pub async fn comes_back(&mut self) {
        self.child = serving(self.address).await;
    }
}

async fn serving(address: SocketAddr) -> Child {
    let port = address.port().to_string();
    let mut command = Command::new("redis-server");
    command.args(["--bind", "127.0.0.1", "--port", &port, "--save", "", "--appendonly", "no"]);
    command.stdin(Stdio::null()).stdout(Stdio::null()).kill_on_drop(true);
    let child = command.spawn().expect("redis-server is installed: tests/services.sh sees to that");
    until("Redis answers", || async move { TcpStream::connect(address).await.is_ok() }).await;
    child
}
