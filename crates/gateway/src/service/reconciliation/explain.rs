//! Why each difference is there: our own records, and what the missing side says when it is asked once more.

use super::ask::{ask_channel, ask_channel_for_refund, ask_his, ask_his_for_refund};
use crate::Gateway;
use crate::service::Trouble;
use crate::service::attention::KINDS;
use mingfen_domain::BusinessDay;
use mingfen_domain::bill::BillState;
use mingfen_domain::difference::Category;
use mingfen_domain::ids::{ChannelId, OutRefundNo, OutTradeNo};
use mingfen_domain::sides::{Kind, Side};
use mingfen_domain::write_back::State as WriteBackState;
use mingfen_reconciliation::cause::{Known, Learnt, OwnPayment, OwnRefund, OwnWriteBack, Records, Told, Way};
use mingfen_store::{FindingRecord, RefundHisState, RefundRecord, SightingRecord, TaskKind, TaskState};
use std::collections::{BTreeMap, BTreeSet};

/// What is known of every difference of a run.
pub(super) struct Circumstances {
    pub day: BusinessDay,
    /// The first day that was compared, be it this one.
    pub compared_since: BusinessDay,
    pub near_cut_seconds: u32,
    /// Accounts whose day ends before midnight, and how long before.
    pub ends_early: BTreeMap<ChannelId, u32>,
    /// Accounts whose statement is not there.
    pub absent: BTreeSet<ChannelId>,
}

impl Circumstances {
    pub fn known(&self) -> Known {
        Known {
            day: Some(self.day),
            compared_since: Some(self.compared_since),
            near_cut_seconds: self.near_cut_seconds,
            ..Known::default()
        }
    }
}

/// Everything that is known of a difference's order. `asks` lets the missing side be asked, which takes time.
pub(super) async fn known(
    gateway: &Gateway,
    finding: &FindingRecord,
    circumstances: &Circumstances,
    asks: bool,
) -> Result<Known, Trouble> {
    let order = OutTradeNo::parse(finding.order_no.as_str()).ok();
    let mut known =
        Known { has_our_form: order.as_ref().is_some_and(OutTradeNo::is_ours), ..circumstances.known() };
    if asks {
        ask_the_missing_side(gateway, finding, order.as_ref(), &mut known).await?;
    }
    let records = match &order {
        Some(order) => records(gateway, order).await?,
        None => Records::default(),
    };
    // A ledger that names no accounts has rows of an account whose statement is still to come.
    let ours = records.payment.as_ref().map(|payment| &payment.channel).or(finding.channel.as_ref());
    if let Some(channel) = ours {
        known.statement_available = !circumstances.absent.contains(channel);
        known.ends_early_seconds = circumstances.ends_early.get(channel).copied().unwrap_or(0);
    }
    known.records = Some(records);
    Ok(known)
}

/// Which side is missing depends on what it is.
async fn ask_the_missing_side(
    gateway: &Gateway,
    finding: &FindingRecord,
    order: Option<&OutTradeNo>,
    known: &mut Known,
) -> Result<(), Trouble> {
    let (channel, his) = missing(finding);
    let refund_no = finding.lines.iter().find(|line| line.kind == Kind::Refund && !line.refund_no.is_empty());
    let refund_no = refund_no.and_then(|line| OutRefundNo::parse(line.refund_no.as_str()).ok());
    let is_refund = finding.lines.iter().all(|line| line.kind == Kind::Refund);
    if channel {
        match (&refund_no, order) {
            (Some(number), _) if is_refund => {
                known.channel_refund = ask_channel_for_refund(gateway, number).await?;
            }
            (_, Some(order)) => {
                known.channel = ask_channel(gateway, order, finding.channel.as_ref()).await?;
            }
            _ => {}
        }
    }
    if his {
        match (&refund_no, order) {
            (Some(number), _) if is_refund => known.his_refund = ask_his_for_refund(gateway, number).await,
            (_, Some(order)) => {
                if let Some(record) = gateway.store.payment(order).await? {
                    known.his = ask_his(gateway, &record.payment.bill_no).await;
                }
            }
            _ => {}
        }
    }
    Ok(())
}

/// Whom to ask: the channel, HIS.
fn missing(finding: &FindingRecord) -> (bool, bool) {
    let lacks = |side| finding.lines.iter().all(|line| line.side != side);
    match finding.category {
        // What waits for a side may wait in vain: it knows.
        Category::CrossDay => (lacks(Side::Channel), lacks(Side::His)),
        Category::ChannelOnly
        | Category::RefundMissingInHis
        | Category::AmountOver
        | Category::AmountUnder => (false, true),
        Category::HisOnly | Category::RefundMissingInChannel | Category::GatewayDiffers => (true, false),
        Category::GatewayOnly | Category::StatusMismatch => (true, true),
        Category::Matched
        | Category::MatchedLate
        | Category::MatchedNetted
        | Category::DuplicateInChannel
        | Category::DuplicateInHis
        | Category::FeeDifference
        | Category::WrongAccount
        | Category::Foreign
        | Category::InsuranceComponentDiffers
        | Category::DepositLineDiffers
        | Category::TotalsRowDiffers
        | Category::UnparsableRow
        | Category::StatementNotAvailable => (false, false),
    }
}

/// What our own records say of an order.
pub(super) async fn records(gateway: &Gateway, order: &OutTradeNo) -> Result<Records, Trouble> {
    let store = &gateway.store;
    let mut records = Records {
        unproven_notification: store
            .notifications_of(order.as_str())
            .await?
            .iter()
            .any(|kept| kept.verdict.starts_with("not_verified")),
        open_matters: matters(gateway, order.as_str()).await?,
        ..Records::default()
    };
    for refund in store.refunds_of_payment(order).await? {
        records.open_matters.extend(matters(gateway, refund.refund.out_refund_no.as_str()).await?);
        records.refunds.push(own_refund(gateway, refund).await?);
    }
    let Some(record) = store.payment(order).await? else { return Ok(records) };
    let payment = record.payment;
    let bill_no = payment.bill_no.clone();
    records.open_matters.extend(matters(gateway, bill_no.as_str()).await?);
    let bill = store.bill(&bill_no).await?;
    let settled_by_another = match bill.as_ref().map(|bill| &bill.bill.state) {
        Some(BillState::Settled { by }) if by != order => Some(by.clone()),
        _ => None,
    };
    let write_back = match store.write_back(&bill_no).await? {
        Some(told) if told.out_trade_no == *order => Some(OwnWriteBack {
            posted_at: matches!(told.state, WriteBackState::Posted(_)).then_some(told.posted_at).flatten(),
            state: told.state,
            parked: is_parked(gateway, TaskKind::WriteBack, bill_no.as_str()).await?,
        }),
        _ => None,
    };
    records.payment = Some(OwnPayment {
        bill_no,
        channel: payment.channel,
        ordered: payment.amount,
        state: payment.state,
        created_at: payment.created_at,
        learnt: learnt(&store.sightings_of(order.as_str()).await?),
        bill_total: bill.as_ref().map_or(payment.amount.fen(), |bill| bill.bill.split.total()),
        slips: bill.map(|bill| bill.slips.iter().map(|slip| slip.self_pay).collect()).unwrap_or_default(),
        settled_by_another,
        write_back,
    });
    Ok(records)
}

async fn own_refund(gateway: &Gateway, record: RefundRecord) -> Result<OwnRefund, Trouble> {
    let number = record.refund.out_refund_no.clone();
    let by_hand = matches!(
        &record.refund.state,
        mingfen_domain::refund::State::Succeeded { provider_refund_no, .. }
            if *provider_refund_no == crate::service::record_refund::number_of_a_refund_by_hand()
    );
    Ok(OwnRefund {
        amount: record.refund.amount,
        origin: record.refund.origin,
        state: record.refund.state,
        sent_at: record.sent_at,
        told: match record.his_state {
            RefundHisState::None => Told::NeedNot,
            RefundHisState::Due | RefundHisState::Unknown => Told::NotYet,
            RefundHisState::Posted => Told::Booked,
            RefundHisState::Refused => Told::Refused,
        },
        parked: is_parked(gateway, TaskKind::WriteBackRefund, number.as_str()).await?,
        out_refund_no: number,
        by_hand,
    })
}

/// The first sight of its money.
fn learnt(sightings: &[SightingRecord]) -> Option<Learnt> {
    let first = sightings.iter().find(|seen| seen.outcome == "applied" && seen.seen.starts_with("paid"))?;
    let way = match first.way.as_str() {
        "notification" => Way::Notification,
        "query" => Way::Query,
        _ => Way::Other,
    };
    Some(Learnt { at: first.at, way })
}

async fn is_parked(gateway: &Gateway, kind: TaskKind, subject: &str) -> Result<bool, Trouble> {
    let task = gateway.store.task(kind, subject).await?;
    Ok(task.is_some_and(|task| task.state == TaskState::Parked))
}

async fn matters(gateway: &Gateway, number: &str) -> Result<Vec<String>, Trouble> {
    let subjects: Vec<String> = KINDS.iter().map(|kind| format!("{number}:{kind}")).collect();
    let parked = gateway.store.parked_among(TaskKind::AskPerson, &subjects).await?;
    Ok(parked.into_iter().map(|task| task.last_error.unwrap_or(task.subject)).collect())
}
