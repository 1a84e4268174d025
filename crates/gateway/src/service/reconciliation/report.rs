//! A kept run as a report: a workbook, a CSV file, or a page for the printer. Findings stream through from the store; however many there
//! are, a page of them is in memory.

use crate::Gateway;
use crate::service::{Trouble, hospital_frame};
use mingfen_domain::difference::Category;
use mingfen_domain::ids::RunId;
use mingfen_domain::sides::{Kind, Side};
use mingfen_domain::{BusinessDay, Fen, Timestamp};
use mingfen_pages::finance as page;
use mingfen_pages::{Language, Moment, RenderError};
use mingfen_reconciliation::cause::Cause;
use mingfen_reconciliation::matching::{Summary, Tally};
use mingfen_reconciliation::report::{
    self, FindingShown, InputShown, LineShown, ReportError, RunHead, SettlementShown, SignedShown,
};
use mingfen_reconciliation::settlement::Verdict;
use mingfen_store::{
    ALL_CHANNELS, FindingFilter, FindingRecord, InputState, RunInputRecord, RunRecord, Standing, StoreError,
};
use std::io::Write;
use tokio::sync::mpsc;

/// Findings that are read at once.
const PAGE: i64 = 500;
/// Days of the trend.
const TREND_DAYS: i64 = 30;
/// Findings on the printed page; the files have all.
const PRINTED: i64 = 200;

/// What kind of file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReportForm {
    /// A workbook.
    Xlsx,
    /// Comma-separated, for programs.
    Csv,
    /// A page that prints on A4 and stands alone.
    Html,
}

/// Why there is no report.
#[derive(Debug, thiserror::Error)]
pub enum ReportRefused {
    /// No such run.
    #[error("there is no such run")]
    NoRun,
    /// It could not be written.
    #[error(transparent)]
    Write(#[from] ReportError<Trouble>),
    /// The page could not be made.
    #[error(transparent)]
    Page(#[from] RenderError),
    /// The records cannot be read.
    #[error(transparent)]
    Trouble(#[from] Trouble),
}

impl From<StoreError> for ReportRefused {
    fn from(error: StoreError) -> Self {
        Self::Trouble(error.into())
    }
}

/// Writes a run as a report.
///
/// # Errors
/// [`ReportRefused`]; what was written until then is no report.
pub async fn write_report(
    gateway: &Gateway,
    run_id: &RunId,
    form: ReportForm,
    mut out: impl Write + Send + 'static,
) -> Result<(), ReportRefused> {
    let run = gateway.store.run(run_id).await?.ok_or(ReportRefused::NoRun)?;
    let inputs = gateway.store.inputs_of_run(run_id).await?;
    let head = head(gateway, &run, &inputs).await?;
    if form == ReportForm::Html {
        let html = printed(gateway, &run, &head).await?;
        out.write_all(html.as_bytes()).map_err(ReportError::Write)?;
        return Ok(());
    }
    // The writers are not asynchronous; they are fed from here.
    let (sender, mut receiver) = mpsc::channel::<Result<FindingShown, Trouble>>(1024);
    let writer = tokio::task::spawn_blocking(move || {
        let findings = std::iter::from_fn(|| receiver.blocking_recv());
        match form {
            ReportForm::Xlsx => report::xlsx(&head, findings, out),
            ReportForm::Csv | ReportForm::Html => report::csv(&head, findings, &mut out),
        }
    });
    let mut after = -1;
    'pages: loop {
        let page = gateway.store.findings_of_run(run_id, &FindingFilter::default(), after, PAGE).await;
        let page = match page {
            Ok(page) => page,
            Err(error) => {
                // The writer says so; whether it still listens does not matter then.
                let _ = sender.send(Err(error.into())).await;
                break;
            }
        };
        let Some((last, _)) = page.last() else { break };
        after = last.position;
        for (finding, standing) in page {
            if sender.send(Ok(shown(finding, standing, &inputs))).await.is_err() {
                break 'pages;
            }
        }
    }
    drop(sender);
    let written = writer.await;
    written.map_err(|_| {
        Trouble::Inconsistent("the report broke off, which is a fault of the program".to_owned())
    })??;
    Ok(())
}

async fn head(gateway: &Gateway, run: &RunRecord, inputs: &[RunInputRecord]) -> Result<RunHead, Trouble> {
    let tallies = gateway.store.tallies_of_run(&run.run_id).await?;
    let summary = Summary::of_kept(tallies.into_iter().map(|tally| {
        let of_side = Tally { lines: tally.lines.unsigned_abs(), paid: tally.paid, refunded: tally.refunded };
        (tally.category, tally.side, of_side)
    }));
    let settlements = gateway.store.settlements_of_run(&run.run_id).await?;
    let days = gateway.store.days(&run.scope, run.day, TREND_DAYS).await?;
    let signed =
        gateway.store.sign_off(run.day, &run.scope).await?.filter(|signed| signed.run_id == run.run_id);
    Ok(RunHead {
        hospital: gateway.hospital().name_zh.clone(),
        day: run.day,
        scope: if run.scope == ALL_CHANNELS { "全部渠道".to_owned() } else { run.scope.clone() },
        version: u32::try_from(run.version).unwrap_or(u32::MAX),
        made_at: run.finished_at,
        made_by: who(&run.made_by),
        inputs: inputs
            .iter()
            .map(|input| InputShown {
                side: input.side,
                name: if input.remark.is_empty() {
                    input.name.clone()
                } else {
                    format!("{}（{}）", input.name, input.remark)
                },
                channel: input.channel.as_ref().map(ToString::to_string).unwrap_or_default(),
                state: match input.state {
                    InputState::Read => report::InputState::Read,
                    InputState::Nothing => report::InputState::NoTrade,
                    InputState::NotYet => report::InputState::NotYet,
                    InputState::Refused => report::InputState::Refused,
                },
                rows: input.lines.unsigned_abs(),
                paid: input.paid,
                refunded: input.refunded,
                sha256: input.file_sha256.clone().unwrap_or_default(),
            })
            .collect(),
        summary,
        settlement: settlements
            .into_iter()
            .map(|settlement| SettlementShown {
                account: settlement.channel.to_string(),
                bank_account: settlement.bank_account,
                paid: settlement.paid,
                refunded: settlement.refunded,
                fee_milli_fen: settlement.fee_milli_fen,
                fee_expected_milli_fen: settlement.fee_expected_milli_fen,
                fund_flow_net: settlement.fund_flow_net,
                arrived: settlement.arrived,
                arrival_differs: settlement.arrival_verdict == Verdict::Differs.as_str(),
                remark: settlement.remark_zh,
            })
            .collect(),
        signed: signed.map(|signed| SignedShown {
            by: signed.signed_by,
            at: signed.signed_at,
            chain_seq: signed.chain_seq,
            chain_hash: signed.chain_hash,
        }),
        trend: days.into_iter().rev().map(|day| (day.run.day, day.run.differences.unsigned_abs())).collect(),
    })
}

fn who(made_by: &str) -> String {
    if made_by == "gateway" { "系统定时".to_owned() } else { made_by.to_owned() }
}

fn cause_text(word: &str) -> String {
    Cause::parse(word).map_or_else(|| word.to_owned(), |cause| cause.chinese().to_owned())
}

fn shown(finding: FindingRecord, standing: Standing, inputs: &[RunInputRecord]) -> FindingShown {
    let name = |input: i64| {
        let input = usize::try_from(input).ok().and_then(|place| inputs.get(place));
        input.map(|input| input.name.clone()).unwrap_or_default()
    };
    FindingShown {
        category: finding.category,
        order_no: finding.order_no,
        cause: cause_text(&finding.cause),
        status: standing.chinese().to_owned(),
        owner: finding.owner.chinese().to_owned(),
        deadline: finding.deadline,
        lines: finding
            .lines
            .into_iter()
            .map(|line| LineShown {
                side: line.side,
                kind: line.kind,
                refund_no: line.refund_no,
                amount: line.amount,
                day: line.day,
                state: line.state,
                account: line.account,
                file: name(line.input),
                line: line.file_line.unsigned_abs(),
                provider_no: line.provider_no,
                at: line.at_text,
            })
            .collect(),
    }
}

/// The page that is signed on paper.
async fn printed(gateway: &Gateway, run: &RunRecord, head: &RunHead) -> Result<String, ReportRefused> {
    let store = &gateway.store;
    let counts = store.finding_counts(&run.run_id).await?;
    let open = store.open_of_run(&run.run_id).await?.into_iter().map(|(_, count)| count.unsigned_abs()).sum();
    let filter = FindingFilter { unsettled: true, ..FindingFilter::default() };
    let first = store.findings_of_run(&run.run_id, &filter, -1, PRINTED).await?;
    let findings_total = counts
        .iter()
        .filter(|(category, _)| !category.is_settled())
        .map(|(_, count)| count.unsigned_abs())
        .sum();
    let totals: Vec<Tally> = Side::ALL
        .into_iter()
        .map(|side| head.summary.total(side))
        .collect::<Result<_, _>>()
        .map_err(Trouble::from)?;
    let nets: Vec<Fen> = totals.iter().map(net).collect::<Result<_, Trouble>>()?;
    let gap = nets[0].minus(nets[2]).map_err(Trouble::from)?;
    let foreign = net(&head.summary.of(Category::Foreign, Side::Channel))?;
    let now = gateway.now();
    let mut categories = Vec::new();
    for category in Category::ALL {
        let sides = Side::ALL.map(|side| head.summary.of(category, side));
        if sides.iter().all(|tally| tally.lines == 0) {
            continue;
        }
        let amounts = [net(&sides[0])?, net(&sides[1])?, net(&sides[2])?];
        categories.push(page::CategoryRow {
            name: two_names(category),
            state: state_of(category),
            findings: match category {
                Category::Matched => 0,
                _ => {
                    counts.iter().find(|(of, _)| *of == category).map_or(0, |(_, count)| count.unsigned_abs())
                }
            },
            sides: std::array::from_fn(|place| {
                (sides[place].lines > 0).then(|| page::SideAmount {
                    lines: sides[place].lines,
                    net_yuan: amounts[place].to_yuan_grouped(),
                })
            }),
            difference_yuan: amounts[0].minus(amounts[2]).map_err(Trouble::from)?.to_yuan_grouped(),
            owner: category.owner().chinese().to_owned(),
        });
    }
    let view = page::RunReport {
        day: day_of(head.day),
        scope: head.scope.clone(),
        version: head.version,
        made_at: moment(head.made_at, now),
        made_by: head.made_by.clone(),
        open,
        sides: std::array::from_fn(|place| page::SideTotal {
            lines: totals[place].lines,
            paid_yuan: totals[place].paid.to_yuan_grouped(),
            refunded_yuan: totals[place].refunded.to_yuan_grouped(),
            net_yuan: nets[place].to_yuan_grouped(),
        }),
        difference: if gap == Fen::ZERO {
            page::NetDifference::None
        } else if gap > Fen::ZERO {
            page::NetDifference::ChannelMore(gap.to_yuan_grouped())
        } else {
            page::NetDifference::HisMore(gap.negated().map_err(Trouble::from)?.to_yuan_grouped())
        },
        set_aside_yuan: (foreign != Fen::ZERO).then(|| foreign.to_yuan_grouped()),
        difference_yuan: gap.to_yuan_grouped(),
        categories,
        trend: head
            .trend
            .iter()
            .map(|(day, findings)| page::TrendDay { day: day_of(*day), findings: *findings })
            .collect(),
        findings: first.into_iter().map(|(finding, standing)| finding_row(finding, standing)).collect(),
        findings_total,
        settlement: head.settlement.iter().map(settlement_row).collect(),
        inputs: head.inputs.iter().map(input_row).collect(),
        signed: head.signed.as_ref().map(|signed| page::SignOff {
            by: signed.by.clone(),
            at: moment(signed.at, now),
            chain_seq: signed.chain_seq.unsigned_abs(),
            chain_hash: signed.chain_hash.clone(),
        }),
        links: None,
    };
    Ok(view.standalone(&hospital_frame(&gateway.hospital(), Language::ZhCn))?)
}

fn net(tally: &Tally) -> Result<Fen, Trouble> {
    Ok(tally.net()?)
}

fn finding_row(finding: FindingRecord, standing: Standing) -> page::FindingRow {
    let refund_no = finding.lines.iter().find(|line| line.kind == Kind::Refund && !line.refund_no.is_empty());
    page::FindingRow {
        category: two_names(finding.category),
        state: state_of(finding.category),
        refund_no: refund_no.map(|line| line.refund_no.clone()).unwrap_or_default(),
        order_no: finding.order_no,
        sides: finding.sums.map(|sum| sum.map(Fen::to_yuan_grouped)),
        cause: cause_text(&finding.cause),
        status: standing.chinese().to_owned(),
        owner: finding.owner.chinese().to_owned(),
        deadline: finding.deadline.map(day_of),
    }
}

fn settlement_row(settlement: &SettlementShown) -> page::SettlementRow {
    let yuan = |sum: Option<Fen>| sum.map(Fen::to_yuan_grouped);
    page::SettlementRow {
        account: settlement.account.clone(),
        bank_account: settlement.bank_account.clone(),
        paid_yuan: settlement.paid.to_yuan_grouped(),
        refunded_yuan: settlement.refunded.to_yuan_grouped(),
        fee_yuan: report::fee_yuan(settlement.fee_milli_fen),
        fee_expected_yuan: settlement.fee_expected_milli_fen.map(report::fee_yuan),
        fee_differs: settlement.fee_expected_milli_fen.is_some_and(|fee| fee != settlement.fee_milli_fen),
        fund_flow_yuan: yuan(settlement.fund_flow_net),
        arrived_yuan: yuan(settlement.arrived),
        arrival_differs: settlement.arrival_differs,
        remark: settlement.remark.clone(),
    }
}

fn input_row(input: &InputShown) -> page::InputRow {
    page::InputRow {
        side: match input.side {
            Side::Channel => page::Side::Channel,
            Side::Gateway => page::Side::Gateway,
            Side::His => page::Side::His,
        },
        name: input.name.clone(),
        channel: input.channel.clone(),
        state: match input.state {
            report::InputState::Read => page::InputState::Read,
            report::InputState::NoTrade => page::InputState::NoTrade,
            report::InputState::NotYet => page::InputState::NotYet,
            report::InputState::Refused => page::InputState::Refused,
        },
        rows: input.rows,
        paid_yuan: input.paid.to_yuan_grouped(),
        refunded_yuan: input.refunded.to_yuan_grouped(),
        sha256: input.sha256.clone(),
    }
}

fn two_names(category: Category) -> page::TwoNames {
    page::TwoNames { chinese: category.chinese().to_owned(), english: category.english().to_owned() }
}

const fn state_of(category: Category) -> page::CategoryState {
    match category {
        Category::Foreign => page::CategoryState::SetAside,
        settled if settled.is_settled() => page::CategoryState::Settled,
        _ => page::CategoryState::ToDo,
    }
}

fn day_of(day: BusinessDay) -> page::Day {
    let date = day.date();
    page::Day { year: date.year(), month: u8::from(date.month()), day: date.day() }
}

fn moment(at: Timestamp, now: Timestamp) -> Moment {
    Moment::local(at.ms(), now.ms(), 480)
}
