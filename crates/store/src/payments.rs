//! Payments: one order at one channel, and how much of its money is promised back.

use crate::Tx;
use crate::engine::locked;
use crate::errors::{Result, exactly_one};
use crate::offer::reads;
use crate::placeholders::{list, statement};
use crate::rows::{Fields, page};
use mingfen_domain::ids::{BillNo, ChannelId, OutTradeNo, ProviderTradeNo, TraceId};
use mingfen_domain::payment::{ClosedBecause, Payment, Received, Scene, State, SuspenseReason};
use mingfen_domain::{Amount, Fen, Timestamp};
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, query, query_scalar};
use std::fmt;

/// A payment with what the domain need not know of it.
#[derive(Clone, PartialEq, Eq)]
pub struct PaymentRecord {
    /// The payment.
    pub payment: Payment,
    /// What the payer reads at the provider.
    pub subject: String,
    /// Who pays, as the provider names them, sealed.
    pub payer_sealed: Option<Vec<u8>>,
    /// From where the payer came; some providers want it.
    pub client_ip: Option<String>,
    /// Until when the handle can be used.
    pub handle_until: Option<Timestamp>,
    /// How much of what was received is promised to refunds.
    pub refund_held: Fen,
}

/// Shows numbers and state's name only; the handle and the payer stay out of every log.
impl fmt::Debug for PaymentRecord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PaymentRecord")
            .field("out_trade_no", &self.payment.out_trade_no)
            .field("state", &self.payment.state.as_str())
            .field("version", &self.payment.version)
            .finish_non_exhaustive()
    }
}

/// Money that came in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReceiptRecord {
    /// By which order.
    pub out_trade_no: OutTradeNo,
    /// At which account.
    pub channel: ChannelId,
    /// How much, when, and under which number of the provider's.
    pub received: Received,
    /// What insurance bears of its bill; nothing of payments from before that was kept.
    pub insurance: Option<Fen>,
    /// Whether its bill is for deposits alone, or for none at all.
    pub deposit: Option<bool>,
}

macro_rules! select_payments {
    ($condition:literal) => {
        concat!(
            "SELECT
                out_trade_no,
                bill_no,
                channel_id,
                scene,
                payer_sealed,
                client_ip,
                amount_fen,
                subject,
                state,
                handle,
                handle_until_ms,
                provider_trade_no,
                received_fen,
                paid_at_ms,
                state_reason,
                refund_held_fen,
                created_at_ms,
                expires_at_ms,
                trace_id,
                version
            FROM payments
            WHERE ",
            $condition
        )
    };
}

reads! {
    /// The payment of that number.
    payment(out_trade_no: &OutTradeNo) -> Option<PaymentRecord>;
    /// Every payment of the bill, the oldest first.
    payments_of_bill(bill_no: &BillNo) -> Vec<PaymentRecord>;
    /// The payments of the bill that somebody may still pay, the oldest first.
    live_payments_of_bill(bill_no: &BillNo) -> Vec<PaymentRecord>;
    /// The payment that a channel knows under its own number.
    payment_by_provider_no(channel: &ChannelId, provider_trade_no: &ProviderTradeNo) -> Option<PaymentRecord>;
    /// Every payment of these bills, as many as one page has, the oldest first.
    payments_of_bills(bill_nos: &[BillNo]) -> Vec<PaymentRecord>;
    /// At most `limit` payments that any channel knows under this number, one that is not set up any more among them.
    payments_by_their_no(provider_trade_no: &ProviderTradeNo, limit: i64) -> Vec<PaymentRecord>;
    /// When money first came in.
    first_received() -> Option<Timestamp>;
    /// At most `limit` payments whose money came in from `from` on and before `to`, in the order of time and number, from the one
    /// after `after`.
    payments_received(from: Timestamp, to: Timestamp, after: Option<&(Timestamp, String)>, limit: i64) -> Vec<PaymentRecord>;
    /// The same, and of each only what came in: a day may have a million of them.
    money_received(from: Timestamp, to: Timestamp, after: Option<&(Timestamp, String)>, limit: i64) -> Vec<ReceiptRecord>;
}

async fn first_received(connection: &mut AnyConnection) -> Result<Option<Timestamp>> {
    let first: Option<i64> =
        query_scalar("SELECT MIN(paid_at_ms) FROM payments").fetch_one(connection).await?;
    Ok(first.map(Timestamp::from_ms))
}

async fn payments_received(
    connection: &mut AnyConnection,
    from: Timestamp,
    to: Timestamp,
    after: Option<&(Timestamp, String)>,
    limit: i64,
) -> Result<Vec<PaymentRecord>> {
    let sql = select_payments!(
        "(paid_at_ms, out_trade_no) > ($1, $2) AND paid_at_ms < $3
        ORDER BY paid_at_ms, out_trade_no
        LIMIT $4"
    );
    let rows = page(connection, sql, (from, to), after, limit).await?;
    rows.iter().map(rebuild).collect()
}

async fn money_received(
    connection: &mut AnyConnection,
    from: Timestamp,
    to: Timestamp,
    after: Option<&(Timestamp, String)>,
    limit: i64,
) -> Result<Vec<ReceiptRecord>> {
    let sql = "SELECT
            out_trade_no,
            channel_id,
            provider_trade_no,
            received_fen,
            paid_at_ms,
            insurance_fen,
            deposit
        FROM payments
        WHERE (paid_at_ms, out_trade_no) > ($1, $2) AND paid_at_ms < $3
        ORDER BY paid_at_ms, out_trade_no
        LIMIT $4";
    let rows = page(connection, sql, (from, to), after, limit).await?;
    rows.iter()
        .map(|row| {
            let fields = Fields::new("payments", "out_trade_no", row)?;
            Ok(ReceiptRecord {
                out_trade_no: fields.id("out_trade_no", OutTradeNo::parse)?,
                channel: fields.id("channel_id", ChannelId::parse)?,
                received: received_of(&fields)?,
                insurance: fields.optional_number("insurance_fen")?.map(Fen::new),
                deposit: fields.optional_flag("deposit")?,
            })
        })
        .collect()
}

async fn payment(connection: &mut AnyConnection, out_trade_no: &OutTradeNo) -> Result<Option<PaymentRecord>> {
    let row = query(select_payments!("out_trade_no = $1"))
        .bind(out_trade_no.as_str())
        .fetch_optional(connection)
        .await?;
    row.as_ref().map(rebuild).transpose()
}

async fn payments_of_bill(connection: &mut AnyConnection, bill_no: &BillNo) -> Result<Vec<PaymentRecord>> {
    let rows = query(select_payments!("bill_no = $1 ORDER BY created_at_ms, out_trade_no"))
        .bind(bill_no.as_str())
        .fetch_all(connection)
        .await?;
    rows.iter().map(rebuild).collect()
}

async fn payments_of_bills(
    connection: &mut AnyConnection,
    bill_nos: &[BillNo],
) -> Result<Vec<PaymentRecord>> {
    if bill_nos.is_empty() {
        return Ok(Vec::new());
    }
    let sql = format!(
        select_payments!("bill_no IN {numbers} ORDER BY created_at_ms, out_trade_no"),
        numbers = list(1, bill_nos.len())
    );
    let mut statement = query(statement(sql));
    for bill_no in bill_nos {
        statement = statement.bind(bill_no.as_str());
    }
    statement.fetch_all(connection).await?.iter().map(rebuild).collect()
}

async fn payments_by_their_no(
    connection: &mut AnyConnection,
    provider_trade_no: &ProviderTradeNo,
    limit: i64,
) -> Result<Vec<PaymentRecord>> {
    let rows = query(select_payments!("provider_trade_no = $1 ORDER BY created_at_ms DESC LIMIT $2"))
        .bind(provider_trade_no.as_str())
        .bind(limit)
        .fetch_all(connection)
        .await?;
    rows.iter().map(rebuild).collect()
}

async fn live_payments_of_bill(
    connection: &mut AnyConnection,
    bill_no: &BillNo,
) -> Result<Vec<PaymentRecord>> {
    let rows = query(select_payments!(
        "bill_no = $1 AND state IN ('opening', 'waiting') ORDER BY created_at_ms, out_trade_no"
    ))
    .bind(bill_no.as_str())
    .fetch_all(connection)
    .await?;
    rows.iter().map(rebuild).collect()
}

async fn payment_by_provider_no(
    connection: &mut AnyConnection,
    channel: &ChannelId,
    provider_trade_no: &ProviderTradeNo,
) -> Result<Option<PaymentRecord>> {
    let row =
        query(select_payments!("channel_id = $1 AND provider_trade_no = $2 ORDER BY created_at_ms LIMIT 1"))
            .bind(channel.as_str())
            .bind(provider_trade_no.as_str())
            .fetch_optional(connection)
            .await?;
    row.as_ref().map(rebuild).transpose()
}

impl Tx {
    /// Keeps a new payment; committed before the wire is touched.
    pub async fn insert_payment(&mut self, record: &PaymentRecord) -> Result<()> {
        let payment = &record.payment;
        let state = StateColumns::of(&payment.state);
        query(
            "INSERT INTO payments (
                out_trade_no,
                bill_no,
                channel_id,
                scene,
                payer_sealed,
                client_ip,
                amount_fen,
                subject,
                state,
                handle,
                handle_until_ms,
                provider_trade_no,
                received_fen,
                paid_at_ms,
                state_reason,
                refund_held_fen,
                created_at_ms,
                expires_at_ms,
                trace_id,
                version,
                insurance_fen,
                deposit
            )
            VALUES (
                $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20,
                (SELECT bills.total_fen - bills.self_pay_fen FROM bills WHERE bills.bill_no = $2),
                (
                    SELECT
                        CASE SUM(CASE WHEN bill_slips.kind = 'deposit' THEN 1 ELSE 0 END)
                            WHEN 0 THEN 0
                            WHEN COUNT(*) THEN 1
                        END
                    FROM bill_slips
                    WHERE bill_slips.bill_no = $2
                )
            )",
        )
        .bind(payment.out_trade_no.as_str())
        .bind(payment.bill_no.as_str())
        .bind(payment.channel.as_str())
        .bind(payment.scene.as_str())
        .bind(record.payer_sealed.as_deref())
        .bind(record.client_ip.as_deref())
        .bind(payment.amount.fen().get())
        .bind(record.subject.as_str())
        .bind(payment.state.as_str())
        .bind(state.handle)
        .bind(record.handle_until.map(Timestamp::ms))
        .bind(state.provider_trade_no)
        .bind(state.received_fen)
        .bind(state.paid_at_ms)
        .bind(state.state_reason)
        .bind(record.refund_held.get())
        .bind(payment.created_at.ms())
        .bind(payment.expires_at.ms())
        .bind(payment.trace.as_str())
        .bind(payment.version)
        .execute(self.connection())
        .await?;
        self.mark_payment(payment).await
    }

    /// The payment, held against every other transaction until this one ends.
    pub async fn payment_for_update(&mut self, out_trade_no: &OutTradeNo) -> Result<Option<PaymentRecord>> {
        let sql = locked!(self.engine(), select_payments!("out_trade_no = $1"));
        let row = query(sql).bind(out_trade_no.as_str()).fetch_optional(self.connection()).await?;
        row.as_ref().map(rebuild).transpose()
    }

    /// Keeps the payment's new state; `payment.version` is the one that was read, the row's becomes one more.
    ///
    /// # Errors
    /// [`StoreError::Stale`](crate::StoreError::Stale) when somebody else moved it since.
    pub async fn save_payment_state(
        &mut self,
        payment: &Payment,
        handle_until: Option<Timestamp>,
    ) -> Result<()> {
        let state = StateColumns::of(&payment.state);
        let done = query(
            "UPDATE payments
            SET
                state = $1,
                handle = $2,
                handle_until_ms = $3,
                provider_trade_no = $4,
                received_fen = $5,
                paid_at_ms = $6,
                state_reason = $7,
                version = version + 1
            WHERE out_trade_no = $8 AND version = $9",
        )
        .bind(payment.state.as_str())
        .bind(state.handle)
        .bind(handle_until.map(Timestamp::ms))
        .bind(state.provider_trade_no)
        .bind(state.received_fen)
        .bind(state.paid_at_ms)
        .bind(state.state_reason)
        .bind(payment.out_trade_no.as_str())
        .bind(payment.version)
        .execute(self.connection())
        .await?;
        exactly_one(done.rows_affected(), "payments", payment.out_trade_no.as_str())?;
        self.mark_payment(payment).await
    }

    /// Promises `amount` of what was received to a refund, unless that is more than is left; says whether it did.
    pub async fn hold_for_refund(&mut self, out_trade_no: &OutTradeNo, amount: Amount) -> Result<bool> {
        let done = query(
            "UPDATE payments
            SET refund_held_fen = refund_held_fen + $1
            WHERE out_trade_no = $2 AND refund_held_fen + $1 <= received_fen",
        )
        .bind(amount.fen().get())
        .bind(out_trade_no.as_str())
        .execute(self.connection())
        .await?;
        Ok(done.rows_affected() == 1)
    }

    /// Takes such a promise back, because the refund was given up.
    ///
    /// # Errors
    /// [`StoreError::Stale`](crate::StoreError::Stale) when less than `amount` is promised.
    pub async fn release_refund_hold(&mut self, out_trade_no: &OutTradeNo, amount: Amount) -> Result<()> {
        let done = query(
            "UPDATE payments
            SET refund_held_fen = refund_held_fen - $1
            WHERE out_trade_no = $2 AND refund_held_fen >= $1",
        )
        .bind(amount.fen().get())
        .bind(out_trade_no.as_str())
        .execute(self.connection())
        .await?;
        exactly_one(done.rows_affected(), "payments", out_trade_no.as_str())
    }
}

/// A state's facts as columns; what is not true in a state is empty.
#[derive(Default)]
struct StateColumns<'a> {
    handle: Option<&'a str>,
    provider_trade_no: Option<&'a str>,
    received_fen: Option<i64>,
    paid_at_ms: Option<i64>,
    state_reason: Option<&'static str>,
}

impl<'a> StateColumns<'a> {
    fn of(state: &'a State) -> Self {
        match state {
            State::Opening => Self::default(),
            State::Waiting { handle } => Self { handle: Some(handle), ..Self::default() },
            State::Paid(received) => Self::received(received, None),
            State::Suspense { reason, received } => Self::received(received, Some(suspense_word(*reason))),
            State::Closed(because) => Self { state_reason: Some(closed_word(*because)), ..Self::default() },
        }
    }

    fn received(received: &'a Received, state_reason: Option<&'static str>) -> Self {
        Self {
            handle: None,
            provider_trade_no: Some(received.provider_trade_no.as_str()),
            received_fen: Some(received.amount.fen().get()),
            paid_at_ms: Some(received.paid_at.ms()),
            state_reason,
        }
    }
}

const fn suspense_word(reason: SuspenseReason) -> &'static str {
    match reason {
        SuspenseReason::Double => "double",
        SuspenseReason::WrongAmount => "wrong_amount",
    }
}

fn parse_suspense(word: &str) -> Option<SuspenseReason> {
    [SuspenseReason::Double, SuspenseReason::WrongAmount]
        .into_iter()
        .find(|reason| suspense_word(*reason) == word)
}

const fn closed_word(because: ClosedBecause) -> &'static str {
    match because {
        ClosedBecause::Refused => "refused",
        ClosedBecause::ClosedThere => "closed_there",
        ClosedBecause::Expired => "expired",
    }
}

fn parse_closed(word: &str) -> Option<ClosedBecause> {
    [ClosedBecause::Refused, ClosedBecause::ClosedThere, ClosedBecause::Expired]
        .into_iter()
        .find(|because| closed_word(*because) == word)
}

fn rebuild(row: &AnyRow) -> Result<PaymentRecord> {
    let fields = Fields::new("payments", "out_trade_no", row)?;
    Ok(PaymentRecord {
        payment: Payment {
            out_trade_no: fields.id("out_trade_no", OutTradeNo::parse)?,
            bill_no: fields.id("bill_no", BillNo::parse)?,
            channel: fields.id("channel_id", ChannelId::parse)?,
            scene: fields.word("scene", Scene::parse)?,
            amount: fields.amount("amount_fen")?,
            state: state_of(&fields)?,
            trace: fields.id("trace_id", TraceId::parse)?,
            created_at: fields.time("created_at_ms")?,
            expires_at: fields.time("expires_at_ms")?,
            version: fields.number("version")?,
        },
        subject: fields.text("subject")?,
        payer_sealed: fields.optional_bytes("payer_sealed")?,
        client_ip: fields.optional_text("client_ip")?,
        handle_until: fields.optional_time("handle_until_ms")?,
        refund_held: fields.fen("refund_held_fen")?,
    })
}

fn state_of(fields: &Fields<'_>) -> Result<State> {
    match fields.text("state")?.as_str() {
        "opening" => Ok(State::Opening),
        "waiting" => {
            Ok(State::Waiting { handle: fields.present("handle", fields.optional_text("handle")?)? })
        }
        "paid" => Ok(State::Paid(received_of(fields)?)),
        "suspense" => Ok(State::Suspense {
            reason: fields.word("state_reason", parse_suspense)?,
            received: received_of(fields)?,
        }),
        "closed" => Ok(State::Closed(fields.word("state_reason", parse_closed)?)),
        other => Err(fields.inconsistent("state", format_args!("holds the unknown word {other:?}"))),
    }
}

fn received_of(fields: &Fields<'_>) -> Result<Received> {
    Ok(Received {
        provider_trade_no: fields.id("provider_trade_no", ProviderTradeNo::parse)?,
        amount: fields.amount("received_fen")?,
        paid_at: fields.present("paid_at_ms", fields.optional_time("paid_at_ms")?)?,
    })
}
