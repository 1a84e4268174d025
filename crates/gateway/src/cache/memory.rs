//! The cache of a single process: sharded maps with expiry, no server.

use super::Cache;
use async_trait::async_trait;
use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

const SHARDS: usize = 32;
/// A shard is swept when it holds this many entries more than after the last sweep.
const SWEEP_AFTER: usize = 4096;

/// See [`Cache`]. Time here is the process's own monotonic time: nothing in it decides over money.
pub struct MemoryCache {
    shards: Vec<Mutex<Shard>>,
    hasher: RandomState,
}

#[derive(Default)]
struct Shard {
    entries: HashMap<String, Entry>,
    sweep_at: usize,
}

struct Entry {
    count: u32,
    gone_at: Instant,
}

impl Default for MemoryCache {
    fn default() -> Self {
        let shards = (0..SHARDS)
            .map(|_| Mutex::new(Shard { entries: HashMap::new(), sweep_at: SWEEP_AFTER }))
            .collect();
        Self { shards, hasher: RandomState::new() }
    }
}

impl MemoryCache {
    fn add(&self, key: &str, window: Duration) -> u32 {
        let now = Instant::now();
        let mut shard = self.shard(key);
        if shard.entries.len() >= shard.sweep_at {
            shard.entries.retain(|_, entry| entry.gone_at > now);
            shard.sweep_at = shard.entries.len() + SWEEP_AFTER;
        }
        match shard.entries.get_mut(key) {
            Some(entry) if entry.gone_at > now => {
                entry.count = entry.count.saturating_add(1);
                entry.count
            }
            _ => {
                shard.entries.insert(key.to_owned(), Entry { count: 1, gone_at: now + window });
                1
            }
        }
    }

    fn shard(&self, key: &str) -> std::sync::MutexGuard<'_, Shard> {
        let index = usize::try_from(self.hasher.hash_one(key) % SHARDS as u64).unwrap_or(0);
        self.shards[index].lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Cache for MemoryCache {
    async fn remember(&self, key: &str, for_how_long: Duration) -> bool {
        self.add(key, for_how_long) == 1
    }

    async fn count(&self, key: &str, window: Duration) -> u32 {
        self.add(key, window)
    }

    async fn uncount(&self, key: &str) {
        if let Some(entry) = self.shard(key).entries.get_mut(key) {
            entry.count = entry.count.saturating_sub(1);
        }
    }

    async fn is_healthy(&self) -> bool {
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_nonce_is_new_once() {
        let cache = MemoryCache::default();
        assert!(cache.remember("n1", Duration::from_secs(60)).await);
        assert!(!cache.remember("n1", Duration::from_secs(60)).await);
        assert!(cache.remember("n2", Duration::ZERO).await);
        assert!(cache.remember("n2", Duration::from_secs(60)).await, "what has run out is new again");
    }

    #[tokio::test]
    async fn a_counter_counts_within_its_window() {
        let cache = MemoryCache::default();
        for expected in 1..=3 {
            assert_eq!(cache.count("c", Duration::from_secs(60)).await, expected);
        }
        cache.uncount("c").await;
        cache.uncount("other").await;
        assert_eq!(cache.count("c", Duration::from_secs(60)).await, 3);
        assert_eq!(cache.count("other", Duration::from_secs(60)).await, 1);
    }
}
