//! A request of somebody at the hospital's screens: who, with which rights, and how an answer is made.
//!
//! [`guard`] stands in front of every route of staff, from the table alone: it looks at the session, refuses who may not, and makes
//! pages of errors. A handler takes [`Staff`], which only the guard can put there.

use super::form::{Form, query_value};
use super::limits;
use crate::Gateway;
use crate::service::staff::end_session;
use crate::service::{Trouble, hospital_frame, staff_actor, staff_token_digest};
use actix_web::body::{BoxBody, MessageBody};
use actix_web::cookie::{Cookie, SameSite, time::Duration};
use actix_web::dev::{Payload, ServiceRequest, ServiceResponse};
use actix_web::http::header::{CONTENT_SECURITY_POLICY, LOCATION, REFERRER_POLICY};
use actix_web::http::{Method, StatusCode};
use actix_web::middleware::Next;
use actix_web::{Error, FromRequest, HttpMessage, HttpRequest, HttpResponse, ResponseError, web};
use mingfen_domain::access::{Right, Role};
use mingfen_domain::{Timestamp, ambient};
use mingfen_pages::staff::{
    Both, Face, Health, Me, NavItem, NoticeKind, Place, StaffFrame, StaffNotice, StaffPage, State,
};
use mingfen_pages::{Language, Moment, csp};
use mingfen_store::{
    AuditEvent, PendingFilter, SessionStage, StaffRecord, StaffSessionRecord, StoreError, TaskState,
};
use mingfen_vault::text_box;
use serde::{Deserialize, Serialize};
use std::future::{Ready, ready};
use std::sync::Arc;

/// The session's cookie.
pub const COOKIE: &str = "mingfen_staff";
/// The cookie of who is not signed in yet, to which the forms at the door are bound.
const DOOR_COOKIE: &str = "mingfen_door";
/// What the last form did, for the next page.
const SAID_COOKIE: &str = "mingfen_said";
const CSRF: &str = "staff-csrf";
const DOOR_CSRF: &str = "staff-door";
const SAID: &str = "staff-said";
/// What a page sends along when it fetches its parts by itself.
const BACKGROUND: &str = "x-mingfen-background";
/// A session is noted as alive so often at most: a write a minute, not one a page.
const TOUCH_MS: i64 = 60_000;

/// A badge in the navigation says no more than that.
const MOST_COUNTED: i64 = 999;

/// What a handler answers.
pub type StaffAnswer = Result<HttpResponse, StaffFailure>;

/// Why there is no page.
#[derive(Debug, thiserror::Error)]
pub enum StaffFailure {
    /// Nothing has this number, or nothing that this person may see.
    #[error("not found")]
    NotFound,
    /// The person may not.
    #[error("not allowed")]
    NoRight,
    /// The form is not from one of our pages, or too old.
    #[error("not from one of our pages")]
    Stale,
    /// What was asked for makes no sense; said in both languages.
    #[error("bad request: {0:?}")]
    Bad(Both),
    /// Our own trouble.
    #[error(transparent)]
    Trouble(#[from] Trouble),
}

impl From<StoreError> for StaffFailure {
    fn from(error: StoreError) -> Self {
        Self::Trouble(error.into())
    }
}

impl ResponseError for StaffFailure {
    fn status_code(&self) -> StatusCode {
        match self {
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::NoRight => StatusCode::FORBIDDEN,
            Self::Stale => StatusCode::FORBIDDEN,
            Self::Bad(_) => StatusCode::BAD_REQUEST,
            Self::Trouble(_) => StatusCode::SERVICE_UNAVAILABLE,
        }
    }
}

/// Somebody who is signed in.
#[derive(Clone, Debug)]
pub struct StaffMember {
    /// 工号.
    pub staff_no: String,
    /// The name.
    pub name: String,
    /// What they are.
    pub roles: Vec<Role>,
    /// Where they sit; may be empty.
    pub place: String,
}

/// A request of somebody who is signed in and may call this route.
#[derive(Clone)]
pub struct Staff {
    /// The running system.
    pub gateway: Arc<Gateway>,
    /// The request's head.
    pub request: HttpRequest,
    /// Who.
    pub me: StaffMember,
    /// The account as it is kept.
    pub account: StaffRecord,
    /// The session.
    pub session: StaffSessionRecord,
    /// Chosen, or Chinese.
    pub language: Language,
    badges: Badges,
}

/// What the navigation counts.
#[derive(Clone, Debug, Default)]
struct Badges {
    parked: u64,
    /// Refunds that wait for a second person.
    refunds: u64,
    /// Closed shifts whose cash nobody has received.
    shifts: u64,
    /// Limits that wait for a second person.
    limits: u64,
    /// Message templates that wait for a second person.
    notices: u64,
    differences: u64,
    approvals: u64,
    said: Option<State>,
}

impl FromRequest for Staff {
    type Error = Error;
    type Future = Ready<Result<Self, Error>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        // Without the guard nobody is there: a route that forgot it answers nothing.
        let admitted = request.extensions().get::<Admitted>().cloned();
        ready(admitted.map(|admitted| admitted.at(request)).ok_or_else(|| StaffFailure::NoRight.into()))
    }
}

/// Who was let in, as the guard leaves it with the request. Not the request itself: one that held itself would never be freed, nor would
/// anything that it holds.
#[derive(Clone)]
struct Admitted {
    gateway: Arc<Gateway>,
    me: StaffMember,
    account: StaffRecord,
    session: StaffSessionRecord,
    language: Language,
    badges: Badges,
}

impl Admitted {
    fn at(self, request: &HttpRequest) -> Staff {
        let Self { gateway, me, account, session, language, badges } = self;
        Staff { gateway, request: request.clone(), me, account, session, language, badges }
    }
}

impl Staff {
    /// Whether they may.
    pub fn may(&self, right: Right) -> bool {
        right.is_had_by(&self.me.roles)
    }

    /// For the audit trail.
    pub fn actor(&self) -> String {
        staff_actor(&self.me.staff_no)
    }

    /// The frame of its pages.
    pub fn frame(&self) -> StaffFrame {
        let roles = |word: fn(Role) -> &'static str, comma: &str| {
            let words: Vec<&str> = self.me.roles.iter().map(|role| word(*role)).collect();
            let place =
                if self.me.place.is_empty() { String::new() } else { format!(" · {}", self.me.place) };
            format!("{}{place}", words.join(comma))
        };
        let now = self.moment(self.gateway.now());
        StaffFrame {
            hospital_name: hospital_frame(&self.gateway.hospital(), self.language).hospital_name,
            language: self.language,
            csrf: self.csrf(),
            path: if *self.request.method() == Method::GET {
                self.request.path().to_owned()
            } else {
                "/".into()
            },
            me: Me {
                name: self.me.name.clone(),
                what: Both::new(roles(Role::chinese, "、"), roles(Role::english, ", ")),
            },
            nav: places(&self.me.roles)
                .map(|place| NavItem {
                    place,
                    waiting: match place {
                        Place::Parked => self.badges.parked,
                        Place::Refunds => self.badges.refunds,
                        Place::Shift => self.badges.shifts,
                        Place::Limits => self.badges.limits,
                        Place::Notices => self.badges.notices,
                        Place::Differences => self.badges.differences,
                        Place::Approvals => self.badges.approvals,
                        _ => 0,
                    },
                    // Refunds are urgent for who can do something about them.
                    urgent: place != Place::Refunds || self.may(Right::ApproveRefund),
                })
                .collect(),
            health: health(&self.gateway),
            clock: now.clock_with_seconds(),
            moment: now.full(),
            finds: self.may(Right::FindOrders) && is_served("/orders"),
            said: self.badges.said.clone(),
        }
    }

    fn csrf(&self) -> String {
        text_box::tag(&self.gateway.keyring, CSRF, self.session.token_sha256.as_bytes())
    }

    /// A page.
    pub fn page(&self, view: &impl StaffPage) -> HttpResponse {
        self.page_as(StatusCode::OK, view)
    }

    /// A page with a status of its own.
    pub fn page_as(&self, status: StatusCode, view: &impl StaffPage) -> HttpResponse {
        let mut answer = print(status, view, &self.frame());
        if self.badges.said.is_some() {
            put_cookie(&mut answer, &self.gateway, SAID_COOKIE, "", Some(0));
        }
        answer
    }

    /// See other.
    pub fn go(&self, to: &str) -> HttpResponse {
        HttpResponse::SeeOther().insert_header((LOCATION, to)).finish()
    }

    /// See other, and say there what happened.
    pub fn say_and_go(&self, to: &str, said: &State) -> HttpResponse {
        let mut answer = self.go(to);
        say(&mut answer, &self.gateway, said);
        answer
    }

    /// The same with a fresh token of the session.
    pub fn carry_on(&self, to: &str, said: &State, token: &str) -> HttpResponse {
        let mut answer = self.say_and_go(to, said);
        put_cookie(&mut answer, &self.gateway, COOKIE, token, None);
        answer
    }

    /// A field of the query, decoded.
    pub fn query(&self, name: &str) -> Option<String> {
        query_value(&self.request, name)
    }

    /// A posted form of one of this session's own pages.
    ///
    /// # Errors
    /// [`StaffFailure::Stale`].
    pub fn form(&self, body: &[u8]) -> Result<Form, StaffFailure> {
        let form = Form::parse(body).ok_or(StaffFailure::Stale)?;
        if form.value("csrf").is_some_and(|token| self.owns(token)) {
            Ok(form)
        } else {
            Err(StaffFailure::Stale)
        }
    }

    /// Whether a token of a form is this session's.
    pub fn owns(&self, token: &str) -> bool {
        text_box::check_tag(&self.gateway.keyring, CSRF, self.session.token_sha256.as_bytes(), token)
    }

    /// The address they come from.
    pub fn address(&self) -> String {
        limits::address(&self.request, self.gateway.settings.trust_forwarded_for)
    }

    /// A time as a page says it.
    pub fn moment(&self, at: Timestamp) -> Moment {
        super::visit::moment(at, self.gateway.now())
    }
}

/// A request at the door.
#[derive(Clone)]
pub struct AtDoor {
    /// The running system.
    pub gateway: Arc<Gateway>,
    /// The request's head.
    pub request: HttpRequest,
    /// The session, when there is one, wherever it stands.
    pub session: Option<(StaffSessionRecord, StaffRecord)>,
    /// Chosen, or Chinese.
    pub language: Language,
    /// Why a session that was there has ended.
    pub over: Option<Both>,
    door: String,
    fresh: bool,
}

impl FromRequest for AtDoor {
    type Error = Error;
    type Future = Ready<Result<Self, Error>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let outside = request.extensions().get::<Outside>().cloned();
        ready(outside.map(|outside| outside.at(request)).ok_or_else(|| StaffFailure::NoRight.into()))
    }
}

/// Who is at the door, as the guard leaves it with the request; without the request, as [`Admitted`].
#[derive(Clone)]
struct Outside {
    gateway: Arc<Gateway>,
    session: Option<(StaffSessionRecord, StaffRecord)>,
    language: Language,
    over: Option<Both>,
    door: String,
    fresh: bool,
}

impl Outside {
    fn at(self, request: &HttpRequest) -> AtDoor {
        let Self { gateway, session, language, over, door, fresh } = self;
        AtDoor { gateway, request: request.clone(), session, language, over, door, fresh }
    }
}

impl AtDoor {
    /// The session, when it waits for this step.
    pub fn at(&self, stage: SessionStage) -> Option<&(StaffSessionRecord, StaffRecord)> {
        self.session.as_ref().filter(|(session, _)| session.stage == stage)
    }

    fn bound_to(&self) -> &str {
        self.session.as_ref().map_or(&self.door, |(session, _)| &session.token_sha256)
    }

    fn frame(&self) -> StaffFrame {
        StaffFrame {
            hospital_name: hospital_frame(&self.gateway.hospital(), self.language).hospital_name,
            language: self.language,
            csrf: text_box::tag(&self.gateway.keyring, DOOR_CSRF, self.bound_to().as_bytes()),
            path: self.request.path().to_owned(),
            me: Me { name: String::new(), what: Both::same("") },
            nav: Vec::new(),
            health: Vec::new(),
            clock: String::new(),
            moment: String::new(),
            finds: false,
            said: None,
        }
    }

    /// A page.
    pub fn page(&self, status: StatusCode, view: &impl StaffPage) -> HttpResponse {
        let mut answer = print(status, view, &self.frame());
        if self.fresh {
            put_cookie(&mut answer, &self.gateway, DOOR_COOKIE, &self.door, None);
        }
        answer
    }

    /// A posted form of one of the door's own pages.
    ///
    /// # Errors
    /// [`StaffFailure::Stale`].
    pub fn form(&self, body: &[u8]) -> Result<Form, StaffFailure> {
        let form = Form::parse(body).ok_or(StaffFailure::Stale)?;
        let bound = self.bound_to().as_bytes();
        let ours = |token: &str| text_box::check_tag(&self.gateway.keyring, DOOR_CSRF, bound, token);
        if form.value("csrf").is_some_and(ours) { Ok(form) } else { Err(StaffFailure::Stale) }
    }

    /// See other.
    pub fn go(&self, to: &str) -> HttpResponse {
        HttpResponse::SeeOther().insert_header((LOCATION, to)).finish()
    }

    /// See other with a session's token.
    pub fn go_with(&self, to: &str, token: &str) -> HttpResponse {
        let mut answer = self.go(to);
        put_cookie(&mut answer, &self.gateway, COOKIE, token, None);
        answer
    }

    /// Gives an answer the token.
    pub fn keep(&self, mut answer: HttpResponse, token: &str) -> HttpResponse {
        put_cookie(&mut answer, &self.gateway, COOKIE, token, None);
        answer
    }

    /// The address they come from.
    pub fn address(&self) -> String {
        limits::address(&self.request, self.gateway.settings.trust_forwarded_for)
    }

    /// A field of the query, decoded.
    pub fn query(&self, name: &str) -> Option<String> {
        query_value(&self.request, name)
    }
}

/// Whether the table serves pages at this address.
pub(crate) fn is_served(path: &str) -> bool {
    crate::internal::ROUTES.iter().any(|route| route.path == path)
}

/// The right that each place of the navigation asks for.
pub fn place_right(place: Place) -> Right {
    match place {
        Place::Desk => Right::FindOrders,
        Place::PaymentCode => Right::TakeMoney,
        Place::Refunds => Right::FindOrders,
        Place::Shift => Right::CloseShift,
        Place::Today | Place::Differences | Place::Settlement | Place::Approvals => Right::ReadReconciliation,
        Place::Dashboard => Right::ReadDashboard,
        Place::Limits | Place::Notices => Right::ReadRules,
        Place::Accounts | Place::Keys | Place::Expiry | Place::Hospital | Place::Staff | Place::Parked => {
            Right::ReadSetup
        }
        Place::Audit => Right::ReadAudit,
        Place::Me => Right::OwnAccount,
    }
}

/// Where somebody with these roles may go, in the order of the navigation.
pub fn places(roles: &[Role]) -> impl Iterator<Item = Place> {
    Place::ALL.into_iter().filter(|place| place_right(*place).is_had_by(roles) && is_served(place.path()))
}

/// Where somebody begins: cashiers at the desk, finance at its day, everybody else at their first place.
pub fn first_place(roles: &[Role]) -> &'static str {
    let wanted = |place: Place, these: &[Role]| {
        is_served(place.path()) && roles.iter().any(|role| these.contains(role))
    };
    if wanted(Place::Today, &[Role::Finance, Role::FinanceLead]) {
        return Place::Today.path();
    }
    if wanted(Place::Audit, &[Role::Auditor]) && !wanted(Place::Desk, &[Role::Cashier, Role::CashierLead]) {
        return Place::Audit.path();
    }
    places(roles).next().unwrap_or(Place::Me).path()
}

fn health(gateway: &Gateway) -> Vec<Health> {
    let all = gateway.channels.len();
    let now = gateway.now();
    let expired = gateway
        .channels
        .values()
        .filter(|channel| {
            let expiries = channel.upkeep().map(|upkeep| upkeep.expiries()).unwrap_or_default();
            expiries.iter().any(|(_, at)| *at <= now)
        })
        .count();
    let channels = if expired == 0 {
        State::new(Face::Ok, format!("{all} / {all} 正常"), format!("{all} / {all} fine"))
    } else {
        State::new(Face::Bad, format!("{expired} 个证书到期"), format!("{expired} expired"))
    };
    let his = if gateway.watched_his.refuses_us() {
        State::new(Face::Bad, "拒绝连接", "refuses us")
    } else {
        State::new(Face::Ok, "正常", "fine")
    };
    let sms = if gateway.sms.is_some() {
        State::new(Face::Ok, "已配置", "set up")
    } else {
        State::new(Face::Idle, "未配置", "not set up")
    };
    vec![
        Health { what: Both::new("支付渠道", "Channels"), state: channels },
        Health { what: Both::same("HIS"), state: his },
        Health { what: Both::new("短信", "Text messages"), state: sms },
    ]
}

fn print(status: StatusCode, view: &impl StaffPage, frame: &StaffFrame) -> HttpResponse {
    match view.html(frame) {
        Ok(html) => HttpResponse::build(status)
            .content_type("text/html; charset=utf-8")
            .insert_header((CONTENT_SECURITY_POLICY, csp::policy()))
            .insert_header((REFERRER_POLICY, "same-origin"))
            .body(html),
        Err(error) => {
            tracing::error!(error = %error, "a staff page could not be printed");
            HttpResponse::InternalServerError().finish()
        }
    }
}

fn put_cookie(answer: &mut HttpResponse, gateway: &Gateway, name: &str, value: &str, seconds: Option<i64>) {
    let mut cookie = Cookie::build(name, value)
        .path("/")
        .http_only(true)
        .same_site(SameSite::Lax)
        .secure(gateway.settings.staff.secure_cookies);
    if let Some(seconds) = seconds {
        cookie = cookie.max_age(Duration::seconds(seconds));
    }
    if let Err(error) = answer.add_cookie(&cookie.finish()) {
        tracing::error!(error = %error, "a cookie could not be set");
    }
}

/// Takes the session's cookie away.
pub fn forget(answer: &mut HttpResponse, gateway: &Gateway) {
    put_cookie(answer, gateway, COOKIE, "", Some(0));
}

#[derive(Serialize, Deserialize)]
struct Said {
    face: u8,
    zh: String,
    en: String,
}

const FACES: [Face; 5] = [Face::Ok, Face::Info, Face::Warn, Face::Bad, Face::Idle];

fn say(answer: &mut HttpResponse, gateway: &Gateway, said: &State) {
    let face = FACES.iter().position(|face| *face == said.face).unwrap_or_default();
    let said = Said {
        face: u8::try_from(face).unwrap_or_default(),
        zh: said.word.zh.chars().take(300).collect(),
        en: said.word.en.chars().take(300).collect(),
    };
    let plain = serde_json::to_vec(&said).unwrap_or_default();
    let sealed = text_box::seal(&gateway.keyring, SAID, &plain, gateway.random.as_ref());
    put_cookie(answer, gateway, SAID_COOKIE, &sealed, Some(60));
}

fn heard(gateway: &Gateway, request: &HttpRequest) -> Option<State> {
    let cookie = request.cookie(SAID_COOKIE)?;
    let plain = text_box::open(&gateway.keyring, SAID, cookie.value()).ok()?;
    let said: Said = serde_json::from_slice(&plain).ok()?;
    let face = FACES.get(usize::from(said.face)).copied().unwrap_or(Face::Info);
    Some(State::new(face, said.zh, said.en))
}

/// What is known of who asks.
enum Known {
    /// Nobody, or a session that has ended: with the reason when that is worth saying.
    Nobody(Option<Both>),
    /// Somebody, in whatever step.
    Somebody(Box<(StaffSessionRecord, StaffRecord)>),
}

async fn look_up(gateway: &Gateway, request: &HttpRequest) -> Result<Known, Trouble> {
    let Some(cookie) = request.cookie(COOKIE).filter(|cookie| !cookie.value().is_empty()) else {
        return Ok(Known::Nobody(None));
    };
    let Some(session) = gateway.store.staff_session(&staff_token_digest(cookie.value())).await? else {
        return Ok(Known::Nobody(None));
    };
    let over = |zh: &str, en: &str| Ok(Known::Nobody(Some(Both::new(zh, en))));
    if let Some((_, because)) = &session.ended {
        return match because.as_str() {
            "signed out" | "next step" => Ok(Known::Nobody(None)),
            "idle" => over(
                "太久没有操作，已自动退出，请重新登录",
                "Signed out after a while without a page; please sign in again",
            ),
            "too old" => over("登录已满一个班次，请重新登录", "A shift is over; please sign in again"),
            _ => over("您的登录已被结束，请重新登录", "Your session was ended; please sign in again"),
        };
    }
    let now = gateway.now();
    let settings = &gateway.settings.staff;
    let because = if now.since_ms(session.seen_at) > settings.idle * 1000 {
        Some("idle")
    } else if now.since_ms(session.begun_at) > settings.valid * 1000 {
        Some("too old")
    } else {
        None
    };
    if let Some(because) = because {
        end_session(gateway, &session, &staff_actor(&session.staff_no), because).await?;
        return match because {
            "idle" => over(
                "太久没有操作，已自动退出，请重新登录",
                "Signed out after a while without a page; please sign in again",
            ),
            _ => over("登录已满一个班次，请重新登录", "A shift is over; please sign in again"),
        };
    }
    let Some(account) = gateway.store.staff_member(&session.staff_no).await?.filter(|member| member.active)
    else {
        return Ok(Known::Nobody(None));
    };
    // A page that fetches its parts by itself is no sign of a person.
    let by_itself = request.headers().contains_key(BACKGROUND);
    if !by_itself && now.since_ms(session.seen_at) > TOUCH_MS {
        gateway.store.touch_staff_session(&session.token_sha256, now).await?;
    }
    Ok(Known::Somebody(Box::new((session, account))))
}

/// Whether a session is over by now. In doubt it is not: the next page will say.
pub(crate) async fn is_over(gateway: &Gateway, session: &StaffSessionRecord) -> bool {
    let Ok(Some(session)) = gateway.store.staff_session(&session.token_sha256).await else { return false };
    let now = gateway.now();
    let settings = &gateway.settings.staff;
    session.ended.is_some()
        || now.since_ms(session.seen_at) > settings.idle * 1000
        || now.since_ms(session.begun_at) > settings.valid * 1000
}

/// The language of the staff pages: Chinese unless English was chosen.
fn language(request: &HttpRequest) -> Language {
    request.cookie("lang").and_then(|cookie| Language::from_tag(cookie.value())).unwrap_or_default()
}

/// Stands in front of a route of staff: `right` is the one that it asks for; `None`: it is the door.
pub async fn guard<B: MessageBody + 'static>(
    right: Option<Right>,
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let Some(gateway) = request.app_data::<web::Data<Gateway>>().cloned() else {
        return Ok(request.into_response(HttpResponse::InternalServerError().finish()));
    };
    let gateway = gateway.into_inner();
    let known = match look_up(&gateway, request.request()).await {
        Ok(known) => known,
        Err(trouble) => {
            let page = bare(&gateway, request.request(), StaffFailure::Trouble(trouble));
            return Ok(request.into_response(page));
        }
    };
    let language = language(request.request());
    let Some(right) = right else {
        let (session, over) = match known {
            Known::Nobody(over) => (None, over),
            Known::Somebody(both) => (Some(*both), None),
        };
        let there = request.cookie(DOOR_COOKIE).map(|cookie| cookie.value().to_owned());
        let there =
            there.filter(|door| door.len() == 26 && door.bytes().all(|byte| byte.is_ascii_alphanumeric()));
        let fresh = there.is_none();
        let door =
            there.unwrap_or_else(|| ambient::random_text(gateway.random.as_ref(), ambient::READABLE, 26));
        let outside = Outside { gateway: gateway.clone(), session, language, over, door, fresh };
        request.extensions_mut().insert(outside);
        return Ok(in_pages(&gateway, next.call(request).await?.map_into_boxed_body()));
    };
    let both = match known {
        Known::Somebody(both) if both.0.stage == SessionStage::In => both,
        Known::Somebody(both) => {
            let answer = HttpResponse::SeeOther().insert_header((LOCATION, step_path(both.0.stage))).finish();
            return Ok(request.into_response(answer));
        }
        Known::Nobody(_) => {
            let answer =
                HttpResponse::SeeOther().insert_header((LOCATION, sign_in_path(request.request()))).finish();
            return Ok(request.into_response(answer));
        }
    };
    let (session, account) = *both;
    let me = StaffMember {
        staff_no: account.staff_no.clone(),
        name: account.name.clone(),
        roles: account.roles.clone(),
        place: account.place.clone(),
    };
    let allowed = right.is_had_by(&me.roles);
    let (differences, approvals) =
        if Right::ReadReconciliation.is_had_by(&me.roles) { reconciling(&gateway).await } else { (0, 0) };
    let (limits, notices) =
        if Right::ApproveRules.is_had_by(&me.roles) { waiting_changes(&gateway).await } else { (0, 0) };
    let badges = Badges {
        parked: if Right::ReadSetup.is_had_by(&me.roles) { parked(&gateway).await } else { 0 },
        refunds: if Right::FindOrders.is_had_by(&me.roles) { waiting_refunds(&gateway).await } else { 0 },
        shifts: if Right::TakeOverShift.is_had_by(&me.roles) { shifts_for_lead(&gateway).await } else { 0 },
        limits,
        notices,
        differences,
        approvals,
        said: heard(&gateway, request.request()),
    };
    let admitted = Admitted { gateway, me, account, session, language, badges };
    if !allowed {
        let page = refuse(&admitted.at(request.request()), right).await;
        return Ok(request.into_response(page));
    }
    request.extensions_mut().insert(admitted.clone());
    let answer = next.call(request).await?.map_into_boxed_body();
    Ok(staff_pages(admitted, answer))
}

/// The step that a session waits for.
pub fn step_path(stage: SessionStage) -> &'static str {
    match stage {
        SessionStage::Code => "/sign-in/code",
        SessionStage::Password => "/sign-in/password",
        SessionStage::Enrol => "/sign-in/enrol",
        SessionStage::In => "/",
    }
}

fn sign_in_path(request: &HttpRequest) -> String {
    if *request.method() != Method::GET || request.path() == "/" {
        return "/sign-in".to_owned();
    }
    let wanted =
        request.uri().path_and_query().map_or_else(|| request.path().to_owned(), ToString::to_string);
    let next: String = url::form_urlencoded::byte_serialize(wanted.as_bytes()).collect();
    format!("/sign-in?next={next}")
}

/// Where to go once in: a path of ours, never another site's.
pub fn own_next(text: &str) -> String {
    let plain = |byte: u8| {
        byte.is_ascii_alphanumeric()
            || matches!(byte, b'/' | b'-' | b'_' | b'.' | b'%' | b'?' | b'=' | b'&' | b'+')
    };
    let ours =
        text.starts_with('/') && !text.starts_with("//") && text.len() < 512 && text.bytes().all(plain);
    if ours { text.to_owned() } else { "/".to_owned() }
}

async fn parked(gateway: &Gateway) -> u64 {
    let parked = gateway.store.tasks_in(TaskState::Parked).await.unwrap_or_default();
    u64::try_from(parked).unwrap_or_default()
}

async fn waiting_refunds(gateway: &Gateway) -> u64 {
    let (waiting, _) = gateway.store.refund_requests_waiting().await.unwrap_or_default();
    u64::try_from(waiting).unwrap_or_default()
}

async fn shifts_for_lead(gateway: &Gateway) -> u64 {
    u64::try_from(gateway.store.shifts_for_lead().await.unwrap_or_default()).unwrap_or_default()
}

/// Limits and message templates that wait for a second person.
async fn waiting_changes(gateway: &Gateway) -> (u64, u64) {
    let limits = gateway.store.rule_sets_waiting_count().await.unwrap_or_default();
    let notices = gateway.store.notice_templates_waiting_count().await.unwrap_or_default();
    (u64::try_from(limits).unwrap_or_default(), u64::try_from(notices).unwrap_or_default())
}

/// Open differences, counted as far as a badge is read, and orders that wait for a second person.
async fn reconciling(gateway: &Gateway) -> (u64, u64) {
    let open = gateway.store.pending_sums(&PendingFilter::default(), MOST_COUNTED).await.unwrap_or_default();
    let waiting = gateway.store.waiting_count().await.unwrap_or_default();
    (u64::try_from(open.number).unwrap_or_default(), u64::try_from(waiting).unwrap_or_default())
}

/// Who may not is told so, and it is written down.
async fn refuse(staff: &Staff, right: Right) -> HttpResponse {
    let pattern = staff.request.match_pattern().unwrap_or_default();
    let event = AuditEvent {
        at: staff.gateway.now(),
        actor: staff.actor(),
        action: "staff.refused".into(),
        subject: staff.me.staff_no.clone(),
        detail: format!("{} {pattern}: no right to {}", staff.request.method(), right.english()),
    };
    if let Err(error) = write_down(&staff.gateway, &event).await {
        tracing::error!(error = %error, "a refused page could not be written down");
    }
    staff.page_as(StatusCode::FORBIDDEN, &no_right(staff, right))
}

async fn write_down(gateway: &Gateway, event: &AuditEvent) -> Result<(), StoreError> {
    let mut tx = gateway.store.begin().await?;
    tx.record(event).await?;
    tx.commit().await
}

fn no_right(staff: &Staff, right: Right) -> StaffNotice {
    let roles = |word: fn(Role) -> &'static str, comma: &str| {
        let have: Vec<&str> = Role::ALL.into_iter().filter(|role| role.may(right)).map(word).collect();
        have.join(comma)
    };
    StaffNotice {
        kind: NoticeKind::NoRight,
        heading: Both::new("没有权限", "Not allowed"),
        text: Both::new(
            format!(
                "“{}”只有{}可以做。如工作需要，请联系管理员调整角色。这次尝试已记入审计日志。",
                right.chinese(),
                roles(Role::chinese, "、")
            ),
            format!(
                "To {} one has to be {}. If your work needs it, an administrator can change your roles. This attempt was written to the audit trail.",
                right.english(),
                roles(Role::english, " or ")
            ),
        ),
        ways: vec![(first_place(&staff.me.roles).to_owned(), Both::new("回到首页", "Back to the start"))],
        code: None,
    }
}

/// An error of a handler as a page.
fn staff_pages(admitted: Admitted, answer: ServiceResponse<BoxBody>) -> ServiceResponse<BoxBody> {
    let Some(error) = answer.response().error() else { return answer };
    let staff = admitted.at(answer.request());
    let status = error.as_response_error().status_code();
    let home = first_place(&staff.me.roles).to_owned();
    let notice = match error.as_error::<StaffFailure>() {
        Some(failure) => notice(&staff.gateway, failure, home, &staff.request),
        None => framework_notice(status, home),
    };
    let page = staff.page_as(status, &notice);
    ServiceResponse::new(answer.into_parts().0, page)
}

/// The same at the door.
fn in_pages(gateway: &Gateway, answer: ServiceResponse<BoxBody>) -> ServiceResponse<BoxBody> {
    let Some(error) = answer.response().error() else { return answer };
    let status = error.as_response_error().status_code();
    let notice = match error.as_error::<StaffFailure>() {
        Some(failure) => notice(gateway, failure, "/sign-in".into(), answer.request()),
        None => framework_notice(status, "/sign-in".into()),
    };
    let page = bare_page(gateway, answer.request(), status, &notice);
    ServiceResponse::new(answer.into_parts().0, page)
}

fn bare(gateway: &Gateway, request: &HttpRequest, failure: StaffFailure) -> HttpResponse {
    let notice = notice(gateway, &failure, "/".into(), request);
    bare_page(gateway, request, failure.status_code(), &notice)
}

/// What is said where nothing is.
pub(crate) fn nothing_there(gateway: &Gateway, request: &HttpRequest) -> HttpResponse {
    bare(gateway, request, StaffFailure::NotFound)
}

/// A page for nobody in particular.
fn bare_page(
    gateway: &Gateway,
    request: &HttpRequest,
    status: StatusCode,
    notice: &StaffNotice,
) -> HttpResponse {
    let language = language(request);
    let frame = StaffFrame {
        hospital_name: hospital_frame(&gateway.hospital(), language).hospital_name,
        language,
        csrf: String::new(),
        path: "/".into(),
        me: Me { name: String::new(), what: Both::same("") },
        nav: Vec::new(),
        health: Vec::new(),
        clock: String::new(),
        moment: String::new(),
        finds: false,
        said: None,
    };
    print(status, notice, &frame)
}

fn notice(gateway: &Gateway, failure: &StaffFailure, home: String, request: &HttpRequest) -> StaffNotice {
    let back = vec![(home, Both::new("回到首页", "Back to the start"))];
    let (kind, heading, text, code) = match failure {
        StaffFailure::NotFound => (
            NoticeKind::NotFound,
            Both::new("没有找到", "Nothing there"),
            Both::new(
                "这个地址下没有内容，或者单号不存在。请检查号码，或从首页重新进入。",
                "There is nothing at this address, or nothing has this number. Check it, or begin at the start.",
            ),
            None,
        ),
        StaffFailure::NoRight => (
            NoticeKind::NoRight,
            Both::new("没有权限", "Not allowed"),
            Both::new("您的角色不能这样做。", "Your role does not allow this."),
            None,
        ),
        StaffFailure::Stale => (
            NoticeKind::Stale,
            Both::new("页面已过期", "This page is too old"),
            Both::new(
                "什么也没有改变。请回到上一页刷新后再做一次。",
                "Nothing was changed. Go back, reload the page and do it once more.",
            ),
            None,
        ),
        StaffFailure::Bad(text) => {
            (NoticeKind::Stale, Both::new("没有看懂", "Not understood"), text.clone(), None)
        }
        StaffFailure::Trouble(trouble) => {
            let code = ambient::random_text(gateway.random.as_ref(), ambient::READABLE, 8);
            let code = format!("{}-{}", &code[..4], &code[4..]);
            let path = request.match_pattern().unwrap_or_default();
            tracing::warn!(staff_code = %code, reason = %trouble, path, "somebody of the staff was told that we are in trouble");
            (
                NoticeKind::Trouble,
                Both::new("暂时打不开", "Not available right now"),
                Both::new(
                    "什么也没有改变。请稍后再试；还不行，把下面的号码告诉信息科。",
                    "Nothing was changed. Try again in a moment; if it stays so, tell the IT department the code below.",
                ),
                Some(code),
            )
        }
    };
    StaffNotice { kind, heading, text, ways: back, code }
}

/// What the framework refuses before a handler is asked.
fn framework_notice(status: StatusCode, home: String) -> StaffNotice {
    let text = match status {
        StatusCode::PAYLOAD_TOO_LARGE => {
            Both::new("内容太大，没有保存。", "It is too large; nothing was kept.")
        }
        _ => Both::new(
            "没有看懂这个请求，什么也没有改变。",
            "The request could not be read; nothing was changed.",
        ),
    };
    StaffNotice {
        kind: NoticeKind::Stale,
        heading: Both::new("没有看懂", "Not understood"),
        text,
        ways: vec![(home, Both::new("回到首页", "Back to the start"))],
        code: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_our_own_paths_are_gone_to() {
        for own in ["/finance", "/orders?q=1%202", "/differences?day=2026-11-23&assigned=me"] {
            assert_eq!(own_next(own), own);
        }
        for foreign in
            ["//evil.example", "https://evil.example", "/\\evil", "javascript:x", "", "/a\r\nb", "/a b"]
        {
            assert_eq!(own_next(foreign), "/", "{foreign}");
        }
    }
}
