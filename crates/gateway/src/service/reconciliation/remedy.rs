//! What a person orders for a difference. First a preview; the order carries the preview that was read, and is refused when it is not
//! what would be done any more. So what was shown is what happens.
//!
//! What if we die here? The order is in the transaction that does it, or, where money leaves through a channel, before it, under a
//! number that pays once. What if two people order at once? The difference is held; the second one is told. What if it is ordered
//! twice? Of what decides over money a difference has one.

use super::ask::{ask_channel, ask_channel_for_refund, ask_his, ask_his_for_refund};
use crate::Gateway;
use crate::service::attention::audit;
use crate::service::{RefundAsked, RefundRefused, RefundTarget, RefundWay, Trouble, request_refund};
use mingfen_domain::books::{Account, AccountsOfDifference, Entry, Reason, SidesOfDifference};
use mingfen_domain::difference::Remedy;
use mingfen_domain::ids::{BillNo, ChannelId, OutRefundNo, OutTradeNo, RemedyId, RunId};
use mingfen_domain::payment::State as PaymentState;
use mingfen_domain::refund::Origin;
use mingfen_domain::sides::{Kind, Side};
use mingfen_domain::write_back::State as WriteBackState;
use mingfen_domain::{Amount, Fen};
use mingfen_reconciliation::cause::{ChannelAnswer, HisAnswer, RefundAnswer};
use mingfen_store::{
    FindingRecord, RefundHisState, RemedyRecord, RemedyState, RunRecord, Standing, StoreError, TaskKind, Tx,
};
use sha2::{Digest, Sha256};

/// A person's wish.
#[derive(Clone, Debug)]
pub struct RemedyOrder {
    /// The run in which the difference was seen.
    pub run_id: RunId,
    /// Which difference.
    pub finding_key: String,
    /// What to do.
    pub remedy: Remedy,
    /// Why.
    pub reason: String,
    /// Who: a person's account.
    pub by: String,
}

/// What would be done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RemedyPreview {
    /// How much money is at stake.
    pub amount: Fen,
    /// A second person has to approve it.
    pub needs_second_person: bool,
    /// What happens, a sentence each: this and nothing else.
    pub effects: Vec<String>,
}

impl RemedyPreview {
    /// As it is kept and compared.
    pub fn text(&self) -> String {
        self.effects.join("\n")
    }

    /// What a form carries, to know at the order that this is what was read.
    pub fn fingerprint(&self) -> String {
        let read = format!("{}\n{}\n{}", self.amount.get(), self.needs_second_person, self.text());
        hex::encode(Sha256::digest(read))
    }
}

/// Why nothing is done.
#[derive(Debug, thiserror::Error)]
pub enum RemedyRefused {
    /// No such difference in that run.
    #[error("this run has no such difference")]
    NoFinding,
    /// No such order of a remedy.
    #[error("there is no remedy of that number")]
    NoRemedy,
    /// The run was superseded; the difference may look otherwise by now.
    #[error("version {0} of this day was superseded; look at the current one")]
    Superseded(i64),
    /// Nobody has to act any more.
    #[error("it is settled already: {0}")]
    Settled(&'static str),
    /// Not for this kind of difference.
    #[error("{} is not allowed for {}", .0.chinese(), .1)]
    NotAllowed(Remedy, &'static str),
    /// The facts forbid it.
    #[error("{0}")]
    Impossible(String),
    /// Somebody ordered something else for it.
    #[error("{} has ordered {} for it already ({})", .0.asked_by, .0.remedy.chinese(), .0.state.chinese())]
    Ordered(Box<RemedyRecord>),
    /// It is not what was shown.
    #[error("things have changed since the preview; read it again")]
    Changed(RemedyPreview),
    /// A reason is required.
    #[error("a reason of 1 to 200 characters is required")]
    NoReason,
    /// The second person must be another one.
    #[error("{0} ordered it; another person has to approve it")]
    SamePerson(String),
    /// It does not wait any more.
    #[error("it was {} by {} already", .0.state.chinese(), .0.decided_by.as_deref().unwrap_or("nobody"))]
    Decided(Box<RemedyRecord>),
    /// Nothing was done; try again.
    #[error(transparent)]
    Trouble(#[from] Trouble),
}

impl From<StoreError> for RemedyRefused {
    fn from(error: StoreError) -> Self {
        Self::Trouble(error.into())
    }
}

/// What a remedy does, as data: the preview is made of it, and it is carried out.
enum Act {
    /// Channel and HIS are asked; nothing moves but by what they answer.
    Ask,
    /// HIS is told of a bill now.
    WriteBack(BillNo),
    /// HIS is told of a refund now.
    WriteBackRefund(OutRefundNo),
    /// Money goes back through its channel.
    Refund(OutTradeNo, Amount),
    /// The books are corrected.
    Book(SidesOfDifference, AccountsOfDifference),
    /// What is in suspense is written off.
    FromSuspense(Fen),
    /// Only the decision is written down.
    Mark,
}

struct Plan {
    act: Act,
    preview: RemedyPreview,
    /// Of those a difference has one.
    settles: bool,
}

/// What an order would do. Nothing is changed, and nobody is asked.
///
/// # Errors
/// [`RemedyRefused`].
pub async fn preview_remedy(gateway: &Gateway, order: &RemedyOrder) -> Result<RemedyPreview, RemedyRefused> {
    let (_, finding) = find(gateway, order).await?;
    let orders = gateway.store.remedies_of(&order.finding_key).await?;
    Ok(plan(gateway, &finding, order.remedy, &orders).await?.preview)
}

/// What an order that waits would do now, for whoever decides over it.
///
/// # Errors
/// [`RemedyRefused`]: it cannot be carried out any more; why, it says.
pub async fn preview_waiting(
    gateway: &Gateway,
    record: &RemedyRecord,
) -> Result<RemedyPreview, RemedyRefused> {
    let (finding, _) =
        gateway.store.finding(&record.run_id, &record.finding_key).await?.ok_or(RemedyRefused::NoFinding)?;
    let orders = gateway.store.remedies_of(&record.finding_key).await?;
    let others: Vec<RemedyRecord> =
        orders.into_iter().filter(|other| other.remedy_id != record.remedy_id).collect();
    Ok(plan(gateway, &finding, record.remedy, &others).await?.preview)
}

/// Orders a remedy whose preview was read. It is carried out, or waits for a second person.
///
/// # Errors
/// [`RemedyRefused`]: nothing was done.
pub async fn order_remedy(
    gateway: &Gateway,
    order: &RemedyOrder,
    read: &RemedyPreview,
) -> Result<RemedyRecord, RemedyRefused> {
    let length = order.reason.chars().count();
    if length == 0 || length > 200 || order.reason.chars().any(char::is_control) {
        return Err(RemedyRefused::NoReason);
    }
    let (run, finding) = find(gateway, order).await?;
    let orders = gateway.store.remedies_of(&order.finding_key).await?;
    let plan = plan(gateway, &finding, order.remedy, &orders).await?;
    if plan.preview != *read {
        return Err(RemedyRefused::Changed(plan.preview));
    }
    let now = gateway.now();
    let mut record = RemedyRecord {
        remedy_id: RemedyId::fresh(now, gateway.random.as_ref()),
        finding_key: order.finding_key.clone(),
        run_id: run.run_id,
        day: run.day,
        order_no: finding.order_no.clone(),
        remedy: order.remedy,
        settles: plan.settles,
        amount: plan.preview.amount,
        reason: order.reason.clone(),
        preview: plan.preview.text(),
        state: RemedyState::Waiting,
        asked_by: order.by.clone(),
        asked_at: now,
        decided_by: None,
        decided_at: None,
        outcome: String::new(),
        version: 0,
    };
    let mut tx = gateway.store.begin().await?;
    tx.hold_finding(&order.finding_key).await?;
    let latest = tx.remedies_of(&order.finding_key).await?;
    if latest != orders {
        tx.rollback().await?;
        return Err(refused_by(&latest, order.remedy).unwrap_or(RemedyRefused::Changed(plan.preview)));
    }
    if plan.preview.needs_second_person {
        tx.insert_remedy(&record).await?;
        let detail = told(&record);
        audit(&mut tx, now, &order.by, "remedy.asked", record.remedy_id.as_str(), &detail).await?;
        tx.commit().await?;
        return Ok(record);
    }
    if plan.act.is_local() {
        record.state = RemedyState::Done;
        record.outcome = carry_out_here(gateway, &mut tx, &record, &plan.act).await?;
        tx.insert_remedy(&record).await?;
        audit(&mut tx, now, &order.by, "remedy.done", record.remedy_id.as_str(), &told(&record)).await?;
        tx.commit().await?;
        gateway.work.notify_one();
        return Ok(record);
    }
    tx.insert_remedy(&record).await?;
    audit(&mut tx, now, &order.by, "remedy.asked", record.remedy_id.as_str(), &told(&record)).await?;
    tx.commit().await?;
    carry_out_outside(gateway, record, &finding, &plan.act, None).await
}

/// The second person's word.
///
/// # Errors
/// [`RemedyRefused`]: it still waits.
pub async fn decide_remedy(
    gateway: &Gateway,
    remedy_id: &RemedyId,
    approve: bool,
    by: &str,
) -> Result<RemedyRecord, RemedyRefused> {
    let record = gateway.store.remedy(remedy_id).await?.ok_or(RemedyRefused::NoRemedy)?;
    if record.state != RemedyState::Waiting {
        return Err(RemedyRefused::Decided(Box::new(record)));
    }
    let now = gateway.now();
    if !approve {
        // Whoever ordered it may take it back, too.
        return conclude(gateway, record, RemedyState::Declined, by, "declined").await;
    }
    if record.asked_by == by {
        return Err(RemedyRefused::SamePerson(by.to_owned()));
    }
    let (finding, _) =
        gateway.store.finding(&record.run_id, &record.finding_key).await?.ok_or(RemedyRefused::NoFinding)?;
    let orders = gateway.store.remedies_of(&record.finding_key).await?;
    let others: Vec<RemedyRecord> =
        orders.into_iter().filter(|other| other.remedy_id != record.remedy_id).collect();
    let plan = plan(gateway, &finding, record.remedy, &others).await?;
    if plan.preview.text() != record.preview {
        return Err(RemedyRefused::Changed(plan.preview));
    }
    if !plan.act.is_local() {
        return carry_out_outside(gateway, record, &finding, &plan.act, Some(by)).await;
    }
    let mut tx = gateway.store.begin().await?;
    tx.hold_finding(&record.finding_key).await?;
    let mut done = record;
    done.state = RemedyState::Done;
    (done.decided_by, done.decided_at) = (Some(by.to_owned()), Some(now));
    done.outcome = carry_out_here(gateway, &mut tx, &done, &plan.act).await?;
    tx.decide_remedy(&done).await?;
    audit(&mut tx, now, by, "remedy.done", done.remedy_id.as_str(), &told(&done)).await?;
    tx.commit().await?;
    gateway.work.notify_one();
    Ok(done)
}

impl Act {
    /// Whether it is all in our own database: then order and effect are one transaction.
    const fn is_local(&self) -> bool {
        match self {
            Self::Ask | Self::Refund(..) => false,
            Self::WriteBack(_)
            | Self::WriteBackRefund(_)
            | Self::Book(..)
            | Self::FromSuspense(_)
            | Self::Mark => true,
        }
    }
}

async fn find(gateway: &Gateway, order: &RemedyOrder) -> Result<(RunRecord, FindingRecord), RemedyRefused> {
    let run = gateway.store.run(&order.run_id).await?.ok_or(RemedyRefused::NoFinding)?;
    if run.superseded {
        return Err(RemedyRefused::Superseded(run.version));
    }
    let found = gateway.store.finding(&order.run_id, &order.finding_key).await?;
    let (finding, standing) = found.ok_or(RemedyRefused::NoFinding)?;
    match standing {
        Standing::Open | Standing::Waiting | Standing::Carried => {}
        // What is in suspense still has to be decided over.
        Standing::Resolved if order.remedy == Remedy::WriteOff => {}
        _ if order.remedy == Remedy::Note => {}
        settled => return Err(RemedyRefused::Settled(settled.chinese())),
    }
    Ok((run, finding))
}

/// Whether an earlier order forbids this one.
fn refused_by(orders: &[RemedyRecord], remedy: Remedy) -> Option<RemedyRefused> {
    let lives = |order: &&RemedyRecord| order.state != RemedyState::Declined;
    if !remedy.settles() {
        return None;
    }
    let from_suspense = |order: &RemedyRecord| {
        remedy == Remedy::WriteOff
            && order.remedy == Remedy::BookToSuspense
            && order.state == RemedyState::Done
    };
    let earlier =
        orders.iter().filter(lives).find(|order| order.remedy.settles() && !from_suspense(order))?;
    Some(RemedyRefused::Ordered(Box::new(earlier.clone())))
}

async fn plan(
    gateway: &Gateway,
    finding: &FindingRecord,
    remedy: Remedy,
    orders: &[RemedyRecord],
) -> Result<Plan, RemedyRefused> {
    if !finding.category.remedies().contains(&remedy) {
        return Err(RemedyRefused::NotAllowed(remedy, finding.category.chinese()));
    }
    if let Some(refused) = refused_by(orders, remedy) {
        return Err(refused);
    }
    let sums = finding.sums.map(Option::unwrap_or_default);
    let sides = SidesOfDifference { channel: sums[0], ours: sums[1], his: sums[2] };
    let gap = sides.channel.minus(sides.his).map_err(Trouble::from)?;
    let at_stake = magnitude(if gap == Fen::ZERO {
        sides.channel.minus(sides.ours).map_err(Trouble::from)?
    } else {
        gap
    })?;
    let order = OutTradeNo::parse(finding.order_no.as_str()).ok();
    let record = match &order {
        Some(order) => gateway.store.payment(order).await?,
        None => None,
    };
    let (act, amount, effects) = match remedy {
        Remedy::AskAgain => (
            Act::Ask,
            Fen::ZERO,
            vec!["向渠道与 HIS 再次查询；查到的结果按正常流程入账，不另行记账".to_owned()],
        ),
        Remedy::WriteBackNow => {
            let act =
                write_back(gateway, finding, record.as_ref().map(|record| &record.payment.bill_no)).await?;
            let what = match &act {
                Act::WriteBack(bill_no) => {
                    format!("立即向 HIS 回写账单 {bill_no} 的支付，金额 {at_stake} 元")
                }
                Act::WriteBackRefund(number) => format!("立即向 HIS 回写退费 {number}，金额 {at_stake} 元"),
                _ => String::new(),
            };
            (act, at_stake, vec![what])
        }
        Remedy::Refund => {
            let Some(record) = &record else {
                return Err(impossible(
                    "本系统没有这笔订单，无法原路退回；请到支付机构商户平台处理，或标为外部、挂账",
                ));
            };
            let payment = &record.payment;
            let Some(received) = payment.state.received() else {
                return Err(impossible("这笔订单在本系统尚未到账；请先“再次查询”"));
            };
            let left = received.amount.fen().minus(record.refund_held).map_err(Trouble::from)?;
            let wanted = if gap > Fen::ZERO { gap.min(left) } else { left };
            let amount = Amount::try_from(wanted)
                .map_err(|_| impossible("这笔订单已经没有可退的金额；退款可能正在途中"))?;
            let effects = vec![
                format!(
                    "经渠道 {} 把 {amount} 元原路退给付款人，订单 {}",
                    payment.channel, payment.out_trade_no
                ),
                "退费先征询 HIS；到账后通知患者，并按退费记账".to_owned(),
            ];
            (Act::Refund(payment.out_trade_no.clone(), amount), amount.fen(), effects)
        }
        Remedy::Carry => {
            (Act::Mark, at_stake, vec!["结转：以后各日的对账继续寻找对应流水，不记账".to_owned()])
        }
        Remedy::MarkForeign => {
            if record.is_some() || sides.his != Fen::ZERO {
                return Err(impossible("本系统或 HIS 有这笔订单，它不是外部流水"));
            }
            (Act::Mark, at_stake, vec!["标为外部流水：不属于本系统，以后不再寻找，不记账".to_owned()])
        }
        Remedy::Note => (Act::Mark, Fen::ZERO, vec!["只记录备注".to_owned()]),
        Remedy::BookToSuspense | Remedy::WriteOff => {
            let suspended = orders
                .iter()
                .any(|order| order.remedy == Remedy::BookToSuspense && order.state == RemedyState::Done);
            if suspended && gap == Fen::ZERO {
                return Err(impossible("挂账科目上没有这笔差额"));
            }
            if suspended {
                let effects = vec![format!(
                    "把挂账的 {} 元核销：{}",
                    magnitude(gap)?,
                    posting_text(&Account::Suspense, gap)
                )];
                (Act::FromSuspense(gap), magnitude(gap)?, effects)
            } else {
                let booked = booked_account(gateway, record.as_ref()).await?;
                let channel = record
                    .as_ref()
                    .map(|record| record.payment.channel.clone())
                    .or_else(|| finding.channel.clone())
                    .ok_or_else(|| impossible("不知道这笔钱属于哪个商户账户，不能记账"))?;
                book(remedy, sides, channel, booked)?
            }
        }
    };
    let settles = remedy.settles() && !matches!(act, Act::FromSuspense(_));
    let limit = gateway.settings.reconciliation.second_person_above;
    let moves =
        matches!(remedy, Remedy::Refund | Remedy::BookToSuspense | Remedy::WriteOff | Remedy::MarkForeign);
    let preview = RemedyPreview { amount, needs_second_person: moves && amount > limit, effects };
    Ok(Plan { act, preview, settles })
}

/// What HIS can be told: only what the channel has and HIS has not, and only as long as it is still to be told.
async fn write_back(
    gateway: &Gateway,
    finding: &FindingRecord,
    bill_no: Option<&BillNo>,
) -> Result<Act, RemedyRefused> {
    let refund_no = finding.lines.iter().find(|line| line.kind == Kind::Refund && line.side != Side::His);
    if finding.lines.iter().all(|line| line.kind == Kind::Refund)
        && let Some(line) = refund_no
    {
        let number =
            OutRefundNo::parse(line.refund_no.as_str()).map_err(|_| impossible("退费没有本系统的单号"))?;
        let record = gateway.store.refund(&number).await?;
        return match record.map(|record| record.his_state) {
            Some(RefundHisState::Due | RefundHisState::Unknown) => Ok(Act::WriteBackRefund(number)),
            Some(RefundHisState::Posted) => Err(impossible("HIS 已经记了这笔退费；请先“再次查询”")),
            Some(RefundHisState::Refused) => Err(impossible("HIS 拒绝记这笔退费，须由 HIS 处理")),
            Some(RefundHisState::None) => Err(impossible("这笔退费与 HIS 无关，无须回写")),
            None => Err(impossible("本系统没有这笔退费")),
        };
    }
    let Some(bill_no) = bill_no else {
        return Err(impossible("本系统没有这笔订单，没有可以回写的账单"));
    };
    match gateway.store.write_back(bill_no).await?.map(|told| told.state) {
        Some(WriteBackState::Due | WriteBackState::Unknown | WriteBackState::RefusalToConfirm { .. }) => {
            Ok(Act::WriteBack(bill_no.clone()))
        }
        Some(WriteBackState::Posted(booked)) => {
            Err(impossible(&format!("HIS 已答复入账（HIS 单号 {}）；请先“再次查询”", booked.his_order_no)))
        }
        Some(WriteBackState::Refused { .. }) => Err(impossible("HIS 已拒绝入账，款项正在退回")),
        None => Err(impossible("这张账单还没有结清，没有可以回写的支付")),
    }
}

/// Where the money of an order is in our books, as long as nobody is still moving it.
async fn booked_account(
    gateway: &Gateway,
    record: Option<&mingfen_store::PaymentRecord>,
) -> Result<Account, RemedyRefused> {
    let Some(record) = record else { return Ok(Account::HisRevenue) };
    match &record.payment.state {
        PaymentState::Paid(_) => {}
        PaymentState::Suspense { .. } => return Err(impossible("这笔钱已经在挂账科目上；请退回付款人")),
        PaymentState::Opening | PaymentState::Waiting { .. } | PaymentState::Closed(_) => {
            return Ok(Account::HisRevenue);
        }
    }
    match gateway.store.write_back(&record.payment.bill_no).await?.map(|told| told.state) {
        Some(WriteBackState::Posted(_)) => Ok(Account::HisRevenue),
        Some(WriteBackState::Refused { .. }) => Err(impossible("HIS 已拒绝入账，款项由系统退回，不能再记账")),
        Some(_) | None => Err(impossible("还在向 HIS 回写；请先“立即回写”，或等它结束")),
    }
}

fn book(
    remedy: Remedy,
    sides: SidesOfDifference,
    channel: ChannelId,
    booked: Account,
) -> Result<(Act, Fen, Vec<String>), RemedyRefused> {
    let remainder = if remedy == Remedy::WriteOff { Account::WrittenOff } else { Account::Suspense };
    let accounts =
        AccountsOfDifference { receivable: Account::ChannelReceivable(channel), booked, remainder };
    let entry = Entry::settle_difference(reason_of(remedy), "preview", sides, accounts.clone())
        .map_err(Trouble::from)?;
    let Some(entry) = entry else {
        // A fee, an account, a part of insurance: nothing to book, and still something to be done with.
        return if remedy == Remedy::WriteOff {
            Ok((Act::Mark, Fen::ZERO, vec!["三方金额一致，不记账，按理由结案".to_owned()]))
        } else {
            Err(impossible("三方金额一致，没有可记的差额"))
        };
    };
    let effects =
        entry.postings().iter().map(|posting| posting_text(&posting.account, posting.fen)).collect();
    let amount = entry.amount().map_err(Trouble::from)?;
    Ok((Act::Book(sides, accounts), amount, effects))
}

const fn reason_of(remedy: Remedy) -> Reason {
    match remedy {
        Remedy::WriteOff => Reason::DifferenceWrittenOff,
        _ => Reason::DifferenceToSuspense,
    }
}

/// A posting as an accountant reads it.
fn posting_text(account: &Account, fen: Fen) -> String {
    let name = match account {
        Account::ChannelReceivable(channel) => format!("渠道应收（{channel}）"),
        Account::PatientMoney => "待入账".to_owned(),
        Account::HisRevenue => "HIS 收入".to_owned(),
        Account::RefundsPayable => "应退款".to_owned(),
        Account::Suspense => "挂账".to_owned(),
        Account::PaidByHand => "手工退款".to_owned(),
        Account::WrittenOff => "核销损益".to_owned(),
        Account::CashHandedIn => "上缴现金".to_owned(),
        Account::CashOverShort => "现金长短款".to_owned(),
    };
    let (word, amount) = if fen < Fen::ZERO { ("贷", fen.negated().unwrap_or(fen)) } else { ("借", fen) };
    format!("记账：{word} {name} {amount} 元")
}

fn magnitude(fen: Fen) -> Result<Fen, Trouble> {
    Ok(if fen < Fen::ZERO { fen.negated()? } else { fen })
}

fn impossible(why: &str) -> RemedyRefused {
    RemedyRefused::Impossible(why.to_owned())
}

/// What is all in our own database, in the transaction that keeps the order.
async fn carry_out_here(
    gateway: &Gateway,
    tx: &mut Tx,
    record: &RemedyRecord,
    act: &Act,
) -> Result<String, Trouble> {
    let now = gateway.now();
    let number = record.remedy_id.as_str();
    match act {
        Act::WriteBack(bill_no) => {
            let Some(bill) = tx.bill(bill_no).await? else {
                return Err(Trouble::Inconsistent(format!("bill {bill_no} vanished")));
            };
            tx.schedule(TaskKind::WriteBack, bill_no.as_str(), now, &bill.trace).await?;
            Ok("已安排立即回写".to_owned())
        }
        Act::WriteBackRefund(refund_no) => {
            let Some(refund) = tx.refund(refund_no).await? else {
                return Err(Trouble::Inconsistent(format!("refund {refund_no} vanished")));
            };
            tx.schedule(TaskKind::WriteBackRefund, refund_no.as_str(), now, &refund.refund.trace).await?;
            Ok("已安排立即回写".to_owned())
        }
        Act::Book(sides, accounts) => {
            let entry = Entry::settle_difference(reason_of(record.remedy), number, *sides, accounts.clone())?;
            if let Some(entry) = entry {
                tx.post(&entry, now).await?;
            }
            Ok("已记账".to_owned())
        }
        Act::FromSuspense(gap) => {
            // What is in suspense is what the channel has more than HIS, on the credit side.
            let sides = SidesOfDifference { channel: *gap, ours: *gap, his: Fen::ZERO };
            let accounts = AccountsOfDifference {
                receivable: Account::Suspense,
                booked: Account::Suspense,
                remainder: Account::WrittenOff,
            };
            let entry = Entry::settle_difference(Reason::DifferenceWrittenOff, number, sides, accounts)?;
            if let Some(entry) = entry {
                tx.post(&entry, now).await?;
            }
            Ok("已核销".to_owned())
        }
        Act::Mark => Ok("已记录".to_owned()),
        Act::Ask | Act::Refund(..) => Ok(String::new()),
    }
}

/// What leaves this process. The order is kept already; what it does can be done again.
async fn carry_out_outside(
    gateway: &Gateway,
    record: RemedyRecord,
    finding: &FindingRecord,
    act: &Act,
    by: Option<&str>,
) -> Result<RemedyRecord, RemedyRefused> {
    let by = by.unwrap_or(&record.asked_by).to_owned();
    match act {
        Act::Ask => {
            let outcome = ask(gateway, finding).await?;
            conclude(gateway, record, RemedyState::Done, &by, &outcome).await
        }
        Act::Refund(order, amount) => {
            let asked = RefundAsked {
                target: RefundTarget::Order(order.clone()),
                amount: Some(*amount),
                slip_no: None,
                reason: record.reason.chars().take(80).collect(),
                origin: Origin::Cashier,
                requested_by: by.clone(),
                request_key: Some(format!("remedy:{}", record.finding_key)),
                by: RefundWay::Channel,
            };
            match request_refund(gateway, asked).await {
                Ok(refund) => {
                    let outcome = format!("退费单 {}", refund.refund.out_refund_no);
                    conclude(gateway, record, RemedyState::Done, &by, &outcome).await
                }
                Err(RefundRefused::Trouble(trouble)) => Err(trouble.into()),
                Err(refused) => {
                    let why = refused.to_string();
                    conclude(gateway, record, RemedyState::Declined, &by, &why).await?;
                    Err(RemedyRefused::Impossible(why))
                }
            }
        }
        Act::WriteBack(_) | Act::WriteBackRefund(_) | Act::Book(..) | Act::FromSuspense(_) | Act::Mark => {
            Ok(record)
        }
    }
}

/// Writes down how an order ended.
async fn conclude(
    gateway: &Gateway,
    mut record: RemedyRecord,
    state: RemedyState,
    by: &str,
    outcome: &str,
) -> Result<RemedyRecord, RemedyRefused> {
    let now = gateway.now();
    record.state = state;
    record.outcome = outcome.to_owned();
    (record.decided_by, record.decided_at) = (Some(by.to_owned()), Some(now));
    let mut tx = gateway.store.begin().await?;
    tx.decide_remedy(&record).await?;
    let action = if state == RemedyState::Done { "remedy.done" } else { "remedy.declined" };
    audit(&mut tx, now, by, action, record.remedy_id.as_str(), &told(&record)).await?;
    tx.commit().await?;
    gateway.work.notify_one();
    Ok(record)
}

/// Both sides, whatever the difference.
async fn ask(gateway: &Gateway, finding: &FindingRecord) -> Result<String, Trouble> {
    let mut said = Vec::new();
    let order = OutTradeNo::parse(finding.order_no.as_str()).ok();
    if let Some(order) = &order {
        said.push(match ask_channel(gateway, order, finding.channel.as_ref()).await? {
            ChannelAnswer::Paid { amount, at } => {
                format!("渠道：已支付 {amount} 元，{}", at.to_beijing_text())
            }
            ChannelAnswer::Waiting => "渠道：待支付".to_owned(),
            ChannelAnswer::Closed => "渠道：已关闭".to_owned(),
            ChannelAnswer::Missing => "渠道：没有这笔订单".to_owned(),
            ChannelAnswer::Silent => "渠道：没有答复".to_owned(),
            ChannelAnswer::NotAsked => "渠道：无法查询".to_owned(),
        });
        if let Some(record) = gateway.store.payment(order).await? {
            said.push(his_text("HIS", ask_his(gateway, &record.payment.bill_no).await));
        }
    }
    let refunds = finding.lines.iter().filter(|line| line.kind == Kind::Refund);
    let mut numbers: Vec<&str> = refunds.map(|line| line.refund_no.as_str()).collect();
    numbers.sort_unstable();
    numbers.dedup();
    for number in numbers.into_iter().filter_map(|number| OutRefundNo::parse(number).ok()) {
        said.push(match ask_channel_for_refund(gateway, &number).await? {
            RefundAnswer::Succeeded { at, .. } => {
                format!("渠道退费 {number}：已到账，{}", at.to_beijing_text())
            }
            RefundAnswer::Processing => format!("渠道退费 {number}：处理中"),
            RefundAnswer::Abnormal => format!("渠道退费 {number}：退款异常"),
            RefundAnswer::Closed => format!("渠道退费 {number}：已关闭"),
            RefundAnswer::Missing => format!("渠道退费 {number}：没有这笔退款"),
            RefundAnswer::Silent => format!("渠道退费 {number}：没有答复"),
            RefundAnswer::NotAsked => format!("渠道退费 {number}：无法查询"),
        });
        said.push(his_text(&format!("HIS 退费 {number}"), ask_his_for_refund(gateway, &number).await));
    }
    if said.is_empty() {
        said.push("没有可以查询的订单".to_owned());
    }
    Ok(said.join("；"))
}

fn his_text(what: &str, answer: HisAnswer) -> String {
    match answer {
        HisAnswer::Booked { number, amount, .. } => format!("{what}：已入账 {amount} 元，HIS 单号 {number}"),
        HisAnswer::No => format!("{what}：没有入账"),
        HisAnswer::Silent => format!("{what}：没有答复"),
        HisAnswer::NotAsked => format!("{what}：无法查询"),
    }
}

/// For the audit trail. It begins with the sum, as `verify` reads it.
fn told(record: &RemedyRecord) -> String {
    let RemedyRecord { amount, remedy, finding_key, day, order_no, reason, outcome, .. } = record;
    format!("{amount} yuan, {} for {order_no} of {day} ({finding_key}): {reason}; {outcome}", remedy.as_str())
}
