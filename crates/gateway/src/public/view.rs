//! From the domain's words to the pages'.

use crate::http::visit::Visit;
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
    let name = visit.gateway.channel(channel).map(|provider| provider.provider_name());
    match name {
        Some("alipay") => pages::PayApp::Alipay,
        _ => pages::PayApp::Wechat,
    }
}

/// The account of an app, when that app can pay here.
pub(crate) fn route(visit: &Visit, app: pages::PayApp) -> Option<ChannelId> {
    let routes = &visit.gateway.settings.routes;
    let channel = match app {
        pages::PayApp::Wechat => routes.wechat.clone(),
        pages::PayApp::Alipay => routes.alipay.clone(),
    }?;
    visit.gateway.channel(&channel).is_some().then_some(channel)
}
