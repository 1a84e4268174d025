//! The hospital's name as pages and papers say it, its campuses, and who works at which. One installation serves one hospital.
//!
//! What pages say of the hospital is kept in memory, and every process looks for another version every few seconds
//! ([`follow_hospital`]); where it was changed it is so at once. Nothing is decided by it.

use crate::Gateway;
use crate::http::words::is_readable;
use crate::service::Trouble;
use crate::service::attention::audit;
use mingfen_store::{CampusRecord, HospitalDetailsRecord, StoreError};
use std::time::Duration;
use tokio::sync::watch;

/// Another process's change is on the pages of this one after so long.
const LOOK_EVERY: Duration = Duration::from_secs(5);

/// What the hospital is to be called.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HospitalWish {
    /// On Chinese pages.
    pub name_zh: String,
    /// On English pages.
    pub name_en: String,
    /// The service desk.
    pub help_phone: String,
    /// The version beside which it was typed.
    pub version: i64,
}

/// A campus as it is to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CampusWish {
    /// The hospital's own short code.
    pub code: String,
    /// On Chinese pages.
    pub name_zh: String,
    /// On English pages.
    pub name_en: String,
    /// Where it is; may be empty.
    pub address: String,
    /// Its telephone; may be empty.
    pub phone: String,
    /// Whether people can be placed there.
    pub active: bool,
    /// As it was read; `None`: it is new.
    pub row_version: Option<i64>,
}

/// Why nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum HospitalRefused {
    /// A code that cannot be typed.
    #[error("a code has 1 to 16 letters, digits and dashes")]
    Code,
    /// A name that cannot be read.
    #[error("a name has 1 to 40 characters that can be read, in both languages")]
    Name,
    /// Not a telephone number.
    #[error("a telephone number has 3 to 24 digits, blanks, dashes, brackets or a plus")]
    Phone,
    /// An address that cannot be read.
    #[error("an address has at most 80 characters that can be read")]
    Address,
    /// There is one.
    #[error("there is a campus of that code already")]
    Taken,
    /// There is none.
    #[error("there is no campus of that code")]
    NotFound,
    /// Somebody changed it meanwhile.
    #[error("somebody changed it meanwhile; look at it again")]
    Stale,
    /// Nothing happened; try again.
    #[error(transparent)]
    Trouble(#[from] Trouble),
}

impl From<StoreError> for HospitalRefused {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Stale { .. } => Self::Stale,
            error => Self::Trouble(error.into()),
        }
    }
}

fn is_phone(text: &str) -> bool {
    let plain = |c: char| c.is_ascii_digit() || matches!(c, ' ' | '-' | '+' | '(' | ')');
    (3..=24).contains(&text.len()) && text.chars().all(plain) && text.chars().any(|c| c.is_ascii_digit())
}

/// Changes what pages and papers call the hospital.
///
/// # Errors
/// [`HospitalRefused`]: it stays.
pub async fn change_hospital(
    gateway: &Gateway,
    wish: &HospitalWish,
    by: &str,
) -> Result<(), HospitalRefused> {
    if !is_readable(&wish.name_zh, 1, 40) || !is_readable(&wish.name_en, 1, 40) {
        return Err(HospitalRefused::Name);
    }
    if !is_phone(&wish.help_phone) {
        return Err(HospitalRefused::Phone);
    }
    if gateway.store.hospital_details_version().await? != wish.version {
        return Err(HospitalRefused::Stale);
    }
    let record = HospitalDetailsRecord {
        version: wish.version + 1,
        name_zh: wish.name_zh.clone(),
        name_en: wish.name_en.clone(),
        help_phone: wish.help_phone.clone(),
        changed_by: by.to_owned(),
        changed_at: gateway.now(),
    };
    let mut tx = gateway.store.begin().await?;
    match tx.insert_hospital_details(&record).await {
        Ok(()) => {}
        Err(StoreError::UniqueViolation(_)) => {
            tx.rollback().await?;
            return Err(HospitalRefused::Stale);
        }
        Err(error) => return Err(error.into()),
    }
    let detail = format!("{}; {}; {}", record.name_zh, record.name_en, record.help_phone);
    audit(&mut tx, gateway.now(), by, "hospital.changed", "hospital", &detail).await?;
    tx.commit().await?;
    gateway.call_hospital(&record);
    Ok(())
}

/// Adds a campus, or changes one.
///
/// # Errors
/// [`HospitalRefused`]: it stays.
pub async fn keep_campus(gateway: &Gateway, wish: &CampusWish, by: &str) -> Result<(), HospitalRefused> {
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '-';
    if wish.code.is_empty() || wish.code.len() > 16 || !wish.code.chars().all(plain) {
        return Err(HospitalRefused::Code);
    }
    if !is_readable(&wish.name_zh, 1, 40) || !is_readable(&wish.name_en, 1, 40) {
        return Err(HospitalRefused::Name);
    }
    if !wish.address.is_empty() && !is_readable(&wish.address, 1, 80) {
        return Err(HospitalRefused::Address);
    }
    if !wish.phone.is_empty() && !is_phone(&wish.phone) {
        return Err(HospitalRefused::Phone);
    }
    let record = CampusRecord {
        code: wish.code.clone(),
        name_zh: wish.name_zh.clone(),
        name_en: wish.name_en.clone(),
        address: wish.address.clone(),
        phone: wish.phone.clone(),
        active: wish.active,
        row_version: wish.row_version.unwrap_or_default(),
    };
    if wish.row_version.is_some() && gateway.store.campus(&wish.code).await?.is_none() {
        return Err(HospitalRefused::NotFound);
    }
    let mut tx = gateway.store.begin().await?;
    let kept = match wish.row_version {
        None => tx.insert_campus(&record).await,
        Some(_) => tx.save_campus(&record).await,
    };
    match kept {
        Ok(()) => {}
        Err(error) => {
            tx.rollback().await?;
            return Err(match error {
                StoreError::UniqueViolation(_) => HospitalRefused::Taken,
                error => error.into(),
            });
        }
    }
    let action = if wish.row_version.is_none() { "campus.added" } else { "campus.changed" };
    let stands = if wish.active { "in use" } else { "not in use" };
    let detail = format!("{}; {}; {}; {stands}", wish.name_zh, wish.address, wish.phone);
    audit(&mut tx, gateway.now(), by, action, &wish.code, &detail).await?;
    tx.commit().await?;
    Ok(())
}

/// Places somebody at a campus that is in use, or at none.
///
/// # Errors
/// [`HospitalRefused::NotFound`].
pub async fn place_at_campus(
    gateway: &Gateway,
    staff_no: &str,
    code: Option<&str>,
    by: &str,
) -> Result<(), HospitalRefused> {
    let before = gateway.store.campus_of_staff(staff_no).await?;
    if before.as_ref().map(|campus| campus.code.as_str()) == code {
        return Ok(());
    }
    if let Some(code) = code
        && !gateway.store.campus(code).await?.is_some_and(|campus| campus.active)
    {
        return Err(HospitalRefused::NotFound);
    }
    let mut tx = gateway.store.begin().await?;
    tx.place_staff(staff_no, code).await?;
    let detail = format!("campus {}", code.unwrap_or("none"));
    audit(&mut tx, gateway.now(), by, "staff.changed", staff_no, &detail).await?;
    tx.commit().await?;
    Ok(())
}

/// The campus of whoever prints, as papers say it; empty when they belong to none.
///
/// # Errors
/// [`StoreError`].
pub(crate) async fn campus_line(gateway: &Gateway, actor: &str) -> Result<String, StoreError> {
    let Some(staff_no) = actor.strip_prefix("staff:") else { return Ok(String::new()) };
    let campus = gateway.store.campus_of_staff(staff_no).await?.filter(|campus| campus.active);
    let parts = campus.map(|campus| [campus.name_zh, campus.address, campus.phone]).unwrap_or_default();
    Ok(parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("，"))
}

/// Looks once whether another process has changed what the hospital is called.
///
/// # Errors
/// [`StoreError`]: it is called what it was.
pub async fn look_at_hospital(gateway: &Gateway) -> Result<(), StoreError> {
    if let Some(record) = gateway.store.hospital_details().await? {
        gateway.call_hospital(&record);
    }
    Ok(())
}

/// Follows what other processes change until told to stop.
pub(crate) async fn follow_hospital(gateway: &Gateway, mut stop: watch::Receiver<bool>) {
    while !*stop.borrow() {
        if let Err(error) = look_at_hospital(gateway).await {
            tracing::warn!(error = %error, "nobody knows whether the hospital's name was changed; the known one stays");
        }
        tokio::select! {
            () = tokio::time::sleep(LOOK_EVERY) => {}
            _ = stop.changed() => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::is_phone;

    #[test]
    fn a_telephone_number_can_be_dialled() {
        for fine in ["12320", "0571-8000 1234", "+86 (571) 80001234"] {
            assert!(is_phone(fine), "{fine}");
        }
        for bad in ["", "12", "---", "0571-8000x", "０５７１"] {
            assert!(!is_phone(bad), "{bad}");
        }
    }
}
