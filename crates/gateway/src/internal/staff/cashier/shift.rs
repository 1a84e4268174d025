//! 交款日结: opening a shift, counting, closing, the sheet, and who receives the cash. What is decided is decided in
//! [`crate::service::window`].

use super::orders::named;
use super::{page_mark, read_mark, shift_view as view, words};
use crate::http::form::Form;
use crate::http::staff::{Staff, StaffAnswer, StaffFailure};
use crate::service::window::{
    CloseRefused, CloseShift, CountRefused, LookRefused, OpenRefused, REFUND, SheetMarks, ShiftAsked,
    ShiftPicture, close_shift, count_shift, countersign_shift, look_into_shift, open_shift, print_sheet,
    receive_cash, send_back_shift, sheet_marks, shift_picture,
};
use crate::service::{Trouble, hospital_frame, staff_actor};
use actix_web::http::StatusCode;
use actix_web::web;
use mingfen_domain::Fen;
use mingfen_domain::access::Right;
use mingfen_domain::ids::ShiftNo;
use mingfen_domain::shift::{CashCount, DifferenceReason, FACES};
use mingfen_domain::window::Method;
use mingfen_pages::staff::cashier::{ShiftPage, ShiftSheet, ShiftStart};
use mingfen_pages::staff::{Both, Face, State};
use mingfen_pages::{Language, capitals};
use mingfen_store::ShiftRecord;

const PAGE: i64 = 50;
/// One's own shifts on the page that opens one.
const OWN: i64 = 10;

/// 交款日结: one's own open shift, or opening one.
pub(in crate::internal) async fn mine(staff: Staff) -> StaffAnswer {
    match staff.gateway.store.open_shift_of(&staff.me.staff_no).await? {
        Some(shift) => {
            let picture = picture_of(&staff, &shift.shift_no).await?;
            Ok(staff.page(&page(&staff, &picture, Typed::default()).await?))
        }
        None => start(&staff, None, None, StatusCode::OK).await,
    }
}

async fn start(
    staff: &Staff,
    float: Option<String>,
    trouble: Option<Both>,
    status: StatusCode,
) -> StaffAnswer {
    let shifts = staff.gateway.store.shifts_of(&staff.me.staff_no, None, OWN).await?;
    // What stayed in the till last time is what is there.
    let last = shifts.first().map(|shift| shift.float.to_yuan());
    let mut rows = Vec::new();
    for shift in &shifts {
        rows.push(view::row(staff, shift, true).await);
    }
    let view = ShiftStart {
        opens: true,
        float: float.or(last).unwrap_or_default(),
        trouble,
        everybody: false,
        sees_all: staff.may(Right::ReadShifts),
        rows,
        older: None,
        newest: None,
    };
    Ok(staff.page_as(status, &view))
}

/// 开班.
pub(in crate::internal) async fn open(staff: Staff, body: web::Bytes) -> StaffAnswer {
    let form = staff.form(&body)?;
    let typed = form.value("float").unwrap_or_default().trim().to_owned();
    let bad = || {
        Both::new(
            "请输入备用金，0 到 100000.00，最多两位小数",
            "Enter the float: 0 to 100000.00, two decimals at most",
        )
    };
    let Ok(float) = Fen::from_yuan(&typed) else {
        return start(&staff, Some(typed), Some(bad()), StatusCode::BAD_REQUEST).await;
    };
    let asked = ShiftAsked { cashier: staff.me.staff_no.clone(), place: staff.me.place.clone(), float };
    match open_shift(&staff.gateway, &asked).await {
        Ok(shift) => {
            let yuan = words::yuan(shift.float);
            let said = State::new(
                Face::Ok,
                format!("已开班，备用金 {yuan}；现在可以收钱"),
                format!("The shift is open with {yuan}; money can be taken now"),
            );
            Ok(staff.say_and_go("/window", &said))
        }
        Err(OpenRefused::BadFloat) => start(&staff, Some(typed), Some(bad()), StatusCode::BAD_REQUEST).await,
        Err(OpenRefused::Trouble(trouble)) => Err(trouble.into()),
    }
}

fn number_of(text: &str) -> Result<ShiftNo, StaffFailure> {
    ShiftNo::parse(text).map_err(|_| StaffFailure::NotFound)
}

async fn picture_of(staff: &Staff, shift_no: &ShiftNo) -> Result<ShiftPicture, StaffFailure> {
    shift_picture(&staff.gateway, shift_no).await?.ok_or(StaffFailure::NotFound)
}

/// A shift that is one's own, or that one may close for somebody.
async fn workable(staff: &Staff, number: &str) -> Result<ShiftPicture, StaffFailure> {
    let picture = picture_of(staff, &number_of(number)?).await?;
    if picture.shift.cashier == staff.me.staff_no || staff.may(Right::TakeOverShift) {
        Ok(picture)
    } else {
        Err(StaffFailure::NotFound)
    }
}

/// What was typed so far.
#[derive(Clone, Debug, Default)]
struct Typed {
    pieces: Vec<String>,
    count_trouble: Option<Both>,
    reason: Option<String>,
    note: String,
    reason_trouble: Option<Both>,
    receiver: Option<String>,
    word: String,
    word_trouble: Option<Both>,
    /// What is wrong with a countersignature, or with sending it back.
    second_trouble: Option<Both>,
    trouble: Option<Both>,
}

impl Typed {
    fn of(form: &Form) -> Self {
        let line = |name: &str| {
            let text = form.value(name).unwrap_or_default();
            text.split_whitespace().collect::<Vec<_>>().join(" ")
        };
        Self {
            reason: form.value("reason").map(str::to_owned),
            note: line("note"),
            receiver: form.value("receiver").map(str::to_owned).filter(|receiver| !receiver.is_empty()),
            word: line("word"),
            ..Self::default()
        }
    }
}

async fn page(staff: &Staff, picture: &ShiftPicture, typed: Typed) -> Result<ShiftPage, StaffFailure> {
    let shift = &picture.shift;
    let own = shift.cashier == staff.me.staff_no;
    let who = named(staff, &staff_actor(&shift.cashier)).await;
    let since = staff.moment(shift.opened_at).full();
    let number = &shift.shift_no;
    let place = if shift.place.is_empty() { String::new() } else { format!(" · {}", shift.place) };
    let unknown = picture.unknown().next().is_some();
    let count = view::till_count(picture);
    let asked = view::asked(staff, picture, typed.second_trouble).await?;
    // Who closes a till that is too far over or short for one person asks for it, unless they are the second one already.
    let asks = picture.needs_second() && !picture.can_countersign(&staff.me.staff_no);
    let why_not = if count.is_none() {
        Some(Both::new("先数现金并核对，再结班", "Count the till first"))
    } else if unknown && !staff.may(Right::CloseShiftOverUnknown) {
        Some(Both::new(
            "有还没有结果的笔：先办完，或请收费组长放行",
            "Something is undecided: finish it, or have a cashier lead let it go",
        ))
    } else {
        None
    };
    let word_for = match (own, unknown) {
        (true, false) => None,
        (true, true) => Some(Both::new("有未知的笔仍结班的理由", "Why it is closed over what is undecided")),
        (false, false) => Some(Both::new("代结班的理由", "Why you close it for somebody else")),
        (false, true) => Some(Both::new(
            "代结班并放行未知的笔的理由",
            "Why you close it for somebody else, over what is undecided",
        )),
    };
    Ok(ShiftPage {
        number: number.to_string(),
        of: (!own).then(|| who.clone()),
        state: view::standing(shift, Some(picture)),
        lead: Both::new(
            format!("{since} 开班 · {who}{place} · 班次 {number}"),
            format!("open since {since} · {who}{place} · shift {number}"),
        ),
        matrix: view::matrix(staff, picture)?,
        books: view::books(picture)?,
        elsewhere: view::elsewhere(picture),
        faces: view::faces(shift.state.count(), &typed.pieces),
        count_trouble: typed.count_trouble,
        till: view::till_lines(picture)?,
        count,
        reasons: view::reasons(typed.reason.as_deref()),
        note: typed.note,
        reason_trouble: typed.reason_trouble,
        checks: view::checks(picture)?,
        receivers: view::receivers(staff, &shift.cashier, typed.receiver.as_deref()).await?,
        word_for,
        word: typed.word,
        word_trouble: typed.word_trouble,
        trouble: typed.trouble,
        seen: picture.seen(),
        why_not,
        asks: (asks && asked.is_none()).then(|| view::asks(picture)),
        asked,
    })
}

/// A shift by its number: its page while it is open, its sheet after that.
pub(in crate::internal) async fn show(staff: Staff, number: web::Path<String>) -> StaffAnswer {
    let picture = workable(&staff, &number).await?;
    if !picture.shift.state.is_open() {
        return Ok(staff.go(&format!("/shift/{}/sheet", picture.shift.shift_no)));
    }
    Ok(staff.page(&page(&staff, &picture, Typed::default()).await?))
}

/// Where a person works on a shift.
fn path(staff: &Staff, shift: &ShiftRecord) -> String {
    if shift.cashier == staff.me.staff_no { "/shift".into() } else { format!("/shift/{}", shift.shift_no) }
}

/// 数现金.
pub(in crate::internal) async fn count(
    staff: Staff,
    number: web::Path<String>,
    body: web::Bytes,
) -> StaffAnswer {
    let form = staff.form(&body)?;
    let picture = workable(&staff, &number).await?;
    let typed: Vec<String> = FACES
        .iter()
        .map(|face| form.value(&format!("d{face}")).unwrap_or_default().trim().to_owned())
        .collect();
    let Some(counted) = read_count(&typed) else {
        let trouble = Both::new(
            "张数须为 0 到 99999 的整数，没有的留空",
            "Pieces are whole numbers from 0 to 99999; leave out what is not there",
        );
        let typed = Typed { pieces: typed, count_trouble: Some(trouble), ..Typed::default() };
        return Ok(staff.page_as(StatusCode::BAD_REQUEST, &page(&staff, &picture, typed).await?));
    };
    let takes_over = staff.may(Right::TakeOverShift);
    let shift_no = &picture.shift.shift_no;
    match count_shift(&staff.gateway, shift_no, counted, &staff.me.staff_no, takes_over).await {
        Ok(shift) => Ok(staff.go(&path(&staff, &shift))),
        Err(CountRefused::NotFound | CountRefused::NotYours) => Err(StaffFailure::NotFound),
        Err(CountRefused::Closed(shift)) => closed_already(&staff, &shift).await,
        Err(CountRefused::Trouble(trouble)) => Err(trouble.into()),
    }
}

/// Nothing typed is none.
fn read_count(typed: &[String]) -> Option<CashCount> {
    let mut pieces = [0; FACES.len()];
    for (to, typed) in pieces.iter_mut().zip(typed) {
        let digits = typed.len() <= 5 && typed.bytes().all(|byte| byte.is_ascii_digit());
        *to = match typed.as_str() {
            "" => 0,
            _ if digits => typed.parse().ok()?,
            _ => return None,
        };
    }
    CashCount::new(pieces)
}

/// Somebody was first: who, and when.
async fn closed_already(staff: &Staff, shift: &ShiftRecord) -> StaffAnswer {
    let (by, at) = match &shift.closing {
        Some(closing) => (named(staff, &closing.by).await, super::when(staff, closing.at)),
        None => Default::default(),
    };
    let said = State::new(
        Face::Info,
        format!("{by} 已于 {at} 结了这个班，没有重复结班"),
        format!("{by} closed this shift at {at}; nothing was done twice"),
    );
    Ok(staff.say_and_go(&format!("/shift/{}/sheet", shift.shift_no), &said))
}

/// 结班.
pub(in crate::internal) async fn close(
    staff: Staff,
    number: web::Path<String>,
    body: web::Bytes,
) -> StaffAnswer {
    let form = staff.form(&body)?;
    let picture = workable(&staff, &number).await?;
    let typed = Typed::of(&form);
    let order = CloseShift {
        shift_no: picture.shift.shift_no.clone(),
        seen: form.value("seen").unwrap_or_default().to_owned(),
        reason: typed
            .reason
            .as_deref()
            .and_then(DifferenceReason::parse)
            .map(|reason| (reason, typed.note.clone())),
        receiver: typed.receiver.clone(),
        let_go: Some(typed.word.clone()).filter(|word| !word.is_empty()),
        by: staff.me.staff_no.clone(),
        takes_over: staff.may(Right::TakeOverShift),
        over_unknown: staff.may(Right::CloseShiftOverUnknown),
    };
    let refused = match close_shift(&staff.gateway, order).await {
        Ok(shift) if shift.state.is_open() => return asked_now(&staff, &shift),
        Ok(shift) => return closed_now(&staff, &shift),
        Err(refused) => refused,
    };
    refused_to_close(&staff, &number, refused, typed).await
}

fn asked_now(staff: &Staff, shift: &ShiftRecord) -> StaffAnswer {
    let said = State::new(
        Face::Info,
        "差额已送组长会签，会签后才结班；请不要离开，也不要再收钱",
        "A lead was asked to countersign; the shift is open until then. Take no more money meanwhile",
    );
    Ok(staff.say_and_go(&path(staff, shift), &said))
}

fn closed_now(staff: &Staff, shift: &ShiftRecord) -> StaffAnswer {
    let handed_in = shift.closing.as_ref().map_or(Fen::ZERO, |closing| closing.handed_in);
    let much = view::size(handed_in);
    let said = if handed_in < Fen::ZERO {
        State::new(
            Face::Ok,
            format!("已结班，补备用金 {much}；请打印交接单"),
            format!("The shift is closed, the float is filled up by {much}; print the sheet"),
        )
    } else {
        State::new(
            Face::Ok,
            format!("已结班，上缴现金 {much}；请打印交接单，连同现金交接"),
            format!("The shift is closed, {much} are handed in; print the sheet and give it with the cash"),
        )
    };
    Ok(staff.say_and_go(&format!("/shift/{}/sheet", shift.shift_no), &said))
}

/// The page again, with what was typed and why nothing was done.
async fn refused_to_close(staff: &Staff, number: &str, refused: CloseRefused, typed: Typed) -> StaffAnswer {
    let typed = match refused {
        CloseRefused::NotFound | CloseRefused::NotYours => return Err(StaffFailure::NotFound),
        CloseRefused::Closed(shift) => return closed_already(staff, &shift).await,
        CloseRefused::Asked(shift) => {
            let said = State::new(
                Face::Info,
                "已经送组长会签，没有重复送",
                "A lead was asked already; nothing was done twice",
            );
            return Ok(staff.say_and_go(&path(staff, &shift), &said));
        }
        CloseRefused::NotAsked => Typed {
            trouble: Some(Both::new(
                "已经没有等会签的结班：又收退过、重数过，或已退回、撤回；没有结班",
                "Nothing waits for a countersignature: money moved, it was counted again, or sent back. The shift is open",
            )),
            ..typed
        },
        CloseRefused::SamePerson => Typed {
            second_trouble: Some(Both::new(
                "收钱的人和数钱的人不能会签，须由另一位组长会签",
                "Whoever took or counted the money does not countersign: another lead has to",
            )),
            ..typed
        },
        CloseRefused::Trouble(trouble) => return Err(trouble.into()),
        CloseRefused::NotCounted => Typed {
            trouble: Some(Both::new(
                "清点之后又有收退，没有结班；请重新数现金",
                "Money moved after the count; the shift is open. Count again",
            )),
            ..typed
        },
        CloseRefused::Changed => Typed {
            trouble: Some(Both::new(
                "您看的时候数字变了，没有结班；下面是现在的，请再看一遍",
                "Something moved while you read; the shift is open. This is how it is now",
            )),
            ..typed
        },
        CloseRefused::NoReason => Typed {
            reason_trouble: Some(Both::new(
                "现金有差额：请写明原因，2 到 120 个字",
                "The till is over or short: say why, in 2 to 120 characters",
            )),
            ..typed
        },
        CloseRefused::Unknown => Typed {
            trouble: Some(Both::new(
                "还有没有结果的笔，须收费组长放行；没有结班",
                "Something is undecided; a cashier lead has to let it go. The shift is open",
            )),
            ..typed
        },
        // Said beside the countersignature already.
        CloseRefused::NoWord if typed.second_trouble.is_some() => typed,
        CloseRefused::NoWord => Typed {
            word_trouble: Some(Both::new("请写明理由，2 到 120 个字", "Say why, in 2 to 120 characters")),
            ..typed
        },
    };
    let picture = workable(staff, number).await?;
    if !picture.shift.state.is_open() {
        return closed_already(staff, &picture.shift).await;
    }
    Ok(staff.page_as(StatusCode::CONFLICT, &page(staff, &picture, typed).await?))
}

/// 会签并结班.
pub(in crate::internal) async fn countersign(
    staff: Staff,
    number: web::Path<String>,
    body: web::Bytes,
) -> StaffAnswer {
    let form = staff.form(&body)?;
    let picture = workable(&staff, &number).await?;
    let typed = Typed::of(&form);
    let word = Some(typed.word.clone());
    let seen = form.value("seen").unwrap_or_default();
    let over_unknown = staff.may(Right::CloseShiftOverUnknown);
    let (shift_no, by) = (&picture.shift.shift_no, &staff.me.staff_no);
    match countersign_shift(&staff.gateway, shift_no, seen, word, by, over_unknown).await {
        Ok(shift) => closed_now(&staff, &shift),
        Err(refused @ CloseRefused::NoWord) => {
            let words = Both::new("请写明理由，2 到 120 个字", "Say why, in 2 to 120 characters");
            refused_to_close(&staff, &number, refused, Typed { second_trouble: Some(words), ..typed }).await
        }
        Err(refused) => refused_to_close(&staff, &number, refused, typed).await,
    }
}

/// 退回重数, or 撤回会签 of one's own.
pub(in crate::internal) async fn send_back(
    staff: Staff,
    number: web::Path<String>,
    body: web::Bytes,
) -> StaffAnswer {
    let form = staff.form(&body)?;
    let picture = workable(&staff, &number).await?;
    let why = form.value("why").unwrap_or_default().split_whitespace().collect::<Vec<_>>().join(" ");
    let countersigns = staff.may(Right::CountersignShift);
    let (shift_no, by) = (&picture.shift.shift_no, &staff.me.staff_no);
    match send_back_shift(&staff.gateway, shift_no, &why, by, countersigns).await {
        Ok(shift) => {
            let said = if why.is_empty() {
                State::new(Face::Info, "已撤回，没有结班", "Taken back; the shift is open")
            } else {
                State::new(Face::Info, "已退回，没有结班", "Sent back; the shift is open")
            };
            Ok(staff.say_and_go(&path(&staff, &shift), &said))
        }
        Err(refused @ CloseRefused::NoWord) => {
            let words = Both::new(
                "退回时请写明理由，2 到 120 个字",
                "Say why you send it back, in 2 to 120 characters",
            );
            let typed = Typed { second_trouble: Some(words), ..Typed::default() };
            refused_to_close(&staff, &number, refused, typed).await
        }
        Err(refused) => refused_to_close(&staff, &number, refused, Typed::default()).await,
    }
}

/// 差额核查.
pub(in crate::internal) async fn look_into(
    staff: Staff,
    number: web::Path<String>,
    body: web::Bytes,
) -> StaffAnswer {
    let form = staff.form(&body)?;
    let shift_no = number_of(&number)?;
    let note = form.value("note").unwrap_or_default().split_whitespace().collect::<Vec<_>>().join(" ");
    let page = format!("/shifts/{shift_no}");
    match look_into_shift(&staff.gateway, &shift_no, &note, &staff.me.staff_no).await {
        Ok(()) => {
            let said = State::new(Face::Ok, "核查结果已记下", "What was found is written down");
            Ok(staff.say_and_go(&page, &said))
        }
        Err(LookRefused::Before) => {
            let said =
                State::new(Face::Info, "已有人核查过，没有重复记录", "Somebody has looked into it before");
            Ok(staff.say_and_go(&page, &said))
        }
        Err(LookRefused::NoWord) => {
            let picture = picture_of(&staff, &shift_no).await?;
            let mut view = sheet_view(&staff, &picture, "/shifts".to_owned(), None).await?;
            view.look_trouble = Some(Both::new(
                "请写明核查结果，2 到 120 个字",
                "Say what was found, in 2 to 120 characters",
            ));
            Ok(staff.page_as(StatusCode::BAD_REQUEST, &view))
        }
        Err(LookRefused::NotFound) => Err(StaffFailure::NotFound),
        Err(LookRefused::Trouble(trouble)) => Err(trouble.into()),
    }
}

/// 交接单, one's own or of a shift that one may receive.
pub(in crate::internal) async fn sheet(staff: Staff, number: web::Path<String>) -> StaffAnswer {
    let picture = workable(&staff, &number).await?;
    let back = if picture.shift.state.is_open() { path(&staff, &picture.shift) } else { "/shift".to_owned() };
    Ok(staff.page(&sheet_view(&staff, &picture, back, None).await?))
}

/// 打印交接单: counted, and marked as the voucher that it is.
pub(in crate::internal) async fn print(
    staff: Staff,
    number: web::Path<String>,
    body: web::Bytes,
) -> StaffAnswer {
    staff.form(&body)?;
    let picture = workable(&staff, &number).await?;
    match print_sheet(&staff.gateway, &picture.shift.shift_no, &staff.me.staff_no).await? {
        Some((picture, marks)) => {
            let back = format!("/shift/{}/sheet", picture.shift.shift_no);
            Ok(staff.page(&sheet_view(&staff, &picture, back, Some(marks)).await?))
        }
        None => {
            let said = State::new(
                Face::Warn,
                "还没有结班，没有交接单可打印",
                "The shift is open: there is no sheet to print",
            );
            Ok(staff.say_and_go(&path(&staff, &picture.shift), &said))
        }
    }
}

/// 交接单, for whoever may read shifts of others.
pub(in crate::internal) async fn read_sheet(staff: Staff, number: web::Path<String>) -> StaffAnswer {
    let picture = picture_of(&staff, &number_of(&number)?).await?;
    if picture.shift.state.is_open() && staff.may(Right::TakeOverShift) {
        return Ok(staff.go(&format!("/shift/{}", picture.shift.shift_no)));
    }
    Ok(staff.page(&sheet_view(&staff, &picture, "/shifts".to_owned(), None).await?))
}

/// `print`: it is one that was counted, otherwise a look at the screen.
async fn sheet_view(
    staff: &Staff,
    picture: &ShiftPicture,
    back: String,
    print: Option<SheetMarks>,
) -> Result<ShiftSheet, StaffFailure> {
    let shift = &picture.shift;
    let hospital = |language| hospital_frame(&staff.gateway.settings.hospital, language).hospital_name;
    let place = if shift.place.is_empty() { String::new() } else { format!(" · {}", shift.place) };
    let from = staff.moment(shift.opened_at).full();
    let closing = shift.closing.as_ref();
    let until = closing.map_or_else(|| staff.gateway.now(), |closing| closing.at);
    let until = staff.moment(until).full();
    let cashier = named(staff, &staff_actor(&shift.cashier)).await;
    let taken: i64 = picture.sums.iter().filter(|sum| sum.group != REFUND).map(|sum| sum.number).sum();
    let receiver = match (&shift.received, closing.and_then(|closing| closing.receiver.as_ref())) {
        (Some((by, at)), _) => format!("{} {}", named(staff, by).await, super::when(staff, *at)),
        (None, Some(number)) => named(staff, &staff_actor(number)).await,
        (None, None) => String::new(),
    };
    let handed_in = picture.balance.map_or(Fen::ZERO, |balance| balance.handed_in);
    let sizes = view::size(handed_in);
    let below = handed_in < Fen::ZERO;
    let now = staff.moment(staff.gateway.now()).full();
    let marks = match &print {
        Some(marks) => marks.clone(),
        None => sheet_marks(&staff.gateway, &shift.shift_no).await?,
    };
    let own = shift.cashier == staff.me.staff_no;
    Ok(ShiftSheet {
        number: shift.shift_no.to_string(),
        back,
        place: Both::new(
            format!("{}{place}", hospital(Language::ZhCn)),
            format!("{}{place}", hospital(Language::En)),
        ),
        span: Both::new(format!("{from} 至 {until}"), format!("{from} to {until}")),
        closed: closing.is_some(),
        state: match closing {
            Some(_) => view::standing(shift, None),
            None => State::new(Face::Info, "预览，尚未结班", "a preview; the shift is open"),
        },
        matrix: view::matrix(staff, picture)?,
        faces: view::faces(shift.state.count(), &[]),
        counted_yuan: picture.balance.map_or_else(|| "—".to_owned(), |balance| words::yuan(balance.counted)),
        cash: cash_sentence(picture)?,
        handed_in_yuan: if below { format!("−{sizes}") } else { sizes },
        handed_in_capitals: capitals(handed_in.get()),
        float_yuan: view::size(shift.float),
        booked: Both::new(
            format!("本班收款 {taken} 笔，HIS 已入账 {} 笔。", picture.booked()),
            format!("{taken} payments in this shift, {} booked at HIS.", picture.booked()),
        ),
        receipts: {
            let (what, question) = (view::receipts(picture), view::receipt_question(picture));
            match question {
                Some(question) => Both::new(
                    format!("{}。{}。", what.zh, question.zh),
                    format!("{}. {}.", what.en, question.en),
                ),
                None if picture.receipts.number == 0 => {
                    Both::new(format!("{}。", what.zh), format!("{}.", what.en))
                }
                None => Both::new(
                    format!("{}，没有缺号、重号。", what.zh),
                    format!("{}; none is missing or there twice.", what.en),
                ),
            }
        },
        open: picture.open.iter().map(view::open_sentence).collect(),
        let_go: closing.and_then(|closing| closing.let_go.clone()),
        from: cashier,
        to: receiver,
        printed: match &print {
            Some(marks) => {
                let (nth, me) = (marks.prints, &staff.me.name);
                Both::new(format!("第 {nth} 次打印，{now}，{me}"), format!("print {nth}, {now}, {me}"))
            }
            None => Both::new("屏幕查看，不作交接凭证", "looked at on a screen; no voucher"),
        },
        serial: print.as_ref().map(|marks| format!("{}/{}", shift.shift_no, marks.prints)),
        again: print.as_ref().filter(|marks| marks.prints > 1).map(|marks| marks.prints),
        anchor: marks.anchor.as_ref().map(ToString::to_string).unwrap_or_default(),
        prints: marks.prints,
        may_print: closing.is_some() && (own || staff.may(Right::TakeOverShift)),
        receives: closing.is_some() && shift.received.is_none() && !own && staff.may(Right::TakeOverShift),
        countersigned: match closing.and_then(|closing| closing.countersigned_by.as_ref()) {
            Some(by) => {
                let (by, alone) = (named(staff, by).await, words::yuan(picture.alone.unwrap_or(Fen::ZERO)));
                Some(Both::new(
                    format!("差额超过 {alone}，由 {by} 会签。"),
                    format!("More than {alone}: countersigned by {by}."),
                ))
            }
            None => None,
        },
        looked_into: match &shift.looked_into {
            Some(found) => {
                let (by, at) = (named(staff, &found.by).await, super::when(staff, found.at));
                let note = &found.note;
                Some(Both::new(
                    format!("{by} {at} 核查：{note}"),
                    format!("{by} looked into it at {at}: {note}"),
                ))
            }
            None => None,
        },
        looks_into: shift.looked_into.is_none()
            && closing.is_some_and(|closing| closing.countersigned_by.is_some())
            && staff.may(Right::WorkOnDifferences),
        look_trouble: None,
    })
}

/// What should be there, what is, and why they differ.
fn cash_sentence(picture: &ShiftPicture) -> Result<Both, StaffFailure> {
    let ((_, taken), (_, back)) = (picture.taken(Method::Cash)?, picture.back(Method::Cash)?);
    let net = taken.minus(back).map_err(Trouble::from)?;
    let expected = picture.shift.float.plus(net).map_err(Trouble::from)?;
    let (float, net, expected) = (words::yuan(picture.shift.float), words::yuan(net), words::yuan(expected));
    let mut zh = format!("备用金 {float}，现金净收 {net}，应有 {expected}");
    let mut en = format!("Float {float} and {net} net in cash make {expected}");
    let Some(balance) = picture.balance else {
        return Ok(Both::new(format!("{zh}；尚未清点。"), format!("{en}; not counted yet.")));
    };
    let counted = words::yuan(balance.counted);
    zh.push_str(&format!("；清点 {counted}，"));
    en.push_str(&format!("; {counted} were counted, "));
    if balance.difference == Fen::ZERO {
        return Ok(Both::new(format!("{zh}账款相符。"), format!("{en}the till agrees.")));
    }
    let apart = view::apart(balance.difference);
    zh.push_str(&format!("{}。", apart.zh));
    en.push_str(&format!("{}.", apart.en));
    if let Some((reason, note)) = picture.shift.closing.as_ref().and_then(|closing| closing.reason.as_ref()) {
        let word = view::reason_word(*reason);
        zh.push_str(&format!("原因：{}。{note}", word.zh));
        en.push_str(&format!(" Reason: {}. {note}", word.en));
    }
    Ok(Both::new(zh, en))
}

/// 签收现金.
pub(in crate::internal) async fn receive(
    staff: Staff,
    number: web::Path<String>,
    body: web::Bytes,
) -> StaffAnswer {
    staff.form(&body)?;
    let shift_no = number_of(&number)?;
    let page = format!("/shift/{shift_no}/sheet");
    let said = match receive_cash(&staff.gateway, &shift_no, &staff.me.staff_no).await {
        Ok(_) => State::new(Face::Ok, "已签收现金", "The cash is received"),
        Err(CountRefused::NotYours) => {
            State::new(Face::Warn, "自己的现金须由另一位签收", "Another person has to receive your own cash")
        }
        Err(CountRefused::Closed(shift)) if shift.received.is_some() => {
            State::new(Face::Info, "已经签收过，没有重复记录", "It was received before")
        }
        Err(CountRefused::Closed(_)) => State::new(
            Face::Warn,
            "还没有结班，没有现金可签收",
            "The shift is open: there is no cash to receive",
        ),
        Err(CountRefused::NotFound) => return Err(StaffFailure::NotFound),
        Err(CountRefused::Trouble(trouble)) => return Err(trouble.into()),
    };
    Ok(staff.say_and_go(&page, &said))
}

/// 全部班次.
pub(in crate::internal) async fn everybody(staff: Staff) -> StaffAnswer {
    let before = staff.query("before").and_then(|mark| read_mark(&mark));
    let mut shifts = staff.gateway.store.latest_shifts(before.as_ref(), PAGE + 1).await?;
    let more = i64::try_from(shifts.len()).unwrap_or_default() > PAGE;
    shifts.truncate(usize::try_from(PAGE).unwrap_or_default());
    let last = shifts.last().map(|shift| (shift.opened_at, shift.shift_no.to_string()));
    let mut rows = Vec::new();
    for shift in &shifts {
        let mut row = view::row(&staff, shift, false).await;
        if !shift.state.is_open() && staff.may(Right::CloseShift) {
            row.href = format!("/shift/{}/sheet", shift.shift_no);
        }
        rows.push(row);
    }
    let view = ShiftStart {
        opens: false,
        float: String::new(),
        trouble: None,
        everybody: true,
        sees_all: true,
        rows,
        older: last.filter(|_| more).map(|last| format!("/shifts?before={}", page_mark(&last))),
        newest: before.map(|_| "/shifts".to_owned()),
    };
    Ok(staff.page(&view))
}
