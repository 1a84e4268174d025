//! One's own account: sessions, password.

use super::door::password_words;
use crate::http::staff::{Staff, StaffAnswer, StaffFailure, step_path};
use crate::service::staff::{PasswordRefused, end_session, end_sessions_of, replace_password};
use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};
use mingfen_domain::access::Right;
use mingfen_pages::staff::{Both, Face, MySession, Myself, State};
use mingfen_store::SessionStage;

/// The page.
pub(in crate::internal) async fn show(staff: Staff) -> StaffAnswer {
    page(&staff, StatusCode::OK, None).await
}

async fn page(staff: &Staff, status: StatusCode, trouble: Option<Both>) -> StaffAnswer {
    let sessions = staff.gateway.store.staff_sessions_of(&staff.me.staff_no).await?;
    let sessions = sessions
        .into_iter()
        .filter(|session| session.stage == SessionStage::In)
        .map(|session| MySession {
            here: session.token_sha256 == staff.session.token_sha256,
            // Half of the digest names it and is no use to anybody else.
            reference: session.token_sha256[..32].to_owned(),
            address: session.address,
            agent: session.agent,
            begun: staff.moment(session.begun_at).full(),
            seen: staff.moment(session.seen_at).full(),
        })
        .collect();
    let rights = Right::ALL.into_iter().filter(|right| staff.may(*right));
    let view = Myself {
        staff_no: staff.me.staff_no.clone(),
        name: staff.me.name.clone(),
        roles: staff.me.roles.iter().map(|role| Both::new(role.chinese(), role.english())).collect(),
        rights: rights.map(|right| Both::new(right.chinese(), right.english())).collect(),
        second_factor: staff.account.totp_sealed.is_some(),
        recovery_left: staff.account.recovery_sha256.len(),
        sessions,
        trouble,
    };
    Ok(staff.page_as(status, &view))
}

/// Another password.
pub(in crate::internal) async fn password(staff: Staff, body: web::Bytes) -> StaffAnswer {
    let form = staff.form(&body)?;
    let value = |name: &str| form.value(name).unwrap_or_default();
    let done = replace_password(
        &staff.gateway,
        &staff.session,
        &staff.account,
        Some(value("present")),
        value("password"),
        value("again"),
    )
    .await;
    match done {
        Ok(entered) => {
            let to = if entered.stage == SessionStage::In { "/me" } else { step_path(entered.stage) };
            let said = State::new(
                Face::Ok,
                "密码已更换，其他登录已结束",
                "Password replaced; other sessions were ended",
            );
            Ok(staff.carry_on(to, &said, &entered.token))
        }
        Err(PasswordRefused::Trouble(trouble)) => Err(trouble.into()),
        Err(refused) => page(&staff, StatusCode::BAD_REQUEST, Some(password_words(&refused))).await,
    }
}

/// Ends one of one's sessions, or all others.
pub(in crate::internal) async fn end(staff: Staff, body: web::Bytes) -> Result<HttpResponse, StaffFailure> {
    let form = staff.form(&body)?;
    let which = form.value("session").unwrap_or_default();
    if which == "others" {
        let here = Some(staff.session.token_sha256.as_str());
        let ended = end_sessions_of(&staff.gateway, &staff.me.staff_no, here, &staff.actor()).await?;
        let said = State::new(
            Face::Ok,
            format!("已结束其他 {ended} 处登录"),
            format!("{ended} other sessions ended"),
        );
        return Ok(staff.say_and_go("/me", &said));
    }
    let sessions = staff.gateway.store.staff_sessions_of(&staff.me.staff_no).await?;
    let session = sessions.into_iter().find(|session| session.token_sha256[..32] == *which);
    let session = session.ok_or(StaffFailure::NotFound)?;
    end_session(&staff.gateway, &session, &staff.actor(), "ended by hand").await?;
    Ok(staff.say_and_go("/me", &State::new(Face::Ok, "已结束该处登录", "The session was ended")))
}
