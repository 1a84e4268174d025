//! From the domain's words to the pages'.

use crate::Gateway;
use crate::http::session::Shown;
use crate::http::visit::Visit;
use mingfen_domain::Fen;
use mingfen_domain::ids::ChannelId;
use mingfen_domain::person::{Patient, Phone};
use mingfen_domain::slip::{Slip, SlipKind};
use mingfen_domain::split::Split;
use mingfen_pages::patient as pages;
use mingfen_vault::mask;

pub(crate) fn who(patient: &Patient) -> pages::Who {
    pages::Who { name: mask::name(&patient.name), card_tail: mask::card(&patient.card_no) }
}

pub(crate) fn masked(phone: &Phone) -> String {
    mask::phone(phone.as_str())
}

pub(crate) const fn kind(kind: SlipKind) -> pages::SlipKind {
    match kind {
        SlipKind::Registration => pages::SlipKind::Registration,
        SlipKind::Exam => pages::SlipKind::Exam,
        SlipKind::Lab => pages::SlipKind::Lab,
        SlipKind::Drug => pages::SlipKind::Drug,
        SlipKind::Treatment => pages::SlipKind::Treatment,
        SlipKind::Deposit => pages::SlipKind::Deposit,
        SlipKind::Other => pages::SlipKind::Other,
    }
}

/// The parts, when insurance pays any.
pub(crate) fn pages_split(split: Split) -> Option<pages::Split> {
    (split.self_pay() != split.total()).then(|| {
        pages::Split::new(split.pooled_fund().get(), split.personal_account().get(), split.self_pay().get())
    })
}

/// A registration's time is a place in a clinic that is held; everything else just lapses.
pub(crate) fn deadline(visit: &Visit, slip: &Slip) -> Option<pages::Deadline> {
    let moment = visit.moment(slip.pay_by?);
    Some(match slip.kind {
        SlipKind::Registration => pages::Deadline::HeldUntil(moment),
        _ => pages::Deadline::PayBy(moment),
    })
}

/// The app of an account.
pub(crate) fn pay_app(visit: &Visit, channel: &ChannelId) -> pages::PayApp {
    app_of(&visit.gateway, channel)
}

/// The same without a visitor.
pub(crate) fn app_of(gateway: &Gateway, channel: &ChannelId) -> pages::PayApp {
    let name = gateway.channel(channel).map(|provider| provider.provider_name());
    match name {
        Some("alipay") => pages::PayApp::Alipay,
        Some("cash") => pages::PayApp::Cash,
        Some("pos") => pages::PayApp::Card,
        _ => pages::PayApp::Wechat,
    }
}

/// The account of an app, when that app can pay here.
pub(crate) fn route(visit: &Visit, app: pages::PayApp) -> Option<ChannelId> {
    let routes = &visit.gateway.settings.routes;
    let channel = match app {
        pages::PayApp::Wechat => routes.wechat.clone(),
        pages::PayApp::Alipay => routes.alipay.clone(),
        // Nobody pays over the counter with a phone.
        pages::PayApp::Cash | pages::PayApp::Card => None,
    }?;
    visit.gateway.channel(&channel).is_some().then_some(channel)
}

/// Which slips are others than the page had shown, and how.
pub(crate) fn changed_lines(shown: &Shown, now: &[Slip]) -> Vec<pages::ChangedLine> {
    let earlier = shown.slips.iter().filter_map(|before| {
        let (name, difference) = match now.iter().find(|slip| slip.slip_no == before.slip_no) {
            Some(slip) => (slip.title.clone(), difference(before.total, slip.split.total())?),
            None => (before.title.clone(), pages::Difference::Gone(before.total.to_yuan_grouped())),
        };
        Some(pages::ChangedLine { kind: kind(before.kind), name, difference })
    });
    let added = now.iter().filter(|slip| shown.slips.iter().all(|before| before.slip_no != slip.slip_no));
    let added = added.map(|slip| pages::ChangedLine {
        kind: kind(slip.kind),
        name: slip.title.clone(),
        difference: pages::Difference::New(slip.split.total().to_yuan_grouped()),
    });
    earlier.chain(added).collect()
}

fn difference(before: Fen, now: Fen) -> Option<pages::Difference> {
    let yuan = |more: Fen, less: Fen| more.minus(less).ok().map(Fen::to_yuan_grouped);
    match now.cmp(&before) {
        std::cmp::Ordering::Greater => yuan(now, before).map(pages::Difference::More),
        std::cmp::Ordering::Less => yuan(before, now).map(pages::Difference::Less),
        std::cmp::Ordering::Equal => None,
    }
}
