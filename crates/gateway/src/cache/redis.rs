//! The cache that replicas share. While Redis is away, each replica falls back to its own memory.

use super::{Cache, MemoryCache};
use async_trait::async_trait;
use redis::aio::{ConnectionManager, ConnectionManagerConfig};
use redis::{AsyncCommands, ExistenceCheck, RedisError, SetExpiry, SetOptions};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// See [`Cache`]. Keys are prefixed, so that a Redis may be shared with other software.
pub struct RedisCache {
    connection: ConnectionManager,
    fallback: MemoryCache,
    healthy: AtomicBool,
}

const PREFIX: &str = "mingfen:";
/// A patient waits behind this: better a local answer than a slow one.
const PATIENCE: Duration = Duration::from_millis(250);

impl RedisCache {
    /// Connects when it is first used. `url` is `redis://…`.
    ///
    /// A server that is away is no error: a replica must be able to start while Redis is down, and counts in its own memory
    /// until it is back. Whether it answers is in `/readyz` and in the metrics.
    ///
    /// # Errors
    /// When the URL is not one.
    pub async fn connect(url: &str) -> Result<Self, RedisError> {
        let settings = ConnectionManagerConfig::new()
            .set_connection_timeout(Some(Duration::from_millis(500)))
            .set_response_timeout(Some(PATIENCE))
            .set_number_of_retries(1);
        let connection = ConnectionManager::new_lazy_with_config(redis::Client::open(url)?, settings)?;
        let cache = Self { connection, fallback: MemoryCache::default(), healthy: AtomicBool::new(true) };
        // Asked once, so that a wrong address is in the log from the start.
        cache.is_healthy().await;
        Ok(cache)
    }

    fn heard<T>(&self, answer: Result<T, RedisError>) -> Option<T> {
        let was_healthy = self.healthy.swap(answer.is_ok(), Ordering::Relaxed);
        match answer {
            Ok(value) => Some(value),
            Err(error) => {
                if was_healthy {
                    tracing::warn!(error = %error, "redis does not answer; counting in this process until it is back");
                }
                None
            }
        }
    }
}

#[async_trait]
impl Cache for RedisCache {
    async fn remember(&self, key: &str, for_how_long: Duration) -> bool {
        let options = SetOptions::default().conditional_set(ExistenceCheck::NX).with_expiration(
            SetExpiry::PX(u64::try_from(for_how_long.as_millis()).unwrap_or(u64::MAX).max(1)),
        );
        let answer: Result<Option<String>, _> =
            self.connection.clone().set_options(format!("{PREFIX}{key}"), 1, options).await;
        let locally_new = self.fallback.remember(key, for_how_long).await;
        match self.heard(answer) {
            // What this process saw while Redis was away is not in Redis, and is seen all the same.
            Some(set) => set.is_some() && locally_new,
            None => locally_new,
        }
    }

    async fn count(&self, key: &str, window: Duration) -> u32 {
        let window_ms = i64::try_from(window.as_millis()).unwrap_or(i64::MAX);
        let script = redis::Script::new(
            "local n = redis.call('INCR', KEYS[1]) if n == 1 then redis.call('PEXPIRE', KEYS[1], ARGV[1]) end return n",
        );
        let mut connection = self.connection.clone();
        let answer: Result<u32, _> =
            script.key(format!("{PREFIX}{key}")).arg(window_ms).invoke_async(&mut connection).await;
        let local = self.fallback.count(key, window).await;
        self.heard(answer).unwrap_or(local)
    }

    async fn uncount(&self, key: &str) {
        // A counter that ran out meanwhile is not made anew: it would never run out again.
        let script = redis::Script::new(
            "local n = tonumber(redis.call('GET', KEYS[1]) or '0') if n > 0 then redis.call('DECR', KEYS[1]) end return 0",
        );
        let mut connection = self.connection.clone();
        let answer: Result<u32, _> = script.key(format!("{PREFIX}{key}")).invoke_async(&mut connection).await;
        self.fallback.uncount(key).await;
        self.heard(answer);
    }

    async fn is_healthy(&self) -> bool {
        let mut connection = self.connection.clone();
        let answer: Result<String, _> = redis::cmd("PING").query_async(&mut connection).await;
        self.heard(answer).is_some()
    }
}
