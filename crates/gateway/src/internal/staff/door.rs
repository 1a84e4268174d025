//! Signing in and out.

use crate::http::staff::{AtDoor, Staff, StaffAnswer, StaffFailure, forget, own_next, step_path};
use crate::http::visit::moment;
use crate::service::staff::{
    Came, CodeRefused, EnrolRefused, PasswordRefused, SignInRefused, confirm_second_factor, end_session,
    enter_code, enter_password, offered_second_factor, replace_password,
};
use actix_web::http::StatusCode;
use actix_web::http::header::USER_AGENT;
use actix_web::{HttpResponse, web};
use mingfen_pages::staff::{Both, Code, Enrol, NewPassword, SignIn};
use mingfen_store::{SessionStage, StaffRecord, StaffSessionRecord};
use mingfen_vault::password::{LEAST, Weak};
use std::time::Duration;

/// The form of the first step.
pub(in crate::internal) async fn show(door: AtDoor) -> StaffAnswer {
    if let Some((session, _)) = &door.session {
        return Ok(door.go(step_path(session.stage)));
    }
    let view = SignIn { over: door.over.clone(), ..SignIn::default() };
    Ok(door.page(StatusCode::OK, &view))
}

/// The first step.
pub(in crate::internal) async fn enter(door: AtDoor, body: web::Bytes) -> StaffAnswer {
    let form = door.form(&body)?;
    let staff_no = form.value("staff_no").unwrap_or_default().trim().to_owned();
    let again = |status, zh: String, en: String| {
        let view = SignIn { staff_no: staff_no.clone(), trouble: Some(Both::new(zh, en)), over: None };
        Ok(door.page(status, &view))
    };
    let gateway = &door.gateway;
    let tries = gateway.cache.count(&format!("sign-in:{}", door.address()), Duration::from_secs(60)).await;
    if tries > gateway.settings.staff.attempts_per_minute {
        return again(
            StatusCode::TOO_MANY_REQUESTS,
            "这台电脑尝试太频繁，请一分钟后再试".into(),
            "Too many attempts from this computer; wait a minute".into(),
        );
    }
    let agent =
        door.request.headers().get(USER_AGENT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let came = Came {
        address: door.address(),
        agent: agent.to_owned(),
        next_path: own_next(&door.query("next").unwrap_or_default()),
    };
    let plausible =
        staff_no.len() <= 32 && staff_no.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    let staff_no_asked = if plausible { staff_no.as_str() } else { "" };
    match enter_password(gateway, staff_no_asked, form.value("password").unwrap_or_default(), came).await {
        Ok(entered) => {
            let to =
                if entered.stage == SessionStage::In { &entered.next_path } else { step_path(entered.stage) };
            Ok(door.go_with(to, &entered.token))
        }
        Err(SignInRefused::Wrong) => {
            again(StatusCode::FORBIDDEN, "工号或密码不对".into(), "Wrong staff number or password".into())
        }
        Err(SignInRefused::Locked) => {
            let (zh, en) = locked(gateway.settings.staff.lock_for);
            again(StatusCode::FORBIDDEN, zh, en)
        }
        Err(SignInRefused::Trouble(trouble)) => Err(trouble.into()),
    }
}

fn locked(seconds: i64) -> (String, String) {
    let minutes = (seconds + 59) / 60;
    (
        format!("输错太多次，已锁定 {minutes} 分钟；可请组长或管理员解锁"),
        format!(
            "Too many wrong attempts: locked for {minutes} minutes; a lead or an administrator can unlock it"
        ),
    )
}

/// The session that waits for this step, or the way to the step that it waits for.
#[allow(clippy::result_large_err)]
fn waiting(door: &AtDoor, stage: SessionStage) -> Result<&(StaffSessionRecord, StaffRecord), HttpResponse> {
    door.at(stage).ok_or_else(|| {
        let to = door.session.as_ref().map_or("/sign-in", |(session, _)| step_path(session.stage));
        door.go(to)
    })
}

/// The form of the second step.
pub(in crate::internal) async fn show_code(door: AtDoor) -> StaffAnswer {
    Ok(match waiting(&door, SessionStage::Code) {
        Ok((_, account)) => {
            let last = account.last_in_at.map(|at| {
                let at = moment(at, door.gateway.now()).full();
                let from = account.last_in_from.as_deref().unwrap_or_default();
                Both::new(format!("上次登录：{at}，{from}"), format!("last sign-in {at} from {from}"))
            });
            door.page(StatusCode::OK, &Code { staff_no: account.staff_no.clone(), trouble: None, last })
        }
        Err(elsewhere) => elsewhere,
    })
}

/// The second step.
pub(in crate::internal) async fn enter_the_code(door: AtDoor, body: web::Bytes) -> StaffAnswer {
    let form = door.form(&body)?;
    let (session, account) = match waiting(&door, SessionStage::Code) {
        Ok(both) => both,
        Err(elsewhere) => return Ok(elsewhere),
    };
    let trouble = match enter_code(&door.gateway, session, account, form.value("code").unwrap_or_default())
        .await
    {
        Ok(entered) => {
            let to =
                if entered.stage == SessionStage::In { &entered.next_path } else { step_path(entered.stage) };
            return Ok(door.go_with(to, &entered.token));
        }
        Err(CodeRefused::Wrong) => {
            Both::new("验证码不对或已用过，请等下一个", "Wrong, or used already; wait for the next one")
        }
        Err(CodeRefused::Locked) => {
            let (zh, en) = locked(door.gateway.settings.staff.lock_for);
            Both::new(zh, en)
        }
        Err(CodeRefused::Trouble(trouble)) => return Err(trouble.into()),
    };
    let view = Code { staff_no: account.staff_no.clone(), trouble: Some(trouble), last: None };
    Ok(door.page(StatusCode::FORBIDDEN, &view))
}

/// The form of enrolling.
pub(in crate::internal) async fn show_enrol(door: AtDoor) -> StaffAnswer {
    let (session, _) = match waiting(&door, SessionStage::Enrol) {
        Ok(both) => both,
        Err(elsewhere) => return Ok(elsewhere),
    };
    let view = offered(&door, session, None)?;
    Ok(door.page(StatusCode::OK, &view))
}

fn offered(
    door: &AtDoor,
    session: &StaffSessionRecord,
    trouble: Option<Both>,
) -> Result<Enrol, StaffFailure> {
    let (uri, secret) = offered_second_factor(&door.gateway, session)?.ok_or(StaffFailure::Stale)?;
    Ok(Enrol { uri, secret, trouble, recovery: Vec::new() })
}

/// Enrols.
pub(in crate::internal) async fn enrol(door: AtDoor, body: web::Bytes) -> StaffAnswer {
    let form = door.form(&body)?;
    let (session, account) = match waiting(&door, SessionStage::Enrol) {
        Ok(both) => both,
        Err(elsewhere) => return Ok(elsewhere),
    };
    let code = form.value("code").unwrap_or_default();
    match confirm_second_factor(&door.gateway, session, account, code).await {
        Ok((entered, recovery)) => {
            let view = Enrol { uri: String::new(), secret: String::new(), trouble: None, recovery };
            Ok(door.keep(door.page(StatusCode::OK, &view), &entered.token))
        }
        Err(EnrolRefused::Wrong) => {
            let trouble =
                Both::new("验证码不对；请确认手机时间准确", "Wrong code; is the phone's clock right?");
            let view = offered(&door, session, Some(trouble))?;
            Ok(door.page(StatusCode::FORBIDDEN, &view))
        }
        Err(EnrolRefused::Trouble(trouble)) => Err(trouble.into()),
    }
}

/// The form of a password of one's own.
pub(in crate::internal) async fn show_password(door: AtDoor) -> StaffAnswer {
    Ok(match waiting(&door, SessionStage::Password) {
        Ok((_, account)) => {
            door.page(StatusCode::OK, &NewPassword { staff_no: account.staff_no.clone(), trouble: None })
        }
        Err(elsewhere) => elsewhere,
    })
}

/// Sets it.
pub(in crate::internal) async fn set_password(door: AtDoor, body: web::Bytes) -> StaffAnswer {
    let form = door.form(&body)?;
    let (session, account) = match waiting(&door, SessionStage::Password) {
        Ok(both) => both,
        Err(elsewhere) => return Ok(elsewhere),
    };
    let (new, again) = (form.value("password").unwrap_or_default(), form.value("again").unwrap_or_default());
    match replace_password(&door.gateway, session, account, None, new, again).await {
        Ok(entered) => {
            let to =
                if entered.stage == SessionStage::In { &entered.next_path } else { step_path(entered.stage) };
            Ok(door.go_with(to, &entered.token))
        }
        Err(PasswordRefused::Trouble(trouble)) => Err(trouble.into()),
        Err(refused) => {
            let trouble = Some(password_words(&refused));
            let view = NewPassword { staff_no: account.staff_no.clone(), trouble };
            Ok(door.page(StatusCode::BAD_REQUEST, &view))
        }
    }
}

/// Why a password is not taken, in words.
pub(super) fn password_words(refused: &PasswordRefused) -> Both {
    match refused {
        PasswordRefused::Weak(Weak::TooShort) => {
            Both::new(format!("至少 {LEAST} 个字符"), format!("At least {LEAST} characters"))
        }
        PasswordRefused::Weak(Weak::TooLong) => Both::new("最多 128 个字符", "At most 128 characters"),
        PasswordRefused::Weak(Weak::Personal) => {
            Both::new("不能含有工号或姓名", "It must not hold your number or name")
        }
        PasswordRefused::Weak(Weak::Common) => {
            Both::new("这个密码太常见，请换一个，例如一句话", "This one is too common; try a sentence")
        }
        PasswordRefused::Differ => Both::new("两次输入不一样", "The two differ"),
        PasswordRefused::Same => Both::new("不能和原来的一样", "It must be another one than before"),
        PasswordRefused::WrongPresent => Both::new("现在的密码不对", "The present password is wrong"),
        PasswordRefused::Trouble(_) => Both::new("没有保存，请再试一次", "Not saved; try again"),
    }
}

/// Signs out.
pub(in crate::internal) async fn leave(staff: Staff, body: web::Bytes) -> StaffAnswer {
    staff.form(&body)?;
    end_session(&staff.gateway, &staff.session, &staff.actor(), "signed out").await?;
    let mut answer = staff.go("/sign-in");
    forget(&mut answer, &staff.gateway);
    Ok(answer)
}
