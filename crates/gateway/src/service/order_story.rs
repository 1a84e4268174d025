//! An order's whole story, step by step, from our own records.

use super::{Private, Trouble};
use crate::Gateway;
use mingfen_domain::ids::{BillNo, OutRefundNo, OutTradeNo, ProviderTradeNo, SlipNo, TraceId};
use mingfen_domain::{Fen, Timestamp};
use mingfen_store::{BillRecord, TaskKind, TaskRecord, TaskState};
use mingfen_vault::mask;

/// One step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoryStep {
    /// When.
    pub at: Timestamp,
    /// Whose doing: patient, gateway, the channel, HIS, a person.
    pub who: String,
    /// What happened.
    pub what: String,
    /// How much money, where money is concerned.
    pub amount: Option<Fen>,
    /// The number it is known by.
    pub reference: String,
}

/// A bill with everything that happened to it.
#[derive(Clone, Debug)]
pub struct OrderStory {
    /// Our number, HIS's key.
    pub bill_no: BillNo,
    /// Where the bill stands.
    pub state: String,
    /// Whose, masked.
    pub patient: String,
    /// What it covers.
    pub slips: Vec<(SlipNo, String, Fen)>,
    /// All of it.
    pub total: Fen,
    /// What the patient owed.
    pub self_pay: Fen,
    /// Received over all orders.
    pub received: Fen,
    /// Back at the payer.
    pub refunded: Fen,
    /// HIS's receipt.
    pub receipt_no: Option<String>,
    /// Follows it through the logs.
    pub trace: String,
    /// What happened, in order.
    pub steps: Vec<StoryStep>,
    /// What is still to happen, or waits for a person.
    pub open_tasks: Vec<String>,
    /// The same, piece by piece.
    pub open: Vec<OpenWork>,
}

/// Something that is still to be done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenWork {
    /// What.
    pub kind: TaskKind,
    /// The number that it is about.
    pub subject: String,
    /// When it is done, or was due.
    pub due_at: Timestamp,
    /// It waits for a person.
    pub parked: bool,
    /// What happened last; may be empty.
    pub because: String,
}

/// Finds a bill by any number: bill, order, refund, the provider's, the newest bill of a slip, or what a patient reads out.
///
/// # Errors
/// [`Trouble`] when the records cannot be read.
pub async fn order_story(gateway: &Gateway, number: &str) -> Result<Option<OrderStory>, Trouble> {
    match find_bill(gateway, number).await? {
        Some(bill) => tell(gateway, bill).await.map(Some),
        None => Ok(None),
    }
}

/// Finds a bill by any number of it.
pub(super) async fn find_bill(gateway: &Gateway, number: &str) -> Result<Option<BillRecord>, Trouble> {
    let store = &gateway.store;
    if let Ok(bill_no) = BillNo::parse(number)
        && let Some(bill) = store.bill(&bill_no).await?
    {
        return Ok(Some(bill));
    }
    let mut bill_no = None;
    if let Ok(order) = OutTradeNo::parse(number) {
        bill_no = store.payment(&order).await?.map(|record| record.payment.bill_no);
    }
    if bill_no.is_none()
        && let Ok(refund) = OutRefundNo::parse(number)
    {
        bill_no = store.refund(&refund).await?.map(|record| record.bill_no);
    }
    if bill_no.is_none()
        && let Ok(theirs) = ProviderTradeNo::parse(number)
    {
        for channel in gateway.channels.keys() {
            if let Some(record) = store.payment_by_provider_no(channel, &theirs).await? {
                bill_no = Some(record.payment.bill_no);
            }
        }
    }
    if let Some(bill_no) = bill_no {
        return Ok(store.bill(&bill_no).await?);
    }
    if let Ok(slip_no) = SlipNo::parse(number)
        && let Some(bill) =
            store.bills_of_slip(&gateway.settings.hospital.id, &slip_no).await?.into_iter().next()
    {
        return Ok(Some(bill));
    }
    by_code(gateway, number).await
}

/// What a patient reads out: the code for staff, or the voucher number.
async fn by_code(gateway: &Gateway, code: &str) -> Result<Option<BillRecord>, Trouble> {
    let Some(beginning) = TraceId::beginning(code) else { return Ok(None) };
    if let Some(bill) = gateway.store.bill_of_trace(&beginning).await? {
        return Ok(Some(bill));
    }
    let ending: String = code.chars().filter(char::is_ascii_alphanumeric).collect();
    Ok(gateway.store.bill_by_ending(&ending.to_ascii_uppercase()).await?)
}

async fn tell(gateway: &Gateway, bill: BillRecord) -> Result<OrderStory, Trouble> {
    let store = &gateway.store;
    let bill_no = bill.bill.bill_no.clone();
    let patient = Private(gateway).open_patient(&bill.patient_sealed)?;
    let mut steps = vec![StoryStep {
        at: bill.bill.opened_at,
        who: "patient".into(),
        what: format!("confirmed {} slip(s)", bill.slips.len()),
        amount: Some(bill.bill.split.self_pay()),
        reference: bill_no.to_string(),
    }];
    let mut subjects = vec![bill_no.to_string(), format!("paid:{bill_no}")];
    let mut received = Fen::ZERO;
    for record in store.payments_of_bill(&bill_no).await? {
        let payment = &record.payment;
        steps.push(StoryStep {
            at: payment.created_at,
            who: "gateway".into(),
            what: format!(
                "order stored for {} ({}), now {}",
                payment.channel,
                payment.scene.as_str(),
                payment.state.as_str()
            ),
            amount: Some(payment.amount.fen()),
            reference: payment.out_trade_no.to_string(),
        });
        if let Some(money) = payment.state.received() {
            received = received.plus(money.amount.fen())?;
            steps.push(StoryStep {
                at: money.paid_at,
                who: payment.channel.to_string(),
                what: "took the payer's money".into(),
                amount: Some(money.amount.fen()),
                reference: money.provider_trade_no.to_string(),
            });
        }
        subjects.push(payment.out_trade_no.to_string());
    }
    let mut refunded = Fen::ZERO;
    for record in store.refunds_of_bill(&bill_no).await? {
        let number = record.refund.out_refund_no.to_string();
        if let mingfen_domain::refund::State::Succeeded { .. } = &record.refund.state {
            refunded = refunded.plus(record.refund.amount.fen())?;
        }
        steps.push(StoryStep {
            at: record.refund.requested_at,
            who: record.requested_by.clone(),
            what: format!(
                "asked for a refund: {} ({}), now {}",
                record.refund.reason,
                record.refund.origin.as_str(),
                record.refund.state.as_str()
            ),
            amount: Some(record.refund.amount.fen()),
            reference: number.clone(),
        });
        subjects.extend([number.clone(), format!("refunded:{number}"), format!("refund_delayed:{number}")]);
    }
    for subject in &subjects {
        for row in store.sightings_of(subject).await? {
            steps.push(StoryStep {
                at: row.at,
                who: "channel".into(),
                what: format!("{} by {}: {}", row.seen, row.way.replace('_', " "), row.outcome),
                amount: None,
                reference: subject.clone(),
            });
        }
        for row in store.audit_of(subject).await? {
            if row.event.action == "payment.opened" || row.event.action == "refund.requested" {
                continue;
            }
            steps.push(StoryStep {
                at: row.event.at,
                who: row.event.actor,
                what: format!("{}: {}", row.event.action, row.event.detail),
                amount: None,
                reference: subject.clone(),
            });
        }
    }
    for notice in store.notices_of_bill(&bill_no).await? {
        steps.push(StoryStep {
            at: notice.at,
            who: "gateway".into(),
            what: format!("text message {}: {}", notice.kind, if notice.sent { "sent" } else { "not taken" }),
            amount: None,
            reference: notice.provider_no.unwrap_or_default(),
        });
    }
    steps.sort_by_key(|step| step.at);
    let mut open_tasks = Vec::new();
    let mut open = Vec::new();
    for task in tasks_about(gateway, &subjects).await? {
        if task.state != TaskState::Done {
            let error = task.last_error.unwrap_or_default();
            open.push(OpenWork {
                kind: task.kind,
                subject: task.subject.clone(),
                due_at: task.due_at,
                parked: task.state == TaskState::Parked,
                because: error.clone(),
            });
            open_tasks.push(format!(
                "{} {} ({}, due {}) {error}",
                task.kind.as_str(),
                task.subject,
                task.state.as_str(),
                task.due_at
            ));
        }
    }
    let receipt_no = match store.write_back(&bill_no).await?.map(|record| record.state) {
        Some(mingfen_domain::write_back::State::Posted(booked)) => Some(booked.receipt_no),
        _ => None,
    };
    Ok(OrderStory {
        state: bill.bill.state.as_str().to_owned(),
        patient: format!("{} (card …{})", mask::name(&patient.name), mask::card(&patient.card_no)),
        slips: bill.slips.iter().map(|slip| (slip.slip_no.clone(), slip.title.clone(), slip.total)).collect(),
        total: bill.bill.split.total(),
        self_pay: bill.bill.split.self_pay(),
        received,
        refunded,
        receipt_no,
        trace: bill.trace.to_string(),
        bill_no,
        steps,
        open_tasks,
        open,
    })
}

/// Every task on one of these numbers, matters for a person included.
pub(super) async fn tasks_about(gateway: &Gateway, subjects: &[String]) -> Result<Vec<TaskRecord>, Trouble> {
    let mut tasks = Vec::new();
    for subject in subjects {
        for kind in TaskKind::ALL {
            tasks.extend(gateway.store.task(kind, subject).await?);
        }
        for matter in super::attention::KINDS {
            tasks.extend(gateway.store.task(TaskKind::AskPerson, &format!("{subject}:{matter}")).await?);
        }
    }
    Ok(tasks)
}
