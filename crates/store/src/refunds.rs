//! Refunds. A request key makes a repeated request the same refund.

use crate::Tx;
use crate::engine::locked;
use crate::errors::{Result, StoreError, exactly_one};
use crate::offer::reads;
use crate::placeholders::{list, statement};
use crate::rows::{Fields, page};
use mingfen_domain::ids::{BillNo, ChannelId, OutRefundNo, OutTradeNo, ProviderRefundNo, SlipNo, TraceId};
use mingfen_domain::refund::{Origin, Refund, State};
use mingfen_domain::{Fen, Timestamp};
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, query, query_scalar};

/// A refund with what the domain need not know of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefundRecord {
    /// The refund.
    pub refund: Refund,
    /// The bill it belongs to.
    pub bill_no: BillNo,
    /// Who asked: an account's or an API key's name.
    pub requested_by: String,
    /// The asker's own key; the same key is the same refund.
    pub request_key: Option<String>,
    /// Whether HIS was told.
    pub his_state: RefundHisState,
    /// HIS's own number of the refund.
    pub his_refund_no: Option<String>,
    /// The one slip of the bill that is meant; `None`: no one in particular.
    pub slip_no: Option<SlipNo>,
    /// What was asked for under the request key, digested: the same key with another content is refused.
    pub request_digest: Option<String>,
    /// When it last left us. Set by [`Tx::set_refund_sent`], not by [`Tx::insert_refund`].
    pub sent_at: Option<Timestamp>,
}

/// Whether HIS was told of a refund.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RefundHisState {
    /// HIS need not know.
    None,
    /// To be told.
    Due,
    /// Told, and no usable answer came.
    Unknown,
    /// HIS booked it.
    Posted,
    /// HIS said no.
    Refused,
}

impl RefundHisState {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::None, Self::Due, Self::Unknown, Self::Posted, Self::Refused];

    /// The word that is stored.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Due => "due",
            Self::Unknown => "unknown",
            Self::Posted => "posted",
            Self::Refused => "refused",
        }
    }

    /// Reads the stored word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == word)
    }
}

/// Whether a refund was new.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Inserted {
    /// It is kept now.
    New,
    /// Nothing was kept: this refund was asked for under the same key before.
    KeyTaken(OutRefundNo),
}

/// A part of all refunds, by how they stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RefundPart {
    /// To be sent, sent, or taken by the provider.
    UnderWay,
    /// At the payer.
    Arrived,
    /// A person has to act.
    Stuck,
}

/// What was asked for in a day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RefundedDay {
    /// How many refunds.
    pub refunds: i64,
    /// How much.
    pub sum: Fen,
}

/// A refund that left us.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SentRefundRecord {
    /// The refund.
    pub record: RefundRecord,
    /// The account by which it left, which its payment says.
    pub channel: ChannelId,
    /// Whether its bill is for deposits alone, or for none at all.
    pub deposit: Option<bool>,
}

macro_rules! select_refunds {
    ($condition:literal) => {
        select_refunds!("", $condition)
    };
    ($more:literal, $condition:literal) => {
        concat!(
            "SELECT
                out_refund_no,
                out_trade_no,
                bill_no,
                amount_fen,
                origin,
                reason,
                requested_by,
                request_key,
                state,
                provider_refund_no,
                refunded_at_ms,
                failure,
                his_state,
                his_refund_no,
                slip_no,
                request_digest,
                sent_at_ms,
                trace_id,
                requested_at_ms,
                version",
            $more,
            " FROM refunds WHERE ",
            $condition
        )
    };
}

reads! {
    /// At most `limit` refunds that were asked for at the desk from `from` on and did not fail, the oldest first: of which payment, and how much.
    desk_refunds(from: Timestamp, limit: i64) -> Vec<(String, Fen)>;
    /// The refund of that number.
    refund(out_refund_no: &OutRefundNo) -> Option<RefundRecord>;
    /// Every refund of the payment, the oldest first.
    refunds_of_payment(out_trade_no: &OutTradeNo) -> Vec<RefundRecord>;
    /// Every refund of the bill, the oldest first.
    refunds_of_bill(bill_no: &BillNo) -> Vec<RefundRecord>;
    /// Every refund of these bills, as many as one page has, the oldest first.
    refunds_of_bills(bill_nos: &[BillNo]) -> Vec<RefundRecord>;
    /// At most `limit` refunds that the provider knows under this number.
    refunds_by_provider_no(provider_refund_no: &ProviderRefundNo, limit: i64) -> Vec<RefundRecord>;
    /// At most `limit` refunds that stand like this, the latest first, from the one after `before`.
    refunds_standing(part: RefundPart, before: Option<&(Timestamp, String)>, limit: i64) -> Vec<RefundRecord>;
    /// How many stand like this.
    count_refunds_standing(part: RefundPart) -> i64;
    /// What was asked for from `from` on and before `to`: how many, and how much of them was not given up.
    refunds_asked_for(from: Timestamp, to: Timestamp) -> RefundedDay;
    /// The refund that was asked for under this key.
    refund_by_request_key(request_key: &str) -> Option<RefundRecord>;
    /// At most `limit` refunds that were asked for from `from` on and before `to`, in the order of time and number, from the one
    /// after `after`.
    refunds_requested(from: Timestamp, to: Timestamp, after: Option<&(Timestamp, String)>, limit: i64) -> Vec<RefundRecord>;
    /// The numbers of refunds that a person paid by hand from `from` on and before `to`.
    refunds_by_hand(from: Timestamp, to: Timestamp) -> Vec<String>;
    /// The same of refunds that left us from `from` on and before `to`, which is the day on which a provider counts them.
    refunds_sent(from: Timestamp, to: Timestamp, after: Option<&(Timestamp, String)>, limit: i64) -> Vec<SentRefundRecord>;
}

async fn refunds_by_hand(
    connection: &mut AnyConnection,
    from: Timestamp,
    to: Timestamp,
) -> Result<Vec<String>> {
    Ok(query_scalar(
        "SELECT out_refund_no
        FROM refunds
        WHERE provider_refund_no = 'BY-HAND' AND refunded_at_ms >= $1 AND refunded_at_ms < $2
        ORDER BY out_refund_no",
    )
    .bind(from.ms())
    .bind(to.ms())
    .fetch_all(connection)
    .await?)
}

async fn refunds_sent(
    connection: &mut AnyConnection,
    from: Timestamp,
    to: Timestamp,
    after: Option<&(Timestamp, String)>,
    limit: i64,
) -> Result<Vec<SentRefundRecord>> {
    let sql = select_refunds!(
        ", (SELECT channel_id FROM payments WHERE payments.out_trade_no = refunds.out_trade_no) AS channel_id,
            (SELECT deposit FROM payments WHERE payments.out_trade_no = refunds.out_trade_no) AS deposit",
        "(sent_at_ms, out_refund_no) > ($1, $2) AND sent_at_ms < $3
        ORDER BY sent_at_ms, out_refund_no
        LIMIT $4"
    );
    let rows = page(connection, sql, (from, to), after, limit).await?;
    rows.iter()
        .map(|row| {
            let fields = Fields::new("refunds", "out_refund_no", row)?;
            Ok(SentRefundRecord {
                record: rebuild(row)?,
                channel: fields.id("channel_id", ChannelId::parse)?,
                deposit: fields.optional_flag("deposit")?,
            })
        })
        .collect()
}

async fn refunds_requested(
    connection: &mut AnyConnection,
    from: Timestamp,
    to: Timestamp,
    after: Option<&(Timestamp, String)>,
    limit: i64,
) -> Result<Vec<RefundRecord>> {
    let sql = select_refunds!(
        "(requested_at_ms, out_refund_no) > ($1, $2) AND requested_at_ms < $3
        ORDER BY requested_at_ms, out_refund_no
        LIMIT $4"
    );
    let rows = page(connection, sql, (from, to), after, limit).await?;
    rows.iter().map(rebuild).collect()
}

async fn desk_refunds(
    connection: &mut AnyConnection,
    from: Timestamp,
    limit: i64,
) -> Result<Vec<(String, Fen)>> {
    let rows = query(
        "SELECT
            out_trade_no,
            amount_fen
        FROM refunds
        WHERE requested_at_ms >= $1 AND origin = $2 AND state <> 'failed'
        ORDER BY requested_at_ms, out_refund_no
        LIMIT $3",
    )
    .bind(from.ms())
    .bind(Origin::Cashier.as_str())
    .bind(limit)
    .fetch_all(connection)
    .await?;
    rows.iter()
        .map(|row| {
            let fields = Fields::new("refunds", "out_trade_no", row)?;
            Ok((fields.text("out_trade_no")?, fields.fen("amount_fen")?))
        })
        .collect()
}

async fn refund(connection: &mut AnyConnection, out_refund_no: &OutRefundNo) -> Result<Option<RefundRecord>> {
    let row = query(select_refunds!("out_refund_no = $1"))
        .bind(out_refund_no.as_str())
        .fetch_optional(connection)
        .await?;
    row.as_ref().map(rebuild).transpose()
}

async fn refunds_of_payment(
    connection: &mut AnyConnection,
    out_trade_no: &OutTradeNo,
) -> Result<Vec<RefundRecord>> {
    let rows = query(select_refunds!("out_trade_no = $1 ORDER BY requested_at_ms, out_refund_no"))
        .bind(out_trade_no.as_str())
        .fetch_all(connection)
        .await?;
    rows.iter().map(rebuild).collect()
}

async fn refunds_of_bills(connection: &mut AnyConnection, bill_nos: &[BillNo]) -> Result<Vec<RefundRecord>> {
    if bill_nos.is_empty() {
        return Ok(Vec::new());
    }
    let sql = format!(
        select_refunds!("bill_no IN {numbers} ORDER BY requested_at_ms, out_refund_no"),
        numbers = list(1, bill_nos.len())
    );
    let mut statement = query(statement(sql));
    for bill_no in bill_nos {
        statement = statement.bind(bill_no.as_str());
    }
    statement.fetch_all(connection).await?.iter().map(rebuild).collect()
}

async fn refunds_by_provider_no(
    connection: &mut AnyConnection,
    provider_refund_no: &ProviderRefundNo,
    limit: i64,
) -> Result<Vec<RefundRecord>> {
    let rows = query(select_refunds!("provider_refund_no = $1 ORDER BY requested_at_ms DESC LIMIT $2"))
        .bind(provider_refund_no.as_str())
        .bind(limit)
        .fetch_all(connection)
        .await?;
    rows.iter().map(rebuild).collect()
}

async fn refunds_standing(
    connection: &mut AnyConnection,
    part: RefundPart,
    before: Option<&(Timestamp, String)>,
    limit: i64,
) -> Result<Vec<RefundRecord>> {
    let sql = match part {
        RefundPart::UnderWay => select_refunds!(
            "state IN ('due', 'unknown', 'processing') AND (requested_at_ms, out_refund_no) < ($1, $2)
            ORDER BY requested_at_ms DESC, out_refund_no DESC
            LIMIT $3"
        ),
        RefundPart::Arrived => select_refunds!(
            "state = 'succeeded' AND (requested_at_ms, out_refund_no) < ($1, $2)
            ORDER BY requested_at_ms DESC, out_refund_no DESC
            LIMIT $3"
        ),
        RefundPart::Stuck => select_refunds!(
            "state IN ('abnormal', 'failed') AND (requested_at_ms, out_refund_no) < ($1, $2)
            ORDER BY requested_at_ms DESC, out_refund_no DESC
            LIMIT $3"
        ),
    };
    let (before_ms, before_no) = before.map_or((i64::MAX, ""), |(at, number)| (at.ms(), number.as_str()));
    let rows = query(sql).bind(before_ms).bind(before_no).bind(limit).fetch_all(connection).await?;
    rows.iter().map(rebuild).collect()
}

async fn count_refunds_standing(connection: &mut AnyConnection, part: RefundPart) -> Result<i64> {
    let sql = match part {
        RefundPart::UnderWay => {
            "SELECT COUNT(*) FROM refunds WHERE state IN ('due', 'unknown', 'processing')"
        }
        RefundPart::Arrived => "SELECT COUNT(*) FROM refunds WHERE state = 'succeeded'",
        RefundPart::Stuck => "SELECT COUNT(*) FROM refunds WHERE state IN ('abnormal', 'failed')",
    };
    Ok(query_scalar(sql).fetch_one(connection).await?)
}

async fn refunds_asked_for(
    connection: &mut AnyConnection,
    from: Timestamp,
    to: Timestamp,
) -> Result<RefundedDay> {
    let row = query(
        "SELECT
            'day' AS day,
            COUNT(*) AS number,
            CAST(COALESCE(SUM(amount_fen), 0) AS BIGINT) AS fen
        FROM refunds
        WHERE requested_at_ms >= $1 AND requested_at_ms < $2 AND state <> 'failed'",
    )
    .bind(from.ms())
    .bind(to.ms())
    .fetch_one(connection)
    .await?;
    let fields = Fields::new("refunds", "day", &row)?;
    Ok(RefundedDay { refunds: fields.number("number")?, sum: fields.fen("fen")? })
}

async fn refunds_of_bill(connection: &mut AnyConnection, bill_no: &BillNo) -> Result<Vec<RefundRecord>> {
    let rows = query(select_refunds!("bill_no = $1 ORDER BY requested_at_ms, out_refund_no"))
        .bind(bill_no.as_str())
        .fetch_all(connection)
        .await?;
    rows.iter().map(rebuild).collect()
}

async fn refund_by_request_key(
    connection: &mut AnyConnection,
    request_key: &str,
) -> Result<Option<RefundRecord>> {
    let row = query(select_refunds!("request_key = $1")).bind(request_key).fetch_optional(connection).await?;
    row.as_ref().map(rebuild).transpose()
}

impl Tx {
    /// Keeps a new refund, unless its request key was used before. Hold its money first, with [`Tx::hold_for_refund`].
    pub async fn insert_refund(&mut self, record: &RefundRecord) -> Result<Inserted> {
        let refund = &record.refund;
        let state = StateColumns::of(&refund.state);
        let done = query(
            "INSERT INTO refunds (
                out_refund_no,
                out_trade_no,
                bill_no,
                amount_fen,
                origin,
                reason,
                requested_by,
                request_key,
                state,
                provider_refund_no,
                refunded_at_ms,
                failure,
                his_state,
                his_refund_no,
                trace_id,
                requested_at_ms,
                version,
                slip_no,
                request_digest
            )
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19)
            ON CONFLICT (request_key) DO NOTHING",
        )
        .bind(refund.out_refund_no.as_str())
        .bind(refund.out_trade_no.as_str())
        .bind(record.bill_no.as_str())
        .bind(refund.amount.fen().get())
        .bind(refund.origin.as_str())
        .bind(refund.reason.as_str())
        .bind(record.requested_by.as_str())
        .bind(record.request_key.as_deref())
        .bind(refund.state.as_str())
        .bind(state.provider_refund_no)
        .bind(state.refunded_at_ms)
        .bind(state.failure)
        .bind(record.his_state.as_str())
        .bind(record.his_refund_no.as_deref())
        .bind(refund.trace.as_str())
        .bind(refund.requested_at.ms())
        .bind(refund.version)
        .bind(record.slip_no.as_ref().map(SlipNo::as_str))
        .bind(record.request_digest.as_deref())
        .execute(self.connection())
        .await?;
        if done.rows_affected() == 1 {
            self.mark_refund(refund).await?;
            return Ok(Inserted::New);
        }
        let taken: String = query_scalar("SELECT out_refund_no FROM refunds WHERE request_key = $1")
            .bind(record.request_key.as_deref())
            .fetch_one(self.connection())
            .await?;
        let taken = OutRefundNo::parse(taken.as_str()).map_err(|error| StoreError::Inconsistent {
            table: "refunds",
            key: taken,
            column: "out_refund_no",
            problem: error.to_string(),
        })?;
        Ok(Inserted::KeyTaken(taken))
    }

    /// The refund, held against every other transaction until this one ends.
    pub async fn refund_for_update(&mut self, out_refund_no: &OutRefundNo) -> Result<Option<RefundRecord>> {
        let sql = locked!(self.engine(), select_refunds!("out_refund_no = $1"));
        let row = query(sql).bind(out_refund_no.as_str()).fetch_optional(self.connection()).await?;
        row.as_ref().map(rebuild).transpose()
    }

    /// Keeps the refund's new state; `refund.version` is the one that was read, the row's becomes one more.
    ///
    /// # Errors
    /// [`StoreError::Stale`] when somebody else moved it since.
    pub async fn save_refund_state(&mut self, refund: &Refund) -> Result<()> {
        let state = StateColumns::of(&refund.state);
        let done = query(
            "UPDATE refunds
            SET
                state = $1,
                provider_refund_no = $2,
                refunded_at_ms = $3,
                failure = $4,
                version = version + 1
            WHERE out_refund_no = $5 AND version = $6",
        )
        .bind(refund.state.as_str())
        .bind(state.provider_refund_no)
        .bind(state.refunded_at_ms)
        .bind(state.failure)
        .bind(refund.out_refund_no.as_str())
        .bind(refund.version)
        .execute(self.connection())
        .await?;
        exactly_one(done.rows_affected(), "refunds", refund.out_refund_no.as_str())?;
        self.mark_refund(refund).await
    }

    /// Keeps when it left us. The version stays: [`Tx::save_refund_state`] goes with it.
    pub async fn set_refund_sent(&mut self, out_refund_no: &OutRefundNo, at: Timestamp) -> Result<()> {
        let done = query("UPDATE refunds SET sent_at_ms = $1 WHERE out_refund_no = $2")
            .bind(at.ms())
            .bind(out_refund_no.as_str())
            .execute(self.connection())
            .await?;
        exactly_one(done.rows_affected(), "refunds", out_refund_no.as_str())
    }

    /// Keeps whether HIS was told; HIS's number stays when none is given. The version stays: the machine does not step.
    pub async fn set_refund_his_state(
        &mut self,
        out_refund_no: &OutRefundNo,
        his_state: RefundHisState,
        his_refund_no: Option<&str>,
    ) -> Result<()> {
        let done = query(
            "UPDATE refunds
            SET
                his_state = $1,
                his_refund_no = COALESCE($2, his_refund_no)
            WHERE out_refund_no = $3",
        )
        .bind(his_state.as_str())
        .bind(his_refund_no)
        .bind(out_refund_no.as_str())
        .execute(self.connection())
        .await?;
        exactly_one(done.rows_affected(), "refunds", out_refund_no.as_str())
    }
}

/// A state's facts as columns; what is not true in a state is empty.
#[derive(Default)]
struct StateColumns<'a> {
    provider_refund_no: Option<&'a str>,
    refunded_at_ms: Option<i64>,
    failure: Option<&'a str>,
}

impl<'a> StateColumns<'a> {
    fn of(state: &'a State) -> Self {
        match state {
            State::Due | State::Unknown => Self::default(),
            State::Processing { provider_refund_no } | State::Abnormal { provider_refund_no } => {
                Self { provider_refund_no: Some(provider_refund_no.as_str()), ..Self::default() }
            }
            State::Succeeded { provider_refund_no, refunded_at } => Self {
                provider_refund_no: Some(provider_refund_no.as_str()),
                refunded_at_ms: Some(refunded_at.ms()),
                failure: None,
            },
            State::Failed { reason } => Self { failure: Some(reason), ..Self::default() },
        }
    }
}

fn rebuild(row: &AnyRow) -> Result<RefundRecord> {
    let fields = Fields::new("refunds", "out_refund_no", row)?;
    Ok(RefundRecord {
        refund: Refund {
            out_refund_no: fields.id("out_refund_no", OutRefundNo::parse)?,
            out_trade_no: fields.id("out_trade_no", OutTradeNo::parse)?,
            amount: fields.amount("amount_fen")?,
            origin: fields.word("origin", Origin::parse)?,
            reason: fields.text("reason")?,
            state: state_of(&fields)?,
            trace: fields.id("trace_id", TraceId::parse)?,
            requested_at: fields.time("requested_at_ms")?,
            version: fields.number("version")?,
        },
        bill_no: fields.id("bill_no", BillNo::parse)?,
        requested_by: fields.text("requested_by")?,
        request_key: fields.optional_text("request_key")?,
        his_state: fields.word("his_state", RefundHisState::parse)?,
        his_refund_no: fields.optional_text("his_refund_no")?,
        slip_no: fields.optional_id("slip_no", SlipNo::parse)?,
        request_digest: fields.optional_text("request_digest")?,
        sent_at: fields.optional_time("sent_at_ms")?,
    })
}

fn state_of(fields: &Fields<'_>) -> Result<State> {
    let provider_refund_no = || fields.id("provider_refund_no", ProviderRefundNo::parse);
    match fields.text("state")?.as_str() {
        "due" => Ok(State::Due),
        "unknown" => Ok(State::Unknown),
        "processing" => Ok(State::Processing { provider_refund_no: provider_refund_no()? }),
        "succeeded" => Ok(State::Succeeded {
            provider_refund_no: provider_refund_no()?,
            refunded_at: fields.present("refunded_at_ms", fields.optional_time("refunded_at_ms")?)?,
        }),
        "abnormal" => Ok(State::Abnormal { provider_refund_no: provider_refund_no()? }),
        "failed" => {
            Ok(State::Failed { reason: fields.present("failure", fields.optional_text("failure")?)? })
        }
        other => Err(fields.inconsistent("state", format_args!("holds the unknown word {other:?}"))),
    }
}
