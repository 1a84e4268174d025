//! What may be lost: nonces, rate counters, hints. Turn it off and money still moves correctly.

mod memory;
mod redis;

pub use self::memory::MemoryCache;
pub use self::redis::RedisCache;

use async_trait::async_trait;
use std::time::Duration;

/// A place for short-lived facts that several replicas may share.
///
/// No method returns an error: an implementation that cannot reach its server answers as if nothing were stored, counts that
/// in its health, and the caller goes on. Whatever must not be lost belongs in the store.
#[async_trait]
pub trait Cache: Send + Sync {
    /// Remembers `key` for a while; `true` when it was not there before. What a nonce needs.
    async fn remember(&self, key: &str, for_how_long: Duration) -> bool;

    /// Adds one to a counter that starts over after `window`, and answers the new count.
    async fn count(&self, key: &str, window: Duration) -> u32;

    /// Takes one back that was counted and should not have been.
    async fn uncount(&self, key: &str);

    /// Whether its server answers.
    async fn is_healthy(&self) -> bool;
}
