//! 医院与院区: what pages and papers call the hospital, and its campuses.

use super::rules::People;
use crate::http::form::Form;
use crate::http::staff::{Staff, StaffAnswer, StaffFailure};
use crate::service::{CampusWish, HospitalRefused, HospitalWish, change_hospital, keep_campus};
use actix_web::http::StatusCode;
use actix_web::web;
use mingfen_domain::access::Right;
use mingfen_pages::staff::{Both, CampusForm, CampusRow, Face, HospitalForm, HospitalPage, State};
use mingfen_store::CampusRecord;

/// The page.
pub(in crate::internal) async fn show(staff: Staff) -> StaffAnswer {
    let form = hospital_form(&staff).await?;
    page(&staff, StatusCode::OK, form, fresh()).await
}

/// The page with the form of one campus.
pub(in crate::internal) async fn campus(staff: Staff, code: web::Path<String>) -> StaffAnswer {
    let record = staff.gateway.store.campus(&code).await?.ok_or(StaffFailure::NotFound)?;
    let form = hospital_form(&staff).await?;
    page(&staff, StatusCode::OK, form, campus_form(&record)).await
}

async fn hospital_form(staff: &Staff) -> Result<HospitalForm, StaffFailure> {
    let version = staff.gateway.store.hospital_details_version().await?;
    let hospital = staff.gateway.hospital();
    Ok(HospitalForm {
        name_zh: hospital.name_zh.clone(),
        name_en: hospital.name_en.clone(),
        help_phone: hospital.help_phone.clone(),
        version,
        trouble: None,
    })
}

const fn fresh() -> CampusForm {
    CampusForm {
        new: true,
        code: String::new(),
        name_zh: String::new(),
        name_en: String::new(),
        address: String::new(),
        phone: String::new(),
        active: true,
        version: 0,
        trouble: None,
    }
}

fn campus_form(record: &CampusRecord) -> CampusForm {
    CampusForm {
        new: false,
        code: record.code.clone(),
        name_zh: record.name_zh.clone(),
        name_en: record.name_en.clone(),
        address: record.address.clone(),
        phone: record.phone.clone(),
        active: record.active,
        version: record.row_version,
        trouble: None,
    }
}

async fn page(staff: &Staff, status: StatusCode, form: HospitalForm, campus: CampusForm) -> StaffAnswer {
    let manages = staff.may(Right::ManageTexts);
    let changed = match staff.gateway.store.hospital_details().await? {
        None => None,
        Some(record) => {
            let by = People::default().name(staff, &record.changed_by).await?;
            let at = staff.moment(record.changed_at).full();
            Some(Both::new(format!("{by} {at} 改过"), format!("changed by {by} {at}")))
        }
    };
    let row = |record: CampusRecord| CampusRow {
        href: manages.then(|| format!("/admin/hospital/campuses/{}", record.code)),
        name: Both::new(record.name_zh, record.name_en),
        address: record.address,
        phone: record.phone,
        state: if record.active {
            State::new(Face::Ok, "在用", "in use")
        } else {
            State::new(Face::Idle, "停用", "not in use")
        },
        code: record.code,
    };
    let view = HospitalPage {
        hospital_id: staff.gateway.settings.hospital.id.to_string(),
        form,
        changed,
        campuses: staff.gateway.store.campuses().await?.into_iter().map(row).collect(),
        campus: manages.then_some(campus),
        manages,
    };
    Ok(staff.page_as(status, &view))
}

fn refused_words(refused: &HospitalRefused) -> Both {
    let zh = match refused {
        HospitalRefused::Code => "编码为 1 至 16 位字母、数字或连字符",
        HospitalRefused::Name => "中英文名称各 1 至 40 个看得见的字",
        HospitalRefused::Phone => "电话为 3 至 24 位数字，可带空格、横线、括号、加号",
        HospitalRefused::Address => "地址最多 80 个看得见的字",
        HospitalRefused::Taken => "这个编码已经有了",
        HospitalRefused::NotFound => "没有这个院区",
        HospitalRefused::Stale => "刚才有人改过，请看最新内容后再改",
        HospitalRefused::Trouble(_) => "没有保存，请再试一次",
    };
    Both::new(zh, refused.to_string())
}

const fn status_of(refused: &HospitalRefused) -> StatusCode {
    match refused {
        HospitalRefused::Taken | HospitalRefused::Stale => StatusCode::CONFLICT,
        _ => StatusCode::BAD_REQUEST,
    }
}

fn typed(form: &Form, name: &str) -> String {
    form.value(name).unwrap_or_default().trim().chars().take(100).collect()
}

/// Changes what the hospital is called.
pub(in crate::internal) async fn change(staff: Staff, body: web::Bytes) -> StaffAnswer {
    let form = staff.form(&body)?;
    let wish = HospitalWish {
        name_zh: typed(&form, "name_zh"),
        name_en: typed(&form, "name_en"),
        help_phone: typed(&form, "help_phone"),
        version: form.value("version").and_then(|text| text.parse().ok()).ok_or(StaffFailure::Stale)?,
    };
    let refused = match change_hospital(&staff.gateway, &wish, &staff.actor()).await {
        Ok(()) => {
            let said = State::new(Face::Ok, "已保存", "Saved");
            return Ok(staff.say_and_go("/admin/hospital", &said));
        }
        Err(HospitalRefused::Trouble(trouble)) => return Err(trouble.into()),
        Err(refused) => refused,
    };
    let mut form = hospital_form(&staff).await?;
    // Who was second reads what holds now; everybody else what they typed.
    if !matches!(refused, HospitalRefused::Stale) {
        (form.name_zh, form.name_en, form.help_phone) = (wish.name_zh, wish.name_en, wish.help_phone);
    }
    form.trouble = Some(refused_words(&refused));
    page(&staff, status_of(&refused), form, fresh()).await
}

/// Adds or changes a campus.
pub(in crate::internal) async fn keep(staff: Staff, body: web::Bytes) -> StaffAnswer {
    let form = staff.form(&body)?;
    let row_version = match form.value("version") {
        None => None,
        Some(text) => Some(text.parse().map_err(|_| StaffFailure::Stale)?),
    };
    let wish = CampusWish {
        code: typed(&form, "code"),
        name_zh: typed(&form, "name_zh"),
        name_en: typed(&form, "name_en"),
        address: typed(&form, "address"),
        phone: typed(&form, "phone"),
        active: form.value("active").is_some(),
        row_version,
    };
    let refused = match keep_campus(&staff.gateway, &wish, &staff.actor()).await {
        Ok(()) => {
            let said = State::new(
                Face::Ok,
                format!("{} 已保存", wish.name_zh),
                format!("{} was saved", wish.name_en),
            );
            return Ok(staff.say_and_go("/admin/hospital", &said));
        }
        Err(HospitalRefused::Trouble(trouble)) => return Err(trouble.into()),
        Err(refused) => refused,
    };
    let kept = match (&refused, wish.row_version) {
        (HospitalRefused::Stale, Some(_)) => staff.gateway.store.campus(&wish.code).await?,
        _ => None,
    };
    let mut campus = kept.as_ref().map_or_else(
        || CampusForm {
            new: wish.row_version.is_none(),
            code: wish.code.clone(),
            name_zh: wish.name_zh.clone(),
            name_en: wish.name_en.clone(),
            address: wish.address.clone(),
            phone: wish.phone.clone(),
            active: wish.active,
            version: wish.row_version.unwrap_or_default(),
            trouble: None,
        },
        campus_form,
    );
    campus.trouble = Some(refused_words(&refused));
    let form = hospital_form(&staff).await?;
    page(&staff, status_of(&refused), form, campus).await
}
