//! Staff accounts: made, changed, and helped when somebody is locked out.
//!
//! Nobody can take away their own last way in: an administrator does not switch themselves off, and of active administrators there is
//! always one. Whoever loses a role loses their sessions, so that no page of before goes on.

use super::sign_in::hashing;
use crate::Gateway;
use crate::http::words::is_readable;
use crate::service::attention::audit;
use crate::service::{Private, Trouble};
use mingfen_domain::access::Role;
use mingfen_store::{StaffRecord, StoreError};
use mingfen_vault::password;

/// What an account is made of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewAccount {
    /// 工号: letters, digits, dashes.
    pub staff_no: String,
    /// The name.
    pub name: String,
    /// What they are; at least one role.
    pub roles: Vec<Role>,
    /// Where they sit; may be empty.
    pub place: String,
}

/// Why nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum AccountRefused {
    /// Not a number that can be typed.
    #[error("a staff number has 1 to 32 letters, digits and dashes")]
    Number,
    /// Not a name.
    #[error("a name has 1 to 30 characters that can be read")]
    Name,
    /// Not a place.
    #[error("a place has at most 30 characters that can be read")]
    Place,
    /// Nobody may do nothing.
    #[error("at least one role is wanted")]
    NoRole,
    /// There is one.
    #[error("there is an account of that number already")]
    Taken,
    /// There is none.
    #[error("there is no account of that number")]
    NotFound,
    /// Then nobody could make accounts any more.
    #[error("this is the last administrator who can sign in; make another one first")]
    LastAdministrator,
    /// Not one's own roles, and not oneself off.
    #[error("another administrator has to do that to you")]
    Oneself,
    /// Somebody changed it meanwhile.
    #[error("somebody changed this account meanwhile; look at it again")]
    Stale,
    /// Nothing happened; try again.
    #[error(transparent)]
    Trouble(#[from] Trouble),
}

impl From<StoreError> for AccountRefused {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Stale { .. } => Self::Stale,
            error => Self::Trouble(error.into()),
        }
    }
}

fn check(account: &NewAccount) -> Result<(), AccountRefused> {
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '-';
    if account.staff_no.is_empty() || account.staff_no.len() > 32 || !account.staff_no.chars().all(plain) {
        return Err(AccountRefused::Number);
    }
    if !is_readable(&account.name, 1, 30) {
        return Err(AccountRefused::Name);
    }
    if !account.place.is_empty() && !is_readable(&account.place, 1, 30) {
        return Err(AccountRefused::Place);
    }
    if account.roles.is_empty() { Err(AccountRefused::NoRole) } else { Ok(()) }
}

fn words(roles: &[Role]) -> String {
    roles.iter().map(|role| role.as_str()).collect::<Vec<_>>().join(", ")
}

/// Makes an account; answers with the password for the first sign-in, which is shown once and kept nowhere.
///
/// # Errors
/// [`AccountRefused`].
pub async fn add_staff(gateway: &Gateway, account: &NewAccount, by: &str) -> Result<String, AccountRefused> {
    check(account)?;
    let (first, hash) = fresh_password(gateway).await?;
    let now = gateway.now();
    let record = StaffRecord {
        staff_no: account.staff_no.clone(),
        name: account.name.clone(),
        roles: account.roles.clone(),
        place: account.place.clone(),
        active: true,
        password_hash: hash,
        must_change: true,
        totp_sealed: None,
        totp_step: 0,
        recovery_sha256: Vec::new(),
        failed_attempts: 0,
        locked_until: mingfen_domain::Timestamp::from_ms(0),
        last_in_at: None,
        last_in_from: None,
        created_at: now,
        created_by: by.to_owned(),
        version: 1,
    };
    let mut tx = gateway.store.begin().await?;
    match tx.insert_staff(&record).await {
        Ok(()) => {}
        Err(StoreError::UniqueViolation(_)) => {
            tx.rollback().await?;
            return Err(AccountRefused::Taken);
        }
        Err(error) => return Err(error.into()),
    }
    let detail = format!("as {}", words(&account.roles));
    audit(&mut tx, now, by, "staff.added", &account.staff_no, &detail).await?;
    tx.commit().await?;
    Ok(first)
}

/// Makes an account that can be used at once, with this password and second factor: for rehearsals, whose data is thrown away. No listener
/// leads here, and the password is the caller's to make up; there is none in the program.
///
/// # Errors
/// [`AccountRefused`].
pub async fn add_rehearsal_staff(
    gateway: &Gateway,
    account: &NewAccount,
    password: &str,
    second_factor: Option<&[u8]>,
    by: &str,
) -> Result<(), AccountRefused> {
    add_staff(gateway, account, by).await?;
    let mut changed = member(gateway, &account.staff_no).await?;
    let (password, random) = (password.to_owned(), gateway.random.clone());
    changed.password_hash = hashing(gateway, move || password::hash(&password, random.as_ref())).await?;
    changed.must_change = false;
    changed.totp_sealed = second_factor.map(|secret| Private(gateway).seal_second_factor(secret));
    let mut tx = gateway.store.begin().await?;
    tx.save_staff(&changed).await?;
    tx.commit().await?;
    Ok(())
}

async fn fresh_password(gateway: &Gateway) -> Result<(String, String), Trouble> {
    let random = gateway.random.clone();
    hashing(gateway, move || {
        let first = password::first_password(random.as_ref());
        let hash = password::hash(&first, random.as_ref());
        (first, hash)
    })
    .await
}

async fn member(gateway: &Gateway, staff_no: &str) -> Result<StaffRecord, AccountRefused> {
    gateway.store.staff_member(staff_no).await?.ok_or(AccountRefused::NotFound)
}

/// Changes name, roles, place, and whether somebody may sign in at all. `version`: as the person who changes it saw it.
///
/// # Errors
/// [`AccountRefused`].
pub async fn change_staff(
    gateway: &Gateway,
    account: &NewAccount,
    active: bool,
    version: Option<i64>,
    by: &str,
) -> Result<(), AccountRefused> {
    check(account)?;
    let before = member(gateway, &account.staff_no).await?;
    if version.is_some_and(|version| version != before.version) {
        return Err(AccountRefused::Stale);
    }
    let narrower =
        before.roles.iter().any(|role| !account.roles.contains(role)) || (before.active && !active);
    if by == super::sign_in::actor(&account.staff_no) && (before.roles != account.roles || !active) {
        return Err(AccountRefused::Oneself);
    }
    let was = before.active && before.roles.contains(&Role::Administrator);
    let stays = active && account.roles.contains(&Role::Administrator);
    if was && !stays && !another_administrator(gateway, &account.staff_no).await? {
        return Err(AccountRefused::LastAdministrator);
    }
    let now = gateway.now();
    let mut changed = before.clone();
    changed.name.clone_from(&account.name);
    changed.roles.clone_from(&account.roles);
    changed.place.clone_from(&account.place);
    changed.active = active;
    let mut tx = gateway.store.begin().await?;
    tx.save_staff(&changed).await?;
    let mut detail = Vec::new();
    if before.roles != changed.roles {
        detail.push(format!("roles {} to {}", words(&before.roles), words(&changed.roles)));
    }
    if before.active != changed.active {
        detail.push(if active { "switched on".into() } else { "switched off".into() });
    }
    if before.name != changed.name || before.place != changed.place {
        detail.push("name or place".into());
    }
    audit(&mut tx, now, by, "staff.changed", &account.staff_no, &detail.join("; ")).await?;
    if narrower {
        tx.end_staff_sessions_of(&account.staff_no, None, now, "rights changed").await?;
    }
    tx.commit().await?;
    Ok(())
}

async fn another_administrator(gateway: &Gateway, but: &str) -> Result<bool, StoreError> {
    let mut after = String::new();
    loop {
        let page = gateway.store.staff_list(&after, 200).await?;
        let found = page
            .iter()
            .any(|other| other.staff_no != but && other.active && other.roles.contains(&Role::Administrator));
        match page.last() {
            _ if found => return Ok(true),
            Some(last) => after.clone_from(&last.staff_no),
            None => return Ok(false),
        }
    }
}

/// Gives somebody a password for the next sign-in, and ends their sessions.
///
/// # Errors
/// [`AccountRefused`].
pub async fn first_password_again(
    gateway: &Gateway,
    staff_no: &str,
    by: &str,
) -> Result<String, AccountRefused> {
    let mut changed = member(gateway, staff_no).await?;
    let (first, hash) = fresh_password(gateway).await?;
    changed.password_hash = hash;
    changed.must_change = true;
    let now = gateway.now();
    let mut tx = gateway.store.begin().await?;
    tx.save_staff(&changed).await?;
    tx.forgive_attempts(staff_no).await?;
    tx.end_staff_sessions_of(staff_no, None, now, "password replaced").await?;
    audit(&mut tx, now, by, "staff.password", staff_no, "a first password was given").await?;
    tx.commit().await?;
    Ok(first)
}

/// Forgets somebody's second factor: the phone is lost, and the recovery codes too. It is enrolled again at the next sign-in.
///
/// # Errors
/// [`AccountRefused`].
pub async fn forget_second_factor(gateway: &Gateway, staff_no: &str, by: &str) -> Result<(), AccountRefused> {
    let mut changed = member(gateway, staff_no).await?;
    changed.totp_sealed = None;
    changed.totp_step = 0;
    changed.recovery_sha256.clear();
    let now = gateway.now();
    let mut tx = gateway.store.begin().await?;
    tx.save_staff(&changed).await?;
    tx.end_staff_sessions_of(staff_no, None, now, "second factor forgotten").await?;
    audit(&mut tx, now, by, "staff.second_factor", staff_no, "forgotten").await?;
    tx.commit().await?;
    Ok(())
}

/// Lets a locked account in again.
///
/// # Errors
/// [`AccountRefused`].
pub async fn let_in_again(gateway: &Gateway, staff_no: &str, by: &str) -> Result<(), AccountRefused> {
    member(gateway, staff_no).await?;
    let now = gateway.now();
    let mut tx = gateway.store.begin().await?;
    tx.forgive_attempts(staff_no).await?;
    audit(&mut tx, now, by, "staff.unlocked", staff_no, "the lock was taken away").await?;
    tx.commit().await?;
    Ok(())
}
