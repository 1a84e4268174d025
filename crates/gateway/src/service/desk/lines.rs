//! Payments as lines of a list: read in a few statements, however many lines.

use crate::Gateway;
use crate::service::dashboard::taken_today;
use crate::service::payment_view::{order_that_matters, stage_of};
use crate::service::{Private, Stage, Trouble};
use mingfen_domain::ids::BillNo;
use mingfen_domain::person::Patient;
use mingfen_domain::{BusinessDay, Fen, Timestamp, refund};
use mingfen_store::{BillRecord, Counted, PaymentRecord, RefundPart, RefundRecord, RefundedDay};

/// A payment in a list.
#[derive(Clone, Debug)]
pub struct OrderLine {
    /// The bill.
    pub bill: BillRecord,
    /// Whose; masked before anybody sees it.
    pub patient: Patient,
    /// The order that decides how it stands; none when it never came to an order.
    pub payment: Option<PaymentRecord>,
    /// Where the money is.
    pub stage: Option<Stage>,
    /// What came in by that order.
    pub received: Fen,
    /// What is back at the payer.
    pub refunded: Fen,
}

/// Today, as far as it is cheap to know.
#[derive(Clone, Copy, Debug)]
pub struct DeskFigures {
    /// What came in.
    pub taken: Counted,
    /// What was asked back.
    pub refunded: RefundedDay,
    /// Refunds that wait for a second person, and since when the oldest.
    pub waiting: (i64, Option<Timestamp>),
    /// Refunds that are under way.
    pub under_way: i64,
}

/// The latest payments of the hospital, at most `limit`, from the one after `before`.
///
/// # Errors
/// [`Trouble`].
pub async fn latest_orders(
    gateway: &Gateway,
    before: Option<&(Timestamp, String)>,
    limit: i64,
) -> Result<Vec<OrderLine>, Trouble> {
    let bills = gateway.store.latest_bills(&gateway.settings.hospital.id, before, limit).await?;
    lines_of(gateway, bills).await
}

/// Reads what a list shows of bills.
///
/// # Errors
/// [`Trouble`].
pub async fn lines_of(gateway: &Gateway, bills: Vec<BillRecord>) -> Result<Vec<OrderLine>, Trouble> {
    let numbers: Vec<BillNo> = bills.iter().map(|bill| bill.bill.bill_no.clone()).collect();
    let payments = gateway.store.payments_of_bills(&numbers).await?;
    let refunds = gateway.store.refunds_of_bills(&numbers).await?;
    let write_backs = gateway.store.write_backs_of_bills(&numbers).await?;
    let now = gateway.now();
    let mut lines = Vec::with_capacity(bills.len());
    for bill in bills {
        let bill_no = &bill.bill.bill_no;
        let of_bill = payments.iter().filter(|record| record.payment.bill_no == *bill_no);
        let payment = order_that_matters(&bill, of_bill).cloned();
        let mut line = OrderLine {
            patient: Private(gateway).open_patient(&bill.patient_sealed)?,
            stage: None,
            received: Fen::ZERO,
            refunded: Fen::ZERO,
            payment: None,
            bill,
        };
        if let Some(payment) = payment {
            let of_payment: Vec<&RefundRecord> = refunds
                .iter()
                .filter(|record| record.refund.out_trade_no == payment.payment.out_trade_no)
                .collect();
            let arrived =
                |record: &&&RefundRecord| matches!(record.refund.state, refund::State::Succeeded { .. });
            let refunded =
                Fen::sum(of_payment.iter().filter(arrived).map(|record| record.refund.amount.fen()))?;
            let write_back = write_backs.iter().find(|record| record.bill_no == line.bill.bill.bill_no);
            let write_back = write_back.map(|record| record.state.clone());
            line.stage = Some(stage_of(now, &payment, &of_payment, refunded, write_back));
            line.received =
                payment.payment.state.received().map_or(Fen::ZERO, |received| received.amount.fen());
            line.refunded = refunded;
            line.payment = Some(payment);
        }
        lines.push(line);
    }
    Ok(lines)
}

/// The figures of today.
///
/// # Errors
/// [`Trouble`].
pub async fn desk_figures(gateway: &Gateway) -> Result<DeskFigures, Trouble> {
    let today = BusinessDay::of(gateway.now());
    let (from, to) = (today.start(), today.end());
    Ok(DeskFigures {
        taken: taken_today(gateway).await?,
        refunded: gateway.store.refunds_asked_for(from, to).await?,
        waiting: gateway.store.refund_requests_waiting().await?,
        under_way: gateway.store.count_refunds_standing(RefundPart::UnderWay).await?,
    })
}
