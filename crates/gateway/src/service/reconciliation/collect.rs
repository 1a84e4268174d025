//! Everything that takes part in a run, as files: a statement, a journal and a ledger for each merchant account, and what earlier
//! days left over. One account whose statement is missing is left out with its own three files, and the others are compared.

use super::across::fetch_kept;
use super::bring::{BringRefused, check_statement};
use super::day::{ReconcileRefused, Scope};
use crate::Gateway;
use crate::service::Trouble;
use crate::settings::LedgerFiles;
use mingfen_domain::difference::Category;
use mingfen_domain::ids::{ChannelId, OutRefundNo, OutTradeNo, ProviderTradeNo};
use mingfen_domain::refund::State as RefundState;
use mingfen_domain::sides::{Kind, Side, State};
use mingfen_domain::{BusinessDay, Fen, Timestamp};
use mingfen_his::{LedgerKind, LedgerRow};
use mingfen_provider_api::CallError;
use mingfen_provider_api::Provider;
use mingfen_provider_api::statement::{Fetched, StatementKind, Statements, TradeTable};
use mingfen_reconciliation::files::{self, Choice, HIS_LEDGER, LINES, Layout, LedgerLine, LinesFile};
use mingfen_reconciliation::matching::Tally;
use mingfen_store::{
    BroughtFileRecord, FindingFilter, FindingLineRecord, InputKind, InputState, ReceiptRecord,
    RunInputRecord, RunRecord, SentRefundRecord, Standing,
};
use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Display;
use std::fs::File;
use std::io::BufWriter;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Rows of the store that are read at once.
const PAGE: i64 = 1000;
/// Refunds that were paid by hand so long ago may still be booked by HIS.
const BY_HAND_SECONDS: i64 = 31 * 86_400;
/// Rows of HIS without our order number that are looked up one by one.
const NAMELESS: usize = 10_000;

/// An input, and where it lies while the run is made.
pub(super) struct Prepared {
    pub record: RunInputRecord,
    /// The file as it came: what is kept.
    pub path: Option<PathBuf>,
    /// What is compared in its place.
    pub table: Option<TradeTable>,
    /// Why it was refused, if it was.
    pub refused: Option<Category>,
}

impl Prepared {
    /// A file that is compared as it came.
    pub(super) fn whole(record: RunInputRecord, path: Option<PathBuf>) -> Self {
        Self { record, path, table: None, refused: None }
    }

    /// It is not in order: `told` says why.
    pub(super) fn refuse(&mut self, category: Category, told: &dyn Display) {
        tracing::warn!(statement.file = %self.record.name, error = %told, "a statement is not in order");
        self.record.state = InputState::Refused;
        let told = told.to_string();
        let told = files::message_in_chinese(&told).unwrap_or(told);
        self.record.remark = format!("{}：{told}", category.chinese());
        self.refused = Some(category);
    }

    /// The file that is compared.
    pub(super) fn compared(&self) -> Option<&PathBuf> {
        self.table.as_ref().map(|table| &table.path).or(self.path.as_ref())
    }

    /// The line of the file as it came, for a line of the one that is compared. 0 stays 0, which is the whole file.
    pub(super) fn original_line(&self, line: u64) -> u64 {
        match (&self.table, line) {
            (_, 0) | (None, _) => line,
            (Some(table), _) => line.saturating_add(table.first_line.saturating_sub(1)),
        }
    }
}

/// Everything that takes part.
pub(super) struct Collected {
    pub inputs: Vec<Prepared>,
    /// For each carried input, by its place in `inputs`: where each of its lines comes from.
    pub carried: BTreeMap<usize, Vec<Origin>>,
}

/// A line that an earlier day left over.
pub(super) struct Origin {
    /// The difference that it belongs to there.
    pub finding_key: String,
    /// As it was kept.
    pub line: FindingLineRecord,
}

/// `before` is the run of the latest day before, whose left-over lines take part.
pub(super) async fn collect(
    gateway: &Gateway,
    day: BusinessDay,
    scope: &Scope,
    before: Option<&RunRecord>,
    directory: &Path,
) -> Result<Collected, ReconcileRefused> {
    let mut inputs = statements(gateway, day, scope, directory).await?;
    inputs.extend(counter(gateway, day, scope, directory).await?);
    inputs.extend(journal(gateway, day, scope, directory).await?);
    match ledger(gateway, day, scope, directory).await {
        Ok(read) => inputs.extend(read),
        // What HIS does not give, a person may have brought.
        Err(refused @ (ReconcileRefused::Ledger(_) | ReconcileRefused::NoLedgerFile(_))) => {
            match brought_ledger(gateway, day, directory).await? {
                Some(read) => inputs.push(read),
                None => return Err(refused),
            }
        }
        Err(refused) => return Err(refused),
    }
    let mut carried = BTreeMap::new();
    if let Some(before) = before {
        for (input, origins) in left_over(gateway, before, directory).await? {
            carried.insert(inputs.len(), origins);
            inputs.push(input);
        }
    }
    Ok(Collected { inputs, carried })
}

/// A statement for each account that has any.
async fn statements(
    gateway: &Gateway,
    day: BusinessDay,
    scope: &Scope,
    directory: &Path,
) -> Result<Vec<Prepared>, ReconcileRefused> {
    let brought = gateway.store.brought_files(day).await?;
    let mut prepared = Vec::new();
    for (channel, provider) in &gateway.channels {
        if !scope.includes(channel) {
            continue;
        }
        let Some(statements) = provider.statements() else { continue };
        let account = gateway.settings.reconciliation.accounts.get(channel);
        let fee = account.and_then(|account| account.fee_per_100000);
        let own = statement((channel, statements), fee, day, directory).await?;
        let by_hand = brought
            .iter()
            .find(|file| file.kind == InputKind::Statement && file.channel.as_ref() == Some(channel));
        prepared.push(match by_hand {
            Some(file) if !is_sound(provider, &own).await? => {
                brought_statement(gateway, statements, own, file, directory).await?
            }
            _ => own,
        });
    }
    Ok(prepared)
}

/// What cashiers said of the day, in the place of a statement: nobody else saw the money at the window. The lines come from their shifts, not
/// from payments and refunds, so that the three sides are three records.
async fn counter(
    gateway: &Gateway,
    day: BusinessDay,
    scope: &Scope,
    directory: &Path,
) -> Result<Vec<Prepared>, Trouble> {
    let mut files = Ledgers::new(directory, Side::Channel, InputKind::Statement, "counter");
    for back in [false, true] {
        let mut after: Option<(Timestamp, String)> = None;
        loop {
            let (from, to) = (day.start(), day.end());
            let page = if back {
                gateway.store.counter_given_back(from, to, after.as_ref(), PAGE).await?
            } else {
                gateway.store.counter_taken(from, to, after.as_ref(), PAGE).await?
            };
            let Some(last) = page.last() else { break };
            let number = last.out_refund_no.as_ref().map_or(last.out_trade_no.as_str(), OutRefundNo::as_str);
            after = Some((last.at, number.to_owned()));
            for said in page.iter().filter(|said| scope.includes(&said.channel)) {
                let line = LedgerLine {
                    kind: if back { Kind::Refund } else { Kind::Payment },
                    state: State::Done,
                    order_no: said.out_trade_no.as_str(),
                    refund_no: said.out_refund_no.as_ref().map_or("", OutRefundNo::as_str),
                    provider_no: &said.number,
                    amount: said.amount.fen(),
                    at: &said.at.to_beijing_text(),
                    account: said.channel.as_str(),
                    insurance: None,
                    deposit: said.deposit,
                };
                files.line(Some(&said.channel), &line)?;
            }
        }
    }
    let mut prepared = files.end(day)?;
    for one in &mut prepared {
        one.record.remark = "窗口收退，收费员登记".to_owned();
    }
    Ok(prepared)
}

/// Whether what the channel itself gave can be compared. It is looked at closely only where somebody has brought another one.
async fn is_sound(provider: &Arc<dyn Provider>, own: &Prepared) -> Result<bool, Trouble> {
    match (own.record.state, own.path.clone()) {
        (InputState::Nothing, _) => Ok(true),
        (InputState::Read, Some(path)) => {
            let provider = Arc::clone(provider);
            let checked = tokio::task::spawn_blocking(move || check_statement(&provider, &path)).await;
            match checked.map_err(|_| Trouble::Inconsistent("reading a statement broke off".to_owned()))? {
                Ok(()) => Ok(true),
                Err(BringRefused::Trouble(trouble)) => Err(trouble),
                Err(_) => Ok(false),
            }
        }
        (InputState::NotYet | InputState::Refused | InputState::Read, _) => Ok(false),
    }
}

/// The statement that somebody brought, in the place of the channel's.
async fn brought_statement(
    gateway: &Gateway,
    statements: &dyn Statements,
    own: Prepared,
    file: &BroughtFileRecord,
    directory: &Path,
) -> Result<Prepared, Trouble> {
    let channel = own.record.channel.as_ref().map_or("", ChannelId::as_str);
    let directory = directory.join(format!("brought-{channel}"));
    std::fs::create_dir(&directory).map_err(temporary)?;
    let Some(path) = fetch_named(gateway, file, &directory).await? else { return Ok(own) };
    let mut record = own.record;
    record.name.clone_from(&file.name);
    record.state = InputState::Read;
    record.remark = format!("{} 人工上传", file.brought_by);
    let table = statements.trade_table(&path, &directory);
    let mut prepared = Prepared::whole(record, Some(path));
    match table {
        Ok(table) => prepared.table = Some(table),
        Err(error) => prepared.refuse(Category::UnparsableRow, &error),
    }
    Ok(prepared)
}

/// The ledger that somebody brought.
async fn brought_ledger(
    gateway: &Gateway,
    day: BusinessDay,
    directory: &Path,
) -> Result<Option<Prepared>, ReconcileRefused> {
    let brought = gateway.store.brought_files(day).await?;
    let Some(file) = brought.iter().find(|file| file.kind == InputKind::Ledger) else { return Ok(None) };
    let directory = directory.join("brought-ledger");
    std::fs::create_dir(&directory).map_err(temporary)?;
    let Some(path) = fetch_named(gateway, file, &directory).await? else { return Ok(None) };
    let files = gateway.settings.reconciliation.ledger_files.as_ref();
    let text = files.and_then(|files| files.layout.as_deref()).unwrap_or(HIS_LEDGER);
    let layout = Layout::parse(text)
        .map_err(|problem| Trouble::Inconsistent(format!("the layout of HIS's files: {problem}")))?;
    let plain = directory.join("plain");
    copy_plain(&path, &layout, Some(day), &plain)?;
    let mut record = input(Side::His, InputKind::Ledger, file.name.clone(), text);
    record.remark = format!("{} 人工上传", file.brought_by);
    Ok(Some(Prepared::whole(record, Some(plain))))
}

/// A file that was brought, under its own name again.
async fn fetch_named(
    gateway: &Gateway,
    file: &BroughtFileRecord,
    directory: &Path,
) -> Result<Option<PathBuf>, Trouble> {
    let Some(path) = fetch_kept(gateway, &file.file_sha256, directory).await? else { return Ok(None) };
    let named = directory.join(&file.name);
    std::fs::rename(&path, &named).map_err(temporary)?;
    Ok(Some(named))
}

async fn statement(
    (channel, statements): (&ChannelId, &dyn Statements),
    fee_per_100000: Option<u32>,
    day: BusinessDay,
    directory: &Path,
) -> Result<Prepared, Trouble> {
    let name = format!("{channel}-{day}");
    let contract = fee_per_100000.map(|fee| format!("fee_per_100000 = {fee}\n")).unwrap_or_default();
    let layout = format!("{contract}{}", statements.trade_layout());
    let record = RunInputRecord {
        channel: Some(channel.clone()),
        state: InputState::NotYet,
        ..input(Side::Channel, InputKind::Statement, name, &layout)
    };
    let mut prepared = Prepared::whole(record, None);
    // Each account has a directory of its own: two may have files of the same name.
    let directory = directory.join(format!("statement-{channel}"));
    std::fs::create_dir(&directory).map_err(temporary)?;
    match statements.fetch(StatementKind::Trades, day, &directory).await {
        Ok(Fetched::File(file)) => {
            let table = statements.trade_table(&file.path, &directory);
            prepared.record.name = file.name;
            prepared.path = Some(file.path);
            match table {
                Ok(table) => {
                    prepared.record.state = InputState::Read;
                    prepared.table = Some(table);
                }
                Err(error) if error.totals_differ => prepared.refuse(Category::TotalsRowDiffers, &error),
                Err(error) => prepared.refuse(Category::UnparsableRow, &error),
            }
        }
        Ok(Fetched::NothingThatDay) => {
            prepared.record.state = InputState::Nothing;
            prepared.record.remark = "渠道答复当日无交易".to_owned();
        }
        Ok(Fetched::NotYet) => prepared.record.remark = "渠道尚未生成对账单".to_owned(),
        // Whoever does not answer has no statement for us yet; what it said is kept.
        Err(error) => {
            tracing::warn!(channel = %channel, statement.day = %day, error = %error, "a statement could not be fetched");
            prepared.record.remark = format!("对账单暂时取不到：{}", why_not(&error));
        }
    }
    Ok(prepared)
}

/// For finance, what the channel's own words stand behind.
pub(super) fn why_not(error: &CallError) -> String {
    match error {
        CallError::Refused { code, message } => format!("渠道拒绝（{code} {message}）"),
        CallError::Postponed { code, message } => format!("渠道请稍后再取（{code} {message}）"),
        CallError::InDoubt(said) => format!("渠道没有给出可用的答复（{said}）"),
        CallError::NotSent(said) => format!("没有连上渠道（{said}）"),
    }
}

/// A file of lines that is being written.
type Lines = LinesFile<BufWriter<File>>;

fn begin(path: &Path) -> Result<Lines, Trouble> {
    let out = BufWriter::new(File::create(path).map_err(temporary)?);
    LinesFile::begin(out).map_err(temporary)
}

/// What earlier days left over of one side, while it is written.
struct CarriedFile {
    path: PathBuf,
    file: Lines,
    origins: Vec<Origin>,
}

/// The files of one side, one an account, each begun when its first line comes.
struct Ledgers<'d> {
    directory: &'d Path,
    side: Side,
    kind: InputKind,
    what: &'static str,
    files: BTreeMap<Option<ChannelId>, (PathBuf, Lines)>,
}

impl<'d> Ledgers<'d> {
    const fn new(directory: &'d Path, side: Side, kind: InputKind, what: &'static str) -> Self {
        Self { directory, side, kind, what, files: BTreeMap::new() }
    }

    fn line(&mut self, channel: Option<&ChannelId>, line: &LedgerLine<'_>) -> Result<(), Trouble> {
        let (_, file) = match self.files.entry(channel.cloned()) {
            Entry::Occupied(begun) => begun.into_mut(),
            Entry::Vacant(empty) => {
                let end = channel.map_or("other", ChannelId::as_str);
                let path = self.directory.join(format!("{}-{end}", self.what));
                let file = begin(&path)?;
                empty.insert((path, file))
            }
        };
        file.line(line).map_err(temporary)
    }

    fn end(self, day: BusinessDay) -> Result<Vec<Prepared>, Trouble> {
        let (side, kind, what) = (self.side, self.kind, self.what);
        self.files
            .into_iter()
            .map(|(channel, (path, file))| {
                let end = channel.as_ref().map_or("other", ChannelId::as_str);
                let mut record = input(side, kind, format!("{what}-{end}-{day}.csv"), LINES);
                count(&mut record, &file.end().map_err(temporary)?);
                record.channel = channel;
                Ok(Prepared::whole(record, Some(path)))
            })
            .collect()
    }
}

/// What we have of the day: money that came in on it, and refunds that left us on it. A provider counts a refund on the day on
/// which it took the request (wechatpay-v3.md, 8.2).
async fn journal(
    gateway: &Gateway,
    day: BusinessDay,
    scope: &Scope,
    directory: &Path,
) -> Result<Vec<Prepared>, Trouble> {
    let mut files = Ledgers::new(directory, Side::Gateway, InputKind::Journal, "journal");
    let mut after = None;
    loop {
        let page = gateway.store.money_received(day.start(), day.end(), after.as_ref(), PAGE).await?;
        let Some(last) = page.last() else { break };
        after = Some((last.received.paid_at, last.out_trade_no.as_str().to_owned()));
        for ReceiptRecord { out_trade_no, channel, received, insurance, deposit } in &page {
            if !scope.includes(channel) {
                continue;
            }
            let line = LedgerLine {
                kind: Kind::Payment,
                state: State::Done,
                order_no: out_trade_no.as_str(),
                refund_no: "",
                provider_no: received.provider_trade_no.as_str(),
                amount: received.amount.fen(),
                at: &received.paid_at.to_beijing_text(),
                account: channel.as_str(),
                insurance: *insurance,
                deposit: *deposit,
            };
            files.line(Some(channel), &line)?;
        }
    }
    let mut after: Option<(Timestamp, String)> = None;
    loop {
        let page = gateway.store.refunds_sent(day.start(), day.end(), after.as_ref(), PAGE).await?;
        let Some(SentRefundRecord { record: last, .. }) = page.last() else { break };
        after = last.sent_at.map(|sent| (sent, last.refund.out_refund_no.as_str().to_owned()));
        for SentRefundRecord { record, channel, deposit } in &page {
            let refund = &record.refund;
            let (state, provider_no) = match &refund.state {
                RefundState::Due | RefundState::Unknown => (State::UnderWay, ""),
                RefundState::Processing { provider_refund_no }
                | RefundState::Abnormal { provider_refund_no } => {
                    (State::UnderWay, provider_refund_no.as_str())
                }
                RefundState::Succeeded { provider_refund_no, .. } => {
                    (State::Done, provider_refund_no.as_str())
                }
                RefundState::Failed { .. } => (State::Void, ""),
            };
            let Some(sent) = record.sent_at.filter(|_| scope.includes(channel)) else { continue };
            let line = LedgerLine {
                kind: Kind::Refund,
                state,
                order_no: refund.out_trade_no.as_str(),
                refund_no: refund.out_refund_no.as_str(),
                provider_no,
                amount: refund.amount.fen(),
                at: &sent.to_beijing_text(),
                account: channel.as_str(),
                // Which part of it goes back to whom, only insurance says.
                insurance: None,
                deposit: *deposit,
            };
            files.line(Some(channel), &line)?;
        }
    }
    files.end(day)
}

/// HIS's ledger of the day, by account. Rows of other ways of paying take no part, nor refunds that a person paid by hand: no
/// channel will ever have them.
async fn ledger(
    gateway: &Gateway,
    day: BusinessDay,
    scope: &Scope,
    directory: &Path,
) -> Result<Vec<Prepared>, ReconcileRefused> {
    if let Some(files) = &gateway.settings.reconciliation.ledger_files {
        return Ok(vec![ledger_file(files, day, directory)?]);
    }
    let names = HisNames::of(gateway);
    let since = day.start().plus_seconds(-BY_HAND_SECONDS);
    let by_hand = gateway.store.refunds_by_hand(since, day.end()).await.map_err(Trouble::from)?;
    let mut taking = Taking {
        names: &names,
        scope,
        by_hand: by_hand.into_iter().collect(),
        files: Ledgers::new(directory, Side::His, InputKind::Ledger, "ledger"),
        nameless: Vec::new(),
        elsewhere: 0,
        hand: 0,
        trouble: None,
    };
    let read = gateway
        .ledger
        .read_day(&gateway.settings.hospital.id, day, &mut |row| match taking.take(row) {
            Ok(()) => ControlFlow::Continue(()),
            Err(trouble) => {
                taking.trouble = Some(trouble);
                ControlFlow::Break(())
            }
        })
        .await;
    if let Some(trouble) = taking.trouble.take() {
        return Err(trouble.into());
    }
    read.map_err(ReconcileRefused::Ledger)?;
    for row in std::mem::take(&mut taking.nameless) {
        let order_no = order_of(gateway, &row, names.channel(&row.channel)).await?;
        taking.write(&row, &order_no)?;
    }
    taking.end(day)
}

/// A ledger's rows while they come.
struct Taking<'t> {
    names: &'t HisNames,
    scope: &'t Scope,
    by_hand: BTreeSet<String>,
    files: Ledgers<'t>,
    /// Without our number: it is looked for afterwards.
    nameless: Vec<LedgerRow>,
    elsewhere: i64,
    hand: i64,
    trouble: Option<Trouble>,
}

impl Taking<'_> {
    fn take(&mut self, row: LedgerRow) -> Result<(), Trouble> {
        let channel = self.names.channel(&row.channel);
        let ours = OutTradeNo::parse(row.out_trade_no.as_str()).is_ok_and(|number| number.is_ours());
        if channel.is_none() && !ours {
            self.elsewhere += 1;
            return Ok(());
        }
        if channel.is_some_and(|channel| !self.scope.includes(channel))
            || (channel.is_none() && self.scope.is_one())
        {
            return Ok(());
        }
        if row.refund_no.as_ref().is_some_and(|number| self.by_hand.contains(number)) {
            self.hand += 1;
            return Ok(());
        }
        if row.out_trade_no.is_empty() {
            if self.nameless.len() == NAMELESS {
                return Err(Trouble::Inconsistent(format!(
                    "more than {NAMELESS} rows of HIS's ledger have no order number of ours; is the right column read?"
                )));
            }
            self.nameless.push(row);
            return Ok(());
        }
        let order_no = row.out_trade_no.clone();
        self.write(&row, &order_no)
    }

    fn write(&mut self, row: &LedgerRow, order_no: &str) -> Result<(), Trouble> {
        let channel = self.names.channel(&row.channel);
        let (kind, refund_no) = match row.kind {
            LedgerKind::Payment => (Kind::Payment, ""),
            LedgerKind::Refund => (Kind::Refund, row.refund_no.as_deref().unwrap_or_default()),
        };
        let line = LedgerLine {
            kind,
            state: State::Done,
            order_no,
            refund_no,
            provider_no: &row.provider_trade_no,
            amount: row.amount.fen(),
            at: &row.booked_at.to_beijing_text(),
            account: channel.map_or("", ChannelId::as_str),
            insurance: row.insurance,
            deposit: row.deposit,
        };
        self.files.line(channel, &line)
    }

    fn end(self, day: BusinessDay) -> Result<Vec<Prepared>, ReconcileRefused> {
        let mut prepared = self.files.end(day)?;
        if prepared.is_empty() {
            prepared.push(Prepared::whole(
                RunInputRecord {
                    state: InputState::Nothing,
                    remark: "HIS 当日没有本系统渠道的流水".to_owned(),
                    ..input(Side::His, InputKind::Ledger, format!("ledger-{day}"), LINES)
                },
                None,
            ));
        }
        if let Some(first) = prepared.first_mut() {
            first.record.left_out = self.elsewhere + self.hand;
            let mut remarks = Vec::new();
            if self.elsewhere > 0 {
                remarks.push(format!("{} 行为其他支付方式，不参与对账", self.elsewhere));
            }
            if self.hand > 0 {
                remarks.push(format!("{} 行为手工退费，渠道不会有记录", self.hand));
            }
            if !remarks.is_empty() {
                first.record.remark = remarks.join("；");
            }
        }
        Ok(prepared)
    }
}

/// A file that HIS has written. It names no channels of ours, so it is one input for all of them.
fn ledger_file(
    files: &LedgerFiles,
    day: BusinessDay,
    directory: &Path,
) -> Result<Prepared, ReconcileRefused> {
    let path = files.path_of(day);
    if !path.exists() {
        return Err(ReconcileRefused::NoLedgerFile(path));
    }
    let text = files.layout.as_deref().unwrap_or(HIS_LEDGER);
    let layout = Layout::parse(text)
        .map_err(|problem| Trouble::Inconsistent(format!("the layout of HIS's files: {problem}")))?;
    let plain = directory.join("ledger-file");
    copy_plain(&path, &layout, Some(day), &plain)?;
    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    Ok(Prepared::whole(input(Side::His, InputKind::Ledger, name, text), Some(plain)))
}

/// Copies a file that somebody brings, as plain text: what is kept is what was compared, so that a line is found again.
pub(super) fn copy_plain(
    path: &Path,
    layout: &Layout,
    day: Option<BusinessDay>,
    plain: &Path,
) -> Result<(), ReconcileRefused> {
    let opened = files::Prepared::open(path, &Choice::by(layout, day)).and_then(files::Prepared::careful);
    let opened = opened.map_err(ReconcileRefused::Input)?;
    std::fs::copy(&opened.path, plain).map_err(temporary)?;
    Ok(())
}

/// The layout by which an input is read.
pub(super) fn layout_of(record: &RunInputRecord) -> Result<Layout, Trouble> {
    Layout::parse(&record.layout)
        .map_err(|problem| Trouble::Inconsistent(format!("layout of {}: {problem}", record.name)))
}

/// Writes down what an input brings in.
pub(super) fn count(record: &mut RunInputRecord, tally: &Tally) {
    record.lines = i64::try_from(tally.lines).unwrap_or(i64::MAX);
    (record.paid, record.refunded) = (tally.paid, tally.refunded);
}

/// An input as it begins.
pub(super) fn input(side: Side, kind: InputKind, name: String, layout: &str) -> RunInputRecord {
    RunInputRecord {
        side,
        kind,
        channel: None,
        state: InputState::Read,
        name,
        layout: layout.to_owned(),
        file_sha256: None,
        lines: 0,
        paid: Fen::ZERO,
        refunded: Fen::ZERO,
        left_out: 0,
        remark: String::new(),
    }
}

/// The order number of a row of HIS that has none of ours: that of the payment with the provider's number, or a name of the row's own, so that it
/// is seen and not confused with any other.
async fn order_of(
    gateway: &Gateway,
    row: &LedgerRow,
    channel: Option<&ChannelId>,
) -> Result<String, Trouble> {
    if let (Some(channel), Ok(number)) = (channel, ProviderTradeNo::parse(row.provider_trade_no.as_str()))
        && let Some(record) = gateway.store.payment_by_provider_no(channel, &number).await?
    {
        return Ok(record.payment.out_trade_no.as_str().to_owned());
    }
    Ok(format!("HIS-{}", row.row_no))
}

/// What HIS calls the merchant accounts.
struct HisNames(BTreeMap<String, ChannelId>);

impl HisNames {
    fn of(gateway: &Gateway) -> Self {
        let mut names = BTreeMap::new();
        for channel in gateway.channels.keys() {
            let account = gateway.settings.reconciliation.accounts.get(channel);
            let told = account.map(|account| account.his_names.clone()).unwrap_or_default();
            let own = [channel.as_str().to_owned()];
            for name in own.into_iter().chain(told) {
                names.insert(name, channel.clone());
            }
        }
        Self(names)
    }

    fn channel(&self, name: &str) -> Option<&ChannelId> {
        self.0.get(name)
    }
}

/// What the latest run before left over: everything that may still find its other half. What a person has decided is not looked for
/// any more.
async fn left_over(
    gateway: &Gateway,
    before: &RunRecord,
    directory: &Path,
) -> Result<Vec<(Prepared, Vec<Origin>)>, Trouble> {
    let mut sides: BTreeMap<Side, CarriedFile> = BTreeMap::new();
    let filter = FindingFilter { unsettled: true, ..FindingFilter::default() };
    let mut after = -1;
    loop {
        let page = gateway.store.findings_of_run(&before.run_id, &filter, after, PAGE).await?;
        let Some((last, _)) = page.last() else { break };
        after = last.position;
        for (finding, standing) in page {
            if !finding.carries || standing == Standing::Resolved {
                continue;
            }
            for line in finding.lines {
                let carried = match sides.entry(line.side) {
                    Entry::Occupied(begun) => begun.into_mut(),
                    Entry::Vacant(empty) => {
                        let path = directory.join(format!("carried-{}", line.side.as_str()));
                        let (file, origins) = (begin(&path)?, Vec::new());
                        empty.insert(CarriedFile { path, file, origins })
                    }
                };
                carried
                    .file
                    .line(&LedgerLine {
                        kind: line.kind,
                        state: line.state,
                        order_no: &finding.order_no,
                        refund_no: &line.refund_no,
                        provider_no: &line.provider_no,
                        amount: line.amount,
                        // Which hour it was matters on its own day only.
                        at: &format!("{} 12:00:00", line.day),
                        account: &line.account,
                        insurance: line.insurance,
                        deposit: line.deposit,
                    })
                    .map_err(temporary)?;
                carried.origins.push(Origin { finding_key: finding.finding_key.clone(), line });
            }
        }
    }
    sides
        .into_iter()
        .map(|(side, CarriedFile { path, file, origins })| {
            let name = format!("carried-{}-{}-v{}.csv", side.as_str(), before.day, before.version);
            let mut record = input(side, InputKind::Carried, name, LINES);
            count(&mut record, &file.end().map_err(temporary)?);
            record.remark = format!("{} 第 {} 版结转", before.day, before.version);
            Ok((Prepared::whole(record, Some(path)), origins))
        })
        .collect()
}

pub(super) fn temporary(error: std::io::Error) -> Trouble {
    Trouble::TemporaryFile(error.to_string())
}
