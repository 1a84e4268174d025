//! `mingfen refund`: sends money back, after showing what will happen.

use crate::arguments::Refund;
use crate::assemble::Checked;
use crate::exit::{Exit, Refusal};
use crate::screen::{Screen, Tone};
use mingfen_config::Sources;
use mingfen_domain::ids::{BillNo, OutTradeNo, SlipNo};
use mingfen_domain::refund::Origin;
use mingfen_domain::{Amount, Fen};
use mingfen_gateway::Gateway;
use mingfen_gateway::service::{
    OrderStory, RefundAsked, RefundRefused, RefundTarget, RefundWay, follow_refund, order_story,
    request_refund,
};
use mingfen_store::RefundRecord;
use serde_json::json;

pub async fn run(sources: &Sources, options: Refund, screen: &mut Screen) -> anyhow::Result<Exit> {
    let amount = options.amount.as_deref().map(Amount::from_yuan).transpose();
    let amount = amount.map_err(|error| Refusal(format!("--amount: {error}")))?;
    let slip_no = options.slip.as_deref().map(SlipNo::parse).transpose();
    let slip_no = slip_no.map_err(|error| Refusal(format!("--slip: {error}")))?;
    let gateway = Checked::from_sources(sources)?.gateway().await?;
    let story = order_story(&gateway, &options.number).await?;
    let story =
        story.ok_or_else(|| Refusal(format!("no order or bill {:?} is known here", options.number)))?;
    if !options.json {
        preview(&story, amount, slip_no.as_ref(), &options, screen);
    }
    let target = target(&gateway, &options.number, &story).await?;
    if !options.again && options.request_key.is_none() {
        refuse_a_repeat(&gateway, &story, amount, slip_no.as_ref()).await?;
    }
    if !options.yes && !agreed(options.by_hand, screen)? {
        screen.line("Nothing was changed.");
        return Ok(Exit::Refused);
    }
    let asked = RefundAsked {
        target,
        amount,
        slip_no,
        reason: options.reason,
        origin: Origin::Cashier,
        requested_by: format!("cli:{}", options.by),
        request_key: options.request_key.map(|key| format!("cli:{key}")),
        by: if options.by_hand { RefundWay::Hand } else { RefundWay::Channel },
    };
    let refund = request_refund(&gateway, asked).await.map_err(|error| match error {
        RefundRefused::Trouble(trouble) => anyhow::Error::from(trouble),
        refused => Refusal(refused.to_string()).into(),
    })?;
    // It is stored and due, and nothing that goes wrong from here on may hide that: who sees no number asks once more.
    let number = &refund.refund.out_refund_no;
    if !options.json && !options.by_hand {
        screen.line(format!("Refund {number} of {} yuan is stored; it is sent now.", refund.refund.amount));
    }
    if let Err(trouble) = follow_refund(&gateway, number, 1).await {
        screen.complain(&format!(
            "It could not be sent just now ({trouble}); a running gateway sends and follows it."
        ));
    }
    let latest = gateway.store().refund(number).await.ok().flatten();
    tell(&latest.unwrap_or(refund), options.json, screen);
    Ok(Exit::Done)
}

/// The same amount of the same order and slip, asked for within a day: most likely the same wish, typed again.
async fn refuse_a_repeat(
    gateway: &Gateway,
    story: &OrderStory,
    amount: Option<Amount>,
    slip_no: Option<&SlipNo>,
) -> anyhow::Result<()> {
    let refunds = gateway.store().refunds_of_bill(&BillNo::parse(story.bill_no.as_str())?).await?;
    let yesterday = gateway.now().plus_seconds(-86_400);
    let same = refunds.iter().rev().find(|record| {
        let refund = &record.refund;
        let same_amount = amount.is_none_or(|amount| amount == refund.amount);
        let counts = refund.state.holds_money() && refund.requested_at > yesterday;
        counts && same_amount && record.slip_no.as_ref() == slip_no && refund.origin.concerns_his()
    });
    // Without an amount it is all that is left, which can be asked for only once.
    let Some(same) = same.filter(|_| amount.is_some() || slip_no.is_some()) else { return Ok(()) };
    Err(Refusal(format!(
        "the same was refunded within a day: {} of {} yuan is {}. Look at it with `mingfen order {}`; if you mean a second one, add --again",
        same.refund.out_refund_no,
        same.refund.amount,
        same.refund.state.as_str(),
        same.refund.out_refund_no
    ))
    .into())
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

fn preview(
    story: &OrderStory,
    amount: Option<Amount>,
    slip_no: Option<&SlipNo>,
    options: &Refund,
    screen: &mut Screen,
) {
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
    let of_slip = slip_no.map(|slip_no| format!(" of slip {slip_no}")).unwrap_or_default();
    let back = amount.map_or_else(|| "all that is left".to_owned(), |amount| amount.fen().to_yuan_grouped());
    let back = format!("{back}{of_slip}");
    let way = if options.by_hand { "given by hand already, only written down" } else { "the way it came" };
    screen.line(format!("  back      {back}, {way}; the payer reads: {}", options.reason));
    screen.line("  HIS is asked first whether it allows this, and told when the money has arrived.");
}

fn agreed(by_hand: bool, screen: &mut Screen) -> anyhow::Result<bool> {
    if !screen.can_ask() {
        return Err(Refusal("nobody can be asked here; add --yes to refund without a question".into()).into());
    }
    let question = if by_hand { "Has this money been given back by hand?" } else { "Send this money back?" };
    Ok(screen.confirms(question))
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
