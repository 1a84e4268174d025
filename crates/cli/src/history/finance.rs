//! Finance and its lead: looking at a day's differences, asking again, deciding, signing. All of it by the use cases behind their
//! screens, with the preview that was read.

use super::life::{Life, Mended};
use super::{FINANCE, FINANCE_LEAD};
use mingfen_domain::BusinessDay;
use mingfen_domain::difference::{Category, Remedy};
use mingfen_gateway::service::reconciliation::{
    HandlingChange, RemedyOrder, RemedyRefused, SignRefused, ask_for_day, decide_remedy, handle_finding,
    note_finding, order_remedy, preview_remedy, sign_day,
};
use mingfen_store::{ALL_CHANNELS, FindingFilter, FindingRecord, RemedyState, RunRecord, Standing};

/// More findings than a day ever has.
const MOST_FINDINGS: i64 = 1000;

impl Life<'_> {
    async fn open_findings(
        &self,
        day: BusinessDay,
    ) -> anyhow::Result<Option<(RunRecord, Vec<FindingRecord>)>> {
        let store = self.gateway.store();
        let Some(run) = store.current_run(day, ALL_CHANNELS).await? else { return Ok(None) };
        let filter = FindingFilter { standing: Some(Standing::Open), ..FindingFilter::default() };
        let found = store.findings_of_run(&run.run_id, &filter, -1, MOST_FINDINGS).await?;
        Ok(Some((run, found.into_iter().map(|(finding, _)| finding).collect())))
    }

    /// A young day: who works on what, a note here and there, and a large sum waits for the lead's approval. Nothing is settled.
    pub(super) async fn looks_at(&self, day: BusinessDay) -> anyhow::Result<()> {
        let Some((run, open)) = self.open_findings(day).await? else { return Ok(()) };
        for (place, finding) in open.iter().enumerate() {
            self.passes(95);
            if place % 3 != 2 {
                let assigned_to = Some(Some(FINANCE.staff_no().to_owned()));
                let change = HandlingChange { assigned_to, ..HandlingChange::default() };
                handle_finding(&self.gateway, &finding.finding_key, &change, &FINANCE.actor()).await?;
            }
            if let Some(note) = note_about(finding.category) {
                note_finding(&self.gateway, &finding.finding_key, note, &FINANCE.actor()).await?;
            }
            if finding.category == Category::HisOnly {
                let order = order(&run, finding, Remedy::BookToSuspense, "对账单缺行，先挂账待渠道补单");
                let preview = preview_remedy(&self.gateway, &order).await;
                // Nobody approves it yet; what one person may decide over alone is left open.
                if let Ok(preview) = preview
                    && preview.needs_second_person
                {
                    order_remedy(&self.gateway, &order, &preview).await?;
                }
            }
        }
        Ok(())
    }

    /// Who is missing something is asked, or told, where that is advised first. Nothing is decided yet.
    pub(super) async fn works_on(&self, day: BusinessDay) -> anyhow::Result<()> {
        let Some((run, open)) = self.open_findings(day).await? else { return Ok(()) };
        for finding in &open {
            self.passes(80);
            if let Some(first) = finding.remedies.first()
                && matches!(first, Remedy::AskAgain | Remedy::WriteBackNow)
            {
                self.orders(&run, finding, *first).await?;
            }
        }
        self.settles().await
    }

    /// Provider and HIS mend what they admit: a whole file always, rows every other day, and where nothing else would ever settle them.
    /// Then the day is compared again.
    pub(super) async fn has_mended(&mut self, day: BusinessDay, what: Mended) -> anyhow::Result<()> {
        let Some((_, open)) = self.open_findings(day).await? else { return Ok(()) };
        let is_stuck = |finding: &FindingRecord| !finding.remedies.iter().any(|remedy| remedy.settles());
        let every_other_day = day.date().to_julian_day() % 2 == 0;
        let admits = what == Mended::File || every_other_day || open.iter().any(is_stuck);
        if admits && self.mends(day, what) {
            ask_for_day(&self.gateway, day, &FINANCE.actor()).await?;
            self.settles().await?;
        }
        Ok(())
    }

    /// What is left gets the first advised remedy that decides, above the limit with the lead's approval; what none of them fits is
    /// waited for, or noted.
    pub(super) async fn concludes(&self, day: BusinessDay) -> anyhow::Result<()> {
        let Some((run, open)) = self.open_findings(day).await? else { return Ok(()) };
        for finding in &open {
            self.passes(110);
            let (mut decide, other): (Vec<Remedy>, Vec<Remedy>) =
                finding.remedies.iter().copied().partition(|remedy| remedy.settles());
            if finding.category == Category::StatusMismatch {
                // HIS has booked the refund already: another one would be booked twice.
                decide.retain(|remedy| *remedy != Remedy::Refund);
            }
            for remedy in decide.into_iter().chain(other.into_iter().filter(|one| *one == Remedy::Carry)) {
                if self.orders(&run, finding, remedy).await? {
                    break;
                }
            }
        }
        self.settles().await
    }

    /// Orders a remedy after reading its preview, and has it approved where that takes two. `false`: the facts forbid it.
    async fn orders(&self, run: &RunRecord, finding: &FindingRecord, remedy: Remedy) -> anyhow::Result<bool> {
        let order = order(run, finding, remedy, reason_for(remedy));
        let preview = match preview_remedy(&self.gateway, &order).await {
            Ok(preview) => preview,
            Err(RemedyRefused::Trouble(trouble)) => return Err(trouble.into()),
            Err(_) => return Ok(false),
        };
        let ordered = match order_remedy(&self.gateway, &order, &preview).await {
            Ok(ordered) => ordered,
            Err(RemedyRefused::Trouble(trouble)) => return Err(trouble.into()),
            Err(_) => return Ok(false),
        };
        if ordered.state == RemedyState::Waiting {
            self.passes(240);
            decide_remedy(&self.gateway, &ordered.remedy_id, true, &FINANCE_LEAD.actor()).await?;
        }
        self.settles().await?;
        Ok(true)
    }

    /// The lead signs; a day on which something is still open waits for another.
    pub(super) async fn signs(&self, day: BusinessDay) -> anyhow::Result<()> {
        match sign_day(&self.gateway, day, &FINANCE_LEAD.actor(), "差异均已处理").await {
            Ok(_) | Err(SignRefused::Open { .. } | SignRefused::NoRun(_) | SignRefused::Signed(_)) => Ok(()),
            Err(refused) => Err(refused.into()),
        }
    }
}

fn order(run: &RunRecord, finding: &FindingRecord, remedy: Remedy, reason: &str) -> RemedyOrder {
    RemedyOrder {
        run_id: run.run_id.clone(),
        finding_key: finding.finding_key.clone(),
        remedy,
        reason: reason.to_owned(),
        by: FINANCE.actor(),
    }
}

const fn reason_for(remedy: Remedy) -> &'static str {
    match remedy {
        Remedy::AskAgain => "向双方再次核实",
        Remedy::WriteBackNow => "HIS 已恢复，立即回写",
        Remedy::Refund => "HIS 未入账，按原路退回",
        Remedy::Carry => "等待次日流水",
        Remedy::MarkForeign => "小卖部流水，与本院无关",
        Remedy::BookToSuspense => "双方口径不一致，先挂账",
        Remedy::WriteOff => "已核实，按理由结案",
        Remedy::Note => "已与对方电话核实",
    }
}

/// What finance writes down about a difference that it has only looked at.
const fn note_about(category: Category) -> Option<&'static str> {
    match category {
        Category::ChannelOnly => Some("已请信息科核查 HIS 日终流水导出，等回复。"),
        Category::AmountOver | Category::AmountUnder => Some("已联系 HIS 厂商核对该笔记账金额。"),
        Category::DuplicateInChannel => Some("渠道客服工单已提交，等更正后的账单。"),
        Category::RefundMissingInHis => Some("疑似在商户平台直接退款，正在找经办人。"),
        _ => None,
    }
}
