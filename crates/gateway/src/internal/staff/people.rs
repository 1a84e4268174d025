//! Staff accounts, for administrators; and the table of roles and rights, for everybody who wants to know.

use crate::http::form::Form;
use crate::http::staff::{Staff, StaffAnswer, StaffFailure};
use crate::service::staff::{
    AccountRefused, NewAccount, add_staff, change_staff, end_sessions_of, first_password_again,
    forget_second_factor, let_in_again,
};
use crate::service::{HospitalRefused, place_at_campus};
use actix_web::http::StatusCode;
use actix_web::web;
use mingfen_domain::access::{Right, Role};
use mingfen_pages::staff::{
    Both, CampusChoice, Face, PeopleRow, PersonForm, RoleChoice, RolesMatrix, StaffPeople, StaffPerson, State,
};
use mingfen_store::StaffRecord;

/// Accounts on a page.
const PAGE: i64 = 50;

fn role_words(roles: &[Role]) -> Both {
    let words = |word: fn(Role) -> &'static str| roles.iter().map(|role| word(*role)).collect::<Vec<_>>();
    Both::new(words(Role::chinese).join("、"), words(Role::english).join(", "))
}

fn state_of(staff: &Staff, record: &StaffRecord) -> State {
    if !record.active {
        State::new(Face::Idle, "已停用", "switched off")
    } else if record.locked_until > staff.gateway.now() {
        State::new(Face::Bad, "已锁定", "locked")
    } else if record.must_change {
        State::new(Face::Info, "待首次登录", "not signed in yet")
    } else if record.totp_sealed.is_none() && record.roles.iter().any(|role| role.needs_second_factor()) {
        State::new(Face::Warn, "未登记动态码", "no second factor")
    } else {
        State::new(Face::Ok, "有效", "active")
    }
}

/// The list.
pub(in crate::internal) async fn list(staff: Staff) -> StaffAnswer {
    let after = staff.query("after").unwrap_or_default();
    let mut records = staff.gateway.store.staff_list(&after, PAGE + 1).await?;
    let more = i64::try_from(records.len()).unwrap_or_default() > PAGE;
    records.truncate(usize::try_from(PAGE).unwrap_or_default());
    let next = records.last().filter(|_| more).map(|last| last.staff_no.clone());
    let rows = records
        .iter()
        .map(|record| PeopleRow {
            staff_no: record.staff_no.clone(),
            name: record.name.clone(),
            roles: role_words(&record.roles),
            place: record.place.clone(),
            state: state_of(&staff, record),
            second_factor: record.totp_sealed.is_some(),
            last_in: record.last_in_at.map(|at| staff.moment(at).full()),
        })
        .collect();
    let view = StaffPeople { rows, next, first: after.is_empty(), manages: staff.may(Right::ManageStaff) };
    Ok(staff.page(&view))
}

/// Roles × rights.
pub(in crate::internal) async fn roles(staff: Staff) -> StaffAnswer {
    let matrix = RolesMatrix {
        roles: Role::ALL.iter().map(|role| Both::new(role.chinese(), role.english())).collect(),
        rights: Right::ALL
            .iter()
            .map(|right| {
                let cells = Role::ALL.iter().map(|role| role.may(*right)).collect();
                (Both::new(right.chinese(), right.english()), cells)
            })
            .collect(),
    };
    Ok(staff.page(&matrix))
}

fn choices(chosen: &[Role]) -> Vec<RoleChoice> {
    Role::ALL
        .into_iter()
        .map(|role| RoleChoice {
            key: role.as_str(),
            word: Both::new(role.chinese(), role.english()),
            second_factor: role.needs_second_factor(),
            chosen: chosen.contains(&role),
        })
        .collect()
}

/// Where somebody can work: campuses in use, and the one where they are. None at all when the hospital has no campuses.
async fn campuses(staff: &Staff, chosen: Option<&str>) -> Result<Vec<CampusChoice>, StaffFailure> {
    let known = staff.gateway.store.campuses().await?;
    if known.is_empty() {
        return Ok(Vec::new());
    }
    let chosen = chosen.unwrap_or_default();
    let none =
        CampusChoice {
            key: String::new(), word: Both::new("不分院区", "none"), chosen: chosen.is_empty()
        };
    let offered = known.into_iter().filter(|campus| campus.active || campus.code == chosen);
    let choices = offered.map(|campus| CampusChoice {
        chosen: campus.code == chosen,
        word: Both::new(campus.name_zh, campus.name_en),
        key: campus.code,
    });
    Ok(std::iter::once(none).chain(choices).collect())
}

/// Places them where the form says; a form without the field changes nothing.
async fn place(staff: &Staff, staff_no: &str, form: &Form) -> Result<(), StaffFailure> {
    let Some(code) = form.value("campus") else { return Ok(()) };
    let code = Some(code).filter(|code| !code.is_empty());
    match place_at_campus(&staff.gateway, staff_no, code, &staff.actor()).await {
        Ok(()) => Ok(()),
        Err(HospitalRefused::Trouble(trouble)) => Err(trouble.into()),
        Err(_) => {
            Err(StaffFailure::Bad(Both::new("没有这个院区，或已停用", "There is no such campus in use")))
        }
    }
}

/// The form of a new account.
pub(in crate::internal) async fn new(staff: Staff) -> StaffAnswer {
    let form = PersonForm {
        staff_no: String::new(),
        name: String::new(),
        place: String::new(),
        campuses: campuses(&staff, None).await?,
        roles: choices(&[]),
        active: true,
        version: 0,
        trouble: None,
    };
    Ok(staff.page(&StaffPerson {
        form,
        new: true,
        state: None,
        first_password: None,
        locked: false,
        second_factor: false,
        sessions: 0,
        oneself: false,
    }))
}

fn account_of(form: &Form, staff_no: &str) -> NewAccount {
    NewAccount {
        staff_no: staff_no.to_owned(),
        name: form.value("name").unwrap_or_default().trim().to_owned(),
        place: form.value("place").unwrap_or_default().trim().to_owned(),
        roles: Role::ALL
            .into_iter()
            .filter(|role| form.values("role").any(|word| word == role.as_str()))
            .collect(),
    }
}

/// Makes an account, and shows its first password once.
pub(in crate::internal) async fn add(staff: Staff, body: web::Bytes) -> StaffAnswer {
    let form = staff.form(&body)?;
    let account = account_of(&form, form.value("staff_no").unwrap_or_default().trim());
    match add_staff(&staff.gateway, &account, &staff.actor()).await {
        Ok(first) => {
            place(&staff, &account.staff_no, &form).await?;
            show_person(&staff, &account.staff_no, StatusCode::OK, Some(first), None).await
        }
        Err(AccountRefused::Trouble(trouble)) => Err(trouble.into()),
        Err(refused) => {
            let form = PersonForm {
                staff_no: account.staff_no.clone(),
                name: account.name.clone(),
                place: account.place.clone(),
                campuses: campuses(&staff, form.value("campus")).await?,
                roles: choices(&account.roles),
                active: true,
                version: 0,
                trouble: Some(refused_words(&refused)),
            };
            let view = StaffPerson {
                form,
                new: true,
                state: None,
                first_password: None,
                locked: false,
                second_factor: false,
                sessions: 0,
                oneself: false,
            };
            Ok(staff.page_as(StatusCode::BAD_REQUEST, &view))
        }
    }
}

/// One account.
pub(in crate::internal) async fn show(staff: Staff, staff_no: web::Path<String>) -> StaffAnswer {
    show_person(&staff, &staff_no, StatusCode::OK, None, None).await
}

async fn show_person(
    staff: &Staff,
    staff_no: &str,
    status: StatusCode,
    first_password: Option<String>,
    trouble: Option<Both>,
) -> StaffAnswer {
    let record = staff.gateway.store.staff_member(staff_no).await?.ok_or(StaffFailure::NotFound)?;
    let sessions = staff.gateway.store.staff_sessions_of(staff_no).await?.len();
    let at = staff.gateway.store.campus_of_staff(staff_no).await?;
    let form = PersonForm {
        staff_no: record.staff_no.clone(),
        name: record.name.clone(),
        place: record.place.clone(),
        campuses: campuses(staff, at.as_ref().map(|campus| campus.code.as_str())).await?,
        roles: choices(&record.roles),
        active: record.active,
        version: record.version,
        trouble,
    };
    let view = StaffPerson {
        form,
        new: false,
        state: Some(state_of(staff, &record)),
        first_password,
        locked: record.locked_until > staff.gateway.now(),
        second_factor: record.totp_sealed.is_some(),
        sessions,
        oneself: record.staff_no == staff.me.staff_no,
    };
    Ok(staff.page_as(status, &view))
}

/// Changes an account.
pub(in crate::internal) async fn change(
    staff: Staff,
    staff_no: web::Path<String>,
    body: web::Bytes,
) -> StaffAnswer {
    let form = staff.form(&body)?;
    let account = account_of(&form, &staff_no);
    let active = form.value("active").is_some();
    let version = form.value("version").and_then(|text| text.parse().ok()).ok_or(StaffFailure::Stale)?;
    match change_staff(&staff.gateway, &account, active, Some(version), &staff.actor()).await {
        Ok(()) => {
            place(&staff, &staff_no, &form).await?;
            let said = State::new(
                Face::Ok,
                format!("{} 已保存", account.name),
                format!("{} was saved", account.name),
            );
            Ok(staff.say_and_go("/admin/staff", &said))
        }
        Err(refused) => refused_page(&staff, &staff_no, refused).await,
    }
}

async fn refused_page(staff: &Staff, staff_no: &str, refused: AccountRefused) -> StaffAnswer {
    match refused {
        AccountRefused::Trouble(trouble) => Err(trouble.into()),
        AccountRefused::NotFound => Err(StaffFailure::NotFound),
        refused => {
            show_person(staff, staff_no, StatusCode::CONFLICT, None, Some(refused_words(&refused))).await
        }
    }
}

fn refused_words(refused: &AccountRefused) -> Both {
    let zh = match refused {
        AccountRefused::Number => "工号为 1 至 32 位字母、数字或连字符",
        AccountRefused::Name => "姓名为 1 至 30 个看得见的字",
        AccountRefused::Place => "位置最多 30 个看得见的字",
        AccountRefused::NoRole => "至少选一个角色",
        AccountRefused::Taken => "这个工号已经有账号了",
        AccountRefused::NotFound => "没有这个工号",
        AccountRefused::LastAdministrator => "这是最后一位能登录的管理员；请先再设一位",
        AccountRefused::Oneself => "自己的角色和停用要由另一位管理员来改",
        AccountRefused::Stale => "刚才有人改过这个账号，请看最新内容后再改",
        AccountRefused::Trouble(_) => "没有保存，请再试一次",
    };
    Both::new(zh, refused.to_string())
}

/// A first password again.
pub(in crate::internal) async fn reset(
    staff: Staff,
    staff_no: web::Path<String>,
    body: web::Bytes,
) -> StaffAnswer {
    staff.form(&body)?;
    match first_password_again(&staff.gateway, &staff_no, &staff.actor()).await {
        Ok(first) => show_person(&staff, &staff_no, StatusCode::OK, Some(first), None).await,
        Err(refused) => refused_page(&staff, &staff_no, refused).await,
    }
}

/// Forgets a lost second factor.
pub(in crate::internal) async fn forget_factor(
    staff: Staff,
    staff_no: web::Path<String>,
    body: web::Bytes,
) -> StaffAnswer {
    staff.form(&body)?;
    match forget_second_factor(&staff.gateway, &staff_no, &staff.actor()).await {
        Ok(()) => {
            let said = State::new(
                Face::Ok,
                "动态码已清除，下次登录重新登记",
                "Second factor forgotten; it is enrolled again at the next sign-in",
            );
            Ok(staff.say_and_go(&format!("/admin/staff/{staff_no}"), &said))
        }
        Err(refused) => refused_page(&staff, &staff_no, refused).await,
    }
}

/// Takes a lock away.
pub(in crate::internal) async fn unlock(
    staff: Staff,
    staff_no: web::Path<String>,
    body: web::Bytes,
) -> StaffAnswer {
    staff.form(&body)?;
    match let_in_again(&staff.gateway, &staff_no, &staff.actor()).await {
        Ok(()) => {
            let said = State::new(Face::Ok, "已解锁", "Unlocked");
            Ok(staff.say_and_go(&format!("/admin/staff/{staff_no}"), &said))
        }
        Err(refused) => refused_page(&staff, &staff_no, refused).await,
    }
}

/// Ends somebody's sessions.
pub(in crate::internal) async fn end_sessions(
    staff: Staff,
    staff_no: web::Path<String>,
    body: web::Bytes,
) -> StaffAnswer {
    staff.form(&body)?;
    let ended = end_sessions_of(&staff.gateway, &staff_no, None, &staff.actor()).await?;
    let said = State::new(Face::Ok, format!("已结束 {ended} 处登录"), format!("{ended} sessions ended"));
    Ok(staff.say_and_go(&format!("/admin/staff/{staff_no}"), &said))
}
