//! A payment's whole file, in typed steps: what the order's page shows.
//!
//! The same records as [`order_story`](crate::service::order_story), which tells them in English sentences to the API and the command
//! line; here nothing is a sentence yet.

use crate::Gateway;
use crate::service::order_story::tasks_about;
use crate::service::payment_view::{order_that_matters, stage_of};
use crate::service::{OpenWork, Private, Stage, Trouble};
use mingfen_domain::ids::{BillNo, ChannelId, OutRefundNo, OutTradeNo, RefundRequestNo};
use mingfen_domain::payment::Scene;
use mingfen_domain::person::{Patient, Phone};
use mingfen_domain::{Fen, Timestamp, refund};
use mingfen_store::{
    BillRecord, EntryRecord, PaymentRecord, RefundRecord, RefundRequestRecord, TaskState, WriteBackRecord,
};

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum What {
    /// The patient scanned and confirmed.
    Confirmed {
        /// How many slips.
        slips: usize,
        /// From where.
        scene: Option<Scene>,
        /// The provider said who pays.
        authorised: bool,
    },
    /// An order was made.
    Ordered {
        /// Its number.
        order: OutTradeNo,
        /// At which account.
        channel: ChannelId,
    },
    /// A provider told, or answered.
    Seen {
        /// It is about a refund.
        of_refund: bool,
        /// By which way.
        way: String,
        /// What, in the provider's sense.
        seen: String,
        /// What came of it.
        outcome: String,
    },
    /// HIS left a telling without an answer.
    HisDoubted,
    /// A text message.
    Message {
        /// What it says.
        kind: String,
        /// It was taken.
        sent: bool,
    },
    /// A refund was asked for.
    RefundAsked {
        /// Its number.
        number: OutRefundNo,
        /// Why.
        reason: String,
        /// Who.
        by: String,
    },
    /// A refund waits for another person.
    RefundRequested {
        /// Its number.
        number: RefundRequestNo,
        /// Why.
        reason: String,
        /// Who.
        by: String,
    },
    /// Anything that the trail has.
    Written {
        /// Who.
        by: String,
        /// What, in a word.
        action: String,
        /// More.
        detail: String,
    },
}

impl What {
    /// What comes first of things at the same millisecond: what somebody asked for, what a cashier said, what was heard of it, what was
    /// written because of it, what was told.
    fn place_in_a_moment(&self) -> u8 {
        match self {
            Self::Written { action, .. } if CASHIERS_WORDS.contains(&action.as_str()) => 1,
            Self::Seen { .. } => 2,
            Self::Written { .. } => 3,
            Self::Message { .. } => 4,
            _ => 0,
        }
    }
}

/// A step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileStep {
    /// When.
    pub at: Timestamp,
    /// What.
    pub what: What,
    /// How much; negative when it goes back.
    pub amount: Option<Fen>,
    /// The notification that proves it.
    pub evidence: Option<String>,
}

/// A payment with everything that belongs to it.
#[derive(Clone, Debug)]
pub struct OrderFile {
    /// The bill.
    pub bill: BillRecord,
    /// Whose; masked before anybody sees it.
    pub patient: Patient,
    /// Where messages go.
    pub phone: Option<Phone>,
    /// The order that decides how it stands.
    pub payment: Option<PaymentRecord>,
    /// Where the money is.
    pub stage: Option<Stage>,
    /// Every order.
    pub payments: Vec<PaymentRecord>,
    /// Every refund.
    pub refunds: Vec<RefundRecord>,
    /// Every request for one.
    pub requests: Vec<RefundRequestRecord>,
    /// What HIS was told.
    pub write_back: Option<WriteBackRecord>,
    /// What came in, over all orders.
    pub received: Fen,
    /// What is back at the payer.
    pub refunded: Fen,
    /// What may still go back: neither promised nor asked for.
    pub left: Fen,
    /// What happened, in order.
    pub steps: Vec<FileStep>,
    /// The books.
    pub entries: Vec<EntryRecord>,
    /// What is still to be done.
    pub open: Vec<OpenWork>,
}

/// What the trail has, and other records tell better.
const TOLD_OTHERWISE: &[&str] = &["payment.opened", "refund.requested", "refund.asked", "payment.paid"];
/// What a cashier says of money, before anybody else does.
const CASHIERS_WORDS: &[&str] = &["window.taken", "window.given_back"];

/// Reads everything of a bill.
///
/// # Errors
/// [`Trouble`].
pub async fn order_file(gateway: &Gateway, bill_no: &BillNo) -> Result<Option<OrderFile>, Trouble> {
    let store = &gateway.store;
    let Some(bill) = store.bill(bill_no).await? else { return Ok(None) };
    let private = Private(gateway);
    let patient = private.open_patient(&bill.patient_sealed)?;
    let phone = match &bill.phone_sealed {
        Some(sealed) => private.open_phone(sealed)?,
        None => None,
    };
    let payments = store.payments_of_bill(bill_no).await?;
    let refunds = store.refunds_of_bill(bill_no).await?;
    let requests = store.refund_requests_of_bill(bill_no).await?;
    let write_back = store.write_back(bill_no).await?;
    let payment = order_that_matters(&bill, payments.iter()).cloned();
    let arrived = |record: &&RefundRecord| matches!(record.refund.state, refund::State::Succeeded { .. });
    let refunded = Fen::sum(refunds.iter().filter(arrived).map(|record| record.refund.amount.fen()))?;
    let received = payments.iter().filter_map(|record| record.payment.state.received());
    let received = Fen::sum(received.map(|received| received.amount.fen()))?;
    let stage = match &payment {
        Some(payment) => {
            let of_payment: Vec<&RefundRecord> = refunds
                .iter()
                .filter(|record| record.refund.out_trade_no == payment.payment.out_trade_no)
                .collect();
            let back =
                of_payment.iter().filter(|record| arrived(record)).map(|record| record.refund.amount.fen());
            let told = write_back.as_ref().map(|record| record.state.clone());
            Some(stage_of(gateway.now(), payment, &of_payment, Fen::sum(back)?, told))
        }
        None => None,
    };
    let waiting =
        requests.iter().filter(|request| request.state.is_open()).map(|request| request.amount.fen());
    let left = match &payment {
        Some(payment) => payment
            .payment
            .state
            .received()
            .map_or(Fen::ZERO, |received| received.amount.fen())
            .minus(payment.refund_held)?
            .minus(Fen::sum(waiting)?)?
            .max(Fen::ZERO),
        None => Fen::ZERO,
    };
    let mut file = OrderFile {
        bill,
        patient,
        phone,
        payment,
        stage,
        payments,
        refunds,
        requests,
        write_back,
        received,
        refunded,
        left,
        steps: Vec::new(),
        entries: Vec::new(),
        open: Vec::new(),
    };
    file.tell(gateway).await?;
    Ok(Some(file))
}

impl OrderFile {
    async fn tell(&mut self, gateway: &Gateway) -> Result<(), Trouble> {
        let store = &gateway.store;
        let bill = &self.bill.bill;
        let number = bill.bill_no.to_string();
        let mut steps = vec![FileStep {
            at: bill.opened_at,
            what: What::Confirmed {
                slips: self.bill.slips.len(),
                scene: self.payments.first().map(|record| record.payment.scene),
                authorised: self.payments.iter().any(|record| record.payer_sealed.is_some()),
            },
            amount: Some(bill.split.self_pay()),
            evidence: None,
        }];
        let mut subjects = Vec::new();
        for record in &self.payments {
            steps.push(FileStep {
                at: record.payment.created_at,
                what: What::Ordered {
                    order: record.payment.out_trade_no.clone(),
                    channel: record.payment.channel.clone(),
                },
                amount: Some(record.payment.amount.fen()),
                evidence: None,
            });
            subjects.push(record.payment.out_trade_no.to_string());
        }
        // What the bill's own rows tell comes of a payment.
        subjects.push(number.clone());
        if let Some(doubted_at) = self.write_back.as_ref().and_then(|record| record.doubted_at) {
            steps.push(FileStep { at: doubted_at, what: What::HisDoubted, amount: None, evidence: None });
        }
        for record in &self.requests {
            steps.push(FileStep {
                at: record.asked_at,
                what: What::RefundRequested {
                    number: record.request_no.clone(),
                    reason: record.reason.clone(),
                    by: record.asked_by.clone(),
                },
                amount: Some(record.amount.fen().negated()?),
                evidence: None,
            });
            subjects.push(record.request_no.to_string());
        }
        for record in &self.refunds {
            steps.push(FileStep {
                at: record.refund.requested_at,
                what: What::RefundAsked {
                    number: record.refund.out_refund_no.clone(),
                    reason: record.refund.reason.clone(),
                    by: record.requested_by.clone(),
                },
                amount: Some(record.refund.amount.fen().negated()?),
                evidence: None,
            });
            subjects.push(record.refund.out_refund_no.to_string());
        }
        for subject in &subjects {
            let amount = self.amount_of(subject)?;
            for row in store.sightings_of(subject).await? {
                let paid = row.outcome == "applied"
                    && (row.seen.starts_with("paid") || row.seen.starts_with("succeeded"));
                steps.push(FileStep {
                    at: row.at,
                    what: What::Seen {
                        of_refund: amount.is_some_and(|amount| amount < Fen::ZERO),
                        way: row.way,
                        seen: row.seen,
                        outcome: row.outcome,
                    },
                    amount: amount.filter(|_| paid),
                    evidence: row.notification_id,
                });
            }
            for row in store.audit_of(subject).await? {
                if TOLD_OTHERWISE.contains(&row.event.action.as_str()) {
                    continue;
                }
                steps.push(FileStep {
                    at: row.event.at,
                    amount: amount.filter(|_| row.event.action == "refund.arrived"),
                    what: What::Written {
                        by: row.event.actor,
                        action: row.event.action,
                        detail: row.event.detail,
                    },
                    evidence: None,
                });
            }
            self.entries.extend(store.entries_of(subject).await?);
        }
        for notice in store.notices_of_bill(&bill.bill_no).await? {
            let what = What::Message { kind: notice.kind, sent: notice.sent };
            steps.push(FileStep { at: notice.at, what, amount: None, evidence: None });
        }
        // Within a moment one thing still leads to the other.
        steps.sort_by_key(|step| (step.at, step.what.place_in_a_moment()));
        self.steps = steps;
        self.entries.sort_by_key(|entry| (entry.at, entry.reason));
        subjects.push(format!("paid:{number}"));
        for record in &self.refunds {
            let number = &record.refund.out_refund_no;
            subjects.extend([format!("refunded:{number}"), format!("refund_delayed:{number}")]);
        }
        for task in tasks_about(gateway, &subjects).await? {
            if task.state != TaskState::Done {
                self.open.push(OpenWork {
                    kind: task.kind,
                    subject: task.subject,
                    due_at: task.due_at,
                    parked: task.state == TaskState::Parked,
                    because: task.last_error.unwrap_or_default(),
                });
            }
        }
        Ok(())
    }

    /// How much an order brought in, or a refund takes out.
    fn amount_of(&self, subject: &str) -> Result<Option<Fen>, Trouble> {
        if let Some(record) =
            self.payments.iter().find(|record| record.payment.out_trade_no.as_str() == subject)
        {
            return Ok(record.payment.state.received().map(|received| received.amount.fen()));
        }
        match self.refunds.iter().find(|record| record.refund.out_refund_no.as_str() == subject) {
            Some(record) => Ok(Some(record.refund.amount.fen().negated()?)),
            None => Ok(None),
        }
    }
}
