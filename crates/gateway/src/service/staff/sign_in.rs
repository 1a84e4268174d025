//! Signing in: password, code, and the first time a password of one's own and a second factor.
//!
//! What if somebody guesses? Each attempt is counted before it is looked at, in one statement, so that guesses in parallel count too;
//! after five the account is locked. A staff number that nobody has takes as long and answers the same. What if a code is watched? It
//! works once. What if a token was planted in the browser before (session fixation)? Each step answers with a fresh one, and the one
//! before has ended. What if we die in between? A session is one row; the next step is asked again.

use crate::Gateway;
use crate::service::attention::audit;
use crate::service::{Private, Trouble};
use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use mingfen_domain::Timestamp;
use mingfen_store::{SessionStage, StaffRecord, StaffSessionRecord, StoreError, Tx};
use mingfen_vault::password::{self, Weak};
use mingfen_vault::totp;
use sha2::{Digest, Sha256};

/// Where somebody comes from.
#[derive(Clone, Debug)]
pub struct Came {
    /// The address.
    pub address: String,
    /// What the browser says it is.
    pub agent: String,
    /// Where they were going: a path of ours.
    pub next_path: String,
}

/// A step that went well.
#[derive(Clone)]
pub struct Entered {
    /// The token for the cookie. It is nowhere else.
    pub token: String,
    /// What is asked next; [`SessionStage::In`]: nothing.
    pub stage: SessionStage,
    /// Where to go once in.
    pub next_path: String,
}

impl std::fmt::Debug for Entered {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Entered").field("stage", &self.stage).finish_non_exhaustive()
    }
}

/// Why a password did not let anybody in.
#[derive(Debug, thiserror::Error)]
pub enum SignInRefused {
    /// Number or password are wrong, or the account is switched off.
    #[error("wrong number or password")]
    Wrong,
    /// Too many attempts.
    #[error("the account is locked")]
    Locked,
    /// Nothing was looked at; try again.
    #[error(transparent)]
    Trouble(#[from] Trouble),
}

/// Why a code was not taken.
#[derive(Debug, thiserror::Error)]
pub enum CodeRefused {
    /// Wrong, or used already.
    #[error("wrong code")]
    Wrong,
    /// Too many attempts.
    #[error("the account is locked")]
    Locked,
    /// Nothing was looked at; try again.
    #[error(transparent)]
    Trouble(#[from] Trouble),
}

/// Why a second factor was not enrolled.
#[derive(Debug, thiserror::Error)]
pub enum EnrolRefused {
    /// The code is not the offered secret's.
    #[error("wrong code")]
    Wrong,
    /// Nothing happened; try again.
    #[error(transparent)]
    Trouble(#[from] Trouble),
}

/// Why a password was not taken.
#[derive(Debug, thiserror::Error)]
pub enum PasswordRefused {
    /// It is too weak.
    #[error("too weak: {0:?}")]
    Weak(Weak),
    /// The two fields differ.
    #[error("the two differ")]
    Differ,
    /// It is the one that is to be replaced.
    #[error("it is the old one")]
    Same,
    /// The old one, asked for once more, is wrong.
    #[error("the present password is wrong")]
    WrongPresent,
    /// Nothing happened; try again.
    #[error(transparent)]
    Trouble(#[from] Trouble),
}

macro_rules! from_store {
    ($($error:ty),+) => {$(
        impl From<StoreError> for $error {
            fn from(error: StoreError) -> Self {
                Self::Trouble(error.into())
            }
        }
    )+};
}
from_store!(SignInRefused, CodeRefused, EnrolRefused, PasswordRefused);

/// The digest by which a session is kept.
pub(crate) fn token_digest(token: &str) -> String {
    hex::encode(Sha256::digest(token.as_bytes()))
}

pub(crate) fn actor(staff_no: &str) -> String {
    format!("staff:{staff_no}")
}

/// Off the threads that serve others, and no more than two at once: each takes 19 MiB.
pub(super) async fn hashing<T: Send + 'static>(
    gateway: &Gateway,
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, Trouble> {
    let _turn = gateway.hashing.acquire().await.map_err(|_| Trouble::Stopping)?;
    tokio::task::spawn_blocking(work).await.map_err(|_| Trouble::Stopping)
}

/// Looks at a password.
///
/// # Errors
/// [`SignInRefused`].
pub async fn enter_password(
    gateway: &Gateway,
    staff_no: &str,
    given: &str,
    came: Came,
) -> Result<Entered, SignInRefused> {
    let now = gateway.now();
    let member = gateway.store.staff_member(staff_no).await?;
    let given_now = given.chars().take(password::MOST).collect::<String>();
    let Some(member) = member.filter(|member| member.active) else {
        hashing(gateway, move || password::verify_nothing(&given_now)).await?;
        tracing::warn!(from = %came.address, "somebody tried to sign in with a staff number that nobody has");
        return Err(SignInRefused::Wrong);
    };
    if !count_attempt(gateway, staff_no, now).await? {
        return Err(SignInRefused::Locked);
    }
    let hash = member.password_hash.clone();
    if !hashing(gateway, move || password::verify(&given_now, &hash)).await? {
        refused(gateway, staff_no, "staff.wrong_password", &came.address, now).await?;
        return Err(SignInRefused::Wrong);
    }
    let mut tx = gateway.store.begin().await?;
    tx.forgive_attempts(staff_no).await?;
    let entered = begin_session(gateway, &mut tx, &member, false, &came, now).await?;
    tx.commit().await?;
    Ok(entered)
}

async fn count_attempt(gateway: &Gateway, staff_no: &str, now: Timestamp) -> Result<bool, StoreError> {
    let settings = &gateway.settings.staff;
    let lock_until = now.plus_ms(settings.lock_for * 1000);
    gateway.store.begin_attempt(staff_no, now, settings.attempts, lock_until).await
}

async fn refused(
    gateway: &Gateway,
    staff_no: &str,
    action: &str,
    from: &str,
    now: Timestamp,
) -> Result<(), StoreError> {
    gateway.metrics.add("mingfen_sign_ins_refused_total", String::new());
    let mut tx = gateway.store.begin().await?;
    audit(&mut tx, now, &actor(staff_no), action, staff_no, &format!("from {from}")).await?;
    tx.commit().await
}

/// What is asked next.
fn next_stage(member: &StaffRecord, proven: bool) -> SessionStage {
    if member.totp_sealed.is_some() && !proven {
        SessionStage::Code
    } else if member.must_change {
        SessionStage::Password
    } else if member.totp_sealed.is_none() && member.roles.iter().any(|role| role.needs_second_factor()) {
        SessionStage::Enrol
    } else {
        SessionStage::In
    }
}

/// A session with a fresh token.
async fn begin_session(
    gateway: &Gateway,
    tx: &mut Tx,
    member: &StaffRecord,
    proven: bool,
    came: &Came,
    now: Timestamp,
) -> Result<Entered, StoreError> {
    let mut bytes = [0_u8; 32];
    gateway.random.fill(&mut bytes);
    let token = BASE64_URL_SAFE_NO_PAD.encode(bytes);
    let stage = next_stage(member, proven);
    let enrol_sealed = (stage == SessionStage::Enrol)
        .then(|| Private(gateway).seal_second_factor(&totp::fresh_secret(gateway.random.as_ref())));
    tx.insert_staff_session(&StaffSessionRecord {
        token_sha256: token_digest(&token),
        staff_no: member.staff_no.clone(),
        stage,
        proven,
        enrol_sealed,
        next_path: came.next_path.clone(),
        address: came.address.chars().take(64).collect(),
        agent: came.agent.chars().take(200).collect(),
        begun_at: now,
        seen_at: now,
        ended: None,
    })
    .await?;
    if stage == SessionStage::In {
        let mut member = member.clone();
        member.last_in_at = Some(now);
        member.last_in_from = Some(came.address.clone());
        tx.save_staff(&member).await?;
        let how = if proven { "with a second factor" } else { "by password" };
        let detail = format!("{how} from {}", came.address);
        audit(tx, now, &actor(&member.staff_no), "staff.signed_in", &member.staff_no, &detail).await?;
    }
    Ok(Entered { token, stage, next_path: came.next_path.clone() })
}

/// The same person goes on with a fresh token; the old one ends.
async fn go_on(
    gateway: &Gateway,
    tx: &mut Tx,
    session: &StaffSessionRecord,
    member: &StaffRecord,
    proven: bool,
    now: Timestamp,
) -> Result<Entered, StoreError> {
    tx.end_staff_session(&session.token_sha256, now, "next step").await?;
    let came = Came {
        address: session.address.clone(),
        agent: session.agent.clone(),
        next_path: session.next_path.clone(),
    };
    begin_session(gateway, tx, member, proven, &came, now).await
}

/// Looks at a code, or at a recovery code.
///
/// # Errors
/// [`CodeRefused`].
pub async fn enter_code(
    gateway: &Gateway,
    session: &StaffSessionRecord,
    member: &StaffRecord,
    given: &str,
) -> Result<Entered, CodeRefused> {
    let now = gateway.now();
    let Some(sealed) = member.totp_sealed.as_deref().filter(|_| session.stage == SessionStage::Code) else {
        return Err(CodeRefused::Wrong);
    };
    let secret = Private(gateway).open_second_factor(sealed)?;
    if !count_attempt(gateway, &member.staff_no, now).await? {
        return Err(CodeRefused::Locked);
    }
    let mut changed = member.clone();
    let mut by_recovery = false;
    if let Some(step) = totp::check(&secret, given, now, member.totp_step) {
        changed.totp_step = step;
    } else {
        let digest = hex::encode(Sha256::digest(totp::normal_recovery_code(given).as_bytes()));
        let left = changed.recovery_sha256.len();
        changed.recovery_sha256.retain(|known| *known != digest);
        by_recovery = changed.recovery_sha256.len() < left;
        if !by_recovery {
            refused(gateway, &member.staff_no, "staff.wrong_code", &session.address, now).await?;
            return Err(CodeRefused::Wrong);
        }
    }
    let mut tx = gateway.store.begin().await?;
    // Whoever used the same code a moment before has changed the version: then this one is used already.
    match tx.save_staff(&changed).await {
        Ok(()) => {}
        Err(StoreError::Stale { .. }) => {
            tx.rollback().await?;
            return Err(CodeRefused::Wrong);
        }
        Err(error) => return Err(error.into()),
    }
    changed.version += 1;
    tx.forgive_attempts(&member.staff_no).await?;
    if by_recovery {
        let detail = format!("{} recovery codes are left", changed.recovery_sha256.len());
        audit(&mut tx, now, &actor(&member.staff_no), "staff.recovery_used", &member.staff_no, &detail)
            .await?;
    }
    let entered = go_on(gateway, &mut tx, session, &changed, true, now).await?;
    tx.commit().await?;
    Ok(entered)
}

/// The second factor that is offered to whoever enrols: its address for a QR code, and its secret for hands.
///
/// # Errors
/// [`Trouble`].
pub fn offered_second_factor(
    gateway: &Gateway,
    session: &StaffSessionRecord,
) -> Result<Option<(String, String)>, Trouble> {
    let Some(sealed) = session.enrol_sealed.as_deref() else { return Ok(None) };
    let secret = Private(gateway).open_second_factor(sealed)?;
    let uri = totp::uri(&secret, &gateway.hospital().name_zh, &session.staff_no);
    Ok(uri.map(|uri| (uri, totp::readable_secret(&secret))))
}

/// Enrols the offered second factor once its code was right; answers with the recovery codes, which are shown once.
///
/// # Errors
/// [`EnrolRefused`].
pub async fn confirm_second_factor(
    gateway: &Gateway,
    session: &StaffSessionRecord,
    member: &StaffRecord,
    given: &str,
) -> Result<(Entered, Vec<String>), EnrolRefused> {
    let now = gateway.now();
    let Some(sealed) = session.enrol_sealed.as_deref() else { return Err(EnrolRefused::Wrong) };
    let secret = Private(gateway).open_second_factor(sealed)?;
    let step = totp::check(&secret, given, now, 0).ok_or(EnrolRefused::Wrong)?;
    let codes = totp::recovery_codes(gateway.random.as_ref());
    let mut changed = member.clone();
    changed.totp_sealed = Some(Private(gateway).seal_second_factor(&secret));
    changed.totp_step = step;
    changed.recovery_sha256 = codes
        .iter()
        .map(|code| hex::encode(Sha256::digest(totp::normal_recovery_code(code).as_bytes())))
        .collect();
    let mut tx = gateway.store.begin().await?;
    tx.save_staff(&changed).await?;
    changed.version += 1;
    let who = actor(&member.staff_no);
    audit(&mut tx, now, &who, "staff.second_factor", &member.staff_no, "enrolled").await?;
    let entered = go_on(gateway, &mut tx, session, &changed, true, now).await?;
    tx.commit().await?;
    Ok((entered, codes))
}

/// Sets a password of one's own. Every other session of the person ends. `present`: the one that is replaced, when it must be shown
/// again.
///
/// # Errors
/// [`PasswordRefused`].
pub async fn replace_password(
    gateway: &Gateway,
    session: &StaffSessionRecord,
    member: &StaffRecord,
    present: Option<&str>,
    new: &str,
    again: &str,
) -> Result<Entered, PasswordRefused> {
    if let Some(present) = present {
        let (given, hash) = (present.to_owned(), member.password_hash.clone());
        if !hashing(gateway, move || password::verify(&given, &hash)).await? {
            return Err(PasswordRefused::WrongPresent);
        }
    }
    if new != again {
        return Err(PasswordRefused::Differ);
    }
    password::check_strength(new, &member.staff_no, &member.name).map_err(PasswordRefused::Weak)?;
    let (given, old, random) = (new.to_owned(), member.password_hash.clone(), gateway.random.clone());
    let hash = hashing(gateway, move || {
        (!password::verify(&given, &old)).then(|| password::hash(&given, random.as_ref()))
    })
    .await?;
    let hash = hash.ok_or(PasswordRefused::Same)?;
    let now = gateway.now();
    let mut changed = member.clone();
    changed.password_hash = hash;
    changed.must_change = false;
    let mut tx = gateway.store.begin().await?;
    tx.save_staff(&changed).await?;
    changed.version += 1;
    let who = actor(&member.staff_no);
    audit(&mut tx, now, &who, "staff.password", &member.staff_no, "replaced by the person").await?;
    tx.end_staff_sessions_of(&member.staff_no, Some(&session.token_sha256), now, "password replaced").await?;
    let entered = go_on(gateway, &mut tx, session, &changed, session.proven, now).await?;
    tx.commit().await?;
    Ok(entered)
}

/// Ends a session.
///
/// # Errors
/// [`Trouble`].
pub async fn end_session(
    gateway: &Gateway,
    session: &StaffSessionRecord,
    by: &str,
    because: &str,
) -> Result<(), Trouble> {
    let now = gateway.now();
    let mut tx = gateway.store.begin().await?;
    if tx.end_staff_session(&session.token_sha256, now, because).await? {
        audit(&mut tx, now, by, "staff.session_ended", &session.staff_no, because).await?;
    }
    tx.commit().await?;
    Ok(())
}

/// Ends every session of a person but one; says how many those were.
///
/// # Errors
/// [`Trouble`].
pub async fn end_sessions_of(
    gateway: &Gateway,
    staff_no: &str,
    but: Option<&str>,
    by: &str,
) -> Result<u64, Trouble> {
    let now = gateway.now();
    let mut tx = gateway.store.begin().await?;
    let ended = tx.end_staff_sessions_of(staff_no, but, now, "ended by hand").await?;
    audit(&mut tx, now, by, "staff.sessions_ended", staff_no, &format!("{ended} sessions")).await?;
    tx.commit().await?;
    Ok(ended)
}
