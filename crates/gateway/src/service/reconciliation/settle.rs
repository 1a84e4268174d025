//! Fees and settlement of each merchant account: the statement's fees against the contract, its money against the fund flow.

use super::collect::{Prepared, temporary};
use crate::Gateway;
use crate::service::Trouble;
use mingfen_domain::fund_flow::FundFlowKind;
use mingfen_domain::ids::ChannelId;
use mingfen_domain::money::MoneyError;
use mingfen_domain::sides::{Kind, Side, State};
use mingfen_domain::{BusinessDay, Fen};
use mingfen_provider_api::Provider;
use mingfen_provider_api::statement::{Fetched, LineKind, StatementError, StatementKind};
use mingfen_reconciliation::files::Layout;
use mingfen_reconciliation::settlement::{AccountDay, Contract, Trade, settle};
use mingfen_store::{InputKind, InputState, RunInputRecord, RunSettlementRecord};
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
            Err(error) => (InputState::Nothing, String::new(), None, format!("资金账单暂时取不到：{error}")),
        };
        let record = RunInputRecord {
            side: Side::Channel,
            kind: InputKind::FundFlow,
            name: if name.is_empty() { format!("fund-flow-{channel}-{day}") } else { name },
            channel: Some(channel),
            state,
            layout: String::new(),
            file_sha256: None,
            lines: 0,
            paid: Fen::ZERO,
            refunded: Fen::ZERO,
            left_out: 0,
            remark,
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

/// Reads statements and fund flows once more, for what the matching does not need.
pub(super) async fn settlements(
    gateway: &Gateway,
    day: BusinessDay,
    inputs: &[Prepared],
) -> Result<Vec<RunSettlementRecord>, Trouble> {
    let mut days = Vec::new();
    for channel in read_accounts(inputs) {
        let Some(provider) = gateway.channel(&channel).cloned() else { continue };
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
        let layout = Layout::parse(&statement.record.layout).map_err(|problem| {
            Trouble::Inconsistent(format!("layout of {}: {problem}", statement.record.name))
        })?;
        let read =
            tokio::task::spawn_blocking(move || read(&provider, &layout, &path, flow, account_day)).await;
        days.push(read.map_err(|_| {
            Trouble::Inconsistent("reading fees broke off, which is a fault of the program".to_owned())
        })??);
    }
    let settled = settle(days, Vec::new(), Vec::new())?;
    settled
        .accounts
        .into_iter()
        .map(|account| {
            Ok(RunSettlementRecord {
                channel: ChannelId::parse(account.account.as_str())
                    .map_err(|error| Trouble::Inconsistent(error.to_string()))?,
                bank_account: account.bank_account.clone(),
                paid: account.trades.paid,
                refunded: account.trades.refunded,
                fee_milli_fen: account.trades.fee_milli_fen,
                fee_expected_milli_fen: account.trades.fee_expected_milli_fen,
                fund_flow_net: account.fund_flow_net(),
                arrived: account.arrived,
                verdict: account.verdict().as_str().to_owned(),
                remark_zh: account.remark_chinese(),
                remark_en: account.remark_english(),
            })
        })
        .collect()
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
                kind: match line.kind {
                    LineKind::Payment => Kind::Payment,
                    LineKind::Refund => Kind::Refund,
                },
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
