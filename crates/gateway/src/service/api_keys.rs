//! Keys of the signed API, made at the screens: scoped, limited, shown once. Those of the configuration file stay what they are.

use super::Trouble;
use super::attention::audit;
use super::private::Private;
use crate::Gateway;
use crate::http::words::is_readable;
use crate::settings::{ApiKey, ApiRight, KeyLimits};
use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use mingfen_domain::{Fen, Timestamp, ambient};
use mingfen_store::{ApiKeyRecord, StoreError};
use std::time::Duration;

/// What a key is made of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewKey {
    /// What it is for: `自助机 A 区 12 台`.
    pub label: String,
    /// What it may do; at least one right.
    pub rights: Vec<ApiRight>,
    /// How much of it.
    pub limits: KeyLimits,
    /// From when on it is refused.
    pub expires_at: Option<Timestamp>,
}

/// A key and its secret, which is shown once.
#[derive(Clone)]
pub struct MadeKey {
    /// Its public name.
    pub key_id: String,
    /// The shared secret.
    pub secret: String,
}

impl std::fmt::Debug for MadeKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "MadeKey({})", self.key_id)
    }
}

/// Why there is no key, or it goes on.
#[derive(Debug, thiserror::Error)]
pub enum KeyRefused {
    /// It says not what it is for.
    #[error("what the key is for is wanted, in 1 to 40 characters that can be read")]
    Label,
    /// It may do nothing.
    #[error("at least one right is wanted")]
    NoRight,
    /// A limit that makes no sense.
    #[error("1 to 100000 requests a minute, and a single refund not above those of a day")]
    Limits,
    /// It is over before it begins.
    #[error("the key ends in the past")]
    Past,
    /// No such valid key.
    #[error("there is no such key, or it was revoked already")]
    NotFound,
    /// Nothing happened; try again.
    #[error(transparent)]
    Trouble(#[from] Trouble),
}

impl From<StoreError> for KeyRefused {
    fn from(error: StoreError) -> Self {
        Self::Trouble(error.into())
    }
}

/// After a rotation both keys work for so long, so that the other side can change over.
pub const OVERLAP_DAYS: i64 = 7;
const DAY_MS: i64 = 86_400_000;
/// That a key was used is noted so often at most.
const NOTED_EVERY: Duration = Duration::from_secs(60);

/// Makes a key.
///
/// # Errors
/// [`KeyRefused`].
pub async fn make_key(gateway: &Gateway, new: &NewKey, by: &str) -> Result<MadeKey, KeyRefused> {
    let now = gateway.now();
    check(new, now)?;
    let (made, record) = fresh(gateway, new, by, now);
    let mut tx = gateway.store.begin().await?;
    tx.insert_api_key(&record).await?;
    let detail = format!("{}: {}", record.label, record.rights.join(", "));
    audit(&mut tx, now, by, "key.made", &record.key_id, &detail).await?;
    tx.commit().await?;
    Ok(made)
}

fn check(new: &NewKey, now: Timestamp) -> Result<(), KeyRefused> {
    if !is_readable(&new.label, 1, 40) {
        return Err(KeyRefused::Label);
    }
    if new.rights.is_empty() {
        return Err(KeyRefused::NoRight);
    }
    let limits = &new.limits;
    let sound = (1..=100_000).contains(&limits.per_minute)
        && limits.max_refund >= Fen::ZERO
        && limits.max_refund <= limits.max_refund_per_day;
    if !sound {
        return Err(KeyRefused::Limits);
    }
    if new.expires_at.is_some_and(|at| at <= now) { Err(KeyRefused::Past) } else { Ok(()) }
}

fn fresh(gateway: &Gateway, new: &NewKey, by: &str, now: Timestamp) -> (MadeKey, ApiKeyRecord) {
    let random = gateway.random.as_ref();
    let key_id = format!("K{}", ambient::random_text(random, ambient::READABLE, 11));
    let mut bytes = [0_u8; 32];
    random.fill(&mut bytes);
    let secret = BASE64_URL_SAFE_NO_PAD.encode(bytes);
    let record = ApiKeyRecord {
        key_id: key_id.clone(),
        label: new.label.clone(),
        secret_sealed: Private(gateway).seal_api_secret(secret.as_bytes()),
        rights: new.rights.iter().map(|right| right.word().to_owned()).collect(),
        per_minute: i64::from(new.limits.per_minute),
        max_refund: new.limits.max_refund,
        max_refund_per_day: new.limits.max_refund_per_day,
        created_at: now,
        created_by: by.to_owned(),
        expires_at: new.expires_at,
        revoked: None,
        used_at: None,
    };
    (MadeKey { key_id, secret }, record)
}

/// Makes a key with the rights and limits of another one, which ends in a week by itself.
///
/// # Errors
/// [`KeyRefused`].
pub async fn rotate_key(gateway: &Gateway, key_id: &str, by: &str) -> Result<MadeKey, KeyRefused> {
    let now = gateway.now();
    let old =
        gateway.store.api_key(key_id).await?.filter(|old| old.is_valid(now)).ok_or(KeyRefused::NotFound)?;
    let new = NewKey {
        label: old.label.clone(),
        rights: rights_of(&old),
        limits: limits_of(&old),
        expires_at: None,
    };
    let (made, record) = fresh(gateway, &new, by, now);
    let ends = now.plus_ms(OVERLAP_DAYS * DAY_MS);
    let mut tx = gateway.store.begin().await?;
    tx.end_api_key_at(key_id, ends).await?;
    tx.insert_api_key(&record).await?;
    audit(&mut tx, now, by, "key.rotated", key_id, &format!("{} follows; this one ends {ends}", made.key_id))
        .await?;
    audit(&mut tx, now, by, "key.made", &made.key_id, &format!("{}: after {key_id}", record.label)).await?;
    tx.commit().await?;
    Ok(made)
}

/// Revokes a key at once.
///
/// # Errors
/// [`KeyRefused`].
pub async fn revoke_key(gateway: &Gateway, key_id: &str, by: &str) -> Result<(), KeyRefused> {
    let now = gateway.now();
    let mut tx = gateway.store.begin().await?;
    if !tx.revoke_api_key(key_id, now, by).await? {
        tx.rollback().await?;
        return Err(KeyRefused::NotFound);
    }
    audit(&mut tx, now, by, "key.revoked", key_id, "refused from now on").await?;
    tx.commit().await?;
    Ok(())
}

fn rights_of(record: &ApiKeyRecord) -> Vec<ApiRight> {
    record.rights.iter().filter_map(|word| ApiRight::parse(word)).collect()
}

fn limits_of(record: &ApiKeyRecord) -> KeyLimits {
    KeyLimits {
        per_minute: u32::try_from(record.per_minute).unwrap_or(1),
        max_refund: record.max_refund,
        max_refund_per_day: record.max_refund_per_day,
    }
}

/// A key that was made at the screens, when it is valid now.
pub(crate) async fn made_key(gateway: &Gateway, key_id: &str) -> Result<Option<ApiKey>, Trouble> {
    let plausible = key_id.len() == 12 && key_id.bytes().all(|byte| byte.is_ascii_alphanumeric());
    if !plausible {
        return Ok(None);
    }
    let now = gateway.now();
    let Some(record) = gateway.store.api_key(key_id).await?.filter(|record| record.is_valid(now)) else {
        return Ok(None);
    };
    let secret = Private(gateway).open_api_secret(&record.secret_sealed)?;
    Ok(Some(ApiKey { id: key_id.to_owned(), secret, may: rights_of(&record), limits: limits_of(&record) }))
}

/// Notes that a key made at the screens proved itself.
pub(crate) async fn note_key_use(gateway: &Gateway, key_id: &str) -> Result<(), Trouble> {
    if gateway.cache.count(&format!("key-used:{key_id}"), NOTED_EVERY).await == 1 {
        gateway.store.touch_api_key(key_id, gateway.now()).await?;
    }
    Ok(())
}
