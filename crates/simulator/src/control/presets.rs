//! The faults that the control page offers by name.

use crate::faults::{Defect, Fault, When};

/// A fault with its name for people and the call it belongs to.
pub(super) struct Preset {
    /// For people.
    pub(super) name: &'static str,
    /// Call name without the party.
    pub(super) call: &'static str,
    /// What goes wrong.
    pub(super) fault: Fault,
}

const fn preset(name: &'static str, call: &'static str, fault: Fault) -> Preset {
    Preset { name, call, fault }
}

const PAYMENT: &str = "notify.payment";
const REFUND_NEWS: &str = "notify.refund";

/// All presets in the order of the list.
pub(super) const ALL: &[Preset] = &[
    preset("支付通知丢失", PAYMENT, Fault::NotifyLost),
    preset("支付通知第一次丢失", PAYMENT, Fault::NotifyLostOnce),
    preset("支付通知晚 10 分钟", PAYMENT, Fault::NotifyLate { seconds: 600 }),
    preset("支付通知来两遍", PAYMENT, Fault::NotifyDoubled),
    preset("支付通知乱序", PAYMENT, Fault::NotifyReordered),
    preset("支付通知 10 分钟后被重放", PAYMENT, Fault::NotifyReplayed { seconds: 600 }),
    preset("先来一条伪造的通知", PAYMENT, Fault::NotifyDefect { defect: Defect::Forged }),
    preset("通知被篡改", PAYMENT, Fault::NotifyDefect { defect: Defect::Tampered }),
    preset("通知带签名探测", PAYMENT, Fault::NotifyDefect { defect: Defect::Probe }),
    preset("通知里的金额不对", PAYMENT, Fault::NotifyDefect { defect: Defect::WrongAmount }),
    preset("通知是别家商户的", PAYMENT, Fault::NotifyDefect { defect: Defect::OtherMerchant }),
    preset("通知里的应用不对", PAYMENT, Fault::NotifyDefect { defect: Defect::WrongApp }),
    preset("通知序列号不认识", PAYMENT, Fault::NotifyDefect { defect: Defect::WrongSerial }),
    preset("通知时间戳旧了 10 分钟", PAYMENT, Fault::NotifyDefect { defect: Defect::Stale }),
    preset("退款通知丢失", REFUND_NEWS, Fault::NotifyLost),
    preset("退款通知晚 10 分钟", REFUND_NEWS, Fault::NotifyLate { seconds: 600 }),
    preset("退款通知来两遍", REFUND_NEWS, Fault::NotifyDoubled),
    preset("先来一条伪造的退款通知", REFUND_NEWS, Fault::NotifyDefect { defect: Defect::Forged }),
    preset("退款通知里的金额不对", REFUND_NEWS, Fault::NotifyDefect { defect: Defect::WrongAmount }),
    preset("余额不足", "pay", Fault::NoFunds),
    preset("实扣多 1 分", "pay", Fault::Amount { delta_fen: 1 }),
    preset("任一调用 500（未生效）", "*", Fault::Status { status: 500, when: When::Before }),
    preset("任一调用 502（已生效）", "*", Fault::Status { status: 502, when: When::After }),
    preset("任一调用限流 429", "*", Fault::Status { status: 429, when: When::Before }),
    preset("任一调用断线（未生效）", "*", Fault::Reset { when: When::Before }),
    preset("任一调用断线（已生效）", "*", Fault::Reset { when: When::After }),
    preset("任一调用超时（已生效）", "*", Fault::Timeout { when: When::After }),
    preset("任一调用超时（未生效）", "*", Fault::Timeout { when: When::Before }),
    preset("任一调用慢 3 秒", "*", Fault::Slow { delay_ms: 3_000 }),
    preset("应答只来一半", "*", Fault::Truncated),
    preset("应答带签名探测", "*", Fault::ProbeSignature),
    preset("应答序列号不认识", "*", Fault::WrongSerial),
    preset("应答时间戳偏 10 分钟", "*", Fault::SkewedTimestamp { seconds: -600 }),
    preset("应答签名是伪造的", "*", Fault::ForgedSignature),
    preset("应答没有签名", "*", Fault::Unsigned),
    preset("应答前轮换平台证书", "*", Fault::KeyRotated),
    preset("退款异常", "refund", Fault::RefundAbnormal),
    preset("退款关闭", "refund", Fault::RefundClosed),
    preset("退款一直处理中", "refund", Fault::RefundStuck),
    preset("退款 1 小时后到账", "refund", Fault::RefundLate { seconds: 3_600 }),
    preset("账单迟迟不出", "*", Fault::StatementNotMade),
    preset("账单少一行", "*", Fault::StatementRowMissing),
    preset("账单坏一行", "*", Fault::StatementRowDamaged),
    preset("账单多一行", "*", Fault::StatementRowExtra),
    preset("账单金额多 1 分", "*", Fault::StatementAmount { delta_fen: 1 }),
    preset("账单汇总不随明细改", "*", Fault::StatementSummaryKept),
    preset("账单哈希不对", "*", Fault::StatementHash),
    preset("账单首行的商品名带逗号", "*", Fault::StatementComma),
    preset("账单多出四列", "*", Fault::StatementColumns),
    preset("账单汇总与明细不符", "*", Fault::StatementSummary),
];

impl Preset {
    /// The call at this party that the fault can strike; nothing where it would wait for ever or change nothing.
    pub(super) fn call_at(&self, provider: &str) -> Option<String> {
        let call = match (provider, &self.fault) {
            // The charge itself is always right there; a query tells of another amount.
            ("alipay", Fault::Amount { .. }) => "query",
            // Answers bear no time; its summary is a file of its own; its keys change by a button.
            ("alipay", Fault::SkewedTimestamp { .. } | Fault::StatementSummaryKept | Fault::KeyRotated) => {
                return None;
            }
            ("alipay", _) => self.call,
            // Files of other parties have no summary and a mark before each value.
            (_, Fault::StatementComma | Fault::StatementColumns | Fault::StatementSummary) => return None,
            _ => self.call,
        };
        Some(format!("{provider}.{call}"))
    }

    /// What it comes to at this party.
    pub(super) fn name_at(&self, provider: &str) -> &'static str {
        match (provider, &self.fault) {
            ("alipay", Fault::Amount { .. }) => "查询说多 1 分",
            ("alipay", Fault::WrongSerial) => "应答序列号不认识（证书模式）",
            ("alipay", Fault::RefundClosed) => "退款只口头受理",
            ("alipay", Fault::RefundAbnormal) => "退款处理中，后被银行退回",
            ("alipay", Fault::StatementHash) => "账单压缩包只来一半",
            _ => self.name,
        }
    }
}

/// The name under which the page offers this fault of this call; a rule's call begins with the party.
pub(super) fn name_of(call: &str, fault: &Fault) -> Option<&'static str> {
    let same = |preset: &&Preset| preset.fault == *fault;
    let of_call = |preset: &&Preset| call.ends_with(&format!(".{}", preset.call));
    ALL.iter().filter(same).find(of_call).or_else(|| ALL.iter().find(same)).map(|preset| preset.name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_changes_nothing_is_not_offered() {
        let offered = |provider: &str, fault: &Fault| {
            ALL.iter().find(|preset| preset.fault == *fault).and_then(|preset| preset.call_at(provider))
        };
        let dearer = Fault::Amount { delta_fen: 1 };
        assert_eq!(offered("wechat", &dearer).as_deref(), Some("wechat.pay"));
        assert_eq!(offered("alipay", &dearer).as_deref(), Some("alipay.query"));
        assert_eq!(offered("alipay", &Fault::SkewedTimestamp { seconds: -600 }), None);
        assert_eq!(offered("wechat", &Fault::StatementSummary), None);
        assert_eq!(offered("alipay", &Fault::StatementSummary).as_deref(), Some("alipay.*"));
    }
}
