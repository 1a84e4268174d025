//! `mingfen refund`: sends money back, after showing what will happen.

use crate::arguments::Refund;
use crate::assemble::Checked;
use crate::exit::{Exit, Refusal};
use crate::screen::{Screen, Tone};
use mingfen_config::Sources;
use mingfen_domain::ids::{BillNo, OutTradeNo};
use mingfen_domain::refund::Origin;
use mingfen_domain::{Amount, Fen};
use mingfen_gateway::service::{
    OrderStory, RefundAsked, RefundRefused, RefundTarget, order_story, request_refund,
};
use mingfen_gateway::{Gateway, jobs};
use mingfen_store::RefundRecord;
use serde_json::json;

pub async fn run(sources: &Sources, options: Refund, screen: &mut Screen) -> anyhow::Result<Exit> {
    let amount = options.amount.as_deref().map(Amount::from_yuan).transpose();
    let amount = amount.map_err(|error| Refusal(format!("--amount: {error}")))?;
    let gateway = Checked::from_sources(sources)?.gateway().await?;
    let story = order_story(&gateway, &options.number).await?;
    let story =
        story.ok_or_else(|| Refusal(format!("no order or bill {:?} is known here", options.number)))?;
    if !options.json {
        preview(&story, amount, &options.reason, screen);
    }
    if !options.yes && !agreed(screen)? {
        screen.line("Nothing was changed.");
        return Ok(Exit::Refused);
    }
    let asked = RefundAsked {
        target: target(&gateway, &options.number, &story).await?,
        amount,
        slip_no: None,
        reason: options.reason,
        origin: Origin::Cashier,
        requested_by: format!("cli:{}", options.by),
        request_key: options.request_key.map(|key| format!("cli:{key}")),
    };
    let refund = request_refund(&gateway, asked).await.map_err(|error| match error {
        RefundRefused::Trouble(trouble) => anyhow::Error::from(trouble),
        refused => Refusal(refused.to_string()).into(),
    })?;
    // The refund is stored and due: this sends it now, and a running gateway follows it from here on.
    jobs::run_due(&gateway).await?;
    let number = &refund.refund.out_refund_no;
    let refund = gateway.store().refund(number).await?.unwrap_or(refund);
    tell(&refund, options.json, screen);
    Ok(Exit::Done)
}

/// What the typed number means: an order refunds that order, anything else the payment that settled its bill.
async fn target(gateway: &Gateway, number: &str, story: &OrderStory) -> anyhow::Result<RefundTarget> {
    if let Ok(order) = OutTradeNo::parse(number)
        && gateway.store().payment(&order).await?.is_some()
    {
        return Ok(RefundTarget::Order(order));
    }
    Ok(RefundTarget::Bill(BillNo::parse(story.bill_no.as_str())?))
}

fn preview(story: &OrderStory, amount: Option<Amount>, reason: &str, screen: &mut Screen) {
    let left = story.received.minus(story.refunded).unwrap_or(Fen::ZERO);
    let heading = screen.toned(Tone::Strong, &format!("Refund of bill {} ({})", story.bill_no, story.state));
    screen.line(heading);
    screen.line(format!("  patient   {}", story.patient));
    for (slip_no, title, total) in &story.slips {
        screen.line(format!("  slip      {slip_no}  {title}  {}", total.to_yuan_grouped()));
    }
    screen.line(format!(
        "  received  {}, already back {}, left {}",
        story.received.to_yuan_grouped(),
        story.refunded.to_yuan_grouped(),
        left.to_yuan_grouped()
    ));
    let back = amount.map_or_else(|| "all that is left".to_owned(), |amount| amount.fen().to_yuan_grouped());
    screen.line(format!("  back      {back}, the way it came; the payer reads: {reason}"));
    screen.line("  HIS is asked first whether it allows this, and told when the money has arrived.");
}

fn agreed(screen: &mut Screen) -> anyhow::Result<bool> {
    if !screen.can_ask() {
        return Err(Refusal("nobody can be asked here; add --yes to refund without a question".into()).into());
    }
    Ok(screen.confirms("Send this money back?"))
}

fn tell(refund: &RefundRecord, as_json: bool, screen: &mut Screen) {
    let inner = &refund.refund;
    if as_json {
        screen.json(&json!({
            "out_refund_no": inner.out_refund_no.as_str(),
            "out_trade_no": inner.out_trade_no.as_str(),
            "bill_no": refund.bill_no.as_str(),
            "amount_fen": inner.amount.get(),
            "state": inner.state.as_str(),
            "trace": inner.trace.as_str(),
        }));
        return;
    }
    let done = screen.toned(Tone::Good, &format!("Refund {} of {} yuan", inner.out_refund_no, inner.amount));
    screen.line(format!("{done} is {}.", inner.state.as_str()));
    screen.line(format!("Follow it with: mingfen order {}", inner.out_refund_no));
}
