//! Fees and settlement of each merchant account: the statement's fees against the contract, its money against the fund flow, and what
//! was paid out of it against the bank.

use super::collect::{Prepared, copy_plain, input, layout_of, temporary, why_not};
use super::day::ReconcileRefused;
use crate::Gateway;
use crate::service::Trouble;
use crate::settings::named_by_day;
use mingfen_domain::BusinessDay;
use mingfen_domain::fund_flow::FundFlowKind;
use mingfen_domain::ids::ChannelId;
use mingfen_domain::money::MoneyError;
use mingfen_domain::sides::{Kind, Side, State};
use mingfen_provider_api::Provider;
use mingfen_provider_api::statement::{Fetched, StatementError, StatementKind};
use mingfen_reconciliation::files::{self, BANK_MOVEMENTS, Input, Layout, Progress};
use mingfen_reconciliation::matching::{HashKey, Rules};
use mingfen_reconciliation::settlement::{AccountDay, Arrival, BankFile, Contract, Payout, Trade, settle};
use mingfen_reconciliation::sides::day_of;
use mingfen_store::{InputKind, InputState, PayoutRecord, RunInputRecord, RunRecord, RunSettlementRecord};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The fund-flow files of the day, as inputs of the run. One that is not there is no difference: there is nothing to compare then.
pub(super) async fn fund_flows(
    gateway: &Gateway,
    day: BusinessDay,
    statements: &[Prepared],
    directory: &Path,
) -> Result<Vec<Prepared>, Trouble> {
    let mut prepared = Vec::new();
    for channel in read_accounts(statements) {
        let Some(provider) = gateway.channel(&channel) else { continue };
        let Some(files) = provider.statements() else { continue };
        let directory = directory.join(format!("fund-flow-{channel}"));
        std::fs::create_dir(&directory).map_err(temporary)?;
        let (state, name, path, remark) = match files.fetch(StatementKind::FundFlow, day, &directory).await {
            Ok(Fetched::File(file)) => (InputState::Read, file.name, Some(file.path), String::new()),
            Ok(Fetched::NothingThatDay) => {
                (InputState::Nothing, String::new(), None, "渠道答复当日没有资金变动".to_owned())
            }
            // The statement decides whether the day is complete; without this file fees alone are compared.
            Ok(Fetched::NotYet) => (InputState::Nothing, String::new(), None, "资金账单尚未生成".to_owned()),
            Err(error) => {
                (InputState::Nothing, String::new(), None, format!("资金账单暂时取不到：{}", why_not(&error)))
            }
        };
        let name = if name.is_empty() { format!("fund-flow-{channel}-{day}") } else { name };
        let record = RunInputRecord {
            channel: Some(channel),
            state,
            remark,
            ..input(Side::Channel, InputKind::FundFlow, name, "")
        };
        prepared.push(Prepared::whole(record, path));
    }
    Ok(prepared)
}

fn read_accounts(inputs: &[Prepared]) -> Vec<ChannelId> {
    inputs
        .iter()
        .filter(|input| input.record.kind == InputKind::Statement && input.record.state == InputState::Read)
        .filter_map(|input| input.record.channel.clone())
        .collect()
}

/// The bank accounts' movements of the day, one file a bank account, as inputs of the run. One that is not there is no difference.
pub(super) fn bank_files(
    gateway: &Gateway,
    day: BusinessDay,
    directory: &Path,
) -> Result<Vec<Prepared>, ReconcileRefused> {
    let mut banks: BTreeMap<&str, (&str, &str)> = BTreeMap::new();
    for account in gateway.settings.reconciliation.accounts.values() {
        if let (Some(bank), Some((path, layout))) = (&account.bank_account, &account.bank_file) {
            banks.insert(bank, (path, layout.as_deref().unwrap_or(BANK_MOVEMENTS)));
        }
    }
    let mut prepared = Vec::new();
    for (number, (bank, (pattern, text))) in banks.into_iter().enumerate() {
        let path = PathBuf::from(named_by_day(pattern, day));
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let mut record = input(Side::Channel, InputKind::Bank, name, text);
        (record.state, record.remark) = (InputState::Nothing, bank.to_owned());
        if !path.exists() {
            record.remark = format!("{bank}：没有当日的银行流水文件");
            prepared.push(Prepared::whole(record, None));
            continue;
        }
        let layout = layout_of(&record)?;
        let plain = directory.join(format!("bank-{number}"));
        match copy_plain(&path, &layout, None, &plain) {
            Ok(()) => {
                record.state = InputState::Read;
                prepared.push(Prepared::whole(record, Some(plain)));
            }
            Err(ReconcileRefused::Input(refusal)) => {
                tracing::warn!(bank.file = %record.name, error = %refusal, "a bank's file is not in order");
                record.remark = format!("{bank}：{refusal}");
                prepared.push(Prepared::whole(record, None));
            }
            Err(other) => return Err(other),
        }
    }
    Ok(prepared)
}

/// What came in at a bank account. A file that is read alone has every row in what nobody else has.
fn arrivals(input: &Prepared, path: &Path, known_until: BusinessDay) -> Result<BankFile, Trouble> {
    let damaged = |problem: String| Trouble::Inconsistent(format!("{}: {problem}", input.record.name));
    let layout = layout_of(&input.record)?;
    let inputs = [Input::new(Side::Channel, path.to_owned(), &layout)];
    let report = files::reconcile(&inputs, Rules::default(), HashKey::random(), 1, &Progress::default())
        .map_err(|error| damaged(error.to_string()))?;
    let rows = report.outcome.findings.iter().flat_map(|finding| &finding.lines);
    let arrivals = rows
        .filter(|row| row.kind == Kind::Payment && row.state == State::Done)
        .map(|row| Arrival {
            day: day_of(row.day),
            account: String::from_utf8_lossy(&row.account).into_owned(),
            amount: row.amount,
        })
        .collect();
    Ok(BankFile { bank_account: input.record.remark.clone(), known_until, arrivals })
}

/// Reads statements and fund flows once more, for what the matching does not need, and holds them against the bank. `before` is the run
/// of the latest day before, whose payouts are still on their way.
pub(super) async fn settlements(
    gateway: &Gateway,
    day: BusinessDay,
    before: Option<&RunRecord>,
    inputs: &[Prepared],
) -> Result<(Vec<RunSettlementRecord>, Vec<PayoutRecord>), Trouble> {
    let mut days = Vec::new();
    for channel in read_accounts(inputs) {
        let Some(provider) = gateway.channel(&channel).cloned() else { continue };
        // Nobody settles what was taken at the window: cash is handed in, and what became of cards stands in the bank's own file.
        if provider.statements().is_none() {
            continue;
        }
        let of = |kind| {
            inputs.iter().find(|input| {
                input.record.kind == kind
                    && input.record.state == InputState::Read
                    && input.record.channel.as_ref() == Some(&channel)
            })
        };
        let Some(statement) = of(InputKind::Statement) else { continue };
        let Some(path) = statement.path.clone() else { continue };
        let flow = of(InputKind::FundFlow).and_then(|input| input.path.clone());
        let account = gateway.settings.reconciliation.accounts.get(&channel);
        let contract = Contract {
            fee_per_100000: account.and_then(|account| account.fee_per_100000),
            ..Contract::default()
        };
        let bank = account.and_then(|account| account.bank_account.clone()).unwrap_or_default();
        let account_day = AccountDay::new(channel.as_str(), bank, day, contract);
        let layout = layout_of(&statement.record)?;
        let read =
            tokio::task::spawn_blocking(move || read(&provider, &layout, &path, flow, account_day)).await;
        days.push(read.map_err(|_| {
            Trouble::Inconsistent("reading fees broke off, which is a fault of the program".to_owned())
        })??);
    }
    let mut files = Vec::new();
    for input in inputs.iter().filter(|input| input.record.kind == InputKind::Bank) {
        if let Some(path) = &input.path {
            files.push(arrivals(input, path, day)?);
        }
    }
    let carried = match before {
        Some(run) => gateway.store.payouts_of_run(&run.run_id).await?,
        None => Vec::new(),
    };
    let carried = carried
        .into_iter()
        .map(|payout| Payout {
            bank_account: payout.bank_account,
            due: payout.due,
            account: payout.channel.to_string(),
            paid_out: payout.paid_out,
            amount: payout.amount,
        })
        .collect();
    let settled = settle(days, carried, files)?;
    let banks: BTreeSet<&str> = gateway
        .settings
        .reconciliation
        .accounts
        .values()
        .filter(|account| account.bank_file.is_some())
        .filter_map(|account| account.bank_account.as_deref())
        .collect();
    let known_channel =
        |account: &str| ChannelId::parse(account).map_err(|error| Trouble::Inconsistent(error.to_string()));
    let payouts = settled
        .still_out
        .into_iter()
        // Without files of the bank nothing will ever say that it came.
        .filter(|payout| banks.contains(payout.bank_account.as_str()))
        .map(|payout| {
            Ok(PayoutRecord {
                channel: known_channel(&payout.account)?,
                bank_account: payout.bank_account,
                paid_out: payout.paid_out,
                due: payout.due,
                amount: payout.amount,
            })
        })
        .collect::<Result<_, Trouble>>()?;
    let accounts = settled
        .accounts
        .into_iter()
        .map(|account| {
            Ok(RunSettlementRecord {
                channel: known_channel(&account.account)?,
                bank_account: account.bank_account.clone(),
                paid: account.trades.paid,
                refunded: account.trades.refunded,
                fee_milli_fen: account.trades.fee_milli_fen,
                fee_expected_milli_fen: account.trades.fee_expected_milli_fen,
                fund_flow_net: account.fund_flow_net(),
                arrived: account.arrived,
                verdict: account.verdict().as_str().to_owned(),
                arrival_verdict: account.bank.verdict.as_str().to_owned(),
                remark_zh: account.remark_chinese(),
                remark_en: account.remark_english(),
            })
        })
        .collect::<Result<_, Trouble>>()?;
    Ok((accounts, payouts))
}

/// Blocks while it reads.
fn read(
    provider: &Arc<dyn Provider>,
    layout: &Layout,
    statement: &Path,
    fund_flow: Option<PathBuf>,
    mut account: AccountDay,
) -> Result<AccountDay, Trouble> {
    let Some(files) = provider.statements() else { return Ok(account) };
    let damaged = |error: StatementError| Trouble::Inconsistent(error.to_string());
    let mut failed: Result<(), MoneyError> = Ok(());
    files
        .parse_trades(statement, &mut |line| {
            let trade = Trade {
                kind: line.kind,
                state: layout.state_of(&line.status).unwrap_or(State::Done),
                order_no: &line.out_trade_no,
                amount: line.amount,
                fee_milli_fen: line.fee_milli_fen,
            };
            if failed.is_ok() {
                failed = account.trade(&trade);
            }
        })
        .map_err(damaged)?;
    if let Some(path) = fund_flow {
        let flow = account.fund_flow();
        let words = files.fund_flow_words();
        files
            .parse_fund_flow(&path, &mut |line| {
                if failed.is_ok() {
                    failed = flow.movement(FundFlowKind::of(words, &line.kind), &line.kind, line.amount);
                }
            })
            .map_err(damaged)?;
    }
    failed?;
    Ok(account)
}
