//! Cashiers and their lead: giving back, and deciding over what another asked for.

use super::life::{Life, TRIES};
use super::plan::{App, RefundWay};
use super::{CASHIER, CASHIER_LEAD};
use anyhow::{Context, bail};
use mingfen_domain::ambient::{UPPER_ALPHANUMERIC, random_text};
use mingfen_domain::ids::{ChannelId, OutRefundNo, OutTradeNo, ProviderTradeNo};
use mingfen_domain::{Amount, BusinessDay};
use mingfen_gateway::service::RefundRefused;
use mingfen_gateway::service::desk::{
    AskRefused, Asked, Decision, HisWord, Wish, ask_refund, decide_request, request_facts,
};
use mingfen_his::{RefundBooking, RefundBookingAnswer};
use mingfen_provider_api::RefundRequest;
use mingfen_simulator::faults::{Fault, Rule};

/// More requests than ever wait at once.
const MOST_WAITING: i64 = 100;

impl Life<'_> {
    /// A cashier gives a visit's money back, or somebody does past us. What was never paid is not given back.
    pub(super) async fn gives_back(
        &mut self,
        day: BusinessDay,
        visit: usize,
        one_slip: bool,
        reason: &str,
        way: RefundWay,
    ) -> anyhow::Result<()> {
        let Some(order) = self.orders.get(&visit).cloned() else { return Ok(()) };
        if way == RefundWay::Portal {
            return self.refunds_at_portal(order.number.as_str(), order.fen).await;
        }
        let slip = order.slips.first().filter(|_| one_slip);
        let fails = way == RefundWay::FailsAndIsBooked;
        let fen = slip.map_or(order.fen, |(_, fen)| *fen);
        // What goes wrong goes wrong with little money: one person asks for it alone.
        let fen = if way == RefundWay::Desk { fen } else { fen.min(6000) };
        let closed =
            fails.then(|| self.simulator.faults().add(Rule::next("wechat.refund", Fault::RefundClosed)));
        let wish = Wish {
            bill_no: order.bill_no.clone(),
            slip_no: slip.map(|(slip_no, _)| slip_no.clone()),
            amount: Amount::from_fen(fen)?,
            reason: reason.to_owned(),
            key: random_text(self.random.as_ref(), UPPER_ALPHANUMERIC, 24),
            by: CASHIER.actor(),
        };
        let refund = match self.asks(wish).await? {
            Some(Asked::Refund(refund)) => refund.refund,
            Some(Asked::Waiting(_)) | None => {
                closed.map(|rule| self.simulator.faults().remove(rule));
                return Ok(());
            }
        };
        self.settles().await?;
        self.passes(8);
        self.settles().await?;
        match way {
            RefundWay::StatementLacks => {
                self.statement_lacks(App::Wechat, day, refund.out_refund_no.as_str());
                Ok(())
            }
            RefundWay::FailsAndIsBooked => {
                let booking = RefundBooking {
                    hospital: self.gateway.settings().hospital.id.clone(),
                    bill_no: order.bill_no,
                    out_refund_no: refund.out_refund_no,
                    amount: refund.amount,
                    slip_no: None,
                    reason: reason.to_owned(),
                    refunded_at: self.gateway.now(),
                };
                for _ in 0..TRIES {
                    match self.his.book_refund(&booking).await {
                        RefundBookingAnswer::Booked { .. } => return Ok(()),
                        RefundBookingAnswer::InDoubt(_) | RefundBookingAnswer::NotSent(_) => {}
                        refused @ RefundBookingAnswer::Refused { .. } => {
                            bail!("HIS did not book: {refused:?}")
                        }
                    }
                }
                bail!("HIS does not answer")
            }
            RefundWay::Desk | RefundWay::Portal => Ok(()),
        }
    }

    /// Sends the form, and sends it again where HIS was silent. `None`: the patient has to come back another time.
    pub(super) async fn asks(&self, wish: Wish) -> anyhow::Result<Option<Asked>> {
        for _ in 0..TRIES {
            match ask_refund(&self.gateway, wish.clone()).await {
                Err(AskRefused::Refused(RefundRefused::HisSilent(_))) => {}
                Err(AskRefused::Refused(RefundRefused::NotBookedYet(_))) => return Ok(None),
                end => return Ok(Some(end?)),
            }
        }
        Ok(None)
    }

    /// Somebody signs in at the provider and gives a part back there.
    async fn refunds_at_portal(&self, number: &str, paid_fen: i64) -> anyhow::Result<()> {
        let order =
            self.simulator.wechat().order(&self.mchid, number).context("WeChat Pay has no such order")?;
        let paid = order.paid.context("it was not paid")?;
        let request = RefundRequest {
            out_refund_no: OutRefundNo::parse(format!("PORTAL{}", &number[number.len() - 12..]))?,
            out_trade_no: OutTradeNo::parse(number)?,
            provider_trade_no: ProviderTradeNo::parse(paid.transaction_id)?,
            amount: Amount::from_fen((paid_fen / 2).max(1))?,
            paid: Amount::from_fen(paid_fen)?,
            reason: "商户平台退款".to_owned(),
            notify_url: "https://shop.example/news".to_owned(),
        };
        let provider = self.gateway.channel(&ChannelId::parse("wechat-main")?).context("no WeChat Pay")?;
        self.simulator.faults().add(Rule::next("wechat.notify.refund", Fault::NotifyLost));
        let refunds = provider.refunds().context("it cannot refund")?;
        let mut taken = refunds.refund(&request).await;
        for _ in 1..TRIES {
            if taken.is_ok() {
                break;
            }
            taken = refunds.refund(&request).await;
        }
        taken.map_err(|error| anyhow::anyhow!("{error:?}"))?;
        self.passes(8);
        self.settles().await
    }

    /// The cashiers' lead decides over everything that waits.
    pub(super) async fn decides(&self, mut declines: bool) -> anyhow::Result<()> {
        let store = self.gateway.store();
        for request in store.waiting_refund_requests(None, MOST_WAITING).await? {
            let facts = request_facts(&self.gateway, &request).await?;
            if facts.his == HisWord::Silent {
                // Another time.
                continue;
            }
            let decision = if std::mem::take(&mut declines) {
                Decision::Decline { reason: "请先到药房办理退药".to_owned() }
            } else if facts.allow() {
                Decision::Approve { seen: facts.seen() }
            } else {
                Decision::Decline { reason: "已无可退金额".to_owned() }
            };
            decide_request(&self.gateway, &request.request_no, decision, &CASHIER_LEAD.actor()).await?;
            self.settles().await?;
            self.passes(70);
        }
        self.settles().await
    }
}
