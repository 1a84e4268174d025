//! The hospital as its pages and papers name it, its campuses, and who works at which.

use crate::Tx;
use crate::errors::{Result, exactly_one};
use crate::offer::reads;
use crate::rows::Fields;
use mingfen_domain::Timestamp;
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, query, query_scalar};

/// What pages and papers call the hospital.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HospitalDetailsRecord {
    /// Which version: one more than the one before.
    pub version: i64,
    /// Its name on Chinese pages.
    pub name_zh: String,
    /// Its name on English pages.
    pub name_en: String,
    /// The service desk.
    pub help_phone: String,
    /// Who changed it.
    pub changed_by: String,
    /// When.
    pub changed_at: Timestamp,
}

/// A campus (院区).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CampusRecord {
    /// The hospital's own short code.
    pub code: String,
    /// Its name on Chinese pages.
    pub name_zh: String,
    /// Its name on English pages.
    pub name_en: String,
    /// Where it is.
    pub address: String,
    /// Its telephone.
    pub phone: String,
    /// Whether people can be placed there.
    pub active: bool,
    /// Compared at every change.
    pub row_version: i64,
}

macro_rules! select_campuses {
    ($condition:literal) => {
        concat!(
            "SELECT
                campuses.code AS code,
                campuses.name_zh AS name_zh,
                campuses.name_en AS name_en,
                campuses.address AS address,
                campuses.phone AS phone,
                campuses.active AS active,
                campuses.row_version AS row_version
            FROM campuses",
            $condition
        )
    };
}

reads! {
    /// What holds; `None`: the configuration.
    hospital_details() -> Option<HospitalDetailsRecord>;
    /// The version that holds; 0: the configuration.
    hospital_details_version() -> i64;
    /// Every campus, in the order of their codes.
    campuses() -> Vec<CampusRecord>;
    /// The campus of that code.
    campus(code: &str) -> Option<CampusRecord>;
    /// Where somebody works.
    campus_of_staff(staff_no: &str) -> Option<CampusRecord>;
}

async fn hospital_details(connection: &mut AnyConnection) -> Result<Option<HospitalDetailsRecord>> {
    let row = query(
        "SELECT
            'details' AS name,
            version,
            name_zh,
            name_en,
            help_phone,
            changed_by,
            changed_at_ms
        FROM hospital_details
        ORDER BY version DESC
        LIMIT 1",
    )
    .fetch_optional(connection)
    .await?;
    row.as_ref()
        .map(|row| {
            let fields = Fields::new("hospital_details", "name", row)?;
            Ok(HospitalDetailsRecord {
                version: fields.number("version")?,
                name_zh: fields.text("name_zh")?,
                name_en: fields.text("name_en")?,
                help_phone: fields.text("help_phone")?,
                changed_by: fields.text("changed_by")?,
                changed_at: fields.time("changed_at_ms")?,
            })
        })
        .transpose()
}

async fn hospital_details_version(connection: &mut AnyConnection) -> Result<i64> {
    let version: Option<i64> =
        query_scalar("SELECT MAX(version) FROM hospital_details").fetch_one(connection).await?;
    Ok(version.unwrap_or_default())
}

async fn campuses(connection: &mut AnyConnection) -> Result<Vec<CampusRecord>> {
    let rows = query(select_campuses!(" ORDER BY campuses.code")).fetch_all(connection).await?;
    rows.iter().map(rebuild).collect()
}

async fn campus(connection: &mut AnyConnection, code: &str) -> Result<Option<CampusRecord>> {
    let row =
        query(select_campuses!(" WHERE campuses.code = $1")).bind(code).fetch_optional(connection).await?;
    row.as_ref().map(rebuild).transpose()
}

async fn campus_of_staff(connection: &mut AnyConnection, staff_no: &str) -> Result<Option<CampusRecord>> {
    let row = query(select_campuses!(
        " JOIN staff_campuses ON staff_campuses.campus_code = campuses.code WHERE staff_campuses.staff_no = $1"
    ))
    .bind(staff_no)
    .fetch_optional(connection)
    .await?;
    row.as_ref().map(rebuild).transpose()
}

impl Tx {
    /// Keeps what the hospital is called from now on.
    ///
    /// # Errors
    /// [`UniqueViolation`](crate::StoreError::UniqueViolation) when somebody else has changed it to that version.
    pub async fn insert_hospital_details(&mut self, record: &HospitalDetailsRecord) -> Result<()> {
        query(
            "INSERT INTO hospital_details (
                version,
                name_zh,
                name_en,
                help_phone,
                changed_by,
                changed_at_ms
            )
            VALUES ($1, $2, $3, $4, $5, $6)",
        )
        .bind(record.version)
        .bind(record.name_zh.as_str())
        .bind(record.name_en.as_str())
        .bind(record.help_phone.as_str())
        .bind(record.changed_by.as_str())
        .bind(record.changed_at.ms())
        .execute(self.connection())
        .await?;
        Ok(())
    }

    /// Keeps a new campus.
    ///
    /// # Errors
    /// [`UniqueViolation`](crate::StoreError::UniqueViolation) when there is one of that code.
    pub async fn insert_campus(&mut self, record: &CampusRecord) -> Result<()> {
        query(
            "INSERT INTO campuses (
                code,
                name_zh,
                name_en,
                address,
                phone,
                active,
                row_version
            )
            VALUES ($1, $2, $3, $4, $5, $6, $7)",
        )
        .bind(record.code.as_str())
        .bind(record.name_zh.as_str())
        .bind(record.name_en.as_str())
        .bind(record.address.as_str())
        .bind(record.phone.as_str())
        .bind(i64::from(record.active))
        .bind(record.row_version)
        .execute(self.connection())
        .await?;
        Ok(())
    }

    /// Keeps a campus as it is now; `record.row_version` is the one that was read.
    ///
    /// # Errors
    /// [`Stale`](crate::StoreError::Stale) when somebody else has changed it since.
    pub async fn save_campus(&mut self, record: &CampusRecord) -> Result<()> {
        let done = query(
            "UPDATE campuses
            SET
                name_zh = $1,
                name_en = $2,
                address = $3,
                phone = $4,
                active = $5,
                row_version = row_version + 1
            WHERE code = $6 AND row_version = $7",
        )
        .bind(record.name_zh.as_str())
        .bind(record.name_en.as_str())
        .bind(record.address.as_str())
        .bind(record.phone.as_str())
        .bind(i64::from(record.active))
        .bind(record.code.as_str())
        .bind(record.row_version)
        .execute(self.connection())
        .await?;
        exactly_one(done.rows_affected(), "campuses", &record.code)
    }

    /// Places somebody at a campus, or at none.
    pub async fn place_staff(&mut self, staff_no: &str, campus_code: Option<&str>) -> Result<()> {
        match campus_code {
            Some(code) => {
                query(
                    "INSERT INTO staff_campuses (staff_no, campus_code)
                    VALUES ($1, $2)
                    ON CONFLICT (staff_no) DO UPDATE
                    SET campus_code = excluded.campus_code",
                )
                .bind(staff_no)
                .bind(code)
                .execute(self.connection())
                .await?;
            }
            None => {
                query("DELETE FROM staff_campuses WHERE staff_no = $1")
                    .bind(staff_no)
                    .execute(self.connection())
                    .await?;
            }
        }
        Ok(())
    }
}

fn rebuild(row: &AnyRow) -> Result<CampusRecord> {
    let fields = Fields::new("campuses", "code", row)?;
    Ok(CampusRecord {
        code: fields.text("code")?,
        name_zh: fields.text("name_zh")?,
        name_en: fields.text("name_en")?,
        address: fields.text("address")?,
        phone: fields.text("phone")?,
        active: fields.flag("active")?,
        row_version: fields.number("row_version")?,
    })
}
