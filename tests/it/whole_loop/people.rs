//! What finance does about differences, held to its preview.

use mingfen_domain::Fen;
use mingfen_domain::books::Account;
use mingfen_domain::difference::{Category, Remedy};
use mingfen_domain::ids::ChannelId;
use mingfen_gateway::service::reconciliation::{
    DayReconciled, RemedyOrder, RemedyPreview, RemedyRefused, decide_remedy, order_remedy, preview_remedy,
};
use mingfen_store::{FindingFilter, FindingRecord, RemedyRecord, RemedyState, Standing};
use mingfen_tests::Hospital;
use std::collections::{BTreeMap, BTreeSet};

/// Everything of a run that still wants somebody, with what was left over by earlier days.
pub async fn open_findings(hospital: &Hospital, made: &DayReconciled) -> Vec<FindingRecord> {
    let filter = FindingFilter { standing: Some(Standing::Open), ..FindingFilter::default() };
    let found = hospital.store().findings_of_run(&made.run.run_id, &filter, -1, 5000).await;
    found.expect("readable").into_iter().map(|(finding, _)| finding).collect()
}

/// Finance and her lead.
pub struct People<'h> {
    hospital: &'h Hospital,
    /// Of each kind of remedy for each kind of difference, the first one is watched in every table.
    watched: BTreeSet<(&'static str, Category)>,
    /// How many of each remedy were ordered.
    pub ordered: BTreeMap<&'static str, usize>,
    /// How many of them a second person approved.
    pub approved: usize,
}

impl<'h> People<'h> {
    pub const fn new(hospital: &'h Hospital) -> Self {
        Self { hospital, watched: BTreeSet::new(), ordered: BTreeMap::new(), approved: 0 }
    }

    /// Reads the preview, orders, has it approved where that is wanted, and sees that it did what it said and nothing else.
    pub async fn order(
        &mut self,
        made: &DayReconciled,
        finding: &FindingRecord,
        remedy: Remedy,
    ) -> RemedyRecord {
        let order = RemedyOrder {
            run_id: made.run.run_id.clone(),
            finding_key: finding.finding_key.clone(),
            remedy,
            reason: "按对账结果处理".to_owned(),
            by: "finance".to_owned(),
        };
        let gateway = self.hospital.gateway();
        let preview =
            preview_remedy(gateway, &order).await.unwrap_or_else(|refused| panic!("{refused}: {finding:#?}"));
        let watches = self.watched.insert((remedy.as_str(), finding.category));
        let before = self.state(watches).await;
        let mut record = order_remedy(gateway, &order, &preview)
            .await
            .unwrap_or_else(|refused| panic!("{refused}: {finding:#?}"));
        assert_eq!(record.preview, preview.text(), "what was shown is what is kept");
        if preview.needs_second_person {
            assert_eq!(record.state, RemedyState::Waiting);
            assert_eq!(self.state(false).await.balance, before.balance, "nothing was done yet");
            let alone = decide_remedy(gateway, &record.remedy_id, true, "finance").await;
            assert!(matches!(alone, Err(RemedyRefused::SamePerson(_))), "{alone:?}");
            record = decide_remedy(gateway, &record.remedy_id, true, "lead").await.expect("it is approved");
            self.approved += 1;
        }
        assert_eq!(record.state, RemedyState::Done, "{record:#?}");
        let after = self.state(watches).await;
        let wanted = moves(remedy, finding, &preview);
        assert_eq!(after.moved_since(&before), wanted, "{preview:#?}\n{finding:#?}");
        if watches {
            let more: BTreeMap<&str, i64> = after
                .rows
                .iter()
                .map(|(table, count)| (table.as_str(), count - before.rows[table]))
                .filter(|(_, more)| *more != 0)
                .collect();
            assert_eq!(more, rows(remedy, &wanted, preview.needs_second_person), "{finding:#?}");
        }
        *self.ordered.entry(remedy.as_str()).or_default() += 1;
        record
    }

    async fn state(&self, whole: bool) -> State {
        let balance = self.hospital.store().trial_balance().await.expect("readable");
        let balance = balance.into_iter().map(|(account, fen)| (account.to_text(), fen.get())).collect();
        let rows = if whole { self.hospital.row_counts().await } else { BTreeMap::new() };
        State { balance, rows }
    }
}

/// The books, and how many rows each table has.
struct State {
    balance: BTreeMap<String, i64>,
    rows: BTreeMap<String, i64>,
}

impl State {
    fn moved_since(&self, before: &Self) -> BTreeMap<String, i64> {
        let accounts: BTreeSet<&String> = self.balance.keys().chain(before.balance.keys()).collect();
        let of = |balance: &BTreeMap<String, i64>, account| balance.get(account).copied().unwrap_or_default();
        accounts
            .into_iter()
            .map(|account| (account.clone(), of(&self.balance, account) - of(&before.balance, account)))
            .filter(|(_, moved)| *moved != 0)
            .collect()
    }
}

/// What moves in the books at once, as the preview says it; a refund is promised.
fn moves(remedy: Remedy, finding: &FindingRecord, preview: &RemedyPreview) -> BTreeMap<String, i64> {
    if remedy == Remedy::Refund {
        let from =
            if finding.cause == "wrong_amount_paid" { Account::Suspense } else { Account::PatientMoney };
        let fen = preview.amount.get();
        return [(from, fen), (Account::RefundsPayable, -fen)]
            .map(|(account, fen)| (account.to_text(), fen))
            .into();
    }
    preview.effects.iter().filter_map(|effect| posting(effect)).collect()
}

/// Reads `记账：借 挂账 12.30 元`.
fn posting(effect: &str) -> Option<(String, i64)> {
    let mut words = effect.split_once("记账：")?.1.split(' ');
    let (side, name, yuan) = (words.next()?, words.next()?, words.next()?);
    let (name, yuan) = if name == "HIS" {
        (words.clone().next().map(|_| "HIS 收入")?, words.next()?)
    } else {
        (name, yuan)
    };
    let account = match name {
        "挂账" => Account::Suspense,
        "HIS 收入" => Account::HisRevenue,
        "核销损益" => Account::WrittenOff,
        receivable => {
            let channel = receivable.strip_prefix("渠道应收（").and_then(|rest| rest.strip_suffix('）'));
            Account::ChannelReceivable(ChannelId::parse(channel?).ok()?)
        }
    };
    let fen = Fen::from_yuan(yuan).expect("an amount").get();
    Some((account.to_text(), if side == "借" { fen } else { -fen }))
}

/// What a remedy adds to the tables before anything else happens.
fn rows(remedy: Remedy, moved: &BTreeMap<String, i64>, two_people: bool) -> BTreeMap<&'static str, i64> {
    // Whoever leaves this process writes down the order and then its end.
    let outside = matches!(remedy, Remedy::AskAgain | Remedy::Refund);
    let mut rows = BTreeMap::from([("audit_events", if outside || two_people { 2 } else { 1 })]);
    if !moved.is_empty() {
        rows.insert("journal_entries", 1);
        rows.insert("journal_postings", i64::try_from(moved.len()).expect("few"));
    }
    if remedy == Remedy::Refund {
        rows.insert("refunds", 1);
        rows.insert("tasks", 1);
        *rows.entry("audit_events").or_default() += 1;
    }
    rows
}
