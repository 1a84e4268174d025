//! 窗口收款: slips are looked up and chosen, then held, then a cashier says that the money is there.

use super::{encoded, words};
use crate::Gateway;
use crate::http::form::Form;
use crate::http::staff::{Staff, StaffAnswer, StaffFailure};
use crate::service::window::{
    LookUp, TakeRefused, TakeSlips, TakenMoney, WindowOrder, WindowSlips as Owed, drop_order, look_up,
    open_order, patient_of_bill, slips_of_card, slips_to_take, take_money, window_channel, window_order,
};
use crate::service::{NotOwed, OpenError, Trouble};
use actix_web::http::StatusCode;
use actix_web::web;
use mingfen_domain::ids::{OutTradeNo, SlipNo};
use mingfen_domain::payment::State as PaymentState;
use mingfen_domain::person::Patient;
use mingfen_domain::split::Split;
use mingfen_domain::window::{Method, PosSlip, change};
use mingfen_domain::{Fen, ambient};
use mingfen_pages::staff::cashier::{CounterWay, OwedSlip, WindowSlips, WindowTill};
use mingfen_pages::staff::{Both, Face, State};
use mingfen_vault::{mask, text_box};
use serde::{Deserialize, Serialize};

const SNAPSHOT: &str = "window-slips";

/// What a page showed, sealed into its form: nobody else's slips can be put there, and no other sums.
#[derive(Serialize, Deserialize)]
struct Snapshot {
    card_no: String,
    name: String,
    phone: Option<String>,
    id_no: Option<String>,
    /// Number, pooled fund, personal account, own part.
    slips: Vec<(String, i64, i64, i64)>,
}

impl Snapshot {
    fn of(owed: &Owed) -> Self {
        let patient = &owed.patient;
        Self {
            card_no: patient.card_no.clone(),
            name: patient.name.clone(),
            phone: patient.phone.clone(),
            id_no: patient.id_no.clone(),
            slips: owed
                .slips
                .iter()
                .map(|one| {
                    let split = one.slip.split;
                    (
                        one.slip.slip_no.to_string(),
                        split.pooled_fund().get(),
                        split.personal_account().get(),
                        split.self_pay().get(),
                    )
                })
                .collect(),
        }
    }

    fn seal(&self, gateway: &Gateway) -> String {
        let plain = serde_json::to_vec(self).unwrap_or_default();
        text_box::seal(&gateway.keyring, SNAPSHOT, &plain, gateway.random.as_ref())
    }

    fn open(gateway: &Gateway, text: &str) -> Option<Self> {
        serde_json::from_slice(&text_box::open(&gateway.keyring, SNAPSHOT, text).ok()?).ok()
    }

    /// The chosen slips and their sum, as they were shown.
    fn chosen(&self, form: &Form) -> Option<(Vec<SlipNo>, Split)> {
        let mut numbers = Vec::new();
        let mut sum = Split::none();
        for text in form.values("slip") {
            let (slip_no, pooled, account, own) = self.slips.get(text.parse::<usize>().ok()?)?;
            let slip_no = SlipNo::parse(slip_no.as_str()).ok()?;
            if numbers.contains(&slip_no) {
                continue;
            }
            let (pooled, account, own) = (Fen::new(*pooled), Fen::new(*account), Fen::new(*own));
            let total = Fen::sum([pooled, account, own]).ok()?;
            sum = sum.plus(Split::new(pooled, account, own, total).ok()?).ok()?;
            numbers.push(slip_no);
        }
        Some((numbers, sum))
    }
}

fn ways(gateway: &Gateway) -> Vec<CounterWay> {
    Method::ALL
        .into_iter()
        .filter(|method| window_channel(gateway, *method).is_some())
        .map(|method| CounterWay {
            key: method.as_str(),
            word: match method {
                Method::Cash => Both::new("收现金", "Take cash"),
                Method::Pos => Both::new("刷卡 POS", "Card (POS)"),
            },
            cash: method == Method::Cash,
        })
        .collect()
}

fn key(gateway: &Gateway) -> String {
    ambient::random_text(gateway.random.as_ref(), ambient::UPPER_ALPHANUMERIC, 24)
}

async fn empty(staff: &Staff) -> Result<WindowSlips, StaffFailure> {
    Ok(WindowSlips {
        asked: String::new(),
        who: None,
        slips: Vec::new(),
        snapshot: String::new(),
        key: key(&staff.gateway),
        ways: ways(&staff.gateway),
        shift_open: staff.gateway.store.open_shift_of(&staff.me.staff_no).await?.is_some(),
        trouble: None,
        changed: None,
    })
}

async fn page_of(staff: &Staff, owed: &Owed, chosen: Option<&[SlipNo]>) -> Result<WindowSlips, StaffFailure> {
    let mut slips = Vec::new();
    for one in &owed.slips {
        let taken = match &one.claimed {
            Some(claimed) => {
                let state = if claimed.paid {
                    State::new(Face::Ok, "已付，待 HIS 入账", "paid; HIS is being told")
                } else if claimed.at_window.is_some() {
                    State::new(Face::Info, "正在窗口收", "at a window")
                } else {
                    State::new(Face::Info, "手机上正在付", "being paid by phone")
                };
                Some((state, Some(format!("/orders/{}", claimed.bill_no))))
            }
            None => None,
        };
        let open = one.claimed.as_ref().is_none_or(|claimed| !claimed.paid);
        let (zh, en) = words::kind(one.slip.kind);
        slips.push(OwedSlip {
            slip_no: one.slip.slip_no.to_string(),
            title: one.slip.title.clone(),
            what: Both::new(
                format!("{zh} · {}", one.slip.department),
                format!("{en} · {}", one.slip.department),
            ),
            total_yuan: words::yuan(one.slip.split.total()),
            own_yuan: words::yuan(one.slip.split.self_pay()),
            chosen: match chosen {
                Some(chosen) => open && chosen.contains(&one.slip.slip_no),
                // What somebody is paying elsewhere is the cashier's to choose.
                None => one.claimed.is_none(),
            },
            together: one.slip.pay_together,
            taken,
            open,
        });
    }
    Ok(WindowSlips {
        who: Some((mask::name(&owed.patient.name), format!("****{}", mask::card(&owed.patient.card_no)))),
        slips,
        snapshot: Snapshot::of(owed).seal(&staff.gateway),
        ..empty(staff).await?
    })
}

/// 窗口收款: whose slips, and which.
pub(in crate::internal) async fn show(staff: Staff) -> StaffAnswer {
    let asked = staff.query("q").unwrap_or_default().trim().to_owned();
    if asked.is_empty() {
        return Ok(staff.page(&empty(&staff).await?));
    }
    let found = match look_up(&staff.gateway, &asked, &staff.actor()).await? {
        LookUp::Found(owed) => return Ok(staff.page(&page_of(&staff, &owed, None).await?)),
        found => found,
    };
    let shown = asked.len() <= 40 && !asked.contains("://");
    let view = WindowSlips {
        trouble: Some(not_found(&found)),
        asked: if shown { asked } else { String::new() },
        ..empty(&staff).await?
    };
    Ok(staff.page_as(StatusCode::NOT_FOUND, &view))
}

fn not_found(found: &LookUp) -> State {
    match found {
        LookUp::HisSilent => State::new(
            Face::Warn,
            "HIS 没有应答，查不到费用；没有收款，请稍后再试",
            "HIS does not answer; nothing was taken, try again",
        ),
        LookUp::Nobody | LookUp::Found(_) => State::new(
            Face::Warn,
            "没有找到：请扫缴费单二维码，或输入就诊卡号",
            "Nobody was found: scan the code of a slip, or type the card's number",
        ),
    }
}

/// 锁单: holds the chosen slips for this cashier.
pub(in crate::internal) async fn open(staff: Staff, body: web::Bytes) -> StaffAnswer {
    let form = staff.form(&body)?;
    let gateway = &staff.gateway;
    let snapshot =
        form.value("snapshot").and_then(|text| Snapshot::open(gateway, text)).ok_or(StaffFailure::Stale)?;
    let method = form.value("way").and_then(Method::parse).ok_or(StaffFailure::Stale)?;
    let (chosen, shown) = snapshot.chosen(&form).ok_or(StaffFailure::Stale)?;
    if chosen.is_empty() {
        let trouble = State::new(Face::Warn, "请勾选要收的缴费单", "Tick the slips that are paid now");
        return again(&staff, &snapshot, &chosen, trouble, StatusCode::BAD_REQUEST).await;
    }
    // What HIS wants paid together is ticked together.
    if let LookUp::Found(owed) = slips_of_card(gateway, &snapshot.card_no).await? {
        let (whole, _) = slips_to_take(&owed, &chosen)?;
        if whole.len() > chosen.len() {
            let numbers: Vec<SlipNo> = whole.into_iter().map(|slip| slip.slip_no).collect();
            let trouble = State::new(
                Face::Warn,
                "同次就诊的缴费单须一起缴，已替您勾上；请看清金额再收",
                "Slips of one visit are paid together: they are ticked now. Look at the sum once more",
            );
            return again(&staff, &snapshot, &numbers, trouble, StatusCode::CONFLICT).await;
        }
    }
    let wish = TakeSlips {
        patient: Patient {
            name: snapshot.name.clone(),
            card_no: snapshot.card_no.clone(),
            phone: snapshot.phone.clone(),
            id_no: snapshot.id_no.clone(),
        },
        slips: chosen.clone(),
        shown,
        method,
        key: form.value("key").unwrap_or_default().to_owned(),
        cashier: staff.me.staff_no.clone(),
    };
    let refused = match open_order(gateway, wish).await {
        Ok(order) => return Ok(staff.go(&format!("/window/{order}"))),
        Err(TakeRefused::Trouble(trouble) | TakeRefused::Open(OpenError::Trouble(trouble))) => {
            return Err(trouble.into());
        }
        Err(TakeRefused::BadKey) => return Err(StaffFailure::Stale),
        Err(refused) => refused,
    };
    if let TakeRefused::Open(OpenError::AmountChanged { now, slips }) = &refused {
        let numbers: Vec<SlipNo> = slips.iter().map(|slip| slip.slip_no.clone()).collect();
        let LookUp::Found(owed) = slips_of_card(gateway, &snapshot.card_no).await? else {
            return again(&staff, &snapshot, &numbers, not_found(&LookUp::HisSilent), StatusCode::CONFLICT)
                .await;
        };
        let view = WindowSlips {
            changed: Some((words::yuan(shown.self_pay()), words::yuan(now.self_pay()))),
            ..page_of(&staff, &owed, Some(&numbers)).await?
        };
        return Ok(staff.page_as(StatusCode::CONFLICT, &view));
    }
    let said = refusal(&staff, &refused).await;
    again(&staff, &snapshot, &chosen, said, StatusCode::CONFLICT).await
}

async fn again(
    staff: &Staff,
    snapshot: &Snapshot,
    chosen: &[SlipNo],
    trouble: State,
    status: StatusCode,
) -> StaffAnswer {
    let view = match slips_of_card(&staff.gateway, &snapshot.card_no).await? {
        LookUp::Found(owed) => {
            WindowSlips { trouble: Some(trouble), ..page_of(staff, &owed, Some(chosen)).await? }
        }
        found => WindowSlips { trouble: Some(not_found(&found)), ..empty(staff).await? },
    };
    Ok(staff.page_as(status, &view))
}

/// Why nothing is held, and what to do.
async fn refusal(staff: &Staff, refused: &TakeRefused) -> State {
    let warn = |zh: &str, en: &str| State::new(Face::Warn, zh, en);
    match refused {
        TakeRefused::NotSetUp => warn("没有配置这种收款方式", "This way of taking money is not set up"),
        TakeRefused::NoShift => {
            warn("您还没有开班，先登记备用金", "You have no open shift; write down your float first")
        }
        TakeRefused::Open(OpenError::AtWindow { cashier, order }) => {
            let who = super::orders::named(staff, &crate::service::staff_actor(cashier)).await;
            State::new(
                Face::Warn,
                format!("{who} 正在窗口收这张单（{order}），没有锁单"),
                format!("{who} takes the money for this slip at a window ({order}); nothing is held"),
            )
        }
        TakeRefused::Open(OpenError::AlreadyPaid { .. }) => {
            State::new(Face::Info, "这张单已经付过，不要再收", "It is paid already; do not take it again")
        }
        TakeRefused::Open(OpenError::InDoubt { .. }) => warn(
            "患者手机上的支付还不能确认关闭，暂时不能收；请稍后再试",
            "An order on the patient's phone may still be paid; try again in a moment",
        ),
        TakeRefused::Open(OpenError::NotOwed(NotOwed::Cancelled)) => {
            warn("HIS 已撤销这张单，不用收", "HIS has taken the slip back")
        }
        TakeRefused::Open(OpenError::NotOwed(_)) => {
            warn("HIS 已不再要求缴这张单，没有锁单", "HIS does not ask for it any more")
        }
        TakeRefused::Open(OpenError::NothingToCharge) => {
            warn("自付为零，不用收", "There is nothing for the patient to pay")
        }
        TakeRefused::Open(OpenError::OtherAtHis(why) | OpenError::Busy(why)) => State::new(
            Face::Warn,
            format!("HIS 没有锁住缴费单，没有收款，请再试一次（{why}）"),
            format!("HIS does not hold the slips; nothing was taken, try again ({why})"),
        ),
        _ => warn("没有锁单，请再试一次", "Nothing is held; try again"),
    }
}

fn order_no(text: &str) -> Result<OutTradeNo, StaffFailure> {
    OutTradeNo::parse(text).map_err(|_| StaffFailure::NotFound)
}

async fn own_order(staff: &Staff, text: &str) -> Result<WindowOrder, StaffFailure> {
    let there = window_order(&staff.gateway, &order_no(text)?).await?;
    there.filter(|there| there.order.cashier == staff.me.staff_no).ok_or(StaffFailure::NotFound)
}

#[derive(Default)]
struct Typed {
    tendered: String,
    terminal: String,
    reference: String,
    trouble: Option<Both>,
}

fn till_view(staff: &Staff, there: &WindowOrder, typed: Typed) -> WindowTill {
    let amount = there.payment.payment.amount;
    let tendered = Fen::from_yuan(&typed.tendered).ok();
    let back = tendered.and_then(|tendered| change(amount, tendered).ok().flatten());
    let over = match &there.payment.payment.state {
        PaymentState::Opening | PaymentState::Waiting { .. } => None,
        PaymentState::Closed(_) => {
            Some(State::new(Face::Warn, "已放开或超时，没有收款", "let go or out of time; nothing was taken"))
        }
        PaymentState::Paid(_) | PaymentState::Suspense { .. } => Some(State::new(Face::Ok, "已收", "taken")),
    };
    WindowTill {
        order_no: there.order.out_trade_no.to_string(),
        bill_href: format!("/orders/{}", there.bill.bill.bill_no),
        who: mask::name(&there.patient.name),
        amount_yuan: words::yuan(amount.fen()),
        cash: there.order.method == Method::Cash,
        slips: there.bill.slips.iter().map(|slip| (slip.title.clone(), words::yuan(slip.self_pay))).collect(),
        until: staff.moment(there.payment.payment.expires_at).clock(),
        change_yuan: back.map(words::yuan),
        tendered: typed.tendered,
        terminal: typed.terminal,
        reference: typed.reference,
        trouble: typed.trouble,
        over,
    }
}

/// 收银: the money of one order.
pub(in crate::internal) async fn till(staff: Staff, order: web::Path<String>) -> StaffAnswer {
    let there = own_order(&staff, &order).await?;
    if there.order.taken.is_some() {
        return Ok(staff.go(&format!("/orders/{}", there.bill.bill.bill_no)));
    }
    Ok(staff.page(&till_view(&staff, &there, Typed::default())))
}

/// 收银: reckons the change, writes the money down, or lets the slips go.
pub(in crate::internal) async fn settle(
    staff: Staff,
    order: web::Path<String>,
    body: web::Bytes,
) -> StaffAnswer {
    let form = staff.form(&body)?;
    let there = own_order(&staff, &order).await?;
    let value = |name: &str| form.value(name).unwrap_or_default().trim().to_owned();
    let typed = Typed {
        tendered: value("tendered").replace(',', ""),
        terminal: value("terminal"),
        reference: value("reference"),
        trouble: None,
    };
    match form.value("do") {
        Some("drop") => return dropped(&staff, &there).await,
        Some("take") => {}
        // Enter in a text field moves no money.
        _ => return Ok(staff.page(&till_view(&staff, &there, reckoned(&there, typed)))),
    }
    let money = match money_of(&there, &typed) {
        Ok(money) => money,
        Err(trouble) => {
            let view = till_view(&staff, &there, Typed { trouble: Some(trouble), ..typed });
            return Ok(staff.page_as(StatusCode::BAD_REQUEST, &view));
        }
    };
    let number = &there.order.out_trade_no;
    match take_money(&staff.gateway, number, &money, &staff.me.staff_no).await {
        Ok(state) => Ok(taken(&staff, &there, &money, &state)),
        Err(TakeRefused::Trouble(trouble)) => Err(trouble.into()),
        Err(TakeRefused::NotFound | TakeRefused::NotYours) => Err(StaffFailure::NotFound),
        Err(TakeRefused::Over) => {
            let there = own_order(&staff, &order).await?;
            Ok(staff.page_as(StatusCode::CONFLICT, &till_view(&staff, &there, typed)))
        }
        Err(refused) => {
            let trouble = match refused {
                TakeRefused::SlipUsed => words::slip_used(),
                TakeRefused::NoShift => Both::new(
                    "您的班次已结，没有记收款；请先开班",
                    "Your shift is closed; nothing was written down. Open another one first",
                ),
                TakeRefused::TooLittle => too_little(&there, &typed),
                _ => Both::new("没有记收款，请再试一次", "Nothing was written down; try again"),
            };
            let view = till_view(&staff, &there, Typed { trouble: Some(trouble), ..typed });
            Ok(staff.page_as(StatusCode::CONFLICT, &view))
        }
    }
}

fn too_little(there: &WindowOrder, typed: &Typed) -> Both {
    let tendered = Fen::from_yuan(&typed.tendered).unwrap_or(Fen::ZERO);
    let missing = there.payment.payment.amount.fen().minus(tendered).map(words::yuan).unwrap_or_default();
    Both::new(
        format!("实收少于应收，还差 {missing}，没有记收款"),
        format!("{missing} less than is owed; nothing was written down"),
    )
}

fn reckoned(there: &WindowOrder, typed: Typed) -> Typed {
    if there.order.method == Method::Pos {
        return typed;
    }
    let trouble = match money_of(there, &typed) {
        Ok(TakenMoney::Cash { tendered }) if tendered < there.payment.payment.amount.fen() => {
            Some(too_little(there, &typed))
        }
        Ok(_) => None,
        Err(trouble) => Some(trouble),
    };
    let tendered = if typed.tendered.is_empty() {
        there.payment.payment.amount.to_string()
    } else {
        typed.tendered.clone()
    };
    Typed { trouble, tendered, ..typed }
}

/// What was typed, exactly; nothing typed is the exact sum.
fn money_of(there: &WindowOrder, typed: &Typed) -> Result<TakenMoney, Both> {
    match there.order.method {
        Method::Cash if typed.tendered.is_empty() => {
            Ok(TakenMoney::Cash { tendered: there.payment.payment.amount.fen() })
        }
        Method::Cash => {
            Fen::from_yuan(&typed.tendered).map(|tendered| TakenMoney::Cash { tendered }).map_err(|_| {
                Both::new(
                    "请输入实收金额，例如 400.00；最多两位小数",
                    "Enter what was tendered, such as 400.00, two decimals at most",
                )
            })
        }
        Method::Pos => {
            PosSlip::parse(&typed.terminal, &typed.reference).map(TakenMoney::Pos).map_err(words::pos_slip)
        }
    }
}

fn taken(
    staff: &Staff,
    there: &WindowOrder,
    money: &TakenMoney,
    state: &PaymentState,
) -> actix_web::HttpResponse {
    let amount = there.payment.payment.amount;
    let yuan = words::yuan(amount.fen());
    let said = match (state, money) {
        (PaymentState::Paid(_), TakenMoney::Cash { tendered }) => {
            let back = change(amount, *tendered).ok().flatten().unwrap_or(Fen::ZERO);
            let back = words::yuan(back);
            State::new(
                Face::Ok,
                format!("已收现金 ¥{yuan}，找零 ¥{back}；正在告知 HIS，入账后可打印收据"),
                format!("¥{yuan} taken in cash, change ¥{back}; HIS is being told, the receipt follows"),
            )
        }
        (PaymentState::Paid(_), TakenMoney::Pos(_)) => State::new(
            Face::Ok,
            format!("已登记刷卡 ¥{yuan}；正在告知 HIS，入账后可打印收据"),
            format!("¥{yuan} taken by card; HIS is being told, the receipt follows"),
        ),
        (PaymentState::Suspense { .. }, _) => State::new(
            Face::Bad,
            format!("这张单已在别处付过：¥{yuan} 须当面退给患者，见退费动态"),
            format!("The slip was paid elsewhere: give ¥{yuan} back, see the refunds"),
        ),
        _ => State::new(Face::Info, format!("¥{yuan} 已登记"), format!("¥{yuan} is written down")),
    };
    staff.say_and_go(&format!("/orders/{}", there.bill.bill.bill_no), &said)
}

async fn dropped(staff: &Staff, there: &WindowOrder) -> StaffAnswer {
    match drop_order(&staff.gateway, &there.order.out_trade_no, &staff.me.staff_no).await {
        Ok(bill_no) => {
            let said = State::new(
                Face::Info,
                "已放开缴费单，没有收款；患者可以用手机付",
                "The slips are free again; nothing was taken, and a phone can pay them",
            );
            let to = match patient_of_bill(&staff.gateway, &bill_no).await? {
                Some(_) if !there.bill.slips.is_empty() => {
                    format!("/window?q={}", encoded(there.bill.slips[0].slip_no.as_str()))
                }
                _ => "/window".to_owned(),
            };
            Ok(staff.say_and_go(&to, &said))
        }
        Err(TakeRefused::Over) => Ok(staff.go(&format!("/orders/{}", there.bill.bill.bill_no))),
        Err(TakeRefused::Trouble(trouble)) => Err(trouble.into()),
        Err(TakeRefused::NotFound | TakeRefused::NotYours) => Err(StaffFailure::NotFound),
        Err(other) => {
            let why = other.to_string();
            Err(StaffFailure::Trouble(Trouble::Inconsistent(why)))
        }
    }
}
