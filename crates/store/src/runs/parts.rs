//! What a run consists of beside its findings: what it has read, how it divided all lines, fees, and money on its way to the bank.

use crate::Tx;
use crate::errors::Result;
use crate::offer::reads;
use crate::rows::Fields;
use mingfen_domain::difference::Category;
use mingfen_domain::ids::{ChannelId, RunId};
use mingfen_domain::sides::Side;
use mingfen_domain::{BusinessDay, Fen};
use sqlx::{AnyConnection, query};

/// What became of an input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InputState {
    /// It was read.
    Read,
    /// The provider says that nothing happened.
    Nothing,
    /// It is not there yet.
    NotYet,
    /// It is not in order.
    Refused,
}

impl InputState {
    const ALL: [Self; 4] = [Self::Read, Self::Nothing, Self::NotYet, Self::Refused];

    /// The word that is stored.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Nothing => "nothing",
            Self::NotYet => "not_yet",
            Self::Refused => "refused",
        }
    }

    /// What staff call it.
    pub const fn chinese(self) -> &'static str {
        match self {
            Self::Read => "已读",
            Self::Nothing => "当日无交易",
            Self::NotYet => "未出账",
            Self::Refused => "文件有误",
        }
    }

    pub(super) fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == word)
    }
}

/// What an input is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InputKind {
    /// A channel's statement.
    Statement,
    /// Our own journal of the day.
    Journal,
    /// HIS's ledger of the day.
    Ledger,
    /// What the run of an earlier day left over.
    Carried,
    /// A channel's movements of balance, for fees and settlement: nothing of it is matched.
    FundFlow,
    /// A bank account's movements, for settlement.
    Bank,
}

impl InputKind {
    const ALL: [Self; 6] =
        [Self::Statement, Self::Journal, Self::Ledger, Self::Carried, Self::FundFlow, Self::Bank];

    /// The word that is stored.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Statement => "statement",
            Self::Journal => "journal",
            Self::Ledger => "ledger",
            Self::Carried => "carried",
            Self::FundFlow => "fund_flow",
            Self::Bank => "bank",
        }
    }

    /// What staff call it.
    pub const fn chinese(self) -> &'static str {
        match self {
            Self::Statement => "渠道对账单",
            Self::Journal => "网关流水",
            Self::Ledger => "HIS 流水",
            Self::Carried => "往日结转",
            Self::FundFlow => "资金账单",
            Self::Bank => "银行流水",
        }
    }

    pub(crate) fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == word)
    }
}

/// An input of a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunInputRecord {
    /// Whose books.
    pub side: Side,
    /// What it is.
    pub kind: InputKind,
    /// Of which channel, where it is one's.
    pub channel: Option<ChannelId>,
    /// What became of it.
    pub state: InputState,
    /// Its name.
    pub name: String,
    /// The layout by which it was read; it is read again by the same.
    pub layout: String,
    /// The kept file, when there is one.
    pub file_sha256: Option<String>,
    /// Lines that took part.
    pub lines: i64,
    /// Sum of payments.
    pub paid: Fen,
    /// Sum of refunds, positive.
    pub refunded: Fen,
    /// Lines that took no part, as the remark says.
    pub left_out: i64,
    /// For people: why it is not there, what was left out.
    pub remark: String,
}

/// Count and money of one side in one category.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RunTallyRecord {
    /// The category.
    pub category: Category,
    /// Whose books.
    pub side: Side,
    /// Lines.
    pub lines: i64,
    /// Sum of payments.
    pub paid: Fen,
    /// Sum of refunds, positive.
    pub refunded: Fen,
}

/// Fees and settlement of a merchant account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunSettlementRecord {
    /// The account.
    pub channel: ChannelId,
    /// The bank account that it is settled to; empty when unknown.
    pub bank_account: String,
    /// Sum of payments.
    pub paid: Fen,
    /// Sum of refunds, positive.
    pub refunded: Fen,
    /// The fee that was charged, in thousandths of a fen.
    pub fee_milli_fen: i64,
    /// The fee by the contracted rate, where one is known.
    pub fee_expected_milli_fen: Option<i64>,
    /// What the fund-flow bill says came in on balance, where there is one.
    pub fund_flow_net: Option<Fen>,
    /// What arrived at the bank, where that is known.
    pub arrived: Option<Fen>,
    /// The settlement's word: `agrees`, `in_transit`, `not_compared`, `differs`.
    pub verdict: String,
    /// The same of what arrived at the bank alone.
    pub arrival_verdict: String,
    /// For people.
    pub remark_zh: String,
    /// The same in English.
    pub remark_en: String,
}

/// Money on its way to the bank.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PayoutRecord {
    /// To which bank account.
    pub bank_account: String,
    /// From which merchant account.
    pub channel: ChannelId,
    /// When it left.
    pub paid_out: BusinessDay,
    /// When it has to be there.
    pub due: BusinessDay,
    /// How much.
    pub amount: Fen,
}

reads! {
    /// What a run has read.
    inputs_of_run(run_id: &RunId) -> Vec<RunInputRecord>;
    /// Fees and settlement, in the order of the accounts.
    settlements_of_run(run_id: &RunId) -> Vec<RunSettlementRecord>;
    /// What was on its way to the bank when the day ended.
    payouts_of_run(run_id: &RunId) -> Vec<PayoutRecord>;
    /// How a run divided all lines.
    tallies_of_run(run_id: &RunId) -> Vec<RunTallyRecord>;
}

impl Tx {
    /// Keeps what a run has read.
    pub async fn insert_run_inputs(&mut self, run_id: &RunId, inputs: &[RunInputRecord]) -> Result<()> {
        for (position, input) in (0_i64..).zip(inputs) {
            query(
                "INSERT INTO run_inputs (
                    run_id,
                    position,
                    side,
                    kind,
                    channel_id,
                    state,
                    name,
                    layout,
                    file_sha256,
                    lines,
                    paid_fen,
                    refunded_fen,
                    left_out,
                    remark
                )
                VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)",
            )
            .bind(run_id.as_str())
            .bind(position)
            .bind(input.side.as_str())
            .bind(input.kind.as_str())
            .bind(input.channel.as_ref().map(ChannelId::as_str))
            .bind(input.state.as_str())
            .bind(input.name.as_str())
            .bind(input.layout.as_str())
            .bind(input.file_sha256.as_deref())
            .bind(input.lines)
            .bind(input.paid.get())
            .bind(input.refunded.get())
            .bind(input.left_out)
            .bind(input.remark.as_str())
            .execute(self.connection())
            .await?;
        }
        Ok(())
    }

    /// Keeps fees and settlement.
    pub async fn insert_run_settlements(
        &mut self,
        run_id: &RunId,
        settlements: &[RunSettlementRecord],
    ) -> Result<()> {
        for settlement in settlements {
            query(
                "INSERT INTO run_settlements (
                    run_id,
                    channel_id,
                    bank_account,
                    paid_fen,
                    refunded_fen,
                    fee_milli_fen,
                    fee_expected_milli_fen,
                    fund_flow_net_fen,
                    arrived_fen,
                    verdict,
                    arrival_verdict,
                    remark_zh,
                    remark_en
                )
                VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)",
            )
            .bind(run_id.as_str())
            .bind(settlement.channel.as_str())
            .bind(settlement.bank_account.as_str())
            .bind(settlement.paid.get())
            .bind(settlement.refunded.get())
            .bind(settlement.fee_milli_fen)
            .bind(settlement.fee_expected_milli_fen)
            .bind(settlement.fund_flow_net.map(Fen::get))
            .bind(settlement.arrived.map(Fen::get))
            .bind(settlement.verdict.as_str())
            .bind(settlement.arrival_verdict.as_str())
            .bind(settlement.remark_zh.as_str())
            .bind(settlement.remark_en.as_str())
            .execute(self.connection())
            .await?;
        }
        Ok(())
    }

    /// Keeps what is on its way to the bank.
    pub async fn insert_run_payouts(&mut self, run_id: &RunId, payouts: &[PayoutRecord]) -> Result<()> {
        for (position, payout) in (0_i64..).zip(payouts) {
            query(
                "INSERT INTO run_payouts (
                    run_id,
                    position,
                    bank_account,
                    channel_id,
                    paid_out_day,
                    due_day,
                    amount_fen
                )
                VALUES ($1, $2, $3, $4, $5, $6, $7)",
            )
            .bind(run_id.as_str())
            .bind(position)
            .bind(payout.bank_account.as_str())
            .bind(payout.channel.as_str())
            .bind(payout.paid_out.to_string())
            .bind(payout.due.to_string())
            .bind(payout.amount.get())
            .execute(self.connection())
            .await?;
        }
        Ok(())
    }

    /// Keeps how a run divided all lines.
    pub async fn insert_run_tallies(&mut self, run_id: &RunId, tallies: &[RunTallyRecord]) -> Result<()> {
        for tally in tallies {
            query(
                "INSERT INTO run_tallies (
                    run_id,
                    category,
                    side,
                    lines,
                    paid_fen,
                    refunded_fen
                )
                VALUES ($1, $2, $3, $4, $5, $6)",
            )
            .bind(run_id.as_str())
            .bind(tally.category.as_str())
            .bind(tally.side.as_str())
            .bind(tally.lines)
            .bind(tally.paid.get())
            .bind(tally.refunded.get())
            .execute(self.connection())
            .await?;
        }
        Ok(())
    }
}

async fn inputs_of_run(connection: &mut AnyConnection, run_id: &RunId) -> Result<Vec<RunInputRecord>> {
    let rows = query(
        "SELECT
            run_id,
            side,
            kind,
            channel_id,
            state,
            name,
            layout,
            file_sha256,
            lines,
            paid_fen,
            refunded_fen,
            left_out,
            remark
        FROM run_inputs
        WHERE run_id = $1
        ORDER BY position",
    )
    .bind(run_id.as_str())
    .fetch_all(connection)
    .await?;
    rows.iter()
        .map(|row| {
            let fields = Fields::new("run_inputs", "run_id", row)?;
            Ok(RunInputRecord {
                side: fields.word("side", Side::parse)?,
                kind: fields.word("kind", InputKind::parse)?,
                channel: fields.optional_id("channel_id", ChannelId::parse)?,
                state: fields.word("state", InputState::parse)?,
                name: fields.text("name")?,
                layout: fields.text("layout")?,
                file_sha256: fields.optional_text("file_sha256")?,
                lines: fields.number("lines")?,
                paid: fields.fen("paid_fen")?,
                refunded: fields.fen("refunded_fen")?,
                left_out: fields.number("left_out")?,
                remark: fields.text("remark")?,
            })
        })
        .collect()
}

async fn settlements_of_run(
    connection: &mut AnyConnection,
    run_id: &RunId,
) -> Result<Vec<RunSettlementRecord>> {
    let rows = query(
        "SELECT
            run_id,
            channel_id,
            bank_account,
            paid_fen,
            refunded_fen,
            fee_milli_fen,
            fee_expected_milli_fen,
            fund_flow_net_fen,
            arrived_fen,
            verdict,
            arrival_verdict,
            remark_zh,
            remark_en
        FROM run_settlements
        WHERE run_id = $1
        ORDER BY channel_id",
    )
    .bind(run_id.as_str())
    .fetch_all(connection)
    .await?;
    rows.iter()
        .map(|row| {
            let fields = Fields::new("run_settlements", "channel_id", row)?;
            Ok(RunSettlementRecord {
                channel: fields.id("channel_id", ChannelId::parse)?,
                bank_account: fields.text("bank_account")?,
                paid: fields.fen("paid_fen")?,
                refunded: fields.fen("refunded_fen")?,
                fee_milli_fen: fields.number("fee_milli_fen")?,
                fee_expected_milli_fen: fields.optional_number("fee_expected_milli_fen")?,
                fund_flow_net: fields.optional_number("fund_flow_net_fen")?.map(Fen::new),
                arrived: fields.optional_number("arrived_fen")?.map(Fen::new),
                verdict: fields.text("verdict")?,
                arrival_verdict: fields.text("arrival_verdict")?,
                remark_zh: fields.text("remark_zh")?,
                remark_en: fields.text("remark_en")?,
            })
        })
        .collect()
}

async fn payouts_of_run(connection: &mut AnyConnection, run_id: &RunId) -> Result<Vec<PayoutRecord>> {
    let rows = query(
        "SELECT
            run_id,
            bank_account,
            channel_id,
            paid_out_day,
            due_day,
            amount_fen
        FROM run_payouts
        WHERE run_id = $1
        ORDER BY position",
    )
    .bind(run_id.as_str())
    .fetch_all(connection)
    .await?;
    rows.iter()
        .map(|row| {
            let fields = Fields::new("run_payouts", "run_id", row)?;
            Ok(PayoutRecord {
                bank_account: fields.text("bank_account")?,
                channel: fields.id("channel_id", ChannelId::parse)?,
                paid_out: fields.day("paid_out_day")?,
                due: fields.day("due_day")?,
                amount: fields.fen("amount_fen")?,
            })
        })
        .collect()
}

async fn tallies_of_run(connection: &mut AnyConnection, run_id: &RunId) -> Result<Vec<RunTallyRecord>> {
    let rows = query(
        "SELECT
            run_id,
            category,
            side,
            lines,
            paid_fen,
            refunded_fen
        FROM run_tallies
        WHERE run_id = $1",
    )
    .bind(run_id.as_str())
    .fetch_all(connection)
    .await?;
    let mut tallies = rows
        .iter()
        .map(|row| {
            let fields = Fields::new("run_tallies", "run_id", row)?;
            Ok(RunTallyRecord {
                category: fields.word("category", Category::parse)?,
                side: fields.word("side", Side::parse)?,
                lines: fields.number("lines")?,
                paid: fields.fen("paid_fen")?,
                refunded: fields.fen("refunded_fen")?,
            })
        })
        .collect::<Result<Vec<_>>>()?;
    tallies.sort_by_key(|tally| (tally.category, tally.side));
    Ok(tallies)
}
